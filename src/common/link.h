/* link.h -- one TLS connection to a game port, from the client's side: connect, handshake, frames
 * in, frames out.
 *
 * Non-blocking and loop-agnostic: the owner polls link_fd for link_events and calls link_pump. Used
 * by client, bots and tests. TLS 1.3 only, ALPN "openmmo/1". The peer's certificate is either one
 * that the system's CAs vouch for (and the host name fits), or its public key is judged by the pin
 * callback (trust on first use). The program ignores SIGPIPE. All links of one link_tls share its
 * buffers: one thread, and no pump within a handler. */
#ifndef OPENMMO_COMMON_LINK_H
#define OPENMMO_COMMON_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/protocol.h"

#define LINK_PIN_BYTES 32 /* SHA-256 of the SubjectPublicKeyInfo */

enum link_state { LINK_CONNECTING, LINK_HANDSHAKE, LINK_OPEN, LINK_CLOSED };

struct link_tls; /* shared by many links: SSL_CTX with session reuse off, and their buffers */
/* NULL + error. */
struct link_tls *link_tls_new(struct error *error);
void link_tls_free(struct link_tls *tls); /* no link may use it any more; NULL is fine */

/* Called once after the handshake when no CA vouches for the peer. Return true to go on. NULL
 * callback: accept any (bots, tests). */
typedef bool link_pin_fn(void *context, const uint8_t pin[LINK_PIN_BYTES]);
/* Called for each whole frame. Return false to close as malformed. The frame's bytes are valid
 * during the call. Must not free the link. */
typedef bool link_frame_fn(void *context, const struct protocol_frame *frame);

struct link_handlers {
    link_pin_fn *pin; /* may be NULL */
    link_frame_fn *frame;
    void *context;
};

struct link;
/* Start connecting. host: name or address (names are resolved blockingly here). NULL + error if
 * that fails at once. */
struct link *link_new(struct link_tls *tls, const char *host, uint16_t port,
                      const struct link_handlers *handlers, struct error *error);
void link_free(struct link *link); /* closes; NULL is fine */

int link_fd(const struct link *link);       /* -1 when closed */
short link_events(const struct link *link); /* POLLIN | POLLOUT to wait for */
/* Do what can be done without blocking: connect, handshake, read (calls handlers), write. Reads
 * until the socket gives less than it was asked for, so the end of a stream may take a second pump
 * (an edge-triggered poller sees EPOLLRDHUP). Returns the state; LINK_CLOSED with *error telling
 * why ("the server closed the connection"). */
enum link_state link_pump(struct link *link, struct error *error);
enum link_state link_state(const struct link *link); /* as of the last pump */
/* Only write what waits to be sent, if the link is open. Returns the state, as link_pump does. */
enum link_state link_flush(struct link *link, struct error *error);

/* Room to append frames to (protocol_encode_*): writer over the send buffer's free part; commit
 * takes what was written. At most 64 KiB wait; begin returns -1 when there is less than need_bytes
 * (nothing is sent then). */
int link_send_begin(struct link *link, size_t need_bytes, struct wire_writer *writer) MUST_CHECK;
/* Nothing, if the writer is bad. */
void link_send_commit(struct link *link, const struct wire_writer *writer);

uint64_t link_bytes_in(const struct link *link);       /* plain bytes of frames received */
uint64_t link_bytes_out(const struct link *link);      /* plain bytes of frames sent */
uint64_t link_wire_bytes_in(const struct link *link);  /* encrypted bytes on the socket */
const uint8_t *link_peer_pin(const struct link *link); /* 32 bytes after the handshake */

#endif
