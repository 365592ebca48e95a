/* method.c -- see method.h. */
#include "admin/method.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/access.h"
#include "admin/audit.h"
#include "admin/lately.h"
#include "admin/roster.h"
#include "common/log.h"
#include "common/text.h"
#include "ops/metrics.h"
#include "store/store.h"
#include "store/timestamp.h"

struct method_call *method_unpark(const struct method_desk *desk, uint64_t tag)
{
    struct method_call *call;

    HASH_FIND(hh, *desk->parked, &tag, sizeof(tag), call);
    if (call != NULL)
        HASH_DEL(*desk->parked, call);
    return call;
}

/* 0: out of memory. */
static uint64_t park(struct method_call *call)
{
    static uint64_t last; /* a tag is never used twice, whatever becomes of its call */

    call->tag = ++last;
    call->client = NULL;
    memset(&call->hh, 0, sizeof(call->hh)); /* it may have been parked before */
    HASH_TRY_ADD(hh, *call->desk->parked, tag, call);
    return HASH_ADDED(hh, call) ? call->tag : 0;
}

uint64_t method_park(struct method_call *call)
{
    uint64_t tag = park(call);

    if (tag == 0)
        method_fail(call, "out of memory");
    return tag;
}

/* clang-format off */
static const struct method *const FAMILIES[] = {
    CMD_RPC,
    CMD_SERVER,
    CMD_PLAYERS,
    CMD_LOG,
    CMD_METRICS,
    CMD_CONFIG,
    CMD_LOAD,
    CMD_AUTH,
    CMD_AUDIT,
    CMD_BANS,
    CMD_PRIVACY,
    CMD_ACCOUNTS,
    CMD_STORE,
    CMD_OPERATING,
    CMD_ALLOWLIST,
    CMD_CHAT,
    CMD_ALERTS,
    CMD_WORLD,
    CMD_REPORTS,
    CMD_NETWORK,
    CMD_SESSIONS,
};
/* clang-format on */

const struct method *method_at(unsigned i)
{
    for (size_t family = 0; family < ARRAY_N(FAMILIES); family++) {
        for (const struct method *method = FAMILIES[family]; method->name != NULL; method++) {
            if (i-- == 0)
                return method;
        }
    }
    return NULL;
}

const struct method *method_find(const char *name)
{
    const struct method *method;

    for (unsigned i = 0; (method = method_at(i)) != NULL; i++) {
        if (strcmp(method->name, name) == 0)
            return method;
    }
    return NULL;
}

/* Digits only, no sign, no space. */
static int id_parse(const char *text, uint64_t *id)
{
    char *end;

    if (text[0] < '0' || text[0] > '9')
        return -1;
    errno = 0;
    *id = strtoull(text, &end, 10);
    return errno == 0 && *end == '\0' ? 0 : -1;
}

static int word_index(const struct method_param *row, const char *text)
{
    for (int i = 0; row->words[i] != NULL; i++) {
        if (strcmp(row->words[i], text) == 0)
            return i;
    }
    return -1;
}

static int word_fault(const struct method_param *row, struct error *error)
{
    char words[256] = "";
    size_t n = 0;

    for (int i = 0; row->words[i] != NULL && n < sizeof(words); i++)
        n += (size_t)snprintf(words + n, sizeof(words) - n, "%s%s", i > 0 ? ", " : "",
                              row->words[i]);
    return error_set(error, "%s must be one of: %s", row->name, words);
}

static int value_check(const struct method_param *row, const json_t *value, struct error *error)
{
    const char *text = json_string_value(value);
    uint64_t id;

    switch (row->type) {
    case METHOD_TEXT:
    case METHOD_SECRET:
        if (text == NULL || json_string_length(value) < (size_t)row->min ||
            json_string_length(value) > (size_t)row->max)
            return error_set(error, "%s must be a text of %lld to %lld bytes", row->name,
                             (long long)row->min, (long long)row->max);
        return 0;
    case METHOD_INTEGER:
        if (!json_is_integer(value) || json_integer_value(value) < row->min ||
            json_integer_value(value) > row->max)
            return error_set(error, "%s must be a whole number from %lld to %lld", row->name,
                             (long long)row->min, (long long)row->max);
        return 0;
    case METHOD_BOOLEAN:
        if (!json_is_boolean(value))
            return error_set(error, "%s must be true or false", row->name);
        return 0;
    case METHOD_WORD:
        return text != NULL && word_index(row, text) >= 0 ? 0 : word_fault(row, error);
    case METHOD_OBJECT:
        return json_is_object(value) ? 0 : error_set(error, "%s must be an object", row->name);
    case METHOD_ID:
        if (text != NULL ? id_parse(text, &id) == 0
                         : json_is_integer(value) && json_integer_value(value) >= 0)
            return 0;
        return error_set(error, "%s must be a number, or its digits as a text", row->name);
    }
    return error_set(error, "%s has no type", row->name);
}

/* Says which there are: whoever mistyped one need not look it up. */
static int name_fault(const struct method_param *rows, const char *name, struct error *error)
{
    char shown[64], names[160] = "";
    size_t n = 0;

    text_sanitise(name, strlen(name), shown, sizeof(shown));
    for (; rows != NULL && rows->name != NULL && n < sizeof(names); rows++)
        n += (size_t)snprintf(names + n, sizeof(names) - n, "%s%s", n > 0 ? ", " : "", rows->name);
    if (n == 0)
        return error_set(error, "there is no parameter %s here, nor any other", shown);
    return error_set(error, "there is no parameter %s here; there are: %s", shown, names);
}

static const struct method_param *param_find(const struct method_param *rows, const char *name)
{
    for (; rows != NULL && rows->name != NULL; rows++) {
        if (strcmp(rows->name, name) == 0)
            return rows;
    }
    return NULL;
}

int method_check(const struct method_param *rows, const json_t *params, struct error *error)
{
    const char *name;
    json_t *value;

    /* json_object_foreach wants a pointer to change; it changes nothing. */
    json_object_foreach((json_t *)params, name, value)
    {
        const struct method_param *row = param_find(rows, name);

        if (row == NULL)
            return name_fault(rows, name, error);
        if (value_check(row, value, error) != 0)
            return -1;
    }
    for (; rows != NULL && rows->name != NULL; rows++) {
        if (rows->required && json_object_get(params, rows->name) == NULL)
            return error_set(error, "%s is missing: %s", rows->name, rows->help);
    }
    return 0;
}

/* -- the end of a call ------------------------------------------------------------------------- */

static void call_free(struct method_call *call)
{
    json_decref(call->params);
    json_decref(call->result);
    json_decref(call->row);
    free(call->work);
    free(call);
}

static void answer(struct method_call *call)
{
    if (call->code == 0)
        jsonrpc_result(call->rpc, json_incref(call->result));
    else
        jsonrpc_error(call->rpc, call->code, call->sentence, NULL);
    call_free(call);
}

/* To those who look on. id 0: it is not in the database, and why. */
static void show_row(struct method_call *call, uint64_t id, const char *why)
{
    if (call->row != NULL && id != 0)
        json_object_set_new(call->row, "id", method_id_json(id));
    if (call->row != NULL && why != NULL)
        json_object_set_new(call->row, "unaudited", json_string(why));
    audittail_add(call->desk->audittail, call->row);
    call->row = NULL;
}

/* The row is not there: the change was made all the same, and it says so. */
static void answer_unwritten(struct method_call *call, const char *why)
{
    log_event(LOG_LEVEL_WARN, "audit_lost", "what an operator did is in this log only",
              LOG_TEXT("by", call->peer.name), LOG_TEXT("method", call->method->name),
              LOG_TEXT("error", why));
    metrics_add(METRIC_AUDIT_LOST, 1);
    show_row(call, 0, why);
    if (json_is_object(call->result))
        json_object_set_new(call->result, "unaudited", json_string(why));
    answer(call);
}

static void written(void *context, uint64_t tag, const struct store_answer *row);

/* A peer may be denied as often as it likes: of that, the database is told so much. */
static bool worth_a_row(const struct method_call *call)
{
    static struct log_limit denials;
    uint64_t swallowed;

    if (!call->method->changes || call->code == JSONRPC_BAD_PARAMS)
        return false;
    return call->code != JSONRPC_DENIED || log_limit_pass(&denials, 5, &swallowed);
}

/* NULL: there is none (tests of the socket alone). */
static struct store *store_of(const struct method_call *call)
{
    return call->desk != NULL ? call->desk->config->store : NULL;
}

static void end(struct method_call *call)
{
    struct store *store = store_of(call);
    struct store_question question;

    call->ended = true;
    if (call->method->changes && call->desk != NULL) {
        roster_expire(call->desk->roster);
        lately_expire(call->desk->lately);
    }
    if (call->method->changes || call->code == JSONRPC_DENIED)
        audit_log(call);
    if (call->desk == NULL || !worth_a_row(call)) {
        answer(call);
        return;
    }
    audit_question(call, &question);
    call->row = cmd_audit_json(&question.in.audit);
    if (store == NULL) {
        show_row(call, 0, NULL);
        answer(call);
        return;
    }
    question.answer = written;
    question.context = (void *)call->desk;
    question.tag = park(call);
    if (question.tag == 0) {
        answer_unwritten(call, "out of memory");
    } else if (store_ask(store, &question) != 0) {
        method_unpark(call->desk, question.tag);
        answer_unwritten(call, "the database has too much to do");
    }
}

static void written(void *context, uint64_t tag, const struct store_answer *row)
{
    struct method_call *call = method_unpark(context, tag);

    if (call == NULL)
        return; /* answered when the server began to stop */
    if (row->status != STORE_OK) {
        answer_unwritten(call, row->error.text);
        return;
    }
    show_row(call, row->out.id, NULL);
    answer(call);
}

void method_done(struct method_call *call, json_t *result)
{
    call->result = result;
    end(call);
}

/* A sentence may have been cut within a character: as it is it could be neither answered nor
 * written down. */
static void fail_with(struct method_call *call, int code, const char *sentence)
{
    call->code = code;
    text_sanitise(sentence, strlen(sentence), call->sentence, sizeof(call->sentence));
    end(call);
}

void method_fail(struct method_call *call, const char *format, ...)
{
    char sentence[ERROR_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    fail_with(call, JSONRPC_FAILED, sentence);
}

void method_misused(struct method_call *call, const char *format, ...)
{
    char sentence[ERROR_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    fail_with(call, JSONRPC_BAD_PARAMS, sentence);
}

void method_deny(struct method_call *call, const char *format, ...)
{
    char sentence[ERROR_TEXT_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof(sentence), format, arguments);
    va_end(arguments);
    fail_with(call, JSONRPC_DENIED, sentence);
}

void method_about(struct method_call *call, uint64_t player, const char *name)
{
    call->player = player;
    snprintf(call->player_name, sizeof(call->player_name), "%s", name);
}

void method_target(struct method_call *call, const char *target)
{
    snprintf(call->target, sizeof(call->target), "%s", target);
}

/* -- asking the store -------------------------------------------------------------------------- */

static void answered(void *context, uint64_t tag, const struct store_answer *row)
{
    struct method_call *call = method_unpark(context, tag);

    if (call == NULL)
        return;
    if (row->status == STORE_AWAY && call->method->changes && call->player != 0)
        access_end(call->desk->config->access, call->player, timestamp_now_ms()); /* perhaps done */
    if (row->status == STORE_AWAY)
        method_fail(call, "the database is away: %s", row->error.text);
    else
        call->then(call, row);
}

void method_ask(struct method_call *call, struct store_question *question, method_answer_fn *then)
{
    struct store *store = store_of(call);

    call->then = then;
    question->answer = answered;
    question->context = (void *)call->desk;
    question->tag = method_park(call);
    if (question->tag == 0)
        return;
    if (store != NULL && store_ask(store, question) == 0)
        return;
    method_unpark(call->desk, question->tag);
    method_fail(call, "the database has too much to do: try again");
}

void method_give_up(const struct method_desk *desk)
{
    struct method_call *call, *next;

    HASH_ITER(hh, *desk->parked, call, next)
    {
        HASH_DEL(*desk->parked, call);
        if (!call->ended) {
            call->code = JSONRPC_FAILED;
            snprintf(call->sentence, sizeof(call->sentence),
                     "the server is stopping: it is not known whether that was done");
            if (call->method->changes)
                audit_log(call);
        }
        answer(call);
    }
}

static void unknown_method(struct jsonrpc_call *rpc)
{
    const char *names[256], *name = jsonrpc_method(rpc), *near;
    const struct method *method;
    char shown[64], sentence[256];
    unsigned n = 0;

    for (; n < ARRAY_N(names) && (method = method_at(n)) != NULL; n++)
        names[n] = method->name;
    near = text_nearest(name, names, n);
    text_sanitise(name, strlen(name), shown, sizeof(shown));
    snprintf(sentence, sizeof(sentence), "there is no method %s%s%s%s", shown,
             near != NULL ? "; did you mean " : "", near != NULL ? near : "",
             near != NULL ? "?" : "; rpc.discover lists them");
    jsonrpc_error(rpc, JSONRPC_NO_METHOD, sentence, NULL);
}

void method_begin(const struct method_desk *desk, struct client *client,
                  const struct role_peer *peer, struct jsonrpc_call *rpc)
{
    const struct method *method = method_find(jsonrpc_method(rpc));
    json_t *params = jsonrpc_params(rpc);
    struct error error = {""};
    struct method_call *call;

    if (method == NULL) {
        unknown_method(rpc);
        return;
    }
    call = calloc(1, sizeof(*call));
    if (call == NULL) {
        jsonrpc_error(rpc, JSONRPC_INTERNAL, "out of memory", NULL);
        return;
    }
    call->method = method;
    call->desk = desk;
    call->client = client;
    call->peer = *peer;
    call->rpc = rpc;
    /* Parameters go by name; an empty array is none. */
    call->params = json_is_object(params) ? json_incref(params) : json_object();
    if (peer->role < method->role) {
        error_set(&error, "%s takes the role %s (group %s); %s has %s", method->name,
                  role_name(method->role), role_group(method->role), peer->name,
                  role_name(peer->role));
        fail_with(call, JSONRPC_DENIED, error.text);
    } else if (json_is_array(params) && json_array_size(params) > 0) {
        fail_with(call, JSONRPC_BAD_PARAMS, "parameters are given by name, in an object");
    } else if (method_check(method->params, call->params, &error) != 0) {
        fail_with(call, JSONRPC_BAD_PARAMS, error.text);
    } else {
        method->run(call);
    }
}

bool method_given(const struct method_call *call, const char *name)
{
    return json_object_get(call->params, name) != NULL;
}

bool method_secret(const struct method_call *call, const char *name)
{
    const struct method_param *row = param_find(call->method->params, name);

    return row != NULL && row->type == METHOD_SECRET;
}

const char *method_text(const struct method_call *call, const char *name, const char *otherwise)
{
    const char *text = json_string_value(json_object_get(call->params, name));

    return text != NULL ? text : otherwise;
}

int64_t method_integer(const struct method_call *call, const char *name, int64_t otherwise)
{
    const json_t *value = json_object_get(call->params, name);

    return value != NULL ? json_integer_value(value) : otherwise;
}

bool method_boolean(const struct method_call *call, const char *name, bool otherwise)
{
    const json_t *value = json_object_get(call->params, name);

    return value != NULL ? json_is_true(value) : otherwise;
}

uint64_t method_id(const struct method_call *call, const char *name, uint64_t otherwise)
{
    const json_t *value = json_object_get(call->params, name);
    uint64_t id = otherwise;

    if (json_is_string(value))
        return id_parse(json_string_value(value), &id) == 0 ? id : otherwise;
    return value != NULL ? (uint64_t)json_integer_value(value) : otherwise;
}

int method_word(const struct method_call *call, const char *name, int otherwise)
{
    const char *text = method_text(call, name, NULL);
    const struct method_param *row = param_find(call->method->params, name);

    assert(row != NULL && row->type == METHOD_WORD);
    return text != NULL ? word_index(row, text) : otherwise;
}

json_t *method_time_json(uint64_t ms)
{
    return ms != 0 ? json_integer((json_int_t)ms) : json_null();
}

json_t *method_id_json(uint64_t id)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)id);
    return json_string(digits);
}
