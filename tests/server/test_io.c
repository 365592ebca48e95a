/* test_io.c -- the io thread's deadlines: in their order, and when the server stood still. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <time.h>

#include "net/io.h"

#define DEADLINE_MS 10000

struct alarm {
    struct io_deadline deadline; /* first */
    unsigned order;              /* in which it expired; 0: not yet */
};

static struct event_base *base;
static struct io *io;
static unsigned expired_n;

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void expired(struct io_deadline *deadline)
{
    ((struct alarm *)(void *)deadline)->order = ++expired_n;
}

static void arm(struct alarm *alarm, unsigned class_of, uint64_t in_ms)
{
    alarm->deadline.expired = expired;
    io_deadline_arm(io, &alarm->deadline, class_of, io_now_ms(io) + in_ms);
}

static void turn_until(const unsigned *what, uint64_t most_ms)
{
    uint64_t until_ms = now_ms() + most_ms;

    while (*what == 0 && now_ms() < until_ms)
        event_base_loop(base, EVLOOP_ONCE);
}

static int setup(void **state)
{
    struct error error;

    (void)state;
    expired_n = 0;
    base = event_base_new();
    io = io_new(&(struct io_config){.base = base}, &error);
    return base != NULL && io != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    io_stop(io);
    io_free(io);
    event_base_free(base);
    return 0;
}

static void test_order(void **state)
{
    struct alarm late = {.order = 0}, soon = {.order = 0}, never = {.order = 0};

    (void)state;
    arm(&late, 1, 150);
    arm(&soon, 1, 50);
    arm(&never, 1, 100);
    io_deadline_disarm(io, &never.deadline);
    turn_until(&late.order, DEADLINE_MS);
    assert_int_equal(soon.order, 1);
    assert_int_equal(late.order, 2);
    assert_int_equal(never.order, 0);
}

/* Deadlines of peers move on by a stall; what is to be done at once is done at once. */
static void test_stall(void **state)
{
    struct alarm peer = {.order = 0}, at_once = {.order = 0};

    (void)state;
    arm(&peer, 1, 50);
    arm(&at_once, 0, 0);
    io_stalled(io, 2 * DEADLINE_MS);
    turn_until(&at_once.order, DEADLINE_MS);
    assert_int_equal(at_once.order, 1);
    turn_until(&peer.order, 300);
    assert_int_equal(peer.order, 0);
    io_deadline_disarm(io, &peer.deadline);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stall, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
