/* call.c -- see call.h. The call's life; what handlers read and answer. */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/log.h"
#include "http/call_inside.h"
#include "http/connection.h"
#include "http/gate.h"
#include "http/http.h"
#include "http/problem.h"
#include "http/query.h"

#define SPARE_MAX 64
#define FAILED    "The server failed"

/* ---- life ---- */

struct http_call *call_take(struct connection *c)
{
    struct worker *worker = c->worker;
    struct http_call *call = worker->spare;

    if (call != NULL) {
        worker->spare = call->next;
        worker->spare_n--;
    } else if ((call = malloc(sizeof(*call))) == NULL) {
        return NULL;
    }
    memset(call, 0, sizeof(*call));
    call->worker = worker;
    call->connection = c;
    call->http = worker->http;
    call->slot = c->slot;
    call->generation = c->generation;
    call->address = c->ticket->address;
    call->secure = c->ticket->tls;
    return call;
}

void call_give(struct worker *worker, struct http_call *call)
{
    if (call == NULL)
        return;
    json_decref(call->json);
    free(call->fault);
    free(call->copy);
    if (!call->body_borrowed)
        free(call->body);
    free(call->answer_owned);
    assets_unref(call->assets);
    if (call->file > 0)
        close(call->file - 1);
    if (call->release != NULL)
        call->release(call->release_context);
    if (worker == NULL || worker->spare_n >= SPARE_MAX) {
        free(call);
        return;
    }
    call->next = worker->spare;
    worker->spare = call;
    worker->spare_n++;
}

int call_own(struct http_call *call)
{
    if (call->copy == NULL) {
        call->copy = malloc(call->head.head_bytes + 1);
        if (call->copy == NULL)
            return -1;
        memcpy(call->copy, call->text, call->head.head_bytes);
        call->text = call->copy;
    }
    if (call->body_borrowed) {
        uint8_t *body = malloc(call->body_n);

        if (body == NULL)
            return -1;
        memcpy(body, call->body, call->body_n);
        call->body = body;
        call->body_borrowed = false;
    }
    return 0;
}

void call_run(struct http_call *call)
{
    struct connection *c = call->connection; /* NULL: on control */

    call->state = CALL_RUNNING;
    call->match.route->run(call);
    if (c == NULL || c->call != call || call->state != CALL_RUNNING) /* answered: it may be gone */
        return;
    assert(false && "a handler on an io thread answered nothing");
    call_problem(call, 500, FAILED);
}

/* Control goes on with it. */
static void ask(struct http_call *call)
{
    if (call_own(call) != 0) {
        call_problem(call, 503, "the server is out of memory");
        return;
    }
    call->connection->call = NULL;
    call->connection = NULL;
    call->on_control = true;
    call->state = CALL_WAITING;
    http_ask(call->http, call);
}

void call_begin(struct http_call *call)
{
    if (gate_body(call) != 0) {
        call_problem(call, 503, "the server is out of memory");
    } else if (call->match.route->thread == ROUTE_ON_IO) {
        if (!gate_fits(call))
            return;
        if (gate_asks(call))
            ask(call);
        else
            call_run(call);
    } else if (call->match.route->auth == ROUTE_PUBLIC && !gate_fits(call)) {
        return; /* control need not be asked */
    } else {
        ask(call);
    }
}

void call_forget(struct http_call *call)
{
    struct worker *worker = call->worker;

    if (call->state == CALL_WAITING && call->gone != NULL)
        call->gone(call->gone_context);
    call_give(worker, call);
}

/* ---- what was asked ---- */

const char *call_param(const struct http_call *call, unsigned i)
{
    return i < call->match.params_n ? call->match.text + call->match.params[i] : "";
}

int call_query(const struct http_call *call, const char *name, char *out, size_t out_bytes)
{
    const struct parse_span *span = &call->head.query;
    struct query_text query = {call->text + span->at, span->len_bytes};
    int got = query_find(query, name, out, out_bytes);

    return got >= 0 ? 0 : got;
}

const char *call_header(const struct http_call *call, const char *name)
{
    const struct parse_header *header =
        call->text != NULL ? parse_find(&call->head, call->text, name) : NULL;

    return header != NULL ? call->text + header->value.at : NULL;
}

enum http_method call_method(const struct http_call *call)
{
    return call->head.method;
}

const char *call_path(const struct http_call *call)
{
    return call->text + call->head.path.at;
}

const json_t *call_body(const struct http_call *call)
{
    return call->json;
}

const void *call_bytes(const struct http_call *call, size_t *len_bytes)
{
    *len_bytes = call->body_n;
    return call->body_n > 0 ? call->body : NULL;
}

const struct sockaddr_storage *call_address(const struct http_call *call)
{
    return &call->address;
}

bool call_exempt(const struct http_call *call)
{
    return call->exempt;
}

bool call_secure(const struct http_call *call)
{
    return call->secure;
}

const struct call_identity *call_identity(const struct http_call *call)
{
    return call->identified ? &call->identity : NULL;
}

struct http *call_http(const struct http_call *call)
{
    return call->http;
}

struct io *call_io(const struct http_call *call)
{
    return call->worker->io;
}

unsigned call_thread(const struct http_call *call)
{
    return call->worker->number;
}

/* ---- what is answered ---- */

void call_add_header(struct http_call *call, const char *name, const char *value)
{
    size_t room = sizeof(call->headers) - call->headers_n;
    int n;

    for (const char *p = value; *p != '\0'; p++)
        if ((unsigned char)*p < 0x20 || (unsigned char)*p == 0x7f)
            return;
    n = snprintf(call->headers + call->headers_n, room, "%s: %s\r\n", name, value);
    if (n > 0 && (size_t)n < room)
        call->headers_n += (size_t)n;
    else
        log_event(LOG_LEVEL_WARN, "header_left_out", "an answer has more headers than fit",
                  LOG_TEXT("name", name));
}

static void call_answered(struct http_call *call)
{
    assert(call->state == CALL_READING || call->state == CALL_RUNNING ||
           call->state == CALL_WAITING);
    call->state = CALL_ANSWERED;
    call->gone = NULL;
    if (call->on_control)
        http_answered(call->http, call);
    else
        connection_answer(call->connection, call);
}

void call_answer_json(struct http_call *call, int status, json_t *body)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;

    json_decref(body);
    if (text == NULL) {
        call_problem(call, 500, FAILED);
        return;
    }
    call->status = status;
    call->type = "application/json; charset=utf-8";
    call->answer = call->answer_owned = text;
    call->answer_n = strlen(text);
    call_answered(call);
}

void call_answer_bytes(struct http_call *call, int status, const char *type, const void *bytes,
                       size_t len_bytes)
{
    call->status = status;
    call->type = type;
    call->answer = bytes;
    call->answer_n = len_bytes;
    if (call->on_control && len_bytes > 0) { /* on the io thread it is written before we return */
        call->answer = call->answer_owned = malloc(len_bytes);
        if (call->answer_owned != NULL) {
            memcpy(call->answer_owned, bytes, len_bytes);
        } else {
            call->status = 500;
            call->answer_n = 0;
        }
    }
    call_answered(call);
}

void call_answer_borrowed(struct http_call *call, int status, const char *type, const void *bytes,
                          size_t len_bytes, void (*release)(void *context), void *context)
{
    call->status = status;
    call->type = type;
    call->answer = bytes;
    call->answer_n = len_bytes;
    call->lent = true;
    call->release = release;
    call->release_context = context;
    call_answered(call);
}

void call_answer_file(struct http_call *call, int status, const char *type, struct call_file file)
{
    assert(!call->on_control);
    call->status = status;
    call->type = type;
    call->file = file.fd + 1;
    call->file_at = file.at;
    call->answer_n = file.len_bytes;
    call_answered(call);
}

void call_answer_empty(struct http_call *call, int status)
{
    call->status = status;
    call_answered(call);
}

static void answer_problem(struct http_call *call, const struct problem *problem)
{
    char text[PROBLEM_MAX_BYTES];

    call_answer_bytes(call, problem->status, PROBLEM_TYPE, text, problem_write(problem, text));
}

void call_problem(struct http_call *call, int status, const char *detail)
{
    answer_problem(call, &(struct problem){.status = status, .detail = detail});
}

void call_problem_field(struct http_call *call, int status, const char *detail, const char *field,
                        const char *reason)
{
    answer_problem(call, &(struct problem){status, detail, field, reason});
}

void call_defer(struct http_call *call, void (*gone)(void *context), void *context)
{
    assert(!call->on_control && call->state == CALL_RUNNING);
    if (call_own(call) != 0) {
        /* What was asked cannot be kept: nobody may look at it any more. */
        call->text = NULL;
        memset(&call->head.query, 0, sizeof(call->head.query));
        call->body_n = 0;
    }
    call->state = CALL_WAITING;
    call->gone = gone;
    call->gone_context = context;
}

int call_carry(struct http_call *call, unsigned thread)
{
    struct worker *to = http_worker(call->http, thread);

    assert(!call->on_control && call->state == CALL_RUNNING);
    if (to == NULL || to == call->worker || call->worker->draining || call_own(call) != 0)
        return -1;
    call->state = CALL_WAITING;
    connection_carry(call->connection, to);
    return 0;
}

int call_upgrade(struct http_call *call, const struct http_upgrade_handlers *handlers,
                 void *context)
{
    if (!call->head.wants_upgrade || call->on_control)
        return -1;
    call->state = CALL_ANSWERED;
    call->status = 101;
    connection_upgrade(call->connection, call, handlers, context);
    return 0;
}
