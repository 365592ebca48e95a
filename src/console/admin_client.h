/* admin_client.h -- the console's end of the operator's socket: lines out, answers and
 * notifications in.
 *
 * Non-blocking: the owner polls admin_client_fd for admin_client_events and calls
 * admin_client_pump at least when admin_client_wait_ms says so. Connects again by itself (0.25 s,
 * doubled up to 4 s). Every request has a deadline. One thread. */
#ifndef OPENMMO_CONSOLE_ADMIN_CLIENT_H
#define OPENMMO_CONSOLE_ADMIN_CLIENT_H

#include <jansson.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

#define ADMIN_CLIENT_LINE_MAX (2 * 1024 * 1024) /* bytes of a line that we take */

/* Codes that are not the daemon's. */
#define ADMIN_CLIENT_LOST    (-1) /* the connection ended first */
#define ADMIN_CLIENT_TIMEOUT (-2)
#define ADMIN_CLIENT_DENIED  (-32001) /* the daemon's own: no role, or too low a one */

struct admin_client;

struct admin_client_handlers {
    void (*opened)(void *context);
    /* The connection is lost or was not to be had. code: ADMIN_CLIENT_DENIED where the daemon
     * refused us, else ADMIN_CLIENT_LOST; sentence: why, in the daemon's words where it said any.
     * Called again for each try that fails. */
    void (*lost)(void *context, int code, const char *sentence);
    /* The answer of a request. result: borrowed, NULL where code != 0; sentence: what was wrong. */
    void (*answer)(void *context, int token, json_t *result, int code, const char *sentence);
    void (*notify)(void *context, const char *topic, json_t *params); /* borrowed */
    void *context;
};

/* path: copied. NULL when out of memory. */
struct admin_client *admin_client_new(const char *path,
                                      const struct admin_client_handlers *handlers);
void admin_client_free(struct admin_client *client); /* NULL is fine */

/* What to poll: -1 and 0 while there is no socket. */
int admin_client_fd(const struct admin_client *client);
/* POLLIN, and POLLOUT while something waits to be sent. */
short admin_client_events(const struct admin_client *client);
/* Until the next pump is due at the latest, in ms. */
int admin_client_wait_ms(const struct admin_client *client, uint64_t now_ms);
/* Connect, read, write, expire. Handlers are called from here. now_ms: monotonic. */
void admin_client_pump(struct admin_client *client, uint64_t now_ms);

/* Ask. params: taken; NULL: none. token comes back with the answer. Returns 0; -1: not connected,
 * or too much waits already (params are taken all the same). */
int admin_client_ask(struct admin_client *client, const char *method, json_t *params, int token,
                     unsigned deadline_ms) MUST_CHECK;

/* The socket's path where none was named: $OPENMMO_ADMIN_SOCKET, else /run/openmmo/admin.sock if it
 * is there, else $XDG_STATE_HOME/openmmo/admin.sock (~/.local/state). */
void admin_client_default_path(char *path, size_t room_bytes);

#endif
