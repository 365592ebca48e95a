/* api_auth.c -- accounts over HTTP: register, log in, stay logged in, log out.
 *
 *   body -> ban of the address? -> accounts (throttle, store, hash) -> ban of the account?
 *        -> a family of refresh tokens begins -> both tokens
 *
 * A name that nobody has gets what a wrong password gets, in as much time. */
#include <string.h>
#include <strings.h>

#include "accounts/access.h"
#include "accounts/accounts.h"
#include "accounts/bans.h"
#include "accounts/policy.h"
#include "accounts/refresh.h"
#include "common/compiler.h"
#include "http/api.h"
#include "http/asked.h"
#include "http/http.h"
#include "ops/metrics.h"
#include "play/presence.h"
#include "store/timestamp.h"

static const struct http_services *services_of(const struct http_call *call)
{
    return http_services(call_http(call));
}

/* -- refusals ---------------------------------------------------------------------------------- */

/* How a reason of accounts is said over HTTP; the sentence is its own. */
static const struct refusal {
    enum protocol_reason reason;
    int status;
    const char *field; /* NULL: none is to blame */
} refusals[] = {
    {PROTOCOL_REASON_LOGIN_FAILED, 401, NULL},
    {PROTOCOL_REASON_NAME_TAKEN, 409, "username"},
    {PROTOCOL_REASON_BAD_NAME, 422, "username"},
    {PROTOCOL_REASON_BAD_PASSWORD, 422, "password"},
    {PROTOCOL_REASON_BAD_EMAIL, 422, "email"},
    {PROTOCOL_REASON_BAD_CODE, 422, "code"},
    {PROTOCOL_REASON_REGISTRATION_CLOSED, 403, NULL},
    {PROTOCOL_REASON_RATE_LIMITED, 429, NULL},
    {PROTOCOL_REASON_BUSY, 503, NULL},
    {PROTOCOL_REASON_STORE_AWAY, 503, NULL},
    {PROTOCOL_REASON_SHUTTING_DOWN, 503, NULL},
    {PROTOCOL_REASON_MALFORMED, 422, NULL},
};

static void refuse(struct http_call *call, const struct accounts_answer *answer)
{
    struct refusal refusal = {.status = 500};
    const char *text = answer->text[0] ? answer->text : protocol_reason_text(answer->reason);

    for (size_t i = 0; i < ARRAY_N(refusals); i++)
        if (refusals[i].reason == answer->reason)
            refusal = refusals[i];
    if (answer->email_taken)
        refusal.status = 409;
    if (refusal.status == 429 || refusal.status == 503)
        asked_retry_after(call, answer->retry_after_ms);
    if (refusal.status == 401)
        call_add_header(call, "WWW-Authenticate", "Bearer");
    if (refusal.field)
        call_problem_field(call, refusal.status, text, refusal.field, text);
    else
        call_problem(call, refusal.status, text);
}

static void refuse_banned(struct http_call *call, const struct ban *ban)
{
    char text[BANS_TEXT_MAX];

    metrics_add(METRIC_BANNED_REFUSED, 1);
    bans_sentence(ban, text);
    call_problem(call, 403, text);
}

/* True: the address may not come in, and the call is answered. */
static bool address_banned(struct http_call *call)
{
    const struct ban *ban =
        bans_address(services_of(call)->bans, call_address(call), timestamp_now_ms());

    if (ban)
        refuse_banned(call, ban);
    return ban != NULL;
}

static struct policy_guest guest_of(const struct http_call *call, uint64_t player,
                                    enum protocol_role role)
{
    const struct presence *presence = services_of(call)->presence;

    return (struct policy_guest){.player = player,
                                 .staff = role != PROTOCOL_ROLE_PLAYER,
                                 .here = presence_stands(presence, player),
                                 .returns = presence_returns(presence, player)};
}

/* True: the policy turns him away, and the call is answered. */
static bool turned_away(struct http_call *call, const struct policy_guest *guest)
{
    struct policy_refusal refusal;

    if (policy_lets_in(services_of(call)->policy, guest, &refusal))
        return false;
    if (refusal.retry_after_ms > 0)
        asked_retry_after(call, refusal.retry_after_ms);
    call_problem(call, refusal.reason == PROTOCOL_REASON_NOT_LISTED ? 403 : 503, refusal.text);
    return true;
}

/* Whether the list has him no longer. Maintenance and a drain are not asked: they shut the world to
 * him, and when they are over he shall be logged in still. */
static bool unlisted(const struct http_call *call, const struct policy_guest *guest)
{
    struct policy_refusal refusal;

    return !policy_admits(services_of(call)->policy, guest, &refusal) &&
           refusal.reason == PROTOCOL_REASON_NOT_LISTED;
}

/* -- tokens ------------------------------------------------------------------------------------ */

static void answer_tokens(struct http_call *call, int status, const struct refresh_answer *answer)
{
    uint64_t now_s = timestamp_now_ms() / 1000;
    uint64_t expires_in = answer->access_expires_s > now_s ? answer->access_expires_s - now_s : 0;

    call_add_header(call, "Cache-Control", "no-store");
    call_answer_json(call, status,
                     json_pack("{s:{s:I, s:s}, s:s, s:s, s:I, s:s}", "player", "id",
                               (json_int_t)answer->player, "username", answer->username,
                               "access_token", answer->access, "token_type", "Bearer", "expires_in",
                               (json_int_t)expires_in, "refresh_token", answer->token));
}

/* tag: the status of a success. */
static void issued(void *context, uint64_t tag, const struct refresh_answer *answer)
{
    struct http_call *call = context;

    if (answer->outcome == REFRESH_DONE)
        answer_tokens(call, (int)tag, answer);
    else if (answer->outcome == REFRESH_AWAY)
        asked_away(call);
    else /* the account was erased in this moment */
        call_problem(call, 401, protocol_reason_text(PROTOCOL_REASON_LOGIN_FAILED));
}

/* -- coming in --------------------------------------------------------------------------------- */

static void note_login(struct http_call *call, uint64_t player)
{
    struct store_question question = {.statement = STORE_PLAYER_LOGGED_IN};

    question.in.id.player_id = player;
    question.in.id.now_ms = timestamp_now_ms();
    if (store_ask(services_of(call)->store, &question) < 0)
        metrics_add(METRIC_STORE_ERRORS, 1);
}

static void known(void *context, uint64_t tag, const struct accounts_answer *answer)
{
    struct http_call *call = context;
    const struct http_services *services = services_of(call);
    struct refresh_asker asker = {.done = issued, .context = call, .tag = tag};
    struct policy_guest guest;
    const struct ban *ban;

    if (answer->reason != PROTOCOL_REASON_NONE) {
        refuse(call, answer);
        return;
    }
    ban = bans_account(services->bans, answer->player, timestamp_now_ms());
    if (ban) {
        refuse_banned(call, ban);
        return;
    }
    guest = guest_of(call, answer->player, answer->role);
    if (turned_away(call, &guest))
        return;
    note_login(call, answer->player);
    refresh_issue(services->refresh, answer->player, answer->username, answer->role, &asker);
}

static const char *text_of(const struct http_call *call, const char *member)
{
    return json_string_value(json_object_get(call_body(call), member));
}

/* status: of a success. */
static void come_in(struct http_call *call, enum accounts_kind kind, int status)
{
    struct accounts_request request = {.kind = kind,
                                       .tag = (uint64_t)status,
                                       .address = call_address(call),
                                       .exempt = call_exempt(call),
                                       .username = text_of(call, "username"),
                                       .email = text_of(call, "email"),
                                       .password = text_of(call, "password"),
                                       .code = text_of(call, "code")};

    if (address_banned(call))
        return;
    /* Before an account is made of it. */
    if (kind != ACCOUNTS_REGISTER || !turned_away(call, &(struct policy_guest){.player = 0}))
        accounts_login(services_of(call)->accounts, &request, known, call);
}

void api_register(struct http_call *call)
{
    come_in(call, ACCOUNTS_REGISTER, 201);
}

void api_login(struct http_call *call)
{
    come_in(call, ACCOUNTS_PASSWORD, 200);
}

/* -- staying, and leaving ---------------------------------------------------------------------- */

static void refuse_refresh(struct http_call *call)
{
    call_add_header(call, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
    call_problem(call, 401, protocol_reason_text(PROTOCOL_REASON_TOKEN_REFUSED));
}

/* Banned, or off the list: his logins are over. */
static void refreshed(void *context, uint64_t tag, const struct refresh_answer *answer)
{
    static const struct refresh_asker nobody = {.done = NULL};
    struct http_call *call = context;
    const struct http_services *services = services_of(call);
    struct policy_guest guest;
    const struct ban *ban;

    if (answer->outcome == REFRESH_AWAY) {
        asked_away(call);
        return;
    }
    if (answer->outcome != REFRESH_DONE) {
        refuse_refresh(call);
        return;
    }
    ban = bans_account(services->bans, answer->player, timestamp_now_ms());
    if (ban) {
        refresh_end_all(services->refresh, answer->player, &nobody);
        refuse_banned(call, ban);
        return;
    }
    guest = guest_of(call, answer->player, answer->role);
    if (unlisted(call, &guest)) {
        access_end(services->access, answer->player, timestamp_now_ms());
        refresh_end_all(services->refresh, answer->player, &nobody);
        (void)turned_away(call, &guest);
        return;
    }
    answer_tokens(call, (int)tag, answer);
}

void api_refresh(struct http_call *call)
{
    struct refresh_asker asker = {.done = refreshed, .context = call, .tag = 200};

    if (!address_banned(call))
        refresh_use(services_of(call)->refresh, text_of(call, "refresh_token"), &asker);
}

static void ended(void *context, uint64_t tag, const struct refresh_answer *answer)
{
    struct http_call *call = context;

    (void)tag;
    if (answer->outcome == REFRESH_AWAY)
        asked_away(call);
    else
        call_answer_empty(call, 204);
}

/* Of a good access token; player 0: there is none. Not by the router: who logs out may come with
 * one that is over. */
static struct token_claims bearer(const struct http_call *call)
{
    static const char scheme[] = "Bearer ";
    const char *header = call_header(call, "Authorization");
    struct token_claims claims = {.player = 0};
    struct error cause;

    if (!header || strncasecmp(header, scheme, sizeof(scheme) - 1) != 0 ||
        access_check(services_of(call)->access, header + sizeof(scheme) - 1, call_address(call),
                     timestamp_now_ms(), &claims, &cause) != ACCESS_GOOD)
        return (struct token_claims){.player = 0};
    return claims;
}

/* That login ends, which either token names: its access tokens are good no longer, nor its refresh
 * token. An access token of an older server names none: all of that player's logins end. */
void api_logout(struct http_call *call)
{
    const struct http_services *services = services_of(call);
    struct refresh_asker asker = {.done = ended, .context = call};
    const char *token = text_of(call, "refresh_token");
    struct token_claims claims = bearer(call);

    access_end_family(services->access, claims.family, timestamp_now_ms());
    if (claims.player != 0 && !claims.family[0])
        access_end(services->access, claims.player, timestamp_now_ms());
    if (token)
        refresh_end(services->refresh, token, &asker);
    else if (claims.family[0])
        refresh_end_family(services->refresh, claims.family, &asker);
    else if (claims.player != 0)
        refresh_end_all(services->refresh, claims.player, &asker);
    else
        refuse_refresh(call);
}
