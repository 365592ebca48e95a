/* swarm.h -- all bots: their loop, how fast they come in, when they are measured and when they go.
 * One thread. */
#ifndef OPENMMO_BOTS_SWARM_H
#define OPENMMO_BOTS_SWARM_H

#include <stdint.h>

#include "bots/report.h"
#include "common/compiler.h"
#include "common/error.h"

struct swarm_options {
    const char *host, *prefix;
    const char *accounts; /* file; NULL: kept nowhere */
    uint16_t port;
    unsigned players; /* >= 1 */
    unsigned seconds; /* measured; 0: until a signal */
    unsigned rate;    /* logins begun a second, >= 1 */
    unsigned seed;
    unsigned talk_per_minute; /* chat lines of each player */
};

/* Bring them in, let them play, take them out; the report says how it went. Ends early on SIGINT or
 * SIGTERM, or when nobody is left. Returns 0, -1 + error: it could not begin, or the accounts could
 * not be kept. */
int swarm_run(const struct swarm_options *options, struct report *report,
              struct error *error) MUST_CHECK;

#endif
