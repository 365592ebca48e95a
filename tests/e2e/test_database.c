/* test_database.c -- what operators see of the database, on both: what a login costs, what runs on
 * which connection, which question was slow, and how the schema came to be. */
#include "stage_store.h"

#include <libpq-fe.h>
#include <sqlite3.h>
#include <string.h>

static json_int_t number(const json_t *object, const char *key)
{
    const json_t *value = json_object_get(object, key);

    if (!json_is_integer(value))
        fail_msg("no number: %s", key);
    return json_integer_value(value);
}

static const char *word(const json_t *object, const char *key)
{
    const char *text = json_string_value(json_object_get(object, key));

    return text != NULL ? text : "";
}

/* The row of a list whose member is that word; NULL: there is none. */
static json_t *row_of(const json_t *list, const char *key, const char *text)
{
    json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        if (strcmp(word(row, key), text) == 0)
            return row;
    }
    return NULL;
}

static const char *driver(void)
{
    return connection[0] != '\0' ? "postgresql" : "sqlite";
}

static json_int_t asked(const char *statement)
{
    json_t *result = result_of("store.statements", "{}");
    json_t *row = row_of(json_object_get(result, "statements"), "statement", statement);
    json_int_t n = row != NULL ? number(row, "count") : 0;

    json_decref(result);
    return n;
}

/* How often statements were asked whose names hold the word. */
static json_int_t asked_about(const char *word)
{
    json_t *result = result_of("store.statements", "{}"), *row;
    json_int_t n = 0;
    size_t i;

    json_array_foreach(json_object_get(result, "statements"), i, row)
    {
        if (strstr(json_string_value(json_object_get(row, "statement")), word) != NULL)
            n += number(row, "count");
    }
    json_decref(result);
    return n;
}

/* Bans and mutes are in memory: with some in force a login, by password or by token, asks the
 * database nothing of them, neither of who is banned. */
static void test_a_login_asks_nothing_of_bans(void **state)
{
    struct player *alice;
    char token[PROTOCOL_TOKEN_MAX + 1];
    json_int_t bans, mutes, logins;

    (void)state;
    daemon_start(&server, NULL);
    player_leave(player_new_account(party, &server, "carol"));
    alice = player_new_account(party, &server, "alice");
    strcpy(token, alice->token);
    player_leave(alice);
    good("bans.add", "{\"player\":\"carol\",\"reason\":\"x\"}");
    good("bans.add", "{\"network\":\"192.0.2.0/24\",\"reason\":\"x\"}");
    good("players.mute", "{\"player\":\"alice\",\"reason\":\"x\"}");
    bans = asked_about("ban");
    mutes = asked_about("mute");
    logins = asked_about("login");
    assert_true(bans > 1 && mutes > 0); /* what was added, and read at the start */
    player_leave(player_returns(party, &server, "alice"));
    alice = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, alice->greeted);
    player_by_token(alice, token);
    UNTIL(party, DEADLINE_MS, alice->welcomed);
    alice = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, alice->greeted);
    player_login(alice, "carol", PASSWORD);
    UNTIL(party, DEADLINE_MS, alice->notice == PROTOCOL_REASON_BANNED);
    assert_true(asked_about("login") >= logins + 2);
    assert_int_equal(asked_about("ban"), bans);
    assert_int_equal(asked_about("mute"), mutes);
}

/* One login is one look at the account, and its writing down. */
static void test_a_login_is_seen_in_the_statements(void **state)
{
    json_t *result, *row, *list;
    json_int_t logins, last_total;
    size_t i;

    (void)state;
    daemon_start(&server, NULL);
    player_new_account(party, &server, "alice");
    logins = asked("login_by_name");
    player_returns(party, &server, "alice");
    UNTIL(party, DEADLINE_MS, asked("login_by_name") == logins + 1);
    UNTIL(party, DEADLINE_MS, asked("player_logged_in") > 0 && asked("address_seen") > 0);

    result = result_of("store.statements", "{\"sort\":\"total\"}");
    last_total = number(result, "total_us");
    json_array_foreach(json_object_get(result, "statements"), i, row)
    {
        assert_true(number(row, "total_us") <= last_total); /* the most first */
        last_total = number(row, "total_us");
        assert_true(number(row, "max_us") > 0);
        assert_true(number(row, "mean_us") <= number(row, "max_us"));
        assert_int_equal(number(row, "errors"), 0);
    }
    assert_int_equal(number(result, "asked"), i);
    row = row_of(json_object_get(result, "statements"), "statement", "player_add");
    assert_string_equal(word(row, "lane"), "asked");
    json_decref(result);

    result = result_of("store.statements", "{\"sort\":\"name\",\"limit\":2}");
    list = json_object_get(result, "statements");
    assert_int_equal(json_array_size(list), 2);
    assert_true(strcmp(word(json_array_get(list, 0), "statement"),
                       word(json_array_get(list, 1), "statement")) < 0);
    json_decref(result);
}

/* -- at a glance ---------------------------------------------------------------------------------
 */

static unsigned idle_in(const char *lane)
{
    json_t *result = result_of("store.show", "{}"), *row;
    unsigned n = 0;
    size_t i;

    json_array_foreach(json_object_get(result, "connections"), i, row)
    {
        n += strcmp(word(row, "lane"), lane) == 0 && strcmp(word(row, "state"), "idle") == 0 &&
             number(row, "up_us") > 0;
    }
    json_decref(result);
    return n;
}

static void test_the_store_is_shown(void **state)
{
    json_t *result, *queue;

    (void)state;
    daemon_start(&server, NULL);
    player_new_account(party, &server, "alice");
    good("server.save", "{}");
    if (connection[0] != '\0')
        UNTIL(party, DEADLINE_MS, idle_in("saves") == 1 && idle_in("pool") >= 1);
    else
        UNTIL(party, DEADLINE_MS, idle_in("file") == 1);
    result = result_of("store.show", "{}");
    assert_string_equal(word(result, "driver"), driver());
    assert_true(json_is_true(json_object_get(result, "ok")));
    assert_true(strlen(word(result, "place")) > 0);
    assert_null(strstr(word(result, "place"), "password"));
    assert_true(number(result, "questions") > 0);
    assert_true(number(json_object_get(result, "durable"), "ms") > 0);
    queue = row_of(json_object_get(result, "queues"), "lane", "saves");
    assert_true(number(queue, "max") > 0);
    json_decref(result);

    result = result_of("store.migrations", "{}");
    queue = json_array_get(json_object_get(result, "migrations"), 0);
    assert_string_equal(word(queue, "name"), "players");
    assert_int_equal(strlen(word(queue, "checksum")), 64);
    assert_true(number(queue, "applied_ms") > 0);
    json_decref(result);
}

/* -- a question that hangs -----------------------------------------------------------------------
 */

/* Another program's transaction, in which nobody else can write down a player's stay. */
struct hold {
    sqlite3 *file;
    PGconn *conn;
};

static struct hold hold_on(void)
{
    struct hold hold = {NULL, NULL};
    PGresult *result;

    if (connection[0] == '\0') {
        assert_int_equal(sqlite3_open(server.store_path, &hold.file), SQLITE_OK);
        sqlite3_busy_timeout(hold.file, DEADLINE_MS);
        assert_int_equal(sqlite3_exec(hold.file, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
        return hold;
    }
    hold.conn = PQconnectdb(connection);
    result = PQexec(hold.conn, "BEGIN; LOCK TABLE game_sessions IN EXCLUSIVE MODE");
    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    return hold;
}

static void let_go(struct hold *hold)
{
    sqlite3_close(hold->file);
    PQfinish(hold->conn);
}

/* What a connection has been at for a while; *name: which statement. */
static bool hangs(char name[64])
{
    json_t *result = result_of("store.show", "{}"), *row;
    size_t i;

    name[0] = '\0';
    json_array_foreach(json_object_get(result, "connections"), i, row)
    {
        if (strcmp(word(row, "state"), "busy") == 0 && number(row, "busy_us") > 100000 &&
            number(row, "questions") > 0)
            snprintf(name, 64, "%s", word(row, "statement"));
    }
    json_decref(result);
    return name[0] != '\0';
}

static bool called_slow(const char *name)
{
    json_t *result = result_of("store.statements", "{}");
    json_t *row = row_of(json_object_get(result, "slow"), "statement", name);
    bool slow = row != NULL;

    if (slow) {
        assert_true(number(row, "took_us") > 100000);
        assert_true(number(row, "waited_us") <= number(row, "took_us"));
        assert_true(number(row, "at_ms") > 0);
        row = row_of(json_object_get(result, "statements"), "statement", name);
        assert_true(number(row, "slow") > 0);
    }
    json_decref(result);
    return slow;
}

static void test_what_hangs_is_seen_and_called_slow(void **state)
{
    struct player *alice;
    struct hold hold;
    char name[64];

    (void)state;
    daemon_start(&server, NULL);
    player_leave(player_new_account(party, &server, "alice"));
    hold = hold_on();
    alice = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, alice->greeted);
    player_login(alice, "alice", PASSWORD);
    UNTIL(party, DEADLINE_MS, hangs(name));
    assert_false(called_slow(name));
    let_go(&hold);
    UNTIL(party, DEADLINE_MS, called_slow(name));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED_BOTH(test_a_login_is_seen_in_the_statements, NULL),
        STAGED_BOTH(test_a_login_asks_nothing_of_bans, NULL),
        STAGED_BOTH(test_the_store_is_shown, NULL),
        STAGED_BOTH(test_what_hangs_is_seen_and_called_slow, "[log]\nslow_statement = 80ms\n"),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
