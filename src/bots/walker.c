/* walker.c -- see walker.h. */
#include "bots/walker.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define HOME_RADIUS_M 40

static unsigned draw(struct walker *walker, unsigned n)
{
    return (unsigned)rand_r(&walker->seed) % n;
}

void walker_init(struct walker *walker, unsigned seed)
{
    memset(walker, 0, sizeof *walker);
    walker->seed = seed;
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
        }
        first = 0;
    }
}

bool walker_self(struct walker *walker, const struct protocol_self *self)
{
    bool first = !walker->known;
    walker->known = true;
    if (first)
        walker->home = self->pos;
    if (walker->seq < self->seq) /* an earlier session of this figure came further */
        walker->seq = self->seq;
    const struct movement_state *expected = predicted(walker, self->seq, self->ahead);
    if (!expected && self->seq == walker->seq)
        expected = &walker->state; /* nothing was sent since */
    if (expected && same_place(expected, self))
        return false;
    run_again(walker, self);
    return !first;
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
    return x * x + z * z >
           (double)HOME_RADIUS_M * SPACE_UNITS_PER_M * HOME_RADIUS_M * SPACE_UNITS_PER_M;
}

static void make_plan(struct walker *walker, uint64_t now_us)
{
    bool away = far_from_home(walker);
    walker->plan.heading = away ? heading_home(walker) : (uint16_t)draw(walker, 65536);
    walker->plan.yaw = walker->plan.heading;
    walker->plan.flags = draw(walker, 5) || away ? MOVEMENT_WALK : 0;
    if (walker->plan.flags && draw(walker, 4) == 0)
        walker->plan.flags |= MOVEMENT_RUN;
    walker->plan_until_us = now_us + 1000000 + draw(walker, 4000000);
}

static void leave_trail(struct walker *walker, uint64_t now_us)
{
    int32_t x = space_wire(walker->state.pos.x), z = space_wire(walker->state.pos.z);
    unsigned last = (walker->trail_n + WALKER_TRAIL - 1) % WALKER_TRAIL;
    if (walker->trail_n && walker->trail[last].x == x && walker->trail[last].z == z)
        return;
    unsigned at = walker->trail_n++ % WALKER_TRAIL;
    walker->trail[at].us = now_us;
    walker->trail[at].x = x;
    walker->trail[at].z = z;
}

void walker_move(struct walker *walker, uint64_t now_us, struct protocol_move *move)
{
    if (now_us >= walker->plan_until_us)
        make_plan(walker, now_us);
    struct movement_intent intent = walker->plan;
    if (draw(walker, 60) == 0)
        intent.flags |= MOVEMENT_JUMP;
    unsigned at = ++walker->seq % WALKER_MOVES;
    walker->moves[at].seq = walker->seq;
    walker->moves[at].intent = intent;
    for (unsigned i = 0; i < WALKER_SUBSTEPS; i++) {
        movement_step(&walker->state, &intent, walker->field);
        walker->moves[at].after[i] = walker->state;
        leave_trail(walker, now_us);
    }
    *move = (struct protocol_move){walker->seq, intent.heading, intent.yaw, intent.flags,
                                   WALKER_SUBSTEPS};
}

uint64_t walker_was_at(const struct walker *walker, int32_t x_wire, int32_t z_wire)
{
    uint32_t n = walker->trail_n < WALKER_TRAIL ? walker->trail_n : WALKER_TRAIL;
    for (uint32_t i = 1; i <= n; i++) {
        unsigned at = (walker->trail_n - i) % WALKER_TRAIL;
        if (walker->trail[at].x == x_wire && walker->trail[at].z == z_wire)
            return walker->trail[at].us;
    }
    return 0;
}
