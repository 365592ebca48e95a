/* test_tls_pool.c -- the pool that OpenSSL's memory comes from: every size, blocks freed by other
 * threads, threads that end, memory that goes back; and that a warm TLS stream takes none anew. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "net/tls_pool.h"
#include "ops/metrics.h"

#define BLOCKS 4000

static int64_t held(void)
{
    return metrics_value(METRIC_TLS_MEMORY);
}

static void test_every_size(void **state)
{
    static uint8_t *blocks[TLS_POOL_BLOCK_MAX + 100];

    (void)state;
    for (size_t n = 0; n < TLS_POOL_BLOCK_MAX + 100; n++) {
        blocks[n] = tls_pool_alloc(n);
        assert_non_null(blocks[n]);
        assert_int_equal((uintptr_t)blocks[n] % 16, 0);
        memset(blocks[n], (int)(n % 251), n);
    }
    for (size_t n = 0; n < TLS_POOL_BLOCK_MAX + 100; n++) {
        for (size_t i = 0; i < n; i += i < 64 || i + 65 > n ? 1 : 61)
            assert_int_equal(blocks[n][i], n % 251);
        tls_pool_free(blocks[n]);
    }
    tls_pool_free(NULL);
}

/* What was held for many goes back, but for a slab a class and a few more. */
static void test_goes_back(void **state)
{
    static void *blocks[BLOCKS];
    int64_t before = held();

    (void)state;
    for (unsigned i = 0; i < BLOCKS; i++)
        blocks[i] = tls_pool_alloc(5000);
    for (unsigned i = 0; i < BLOCKS; i++)
        tls_pool_free(blocks[i]);
    assert_in_range(held(), 0, (uint64_t)before + 6 * TLS_POOL_SLAB_BYTES);
}

static void test_grown(void **state)
{
    uint8_t *block = tls_pool_realloc(NULL, 10);

    (void)state;
    memset(block, 7, 10);
    for (size_t n = 10; n < 100000; n = n * 3 / 2) { /* out of the pool, where it is large */
        block = tls_pool_realloc(block, n);
        assert_non_null(block);
        for (unsigned i = 0; i < 10; i++)
            assert_int_equal(block[i], 7);
        memset(block, 7, n);
    }
    block = tls_pool_realloc(block, 4);
    assert_int_equal(block[3], 7);
    tls_pool_free(block);
    block = tls_pool_realloc(tls_pool_alloc(4000), 4);
    tls_pool_free(block);
}

/* ---- threads ---- */

struct handing {
    void *_Atomic places[64];
    atomic_bool quit;
};

static void *free_them(void *context)
{
    struct handing *handing = context;

    while (!atomic_load(&handing->quit)) {
        for (unsigned i = 0; i < 64; i++)
            tls_pool_free(atomic_exchange(&handing->places[i], NULL));
    }
    return NULL;
}

/* One makes, the other frees: what is made does not grow. */
static void test_freed_elsewhere(void **state)
{
    static struct handing handing;
    int64_t warm = 0;
    pthread_t thread;

    (void)state;
    assert_int_equal(pthread_create(&thread, NULL, free_them, &handing), 0);
    for (unsigned i = 0; i < 200000; i++) {
        size_t n = 1 + i * 37 % 3000;
        uint8_t *block = tls_pool_alloc(n);
        memset(block, 1, n);
        tls_pool_free(atomic_exchange(&handing.places[i % 64], block));
        if (i == 100000)
            warm = held();
    }
    assert_in_range(held(), 0, (uint64_t)warm + 16 * TLS_POOL_SLAB_BYTES);
    atomic_store(&handing.quit, true);
    pthread_join(thread, NULL);
    for (unsigned i = 0; i < 64; i++)
        tls_pool_free(handing.places[i]);
}

static void *live(void *context)
{
    void **left = context;

    for (unsigned i = 0; i < 100; i++)
        left[i] = tls_pool_alloc(700);
    for (unsigned i = 50; i < 100; i++)
        tls_pool_free(left[i]);
    return NULL;
}

/* A thread that ends leaves its pool to the next, and its blocks can be freed. */
static void test_threads_end(void **state)
{
    int64_t after_one = 0;

    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        void *left[100];
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, live, left), 0);
        pthread_join(thread, NULL);
        for (unsigned j = 0; j < 50; j++)
            tls_pool_free(left[j]);
        if (i == 0)
            after_one = held();
    }
    assert_in_range(held(), 0, (uint64_t)after_one + 2 * TLS_POOL_SLAB_BYTES);
}

static void test_counted(void **state)
{
    int64_t before;

    (void)state;
    tls_pool_count();
    before = metrics_value(METRIC_TLS_ALLOCATIONS);
    for (unsigned i = 0; i < 10; i++)
        tls_pool_free(tls_pool_alloc(16));
    tls_pool_count();
    tls_pool_count();
    assert_int_equal(metrics_value(METRIC_TLS_ALLOCATIONS) - before, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_size),  cmocka_unit_test(test_goes_back),
        cmocka_unit_test(test_grown),       cmocka_unit_test(test_freed_elsewhere),
        cmocka_unit_test(test_threads_end), cmocka_unit_test(test_counted),
    };

    if (tls_pool_install() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
