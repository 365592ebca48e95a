/* workers.h -- a small pool of threads at lower priority for what would hold up a loop: password
 * hashing, a file on a slow disk.
 *
 * The queue is bounded; a full one says "busy" and the caller answers so. Owner: control thread. */
#ifndef OPENMMO_OPS_WORKERS_H
#define OPENMMO_OPS_WORKERS_H

#include <event2/event.h>
#include <stdbool.h>

#include "common/compiler.h"
#include "common/error.h"
#include "ops/postbox.h"

struct workers; /* opaque */

/* First member of a job. From submit to done it belongs to the pool. */
struct workers_job {
    struct postbox_item answer;           /* the pool's */
    struct workers_job *next;             /* the pool's */
    bool cancelled;                       /* set for done: run was never called */
    void (*run)(struct workers_job *job); /* on a worker */
    /* On the loop's thread, always, once; may free the job. */
    void (*done)(struct workers_job *job);
};

/* threads_n: 1..64; queue_max: jobs that may wait (1 or more). NULL + error. */
struct workers *workers_new(struct event_base *base, unsigned threads_n, unsigned queue_max,
                            struct error *error);
/* Jobs that run are finished, those that wait are cancelled; done is called for each before this
 * returns. NULL is fine. */
void workers_free(struct workers *workers);

/* run and done must be set. Returns 0, or -1 when the queue is full: the job is still the caller's.
 */
int workers_submit(struct workers *workers, struct workers_job *job) MUST_CHECK;

#endif
