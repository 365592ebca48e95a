/* about_moderation.h -- what the store keeps of bans, mutes and the allowlist. Plain data; the
 * questions about it are in questions.h, their SQL in statements_moderation.c. */
#ifndef OPENMMO_STORE_ABOUT_MODERATION_H
#define OPENMMO_STORE_ABOUT_MODERATION_H

#include <stdint.h>

#include "common/text.h"
#include "store/about_records.h"

#define STORE_NETWORK_MAX 64  /* with its NUL */
#define STORE_REASON_MAX  201 /* with its NUL */

/* A ban, or a mute (network is empty). */
struct store_ban {
    uint64_t id;
    uint64_t player_id;                   /* 0: a network's */
    char player[TEXT_NAME_MAX_BYTES + 1]; /* the name; only answered */
    char network[STORE_NETWORK_MAX];      /* canonical; empty: a player's */
    char reason[STORE_REASON_MAX];
    char created_by[STORE_ACTOR_MAX], lifted_by[STORE_ACTOR_MAX];
    uint64_t created_ms, expires_ms, lifted_ms; /* Unix time; 0: never */
};

/* An account that may log in when others may not. */
struct store_listed {
    uint64_t player_id;
    char player[TEXT_NAME_MAX_BYTES + 1]; /* the name; only answered */
    char added_by[STORE_ACTOR_MAX];
    uint64_t added_ms; /* Unix time */
};

#endif
