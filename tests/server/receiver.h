/* receiver.h -- a receiver as snapshot.h wants one to be told: which keys it holds, how far it is
 * in each, what it is sent when a cell is divided. And the comparison of what it then knows with
 * the world. */
#ifndef OPENMMO_TESTS_RECEIVER_H
#define OPENMMO_TESTS_RECEIVER_H

#include "common/replica.h"
#include "sim_world.h"

#define VIEW_EDGE  6 /* receivers look at the level 0 cells -6..5 */
#define VIEW_CELLS (4 * VIEW_EDGE * VIEW_EDGE)
#define PARTS_MAX  4
#define HELD_MAX   (2 * SPACE_LEAVES_MAX)

struct held {
    struct space_cell at;
    uint16_t number;
    uint32_t have[PARTS_MAX];
    bool going; /* no leaf any more */
};

struct place {
    struct held held[HELD_MAX];
    unsigned held_n;
    uint32_t divided;
};

struct receiver {
    struct replica *replica;
    struct place *places; /* VIEW_CELLS */
    uint32_t looked[VIEW_CELLS];
    uint8_t layer;              /* the one that it is told of */
    const struct snapshot *now; /* what blinks are judged by; NULL: they are not */
    unsigned blinks, divisions;
    uint64_t full, partial, bytes;
    bool in_use[PROTOCOL_NUMBERS];
};

static inline struct space_cell view_cell(unsigned i)
{
    return (struct space_cell){.x = (int32_t)(i % (2 * VIEW_EDGE)) - VIEW_EDGE,
                               .z = (int32_t)(i / (2 * VIEW_EDGE)) - VIEW_EDGE};
}

static inline bool in_view(const struct snapshot_entity *entity, uint8_t layer)
{
    struct space_cell cell;

    if (entity == NULL || entity->layer != layer)
        return false;
    cell = space_cell_up(entity->cell, 0);
    return cell.x >= -VIEW_EDGE && cell.x < VIEW_EDGE && cell.z >= -VIEW_EDGE && cell.z < VIEW_EDGE;
}

#define LAYERED 180 /* players from this on change layers: they may be gone and come back */

/* Who vanishes while in view blinks. */
static inline void receiver_event(void *context, enum replica_event event,
                                  struct replica_entity *entity)
{
    struct receiver *receiver = context;

    if (event == REPLICA_VANISHED && receiver->now != NULL &&
        in_view(snapshot_entity(receiver->now, entity->id), receiver->layer) &&
        snapshot_entity(receiver->now, entity->id)->player < LAYERED)
        receiver->blinks++;
}

/* gained: each gets the lowest number that is free. */
static inline void receiver_view(struct receiver *receiver, struct held *const *gained,
                                 unsigned gained_n, const uint16_t *lost, unsigned lost_n)
{
    struct protocol_gain gains[HELD_MAX + VIEW_CELLS];
    uint8_t room[8192];
    struct protocol_frame frame;
    struct protocol_view view;
    struct wire_writer w;

    for (unsigned i = 0; i < gained_n; i++) {
        const struct space_cell *at = &gained[i]->at;
        gained[i]->number = 0;
        while (receiver->in_use[gained[i]->number])
            gained[i]->number++;
        receiver->in_use[gained[i]->number] = true;
        gains[i] = (struct protocol_gain){
            {.layer = receiver->layer, .level = at->level, .x = at->x, .z = at->z},
            gained[i]->number};
    }
    for (unsigned i = 0; i < lost_n; i++)
        receiver->in_use[lost[i]] = false;
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_view(&w, gains, (uint16_t)gained_n, lost, (uint16_t)lost_n);
    assert_false(w.bad);
    assert_int_equal(protocol_frame_parse(room, wire_written(&w), sizeof(room), &frame),
                     PROTOCOL_OK);
    assert_int_equal(protocol_decode_view(frame.body, frame.body_bytes, &view), PROTOCOL_OK);
    assert_int_equal(replica_view(receiver->replica, &view), PROTOCOL_OK);
}

static inline struct held *place_hold(struct place *place, struct space_cell at)
{
    struct held *held;

    for (unsigned i = 0; i < place->held_n; i++) {
        if (space_cell_same(place->held[i].at, at))
            return &place->held[i];
    }
    assert_true(place->held_n < HELD_MAX);
    held = &place->held[place->held_n++];
    *held = (struct held){.at = at, .going = false};
    for (unsigned part = 0; part < PARTS_MAX; part++)
        held->have[part] = CELLBLOCK_NONE;
    return held;
}

static inline void receiver_init_layer(struct receiver *receiver, const struct heightfield *field,
                                       uint8_t layer)
{
    struct held *gained[VIEW_CELLS];

    memset(receiver, 0, sizeof(*receiver));
    receiver->layer = layer;
    receiver->replica = replica_new(field, receiver_event, receiver);
    receiver->places = calloc(VIEW_CELLS, sizeof(*receiver->places));
    for (unsigned i = 0; i < VIEW_CELLS; i++) {
        gained[i] = place_hold(&receiver->places[i], view_cell(i));
    }
    receiver_view(receiver, gained, VIEW_CELLS, NULL, 0);
}

static inline void receiver_init(struct receiver *receiver, const struct heightfield *field)
{
    receiver_init_layer(receiver, field, 0);
}

static inline void receiver_fini(struct receiver *receiver)
{
    receiver->now = NULL;
    replica_free(receiver->replica);
    free(receiver->places);
}

static inline void receive(struct receiver *receiver, uint16_t number,
                           const struct snapshot_block *block, uint32_t *have)
{
    uint8_t room[CELLBLOCK_MAX_BYTES + 8];
    struct protocol_blocks blocks = {block->to, room, 0};
    struct wire_writer w;

    wire_writer_init(&w, room, sizeof(room));
    protocol_put_number(&w, number);
    wire_put_bytes(&w, block->bytes, block->bytes_n);
    assert_false(w.bad);
    blocks.len_bytes = wire_written(&w);
    assert_true(block->from == CELLBLOCK_NONE || (*have != CELLBLOCK_NONE && block->from <= *have));
    assert_int_equal(replica_blocks(receiver->replica, &blocks), PROTOCOL_OK);
    *have = block->to;
    receiver->bytes += blocks.len_bytes;
    if (block->from == CELLBLOCK_NONE)
        receiver->full++;
    else
        receiver->partial++;
}

/* One cell's blocks to one receiver, as a session would ask for them. */
static inline void look_at_cell(struct receiver *receiver, struct snapshot *snapshot,
                                struct held *held, unsigned tier)
{
    const struct snapshot_cell *cell = snapshot_cell(snapshot, held->at, receiver->layer);
    unsigned parts = cell == NULL ? 0 : snapshot_cell_parts(cell);
    struct snapshot_block block;

    assert_true(parts <= PARTS_MAX);
    for (unsigned part = 0; part < PARTS_MAX; part++) {
        uint32_t *have = &held->have[part];

        if (part < parts) {
            if (snapshot_block(snapshot, cell, (uint16_t)part, *have, tier, 0, &block) == 1)
                receive(receiver, held->number, &block, have);
        } else if (*have != CELLBLOCK_NONE) {
            assert_int_equal(
                snapshot_block_gone(snapshot, held->at, receiver->layer, (uint16_t)part, 0, &block),
                1);
            receive(receiver, held->number, &block, have);
            *have = CELLBLOCK_NONE;
        }
    }
}

/* Steps 1 of snapshot.h's rule: gain the new leaves; what is none any more is going. */
static inline void gain_leaves(struct receiver *receiver, struct snapshot *snapshot, unsigned i)
{
    const struct snapshot_cell *leaves[SPACE_LEAVES_MAX];
    struct place *place = &receiver->places[i];
    struct held *gained[SPACE_LEAVES_MAX];
    size_t n = snapshot_leaves(snapshot, view_cell(i), receiver->layer, leaves);
    unsigned gained_n = 0;

    for (unsigned k = 0; k < place->held_n; k++)
        place->held[k].going = true;
    for (size_t k = 0; k < (n == 0 ? 1 : n); k++) {
        struct space_cell at = n == 0 ? view_cell(i) : snapshot_cell_at(leaves[k]);
        unsigned before = place->held_n;
        struct held *held = place_hold(place, at);

        held->going = false;
        if (place->held_n > before)
            gained[gained_n++] = held;
    }
    receiver_view(receiver, gained, gained_n, NULL, 0);
    receiver->divisions++;
}

/* Step 4: lose what is going. */
static inline void lose_leaves(struct receiver *receiver, unsigned i)
{
    struct place *place = &receiver->places[i];
    uint16_t lost[HELD_MAX];
    unsigned kept_n = 0;
    unsigned lost_n = 0;

    for (unsigned k = 0; k < place->held_n; k++) {
        if (place->held[k].going)
            lost[lost_n++] = place->held[k].number;
        else
            place->held[kept_n++] = place->held[k];
    }
    place->held_n = kept_n;
    receiver_view(receiver, NULL, 0, lost, lost_n);
}

/* All that is to be told of one level 0 cell. */
static inline void look_at(struct receiver *receiver, struct snapshot *snapshot, unsigned i,
                           unsigned tier)
{
    struct place *place = &receiver->places[i];
    bool divided = snapshot_divided(snapshot, view_cell(i), receiver->layer) != place->divided;

    place->divided = snapshot_divided(snapshot, view_cell(i), receiver->layer);
    receiver->looked[i] = snapshot_tick(snapshot);
    if (divided)
        gain_leaves(receiver, snapshot, i);
    for (unsigned going = 0; going < 2; going++) {
        for (unsigned k = 0; k < place->held_n; k++) {
            if (place->held[k].going == (going == 1))
                look_at_cell(receiver, snapshot, &place->held[k], tier);
        }
    }
    if (divided)
        lose_leaves(receiver, i);
}

struct count {
    struct snapshot *snapshot;
    const struct heightfield *field;
    unsigned n;
};

/* What the receiver knows of the entity is what the world says, to the wire quantum. */
static inline bool compare(void *context, struct replica_entity *known)
{
    struct count *count = context;
    const struct snapshot_entity *entity = snapshot_entity(count->snapshot, known->id);
    int32_t x;
    int32_t z;
    int32_t ground, altitude;

    assert_non_null(entity);
    cellblock_quantise_place(entity->state.pos, &x, &z);
    assert_int_equal(known->pos.x, x);
    assert_int_equal(known->pos.z, z);
    ground = heightfield_at(count->field, x, z);
    altitude = cellblock_state_of(entity->state.pos, 0, 0, ground).altitude;
    assert_int_equal(known->pos.y, ground + altitude * 64);
    assert_int_equal(known->yaw >> 8, entity->state.yaw >> 8);
    assert_int_equal(known->pose, entity->state.pose);
    assert_int_equal(known->version, entity->version);
    assert_int_equal(known->owner.x, entity->cell.x);
    assert_int_equal(known->owner.z, entity->cell.z);
    assert_int_equal(known->owner.level, entity->cell.level);
    assert_int_equal(known->owner.layer, entity->layer);
    assert_int_equal(known->orphan_tick, 0);
    count->n++;
    return true;
}

static inline void check_equal(struct sim *sim, const struct heightfield *field,
                               struct receiver *receiver)
{
    struct count count = {sim_snapshot(sim), field, 0};
    unsigned here = 0;

    for (uint32_t slot = 0; slot < snapshot_slots_n(count.snapshot); slot++)
        here += in_view(snapshot_slot(count.snapshot, slot), receiver->layer);
    replica_each(receiver->replica, compare, &count);
    assert_int_equal(count.n, here);
    snapshot_unref(count.snapshot);
}

#endif
