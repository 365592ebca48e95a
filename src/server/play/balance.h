/* balance.h -- which io thread a new connection goes to. Pure. */
#ifndef OPENMMO_PLAY_BALANCE_H
#define OPENMMO_PLAY_BALANCE_H

#include <stdbool.h>
#include <stdint.h>

/* What is known of one thread. */
struct balance_load {
    uint32_t sessions_n; /* that it has been given */
    uint32_t busy_us;    /* CPU time a second, smoothed, ... */
    uint32_t settled_n;  /* ... when it had so many */
    bool stuck;          /* it has not turned for long */
};

/* The index, 0..n-1, n >= 1: the thread with the fewest sessions, unless another has clearly less
 * to do (by CPU time, with what the newest sessions will take). One that is stuck is given nothing,
 * unless all are. */
unsigned balance_choose(const struct balance_load *loads, unsigned n);

#endif
