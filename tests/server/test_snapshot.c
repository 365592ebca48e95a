/* test_snapshot.c -- blocks against a model: whatever receivers skip, after quiet ticks each knows
 * exactly the world. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "receiver.h"
#include "sim/mailbox.h"
#include "sim_room.h"

#define RECEIVERS_N  6
#define HIDDEN       7 /* a layer */
#define ROOM_READERS 3

static int make_divided(void **state)
{
    return room_make_divided(state, 3000, ROOM_READERS, 10);
}

static int make(void **state)
{
    return room_make(state, 3000, ROOM_READERS);
}

/* A tick in which sessions come, go, take over and walk (near cell edges, so that they cross
 * often). */
static void stir(struct room *room, uint32_t tick, unsigned players, bool move)
{
    for (unsigned i = 1; i <= players; i++) {
        uint32_t what = draw(&room->seed) % 1000;
        uint64_t session = i + 10000 * ((tick + i) / 97 % 2);

        if (what < 12)
            batch_join(&room->batch, session, i, (int)(draw(&room->seed) % 700) - 350,
                       (int)(draw(&room->seed) % 3) * 64 - 65);
        else if (what < 16)
            batch_add(&room->batch, session, COMMAND_LEAVE, 2);
        else if (move)
            batch_intent(&room->batch, session, tick,
                         (uint16_t)((i * 9000 + tick / 9 * 32768) % 65536), 3);
    }
    batch_step(&room->batch, room->sim);
}

static void test_model(void **state)
{
    struct room *room = *state;
    struct receiver receivers[RECEIVERS_N];

    for (unsigned k = 0; k < RECEIVERS_N; k++)
        receiver_init(&receivers[k], room->field);
    for (uint32_t tick = 1; tick <= 1500; tick++) {
        struct snapshot *snapshot;
        bool quiet = tick % 300 >= 250;

        if (quiet)
            batch_step(&room->batch, room->sim);
        else
            stir(room, tick, 150, tick % 300 > 20);
        snapshot = sim_snapshot(room->sim);
        for (unsigned k = 0; k < RECEIVERS_N; k++) {
            /* Receiver 0 never skips; the others skip up to everything; the last skips whole cells,
             * too. */
            if (!quiet && k > 0 && draw(&room->seed) % (k * k * 4) != 0)
                continue;
            for (unsigned i = 0; i < VIEW_CELLS; i++) {
                if (quiet || k < 3 || draw(&room->seed) % 3 == 0)
                    look_at(&receivers[k], snapshot, i, k == 2 ? draw(&room->seed) % 5 : 0);
            }
            replica_expire(receivers[k].replica, tick);
        }
        snapshot_unref(snapshot);
        if (tick % 300 == 299)
            for (unsigned k = 0; k < RECEIVERS_N; k++)
                check_equal(room->sim, room->field, &receivers[k]);
    }
    assert_true(receivers[0].partial >
                100 * receivers[0].full / 10); /* who never skips gets hardly any full block */
    assert_true(receivers[RECEIVERS_N - 1].full > 0);
    for (unsigned k = 0; k < RECEIVERS_N; k++)
        receiver_fini(&receivers[k]);
}

/* Herd and scatter 200 figures around a corner of four cells, so that cells divide at every level
 * and are put together again. */
static void herd(struct room *room, uint32_t tick)
{
    struct snapshot *before = sim_snapshot(room->sim);

    for (uint32_t i = 1; i <= 200; i++) {
        uint32_t what = draw(&room->seed) % 1000;
        const struct snapshot_entity *entity = snapshot_slot(before, i - 1);

        if (tick == 1 || what < 4)
            batch_join(&room->batch, i + 1000 * (tick % 5), i, (int)(draw(&room->seed) % 120) - 60,
                       (int)(draw(&room->seed) % 120) - 60);
        else if (what < 7 && entity != NULL)
            batch_add(&room->batch, entity->session, COMMAND_LEAVE, 2);
        else if (what < 10 && entity != NULL)
            batch_teleport(&room->batch, entity->session, (int)(draw(&room->seed) % 160) - 80,
                           (int)(draw(&room->seed) % 160) - 80);
        else if (what < 30 && i >= LAYERED && entity != NULL && entity->player >= LAYERED)
            batch_add(&room->batch, entity->session, COMMAND_LAYER, 3)->as.layer.layer =
                entity->layer == 0 ? HIDDEN : 0;
        else if (entity != NULL) {
            bool left = entity->state.pos.x < 0;
            bool up = entity->state.pos.z < 0;
            /* Towards the corner, later away from it; with a wobble. */
            uint16_t heading = (uint16_t)((left ? (up ? 5 : 7) : (up ? 3 : 1)) * 8192 +
                                          (draw(&room->seed) % 12288) - 6144);

            if (tick / 150 % 2 == 1)
                heading = (uint16_t)(heading + 32768);
            batch_intent(&room->batch, entity->session, tick, heading, 3);
        }
    }
    snapshot_unref(before);
    batch_step(&room->batch, room->sim);
}

/* Whoever looks at each cell at least every 30 ticks, whatever the tiers, sees nobody blink; and
 * after quiet ticks all know exactly the world. */
static void test_divisions(void **state)
{
    struct room *room = *state;
    struct receiver receivers[RECEIVERS_N + 1]; /* and one in another layer */
    uint32_t leaves_most = 0;

    for (unsigned k = 0; k <= RECEIVERS_N; k++)
        receiver_init_layer(&receivers[k], room->field, k == RECEIVERS_N ? HIDDEN : 0);
    for (uint32_t tick = 1; tick <= 1800; tick++) {
        const struct snapshot_cell *leaves[SPACE_LEAVES_MAX];
        struct snapshot *snapshot;
        bool quiet = tick % 300 >= 255;

        if (quiet)
            batch_step(&room->batch, room->sim);
        else
            herd(room, tick);
        snapshot = sim_snapshot(room->sim);
        for (unsigned k = 0; k <= RECEIVERS_N; k++) {
            receivers[k].now = k + 1 != RECEIVERS_N ? snapshot : NULL;
            for (unsigned i = 0; i < VIEW_CELLS; i++) {
                uint32_t ago = tick - receivers[k].looked[i];

                /* 0: always; 1-3: all at once, by tiers; 4: each cell for itself; 5: when it likes
                 */
                if (quiet || k == 0 || (k < 4 && tick % (1u << (k + 1)) == k) ||
                    (k == 4 && (ago >= 30 || draw(&room->seed) % 10 == 0)) || k == RECEIVERS_N ||
                    (k == 5 && draw(&room->seed) % 30 == 0))
                    look_at(&receivers[k], snapshot, i, draw(&room->seed) % (k + 1));
            }
            replica_expire(receivers[k].replica, tick);
        }
        for (unsigned i = 0; i < VIEW_CELLS; i++) {
            size_t n = snapshot_leaves(snapshot, view_cell(i), 0, leaves);
            leaves_most = n > leaves_most ? (uint32_t)n : leaves_most;
        }
        snapshot_unref(snapshot);
        for (unsigned k = 0; k <= RECEIVERS_N && tick % 300 == 299; k++)
            check_equal(room->sim, room->field, &receivers[k]);
    }
    assert_true(leaves_most >= 7); /* several levels */
    for (unsigned k = 0; k <= RECEIVERS_N; k++) {
        assert_true(k == RECEIVERS_N || receivers[k].divisions > 20);
        assert_true(receivers[k].full > 0);
        assert_int_equal(receivers[k].blinks, 0);
        receiver_fini(&receivers[k]);
    }
}

/* By whatever hint, it is found; and the next time without a search. */
static void check_again(const struct snapshot *snapshot, const struct snapshot_cell *cell)
{
    uint32_t n = snapshot_cells_n(snapshot);
    uint16_t hints[] = {0, 1, (uint16_t)(n - 1), (uint16_t)n, UINT16_MAX};

    for (unsigned i = 0; i < ARRAY_N(hints); i++) {
        uint16_t hint = hints[i];

        snapshot_cell_soon(snapshot, hint);
        assert_ptr_equal(snapshot_cell_again(snapshot, snapshot_cell_at(cell), 0, &hint), cell);
        assert_ptr_equal(snapshot_cell_numbered(snapshot, hint), cell);
        assert_null(snapshot_cell_again(snapshot, snapshot_cell_at(cell), 77, &hint));
    }
}

/* Nor is one found that was there once, whose number it may be that is said. */
static void check_never(const struct snapshot *snapshot, struct space_cell at)
{
    for (uint32_t number = 0; number <= snapshot_cells_n(snapshot); number++) {
        uint16_t hint = (uint16_t)number;

        assert_null(snapshot_cell_again(snapshot, at, 0, &hint));
    }
}

static void check_leaves(const struct snapshot *snapshot, unsigned i)
{
    const struct snapshot_cell *leaves[SPACE_LEAVES_MAX];
    size_t n = snapshot_leaves(snapshot, view_cell(i), 0, leaves);
    unsigned area = 0;

    for (size_t k = 0; k < n; k++) {
        struct space_cell at = snapshot_cell_at(leaves[k]);

        assert_true(space_cell_same(space_cell_up(at, 0), view_cell(i)));
        assert_ptr_equal(snapshot_cell(snapshot, at, 0), leaves[k]);
        check_again(snapshot, leaves[k]);
        area += SPACE_LEAVES_MAX >> 2 * at.level;
        assert_true(at.level == SPACE_LEVEL_MAX || snapshot_cell_members_n(leaves[k]) <= 10);
    }
    assert_true(n == 0 || area == SPACE_LEAVES_MAX); /* they cover it */
    if (n == 0)
        check_never(snapshot, view_cell(i));
    assert_true(n <= 1 || snapshot_divided(snapshot, view_cell(i), 0) != 0);
}

/* The leaves cover their cell, everyone is in the leaf of his place, none is too full; an empty
 * world is whole again, and forgotten. */
static void test_leaves(void **state)
{
    struct room *room = *state;
    struct snapshot *snapshot;

    for (uint32_t tick = 1; tick <= 600; tick++) {
        herd(room, tick);
        snapshot = sim_snapshot(room->sim);
        for (unsigned i = 0; i < VIEW_CELLS; i++)
            check_leaves(snapshot, i);
        for (uint32_t slot = 0; slot < snapshot_slots_n(snapshot); slot++) {
            const struct snapshot_entity *entity = snapshot_slot(snapshot, slot);

            if (entity != NULL)
                assert_true(space_cell_same(space_cell_at(entity->state.pos, entity->cell.level),
                                            entity->cell));
        }
        for (uint32_t slot = 0; tick == 600 && slot < snapshot_slots_n(snapshot); slot++) {
            if (snapshot_slot(snapshot, slot) != NULL)
                batch_add(&room->batch, snapshot_slot(snapshot, slot)->session, COMMAND_LEAVE, 9);
        }
        snapshot_unref(snapshot);
    }
    for (uint32_t tick = 1; tick <= 4 * 40 + 70; tick++)
        batch_step(&room->batch, room->sim);
    assert_int_equal(room->batch.counts.entities, 0);
    assert_int_equal(room->batch.counts.cells, 0);
    snapshot = sim_snapshot(room->sim);
    assert_int_equal(snapshot_slots_n(snapshot), 0); /* free slots cost nothing */
    snapshot_unref(snapshot);
}

/* A crowd that fills more than one part of a cell. */
static void test_crowd(void **state)
{
    struct room *room = *state;
    struct receiver receiver;

    receiver_init(&receiver, room->field);
    for (unsigned i = 1; i <= 1400; i++)
        batch_join(&room->batch, i, i, 20 + (int)i % 30, 20 + (int)i / 50);
    batch_step(&room->batch, room->sim);
    for (uint32_t tick = 2; tick <= 120; tick++) {
        struct snapshot *snapshot;

        for (unsigned i = 1; i <= 1400; i++) {
            if (tick < 110 && i % 3 == tick % 3)
                batch_intent(&room->batch, i, tick, (uint16_t)(i * 4001), 3);
            if (tick == 40 && i % 2 == 0)
                batch_add(&room->batch, i, COMMAND_LEAVE, 2);
        }
        batch_step(&room->batch, room->sim);
        snapshot = sim_snapshot(room->sim);
        if (tick % 7 == 0 || tick > 110)
            for (unsigned i = 0; i < VIEW_CELLS; i++)
                look_at(&receiver, snapshot, i, 0);
        snapshot_unref(snapshot);
    }
    check_equal(room->sim, room->field, &receiver);
    receiver_fini(&receiver);
}

/* Standing figures make no blocks. */
static void test_stillness(void **state)
{
    struct room *room = *state;
    struct receiver receiver;
    uint64_t bytes;

    receiver_init(&receiver, room->field);
    for (unsigned i = 1; i <= 50; i++)
        batch_join(&room->batch, i, i, (int)i, 10);
    for (uint32_t tick = 1; tick <= 100; tick++) {
        struct snapshot *snapshot;

        for (unsigned i = 1; i <= 50 && tick > 1; i++)
            batch_intent(&room->batch, i, tick, 0, 3)->as.intent.intent =
                (struct movement_intent){0, 0, 0};
        batch_step(&room->batch, room->sim);
        snapshot = sim_snapshot(room->sim);
        bytes = receiver.bytes;
        for (unsigned i = 0; i < VIEW_CELLS; i++)
            look_at(&receiver, snapshot, i, 0);
        assert_true(tick == 1 || receiver.bytes == bytes);
        snapshot_unref(snapshot);
    }
    check_equal(room->sim, room->field, &receiver);
    receiver_fini(&receiver);
}

#define LOOKERS      40
#define LOOKED_TIERS 5
#define ENCODED_MAX  8 /* blocks of one part of a cell and one tick */

/* Many ask for what changed in a part of a cell in the last 1, 2, 4, 8, 16 ticks, and for all of
 * it: whoever makes a block, the others are handed its bytes. Returns how many there are. */
static unsigned demand_all(struct snapshot *snapshot, const struct snapshot_cell *cell,
                           uint16_t part)
{
    const uint8_t *made[ENCODED_MAX];
    unsigned made_n = 0;

    for (unsigned looker = 0; looker < LOOKERS; looker++) {
        for (unsigned tier = 0; tier <= LOOKED_TIERS; tier++) {
            struct snapshot_block block;
            uint32_t have =
                tier < LOOKED_TIERS ? snapshot_tick(snapshot) - (1u << tier) : CELLBLOCK_NONE;
            unsigned known = 0;

            if (snapshot_block(snapshot, cell, part, have, 0, looker % ROOM_READERS, &block) != 1)
                continue; /* nothing has happened since */
            while (known < made_n && made[known] != block.bytes)
                known++;
            if (known < made_n)
                continue;
            assert_int_equal(looker, 0); /* the first has made all that the others ask for */
            assert_true(made_n < ENCODED_MAX);
            made[made_n++] = block.bytes;
        }
    }
    return made_n;
}

/* A block is encoded when somebody asks for it, and then once for all, whatever threads they are
 * on. */
static void test_once(void **state)
{
    struct room *room = *state;
    uint64_t made = 0;

    for (uint32_t tick = 1; tick <= 300; tick++) {
        struct snapshot *snapshot;

        stir(room, tick, 150, true);
        snapshot = sim_snapshot(room->sim);
        for (unsigned i = 0; tick > 100 && i < VIEW_CELLS; i++) {
            const struct snapshot_cell *cell = snapshot_cell(snapshot, view_cell(i), 0);

            for (uint16_t part = 0; cell != NULL && part < snapshot_cell_parts(cell); part++)
                made += demand_all(snapshot, cell, part);
        }
        snapshot_unref(snapshot);
        assert_true(tick > 100 || sim_blocks_encoded(room->sim) == 0);
    }
    for (unsigned i = 0; i < ROOM_READERS + 3; i++) { /* counted when a snapshot is used anew */
        batch_step(&room->batch, room->sim);
        snapshot_unref(sim_snapshot(room->sim));
    }
    assert_true(made > 1000);
    assert_int_equal(sim_blocks_encoded(room->sim), made);
}

struct reader {
    pthread_t thread;
    unsigned number;
    struct mailbox *mailbox;
    _Atomic bool *stop;
    uint64_t sum, blocks;
};

/* Take the newest snapshot and demand every block in several lengths, as fast as can be. */
static void *read_blocks(void *context)
{
    struct reader *reader = context;

    while (!atomic_load_explicit(reader->stop, memory_order_relaxed)) {
        struct snapshot *snapshot = mailbox_take(reader->mailbox);

        if (snapshot == NULL)
            continue;
        for (unsigned i = 0; i < VIEW_CELLS; i++) {
            const struct snapshot_cell *cell = snapshot_cell(snapshot, view_cell(i), 0);
            uint32_t now = snapshot_tick(snapshot);

            for (unsigned back = 1; cell != NULL && back < 40; back += 3) {
                struct snapshot_block block;

                if (now < back ||
                    snapshot_block(snapshot, cell, 0, now - back, 0, reader->number, &block) != 1)
                    continue;
                for (uint32_t k = 0; k < block.bytes_n; k++)
                    reader->sum += block.bytes[k];
                reader->blocks++;
            }
        }
        snapshot_unref(snapshot);
    }
    return NULL;
}

static void test_two_readers(void **state)
{
    struct room *room = *state;
    struct mailbox mailboxes[2] = {0};
    struct reader readers[2] = {0};
    _Atomic bool stop = false;

    for (unsigned i = 0; i < 2; i++) {
        readers[i].number = i;
        readers[i].mailbox = &mailboxes[i];
        readers[i].stop = &stop;
        assert_int_equal(pthread_create(&readers[i].thread, NULL, read_blocks, &readers[i]), 0);
    }
    for (uint32_t tick = 1; tick <= 1000; tick++) {
        struct snapshot *snapshot;

        stir(room, tick, 150, true);
        snapshot = sim_snapshot(room->sim);
        mailbox_put(&mailboxes[0], snapshot_ref(snapshot));
        mailbox_put(&mailboxes[1], snapshot);
    }
    atomic_store_explicit(&stop, true, memory_order_relaxed);
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(readers[i].thread, NULL);
        mailbox_fini(&mailboxes[i]);
    }
    assert_true(readers[0].blocks + readers[1].blocks > 0);
    assert_true(sim_blocks_encoded(room->sim) > 0);
    assert_true(sim_blocks_encoded(room->sim) <= readers[0].blocks + readers[1].blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_model, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_divisions, make_divided, room_unmake),
        cmocka_unit_test_setup_teardown(test_leaves, make_divided, room_unmake),
        cmocka_unit_test_setup_teardown(test_crowd, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_stillness, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_once, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_two_readers, make, room_unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
