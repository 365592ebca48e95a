/* throttle.h -- how often a password may be guessed: by account and by address, in bounded memory.
 *
 * An account is charged before a guess is tried, so that many at once count as many, and gets it
 * back where the guess was right or never judged: 5 failures are free, then each doubles the wait,
 * 1 s .. 300 s. An address (/32, /64), behind which many players may sit, is charged when a guess
 * was wrong: 10 in 120 s. When a table is full the row that was longest quiet is forgotten. One
 * thread. */
#ifndef OPENMMO_ACCOUNTS_THROTTLE_H
#define OPENMMO_ACCOUNTS_THROTTLE_H

#include <netinet/in.h>
#include <stdint.h>

#include "common/compiler.h"

#define THROTTLE_FREE       5
#define THROTTLE_WAIT_MAX_S 300
#define THROTTLE_FORGET_S   3600 /* an account that was quiet for so long begins anew */
#define THROTTLE_ADDRESS    10
#define THROTTLE_WINDOW_S   120

struct throttle; /* opaque */

/* rows_max: of each table. NULL when out of memory. */
struct throttle *throttle_new(unsigned rows_max);
void throttle_free(struct throttle *throttle); /* NULL is fine */

/* What is throttled: the key of a name (NULL: the address only) from an address, at a monotonic
 * time. */
struct throttle_try {
    const char *name_key;
    const struct sockaddr_storage *address; /* NULL: exempt from the limit on addresses */
    uint64_t now_ms;
};

/* 0: go on, and the account is charged; else nothing is charged: how long to wait, in ms. */
uint32_t throttle_charge(struct throttle *throttle, const struct throttle_try *attempt) MUST_CHECK;
/* It was wrong: the address is charged too. */
void throttle_failed(struct throttle *throttle, const struct throttle_try *attempt);
/* It was right: the account begins anew. */
void throttle_succeeded(struct throttle *throttle, const struct throttle_try *attempt);
/* It was never judged (busy, database away): the account gets its charge back. */
void throttle_refund(struct throttle *throttle, const struct throttle_try *attempt);

#endif
