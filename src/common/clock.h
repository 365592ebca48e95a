/* clock.h -- the clock that never steps, for deadlines, waits and durations; and the wall's. Any
 * thread. */
#ifndef OPENMMO_COMMON_CLOCK_H
#define OPENMMO_COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_us_of(clockid_t clock)
{
    struct timespec now;

    clock_gettime(clock, &now);
    return (uint64_t)now.tv_sec * 1000000 + (uint64_t)now.tv_nsec / 1000;
}

static inline uint64_t clock_steady_us(void)
{
    return clock_us_of(CLOCK_MONOTONIC);
}

static inline uint64_t clock_steady_ms(void)
{
    return clock_steady_us() / 1000;
}

/* Unix time. */
static inline uint64_t clock_wall_ms(void)
{
    return clock_us_of(CLOCK_REALTIME) / 1000;
}

#endif
