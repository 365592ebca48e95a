/* Migrations and adoption on both databases: a real file, and a PostgreSQL of this test's own. */
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <sodium.h>
#include <sqlite3.h>

#include "pg_cluster.h"
#include "scratch.h"
#include "store/migrate.h"
#include "store/pg_link.h"

#define MIGRATIONS "6" /* so many there are */
#define SAID_BYTES 65536
#define HALF_M     4096

/* A database of either kind. */
struct place {
    enum migrate_kind kind;
    struct scratch scratch;                       /* SQLite */
    char connection[PG_CLUSTER_CONNECTION_BYTES]; /* PostgreSQL */
    char said[SAID_BYTES];                        /* lines */
    struct error report, error;
};

static int setup(void **state)
{
    struct place *place = calloc(1, sizeof(*place));

    place->kind = *state != NULL ? MIGRATE_POSTGRESQL : MIGRATE_SQLITE;
    scratch_make(&place->scratch);
    if (place->kind == MIGRATE_POSTGRESQL)
        assert_int_equal(pg_cluster_database(&cluster, place->connection), 0);
    *state = place;
    return 0;
}

static int teardown(void **state)
{
    struct place *place = *state;

    scratch_remove(&place->scratch);
    free(place);
    return 0;
}

static const char *sql_of_file(struct place *place, const char *text)
{
    static char value[4096];
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    const char *rest = text;

    assert_int_equal(sqlite3_open(place->scratch.path, &db), SQLITE_OK);
    value[0] = '\0';
    while (*rest) {
        if (sqlite3_prepare_v2(db, rest, -1, &statement, &rest) != SQLITE_OK)
            fail_msg("%s: %s", text, sqlite3_errmsg(db));
        if (statement && sqlite3_step(statement) == SQLITE_ROW && sqlite3_column_text(statement, 0))
            snprintf(value, sizeof(value), "%s", sqlite3_column_text(statement, 0));
        if (sqlite3_finalize(statement) != SQLITE_OK)
            fail_msg("%s: %s", text, sqlite3_errmsg(db));
    }
    sqlite3_close(db);
    return value;
}

static const char *sql_of_server(struct place *place, const char *text)
{
    static char value[4096];
    PGconn *conn = PQconnectdb(place->connection);
    PGresult *result;

    PQclear(PQexec(conn, "SET client_min_messages = error"));
    result = PQexec(conn, text);
    value[0] = '\0';
    if (PQresultStatus(result) == PGRES_TUPLES_OK && PQntuples(result) > 0)
        snprintf(value, sizeof(value), "%s", PQgetvalue(result, 0, 0));
    else if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", text, PQerrorMessage(conn));
    PQclear(result);
    PQfinish(conn);
    return value;
}

/* The first column of the first row of the last statement; valid until the next call. */
static const char *sql(struct place *place, const char *text)
{
    return place->kind == MIGRATE_POSTGRESQL ? sql_of_server(place, text)
                                             : sql_of_file(place, text);
}

static void expect(struct place *place, const char *text, const char *expected)
{
    const char *value = sql(place, text);

    if (strcmp(value, expected) != 0)
        fail_msg("%s: expected \"%s\", is \"%s\"", text, expected, value);
}

static void load(struct place *place, const char *name)
{
    static char text[65536];
    char path[300];
    ssize_t n;
    int fd;

    snprintf(path, sizeof(path), SOURCE_DIR "/tests/server/legacy/%s", name);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    n = read(fd, text, sizeof(text) - 1);
    close(fd);
    assert_in_range(n, 1, sizeof(text) - 2);
    text[n] = '\0';
    sql(place, text);
}

static void load_legacy(struct place *place)
{
    load(place, place->kind == MIGRATE_POSTGRESQL ? "postgresql.sql" : "sqlite.sql");
}

static void say(void *context, const char *line)
{
    struct place *place = context;
    size_t at = strlen(place->said);

    for (const char *c = line; *c; c++)
        if ((unsigned char)*c < 32)
            fail_msg("not printable: %s", line);
    snprintf(place->said + at, SAID_BYTES - at, "%s\n", line);
}

static int migrate(struct place *place, struct migrate how)
{
    const char *const keywords[] = {"dbname", NULL};
    const char *const values[] = {place->connection, NULL};

    place->said[0] = place->error.text[0] = place->report.text[0] = '\0';
    how.say = say;
    how.context = place;
    how.half_m = HALF_M;
    if (place->kind == MIGRATE_POSTGRESQL)
        return migrate_postgresql(keywords, values, &how, &place->report, &place->error);
    return migrate_file(place->scratch.path, &how, &place->report, &place->error);
}

static void good(struct place *place, struct migrate how)
{
    if (migrate(place, how) < 0)
        fail_msg("%s", place->error.text);
}

static void refused(struct place *place, struct migrate how, const char *why)
{
    assert_int_equal(migrate(place, how), -1);
    if (!strstr(place->error.text, why))
        fail_msg("expected \"%s\" in: %s", why, place->error.text);
}

static void said(struct place *place, const char *words)
{
    if (!strstr(place->said, words))
        fail_msg("expected \"%s\" in:\n%s", words, place->said);
}

static const struct migrate apply = {.apply = true}, start = {.apply = false},
                            adopt = {.apply = true, .adopt = true, .legacy_utc = true},
                            dry = {
                                .apply = true, .adopt = true, .legacy_utc = true, .dry_run = true};

/* -- the ledger ----------------------------------------------------------------------------------
 */

static void test_ledger(void **state)
{
    struct place *place = *state;

    good(place, dry);
    assert_non_null(strstr(place->report.text,
                           MIGRATIONS " migrations would be applied, " MIGRATIONS " in all"));
    good(place, start); /* an empty one is filled in any case */
    assert_non_null(
        strstr(place->report.text, MIGRATIONS " migrations applied, " MIGRATIONS " in all"));
    good(place, apply);
    assert_non_null(strstr(place->report.text, "is up to date: " MIGRATIONS " migrations"));
    sql(place, "UPDATE schema_migrations SET checksum = 'other' WHERE version = 1");
    refused(place, apply, "migration 001_players was another one");
    sql(place, "UPDATE schema_migrations SET version = -7 WHERE version = 1");
    refused(place, apply, "migration 001_players is missing");
    sql(place, "DELETE FROM schema_migrations WHERE version = -7");
    refused(place, apply, "migration 001_players is missing");
}

static void test_newer(void **state)
{
    struct place *place = *state;

    good(place, apply);
    sql(place, "INSERT INTO schema_migrations (version, name, checksum, applied_at)"
               " VALUES (99, 'future', 'x', '2026-01-01T00:00:00.000Z')");
    refused(place, apply, "is newer than this program (it has migration 099_future)");
}

static void test_steps_apply_whole(void **state)
{
    struct place *place = *state;
    static const struct migrate_step steps[] = {
        {1, "one", "CREATE TABLE one (a INTEGER);"},
        {2, "two", "CREATE TABLE two (a INTEGER);"},
        {3, "broken", "CREATE TABLE three (a INTEGER); CREATE TABLE one (a INTEGER);"},
    };

    good(place, (struct migrate){.steps = steps, .steps_n = 1});
    refused(place, (struct migrate){.steps = steps, .steps_n = 2},
            "is of an older version (1 of 2 migrations): back it up, then run openmmod --migrate");
    refused(place, (struct migrate){.steps = steps, .steps_n = 3, .apply = true},
            "migration 003_broken failed, nothing was changed");
    expect(place, "SELECT count(*) FROM schema_migrations", "1");
    good(place, (struct migrate){.steps = steps, .steps_n = 2, .apply = true});
    expect(place, "SELECT count(*) FROM two", "0");
}

static void test_foreign_ledger(void **state)
{
    struct place *place = *state;

    sql(place, "CREATE TABLE schema_migrations (version INTEGER, dirty INTEGER)");
    refused(place, apply, "column");
}

static void fill_one(struct place *place)
{
    bool file = place->kind == MIGRATE_SQLITE;

    good(place, (struct migrate){.steps = file ? migrate_sqlite_steps : migrate_postgresql_steps,
                                 .steps_n = 1});
    sql(place,
        "INSERT INTO players (username, username_key, email, password_hash, created_at) VALUES"
        " ('a', 'a', 'A@x.org', 'h', '2026-01-01T00:00:00.000Z'),"
        " ('b', 'b', 'a@X.org', 'h', '2026-01-02T00:00:00.000Z'),"
        " ('c', 'c', NULL, 'h', '2026-01-03T00:00:00.000Z'),"
        " ('d', 'd', '\303\204@x.org', 'h', '2026-01-05T00:00:00.000Z'),"
        " ('e', 'e', '\303\244@x.org', 'h', '2026-01-04T00:00:00.000Z'),"
        " ('f', 'f', 'a@x.org~2', 'h', '2026-01-06T00:00:00.000Z');"
        "INSERT INTO game_sessions (session_id, player_id, connected_at) VALUES"
        " ('s', 1, '2026-01-06T00:00:00.000Z')");
}

/* Our own first schema took an e-mail as often as it was written. */
static void test_second_upgrades_first(void **state)
{
    struct place *place = *state;

    fill_one(place);
    refused(place, start, "is of an older version (1 of " MIGRATIONS " migrations)");
    good(place, dry);
    said(place, "player 2: the e-mail \"a@X.org\" became \"a@X.org~3\"");
    expect(place, "SELECT count(*) FROM schema_migrations", "1");
    good(place, apply);
    expect(place, "SELECT email_key FROM players WHERE id = 1", "a@x.org");
    expect(place, "SELECT email_key FROM players WHERE id = 2", "a@x.org~3");
    expect(place, "SELECT email FROM players WHERE id = 6", "a@x.org~2");
    expect(place, "SELECT email FROM players WHERE id = 4", "\303\204@x.org~2");
    expect(place, "SELECT email_key FROM players WHERE id = 5", "\303\244@x.org");
    expect(place, "SELECT count(*) FROM players WHERE email_key IS NULL", "1");
    expect(place, "SELECT count(*) FROM adoption_changes", "2");
    expect(place, "SELECT session_id FROM game_sessions WHERE player_id = 1", "s");
    expect(place, "SELECT role FROM players WHERE id = 3", "player");
}

/* -- adoption ------------------------------------------------------------------------------------
 */

/* What is so afterwards, in both databases. */
static const struct {
    const char *sql, *value;
} adopted[] = {
    {"SELECT count(*) FROM players", "27"},
    /* equal names: the oldest keeps it */
    {"SELECT username FROM players WHERE id = 2", "alice"},
    {"SELECT username_key FROM players WHERE id = 2", "alice"},
    {"SELECT username FROM players WHERE id = 1", "ALICE~3"},
    {"SELECT username_key FROM players WHERE id = 1", "alice~3"},
    {"SELECT username FROM players WHERE id = 3", "Alice~4"},
    {"SELECT username FROM players WHERE id = 4", "alice~2"},
    {"SELECT username_key FROM players WHERE id = 5", "alice~5"},
    {"SELECT username FROM players WHERE id = 7", "STRASSE~2"},
    {"SELECT username_key FROM players WHERE id = 6", "strasse"},
    {"SELECT username_key FROM players WHERE id = 8", "ren\303\251"},
    {"SELECT username_key FROM players WHERE id = 9", "ren\303\251~2"},
    /* e-mails */
    {"SELECT email FROM players WHERE id = 2", "alice@example.org"},
    {"SELECT email FROM players WHERE id = 1", "Alice@Example.org~2"},
    {"SELECT email_key FROM players WHERE id = 3", "alice@example.org~3"},
    {"SELECT email_key FROM players WHERE id = 6", "strasse@example.org"},
    {"SELECT email FROM players WHERE id = 7", "STRASSE@EXAMPLE.ORG~2"},
    {"SELECT count(*) FROM players WHERE email IS NULL AND email_key IS NULL", "21"},
    {"SELECT became IS NULL AND length(was) = 312 FROM adoption_changes WHERE player_id = 22", "1"},
    /* names that break today's rule */
    {"SELECT username_key FROM players WHERE id = 10", "al"},
    {"SELECT username FROM players WHERE id = 11", "<b>Bob</b>"},
    {"SELECT username FROM players WHERE id = 12", "tab\tand\nline"},
    {"SELECT username FROM players WHERE id = 13", " spaces "},
    {"SELECT username FROM players WHERE id = 14", "\360\237\220\211dragon"},
    {"SELECT username FROM players WHERE id = 15", "player~15"},
    {"SELECT username_key FROM players WHERE id = 16", "player~16"},
    {"SELECT length(username) FROM players WHERE id = 17", "200"},
    {"SELECT substr(username, 197) FROM players WHERE id = 18", "LO~2"},
    {"SELECT count(*) FROM players WHERE id = 19 AND length(username_key) > 300", "1"},
    {"SELECT username FROM players WHERE id = 27", "x'); DROP TABLE players; --"},
    /* passwords */
    {"SELECT password_hash FROM players WHERE id = 4",
     "$2y$10$N9qo8uLOickgx2ZMRZoMyeIjZAgcfl7p92ldGxad68LJZdL17lhWy"},
    {"SELECT count(*) FROM adoption_changes WHERE what = 'password'", "2"},
    {"SELECT password_hash FROM players WHERE id = 21", ""},
    /* positions: the newest wins */
    {"SELECT count(*) FROM player_positions", "4"},
    {"SELECT y FROM player_positions WHERE player_id = 1", "2.5"},
    {"SELECT id FROM player_positions WHERE player_id = 2", "3"},
    {"SELECT id FROM player_positions WHERE player_id = 3", "6"},
    {"SELECT id FROM player_positions WHERE player_id = 10", "14"},
    {"SELECT count(*) FROM player_positions WHERE epoch = 0 AND tick = 0 AND yaw = 0", "4"},
    {"SELECT count(*) FROM player_positions_conflict", "5"},
    {"SELECT count(*) FROM player_positions_conflict WHERE player_id = 2 AND x IN (10, 20)", "2"},
    {"SELECT count(*) FROM player_positions_conflict WHERE player_id = 11 AND x = 7", "1"},
    {"SELECT count(*) FROM adoption_set_aside WHERE table_name = 'player_positions'"
     " AND reason LIKE 'no place%' AND player_id = 4 + row_id - 8",
     "6"},
    {"SELECT count(*) FROM adoption_set_aside WHERE table_name = 'player_positions'"
     " AND reason LIKE 'no place%'",
     "7"},
    {"SELECT count(*) FROM adoption_set_aside WHERE table_name = 'player_positions'"
     " AND reason = 'no owner' AND player_id IS NULL AND row_id IN (17, 18)",
     "2"},
    /* sessions */
    {"SELECT count(*) FROM game_sessions", "6"},
    {"SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL", "0"},
    {"SELECT player_id FROM game_sessions WHERE session_id = 'one'", "1"},
    {"SELECT session_id FROM game_sessions WHERE id = 4", "legacy-4"},
    {"SELECT session_id FROM game_sessions WHERE id = 5", "legacy-5"},
    {"SELECT was FROM adoption_changes WHERE what = 'session_id' AND became = 'legacy-4'", "one"},
    {"SELECT count(*) FROM adoption_set_aside WHERE table_name = 'game_sessions'"
     " AND row_id IN (7, 8) AND content LIKE '%sock%'",
     "2"},
    {"SELECT count(*) FROM game_sessions AS s JOIN player_positions AS p ON p.player_id = "
     "s.player_id"
     " WHERE s.id = 2 AND s.disconnected_at = p.updated_at",
     "1"},
    {"SELECT count(*) FROM game_sessions WHERE id = 3 AND disconnected_at = connected_at", "1"},
    {"SELECT count(*) FROM schema_migrations", MIGRATIONS},
    /* times that are none: of the migration */
    {"SELECT count(*) FROM players WHERE id IN (23, 24) AND last_login IS NULL", "2"},
};

/* A boolean is t in one and 1 in the other. */
static const char *as_sqlite(const char *value)
{
    return strcmp(value, "t") == 0 ? "1" : value;
}

static void expect_adopted(struct place *place)
{
    for (size_t i = 0; i < sizeof(adopted) / sizeof(*adopted); i++) {
        const char *value = as_sqlite(sql(place, adopted[i].sql));

        if (strcmp(value, adopted[i].value) != 0)
            fail_msg("%s: expected \"%s\", is \"%s\"", adopted[i].sql, adopted[i].value, value);
    }
}

static const char *const lines[] = {
    "players: 27 taken over\n",
    "player 1: the name \"ALICE\" became \"ALICE~3\"\n",
    "player 1: the e-mail \"Alice@Example.org\" became \"Alice@Example.org~2\"\n",
    "player 10: the name \"Al\" breaks today's rule, and stays usable\n",
    "player 12: the name \"tab\\u{0009}and\\u{000A}line\" breaks today's rule",
    "player 15: the name \"\" became \"player~15\"\n",
    "player 20: the password cannot be checked: reset it\n",
    "player_positions: 4 taken over\n",
    "moved to player_positions_conflict\n",
    "player_positions row 8 set aside (no place: the spawn point counts): {",
    "player_positions row 17 set aside (no owner): {",
    "game_sessions: 6 taken over\n",
    "game_sessions row 7 set aside (no owner): {",
};

static void expect_lines(struct place *place)
{
    for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
        said(place, lines[i]);
}

/* As dump: all that is in the old tables, to see that nothing was changed. */
static void remember(struct place *place, char out[4096])
{
    static const char file[] = "SELECT (SELECT group_concat(id || COALESCE(username, '?') || "
                               "COALESCE(last_login, '?')) FROM players)"
                               " || (SELECT group_concat(id || COALESCE(x, '?') || updated_at) "
                               "FROM player_positions WHERE id < 7)"
                               " || (SELECT group_concat(name) FROM sqlite_master)";
    static const char server[] =
        "SELECT (SELECT string_agg(l::text, ';' ORDER BY id) FROM players AS l WHERE id < 10)"
        " || (SELECT string_agg(l::text, ';' ORDER BY id) FROM player_positions AS l)"
        " || (SELECT string_agg(oid::text || relname || relnamespace, ';' ORDER BY oid) FROM "
        "pg_class WHERE relname ~ '^(players|game)')";

    snprintf(out, 4096, "%s", sql(place, place->kind == MIGRATE_POSTGRESQL ? server : file));
    assert_true(strlen(out) > 500);
}

static void test_adoption(void **state)
{
    struct place *place = *state;
    static char before[4096], after[4096];

    load_legacy(place);
    remember(place, before);
    refused(place, apply, "was made by the program that this one replaces: back it up");
    good(place, dry);
    expect_lines(place);
    assert_non_null(strstr(place->report.text, "nothing was changed"));
    remember(place, after);
    assert_string_equal(before, after);
    good(place, adopt);
    expect_lines(place);
    expect_adopted(place);
    expect(place,
           "INSERT INTO players (username, username_key, password_hash, created_at)"
           " VALUES ('new', 'new', 'h', '2026-01-01T00:00:00.000Z') RETURNING id",
           "901");
    expect(place,
           "INSERT INTO player_positions (player_id, x, y, z, yaw, updated_at, epoch, tick)"
           " VALUES (901, 0, 0, 0, 0, '2026-01-01T00:00:00.000Z', 1, 1) RETURNING id",
           "19");
    expect(place,
           "INSERT INTO game_sessions (session_id, connected_at)"
           " VALUES ('guest', '2026-01-01T00:00:00.000Z') RETURNING id",
           "9");
    good(place, apply); /* and from now on it is ours */
    assert_non_null(strstr(place->report.text, "is up to date"));
    assert_string_equal(place->said, "");
}

static void test_old_tables_go(void **state)
{
    struct place *place = *state;
    bool file = place->kind == MIGRATE_SQLITE;

    load_legacy(place);
    good(place, adopt);
    expect(place,
           file ? "SELECT count(*) FROM sqlite_master WHERE name LIKE 'legacy%'"
                : "SELECT count(*) FROM pg_namespace WHERE nspname = 'openmmo_legacy'",
           "0");
}

/* What we do not know is not thrown away. */
static void test_old_tables_stay(void **state)
{
    struct place *place = *state;
    bool file = place->kind == MIGRATE_SQLITE;

    load_legacy(place);
    sql(place, "ALTER TABLE players ADD COLUMN avatar TEXT DEFAULT 'a bear'");
    good(place, adopt);
    said(place, "the old tables are kept");
    expect(place,
           file ? "SELECT avatar FROM legacy_players WHERE id = 1"
                : "SELECT avatar FROM openmmo_legacy.players WHERE id = 1",
           "a bear");
    expect_adopted(place);
}

static void test_old_tables_in_use(void **state)
{
    struct place *place = *state;
    bool file = place->kind == MIGRATE_SQLITE;

    load_legacy(place);
    sql(place, "CREATE TABLE friends (a INTEGER REFERENCES players (id))");
    sql(place, "INSERT INTO friends VALUES (1)");
    good(place, adopt);
    said(place, "the old tables are kept");
    expect(place,
           file ? "SELECT count(*) FROM legacy_players"
                : "SELECT count(*) FROM openmmo_legacy.players",
           "27");
    expect(place, "SELECT count(*) FROM friends", "1");
    expect_adopted(place);
}

static void test_old_sessions_in_use(void **state)
{
    struct place *place = *state;

    load_legacy(place);
    sql(place, "CREATE VIEW visits AS SELECT count(*) AS n FROM game_sessions");
    good(place, adopt);
    said(place, "the old tables are kept");
    expect(place, "SELECT count(*) FROM visits", "1");
    expect_adopted(place);
}

/* Only what is there. */
static void test_players_alone(void **state)
{
    struct place *place = *state;

    load_legacy(place);
    sql(place, "DROP TABLE game_sessions");
    sql(place, "DROP TABLE player_positions");
    good(place, adopt);
    expect(place, "SELECT count(*) FROM players", "27");
    expect(place, "SELECT count(*) FROM player_positions", "0");
}

/* So many that they go in by several statements: of two that fold equal the older one keeps its
 * name and e-mail, whether they come in the same statement or not. */
static void test_many(void **state)
{
    struct place *place = *state;
    static char text[200000];
    size_t n = 0;

    load_legacy(place);
    sql(place, "DROP TABLE game_sessions");
    sql(place, "DROP TABLE player_positions");
    sql(place, "DELETE FROM players");
    for (unsigned i = 1; i <= 700; i++) /* the first two are a pair, so are each other 350 apart */
        n += (size_t)snprintf(
            text + n, sizeof(text) - n,
            "INSERT INTO players (id, username, email, password_hash, created_at) VALUES"
            " (%u, '%s%u', '%s%u@example.org', '$2b$10$x', '2021-05-01 10:00:00');",
            i, i <= 350 ? "walker" : "WALKER", (i - 1) % 350 / 2 * 2, i <= 350 ? "w" : "W",
            (i - 1) % 350 / 2 * 2);
    sql(place, text);
    good(place, adopt);
    expect(place, "SELECT count(*) FROM players", "700");
    expect(place, "SELECT count(DISTINCT username_key) FROM players", "700");
    expect(place, "SELECT count(DISTINCT email_key) FROM players", "700");
    expect(place, "SELECT count(*) FROM players WHERE username NOT LIKE '%~%' AND id % 2 = 1",
           "175");
    expect(place,
           "SELECT count(*) FROM players WHERE username LIKE '%~4' AND email LIKE '%~4'"
           " AND id > 350 AND id % 2 = 0",
           "175");
    expect(place, "SELECT count(*) FROM adoption_changes", "1050");
}

static const struct {
    const char *sql, *why;
    enum { ON_EACH, SQLITE_ONLY, POSTGRESQL_ONLY } on;
} strange[] = {
    {"ALTER TABLE players RENAME COLUMN password_hash TO secret",
     "has a table players without a column password_hash", ON_EACH},
    {"ALTER TABLE player_positions RENAME COLUMN z TO depth",
     "has a table player_positions without a column z", ON_EACH},
    {"UPDATE players SET id = -5 WHERE id = 5", "without a positive one", ON_EACH},
    /* Ids that are texts: of all, of one in a table that says no type, of what belongs to players.
     */
    {"ALTER TABLE players ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id TYPE TEXT",
     "players whose id is no whole number", POSTGRESQL_ONLY},
    {"ALTER TABLE player_positions ALTER COLUMN player_id TYPE TEXT",
     "player_positions whose player_id is no whole number", POSTGRESQL_ONLY},
    {"ALTER TABLE game_sessions ALTER COLUMN id DROP DEFAULT, ALTER COLUMN id TYPE TEXT",
     "game_sessions whose id is no whole number", POSTGRESQL_ONLY},
    {"CREATE TABLE t AS SELECT * FROM players; DROP TABLE players; ALTER TABLE t RENAME TO players;"
     "UPDATE players SET id = '6ba7b810-9dad-11d1-80b4-00c04fd430c8' WHERE id = 5",
     "players whose id is no whole number", SQLITE_ONLY},
    {"CREATE TABLE t AS SELECT * FROM player_positions; DROP TABLE player_positions;"
     "ALTER TABLE t RENAME TO player_positions; UPDATE player_positions SET id = 'x' || id",
     "player_positions whose id is no whole number", SQLITE_ONLY},
    {"CREATE TABLE t AS SELECT * FROM game_sessions; DROP TABLE game_sessions;"
     "ALTER TABLE t RENAME TO game_sessions; UPDATE game_sessions SET id = 7",
     "game_sessions with the same id", SQLITE_ONLY},
};

static void test_strange_ones_are_refused(void **state)
{
    struct place *place = *state;

    for (size_t i = 0; i < sizeof(strange) / sizeof(*strange); i++) {
        bool postgresql = place->kind == MIGRATE_POSTGRESQL;

        if (strange[i].on == (postgresql ? SQLITE_ONLY : POSTGRESQL_ONLY))
            continue;
        load_legacy(place);
        sql(place, strange[i].sql);
        refused(place, adopt, strange[i].why);
        teardown(state);
        *state = postgresql ? &cluster : NULL;
        setup(state);
        place = *state;
    }
}

/* -- times without zone --------------------------------------------------------------------------
 */

static void set_zone(struct place *place)
{
    char text[120];

    snprintf(text, sizeof(text), "ALTER DATABASE %s SET timezone = 'Europe/Berlin'",
             strstr(place->connection, "dbname=") + strlen("dbname="));
    sql(place, text);
}

static void test_zones(void **state)
{
    struct place *place = *state;
    struct migrate how = adopt;

    set_zone(place);
    load_legacy(place);
    how.legacy_utc = false;
    good(place, how);
    expect(place, "SELECT (last_login AT TIME ZONE 'UTC')::text FROM players WHERE id = 26",
           "2021-07-01 10:30:00");
    expect(place, "SELECT (created_at AT TIME ZONE 'UTC')::text FROM players WHERE id = 26",
           "2021-07-01 10:00:00.123456");
    expect(place, "SELECT (created_at AT TIME ZONE 'UTC')::text FROM players WHERE id = 25",
           "2021-07-01 10:00:00"); /* the year 44 BC is no time: the first that is known */
}

static void test_zones_utc(void **state)
{
    struct place *place = *state;

    set_zone(place);
    load_legacy(place);
    sql(place, "ALTER TABLE players ALTER COLUMN last_login TYPE TIMESTAMPTZ;"
               "ALTER TABLE player_positions ALTER COLUMN updated_at DROP DEFAULT,"
               " ALTER COLUMN updated_at TYPE BIGINT"
               " USING (extract(epoch FROM updated_at) * 1000)::bigint");
    good(place, adopt);
    expect(place, "SELECT (created_at AT TIME ZONE 'UTC')::text FROM players WHERE id = 26",
           "2021-07-01 12:00:00.123456");
    expect(place, "SELECT (last_login AT TIME ZONE 'UTC')::text FROM players WHERE id = 26",
           "2021-07-01 10:30:00"); /* it had a zone */
    expect(place,
           "SELECT (updated_at AT TIME ZONE 'UTC')::text FROM player_positions WHERE player_id = 1",
           "2021-08-01 10:00:00");
}

static void test_times_of_a_file(void **state)
{
    struct place *place = *state;

    load_legacy(place);
    sql(place, "UPDATE players SET created_at = 1625140800123 WHERE id = 10;"
               "UPDATE players SET created_at = 1625140800 WHERE id = 11;"
               "UPDATE players SET created_at = '2021-07-01T12:00:00+02:00' WHERE id = 13;"
               "UPDATE players SET created_at = 'yesterday' WHERE id = 14");
    good(place, adopt);
    expect(place, "SELECT created_at FROM players WHERE id = 26", "2021-07-01T12:00:00.123Z");
    expect(place, "SELECT created_at FROM players WHERE id = 10", "2021-07-01T12:00:00.123Z");
    expect(place, "SELECT created_at FROM players WHERE id = 11", "2021-07-01T12:00:00.000Z");
    expect(place, "SELECT created_at FROM players WHERE id = 13", "2021-07-01T10:00:00.000Z");
    expect(place, "SELECT created_at > '2025' FROM players WHERE id = 14", "1");
}

/* -- at once -------------------------------------------------------------------------------------
 */

struct racer {
    struct place *place;
    pthread_t thread;
    struct error report, error;
    int rc;
};

static void *race(void *context)
{
    struct racer *racer = context;
    struct migrate how = adopt;
    const char *const keywords[] = {"dbname", NULL};
    const char *const values[] = {racer->place->connection, NULL};

    how.half_m = HALF_M;
    racer->rc = migrate_postgresql(keywords, values, &how, &racer->report, &racer->error);
    return NULL;
}

static void test_one_wins(void **state)
{
    struct place *place = *state;
    struct racer racers[4] = {{.rc = 1}};
    unsigned did = 0, saw = 0;

    load_legacy(place);
    for (unsigned i = 0; i < 4; i++) {
        racers[i].place = place;
        assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]), 0);
    }
    for (unsigned i = 0; i < 4; i++) {
        pthread_join(racers[i].thread, NULL);
        if (racers[i].rc < 0)
            fail_msg("%s", racers[i].error.text);
        did += strstr(racers[i].report.text, MIGRATIONS " migrations applied") != NULL;
        saw += strstr(racers[i].report.text, "is up to date") != NULL;
    }
    assert_int_equal(did, 1);
    assert_int_equal(saw, 3);
    expect_adopted(place);
}

/* -- what a server may say -----------------------------------------------------------------------
 */

static void test_beside_a_daemon(void **state)
{
    struct place *place = *state;
    struct migrate alone = adopt, look = dry;
    PGconn *daemon = PQconnectdb(place->connection);

    alone.alone = look.alone = true;
    load_legacy(place);
    PQclear(PQexec(daemon, "SELECT pg_advisory_lock(" PG_CLAIM_KEY ")"));
    refused(place, alone, "is in use by another openmmod: stop it first");
    good(place, look);
    PQfinish(daemon);
    /* its end may take a moment */
    for (unsigned i = 0; i < 500 && migrate(place, alone) < 0; i++)
        nanosleep(&(struct timespec){0, 20000000}, NULL);
    assert_string_equal(place->error.text, "");
    expect_adopted(place);
}

static void test_rights(void **state)
{
    struct place *place = *state;
    char *user = strstr(place->connection, "user=openmmo");

    sql(place, "REVOKE CREATE ON SCHEMA public FROM PUBLIC;"
               "DROP ROLE IF EXISTS lowlier; CREATE ROLE lowlier LOGIN");
    memcpy(user, "user=lowlier", strlen("user=lowlier"));
    refused(place, apply, "permission denied for schema public");
    assert_non_null(strstr(place->error.text, "grant CREATE"));
}

static void test_nobody_there(void **state)
{
    const char *const keywords[] = {"dbname", NULL};
    const char *const values[] = {"host=/nowhere user=a password=secret123 dbname=b", NULL};
    struct migrate how = apply;
    struct error error = {""};

    (void)state;
    assert_int_equal(migrate_postgresql(keywords, values, &how, NULL, &error), -1);
    assert_non_null(strstr(error.text, "cannot connect to the database"));
    assert_null(strstr(error.text, "secret123"));
}

static void test_other_encoding(void **state)
{
    struct place *place = *state;

    sql(place, "CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0");
    strcpy(strstr(place->connection, "dbname="), "dbname=latin");
    refused(place, apply, "is in LATIN1: it must be made with ENCODING 'UTF8'");
}

/* -- a pooler in between -------------------------------------------------------------------------
 */

static void write_file(const char *directory, const char *name, const char *text)
{
    char path[160];
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", directory, name);
    file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
    assert_int_equal(chmod(path, 0644), 0);
}

static void test_behind_pgbouncer(void **state)
{
    struct place *place = *state;
    char text[1024], ini[96], connection[PG_CLUSTER_CONNECTION_BYTES + 16];
    const char *database = strstr(place->connection, "dbname=") + strlen("dbname=");
    const char *const argv[] = {"/usr/sbin/pgbouncer", ini, NULL};
    pid_t pid;

    snprintf(text, sizeof(text),
             "[databases]\n%s = host=%s dbname=%s\n[pgbouncer]\nlisten_addr =\n"
             "unix_socket_dir = %s\nlisten_port = 6432\nauth_type = trust\n"
             "auth_file = %s/users\npool_mode = transaction\ndefault_pool_size = 2\n",
             database, cluster.root, database, cluster.root, cluster.root);
    write_file(cluster.root, "pgbouncer.ini", text);
    write_file(cluster.root, "users", "\"openmmo\" \"\"\n");
    snprintf(ini, sizeof(ini), "%s/pgbouncer.ini", cluster.root);
    load_legacy(place);
    pid = pg_cluster_spawn(&cluster, argv);
    assert_true(pid > 0);
    snprintf(connection, sizeof(connection), "%s port=6432", place->connection);
    assert_int_equal(pg_cluster_wait(connection, pid), 0);
    snprintf(place->connection, sizeof(place->connection), "%.200s", connection);
    good(place, dry);
    good(place, adopt);
    expect_adopted(place);
    kill(pid, SIGINT);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void test_dry_run_makes_no_file(void **state)
{
    struct place *place = *state;

    good(place, dry);
    assert_int_equal(access(place->scratch.path, F_OK), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        ON_BOTH(test_ledger, setup, teardown),
        ON_BOTH(test_newer, setup, teardown),
        ON_BOTH(test_steps_apply_whole, setup, teardown),
        ON_BOTH(test_foreign_ledger, setup, teardown),
        ON_BOTH(test_second_upgrades_first, setup, teardown),
        ON_BOTH(test_adoption, setup, teardown),
        ON_BOTH(test_old_tables_go, setup, teardown),
        ON_BOTH(test_old_tables_stay, setup, teardown),
        ON_BOTH(test_old_tables_in_use, setup, teardown),
        ON_BOTH(test_old_sessions_in_use, setup, teardown),
        ON_BOTH(test_players_alone, setup, teardown),
        ON_BOTH(test_many, setup, teardown),
        ON_BOTH(test_strange_ones_are_refused, setup, teardown),
        ON_POSTGRESQL(test_zones, setup, teardown),
        ON_POSTGRESQL(test_zones_utc, setup, teardown),
        ON_SQLITE(test_times_of_a_file, setup, teardown),
        ON_POSTGRESQL(test_one_wins, setup, teardown),
        ON_POSTGRESQL(test_beside_a_daemon, setup, teardown),
        ON_POSTGRESQL(test_rights, setup, teardown),
        ON_POSTGRESQL(test_nobody_there, setup, teardown),
        ON_POSTGRESQL(test_other_encoding, setup, teardown),
        ON_POSTGRESQL(test_behind_pgbouncer, setup, teardown),
        ON_SQLITE(test_dry_run_makes_no_file, setup, teardown),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
