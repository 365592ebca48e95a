/* attempt.c -- see attempt.h. */
#include "accounts/attempt.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "common/clock.h"
#include "common/log.h"
#include "net/tally.h"
#include "ops/metrics.h"
#include "ops/reports.h"
#include "store/timestamp.h"

#define BUSY_RETRY_MS   2000
#define AWAY_RETRY_MS   5000
#define LOG_BURST       20
#define FAILED_AFTER_MS 250 /* since it came; what bcrypt of cost 11 and its queue take */

#define SESSION_NAME_BYTES 16 /* random, in hex a session's name */

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

/* An account's password. */
static bool guesses(const struct attempt *attempt)
{
    return attempt->kind == ACCOUNTS_PASSWORD || attempt->kind == ACCOUNTS_CHANGE;
}

static struct throttle_try try_of(const struct attempt *attempt)
{
    return (struct throttle_try){.name_key = guesses(attempt) ? attempt->player.key : NULL,
                                 .network = attempt->exempt ? NULL : attempt->network,
                                 .known = attempt->known_network ? attempt->network : NULL,
                                 .player = attempt->known ? attempt->player.id : 0,
                                 .username = attempt->known ? attempt->player.username : NULL,
                                 .now_ms = clock_steady_ms()};
}

static void finish(struct attempt *attempt, const struct accounts_answer *answer);

static bool failed(enum protocol_reason reason)
{
    return reason == PROTOCOL_REASON_LOGIN_FAILED || reason == PROTOCOL_REASON_TOKEN_REFUSED ||
           reason == PROTOCOL_REASON_BAD_CODE;
}

/* How it went and how long it took; of whom, nothing. */
static void tell_span(const struct attempt *attempt, const struct accounts_answer *answer)
{
    static const char *const KINDS[] = {
        [ACCOUNTS_PASSWORD] = "password", [ACCOUNTS_TOKEN] = "token",
        [ACCOUNTS_REGISTER] = "register", [ACCOUNTS_RESUME] = "resume",
        [ACCOUNTS_GUEST] = "guest",       [ACCOUNTS_ACCESS] = "access",
        [ACCOUNTS_CODE] = "code",         [ACCOUNTS_CHANGE] = "change"};
    struct reports *reports = attempt->accounts->config.reports;
    struct span span = {.name = "login",
                        .took_us = (clock_steady_ms() - attempt->begun_ms) * 1000,
                        .failed = answer->reason != PROTOCOL_REASON_NONE};

    if (!reports_want_spans(reports))
        return;
    span_text(&span, "openmmo.kind", KINDS[attempt->kind]);
    span_text(&span, "openmmo.outcome", protocol_reason_name(answer->reason));
    reports_span(reports, &span);
}

static void tell(const struct attempt *attempt, enum protocol_reason reason)
{
    struct tally *tally = attempt->accounts->config.tally;
    const struct sockaddr *address = (const struct sockaddr *)&attempt->address;

    if (failed(reason))
        tally_add(tally, address, TALLY_LOGIN_FAILED, 1, clock_steady_ms());
    else if (reason == PROTOCOL_REASON_RATE_LIMITED)
        tally_add(tally, address, TALLY_LOGIN_LIMITED, 1, clock_steady_ms());
}

static void note(const struct attempt *attempt, const struct accounts_answer *answer)
{
    static struct log_limit limit;
    char room[INET6_ADDRSTRLEN];
    const char *address = attempt_address(attempt, room);
    uint64_t swallowed = 0;

    tell_span(attempt, answer);
    if (answer->reason == PROTOCOL_REASON_NONE && attempt->kind == ACCOUNTS_CHANGE)
        return;
    if (answer->reason == PROTOCOL_REASON_NONE) {
        metrics_add(METRIC_LOGINS_OK, 1);
        if (attempt->kind == ACCOUNTS_REGISTER)
            metrics_add(METRIC_REGISTRATIONS, 1);
        return;
    }
    tell(attempt, answer->reason);
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

/* -- who waits for others from his address ------------------------------------------------------
 */

/* True: it does not wait any more, and may be gone. */
static bool try_enter(struct attempt *attempt)
{
    struct throttle_try tried = try_of(attempt);
    uint32_t wait_ms = throttle_address(attempt->accounts->throttle, &tried);
    struct accounts_answer answer = {.reason = PROTOCOL_REASON_RATE_LIMITED,
                                     .retry_after_ms = wait_ms};

    if (wait_ms == THROTTLE_LATER)
        return false;
    if (attempt->prev) {
        DL_DELETE(attempt->accounts->parked, attempt);
        attempt->prev = NULL;
    }
    attempt->counted = wait_ms == 0;
    if (wait_ms)
        finish(attempt, &answer);
    else
        attempt->go(attempt);
    return true;
}

void attempt_enter(struct attempt *attempt, void (*go)(struct attempt *attempt))
{
    attempt->go = go;
    if (!try_enter(attempt))
        DL_APPEND(attempt->accounts->parked, attempt);
}

/* Whoever goes on may end at once, and so come here again: one turn at a time. */
static void unpark(struct accounts *accounts)
{
    struct attempt *attempt, *next;

    accounts->unpark_again = true;
    if (accounts->unparking)
        return;
    accounts->unparking = true;
    while (accounts->unpark_again) {
        accounts->unpark_again = false;
        DL_FOREACH_SAFE(accounts->parked, attempt, next)
        try_enter(attempt);
    }
    accounts->unparking = false;
}

/* -- the end -------------------------------------------------------------------------------------
 */

static void settle(struct attempt *attempt, enum protocol_reason reason)
{
    struct throttle_try tried = try_of(attempt);
    enum throttle_verdict verdict = THROTTLE_UNJUDGED;

    if (!attempt->counted)
        return;
    if (reason == PROTOCOL_REASON_LOGIN_FAILED || reason == PROTOCOL_REASON_BAD_CODE)
        verdict = THROTTLE_WRONG;
    else if (reason == PROTOCOL_REASON_NONE)
        verdict = THROTTLE_RIGHT;
    throttle_judged(attempt->accounts->throttle, &tried, attempt->charged, verdict);
    attempt->counted = false;
}

void attempt_free(struct attempt *attempt)
{
    struct accounts *accounts = attempt->accounts;

    HASH_DEL(accounts->attempts, attempt);
    if (attempt->prev)
        DL_DELETE(accounts->parked, attempt);
    if (attempt->held)
        event_free(attempt->held);
    sodium_memzero(attempt, sizeof(*attempt));
    free(attempt);
}

static void give(struct attempt *attempt, const struct accounts_answer *answer)
{
    attempt->answer(attempt->context, attempt->tag, answer);
    attempt_free(attempt);
}

static void give_held(evutil_socket_t fd, short what, void *context)
{
    struct attempt *attempt = context;
    struct accounts_answer answer = attempt->verdict_held;

    (void)fd, (void)what;
    give(attempt, &answer);
}

/* A wrong password is answered after a time that says nothing of what it was compared with (bcrypt
 * takes longer than argon2id). False: it is late enough. */
static bool hold(struct attempt *attempt, const struct accounts_answer *answer)
{
    uint64_t due_ms = attempt->begun_ms + FAILED_AFTER_MS, now_ms = clock_steady_ms();
    struct timeval wait = {0, 0};

    if (attempt->accounts->stopping || !attempt->accounts->config.base || now_ms >= due_ms)
        return false;
    wait.tv_usec = (suseconds_t)(due_ms - now_ms) * 1000;
    attempt->held = evtimer_new(attempt->accounts->config.base, give_held, attempt);
    event_base_update_cache_time(attempt->accounts->config.base); /* the turn may be a long one */
    if (!attempt->held || event_add(attempt->held, &wait) < 0)
        return false;
    attempt->verdict_held = *answer;
    return true;
}

/* Settle with the throttle, answer, forget. */
static void finish(struct attempt *attempt, const struct accounts_answer *answer)
{
    struct accounts *accounts = attempt->accounts;

    settle(attempt, answer->reason);
    note(attempt, answer);
    if (answer->reason != PROTOCOL_REASON_LOGIN_FAILED || !hold(attempt, answer))
        give(attempt, answer);
    unpark(accounts);
}

void attempt_stop_all(struct accounts *accounts)
{
    struct attempt *attempt, *next;

    while (accounts->parked) /* one that ends may let others go on, and end */
        attempt_refuse(accounts->parked, PROTOCOL_REASON_SHUTTING_DOWN, NULL);
    HASH_ITER(hh, accounts->attempts, attempt, next)
    if (attempt->held)
        give_held(-1, 0, attempt);
}

void attempt_refuse(struct attempt *attempt, enum protocol_reason reason, const char *text)
{
    struct accounts_answer answer = {.reason = reason, .email_taken = attempt->email_taken};

    if (reason == PROTOCOL_REASON_BUSY)
        answer.retry_after_ms = BUSY_RETRY_MS;
    if (reason == PROTOCOL_REASON_STORE_AWAY)
        answer.retry_after_ms = AWAY_RETRY_MS;
    if (text)
        snprintf(answer.text, sizeof(answer.text), "%s", text);
    finish(attempt, &answer);
}

/* A token for who was found to be somebody, in that session. */
static int make_token(const struct accounts *accounts, const struct accounts_answer *answer,
                      const char *session, char token[PROTOCOL_TOKEN_MAX + 1])
{
    struct token_claims claims = {.player = answer->player, .since_s = answer->since_s};
    uint64_t now_s = timestamp_now_ms() / 1000, from_s = answer->tokens_from_s;
    struct error error;

    /* A change of the password ends those of its whole second, but for who came by the new one. */
    claims.issued_s = from_s > now_s && from_s <= now_s + TOKEN_LEEWAY_S ? from_s : now_s;
    claims.expires_s = claims.issued_s + accounts->config.token_lifetime_s;
    memcpy(claims.name, answer->username, sizeof(claims.name));
    snprintf(claims.session, sizeof(claims.session), "%s", session);
    memcpy(claims.login, answer->login, sizeof(claims.login));
    if (token_make(accounts->config.keys, TOKEN_RESUME, &claims, token, &error) == 0)
        return 0;
    log_event(LOG_LEVEL_ERROR, "token_failed", error.text, LOG_NONE);
    return -1;
}

int accounts_go_on(const struct accounts *accounts, const struct accounts_answer *answer,
                   char token[PROTOCOL_TOKEN_MAX + 1])
{
    return make_token(accounts, answer, answer->earlier, token);
}

static void welcome(struct attempt *attempt, bool store_away)
{
    struct accounts_answer answer = {.reason = PROTOCOL_REASON_NONE, .store_away = store_away};
    uint8_t name[SESSION_NAME_BYTES];

    randombytes_buf(name, sizeof(name));
    sodium_bin2hex(answer.session, sizeof(answer.session), name, sizeof(name));
    answer.player = attempt->player.id;
    answer.role = attempt->player.role;
    memcpy(answer.username, attempt->player.username, sizeof(answer.username));
    answer.since_s = timestamp_now_ms() / 1000;
    answer.tokens_from_s = attempt->player.tokens_from_ms / 1000;
    if (attempt->kind == ACCOUNTS_RESUME) {
        memcpy(answer.earlier, attempt->claims.session, sizeof(answer.earlier));
        answer.since_s = attempt->claims.since_s;
    }
    memcpy(answer.login, attempt->claims.login[0] ? attempt->claims.login : answer.session,
           sizeof(answer.login));
    answer.guest = attempt->kind == ACCOUNTS_GUEST;
    if (!answer.guest && attempt->kind != ACCOUNTS_ACCESS &&
        make_token(attempt->accounts, &answer, answer.session, answer.token) < 0) {
        attempt_refuse(attempt, PROTOCOL_REASON_INTERNAL, NULL);
        return;
    }
    finish(attempt, &answer);
    sodium_memzero(&answer, sizeof(answer));
}

/* An operator may have given it another role or name, or somebody a new password, while a password
 * was hashed; or that was said before an answer that is older than it came. */
void attempt_welcome(struct attempt *attempt, bool store_away)
{
    const struct access *access = attempt->accounts->config.access;
    struct store_question question = {.statement = STORE_PLAYER_BY_ID};

    if (store_away || attempt->kind == ACCOUNTS_GUEST ||
        !access_ended_since(access, attempt->player.id, attempt->moment)) {
        welcome(attempt, store_away);
        return;
    }
    attempt->looking_again = true;
    attempt->moment = access_moment(access);
    question.in.id.player_id = attempt->player.id;
    attempt_ask(attempt, &question);
}

void attempt_looked_again(struct attempt *attempt, const struct store_answer *answer)
{
    const struct store_player *player = &answer->out.player;
    bool by_token = attempt->claims.player != 0;

    if (answer->status == STORE_AWAY) {
        attempt_refuse(attempt, PROTOCOL_REASON_STORE_AWAY, NULL);
    } else if (answer->status != STORE_OK ||
               player->tokens_from_ms != attempt->player.tokens_from_ms) {
        attempt_refuse(
            attempt, by_token ? PROTOCOL_REASON_TOKEN_REFUSED : PROTOCOL_REASON_LOGIN_FAILED, NULL);
    } else {
        attempt->player = *player;
        attempt_welcome(attempt, false);
    }
}

void attempt_done(struct attempt *attempt)
{
    static const struct accounts_answer done = {.reason = PROTOCOL_REASON_NONE};

    finish(attempt, &done);
}

void attempt_keep(struct attempt *attempt, const struct store_question *question)
{
    if (store_ask(attempt->accounts->config.store, question) < 0)
        metrics_add(METRIC_STORE_ERRORS, 1);
}

void attempt_keep_network(struct attempt *attempt)
{
    struct store_question question = {.statement = STORE_ADDRESS_SEEN};

    if (!attempt->network[0])
        return;
    question.in.seen.player_id = attempt->player.id;
    question.in.seen.now_ms = timestamp_now_ms();
    memcpy(question.in.seen.network, attempt->network, sizeof(attempt->network));
    attempt_keep(attempt, &question);
}

void attempt_ask_by_name(struct attempt *attempt)
{
    struct store_question question = {.statement = STORE_LOGIN_BY_NAME};

    memcpy(question.in.login.key, attempt->player.key, sizeof(question.in.login.key));
    memcpy(question.in.login.network, attempt->network, sizeof(attempt->network));
    attempt_ask(attempt, &question);
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

/* On a worker. A hash of older costs, or of the program before us, gives way to a new one while the
 * password is at hand; where that fails the old one does. */
static void check(struct attempt *attempt)
{
    bool change = attempt->kind == ACCOUNTS_CHANGE;

    attempt->verdict = password_check(attempt->password, attempt->player.hash);
    if (attempt->verdict != PASSWORD_FITS || !attempt->known ||
        (!change && !password_outdated(attempt->player.hash, &attempt->cost)))
        return;
    if (password_hash(change ? attempt->fresh : attempt->password, &attempt->cost,
                      attempt->rehash) == 0)
        return;
    attempt->rehash[0] = '\0';
    if (change)
        attempt->verdict = PASSWORD_NO_MEMORY;
}

/* On a worker. */
static void hash(struct workers_job *job)
{
    struct attempt *attempt = (struct attempt *)(void *)job;

    if (guesses(attempt))
        check(attempt);
    else if (password_hash(attempt->password, &attempt->cost, attempt->player.hash) == 0)
        attempt->verdict = PASSWORD_FITS;
    else
        attempt->verdict = PASSWORD_NO_MEMORY;
    sodium_memzero(attempt->password, sizeof(attempt->password));
    sodium_memzero(attempt->fresh, sizeof(attempt->fresh));
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

bool attempt_charge(struct attempt *attempt)
{
    struct throttle_try tried = try_of(attempt);
    uint32_t wait_ms = throttle_account(attempt->accounts->throttle, &tried);
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
    whence_text(request->address, attempt->network);
    attempt->exempt = request->exempt;
    attempt->begun_ms = clock_steady_ms();
    attempt->moment = access_moment(accounts->config.access);
    HASH_TRY_ADD(hh, accounts->attempts, id, attempt);
    if (!HASH_ADDED(hh, attempt)) {
        free(attempt);
        answer(context, request->tag, &busy);
        return NULL;
    }
    if (!take(attempt->player.username, sizeof(attempt->player.username), request->username) ||
        !take(attempt->player.email, sizeof(attempt->player.email), request->email) ||
        !take(attempt->password, sizeof(attempt->password), request->password) ||
        !take(attempt->fresh, sizeof(attempt->fresh), request->fresh)) {
        attempt_refuse(attempt, PROTOCOL_REASON_MALFORMED, NULL);
        return NULL;
    }
    if (request->code && code_hash(request->code, attempt->code_hash) < 0)
        attempt->code_hash[0] = '\0'; /* no code's */
    return attempt;
}
