/* test_sweeps.c -- when an io thread's sweeps begin, what is done between their slices, and what
 * follows when they are too long; with a thread's CPU clock that the test sets: how long a slice
 * takes is then no chance. On one thread. */
#include "scene.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "net/tls_pool.h"
#include "ops/metrics.h"
#include "play/order.h"
#include "play/pressure.h"

#define PLAYERS  40
#define DEAR_NS  INT64_C(3000000) /* more than a slice */
#define LONG_NS  INT64_C(5000000) /* with as many players a sweep is longer than its tick */
#define RISES    (PRESSURE_FLOOR_MAX * 20 + 20) /* ticks: a second for each floor, and one more */
#define FALLS    400
#define TOP      (1u << PRESSURE_FLOOR_MAX)
#define SOON_MS  5000
#define LOOKS    30 /* of the loop, fewer than its 50 ms timer */
#define ROUNDS   8
#define A_SECOND INT64_C(1000000000)

static int64_t dear_ns; /* what each look at the CPU clock adds to it */

/* libc's, behind the name that a program may take. */
int clock_gettime(clockid_t id, struct timespec *t)
{
    static int64_t added_ns;
    int64_t ns;

    if (syscall(SYS_clock_gettime, id, t) != 0)
        return -1;
    if (id != CLOCK_THREAD_CPUTIME_ID)
        return 0;
    added_ns += dear_ns;
    ns = t->tv_nsec + added_ns;
    t->tv_sec += ns / A_SECOND;
    t->tv_nsec = ns % A_SECOND;
    return 0;
}

static uint64_t sweeps(void)
{
    struct metrics_histogram histogram;

    metrics_histogram(METRIC_SWEEP_US, &histogram);
    return histogram.count;
}

static void look(struct scene *scene)
{
    event_base_loop(scene->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* Every other one so far to the south-west, the others as far to the north-east. */
static void come(struct scene *scene, struct player **players, int32_t apart_m)
{
    for (unsigned i = 0; i < PLAYERS; i++) {
        char name[16];
        scene->spot_x = scene->spot_z = i % 2 == 0 ? -apart_m : apart_m;
        snprintf(name, sizeof(name), "player%u", i);
        players[i] = scene_join(scene, name);
    }
    scene->stopped = true;
}

/* All is quiet, then a tick comes whose sweep takes more than one slice; the first is done. Returns
 * how many sweeps there were before. */
static uint64_t begin_sweep(struct scene *scene)
{
    uint64_t before;

    for (unsigned i = 0; i < LOOKS; i++)
        look(scene);
    before = sweeps();
    dear_ns = DEAR_NS;
    scene_tick(scene);
    look(scene);
    return before;
}

/* A tick comes while the sweep of the one before is under way: its own follows at once. */
static void test_overtaken(void **state)
{
    struct scene *scene = scene_new(0);
    struct player *players[PLAYERS];
    unsigned overtaken = 0;

    (void)state;
    scene_start(scene);
    come(scene, players, 0);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t before = begin_sweep(scene);

        overtaken += sweeps() == before;
        scene_tick(scene);
        for (unsigned i = 0; i < LOOKS && sweeps() < before + 2; i++)
            look(scene);
        dear_ns = 0;
        assert_int_equal(sweeps(), before + 2);
    }
    assert_int_equal(overtaken, ROUNDS);
    scene_free(scene);
}

/* Between two slices of a sweep the sockets are read: who asks then is answered then. */
static void test_read_between(void **state)
{
    struct scene *scene = scene_new(0);
    struct player *players[PLAYERS], *asks;
    uint64_t before;

    (void)state;
    scene_start(scene);
    come(scene, players, 0);
    asks = players[PLAYERS - 1]; /* whose own turn is in the last slice */
    before = begin_sweep(scene);
    player_ping(asks, 7);
    for (unsigned i = 0; i < LOOKS && sweeps() == before && asks->counts[PROTOCOL_PONG] == 0; i++) {
        look(scene);
        link_pump(asks->link, &asks->error);
    }
    dear_ns = 0;
    assert_int_equal(asks->counts[PROTOCOL_PONG], 1);
    assert_int_equal(sweeps(), before);
    scene_free(scene);
}

static unsigned heard(struct player **players, unsigned first)
{
    unsigned n = 0;

    for (unsigned i = first; i < PLAYERS; i += 2) {
        link_pump(players[i]->link, &players[i]->error);
        n += players[i]->counts[PROTOCOL_CHAT_LINE];
    }
    return n;
}

/* Who came by turns, to two places far apart, is not told by turns: those of one place are told
 * together, before those of the other. */
static void test_neighbours(void **state)
{
    struct scene *scene = scene_new(0);
    struct player *players[PLAYERS];
    unsigned at_first;
    uint64_t before;

    (void)state;
    scene_start(scene);
    come(scene, players, 200);
    for (unsigned i = 0; i <= ORDER_TICKS; i++)
        scene_step(scene);
    player_chat(players[1], PROTOCOL_CHANNEL_GLOBAL, "who hears it first?");
    before = begin_sweep(scene);
    assert_int_equal(sweeps(), before);
    at_first = heard(players, 0);
    assert_in_range(at_first, 2, PLAYERS / 2);
    assert_int_equal(heard(players, 1), 0);
    dear_ns = 0;
    for (unsigned i = 0; i < LOOKS && sweeps() == before; i++)
        look(scene);
    assert_int_equal(heard(players, 0) + heard(players, 1), PLAYERS);
    scene_free(scene);
}

/* ---- the floor of a thread whose sweeps are too long ---- */

static unsigned left_out; /* ticks without a sweep of their own, before each that has one */

/* A tick in which somebody in view of all walks, and its sweep. */
static void walk(struct scene *scene, uint64_t figure)
{
    static uint32_t sequence;

    for (unsigned i = 0; i <= left_out; i++) {
        sequence++;
        scene_figure_move(scene, figure, sequence, (uint16_t)(sequence / 8 % 2 * 32768));
        if (i < left_out)
            scene_tick(scene);
    }
    scene_step(scene);
}

/* Of so many sweeps: in how many each player was told of it, least and most; and how many were in
 * one at most. */
struct told {
    unsigned least, most, at_once;
};

static struct told told_in(struct scene *scene, struct player **players, uint64_t figure,
                           unsigned sweeps_n)
{
    struct told told = {.least = sweeps_n};
    unsigned each[PLAYERS] = {0};

    for (unsigned sweep = 0; sweep < sweeps_n; sweep++) {
        unsigned before[PLAYERS], now = 0;

        for (unsigned i = 0; i < PLAYERS; i++)
            before[i] = players[i]->counts[PROTOCOL_BLOCKS];
        walk(scene, figure);
        for (unsigned i = 0; i < PLAYERS; i++) {
            bool was = players[i]->counts[PROTOCOL_BLOCKS] > before[i];
            each[i] += was;
            now += was;
        }
        told.at_once = now > told.at_once ? now : told.at_once;
    }
    for (unsigned i = 0; i < PLAYERS; i++) {
        told.least = each[i] < told.least ? each[i] : told.least;
        told.most = each[i] > told.most ? each[i] : told.most;
    }
    return told;
}

static void check_floor(const struct scene *scene, unsigned floor)
{
    assert_int_equal(sessions_floor(scene->sessions, 0), floor);
    assert_int_equal(metrics_value(METRIC_FLOOR_SWEEPS), floor);
}

/* A thread whose sweeps take longer than a tick tells its players less often, evenly, up to once in
 * 16 ticks; they chat, and others come in, as before; and when there is time again all is told. */
static void test_floor(void **state)
{
    struct scene *scene = scene_new(0);
    struct player *players[PLAYERS], *late;
    uint64_t figure, began_ms;
    struct told told;

    (void)state;
    scene_start(scene);
    come(scene, players, 0);
    figure = scene_figure(scene, 10, 10);
    told_in(scene, players, figure, 20); /* he is in view */
    told = told_in(scene, players, figure, 20);
    assert_int_equal(told.least, 20);
    check_floor(scene, 0);
    dear_ns = LONG_NS;
    told_in(scene, players, figure, RISES);
    check_floor(scene, PRESSURE_FLOOR_MAX);
    told = told_in(scene, players, figure, 2 * TOP);
    assert_int_equal(told.least, 2);
    assert_int_equal(told.most, 2);
    assert_in_range(told.at_once, PLAYERS / TOP, 2 * PLAYERS / TOP); /* evenly over the sweeps */
    left_out = TOP - 1; /* so far behind, a sweep is as short as ever: or it would stay behind */
    told = told_in(scene, players, figure, 2 * TOP);
    assert_int_equal(told.least, 2);
    assert_int_equal(told.most, 2);
    assert_in_range(told.at_once, PLAYERS / TOP, 2 * PLAYERS / TOP);
    left_out = 0;
    player_chat(players[1], PROTOCOL_CHANNEL_GLOBAL, "still there?");
    told_in(scene, players, figure, 6);
    assert_int_equal(players[2]->counts[PROTOCOL_CHAT_LINE], 1);
    scene->every_ms = 50;
    scene->stopped = false;
    began_ms = scene_now_ms();
    late = scene_join(scene, "late");
    assert_true(scene_now_ms() - began_ms < SOON_MS);
    scene->stopped = true;
    check_floor(scene, PRESSURE_FLOOR_MAX);
    dear_ns = 0;
    for (unsigned i = 0; i < FALLS && sessions_floor(scene->sessions, 0) > 0; i++)
        walk(scene, figure);
    check_floor(scene, 0);
    told = told_in(scene, players, figure, 20);
    assert_int_equal(told.least, 20);
    scene_compare(scene, late);
    scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overtaken),
        cmocka_unit_test(test_read_between),
        cmocka_unit_test(test_neighbours),
        cmocka_unit_test(test_floor),
    };

    if (tls_pool_install() != 0) /* as the daemon does, before anything of OpenSSL */
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
