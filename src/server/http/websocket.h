/* websocket.h -- RFC 6455: the handshake's key, frames that come (as messages), frames that go.
 *
 * No extension is spoken: permessage-deflate is declined by not answering it, and a frame that
 * claims one (RSV) is a fault. What comes is read wherever it is cut: a message that lies whole in
 * one read is handed on in place, others are gathered in memory that grows with what has come,
 * never with what is only announced. An idle reader takes no memory beside its struct.
 *
 * Not wslay: its contexts hold buffers of their own, 4.2 KiB for frames and 9.4 KiB with messages,
 * where a connection shall take less than 8 in all, and our frames are shared bytes that it could
 * not send. It is the oracle in tests. Pure; a reader belongs to its connection's thread. */
#ifndef OPENMMO_HTTP_WEBSOCKET_H
#define OPENMMO_HTTP_WEBSOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

#define WEBSOCKET_HEAD_MAX     10 /* of a frame that goes: unmasked */
#define WEBSOCKET_CONTROL_MAX  125
#define WEBSOCKET_REASON_MAX   123 /* bytes of UTF-8 in a close frame */
#define WEBSOCKET_CLOSE_BYTES  (2 + WEBSOCKET_CONTROL_MAX)
#define WEBSOCKET_ACCEPT_BYTES 29 /* with its NUL */

enum websocket_code {
    WEBSOCKET_NORMAL = 1000,
    WEBSOCKET_GOING_AWAY = 1001,
    WEBSOCKET_PROTOCOL = 1002,
    WEBSOCKET_NOT_TAKEN = 1003, /* a kind of message */
    WEBSOCKET_NONE = 1005,      /* only told: the close frame held none */
    WEBSOCKET_NOT_UTF8 = 1007,
    WEBSOCKET_POLICY = 1008,
    WEBSOCKET_TOO_BIG = 1009,
    WEBSOCKET_OURS = 1011, /* our fault */
    WEBSOCKET_RESTART = 1012
};

enum websocket_opcode {
    WEBSOCKET_OP_MORE = 0,
    WEBSOCKET_OP_TEXT = 1,
    WEBSOCKET_OP_BINARY = 2,
    WEBSOCKET_OP_CLOSE = 8,
    WEBSOCKET_OP_PING = 9,
    WEBSOCKET_OP_PONG = 10
};

/* ---- the handshake ---- */

/* version, key: Sec-WebSocket-Version and -Key of the request (NULL: absent) -> what
 * Sec-WebSocket-Accept has to say. 0; else the status to refuse with: 426 (say
 * "Sec-WebSocket-Version: 13") or 400. */
int websocket_accept(const char *version, const char *key,
                     char accept[WEBSOCKET_ACCEPT_BYTES]) MUST_CHECK;

/* ---- what comes, always masked ---- */

enum websocket_kind {
    WEBSOCKET_MORE,   /* all was used, nothing is whole */
    WEBSOCKET_TEXT,   /* valid UTF-8; NULs may be in it */
    WEBSOCKET_BINARY, /* any bytes */
    WEBSOCKET_PING,   /* to be answered by a PONG of the same bytes */
    WEBSOCKET_PONG,
    WEBSOCKET_CLOSE, /* to be answered by a close frame, if none was sent. Nothing comes after it */
    WEBSOCKET_BAD    /* to be answered by a close frame of that code. Nothing comes after it */
};

struct websocket_event {
    enum websocket_kind kind;
    const uint8_t *bytes; /* valid until the next call, and while the bytes read stay */
    size_t len_bytes;
    uint16_t code;      /* CLOSE, BAD */
    const char *reason; /* BAD: a constant; of CLOSE bytes is the reason */
};

struct websocket {
    uint64_t left;       /* of the frame's payload */
    uint32_t most_bytes; /* of a message */
    uint32_t message_n, message_room;
    uint8_t *message; /* what was gathered of it; NULL: nothing */
    uint8_t head[14], head_n;
    uint8_t opcode, kind; /* of the frame; of the message, 0: none has begun */
    bool last, masking;   /* FIN; the head is read, the payload is not */
    uint8_t mask[4], mask_at;
    uint8_t utf8_left, utf8_least, utf8_most; /* of the code point that is being read */
    bool handed, ended;
    uint8_t control_n, control[WEBSOCKET_CONTROL_MAX];
};

/* most_bytes: of a message, in all its fragments; beyond it: BAD, 1009. */
void websocket_init(struct websocket *websocket, uint32_t most_bytes);
void websocket_fini(struct websocket *websocket); /* twice is fine */

/* Read on. bytes: what came, unmasked in place as far as it was used; *used_bytes: up to the end of
 * what the event tells, so call again with the rest until MORE. Out of memory is BAD, 1011. */
struct websocket_event websocket_read(struct websocket *websocket, uint8_t *bytes, size_t len_bytes,
                                      size_t *used_bytes) MUST_CHECK;

/* ---- what goes, never masked ---- */

/* The head of a whole frame. Its length. */
size_t websocket_head(enum websocket_opcode opcode, uint64_t len_bytes,
                      uint8_t head[WEBSOCKET_HEAD_MAX]);
/* A close frame; code WEBSOCKET_NONE: without one. reason: UTF-8, NULL: none; too long a one is
 * cut. Its length. */
size_t websocket_close(uint16_t code, const char *reason, uint8_t frame[WEBSOCKET_CLOSE_BYTES]);
/* A code may stand in a close frame on the wire. */
bool websocket_code_valid(unsigned code);

#endif
