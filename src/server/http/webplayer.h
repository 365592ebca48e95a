/* webplayer.h -- a web client's player, beside the native session (play/session.h): who connected
 * to the namespace, his way into the world, and what he is told of it.
 *
 *   ASKING --control: may come--> CONNECTED --join--> JOINING --control: welcome--> PLAYING
 *      \__________________________\____________________\__________________________/
 *                         v refused, ended (by control), or webplayer_leave: gone
 *
 * A seat (play/seat.h) like a native session's: the sweep, bans, kicks, mutes and the line before
 * the door are the same. He sees by play/interest the same view; what he is told is text, made once
 * for all of an io thread (http/webcells.h).
 *
 * Knows nothing of sockets: the Socket.IO side is called by handlers, and only they write. Owner:
 * the io thread of the host; all functions and all handlers there. */
#ifndef OPENMMO_HTTP_WEBPLAYER_H
#define OPENMMO_HTTP_WEBPLAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include "common/compiler.h"

struct host; /* play/host.h: of the io thread; sessions_host gives it */
struct webplayer;

#define WEBPLAYER_ID_MAX    24           /* bytes of an id ("sid"), with its NUL */
#define WEBPLAYER_NO_ACK    UINT32_MAX   /* none is asked for */
#define WEBPLAYER_WRITE_MAX (256 * 1024) /* bytes of one call of frames, but for game:state, */
#define WEBPLAYER_STATE_MAX (512 * 1024) /* which is not larger than this */
#define WEBPLAYER_PARTS_MAX 1024         /* parts of one call */

/* What the Socket.IO side does for a player; context is its socket. Each may be called from within
 * any function here but webplayer_new, and from the sweep. Each may call webplayer_leave. */
struct webplayer_handlers {
    /* He may come: CONNECT is answered with the namespace's sid, which is his id everywhere. */
    void (*connected)(void *context, const char *sid);
    /* He may not: CONNECT_ERROR with this message ("authentication required", "invalid token", or
     * why and how long he is banned). Nothing follows; webplayer_leave is still to be called. */
    void (*refused)(void *context, const char *text);
    /* True: the transport takes more now (a WebSocket: nothing that the socket refused is kept;
     * polling: not too much waits). Where it is false the player's turn is passed over, and he gets
     * what is newer then. */
    bool (*writable)(void *context);
    /* Unmasked WebSocket text frames back to back, each one Engine.IO message "42[...]". Parts end
     * anywhere, also within a frame; they are borrowed, valid during the call, and shared: not to
     * be written to. All of it is taken, whatever the socket takes now: the rest is copied. At most
     * WEBPLAYER_PARTS_MAX parts. Called only where writable has just said true, once a sweep at
     * most; but for a word of the server to him alone, which is said whatever is taken now. */
    void (*frames)(void *context, const struct iovec *parts, unsigned parts_n);
    /* An ack that was asked for: {"ok":true} where error is NULL, else {"ok":false,"error":error}.
     */
    void (*acked)(void *context, uint32_t ack, const char *error);
    /* Control ended it (kick, ban, a newer login, the server stops), or he floods: disconnect him.
     * Nothing follows; webplayer_leave is still to be called. */
    void (*ended)(void *context, const char *reason);
};

/* Someone connects to the namespace. address: copied. token: an access token, or NULL; copied.
 * handlers: borrowed for as long as it lives. Control is asked; connected or refused comes later,
 * never before this returns. NULL when out of memory. */
struct webplayer *webplayer_new(struct host *host, const struct sockaddr_storage *address,
                                const char *token, const struct webplayer_handlers *handlers,
                                void *context);
/* The socket is gone, or leaves the namespace: he leaves the world at once, nobody waits for him.
 * No handler is called from here on; it frees itself. NULL is fine. */
void webplayer_leave(struct webplayer *player);

/* What he says. ack: WEBPLAYER_NO_ACK, or what acked is to be called with, once, perhaps before the
 * function returns. What is malformed (not finite, too long, not UTF-8) is answered so, counted and
 * does nothing; who says too much is ended. Fine in any state: too early, or twice, is an error of
 * the ack and changes nothing. */

/* username: NUL-terminated; NULL: none was given (a token's owner needs none). position: x, y, z in
 * m, or NULL: none. */
void webplayer_join(struct webplayer *player, const char *username, const double position[3],
                    uint32_t ack);
/* A wish, in m. */
void webplayer_move(struct webplayer *player, double x, double y, double z, uint32_t ack);
/* message: len_bytes bytes, may hold anything. */
void webplayer_chat(struct webplayer *player, const char *message, size_t len_bytes, uint32_t ack);
/* game:state again, with the next sweep. */
void webplayer_state(struct webplayer *player, uint32_t ack);
/* What he said was none of these, or its payload had not their shape: counted; who goes on so is
 * ended. error: for the ack. */
void webplayer_malformed(struct webplayer *player, const char *error, uint32_t ack);

#endif
