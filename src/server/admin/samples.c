/* samples.c -- see samples.h. */
#include "admin/samples.h"

#include <stddef.h>

/* clang-format off */
static const enum metric HISTOGRAMS[SAMPLES_HISTOGRAMS] = {
    [SAMPLES_TICK]     = METRIC_TICK_US,
    [SAMPLES_STEP]     = METRIC_TICK_STEP_US,
    [SAMPLES_SNAPSHOT] = METRIC_TICK_SNAPSHOT_US,
    [SAMPLES_LATE]     = METRIC_TICK_LATE_US,
    [SAMPLES_SWEEP]    = METRIC_SWEEP_US,
    [SAMPLES_STORE]    = METRIC_STORE_US,
};
static const enum metric COUNTERS[SAMPLES_COUNTERS] = {
    [SAMPLES_BYTES_IN]    = METRIC_BYTES_IN,
    [SAMPLES_BYTES_OUT]   = METRIC_BYTES_OUT,
    [SAMPLES_MESSAGES_IN] = METRIC_MESSAGES_IN,
    [SAMPLES_MISSED]      = METRIC_TICKS_MISSED,
};
/* clang-format on */

void samples_take(struct samples *samples, uint64_t now_ms, uint64_t wall_ms)
{
    struct sample *sample = &samples->ring[samples->taken++ % SAMPLES_N];
    uint64_t worst_us;

    sample->time_ms = now_ms;
    sample->players = metrics_value(METRIC_PLAYERS);
    for (int i = 0; i < SAMPLES_COUNTERS; i++)
        sample->counters[i] = metrics_sum(COUNTERS[i]);
    for (int i = 0; i < SAMPLES_HISTOGRAMS; i++)
        metrics_histogram(HISTOGRAMS[i], &sample->histograms[i]);
    worst_us = sample->histograms[SAMPLES_TICK].max_us;
    if (worst_us > samples->worst_us) {
        samples->worst_us = worst_us;
        samples->worst_at_ms = wall_ms;
    }
}

unsigned samples_held(const struct samples *samples)
{
    return samples->taken < SAMPLES_N ? (unsigned)samples->taken : SAMPLES_N;
}

const struct sample *samples_back(const struct samples *samples, unsigned back)
{
    unsigned held = samples_held(samples);

    if (held == 0)
        return NULL;
    if (back > held - 1)
        back = held - 1;
    return &samples->ring[(samples->taken - 1 - back) % SAMPLES_N];
}

static struct samples_times times_between(const struct sample *later, const struct sample *earlier,
                                          enum samples_histogram which)
{
    const struct metrics_histogram *a = &later->histograms[which];
    const struct metrics_histogram *b = &earlier->histograms[which];
    struct samples_times times = {.n = a->count - b->count};
    uint64_t *const bounded[] = {&times.p50_us, &times.p99_us, &times.max_us};

    if (times.n == 0)
        return times;
    times.mean_us = (a->sum_us - b->sum_us) / times.n;
    times.p50_us = metrics_quantile(a, b, 0.5);
    times.p99_us = metrics_quantile(a, b, 0.99);
    times.max_us = metrics_quantile(a, b, 1.0);
    /* A bucket's upper bound is never more than the largest that was ever seen. */
    for (size_t i = 0; i < ARRAY_N(bounded); i++) {
        if (*bounded[i] > a->max_us)
            *bounded[i] = a->max_us;
    }
    return times;
}

struct samples_times samples_times(const struct samples *samples, enum samples_histogram histogram,
                                   unsigned seconds)
{
    if (samples->taken == 0)
        return (struct samples_times){0};
    return times_between(samples_back(samples, 0), samples_back(samples, seconds), histogram);
}

struct samples_times samples_second(const struct samples *samples, enum samples_histogram histogram,
                                    unsigned back)
{
    if (samples->taken == 0)
        return (struct samples_times){0};
    return times_between(samples_back(samples, back), samples_back(samples, back + 1), histogram);
}

double samples_rate(const struct samples *samples, enum samples_counter counter, unsigned seconds)
{
    const struct sample *later = samples_back(samples, 0);
    const struct sample *earlier = samples_back(samples, seconds);

    if (later == NULL || later->time_ms <= earlier->time_ms)
        return 0;
    return (double)(later->counters[counter] - earlier->counters[counter]) * 1000.0 /
           (double)(later->time_ms - earlier->time_ms);
}
