/* bucket.h -- a token bucket: so many in a period, and a burst. Integer only; time is passed in.
 *
 * The level is kept in tokens x period_ms, so nothing is rounded away however often it is asked.
 * Pure; the owner's thread. */
#ifndef OPENMMO_NET_BUCKET_H
#define OPENMMO_NET_BUCKET_H

#include <stdbool.h>
#include <stdint.h>

/* What a bucket allows; shared by many. */
struct bucket_rate {
    uint32_t tokens;    /* come back every period_ms; 0: never */
    uint32_t period_ms; /* 1..3600000 */
    uint32_t burst;     /* the most that are saved up, >= 1 */
};

struct bucket {
    uint64_t level;   /* tokens x period_ms */
    uint64_t then_ms; /* when level was reckoned */
};

/* A full bucket. */
void bucket_init(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ms);
/* Take one token. False: there is none, and nothing is taken. A clock that steps back gives
 * nothing. */
bool bucket_take(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ms);
/* Milliseconds until one token is there; 0: now. UINT32_MAX: never. */
uint32_t bucket_wait_ms(const struct bucket *bucket, const struct bucket_rate *rate,
                        uint64_t now_ms);
/* True if it is full by now: forgetting it changes nothing. */
bool bucket_full(const struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ms);

#endif
