/* cell.h -- the cells of the world: who is in each, under which in-cell index, who left lately, and
 * in which ticks something changed. Inside sim/ only. Sim thread.
 *
 * Blocks need no log of moves: their records are absolute, so it is enough that each figure knows
 * the ticks in which it entered, moved and changed last (struct snapshot_figure). Only those who
 * left must be listed, for 32 ticks; for as long their index stays taken. An empty cell is
 * remembered for 64 ticks.
 *
 * A level 0 cell may be divided: a quadtree of at most three levels, one bit for each of its 21
 * inner nodes (nodes[0] the cell itself, 1..4 its quarters, 5..20 theirs, in Morton order). Its
 * leaves are cells like any others. To divide a cell is to let all its members go to other cells
 * (divide.c): indices, lists of who left and history need no exception. */
#ifndef OPENMMO_SIM_CELL_H
#define OPENMMO_SIM_CELL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/space.h"
#include "sim/pool.h"

#define CELL_LEFT_TICKS  32 /* how long one who left is listed and its index not given away */
#define CELL_EMPTY_TICKS 64 /* how long an empty cell is known */
#define CELL_NONE        UINT32_MAX
#define CELL_CACHE_LINE  64 /* bytes */

struct cell_member {
    uint32_t slot;
    uint16_t index;
};

struct cell_left {
    uint64_t entity;
    uint32_t tick;
    struct space_cell to;
    uint16_t index;
    bool gone; /* to nowhere */
};

/* When a part (CELLBLOCK_PART indices) changed: bit i of mask is tick - i; `before` is the last
 * change earlier than that, or a tick since which nothing changed up to the first change. */
struct cell_part {
    uint32_t mask, before, tick;
};

struct cell {
    struct pool *pool; /* of its arrays */
    struct space_cell at;
    uint8_t layer;
    bool used;
    struct cell_member *members; /* by index */
    uint32_t members_n, members_room;
    struct cell_left *lefts; /* oldest first */
    uint32_t lefts_n, lefts_room;
    struct cell_part *parts; /* at least one; never fewer while the cell lives */
    uint32_t parts_n, parts_room;
    uint64_t *taken; /* bit: an index in use or left lately */
    uint32_t taken_words;
    uint32_t changed; /* tick of the last change */
    uint32_t since;   /* level 1..3: tick in which it became a leaf; 0: it is none */
    uint32_t nodes;   /* level 0: which nodes are divided */
    uint32_t divided; /* level 0: tick in which that changed last; 0: never */
};

struct cells {
    struct cell *cells; /* with holes; a new one takes the lowest */
    uint32_t n, room, used, lowest_hole;
    uint32_t *table; /* cell number + 1, by hash of the key; 0: free */
    uint32_t table_mask;
    struct pool pool; /* it stays where it is: cells point to it */
};

/* Of a cell's key; snapshots look cells up by the same. */
uint32_t cells_hash(struct space_cell at, uint8_t layer);

/* The number of a cell; CELL_NONE if it is not known. */
uint32_t cells_find(const struct cells *cells, struct space_cell at, uint8_t layer);
/* The same; makes it if need be. CELL_NONE: out of memory. */
uint32_t cells_make(struct cells *cells, struct space_cell at, uint8_t layer, uint32_t now);
/* Make sure that so many can be let in without memory. -1: out of memory, or more than a cell
 * holds. */
int cell_reserve(struct cell *cell, uint32_t more_n, uint32_t now) MUST_CHECK;
/* Let a slot in. Returns its in-cell index, or -1: the cell is full or memory is out (nothing
 * changed). */
int cell_enter(struct cell *cell, uint32_t slot, uint32_t now) MUST_CHECK;
/* Let the member with left.index out; left is listed (cell_enter made the room). */
void cell_leave(struct cell *cell, const struct cell_left *left);
typedef struct cell_left cell_left_fn(void *context, const struct cell_member *member);
/* Let all members out at once; left(context, member) says how each is listed. */
void cell_leave_all(struct cell *cell, cell_left_fn *left, void *context);

/* Something about the member at index changed in this tick. */
void cell_touch(struct cell *cell, uint16_t index, uint32_t now);
/* The key of the leaf at a place: the level 0 cell's own where nothing is divided. */
struct space_cell cells_leaf(const struct cells *cells, struct space_pos pos, uint8_t layer);
#define CELL_NODES 21
/* The cell of a node 0..84 within a level 0 cell (21 and more: level 3). The quarters of node n are
 * the nodes 4n + 1 .. 4n + 4. */
struct space_cell cell_of_node(struct space_cell level0, unsigned node);
/* And back: the node that a cell is in its level 0 cell. */
unsigned cell_node(struct space_cell cell);

/* Start of a tick: forget who left long ago and cells long empty. Leaves of a division stay. */
void cells_expire(struct cells *cells, uint32_t now);
void cells_fini(struct cells *cells); /* frees all rows */

/* Bring the history up to a later tick. */
void cell_part_advance(struct cell_part *part, uint32_t now);
uint32_t cell_part_changed(const struct cell_part *part); /* tick of the last change */
/* The last change that is at least `ago` ticks (1..32) old. */
uint32_t cell_part_change_before(const struct cell_part *part, uint32_t ago);

/* For loading: room for so many, taken bits set for members and lefts. -1: out of memory or
 * malformed. */
int cell_restore(struct cell *cell) MUST_CHECK;
/* Make an array at least n long (doubling). -1: out of memory, nothing changed. */
int cell_grow(void **array, uint32_t *room, size_t n, size_t item_bytes) MUST_CHECK;
/* The same on whole cache lines, and what was in it is lost. -1: out of memory, it is empty. */
int cell_renew(void **array, uint32_t *room, size_t n, size_t item_bytes) MUST_CHECK;

#endif
