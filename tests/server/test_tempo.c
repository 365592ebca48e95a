/* test_tempo.c -- time dilation: down when steps do not fit, and back up. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "tempo.h"

#define MS 1000u

/* Steps of that length for so long in real time; returns how often the tempo changed. */
static unsigned run(struct tempo *tempo, unsigned step_us, uint64_t for_us)
{
    unsigned changes = 0;

    for (uint64_t at_us = 0; at_us < for_us;) {
        uint32_t period_us = tempo_period_us(tempo);
        uint64_t span_us = step_us > period_us ? step_us : period_us;

        at_us += span_us;
        changes += tempo_note(tempo, step_us, span_us);
    }
    return changes;
}

static void test_fits(void **state)
{
    struct tempo tempo;

    (void)state;
    tempo_init(&tempo);
    assert_int_equal(tempo_period_us(&tempo), 50 * MS);
    assert_int_equal(run(&tempo, 40 * MS, 600000 * MS), 0);
    assert_int_equal(tempo.permille, TEMPO_MAX);
}

/* Steps that take double the time that they may: half tempo, after 2 s and not before; and it stays
 * there, however long. */
static void test_down(void **state)
{
    struct tempo tempo;

    (void)state;
    tempo_init(&tempo);
    run(&tempo, 5 * MS, 60000 * MS);
    assert_int_equal(run(&tempo, 80 * MS, 1900 * MS), 0);
    assert_int_equal(run(&tempo, 80 * MS, 200 * MS), 1);
    assert_in_range(tempo.permille, 490, 510);
    assert_in_range(tempo_period_us(&tempo), 98 * MS, 103 * MS);
    assert_true(run(&tempo, 80 * MS, 60000 * MS) <= 1);
    assert_in_range(tempo.permille, 490, 510);
}

static void test_floor(void **state)
{
    struct tempo tempo;

    (void)state;
    tempo_init(&tempo);
    run(&tempo, 1000 * MS, 60000 * MS);
    assert_int_equal(tempo.permille, TEMPO_MIN);
    assert_int_equal(tempo_period_us(&tempo), 500 * MS);
}

/* One stop of three seconds, or a short bad time again and again, is a stall and no dilation. */
static void test_stall_is_none(void **state)
{
    struct tempo tempo;

    (void)state;
    tempo_init(&tempo);
    run(&tempo, 5 * MS, 1000 * MS);
    assert_int_equal(run(&tempo, 3000 * MS, 1), 0);
    for (int i = 0; i < 100; i++) {
        assert_int_equal(run(&tempo, 5 * MS, 3000 * MS), 0);
        assert_int_equal(run(&tempo, 200 * MS, 1200 * MS), 0);
    }
    for (int i = 0; i < 10000; i++) /* about the limit: no flapping */
        assert_int_equal(run(&tempo, i % 2 ? 35 * MS : 45 * MS, 1), 0);
}

/* Up by steps of half as much, none sooner than 3 s after the one before, up to real time. */
static void test_up(void **state)
{
    struct tempo tempo;
    uint16_t before;
    unsigned rises = 0;

    (void)state;
    tempo_init(&tempo);
    run(&tempo, 400 * MS, 20000 * MS);
    before = tempo.permille;
    assert_true(before <= 102);
    assert_int_equal(run(&tempo, 5 * MS, 2000 * MS), 0);
    while (tempo.permille < TEMPO_MAX && rises < 10) {
        while (!tempo_note(&tempo, 5 * MS, tempo_period_us(&tempo)))
            continue;
        assert_true(tempo.permille > before && tempo.permille <= before * 3 / 2);
        assert_int_equal(run(&tempo, 5 * MS, 2500 * MS), 0);
        before = tempo.permille;
        rises++;
    }
    assert_int_equal(tempo.permille, TEMPO_MAX);
    assert_in_range(rises, 5, 7);
}

/* A little less work is no reason to rise; it rises only to where there is room. */
static void test_hysteresis(void **state)
{
    struct tempo tempo;

    (void)state;
    tempo_init(&tempo);
    run(&tempo, 80 * MS, 10000 * MS);
    assert_int_equal(run(&tempo, 58 * MS, 60000 * MS), 0);
    assert_int_equal(run(&tempo, 40 * MS, 60000 * MS), 1);
    assert_in_range(tempo.permille, 740, 760);
    assert_int_equal(run(&tempo, 31 * MS, 60000 * MS), 1);
    assert_int_equal(run(&tempo, 29 * MS, 10000 * MS), 1);
    assert_int_equal(tempo.permille, TEMPO_MAX);
}

/* It is real time that counts: on a machine that gives the thread a third of a core the 2 s are not
 * six. */
static void test_real_time(void **state)
{
    struct tempo tempo;
    uint64_t at_us = 0;

    (void)state;
    tempo_init(&tempo);
    while (!tempo_note(&tempo, 60 * MS, 180 * MS))
        at_us += 180 * MS;
    assert_in_range(at_us, 1700 * MS, 2200 * MS);
}

/* Whatever the steps: within its bounds, and never two changes within 2 s. */
static void test_any(void **state)
{
    struct tempo tempo;
    uint64_t at_us = 0, changed_us = 0;

    (void)state;
    tempo_init(&tempo);
    srand(7);
    for (int i = 0; i < 200000; i++) {
        unsigned step_us = (unsigned)rand() % (i / 1000 % 2 ? 30000u : 300000u);
        uint32_t period_us = tempo_period_us(&tempo);
        uint64_t span_us = step_us > period_us ? step_us : period_us;

        at_us += span_us;
        if (tempo_note(&tempo, step_us, span_us)) {
            assert_true(at_us - changed_us >= 1900000);
            changed_us = at_us;
        }
        assert_in_range(tempo.permille, TEMPO_MIN, TEMPO_MAX);
    }
    assert_true(changed_us > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fits),      cmocka_unit_test(test_down),
        cmocka_unit_test(test_floor),     cmocka_unit_test(test_stall_is_none),
        cmocka_unit_test(test_up),        cmocka_unit_test(test_hysteresis),
        cmocka_unit_test(test_real_time), cmocka_unit_test(test_any),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
