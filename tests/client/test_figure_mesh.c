/* test_figure_mesh.c -- the body's meshes: whole, of one size and place, each cheaper than the one
 * before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "gfx/figure_mesh.h"

#define FAR_OFF_M 0.08f /* by which outlines may differ */

static struct figure_mesh mesh;

static void bounds_of(float low[3], float high[3])
{
    for (int axis = 0; axis < 3; axis++) {
        low[axis] = INFINITY;
        high[axis] = -INFINITY;
    }
    for (uint32_t i = 0; i < mesh.vertices_n; i++) {
        for (int axis = 0; axis < 3; axis++) {
            low[axis] = fminf(low[axis], mesh.vertices[i].position[axis]);
            high[axis] = fmaxf(high[axis], mesh.vertices[i].position[axis]);
        }
    }
}

/* Of the triangle, twice its area seen along an axis: the sum over a closed mesh is 0. */
static double signed_area(const uint16_t *corners, int axis)
{
    const float *p[3];
    int u = (axis + 1) % 3, v = (axis + 2) % 3;

    for (int i = 0; i < 3; i++)
        p[i] = mesh.vertices[corners[i]].position;
    return (double)(p[1][u] - p[0][u]) * (double)(p[2][v] - p[0][v]) -
           (double)(p[2][u] - p[0][u]) * (double)(p[1][v] - p[0][v]);
}

static void test_meshes(void **state)
{
    uint32_t before = UINT32_MAX;
    float low[3], high[3], plain_low[3], plain_high[3];

    (void)state;
    figure_mesh_build(&mesh, FIGURE_PLAIN);
    bounds_of(plain_low, plain_high);
    for (unsigned detail = 0; detail < FIGURE_DETAILS; detail++) {
        figure_mesh_build(&mesh, (enum figure_detail)detail);
        assert_true(mesh.indices_n > 0 && mesh.indices_n % 3 == 0);
        for (int axis = 0; axis < 3; axis++) {
            double sum = 0;
            for (uint32_t i = 0; i < mesh.indices_n; i += 3) {
                assert_true(mesh.indices[i] < mesh.vertices_n);
                assert_true(mesh.indices[i + 1] < mesh.vertices_n);
                assert_true(mesh.indices[i + 2] < mesh.vertices_n);
                sum += signed_area(&mesh.indices[i], axis);
            }
            assert_true(fabs(sum) < 1e-4);
        }
        bounds_of(low, high);
        assert_true(fabsf(low[1]) < 0.01f && fabsf(high[1] - FIGURE_HEIGHT_M) < 0.01f);
        for (int axis = 0; axis < 3; axis++) {
            assert_true(fabsf(low[axis] - plain_low[axis]) < FAR_OFF_M);
            assert_true(fabsf(high[axis] - plain_high[axis]) < FAR_OFF_M);
        }
        print_message("detail %u: %u triangles\n", detail, mesh.indices_n / 3);
        assert_true(mesh.indices_n <= before / 5 * 2);
        before = mesh.indices_n;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_meshes)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
