/* test_heightfield.c -- the ground: the same everywhere, whole, walkable, and made of integers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "common/heightfield.h"

#define SEED   20261122
#define SIZE_M 4096

/* clang-format off */
static const struct { int32_t x_m, z_m, height; } SAMPLES[] = {
    {0, 0, 9981}, {1, 0, 9981}, {0, 1, 9979}, {-1, -1, 9985}, {63, 64, 9795}, {-64, -65, 10170},
    {500, -700, 17882}, {-1999, 1999, 17052}, {2048, -2048, 23598}, {1300, 1300, 12935},
    {-1500, 900, 23134}, {INT32_MAX, INT32_MIN, 29092},
};
static const struct { int32_t x, z, height; } PLACES[] = {
    {0, 0, 638784}, {2048, 2048, 638720}, {4095, 4095, 638656}, {1, 4095, 638656}, {-1, -1, 638784},
    {-410, 262123, 627572}, {262143, -262144, 653952}, {5324801, -2461234, 1379392},
    {-8388608, 8388607, 956864},
};
/* clang-format on */
static const char HASH[] = "33d976cedb7171585e68b117b37f4dcd13ff0a4da282f061a5a607c8cff847d9";

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

/* Fixed values: whatever compiler, whatever machine. */
static void test_golden(void **state)
{
    const struct heightfield *field = *state;

    assert_int_equal(heightfield_size_m(field), SIZE_M);
    assert_int_equal(heightfield_seed(field), SEED);
    for (size_t i = 0; i < ARRAY_N(SAMPLES); i++)
        assert_int_equal(heightfield_sample(field, SAMPLES[i].x_m, SAMPLES[i].z_m),
                         SAMPLES[i].height);
    for (size_t i = 0; i < ARRAY_N(PLACES); i++)
        assert_int_equal(heightfield_at(field, PLACES[i].x, PLACES[i].z), PLACES[i].height);
}

static void test_hash(void **state)
{
    struct heightfield *other;
    uint8_t hash[HEIGHTFIELD_HASH_BYTES];
    uint8_t other_hash[HEIGHTFIELD_HASH_BYTES];
    char hex[2 * HEIGHTFIELD_HASH_BYTES + 1];

    heightfield_hash(*state, hash);
    for (size_t i = 0; i < sizeof(hash); i++)
        snprintf(hex + 2 * i, 3, "%02x", hash[i]);
    assert_string_equal(hex, HASH);
    other = heightfield_new(SEED + 1, SIZE_M);
    heightfield_hash(other, other_hash);
    assert_memory_not_equal(hash, other_hash, sizeof(hash));
    heightfield_free(other);
    other = heightfield_new(SEED, SIZE_M / 2);
    heightfield_hash(other, other_hash);
    assert_memory_not_equal(hash, other_hash, sizeof(hash));
    heightfield_free(other);
}

/* At a lattice point the height is the sample; along every edge and the diagonal two triangles
 * agree to one unit. */
static void test_no_cracks(void **state)
{
    const struct heightfield *field = *state;

    for (int32_t i = 0; i < 400; i++) {
        int32_t x_m = i * 37 % SIZE_M - SIZE_M / 2;
        int32_t z_m = i * 53 % SIZE_M - SIZE_M / 2;
        int32_t x = x_m * 4096;
        int32_t z = z_m * 4096;
        int32_t steepest =
            2 * 64; /* 1/4096 m a unit of way, as a bound: no slope here is steeper than 64:1 */

        assert_int_equal(heightfield_at(field, x, z), heightfield_sample(field, x_m, z_m) * 64);
        for (int32_t along = 0; along <= 4096; along += 512) {
            assert_true(abs(heightfield_at(field, x - 1, z + along) -
                            heightfield_at(field, x, z + along)) < steepest);
            assert_true(abs(heightfield_at(field, x + along, z - 1) -
                            heightfield_at(field, x + along, z)) < steepest);
            assert_true(abs(heightfield_at(field, x + along, z + 4096 - along) -
                            heightfield_at(field, x + along + 1, z + 4096 - along)) < steepest);
        }
    }
}

/* The diagonal from (x+1, z) to (x, z+1) is straight: its middle is the mean of its ends. */
static void test_diagonal(void **state)
{
    const struct heightfield *field = *state;

    for (int32_t i = 0; i < 400; i++) {
        int32_t x_m = i * 37 % SIZE_M - SIZE_M / 2;
        int32_t z_m = i * 53 % SIZE_M - SIZE_M / 2;
        int32_t mean =
            (heightfield_sample(field, x_m + 1, z_m) + heightfield_sample(field, x_m, z_m + 1)) *
            32;

        assert_int_equal(heightfield_at(field, x_m * 4096 + 2048, z_m * 4096 + 2048), mean);
    }
}

/* Well inside 0..1024 m; gentle where people arrive; on the whole walkable. */
static void test_shape(void **state)
{
    (void)state;
    for (uint32_t seed = 0; seed < 8; seed++) {
        struct heightfield *field = heightfield_new(seed, SIZE_M);
        unsigned steep = 0;
        unsigned n = 0;

        for (int32_t z = -2048; z < 2048; z += 16) {
            for (int32_t x = -2048; x < 2048; x += 16) {
                int32_t here = heightfield_sample(field, x, z);
                int32_t dx = heightfield_sample(field, x + 1, z) - here;
                int32_t dz = heightfield_sample(field, x, z + 1) - here;

                assert_in_range(here, 64 * 64, 1000 * 64);
                if (abs(x) < 64 && abs(z) < 64)
                    assert_true(dx * dx + dz * dz < 20 * 20); /* a slope of 0.3 */
                steep += dx * dx + dz * dz > 64 * 64;
                n++;
            }
        }
        assert_true(steep * 20 < n);
        heightfield_free(field);
    }
}

/* The sources hold no floating-point type: a build flag could make two machines disagree. */
static void test_integers_only(void **state)
{
    static const char *const FILES[] = {
        "src/common/heightfield.c", "src/common/heightfield.h", "src/common/movement.c",
        "src/common/movement.h",    "src/common/space.h",
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_N(FILES); i++) {
        char path[1024];
        char line[512];
        FILE *file;

        snprintf(path, sizeof(path), "%s/%s", SOURCE_DIR, FILES[i]);
        file = fopen(path, "r");
        assert_non_null(file);
        while (fgets(line, sizeof(line), file) != NULL) {
            if (strstr(line, "float") != NULL && strstr(line, "floating-point") == NULL)
                fail_msg("%s: %s", FILES[i], line);
            if (strstr(line, "double") != NULL)
                fail_msg("%s: %s", FILES[i], line);
        }
        fclose(file);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_golden, make, unmake),
        cmocka_unit_test_setup_teardown(test_hash, make, unmake),
        cmocka_unit_test_setup_teardown(test_no_cracks, make, unmake),
        cmocka_unit_test_setup_teardown(test_diagonal, make, unmake),
        cmocka_unit_test(test_shape),
        cmocka_unit_test(test_integers_only),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
