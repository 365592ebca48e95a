#include "game/prediction.h"

#include <math.h>
#include <string.h>

#define GLIDE_HALF_LIFE_S 0.06f

void prediction_init(struct prediction *p, const struct heightfield *field)
{
    memset(p, 0, sizeof(*p));
    p->field = field;
    p->next_seq = 1;
    p->batch = PREDICTION_BATCH;
}

static struct prediction_sent *pending(struct prediction *p, unsigned i)
{
    return &p->pending[(p->pending_first + i) % PREDICTION_PENDING_MAX];
}

static bool same_place(const struct movement_state *a, const struct movement_state *b)
{
    return a->pos.x == b->pos.x && a->pos.y == b->pos.y && a->pos.z == b->pos.z &&
           a->velocity_y == b->velocity_y && a->airborne == b->airborne && a->yaw == b->yaw;
}

static void close_open(struct prediction *p, struct protocol_move *move)
{
    *pending(p, p->pending_n++) = p->open;
    *move = (struct protocol_move){
        .seq = p->open.seq,
        .heading = p->open.intent.heading,
        .yaw = p->open.intent.yaw,
        .flags = p->open.intent.flags,
        .substeps = p->open.substeps,
    };
    p->open.substeps = 0;
}

/* Standing still needs no MOVE: the step would change nothing. */
static bool idle(const struct prediction *p, const struct movement_intent *intent)
{
    return p->open.substeps == 0 && !(intent->flags & (MOVEMENT_WALK | MOVEMENT_JUMP)) &&
           !p->state.airborne && p->state.pose == MOVEMENT_STANDING && p->state.yaw == intent->yaw;
}

void prediction_expect(struct prediction *p, unsigned substeps)
{
    if (substeps > PROTOCOL_SUBSTEPS_MAX)
        substeps = PROTOCOL_SUBSTEPS_MAX;
    p->batch = (uint8_t)(substeps > PREDICTION_BATCH ? substeps : PREDICTION_BATCH);
}

bool prediction_stalled(const struct prediction *p)
{
    return !p->known || p->pending_n >= PREDICTION_PENDING_MAX - 1;
}

bool prediction_substep(struct prediction *p, const struct movement_intent *intent,
                        struct protocol_move *move)
{
    bool closed = false;
    if (prediction_stalled(p))
        return false;
    p->before = p->state;
    if (idle(p, intent))
        return false;
    /* Flags count at once; a turn waits for the MOVE to be full, so that a turning mouse does not
     * double the messages. */
    if (p->open.substeps > 0 && p->open.intent.flags != intent->flags) {
        close_open(p, move);
        closed = true;
    }
    if (p->open.substeps == 0) {
        p->open.intent = *intent;
        p->open.seq = p->next_seq++;
    }
    movement_step(&p->state, &p->open.intent, p->field);
    p->open.after[p->open.substeps++] = p->state;
    if (p->open.substeps >= p->batch && !closed) {
        close_open(p, move);
        closed = true;
    }
    return closed;
}

static void replay_one(struct prediction *p, struct prediction_sent *sent, unsigned from)
{
    for (unsigned n = from; n < sent->substeps; n++) {
        movement_step(&p->state, &sent->intent, p->field);
        sent->after[n] = p->state;
    }
}

/* What the server has not seen yet: of the first MOVE it has seen `ahead` substeps. */
static void replay(struct prediction *p, unsigned ahead)
{
    for (unsigned i = 0; i < p->pending_n; i++)
        replay_one(p, pending(p, i), i == 0 ? ahead : 0);
    replay_one(p, &p->open, 0);
}

/* Begin again from the server's truth, with what it has not seen yet. */
static void correct(struct prediction *p, const struct movement_state *truth, unsigned ahead)
{
    struct space_pos was = p->state.pos;
    bool first = !p->known;
    uint8_t pose = p->state.pose;
    p->state = *truth;
    p->state.pose = pose;
    p->known = true;
    replay(p, ahead);
    p->before = p->state;
    float moved[3] = {(float)(was.x - p->state.pos.x), (float)(was.y - p->state.pos.y),
                      (float)(was.z - p->state.pos.z)};
    float length = 0;
    for (unsigned i = 0; i < 3; i++) {
        p->glide_m[i] += moved[i] / SPACE_UNITS_PER_M;
        length += p->glide_m[i] * p->glide_m[i];
    }
    if (first || length > PREDICTION_SNAP_M * PREDICTION_SNAP_M)
        memset(p->glide_m, 0, sizeof(p->glide_m));
}

/* Let go of what is acknowledged, and say where we thought to be at that point; NULL: we never were
 * at it. */
static const struct movement_state *expected_at(struct prediction *p,
                                                const struct protocol_self *self)
{
    const struct movement_state *expected = NULL;
    if (self->seq == p->acked_seq && self->ahead == p->acked_ahead)
        expected = &p->acked;
    while (p->pending_n > 0 && pending(p, 0)->seq <= self->seq) {
        const struct prediction_sent *sent = pending(p, 0);
        if (sent->seq == self->seq)
            expected = &sent->after[sent->substeps - 1];
        p->pending_first = (p->pending_first + 1) % PREDICTION_PENDING_MAX;
        p->pending_n--;
    }
    if (self->ahead > 0 && p->pending_n > 0 && self->ahead < pending(p, 0)->substeps)
        expected = &pending(p, 0)->after[self->ahead - 1];
    return expected;
}

enum prediction_answer prediction_self(struct prediction *p, const struct protocol_self *self)
{
    struct movement_state truth = {
        .pos = self->pos,
        .velocity_y = self->velocity_y,
        .yaw = self->yaw,
        .airborne = self->airborne,
    };
    p->dropped += self->dropped;
    if (p->known && self->seq < p->acked_seq)
        return PREDICTION_OLD;
    const struct movement_state *expected = expected_at(p, self);
    bool snap = p->known && self->teleports != p->teleports;
    p->teleports = self->teleports;
    bool same = p->known && expected && same_place(expected, &truth);
    if (expected)
        truth.pose = expected->pose;
    p->acked_seq = self->seq;
    p->acked_ahead = self->ahead;
    p->acked = truth;
    /* After a resume the server may be ahead in seq: ours must rise above it. */
    if (p->next_seq <= self->seq)
        p->next_seq = self->seq + 1;
    if (same)
        return PREDICTION_SAME;
    if (p->known && !snap)
        p->corrections++;
    correct(p, &truth, self->ahead);
    if (snap)
        memset(p->glide_m, 0, sizeof(p->glide_m));
    return PREDICTION_CORRECTED;
}

void prediction_glide(struct prediction *p, float seconds)
{
    float keep = exp2f(-seconds / GLIDE_HALF_LIFE_S);
    for (unsigned i = 0; i < 3; i++)
        p->glide_m[i] *= keep;
}

static int32_t between(int32_t from, int32_t to, float fraction, float glide_m)
{
    return from + (int32_t)lrintf((float)(to - from) * fraction + glide_m * SPACE_UNITS_PER_M);
}

struct space_pos prediction_place(const struct prediction *p, float fraction)
{
    return (struct space_pos){
        between(p->before.pos.x, p->state.pos.x, fraction, p->glide_m[0]),
        between(p->before.pos.y, p->state.pos.y, fraction, p->glide_m[1]),
        between(p->before.pos.z, p->state.pos.z, fraction, p->glide_m[2]),
    };
}
