/* save.c -- the state as bytes, and its hash.
 *
 * One walk writes both. The state proper (tick, slots with their generations, entities with all
 * that their future depends on) is saved and hashed; the cells' histories, which follow from the
 * same commands, are only saved; chat text is neither. Little-endian, see doc/journal.md. */
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "sim/world.h"

#define BUFFER_BYTES   4096
#define NAME_MAX_BYTES 1024

/* Where the bytes go: into a growing buffer or through a small one into a hash. */
struct sink {
    crypto_generichash_state *hash; /* NULL: grow */
    uint8_t *bytes;
    size_t len, room;
    bool failed;
};

static void sink_bytes(struct sink *sink, const void *bytes, size_t n)
{
    if (sink->len + n > sink->room && sink->hash != NULL) {
        crypto_generichash_update(sink->hash, sink->bytes, sink->len);
        sink->len = 0;
        if (n > sink->room) {
            crypto_generichash_update(sink->hash, bytes, n);
            return;
        }
    }
    if (sink->len + n > sink->room && !sink->failed) {
        size_t room = (sink->room + n) * 2;
        uint8_t *bigger = realloc(sink->bytes, room);

        if (bigger == NULL) {
            sink->failed = true;
        } else {
            sink->bytes = bigger;
            sink->room = room;
        }
    }
    if (sink->failed)
        return;
    memcpy(sink->bytes + sink->len, bytes, n);
    sink->len += n;
}

static void put(struct sink *sink, uint64_t value, unsigned n)
{
    uint8_t bytes[8];

    for (unsigned i = 0; i < n; i++)
        bytes[i] = (uint8_t)(value >> (8 * i));
    sink_bytes(sink, bytes, n);
}

static void put_mover(struct sink *sink, const struct world_mover *mover)
{
    put(sink, mover->allowance, 1);
    put(sink, mover->credit, 1);
    put(sink, mover->lag_ticks, 1);
    put(sink, mover->lag_least, 1);
    put(sink, mover->late_ticks, 1);
    put(sink, mover->catching_up, 1);
    put(sink, mover->resting, 1);
    put(sink, mover->wishing, 1);
    put(sink, (uint32_t)mover->wish_x, 4);
    put(sink, (uint32_t)mover->wish_z, 4);
    put(sink, mover->waiting_n, 1);
    for (unsigned i = 0; i < mover->waiting_n; i++) {
        const struct world_waiting *waiting = &mover->waiting[i];

        put(sink, waiting->ack, 4);
        put(sink, waiting->intent.heading, 2);
        put(sink, waiting->intent.yaw, 2);
        put(sink, waiting->intent.flags, 1);
        put(sink, waiting->substeps, 1);
    }
}

static void put_entity(struct sink *sink, const struct snapshot_entity *entity)
{
    put(sink, entity->id, 8);
    put(sink, entity->session, 8);
    put(sink, entity->player, 8);
    put(sink, entity->name->len_bytes, 2);
    sink_bytes(sink, entity->name->bytes, entity->name->len_bytes);
    put(sink, entity->looks, 4);
    put(sink, (uint32_t)entity->state.pos.x, 4);
    put(sink, (uint32_t)entity->state.pos.y, 4);
    put(sink, (uint32_t)entity->state.pos.z, 4);
    put(sink, (uint32_t)entity->state.velocity_y, 4);
    put(sink, entity->state.yaw, 2);
    put(sink, entity->state.airborne, 1);
    put(sink, entity->state.pose, 1);
    put(sink, entity->seq, 4);
    put(sink, entity->index, 2);
    put(sink, entity->layer, 1);
    put(sink, entity->version, 1);
    put(sink, entity->dropped, 4);
    put(sink, entity->ahead, 1);
    put(sink, entity->teleports, 1);
}

static void put_state(struct sink *sink, const struct sim *sim)
{
    put(sink, sim->tick, 4);
    put(sink, sim->config.server, 2);
    put(sink, sim->config.entities_max, 4);
    put(sink, sim->config.divide_above, 4);
    put(sink, sim->chat.sequence, 8);
    put(sink, sim->slots_n, 4);
    for (uint32_t slot = 0; slot < sim->slots_n; slot++) {
        put(sink, sim->movers[slot].generation, 4);
        put(sink, sim->entities[slot].id != 0, 1);
        if (sim->entities[slot].id == 0)
            continue;
        put_entity(sink, &sim->entities[slot]);
        put(sink, sim->figures[slot].entered, 4);
        put(sink, sim->figures[slot].placed, 4);
        put(sink, sim->figures[slot].turned, 4);
        put(sink, sim->figures[slot].changed, 4);
        put_mover(sink, &sim->movers[slot]);
    }
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* How the world is divided, as one number that does not depend on the order of cells: a loaded
 * world may number them otherwise. */
static void put_divisions(struct sink *sink, const struct sim *sim)
{
    uint64_t sum = 0;

    for (uint32_t i = 0; i < sim->cells.n; i++) {
        const struct cell *cell = &sim->cells.cells[i];

        if (!cell->used || (cell->since == 0 && cell->divided == 0))
            continue;
        sum +=
            mix(mix(mix((uint64_t)(uint32_t)cell->at.x << 32 | (uint32_t)cell->at.z) ^
                    ((uint64_t)cell->nodes << 16 | (uint64_t)cell->at.level << 8 | cell->layer)) ^
                ((uint64_t)cell->since << 32 | cell->divided));
    }
    put(sink, sum, 8);
}

static void put_cell(struct sink *sink, const struct cell *cell)
{
    put(sink, (uint32_t)cell->at.x, 4);
    put(sink, (uint32_t)cell->at.z, 4);
    put(sink, cell->at.level, 1);
    put(sink, cell->layer, 1);
    put(sink, cell->changed, 4);
    put(sink, cell->since, 4);
    put(sink, cell->nodes, 4);
    put(sink, cell->divided, 4);
    put(sink, cell->parts_n, 4);
    for (uint32_t i = 0; i < cell->parts_n; i++) {
        put(sink, cell->parts[i].mask, 4);
        put(sink, cell->parts[i].before, 4);
        put(sink, cell->parts[i].tick, 4);
    }
    put(sink, cell->lefts_n, 4);
    for (uint32_t i = 0; i < cell->lefts_n; i++) {
        const struct cell_left *left = &cell->lefts[i];

        put(sink, left->entity, 8);
        put(sink, left->tick, 4);
        put(sink, (uint32_t)left->to.x, 4);
        put(sink, (uint32_t)left->to.z, 4);
        put(sink, left->to.level, 1);
        put(sink, left->index, 2);
        put(sink, left->gone, 1);
    }
}

void sim_hash(const struct sim *sim, uint8_t hash[SIM_HASH_BYTES])
{
    crypto_generichash_state state;
    uint8_t buffer[BUFFER_BYTES];
    struct sink sink = {&state, buffer, 0, sizeof(buffer), false};

    crypto_generichash_init(&state, NULL, 0, SIM_HASH_BYTES);
    put_state(&sink, sim);
    put_divisions(&sink, sim);
    crypto_generichash_update(&state, buffer, sink.len);
    crypto_generichash_final(&state, hash, SIM_HASH_BYTES);
}

int sim_save(const struct sim *sim, uint8_t **bytes, size_t *len_bytes)
{
    struct sink sink = {NULL, NULL, 0, 0, false};

    put_state(&sink, sim);
    put(&sink, sim->cells.used, 4);
    for (uint32_t i = 0; i < sim->cells.n; i++) {
        if (sim->cells.cells[i].used)
            put_cell(&sink, &sim->cells.cells[i]);
    }
    if (sink.failed) {
        free(sink.bytes);
        return -1;
    }
    *bytes = sink.bytes;
    *len_bytes = sink.len;
    return 0;
}

/* ---- loading ---- */

static void get_mover(struct wire_reader *r, struct world_mover *mover)
{
    mover->allowance = wire_get_u8(r);
    mover->credit = wire_get_u8(r);
    mover->lag_ticks = wire_get_u8(r);
    mover->lag_least = wire_get_u8(r);
    mover->late_ticks = wire_get_u8(r);
    mover->catching_up = wire_get_u8(r) != 0;
    mover->resting = wire_get_u8(r) != 0;
    mover->wishing = wire_get_u8(r);
    mover->wish_x = (int32_t)wire_get_u32(r);
    mover->wish_z = (int32_t)wire_get_u32(r);
    mover->waiting_n = wire_get_u8(r);
    if (mover->allowance > WORLD_ALLOWANCE_MAX || mover->credit > WORLD_CREDIT_MAX ||
        mover->lag_ticks >= WORLD_LAG_TICKS || mover->late_ticks >= WORLD_LATE_TICKS ||
        mover->waiting_n > WORLD_WAITING || mover->wishing > WORLD_WISH_TICKS) {
        r->bad = true;
        mover->waiting_n = 0;
    }
    for (unsigned i = 0; i < mover->waiting_n; i++) {
        struct world_waiting *waiting = &mover->waiting[i];

        waiting->ack = wire_get_u32(r);
        waiting->intent.heading = wire_get_u16(r);
        waiting->intent.yaw = wire_get_u16(r);
        waiting->intent.flags = wire_get_u8(r);
        waiting->substeps = wire_get_u8(r);
    }
}

static void get_movement(struct wire_reader *r, struct movement_state *state)
{
    state->pos.x = (int32_t)wire_get_u32(r);
    state->pos.y = (int32_t)wire_get_u32(r);
    state->pos.z = (int32_t)wire_get_u32(r);
    state->velocity_y = (int32_t)wire_get_u32(r);
    state->yaw = wire_get_u16(r);
    state->airborne = wire_get_u8(r);
    state->pose = wire_get_u8(r);
}

static void get_entity(struct wire_reader *r, struct snapshot_entity *entity)
{
    struct wire_text name;

    entity->id = wire_get_u64(r);
    entity->session = wire_get_u64(r);
    entity->player = wire_get_u64(r);
    name = wire_get_text(r, NAME_MAX_BYTES);
    if (!r->bad)
        entity->name = blob_new(name.bytes, name.len);
    entity->looks = wire_get_u32(r);
    get_movement(r, &entity->state);
    entity->seq = wire_get_u32(r);
    entity->index = wire_get_u16(r);
    entity->layer = wire_get_u8(r);
    entity->version = wire_get_u8(r);
    entity->dropped = wire_get_u32(r);
    entity->ahead = wire_get_u8(r);
    entity->teleports = wire_get_u8(r);
    if (entity->id == 0 || entity->session == 0 || entity->player == 0 || entity->name == NULL)
        r->bad = true;
}

static void get_slot(struct sim *sim, struct wire_reader *r, uint32_t slot)
{
    sim->movers[slot].generation = wire_get_u32(r);
    if (wire_get_u8(r) == 0)
        return;
    get_entity(r, &sim->entities[slot]);
    sim->figures[slot].entered = wire_get_u32(r);
    sim->figures[slot].placed = wire_get_u32(r);
    sim->figures[slot].turned = wire_get_u32(r);
    sim->figures[slot].changed = wire_get_u32(r);
    get_mover(r, &sim->movers[slot]);
    if (r->bad || !movement_valid(&sim->entities[slot].state, sim->config.field) ||
        idmap_reserve(&sim->by_session) != 0 || idmap_reserve(&sim->by_player) != 0) {
        r->bad = true;
        return;
    }
    sim->figures[slot].wire = world_wire(sim, &sim->entities[slot].state);
    idmap_put(&sim->by_session, sim->entities[slot].session, slot);
    idmap_put(&sim->by_player, sim->entities[slot].player, slot);
    world_set_live(sim, slot);
    sim->entities_n++;
    sim->scripted_n += SESSION_SCRIPTED(sim->entities[slot].session);
}

static void get_parts(struct wire_reader *r, struct cell *cell)
{
    uint32_t n = wire_get_u32(r);

    if (n == 0 || n > 65536 / CELLBLOCK_PART ||
        pool_grow(cell->pool, (void **)&cell->parts, &cell->parts_room, n, sizeof(*cell->parts)) !=
            0) {
        r->bad = true;
        return;
    }
    cell->parts_n = n;
    for (uint32_t i = 0; i < n; i++) {
        cell->parts[i].mask = wire_get_u32(r);
        cell->parts[i].before = wire_get_u32(r);
        cell->parts[i].tick = wire_get_u32(r);
    }
}

static void get_lefts(struct wire_reader *r, struct cell *cell)
{
    uint32_t n = wire_get_u32(r);

    if (n > 65536 || pool_grow(cell->pool, (void **)&cell->lefts, &cell->lefts_room, n,
                               sizeof(*cell->lefts)) != 0) {
        r->bad = true;
        return;
    }
    cell->lefts_n = n;
    for (uint32_t i = 0; i < n; i++) {
        struct cell_left *left = &cell->lefts[i];

        left->entity = wire_get_u64(r);
        left->tick = wire_get_u32(r);
        left->to.x = (int32_t)wire_get_u32(r);
        left->to.z = (int32_t)wire_get_u32(r);
        left->to.level = wire_get_u8(r);
        if (left->to.level > SPACE_LEVEL_MAX)
            r->bad = true;
        left->index = wire_get_u16(r);
        left->gone = wire_get_u8(r) != 0;
    }
}

static void get_cell(struct sim *sim, struct wire_reader *r)
{
    struct space_cell at;
    uint32_t number;
    struct cell *cell;
    uint8_t layer;

    at.x = (int32_t)wire_get_u32(r);
    at.z = (int32_t)wire_get_u32(r);
    at.level = wire_get_u8(r);
    layer = wire_get_u8(r);
    if (r->bad || at.level > SPACE_LEVEL_MAX || cells_find(&sim->cells, at, layer) != CELL_NONE) {
        r->bad = true;
        return;
    }
    number = cells_make(&sim->cells, at, layer, sim->tick);
    if (number == CELL_NONE) {
        r->bad = true;
        return;
    }
    cell = &sim->cells.cells[number];
    cell->changed = wire_get_u32(r);
    cell->since = wire_get_u32(r);
    cell->nodes = wire_get_u32(r);
    cell->divided = wire_get_u32(r);
    if (cell->nodes >> (at.level == 0 ? CELL_NODES : 0) != 0)
        r->bad = true;
    get_parts(r, cell);
    get_lefts(r, cell);
}

static int compare_members(const void *a, const void *b)
{
    const struct cell_member *left = a;
    const struct cell_member *right = b;

    return (left->index > right->index) - (left->index < right->index);
}

/* Every leaf of a division is there: what reads it relies on that. */
static bool divisions_whole(const struct cells *cells)
{
    for (uint32_t i = 0; i < cells->n; i++) {
        const struct cell *cell = &cells->cells[i];

        for (unsigned quarter = 1; cell->used && quarter <= 4 * CELL_NODES; quarter++) {
            unsigned node = (quarter - 1) / 4;
            bool inner = quarter < CELL_NODES && cell->nodes >> quarter & 1;
            uint32_t number;

            if ((cell->nodes >> node & 1) == 0) {
                if (inner)
                    return false; /* divided below a leaf */
                continue;
            }
            number = cells_find(cells, cell_of_node(cell->at, quarter), cell->layer);
            if (!inner && (number == CELL_NONE || cells->cells[number].since == 0))
                return false;
        }
    }
    return true;
}

/* Put the entities into their cells. */
static int settle(struct sim *sim)
{
    for (uint32_t slot = 0; slot < sim->slots_n; slot++) {
        const struct snapshot_entity *entity = &sim->entities[slot];
        uint32_t number;
        struct cell *cell;

        if (entity->id == 0)
            continue;
        sim->entities[slot].cell = cells_leaf(&sim->cells, entity->state.pos, entity->layer);
        number = cells_find(&sim->cells, entity->cell, entity->layer);
        if (number == CELL_NONE)
            return -1;
        cell = &sim->cells.cells[number];
        if (pool_grow(cell->pool, (void **)&cell->members, &cell->members_room, cell->members_n + 1,
                      sizeof(*cell->members)) != 0 ||
            pool_grow(cell->pool, (void **)&cell->lefts, &cell->lefts_room,
                      cell->lefts_n + cell->members_n + 1, sizeof(*cell->lefts)) != 0)
            return -1;
        cell->members[cell->members_n++] = (struct cell_member){slot, entity->index};
        sim->movers[slot].cell = number;
    }
    for (uint32_t i = 0; i < sim->cells.n; i++) {
        struct cell *cell = &sim->cells.cells[i];

        if (cell->members_n > 0)
            qsort(cell->members, cell->members_n, sizeof(*cell->members), compare_members);
        if (cell_restore(cell) != 0)
            return -1;
    }
    return 0;
}

int sim_load(struct sim *sim, const uint8_t *bytes, size_t len_bytes, struct error *error)
{
    struct wire_reader r;
    uint32_t slots_n;
    uint32_t cells_n;

    wire_reader_init(&r, bytes, len_bytes);
    sim->tick = wire_get_u32(&r);
    sim->config.server = wire_get_u16(&r);
    if (wire_get_u32(&r) != sim->config.entities_max)
        return error_set(error, "the saved state is of a world of another size");
    sim->config.divide_above = wire_get_u32(&r);
    sim->chat.sequence = wire_get_u64(&r);
    slots_n = wire_get_u32(&r);
    /* Five bytes a slot at least: so a length that lies allocates nothing. */
    if (r.bad || slots_n > wire_left(&r) / 5 || slots_n > sim->config.entities_max)
        return error_set(error, "the saved state is malformed");
    if (world_reserve(sim, slots_n) != 0)
        return error_set(error, "out of memory for the saved state");
    sim->slots_n = slots_n;
    for (uint32_t slot = 0; slot < slots_n && !r.bad; slot++)
        get_slot(sim, &r, slot);
    cells_n = wire_get_u32(&r);
    for (uint32_t i = 0; i < cells_n && !r.bad; i++)
        get_cell(sim, &r);
    if (!wire_done(&r) || !divisions_whole(&sim->cells) || settle(sim) != 0)
        return error_set(error, "the saved state is malformed");
    return 0;
}
