/* test_script.c -- wanderers: the same for the same seed, near their homes, and 10,000 of them in
 * one cell. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "receiver.h"
#include "sim/script.h"
#include "sim_room.h"

#define CROWD 10000

static int make(void **state)
{
    return room_make_divided(state, CROWD + 10, 1, SIM_DIVIDE_ABOVE);
}

/* 64 m across, around the middle of the cell (1, 1). */
static struct script crowd(uint32_t figures_n)
{
    return (struct script){.figures_n = figures_n,
                           .radius_m = 32,
                           .x = 96 * SPACE_UNITS_PER_M,
                           .z = 96 * SPACE_UNITS_PER_M,
                           .seed = 5,
                           .first_tick = 1};
}

static void step(struct room *room, const struct script *script, uint32_t tick)
{
    assert_true(script_room(script) <= BATCH_MAX);
    room->batch.n = script_commands(script, tick, room->batch.commands);
    assert_true(room->batch.n <= script_room(script));
    for (size_t i = 1; i < room->batch.n; i++)
        assert_true(command_compare(&room->batch.commands[i - 1], &room->batch.commands[i]) < 0);
    batch_step(&room->batch, room->sim);
    for (size_t i = 0; i < room->batch.events_n; i++) {
        assert_int_equal(room->batch.events[i].kind, SIM_JOINED);
        assert_true(SESSION_SCRIPTED(room->batch.events[i].session));
    }
    assert_int_equal(room->batch.counts.intents_refused, 0);
    room->dropped += room->batch.counts.substeps_dropped;
}

/* They come, walk without giving anything up, and stay about. */
static void test_walks(void **state)
{
    struct room *room = *state;
    struct script script = crowd(1000);
    unsigned walking = 0;
    struct snapshot *snapshot;

    for (uint32_t tick = 1; tick <= 1500; tick++) {
        step(room, &script, tick);
        assert_int_equal(room->batch.counts.entities, tick < 10 ? tick * 100 : 1000);
    }
    assert_int_equal(room->dropped, 0);
    batch_join(&room->batch, 1, 1, 0, 0);
    batch_step(&room->batch, room->sim);
    snapshot = sim_snapshot(room->sim);
    assert_int_equal(snapshot_entities_n(snapshot), 1001);
    assert_int_equal(snapshot_players_n(snapshot), 1);
    for (uint32_t slot = 0; slot < snapshot_slots_n(snapshot); slot++) {
        const struct snapshot_entity *entity = snapshot_slot(snapshot, slot);
        int64_t dx = (entity->state.pos.x - script.x) / SPACE_UNITS_PER_M;
        int64_t dz = (entity->state.pos.z - script.z) / SPACE_UNITS_PER_M;

        if (!SESSION_SCRIPTED(entity->session))
            continue;
        assert_true(dx * dx + dz * dz < 80 * 80); /* a loop, and what slopes push aside */
        walking += entity->state.pose != MOVEMENT_STANDING;
    }
    snapshot_unref(snapshot);
    assert_true(walking > 500 && walking < 1000);
}

/* The same commands from the same seed and tick, others from another seed. */
static void test_same(void **state)
{
    struct room *room = *state;
    struct sim *others[2];
    struct script scripts[3];
    uint8_t hashes[3][SIM_HASH_BYTES];

    for (unsigned k = 0; k < 3; k++)
        scripts[k] = crowd(500);
    scripts[2].seed++;
    for (unsigned k = 0; k < 2; k++)
        others[k] = room_sim(room->field, CROWD + 10, 1);
    sim_free(room->sim);
    room->sim = room_sim(room->field, CROWD + 10, 1);
    for (unsigned k = 0; k < 3; k++) {
        struct sim *sim = k == 0 ? room->sim : others[k - 1];

        for (uint32_t tick = 1; tick <= 100; tick++) {
            room->batch.n = script_commands(&scripts[k], tick, room->batch.commands);
            batch_step(&room->batch, sim);
        }
        sim_hash(sim, hashes[k]);
    }
    assert_memory_equal(hashes[0], hashes[1], SIM_HASH_BYTES);
    assert_memory_not_equal(hashes[0], hashes[2], SIM_HASH_BYTES);
    sim_free(others[0]);
    sim_free(others[1]);
}

/* 10,000 in one cell: leaves as fine as they come, and who looks knows them all. */
static void test_crowd(void **state)
{
    struct room *room = *state;
    struct script script = crowd(CROWD);
    const struct snapshot_cell *leaves[SPACE_LEAVES_MAX];
    struct receiver receiver;
    struct snapshot *snapshot;
    size_t leaves_n;
    uint32_t most = 0;

    receiver_init(&receiver, room->field);
    for (uint32_t tick = 1; tick <= CROWD / 100 + 60; tick++) {
        step(room, &script, tick);
        snapshot = sim_snapshot(room->sim);
        receiver.now = snapshot;
        for (unsigned i = 0; i < VIEW_CELLS; i++)
            if (tick % 8 == i % 8 || tick == CROWD / 100 + 60)
                look_at(&receiver, snapshot, i, 3);
        replica_expire(receiver.replica, tick);
        snapshot_unref(snapshot);
    }
    assert_int_equal(room->batch.counts.entities, CROWD);
    assert_int_equal(receiver.blinks, 0);
    snapshot = sim_snapshot(room->sim);
    leaves_n = snapshot_leaves(snapshot, (struct space_cell){1, 1, 0}, 0, leaves);
    for (size_t i = 0; i < leaves_n; i++) {
        if (snapshot_cell_members_n(leaves[i]) > most)
            most = snapshot_cell_members_n(leaves[i]);
    }
    snapshot_unref(snapshot);
    assert_true(leaves_n > 40);
    assert_true(most < 600);
    receiver.now = NULL;
    check_equal(room->sim, room->field, &receiver);
    receiver_fini(&receiver);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_walks, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_same, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_crowd, make, room_unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
