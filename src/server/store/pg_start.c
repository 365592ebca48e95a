/* pg_start.c -- blocking, one after the other, each with a sentence for who starts us. */
#include "store/pg_start.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "store/migrate.h"
#include "store/pg_link.h"
#include "store/pg_values.h"
#include "store/timestamp.h"

#define CLAIM_PATIENCE_MS 5000 /* the one before us may be on its way out */
#define TRY_EVERY_MS      250
#define VERSION_MIN       130000

static void wait_a_moment(void)
{
    struct timespec moment = {0, TRY_EVERY_MS * 1000000L};

    nanosleep(&moment, NULL);
}

/* The target's words with one more, which comes last and so counts. */
static struct pg_words words_with(struct pg_target *target, const char *keyword, const char *value)
{
    struct pg_words words = *pg_target_words(target);
    size_t n = 0;

    while (words.keywords[n])
        n++;
    if (n + 1 < PG_TARGET_WORDS_MAX) {
        words.keywords[n] = keyword;
        words.values[n++] = value;
        words.keywords[n] = NULL;
    }
    return words;
}

PGconn *pg_start_connect(struct pg_target *target, unsigned timeout_s, struct error *error)
{
    char timeout[16];
    struct pg_words words;
    PGconn *conn;

    snprintf(timeout, sizeof(timeout), "%u", timeout_s);
    words = words_with(target, "connect_timeout", timeout);
    conn = PQconnectdbParams(words.keywords, words.values, 0);
    if (PQstatus(conn) == CONNECTION_OK)
        return conn;
    pg_sentence(error, "cannot connect to PostgreSQL ([store] connection): ",
                conn ? PQerrorMessage(conn) : "out of memory");
    PQfinish(conn);
    return NULL;
}

/* Not up yet, as at the start of the whole machine; else there is nothing to wait for. Asked
 * without TLS: a certificate that is not trusted is no server that is not up. */
static bool not_up(struct pg_target *target)
{
    struct pg_words words = words_with(target, "sslmode", "disable");
    PGPing ping = PQpingParams(words.keywords, words.values, 0);

    return ping == PQPING_REJECT || ping == PQPING_NO_RESPONSE;
}

static PGconn *connect_patiently(const struct store_config *config, struct pg_target *target,
                                 struct error *error)
{
    unsigned timeout_s = config->pg.connect_ms < 2000 ? 2 : config->pg.connect_ms / 1000;
    uint64_t end_ms = timestamp_now_ms() + PG_START_PATIENCE_S * 1000;
    bool told = false;

    for (;;) {
        PGconn *conn = pg_start_connect(target, timeout_s, error);

        if (conn || timestamp_now_ms() >= end_ms || !not_up(target))
            return conn;
        if (!told)
            log_event(LOG_LEVEL_WARN, "store_waits", error->text,
                      LOG_U64("patience_s", PG_START_PATIENCE_S));
        told = true;
        wait_a_moment();
    }
}

static int failed(PGconn *conn, const PGresult *result, const char *doing, struct error *error)
{
    char prefix[128];

    snprintf(prefix, sizeof(prefix), "PostgreSQL, %s: ", doing);
    pg_sentence(error, prefix, result ? PQresultErrorMessage(result) : PQerrorMessage(conn));
    return -1;
}

static int run(PGconn *conn, const char *sql, const char *doing, struct error *error)
{
    PGresult *result = PQexec(conn, sql);
    ExecStatusType status = PQresultStatus(result);
    int rc = 0;

    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
        rc = failed(conn, result, doing, error);
    PQclear(result);
    return rc;
}

/* 1: ours; 0: another's; -1 + error. */
static int try_claim(PGconn *conn, struct error *error)
{
    PGresult *result = PQexec(conn, "SELECT pg_try_advisory_lock(" PG_CLAIM_KEY ")");
    int rc;

    if (PQresultStatus(result) != PGRES_TUPLES_OK)
        rc = failed(conn, result, "claiming the database", error);
    else
        rc = strcmp(PQgetvalue(result, 0, 0), "t") == 0;
    PQclear(result);
    return rc;
}

/* Two daemons would write each other's players. Behind a pooler no lock lasts longer than a
 * transaction: there the epoch alone keeps the older one from saving. */
static int claim(PGconn *conn, const struct store_config *config, struct error *error)
{
    uint64_t end_ms = timestamp_now_ms() + CLAIM_PATIENCE_MS;

    if (config->pg.unprepared)
        return 0;
    for (;;) {
        int rc = try_claim(conn, error);

        if (rc != 0)
            return rc < 0 ? -1 : 0;
        if (timestamp_now_ms() >= end_ms)
            return error_set(error, "the PostgreSQL database %s is in use by another openmmod",
                             PQdb(conn));
        wait_a_moment();
    }
}

static int migrate_schema(const struct store_config *config, struct pg_target *target,
                          struct error *error)
{
    const struct pg_words *words = pg_target_words(target);
    struct migrate migrate = {.apply = config->migrate};

    if (migrate_postgresql(words->keywords, words->values, &migrate, NULL, error) < 0)
        return -1;
    if (migrate.applied)
        log_event(LOG_LEVEL_INFO, "store_migrated", "the database's schema was brought up to date",
                  LOG_TEXT("path", pg_target_place(target)),
                  LOG_U64("migrations", migrate.applied));
    return 0;
}

/* That the schema and the table of statements fit is seen here, and not by the first player. */
static int check_statements(PGconn *conn, struct error *error)
{
    struct pg_params params = {.n = 0};

    for (unsigned i = 0; i < STORE_STATEMENTS_N; i++) {
        const struct statement *row = statement_of((enum store_statement)i);

        pg_params_types(&params, row);
        for (size_t step = 0; step < statement_steps_n(row); step++) {
            PGresult *result =
                PQprepare(conn, "", statement_postgresql(row, step), params.n, params.types);
            int rc = PQresultStatus(result) == PGRES_COMMAND_OK
                         ? 0
                         : failed(conn, result, row->name, error);

            PQclear(result);
            if (rc < 0)
                return -1;
        }
    }
    return 0;
}

/* Inside a transaction. */
static int run_steps(PGconn *conn, struct store_ask *ask, struct error *error)
{
    struct pg_params params = {.n = 0};
    size_t n = statement_steps_n(ask->row);
    int rc = pg_params_fill(&params, ask);

    for (size_t step = 0; step < n && rc == 0; step++) {
        PGresult *result =
            PQexecParams(conn, statement_postgresql(ask->row, step), params.n, params.types,
                         params.values, params.lengths, params.formats, 1);
        ExecStatusType status = PQresultStatus(result);

        if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK)
            rc = failed(conn, result, ask->row->name, error);
        else if (step + 1 == n)
            rc = pg_values_read(result, ask, error);
        PQclear(result);
    }
    pg_params_free(&params);
    return rc;
}

static int begin_epoch(PGconn *conn, uint32_t *epoch, struct error *error)
{
    struct store_ask ask = {
        .row = statement_of(STORE_SERVER_START),
        .question = {.statement = STORE_SERVER_START, .in.id.now_ms = timestamp_now_ms()}};

    if (run(conn, "BEGIN", "beginning", error) < 0 || run_steps(conn, &ask, error) < 0 ||
        run(conn, "COMMIT", "raising the epoch", error) < 0)
        return -1;
    if (store_ask_done(&ask) != STORE_OK)
        return error_set(error, "PostgreSQL: table server_state has no row: restore a backup");
    *epoch = (uint32_t)ask.answer.out.epoch;
    return 0;
}

PGconn *pg_start(const struct store_config *config, struct pg_target *target, uint32_t *epoch,
                 struct error *error)
{
    PGconn *conn = connect_patiently(config, target, error);

    if (!conn)
        return NULL;
    if (PQserverVersion(conn) < VERSION_MIN)
        error_set(error, "PostgreSQL %d.%d is too old: 13 or newer is needed",
                  PQserverVersion(conn) / 10000, PQserverVersion(conn) % 10000);
    else if (pg_target_learn(target, conn, error) == 0 && claim(conn, config, error) == 0 &&
             migrate_schema(config, target, error) == 0 && check_statements(conn, error) == 0 &&
             begin_epoch(conn, epoch, error) == 0)
        return conn;
    PQfinish(conn);
    return NULL;
}
