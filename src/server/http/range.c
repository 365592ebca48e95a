/* range.c -- see range.h. */
#include "http/range.h"

#include <stdbool.h>
#include <string.h>
#include <strings.h>

#define DIGITS_MAX 18

/* Digits -> *value, moves *at on. False: there are none. */
static bool number(const char **at, uint64_t *value)
{
    const char *from = *at;

    *value = 0;
    for (; **at >= '0' && **at <= '9'; (*at)++) {
        if (*at - from >= DIGITS_MAX)
            return false;
        *value = *value * 10 + (uint64_t)(**at - '0');
    }
    return *at > from;
}

enum range_result range_find(const char *header, uint64_t size_bytes, uint64_t *first,
                             uint64_t *last)
{
    const char *at = header;
    uint64_t n;

    if (!header || strncasecmp(header, "bytes=", 6) != 0)
        return RANGE_ALL;
    at += 6;
    if (*at == '-') { /* the last so many */
        at++;
        if (!number(&at, &n) || *at != '\0')
            return RANGE_ALL;
        if (n == 0 || size_bytes == 0)
            return RANGE_NONE;
        *first = n < size_bytes ? size_bytes - n : 0;
        *last = size_bytes - 1;
        return RANGE_PART;
    }
    if (!number(&at, first) || *at++ != '-')
        return RANGE_ALL;
    *last = UINT64_MAX;
    if (*at != '\0' && (!number(&at, last) || *at != '\0' || *last < *first))
        return RANGE_ALL;
    if (*first >= size_bytes)
        return RANGE_NONE;
    if (*last >= size_bytes)
        *last = size_bytes - 1;
    return RANGE_PART;
}
