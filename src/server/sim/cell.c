/* cell.c -- see cell.h. The arrays of a cell that is forgotten go back to the pool: after warm-up
 * nothing is allocated. */
#include "sim/cell.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "common/cellblock.h"

#define FIRST_TABLE 256
#define INDEXES_MAX 65536
#define FIRST_ROOM  8

int cell_grow(void **array, uint32_t *room, size_t n, size_t item_bytes)
{
    size_t bigger = *room == 0 ? FIRST_ROOM : *room;
    void *moved;

    if (n <= *room)
        return 0;
    while (bigger < n)
        bigger *= 2;
    if (bigger > UINT32_MAX)
        return -1;
    moved = realloc(*array, bigger * item_bytes);
    if (moved == NULL)
        return -1;
    memset((char *)moved + *room * item_bytes, 0, (bigger - *room) * item_bytes);
    *array = moved;
    *room = (uint32_t)bigger;
    return 0;
}

int cell_renew(void **array, uint32_t *room, size_t n, size_t item_bytes)
{
    size_t most = n + n / 4; /* few come at a time, and it is not to be done for each */
    size_t lines = (most * item_bytes + CELL_CACHE_LINE - 1) / CELL_CACHE_LINE;

    if (n <= *room)
        return 0;
    free(*array);
    *array = most > UINT32_MAX ? NULL : aligned_alloc(CELL_CACHE_LINE, lines * CELL_CACHE_LINE);
    *room = *array != NULL ? (uint32_t)most : 0;
    return *array != NULL ? 0 : -1;
}

uint32_t cells_hash(struct space_cell at, uint8_t layer)
{
    uint32_t h = (uint32_t)at.x * 0x9E3779B1u + (uint32_t)at.z * 0x85EBCA77u +
                 (at.level * 256u + layer) * 0xC2B2AE3Du;

    h ^= h >> 15;
    h *= 0x2C1B3C6Du;
    return h ^ (h >> 13);
}

static bool same_key(const struct cell *cell, struct space_cell at, uint8_t layer)
{
    return space_cell_same(cell->at, at) && cell->layer == layer;
}

uint32_t cells_find(const struct cells *cells, struct space_cell at, uint8_t layer)
{
    if (cells->table == NULL)
        return CELL_NONE;
    for (uint32_t i = cells_hash(at, layer);; i++) {
        uint32_t number = cells->table[i & cells->table_mask];

        if (number == 0)
            return CELL_NONE;
        if (same_key(&cells->cells[number - 1], at, layer))
            return number - 1;
    }
}

static void table_put(struct cells *cells, uint32_t number)
{
    const struct cell *cell = &cells->cells[number];
    uint32_t i = cells_hash(cell->at, cell->layer);

    while (cells->table[i & cells->table_mask] != 0)
        i++;
    cells->table[i & cells->table_mask] = number + 1;
}

static int table_reserve(struct cells *cells)
{
    uint32_t rows = cells->table == NULL ? 0 : cells->table_mask + 1;
    uint32_t *old = cells->table;

    if ((cells->used + 1) * 2 <= rows)
        return 0;
    rows = rows == 0 ? FIRST_TABLE : rows * 2;
    cells->table = calloc(rows, sizeof(*cells->table));
    if (cells->table == NULL) {
        cells->table = old;
        return -1;
    }
    free(old);
    cells->table_mask = rows - 1;
    for (uint32_t i = 0; i < cells->n; i++) {
        if (cells->cells[i].used)
            table_put(cells, i);
    }
    return 0;
}

static void table_remove(struct cells *cells, uint32_t number)
{
    uint32_t mask = cells->table_mask;
    uint32_t hole = cells_hash(cells->cells[number].at, cells->cells[number].layer) & mask;

    while (cells->table[hole] != number + 1)
        hole = (hole + 1) & mask;
    for (uint32_t i = (hole + 1) & mask; cells->table[i] != 0; i = (i + 1) & mask) {
        const struct cell *cell = &cells->cells[cells->table[i] - 1];

        if (((i - cells_hash(cell->at, cell->layer)) & mask) >= ((i - hole) & mask)) {
            cells->table[hole] = cells->table[i];
            hole = i;
        }
    }
    cells->table[hole] = 0;
}

uint32_t cells_make(struct cells *cells, struct space_cell at, uint8_t layer, uint32_t now)
{
    uint32_t number = cells_find(cells, at, layer);
    struct cell *cell;

    if (number != CELL_NONE)
        return number;
    if (table_reserve(cells) != 0)
        return CELL_NONE;
    number = cells->lowest_hole;
    while (number < cells->n && cells->cells[number].used)
        number++;
    cells->lowest_hole = number;
    if (cell_grow((void **)&cells->cells, &cells->room, (size_t)number + 1,
                  sizeof(*cells->cells)) != 0)
        return CELL_NONE;
    cell = &cells->cells[number];
    cell->pool = &cells->pool;
    if (pool_grow(cell->pool, (void **)&cell->parts, &cell->parts_room, 1, sizeof(*cell->parts)) !=
        0)
        return CELL_NONE;
    if (number == cells->n)
        cells->n++;
    cell->at = at;
    cell->layer = layer;
    cell->used = true;
    cell->members_n = 0;
    cell->lefts_n = 0;
    cell->parts_n = 1;
    /* It was unknown, and so empty for CELL_EMPTY_TICKS at least, or ever. */
    cell->parts[0] =
        (struct cell_part){0, now > CELL_EMPTY_TICKS ? now - CELL_EMPTY_TICKS : 0, now};
    cell->changed = now;
    cell->since = 0;
    cell->nodes = 0;
    cell->divided = 0;
    cells->used++;
    table_put(cells, number);
    return number;
}

static uint32_t lowest_free(const struct cell *cell)
{
    for (uint32_t i = 0; i < cell->taken_words; i++) {
        if (~cell->taken[i] != 0)
            return i * 64 + (uint32_t)__builtin_ctzll(~cell->taken[i]);
    }
    return cell->taken_words * 64;
}

/* Where in members an index is, or would go. */
static uint32_t place_of(const struct cell *cell, uint16_t index)
{
    uint32_t low = 0;
    uint32_t high = cell->members_n;

    while (low < high) {
        uint32_t middle = (low + high) / 2;

        if (cell->members[middle].index < index)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Room for the bit and the part of an index. */
static int reserve_index(struct cell *cell, uint32_t index, uint32_t now)
{
    uint32_t part = index / CELLBLOCK_PART;

    if (pool_grow(cell->pool, (void **)&cell->taken, &cell->taken_words, index / 64 + 1,
                  sizeof(*cell->taken)) != 0 ||
        pool_grow(cell->pool, (void **)&cell->parts, &cell->parts_room, part + 1,
                  sizeof(*cell->parts)) != 0)
        return -1;
    while (cell->parts_n <= part)
        cell->parts[cell->parts_n++] = (struct cell_part){0, now - 1, now};
    return 0;
}

static int reserve_lists(struct cell *cell, uint32_t more_n)
{
    if (pool_grow(cell->pool, (void **)&cell->members, &cell->members_room,
                  (size_t)cell->members_n + more_n, sizeof(*cell->members)) != 0)
        return -1;
    /* whoever is in can always leave */
    return pool_grow(cell->pool, (void **)&cell->lefts, &cell->lefts_room,
                     (size_t)cell->lefts_n + cell->members_n + more_n, sizeof(*cell->lefts));
}

int cell_reserve(struct cell *cell, uint32_t more_n, uint32_t now)
{
    /* So many indices are taken, and each of the rest is at most so high. */
    uint32_t indexes = cell->members_n + cell->lefts_n + more_n;

    if (more_n == 0)
        return 0;
    if (indexes > INDEXES_MAX || reserve_index(cell, indexes - 1, now) != 0)
        return -1;
    return reserve_lists(cell, more_n);
}

int cell_enter(struct cell *cell, uint32_t slot, uint32_t now)
{
    uint32_t index = lowest_free(cell);
    uint32_t place;

    if (index >= INDEXES_MAX || reserve_index(cell, index, now) != 0 || reserve_lists(cell, 1) != 0)
        return -1;
    place = place_of(cell, (uint16_t)index);
    memmove(&cell->members[place + 1], &cell->members[place],
            (cell->members_n - place) * sizeof(*cell->members));
    cell->members[place] = (struct cell_member){slot, (uint16_t)index};
    cell->members_n++;
    cell->taken[index / 64] |= UINT64_C(1) << (index % 64);
    cell_touch(cell, (uint16_t)index, now);
    return (int)index;
}

void cell_leave(struct cell *cell, const struct cell_left *left)
{
    uint32_t place = place_of(cell, left->index);

    assert(place < cell->members_n && cell->members[place].index == left->index);
    assert(cell->lefts_n < cell->lefts_room);
    cell->members_n--;
    memmove(&cell->members[place], &cell->members[place + 1],
            (cell->members_n - place) * sizeof(*cell->members));
    cell->lefts[cell->lefts_n++] = *left;
    cell_touch(cell, left->index, left->tick);
}

void cell_leave_all(struct cell *cell, cell_left_fn *left, void *context)
{
    assert(cell->lefts_n + cell->members_n <= cell->lefts_room);
    for (uint32_t i = 0; i < cell->members_n; i++) {
        struct cell_left *listed = &cell->lefts[cell->lefts_n++];

        *listed = left(context, &cell->members[i]);
        cell_touch(cell, listed->index, listed->tick);
    }
    cell->members_n = 0;
}

void cell_touch(struct cell *cell, uint16_t index, uint32_t now)
{
    struct cell_part *part = &cell->parts[index / CELLBLOCK_PART];

    cell_part_advance(part, now);
    part->mask |= 1;
    cell->changed = now;
}

static void give_arrays(struct cell *cell)
{
    pool_give(cell->pool, (void **)&cell->members, &cell->members_room, sizeof(*cell->members));
    pool_give(cell->pool, (void **)&cell->lefts, &cell->lefts_room, sizeof(*cell->lefts));
    pool_give(cell->pool, (void **)&cell->parts, &cell->parts_room, sizeof(*cell->parts));
    pool_give(cell->pool, (void **)&cell->taken, &cell->taken_words, sizeof(*cell->taken));
}

static void expire_lefts(struct cell *cell, uint32_t now)
{
    uint32_t n = 0;

    while (n < cell->lefts_n && now - cell->lefts[n].tick > CELL_LEFT_TICKS) {
        uint32_t index = cell->lefts[n].index;

        cell->taken[index / 64] &= ~(UINT64_C(1) << (index % 64));
        n++;
    }
    cell->lefts_n -= n;
    if (n > 0)
        memmove(cell->lefts, cell->lefts + n, cell->lefts_n * sizeof(*cell->lefts));
}

void cells_expire(struct cells *cells, uint32_t now)
{
    for (uint32_t i = 0; i < cells->n; i++) {
        struct cell *cell = &cells->cells[i];

        if (!cell->used)
            continue;
        expire_lefts(cell, now);
        if (cell->members_n == 0 && now - cell->changed > CELL_EMPTY_TICKS && cell->since == 0 &&
            cell->nodes == 0) {
            table_remove(cells, i);
            give_arrays(cell);
            cell->used = false;
            cells->used--;
            if (i < cells->lowest_hole)
                cells->lowest_hole = i;
        }
    }
    while (cells->n > 0 && !cells->cells[cells->n - 1].used)
        cells->n--;
}

/* ---- divisions ---- */

/* The first node of a level. */
static const uint8_t first_node[SPACE_LEVEL_MAX + 1] = {0, 1, 5, CELL_NODES};

struct space_cell cell_of_node(struct space_cell level0, unsigned node)
{
    struct space_cell cell = level0;
    unsigned morton;

    while (cell.level < SPACE_LEVEL_MAX && node >= first_node[cell.level + 1])
        cell.level++;
    morton = node - first_node[cell.level];
    for (unsigned bit = cell.level; bit-- > 0;) {
        unsigned quarter = morton >> (2 * bit) & 3;

        cell.x = (int32_t)((uint32_t)cell.x << 1 | (quarter & 1));
        cell.z = (int32_t)((uint32_t)cell.z << 1 | quarter >> 1);
    }
    return cell;
}

unsigned cell_node(struct space_cell cell)
{
    unsigned morton = 0;

    for (unsigned bit = cell.level; bit-- > 0;)
        morton = morton << 2 | ((uint32_t)cell.z >> bit & 1) << 1 | ((uint32_t)cell.x >> bit & 1);
    return first_node[cell.level] + morton;
}

struct space_cell cells_leaf(const struct cells *cells, struct space_pos pos, uint8_t layer)
{
    struct space_cell leaf = space_cell_of(pos);
    uint32_t number = cells_find(cells, leaf, layer);

    if (number == CELL_NONE)
        return leaf;
    while (leaf.level < SPACE_LEVEL_MAX && cells->cells[number].nodes >> cell_node(leaf) & 1)
        leaf = space_cell_at(pos, (uint8_t)(leaf.level + 1));
    return leaf;
}

void cells_fini(struct cells *cells)
{
    pool_fini(&cells->pool);
    free(cells->cells);
    free(cells->table);
    *cells = (struct cells){0};
}

void cell_part_advance(struct cell_part *part, uint32_t now)
{
    uint32_t ago = now - part->tick;
    uint32_t out;

    if (ago == 0)
        return;
    out = ago >= 32 ? part->mask : part->mask >> (32 - ago);
    if (out != 0)
        part->before = part->tick - (ago >= 32 ? 0 : 32 - ago) - (uint32_t)__builtin_ctz(out);
    part->mask = ago >= 32 ? 0 : part->mask << ago;
    part->tick = now;
}

uint32_t cell_part_changed(const struct cell_part *part)
{
    return part->mask == 0 ? part->before : part->tick - (uint32_t)__builtin_ctz(part->mask);
}

uint32_t cell_part_change_before(const struct cell_part *part, uint32_t ago)
{
    uint32_t older = ago >= 32 ? 0 : part->mask >> ago;

    return older == 0 ? part->before : part->tick - ago - (uint32_t)__builtin_ctz(older);
}

/* Set the bit of an index; false if it was set. */
static bool take_bit(struct cell *cell, uint16_t index)
{
    uint64_t bit = UINT64_C(1) << (index % 64);

    if (index / CELLBLOCK_PART >= cell->parts_n || cell->taken[index / 64] & bit)
        return false;
    cell->taken[index / 64] |= bit;
    return true;
}

int cell_restore(struct cell *cell)
{
    if (pool_grow(cell->pool, (void **)&cell->taken, &cell->taken_words, INDEXES_MAX / 64,
                  sizeof(*cell->taken)) != 0)
        return -1;
    for (uint32_t i = 0; i < cell->members_n; i++) {
        if (i > 0 && cell->members[i].index <= cell->members[i - 1].index)
            return -1;
        if (!take_bit(cell, cell->members[i].index))
            return -1;
    }
    for (uint32_t i = 0; i < cell->lefts_n; i++) {
        if (!take_bit(cell, cell->lefts[i].index))
            return -1;
    }
    return 0;
}
