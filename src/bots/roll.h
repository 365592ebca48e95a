/* roll.h -- the entities that a process of bots has been told of, numbered, and what it knows of
 * each: whose figure it is, and where it was found last.
 *
 * All receivers of the process look for the same figures in the same blocks, so what one of them
 * finds on a trail the others mostly need not look for. Ids carry a generation: until the server
 * is restarted a row is one figure's, and none is given back. One thread. */
#ifndef OPENMMO_BOTS_ROLL_H
#define OPENMMO_BOTS_ROLL_H

#include <stdint.h>

#include "bots/trail.h"

#define ROLL_MAX  1000000 /* rows */
#define ROLL_NONE UINT32_MAX

struct roll; /* opaque */

/* A cache line. The owner of the roll keeps all but the id. */
struct roll_row {
    uint64_t id;
    uint32_t player;  /* + 1; 0: not known (yet) */
    uint32_t looks;   /* for its player, in vain */
    uint64_t look_us; /* again not before */
    uint64_t place;   /* where it was found last, by its player's trail */
    uint64_t due_us;  /* of that move; 0: it is not to be told */
    uint32_t seq;     /* of it; 0: not found yet, or no more */
    uint32_t substep; /* in it */
} __attribute__((aligned(64)));

struct roll *roll_new(void);       /* NULL when out of memory */
void roll_free(struct roll *roll); /* NULL is fine */

/* Its number, from 0 on; a new one where it has none. ROLL_NONE: out of memory, or full. */
uint32_t roll_number(struct roll *roll, uint64_t id);
/* As above, but ROLL_NONE where it has none. */
uint32_t roll_find(const struct roll *roll, uint64_t id);
/* Whose figures they are is not known any more: the server gives the same ids anew. The numbers
 * stay. */
void roll_forget(struct roll *roll);
/* A row by its number; it holds until the next roll_number. */
struct roll_row *roll_row(struct roll *roll, uint32_t number);

#endif
