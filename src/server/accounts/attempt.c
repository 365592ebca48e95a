/* attempt.c -- see attempt.h. */
#include "accounts/attempt.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "ops/metrics.h"
#include "store/timestamp.h"

#define BUSY_RETRY_MS 2000
#define AWAY_RETRY_MS 5000
#define LOG_BURST     20

static uint64_t monotonic_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

const char *attempt_address(const struct attempt *attempt, char room[INET6_ADDRSTRLEN])
{
    const struct sockaddr_storage *address = &attempt->address;
    const void *from = &((const struct sockaddr_in *)(const void *)address)->sin_addr;

    if (address->ss_family == AF_INET6)
        from = &((const struct sockaddr_in6 *)(const void *)address)->sin6_addr;
    else if (address->ss_family != AF_INET)
        return "-";
    return inet_ntop(address->ss_family, from, room, INET6_ADDRSTRLEN) ? room : "-";
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
    const char *address = attempt_address(attempt, room);
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

void attempt_refuse(struct attempt *attempt, enum protocol_reason reason, const char *text)
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

void attempt_welcome(struct attempt *attempt, bool store_away)
{
    struct accounts_answer answer = {.reason = PROTOCOL_REASON_NONE, .store_away = store_away};
    struct token_claims claims = {.player = attempt->player.id};
    struct error error;

    claims.issued_s = timestamp_now_ms() / 1000;
    claims.expires_s = claims.issued_s + attempt->accounts->config.token_lifetime_s;
    memcpy(claims.name, attempt->player.username, sizeof(claims.name));
    if (token_make(attempt->accounts->config.keys, TOKEN_RESUME, &claims, answer.token, &error) < 0) {
        log_event(LOG_LEVEL_ERROR, "token_failed", error.text, LOG_NONE);
        attempt_refuse(attempt, PROTOCOL_REASON_INTERNAL, NULL);
        return;
    }
    answer.player = attempt->player.id;
    memcpy(answer.username, attempt->player.username, sizeof(answer.username));
    finish(attempt, &answer);
    sodium_memzero(&answer, sizeof(answer));
}

void attempt_ask(struct attempt *attempt, struct store_question *question)
{
    question->tag = attempt->id;
    question->answer = accounts_answered;
    question->context = attempt->accounts;
    if (attempt->accounts->stopping)
        attempt_refuse(attempt, PROTOCOL_REASON_SHUTTING_DOWN, NULL);
    else if (store_ask(attempt->accounts->config.store, question) < 0)
        attempt_refuse(attempt, PROTOCOL_REASON_BUSY, NULL);
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

void attempt_hash(struct attempt *attempt)
{
    attempt->job.run = hash;
    attempt->job.done = accounts_hashed;
    attempt->cost = attempt->accounts->config.cost;
    if (attempt->accounts->stopping)
        attempt_refuse(attempt, PROTOCOL_REASON_SHUTTING_DOWN, NULL);
    else if (workers_submit(attempt->accounts->config.workers, &attempt->job) < 0)
        attempt_refuse(attempt, PROTOCOL_REASON_BUSY, NULL);
}

/* False: it was refused, the attempt is gone. */
bool attempt_charge(struct attempt *attempt)
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

struct attempt *attempt_new(struct accounts *accounts, const struct accounts_request *request,
                            accounts_answer_fn *answer, void *context)
{
    static const struct accounts_answer busy = {.reason = PROTOCOL_REASON_BUSY,
                                                .retry_after_ms = BUSY_RETRY_MS};
    struct attempt *attempt = calloc(1, sizeof(*attempt));

    if (!attempt) {
        answer(context, request->tag, &busy);
        return NULL;
    }
    attempt->accounts = accounts;
    attempt->id = ++accounts->next_id;
    attempt->kind = request->kind;
    attempt->tag = request->tag;
    attempt->answer = answer;
    attempt->context = context;
    attempt->address = *request->address;
    attempt->exempt = request->exempt;
    HASH_TRY_ADD(hh, accounts->attempts, id, attempt);
    if (!HASH_ADDED(hh, attempt)) {
        free(attempt);
        answer(context, request->tag, &busy);
        return NULL;
    }
    if (!take(attempt->player.username, sizeof(attempt->player.username), request->username) ||
        !take(attempt->player.email, sizeof(attempt->player.email), request->email) ||
        !take(attempt->password, sizeof(attempt->password), request->password)) {
        attempt_refuse(attempt, PROTOCOL_REASON_MALFORMED, NULL);
        return NULL;
    }
    return attempt;
}
