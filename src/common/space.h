/* space.h -- the world's units. Right-handed, y up, origin in the world's middle; yaw 0 looks along
 * -z and grows counter-clockwise seen from above (so yaw a looks along (-sin a, -cos a) in (x, z)).
 *
 * Integers only: the simulation must give the same state on every machine. Rounding is floor
 * everywhere, by arithmetic shift, so that -0.1 m lies in cell -1 and 63.995 m does not wrap to 0.
 */
#ifndef OPENMMO_COMMON_SPACE_H
#define OPENMMO_COMMON_SPACE_H

#include <stdbool.h>
#include <stdint.h>

#define SPACE_UNITS_PER_M 4096 /* sim quantum 1/4096 m; int32 reaches +-524 km */
#define SPACE_UNITS_SHIFT 12
#define SPACE_WIRE_PER_M  64 /* wire quantum in blocks: 1/64 m */
#define SPACE_WIRE_SHIFT  6  /* units >> 6 = wire */
#define SPACE_CELL_M      64
#define SPACE_CELL_SHIFT  18   /* units >> 18 = cell index at level 0 */
#define SPACE_LEVEL_MAX   3    /* the finest: 8 m */
#define SPACE_LEAVES_MAX  64   /* cells of the finest level in one of level 0 */
#define SPACE_CELL_WIRE   4096 /* wire quanta along a cell's edge: 12 bits an axis */
#define SPACE_LIMIT_UNITS (INT32_C(512000) * SPACE_UNITS_PER_M) /* no position is beyond */

struct space_pos {
    int32_t x, y, z; /* 1/4096 m */
};

/* A square of the world. Level 0 has edges of 64 m; each level halves the edge: 1: 32 m, 2: 16 m,
 * 3: 8 m. Two cells are the same iff all three fields are. */
struct space_cell {
    int32_t x, z;  /* indices at that level: floor(coordinate / edge) */
    uint8_t level; /* 0..SPACE_LEVEL_MAX */
};

/* The cell of a level that a position lies in. */
static inline struct space_cell space_cell_at(struct space_pos p, uint8_t level)
{
    return (struct space_cell){p.x >> (SPACE_CELL_SHIFT - level), p.z >> (SPACE_CELL_SHIFT - level),
                               level};
}

/* The level 0 cell that a position lies in. */
static inline struct space_cell space_cell_of(struct space_pos p)
{
    return space_cell_at(p, 0);
}

/* The cell of `level` (0..cell.level) that holds the cell. */
static inline struct space_cell space_cell_up(struct space_cell cell, uint8_t level)
{
    return (struct space_cell){cell.x >> (cell.level - level), cell.z >> (cell.level - level),
                               level};
}

static inline bool space_cell_same(struct space_cell a, struct space_cell b)
{
    return a.x == b.x && a.z == b.z && a.level == b.level;
}

/* A coordinate in wire quanta (floor), over the whole world. */
static inline int32_t space_wire(int32_t units)
{
    return units >> SPACE_WIRE_SHIFT;
}

/* A coordinate in wire quanta relative to its cell, 0..4095. */
static inline uint16_t space_wire_in_cell(int32_t units)
{
    return (uint16_t)((units >> SPACE_WIRE_SHIFT) & (SPACE_CELL_WIRE - 1));
}

/* The units at a wire quantum's lower edge. */
static inline int32_t space_from_wire(int32_t cell_index, int32_t wire_in_cell)
{
    return (int32_t)(((int64_t)cell_index * SPACE_CELL_WIRE + wire_in_cell) *
                     (1 << SPACE_WIRE_SHIFT));
}

#endif
