/* guests.h -- the names of guests in the world or on their way: one each, as names are told apart
 * at a login. Owner: presence; control thread. */
#ifndef OPENMMO_PLAY_GUESTS_H
#define OPENMMO_PLAY_GUESTS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

/* What stands for an account where one is asked for by number: no account's, another for each
 * session. */
#define GUESTS_PLAYER(session) (UINT64_C(1) << 63 | (session))

struct guest; /* opaque */

struct guests {
    struct guest *by_key;
};

/* The name is that session's. -1: another guest has it (or there is no memory). */
int guests_add(struct guests *guests, const char *name, uint64_t session) MUST_CHECK;
/* Fine if it has none. */
void guests_remove(struct guests *guests, const char *name, uint64_t session);
uint64_t guests_session(const struct guests *guests, const char *name); /* 0: nobody's */
uint32_t guests_n(const struct guests *guests);                         /* names held */
void guests_fini(struct guests *guests);                                /* forgets all */

#endif
