/* ticker.h -- the sim thread: the clock of the world. Collects commands, steps, journals,
 * publishes, 20 times a second.
 *
 * Missed ticks are skipped, never made up in a burst; a stall gives the players their time back by
 * one CREDIT command. When the step itself does not fit, ticks come later (tempo.h): that is no
 * stall. new/free: control thread. */
#ifndef OPENMMO_TICKER_H
#define OPENMMO_TICKER_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/queue.h"
#include "ops/worst.h"
#include "sim/journal.h"
#include "sim/mailbox.h"
#include "sim/script.h"
#include "sim/sim.h"

struct ticker;

struct ticker_config {
    struct sim *sim;         /* borrowed; touched by nobody else until ticker_stop returned */
    struct journal *journal; /* may be NULL */
    struct script script;    /* one more producer; figures_n 0: none */
    struct queue **commands; /* producers: [0] control's, then one per io thread */
    unsigned commands_n;
    struct mailbox *mailboxes; /* readers: [0] control's, then one per io thread */
    unsigned mailboxes_n;
    struct worst *worst;  /* takes long ticks as its producer 0; may be NULL */
    struct queue *events; /* struct sim_event, sim -> control; room for two a session, never full */
    struct event_base *base; /* not NULL: no thread of its own, tick by a timer on this loop */
    /* Called on the sim thread. */
    void (*published)(void *context, unsigned reader); /* a snapshot lies in mailbox `reader` */
    void (*stalled)(void *context, uint32_t stalled_ms);
    /* From this tick on the world runs at so many thousandths of real time; before `published`. May
     * be NULL: then it is not told. */
    void (*tempo)(void *context, uint16_t permille, uint32_t step_us);
    /* A tick is over. May be NULL. */
    void (*ticked)(void *context, const struct worst_record *record);
    /* A planted fault: CPU time that the next step burns on top. NULL: none. */
    uint32_t (*burden_us)(void *context);
    void *context;
};

/* Begin to tick, one tick from now. config is copied. NULL + error. */
struct ticker *ticker_start(const struct ticker_config *config, struct error *error);
/* Finish the current tick, join. NULL is fine. */
void ticker_stop(struct ticker *ticker);

/* Any thread. */
uint32_t ticker_tick(const struct ticker *ticker);
/* Unix time of the last tick, for liveness. */
uint64_t ticker_last_tick_ms(const struct ticker *ticker);
/* Thousandths of real time: 100..1000. Any thread. */
uint16_t ticker_tempo(const struct ticker *ticker);
/* A tick and the Unix time at which it ran, of one and the same tick. Any thread. */
void ticker_clock(const struct ticker *ticker, uint32_t *tick, uint64_t *wall_ms);

#endif
