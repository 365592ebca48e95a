/* test_sim.c -- the simulation as a pure function: who comes and goes, whose time it is, what is
 * said, and that the same commands give the same state. */
#include <malloc.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim_room.h"

#define READERS_N 2
#define RUN_UNITS 547.0 /* a substep, at most; 1/4096 m */

static int make(void **state)
{
    return room_make(state, 100, READERS_N);
}

/* Cells divide above five members. */
static int make_divided(void **state)
{
    return room_make_divided(state, 100, READERS_N, 5);
}

/* The only entity, as of now. */
static struct snapshot_entity look(struct room *room, uint32_t slot)
{
    struct snapshot *snapshot = sim_snapshot(room->sim);
    const struct snapshot_entity *entity = snapshot_slot(snapshot, slot);
    struct snapshot_entity copy = {0};

    if (entity != NULL)
        copy = *entity;
    copy.name = NULL;
    snapshot_unref(snapshot);
    return copy;
}

static void test_join_and_leave(void **state)
{
    struct room *room = *state;
    struct batch *batch = &room->batch;
    struct snapshot_entity entity;

    batch_join(batch, 11, 5, 10, -20)->as.join.yaw = 300;
    batch_step(batch, room->sim);
    assert_int_equal(batch->events_n, 1);
    assert_int_equal(batch->events[0].kind, SIM_JOINED);
    assert_int_equal(batch->events[0].session, 11);
    assert_int_equal(batch->events[0].player, 5);
    assert_int_equal(batch->events[0].tick, 1);
    entity = look(room, 0);
    assert_true(entity.id == batch->events[0].entity && entity.id != 0);
    assert_int_equal(entity.state.pos.x, 10 * 4096);
    assert_int_equal(entity.state.pos.z, -20 * 4096);
    assert_int_equal(entity.state.pos.y, heightfield_at(room->field, 10 * 4096, -20 * 4096));
    assert_int_equal(entity.state.yaw, 300);
    assert_int_equal(entity.cell.z, -1);
    batch_add(batch, 11, COMMAND_LEAVE, 2);
    batch_add(batch, 12, COMMAND_LEAVE, 2); /* nobody */
    batch_step(batch, room->sim);
    assert_int_equal(batch->events_n, 1);
    assert_int_equal(batch->events[0].kind, SIM_LEFT);
    assert_int_equal(batch->events[0].replaced, 0);
    assert_int_equal(batch->events[0].pos.x, 10 * 4096);
    assert_true(look(room, 0).id == 0);
    /* The slot comes back with another generation. */
    batch_join(batch, 12, 6, 0, 0);
    batch_step(batch, room->sim);
    assert_true(look(room, 0).id == entity.id + 1);
}

static void test_takeover(void **state)
{
    struct room *room = *state;
    struct batch *batch = &room->batch;
    uint64_t id;
    struct command *join;

    batch_join(batch, 11, 5, 10, 10);
    batch_step(batch, room->sim);
    id = look(room, 0).id;
    join = batch_join(batch, 21, 5, 300, 300);
    blob_unref(join->as.join.name);
    join->as.join.name = blob_new("renamed", 7);
    batch_step(batch, room->sim);
    assert_int_equal(batch->events_n, 2);
    assert_int_equal(batch->events[0].kind, SIM_LEFT);
    assert_int_equal(batch->events[0].session, 11);
    assert_int_equal(batch->events[0].replaced, 21);
    assert_int_equal(batch->events[1].kind, SIM_JOINED);
    assert_int_equal(batch->events[1].session, 21);
    assert_true(batch->events[1].entity == id);
    assert_int_equal(look(room, 0).state.pos.x,
                     10 * 4096); /* where it was, not where it was saved */
    assert_int_equal(look(room, 0).version, 1);
    assert_int_equal(batch->counts.entities, 1);
    /* The old session's farewell finds nobody. */
    batch_add(batch, 11, COMMAND_LEAVE, 9);
    batch_step(batch, room->sim);
    assert_int_equal(batch->events_n, 0);
    assert_int_equal(batch->counts.entities, 1);
}

static void test_full_world(void **state)
{
    struct room *room = *state;
    struct batch *batch = &room->batch;

    for (unsigned i = 1; i <= 101; i++)
        batch_join(batch, i, i, 0, 0)->as.join.spawn = true;
    batch_step(batch, room->sim);
    assert_int_equal(batch->events_n, 101);
    assert_int_equal(batch->events[99].kind, SIM_JOINED);
    assert_int_equal(batch->events[100].kind, SIM_REFUSED);
    assert_int_equal(batch->events[100].session, 101);
    for (unsigned i = 0; i < 100; i++) {
        int64_t x = batch->events[i].pos.x;
        int64_t z = batch->events[i].pos.z;

        assert_true(x * x + z * z <= INT64_C(24) * 4096 * 24 * 4096);
    }
    assert_true(batch->events[0].pos.x != batch->events[1].pos.x);
    /* A second figure for one session is none. */
    batch_join(batch, 1, 500, 0, 0);
    batch_step(batch, room->sim);
    assert_int_equal(batch->events[0].kind, SIM_REFUSED);
}

/* Runs `ticks` ticks with one intent of `substeps` each; returns how many substeps were taken. */
static unsigned run(struct room *room, unsigned ticks, uint8_t substeps, uint32_t *seq)
{
    unsigned taken = 0;

    for (unsigned i = 0; i < ticks; i++) {
        if (substeps > 0)
            batch_intent(&room->batch, 11, ++*seq, 0, substeps);
        batch_step(&room->batch, room->sim);
        taken += room->batch.counts.substeps;
        room->dropped += room->batch.counts.substeps_dropped;
        room->refused += room->batch.counts.intents_refused;
    }
    return taken;
}

static void test_allowance(void **state)
{
    struct room *room = *state;
    uint32_t seq = 0;
    unsigned taken;

    batch_join(&room->batch, 11, 5, 0, 100);
    batch_step(&room->batch, room->sim);
    /* Real time: everything is taken, in order. */
    assert_int_equal(run(room, 20, 3, &seq), 60);
    assert_int_equal(look(room, 0).seq, 20);
    assert_int_equal(room->dropped, 0);
    assert_true(abs(look(room, 0).state.pos.z - (100 - 8) * 4096) < 64);
    /* Twice the time that passes: no more than real time is taken; what waits is bounded, the rest
     * is given up and counted. */
    assert_int_equal(run(room, 30, 6, &seq), 90);
    assert_in_range(room->dropped, 90 - 15, 90);
    assert_true(room->refused * 6 <= room->dropped);
    /* What waits is finished; what was given up is acknowledged with it. */
    assert_true(look(room, 0).seq < seq);
    taken = run(room, 20, 0, &seq);
    assert_int_equal(taken, 90 - room->dropped);
    assert_int_equal(look(room, 0).seq, seq);
    assert_int_equal(look(room, 0).ahead, 0);
    /* At most 250 ms are saved up. */
    run(room, 100, 0, &seq);
    for (unsigned i = 0; i < 4; i++)
        batch_intent(&room->batch, 11, ++seq, 0, 10);
    batch_step(&room->batch, room->sim);
    assert_int_equal(room->batch.counts.substeps, 15);
    assert_int_equal(room->batch.counts.substeps_dropped, 10); /* 15 at once, 15 may wait */
    assert_int_equal(look(room, 0).seq, seq - 3);
    assert_int_equal(look(room, 0).ahead, 5);
}

static void test_intents_a_tick(void **state)
{
    struct room *room = *state;
    uint32_t seq = 0;

    batch_join(&room->batch, 11, 5, 0, 0);
    batch_step(&room->batch, room->sim);
    run(room, 10, 0, &seq);
    for (unsigned i = 0; i < 6; i++)
        batch_intent(&room->batch, 11, ++seq, 0, 1);
    batch_step(&room->batch, room->sim);
    assert_int_equal(room->batch.counts.substeps, 4);
    assert_int_equal(look(room, 0).seq, 4);
    assert_int_equal(run(room, 1, 0, &seq), 2);
    assert_int_equal(look(room, 0).seq, 6);
    /* However little time each claims, the queue is bounded. */
    for (unsigned i = 0; i < 50; i++)
        batch_intent(&room->batch, 11, ++seq, 0, 0);
    batch_step(&room->batch, room->sim);
    assert_int_equal(room->batch.counts.intents_refused, 18);
    run(room, 8, 0, &seq);
    assert_int_equal(look(room, 0).seq, seq);
}

/* The server stopped for half a second; then come all the moves that were made meanwhile, 20 or 60
 * a second: none is refused, and soon none waits. */
static void test_after_a_stall(void **state)
{
    struct room *room = *state;
    uint32_t seq = 0;

    batch_join(&room->batch, 11, 5, 0, 0);
    batch_step(&room->batch, room->sim);
    for (uint8_t each = 1; each <= 3; each = (uint8_t)(each + 2)) {
        unsigned taken;

        run(room, 20, 3, &seq);
        batch_add(&room->batch, 0, COMMAND_CREDIT, seq)->as.credit.substeps = 27;
        for (unsigned i = 0; i < 30u / each; i++)
            batch_intent(&room->batch, 11, ++seq, 0, each);
        taken = run(room, 1, 0, &seq);
        taken += run(room, 12, 3, &seq);
        taken += run(room, 8, 0, &seq);
        assert_int_equal(taken, 30 + 12 * 3);
        assert_int_equal(look(room, 0).seq, seq);
    }
    assert_int_equal(room->refused, 0);
}

/* What a walker had saved up is still his after stalls: it is the time given back that is spent on
 * what piled up, not his own. Without savings each late packet costs him a tick for ever. */
static void test_savings_outlive_stalls(void **state)
{
    struct room *room = *state;
    uint32_t seq = 0;

    batch_join(&room->batch, 11, 5, 0, 0);
    batch_step(&room->batch, room->sim);
    run(room, 20, 0, &seq);
    for (unsigned stall = 0; stall < 8; stall++) {
        run(room, 20, 3, &seq);
        batch_add(&room->batch, 0, COMMAND_CREDIT, seq)->as.credit.substeps = 30;
        for (unsigned i = 0; i < 10; i++)
            batch_intent(&room->batch, 11, ++seq, 0, 3);
        run(room, 20, 3, &seq);
    }
    assert_in_range(run(room, 1, 15, &seq), 12, 15); /* but for a tick's, however many stalls */
}

/* A player's connection stood still for half a second, and what he did meanwhile came at once. He
 * walks on, and within a second and a half he is not seen late any more. */
static void test_lag_does_not_stay(void **state)
{
    struct room *room = *state;
    uint32_t seq = 0;

    batch_join(&room->batch, 11, 5, 0, 0);
    batch_step(&room->batch, room->sim);
    run(room, 20, 3, &seq);
    run(room, 10, 0, &seq);
    for (unsigned i = 0; i < 10; i++)
        batch_intent(&room->batch, 11, ++seq, 0, 3);
    batch_step(&room->batch, room->sim);
    assert_int_equal(room->batch.counts.substeps, 12); /* of 30; four MOVEs a tick */
    run(room, 4, 3, &seq);
    assert_true(look(room, 0).seq < seq);
    run(room, 30, 3, &seq);
    assert_true(look(room, 0).seq >= seq - 1);
    assert_in_range(room->dropped, 1, 15);
}

/* Six substeps in every second tick: how many of 20 times they were walked when they came. */
static unsigned on_time(struct room *room, uint32_t *seq)
{
    unsigned n = 0;

    for (unsigned i = 0; i < 20; i++) {
        run(room, 1, 6, seq);
        n += look(room, 0).seq == *seq;
        run(room, 1, 0, seq);
    }
    return n;
}

/* He who spent all that he had saved up is soon walked in the tick in which his moves come, though
 * he walks on without a rest; it costs him a few substeps, once. */
static void test_savings_come_back(void **state)
{
    struct room *room = *state;
    uint32_t seq = 0;
    unsigned given_up;

    batch_join(&room->batch, 11, 5, 0, 0);
    batch_step(&room->batch, room->sim);
    run(room, 20, 0, &seq);
    assert_int_equal(on_time(room, &seq), 20);
    assert_int_equal(room->dropped, 0);
    run(room, 12, 0, &seq); /* his connection stood still ... */
    for (unsigned i = 0; i < 6; i++)
        batch_intent(&room->batch, 11, ++seq, 0, 6);
    batch_step(&room->batch, room->sim);
    assert_int_equal(room->batch.counts.substeps, 15);
    given_up = room->batch.counts.substeps_dropped;
    room->dropped = 0;
    assert_true(on_time(room, &seq) < 3);
    on_time(room, &seq);
    assert_in_range(room->dropped, 6, 25);
    given_up += room->dropped;
    room->dropped = 0;
    for (unsigned i = 0; i < 10; i++)
        assert_int_equal(on_time(room, &seq), 20);
    assert_int_equal(room->dropped, 0);
    /* It is all to be seen, until another session has the figure. */
    assert_int_equal(look(room, 0).dropped, given_up);
    batch_join(&room->batch, 12, 5, 0, 0);
    batch_step(&room->batch, room->sim);
    assert_int_equal(look(room, 0).dropped, 0);
}

/* In no span of ticks does anybody get more than the time that passed and 250 ms, nor come farther
 * than that, whatever he sends. */
static void test_no_time_is_made(void **state)
{
    struct room *room = *state;
    uint32_t seq = 0;
    double most = 0, over = 0, far = 0; /* of all spans that end here */

    batch_join(&room->batch, 11, 5, 0, 0);
    batch_step(&room->batch, room->sim);
    for (unsigned tick = 0; tick < 20000; tick++) {
        unsigned manner = tick / 200 % 5, n = 0;
        struct space_pos before = look(room, 0).state.pos, after;
        double moved, span;

        if (manner == 0)
            n = draw(&room->seed) % 5; /* all he can */
        else if (manner == 1)
            n = tick % 2; /* honest */
        else if (manner == 2)
            n = draw(&room->seed) % 20 == 0 ? 4 : 0; /* in heaps */
        else if (manner == 3)
            n = tick % 40 == 39 ? 1 : tick % 2; /* a little too much */
        for (unsigned i = 0; i < n; i++)
            batch_intent(&room->batch, 11, ++seq, (uint16_t)(tick / 50 * 20000),
                         manner == 1 || manner == 3
                             ? 6
                             : (uint8_t)(draw(&room->seed) % (PROTOCOL_SUBSTEPS_MAX + 1)));
        batch_step(&room->batch, room->sim);
        after = look(room, 0).state.pos;
        moved = hypot((double)after.x - before.x, (double)after.z - before.z);
        span = (double)room->batch.counts.substeps - MOVEMENT_SUBSTEPS_PER_TICK;
        over = over > 0 ? over + span : span;
        most = over > most ? over : most;
        span = moved - MOVEMENT_SUBSTEPS_PER_TICK * RUN_UNITS;
        far = far > 0 ? far + span : span;
        assert_true(over <= 15);
        assert_true(far <= 15 * RUN_UNITS);
    }
    assert_true(most >= 12); /* and it came to that */
}

static void test_credit(void **state)
{
    struct room *room = *state;
    uint32_t seq = 0;
    unsigned taken = 0;

    batch_join(&room->batch, 11, 5, 0, 0);
    batch_step(&room->batch, room->sim);
    run(room, 20, 0, &seq);
    batch_add(&room->batch, 0, COMMAND_CREDIT, 1)->as.credit.substeps = 30;
    for (unsigned i = 0; i < 3; i++)
        batch_intent(&room->batch, 11, ++seq, 0, 15);
    batch_step(&room->batch, room->sim);
    assert_int_equal(room->batch.counts.substeps, 45); /* 15 saved up and 30 given back */
    /* At most 2 s, however often. */
    for (unsigned i = 0; i < 5; i++)
        batch_add(&room->batch, 0, COMMAND_CREDIT, i)->as.credit.substeps = 100;
    for (unsigned i = 0; i < 30; i++) {
        batch_intent(&room->batch, 11, ++seq, 0, 15);
        batch_intent(&room->batch, 11, ++seq, 0, 15);
        batch_step(&room->batch, room->sim);
        taken += room->batch.counts.substeps;
    }
    assert_in_range(taken, 120 + 30 * 3 - 10, 120 + 30 * 3 + 15);
}

static void test_chat(void **state)
{
    struct room *room = *state;
    const struct snapshot_chat_line *lines[300];
    struct snapshot *snapshot;

    batch_join(&room->batch, 11, 5, 8, 8);
    batch_step(&room->batch, room->sim);
    batch_chat(&room->batch, 11, "hello", 1);
    batch_chat(&room->batch, 99, "nobody says this", 1);
    batch_step(&room->batch, room->sim);
    snapshot = sim_snapshot(room->sim);
    assert_int_equal(snapshot_chat(snapshot, 0, lines, 300), 1);
    assert_string_equal(lines[0]->text->bytes, "hello");
    assert_string_equal(lines[0]->name->bytes, "player5");
    assert_int_equal(lines[0]->sequence, 1);
    /* A snapshot goes on showing what it showed, whatever happens to speaker and line. */
    batch_add(&room->batch, 11, COMMAND_LEAVE, 2);
    batch_join(&room->batch, 12, 6, 8, 8);
    batch_step(&room->batch, room->sim);
    for (unsigned i = 0; i < 299; i++) {
        batch_chat(&room->batch, 12, "again", i);
        batch_step(&room->batch, room->sim);
    }
    assert_string_equal(lines[0]->text->bytes, "hello");
    assert_string_equal(lines[0]->name->bytes, "player5");
    assert_string_equal(snapshot_slot(snapshot, 0)->name->bytes, "player5");
    snapshot_unref(snapshot);
    snapshot = sim_snapshot(room->sim);
    assert_int_equal(snapshot_chat_sequence(snapshot), 300);
    assert_int_equal(snapshot_chat(snapshot, 10, lines, 300), 256);
    assert_int_equal(lines[255]->sequence, 300);
    assert_int_equal(snapshot_chat(snapshot, 290, lines, 3), 3);
    assert_int_equal(lines[0]->sequence, 291);
    snapshot_unref(snapshot);
}

static struct snapshot_chat_line earlier_line(uint64_t sequence, uint8_t channel)
{
    return (struct snapshot_chat_line){.sequence = sequence,
                                       .channel = channel,
                                       .said_ms = sequence * 10,
                                       .name = blob_new("a", 1),
                                       .text = blob_new("earlier", 7)};
}

/* Each channel has its own lines, the order is that of all, and a new run goes on behind the last.
 */
static void test_chat_of_an_earlier_run(void **state)
{
    struct room *room = *state;
    const struct snapshot_chat_line *lines[2 * SNAPSHOT_CHAT_LINES];
    struct snapshot_chat_line line;
    struct snapshot *snapshot;

    for (uint64_t i = 1; i <= SNAPSHOT_CHAT_LINES + 5; i++) {
        line = earlier_line(i, i == 2 ? PROTOCOL_CHANNEL_GLOBAL : PROTOCOL_CHANNEL_NEARBY);
        sim_chat_restore(room->sim, &line);
    }
    sim_chat_begin(room->sim, 100000);
    sim_chat_begin(room->sim, 5); /* never back */
    batch_join(&room->batch, 11, 5, 8, 8);
    batch_chat(&room->batch, 11, "now", 1);
    batch_step(&room->batch, room->sim);
    snapshot = sim_snapshot(room->sim);
    assert_int_equal(snapshot_chat_sequence(snapshot), 100001);
    assert_int_equal(snapshot_chat(snapshot, 0, lines, 2 * SNAPSHOT_CHAT_LINES),
                     SNAPSHOT_CHAT_LINES + 1);
    assert_int_equal(lines[0]->sequence, 2); /* of its channel there is no newer one */
    assert_int_equal(lines[1]->sequence, 7); /* one was pushed out by what was said now */
    assert_int_equal(lines[1]->said_ms, 70);
    assert_string_equal(lines[SNAPSHOT_CHAT_LINES]->text->bytes, "now");
    assert_int_equal(lines[SNAPSHOT_CHAT_LINES]->said_ms, 0);
    for (size_t i = 1; i <= SNAPSHOT_CHAT_LINES; i++)
        assert_true(lines[i]->sequence > lines[i - 1]->sequence);
    assert_int_equal(snapshot_chat(snapshot, 259, lines, 3), 3);
    assert_int_equal(lines[0]->sequence, 260);
    assert_int_equal(lines[2]->sequence, 100001);
    assert_int_equal(snapshot_chat(snapshot, 100001, lines, 3), 0);
    snapshot_unref(snapshot);
}

/* Who is renamed is seen and heard under the new name from that tick on. */
static void test_rename(void **state)
{
    struct room *room = *state;
    const struct snapshot_chat_line *lines[2];
    const struct snapshot_entity *entity;
    struct snapshot *before, *snapshot;
    static const char *const names[] = {"carol", "", NULL};

    batch_join(&room->batch, 11, 5, 8, 8);
    batch_step(&room->batch, room->sim);
    before = sim_snapshot(room->sim);
    for (unsigned i = 0; i < 3; i++) /* without a name nothing changes, nor for nobody */
        batch_add(&room->batch, 11, COMMAND_RENAME, i + 2)->as.rename.name =
            names[i] ? blob_new(names[i], strlen(names[i])) : NULL;
    batch_add(&room->batch, 12, COMMAND_RENAME, 1)->as.rename.name = blob_new("nobody", 6);
    batch_chat(&room->batch, 11, "hello", 9);
    batch_step(&room->batch, room->sim);
    snapshot = sim_snapshot(room->sim);
    entity = snapshot_slot(snapshot, 0);
    assert_string_equal(entity->name->bytes, "carol");
    assert_int_equal(entity->version, (uint8_t)(snapshot_slot(before, 0)->version + 1));
    assert_int_equal(snapshot_chat(snapshot, 0, lines, 2), 1);
    assert_string_equal(lines[0]->name->bytes, "carol");
    assert_string_equal(snapshot_slot(before, 0)->name->bytes,
                        "player5"); /* as long as it is held */
    snapshot_unref(before);
    snapshot_unref(snapshot);
}

/* Whose connection is gone stands, and what comes late does not move him; another session does. */
static void test_rest(void **state)
{
    struct room *room = *state;
    const struct snapshot_entity *entity;
    struct snapshot *snapshot;
    struct space_pos rested;

    batch_join(&room->batch, 11, 5, 8, 8);
    batch_step(&room->batch, room->sim);
    batch_intent(&room->batch, 11, 1, 0, 3);
    batch_intent(&room->batch, 11, 2, 0, 15);
    batch_step(&room->batch, room->sim);
    batch_add(&room->batch, 11, COMMAND_REST, 2);
    batch_intent(&room->batch, 11, 3, 0, 3); /* sorted behind it */
    batch_step(&room->batch, room->sim);
    snapshot = sim_snapshot(room->sim);
    entity = snapshot_slot(snapshot, 0);
    assert_int_equal(entity->session, 11);
    assert_int_equal(entity->state.pose, MOVEMENT_STANDING);
    assert_false(entity->state.airborne);
    rested = entity->state.pos;
    snapshot_unref(snapshot);
    batch_intent(&room->batch, 11, 4, 0, 3);
    batch_step(&room->batch, room->sim);
    batch_join(&room->batch, 12, 5, 90, 90);
    batch_step(&room->batch, room->sim);
    snapshot = sim_snapshot(room->sim);
    entity = snapshot_slot(snapshot, 0);
    assert_int_equal(entity->session, 12);
    assert_memory_equal(&entity->state.pos, &rested, sizeof(rested));
    snapshot_unref(snapshot);
    batch_intent(&room->batch, 12, 1, 0, 3);
    batch_step(&room->batch, room->sim);
    snapshot = sim_snapshot(room->sim);
    assert_int_equal(snapshot_slot(snapshot, 0)->state.pose, MOVEMENT_RUNNING);
    snapshot_unref(snapshot);
}

/* A lively tick of `players` sessions; the order of arrival is drawn from `shuffle`. */
static void lively(struct batch *batch, uint64_t *seed, uint32_t tick, unsigned players)
{
    for (unsigned i = 1; i <= players; i++) {
        uint32_t what = draw(seed) % 100;

        if (what < 2)
            batch_join(batch, i + 1000 * (tick % 3), i, (int)(draw(seed) % 900) - 450,
                       (int)(draw(seed) % 900) - 450);
        else if (what < 4)
            batch_add(batch, i + 1000 * (draw(seed) % 3), COMMAND_LEAVE, 2);
        else if (what < 80)
            for (uint64_t k = 0; k < 3; k++)
                batch_intent(batch, i + 1000 * k, tick, (uint16_t)(draw(seed) % 65536),
                             (uint8_t)(1 + draw(seed) % 5));
        else if (what < 82)
            batch_chat(batch, i + 1000 * (draw(seed) % 3), "words", tick);
    }
    if (draw(seed) % 50 == 0)
        batch_add(batch, 0, COMMAND_CREDIT, tick)->as.credit.substeps = draw(seed) % 120;
}

static void shuffle(struct batch *batch, uint64_t *seed)
{
    for (size_t i = batch->n; i > 1; i--) {
        size_t k = draw(seed) % i;
        struct command swap = batch->commands[k];

        batch->commands[k] = batch->commands[i - 1];
        batch->commands[i - 1] = swap;
    }
}

/* Whatever the order in which a tick's commands arrived, the state is the same. */
static void test_arrival_order(void **state)
{
    struct room *room = *state;
    struct sim *other = room_sim(room->field, 100, READERS_N);
    struct batch *batch = calloc(1, sizeof(*batch));
    uint8_t hash[SIM_HASH_BYTES];
    uint8_t other_hash[SIM_HASH_BYTES];
    uint64_t seeds[2] = {42, 42};
    uint64_t order = 5;

    for (uint32_t tick = 1; tick <= 500; tick++) {
        lively(&room->batch, &seeds[0], tick, 60);
        lively(batch, &seeds[1], tick, 60);
        shuffle(batch, &order);
        batch_step(&room->batch, room->sim);
        batch_step(batch, other);
        sim_hash(room->sim, hash);
        sim_hash(other, other_hash);
        assert_memory_equal(hash, other_hash, sizeof(hash));
    }
    assert_true(room->batch.counts.entities > 10);
    sim_free(other);
    free(batch);
}

/* Put elsewhere: onto the ground, at once, counted; who is there sees it come. */
static void test_teleport(void **state)
{
    struct room *room = *state;
    struct snapshot_entity before, after;

    batch_join(&room->batch, 1, 1, 3, 3);
    batch_step(&room->batch, room->sim);
    batch_intent(&room->batch, 1, 1, 0, 3)->as.intent.intent.flags = MOVEMENT_JUMP;
    batch_step(&room->batch, room->sim);
    before = look(room, 0);
    assert_int_equal(before.state.airborne, 1);
    batch_teleport(&room->batch, 1, -200, 130);
    batch_step(&room->batch, room->sim);
    after = look(room, 0);
    assert_int_equal(after.teleports, before.teleports + 1);
    assert_int_equal(after.state.pos.x, -200 * SPACE_UNITS_PER_M);
    assert_int_equal(after.state.pos.z, 130 * SPACE_UNITS_PER_M);
    assert_int_equal(after.state.pos.y,
                     heightfield_at(room->field, after.state.pos.x, after.state.pos.z));
    assert_int_equal(after.state.airborne, 0);
    assert_int_equal(after.state.velocity_y, 0);
    assert_int_equal(after.state.yaw, before.state.yaw);
    assert_int_equal(after.cell.x, -4);
    assert_int_equal(after.cell.z, 2);
    assert_true(after.id == before.id && after.seq == before.seq);
    batch_teleport(&room->batch, 1, 100000, 0); /* beyond the edge */
    batch_teleport(&room->batch, 2, 1, 1);      /* nobody's */
    batch_step(&room->batch, room->sim);
    after = look(room, 0);
    assert_true(after.state.pos.x < WORLD_SIZE_M / 2 * SPACE_UNITS_PER_M);
    assert_true(after.state.pos.x > (WORLD_SIZE_M / 2 - 2) * SPACE_UNITS_PER_M);
}

/* Another layer is another cell of the same place. */
static void test_layer(void **state)
{
    struct room *room = *state;
    struct snapshot *snapshot;
    struct space_cell here = {0, 0, 0};

    batch_join(&room->batch, 1, 1, 3, 3);
    batch_join(&room->batch, 2, 2, 4, 3);
    batch_step(&room->batch, room->sim);
    batch_add(&room->batch, 2, COMMAND_LAYER, 2)->as.layer.layer = 9;
    batch_add(&room->batch, 1, COMMAND_LAYER, 2)->as.layer.layer = 0; /* it is there */
    batch_step(&room->batch, room->sim);
    assert_int_equal(look(room, 1).layer, 9);
    assert_int_equal(look(room, 0).layer, 0);
    snapshot = sim_snapshot(room->sim);
    assert_int_equal(snapshot_cell_members_n(snapshot_cell(snapshot, here, 0)), 1);
    assert_int_equal(snapshot_cell_members_n(snapshot_cell(snapshot, here, 9)), 1);
    snapshot_unref(snapshot);
    batch_add(&room->batch, 2, COMMAND_LAYER, 3)->as.layer.layer = 0;
    batch_step(&room->batch, room->sim);
    assert_int_equal(look(room, 1).layer, 0);
    assert_int_equal(look(room, 1).index, 2); /* the old one is not given again yet */
}

/* A saved and loaded world goes on like the one that was saved; every cut of it is refused. */
static void test_save_and_load(void **state)
{
    struct room *room = *state;
    struct batch *batch = calloc(1, sizeof(*batch));
    struct sim *other = room_sim(room->field, 100, READERS_N);
    uint8_t hash[SIM_HASH_BYTES];
    uint8_t other_hash[SIM_HASH_BYTES];
    uint64_t seeds[2] = {3, 0};
    struct error error;
    uint8_t *bytes;
    size_t len;

    for (uint32_t tick = 1; tick <= 200; tick++) {
        lively(&room->batch, &seeds[0], tick, 60);
        batch_step(&room->batch, room->sim);
    }
    assert_int_equal(sim_save(room->sim, &bytes, &len), 0);
    for (size_t cut = 0; cut < len; cut += cut < len - 100 ? 97 : 1) {
        struct sim *broken = room_sim(room->field, 100, READERS_N);

        assert_int_equal(sim_load(broken, bytes, cut, &error), -1);
        sim_free(broken);
    }
    assert_int_equal(sim_load(other, bytes, len, &error), 0);
    free(bytes);
    seeds[1] = seeds[0];
    for (uint32_t tick = 201; tick <= 500; tick++) {
        lively(&room->batch, &seeds[0], tick, 60);
        lively(batch, &seeds[1], tick, 60);
        batch_step(&room->batch, room->sim);
        batch_step(batch, other);
        sim_hash(room->sim, hash);
        sim_hash(other, other_hash);
        assert_memory_equal(hash, other_hash, sizeof(hash));
    }
    sim_free(other);
    free(batch);
}

/* Bytes that lie are refused, or make a world that is wrong but whole. */
static void test_load_garbage(void **state)
{
    struct room *room = *state;
    struct error error;
    unsigned refused = 0;
    uint8_t *bytes;
    size_t len;

    for (uint32_t tick = 1; tick <= 100; tick++) {
        lively(&room->batch, &(uint64_t){tick}, tick, 60);
        batch_step(&room->batch, room->sim);
    }
    assert_int_equal(sim_save(room->sim, &bytes, &len), 0);
    for (uint64_t i = 1; i <= 600; i++) {
        uint64_t seed = i;
        size_t at = draw(&seed) % len;
        uint8_t bit = (uint8_t)(1u << (draw(&seed) % 8));
        struct sim *other = room_sim(room->field, 100, READERS_N);

        bytes[at] ^= bit;
        if (sim_load(other, bytes, len, &error) != 0) {
            refused++;
        } else {
            for (uint32_t tick = 101; tick < 110; tick++) {
                lively(&room->batch, &seed, tick, 60);
                batch_step(&room->batch, other);
                snapshot_unref(sim_snapshot(other));
            }
        }
        sim_free(other);
        bytes[at] ^= bit;
    }
    assert_true(refused > 0);
    free(bytes);
}

/* After warm-up neither step nor snapshot allocates. */
static void test_allocates_nothing(void **state)
{
    struct room *room = *state;
    size_t before;

    for (unsigned i = 1; i <= 80; i++)
        batch_join(&room->batch, i, i, (int)(i % 8) * 30, (int)(i / 8) * 30);
    batch_step(&room->batch, room->sim);
    for (uint32_t tick = 2; tick <= 2400; tick++) {
        for (unsigned i = 1; i <= 80; i++)
            batch_intent(&room->batch, i, tick, (uint16_t)((tick / 50 * 16384 + i * 777) % 65536),
                         3);
        before = mallinfo2().uordblks;
        batch_step(&room->batch, room->sim);
        snapshot_unref(sim_snapshot(room->sim));
        if (tick > 2200)
            assert_int_equal(mallinfo2().uordblks, before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_join_and_leave, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_takeover, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_full_world, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_allowance, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_intents_a_tick, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_after_a_stall, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_savings_outlive_stalls, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_lag_does_not_stay, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_savings_come_back, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_no_time_is_made, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_credit, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_chat, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_chat_of_an_earlier_run, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_rename, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_rest, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_arrival_order, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_teleport, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_layer, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_save_and_load, make_divided, room_unmake),
        cmocka_unit_test_setup_teardown(test_load_garbage, make_divided, room_unmake),
        cmocka_unit_test_setup_teardown(test_allocates_nothing, make, room_unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
