/* test_postgresql.c -- the daemon on a PostgreSQL that stands still for twenty seconds, crashes and
 * comes back, takes no connections, or does not get through a statement, under a crowd: nobody who
 * plays notices, the tick neither, who comes is told in time, and nothing that was acknowledged is
 * lost. */
#include "crowd.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>
#include <libpq-fe.h>

#include "../server/pg_cluster.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define BOTS 60
#else
#define BOTS 200
#endif
#define PHASE_MS  10000
#define FREEZE_MS 20000
#define TOLD_MS   2000  /* "try again" */
#define LANDED_MS 15000 /* all saves, from the moment it is back */
#define NOISE_US  100   /* of the mean tick, on a machine that does other things */
#define NEWCOMERS 60
#define IN_MAX    100
#define SESSIONS  "SELECT count(*) FROM game_sessions"

static char connection[PG_CLUSTER_CONNECTION_BYTES];
static long long quiet_us; /* of the mean tick, before anything was the matter */
static uint64_t quiet_p99_ms;
static char came_in[IN_MAX][16]; /* who was told that he has an account */
static unsigned came_in_n;

/* A number of server.status, by the names that lead to it. */
static long long status(const char *one, const char *two, const char *three)
{
    const char *answer = daemon_ask(&server, "server.status", "{}");
    json_t *whole = answer ? json_loads(answer, 0, NULL) : NULL;
    json_t *at = json_object_get(json_object_get(whole, "result"), one);
    long long value;

    at = json_object_get(at, two);
    if (three)
        at = json_object_get(at, three);
    assert_true(json_is_integer(at));
    value = json_integer_value(at);
    json_decref(whole);
    return value;
}

static int begin(void **state)
{
    char ini[600];

    (void)state;
    /* As in life: what is committed is on the disk. */
    assert_int_equal(pg_cluster_make(&cluster, true), 0);
    assert_int_equal(pg_cluster_database(&cluster, connection), 0);
    snprintf(ini, sizeof(ini), "[store]\ndriver = postgresql\nconnection = %s\nflush = 1s\n",
             connection);
    crowd_begin(ini, BOTS);
    return 0;
}

static int end(void **state)
{
    (void)state;
    crowd_clear();
    pg_cluster_remove(&cluster);
    return 0;
}

/* All that was moved up to now is durable, in time. */
static void all_lands(void)
{
    long long tick = status("tick", "number", NULL);
    uint64_t until_ms = now_ms() + LANDED_MS;

    while (status("store", "durable", "tick") < tick) {
        if (now_ms() > until_ms)
            fail_msg("not all is durable in time");
        crowd_live(100, NULL);
    }
}

static void check_witnesses(void)
{
    for (unsigned i = 0; i < CROWD_WITNESSES; i++) {
        assert_false(crowd_witness[i]->gone);
        assert_int_equal(crowd_witness[i]->farewell, 0xff);
    }
}

static long long tick_us(void)
{
    return status("tick", "over_10s", "mean_us");
}

/* The ten seconds that end now were as those when nothing was the matter. */
static void check_tick(const char *what)
{
    long long now_us = tick_us();

    print_message("tick mean: %lld us, %s %lld us\n", quiet_us, what, now_us);
    assert_in_range(now_us, 0, 2 * quiet_us + NOISE_US);
}

/* The crowd is left in peace for the time of a phase. */
static void live_through(const char *what)
{
    struct crowd_phase phase = crowd_watch_as(what, PHASE_MS, NULL);

    check_tick(what);
    assert_int_equal(phase.lost_n, 0);
    assert_true(phase.p99_ms <= 2 * quiet_p99_ms + 100);
}

/* Somebody new; true: he is in, false: he was told to try again. Either in time. */
static bool comes(const char *name)
{
    struct player *player = player_connect(party, &server);
    uint64_t asked_ms;
    bool in;

    UNTIL(party, DEADLINE_MS, player->greeted);
    player_register(player, name, PASSWORD);
    asked_ms = now_ms();
    UNTIL(party, DEADLINE_MS, player->welcomed || player->notices_n > 0 || player->gone);
    assert_false(player->gone);
    in = player->welcomed;
    if (in) {
        assert_true(came_in_n < IN_MAX);
        snprintf(came_in[came_in_n++], sizeof(came_in[0]), "%s", name);
    } else {
        assert_int_equal(player->notice, PROTOCOL_REASON_STORE_AWAY);
        assert_in_range(now_ms() - asked_ms, 0, TOLD_MS);
    }
    player_leave(player);
    return in;
}

static void test_standstill(void **state)
{
    long long durable;
    uint64_t until_ms;

    (void)state;
    all_lands();
    quiet_p99_ms = crowd_watch_as("quiet", PHASE_MS, NULL).p99_ms;
    quiet_us = tick_us();
    durable = status("store", "durable", "tick");
    pg_cluster_freeze(&cluster, true);
    until_ms = now_ms() + FREEZE_MS;
    assert_false(comes("early"));
    live_through("frozen");
    assert_false(comes("late"));
    while (now_ms() < until_ms)
        crowd_live(50, NULL);
    check_tick("frozen");
    assert_in_range(status("store", "durable", "tick"), durable, durable + 60);
    pg_cluster_freeze(&cluster, false);
    all_lands();
    check_witnesses();
    assert_true(comes("after"));
    assert_true(daemon_said(&server, "event=store_away"));
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "event=store_back"));
}

static void test_crash_and_restart(void **state)
{
    unsigned in_n = 0, refused_n = 0;
    char name[16], sql[120];

    (void)state;
    for (unsigned i = 0; i < NEWCOMERS; i++) {
        if (i == NEWCOMERS / 3)
            pg_cluster_down(&cluster);
        if (i == 2 * NEWCOMERS / 3)
            assert_int_equal(pg_cluster_up(&cluster), 0);
        snprintf(name, sizeof(name), "newcomer%02u", i);
        if (comes(name)) {
            in_n++;
            snprintf(sql, sizeof(sql), "SELECT count(*) FROM players WHERE username_key = '%s'",
                     name);
            assert_int_equal(pg_cluster_sql(connection, sql), 1);
        } else {
            refused_n++;
        }
        crowd_live(20, NULL);
    }
    print_message("%u came in, %u were told to try again\n", in_n, refused_n);
    check_tick("crashed");
    assert_true(in_n >= NEWCOMERS / 3 && refused_n >= NEWCOMERS / 4);
    all_lands();
    check_witnesses();
    assert_true(comes("newcomer99"));
}

/* As somebody else, whom limits do not touch. */
static void as_other(const char *sql)
{
    char other[PG_CLUSTER_CONNECTION_BYTES];

    snprintf(other, sizeof(other), "host=%s user=other dbname=postgres", cluster.root);
    (void)pg_cluster_sql(other, sql);
}

/* How many connections the database takes; -1: any number. Limits hold for whoever is no superuser.
 */
static void limit_connections(int n)
{
    char sql[100];

    snprintf(sql, sizeof(sql), "ALTER DATABASE %s CONNECTION LIMIT %d",
             strrchr(connection, '=') + 1, n);
    as_other(sql);
    as_other(n < 0 ? "ALTER ROLE openmmo SUPERUSER" : "ALTER ROLE openmmo NOSUPERUSER");
}

/* Somebody else has all connections: there is none for us any more. */
static void test_connection_limit(void **state)
{
    (void)state;
    (void)pg_cluster_sql(connection, "CREATE ROLE other SUPERUSER LOGIN");
    limit_connections(0);
    as_other("SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity"
             " WHERE usename = 'openmmo'");
    assert_false(comes("limited"));
    live_through("limited");
    assert_false(comes("limited"));
    assert_true(daemon_said(&server, "too many connections"));
    limit_connections(-1);
    all_lands();
    check_witnesses();
    assert_true(comes("limited"));
}

/* Somebody else's transaction holds what we want to write and read: each statement is ended by the
 * server when its time is up. */
static void test_statements_time_out(void **state)
{
    PGconn *holder = PQconnectdb(connection);

    (void)state;
    PQclear(PQexec(holder, "BEGIN"));
    PQclear(PQexec(holder, "LOCK TABLE players, player_positions IN ACCESS EXCLUSIVE MODE"));
    assert_int_equal(PQtransactionStatus(holder), PQTRANS_INTRANS);
    assert_false(comes("hopeful"));
    live_through("locked");
    assert_false(comes("hopeful"));
    assert_true(daemon_said(&server, "57014")); /* the server's limit, not our own */
    PQfinish(holder);
    all_lands();
    check_witnesses();
    assert_true(comes("hopeful"));
}

/* Of those who were told that they have an account, so many have one. */
static unsigned accounts_n(void)
{
    unsigned n = 0;

    for (unsigned i = 0; i < came_in_n; i++) {
        char sql[100];

        snprintf(sql, sizeof(sql), "SELECT count(*) FROM players WHERE username_key = '%s'",
                 came_in[i]);
        n += pg_cluster_sql(connection, sql) == 1;
    }
    return n;
}

/* Last: who was told that he has an account has one, who was there has one session, all are closed,
 * and all places are saved. */
static void test_nothing_is_lost(void **state)
{
    long long here = status("players", "here", NULL);
    char sql[160];

    (void)state;
    assert_true(here >= BOTS + CROWD_WITNESSES);
    all_lands();
    assert_true(came_in_n > NEWCOMERS / 3);
    assert_int_equal(accounts_n(), came_in_n);
    assert_in_range(pg_cluster_sql(connection, SESSIONS " WHERE disconnected_at IS NULL"),
                    BOTS + CROWD_WITNESSES, here);
    crowd_verdict();
    for (unsigned i = 0; i < CROWD_WITNESSES; i++)
        player_stand(crowd_witness[i]);
    for (unsigned i = 0; i < CROWD_WITNESSES; i++)
        UNTIL(party, DEADLINE_MS, player_is_still(crowd_witness[i]));
    assert_int_equal(daemon_terminate(&server), 0);
    assert_int_equal(pg_cluster_sql(connection, SESSIONS " WHERE disconnected_at IS NULL"), 0);
    assert_int_equal(pg_cluster_sql(connection,
                                    "SELECT count(*) FROM (SELECT session_id FROM game_sessions "
                                    "GROUP BY session_id HAVING count(*) > 1) AS twice"),
                     0);
    for (unsigned i = 0; i < CROWD_WITNESSES; i++) {
        const struct movement_state *truth = &crowd_witness[i]->predicted;

        snprintf(sql, sizeof(sql),
                 "SELECT round(abs(x - %.4f) + abs(z - %.4f)) FROM player_positions JOIN players "
                 "ON players.id = player_id WHERE username_key = 'witness%u'",
                 (double)truth->pos.x / 4096, (double)truth->pos.z / 4096, i);
        assert_int_equal(pg_cluster_sql(connection, sql), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_standstill),       cmocka_unit_test(test_crash_and_restart),
        cmocka_unit_test(test_connection_limit), cmocka_unit_test(test_statements_time_out),
        cmocka_unit_test(test_nothing_is_lost),
    };

    return cmocka_run_group_tests(tests, begin, end);
}
