/* exporter.c -- see exporter.h. */
#include "http/exporter.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "http/parse.h"
#include "http/respond.h"
#include "net/listener.h"
#include "ops/metrics.h"
#include "ops/traffic.h"

#define HEAD_MAX   8192 /* of a request */
#define TARGET_MAX 1024
#define JSON_TYPE  "application/json; charset=utf-8"

struct exporter_connection {
    struct exporter *exporter; /* NULL: this place is free */
    struct bufferevent *socket;
    struct event *deadline;
    struct parse_progress progress;
    bool answered;
};

struct exporter {
    struct event_base *base;
    struct listener *listener;
    const struct health *health;
    const struct scrape *scrape;
    struct exporter_connection connections[EXPORTER_CONNECTIONS];
    struct parse_head head;
};

static void end(struct exporter_connection *connection)
{
    struct exporter *exporter = connection->exporter;

    metrics_gauge(METRIC_SCRAPE_CONNECTIONS, -1);
    bufferevent_free(connection->socket);
    event_free(connection->deadline);
    memset(connection, 0, sizeof(*connection));
    listener_open(exporter->listener); /* there is room again */
}

static void refused(void)
{
    metrics_add(METRIC_SCRAPES_REFUSED, 1);
    traffic_count(TRAFFIC_METRICS, TRAFFIC_REFUSED);
}

/* What came and what went, on either side of a socket. */
static void count_in(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *context)
{
    (void)buffer, (void)context;
    metrics_add(METRIC_SCRAPE_BYTES_IN, info->n_added);
}

static void count_out(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *context)
{
    (void)buffer, (void)context;
    metrics_add(METRIC_SCRAPE_BYTES_OUT, info->n_deleted);
}

static void on_deadline(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    refused();
    end(context);
}

/* -- the answer -------------------------------------------------------------------------------- */

static void begin_answer(struct exporter_connection *connection, int status, const char *type,
                         size_t len_bytes)
{
    char room[512], date[RESPOND_DATE_BYTES];
    struct respond respond;
    int n;

    respond_date(time(NULL), date);
    respond_begin(&respond, room, sizeof(room), status);
    respond_header(&respond, "Date", date);
    respond_header(&respond, "Content-Type", type);
    respond_number(&respond, "Content-Length", len_bytes);
    respond_header(&respond, "Cache-Control", "no-store");
    respond_header(&respond, "X-Content-Type-Options", "nosniff");
    if (status == 405)
        respond_header(&respond, "Allow", "GET, HEAD");
    respond_header(&respond, "Connection", "close");
    n = respond_end(&respond);
    if (n > 0) /* it does fit */
        bufferevent_write(connection->socket, room, (size_t)n);
}

static void answer(struct exporter_connection *connection, int status, const char *type,
                   const char *text, size_t len_bytes)
{
    begin_answer(connection, status, type, len_bytes);
    if (connection->exporter->head.method != HTTP_HEAD)
        bufferevent_write(connection->socket, text, len_bytes);
}

static void answer_plainly(struct exporter_connection *connection, int status)
{
    char text[80];
    int n = snprintf(text, sizeof(text), "%s\n", respond_reason(status));

    answer(connection, status, "text/plain; charset=utf-8", text, (size_t)n);
}

static void release(const void *text, size_t n, void *exposition)
{
    (void)text, (void)n;
    exposition_free(exposition);
}

static void answer_metrics(struct exporter_connection *connection)
{
    struct exposition *exposition = scrape_write(connection->exporter->scrape);
    const char *text;
    size_t n;

    if (exposition == NULL) {
        answer_plainly(connection, 503);
        return;
    }
    text = exposition_text(exposition, &n);
    begin_answer(connection, 200, EXPOSITION_TYPE, n);
    if (connection->exporter->head.method == HTTP_HEAD ||
        evbuffer_add_reference(bufferevent_get_output(connection->socket), text, n, release,
                               exposition) < 0)
        exposition_free(exposition);
}

static void answer_health(struct exporter_connection *connection, unsigned checks_n)
{
    char text[HEALTH_TEXT_MAX];
    size_t n;
    bool well;

    well = health_ask(connection->exporter->health, checks_n, clock_steady_ms(), text, &n);
    answer(connection, well ? 200 : 503, JSON_TYPE, text, n);
}

static bool is_path(const struct parse_head *head, const char *bytes, const char *path)
{
    return head->path.len_bytes == strlen(path) &&
           memcmp(bytes + head->path.at, path, head->path.len_bytes) == 0;
}

static void route(struct exporter_connection *connection, const char *bytes)
{
    const struct parse_head *head = &connection->exporter->head;

    if (head->method != HTTP_GET && head->method != HTTP_HEAD)
        answer_plainly(connection, 405);
    else if (is_path(head, bytes, "/metrics"))
        answer_metrics(connection);
    else if (is_path(head, bytes, "/livez"))
        answer_health(connection, HEALTH_LIVE_N);
    else if (is_path(head, bytes, "/readyz"))
        answer_health(connection, HEALTH_READY_N);
    else
        answer_plainly(connection, 404);
}

/* -- the request ------------------------------------------------------------------------------- */

/* Whatever follows the head is not looked at: the connection ends with the answer. */
static void on_input(struct bufferevent *socket, void *context)
{
    static const struct parse_limits limits = {
        .head_bytes = HEAD_MAX, .target_bytes = TARGET_MAX, .body_bytes = HEAD_MAX};
    struct exporter_connection *connection = context;
    struct parse_head *head = &connection->exporter->head;
    struct evbuffer *input = bufferevent_get_input(socket);
    size_t n = evbuffer_get_length(input);
    const char *bytes = (const char *)evbuffer_pullup(input, -1);
    enum parse_result result;

    if (n == 0 || connection->answered)
        return;
    result = parse_head(bytes, n, &limits, &connection->progress, head);
    if (result == PARSE_MORE)
        return;
    connection->answered = true;
    bufferevent_disable(socket, EV_READ);
    if (result == PARSE_OK) {
        route(connection, bytes);
    } else {
        refused();
        head->method = HTTP_GET;
        answer_plainly(connection, head->status);
    }
}

static void on_drained(struct bufferevent *socket, void *context)
{
    struct exporter_connection *connection = context;

    (void)socket;
    if (connection->answered)
        end(connection);
}

static void on_event(struct bufferevent *socket, short what, void *context)
{
    (void)socket, (void)what;
    end(context);
}

/* -- connections ------------------------------------------------------------------------------- */

static struct exporter_connection *free_place(struct exporter *exporter)
{
    for (unsigned i = 0; i < EXPORTER_CONNECTIONS; i++)
        if (exporter->connections[i].exporter == NULL)
            return &exporter->connections[i];
    return NULL;
}

static bool room(void *context)
{
    struct exporter *exporter = context;

    if (free_place(exporter) != NULL)
        return true;
    listener_hold(exporter->listener);
    return false;
}

static void accepted(void *context, int fd, const struct sockaddr_storage *address)
{
    static const struct timeval deadline = {EXPORTER_MS / 1000, 0};
    struct exporter *exporter = context;
    struct exporter_connection *connection = free_place(exporter);

    (void)address;
    connection->socket = bufferevent_socket_new(exporter->base, fd, BEV_OPT_CLOSE_ON_FREE);
    connection->deadline = evtimer_new(exporter->base, on_deadline, connection);
    if (connection->socket == NULL || connection->deadline == NULL ||
        event_add(connection->deadline, &deadline) < 0) {
        if (connection->socket != NULL)
            bufferevent_free(connection->socket);
        else
            close(fd);
        if (connection->deadline != NULL)
            event_free(connection->deadline);
        memset(connection, 0, sizeof(*connection));
        return;
    }
    connection->exporter = exporter;
    metrics_gauge(METRIC_SCRAPE_CONNECTIONS, 1);
    traffic_count(TRAFFIC_METRICS, TRAFFIC_ACCEPTED);
    evbuffer_add_cb(bufferevent_get_input(connection->socket), count_in, NULL);
    evbuffer_add_cb(bufferevent_get_output(connection->socket), count_out, NULL);
    bufferevent_setcb(connection->socket, on_input, on_drained, on_event, connection);
    bufferevent_setwatermark(connection->socket, EV_READ, 0, HEAD_MAX);
    bufferevent_enable(connection->socket, EV_READ | EV_WRITE);
}

struct exporter *exporter_new(struct event_base *base, int fd, const struct health *health,
                              const struct scrape *scrape, struct error *error)
{
    static const struct listener_handlers handlers = {.room = room, .accepted = accepted};
    struct exporter *exporter = calloc(1, sizeof(*exporter));

    if (exporter == NULL) {
        close(fd);
        error_set(error, "out of memory");
        return NULL;
    }
    exporter->base = base;
    exporter->health = health;
    exporter->scrape = scrape;
    exporter->listener = listener_new(base, fd, &handlers, exporter, error);
    if (exporter->listener == NULL) {
        free(exporter);
        return NULL;
    }
    listener_open(exporter->listener);
    return exporter;
}

uint16_t exporter_port(const struct exporter *exporter)
{
    return listener_port(exporter->listener);
}

void exporter_free(struct exporter *exporter)
{
    if (exporter == NULL)
        return;
    listener_close(exporter->listener);
    for (unsigned i = 0; i < EXPORTER_CONNECTIONS; i++)
        if (exporter->connections[i].exporter != NULL)
            end(&exporter->connections[i]);
    listener_free(exporter->listener);
    free(exporter);
}
