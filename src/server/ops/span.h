/* span.h -- something that took a time, in a form that a hot thread can hand on: plain data, no
 * pointer but to constants. otlp.h makes OTLP of it. */
#ifndef OPENMMO_OPS_SPAN_H
#define OPENMMO_OPS_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SPAN_ATTRIBUTES_MAX 12

struct span_attribute {
    const char *key;  /* constant */
    const char *text; /* constant, never what a stranger said; NULL: the number counts */
    int64_t number;
};

struct span {
    const char *name;  /* constant */
    uint64_t ended_ms; /* Unix time; 0: now */
    uint64_t took_us;
    bool failed;
    unsigned attributes_n;
    struct span_attribute attributes[SPAN_ATTRIBUTES_MAX];
};

/* No effect when there is no room. */
static inline void span_number(struct span *span, const char *key, int64_t number)
{
    if (span->attributes_n < SPAN_ATTRIBUTES_MAX)
        span->attributes[span->attributes_n++] = (struct span_attribute){key, NULL, number};
}

static inline void span_text(struct span *span, const char *key, const char *text)
{
    if (span->attributes_n < SPAN_ATTRIBUTES_MAX)
        span->attributes[span->attributes_n++] = (struct span_attribute){key, text, 0};
}

#endif
