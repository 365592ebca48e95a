/* histogram.h -- how often which duration came, to three significant digits (HDR style).
 *
 * Microseconds up to an hour: exact below 2048, then 1024 steps for each doubling, so that a value
 * is told within 0.1 %. Histograms are added up by adding their rows. All zero is empty. Pure; one
 * thread at a time. */
#ifndef OPENMMO_BOTS_HISTOGRAM_H
#define OPENMMO_BOTS_HISTOGRAM_H

#include <stdint.h>

#define HISTOGRAM_STEPS     1024 /* a doubling */
#define HISTOGRAM_DOUBLINGS 21
#define HISTOGRAM_ROWS      (2 * HISTOGRAM_STEPS + HISTOGRAM_DOUBLINGS * HISTOGRAM_STEPS)

struct histogram {
    uint64_t n, max_us;
    uint64_t rows[HISTOGRAM_ROWS];
};

/* Longer ones than 2^32 - 1 us count as that long, but for max_us. */
void histogram_add(struct histogram *histogram, uint64_t us);
/* Add the rows of another. */
void histogram_merge(struct histogram *into, const struct histogram *from);
/* The smallest value that at least q (0..1) of all do not exceed, as the highest that its row
 * holds, but never over max_us; 0 where there is none. */
uint64_t histogram_quantile_us(const struct histogram *histogram, double q);
/* How many lie in rows that are wholly above the limit. */
uint64_t histogram_over(const struct histogram *histogram, uint64_t limit_us);

#endif
