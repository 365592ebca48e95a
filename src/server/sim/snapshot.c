/* snapshot.c -- building, handing out and reading snapshots. See snapshot.h; blocks are in block.c.
 */
#include "sim/snapshot.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "sim/snapshot_build.h"
#include "sim/world.h"

#define CHUNK_BYTES ((size_t)64 * 1024)
#define ALIGNMENT   ((size_t)8)
#define SLOT_MASK   0xFFFFFFu

struct snapshot_chunk {
    struct snapshot_chunk *next;
    _Alignas(16) uint8_t bytes[CHUNK_BYTES];
};

/* ---- the pool ---- */

struct snapshot *snapshot_new(const struct sim_config *config)
{
    struct snapshot *snapshot = calloc(1, sizeof(*snapshot));

    if (snapshot == NULL)
        return NULL;
    snapshot->source = config->server;
    snapshot->threads = config->readers;
    snapshot->arenas =
        aligned_alloc(CELL_CACHE_LINE, (config->readers + 1) * sizeof(*snapshot->arenas));
    if (snapshot->arenas == NULL) {
        free(snapshot);
        return NULL;
    }
    memset(snapshot->arenas, 0, (config->readers + 1) * sizeof(*snapshot->arenas));
    return snapshot;
}

void snapshot_delete(struct snapshot *snapshot)
{
    if (snapshot == NULL)
        return;
    assert(atomic_load_explicit(&snapshot->references, memory_order_acquire) == 0);
    for (unsigned i = 0; i < snapshot->threads; i++) {
        struct snapshot_chunk *chunk = snapshot->arenas[i].chunks;

        while (chunk != NULL) {
            struct snapshot_chunk *next = chunk->next;

            free(chunk);
            chunk = next;
        }
    }
    free(snapshot->arenas);
    free(snapshot->entities);
    free(snapshot->figures);
    free(snapshot->cells);
    free(snapshot->table);
    free(snapshot->members);
    free(snapshot->lefts);
    free(snapshot->parts);
    free(snapshot);
}

struct snapshot *snapshot_ref(struct snapshot *snapshot)
{
    /* relaxed: the caller already holds a reference */
    atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

void snapshot_unref(struct snapshot *snapshot)
{
    /* release: our reads are over before the sim thread (which acquires) fills it anew */
    if (snapshot != NULL)
        atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_release);
}

void *snapshot_arena_take(struct snapshot *snapshot, unsigned thread, size_t len_bytes)
{
    struct snapshot_arena *arena = &snapshot->arenas[thread];
    void *taken;

    assert(thread < snapshot->threads);
    len_bytes = (len_bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
    if (arena->current == NULL || arena->used_bytes + len_bytes > CHUNK_BYTES) {
        struct snapshot_chunk *next = arena->current == NULL ? arena->chunks : arena->current->next;

        if (next == NULL) {
            next = malloc(sizeof(*next));
            if (next == NULL)
                return NULL;
            next->next = NULL;
            if (arena->current == NULL)
                arena->chunks = next;
            else
                arena->current->next = next;
        }
        arena->current = next;
        arena->used_bytes = 0;
    }
    taken = arena->current->bytes + arena->used_bytes;
    arena->used_bytes += len_bytes;
    return taken;
}

void snapshot_arena_undo(struct snapshot *snapshot, unsigned thread, size_t len_bytes)
{
    snapshot->arenas[thread].used_bytes -= (len_bytes + ALIGNMENT - 1) & ~(ALIGNMENT - 1);
}

/* ---- building ---- */

/* Beyond these all slots are free. */
static uint32_t slots_shown(const struct sim *sim)
{
    return sim->live_n * 64 < sim->slots_n ? sim->live_n * 64 : sim->slots_n;
}

static int reserve(struct snapshot *to, const struct sim *sim)
{
    /* One at least: cells point into these, those without members too. */
    uint32_t members_n = 1;
    uint32_t lefts_n = 1;
    uint32_t parts_n = 1;

    for (uint32_t i = 0; i < sim->cells.n; i++) {
        const struct cell *cell = &sim->cells.cells[i];

        if (!cell->used)
            continue;
        members_n += cell->members_n;
        lefts_n += cell->lefts_n;
        parts_n += cell->parts_n - 1;
    }
    if (cell_renew((void **)&to->entities, &to->entities_room, slots_shown(sim),
                   sizeof(*to->entities)) != 0 ||
        cell_renew((void **)&to->figures, &to->figures_room, slots_shown(sim),
                   sizeof(*to->figures)) != 0 ||
        cell_renew((void **)&to->cells, &to->cells_room, sim->cells.n, sizeof(*to->cells)) != 0 ||
        cell_renew((void **)&to->members, &to->members_room, members_n, sizeof(*to->members)) !=
            0 ||
        cell_renew((void **)&to->lefts, &to->lefts_room, lefts_n, sizeof(*to->lefts)) != 0 ||
        cell_renew((void **)&to->parts, &to->parts_room, parts_n, sizeof(*to->parts)) != 0)
        return -1;
    if (sim->cells.table == NULL)
        return 0;
    return cell_renew((void **)&to->table, &to->table_room, (size_t)sim->cells.table_mask + 1,
                      sizeof(*to->table));
}

static void build_parts(struct snapshot *to, struct snapshot_cell *copy, const struct cell *cell)
{
    uint32_t member = 0;

    for (uint32_t i = 0; i < cell->parts_n; i++) {
        struct snapshot_part *part = snapshot_cell_part(copy, i);

        part->history = cell->parts[i];
        cell_part_advance(&part->history, to->tick);
        part->members = copy->members + member;
        while (member < cell->members_n && cell->members[member].index / CELLBLOCK_PART == i)
            member++;
        part->members_n = (uint32_t)(copy->members + member - part->members);
        /* relaxed: nobody else sees the snapshot yet */
        for (unsigned k = 0; k < SNAPSHOT_ENCODINGS; k++)
            atomic_store_explicit(&part->blocks[k], NULL, memory_order_relaxed);
    }
    to->parts_n += cell->parts_n - 1;
}

static void build_cell(struct snapshot *to, struct snapshot_cell *copy, const struct cell *cell)
{
    copy->used = cell->used;
    if (!cell->used)
        return;
    copy->at = cell->at;
    copy->layer = cell->layer;
    copy->members = to->members + to->members_n;
    copy->lefts = to->lefts + to->lefts_n;
    copy->more = to->parts + to->parts_n;
    copy->changed = cell->changed;
    copy->nodes = cell->nodes;
    copy->divided = cell->divided;
    copy->members_n = cell->members_n;
    copy->lefts_n = cell->lefts_n;
    copy->parts_n = cell->parts_n;
    build_parts(to, copy, cell);
    if (cell->members_n > 0)
        memcpy(&to->members[to->members_n], cell->members, cell->members_n * sizeof(*to->members));
    if (cell->lefts_n > 0)
        memcpy(&to->lefts[to->lefts_n], cell->lefts, cell->lefts_n * sizeof(*to->lefts));
    to->members_n += cell->members_n;
    to->lefts_n += cell->lefts_n;
}

static void build(struct snapshot *to, const struct sim *sim)
{
    to->tick = sim->tick;
    to->entities_n = sim->entities_n;
    to->scripted_n = sim->scripted_n;
    to->slots_n = slots_shown(sim);
    to->cells_n = sim->cells.n;
    to->members_n = 0;
    to->lefts_n = 0;
    to->parts_n = 0;
    if (to->slots_n > 0) {
        memcpy(to->entities, sim->entities, to->slots_n * sizeof(*to->entities));
        memcpy(to->figures, sim->figures, to->slots_n * sizeof(*to->figures));
    }
    to->divided_last = 0;
    for (uint32_t i = 0; i < sim->cells.n; i++) {
        build_cell(to, &to->cells[i], &sim->cells.cells[i]);
        if (to->cells[i].used && to->cells[i].divided > to->divided_last)
            to->divided_last = to->cells[i].divided;
    }
    to->table_mask = sim->cells.table_mask;
    if (sim->cells.table != NULL)
        memcpy(to->table, sim->cells.table, ((size_t)to->table_mask + 1) * sizeof(*to->table));
    to->chat_sequence = sim->chat.sequence;
    for (unsigned i = 0; i < PROTOCOL_CHANNELS_N; i++) /* most are as the last snapshot left them */
        if (to->chat[i].said != sim->chat.rings[i].said)
            to->chat[i] = sim->chat.rings[i];
    for (unsigned i = 0; i < to->threads; i++) {
        to->arenas[i].current = NULL;
        to->arenas[i].used_bytes = 0;
    }
}

static struct snapshot *find_unused(struct sim *sim)
{
    for (unsigned i = 0; i < sim->pool_n; i++) {
        /* acquire: the last reader's reads are over */
        if (atomic_load_explicit(&sim->pool[i]->references, memory_order_acquire) == 0)
            return sim->pool[i];
    }
    assert(false && "more snapshots are held than there are readers");
    abort();
}

struct snapshot *sim_snapshot(struct sim *sim)
{
    struct snapshot *snapshot = sim->current;

    if (snapshot != NULL && snapshot->tick == sim->tick)
        return snapshot_ref(snapshot);
    /* The old one is in every mailbox or gone: our own reference would only make the pool larger.
     */
    snapshot_unref(snapshot);
    sim->current = NULL;
    snapshot = find_unused(sim);
    for (unsigned i = 0; i < snapshot->threads; i++) {
        sim->blocks_encoded += snapshot->arenas[i].blocks_n;
        snapshot->arenas[i].blocks_n = 0;
    }
    if (reserve(snapshot, sim) != 0)
        return NULL;
    build(snapshot, sim);
    /* relaxed: the mailbox's exchange publishes */
    atomic_store_explicit(&snapshot->references, 2, memory_order_relaxed);
    sim->current = snapshot;
    return snapshot;
}

/* ---- reading ---- */

uint32_t snapshot_tick(const struct snapshot *snapshot)
{
    return snapshot->tick;
}

uint32_t snapshot_entities_n(const struct snapshot *snapshot)
{
    return snapshot->entities_n;
}

uint32_t snapshot_players_n(const struct snapshot *snapshot)
{
    return snapshot->entities_n - snapshot->scripted_n;
}

uint32_t snapshot_slots_n(const struct snapshot *snapshot)
{
    return snapshot->slots_n;
}

const struct snapshot_entity *snapshot_slot(const struct snapshot *snapshot, uint32_t slot)
{
    if (slot >= snapshot->slots_n || snapshot->entities[slot].id == 0)
        return NULL;
    return &snapshot->entities[slot];
}

const struct snapshot_entity *snapshot_entity(const struct snapshot *snapshot, uint64_t id)
{
    const struct snapshot_entity *entity =
        snapshot_slot(snapshot, (uint32_t)(id >> 24) & SLOT_MASK);

    return entity != NULL && entity->id == id ? entity : NULL;
}

uint64_t snapshot_chat_sequence(const struct snapshot *snapshot)
{
    return snapshot->chat_sequence;
}

size_t snapshot_chat(const struct snapshot *snapshot, uint64_t after,
                     const struct snapshot_chat_line **lines, size_t max)
{
    return after >= snapshot->chat_sequence ? 0 : chat_find(snapshot->chat, after, lines, max);
}

const struct snapshot_cell *snapshot_cell(const struct snapshot *snapshot, struct space_cell cell,
                                          uint8_t layer)
{
    if (snapshot->table_mask == 0)
        return NULL;
    for (uint32_t i = cells_hash(cell, layer);; i++) {
        uint32_t number = snapshot->table[i & snapshot->table_mask];
        const struct snapshot_cell *found;

        if (number == 0)
            return NULL;
        found = &snapshot->cells[number - 1];
        if (space_cell_same(found->at, cell) && found->layer == layer)
            return found;
    }
}

const struct snapshot_cell *snapshot_cell_again(const struct snapshot *snapshot,
                                                struct space_cell cell, uint8_t layer,
                                                uint16_t *hint)
{
    const struct snapshot_cell *found = *hint < snapshot->cells_n ? &snapshot->cells[*hint] : NULL;

    if (found != NULL && found->used && space_cell_same(found->at, cell) && found->layer == layer)
        return found;
    found = snapshot_cell(snapshot, cell, layer);
    if (found != NULL)
        *hint = (uint16_t)(found - snapshot->cells);
    return found;
}

void snapshot_cell_soon(const struct snapshot *snapshot, uint16_t hint)
{
    if (hint >= snapshot->cells_n)
        return;
    __builtin_prefetch(&snapshot->cells[hint]);
    __builtin_prefetch(&snapshot->cells[hint].first);
}

size_t snapshot_leaves(const struct snapshot *snapshot, struct space_cell level0, uint8_t layer,
                       const struct snapshot_cell *leaves[SPACE_LEAVES_MAX])
{
    const struct snapshot_cell *whole = snapshot_cell(snapshot, level0, layer);
    size_t n = 0;

    if (whole == NULL)
        return 0;
    /* A leaf is a node that is not divided below one that is; each step passes one. */
    for (unsigned place = 0; place < SPACE_LEAVES_MAX;) {
        unsigned node = 0;
        unsigned level = 0;

        while (level < SPACE_LEVEL_MAX && whole->nodes >> node & 1) {
            node = 4 * node + 1 + (place >> 2 * (SPACE_LEVEL_MAX - 1 - level) & 3);
            level++;
        }
        leaves[n++] =
            level == 0 ? whole : snapshot_cell(snapshot, cell_of_node(level0, node), layer);
        place += 1u << 2 * (SPACE_LEVEL_MAX - level);
    }
    return n;
}

struct space_cell snapshot_cell_at(const struct snapshot_cell *cell)
{
    return cell->at;
}

uint8_t snapshot_cell_layer(const struct snapshot_cell *cell)
{
    return cell->layer;
}

uint32_t snapshot_cells_n(const struct snapshot *snapshot)
{
    return snapshot->cells_n;
}

const struct snapshot_cell *snapshot_cell_numbered(const struct snapshot *snapshot, uint32_t number)
{
    return snapshot->cells[number].used ? &snapshot->cells[number] : NULL;
}

uint32_t snapshot_divided(const struct snapshot *snapshot, struct space_cell level0, uint8_t layer)
{
    const struct snapshot_cell *whole = snapshot_cell(snapshot, level0, layer);

    return whole == NULL ? 0 : whole->divided;
}

uint32_t snapshot_divided_last(const struct snapshot *snapshot)
{
    return snapshot->divided_last;
}

uint32_t snapshot_cell_members_n(const struct snapshot_cell *cell)
{
    return cell->members_n;
}

uint32_t snapshot_cell_changed(const struct snapshot_cell *cell)
{
    return cell->changed;
}

uint16_t snapshot_cell_parts(const struct snapshot_cell *cell)
{
    return (uint16_t)cell->parts_n;
}
