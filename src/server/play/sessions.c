/* sessions.c -- see sessions.h. The slots, the address table and the acceptor are control's; what
 * the io threads say comes back through a postbox, in items that lie in the slots (so that saying
 * it cannot fail). */
#include "play/sessions.h"

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
#include "net/tls.h"
#include "ops/metrics.h"
#include "ops/postbox.h"
#include "ops/traffic.h"
#include "play/acceptor.h"
#include "play/balance.h"
#include "play/rates.h"
#include "play/seat.h"
#include "sim/command.h"

#define ADDRESSES_SPARE 16384 /* addresses remembered beyond those that are connected */
#define CONNECTIONS_TOP 1000000
#define NO_SLOT         UINT32_MAX
#define STRANGERS_PART                                                                             \
    2 /* of all slots; who connects and does not join takes no more from players */
#define CROWDED_MS   10000 /* so long an address counts as one with too many */
#define GUEST_SLOWER 4     /* what a guest may say, and ask of others */

/* Of those who may not come, so many are let through to TLS, to be told why; the others are closed
 * at once. */
static const struct bucket_rate barred_told = {10, 1000, 20};

/* What an io thread says about a slot's session. */
struct slot_post {
    struct postbox_item item;
    struct sessions *sessions;
    uint64_t session;
    enum protocol_reason reason;   /* closed */
    struct login_request *request; /* login */
};

struct slot {
    uint32_t generation;
    uint32_t next_free;
    bool used, logged_in, ending;
    bool web;        /* a seat within a connection that is not ours to count */
    uint8_t tallied; /* by bits of enum tally_gauge: what the tally holds of it */
    unsigned thread;
    uint64_t opened_ms;
    struct sockaddr_storage address;
    struct host_counters counters;
    struct rates rates;
    struct slot_post closed, login, log_out;
};

struct sessions {
    struct event_base *base;
    struct sessions_handlers handlers;
    struct host_world world;
    struct pressure_server pressure;
    struct postbox *postbox;
    struct host **hosts;
    uint32_t *hosts_load; /* sessions on each */
    unsigned hosts_n;
    struct acceptor *acceptor;
    struct address_table *addresses;
    struct tally *tally;
    struct slot *slots;
    uint32_t slots_n, free_first, used_n, connections_max;
    uint32_t strangers_n; /* web clients with a slot that have not joined */
    uint32_t serial;      /* of settings */
    char fingerprint[TLS_FINGERPRINT_BYTES];
    bool draining, freeing;
    struct bucket barred;
    struct event *drained;
    void (*done)(void *context);
    void *done_context;
    void (*ended)(void *context, unsigned thread); /* sessions_on_end */
    void *ended_context;
};

void login_request_free(struct login_request *request)
{
    if (request == NULL)
        return;
    explicit_bzero(request, sizeof(*request));
    free(request);
}

/* ---- slots ---- */

static uint64_t slot_id(const struct sessions *sessions, const struct slot *slot)
{
    return (slot->web ? SESSION_WEB_BIT : 0) | (uint64_t)slot->generation << 32 |
           (uint32_t)(slot - sessions->slots);
}

static struct slot *slot_find(const struct sessions *sessions, uint64_t session)
{
    uint32_t i = SESSION_SLOT(session);

    if (i >= sessions->slots_n || !sessions->slots[i].used ||
        slot_id(sessions, &sessions->slots[i]) != session)
        return NULL;
    return &sessions->slots[i];
}

static struct slot *slot_take(struct sessions *sessions, bool web)
{
    struct slot *slot;

    if (sessions->free_first == NO_SLOT || sessions->used_n >= sessions->connections_max)
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

/* ---- accepting ---- */

static void refused(const struct sockaddr_storage *address, const char *why)
{
    static struct log_limit limit;

    address_refused(&limit, "connection_refused", (const struct sockaddr *)address, why);
}

void sessions_load(const struct sessions *sessions, unsigned thread, struct balance_load *load)
{
    host_load(sessions->hosts[thread], load);
    load->sessions_n = sessions->hosts_load[thread];
}

static unsigned choose_thread(const struct sessions *sessions)
{
    struct balance_load loads[METRICS_THREADS_MAX];

    for (unsigned i = 0; i < sessions->hosts_n; i++)
        sessions_load(sessions, i, &loads[i]);
    return balance_choose(loads, sessions->hosts_n);
}

/* One thread with room is enough: those that lag behind have the fewest chances anyway. */
bool sessions_have_room(const struct sessions *sessions)
{
    for (unsigned i = 0; i < sessions->hosts_n; i++) {
        if (host_has_room(sessions->hosts[i]))
            return true;
    }
    return false;
}

static bool have_room(void *context)
{
    return sessions_have_room(context);
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

static void on_arrived(void *context, int fd, const struct sockaddr_storage *address)
{
    struct sessions *sessions = context;
    char why[PROTOCOL_TEXT_MAX + 1];
    struct slot *slot;

    if (!within_limits(sessions, address)) {
        close(fd);
        return;
    }
    if (!may_come(sessions, address, why)) {
        address_closed(sessions->addresses, (const struct sockaddr *)address, false);
        close(fd);
        return;
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
        return;
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
    if (host_accept(sessions->hosts[slot->thread], fd, slot_id(sessions, slot), address,
                    &slot->counters, why) != 0) {
        close(fd);
        slot_forget(sessions, slot);
    }
}

/* ---- what the io threads say ---- */

static void drain_check(struct sessions *sessions)
{
    static const struct timeval now = {0, 0};

    if (sessions->draining && sessions->used_n == 0)
        event_add(sessions->drained, &now);
}

static void run_closed(struct postbox_item *item)
{
    struct slot_post *post = (struct slot_post *)(void *)item;
    struct sessions *sessions = post->sessions;
    struct slot *slot = slot_find(sessions, post->session);

    assert(slot != NULL);
    slot_forget(sessions, slot);
    if (!sessions->freeing)
        sessions->handlers.closed(sessions->handlers.context, post->session, post->reason);
    drain_check(sessions);
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

/* Control: an io thread has ended. */
static void host_ended(void *context, unsigned number)
{
    struct sessions *sessions = context;

    if (sessions->ended != NULL)
        sessions->ended(sessions->ended_context, number);
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
    ask->id = slot_id(sessions, slot);
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

/* ---- answers ---- */

static void slot_logged_in(struct sessions *sessions, struct slot *slot)
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

void sessions_wait(struct sessions *sessions, uint64_t session, const char *text)
{
    struct slot *slot = slot_find(sessions, session);

    if (slot == NULL || host_wait(sessions->hosts[slot->thread], session, text) != 0)
        return;
    slot_logged_in(sessions, slot);
}

void sessions_answer(struct sessions *sessions, uint64_t session, const struct login_answer *answer)
{
    struct slot *slot = slot_find(sessions, session);

    if (slot == NULL)
        return;
    if (host_answer(sessions->hosts[slot->thread], session, answer) != 0)
        return; /* out of memory: its own wait ends it */
    if (answer->reason == PROTOCOL_REASON_NONE)
        slot_logged_in(sessions, slot);
}

void sessions_disconnect(struct sessions *sessions, uint64_t session, enum protocol_reason reason,
                         uint32_t retry_after_ms, const char *text)
{
    struct slot *slot = slot_find(sessions, session);

    if (slot == NULL || slot->ending)
        return;
    slot->ending =
        host_disconnect(sessions->hosts[slot->thread], session, reason, retry_after_ms, text) == 0;
}

static bool is_from(const struct slot *slot, const struct network *network)
{
    uint8_t bytes[NETWORK_BYTES];

    if (!slot->used)
        return false;
    network_bytes((const struct sockaddr *)&slot->address, bytes);
    return network_holds(network, bytes);
}

unsigned sessions_disconnect_from(struct sessions *sessions, const struct network *network,
                                  enum protocol_reason reason, const char *text)
{
    unsigned n = 0;

    for (uint32_t i = 0; i < sessions->slots_n; i++) {
        struct slot *slot = &sessions->slots[i];

        if (!is_from(slot, network))
            continue;
        sessions_disconnect(sessions, slot_id(sessions, slot), reason, 0, text);
        n++;
    }
    return n;
}

void sessions_mute(struct sessions *sessions, uint64_t session, uint64_t until_ms, const char *text)
{
    struct slot *slot = slot_find(sessions, session);

    if (slot != NULL && host_mute(sessions->hosts[slot->thread], session, until_ms, text) != 0)
        log_event(LOG_LEVEL_WARN, "mute_lost", "out of memory: a mute holds from the next login on",
                  LOG_U64("session", session));
}

void sessions_notice(struct sessions *sessions, uint64_t session, const char *text)
{
    struct slot *slot = slot_find(sessions, session);

    if (slot != NULL && host_announce(sessions->hosts[slot->thread], session, text) != 0)
        log_event(LOG_LEVEL_WARN, "announce_lost", "out of memory: a player is not told",
                  LOG_U64("session", session));
}

void sessions_announce(struct sessions *sessions, const char *text)
{
    for (unsigned i = 0; i < sessions->hosts_n; i++) {
        if (host_announce(sessions->hosts[i], 0, text) != 0)
            log_event(LOG_LEVEL_WARN, "announce_lost", "out of memory: not all players are told",
                      LOG_U64("thread", i));
    }
}

static void on_drained(evutil_socket_t fd, short what, void *context)
{
    struct sessions *sessions = context;
    void (*done)(void *) = sessions->done;

    (void)fd;
    (void)what;
    sessions->done = NULL;
    if (done != NULL)
        done(sessions->done_context);
}

void sessions_drain(struct sessions *sessions, const struct sessions_goodbye *goodbye,
                    void (*done)(void *context), void *context)
{
    acceptor_close(sessions->acceptor);
    sessions->draining = true;
    sessions->done = done;
    sessions->done_context = context;
    for (unsigned i = 0; i < sessions->hosts_n; i++) {
        if (host_drain(sessions->hosts[i], goodbye) != 0)
            log_event(LOG_LEVEL_WARN, "drain_failed", "out of memory: players are not told",
                      LOG_U64("thread", i));
    }
    drain_check(sessions);
}

/* ---- settings ---- */

static void limits_of(const struct sessions_config *config, struct host_settings *settings)
{
    const struct bucket_rate allow[HOST_LIMITS_N] = {
        [HOST_LIMIT_MOVE] = {config->moves_per_second, 1000, 2 * config->moves_per_second},
        [HOST_LIMIT_CHAT] = {config->chats_per_10s, 10000, config->chats_per_10s},
        [HOST_LIMIT_WHO] = {config->whos_per_second, 1000, 2 * config->whos_per_second},
        [HOST_LIMIT_PING] = {config->pings_per_second, 1000, 2 * config->pings_per_second},
        [HOST_LIMIT_LOGIN] = {config->logins_per_minute, 60000, config->logins_per_minute},
    };

    for (unsigned i = 0; i < HOST_LIMITS_N; i++) {
        struct bucket_rate *flood = &settings->flood[i];
        uint64_t ten_seconds;
        settings->allow[i] = allow[i];
        if (settings->allow[i].burst == 0)
            settings->allow[i].burst = 1;
        settings->guest[i] = settings->allow[i];
        if (i == HOST_LIMIT_CHAT || i == HOST_LIMIT_WHO) {
            settings->guest[i].period_ms *= GUEST_SLOWER;
            settings->guest[i].burst = (settings->allow[i].burst + GUEST_SLOWER - 1) / GUEST_SLOWER;
        }
        /* ten times over is nine times refused; ten seconds of that are borne */
        flood->tokens = 9 * allow[i].tokens;
        flood->period_ms = allow[i].period_ms;
        ten_seconds = (uint64_t)flood->tokens * 10000 / flood->period_ms;
        flood->burst = ten_seconds < 9 ? 9 : (uint32_t)ten_seconds;
    }
}

/* One copy, for one io thread. tls: a new reference is taken. */
static struct host_settings *settings_new(const struct sessions *sessions,
                                          const struct sessions_config *config, SSL_CTX *tls,
                                          struct error *error)
{
    struct host_settings *settings = calloc(1, sizeof(*settings));

    if (settings != NULL)
        settings->shape = interest_shape_new(sessions->serial, config->view_m,
                                             heightfield_size_m(sessions->world.field));
    if (settings == NULL || settings->shape == NULL) {
        host_settings_free(settings);
        error_set(error, "out of memory");
        return NULL;
    }
    SSL_CTX_up_ref(tls);
    settings->tls = tls;
    memcpy(settings->server_name, config->server_name, sizeof(settings->server_name));
    memcpy(settings->motd, config->motd, sizeof(settings->motd));
    settings->players_max = config->players_max;
    settings->first_byte_ms = config->first_byte_ms;
    settings->login_ms = config->login_ms;
    settings->message_ms = config->message_ms;
    settings->view_m = config->view_m;
    settings->player_budget_bytes = config->player_budget_bytes;
    settings->egress_bytes = config->egress_bytes;
    settings->logins = config->logins;
    limits_of(config, settings);
    return settings;
}

static struct address_limits address_limits_of(const struct sessions_config *config)
{
    return (struct address_limits){
        .before_login = config->before_login_per_address,
        .opening = {config->new_per_second, 1000, config->new_burst > 0 ? config->new_burst : 1}};
}

int sessions_reconfigure(struct sessions *sessions, const struct sessions_config *config,
                         struct error *error)
{
    struct host_settings *settings[METRICS_THREADS_MAX] = {NULL};
    char fingerprint[TLS_FINGERPRINT_BYTES];
    struct address_limits limits = address_limits_of(config);
    struct network_list *proxies;
    SSL_CTX *tls;
    unsigned i;

    if (config->connections_max > sessions->slots_n)
        return error_set(error, "connections_max cannot grow from %u to %u while running: restart",
                         sessions->slots_n, config->connections_max);
    tls = tls_context_new(config->certificate, config->key, PROTOCOL_ALPN, error);
    proxies = network_list_new(config->trusted_proxies, config->trusted_proxies_n, error);
    if (tls == NULL || proxies == NULL)
        goto failed;
    sessions->serial++;
    for (i = 0; i < sessions->hosts_n; i++) {
        settings[i] = settings_new(sessions, config, tls, error);
        if (settings[i] == NULL)
            goto failed;
    }
    if (tls_fingerprint(tls, fingerprint, error) != 0 ||
        address_table_exempt(sessions->addresses, config->exempt, config->exempt_n, error) != 0)
        goto failed;
    /* From here on nothing fails but for want of memory. */
    SSL_CTX_free(tls);
    acceptor_trust(sessions->acceptor, proxies, config->first_byte_ms);
    memcpy(sessions->fingerprint, fingerprint, sizeof(fingerprint));
    address_table_set_limits(sessions->addresses, &limits);
    sessions->connections_max = config->connections_max;
    for (i = 0; i < sessions->hosts_n; i++) {
        if (host_apply(sessions->hosts[i], settings[i]) != 0)
            log_event(LOG_LEVEL_ERROR, "reload_incomplete",
                      "out of memory: an io thread keeps its old settings", LOG_U64("thread", i));
    }
    return 0;
failed:
    for (i = 0; i < sessions->hosts_n; i++)
        host_settings_free(settings[i]);
    network_list_free(proxies);
    SSL_CTX_free(tls);
    return -1;
}

/* ---- life ---- */

static int slots_new(struct sessions *sessions, const struct sessions_config *config,
                     struct error *error)
{
    struct address_limits limits = address_limits_of(config);

    if (config->connections_max == 0 || config->connections_max > CONNECTIONS_TOP)
        return error_set(error, "connections_max must be 1 to %d", CONNECTIONS_TOP);
    sessions->slots_n = sessions->connections_max = config->connections_max;
    sessions->slots = calloc(sessions->slots_n, sizeof(*sessions->slots));
    sessions->addresses = address_table_new(sessions->slots_n + ADDRESSES_SPARE, &limits);
    if (sessions->slots == NULL || sessions->addresses == NULL)
        return error_set(error, "out of memory");
    for (uint32_t i = 0; i < sessions->slots_n; i++) {
        struct slot *slot = &sessions->slots[i];
        slot->next_free = i + 1 < sessions->slots_n ? i + 1 : NO_SLOT;
        slot->closed.sessions = slot->login.sessions = slot->log_out.sessions = sessions;
        slot->closed.item.run = run_closed;
        slot->login.item.run = run_login;
        slot->log_out.item.run = run_log_out;
    }
    return address_table_exempt(sessions->addresses, config->exempt, config->exempt_n, error);
}

static int acceptor_make(struct sessions *sessions, const struct sessions_config *config,
                         struct error *error)
{
    const struct acceptor_handlers handlers = {have_room, on_arrived, sessions};
    struct network_list *proxies =
        network_list_new(config->trusted_proxies, config->trusted_proxies_n, error);

    if (proxies == NULL)
        return -1;
    sessions->acceptor =
        acceptor_new(sessions->base, config->sockets, config->sockets_n, &handlers, error);
    if (sessions->acceptor == NULL) {
        network_list_free(proxies);
        return -1;
    }
    acceptor_trust(sessions->acceptor, proxies, config->first_byte_ms);
    return 0;
}

static int hosts_new(struct sessions *sessions, const struct sessions_config *config, SSL_CTX *tls,
                     struct error *error)
{
    unsigned threads_n = config->io_threads > 0 ? config->io_threads : 1;

    if (threads_n > METRICS_THREADS_MAX)
        return error_set(error, "at most %d io threads", METRICS_THREADS_MAX);
    sessions->hosts = calloc(threads_n, sizeof(struct host *));
    sessions->hosts_load = calloc(threads_n, sizeof(*sessions->hosts_load));
    if (sessions->hosts == NULL || sessions->hosts_load == NULL)
        return error_set(error, "out of memory");
    for (unsigned i = 0; i < threads_n; i++) {
        struct host_config host = {
            .base = config->io_threads == 0 ? sessions->base : NULL,
            .number = i,
            .single = config->single,
            .world = &sessions->world,
            .pressure = &sessions->pressure,
            .commands = config->commands[i],
            .worst = config->worst,
            .tally = config->tally,
            .mailbox = &config->mailboxes[i],
            .slots_n = sessions->slots_n,
            .login = tell_login,
            .closed = tell_closed,
            .log_out = tell_log_out,
            .ended = host_ended,
            .ask = tell_ask,
            .context = sessions,
        };
        struct host_settings *settings = settings_new(sessions, config, tls, error);
        if (settings == NULL)
            return -1;
        sessions->hosts[i] = host_new(&host, settings, error);
        if (sessions->hosts[i] == NULL)
            return -1;
        sessions->hosts_n++;
    }
    for (unsigned i = 0; i < threads_n; i++) {
        if (host_start(sessions->hosts[i], error) != 0)
            return -1;
    }
    return 0;
}

static SSL_CTX *certificate_load(struct sessions *sessions, const struct sessions_config *config,
                                 struct error *error)
{
    bool made;
    SSL_CTX *tls;

    if (tls_ensure_certificate(config->certificate, config->key, &made, error) != 0)
        return NULL;
    tls = tls_context_new(config->certificate, config->key, PROTOCOL_ALPN, error);
    if (tls != NULL && tls_fingerprint(tls, sessions->fingerprint, error) != 0) {
        SSL_CTX_free(tls);
        return NULL;
    }
    if (tls != NULL && made)
        log_event(
            LOG_LEVEL_INFO, "certificate_made", "made a certificate: clients will pin its key",
            LOG_TEXT("file", config->certificate), LOG_TEXT("fingerprint", sessions->fingerprint));
    return tls;
}

struct sessions *sessions_new(struct event_base *control, const struct sessions_config *config,
                              const struct sessions_handlers *handlers, struct error *error)
{
    struct sessions *sessions = calloc(1, sizeof(*sessions));
    SSL_CTX *tls = NULL;

    if (sessions == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    sessions->base = control;
    sessions->handlers = *handlers;
    sessions->tally = config->tally;
    sessions->free_first = 0;
    sessions->serial = 1;
    bucket_init(&sessions->barred, &barred_told, clock_steady_ms());
    sessions->world.field = config->field;
    sessions->world.epoch = config->epoch;
    heightfield_hash(config->field, sessions->world.hash);
    sessions->drained = event_new(control, -1, 0, on_drained, sessions);
    sessions->postbox = postbox_new(control, error);
    if (sessions->postbox == NULL || sessions->drained == NULL ||
        slots_new(sessions, config, error) != 0 || acceptor_make(sessions, config, error) != 0)
        goto failed;
    tls = certificate_load(sessions, config, error);
    if (tls == NULL || hosts_new(sessions, config, tls, error) != 0)
        goto failed;
    SSL_CTX_free(tls); /* each io thread has its own reference */
    return sessions;
failed:
    SSL_CTX_free(tls);
    sessions_free(sessions);
    return NULL;
}

void sessions_open(struct sessions *sessions)
{
    acceptor_open(sessions->acceptor);
}

void sessions_free(struct sessions *sessions)
{
    if (sessions == NULL)
        return;
    sessions->freeing = true;
    acceptor_free(sessions->acceptor);
    for (unsigned i = 0; i < sessions->hosts_n; i++) /* all of them: they post to each other */
        host_stop(sessions->hosts[i]);
    for (unsigned i = 0; i < sessions->hosts_n; i++)
        host_free(sessions->hosts[i]);
    postbox_free(sessions->postbox); /* runs what the hosts said last */
    if (sessions->drained != NULL)
        event_free(sessions->drained);
    address_table_free(sessions->addresses);
    free(sessions->hosts);
    free(sessions->hosts_load);
    free(sessions->slots);
    free(sessions);
}

/* ---- small things ---- */

void sessions_wake(struct sessions *sessions, unsigned thread)
{
    host_wake(sessions->hosts[thread]);
}

void sessions_tempo(struct sessions *sessions, uint16_t permille)
{
    for (unsigned i = 0; i < sessions->hosts_n; i++)
        host_tempo(sessions->hosts[i], permille);
}

void sessions_stalled(struct sessions *sessions, uint32_t stalled_ms)
{
    for (unsigned i = 0; i < sessions->hosts_n; i++)
        host_stalled(sessions->hosts[i], stalled_ms);
}

void sessions_note_rates(struct sessions *sessions)
{
    uint64_t now_ms = clock_steady_ms(), totals[RATES_N];

    for (uint32_t i = 0; i < sessions->slots_n; i++) {
        struct slot *slot = &sessions->slots[i];

        if (!slot->used)
            continue;
        totals[RATES_IN] = atomic_load_explicit(&slot->counters.bytes_in, memory_order_relaxed);
        totals[RATES_OUT] = atomic_load_explicit(&slot->counters.bytes_out, memory_order_relaxed);
        totals[RATES_COST] = atomic_load_explicit(&slot->counters.cost_us, memory_order_relaxed);
        rates_note(&slot->rates, totals, now_ms);
    }
}

static void figure_rates(const struct rates *rates, struct session_figures *figures)
{
    uint64_t now_ms = clock_steady_ms();

    figures->in_per_s = rates_per_s(rates, RATES_IN, figures->bytes_in, now_ms);
    figures->out_per_s = rates_per_s(rates, RATES_OUT, figures->bytes_out, now_ms);
    figures->cost_us_per_s = rates_per_s(rates, RATES_COST, figures->cost_us, now_ms);
}

static void figures_of(const struct slot *slot, struct session_figures *figures)
{
    _Static_assert(sizeof(figures->address) >= ADDRESS_TEXT_MAX, "an address fits");
    address_text((const struct sockaddr *)&slot->address, figures->address);
    figures->bytes_in = atomic_load_explicit(&slot->counters.bytes_in, memory_order_relaxed);
    figures->bytes_out = atomic_load_explicit(&slot->counters.bytes_out, memory_order_relaxed);
    figures->cost_us = atomic_load_explicit(&slot->counters.cost_us, memory_order_relaxed);
    figures->rtt_us = (uint32_t)atomic_load_explicit(&slot->counters.rtt_us, memory_order_relaxed);
    figures->opened_ms = slot->opened_ms;
    figures->shift = (uint32_t)atomic_load_explicit(&slot->counters.shift, memory_order_relaxed);
    figures->cells = (uint32_t)atomic_load_explicit(&slot->counters.cells, memory_order_relaxed);
    figures->withheld =
        (uint32_t)atomic_load_explicit(&slot->counters.withheld, memory_order_relaxed);
    figures->dropped =
        (uint32_t)atomic_load_explicit(&slot->counters.dropped, memory_order_relaxed);
    figures->thread = slot->thread;
    figure_rates(&slot->rates, figures);
}

int sessions_figures(const struct sessions *sessions, uint64_t session,
                     struct session_figures *figures)
{
    const struct slot *slot = slot_find(sessions, session);

    if (slot == NULL)
        return -1;
    figures_of(slot, figures);
    return 0;
}

void sessions_each_from(const struct sessions *sessions, const struct network *network,
                        void (*visit)(void *context, const struct sessions_peer *peer),
                        void *context)
{
    for (uint32_t i = 0; i < sessions->slots_n; i++) {
        const struct slot *slot = &sessions->slots[i];
        struct sessions_peer peer;

        if (!is_from(slot, network))
            continue;
        peer.session = slot_id(sessions, slot);
        peer.web = slot->web;
        peer.logged_in = slot->logged_in;
        figures_of(slot, &peer.figures);
        visit(context, &peer);
    }
}

struct io *sessions_io(const struct sessions *sessions, unsigned thread)
{
    return sessions->hosts[thread]->io;
}

void sessions_on_end(struct sessions *sessions, void (*ended)(void *context, unsigned thread),
                     void *context)
{
    sessions->ended = ended;
    sessions->ended_context = context;
}

struct host *sessions_host(const struct sessions *sessions, unsigned thread)
{
    return sessions->hosts[thread];
}

unsigned sessions_threads(const struct sessions *sessions)
{
    return sessions->hosts_n;
}

unsigned sessions_floor(const struct sessions *sessions, unsigned thread)
{
    return host_floor(sessions->hosts[thread]);
}

bool sessions_stuck(const struct sessions *sessions, unsigned thread)
{
    struct balance_load load;

    host_load(sessions->hosts[thread], &load);
    return load.stuck;
}

bool sessions_exempt(const struct sessions *sessions, const struct sockaddr_storage *address)
{
    return address_is_exempt(sessions->addresses, (const struct sockaddr *)address);
}

const char *sessions_fingerprint(const struct sessions *sessions)
{
    return sessions->fingerprint;
}

uint16_t sessions_port(const struct sessions *sessions, unsigned i)
{
    return acceptor_port(sessions->acceptor, i);
}
