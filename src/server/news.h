/* news.h -- what the sim says, and who is told: control and the io threads of each snapshot,
 * players of a stall and of the world's tempo, the monitor of each tick.
 *
 * Control takes events and snapshot from its own channel in its loop; what was said in a tick goes
 * to all who keep chat before presence sees that tick. */
#ifndef OPENMMO_SERVER_NEWS_H
#define OPENMMO_SERVER_NEWS_H

#include "common/compiler.h"
#include "common/error.h"

struct server; /* server/server_inside.h */

/* Begin to listen, then let the world tick. Control thread. 0, -1 + error. */
int news_start(struct server *server, struct error *error) MUST_CHECK;
/* The world stands still for good (ticker_stop). Control thread. */
void news_free(struct server *server);

#endif
