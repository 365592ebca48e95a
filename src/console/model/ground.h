/* ground.h -- how high the ground is, as far as the daemon has told (world.heights): square tiles
 * of samples, at steps of 1, 2, 4... metres.
 *
 * The ground never changes, so a tile is asked for once and kept until others are wanted more. A
 * height is of the finest tiles that are here and no finer than was asked. One thread. */
#ifndef OPENMMO_CONSOLE_GROUND_H
#define OPENMMO_CONSOLE_GROUND_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define GROUND_TILE  64  /* samples a side; the last ones' neighbours are in the next tile */
#define GROUND_TILES 128 /* kept; more than are in view at once */
#define GROUND_STEPS 17  /* 1 to 65536 m */

/* Where a tile lies. */
struct ground_key {
    uint32_t step_m; /* 0: nowhere, a free tile */
    int32_t i, j;    /* its first sample lies at (i * GROUND_TILE * step_m, j * ...) */
};

struct ground_tile {
    struct ground_key key;
    uint64_t used;                               /* when it was looked at last */
    uint16_t heights[GROUND_TILE * GROUND_TILE]; /* 1/64 m */
};

struct ground {
    struct ground_tile *tiles; /* GROUND_TILES; NULL: none came yet */
    struct {
        struct ground_key key;
        struct ground_tile *tile; /* NULL: it is not here */
    } looked[GROUND_STEPS];       /* the newest look at each step, until a tile comes */
    uint64_t clock;
    uint32_t taken; /* how many came: another number, another picture */
};

void ground_fini(struct ground *ground); /* a zeroed one is fine */
/* An answer to world.heights. What was not asked as a tile is left alone. */
void ground_take(struct ground *ground, const json_t *params, const json_t *data);
/* What to ask for a tile. */
json_t *ground_params(const struct ground_key *key);

/* The step for pixels of so many metres: the largest power of two that is not larger. */
uint32_t ground_step(uint32_t metres);
/* The tiles of that step that the rectangle needs and that are not here, those in its middle first.
 * Returns how many were filled in, up to max. Tiles wholly out of the world (size_m, about the
 * middle) are not needed. */
size_t ground_missing(const struct ground *ground, uint32_t step_m, const int32_t rectangle_m[4],
                      int32_t size_m, struct ground_key *missing, size_t max);

/* The height at a place, in metres, by samples of that step or, where they are not here, of coarser
 * ones. False: nothing is known. */
bool ground_height(struct ground *ground, uint32_t step_m, double x_m, double z_m, float *height_m);

#endif
