/* series.c -- see series.h. */
#include "series.h"

#include <string.h>

void series_add(struct series *series, double value)
{
    if (series->n == SERIES_SECONDS) {
        memmove(series->values, series->values + 1, (SERIES_SECONDS - 1) * sizeof(double));
        series->n--;
    }
    series->values[series->n++] = value;
}

void series_fill(struct series *series, const json_t *values, double scale)
{
    const json_t *value;
    size_t i;

    series->n = 0;
    json_array_foreach((json_t *)values, i, value)
        series_add(series, json_number_value(value) * scale);
}
