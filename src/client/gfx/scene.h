/* scene.h -- what all shaders know of a frame: the camera, the sun, the colours of the sky and the
 * fog.
 *
 * Pure arithmetic: no Vulkan here. struct scene_globals is shaders/globals.glsl, member by member.
 */
#ifndef OPENMMO_CLIENT_GFX_SCENE_H
#define OPENMMO_CLIENT_GFX_SCENE_H

#include <stdbool.h>
#include <stdint.h>

#include "gfx/gfx.h"

#define SCENE_NEAR_M 0.1f

/* The eye and where it looks. Everything else is relative to the eye, in metres. */
struct scene_camera {
    struct space_pos eye;
    float right[3], up[3], forward[3]; /* unit vectors */
    float tan_x, tan_y;                /* of half the field of view */
    float planes[4][3];                /* inward normals of the left, right, lower and upper side */
};

struct scene_globals {
    float view_projection[4][4]; /* columns; from eye-relative metres, reversed depth, y down */
    float right[4];              /* w: tan_x */
    float up[4];                 /* w: tan_y */
    float forward[4];            /* w: view_m */
    float sun_direction[4];      /* towards the sun; w: how bright the disc is */
    float light_direction[4];    /* towards the sun or, at night, the moon */
    float light_colour[4];       /* linear; w: how visible the stars are */
    float ambient_up[4];         /* light from the sky */
    float ambient_down[4];       /* light from the ground */
    float zenith[4];
    float horizon[4];
    float glow[4];     /* around the sun; w: exponent */
    float exposure[4]; /* x: factor before tone mapping; y: hour; z, w: 1 / size of the picture */
    int32_t eye[4];    /* 1/4096 m; the fourth: 1 where edges are to be smoothed */
};

/* width, height: the picture's, for its shape. */
void scene_camera_init(struct scene_camera *camera, const struct gfx_frame *frame, uint32_t width,
                       uint32_t height);

/* From the eye to a point, in metres: subtracted as integers, so that far from the origin nothing
 * shakes. */
void scene_relative(const struct scene_camera *camera, struct space_pos point, float relative[3]);

/* False where no part of the box (eye-relative, metres) can be seen. */
bool scene_sees_box(const struct scene_camera *camera, const float low[3], const float high[3]);

/* Fill in all of it. sun_hour: frame->hour, unless a test plants otherwise. */
void scene_globals_fill(struct scene_globals *globals, const struct scene_camera *camera,
                        const struct gfx_frame *frame, float sun_hour);

#endif
