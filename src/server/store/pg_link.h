/* pg_link.h -- one connection to PostgreSQL: a state machine in the loop, never waited for.
 *
 *   DOWN -> SEARCHING (host names) -> CONNECTING -> SETTING_UP (time limit, prepared statements)
 *     ^                                                 |
 *     +------------- anything goes wrong ------------ READY: units, one behind the other
 *
 * A unit is one or more questions that share one transaction. Knows no lanes and no queue: who is
 * asked what is pg.c's. Control thread. */
#ifndef OPENMMO_STORE_PG_LINK_H
#define OPENMMO_STORE_PG_LINK_H

#include <event2/event.h>
#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "store/driver.h"
#include "store/pg_target.h"

enum pg_link_state { PG_DOWN, PG_SEARCHING, PG_CONNECTING, PG_SETTING_UP, PG_READY };

enum pg_outcome {
    PG_DONE,   /* each has its answer */
    PG_UNDONE, /* nothing was changed: ask each again, alone */
    PG_LOST,   /* the connection broke: what of it was done is not known */
};

struct pg_link; /* opaque */

struct pg_link_config {
    struct event_base *base;
    struct pg_target *target;
    bool prepared; /* else nothing outlives a transaction: for poolers */
    bool saves;    /* holds the claim; each unit makes sure that the epoch is still ours */
    uint32_t epoch;
    uint32_t statement_ms; /* the server's limit on one statement */
    uint32_t connect_ms;   /* from DOWN to READY */
    /* A unit ended; asks is its list. why: PG_LOST's reason. May not free the link. */
    void (*ended)(void *context, struct store_ask *asks, enum pg_outcome outcome,
                  const struct error *why);
    /* READY, or DOWN with a reason. From the loop only, or from pg_link_tick and pg_link_send. */
    void (*changed)(void *context, struct pg_link *link, const struct error *why);
    void *context;
};

struct pg_link *pg_link_new(const struct pg_link_config *config); /* DOWN. NULL: out of memory */
/* Units are lost without a word. NULL is fine. */
void pg_link_free(struct pg_link *link);

/* DOWN: begin to connect. 0, or -1: out of memory, still DOWN. */
int pg_link_start(struct pg_link *link, uint64_t now_us) MUST_CHECK;
/* DOWN: take over a connection that is up and idle; it is closed where this fails (changed is told
 * from the loop). */
void pg_link_adopt(struct pg_link *link, PGconn *conn, uint64_t now_us);
/* READY: send a unit, asks linked by next. deadline_us: when the connection is given up. None: just
 * see that it answers. */
void pg_link_send(struct pg_link *link, struct store_ask *asks, uint64_t now_us,
                  uint64_t deadline_us);
/* Deadlines. */
void pg_link_tick(struct pg_link *link, uint64_t now_us);
/* Close it; units end as PG_LOST. DOWN after it; changed is not called. */
void pg_link_drop(struct pg_link *link, const struct error *why);

enum pg_link_state pg_link_state(const struct pg_link *link); /* PG_READY: it may be asked */
unsigned pg_link_units_n(const struct pg_link *link);         /* sent and not yet ended */
uint64_t pg_link_quiet_us(const struct pg_link *link); /* since when nothing was sent or answered */
uint64_t pg_link_ready_us(const struct pg_link *link); /* READY: since when */
/* READY, and the claim is yet to be had: each unit without questions tries for it. */
bool pg_link_lacks_claim(const struct pg_link *link);
/* The oldest question on it that is not answered, since when it is on its way, and how many there
 * are. NULL: none (what is on its way, if anything, is the link's own). Valid until the loop's next
 * turn. */
const struct store_ask *pg_link_oldest(const struct pg_link *link, uint64_t *sent_us,
                                       unsigned *asks_n);

/* For a loop of one's own at the end: what to wait for (-1: nothing), and then what came. */
int pg_link_poll(const struct pg_link *link, short *events);
/* Read and write what can be; never blocks. */
void pg_link_serve(struct pg_link *link);

/* The key of the claim's advisory lock. */
#define PG_CLAIM_KEY "8029181395735212399"

#endif
