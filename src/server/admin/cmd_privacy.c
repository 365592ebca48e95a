/* cmd_privacy.c -- all that is kept of one account: looked at, handed out, erased.
 *
 *   erase: bar him -> end his sessions -> wait until nothing of him is on its way to the database
 *          -> one transaction -> forget him in memory */
#include "admin/cmd_privacy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/access.h"
#include "accounts/allowlist.h"
#include "accounts/bans.h"
#include "admin/who.h"
#include "common/compiler.h"
#include "play/presence.h"
#include "play/recent.h"
#include "play/scrollback.h"
#include "play/transcript.h"
#include "store/timestamp.h"

#define ROWS_MAX         200
#define AUDIT_ROWS_MAX   50 /* of long rows: an answer is at most 1 MiB */
#define ERASE_PATIENCE_S 20

/* -- the parts --------------------------------------------------------------------------------- */

static json_t *stay_json(const void *row, uint64_t *id)
{
    const struct store_stay *stay = row;

    *id = stay->id;
    return json_pack("{s:s, s:o, s:o}", "session", stay->session_id, "connected_ms",
                     method_time_json(stay->connected_ms), "disconnected_ms",
                     method_time_json(stay->disconnected_ms));
}

static json_t *address_json(const void *row, uint64_t *id)
{
    const struct store_known_address *address = row;

    *id = 0;
    return json_pack("{s:s, s:o}", "network", address->network, "seen_ms",
                     method_time_json(address->seen_ms));
}

static json_t *ban_json(const void *row, uint64_t *id)
{
    *id = ((const struct store_ban *)row)->id;
    return cmd_bans_json(row);
}

static json_t *line_json(const void *row, uint64_t *id)
{
    const struct store_chat *line = row;

    *id = line->id;
    return json_pack("{s:o, s:i, s:s, s:s}", "at_ms", method_time_json(line->at_ms), "channel",
                     (int)line->channel, "name", line->name, "text", line->text);
}

static json_t *token_json(const void *row, uint64_t *id)
{
    const struct store_known_token *token = row;

    *id = token->id;
    return json_pack("{s:o, s:o, s:o, s:o}", "issued_ms", method_time_json(token->issued_ms),
                     "expires_ms", method_time_json(token->expires_ms), "used_ms",
                     method_time_json(token->used_ms), "revoked_ms",
                     method_time_json(token->revoked_ms));
}

static json_t *adopted_json(const void *row, uint64_t *id)
{
    const struct store_adopted *adopted = row;

    *id = adopted->id;
    return json_pack("{s:s, s:s, s:s}", "table", adopted->place, "what", adopted->what, "content",
                     adopted->content);
}

static json_t *listed_json(const void *row, uint64_t *id)
{
    *id = 0;
    return cmd_allowlist_json(row);
}

static json_t *audit_json(const void *row, uint64_t *id)
{
    *id = ((const struct store_audit *)row)->id;
    return cmd_audit_json(row);
}

/* What was reported of it: not by whom, for it is handed out. */
static json_t *report_json(const void *row, uint64_t *id)
{
    const struct store_report *report = row;

    *id = report->id;
    return json_pack("{s:o, s:o, s:s, s:o, s:s}", "report", method_id_json(report->id), "at_ms",
                     method_time_json(report->at_ms), "words", report->words, "closed_ms",
                     method_time_json(report->closed_ms), "verdict", report->verdict);
}

/* What it reported of others. */
static json_t *reported_json(const void *row, uint64_t *id)
{
    const struct store_report *report = row;

    *id = report->id;
    return json_pack("{s:o, s:o, s:s, s:s}", "report", method_id_json(report->id), "at_ms",
                     method_time_json(report->at_ms), "player", report->about, "words",
                     report->words);
}

struct part {
    const char *name;
    enum store_statement statement;
    size_t row_bytes;
    uint32_t rows_max;
    bool history;                                   /* players.history has it too */
    json_t *(*json)(const void *row, uint64_t *id); /* id 0: there are no pages of it */
};

/* clang-format off */
static const struct part PARTS[] = {
    {"sessions",  STORE_SESSIONS_OF,  sizeof(struct store_stay),          ROWS_MAX,       true,  stay_json},
    {"bans",      STORE_BANS_ABOUT,   sizeof(struct store_ban),           ROWS_MAX,       true,  ban_json},
    {"mutes",     STORE_MUTES_ABOUT,  sizeof(struct store_ban),           ROWS_MAX,       true,  ban_json},
    {"chat",      STORE_CHAT_OF,      sizeof(struct store_chat),          ROWS_MAX,       true,  line_json},
    {"reports",   STORE_REPORTS_ABOUT, sizeof(struct store_report),       ROWS_MAX,       true,  report_json},
    {"reported",  STORE_REPORTS_BY,   sizeof(struct store_report),        ROWS_MAX,       true,  reported_json},
    {"kept",      STORE_CHAT_KEPT_OF, sizeof(struct store_chat),          ROWS_MAX,       false, line_json},
    {"addresses", STORE_ADDRESSES_OF, sizeof(struct store_known_address), ROWS_MAX,       false, address_json},
    {"tokens",    STORE_TOKENS_OF,    sizeof(struct store_known_token),   ROWS_MAX,       false, token_json},
    {"allowlist", STORE_ALLOWLIST_OF, sizeof(struct store_listed),        ROWS_MAX,       false, listed_json},
    {"adopted",   STORE_ADOPTED_OF,   sizeof(struct store_adopted),       AUDIT_ROWS_MAX, false, adopted_json},
    {"audit",     STORE_AUDIT_ABOUT,  sizeof(struct store_audit),         AUDIT_ROWS_MAX, false, audit_json},
};
static const char *const PART_WORDS[] = {"sessions", "bans", "mutes", "chat", "reports", "reported", "kept", "addresses", "tokens", "allowlist", "adopted", "audit", NULL};
/* clang-format on */

/* -- telling ----------------------------------------------------------------------------------- */

/* call->work. */
struct telling {
    bool history;
    int only; /* a part; -1: all */
    size_t at;
    uint32_t limit;
};

static void go_on(struct method_call *call);

/* call->result grows part by part: {..., "chat": [...], "more": {"chat": "17"}} */
static void took_part(struct method_call *call, const struct store_answer *answer)
{
    struct telling *telling = call->work;
    const struct part *part = &PARTS[telling->at];
    json_t *list = json_array(), *more = json_object_get(call->result, "more");
    uint64_t id = 0;

    for (size_t i = 0; i < answer->rows_n; i++)
        json_array_append_new(list,
                              part->json((const char *)answer->rows + i * part->row_bytes, &id));
    json_object_set_new(call->result, part->name, list);
    if (id != 0 && answer->rows_n == telling->limit)
        json_object_set_new(more, part->name, method_id_json(id));
    telling->at++;
    go_on(call);
}

static void go_on(struct method_call *call)
{
    struct telling *telling = call->work;
    struct store_question question = {.statement = STORE_SESSIONS_OF};
    const struct part *part;
    json_t *result;

    while (telling->at < ARRAY_N(PARTS) &&
           ((telling->only >= 0 && telling->only != (int)telling->at) ||
            (telling->history && !PARTS[telling->at].history)))
        telling->at++;
    if (telling->at == ARRAY_N(PARTS)) {
        result = call->result;
        call->result = NULL;
        method_done(call, result);
        return;
    }
    part = &PARTS[telling->at];
    question.statement = part->statement;
    telling->limit = (uint32_t)method_integer(call, "limit", part->rows_max);
    if (telling->limit > part->rows_max)
        telling->limit = part->rows_max;
    question.in.page.limit = telling->limit;
    question.in.page.from = method_id(call, "before", INT64_MAX) & INT64_MAX;
    question.in.page.about = call->player;
    if (part->statement == STORE_AUDIT_ABOUT)
        snprintf(question.in.page.text, sizeof(question.in.page.text), "#%llu",
                 (unsigned long long)call->player);
    method_ask(call, &question, took_part);
}

static void took_place(struct method_call *call, const struct store_answer *answer)
{
    const struct store_position *place = &answer->out.position;

    if (answer->status == STORE_OK)
        json_object_set_new(call->result, "position",
                            json_pack("{s:f, s:f, s:f, s:i, s:o}", "x", place->x_m, "y", place->y_m,
                                      "z", place->z_m, "yaw", (int)place->yaw, "saved_ms",
                                      method_time_json(place->saved_ms)));
    go_on(call);
}

static void tell(struct method_call *call, const struct store_answer *answer, bool history)
{
    const struct store_player *player = &answer->out.player;
    struct store_question question = {.statement = STORE_POSITION_BY_PLAYER};
    struct telling *telling = calloc(1, sizeof(*telling));

    if (telling == NULL) {
        method_fail(call, "out of memory");
        return;
    }
    call->work = telling;
    telling->history = history;
    call->secret = true; /* handed out, not written down once more */
    telling->only = method_word(call, "part", -1);
    call->result =
        json_pack("{s:o, s:s, s:o, s:o, s:{}}", "id", method_id_json(player->id), "player",
                  player->username, "created_ms", method_time_json(player->created_ms),
                  "last_login_ms", method_time_json(player->last_login_ms), "more");
    if (history) {
        go_on(call);
        return;
    }
    json_object_set_new(call->result, "email", json_string(player->email));
    json_object_set_new(call->result, "role", json_string(protocol_role_name(player->role)));
    question.in.id.player_id = player->id;
    method_ask(call, &question, took_place);
}

static void history_found(struct method_call *call, const struct store_answer *answer)
{
    tell(call, answer, true);
}

static void run_history(struct method_call *call)
{
    who_find(call, history_found);
}

static void export_found(struct method_call *call, const struct store_answer *answer)
{
    tell(call, answer, false);
}

static void run_export(struct method_call *call)
{
    who_find(call, export_found);
}

/* -- erasing ----------------------------------------------------------------------------------- */

static void erase_over(const struct method_desk *desk)
{
    presence_bar(desk->config->presence, 0);
    desk->erasure->player = 0;
}

static void erased(struct method_call *call, const struct store_answer *answer)
{
    const char *name = call->work;
    uint64_t player = call->player;

    if (call->desk->erasure->player == player)
        erase_over(call->desk);
    if (answer->status != STORE_OK) {
        method_fail(call, "there is no such account any more");
        return;
    }
    bans_forget(call->desk->config->bans, player);
    allowlist_forget(call->desk->config->allowlist, player);
    access_end(call->desk->config->access, player, timestamp_now_ms());
    recent_forget(call->desk->config->recent, player, name);
    scrollback_forget(call->desk->config->scrollback, player, name);
    transcript_forget(call->desk->config->transcript, player, name);
    method_done(call, json_pack("{s:o}", "erased", method_id_json(player)));
}

static void ask_erase(struct method_call *call)
{
    struct erasure *erasure = call->desk->erasure;
    struct store_question question = {.statement = STORE_PLAYER_ERASE};
    struct store_erase *erase = &question.in.erase;

    erasure->asked = true;
    erasure->waited_s = 0;
    erase->player_id = call->player;
    snprintf(erase->target, sizeof(erase->target), "#%llu", (unsigned long long)call->player);
    snprintf(erase->quoted, sizeof(erase->quoted), "%s", erasure->quoted);
    method_ask(call, &question, erased);
}

void cmd_privacy_second(const struct method_desk *desk)
{
    struct erasure *erasure = desk->erasure;
    struct method_call *call;

    if (erasure->player == 0)
        return;
    if (erasure->asked) { /* a good answer has ended it; one that never comes does so here */
        if (++erasure->waited_s > ERASE_PATIENCE_S)
            erase_over(desk);
        return;
    }
    if (presence_gone(desk->config->presence, erasure->player)) {
        call = method_unpark(desk, erasure->tag);
        if (call != NULL)
            ask_erase(call);
        else
            erase_over(desk);
    } else if (++erasure->waited_s > ERASE_PATIENCE_S) {
        call = method_unpark(desk, erasure->tag);
        erase_over(desk);
        if (call != NULL)
            method_fail(call, "his last place could not be saved: is the database away?");
    }
}

static void erase_found(struct method_call *call, const struct store_answer *answer)
{
    struct erasure *erasure = call->desk->erasure;
    json_t *name = json_string(answer->out.player.username);
    char *quoted = json_dumps(name, JSON_ENCODE_ANY);

    json_decref(name);
    memset(call->player_name, 0, sizeof(call->player_name)); /* it is written down nowhere, */
    call->work = strdup(answer->out.player.username);        /* and wanted yet */
    if (erasure->player != 0 || quoted == NULL || call->work == NULL) {
        free(quoted);
        method_fail(call, "another account is just being erased: try again in a moment");
        return;
    }
    memset(erasure, 0, sizeof(*erasure));
    snprintf(erasure->quoted, sizeof(erasure->quoted), "%s", quoted);
    free(quoted);
    erasure->tag = method_park(call);
    if (erasure->tag == 0)
        return;
    erasure->player = answer->out.player.id;
    presence_bar(call->desk->config->presence, erasure->player);
    presence_end(call->desk->config->presence, erasure->player, PROTOCOL_REASON_KICKED,
                 "your account was deleted");
}

static void run_erase(struct method_call *call)
{
    who_find(call, erase_found);
}

/* clang-format off */
#define END    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL}
#define BEFORE {"before", METHOD_ID,      false, 0, 0,        NULL,       "Of one part: only rows before this id, as `more` says."}
#define LIMIT  {"limit",  METHOD_INTEGER, false, 1, ROWS_MAX, NULL,       "At most so many rows of each part; 200 if not given."}
#define PART   {"part",   METHOD_WORD,    false, 0, 0,        PART_WORDS, "Only this part."}

static const struct method_param HISTORY[] = {WHO_PARAMS, PART, BEFORE, LIMIT, END};
static const struct method_param EXPORT[] = {WHO_PARAMS, PART, BEFORE, LIMIT, END};
static const struct method_param ERASE[] = {
    {"player", METHOD_SECRET, false, 1, TEXT_NAME_MAX_BYTES, NULL, "The account's name."},
    {"id",     METHOD_ID,     false, 0, 0,                   NULL, "Or its number."},
    END};

const struct method CMD_PRIVACY[] = {
    {"players.history", ROLE_MODERATOR, false, run_history, HISTORY,
     "An account's sessions, bans, mutes, chat lines and reports, newest first."},
    {"players.export", ROLE_ADMIN, true, run_export, EXPORT,
     "All that is kept of an account, for the player who asks for it."},
    {"players.erase", ROLE_ADMIN, true, run_erase, ERASE,
     "Delete an account and all that is personal of it, for good; he is disconnected. The name is free afterwards."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
