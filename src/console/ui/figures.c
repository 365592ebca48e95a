/* figures.c -- see figures.h. */
#include "figures.h"

#include <stdio.h>
#include <time.h>

const char *figures_bytes(double bytes, char out[16])
{
    static const char *const UNITS[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    int unit = 0;

    while (bytes >= 999.5 && unit < 5) {
        bytes /= 1000;
        unit++;
    }
    snprintf(out, 16, unit > 0 && bytes < 9.95 ? "%.1f %s" : "%.0f %s", bytes, UNITS[unit]);
    return out;
}

const char *figures_ms(double ms, char out[16])
{
    if (ms > 1e9)
        ms = 1e9;
    snprintf(out, 16, ms < 0.995 ? "%.2f" : ms < 99.95 ? "%.1f" : "%.0f", ms);
    return out;
}

const char *figures_span(int64_t seconds, char out[16])
{
    if (seconds < 0)
        seconds = 0;
    if (seconds < 60)
        snprintf(out, 16, "%ds", (int)seconds);
    else if (seconds < 3600)
        snprintf(out, 16, "%dm%02ds", (int)(seconds / 60), (int)(seconds % 60));
    else if (seconds < 86400)
        snprintf(out, 16, "%dh%02dm", (int)(seconds / 3600), (int)(seconds / 60 % 60));
    else
        snprintf(out, 16, "%lldd%02dh", (long long)(seconds / 86400 % 100000),
                 (int)(seconds / 3600 % 24));
    return out;
}

const char *figures_clock(int64_t unix_ms, char out[16])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;

    if (unix_ms <= 0 || gmtime_r(&seconds, &parts) == NULL)
        snprintf(out, 16, "--:--:--");
    else
        snprintf(out, 16, "%02d:%02d:%02d", parts.tm_hour, parts.tm_min, parts.tm_sec);
    return out;
}

const char *figures_date(int64_t unix_ms, char out[24])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;

    if (gmtime_r(&seconds, &parts) == NULL || strftime(out, 24, "%Y-%m-%d %H:%M", &parts) == 0)
        out[0] = '\0';
    return out;
}
