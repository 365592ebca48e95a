/* script.h -- wanderers: figures that no connection holds, for trying out a world full of people.
 *
 * Their commands depend on the seed and the tick alone. They enter the simulation as all others do,
 * and are journaled: a replay needs no script. Each joins once, then walks round and round by its
 * home, in a loop of three to eight legs, and rests a while. Their sessions are a range of their
 * own (SESSION_SCRIPTED), which sorts after all others; their players too. Owner: whoever ticks. */
#ifndef OPENMMO_SIM_SCRIPT_H
#define OPENMMO_SIM_SCRIPT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sim/command.h"

#define SCRIPT_FIGURES_MAX 100000
#define SCRIPT_PLAYER      (UINT64_C(1) << 63) /* player ids from this on are theirs */

struct script {
    uint32_t figures_n; /* 0..SCRIPT_FIGURES_MAX; 0: no commands ever */
    uint32_t radius_m;  /* homes are within it of the middle, 1.. */
    int32_t x, z;       /* the middle, units */
    uint64_t seed;
    uint32_t first_tick; /* the first ones join in it */
};

/* Commands that a tick has at most. */
size_t script_room(const struct script *script);
/* The commands of a tick, sorted (command_compare). commands: room for script_room, filled as after
 * a producer pushed them: what they own is the caller's. A figure whose name finds no memory does
 * not come. Returns how many. */
size_t script_commands(const struct script *script, uint32_t tick, struct command *commands);

#endif
