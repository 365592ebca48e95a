/* client.c -- see client.h.
 *
 * Its callbacks are deferred (bufferevent calls them from the loop, never from inside a write), so
 * only they end a client, and none of its own functions is on the stack then. A last word (a line
 * too long) and answers owed to one who has only finished sending are written before the end. */
#include "admin/client.h"

#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "admin/subscription.h"

struct client {
    struct client_config config;
    struct bufferevent *stream;
    struct jsonrpc_port port;
    struct subscription *subscriptions[SUBSCRIPTIONS_MAX];
    unsigned last_id;
    bool closing; /* nothing is read any more; ends when the output is written */
    bool reading; /* inside read_lines */
};

static size_t output_bytes(const struct client *client)
{
    return evbuffer_get_length(bufferevent_get_output(client->stream));
}

static void end(struct client *client)
{
    client->config.ended(client->config.context, client);
}

static void on_call(void *context, struct jsonrpc_call *call)
{
    struct client *client = context;

    method_begin(client->config.desk, client, &client->config.peer, call);
}

static void on_answer(void *context, const char *line, size_t len_bytes)
{
    struct client *client = context;

    bufferevent_write(client->stream, line, len_bytes);
}

/* To who has stopped sending nothing more will be written, which would end him. */
static void on_unanswered(void *context)
{
    struct client *client = context;

    if (client->closing && client->port.open_n == 0)
        bufferevent_trigger(client->stream, EV_WRITE, BEV_TRIG_DEFER_CALLBACKS);
}

/* Who has taken all that came before is given a long one too: else it would never come. */
static size_t room(const void *context)
{
    const struct client *client = context;
    size_t waiting = output_bytes(client);

    if (client->closing)
        return 0;
    if (waiting == 0)
        return SIZE_MAX;
    return waiting < CLIENT_OUTPUT_MAX ? CLIENT_OUTPUT_MAX - waiting : 0;
}

static int say(void *context, const char *line, size_t len_bytes)
{
    struct client *client = context;

    return len_bytes <= room(client) ? bufferevent_write(client->stream, line, len_bytes) : -1;
}

static void refuse_long_line(struct client *client)
{
    char *line = jsonrpc_refusal(JSONRPC_BAD_REQUEST, "a line is at most 64 KiB");

    client->closing = true;
    bufferevent_disable(client->stream, EV_READ);
    if (line != NULL)
        bufferevent_write(client->stream, line, strlen(line));
    free(line);
}

/* Take the lines that are whole, as long as there is room for answers. */
static void read_lines(struct client *client)
{
    struct evbuffer *input = bufferevent_get_input(client->stream);
    size_t len_bytes;
    char *line;

    if (client->reading)
        return;
    client->reading = true;
    while (!client->closing && output_bytes(client) <= CLIENT_OUTPUT_MAX) {
        struct evbuffer_ptr eol = evbuffer_search_eol(input, NULL, NULL, EVBUFFER_EOL_LF);

        if (eol.pos > JSONRPC_LINE_MAX ||
            (eol.pos < 0 && evbuffer_get_length(input) > JSONRPC_LINE_MAX)) {
            refuse_long_line(client);
            break;
        }
        line = evbuffer_readln(input, &len_bytes, EVBUFFER_EOL_LF);
        if (line == NULL)
            break;
        if (len_bytes > 0)
            jsonrpc_line(&client->port, line, len_bytes);
        free(line);
    }
    client->reading = false;
    if (!client->closing) {
        if (output_bytes(client) > CLIENT_OUTPUT_MAX)
            bufferevent_disable(client->stream, EV_READ);
        else
            bufferevent_enable(client->stream, EV_READ);
    }
}

static void on_read(struct bufferevent *stream, void *context)
{
    (void)stream;
    read_lines(context);
}

static void on_written(struct bufferevent *stream, void *context)
{
    struct client *client = context;

    (void)stream;
    if (!client->closing)
        read_lines(client);
    else if (client->port.open_n == 0)
        end(client);
}

static void on_event(struct bufferevent *stream, short what, void *context)
{
    struct client *client = context;

    (void)stream;
    if ((what & (BEV_EVENT_EOF | BEV_EVENT_ERROR | BEV_EVENT_TIMEOUT)) == 0)
        return;
    /* Who has only finished sending (a pipe into a socket) still gets his answers. */
    if ((what & BEV_EVENT_EOF) != 0 && (what & BEV_EVENT_ERROR) == 0 &&
        (output_bytes(client) > 0 || client->port.open_n > 0)) {
        client->closing = true;
        return;
    }
    end(client);
}

static void count_in(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *context)
{
    (void)buffer, (void)context;
    metrics_add(METRIC_ADMIN_BYTES_IN, info->n_added);
}

static void count_out(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *context)
{
    (void)buffer, (void)context;
    metrics_add(METRIC_ADMIN_BYTES_OUT, info->n_deleted);
}

struct client *client_new(const struct client_config *config)
{
    struct client *client = calloc(1, sizeof(*client));

    if (client == NULL) {
        close(config->fd);
        return NULL;
    }
    client->config = *config;
    client->port = (struct jsonrpc_port){
        .call = on_call, .answer = on_answer, .unanswered = on_unanswered, .context = client};
    client->stream = bufferevent_socket_new(config->desk->config->base, config->fd,
                                            BEV_OPT_CLOSE_ON_FREE | BEV_OPT_DEFER_CALLBACKS);
    if (client->stream == NULL) {
        close(config->fd);
        free(client);
        return NULL;
    }
    evbuffer_add_cb(bufferevent_get_input(client->stream), count_in, NULL);
    evbuffer_add_cb(bufferevent_get_output(client->stream), count_out, NULL);
    bufferevent_setcb(client->stream, on_read, on_written, on_event, client);
    /* One byte more than a line and its newline, so that a line too long is seen. */
    bufferevent_setwatermark(client->stream, EV_READ, 0, JSONRPC_LINE_MAX + 2);
    bufferevent_enable(client->stream, EV_READ | EV_WRITE);
    metrics_gauge(METRIC_ADMIN_CLIENTS, 1);
    return client;
}

void client_free(struct client *client)
{
    struct evbuffer *output;

    if (client == NULL)
        return;
    output = bufferevent_get_output(client->stream);
    for (unsigned i = 0; i < SUBSCRIPTIONS_MAX; i++)
        subscription_free(client->subscriptions[i]);
    jsonrpc_close(&client->port);
    /* At the server's stop: what the socket takes without waiting still arrives. */
    evbuffer_unfreeze(output, 1);
    (void)evbuffer_write(output, bufferevent_getfd(client->stream));
    bufferevent_free(client->stream);
    metrics_gauge(METRIC_ADMIN_CLIENTS, -1);
    free(client);
}

int client_subscribe(struct client *client, const struct topic *topic, unsigned interval_ms,
                     json_t *params)
{
    struct subscription_config config = {.desk = client->config.desk,
                                         .topic = topic,
                                         .id = client->last_id + 1,
                                         .interval_ms = interval_ms,
                                         .params = params,
                                         .role = client->config.peer.role,
                                         .say = say,
                                         .room = room,
                                         .context = client};

    for (unsigned i = 0; i < SUBSCRIPTIONS_MAX; i++) {
        if (client->subscriptions[i] != NULL)
            continue;
        client->subscriptions[i] = subscription_new(&config);
        return client->subscriptions[i] != NULL ? (int)++client->last_id : -1;
    }
    return -1;
}

int client_unsubscribe(struct client *client, unsigned id)
{
    for (unsigned i = 0; i < SUBSCRIPTIONS_MAX; i++) {
        if (client->subscriptions[i] == NULL || subscription_id(client->subscriptions[i]) != id)
            continue;
        subscription_free(client->subscriptions[i]);
        client->subscriptions[i] = NULL;
        return 0;
    }
    return -1;
}
