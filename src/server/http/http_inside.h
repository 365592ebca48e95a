/* http_inside.h -- what control's side of the HTTP face is made of: http (life, settings), entry
 * (who is let in) and desk (calls that ask control). For these rooms only; control thread. */
#ifndef OPENMMO_HTTP_HTTP_INSIDE_H
#define OPENMMO_HTTP_HTTP_INSIDE_H

#include <stdatomic.h>

#include "http/http.h"
#include "http/worker.h"
#include "net/address.h"
#include "net/bucket.h"
#include "ops/postbox.h"
#include "play/acceptor.h"

/* The listening sockets of one kind. */
struct entry_door {
    struct http *http;
    struct acceptor *acceptor;
    bool tls;
};

struct http {
    struct event_base *base;
    char *description; /* of the routes, as JSON */
    struct http_services services;
    struct postbox *postbox;
    struct worker **workers;
    unsigned workers_n;
    /* entry */
    struct entry_door plain, tls;
    struct address_table *addresses;
    atomic_uint_fast32_t *load; /* connections of each io thread */
    uint32_t connections_n, connections_max;
    uint32_t connections_most; /* what the address table was made for */
    struct bucket barred;      /* banned ones who are told so */
    struct limits *limits;     /* any thread */
    struct assets *assets;     /* the last list; NULL: none are served */
    /* desk */
    struct http_call *calls; /* that control has */
    bool draining, ended;    /* ended: the io threads are gone */
    struct event *drained;
    void (*done)(void *context);
    void *done_context;
};

/* Make the doors, take their sockets. -1 + error. */
int entry_new(struct http *http, const struct http_config *config, struct error *error) MUST_CHECK;
void entry_free(struct http *http); /* its doors; fine where entry_new failed */
/* What may change, checked before: nothing fails. proxies: both are taken. */
void entry_apply(struct http *http, const struct http_config *config,
                 struct network_list *proxies[2]);
/* Networks whose connections begin with a PROXY header: two equal lists. -1 + error. */
int entry_proxies(const struct http_config *config, struct network_list *proxies[2],
                  struct error *error) MUST_CHECK;

/* Calls that are still there: nobody answers them any more. */
void desk_free(struct http *http);
/* All connections are gone, or it took too long: whoever waits for that is told. */
void http_drain_check(struct http *http);

#endif
