/* test_rates.c -- totals as how much a second. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "play/rates.h"

static void noted(struct rates *rates, uint64_t total, uint64_t now_ms)
{
    const uint64_t totals[RATES_N] = {total, 2 * total, 3 * total};

    rates_note(rates, totals, now_ms);
}

/* From the first moments on, and of the last 10 to 20 s once they have passed. */
static void a_rate_is_of_the_last_seconds(void **state)
{
    struct rates rates;
    uint64_t total = 0, now_ms = 5000;

    (void)state;
    rates_begin(&rates, now_ms);
    assert_int_equal(rates_per_s(&rates, RATES_IN, 100, now_ms + 400), 0); /* too early to say */
    assert_int_equal(rates_per_s(&rates, RATES_IN, 100, now_ms + 1000), 100);
    for (int second = 0; second < 60; second++) {
        now_ms += 1000;
        total += 700;
        noted(&rates, total, now_ms);
        assert_int_equal(rates_per_s(&rates, RATES_IN, total, now_ms), 700);
        assert_int_equal(rates_per_s(&rates, RATES_OUT, 2 * total, now_ms), 1400);
        assert_int_equal(rates_per_s(&rates, RATES_COST, 3 * total, now_ms), 2100);
    }
    for (int second = 0; second < 20; second++)
        noted(&rates, total, now_ms += 1000);
    assert_int_equal(rates_per_s(&rates, RATES_IN, total, now_ms), 0); /* what was is over */
}

/* A session that ended has its totals set to 0 before the next begins. */
static void what_falls_is_no_rate(void **state)
{
    struct rates rates;

    (void)state;
    rates_begin(&rates, 0);
    noted(&rates, 1000, 10000);
    noted(&rates, 2000, 20000);
    assert_int_equal(rates_per_s(&rates, RATES_IN, 10, 25000), 0);
    assert_int_equal(rates_per_s(&rates, RATES_IN, 2000, 9000), 0);
    assert_int_equal(rates_per_s(&rates, RATES_IN, UINT64_MAX, 25000), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_rate_is_of_the_last_seconds),
        cmocka_unit_test(what_falls_is_no_rate),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
