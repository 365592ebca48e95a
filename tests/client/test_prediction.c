/* Prediction against a simulated server: the same steps far away, with delay, jitter and bursts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "game/prediction.h"

#define SECONDS     40
#define SUBSTEPS    (SECONDS * MOVEMENT_SUBSTEPS_PER_S)
#define TICK        MOVEMENT_SUBSTEPS_PER_TICK /* in substeps of time */
#define MESSAGE_MAX 8192

/* A pipe that delays by a varying time but keeps the order, as TCP does: what is late holds up what
 * follows. */
struct pipe {
    struct {
        unsigned due;
        union {
            struct protocol_move move;
            struct protocol_self self;
        } body;
    } messages[MESSAGE_MAX];
    unsigned first, n, last_due;
};

struct world {
    struct heightfield *field;
    struct prediction prediction;
    struct pipe up, down;
    struct movement_state truth;
    uint32_t seq;
    unsigned random;
    unsigned delay, jitter; /* in substeps of time */
    int clamp_at;           /* the server moves us at that time; -1: never */
    unsigned allowance, ahead;
    bool split; /* a SELF told of half a MOVE */
};

static unsigned draw(struct world *w, unsigned below)
{
    w->random = w->random * 1664525u + 1013904223u;
    return below ? (w->random >> 8) % below : 0;
}

static unsigned due(struct world *w, struct pipe *pipe, unsigned now)
{
    unsigned at = now + w->delay + draw(w, w->jitter + 1);
    /* Now and then the line stops for a third of a second, then all comes in a burst. */
    if (w->jitter && draw(w, 97) == 0)
        at += 20;
    if (at < pipe->last_due)
        at = pipe->last_due;
    pipe->last_due = at;
    return at;
}

/* Run what came, as far as the allowance of movement time goes: it may end within a MOVE. */
static void server_moves(struct world *w, unsigned now)
{
    w->allowance = w->allowance + TICK > 15 ? 15 : w->allowance + TICK;
    while (w->up.n > 0 && w->up.messages[w->up.first].due <= now && w->allowance > 0) {
        const struct protocol_move *m = &w->up.messages[w->up.first].body.move;
        struct movement_intent intent = {m->heading, m->yaw, m->flags};
        assert_int_equal(m->seq, w->seq + 1);
        while (w->ahead < m->substeps && w->allowance > 0) {
            movement_step(&w->truth, &intent, w->field);
            w->ahead++;
            w->allowance--;
        }
        w->split |= w->ahead < m->substeps;
        if (w->ahead < m->substeps)
            break;
        w->ahead = 0;
        w->seq = m->seq;
        w->up.first++;
        w->up.n--;
    }
}

static void server_tick(struct world *w, unsigned now)
{
    server_moves(w, now);
    if (w->clamp_at >= 0 && now >= (unsigned)w->clamp_at) {
        movement_place(&w->truth, w->truth.pos.x + SPACE_UNITS_PER_M, w->truth.pos.z, w->truth.yaw,
                       w->field);
        w->clamp_at = -1;
    }
    unsigned slot = w->down.first + w->down.n++;
    assert_true(slot < MESSAGE_MAX);
    w->down.messages[slot].due = due(w, &w->down, now);
    w->down.messages[slot].body.self = (struct protocol_self){
        .tick = now / TICK,
        .seq = w->seq,
        .pos = w->truth.pos,
        .velocity_y = w->truth.velocity_y,
        .yaw = w->truth.yaw,
        .airborne = w->truth.airborne,
        .ahead = (uint8_t)w->ahead,
    };
}

static void client_hears(struct world *w, unsigned now)
{
    while (w->down.n > 0 && w->down.messages[w->down.first].due <= now) {
        prediction_self(&w->prediction, &w->down.messages[w->down.first].body.self);
        w->down.first++;
        w->down.n--;
    }
}

static void client_moves(struct world *w, unsigned now, const struct movement_intent *intent)
{
    struct protocol_move move;
    if (!prediction_substep(&w->prediction, intent, &move))
        return;
    unsigned slot = w->up.first + w->up.n++;
    assert_true(slot < MESSAGE_MAX);
    w->up.messages[slot].due = due(w, &w->up, now);
    w->up.messages[slot].body.move = move;
}

static struct world *world_new(unsigned seed, unsigned delay, unsigned jitter)
{
    struct world *w = calloc(1, sizeof(*w));
    w->field = heightfield_new(seed, 1024);
    w->random = seed;
    w->delay = delay;
    w->jitter = jitter;
    w->clamp_at = -1;
    movement_place(&w->truth, 0, 0, 0, w->field);
    prediction_init(&w->prediction, w->field);
    return w;
}

static void world_free(struct world *w)
{
    heightfield_free(w->field);
    free(w);
}

/* Walk about, then stand and let everything arrive. */
static void play(struct world *w)
{
    struct movement_intent intent = {0};
    for (unsigned now = 0; now < SUBSTEPS + 300; now++) {
        client_hears(w, now);
        if (now % 7 == 0 && now < SUBSTEPS) {
            intent.heading = (uint16_t)(intent.heading + draw(w, 4000) - 2000);
            intent.yaw = intent.heading;
        }
        if (now % 50 == 0)
            intent.flags = (uint8_t)draw(w, MOVEMENT_FLAGS_MASK + 1);
        if (now >= SUBSTEPS)
            intent.flags = 0;
        if (now % 40 == 0) /* frames of any length */
            prediction_expect(&w->prediction, draw(w, 20));
        client_moves(w, now, &intent);
        if (now % TICK == 0)
            server_tick(w, now);
    }
}

static void assert_same_place(const struct world *w)
{
    const struct movement_state *ours = &w->prediction.state;
    assert_int_equal(ours->pos.x, w->truth.pos.x);
    assert_int_equal(ours->pos.y, w->truth.pos.y);
    assert_int_equal(ours->pos.z, w->truth.pos.z);
    assert_int_equal(ours->yaw, w->truth.yaw);
}

static void test_same_steps_need_no_correction(void **state)
{
    (void)state;
    static const struct {
        unsigned delay, jitter;
    } lines[] = {{0, 0}, {3, 0}, {6, 4}, {12, 10}, {30, 20}};
    bool split = false;
    for (unsigned i = 0; i < ARRAY_N(lines); i++) {
        struct world *w = world_new(11 + i, lines[i].delay, lines[i].jitter);
        play(w);
        assert_true(w->prediction.known);
        assert_int_equal(w->prediction.corrections, 0);
        assert_true(w->seq > 100);
        assert_int_equal(w->prediction.pending_n, 0);
        assert_same_place(w);
        split |= w->split;
        world_free(w);
    }
    assert_true(split); /* or the hard case was not met */
}

static void test_clamp_converges(void **state)
{
    (void)state;
    struct world *w = world_new(5, 6, 4);
    w->clamp_at = SUBSTEPS / 2;
    play(w);
    assert_int_equal(w->prediction.corrections, 1); /* one, not one for each SELF on its way */
    assert_same_place(w);
    world_free(w);
}

static struct protocol_self self_at(const struct movement_state *s, uint32_t seq)
{
    return (struct protocol_self){.seq = seq,
                                  .pos = s->pos,
                                  .velocity_y = s->velocity_y,
                                  .yaw = s->yaw,
                                  .airborne = s->airborne};
}

static void test_picture_glides_or_snaps(void **state)
{
    (void)state;
    struct world *w = world_new(3, 0, 0);
    struct prediction *p = &w->prediction;
    struct protocol_self self = self_at(&w->truth, 0);
    assert_int_equal(prediction_self(p, &self), PREDICTION_CORRECTED);
    assert_int_equal(p->corrections, 0); /* the first is no correction */
    struct space_pos before = prediction_place(p, 1);
    self.pos.x += SPACE_UNITS_PER_M / 2;
    assert_int_equal(prediction_self(p, &self), PREDICTION_CORRECTED);
    struct space_pos after = prediction_place(p, 1);
    assert_in_range(abs(after.x - before.x), 0, 2); /* nothing jumps */
    for (unsigned i = 0; i < 120; i++)
        prediction_glide(p, 1.0f / 60);
    after = prediction_place(p, 1);
    assert_in_range(abs(after.x - self.pos.x), 0, 4); /* and in the end it is the truth */
    self.pos.x += 50 * SPACE_UNITS_PER_M;
    assert_int_equal(prediction_self(p, &self), PREDICTION_CORRECTED);
    assert_int_equal(prediction_place(p, 1).x, self.pos.x); /* a teleport is shown at once */
    world_free(w);
}

/* A short way, but the server says that it is one: no gliding, and no correction of ours. */
static void test_teleport_snaps(void **state)
{
    (void)state;
    struct world *w = world_new(3, 0, 0);
    struct prediction *p = &w->prediction;
    struct protocol_self self = self_at(&w->truth, 0);
    assert_int_equal(prediction_self(p, &self), PREDICTION_CORRECTED);
    self.pos.x += SPACE_UNITS_PER_M;
    self.teleports = 1;
    assert_int_equal(prediction_self(p, &self), PREDICTION_CORRECTED);
    assert_int_equal(prediction_place(p, 1).x, self.pos.x);
    assert_int_equal(p->corrections, 0);
    self.pos.x += SPACE_UNITS_PER_M; /* and the next one is none */
    assert_int_equal(prediction_self(p, &self), PREDICTION_CORRECTED);
    assert_in_range(abs(prediction_place(p, 1).x - self.pos.x), SPACE_UNITS_PER_M / 2,
                    SPACE_UNITS_PER_M);
    assert_int_equal(p->corrections, 1);
    world_free(w);
}

static void test_standing_is_silent(void **state)
{
    (void)state;
    struct world *w = world_new(3, 0, 0);
    struct prediction *p = &w->prediction;
    struct protocol_self self = self_at(&w->truth, 0);
    struct movement_intent intent = {.yaw = w->truth.yaw};
    struct protocol_move move;
    assert_int_equal(prediction_self(p, &self), PREDICTION_CORRECTED);
    for (unsigned i = 0; i < 100; i++)
        assert_false(prediction_substep(p, &intent, &move));
    /* A step, then standing: the last MOVE says so, then silence. */
    unsigned sent = 0;
    intent.flags = MOVEMENT_WALK;
    for (unsigned i = 0; i < 30; i++)
        sent += prediction_substep(p, &intent, &move);
    intent.flags = 0;
    for (unsigned i = 0; i < 30; i++)
        sent += prediction_substep(p, &intent, &move);
    assert_in_range(sent, 10, 12);
    assert_int_equal(move.flags, 0);
    assert_int_equal(p->state.pose, MOVEMENT_STANDING);
    world_free(w);
}

static void test_no_answer_stalls(void **state)
{
    (void)state;
    struct world *w = world_new(3, 0, 0);
    struct prediction *p = &w->prediction;
    struct movement_intent intent = {.flags = MOVEMENT_WALK};
    struct protocol_move move;
    assert_true(prediction_stalled(p)); /* nothing moves before the server said where we are */
    assert_false(prediction_substep(p, &intent, &move));
    struct protocol_self self = self_at(&w->truth, 0);
    prediction_self(p, &self);
    for (unsigned i = 0; i < 10 * PREDICTION_PENDING_MAX; i++)
        (void)!prediction_substep(p, &intent, &move);
    assert_true(prediction_stalled(p));
    assert_true(p->pending_n < PREDICTION_PENDING_MAX);
    world_free(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_teleport_snaps),
        cmocka_unit_test(test_same_steps_need_no_correction),
        cmocka_unit_test(test_clamp_converges),
        cmocka_unit_test(test_picture_glides_or_snaps),
        cmocka_unit_test(test_standing_is_silent),
        cmocka_unit_test(test_no_answer_stalls),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
