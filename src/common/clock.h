/* clock.h -- the clock that never steps, for deadlines and waits. Any thread. */
#ifndef OPENMMO_COMMON_CLOCK_H
#define OPENMMO_COMMON_CLOCK_H

#include <stdint.h>
#include <time.h>

static inline uint64_t clock_steady_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

#endif
