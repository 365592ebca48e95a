/* wiring.h -- what each room is given: its part of the configuration (rooms.h), and the rooms that
 * it works with. The same at the start and at a reload, so that neither forgets anything. Control
 * thread. */
#ifndef OPENMMO_SERVER_WIRING_H
#define OPENMMO_SERVER_WIRING_H

#include "accounts/accounts.h"
#include "common/compiler.h"
#include "common/error.h"
#include "http/http.h"
#include "play/sessions.h"
#include "server/config.h"

struct server; /* server/server_inside.h */

/* For these three: texts and lists are borrowed from config, which need not be the server's own;
 * sockets are left to the start. */
struct accounts_config wiring_accounts(const struct server *server, const struct config *config);
/* *sessions is overwritten. */
void wiring_sessions(const struct server *server, const struct config *config,
                     struct sessions_config *sessions);
/* After the sockets are open: where plain requests are sent is a port. */
struct http_config wiring_http(const struct server *server, const struct config *config);

/* Give a new configuration to all who can change while they run (a reload_apply_fn; context: the
 * server). 0, or -1 + error and nobody has changed. */
int wiring_apply(void *context, const struct config *config, struct error *error) MUST_CHECK;

#endif
