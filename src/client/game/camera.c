#include "game/camera.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define TURN_RAD_PER_PIXEL 0.0035f
#define FOCUS_HEIGHT_M     1.55f
#define PITCH_LOWEST       (-1.35f)
#define PITCH_HIGHEST      0.7f
#define PROBES             12
#define LEAP_M             6.0f /* farther in one frame: put elsewhere, nothing is eased */

void camera_init(struct camera *camera, float yaw_rad)
{
    memset(camera, 0, sizeof(*camera));
    camera->yaw_rad = yaw_rad;
    camera->pitch_rad = -0.22f;
    camera->distance_m = camera->distance_shown_m = 6.5f;
}

void camera_turn(struct camera *camera, float dx, float dy)
{
    camera->yaw_rad = remainderf(camera->yaw_rad - dx * TURN_RAD_PER_PIXEL, (float)(2 * M_PI));
    camera->pitch_rad -= dy * TURN_RAD_PER_PIXEL;
    camera->pitch_rad = fminf(PITCH_HIGHEST, fmaxf(PITCH_LOWEST, camera->pitch_rad));
}

void camera_zoom(struct camera *camera, float notches)
{
    camera->distance_m *= powf(0.88f, notches);
    camera->distance_m =
        fminf(CAMERA_DISTANCE_MAX_M, fmaxf(CAMERA_DISTANCE_MIN_M, camera->distance_m));
}

/* The point `metres` behind the focus. */
static struct space_pos behind(const struct camera *camera, float metres)
{
    float units = metres * SPACE_UNITS_PER_M;
    float flat = cosf(camera->pitch_rad);
    struct space_pos p = camera->focus;
    p.x += (int32_t)lrintf(sinf(camera->yaw_rad) * flat * units);
    p.y -= (int32_t)lrintf(sinf(camera->pitch_rad) * units);
    p.z += (int32_t)lrintf(cosf(camera->yaw_rad) * flat * units);
    return p;
}

static float clearance_m(const struct heightfield *field, struct space_pos p)
{
    return (float)(p.y - heightfield_at(field, p.x, p.z)) / SPACE_UNITS_PER_M;
}

/* How far the eye can go back before the ground is in the way. */
static float free_way_m(const struct camera *camera, const struct heightfield *field)
{
    for (int i = 1; i <= PROBES; i++) {
        float metres = camera->distance_m * (float)i / PROBES;
        if (clearance_m(field, behind(camera, metres)) < CAMERA_CLEARANCE_M)
            return fmaxf(camera->distance_m * (float)(i - 1) / PROBES,
                         0.4f * CAMERA_DISTANCE_MIN_M);
    }
    return camera->distance_m;
}

struct camera_view camera_follow(struct camera *camera, struct space_pos feet,
                                 const struct heightfield *field, float frame_s)
{
    int32_t focus_y = feet.y + (int32_t)(FOCUS_HEIGHT_M * SPACE_UNITS_PER_M);
    float dx = (float)feet.x - (float)camera->focus.x, dz = (float)feet.z - (float)camera->focus.z;
    bool leapt = !camera->placed ||
                 dx * dx + dz * dz > LEAP_M * LEAP_M * SPACE_UNITS_PER_M * SPACE_UNITS_PER_M;
    if (leapt || abs(focus_y - camera->focus.y) > 8 * SPACE_UNITS_PER_M)
        camera->focus.y = focus_y;
    camera->placed = true;
    camera->focus.x = feet.x;
    camera->focus.z = feet.z;
    camera->focus.y +=
        (int32_t)lrintf((float)(focus_y - camera->focus.y) * (1 - expf(-frame_s / 0.06f)));

    float way = field ? free_way_m(camera, field) : camera->distance_m;
    /* In at once, out gently. */
    if (leapt)
        camera->distance_shown_m = way;
    else if (way < camera->distance_shown_m)
        camera->distance_shown_m += (way - camera->distance_shown_m) * (1 - expf(-frame_s / 0.04f));
    else
        camera->distance_shown_m += (way - camera->distance_shown_m) * (1 - expf(-frame_s / 0.2f));
    struct camera_view view = {behind(camera, camera->distance_shown_m), camera->yaw_rad,
                               camera->pitch_rad};
    if (field) {
        int32_t lowest = heightfield_at(field, view.eye.x, view.eye.z) +
                         (int32_t)(CAMERA_CLEARANCE_M * SPACE_UNITS_PER_M);
        if (view.eye.y < lowest)
            view.eye.y = lowest;
    }
    /* Look at the focus from where the eye came to be. */
    float x = (float)(view.eye.x - camera->focus.x), z = (float)(view.eye.z - camera->focus.z);
    float flat = sqrtf(x * x + z * z);
    if (flat > 1)
        view.pitch_rad = atan2f((float)(camera->focus.y - view.eye.y), flat);
    return view;
}
