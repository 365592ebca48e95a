/* camera.h -- a camera behind one's figure: turned by the mouse, zoomed by the wheel, kept above
 * the ground. Pure but for the height field; one thread. */
#ifndef OPENMMO_CLIENT_CAMERA_H
#define OPENMMO_CLIENT_CAMERA_H

#include <stdbool.h>

#include "common/heightfield.h"
#include "common/space.h"

#define CAMERA_DISTANCE_MIN_M 1.5f
#define CAMERA_DISTANCE_MAX_M 30.0f
#define CAMERA_CLEARANCE_M    0.35f /* never nearer to the ground */

struct camera {
    float yaw_rad, pitch_rad; /* where it looks; pitch up is positive */
    float distance_m;         /* wished */
    float distance_shown_m;   /* eased, and pulled in where the ground is in the way */
    struct space_pos focus;   /* what it looks at, eased upwards and downwards */
    bool placed;
};

struct camera_view {
    struct space_pos eye;
    float yaw_rad, pitch_rad;
};

/* Behind the figure, a little above, looking along yaw_rad. */
void camera_init(struct camera *camera, float yaw_rad);
/* Mouse moved by that many pixels while it turns the camera. */
void camera_turn(struct camera *camera, float dx, float dy);
/* Wheel notches; positive comes nearer. */
void camera_zoom(struct camera *camera, float notches);
/* Once a frame: follow the figure (its feet) and say where the eye is. field: NULL, no ground. */
struct camera_view camera_follow(struct camera *camera, struct space_pos feet,
                                 const struct heightfield *field, float frame_s);

#endif
