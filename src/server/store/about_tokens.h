/* about_tokens.h -- what the store keeps of refresh tokens: never the token, only its hash. Plain
 * data; the SQL is in statements_tokens.c. */
#ifndef OPENMMO_STORE_ABOUT_TOKENS_H
#define OPENMMO_STORE_ABOUT_TOKENS_H

#include <stdint.h>

#include "common/protocol.h"
#include "common/text.h"

#define STORE_FAMILY_BYTES     33 /* 16 random bytes in hex, with its NUL */
#define STORE_TOKEN_HASH_BYTES 65 /* SHA-256 in hex, with its NUL */

struct store_refresh {
    char family[STORE_FAMILY_BYTES];        /* ADD: what one login began; REVOKE: or hash */
    uint64_t player_id;                     /* ADD */
    char hash[STORE_TOKEN_HASH_BYTES];      /* of the token at hand */
    char next_hash[STORE_TOKEN_HASH_BYTES]; /* USE: of the one that takes its place */
    uint64_t now_ms, expires_ms;            /* Unix time; expires_ms of the new one */
};

enum store_refresh_fate {
    STORE_REFRESH_ROTATED = 1, /* the new one is there, the old one is used up */
    STORE_REFRESH_REUSED = 2,  /* it was used before: the whole family is revoked */
    STORE_REFRESH_OVER = 3,    /* expired, or revoked */
};

struct store_refresh_answer {
    uint64_t player_id;
    uint32_t fate; /* enum store_refresh_fate */
    char username[TEXT_NAME_MAX_BYTES + 1];
    enum protocol_role role;
    char family[STORE_FAMILY_BYTES];
};

/* What ends access tokens: a login that was revoked, or a change of an account. */
struct store_access_end {
    char family[STORE_FAMILY_BYTES]; /* "": */
    char target[24];                 /* "#17": that account */
    uint64_t at_ms;
};

#endif
