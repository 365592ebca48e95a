/* test_snapshot.c -- blocks against a model: whatever receivers skip, after quiet ticks each knows
 * exactly the world. */
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/replica.h"
#include "sim/mailbox.h"
#include "sim_room.h"

#define VIEW_EDGE   6 /* the model's receivers look at cells -6..5 */
#define VIEW_CELLS  (4 * VIEW_EDGE * VIEW_EDGE)
#define PARTS_MAX   4
#define RECEIVERS_N 6

struct receiver {
    struct replica *replica;
    uint32_t have[VIEW_CELLS][PARTS_MAX];
    uint64_t full, partial, bytes;
};

static int make(void **state)
{
    return room_make(state, 3000, 3);
}

static struct space_cell view_cell(unsigned i)
{
    return (struct space_cell){.x = (int32_t)(i % (2 * VIEW_EDGE)) - VIEW_EDGE,
                               .z = (int32_t)(i / (2 * VIEW_EDGE)) - VIEW_EDGE};
}

static void receiver_init(struct receiver *receiver, const struct heightfield *field)
{
    uint8_t room[8192];
    struct protocol_key keys[VIEW_CELLS];
    struct protocol_frame frame;
    struct protocol_view view;
    struct wire_writer w;

    memset(receiver, 0, sizeof(*receiver));
    receiver->replica = replica_new(field, NULL, NULL);
    memset(keys, 0, sizeof(keys));
    for (unsigned i = 0; i < VIEW_CELLS; i++) {
        keys[i].x = view_cell(i).x;
        keys[i].z = view_cell(i).z;
        for (unsigned part = 0; part < PARTS_MAX; part++)
            receiver->have[i][part] = CELLBLOCK_NONE;
    }
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_view(&w, keys, VIEW_CELLS, NULL, 0);
    assert_false(w.bad);
    assert_int_equal(protocol_frame_parse(room, wire_written(&w), sizeof(room), &frame),
                     PROTOCOL_OK);
    assert_int_equal(protocol_decode_view(frame.body, frame.body_bytes, &view), PROTOCOL_OK);
    assert_int_equal(replica_view(receiver->replica, &view), PROTOCOL_OK);
}

static void receive(struct receiver *receiver, const struct snapshot_block *block, uint32_t *have)
{
    struct protocol_frame frame;
    struct protocol_blocks blocks;

    assert_int_equal(
        protocol_frame_parse(block->frame, block->frame_bytes, PROTOCOL_FRAME_MAX, &frame),
        PROTOCOL_OK);
    assert_int_equal(frame.type, PROTOCOL_BLOCKS);
    assert_int_equal(frame.frame_bytes, block->frame_bytes);
    assert_int_equal(protocol_decode_blocks(frame.body, frame.body_bytes, &blocks), PROTOCOL_OK);
    assert_true(block->from == CELLBLOCK_NONE || (*have != CELLBLOCK_NONE && block->from <= *have));
    assert_int_equal(replica_blocks(receiver->replica, &blocks), PROTOCOL_OK);
    *have = block->to;
    receiver->bytes += block->frame_bytes;
    if (block->from == CELLBLOCK_NONE)
        receiver->full++;
    else
        receiver->partial++;
}

/* One cell's blocks to one receiver, as a session would ask for them. */
static void look_at(struct receiver *receiver, struct snapshot *snapshot, unsigned i, unsigned tier)
{
    const struct snapshot_cell *cell = snapshot_cell(snapshot, view_cell(i), 0);
    unsigned parts = cell == NULL ? 0 : snapshot_cell_parts(cell);
    struct snapshot_block block;

    assert_true(parts <= PARTS_MAX);
    for (unsigned part = 0; part < PARTS_MAX; part++) {
        uint32_t *have = &receiver->have[i][part];

        if (part < parts) {
            if (snapshot_block(snapshot, cell, (uint16_t)part, *have, tier, 0, &block) == 1)
                receive(receiver, &block, have);
        } else if (*have != CELLBLOCK_NONE) {
            assert_int_equal(
                snapshot_block_gone(snapshot, view_cell(i), 0, (uint16_t)part, 0, &block), 1);
            receive(receiver, &block, have);
            *have = CELLBLOCK_NONE;
        }
    }
}

struct count {
    struct snapshot *snapshot;
    const struct heightfield *field;
    unsigned n;
};

/* What the receiver knows of the entity is what the world says, to the wire quantum. */
static bool compare(void *context, struct replica_entity *known)
{
    struct count *count = context;
    const struct snapshot_entity *entity = snapshot_entity(count->snapshot, known->id);
    int32_t x;
    int32_t z;
    int32_t altitude;

    assert_non_null(entity);
    cellblock_quantise_place(entity->state.pos, &x, &z);
    assert_int_equal(known->pos.x, x);
    assert_int_equal(known->pos.z, z);
    altitude = (entity->state.pos.y - heightfield_at(count->field, x, z)) >> SPACE_WIRE_SHIFT;
    assert_int_equal(known->pos.y, heightfield_at(count->field, x, z) + altitude * 64);
    assert_int_equal(known->yaw >> 8, entity->state.yaw >> 8);
    assert_int_equal(known->pose, entity->state.pose);
    assert_int_equal(known->version, entity->version);
    assert_int_equal(known->owner.x, entity->cell.x);
    assert_int_equal(known->owner.z, entity->cell.z);
    assert_int_equal(known->orphan_tick, 0);
    count->n++;
    return true;
}

static void check_equal(struct room *room, struct receiver *receiver)
{
    struct count count = {sim_snapshot(room->sim), room->field, 0};
    unsigned in_view = 0;

    for (uint32_t slot = 0; slot < snapshot_slots_n(count.snapshot); slot++) {
        const struct snapshot_entity *entity = snapshot_slot(count.snapshot, slot);

        in_view += entity != NULL && entity->cell.x >= -VIEW_EDGE && entity->cell.x < VIEW_EDGE &&
                   entity->cell.z >= -VIEW_EDGE && entity->cell.z < VIEW_EDGE;
    }
    replica_each(receiver->replica, compare, &count);
    assert_int_equal(count.n, in_view);
    snapshot_unref(count.snapshot);
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
        bool quiet = tick % 300 >= 285;

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
                check_equal(room, &receivers[k]);
    }
    assert_true(receivers[0].partial >
                100 * receivers[0].full / 10); /* who never skips gets hardly any full block */
    assert_true(receivers[RECEIVERS_N - 1].full > 0);
    for (unsigned k = 0; k < RECEIVERS_N; k++)
        replica_free(receivers[k].replica);
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
    check_equal(room, &receiver);
    replica_free(receiver.replica);
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
    check_equal(room, &receiver);
    replica_free(receiver.replica);
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
                for (uint32_t k = 0; k < block.frame_bytes; k++)
                    reader->sum += block.frame[k];
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
        cmocka_unit_test_setup_teardown(test_crowd, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_stillness, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_two_readers, make, room_unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
