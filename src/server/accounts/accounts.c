/* accounts.c -- one `struct attempt` a request; each step hands it to the store or a worker and
 * gets it back. */
#include "accounts/accounts.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uthash.h>

#include "accounts/throttle.h"
#include "accounts/token.h"
#include "common/log.h"
#include "ops/metrics.h"
#include "store/timestamp.h"

#define THROTTLE_ROWS      16384
#define BUSY_RETRY_MS      2000
#define AWAY_RETRY_MS      5000
#define LOG_BURST          20
#define EMAIL_LOCAL_MAX    64
#define CONTROL_CHARACTERS 0x20

struct attempt {
    struct workers_job job; /* first */
    struct accounts *accounts;
    uint64_t id; /* key: what the store answers to */
    enum accounts_kind kind;
    uint64_t tag;
    accounts_answer_fn *answer;
    void *context;
    struct sockaddr_storage address;
    bool exempt;
    struct store_player player; /* what is asked for, then what the store knows; key: the name's */
    char password[TEXT_PASSWORD_MAX_BYTES + 1];
    struct password_cost cost;
    struct token_claims claims;
    bool known;                    /* the store has that name */
    bool charged;                  /* the throttle counted it */
    enum password_verdict verdict; /* the worker's */
    UT_hash_handle hh;
};

struct accounts {
    struct accounts_config config;
    struct throttle *throttle;
    struct attempt *attempts;
    uint64_t next_id;
    bool stopping;
    char decoy[PASSWORD_HASH_BYTES];
};

static uint64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const char *address_text(const struct sockaddr_storage *address, char *room, size_t bytes)
{
    const void *from = &((const struct sockaddr_in *)(const void *)address)->sin_addr;

    if (address->ss_family == AF_INET6)
        from = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    else if (address->ss_family != AF_INET)
        return "-";
    return inet_ntop(address->ss_family, from, room, (socklen_t)bytes) ? room : "-";
}

static struct throttle_try try_of(const struct attempt *attempt)
{
    return (struct throttle_try){
        .name_key = attempt->kind == ACCOUNTS_PASSWORD ? attempt->player.key : NULL,
        .address = attempt->exempt ? NULL : &attempt->address,
        .now_ms = monotonic_ms()};
}

static bool failed(enum protocol_reason reason)
{
    return reason == PROTOCOL_REASON_LOGIN_FAILED || reason == PROTOCOL_REASON_TOKEN_REFUSED;
}

static void note(const struct attempt *attempt, const struct accounts_answer *answer)
{
    static struct log_limit limit;
    char room[INET6_ADDRSTRLEN];
    const char *address = address_text(&attempt->address, room, sizeof(room));
    uint64_t swallowed = 0;

    if (answer->reason == PROTOCOL_REASON_NONE) {
        metrics_add(METRIC_LOGINS_OK, 1);
        if (attempt->kind == ACCOUNTS_REGISTER)
            metrics_add(METRIC_REGISTRATIONS, 1);
        return;
    }
    if (answer->reason == PROTOCOL_REASON_RATE_LIMITED || answer->reason == PROTOCOL_REASON_BUSY)
        metrics_add(METRIC_LOGINS_LIMITED, 1);
    else if (failed(answer->reason))
        metrics_add(METRIC_LOGINS_FAILED, 1);
    else
        return; /* a form to be filled in better */
    if (log_limit_pass(&limit, LOG_BURST, &swallowed))
        log_event(LOG_LEVEL_WARN, "login_refused", protocol_reason_text(answer->reason),
                  /* what is no account's name may be a password typed into the wrong field */
                  LOG_TEXT("player", attempt->known ? attempt->player.username : NULL),
                  LOG_TEXT("address", address),
                  LOG_TEXT("reason", protocol_reason_name(answer->reason)),
                  LOG_U64("swallowed", swallowed));
}

/* Settle with the throttle, answer, forget. */
static void finish(struct attempt *attempt, const struct accounts_answer *answer)
{
    struct accounts *accounts = attempt->accounts;
    struct throttle_try tried = try_of(attempt);

    if (answer->reason == PROTOCOL_REASON_LOGIN_FAILED)
        throttle_failed(accounts->throttle, &tried);
    else if (attempt->charged && answer->reason == PROTOCOL_REASON_NONE)
        throttle_succeeded(accounts->throttle, &tried);
    else if (attempt->charged)
        throttle_refund(accounts->throttle, &tried);
    note(attempt, answer);
    HASH_DEL(accounts->attempts, attempt);
    attempt->answer(attempt->context, attempt->tag, answer);
    sodium_memzero(attempt, sizeof(*attempt));
    free(attempt);
}

static void refuse(struct attempt *attempt, enum protocol_reason reason, const char *text)
{
    struct accounts_answer answer = {.reason = reason};

    if (reason == PROTOCOL_REASON_BUSY)
        answer.retry_after_ms = BUSY_RETRY_MS;
    if (reason == PROTOCOL_REASON_STORE_AWAY)
        answer.retry_after_ms = AWAY_RETRY_MS;
    if (text)
        snprintf(answer.text, sizeof(answer.text), "%s", text);
    finish(attempt, &answer);
}

static void welcome(struct attempt *attempt, bool store_away)
{
    struct accounts_answer answer = {.reason = PROTOCOL_REASON_NONE, .store_away = store_away};
    struct token_claims claims = {.player = attempt->player.id};
    struct error error;

    claims.issued_s = timestamp_now_ms() / 1000;
    claims.expires_s = claims.issued_s + attempt->accounts->config.token_lifetime_s;
    memcpy(claims.name, attempt->player.username, sizeof(claims.name));
    if (token_make(attempt->accounts->config.key, &claims, answer.token, &error) < 0) {
        log_event(LOG_LEVEL_ERROR, "token_failed", error.text, LOG_NONE);
        refuse(attempt, PROTOCOL_REASON_INTERNAL, NULL);
        return;
    }
    answer.player = attempt->player.id;
    memcpy(answer.username, attempt->player.username, sizeof(answer.username));
    finish(attempt, &answer);
    sodium_memzero(&answer, sizeof(answer));
}

static void answered(void *context, uint64_t id, const struct store_answer *answer);

static void ask(struct attempt *attempt, struct store_question *question)
{
    question->tag = attempt->id;
    question->answer = answered;
    question->context = attempt->accounts;
    if (attempt->accounts->stopping)
        refuse(attempt, PROTOCOL_REASON_SHUTTING_DOWN, NULL);
    else if (store_ask(attempt->accounts->config.store, question) < 0)
        refuse(attempt, PROTOCOL_REASON_BUSY, NULL);
}

/* On a worker. */
static void hash(struct workers_job *job)
{
    struct attempt *attempt = (struct attempt *)(void *)job;

    if (attempt->kind == ACCOUNTS_PASSWORD)
        attempt->verdict = password_check(attempt->password, attempt->player.hash);
    else if (password_hash(attempt->password, &attempt->cost, attempt->player.hash) == 0)
        attempt->verdict = PASSWORD_FITS;
    else
        attempt->verdict = PASSWORD_NO_MEMORY;
    sodium_memzero(attempt->password, sizeof(attempt->password));
}

static void hashed(struct workers_job *job)
{
    struct attempt *attempt = (struct attempt *)(void *)job;
    struct store_question question = {.statement = STORE_PLAYER_ADD};

    if (attempt->accounts->stopping) {
        refuse(attempt, PROTOCOL_REASON_SHUTTING_DOWN, NULL);
    } else if (job->cancelled || attempt->verdict == PASSWORD_NO_MEMORY) {
        refuse(attempt, PROTOCOL_REASON_BUSY, NULL);
    } else if (attempt->kind == ACCOUNTS_REGISTER) {
        attempt->player.created_ms = timestamp_now_ms();
        question.in.player = attempt->player;
        ask(attempt, &question);
    } else if (attempt->verdict == PASSWORD_FITS && attempt->known) {
        welcome(attempt, false);
    } else {
        refuse(attempt, PROTOCOL_REASON_LOGIN_FAILED, NULL);
    }
    sodium_memzero(&question, sizeof(question));
}

static void go_and_hash(struct attempt *attempt)
{
    attempt->job.run = hash;
    attempt->job.done = hashed;
    attempt->cost = attempt->accounts->config.cost;
    if (attempt->accounts->stopping)
        refuse(attempt, PROTOCOL_REASON_SHUTTING_DOWN, NULL);
    else if (workers_submit(attempt->accounts->config.workers, &attempt->job) < 0)
        refuse(attempt, PROTOCOL_REASON_BUSY, NULL);
}

static void answered_password(struct attempt *attempt, const struct store_answer *answer)
{
    attempt->known = answer->status == STORE_OK;
    if (attempt->known)
        attempt->player = answer->out.player;
    else /* the same work for a name that nobody has */
        memcpy(attempt->player.hash, attempt->accounts->decoy, sizeof(attempt->accounts->decoy));
    go_and_hash(attempt);
}

static void answered_register(struct attempt *attempt, const struct store_answer *answer)
{
    bool was_added = attempt->player.hash[0] != '\0';

    if (answer->status == STORE_TAKEN || (!was_added && answer->status == STORE_OK)) {
        refuse(attempt, PROTOCOL_REASON_NAME_TAKEN, NULL);
    } else if (!was_added) {
        go_and_hash(attempt);
    } else {
        char room[INET6_ADDRSTRLEN];

        attempt->player.id = answer->out.player_id;
        log_event(LOG_LEVEL_INFO, "account_made", "a new account",
                  LOG_U64("id", attempt->player.id), LOG_TEXT("player", attempt->player.username),
                  LOG_TEXT("address", address_text(&attempt->address, room, sizeof(room))));
        welcome(attempt, false);
    }
}

static void answered(void *context, uint64_t id, const struct store_answer *answer)
{
    struct accounts *accounts = context;
    struct attempt *attempt;

    HASH_FIND(hh, accounts->attempts, &id, sizeof(id), attempt);
    if (!attempt)
        return;
    if (answer->status == STORE_AWAY && attempt->kind == ACCOUNTS_TOKEN) {
        attempt->player.id = attempt->claims.player; /* our own signature vouches for both */
        memcpy(attempt->player.username, attempt->claims.name, sizeof(attempt->claims.name));
        welcome(attempt, true);
        return;
    }
    if (answer->status == STORE_AWAY) {
        refuse(attempt, PROTOCOL_REASON_STORE_AWAY, NULL);
        return;
    }
    switch (attempt->kind) {
    case ACCOUNTS_PASSWORD:
        answered_password(attempt, answer);
        break;
    case ACCOUNTS_REGISTER:
        answered_register(attempt, answer);
        break;
    case ACCOUNTS_TOKEN:
        if (answer->status == STORE_OK) {
            attempt->player = answer->out.player;
            welcome(attempt, false);
        } else {
            refuse(attempt, PROTOCOL_REASON_TOKEN_REFUSED, NULL);
        }
        break;
    }
}

/* False: it was refused, the attempt is gone. */
static bool charge(struct attempt *attempt)
{
    struct throttle_try attempted = try_of(attempt);
    uint32_t wait_ms = throttle_charge(attempt->accounts->throttle, &attempted);
    struct accounts_answer answer = {.reason = PROTOCOL_REASON_RATE_LIMITED,
                                     .retry_after_ms = wait_ms};

    if (wait_ms) {
        finish(attempt, &answer);
        return false;
    }
    attempt->charged = true;
    return true;
}

static void ask_by_name(struct attempt *attempt)
{
    struct store_question question = {.statement = STORE_PLAYER_BY_NAME};

    memcpy(question.in.key, attempt->player.key, sizeof(question.in.key));
    ask(attempt, &question);
}

static void begin_password(struct attempt *attempt)
{
    /* A name that is none has no key: it is looked for in vain, like any that nobody has. */
    if (text_name_key(attempt->player.username, strlen(attempt->player.username),
                      attempt->player.key, NULL) < 0)
        attempt->player.key[0] = '\0';
    if (charge(attempt))
        ask_by_name(attempt);
}

static void begin_register(struct attempt *attempt)
{
    const char *name = attempt->player.username;
    size_t password_bytes = strlen(attempt->password);
    struct error error = {""};

    if (!attempt->accounts->config.registration_open)
        refuse(attempt, PROTOCOL_REASON_REGISTRATION_CLOSED, NULL);
    else if (text_name_check(name, strlen(name), &error) < 0 ||
             text_name_key(name, strlen(name), attempt->player.key, &error) < 0)
        refuse(attempt, PROTOCOL_REASON_BAD_NAME, error.text);
    else if (password_bytes < TEXT_PASSWORD_MIN_BYTES)
        refuse(attempt, PROTOCOL_REASON_BAD_PASSWORD,
               "the password is too short: at least 8 bytes");
    else if (accounts_email_check(attempt->player.email, &error) < 0)
        refuse(attempt, PROTOCOL_REASON_BAD_EMAIL, error.text);
    else if (charge(attempt))
        ask_by_name(attempt);
}

static void begin_token(struct attempt *attempt, const char *token)
{
    struct store_question question = {.statement = STORE_PLAYER_BY_ID};
    struct error error = {""};

    /* Nobody can guess a signature: tokens are not throttled, so that a crowd behind one address
     * comes back whatever a neighbour does. */
    if (token_read(attempt->accounts->config.key, token, timestamp_now_ms() / 1000,
                   &attempt->claims, &error) < 0) {
        log_event(LOG_LEVEL_DEBUG, "token_refused", error.text, LOG_NONE);
        refuse(attempt, PROTOCOL_REASON_TOKEN_REFUSED, NULL);
        return;
    }
    memcpy(attempt->player.username, attempt->claims.name, sizeof(attempt->claims.name));
    question.in.id.player_id = attempt->claims.player;
    ask(attempt, &question);
}

/* Copy what fits; false if it does not (the caller's limits are ours, so nobody honest meets this).
 */
static bool take(char *room, size_t room_bytes, const char *text)
{
    size_t length = text ? strlen(text) : 0;

    if (length >= room_bytes)
        return false;
    if (length)
        memcpy(room, text, length);
    room[length] = '\0';
    return true;
}

void accounts_login(struct accounts *accounts, const struct accounts_request *request,
                    accounts_answer_fn *answer, void *context)
{
    static const struct accounts_answer busy = {.reason = PROTOCOL_REASON_BUSY,
                                                .retry_after_ms = BUSY_RETRY_MS};
    struct attempt *attempt = calloc(1, sizeof(*attempt));

    if (!attempt) {
        answer(context, request->tag, &busy);
        return;
    }
    attempt->accounts = accounts;
    attempt->id = ++accounts->next_id;
    attempt->kind = request->kind;
    attempt->tag = request->tag;
    attempt->answer = answer;
    attempt->context = context;
    attempt->address = *request->address;
    attempt->exempt = request->exempt;
    HASH_ADD(hh, accounts->attempts, id, sizeof(attempt->id), attempt);
    if (!take(attempt->player.username, sizeof(attempt->player.username), request->username) ||
        !take(attempt->player.email, sizeof(attempt->player.email), request->email) ||
        !take(attempt->password, sizeof(attempt->password), request->password)) {
        refuse(attempt, PROTOCOL_REASON_MALFORMED, NULL);
        return;
    }
    switch (request->kind) {
    case ACCOUNTS_PASSWORD:
        begin_password(attempt);
        break;
    case ACCOUNTS_TOKEN:
        begin_token(attempt, request->token ? request->token : "");
        break;
    case ACCOUNTS_REGISTER:
        begin_register(attempt);
        break;
    }
}

int accounts_email_check(const char *email, struct error *error)
{
    const char *at = strrchr(email, '@');
    size_t length = strlen(email);

    if (length == 0)
        return 0;
    if (length > STORE_EMAIL_MAX)
        return error_set(error, "that e-mail address is too long");
    if (!text_utf8_valid(email, length))
        return error_set(error, "that e-mail address is not valid UTF-8");
    for (const char *c = email; *c; c++)
        if ((unsigned char)*c <= CONTROL_CHARACTERS || *c == 0x7f)
            return error_set(error, "an e-mail address holds no spaces or control characters");
    if (!at || at == email || !at[1] || at - email > EMAIL_LOCAL_MAX || at[1] == '.' ||
        email[length - 1] == '.' || strstr(at, "..") || memchr(email, '@', (size_t)(at - email)))
        return error_set(error, "that is no e-mail address: name@domain");
    return 0;
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
    accounts->config.registration_open = config->registration_open;
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
}

void accounts_free(struct accounts *accounts)
{
    struct attempt *attempt, *next;

    if (!accounts)
        return;
    HASH_ITER(hh, accounts->attempts, attempt, next)
    { /* their answers can never come */
        HASH_DEL(accounts->attempts, attempt);
        sodium_memzero(attempt, sizeof(*attempt));
        free(attempt);
    }
    throttle_free(accounts->throttle);
    free(accounts);
}
