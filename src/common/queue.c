/* queue.c -- see queue.h.
 *
 * Two counters that only rise: `tail` counts what was pushed, `head` what was popped; their
 * difference is the length and their low bits are places in the ring. Each lies on a cache line of
 * its own with the other side's last known counter, so that the two threads touch each other's line
 * only when the ring looks full or empty. */
#include "common/queue.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define CACHE_LINE 64

struct queue {
    size_t item_bytes, mask, reserved;
    _Alignas(CACHE_LINE) _Atomic size_t tail; /* written by the producer */
    size_t head_seen;                         /* producer's copy of head */
    _Alignas(CACHE_LINE) _Atomic size_t head; /* written by the consumer */
    size_t tail_seen;                         /* consumer's copy of tail */
    _Alignas(CACHE_LINE) unsigned char items[];
};

struct queue *queue_new(size_t item_bytes, size_t capacity, size_t reserved)
{
    size_t rounded = 1, bytes;
    struct queue *queue;

    if (item_bytes == 0 || capacity > SIZE_MAX / 4)
        return NULL;
    while (rounded < capacity || rounded < reserved)
        rounded *= 2;
    if (__builtin_mul_overflow(rounded, item_bytes, &bytes) ||
        __builtin_add_overflow(bytes, sizeof(struct queue) + CACHE_LINE, &bytes))
        return NULL;
    bytes -= bytes % CACHE_LINE; /* aligned_alloc wants whole multiples */
    queue = aligned_alloc(CACHE_LINE, bytes);
    if (queue == NULL)
        return NULL;
    memset(queue, 0, sizeof(*queue));
    queue->item_bytes = item_bytes;
    queue->mask = rounded - 1;
    queue->reserved = reserved;
    atomic_init(&queue->tail, 0);
    atomic_init(&queue->head, 0);
    return queue;
}

void queue_free(struct queue *queue)
{
    free(queue);
}

static int push(struct queue *queue, const void *item, size_t room)
{
    /* relaxed: only this thread writes tail */
    size_t tail = atomic_load_explicit(&queue->tail, memory_order_relaxed);

    if (tail - queue->head_seen >= room) {
        /* acquire: the consumer has read the places up to head before they are written again */
        queue->head_seen = atomic_load_explicit(&queue->head, memory_order_acquire);
        if (tail - queue->head_seen >= room)
            return -1;
    }
    memcpy(queue->items + (tail & queue->mask) * queue->item_bytes, item, queue->item_bytes);
    /* release: the item is whole before the consumer sees the counter */
    atomic_store_explicit(&queue->tail, tail + 1, memory_order_release);
    return 0;
}

int queue_push(struct queue *queue, const void *item)
{
    return push(queue, item, queue->mask + 1 - queue->reserved);
}

int queue_push_reserved(struct queue *queue, const void *item)
{
    return push(queue, item, queue->mask + 1);
}

bool queue_pop(struct queue *queue, void *item)
{
    /* relaxed: only this thread writes head */
    size_t head = atomic_load_explicit(&queue->head, memory_order_relaxed);

    if (head == queue->tail_seen) {
        /* acquire: pairs with the producer's release, the item's bytes are visible */
        queue->tail_seen = atomic_load_explicit(&queue->tail, memory_order_acquire);
        if (head == queue->tail_seen)
            return false;
    }
    memcpy(item, queue->items + (head & queue->mask) * queue->item_bytes, queue->item_bytes);
    /* release: the item is read before the producer may write its place */
    atomic_store_explicit(&queue->head, head + 1, memory_order_release);
    return true;
}

size_t queue_length(const struct queue *queue)
{
    /* head first: tail is then at least as new, so that the difference is not negative */
    size_t head = atomic_load_explicit(&queue->head, memory_order_acquire);
    size_t tail = atomic_load_explicit(&queue->tail, memory_order_acquire);
    size_t length = tail - head;

    return length > queue->mask + 1 ? queue->mask + 1 : length;
}

size_t queue_capacity(const struct queue *queue)
{
    return queue->mask + 1;
}
