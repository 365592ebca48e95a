/* test_ladder.c -- the ladder as a whole: rungs up and down, the door, what is said and how often.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "ops/ladder.h"
#include "ops/metrics.h"

#define NOW_MS UINT64_C(1700000000000)

struct room {
    struct ladder ladder;
    struct ladder_facts facts;
    struct ladder_acts acts;
    uint64_t now_ms;
    unsigned notices, doors;
};

static struct room at_rest(void)
{
    return (struct room){.facts = {.threads_n = 2, .floor_max = 4, .tempo_permille = 1000},
                         .now_ms = NOW_MS};
}

/* So many seconds with the facts as they are. */
static void pass(struct room *room, unsigned seconds)
{
    for (unsigned i = 0; i < seconds; i++) {
        room->now_ms += 1000;
        ladder_look(&room->ladder, &room->facts, room->now_ms, &room->acts);
        room->notices += room->acts.notice[0] != '\0';
        room->doors += room->acts.door_changed;
    }
}

static void expect(const struct room *room, enum ladder_rung_number rung, const char *words)
{
    assert_true(room->ladder.rungs[rung].active);
    assert_string_equal(room->ladder.rungs[rung].words, words);
}

static void test_rest(void **state)
{
    struct room room = at_rest();

    (void)state;
    pass(&room, 100);
    assert_int_equal(ladder_highest(&room.ladder), 0);
    assert_int_equal(room.notices + room.doors, 0);
    assert_int_equal(room.ladder.rungs[LADDER_TEMPO].since_ms, 0);
    assert_int_equal(metrics_value(METRIC_LADDER_RUNG), 0);
}

/* Each rung is seen by itself, with its words, and when it began; and its end. */
static void test_rungs(void **state)
{
    struct room room = at_rest();

    (void)state;
    room.facts.players_shifted = 3;
    pass(&room, 1);
    expect(&room, LADDER_PLAYERS,
           "3 players are told of far cells less often, for their byte budget or their line");
    assert_int_equal(ladder_highest(&room.ladder), 1);
    room.facts.thread_floors[1] = 2;
    pass(&room, 1);
    expect(&room, LADDER_THREADS, "io-1 tells its players of what moves every 4 ticks");
    room.facts.thread_floors[0] = 1;
    pass(&room, 5);
    expect(&room, LADDER_THREADS,
           "io-1 (and 1 more, less so) tells its players of what moves every 4 ticks");
    assert_int_equal(room.ladder.rungs[LADDER_THREADS].since_ms, NOW_MS + 2000);
    room.facts.egress_floor = 1;
    room.facts.waiting = 12;
    pass(&room, 1);
    expect(&room, LADDER_EGRESS,
           "all players are told of what moves every 2 ticks, for net.egress_bytes");
    expect(&room, LADDER_LINE, "the world is full: 12 wait for a place");
    room.facts.tempo_permille = 404;
    pass(&room, 1);
    expect(&room, LADDER_TEMPO, "the world runs at 40 %, for the simulation's step");
    assert_int_equal(ladder_highest(&room.ladder), 5);
    assert_int_equal(metrics_value(METRIC_LADDER_RUNG), 5);
    room.facts = at_rest().facts;
    pass(&room, 1);
    assert_int_equal(ladder_highest(&room.ladder), 0);
    assert_string_equal(room.ladder.rungs[LADDER_TEMPO].words, "at rest");
    assert_int_equal(room.ladder.rungs[LADDER_TEMPO].since_ms, room.now_ms);
}

/* The door shuts when every thread's floor has been at its top for ten seconds, and opens ten
 * seconds after; one thread at its top is no reason, for newcomers go to the other. */
static void test_door(void **state)
{
    struct room room = at_rest();

    (void)state;
    room.facts.thread_floors[0] = 4;
    room.facts.thread_floors[1] = 3;
    pass(&room, 60);
    assert_int_equal(room.doors, 0);
    room.facts.thread_floors[1] = 4;
    pass(&room, 9);
    assert_int_equal(room.doors, 0);
    pass(&room, 1);
    assert_true(room.doors == 1 && room.ladder.door_shut);
    room.facts.waiting = 2;
    pass(&room, 60);
    expect(&room, LADDER_LINE, "newcomers wait until the load is less: 2 wait");
    room.facts.thread_floors[0] = 3;
    pass(&room, 5);
    room.facts.thread_floors[0] = 4; /* not yet */
    pass(&room, 1);
    room.facts.thread_floors[0] = 0;
    pass(&room, 9);
    assert_int_equal(room.doors, 1);
    pass(&room, 1);
    assert_true(room.doors == 2 && !room.ladder.door_shut);
    room.facts.egress_floor = 4;
    pass(&room, 10);
    assert_int_equal(room.doors, 3);
}

static void test_notices(void **state)
{
    struct room room = at_rest();

    (void)state;
    room.facts.tempo_permille = 500;
    pass(&room, 1);
    assert_string_equal(room.acts.notice,
                        "Too much happens at once: the world runs at 50 % for now.");
    pass(&room, 100); /* the same tempo is no news */
    assert_int_equal(room.notices, 1);
    for (unsigned i = 0; i < 120; i++) { /* another one each second: once a minute */
        room.facts.tempo_permille = (uint16_t)(300 + i);
        pass(&room, 1);
    }
    assert_int_equal(room.notices, 1 + 2);
    room.facts.tempo_permille = 1000;
    pass(&room, 1);
    assert_string_equal(room.acts.notice, "The world runs at full speed again.");
    room.notices = 0;
    room.facts.thread_floors[0] = 1;
    pass(&room, 120);
    assert_int_equal(room.notices, 2);
    room.facts.thread_floors[0] = 0;
    pass(&room, 60);
    assert_int_equal(room.notices, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rest),
        cmocka_unit_test(test_rungs),
        cmocka_unit_test(test_door),
        cmocka_unit_test(test_notices),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
