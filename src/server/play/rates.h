/* rates.h -- totals that only rise, as how much a second: over the last 10 to 20 s, or since the
 * beginning where that is shorter. Two marks suffice, so that thousands can be kept. Pure: times
 * are passed in, monotonic milliseconds.
 *
 * The window is what CPU time wants that is measured by sample: a turn in 16 is timed, so that 10 s
 * are a dozen samples. */
#ifndef OPENMMO_PLAY_RATES_H
#define OPENMMO_PLAY_RATES_H

#include <stdint.h>

#define RATES_MARK_MS 10000

enum rates_of { RATES_IN, RATES_OUT, RATES_COST, RATES_N };

struct rates {
    struct rates_mark {
        uint64_t at_ms, totals[RATES_N];
    } older, newer;
};

/* All begins at 0 now. */
void rates_begin(struct rates *rates, uint64_t now_ms);
/* Often (once a second): a mark is made where the newest is RATES_MARK_MS old. */
void rates_note(struct rates *rates, const uint64_t totals[RATES_N], uint64_t now_ms);
/* A second; 0 in the first moment. */
uint32_t rates_per_s(const struct rates *rates, enum rates_of which, uint64_t total,
                     uint64_t now_ms);

#endif
