/* questions.h -- all that can be asked of the store: one list, one struct for what is asked, one
 * for what is answered. Plain data. How to add a question: statements.h. */
#ifndef OPENMMO_STORE_QUESTIONS_H
#define OPENMMO_STORE_QUESTIONS_H

#include <stddef.h>
#include <stdint.h>

#include "common/error.h"
#include "store/about_accounts.h"
#include "store/about_moderation.h"
#include "store/about_players.h"
#include "store/about_records.h"
#include "store/about_reports.h"
#include "store/about_tokens.h"

/* STORE_<first>; statement_<second> is its row in one of the statements_*.c. */
#define STORE_STATEMENTS(ROW)                                                                      \
    /* Each driver asks it itself, once, before all others: the epoch of this start.               \
     * in: id.now_ms. out: epoch */                                                                \
    ROW(SERVER_START, server_start)                                                                \
    ROW(SERVER_ALIVE, server_alive) /* in: id.now_ms: it lives */                                  \
    /* in: session (socket_id: how this start's begin). All that are open and not of this start    \
     * ended with the last sign of life, so it comes before this start's first */                  \
    ROW(SESSIONS_END, sessions_end)                                                                \
    /* in: player (all but id, last_login). out: player_id. TAKEN: that name */                    \
    ROW(PLAYER_ADD, player_add)                                                                    \
    /* in: enrolment. The code of an invitation is used up by it. out: player_id. NONE: no such    \
     * code; TAKEN: that name or e-mail */                                                         \
    ROW(PLAYER_ADD_INVITED, player_add_invited)                                                    \
    ROW(LOGIN_BY_NAME, login_by_name)     /* in: login. out: login */                              \
    ROW(ADDRESS_SEEN, address_seen)       /* in: seen. The newest few are kept */                  \
    ROW(PASSWORD_REHASH, password_rehash) /* in: password (player_id, was, hash) */                \
    /* in: password. Ends other logins' refresh tokens. out: nothing; NONE: `was` is not it */     \
    ROW(PASSWORD_CHANGE, password_change)                                                          \
    ROW(PASSWORD_BY_CODE, password_by_code) /* the same, by the code, which is used up */          \
    /* in: enrolment: an account without a password, and the code that sets its first. out:        \
     * player_id. TAKEN */                                                                         \
    ROW(ACCOUNT_CREATE, account_create)                                                            \
    ROW(ACCOUNT_RENAME, account_rename) /* in: account (player_id, username, key). TAKEN, NONE */  \
    ROW(ACCOUNT_SET_ROLE, account_set_role) /* in: account (player_id, role). NONE */              \
    ROW(RESET_CODE_SET, reset_code_set)     /* in: account (player_id, code). NONE */              \
    ROW(INVITE_ADD, invite_add)             /* in: invite. out: player_id: the invite's id */      \
    ROW(INVITES_LIST, invites_list)         /* out: rows of store_invite, newest first */          \
    ROW(INVITE_REVOKE, invite_revoke)       /* in: id.player_id: the invite's. NONE */             \
    ROW(PLAYER_BY_NAME, player_by_name)     /* in: key. out: player */                             \
    ROW(PLAYER_BY_ID, player_by_id)         /* in: id.player_id. out: player */                    \
    ROW(PLAYER_LOGGED_IN, player_logged_in) /* in: id */                                           \
    ROW(PLAYERS_LIST, players_list)   /* in: page (from, limit). rows: store_player_row, by id */  \
    ROW(PLAYERS_COUNT, players_count) /* out: id: how many there are */                            \
    /* in: session (session_id: the token's login, player_id). out: player. NONE: logged out */    \
    ROW(PLAYER_BY_TOKEN, player_by_token)                                                          \
    ROW(POSITION_BY_PLAYER, position_by_player) /* in: id.player_id. out: position */              \
    /* in: positions. One transaction; a newer (epoch, tick) that is there stays; one of a player  \
     * who is gone is passed over */                                                               \
    ROW(POSITIONS_SAVE, positions_save)                                                            \
    ROW(SESSION_OPEN, session_open)   /* in: session; one that was closed goes on */               \
    ROW(SESSION_CLOSE, session_close) /* in: session (session_id, now_ms) */                       \
    /* in: session (session_id, player_id, now_ms): what began with it is logged out */            \
    ROW(SESSION_LOG_OUT, session_log_out)                                                          \
    ROW(REFRESH_ADD, refresh_add) /* in: refresh (all but next_hash). NONE: no such player */      \
    ROW(REFRESH_USE, refresh_use) /* in: refresh (all but family, player_id). out: refresh */      \
    /* in: refresh (hash or family, now_ms): the whole family. out: refresh (family) */            \
    ROW(REFRESH_REVOKE, refresh_revoke)                                                            \
    /* in: page (now_ms: later than, limit). rows: struct store_access_end, newest first */        \
    ROW(ACCESS_ENDS, access_ends)                                                                  \
    ROW(REFRESH_REVOKE_PLAYER, refresh_revoke_player) /* in: id */                                 \
    ROW(REFRESH_PRUNE, refresh_prune) /* in: id.now_ms: some expired ones. NONE: all are gone */   \
    /* Of statements_moderation.c. Lists of what is in force rise from page.from, histories fall.  \
     */                                                                                            \
    ROW(BANS_IN_FORCE, bans_in_force)   /* in: page (now_ms). rows: struct store_ban */            \
    ROW(MUTES_IN_FORCE, mutes_in_force) /* the same */                                             \
    ROW(BANS_ABOUT, bans_about)   /* in: page (about, or text: a network). rows: store_ban */      \
    ROW(MUTES_ABOUT, mutes_about) /* in: page (about). rows: struct store_ban */                   \
    /* in: ban. The account's refresh tokens end with it. out: id. NONE: no such player */         \
    ROW(BAN_ADD, ban_add)                                                                          \
    ROW(MUTE_ADD, mute_add) /* in: ban. out: id. NONE: no such player */                           \
    ROW(BAN_LIFT, ban_lift) /* in: ban (id, lifted_ms, lifted_by). out: id. NONE: not in force */  \
    ROW(MUTE_LIFT, mute_lift)           /* the same */                                             \
    ROW(ALLOWLIST_LIST, allowlist_list) /* in: page. rows: struct store_listed, by player_id */    \
    /* The same of one account: page.about. */                                                     \
    ROW(ALLOWLIST_OF, allowlist_of)                                                                \
    ROW(ALLOWLIST_ADD, allowlist_add)       /* in: listed. out: id. NONE: no such player */        \
    ROW(ALLOWLIST_REMOVE, allowlist_remove) /* in: listed. out: id. NONE: it was not listed */     \
    /* Of statements_records.c. */                                                                 \
    ROW(AUDIT_ADD, audit_add)     /* in: audit (all but id). out: id */                            \
    ROW(AUDIT_LIST, audit_list)   /* in: page. rows: struct store_audit, newest first */           \
    ROW(AUDIT_ABOUT, audit_about) /* the same, whose target is page.text */                        \
    /* in: audit_search (no actor, no target). rows: struct store_audit, newest first */           \
    ROW(AUDIT_SEARCH, audit_search)                                                                \
    ROW(AUDIT_SEARCH_BY, audit_search_by)       /* the same, of an actor */                        \
    ROW(AUDIT_SEARCH_ABOUT, audit_search_about) /* the same, about a target */                     \
    ROW(AUDIT_PRUNE, audit_prune) /* in: page (now_ms: older ones, limit). NONE: all gone */       \
    /* in: page (from, limit). rows: struct store_visit, newest first */                           \
    ROW(SESSIONS_LIST, sessions_list)                                                              \
    ROW(SESSIONS_OPEN, sessions_open) /* the same of those that go on */                           \
    ROW(CHAT_ADD, chat_add)     /* in: many: struct store_chat; of players who are gone: not */    \
    ROW(CHAT_PRUNE, chat_prune) /* as AUDIT_PRUNE */                                               \
    /* Of statements_reports.c. Lists fall from page.from. */                                      \
    ROW(REPORT_ADD,                                                                                \
        report_add) /* in: reporting. out: id. NONE: too many, or who it names is gone */          \
    ROW(REPORT_LINES_ADD, report_lines_add) /* in: many: struct store_report_line */               \
    ROW(REPORTS_ALL, reports_all)           /* in: page. rows: struct store_report */              \
    ROW(REPORTS_OPEN, reports_open)         /* the same */                                         \
    ROW(REPORTS_CLOSED, reports_closed)     /* the same */                                         \
    ROW(REPORTS_ABOUT, reports_about)       /* in: page (about: an account). rows: store_report */ \
    ROW(REPORTS_BY, reports_by)     /* in: page (about: who made them). rows: store_report */      \
    ROW(REPORT_SHOW, report_show)   /* in: page (about: its id). rows: store_report, or none */    \
    ROW(REPORT_LINES, report_lines) /* in: page (about: the report; rises). rows: its lines */     \
    /* in: report (id, closed_ms, closed_by, verdict). out: player (id, username): whom it is      \
     * about. NONE: there is none, or it is closed */                                              \
    ROW(REPORT_CLOSE, report_close)                                                                \
    ROW(REPORTS_COUNT, reports_count) /* out: id: how many are open */                             \
    ROW(REPORTS_PRUNE, reports_prune) /* as AUDIT_PRUNE */                                         \
    /* Of statements_privacy.c: of one account; lists fall from page.from. */                      \
    ROW(CHAT_OF, chat_of)           /* in: page (about). rows: struct store_chat */                \
    ROW(CHAT_KEPT_OF, chat_kept_of) /* the same: what reports keep of it */                        \
    ROW(SESSIONS_OF, sessions_of)   /* the same. rows: struct store_stay */                        \
    ROW(ADDRESSES_OF, addresses_of) /* in: page (about). rows: struct store_known_address */       \
    ROW(TOKENS_OF, tokens_of)       /* the same. rows: struct store_known_token */                 \
    ROW(ADOPTED_OF, adopted_of)     /* the same. rows: struct store_adopted */                     \
    /* in: erase. The account and all that hangs on it go; its name goes from the audit. out: id.  \
     * NONE: there is none */                                                                      \
    ROW(PLAYER_ERASE, player_erase)                                                                \
    /* in: page (limit). rows: struct store_migration, oldest first */                             \
    ROW(MIGRATIONS, migrations)                                                                    \
    /* in: page (limit, text: the network, as ADDRESS_SEEN wrote it). rows: struct                 \
     * store_seen_account, who was there last first */                                             \
    ROW(ACCOUNTS_SEEN, accounts_seen)

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
        struct store_login_answer login;
        uint64_t player_id;
        uint64_t id;
        uint64_t epoch;
        struct store_position position;
        struct store_refresh_answer refresh;
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
        struct store_enrolment enrolment;
        struct store_login login;
        struct store_seen seen;
        struct store_password password;
        struct store_account_change account;
        struct store_invite invite;
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
        struct store_refresh refresh;
        struct store_audit audit;
        struct store_audit_search audit_search;
        struct store_ban ban;
        struct store_listed listed;
        struct store_page page;
        struct store_report report;
        struct store_reporting reporting;
        struct store_erase erase;
    } in;
};

#endif
