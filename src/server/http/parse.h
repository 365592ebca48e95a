/* parse.h -- HTTP/1.1 from the wire: a request's head, and a body that comes in chunks (RFC 9112).
 *
 * Strict, because whatever stands before us may read the same bytes otherwise: no bare LF or CR, no
 * folded lines, no blank before the colon, one Host, one Content-Length of digits, either a length
 * or chunks and no other coding, no control characters. Three answers everywhere; BAD comes with
 * the status to answer before the connection is closed. Nothing is allocated or copied: a head is
 * spans of the caller's buffer, which may move, for spans are offsets. Pure, any thread. */
#ifndef OPENMMO_HTTP_PARSE_H
#define OPENMMO_HTTP_PARSE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "http/method.h"

#define PARSE_HEADERS_MAX 64
#define PARSE_HEAD_MAX    (1u << 20) /* the highest limit that a caller may set */

enum parse_result { PARSE_OK, PARSE_MORE, PARSE_BAD };

struct parse_limits {
    uint32_t head_bytes;   /* all of the head, 64..PARSE_HEAD_MAX; beyond it: 431 */
    uint32_t target_bytes; /* of it the target, below head_bytes; beyond it: 414 */
    uint64_t body_bytes;   /* beyond it: 413 */
};

/* at: from the buffer's start. */
struct parse_span {
    uint32_t at, len_bytes;
};

struct parse_header {
    struct parse_span name, value; /* without the blanks around the value */
};

/* Headers that the parser knows: at most one each, but for Connection. */
enum parse_known {
    PARSE_HOST,
    PARSE_CONTENT_LENGTH,
    PARSE_TRANSFER_ENCODING,
    PARSE_CONNECTION, /* the first */
    PARSE_EXPECT,
    PARSE_CONTENT_TYPE,
    PARSE_AUTHORIZATION,
    PARSE_ORIGIN,
    PARSE_UPGRADE,
    PARSE_WEBSOCKET_KEY,
    PARSE_WEBSOCKET_VERSION,
    PARSE_KNOWN_N
};

enum parse_body { PARSE_NO_BODY, PARSE_LENGTH, PARSE_CHUNKED };

/* Where the reading of one head stands. Zeroed before its first byte; belongs to the connection.
 */
struct parse_progress {
    uint32_t scanned; /* bytes that were looked at */
    uint32_t line;    /* where the line that they end in begins */
    uint32_t first;   /* where the request line ends, its CR LF included; 0: not yet */
};

/* A head that is whole. Large: one for a thread is enough. */
struct parse_head {
    int status;          /* BAD: 400, 413, 414, 417, 431, 501, 505 */
    const char *reason;  /* BAD: why, for the log and for the answer's detail; a constant */
    uint32_t head_bytes; /* OK: the body, or the next request, begins here */

    enum http_method method;
    bool http_1_0;
    struct parse_span target; /* as sent */
    struct parse_span path;   /* from its '/', not decoded; "*" of OPTIONS */
    struct parse_span query;  /* behind '?'; len_bytes 0: none */

    enum parse_body body;
    uint64_t length; /* PARSE_LENGTH: > 0 */
    bool keep_alive;
    bool expects_continue; /* 100 Continue is due before the body */
    bool wants_upgrade;    /* Connection: upgrade, and there is an Upgrade */

    unsigned headers_n;
    struct parse_header headers[PARSE_HEADERS_MAX];
    uint8_t known[PARSE_KNOWN_N]; /* 1 + index in headers; 0: absent */
};

/* bytes: what came so far, from the request's first byte, 0..len_bytes; what follows the head is
 * not looked at. Call again with more of the same after MORE: a byte is scanned once. After OK or
 * BAD progress is done with. */
enum parse_result parse_head(const char *bytes, size_t len_bytes, const struct parse_limits *limits,
                             struct parse_progress *progress, struct parse_head *head) MUST_CHECK;

/* The first header of that name (any case); NULL: there is none. */
const struct parse_header *parse_find(const struct parse_head *head, const char *bytes,
                                      const char *name);
/* A known header's value; len_bytes 0 and at 0: absent. */
struct parse_span parse_known(const struct parse_head *head, enum parse_known known);
/* Put a NUL behind each name, value, path and query, so that they are C strings in place. Only
 * where the head was OK; it cannot be parsed again. */
void parse_terminate(const struct parse_head *head, char *bytes);
/* True: it may stand in a token (a header's name). */
bool parse_token_char(char c);
/* True: the comma-separated list holds that token, in any case. */
bool parse_list_has(const char *list, size_t len_bytes, const char *token);

#endif
