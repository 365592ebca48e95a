/* ladder.h -- the rungs under overload as one thing: which are stepped on, since when, and what
 * that means in words; when newcomers are made to wait; what players and the log are told.
 *
 *   1 players   each is told less often, for his byte budget or his line
 *   2 threads   an io thread tells all of its players less often, for the time of its sweeps
 *   3 egress    all players are told less often, for net.egress_bytes
 *   4 line      newcomers wait: the world is full, or 2 or 3 are at their top
 *   5 tempo     the world runs slower, for the simulation's step
 *
 * The rungs themselves are measured and moved elsewhere; here they are looked at once a second.
 * Pure but for the log. Control thread. */
#ifndef OPENMMO_OPS_LADDER_H
#define OPENMMO_OPS_LADDER_H

#include <stdbool.h>
#include <stdint.h>

#include "ops/metrics.h"

#define LADDER_WORDS  160
#define LADDER_DOOR_S 10 /* floors at their top for so long shut the door; below it, open it */

enum ladder_rung_number {
    LADDER_PLAYERS,
    LADDER_THREADS,
    LADDER_EGRESS,
    LADDER_LINE,
    LADDER_TEMPO,
    LADDER_RUNGS
};

/* What is measured. Floors: all cells are told of every 2^floor ticks, 0..floor_max. */
struct ladder_facts {
    uint32_t players_shifted;
    unsigned threads_n;
    uint8_t thread_floors[METRICS_THREADS_MAX];
    unsigned egress_floor, floor_max;
    uint32_t waiting;        /* for a place in the world */
    uint16_t tempo_permille; /* 1000: real time */
};

struct ladder_rung {
    bool active;
    uint64_t since_ms; /* Unix time of the last change of active; 0: never */
    char words[LADDER_WORDS];
};

struct ladder {
    struct ladder_rung rungs[LADDER_RUNGS];
    bool door_shut;
    unsigned top_s, below_s; /* how long floors have been at their top, or not */
    bool told_tempo;         /* players know that the world runs slower */
    uint16_t told_permille;
    uint64_t tempo_told_ms, floors_told_ms;
};

/* What is to be done now. */
struct ladder_acts {
    bool door_changed;         /* door_shut holds from now on */
    char notice[LADDER_WORDS]; /* for all players; empty: nothing */
};

/* A zeroed ladder is one at rest. Look at the facts, once a second; now_ms: Unix time. */
void ladder_look(struct ladder *ladder, const struct ladder_facts *facts, uint64_t now_ms,
                 struct ladder_acts *acts);
/* The highest that is stepped on, 1..5; 0: all is well. */
unsigned ladder_highest(const struct ladder *ladder);
const char *ladder_name(enum ladder_rung_number rung); /* "threads"; constant */

#endif
