/* reload.h -- the configuration loaded anew while the daemon runs. Control thread. */
#ifndef OPENMMO_SERVER_RELOAD_H
#define OPENMMO_SERVER_RELOAD_H

#include "common/compiler.h"
#include "common/error.h"
#include "server/config.h"

/* Gives a new configuration to those who can change: -1 + error, and nobody has changed. */
typedef int reload_apply_fn(void *context, const struct config *config, struct error *error);

/* All or nothing: load from where *config came from, apply, put it in the place of *config, which
 * is freed. Says what changed in the log and to the service manager. outcome: a sentence either
 * way. 0, or -1 and all is as before. */
int reload_config(struct config **config, reload_apply_fn *apply, void *context,
                  struct error *outcome);

/* One option as an operator wants it (value NULL: as it was; name NULL: all of them as they were),
 * until the next reload or restart. by: his name. outcome: nothing, or with -1 why nothing was
 * changed. */
int reload_set(struct config **config, const char *name, const char *value, const char *by,
               reload_apply_fn *apply, void *context, struct error *outcome);

#endif
