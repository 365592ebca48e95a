/* jsonrpc.c -- see jsonrpc.h.
 *
 *   line --> exchange --> call, call, call ... each answered once --> answers[] --> one line
 *
 * The exchange counts the calls that are open; jsonrpc_line itself holds one of that count until it
 * has handed out all of them, so that answers given at once do not end the exchange too early. */
#include "admin/jsonrpc.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* Room for a small answer to each request of a batch (the error that a larger one becomes is one),
 * with their ids. */
#define SMALL_MAX  256
#define SMALLS_MAX (JSONRPC_BATCH_MAX * SMALL_MAX + JSONRPC_LINE_MAX)

struct jsonrpc_exchange {
    struct jsonrpc_port *port; /* NULL: the port is gone */
    struct jsonrpc_exchange *next, **link;
    bool batch;
    unsigned waiting;
    json_t *answers; /* array */
};

struct jsonrpc_call {
    struct jsonrpc_exchange *exchange;
    json_t *request; /* owned: method and params live in it */
    json_t *id;      /* owned; NULL: a notification */
};

static json_t *error_object(json_t *id, int code, const char *message, json_t *data)
{
    json_t *error = json_pack("{s:i, s:s}", "code", code, "message", message);

    if (data != NULL)
        json_object_set_new(error, "data", data);
    return json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", "error", error, "id",
                     id != NULL ? json_incref(id) : json_null());
}

/* A json value as a line. NULL when out of memory. */
static char *dump_line(const json_t *value, size_t *len_bytes)
{
    char *text = json_dumps(value, JSON_COMPACT);
    char *line;

    if (text == NULL)
        return NULL;
    *len_bytes = strlen(text);
    line = realloc(text, *len_bytes + 2);
    if (line == NULL) {
        free(text);
        return NULL;
    }
    line[(*len_bytes)++] = '\n';
    line[*len_bytes] = '\0';
    return line;
}

char *jsonrpc_refusal(int code, const char *message)
{
    json_t *object = error_object(NULL, code, message, NULL);
    size_t len_bytes;
    char *line = object != NULL ? dump_line(object, &len_bytes) : NULL;

    json_decref(object);
    return line;
}

/* What does not fit beside what stands before it becomes an error of its own. Small answers fit in
 * any case: of a batch, what was done is told. */
static void shorten(json_t *answers)
{
    size_t used_bytes = 0, i;
    json_t *answer;

    json_array_foreach(answers, i, answer)
    {
        size_t len_bytes = json_dumpb(answer, NULL, 0, JSON_COMPACT) + 1;

        size_t id_bytes =
            json_dumpb(json_object_get(answer, "id"), NULL, 0, JSON_COMPACT | JSON_ENCODE_ANY);

        if (len_bytes <= SMALL_MAX + id_bytes)
            continue; /* there is room for it */
        if (used_bytes + len_bytes <= JSONRPC_ANSWER_MAX - SMALLS_MAX)
            used_bytes += len_bytes;
        else
            json_array_set_new(answers, i,
                               error_object(json_object_get(answer, "id"), JSONRPC_FAILED,
                                            "the answer is larger than 1 MiB: ask for less at once",
                                            NULL));
    }
}

static char *dump_answers(const struct jsonrpc_exchange *exchange, size_t *len_bytes)
{
    return dump_line(exchange->batch ? exchange->answers : json_array_get(exchange->answers, 0),
                     len_bytes);
}

static void exchange_send(struct jsonrpc_exchange *exchange)
{
    struct jsonrpc_port *port = exchange->port;
    size_t len_bytes = 0;
    char *line = NULL;

    if (json_array_size(exchange->answers) > 0)
        line = dump_answers(exchange, &len_bytes);
    if (line != NULL && len_bytes > JSONRPC_ANSWER_MAX) {
        free(line);
        shorten(exchange->answers);
        line = dump_answers(exchange, &len_bytes);
    }
    if (line != NULL)
        port->answer(port->context, line, len_bytes);
    else if (port->unanswered != NULL)
        port->unanswered(port->context);
    free(line);
}

static void exchange_unlink(struct jsonrpc_exchange *exchange)
{
    if (exchange->port == NULL)
        return;
    *exchange->link = exchange->next;
    if (exchange->next != NULL)
        exchange->next->link = exchange->link;
    exchange->port->open_n--;
}

/* One call less is open; the last one sends. */
static void exchange_done(struct jsonrpc_exchange *exchange)
{
    if (--exchange->waiting > 0)
        return;
    exchange_unlink(exchange);
    if (exchange->port != NULL)
        exchange_send(exchange);
    json_decref(exchange->answers);
    free(exchange);
}

static struct jsonrpc_exchange *exchange_new(struct jsonrpc_port *port)
{
    struct jsonrpc_exchange *exchange = calloc(1, sizeof(*exchange));

    if (exchange == NULL)
        return NULL;
    exchange->answers = json_array();
    exchange->port = port;
    exchange->waiting = 1;
    exchange->next = port->open;
    exchange->link = &port->open;
    if (port->open != NULL)
        port->open->link = &exchange->next;
    port->open = exchange;
    port->open_n++;
    return exchange;
}

void jsonrpc_close(struct jsonrpc_port *port)
{
    while (port->open != NULL) {
        struct jsonrpc_exchange *exchange = port->open;

        exchange_unlink(exchange);
        exchange->port = NULL;
    }
}

static void answer(struct jsonrpc_exchange *exchange, json_t *object)
{
    json_array_append_new(exchange->answers, object);
}

static void call_end(struct jsonrpc_call *call, json_t *object)
{
    struct jsonrpc_exchange *exchange = call->exchange;

    if (call->id != NULL && exchange->port != NULL)
        answer(exchange, object);
    else
        json_decref(object);
    json_decref(call->id);
    json_decref(call->request);
    free(call);
    exchange_done(exchange);
}

void jsonrpc_result(struct jsonrpc_call *call, json_t *result)
{
    call_end(call, json_pack("{s:s, s:o, s:o}", "jsonrpc", "2.0", "result",
                             result != NULL ? result : json_null(), "id",
                             call->id != NULL ? json_incref(call->id) : json_null()));
}

void jsonrpc_error(struct jsonrpc_call *call, int code, const char *message, json_t *data)
{
    call_end(call, error_object(call->id, code, message, data));
}

const char *jsonrpc_method(const struct jsonrpc_call *call)
{
    return json_string_value(json_object_get(call->request, "method"));
}

json_t *jsonrpc_params(const struct jsonrpc_call *call)
{
    return json_object_get(call->request, "params");
}

/* What is wrong with a request, NULL: nothing. */
static const char *request_fault(const json_t *request)
{
    const json_t *version = json_object_get(request, "jsonrpc");
    const json_t *params = json_object_get(request, "params");
    const json_t *id = json_object_get(request, "id");
    size_t known;

    if (!json_is_object(request))
        return "a request is an object";
    if (!json_is_string(version) || strcmp(json_string_value(version), "2.0") != 0)
        return "\"jsonrpc\" must be \"2.0\"";
    if (!json_is_string(json_object_get(request, "method")))
        return "\"method\" must be a string";
    if (params != NULL && !json_is_object(params) && !json_is_array(params))
        return "\"params\" must be an object or an array";
    if (id != NULL && !json_is_string(id) && !json_is_number(id) && !json_is_null(id))
        return "\"id\" must be a string, a number or null";
    known = 2 + (params != NULL) + (id != NULL);
    if (json_object_size(request) != known)
        return "a request holds jsonrpc, method, params and id, and nothing else";
    return NULL;
}

static void take_request(struct jsonrpc_exchange *exchange, json_t *request)
{
    const char *fault = request_fault(request);
    json_t *id = json_object_get(request, "id");
    struct jsonrpc_call *call;

    if (fault != NULL) {
        if (!json_is_string(id) && !json_is_number(id))
            id = NULL;
        answer(exchange, error_object(id, JSONRPC_BAD_REQUEST, fault, NULL));
        return;
    }
    call = calloc(1, sizeof(*call));
    if (call == NULL) {
        answer(exchange, error_object(id, JSONRPC_INTERNAL, "out of memory", NULL));
        return;
    }
    call->exchange = exchange;
    call->request = json_incref(request);
    call->id = json_incref(id);
    exchange->waiting++;
    exchange->port->call(exchange->port->context, call);
}

static void take_batch(struct jsonrpc_exchange *exchange, json_t *batch)
{
    size_t n = json_array_size(batch);

    if (n == 0 || n > JSONRPC_BATCH_MAX) {
        answer(exchange,
               error_object(NULL, JSONRPC_BAD_REQUEST,
                            n == 0 ? "an empty batch" : "a batch holds at most 64 requests", NULL));
        return;
    }
    exchange->batch = true;
    /* A call may end the port (a peer that is closed): the rest of the batch is then not begun. */
    for (size_t i = 0; i < n && exchange->port != NULL; i++)
        take_request(exchange, json_array_get(batch, i));
}

void jsonrpc_line(struct jsonrpc_port *port, const char *bytes, size_t len_bytes)
{
    struct jsonrpc_exchange *exchange;
    json_error_t fault;
    json_t *value;

    if (port->open_n >= JSONRPC_OPEN_MAX) {
        char *line = jsonrpc_refusal(JSONRPC_BUSY, "too many requests wait for an answer");

        if (line != NULL)
            port->answer(port->context, line, strlen(line));
        free(line);
        return;
    }
    exchange = exchange_new(port);
    if (exchange == NULL)
        return;
    value = json_loadb(bytes, len_bytes, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &fault);
    if (value == NULL)
        answer(exchange, error_object(NULL, JSONRPC_BAD_JSON, "the line is not JSON", NULL));
    else if (json_is_array(value))
        take_batch(exchange, value);
    else
        take_request(exchange, value);
    json_decref(value);
    exchange_done(exchange);
}
