/* tickwatch.h -- what is said of each tick once it is over: the slow ones go to the log, with what
 * they were made of, and as spans to who wants those.
 *
 * tickwatch_note: the sim's thread. The rest: control. */
#ifndef OPENMMO_SERVER_TICKWATCH_H
#define OPENMMO_SERVER_TICKWATCH_H

#include <stdint.h>

#include "ops/reports.h"
#include "ops/worst.h"

struct tickwatch {
    _Atomic uint32_t slow_us; /* longer ones are logged; 0: none */
    struct reports *reports;  /* who takes spans of them, and of a few others; may be NULL */
};

/* From which length on a tick is slow; 0: none is. Any thread. */
void tickwatch_set_slow(struct tickwatch *tickwatch, uint32_t slow_ms);
/* Never blocks; logs at most a few a second. */
void tickwatch_note(struct tickwatch *tickwatch, const struct worst_record *record);

#endif
