/* entrance.c -- see entrance.h. */
#include "play/entrance.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/accounts.h"
#include "accounts/bans.h"
#include "accounts/policy.h"
#include "common/clock.h"
#include "common/log.h"
#include "ops/metrics.h"
#include "play/presence_inside.h"
#include "play/reporting.h"
#include "play/seat.h"
#include "store/timestamp.h"

static const struct ban *address_ban(const struct presence *presence,
                                     const struct sockaddr_storage *address)
{
    return presence->config.bans != NULL
               ? bans_address(presence->config.bans, address, timestamp_now_ms())
               : NULL;
}

bool entrance_barred(void *context, const struct sockaddr_storage *address,
                     char why[PROTOCOL_TEXT_MAX + 1])
{
    const struct ban *ban = address_ban(context, address);

    if (ban != NULL)
        bans_text(ban, why);
    return ban != NULL;
}

/* The texts are the contract's, but for bans. */
bool entrance_seat(void *context, struct seat_ask *ask)
{
    struct presence *presence = context;
    struct accounts *accounts = presence->config.accounts;
    struct access *access = accounts_access(accounts);
    const struct ban *ban = address_ban(presence, &ask->address);
    struct error cause = {""};
    struct token_claims claims;
    enum access_verdict verdict = ACCESS_REFUSED;

    if (ban != NULL) {
        metrics_add(METRIC_BANNED_REFUSED, 1);
        bans_sentence(ban, ask->why);
        return false;
    }
    if (!ask->has_token) {
        snprintf(ask->why, sizeof(ask->why), "authentication required");
        return accounts_take_guests(accounts);
    }
    if (access != NULL)
        verdict =
            access_check(access, ask->token, &ask->address, timestamp_now_ms(), &claims, &cause);
    switch (verdict) {
    case ACCESS_GOOD:
        ask->player = claims.player;
        ask->issued_s = claims.issued_s;
        memcpy(ask->username, claims.name, sizeof(ask->username));
        return true;
    case ACCESS_REFUSED:
        log_event(LOG_LEVEL_DEBUG, "token_refused", cause.text, LOG_NONE);
        snprintf(ask->why, sizeof(ask->why), "invalid token");
        break;
    case ACCESS_BANNED:
        snprintf(ask->why, sizeof(ask->why), "%.*s", PROTOCOL_TEXT_MAX, cause.text);
        break;
    }
    return false;
}

/* A good login of an account that is banned. True: it was told so. */
static bool banned(struct presence *presence, struct person *person, uint64_t player)
{
    struct login_answer refusal = {.reason = PROTOCOL_REASON_BANNED};
    const struct ban *ban = presence->config.bans != NULL
                                ? bans_account(presence->config.bans, player, timestamp_now_ms())
                                : NULL;

    if (player == presence->barred) {
        presence_refuse(presence, person, PROTOCOL_REASON_BUSY, PRESENCE_AWAY_RETRY_MS);
        return true;
    }
    if (ban == NULL)
        return false;
    metrics_add(METRIC_BANNED_REFUSED, 1);
    log_event(LOG_LEVEL_INFO, "banned_refused", "a banned account wanted to come in",
              LOG_U64("id", player), LOG_U64("ban", ban->id));
    bans_text(ban, refusal.text);
    sessions_answer(presence->sessions, person->session, &refusal);
    presence_forget(presence, person);
    return true;
}

/* Whether the policy turns him away; then he was told so. */
static bool turned_away(struct presence *presence, uint64_t session,
                        const struct policy_guest *guest)
{
    struct login_answer answer = {.reason = PROTOCOL_REASON_NONE};
    struct policy_refusal refusal;

    if (policy_lets_in(presence->config.policy, guest, &refusal))
        return false;
    answer.reason = refusal.reason;
    answer.retry_after_ms = refusal.retry_after_ms;
    snprintf(answer.text, sizeof(answer.text), "%s", refusal.text);
    sessions_answer(presence->sessions, session, &answer);
    return true;
}

/* The same of one whose account is known. */
static bool kept_out(struct presence *presence, struct person *person,
                     const struct accounts_answer *answer)
{
    struct policy_guest guest = {.player = answer->player,
                                 .staff = answer->role != PROTOCOL_ROLE_PLAYER};

    guest.here = presence_stands(presence, answer->player);
    guest.returns = (!answer->guest && presence_returns(presence, answer->player)) ||
                    (person->resumes && presence_just_began(presence));
    if (!turned_away(presence, person->session, &guest))
        return false;
    presence_forget(presence, person);
    return true;
}

/* The token of one who comes back names his session: it goes on if it is still going on here, or
 * ended with the server before. Else a new one begins. */
static void go_on_with_session(struct presence *presence, struct person *person,
                               const struct accounts_answer *answer)
{
    const struct person *holder = people_holder(&presence->people, answer->player);
    bool same =
        holder ? strcmp(holder->row_id, answer->earlier) == 0 : presence_just_began(presence);
    const char *row_id = answer->session;

    person->welcome->resumed = person->resumes;
    person->welcome->chat_sequence = person->chat_sequence;
    person->welcome->since_ms = answer->since_s * 1000;
    memcpy(person->welcome->token, answer->token, sizeof(person->welcome->token));
    if (person->resumes && answer->earlier[0] && same &&
        accounts_go_on(presence->config.accounts, answer, person->welcome->token) == 0) {
        row_id = answer->earlier;
        metrics_add(METRIC_RESUMED, 1);
    }
    snprintf(person->row_id, sizeof(person->row_id), "%s", row_id);
}

/* An account's name is a guest's no longer; a guest's is his alone. False: he was refused. */
static bool make_guest(struct presence *presence, struct person *person,
                       const struct accounts_answer *answer)
{
    uint64_t other = guests_session(&presence->guests, answer->username);

    if (!answer->guest && other)
        sessions_disconnect(presence->sessions, other, PROTOCOL_REASON_NAME_TAKEN, 0,
                            "The account of that name is here now: choose another name.");
    if (!answer->guest)
        return true;
    /* nor one that somebody here is seen under: he was renamed, or has just registered */
    if (people_present(&presence->people, answer->username) ||
        guests_add(&presence->guests, answer->username, person->session) < 0) {
        presence_refuse(presence, person, PROTOCOL_REASON_NAME_TAKEN, 0);
        return false;
    }
    person->guest = true;
    person->player = GUESTS_PLAYER(person->session);
    return true;
}

static void known(void *context, uint64_t session, const struct accounts_answer *answer)
{
    struct presence *presence = context;
    struct person *person = people_find(&presence->people, session);
    struct login_answer refusal = {.reason = answer->reason,
                                   .retry_after_ms = answer->retry_after_ms};

    if (!person || person->state != PERSON_LOGIN)
        return;
    if (answer->reason != PROTOCOL_REASON_NONE) {
        memcpy(refusal.text, answer->text, sizeof(refusal.text));
        sessions_answer(presence->sessions, session, &refusal);
        presence_forget(presence, person);
        return;
    }
    if (!answer->guest &&
        banned(presence, person, answer->player)) /* only now: strangers learn nothing of it */
        return;
    if (kept_out(presence, person, answer))
        return;
    if (stays_owes_log_out(&presence->saving.stays, answer->login)) {
        presence_refuse(presence, person, PROTOCOL_REASON_TOKEN_REFUSED, 0);
        return;
    }
    person->welcome = calloc(1, sizeof(*person->welcome));
    if (!person->welcome) {
        presence_refuse(presence, person, PROTOCOL_REASON_INTERNAL, 0);
        return;
    }
    memcpy(person->name, answer->username, sizeof(person->name));
    if (!make_guest(presence, person, answer))
        return;
    if (!answer->guest) {
        person->player = answer->player;
        memcpy(person->login, answer->login, sizeof(person->login));
    }
    go_on_with_session(presence, person, answer);
    person->store_away = answer->store_away;
    person->role = answer->role;
    person->welcome->player = answer->player;
    person->welcome->role = answer->role;
    person->welcome->guest = answer->guest;
    memcpy(person->welcome->username, answer->username, sizeof(person->welcome->username));
    presence_go_on(presence, person);
}

static void ask_accounts(struct presence *presence, const struct login_request *request)
{
    static const enum accounts_kind kinds[] = {
        [LOGIN_PASSWORD] = ACCOUNTS_PASSWORD, [LOGIN_TOKEN] = ACCOUNTS_TOKEN,
        [LOGIN_REGISTER] = ACCOUNTS_REGISTER, [LOGIN_RESUME] = ACCOUNTS_RESUME,
        [LOGIN_GUEST] = ACCOUNTS_GUEST,       [LOGIN_CODE] = ACCOUNTS_CODE,
        [LOGIN_ACCESS] = ACCOUNTS_ACCESS};
    struct accounts_request ask = {.kind = kinds[request->kind],
                                   .tag = request->session,
                                   .address = &request->address,
                                   .exempt = sessions_exempt(presence->sessions, &request->address),
                                   .username = request->username,
                                   .email = request->email,
                                   .password = request->password,
                                   .token = request->token,
                                   .code = request->code,
                                   .player = request->player,
                                   .issued_s = request->issued_s};

    accounts_login(presence->config.accounts, &ask, known, presence);
}

static void changed(void *context, uint64_t session, const struct accounts_answer *answer)
{
    struct presence *presence = context;
    struct login_answer told = {.reason = answer->reason, .retry_after_ms = answer->retry_after_ms};

    if (!presence->sessions || !people_find(&presence->people, session))
        return;
    if (answer->reason == PROTOCOL_REASON_NONE)
        snprintf(told.text, sizeof(told.text), "Your password is changed.");
    else
        memcpy(told.text, answer->text, sizeof(told.text));
    sessions_answer(presence->sessions, session, &told);
}

/* Who plays sets a new password. */
static void ask_change(struct presence *presence, const struct person *person,
                       const struct login_request *request)
{
    struct accounts_request ask = {.kind = ACCOUNTS_CHANGE,
                                   .tag = request->session,
                                   .address = &request->address,
                                   .exempt = sessions_exempt(presence->sessions, &request->address),
                                   .password = request->password,
                                   .fresh = request->fresh,
                                   .player = person->player};

    accounts_login(presence->config.accounts, &ask, changed, presence);
}

static void reported(void *context, uint64_t session, enum reporting_outcome outcome,
                     const char *text)
{
    static const enum protocol_reason REASONS[] = {
        [REPORTING_TAKEN] = PROTOCOL_REASON_NONE,
        [REPORTING_BAD_WORDS] = PROTOCOL_REASON_CHAT_REFUSED,
        [REPORTING_NOBODY] = PROTOCOL_REASON_BAD_NAME,
        [REPORTING_LIMITED] = PROTOCOL_REASON_RATE_LIMITED,
        [REPORTING_OFF] = PROTOCOL_REASON_UNSUPPORTED,
        [REPORTING_AWAY] = PROTOCOL_REASON_STORE_AWAY,
    };
    struct presence *presence = context;
    struct login_answer told = {.reason = REASONS[outcome]};

    if (!presence->sessions || !people_find(&presence->people, session))
        return;
    snprintf(told.text, sizeof(told.text), "%s", text);
    sessions_answer(presence->sessions, session, &told);
}

/* Who plays reports another. */
static void ask_report(struct presence *presence, const struct person *person,
                       const struct login_request *request)
{
    struct reporting_order order = {.reporter = person->player,
                                    .reporter_name = person->name,
                                    .about = request->username,
                                    .guest = guests_session(&presence->guests, request->username),
                                    .words = request->words};

    reporting_take(presence->config.reporting, &order, reported, presence, request->session);
}

/* True: it is no login, and asked by who plays. */
static bool ask_as_player(struct presence *presence, const struct person *person,
                          const struct login_request *request)
{
    if (!person || person->state != PERSON_PRESENT || person->guest)
        return false;
    if (request->kind == LOGIN_CHANGE)
        ask_change(presence, person, request);
    else if (request->kind == LOGIN_REPORT)
        ask_report(presence, person, request);
    else
        return false;
    return true;
}

void entrance_login(void *context, struct login_request *request)
{
    struct presence *presence = context;
    struct login_answer refusal = {.reason = PROTOCOL_REASON_ALREADY_LOGGED_IN};
    struct person *person = people_find(&presence->people, request->session);
    bool stranger = request->kind == LOGIN_REGISTER || request->kind == LOGIN_GUEST;
    char why[PROTOCOL_TEXT_MAX + 1];

    if (!presence->sessions) {
        login_request_free(request);
        return;
    }
    if (entrance_barred(presence, &request->address, why)) { /* before any work for it */
        sessions_disconnect(presence->sessions, request->session, PROTOCOL_REASON_BANNED, 0, why);
    } else if (ask_as_player(presence, person, request)) {
        ; /* the answer comes later */
    } else if (person || request->kind == LOGIN_CHANGE || request->kind == LOGIN_REPORT) {
        sessions_answer(presence->sessions, request->session, &refusal);
    } else if (stranger &&
               turned_away(presence, request->session, &(struct policy_guest){.player = 0})) {
        /* before an account is made of it */
    } else if (!(person = people_add(&presence->people, request->session))) {
        refusal.reason = PROTOCOL_REASON_BUSY;
        sessions_answer(presence->sessions, request->session, &refusal);
    } else {
        network_bytes((const struct sockaddr *)&request->address, person->address);
        person->exempt = sessions_exempt(presence->sessions, &request->address);
        person->resumes = request->kind == LOGIN_RESUME;
        person->chat_sequence = request->chat_sequence;
        person->placed = request->placed;
        person->x = request->x;
        person->z = request->z;
        ask_accounts(presence, request);
    }
    login_request_free(request);
}
