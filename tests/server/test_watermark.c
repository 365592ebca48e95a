/* The watermark never claims what a restart does not find: a process that saves is killed at random
 * moments, and so is its PostgreSQL, or its file is locked; older saves come again at random, late
 * and out of order, as a connection that was given up may do what it was asked. What was last
 * claimed is compared with what is there.
 *
 * Who moved in which tick is a function of (epoch, tick, player): the model needs no memory of the
 * process that died. */
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <sodium.h>
#include <sqlite3.h>

#include "common/log.h"
#include "pg_cluster.h"
#include "scratch.h"
#include "store/store.h"
#include "store/writeback.h"

#define PLAYERS    100
#define ROUNDS     12
#define X_OF(e, t) ((double)(e)*1e6 + (double)(t))
#define KEPT       256 /* ticks whose saves may come again */
#define LOCKED_MS  900 /* longer than busy_ms: some saves are refused */

struct world {
    struct scratch scratch;
    bool postgresql;
    char connection[PG_CLUSTER_CONNECTION_BYTES];
};

struct claim {
    uint32_t epoch, tick;
};

static bool moves(uint32_t epoch, uint32_t tick, uint32_t player)
{
    uint64_t mixed = ((uint64_t)epoch << 40 ^ (uint64_t)tick << 16 ^ player) * 0x9e3779b97f4a7c15;

    return (mixed >> 33) % 3 == 0;
}

static struct store *open_store(struct world *world, struct event_base *base)
{
    struct store_config config = {.base = base,
                                  .kind = world->postgresql ? STORE_POSTGRESQL : STORE_SQLITE,
                                  .queue_max = 64,
                                  .migrate = true,
                                  .path = world->scratch.path,
                                  .busy_ms = 400,
                                  .pg = {.connection = world->connection,
                                         .password_file = "",
                                         .pool_min = 1,
                                         .pool_max = 1,
                                         .statement_ms = 500,
                                         .answer_ms = 500,
                                         .connect_ms = 1000}};
    struct error error = {""};
    struct store *store = store_open(&config, &error);

    if (!store)
        fprintf(stderr, "%s\n", error.text);
    return store;
}

static struct store_position row_of(uint32_t epoch, uint32_t tick, uint32_t player)
{
    return (struct store_position){
        .player_id = player, .x_m = X_OF(epoch, tick), .epoch = epoch, .tick = tick, .saved_ms = 1};
}

static bool late_under_way;

static void late_done(void *context, uint64_t tag, const struct store_answer *answer)
{
    (void)context, (void)tag, (void)answer;
    late_under_way = false;
}

/* All who moved in one of the ticks before this are saved as of then once more, past the writeback;
 * or as of some tick of the epoch before, as by a process that died with it on the way. */
static void come_again(struct store *store, uint32_t epoch, uint32_t tick)
{
    struct store_position rows[PLAYERS];
    struct store_question question = {.statement = STORE_POSITIONS_SAVE, .answer = late_done};
    uint32_t back = randombytes_uniform(KEPT), n = 0;
    bool dead = randombytes_uniform(8) == 0;

    if (late_under_way || (!dead && back >= tick))
        return;
    epoch -= dead;
    tick = dead ? 1 + back : tick - back;
    for (uint32_t player = 1; player <= PLAYERS; player++)
        if (moves(epoch, tick, player))
            rows[n++] = row_of(epoch, tick, player);
    question.in.positions.rows = rows;
    question.in.positions.n = n;
    late_under_way = n > 0 && store_ask(store, &question) == 0;
}

/* The process that is killed: a tick each turn, a flush now and then, and each claim into fd. */
static void live(struct world *world, int fd)
{
    struct event_base *base = event_base_new();
    struct store *store = open_store(world, base);
    struct writeback *writeback = store ? writeback_new(base, store, NULL) : NULL;
    struct claim claimed = {0, 0};

    if (!writeback)
        _exit(1);
    for (uint32_t tick = 1;; tick++) {
        uint32_t epoch = store_epoch(store);
        struct writeback_watermark mark;

        for (uint32_t player = 1; player <= PLAYERS; player++) {
            struct store_position row = row_of(epoch, tick, player);

            if (moves(epoch, tick, player) && writeback_put(writeback, &row) < 0)
                _exit(1);
        }
        if (randombytes_uniform(2) == 0) /* mostly while another is on its way */
            writeback_flush(writeback, epoch, tick);
        come_again(store, epoch, tick);
        event_base_loop(base, EVLOOP_NONBLOCK);
        mark = writeback_watermark(writeback);
        if (mark.epoch != claimed.epoch || mark.tick != claimed.tick) {
            claimed = (struct claim){mark.epoch, mark.tick};
            if (write(fd, &claimed, sizeof(claimed)) != sizeof(claimed))
                _exit(1);
        }
    }
}

static void pause_ms(unsigned ms)
{
    struct timespec time = {ms / 1000, (long)(ms % 1000) * 1000000};

    nanosleep(&time, NULL); /* at random: that is what is tested */
}

/* What SQL says, by a connection of its own. */
static int64_t ask(struct world *world, const char *sql)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *statement = NULL;
    int64_t value = -1;

    if (world->postgresql)
        return pg_cluster_sql(world->connection, sql);
    assert_int_equal(sqlite3_open(world->scratch.path, &db), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &statement, NULL), SQLITE_OK);
    if (sqlite3_step(statement) == SQLITE_ROW)
        value = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    sqlite3_close(db);
    return value;
}

/* Each player is at least where he was as of the claim, and where he is he was once. */
static void check(struct world *world, struct claim claim)
{
    for (uint32_t player = 1; player <= PLAYERS; player++) {
        uint32_t tick = claim.tick;
        char sql[200];

        while (tick > 0 && !moves(claim.epoch, tick, player))
            tick--;
        if (tick == 0)
            continue;
        snprintf(sql, sizeof(sql),
                 "SELECT count(*) FROM player_positions WHERE player_id = %u AND epoch = %u AND "
                 "tick >= %u AND x = epoch * 1000000.0 + tick",
                 player, claim.epoch, tick);
        if (ask(world, sql) != 1)
            fail_msg("player %u is not where he was at tick %u, and %u of epoch %u was claimed",
                     player, tick, claim.tick, claim.epoch);
    }
}

/* The database is in trouble for a while, and is well again. */
static void trouble(struct world *world)
{
    int rc = SQLITE_BUSY;
    sqlite3 *db = NULL;

    if (world->postgresql) {
        pg_cluster_down(&cluster);
        pause_ms(randombytes_uniform(100));
        assert_int_equal(pg_cluster_up(&cluster), 0);
        pause_ms(randombytes_uniform(400));
        return;
    }
    assert_int_equal(sqlite3_open(world->scratch.path, &db), SQLITE_OK);
    /* Without SQLite's own waiting, whose looks get rarer: the other hardly lets go. */
    for (unsigned i = 0; i < 100000 && rc != SQLITE_OK; i++, usleep(200))
        rc = sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL);
    assert_int_equal(rc, SQLITE_OK);
    pause_ms(randombytes_uniform(LOCKED_MS));
    sqlite3_close(db);
    pause_ms(randombytes_uniform(400));
}

/* Returns the last claim; tick 0: it made none. */
static struct claim live_and_die(struct world *world, bool in_trouble)
{
    struct claim claim = {0, 0}, read_one;
    int fds[2], status;
    pid_t pid;

    assert_int_equal(pipe(fds), 0);
    pid = fork();
    if (pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        close(fds[0]);
        live(world, fds[1]);
    }
    close(fds[1]);
    /* Killed at any moment after its first claim: a pipe's 64 KiB hold thousands of them. */
    if (read(fds[0], &read_one, sizeof(read_one)) == sizeof(read_one))
        claim = read_one;
    pause_ms(randombytes_uniform(150));
    if (in_trouble)
        trouble(world);
    kill(pid, SIGKILL);
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status)); /* it did not end by itself */
    while (read(fds[0], &read_one, sizeof(read_one)) == sizeof(read_one))
        claim = read_one;
    close(fds[0]);
    return claim;
}

static void run(bool postgresql)
{
    struct world world = {.postgresql = postgresql};
    struct event_base *base = event_base_new();
    uint32_t claims_n = 0;

    scratch_make(&world.scratch);
    if (postgresql)
        assert_int_equal(pg_cluster_database(&cluster, world.connection), 0);
    store_close(open_store(&world, base));
    for (unsigned i = 1; i <= PLAYERS; i++) {
        char sql[200];

        snprintf(sql, sizeof(sql),
                 "INSERT INTO players (username, username_key, password_hash, created_at) VALUES "
                 "('p%u', 'p%u', 'x', '2026-01-01T00:00:00.000Z')",
                 i, i);
        (void)ask(&world, sql);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        struct claim claim = live_and_die(&world, i % 3 == 2);

        assert_int_equal(claim.epoch, i + 2); /* ours was the first */
        check(&world, claim);
        claims_n += claim.tick;
    }
    print_message("%u ticks were claimed in %u lives\n", claims_n, ROUNDS);
    assert_true(claims_n > ROUNDS * 5);
    event_base_free(base);
    scratch_remove(&world.scratch);
}

static void test_sqlite(void **state)
{
    (void)state;
    run(false);
}

static void test_postgresql(void **state)
{
    (void)state;
    run(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlite),
        cmocka_unit_test(test_postgresql),
    };

    if (sodium_init() < 0)
        return 1;
    log_set_level(LOG_LEVEL_ERROR);
    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
