/* relief.c -- see relief.h. */
#include "admin/relief.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "net/bucket.h"

#define KEPT_N       512 /* answers, of at most 11 KB */
#define HEIGHT_PER_M 64.0
#define RANGE_SIDE   64 /* samples a side that the range is of */

/* Of 4,096 samples each; about 0.4 ms. */
static const struct bucket_rate MADE = {.tokens = 64, .period_ms = 1000, .burst = 128};

struct kept {
    struct relief_grid grid;
    json_t *heights; /* NULL: none */
};

struct relief {
    const struct heightfield *field;
    struct kept kept[KEPT_N]; /* by hash of the grid; a new one takes an old one's place */
    struct bucket made;
    bool began;
    int32_t lowest, highest; /* 1/64 m */
};

static void find_range(struct relief *relief)
{
    int32_t size_m = heightfield_size_m(relief->field), step_m = size_m / RANGE_SIDE;

    relief->lowest = INT32_MAX;
    relief->highest = INT32_MIN;
    for (int32_t j = 0; j <= RANGE_SIDE; j++) {
        for (int32_t i = 0; i <= RANGE_SIDE; i++) {
            int32_t height =
                heightfield_sample(relief->field, i * step_m - size_m / 2, j * step_m - size_m / 2);

            relief->lowest = height < relief->lowest ? height : relief->lowest;
            relief->highest = height > relief->highest ? height : relief->highest;
        }
    }
}

struct relief *relief_new(const struct heightfield *field)
{
    struct relief *relief = calloc(1, sizeof(*relief));

    if (relief == NULL)
        return NULL;
    relief->field = field;
    find_range(relief);
    return relief;
}

void relief_free(struct relief *relief)
{
    if (relief == NULL)
        return;
    for (size_t i = 0; i < KEPT_N; i++)
        json_decref(relief->kept[i].heights);
    free(relief);
}

static struct kept *place_of(struct relief *relief, const struct relief_grid *grid)
{
    const uint32_t words[] = {(uint32_t)grid->x_m, (uint32_t)grid->z_m, grid->step_m, grid->columns,
                              grid->rows};
    uint32_t h = 2166136261u;

    for (size_t i = 0; i < ARRAY_N(words); i++) {
        h = (h ^ words[i]) * 0x9E3779B1u;
        h ^= h >> 15;
    }
    return &relief->kept[h % KEPT_N];
}

static json_t *make(const struct heightfield *field, const struct relief_grid *grid)
{
    uint8_t bytes[2 * RELIEF_SAMPLES_MAX], *at = bytes;
    char text[sodium_base64_ENCODED_LEN(sizeof(bytes), sodium_base64_VARIANT_ORIGINAL)];

    for (uint32_t j = 0; j < grid->rows; j++) {
        for (uint32_t i = 0; i < grid->columns; i++) {
            /* in 64 bits: the far corner of what was asked for may be beyond any world */
            int64_t x_m = grid->x_m + (int64_t)i * grid->step_m;
            int64_t z_m = grid->z_m + (int64_t)j * grid->step_m;
            int32_t height = heightfield_sample(field, (int32_t)x_m, (int32_t)z_m);

            *at++ = (uint8_t)height;
            *at++ = (uint8_t)(height >> 8);
        }
    }
    sodium_bin2base64(text, sizeof(text), bytes, (size_t)(at - bytes),
                      sodium_base64_VARIANT_ORIGINAL);
    return json_string(text);
}

json_t *relief_heights(struct relief *relief, const struct relief_grid *grid, uint64_t now_ms)
{
    struct kept *kept = place_of(relief, grid);

    if (kept->heights != NULL && memcmp(&kept->grid, grid, sizeof(*grid)) == 0)
        return json_incref(kept->heights);
    if (!relief->began) {
        relief->began = true;
        bucket_init(&relief->made, &MADE, now_ms);
    }
    if (!bucket_take(&relief->made, &MADE, now_ms))
        return NULL;
    json_decref(kept->heights);
    kept->grid = *grid;
    kept->heights = make(relief->field, grid);
    return json_incref(kept->heights);
}

void relief_range(const struct relief *relief, double *lowest_m, double *highest_m)
{
    *lowest_m = relief->lowest / HEIGHT_PER_M;
    *highest_m = relief->highest / HEIGHT_PER_M;
}
