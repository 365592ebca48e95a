/* state.h -- the state directory: made, and locked for one daemon alone. Main thread. */
#ifndef OPENMMO_SERVER_STATE_H
#define OPENMMO_SERVER_STATE_H

#include "common/compiler.h"
#include "common/error.h"
#include "server/config.h"

/* Make the directories where they are missing and take the lock, which lasts until the returned
 * descriptor is closed or the process ends. -1 + error: another openmmod has it, or nothing can be
 * written there. */
int state_take(const struct config *config, struct error *error) MUST_CHECK;

#endif
