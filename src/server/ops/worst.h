/* worst.h -- the worst ticks and sweeps of the last ten minutes, with what they were made of and
 * why they were long, in words.
 *
 * Each thread hands its long ones over by a queue of its own; control keeps the 16 worst of each
 * kind and tells the threads from which length on one is worth it (a relaxed atomic). Nothing
 * blocks or allocates after worst_new; what a full queue refuses is lost, and counted. */
#ifndef OPENMMO_OPS_WORST_H
#define OPENMMO_OPS_WORST_H

#include <stdint.h>

#include "common/error.h"

#define WORST_KEPT       16
#define WORST_MINUTES    10
#define WORST_CAUSE_SIZE 160

struct worst;

enum worst_kind { WORST_TICK, WORST_SWEEP, WORST_KINDS };

/* Times are microseconds; CPU time of the thread where nothing else is said. */
struct worst_tick {
    uint32_t late_us;   /* real time: how late it began */
    uint32_t before_us; /* real time that the tick before took */
    uint32_t drain_us, step_us, journal_us, snapshot_us;
    uint32_t commands, entities, cells;
    uint32_t missed, credit; /* ticks passed over before it; substeps given back in it */
    uint16_t tempo;          /* thousandths of real time */
};
struct worst_sweep {
    uint32_t sessions, blocks, blocks_full, slices;
    uint64_t bytes;      /* sent */
    uint32_t handshakes; /* TLS, between its slices */
};

struct worst_record {
    enum worst_kind kind;
    unsigned thread; /* SWEEP: the io thread's number */
    uint32_t tick;
    uint64_t at_ms; /* Unix time of its end */
    uint32_t
        real_us; /* from the moment it was due (TICK) or taken up (SWEEP) to its end: the rank */
    uint32_t cpu_us;
    union {
        struct worst_tick tick;
        struct worst_sweep sweep;
    } of;
};

/* producers: threads that note; 0 is the sim's, 1.. the io threads'. NULL + error. */
struct worst *worst_new(unsigned producers_n, struct error *error);
void worst_free(struct worst *worst); /* no thread may note any more; NULL is fine */

/* A tick or a sweep is over. That thread only. */
void worst_note(struct worst *worst, unsigned producer, const struct worst_record *record);

/* Control: take over what was noted, forget what is older than ten minutes. Once a second. */
void worst_take(struct worst *worst, uint64_t now_ms);
/* The i-th of the kept, the longest first; NULL: there are no more. Valid until the next take. */
const struct worst_record *worst_at(const struct worst *worst, enum worst_kind kind, unsigned i);
uint64_t worst_lost(const struct worst *worst); /* records that found a queue full, ever */

/* Why it was long, a clause for a person: "the step took 31 of 35 ms: 812 commands, ...". Pure. */
const char *worst_cause(const struct worst_record *record, char cause[WORST_CAUSE_SIZE]);

#endif
