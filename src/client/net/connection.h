/* connection.h -- staying in the world of one server: sessions one after the other, and the world
 * they show.
 *
 * Owns the session, the world, what is needed to log in again (a token; the password only until the
 * server took it) and the timer of the next try. Knows no picture. Time is passed in (monotonic
 * us). One thread. */
#ifndef OPENMMO_CLIENT_CONNECTION_H
#define OPENMMO_CLIENT_CONNECTION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "game/world.h"
#include "net/session.h"

struct connection_handlers {
    /* Another world (or none: NULL) takes the old one's place, which is freed after the call. May
     * be NULL. */
    void (*world)(void *context, struct world *world);
    void (*chat)(void *context, const struct protocol_chat_line *line);  /* may be NULL */
    void (*notice)(void *context, const struct protocol_notice *notice); /* may be NULL */
    void *context;
};

struct connection;

/* pins_path as in session_new. token_file: where the newest token is kept too (borrowed), or NULL;
 * it goes when that token is refused, and with a log-out. NULL + error. */
struct connection *connection_new(const struct connection_handlers *handlers, const char *pins_path,
                                  const char *token_file, struct error *error);
void connection_free(struct connection *connection); /* NULL is fine */

/* Log in. An empty token in a TOKEN login is looked up in settings. */
void connection_login(struct connection *connection, const struct session_login *login,
                      uint64_t now_us);
/* Try again now, as last time. */
void connection_again(struct connection *connection, uint64_t now_us);
/* Leave and stop trying. The world goes. */
void connection_leave(struct connection *connection);
/* The same, and nobody comes back with what this login was given: the token that is kept is
 * forgotten. */
void connection_log_out(struct connection *connection);
/* Do what is due. */
enum session_state connection_pump(struct connection *connection, uint64_t now_us);

/* The session underneath, for sending. */
struct session *connection_session(struct connection *connection);
struct world *
connection_world(struct connection *connection); /* NULL: none yet; stays after a loss */
/* Entered: playing, and one's own place is known. */
bool connection_playing(const struct connection *connection);
/* After an end: seconds until the next try by itself; -1: none will come. */
int connection_countdown_s(const struct connection *connection, uint64_t now_us);

/* Move oneself and ask for names; only while playing. */
void connection_advance(struct connection *connection, const struct movement_intent *intent,
                        uint64_t frame_us);

#endif
