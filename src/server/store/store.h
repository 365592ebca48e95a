/* store.h -- what the daemon remembers: questions asked on the control thread, answers given on it.
 *
 * What can be asked is in questions.h; each is a row of a const table (statements.h) that a driver
 * runs. SQLite: in the order asked, on a thread of its own. PostgreSQL: over a few connections in
 * the control loop, saves in the order asked. What is answered STORE_OK is durable. Knows accounts,
 * places and times, but no game. Control thread only. */
#ifndef OPENMMO_STORE_STORE_H
#define OPENMMO_STORE_STORE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "store/glance.h"
#include "store/questions.h"

struct store; /* opaque */

enum store_kind { STORE_SQLITE, STORE_POSTGRESQL };

/* Texts are borrowed during store_open. */
struct store_config {
    struct event_base *base;
    enum store_kind kind;
    unsigned queue_max; /* questions of a lane that may be unanswered at a time */
    bool migrate;       /* bring an older schema up to date; else it is refused */
    const char *path;   /* SQLITE: the database file; made 0600 if missing */
    uint32_t busy_ms;   /* SQLITE: how long to wait for another's lock */
    struct {
        const char *connection;      /* libpq's conninfo or URI */
        const char *password_file;   /* "": none */
        unsigned pool_min, pool_max; /* connections for questions; 1..64. Saves have their own */
        bool unprepared;             /* nothing may outlive a transaction: a pooler is in front */
        uint32_t statement_ms; /* the server's limit on a question; eight times that on a save */
        uint32_t answer_ms;    /* who waited so long for an answer is told that it is away */
        uint32_t connect_ms;
        uint32_t quiet_ms;   /* an idle connection is asked whether it lives; 0: after 15 s */
        uint32_t surplus_ms; /* one beyond pool_min that nobody used is closed; 0: after a minute */
    } pg;                    /* POSTGRESQL */
};

/* Claim (no other openmmod may have it), open, check (quick), migrate, raise the epoch, start. NULL
 * + error, which names the database and what to do. */
struct store *store_open(const struct store_config *config, struct error *error);
/* Finishes what was asked (answers are given), closes. POSTGRESQL: for 3 s, over the connections
 * that there are; what is not done then is answered AWAY. NULL is fine. */
void store_close(struct store *store);

/* Copied. Returns 0, or -1 when the queue is full (nothing was asked, no answer will come). Never
 * blocks. */
int store_ask(struct store *store, const struct store_question *question) MUST_CHECK;

uint32_t store_epoch(const struct store *store);          /* of this start; 1 at the first */
const char *store_driver_name(const struct store *store); /* "sqlite", "postgresql" */
/* Which database: the file, or "host:port/name". No secret in it; valid until the store is closed.
 */
const char *store_place(const struct store *store);
/* Questions that take longer than that, waiting included, are logged (a few a second at most) and
 * counted; 0, as at first: none are. */
void store_set_slow(struct store *store, uint32_t slow_ms);
struct reports; /* ops/reports.h */
/* Slow questions, and a few others, are told as spans; NULL, as at first: none are. */
void store_set_reports(struct store *store, struct reports *reports);
const char *
store_trouble(const struct store *store); /* why the last question failed; "" if it did not */

/* For operators; a moment's truth. Returns how many there are. */
unsigned store_connections(const struct store *store,
                           struct store_connection list[STORE_CONNECTIONS_MAX]);
/* As above: the questions that are asked, and the saves. */
void store_queues(const struct store *store, struct store_queue queues[2]);
/* The i-th last slow question; NULL: there were no more. Valid until the loop's next turn. */
const struct store_slow *store_slow(const struct store *store, unsigned i);
/* So long an answer may take; after that the store says that the database is away. 0: as long as it
 * takes, in this process. */
uint32_t store_answer_ms(const struct store *store);
uint32_t store_slow_ms(const struct store *store); /* as store_set_slow was told */

#endif
