/* test_io.c -- the io thread's deadlines, in their order and when the server stood still; what can
 * wait, a slice a turn; its rests. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "net/io.h"

#define DEADLINE_MS 10000
#define LOOKS_MOST  700 /* in half a second, by a thread that rests */

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

/* ---- rests ---- */

struct ping {
    struct io *io;
    struct event *event;
    atomic_uint looks, passes;
};

static void on_ping(evutil_socket_t fd, short what, void *context)
{
    char bytes[65536];
    ssize_t n = read(fd, bytes, sizeof(bytes));

    (void)what;
    for (ssize_t i = 0; i < n; i++) /* as if each came from another */
        io_count_in(((struct ping *)context)->io, IO_NATIVE, 1);
    if (n > 0)
        atomic_fetch_add(&((struct ping *)context)->looks, 1);
}

static bool on_pass(void *context)
{
    atomic_fetch_add(&((struct ping *)context)->passes, 1);
    return false;
}

/* Where something comes all the time, the thread looks about once a millisecond, not once for each;
 * to be woken ends the rest. Where it comes less often, it rests longer. */
static void test_rest(void **state)
{
    static struct ping ping;
    struct error error;
    struct io *thread =
        io_new(&(struct io_config){.number = 9, .pass = on_pass, .context = &ping}, &error);
    uint64_t began_ms, bytes = 0;
    unsigned looks, waited = 0, few = 0;
    int fds[2];

    (void)state;
    assert_int_equal(pipe2(fds, O_NONBLOCK), 0);
    ping.io = thread;
    ping.event = event_new(io_base(thread), fds[0], EV_READ | EV_PERSIST, on_ping, &ping);
    event_add(ping.event, NULL);
    assert_int_equal(io_start(thread, &error), 0);
    looks = LOOKS_MOST + 1; /* until it rests, which a busy machine may keep it from for a while */
    for (uint64_t until_ms = now_ms() + DEADLINE_MS; looks > LOOKS_MOST && now_ms() < until_ms;) {
        bytes = 0;
        looks = atomic_load(&ping.looks);
        for (began_ms = now_ms(); now_ms() - began_ms < 500;)
            bytes += (uint64_t)(write(fds[1], "x", 1) == 1);
        looks = atomic_load(&ping.looks) - looks;
    }
    assert_true(bytes > 5000 && looks > 0);
    assert_in_range(looks, 1, LOOKS_MOST);
    for (unsigned i = 0; i < 50; i++) {
        unsigned before = atomic_load(&ping.passes);
        began_ms = now_ms();
        io_wake(thread);
        while (atomic_load(&ping.passes) == before && now_ms() - began_ms < DEADLINE_MS)
            (void)!write(fds[1], "x", 1);
        waited += (unsigned)(now_ms() - began_ms);
    }
    assert_true(waited < DEADLINE_MS);
    for (began_ms = now_ms(); few == 0 && now_ms() - began_ms < DEADLINE_MS;) {
        looks = atomic_load(&ping.looks);
        for (bytes = 0; bytes < 200; bytes++) { /* at most 800 a second */
            nanosleep(&(struct timespec){.tv_nsec = 1250000}, NULL);
            (void)!write(fds[1], "x", 1);
        }
        looks = atomic_load(&ping.looks) - looks;
        few = looks > 0 && looks < 100 ? looks : 0;
    }
    assert_in_range(few, 1, 99);
    io_stop(thread);
    event_free(ping.event);
    io_free(thread);
    close(fds[0]), close(fds[1]);
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

/* A stop of the whole process: the io clock leaves most of it out, and who tells of it then, with
 * the same turn or the next, adds no more than is missing. */
static void test_stall_of_all(void **state)
{
    enum { STOP_MS = 1000, BEYOND_MS = 300 };
    const struct timespec stop = {STOP_MS / 1000, STOP_MS % 1000 * 1000000};

    (void)state;
    for (unsigned turns = 0; turns < 2; turns++) {
        struct alarm peer = {.order = 0};
        uint64_t begin_ms;

        turn_until(&peer.order, 100); /* the clock is as of now */
        arm(&peer, 1, IO_STALL_MS + BEYOND_MS);
        begin_ms = io_now_ms(io);
        nanosleep(&stop, NULL); /* what is tested */
        if (turns > 0)
            turn_until(&peer.order, 1);
        io_stalled(io, STOP_MS);
        turn_until(&peer.order, DEADLINE_MS);
        assert_in_range(io_now_ms(io) - begin_ms, IO_STALL_MS + BEYOND_MS,
                        IO_STALL_MS + BEYOND_MS + STOP_MS / 2);
    }
    /* A stop that nobody told of: what others tell of a second later was another, without us. */
    struct alarm later = {.order = 0};
    nanosleep(&stop, NULL);
    turn_until(&later.order, 1200);
    arm(&later, 1, 50);
    io_stalled(io, STOP_MS - IO_STALL_MS);
    turn_until(&later.order, 300);
    assert_int_equal(later.order, 0);
    io_deadline_disarm(io, &later.deadline);
}

/* ---- what can wait ---- */

struct errand {
    struct io_job job; /* first */
    unsigned order;    /* in which it ran; 0: not yet */
};

static void run_errand(struct io_job *job)
{
    struct timespec begin, now;

    ((struct errand *)(void *)job)->order = ++expired_n;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    do /* longer than a turn has for them */
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while ((now.tv_sec - begin.tv_sec) * 1000000 + (now.tv_nsec - begin.tv_nsec) / 1000 <
           IO_LATER_US + 1000);
}

/* One kind does not keep the other from its turn, however many of it wait; within a kind the oldest
 * goes first. What waits goes before what comes, and what is done at once is counted too. */
static void test_later(void **state)
{
    enum { ERRANDS = 6 };
    struct errand shakes[ERRANDS] = {0}, requests[2] = {0};

    (void)state;
    for (unsigned i = 0; i < ERRANDS; i++) {
        shakes[i].job.run = run_errand;
        io_later(io, &shakes[i].job, IO_LATER_HANDSHAKE);
    }
    for (unsigned i = 0; i < 2; i++) {
        requests[i].job.run = run_errand;
        assert_true(i > 0 || io_share_begin(io, IO_LATER_REQUEST));
        io_later(io, &requests[i].job, IO_LATER_REQUEST);
        assert_false(io_share_begin(io, IO_LATER_REQUEST));
    }
    assert_int_equal(io_later_n(io, IO_LATER_HANDSHAKE), ERRANDS);
    assert_int_equal(io_later_n(io, IO_LATER_REQUEST), 2);
    io_later_cancel(io, &shakes[1].job);
    turn_until(&shakes[ERRANDS - 1].order, DEADLINE_MS);
    assert_in_range(requests[0].order, 1, 2);
    assert_int_equal(requests[1].order, requests[0].order + 2);
    assert_int_equal(shakes[1].order, 0);
    for (unsigned i = 2; i < ERRANDS; i++)
        assert_true(shakes[i].order > shakes[i == 2 ? 0 : i - 1].order);
    assert_int_equal(io_later_n(io, IO_LATER_HANDSHAKE) + io_later_n(io, IO_LATER_REQUEST), 0);
    assert_true(io_share_begin(io, IO_LATER_REQUEST));
    run_errand(&requests[0].job);
    io_share_end(io);
    assert_false(io_share_begin(io, IO_LATER_REQUEST));
    turn_until(&shakes[1].order, 2 * IO_TURN_MS);
    assert_true(io_share_begin(io, IO_LATER_REQUEST));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stall, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stall_of_all, setup, teardown),
        cmocka_unit_test_setup_teardown(test_later, setup, teardown),
        cmocka_unit_test(test_rest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
