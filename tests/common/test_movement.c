/* test_movement.c -- the one function that server and client share: fixed values, walls, slopes,
 * jumps, stillness. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "common/movement.h"

#define SEED   20261122
#define SIZE_M 4096
#define HALF   (SIZE_M / 2 * SPACE_UNITS_PER_M)

struct golden {
    int at;
    struct movement_state state;
};

/* clang-format off */
static const struct golden GOLDEN[] = {
    {  37, {{-58640, 638891,  17692}, 0, 34949, 0, 2}},
    {1000, {{-65440, 638778,  23288}, 0, 12375, 0, 1}},
    {2000, {{-52300, 638374,  31048}, 0, 60336, 0, 1}},
    {3000, {{-34200, 637531,  51488}, 0, 61521, 0, 2}},
    {4000, {{-25420, 637466,  52388}, 0, 36518, 0, 1}},
    {5000, {{-39100, 637851, 127088}, 0, 50140, 1, 3}},
    {6000, {{-19060, 634364, 135228}, 0, 34183, 0, 1}},
};
/* clang-format on */

static int make(void **state)
{
    *state = heightfield_new(SEED, SIZE_M);
    return *state == NULL ? -1 : 0;
}

static int unmake(void **state)
{
    heightfield_free(*state);
    return 0;
}

static void check_same(const struct movement_state *a, const struct movement_state *b)
{
    assert_int_equal(a->pos.x, b->pos.x);
    assert_int_equal(a->pos.y, b->pos.y);
    assert_int_equal(a->pos.z, b->pos.z);
    assert_int_equal(a->velocity_y, b->velocity_y);
    assert_int_equal(a->yaw, b->yaw);
    assert_int_equal(a->airborne, b->airborne);
    assert_int_equal(a->pose, b->pose);
}

/* What no figure can be is told from what it can. */
static void test_valid(void **state)
{
    int32_t half = heightfield_size_m(*state) / 2 * SPACE_UNITS_PER_M;
    struct movement_state here;
    /* clang-format off */
    const struct { struct space_pos by; int32_t velocity_y; uint8_t airborne, pose; } WRONG[] = {
        {{INT32_MIN, 0, 0}, 0, 0, 0}, {{half, 0, 0}, 0, 0, 0}, {{-half - 1, 0, 0}, 0, 0, 0},
        {{0, 0, INT32_MAX}, 0, 0, 0}, {{0, 0, half}, 0, 0, 0}, {{0, INT32_MIN, 0}, 0, 0, 0},
        {{0, INT32_MAX / 2, 0}, 0, 0, 0}, {{0, 0, 0}, INT32_MIN, 0, 0}, {{0, 0, 0}, INT32_MAX, 0, 0},
        {{0, 0, 0}, 0, 2, 0}, {{0, 0, 0}, 0, 0, 4},
    };
    /* clang-format on */
    struct movement_intent jump = {0, 0, MOVEMENT_WALK | MOVEMENT_RUN | MOVEMENT_JUMP};

    movement_place(&here, 0, 0, 0, *state);
    for (size_t i = 0; i < ARRAY_N(WRONG); i++) {
        struct movement_state wrong = {WRONG[i].by, WRONG[i].velocity_y, 0, WRONG[i].airborne,
                                       WRONG[i].pose};

        if (movement_valid(&wrong, *state))
            fail_msg("row %zu passes", i);
    }
    for (int i = 0; i < 6000; i++) {
        assert_true(movement_valid(&here, *state));
        jump.heading = (uint16_t)(i * 7);
        movement_step(&here, &jump, *state);
    }
    movement_place(&here, INT32_MAX, INT32_MIN, 0, *state);
    assert_true(movement_valid(&here, *state));
}

/* A pseudo-random walk of 100 s passes through fixed states. */
static void test_golden(void **state)
{
    struct movement_state s;
    struct movement_intent intent = {0, 0, 0};
    uint32_t r = 1;
    size_t next = 0;

    movement_place(&s, -10 * 4096, 3 * 4096, 7, *state);
    for (int i = 1; i <= 6000; i++) {
        if (i % 20 == 1) {
            r = r * 1664525 + 1013904223;
            intent.heading = (uint16_t)(r >> 16);
            intent.yaw = (uint16_t)(r >> 8);
            intent.flags = (r >> 5) & (i % 60 == 1 ? 7 : 3);
            intent.flags |= MOVEMENT_WALK;
        }
        movement_step(&s, &intent, *state);
        if (next < ARRAY_N(GOLDEN) && i == GOLDEN[next].at)
            check_same(&s, &GOLDEN[next++].state);
    }
    assert_int_equal(next, ARRAY_N(GOLDEN));
}

/* sin^2 + cos^2 = 1, sin(2a) = 2 sin a cos a, odd and shifted: what defines a sine, within the
 * table's grain. */
static void test_sine(void **state)
{
    (void)state;
    assert_int_equal(movement_sin(0), 0);
    assert_int_equal(movement_sin(0x4000), 32768);
    assert_int_equal(movement_sin(0x8000), 0);
    assert_int_equal(movement_sin(0xC000), -32768);
    assert_int_equal(movement_cos(0), 32768);
    for (uint32_t a = 0; a < 65536; a++) {
        int64_t s = movement_sin((uint16_t)a);
        int64_t c = movement_cos((uint16_t)a);
        int64_t one = s * s + c * c - (INT64_C(1) << 30);
        int64_t twice = s * c / 16384 - movement_sin((uint16_t)(2 * a));

        assert_true(one < 100000 && one > -100000); /* 1e-4 */
        assert_true(twice < 4 && twice > -4);
        assert_int_equal(movement_sin((uint16_t)(65536 - a)), -s);
        if (a < 0x4000)
            assert_true(movement_sin((uint16_t)(a + 1)) >= s);
    }
}

/* One second of walking from the origin covers 4 m, of running 8 m, whatever the direction. */
static void test_speed(void **state)
{
    for (uint32_t heading = 0; heading < 65536; heading += 1000) {
        for (unsigned run = 0; run < 2; run++) {
            struct movement_intent intent = {(uint16_t)heading, 0, MOVEMENT_WALK};
            struct movement_state s;
            int64_t aim = (run ? 8 : 4) * 4096;
            int64_t way;

            intent.flags = (uint8_t)(intent.flags | (run ? MOVEMENT_RUN : 0));
            movement_place(&s, 0, 0, 0, *state);
            for (int i = 0; i < 60; i++)
                movement_step(&s, &intent, *state);
            way = (int64_t)s.pos.x * s.pos.x + (int64_t)s.pos.z * s.pos.z;
            assert_true(way > (aim - 60) * (aim - 60) && way < (aim + 60) * (aim + 60));
            assert_int_equal(s.pos.y, heightfield_at(*state, s.pos.x, s.pos.z));
            assert_int_equal(s.pose, run ? MOVEMENT_RUNNING : MOVEMENT_WALKING);
        }
    }
}

/* Yaw 0 leads along -z, a quarter turn along -x. */
static void test_directions(void **state)
{
    struct movement_state s;

    movement_place(&s, 0, 0, 0, *state);
    movement_step(&s, &(struct movement_intent){0, 0, MOVEMENT_WALK}, *state);
    assert_int_equal(s.pos.x, 0);
    assert_int_equal(s.pos.z, -273);
    movement_step(&s, &(struct movement_intent){0x4000, 0, MOVEMENT_WALK}, *state);
    assert_int_equal(s.pos.x, -273);
    assert_int_equal(s.pos.z, -273);
}

/* The heading of a direction is the yaw that looks along it. */
static void test_heading(void **state)
{
    (void)state;
    for (uint32_t yaw = 0; yaw < 65536; yaw += 7) {
        int64_t dx = -(int64_t)movement_sin((uint16_t)yaw) * 60000;
        int64_t dz = -(int64_t)movement_cos((uint16_t)yaw) * 60000;
        int16_t off = (int16_t)(movement_heading(dx, dz) - yaw);

        assert_in_range(off + 3, 0, 6);
    }
    assert_int_equal(movement_heading(0, -1), 0);
    assert_int_equal(movement_heading(-5, 0), 0x4000);
    assert_int_equal(movement_heading(0, 3), 0x8000);
    assert_int_equal(movement_heading(INT32_MAX, 0), 0xC000);
    assert_int_equal(movement_heading(0, 0), 0);
}

/* A way to a place: no substep longer than one at a run, each nearer, and it ends exactly there or
 * where the ground is too steep. */
static void test_to_a_place(void **state)
{
    unsigned arrived = 0;

    for (int32_t i = 0; i < 200; i++) {
        int32_t x = i * 7919 - 500000, z = i * -10729 + 300;
        struct movement_state s, before;
        bool more = true;
        int n = 0;

        movement_place(&s, x + (i % 17 - 8) * 3011, z + (i % 5) * 9000, 0, *state);
        while (more && n++ < 2000) {
            int64_t dx, dz;

            before = s;
            more = movement_step_to(&s, x, z, 77, *state);
            dx = s.pos.x - before.pos.x;
            dz = s.pos.z - before.pos.z;
            assert_true(dx * dx + dz * dz <= 546 * 546);
            assert_int_equal(s.pos.y, heightfield_at(*state, s.pos.x, s.pos.z));
        }
        assert_true(n < 2000);
        arrived += s.pos.x == x && s.pos.z == z;
    }
    assert_true(arrived > 100);
}

static void test_standing(void **state)
{
    for (int32_t i = 0; i < 200; i++) {
        struct movement_state s;
        struct movement_state before;

        movement_place(&s, i * 7919 - 500000, i * -104729 + 300, (uint16_t)i, *state);
        before = s;
        for (int k = 0; k < 10; k++)
            movement_step(&s,
                          &(struct movement_intent){(uint16_t)(i * 77), (uint16_t)i, MOVEMENT_RUN},
                          *state);
        check_same(&s, &before);
    }
}

/* Up 0.83 m and down again within 0.7 s; a jump in the air is none. */
static void test_jump(void **state)
{
    struct movement_state s;
    struct movement_state before;
    int32_t highest = 0;
    int steps = 0;

    movement_place(&s, 0, 0, 0, *state);
    before = s;
    do {
        movement_step(&s, &(struct movement_intent){0, 0, steps < 20 ? MOVEMENT_JUMP : 0}, *state);
        highest = s.pos.y - before.pos.y > highest ? s.pos.y - before.pos.y : highest;
        steps++;
        if (s.airborne)
            assert_int_equal(s.pose, MOVEMENT_JUMPING);
    } while (s.airborne && steps < 100);
    assert_in_range(highest, 4096 * 75 / 100, 4096 * 85 / 100);
    assert_in_range(steps, 36, 42);
    check_same(&s, &before);
}

/* The edge is a wall along which one can walk; nobody ever gets beyond it. */
static void test_edge(void **state)
{
    static const int32_t CORNERS[][2] = {{HALF, HALF}, {-HALF, -HALF}, {INT32_MAX, INT32_MIN}};

    for (size_t i = 0; i < ARRAY_N(CORNERS); i++) {
        struct movement_state s;

        movement_place(&s, CORNERS[i][0], CORNERS[i][1], 0, *state);
        for (uint32_t k = 0; k < 2000; k++) {
            movement_step(&s,
                          &(struct movement_intent){(uint16_t)(k / 200 * 7000), 0,
                                                    MOVEMENT_WALK | MOVEMENT_RUN},
                          *state);
            assert_true(s.pos.x >= -HALF && s.pos.x < HALF && s.pos.z >= -HALF && s.pos.z < HALF);
        }
    }
}

/* Wherever one starts and wherever one heads, feet never rise faster than they go forward, walking
 * or jumping, and a figure on the ground is on the ground. */
static void test_slopes(void **state)
{
    unsigned blocked = 0;
    uint32_t r = 5;

    for (int32_t i = 0; i < 300; i++) {
        struct movement_intent intent = {0, 0, MOVEMENT_WALK | MOVEMENT_RUN};
        struct movement_state s;

        r = r * 1664525 + 1013904223;
        movement_place(&s, (int32_t)(r >> 16) % 2000 * 4096, (int32_t)(r & 0xFFFF) % 2000 * -4096,
                       0, *state);
        intent.heading = (uint16_t)(i * 1777);
        for (int k = 0; k < 600; k++) {
            struct movement_state before = s;
            int64_t dx;
            int64_t dz;
            int64_t rise;

            movement_step(&s, &intent, *state);
            dx = s.pos.x - before.pos.x;
            dz = s.pos.z - before.pos.z;
            rise = s.pos.y - before.pos.y;
            assert_true(rise <= 0 || rise * rise <= dx * dx + dz * dz);
            assert_int_equal(s.pos.y, heightfield_at(*state, s.pos.x, s.pos.z));
            blocked += dx * dx + dz * dz < 500 * 500;
        }
    }
    assert_true(blocked > 0); /* the walk met mountains, else this test shows nothing */
}

/* Jumping does not climb what walking cannot: from a place where straight ahead is blocked on all
 * sides uphill. */
static void test_no_jump_climbing(void **state)
{
    unsigned tried = 0;

    for (int32_t i = 0; i < 400000 && tried < 20; i++) {
        int32_t x = (i * 37 % 4000 - 2000) * 4096 + 2000;
        int32_t z = (i / 100 - 2000) * 4096 + 1000;
        struct movement_intent intent = {0, 0, MOVEMENT_WALK | MOVEMENT_JUMP};
        struct movement_state s;

        /* A wall 4 m thick to the north, steeper than 1.3:1 throughout. */
        if (heightfield_at(*state, x, z - 4096) - heightfield_at(*state, x, z) < 5400 ||
            heightfield_at(*state, x, z - 8192) - heightfield_at(*state, x, z - 4096) < 5400)
            continue;
        tried++;
        movement_place(&s, x, z, 0, *state);
        for (int k = 0; k < 30; k++) {
            int32_t ground = heightfield_at(*state, s.pos.x, s.pos.z);
            int32_t z_before = s.pos.z;
            int32_t x_before = s.pos.x;

            movement_step(&s, &intent, *state);
            /* Straight north it never went. */
            assert_false(s.pos.x == x_before && s.pos.z < z_before &&
                         heightfield_at(*state, s.pos.x, s.pos.z) - ground > z_before - s.pos.z);
        }
    }
    assert_true(tried > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden, make, unmake),
        cmocka_unit_test_setup_teardown(test_valid, make, unmake),
        cmocka_unit_test(test_sine),
        cmocka_unit_test_setup_teardown(test_speed, make, unmake),
        cmocka_unit_test_setup_teardown(test_directions, make, unmake),
        cmocka_unit_test(test_heading),
        cmocka_unit_test_setup_teardown(test_to_a_place, make, unmake),
        cmocka_unit_test_setup_teardown(test_standing, make, unmake),
        cmocka_unit_test_setup_teardown(test_jump, make, unmake),
        cmocka_unit_test_setup_teardown(test_edge, make, unmake),
        cmocka_unit_test_setup_teardown(test_slopes, make, unmake),
        cmocka_unit_test_setup_teardown(test_no_jump_climbing, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
