/* series.h -- a figure's last ten minutes, one value a second. */
#ifndef OPENMMO_CONSOLE_SERIES_H
#define OPENMMO_CONSOLE_SERIES_H

#include <jansson.h>
#include <stddef.h>

#define SERIES_SECONDS 600

/* Oldest first. */
struct series {
    double values[SERIES_SECONDS];
    size_t n;
};

/* The newest value; the oldest goes where there is no room. */
void series_add(struct series *series, double value);
/* Anew from a list of numbers, each times scale. */
void series_fill(struct series *series, const json_t *values, double scale);

#endif
