/* figure_mesh.c -- see figure_mesh.h. */
#include "gfx/figure_mesh.h"

#include <assert.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#define SIDES_FINE  8
#define SIDES_PLAIN 4

/* A block between two heights: a rectangle with cut corners below, another above, its ends rounded
 * off. */
struct block {
    uint8_t limb, part;
    bool paired;    /* the same mirrored at x = 0, on the next limb */
    uint8_t meshes; /* in which it is, a bit each */
    float x;
    float y0, z0, half_x0, half_z0; /* lower end */
    float y1, z1, half_x1, half_z1; /* upper end */
    float round;                    /* height of the rounding */
};

#define IN(detail) (1u << (detail))
#define NEAR       IN(FIGURE_FINE)
#define BODY       (NEAR | IN(FIGURE_PLAIN))
#define ALL        (BODY | IN(FIGURE_COARSE))
#define FAR        IN(FIGURE_COARSE)

/* clang-format off */
static const struct block blocks[] = {
    /* limb           part           pair   meshes   x      y0     z0     hx0    hz0     y1     z1     hx1    hz1   round */
    {FIGURE_HEAD,    FIGURE_SKIN,     false, ALL,   0.000f, 1.515f,-0.010f,0.078f,0.088f, 1.745f, 0.000f,0.098f,0.108f,0.040f},
    {FIGURE_HEAD,    FIGURE_HAIR,     false, ALL,   0.000f, 1.690f, 0.012f,0.108f,0.114f, 1.800f, 0.020f,0.092f,0.100f,0.035f},
    {FIGURE_HEAD,    FIGURE_HAIR,     false, NEAR,   0.000f, 1.560f, 0.078f,0.090f,0.040f, 1.760f, 0.072f,0.104f,0.050f,0.030f},
    {FIGURE_HEAD,    FIGURE_EYES,     true,  NEAR,   0.040f, 1.632f,-0.094f,0.014f,0.014f, 1.664f,-0.096f,0.014f,0.014f,0.008f},
    {FIGURE_HEAD,    FIGURE_SKIN,     false, NEAR,   0.000f, 1.588f,-0.108f,0.018f,0.020f, 1.640f,-0.102f,0.012f,0.012f,0.008f},
    {FIGURE_TORSO,   FIGURE_SKIN,     false, NEAR,   0.000f, 1.420f, 0.005f,0.056f,0.056f, 1.540f,-0.005f,0.050f,0.054f,0.010f},
    {FIGURE_TORSO,   FIGURE_SHIRT,    false, BODY,  0.000f, 0.945f, 0.000f,0.156f,0.102f, 1.465f, 0.000f,0.198f,0.112f,0.070f},
    {FIGURE_TORSO,   FIGURE_BELT,     false, NEAR,   0.000f, 0.925f, 0.000f,0.162f,0.109f, 0.975f, 0.000f,0.162f,0.109f,0.010f},
    {FIGURE_TORSO,   FIGURE_TROUSERS, false, BODY,  0.000f, 0.790f, 0.000f,0.150f,0.100f, 0.955f, 0.000f,0.160f,0.106f,0.040f},
    {FIGURE_ARM,     FIGURE_SHIRT,    true,  BODY,  0.226f, 1.105f, 0.000f,0.046f,0.052f, 1.452f, 0.000f,0.056f,0.066f,0.060f},
    {FIGURE_FOREARM, FIGURE_SKIN,     true,  BODY,  0.226f, 0.880f, 0.000f,0.036f,0.040f, 1.140f, 0.000f,0.044f,0.048f,0.025f},
    {FIGURE_FOREARM, FIGURE_SKIN,     true,  NEAR,   0.226f, 0.785f,-0.008f,0.030f,0.044f, 0.895f, 0.000f,0.034f,0.044f,0.025f},
    {FIGURE_THIGH,   FIGURE_TROUSERS, true,  BODY,  0.088f, 0.440f, 0.000f,0.060f,0.068f, 0.900f, 0.000f,0.078f,0.092f,0.030f},
    {FIGURE_SHIN,    FIGURE_TROUSERS, true,  BODY,  0.088f, 0.070f, 0.004f,0.048f,0.054f, 0.490f, 0.000f,0.059f,0.067f,0.025f},
    {FIGURE_SHIN,    FIGURE_SHOES,    true,  BODY,  0.088f, 0.000f,-0.040f,0.052f,0.125f, 0.100f,-0.010f,0.048f,0.080f,0.030f},
    /* Trunk and arms in one, and straight legs. */
    {FIGURE_TORSO,   FIGURE_SHIRT,    false, FAR,   0.000f, 0.900f, 0.000f,0.220f,0.100f, 1.530f, 0.000f,0.250f,0.105f,0.070f},
    {FIGURE_THIGH,   FIGURE_TROUSERS, true,  FAR,   0.088f, 0.000f,-0.010f,0.058f,0.090f, 0.950f, 0.000f,0.080f,0.096f,0.030f},
};
/* clang-format on */

/* The cross-section, counter-clockwise seen from above (x right, z down). */
static void section(unsigned side, unsigned sides, float *x, float *z)
{
    static const float fine[SIDES_FINE][2] = {{1.0f, -0.42f},  {0.42f, -1.0f}, {-0.42f, -1.0f},
                                              {-1.0f, -0.42f}, {-1.0f, 0.42f}, {-0.42f, 1.0f},
                                              {0.42f, 1.0f},   {1.0f, 0.42f}};
    static const float plain[SIDES_PLAIN][2] = {
        {0.88f, -0.88f}, {-0.88f, -0.88f}, {-0.88f, 0.88f}, {0.88f, 0.88f}};

    *x = sides == SIDES_FINE ? fine[side][0] : plain[side][0];
    *z = sides == SIDES_FINE ? fine[side][1] : plain[side][1];
}

static int8_t signed_norm(float value)
{
    return (int8_t)lrintf(value * 127.0f);
}

/* One ring of a block at a share of its height; scale: how far it is drawn in; tilt: y of its
 * normals. */
static void add_ring(struct figure_mesh *mesh, const struct block *block, unsigned sides,
                     const float at[3], bool mirrored)
{
    float y = at[0], scale = at[1], tilt = at[2];
    float t = (y - block->y0) / (block->y1 - block->y0);
    float half_x = block->half_x0 + (block->half_x1 - block->half_x0) * t;
    float half_z = block->half_z0 + (block->half_z1 - block->half_z0) * t;
    float middle_z = block->z0 + (block->z1 - block->z0) * t;

    assert(mesh->vertices_n + sides <= FIGURE_VERTICES_MAX);
    for (unsigned i = 0; i < sides; i++) {
        struct figure_vertex *vertex = &mesh->vertices[mesh->vertices_n++];
        float x, z, nx, nz, length;

        section(i, sides, &x, &z);
        nx = x * half_z;
        nz = z * half_x;
        length = sqrtf(nx * nx + nz * nz) / sqrtf(1.0f - tilt * tilt);
        memset(vertex, 0, sizeof(*vertex));
        vertex->position[0] = (mirrored ? -block->x : block->x) + x * half_x * scale;
        vertex->position[1] = y;
        vertex->position[2] = middle_z + z * half_z * scale;
        vertex->normal[0] = signed_norm(nx / length);
        vertex->normal[1] = signed_norm(tilt);
        vertex->normal[2] = signed_norm(nz / length);
        vertex->limb = (uint8_t)(block->limb + (mirrored && block->limb >= FIGURE_ARM));
        vertex->part = block->part;
    }
}

static void add_triangle(struct figure_mesh *mesh, unsigned a, unsigned b, unsigned c)
{
    assert(mesh->indices_n + 3 <= FIGURE_INDICES_MAX);
    mesh->indices[mesh->indices_n++] = (uint16_t)a;
    mesh->indices[mesh->indices_n++] = (uint16_t)b;
    mesh->indices[mesh->indices_n++] = (uint16_t)c;
}

static void add_block(struct figure_mesh *mesh, const struct block *block, unsigned sides,
                      bool mirrored)
{
    const float rings[4][3] = {{block->y0, 0.62f, -0.88f},
                               {block->y0 + block->round, 1.0f, -0.15f},
                               {block->y1 - block->round, 1.0f, 0.15f},
                               {block->y1, 0.62f, 0.88f}};
    const float plain[2][3] = {{block->y0, 0.95f, -0.45f}, {block->y1, 0.95f, 0.45f}};
    unsigned rings_n = sides == SIDES_FINE ? 4 : 2;
    unsigned first = mesh->vertices_n, last = first + (rings_n - 1) * sides;

    for (unsigned i = 0; i < rings_n; i++)
        add_ring(mesh, block, sides, sides == SIDES_FINE ? rings[i] : plain[i], mirrored);
    for (unsigned ring = 0; ring + 1 < rings_n; ring++) {
        for (unsigned i = 0; i < sides; i++) {
            unsigned a = first + ring * sides + i, b = first + ring * sides + (i + 1) % sides;

            add_triangle(mesh, a, b, b + sides);
            add_triangle(mesh, a, b + sides, a + sides);
        }
    }
    for (unsigned i = 1; i + 1 < sides; i++) {
        add_triangle(mesh, first, first + i + 1, first + i);
        add_triangle(mesh, last, last + i, last + i + 1);
    }
}

void figure_mesh_build(struct figure_mesh *mesh, enum figure_detail detail)
{
    unsigned sides = detail == FIGURE_FINE ? SIDES_FINE : SIDES_PLAIN;

    mesh->vertices_n = 0;
    mesh->indices_n = 0;
    for (unsigned i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
        if (!(blocks[i].meshes & IN(detail)))
            continue;
        add_block(mesh, &blocks[i], sides, false);
        if (blocks[i].paired)
            add_block(mesh, &blocks[i], sides, true);
    }
}
