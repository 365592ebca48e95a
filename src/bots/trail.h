/* trail.h -- where a player's moves led and when each was due: by it, others tell how old is what
 * they see.
 *
 * A ring in memory that the processes of a run share. The player writes; any receiver reads. A move
 * is one cache line. A place is x and z in wire quanta over the whole world, packed in one word.
 * Walkers see to it that no two moves within TRAIL_UNIQUE end at the same place. */
#ifndef OPENMMO_BOTS_TRAIL_H
#define OPENMMO_BOTS_TRAIL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/space.h"

#define TRAIL_MOVES    128 /* kept: 12.8 s at ten a second */
#define TRAIL_UNIQUE   100
#define TRAIL_SUBSTEPS 6 /* of each move */

struct trail_move {
    _Atomic uint32_t seq;    /* 0: none, or being written */
    _Atomic uint32_t still;  /* 1: it led nowhere, or where another had: nobody can tell it */
    _Atomic uint64_t due_us; /* monotonic: when it was meant to be sent */
    _Atomic uint64_t after[TRAIL_SUBSTEPS]; /* places */
};

struct trail {
    _Atomic uint32_t newest; /* seq of the last move; 0: none */
    struct trail_move moves[TRAIL_MOVES] __attribute__((aligned(64))); /* by seq modulo */
};

/* A point on a trail: after that substep (0..5) of that move; seq 0: none. */
struct trail_mark {
    uint32_t seq, substep;
};

static inline uint64_t trail_place(struct space_pos pos)
{
    return (uint64_t)(uint32_t)space_wire(pos.x) << 32 | (uint32_t)space_wire(pos.z);
}

/* ---- the player ---- */

/* Forget all: another session begins. */
void trail_clear(struct trail *trail);
/* The next move: seq rises. */
void trail_add(struct trail *trail, uint32_t seq, uint64_t due_us, bool still,
               const uint64_t after[TRAIL_SUBSTEPS]);
/* A place was another: the server has corrected the player. */
void trail_correct(struct trail *trail, uint32_t seq, unsigned substep, uint64_t place);

/* ---- receivers ---- */

/* Look for the place from a mark on (where it may be itself), or anywhere for a mark of seq 0.
 * False: it is not there. */
bool trail_find(const struct trail *trail, struct trail_mark from, uint64_t place,
                struct trail_mark *found);
/* When the move was due; 0: it is forgotten, or still. */
uint64_t trail_due_us(const struct trail *trail, uint32_t seq);
/* When the last move was due that left the figure where that one had brought it; 0: forgotten. */
uint64_t trail_held_us(const struct trail *trail, uint32_t seq);
/* seq of the last move; 0: none. */
uint32_t trail_newest(const struct trail *trail);

#endif
