/* entry.c -- who is let in: by number, by address, by ban; and to which io thread. */
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "accounts/bans.h"
#include "common/clock.h"
#include "common/log.h"
#include "http/call_inside.h"
#include "http/http_inside.h"
#include "net/network.h"
#include "net/tally.h"
#include "ops/metrics.h"
#include "ops/traffic.h"
#include "play/balance.h"
#include "play/sessions.h"
#include "store/timestamp.h"

#define ADDRESSES_SPARE 16384 /* addresses remembered beyond those that are connected */
#define CROWDED_MS      10000 /* so long an address counts as one with too many */
#define PER_TICK        256   /* connections taken in ACCEPTOR_TICK_MS, of all addresses */

/* Of those who may not come so many are told why, the others are closed at once. */
static const struct bucket_rate barred_told = {20, 1000, 40};

static void refused(const struct sockaddr_storage *address, const char *why)
{
    static struct log_limit limit;

    address_refused(&limit, "http_refused", (const struct sockaddr *)address, why);
}

/* ---- the end of one ---- */

static void run_closed(struct postbox_item *item)
{
    struct http_ticket *ticket = (struct http_ticket *)(void *)item;
    struct http *http = ticket->http;

    address_closed(http->addresses, (const struct sockaddr *)&ticket->address, false);
    if (ticket->tallied)
        tally_drop(http->services.tally, (const struct sockaddr *)&ticket->address, TALLY_OPEN,
                   clock_steady_ms());
    metrics_gauge(METRIC_HTTP_CONNECTIONS, -1);
    atomic_fetch_sub_explicit(&http->load[ticket->worker->number], 1, memory_order_relaxed);
    http->connections_n--;
    free(ticket->barred);
    free(ticket);
    http_drain_check(http);
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

/* Io thread. */
void http_closed(struct http *http, struct http_ticket *ticket)
{
    ticket->item.run = run_closed;
    postbox_post(http->postbox, &ticket->item);
}

/* ---- accepting ---- */

static unsigned choose_thread(const struct http *http)
{
    struct balance_load loads[METRICS_THREADS_MAX];

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
    const struct entry_door *door = context;

    return sessions_have_room(door->http->services.sessions);
}

static void tell(const struct http *http, const struct sockaddr_storage *address,
                 enum tally_count count)
{
    traffic_count(TRAFFIC_HTTP, count == TALLY_ACCEPTED ? TRAFFIC_ACCEPTED : TRAFFIC_REFUSED);
    tally_add(http->services.tally, (const struct sockaddr *)address, count, 1, clock_steady_ms());
}

static void tell_limited(const struct http *http, const struct sockaddr_storage *address,
                         enum address_verdict verdict)
{
    uint64_t now_ms = clock_steady_ms();

    tell(http, address, TALLY_REFUSED);
    tally_block(http->services.tally, (const struct sockaddr *)address,
                verdict == ADDRESS_TOO_MANY ? TALLY_CROWDED : TALLY_FAST, now_ms + CROWDED_MS,
                now_ms);
}

/* 0: it may come; 1: it is to be told *why; -1: it is closed without a word. */
static int look_at_ban(struct http *http, const struct sockaddr_storage *address, char **why)
{
    uint64_t now_ms = timestamp_now_ms();
    const struct ban *ban = bans_address(http->services.bans, address, now_ms);
    char text[BANS_TEXT_MAX];

    if (ban == NULL)
        return 0;
    metrics_add(METRIC_BANNED_REFUSED, 1);
    tell(http, address, TALLY_BANNED);
    refused(address, "the address is banned");
    if (!bucket_take(&http->barred, &barred_told, clock_steady_ms()))
        return -1;
    bans_sentence(ban, text);
    *why = strdup(text);
    return *why != NULL ? 1 : -1;
}

/* NULL: it may not come. */
static struct http_ticket *ticket_new(struct http *http, const struct sockaddr_storage *address)
{
    enum address_verdict verdict;
    struct http_ticket *ticket;

    if (http->connections_n >= http->connections_max) {
        metrics_add(METRIC_REFUSED_FULL, 1);
        tell(http, address, TALLY_REFUSED);
        refused(address, "all connections are taken (http.connections_max)");
        return NULL;
    }
    verdict = address_opened(http->addresses, (const struct sockaddr *)address, clock_steady_ms());
    if (verdict != ADDRESS_OK) {
        metrics_add(METRIC_REFUSED_ADDRESS, 1);
        tell_limited(http, address, verdict);
        refused(address, "too many connections from one address");
        return NULL;
    }
    ticket = calloc(1, sizeof(*ticket));
    if (ticket == NULL || look_at_ban(http, address, &ticket->barred) < 0) {
        address_closed(http->addresses, (const struct sockaddr *)address, false);
        free(ticket);
        return NULL;
    }
    return ticket;
}

static bool on_arrived(void *context, int fd, const struct sockaddr_storage *address)
{
    const struct entry_door *door = context;
    struct http *http = door->http;
    struct http_ticket *ticket = ticket_new(http, address);
    unsigned thread;

    if (ticket == NULL) {
        close(fd);
        return false;
    }
    thread = choose_thread(http);
    ticket->http = http;
    ticket->fd = fd;
    ticket->tls = door->tls;
    ticket->address = *address;
    tell(http, address, TALLY_ACCEPTED);
    ticket->tallied = tally_hold(http->services.tally, (const struct sockaddr *)address, TALLY_OPEN,
                                 clock_steady_ms());
    atomic_fetch_add_explicit(&http->load[thread], 1, memory_order_relaxed);
    http->connections_n++;
    metrics_gauge(METRIC_HTTP_CONNECTIONS, 1);
    worker_accept(http->workers[thread], ticket);
    return true;
}

/* ---- life ---- */

int entry_proxies(const struct http_config *config, struct network_list *proxies[2],
                  struct error *error)
{
    unsigned n = config->proxy_header ? config->trusted_proxies_n : 0;

    for (unsigned i = 0; i < 2; i++) {
        proxies[i] = network_list_new(config->trusted_proxies, n, error);
        if (proxies[i] == NULL) {
            if (i > 0)
                network_list_free(proxies[0]);
            proxies[0] = NULL;
            return -1;
        }
    }
    return 0;
}

/* Connections of a proxy that speaks for many are not counted as one client's. */
static int exempt(struct http *http, const struct http_config *config, struct error *error)
{
    unsigned proxies_n = config->proxy_header ? 0 : config->trusted_proxies_n;
    unsigned n = config->exempt_n + proxies_n;
    const char **cidrs = calloc(n + 1, sizeof(char *));
    int result;

    if (cidrs == NULL)
        return error_set(error, "out of memory");
    for (unsigned i = 0; i < config->exempt_n; i++)
        cidrs[i] = config->exempt[i];
    for (unsigned i = 0; i < proxies_n; i++)
        cidrs[config->exempt_n + i] = config->trusted_proxies[i];
    result = address_table_exempt(http->addresses, cidrs, n, error);
    free(cidrs);
    return result;
}

void entry_apply(struct http *http, const struct http_config *config,
                 struct network_list *proxies[2])
{
    struct address_limits limits = {
        .before_login = config->connections_per_address,
        .opening = {config->new_per_second, 1000, config->new_burst > 0 ? config->new_burst : 1}};
    struct error error;

    acceptor_trust(http->plain.acceptor, proxies[0], config->head_ms);
    acceptor_trust(http->tls.acceptor, proxies[1], config->head_ms);
    address_table_set_limits(http->addresses, &limits);
    http->connections_max = config->connections_max;
    if (exempt(http, config, &error) != 0)
        log_event(LOG_LEVEL_ERROR, "reload_incomplete", error.text, LOG_NONE);
}

static int door_open(struct entry_door *door, struct http *http, int *sockets, unsigned sockets_n,
                     struct error *error)
{
    const struct acceptor_handlers handlers = {have_room, on_arrived, door};

    door->http = http;
    door->acceptor = acceptor_new(http->base, sockets, sockets_n, &handlers, error);
    if (door->acceptor == NULL)
        return -1;
    acceptor_pace(door->acceptor, PER_TICK);
    return 0;
}

int entry_new(struct http *http, const struct http_config *config, struct error *error)
{
    struct address_limits limits = {.before_login = config->connections_per_address,
                                    .opening = {1, 1000, 1}};
    struct network_list *proxies[2];

    bucket_init(&http->barred, &barred_told, clock_steady_ms());
    http->tls.tls = true;
    http->load = calloc(sessions_threads(http->services.sessions), sizeof(*http->load));
    http->addresses = address_table_new(config->connections_max + ADDRESSES_SPARE, &limits);
    if (http->load == NULL || http->addresses == NULL)
        return error_set(error, "out of memory");
    if (door_open(&http->plain, http, config->sockets, config->sockets_n, error) != 0 ||
        door_open(&http->tls, http, config->tls_sockets, config->tls_sockets_n, error) != 0 ||
        entry_proxies(config, proxies, error) != 0)
        return -1;
    entry_apply(http, config, proxies);
    return 0;
}

void entry_free(struct http *http)
{
    acceptor_free(http->plain.acceptor);
    acceptor_free(http->tls.acceptor);
}
