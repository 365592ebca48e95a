/* sessions_arriving.c -- who comes and goes: slots, the limits at the door, and what the io threads
 * say, which comes back through a postbox in items that lie in the slots (so that saying it cannot
 * fail). */
#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "net/address.h"
#include "net/network.h"
#include "net/tally.h"
#include "ops/metrics.h"
#include "ops/traffic.h"
#include "play/balance.h"
#include "play/seat.h"
#include "play/sessions_inside.h"

#define STRANGERS_PART                                                                             \
    2 /* of all slots; who connects and does not join takes no more from players */
#define CROWDED_MS 10000 /* so long an address counts as one with too many */

/* Of those who may not come, so many are let through to TLS, to be told why; the others are closed
 * at once. */
static const struct bucket_rate barred_told = {10, 1000, 20};

/* ---- slots ---- */

uint64_t sessions_slot_id(const struct sessions *sessions, const struct slot *slot)
{
    return (slot->web ? SESSION_WEB_BIT : 0) | (uint64_t)slot->generation << 32 |
           (uint32_t)(slot - sessions->slots);
}

struct slot *sessions_slot_find(const struct sessions *sessions, uint64_t session)
{
    uint32_t i = SESSION_SLOT(session);

    if (i >= sessions->slots_n || !sessions->slots[i].used ||
        sessions_slot_id(sessions, &sessions->slots[i]) != session)
        return NULL;
    return &sessions->slots[i];
}

bool sessions_is_from(const struct slot *slot, const struct network *network)
{
    uint8_t bytes[NETWORK_BYTES];

    if (!slot->used)
        return false;
    network_bytes((const struct sockaddr *)&slot->address, bytes);
    return network_holds(network, bytes);
}

static struct slot *slot_take(struct sessions *sessions, bool web)
{
    struct slot *slot;

    if (sessions->free_first == SESSIONS_NO_SLOT || sessions->used_n >= sessions->connections_max)
        return NULL;
    slot = &sessions->slots[sessions->free_first];
    sessions->free_first = slot->next_free;
    sessions->used_n++;
    slot->generation = slot->generation % SESSION_GENERATION_MAX + 1; /* 0 is nobody's */
    slot->used = true;
    slot->web = web;
    slot->logged_in = slot->ending = false;
    slot->tallied = 0;
    atomic_store_explicit(&slot->counters.bytes_in, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->counters.bytes_out, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->counters.cost_us, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->counters.rtt_us, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->counters.shift, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->counters.cells, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->counters.withheld, 0, memory_order_relaxed);
    atomic_store_explicit(&slot->counters.dropped, 0, memory_order_relaxed);
    rates_begin(&slot->rates, clock_steady_ms());
    return slot;
}

/* Let the tally hold this of it, and nothing else. */
static void slot_tally(struct sessions *sessions, struct slot *slot, unsigned gauges)
{
    const struct sockaddr *address = (const struct sockaddr *)&slot->address;
    uint64_t now_ms = clock_steady_ms();

    for (unsigned i = 0; i < TALLY_GAUGES_N; i++)
        if ((gauges & 1u << i) != 0 && (slot->tallied & 1u << i) == 0 &&
            tally_hold(sessions->tally, address, (enum tally_gauge)i, now_ms))
            slot->tallied |= (uint8_t)(1u << i);
    for (unsigned i = 0; i < TALLY_GAUGES_N; i++)
        if ((slot->tallied & ~gauges & 1u << i) != 0)
            tally_drop(sessions->tally, address, (enum tally_gauge)i, now_ms);
    slot->tallied &= (uint8_t)gauges;
}

static void slot_give_back(struct sessions *sessions, struct slot *slot)
{
    slot->used = false;
    slot->next_free = sessions->free_first;
    sessions->free_first = (uint32_t)(slot - sessions->slots);
    sessions->used_n--;
}

static void slot_forget(struct sessions *sessions, struct slot *slot)
{
    sessions->strangers_n -= slot->web && !slot->logged_in;
    if (!slot->web) {
        address_closed(sessions->addresses, (const struct sockaddr *)&slot->address,
                       slot->logged_in);
        metrics_gauge(METRIC_CONNECTIONS, -1);
        if (!slot->logged_in)
            metrics_gauge(METRIC_CONNECTIONS_BEFORE_LOGIN, -1);
    }
    slot_tally(sessions, slot, 0);
    sessions->hosts_load[slot->thread]--;
    slot_give_back(sessions, slot);
}

void sessions_logged_in(struct sessions *sessions, struct slot *slot)
{
    if (slot->logged_in)
        return;
    slot->logged_in = true;
    slot_tally(sessions, slot, 1u << TALLY_PLAYERS | (slot->web ? 0 : 1u << TALLY_OPEN));
    if (slot->web) {
        sessions->strangers_n--;
        return;
    }
    address_logged_in(sessions->addresses, (const struct sockaddr *)&slot->address);
    metrics_gauge(METRIC_CONNECTIONS_BEFORE_LOGIN, -1);
}

/* ---- accepting ---- */

void sessions_arriving_init(struct sessions *sessions)
{
    bucket_init(&sessions->barred, &barred_told, clock_steady_ms());
}

static void refused(const struct sockaddr_storage *address, const char *why)
{
    static struct log_limit limit;

    address_refused(&limit, "connection_refused", (const struct sockaddr *)address, why);
}

static unsigned choose_thread(const struct sessions *sessions)
{
    struct balance_load loads[METRICS_THREADS_MAX];

    for (unsigned i = 0; i < sessions->hosts_n; i++)
        sessions_load(sessions, i, &loads[i]);
    return balance_choose(loads, sessions->hosts_n);
}

/* True: go on, to play (why is empty) or to be told why not. */
static bool may_come(struct sessions *sessions, const struct sockaddr_storage *address,
                     char why[PROTOCOL_TEXT_MAX + 1])
{
    why[0] = '\0';
    if (sessions->handlers.barred == NULL ||
        !sessions->handlers.barred(sessions->handlers.context, address, why))
        return true;
    metrics_add(METRIC_BANNED_REFUSED, 1);
    traffic_count(TRAFFIC_GAME, TRAFFIC_REFUSED);
    tally_add(sessions->tally, (const struct sockaddr *)address, TALLY_BANNED, 1,
              clock_steady_ms());
    refused(address, "the address is banned");
    return bucket_take(&sessions->barred, &barred_told, clock_steady_ms());
}

/* False: too many come from there. */
static bool within_limits(struct sessions *sessions, const struct sockaddr_storage *storage)
{
    const struct sockaddr *address = (const struct sockaddr *)storage;
    uint64_t now_ms = clock_steady_ms();
    enum address_verdict verdict = address_opened(sessions->addresses, address, now_ms);

    if (verdict == ADDRESS_OK)
        return true;
    metrics_add(METRIC_REFUSED_ADDRESS, 1);
    traffic_count(TRAFFIC_GAME, TRAFFIC_REFUSED);
    tally_add(sessions->tally, address, TALLY_REFUSED, 1, now_ms);
    tally_block(sessions->tally, address, verdict == ADDRESS_TOO_MANY ? TALLY_CROWDED : TALLY_FAST,
                now_ms + CROWDED_MS, now_ms);
    refused(storage, "too many connections from one address");
    return false;
}

bool sessions_arrived(void *context, int fd, const struct sockaddr_storage *address)
{
    struct sessions *sessions = context;
    char why[PROTOCOL_TEXT_MAX + 1];
    struct slot *slot;

    if (!within_limits(sessions, address)) {
        close(fd);
        return false;
    }
    if (!may_come(sessions, address, why)) {
        address_closed(sessions->addresses, (const struct sockaddr *)address, false);
        close(fd);
        return false;
    }
    slot = slot_take(sessions, false);
    if (slot == NULL) {
        metrics_add(METRIC_REFUSED_FULL, 1);
        traffic_count(TRAFFIC_GAME, TRAFFIC_REFUSED);
        tally_add(sessions->tally, (const struct sockaddr *)address, TALLY_REFUSED, 1,
                  clock_steady_ms());
        refused(address, "all connections are taken (net.connections_max)");
        address_closed(sessions->addresses, (const struct sockaddr *)address, false);
        close(fd);
        return false;
    }
    slot->thread = choose_thread(sessions);
    slot->opened_ms = clock_wall_ms();
    slot->address = *address;
    tally_add(sessions->tally, (const struct sockaddr *)address, TALLY_ACCEPTED, 1,
              clock_steady_ms());
    slot_tally(sessions, slot, 1u << TALLY_OPEN | 1u << TALLY_BEFORE_LOGIN);
    sessions->hosts_load[slot->thread]++;
    traffic_count(TRAFFIC_GAME, TRAFFIC_ACCEPTED);
    metrics_gauge(METRIC_CONNECTIONS, 1);
    metrics_gauge(METRIC_CONNECTIONS_BEFORE_LOGIN, 1);
    if (host_accept(sessions->hosts[slot->thread], fd, sessions_slot_id(sessions, slot), address,
                    &slot->counters, why) != 0) {
        close(fd);
        slot_forget(sessions, slot);
        return false;
    }
    return true;
}

/* ---- what the io threads say ---- */

void sessions_drain_check(struct sessions *sessions)
{
    static const struct timeval now = {0, 0};

    if (sessions->draining && sessions->used_n == 0)
        event_add(sessions->drained, &now);
}

static void run_closed(struct postbox_item *item)
{
    struct slot_post *post = (struct slot_post *)(void *)item;
    struct sessions *sessions = post->sessions;
    struct slot *slot = sessions_slot_find(sessions, post->session);

    assert(slot != NULL);
    slot_forget(sessions, slot);
    if (!sessions->freeing)
        sessions->handlers.closed(sessions->handlers.context, post->session, post->reason);
    sessions_drain_check(sessions);
}

/* Io thread. */
static void tell_closed(void *context, uint64_t session, enum protocol_reason reason)
{
    struct sessions *sessions = context;
    struct slot_post *post = &sessions->slots[SESSION_SLOT(session)].closed;

    post->session = session;
    post->reason = reason;
    postbox_post(sessions->postbox, &post->item);
}

static void run_login(struct postbox_item *item)
{
    struct slot_post *post = (struct slot_post *)(void *)item;
    struct sessions *sessions = post->sessions;
    struct login_request *request = post->request;

    post->request = NULL;
    if (sessions->freeing || sessions->draining)
        login_request_free(request);
    else
        sessions->handlers.login(sessions->handlers.context, request);
}

/* Io thread. One login a session is asked at a time: control has run the last one before it was
 * answered. */
static void tell_login(void *context, struct login_request *request)
{
    struct sessions *sessions = context;
    struct slot_post *post = &sessions->slots[SESSION_SLOT(request->session)].login;

    post->request = request;
    postbox_post(sessions->postbox, &post->item);
}

static void run_log_out(struct postbox_item *item)
{
    struct slot_post *post = (struct slot_post *)(void *)item;
    struct sessions *sessions = post->sessions;

    if (!sessions->freeing)
        sessions->handlers.log_out(sessions->handlers.context, post->session);
}

/* Io thread. */
static void tell_log_out(void *context, uint64_t session)
{
    struct sessions *sessions = context;
    struct slot_post *post = &sessions->slots[SESSION_SLOT(session)].log_out;

    post->session = session;
    postbox_post(sessions->postbox, &post->item);
}

void sessions_slot_init(struct sessions *sessions, struct slot *slot)
{
    slot->closed.sessions = slot->login.sessions = slot->log_out.sessions = sessions;
    slot->closed.item.run = run_closed;
    slot->login.item.run = run_login;
    slot->log_out.item.run = run_log_out;
}

/* ---- seats of web clients ---- */

/* False: why not. */
static bool seat_give(struct sessions *sessions, struct seat_ask *ask)
{
    struct slot *slot;

    if (sessions->draining || sessions->handlers.seat == NULL) {
        snprintf(ask->why, sizeof(ask->why), "%s",
                 protocol_reason_text(PROTOCOL_REASON_SHUTTING_DOWN));
        return false;
    }
    if (!sessions->handlers.seat(sessions->handlers.context, ask))
        return false;
    slot = sessions->strangers_n < sessions->connections_max / STRANGERS_PART
               ? slot_take(sessions, true)
               : NULL;
    if (slot == NULL) {
        metrics_add(METRIC_REFUSED_FULL, 1);
        refused(&ask->address, "all connections are taken (net.connections_max)");
        snprintf(ask->why, sizeof(ask->why), "%s", protocol_reason_text(PROTOCOL_REASON_FULL));
        return false;
    }
    sessions->strangers_n++;
    slot->thread = ask->seat->host->config.number;
    slot->opened_ms = clock_wall_ms();
    slot->address = ask->address;
    sessions->hosts_load[slot->thread]++;
    ask->id = sessions_slot_id(sessions, slot);
    ask->counters = &slot->counters;
    return true;
}

static void run_ask(struct postbox_item *item)
{
    struct seat_ask *ask = (struct seat_ask *)(void *)item;
    struct sessions *sessions = ask->context;

    if (sessions->freeing) { /* its host is gone */
        explicit_bzero(ask->token, sizeof(ask->token));
        free(ask);
        return;
    }
    if (!seat_give(sessions, ask))
        ask->id = 0;
    host_seated(ask->seat->host, ask);
}

/* Io thread. */
static void tell_ask(void *context, struct seat_ask *ask)
{
    struct sessions *sessions = context;

    ask->context = sessions;
    ask->item.run = run_ask;
    postbox_post(sessions->postbox, &ask->item);
}

void sessions_hear(struct sessions *sessions, struct host_config *host)
{
    host->login = tell_login;
    host->closed = tell_closed;
    host->log_out = tell_log_out;
    host->ask = tell_ask;
    host->context = sessions;
}
