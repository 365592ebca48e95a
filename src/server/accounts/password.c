/* password.c -- libsodium's argon2id with our costs; the C library's crypt(3) for bcrypt. */
#include "accounts/password.h"

#include <crypt.h>
#include <errno.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ops/metrics.h"

_Static_assert(PASSWORD_HASH_BYTES == crypto_pwhash_STRBYTES, "an encoded hash fits");

#define DECOY_BYTES     32
#define BCRYPT_CHARS    60 /* "$2b$10$", salt, hash */
#define BCRYPT_COST_MAX 16 /* 5 s */

int password_hash(const char *password, const struct password_cost *cost,
                  char hash[PASSWORD_HASH_BYTES])
{
    metrics_add(METRIC_HASHES, 1);
    return crypto_pwhash_str_alg(hash, password, strlen(password), cost->ops, (size_t)cost->bytes,
                                 crypto_pwhash_ALG_ARGON2ID13) == 0
               ? 0
               : -1;
}

/* "$2b$10$...": its cost; -1: not bcrypt. */
static int bcrypt_cost(const char *hash)
{
    int cost = -1;
    char version;

    if (strlen(hash) != BCRYPT_CHARS || sscanf(hash, "$2%c$%2d$", &version, &cost) != 2 ||
        !strchr("aby", version))
        return -1;
    return cost;
}

static enum password_verdict check_bcrypt(const char *password, const char *hash)
{
    struct crypt_data *room = calloc(1, sizeof(*room)); /* 32 KiB */
    enum password_verdict verdict = PASSWORD_WRONG;
    const char *again;

    if (!room)
        return PASSWORD_NO_MEMORY;
    again = crypt_r(password, hash, room);
    if (again && strlen(again) == BCRYPT_CHARS && sodium_memcmp(again, hash, BCRYPT_CHARS) == 0)
        verdict = PASSWORD_FITS;
    sodium_memzero(room, sizeof(*room));
    free(room);
    return verdict;
}

enum password_verdict password_check(const char *password, const char hash[PASSWORD_HASH_BYTES])
{
    int cost = bcrypt_cost(hash);

    metrics_add(METRIC_HASHES, 1);
    if (cost > BCRYPT_COST_MAX)
        return PASSWORD_WRONG;
    if (cost >= 0)
        return check_bcrypt(password, hash);
    errno = 0;
    if (crypto_pwhash_str_verify(hash, password, strlen(password)) == 0)
        return PASSWORD_FITS;
    return errno == ENOMEM ? PASSWORD_NO_MEMORY : PASSWORD_WRONG;
}

bool password_outdated(const char *hash, const struct password_cost *cost)
{
    unsigned long kib = 0, passes = 0;

    return sscanf(hash, "$argon2id$v=19$m=%lu,t=%lu,", &kib, &passes) != 2 ||
           kib < cost->bytes / 1024 || passes < cost->ops;
}

bool password_usable(const char *hash)
{
    return hash[0] == '$';
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
