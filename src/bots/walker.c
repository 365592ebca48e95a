/* walker.c -- see walker.h. */
#include "bots/walker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TRIES 8 /* headings that are tried for a way to a new place */

static unsigned draw(struct walker *walker, unsigned n)
{
    return (unsigned)rand_r(&walker->seed) % n;
}

void walker_init(struct walker *walker, unsigned seed)
{
    memset(walker, 0, sizeof *walker);
    walker->seed = seed;
    walker->leash_m = WALKER_LEASH_M;
}

void walker_go(struct walker *walker, struct space_pos home, unsigned leash_m)
{
    walker->homed = true;
    walker->home = home;
    walker->leash_m = leash_m;
    walker->plan_until_us = 0;
}

/* ---- prediction ---- */

static bool same_place(const struct movement_state *state, const struct protocol_self *self)
{
    return state->pos.x == self->pos.x && state->pos.y == self->pos.y &&
           state->pos.z == self->pos.z && state->velocity_y == self->velocity_y &&
           state->airborne == self->airborne;
}

/* What was predicted for after MOVE seq and `ahead` substeps of the next; NULL if that is
 * forgotten. */
static struct movement_state *predicted(struct walker *walker, uint32_t seq, unsigned ahead)
{
    uint32_t of = ahead ? seq + 1 : seq;
    unsigned at = of % WALKER_MOVES;
    if (of == 0 || ahead > WALKER_SUBSTEPS || walker->moves[at].seq != of)
        return NULL;
    return &walker->moves[at].after[ahead ? ahead - 1 : WALKER_SUBSTEPS - 1];
}

/* Run the MOVEs after seq again from the truth, without the first `ahead` substeps. */
static void run_again(struct walker *walker, const struct protocol_self *self)
{
    walker->state.pos = self->pos;
    walker->state.velocity_y = self->velocity_y;
    walker->state.airborne = self->airborne;
    walker->state.yaw = self->yaw;
    struct movement_state *here = predicted(walker, self->seq, self->ahead);
    if (here)
        *here = walker->state;
    unsigned first = self->ahead;
    uint32_t seq = walker->seq - self->seq >= WALKER_MOVES ? walker->seq : self->seq;
    while (seq++ < walker->seq) {
        unsigned at = seq % WALKER_MOVES;
        for (unsigned i = first; i < WALKER_SUBSTEPS; i++) {
            movement_step(&walker->state, &walker->moves[at].intent, walker->field);
            walker->moves[at].after[i] = walker->state;
            trail_correct(walker->trail, seq, i, trail_place(walker->state.pos));
        }
        first = 0;
        walker->ends[seq % TRAIL_UNIQUE] = trail_place(walker->state.pos);
    }
}

enum walker_news walker_self(struct walker *walker, const struct protocol_self *self)
{
    bool first = !walker->known, put = !first && self->teleports != walker->teleports;
    walker->known = true;
    walker->teleports = self->teleports;
    if (put || (first && !walker->homed))
        walker->home = self->pos;
    if (walker->seq < self->seq) /* an earlier session of this figure came further */
        walker->seq = self->seq;
    const struct movement_state *expected = predicted(walker, self->seq, self->ahead);
    if (!expected && self->seq == walker->seq)
        expected = &walker->state; /* nothing was sent since */
    if (expected && same_place(expected, self))
        return put ? WALKER_PUT : WALKER_RIGHT;
    run_again(walker, self);
    if (put)
        walker->plan_until_us = 0;
    return put ? WALKER_PUT : first ? WALKER_RIGHT : WALKER_CORRECTED;
}

/* ---- walking about ---- */

static uint16_t heading_home(const struct walker *walker)
{
    double x = (double)walker->home.x - walker->state.pos.x,
           z = (double)walker->home.z - walker->state.pos.z;
    double turns = atan2(-x, -z) / (2 * M_PI); /* yaw a looks along (-sin a, -cos a) */
    return (uint16_t)(int)(turns * 65536);
}

static bool far_from_home(const struct walker *walker)
{
    double x = (double)walker->home.x - walker->state.pos.x,
           z = (double)walker->home.z - walker->state.pos.z;
    double leash = (double)walker->leash_m * SPACE_UNITS_PER_M;
    return x * x + z * z > leash * leash;
}

bool walker_is_home(const struct walker *walker)
{
    return walker->known && !far_from_home(walker);
}

static void make_plan(struct walker *walker, uint64_t now_us)
{
    bool away = far_from_home(walker);
    walker->plan.heading = away ? heading_home(walker) : (uint16_t)draw(walker, 65536);
    walker->plan.yaw = walker->plan.heading;
    walker->plan.flags = draw(walker, 5) || away || walker->steady ? MOVEMENT_WALK : 0;
    if (walker->plan.flags && (away || draw(walker, 4) == 0))
        walker->plan.flags |= MOVEMENT_RUN;
    /* Back before a short leash is out by far. */
    unsigned most_us = walker->leash_m < WALKER_LEASH_M ? walker->leash_m * 100000 : 4000000;
    walker->plan_until_us = now_us + 1000000 + (away ? 0 : draw(walker, most_us + 1));
}

/* A place that no move within TRAIL_UNIQUE ended at. */
static bool is_new(const struct walker *walker, uint64_t place)
{
    bool found = false;
    for (unsigned i = 0; i < TRAIL_UNIQUE; i++)
        found |= walker->ends[i] == place;
    return !found;
}

/* Go by the intent; a steady walker turns until that leads to a new place. Returns whether it did.
 */
static bool step(struct walker *walker, struct movement_intent *intent,
                 struct movement_state after[WALKER_SUBSTEPS])
{
    const struct movement_state before = walker->state;
    for (unsigned i = 0;; i++) {
        for (unsigned k = 0; k < WALKER_SUBSTEPS; k++) {
            movement_step(&walker->state, intent, walker->field);
            after[k] = walker->state;
        }
        bool fresh = is_new(walker, trail_place(walker->state.pos));
        if (fresh || !walker->steady || i == TRIES)
            return fresh;
        walker->state = before;
        intent->heading = (uint16_t)draw(walker, 65536);
        intent->yaw = intent->heading;
        walker->plan.heading = walker->plan.yaw = intent->heading;
    }
}

void walker_move(struct walker *walker, uint64_t due_us, struct protocol_move *move)
{
    uint64_t places[WALKER_SUBSTEPS];
    if (due_us >= walker->plan_until_us)
        make_plan(walker, due_us);
    struct movement_intent intent = walker->plan;
    if (draw(walker, 60) == 0)
        intent.flags |= MOVEMENT_JUMP;
    unsigned at = ++walker->seq % WALKER_MOVES;
    bool fresh = step(walker, &intent, walker->moves[at].after);
    walker->moves[at].seq = walker->seq;
    walker->moves[at].intent = intent;
    for (unsigned i = 0; i < WALKER_SUBSTEPS; i++)
        places[i] = trail_place(walker->moves[at].after[i].pos);
    trail_add(walker->trail, walker->seq, due_us, !fresh, places);
    walker->ends[walker->seq % TRAIL_UNIQUE] = places[WALKER_SUBSTEPS - 1];
    *move = (struct protocol_move){walker->seq, intent.heading, intent.yaw, intent.flags,
                                   WALKER_SUBSTEPS};
}
