/* test_map.c -- the map without terminal and daemon: its arithmetic against a model, the ground
 * against the height field, and the screen before a make-believe world whose players walk.
 *
 * Golden pictures as in test_screens.c; of large ones the colours are told by a sum. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <math.h>

#include "common/compiler.h"
#include "common/heightfield.h"
#include "console/screens/map.h"
#include "console/screens/map_inside.h"
#include "console/ui/screen.h"
#include "console/ui/ui.h"

#define WALL_MS INT64_C(1795349072000)
#define SIZE_M  8192
#define TILE    GROUND_TILE

static struct heightfield *field;

/* ---- the view ---- */

static const struct map_view VIEWS[] = {
    {.zoom = 0, .x_m = 0, .z_m = 0, .columns = 52, .rows = 42, .size_m = SIZE_M},
    {.zoom = 4, .x_m = -777.5, .z_m = 123.25, .columns = 103, .rows = 80, .size_m = SIZE_M},
    {.zoom = 9, .x_m = 4000, .z_m = -4000, .columns = 171, .rows = 114, .size_m = SIZE_M},
    {.zoom = 14, .x_m = -1, .z_m = 1, .columns = 33, .rows = 17, .size_m = 524288},
};

/* What lies in a pixel's middle lies in that pixel, and in no other. */
static void a_place_lies_in_its_pixel(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_N(VIEWS); i++) {
        const struct map_view *view = &VIEWS[i];

        for (int row = -3; row < view->rows + 3; row++) {
            for (int column = -3; column < view->columns + 3; column++) {
                double x_m, z_m, least = map_view_step(view) * 0.499;
                int c, r;

                map_view_place(view, column, row, &x_m, &z_m);
                for (int corner = 0; corner < 4; corner++) {
                    map_view_pixel(view, x_m + (corner % 2 ? least : -least),
                                   z_m + (corner / 2 ? least : -least), &c, &r);
                    assert_int_equal(c, column);
                    assert_int_equal(r, row);
                }
            }
        }
    }
}

/* The middle of the view is in its middle pixel, at every scale. */
static void the_middle_is_in_the_middle(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_N(VIEWS); i++) {
        int column, row;

        map_view_pixel(&VIEWS[i], VIEWS[i].x_m, VIEWS[i].z_m, &column, &row);
        assert_in_range(column, VIEWS[i].columns / 2 - 1, VIEWS[i].columns / 2 + 1);
        assert_in_range(row, VIEWS[i].rows / 2 - 1, VIEWS[i].rows / 2 + 1);
    }
}

static void zooming_keeps_the_place_where_it_is(void **state)
{
    struct map_view view = VIEWS[1];
    int steps = 0;

    (void)state;
    for (int way = 1; way >= -1; way -= 2) {
        for (int i = 0; i < 40; i++) {
            double x_m, z_m, zoom = view.zoom;
            int before[2], after[2];

            map_view_place(&view, view.columns / 3, view.rows / 4, &x_m, &z_m);
            if (fabs(x_m) > SIZE_M / 4.0 || fabs(z_m) > SIZE_M / 4.0)
                break; /* at the edge the middle stays in the world */
            map_view_pixel(&view, x_m, z_m, &before[0], &before[1]);
            map_view_zoom(&view, way, x_m, z_m);
            map_view_pixel(&view, x_m, z_m, &after[0], &after[1]);
            assert_in_range(after[0], before[0] - 1, before[0] + 1);
            assert_in_range(after[1], before[1] - 1, before[1] + 1);
            steps += view.zoom != (int)zoom;
        }
    }
    assert_true(steps > 8);
}

static void scales_are_bounded(void **state)
{
    struct map_view view = VIEWS[0];

    (void)state;
    for (int i = 0; i < 100; i++)
        map_view_zoom(&view, 1, 5, 5);
    assert_int_equal(map_view_step(&view), 1);
    for (int i = 0; i < 100; i++)
        map_view_zoom(&view, -1, 5, 5);
    /* The whole world is in view, but it is not a speck. */
    assert_true(map_view_step(&view) * view.rows >= SIZE_M);
    assert_true(map_view_step(&view) * view.rows < 2 * SIZE_M);
}

static void panning_goes_by_pixels_and_stays_in_the_world(void **state)
{
    struct map_view view = VIEWS[1];
    int32_t left = map_view_left(&view), top = map_view_top(&view), step = map_view_step(&view);

    (void)state;
    map_view_pan(&view, 7, -3);
    assert_int_equal(map_view_left(&view), left + 7 * step);
    assert_int_equal(map_view_top(&view), top - 3 * step);
    map_view_pan(&view, 100000, 100000);
    assert_true(view.x_m == SIZE_M / 2.0 && view.z_m == SIZE_M / 2.0);
    map_view_pan(&view, -1000000, -1000000);
    assert_true(view.x_m == -SIZE_M / 2.0 && view.z_m == -SIZE_M / 2.0);
}

static void what_is_fitted_is_in_view_at_the_finest_scale(void **state)
{
    static const double RECTANGLES[][4] = {
        {-10, -10, 20, 20}, {100, -3000, 700, 30}, {-4096, -4096, 8192, 8192}, {3, 4, 1, 900}};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(RECTANGLES); i++) {
        const double *r = RECTANGLES[i];
        struct map_view view = VIEWS[0];
        int column, row;

        map_view_fit(&view, r[0], r[1], r[2], r[3], 2);
        assert_true(map_view_step(&view) >= 2);
        for (int corner = 0; corner < 4; corner++) {
            map_view_pixel(&view, r[0] + (corner % 2) * (r[2] - 0.01),
                           r[1] + (corner / 2) * (r[3] - 0.01), &column, &row);
            assert_in_range(column + 1, 0, view.columns + 1);
            assert_in_range(row + 1, 0, view.rows + 1);
        }
        if (view.zoom > 1) { /* one finer would be too fine */
            view.zoom--;
            assert_true(map_view_step(&view) < 2 || r[2] > view.columns * map_view_step(&view) ||
                        r[3] > view.rows * map_view_step(&view));
        }
    }
}

/* ---- the ground ---- */

/* What the daemon would answer. */
static json_t *heights_of(const json_t *params)
{
    static const char DIGITS[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    int64_t x = json_integer_value(json_object_get(params, "x"));
    int64_t z = json_integer_value(json_object_get(params, "z"));
    int64_t step = json_integer_value(json_object_get(params, "step"));
    int64_t columns = json_integer_value(json_object_get(params, "columns"));
    int64_t rows = json_integer_value(json_object_get(params, "rows"));
    size_t n = (size_t)(2 * columns * rows), at = 0;
    uint8_t *bytes = calloc(n + 3, 1);
    char *text = calloc(n * 2, 1);
    json_t *data;

    for (int64_t i = 0; i < columns * rows; i++) {
        int32_t height = heightfield_sample(field, (int32_t)(x + i % columns * step),
                                            (int32_t)(z + i / columns * step));

        bytes[2 * i] = (uint8_t)height;
        bytes[2 * i + 1] = (uint8_t)(height >> 8);
    }
    for (size_t i = 0; i < n; i += 3) {
        uint32_t three = (uint32_t)bytes[i] << 16 | (uint32_t)bytes[i + 1] << 8 | bytes[i + 2];

        for (int j = 0; j < 4; j++)
            text[at++] = i + (size_t)j > n ? '=' : DIGITS[three >> (18 - 6 * j) & 63];
    }
    data = json_pack("{s:s}", "heights", text);
    free(bytes);
    free(text);
    return data;
}

static void take_tile(struct ground *ground, uint32_t step_m, int32_t i, int32_t j)
{
    struct ground_key key = {step_m, i, j};
    json_t *params = ground_params(&key), *data = heights_of(params);

    ground_take(ground, params, data);
    json_decref(params);
    json_decref(data);
}

static void the_ground_is_that_of_the_field(void **state)
{
    struct ground ground = {0};
    float height;

    (void)state;
    assert_false(ground_height(&ground, 1, 0, 0, &height));
    take_tile(&ground, 4, 0, 0);
    assert_true(ground_height(&ground, 4, 0, 0, &height)); /* it was not here just now */
    take_tile(&ground, 4, -1, 0);
    for (int32_t x = -256; x < 252; x += 4) {
        assert_true(ground_height(&ground, 4, x, 100, &height));
        assert_true(fabs(height - heightfield_sample(field, x, 100) / 64.0) < 0.001);
    }
    /* Between two samples it lies between, across two tiles as well. */
    assert_true(ground_height(&ground, 4, -2, 100, &height));
    assert_true(
        fabs(height - (heightfield_sample(field, -4, 100) + heightfield_sample(field, 0, 100)) /
                          128.0) < 0.001);
    /* What is not here in fine is had in coarse, and never the other way. */
    assert_true(ground_height(&ground, 1, 8, 8, &height));
    assert_false(ground_height(&ground, 8, 8, 8, &height));
    assert_false(ground_height(&ground, 1, 600, 8, &height));
    ground_fini(&ground);
}

static void only_what_is_missing_is_asked_for(void **state)
{
    static const int32_t RECTANGLE[4] = {-100, -100, 300, 100};
    struct ground ground = {0};
    struct ground_key missing[32];

    (void)state;
    /* Tiles of 64 m: x from -2 to 4, z from -2 to 1; those in the middle first. */
    assert_int_equal(ground_missing(&ground, 1, RECTANGLE, SIZE_M, missing, 32), 7 * 4);
    assert_int_equal(missing[0].i, 1);
    take_tile(&ground, 1, 1, 0);
    assert_int_equal(ground_missing(&ground, 1, RECTANGLE, SIZE_M, missing, 32), 7 * 4 - 1);
    assert_int_equal(ground_missing(&ground, 1, RECTANGLE, SIZE_M, missing, 5), 5);
    /* Out of the world there is nothing to ask for. */
    assert_int_equal(ground_missing(&ground, 1, RECTANGLE, 128, missing, 32), 4 + 4 + 1 - 1);
    ground_fini(&ground);
}

static void what_is_no_tile_is_left_alone(void **state)
{
    static const char *const PARAMS[] = {
        "{\"x\":0,\"z\":0,\"step\":3,\"columns\":64,\"rows\":64}",
        "{\"x\":1,\"z\":0,\"step\":1,\"columns\":64,\"rows\":64}",
        "{\"x\":0,\"z\":0,\"step\":1,\"columns\":64,\"rows\":63}",
        "{\"x\":0,\"z\":0,\"step\":0,\"columns\":64,\"rows\":64}",
        "{\"x\":0,\"z\":0,\"step\":-1,\"columns\":64,\"rows\":64}",
        "{\"x\":0,\"z\":0,\"step\":131072,\"columns\":64,\"rows\":64}",
        "{}",
    };
    static const char *const DATA[] = {"{}",
                                       "{\"heights\":\"\"}",
                                       "{\"heights\":\"AAAA\"}",
                                       "{\"heights\":\"====\"}",
                                       "{\"heights\":7}",
                                       "[]"};
    struct ground ground = {0};
    json_t *good = json_loads("{\"x\":0,\"z\":0,\"step\":1,\"columns\":64,\"rows\":64}", 0, NULL);
    json_t *heights = heights_of(good);

    (void)state;
    for (size_t i = 0; i < ARRAY_N(PARAMS); i++) {
        json_t *params = json_loads(PARAMS[i], 0, NULL);

        ground_take(&ground, params, heights);
        assert_int_equal(ground.taken, 0);
        json_decref(params);
    }
    for (size_t i = 0; i < ARRAY_N(DATA); i++) {
        json_t *data = json_loads(DATA[i], 0, NULL);

        ground_take(&ground, good, data);
        assert_int_equal(ground.taken, 0);
        json_decref(data);
    }
    ground_take(&ground, good, heights);
    assert_int_equal(ground.taken, 1);
    for (int32_t i = 0; i < 3 * GROUND_TILES; i++) /* far more than are kept */
        take_tile(&ground, 1, i, 7);
    json_decref(good);
    json_decref(heights);
    ground_fini(&ground);
}

static void bins_are_read_as_they_are_told(void **state)
{
    /* clang-format off */
    static const struct { const char *bins; size_t n; uint32_t last; } CASES[] = {
        {"[3,5,0,1,10,2]",    3, 15},
        {"[]",                0, 0},
        {"[99,1]",            1, 99},
        {"[100,1]",           0, 0},  /* out of the rectangle */
        {"[99,1,0,1]",        1, 99},
        {"[-1,1]",            0, 0},
        {"[3,5,7]",           1, 3},  /* half a pair */
        {"[9223372036854775807,1,1,1]", 0, 0},
        {"[\"x\",\"y\"]",     1, 0},
        {"7",                 0, 0},
    };
    /* clang-format on */
    struct model model;
    json_t *params = json_loads(
        "{\"x\":0,\"z\":0,\"step\":8,\"columns\":10,\"rows\":10,\"what\":\"players\"}", 0, NULL);

    (void)state;
    assert_int_equal(model_init(&model), 0);
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        json_t *bins = json_loads(CASES[i].bins, JSON_DECODE_ANY, NULL);
        json_t *data = json_pack("{s:o}", "bins", bins);
        const struct model_world_population *population = &model.world.population;

        model_answer(&model, "world.population", params, data);
        assert_int_equal(population->n, CASES[i].n);
        if (population->n > 0)
            assert_int_equal(population->bins[population->n - 1].index, CASES[i].last);
        json_decref(data);
    }
    json_decref(params);
    model_fini(&model);
}

/* ---- the screen ---- */

struct walker {
    const char *name;
    double x, z;
    int64_t out;
    bool gone;
};

/* The whole console before a world of its own. */
struct stage {
    struct ui ui;
    struct canvas canvas;
    struct walker walkers[12];
    int64_t tick;
    struct {
        int token;
        char method[64];
        json_t *params;
    } asked[64];
    size_t asked_n;
    unsigned heights_n;
    bool refuse_heights;
};

static int on_ask(void *context, int token, const char *method, json_t *params)
{
    struct stage *stage = context;

    assert_true(stage->asked_n < ARRAY_N(stage->asked));
    stage->asked[stage->asked_n].token = token;
    snprintf(stage->asked[stage->asked_n].method, 64, "%s", method);
    stage->asked[stage->asked_n++].params = params != NULL ? params : json_object();
    return 0;
}

static int64_t param(const json_t *params, const char *name)
{
    return json_integer_value(json_object_get(params, name));
}

static json_t *population_of(const struct stage *stage, const json_t *params)
{
    const char *what = json_string_value(json_object_get(params, "what"));
    int64_t columns = param(params, "columns"), rows = param(params, "rows");
    int64_t step = param(params, "step"), next = 0, players = 0, most = 0;
    json_t *bins = json_array();

    for (int64_t bin = 0; bin < columns * rows; bin++) {
        int64_t left = param(params, "x") + bin % columns * step;
        int64_t top = param(params, "z") + bin / columns * step, value = 0;

        for (size_t i = 0; i < ARRAY_N(stage->walkers); i++) {
            const struct walker *walker = &stage->walkers[i];

            if (walker->gone || walker->x < (double)left || walker->x >= (double)(left + step) ||
                walker->z < (double)top || walker->z >= (double)(top + step))
                continue;
            players++;
            value += strcmp(what, "players") == 0 ? 1 : walker->out;
        }
        if (value == 0)
            continue;
        json_array_append_new(bins, json_integer(bin - next));
        json_array_append_new(bins, json_integer(value));
        next = bin + 1;
        most = value > most ? value : most;
    }
    return json_pack("{s:I, s:I, s:I, s:I, s:o}", "tick", (json_int_t)stage->tick, "players",
                     (json_int_t)players, "figures", (json_int_t)players, "most", (json_int_t)most,
                     "bins", bins);
}

static json_t *players_of(const struct stage *stage, const json_t *params)
{
    json_t *list = json_array();

    for (size_t i = 0; i < ARRAY_N(stage->walkers); i++) {
        const struct walker *walker = &stage->walkers[i];
        char session[24];

        if (walker->gone || walker->x < (double)param(params, "x") ||
            walker->z < (double)param(params, "z") ||
            walker->x >= (double)(param(params, "x") + param(params, "width")) ||
            walker->z >= (double)(param(params, "z") + param(params, "depth")))
            continue;
        snprintf(session, sizeof(session), "%zu", i + 100);
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:f, s:f, s:s, s:i, s:I}",
                                              "name", walker->name, "session", session, "player",
                                              "7", "address", "192.0.2.1:1", "x", walker->x, "z",
                                              walker->z, "pose", "walking", "cost_us_per_s", 210,
                                              "out_per_s", (json_int_t)walker->out));
    }
    return json_pack("{s:I, s:o}", "matched", (json_int_t)json_array_size(list), "players", list);
}

/* NULL: there is nobody by that name or session. */
static json_t *player_of(const struct stage *stage, const json_t *params)
{
    const char *name = json_string_value(json_object_get(params, "name"));
    const char *session = json_string_value(json_object_get(params, "session"));

    for (size_t i = 0; i < ARRAY_N(stage->walkers); i++) {
        const struct walker *walker = &stage->walkers[i];
        char number[24];

        snprintf(number, sizeof(number), "%zu", i + 100);
        if (walker->gone ||
            strcmp(name != NULL ? name : session, name != NULL ? walker->name : number) != 0)
            continue;
        return json_pack("{s:s, s:s, s:I, s:f, s:f, s:f, s:i, s:s, s:i, s:i, s:I, s:i}", "name",
                         walker->name, "session", number, "tick", (json_int_t)stage->tick, "x",
                         walker->x, "y", 120.0, "z", walker->z, "yaw", 270, "pose", "walking",
                         "rtt_us", 41000, "cost_us_per_s", 210, "out_per_s",
                         (json_int_t)walker->out, "cells", 37);
    }
    return NULL;
}

static json_t *cell_of(const struct stage *stage, const json_t *params)
{
    int64_t i = param(params, "x") >> 6, j = param(params, "z") >> 6, players = 0, out = 0;

    for (size_t k = 0; k < ARRAY_N(stage->walkers); k++) {
        const struct walker *walker = &stage->walkers[k];

        if (!walker->gone && floor(walker->x / 64) == (double)i &&
            floor(walker->z / 64) == (double)j) {
            players++;
            out += walker->out;
        }
    }
    return json_pack("{s:[I,I], s:I, s:I, s:f, s:I, s:I, s:I, s:I, s:I, s:i, s:i, s:i}", "cell",
                     (json_int_t)i, (json_int_t)j, "x", (json_int_t)(i * 64), "z",
                     (json_int_t)(j * 64), "height", 121.5, "players", (json_int_t)players,
                     "figures", (json_int_t)players, "cost_us_per_s", (json_int_t)(players * 210),
                     "out_per_s", (json_int_t)out, "in_per_s", (json_int_t)(players * 300),
                     "leaves", players > 0 ? 1 : 0, "block_bytes", 39, "update_bytes", 9);
}

static json_t *reply_of(struct stage *stage, const char *method, const json_t *params)
{
    if (strcmp(method, "world.show") == 0)
        return json_pack("{s:i, s:i, s:i, s:i, s:{s:i}, s:f, s:f, s:i, s:i, s:i}", "size_m", SIZE_M,
                         "cell_m", 64, "hz", 20, "seed", 1, "spawn", "radius_m", 24, "lowest_m",
                         118.5, "highest_m", 588.25, "players", 12, "figures", 12, "cells", 9);
    if (strcmp(method, "world.heights") == 0) {
        stage->heights_n++;
        return stage->refuse_heights ? NULL : heights_of(params);
    }
    if (strcmp(method, "world.population") == 0)
        return population_of(stage, params);
    if (strcmp(method, "world.players") == 0)
        return players_of(stage, params);
    if (strcmp(method, "world.player") == 0)
        return player_of(stage, params);
    return strcmp(method, "world.cell") == 0 ? cell_of(stage, params) : json_object();
}

/* Time passes and all that is asked is answered, until nothing more is asked. */
static void settle(struct stage *stage)
{
    for (int i = 0; i < 40; i++) {
        size_t n = stage->asked_n;

        for (size_t j = 0; j < n; j++) {
            json_t *data = reply_of(stage, stage->asked[j].method, stage->asked[j].params);

            ui_answer(&stage->ui, stage->asked[j].token, data, data == NULL ? -32000 : 0,
                      data == NULL ? "not here" : "");
            json_decref(data);
            json_decref(stage->asked[j].params);
        }
        memmove(stage->asked, stage->asked + n, (stage->asked_n - n) * sizeof(stage->asked[0]));
        stage->asked_n -= n;
        ui_time(&stage->ui, stage->ui.now_ms + 1, WALL_MS);
        ui_draw(&stage->ui, &stage->canvas);
        if (n == 0 && stage->asked_n == 0)
            return;
    }
}

static void later(struct stage *stage, uint64_t ms)
{
    stage->ui.now_ms += ms;
    stage->ui.heard_ms = stage->ui.now_ms;
    ui_time(&stage->ui, stage->ui.now_ms, WALL_MS);
    settle(stage);
}

static void press(struct stage *stage, const char *keys)
{
    for (; *keys != '\0'; keys++) {
        ui_key(&stage->ui, (unsigned char)*keys);
        settle(stage);
    }
    later(stage, 1100);
}

static struct stage *stage_new(int rows, int columns, bool ascii, bool mono)
{
    static const struct walker WALKERS[] = {
        {"Aria", 10, -20, 4000, false},
        {"Borin", 30, 40, 3000, false},
        {"Cass", -50, 12, 2500, false},
        {"Dunja", -52, 14, 900, false},
        {"Emil", 100, 100, 20000, false},
        {"Fenja", 104, 103, 21000, false},
        {"Gero", 101, 99, 19000, false},
        {"Hilde", -120, -90, 100, false},
        {"\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99", 60, -70, 3500, false},
        {"Jost", -160, 120, 12, false},
        {"Kai", 171, -130, 700, false},
        {"Lina", 12, -21, 4100, false},
    };
    struct stage *stage = calloc(1, sizeof(*stage));
    struct ui_config config = {.ask = on_ask, .context = stage};

    assert_non_null(stage);
    memcpy(stage->walkers, WALKERS, sizeof(WALKERS));
    stage->tick = 1000;
    assert_int_equal(ui_init(&stage->ui, &config), 0);
    assert_int_equal(canvas_init(&stage->canvas, rows, columns, ascii), 0);
    stage->canvas.mono = mono;
    stage->ui.now_ms = 1000;
    ui_opened(&stage->ui);
    ui_open(&stage->ui, &SCREEN_MAP);
    ui_draw(&stage->ui, &stage->canvas);
    later(stage, 10);
    return stage;
}

static void stage_free(struct stage *stage)
{
    for (size_t i = 0; i < stage->asked_n; i++)
        json_decref(stage->asked[i].params);
    ui_fini(&stage->ui);
    canvas_fini(&stage->canvas);
    free(stage);
}

static char *printed(const struct stage *stage, bool styles)
{
    char *text = NULL;
    size_t room = 0;
    FILE *out = open_memstream(&text, &room);

    assert_non_null(out);
    canvas_print(&stage->canvas, out, styles);
    fclose(out);
    return text;
}

static bool shows(const struct stage *stage, const char *what)
{
    char *text = printed(stage, false);
    bool found = strstr(text, what) != NULL;

    free(text);
    return found;
}

/* Text, and below it a sum of all colours. */
static char *summed(const struct stage *stage)
{
    char *text = printed(stage, false), *out = NULL;
    uint32_t sum = 2166136261u;

    for (int i = 0; i < stage->canvas.rows * stage->canvas.columns; i++) {
        sum = (sum ^ stage->canvas.cells[i].front) * 16777619u;
        sum = (sum ^ stage->canvas.cells[i].back) * 16777619u;
    }
    assert_true(asprintf(&out, "%scolours: %08x\n", text, sum) > 0);
    free(text);
    return out;
}

static char *contents(const char *path)
{
    char *text = NULL;
    size_t room = 0;
    FILE *in = fopen(path, "r");

    if (in != NULL && getdelim(&text, &room, '\0', in) < 0) {
        free(text);
        text = NULL;
    }
    if (in != NULL)
        fclose(in);
    return text;
}

static void pictures_are_as_before(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *keys; int rows, columns; bool ascii, mono, few; } CASES[] = {
        {"map-80x24",           "",       24, 80,  false, false, false},
        {"map-80x24-few",       "f",      24, 80,  false, false, true},
        {"map-80x24-few-cost",  "---v",   24, 80,  false, false, true},
        {"map-132x43",          "---",    43, 132, false, false, false},
        {"map-200x60",          "w",      60, 200, false, false, false},
        {"map-60x15",           "",       15, 60,  false, false, false},
        {"map-60x15-follow",    "f",      15, 60,  false, false, false},
        {"map-80x24-ascii",     "--",     24, 80,  true,  false, false},
        {"map-80x24-mono",      "-----",  24, 80,  false, true, false},
        {"map-80x24-ascii-mono", "--vv",  24, 80,  true,  true, false},
        {"map-80x24-bandwidth", "vv",     24, 80,  false, false, false},
        {"map-132x43-follow",   "gBorin\n", 43, 132, false, false, false},
        {"map-80x24-go",        "g-12",   24, 80,  false, false, false},
        {"map-80x24-cell",      "g100,100\n\n", 24, 80, false, false, false},
    };
    /* clang-format on */
    bool update = getenv("OPENMMO_GOLDEN_UPDATE") != NULL;
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct stage *stage =
            stage_new(CASES[i].rows, CASES[i].columns, CASES[i].ascii, CASES[i].mono);
        char path[512], *golden, *text;

        stage->canvas.few = CASES[i].few;
        press(stage, CASES[i].keys);
        /* The frame is test_screens' matter. */
        canvas_fill(&stage->canvas, 0, 0, stage->canvas.columns, STYLE_PLAIN);
        canvas_fill(&stage->canvas, 1, 0, stage->canvas.columns, STYLE_PLAIN);
        canvas_fill(&stage->canvas, stage->canvas.rows - 1, 0, stage->canvas.columns, STYLE_PLAIN);
        text = stage->canvas.columns > 80 ? summed(stage) : printed(stage, true);
        snprintf(path, sizeof(path), SOURCE_DIR "/golden/%s.txt", CASES[i].name);
        if (update) {
            FILE *out = fopen(path, "w");

            assert_non_null(out);
            fputs(text, out);
            fclose(out);
        }
        golden = contents(path);
        if (golden == NULL || strcmp(golden, text) != 0) {
            print_error("%s differs; drawn now:\n%s\n", CASES[i].name, text);
            wrong++;
        }
        free(golden);
        free(text);
        stage_free(stage);
    }
    assert_int_equal(wrong, 0);
}

/* With few colours, too, nobody is told apart from the ground by his colour alone, and behind no
 * character is another colour, which might be the same. */
static void few_colours_say_nothing_alone(void **state)
{
    struct stage *stage = stage_new(43, 132, false, false);
    const struct map_state *map = map_state(&stage->ui);

    (void)state;
    stage->canvas.few = true;
    press(stage, "");
    for (size_t i = 0; i < ARRAY_N(stage->walkers); i++) {
        const struct canvas_cell *cell;
        int column, row;

        map_view_pixel(&map->view, stage->walkers[i].x, stage->walkers[i].z, &column, &row);
        cell = &stage->canvas.cells[(map->row + row / 2) * stage->canvas.columns + column];
        if (cell->style != STYLE_SELECTED || cell->text[0] < '1' || cell->text[0] > '9')
            fail_msg("%s is not seen: \"%s\"", stage->walkers[i].name, cell->text);
    }
    for (int follows = 0; follows < 2; follows++) {
        for (int i = 0; i < stage->canvas.rows * stage->canvas.columns; i++)
            assert_int_equal(stage->canvas.cells[i].back, 0);
        press(stage, "gBorin\n");
        for (int i = 0; i < 10; i++) { /* they walk; the one who is followed leaves a trail */
            for (size_t j = 0; j < ARRAY_N(stage->walkers); j++)
                stage->walkers[j].z += 2;
            stage->tick += 4;
            later(stage, 200);
        }
    }
    stage_free(stage);
}

/* At first all who are here are in view, each in the pixel where he stands. */
static void everybody_is_seen_at_first(void **state)
{
    struct stage *stage = stage_new(43, 132, false, false);
    const struct map_state *map = map_state(&stage->ui);

    (void)state;
    for (size_t i = 0; i < ARRAY_N(stage->walkers); i++) {
        const struct canvas_cell *cell;
        uint32_t colour;
        int column, row;

        map_view_pixel(&map->view, stage->walkers[i].x, stage->walkers[i].z, &column, &row);
        assert_in_range(column, 0, map->view.columns - 1);
        assert_in_range(row, 0, map->view.rows - 1);
        cell = &stage->canvas.cells[(map->row + row / 2) * stage->canvas.columns + column];
        colour = row % 2 == 0 ? cell->front : cell->back;
        if ((colour >> 16 & 0xff) < 0xf0)
            fail_msg("%s is not seen at %d, %d: %06x", stage->walkers[i].name, column, row, colour);
    }
    assert_true(shows(stage, "12 of 12"));
    stage_free(stage);
}

/* A large map needs more than can be asked for at once: an answer brings the next question at once,
 * and so does each on the way to the first picture. */
static void nothing_waits_for_the_next_second(void **state)
{
    struct stage *stage = stage_new(100, 300, false, false);

    (void)state;
    press(stage, "+");
    for (size_t i = 0; i < 2; i++) {
        json_t *key = json_pack("{s:i, s:i, s:i, s:i, s:i}", "x", 64 * 65536, "z", 0, "step", 1,
                                "columns", TILE, "rows", TILE);
        json_t *data = heights_of(key);
        struct screen_reply reply = {i == 0 ? "world.heights" : "world.show", key, data, 0, ""};

        ui_time(&stage->ui, stage->ui.now_ms + 1, WALL_MS);
        stage->ui.wake_ms = 0;
        map_state(&stage->ui)->begun = i == 0;
        SCREEN_MAP.answered(&stage->ui, &reply);
        assert_int_equal(stage->ui.wake_ms, stage->ui.now_ms);
        json_decref(data);
        json_decref(key);
    }
    stage_free(stage);
}

/* The daemon refuses more than its share of tiles: it is not asked again with the next turn, nor is
 * that turn now. */
static void who_is_refused_waits(void **state)
{
    struct stage *stage = stage_new(43, 132, false, false);
    unsigned n = stage->heights_n;

    (void)state;
    stage->refuse_heights = true;
    ui_key(&stage->ui, 'w');
    settle(stage);
    assert_in_range(stage->heights_n - n, 1, MAP_TILES_FLYING);
    n = stage->heights_n;
    later(stage, 300);
    assert_in_range(stage->heights_n - n, 1, MAP_TILES_FLYING);
    for (size_t i = 0; i < 2; i++) {
        struct screen_reply reply = {i == 0 ? "world.heights" : "world.population", NULL, NULL,
                                     -32000, "later"};

        reply.params = json_object();
        stage->ui.wake_ms = 0;
        map_state(&stage->ui)->begun = i == 0;
        SCREEN_MAP.answered(&stage->ui, &reply);
        assert_int_equal(stage->ui.wake_ms, 0);
        json_decref((json_t *)reply.params);
    }
    stage_free(stage);
}

/* The ground is asked for once; what was refused is asked for again. */
static void the_ground_is_asked_for_once(void **state)
{
    struct stage *stage = stage_new(43, 132, false, false);
    unsigned n = stage->heights_n;

    (void)state;
    assert_in_range(n, 1, 64);
    for (int i = 0; i < 5; i++)
        later(stage, 1100);
    assert_int_equal(stage->heights_n, n);
    stage->refuse_heights = true;
    press(stage, "w");
    n = stage->heights_n;
    stage->refuse_heights = false;
    later(stage, 5000);
    assert_true(stage->heights_n > n);
    n = stage->heights_n;
    later(stage, 5000);
    assert_int_equal(stage->heights_n, n);
    stage_free(stage);
}

static void who_is_followed_stays_in_the_middle(void **state)
{
    struct stage *stage = stage_new(24, 80, false, false);
    const struct map_state *map = map_state(&stage->ui);
    int column, row;

    (void)state;
    press(stage, "gEmil\n");
    assert_string_equal(map->follow, "104");
    assert_true(shows(stage, "Following"));
    for (int i = 0; i < 20; i++) {
        stage->walkers[4].x += 1; /* 5 m/s to the east */
        stage->tick += 4;
        later(stage, 200);
        map_view_pixel(&map->view, stage->walkers[4].x, stage->walkers[4].z, &column, &row);
        assert_in_range(column, map->view.columns / 2 - 1, map->view.columns / 2 + 1);
        assert_in_range(row, map->view.rows / 2 - 1, map->view.rows / 2 + 1);
    }
    assert_true(shows(stage, "5.0 m/s E"));
    assert_true(shows(stage, "41.0 ms"));
    assert_true(ui_wait_ms(&stage->ui, stage->ui.now_ms) <= 200);
    /* Esc lets go: he walks on, the view stays. */
    ui_key(&stage->ui, KEYS_ESCAPE);
    stage->walkers[4].x += 40;
    later(stage, 1100);
    map_view_pixel(&map->view, stage->walkers[4].x, stage->walkers[4].z, &column, &row);
    assert_true(column > map->view.columns / 2 + 10);
    assert_false(shows(stage, "Following"));
    stage_free(stage);
}

static void who_is_followed_may_leave(void **state)
{
    struct stage *stage = stage_new(24, 80, false, false);

    (void)state;
    press(stage, "gEmil\n");
    stage->walkers[4].gone = true;
    later(stage, 300);
    assert_true(shows(stage, "Emil has left"));
    assert_string_equal(map_state(&stage->ui)->follow, "");
    press(stage, "gNobody\n");
    assert_string_equal(map_state(&stage->ui)->follow, "");
    stage_free(stage);
}

static void places_are_gone_to(void **state)
{
    /* clang-format off */
    static const struct { const char *text; double x, z; } CASES[] = {
        {"128,-64", 128, -64}, {"128 -64", 128, -64}, {"128, -64", 128, -64}, {"-4000.5,12", -4000.5, 12},
        {"99999,0", SIZE_M / 2.0, 0}, /* the edge */
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct stage *stage = stage_new(24, 80, false, false);
        const struct map_state *map = map_state(&stage->ui);

        press(stage, "g");
        press(stage, CASES[i].text);
        press(stage, "\n");
        assert_true(fabs(map->view.x_m - CASES[i].x) < 0.01);
        assert_true(fabs(map->view.z_m - CASES[i].z) < 0.01);
        assert_string_equal(map->go.text, "");
        stage_free(stage);
    }
}

/* The cursor goes cell by cell, is always in view, and never leaves the world. */
static void the_cursor_walks_over_cells(void **state)
{
    struct stage *stage = stage_new(24, 80, false, false);
    const struct map_state *map = map_state(&stage->ui);
    double before;
    int column, row;

    (void)state;
    press(stage, "g0,0\n");
    press(stage, "lll");
    assert_true(map->x_m == 192 && map->z_m == 0);
    press(stage, "jjhk");
    assert_true(map->x_m == 128 && map->z_m == 64);
    for (int i = 0; i < 100; i++) {
        before = map->x_m;
        press(stage, "h");
        assert_true(map->x_m < before || map->x_m < -SIZE_M / 2.0 + 64);
        map_view_pixel(&map->view, map->x_m, map->z_m, &column, &row);
        assert_in_range(column, 0, map->view.columns - 1);
        assert_in_range(row, 0, map->view.rows - 1);
    }
    assert_true(map->x_m >= -SIZE_M / 2.0);
    stage_free(stage);
}

static void the_mouse_points_and_zooms(void **state)
{
    struct stage *stage = stage_new(24, 80, false, false);
    struct map_state *map = map_state(&stage->ui);
    struct mouse mouse = {MOUSE_CLICK, 9, 31};
    double x_m, z_m, again_x, again_z;
    int32_t step = map_view_step(&map->view);

    (void)state;
    map_view_place(&map->view, 31, 2 * (9 - map->row) + 0.5, &x_m, &z_m);
    assert_false(SCREEN_MAP.mouse(&stage->ui, &mouse));
    assert_true(fabs(map->x_m - x_m) < 0.01 && fabs(map->z_m - z_m) < 0.01);
    mouse.what = MOUSE_WHEEL_UP;
    SCREEN_MAP.mouse(&stage->ui, &mouse);
    assert_true(map_view_step(&map->view) < step);
    map_view_place(&map->view, 31, 2 * (9 - map->row) + 0.5, &again_x, &again_z);
    assert_true(fabs(again_x - x_m) <= step && fabs(again_z - z_m) <= step);
    mouse.what = MOUSE_WHEEL_DOWN;
    SCREEN_MAP.mouse(&stage->ui, &mouse);
    assert_int_equal(map_view_step(&map->view), step);
    mouse.what = MOUSE_DOUBLE_CLICK;
    assert_true(SCREEN_MAP.mouse(&stage->ui, &mouse));
    mouse = (struct mouse){MOUSE_CLICK, 9, 75}; /* the panel is not the map */
    SCREEN_MAP.mouse(&stage->ui, &mouse);
    assert_true(fabs(map->x_m - x_m) < 0.01);
    stage_free(stage);
}

/* No size hurts, in any state (sanitizers look on). */
static void no_size_hurts(void **state)
{
    static const char *const KEYS[] = {"", "---", "w", "vv", "f", "g1,1", "\n", "gEmil\n"};

    (void)state;
    for (int rows = 8; rows < 140; rows = rows * 3 / 2 + 1) {
        for (int columns = 36; columns < 500; columns = columns * 3 / 2 + 3) {
            for (size_t i = 0; i < ARRAY_N(KEYS); i++) {
                struct stage *stage = stage_new(rows, columns, i % 3 == 1, i % 2 == 1);

                press(stage, KEYS[i]);
                canvas_fini(&stage->canvas);
                assert_int_equal(canvas_init(&stage->canvas, columns / 4, rows * 3, false), 0);
                later(stage, 1100);
                stage_free(stage);
            }
        }
    }
}

static int setup(void **state)
{
    (void)state;
    field = heightfield_new(1, SIZE_M);
    return field == NULL ? -1 : 0;
}

static int teardown(void **state)
{
    (void)state;
    heightfield_free(field);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_place_lies_in_its_pixel),
        cmocka_unit_test(the_middle_is_in_the_middle),
        cmocka_unit_test(zooming_keeps_the_place_where_it_is),
        cmocka_unit_test(scales_are_bounded),
        cmocka_unit_test(panning_goes_by_pixels_and_stays_in_the_world),
        cmocka_unit_test(what_is_fitted_is_in_view_at_the_finest_scale),
        cmocka_unit_test(the_ground_is_that_of_the_field),
        cmocka_unit_test(only_what_is_missing_is_asked_for),
        cmocka_unit_test(what_is_no_tile_is_left_alone),
        cmocka_unit_test(bins_are_read_as_they_are_told),
        cmocka_unit_test(pictures_are_as_before),
        cmocka_unit_test(few_colours_say_nothing_alone),
        cmocka_unit_test(everybody_is_seen_at_first),
        cmocka_unit_test(nothing_waits_for_the_next_second),
        cmocka_unit_test(who_is_refused_waits),
        cmocka_unit_test(the_ground_is_asked_for_once),
        cmocka_unit_test(who_is_followed_stays_in_the_middle),
        cmocka_unit_test(who_is_followed_may_leave),
        cmocka_unit_test(places_are_gone_to),
        cmocka_unit_test(the_cursor_walks_over_cells),
        cmocka_unit_test(the_mouse_points_and_zooms),
        cmocka_unit_test(no_size_hurts),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
