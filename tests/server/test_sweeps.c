/* test_sweeps.c -- when an io thread's sweeps begin, with a thread's CPU clock that the test sets:
 * how long a slice takes is then no chance. On one thread. */
#include "scene.h"

#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "net/tls_pool.h"
#include "ops/metrics.h"

#define PLAYERS  40
#define DEAR_NS  INT64_C(3000000) /* more than a slice */
#define LOOKS    30               /* of the loop, fewer than its 50 ms timer */
#define ROUNDS   8
#define A_SECOND INT64_C(1000000000)

static int64_t dear_ns; /* what each look at the CPU clock adds to it */

/* libc's, behind the name that a program may take. */
int clock_gettime(clockid_t id, struct timespec *t)
{
    static int64_t added_ns;
    int64_t ns;

    if (syscall(SYS_clock_gettime, id, t) != 0)
        return -1;
    if (id != CLOCK_THREAD_CPUTIME_ID)
        return 0;
    added_ns += dear_ns;
    ns = t->tv_nsec + added_ns;
    t->tv_sec += ns / A_SECOND;
    t->tv_nsec = ns % A_SECOND;
    return 0;
}

static uint64_t sweeps(void)
{
    struct metrics_histogram histogram;

    metrics_histogram(METRIC_SWEEP_US, &histogram);
    return histogram.count;
}

static void look(struct scene *scene)
{
    event_base_loop(scene->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
}

/* A tick comes while the sweep of the one before is under way: its own follows at once. */
static void test_overtaken(void **state)
{
    struct scene *scene = scene_new(0);
    unsigned overtaken = 0;

    (void)state;
    scene_start(scene);
    for (unsigned i = 0; i < PLAYERS; i++) {
        char name[16];
        snprintf(name, sizeof(name), "player%u", i);
        scene_join(scene, name);
    }
    scene->stopped = true;
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t before;

        for (unsigned i = 0; i < LOOKS; i++)
            look(scene);
        before = sweeps();
        dear_ns = DEAR_NS;
        scene_tick(scene);
        look(scene);
        overtaken += sweeps() == before;
        scene_tick(scene);
        for (unsigned i = 0; i < LOOKS && sweeps() < before + 2; i++)
            look(scene);
        dear_ns = 0;
        assert_int_equal(sweeps(), before + 2);
    }
    assert_int_equal(overtaken, ROUNDS);
    scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_overtaken),
    };

    if (tls_pool_install() != 0) /* as the daemon does, before anything of OpenSSL */
        return EXIT_FAILURE;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
