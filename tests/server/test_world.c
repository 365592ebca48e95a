/* test_world.c -- the world by place: what the atlas reckons of who stands where, the height field
 * as it is told, and the methods over both, through the socket's own dispatcher. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sodium.h>

#include "admin/atlas.h"
#include "admin/method.h"
#include "admin/relief.h"
#include "common/compiler.h"
#include "fake_host.h"
#include "sim_world.h"

static struct sim *sim;
static struct batch *batch;
static struct method_desk desk;
static struct admin_config config;

/* Who is here stands where the rows say; three wanderers stand there besides. */
static int setup(void **state)
{
    (void)state;
    fake_host_start(5);
    sim = sim_new(&(struct sim_config){.field = fake_host.field,
                                       .entities_max = 64,
                                       .readers = 1 + sessions_threads(NULL)},
                  &(struct error){""});
    batch = calloc(1, sizeof(*batch));
    assert_non_null(sim);
    assert_non_null(batch);
    for (unsigned i = 0; i < 3; i++)
        batch_join(batch, SESSION_SCRIPTED_FIRST + i, 900 + i, 64 * (int)i + 1, 0);
    batch_step(batch, sim);
    fake_host.world = sim_snapshot(sim);
    config = (struct admin_config){.field = fake_host.field, .spawn_radius_m = 24};
    desk = (struct method_desk){
        .config = &config, .atlas = atlas_new(NULL), .relief = relief_new(fake_host.field)};
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    atlas_free(desk.atlas);
    relief_free(desk.relief);
    snapshot_unref(fake_host.world);
    sim_free(sim);
    free(batch);
    fake_host_stop();
    return 0;
}

static void put(unsigned i, double x_m, double z_m)
{
    fake_host.players[i].x_m = x_m;
    fake_host.players[i].z_m = z_m;
}

/* ---- the atlas ---- */

static size_t bins_of(const struct atlas_grid *grid, enum atlas_what what, struct atlas_bin *out,
                      struct atlas_sum *total)
{
    struct atlas_bin *bins;
    size_t n;

    assert_int_equal(atlas_bins(desk.atlas, grid, what, &bins, &n, total), 0);
    memcpy(out, bins, n * sizeof(*bins));
    free(bins);
    return n;
}

static void places_fall_into_their_bins(void **state)
{
    const struct atlas_grid grid = {-20, -10, 10, 4, 2}; /* x -20..20, z -10..10 */
    struct atlas_bin bins[16];
    struct atlas_sum total;

    (void)state;
    put(0, -20, -10);      /* the very corner: bin 0 */
    put(1, -10.01, -0.01); /* still bin 0 */
    put(2, 0, 0);          /* 4 + 2 */
    put(3, 20, 0);         /* just beyond */
    put(4, 5, -10.25);     /* just above */
    assert_int_equal(atlas_look(desk.atlas, 1000), 0);
    assert_int_equal(bins_of(&grid, ATLAS_PLAYERS, bins, &total), 2);
    assert_int_equal(bins[0].index, 0);
    assert_int_equal(bins[0].value, 2);
    assert_int_equal(bins[1].index, 6);
    assert_int_equal(bins[1].value, 1);
    assert_int_equal(total.players, 3);
    /* A wanderer stands at (1, 0), in the third one's bin. */
    assert_int_equal(total.figures, 4);
    assert_int_equal(bins_of(&grid, ATLAS_FIGURES, bins, &total), 2);
    assert_int_equal(bins[1].value, 2);
}

static void a_look_is_good_for_a_while(void **state)
{
    const struct atlas_grid grid = {0, 0, 64, 1, 1};
    struct atlas_bin bins[16];
    struct atlas_sum total;

    (void)state;
    fake_host.players_n = 1;
    put(0, 1, 1);
    assert_int_equal(atlas_look(desk.atlas, 1000), 0);
    put(0, 500, 500);
    assert_int_equal(atlas_look(desk.atlas, 1000 + ATLAS_LOOK_MS - 1), 0);
    assert_int_equal(bins_of(&grid, ATLAS_PLAYERS, bins, &total), 1);
    assert_int_equal(atlas_look(desk.atlas, 1000 + ATLAS_LOOK_MS), 0);
    assert_int_equal(bins_of(&grid, ATLAS_PLAYERS, bins, &total), 0);
}

/* A place costs what those who stand there cost. */
static void costs_are_those_of_who_stands_there(void **state)
{
    const struct atlas_grid grid = {0, 0, 64, 2, 1};
    struct atlas_bin bins[16];
    struct atlas_sum sum;

    (void)state;
    fake_host.players_n = 3;
    for (unsigned i = 0; i < 3; i++) {
        put(i, i < 2 ? 1 : 65, 1);
        fake_host.players[i].figures.out_per_s = 1000 << i;
        fake_host.players[i].figures.cost_us_per_s = i == 2 ? 0 : 7;
        fake_host.players[i].figures.in_per_s = 11;
    }
    assert_int_equal(atlas_look(desk.atlas, 1000), 0);
    sum = atlas_cell(desk.atlas, (struct space_cell){0, 0, 0});
    assert_int_equal(sum.out, 3000);
    assert_int_equal(sum.cost_us, 14);
    assert_int_equal(sum.in, 22);
    assert_int_equal(sum.players, 2);
    assert_int_equal(sum.figures, 3);
    assert_int_equal(bins_of(&grid, ATLAS_OUT, bins, &sum), 2);
    assert_int_equal(bins[0].value, 3000);
    assert_int_equal(bins[1].value, 4000);
    /* Who costs nothing makes no bin. */
    assert_int_equal(bins_of(&grid, ATLAS_COST, bins, &sum), 1);
    assert_int_equal(bins[0].value, 14);
    assert_int_equal(sum.out, 7000);
    assert_int_equal(atlas_player(desk.atlas, fake_host.players[2].session)->out, 4000);
    assert_null(atlas_player(desk.atlas, 7));
}

/* ---- the methods ---- */

struct heard {
    struct jsonrpc_port port;
    json_t *answer;
};

static void begin(void *context, struct jsonrpc_call *call)
{
    struct role_peer peer = {.uid = 1000, .name = "vera", .role = ROLE_VIEWER};

    (void)context;
    method_begin(&desk, NULL, &peer, call);
}

static void hear(void *context, const char *line, size_t len_bytes)
{
    struct heard *heard = context;

    heard->answer = json_loadb(line, len_bytes, 0, NULL);
}

/* The answer; the caller lets go of it. */
static json_t *ask(const char *method, const char *params)
{
    struct heard heard = {.port = {.call = begin, .answer = hear, .context = &heard}};
    char line[512];

    snprintf(line, sizeof(line), "{\"jsonrpc\":\"2.0\",\"method\":\"%s\",\"params\":%s,\"id\":1}",
             method, params);
    jsonrpc_line(&heard.port, line, strlen(line));
    assert_non_null(heard.answer);
    return heard.answer;
}

static const json_t *member(const json_t *answer, const char *name)
{
    const json_t *result = json_object_get(answer, "result");

    if (json_object_get(result, name) == NULL)
        fail_msg("no %s in %s", name, json_dumps(answer, 0));
    return json_object_get(result, name);
}

static json_int_t number(const json_t *answer, const char *name)
{
    return (json_int_t)json_number_value(member(answer, name));
}

static void the_world_is_shown(void **state)
{
    json_t *answer = ask("world.show", "{}");

    (void)state;
    assert_int_equal(number(answer, "size_m"), 8192);
    assert_int_equal(number(answer, "cell_m"), 64);
    assert_int_equal(number(answer, "figures"), 3);
    assert_int_equal(number(answer, "cells"), 3); /* one wanderer each */
    assert_int_equal(number(answer, "divided"), 0);
    assert_int_equal(number(answer, "players"), 5);
    assert_true(number(answer, "lowest_m") < number(answer, "highest_m"));
    assert_int_equal(json_integer_value(json_object_get(member(answer, "spawn"), "radius_m")), 24);
    json_decref(answer);
}

/* Each sample is the field's, the world's edge and what lies beyond it too. */
static void heights_are_those_of_the_field(void **state)
{
    static const struct relief_grid GRIDS[] = {
        {0, 0, 1, 3, 2}, {-4096, -4096, 128, 64, 64}, {511999, -512000, 65536, 2, 5}};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(GRIDS); i++) {
        const struct relief_grid *grid = &GRIDS[i];
        uint8_t bytes[2 * RELIEF_SAMPLES_MAX];
        char params[256];
        json_t *answer;
        size_t n;

        snprintf(params, sizeof(params),
                 "{\"x\":%d,\"z\":%d,\"step\":%u,\"columns\":%u,\"rows\":%u}", grid->x_m, grid->z_m,
                 grid->step_m, grid->columns, grid->rows);
        for (int again = 0; again < 2; again++) { /* made, and kept */
            const char *text;

            answer = ask("world.heights", params);
            text = json_string_value(member(answer, "heights"));
            assert_int_equal(sodium_base642bin(bytes, sizeof(bytes), text, strlen(text), NULL, &n,
                                               NULL, sodium_base64_VARIANT_ORIGINAL),
                             0);
            assert_int_equal(n, 2 * grid->columns * grid->rows);
            for (uint32_t at = 0; at < grid->columns * grid->rows; at++)
                assert_int_equal(
                    bytes[2 * at] | bytes[2 * at + 1] << 8,
                    heightfield_sample(fake_host.field,
                                       grid->x_m + (int32_t)(at % grid->columns * grid->step_m),
                                       grid->z_m + (int32_t)(at / grid->columns * grid->step_m)));
            json_decref(answer);
        }
    }
}

/* Only so much new ground is made in a second; what is kept costs nothing. */
static void ground_is_made_in_bounds(void **state)
{
    const struct relief_grid kept = {7, 7, 1, 8, 8};
    unsigned made = 0;
    json_t *heights;

    (void)state;
    json_decref(relief_heights(desk.relief, &kept, 5000));
    for (int32_t i = 0; i < 1000; i++) {
        struct relief_grid grid = {i, 0, 1, 8, 8};

        heights = relief_heights(desk.relief, &grid, 5000);
        made += heights != NULL;
        json_decref(heights);
    }
    assert_in_range(made, 64, 200);
    for (unsigned i = 0; i < 3; i++) { /* a second later there is room again */
        struct relief_grid grid = {5000 + (int32_t)i, 0, 1, 8, 8};

        heights = relief_heights(desk.relief, &grid, 6000);
        assert_non_null(heights);
        json_decref(heights);
    }
}

static void bins_are_told_by_what_is_empty_between(void **state)
{
    json_t *answer, *bins;

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        put(i, 100 + (i == 4 ? 8 : 0), 100);
    answer = ask("world.population", "{\"x\":0,\"z\":0,\"step\":8,\"columns\":64,\"rows\":64}");
    assert_int_equal(number(answer, "players"), 5);
    assert_int_equal(number(answer, "most"), 4);
    bins = json_pack("[i,i,i,i]", 12 * 64 + 12, 4, 0, 1);
    assert_true(json_equal(member(answer, "bins"), bins));
    json_decref(bins);
    json_decref(answer);
    /* Two of the three wanderers. */
    answer = ask("world.population",
                 "{\"x\":-64,\"z\":0,\"step\":64,\"columns\":3,\"rows\":1,\"what\":\"figures\"}");
    bins = json_pack("[i,i,i,i]", 1, 1, 0, 1);
    assert_true(json_equal(member(answer, "bins"), bins));
    json_decref(bins);
    json_decref(answer);
}

static void players_are_listed_from_the_middle(void **state)
{
    json_t *answer;
    const json_t *list;

    (void)state;
    for (unsigned i = 0; i < 5; i++)
        put(i, 10 * i, 0);
    answer = ask("world.players", "{\"x\":-20,\"z\":-20,\"width\":50,\"depth\":40,\"limit\":2}");
    list = member(answer, "players");
    assert_int_equal(number(answer, "matched"), 4); /* the fifth is out of it */
    assert_int_equal(json_array_size(list), 2);
    /* The middle is at x = 5: the first two stand as far from it, in either order. */
    assert_true(json_number_value(json_object_get(json_array_get(list, 0), "x")) <= 10);
    assert_true(json_number_value(json_object_get(json_array_get(list, 1), "x")) <= 10);
    json_decref(answer);
}

static void a_cell_tells_of_itself(void **state)
{
    json_t *answer, *cell = json_pack("[i,i]", -1, 0);

    (void)state;
    put(0, -0.1, 3);
    put(1, -64, 3);
    put(2, -64.5, 3);
    put(3, 0, 3);
    put(4, -5, 64);
    answer = ask("world.cell", "{\"x\":-1,\"z\":5}");
    assert_true(json_equal(member(answer, "cell"), cell));
    assert_int_equal(number(answer, "x"), -64);
    assert_int_equal(number(answer, "players"), 2);
    assert_int_equal(number(answer, "leaves"), 0); /* nobody is in the simulation's */
    json_decref(answer);
    json_decref(cell);
    answer = ask("world.cell", "{\"x\":65,\"z\":5}"); /* a wanderer's, who came in this tick */
    assert_int_equal(number(answer, "figures"), 1);
    assert_int_equal(number(answer, "leaves"), 1);
    assert_in_range(number(answer, "block_bytes"), 4, 64); /* one figure */
    assert_in_range(number(answer, "update_bytes"), 4, 64);
    json_decref(answer);
}

static void one_is_found_by_name_and_by_session(void **state)
{
    json_t *answer;

    (void)state;
    put(1, 12.5, -7.25);
    answer = ask("world.player", "{\"name\":\"bJORN\"}");
    assert_string_equal(json_string_value(member(answer, "name")), "Bjorn");
    assert_true(json_number_value(member(answer, "x")) == 12.5);
    assert_true(json_number_value(member(answer, "z")) == -7.25);
    json_decref(answer);
    answer = ask("world.player", "{\"session\":\"4294967298\"}");
    assert_string_equal(json_string_value(member(answer, "name")), "Bjorn");
    json_decref(answer);
}

static void what_is_wrong_is_said(void **state)
{
    /* clang-format off */
    static const struct { const char *method, *params, *say; } CASES[] = {
        {"world.heights",    "{\"x\":0,\"z\":0,\"step\":1,\"columns\":64,\"rows\":65}", "at most 4096"},
        {"world.heights",    "{\"x\":0,\"z\":0,\"step\":0,\"columns\":1,\"rows\":1}",   "step must be"},
        {"world.heights",    "{\"x\":0,\"z\":0,\"step\":1,\"columns\":1}",              "rows is missing"},
        {"world.population", "{\"x\":0,\"z\":0,\"step\":1,\"columns\":2049,\"rows\":1}", "columns must be"},
        {"world.population", "{\"x\":0,\"z\":0,\"step\":1,\"columns\":1,\"rows\":1,\"what\":\"gold\"}", "what must be"},
        {"world.cell",       "{\"x\":512001,\"z\":0}",                                  "x must be"},
        {"world.players",    "{\"x\":0,\"z\":0,\"width\":0,\"depth\":1}",               "width must be"},
        {"world.player",     "{}",                                                      "by name or by session"},
        {"world.player",     "{\"name\":\"nobody\"}",                                   "nobody by that name"},
        {"world.player",     "{\"session\":\"7\"}",                                     "there is no session 7"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        json_t *answer = ask(CASES[i].method, CASES[i].params);
        const char *message =
            json_string_value(json_object_get(json_object_get(answer, "error"), "message"));

        if (message == NULL || strstr(message, CASES[i].say) == NULL)
            fail_msg("case %zu: %s", i, message != NULL ? message : "went through");
        json_decref(answer);
    }
}

int main(void)
{
#define EACH(TEST) cmocka_unit_test_setup_teardown(TEST, setup, teardown)
    const struct CMUnitTest tests[] = {
        EACH(places_fall_into_their_bins),
        EACH(a_look_is_good_for_a_while),
        EACH(costs_are_those_of_who_stands_there),
        EACH(the_world_is_shown),
        EACH(heights_are_those_of_the_field),
        EACH(ground_is_made_in_bounds),
        EACH(bins_are_told_by_what_is_empty_between),
        EACH(players_are_listed_from_the_middle),
        EACH(a_cell_tells_of_itself),
        EACH(one_is_found_by_name_and_by_session),
        EACH(what_is_wrong_is_said),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
