/* chatlog.h -- what was said, on its way to the database: batches written behind the world.
 *
 * Takes the lines from the snapshots that control looks at, so that nothing of the world waits for
 * it. What cannot be written yet waits in memory, at most CHATLOG_LINES; then the oldest go, and
 * are counted (chat_log_lost). Control thread only. */
#ifndef OPENMMO_PLAY_CHATLOG_H
#define OPENMMO_PLAY_CHATLOG_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "sim/snapshot.h"
#include "store/store.h"

#define CHATLOG_LINES 4096
#define CHATLOG_BATCH 256

struct chatlog; /* opaque */

/* store: borrowed, closed before chatlog_free. NULL + error. */
struct chatlog *chatlog_new(struct event_base *base, struct store *store, struct error *error);
void chatlog_free(struct chatlog *chatlog); /* NULL is fine */
/* false: take no lines (what waits is thrown away). */
void chatlog_keep(struct chatlog *chatlog, bool keep);

/* The lines of a newer snapshot. now_ms: Unix time, which they get. */
void chatlog_take(struct chatlog *chatlog, const struct snapshot *snapshot, uint64_t now_ms);
/* Ask for all that waits to be written, before store_close. */
void chatlog_stop(struct chatlog *chatlog);

#endif
