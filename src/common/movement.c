/* movement.c -- one substep of a figure. Integers only: server and client must agree bit for bit.
 */
#include "common/movement.h"

#define WALK_UNITS     273   /* 4 m/s in 1/4096 m a substep, rounded */
#define RUN_UNITS      546   /* 8 m/s */
#define JUMP_SPEED     20480 /* 5 m/s in 1/4096 m per s */
#define GRAVITY_STEP   1024  /* 15 m/s^2: 1/4096 m per s, each substep */
#define FALL_SPEED_MAX (60 * SPACE_UNITS_PER_M)
#define REACH                                                                                      \
    SPACE_UNITS_PER_M /* a slope blocks feet that are less than this above where it leads */

/* sin(90 degrees * i / 256) in 1/32768. */
/* clang-format off */
static const uint16_t SINE[257] = {
    0, 201, 402, 603, 804, 1005, 1206, 1407, 1608, 1809, 2009, 2210, 2411, 2611,
    2811, 3012, 3212, 3412, 3612, 3812, 4011, 4211, 4410, 4609, 4808, 5007, 5205, 5404,
    5602, 5800, 5998, 6195, 6393, 6590, 6787, 6983, 7180, 7376, 7571, 7767, 7962, 8157,
    8351, 8546, 8740, 8933, 9127, 9319, 9512, 9704, 9896, 10088, 10279, 10469, 10660, 10850,
    11039, 11228, 11417, 11605, 11793, 11980, 12167, 12354, 12540, 12725, 12910, 13095, 13279, 13463,
    13646, 13828, 14010, 14192, 14373, 14553, 14733, 14912, 15091, 15269, 15447, 15624, 15800, 15976,
    16151, 16326, 16500, 16673, 16846, 17018, 17190, 17361, 17531, 17700, 17869, 18037, 18205, 18372,
    18538, 18703, 18868, 19032, 19195, 19358, 19520, 19681, 19841, 20001, 20160, 20318, 20475, 20632,
    20788, 20943, 21097, 21251, 21403, 21555, 21706, 21856, 22006, 22154, 22302, 22449, 22595, 22740,
    22884, 23028, 23170, 23312, 23453, 23593, 23732, 23870, 24008, 24144, 24279, 24414, 24548, 24680,
    24812, 24943, 25073, 25202, 25330, 25457, 25583, 25708, 25833, 25956, 26078, 26199, 26320, 26439,
    26557, 26674, 26791, 26906, 27020, 27133, 27246, 27357, 27467, 27576, 27684, 27791, 27897, 28002,
    28106, 28209, 28311, 28411, 28511, 28610, 28707, 28803, 28899, 28993, 29086, 29178, 29269, 29359,
    29448, 29535, 29622, 29707, 29792, 29875, 29957, 30038, 30118, 30196, 30274, 30350, 30425, 30499,
    30572, 30644, 30715, 30784, 30853, 30920, 30986, 31050, 31114, 31177, 31238, 31298, 31357, 31415,
    31471, 31527, 31581, 31634, 31686, 31737, 31786, 31834, 31881, 31927, 31972, 32015, 32058, 32099,
    32138, 32177, 32214, 32251, 32286, 32319, 32352, 32383, 32413, 32442, 32470, 32496, 32522, 32546,
    32568, 32590, 32610, 32629, 32647, 32664, 32679, 32693, 32706, 32718, 32729, 32738, 32746, 32753,
    32758, 32762, 32766, 32767, 32768,
};
/* clang-format on */

/* 0..16384 of a quarter turn. */
static int32_t sine_of_quarter(uint32_t angle)
{
    uint32_t i = angle >> 6;
    int32_t low = SINE[i];

    if (i == 256)
        return low;
    return low + (((SINE[i + 1] - low) * (int32_t)(angle & 63) + 32) >> 6);
}

int32_t movement_sin(uint16_t angle)
{
    uint32_t in_half = angle & 0x7FFFu;
    int32_t sine = sine_of_quarter(in_half <= 0x4000 ? in_half : 0x8000 - in_half);

    return angle & 0x8000u ? -sine : sine;
}

int32_t movement_cos(uint16_t angle)
{
    return movement_sin((uint16_t)(angle + 0x4000u));
}

static int32_t clamp_into_world(int32_t units, const struct heightfield *field)
{
    int32_t half = heightfield_size_m(field) / 2 * SPACE_UNITS_PER_M;

    if (units < -half)
        return -half;
    return units > half - 1 ? half - 1 : units;
}

bool movement_valid(const struct movement_state *state, const struct heightfield *field)
{
    /* Half, so that the difference of any two heights fits. */
    int32_t height_max = SPACE_LIMIT_UNITS / 2;

    return state->pos.x == clamp_into_world(state->pos.x, field) &&
           state->pos.z == clamp_into_world(state->pos.z, field) && state->pos.y >= -height_max &&
           state->pos.y <= height_max && state->velocity_y >= -FALL_SPEED_MAX &&
           state->velocity_y <= JUMP_SPEED && state->airborne <= 1 &&
           state->pose <= MOVEMENT_JUMPING;
}

static int32_t magnitude(int32_t value)
{
    return value < 0 ? -value : value;
}

/* Go by (dx, dz) if the slope allows it. below: the ground under the figure. On success *ground is
 * the ground there. */
static bool try_way(struct movement_state *state, int32_t dx, int32_t dz, int32_t below,
                    int32_t *ground, const struct heightfield *field)
{
    int32_t x = clamp_into_world(state->pos.x + dx, field);
    int32_t z = clamp_into_world(state->pos.z + dz, field);
    int64_t way_x = x - state->pos.x;
    int64_t way_z = z - state->pos.z;
    int32_t there;

    if (way_x == 0 && way_z == 0)
        return false;
    there = heightfield_at(field, x, z);
    if (there > below && there > state->pos.y - REACH) {
        int64_t rise = there - below;

        if (rise * rise > way_x * way_x + way_z * way_z)
            return false;
    }
    state->pos.x = x;
    state->pos.z = z;
    *ground = there;
    return true;
}

/* Go by (dx, dz), or slide along what is in the way: first along the axis that takes us further.
 * Returns the ground under the figure afterwards. */
static int32_t go(struct movement_state *state, int32_t dx, int32_t dz,
                  const struct heightfield *field)
{
    int32_t below =
        state->airborne ? heightfield_at(field, state->pos.x, state->pos.z) : state->pos.y;
    int32_t ground = below;
    bool x_first = magnitude(dx) >= magnitude(dz);

    if (try_way(state, dx, dz, below, &ground, field))
        return ground;
    if (try_way(state, x_first ? dx : 0, x_first ? 0 : dz, below, &ground, field))
        return ground;
    (void)try_way(state, x_first ? 0 : dx, x_first ? dz : 0, below, &ground, field);
    return ground;
}

static int32_t walk(struct movement_state *state, const struct movement_intent *intent,
                    const struct heightfield *field)
{
    int32_t length = intent->flags & MOVEMENT_RUN ? RUN_UNITS : WALK_UNITS;

    return go(state, (-movement_sin(intent->heading) * length + 16384) >> 15,
              (-movement_cos(intent->heading) * length + 16384) >> 15, field);
}

/* Up or down by the speed, until the ground catches. */
static void fall(struct movement_state *state, int32_t ground)
{
    state->velocity_y -= GRAVITY_STEP;
    if (state->velocity_y < -FALL_SPEED_MAX)
        state->velocity_y = -FALL_SPEED_MAX;
    state->pos.y += state->velocity_y / MOVEMENT_SUBSTEPS_PER_S;
    if (state->pos.y <= ground) {
        state->pos.y = ground;
        state->velocity_y = 0;
        state->airborne = 0;
    }
}

void movement_step(struct movement_state *state, const struct movement_intent *intent,
                   const struct heightfield *field)
{
    bool walking = (intent->flags & MOVEMENT_WALK) != 0;

    state->yaw = intent->yaw;
    if (!state->airborne && (intent->flags & MOVEMENT_JUMP)) {
        state->airborne = 1;
        state->velocity_y = JUMP_SPEED;
    }
    if (state->airborne) {
        int32_t ground = walking ? walk(state, intent, field)
                                 : heightfield_at(field, state->pos.x, state->pos.z);

        fall(state, ground);
    } else if (walking) {
        state->pos.y = walk(state, intent, field);
    }
    if (state->airborne)
        state->pose = MOVEMENT_JUMPING;
    else if (walking)
        state->pose = intent->flags & MOVEMENT_RUN ? MOVEMENT_RUNNING : MOVEMENT_WALKING;
    else
        state->pose = MOVEMENT_STANDING;
}

static uint32_t square_root(uint64_t value)
{
    uint64_t root = 0;

    for (uint64_t bit = UINT64_C(1) << 31; bit != 0; bit >>= 1) {
        if ((root | bit) * (root | bit) <= value)
            root |= bit;
    }
    return (uint32_t)root;
}

bool movement_step_to(struct movement_state *state, int32_t x, int32_t z, uint16_t heading,
                      const struct heightfield *field)
{
    int64_t dx = (int64_t)clamp_into_world(x, field) - state->pos.x;
    int64_t dz = (int64_t)clamp_into_world(z, field) - state->pos.z;
    uint64_t before = (uint64_t)(dx * dx + dz * dz), after;
    int32_t ground;

    if (before > (uint64_t)RUN_UNITS * RUN_UNITS) {
        int64_t length = (int64_t)square_root(before) + 1;

        dx = dx * RUN_UNITS / length;
        dz = dz * RUN_UNITS / length;
    }
    if (dx != 0 || dz != 0)
        state->yaw = heading;
    ground = go(state, (int32_t)dx, (int32_t)dz, field);
    if (state->airborne)
        fall(state, ground);
    else
        state->pos.y = ground;
    state->pose = state->airborne ? MOVEMENT_JUMPING : MOVEMENT_RUNNING;
    dx = (int64_t)clamp_into_world(x, field) - state->pos.x;
    dz = (int64_t)clamp_into_world(z, field) - state->pos.z;
    after = (uint64_t)(dx * dx + dz * dz);
    return state->airborne || (after != 0 && after < before);
}

/* Halving the quarter turn that it lies in: exact to the table's unit. */
uint16_t movement_heading(int64_t dx, int64_t dz)
{
    /* Yaw a looks along (-sin a, -cos a). */
    int64_t sine = -dx, cosine = -dz, swap;
    uint32_t turned = 0, low = 0;

    if (dx == 0 && dz == 0)
        return 0;
    while (sine < 0 || cosine <= 0) { /* back by quarter turns, into the first */
        swap = sine;
        sine = -cosine;
        cosine = swap;
        turned += 0x4000;
    }
    for (uint32_t step = 0x2000; step != 0; step >>= 1) {
        if (sine_of_quarter(0x4000 - (low + step)) * sine >= sine_of_quarter(low + step) * cosine)
            low += step;
    }
    return (uint16_t)(turned + low);
}

void movement_place(struct movement_state *state, int32_t x, int32_t z, uint16_t yaw,
                    const struct heightfield *field)
{
    *state = (struct movement_state){.yaw = yaw};
    state->pos.x = clamp_into_world(x, field);
    state->pos.z = clamp_into_world(z, field);
    state->pos.y = heightfield_at(field, state->pos.x, state->pos.z);
}
