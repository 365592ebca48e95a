/* refresh.c -- one `struct request` a question that is under way. */
#include "accounts/refresh.h"

#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "common/log.h"
#include "ops/metrics.h"
#include "store/timestamp.h"

#define SECRET_BYTES 32
#define FAMILY_BYTES 16
#define PRUNE_MS     3600000
#define PRUNE_ON_MS  100 /* until the next piece */
#define LOG_BURST    20
#define BASE64       sodium_base64_VARIANT_URLSAFE_NO_PADDING

struct request {
    uint64_t id; /* key: what the store answers to */
    struct refresh *refresh;
    struct refresh_asker asker;
    struct refresh_answer answer; /* as it will be, if the store agrees */
    uint64_t moment;              /* access_moment of when the account was asked for, */
    uint64_t asked_ms;            /* and the time of the token; Unix time */
    char family[STORE_FAMILY_BYTES];
    bool ends; /* it is to be revoked */
    UT_hash_handle hh;
};

struct refresh {
    struct refresh_config config;
    struct request *requests;
    uint64_t next_id;
    struct event *prune;
};

/* -- tokens and hashes ------------------------------------------------------------------------- */

static void hash_of(const char *token, char hash[STORE_TOKEN_HASH_BYTES])
{
    uint8_t bytes[crypto_hash_sha256_BYTES];

    crypto_hash_sha256(bytes, (const uint8_t *)token, strlen(token));
    sodium_bin2hex(hash, STORE_TOKEN_HASH_BYTES, bytes, sizeof(bytes));
}

static void new_token(char token[REFRESH_TOKEN_BYTES])
{
    uint8_t secret[SECRET_BYTES];

    randombytes_buf(secret, sizeof(secret));
    sodium_bin2base64(token, REFRESH_TOKEN_BYTES, secret, sizeof(secret), BASE64);
    sodium_memzero(secret, sizeof(secret));
}

/* Nothing else was ever given out: the store need not be asked. */
static bool looks_right(const char *token)
{
    uint8_t secret[SECRET_BYTES];
    size_t bytes = 0, length = strnlen(token, REFRESH_TOKEN_BYTES);
    bool right =
        length == REFRESH_TOKEN_BYTES - 1 &&
        sodium_base642bin(secret, sizeof(secret), token, length, NULL, &bytes, NULL, BASE64) == 0 &&
        bytes == sizeof(secret);

    sodium_memzero(secret, sizeof(secret));
    return right;
}

static int make_access(const struct refresh *refresh, const char *family,
                       struct refresh_answer *answer)
{
    struct token_claims claims = {.player = answer->player};
    struct error error;

    claims.issued_s = access_issue_s(refresh->config.access, answer->player, timestamp_now_ms());
    claims.expires_s = answer->access_expires_s = claims.issued_s + TOKEN_ACCESS_S;
    memcpy(claims.name, answer->username, sizeof(claims.name));
    snprintf(claims.family, sizeof(claims.family), "%s", family);
    snprintf(claims.role, sizeof(claims.role), "%s", protocol_role_name(answer->role));
    if (token_make(refresh->config.keys, TOKEN_ACCESS, &claims, answer->access, &error) == 0)
        return 0;
    log_event(LOG_LEVEL_ERROR, "token_failed", error.text, LOG_NONE);
    return -1;
}

/* -- requests ---------------------------------------------------------------------------------- */

static void answer_now(const struct refresh_asker *asker, enum refresh_outcome outcome)
{
    struct refresh_answer answer = {.outcome = outcome};

    if (asker->done)
        asker->done(asker->context, asker->tag, &answer);
}

static void ask(struct request *request, struct store_question *question, store_answer_fn *then);
static void done(struct request *request);

static void finish(struct request *request, enum refresh_outcome outcome)
{
    request->answer.outcome = outcome;
    if (outcome == REFRESH_DONE && request->answer.token[0] &&
        make_access(request->refresh, request->family, &request->answer) < 0)
        request->answer.outcome = REFRESH_AWAY;
    if (request->answer.outcome != REFRESH_DONE)
        sodium_memzero(request->answer.token, sizeof(request->answer.token));
    HASH_DEL(request->refresh->requests, request);
    if (request->asker.done)
        request->asker.done(request->asker.context, request->asker.tag, &request->answer);
    sodium_memzero(request, sizeof(*request));
    free(request);
}

/* The account changed while it was asked for: it is looked at once more. */
static void looked_again(void *context, uint64_t id, const struct store_answer *answer)
{
    const struct store_player *player = &answer->out.player;
    struct refresh *refresh = context;
    struct request *request;

    HASH_FIND(hh, refresh->requests, &id, sizeof(id), request);
    if (!request)
        return;
    if (answer->status == STORE_AWAY) {
        finish(request, REFRESH_AWAY);
    } else if (answer->status != STORE_OK || player->tokens_from_ms > request->asked_ms) {
        finish(request, REFRESH_REFUSED);
    } else {
        request->answer.role = player->role;
        memcpy(request->answer.username, player->username, sizeof(request->answer.username));
        done(request);
    }
}

/* What the database said of the account may be older than what somebody was told since: over two
 * connections one answer overtakes the other. */
static void done(struct request *request)
{
    const struct access *access = request->refresh->config.access;
    struct store_question question = {.statement = STORE_PLAYER_BY_ID};

    if (!request->answer.token[0] ||
        !access_ended_since(access, request->answer.player, request->moment)) {
        finish(request, REFRESH_DONE);
        return;
    }
    request->moment = access_moment(access);
    question.in.id.player_id = request->answer.player;
    ask(request, &question, looked_again);
}

static void warn_reused(const struct store_refresh_answer *row)
{
    static struct log_limit limit;
    uint64_t swallowed;

    metrics_add(METRIC_REFRESH_REUSED, 1);
    if (log_limit_pass(&limit, LOG_BURST, &swallowed))
        log_event(LOG_LEVEL_WARN, "refresh_reused",
                  "a refresh token came a second time: its login is ended everywhere",
                  LOG_U64("id", row->player_id), LOG_TEXT("player", row->username),
                  LOG_U64("swallowed", swallowed));
}

static void used(struct request *request, const struct store_refresh_answer *row)
{
    if (row->fate == STORE_REFRESH_REUSED) {
        warn_reused(row);
        access_end_family(request->refresh->config.access, row->family, timestamp_now_ms());
    }
    if (row->fate != STORE_REFRESH_ROTATED) {
        finish(request, REFRESH_REFUSED);
        return;
    }
    memcpy(request->family, row->family, sizeof(request->family));
    request->answer.player = row->player_id;
    request->answer.role = row->role;
    memcpy(request->answer.username, row->username, sizeof(request->answer.username));
    done(request);
}

/* What was only written is done when it is; a use brings a row. */
static void answered(void *context, uint64_t id, const struct store_answer *answer)
{
    struct refresh *refresh = context;
    struct request *request;

    HASH_FIND(hh, refresh->requests, &id, sizeof(id), request);
    if (!request)
        return;
    if (request->ends && answer->status == STORE_OK) /* NONE: there is no such token */
        access_end_family(refresh->config.access, answer->out.refresh.family, timestamp_now_ms());
    if (answer->status == STORE_AWAY)
        finish(request, REFRESH_AWAY);
    else if (request->ends)
        finish(request, REFRESH_DONE);
    else if (answer->status != STORE_OK)
        finish(request, REFRESH_REFUSED);
    else if (request->answer.token[0] && request->answer.player == 0)
        used(request, &answer->out.refresh);
    else
        done(request);
}

/* NULL: the asker was told. */
static struct request *request_new(struct refresh *refresh, const struct refresh_asker *asker)
{
    struct request *request = calloc(1, sizeof(*request));

    if (!request) {
        answer_now(asker, REFRESH_AWAY);
        return NULL;
    }
    request->id = ++refresh->next_id;
    request->refresh = refresh;
    request->asker = *asker;
    request->moment = access_moment(refresh->config.access);
    HASH_TRY_ADD(hh, refresh->requests, id, request);
    if (HASH_ADDED(hh, request))
        return request;
    free(request);
    answer_now(asker, REFRESH_AWAY);
    return NULL;
}

static void ask(struct request *request, struct store_question *question, store_answer_fn *then)
{
    question->tag = request->id;
    question->answer = then;
    question->context = request->refresh;
    if (store_ask(request->refresh->config.store, question) < 0)
        finish(request, REFRESH_AWAY);
}

/* A token for the answer, and when it and now are. */
static void prepare(struct request *request, struct store_refresh *row)
{
    row->now_ms = timestamp_now_ms();
    request->asked_ms = row->now_ms;
    row->expires_ms = row->now_ms + (uint64_t)request->refresh->config.lifetime_s * 1000;
    request->answer.expires_s = row->expires_ms / 1000;
    new_token(request->answer.token);
}

void refresh_issue(struct refresh *refresh, uint64_t player, const char *username,
                   enum protocol_role role, const struct refresh_asker *asker)
{
    struct store_question question = {.statement = STORE_REFRESH_ADD};
    struct store_refresh *row = &question.in.refresh;
    struct request *request = request_new(refresh, asker);
    uint8_t family[FAMILY_BYTES];

    if (!request)
        return;
    prepare(request, row);
    request->answer.player = player;
    request->answer.role = role;
    snprintf(request->answer.username, sizeof(request->answer.username), "%s", username);
    randombytes_buf(family, sizeof(family));
    sodium_bin2hex(row->family, sizeof(row->family), family, sizeof(family));
    memcpy(request->family, row->family, sizeof(request->family));
    row->player_id = player;
    hash_of(request->answer.token, row->hash);
    ask(request, &question, answered);
}

void refresh_use(struct refresh *refresh, const char *token, const struct refresh_asker *asker)
{
    struct store_question question = {.statement = STORE_REFRESH_USE};
    struct store_refresh *row = &question.in.refresh;
    struct request *request;

    if (!looks_right(token)) {
        answer_now(asker, REFRESH_REFUSED);
        return;
    }
    request = request_new(refresh, asker);
    if (!request)
        return;
    prepare(request, row);
    hash_of(token, row->hash);
    hash_of(request->answer.token, row->next_hash);
    ask(request, &question, answered);
}

void refresh_end(struct refresh *refresh, const char *token, const struct refresh_asker *asker)
{
    struct store_question question = {.statement = STORE_REFRESH_REVOKE};
    struct request *request;

    if (!looks_right(token)) {
        answer_now(asker, REFRESH_DONE);
        return;
    }
    request = request_new(refresh, asker);
    if (!request)
        return;
    request->ends = true;
    hash_of(token, question.in.refresh.hash);
    question.in.refresh.now_ms = timestamp_now_ms();
    ask(request, &question, answered);
}

void refresh_end_family(struct refresh *refresh, const char *family,
                        const struct refresh_asker *asker)
{
    struct store_question question = {.statement = STORE_REFRESH_REVOKE};
    struct request *request = request_new(refresh, asker);

    if (!request)
        return;
    request->ends = true;
    snprintf(question.in.refresh.family, sizeof(question.in.refresh.family), "%s", family);
    question.in.refresh.now_ms = timestamp_now_ms();
    ask(request, &question, answered);
}

void refresh_end_all(struct refresh *refresh, uint64_t player, const struct refresh_asker *asker)
{
    struct store_question question = {.statement = STORE_REFRESH_REVOKE_PLAYER};
    struct request *request = request_new(refresh, asker);

    if (!request)
        return;
    question.in.id.player_id = player;
    question.in.id.now_ms = timestamp_now_ms();
    ask(request, &question, answered);
}

/* -- beginning and end ------------------------------------------------------------------------- */

static void prune_in(struct refresh *refresh, uint32_t ms)
{
    const struct timeval wait = {(time_t)(ms / 1000), (suseconds_t)(ms % 1000) * 1000};

    event_add(refresh->prune, &wait);
}

/* As many as there are: each use of a token leaves a row that expires. */
static void pruned(void *context, uint64_t tag, const struct store_answer *answer)
{
    (void)tag;
    prune_in(context, answer->status == STORE_OK ? PRUNE_ON_MS : PRUNE_MS);
}

static void prune(evutil_socket_t fd, short what, void *context)
{
    struct refresh *refresh = context;
    struct store_question question = {
        .statement = STORE_REFRESH_PRUNE, .answer = pruned, .context = refresh};

    (void)fd, (void)what;
    question.in.id.now_ms = timestamp_now_ms();
    if (store_ask(refresh->config.store, &question) == 0)
        return;
    metrics_add(METRIC_STORE_ERRORS, 1);
    prune_in(refresh, PRUNE_MS);
}

struct refresh *refresh_new(const struct refresh_config *config, struct error *error)
{
    struct refresh *refresh = calloc(1, sizeof(*refresh));

    if (refresh) {
        refresh->config = *config;
        refresh->prune = evtimer_new(config->base, prune, refresh);
    }
    if (!refresh || !refresh->prune) {
        error_set(error, "out of memory");
        refresh_free(refresh);
        return NULL;
    }
    prune(-1, 0, refresh);
    return refresh;
}

void refresh_set_lifetime(struct refresh *refresh, uint32_t lifetime_s)
{
    refresh->config.lifetime_s = lifetime_s;
}

void refresh_free(struct refresh *refresh)
{
    struct request *request, *next;

    if (!refresh)
        return;
    HASH_ITER(hh, refresh->requests, request, next)
    {
        HASH_DEL(refresh->requests, request);
        sodium_memzero(request, sizeof(*request));
        free(request);
    }
    if (refresh->prune)
        event_free(refresh->prune);
    free(refresh);
}
