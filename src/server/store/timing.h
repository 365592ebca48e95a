/* timing.h -- how long each statement takes: histograms by statement, and a line in the log and
 * a span for the slow ones. Of store.c; control thread. */
#ifndef OPENMMO_STORE_TIMING_H
#define OPENMMO_STORE_TIMING_H

#include <stdint.h>

#include "store/glance.h"

struct reports;
struct store_ask;

struct timing {
    uint64_t slow_us;                        /* longer ones are logged; 0: none */
    struct reports *reports;                 /* who takes spans; may be NULL */
    struct store_slow slow[STORE_SLOW_KEPT]; /* a ring of the last slow ones */
    uint64_t slow_n;                         /* all that there were */
};

void timing_init(struct timing *timing); /* names the statements to the metrics, too */
/* A question was answered; its answer is still there. now_us: CLOCK_MONOTONIC. */
void timing_note(struct timing *timing, const struct store_ask *ask, uint64_t now_us);
/* The i-th last slow one; NULL: there is none. */
const struct store_slow *timing_slow(const struct timing *timing, unsigned i);

#endif
