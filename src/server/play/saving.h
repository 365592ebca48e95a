/* saving.h -- what presence writes down of people: their places by the writeback, and their
 * stays. Owner: presence; control thread. */
#ifndef OPENMMO_PLAY_SAVING_H
#define OPENMMO_PLAY_SAVING_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "play/people.h"
#include "play/stays.h"
#include "sim/snapshot.h"
#include "store/writeback.h"

struct saving {
    struct store *store; /* borrowed */
    struct writeback *writeback;
    uint32_t epoch;
    uint32_t flushed_tick;                       /* everything that moved up to then was put */
    void (*saved)(void *context, uint32_t lost); /* NULL: nobody waits for those who leave */
    void *saved_context;
    struct stays stays;
};

/* In place. -1 + error. */
int saving_init(struct saving *saving, struct event_base *base, struct store *store, uint32_t epoch,
                struct error *error);
void saving_fini(struct saving *saving); /* a zeroed one is fine */

/* Put one's place as of that tick; it is committed with the next flush. */
void saving_put(struct saving *saving, struct person *person, struct space_pos pos, uint16_t yaw,
                uint32_t tick);
/* Commit what was put. */
void saving_commit(struct saving *saving);
/* Put all who moved since they were last put, as of that snapshot (NULL: none yet), and commit. */
void saving_flush(struct saving *saving, const struct people *people,
                  const struct snapshot *snapshot);

/* presence_save_all: who waits is told when all is durable. A second one takes the place of the
 * first, who is told what holds then. */
void saving_wait(struct saving *saving, void (*done)(void *context, uint32_t lost), void *context);
/* Somebody left, or was to be waited for: once nobody is leaving any more, flush and wait for it.
 */
void saving_finish(struct saving *saving, const struct people *people,
                   const struct snapshot *snapshot);

/* A player is in: his login, and his stay (which stays_closed ends). */
void saving_opened(struct saving *saving, const struct person *person);

double saving_metres(int32_t units); /* of 1/4096 m, exactly */
/* False (also for what is no number): not a place in this world (nothing of ours writes such). */
bool saving_units(double value_m, int32_t *units);

#endif
