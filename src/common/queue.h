/* queue.h -- a bounded queue of fixed-size items between one producer thread and one consumer
 * thread.
 *
 * Lock-free ring (acquire/release on two counters). Items are copied in and out. It never grows: a
 * full queue says so and the producer decides (stop reading a socket, drop and count, ...). A part
 * of the room can be kept for items that must not be refused. */
#ifndef OPENMMO_COMMON_QUEUE_H
#define OPENMMO_COMMON_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

struct queue;

/* capacity: rounded up to a power of two; reserved: of these, only queue_push_reserved may take the
 * last ones. Returns NULL when out of memory. */
struct queue *queue_new(size_t item_bytes, size_t capacity, size_t reserved);
/* No thread may use it any more. NULL is fine. Items still inside are forgotten. */
void queue_free(struct queue *queue);

/* Producer thread. Copies *item. Returns 0, or -1 when (all but the reserved room) is full. */
int queue_push(struct queue *queue, const void *item) MUST_CHECK;
/* The same, from all of the room: -1 only when nothing is left. */
int queue_push_reserved(struct queue *queue, const void *item) MUST_CHECK;
/* Consumer thread. Copies the oldest into *item. Returns false when empty. */
bool queue_pop(struct queue *queue, void *item) MUST_CHECK;
/* Any thread; a moment's truth. */
size_t queue_length(const struct queue *queue);
size_t queue_capacity(const struct queue *queue); /* the reserved room included */

#endif
