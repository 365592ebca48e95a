/* walker.h -- a bot's legs: where it wants to go, what it predicts, and where it was when.
 *
 * Walks about its home by intents of 6 substeps, ten a second, each covering the tenth of a second
 * before it; turns, runs and jumps, and stands now and then unless it is steady. A steady one never
 * ends two moves within 10 s at the same place if it can help it. Predicts itself by the
 * movement_step() that the server runs, and leaves a trail, by which others can tell how old what
 * they see is. Pure but for what it is told; one thread. */
#ifndef OPENMMO_BOTS_WALKER_H
#define OPENMMO_BOTS_WALKER_H

#include <stdbool.h>
#include <stdint.h>

#include "bots/trail.h"
#include "common/heightfield.h"
#include "common/movement.h"
#include "common/protocol.h"

#define WALKER_MOVE_US  100000 /* world time that one MOVE covers */
#define WALKER_SUBSTEPS TRAIL_SUBSTEPS
#define WALKER_MOVES    64 /* MOVEs that are remembered until they are acknowledged */
#define WALKER_LEASH_M  40 /* how far from home it goes, if it is not told */

struct walker {
    const struct heightfield *field; /* borrowed; set before the first SELF */
    struct trail *trail;             /* borrowed; likewise */
    bool known;                      /* SELF has come */
    bool steady;                     /* never stands, repeats no place */
    bool homed;                      /* home was told; else it is where the first SELF says */
    unsigned seed;
    uint8_t teleports; /* as the last SELF said */
    uint32_t seq;      /* of the last MOVE */
    struct movement_state state;
    struct space_pos home;
    unsigned leash_m;
    struct movement_intent plan;
    uint64_t plan_until_us;
    struct {
        uint32_t seq;
        struct movement_intent intent;
        struct movement_state after[WALKER_SUBSTEPS];
    } moves[WALKER_MOVES];       /* by seq modulo */
    uint64_t ends[TRAIL_UNIQUE]; /* places where the last moves ended, by seq modulo */
};

/* A walk that depends on the seed alone. */
void walker_init(struct walker *walker, unsigned seed);
/* Walk there (x and z of it) and about it from now on. */
void walker_go(struct walker *walker, struct space_pos home, unsigned leash_m);
/* It is where it lives, or lives where it is. */
bool walker_is_home(const struct walker *walker);
enum walker_news {
    WALKER_RIGHT,     /* as predicted, or the first */
    WALKER_CORRECTED, /* the prediction was another */
    WALKER_PUT,       /* it was put elsewhere, and lives there from now on */
};
/* The truth came. */
enum walker_news walker_self(struct walker *walker, const struct protocol_self *self);
/* The next MOVE, due at that time (microseconds, monotonic). Only when known. */
void walker_move(struct walker *walker, uint64_t due_us, struct protocol_move *move);

#endif
