/* hosting.h -- the server as its operator has it: what the admin socket may ask of it as a whole
 * (admin_host), and the ways to a reload and to an end, which signals share. Control thread. */
#ifndef OPENMMO_SERVER_HOSTING_H
#define OPENMMO_SERVER_HOSTING_H

#include <stdbool.h>

#include "common/compiler.h"
#include "common/error.h"

struct server; /* server/server_inside.h */

/* The countdown to an end, of which newcomers are told. After presence and sessions. 0, -1 + error.
 */
int hosting_start_ending(struct server *server, struct error *error) MUST_CHECK;
/* Serve the operators; after all that they may ask. 0, -1 + error. */
int hosting_start_admin(struct server *server, struct error *error) MUST_CHECK;

/* Load the configuration anew, all or nothing. outcome: a sentence either way; it was logged. */
int hosting_reload(struct server *server, struct error *outcome);
/* The one way to an end: an end to come is none any more. The rest as stop_ask. */
void hosting_end(struct server *server, const char *cause, const char *reason, bool restart);

#endif
