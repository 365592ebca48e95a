/* test_kills.c -- kill -9 at 20 random moments, while accounts register and players walk, on each
 * database: no account that was acknowledged is lost, positions are at most one flush old, no row
 * is there twice, and a minute after the last start no session of the dead is open. */
#include "harness.h"

#include <stdlib.h>
#include <string.h>

#include "../server/pg_cluster.h"
#include "../server/sql_once.h"

#define KILLS      20
#define WALKERS    3
#define LIFE_MS    2500 /* at most, after the walkers are in */
#define FLUSH_MS   1000
#define SLACK_MS   1200 /* a commit, on a machine that does other things */
#define CLOSED_MS  60000
#define GRACE_MS   3000 /* until it is looked at, on such a machine */
#define TRAIL_MAX  2000
#define NAMES_MAX  2000
#define NAME_BYTES 16

struct footstep {
    uint64_t ms;
    struct space_pos pos;
};

/* One daemon with its database. */
struct run {
    struct daemon daemon;
    struct party *party;
    bool postgresql;
    uint64_t started_ms;
    struct player *walkers[WALKERS];
    struct footstep trail[WALKERS][TRAIL_MAX];
    unsigned trail_n[WALKERS];
    char names[NAMES_MAX][NAME_BYTES]; /* acknowledged */
    unsigned names_n, asked_n;
    struct player *newcomer;
    bool asked;
};

static char connection[PG_CLUSTER_CONNECTION_BYTES];
static struct run runs[2];

static int64_t sql(const struct run *run, const char *text)
{
    return sql_once(run->postgresql ? connection : "", run->daemon.store_path, text);
}

static void walker_name(unsigned i, char name[NAME_BYTES])
{
    snprintf(name, NAME_BYTES, "walker%u", i);
}

static void start(struct run *run, bool first)
{
    char name[NAME_BYTES];

    daemon_start(&run->daemon, NULL);
    run->started_ms = now_ms();
    run->party = party_new();
    run->newcomer = NULL;
    for (unsigned i = 0; i < WALKERS; i++) {
        walker_name(i, name);
        run->trail_n[i] = 0;
        run->walkers[i] = first ? player_new_account(run->party, &run->daemon, name)
                                : player_returns(run->party, &run->daemon, name);
        player_walk(run->walkers[i], (uint16_t)(i * 0x5000), MOVEMENT_WALK);
    }
}

static void note_steps(struct run *run)
{
    for (unsigned i = 0; i < WALKERS; i++)
        if (run->trail_n[i] < TRAIL_MAX)
            run->trail[i][run->trail_n[i]++] =
                (struct footstep){now_ms(), run->walkers[i]->self.pos};
}

/* One after the other registers; who was welcomed is acknowledged. */
static void let_come(struct run *run)
{
    struct player *player = run->newcomer;
    char name[NAME_BYTES];

    if (!player) {
        run->newcomer = player_connect(run->party, &run->daemon);
        run->asked = false;
    } else if (player->greeted && !run->asked) {
        snprintf(name, sizeof(name), "new%05u", run->asked_n++);
        player_register(player, name, PASSWORD);
        run->asked = true;
    } else if (player->welcomed) {
        assert_true(run->names_n < NAMES_MAX);
        snprintf(run->names[run->names_n++], NAME_BYTES, "new%05u", run->asked_n - 1);
        player_leave(player);
        run->newcomer = NULL;
    } else if (player->gone || player->notices_n) {
        player_leave(player);
        run->newcomer = NULL;
    }
}

/* Until the moment of the kill, which it returns. */
static uint64_t live(struct run *run, unsigned ms)
{
    uint64_t until_ms = now_ms() + ms, killed_ms;

    while (now_ms() < until_ms) {
        party_pump(run->party, 5);
        note_steps(run);
        let_come(run);
    }
    killed_ms = now_ms();
    daemon_kill(&run->daemon);
    party_free(run->party);
    run->party = NULL;
    return killed_ms;
}

static void check_accounts(const struct run *run)
{
    static char text[NAMES_MAX * (NAME_BYTES + 3) + 100];
    char *at = stpcpy(text, "SELECT count(*) FROM players WHERE username_key IN (''");

    for (unsigned i = 0; i < run->names_n; i++)
        at += sprintf(at, ",'%s'", run->names[i]);
    strcpy(at, ")");
    if (sql(run, text) != run->names_n)
        fail_msg("of %u that were acknowledged %lld are there", run->names_n,
                 (long long)sql(run, text));
    assert_int_equal(sql(run, "SELECT count(*) - count(DISTINCT username_key) FROM players"), 0);
    assert_int_equal(sql(run, "SELECT count(*) - count(DISTINCT player_id) FROM player_positions"),
                     0);
    assert_int_equal(sql(run, "SELECT count(*) - count(DISTINCT session_id) FROM game_sessions"),
                     0);
}

static int64_t saved(const struct run *run, unsigned walker, const char *axis)
{
    char text[200];

    snprintf(text, sizeof(text),
             "SELECT CAST(round(p.%s * 4096) AS BIGINT) FROM player_positions AS p"
             " JOIN players ON players.id = p.player_id WHERE username_key = 'walker%u'",
             axis, walker);
    return sql(run, text);
}

/* How old the saved position was at the kill, by the walker's own steps. UINT64_MAX: he never stood
 * there in this life. */
static uint64_t age_ms(const struct run *run, unsigned walker, uint64_t killed_ms)
{
    int64_t x = saved(run, walker, "x"), z = saved(run, walker, "z");
    struct space_pos here = {(int32_t)x, 0, (int32_t)z};

    if (x == INT64_MIN)
        return UINT64_MAX;
    for (unsigned i = run->trail_n[walker]; i-- > 1;) {
        struct space_pos from = run->trail[walker][i - 1].pos, to = run->trail[walker][i].pos;

        if (distance_m(from, here) + distance_m(here, to) < distance_m(from, to) + 0.1)
            return killed_ms - run->trail[walker][i - 1].ms;
    }
    /* What came after the last thing that he was told is no older than that. */
    if (run->trail_n[walker] > 0 &&
        distance_m(run->trail[walker][run->trail_n[walker] - 1].pos, here) < 2)
        return 0;
    return UINT64_MAX;
}

static void check_positions(const struct run *run, uint64_t killed_ms, uint64_t *oldest_ms)
{
    for (unsigned i = 0; i < WALKERS; i++) {
        uint64_t age = age_ms(run, i, killed_ms);
        bool lived = killed_ms - run->trail[i][0].ms > FLUSH_MS + SLACK_MS;

        if (age > FLUSH_MS + SLACK_MS && (lived || age != UINT64_MAX))
            fail_msg("walker%u: the position is %lld ms old", i, (long long)age);
        if (age != UINT64_MAX && age > *oldest_ms)
            *oldest_ms = age;
    }
}

static void kill_and_check(struct run *run)
{
    uint64_t oldest_ms = 0, killed_ms;

    for (unsigned i = 0; i < KILLS; i++) {
        start(run, i == 0);
        killed_ms = live(run, 50 + (unsigned)(rand() % LIFE_MS));
        check_accounts(run);
        check_positions(run, killed_ms, &oldest_ms);
    }
    print_message("%s: %u accounts acknowledged of %u asked for, oldest position %llu ms, %lld "
                  "sessions open after the last kill\n",
                  run->postgresql ? "postgresql" : "sqlite", run->names_n, run->asked_n,
                  (unsigned long long)oldest_ms,
                  (long long)sql(run, "SELECT count(*) FROM game_sessions WHERE disconnected_at "
                                      "IS NULL"));
    assert_true(run->names_n > KILLS);
    daemon_start(&run->daemon, NULL);
    run->started_ms = now_ms();
}

static void test_sqlite(void **state)
{
    (void)state;
    daemon_make(&runs[0].daemon, "[store]\nflush = 1s\n");
    kill_and_check(&runs[0]);
}

static void test_postgresql(void **state)
{
    char ini[400];

    (void)state;
    runs[1].postgresql = true;
    assert_int_equal(pg_cluster_make(&cluster, true), 0);
    assert_int_equal(pg_cluster_database(&cluster, connection), 0);
    snprintf(ini, sizeof(ini), "[store]\ndriver = postgresql\nconnection = %s\nflush = 1s\n",
             connection);
    daemon_make(&runs[1].daemon, ini);
    kill_and_check(&runs[1]);
}

/* Rows of the walker, or of him who is none, that has the most. */
static int64_t most_rows(const struct run *run, const char *like)
{
    char text[200];

    snprintf(text, sizeof(text),
             "SELECT count(*) FROM game_sessions JOIN players ON players.id = player_id WHERE"
             " username_key %s 'walker%%' GROUP BY player_id ORDER BY 1 DESC LIMIT 1",
             like);
    return sql(run, text);
}

/* Nobody came back: what the killed left open ends with their last sign of life. */
static void test_no_session_stays_open(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct run *run = &runs[i];
        uint64_t up_ms = now_ms() - run->started_ms;

        assert_true(daemon_running(&run->daemon));
        UNTIL(NULL, up_ms < CLOSED_MS ? CLOSED_MS + GRACE_MS - up_ms : GRACE_MS,
              sql(run, "SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL") == 0);
        assert_int_equal(
            sql(run, "SELECT count(*) FROM game_sessions WHERE disconnected_at < connected_at"), 0);
        assert_true(sql(run, "SELECT count(*) FROM game_sessions") >= KILLS * WALKERS / 2);
        /* one row a presence: each walker came once in each life, each newcomer once in all */
        assert_in_range(most_rows(run, "LIKE"), 1, KILLS);
        assert_in_range(most_rows(run, "NOT LIKE"), 1, 1);
        assert_int_equal(daemon_terminate(&run->daemon), 0);
    }
}

static int clear(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        party_free(runs[i].party);
        daemon_remove(&runs[i].daemon);
    }
    pg_cluster_remove(&cluster);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sqlite),
        cmocka_unit_test(test_postgresql),
        cmocka_unit_test(test_no_session_stays_open),
    };
    const char *seed = getenv("SEED");

    srand(seed ? (unsigned)atoi(seed) : (unsigned)now_ms());
    return cmocka_run_group_tests(tests, NULL, clear);
}
