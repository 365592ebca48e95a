/* outbox.h -- frames that must reach one player and wait for the next record: answers, notices, the
 * welcome.
 *
 * A bounded run of whole frames, oldest first. What is newer than itself (blocks, SELF) never waits
 * here. Memory is taken at the first frame and given back when it is empty. Owner: the session's io
 * thread. */
#ifndef OPENMMO_PLAY_OUTBOX_H
#define OPENMMO_PLAY_OUTBOX_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

#define OUTBOX_MAX_BYTES 16384

struct outbox {
    uint8_t *bytes;
    size_t at, n, room; /* bytes[at..n) wait */
};

/* Queue one whole frame (copied). 0; -1 when it does not fit any more: the player does not read. */
int outbox_append(struct outbox *outbox, const uint8_t *frame, size_t frame_bytes) MUST_CHECK;
/* How many wait. */
size_t outbox_bytes(const struct outbox *outbox);
/* The whole frames at the front, as many as go into max_bytes. NULL and *len_bytes 0: none. */
const uint8_t *outbox_front(const struct outbox *outbox, size_t max_bytes, size_t *len_bytes);
void outbox_consume(struct outbox *outbox, size_t len_bytes); /* what outbox_front gave */
void outbox_clear(struct outbox *outbox);                     /* forget all, free */

#endif
