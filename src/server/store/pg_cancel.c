/* pg_cancel.c -- a detached thread for each cancel, bounded in number. No pool: a pool is joined at
 * the end, and a server that is stopped would hold our own stop up. */
#include "store/pg_cancel.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>

#include "common/thread.h"

#define AT_A_TIME 4

static atomic_uint running;

static void *run(void *context)
{
    PGcancel *cancel = context;
    char words[256];

    (void)PQcancel(cancel, words, sizeof(words)); /* it was only worth a try */
    PQfreeCancel(cancel);
    atomic_fetch_sub_explicit(&running, 1, memory_order_relaxed); /* a count, orders nothing */
    return NULL;
}

void pg_cancel(PGconn *conn)
{
    PGcancel *cancel = NULL;
    pthread_t thread;

    if (atomic_fetch_add_explicit(&running, 1, memory_order_relaxed) < AT_A_TIME)
        cancel = PQgetCancel(conn);
    if (cancel && thread_start(&thread, "pg-cancel", run, cancel) == 0) {
        pthread_detach(thread);
        return;
    }
    PQfreeCancel(cancel);
    atomic_fetch_sub_explicit(&running, 1, memory_order_relaxed);
}
