/* scrape.h -- one scrape: all that this daemon tells Prometheus, as a text. Control thread. */
#ifndef OPENMMO_OPS_SCRAPE_H
#define OPENMMO_OPS_SCRAPE_H

#include <stdint.h>

#include "ops/exposition.h"

struct scrape {
    uint64_t started_ms;                    /* Unix time */
    const char *version, *compiler, *store; /* of openmmo_build_info */
};

/* Written now; it is counted and timed itself. NULL: out of memory. Caller frees. */
struct exposition *scrape_write(const struct scrape *scrape);

#endif
