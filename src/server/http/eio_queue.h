/* eio_queue.h -- what an Engine.IO session has to say and could not yet: packets in order, in one
 * bounded buffer, that come out as WebSocket frames or as a payload of long polling, whichever
 * transport is there then. Empty it holds no memory. Pure; the owner's thread. */
#ifndef OPENMMO_HTTP_EIO_QUEUE_H
#define OPENMMO_HTTP_EIO_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "common/compiler.h"

struct eio_queue { /* all 0: empty */
    uint8_t *bytes;
    uint32_t begin, end, room; /* records between begin and end: length, packet */
};

/* Add a packet: its type's digit, then text. 0; -1: it would hold more than most_bytes, or out of
 * memory: nothing changed. */
int eio_queue_add(struct eio_queue *queue, char type, const char *text, size_t len_bytes,
                  size_t most_bytes) MUST_CHECK;
/* Add each of a run of ready frames: unmasked WebSocket text frames back to back, however they are
 * cut into parts. 0; -1: as above, or they are no such frames; those before it are added. */
int eio_queue_add_frames(struct eio_queue *queue, const struct iovec *parts, unsigned parts_n,
                         size_t most_bytes) MUST_CHECK;
/* True: it holds no packet. */
bool eio_queue_is_empty(const struct eio_queue *queue);
size_t eio_queue_bytes(const struct eio_queue *queue); /* held, heads included */
void eio_queue_clear(struct eio_queue *queue);         /* and its memory */

/* Take whole packets off as text frames while they fit into out. Returns the bytes written; 0 with
 * a queue that is not empty: the next one fits into no such room. */
size_t eio_queue_take_frames(struct eio_queue *queue, uint8_t *out, size_t out_bytes);
/* The next packet needs this much room as a frame; 0: none is there. */
size_t eio_queue_next_bytes(const struct eio_queue *queue);
/* Take all off as one payload: malloc'd, the caller's; NULL: out of memory (nothing is taken). */
char *eio_queue_take_payload(struct eio_queue *queue, size_t *len_bytes);

#endif
