/* lookout.h -- once a second: measures what the ladder (ops/ladder.h) must know, does what it says,
 * takes over the worst ticks and sweeps, and says which io threads stand still. Control thread. */
#ifndef OPENMMO_LOOKOUT_H
#define OPENMMO_LOOKOUT_H

#include <event2/event.h>

#include "common/error.h"
#include "ops/ladder.h"
#include "ops/worst.h"
#include "play/presence.h"
#include "play/sessions.h"

struct lookout;

/* All are borrowed. NULL + error. */
struct lookout *lookout_new(struct event_base *base, struct presence *presence,
                            struct sessions *sessions, struct worst *worst, struct error *error);
void lookout_free(struct lookout *lookout); /* before what it borrows; NULL is fine */
/* As of the last second; valid until lookout_free. */
const struct ladder *lookout_ladder(const struct lookout *lookout);

#endif
