/* terrain_mesh.h -- the ground as triangles: chunks of a fixed grid, cut from the height field.
 *
 * A chunk of level k has TERRAIN_QUADS squares an edge, each 2^k m: its samples are every 2^k-th of
 * the field, taken as they are (decimated, not filtered), so that a coarse chunk's samples equal
 * the finer one's bit for bit. Squares are split from (x+1, z) to (x, z+1), as heightfield.h says.
 * A skirt hangs from the edge to close the gap where levels meet. Pure; any thread. */
#ifndef OPENMMO_CLIENT_WORLD_TERRAIN_MESH_H
#define OPENMMO_CLIENT_WORLD_TERRAIN_MESH_H

#include <stdbool.h>
#include <stdint.h>

#include "common/heightfield.h"

#define TERRAIN_QUADS      16
#define TERRAIN_EDGE       (TERRAIN_QUADS + 1)
#define TERRAIN_GRID       (TERRAIN_EDGE * TERRAIN_EDGE)
#define TERRAIN_VERTICES   (TERRAIN_GRID + 4 * TERRAIN_EDGE)
#define TERRAIN_INDICES    ((TERRAIN_QUADS * TERRAIN_QUADS + 4 * TERRAIN_QUADS) * 6)
#define TERRAIN_LEVELS_MAX 11

/* Where it lies follows from its number: the grid row by row (z outer), then the four skirts
 * (north, south, west, east). */
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

/* Cut a chunk; *low and *high: its heights in 1/64 m, the skirt included. */
void terrain_mesh_cut(const struct heightfield *field, struct terrain_place place,
                      struct terrain_vertex vertices[TERRAIN_VERTICES], int32_t *low,
                      int32_t *high);

/* The triangles, counter-clockwise seen from above; the same for all chunks. flip: the wrong
 * diagonal, for tests. */
void terrain_mesh_indices(uint16_t indices[TERRAIN_INDICES], bool flip);

#endif
