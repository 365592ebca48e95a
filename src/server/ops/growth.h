/* growth.h -- memory that only grows: told apart from memory that more players need.
 *
 * Of each span of ten minutes the least memory and the most connections are kept. Where the least
 * rose from each span to the next for an hour, and no more connections came meanwhile, what it rose
 * by is called growth. Pure; one thread. */
#ifndef OPENMMO_OPS_GROWTH_H
#define OPENMMO_OPS_GROWTH_H

#include <stdint.h>

#define GROWTH_SPAN_MS 600000
#define GROWTH_SPANS   7 /* that are over: an hour lies between the first and the last */

struct growth_span {
    int64_t least_bytes;
    uint32_t connections; /* the most */
};

/* A zeroed one is new. */
struct growth {
    struct growth_span spans[GROWTH_SPANS + 1]; /* a ring; the newest is not over yet */
    uint64_t begun_ms;                          /* of the newest, monotonic; 0: none */
    uint64_t over;                              /* how many are over */
};

/* What is there now; once a second or so. resident_bytes below 0: not known, and passed over. */
void growth_note(struct growth *growth, uint64_t now_ms, int64_t resident_bytes,
                 uint32_t connections);
/* In bytes, 0: there is none, or it is not known yet. */
int64_t growth_bytes(const struct growth *growth);

#endif
