/* server.h -- the daemon as a whole: what starts, in which order, and how it stops. Main thread,
 * which becomes the control thread. */
#ifndef OPENMMO_SERVER_SERVER_H
#define OPENMMO_SERVER_SERVER_H

#include "common/compiler.h"
#include "common/error.h"
#include "server/config.h"

struct server; /* opaque */

/* Start everything up to the open port. Takes config in any case. NULL + error: one sentence, all
 * that had started is stopped again. */
struct server *server_start(struct config *config, struct error *error);
#define SERVER_RESTART 75 /* an exit status that the unit answers by a start */

/* Serve until SIGTERM, SIGINT or the operator ends it. Returns the exit status: 0, SERVER_RESTART
 * if it is to be started again, or 1 if not all positions could be saved. */
int server_run(struct server *server) MUST_CHECK;
void server_free(struct server *server); /* NULL is fine */

#endif
