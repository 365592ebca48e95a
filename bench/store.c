/* store.c -- what saving positions costs, for both drivers, beside the naive way: one INSERT a row,
 * each its own transaction.
 *
 * A SQLite file and a PostgreSQL of its own (initdb, a Unix socket, fsync on) lie in temporary
 * folders on one file system; the same players are in both. Rounds of all modes are interleaved;
 * each figure is the median of its rounds, with the least and the most.
 *
 *   store      one question with all rows, through store.h, from asking to its answer
 *   naive      the same rows by INSERT ... ON CONFLICT, one round trip and one commit each; so few
 *              of them that a round takes seconds, not minutes
 *
 * Not installed. */
#include <libpq-fe.h>
#include <sodium.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "store/store.h"

#include "../tests/server/pg_cluster.h"

#define ROUNDS_MAX 101

enum mode { SQLITE_STORE, SQLITE_NAIVE, PG_STORE, PG_NAIVE, MODES_N };

static const char *const mode_names[MODES_N] = {"SQLite, store", "SQLite, naive",
                                                "PostgreSQL, store", "PostgreSQL, naive"};

struct bench {
    size_t rows_n, naive_n;
    unsigned rounds_n;
    struct event_base *base;
    struct pg_cluster cluster;
    char directory[40], path[64], connection[PG_CLUSTER_CONNECTION_BYTES];
    struct store *stores[2]; /* SQLite, PostgreSQL */
    sqlite3 *naive_file;
    PGconn *naive_server;
    struct store_position *rows;
    uint32_t tick;
    bool answered;
    enum store_status status;
    double ms[MODES_N][ROUNDS_MAX];
};

static void die(const char *doing, const char *why)
{
    fprintf(stderr, "bench/store: %s: %s\n", doing, why);
    exit(1);
}

static double now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec * 1e3 + (double)now.tv_nsec / 1e6;
}

static void answered(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct bench *bench = context;

    (void)tag;
    bench->answered = true;
    bench->status = answer->status;
    if (answer->status == STORE_AWAY)
        fprintf(stderr, "bench/store: %s\n", answer->error.text);
}

static void ask(struct bench *bench, struct store *store, struct store_question *question)
{
    question->answer = answered;
    question->context = bench;
    bench->answered = false;
    if (store_ask(store, question) < 0)
        die("asking", "no room");
    while (!bench->answered)
        event_base_loop(bench->base, EVLOOP_ONCE);
    if (bench->status != STORE_OK)
        die("asking", "it said no");
}

static void open_stores(struct bench *bench)
{
    struct store_config config = {.base = bench->base,
                                  .queue_max = 1000,
                                  .migrate = true,
                                  .path = bench->path,
                                  .busy_ms = 2000,
                                  .pg = {.connection = bench->connection,
                                         .password_file = "",
                                         .pool_min = 1,
                                         .pool_max = 4,
                                         .statement_ms = 10000,
                                         .answer_ms = 15000,
                                         .connect_ms = 5000}};
    struct error error = {""};

    for (unsigned i = 0; i < 2; i++) {
        config.kind = i ? STORE_POSTGRESQL : STORE_SQLITE;
        bench->stores[i] = store_open(&config, &error);
        if (!bench->stores[i])
            die("opening", error.text);
    }
}

static void make(struct bench *bench)
{
    strcpy(bench->directory, "/tmp/openmmo-bench-XXXXXX");
    if (!mkdtemp(bench->directory))
        die("making a folder", "mkdtemp");
    snprintf(bench->path, sizeof(bench->path), "%s/world.db", bench->directory);
    if (pg_cluster_make(&bench->cluster, true) < 0 ||
        pg_cluster_database(&bench->cluster, bench->connection) < 0)
        die("making a cluster", "see above");
    bench->base = event_base_new();
    bench->rows = calloc(bench->rows_n, sizeof(*bench->rows));
    open_stores(bench);
    if (sqlite3_open(bench->path, &bench->naive_file) != SQLITE_OK)
        die("opening", bench->path);
    sqlite3_busy_timeout(bench->naive_file, 2000);
    sqlite3_exec(bench->naive_file, "PRAGMA synchronous = FULL", NULL, NULL, NULL);
    bench->naive_server = PQconnectdb(bench->connection);
}

/* The same players in both, and a first place for each. */
static void fill(struct bench *bench)
{
    char sql[400];

    snprintf(sql, sizeof(sql),
             "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %zu) "
             "INSERT INTO players (id, username, username_key, password_hash, created_at) "
             "SELECT i, 'p' || i, 'p' || i, 'x', '2026-01-01T00:00:00.000Z' FROM n",
             bench->rows_n);
    if (sqlite3_exec(bench->naive_file, sql, NULL, NULL, NULL) != SQLITE_OK)
        die("filling", sqlite3_errmsg(bench->naive_file));
    snprintf(sql, sizeof(sql),
             "INSERT INTO players (id, username, username_key, password_hash, created_at) "
             "SELECT i, 'p' || i, 'p' || i, 'x', now() FROM generate_series(1, %zu) AS i",
             bench->rows_n);
    (void)pg_cluster_sql(bench->connection, sql);
    (void)pg_cluster_sql(bench->connection, "ANALYZE");
    for (size_t i = 0; i < bench->rows_n; i++)
        bench->rows[i] = (struct store_position){.player_id = i + 1, .epoch = 1, .saved_ms = 1};
}

/* Everybody has moved. */
static void move(struct bench *bench)
{
    bench->tick++;
    for (size_t i = 0; i < bench->rows_n; i++) {
        bench->rows[i].x_m = (double)bench->tick + (double)i / 1000;
        bench->rows[i].tick = bench->tick;
        bench->rows[i].saved_ms = 1700000000000 + bench->tick;
    }
}

static void save_by_store(struct bench *bench, struct store *store)
{
    struct store_question question = {.statement = STORE_POSITIONS_SAVE};

    question.in.positions.rows = bench->rows;
    question.in.positions.n = bench->rows_n;
    ask(bench, store, &question);
}

#define NAIVE                                                                                      \
    "INSERT INTO player_positions (player_id, x, y, z, yaw, updated_at, epoch, tick) VALUES "      \
    "(%llu, %.17g, 0, 0, 0, '2026-01-01T00:00:00.000Z', 1, %u) ON CONFLICT (player_id) DO UPDATE " \
    "SET x = excluded.x, y = excluded.y, z = excluded.z, yaw = excluded.yaw, "                     \
    "updated_at = excluded.updated_at, epoch = excluded.epoch, tick = excluded.tick"

static void save_naively(struct bench *bench, bool server)
{
    char sql[500];

    for (size_t i = 0; i < bench->naive_n; i++) {
        const struct store_position *row = &bench->rows[i];

        snprintf(sql, sizeof(sql), NAIVE, (unsigned long long)row->player_id, row->x_m, row->tick);
        if (server) {
            PGresult *result = PQexec(bench->naive_server, sql);

            if (PQresultStatus(result) != PGRES_COMMAND_OK)
                die("saving", PQresultErrorMessage(result));
            PQclear(result);
        } else if (sqlite3_exec(bench->naive_file, sql, NULL, NULL, NULL) != SQLITE_OK) {
            die("saving", sqlite3_errmsg(bench->naive_file));
        }
    }
}

static double round_of(struct bench *bench, enum mode mode)
{
    double begun_ms;

    move(bench);
    begun_ms = now_ms();
    switch (mode) {
    case SQLITE_STORE:
    case PG_STORE:
        save_by_store(bench, bench->stores[mode == PG_STORE]);
        break;
    case SQLITE_NAIVE:
    case PG_NAIVE:
        save_naively(bench, mode == PG_NAIVE);
        break;
    case MODES_N:
        break;
    }
    return now_ms() - begun_ms;
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return (x > y) - (x < y);
}

static void report(struct bench *bench)
{
    double rate[MODES_N];

    printf("| way | rows a round | ms a round, median [least, most] of %u | rows/s |\n"
           "|---|---|---|---|\n",
           bench->rounds_n);
    for (unsigned mode = 0; mode < MODES_N; mode++) {
        size_t n = mode == SQLITE_STORE || mode == PG_STORE ? bench->rows_n : bench->naive_n;
        double *ms = bench->ms[mode], median;

        qsort(ms, bench->rounds_n, sizeof(*ms), by_value);
        median = ms[bench->rounds_n / 2];
        rate[mode] = (double)n / median * 1000;
        printf("| %s | %zu | %.1f [%.1f, %.1f] | %.0f |\n", mode_names[mode], n, median, ms[0],
               ms[bench->rounds_n - 1], rate[mode]);
    }
    printf("\nstore over naive: SQLite %.1f, PostgreSQL %.1f\n",
           rate[SQLITE_STORE] / rate[SQLITE_NAIVE], rate[PG_STORE] / rate[PG_NAIVE]);
}

static void end(struct bench *bench)
{
    static const char *const tails[] = {"", "-wal", "-shm"};

    for (unsigned i = 0; i < 2; i++)
        store_close(bench->stores[i]);
    sqlite3_close(bench->naive_file);
    PQfinish(bench->naive_server);
    pg_cluster_remove(&bench->cluster);
    event_base_free(bench->base);
    for (unsigned i = 0; i < 3; i++) {
        char path[80];

        snprintf(path, sizeof(path), "%s%s", bench->path, tails[i]);
        unlink(path);
    }
    rmdir(bench->directory);
    free(bench->rows);
}

int main(int argc, char *argv[])
{
    static struct bench bench = {.rows_n = 10000, .naive_n = 500, .rounds_n = 11};

    for (int option; (option = getopt(argc, argv, "n:r:")) != -1;) {
        if (option == 'n')
            bench.rows_n = strtoul(optarg, NULL, 10);
        else if (option == 'r')
            bench.rounds_n = (unsigned)strtoul(optarg, NULL, 10);
        else
            return 2;
    }
    if (bench.rows_n < 1 || bench.rounds_n < 1 || bench.rounds_n > ROUNDS_MAX || sodium_init() < 0)
        return 2;
    if (bench.naive_n > bench.rows_n)
        bench.naive_n = bench.rows_n;
    make(&bench);
    fill(&bench);
    for (unsigned mode = 0; mode < MODES_N; mode++) /* the first one inserts: it does not count */
        (void)round_of(&bench, (enum mode)mode);
    for (unsigned i = 0; i < bench.rounds_n; i++)
        for (unsigned mode = 0; mode < MODES_N; mode++)
            bench.ms[mode][i] = round_of(&bench, (enum mode)mode);
    report(&bench);
    end(&bench);
    return 0;
}
