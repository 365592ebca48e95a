/* test_bans.c -- operators who ban, mute and lift, through the real daemon, its admin socket and
 * players who are there: by account, by address, by network. Each test has a daemon of its own. */
#include "stage_store.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/compiler.h"

/* Players come from this address from now on; NULL: as the kernel likes. */
static const char *source;

int __real_connect(int fd, const struct sockaddr *address, socklen_t bytes);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t bytes);

int __wrap_connect(int fd, const struct sockaddr *address, socklen_t bytes)
{
    struct sockaddr_in from = {.sin_family = AF_INET};

    if (source != NULL && address->sa_family == AF_INET) {
        assert_int_equal(inet_pton(AF_INET, source, &from.sin_addr), 1);
        assert_int_equal(bind(fd, (const struct sockaddr *)&from, sizeof(from)), 0);
    }
    return __real_connect(fd, address, bytes);
}

static void must_go(struct player *player, const char *words)
{
    UNTIL(party, DEADLINE_MS, player->gone);
    assert_int_equal(player->farewell, PROTOCOL_REASON_BANNED);
    assert_string_equal(player->farewell_text, words);
}

/* A login that is refused as banned, with these words in its text. */
static void not_welcome(const char *name, const char *token, const char *words)
{
    struct player *p = player_connect(party, &server);

    UNTIL(party, DEADLINE_MS, p->greeted);
    if (token != NULL)
        player_by_token(p, token);
    else
        player_login(p, name, PASSWORD);
    UNTIL(party, DEADLINE_MS, p->notice == PROTOCOL_REASON_BANNED);
    assert_non_null(strstr(p->notice_text, words));
    assert_false(p->welcomed);
    player_leave(p);
}

static bool well(const struct player *player)
{
    return player->welcomed && !player->gone;
}

static void test_by_account(void **state)
{
    struct player *anna, *bob;
    char token[PROTOCOL_TOKEN_MAX + 1];

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    bob = player_new_account(party, &server, "bob");
    strcpy(token, anna->token);
    bad("bans.add", "{\"player\":\"nobody\",\"reason\":\"x\"}", "no account by the name of nobody");
    bad("bans.add", "{\"id\":\"99\",\"reason\":\"x\"}", "there is no account 99");
    good("bans.add", "{\"player\":\"ANNA\",\"reason\":\"be kind\"}");
    must_go(anna, "for good: be kind");
    not_welcome("anna", NULL, "for good: be kind");
    not_welcome("anna", token, "for good: be kind");
    /* a stranger learns nothing */
    anna = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, anna->greeted);
    player_login(anna, "anna", "not her password");
    UNTIL(party, DEADLINE_MS, anna->notices_n > 0);
    assert_int_equal(anna->notice, PROTOCOL_REASON_LOGIN_FAILED);
    /* it holds after a restart, and after a hard end */
    daemon_kill(&server);
    UNTIL(party, DEADLINE_MS, bob->gone && anna->gone);
    daemon_start(&server, NULL);
    not_welcome("anna", NULL, "for good: be kind");
    bob = player_returns(party, &server, "bob");
    good("bans.lift", "{\"player\":\"anna\"}");
    bad("bans.lift", "{\"player\":\"anna\"}", "anna is not banned");
    anna = player_returns(party, &server, "anna");
    party_pump(party, 100);
    assert_true(well(anna) && well(bob));
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_by_network(void **state)
{
    static const struct {
        const char *network, *lift, *from; /* from: banned as well */
    } CASES[] = {
        {"127.0.0.2", "::ffff:127.0.0.2", "127.0.0.2"},
        {"127.0.0.0/30", "127.0.0.0/30", "127.0.0.3"},
    };
    struct player *near, *here, *late;
    char params[200];

    (void)state;
    daemon_start(&server, NULL);
    source = "127.0.0.9";
    here = player_new_account(party, &server, "here");
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        source = "127.0.0.2";
        near = i == 0 ? player_new_account(party, &server, "near")
                      : player_returns(party, &server, "near");
        late = player_connect(party, &server); /* not logged in: he goes too */
        UNTIL(party, DEADLINE_MS, late->greeted);
        snprintf(params, sizeof(params),
                 "{\"network\":\"%s\",\"reason\":\"a %s\",\"duration\":\"2d\"}", CASES[i].network,
                 "flood");
        good("bans.add", params);
        UNTIL(party, DEADLINE_MS, near->gone && late->gone);
        assert_int_equal(near->farewell, PROTOCOL_REASON_BANNED);
        assert_int_equal(late->farewell, PROTOCOL_REASON_BANNED);
        assert_non_null(strstr(near->farewell_text, "UTC: a flood"));
        player_leave(near);
        player_leave(late);
        /* told before any greeting */
        source = CASES[i].from;
        late = player_connect(party, &server);
        UNTIL(party, DEADLINE_MS, late->gone);
        assert_false(late->greeted);
        assert_int_equal(late->farewell, PROTOCOL_REASON_BANNED);
        player_leave(late);
        source = "127.0.0.9";
        late = player_connect(party, &server); /* others come and play */
        UNTIL(party, DEADLINE_MS, late->greeted);
        player_leave(late);
        assert_true(well(here));
        snprintf(params, sizeof(params), "{\"network\":\"%s\"}", CASES[i].lift);
        good("bans.lift", params);
        bad("bans.lift", params, "is not banned");
    }
    source = "127.0.0.3";
    player_new_account(party, &server, "again");
    bad("bans.add", "{\"network\":\"127.0.0.1/24\",\"reason\":\"x\"}", "write 127.0.0.0/24");
    bad("bans.add", "{\"network\":\"0.0.0.0/0\",\"reason\":\"x\"}", "too wide");
    bad("bans.add", "{\"network\":\"::/8\",\"reason\":\"x\"}", "too wide");
    assert_true(well(here));
    source = NULL;
    assert_int_equal(daemon_terminate(&server), 0);
}

/* A figure that waits for who dropped goes with the ban of the network he came from. */
static void test_network_of_the_away(void **state)
{
    struct player *near, *here;

    (void)state;
    daemon_start(&server, NULL);
    source = "127.0.0.9";
    here = player_new_account(party, &server, "here");
    source = "127.0.0.2";
    near = player_new_account(party, &server, "near");
    UNTIL(party, DEADLINE_MS, player_sees(here, near) != NULL);
    player_drop(near);
    source = "127.0.0.3";
    near = player_new_account(party, &server, "other");
    player_drop(near);
    source = NULL;
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_away") == 2);
    good("bans.add", "{\"network\":\"127.0.0.2\",\"reason\":\"flood\"}");
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_away") == 1);
    assert_true(well(here));
    assert_int_equal(daemon_terminate(&server), 0);
}

/* A banned crowd knocks: some are told, the others are closed at once, nobody waits for them. */
static void test_a_banned_crowd(void **state)
{
    struct player *here;
    unsigned told = 0;
    int fds[200];

    (void)state;
    daemon_start(&server, NULL);
    source = "127.0.0.9";
    here = player_new_account(party, &server, "here");
    good("bans.add", "{\"network\":\"127.0.0.2\",\"reason\":\"flood\"}");
    source = "127.0.0.2";
    for (unsigned i = 0; i < ARRAY_N(fds); i++)
        fds[i] = raw_connect(&server);
    for (unsigned i = 0; i < ARRAY_N(fds); i++) {
        party_pump(party, 1);
        told += !raw_closed(fds[i]);
    }
    source = NULL;
    assert_in_range(told, 1, 60);
    assert_true(well(here));
    for (unsigned i = 0; i < ARRAY_N(fds); i++)
        close(fds[i]);
    assert_int_equal(daemon_terminate(&server), 0);
}

static void test_mute(void **state)
{
    struct player *anna, *bob;

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    bob = player_new_account(party, &server, "bob");
    good("players.mute", "{\"player\":\"anna\",\"reason\":\"shouting\",\"duration\":\"1h\"}");
    UNTIL(party, DEADLINE_MS, anna->notice == PROTOCOL_REASON_MUTED);
    assert_non_null(strstr(anna->notice_text, "You are muted until 20"));
    assert_non_null(strstr(anna->notice_text, "UTC: shouting"));
    anna->notice = 0xff;
    player_chat(anna, PROTOCOL_CHANNEL_GLOBAL, "can you hear me");
    UNTIL(party, DEADLINE_MS, anna->notice == PROTOCOL_REASON_MUTED);
    assert_non_null(strstr(anna->notice_text, "You are muted until 20"));
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "so quiet");
    UNTIL(party, DEADLINE_MS, player_heard(bob, "so quiet") && player_heard(anna, "so quiet"));
    assert_false(player_heard(bob, "can you hear me"));
    assert_int_equal(bob->notice, 0xff);
    /* by a new session, after a restart */
    assert_int_equal(daemon_terminate(&server), 0);
    UNTIL(party, DEADLINE_MS, anna->gone && bob->gone);
    daemon_start(&server, NULL);
    anna = player_returns(party, &server, "anna");
    bob = player_returns(party, &server, "bob");
    player_chat(anna, PROTOCOL_CHANNEL_NEARBY, "and now");
    UNTIL(party, DEADLINE_MS, anna->notice == PROTOCOL_REASON_MUTED);
    good("players.unmute", "{\"player\":\"anna\"}");
    UNTIL(party, DEADLINE_MS, anna->notice == PROTOCOL_REASON_NONE);
    player_chat(anna, PROTOCOL_CHANNEL_GLOBAL, "free");
    UNTIL(party, DEADLINE_MS, player_heard(bob, "free"));
    assert_false(player_heard(bob, "and now"));
    bad("players.unmute", "{\"player\":\"anna\"}", "anna is not muted");
    assert_int_equal(daemon_terminate(&server), 0);
}

/* Its time is over: nobody has to do anything. The clock of a test is not waited for: the row is.
 */
static void test_time_is_over(void **state)
{
    (void)state;
    daemon_start(&server, NULL);
    player_leave(player_new_account(party, &server, "anna"));
    good("bans.add", "{\"player\":\"anna\",\"reason\":\"x\",\"duration\":\"1m\"}");
    not_welcome("anna", NULL, "UTC: x");
    assert_int_equal(daemon_terminate(&server), 0);
    sql("UPDATE bans SET expires_at = strftime('%Y-%m-%dT%H:%M:%fZ', 'now', '+3 seconds')");
    daemon_start(&server, NULL);
    for (uint64_t end_ms = now_ms() + DEADLINE_MS;;) {
        struct player *p = player_connect(party, &server);

        UNTIL(party, DEADLINE_MS, p->greeted);
        player_login(p, "anna", PASSWORD);
        UNTIL(party, DEADLINE_MS, p->welcomed || p->notice == PROTOCOL_REASON_BANNED);
        if (p->welcomed)
            break;
        player_leave(p);
        assert_true(now_ms() < end_ms);
        party_pump(party, 200);
    }
    bad("bans.lift", "{\"player\":\"anna\"}", "is not banned");
    assert_int_equal(daemon_terminate(&server), 0);
}

/* How many rows of audit say so. */
static int64_t rows_like(const char *method, const char *outcome)
{
    char text[200];

    snprintf(text, sizeof(text),
             "SELECT count(*) FROM audit WHERE method = '%s' AND outcome LIKE '%s%%'", method,
             outcome);
    return sql(text);
}

/* What was answered is in the table, and comes back; texts are texts, whatever they look like. */
static void test_audit_and_texts(void **state)
{
    static const char *const TEXTS[] = {
        "'; DROP TABLE bans; --",
        "x' OR '1'='1",
        "\\\" OR 1=1 --",
        "$1 ?1 %s",
        "NULL",
        "Robert'); DELETE FROM players; --",
    };
    char params[400];
    json_t *result;
    const char *detail;

    (void)state;
    daemon_start(&server, NULL);
    player_new_account(party, &server, "anna");
    for (size_t i = 0; i < ARRAY_N(TEXTS); i++) {
        snprintf(params, sizeof(params), "{\"player\":\"anna\",\"reason\":\"%s\"}", TEXTS[i]);
        good("bans.add", params);
        assert_int_equal(rows_like("bans.add", "ok"), (int)i + 1); /* answered: it is there */
        good("players.mute", params);
        snprintf(params, sizeof(params), "{\"player\":\"%s\",\"reason\":\"x\"}", TEXTS[i]);
        bad("bans.add", params, "there is no account by the name of");
        bad("bans.history", params, "there is no parameter reason");
        snprintf(params, sizeof(params), "{\"network\":\"%s\",\"reason\":\"x\"}", TEXTS[i]);
        bad("bans.add", params, "is no network");
        snprintf(params, sizeof(params), "{\"target\":\"%s\"}", TEXTS[i]);
        result = result_of("audit.list", params);
        assert_int_equal(json_array_size(json_object_get(result, "rows")), 0);
        json_decref(result);
    }
    assert_int_equal(rows_like("bans.add", "failed: there is no account"), ARRAY_N(TEXTS));
    result = result_of("bans.history", "{\"player\":\"anna\"}");
    for (size_t i = 0; i < ARRAY_N(TEXTS); i++) {
        json_t *row = json_array_get(json_object_get(result, "rows"), ARRAY_N(TEXTS) - 1 - i);
        json_t *reason = json_loads(i == 2 ? "\"\\\" OR 1=1 --\"" : "null", JSON_DECODE_ANY, NULL);

        assert_string_equal(json_string_value(json_object_get(row, "reason")),
                            i == 2 ? json_string_value(reason) : TEXTS[i]);
        json_decref(reason);
    }
    json_decref(result);
    result = result_of("bans.list", "{}");
    assert_int_equal(json_integer_value(json_object_get(result, "bans")), 1); /* one a target */
    assert_int_equal(json_array_size(json_object_get(result, "rows")), 1);
    json_decref(result);
    result = result_of("mutes.list", "{}");
    assert_int_equal(json_array_size(json_object_get(result, "rows")), 1);
    json_decref(result);
    result = result_of("audit.list", "{\"target\":\"#1\",\"limit\":1}");
    detail = json_string_value(json_object_get(
        json_object_get(json_array_get(json_object_get(result, "rows"), 0), "detail"), "player"));
    assert_string_equal(detail, "anna");
    json_decref(result);
    /* malformed */
    bad("bans.add", "{\"reason\":\"x\"}", "name whom");
    bad("bans.add", "{\"player\":\"anna\",\"id\":1,\"reason\":\"x\"}", "name whom");
    bad("bans.add", "{\"player\":\"anna\"}", "reason is missing");
    bad("bans.add", "{\"player\":\"anna\",\"reason\":\"\"}", "reason must be");
    bad("bans.add", "{\"player\":\"anna\",\"reason\":\"a\\u001b[2J\"}", "reason: ");
    bad("bans.add", "{\"player\":\"anna\",\"reason\":\"x\",\"duration\":\"7\"}",
        "duration must be");
    bad("bans.add", "{\"player\":\"anna\",\"reason\":\"x\",\"duration\":\"-7d\"}",
        "duration must be");
    bad("bans.add", "{\"player\":\"anna\",\"reason\":\"x\",\"duration\":\"9999999w\"}", "duration");
    bad("bans.add", "{\"player\":\"anna\",\"reason\":\"x\",\"duration\":\"0d\"}",
        "duration must be");
    bad("bans.lift", "{\"ban\":\"999\"}", "not in force");
    bad("bans.lift", "{\"ban\":\"18446744073709551615\"}", "not in force");
    bad("players.mute", "{\"network\":\"::1\",\"reason\":\"x\"}", "no parameter network");
    assert_int_equal(daemon_terminate(&server), 0);
}

/* The database is away: what is known holds, nothing new does, and a kick is done all the same. */
/* A batch of as many as one holds, of all kinds: each is done, answered and in the record by
 * itself, those among them that fail too. */
static void test_many_at_once(void **state)
{
    struct player *anna, *bob;
    char line[16384];
    size_t n = 0, i;
    json_t *answers, *answer;
    unsigned failed = 0;

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    bob = player_new_account(party, &server, "bob");
    for (i = 0; i < 64; i++) {
        static const char *const ASKED[] = {
            "\"players.message\",\"params\":{\"name\":\"bob\",\"text\":\"word\"}",
            "\"players.message\",\"params\":{\"name\":\"nobody\",\"text\":\"word\"}",
            "\"players.mute\",\"params\":{\"player\":\"anna\",\"reason\":\"x\",\"duration\":"
            "\"1h\"}",
            "\"players.unmute\",\"params\":{\"player\":\"anna\"}",
        };

        n += (size_t)snprintf(
            line + n, sizeof(line) - n, "%c{\"jsonrpc\":\"2.0\",\"id\":%zu,\"method\":%s}",
            i == 0 ? '[' : ',', i,
            i == 63 ? "\"players.kick\",\"params\":{\"name\":\"anna\"}" : ASKED[i % 4]);
    }
    snprintf(line + n, sizeof(line) - n, "]\n");
    answers = json_loads(daemon_ask_line(&server, line), 0, NULL);
    assert_int_equal(json_array_size(answers), 64);
    json_array_foreach(answers, i, answer) failed += json_object_get(answer, "error") != NULL;
    json_decref(answers);
    assert_in_range(failed, 16, 31); /* an unmute may come before the mute that it was meant for */
    assert_int_equal(rows_like("players.message", "ok"), 16);
    assert_int_equal(rows_like("players.message", "failed: nobody by the name of nobody"), 16);
    assert_int_equal(rows_like("players.mute", "ok"), 16);
    assert_int_equal(rows_like("players.unmute", ""), 15);
    assert_int_equal(rows_like("players.kick", "ok"), 1);
    UNTIL(party, DEADLINE_MS, anna->gone && bob->notices_n >= 16);
    assert_string_equal(bob->notice_text, "word");
    assert_true(well(bob));
    /* Who is here by the database. */
    UNTIL(party, DEADLINE_MS,
          sql("SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL") == 1);
    answers = result_of("sessions.list", "{\"open\":true}");
    answer = json_array_get(json_object_get(answers, "rows"), 0);
    assert_int_equal(json_array_size(json_object_get(answers, "rows")), 1);
    assert_string_equal(json_string_value(json_object_get(answer, "name")), "bob");
    assert_true(json_is_null(json_object_get(answer, "disconnected_ms")));
    json_decref(answers);
    answers = result_of("sessions.list", "{\"limit\":10}");
    assert_int_equal(json_array_size(json_object_get(answers, "rows")), 2);
    json_decref(answers);
}

static void test_database_away(void **state)
{
    struct player *anna, *bob;
    sqlite3 *db;
    const char *line;

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    bob = player_new_account(party, &server, "bob");
    player_leave(player_new_account(party, &server, "carol"));
    good("bans.add", "{\"player\":\"carol\",\"reason\":\"x\"}");
    assert_int_equal(sqlite3_open(server.store_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    bad("bans.add", "{\"player\":\"anna\",\"reason\":\"x\"}", "nothing was changed");
    bad("bans.add", "{\"network\":\"127.0.0.1\",\"reason\":\"x\"}", "nothing was changed");
    party_pump(party, 100);
    assert_true(well(anna) && well(bob));
    not_welcome("carol", NULL, "for good: x");
    line = daemon_ask(&server, "players.kick", "{\"name\":\"bob\"}");
    assert_non_null(line);
    assert_non_null(strstr(line, "\"unaudited\""));
    UNTIL(party, DEADLINE_MS, bob->gone);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    good("bans.add", "{\"player\":\"anna\",\"reason\":\"now\"}");
    must_go(anna, "for good: now");
    assert_int_equal(daemon_terminate(&server), 0);
}

/* ---- over PostgreSQL ---- */

static void test_account_over_postgresql(void **state)
{
    test_by_account(state);
    assert_int_equal(sql("SELECT count(*) FROM audit WHERE method = "
                         "'bans.add' AND target = '#1' AND outcome = 'ok'"),
                     1);
    assert_int_equal(sql("SELECT count(*) FROM bans WHERE lifted_at IS NOT NULL"), 1);
}

static void test_mute_over_postgresql(void **state)
{
    test_mute(state);
    assert_int_equal(sql("SELECT count(*) FROM chat_log WHERE text = 'so quiet'"), 1);
    assert_int_equal(sql("SELECT count(*) FROM chat_log WHERE text = 'can you hear me'"), 0);
}

/* It stands still, and goes on: what is answered is true, before and after. */
static void test_frozen_postgresql(void **state)
{
    struct player *anna, *bob;
    const char *line;

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    bob = player_new_account(party, &server, "bob");
    player_leave(player_new_account(party, &server, "carol"));
    good("bans.add", "{\"player\":\"carol\",\"reason\":\"x\"}");
    pg_cluster_freeze(&cluster, true);
    bad("bans.add", "{\"network\":\"127.0.0.1\",\"reason\":\"x\"}", "as far as is known");
    party_pump(party, 100);
    assert_true(well(anna) && well(bob));
    line = daemon_ask(&server, "players.kick", "{\"name\":\"bob\"}");
    assert_non_null(line);
    assert_non_null(strstr(line, "\"unaudited\""));
    UNTIL(party, DEADLINE_MS, bob->gone);
    pg_cluster_freeze(&cluster, false);
    /* The ban was perhaps made after all; then it holds for who is here, once it is read again. */
    UNTIL(party, DEADLINE_MS,
          (line = daemon_ask(&server, "bans.list", "{}")) != NULL &&
              strstr(line, "\"rows\"") != NULL);
    if (sql("SELECT count(*) FROM bans WHERE network = '127.0.0.1'") > 0)
        UNTIL(party, DEADLINE_MS, anna->gone);
    else
        assert_true(well(anna));
    json_decref(result_of("players.erase", "{\"player\":\"carol\"}"));
    assert_int_equal(sql("SELECT count(*) FROM players WHERE username = 'carol'"), 0);
    assert_int_equal(sql("SELECT count(*) FROM bans WHERE player_id = 3"), 0);
    assert_int_equal(daemon_terminate(&server), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_by_account, NULL),
        STAGED(test_by_network, NULL),
        STAGED(test_network_of_the_away, NULL),
        STAGED(test_a_banned_crowd, NULL),
        STAGED(test_mute, NULL),
        STAGED(test_time_is_over, NULL),
        STAGED(test_audit_and_texts, NULL),
        STAGED(test_many_at_once, NULL),
        STAGED_POSTGRESQL(test_many_at_once, NULL),
        STAGED(test_database_away, NULL),
        STAGED_POSTGRESQL(test_account_over_postgresql, NULL),
        STAGED_POSTGRESQL(test_mute_over_postgresql, NULL),
        STAGED_POSTGRESQL(test_frozen_postgresql, NULL),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
