/* Jobs run off the loop's thread and come back to it; a full queue says busy; a stop cancels what
 * waits; a postbox keeps each poster's order; the watchdog is pinged only while the tick advances.
 */
#include <config.h> /* gettid */

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cmocka.h>

#include "ops/notify.h"
#include "ops/workers.h"

#define DEADLINE_S 10

struct job {
    struct workers_job job; /* first */
    pthread_mutex_t *gate;  /* run waits for it */
    int ran, done, cancelled, nice;
    pthread_t ran_on, done_on;
};

static void run(struct workers_job *base)
{
    struct job *job = (struct job *)(void *)base;

    job->ran++;
    job->ran_on = pthread_self();
    job->nice = getpriority(PRIO_PROCESS, (id_t)gettid());
    if (job->gate) {
        pthread_mutex_lock(job->gate);
        pthread_mutex_unlock(job->gate);
    }
}

static void done(struct workers_job *base)
{
    struct job *job = (struct job *)(void *)base;

    job->done++;
    job->done_on = pthread_self();
    job->cancelled = base->cancelled;
}

static struct job job_of(pthread_mutex_t *gate)
{
    return (struct job){.job = {.run = run, .done = done}, .gate = gate};
}

static void loop_until(struct event_base *base, const int *flag)
{
    struct timeval step = {0, 10000};

    for (unsigned i = 0; i < DEADLINE_S * 100 && !*flag; i++) {
        event_base_loopexit(base, &step);
        event_base_dispatch(base);
    }
    assert_true(*flag);
}

static void test_jobs_run_and_return(void **state)
{
    struct event_base *base = event_base_new();
    struct workers *workers = workers_new(base, 2, 8, NULL);
    struct job jobs[8];

    (void)state;
    assert_non_null(workers);
    for (unsigned i = 0; i < 8; i++) {
        jobs[i] = job_of(NULL);
        assert_int_equal(workers_submit(workers, &jobs[i].job), 0);
    }
    for (unsigned i = 0; i < 8; i++) {
        loop_until(base, &jobs[i].done);
        assert_int_equal(jobs[i].ran, 1);
        assert_int_equal(jobs[i].cancelled, 0);
        assert_true(pthread_equal(jobs[i].done_on, pthread_self()));
        assert_false(pthread_equal(jobs[i].ran_on, pthread_self()));
        assert_true(jobs[i].nice >= 10);
    }
    workers_free(workers);
    event_base_free(base);
}

static void test_full_is_busy_and_stop_cancels(void **state)
{
    struct event_base *base = event_base_new();
    struct workers *workers = workers_new(base, 1, 2, NULL);
    pthread_mutex_t gate = PTHREAD_MUTEX_INITIALIZER;
    struct job jobs[8];
    unsigned taken = 0, finished = 0, cancelled = 0;

    (void)state;
    assert_non_null(workers);
    pthread_mutex_lock(&gate);
    for (unsigned i = 0; i < 8; i++) {
        jobs[i] = job_of(&gate);
        if (workers_submit(workers, &jobs[i].job) == 0)
            taken++;
        else
            break;
    }
    assert_in_range(taken, 2, 3); /* two wait, and the worker may have one in hand */
    pthread_mutex_unlock(&gate);
    workers_free(workers);
    for (unsigned i = 0; i < taken; i++) {
        assert_int_equal(jobs[i].done, 1);
        assert_int_equal(jobs[i].cancelled, !jobs[i].ran);
        finished += (unsigned)jobs[i].ran;
        cancelled += (unsigned)jobs[i].cancelled;
    }
    assert_int_equal(finished + cancelled, taken);
    event_base_free(base);
}

#define POSTERS 4
#define POSTS   2000

struct post {
    struct postbox_item item;
    unsigned poster, number;
};

static struct post posts[POSTERS][POSTS];
static unsigned next_number[POSTERS];
static int posts_seen, posts_complete;
static struct postbox *box;

static void arrived(struct postbox_item *item)
{
    struct post *post = (struct post *)(void *)item;

    assert_int_equal(post->number, next_number[post->poster]);
    next_number[post->poster]++;
    posts_complete = ++posts_seen == POSTERS * POSTS;
}

static void *post_all(void *context)
{
    struct post *mine = context;

    for (unsigned i = 0; i < POSTS; i++)
        postbox_post(box, &mine[i].item);
    return NULL;
}

static void test_postbox_keeps_order(void **state)
{
    struct event_base *base = event_base_new();
    pthread_t threads[POSTERS];

    (void)state;
    box = postbox_new(base, NULL);
    assert_non_null(box);
    for (unsigned p = 0; p < POSTERS; p++) {
        for (unsigned i = 0; i < POSTS; i++)
            posts[p][i] = (struct post){.item = {.run = arrived}, .poster = p, .number = i};
        assert_int_equal(pthread_create(&threads[p], NULL, post_all, posts[p]), 0);
    }
    loop_until(base, &posts_complete);
    for (unsigned p = 0; p < POSTERS; p++)
        pthread_join(threads[p], NULL);
    postbox_free(box);
    event_base_free(base);
}

static uint64_t progress_of(void *context)
{
    return *(uint64_t *)context;
}

/* Pings received within about a fifth of a second of loop. */
static unsigned pings_in(struct event_base *base, int socket_fd, uint64_t *tick, int moves)
{
    struct timeval step = {0, 20000};
    unsigned pings = 0;
    char text[128];
    ssize_t n;

    for (unsigned i = 0; i < 10; i++) {
        *tick += (uint64_t)moves;
        event_base_loopexit(base, &step);
        event_base_dispatch(base);
        while ((n = recv(socket_fd, text, sizeof(text) - 1, MSG_DONTWAIT)) > 0) {
            text[n] = '\0';
            pings += strcmp(text, "WATCHDOG=1") == 0;
        }
    }
    return pings;
}

static void test_watchdog_needs_ticks(void **state)
{
    struct event_base *base = event_base_new();
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    uint64_t tick = 0;
    struct notify *notify;
    char pid[32];

    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/openmmo-notify-%d.sock", getpid());
    unlink(address.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    snprintf(pid, sizeof(pid), "%d", getpid());
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    setenv("WATCHDOG_USEC", "60000", 1);
    setenv("WATCHDOG_PID", pid, 1);
    notify = notify_new(base, progress_of, &tick);
    assert_non_null(notify);
    assert_true(pings_in(base, fd, &tick, 1) >= 2);
    pings_in(base, fd, &tick, 0); /* the last step before the stop may still count */
    assert_int_equal(pings_in(base, fd, &tick, 0), 0);
    notify_free(notify);
    unsetenv("WATCHDOG_USEC");
    unsetenv("NOTIFY_SOCKET");
    unlink(address.sun_path);
    close(fd);
    event_base_free(base);
}

/* A service manager that reads nothing: its socket is soon full, and nobody waits for it. */
static void test_deaf_manager_holds_nobody_up(void **state)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    time_t began = time(NULL);

    (void)state;
    snprintf(address.sun_path, sizeof(address.sun_path), "/tmp/openmmo-deaf-%d.sock", getpid());
    unlink(address.sun_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
    setenv("NOTIFY_SOCKET", address.sun_path, 1);
    alarm(20); /* else it would hang for ever */
    for (unsigned i = 0; i < 1000; i++)
        notify_status("%u players", i);
    notify_ready();
    notify_stopping();
    alarm(0);
    assert_true(time(NULL) - began <= 5);
    unsetenv("NOTIFY_SOCKET");
    unlink(address.sun_path);
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_jobs_run_and_return),
        cmocka_unit_test(test_full_is_busy_and_stop_cancels),
        cmocka_unit_test(test_postbox_keeps_order),
        cmocka_unit_test(test_watchdog_needs_ticks),
        cmocka_unit_test(test_deaf_manager_holds_nobody_up),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
