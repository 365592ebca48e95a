/* Counters add up from many threads; histograms put each time in its bucket and give quantiles
 * back. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "ops/metrics.h"

#define THREADS 4
#define ROUNDS  5000

static void *count(void *unused)
{
    (void)unused;
    for (unsigned i = 0; i < ROUNDS; i++) {
        metrics_add(METRIC_TICKS, 2);
        metrics_gauge(METRIC_PLAYERS, i % 2 ? 1 : -1);
        metrics_observe(METRIC_TICK_US, i);
    }
    return NULL;
}

static void test_threads_add_up(void **state)
{
    pthread_t threads[THREADS];
    struct metrics_histogram histogram;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, count, NULL), 0);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_join(threads[i], NULL), 0);
    assert_int_equal(metrics_value(METRIC_TICKS), 2 * ROUNDS * THREADS);
    assert_int_equal(metrics_value(METRIC_PLAYERS), 0);
    assert_int_equal(metrics_value(METRIC_TICK_US), ROUNDS * THREADS);
    metrics_histogram(METRIC_TICK_US, &histogram);
    assert_int_equal(histogram.count, ROUNDS * THREADS);
    assert_int_equal(histogram.max_us, ROUNDS - 1);
    assert_int_equal(histogram.sum_us, (uint64_t)THREADS * ROUNDS * (ROUNDS - 1) / 2);
}

static void test_gauge_is_set(void **state)
{
    (void)state;
    metrics_set(METRIC_CELLS, 17);
    metrics_gauge(METRIC_CELLS, -20);
    assert_int_equal(metrics_value(METRIC_CELLS), -3);
}

static void test_buckets_and_quantiles(void **state)
{
    struct metrics_histogram before, after;

    (void)state;
    metrics_histogram(METRIC_STORE_US, &before);
    assert_int_equal(metrics_quantile(&before, NULL, 0.5), 0);
    metrics_observe(METRIC_STORE_US, 0);
    metrics_observe(METRIC_STORE_US, 16);
    metrics_observe(METRIC_STORE_US, 17);
    metrics_observe(METRIC_STORE_US, 20000000);
    metrics_histogram(METRIC_STORE_US, &after);
    assert_int_equal(after.buckets[0], 2);
    assert_int_equal(after.buckets[1], 1);
    assert_int_equal(after.buckets[METRICS_BUCKETS - 1], 1);
    assert_int_equal(metrics_quantile(&after, &before, 0.0), 16);
    assert_int_equal(metrics_quantile(&after, &before, 0.5), 16);
    assert_int_equal(metrics_quantile(&after, &before, 0.51), 32);
    assert_int_equal(metrics_quantile(&after, &before, 1.0), 20000000);
    assert_int_equal(metrics_quantile(&after, &after, 0.5), 0);
    assert_true(metrics_bucket_us(METRICS_BUCKETS - 1) == UINT64_MAX);
    assert_int_equal(metrics_bucket_us(METRICS_BUCKETS - 2), 8388608);
}

static void test_rows_are_named_once(void **state)
{
    (void)state;
    for (unsigned i = 0; i < METRICS_N; i++) {
        const struct metrics_row *row = metrics_row((enum metric)i);

        assert_int_equal(strncmp(row->exported, "openmmo_", 8), 0);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(row->exported, metrics_row((enum metric)j)->exported);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_add_up),
        cmocka_unit_test(test_gauge_is_set),
        cmocka_unit_test(test_buckets_and_quantiles),
        cmocka_unit_test(test_rows_are_named_once),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
