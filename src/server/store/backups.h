/* backups.h -- copies of the database file while it is in use, for an operator of the running
 * daemon: one at a time, on a thread of its own that gives way, into one folder and nowhere else.
 * Control thread. */
#ifndef OPENMMO_STORE_BACKUPS_H
#define OPENMMO_STORE_BACKUPS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

#define BACKUPS_NAME_MAX 64 /* bytes */

struct backups; /* opaque */

/* How one ended. file: its path. report: a sentence; of a failure: why, and nothing is there. */
struct backups_answer {
    bool made;
    char file[512];
    uint64_t size_bytes;
    struct error report;
};
typedef void backups_done_fn(void *context, uint64_t tag, const struct backups_answer *answer);

/* path: of the database file; folder: made (0700) with the first copy; what a killed daemon's copy
 * left there goes now. Both copied. NULL: out of memory. */
struct backups *backups_new(struct event_base *base, const char *path, const char *folder);
/* One that is under way is broken off, and its done is called: a stop does not wait for a large
 * database. NULL is fine. */
void backups_free(struct backups *backups);

/* Begin a copy. name: letters, digits, '-', '_' and '.', not in front; ".db" is added; NULL: the
 * time. done comes later, on the control thread, once. -1 + error: none was begun (one is under
 * way, the name is taken, or the disk has not twice the room that it takes). */
int backups_begin(struct backups *backups, const char *name, backups_done_fn *done, void *context,
                  uint64_t tag, struct error *error) MUST_CHECK;

#endif
