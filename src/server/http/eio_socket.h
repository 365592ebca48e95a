/* eio_socket.h -- a WebSocket that carries an Engine.IO session: a connection after its upgrade,
 * frames in and out.
 *
 * What the kernel does not take of what is written is kept here, EIO_SOCKET_OUT_MAX at most: who
 * is so far behind is closed. What the protocol forbids (RFC 6455) closes it with its code.
 * Owner: the io thread. */
#ifndef OPENMMO_HTTP_EIO_SOCKET_H
#define OPENMMO_HTTP_EIO_SOCKET_H

#include <stdint.h>
#include <sys/socket.h>

#include "common/compiler.h"
#include "http/eio_session.h"

#define EIO_SOCKET_OUT_MAX   (1024 * 1024)
#define EIO_SOCKET_LINGER_MS 2000

struct eio_socket; /* opaque; frees itself when its connection has ended */
struct http_call;

/* Answer a WebSocket's handshake: 101, and then opened, from within. 0; -1: it is no such
 * handshake, or out of memory: answer the call. */
int eio_socket_open(struct http_call *call,
                    void (*opened)(void *context, struct eio_socket *socket,
                                   const struct sockaddr_storage *address),
                    void *context) MUST_CHECK;
/* As the session's wire. */
struct eio_wire eio_socket_wire(struct eio_socket *socket);
/* What it says goes to this session, until either ends. */
void eio_socket_attach(struct eio_socket *socket, struct eio_session *session);
/* A close frame, and the end. Where the kernel takes nothing the frame waits behind what does, for
 * EIO_SOCKET_LINGER_MS at most. Fine if it ends already. */
void eio_socket_close(struct eio_socket *socket, uint16_t code, const char *reason);

#endif
