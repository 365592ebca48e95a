/* health.c -- see health.h. */
#include "ops/health.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#define LOAD(field)         atomic_load_explicit(&(field), memory_order_relaxed)
#define STORE(field, value) atomic_store_explicit(&(field), (value), memory_order_relaxed)

#define REAL_TIME 1000 /* permille */

void health_init(struct health *health, uint32_t stall_ms, uint64_t now_ms)
{
    memset(health, 0, sizeof(*health));
    STORE(health->stall_ms, stall_ms);
    STORE(health->ticked_ms, now_ms);
    STORE(health->looked_ms, now_ms);
}

void health_set_stall(struct health *health, uint32_t stall_ms)
{
    STORE(health->stall_ms, stall_ms);
}

void health_ticked(struct health *health, uint64_t now_ms)
{
    STORE(health->ticked_ms, now_ms);
}

/* Of the ticks since the oldest look that is kept, how many were passed over. */
static bool misses_many(const struct health *health, const struct health_facts *facts)
{
    unsigned held = health->looks_n < HEALTH_WINDOW ? health->looks_n : HEALTH_WINDOW;
    unsigned oldest = health->looks_n < HEALTH_WINDOW ? 0 : health->looks_n % HEALTH_WINDOW;
    uint64_t ticks, missed;

    if (held == 0)
        return false;
    ticks = facts->ticks - health->ticks[oldest];
    missed = facts->missed - health->missed[oldest];
    return missed * 100 > (ticks + missed) * HEALTH_MISSED_MAX;
}

void health_look(struct health *health, const struct health_facts *facts, uint64_t now_ms)
{
    unsigned at = health->looks_n % HEALTH_WINDOW;

    STORE(health->over_budget, facts->tempo_permille < REAL_TIME || misses_many(health, facts));
    STORE(health->store_away, facts->store_away);
    STORE(health->stopping, facts->stopping);
    health->ticks[at] = facts->ticks;
    health->missed[at] = facts->missed;
    health->looks_n++;
    STORE(health->looked_ms, now_ms);
}

/* Another thread's report may be newer than the asker's clock. */
static bool stalled(const struct health *health, uint64_t since_ms, uint64_t now_ms)
{
    return now_ms > since_ms && now_ms - since_ms > LOAD(health->stall_ms);
}

/* NULL: all is well. */
static const char *trouble(const struct health *health, enum health_check check, uint64_t now_ms)
{
    switch (check) {
    case HEALTH_TICK:
        return stalled(health, LOAD(health->ticked_ms), now_ms) ? "the world does not tick" : NULL;
    case HEALTH_CONTROL:
        return stalled(health, LOAD(health->looked_ms), now_ms) ? "control stands still" : NULL;
    case HEALTH_STORE:
        return LOAD(health->store_away) ? "the database does not answer" : NULL;
    case HEALTH_BUDGET:
        return LOAD(health->over_budget) ? "ticks take too long" : NULL;
    case HEALTH_SERVING:
        return LOAD(health->stopping) ? "the server stops" : NULL;
    case HEALTH_MIGRATIONS: /* the store does not open before */
    case HEALTH_READY_N:
        return NULL;
    }
    return NULL;
}

bool health_ask(const struct health *health, unsigned checks_n, uint64_t now_ms,
                char text[HEALTH_TEXT_MAX], size_t *len_bytes)
{
    static const char *const NAMES[HEALTH_READY_N] = {
        [HEALTH_TICK] = "tick",     [HEALTH_CONTROL] = "control",
        [HEALTH_STORE] = "store",   [HEALTH_MIGRATIONS] = "migrations",
        [HEALTH_BUDGET] = "budget", [HEALTH_SERVING] = "serving"};
    char list[HEALTH_TEXT_MAX];
    bool well = true;
    int n = 0, all;

    for (unsigned i = 0; i < checks_n && i < HEALTH_READY_N; i++) {
        const char *why = trouble(health, (enum health_check)i, now_ms);

        well = well && why == NULL;
        n += snprintf(list + n, sizeof(list) - (size_t)n, "%s\"%s\":\"%s\"", i > 0 ? "," : "",
                      NAMES[i], why != NULL ? why : "OK");
    }
    all = snprintf(text, HEALTH_TEXT_MAX, "{\"status\":\"%s\",\"checks\":{%.*s}}",
                   well ? "OK" : "failing", n, list);
    *len_bytes = all < HEALTH_TEXT_MAX ? (size_t)all : HEALTH_TEXT_MAX - 1;
    return well;
}
