/* timestamp.h -- times as the database keeps them: ISO 8601, UTC, milliseconds. Pure but for the
 * clock; any thread. */
#ifndef OPENMMO_STORE_TIMESTAMP_H
#define OPENMMO_STORE_TIMESTAMP_H

#include <stdint.h>

#define TIMESTAMP_BYTES 25 /* "2026-11-22T12:04:31.123Z" and its NUL */

/* ms: Unix time, before the year 10000. */
void timestamp_format(uint64_t ms, char out[TIMESTAMP_BYTES]);
/* Unix time in ms; 0 where text is NULL or no such time. */
uint64_t timestamp_parse(const char *text);
uint64_t timestamp_now_ms(void); /* Unix time */

#endif
