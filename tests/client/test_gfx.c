/* test_gfx.c -- the door of gfx/: the UI's colours and clipping, textures that come and go,
 * refusals in one sentence, a device that is lost or has no memory, projection against the picture.
 */
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
#include "view.h"

#define WIDTH  64
#define HEIGHT 48

struct fixture {
    struct picture_scene scene;
    unsigned messages_n;
};

static struct fixture fixture;

static void count_message(void *context, const char *text)
{
    struct fixture *f = context;

    if (!f->messages_n++)
        print_message("%s\n", text);
}

static struct gfx *open_gfx(const char *fault, struct error *error)
{
    struct gfx_config config = {
        .width = WIDTH,
        .height = HEIGHT,
        .validation = !fault,
        .on_validation = count_message,
        .validation_context = &fixture,
        .fault = fault,
        .field = fixture.scene.field,
    };
    struct gfx *gfx;

    fixture.messages_n = 0;
    gfx = gfx_new(&config, error);
    if (!gfx && picture_must_skip(error->text)) {
        print_message("SKIPPED: %s\n", error->text);
        skip();
    }
    return gfx;
}

static struct gfx *need_gfx(void)
{
    struct error error = {""};
    struct gfx *gfx = open_gfx(NULL, &error);

    if (!gfx)
        fail_msg("%s", error.text);
    return gfx;
}

static void draw(struct gfx *gfx, const struct gfx_ui *ui)
{
    struct gfx_frame frame = fixture.scene.frame;
    struct error error = {""};

    frame.ui = ui;
    frame.ui_n = ui ? 1 : 0;
    if (gfx_draw(gfx, &frame, &error))
        fail_msg("%s", error.text);
}

static void read_pixel(struct gfx *gfx, unsigned x, unsigned y, uint8_t rgba[4])
{
    struct error error = {""};
    uint32_t width, height;
    uint8_t *pixels = gfx_read(gfx, GFX_AOV_COLOUR, &width, &height, &error);

    assert_non_null(pixels);
    memcpy(rgba, pixels + (y * width + x) * 4, 4);
    free(pixels);
}

/* A rectangle over the left half, black and opaque, and one of the given colour over it. */
struct two_rectangles {
    struct gfx_ui_vertex vertices[8];
    uint16_t indices[6];
    struct gfx_ui_command commands[2];
    struct gfx_ui list;
};

static void rectangles_init(struct two_rectangles *two, uint32_t rgba, uint32_t texture)
{
    static const uint16_t indices[6] = {0, 1, 2, 2, 1, 3};

    memset(two, 0, sizeof(*two));
    for (unsigned i = 0; i < 8; i++)
        two->vertices[i] = (struct gfx_ui_vertex){i & 1 ? WIDTH / 2 : 0, i & 2 ? HEIGHT : 0, 0.5f,
                                                  0.5f, i < 4 ? 0xFF000000u : rgba};
    memcpy(two->indices, indices, sizeof(indices));
    for (unsigned i = 0; i < 2; i++)
        two->commands[i] = (struct gfx_ui_command){{0, 0, WIDTH, HEIGHT}, texture, 0, 6, 4 * i};
    two->list = (struct gfx_ui){two->vertices, 8, two->indices, 6, two->commands, 2};
}

static void test_ui_blends_in_linear_light(void **state)
{
    const uint8_t white = 255;
    struct two_rectangles two;
    struct gfx *gfx = need_gfx();
    uint32_t texture = gfx_ui_texture(gfx, 1, 1, false, &white);
    uint8_t rgba[4], before[4], after[4];

    (void)state;
    assert_int_not_equal(texture, 0);
    draw(gfx, NULL);
    read_pixel(gfx, WIDTH - 4, HEIGHT / 2, before);
    rectangles_init(&two, 0xFF336699u, texture); /* opaque: comes out as it went in */
    draw(gfx, &two.list);
    read_pixel(gfx, 8, 8, rgba);
    assert_in_range(rgba[0], 0x98, 0x9A);
    assert_in_range(rgba[1], 0x65, 0x67);
    assert_in_range(rgba[2], 0x32, 0x34);
    read_pixel(gfx, WIDTH - 4, HEIGHT / 2, after);
    assert_memory_equal(before, after, 4); /* beside it nothing changed */
    rectangles_init(&two, 0x80FFFFFFu,
                    texture); /* half white over black: half the light, not half the number */
    draw(gfx, &two.list);
    read_pixel(gfx, 8, 8, rgba);
    assert_in_range(rgba[0], 186, 190);
    gfx_free(gfx);
    assert_int_equal(fixture.messages_n, 0);
}

static void test_ui_is_clipped_and_checked(void **state)
{
    const uint8_t white = 255;
    struct two_rectangles two;
    struct gfx *gfx = need_gfx();
    uint32_t texture = gfx_ui_texture(gfx, 1, 1, false, &white);
    uint8_t rgba[4];

    (void)state;
    rectangles_init(&two, 0xFFFFFFFFu, texture);
    two.commands[1].clip[0] = 10; /* white only from x = 10 on */
    draw(gfx, &two.list);
    read_pixel(gfx, 9, 20, rgba);
    assert_int_equal(rgba[0], 0);
    read_pixel(gfx, 10, 20, rgba);
    assert_int_equal(rgba[0], 255);
    two.commands[1].index_first =
        3; /* beyond the list, an unknown texture, an empty clip: skipped */
    draw(gfx, &two.list);
    read_pixel(gfx, 20, 20, rgba);
    assert_int_equal(rgba[0], 0);
    rectangles_init(&two, 0xFFFFFFFFu, texture);
    two.commands[1].texture = 63;
    draw(gfx, &two.list);
    two.commands[1].texture = texture;
    two.commands[1].clip[2] = -5;
    draw(gfx, &two.list);
    read_pixel(gfx, 20, 20, rgba);
    assert_int_equal(rgba[0], 0);
    gfx_free(gfx);
    assert_int_equal(fixture.messages_n, 0);
}

static void test_textures_come_and_go_while_in_use(void **state)
{
    static uint8_t pixels[64 * 64 * 4];
    struct gfx *gfx = need_gfx();
    struct two_rectangles two;

    (void)state;
    for (unsigned i = 0; i < 100; i++) { /* more than there are sets, if any were lost */
        uint32_t texture;

        memset(pixels, (int)i, sizeof(pixels));
        texture = gfx_ui_texture(gfx, 64, 64, true, pixels);
        assert_int_not_equal(texture, 0);
        rectangles_init(&two, 0xFFFFFFFFu, texture);
        draw(gfx, &two.list);
        gfx_ui_texture_update(gfx, texture, 60, 0, 4, 64, pixels);
        gfx_ui_texture_update(gfx, texture, 60, 0, 5, 64, pixels); /* does not fit: refused */
        if (i & 1)
            draw(gfx, &two.list);
        gfx_ui_texture_free(gfx, texture);
    }
    assert_int_equal(gfx_ui_texture(gfx, 0, 4, true, pixels), 0);
    gfx_free(gfx);
    assert_int_equal(fixture.messages_n, 0);
}

static void test_resizing_offscreen(void **state)
{
    struct gfx *gfx = need_gfx();
    struct error error = {""};
    uint32_t width, height;
    void *pixels;

    (void)state;
    draw(gfx, NULL);
    gfx_resize(gfx, 33, 17);
    draw(gfx, NULL);
    pixels = gfx_read(gfx, GFX_AOV_DEPTH, &width, &height, &error);
    assert_non_null(pixels);
    assert_int_equal(width, 33);
    assert_int_equal(height, 17);
    free(pixels);
    gfx_resize(gfx, 0, 0);
    draw(gfx, NULL); /* skipped */
    gfx_free(gfx);
    assert_int_equal(fixture.messages_n, 0);
}

static void test_an_output_not_asked_for_is_refused(void **state)
{
    struct gfx_frame frame = fixture.scene.frame;
    struct gfx *gfx = need_gfx();
    struct error error = {""};
    uint32_t width, height;

    (void)state;
    assert_null(gfx_read(gfx, GFX_AOV_COLOUR, &width, &height, &error)); /* nothing drawn yet */
    frame.aovs = 0;
    assert_int_equal(gfx_draw(gfx, &frame, &error), 0);
    assert_null(gfx_read(gfx, GFX_AOV_ID, &width, &height, &error));
    assert_string_equal(error.text, "the last frame has no id output");
    assert_int_equal(gfx_write(gfx, GFX_AOV_COLOUR, "/nonexistent/x.png", &error), -1);
    assert_non_null(strstr(error.text, "cannot write /nonexistent/x.png"));
    gfx_free(gfx);
}

static void test_pass_times_name_the_passes(void **state)
{
    struct gfx_pass_time times[16];
    struct gfx *gfx = need_gfx();
    unsigned n, found = 0;

    (void)state;
    for (int i = 0; i < 3; i++)
        draw(gfx, NULL);
    n = gfx_pass_times(gfx, times, 16);
    for (unsigned i = 0; i < n; i++) {
        found += !strcmp(times[i].name, "terrain") || !strcmp(times[i].name, "tone");
        assert_true(times[i].ms >= 0.0f && times[i].ms < 60000.0f);
    }
    assert_int_equal(found, 2);
    assert_true(strlen(gfx_device_name(gfx)) > 0);
    gfx_free(gfx);
}

/* Where gfx_project says that a far point lies, its depth is what the picture shows along the axis.
 */
static void test_projection_agrees_with_depth(void **state)
{
    struct gfx_frame frame = fixture.scene.frame;
    struct space_pos ahead = frame.eye, behind = frame.eye;
    float x, y, depth;

    (void)state;
    ahead.x -= (int32_t)(sinf(frame.yaw_rad) * 10 * SPACE_UNITS_PER_M);
    ahead.z -= (int32_t)(cosf(frame.yaw_rad) * 10 * SPACE_UNITS_PER_M);
    behind.x += frame.eye.x - ahead.x;
    behind.z += frame.eye.z - ahead.z;
    frame.pitch_rad = 0;
    assert_true(gfx_project(&frame, 640, 360, ahead, &x, &y, &depth));
    assert_true(fabsf(x - 320) < 0.1f && fabsf(y - 180) < 0.1f && fabsf(depth - 10) < 0.01f);
    ahead.y += SPACE_UNITS_PER_M;
    assert_true(gfx_project(&frame, 640, 360, ahead, &x, &y, &depth));
    assert_true(y < 179); /* higher is further up */
    assert_false(gfx_project(&frame, 640, 360, behind, &x, &y, &depth));
    assert_false(gfx_project(&frame, 0, 0, ahead, &x, &y, &depth));
}

static void test_refusals_say_why(void **state)
{
    struct gfx_config config = {.width = 0, .height = 0};
    struct error error = {""};
    struct gfx *gfx;

    (void)state;
    assert_null(gfx_new(&config, &error));
    assert_string_equal(error.text, "a picture without a window needs a size");
    config.width = config.height = 16;
    config.device = "no such device";
    gfx = gfx_new(&config, &error);
    assert_null(gfx);
    assert_non_null(strstr(error.text, "no Vulkan"));
    assert_null(open_gfx("no-such-fault", &error));
    assert_non_null(strstr(error.text, "no-such-fault"));
}

static void test_a_lost_device_ends_in_a_sentence(void **state)
{
    (void)state;
#ifdef TEST_FAULTS
    struct gfx_frame frame = fixture.scene.frame;
    struct error error = {""};
    struct gfx *gfx = open_gfx("device-lost", &error);

    assert_non_null(gfx);
    assert_int_equal(gfx_draw(gfx, &frame, &error), 0);
    assert_int_equal(gfx_draw(gfx, &frame, &error), 0);
    assert_int_equal(gfx_draw(gfx, &frame, &error), -1);
    assert_string_equal(error.text, "cannot submit a frame: the graphics device was lost");
    gfx_free(gfx);
    assert_null(open_gfx("out-of-memory", &error));
    assert_non_null(strstr(error.text, "out of graphics memory"));
#else
    print_message("SKIPPED: planted faults need --enable-test-faults\n");
    skip();
#endif
}

static int setup(void **state)
{
    (void)state;
    picture_use_software();
    picture_scene_draw(&fixture.scene, picture_seed());
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    picture_scene_fini(&fixture.scene);
    return 0;
}

/* Far enough to see beyond the figures that are sent, not farther than a processor can draw. */
static void test_view_reaches_as_far_as_is_drawn(void **state)
{
    (void)state;
    assert_true(view_reach_m(192, false) == VIEW_FAR_M);
    assert_true(view_reach_m(192, true) == VIEW_FAR_M);
    assert_true(view_reach_m(1024, false) == 1024);
    assert_true(view_reach_m(1024, true) == 600);
    assert_true(view_reach_m(0, true) == VIEW_FAR_M);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_view_reaches_as_far_as_is_drawn),
        cmocka_unit_test(test_ui_blends_in_linear_light),
        cmocka_unit_test(test_ui_is_clipped_and_checked),
        cmocka_unit_test(test_textures_come_and_go_while_in_use),
        cmocka_unit_test(test_resizing_offscreen),
        cmocka_unit_test(test_an_output_not_asked_for_is_refused),
        cmocka_unit_test(test_pass_times_name_the_passes),
        cmocka_unit_test(test_projection_agrees_with_depth),
        cmocka_unit_test(test_refusals_say_why),
        cmocka_unit_test(test_a_lost_device_ends_in_a_sentence),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
