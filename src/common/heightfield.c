/* heightfield.c -- a seeded fractal of value noise, in integers only.
 *
 * Each octave is value noise on a lattice of 2^shift steps of a turned and stretched copy of the
 * plane: u = a x + b z, v = a z - b x. The turn hides the lattice (no hill follows the axes), and
 * the stretch by |(a, b)| makes the octaves' wavelengths share no nodes. Noise is 0..65535; heights
 * are summed in 1/64 m times 65536.
 *
 *   land       a slow swell, so that the horizon is not level
 *   hills      from 460 m down to 7 m; gentle within half a kilometre of the origin,
 *              where people arrive
 *   mountains  ridges (noise folded at its middle) where a slow mask allows them, and never
 *              near the origin */
#include "common/heightfield.h"

#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>

#define FORMAT_VERSION 1
#define BASE_HEIGHT    (96 * 64) /* 1/64 m: what all else is added to */
#define GRID_EDGE      32        /* samples an axis that go into the hash */

/* Samples that were made lately: figures ask for the same few again and again, and noise is dear. A
 * row says in one word whose it is and what it holds, so threads may read and write it as they
 * like: whatever they find is whole. */
#define MEMO_BITS   15
#define MEMO_EDGE_M (1 << 19) /* samples beyond are not kept: 20 bits an axis */
#define MEMO_HELD   (UINT64_C(1) << 63)

struct heightfield {
    uint32_t seed;
    int32_t size_m;
    _Atomic uint64_t memo[1 << MEMO_BITS]; /* MEMO_HELD | x, z, height; 0: none yet */
};

struct octave {
    int8_t a, b;       /* the turn and stretch */
    uint8_t shift;     /* lattice: 2^shift steps of u and v; at most 16 */
    int32_t amplitude; /* 1/64 m, from lowest to highest */
};

/* clang-format off */
static const struct octave LAND = {2, 1, 12, 90 * 64};
static const struct octave MASK = {3, 2, 13, 0};
static const struct octave HILLS[] = {
    {2,  1, 10, 72 * 64},     /* 458 m */
    {3, -1,  9, 26 * 64},     /* 162 m */
    {1,  2,  7,  7 * 64},     /*  57 m */
    {3,  2,  6, 60},          /*  18 m */
    {2, -1,  4, 16},          /*   7 m */
};
static const struct octave RIDGES[] = {
    {1,  2, 11, 260 * 64},    /* 916 m */
    {3,  1, 10, 110 * 64},    /* 324 m */
    {2, -3,  9,  36 * 64},    /* 142 m */
    {1, -2,  7,   7 * 64},    /*  57 m */
};
/* clang-format on */

struct heightfield *heightfield_new(uint32_t seed, int32_t size_m)
{
    struct heightfield *field = calloc(1, sizeof(*field));

    if (field == NULL)
        return NULL;
    field->seed = seed;
    field->size_m = size_m;
    return field;
}

void heightfield_free(struct heightfield *field)
{
    free(field);
}

int32_t heightfield_size_m(const struct heightfield *field)
{
    return field->size_m;
}

uint32_t heightfield_seed(const struct heightfield *field)
{
    return field->seed;
}

/* The value at a lattice point, 0..65535. */
static inline int32_t lattice(uint32_t salt, uint32_t i, uint32_t j)
{
    uint32_t h = salt + i * 0x9E3779B1u + j * 0x85EBCA77u;

    h ^= h >> 15;
    h *= 0x2C1B3C6Du;
    h ^= h >> 12;
    h *= 0x297A2D39u;
    return (int32_t)(h >> 16);
}

/* 6t^5 - 15t^4 + 10t^3, in 1/65536: no step in slope or in curvature, so light shows no lattice. t
 * in 0..65536. */
static inline int64_t ease(int64_t t)
{
    int64_t cube = (((t * t) >> 16) * t) >> 16;

    return (cube * (((t * (6 * t - 15 * 65536)) >> 16) + 10 * 65536)) >> 16;
}

static inline int64_t blend(int64_t from, int64_t to, int64_t t)
{
    return from + (((to - from) * t) >> 16);
}

static inline int64_t noise(const struct octave *octave, uint32_t salt, int64_t x, int64_t z)
{
    /* Shifted by the salt, else all octaves would have a node, and so a flat spot, at the origin.
     */
    int64_t u = octave->a * x + octave->b * z + (salt & 0xFFFF);
    int64_t v = octave->a * z - octave->b * x + (salt >> 16);
    uint32_t i = (uint32_t)(u >> octave->shift);
    uint32_t j = (uint32_t)(v >> octave->shift);
    int64_t mask = (INT64_C(1) << octave->shift) - 1;
    int64_t s = ease((u & mask) << (16 - octave->shift));
    int64_t t = ease((v & mask) << (16 - octave->shift));

    return blend(blend(lattice(salt, i, j), lattice(salt, i + 1, j), s),
                 blend(lattice(salt, i, j + 1), lattice(salt, i + 1, j + 1), s), t);
}

/* Different octaves must not be copies of each other. */
static inline uint32_t salt_of(uint32_t seed, uint32_t octave)
{
    uint32_t h = (seed + octave * 0x9E3779B9u) * 0x7FEB352Du;

    return h ^ (h >> 16);
}

static inline int64_t at_most(int64_t value, int64_t most)
{
    return value < most ? value : most;
}

/* The folded noise of the mountains; each finer octave grows where the coarser one is high. A fold
 * is rounded over a sixteenth of its height, so that a crest is a path and not a blade. */
static int64_t ridges(uint32_t seed, int64_t x, int64_t z)
{
    int64_t sum = 0;
    int64_t weight = 65536;

    for (unsigned i = 0; i < sizeof(RIDGES) / sizeof(RIDGES[0]); i++) {
        int64_t n = 2 * noise(&RIDGES[i], salt_of(seed, 32 + i), x, z) - 65535;
        int64_t fold = n < 0 ? -n : n;
        int64_t ridge;

        if (fold < 8192)
            fold = 4096 + ((fold * fold) >> 14);
        ridge = 65536 - fold;
        sum += ((weight * ridge) >> 16) * RIDGES[i].amplitude;
        weight = at_most(weight, (ridge * ridge) >> 15);
    }
    return sum;
}

static int32_t make_sample(const struct heightfield *field, int32_t x_m, int32_t z_m)
{
    uint32_t seed = field->seed;
    int64_t x = x_m;
    int64_t z = z_m;
    /* Squared distance from the origin; far away it no longer matters. */
    int64_t ax = at_most(x < 0 ? -x : x, 4096);
    int64_t az = at_most(z < 0 ? -z : z, 4096);
    int64_t far = ax * ax + az * az;
    int64_t wild = ease(at_most(far >> 5, 65536)); /* 0 at the origin, 1 from 1,448 m on */
    int64_t rough = 16384 + ((ease(at_most(far >> 3, 65536)) * 3) >>
                             2); /* a quarter at the origin, 1 from 724 m */
    int64_t mountain;
    int64_t hills = 0;
    int64_t height;

    height = noise(&LAND, salt_of(seed, 0), x, z) * LAND.amplitude;
    for (unsigned i = 0; i < sizeof(HILLS) / sizeof(HILLS[0]); i++)
        hills += noise(&HILLS[i], salt_of(seed, 1 + i), x, z) * HILLS[i].amplitude;
    height += (hills >> 16) * rough;
    mountain = noise(&MASK, salt_of(seed, 31), x, z) - 20000;
    if (mountain > 0) {
        mountain = ease(at_most(mountain * 2, 65536));
        mountain = (mountain * wild) >> 16;
        if (mountain > 0)
            height += (ridges(seed, x, z) >> 16) * mountain;
    }
    return (int32_t)at_most(BASE_HEIGHT + (height >> 16), 65535);
}

/* Neighbours lie beside each other, and 128 x 256 m share no row. */
static inline uint32_t memo_row(uint32_t x, uint32_t z)
{
    const uint32_t half = (1u << MEMO_BITS / 2) - 1;

    return ((z << MEMO_BITS / 2) ^ (x & half) ^ (x >> MEMO_BITS / 2) * 0x9E5u) &
           ((1u << MEMO_BITS) - 1);
}

int32_t heightfield_sample(const struct heightfield *field, int32_t x_m, int32_t z_m)
{
    uint32_t x = (uint32_t)x_m + MEMO_EDGE_M;
    uint32_t z = (uint32_t)z_m + MEMO_EDGE_M;
    uint64_t whose = MEMO_HELD | (uint64_t)x << 36 | (uint64_t)z << 16;
    _Atomic uint64_t *row;
    uint64_t held;
    int32_t height;

    if (x >= 2 * MEMO_EDGE_M || z >= 2 * MEMO_EDGE_M)
        return make_sample(field, x_m, z_m);
    row = (_Atomic uint64_t *)&field->memo[memo_row(x, z)];
    held = atomic_load_explicit(row, memory_order_relaxed); /* a row depends on no other memory */
    if ((held & ~UINT64_C(0xFFFF)) == whose)
        return (int32_t)(held & 0xFFFF);
    height = make_sample(field, x_m, z_m);
    atomic_store_explicit(row, whose | (uint64_t)(uint32_t)height, memory_order_relaxed);
    return height;
}

int32_t heightfield_at(const struct heightfield *field, int32_t x, int32_t z)
{
    int32_t x_m = x >> 12;
    int32_t z_m = z >> 12;
    int32_t fx = x & 4095;
    int32_t fz = z & 4095;
    int32_t east = heightfield_sample(field, x_m + 1, z_m);
    int32_t south = heightfield_sample(field, x_m, z_m + 1);
    int32_t corner;

    if (fx + fz <= 4096) {
        corner = heightfield_sample(field, x_m, z_m);
    } else {
        corner = heightfield_sample(field, x_m + 1, z_m + 1);
        fx = 4096 - fx;
        fz = 4096 - fz;
        /* From the far corner, south lies along x and east along z. */
        return corner * 64 + (((south - corner) * fx + (east - corner) * fz) >> 6);
    }
    return corner * 64 + (((east - corner) * fx + (south - corner) * fz) >> 6);
}

static void put32(uint8_t bytes[4], uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(v >> (8 * i));
}

void heightfield_hash(const struct heightfield *field, uint8_t hash[HEIGHTFIELD_HASH_BYTES])
{
    crypto_generichash_state state;
    uint8_t bytes[12];
    int32_t step = field->size_m / GRID_EDGE;

    crypto_generichash_init(&state, NULL, 0, HEIGHTFIELD_HASH_BYTES);
    put32(bytes, FORMAT_VERSION);
    put32(bytes + 4, field->seed);
    put32(bytes + 8, (uint32_t)field->size_m);
    crypto_generichash_update(&state, bytes, 12);
    for (int32_t i = 0; i < GRID_EDGE; i++) {
        for (int32_t j = 0; j < GRID_EDGE; j++) {
            put32(bytes, (uint32_t)heightfield_sample(field, i * step - field->size_m / 2,
                                                      j * step - field->size_m / 2));
            crypto_generichash_update(&state, bytes, 4);
        }
    }
    crypto_generichash_final(&state, hash, HEIGHTFIELD_HASH_BYTES);
}
