/* password.h -- argon2id; and bcrypt ($2a$, $2b$, $2y$), to check what the program before us
 * stored. Slow on purpose: never on a loop's thread, except password_decoy at start. Any thread. */
#ifndef OPENMMO_ACCOUNTS_PASSWORD_H
#define OPENMMO_ACCOUNTS_PASSWORD_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"

#define PASSWORD_HASH_BYTES 128 /* encoded ("$argon2id$v=19$m=19456,t=2,p=1$..."), with its NUL */

struct password_cost {
    uint32_t ops;   /* passes, 1 or more */
    uint64_t bytes; /* memory, 8 KiB or more; OWASP: 19 MiB with 2 passes */
};

enum password_verdict { PASSWORD_FITS, PASSWORD_WRONG, PASSWORD_NO_MEMORY };

/* 0, or -1 when there is not that much memory. password: NUL-terminated. */
int password_hash(const char *password, const struct password_cost *cost,
                  char hash[PASSWORD_HASH_BYTES]) MUST_CHECK;
/* Costs what the hash says. A malformed hash is WRONG, and so is one of bcrypt whose cost is beyond
 * reason. */
enum password_verdict password_check(const char *password,
                                     const char hash[PASSWORD_HASH_BYTES]) MUST_CHECK;
/* True: it is worth hashing anew once its password is known: it is not argon2id, or was made with
 * less memory or fewer passes than cost says. What costs more stays. */
bool password_outdated(const char *hash, const struct password_cost *cost);
/* True: it could be a hash at all; what is none ("!") belongs to an account that has no password
 * yet.
 */
bool password_usable(const char *hash);
/* A hash that no password fits: checking it costs a stranger's name what a known name costs. */
int password_decoy(const struct password_cost *cost, char hash[PASSWORD_HASH_BYTES]) MUST_CHECK;

#endif
