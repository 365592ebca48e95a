/* accounts.c -- the paths: one `struct attempt` a request; each step hands it to the store or a
 * worker and gets it back. */
#include "accounts/accounts.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/attempt.h"
#include "accounts/change.h"
#include "accounts/email.h"
#include "accounts/name.h"
#include "common/log.h"
#include "store/timestamp.h"

#define THROTTLE_ROWS 16384

/* Only over the hash that was checked: a password that was changed meanwhile stays. */
static void keep_rehash(struct attempt *attempt)
{
    struct store_question question = {.statement = STORE_PASSWORD_REHASH};
    struct store_password *password = &question.in.password;

    if (!attempt->rehash[0])
        return;
    password->player_id = attempt->player.id;
    password->now_ms = timestamp_now_ms();
    memcpy(password->was, attempt->player.hash, sizeof(password->was));
    memcpy(password->hash, attempt->rehash, sizeof(attempt->rehash));
    attempt_keep(attempt, &question);
    sodium_memzero(&question, sizeof(question));
}

static void hashed_password(struct attempt *attempt)
{
    if (attempt->verdict != PASSWORD_FITS || !attempt->known) {
        attempt_refuse(attempt, PROTOCOL_REASON_LOGIN_FAILED, NULL);
        return;
    }
    keep_rehash(attempt);
    attempt_keep_network(attempt);
    attempt_welcome(attempt, false);
}

static void hashed_register(struct attempt *attempt)
{
    struct store_question question = {.statement = STORE_PLAYER_ADD};

    attempt->player.created_ms = timestamp_now_ms();
    if (attempt->accounts->config.registration == ACCOUNTS_INVITE) {
        question.statement = STORE_PLAYER_ADD_INVITED;
        question.in.enrolment.player = attempt->player;
        memcpy(question.in.enrolment.code_hash, attempt->code_hash, sizeof(attempt->code_hash));
    } else {
        question.in.player = attempt->player;
    }
    attempt_ask(attempt, &question);
    sodium_memzero(&question, sizeof(question));
}

void accounts_hashed(struct workers_job *job)
{
    struct attempt *attempt = (struct attempt *)(void *)job;

    attempt->hashed = true;
    if (attempt->accounts->stopping) {
        attempt_refuse(attempt, PROTOCOL_REASON_SHUTTING_DOWN, NULL);
        return;
    }
    if (job->cancelled || attempt->verdict == PASSWORD_NO_MEMORY) {
        attempt_refuse(attempt, PROTOCOL_REASON_BUSY, NULL);
        return;
    }
    switch (attempt->kind) {
    case ACCOUNTS_PASSWORD:
        hashed_password(attempt);
        break;
    case ACCOUNTS_REGISTER:
        hashed_register(attempt);
        break;
    case ACCOUNTS_CODE:
    case ACCOUNTS_CHANGE:
        change_hashed(attempt);
        break;
    case ACCOUNTS_TOKEN:
    case ACCOUNTS_RESUME:
    case ACCOUNTS_ACCESS:
    case ACCOUNTS_GUEST:
        break; /* they have no password */
    }
}

static void answered_password(struct attempt *attempt, const struct store_answer *answer)
{
    const struct store_login_answer *login = &answer->out.login;

    attempt->known = answer->status == STORE_OK;
    attempt->known_network = attempt->known && login->known_network;
    if (attempt->known)
        attempt->player = login->player;
    if (!attempt->known || !password_usable(login->player.hash)) /* it costs the same work */
        memcpy(attempt->player.hash, attempt->accounts->decoy, sizeof(attempt->accounts->decoy));
    if (attempt_charge(attempt))
        attempt_hash(attempt);
}

static void registered(struct attempt *attempt, uint64_t id)
{
    char room[INET6_ADDRSTRLEN];

    attempt->player.id = id;
    attempt_keep_network(attempt);
    log_event(LOG_LEVEL_INFO, "account_made", "a new account", LOG_U64("id", attempt->player.id),
              LOG_TEXT("player", attempt->player.username),
              LOG_TEXT("address", attempt_address(attempt, room)));
    attempt_welcome(attempt, false);
}

/* Asked by name -> hashed -> added; where something of it was taken, asked by name once more, to
 * learn whether it was the name. */
static void answered_register(struct attempt *attempt, const struct store_answer *answer)
{
    if (!attempt->hashed && answer->status == STORE_NONE) {
        attempt_hash(attempt);
    } else if (!attempt->hashed) {
        attempt_refuse(attempt, PROTOCOL_REASON_NAME_TAKEN, NULL);
    } else if (attempt->known) { /* it was taken, and this says by whose name */
        attempt->email_taken = answer->status != STORE_OK;
        if (!attempt->email_taken)
            attempt_refuse(attempt, PROTOCOL_REASON_NAME_TAKEN, NULL);
        else
            attempt_refuse(attempt, PROTOCOL_REASON_BAD_EMAIL,
                           "that e-mail address belongs to another account");
    } else if (answer->status == STORE_TAKEN) {
        attempt->known = true;
        attempt_ask_by_name(attempt);
    } else if (answer->status == STORE_NONE) {
        attempt_refuse(attempt, PROTOCOL_REASON_BAD_CODE,
                       "that invitation is not known, used up or expired");
    } else {
        registered(attempt, answer->out.player_id);
    }
}

/* What was handed out before the password was set anew is good no longer, nor what its owner logged
 * out of (the store does not find it then). */
static void answered_token(struct attempt *attempt, const struct store_answer *answer)
{
    const struct store_player *player = &answer->out.player;

    if (answer->status != STORE_OK || attempt->claims.issued_s < player->tokens_from_ms / 1000) {
        attempt_refuse(attempt, PROTOCOL_REASON_TOKEN_REFUSED, NULL);
        return;
    }
    attempt->player = *player;
    attempt_welcome(attempt, false);
}

/* A guest has a name that no account has. */
static void answered_guest(struct attempt *attempt, const struct store_answer *answer)
{
    if (answer->status == STORE_NONE)
        attempt_welcome(attempt, false);
    else
        attempt_refuse(attempt, PROTOCOL_REASON_NAME_TAKEN, NULL);
}

void accounts_answered(void *context, uint64_t id, const struct store_answer *answer)
{
    struct accounts *accounts = context;
    struct attempt *attempt;

    HASH_FIND(hh, accounts->attempts, &id, sizeof(id), attempt);
    if (!attempt)
        return;
    if (accounts->stopping) {
        attempt_refuse(attempt, PROTOCOL_REASON_SHUTTING_DOWN, NULL);
        return;
    }
    if (attempt->looking_again) {
        attempt_looked_again(attempt, answer);
        return;
    }
    if (answer->status == STORE_AWAY &&
        (attempt->kind == ACCOUNTS_TOKEN || attempt->kind == ACCOUNTS_RESUME ||
         attempt->kind == ACCOUNTS_ACCESS)) {
        attempt->player.id = attempt->claims.player; /* our own signature vouches for both */
        memcpy(attempt->player.username, attempt->claims.name, sizeof(attempt->claims.name));
        attempt_welcome(attempt, true);
        return;
    }
    if (answer->status == STORE_AWAY) {
        change_unknown(attempt);
        attempt_refuse(attempt, PROTOCOL_REASON_STORE_AWAY, NULL);
        return;
    }
    switch (attempt->kind) {
    case ACCOUNTS_PASSWORD:
        answered_password(attempt, answer);
        break;
    case ACCOUNTS_REGISTER:
        answered_register(attempt, answer);
        break;
    case ACCOUNTS_CODE:
    case ACCOUNTS_CHANGE:
        change_answered(attempt, answer);
        break;
    case ACCOUNTS_GUEST:
        answered_guest(attempt, answer);
        break;
    case ACCOUNTS_TOKEN:
    case ACCOUNTS_RESUME:
    case ACCOUNTS_ACCESS:
        answered_token(attempt, answer);
        break;
    }
}

static void begin_password(struct attempt *attempt)
{
    /* Not by today's rule: an older account may break it. What cannot be folded has no key: it is
     * looked for in vain, like any that nobody has. */
    if (text_fold(attempt->player.username, strlen(attempt->player.username), attempt->player.key,
                  sizeof(attempt->player.key)) < 0)
        attempt->player.key[0] = '\0';
    attempt_enter(attempt, attempt_ask_by_name);
}

static int check_email(struct attempt *attempt, struct error *error)
{
    const char *email = attempt->player.email;

    switch (attempt->accounts->config.email) {
    case ACCOUNTS_EMAIL_NONE:
        if (email[0])
            return error_set(error, "this server keeps no e-mail addresses: leave it empty");
        break;
    case ACCOUNTS_EMAIL_REQUIRED:
        if (!email[0])
            return error_set(error, "this server wants an e-mail address");
        break;
    case ACCOUNTS_EMAIL_OPTIONAL:
        break;
    }
    if (email_check(email, error) < 0)
        return -1;
    return email_key(email, attempt->player.email_key, error);
}

static void begin_register(struct attempt *attempt)
{
    enum accounts_registration registration = attempt->accounts->config.registration;
    struct error error = {""};

    if (registration == ACCOUNTS_CLOSED)
        attempt_refuse(attempt, PROTOCOL_REASON_REGISTRATION_CLOSED, NULL);
    else if (name_check(attempt->player.username, attempt->player.key, &error) < 0)
        attempt_refuse(attempt, PROTOCOL_REASON_BAD_NAME, error.text);
    else if (change_check(attempt->password, &error) < 0)
        attempt_refuse(attempt, PROTOCOL_REASON_BAD_PASSWORD, error.text);
    else if (check_email(attempt, &error) < 0)
        attempt_refuse(attempt, PROTOCOL_REASON_BAD_EMAIL, error.text);
    else if (registration == ACCOUNTS_INVITE && !attempt->code_hash[0])
        attempt_refuse(attempt, PROTOCOL_REASON_BAD_CODE,
                       "this server takes who has an invitation: its code is needed");
    else
        attempt_enter(attempt, attempt_ask_by_name);
}

static void begin_guest(struct attempt *attempt)
{
    struct error error = {""};

    if (!attempt->accounts->config.guests)
        attempt_refuse(attempt, PROTOCOL_REASON_UNSUPPORTED, "this server takes no guests");
    else if (name_check(attempt->player.username, attempt->player.key, &error) < 0)
        attempt_refuse(attempt, PROTOCOL_REASON_BAD_NAME, error.text);
    else
        attempt_enter(attempt, attempt_ask_by_name);
}

static void begin_token(struct attempt *attempt, const char *token)
{
    struct store_question question = {.statement = STORE_PLAYER_BY_TOKEN};
    struct error error = {""};

    /* Nobody can guess a signature: tokens are not throttled, so that a crowd behind one address
     * comes back whatever a neighbour does. */
    if (token_read(attempt->accounts->config.keys, TOKEN_RESUME, token, timestamp_now_ms() / 1000,
                   &attempt->claims, &error) < 0) {
        log_event(LOG_LEVEL_DEBUG, "token_refused", error.text, LOG_NONE);
        attempt_refuse(attempt, PROTOCOL_REASON_TOKEN_REFUSED, NULL);
        return;
    }
    memcpy(attempt->player.username, attempt->claims.name, sizeof(attempt->claims.name));
    question.in.session.player_id = attempt->claims.player;
    memcpy(question.in.session.session_id, attempt->claims.login, sizeof(attempt->claims.login));
    attempt_ask(attempt, &question);
}

/* The signature was checked when the client connected; what became of the account since, here. */
static void begin_access(struct attempt *attempt, const struct accounts_request *request)
{
    struct store_question question = {.statement = STORE_PLAYER_BY_ID};

    attempt->claims.player = request->player;
    attempt->claims.issued_s = request->issued_s;
    memcpy(attempt->claims.name, attempt->player.username, sizeof(attempt->claims.name));
    question.in.id.player_id = request->player;
    attempt_ask(attempt, &question);
}

struct access *accounts_access(const struct accounts *accounts)
{
    return accounts->config.access;
}

struct throttle *accounts_throttle(const struct accounts *accounts)
{
    return accounts->throttle;
}

bool accounts_take_guests(const struct accounts *accounts)
{
    return accounts->config.guests;
}

void accounts_login(struct accounts *accounts, const struct accounts_request *request,
                    accounts_answer_fn *answer, void *context)
{
    struct attempt *attempt = attempt_new(accounts, request, answer, context);

    if (!attempt)
        return;
    switch (request->kind) {
    case ACCOUNTS_PASSWORD:
        begin_password(attempt);
        break;
    case ACCOUNTS_TOKEN:
    case ACCOUNTS_RESUME:
        begin_token(attempt, request->token ? request->token : "");
        break;
    case ACCOUNTS_ACCESS:
        begin_access(attempt, request);
        break;
    case ACCOUNTS_REGISTER:
        begin_register(attempt);
        break;
    case ACCOUNTS_GUEST:
        begin_guest(attempt);
        break;
    case ACCOUNTS_CODE:
        change_begin_code(attempt);
        break;
    case ACCOUNTS_CHANGE:
        change_begin(attempt, request->player);
        break;
    }
}

int accounts_reconfigure(struct accounts *accounts, const struct accounts_config *config,
                         struct error *error)
{
    char decoy[PASSWORD_HASH_BYTES];
    const struct password_cost *cost = &accounts->config.cost;
    bool same =
        accounts->decoy[0] && cost->ops == config->cost.ops && cost->bytes == config->cost.bytes;

    if (!same) {
        if (password_decoy(&config->cost, decoy) < 0)
            return error_set(error, "there is not memory enough for accounts.argon2_memory");
        memcpy(accounts->decoy, decoy, sizeof(decoy));
        accounts->config.cost = config->cost;
    }
    accounts->config.token_lifetime_s = config->token_lifetime_s;
    accounts->config.registration = config->registration;
    accounts->config.email = config->email;
    accounts->config.guests = config->guests;
    return 0;
}

struct accounts *accounts_new(const struct accounts_config *config, struct error *error)
{
    struct accounts *accounts = calloc(1, sizeof(*accounts));

    if (!accounts || !(accounts->throttle = throttle_new(THROTTLE_ROWS))) {
        error_set(error, "out of memory");
        goto fail;
    }
    accounts->config = *config;
    if (accounts_reconfigure(accounts, config, error) < 0)
        goto fail;
    return accounts;
fail:
    accounts_free(accounts);
    return NULL;
}

void accounts_stop(struct accounts *accounts)
{
    accounts->stopping = true;
    attempt_stop_all(accounts);
}

void accounts_free(struct accounts *accounts)
{
    struct attempt *attempt, *next;

    if (!accounts)
        return;
    HASH_ITER(hh, accounts->attempts, attempt, next)
    attempt_free(attempt); /* their answers can never come */
    throttle_free(accounts->throttle);
    free(accounts);
}
