/* ground.c -- see ground.h. */
#include "ground.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"

#define SAMPLES      (GROUND_TILE * GROUND_TILE)
#define HEIGHT_PER_M 64.0f

void ground_fini(struct ground *ground)
{
    free(ground->tiles);
    *ground = (struct ground){0};
}

/* ---- what comes ---- */

static int sextet(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

/* Base64 of exactly so many bytes; padding is left alone. */
static bool decode(const char *text, uint8_t *bytes, size_t len_bytes)
{
    uint32_t bits = 0;
    int n = 0;

    for (size_t at = 0; at < len_bytes; text++) {
        int value = sextet(*text);

        if (value < 0)
            return false;
        bits = bits << 6 | (uint32_t)value;
        n += 6;
        if (n >= 8) {
            n -= 8;
            bytes[at++] = (uint8_t)(bits >> n);
        }
    }
    return true;
}

static bool is_same(const struct ground_key *a, const struct ground_key *b)
{
    return a->step_m == b->step_m && a->i == b->i && a->j == b->j;
}

static struct ground_tile *find(const struct ground *ground, const struct ground_key *key)
{
    for (size_t i = 0; ground->tiles != NULL && i < GROUND_TILES; i++) {
        struct ground_tile *tile = &ground->tiles[i];

        if (is_same(&tile->key, key))
            return tile;
    }
    return NULL;
}

/* A free place, or that of the one that was not looked at for longest. */
static struct ground_tile *place(struct ground *ground)
{
    struct ground_tile *oldest = ground->tiles;

    for (size_t i = 0; i < GROUND_TILES; i++) {
        if (ground->tiles[i].key.step_m == 0)
            return &ground->tiles[i];
        if (ground->tiles[i].used < oldest->used)
            oldest = &ground->tiles[i];
    }
    return oldest;
}

static bool is_power_of_two(int64_t value)
{
    return value > 0 && (value & (value - 1)) == 0;
}

/* The tile that was asked for. False: it was none. */
static bool key_of(const json_t *params, struct ground_key *key)
{
    int64_t step = fields_integer(params, "step");
    int64_t x = fields_integer(params, "x"), z = fields_integer(params, "z");
    int64_t edge = step * GROUND_TILE;

    if (fields_integer(params, "columns") != GROUND_TILE ||
        fields_integer(params, "rows") != GROUND_TILE || !is_power_of_two(step) ||
        step >= INT64_C(1) << GROUND_STEPS || x % edge != 0 || z % edge != 0)
        return false;
    *key = (struct ground_key){(uint32_t)step, (int32_t)(x / edge), (int32_t)(z / edge)};
    return true;
}

void ground_take(struct ground *ground, const json_t *params, const json_t *data)
{
    const char *text = json_string_value(json_object_get(data, "heights"));
    uint8_t bytes[2 * SAMPLES];
    struct ground_tile *tile;
    struct ground_key key;

    if (text == NULL || !key_of(params, &key) || !decode(text, bytes, sizeof(bytes)))
        return;
    if (ground->tiles == NULL)
        ground->tiles = calloc(GROUND_TILES, sizeof(ground->tiles[0]));
    if (ground->tiles == NULL)
        return;
    tile = find(ground, &key);
    if (tile == NULL)
        tile = place(ground);
    tile->key = key;
    tile->used = ++ground->clock;
    for (size_t i = 0; i < SAMPLES; i++)
        tile->heights[i] = (uint16_t)(bytes[2 * i] | bytes[2 * i + 1] << 8);
    memset(ground->looked, 0, sizeof(ground->looked));
    ground->taken++;
}

/* ---- what is wanted ---- */

json_t *ground_params(const struct ground_key *key)
{
    int64_t edge = (int64_t)key->step_m * GROUND_TILE;

    return json_pack("{s:I, s:I, s:I, s:i, s:i}", "x", (json_int_t)(key->i * edge), "z",
                     (json_int_t)(key->j * edge), "step", (json_int_t)key->step_m, "columns",
                     GROUND_TILE, "rows", GROUND_TILE);
}

uint32_t ground_step(uint32_t metres)
{
    uint32_t step = 1;

    while (step * 2 <= metres && step < 1u << (GROUND_STEPS - 1))
        step *= 2;
    return step;
}

static int64_t floored(int64_t value, int64_t by)
{
    return value >= 0 ? value / by : -((-value + by - 1) / by);
}

struct wanted {
    struct ground_key key;
    double far;
};

static int by_far(const void *a, const void *b)
{
    const struct wanted *left = a, *right = b;

    return (left->far > right->far) - (left->far < right->far);
}

size_t ground_missing(const struct ground *ground, uint32_t step_m, const int32_t rectangle_m[4],
                      int32_t size_m, struct ground_key *missing, size_t max)
{
    int64_t edge = (int64_t)step_m * GROUND_TILE, half = size_m / 2;
    int64_t from_i = floored(rectangle_m[0] > -half ? rectangle_m[0] : -half, edge);
    int64_t from_j = floored(rectangle_m[1] > -half ? rectangle_m[1] : -half, edge);
    int64_t to_i = floored(rectangle_m[2] < half ? rectangle_m[2] : half, edge);
    int64_t to_j = floored(rectangle_m[3] < half ? rectangle_m[3] : half, edge);
    double middle_i = (double)(from_i + to_i) / 2, middle_j = (double)(from_j + to_j) / 2;
    struct wanted wanted[GROUND_TILES];
    size_t n = 0, filled = 0;

    for (int64_t j = from_j; j <= to_j; j++) {
        for (int64_t i = from_i; i <= to_i && n < GROUND_TILES; i++) {
            struct ground_key key = {step_m, (int32_t)i, (int32_t)j};
            double di = (double)i - middle_i, dj = (double)j - middle_j;

            if (find(ground, &key) == NULL)
                wanted[n++] = (struct wanted){key, di * di + dj * dj};
        }
    }
    if (n > 0)
        qsort(wanted, n, sizeof(wanted[0]), by_far);
    for (; filled < n && filled < max; filled++)
        missing[filled] = wanted[filled].key;
    return filled;
}

/* ---- heights ---- */

/* Pixels lie side by side: the next look at a step is mostly for the same tile, and what is not
 * here in fine is asked for at every pixel. A search goes through memory far apart, so both the
 * tile and its absence are remembered. */
static struct ground_tile *look(struct ground *ground, const struct ground_key *key)
{
    int step = __builtin_ctz(key->step_m);

    if (!is_same(&ground->looked[step].key, key)) {
        ground->looked[step].key = *key;
        ground->looked[step].tile = find(ground, key);
    }
    return ground->looked[step].tile;
}

static bool sample(struct ground *ground, uint32_t step_m, int32_t x, int32_t z, float *height_m)
{
    struct ground_key key = {step_m, x >> 6, z >> 6};
    struct ground_tile *tile = look(ground, &key);

    _Static_assert(GROUND_TILE == 1 << 6, "a tile's edge");
    if (tile == NULL)
        return false;
    tile->used = ++ground->clock;
    *height_m = tile->heights[(z & (GROUND_TILE - 1)) * GROUND_TILE + (x & (GROUND_TILE - 1))] /
                HEIGHT_PER_M;
    return true;
}

/* Between the four samples about the place; a neighbour that is not here is like the first. */
static bool height_of(struct ground *ground, uint32_t step_m, double x_m, double z_m,
                      float *height_m)
{
    double x = x_m / step_m, z = z_m / step_m;
    int32_t i = (int32_t)floor(x), j = (int32_t)floor(z);
    float fx = (float)(x - i), fz = (float)(z - j);
    float h00, h10, h01, h11;

    if (!sample(ground, step_m, i, j, &h00))
        return false;
    if (!sample(ground, step_m, i + 1, j, &h10))
        h10 = h00;
    if (!sample(ground, step_m, i, j + 1, &h01))
        h01 = h00;
    if (!sample(ground, step_m, i + 1, j + 1, &h11))
        h11 = h01;
    *height_m = (h00 * (1 - fx) + h10 * fx) * (1 - fz) + (h01 * (1 - fx) + h11 * fx) * fz;
    return true;
}

bool ground_height(struct ground *ground, uint32_t step_m, double x_m, double z_m, float *height_m)
{
    for (; step_m < 1u << GROUND_STEPS; step_m *= 2) {
        if (height_of(ground, step_m, x_m, z_m, height_m))
            return true;
    }
    return false;
}
