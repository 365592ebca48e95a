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

/* The grid's vertex that a skirt's vertex hangs from. */
static uint16_t above_skirt(unsigned side, unsigned i)
{
    static const struct {
        uint16_t first, step;
    } edges[4] = {{0, 1},
                  {TERRAIN_QUADS * TERRAIN_EDGE, 1},
                  {0, TERRAIN_EDGE},
                  {TERRAIN_QUADS, TERRAIN_EDGE}};

    return (uint16_t)(edges[side].first + i * edges[side].step);
}

void terrain_mesh_cut(const struct heightfield *field, struct terrain_place place,
                      struct terrain_vertex vertices[TERRAIN_VERTICES], int32_t *low, int32_t *high)
{
    int32_t samples[APRON][APRON];
    int32_t step = 1 << place.level;
    int32_t drop = 64 * 2 * step;

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
    for (unsigned side = 0; side < 4; side++) {
        for (unsigned i = 0; i < TERRAIN_EDGE; i++) {
            struct terrain_vertex *vertex = &vertices[TERRAIN_GRID + side * TERRAIN_EDGE + i];

            *vertex = vertices[above_skirt(side, i)];
            vertex->height = (uint16_t)(vertex->height > drop ? vertex->height - drop : 0);
        }
    }
    *low = *low > drop ? *low - drop : 0;
}

static uint16_t *add_triangle(uint16_t *out, unsigned a, unsigned b, unsigned c)
{
    out[0] = (uint16_t)a;
    out[1] = (uint16_t)b;
    out[2] = (uint16_t)c;
    return out + 3;
}

void terrain_mesh_indices(uint16_t indices[TERRAIN_INDICES], bool flip)
{
    uint16_t *out = indices;

    for (unsigned z = 0; z < TERRAIN_QUADS; z++) {
        for (unsigned x = 0; x < TERRAIN_QUADS; x++) {
            unsigned nw = z * TERRAIN_EDGE + x, ne = nw + 1;
            unsigned sw = nw + TERRAIN_EDGE, se = sw + 1;

            out = add_triangle(out, nw, sw, flip ? se : ne);
            out = add_triangle(out, flip ? nw : ne, flip ? se : sw, flip ? ne : se);
        }
    }
    for (unsigned side = 0; side < 4; side++) {
        bool turned = side == 1 || side == 2; /* so that all four look outwards */

        for (unsigned i = 0; i < TERRAIN_QUADS; i++) {
            unsigned a = above_skirt(side, i), b = above_skirt(side, i + 1);
            unsigned c = TERRAIN_GRID + side * TERRAIN_EDGE + i, d = c + 1;

            out = turned ? add_triangle(out, a, c, b) : add_triangle(out, a, b, c);
            out = turned ? add_triangle(out, b, c, d) : add_triangle(out, b, d, c);
        }
    }
    assert(out == indices + TERRAIN_INDICES);
}
