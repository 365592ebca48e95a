/* walker.h -- a bot's legs: where it wants to go, what it predicts, and where it was when.
 *
 * Walks about its home by intents of 6 substeps, ten a second; turns, runs, jumps and stands now
 * and then. Predicts itself by the movement_step() that the server runs, and keeps a trail of (time
 * sent, place in wire quanta), by which others can tell how old what they see is. Pure but for what
 * it is told; one thread. */
#ifndef OPENMMO_BOTS_WALKER_H
#define OPENMMO_BOTS_WALKER_H

#include <stdbool.h>
#include <stdint.h>

#include "common/heightfield.h"
#include "common/movement.h"
#include "common/protocol.h"

#define WALKER_MOVE_US  100000 /* world time that one MOVE covers */
#define WALKER_SUBSTEPS 6
#define WALKER_MOVES    64  /* MOVEs that are remembered until they are acknowledged */
#define WALKER_TRAIL    256 /* places that are remembered: over 4 s of walking */

struct walker {
    const struct heightfield *field; /* borrowed; set before the first SELF */
    bool known;                      /* SELF has come */
    unsigned seed;
    uint32_t seq; /* of the last MOVE */
    struct movement_state state;
    struct space_pos home;
    struct movement_intent plan;
    uint64_t plan_until_us;
    struct {
        uint32_t seq;
        struct movement_intent intent;
        struct movement_state after[WALKER_SUBSTEPS];
    } moves[WALKER_MOVES]; /* by seq modulo */
    struct {
        uint64_t us;
        int32_t x, z; /* wire quanta over the whole world */
    } trail[WALKER_TRAIL];
    uint32_t trail_n; /* ever written */
};

/* A walk that depends on the seed alone. */
void walker_init(struct walker *walker, unsigned seed);
/* The truth came. Returns true if the prediction was another. */
bool walker_self(struct walker *walker, const struct protocol_self *self);
/* The next MOVE, sent at now_us (microseconds, monotonic). Only when known. */
void walker_move(struct walker *walker, uint64_t now_us, struct protocol_move *move);
/* When the last MOVE that led to this place was sent; 0: never, or too long ago. */
uint64_t walker_was_at(const struct walker *walker, int32_t x_wire, int32_t z_wire);

#endif
