/* notify.h -- what the service manager is told (sd_notify(3)), and the watchdog, which is pinged
 * only while the world's tick advances. Without a service manager everything here does nothing; one
 * that does not read is told no status, and waited for at most a second at a change of state.
 * Control thread. */
#ifndef OPENMMO_OPS_NOTIFY_H
#define OPENMMO_OPS_NOTIFY_H

#include <event2/event.h>
#include <stdint.h>

#include "common/compiler.h"

struct notify; /* opaque */

/* Something that rises while the daemon is alive: the tick. Called on the control thread. */
typedef uint64_t notify_progress_fn(void *context);

/* Starts to ping, if WATCHDOG_USEC asks for it. NULL when out of memory. */
struct notify *notify_new(struct event_base *base, notify_progress_fn *progress, void *context);
void notify_free(struct notify *notify); /* NULL is fine */

void notify_ready(void);     /* up, or reloaded */
void notify_reloading(void); /* until the next notify_ready */
void notify_stopping(void);
void notify_status(const char *format, ...) PRINTF_LIKE(1, 2); /* "812 players, tick p99 14 ms" */

#endif
