/* arrivals.h -- which cells the world came to know lately.
 *
 * Most cells in a player's view are empty, and the world knows nothing of them. So that a sweep
 * need not look each of them up for each player, an interest passes over those of which nothing is
 * known and nothing held, until one of them is said here to have come. Looked at once a sweep,
 * against the sweep before. Owner: the host's io thread. */
#ifndef OPENMMO_PLAY_ARRIVALS_H
#define OPENMMO_PLAY_ARRIVALS_H

#include "sim/snapshot.h"

#define ARRIVALS_MAX 1024

struct arrival {
    struct space_cell cell;
    uint32_t tick; /* of the first snapshot that we saw it in */
    uint8_t layer;
};

struct arrivals {
    struct arrival *known; /* by the snapshot's number; tick 0: none */
    uint32_t known_n, known_room;
    struct arrival lately[ARRIVALS_MAX]; /* oldest first */
    uint32_t lately_n;
    uint32_t complete; /* all that came after this tick are among those */
};

/* A sweep begins. */
void arrivals_look(struct arrivals *arrivals, const struct snapshot *snapshot);
/* Those that came after the tick, and how many; false: not all of them are remembered. */
bool arrivals_since(const struct arrivals *arrivals, uint32_t tick, const struct arrival **first,
                    uint32_t *n);
/* Give up what it holds. */
void arrivals_fini(struct arrivals *arrivals);

#endif
