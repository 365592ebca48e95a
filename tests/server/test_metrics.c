/* Counters add up from many threads; histograms put each time in its bucket and give quantiles
 * back. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
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

static void test_a_family_adds_up(void **state)
{
    (void)state;
    metrics_add(METRIC_BYTES_IN, 1);
    metrics_add(METRIC_HTTP_BYTES_IN, 20);
    metrics_add(METRIC_WEBSOCKET_BYTES_IN, 300);
    metrics_add(METRIC_BYTES_OUT, 4000);
    assert_int_equal(metrics_sum(METRIC_BYTES_IN), 321);
    assert_int_equal(metrics_sum(METRIC_BYTES_OUT), 4000);
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

static bool ends(const char *name, const char *with)
{
    size_t n = strcspn(name, "{"), with_n = strlen(with);

    return n >= with_n && strncmp(name + n - with_n, with, with_n) == 0;
}

static void assert_named_well(const struct metrics_row *row)
{
    if (strncmp(row->exported, "openmmo_", 8) != 0)
        fail_msg("%s does not begin with openmmo_", row->exported);
    if (strstr(row->exported, "micro") || strstr(row->exported, "milli"))
        fail_msg("%s: in seconds and bytes", row->exported);
    if ((row->kind == METRIC_COUNTER) != ends(row->exported, "_total"))
        fail_msg("%s: _total is the end of a counter's name, and of none else", row->exported);
    if (row->kind == METRIC_HISTOGRAM && !ends(row->exported, "_seconds"))
        fail_msg("%s: what is kept in microseconds is exported in seconds", row->exported);
}

static void test_rows_are_named_once_and_well(void **state)
{
    (void)state;
    for (unsigned i = 0; i < METRICS_N; i++) {
        const struct metrics_row *row = metrics_row((enum metric)i);

        assert_named_well(row);
        for (unsigned j = 0; j < i; j++)
            assert_string_not_equal(row->exported, metrics_row((enum metric)j)->exported);
    }
    for (unsigned i = 0; i < METRIC_GROUPS_N; i++)
        assert_named_well(metrics_group_row((enum metric_group)i));
}

/* Rows of one family stand together and are of one kind. */
static void test_families_stand_together(void **state)
{
    (void)state;
    for (unsigned i = 1; i < METRICS_N; i++) {
        const struct metrics_row *row = metrics_row((enum metric)i);
        const struct metrics_row *above = metrics_row((enum metric)(i - 1));
        size_t n = strcspn(row->exported, "{");

        if (strcspn(above->exported, "{") == n && strncmp(row->exported, above->exported, n) == 0) {
            assert_int_equal(row->kind, above->kind);
            assert_true(row->exported[n] == '{' && above->exported[n] == '{');
            continue;
        }
        for (unsigned j = 0; j < i; j++) {
            const char *other = metrics_row((enum metric)j)->exported;

            if (strcspn(other, "{") == n && strncmp(row->exported, other, n) == 0)
                fail_msg("%s stands apart from %s", row->exported, other);
        }
    }
}

static void test_members(void **state)
{
    struct metrics_histogram histogram;

    (void)state;
    assert_null(metrics_member_labels(METRIC_GROUP_STATEMENT_US, 3));
    metrics_member(METRIC_GROUP_STATEMENT_US, 3, "statement=\"three\"");
    assert_null(metrics_member_labels(METRIC_GROUP_STATEMENT_US, 3)); /* nothing was counted */
    metrics_member_observe(METRIC_GROUP_STATEMENT_US, 3, 100);
    metrics_member_observe(METRIC_GROUP_STATEMENT_US, 3, 200);
    metrics_member_observe(METRIC_GROUP_STATEMENT_US, 4, 200); /* has no name */
    metrics_member_add(METRIC_GROUP_STATEMENT_ERRORS, 3, 7);
    assert_string_equal(metrics_member_labels(METRIC_GROUP_STATEMENT_US, 3), "statement=\"three\"");
    assert_null(metrics_member_labels(METRIC_GROUP_STATEMENT_US, 4));
    metrics_member_histogram(METRIC_GROUP_STATEMENT_US, 3, &histogram);
    assert_int_equal(histogram.count, 2);
    assert_int_equal(histogram.sum_us, 300);
    assert_int_equal(metrics_member_value(METRIC_GROUP_STATEMENT_US, 3), 2);
    assert_int_equal(metrics_member_value(METRIC_GROUP_STATEMENT_ERRORS, 3), 7);
    assert_int_equal(metrics_member_value(METRIC_GROUP_STATEMENT_ERRORS, 2), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_threads_add_up),
        cmocka_unit_test(test_gauge_is_set),
        cmocka_unit_test(test_a_family_adds_up),
        cmocka_unit_test(test_buckets_and_quantiles),
        cmocka_unit_test(test_rows_are_named_once_and_well),
        cmocka_unit_test(test_families_stand_together),
        cmocka_unit_test(test_members),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
