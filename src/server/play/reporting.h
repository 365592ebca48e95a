/* reporting.h -- what players report of each other, on its way to those who moderate.
 *
 *   name and words -> who is meant (store, or a guest who is here) -> the report, within the limits
 *   of its account -> the chat around it, copied -> the player is thanked
 *
 * Every step is durable before the next, so that a thanked player's report is on record. Bounded by
 * the database: so many an hour of an account, so many open ones in all. Control thread only. */
#ifndef OPENMMO_PLAY_REPORTING_H
#define OPENMMO_PLAY_REPORTING_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/error.h"
#include "store/store.h"

struct reporting;  /* opaque */
struct transcript; /* transcript.h */

/* How it ended, by what is to blame. */
enum reporting_outcome {
    REPORTING_TAKEN,
    REPORTING_BAD_WORDS,
    REPORTING_NOBODY, /* there is nobody by that name, or it is oneself */
    REPORTING_LIMITED,
    REPORTING_OFF, /* this server takes none */
    REPORTING_AWAY,
};

struct reporting_config {
    struct event_base *base;
    struct store *store;                 /* borrowed, closed before reporting_free */
    const struct transcript *transcript; /* borrowed; NULL: there is no chat around it */
    uint32_t per_hour;                   /* reports of one account; 0: none are taken */
};

/* Texts are borrowed for the call, NUL-terminated, unchecked. */
struct reporting_order {
    uint64_t reporter; /* an account */
    const char *reporter_name;
    const char *about; /* a name, as at a login */
    bool guest;        /* a guest who is here has it */
    const char *words;
};

/* text: for the player, a sentence; valid during the call. */
typedef void reporting_done_fn(void *context, uint64_t tag, enum reporting_outcome outcome,
                               const char *text);

/* Counts what is open as soon as the store answers. config is copied. */
struct reporting *reporting_new(const struct reporting_config *config,
                                struct error *error); /* NULL + error */
void reporting_free(struct reporting *reporting);     /* NULL is fine */
/* From now on, as in the configuration: a reload. */
void reporting_set_rate(struct reporting *reporting, uint32_t per_hour);

/* done is called once, now or later, at the latest by store_close. */
void reporting_take(struct reporting *reporting, const struct reporting_order *order,
                    reporting_done_fn *done, void *context, uint64_t tag);

/* What there is, for operators. */
struct reporting_state {
    uint64_t open_n;  /* as of the last look */
    uint64_t newest;  /* the last one that was taken since the start; 0: none was */
    uint64_t changes; /* rises when one of these changes */
};
/* As it is now. */
struct reporting_state reporting_state(const struct reporting *reporting);
/* Some were closed, or are gone: count again. NULL is fine. */
void reporting_look(struct reporting *reporting);

#endif
