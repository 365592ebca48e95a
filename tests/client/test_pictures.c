/* test_pictures.c -- the offscreen picture against an oracle and by change, never by colour alone.
 *
 * World, hour and pose are drawn at test time (the seed is printed). Each check has a broken twin:
 * the same check on a picture with a planted fault, which must fail. */
#ifdef HAVE_CONFIG_H
#include <config.h>
#endif

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "picture.h"
#include "raycaster.h"

#define PIXELS       (PICTURE_WIDTH * PICTURE_HEIGHT)
#define NEAR_PLAN_M  30.0  /* the ground is drawn from every sample up to here at least */
#define FAR_M        400.0 /* what is compared at all */
#define HORIZON_ROWS 2
#define SCENES       2

static uint32_t seed;

static void need_faults(void)
{
#ifndef TEST_FAULTS
    print_message("SKIPPED: planted faults need --enable-test-faults\n");
    skip();
#endif
}

/* The lowest and highest depth of the oracle in the pixel's neighbourhood of 3 x 3. */
static void neighbours(const struct raycast *casts, int x, int y, double *low, double *high)
{
    *low = INFINITY;
    *high = 0;
    for (int j = y > 0 ? y - 1 : 0; j <= y + 1 && j < PICTURE_HEIGHT; j++) {
        for (int i = x > 0 ? x - 1 : 0; i <= x + 1 && i < PICTURE_WIDTH; i++) {
            double depth = casts[j * PICTURE_WIDTH + i].depth_m;

            *low = fmin(*low, depth);
            *high = fmax(*high, depth);
        }
    }
}

struct verdict {
    unsigned near_n, near_wrong;       /* within a fiftieth of a pixel */
    unsigned far_n, far_wrong;         /* within a pixel and 2 % */
    unsigned columns_n, columns_wrong; /* the horizon is off by more than HORIZON_ROWS */
};

/* The first row from above that shows ground nearer than that; depth: the picture's, else the
 * oracle's. */
static int horizon_of(const float *depth, const struct raycast *casts, int x, double nearer_m)
{
    for (int y = 0; y < PICTURE_HEIGHT; y++) {
        int at = y * PICTURE_WIDTH + x;

        if ((depth ? (double)depth[at] : casts[at].depth_m) < nearer_m)
            return y;
    }
    return PICTURE_HEIGHT;
}

/* Ground that ends just at FAR_M may count or not: the horizon lies between the oracle's for a
 * tenth less and more. Columns without a horizon (all ground, all sky) are not judged. */
static void judge_column(struct verdict *verdict, const float *depth, const struct raycast *casts,
                         int x)
{
    int row = horizon_of(depth, NULL, x, FAR_M);
    int highest = horizon_of(NULL, casts, x, FAR_M * 1.1);
    int lowest = horizon_of(NULL, casts, x, FAR_M * 0.9);

    if (highest <= 3 * HORIZON_ROWS || lowest >= PICTURE_HEIGHT - 3 * HORIZON_ROWS)
        return;
    verdict->columns_n++;
    verdict->columns_wrong += row < highest - HORIZON_ROWS || row > lowest + HORIZON_ROWS;
}

static struct verdict compare_ground(const float *depth, const struct raycast *casts)
{
    struct verdict verdict = {0};

    for (int y = 0; y < PICTURE_HEIGHT; y++) {
        for (int x = 0; x < PICTURE_WIDTH; x++) {
            const struct raycast *cast = &casts[y * PICTURE_WIDTH + x];
            double low, high, is = (double)depth[y * PICTURE_WIDTH + x];

            if (cast->depth_m > FAR_M)
                continue;
            neighbours(casts, x, y, &low, &high);
            if (cast->plan_m < NEAR_PLAN_M && high < FAR_M) {
                verdict.near_n++;
                verdict.near_wrong += fabs(is - cast->depth_m) > 0.02 * (high - low) + 0.002;
            }
            verdict.far_n++;
            verdict.far_wrong += is < low * 0.98 || is > high * 1.02;
        }
    }
    for (int x = 0; x < PICTURE_WIDTH; x++)
        judge_column(&verdict, depth, casts, x);
    return verdict;
}

static bool horizon_is_right(const struct verdict *verdict)
{
    return verdict->columns_wrong * 50 <= verdict->columns_n;
}

static bool ground_is_right(const struct verdict *verdict)
{
    return verdict->near_wrong * 200 <= verdict->near_n &&
           verdict->far_wrong * 100 <= verdict->far_n && horizon_is_right(verdict);
}

static struct verdict judge_ground(uint32_t scene_seed, const char *fault)
{
    struct picture_scene scene;
    struct picture picture;
    struct verdict verdict;
    struct raycast *casts;

    picture_scene_draw(&scene, scene_seed);
    scene.frame.figures_n = 0;
    picture_take(&picture, &scene, fault, false);
    casts = raycaster_cast(scene.field, &scene.frame, PICTURE_WIDTH, PICTURE_HEIGHT, FAR_M + 50);
    verdict = compare_ground(picture.depth, casts);
    print_message("near %u/%u far %u/%u columns %u/%u\n", verdict.near_wrong, verdict.near_n,
                  verdict.far_wrong, verdict.far_n, verdict.columns_wrong, verdict.columns_n);
    free(casts);
    picture_fini(&picture);
    picture_scene_fini(&scene);
    return verdict;
}

/* The first scene from there on that shows enough of the ground near by to judge it. */
static struct verdict judge_a_scene(uint32_t from, const char *fault)
{
    struct verdict verdict = {0};

    for (uint32_t i = 0; verdict.near_n < 2000 || verdict.columns_n < 100; i++) {
        assert_true(i < 20);
        verdict = judge_ground(from + i, fault);
    }
    return verdict;
}

static void test_ground_meets_the_oracle(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < SCENES; i++) {
        struct verdict verdict = judge_a_scene(seed + 1000 * i, NULL);

        assert_true(ground_is_right(&verdict));
    }
}

static void test_wrong_ground_is_noticed(void **state)
{
    struct verdict verdict;

    (void)state;
    need_faults();
    verdict = judge_a_scene(seed, "flip-diagonal");
    assert_false(ground_is_right(&verdict));
    verdict = judge_a_scene(seed, "shift-terrain");
    assert_false(ground_is_right(&verdict));
    verdict = judge_a_scene(seed, "tilted-view");
    assert_false(horizon_is_right(&verdict));
}

/* Of the figures that cover at least 20 pixels the one that `pick` falls on; 0: none is seen. */
static uint32_t visible_figure(const struct picture *picture, uint32_t pick)
{
    uint32_t pixels[PICTURE_FIGURES_MAX + 1] = {0}, ids[PICTURE_FIGURES_MAX], n = 0;

    for (int i = 0; i < PIXELS; i++) {
        if (picture->id[i] <= PICTURE_FIGURES_MAX)
            pixels[picture->id[i]]++;
    }
    for (uint32_t id = 1; id <= PICTURE_FIGURES_MAX; id++) {
        if (pixels[id] >= 20)
            ids[n++] = id;
    }
    return n ? ids[pick % n] : 0;
}

static void remove_figure(struct picture_scene *scene, uint32_t id)
{
    uint32_t n = 0;

    for (uint32_t i = 0; i < scene->frame.figures_n; i++) {
        if (scene->figures[i].id != id)
            scene->figures[n++] = scene->figures[i];
    }
    assert_int_equal(n + 1, scene->frame.figures_n);
    scene->frame.figures_n = n;
}

/* True where taking the figure away changed its own pixels in the id output, all of them, and no
 * others. */
static bool only_its_pixels(const struct picture *with, const struct picture *without, uint32_t id)
{
    for (int i = 0; i < PIXELS; i++) {
        bool its = with->id[i] == id, changed = with->id[i] != without->id[i];

        if (its != changed || without->id[i] == id)
            return false;
        if (its && !(without->depth[i] > with->depth[i]))
            return false; /* it is called away, but still stands there */
        if (!its && memcmp(&with->depth[i], &without->depth[i], sizeof(float)))
            return false;
    }
    return true;
}

static bool judge_removal(const char *fault)
{
    struct picture with, without;
    struct picture_scene scene;
    uint32_t id = 0;
    bool right;

    for (uint32_t i = 0; !id; i++) { /* some places hide all figures behind a hill */
        assert_true(i < 20);
        picture_scene_draw(&scene, seed + 100 + i);
        picture_take(&with, &scene, fault, false);
        id = visible_figure(&with, seed);
        if (!id) {
            picture_fini(&with);
            picture_scene_fini(&scene);
        }
    }
    remove_figure(&scene, id);
    picture_take(&without, &scene, fault, false);
    right = only_its_pixels(&with, &without, id);
    picture_fini(&with);
    picture_fini(&without);
    picture_scene_fini(&scene);
    return right;
}

static void test_removing_a_figure_changes_only_its_pixels(void **state)
{
    (void)state;
    assert_true(judge_removal(NULL));
}

static void test_wrong_ids_are_noticed(void **state)
{
    (void)state;
    need_faults();
    assert_false(judge_removal("wrong-id"));
}

/* True where another hour changes much of the colour and nothing else. */
static bool judge_sun(const char *fault)
{
    struct picture before, after;
    struct picture_scene scene;
    unsigned changed = 0;
    bool right;

    picture_scene_draw(&scene, seed + 7);
    picture_take(&before, &scene, fault, false);
    scene.frame.hour = scene.frame.hour + (scene.frame.hour < 12 ? 5.0f : -5.0f);
    picture_take(&after, &scene, fault, false);
    for (int i = 0; i < PIXELS; i++)
        changed += !!memcmp(before.colour + i * 4, after.colour + i * 4, 4);
    right = changed > PIXELS / 2 && !memcmp(before.depth, after.depth, PIXELS * sizeof(float)) &&
            !memcmp(before.id, after.id, PIXELS * sizeof(uint32_t)) &&
            !memcmp(before.normal, after.normal, PIXELS * 3 * sizeof(float));
    picture_fini(&before);
    picture_fini(&after);
    picture_scene_fini(&scene);
    return right;
}

static void test_sun_changes_colour_only(void **state)
{
    (void)state;
    assert_true(judge_sun(NULL));
}

static void test_wrong_sun_is_noticed(void **state)
{
    (void)state;
    need_faults();
    assert_false(judge_sun("sun-ignored"));
    assert_false(judge_sun("depth-by-sun"));
}

/* The outputs agree with each other: sky where depth is infinite, unit normals elsewhere. */
static void test_outputs_agree(void **state)
{
    struct picture_scene scene;
    struct picture picture;

    (void)state;
    picture_scene_draw(&scene, seed + 3);
    picture_take(&picture, &scene, NULL, false);
    for (int i = 0; i < PIXELS; i++) {
        const float *n = picture.normal + (size_t)i * 3;
        float length = sqrtf(n[0] * n[0] + n[1] * n[1] + n[2] * n[2]);

        assert_int_equal(isinf(picture.depth[i]), picture.id[i] == 0);
        assert_true(picture.id[i] ? fabsf(length - 1.0f) < 0.02f : length == 0.0f);
        assert_true(picture.depth[i] >= 0.1f);
    }
    picture_fini(&picture);
    picture_scene_fini(&scene);
}

/* Ground has no overhangs: below its first pixel a column is all ground. The eye stands in the
 * planes of the chunks' edges, where whatever stands upright there is seen edge-on. */
static void test_ground_has_no_holes(void **state)
{
    const int32_t chunk = 16 * SPACE_UNITS_PER_M;

    (void)state;
    for (uint32_t i = 0; i < SCENES; i++) {
        struct picture_scene scene;
        struct picture picture;

        picture_scene_draw(&scene, seed + 50 + i);
        scene.frame.figures_n = 0;
        scene.frame.eye.x = scene.frame.eye.x / chunk * chunk;
        scene.frame.eye.z = scene.frame.eye.z / chunk * chunk;
        scene.frame.eye.y = heightfield_at(scene.field, scene.frame.eye.x, scene.frame.eye.z) +
                            2 * SPACE_UNITS_PER_M;
        picture_take(&picture, &scene, NULL, false);
        for (int x = 0; x < PICTURE_WIDTH; x++) {
            bool ground = false;

            for (int y = 0; y < PICTURE_HEIGHT; y++) {
                float depth = picture.depth[y * PICTURE_WIDTH + x];

                assert_true(!ground || isfinite(depth));
                assert_true(depth > 0.2f); /* nothing at the near plane */
                ground = ground || isfinite(depth);
            }
        }
        picture_fini(&picture);
        picture_scene_fini(&scene);
    }
}

static void test_validation_is_silent(void **state)
{
    struct picture_scene scene;
    struct picture picture;

    (void)state;
    picture_scene_draw(&scene, seed + 4);
    picture_take(&picture, &scene, NULL, true);
    if (picture.messages_n)
        fail_msg("%u messages, the first: %s", picture.messages_n, picture.message);
    picture_fini(&picture);
    picture_scene_fini(&scene);
}

static void test_missing_barrier_is_reported(void **state)
{
    struct picture_scene scene;
    struct picture picture;

    (void)state;
    need_faults();
    picture_scene_draw(&scene, seed + 4);
    picture_take(&picture, &scene, "missing-barrier", true);
    assert_true(picture.messages_n > 0);
    assert_non_null(strstr(picture.message, "SYNC-HAZARD"));
    picture_fini(&picture);
    picture_scene_fini(&scene);
}

static int setup(void **state)
{
    (void)state;
    picture_use_software();
    seed = picture_seed();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_ground_meets_the_oracle),
        cmocka_unit_test(test_wrong_ground_is_noticed),
        cmocka_unit_test(test_removing_a_figure_changes_only_its_pixels),
        cmocka_unit_test(test_wrong_ids_are_noticed),
        cmocka_unit_test(test_sun_changes_colour_only),
        cmocka_unit_test(test_wrong_sun_is_noticed),
        cmocka_unit_test(test_outputs_agree),
        cmocka_unit_test(test_ground_has_no_holes),
        cmocka_unit_test(test_validation_is_silent),
        cmocka_unit_test(test_missing_barrier_is_reported),
    };

    return cmocka_run_group_tests(tests, setup, NULL);
}
