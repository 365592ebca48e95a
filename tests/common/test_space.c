/* test_space.c -- quantising at every edge and sign: floor everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "common/space.h"

struct row {
    int32_t units; /* 1/4096 m */
    int32_t cell;
    uint16_t wire_in_cell;
    int32_t wire;
};

/* clang-format off */
static const struct row ROWS[] = {
    {            0,    0,    0,       0},
    {            1,    0,    0,       0},
    {           63,    0,    0,       0},
    {           64,    0,    1,       1}, /* 1/64 m */
    {           -1,   -1, 4095,      -1},
    {          -64,   -1, 4095,      -1},
    {          -65,   -1, 4094,      -2},
    {         -410,   -1, 4089,      -7}, /* -0.1 m */
    {       262123,    0, 4095,    4095}, /* 63.995 m must not wrap to 0 */
    {       262143,    0, 4095,    4095},
    {       262144,    1,    0,    4096}, /* 64 m */
    {       262145,    1,    0,    4096},
    {      -262143,   -1,    0,   -4096},
    {      -262144,   -1,    0,   -4096}, /* -64 m */
    {      -262145,   -2, 4095,   -4097},
    {   2097151999, 7999, 4095, 32767999}, /* just under 512 km */
    {  -2097152000, -8000,   0, -32768000},
    {    INT32_MAX, 8191, 4095, 33554431},
    {    INT32_MIN, -8192,   0, -33554432},
};
/* clang-format on */

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_N(ROWS); i++) {
        const struct row *row = &ROWS[i];
        struct space_cell cell = space_cell_of((struct space_pos){row->units, 0, row->units});

        assert_int_equal(cell.x, row->cell);
        assert_int_equal(cell.z, row->cell);
        assert_int_equal(space_wire(row->units), row->wire);
        assert_int_equal(space_wire_in_cell(row->units), row->wire_in_cell);
    }
}

/* From wire back to units gives the lower edge, which lies in the same quantum and cell. */
static void test_round_trip(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_N(ROWS); i++) {
        const struct row *row = &ROWS[i];
        int32_t edge = space_from_wire(row->cell, row->wire_in_cell);

        assert_true(edge <= row->units && (int64_t)row->units - edge < 64);
        assert_int_equal(space_wire_in_cell(edge), row->wire_in_cell);
        assert_int_equal(edge >> SPACE_CELL_SHIFT, row->cell);
    }
}

/* Around every cell edge of a stretch through zero, quanta rise by one and cells by one in 4096. */
static void test_edges(void **state)
{
    (void)state;
    for (int32_t cell = -70; cell <= 70; cell++) {
        int32_t edge = cell * (1 << SPACE_CELL_SHIFT);

        assert_int_equal(space_cell_of((struct space_pos){edge - 1, 0, edge}).x, cell - 1);
        assert_int_equal(space_cell_of((struct space_pos){edge - 1, 0, edge}).z, cell);
        assert_int_equal(space_wire_in_cell(edge - 1), 4095);
        assert_int_equal(space_wire_in_cell(edge), 0);
        assert_int_equal(space_wire(edge) - space_wire(edge - 1), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_edges),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
