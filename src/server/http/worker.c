/* worker.c -- see worker.h. */
#include "http/worker.h"

#include <stdlib.h>
#include <string.h>

#include "http/call_inside.h"
#include "http/connection.h"
#include "http/engineio.h"
#include "http/gzip.h"
#include "http/http.h"
#include "play/sessions.h"

#define NO_SLOT          UINT32_MAX
#define SLOTS_FIRST      64
#define WEB_SESSIONS_MAX 65536 /* one that polls needs no connection all the time */

_Static_assert(HTTP_DEADLINES_END + ENGINEIO_DEADLINES <= IO_DEADLINE_CLASSES,
               "an io thread has enough classes");

/* ---- slots ---- */

static int slots_grow(struct worker *worker)
{
    uint32_t n = worker->slots_n > 0 ? 2 * worker->slots_n : SLOTS_FIRST;
    struct worker_slot *slots = realloc(worker->slots, n * sizeof(*slots));

    if (slots == NULL)
        return -1;
    for (uint32_t i = worker->slots_n; i < n; i++)
        slots[i] = (struct worker_slot){.next_free = i + 1 < n ? i + 1 : NO_SLOT};
    worker->free_first = worker->slots_n;
    worker->slots = slots;
    worker->slots_n = n;
    return 0;
}

int worker_slot_take(struct worker *worker, struct connection *connection, uint32_t *slot)
{
    if (worker->free_first == NO_SLOT && slots_grow(worker) != 0)
        return -1;
    *slot = worker->free_first;
    worker->free_first = worker->slots[*slot].next_free;
    worker->slots[*slot].generation++;
    worker->slots[*slot].connection = connection;
    return 0;
}

void worker_slot_give(struct worker *worker, uint32_t slot)
{
    worker->slots[slot].connection = NULL;
    worker->slots[slot].next_free = worker->free_first;
    worker->free_first = slot;
}

struct connection *worker_find(const struct worker *worker, uint32_t slot, uint32_t generation)
{
    return worker->slots[slot].generation == generation ? worker->slots[slot].connection : NULL;
}

/* ---- posts ---- */

struct worker_post {
    struct postbox_item item;
    struct worker *worker;
    struct http_settings *settings;
    struct network network;
};

static void run_accept(struct postbox_item *item)
{
    struct http_ticket *ticket = (struct http_ticket *)(void *)item;

    connection_new(ticket->worker, ticket);
}

void worker_accept(struct worker *worker, struct http_ticket *ticket)
{
    ticket->worker = worker;
    ticket->item.run = run_accept;
    io_post(worker->io, &ticket->item);
}

static struct worker_post *post_new(struct worker *worker, void (*run)(struct postbox_item *item))
{
    struct worker_post *post = calloc(1, sizeof(*post));

    if (post != NULL) {
        post->worker = worker;
        post->item.run = run;
    }
    return post;
}

static void run_apply(struct postbox_item *item)
{
    struct worker_post *post = (struct worker_post *)(void *)item;

    http_settings_free(post->worker->settings);
    post->worker->settings = post->settings;
    engineio_retime(post->worker->engine, post->settings->ping_interval_ms,
                    post->settings->ping_timeout_ms, post->settings->connect_ms);
    free(post);
}

int worker_apply(struct worker *worker, struct http_settings *settings)
{
    struct worker_post *post = post_new(worker, run_apply);

    if (post == NULL) {
        http_settings_free(settings);
        return -1;
    }
    post->settings = settings;
    io_post(worker->io, &post->item);
    return 0;
}

static void run_drain(struct postbox_item *item)
{
    struct worker_post *post = (struct worker_post *)(void *)item;
    struct worker *worker = post->worker;

    worker->draining = true;
    engineio_drain(worker->engine);
    for (uint32_t i = 0; i < worker->slots_n; i++)
        if (worker->slots[i].connection != NULL)
            connection_drain(worker->slots[i].connection);
    free(post);
}

int worker_drain(struct worker *worker)
{
    struct worker_post *post = post_new(worker, run_drain);

    if (post == NULL)
        return -1;
    io_post(worker->io, &post->item);
    return 0;
}

static void run_end_from(struct postbox_item *item)
{
    struct worker_post *post = (struct worker_post *)(void *)item;
    struct worker *worker = post->worker;
    uint8_t bytes[NETWORK_BYTES];

    for (uint32_t i = 0; i < worker->slots_n; i++) {
        struct connection *connection = worker->slots[i].connection;

        if (connection == NULL)
            continue;
        network_bytes((const struct sockaddr *)&connection->ticket->address, bytes);
        if (network_holds(&post->network, bytes))
            connection_close(connection);
    }
    free(post);
}

int worker_end_from(struct worker *worker, const struct network *network)
{
    struct worker_post *post = post_new(worker, run_end_from);

    if (post == NULL)
        return -1;
    post->network = *network;
    io_post(worker->io, &post->item);
    return 0;
}

/* ---- life ---- */

struct worker *worker_new(struct http *http, struct io *io, unsigned number,
                          struct http_settings *settings)
{
    struct worker *worker = calloc(1, sizeof(*worker));

    if (worker == NULL) {
        http_settings_free(settings);
        return NULL;
    }
    worker->http = http;
    worker->io = io;
    worker->number = number;
    worker->settings = settings;
    worker->free_first = NO_SLOT;
    worker->engine = engineio_new(
        &(struct engineio_config){.io = io,
                                  .host = sessions_host(http_services(http)->sessions, number),
                                  .thread = number,
                                  .class_first = HTTP_DEADLINES_END,
                                  .ping_interval_ms = settings->ping_interval_ms,
                                  .ping_timeout_ms = settings->ping_timeout_ms,
                                  .connect_ms = settings->connect_ms,
                                  .sessions_max = WEB_SESSIONS_MAX});
    if (worker->engine == NULL) {
        worker_free(worker);
        return NULL;
    }
    return worker;
}

void worker_end(struct worker *worker)
{
    engineio_end(worker->engine);
    for (uint32_t i = 0; i < worker->slots_n; i++)
        if (worker->slots[i].connection != NULL)
            connection_close(worker->slots[i].connection);
}

void worker_free(struct worker *worker)
{
    if (worker == NULL)
        return;
    while (worker->spare != NULL) {
        struct http_call *call = worker->spare;

        worker->spare = call->next;
        free(call);
    }
    engineio_free(worker->engine);
    gzip_free(worker->gzip);
    http_settings_free(worker->settings);
    free(worker->slots);
    free(worker);
}
