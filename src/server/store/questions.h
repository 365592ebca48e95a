/* questions.h -- all that can be asked of the store: one list, one struct for what is asked, one
 * for what is answered. Plain data. How to add a question: statements.h. */
#ifndef OPENMMO_STORE_QUESTIONS_H
#define OPENMMO_STORE_QUESTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "store/about_players.h"
#include "store/about_records.h"

/* STORE_<first>; statement_<second> is its row in one of the statements_*.c. */
#define STORE_STATEMENTS(ROW)                                                                      \
    /* Each driver asks it itself, once, before all others: the epoch of this start.               \
     * in: id.now_ms. out: epoch */                                                                \
    ROW(SERVER_START, server_start)                                                                \
    /* in: player (all but id, last_login). out: player_id. TAKEN: that name */                    \
    ROW(PLAYER_ADD, player_add)                                                                    \
    ROW(PLAYER_BY_NAME, player_by_name)         /* in: key. out: player */                         \
    ROW(PLAYER_BY_ID, player_by_id)             /* in: id.player_id. out: player */                \
    ROW(PLAYER_LOGGED_IN, player_logged_in)     /* in: id */                                       \
    ROW(POSITION_BY_PLAYER, position_by_player) /* in: id.player_id. out: position */              \
    /* in: positions. One transaction; a newer (epoch, tick) that is there stays; one of a player  \
     * who is gone is passed over */                                                               \
    ROW(POSITIONS_SAVE, positions_save)                                                            \
    ROW(SESSION_OPEN, session_open)   /* in: session */                                            \
    ROW(SESSION_CLOSE, session_close) /* in: session (session_id, now_ms) */                       \
    /* Of statements_records.c. */                                                                 \
    ROW(AUDIT_ADD, audit_add)     /* in: audit (all but id) */                                     \
    ROW(AUDIT_LIST, audit_list)   /* in: page. rows: struct store_audit, newest first */           \
    ROW(AUDIT_ABOUT, audit_about) /* the same, whose target is page.text */                        \
    ROW(AUDIT_PRUNE, audit_prune) /* in: page (now_ms: older ones, limit). NONE: all gone */

enum store_statement {
#define ROW(upper, lower) STORE_##upper,
    STORE_STATEMENTS(ROW)
#undef ROW
        STORE_STATEMENTS_N
};

enum store_status {
    STORE_OK,
    STORE_NONE,  /* no such row */
    STORE_TAKEN, /* would be there twice */
    STORE_AWAY,  /* the database said no: *error tells an operator why; nothing was changed, or it
                    cannot be known (PostgreSQL whose connection broke in a change) */
};

struct store_answer {
    enum store_status status;
    struct error error; /* AWAY */
    union {
        struct store_player player;
        uint64_t player_id;
        uint64_t epoch;
        struct store_position position;
    } out;
    /* OK, of a question for many rows: an array of what its comment names; aligned as malloc's. */
    const void *rows;
    size_t rows_n;
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
        /* Of questions that bring many rows: borrowed, copied by store_ask. */
        struct {
            const void *rows;
            size_t n;
        } many;
        struct {
            const struct store_position *rows; /* lies over many.rows */
            size_t n;
        } positions;
        struct store_session session;
        struct store_audit audit;
        struct store_page page;
    } in;
};

#endif
