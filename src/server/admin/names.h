/* names.h -- users' names, looked up by a thread of their own: a machine whose users come from a
 * directory on the network may answer late or never. Control thread. */
#ifndef OPENMMO_ADMIN_NAMES_H
#define OPENMMO_ADMIN_NAMES_H

#include <event2/event.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/compiler.h"
#include "common/error.h"

#define NAMES_NAME_MAX 64 /* with its NUL */

struct names; /* opaque */

/* name: valid during the call; the uid's number where it has no name. Control thread. */
typedef void names_found_fn(void *context, uint64_t tag, const char *name);

/* base: control's loop. NULL + error. */
struct names *names_new(struct event_base *base, names_found_fn *found, void *context,
                        struct error *error);
/* Ask for a name; found comes later, once, with this tag (never before this returns). -1: too many
 * wait already, or out of memory; found will not come. */
int names_ask(struct names *names, uint64_t tag, uid_t uid) MUST_CHECK;
/* Nothing is found any more. Does not wait for a lookup that hangs: its thread then ends when it
 * comes back, or with the process. NULL is fine. */
void names_free(struct names *names);

#endif
