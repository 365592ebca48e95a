/* block.c -- the blocks of a snapshot's cells: chosen by what a receiver has, encoded once on first
 * demand.
 *
 * A block over (from, to] is made of what is true at `to` and of who left in between:
 *   left     listed with a tick later than `from` (also who came and went: someone may know them)
 *   entered  members whose in-cell index is younger than `from`
 *   moved, changed  other members whose last move or change is later than `from`
 *
 * `from` is the cell part's last change before the tier's window: nothing happened in between, so
 * the block reaches back that far for nothing. */
#include <assert.h>
#include <string.h>

#include "sim/snapshot_build.h"

#define FULL        SNAPSHOT_TIERS /* the last slot */
#define RECORDS_MAX (4 * CELLBLOCK_PART)

struct records {
    struct cellblock_record list[RECORDS_MAX];
    size_t n;
};

struct demand {
    struct snapshot *snapshot;
    const struct snapshot_cell *cell;
    uint16_t part;
    uint32_t from;
};

static void add_lefts(struct records *records, const struct demand *demand)
{
    size_t first = records->n;

    for (uint32_t i = 0; i < demand->cell->lefts_n; i++) {
        const struct cell_left *left = &demand->cell->lefts[i];
        size_t at = records->n;

        if (left->tick <= demand->from || left->index / CELLBLOCK_PART != demand->part)
            continue;
        assert(records->n < RECORDS_MAX);
        /* They are listed by tick; a block wants them by index. */
        while (at > first && records->list[at - 1].index > left->index) {
            records->list[at] = records->list[at - 1];
            at--;
        }
        records->list[at] = (struct cellblock_record){
            .kind = CELLBLOCK_LEFT,
            .index = left->index,
            .entity = left->entity,
            .gone = left->gone,
            .to = left->to,
        };
        records->n++;
    }
}

static bool concerns(const struct figure *figure, uint32_t from, enum cellblock_kind kind)
{
    bool entered = from == CELLBLOCK_NONE || figure->entered > from;

    switch (kind) {
    case CELLBLOCK_LEFT:
        return false;
    case CELLBLOCK_ENTERED:
        return entered;
    case CELLBLOCK_MOVED:
        return !entered && (figure->placed > from || figure->turned > from);
    case CELLBLOCK_CHANGED:
        return !entered && figure->changed > from;
    }
    return false;
}

static void add_members(struct records *records, const struct demand *demand,
                        enum cellblock_kind kind)
{
    const struct snapshot_part *part = snapshot_cell_part(demand->cell, demand->part);

    for (uint32_t i = 0; i < part->members_n; i++) {
        uint32_t slot = part->members[i].slot;
        const struct figure *figure = &demand->snapshot->figures[slot];

        if (!concerns(figure, demand->from, kind))
            continue;
        records->list[records->n++] = (struct cellblock_record){
            .kind = kind,
            .index = part->members[i].index,
            .entity = demand->snapshot->entities[slot].id,
            .version = demand->snapshot->entities[slot].version,
            .placed = figure->placed > demand->from,
            .turned = figure->turned > demand->from,
            .state = figure->wire,
        };
    }
}

/* A block into the thread's arena. NULL: out of memory, or it does not fit a block
 * (*too_long). */
static struct snapshot_encoded *write_block(struct snapshot *snapshot,
                                            const struct cellblock_header *header,
                                            const struct records *records, unsigned thread,
                                            bool *too_long)
{
    uint8_t block[CELLBLOCK_MAX_BYTES];
    size_t len = cellblock_encode(header, records->list, records->n, block, sizeof(block));
    struct snapshot_encoded *encoded;

    *too_long = len == 0;
    if (len == 0)
        return NULL;
    encoded = snapshot_arena_take(snapshot, thread, sizeof(*encoded) + len);
    if (encoded == NULL)
        return NULL;
    encoded->bytes_n = (uint32_t)len;
    encoded->from = header->from;
    memcpy(encoded->bytes, block, len);
    return encoded;
}

static struct cellblock_header header_of(const struct snapshot *snapshot, struct space_cell at,
                                         uint8_t layer, uint16_t part)
{
    return (struct cellblock_header){
        .key =
            {.source = snapshot->source, .layer = layer, .level = at.level, .x = at.x, .z = at.z},
        .first = (uint16_t)(part * CELLBLOCK_PART),
        .last = (uint16_t)(part * CELLBLOCK_PART + CELLBLOCK_PART - 1),
        .from = CELLBLOCK_NONE,
        .to = snapshot->tick,
    };
}

static struct snapshot_encoded *encode(const struct demand *demand, unsigned thread, bool *too_long)
{
    struct cellblock_header header =
        header_of(demand->snapshot, demand->cell->at, demand->cell->layer, demand->part);
    struct snapshot_encoded *encoded;
    struct records records;

    records.n = 0;
    header.from = demand->from;
    if (demand->from != CELLBLOCK_NONE)
        add_lefts(&records, demand);
    add_members(&records, demand, CELLBLOCK_ENTERED);
    if (demand->from != CELLBLOCK_NONE) {
        add_members(&records, demand, CELLBLOCK_MOVED);
        add_members(&records, demand, CELLBLOCK_CHANGED);
    }
    encoded = write_block(demand->snapshot, &header, &records, thread, too_long);
    if (encoded != NULL) {
        encoded->empty = snapshot_cell_part(demand->cell, demand->part)->members_n == 0;
        demand->snapshot->arenas[thread].blocks_n++;
    }
    return encoded;
}

static void describe(const struct snapshot *snapshot, const struct snapshot_encoded *encoded,
                     struct snapshot_block *block)
{
    *block = (struct snapshot_block){encoded->bytes, encoded->bytes_n, encoded->from,
                                     snapshot->tick, encoded->empty};
}

/* The slot's block, made if nobody made it yet. NULL as for write_block. */
static struct snapshot_encoded *demand_slot(struct demand *demand, unsigned slot, unsigned thread,
                                            bool *too_long)
{
    struct snapshot_part *part = snapshot_cell_part(demand->cell, demand->part);
    /* acquire: the bytes were written before the pointer */
    struct snapshot_encoded *known =
        atomic_load_explicit(&part->blocks[slot], memory_order_acquire);
    struct snapshot_encoded *mine;

    *too_long = false;
    if (known != NULL)
        return known;
    mine = encode(demand, thread, too_long);
    if (mine == NULL)
        return NULL;
    /* release: publish our bytes; acquire: read the winner's */
    if (atomic_compare_exchange_strong_explicit(&part->blocks[slot], &known, mine,
                                                memory_order_acq_rel, memory_order_acquire))
        return mine;
    snapshot_arena_undo(demand->snapshot, thread, sizeof(*mine) + mine->bytes_n);
    return known;
}

/* The lowest tier from min_tier on that reaches back to have; FULL if none does. *from: where it
 * begins. */
static unsigned choose(const struct cell_part *history, uint32_t have, unsigned min_tier,
                       uint32_t *from)
{
    for (unsigned k = min_tier; have != CELLBLOCK_NONE && k < SNAPSHOT_TIERS; k++) {
        *from = cell_part_change_before(history, 1u << k);
        if (*from > have)
            continue;
        /* A lower tier that begins at the same tick is the same block. */
        while (k > 0 && cell_part_change_before(history, 1u << (k - 1)) == *from)
            k--;
        return k;
    }
    *from = CELLBLOCK_NONE;
    return FULL;
}

int snapshot_block(struct snapshot *snapshot, const struct snapshot_cell *cell, uint16_t part,
                   uint32_t have, unsigned min_tier, unsigned thread, struct snapshot_block *block)
{
    struct demand demand = {snapshot, cell, part, CELLBLOCK_NONE};
    const struct cell_part *history;
    struct snapshot_encoded *encoded;
    unsigned slot;
    bool too_long;

    if (part >= cell->parts_n)
        return snapshot_block_gone(snapshot, cell->at, cell->layer, part, thread, block);
    history = &snapshot_cell_part(cell, part)->history;
    if (have != CELLBLOCK_NONE && have >= cell_part_changed(history))
        return 0;
    slot = choose(history, have, min_tier, &demand.from);
    encoded = demand_slot(&demand, slot, thread, &too_long);
    if (encoded == NULL && too_long && slot != FULL) {
        demand.from = CELLBLOCK_NONE;
        encoded = demand_slot(&demand, FULL, thread, &too_long);
    }
    if (encoded == NULL)
        return -1;
    describe(snapshot, encoded, block);
    return 1;
}

int snapshot_block_gone(struct snapshot *snapshot, struct space_cell cell, uint8_t layer,
                        uint16_t part, unsigned thread, struct snapshot_block *block)
{
    struct cellblock_header header = header_of(snapshot, cell, layer, part);
    struct snapshot_encoded *encoded;
    struct records none;
    bool too_long;

    none.n = 0;
    encoded = write_block(snapshot, &header, &none, thread, &too_long);
    if (encoded == NULL)
        return -1;
    encoded->empty = true;
    describe(snapshot, encoded, block);
    return 1;
}
