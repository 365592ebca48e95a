/* PostgreSQL that fails: it stands still, crashes, is full, is slow, is taken over, hides behind a
 * pooler. What was acknowledged is counted, and must be there. */
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <event2/event.h>
#include <libpq-fe.h>
#include <signal.h>
#include <sodium.h>

#include "common/compiler.h"
#include "common/log.h"
#include "common/protocol.h"
#include "ops/metrics.h"
#include "pg_cluster.h"
#include "store/store.h"
#include "store/timestamp.h"
#include "store/writeback.h"

#define LINE_BYTES  400
#define DEADLINE_MS 20000
#define ANSWER_MS   400
#define ASKS_MAX    2000

struct tally { /* by tag */
    enum store_status statuses[ASKS_MAX];
    uint64_t ids[ASKS_MAX], took_ms[ASKS_MAX], asked_ms[ASKS_MAX];
    bool answered[ASKS_MAX];
    unsigned asked_n, answered_n, ok_n, away_n;
    char away[ERROR_TEXT_MAX]; /* the newest reason */
};

struct world {
    char connection[PG_CLUSTER_CONNECTION_BYTES];  /* of the cluster itself */
    char through[2 * PG_CLUSTER_CONNECTION_BYTES]; /* what the store is told */
    struct event_base *base;
    struct store *store;
    bool unprepared;
    unsigned pool_max;
    uint32_t quiet_ms, surplus_ms;
    struct tally tally;
};

static struct store *open_store(struct world *world, struct error *error)
{
    struct store_config config = {.base = world->base,
                                  .kind = STORE_POSTGRESQL,
                                  .queue_max = ASKS_MAX,
                                  .migrate = true,
                                  .pg = {.connection = world->through,
                                         .password_file = "",
                                         .pool_min = 1,
                                         .pool_max = world->pool_max,
                                         .unprepared = world->unprepared,
                                         .statement_ms = ANSWER_MS / 2,
                                         .answer_ms = ANSWER_MS,
                                         .connect_ms = 1000,
                                         .quiet_ms = world->quiet_ms,
                                         .surplus_ms = world->surplus_ms}};

    return store_open(&config, error);
}

static void must_open(struct world *world)
{
    struct error error = {""};

    world->store = open_store(world, &error);
    if (!world->store)
        fail_msg("%s", error.text);
}

static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    assert_int_equal(pg_cluster_database(&cluster, world->connection), 0);
    strcpy(world->through, world->connection);
    world->pool_max = 3;
    world->base = event_base_new();
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;

    store_close(world->store);
    event_base_free(world->base);
    free(world);
    return 0;
}

static void turn(struct world *world)
{
    struct timeval step = {0, 10000};

    event_base_loopexit(world->base, &step);
    event_base_dispatch(world->base);
}

static void turn_for(struct world *world, unsigned ms)
{
    uint64_t end_ms = timestamp_now_ms() + ms;

    while (timestamp_now_ms() < end_ms)
        turn(world);
}

static void answered(void *context, uint64_t tag, const struct store_answer *answer)
{
    struct tally *tally = context;

    assert_true(tag < tally->asked_n && !tally->answered[tag]);
    tally->answered[tag] = true;
    tally->statuses[tag] = answer->status;
    tally->ids[tag] = answer->out.player_id;
    tally->took_ms[tag] = timestamp_now_ms() - tally->asked_ms[tag];
    tally->answered_n++;
    tally->ok_n += answer->status == STORE_OK;
    tally->away_n += answer->status == STORE_AWAY;
    if (answer->status == STORE_AWAY)
        strcpy(tally->away, answer->error.text);
}

static unsigned ask(struct world *world, struct store_question question)
{
    struct tally *tally = &world->tally;

    assert_true(tally->asked_n < ASKS_MAX);
    question.answer = answered;
    question.context = tally;
    question.tag = tally->asked_n;
    tally->asked_ms[tally->asked_n++] = timestamp_now_ms();
    assert_int_equal(store_ask(world->store, &question), 0);
    return tally->asked_n - 1;
}

static enum store_status wait_for(struct world *world, unsigned tag)
{
    uint64_t end_ms = timestamp_now_ms() + DEADLINE_MS;

    while (!world->tally.answered[tag] && timestamp_now_ms() < end_ms)
        turn(world);
    assert_true(world->tally.answered[tag]);
    return world->tally.statuses[tag];
}

static void wait_for_all(struct world *world)
{
    for (unsigned i = 0; i < world->tally.asked_n; i++)
        (void)wait_for(world, i);
}

static struct store_question player_of(unsigned number)
{
    struct store_question question = {.statement = STORE_PLAYER_ADD};

    snprintf(question.in.player.username, sizeof(question.in.player.username), "p%u", number);
    snprintf(question.in.player.key, sizeof(question.in.player.key), "p%u", number);
    strcpy(question.in.player.hash, "$hash$");
    question.in.player.created_ms = 1700000000123;
    return question;
}

static struct store_question by_name(unsigned number)
{
    struct store_question question = {.statement = STORE_PLAYER_BY_NAME};

    snprintf(question.in.key, sizeof(question.in.key), "p%u", number);
    return question;
}

static struct store_question session(unsigned number, uint64_t player)
{
    struct store_question question = {.statement = STORE_SESSION_OPEN};

    snprintf(question.in.session.session_id, STORE_SESSION_ID_MAX, "s%u", number);
    question.in.session.player_id = player;
    question.in.session.now_ms = 1700000000123;
    return question;
}

static struct store_position at(uint64_t player, double x_m, uint32_t epoch, uint32_t tick)
{
    return (struct store_position){
        .player_id = player, .x_m = x_m, .epoch = epoch, .tick = tick, .saved_ms = 1700000002789};
}

static unsigned save(struct world *world, const struct store_position *row)
{
    struct store_question question = {.statement = STORE_POSITIONS_SAVE};

    question.in.positions.rows = row;
    question.in.positions.n = 1;
    return ask(world, question);
}

static uint64_t player(struct world *world, unsigned number)
{
    unsigned tag = ask(world, player_of(number));

    assert_int_equal(wait_for(world, tag), STORE_OK);
    return world->tally.ids[tag];
}

/* The store answers again: asked until it does. */
static void until_back(struct world *world)
{
    uint64_t end_ms = timestamp_now_ms() + DEADLINE_MS;

    while (wait_for(world, ask(world, by_name(999999))) != STORE_NONE) {
        assert_true(timestamp_now_ms() < end_ms);
        turn_for(world, 50);
    }
}

/* Every account and session that was acknowledged is there. */
static void check_nothing_lost(struct world *world, unsigned from, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char sql[100];

        if (!world->tally.answered[from + i] || world->tally.statuses[from + i] != STORE_OK)
            continue;
        snprintf(sql, sizeof(sql), "SELECT id FROM players WHERE username_key = 'p%u'", i);
        assert_int_equal(pg_cluster_sql(world->connection, sql), world->tally.ids[from + i]);
    }
}

static void test_standstill(void **state)
{
    struct world *world = *state;
    struct store_position before, during;
    unsigned saves[2], sessions[20], logins[20], tag;
    uint64_t id;

    must_open(world);
    id = player(world, 0);
    before = at(id, 1, 1, 1);
    during = at(id, 2, 1, 2);
    pg_cluster_freeze(&cluster, true);
    saves[0] = save(world, &before);
    for (unsigned i = 0; i < 20; i++) {
        logins[i] = ask(world, by_name(0));
        sessions[i] = ask(world, session(i, id));
        turn_for(world, 50);
    }
    saves[1] = save(world, &during);
    turn_for(world, ANSWER_MS * 10); /* the saves' connection is given up too */
    for (unsigned i = 0; i < 20; i++) {
        assert_true(world->tally.answered[logins[i]]);
        assert_int_equal(world->tally.statuses[logins[i]], STORE_AWAY);
        assert_in_range(world->tally.took_ms[logins[i]], 0, ANSWER_MS + 300);
    }
    assert_string_not_equal(store_trouble(world->store), "");
    assert_false(world->tally.answered[saves[1]]);
    pg_cluster_freeze(&cluster, false);
    until_back(world);
    assert_int_equal(wait_for(world, saves[1]), STORE_OK);
    wait_for_all(world);
    assert_int_equal(world->tally.statuses[saves[0]], STORE_OK);
    for (unsigned i = 0; i < 20; i++)
        assert_int_equal(world->tally.statuses[sessions[i]], STORE_OK);
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT count(*) FROM game_sessions"), 20);
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT x FROM player_positions"), 2);
    tag = ask(world, player_of(1));
    assert_int_equal(wait_for(world, tag), STORE_OK);
    assert_string_equal(store_trouble(world->store), "");
}

static void test_crash_and_restart(void **state)
{
    struct world *world = *state;
    unsigned n = 400, saved = 0;
    uint64_t id;

    must_open(world);
    id = player(world, 1000000);
    for (unsigned i = 0; i < n; i++) { /* tags 1 .. n are accounts */
        (void)ask(world, player_of(i));
        if (i % 4 == 0)
            turn(world);
        if (i == n / 2)
            pg_cluster_down(&cluster);
        if (i == n / 2 + 60)
            assert_int_equal(pg_cluster_up(&cluster), 0);
    }
    for (unsigned i = 0; i < 50; i++) {
        struct store_position row = at(id, i + 1, 1, i + 1);

        saved = save(world, &row);
    }
    assert_int_equal(wait_for(world, saved), STORE_OK);
    wait_for_all(world);
    assert_true(world->tally.ok_n > n / 4);
    assert_true(world->tally.away_n > 0);
    check_nothing_lost(world, 1, n);
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT x FROM player_positions"), 50);
}

/* The writeback's view: what is put while the server is gone lands when it is back. */
static void test_saves_wait(void **state)
{
    struct world *world = *state;
    struct writeback *writeback;
    struct error error = {""};
    uint64_t ids[50], end_ms;

    must_open(world);
    for (unsigned i = 0; i < 50; i++)
        ids[i] = player(world, i);
    writeback = writeback_new(world->base, world->store, &error);
    pg_cluster_down(&cluster);
    for (uint32_t tick = 1; tick <= 100; tick++) {
        struct store_position row = at(ids[tick % 50], tick, 1, tick);

        assert_int_equal(writeback_put(writeback, &row), 0);
        writeback_flush(writeback, 1, tick);
        turn(world);
    }
    assert_int_equal(writeback_watermark(writeback).tick, 0);
    assert_int_equal(writeback_pending_n(writeback), 50);
    assert_int_equal(pg_cluster_up(&cluster), 0);
    end_ms = timestamp_now_ms() + DEADLINE_MS;
    while (writeback_watermark(writeback).tick != 100 && timestamp_now_ms() < end_ms)
        turn(world);
    assert_int_equal(writeback_watermark(writeback).tick, 100);
    assert_int_equal(
        pg_cluster_sql(world->connection, "SELECT count(*) FROM player_positions WHERE tick > 50"),
        50);
    store_close(world->store);
    world->store = NULL;
    writeback_free(writeback);
}

/* Limits hold for whoever is no superuser. Runs SQL as somebody else, who is one. */
static void limit(struct world *world, int connections, bool end_all)
{
    char other[PG_CLUSTER_CONNECTION_BYTES], sql[200];

    snprintf(other, sizeof(other), "host=%s user=other dbname=postgres", cluster.root);
    snprintf(sql, sizeof(sql), "ALTER DATABASE %s CONNECTION LIMIT %d",
             strrchr(world->connection, '=') + 1, connections);
    (void)pg_cluster_sql(other, sql);
    (void)pg_cluster_sql(other, connections < 0 ? "ALTER ROLE openmmo SUPERUSER"
                                                : "ALTER ROLE openmmo NOSUPERUSER");
    if (end_all)
        (void)pg_cluster_sql(other, "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
                                    " WHERE usename = 'openmmo'");
}

static void test_connection_limit(void **state)
{
    struct world *world = *state;

    (void)pg_cluster_sql(world->connection, "CREATE ROLE other SUPERUSER LOGIN");
    must_open(world);
    (void)player(world, 0); /* saves' and one of the pool are there */
    limit(world, 2, false);
    for (unsigned i = 1; i < 300; i++)
        (void)ask(world, player_of(i));
    wait_for_all(world); /* more hands would be welcome, but the one does it */
    assert_int_equal(world->tally.ok_n, 300);
    limit(world, 0, true);
    turn_for(world, 1500);
    assert_int_equal(wait_for(world, ask(world, by_name(0))), STORE_AWAY);
    assert_non_null(strstr(world->tally.away, "too many connections"));
    assert_in_range(world->tally.took_ms[world->tally.asked_n - 1], 0, 50); /* known: at once */
    limit(world, -1, false);
    until_back(world);
    check_nothing_lost(world, 0, 300);
}

static void keep_slow(void *context, int64_t time_ms, enum log_level level, const char *event,
                      const char *line)
{
    (void)time_ms, (void)level;
    if (strcmp(event, "statement_slow") == 0)
        snprintf(context, LINE_BYTES, "%s", line);
}

/* How many connections the store has, as the server sees it. */
static int64_t backends_n(struct world *world)
{
    return pg_cluster_sql(world->connection,
                          "SELECT count(*) FROM pg_stat_activity WHERE datname = "
                          "current_database() AND application_name = 'openmmod'");
}

static void test_slow_statement(void **state)
{
    struct world *world = *state;
    char said[LINE_BYTES] = "";
    PGconn *holder;
    unsigned tag;

    must_open(world);
    store_set_slow(world->store, ANSWER_MS / 4);
    log_set_tap(keep_slow, said);
    (void)player(world, 0);
    holder = PQconnectdb(world->connection);
    PQclear(PQexec(holder, "BEGIN; LOCK TABLE players IN ACCESS EXCLUSIVE MODE"));
    tag = ask(world, by_name(0));
    assert_int_equal(wait_for(world, tag), STORE_AWAY);
    assert_non_null(strstr(world->tally.away, "57014")); /* the server's own limit came first */
    log_set_tap(NULL, NULL);
    assert_non_null(strstr(said, "statement=player_by_name "));
    assert_non_null(strstr(said, "waited_us="));
    assert_non_null(strstr(said, "away=1"));
    assert_int_equal(metrics_member_value(METRIC_GROUP_STATEMENT_SLOW, STORE_PLAYER_BY_NAME), 1);
    assert_true(metrics_member_value(METRIC_GROUP_STATEMENT_ERRORS, STORE_PLAYER_BY_NAME) > 0);
    assert_in_range(world->tally.took_ms[tag], ANSWER_MS / 2, ANSWER_MS + 200);
    tag = ask(world, (struct store_question){.statement = STORE_PLAYER_ERASE,
                                             .in.erase.player_id = world->tally.ids[0]});
    for (unsigned i = 0; i < 3; i++) /* one that may take long holds nobody else up */
        (void)ask(world, by_name(0));
    turn_for(world, ANSWER_MS * 2);
    for (unsigned i = 1; i <= 3; i++)
        assert_true(world->tally.answered[tag + i]);
    assert_false(world->tally.answered[tag]);
    PQclear(PQexec(holder, "COMMIT"));
    PQfinish(holder);
    assert_int_equal(wait_for(world, tag), STORE_OK);
    (void)player(world, 0);
    assert_int_equal(wait_for(world, ask(world, by_name(0))), STORE_OK);
    assert_in_range(backends_n(world), 2, 4); /* no connection was given up for it */
}

static void test_two_daemons(void **state)
{
    struct world *world = *state;
    struct store *first;
    struct error error = {""};
    struct store_position row;
    uint64_t id;

    must_open(world);
    assert_int_equal(store_epoch(world->store), 1);
    first = world->store;
    assert_null(open_store(world, &error));
    assert_non_null(strstr(error.text, "is in use by another openmmod"));
    id = player(world, 0);
    row = at(id, 1, 1, 1);
    assert_int_equal(wait_for(world, save(world, &row)), STORE_OK);
    world->unprepared = true; /* where no lock can say it, the epoch does */
    must_open(world);
    assert_int_equal(store_epoch(world->store), 2);
    store_close(world->store);
    world->store = first;
    row.x_m = 2;
    assert_int_equal(wait_for(world, save(world, &row)), STORE_AWAY);
    assert_non_null(strstr(world->tally.away, "another openmmod has started on this database"));
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT x FROM player_positions"), 1);
}

/* The server's end of the only connection of the pool. */
static pid_t backend_of_pool(struct world *world)
{
    int64_t pid =
        pg_cluster_sql(world->connection,
                       "SELECT pid FROM pg_stat_activity WHERE datname = current_database() AND "
                       "application_name = 'openmmod' AND pid NOT IN (SELECT pid FROM pg_locks "
                       "WHERE locktype = 'advisory')");

    assert_true(pid > 1);
    return (pid_t)pid;
}

static void until_backends(struct world *world, int64_t n)
{
    uint64_t end_ms = timestamp_now_ms() + DEADLINE_MS;

    while (backends_n(world) != n) {
        if (timestamp_now_ms() > end_ms)
            fail_msg("%lld connections, not %lld", (long long)backends_n(world), (long long)n);
        turn_for(world, 20);
    }
}

/* All that the server has but the one that asks. */
#define ENDS                                                                                       \
    " FROM pg_stat_activity WHERE datname = current_database() AND "                               \
    "backend_type = 'client backend' AND pid <> pg_backend_pid()"

/* Asks for what somebody else holds until the pool is as large as it may be. Returns how many
 * connections the server had then, but that one's. */
static int64_t grow_pool(struct world *world, uint64_t player_id)
{
    struct store_question question = {.statement = STORE_ACCOUNT_SET_ROLE,
                                      .in.account.role = PROTOCOL_ROLE_MODERATOR};
    uint64_t end_ms = timestamp_now_ms() + DEADLINE_MS;
    PGconn *holder = PQconnectdb(world->connection);
    int64_t n = 0;

    question.in.account.player_id = player_id;
    PQclear(PQexec(holder, "BEGIN; SELECT 1 FROM players FOR UPDATE"));
    for (unsigned i = 0; i < 12 || n < 1 + world->pool_max; i++) {
        assert_true(timestamp_now_ms() < end_ms);
        (void)ask(world, question);
        turn_for(world, 20);
        n = pg_cluster_sql(world->connection, "SELECT count(*) - 1" ENDS);
    }
    PQfinish(holder);
    wait_for_all(world);
    return n;
}

/* Where all have something to do one more comes, up to pool_max; those that nobody needs go, down
 * to pool_min. The saves' is one more. */
static void test_pool_breathes(void **state)
{
    struct world *world = *state;
    uint64_t id;

    world->surplus_ms = 300;
    must_open(world);
    id = player(world, 0);
    assert_in_range(backends_n(world), 1, 2);
    assert_int_equal(grow_pool(world, id), 1 + world->pool_max);
    until_backends(world, 2);
    turn_for(world, 600);
    assert_int_equal(backends_n(world), 2); /* and no fewer */
    assert_int_equal(wait_for(world, ask(world, by_name(0))), STORE_OK);
}

/* An idle connection dies without a word: that is found out before anybody asks. */
static void test_idle_one_dies(void **state)
{
    struct world *world = *state;
    uint64_t end_ms = timestamp_now_ms() + DEADLINE_MS;
    char idle[250];
    pid_t pid;

    world->quiet_ms = 200;
    world->pool_max = 1;
    must_open(world);
    (void)player(world, 0);
    until_backends(world, 2);
    pid = backend_of_pool(world);
    assert_int_equal(kill(pid, SIGSTOP), 0);
    /* Beside that which stands still: another one, and the saves', both in use by now: they say
     * that they live. */
    snprintf(idle, sizeof(idle),
             "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND "
             "application_name = 'openmmod' AND state = 'idle' AND query = 'SELECT 1' AND "
             "pid <> %d",
             (int)pid);
    while (pg_cluster_sql(world->connection, idle) < 2) {
        assert_true(timestamp_now_ms() < end_ms);
        turn_for(world, 20);
    }
    assert_int_equal(wait_for(world, ask(world, by_name(0))), STORE_OK);
    assert_int_equal(kill(pid, SIGCONT), 0);
    until_backends(world, 2);
}

/* Who holds the claim on the database: the server's end of the saves' connection. 0: nobody. */
static pid_t backend_of_saves(struct world *world)
{
    int64_t pid = pg_cluster_sql(world->connection,
                                 "SELECT pid FROM pg_locks JOIN pg_database ON datname = "
                                 "current_database() AND pg_database.oid = pg_locks.database "
                                 "WHERE locktype = 'advisory'");

    return pid == INT64_MIN ? 0 : (pid_t)pid;
}

/* The server's end of one connection stands still, with questions that it has not read. They are
 * asked again by the next connection, and what comes after them too; then it goes on. */
static void test_late_backend(void **state)
{
    struct world *world = *state;
    struct store_question question;
    struct store_position row;
    unsigned opened, saved;
    char gone[120];
    uint64_t id, end_ms = timestamp_now_ms() + DEADLINE_MS;
    pid_t backend;

    must_open(world);
    id = player(world, 0);
    row = at(id, 1, 1, 1);
    assert_int_equal(wait_for(world, save(world, &row)), STORE_OK);
    backend = backend_of_saves(world);
    assert_true(backend > 1);
    snprintf(gone, sizeof(gone), "SELECT count(*) FROM pg_stat_activity WHERE pid = %d",
             (int)backend);
    assert_int_equal(kill(backend, SIGSTOP), 0);
    question = session(1, id);
    opened = ask(world, question);
    row = at(id, 2, 1, 2);
    saved = save(world, &row);
    assert_int_equal(wait_for(world, opened), STORE_OK);
    assert_int_equal(wait_for(world, saved), STORE_OK);
    question.statement = STORE_SESSION_CLOSE;
    question.in.session.now_ms += 1000;
    assert_int_equal(wait_for(world, ask(world, question)), STORE_OK);
    row = at(id, 3, 1, 3);
    assert_int_equal(wait_for(world, save(world, &row)), STORE_OK);
    assert_int_equal(pg_cluster_sql(world->connection, gone), 1); /* it has read nothing yet */
    assert_int_equal(kill(backend, SIGCONT), 0);
    while (pg_cluster_sql(world->connection, gone) > 0) {
        assert_true(timestamp_now_ms() < end_ms);
        turn(world);
    }
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT count(*) FROM game_sessions WHERE "
                                                       "disconnected_at IS NULL"),
                     0);
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT x FROM player_positions"), 3);
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT count(*) FROM game_sessions"), 1);
    while (backend_of_saves(world) == 0) { /* the claim comes to the next connection */
        assert_true(timestamp_now_ms() < end_ms);
        turn(world);
    }
}

/* The same in the pool: what was answered "away, may have been done" is not done once the
 * connection is given up, however late the server's end of it goes on. */
static void test_late_change(void **state)
{
    struct world *world = *state;
    struct store_question question = {.statement = STORE_ACCOUNT_SET_ROLE};
    uint64_t end_ms = timestamp_now_ms() + DEADLINE_MS;
    char gone[120];
    pid_t backend;

    world->pool_max = 1;
    must_open(world);
    question.in.account.player_id = player(world, 0);
    question.in.account.role = PROTOCOL_ROLE_ADMIN;
    backend = backend_of_pool(world);
    snprintf(gone, sizeof(gone), "SELECT count(*) FROM pg_stat_activity WHERE pid = %d",
             (int)backend);
    assert_int_equal(kill(backend, SIGSTOP), 0);
    assert_int_equal(wait_for(world, ask(world, question)), STORE_AWAY);
    until_back(world);
    question.in.account.role = PROTOCOL_ROLE_MODERATOR;
    assert_int_equal(wait_for(world, ask(world, question)), STORE_OK);
    assert_int_equal(pg_cluster_sql(world->connection, gone), 1);
    assert_int_equal(kill(backend, SIGCONT), 0);
    while (pg_cluster_sql(world->connection, gone) > 0) {
        assert_true(timestamp_now_ms() < end_ms);
        turn(world);
    }
    assert_int_equal(
        pg_cluster_sql(world->connection, "SELECT count(*) FROM players WHERE role = 'moderator'"),
        1);
}

/* Who was taken over does not take the claim when it comes free: the other may have to start. */
static void test_deposed_one_claims_nothing(void **state)
{
    struct world *world = *state;
    pid_t backend;
    uint64_t end_ms;

    must_open(world);
    (void)player(world, 0);
    backend = backend_of_saves(world);
    assert_true(backend > 1);
    end_ms = timestamp_now_ms() + DEADLINE_MS;
    assert_int_equal(
        pg_cluster_sql(world->connection,
                       "UPDATE server_state SET epoch = epoch + 1 WHERE id = 1 RETURNING epoch"),
        2);
    assert_int_equal(kill(backend, SIGTERM), 0);
    while (backend_of_saves(world) == backend) {
        assert_true(timestamp_now_ms() < end_ms);
        turn(world);
    }
    until_backends(world, 2); /* it is back */
    turn_for(world, 1500);
    assert_int_equal(backend_of_saves(world), 0);
    pg_cluster_sql(world->connection, "UPDATE server_state SET epoch = 1 WHERE id = 1");
    while (backend_of_saves(world) == 0) { /* had it not been taken over */
        assert_true(timestamp_now_ms() < end_ms);
        turn(world);
    }
}

static unsigned free_port(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t length = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_int_equal(bind(fd, (struct sockaddr *)&address, length), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &length), 0);
    close(fd);
    return ntohs(address.sin_port);
}

/* A certificate for localhost, signed by itself. */
static void make_certificate(const char *name)
{
    char key[100], certificate[100];
    const char *const argv[] = {"/usr/bin/openssl",
                                "req",
                                "-x509",
                                "-newkey",
                                "ec",
                                "-pkeyopt",
                                "ec_paramgen_curve:P-256",
                                "-nodes",
                                "-subj",
                                "/CN=localhost",
                                "-addext",
                                "subjectAltName=DNS:localhost",
                                "-keyout",
                                key,
                                "-out",
                                certificate,
                                NULL};
    int status;

    snprintf(key, sizeof(key), "%s/%s.key", cluster.root, name);
    snprintf(certificate, sizeof(certificate), "%s/%s.crt", cluster.root, name);
    assert_int_equal(waitpid(pg_cluster_spawn(&cluster, argv), &status, 0) > 0 && status == 0, 1);
}

/* port: 0 any; more: of its configuration. */
static pid_t start_pooler(struct world *world, unsigned *port, const char *more)
{
    char path[100], text[1000];
    const char *const argv[] = {"/usr/sbin/pgbouncer", path, NULL};
    FILE *file;

    if (*port == 0)
        *port = free_port();
    snprintf(path, sizeof(path), "%s/pgbouncer.ini", cluster.root);
    snprintf(text, sizeof(text),
             "[databases]\n* = host=%s user=openmmo\n[pgbouncer]\nlisten_addr = 127.0.0.1\n"
             "listen_port = %u\nauth_type = any\nserver_login_retry = 1\nunix_socket_dir =\n%s",
             cluster.root, *port, more);
    file = fopen(path, "we");
    fputs(text, file);
    fclose(file);
    snprintf(world->through, sizeof(world->through),
             "host=localhost port=%u user=openmmo dbname=%s", *port,
             strrchr(world->connection, '=') + 1);
    return pg_cluster_spawn(&cluster, argv);
}

static void end_pooler(pid_t pooler)
{
    kill(pooler, SIGQUIT);
    waitpid(pooler, NULL, 0);
}

/* The connection is libpq's own TLS: who it is not is told at the start, and later ones are made
 * without waiting, too. */
static void test_tls(void **state)
{
    struct world *world = *state;
    char more[300], plain[PG_CLUSTER_CONNECTION_BYTES];
    struct error error = {""};
    uint64_t begun_ms;
    unsigned port = 0;
    pid_t pooler;

    make_certificate("right");
    make_certificate("wrong");
    snprintf(more, sizeof(more),
             "pool_mode = session\nclient_tls_sslmode = require\nclient_tls_key_file = "
             "%s/right.key\nclient_tls_cert_file = %s/right.crt\n",
             cluster.root, cluster.root);
    pooler = start_pooler(world, &port, more);
    strcpy(plain, world->through);
    snprintf(world->through, sizeof(world->through),
             "%s sslmode=verify-full sslrootcert=%s/wrong.crt", plain, cluster.root);
    begun_ms = timestamp_now_ms();
    assert_null(open_store(world, &error)); /* which waits until the pooler listens, not longer */
    assert_non_null(strstr(error.text, "certificate verify failed"));
    assert_in_range(timestamp_now_ms() - begun_ms, 0, 8000);
    snprintf(world->through, sizeof(world->through),
             "%s sslmode=verify-full sslrootcert=%s/right.crt", plain, cluster.root);
    must_open(world);
    for (unsigned i = 0; i < 50; i++)
        (void)ask(world, player_of(i));
    wait_for_all(world);
    assert_int_equal(world->tally.ok_n, 50);
    end_pooler(pooler);
    turn_for(world, 500);
    assert_int_equal(wait_for(world, ask(world, by_name(0))), STORE_AWAY);
    pooler = start_pooler(world, &port, more);
    until_back(world);
    assert_int_equal(wait_for(world, ask(world, by_name(0))), STORE_OK);
    end_pooler(pooler);
}

/* A stop does not wait for a server that stands still; all are answered. */
static void test_stop_while_it_stands(void **state)
{
    struct world *world = *state;
    struct store_position row;
    uint64_t begun_ms;

    must_open(world);
    row = at(player(world, 0), 1, 1, 1);
    pg_cluster_freeze(&cluster, true);
    (void)save(world, &row);
    for (unsigned i = 0; i < 100; i++)
        (void)ask(world, i % 2 ? by_name(0) : session(i, row.player_id));
    turn_for(world, 100);
    (void)ask(world, by_name(0));
    begun_ms = timestamp_now_ms();
    store_close(world->store);
    world->store = NULL;
    assert_in_range(timestamp_now_ms() - begun_ms, 0, 4000);
    pg_cluster_freeze(&cluster, false);
    assert_int_equal(world->tally.answered_n, world->tally.asked_n);
    assert_int_equal(world->tally.ok_n, 1); /* nothing is said to be done that is not known to be */
}

/* What was asked before a stop is done by it, in both lanes. */
static void test_stop_finishes(void **state)
{
    struct world *world = *state;

    must_open(world);
    (void)player(world, 0);
    for (unsigned i = 1; i <= 200; i++)
        (void)ask(world, i % 2 ? player_of(i) : session(i, 0));
    store_close(world->store);
    world->store = NULL;
    assert_int_equal(world->tally.answered_n, world->tally.asked_n);
    assert_int_equal(world->tally.ok_n, 201);
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT count(*) FROM players"), 101);
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT count(*) FROM game_sessions"), 100);
}

/* What was said is written once, also where a connection that broke at the commit lets it be asked
 * again; who says a thing twice at once has said it twice. */
static void test_chat_comes_again(void **state)
{
    static const struct store_chat lines[] = {
        {.at_ms = 1700000000123, .channel = 1, .name = "guest", .text = "one"},
        {.at_ms = 1700000000123, .channel = 1, .name = "guest", .text = "one"},
        {.at_ms = 1700000000123, .channel = 2, .name = "guest", .text = "one"},
        {.at_ms = 1700000000124, .channel = 1, .name = "guest", .text = "one"},
    };
    struct world *world = *state;
    struct store_question question = {.statement = STORE_CHAT_ADD,
                                      .in.many = {.rows = lines, .n = 2}};

    must_open(world);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(wait_for(world, ask(world, question)), STORE_OK);
        question.in.many.n = ARRAY_N(lines); /* more came meanwhile */
    }
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT count(*) FROM chat_log"), 4);
}

/* In transaction mode each transaction may run on another connection. By name, too: libpq must not
 * look it up itself. */
static void test_pooler(void **state)
{
    struct world *world = *state;
    unsigned last = 0, port = 0;
    pid_t pooler = start_pooler(world, &port, "pool_mode = transaction\ndefault_pool_size = 2\n");
    struct store_position row;
    uint64_t id;

    world->unprepared = true;
    must_open(world);
    id = player(world, 1000000);
    for (unsigned i = 0; i < 300; i++) {
        (void)ask(world, player_of(i));
        row = at(id, i, 1, i);
        last = save(world, &row);
        (void)ask(world, session(i, id));
        if (i % 10 == 0)
            turn(world);
    }
    assert_int_equal(wait_for(world, last), STORE_OK);
    wait_for_all(world);
    assert_int_equal(world->tally.ok_n, 901);
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT count(*) FROM players"), 301);
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT count(*) FROM game_sessions"), 300);
    assert_int_equal(pg_cluster_sql(world->connection, "SELECT x FROM player_positions"), 299);
    pg_cluster_down(&cluster);
    assert_int_equal(wait_for(world, ask(world, by_name(0))), STORE_AWAY);
    assert_int_equal(pg_cluster_up(&cluster), 0);
    until_back(world);
    end_pooler(pooler);
}

/* In session mode a pooler lends the server's end of what we closed to the next who comes: it is
 * left alone. */
static void test_pooler_lends_on(void **state)
{
    static const char ends[] = "SELECT sum(pid)" ENDS;
    struct world *world = *state;
    unsigned port = 0;
    pid_t pooler = start_pooler(world, &port, "pool_mode = session\n");
    int64_t before = 0;
    uint64_t id;

    world->surplus_ms = 300;
    must_open(world);
    id = player(world, 0);
    for (unsigned round = 0; round < 4; round++) {
        (void)grow_pool(world, id);
        turn_for(world, 800); /* and all but one of the pool are closed */
        if (round == 0)
            before = pg_cluster_sql(world->connection, ends);
    }
    assert_int_equal(pg_cluster_sql(world->connection, ends), before);
    end_pooler(pooler);
}

/* Where nobody may see who is connected, nothing is ended, and all else goes on. */
static void test_backends_unseen(void **state)
{
    struct world *world = *state;
    PGconn *owner = PQconnectdb(world->connection);
    PGresult *result = PQexec(owner, "SET allow_system_table_mods = on; ALTER VIEW "
                                     "pg_catalog.pg_stat_activity RENAME TO nobodys_business");

    assert_int_equal(PQresultStatus(result), PGRES_COMMAND_OK);
    PQclear(result);
    PQfinish(owner);
    must_open(world);
    (void)player(world, 0);
    pg_cluster_down(&cluster);
    assert_int_equal(wait_for(world, ask(world, by_name(0))), STORE_AWAY);
    assert_int_equal(pg_cluster_up(&cluster), 0);
    until_back(world);
    assert_int_equal(wait_for(world, ask(world, session(1, world->tally.ids[0]))), STORE_OK);
}

/* A start says what is wrong, and waits only where that can help. */
static void test_starts_that_fail(void **state)
{
    struct world *world = *state;
    struct error error = {""};
    uint64_t begun_ms = timestamp_now_ms();

    snprintf(world->through, sizeof(world->through), "host=%s user=openmmo dbname=nowhere",
             cluster.root);
    assert_null(open_store(world, &error));
    assert_non_null(strstr(error.text, "database \"nowhere\" does not exist"));
    assert_in_range(timestamp_now_ms() - begun_ms, 0, 3000);
    strcpy(world->through, "host=x passwort=geheim");
    assert_null(open_store(world, &error));
    assert_null(strstr(error.text, "geheim"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_standstill, setup, teardown),
        cmocka_unit_test_setup_teardown(test_crash_and_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_saves_wait, setup, teardown),
        cmocka_unit_test_setup_teardown(test_connection_limit, setup, teardown),
        cmocka_unit_test_setup_teardown(test_slow_statement, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pool_breathes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_idle_one_dies, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_backend, setup, teardown),
        cmocka_unit_test_setup_teardown(test_late_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_deposed_one_claims_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_two_daemons, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_while_it_stands, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop_finishes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_chat_comes_again, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pooler, setup, teardown),
        cmocka_unit_test_setup_teardown(test_pooler_lends_on, setup, teardown),
        cmocka_unit_test_setup_teardown(test_backends_unseen, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tls, setup, teardown),
        cmocka_unit_test_setup_teardown(test_starts_that_fail, setup, teardown),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
