/* raycaster.h -- a second opinion on the picture: where each pixel's ray meets the ground, on the
 * CPU, in doubles.
 *
 * Shares nothing with gfx/ but the conventions written in space.h, gfx.h and heightfield.h: it
 * walks the 1 m squares of the field one by one and cuts their two triangles. */
#ifndef OPENMMO_TESTS_CLIENT_RAYCASTER_H
#define OPENMMO_TESTS_CLIENT_RAYCASTER_H

#include <stdint.h>

#include "common/heightfield.h"
#include "gfx/gfx.h"

struct raycast {
    double depth_m; /* along the view axis; INFINITY: no ground within reach */
    double plan_m;  /* the larger of |x| and |z| from the eye to the place */
};

/* One per pixel, row by row; reach_m: how far along the view axis. malloc'ed; the caller frees. */
struct raycast *raycaster_cast(const struct heightfield *field, const struct gfx_frame *frame,
                               uint32_t width, uint32_t height, double reach_m);

#endif
