/* duration.h -- times as operators write them: 90s, 30m, 12h, 7d, 2w. Pure. */
#ifndef OPENMMO_ADMIN_DURATION_H
#define OPENMMO_ADMIN_DURATION_H

#include <stdint.h>

#include "common/compiler.h"

/* At most seven digits and one of the letters of units (of "smhdw"). 0; -1: it is none, or not
 * within min_ms..max_ms. */
int duration_parse(const char *text, const char *units, uint64_t min_ms, uint64_t max_ms,
                   uint64_t *ms) MUST_CHECK;

#endif
