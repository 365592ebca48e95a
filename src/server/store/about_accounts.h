/* about_accounts.h -- what the store keeps of accounts beside the players themselves: addresses,
 * codes, invitations. Plain data; the questions are in questions.h, their SQL in
 * statements_accounts.c. */
#ifndef OPENMMO_STORE_ABOUT_ACCOUNTS_H
#define OPENMMO_STORE_ABOUT_ACCOUNTS_H

#include <stdbool.h>
#include <stdint.h>

#include "store/about_players.h"

#define STORE_NETWORK_MAX   64  /* with its NUL */
#define STORE_CODE_HASH_MAX 72  /* with its NUL */
#define STORE_BY_MAX        64  /* an operator's name, with its NUL */
#define STORE_ADDRESSES_MAX 8   /* that are kept of a player */
#define STORE_INVITES_MAX   200 /* that are listed */

/* Who logs in, by what name and from where. */
struct store_login {
    char key[TEXT_NAME_KEY_BYTES];
    char network[STORE_NETWORK_MAX];
};

/* What a login needs to know. */
struct store_login_answer {
    struct store_player player;
    bool known_network;                  /* he logged in from there before */
    char code_hash[STORE_CODE_HASH_MAX]; /* of a code that sets a new password; empty: none */
    uint64_t code_expires_ms;
};

struct store_enrolment {
    struct store_player player;
    char code_hash[STORE_CODE_HASH_MAX]; /* of the invitation, or of the first code */
    uint64_t expires_ms;                 /* of the first code */
    char by[STORE_BY_MAX];
};

/* A new password. was: the hash that it replaces; if that is not the one any more nothing changes.
 */
struct store_password {
    uint64_t player_id, now_ms;
    char was[STORE_HASH_MAX], hash[STORE_HASH_MAX];
    char code_hash[STORE_CODE_HASH_MAX]; /* by a code, not `was` */
};

struct store_seen {
    uint64_t player_id, now_ms;
    char network[STORE_NETWORK_MAX];
};

/* What an operator changes of an account. */
struct store_account_change {
    uint64_t player_id;
    char username[TEXT_NAME_MAX_BYTES + 1], key[TEXT_NAME_KEY_BYTES];
    enum protocol_role role;
    char code_hash[STORE_CODE_HASH_MAX];
    uint64_t expires_ms;
    char by[STORE_BY_MAX];
};

struct store_invite {
    uint64_t id, created_ms, expires_ms; /* expires 0: never */
    uint32_t uses_left;
    char by[STORE_BY_MAX];
    char code_hash[STORE_CODE_HASH_MAX]; /* asked only */
};

#endif
