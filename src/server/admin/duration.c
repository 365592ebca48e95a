/* duration.c -- see duration.h. */
#include "admin/duration.h"

#include <string.h>

#define DIGITS_MAX 7

int duration_parse(const char *text, const char *units, uint64_t min_ms, uint64_t max_ms,
                   uint64_t *ms)
{
    static const struct {
        char letter;
        uint64_t ms;
    } UNITS[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}, {'w', 604800000}};
    size_t digits = strspn(text, "0123456789");
    uint64_t n = 0;

    if (digits == 0 || digits > DIGITS_MAX || strlen(text) != digits + 1 ||
        strchr(units, text[digits]) == NULL)
        return -1;
    for (size_t i = 0; i < digits; i++)
        n = n * 10 + (uint64_t)(text[i] - '0');
    for (size_t i = 0; i < ARRAY_N(UNITS); i++) {
        if (text[digits] == UNITS[i].letter) {
            *ms = n * UNITS[i].ms;
            return *ms >= min_ms && *ms <= max_ms ? 0 : -1;
        }
    }
    return -1;
}
