/* call.h -- one request, from its last byte until it is answered: what handlers of routes see.
 *
 * A handler runs on its route's thread (route.h) and answers exactly once, there, at once or later;
 * the call is gone with the answer. On control it may always answer later; on an io thread only
 * after call_defer. The connection may end meanwhile: then the answer goes nowhere, and on an io
 * thread `gone` says so. What the readers return is valid until the answer. */
#ifndef OPENMMO_HTTP_CALL_H
#define OPENMMO_HTTP_CALL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/compiler.h"
#include "common/protocol.h"
#include "common/text.h"
#include "http/route.h"

struct http_call; /* opaque */
struct http;
struct io;
struct stream;

/* len_bytes of an open file. */
struct call_file {
    int fd;
    uint64_t at;
    size_t len_bytes;
};

/* Who asks, by his token. */
struct call_identity {
    uint64_t player;
    char username[TEXT_NAME_MAX_BYTES + 1];
    enum protocol_role role;
};

/* The i-th ":name" of the path, or its "*", decoded; "" where there is none. */
const char *call_param(const struct http_call *call, unsigned i);
/* A parameter behind '?', decoded, with its NUL. 0; -1: absent; -2: malformed or too long. */
int call_query(const struct http_call *call, const char *name, char *out,
               size_t out_bytes) MUST_CHECK;
/* NULL: absent. name in any case. */
const char *call_header(const struct http_call *call, const char *name);
/* HEAD too, where the route is GET's: the body is left out by itself. */
enum http_method call_method(const struct http_call *call);
/* The path as it was sent. */
const char *call_path(const struct http_call *call);
/* An object that fits the route's schema; NULL where the route has none. */
const json_t *call_body(const struct http_call *call);
/* The body as it came; NULL and 0: there was none. Not NUL-terminated. */
const void *call_bytes(const struct http_call *call, size_t *len_bytes);
/* The client's, behind a trusted proxy too. */
const struct sockaddr_storage *call_address(const struct http_call *call);
/* No limit on addresses applies to it. */
bool call_exempt(const struct http_call *call);
/* It came by TLS, ours or a trusted proxy's. */
bool call_secure(const struct http_call *call);
/* NULL: nobody. */
const struct call_identity *call_identity(const struct http_call *call);
/* For http_services. */
struct http *call_http(const struct http_call *call);
/* ROUTE_ON_IO: the loop that it runs on, and which thread of sessions that is. */
struct io *call_io(const struct http_call *call);
/* The number of that thread. */
unsigned call_thread(const struct http_call *call);

/* Before the answer. Both are copied; a value with a control character is left out. */
void call_add_header(struct http_call *call, const char *name, const char *value);

/* body: what no JSON can be made of, NULL too (out of memory, no UTF-8), is answered 500. */
void call_answer_json(struct http_call *call, int status, json_t *body /* stolen */);
/* Copied. */
void call_answer_bytes(struct http_call *call, int status, const char *type, const void *bytes,
                       size_t len_bytes);
/* Not copied: bytes stay until release(context) on the io thread (NULL: for good). */
void call_answer_borrowed(struct http_call *call, int status, const char *type, const void *bytes,
                          size_t len_bytes, void (*release)(void *context), void *context);
/* ROUTE_ON_IO: a part of a file. Takes fd. type: constant. */
void call_answer_file(struct http_call *call, int status, const char *type, struct call_file file);
/* Without a body: 204, 304, 308 and their like. */
void call_answer_empty(struct http_call *call, int status);
/* application/problem+json, with the old clients' member "error": detail. */
void call_problem(struct http_call *call, int status, const char *detail);
/* The same, with errors: [{field, reason}]. */
void call_problem_field(struct http_call *call, int status, const char *detail, const char *field,
                        const char *reason);

/* ROUTE_ON_IO: answer later. gone(context) comes at most once, and then the call is no more. */
void call_defer(struct http_call *call, void (*gone)(void *context), void *context);

/* ROUTE_ON_IO: the call, and its connection for good, go to that io thread of sessions, where the
 * route is run again. 0: it is no more here; -1: there is no such thread, out of memory, or we
 * stop: answer. */
int call_carry(struct http_call *call, unsigned thread) MUST_CHECK;

/* The connection as bytes, after 101. All on its io thread. */
struct http_upgrade;
struct http_upgrade_handlers {
    /* 101 is on its way: write from here on (stream_writable first, for it may be kept). */
    void (*opened)(void *context, struct http_upgrade *upgrade, struct stream *stream);
    /* As stream_handlers. What follows the request's head comes here too. */
    size_t (*input)(void *context, uint8_t *bytes, size_t len_bytes);
    /* What could be read now was read; begun: a part waits for its rest. NULL: not told. */
    void (*settled)(void *context, bool begun);
    void (*refused)(void *context); /* what was gathered was not taken whole. NULL: not told */
    void (*drained)(void *context); /* all that the socket had refused is sent */
    /* The connection is closed: by the peer, by the socket, at a stop, or by upgrade_close. Once;
     * the stream is not touched from here on. */
    void (*ended)(void *context);
};
/* ROUTE_ON_IO: answer 101 with the headers added before, Connection and Upgrade among them, and
 * take over. 0: opened comes, ended will; -1: nothing has happened (the client asked for no
 * upgrade, out of memory): answer. The call is gone after 0. */
int call_upgrade(struct http_call *call, const struct http_upgrade_handlers *handlers,
                 void *context) MUST_CHECK;
/* No byte comes any more; what is written already goes, for 2 s at most. ended comes later. */
void upgrade_finish(struct http_upgrade *upgrade);
/* At once; ended comes from within. */
void upgrade_close(struct http_upgrade *upgrade);
/* The address that the request came from, and so on, as call_address. Valid until ended. */
const struct sockaddr_storage *upgrade_address(const struct http_upgrade *upgrade);

#endif
