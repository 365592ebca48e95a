/* batch.h -- many sockets' writes handed to the kernel by one call (io_uring), in the order in
 * which they were added.
 *
 * Each socket's write costs the same work inside the kernel, but not the way in and out, and the
 * code that encrypts stays warm between: with 400 to 2,000 connections a write costs a third less
 * (bench/README.md). Where the kernel has no io_uring, or does not let us use it, there is no batch
 * and everything is written at once; so it is where the ring fails later. Owner: the thread that
 * made it. */
#ifndef OPENMMO_NET_BATCH_H
#define OPENMMO_NET_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define BATCH_WRITES 64
#define BATCH_BYTES  (128 * 1024)

struct batch; /* opaque */

struct batch_write {
    void *owner;
    const uint8_t *bytes; /* the batch's own copy, until done returns */
    size_t len_bytes;
    ssize_t result; /* bytes that the socket took; -errno */
};

/* done: all of a batch is written; called from within batch_add and batch_send. NULL: this kernel
 * cannot, or out of memory. */
struct batch *batch_new(void (*done)(struct batch_write *writes, unsigned n));
void batch_free(struct batch *batch); /* what was added is thrown away; NULL is fine. Any thread */

/* Copy the bytes (at most BATCH_BYTES); if there is no room for them, what was added goes first. At
 * most one write a socket may be in a batch: a short one would let the next overtake its rest. */
void batch_add(struct batch *batch, int fd, const uint8_t *bytes, size_t len_bytes, void *owner);
void batch_send(struct batch *batch); /* all that was added */

#endif
