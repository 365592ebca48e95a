/* retention.h -- old records go: chat lines, audit rows and reports past their days, at start and
 * once a day, in pieces, so that nobody waits for it. Control thread only. */
#ifndef OPENMMO_STORE_RETENTION_H
#define OPENMMO_STORE_RETENTION_H

#include <event2/event.h>
#include <stdint.h>

#include "common/error.h"
#include "store/store.h"

struct retention; /* opaque */

struct retention_days {
    uint32_t chat; /* 0: none is kept */
    uint32_t audit, reports;
};

/* Begins. store: borrowed, closed before retention_free. NULL + error. */
struct retention *retention_new(struct event_base *base, struct store *store,
                                const struct retention_days *days, struct error *error);
void retention_free(struct retention *retention); /* NULL is fine */
/* Begins anew with other days. */
void retention_set(struct retention *retention, const struct retention_days *days);

#endif
