/* test_tally.c -- what is remembered of addresses: exact while there is room, bounded when a
 * million come, from several threads. */
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

#include "net/tally.h"

#define START_MS UINT64_C(5000000)
#define PLACES   1024
#define MILLION  1000000u
#define THREADS  4
#define MANY     100000u

static const struct sockaddr *v4(uint32_t host)
{
    static struct sockaddr_in rooms[4];
    static unsigned at;
    struct sockaddr_in *in = &rooms[at++ % 4];

    in->sin_family = AF_INET;
    in->sin_addr.s_addr = htonl(host);
    return (const struct sockaddr *)in;
}

static const struct sockaddr *v6(const char *text)
{
    static struct sockaddr_in6 in;

    in.sin6_family = AF_INET6;
    assert_int_equal(inet_pton(AF_INET6, text, &in.sin6_addr), 1);
    return (const struct sockaddr *)&in;
}

struct looking {
    char network[NETWORK_TEXT_MAX];
    struct tally_row row;
    unsigned found, all;
};

static void look(void *context, const struct tally_row *row)
{
    struct looking *looking = context;
    char text[NETWORK_TEXT_MAX];

    looking->all++;
    network_text(&row->network, text);
    if (strcmp(text, looking->network) != 0)
        return;
    looking->found++;
    looking->row = *row;
}

/* The row of that network; found 0: it is not remembered. */
static struct looking find(struct tally *tally, const char *network, uint64_t now_ms)
{
    struct looking looking = {.found = 0};

    strcpy(looking.network, network);
    tally_each(tally, now_ms, look, &looking);
    return looking;
}

static void test_counts_and_gauges(void **state)
{
    struct tally *tally = tally_new(PLACES);
    struct looking one;

    (void)state;
    tally_add(tally, v4(0xc0000207), TALLY_LOGIN_FAILED, 3, START_MS);
    tally_add(tally, v4(0xc0000207), TALLY_BYTES_IN, 1500, START_MS + 5);
    tally_add(tally, v6("::ffff:192.0.2.7"), TALLY_LOGIN_FAILED, 1, START_MS + 10);
    assert_true(tally_hold(tally, v4(0xc0000207), TALLY_OPEN, START_MS + 11));
    assert_true(tally_hold(tally, v4(0xc0000207), TALLY_OPEN, START_MS + 11));
    tally_drop(tally, v4(0xc0000207), TALLY_OPEN, START_MS + 12);
    tally_block(tally, v4(0xc0000207), TALLY_FAST, START_MS + 99, START_MS + 13);
    one = find(tally, "192.0.2.7", START_MS + 20);
    assert_int_equal(one.found, 1);
    assert_int_equal(one.all, 1);
    assert_int_equal(one.row.counts[TALLY_LOGIN_FAILED], 4);
    assert_int_equal(one.row.counts[TALLY_BYTES_IN], 1500);
    assert_int_equal(one.row.gauges[TALLY_OPEN], 1);
    assert_int_equal(one.row.until_ms[TALLY_FAST], START_MS + 99);
    assert_int_equal(one.row.first_ms, START_MS);
    assert_int_equal(one.row.last_ms, START_MS + 13);
    assert_int_equal(tally_trouble(&one.row), 4);
    /* neighbours in a /64 are one */
    tally_add(tally, v6("2001:db8:1:2::1"), TALLY_REFUSED, 1, START_MS);
    tally_add(tally, v6("2001:db8:1:2:ffff::9"), TALLY_REFUSED, 1, START_MS);
    tally_add(tally, v6("2001:db8:1:3::1"), TALLY_REFUSED, 1, START_MS);
    one = find(tally, "2001:db8:1:2::/64", START_MS + 20);
    assert_int_equal(one.all, 3);
    assert_int_equal(one.row.counts[TALLY_REFUSED], 2);
    tally_free(tally);
    tally_add(NULL, v4(1), TALLY_REFUSED, 1, START_MS);
    assert_false(tally_hold(NULL, v4(1), TALLY_OPEN, START_MS));
}

static uint32_t rate(struct tally *tally, uint64_t now_ms)
{
    return find(tally, "0.0.0.1", now_ms).row.new_milli;
}

static void test_new_connections_a_second(void **state)
{
    struct tally *tally = tally_new(PLACES);

    (void)state;
    for (unsigned i = 0; i < 40; i++) /* four a second, for ten seconds */
        tally_add(tally, v4(1), i % 2 ? TALLY_ACCEPTED : TALLY_REFUSED, 1, START_MS + i * 250);
    assert_int_equal(rate(tally, START_MS + 9999), 4000);
    assert_int_equal(rate(tally, START_MS + 10000), 4000);
    assert_int_equal(rate(tally, START_MS + 15000), 2000); /* half of it is over */
    assert_int_equal(rate(tally, START_MS + 20000), 0);
    tally_add(tally, v4(1), TALLY_ACCEPTED, 1, START_MS + 30000);
    assert_int_equal(rate(tally, START_MS + 30000), 100);
    tally_add(tally, v4(1), TALLY_BYTES_IN, 100, START_MS + 30000); /* no connection */
    assert_int_equal(rate(tally, START_MS + 30000), 100);
    tally_free(tally);
}

static void test_the_quiet_are_forgotten(void **state)
{
    struct tally *tally = tally_new(PLACES);
    uint64_t late_ms = START_MS + TALLY_FORGET_MS + 1;

    (void)state;
    tally_add(tally, v4(1), TALLY_LOGIN_FAILED, 9, START_MS);
    assert_true(tally_hold(tally, v4(2), TALLY_PLAYERS, START_MS));
    assert_int_equal(find(tally, "0.0.0.1", late_ms - 1).found, 1);
    assert_int_equal(find(tally, "0.0.0.1", late_ms).found, 0);
    assert_int_equal(find(tally, "0.0.0.2", late_ms).row.gauges[TALLY_PLAYERS], 1); /* is here */
    tally_add(tally, v4(1), TALLY_LOGIN_FAILED, 1, late_ms);
    assert_int_equal(find(tally, "0.0.0.1", late_ms).row.counts[TALLY_LOGIN_FAILED], 1);
    tally_free(tally);
}

/* A million strangers knock once each: who guesses, and who plays, is not forgotten for them, and
 * no memory is taken. */
static void test_a_flood_displaces_itself(void **state)
{
    struct tally *tally = tally_new(PLACES);
    size_t before = mallinfo2().uordblks;
    struct looking one;

    (void)state;
    tally_add(tally, v4(0xc0000201), TALLY_LOGIN_FAILED, 7, START_MS);
    assert_true(tally_hold(tally, v4(0xc0000202), TALLY_OPEN, START_MS));
    for (unsigned i = 0; i < MILLION; i++)
        tally_add(tally, v4(0x0a000000 + i), TALLY_REFUSED, 1, START_MS + 1 + i / 1000);
    assert_true(mallinfo2().uordblks <= before);
    one = find(tally, "192.0.2.1", START_MS + 2000);
    assert_int_equal(one.row.counts[TALLY_LOGIN_FAILED], 7);
    assert_int_equal(one.all, PLACES);
    assert_int_equal(find(tally, "192.0.2.2", START_MS + 2000).row.gauges[TALLY_OPEN], 1);
    assert_int_equal(find(tally, "10.15.66.63", START_MS + 2000).found, 1); /* the last */
    assert_int_equal(tally_untold(tally), 0);
    tally_free(tally);
}

/* Where all have something open, who comes is not counted, and neither is his going. */
static void test_no_place(void **state)
{
    struct tally *tally = tally_new(8);

    (void)state;
    for (uint32_t i = 0; i < 8; i++)
        assert_true(tally_hold(tally, v4(i), TALLY_OPEN, START_MS));
    assert_false(tally_hold(tally, v4(8), TALLY_OPEN, START_MS));
    assert_int_equal(tally_untold(tally), 1);
    tally_drop(tally, v4(3), TALLY_OPEN, START_MS);
    assert_true(tally_hold(tally, v4(8), TALLY_OPEN, START_MS));
    assert_int_equal(find(tally, "0.0.0.3", START_MS).found, 0);
    assert_int_equal(find(tally, "0.0.0.8", START_MS).row.gauges[TALLY_OPEN], 1);
    tally_free(tally);
}

static pthread_barrier_t together;

static void *work(void *context)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(7)};
    const struct sockaddr *address = (const struct sockaddr *)&in;

    pthread_barrier_wait(&together); /* or one may be done before the next begins */
    for (unsigned i = 0; i < MANY; i++) {
        tally_add(context, address, TALLY_LIMITED, 1, START_MS);
        assert_true(tally_hold(context, address, TALLY_OPEN, START_MS));
        if (i % 100 == 0)
            find(context, "0.0.0.7", START_MS);
        if (i % 2 == 0)
            tally_drop(context, address, TALLY_OPEN, START_MS);
    }
    return NULL;
}

static void test_threads(void **state)
{
    struct tally *tally = tally_new(64);
    pthread_t threads[THREADS];
    struct looking one;

    (void)state;
    pthread_barrier_init(&together, NULL, THREADS);
    for (unsigned i = 0; i < THREADS; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, work, tally), 0);
    for (unsigned i = 0; i < THREADS; i++)
        pthread_join(threads[i], NULL);
    pthread_barrier_destroy(&together);
    one = find(tally, "0.0.0.7", START_MS);
    assert_int_equal(one.row.counts[TALLY_LIMITED], THREADS * MANY);
    assert_int_equal(one.row.gauges[TALLY_OPEN], THREADS * MANY / 2);
    tally_free(tally);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_counts_and_gauges),
        cmocka_unit_test(test_new_connections_a_second),
        cmocka_unit_test(test_the_quiet_are_forgotten),
        cmocka_unit_test(test_a_flood_displaces_itself),
        cmocka_unit_test(test_no_place),
        cmocka_unit_test(test_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
