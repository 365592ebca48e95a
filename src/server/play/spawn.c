/* spawn.c -- see spawn.h. */
#include "play/spawn.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "play/saving.h"
#include "sim/sim.h"

#define MIX UINT64_C(0x9e3779b97f4a7c15)

/* A spot that follows from the player alone, evenly over the disc where newcomers begin. */
static bool find_spot(uint64_t player, uint32_t radius_m, int32_t *x, int32_t *z)
{
    uint64_t mixed = (player + 1) * MIX;
    double far, angle;

    mixed = (mixed ^ mixed >> 32) * UINT64_C(0xd6e8feb86659fd93);
    mixed ^= mixed >> 32;
    far = radius_m * sqrt((double)(uint32_t)mixed / UINT32_MAX);
    angle = (double)(mixed >> 32) / UINT32_MAX * 2 * M_PI;
    return radius_m > 0 && saving_units(far * cos(angle), x) && saving_units(far * sin(angle), z);
}

/* Where a web client says that it begins, if newcomers do. */
static bool may_begin(const struct person *person, uint32_t radius_m)
{
    int64_t radius = (int64_t)(radius_m > 0 ? radius_m : SIM_SPAWN_RADIUS_M) * SPACE_UNITS_PER_M;

    return person->placed && llabs(person->x) <= radius && llabs(person->z) <= radius &&
           (int64_t)person->x * person->x + (int64_t)person->z * person->z <= radius * radius;
}

int spawn_command(const struct person *person, const struct store_position *place,
                  uint32_t radius_m, struct command *command)
{
    *command = (struct command){.kind = COMMAND_JOIN};
    command->as.join.player = person->player;
    command->as.join.name = blob_new(person->name, strlen(person->name));
    if (!command->as.join.name)
        return -1;
    command->as.join.looks = (uint32_t)((person->player * MIX) >> 32);
    command->as.join.spawn = !place || !saving_units(place->x_m, &command->as.join.x) ||
                             !saving_units(place->z_m, &command->as.join.z);
    if (command->as.join.spawn && may_begin(person, radius_m)) {
        command->as.join.x = person->x;
        command->as.join.z = person->z;
        command->as.join.spawn = false;
    }
    if (command->as.join.spawn &&
        find_spot(person->player, radius_m, &command->as.join.x, &command->as.join.z))
        command->as.join.spawn = false;
    command->as.join.yaw = place ? place->yaw : 0;
    return 0;
}
