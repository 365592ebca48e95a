/* test_tiers.c -- how often cells are told of, and what takes it back: tiers, a player's shift, the
 * floors, each up and down. Pure; no sockets. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>

#include "play/pressure.h"
#include "play/tiers.h"
#include "sim/sim.h"

/* ---- distance ---- */

static void test_gap(void **state)
{
    struct tiers_square here = {0, 0}, there = {-1, -17};

    (void)state;
    assert_int_equal(tiers_gap2(here, (struct space_cell){.x = 0}), 0);
    assert_int_equal(tiers_gap2(here, (struct space_cell){.x = -1, .z = -1}), 0); /* the corner */
    assert_int_equal(tiers_gap2(here, (struct space_cell){.x = 1}), 60 * 60);
    assert_int_equal(tiers_gap2(here, (struct space_cell){.x = 1, .z = -2}), 60 * 60 + 64 * 64);
    assert_int_equal(tiers_gap2(here, (struct space_cell){.x = 1, .level = 3}), 4 * 4);
    assert_int_equal(tiers_gap2(there, (struct space_cell){.x = 0, .z = 0}), 64 * 64);
    assert_int_equal(tiers_gap2(there, (struct space_cell){.x = 1, .z = -9, .level = 3}), 8 * 8);
}

/* The tier never falls with the distance, nor rises when nothing is shifted near by. */
static void test_base(void **state)
{
    int8_t before = INT8_MIN;

    (void)state;
    for (int64_t gap = 0; gap < 3000; gap++) {
        int8_t base = tiers_base(gap * gap, INT8_MAX);
        assert_true(base >= before);
        before = base;
        for (unsigned shift = 0; shift <= TIERS_SHIFT_MAX; shift++) {
            unsigned tier = tiers_of(base, shift, 0);
            assert_true(tier <= TIERS_MAX);
            assert_true(shift == 0 || tier >= tiers_of(base, shift - 1, 0));
            if (gap == 0 && shift <= TIERS_NEAREST_UP)
                assert_true(tier <= 1); /* 10 Hz */
            if (gap < TIERS_FULL_M)
                assert_true(shift > 0 || tier == 0); /* 20 Hz where nothing presses */
            if (gap <= 32 && shift <= 4)
                assert_int_equal(tier, gap < 24 ? 0 : shift == 4);
            if (shift == TIERS_SHIFT_MAX)
                assert_int_equal(tier, TIERS_MAX);
            assert_int_equal(tiers_of(base, shift, 4), 4);
            assert_true(tiers_of(base, shift, 2) == (tier > 2 ? tier : 2));
        }
    }
    /* To and fro over a limit nothing changes after the first time. */
    assert_int_equal(tiers_base(384 * 384, 0), 0);
    assert_int_equal(tiers_base(511 * 511, 0), 0);
    assert_int_equal(tiers_base(513 * 513, 0), 1);
    assert_int_equal(tiers_base(384 * 384, 1), 1);
    assert_int_equal(tiers_base(383 * 383, 1), 0);
    /* Of a view of 192 m, cells are kept up to two cells' diagonals beyond. */
    assert_true(TIERS_FULL_M > 192 + 2 * 91);
}

/* ---- turns ---- */

/* Of any snapshots that come, with holes: at most one turn in 2^k ticks, and none of them left out.
 */
static void test_turns(void **state)
{
    (void)state;
    srand(2);
    for (unsigned tier = 0; tier <= TIERS_MAX; tier++) {
        for (uint32_t phase = 0; phase < 40; phase++) {
            uint32_t have = 5, length = 1u << tier;
            for (uint32_t tick = 6; tick < 3000; tick += 1 + (uint32_t)(rand() % 5 == 0) * 7) {
                bool due = tiers_due(have, tick, phase, tier);
                assert_int_equal(due, (have + phase) / length != (tick + phase) / length);
                assert_true(due || tick - have < length);
                if (due)
                    have = tick;
            }
        }
    }
    assert_true(tiers_due(CELLBLOCK_NONE, 1, 0, 4));
}

/* Sixteen sessions and the cells of a crowd: each tick has the same load, under each floor. */
static void test_level_load(void **state)
{
    (void)state;
    for (unsigned floor = 0; floor <= 4; floor++) {
        for (unsigned tier = floor; tier <= TIERS_MAX; tier++) {
            for (uint32_t tick = 100; tick < 132; tick++) {
                unsigned turns = 0, cells = 0;
                for (uint32_t phase = 0; phase < 16; phase++) {
                    bool turn = tiers_has_turn(tick, phase, floor); /* a sweep each tick */
                    unsigned mine = 0;
                    turns += turn;
                    for (int32_t i = 0; i < 64; i++) {
                        struct space_cell cell = {.x = i % 8, .z = i / 8, .level = 3};
                        bool due =
                            tiers_due(tick - 1, tick, phase + (tiers_offset(cell) << floor), tier);
                        assert_true(turn || !due); /* all turns of cells are turns of the session */
                        mine += due;
                    }
                    assert_int_equal(mine, turn ? 64u >> (tier - floor) : 0);
                    cells += mine;
                }
                assert_int_equal(turns, 16u >> floor);
                assert_int_equal(cells, 16 * 64u >> tier);
            }
        }
    }
}

/* A thread that is behind makes a sweep of every third tick only: under each floor it has as few
 * players in one as if it were not, each of them comes, and all that waited then goes. */
static void test_behind(void **state)
{
    (void)state;
    for (unsigned floor = 0; floor <= 4; floor++) {
        uint32_t had[16] = {0}, tick = 100;

        for (uint32_t sweep = 7; sweep < 7 + 32; sweep++, tick += 3) {
            unsigned turns = 0;
            for (uint32_t phase = 0; phase < 16; phase++) {
                if (!tiers_has_turn(sweep, phase, floor))
                    continue;
                turns++;
                if (had[phase] > 0) {
                    assert_int_equal(tick - had[phase], 3u << floor);
                    assert_true(tiers_due(had[phase], tick, phase, floor));
                }
                had[phase] = tick;
            }
            assert_int_equal(turns, 16u >> floor);
        }
        for (uint32_t phase = 0; phase < 16; phase++)
            assert_true(had[phase] > 0);
    }
}

/* ---- a player's shift ---- */

static uint32_t twice(const void *context, unsigned from, unsigned to)
{
    (void)context;
    assert_int_equal(from, to + 1);
    return 200;
}

static const struct pace_growth doubling = {twice, NULL};

/* Ask for so much a tick at shift 0, of which every shift halves a half. Returns the bytes sent. */
static uint64_t play(struct pace *pace, uint32_t *tick, uint32_t ticks, uint32_t want)
{
    uint64_t sent = 0;

    for (uint32_t i = 0; i < ticks; i++) {
        uint32_t block = (want / 2 + (want / 2 >> pace->shift)) / 10;
        pace_turn(pace, 20000, ++*tick, &doubling);
        for (unsigned k = 0; k < 10; k++) {
            if (!pace_open(pace, false, 0)) {
                pace_withheld(pace);
                break;
            }
            pace_sent(pace, block, block);
            sent += block;
        }
    }
    return sent;
}

static void test_pace(void **state)
{
    struct pace pace;
    uint32_t tick = 7;
    uint64_t sent;
    unsigned shift, changes = 0;

    (void)state;
    pace_init(&pace, 20000, tick);
    assert_true(play(&pace, &tick, 200, 900) > 200 * 890); /* within the budget: all of it */
    assert_int_equal(pace.shift, 0);
    sent = play(&pace, &tick, 200, 1800);
    assert_in_range(sent, 150000, 200 * 1000 + 10000 + 400); /* the budget, and what was saved up */
    assert_in_range(pace.shift, 2, 5);
    shift = pace.shift;
    for (unsigned i = 0; i < 400; i++) { /* it has found its place: no to and fro */
        play(&pace, &tick, 1, 1800);
        changes += pace.shift != shift;
        shift = pace.shift;
    }
    assert_true(changes <= 1);
    /* nor where each shift halves all of it, and one less would be a little too much */
    for (unsigned i = 0; i < 200; i++) {
        pace_turn(&pace, 20000, ++tick, &doubling);
        pace_sent(&pace, 850, 850);
        assert_int_equal(pace.shift, shift);
    }
    play(&pace, &tick, 40, 300);
    assert_true(pace.shift < shift);
    play(&pace, &tick, 200, 300);
    assert_int_equal(pace.shift, 0);
    play(&pace, &tick, 400, 20000); /* far too much: to the end, and no further */
    assert_int_equal(pace.shift, TIERS_SHIFT_MAX);
}

/* A stall's full blocks are paced, but no reason to shift. */
static void test_pace_full(void **state)
{
    struct pace pace;
    uint32_t tick = 7;
    uint64_t sent = 0;

    (void)state;
    pace_init(&pace, 20000, tick);
    for (unsigned i = 0; i < 100; i++) {
        pace_turn(&pace, 20000, ++tick, &doubling);
        while (pace_open(&pace, false, 0)) {
            pace_sent(&pace, 3000, 0);
            sent += 3000;
        }
        pace_withheld(&pace);
    }
    assert_int_equal(pace.shift, 0);
    assert_in_range(sent, 100000, 10000 + 100 * 1000 + 3000);
    /* those near go on a little longer */
    assert_true(pace_open(&pace, true, 1000));
    assert_false(pace_open(&pace, false, 1000));
    assert_false(pace_open(&pace, true, 6000));
}

/* A socket that keeps refusing shifts, too, and lets go when it takes again. */
static void test_pace_refused(void **state)
{
    struct pace pace;
    uint32_t tick = 0;

    (void)state;
    pace_init(&pace, 20000, tick);
    for (unsigned i = 0; i < 200; i++) { /* now and then is nothing */
        if (i % 5 == 0)
            pace_refused(&pace, 20000, ++tick);
        else
            pace_turn(&pace, 20000, ++tick, &doubling);
    }
    assert_int_equal(pace.shift, 0);
    for (unsigned i = 0; i < 30; i++)
        pace_refused(&pace, 20000, ++tick);
    assert_in_range(pace.shift, 5, 8);
    for (unsigned i = 0; i < 100; i++) {
        pace_turn(&pace, 20000, ++tick, &doubling);
        pace_sent(&pace, 50, 50);
    }
    assert_int_equal(pace.shift, 0);
}

/* Turns of a player who wants so much; how often he is to be told. */
static unsigned told(struct pace *pace, uint32_t *tick, uint32_t ticks, uint32_t want)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < ticks; i++) {
        play(pace, tick, 1, want);
        if (pace_untold(pace)) {
            pace_told(pace);
            n++;
        }
    }
    return n;
}

/* He is told once he has been shifted for 5 s; once, however long it lasts; and of another time not
 * before 5 minutes are over. */
static void test_pace_tells(void **state)
{
    struct pace pace;
    uint32_t tick = 7;

    (void)state;
    pace_init(&pace, 20000, tick);
    assert_int_equal(told(&pace, &tick, 400, 900), 0);
    for (unsigned i = 0; i < 20; i++) { /* a moment, again and again */
        assert_int_equal(told(&pace, &tick, 20, 1800), 0);
        assert_true(pace.shift > 0);
        assert_int_equal(told(&pace, &tick, 100, 300), 0);
        assert_int_equal(pace.shift, 0);
    }
    assert_int_equal(told(&pace, &tick, 90, 1800), 0);
    assert_true(pace.shift > 0);
    assert_int_equal(told(&pace, &tick, 60, 1800), 1);
    assert_int_equal(told(&pace, &tick, 8000, 1800), 0);
    assert_int_equal(told(&pace, &tick, 200, 300), 0);
    assert_int_equal(pace.shift, 0);
    assert_int_equal(told(&pace, &tick, 200, 1800), 1); /* 400 s after the first */
    told(&pace, &tick, 200, 300);
    assert_int_equal(told(&pace, &tick, 5000, 1800), 0); /* 10 s after the second */
    assert_int_equal(told(&pace, &tick, 1000, 1800), 1);
}

/* ---- floors ---- */

static void test_floor(void **state)
{
    struct floor floor = {.floor = 0};
    unsigned changes = 0, before = 0;

    (void)state;
    for (unsigned i = 0; i < 500; i++)
        assert_int_equal(floor_measure(&floor, &floor_of_sweeps, i % 9 == 0 ? 60000 : 15000), 0);
    for (unsigned i = 0; i < 19; i++) /* a moment is not enough */
        assert_int_equal(floor_measure(&floor, &floor_of_sweeps, 41000), 0);
    for (unsigned i = 0; i < 40; i++)
        floor_measure(&floor, &floor_of_sweeps, 41000);
    assert_in_range(floor.floor, 1, 3);
    /* a load that each floor halves: it settles */
    for (unsigned i = 0; i < 1000; i++) {
        unsigned now = floor_measure(&floor, &floor_of_sweeps, 82000u >> floor.floor);
        changes += now != before;
        before = now;
    }
    assert_int_equal(floor.floor, 2);
    assert_true(changes <= 8); /* before, floors had bought nothing: it has to look once each */
    for (unsigned i = 0; i < 200; i++)
        floor_measure(&floor, &floor_of_sweeps, 500000);
    assert_int_equal(floor.floor, PRESSURE_FLOOR_MAX);
    for (unsigned i = 0; i < 39; i++)
        assert_int_equal(floor_measure(&floor, &floor_of_sweeps, 1000), PRESSURE_FLOOR_MAX);
    for (unsigned i = 0; i < 200; i++)
        floor_measure(&floor, &floor_of_sweeps, 1000);
    assert_int_equal(floor.floor, 0);
}

/* A thread whose sweeps cost so much, in us: of `sends` each floor takes a half, of `bytes` none.
 */
struct thread_model {
    struct floor floor;
    uint64_t seed;
    uint32_t sends, bytes, noise; /* noise: percent to and fro */
    unsigned moves, falls, over;  /* over: measurements above the limit */
};

static void run_model(struct thread_model *m, unsigned seconds)
{
    for (unsigned i = 0; i < seconds * SIM_TICK_HZ; i++) {
        uint32_t load = (m->sends >> m->floor.floor) + m->bytes;
        unsigned before = m->floor.floor, now;

        m->seed = m->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        load = load * (100 - m->noise + (uint32_t)(m->seed >> 33) % (2 * m->noise + 1)) / 100;
        m->over += load > floor_of_sweeps.high;
        now = floor_measure(&m->floor, &floor_of_sweeps, load);
        m->moves += now != before;
        m->falls += now < before;
        assert_true(now <= before + 1 && before <= now + 1);
    }
}

/* Where it is bytes that cost, one floor buys little, and half of the limit is never come by: it is
 * left all the same once what it kept off is gone. */
static void test_floor_of_bytes(void **state)
{
    struct thread_model m = {.seed = 1, .sends = 9000, .bytes = 33000, .noise = 10};

    (void)state;
    run_model(&m, 60);
    assert_int_equal(m.floor.floor, 1);
    assert_true(m.moves <= 3);
    m.sends = 5500; /* some go: 29.5 ms without a floor, 26.8 with it */
    m.bytes = 24000;
    m.moves = 0;
    run_model(&m, 30);
    assert_int_equal(m.floor.floor, 0);
    assert_int_equal(m.moves, 1);
    run_model(&m, 600);
    assert_int_equal(m.moves, 1);
}

/* Of a load that fits under some floor only it rises to that and looks below it less and less
 * often; of one that fits under none it ends at the top. */
static void test_floor_looks_seldom(void **state)
{
    static const struct {
        uint32_t sends, bytes, noise;
        unsigned floor, falls;
    } rows[] = {
        {81000, 0, 15, 2, 6},      /* 40.5 ms at 1: just too much */
        {50000, 0, 20, 1, 6},      /* a floor halves it */
        {23000, 23000, 15, 1, 7},  /* 34.5 ms */
        {1000, 40500, 5, 4, 2},    /* hardly anything helps */
        {0, 57000, 5, 4, 0},       /* nothing helps */
        {285000, 13700, 10, 4, 7}, /* 31.5 ms at the top */
    };

    (void)state;
    for (unsigned i = 0; i < ARRAY_N(rows); i++) {
        struct thread_model m = {
            .seed = i, .sends = rows[i].sends, .bytes = rows[i].bytes, .noise = rows[i].noise};
        run_model(&m, 20);
        m.falls = m.over = 0;
        run_model(&m, 1200);
        assert_int_equal(m.floor.floor, rows[i].floor);
        assert_true(m.falls <= rows[i].falls);
        assert_true(rows[i].floor == PRESSURE_FLOOR_MAX || m.over <= 240);
    }
}

/* A machine that stands back for two seconds: what was measured then is believed for some more. */
static void test_floor_forgets(void **state)
{
    struct thread_model m = {.seed = 3, .sends = 8000, .bytes = 18000, .noise = 10};

    (void)state;
    run_model(&m, 30);
    assert_int_equal(m.moves, 0);
    m.sends = 14000;
    m.bytes = 31000;
    run_model(&m, 2);
    assert_int_equal(m.floor.floor, 1);
    m.sends = 8000;
    m.bytes = 18000;
    run_model(&m, 6);
    assert_int_equal(m.floor.floor, 0);
    run_model(&m, 60);
    assert_int_equal(m.moves, 2);
}

/* A load that swells and ebbs takes the floor up and down with it. */
static void test_floor_follows(void **state)
{
    struct thread_model m = {.seed = 5, .noise = 10};

    (void)state;
    for (unsigned wave = 0; wave < 10; wave++) {
        for (unsigned s = 0; s < 120; s++) {
            m.sends = 1000 * (s < 60 ? s : 120 - s);
            m.bytes = m.sends / 2;
            run_model(&m, 1);
        }
        assert_int_equal(m.floor.floor, 0);
    }
    assert_in_range(m.moves, 60, 100); /* up to 3 or 4 and down again, each wave */
}

static void test_egress(void **state)
{
    static struct pressure_server server;
    uint32_t tick = 50;

    (void)state;
    for (; tick < 300; tick++) { /* 4 MB/s under a limit of 1 MB/s, halved by each floor */
        pressure_server_sent(&server, 200000u >> pressure_server_floor(&server));
        pressure_server_measure(&server, 1000000, tick);
    }
    assert_int_equal(pressure_server_floor(&server), 2);
    for (; tick < 500; tick++) {
        pressure_server_sent(&server, 10000);
        pressure_server_measure(&server, 1000000, tick);
    }
    assert_int_equal(pressure_server_floor(&server), 0);
    for (; tick < 600; tick++) {
        pressure_server_sent(&server, 10000000);
        pressure_server_measure(&server, 1000000, tick);
    }
    assert_int_equal(pressure_server_floor(&server), 4);
    for (; tick < 620; tick++) { /* no limit any more */
        pressure_server_sent(&server, 10000000);
        pressure_server_measure(&server, 0, tick);
    }
    assert_int_equal(pressure_server_floor(&server), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_gap),
        cmocka_unit_test(test_base),
        cmocka_unit_test(test_turns),
        cmocka_unit_test(test_level_load),
        cmocka_unit_test(test_behind),
        cmocka_unit_test(test_pace),
        cmocka_unit_test(test_pace_full),
        cmocka_unit_test(test_pace_refused),
        cmocka_unit_test(test_pace_tells),
        cmocka_unit_test(test_floor),
        cmocka_unit_test(test_floor_of_bytes),
        cmocka_unit_test(test_floor_looks_seldom),
        cmocka_unit_test(test_floor_forgets),
        cmocka_unit_test(test_floor_follows),
        cmocka_unit_test(test_egress),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
