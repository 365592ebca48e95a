/* How both databases answer every question of the store's table: by an index, never by reading a
 * table that grows from end to end. With --update, the plans are written into doc/database.md. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>
#include <libpq-fe.h>
#include <sodium.h>
#include <sqlite3.h>

#include "pg_cluster.h"
#include "scratch.h"
#include "store/migrate.h"
#include "store/pg_values.h"
#include "store/sqlite_file.h"
#include "store/statements.h"

#define PAGE       SOURCE_DIR "/doc/database.md"
#define BEGIN_MARK "<!-- plans: made by tests/server/test_plans --update -->\n"
#define END_MARK   "<!-- end of plans -->\n"
#define PAGE_BYTES (512 * 1024)
#define PLAN_BYTES 4096

static struct scratch scratch;
static char connection[PG_CLUSTER_CONNECTION_BYTES];
static sqlite3 *file;
static PGconn *server;

/* clang-format off */
#define N(n) "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < " #n ") INSERT INTO "
#define T "'2026-01-01T00:00:00.000Z'"

/* As in a world that has been up for a while: a planner reads a small table from end to end, rightly. */
static const char *const rows[] = {
    N(20000) "players (username, username_key, email, email_key, password_hash, created_at)"
        " SELECT 'player' || i, 'player' || i, 'p' || i || '@example.org', 'p' || i || '@example.org', 'hash', " T " FROM n",
    N(20000) "player_positions (player_id, x, y, z, yaw, updated_at, epoch, tick) SELECT i, i, 0, -i, 0, " T ", 1, 1 FROM n",
    N(60000) "game_sessions (session_id, player_id, socket_id, connected_at, disconnected_at)"
        " SELECT 'session' || i, 1 + i % 20000, 'socket' || i, " T ", CASE WHEN i > 100 THEN " T " END FROM n",
    N(40000) "player_addresses (player_id, network, seen_at) SELECT 1 + i % 20000, '10.0.' || i || '.0/24', " T " FROM n",
    N(10000) "bans (player_id, network, reason, created_at, created_by, lifted_at, lifted_by)"
        " SELECT CASE WHEN i % 2 = 0 THEN i END, CASE WHEN i % 2 = 1 THEN '10.0.0.' || i END, 'reason', " T ", 'somebody',"
        " CASE WHEN i % 50 > 0 THEN " T " END, CASE WHEN i % 50 > 0 THEN 'somebody' END FROM n",
    N(10000) "mutes (player_id, reason, created_at, created_by, lifted_at, lifted_by) SELECT i, 'reason', " T ", 'somebody',"
        " CASE WHEN i % 50 > 0 THEN " T " END, CASE WHEN i % 50 > 0 THEN 'somebody' END FROM n",
    N(40000) "audit (at, actor_uid, actor, method, target, detail, outcome)"
        " SELECT '20' || (10 + i % 80) || '-01-01T00:00:00.000Z', 0, 'root' || i % 20, 'bans.add', 'target' || i, '{}', 'ok' FROM n",
    N(40000) "refresh_tokens (family, player_id, token_hash, issued_at, expires_at)"
        " SELECT 'family' || (i / 3), 1 + i % 20000, 'hash' || i, " T ", '20' || (10 + i % 80) || '-01-01T00:00:00.000Z' FROM n",
    N(5000) "invites (code_hash, created_at, created_by, expires_at, uses_left) SELECT 'hash' || i, " T ", 'root', " T ", 1 FROM n",
    N(5000) "reset_codes (player_id, code_hash, expires_at, created_by) SELECT i, 'hash' || i, " T ", 'root' FROM n",
    N(60000) "chat_log (at, channel, player_id, name, text)"
        " SELECT '20' || (10 + i % 80) || '-01-01T00:00:00.000Z', 0, 1 + i % 20000, 'name', 'what was said' FROM n",
    N(20000) "reports (at, reporter_id, reporter, about_id, about, words, closed_at, closed_by, verdict)"
        " SELECT '20' || (10 + i % 80) || '-01-01T00:00:00.000Z', 1 + i % 5000, 'name', 1 + i % 3000, 'other', 'what he did',"
        " CASE WHEN i % 50 > 0 THEN " T " END, CASE WHEN i % 50 > 0 THEN 'somebody' END, 'seen' FROM n",
    N(60000) "report_lines (report_id, at, channel, player_id, name, text)"
        " SELECT 1 + i % 20000, " T ", 0, 1 + i % 20000, 'name', 'what was said' FROM n",
    N(10000) "player_positions_conflict (player_id, x, y, z, updated_at) SELECT i, i, 0, i, " T " FROM n",
    N(10000) "adoption_set_aside (table_name, row_id, player_id, reason, content) SELECT 'game_sessions', i, i, 'no owner', '{}' FROM n",
    N(10000) "adoption_changes (player_id, what, was, became) SELECT i, 'username', 'a', 'b' FROM n",
    N(10000) "allowlist (player_id, added_at, added_by) SELECT i, " T ", 'somebody' FROM n",
    "ANALYZE",
};

/* PostgreSQL wants its own words for a time that is put together. */
static const char *const rows_postgresql[][2] = {
    {"SELECT '20' || (10 + i % 80) || '-01-01T00:00:00.000Z'", "SELECT ('20' || (10 + i % 80) || '-01-01T00:00:00.000Z')::timestamptz"},
    {", '20' || (10 + i % 80) || '-01-01T00:00:00.000Z' FROM", ", ('20' || (10 + i % 80) || '-01-01T00:00:00.000Z')::timestamptz FROM"},
    {"THEN " T " END", "THEN " T "::timestamptz END"},
};

/* Those that may read a table from end to end, and why. */
static const struct {
    const char *statement, *table;
} wholes[] = {
    {"player_erase", "audit"},         /* a name may stand in any line of it; once in a blue moon */
    {"player_erase", "report_lines"},  /* the same */
    {"invites_list", "invites"},       /* by their ids, from the newest, up to a limit */
    {"players_count", "players"},      /* each is counted; the answer is kept for a while */
    {"", "server_state"},              /* one row */
    {"", "schema_migrations"},         /* a few */
};
/* clang-format on */

static const char *in_postgresql(const char *text, char out[2048])
{
    snprintf(out, 2048, "%s", text);
    for (size_t i = 0; i < ARRAY_N(rows_postgresql); i++)
        for (char *at = out; (at = strstr(at, rows_postgresql[i][0])) != NULL;) {
            char rest[2048];

            snprintf(rest, sizeof(rest), "%s", at + strlen(rows_postgresql[i][0]));
            snprintf(at, 2048 - (size_t)(at - out), "%s%s", rows_postgresql[i][1], rest);
            at += strlen(rows_postgresql[i][1]);
        }
    return out;
}

static int make(void **state)
{
    const char *const keywords[] = {"dbname", NULL};
    const char *const values[] = {connection, NULL};
    struct migrate how = {.apply = true};
    struct error report = {""}, error = {""};

    (void)state;
    scratch_make(&scratch);
    assert_int_equal(pg_cluster_make(&cluster, false), 0);
    assert_int_equal(pg_cluster_database(&cluster, connection), 0);
    if (migrate_file(scratch.path, &how, &report, &error) < 0)
        fail_msg("%s", error.text);
    how.steps = NULL;
    if (migrate_postgresql(keywords, values, &how, NULL, &error) < 0)
        fail_msg("%s", error.text);
    file = sqlite_file_open(scratch.path, 1000, &error);
    server = PQconnectdb(connection);
    PQclear(PQexec(server, "SET plan_cache_mode = force_generic_plan"));
    for (size_t i = 0; i < ARRAY_N(rows); i++) {
        char text[2048];
        PGresult *result = PQexec(server, in_postgresql(rows[i], text));

        if (PQresultStatus(result) != PGRES_COMMAND_OK)
            fail_msg("%s: %s", text, PQerrorMessage(server));
        PQclear(result);
        if (sqlite_file_exec(file, scratch.path, rows[i], &error) < 0)
            fail_msg("%s: %s", rows[i], error.text);
    }
    return 0;
}

static int clear(void **state)
{
    (void)state;
    sqlite3_close(file);
    PQfinish(server);
    pg_cluster_remove(&cluster);
    scratch_remove(&scratch);
    return 0;
}

static void add(char plan[PLAN_BYTES], const char *line)
{
    size_t at = strlen(plan);

    snprintf(plan + at, PLAN_BYTES - at, "    %s\n", line);
}

static void plan_of_sqlite(const char *sql, char plan[PLAN_BYTES])
{
    static char text[8192];
    sqlite3_stmt *statement = NULL;

    plan[0] = '\0';
    snprintf(text, sizeof(text), "EXPLAIN QUERY PLAN %s", sql);
    if (sqlite3_prepare_v2(file, text, -1, &statement, NULL) != SQLITE_OK)
        fail_msg("%s: %s", text, sqlite3_errmsg(file));
    while (sqlite3_step(statement) == SQLITE_ROW)
        add(plan, (const char *)sqlite3_column_text(statement, 3));
    sqlite3_finalize(statement);
}

static void plan_of_postgresql(const struct statement *row, const char *sql, char plan[PLAN_BYTES])
{
    struct pg_params params = {.n = 0};
    char text[256] = "EXPLAIN (COSTS OFF) EXECUTE plan";
    PGresult *result;

    plan[0] = '\0';
    pg_params_types(&params, row);
    result = PQprepare(server, "plan", sql, params.n, params.types);
    if (PQresultStatus(result) != PGRES_COMMAND_OK)
        fail_msg("%s: %s", row->name, PQerrorMessage(server));
    PQclear(result);
    for (int i = 0; i < params.n; i++)
        strcat(text, i == 0 ? "(NULL" : ", NULL");
    strcat(text, params.n ? ")" : "");
    result = PQexec(server, text);
    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        fail_msg("%s: %s", row->name, PQerrorMessage(server));
    for (int i = 0; i < PQntuples(result); i++)
        add(plan, PQgetvalue(result, i, 0));
    PQclear(result);
    PQclear(PQexec(server, "DEALLOCATE plan"));
}

static bool may_read_all(const struct statement *row, const char *table)
{
    for (size_t i = 0; i < ARRAY_N(wholes); i++)
        if ((!wholes[i].statement[0] || strcmp(wholes[i].statement, row->name) == 0) &&
            strncmp(table, wholes[i].table, strlen(wholes[i].table)) == 0)
            return true;
    return false;
}

/* SQLite: "SCAN x" with no index named. What is no table (a subquery's rows) is not meant. */
static unsigned check_plan(const struct statement *row, const char *plan, const char *mark)
{
    unsigned bad = 0;

    for (const char *at = plan; (at = strstr(at, mark)) != NULL; at++) {
        const char *table = at + strlen(mark), *end = strchr(at, '\n');
        const char *index = strstr(at, "USING");

        if (!(index && index < end) && strncmp(table, "CONSTANT", 8) != 0 &&
            !may_read_all(row, table)) {
            print_error("%s reads a table from end to end:\n%s", row->name, plan);
            bad++;
        }
    }
    return bad;
}

static void test_by_index(void **state)
{
    char plan[PLAN_BYTES];
    unsigned bad = 0;

    (void)state;
    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++) {
        const struct statement *row = statement_of((enum store_statement)i);

        for (size_t step = 0; step < statement_steps_n(row); step++) {
            const char *sql = row->steps[step].sqlite;

            plan_of_sqlite(sql, plan);
            bad += check_plan(row, plan, "SCAN ");
            sql = row->steps[step].postgresql ? row->steps[step].postgresql : sql;
            plan_of_postgresql(row, sql, plan);
            bad += check_plan(row, plan, "Seq Scan on ");
        }
    }
    assert_int_equal(bad, 0);
}

/* -- the page ------------------------------------------------------------------------------------
 */

static char page[PAGE_BYTES], plans[PAGE_BYTES];

static void say(const char *text)
{
    size_t at = strlen(plans);

    snprintf(plans + at, sizeof(plans) - at, "%s", text);
}

static void write_step(const struct statement *row, size_t step)
{
    const char *sqlite = row->steps[step].sqlite, *postgresql = row->steps[step].postgresql;
    char plan[PLAN_BYTES];

    say(sqlite);
    say("\n  SQLite\n");
    plan_of_sqlite(sqlite, plan);
    say(plan[0] ? plan : "    (no table is searched)\n");
    if (postgresql) {
        say(postgresql);
        say("\n");
    }
    say("  PostgreSQL\n");
    plan_of_postgresql(row, postgresql ? postgresql : sqlite, plan);
    say(plan);
}

static void write_plans(void)
{
    plans[0] = '\0';
    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++) {
        const struct statement *row = statement_of((enum store_statement)i);

        say("\n**");
        say(row->name);
        say("**\n```\n");
        for (size_t step = 0; step < statement_steps_n(row); step++)
            write_step(row, step);
        say("```\n");
    }
}

static void read_page(void)
{
    FILE *stream = fopen(PAGE, "r");

    assert_non_null(stream);
    page[fread(page, 1, sizeof(page) - 1, stream)] = '\0';
    fclose(stream);
}

/* Which index a version of PostgreSQL prefers is its own affair; what is asked is ours. */
static void test_page_is_of_today(void **state)
{
    (void)state;
    read_page();
    assert_non_null(strstr(page, BEGIN_MARK));
    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++) {
        const struct statement *row = statement_of((enum store_statement)i);

        for (size_t step = 0; step < statement_steps_n(row); step++)
            if (!strstr(page, row->steps[step].sqlite) ||
                (row->steps[step].postgresql && !strstr(page, row->steps[step].postgresql)))
                fail_msg("doc/database.md has not %s as it is: tests/server/test_plans --update",
                         row->name);
    }
}

static void update(void **state)
{
    char *begin, *end;
    FILE *stream;

    (void)state;
    read_page();
    begin = strstr(page, BEGIN_MARK);
    end = strstr(page, END_MARK);
    assert_true(begin && end);
    write_plans();
    stream = fopen(PAGE, "w");
    assert_non_null(stream);
    fprintf(stream, "%.*s%s%s", (int)(begin - page + (ptrdiff_t)strlen(BEGIN_MARK)), page, plans,
            end);
    assert_int_equal(fclose(stream), 0);
}

int main(int argc, char *argv[])
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_by_index),
                                       cmocka_unit_test(test_page_is_of_today)};
    const struct CMUnitTest updates[] = {cmocka_unit_test(update)};

    if (sodium_init() < 0)
        return 1;
    if (argc > 1 && strcmp(argv[1], "--update") == 0)
        return cmocka_run_group_tests(updates, make, clear);
    return cmocka_run_group_tests(tests, make, clear);
}
