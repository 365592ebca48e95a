/* answer.c -- an answer's bytes: the head with all that goes into each, the body plain or packed,
 * and whether the client has it already. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "common/log.h"
#include "http/accept.h"
#include "http/call_inside.h"
#include "http/connection.h"
#include "http/etag.h"
#include "http/gzip.h"
#include "http/respond.h"
#include "http/security.h"
#include "ops/metrics.h"

#define HEAD_ROOM 8192

static bool has_body(const struct http_call *call)
{
    return call->status >= 200 && call->status != 204 && call->status != 304;
}

/* The last row is of requests that no route took. */
#define STATUSES_OF(class)                                                                         \
    {                                                                                              \
        "class=\"" class "\",status=\"1xx\"", "class=\"" class "\",status=\"2xx\"",                \
            "class=\"" class "\",status=\"3xx\"", "class=\"" class "\",status=\"4xx\"",            \
            "class=\"" class "\",status=\"5xx\""                                                   \
    }
static const char *const counted[ROUTE_RATES_N + 1][5] = {
    [ROUTE_RATE_READ] = STATUSES_OF("read"),   [ROUTE_RATE_WRITE] = STATUSES_OF("write"),
    [ROUTE_RATE_LOGIN] = STATUSES_OF("login"), [ROUTE_RATE_CHEAP] = STATUSES_OF("cheap"),
    [ROUTE_RATES_N] = STATUSES_OF("none"),
};

static void count(const struct http_call *call)
{
    unsigned row = call->match.route != NULL ? call->match.route->rate : ROUTE_RATES_N;
    unsigned column =
        call->status >= 100 && call->status < 600 ? (unsigned)call->status / 100 - 1 : 4;
    unsigned at = row * 5 + column;

    if (metrics_member_labels(METRIC_GROUP_HTTP_REQUESTS, at) == NULL) /* the first of its kind */
        metrics_member(METRIC_GROUP_HTTP_REQUESTS, at, counted[row][column]);
    metrics_member_add(METRIC_GROUP_HTTP_REQUESTS, at, 1);
}

/* A header that the handler has set. */
static bool has_header(const struct http_call *call, const char *name)
{
    size_t n = strlen(name);
    const char *line = call->headers, *end = call->headers + call->headers_n;

    while (line < end) {
        if (strncasecmp(line, name, n) == 0 && line[n] == ':')
            return true;
        line = memchr(line, '\n', (size_t)(end - line));
        line = line != NULL ? line + 1 : end;
    }
    return false;
}

static bool is_text(const char *type)
{
    return type != NULL &&
           (strncmp(type, "application/json", 16) == 0 ||
            strncmp(type, "application/problem+json", 24) == 0 || strncmp(type, "text/", 5) == 0);
}

/* What does not change need not be sent again. */
static void look_at_etag(struct http_call *call)
{
    char etag[ETAG_BYTES];

    if (call->status != 200 || call->match.route == NULL || call->asset != NULL ||
        call->match.route->method != HTTP_GET || call->match.route->rate == ROUTE_RATE_CHEAP ||
        !is_text(call->type) || has_header(call, "ETag"))
        return;
    etag_make(call->answer, call->answer_n, true, etag);
    call_add_header(call, "ETag", etag);
    if (etag_listed(call_header(call, "if-none-match"), etag))
        call->status = 304;
}

/* Smaller, for who takes it. */
static void pack(struct worker *worker, struct http_call *call)
{
    size_t room, n;
    char *packed;

    if (!is_text(call->type) || call->asset != NULL || call->answer_n < GZIP_LEAST_BYTES ||
        has_header(call, "Content-Encoding"))
        return;
    call_add_header(call, "Vary", "Accept-Encoding"); /* of a 304 too: caches take it over */
    if (!has_body(call) || !accept_gzip(call_header(call, "accept-encoding")))
        return;
    if (worker->gzip == NULL)
        worker->gzip = gzip_new();
    room = gzip_bound(call->answer_n);
    packed = worker->gzip != NULL ? malloc(room) : NULL;
    n = packed != NULL ? gzip_pack(worker->gzip, call->answer, call->answer_n, packed, room) : 0;
    if (n == 0) {
        free(packed);
        return;
    }
    free(call->answer_owned);
    if (call->release != NULL)
        call->release(call->release_context);
    call->release = NULL;
    call->lent = false;
    call->answer = call->answer_owned = packed;
    call->answer_n = n;
    call_add_header(call, "Content-Encoding", "gzip");
}

static void write_cors(const struct connection *c, struct http_call *call, struct respond *respond)
{
    const struct cors_policy *policy = &c->worker->settings->cors;
    const char *origin = call_header(call, "origin");
    char methods[64];

    if (!call->preflight) {
        cors_write(policy, origin, respond);
        return;
    }
    router_allow(call->match.methods, methods, sizeof(methods));
    cors_write_preflight(policy, origin, methods,
                         call_header(call, "access-control-request-headers"), respond);
}

static void write_rate(const struct limits_answer *rate, struct respond *respond)
{
    if (rate->limit == 0)
        return;
    respond_number(respond, "RateLimit-Limit", rate->limit);
    respond_number(respond, "RateLimit-Remaining", rate->remaining);
    respond_number(respond, "RateLimit-Reset", rate->full_s);
}

static int write_head(struct connection *c, struct http_call *call, char room[HEAD_ROOM])
{
    struct respond respond;
    const char *security;
    size_t security_n;

    respond_begin(&respond, room, HEAD_ROOM, call->status);
    respond_header(&respond, "Date", respond_now(&c->worker->clock, time(NULL)));
    if (call->status == 101) {
        respond_lines(&respond, call->headers, call->headers_n);
        return respond_end(&respond);
    }
    security = security_lines(call->secure, &security_n);
    respond_lines(&respond, security, security_n);
    write_cors(c, call, &respond);
    if (has_body(call))
        respond_number(&respond, "Content-Length", call->answer_n);
    if (call->type != NULL && has_body(call))
        respond_header(&respond, "Content-Type", call->type);
    write_rate(&call->rate, &respond);
    respond_lines(&respond, call->headers, call->headers_n);
    if (!c->keep)
        respond_header(&respond, "Connection", "close");
    else if (call->head.http_1_0)
        respond_header(&respond, "Connection", "keep-alive");
    return respond_end(&respond);
}

static void write_body(struct connection *c, struct http_call *call)
{
    if (!has_body(call) || call->head.method == HTTP_HEAD || call->answer_n == 0)
        return;
    if (call->file > 0) {
        connection_send_file(c, call->file - 1, call->file_at, call->answer_n);
        call->file = 0;
        return;
    }
    if (!call->lent) {
        connection_write(c, call->answer, call->answer_n);
        return;
    }
    connection_lend(c, call->answer, call->answer_n, call->release, call->release_context);
    call->release = NULL;
}

void answer_write(struct connection *c, struct http_call *call)
{
    char room[HEAD_ROOM];
    int n;

    look_at_etag(call);
    pack(c->worker, call);
    count(call);
    n = write_head(c, call, room);
    if (n < 0) {
        log_event(LOG_LEVEL_ERROR, "http_head_too_long", "an answer's headers do not fit",
                  LOG_U64("bytes", call->headers_n));
        connection_close(c);
        return;
    }
    connection_write(c, room, (size_t)n);
    write_body(c, call);
}
