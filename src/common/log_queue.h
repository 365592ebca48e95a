/* log_queue.h -- the log's own thread and what waits for it: only this thread ever waits for a
 * journal that hangs or a stderr that nobody reads. Inside the log only.
 *
 * Bounded by bytes. What finds no room is counted, and the next record that finds some is preceded
 * by one that tells of the gap. */
#ifndef OPENMMO_COMMON_LOG_QUEUE_H
#define OPENMMO_COMMON_LOG_QUEUE_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/log_record.h"

struct log_queue; /* opaque */

/* NULL + error: out of memory, or no thread. */
struct log_queue *log_queue_new(struct error *error);
/* Copied. Waits for nobody (a lock is held for as long as a copy takes). Any thread. */
void log_queue_put(struct log_queue *queue, const struct log_record *record);
/* Records lost so far. Any thread. */
uint64_t log_queue_lost(const struct log_queue *queue);
/* Wait until all is written that was put before, at most so long. Async-signal-safe, any thread
 * (the queue's own returns at once). */
void log_queue_await(const struct log_queue *queue, unsigned patience_ms);
/* Write what waits, for at most so long, then end. False: it was not done in time; the thread and
 * its queue are left to the end of the process. No thread may put any more. */
bool log_queue_free(struct log_queue *queue, unsigned patience_ms);

#endif
