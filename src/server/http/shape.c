/* shape.c -- see shape.h. */
#include "http/shape.h"

#include <math.h>
#include <string.h>

#include "store/timestamp.h"

#define ID_DIGITS   19
#define WHOLE_LIMIT 9007199254740992.0 /* of what a double tells apart */

json_t *shape_time(uint64_t ms)
{
    char text[TIMESTAMP_BYTES];

    if (ms == 0)
        return json_null();
    timestamp_format(ms, text);
    return json_string(text);
}

json_t *shape_number(double value)
{
    if (value == trunc(value) && fabs(value) <= WHOLE_LIMIT)
        return json_integer((json_int_t)value);
    return json_real(value);
}

uint64_t shape_id(const char *text)
{
    uint64_t id = 0;

    if (text[0] == '0' || strlen(text) > ID_DIGITS)
        return 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        id = id * 10 + (uint64_t)(*text - '0');
    }
    return id <= INT64_MAX ? id : 0;
}
