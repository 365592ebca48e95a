/* sio_move.h -- the event that nearly all of what comes is, read without a tree of JSON:
 *
 *   2["player:move",{"x":1.5,"y":0,"z":-3}]
 *
 * as JSON.stringify writes it, in the default namespace, with an id for an ack or none. What is not
 * just so is left to sio_packet.h, which says the same of all that is taken here. Pure. */
#ifndef OPENMMO_HTTP_SIO_MOVE_H
#define OPENMMO_HTTP_SIO_MOVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sio_move {
    double to[3];
    uint32_t ack; /* SIO_NO_ACK: none */
};

/* All of the text, which may end without a NUL. False: it is something else, or malformed; *move
 * is undefined then. */
bool sio_move_read(const char *text, size_t len_bytes, struct sio_move *move);

#endif
