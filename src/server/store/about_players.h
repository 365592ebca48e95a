/* about_players.h -- what the store keeps of players: accounts, places, stays. Plain data; the
 * questions about them are in questions.h, their SQL in statements_players.c. */
#ifndef OPENMMO_STORE_ABOUT_PLAYERS_H
#define OPENMMO_STORE_ABOUT_PLAYERS_H

#include <stdint.h>

#include "common/protocol_tables.h"
#include "common/text.h"

#define STORE_EMAIL_MAX       254
#define STORE_EMAIL_KEY_BYTES (STORE_EMAIL_MAX * 4)
#define STORE_HASH_MAX        128 /* an encoded password hash, with its NUL */
#define STORE_SESSION_ID_MAX  40

struct store_player {
    uint64_t id;
    char username[TEXT_NAME_MAX_BYTES + 1];
    char key[TEXT_NAME_KEY_BYTES];
    char email[STORE_EMAIL_MAX + 1];       /* empty: none */
    char email_key[STORE_EMAIL_KEY_BYTES]; /* folded; asked only */
    char hash[STORE_HASH_MAX];
    enum protocol_role role;
    uint64_t created_ms, last_login_ms; /* Unix time; 0: never */
    uint64_t tokens_from_ms;            /* older ones open nothing; 0: all are good */
};

/* What anybody may know of an account. */
struct store_player_row {
    uint64_t id, created_ms, last_login_ms; /* Unix time; 0: never */
    char username[TEXT_NAME_MAX_BYTES + 1];
};

struct store_position {
    uint64_t player_id;
    double x_m, y_m, z_m;
    uint16_t yaw; /* 65536 = a full turn */
    uint32_t epoch, tick;
    uint64_t saved_ms; /* Unix time */
};

struct store_session {
    char session_id[STORE_SESSION_ID_MAX], socket_id[STORE_SESSION_ID_MAX];
    uint64_t player_id;
    uint64_t now_ms;
};

#endif
