/* store.h -- what the daemon remembers: questions asked on the control thread, answers given on it.
 *
 * Each question is one row of a const table: a name, its SQL, a function. The driver (SQLite) runs
 * them in the order asked, on a thread of its own; what is answered STORE_OK is durable. Knows
 * accounts, places and times, but no game. Control thread only. */
#ifndef OPENMMO_STORE_STORE_H
#define OPENMMO_STORE_STORE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/text.h"

#define STORE_EMAIL_MAX      254
#define STORE_HASH_MAX       128 /* an encoded password hash, with its NUL */
#define STORE_SESSION_ID_MAX 40

struct store; /* opaque */

enum store_statement {
    STORE_PLAYER_ADD, /* in: player (all but id, last_login). out: player_id. TAKEN: that name */
    STORE_PLAYER_BY_NAME,     /* in: key. out: player */
    STORE_PLAYER_BY_ID,       /* in: player_id. out: player */
    STORE_PLAYER_LOGGED_IN,   /* in: player_id, now_ms */
    STORE_POSITION_BY_PLAYER, /* in: player_id. out: position */
    STORE_POSITIONS_SAVE,     /* in: positions; one transaction, a newer (epoch, tick) that is there
                                 stays */
    STORE_SESSION_OPEN,       /* in: session */
    STORE_SESSION_CLOSE,      /* in: session (session_id, now_ms) */
    STORE_STATEMENTS_N
};

enum store_status {
    STORE_OK,
    STORE_NONE,  /* no such row */
    STORE_TAKEN, /* would be there twice */
    STORE_AWAY,  /* the database said no: *error tells an operator why; nothing was changed */
};

struct store_player {
    uint64_t id;
    char username[TEXT_NAME_MAX_BYTES + 1];
    char key[TEXT_NAME_KEY_BYTES];
    char email[STORE_EMAIL_MAX + 1]; /* empty: none */
    char hash[STORE_HASH_MAX];
    uint64_t created_ms, last_login_ms; /* Unix time; 0: never */
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

struct store_answer {
    enum store_status status;
    struct error error; /* AWAY */
    union {
        struct store_player player;
        uint64_t player_id;
        struct store_position position;
    } out;
};

/* On the control thread. tag: as asked. The answer is valid during the call. */
typedef void store_answer_fn(void *context, uint64_t tag, const struct store_answer *answer);

struct store_question {
    enum store_statement statement;
    uint64_t tag;            /* a session id, not a pointer */
    store_answer_fn *answer; /* NULL: nobody waits for it */
    void *context;           /* outlives the store */
    union {
        struct store_player player;
        char key[TEXT_NAME_KEY_BYTES];
        struct {
            uint64_t player_id, now_ms;
        } id;
        struct {
            const struct store_position *rows; /* borrowed, copied by store_ask */
            size_t n;
        } positions;
        struct store_session session;
    } in;
};

struct store_config {
    struct event_base *base;
    const char *path;   /* of the database file; made 0600 if missing. Borrowed during store_open */
    unsigned queue_max; /* questions that may wait */
    uint32_t busy_ms;   /* how long to wait for another's lock */
    bool migrate;       /* bring an older schema up to date; else it is refused */
};

/* Claim (no other openmmod may have it), open, check (quick), migrate, raise the epoch, close what
 * sessions a crash left open, start. NULL + error, which names the file and what to do. */
struct store *store_open(const struct store_config *config, struct error *error);
/* Finishes what was asked (answers are given), closes. NULL is fine. */
void store_close(struct store *store);

/* Copied. Returns 0, or -1 when the queue is full (nothing was asked, no answer will come). Never
 * blocks. */
int store_ask(struct store *store, const struct store_question *question) MUST_CHECK;

uint32_t store_epoch(const struct store *store);     /* of this start; 1 at the first */
const char *store_driver(const struct store *store); /* "sqlite" */
const char *
store_trouble(const struct store *store); /* why the last question failed; "" if it did not */

#endif
