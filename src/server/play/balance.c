/* balance.c -- see balance.h. */
#include "play/balance.h"

#define COST_LEAST_US 20    /* of a session a second, where nothing is known yet */
#define SLACK_US      20000 /* differences up to this (2 % of a core) and a quarter do not count */

/* Of one session, on average over all threads. */
static uint64_t mean_cost_us(const struct balance_load *loads, unsigned n)
{
    uint64_t busy_us = 0, settled_n = 0;

    for (unsigned i = 0; i < n; i++) {
        busy_us += loads[i].busy_us;
        settled_n += loads[i].settled_n;
    }
    if (settled_n == 0 || busy_us / settled_n < COST_LEAST_US)
        return COST_LEAST_US;
    return busy_us / settled_n;
}

/* What it will have to do once all its sessions play. */
static uint64_t expected_us(const struct balance_load *load, uint64_t cost_us)
{
    uint64_t gone_us;

    if (load->sessions_n >= load->settled_n)
        return load->busy_us + (load->sessions_n - load->settled_n) * cost_us;
    gone_us = (load->settled_n - load->sessions_n) * cost_us;
    return load->busy_us > gone_us ? load->busy_us - gone_us : 0;
}

unsigned balance_choose(const struct balance_load *loads, unsigned n)
{
    uint64_t cost_us = mean_cost_us(loads, n), fewest_us, least_us = UINT64_MAX;
    unsigned fewest = n, least = n;

    for (unsigned i = 0; i < n; i++) {
        uint64_t us = expected_us(&loads[i], cost_us);
        if (loads[i].stuck)
            continue;
        if (fewest == n || loads[i].sessions_n < loads[fewest].sessions_n)
            fewest = i;
        if (us < least_us) {
            least_us = us;
            least = i;
        }
    }
    if (fewest == n) /* all are stuck */
        return 0;
    fewest_us = expected_us(&loads[fewest], cost_us);
    return fewest_us > least_us + least_us / 4 + SLACK_US ? least : fewest;
}
