/* world.c -- entities come, go, change hands and cross cells. See world.h. */
#include "sim/world.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/snapshot_build.h"

#define SLOT_BITS 24

struct sim *sim_new(const struct sim_config *config, struct error *error)
{
    struct sim *sim;

    if (config->entities_max < 1 || config->entities_max > 1u << SLOT_BITS) {
        error_set(error, "the world can hold 1 to %u entities, not %u", 1u << SLOT_BITS,
                  config->entities_max);
        return NULL;
    }
    sim = calloc(1, sizeof(*sim));
    if (sim == NULL)
        goto failed;
    sim->config = *config;
    sim->pool_n = config->readers + 2;
    sim->pool = calloc(sim->pool_n, sizeof(struct snapshot *));
    if (sim->pool == NULL)
        goto failed;
    for (unsigned i = 0; i < sim->pool_n; i++) {
        sim->pool[i] = snapshot_new(config);
        if (sim->pool[i] == NULL)
            goto failed;
    }
    return sim;
failed:
    error_set(error, "out of memory for the world");
    sim_free(sim);
    return NULL;
}

void sim_chat_restore(struct sim *sim, const struct snapshot_chat_line *line)
{
    chat_restore(&sim->chat, line);
}

void sim_chat_begin(struct sim *sim, uint64_t sequence)
{
    if (sim->chat.sequence < sequence)
        sim->chat.sequence = sequence;
}

void sim_free(struct sim *sim)
{
    if (sim == NULL)
        return;
    snapshot_unref(sim->current);
    for (unsigned i = 0; sim->pool != NULL && i < sim->pool_n; i++)
        snapshot_delete(sim->pool[i]);
    free(sim->pool);
    for (uint32_t i = 0; i < sim->slots_n; i++)
        blob_unref(sim->entities[i].name);
    chat_fini(&sim->chat);
    graveyard_fini(&sim->graveyard);
    cells_fini(&sim->cells);
    idmap_fini(&sim->by_session);
    idmap_fini(&sim->by_player);
    free(sim->entities);
    free(sim->figures);
    free(sim->movers);
    free(sim->live);
    free(sim);
}

uint32_t sim_tick(const struct sim *sim)
{
    return sim->tick;
}

struct sim_config sim_configuration(const struct sim *sim)
{
    return sim->config;
}

uint64_t sim_blocks_encoded(const struct sim *sim)
{
    return sim->blocks_encoded;
}

int world_reserve(struct sim *sim, uint32_t n)
{
    /* Each array knows its own room only here: all grow alike, the common room is set when all did.
     */
    uint32_t entities = sim->slots_room;
    uint32_t figures = sim->slots_room;
    uint32_t movers = sim->slots_room;

    if (n <= sim->slots_room)
        return 0;
    if (cell_grow((void **)&sim->entities, &entities, n, sizeof(*sim->entities)) != 0 ||
        cell_grow((void **)&sim->figures, &figures, n, sizeof(*sim->figures)) != 0 ||
        cell_grow((void **)&sim->movers, &movers, n, sizeof(*sim->movers)) != 0 ||
        cell_grow((void **)&sim->live, &sim->live_room, n / 64 + 1, sizeof(*sim->live)) != 0)
        return -1;
    sim->slots_room = entities;
    return 0;
}

uint32_t world_next(const struct sim *sim, uint32_t slot)
{
    uint32_t word = slot / 64;
    uint64_t bits = word < sim->live_n ? sim->live[word] & UINT64_MAX << slot % 64 : 0;

    while (bits == 0) {
        word++;
        if (word >= sim->live_n)
            return IDMAP_NONE;
        bits = sim->live[word];
    }
    return word * 64 + (uint32_t)__builtin_ctzll(bits);
}

void world_set_live(struct sim *sim, uint32_t slot)
{
    sim->live[slot / 64] |= UINT64_C(1) << slot % 64;
    if (sim->live_n <= slot / 64)
        sim->live_n = slot / 64 + 1;
}

static void set_free(struct sim *sim, uint32_t slot)
{
    sim->live[slot / 64] &= ~(UINT64_C(1) << slot % 64);
    while (sim->live_n > 0 && sim->live[sim->live_n - 1] == 0)
        sim->live_n--;
    if (slot < sim->lowest_free)
        sim->lowest_free = slot;
}

struct cellblock_state world_wire(const struct sim *sim, const struct movement_state *state)
{
    int32_t x;
    int32_t z;

    cellblock_quantise_place(state->pos, &x, &z);
    return cellblock_state_of(state->pos, state->yaw, state->pose,
                              heightfield_at(sim->config.field, x, z));
}

static uint64_t mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

/* A spot within SIM_SPAWN_RADIUS_M of the origin that depends on the player only. */
static void spawn_spot(uint64_t player, int32_t *x, int32_t *z)
{
    const int32_t radius = SIM_SPAWN_RADIUS_M * SPACE_UNITS_PER_M;
    int64_t far;

    do {
        player = mix(player + UINT64_C(0x9E3779B97F4A7C15));
        *x = (int32_t)((uint32_t)player % (2u * radius)) - radius;
        *z = (int32_t)((uint32_t)(player >> 32) % (2u * radius)) - radius;
        far = (int64_t)*x * *x + (int64_t)*z * *z;
    } while (far > (int64_t)radius * radius);
}

static uint32_t find_free_slot(struct sim *sim)
{
    uint32_t slot = sim->lowest_free;

    while (slot < sim->slots_n && sim->entities[slot].id != 0)
        slot++;
    sim->lowest_free = slot;
    return slot < sim->config.entities_max ? slot : IDMAP_NONE;
}

/* Let the entity into the cell of its position. -1: it has no room for it. */
static int enter_cell(struct sim *sim, uint32_t slot, const struct space_cell at, uint8_t layer)
{
    struct snapshot_entity *entity = &sim->entities[slot];
    uint32_t number = cells_make(&sim->cells, at, layer, sim->tick);
    int index;

    if (number == CELL_NONE)
        return -1;
    index = cell_enter(&sim->cells.cells[number], slot, sim->tick);
    if (index < 0)
        return -1;
    entity->cell = at;
    entity->layer = layer;
    entity->index = (uint16_t)index;
    sim->movers[slot].cell = number;
    sim->figures[slot].entered = sim->tick;
    return 0;
}

uint32_t world_add(struct sim *sim, const struct command *join)
{
    uint32_t slot = find_free_slot(sim);
    int32_t x = join->as.join.x;
    int32_t z = join->as.join.z;
    struct snapshot_entity *entity;
    uint32_t generation;

    if (slot == IDMAP_NONE || world_reserve(sim, slot + 1) != 0 ||
        idmap_reserve(&sim->by_session) != 0 || idmap_reserve(&sim->by_player) != 0)
        return IDMAP_NONE;
    if (join->as.join.spawn)
        spawn_spot(join->as.join.player, &x, &z);
    entity = &sim->entities[slot];
    memset(entity, 0, sizeof(*entity)); /* padding too: snapshots copy and compare bytes */
    movement_place(&entity->state, x, z, join->as.join.yaw, sim->config.field);
    if (enter_cell(sim, slot, cells_leaf(&sim->cells, entity->state.pos, 0), 0) != 0)
        return IDMAP_NONE;
    generation = sim->movers[slot].generation % WORLD_GENERATION_MAX + 1;
    entity->id = (uint64_t)sim->config.server << 48 | (uint64_t)slot << SLOT_BITS | generation;
    entity->session = join->session;
    entity->player = join->as.join.player;
    entity->name = join->as.join.name;
    entity->looks = join->as.join.looks;
    sim->figures[slot].wire = world_wire(sim, &entity->state);
    sim->figures[slot].placed = sim->tick;
    sim->figures[slot].turned = sim->tick;
    sim->figures[slot].changed = sim->tick;
    sim->movers[slot].generation = generation;
    sim->movers[slot].waiting_n = 0;
    sim->movers[slot].allowance = 0;
    sim->movers[slot].credit = 0;
    sim->movers[slot].lag_ticks = 0;
    sim->movers[slot].lag_least = 0;
    sim->movers[slot].late_ticks = 0;
    sim->movers[slot].resting = false;
    sim->movers[slot].catching_up = false;
    sim->movers[slot].wishing = 0;
    sim->movers[slot].wish_x = 0;
    sim->movers[slot].wish_z = 0;
    if (slot == sim->slots_n)
        sim->slots_n++;
    world_set_live(sim, slot);
    sim->entities_n++;
    sim->scripted_n += SESSION_SCRIPTED(entity->session);
    idmap_put(&sim->by_session, entity->session, slot);
    idmap_put(&sim->by_player, entity->player, slot);
    return slot;
}

void world_remove(struct sim *sim, uint32_t slot)
{
    struct snapshot_entity *entity = &sim->entities[slot];
    struct cell *cell = &sim->cells.cells[sim->movers[slot].cell];

    cell_leave(cell,
               &(struct cell_left){
                   .entity = entity->id, .tick = sim->tick, .index = entity->index, .gone = true});
    idmap_remove(&sim->by_session, entity->session);
    idmap_remove(&sim->by_player, entity->player);
    graveyard_put(&sim->graveyard, entity->name, sim->tick);
    sim->scripted_n -= SESSION_SCRIPTED(entity->session);
    memset(entity, 0, sizeof(*entity));
    sim->movers[slot].waiting_n = 0;
    sim->movers[slot].wishing = 0;
    sim->entities_n--;
    set_free(sim, slot);
}

static bool same_blob(const struct blob *a, const struct blob *b)
{
    return a->len_bytes == b->len_bytes && memcmp(a->bytes, b->bytes, a->len_bytes) == 0;
}

/* Takes the name. */
static void set_identity(struct sim *sim, uint32_t slot, struct blob *name, uint32_t looks)
{
    struct snapshot_entity *entity = &sim->entities[slot];

    if (!same_blob(entity->name, name) || entity->looks != looks) {
        entity->version++;
        entity->looks = looks;
        sim->figures[slot].changed = sim->tick;
        cell_touch(&sim->cells.cells[sim->movers[slot].cell], entity->index, sim->tick);
    }
    graveyard_put(&sim->graveyard, entity->name, sim->tick);
    entity->name = name;
}

void world_hand_over(struct sim *sim, uint32_t slot, const struct command *join)
{
    struct snapshot_entity *entity = &sim->entities[slot];
    struct movement_state state = entity->state;

    idmap_remove(&sim->by_session, entity->session);
    sim->scripted_n += SESSION_SCRIPTED(join->session);
    sim->scripted_n -= SESSION_SCRIPTED(entity->session);
    entity->session = join->session;
    idmap_put(&sim->by_session, entity->session, slot); /* as many as before: it has room */
    entity->seq = 0;
    entity->ahead = 0;
    entity->dropped = 0;
    sim->movers[slot].waiting_n = 0;
    sim->movers[slot].lag_ticks = 0;
    sim->movers[slot].resting = false;
    /* One that a web client takes in mid-air comes down where it is. */
    sim->movers[slot].wishing =
        SESSION_WEB(join->session) && entity->state.airborne ? WORLD_WISH_TICKS : 0;
    sim->movers[slot].wish_x = entity->state.pos.x;
    sim->movers[slot].wish_z = entity->state.pos.z;
    set_identity(sim, slot, join->as.join.name, join->as.join.looks);
    if (state.airborne || state.pose == MOVEMENT_STANDING)
        return;
    state.pose = MOVEMENT_STANDING; /* until who has it now goes on */
    world_move(sim, slot, &state);
}

void world_rename(struct sim *sim, uint32_t slot, struct blob *name)
{
    set_identity(sim, slot, name, sim->entities[slot].looks);
}

/* Take the wire state over, and note what of it is new. False: nothing is. */
static bool set_wire(struct sim *sim, uint32_t slot, const struct cellblock_state *wire)
{
    struct figure *figure = &sim->figures[slot];
    const struct cellblock_state *old = &figure->wire;
    bool placed = old->x != wire->x || old->z != wire->z;
    bool turned =
        old->altitude != wire->altitude || old->heading != wire->heading || old->pose != wire->pose;

    if (placed)
        figure->placed = sim->tick;
    if (turned)
        figure->turned = sim->tick;
    figure->wire = *wire;
    return placed || turned;
}

void world_move(struct sim *sim, uint32_t slot, const struct movement_state *state)
{
    struct snapshot_entity *entity = &sim->entities[slot];
    struct cellblock_state wire = world_wire(sim, state);

    if (!space_cell_same(space_cell_at(state->pos, entity->cell.level), entity->cell)) {
        struct space_cell to = cells_leaf(&sim->cells, state->pos, entity->layer);
        uint32_t old = sim->movers[slot].cell;
        struct cell_left left = {entity->id, sim->tick, to, entity->index, false};

        if (enter_cell(sim, slot, to, entity->layer) != 0)
            return;
        cell_leave(&sim->cells.cells[old], &left);
        set_wire(sim, slot, &wire);
    } else if (set_wire(sim, slot, &wire)) {
        cell_touch(&sim->cells.cells[sim->movers[slot].cell], entity->index, sim->tick);
    }
    entity->state = *state;
}

void world_change_layer(struct sim *sim, uint32_t slot, uint8_t layer)
{
    struct snapshot_entity *entity = &sim->entities[slot];
    uint32_t old = sim->movers[slot].cell;
    struct cell_left left = {
        .entity = entity->id, .tick = sim->tick, .index = entity->index, .gone = true};

    if (entity->layer == layer ||
        enter_cell(sim, slot, cells_leaf(&sim->cells, entity->state.pos, layer), layer) != 0)
        return;
    cell_leave(&sim->cells.cells[old], &left);
}
