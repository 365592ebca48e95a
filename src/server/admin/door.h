/* door.h -- operators who have connected and whose names are being looked up: they wait here, and
 * nobody else does. A name that does not come in time is the uid's number; the role does not depend
 * on it. Control thread. */
#ifndef OPENMMO_ADMIN_DOOR_H
#define OPENMMO_ADMIN_DOOR_H

#include <event2/event.h>

#include "admin/role.h"
#include "common/error.h"

#define DOOR_WAIT_MS 1000 /* for a name */

struct door; /* opaque */

/* Who it is is known: fd is the callee's. */
typedef void door_fn(void *context, int fd, const struct role_peer *peer);

/* NULL + error. */
struct door *door_new(struct event_base *base, door_fn *known, void *context, struct error *error);
/* fd is taken; known comes later, or at once where too many wait. peer: all but the name; copied.
 */
void door_enter(struct door *door, int fd, const struct role_peer *peer);
/* Who still waits is hung up on. NULL is fine. */
void door_free(struct door *door);

#endif
