/* audit.c -- see audit.h. */
#include "admin/audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"
#include "store/timestamp.h"

#define EVENT "admin"

static const char *outcome_of(const struct method_call *call)
{
    if (call->code == 0)
        return "ok";
    return call->code == JSONRPC_DENIED ? "denied" : "failed";
}

/* A new reference. */
static json_t *params_without_secrets(const struct method_call *call)
{
    json_t *params = json_copy(call->params);

    for (const struct method_param *row = call->method->params; row != NULL && row->name != NULL;
         row++) {
        if (row->type == METHOD_SECRET && json_object_get(params, row->name) != NULL)
            json_object_set_new(params, row->name, json_string("(not shown)"));
    }
    return params;
}

void audit_log(const struct method_call *call)
{
    json_t *known = params_without_secrets(call);
    char *params = json_dumps(known, JSON_COMPACT | JSON_SORT_KEYS);
    char *done = call->result != NULL && !call->secret
                     ? json_dumps(call->result, JSON_COMPACT | JSON_ENCODE_ANY)
                     : NULL;

    log_event(call->code == 0 ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, EVENT,
              call->code == 0 ? "an operator changed something" : call->sentence,
              LOG_TEXT("by", call->peer.name), LOG_U64("uid", call->peer.uid),
              LOG_TEXT("role", role_name(call->peer.role)), LOG_TEXT("method", call->method->name),
              LOG_TEXT("params", params), LOG_TEXT("outcome", outcome_of(call)),
              LOG_TEXT("result", done));
    free(params);
    free(done);
    json_decref(known);
}

const char *audit_hidden(enum role role)
{
    return role < ROLE_ADMIN ? EVENT : NULL;
}

/* False: it does not fit. */
static bool say(const json_t *detail, char *room, size_t room_bytes)
{
    size_t bytes = json_dumpb(detail, room, room_bytes - 1, JSON_COMPACT | JSON_SORT_KEYS);

    if (bytes >= room_bytes)
        bytes = 0;
    room[bytes] = '\0';
    return bytes > 0;
}

/* "ok", "failed: ..."; cut between characters. */
static void put_outcome(const struct method_call *call, char outcome[STORE_OUTCOME_MAX])
{
    int n =
        snprintf(outcome, STORE_OUTCOME_MAX, "%s%s", outcome_of(call), call->code != 0 ? ": " : "");

    if (call->code != 0)
        text_sanitise(call->sentence, strlen(call->sentence), outcome + n,
                      (size_t)(STORE_OUTCOME_MAX - n));
}

void audit_question(const struct method_call *call, struct store_question *question)
{
    struct store_audit *audit = &question->in.audit;
    json_t *detail = json_object();

    memset(question, 0, sizeof(*question));
    question->statement = STORE_AUDIT_ADD;
    audit->at_ms = timestamp_now_ms();
    audit->has_uid = true;
    audit->uid = call->peer.uid;
    snprintf(audit->actor, sizeof(audit->actor), "%s", call->peer.name);
    snprintf(audit->method, sizeof(audit->method), "%s", call->method->name);
    if (call->player != 0)
        snprintf(audit->target, sizeof(audit->target), "#%llu", (unsigned long long)call->player);
    else
        snprintf(audit->target, sizeof(audit->target), "%s", call->target);
    json_object_set_new(detail, "params", params_without_secrets(call));
    if (call->player_name[0] != '\0')
        json_object_set_new(detail, "player", json_string(call->player_name));
    if (call->result != NULL && !call->secret)
        json_object_set(detail, "result", call->result);
    if (!say(detail, audit->detail, sizeof(audit->detail))) {
        json_object_del(detail, "result");
        if (!say(detail, audit->detail, sizeof(audit->detail)))
            snprintf(audit->detail, sizeof(audit->detail), "{}");
    }
    json_decref(detail);
    put_outcome(call, audit->outcome);
}
