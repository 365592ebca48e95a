/* throttle.h -- how often a password may be guessed: by account and by address, in bounded memory.
 *
 * An account is charged before a guess is tried, so that many at once count as many, and gets it
 * back where the guess was right or never judged: 5 failures are free, then each doubles the wait,
 * 1 s .. 300 s. From each network where its owner logged in before an account is counted apart, so
 * that who guesses from elsewhere does not lock him out there.
 *
 * An address (/32, /64), behind which many players may sit, is charged when a guess was wrong: 10
 * in 120 s. Guesses that are not judged yet count too: beyond the tenth they wait for those before
 * them, so that a thousand at once are no more than ten.
 *
 * When a table is full the row that was longest quiet is forgotten. One thread.
 *
 *   throttle_address -> (store) -> throttle_account -> (hash) -> throttle_judged */
#ifndef OPENMMO_ACCOUNTS_THROTTLE_H
#define OPENMMO_ACCOUNTS_THROTTLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

#define THROTTLE_FREE       5
#define THROTTLE_WAIT_MAX_S 300
#define THROTTLE_FORGET_S   3600 /* an account that was quiet for so long begins anew */
#define THROTTLE_ADDRESS    10
#define THROTTLE_WINDOW_S   120
#define THROTTLE_LATER      UINT32_MAX

struct throttle; /* opaque */

/* rows_max: of each table. NULL when out of memory. */
struct throttle *throttle_new(unsigned rows_max);
void throttle_free(struct throttle *throttle); /* NULL is fine */

/* What is throttled, at a monotonic time. */
struct throttle_try {
    const char *name_key; /* NULL: no account's password is guessed */
    const char *network;  /* whence_text; NULL: exempt from the limit on addresses */
    const char *known;    /* the network, if the account's owner logged in from it before; else
                             NULL: also of one that is exempt */
    /* For who looks at what is locked: the account. 0, NULL: nobody has that name. */
    uint64_t player;
    const char *username;
    uint64_t now_ms;
};

enum throttle_verdict {
    THROTTLE_WRONG,
    THROTTLE_RIGHT,
    THROTTLE_UNJUDGED, /* busy, database away, refused by throttle_account */
};

/* 0: go on, it is counted as under way; THROTTLE_LATER: ask again when one from that address was
 * judged; else how long to wait, in ms. For these two nothing is counted. */
uint32_t throttle_address(struct throttle *throttle, const struct throttle_try *attempt) MUST_CHECK;
/* 0: go on, and the account is charged; else nothing is charged: how long to wait, in ms. */
uint32_t throttle_account(struct throttle *throttle, const struct throttle_try *attempt) MUST_CHECK;
/* The end of what throttle_address let through. charged: throttle_account let it through too. */
void throttle_judged(struct throttle *throttle, const struct throttle_try *attempt, bool charged,
                     enum throttle_verdict verdict);

/* What must wait now. */
struct throttle_lock {
    const char *network;  /* of an address; NULL: of an account, */
    const char *username; /* whose name this is; NULL: nobody has the name that is guessed at */
    uint64_t player;      /* 0: see username */
    bool known;           /* of the account as seen from a network of its owner's */
    uint32_t failures;
    uint64_t until_ms;
};

/* Each lock, the newest first, as long as visit returns true: what holds only. Nothing of it is
 * valid after the visit. */
void throttle_locks(struct throttle *throttle, uint64_t now_ms,
                    bool (*visit)(void *context, const struct throttle_lock *lock), void *context);
/* Until when an address is locked; 0: it is not. */
uint64_t throttle_locked_until(const struct throttle *throttle, const char *network,
                               uint64_t now_ms);
/* Forget what an address did wrong. False: it was not locked. */
bool throttle_unlock_address(struct throttle *throttle, const char *network, uint64_t now_ms);
/* The same of an account, from wherever it was guessed at. */
bool throttle_unlock_account(struct throttle *throttle, uint64_t player, uint64_t now_ms);

#endif
