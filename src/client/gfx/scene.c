/* scene.c -- see scene.h. */
#include "gfx/scene.h"

#include <math.h>
#include <string.h>

#define PI          3.14159265358979f
#define SUN_TILT    0.62f /* how far the sun's arc leans to the south, in radians */
#define FOV_Y_LEAST 0.1f
#define FOV_Y_MOST  2.6f

static float dot3(const float a[3], const float b[3])
{
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

static float clampf(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}

static float smooth(float low, float high, float value)
{
    float t = clampf((value - low) / (high - low), 0.0f, 1.0f);

    return t * t * (3.0f - 2.0f * t);
}

/* along * forward + across * side, unit length. */
static void plane_of(float plane[3], const float forward[3], const float side[3], float tangent)
{
    float length = sqrtf(1.0f + tangent * tangent);

    for (int i = 0; i < 3; i++)
        plane[i] = (forward[i] * tangent + side[i]) / length;
}

void scene_camera_init(struct scene_camera *camera, const struct gfx_frame *frame, uint32_t width,
                       uint32_t height)
{
    float sy = sinf(frame->yaw_rad), cy = cosf(frame->yaw_rad);
    float sp = sinf(frame->pitch_rad), cp = cosf(frame->pitch_rad);
    float left[3], down[3];

    camera->eye = frame->eye;
    memcpy(camera->forward, (float[3]){-sy * cp, sp, -cy * cp}, sizeof(camera->forward));
    memcpy(camera->right, (float[3]){cy, 0.0f, -sy}, sizeof(camera->right));
    memcpy(camera->up, (float[3]){sy * sp, cp, cy * sp}, sizeof(camera->up));
    camera->tan_y = tanf(clampf(frame->fov_y_rad, FOV_Y_LEAST, FOV_Y_MOST) * 0.5f);
    camera->tan_x = camera->tan_y * (float)width / (float)height;
    for (int i = 0; i < 3; i++) {
        left[i] = -camera->right[i];
        down[i] = -camera->up[i];
    }
    plane_of(camera->planes[0], camera->forward, camera->right, camera->tan_x);
    plane_of(camera->planes[1], camera->forward, left, camera->tan_x);
    plane_of(camera->planes[2], camera->forward, camera->up, camera->tan_y);
    plane_of(camera->planes[3], camera->forward, down, camera->tan_y);
}

void scene_relative(const struct scene_camera *camera, struct space_pos point, float relative[3])
{
    relative[0] = (float)((int64_t)point.x - camera->eye.x) / SPACE_UNITS_PER_M;
    relative[1] = (float)((int64_t)point.y - camera->eye.y) / SPACE_UNITS_PER_M;
    relative[2] = (float)((int64_t)point.z - camera->eye.z) / SPACE_UNITS_PER_M;
}

bool scene_sees_box(const struct scene_camera *camera, const float low[3], const float high[3])
{
    for (int p = 0; p < 4; p++) {
        const float *plane = camera->planes[p];
        float furthest[3];

        for (int i = 0; i < 3; i++)
            furthest[i] = plane[i] > 0.0f ? high[i] : low[i];
        if (dot3(plane, furthest) < 0.0f)
            return false;
    }
    return true;
}

bool gfx_project(const struct gfx_frame *frame, uint32_t width, uint32_t height,
                 struct space_pos point, float *x, float *y, float *depth_m)
{
    struct scene_camera camera;
    float p[3], depth;

    if (!width || !height)
        return false;
    scene_camera_init(&camera, frame, width, height);
    scene_relative(&camera, point, p);
    depth = dot3(camera.forward, p);
    if (depth < SCENE_NEAR_M)
        return false;
    *x = (0.5f + 0.5f * dot3(camera.right, p) / (depth * camera.tan_x)) * (float)width;
    *y = (0.5f - 0.5f * dot3(camera.up, p) / (depth * camera.tan_y)) * (float)height;
    *depth_m = depth;
    return true;
}

static void fill_camera(struct scene_globals *globals, const struct scene_camera *camera,
                        float view_m)
{
    for (int i = 0; i < 3; i++) {
        globals->view_projection[i][0] = camera->right[i] / camera->tan_x;
        globals->view_projection[i][1] = -camera->up[i] / camera->tan_y;
        globals->view_projection[i][2] = 0.0f;
        globals->view_projection[i][3] = camera->forward[i];
        globals->right[i] = camera->right[i];
        globals->up[i] = camera->up[i];
        globals->forward[i] = camera->forward[i];
    }
    globals->view_projection[3][2] = SCENE_NEAR_M;
    globals->right[3] = camera->tan_x;
    globals->up[3] = camera->tan_y;
    globals->forward[3] = view_m;
    globals->eye[0] = camera->eye.x;
    globals->eye[1] = camera->eye.y;
    globals->eye[2] = camera->eye.z;
}

/* The colours of the day by the sine of the sun's height; between two rows they are mixed. Linear
 * light. */
struct daylight {
    float sun_y;
    float light[3], zenith[3], horizon[3], glow[3], ambient;
    float exposure;
};

/* clang-format off */
static const struct daylight daylight[] = {
    {-0.30f, {0.050f, 0.068f, 0.115f}, {0.0035f, 0.0062f, 0.0155f}, {0.0110f, 0.0175f, 0.0340f}, {0.00f, 0.00f, 0.00f}, 1.50f, 4.6f},
    {-0.10f, {0.030f, 0.040f, 0.070f}, {0.0120f, 0.0220f, 0.0600f}, {0.0800f, 0.0640f, 0.0900f}, {0.24f, 0.08f, 0.04f}, 1.60f, 3.4f},
    { 0.00f, {0.550f, 0.200f, 0.065f}, {0.0460f, 0.0880f, 0.2100f}, {0.4200f, 0.2300f, 0.1700f}, {1.00f, 0.36f, 0.10f}, 1.85f, 1.65f},
    { 0.12f, {2.600f, 1.300f, 0.520f}, {0.0700f, 0.1650f, 0.4000f}, {0.5600f, 0.4600f, 0.4000f}, {0.85f, 0.42f, 0.15f}, 1.60f, 1.08f},
    { 0.35f, {3.100f, 2.350f, 1.550f}, {0.0600f, 0.1800f, 0.5000f}, {0.4300f, 0.5700f, 0.7300f}, {0.45f, 0.34f, 0.20f}, 1.25f, 0.84f},
    { 0.85f, {3.300f, 2.900f, 2.350f}, {0.0500f, 0.1650f, 0.5000f}, {0.3600f, 0.5500f, 0.7900f}, {0.26f, 0.24f, 0.18f}, 1.15f, 0.78f},
};
/* clang-format on */

static float mix(float a, float b, float t)
{
    return a + (b - a) * t;
}

static struct daylight daylight_at(float sun_y)
{
    const struct daylight *last = &daylight[ARRAY_N(daylight) - 1], *low = daylight, *high = last;
    struct daylight now;
    float t;

    if (sun_y <= daylight[0].sun_y)
        return daylight[0];
    if (sun_y >= last->sun_y)
        return *last;
    while (low[1].sun_y < sun_y)
        low++;
    high = low + 1;
    t = (sun_y - low->sun_y) / (high->sun_y - low->sun_y);
    now.sun_y = sun_y;
    for (int i = 0; i < 3; i++) {
        now.light[i] = mix(low->light[i], high->light[i], t);
        now.zenith[i] = mix(low->zenith[i], high->zenith[i], t);
        now.horizon[i] = mix(low->horizon[i], high->horizon[i], t);
        now.glow[i] = mix(low->glow[i], high->glow[i], t);
    }
    now.ambient = mix(low->ambient, high->ambient, t);
    now.exposure = mix(low->exposure, high->exposure, t);
    return now;
}

static void fill_light(struct scene_globals *globals, float hour)
{
    float arc = (hour - 6.0f) / 24.0f * 2.0f * PI;
    float sun[3] = {cosf(arc), sinf(arc) * cosf(SUN_TILT), sinf(arc) * sinf(SUN_TILT)};
    struct daylight now = daylight_at(sun[1]);
    float night = 1.0f - smooth(-0.16f, -0.02f, sun[1]);
    float side = sun[1] > -0.09f ? 1.0f : -1.0f; /* the moon stands opposite the sun */
    float fade = smooth(0.0f, 0.06f, fabsf(sun[1] + 0.09f));

    for (int i = 0; i < 3; i++) {
        float lift = i == 1 && side > 0 ? 0.05f : 0.0f;

        globals->sun_direction[i] = sun[i];
        globals->light_direction[i] = side * sun[i] + lift;
        globals->light_colour[i] = now.light[i] * fade;
        globals->ambient_up[i] = now.ambient * (0.55f * now.zenith[i] + 0.45f * now.horizon[i]);
        globals->ambient_down[i] = now.ambient * 0.22f * now.horizon[i] + 0.04f * now.light[i];
        globals->zenith[i] = now.zenith[i];
        globals->horizon[i] = now.horizon[i];
        globals->glow[i] = now.glow[i];
    }
    globals->sun_direction[3] = smooth(-0.06f, 0.02f, sun[1]);
    globals->light_colour[3] = night;
    globals->glow[3] = 6.0f;
    globals->exposure[0] = now.exposure;
    globals->exposure[1] = hour;
}

void scene_globals_fill(struct scene_globals *globals, const struct scene_camera *camera,
                        const struct gfx_frame *frame, float sun_hour)
{
    memset(globals, 0, sizeof(*globals));
    fill_camera(globals, camera, frame->view_m > 1.0f ? frame->view_m : 1.0f);
    fill_light(globals, sun_hour);
}
