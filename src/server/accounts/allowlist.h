/* allowlist.h -- the accounts that may log in when others may not (policy.h): the database's word,
 * kept in memory.
 *
 * As with bans: read at the start, judged from memory, changed through the database, and read again
 * where it is not known whether a change was made. Control thread only. */
#ifndef OPENMMO_ACCOUNTS_ALLOWLIST_H
#define OPENMMO_ACCOUNTS_ALLOWLIST_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "store/store.h"

struct allowlist; /* opaque */

/* Reads all of it: turns base until it is here. store: borrowed, closed before allowlist_free. NULL
 * + error. */
struct allowlist *allowlist_new(struct event_base *base, struct store *store, struct error *error);
void allowlist_free(struct allowlist *allowlist); /* NULL is fine */

/* Is that account listed? */
bool allowlist_has(const struct allowlist *allowlist, uint64_t player);
size_t allowlist_n(const struct allowlist *allowlist); /* how many are listed */

/* On the control thread, once, perhaps before the function returns. NONE: no such account, or it
 * was not listed. AWAY: error. */
typedef void allowlist_done_fn(void *context, uint64_t tag, enum store_status status,
                               const struct error *error);

/* List an account. context: outlives the store. */
void allowlist_add(struct allowlist *allowlist, uint64_t player, const char *by,
                   allowlist_done_fn *done, void *context, uint64_t tag);
/* Take it off the list; otherwise as allowlist_add. */
void allowlist_remove(struct allowlist *allowlist, uint64_t player, allowlist_done_fn *done,
                      void *context, uint64_t tag);

/* The account is gone. */
void allowlist_forget(struct allowlist *allowlist, uint64_t player);

#endif
