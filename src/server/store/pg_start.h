/* pg_start.h -- the first connection, at start, when waiting is allowed: is the database there, is
 * its schema ours, is it nobody else's, which epoch is this. */
#ifndef OPENMMO_STORE_PG_START_H
#define OPENMMO_STORE_PG_START_H

#include <libpq-fe.h>
#include <stdint.h>

#include "common/error.h"
#include "store/pg_target.h"
#include "store/store.h"

/* Waits up to PG_START_PATIENCE_S for a server that is not up yet. target: learns where it went.
 * Returns the connection, which holds the claim where it can, or NULL + error. Blocks. */
PGconn *pg_start(const struct store_config *config, struct pg_target *target, uint32_t *epoch,
                 struct error *error);

/* Connect, blocking, at most timeout_s for each address. NULL + error. */
PGconn *pg_start_connect(struct pg_target *target, unsigned timeout_s, struct error *error);

#define PG_START_PATIENCE_S 15

#endif
