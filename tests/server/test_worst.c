/* test_worst.c -- the longest ticks and sweeps: kept in order, forgotten after ten minutes, each
 * with its cause. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "ops/worst.h"

#define MINUTE_MS UINT64_C(60000)

static int make(void **state)
{
    struct error error;

    *state = worst_new(3, &error);
    return *state == NULL ? -1 : 0;
}

static int unmake(void **state)
{
    worst_free(*state);
    return 0;
}

static void note(struct worst *worst, unsigned producer, uint32_t real_us, uint64_t at_ms)
{
    struct worst_record record = {
        .kind = producer == 0 ? WORST_TICK : WORST_SWEEP, .real_us = real_us, .at_ms = at_ms};

    worst_note(worst, producer, &record);
}

static void test_order(void **state)
{
    struct worst *worst = *state;

    assert_null(worst_at(worst, WORST_TICK, 0));
    for (uint32_t i = 0; i < 40; i++)
        note(worst, 0, 1000 + i * 7 % 40, 1);
    note(worst, 1, 5, 1);
    note(worst, 2, 9, 1);
    worst_take(worst, 1);
    for (unsigned i = 0; i < WORST_KEPT; i++)
        assert_int_equal(worst_at(worst, WORST_TICK, i)->real_us, 1039 - i);
    assert_null(worst_at(worst, WORST_TICK, WORST_KEPT));
    assert_int_equal(worst_at(worst, WORST_SWEEP, 0)->real_us, 9);
    assert_int_equal(worst_at(worst, WORST_SWEEP, 1)->real_us, 5);
    assert_null(worst_at(worst, WORST_SWEEP, 2));
    /* What is not worth it does not even fill the queue. */
    for (uint32_t i = 0; i < 1000; i++)
        note(worst, 0, 1000, 2);
    assert_int_equal(worst_lost(worst), 0);
    for (uint32_t i = 0; i < 1000; i++)
        note(worst, 0, 2000, 2);
    assert_true(worst_lost(worst) >= 900);
}

static void test_forgets(void **state)
{
    struct worst *worst = *state;

    for (uint32_t i = 0; i < WORST_KEPT; i++)
        note(worst, 0, 9000 + i, i < 8 ? 0 : MINUTE_MS);
    worst_take(worst, MINUTE_MS);
    worst_take(worst, 10 * MINUTE_MS - 1);
    assert_non_null(worst_at(worst, WORST_TICK, 15));
    worst_take(worst, 10 * MINUTE_MS);
    assert_non_null(worst_at(worst, WORST_TICK, 7));
    assert_null(worst_at(worst, WORST_TICK, 8));
    note(worst, 0, 1, 10 * MINUTE_MS); /* there is room for short ones again */
    worst_take(worst, 10 * MINUTE_MS);
    assert_int_equal(worst_at(worst, WORST_TICK, 8)->real_us, 1);
}

static void *producer(void *context)
{
    for (uint32_t i = 0; i < 20000; i++)
        note(context, 1, i, 1);
    return NULL;
}

static void test_threads(void **state)
{
    struct worst *worst = *state;
    pthread_t thread;

    assert_int_equal(pthread_create(&thread, NULL, producer, worst), 0);
    for (uint32_t i = 0; i < 20000; i++) {
        note(worst, 0, i, 1);
        if (i % 50 == 0)
            worst_take(worst, 1);
    }
    pthread_join(thread, NULL);
    worst_take(worst, 1);
    for (unsigned kind = 0; kind < WORST_KINDS; kind++)
        for (unsigned i = 1; worst_at(worst, kind, i) != NULL; i++)
            assert_true(worst_at(worst, kind, i)->real_us <= worst_at(worst, kind, i - 1)->real_us);
    assert_int_equal(worst_at(worst, WORST_TICK, 0)->real_us, 19999);
}

static void test_causes(void **state)
{
    static const struct {
        struct worst_record record;
        const char *says;
    } rows[] = {
        {{.kind = WORST_TICK,
          .real_us = 36000,
          .cpu_us = 35000,
          .of.tick = {.step_us = 31000, .commands = 812, .entities = 900, .cells = 12}},
         "the step took 31.0 of 35.0 ms: 812 commands, 900 figures in 12 cells"},
        {{.kind = WORST_TICK,
          .real_us = 9000,
          .cpu_us = 8000,
          .of.tick = {.step_us = 1000, .snapshot_us = 6000}},
         "building the snapshot took 6.0 of 8.0 ms: 0 commands"},
        {{.kind = WORST_TICK,
          .real_us = 9000,
          .cpu_us = 8000,
          .of.tick = {.step_us = 1000, .drain_us = 6000}},
         "taking and sorting commands took 6.0"},
        {{.kind = WORST_TICK,
          .real_us = 9000,
          .cpu_us = 8000,
          .of.tick = {.step_us = 1000, .journal_us = 6000}},
         "the journal's hash took 6.0"},
        {{.kind = WORST_TICK,
          .real_us = 503000,
          .cpu_us = 900,
          .of.tick = {.late_us = 501000, .missed = 10, .credit = 30, .step_us = 300}},
         "stood still: began 501 ms late, 10 ticks missed, 30 substeps given back"},
        {{.kind = WORST_TICK,
          .real_us = 33000,
          .cpu_us = 3000,
          .of.tick = {.late_us = 30000, .before_us = 80000, .step_us = 3000}},
         "after a tick of 80.0 ms: began 30.0 ms late"},
        {{.kind = WORST_TICK,
          .real_us = 33000,
          .cpu_us = 3000,
          .of.tick = {.late_us = 30000, .step_us = 3000}},
         "began 30.0 ms late: the thread got no core in time"},
        {{.kind = WORST_TICK, .real_us = 30000, .cpu_us = 3000, .of.tick = {.step_us = 3000}},
         "ran 3.0 of 30.0 ms: the thread got no core"},
        {{.kind = WORST_SWEEP,
          .real_us = 20000,
          .cpu_us = 19000,
          .of.sweep = {.sessions = 700, .blocks = 9000, .blocks_full = 12, .bytes = 1500000}},
         "700 players, 9000 blocks (12 full), 1500 kB"},
        {{.kind = WORST_SWEEP,
          .real_us = 20000,
          .cpu_us = 4000,
          .of.sweep = {.sessions = 700, .handshakes = 31}},
         "31 TLS handshakes came between, gathering took 4.0 ms"},
        {{.kind = WORST_SWEEP, .real_us = 20000, .cpu_us = 4000},
         "gathering took 4.0 ms: the rest went to reading"},
    };
    char cause[WORST_CAUSE_SIZE];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(rows); i++) {
        worst_cause(&rows[i].record, cause);
        if (strncmp(cause, rows[i].says, strlen(rows[i].says)) != 0)
            fail_msg("row %zu says: %s", i, cause);
    }
}

int main(void)
{
#define ROOM(test) cmocka_unit_test_setup_teardown(test, make, unmake)
    const struct CMUnitTest tests[] = {
        ROOM(test_order),
        ROOM(test_forgets),
        ROOM(test_threads),
        cmocka_unit_test(test_causes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
