/* http.h -- control's handle on the HTTP face: listening sockets, connections by address, what the
 * io threads ask of control, and the stop.
 *
 *   accept (control) -> the least busy io thread -> requests: answered there, or
 *                       asked of control by a call that is posted there and back
 *
 * A connection lives on one io thread of sessions (worker.h); between two requests it may go to
 * another for good (call_carry). Control thread, unless said.
 */
#ifndef OPENMMO_HTTP_HTTP_H
#define OPENMMO_HTTP_HTTP_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "http/route.h"
#include "net/bucket.h"

struct http;        /* opaque */
struct http_change; /* opaque */
struct access;      /* accounts/access.h */
struct health;      /* ops/health.h */
struct scrape;      /* ops/scrape.h */
struct accounts;    /* accounts/accounts.h */
struct bans;        /* accounts/bans.h */
struct census;      /* http/census.h */
struct keys;        /* accounts/keys.h */
struct policy;      /* accounts/policy.h */
struct network;     /* net/network.h */
struct presence;    /* play/presence.h */
struct recent;      /* play/recent.h */
struct refresh;     /* accounts/refresh.h */
struct reporting;   /* play/reporting.h */
struct sessions;    /* play/sessions.h */
struct store;       /* store/store.h */
struct tally;       /* net/tally.h */

/* What handlers on control may ask. Borrowed. */
struct http_services {
    struct store *store;
    struct accounts *accounts;
    struct access *access;
    struct bans *bans;
    struct census *census;
    struct keys *keys;
    struct policy *policy;
    struct presence *presence;
    struct recent *recent;
    struct reporting *reporting;
    struct refresh *refresh;
    struct sessions *sessions;
    struct tally *tally;         /* any thread; NULL: nobody counts by address */
    const struct health *health; /* any thread */
    const struct scrape *scrape; /* NULL: /metrics is not public */
    bool own_positions;          /* a player may put himself elsewhere */
    uint64_t started_ms;         /* Unix time */
};

struct http_config {
    struct http_services services;
    /* Sockets of listener_bind; each is -1 once it is taken. */
    int *sockets, *tls_sockets;
    unsigned sockets_n, tls_sockets_n;
    const char *certificate, *key; /* PEM files; NULL: no TLS */
    uint16_t redirect_port;   /* plain requests are sent to https there; 0: they are answered */
    uint32_t connections_max; /* cannot grow beyond what it was at http_new */
    uint32_t connections_per_address, new_per_second, new_burst;
    uint32_t head_ms, body_ms, idle_ms, taking_ms; /* absolute deadlines */
    uint32_t head_bytes, body_bytes;
    uint32_t ping_interval_ms, ping_timeout_ms, connect_ms; /* of Engine.IO's sessions */
    const char *const *trusted_proxies;                     /* CIDRs */
    unsigned trusted_proxies_n;
    bool proxy_header;         /* their connections begin with a PROXY header */
    const char *const *exempt; /* CIDRs that no limit on addresses applies to */
    unsigned exempt_n;
    const char *const *cors_origins;
    unsigned cors_origins_n;
    bool cors_credentials;
    const char *assets;                      /* a folder of files to serve; NULL: none */
    const char *assets_immutable;            /* one in it; "": none */
    struct bucket_rate rates[ROUTE_RATES_N]; /* of an address, and of an account */
};

/* Before any connection comes to the io threads; accepting begins with http_open. NULL + error. */
struct http *http_new(struct event_base *control, const struct http_config *config,
                      struct error *error);
void http_open(struct http *http); /* accept from now on */
/* While it runs: all of other values that can fail, which changes nothing yet. NULL + error. */
struct http_change *http_prepare(struct http *http, const struct http_config *config,
                                 struct error *error);
/* They hold from here on. The same config; takes the change. */
void http_reconfigure(struct http *http, const struct http_config *config,
                      struct http_change *change);
void http_change_free(struct http_change *change); /* they never will; NULL is fine */
/* Accept no more; what is asked is answered, then connections are closed. done(context): the last
 * is gone, or it took longer than 3 s. */
void http_drain(struct http *http, void (*done)(void *context), void *context);
/* A network is banned: close all connections from there. */
void http_end_from(struct http *http, const struct network *network);
/* After store_close and sessions_free, whose last words come here. NULL is fine. */
void http_free(struct http *http);

/* OpenAPI, as JSON. Any thread; as long as http lives. */
const char *http_description(const struct http *http);
/* Any thread; what is in it is control's. */
const struct http_services *http_services(const struct http *http);
/* Port of socket i of a kind; 0: there is none. */
uint16_t http_port(const struct http *http, bool tls, unsigned i);

#endif
