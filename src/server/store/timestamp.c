/* timestamp.c -- times as text and back. */
#include <config.h> /* timegm */

#include "common/clock.h"
#include "store/timestamp.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

void timestamp_format(uint64_t ms, char out[TIMESTAMP_BYTES])
{
    time_t seconds = (time_t)(ms / 1000);
    char day[21];
    struct tm tm;

    gmtime_r(&seconds, &tm);
    strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(out, TIMESTAMP_BYTES, "%.19s.%03uZ", day, (unsigned)(ms % 1000));
}

uint64_t timestamp_parse(const char *text)
{
    struct tm tm = {0};
    unsigned ms;
    int length = 0;

    if (!text ||
        sscanf(text, "%4d-%2d-%2dT%2d:%2d:%2d.%3uZ%n", &tm.tm_year, &tm.tm_mon, &tm.tm_mday,
               &tm.tm_hour, &tm.tm_min, &tm.tm_sec, &ms, &length) != 7 ||
        text[length] != '\0' || tm.tm_year < 1970)
        return 0;
    tm.tm_year -= 1900;
    tm.tm_mon -= 1;
    return (uint64_t)timegm(&tm) * 1000 + ms;
}

uint64_t timestamp_now_ms(void)
{
    return clock_wall_ms();
}
