/* operator.h -- the run's hand on the server: what a scenario needs an operator for, through the
 * admin socket (doc/admin.md).
 *
 * Used by the process that plays nobody. Blocks, but not for long. One thread. */
#ifndef OPENMMO_BOTS_OPERATOR_H
#define OPENMMO_BOTS_OPERATOR_H

#include "common/compiler.h"
#include "common/error.h"

#define OPERATOR_WAIT_MS 2000 /* the longest that a call takes */

/* All who are in the world are put elsewhere at once: over a square of spread_m metres each way
 * about (x_m, z_m). Returns how many were, or -1 + error: nobody answers, or it is refused. */
int operator_put_everyone(const char *socket_path, int x_m, int z_m, unsigned spread_m,
                          struct error *error) MUST_CHECK;

#endif
