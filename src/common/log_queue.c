/* log_queue.c -- see log_queue.h. A ring of bytes under a lock; records lie in it one after the
 * other, each as long as it is. */
#include <config.h> /* _GNU_SOURCE */

#include "common/log_queue.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log_sink.h"
#include "common/thread.h"

#define RING_BYTES (512u << 10) /* a power of two: some 2,000 lines */
#define GAP_BYTES  256          /* kept for the record that tells of a gap */
#define AWAIT_MS   2            /* between two looks of log_queue_await */

struct log_queue {
    pthread_t thread;
    _Atomic uint64_t put_n, written_n; /* records taken in, and done with */
    _Atomic uint64_t lost_n;           /* in all */

    pthread_mutex_t lock; /* over what follows */
    pthread_cond_t filled, ended_changed;
    uint32_t head, tail; /* bytes ever put and taken; their difference is what lies here */
    uint64_t gap;        /* records lost since the last that found room */
    bool stopping, ended;
    char ring[RING_BYTES];

    /* The thread's. */
    struct log_record taken;
    uint64_t unwritten; /* refused (a full disk) since the last that was not */
};

static void ring_write(struct log_queue *queue, const void *bytes, size_t n)
{
    uint32_t at = queue->head % RING_BYTES;
    size_t first = n < RING_BYTES - at ? n : RING_BYTES - at;

    memcpy(queue->ring + at, bytes, first);
    memcpy(queue->ring, (const char *)bytes + first, n - first);
    queue->head += (uint32_t)n;
}

static void ring_read(struct log_queue *queue, void *bytes, size_t n)
{
    uint32_t at = queue->tail % RING_BYTES;
    size_t first = n < RING_BYTES - at ? n : RING_BYTES - at;

    memcpy(bytes, queue->ring + at, first);
    memcpy((char *)bytes + first, queue->ring, n - first);
    queue->tail += (uint32_t)n;
}

/* Under the lock. */
static bool put(struct log_queue *queue, const struct log_record *record, size_t spare_bytes)
{
    size_t n = LOG_RECORD_HEAD + record->n;

    if (queue->head - queue->tail + n + spare_bytes > RING_BYTES)
        return false;
    ring_write(queue, record, n);
    /* relaxed: who crashes after this sees his own line counted; others' do not matter */
    atomic_fetch_add_explicit(&queue->put_n, 1, memory_order_relaxed);
    return true;
}

/* Under the lock: the record of a gap, where there is one and it finds room. */
static void put_gap(struct log_queue *queue, int64_t time_ms)
{
    struct log_record gap;

    if (queue->gap == 0)
        return;
    log_sink_gap(&gap, time_ms, queue->gap);
    if (put(queue, &gap, 0))
        queue->gap = 0;
}

void log_queue_put(struct log_queue *queue, const struct log_record *record)
{
    pthread_mutex_lock(&queue->lock);
    if (queue->gap > 0 &&
        queue->head - queue->tail + LOG_RECORD_HEAD + record->n + 2 * GAP_BYTES <= RING_BYTES)
        put_gap(queue, record->time_ms);
    /* While there is a gap nothing goes past it: the lines stay in order. */
    if (queue->gap > 0 || !put(queue, record, GAP_BYTES)) {
        queue->gap++;
        atomic_fetch_add_explicit(&queue->lost_n, 1, memory_order_relaxed); /* a count for people */
    }
    pthread_cond_signal(&queue->filled);
    pthread_mutex_unlock(&queue->lock);
}

/* What is refused is told before the next that is not. */
static void write_taken(struct log_queue *queue)
{
    struct log_record gap;

    if (queue->unwritten > 0) {
        log_sink_gap(&gap, queue->taken.time_ms, queue->unwritten);
        if (log_sink_write(&gap, true) == 0)
            queue->unwritten = 0;
    }
    if (queue->unwritten > 0 || log_sink_write(&queue->taken, true) < 0) {
        queue->unwritten++;
        atomic_fetch_add_explicit(&queue->lost_n, 1, memory_order_relaxed); /* a count for people */
    }
}

/* Under the lock, which is let go while the record is written. */
static void write_oldest(struct log_queue *queue)
{
    ring_read(queue, &queue->taken, LOG_RECORD_HEAD);
    ring_read(queue, queue->taken.text, queue->taken.n);
    pthread_mutex_unlock(&queue->lock);
    write_taken(queue);
    atomic_fetch_add_explicit(&queue->written_n, 1,
                              memory_order_release); /* it is out: see await */
    pthread_mutex_lock(&queue->lock);
}

static int64_t wall_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static void *serve(void *context)
{
    struct log_queue *queue = context;

    pthread_mutex_lock(&queue->lock);
    for (;;) {
        if (queue->head == queue->tail)
            put_gap(queue, wall_ms()); /* also where no later line brings it along */
        if (queue->head != queue->tail)
            write_oldest(queue);
        else if (queue->stopping)
            break;
        else
            pthread_cond_wait(&queue->filled, &queue->lock);
    }
    queue->ended = true;
    pthread_cond_signal(&queue->ended_changed);
    pthread_mutex_unlock(&queue->lock);
    return NULL;
}

static void destroy(struct log_queue *queue)
{
    pthread_cond_destroy(&queue->ended_changed);
    pthread_cond_destroy(&queue->filled);
    pthread_mutex_destroy(&queue->lock);
    free(queue);
}

struct log_queue *log_queue_new(struct error *error)
{
    struct log_queue *queue = calloc(1, sizeof(*queue));
    pthread_condattr_t steady; /* a clock that is set does not matter */
    int failed;

    if (queue == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    pthread_mutex_init(&queue->lock, NULL);
    pthread_cond_init(&queue->filled, NULL);
    pthread_condattr_init(&steady);
    pthread_condattr_setclock(&steady, CLOCK_MONOTONIC);
    pthread_cond_init(&queue->ended_changed, &steady);
    pthread_condattr_destroy(&steady);
    failed = thread_start(&queue->thread, "log", serve, queue);
    if (failed == 0)
        return queue;
    error_set(error, "cannot start the log's thread: %s", strerror(failed));
    destroy(queue);
    return NULL;
}

uint64_t log_queue_lost(const struct log_queue *queue)
{
    return atomic_load_explicit(&queue->lost_n, memory_order_relaxed);
}

void log_queue_await(const struct log_queue *queue, unsigned patience_ms)
{
    const struct timespec pause = {0, AWAIT_MS * 1000000L};
    uint64_t until = atomic_load_explicit(&queue->put_n, memory_order_relaxed);

    if (pthread_equal(pthread_self(), queue->thread))
        return;
    for (unsigned waited_ms = 0; waited_ms < patience_ms; waited_ms += AWAIT_MS) {
        /* acquire: pairs with the thread's release after the write */
        if (atomic_load_explicit(&queue->written_n, memory_order_acquire) >= until)
            return;
        nanosleep(&pause, NULL);
    }
}

bool log_queue_free(struct log_queue *queue, unsigned patience_ms)
{
    struct timespec until;
    int failed = 0;
    bool ended;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += patience_ms / 1000;
    until.tv_nsec += (long)(patience_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&queue->lock);
    queue->stopping = true;
    pthread_cond_signal(&queue->filled);
    while (!queue->ended && failed == 0)
        failed = pthread_cond_timedwait(&queue->ended_changed, &queue->lock, &until);
    ended = queue->ended;
    pthread_mutex_unlock(&queue->lock);
    if (!ended) {
        pthread_detach(queue->thread);
        return false;
    }
    pthread_join(queue->thread, NULL);
    destroy(queue);
    return true;
}
