/* figure_mesh.h -- the body that all figures share: rigid limbs of rounded, tapered blocks.
 *
 * 1.80 m tall, feet at the origin, looking along -z. Three meshes: one for near by, a plain one for
 * further away, and a coarse one for where a figure is a few pixels tall. Pure. The enums are
 * figure.vert's and figure.frag's too. */
#ifndef OPENMMO_CLIENT_GFX_FIGURE_MESH_H
#define OPENMMO_CLIENT_GFX_FIGURE_MESH_H

#include <stdint.h>

#define FIGURE_VERTICES_MAX 1024
#define FIGURE_INDICES_MAX  6144
#define FIGURE_HEIGHT_M     1.8f

/* What turns together; of a pair the left one, the right one is that + 1. */
enum figure_limb {
    FIGURE_TORSO,
    FIGURE_HEAD,
    FIGURE_ARM,
    FIGURE_FOREARM = 4,
    FIGURE_THIGH = 6,
    FIGURE_SHIN = 8
};

enum figure_part {
    FIGURE_SKIN,
    FIGURE_HAIR,
    FIGURE_SHIRT,
    FIGURE_TROUSERS,
    FIGURE_SHOES,
    FIGURE_EYES,
    FIGURE_BELT
};

struct figure_vertex {
    float position[3];
    int8_t normal[4];
    uint8_t limb, part, zero[2];
};

struct figure_mesh {
    uint32_t vertices_n, indices_n;
    struct figure_vertex vertices[FIGURE_VERTICES_MAX];
    uint16_t indices[FIGURE_INDICES_MAX];
};

enum figure_detail { FIGURE_FINE, FIGURE_PLAIN, FIGURE_COARSE, FIGURE_DETAILS };

/* Build the body anew. */
void figure_mesh_build(struct figure_mesh *mesh, enum figure_detail detail);

#endif
