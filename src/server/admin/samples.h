/* samples.h -- the last minute of a few metrics, one sample a second: what rates and "over the last
 * 10 s" are reckoned from; and the last hour, a minute's sum a minute.
 *
 * Control thread only. Never blocks or allocates after samples_init. */
#ifndef OPENMMO_ADMIN_SAMPLES_H
#define OPENMMO_ADMIN_SAMPLES_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "ops/metrics.h"

#define SAMPLES_N         61 /* the newest and one for each of the 60 s before it */
#define SAMPLES_MINUTES_N 60

enum samples_histogram {
    SAMPLES_TICK,
    SAMPLES_DRAIN,
    SAMPLES_STEP,
    SAMPLES_JOURNAL,
    SAMPLES_SNAPSHOT,
    SAMPLES_LATE,
    SAMPLES_REAL,
    SAMPLES_SWEEP,
    SAMPLES_TURN,
    SAMPLES_STORE,
    SAMPLES_HISTOGRAMS
};
enum samples_counter {
    SAMPLES_BYTES_IN,
    SAMPLES_BYTES_OUT,
    SAMPLES_MESSAGES_IN,
    SAMPLES_TICKS,
    SAMPLES_MISSED,
    SAMPLES_OVER_BUDGET,
    SAMPLES_COUNTERS
};

struct sample {
    uint64_t time_ms; /* monotonic; 0: not taken yet */
    int64_t players;
    int64_t counters[SAMPLES_COUNTERS];
    struct metrics_histogram histograms[SAMPLES_HISTOGRAMS];
};

/* An io thread's sweeps, in less room than a histogram: what is compared are samples a minute apart
 * at most, so that it may wrap. */
struct samples_sweeps {
    uint64_t sum_us, max_us;
    uint32_t buckets[METRICS_BUCKETS];
};

/* One that is over. */
struct samples_minute {
    int64_t players_max;
    uint64_t in_per_s, out_per_s; /* bytes */
    uint64_t tick_mean_us, tick_p99_us;
};

struct samples {
    struct sample ring[SAMPLES_N];
    struct samples_sweeps *sweeps; /* threads_n to a sample of the ring */
    unsigned threads_n;
    uint64_t taken;                 /* how many were; the newest is ring[(taken - 1) % SAMPLES_N] */
    uint64_t worst_us, worst_at_ms; /* the longest tick seen and when (Unix time) */
    int64_t peak;                   /* of players, at the seconds, and when (Unix time) */
    uint64_t peak_at_ms;
    struct samples_minute minutes[SAMPLES_MINUTES_N];
    uint64_t minutes_n;         /* how many were; the newest is minutes[(minutes_n - 1) % ...] */
    int64_t minute_players_max; /* in the one that goes on */
};

/* threads_n: io threads; 0: nothing is kept of their sweeps. -1: out of memory. */
int samples_init(struct samples *samples, unsigned threads_n) MUST_CHECK;
void samples_fini(struct samples *samples); /* all zero is fine */
/* Take one, once a second. now_ms: monotonic; wall_ms: Unix time. */
void samples_take(struct samples *samples, uint64_t now_ms, uint64_t wall_ms);

/* The sample `back` seconds before the newest, or the oldest that is held; NULL: none was taken. */
const struct sample *samples_back(const struct samples *samples, unsigned back);
unsigned samples_held(const struct samples *samples); /* how many samples are held, 0..SAMPLES_N */

/* What was observed in the last `seconds` (1..60, or as many as are held): max_us is the bound of
 * the highest bucket, never more than the largest ever seen. Returns how long that was in ms. */
uint64_t samples_window(const struct samples *samples, enum samples_histogram histogram,
                        unsigned seconds, struct metrics_histogram *window);
/* The same of one io thread's sweeps. */
uint64_t samples_window_of_thread(const struct samples *samples, unsigned thread, unsigned seconds,
                                  struct metrics_histogram *window);
/* How many in the last `seconds`. */
uint64_t samples_counted(const struct samples *samples, enum samples_counter counter,
                         unsigned seconds);
/* The minute `back` before the newest that is over; NULL: it is not held. */
const struct samples_minute *samples_minute(const struct samples *samples, unsigned back);

struct samples_times {
    uint64_t n, mean_us, p50_us, p99_us, max_us;
};
/* Percentiles are bounds of buckets, never more than the largest ever seen. */
struct samples_times samples_times_of(const struct metrics_histogram *window);
/* Over the last `seconds`, as above. */
struct samples_times samples_times(const struct samples *samples, enum samples_histogram histogram,
                                   unsigned seconds);
/* How many a second. */
double samples_rate(const struct samples *samples, enum samples_counter counter, unsigned seconds);
/* Mean and p99 in the single second that ended `back` samples before the newest. */
struct samples_times samples_second(const struct samples *samples, enum samples_histogram histogram,
                                    unsigned back);

#endif
