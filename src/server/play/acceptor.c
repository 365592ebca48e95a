/* acceptor.c -- see acceptor.h. */
#include "play/acceptor.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "net/address.h"
#include "net/bucket.h"
#include "net/listener.h"
#include "net/network.h"
#include "net/proxy.h"
#include "ops/metrics.h"

#define PAUSE_MS 10 /* then there may be room again */

/* A connection through a proxy, until its header is whole. */
struct arrival {
    struct acceptor *acceptor;
    struct arrival *previous, *next;
    struct event *readable, *deadline;
    int fd;
    struct sockaddr_storage proxy;
    size_t n;
    uint8_t bytes[PROXY_HEADER_MAX];
};

struct acceptor {
    struct event_base *base;
    struct acceptor_handlers handlers;
    struct listener **listeners;
    unsigned listeners_n, first; /* of them, whose turn it is when all are opened again */
    bool took;                   /* one was let in since then */
    struct event *resume;
    struct bucket pace, refused;
    struct bucket_rate rate, refused_rate; /* of them */
    uint32_t given_back; /* of what was taken from the pace, for those who were refused */
    struct network_list *proxies;
    uint32_t header_ms;
    struct arrival *arrivals;
    unsigned arrivals_n;
};

/* ---- through a proxy ---- */

/* Its fd, if it is still there, is closed. */
static void arrival_free(struct arrival *arrival)
{
    struct acceptor *acceptor = arrival->acceptor;

    *(arrival->previous != NULL ? &arrival->previous->next : &acceptor->arrivals) = arrival->next;
    if (arrival->next != NULL)
        arrival->next->previous = arrival->previous;
    acceptor->arrivals_n--;
    if (arrival->readable != NULL)
        event_free(arrival->readable);
    if (arrival->deadline != NULL)
        event_free(arrival->deadline);
    if (arrival->fd >= 0)
        close(arrival->fd);
    free(arrival);
}

/* There is no way to say it to the proxy but to close. */
static void arrival_refused(struct arrival *arrival, const char *why)
{
    static struct log_limit limit;
    uint64_t swallowed;
    char text[ADDRESS_TEXT_MAX];

    metrics_add(METRIC_PROXY_REFUSED, 1);
    if (log_limit_pass(&limit, 10, &swallowed)) {
        address_text((const struct sockaddr *)&arrival->proxy, text);
        log_event(LOG_LEVEL_WARN, "proxy_refused", why, LOG_TEXT("address", text),
                  LOG_U64("swallowed", swallowed));
    }
    arrival_free(arrival);
}

/* One that is closed at once is no trouble: were it to count, one address that is over its limit
 * could take all the pace that there is, and nobody else would come in. */
static void acceptor_hand_on(struct acceptor *acceptor, int fd,
                             const struct sockaddr_storage *address)
{
    if (!acceptor->handlers.arrived(acceptor->handlers.context, fd, address) &&
        acceptor->given_back < acceptor->rate.burst &&
        bucket_take(&acceptor->refused, &acceptor->refused_rate, clock_steady_ms()))
        acceptor->given_back++;
}

static void arrival_whole(struct arrival *arrival, const struct proxy_header *header)
{
    struct acceptor *acceptor = arrival->acceptor;
    struct sockaddr_storage address =
        header->source.ss_family != AF_UNSPEC ? header->source : arrival->proxy;
    int fd = arrival->fd;

    arrival->fd = -1;
    arrival_free(arrival);
    acceptor_hand_on(acceptor, fd, &address);
}

/* Reads never beyond the header: what follows is the client's. */
static void arrival_readable(evutil_socket_t fd, short what, void *context)
{
    struct arrival *arrival = context;
    struct proxy_header header;
    enum proxy_result result = proxy_parse(arrival->bytes, arrival->n, &header);

    (void)what;
    while (result == PROXY_MORE) {
        ssize_t n = recv(fd, arrival->bytes + arrival->n, header.header_bytes - arrival->n, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0 && errno == EAGAIN)
            return;
        if (n <= 0) { /* a proxy's look whether the port is open; or a client that went */
            arrival_free(arrival);
            return;
        }
        arrival->n += (size_t)n;
        result = proxy_parse(arrival->bytes, arrival->n, &header);
    }
    if (result == PROXY_OK)
        arrival_whole(arrival, &header);
    else
        arrival_refused(arrival, "a trusted proxy sent no PROXY protocol v2 header that we "
                                 "understand (net.trusted_proxies)");
}

static void arrival_late(evutil_socket_t fd, short what, void *context)
{
    struct arrival *arrival = context;

    (void)fd, (void)what;
    metrics_add(METRIC_DEADLINES, 1);
    arrival_refused(arrival, "a trusted proxy sent no whole PROXY header in time "
                             "(net.trusted_proxies, limits.first_byte)");
}

static void arrival_new(struct acceptor *acceptor, int fd, const struct sockaddr_storage *proxy)
{
    struct timeval deadline = {acceptor->header_ms / 1000, acceptor->header_ms % 1000 * 1000};
    struct arrival *arrival = calloc(1, sizeof(*arrival));

    if (arrival == NULL) {
        close(fd);
        return;
    }
    arrival->acceptor = acceptor;
    arrival->fd = fd;
    arrival->proxy = *proxy;
    arrival->next = acceptor->arrivals;
    if (arrival->next != NULL)
        arrival->next->previous = arrival;
    acceptor->arrivals = arrival;
    acceptor->arrivals_n++;
    arrival->readable =
        event_new(acceptor->base, fd, EV_READ | EV_PERSIST, arrival_readable, arrival);
    arrival->deadline = event_new(acceptor->base, -1, 0, arrival_late, arrival);
    if (arrival->readable == NULL || arrival->deadline == NULL ||
        event_add(arrival->readable, NULL) != 0 || event_add(arrival->deadline, &deadline) != 0)
        arrival_free(arrival);
}

/* ---- the pace ---- */

static void acceptor_hold(struct acceptor *acceptor)
{
    static const struct timeval pause = {0, PAUSE_MS * 1000};

    for (unsigned i = 0; i < acceptor->listeners_n; i++)
        listener_hold(acceptor->listeners[i]);
    event_add(acceptor->resume, &pause);
}

static bool pace_take(struct acceptor *acceptor)
{
    if (acceptor->given_back == 0)
        return bucket_take(&acceptor->pace, &acceptor->rate, clock_steady_ms());
    acceptor->given_back--;
    return true;
}

static bool acceptor_room(void *context)
{
    struct acceptor *acceptor = context;

    if (acceptor->arrivals_n < ACCEPTOR_HEADERS &&
        acceptor->handlers.room(acceptor->handlers.context) && pace_take(acceptor)) {
        acceptor->took = true;
        return true;
    }
    acceptor_hold(acceptor);
    return false;
}

/* The loop looks at them in the order in which they are opened, and the first to be looked at may
 * take all the room there is: at the next time it is another. Else those who come by one address
 * would wait for as long as many come by the one before it. */
static void acceptor_resume(evutil_socket_t fd, short what, void *context)
{
    struct acceptor *acceptor = context;

    (void)fd, (void)what;
    acceptor->first += acceptor->took;
    acceptor->took = false;
    for (unsigned i = 0; i < acceptor->listeners_n; i++)
        listener_open(acceptor->listeners[(acceptor->first + i) % acceptor->listeners_n]);
}

static void on_accepted(void *context, int fd, const struct sockaddr_storage *address)
{
    struct acceptor *acceptor = context;

    metrics_add(METRIC_ACCEPTED, 1);
    if (network_list_holds(acceptor->proxies, (const struct sockaddr *)address))
        arrival_new(acceptor, fd, address);
    else
        acceptor_hand_on(acceptor, fd, address);
}

/* ---- life ---- */

struct acceptor *acceptor_new(struct event_base *base, int *sockets, unsigned sockets_n,
                              const struct acceptor_handlers *handlers, struct error *error)
{
    static const struct listener_handlers listening = {acceptor_room, on_accepted};
    struct acceptor *acceptor = calloc(1, sizeof(*acceptor));

    if (acceptor == NULL)
        goto failed;
    acceptor->base = base;
    acceptor->handlers = *handlers;
    acceptor_pace(acceptor, ACCEPTOR_PER_TICK);
    acceptor->resume = event_new(base, -1, 0, acceptor_resume, acceptor);
    acceptor->listeners = calloc(sockets_n > 0 ? sockets_n : 1, sizeof(struct listener *));
    if (acceptor->resume == NULL || acceptor->listeners == NULL)
        goto failed;
    for (unsigned i = 0; i < sockets_n; i++) {
        acceptor->listeners[i] = listener_new(base, sockets[i], &listening, acceptor, error);
        sockets[i] = -1;
        if (acceptor->listeners[i] == NULL) {
            acceptor_free(acceptor);
            return NULL;
        }
        acceptor->listeners_n++;
    }
    return acceptor;
failed:
    acceptor_free(acceptor);
    error_set(error, "out of memory");
    return NULL;
}

void acceptor_pace(struct acceptor *acceptor, uint32_t per_tick)
{
    uint32_t refused = ACCEPTOR_REFUSED * per_tick;

    acceptor->rate = (struct bucket_rate){per_tick, ACCEPTOR_TICK_MS, per_tick};
    acceptor->refused_rate = (struct bucket_rate){refused, ACCEPTOR_TICK_MS, refused};
    bucket_init(&acceptor->pace, &acceptor->rate, clock_steady_ms());
    bucket_init(&acceptor->refused, &acceptor->refused_rate, clock_steady_ms());
}

void acceptor_open(struct acceptor *acceptor)
{
    acceptor_resume(-1, 0, acceptor);
}

void acceptor_close(struct acceptor *acceptor)
{
    for (unsigned i = 0; i < acceptor->listeners_n; i++)
        listener_close(acceptor->listeners[i]);
    event_del(acceptor->resume);
    while (acceptor->arrivals != NULL)
        arrival_free(acceptor->arrivals);
}

void acceptor_free(struct acceptor *acceptor)
{
    if (acceptor == NULL)
        return;
    for (unsigned i = 0; i < acceptor->listeners_n; i++)
        listener_free(acceptor->listeners[i]);
    while (acceptor->arrivals != NULL)
        arrival_free(acceptor->arrivals);
    if (acceptor->resume != NULL)
        event_free(acceptor->resume);
    network_list_free(acceptor->proxies);
    free(acceptor->listeners);
    free(acceptor);
}

void acceptor_trust(struct acceptor *acceptor, struct network_list *proxies, uint32_t header_ms)
{
    network_list_free(acceptor->proxies);
    acceptor->proxies = proxies;
    acceptor->header_ms = header_ms;
}

uint16_t acceptor_port(const struct acceptor *acceptor, unsigned i)
{
    return i < acceptor->listeners_n ? listener_port(acceptor->listeners[i]) : 0;
}
