/* test_bucket.c -- token buckets: exact over any pattern of asking, and never more than the burst.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "net/bucket.h"

static void test_burst_then_rate(void **state)
{
    const struct bucket_rate rate = {.tokens = 10, .period_ms = 1000, .burst = 40};
    struct bucket bucket;
    unsigned taken = 0;

    (void)state;
    bucket_init(&bucket, &rate, 5000);
    while (bucket_take(&bucket, &rate, 5000))
        taken++;
    assert_int_equal(taken, 40);
    assert_int_equal(bucket_wait_ms(&bucket, &rate, 5000), 100);
    assert_false(bucket_take(&bucket, &rate, 5099));
    assert_true(bucket_take(&bucket, &rate, 5100));
    assert_false(bucket_take(&bucket, &rate, 5100));
    assert_false(bucket_full(&bucket, &rate, 9099));
    assert_true(bucket_full(&bucket, &rate, 9100));
}

/* However often it is asked in between, nothing is lost to rounding: 7 in 1,000 ms stays 7. */
static void test_no_rounding(void **state)
{
    const struct bucket_rate rate = {.tokens = 7, .period_ms = 1000, .burst = 1};
    struct bucket bucket;
    unsigned taken = 0;

    (void)state;
    bucket_init(&bucket, &rate, 0);
    assert_true(bucket_take(&bucket, &rate, 0));
    for (uint64_t now_ms = 1; now_ms <= 100000; now_ms++)
        taken += bucket_take(&bucket, &rate, now_ms);
    assert_in_range(
        taken, 690,
        700); /* burst 1: a token that falls between two milliseconds waits for the next */
}

static void test_slow_rate(void **state)
{
    const struct bucket_rate rate = {.tokens = 6, .period_ms = 60000, .burst = 6};
    struct bucket bucket;

    (void)state;
    bucket_init(&bucket, &rate, 0);
    for (unsigned i = 0; i < 6; i++)
        assert_true(bucket_take(&bucket, &rate, 0));
    assert_int_equal(bucket_wait_ms(&bucket, &rate, 0), 10000);
    assert_int_equal(bucket_wait_ms(&bucket, &rate, 9999), 1);
    assert_true(bucket_take(&bucket, &rate, 10000));
}

static void test_odd_clocks(void **state)
{
    struct bucket_rate rate = {.tokens = UINT32_MAX, .period_ms = 3600000, .burst = 2};
    struct bucket bucket;

    (void)state;
    bucket_init(&bucket, &rate, 1000);
    assert_true(bucket_take(&bucket, &rate, 1000));
    assert_true(bucket_take(&bucket, &rate, 1000));
    assert_false(bucket_take(&bucket, &rate, 10));        /* back: nothing */
    assert_true(bucket_take(&bucket, &rate, UINT64_MAX)); /* far ahead: no overflow */
    rate.burst = 1;
    assert_true(bucket_take(&bucket, &rate, UINT64_MAX));
    assert_false(bucket_take(&bucket, &rate, UINT64_MAX)); /* a lower burst counts at once */
    rate.tokens = 0;
    assert_int_equal(bucket_wait_ms(&bucket, &rate, UINT64_MAX), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_burst_then_rate),
        cmocka_unit_test(test_no_rounding),
        cmocka_unit_test(test_slow_rate),
        cmocka_unit_test(test_odd_clocks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
