/* engineio.h -- Engine.IO on an io thread: its sessions, and what /socket.io/ answers.
 *
 *   GET  without sid   a new session, by polling or (with Upgrade) by WebSocket
 *   GET  with sid      a poll, which may wait; with Upgrade the WebSocket that may follow polling
 *   POST with sid      what the client says by polling
 *
 * A session lives on one io thread: that of the connection which began it. Its sid names the
 * thread and the place there, and 112 bits that cannot be guessed. A request whose connection
 * lives on another thread goes there before it is answered, with its connection (call_carry), and
 * the connection stays: so a session and its WebSocket have one owner, nothing is relayed, and a
 * browser's later polls find it at once.
 *
 * Requests are checked as Engine.IO's own server does, and refused in its words. Who knows a sid
 * owns the session: the sid is a secret, never shown to others. Cookies mean nothing here, so that
 * a foreign page's WebSocket can do no more than any stranger.
 *
 * Owner: the io thread. Made and freed by control, when that does not run. */
#ifndef OPENMMO_HTTP_ENGINEIO_H
#define OPENMMO_HTTP_ENGINEIO_H

#include <stdint.h>

#include "common/compiler.h"
#include "http/eio_session.h"
#include "net/io.h"

struct engineio; /* opaque */
struct host;     /* play/host.h */
struct http_call;

#define ENGINEIO_DEADLINES (EIO_DEADLINES + 1)

struct engineio_config {
    struct io *io;
    struct host *host;
    unsigned thread;
    unsigned class_first; /* of ENGINEIO_DEADLINES classes of deadlines */
    uint32_t ping_interval_ms, ping_timeout_ms;
    uint32_t connect_ms; /* without a namespace */
    uint32_t sessions_max;
};

/* NULL: out of memory. Control. */
struct engineio *engineio_new(const struct engineio_config *config);
/* As the configuration says from now on. Who was there before was told the old figures, and is
 * pinged by those to his end. */
void engineio_retime(struct engineio *engine, uint32_t ping_interval_ms, uint32_t ping_timeout_ms,
                     uint32_t connect_ms);
/* The server stops: sessions are ended so that their clients come back. */
void engineio_drain(struct engineio *engine);
/* The thread has ended: all that is left. */
void engineio_end(struct engineio *engine);
void engineio_free(struct engineio *engine); /* NULL is fine */

/* The route, for every method. */
void engineio_run(struct http_call *call);

#endif
