/* jsonrpc.h -- JSON-RPC 2.0: a line in, calls out, a line back.
 *
 * Knows no socket, no method and no role: it takes one line (one object or one batch), says what is
 * malformed by the standard's own codes, hands each request to the port's call function and, when
 * the last of them has been answered, gives the answer line to the port. A call may be answered at
 * once or much later; the answers of a batch go out together. Strict: members that the standard
 * does not name, keys that stand twice, invalid UTF-8 and NUL are refused.
 * No globals; a port and its calls belong to one thread. */
#ifndef OPENMMO_ADMIN_JSONRPC_H
#define OPENMMO_ADMIN_JSONRPC_H

#include <jansson.h>
#include <stddef.h>

#include "common/compiler.h"

#define JSONRPC_LINE_MAX   65536         /* bytes of a line, without its newline */
#define JSONRPC_BATCH_MAX  64            /* requests in a batch */
#define JSONRPC_OPEN_MAX   64            /* lines of a port that wait for an answer */
#define JSONRPC_ANSWER_MAX (1024 * 1024) /* bytes of an answer line; a larger one is an error */

enum jsonrpc_code {
    JSONRPC_BAD_JSON = -32700,
    JSONRPC_BAD_REQUEST = -32600,
    JSONRPC_NO_METHOD = -32601,
    JSONRPC_BAD_PARAMS = -32602,
    JSONRPC_INTERNAL = -32603,
    JSONRPC_FAILED = -32000, /* the method was tried and did not succeed */
    JSONRPC_DENIED = -32001, /* the peer's role does not reach */
    JSONRPC_BUSY = -32002,   /* too much waits already */
};

struct jsonrpc_call;     /* opaque: one request that waits for its answer */
struct jsonrpc_exchange; /* opaque: one line that waits for its answers */

struct jsonrpc_port {
    /* A request. The receiver owns it until it answers it, once. */
    void (*call)(void *context, struct jsonrpc_call *call);
    /* An answer line, newline included, borrowed for the call. */
    void (*answer)(void *context, const char *line, size_t len_bytes);
    /* A line is done with that is owed no answer: it held notifications alone. NULL: not minded. */
    void (*unanswered)(void *context);
    void *context;
    /* The port's own; zero at first. */
    struct jsonrpc_exchange *open;
    unsigned open_n;
};

/* Take one line (without newline, at most JSONRPC_LINE_MAX bytes; any bytes). May call port->call
 * and port->answer before it returns. */
void jsonrpc_line(struct jsonrpc_port *port, const char *bytes, size_t len_bytes);
/* The port ends: what is still to be answered is thrown away when it is. */
void jsonrpc_close(struct jsonrpc_port *port);

/* The request's method name, and its parameters (an object or an array; NULL: none); borrowed while
 * the call lives. */
const char *jsonrpc_method(const struct jsonrpc_call *call);
/* NULL: none were given; borrowed. */
json_t *jsonrpc_params(const struct jsonrpc_call *call);

/* Answer and forget the call. result and data are taken; NULL result reads null, NULL data none. */
void jsonrpc_result(struct jsonrpc_call *call, json_t *result);
/* The same with an error: a code (see jsonrpc_code) and a sentence. */
void jsonrpc_error(struct jsonrpc_call *call, int code, const char *message, json_t *data);

/* An error object as a whole line (newline included, malloc'ed; NULL: out of memory) for a peer
 * that is refused before it asked. */
char *jsonrpc_refusal(int code, const char *message);

#endif
