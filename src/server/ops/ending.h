/* ending.h -- an end of the daemon that was ordered and is yet to come: at a time, with a countdown
 * that players are told, or as soon as nobody is here.
 *
 * At most one is ordered; a later order takes its place. What ends and who is here is the owner's:
 * this room only counts down. A countdown goes by the clock that never steps. Control thread. */
#ifndef OPENMMO_OPS_ENDING_H
#define OPENMMO_OPS_ENDING_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

#define ENDING_REASON_MAX 200 /* bytes */
#define ENDING_BY_MAX     64
#define ENDING_TEXT_MAX   320 /* of what players are told, with its NUL */

struct ending; /* opaque */

struct ending_order {
    uint32_t in_s;                      /* from now on; not looked at with when_empty */
    bool when_empty;                    /* as soon as nobody is here */
    bool restart;                       /* and then begin again */
    char reason[ENDING_REASON_MAX + 1]; /* for the players; may be empty */
    char by[ENDING_BY_MAX];             /* the operator's name */
};

struct ending_config {
    struct event_base *base;
    uint32_t (*here)(void *context);                  /* how many players are here */
    void (*say)(void *context, const char *sentence); /* to all of them */
    /* It is time. The order is forgotten before; order: valid during the call. */
    void (*due)(void *context, const struct ending_order *order);
    void *context;
};

/* NULL + error. */
struct ending *ending_new(const struct ending_config *config, struct error *error);
void ending_free(struct ending *ending); /* NULL is fine */

/* Players are told of a countdown at once, then at 60, 40, 20, 10, 5..1 minutes and 40, 20, 10,
 * 5..1 seconds before its end, and that it is none any more where an end when empty takes its
 * place. True: it took the place of another order. due is not called before this returns. */
bool ending_order(struct ending *ending, const struct ending_order *order);
/* Forget the order; told: the players, if they know of it. False: there was none. */
bool ending_cancel(struct ending *ending, bool told);
/* What is ordered; NULL: nothing. Valid until control's next turn. */
const struct ending_order *ending_ordered(const struct ending *ending);
/* Of a countdown: what players are told of it now. False: there is none. */
bool ending_words(const struct ending *ending, char text[ENDING_TEXT_MAX]);
/* Of a countdown: what is left of it; 0: it is over this instant, or there is none. */
uint64_t ending_left_ms(const struct ending *ending);

/* "10 minutes", "4 minutes 31 seconds", "1 second". Pure. */
void ending_say_time(uint32_t seconds, char *room, size_t room_bytes);

#endif
