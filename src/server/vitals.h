/* vitals.h -- once a second: measures what the alerts (ops/alerts.h) are judged by. Control thread.
 *
 * What the kernel and the disk say is looked at every ten seconds, the disk by a thread of its own:
 * a file system that hangs holds up neither players nor operators, nor this room but at its end. */
#ifndef OPENMMO_SERVER_VITALS_H
#define OPENMMO_SERVER_VITALS_H

#include <event2/event.h>

#include "common/error.h"
#include "ops/alerts.h"
#include "server/config.h"
#include "store/store.h"

struct vitals;

/* The store is borrowed. NULL + error. */
struct vitals *vitals_new(struct event_base *base, struct store *store, struct error *error);
/* Waits for a look at the disk that is under way. NULL is fine. */
void vitals_free(struct vitals *vitals);
/* Right after certificates were loaded, at the start and at each reload: what expires is what is in
 * use, not what lies there since. config is copied. */
void vitals_set(struct vitals *vitals, const struct config *config);
/* As of the last second; valid until vitals_free. */
const struct alerts *vitals_alerts(const struct vitals *vitals);

#endif
