/* histogram.h -- a histogram of times as bars, a row a bucket. For screens. */
#ifndef OPENMMO_CONSOLE_HISTOGRAM_H
#define OPENMMO_CONSOLE_HISTOGRAM_H

#include "console/ui/screen.h"

/* In so many rows and columns: the buckets from the lowest to the highest that have any; where
 * these are more, the first row stands for all below it. budget_ms: what is longer is coloured; 0:
 * nothing is. */
void histogram_draw(struct canvas *canvas, int row, int column, int rows, int columns,
                    const struct model_profile *profile, const struct model_phase *phase,
                    double budget_ms);

#endif
