/* method.c -- see method.h. */
#include "admin/method.h"

#include <assert.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "common/text.h"

static const struct method *const FAMILIES[] = {CMD_RPC,     CMD_SERVER, CMD_PLAYERS, CMD_LOG,
                                                CMD_METRICS, CMD_CONFIG, CMD_LOAD,    CMD_AUTH};

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
        char shown[64];

        if (row == NULL) {
            text_sanitise(name, strlen(name), shown, sizeof(shown));
            return error_set(error, "there is no parameter %s here", shown);
        }
        if (value_check(row, value, error) != 0)
            return -1;
    }
    for (; rows != NULL && rows->name != NULL; rows++) {
        if (rows->required && json_object_get(params, rows->name) == NULL)
            return error_set(error, "%s is missing: %s", rows->name, rows->help);
    }
    return 0;
}

/* One line for what was tried to be changed: by whom, what, and how it ended. result: NULL where it
 * failed. */
static void audit(const struct method_call *call, const char *outcome, const json_t *result,
                  const char *message)
{
    char *params = json_dumps(call->params, JSON_COMPACT | JSON_SORT_KEYS);
    char *done = result != NULL ? json_dumps(result, JSON_COMPACT | JSON_ENCODE_ANY) : NULL;

    log_event(result != NULL ? LOG_LEVEL_INFO : LOG_LEVEL_WARN, "admin", message,
              LOG_TEXT("by", call->peer.name), LOG_U64("uid", call->peer.uid),
              LOG_TEXT("role", role_name(call->peer.role)), LOG_TEXT("method", call->method->name),
              LOG_TEXT("params", params), LOG_TEXT("outcome", outcome), LOG_TEXT("result", done));
    free(params);
    free(done);
}

static void call_free(struct method_call *call)
{
    json_decref(call->params);
    free(call);
}

void method_done(struct method_call *call, json_t *result)
{
    if (call->method->changes)
        audit(call, "ok", result, "an operator changed something");
    jsonrpc_result(call->rpc, result);
    call_free(call);
}

static void fail_with(struct method_call *call, int code, const char *sentence)
{
    if (call->method->changes || code == JSONRPC_DENIED)
        audit(call, code == JSONRPC_DENIED ? "denied" : "failed", NULL, sentence);
    jsonrpc_error(call->rpc, code, sentence, NULL);
    call_free(call);
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
    *call = (struct method_call){method, desk, client, *peer, NULL, rpc};
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

json_t *method_id_json(uint64_t id)
{
    char digits[24];

    snprintf(digits, sizeof(digits), "%llu", (unsigned long long)id);
    return json_string(digits);
}
