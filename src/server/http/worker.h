/* worker.h -- an io thread's side of the HTTP face: its connections, their settings, calls that are
 * under way.
 *
 * Made and freed by control; in between owned by the io thread of that number, which control
 * reaches by posts. For the rooms of http/ only. */
#ifndef OPENMMO_HTTP_WORKER_H
#define OPENMMO_HTTP_WORKER_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "http/respond.h"
#include "http/settings.h"
#include "net/io.h"
#include "play/session.h"

#define WORKER_OUT_BYTES (64 * 1024)

struct connection; /* connection.h */
struct engineio;   /* engineio.h */
struct http;
struct http_call;
struct gzip;   /* gzip.h */
struct limits; /* limits.h */

/* Classes of deadlines of the io thread, behind those of sessions. */
enum http_deadline {
    HTTP_DEADLINE_OPENING = SESSION_DEADLINES_END,
    HTTP_DEADLINE_IDLE,
    HTTP_DEADLINE_HEAD,
    HTTP_DEADLINE_BODY,
    HTTP_DEADLINE_WAIT,
    HTTP_DEADLINE_TAKING,
    HTTP_DEADLINE_LINGER,
    HTTP_DEADLINE_FREE,
    HTTP_DEADLINES_END /* the first that is free for others */
};

/* A connection's place with control: made at the accept, posted to the io thread and, at the end,
 * back, so that saying so cannot fail. */
struct http_ticket {
    struct postbox_item item;
    struct http *http;
    struct worker *worker;
    int fd;
    bool tls;
    char *barred; /* why it may not come; NULL: it may */
    bool tallied; /* the tally holds it */
    struct sockaddr_storage address;
};

struct worker_slot {
    struct connection *connection; /* NULL: free */
    uint32_t generation, next_free;
};

struct worker {
    struct http *http;
    struct io *io;
    unsigned number;
    struct http_settings *settings;
    struct limits *limits; /* all threads' */
    struct worker_slot *slots;
    uint32_t slots_n, free_first;
    struct http_call *spare; /* calls for use again */
    unsigned spare_n;
    bool draining;
    struct engineio *engine;
    struct respond_clock clock;
    struct gzip *gzip; /* NULL: not used yet */
    /* What is written to one connection in one go; empty between callbacks. */
    struct connection *corked;
    size_t out_n;
    uint8_t out[WORKER_OUT_BYTES];
};

/* settings: taken, also on failure. NULL: out of memory. Control thread. */
struct worker *worker_new(struct http *http, struct io *io, unsigned number,
                          struct http_settings *settings);
/* The thread has ended, all connections with it. Control thread; NULL is fine. */
void worker_free(struct worker *worker);

/* Posted by control: takes the ticket with its socket. */
void worker_accept(struct worker *worker, struct http_ticket *ticket);
/* Takes settings. -1: out of memory, and they are freed. */
int worker_apply(struct worker *worker, struct http_settings *settings) MUST_CHECK;
/* What is asked is answered, then connections are closed. -1: out of memory. */
int worker_drain(struct worker *worker) MUST_CHECK;
/* Close those from that network. -1: out of memory. */
int worker_end_from(struct worker *worker, const struct network *network) MUST_CHECK;
/* The thread has ended: close them all. */
void worker_end(struct worker *worker);

/* For connections. A place; -1: out of memory. */
int worker_slot_take(struct worker *worker, struct connection *connection,
                     uint32_t *slot) MUST_CHECK;
/* As above: given back. */
void worker_slot_give(struct worker *worker, uint32_t slot);
/* NULL: it is gone. */
struct connection *worker_find(const struct worker *worker, uint32_t slot, uint32_t generation);

#endif
