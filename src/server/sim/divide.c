/* divide.c -- dense cells are divided into quarters and put together again, at the end of a step.
 *
 * A leaf with more than divide_above members becomes four (64 -> 32 -> 16 -> 8 m). Four leaves of
 * one parent with fewer than half as many members in all become one again, when none of them is
 * younger than DIVIDE_REST ticks. Each level 0 cell is decided for itself, by its members alone: no
 * order of cells matters. When memory is out a cell stays as it is, and is looked at again in the
 * next tick. */
#include "sim/world.h"

#define DIVIDE_REST (2 * SIM_TICK_HZ)
#define QUARTERS    4

static struct cell *cell_number(struct sim *sim, uint32_t number)
{
    return &sim->cells.cells[number];
}

/* Let a member of another cell into this one, which has room. */
static struct cell_left move_member(struct sim *sim, const struct cell_member *member,
                                    uint32_t number)
{
    struct snapshot_entity *entity = &sim->entities[member->slot];
    struct cell *to = cell_number(sim, number);
    struct cell_left left = {entity->id, sim->tick, to->at, member->index, false};
    int index = cell_enter(to, member->slot, sim->tick);

    entity->cell = to->at;
    entity->index = (uint16_t)index;
    sim->movers[member->slot].cell = number;
    sim->figures[member->slot].entered = sim->tick;
    return left;
}

/* ---- one becomes four ---- */

struct split {
    struct sim *sim;
    uint8_t level; /* of the quarters */
    uint32_t quarters[QUARTERS];
};

static unsigned quarter_of(const struct split *split, uint32_t slot)
{
    struct space_cell at = space_cell_at(split->sim->entities[slot].state.pos, split->level);

    return (unsigned)((at.z & 1) << 1 | (at.x & 1));
}

static struct cell_left leave_whole(void *context, const struct cell_member *member)
{
    struct split *split = context;

    return move_member(split->sim, member, split->quarters[quarter_of(split, member->slot)]);
}

/* Make the quarters, with room for all that will come. -1: out of memory; what was made is empty
 * and will be forgotten. */
static int make_quarters(struct split *split, uint32_t number)
{
    struct sim *sim = split->sim;
    struct space_cell at = cell_number(sim, number)->at;
    uint8_t layer = cell_number(sim, number)->layer;
    uint32_t come[QUARTERS] = {0};

    split->level = (uint8_t)(at.level + 1);
    for (unsigned i = 0; i < QUARTERS; i++) {
        struct space_cell quarter = {(int32_t)((uint32_t)at.x << 1 | (i & 1)),
                                     (int32_t)((uint32_t)at.z << 1 | i >> 1), split->level};

        split->quarters[i] = cells_make(&sim->cells, quarter, layer, sim->tick);
        if (split->quarters[i] == CELL_NONE)
            return -1;
    }
    for (uint32_t i = 0; i < cell_number(sim, number)->members_n; i++)
        come[quarter_of(split, cell_number(sim, number)->members[i].slot)]++;
    for (unsigned i = 0; i < QUARTERS; i++) {
        if (cell_reserve(cell_number(sim, split->quarters[i]), come[i], sim->tick) != 0)
            return -1;
    }
    return 0;
}

static struct cell *level0_of(struct sim *sim, const struct cell *cell)
{
    uint32_t number = cells_find(&sim->cells, space_cell_up(cell->at, 0), cell->layer);

    return cell_number(sim, number); /* it stays while it is divided */
}

static void split(struct sim *sim, uint32_t number);

static void split_dense(struct sim *sim, uint32_t number)
{
    const struct cell *cell = cell_number(sim, number);

    if (cell->members_n > sim->config.divide_above && cell->at.level < SPACE_LEVEL_MAX)
        split(sim, number);
}

static void split(struct sim *sim, uint32_t number)
{
    struct split into = {.sim = sim};
    struct cell *cell;
    struct cell *level0;

    if (make_quarters(&into, number) != 0)
        return;
    cell = cell_number(sim, number);
    level0 = level0_of(sim, cell);
    cell_leave_all(cell, leave_whole, &into);
    cell->since = 0;
    level0->nodes |= UINT32_C(1) << cell_node(cell->at);
    level0->divided = sim->tick;
    for (unsigned i = 0; i < QUARTERS; i++)
        cell_number(sim, into.quarters[i])->since = sim->tick;
    for (unsigned i = 0; i < QUARTERS; i++)
        split_dense(sim, into.quarters[i]);
}

/* ---- four become one ---- */

struct merge {
    struct sim *sim;
    uint32_t whole;
};

static struct cell_left leave_quarter(void *context, const struct cell_member *member)
{
    struct merge *merge = context;

    return move_member(merge->sim, member, merge->whole);
}

/* The four leaves of a node. False: too many members, or too young. */
static bool may_merge(const struct sim *sim, const struct cell *level0, unsigned node,
                      uint32_t quarters[QUARTERS], uint32_t *members_n)
{
    *members_n = 0;
    for (unsigned i = 0; i < QUARTERS; i++) {
        const struct cell *quarter;

        quarters[i] =
            cells_find(&sim->cells, cell_of_node(level0->at, 4 * node + 1 + i), level0->layer);
        quarter = &sim->cells.cells[quarters[i]]; /* a leaf stays while it is one */
        *members_n += quarter->members_n;
        if (sim->tick - quarter->since < DIVIDE_REST)
            return false;
    }
    return *members_n < sim->config.divide_above / 2;
}

static void merge_node(struct sim *sim, uint32_t level0, unsigned node)
{
    struct merge merge = {.sim = sim};
    uint32_t quarters[QUARTERS];
    uint32_t members_n;

    if (!may_merge(sim, cell_number(sim, level0), node, quarters, &members_n))
        return;
    merge.whole = cells_make(&sim->cells, cell_of_node(cell_number(sim, level0)->at, node),
                             cell_number(sim, level0)->layer, sim->tick);
    if (merge.whole == CELL_NONE ||
        cell_reserve(cell_number(sim, merge.whole), members_n, sim->tick) != 0)
        return;
    for (unsigned i = 0; i < QUARTERS; i++) {
        cell_leave_all(cell_number(sim, quarters[i]), leave_quarter, &merge);
        cell_number(sim, quarters[i])->since = 0;
    }
    if (node > 0)
        cell_number(sim, merge.whole)->since = sim->tick;
    cell_number(sim, level0)->nodes &= ~(UINT32_C(1) << node);
    cell_number(sim, level0)->divided = sim->tick;
}

/* Nodes without divided quarters, the deepest first. */
static void merge_sparse(struct sim *sim, uint32_t number)
{
    for (unsigned node = CELL_NODES; node-- > 0;) {
        uint32_t nodes = cell_number(sim, number)->nodes;
        uint32_t quarters = 4 * node + 1 < CELL_NODES ? UINT32_C(15) << (4 * node + 1) : 0;

        if (nodes >> node & 1 && (nodes & quarters) == 0)
            merge_node(sim, number, node);
    }
}

void world_divide(struct sim *sim)
{
    uint32_t n = sim->config.divide_above == 0
                     ? 0
                     : sim->cells.n; /* those that come now are looked at by their makers */

    for (uint32_t i = 0; i < n; i++) {
        if (!cell_number(sim, i)->used)
            continue;
        split_dense(sim, i);
        if (cell_number(sim, i)->nodes != 0)
            merge_sparse(sim, i);
    }
}
