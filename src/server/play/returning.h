/* returning.h -- those whose connection dropped and whose figure stands in the world for a while,
 * so that they find it where they lost it.
 *
 * Each is a person in PERSON_AWAY (people.h), in the order in which they were lost; this room keeps
 * the time and says whose is up. Owner: presence; control thread. */
#ifndef OPENMMO_PLAY_RETURNING_H
#define OPENMMO_PLAY_RETURNING_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "common/protocol.h"
#include "play/people.h"

/* Its time is up: it must leave PERSON_AWAY during the call. */
typedef void returning_over_fn(void *context, struct person *person);

#define RETURNING_PER_NETWORK 64 /* an IPv4 address, or an IPv6 /64 */

struct returning {
    struct people *people; /* borrowed */
    struct event *timer;
    uint32_t linger_ms; /* 0: nobody is waited for */
    returning_over_fn *over;
    void *context;
};

/* In place; nobody is waited for until returning_set. -1 + error. */
int returning_init(struct returning *returning, struct event_base *base, struct people *people,
                   returning_over_fn *over, void *context, struct error *error);
void returning_fini(struct returning *returning); /* a zeroed one is fine */
/* So long is waited from now on; for those who are away already no longer than that, either. */
void returning_set(struct returning *returning, uint32_t linger_ms);

/* True: a session that ended for this reason may come back (it dropped), and is waited for. */
bool returning_may(const struct returning *returning, enum protocol_reason reason);
/* False: as many from its network wait already as may (RETURNING_PER_NETWORK): who can have many
 * connections must not fill the world with figures that nobody moves. */
bool returning_room(const struct returning *returning, const struct person *person);
/* Wait for this one, from PERSON_PRESENT. */
void returning_wait(struct returning *returning, struct person *person);
/* Everybody's time is up, and nobody is waited for any more: the server stops. */
void returning_end(struct returning *returning);

#endif
