/* about_records.h -- what the store keeps as a record: what operators did, what was said. Plain
 * data; the questions about it are in questions.h, their SQL in statements_records.c. */
#ifndef OPENMMO_STORE_ABOUT_RECORDS_H
#define OPENMMO_STORE_ABOUT_RECORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/text.h"

#define STORE_ACTOR_MAX   64  /* an operator's name, with its NUL */
#define STORE_METHOD_MAX  64  /* with its NUL */
#define STORE_TARGET_MAX  128 /* with its NUL */
#define STORE_OUTCOME_MAX 240 /* with its NUL */
#define STORE_DETAIL_MAX  4096

struct store_audit {
    uint64_t id, at_ms;
    bool has_uid;
    uint32_t uid;
    char actor[STORE_ACTOR_MAX], method[STORE_METHOD_MAX];
    char target[STORE_TARGET_MAX];   /* "#17": that account; a network; "" */
    char detail[STORE_DETAIL_MAX];   /* JSON, an object */
    char outcome[STORE_OUTCOME_MAX]; /* "ok", "denied: ...", "failed: ..." */
};

/* What is not asked for is empty or 0. */
struct store_audit_search {
    uint64_t before; /* ids below it */
    uint32_t limit;
    uint64_t since_ms, until_ms; /* Unix time: from the first on, before the second */
    char actor[STORE_ACTOR_MAX], target[STORE_TARGET_MAX];
    char method[STORE_METHOD_MAX]; /* how it begins */
};

struct store_chat {
    uint64_t id, at_ms;
    uint64_t player_id; /* 0: a guest, or the server */
    uint32_t channel;   /* enum protocol_channel */
    char name[TEXT_NAME_MAX_BYTES + 1], text[TEXT_CHAT_MAX_BYTES + 1];
};

#define STORE_STAY_ID_MAX 801 /* with its NUL: an adopted one has up to 200 characters */

/* What export and history tell of one account. */
struct store_stay {
    uint64_t id, connected_ms, disconnected_ms; /* 0: it is here */
    char session_id[STORE_STAY_ID_MAX];
};

/* A presence of anybody. */
struct store_visit {
    uint64_t id, connected_ms, disconnected_ms; /* 0: it goes on, or nobody closed it */
    uint64_t player_id;                         /* 0: a guest, or his account is gone */
    char session_id[STORE_STAY_ID_MAX], username[TEXT_NAME_MAX_BYTES + 1];
};

struct store_known_address {
    char network[64];
    uint64_t seen_ms;
};

struct store_known_token {
    uint64_t id, issued_ms, expires_ms, used_ms, revoked_ms;
};

/* What an older program's database held of it and was not taken over as it was. */
struct store_adopted {
    uint64_t id;
    char place[64], what[256], content[2048];
};

/* A step that the schema was brought up to date by. */
struct store_migration {
    uint64_t version, applied_ms;
    char name[64], checksum[80];
};

/* An account that logged in from some network. */
struct store_seen_account {
    uint64_t player_id, seen_ms;
    char username[TEXT_NAME_MAX_BYTES + 1];
};

struct store_erase {
    uint64_t player_id;
    char target[STORE_TARGET_MAX];        /* of its rows in audit */
    char quoted[TEXT_NAME_MAX_BYTES * 6]; /* the name as a JSON string, to be found in details */
};

/* A page of a list. */
struct store_page {
    uint64_t
        from; /* only ids beyond it: above it in lists that rise, below it in those that fall */
    uint64_t about;  /* an account; 0 */
    uint64_t now_ms; /* Unix time */
    uint32_t limit;
    char text[STORE_TARGET_MAX];
};

#endif
