/* socketio.h -- one client's Socket.IO side, on an Engine.IO session: its namespace, its events,
 * acks.
 *
 *   CONNECT to "/" -> the player is asked for (http/webplayer) -> CONNECT with his sid
 *                                                              or CONNECT_ERROR with the reason
 *   EVENT -> a row of socketio.c's table -> the player
 *
 * There is one namespace, "/". A packet that Socket.IO would close a connection for closes it here.
 * Who joins no namespace, or has left it, is closed after a while. Binary events are none of ours:
 * they are passed over with their attachments, as payloads of a wrong kind.
 *
 * Who is sent away is told why by an event "server:disconnect" {reason}, and by DISCONNECT, after
 * which Socket.IO's own client does not come back by itself. Where he may come back (a stop)
 * there is no DISCONNECT: the connection ends, and the client tries again.
 *
 * Owner: the io thread. */
#ifndef OPENMMO_HTTP_SOCKETIO_H
#define OPENMMO_HTTP_SOCKETIO_H

#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "net/io.h"

struct eio_session;
struct host;
struct socketio; /* opaque */

struct socketio_config {
    struct io *io;
    struct host *host;
    uint32_t connect_ms;     /* without a namespace so long: closed */
    unsigned deadline_class; /* of connect_ms */
};

/* Of one client at this address. config: borrowed while it lives. NULL: out of memory. */
struct socketio *socketio_new(const struct socketio_config *config,
                              const struct sockaddr_storage *address);
/* Its session: before anything comes. Borrowed until socketio_gone. */
void socketio_begin(struct socketio *client, struct eio_session *session);
/* A message of the session. */
void socketio_message(struct socketio *client, const char *text, size_t len_bytes);
/* As above, of bytes. */
void socketio_binary(struct socketio *client);
/* The session is closed. */
void socketio_gone(struct socketio *client);
void socketio_free(struct socketio *client); /* gone; NULL is fine */

#endif
