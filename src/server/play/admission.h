/* admission.h -- the line before the door: who proved who he is and waits for a place in the world.
 *
 *   staff | those who were in the world a minute ago | newcomers; each as they came
 *
 * Newcomers are bounded by waiting_max, those who come back by those who are remembered, staff by
 * how many an operator made so. Knows
 * sessions and accounts by their numbers only; time is passed in (ms, monotonic). Owner: presence;
 * control thread. */
#ifndef OPENMMO_PLAY_ADMISSION_H
#define OPENMMO_PLAY_ADMISSION_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

#define ADMISSION_MEMORY_MS 60000 /* who left is one who comes back for so long */

struct admission;

/* waiting_max: newcomers who may wait, 0: none. remembered_max: who left last, at least 1. NULL +
 * error. */
struct admission *admission_new(uint32_t waiting_max, uint32_t remembered_max, struct error *error);
void admission_free(struct admission *admission); /* NULL is fine */
/* Those who wait already stay. */
void admission_reconfigure(struct admission *admission, uint32_t waiting_max);

/* Get in line. -1: the line is full (or out of memory). A session stands in it once. */
int admission_wait(struct admission *admission, uint64_t session, uint64_t player, bool staff,
                   uint64_t now_ms) MUST_CHECK;
/* Another session of the same account takes the place in the line; it will be told where that is.
 * -1: out of memory, and the line is as before. */
int admission_replace(struct admission *admission, uint64_t session,
                      uint64_t by_session) MUST_CHECK;
/* It is staff by now: behind those who are. Nothing if it is already, or not in the line. */
void admission_promote(struct admission *admission, uint64_t session);
/* Out of the line: gone, or let in. Fine if it is not in it. */
void admission_leave(struct admission *admission, uint64_t session);
/* Who comes next; 0: nobody. returning_only: newcomers wait on. */
uint64_t admission_next(const struct admission *admission, bool returning_only);
uint32_t admission_n(const struct admission *admission); /* who stand in it */
/* A player left the world. */
void admission_remember(struct admission *admission, uint64_t player, uint64_t now_ms);
/* Whether he did so within ADMISSION_MEMORY_MS. */
bool admission_returns(const struct admission *admission, uint64_t player, uint64_t now_ms);

/* Tell those what their place is (1 is next) to whom that is news: at most once a second each, and
 * once in 20 s in any case, so that both sides know that the other is there. tell must not call
 * this room. */
typedef void admission_tell_fn(void *context, uint64_t session, uint32_t place, uint32_t of);
/* Call when somebody came, and once a second while anybody waits. */
void admission_tell(struct admission *admission, uint64_t now_ms, admission_tell_fn *tell,
                    void *context);

#endif
