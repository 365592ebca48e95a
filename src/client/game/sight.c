#include "game/sight.h"

#include <math.h>

#define STEP_M    2.0f
#define STEPS_MAX 50

float sight_clearance_m(const struct heightfield *field, struct space_pos eye,
                        struct space_pos point)
{
    /* 64 bits: the ends may lie at opposite edges of the world. */
    int64_t x = (int64_t)point.x - eye.x, y = (int64_t)point.y - eye.y,
            z = (int64_t)point.z - eye.z;
    float far_m = hypotf((float)x, (float)z) / SPACE_UNITS_PER_M, least = INFINITY;
    int steps = far_m < STEP_M * STEPS_MAX ? (int)(far_m / STEP_M) + 1 : STEPS_MAX;

    for (int i = 0; i <= steps; i++) {
        int32_t ground = heightfield_at(field, (int32_t)(eye.x + x * i / steps),
                                        (int32_t)(eye.z + z * i / steps));

        least = fminf(least, (float)(eye.y + y * i / steps - ground) / SPACE_UNITS_PER_M);
    }
    return least;
}
