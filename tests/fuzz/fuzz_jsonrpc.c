/* fuzz_jsonrpc.c -- JSON-RPC: any lines in; each line out is one line of JSON, and nothing that was
 * asked stays open once all calls are answered. What names a method of ours has its parameters
 * checked against that row, a subscription also against its topic's. */
#include <stdbool.h>
#include <string.h>

#include <jansson.h>

#include "admin/jsonrpc.h"
#include "admin/method.h"
#include "admin/subscription.h"
#include "fuzz.h"

#define HELD_MAX 8

struct host {
    struct jsonrpc_call *held[HELD_MAX]; /* answered when the input is over, or the port closed */
    unsigned held_n;
    unsigned answers;
};

/* As method_begin and a subscription do, whatever comes. */
static void check_params(const char *name, const json_t *params)
{
    const struct method *method = method_find(name);
    struct error error = {""};
    const char *topic;
    if (!method || !json_is_object(params))
        return;
    if (method_check(method->params, params, &error) != 0) {
        MUST(error.text[0]);
        return;
    }
    topic = json_string_value(json_object_get(params, "topic"));
    params = json_object_get(params, "params");
    for (const struct topic *row = TOPICS; topic && row->name; row++)
        if (strcmp(row->name, topic) == 0 && json_is_object(params))
            MUST(method_check(row->params, params, &error) == 0 || error.text[0]);
}

static void on_call(void *context, struct jsonrpc_call *call)
{
    struct host *host = context;
    const char *method = jsonrpc_method(call);
    json_t *params = jsonrpc_params(call);
    MUST(method);
    MUST(!params || json_is_object(params) || json_is_array(params));
    check_params(method, params);
    if (method[0] == 'h' && host->held_n < HELD_MAX)
        host->held[host->held_n++] = call;
    else if (method[0] == 'e')
        jsonrpc_error(call, JSONRPC_FAILED, "no", params ? json_incref(params) : NULL);
    else
        jsonrpc_result(call, params ? json_incref(params) : NULL);
}

static void on_answer(void *context, const char *line, size_t len_bytes)
{
    struct host *host = context;
    MUST(len_bytes > 1 && len_bytes <= JSONRPC_ANSWER_MAX && line[len_bytes - 1] == '\n');
    MUST(!memchr(line, '\n', len_bytes - 1));
    json_t *answer = json_loadb(line, len_bytes, JSON_REJECT_DUPLICATES, NULL);
    MUST(answer);
    json_decref(answer);
    host->answers++;
}

static void answer_held(struct host *host)
{
    for (unsigned i = 0; i < host->held_n; i++)
        jsonrpc_result(host->held[i], NULL);
    host->held_n = 0;
}

/* The first byte says whether the port closes before what is held is answered. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    struct host host = {0};
    struct jsonrpc_port port = {.call = on_call, .answer = on_answer, .context = &host};
    if (len_bytes == 0)
        return 0;
    bool close_first = bytes[0] & 1;
    const char *at = (const char *)bytes + 1, *end = (const char *)bytes + len_bytes;
    while (at < end) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((newline ? newline : end) - at);
        jsonrpc_line(&port, at, n < JSONRPC_LINE_MAX ? n : JSONRPC_LINE_MAX);
        at += n + 1;
    }
    if (!close_first) {
        answer_held(&host);
        MUST(port.open_n == 0 && port.open == NULL);
    }
    unsigned answers = host.answers;
    jsonrpc_close(&port);
    answer_held(&host);
    MUST(host.answers == answers); /* to nobody */
    return 0;
}
