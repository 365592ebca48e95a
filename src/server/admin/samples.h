/* samples.h -- the last minute of a few metrics, one sample a second: what rates and "over the last
 * 10 s" are reckoned from.
 *
 * Control thread only. Never blocks or allocates after samples_new. */
#ifndef OPENMMO_ADMIN_SAMPLES_H
#define OPENMMO_ADMIN_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "ops/metrics.h"

#define SAMPLES_N 61 /* the newest and one for each of the 60 s before it */

enum samples_histogram {
    SAMPLES_TICK,
    SAMPLES_STEP,
    SAMPLES_SNAPSHOT,
    SAMPLES_LATE,
    SAMPLES_SWEEP,
    SAMPLES_STORE,
    SAMPLES_HISTOGRAMS
};
enum samples_counter {
    SAMPLES_BYTES_IN,
    SAMPLES_BYTES_OUT,
    SAMPLES_MESSAGES_IN,
    SAMPLES_MISSED,
    SAMPLES_COUNTERS
};

struct sample {
    uint64_t time_ms; /* monotonic; 0: not taken yet */
    int64_t players;
    int64_t counters[SAMPLES_COUNTERS];
    struct metrics_histogram histograms[SAMPLES_HISTOGRAMS];
};

struct samples {
    struct sample ring[SAMPLES_N];
    uint64_t taken;                 /* how many were; the newest is ring[(taken - 1) % SAMPLES_N] */
    uint64_t worst_us, worst_at_ms; /* the longest tick seen and when (Unix time) */
};

/* Take one. now_ms: monotonic; wall_ms: Unix time. */
void samples_take(struct samples *samples, uint64_t now_ms, uint64_t wall_ms);

/* The sample `back` seconds before the newest, or the oldest that is held; NULL: none was taken. */
const struct sample *samples_back(const struct samples *samples, unsigned back);
unsigned samples_held(const struct samples *samples); /* how many samples are held, 0..SAMPLES_N */

/* Over the last `seconds` (1..60, or as many as are held). */
struct samples_times {
    uint64_t n, mean_us, p50_us, p99_us, max_us;
};
/* Percentiles are bounds of buckets, never more than the largest ever seen. */
struct samples_times samples_times(const struct samples *samples, enum samples_histogram histogram,
                                   unsigned seconds);
/* How many a second. */
double samples_rate(const struct samples *samples, enum samples_counter counter, unsigned seconds);
/* Mean and p99 in the single second that ended `back` samples before the newest. */
struct samples_times samples_second(const struct samples *samples, enum samples_histogram histogram,
                                    unsigned back);

#endif
