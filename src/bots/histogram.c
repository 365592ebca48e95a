/* histogram.c -- see histogram.h. */
#include "bots/histogram.h"

#include <math.h>

static unsigned row_of(uint64_t us)
{
    if (us > UINT32_MAX)
        us = UINT32_MAX;
    if (us < 2 * HISTOGRAM_STEPS)
        return (unsigned)us;
    unsigned doubling = 63 - (unsigned)__builtin_clzll(us) - 10; /* 1 from 2048 on */
    return doubling * HISTOGRAM_STEPS + (unsigned)(us >> doubling);
}

/* The highest value of the row. */
static uint64_t row_end(unsigned row)
{
    if (row < 2 * HISTOGRAM_STEPS)
        return row;
    unsigned doubling = row / HISTOGRAM_STEPS - 1;
    uint64_t step = row - doubling * HISTOGRAM_STEPS;
    return ((step + 1) << doubling) - 1;
}

void histogram_add(struct histogram *histogram, uint64_t us)
{
    histogram->n++;
    histogram->rows[row_of(us)]++;
    if (us > histogram->max_us)
        histogram->max_us = us;
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    into->n += from->n;
    if (from->max_us > into->max_us)
        into->max_us = from->max_us;
    for (unsigned i = 0; i < HISTOGRAM_ROWS; i++)
        into->rows[i] += from->rows[i];
}

uint64_t histogram_quantile_us(const struct histogram *histogram, double q)
{
    uint64_t sum = 0, wanted = (uint64_t)ceil(q * (double)histogram->n);
    if (histogram->n == 0)
        return 0;
    if (wanted < 1)
        wanted = 1;
    for (unsigned i = 0; i < HISTOGRAM_ROWS; i++) {
        sum += histogram->rows[i];
        if (sum >= wanted)
            return row_end(i) < histogram->max_us ? row_end(i) : histogram->max_us;
    }
    return histogram->max_us;
}

uint64_t histogram_over(const struct histogram *histogram, uint64_t limit_us)
{
    uint64_t n = 0;
    for (unsigned i = row_of(limit_us) + 1; i < HISTOGRAM_ROWS; i++)
        n += histogram->rows[i];
    return n;
}
