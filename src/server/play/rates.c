/* rates.c -- see rates.h. */
#include "play/rates.h"

#include <string.h>

/* Less than that says nothing yet. */
#define RATES_LEAST_MS 500

void rates_begin(struct rates *rates, uint64_t now_ms)
{
    memset(rates, 0, sizeof(*rates));
    rates->older.at_ms = rates->newer.at_ms = now_ms;
}

void rates_note(struct rates *rates, const uint64_t totals[RATES_N], uint64_t now_ms)
{
    if (now_ms < rates->newer.at_ms + RATES_MARK_MS)
        return;
    rates->older = rates->newer;
    rates->newer.at_ms = now_ms;
    memcpy(rates->newer.totals, totals, sizeof(rates->newer.totals));
}

uint32_t rates_per_s(const struct rates *rates, enum rates_of which, uint64_t total,
                     uint64_t now_ms)
{
    uint64_t passed_ms = now_ms > rates->older.at_ms ? now_ms - rates->older.at_ms : 0;
    uint64_t before = rates->older.totals[which], per_s;

    if (passed_ms < RATES_LEAST_MS || total <= before)
        return 0;
    per_s = (total - before) * 1000 / passed_ms;
    return per_s < UINT32_MAX ? (uint32_t)per_s : UINT32_MAX;
}
