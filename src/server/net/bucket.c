/* bucket.c -- see bucket.h. */
#include "net/bucket.h"

static uint64_t bucket_top(const struct bucket_rate *rate)
{
    return (uint64_t)rate->burst * rate->period_ms;
}

static uint64_t bucket_level(const struct bucket *bucket, const struct bucket_rate *rate,
                             uint64_t now_ms)
{
    uint64_t top = bucket_top(rate);
    uint64_t level = bucket->level < top ? bucket->level : top; /* the rate may have changed */
    uint64_t elapsed = now_ms > bucket->then_ms ? now_ms - bucket->then_ms : 0;

    if (rate->tokens == 0 || level == top)
        return level;
    if (elapsed >= (top - level) / rate->tokens + 1) /* also keeps the product from overflowing */
        return top;
    level += elapsed * rate->tokens;
    return level < top ? level : top;
}

void bucket_init(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ms)
{
    bucket->level = bucket_top(rate);
    bucket->then_ms = now_ms;
}

bool bucket_take(struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ms)
{
    bucket->level = bucket_level(bucket, rate, now_ms);
    if (now_ms > bucket->then_ms)
        bucket->then_ms = now_ms;
    if (bucket->level < rate->period_ms)
        return false;
    bucket->level -= rate->period_ms;
    return true;
}

uint32_t bucket_wait_ms(const struct bucket *bucket, const struct bucket_rate *rate,
                        uint64_t now_ms)
{
    uint64_t level = bucket_level(bucket, rate, now_ms);
    uint64_t wait;

    if (level >= rate->period_ms)
        return 0;
    if (rate->tokens == 0)
        return UINT32_MAX;
    wait = (rate->period_ms - level + rate->tokens - 1) / rate->tokens;
    return wait < UINT32_MAX ? (uint32_t)wait : UINT32_MAX;
}

bool bucket_full(const struct bucket *bucket, const struct bucket_rate *rate, uint64_t now_ms)
{
    return bucket_level(bucket, rate, now_ms) == bucket_top(rate);
}
