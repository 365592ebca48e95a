/* migrate_postgresql.c -- migrations of a PostgreSQL database, by libpq's blocking calls: at
 * start-up, before anything else goes on. One transaction, so that a pooler in front does not
 * matter. */
#include <libpq-fe.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"
#include "store/migrate_run.h"
#include "store/pg_link.h"

#define ROWS_AT_ONCE 500
#define COLUMNS_MAX  16
#define SQL_BYTES    8192
#define WORDS_MAX    64
#define LOCK_KEY                                                                                   \
    "7310868735423665517" /* "openmmo" and a bit: any number that others do not use                \
                           */

/* Text of a peer's: one line, printable. */
static const char *line(const char *text, char *out, size_t out_bytes)
{
    size_t length = text ? strcspn(text, "\n") : 0;

    text_sanitise(text ? text : "", length, out, out_bytes);
    return out;
}

/* What the server said, and what an operator can do about it. Returns -1. */
static int said(struct error *error, const struct migrate_link *link, const PGresult *result)
{
    const char *state = result ? PQresultErrorField(result, PG_DIAG_SQLSTATE) : NULL;
    const char *words = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_PRIMARY) : NULL;
    const char *more = result ? PQresultErrorField(result, PG_DIAG_MESSAGE_DETAIL) : NULL;
    char primary[200], detail[120];

    line(words ? words : PQerrorMessage(link->connection), primary, sizeof(primary));
    if (state && strcmp(state, "42501") == 0)
        return error_set(error,
                         "%s: %s: let its owner run openmmod --migrate, or grant CREATE on the "
                         "schema and the database",
                         link->name, primary);
    if (state && strcmp(state, "55P03") == 0)
        return error_set(error, "%s is locked by another program: end its transaction", link->name);
    return error_set(error, "%s: %s%s%s", link->name, primary, more ? ": " : "",
                     more ? line(more, detail, sizeof(detail)) : "");
}

static bool good(const PGresult *result)
{
    return PQresultStatus(result) == PGRES_COMMAND_OK || PQresultStatus(result) == PGRES_TUPLES_OK;
}

static int exec(struct migrate_link *link, const char *sql, struct error *error)
{
    PGresult *result = PQexec(link->connection, sql);
    int rc = good(result) ? 0 : said(error, link, result);

    PQclear(result);
    return rc;
}

static int give_rows(const PGresult *result, const struct migrate_query *query, struct error *error)
{
    int columns_n = PQnfields(result), rc = 0;

    for (int row = 0; row < PQntuples(result) && rc == 0; row++) {
        const char *values[COLUMNS_MAX] = {NULL};

        for (int i = 0; i < columns_n && i < COLUMNS_MAX; i++)
            values[i] = PQgetisnull(result, row, i) ? NULL : PQgetvalue(result, row, i);
        rc = query->row(query->context, values, error);
    }
    return rc;
}

static int ask_once(struct migrate_link *link, struct migrate_query *query, int *rows_n,
                    struct error *error)
{
    PGresult *result = PQexecParams(link->connection, query->sql, query->values_n, NULL,
                                    query->values, NULL, NULL, 0);
    int rc = good(result) ? 0 : said(error, link, result);

    if (rc == 0) {
        query->changed = strtoull(PQcmdTuples(result), NULL, 10);
        *rows_n = PQntuples(result);
    }
    if (rc == 0 && query->row)
        rc = give_rows(result, query, error);
    PQclear(result);
    return rc;
}

/* A cursor, so that a million rows need not lie in memory. */
static int ask_many(struct migrate_link *link, const struct migrate_query *query,
                    struct error *error)
{
    struct migrate_query fetch = {.row = query->row, .context = query->context};
    char sql[SQL_BYTES];
    int rows_n = ROWS_AT_ONCE;

    if (snprintf(sql, sizeof(sql), "DECLARE migrate_rows NO SCROLL CURSOR FOR %s", query->sql) >=
        (int)sizeof(sql))
        return error_set(error, "a statement is too long");
    if (exec(link, sql, error) < 0)
        return -1;
    snprintf(sql, sizeof(sql), "FETCH %d FROM migrate_rows", ROWS_AT_ONCE);
    fetch.sql = sql;
    while (rows_n == ROWS_AT_ONCE)
        if (ask_once(link, &fetch, &rows_n, error) < 0)
            return -1;
    return exec(link, "CLOSE migrate_rows", error);
}

static int ask(struct migrate_link *link, struct migrate_query *query, struct error *error)
{
    int rows_n;

    return query->many ? ask_many(link, query, error) : ask_once(link, query, &rows_n, error);
}

static void be_quiet(void *context, const char *message)
{
    (void)context;
    (void)message;
}

/* What the caller says comes later, and so counts more; our encoding counts most. */
static PGconn *connect_by(const char *const *keywords, const char *const *values)
{
    const char *names[WORDS_MAX + 4] = {"connect_timeout", "fallback_application_name"};
    const char *texts[WORDS_MAX + 4] = {"10", "openmmod"};
    unsigned n = 2;

    for (unsigned i = 0; keywords[i] && n < WORDS_MAX + 2; i++, n++) {
        names[n] = keywords[i];
        texts[n] = values[i];
    }
    names[n] = "client_encoding";
    texts[n] = "UTF8";
    return PQconnectdbParams(names, texts, 1);
}

static PGconn *connect_to(const char *const *keywords, const char *const *values,
                          struct migrate_link *link, struct error *error)
{
    PGconn *conn = connect_by(keywords, values);
    char text[300];
    const char *encoding;

    if (!conn || PQstatus(conn) != CONNECTION_OK) {
        error_set(error, "cannot connect to the database: %s",
                  line(conn ? PQerrorMessage(conn) : "out of memory", text, sizeof(text)));
        PQfinish(conn);
        return NULL;
    }
    PQsetNoticeProcessor(conn, be_quiet, NULL);
    link->connection = conn;
    snprintf(link->name, sizeof(link->name), "database %.60s at %.120s", PQdb(conn), PQhost(conn));
    encoding = PQparameterStatus(conn, "server_encoding");
    if (encoding && strcmp(encoding, "UTF8") != 0) {
        error_set(error, "%s is in %.40s: it must be made with ENCODING 'UTF8'", link->name,
                  encoding);
        PQfinish(conn);
        return NULL;
    }
    return conn;
}

static int see_claim(void *context, const char *const *values, struct error *error)
{
    (void)error;
    *(bool *)context = values[0] && values[0][0] == 't';
    return 0;
}

/* A daemon holds this lock as long as it lives; ours ends with the transaction. */
static int claim(struct migrate_link *link, struct error *error)
{
    bool ours = false;
    struct migrate_query query = {.sql = "SELECT pg_try_advisory_xact_lock(" PG_CLAIM_KEY ")",
                                  .row = see_claim,
                                  .context = &ours};

    if (migrate_ask(link, &query, error) < 0)
        return -1;
    return ours ? 0
                : error_set(error, "%s is in use by another openmmod: stop it first", link->name);
}

int migrate_postgresql(const char *const *keywords, const char *const *values,
                       struct migrate *migrate, struct error *report, struct error *error)
{
    /* The first statements of a transaction hold for it alone: a pooler gives the connection to
     * others afterwards. */
    static const char begin[] = "BEGIN;"
                                "SET LOCAL statement_timeout = 0;"
                                "SET LOCAL idle_in_transaction_session_timeout = 0;"
                                "SET LOCAL lock_timeout = '60s';"
                                "SELECT pg_advisory_xact_lock(" LOCK_KEY ")";
    struct migrate_link link = {.kind = MIGRATE_POSTGRESQL, .exec = exec, .ask = ask};
    PGconn *conn = connect_to(keywords, values, &link, error);
    int rc;

    if (!conn)
        return -1;
    if (!migrate->steps) {
        migrate->steps = migrate_postgresql_steps;
        migrate->steps_n = migrate_postgresql_steps_n;
    }
    migrate->applied = 0;
    rc = exec(&link, begin, error);
    if (rc == 0 && migrate->alone && !migrate->dry_run)
        rc = claim(&link, error);
    if (rc == 0)
        rc = migrate_run(&link, migrate, error);
    if (rc == 0)
        rc = exec(&link, migrate->dry_run ? "ROLLBACK" : "COMMIT", error);
    if (rc == 0 && report)
        migrate_report(&link, migrate, report);
    if (rc < 0)
        migrate->applied = 0;
    PQfinish(conn); /* what was not committed is gone with it */
    return rc;
}
