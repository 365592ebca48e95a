/* eio_session.h -- one Engine.IO session: which transport it has, what it has to say, whether the
 * other side is alive.
 *
 *   POLLING --probe: "2probe", "3probe"--> PROBED --"5"--> SOCKET        SOCKET from the start
 *      \______________________________________\______________\
 *                                                 CLOSING (the last words wait for a poll) ->
 * CLOSED
 *
 * While a probe is answered, polls are ended by NOOP, so that the client comes to its "5" at once.
 * A second poll beside one that waits, and a poll whose connection breaks, end the session, as they
 * do in Engine.IO's own server. Pings are ours; a pong is owed in time, where anything else that
 * comes is a respite, once a ping.
 *
 * Packets that say nothing (pongs, noops, probes) end it where they come far too often: what is
 * said has limits of its own.
 *
 * Knows no HTTP and no WebSocket: polls and sockets are handed to it behind a few functions. Owner:
 * its io thread. */
#ifndef OPENMMO_HTTP_EIO_SESSION_H
#define OPENMMO_HTTP_EIO_SESSION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "common/compiler.h"
#include "net/io.h"

#define EIO_SID_BYTES   33           /* with its NUL */
#define EIO_PAYLOAD_MAX (64 * 1024)  /* that we take; the client is told */
#define EIO_QUEUE_MAX   (128 * 1024) /* packets that wait for a transport */

struct eio_session; /* opaque */

/* A request that waits for what there is to say. answer: once; then the poll is no more. */
struct eio_poll {
    void (*answer)(void *context, const char *payload, size_t len_bytes);
    void *context;
};

/* A WebSocket. */
struct eio_wire {
    /* All that was written is with the kernel. */
    bool (*idle)(void *context);
    /* Ready frames. What the kernel refuses is copied; eio_session_drained says when it is gone. A
     * wire that fails says so by eio_session_wire_gone, perhaps from within. */
    void (*write)(void *context, const struct iovec *parts, unsigned parts_n);
    /* A close frame, behind all that was written, if that is with the kernel; what is not goes
     * nowhere. No word of the wire comes any more. */
    void (*close)(void *context, uint16_t code, const char *reason);
    void *context;
};

enum eio_transport { EIO_POLLING, EIO_SOCKET };

struct eio_session_handlers {
    void (*message)(void *context, const char *text, size_t len_bytes);
    void (*binary)(void *context); /* a message of bytes; what it holds is not read */
    /* It is over, and says nothing any more. reason: a constant, for the log. */
    void (*closed)(void *context, const char *reason);
    /* The last word, in a later turn: the session frees itself. */
    void (*freed)(void *context);
};

struct eio_timing {
    uint32_t ping_interval_ms, ping_timeout_ms, upgrade_ms, goodbye_ms;
    unsigned class_first; /* of EIO_DEADLINES classes of the io thread */
};
#define EIO_DEADLINES 5

/* With OPEN as its first packet. wire: of a session that begins with a WebSocket; NULL: polling.
 * timing: borrowed while it lives; of pings what it says now counts to the end, for the client is
 * told it once. NULL: out of memory. */
struct eio_session *eio_session_new(struct io *io, const struct eio_timing *timing, const char *sid,
                                    const struct eio_wire *wire,
                                    const struct eio_session_handlers *handlers, void *context);
/* Free it at once, with no word to anybody but freed. NULL is fine. */
void eio_session_free(struct eio_session *session);

/* As it was given; valid while the session lives. */
const char *eio_session_sid(const struct eio_session *session);
/* As of now: EIO_SOCKET from an upgrade's end on. */
enum eio_transport eio_session_transport(const struct eio_session *session);
/* False: closing or closed. */
bool eio_session_is_open(const struct eio_session *session);

/* ---- what comes ---- */

/* A GET. 0: it is answered, or waits; -1: one waits already: the session is closed, refuse it. */
int eio_session_poll(struct eio_session *session, const struct eio_poll *poll) MUST_CHECK;
/* The connection of the poll that waits is gone. */
void eio_session_poll_gone(struct eio_session *session);
/* A POST's body. 0; -1: malformed, and the session is closed. */
int eio_session_payload(struct eio_session *session, const char *text, size_t len_bytes) MUST_CHECK;

/* A WebSocket that may become its transport. 0; -1: it has one, or another is tried: close it. */
int eio_session_probe(struct eio_session *session, const struct eio_wire *wire) MUST_CHECK;
/* From its WebSocket, or the one that is tried: wire_context is the wire's. */
void eio_session_text(struct eio_session *session, void *wire_context, const char *text,
                      size_t len_bytes);
/* As above: a binary message. */
void eio_session_bytes(struct eio_session *session, void *wire_context);
/* As above: it takes more. */
void eio_session_drained(struct eio_session *session, void *wire_context);
/* As above: it is closed, and no word goes to it any more. */
void eio_session_wire_gone(struct eio_session *session, void *wire_context, const char *reason);

/* ---- what goes ---- */

/* A message. Waits where no transport takes it; beyond EIO_QUEUE_MAX the session is closed. */
void eio_session_send(struct eio_session *session, const char *text, size_t len_bytes);
/* The transport takes more at once. */
bool eio_session_writable(const struct eio_session *session);
/* Ready frames of messages, each whole, in parts cut anywhere. All are taken; see eio_session_send.
 */
void eio_session_frames(struct eio_session *session, const struct iovec *parts, unsigned parts_n);

/* What waits is said, then goodbye. code, why: of a WebSocket's close frame; reason: a constant. */
void eio_session_close(struct eio_session *session, uint16_t code, const char *why,
                       const char *reason);

#endif
