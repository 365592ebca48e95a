/* growth.c -- see growth.h. */
#include "ops/growth.h"

#include <stdbool.h>

/* The i-th of those that are over, 0 the oldest that is kept. */
static const struct growth_span *span_at(const struct growth *growth, unsigned i)
{
    return &growth->spans[(growth->over - GROWTH_SPANS + i) % (GROWTH_SPANS + 1)];
}

void growth_note(struct growth *growth, uint64_t now_ms, int64_t resident_bytes,
                 uint32_t connections)
{
    struct growth_span *span;
    bool fresh = growth->begun_ms == 0;

    if (resident_bytes < 0)
        return;
    if (!fresh && now_ms - growth->begun_ms >= GROWTH_SPAN_MS) {
        growth->over++;
        fresh = true;
    }
    span = &growth->spans[growth->over % (GROWTH_SPANS + 1)];
    if (fresh) {
        growth->begun_ms = now_ms;
        *span = (struct growth_span){resident_bytes, connections};
    }
    if (resident_bytes < span->least_bytes)
        span->least_bytes = resident_bytes;
    if (connections > span->connections)
        span->connections = connections;
}

int64_t growth_bytes(const struct growth *growth)
{
    if (growth->over < GROWTH_SPANS)
        return 0;
    for (unsigned i = 1; i < GROWTH_SPANS; i++) {
        if (span_at(growth, i)->least_bytes <= span_at(growth, i - 1)->least_bytes ||
            span_at(growth, i)->connections > span_at(growth, 0)->connections)
            return 0;
    }
    return span_at(growth, GROWTH_SPANS - 1)->least_bytes - span_at(growth, 0)->least_bytes;
}
