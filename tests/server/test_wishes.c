/* Web clients say where they wish to be, and the simulation walks them there: at the speed and with
 * the time that everybody has, and the same on every machine. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim/world.h"
#include "sim_room.h"

#define WEB(session) (SESSION_WEB_BIT | (session))
#define RUN_M_TICK   0.4001 /* 8 m/s */

static int make(void **state)
{
    return room_make(state, 16, 1);
}

static struct command *batch_wish(struct batch *batch, uint64_t session, uint32_t sequence,
                                  double x_m, double z_m)
{
    struct command *wish = batch_add(batch, session, COMMAND_WISH, sequence);

    wish->producer = COMMAND_FROM_IO;
    wish->as.wish.x = (int32_t)(x_m * SPACE_UNITS_PER_M);
    wish->as.wish.z = (int32_t)(z_m * SPACE_UNITS_PER_M);
    return wish;
}

static struct snapshot_entity entity_of(struct room *room)
{
    struct snapshot *snapshot = sim_snapshot(room->sim);
    struct snapshot_entity entity = *snapshot_slot(snapshot, 0);

    snapshot_unref(snapshot);
    return entity;
}

/* A way of less than the time saved up is gone in one tick, to the unit; then it stands. */
static void test_arrives(void **state)
{
    struct room *room = *state;
    struct snapshot_entity at;

    batch_join(&room->batch, WEB(1), 5, 8, 8);
    batch_step(&room->batch, room->sim);
    for (int i = 0; i < 10; i++)
        batch_step(&room->batch, room->sim);
    batch_wish(&room->batch, WEB(1), 2, 8.75, 8.25);
    batch_step(&room->batch, room->sim);
    at = entity_of(room);
    assert_int_equal(at.state.pos.x, (int)(8.75 * SPACE_UNITS_PER_M));
    assert_int_equal(at.state.pos.z, (int)(8.25 * SPACE_UNITS_PER_M));
    assert_int_equal(at.state.pos.y, heightfield_at(room->field, at.state.pos.x, at.state.pos.z));
    assert_int_not_equal(at.state.pose, MOVEMENT_STANDING);
    for (int i = 0; i < WORLD_WISH_TICKS; i++)
        batch_step(&room->batch, room->sim);
    assert_int_equal(entity_of(room).state.pose, MOVEMENT_STANDING);
}

/* A wish far away is walked towards at 8 m/s and no faster, however often it is said. */
static void test_speed(void **state)
{
    struct room *room = *state;
    struct snapshot_entity at;
    double gone_m;

    batch_join(&room->batch, WEB(1), 5, 0, 0);
    for (uint32_t i = 0; i < 200; i++) {
        for (uint32_t n = 0; n < 3; n++)
            batch_wish(&room->batch, WEB(1), 2 + 3 * i + n, 400, 300);
        batch_step(&room->batch, room->sim);
    }
    at = entity_of(room);
    gone_m = (double)at.state.pos.x * at.state.pos.x + (double)at.state.pos.z * at.state.pos.z;
    gone_m /= (double)SPACE_UNITS_PER_M * SPACE_UNITS_PER_M;
    assert_true(gone_m <= 200 * RUN_M_TICK * 200 * RUN_M_TICK);
    assert_true(gone_m >= 60 * 60); /* slopes may have turned it aside */
}

/* What is not walked any more: put elsewhere, at rest, another session's. */
static void test_forgotten(void **state)
{
    struct room *room = *state;
    struct snapshot_entity before, after;

    batch_join(&room->batch, WEB(1), 5, 0, 0);
    batch_wish(&room->batch, WEB(1), 2, 100, 0);
    batch_step(&room->batch, room->sim);
    batch_teleport(&room->batch, WEB(1), -50, 50);
    batch_step(&room->batch, room->sim);
    before = entity_of(room);
    batch_step(&room->batch, room->sim);
    after = entity_of(room);
    assert_memory_equal(&before.state.pos, &after.state.pos, sizeof(after.state.pos));
    batch_wish(&room->batch, WEB(1), 4, 100, 0);
    batch_step(&room->batch, room->sim);
    batch_add(&room->batch, WEB(1), COMMAND_REST, 5);
    batch_wish(&room->batch, WEB(1), 6, 100, 0);
    batch_step(&room->batch, room->sim);
    before = entity_of(room);
    batch_step(&room->batch, room->sim);
    after = entity_of(room);
    assert_memory_equal(&before.state, &after.state, sizeof(after.state));
    batch_join(&room->batch, WEB(2), 5, 0, 0);
    batch_step(&room->batch, room->sim);
    batch_wish(&room->batch, WEB(2), 2, 100, 0);
    batch_step(&room->batch, room->sim);
    batch_join(&room->batch, 3, 5, 0, 0); /* a native one takes it */
    batch_step(&room->batch, room->sim);
    before = entity_of(room);
    batch_step(&room->batch, room->sim);
    after = entity_of(room);
    assert_memory_equal(&before.state, &after.state, sizeof(after.state));
}

/* A wish beyond the world ends at its edge. */
static void test_edge(void **state)
{
    struct room *room = *state;

    batch_join(&room->batch, WEB(1), 5, 505, 0);
    batch_wish(&room->batch, WEB(1), 2, 5000, 0)->as.wish.x = INT32_MAX;
    for (int i = 0; i < 400; i++)
        batch_step(&room->batch, room->sim);
    assert_true(entity_of(room).state.pos.x < WORLD_SIZE_M / 2 * SPACE_UNITS_PER_M);
    assert_int_equal(entity_of(room).state.pose,
                     MOVEMENT_STANDING); /* there, or stopped by a hill */
}

/* Taken over by a web client in mid-air, a figure comes down. */
static void test_lands(void **state)
{
    struct room *room = *state;

    batch_join(&room->batch, 1, 5, 8, 8);
    batch_step(&room->batch, room->sim);
    for (int i = 0; i < 5; i++)
        batch_step(&room->batch, room->sim);
    batch_intent(&room->batch, 1, 1, 0, 9)->as.intent.intent.flags = MOVEMENT_JUMP;
    batch_step(&room->batch, room->sim);
    assert_true(entity_of(room).state.airborne);
    batch_join(&room->batch, WEB(2), 5, 8, 8);
    for (int i = 0; i < 40; i++)
        batch_step(&room->batch, room->sim);
    assert_false(entity_of(room).state.airborne);
    assert_int_equal(entity_of(room).state.pose, MOVEMENT_STANDING);
}

/* Taken over in the middle of its way, a figure stands there until who has it now says where to. */
static void test_stops(void **state)
{
    struct room *room = *state;
    struct space_pos there;

    batch_join(&room->batch, WEB(1), 5, 8, 8);
    batch_step(&room->batch, room->sim);
    batch_wish(&room->batch, WEB(1), 2, 8, 100);
    for (int i = 0; i < 5; i++)
        batch_step(&room->batch, room->sim);
    assert_int_equal(entity_of(room).state.pose, MOVEMENT_RUNNING);
    there = entity_of(room).state.pos;
    batch_join(&room->batch, WEB(2), 5, 8, 8);
    batch_step(&room->batch, room->sim);
    assert_int_equal(entity_of(room).state.pose, MOVEMENT_STANDING);
    assert_int_equal(entity_of(room).state.pos.x, there.x);
    assert_int_equal(entity_of(room).state.pos.z, there.z);
}

static void fill(struct room *room, uint64_t *seed, uint32_t tick)
{
    for (uint64_t i = 1; i <= 8; i++) {
        if (tick == 1)
            batch_join(&room->batch, WEB(i), i, (int)i * 9, -3);
        else if (draw(seed) % 3 == 0)
            batch_wish(&room->batch, WEB(i), tick, draw(seed) % 300 - 150.0,
                       draw(seed) % 300 - 150.0);
    }
}

/* Two worlds told the same are the same, tick by tick, also where one was saved and loaded. */
static void test_same(void **state)
{
    struct room *room = *state;
    struct room *other;
    uint64_t seeds[2] = {5, 5};

    assert_int_equal(make((void **)&other), 0);
    for (uint32_t tick = 1; tick <= 300; tick++) {
        uint8_t hash[SIM_HASH_BYTES], other_hash[SIM_HASH_BYTES];

        fill(room, &seeds[0], tick);
        batch_step(&room->batch, room->sim);
        fill(other, &seeds[1], tick);
        batch_step(&other->batch, other->sim);
        if (tick % 50 == 0) {
            struct error error;
            uint8_t *bytes;
            size_t len;

            assert_int_equal(sim_save(other->sim, &bytes, &len), 0);
            sim_free(other->sim);
            other->sim = room_sim(other->field, 16, 1);
            assert_int_equal(sim_load(other->sim, bytes, len, &error), 0);
            free(bytes);
        }
        sim_hash(room->sim, hash);
        sim_hash(other->sim, other_hash);
        assert_memory_equal(hash, other_hash, sizeof(hash));
    }
    room_unmake((void **)&other);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_arrives, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_speed, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_forgotten, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_edge, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_lands, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_stops, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_same, make, room_unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
