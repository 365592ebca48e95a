/* stays.h -- the rows of game_sessions: one a stay in the world, from the welcome to the leaving,
 * whatever becomes of connections in between.
 *
 * Nobody waits for them. What the database does not take is tried again with each flush, in order,
 * bounded by STAYS_OWED_MAX. Those that a crash left open and that nobody goes on with are closed
 * as of the last sign of life that is written down. This run gives none before that, for if it
 * crashes first the next has to close them as of the same time; what it leaves open itself is then
 * closed too early, by no more than the wait. That a player logged out is noted in the same rows,
 * and counts from the moment he did. Owner: saving; control thread. */
#ifndef OPENMMO_PLAY_STAYS_H
#define OPENMMO_PLAY_STAYS_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "play/people.h"
#include "store/store.h"

/* Rows that wait for the database, and log-outs that it took lately: beyond it the oldest is given
 * up. */
#define STAYS_OWED_MAX 65536

struct stays_note;

struct stays {
    struct store *store; /* borrowed */
    uint32_t epoch;
    uint32_t lately_ms; /* log-outs on record are kept so long */
    struct event *left_open;
    bool ended; /* what was left open is: signs of life may be given */
    uint64_t next_id;
    struct stays_note *asked;  /* by id */
    struct stays_note *owed;   /* by rising id: to be asked again */
    struct stays_note *lately; /* log-outs that are on record, the oldest first */
    uint32_t asked_n, owed_n, lately_n;
    uint32_t log_outs_n; /* of all */
};

/* In place. -1 + error. */
int stays_init(struct stays *stays, struct event_base *base, struct store *store, uint32_t epoch,
               struct error *error);
void stays_fini(struct stays *stays); /* a zeroed one is fine */

/* It begins, or goes on after a return. */
void stays_opened(struct stays *stays, const struct person *person);
void stays_closed(struct stays *stays, const struct person *person); /* fine if never opened */
/* What the database's first answer to a log-out is: true: it is on record, durably; false: not yet,
 * it is owed. */
typedef void stays_log_out_fn(void *context, uint64_t session, bool durable);
/* What his login began is over: its tokens open nothing any more. Only one with a login (a guest
 * has none). done: once, within the call or later; not after stays_fini. -1: out of memory, and
 * nothing is owed. */
int stays_logged_out(struct stays *stays, const struct person *person, stays_log_out_fn *done,
                     void *context) MUST_CHECK;
/* True: that was said of this login, and may not be written down yet, or so lately that one who
 * asked the database before is only answered now. */
bool stays_owes_log_out(const struct stays *stays, const char *login);
/* Write a sign of life down (if it is time for any), and try again what is owed. */
void stays_flush(struct stays *stays);
/* So long somebody may go on with what a crash left open. */
void stays_end_left_open(struct stays *stays, uint32_t after_ms);
/* The server stops: end it now, if it is not yet. Who comes back later still goes on with his. */
void stays_stop(struct stays *stays);

#endif
