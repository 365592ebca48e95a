/* test_terrain.c -- the ground's chunks: cut from the field bit for bit, split along the right
 * diagonal, covering the plane once, also while the budget holds detail back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/space.h"
#include "world/terrain.h"

static int setup(void **state)
{
    *state = heightfield_new(4711, 4096);
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    heightfield_free(*state);
    return 0;
}

static void test_samples_are_taken_as_they_are(void **state)
{
    static struct terrain_vertex vertices[TERRAIN_VERTICES];
    int32_t low, high;

    for (unsigned level = 0; level < 6; level++) {
        struct terrain_place place = {-3 * terrain_edge_m(level), 5 * terrain_edge_m(level), level};

        terrain_mesh_cut(*state, place, vertices, &low, &high);
        for (int z = 0; z < TERRAIN_EDGE; z++) {
            for (int x = 0; x < TERRAIN_EDGE; x++) {
                int32_t height =
                    heightfield_sample(*state, place.x_m + (x << level), place.z_m + (z << level));

                assert_int_equal(vertices[z * TERRAIN_EDGE + x].height, height);
                assert_true(height >= low && height <= high);
            }
        }
    }
}

/* The height of the finest mesh at a place inside square (x, z), by the triangle of the index list
 * that it lies on. */
static double mesh_height(const struct terrain_vertex *vertices, const uint16_t *six, double u,
                          double v)
{
    for (int t = 0; t < 2; t++) {
        const uint16_t *i = six + 3 * t;
        double x[3], z[3], h[3], area, a, b, c;

        for (int k = 0; k < 3; k++) {
            x[k] = i[k] % TERRAIN_EDGE - six[0] % TERRAIN_EDGE;
            z[k] = i[k] / TERRAIN_EDGE - six[0] / TERRAIN_EDGE;
            h[k] = vertices[i[k]].height / 64.0;
        }
        area = (x[1] - x[0]) * (z[2] - z[0]) - (x[2] - x[0]) * (z[1] - z[0]);
        assert_true(area < 0); /* counter-clockwise from above, where z runs down */
        a = ((x[1] - u) * (z[2] - v) - (x[2] - u) * (z[1] - v)) / area;
        b = ((x[2] - u) * (z[0] - v) - (x[0] - u) * (z[2] - v)) / area;
        c = 1 - a - b;
        if (a >= 0 && b >= 0 && c >= 0)
            return a * h[0] + b * h[1] + c * h[2];
    }
    fail_msg("no triangle at %f %f", u, v);
    return 0;
}

static unsigned squares_off_the_field(const struct heightfield *field, bool flip)
{
    static struct terrain_vertex vertices[TERRAIN_VERTICES];
    static uint16_t indices[TERRAIN_INDICES];
    struct terrain_place place = {-TERRAIN_QUADS, 0, 0};
    unsigned wrong = 0;
    int32_t low, high;

    terrain_mesh_cut(field, place, vertices, &low, &high);
    terrain_mesh_indices(indices, (struct terrain_stitch){0, 0, 0, 0}, flip);
    for (int z = 0; z < TERRAIN_QUADS; z++) {
        for (int x = 0; x < TERRAIN_QUADS; x++) {
            const uint16_t *six = indices + (z * TERRAIN_QUADS + x) * 6;
            double u = 0.25, v = 0.5;
            int32_t at = heightfield_at(field, (int32_t)((place.x_m + x + u) * SPACE_UNITS_PER_M),
                                        (int32_t)((place.z_m + z + v) * SPACE_UNITS_PER_M));
            double off = mesh_height(vertices, six, u, v) - at / 4096.0;

            wrong += off > 0.001 || off < -0.001;
        }
    }
    return wrong;
}

static void test_diagonal_is_the_field_s(void **state)
{
    assert_int_equal(squares_off_the_field(*state, false), 0);
    assert_true(squares_off_the_field(*state, true) > 20);
}

struct walk {
    const struct heightfield *field;
    unsigned loads;
};

static bool sees_all(void *context, struct space_pos low, struct space_pos high)
{
    (void)context;
    assert_true(low.x < high.x && low.y <= high.y && low.z < high.z);
    return true;
}

static int load(void *context, uint32_t slot, struct terrain_place place, int32_t *low,
                int32_t *high)
{
    struct walk *walk = context;

    assert_true(slot < TERRAIN_SLOTS);
    (void)place;
    *low = 0;
    *high = 6400;
    walk->loads++;
    return 0;
}

static unsigned level_at(const struct terrain_draw *draws, uint32_t n, double x, double z)
{
    unsigned level = 0, found = 0;

    for (uint32_t i = 0; i < n; i++) {
        int32_t edge = terrain_edge_m(draws[i].place.level);

        if (x >= draws[i].place.x_m && x < draws[i].place.x_m + edge && z >= draws[i].place.z_m &&
            z < draws[i].place.z_m + edge) {
            level = draws[i].place.level;
            found++;
        }
    }
    assert_int_equal(found, 1); /* no hole, nothing twice */
    return level;
}

/* Walk along lines of points: each is covered once, and levels change by one at most (if whole). */
static void check_cover(const struct terrain_look *look, const struct terrain_draw *draws,
                        uint32_t n, bool whole)
{
    double x0 = look->eye.x / 4096.0, z0 = look->eye.z / 4096.0;

    for (int line = -5; line <= 5; line++) {
        int before = -1;

        for (double step = -0.95; step < 0.95; step += 0.004) {
            double x = x0 + step * look->view_m, z = z0 + line * look->view_m / 6;
            int level =
                (int)level_at(draws, n, line & 1 ? x : x0 + z - z0, line & 1 ? z : z0 + x - x0);

            if (whole && before >= 0)
                assert_true(abs(level - before) <= 1);
            before = level;
        }
    }
}

/* The triangles touch the edge towards a coarser neighbour only where that one has vertices too, so
 * that both sides run along the same line; and together they still cover the whole square. */
static void check_stitch(struct terrain_stitch stitch)
{
    static uint16_t indices[TERRAIN_INDICES];
    const unsigned last = TERRAIN_QUADS;
    int area = 0;

    terrain_mesh_indices(indices, stitch, false);
    for (unsigned i = 0; i < TERRAIN_INDICES; i += 3) {
        int x[3], z[3];

        for (unsigned k = 0; k < 3; k++) {
            unsigned vx = indices[i + k] % TERRAIN_EDGE, vz = indices[i + k] / TERRAIN_EDGE;

            assert_true(vz != 0 || vx % (1u << stitch.north) == 0);
            assert_true(vz != last || vx % (1u << stitch.south) == 0);
            assert_true(vx != 0 || vz % (1u << stitch.west) == 0);
            assert_true(vx != last || vz % (1u << stitch.east) == 0);
            x[k] = (int)vx;
            z[k] = (int)vz;
        }
        int twice = (x[2] - x[0]) * (z[1] - z[0]) - (x[1] - x[0]) * (z[2] - z[0]);

        assert_true(twice >= 0); /* none is turned over */
        area += twice;
    }
    assert_int_equal(area, 2 * TERRAIN_QUADS * TERRAIN_QUADS);
}

static void test_edges_are_stitched(void **state)
{
    (void)state;
    for (uint8_t i = 0; i < TERRAIN_STITCHES; i++)
        check_stitch((struct terrain_stitch){i / 27, i / 9 % 3, i / 3 % 3, i % 3});
}

/* Every chunk that is drawn knows how much coarser its neighbours are. */
static void test_neighbours_are_known(void **state)
{
    struct walk walk = {*state, 0};
    struct terrain *terrain = terrain_new();
    struct terrain_look look = {.view_m = 700,
                                .detail = 1.0f,
                                .budget = UINT32_MAX,
                                .sees = sees_all,
                                .load = load,
                                .context = &walk};
    const struct terrain_draw *draws;
    unsigned coarser = 0;
    uint32_t n;

    assert_non_null(terrain);
    look.eye = (struct space_pos){123 * 4096, 0, -457 * 4096};
    draws = terrain_select(terrain, &look, &n);
    for (uint32_t i = 0; i < n; i++) {
        struct terrain_place place = draws[i].place;
        double edge = terrain_edge_m(place.level), x = place.x_m + edge / 2,
               z = place.z_m + edge / 2;

        if (draws[i].distance_m > 400) /* all its neighbours must be there */
            continue;
        unsigned north = level_at(draws, n, x, place.z_m - 0.5);
        unsigned east = level_at(draws, n, place.x_m + edge + 0.5, z);

        assert_int_equal(draws[i].stitch.north, north > place.level ? north - place.level : 0);
        assert_int_equal(draws[i].stitch.east, east > place.level ? east - place.level : 0);
        coarser += north > place.level;
    }
    assert_true(coarser > 5);
    terrain_free(terrain);
}

static void test_plane_is_covered_once(void **state)
{
    struct walk walk = {*state, 0};
    struct terrain *terrain = terrain_new();
    struct terrain_look look = {.view_m = 700,
                                .detail = 1.0f,
                                .budget = UINT32_MAX,
                                .sees = sees_all,
                                .load = load,
                                .context = &walk};
    uint32_t n;

    assert_non_null(terrain);
    for (int i = 0; i < 12; i++) {
        const struct terrain_draw *draws;

        look.eye = (struct space_pos){(i * 377 - 2000) * 4096 + 1, 0, (900 - i * 211) * 4096 + 3};
        draws = terrain_select(terrain, &look, &n);
        check_cover(&look, draws, n, true);
        assert_int_equal(level_at(draws, n, look.eye.x / 4096.0, look.eye.z / 4096.0), 0);
    }
    terrain_free(terrain);
}

static void test_budget_holds_detail_back_but_leaves_no_hole(void **state)
{
    struct walk walk = {*state, 0};
    struct terrain *terrain = terrain_new();
    struct terrain_look look = {.view_m = 700,
                                .detail = 1.0f,
                                .budget = 3,
                                .sees = sees_all,
                                .load = load,
                                .context = &walk};
    unsigned before = 0, roots;
    uint32_t n;

    assert_non_null(terrain);
    terrain_select(terrain, &look, &n);
    roots = walk.loads - 3;
    for (int i = 0; i < 400; i++) {
        const struct terrain_draw *draws;

        before = walk.loads;
        draws = terrain_select(terrain, &look, &n);
        assert_true(walk.loads - before <= 3);
        if (i % 20 == 0)
            check_cover(&look, draws, n, false);
    }
    assert_int_equal(walk.loads, before); /* all is there */
    assert_true(walk.loads > roots + 20);
    check_cover(&look, terrain_select(terrain, &look, &n), n, true);
    terrain_free(terrain);
}

/* However far the eye leaps and however little may be cut: neighbours never differ by more levels
 * than a stitch bridges, so that nothing gapes while the ground streams in. */
static void test_budget_leaves_no_crack(void **state)
{
    struct walk walk = {*state, 0};
    struct terrain *terrain = terrain_new();
    struct terrain_look look = {.view_m = 450,
                                .detail = 1.0f,
                                .budget = 1,
                                .sees = sees_all,
                                .load = load,
                                .context = &walk};
    unsigned held_back = 0;

    assert_non_null(terrain);
    for (int i = 0; i < 240; i++) {
        const struct terrain_draw *draws;
        uint32_t n;

        look.eye = (struct space_pos){i / 60 * 700 * 4096 + i * 2048, 0, i * 7000};
        draws = terrain_select(terrain, &look, &n);
        held_back += level_at(draws, n, look.eye.x / 4096.0, look.eye.z / 4096.0) > 0;
        for (uint32_t k = 0; i % 5 == 0 && k < n; k++) {
            struct terrain_place place = draws[k].place;
            double edge = terrain_edge_m(place.level), x = place.x_m, z = place.z_m;

            if (draws[k].distance_m > 250)
                continue;
            unsigned north = level_at(draws, n, x + edge / 2, z - 0.5);
            unsigned east = level_at(draws, n, x + edge + 0.5, z + edge / 2);

            assert_in_range(north, 0, place.level + TERRAIN_COARSER - 1);
            assert_in_range(east, 0, place.level + TERRAIN_COARSER - 1);
        }
    }
    assert_true(held_back > 20);
    terrain_free(terrain);
}

static bool sees_a_wedge(void *context, struct space_pos low, struct space_pos high)
{
    (void)context;
    /* Ninety degrees to the north: more than a window of 16:9 with 60 degrees upright. */
    int64_t nearest = -(int64_t)low.z;
    int64_t aside = low.x > 0 ? low.x : high.x < 0 ? -(int64_t)high.x : 0;

    return nearest > 0 && aside < nearest;
}

/* A software driver spends half a microsecond a triangle: what it gets to draw is bounded. */
static void test_triangles_in_view_are_few(void **state)
{
    struct walk walk = {*state, 0};
    struct terrain *terrain = terrain_new();
    struct terrain_look look = {.view_m = 600,
                                .detail = 1.0f,
                                .budget = UINT32_MAX,
                                .sees = sees_a_wedge,
                                .load = load,
                                .context = &walk};
    uint32_t n;

    assert_non_null(terrain);
    terrain_select(terrain, &look, &n);
    assert_in_range(n * (TERRAIN_INDICES / 3), 5000, 35000);
    terrain_free(terrain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_samples_are_taken_as_they_are),
        cmocka_unit_test(test_diagonal_is_the_field_s),
        cmocka_unit_test(test_edges_are_stitched),
        cmocka_unit_test(test_neighbours_are_known),
        cmocka_unit_test(test_plane_is_covered_once),
        cmocka_unit_test(test_triangles_in_view_are_few),
        cmocka_unit_test(test_budget_holds_detail_back_but_leaves_no_hole),
        cmocka_unit_test(test_budget_leaves_no_crack),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
