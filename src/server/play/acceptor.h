/* acceptor.h -- the way in: listening sockets, the pace at which connections are taken, and the
 * PROXY header of those that come through a trusted proxy.
 *
 *   kernel's backlog -> accept, so many a tick and while there is room -> [PROXY header] -> arrived
 *
 * What is not taken waits in the kernel's backlog, in order; where several addresses are listened
 * on, they have their turns. Knows nothing of sessions. Owner:
 * control thread. */
#ifndef OPENMMO_PLAY_ACCEPTOR_H
#define OPENMMO_PLAY_ACCEPTOR_H

#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

#define ACCEPTOR_PER_TICK 64 /* connections, over all addresses ... */
#define ACCEPTOR_TICK_MS  50
#define ACCEPTOR_REFUSED  4 /* so many times as many do not count, for they were refused at once */
#define ACCEPTOR_HEADERS  1024 /* connections whose PROXY header is awaited */

struct network_list;
struct acceptor;

struct acceptor_handlers {
    /* False: those who were let in are not yet dealt with; ask again in a moment. */
    bool (*room)(void *context);
    /* fd is the callee's; address: of the client, also behind a proxy. False: it was refused, and
     * is closed already. */
    bool (*arrived)(void *context, int fd, const struct sockaddr_storage *address);
    void *context;
};

/* Takes the sockets of listener_bind (each is -1 then, also on failure up to there); accepting
 * begins with acceptor_open. NULL + error. */
struct acceptor *acceptor_new(struct event_base *base, int *sockets, unsigned sockets_n,
                              const struct acceptor_handlers *handlers, struct error *error);
/* So many a tick, instead of ACCEPTOR_PER_TICK. */
void acceptor_pace(struct acceptor *acceptor, uint32_t per_tick);
void acceptor_open(struct acceptor *acceptor);  /* let them in from now on */
void acceptor_close(struct acceptor *acceptor); /* no one comes any more; the ports are free */
void acceptor_free(struct acceptor *acceptor);  /* NULL is fine */

/* Whose connections begin with a PROXY header (taken), and how long that may take. */
void acceptor_trust(struct acceptor *acceptor, struct network_list *proxies, uint32_t header_ms);
uint16_t acceptor_port(const struct acceptor *acceptor, unsigned i); /* 0: no such socket */

#endif
