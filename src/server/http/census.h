/* census.h -- how many accounts there are: a number that the database can only tell by counting
 * them all, so it is asked at most once in CENSUS_MS, and who asks meanwhile gets the number of
 * then. Control thread only. */
#ifndef OPENMMO_HTTP_CENSUS_H
#define OPENMMO_HTTP_CENSUS_H

#include <stdint.h>

#include "store/store.h"

#define CENSUS_MS      1000
#define CENSUS_WAITING 4096 /* who may wait for the same answer */

struct census; /* opaque */

/* store: borrowed, closed before census_free. NULL when out of memory. */
struct census *census_new(struct store *store);
void census_free(struct census *census); /* NULL is fine */

/* Once, perhaps before census_ask returns. players: -1: the database is away and never told, or too
 * many wait. */
typedef void census_done_fn(void *context, int64_t players);
/* done may be called before this returns. */
void census_ask(struct census *census, census_done_fn *done, void *context);

#endif
