/* picture.c -- see picture.h. */
#include "picture.h"

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#define SOFTWARE_DRIVER "/usr/share/vulkan/icd.d/lvp_icd.x86_64.json"
#define WORLD_M         4096

/* The software driver keeps memory of its own past our end and is unloaded before leaks are looked
 * for. */
const char *__asan_default_options(void);
const char *__asan_default_options(void)
{
    return "detect_leaks=0";
}

/* Nor is the driver built for the thread sanitizer: only our own threads are watched. */
const char *__tsan_default_options(void);
const char *__tsan_default_options(void)
{
    return "ignore_noninstrumented_modules=1";
}

void picture_use_software(void)
{
    if (!access(SOFTWARE_DRIVER, R_OK))
        setenv("VK_ICD_FILENAMES", SOFTWARE_DRIVER, 0);
}

bool picture_must_skip(const char *reason)
{
    return strstr(reason, "no Vulkan") || strstr(reason, "is not installed") ||
           strstr(reason, "older than 1.3") || strstr(reason, "no Vulkan driver fits");
}

uint32_t picture_seed(void)
{
    const char *given = getenv("OPENMMO_TEST_SEED");
    uint32_t seed = given ? (uint32_t)strtoul(given, NULL, 0) : (uint32_t)time(NULL) * 2654435761u;

    print_message("OPENMMO_TEST_SEED=%u\n", seed);
    return seed;
}

/* xorshift: the same picture from the same seed everywhere. */
static uint32_t next(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

static float between(uint32_t *state, float low, float high)
{
    return low + (high - low) * (float)(next(state) >> 8) / 16777216.0f;
}

static struct space_pos on_ground(const struct heightfield *field, float x_m, float z_m)
{
    struct space_pos p = {(int32_t)(x_m * SPACE_UNITS_PER_M), 0,
                          (int32_t)(z_m * SPACE_UNITS_PER_M)};

    p.y = heightfield_at(field, p.x, p.z);
    return p;
}

void picture_scene_draw(struct picture_scene *scene, uint32_t seed)
{
    struct gfx_frame *frame = &scene->frame;
    uint32_t state = seed | 1u;
    float x, z;

    memset(scene, 0, sizeof(*scene));
    next(&state);
    scene->field = heightfield_new(next(&state), WORLD_M);
    assert_non_null(scene->field);
    x = between(&state, -1500.0f, 1500.0f);
    z = between(&state, -1500.0f, 1500.0f);
    frame->eye = on_ground(scene->field, x, z);
    frame->eye.y += (int32_t)(between(&state, 1.7f, 5.0f) * SPACE_UNITS_PER_M);
    frame->yaw_rad = between(&state, -3.14f, 3.14f);
    frame->pitch_rad = between(&state, -0.35f, -0.05f);
    frame->fov_y_rad = between(&state, 0.8f, 1.2f);
    frame->hour = between(&state, 0.0f, 24.0f);
    frame->view_m = 500.0f;
    frame->aovs = 1u << GFX_AOV_ID | 1u << GFX_AOV_NORMAL;
    frame->figures = scene->figures;
    frame->figures_n = PICTURE_FIGURES_MAX;
    for (uint32_t i = 0; i < frame->figures_n; i++) {
        struct gfx_figure *figure = &scene->figures[i];
        float away = between(&state, 4.0f, 30.0f);
        float aside = frame->yaw_rad + between(&state, -0.5f, 0.5f);

        figure->pos = on_ground(scene->field, x - sinf(aside) * away, z - cosf(aside) * away);
        figure->yaw_rad = between(&state, -3.14f, 3.14f);
        figure->stride = between(&state, 0.0f, 1.0f);
        figure->stride_amount = between(&state, 0.0f, 2.0f);
        figure->looks = next(&state);
        figure->id = i + 1;
    }
}

void picture_scene_fini(struct picture_scene *scene)
{
    heightfield_free(scene->field);
    scene->field = NULL;
}

static void count_message(void *context, const char *text)
{
    struct picture *picture = context;

    if (!picture->messages_n++)
        snprintf(picture->message, sizeof(picture->message), "%s", text);
}

void picture_take(struct picture *picture, const struct picture_scene *scene, const char *fault,
                  bool validation)
{
    struct gfx_config config = {
        .width = PICTURE_WIDTH,
        .height = PICTURE_HEIGHT,
        .validation = validation,
        .on_validation = count_message,
        .validation_context = picture,
        .fault = fault,
        .field = scene->field,
    };
    struct error error = {""};
    uint32_t width, height;
    struct gfx *gfx;

    memset(picture, 0, sizeof(*picture));
    gfx = gfx_new(&config, &error);
    if (!gfx && picture_must_skip(error.text)) {
        print_message("SKIPPED: %s\n", error.text);
        skip();
    }
    if (!gfx)
        fail_msg("%s", error.text);
    for (int i = 0; i < 3; i++) {
        if (gfx_draw(gfx, &scene->frame, &error))
            fail_msg("%s", error.text);
    }
    picture->colour = gfx_read(gfx, GFX_AOV_COLOUR, &width, &height, &error);
    assert_int_equal(width, PICTURE_WIDTH);
    assert_int_equal(height, PICTURE_HEIGHT);
    picture->depth = gfx_read(gfx, GFX_AOV_DEPTH, &width, &height, &error);
    picture->id = gfx_read(gfx, GFX_AOV_ID, &width, &height, &error);
    picture->normal = gfx_read(gfx, GFX_AOV_NORMAL, &width, &height, &error);
    if (!picture->colour || !picture->depth || !picture->id || !picture->normal)
        fail_msg("%s", error.text);
    gfx_free(gfx);
}

void picture_fini(struct picture *picture)
{
    free(picture->colour);
    free(picture->depth);
    free(picture->id);
    free(picture->normal);
    memset(picture, 0, sizeof(*picture));
}
