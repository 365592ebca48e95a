/* roster.h -- who is here, cut by a filter and in an order, for all operators who look at once.
 *
 * To walk over all players and sort them is dear with thousands of them, and a hundred consoles
 * that show the same list ask for the same: a list that was made is given again for a moment. What
 * operators change ends that moment, so that nobody misses what he just did.
 * Owner: the admin room; control thread. */
#ifndef OPENMMO_ADMIN_ROSTER_H
#define OPENMMO_ADMIN_ROSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "admin/player_filter.h"
#include "play/presence.h"

#define ROSTER_KEPT_MS 100

/* In place; zeroed is empty. */
struct roster {
    struct presence_row *rows;
    size_t n, room;
    uint64_t made_ms; /* monotonic; 0: no more */
    int sort;
    bool descending;
    char text[PLAYER_FILTER_MAX + 1];
    struct player_filter filter;
};

struct roster_order {
    const char *filter; /* player_filter.h; NULL: everybody */
    const char *sort;   /* one of ROSTER_SORTS; NULL or another: by name */
    bool descending;
};
extern const char *const ROSTER_SORTS[]; /* ends with NULL */

/* All who match, in that order; at most ROSTER_KEPT_MS old. Out of memory: those who fit in. Valid
 * until the next call; NULL where there is nobody. */
const struct presence_row *roster_rows(struct roster *roster, struct presence *presence,
                                       const struct roster_order *order, uint64_t now_ms,
                                       size_t *n);
void roster_expire(struct roster *roster); /* something was changed */
void roster_fini(struct roster *roster);

#endif
