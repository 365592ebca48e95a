/* accounts.h -- registering and logging in: from what a stranger says to an account, or a reason
 * why not.
 *
 *   ask -> name rule, throttle -> store -> worker (hash) -> [store] -> answer
 *
 * A name that nobody has takes the same way, the same time and gets the same answer as a wrong
 * password. Control thread only. */
#ifndef OPENMMO_ACCOUNTS_ACCOUNTS_H
#define OPENMMO_ACCOUNTS_ACCOUNTS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "accounts/access.h"
#include "accounts/keys.h"
#include "accounts/password.h"
#include "accounts/token.h"
#include "common/compiler.h"
#include "common/error.h"
#include "common/protocol.h"
#include "common/text.h"
#include "ops/workers.h"
#include "store/store.h"

struct accounts; /* opaque */
struct reports;  /* ops/reports.h */
struct tally;    /* net/tally.h */
struct throttle; /* accounts/throttle.h */

enum accounts_registration { ACCOUNTS_OPEN, ACCOUNTS_INVITE, ACCOUNTS_CLOSED };
enum accounts_email { ACCOUNTS_EMAIL_NONE, ACCOUNTS_EMAIL_OPTIONAL, ACCOUNTS_EMAIL_REQUIRED };

struct accounts_config {
    struct event_base *base; /* control's */
    struct store *store;     /* borrowed; closed between accounts_stop and accounts_free */
    struct workers *workers; /* borrowed; freed between them too */
    const struct keys *keys; /* borrowed */
    struct reports *reports; /* who takes a span of each login; may be NULL */
    struct access *access;   /* borrowed; NULL: nobody shows access tokens */
    struct tally *tally;     /* borrowed: what fails, by address; NULL: nobody counts */
    struct password_cost cost;
    uint32_t token_lifetime_s;
    enum accounts_registration registration;
    enum accounts_email email;
    bool guests; /* who has no account may play under a name that no account has */
};

/* Hashes once (a decoy). NULL + error. */
struct accounts *accounts_new(const struct accounts_config *config, struct error *error);
/* From here on the store and the workers are asked nothing more; what is under way ends as
 * SHUTTING_DOWN. */
void accounts_stop(struct accounts *accounts);
void accounts_free(struct accounts *accounts); /* NULL is fine */

/* New values of cost, token_lifetime_s, registration, email and guests; the rest of config is not
 * looked at. -1 + error and the old ones stay. */
int accounts_reconfigure(struct accounts *accounts, const struct accounts_config *config,
                         struct error *error) MUST_CHECK;

/* As configured: borrowed, may be NULL. */
struct access *accounts_access(const struct accounts *accounts);
/* Who must wait before he may guess again; never NULL. */
struct throttle *accounts_throttle(const struct accounts *accounts);
/* Whether guests may play, as configured now. */
bool accounts_take_guests(const struct accounts *accounts);

enum accounts_kind {
    ACCOUNTS_PASSWORD,
    ACCOUNTS_TOKEN,
    ACCOUNTS_REGISTER,
    ACCOUNTS_RESUME, /* by token too, but it goes on with what the token was given for */
    ACCOUNTS_GUEST,
    ACCOUNTS_ACCESS, /* by an access token that was found good (access.h): player, username,
                        issued_s are as it says */
    ACCOUNTS_CODE,   /* by an operator's one-time code, which sets a new password */
    ACCOUNTS_CHANGE, /* of the password, by one who is logged in: the answer is its reason alone */
};

/* Borrowed, copied before return; NUL-terminated. Those that a kind does not need may be NULL. */
struct accounts_request {
    enum accounts_kind kind;
    uint64_t tag; /* a session id */
    const struct sockaddr_storage *address;
    bool exempt; /* no limit on addresses applies to this one */
    const char *username, *email, *password, *token;
    const char *code;  /* REGISTER, where one is needed; CODE */
    const char *fresh; /* CHANGE: the new password */
    uint64_t player;   /* CHANGE, ACCESS */
    uint64_t issued_s; /* ACCESS */
};

struct accounts_answer {
    enum protocol_reason reason; /* NONE: it is who it says */
    uint32_t retry_after_ms;     /* BUSY, RATE_LIMITED, STORE_AWAY */
    char text[ERROR_TEXT_MAX];   /* for the player; empty: the reason's own */
    bool email_taken;            /* BAD_EMAIL: another account has it */
    uint64_t player;             /* 0: a guest */
    bool guest;
    char username[TEXT_NAME_MAX_BYTES + 1];
    enum protocol_role role;
    char token[PROTOCOL_TOKEN_MAX + 1]; /* a new resume token; GUEST, ACCESS: empty */
    char session[TOKEN_SESSION_BYTES];  /* a new one's name, for the token and game_sessions */
    char earlier[TOKEN_SESSION_BYTES];  /* RESUME: which the token was given for; may be empty */
    char login[TOKEN_SESSION_BYTES];    /* the session that a password began: what a log-out ends */
    uint64_t since_s;                   /* when that began, or this one does; Unix time */
    uint64_t tokens_from_s; /* his tokens of before open nothing: a new one is of no earlier */
    bool store_away; /* a good token while the database is away: nobody could look the account up */
};
typedef void accounts_answer_fn(void *context, uint64_t tag, const struct accounts_answer *answer);

/* answer is called once, perhaps before this returns. */
void accounts_login(struct accounts *accounts, const struct accounts_request *request,
                    accounts_answer_fn *answer, void *context);

/* The token of one who goes on with his earlier session, in place of answer->token. 0; -1: none can
 * be made. */
int accounts_go_on(const struct accounts *accounts, const struct accounts_answer *answer,
                   char token[PROTOCOL_TOKEN_MAX + 1]) MUST_CHECK;

#endif
