/* figures.h -- how the screens write bytes, milliseconds, spans and times. Each returns out. */
#ifndef OPENMMO_CONSOLE_FIGURES_H
#define OPENMMO_CONSOLE_FIGURES_H

#include <stdint.h>

const char *figures_bytes(double bytes, char out[16]);    /* "7.4 MB" */
const char *figures_ms(double ms, char out[16]);          /* "3.1", "0.25", "120" */
const char *figures_span(int64_t seconds, char out[16]);  /* "12d04h", "3h07m", "5m09s" */
const char *figures_clock(int64_t unix_ms, char out[16]); /* "12:04:31", UTC */
const char *figures_date(int64_t unix_ms, char out[24]);  /* "2026-11-22 12:04", UTC */

#endif
