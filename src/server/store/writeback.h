/* writeback.h -- positions on their way to the database: one ordered lane, the newest of each
 * player.
 *
 * What is put waits in memory until a flush has committed it; while the database is away it goes on
 * waiting and is tried again, ever more slowly. Bounded by the number of players, for each has one
 * row. A login looks here first (writeback_find), for what lies here is newer than the database.
 * Control thread only. */
#ifndef OPENMMO_STORE_WRITEBACK_H
#define OPENMMO_STORE_WRITEBACK_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "store/store.h"

struct writeback; /* opaque */

/* Every position as of this tick is committed. */
struct writeback_watermark {
    uint32_t epoch, tick;
    uint64_t wall_ms; /* Unix time of the commit; 0: none yet */
};

/* store: borrowed, closed before writeback_free (its last answers come here). NULL + error. */
struct writeback *writeback_new(struct event_base *base, struct store *store, struct error *error);
void writeback_free(struct writeback *writeback); /* NULL is fine */

/* Remember a position; an older (epoch, tick) than is there already is ignored. -1: out of memory.
 */
int writeback_put(struct writeback *writeback, const struct store_position *row) MUST_CHECK;
/* The position of a player that is not yet committed. False: the database knows best. */
bool writeback_find(const struct writeback *writeback, uint64_t player_id,
                    struct store_position *row);
/* Commit what was put. (epoch, tick): everything that changed up to then was put. One transaction
 * at a time: a flush during another follows it. */
void writeback_flush(struct writeback *writeback, uint32_t epoch, uint32_t tick);

/* Call done once all that was put before is committed, or after patience_ms without that: lost is
 * then how many rows are not (else 0). Never from within. One at a time: a second takes the place
 * of the first, which is told what holds at that moment. */
void writeback_wait(struct writeback *writeback, uint32_t patience_ms,
                    void (*done)(void *context, uint32_t lost), void *context);

uint32_t writeback_pending_n(const struct writeback *writeback); /* rows not yet committed */
/* Why the newest batch was not committed; empty: it was. Valid until control's next turn. */
const char *writeback_trouble(const struct writeback *writeback);
/* Everything that was put up to then is committed. */
struct writeback_watermark writeback_watermark(const struct writeback *writeback);

#endif
