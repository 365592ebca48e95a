/* password.c -- libsodium's argon2id with our costs. */
#include "accounts/password.h"

#include <errno.h>
#include <sodium.h>
#include <string.h>

#include "ops/metrics.h"

_Static_assert(PASSWORD_HASH_BYTES == crypto_pwhash_STRBYTES, "an encoded hash fits");

#define DECOY_BYTES 32

int password_hash(const char *password, const struct password_cost *cost,
                  char hash[PASSWORD_HASH_BYTES])
{
    metrics_add(METRIC_HASHES, 1);
    return crypto_pwhash_str_alg(hash, password, strlen(password), cost->ops, (size_t)cost->bytes,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0
               ? 0
               : -1;
}

enum password_verdict password_check(const char *password, const char hash[PASSWORD_HASH_BYTES])
{
    metrics_add(METRIC_HASHES, 1);
    errno = 0;
    if (crypto_pwhash_str_verify(hash, password, strlen(password)) == 0)
        return PASSWORD_FITS;
    return errno == ENOMEM ? PASSWORD_NO_MEMORY : PASSWORD_WRONG;
}

int password_decoy(const struct password_cost *cost, char hash[PASSWORD_HASH_BYTES])
{
    uint8_t random[DECOY_BYTES];
    char text[DECOY_BYTES * 2 + 1];
    int rc;

    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(text, sizeof(text), random, sizeof(random));
    rc = password_hash(text, cost, hash);
    sodium_memzero(text, sizeof(text));
    return rc;
}
