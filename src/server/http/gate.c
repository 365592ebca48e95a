/* gate.c -- see gate.h. */
#include "http/gate.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/clock.h"
#include "http/api.h"
#include "http/body.h"
#include "http/call_inside.h"
#include "http/connection.h"
#include "http/engineio.h"
#include "http/forwarded.h"
#include "net/network.h"
#include "net/tally.h"
#include "ops/metrics.h"
#include "ops/traffic.h"

#define RETRY_AFTER "5" /* seconds, of a stop */

static void whose(struct connection *c, struct http_call *call)
{
    const struct http_settings *settings = c->worker->settings;
    const struct sockaddr *address = (const struct sockaddr *)&call->address;

    if (network_list_holds(settings->proxies, address)) {
        if (forwarded_https(&call->head, call->text))
            call->secure = true;
        call->forwarded = forwarded_for(&call->head, call->text, settings->proxies, &call->address);
    }
    call->exempt = network_list_holds(settings->exempt, address);
}

static bool stopped(struct connection *c, struct http_call *call)
{
    if (c->ticket->barred != NULL) {
        c->keep = false;
        call_problem(call, 403, c->ticket->barred);
        return true;
    }
    if (!c->worker->draining)
        return false;
    call_add_header(call, "Retry-After", RETRY_AFTER);
    call_problem(call, 503, "the server stops");
    return true;
}

/* What balancers look at, whoever they are. */
static bool of_health(const struct http_call *call)
{
    const struct route *route = call->match.route;

    return route->rate == ROUTE_RATE_CHEAP && route->run != engineio_run && call->asset == NULL;
}

/* Plain, where it should come by https: 308 keeps the method and the body. */
static bool redirected(struct connection *c, struct http_call *call)
{
    uint16_t port = c->worker->settings->redirect_port;
    const struct parse_span *query = &call->head.query;
    const char *host = call_header(call, "host");
    char to[CALL_HEADERS_BYTES - 128], suffix[8] = ""; /* it goes among the call's headers */
    size_t host_n;
    int n;

    if (port == 0 || call->secure || host == NULL || call->match.route == NULL || of_health(call))
        return false;
    host_n = host[0] == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":");
    if (port != 443)
        snprintf(suffix, sizeof(suffix), ":%u", port);
    n = snprintf(to, sizeof(to), "https://%.*s%s%s%s%s", (int)host_n, host, suffix, call_path(call),
                 query->len_bytes > 0 ? "?" : "", call->text + query->at);
    if (host_n > 0 && n > 0 && (size_t)n < sizeof(to)) {
        call_add_header(call, "Location", to);
        call_answer_empty(call, 308);
    } else {
        call_problem(call, 414, "this is to be asked by https, and too long to be sent there");
    }
    return true;
}

static void tally_limited(const struct http_call *call, uint32_t retry_s)
{
    struct tally *tally = http_services(call->worker->http)->tally;
    const struct sockaddr *address = (const struct sockaddr *)&call->address;
    uint64_t now_ms = clock_steady_ms();

    tally_add(tally, address, TALLY_LIMITED, 1, now_ms);
    tally_block(tally, address, TALLY_ASKING, now_ms + retry_s * UINT64_C(1000), now_ms);
}

/* True: it was too often, and is answered. */
static bool limited(struct http_call *call, const struct limits_answer *rate)
{
    char seconds[16];

    if (call->rate.limit == 0 || rate->remaining <= call->rate.remaining)
        call->rate = *rate;
    if (rate->allowed)
        return false;
    metrics_add(METRIC_HTTP_LIMITED, 1);
    traffic_count(TRAFFIC_HTTP, TRAFFIC_LIMITED);
    tally_limited(call, rate->retry_s);
    snprintf(seconds, sizeof(seconds), "%u", rate->retry_s);
    call_add_header(call, "Retry-After", seconds);
    call_problem(call, 429, "too many requests");
    return true;
}

bool gate_limited(struct http_call *call, enum route_class class_of)
{
    struct limits_answer rate;

    if (call->exempt)
        return false;
    rate = limits_take_address(call->worker->limits, class_of,
                               (const struct sockaddr *)&call->address, clock_steady_us());
    return limited(call, &rate);
}

static void answer_options(struct http_call *call)
{
    call->preflight = call_header(call, "access-control-request-method") != NULL;
    call_answer_empty(call, 204);
}

/* What is no route may be a file. False: it is none, or not asked for; then match says why. */
static bool is_asset(struct http_call *call)
{
    struct assets *assets = call->worker->settings->assets;
    const struct parse_span *path = &call->head.path;
    enum http_method method = call->head.method;
    const struct asset *asset;

    if (assets == NULL || call->match.status != 404)
        return false;
    asset = api_assets_find(assets, call->text + path->at, path->len_bytes);
    if (asset == NULL)
        return false;
    if (method != HTTP_GET && method != HTTP_HEAD) {
        call->match.methods = 1u << HTTP_GET | 1u << HTTP_HEAD | 1u << HTTP_OPTIONS;
        call->match.status = method == HTTP_OPTIONS ? 204 : 405;
        return false;
    }
    call->asset = asset;
    call->assets = assets_ref(assets);
    call->match.route = &api_assets_route;
    return true;
}

/* OPTIONS of "*" asks about the server, not of a path (RFC 9110, 9.3.7); HAProxy, told no more than
 * "option httpchk", looks by OPTIONS of "/" whether it is there. */
static bool is_of_server(const struct http_call *call)
{
    const char *path = call->text + call->head.path.at;

    return call->head.method == HTTP_OPTIONS && call->head.path.len_bytes == 1 &&
           (path[0] == '*' || path[0] == '/');
}

static bool routed(struct http_call *call)
{
    const struct parse_span *path = &call->head.path;
    char allow[64];

    router_find(call->head.method, call->text + path->at, path->len_bytes, &call->match);
    if (call->match.route != NULL || is_asset(call))
        return true;
    if (call->match.status == 404 && is_of_server(call)) {
        call->match.methods = (1u << HTTP_METHODS) - 1;
        call->match.status = 204;
    }
    if (call->match.status != 204 && gate_limited(call, ROUTE_RATE_READ)) /* who tries paths */
        return false;
    if (call->match.methods != 0) {
        router_allow(call->match.methods, allow, sizeof(allow));
        call_add_header(call, "Allow", allow);
    }
    if (call->match.status == 204)
        answer_options(call);
    else if (call->match.status == 405)
        call_problem(call, 405, "this method is not allowed here");
    else if (call->match.status == 404)
        call_problem(call, 404, "Not found");
    else
        call_problem(call, 400, "the path is malformed");
    return false;
}

bool gate_account(struct http_call *call)
{
    struct limits_answer rate;

    if (call->exempt || !call->identified)
        return true;
    rate = limits_take_account(call->worker->limits, call->match.route->rate, call->identity.player,
                               clock_steady_us());
    return !limited(call, &rate);
}

bool gate_passed(struct connection *c, struct http_call *call)
{
    bool keep = c->keep;

    if (call->body_late)
        c->keep = false; /* where it is answered now, the body is not read */
    whose(c, call);
    if (stopped(c, call) || !routed(call) || gate_limited(call, call->match.route->rate) ||
        redirected(c, call))
        return false;
    c->keep = keep;
    return true;
}

int gate_body(struct http_call *call)
{
    const struct route_schema *schema = call->match.route->schema;
    struct body_fault fault = {.status = 415, .detail = "the body must be application/json"};

    if (schema == NULL || (call->body_n == 0 && !body_needed(schema)))
        return 0;
    if (call->head.body == PARSE_NO_BODY && call_header(call, "content-length") == NULL)
        fault = (struct body_fault){.status = 411, .detail = "a body is needed, and its length"};
    else if (body_is_json(call_header(call, "content-type")))
        call->json = body_read(call->body, call->body_n, schema, &fault);
    if (call->json != NULL)
        return 0;
    call->fault = malloc(sizeof(fault));
    if (call->fault == NULL)
        return -1;
    *call->fault = fault;
    return 0;
}

bool gate_fits(struct http_call *call)
{
    const struct body_fault *fault = call->fault;

    if (fault == NULL)
        return true;
    if (fault->field[0] != '\0')
        call_problem_field(call, fault->status, fault->detail, fault->field, fault->reason);
    else
        call_problem(call, fault->status, fault->detail);
    return false;
}

bool gate_asks(const struct http_call *call)
{
    char sid[2] = "";
    int found;

    if (!call->forwarded || of_health(call))
        return false;
    /* Whoever has a session was looked at when it began, and a ban ends those of players. An empty
     * sid is none (engineio.c). */
    found = call_query(call, "sid", sid, sizeof(sid));
    return call->match.route->run != engineio_run || found == -1 || (found == 0 && sid[0] == '\0');
}
