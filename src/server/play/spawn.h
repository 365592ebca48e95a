/* spawn.h -- with what a player is put into the world: the JOIN of a person. Pure; any thread. */
#ifndef OPENMMO_PLAY_SPAWN_H
#define OPENMMO_PLAY_SPAWN_H

#include <stdint.h>

#include "common/compiler.h"
#include "play/people.h"
#include "store/store.h"

/* place: NULL, or none in this world: one is picked within radius_m of the middle (0: by the sim).
 * The command owns a name. -1: out of memory. */
int spawn_command(const struct person *person, const struct store_position *place,
                  uint32_t radius_m, struct command *command) MUST_CHECK;

#endif
