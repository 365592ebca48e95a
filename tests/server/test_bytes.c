/* test_bytes.c -- what a move costs on the wire, all in: the aims of players who are spread out and
 * of a crowd, in a world of its own, without a network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

#include "play/record.h"
#include "receiver.h"
#include "sim_room.h"

#define GRID      7 /* cells along an edge of what is in view: 49 walkers, one in each */
#define CROWD     600
#define WARM      60
#define MEASURED  400
#define MOVE      2  /* ticks between a player's MOVEs: 10 a second */
#define TURN      10 /* one of so many turns */
#define SELF_EACH 33 /* bytes of it, with each MOVE */
#define HEAD      7  /* of BLOCKS */

/* It is the same in every run: what it is, and a little. The aims are 9 and 6. */
#define SPREAD_MOST 8.1
#define CROWD_MOST  4.1

struct walker {
    int32_t home_x_m, home_z_m;
    uint16_t heading;
};

struct walkers {
    struct walker *all;
    unsigned n;
    int leash_m;
};

static int make_spread(void **state)
{
    return room_make(state, CROWD + 10, 1);
}

static int make_crowd(void **state)
{
    return room_make_divided(state, CROWD + 10, 1, 256);
}

static void join_all(struct room *room, const struct walkers *walkers)
{
    for (unsigned i = 0; i < walkers->n; i++)
        batch_join(&room->batch, i + 1, i + 1, walkers->all[i].home_x_m, walkers->all[i].home_z_m);
    batch_step(&room->batch, room->sim);
}

/* Whose turn it is walks on for a tenth of a second; home where it is too far. Returns how many. */
static unsigned walk_some(struct room *room, const struct walkers *walkers, uint32_t tick)
{
    struct snapshot *snapshot = sim_snapshot(room->sim);
    unsigned moves = 0;

    for (unsigned i = tick % MOVE; i < walkers->n; i += MOVE) {
        struct walker *walker = &walkers->all[i];
        const struct snapshot_entity *entity = snapshot_slot(snapshot, i);
        double x = (double)entity->state.pos.x / SPACE_UNITS_PER_M - walker->home_x_m;
        double z = (double)entity->state.pos.z / SPACE_UNITS_PER_M - walker->home_z_m;

        if (hypot(x, z) > walkers->leash_m)
            walker->heading = (uint16_t)(int)(atan2(x, z) / (2 * M_PI) * 65536);
        else if (draw(&room->seed) % TURN == 0)
            walker->heading = (uint16_t)draw(&room->seed);
        batch_intent(&room->batch, entity->session, tick, walker->heading,
                     MOVE * MOVEMENT_SUBSTEPS_PER_TICK);
        moves++;
    }
    snapshot_unref(snapshot);
    return moves;
}

/* Bytes that one receiver is sent, over the moves that it is told of. */
static double bytes_a_move(struct room *room, const struct walkers *walkers)
{
    static struct receiver receiver;
    uint64_t moves = 0, others = 0, before;

    receiver_init(&receiver, room->field);
    join_all(room, walkers);
    for (uint32_t tick = 1; tick <= WARM + MEASURED; tick++) {
        unsigned now = tick > WARM / 2 ? walk_some(room, walkers, tick) : 0;
        struct snapshot *snapshot;

        batch_step(&room->batch, room->sim);
        snapshot = sim_snapshot(room->sim);
        if (tick == WARM + 1)
            receiver.bytes = moves = others = 0;
        before = receiver.bytes;
        for (unsigned i = 0; i < VIEW_CELLS; i++)
            look_at(&receiver, snapshot, i, 0);
        others += receiver.bytes > before ? HEAD + RECORD_OVERHEAD : 0;
        others += tick % MOVE == 0 ? SELF_EACH : 0;
        moves += now;
        snapshot_unref(snapshot);
    }
    check_equal(room->sim, room->field, &receiver);
    receiver_fini(&receiver);
    print_message("%u walkers: %.2f bytes a move, %.2f of them blocks\n", walkers->n,
                  (double)(receiver.bytes + others) / (double)moves,
                  (double)receiver.bytes / (double)moves);
    return (double)(receiver.bytes + others) / (double)moves;
}

static void test_spread(void **state)
{
    static struct walker all[GRID * GRID];
    const struct walkers walkers = {all, GRID * GRID, 24};

    for (int i = 0; i < GRID * GRID; i++) {
        all[i].home_x_m = (i % GRID - GRID / 2) * SPACE_CELL_M + SPACE_CELL_M / 2;
        all[i].home_z_m = (i / GRID - GRID / 2) * SPACE_CELL_M + SPACE_CELL_M / 2;
    }
    assert_true(bytes_a_move(*state, &walkers) <= SPREAD_MOST);
}

static void test_crowd(void **state)
{
    static struct walker all[CROWD];
    const struct walkers walkers = {all, CROWD, 40};
    struct room *room = *state;

    for (unsigned i = 0; i < CROWD; i++) {
        all[i].home_x_m = (int32_t)(draw(&room->seed) % 60) - 30;
        all[i].home_z_m = (int32_t)(draw(&room->seed) % 60) - 30;
    }
    assert_true(bytes_a_move(room, &walkers) <= CROWD_MOST);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_spread, make_spread, room_unmake),
        cmocka_unit_test_setup_teardown(test_crowd, make_crowd, room_unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
