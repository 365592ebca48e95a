/* metrics.c -- the daemon's counters, gauges and histograms; one cache line (or more) a row.
 *
 * Every value is a relaxed atomic: readers want a moment's truth of each row, never an order
 * between rows. */
#include "ops/metrics.h"

#include <assert.h>
#include <stdatomic.h>
#include <string.h>

#define CACHE_LINE_BYTES   64
#define BUCKET_FIRST_SHIFT 4 /* the first bucket ends at 16 us */

struct cell {
    _Alignas(CACHE_LINE_BYTES) _Atomic int64_t value; /* histogram: how many were observed */
};

struct histogram {
    _Alignas(CACHE_LINE_BYTES) _Atomic uint64_t sum_us;
    _Atomic uint64_t max_us;
    _Atomic uint64_t buckets[METRICS_BUCKETS];
};

/* clang-format off */
static const struct metrics_row rows[METRICS_N] = {
#define ROW(name, kind, exported, help) [METRIC_##name] = {#name, exported, help, METRIC_##kind},
    METRICS(ROW)
#undef ROW
};

/* Histograms by metric: those that are none keep their (untouched, hence never resident) room. */
static struct cell cells[METRICS_N];
static struct histogram histograms[METRICS_N];

/* The same of the groups' members, one group behind the other. */
enum group_start {
#define ROW(name, kind, exported, members, help) START_##name, LAST_##name = START_##name + (members) - 1,
    METRIC_GROUPS(ROW)
#undef ROW
    MEMBERS_N
};
static const struct metrics_row group_rows[METRIC_GROUPS_N] = {
#define ROW(name, kind, exported, members, help) [METRIC_GROUP_##name] = {#name, exported, help, METRIC_##kind},
    METRIC_GROUPS(ROW)
#undef ROW
};
static const struct { unsigned start, room; } group_places[METRIC_GROUPS_N] = {
#define ROW(name, kind, exported, members, help) [METRIC_GROUP_##name] = {START_##name, members},
    METRIC_GROUPS(ROW)
#undef ROW
};
static struct cell member_cells[MEMBERS_N];
static struct histogram member_histograms[MEMBERS_N];
static const char *_Atomic member_labels[MEMBERS_N];
/* clang-format on */

const struct metrics_row *metrics_row(enum metric metric)
{
    assert((unsigned)metric < METRICS_N);
    return &rows[metric];
}

void metrics_add(enum metric metric, uint64_t n)
{
    assert(rows[metric].kind == METRIC_COUNTER);
    atomic_fetch_add_explicit(&cells[metric].value, (int64_t)n, memory_order_relaxed);
}

void metrics_gauge(enum metric metric, int64_t delta)
{
    assert(rows[metric].kind == METRIC_GAUGE);
    atomic_fetch_add_explicit(&cells[metric].value, delta, memory_order_relaxed);
}

void metrics_set(enum metric metric, int64_t value)
{
    assert(rows[metric].kind == METRIC_GAUGE || rows[metric].kind == METRIC_MILLI);
    atomic_store_explicit(&cells[metric].value, value, memory_order_relaxed);
}

static unsigned bucket_of(uint64_t us)
{
    unsigned bucket = 0;

    while (bucket < METRICS_BUCKETS - 1 && us > metrics_bucket_us(bucket))
        bucket++;
    return bucket;
}

static void observe(struct cell *cell, struct histogram *histogram, uint64_t us)
{
    uint64_t max = atomic_load_explicit(&histogram->max_us, memory_order_relaxed);

    atomic_fetch_add_explicit(&histogram->buckets[bucket_of(us)], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&histogram->sum_us, us, memory_order_relaxed);
    while (us > max &&
           !atomic_compare_exchange_weak_explicit(&histogram->max_us, &max, us,
                                                  memory_order_relaxed, memory_order_relaxed))
        ;
    atomic_fetch_add_explicit(&cell->value, 1, memory_order_relaxed);
}

void metrics_observe(enum metric metric, uint64_t us)
{
    assert(rows[metric].kind == METRIC_HISTOGRAM);
    observe(&cells[metric], &histograms[metric], us);
}

int64_t metrics_value(enum metric metric)
{
    assert((unsigned)metric < METRICS_N);
    return atomic_load_explicit(&cells[metric].value, memory_order_relaxed);
}

int64_t metrics_sum(enum metric first)
{
    size_t n = strcspn(rows[first].exported, "{");
    int64_t sum = 0;

    for (unsigned i = first; i < METRICS_N; i++) {
        if (strncmp(rows[i].exported, rows[first].exported, n) != 0 ||
            strcspn(rows[i].exported, "{") != n)
            break;
        sum += metrics_value((enum metric)i);
    }
    return sum;
}

static void read_histogram(struct histogram *histogram, struct metrics_histogram *out)
{
    /* The count is the sum of the buckets as read, so that a quantile never looks beyond the last.
     */
    out->count = 0;
    out->sum_us = atomic_load_explicit(&histogram->sum_us, memory_order_relaxed);
    out->max_us = atomic_load_explicit(&histogram->max_us, memory_order_relaxed);
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        out->buckets[i] = atomic_load_explicit(&histogram->buckets[i], memory_order_relaxed);
        out->count += out->buckets[i];
    }
}

void metrics_histogram(enum metric metric, struct metrics_histogram *out)
{
    read_histogram(&histograms[metric], out);
}

uint64_t metrics_bucket_us(unsigned bucket)
{
    assert(bucket < METRICS_BUCKETS);
    return bucket == METRICS_BUCKETS - 1 ? UINT64_MAX
                                         : UINT64_C(1) << (bucket + BUCKET_FIRST_SHIFT);
}

uint64_t metrics_quantile(const struct metrics_histogram *later,
                          const struct metrics_histogram *earlier, double q)
{
    uint64_t total = later->count - (earlier ? earlier->count : 0);
    uint64_t wanted = (uint64_t)((double)total * q);
    uint64_t seen = 0;

    if (total == 0)
        return 0;
    if ((double)wanted < (double)total * q || wanted == 0)
        wanted++; /* rank is the ceiling, at least 1 */
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        seen += later->buckets[i] - (earlier ? earlier->buckets[i] : 0);
        if (seen >= wanted) /* the last bucket has no bound: the largest seen stands for it */
            return i == METRICS_BUCKETS - 1 ? later->max_us : metrics_bucket_us(i);
    }
    return later->max_us;
}

/* -- groups ------------------------------------------------------------------------------------ */

static unsigned place_of(enum metric_group group, unsigned at)
{
    assert((unsigned)group < METRIC_GROUPS_N && at < group_places[group].room);
    return group_places[group].start + at;
}

/* Release and acquire: who reads the pointer reads the text behind it. */
void metrics_member(enum metric_group group, unsigned at, const char *labels)
{
    atomic_store_explicit(&member_labels[place_of(group, at)], labels, memory_order_release);
}

void metrics_member_add(enum metric_group group, unsigned at, uint64_t n)
{
    assert(group_rows[group].kind == METRIC_COUNTER);
    atomic_fetch_add_explicit(&member_cells[place_of(group, at)].value, (int64_t)n,
                              memory_order_relaxed);
}

void metrics_member_set(enum metric_group group, unsigned at, int64_t value)
{
    assert(group_rows[group].kind == METRIC_GAUGE);
    atomic_store_explicit(&member_cells[place_of(group, at)].value, value, memory_order_relaxed);
}

void metrics_member_observe(enum metric_group group, unsigned at, uint64_t us)
{
    unsigned place = place_of(group, at);

    assert(group_rows[group].kind == METRIC_HISTOGRAM);
    observe(&member_cells[place], &member_histograms[place], us);
}

const struct metrics_row *metrics_group_row(enum metric_group group)
{
    assert((unsigned)group < METRIC_GROUPS_N);
    return &group_rows[group];
}

unsigned metrics_group_room(enum metric_group group)
{
    assert((unsigned)group < METRIC_GROUPS_N);
    return group_places[group].room;
}

const char *metrics_member_labels(enum metric_group group, unsigned at)
{
    unsigned place = place_of(group, at);

    if (group_rows[group].kind != METRIC_GAUGE &&
        atomic_load_explicit(&member_cells[place].value, memory_order_relaxed) == 0)
        return NULL;
    return atomic_load_explicit(&member_labels[place], memory_order_acquire);
}

int64_t metrics_member_value(enum metric_group group, unsigned at)
{
    return atomic_load_explicit(&member_cells[place_of(group, at)].value, memory_order_relaxed);
}

void metrics_member_histogram(enum metric_group group, unsigned at, struct metrics_histogram *out)
{
    read_histogram(&member_histograms[place_of(group, at)], out);
}
