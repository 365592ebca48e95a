/* samples.c -- see samples.h. */
#include "admin/samples.h"

#include <assert.h>
#include <stddef.h>
#include <stdlib.h>

/* clang-format off */
static const enum metric HISTOGRAMS[SAMPLES_HISTOGRAMS] = {
    [SAMPLES_TICK]     = METRIC_TICK_US,
    [SAMPLES_DRAIN]    = METRIC_TICK_DRAIN_US,
    [SAMPLES_STEP]     = METRIC_TICK_STEP_US,
    [SAMPLES_JOURNAL]  = METRIC_TICK_JOURNAL_US,
    [SAMPLES_SNAPSHOT] = METRIC_TICK_SNAPSHOT_US,
    [SAMPLES_LATE]     = METRIC_TICK_LATE_US,
    [SAMPLES_REAL]     = METRIC_TICK_REAL_US,
    [SAMPLES_SWEEP]    = METRIC_SWEEP_US,
    [SAMPLES_TURN]     = METRIC_TURN_US,
    [SAMPLES_STORE]    = METRIC_STORE_US,
};
static const enum metric COUNTERS[SAMPLES_COUNTERS] = {
    [SAMPLES_BYTES_IN]    = METRIC_BYTES_IN,
    [SAMPLES_BYTES_OUT]   = METRIC_BYTES_OUT,
    [SAMPLES_MESSAGES_IN] = METRIC_MESSAGES_IN,
    [SAMPLES_TICKS]       = METRIC_TICKS,
    [SAMPLES_MISSED]      = METRIC_TICKS_MISSED,
    [SAMPLES_OVER_BUDGET] = METRIC_TICKS_OVER_BUDGET,
};
/* clang-format on */

int samples_init(struct samples *samples, unsigned threads_n)
{
    samples->sweeps =
        calloc((size_t)SAMPLES_N * (threads_n > 0 ? threads_n : 1), sizeof(*samples->sweeps));
    samples->threads_n = threads_n;
    return samples->sweeps != NULL ? 0 : -1;
}

void samples_fini(struct samples *samples)
{
    free(samples->sweeps);
    samples->sweeps = NULL;
}

static struct samples_sweeps *sweeps_of(const struct samples *samples, const struct sample *sample)
{
    return &samples->sweeps[(size_t)(sample - samples->ring) * samples->threads_n];
}

static void take_sweeps(struct samples_sweeps *sweeps, unsigned threads_n)
{
    struct metrics_histogram all;

    for (unsigned i = 0; i < threads_n; i++) {
        metrics_member_histogram(METRIC_GROUP_SWEEP_THREAD_US, i, &all);
        sweeps[i].sum_us = all.sum_us;
        sweeps[i].max_us = all.max_us;
        for (unsigned b = 0; b < METRICS_BUCKETS; b++)
            sweeps[i].buckets[b] = (uint32_t)all.buckets[b];
    }
}

/* Sixty seconds are over. */
static void end_minute(struct samples *samples)
{
    struct samples_times times = samples_times(samples, SAMPLES_TICK, 60);

    samples->minutes[samples->minutes_n++ % SAMPLES_MINUTES_N] = (struct samples_minute){
        .players_max = samples->minute_players_max,
        .in_per_s = (uint64_t)samples_rate(samples, SAMPLES_BYTES_IN, 60),
        .out_per_s = (uint64_t)samples_rate(samples, SAMPLES_BYTES_OUT, 60),
        .tick_mean_us = times.mean_us,
        .tick_p99_us = times.p99_us,
    };
    samples->minute_players_max = 0;
}

static void note_players(struct samples *samples, int64_t players, uint64_t wall_ms)
{
    if (players > samples->minute_players_max)
        samples->minute_players_max = players;
    if (players > samples->peak) {
        samples->peak = players;
        samples->peak_at_ms = wall_ms;
    }
}

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
    take_sweeps(sweeps_of(samples, sample), samples->threads_n);
    worst_us = sample->histograms[SAMPLES_TICK].max_us;
    if (worst_us > samples->worst_us) {
        samples->worst_us = worst_us;
        samples->worst_at_ms = wall_ms;
    }
    note_players(samples, sample->players, wall_ms);
    if (samples->taken > 1 && samples->taken % 60 == 1)
        end_minute(samples);
}

const struct samples_minute *samples_minute(const struct samples *samples, unsigned back)
{
    if (back >= samples->minutes_n || back >= SAMPLES_MINUTES_N)
        return NULL;
    return &samples->minutes[(samples->minutes_n - 1 - back) % SAMPLES_MINUTES_N];
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

/* Of a histogram between two moments. */
static void between(const struct metrics_histogram *later, const struct metrics_histogram *earlier,
                    struct metrics_histogram *window)
{
    *window = (struct metrics_histogram){.sum_us = later->sum_us - earlier->sum_us};
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        window->buckets[i] = later->buckets[i] - earlier->buckets[i];
        window->count += window->buckets[i];
        if (window->buckets[i] > 0)
            window->max_us = metrics_bucket_us(i);
    }
    /* A bucket's upper bound is never more than the largest that was ever seen. */
    if (window->max_us > later->max_us)
        window->max_us = later->max_us;
}

uint64_t samples_window(const struct samples *samples, enum samples_histogram histogram,
                        unsigned seconds, struct metrics_histogram *window)
{
    const struct sample *later = samples_back(samples, 0);
    const struct sample *earlier = samples_back(samples, seconds);

    *window = (struct metrics_histogram){0};
    if (later == NULL)
        return 0;
    between(&later->histograms[histogram], &earlier->histograms[histogram], window);
    return later->time_ms - earlier->time_ms;
}

uint64_t samples_window_of_thread(const struct samples *samples, unsigned thread, unsigned seconds,
                                  struct metrics_histogram *window)
{
    const struct sample *later = samples_back(samples, 0);
    const struct sample *earlier = samples_back(samples, seconds);
    const struct metrics_histogram nothing = {0};
    const struct samples_sweeps *a, *b;
    struct metrics_histogram all = {0};

    assert(thread < samples->threads_n);
    *window = (struct metrics_histogram){0};
    if (later == NULL)
        return 0;
    a = &sweeps_of(samples, later)[thread];
    b = &sweeps_of(samples, earlier)[thread];
    all.sum_us = a->sum_us - b->sum_us;
    all.max_us = a->max_us;
    for (unsigned i = 0; i < METRICS_BUCKETS; i++)
        all.buckets[i] = (uint32_t)(a->buckets[i] - b->buckets[i]);
    between(&all, &nothing, window);
    return later->time_ms - earlier->time_ms;
}

struct samples_times samples_times_of(const struct metrics_histogram *window)
{
    struct samples_times times = {.n = window->count, .max_us = window->max_us};

    if (times.n == 0)
        return times;
    times.mean_us = window->sum_us / times.n;
    times.p50_us = metrics_quantile(window, NULL, 0.5);
    times.p99_us = metrics_quantile(window, NULL, 0.99);
    if (times.p50_us > times.max_us)
        times.p50_us = times.max_us;
    if (times.p99_us > times.max_us)
        times.p99_us = times.max_us;
    return times;
}

struct samples_times samples_times(const struct samples *samples, enum samples_histogram histogram,
                                   unsigned seconds)
{
    struct metrics_histogram window;

    samples_window(samples, histogram, seconds, &window);
    return samples_times_of(&window);
}

struct samples_times samples_second(const struct samples *samples, enum samples_histogram histogram,
                                    unsigned back)
{
    const struct sample *later = samples_back(samples, back);
    const struct sample *earlier = samples_back(samples, back + 1);
    struct metrics_histogram window = {0};

    if (later != NULL)
        between(&later->histograms[histogram], &earlier->histograms[histogram], &window);
    return samples_times_of(&window);
}

uint64_t samples_counted(const struct samples *samples, enum samples_counter counter,
                         unsigned seconds)
{
    const struct sample *later = samples_back(samples, 0);
    const struct sample *earlier = samples_back(samples, seconds);

    return later != NULL ? (uint64_t)(later->counters[counter] - earlier->counters[counter]) : 0;
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
