/* eio_packet.h -- Engine.IO v4 as text: packets, payloads of several, the handshake, refusals.
 *
 *   packet   one digit, its type, and data to the end
 *   payload  what long polling carries: packets with a record separator (0x1E) between them
 *
 * Binary data is a WebSocket's binary message, or in a payload a packet "b" with base64. Pure. */
#ifndef OPENMMO_HTTP_EIO_PACKET_H
#define OPENMMO_HTTP_EIO_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

#define EIO_SEPARATOR '\x1e'

enum eio_type {
    EIO_OPEN = '0',
    EIO_CLOSE = '1',
    EIO_PING = '2',
    EIO_PONG = '3',
    EIO_MESSAGE = '4',
    EIO_UPGRADE = '5',
    EIO_NOOP = '6',
    EIO_BINARY = 'b', /* a message of bytes, in base64; what it holds is not read */
};

struct eio_packet {
    enum eio_type type;
    const char *data; /* behind the type; in what was read */
    size_t data_bytes;
};

/* One packet, all of the text. 0; -1: malformed. */
int eio_packet_read(const char *text, size_t len_bytes, struct eio_packet *packet) MUST_CHECK;
/* True if its data is this text. */
bool eio_packet_says(const struct eio_packet *packet, const char *text);

/* The packets of a payload, one by one. */
struct eio_payload {
    const char *at, *end; /* at NULL: over */
};
enum eio_next { EIO_NEXT, EIO_OVER, EIO_BAD };
/* text: borrowed while it is read. */
void eio_payload_init(struct eio_payload *payload, const char *text, size_t len_bytes);
/* OVER: there is no more; BAD: malformed, and OVER from then on. */
enum eio_next eio_payload_next(struct eio_payload *payload, struct eio_packet *packet) MUST_CHECK;

/* What OPEN says. */
struct eio_handshake {
    const char *sid;
    bool upgrades; /* to WebSocket */
    uint32_t ping_interval_ms, ping_timeout_ms, payload_bytes_max;
};
#define EIO_OPEN_BYTES 192 /* room for one, with a sid of at most 64 bytes */
/* The packet, NUL-terminated. Returns its length. */
size_t eio_packet_open(const struct eio_handshake *handshake, char out[EIO_OPEN_BYTES]);

/* Why a request is refused, in Engine.IO's numbers and words. */
enum eio_error {
    EIO_TRANSPORT_UNKNOWN,
    EIO_SID_UNKNOWN,
    EIO_METHOD_BAD,
    EIO_REQUEST_BAD,
    EIO_FORBIDDEN,
    EIO_VERSION_UNSUPPORTED,
};
/* {"code":1,"message":"Session ID unknown"}; constant. */
const char *eio_error_body(enum eio_error error);
/* Of its answer: 403 or 400. */
int eio_error_status(enum eio_error error);

#endif
