/* call_inside.h -- what a call is made of. For the rooms of http/ that read and answer requests:
 * connection, call, answer, control; handlers see call.h alone. */
#ifndef OPENMMO_HTTP_CALL_INSIDE_H
#define OPENMMO_HTTP_CALL_INSIDE_H

#include "http/assets.h"
#include "http/body.h"
#include "http/call.h"
#include "http/chunks.h"
#include "http/limits.h"
#include "http/parse.h"
#include "http/router.h"
#include "http/worker.h"

#define CALL_HEADERS_BYTES 1024 /* of those that a handler adds */

enum call_state {
    CALL_READING,
    CALL_RUNNING, /* its handler is to answer before it returns */
    CALL_WAITING, /* the answer comes later */
    CALL_ANSWERED,
};

struct http_call {
    struct postbox_item item; /* to control and back */
    struct worker *worker;
    struct connection *connection; /* NULL: gone; only on the io thread */
    struct http *http;
    uint32_t slot, generation;
    enum call_state state;
    bool on_control;
    struct http_call *next, *previous; /* spare; or control's list of calls */
    /* Asked. */
    struct parse_head head;
    const char *text; /* what the head's spans are of: the input, or copy */
    char *copy;       /* of the head, owned; NULL: the input's still */
    struct router_match match;
    struct chunks chunks;
    uint8_t *body;      /* owned, or (borrowed) in the input */
    bool body_late;     /* it has not all come with the head */
    bool body_borrowed; /* until the handler returns */
    size_t body_n, body_room;
    json_t *json;
    struct body_fault *fault; /* of a body that does not fit, owned; NULL: none */
    struct sockaddr_storage address;
    bool secure, exempt;
    bool forwarded; /* a trusted proxy said whose address it is */
    bool preflight; /* the answer is one of CORS */
    bool identified;
    struct limits_answer rate; /* the tighter of its address' and its account's */
    struct call_identity identity;
    /* Answered. */
    int status;
    const char *type; /* constant, or NULL: no body */
    const void *answer;
    size_t answer_n;
    char *answer_owned; /* NULL: not ours */
    int file;           /* + 1; 0: none */
    uint64_t file_at;
    struct assets *assets;     /* a reference, with asset */
    const struct asset *asset; /* that is asked for; NULL: none */
    bool lent;                 /* answer is not copied; release, if any, ends that */
    void (*release)(void *context);
    void *release_context;
    size_t headers_n;
    char headers[CALL_HEADERS_BYTES]; /* "Name: value\r\n"... */
    /* Deferred. */
    void (*gone)(void *context);
    void *gone_context;
};

/* Zeroed. NULL: out of memory. Io thread. */
struct http_call *call_take(struct connection *connection);
/* Everything that it owns goes; the call is used again. Io thread (or control, when that has
 * ended). */
void call_give(struct worker *worker, struct http_call *call);
/* No input is borrowed from here on. -1: out of memory. */
int call_own(struct http_call *call) MUST_CHECK;
/* The request is whole: find its route, and run it or ask control. connection->call. */
void call_begin(struct http_call *call);
/* Run the handler of a route; where it must answer at once and does not, 500. */
void call_run(struct http_call *call);
/* The connection is closed. Io thread. */
void call_forget(struct http_call *call);

/* Its answer, head and body, to its connection. Io thread. */
void answer_write(struct connection *connection, struct http_call *call);

/* Io thread: to control, which runs it and posts it back. */
void http_ask(struct http *http, struct http_call *call);
/* Control: it is answered. */
void http_answered(struct http *http, struct http_call *call);
/* Io thread: the worker of that number; NULL: there is none. */
struct worker *http_worker(const struct http *http, unsigned number);
/* Io thread: the connection of a ticket goes to another io thread. */
void http_carried(struct http *http, struct http_ticket *ticket, struct worker *to);
/* Io thread: the connection of a ticket is closed. */
void http_closed(struct http *http, struct http_ticket *ticket);

#endif
