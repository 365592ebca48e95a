/* terrain_mesh.h -- the ground as triangles: chunks of a fixed grid, cut from the height field.
 *
 * A chunk of level k has TERRAIN_QUADS squares an edge, each 2^k m: its samples are every 2^k-th of
 * the field, taken as they are (decimated, not filtered), so that a coarse chunk's samples equal
 * the finer one's bit for bit. Squares are split from (x+1, z) to (x, z+1), as heightfield.h says.
 * Towards a coarser neighbour the edge is stitched: it leaves out the vertices that the neighbour
 * lacks, so that nothing gapes. Pure; any thread. */
#ifndef OPENMMO_CLIENT_WORLD_TERRAIN_MESH_H
#define OPENMMO_CLIENT_WORLD_TERRAIN_MESH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/heightfield.h"

#define TERRAIN_QUADS      16
#define TERRAIN_EDGE       (TERRAIN_QUADS + 1)
#define TERRAIN_VERTICES   (TERRAIN_EDGE * TERRAIN_EDGE)
#define TERRAIN_INDICES    (TERRAIN_QUADS * TERRAIN_QUADS * 6)
#define TERRAIN_COARSER    3 /* a neighbour may be coarser by 0, 1 or 2 levels */
#define TERRAIN_STITCHES   (TERRAIN_COARSER * TERRAIN_COARSER * TERRAIN_COARSER * TERRAIN_COARSER)
#define TERRAIN_LEVELS_MAX 11

/* Where it lies follows from its number: the grid row by row, z outer. */
struct terrain_vertex {
    uint16_t height;           /* 1/64 m */
    int8_t normal_x, normal_z; /* 1/127; y follows, upwards */
};

struct terrain_place {
    int32_t x_m, z_m; /* north-western corner, a multiple of the edge */
    unsigned level;
};

/* Edge of a chunk in metres. */
static inline int32_t terrain_edge_m(unsigned level)
{
    return TERRAIN_QUADS << level;
}

/* Cut a chunk; *low and *high: its heights in 1/64 m. */
void terrain_mesh_cut(const struct heightfield *field, struct terrain_place place,
                      struct terrain_vertex vertices[TERRAIN_VERTICES], int32_t *low,
                      int32_t *high);

/* By how many levels each neighbour is coarser, 0..TERRAIN_COARSER - 1 (what is more counts as
 * that). */
struct terrain_stitch {
    uint8_t north, south, west, east;
};

/* The number of a stitch, 0..TERRAIN_STITCHES - 1; 0: no neighbour is coarser. */
static inline unsigned terrain_stitch_number(struct terrain_stitch s)
{
    return ((s.north * TERRAIN_COARSER + s.south) * TERRAIN_COARSER + s.west) * TERRAIN_COARSER +
           s.east;
}

/* The triangles of a chunk with that stitch, counter-clockwise seen from above. flip: the wrong
 * diagonal, for tests. */
void terrain_mesh_indices(uint16_t indices[TERRAIN_INDICES], struct terrain_stitch stitch,
                          bool flip);

#endif
