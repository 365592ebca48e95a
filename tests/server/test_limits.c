/* test_limits.c -- how often one may ask: exact, by address and account and class, from several
 * threads, and with a million addresses at the door. */
#include <arpa/inet.h>
#include <malloc.h>
#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "http/limits.h"

#define SECOND_US 1000000u
#define PLACES    16384
#define MILLION   1000000u
#define THREADS   4
#define MANY      100000u

static const struct bucket_rate rates[ROUTE_RATES_N] = {
    [ROUTE_RATE_READ] = {100, 1000, 200},
    [ROUTE_RATE_WRITE] = {7, 1000, 5},
    [ROUTE_RATE_LOGIN] = {10, 60000, 10},
    [ROUTE_RATE_CHEAP] = {0, 1000, 1},
};

static struct sockaddr_storage v4(uint32_t host)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in *in = (struct sockaddr_in *)&storage;

    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(host);
    return storage;
}

static struct sockaddr_storage v6(const char *text)
{
    struct sockaddr_storage storage = {0};
    struct sockaddr_in6 *in = (struct sockaddr_in6 *)&storage;

    in->sin6_family = AF_INET6;
    assert_int_equal(inet_pton(AF_INET6, text, &in->sin6_addr), 1);
    return storage;
}

static struct limits_answer ask(struct limits *limits, enum route_class class_of, uint32_t host,
                                uint64_t now_us)
{
    struct sockaddr_storage address = v4(host);
    return limits_take_address(limits, class_of, (struct sockaddr *)&address, now_us);
}

static bool allowed(struct limits *limits, enum route_class class_of, const char *text)
{
    struct sockaddr_storage address = v6(text);
    return limits_take_address(limits, class_of, (struct sockaddr *)&address, SECOND_US).allowed;
}

static void test_figures(void **state)
{
    struct limits *limits = limits_new(PLACES, rates);
    struct limits_answer answer;

    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        answer = ask(limits, ROUTE_RATE_LOGIN, 1, SECOND_US);
        assert_true(answer.allowed);
        assert_int_equal(answer.limit, 10);
        assert_int_equal(answer.remaining, 9 - i);
        assert_int_equal(answer.full_s, 6 * (i + 1));
    }
    answer = ask(limits, ROUTE_RATE_LOGIN, 1, SECOND_US);
    assert_false(answer.allowed);
    assert_int_equal(answer.remaining, 0);
    assert_int_equal(answer.retry_s, 6);
    assert_int_equal(answer.full_s, 60);
    answer = ask(limits, ROUTE_RATE_LOGIN, 1, 7 * SECOND_US - 1);
    assert_false(answer.allowed);
    assert_int_equal(answer.retry_s, 1);
    assert_true(ask(limits, ROUTE_RATE_LOGIN, 1, 7 * SECOND_US).allowed);
    assert_false(ask(limits, ROUTE_RATE_LOGIN, 1, 7 * SECOND_US).allowed);
    for (unsigned i = 0; i < 1000; i++) {
        answer = ask(limits, ROUTE_RATE_CHEAP, 1, SECOND_US); /* not limited */
        assert_true(answer.allowed && answer.limit == 0);
    }
    limits_free(limits);
    limits_free(NULL);
}

/* The same answers as net/bucket's, which keeps tokens and not times. */
static void test_as_bucket(void **state)
{
    struct limits *limits = limits_new(PLACES, rates);
    struct bucket bucket;
    uint64_t now_ms = 1000, seed = 7;

    (void)state;
    bucket_init(&bucket, &rates[ROUTE_RATE_READ], now_ms);
    for (unsigned i = 0; i < 100000; i++) {
        bool as_bucket = bucket_take(&bucket, &rates[ROUTE_RATE_READ], now_ms);
        if (ask(limits, ROUTE_RATE_READ, 1, now_ms * 1000).allowed != as_bucket)
            fail_msg("at %u", i);
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        now_ms += seed >> 60 == 0 ? (seed >> 33) % 3000 : (seed >> 33) % 16;
    }
    limits_free(limits);
}

static void test_keys(void **state)
{
    struct limits *limits = limits_new(PLACES, rates);

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        assert_true(ask(limits, ROUTE_RATE_WRITE, 0x0a000001, SECOND_US).allowed);
    assert_false(ask(limits, ROUTE_RATE_WRITE, 0x0a000001, SECOND_US).allowed);
    assert_true(ask(limits, ROUTE_RATE_WRITE, 0x0a000002, SECOND_US).allowed);
    assert_true(ask(limits, ROUTE_RATE_READ, 0x0a000001, SECOND_US).allowed);
    assert_false(allowed(limits, ROUTE_RATE_WRITE, "::ffff:10.0.0.1")); /* the same one */
    for (unsigned i = 0; i < 5; i++)
        assert_true(allowed(limits, ROUTE_RATE_WRITE, "2001:db8::1"));
    assert_false(allowed(limits, ROUTE_RATE_WRITE, "2001:db8::ffff:2")); /* of the same /64 */
    assert_true(allowed(limits, ROUTE_RATE_WRITE, "2001:db8:0:1::1"));
    for (unsigned i = 0; i < 5; i++)
        assert_true(limits_take_account(limits, ROUTE_RATE_WRITE, 1, SECOND_US).allowed);
    assert_false(limits_take_account(limits, ROUTE_RATE_WRITE, 1, SECOND_US).allowed);
    assert_true(limits_take_account(limits, ROUTE_RATE_WRITE, 2, SECOND_US).allowed);
    limits_free(limits);
}

static void test_reload(void **state)
{
    struct bucket_rate other[ROUTE_RATES_N];
    struct limits *limits = limits_new(PLACES, rates);

    (void)state;
    memcpy(other, rates, sizeof(other));
    other[ROUTE_RATE_WRITE] = (struct bucket_rate){70, 1000, 50};
    for (unsigned i = 0; i < 6; i++)
        assert_int_equal(ask(limits, ROUTE_RATE_WRITE, 1, SECOND_US).allowed, i < 5);
    limits_set_rates(limits, other);
    assert_int_equal(ask(limits, ROUTE_RATE_WRITE, 1, 2 * SECOND_US).limit, 50);
    other[ROUTE_RATE_WRITE].tokens = 0;
    limits_set_rates(limits, other);
    for (unsigned i = 0; i < 100; i++)
        assert_true(ask(limits, ROUTE_RATE_WRITE, 1, 2 * SECOND_US).allowed);
    limits_free(limits);
}

/* A million addresses that ask once, or twice, each: the memory stays, and so do those who are
 * being limited. */
static void test_flood(void **state)
{
    struct limits *limits = limits_new(PLACES, rates);
    size_t before = mallinfo2().uordblks + mallinfo2().hblkhd;
    unsigned refused = 0;

    (void)state;
    for (uint32_t host = 0; host < 1000; host++)
        for (unsigned i = 0; i < 11; i++)
            assert_int_equal(ask(limits, ROUTE_RATE_LOGIN, host, SECOND_US).allowed, i < 10);
    for (uint32_t host = 0; host < MILLION; host++) {
        refused += !ask(limits, ROUTE_RATE_LOGIN, 0x0a000000 + host, SECOND_US).allowed;
        refused += !ask(limits, ROUTE_RATE_READ, 0x0a000000 + host, SECOND_US).allowed;
    }
    assert_int_equal(refused, 0);
    for (uint32_t host = 0; host < 1000; host++)
        assert_false(ask(limits, ROUTE_RATE_LOGIN, host, SECOND_US).allowed);
    /* And a little later, when each has missed nearly all that it may. */
    for (uint32_t host = 0; host < 1000; host++)
        for (unsigned i = 0; i < 2; i++)
            assert_int_equal(ask(limits, ROUTE_RATE_LOGIN, host, 8 * SECOND_US).allowed, i == 0);
    assert_int_equal(mallinfo2().uordblks + mallinfo2().hblkhd, before);
    limits_free(limits);
}

/* A million that all ask until they are refused: those who are limited fill the table. Who comes
 * then is neither let through for ever nor shut out. */
static void test_flood_of_limited(void **state)
{
    struct limits *limits = limits_new(PLACES, rates);
    unsigned taken = 0, newcomers = 0;

    (void)state;
    for (uint32_t host = 0; host < MILLION; host++)
        for (unsigned i = 0; i < 12; i++)
            taken += ask(limits, ROUTE_RATE_LOGIN, 0x0a000000 + host, SECOND_US).allowed;
    assert_in_range(taken, 10 * PLACES, 10 * PLACES + 10 * LIMITS_SHARED);
    for (uint32_t second = 0; second < 60; second++)
        newcomers +=
            ask(limits, ROUTE_RATE_LOGIN, 0x0b000000 + second, (2 + second) * SECOND_US).allowed;
    assert_int_equal(newcomers, 60);
    limits_free(limits);
}

static void *hammer(void *context)
{
    uintptr_t taken = 0;

    for (unsigned i = 0; i < MANY; i++)
        taken += ask(context, ROUTE_RATE_READ, 1, SECOND_US).allowed;
    for (uint32_t host = 0; host < 10000; host++)
        (void)ask(context, ROUTE_RATE_WRITE, host, SECOND_US);
    return (void *)taken;
}

static void test_threads(void **state)
{
    static const struct bucket_rate large[ROUTE_RATES_N] = {
        [ROUTE_RATE_READ] = {60, 60000, 2 * MANY}, [ROUTE_RATE_WRITE] = {7, 1000, 5}};
    struct limits *limits = limits_new(PLACES, large);
    pthread_t threads[THREADS];
    uintptr_t taken = 0;
    void *part;

    (void)state;
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, hammer, limits), 0);
    limits_set_rates(limits, large);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], &part);
        taken += (uintptr_t)part;
    }
    assert_int_equal(taken, 2 * MANY);
    limits_free(limits);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_figures), cmocka_unit_test(test_as_bucket),
        cmocka_unit_test(test_keys),    cmocka_unit_test(test_reload),
        cmocka_unit_test(test_flood),   cmocka_unit_test(test_flood_of_limited),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
