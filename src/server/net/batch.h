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

#include "common/compiler.h"

#define BATCH_WRITES 64
#define BATCH_BYTES  (128 * 1024)

struct batch; /* opaque */

struct batch_write {
    void *owner;
    const uint8_t *bytes; /* the batch's own copy, until more is added */
    size_t len_bytes;
    ssize_t result; /* bytes that the socket took; -errno */
};

/* NULL: this kernel cannot, or out of memory. */
struct batch *batch_new(void);
void batch_free(struct batch *batch); /* what was added is thrown away; NULL is fine. Any thread */

/* For one more write of so many bytes. */
bool batch_has_room(const struct batch *batch, size_t len_bytes);
/* Copy the bytes, for which there is room. At most one write a socket may be in a batch: a short
 * one would let the next overtake its rest. */
void batch_add(struct batch *batch, int fd, const uint8_t *bytes, size_t len_bytes, void *owner);
/* Write all that was added, and tell what became of each: returns how many, 0..BATCH_WRITES. */
unsigned batch_send(struct batch *batch, struct batch_write *writes) MUST_CHECK;

#endif
