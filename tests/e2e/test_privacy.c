/* test_privacy.c -- what is written down of players, shown, handed out and erased: the real daemon,
 * its admin socket, its database, and the bytes of that where it is a file. */
#define _GNU_SOURCE /* memmem */
#include "stage_store.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <sqlite3.h>

#include "common/compiler.h"

static size_t rows_n(const json_t *result, const char *part)
{
    return json_array_size(json_object_get(result, part));
}

/* How often a file holds a word, in either case. */
static int holds(const char *tail, const char *word)
{
    char path[128];
    size_t n, length = strlen(word);
    int found = 0;
    char *bytes;
    FILE *file;

    snprintf(path, sizeof(path), "%s%s", server.store_path, tail);
    file = fopen(path, "r");
    if (file == NULL)
        return 0;
    bytes = malloc(16 << 20);
    assert_non_null(bytes);
    n = fread(bytes, 1, 16 << 20, file);
    fclose(file);
    for (size_t i = 0; i + length <= n; i++)
        found += strncasecmp(bytes + i, word, length) == 0;
    free(bytes);
    return found;
}

static void test_chat_is_written_down(void **state)
{
    static const char *const TEXTS[] = {"'; DROP TABLE chat_log; --", "x' OR '1'='1", "$1 ?1 %s%n",
                                        "\"quoted\" \\ and \xf0\x9f\x90\xa7"};
    struct player *anna, *bob;
    json_t *result;

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    bob = player_new_account(party, &server, "bob");
    for (size_t i = 0; i < ARRAY_N(TEXTS); i++)
        player_chat(anna, PROTOCOL_CHANNEL_GLOBAL, TEXTS[i]);
    player_chat(bob, PROTOCOL_CHANNEL_NEARBY, "not hers");
    UNTIL(party, DEADLINE_MS, player_heard(bob, TEXTS[ARRAY_N(TEXTS) - 1]));
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM chat_log") == ARRAY_N(TEXTS) + 1);
    result = result_of("players.history", "{\"player\":\"anna\"}");
    assert_int_equal(rows_n(result, "chat"), ARRAY_N(TEXTS));
    for (size_t i = 0; i < ARRAY_N(TEXTS); i++) {
        json_t *row = json_array_get(json_object_get(result, "chat"), ARRAY_N(TEXTS) - 1 - i);

        assert_string_equal(json_string_value(json_object_get(row, "text")), TEXTS[i]);
        assert_string_equal(json_string_value(json_object_get(row, "name")), "anna");
    }
    assert_int_equal(rows_n(result, "sessions"), 1);
    assert_null(json_object_get(result, "email"));
    json_decref(result);
    /* by page */
    result = result_of("players.history", "{\"player\":\"anna\",\"part\":\"chat\",\"limit\":3}");
    assert_int_equal(rows_n(result, "chat"), 3);
    {
        char params[128];

        snprintf(params, sizeof(params),
                 "{\"player\":\"anna\",\"part\":\"chat\",\"limit\":3,\"before\":\"%s\"}",
                 json_string_value(json_object_get(json_object_get(result, "more"), "chat")));
        json_decref(result);
        result = result_of("players.history", params);
        assert_int_equal(rows_n(result, "chat"), ARRAY_N(TEXTS) - 3);
        assert_int_equal(json_object_size(json_object_get(result, "more")), 0);
    }
    json_decref(result);
    /* what was said last is written at the stop; what is old goes at the start */
    player_chat(anna, PROTOCOL_CHANNEL_GLOBAL, "the last word");
    UNTIL(party, DEADLINE_MS, player_heard(bob, "the last word"));
    assert_int_equal(daemon_terminate(&server), 0);
    assert_int_equal(sql("SELECT count(*) FROM chat_log WHERE text = 'the last word'"), 1);
    sql("UPDATE chat_log SET at = '2001-01-01T00:00:00.000Z' WHERE name = 'anna';"
        "INSERT INTO audit (at, actor, method, target, detail, outcome)"
        " VALUES ('2001-01-01T00:00:00.000Z', 'old', 'x', '', '{}', 'ok')");
    daemon_start(&server, NULL);
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM chat_log") == 1);
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM audit WHERE actor = 'old'") == 0);
    assert_int_equal(daemon_terminate(&server), 0);
    UNTIL(party, DEADLINE_MS, anna->gone && bob->gone);
}

/* retention_days = 0. */
static void test_nothing_is_written_down(void **state)
{
    struct player *anna;

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    player_chat(anna, PROTOCOL_CHANNEL_GLOBAL, "between us");
    UNTIL(party, DEADLINE_MS, player_heard(anna, "between us"));
    assert_int_equal(daemon_terminate(&server), 0);
    assert_int_equal(sql("SELECT count(*) FROM chat_log"), 0);
    assert_int_equal(holds("", "between us"), 0);
}

/* The database is away: the lines wait, and nobody waits for them. */
static void test_chat_waits(void **state)
{
    struct player *anna, *bob;
    sqlite3 *db;

    (void)state;
    daemon_start(&server, NULL);
    anna = player_new_account(party, &server, "anna");
    bob = player_new_account(party, &server, "bob");
    assert_int_equal(sqlite3_open(server.store_path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 2000);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    player_chat(anna, PROTOCOL_CHANNEL_GLOBAL, "while you were away");
    UNTIL(party, DEADLINE_MS, player_heard(bob, "while you were away"));
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_chat_log_retries_total") > 0);
    assert_int_equal(sql("SELECT count(*) FROM chat_log"), 0);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM chat_log") == 1);
    assert_int_equal(daemon_terminate(&server), 0);
}

/* How many rows of that part are handed out in all, page by page. */
static size_t handed_out(const char *part)
{
    char params[150] = "", before[64] = "";
    size_t n = 0;

    do {
        json_t *result;
        const char *more;

        snprintf(params, sizeof(params), "{\"id\":\"1\",\"part\":\"%s\"%s%s%s}", part,
                 before[0] ? ",\"before\":\"" : "", before, before[0] ? "\"" : "");
        result = result_of("players.export", params);
        n += rows_n(result, part);
        more = json_string_value(json_object_get(json_object_get(result, "more"), part));
        snprintf(before, sizeof(before), "%s", more != NULL ? more : "");
        json_decref(result);
    } while (before[0] != '\0');
    return n;
}

/* The program before kept every place of hers: all of them are handed out. */
static void test_export_of_many(void **state)
{
    (void)state;
    daemon_start(&server, NULL);
    player_leave(player_new_account(party, &server, "anna"));
    sql("INSERT INTO player_positions_conflict (player_id, x, y, z, updated_at)"
        " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 120)"
        " SELECT 1, i, 0, 0, '2021-01-01T00:00:00.000Z' FROM n");
    sql("INSERT INTO adoption_changes (player_id, what, was, became)"
        " WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 70)"
        " SELECT 1, 'username', 'ANNA', 'anna' FROM n");
    sql("INSERT INTO adoption_set_aside (table_name, player_id, reason, content)"
        " VALUES ('game_sessions', 1, 'twice', '{}')");
    assert_int_equal(handed_out("adopted"), 120 + 70 + 1);
    assert_int_equal(handed_out("sessions"), 1);
}

static void test_export(void **state)
{
    static const char *const PARTS[] = {"sessions",  "bans",    "mutes",   "chat",
                                        "addresses", "kept",    "tokens",  "adopted",
                                        "audit",     "reports", "reported"};
    json_t *result, *rows;

    (void)state;
    daemon_start(&server, NULL);
    player_chat(player_new_account(party, &server, "anna"), PROTOCOL_CHANNEL_GLOBAL, "hello");
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM chat_log") == 1);
    sql("INSERT INTO players (username, username_key, password_hash, created_at)"
        " VALUES ('bob', 'bob', 'x', '2026-01-01T00:00:00.000Z');"
        "INSERT INTO reports (at, reporter_id, reporter, about_id, about, words) VALUES"
        " ('2026-01-01T00:00:00.000Z', 2, 'bob', 1, 'anna', 'she shouts'),"
        " ('2026-01-01T00:00:00.000Z', 1, 'anna', 2, 'bob', 'he tells tales');"
        "INSERT INTO report_lines (report_id, at, channel, player_id, name, text) VALUES"
        " (1, '2026-01-01T00:00:00.000Z', 0, 1, 'anna', 'I do not shout'),"
        " (1, '2026-01-01T00:00:00.000Z', 0, 2, 'bob', 'you do')");
    json_decref(result_of("players.mute", "{\"player\":\"anna\",\"reason\":\"loud\"}"));
    json_decref(result_of("bans.add", "{\"player\":\"anna\",\"reason\":\"spam\"}"));
    sql("INSERT INTO refresh_tokens (family, player_id, token_hash, issued_at, expires_at)"
        " VALUES ('f', 1, 'h', '2026-01-01T00:00:00.000Z', '2026-02-01T00:00:00.000Z');"
        "INSERT INTO adoption_changes (player_id, what, was, became)"
        " VALUES (1, 'username', 'ANNA', 'anna');"
        "INSERT INTO player_positions_conflict (player_id, x, y, z) VALUES (1, 1.5, NULL, 2);"
        "INSERT INTO adoption_set_aside (table_name, player_id, reason, content)"
        " VALUES ('game_sessions', 1, 'twice', '{}')");
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM player_positions") == 1);
    result = result_of("players.export", "{\"id\":\"1\"}");
    for (size_t i = 0; i < ARRAY_N(PARTS); i++) {
        if (strcmp(PARTS[i], "addresses") != 0 && rows_n(result, PARTS[i]) == 0)
            fail_msg("the export has no %s", PARTS[i]);
        assert_true(json_is_array(json_object_get(result, PARTS[i])));
    }
    assert_int_equal(rows_n(result, "adopted"), 3);
    assert_string_equal(json_string_value(json_object_get(result, "player")), "anna");
    assert_true(json_is_string(json_object_get(result, "email")));
    assert_string_equal(json_string_value(json_object_get(result, "role")), "player");
    assert_true(json_is_real(json_object_get(json_object_get(result, "position"), "x")));
    rows = json_array_get(json_object_get(result, "reports"), 0);
    assert_string_equal(json_string_value(json_object_get(rows, "words")), "she shouts");
    assert_null(json_object_get(rows, "reporter")); /* that is the other's */
    rows = json_object_get(result, "kept");         /* of the chat around it what is hers */
    assert_int_equal(json_array_size(rows), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "text")),
                        "I do not shout");
    rows = json_object_get(result, "bans");
    assert_string_equal(json_string_value(json_object_get(json_array_get(rows, 0), "reason")),
                        "spam");
    json_decref(result);
    /* it was audited, without what it held */
    assert_int_equal(sql("SELECT count(*) FROM audit WHERE method = 'players.export'"
                         " AND detail NOT LIKE '%hello%'"),
                     1);
    assert_null(strstr(daemon_log(&server), "\"text\":\"hello\""));
    assert_int_equal(daemon_terminate(&server), 0);
}

/* What was said lately, in the file for the next start. */
static bool chat_holds(const char *text)
{
    static char bytes[65536];
    char path[128];
    FILE *file;
    size_t n;

    snprintf(path, sizeof(path), "%s/state/chat", server.dir);
    file = fopen(path, "r");
    if (file == NULL)
        return false;
    n = fread(bytes, 1, sizeof(bytes), file);
    fclose(file);
    return memmem(bytes, n, text, strlen(text)) != NULL;
}

/* The file: the one place left is the reason of another's ban, which an operator wrote. */
static void check_file_of_the_erased(void)
{
    assert_int_equal(holds("-wal", "zaphodina"), 0);
    assert_int_equal(holds("", "mostly harmless"), 0);
    assert_in_range(holds("", "zaphodina"), 1, 3); /* bans, and the audit of that ban */
    sql("UPDATE bans SET reason = ''; DELETE FROM audit");
    sql("PRAGMA secure_delete = ON; VACUUM");
    assert_int_equal(holds("", "zaphodina"), 0);
}

static void test_erase(void **state)
{
    struct player *zaphod, *bob, *again;
    char token[PROTOCOL_TOKEN_MAX + 1];
    const char *line;

    (void)state;
    daemon_start(&server, NULL);
    bob = player_new_account(party, &server, "bob");
    zaphod = player_new_account(party, &server, "Zaphodina");
    strcpy(token, zaphod->token);
    player_chat(zaphod, PROTOCOL_CHANNEL_GLOBAL, "mostly harmless");
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "who said that");
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM chat_log") == 2);
    UNTIL(party, DEADLINE_MS, chat_holds("harmless"));
    json_decref(result_of("players.mute", "{\"player\":\"zaphodina\",\"reason\":\"loud\"}"));
    json_decref(result_of("bans.add", "{\"player\":\"bob\",\"reason\":\"said ZAPHODINA\"}"));
    UNTIL(party, DEADLINE_MS, bob->gone);
    json_decref(result_of("bans.lift", "{\"player\":\"bob\"}"));
    player_report(zaphod, "bob", "I am Zaphodina and he is rude");
    UNTIL(party, DEADLINE_MS, sql("SELECT count(*) FROM report_lines") == 2);
    bob = player_returns(party, &server, "bob");
    line = daemon_ask(&server, "players.unmute", "{\"player\":\"ZAPHODINA\"}");
    line = daemon_ask(&server, "players.unmute", "{\"player\":\"ZAPHODINA\"}");
    assert_non_null(strstr(line, "is not muted")); /* a failure with the name in its sentence */
    assert_true(sql("SELECT count(*) FROM audit WHERE target = '#2'") >= 1);
    line = daemon_ask(&server, "players.erase", "{\"player\":\"zaphodina\"}");
    UNTIL(party, DEADLINE_MS, zaphod->gone);
    if (line == NULL)
        fail_msg("no answer; the log:\n%s", daemon_log(&server));
    if (strstr(line, "\"erased\"") == NULL || strstr(line, "unaudited") != NULL)
        fail_msg("%s", line);
    assert_int_equal(zaphod->farewell, PROTOCOL_REASON_KICKED);
    assert_string_equal(zaphod->farewell_text, "your account was deleted");
    party_pump(party, 100);
    assert_true(bob->welcomed && !bob->gone);
    UNTIL(party, DEADLINE_MS, !chat_holds("harmless") && chat_holds("who said that"));
    /* nothing of it, the others whole */
    assert_int_equal(sql("SELECT count(*) FROM players"), 1);
    assert_int_equal(sql("SELECT count(*) FROM chat_log"), 1);
    assert_int_equal(sql("SELECT count(*) FROM game_sessions WHERE player_id = 2"), 0);
    assert_int_equal(sql("SELECT count(*) FROM player_positions WHERE player_id = 2"), 0);
    assert_int_equal(sql("SELECT count(*) FROM mutes"), 0);
    assert_int_equal(sql("SELECT count(*) FROM reports WHERE reporter_id IS NULL AND reporter = ''"
                         " AND words = ''"),
                     1); /* what he reported stands, but for what he wrote */
    assert_int_equal(sql("SELECT count(*) FROM report_lines"), 1); /* bob's */
    assert_int_equal(sql("SELECT count(*) FROM audit WHERE method = 'players.erase'"
                         " AND target = '#2' AND outcome = 'ok'"),
                     1);
    assert_int_equal(sql("SELECT count(*) FROM audit WHERE detail LIKE '%zaphodina%'"
                         " AND target <> '#1'"),
                     0);
    /* neither by token nor by password */
    again = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, again->greeted);
    player_resume(again, token, 0);
    UNTIL(party, DEADLINE_MS, again->notice == PROTOCOL_REASON_TOKEN_REFUSED);
    player_login(again, "Zaphodina", PASSWORD);
    UNTIL(party, DEADLINE_MS, again->notice == PROTOCOL_REASON_LOGIN_FAILED);
    assert_false(chat_holds("harmless")); /* nor as the stop leaves it */
    assert_true(chat_holds("who said that"));
    assert_int_equal(daemon_terminate(&server), 0);
    if (connection[0] == '\0')
        check_file_of_the_erased();
    /* the name is free */
    UNTIL(party, DEADLINE_MS, bob->gone);
    daemon_start(&server, NULL);
    player_new_account(party, &server, "Zaphodina");
    assert_int_equal(daemon_terminate(&server), 0);
}

/* One who is not here; one who is none. */
static void test_erase_the_absent(void **state)
{
    struct player *zaphod;
    const char *line;

    (void)state;
    daemon_start(&server, NULL);
    zaphod = player_new_account(party, &server, "Zaphodina");
    player_chat(zaphod, PROTOCOL_CHANNEL_GLOBAL, "mostly harmless");
    UNTIL(party, DEADLINE_MS, chat_holds("harmless"));
    assert_int_equal(daemon_terminate(&server), 0); /* what he said is of an earlier run then */
    UNTIL(party, DEADLINE_MS, zaphod->gone);
    assert_true(chat_holds("harmless"));
    daemon_start(&server, NULL);
    player_leave(player_returns(party, &server, "Zaphodina"));
    UNTIL(party, DEADLINE_MS,
          sql("SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL") == 0);
    UNTIL(party, DEADLINE_MS,
          (line = daemon_ask(&server, "players.erase", "{\"id\":\"1\"}")) != NULL &&
              strstr(line, "\"erased\"") != NULL);
    UNTIL(party, DEADLINE_MS, !chat_holds("harmless"));
    line = daemon_ask(&server, "chat.recent", "{}");
    assert_null(strstr(line, "harmless"));
    line = daemon_ask(&server, "players.erase", "{\"id\":\"1\"}");
    assert_non_null(strstr(line, "there is no account 1"));
    /* by his name too, though he is gone: it is not written down again */
    line = daemon_ask(&server, "players.erase", "{\"player\":\"Zaphodina\"}");
    assert_non_null(strstr(line, "there is no account by that name"));
    line = daemon_ask(&server, "players.erase", "{}");
    assert_non_null(strstr(line, "name the account"));
    assert_int_equal(daemon_terminate(&server), 0);
    assert_int_equal(holds("", "zaphodina") + holds("-wal", "zaphodina"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED_BOTH(test_chat_is_written_down, NULL),
        STAGED_BOTH(test_nothing_is_written_down, "[chat]\nretention_days = 0\n"),
        STAGED(test_chat_waits, NULL),
        STAGED_BOTH(test_export, NULL),
        STAGED_BOTH(test_export_of_many, NULL),
        STAGED_BOTH(test_erase, NULL),
        STAGED_BOTH(test_erase_the_absent, NULL),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
