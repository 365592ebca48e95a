/* desk.c -- control's side of calls: who asks (by token), the handler, and the way back. */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "accounts/access.h"
#include "accounts/bans.h"
#include "common/protocol.h"
#include "http/call_inside.h"
#include "http/connection.h"
#include "http/gate.h"
#include "http/http_inside.h"
#include "ops/metrics.h"
#include "store/timestamp.h"

static void list_add(struct http *http, struct http_call *call)
{
    call->previous = NULL;
    call->next = http->calls;
    if (call->next != NULL)
        call->next->previous = call;
    http->calls = call;
}

static void list_remove(struct http *http, struct http_call *call)
{
    *(call->previous != NULL ? &call->previous->next : &http->calls) = call->next;
    if (call->next != NULL)
        call->next->previous = call->previous;
    call->next = call->previous = NULL;
}

/* ---- who asks ---- */

static bool unknown(struct http_call *call, const char *challenge, const char *detail)
{
    call_add_header(call, "WWW-Authenticate", challenge);
    call_problem(call, 401, detail);
    return false;
}

/* True: it may go on. False: it is answered. */
static bool identify(struct http *http, struct http_call *call)
{
    enum route_auth auth = call->match.route->auth;
    const char *header = call_header(call, "authorization");
    struct token_claims claims;
    struct error cause;

    if (auth == ROUTE_PUBLIC || (auth == ROUTE_OPTIONAL && header == NULL))
        return true;
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0)
        return unknown(call, "Bearer", "authentication required");
    switch (access_check(http->services.access, header + 7, &call->address, timestamp_now_ms(),
                         &claims, &cause)) {
    case ACCESS_GOOD:
        break;
    case ACCESS_REFUSED:
        return unknown(call, "Bearer error=\"invalid_token\"", "invalid token");
    case ACCESS_BANNED:
        call_problem(call, 403, cause.text);
        return false;
    }
    call->identified = true;
    call->identity.player = claims.player;
    call->identity.role = protocol_role_of(claims.role);
    snprintf(call->identity.username, sizeof(call->identity.username), "%s", claims.name);
    if (auth != ROUTE_ADMIN || call->identity.role == PROTOCOL_ROLE_ADMIN)
        return true;
    call_problem(call, 403, "this is for administrators");
    return false;
}

/* Behind a proxy the address of the connection was the proxy's. */
static bool barred(struct http *http, struct http_call *call)
{
    const struct ban *ban =
        call->forwarded ? bans_address(http->services.bans, &call->address, timestamp_now_ms())
                        : NULL;
    char text[BANS_TEXT_MAX];

    if (ban == NULL)
        return false;
    metrics_add(METRIC_BANNED_REFUSED, 1);
    bans_sentence(ban, text);
    call_problem(call, 403, text);
    return true;
}

/* ---- there and back ---- */

/* Io thread: its address is not banned. */
static void run_let(struct postbox_item *item)
{
    struct http_call *call = (struct http_call *)(void *)item;
    struct connection *connection = worker_find(call->worker, call->slot, call->generation);

    call->on_control = false;
    if (connection != NULL)
        connection_run(connection, call);
    else
        call_give(call->worker, call);
}

static void let(struct http *http, struct http_call *call)
{
    list_remove(http, call);
    call->item.run = run_let;
    io_post(call->worker->io, &call->item);
}

static void run_asked(struct postbox_item *item)
{
    struct http_call *call = (struct http_call *)(void *)item;
    struct http *http = call->http;

    list_add(http, call);
    if (http->ended)
        call_problem(call, 503, "the server stops");
    else if (barred(http, call))
        return;
    else if (call->match.route->thread == ROUTE_ON_IO)
        let(http, call);
    else if (identify(http, call) && gate_account(call) && gate_fits(call))
        call_run(call);
}

/* Io thread. */
void http_ask(struct http *http, struct http_call *call)
{
    call->item.run = run_asked;
    postbox_post(http->postbox, &call->item);
}

/* Io thread. */
static void run_answered(struct postbox_item *item)
{
    struct http_call *call = (struct http_call *)(void *)item;
    struct connection *connection = worker_find(call->worker, call->slot, call->generation);

    call->on_control = false;
    call->connection = connection;
    if (connection != NULL)
        connection_answer(connection, call);
    else
        call_give(call->worker, call);
}

void http_answered(struct http *http, struct http_call *call)
{
    list_remove(http, call);
    call->item.run = run_answered;
    if (http->ended)
        call_give(NULL, call);
    else
        io_post(call->worker->io, &call->item);
}

void desk_free(struct http *http)
{
    struct http_call *next;

    for (struct http_call *call = http->calls; call != NULL; call = next) {
        next = call->next;
        call_give(NULL, call);
    }
    http->calls = NULL;
}
