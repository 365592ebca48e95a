/* terrain.h -- which chunks of ground are drawn, and which lie in the device's slots.
 *
 * A quadtree around the eye: a node is split while the eye is nearer than `detail` times its edge,
 * so that neighbours are at most one level apart. A node is cut before its children, and stands in
 * for them until all four are there. Chunks keep a slot until it is needed by another that was used
 * more recently. Knows nothing of Vulkan: the caller draws and fills the slots. One thread. */
#ifndef OPENMMO_CLIENT_WORLD_TERRAIN_H
#define OPENMMO_CLIENT_WORLD_TERRAIN_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/space.h"
#include "world/terrain_mesh.h"

#define TERRAIN_SLOTS 2048

struct terrain;

struct terrain_draw {
    struct terrain_place place;
    uint32_t slot;
    struct terrain_stitch stitch;
    float distance_m; /* from the eye to its nearest edge, in plan */
};

struct terrain_look {
    struct space_pos eye;
    float view_m;    /* nothing beyond is drawn */
    float detail;    /* at least 1 */
    uint32_t budget; /* how many of the two finest levels may be cut; coarser ones always are */
    /* False where the box (1/4096 m, lower and upper corner) cannot be seen. */
    bool (*sees)(void *context, struct space_pos low, struct space_pos high);
    /* Put a chunk's vertices into a slot; -1: not now. */
    int (*load)(void *context, uint32_t slot, struct terrain_place place, int32_t *low,
                int32_t *high);
    void *context;
};

/* NULL when out of memory. */
struct terrain *terrain_new(void);
/* NULL is fine. */
void terrain_free(struct terrain *terrain);

/* Forget all chunks: another world. */
void terrain_clear(struct terrain *terrain);

/* What is to be drawn now, nearest first; valid until the next call. */
const struct terrain_draw *terrain_select(struct terrain *terrain, const struct terrain_look *look,
                                          uint32_t *n);

#endif
