/* http.c -- see http.h. */
#include "http/http.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "accounts/access.h"
#include "common/log.h"
#include "common/protocol.h"
#include "http/call_inside.h"
#include "http/connection.h"
#include "http/worker.h"
#include "net/address.h"
#include "ops/metrics.h"
#include "ops/postbox.h"
#include "play/acceptor.h"
#include "play/balance.h"
#include "play/sessions.h"
#include "store/timestamp.h"

#define THREADS_MAX 256
#define TARGET_MAX  4096

struct http {
    struct event_base *base;
    struct http_services services;
    struct postbox *postbox;
    struct acceptor *acceptor;
    struct worker **workers;
    atomic_uint_fast32_t *load; /* connections of each */
    unsigned workers_n;
    uint32_t connections_n, connections_max;
    struct http_call *calls; /* that control has */
    bool ended;              /* the io threads are gone */
};

/* ---- calls on control ---- */

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

/* Who asks, by his token. False: it is answered. */
static bool identify(struct http *http, struct http_call *call)
{
    enum route_auth auth = call->match.route->auth;
    const char *header = call_header(call, "authorization");
    struct token_claims claims;
    struct error cause;

    if (auth == ROUTE_PUBLIC || (auth == ROUTE_OPTIONAL && header == NULL))
        return true;
    if (header == NULL || strncasecmp(header, "Bearer ", 7) != 0) {
        call_add_header(call, "WWW-Authenticate", "Bearer");
        call_problem(call, 401, "authentication required");
        return false;
    }
    switch (access_check(http->services.access, header + 7, &call->address, timestamp_now_ms(),
                         &claims, &cause)) {
    case ACCESS_GOOD:
        break;
    case ACCESS_REFUSED:
        call_add_header(call, "WWW-Authenticate", "Bearer error=\"invalid_token\"");
        call_problem(call, 401, "invalid token");
        return false;
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

static void run_asked(struct postbox_item *item)
{
    struct http_call *call = (struct http_call *)(void *)item;

    list_add(call->http, call);
    if (call->http->ended)
        call_problem(call, 503, "the server stops");
    else if (identify(call->http, call))
        call_run(call);
}

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

/* ---- accepting ---- */

static void run_closed(struct postbox_item *item)
{
    struct http_ticket *ticket = (struct http_ticket *)(void *)item;
    struct http *http = ticket->http;

    atomic_fetch_sub_explicit(&http->load[ticket->worker->number], 1, memory_order_relaxed);
    http->connections_n--;
    free(ticket);
}

struct worker *http_worker(const struct http *http, unsigned number)
{
    return number < http->workers_n ? http->workers[number] : NULL;
}

/* The load is a figure: nothing hangs on its order. */
void http_carried(struct http *http, struct http_ticket *ticket, struct worker *to)
{
    atomic_fetch_sub_explicit(&http->load[ticket->worker->number], 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&http->load[to->number], 1, memory_order_relaxed);
    ticket->worker = to;
}

void http_closed(struct http *http, struct http_ticket *ticket)
{
    ticket->item.run = run_closed;
    postbox_post(http->postbox, &ticket->item);
}

static unsigned choose_thread(const struct http *http)
{
    struct balance_load loads[THREADS_MAX];

    for (unsigned i = 0; i < http->workers_n; i++) {
        uint32_t load = (uint32_t)atomic_load_explicit(&http->load[i], memory_order_relaxed);

        sessions_load(http->services.sessions, i, &loads[i]);
        loads[i].sessions_n += load;
        loads[i].settled_n += load;
    }
    return balance_choose(loads, http->workers_n);
}

static bool have_room(void *context)
{
    struct http *http = context;

    return sessions_have_room(http->services.sessions);
}

static void on_arrived(void *context, int fd, const struct sockaddr_storage *address)
{
    struct http *http = context;
    struct http_ticket *ticket;
    unsigned thread;

    if (http->connections_n >= http->connections_max ||
        (ticket = calloc(1, sizeof(*ticket))) == NULL) {
        metrics_add(METRIC_REFUSED_FULL, 1);
        close(fd);
        return;
    }
    thread = choose_thread(http);
    ticket->http = http;
    ticket->fd = fd;
    ticket->address = *address;
    atomic_fetch_add_explicit(&http->load[thread], 1, memory_order_relaxed);
    http->connections_n++;
    worker_accept(http->workers[thread], ticket);
}

/* ---- life ---- */

static struct http_settings *settings_new(const struct http_config *config)
{
    struct http_settings *settings = calloc(1, sizeof(*settings));

    if (settings == NULL)
        return NULL;
    settings->limits.head_bytes = config->head_bytes;
    settings->limits.target_bytes =
        config->head_bytes > 2 * TARGET_MAX ? TARGET_MAX : config->head_bytes / 2;
    settings->limits.body_bytes = config->body_bytes;
    settings->head_ms = config->head_ms;
    settings->body_ms = config->body_ms;
    settings->idle_ms = config->idle_ms;
    return settings;
}

static int workers_new(struct http *http, const struct http_config *config, struct error *error)
{
    unsigned n = sessions_threads(http->services.sessions);

    http->workers = calloc(n, sizeof(struct worker *));
    http->load = calloc(n, sizeof(*http->load));
    if (http->workers == NULL || http->load == NULL)
        return error_set(error, "out of memory");
    for (; http->workers_n < n; http->workers_n++) {
        struct io *io = sessions_io(http->services.sessions, http->workers_n);
        struct http_settings *settings = settings_new(config);

        if (settings != NULL)
            http->workers[http->workers_n] = worker_new(http, io, http->workers_n, settings);
        if (http->workers[http->workers_n] == NULL)
            return error_set(error, "out of memory");
    }
    return 0;
}

/* Control; the thread has ended. */
static void thread_ended(void *context, unsigned thread)
{
    struct http *http = context;

    http->ended = true;
    worker_end(http->workers[thread]);
}

struct http *http_new(struct event_base *control, const struct http_config *config,
                      struct error *error)
{
    struct http *http = calloc(1, sizeof(*http));

    if (http == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    http->base = control;
    http->services = config->services;
    http->connections_max = config->connections_max;
    http->postbox = postbox_new(control, error);
    if (http->postbox != NULL && workers_new(http, config, error) == 0)
        http->acceptor = acceptor_new(
            control, config->sockets, config->sockets_n,
            &(struct acceptor_handlers){.room = have_room, .arrived = on_arrived, .context = http},
            error);
    if (http->acceptor == NULL) {
        http_free(http);
        return NULL;
    }
    sessions_on_end(http->services.sessions, thread_ended, http);
    return http;
}

void http_open(struct http *http)
{
    acceptor_open(http->acceptor);
}

int http_reconfigure(struct http *http, const struct http_config *config, struct error *error)
{
    struct http_settings *settings[THREADS_MAX] = {NULL};

    for (unsigned i = 0; i < http->workers_n; i++)
        if ((settings[i] = settings_new(config)) == NULL) {
            while (i-- > 0)
                free(settings[i]);
            return error_set(error, "out of memory");
        }
    http->connections_max = config->connections_max;
    for (unsigned i = 0; i < http->workers_n; i++)
        if (worker_apply(http->workers[i], settings[i]) != 0)
            log_event(LOG_LEVEL_ERROR, "reload_incomplete",
                      "out of memory: an io thread keeps its old HTTP settings",
                      LOG_U64("thread", i));
    return 0;
}

void http_drain(struct http *http)
{
    acceptor_close(http->acceptor);
    for (unsigned i = 0; i < http->workers_n; i++)
        if (worker_drain(http->workers[i]) != 0)
            log_event(LOG_LEVEL_WARN, "drain_failed", "out of memory: HTTP clients are not told",
                      LOG_U64("thread", i));
}

void http_free(struct http *http)
{
    struct http_call *next;

    if (http == NULL)
        return;
    acceptor_free(http->acceptor);
    postbox_free(http->postbox); /* runs what the io threads said last */
    for (struct http_call *call = http->calls; call != NULL; call = next) {
        next = call->next;
        call_give(NULL, call);
    }
    for (unsigned i = 0; i < http->workers_n; i++)
        worker_free(http->workers[i]);
    free(http->workers);
    free(http->load);
    free(http);
}

/* ---- small things ---- */

const struct http_services *http_services(const struct http *http)
{
    return &http->services;
}

uint16_t http_port(const struct http *http, unsigned i)
{
    return acceptor_port(http->acceptor, i);
}
