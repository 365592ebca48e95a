/* script.c -- see script.h. */
#include "sim/script.h"

#include <stdio.h>
#include <string.h>

#include "common/space.h"

#define JOINS_TICK   100 /* figures that come in one tick */
#define STRIDE_TICKS 4   /* a command is for so many ticks: few commands, and a step in each tick */
#define LEG_STRIDES  8   /* strides of one leg: 1.6 s */
#define LEGS_LEAST   3
#define LEGS_KINDS   6
#define RESTS        2 /* legs of rest after each round */

static uint64_t mix(uint64_t x)
{
    x += UINT64_C(0x9E3779B97F4A7C15);
    x = (x ^ (x >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    x = (x ^ (x >> 27)) * UINT64_C(0x94D049BB133111EB);
    return x ^ (x >> 31);
}

static uint64_t drawn(const struct script *script, uint32_t figure)
{
    return mix(script->seed ^ mix(figure));
}

size_t script_room(const struct script *script)
{
    return (size_t)script->figures_n / STRIDE_TICKS + 1 + JOINS_TICK;
}

static void home_of(const struct script *script, uint32_t figure, int32_t *x, int32_t *z)
{
    int64_t radius = (int64_t)script->radius_m * SPACE_UNITS_PER_M;
    uint64_t place = drawn(script, figure);
    int64_t dx;
    int64_t dz;

    do {
        place = mix(place);
        dx = (int64_t)(uint32_t)place % (2 * radius) - radius;
        dz = (int64_t)(place >> 32) % (2 * radius) - radius;
    } while (dx * dx + dz * dz > radius * radius);
    *x = (int32_t)(script->x + dx);
    *z = (int32_t)(script->z + dz);
}

static bool join(const struct script *script, uint32_t figure, struct command *command)
{
    char name[32];
    int len = snprintf(name, sizeof(name), "Wanderer %u", figure + 1);

    command->kind = COMMAND_JOIN;
    command->as.join.name = blob_new(name, (size_t)len);
    command->as.join.player = SCRIPT_PLAYER + figure;
    command->as.join.looks = (uint32_t)drawn(script, figure);
    command->as.join.yaw = (uint16_t)drawn(script, figure);
    home_of(script, figure, &command->as.join.x, &command->as.join.z);
    return command->as.join.name != NULL;
}

/* The stride that begins now, the count-th of this figure. */
static void stride(const struct script *script, uint32_t figure, uint32_t count,
                   struct command *command)
{
    uint64_t ways = drawn(script, figure);
    uint32_t legs = LEGS_LEAST + (uint32_t)(ways >> 16) % LEGS_KINDS;
    uint32_t leg = (count / LEG_STRIDES + (uint32_t)(ways >> 40)) % (legs + RESTS);
    uint16_t turn = (uint16_t)(65536 / legs);
    uint16_t heading = (uint16_t)((uint32_t)(ways >> 24) + leg * turn);
    uint8_t flags = MOVEMENT_WALK;

    if (leg >= legs)
        flags = 0;
    else if (ways >> 60 < 4)
        flags |= MOVEMENT_RUN;
    command->kind = COMMAND_INTENT;
    command->as.intent.seq = count + 1;
    command->as.intent.intent = (struct movement_intent){heading, heading, flags};
    command->as.intent.substeps = STRIDE_TICKS * MOVEMENT_SUBSTEPS_PER_TICK;
}

size_t script_commands(const struct script *script, uint32_t tick, struct command *commands)
{
    uint32_t age = tick - script->first_tick;
    uint64_t known = (uint64_t)age * JOINS_TICK; /* those below joined before this tick */
    size_t n = 0;

    if (tick < script->first_tick)
        return 0;
    for (uint32_t i = age % STRIDE_TICKS; i < script->figures_n && i < known; i += STRIDE_TICKS) {
        struct command *command = &commands[n++];

        memset(command, 0, sizeof(*command));
        command->session = SESSION_SCRIPTED_FIRST + i;
        command->sequence = age;
        stride(script, i, (age - i / JOINS_TICK) / STRIDE_TICKS, command);
    }
    for (uint64_t i = known; i < script->figures_n && i < known + JOINS_TICK; i++) {
        struct command *command = &commands[n];

        memset(command, 0, sizeof(*command));
        command->session = SESSION_SCRIPTED_FIRST + i;
        n += join(script, (uint32_t)i, command);
    }
    return n;
}
