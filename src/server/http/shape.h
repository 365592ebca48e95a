/* shape.h -- values as the contract with web clients writes them. Pure; any thread. */
#ifndef OPENMMO_HTTP_SHAPE_H
#define OPENMMO_HTTP_SHAPE_H

#include <jansson.h>
#include <stdint.h>

#include "common/compiler.h"

/* "2026-11-22T12:04:31.123Z"; null where ms is 0: never. */
json_t *shape_time(uint64_t ms);
/* A number, without ".0" where it is whole. */
json_t *shape_number(double value);
/* An id as it stands in a path or a cursor: digits, no zero before others, 1..INT64_MAX. 0: none.
 */
uint64_t shape_id(const char *text);

#endif
