/* relief.h -- the height field as consoles ask for it: samples of a rectangle, made once.
 *
 * The world does not change, so what was asked for is kept as it was answered. What is new costs
 * some tenths of a millisecond, and only so much of it is made a second, whoever asks.
 * Owner: the admin room. Control thread only. */
#ifndef OPENMMO_ADMIN_RELIEF_H
#define OPENMMO_ADMIN_RELIEF_H

#include <jansson.h>
#include <stdint.h>

#include "common/heightfield.h"

#define RELIEF_SAMPLES_MAX 4096 /* at once */
#define RELIEF_STEP_MAX_M  65536

struct relief;

/* Samples at (x_m + i step_m, z_m + j step_m), i < columns, j < rows. */
struct relief_grid {
    int32_t x_m, z_m;
    uint32_t step_m;        /* 1..RELIEF_STEP_MAX_M */
    uint32_t columns, rows; /* columns * rows: 1..RELIEF_SAMPLES_MAX */
};

/* field: borrowed. NULL: out of memory. */
struct relief *relief_new(const struct heightfield *field);
void relief_free(struct relief *relief); /* NULL is fine */

/* The heights, row after row, each in 1/64 m as two bytes, the low one first; all of it in base64
 * with padding. A new reference. NULL: too much was made in this second already: ask again.
 * now_ms: monotonic. */
json_t *relief_heights(struct relief *relief, const struct relief_grid *grid, uint64_t now_ms);

/* The lowest and the highest ground, of samples over the whole world; metres. */
void relief_range(const struct relief *relief, double *lowest_m, double *highest_m);

#endif
