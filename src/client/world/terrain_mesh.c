/* terrain_mesh.c -- see terrain_mesh.h. */
#include "world/terrain_mesh.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#define APRON (TERRAIN_EDGE + 2)

/* One normal by central differences; step: between samples, in metres. */
static void normal_at(const int32_t samples[APRON][APRON], int x, int z, float step,
                      struct terrain_vertex *vertex)
{
    float dx = (float)(samples[z + 1][x] - samples[z + 1][x + 2]) / (64.0f * 2.0f * step);
    float dz = (float)(samples[z][x + 1] - samples[z + 2][x + 1]) / (64.0f * 2.0f * step);
    float scale = 127.0f / sqrtf(dx * dx + dz * dz + 1.0f);

    vertex->normal_x = (int8_t)lrintf(dx * scale);
    vertex->normal_z = (int8_t)lrintf(dz * scale);
}

void terrain_mesh_cut(const struct heightfield *field, struct terrain_place place,
                      struct terrain_vertex vertices[TERRAIN_VERTICES], int32_t *low, int32_t *high)
{
    int32_t samples[APRON][APRON];
    int32_t step = 1 << place.level;

    assert(place.level < TERRAIN_LEVELS_MAX);
    *low = INT32_MAX;
    *high = 0;
    for (int z = 0; z < APRON; z++) {
        for (int x = 0; x < APRON; x++)
            samples[z][x] =
                heightfield_sample(field, place.x_m + (x - 1) * step, place.z_m + (z - 1) * step);
    }
    for (int z = 0; z < TERRAIN_EDGE; z++) {
        for (int x = 0; x < TERRAIN_EDGE; x++) {
            struct terrain_vertex *vertex = &vertices[z * TERRAIN_EDGE + x];
            int32_t height = samples[z + 1][x + 1];

            *low = height < *low ? height : *low;
            *high = height > *high ? height : *high;
            vertex->height = (uint16_t)height;
            normal_at(samples, x, z, (float)step, vertex);
        }
    }
}

static uint16_t *add_triangle(uint16_t *out, unsigned a, unsigned b, unsigned c)
{
    out[0] = (uint16_t)a;
    out[1] = (uint16_t)b;
    out[2] = (uint16_t)c;
    return out + 3;
}

/* The nearest number up from `at` that a neighbour coarser by so many levels has. */
static unsigned up_to(unsigned at, unsigned coarser)
{
    return (at + (1u << coarser) - 1) >> coarser << coarser;
}

/* The vertex at x, z, or on a stitched edge the next one that the neighbour has too: down on the
 * northern and western edge, up on the others, so that in no corner a triangle turns over. */
static unsigned vertex_at(unsigned x, unsigned z, struct terrain_stitch stitch)
{
    unsigned to_x = x, to_z = z;

    if (z == 0)
        to_x = x >> stitch.north << stitch.north;
    if (z == TERRAIN_QUADS)
        to_x = up_to(x, stitch.south);
    if (x == 0)
        to_z = z >> stitch.west << stitch.west;
    if (x == TERRAIN_QUADS)
        to_z = up_to(z, stitch.east);
    return to_z * TERRAIN_EDGE + to_x;
}

void terrain_mesh_indices(uint16_t indices[TERRAIN_INDICES], struct terrain_stitch stitch,
                          bool flip)
{
    uint16_t *out = indices;

    for (unsigned z = 0; z < TERRAIN_QUADS; z++) {
        for (unsigned x = 0; x < TERRAIN_QUADS; x++) {
            unsigned nw = vertex_at(x, z, stitch), ne = vertex_at(x + 1, z, stitch);
            unsigned sw = vertex_at(x, z + 1, stitch), se = vertex_at(x + 1, z + 1, stitch);

            out = add_triangle(out, nw, sw, flip ? se : ne);
            out = add_triangle(out, flip ? nw : ne, flip ? se : sw, flip ? ne : se);
        }
    }
    assert(out == indices + TERRAIN_INDICES);
}
