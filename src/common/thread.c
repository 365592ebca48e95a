/* thread.c -- see thread.h. */
#ifdef HAVE_CONFIG_H
#include <config.h> /* GNU extensions */
#endif

#include "common/thread.h"

#include <signal.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

int thread_start(pthread_t *thread, const char *name, void *(*run)(void *context), void *context)
{
    sigset_t all, before;
    int failed;

    /* A thread inherits the mask: set here, so that there is no moment without it. */
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    failed = pthread_create(thread, NULL, run, context);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (failed == 0)
        pthread_setname_np(*thread, name);
    return failed;
}

void thread_give_way(int nice)
{
    /* Linux keeps a nice value per thread, and begins it with the creator's. */
    if (setpriority(PRIO_PROCESS, (id_t)gettid(), getpriority(PRIO_PROCESS, 0) + nice) < 0)
        (void)0;
}

uint64_t thread_cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (uint64_t)t.tv_sec * 1000000 + (uint64_t)t.tv_nsec / 1000;
}
