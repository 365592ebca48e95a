/* workers.c -- a bounded list under one lock; workers wait on it, done comes back by the postbox.
 */
#include "ops/workers.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "common/thread.h"
#include "ops/metrics.h"

#define THREADS_MAX 64
#define WORKER_NICE 10 /* hashing gives way to the tick, and to the store */

struct workers {
    struct postbox *postbox;
    pthread_mutex_t lock; /* over what follows up to stopping */
    pthread_cond_t filled;
    struct workers_job *oldest, **tail;
    unsigned waiting_n;
    bool stopping;
    unsigned queue_max, threads_n;
    pthread_t threads[THREADS_MAX];
};

static void answered(struct postbox_item *item)
{
    struct workers_job *job = (struct workers_job *)(void *)item;

    job->done(job);
}

/* Under the lock. */
static struct workers_job *take(struct workers *workers)
{
    struct workers_job *job = workers->oldest;

    workers->oldest = job->next;
    if (!workers->oldest)
        workers->tail = &workers->oldest;
    workers->waiting_n--;
    metrics_gauge(METRIC_WORKER_QUEUE, -1);
    return job;
}

static void *work(void *context)
{
    struct workers *workers = context;

    thread_give_way(WORKER_NICE);
    pthread_mutex_lock(&workers->lock);
    for (;;) {
        struct workers_job *job;

        while (!workers->oldest && !workers->stopping)
            pthread_cond_wait(&workers->filled, &workers->lock);
        if (workers->stopping)
            break;
        job = take(workers);
        pthread_mutex_unlock(&workers->lock);
        job->run(job);
        postbox_post(workers->postbox, &job->answer);
        pthread_mutex_lock(&workers->lock);
    }
    pthread_mutex_unlock(&workers->lock);
    return NULL;
}

static int start_threads(struct workers *workers, unsigned threads_n, struct error *error)
{
    for (; workers->threads_n < threads_n; workers->threads_n++) {
        int failed = thread_start(&workers->threads[workers->threads_n], "worker", work, workers);

        if (failed != 0)
            return error_set(error, "cannot start a worker thread: %s", strerror(failed));
    }
    return 0;
}

struct workers *workers_new(struct event_base *base, unsigned threads_n, unsigned queue_max,
                            struct error *error)
{
    struct workers *workers = calloc(1, sizeof(*workers));

    if (!workers) {
        error_set(error, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&workers->lock, NULL);
    pthread_cond_init(&workers->filled, NULL);
    workers->tail = &workers->oldest;
    workers->queue_max = queue_max;
    workers->postbox = postbox_new(base, error);
    if (!workers->postbox)
        goto fail;
    if (start_threads(workers, threads_n < THREADS_MAX ? threads_n : THREADS_MAX, error) < 0)
        goto fail;
    return workers;
fail:
    workers_free(workers);
    return NULL;
}

void workers_free(struct workers *workers)
{
    if (!workers)
        return;
    pthread_mutex_lock(&workers->lock);
    workers->stopping = true;
    pthread_cond_broadcast(&workers->filled);
    pthread_mutex_unlock(&workers->lock);
    for (unsigned i = 0; i < workers->threads_n; i++)
        pthread_join(workers->threads[i], NULL);
    postbox_free(workers->postbox); /* done of those that ran */
    while (workers->oldest) {
        struct workers_job *job = take(workers);

        job->cancelled = true;
        job->done(job);
    }
    pthread_cond_destroy(&workers->filled);
    pthread_mutex_destroy(&workers->lock);
    free(workers);
}

int workers_submit(struct workers *workers, struct workers_job *job)
{
    int rc = -1;

    job->answer.run = answered;
    job->next = NULL;
    job->cancelled = false;
    pthread_mutex_lock(&workers->lock);
    if (workers->waiting_n < workers->queue_max && !workers->stopping) {
        *workers->tail = job;
        workers->tail = &job->next;
        workers->waiting_n++;
        metrics_gauge(METRIC_WORKER_QUEUE, 1);
        pthread_cond_signal(&workers->filled);
        rc = 0;
    }
    pthread_mutex_unlock(&workers->lock);
    return rc;
}
