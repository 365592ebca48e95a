/* parse.c -- see parse.h. Two passes: scan() finds the head's end and refuses what may stand
 * nowhere, byte by byte as they come; then the lines of a whole head are taken apart. */
#include "http/parse.h"

#include <string.h>
#include <strings.h>

#define METHOD_MAX    24 /* bytes; a longer one is none */
#define LINE_SLACK    64 /* of the request line beside its target: method, blanks, version */
#define LENGTH_DIGITS 18 /* more are beyond any limit */
#define VERSION_BYTES 8  /* "HTTP/1.1" */
#define SCHEME_PLAIN  "http://"
#define SCHEME_SECURE "https://"
#define PORT_DIGITS   5
#define TOKEN_CHARS   "!#$%&'*+-.^_`|~"

static const struct {
    const char *name;
    bool many; /* more than one may come */
} knowns[PARSE_KNOWN_N] = {
    /* clang-format off */
    [PARSE_HOST]              = {"host",                  false},
    [PARSE_CONTENT_LENGTH]    = {"content-length",        false},
    [PARSE_TRANSFER_ENCODING] = {"transfer-encoding",     false},
    [PARSE_CONNECTION]        = {"connection",            true},
    [PARSE_EXPECT]            = {"expect",                false},
    [PARSE_CONTENT_TYPE]      = {"content-type",          false},
    [PARSE_AUTHORIZATION]     = {"authorization",         false},
    [PARSE_ORIGIN]            = {"origin",                false},
    [PARSE_UPGRADE]           = {"upgrade",               false},
    [PARSE_WEBSOCKET_KEY]     = {"sec-websocket-key",     false},
    [PARSE_WEBSOCKET_VERSION] = {"sec-websocket-version", false},
    /* clang-format on */
};

static enum parse_result bad(struct parse_head *head, int status, const char *reason)
{
    head->status = status;
    head->reason = reason;
    return PARSE_BAD;
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

static bool is_letter_or_digit(char c)
{
    char lower = (char)(c | 0x20);
    return is_digit(c) || (lower >= 'a' && lower <= 'z');
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The first pass: up to the empty line, or as far as the bytes go. */
static enum parse_result scan(const char *bytes, size_t n, struct parse_progress *progress,
                              struct parse_head *head)
{
    size_t i = progress->scanned;

    for (; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];
        if ((c >= 0x20 && c != 0x7f) || c == '\t')
            continue;
        if (c != '\r')
            return bad(head, 400, c == '\n' ? "a line ends in a bare LF" : "a control character");
        if (i + 1 == n)
            break; /* its LF comes yet, or not */
        if (bytes[i + 1] != '\n')
            return bad(head, 400, "a bare CR");
        if (i == progress->line && progress->first > 0) {
            head->head_bytes = (uint32_t)i + 2;
            return PARSE_OK;
        }
        if (i == progress->line && i > 0)
            return bad(head, 400, "empty lines before the request");
        if (i > progress->line && progress->first == 0)
            progress->first = (uint32_t)i + 2;
        progress->line = (uint32_t)i + 2; /* one empty line before a request is passed over */
        i++;
    }
    progress->scanned = (uint32_t)i;
    return PARSE_MORE;
}

/* "host", "host:port", "[v6]:port"; no user, no blanks. */
static bool is_authority(const char *at, size_t n)
{
    size_t i = 0, digits = 0;

    if (n > 0 && at[0] == '[') {
        for (i = 1; i < n && (is_letter_or_digit(at[i]) || at[i] == ':' || at[i] == '.');)
            i++;
        if (i < 3 || i >= n || at[i++] != ']')
            return false;
    } else {
        while (i < n && (is_letter_or_digit(at[i]) || strchr("-._", at[i]) != NULL))
            i++;
        if (i == 0)
            return false;
    }
    if (i == n)
        return true;
    if (at[i++] != ':')
        return false;
    while (i + digits < n && is_digit(at[i + digits]))
        digits++;
    return i + digits == n && digits <= PORT_DIGITS;
}

static void split_query(const char *bytes, struct parse_span rest, struct parse_head *head)
{
    const char *mark = memchr(bytes + rest.at, '?', rest.len_bytes);

    head->path = rest;
    if (mark) {
        head->path.len_bytes = (uint32_t)(mark - bytes) - rest.at;
        head->query.at = (uint32_t)(mark - bytes) + 1;
        head->query.len_bytes = rest.at + rest.len_bytes - head->query.at;
    }
}

/* "http://host/path": what proxies are sent, and what every server must take. */
static enum parse_result take_absolute(const char *bytes, struct parse_span *authority,
                                       struct parse_head *head)
{
    const char *target = bytes + head->target.at;
    uint32_t len = head->target.len_bytes, skip;
    struct parse_span rest = head->target;

    if (len > strlen(SCHEME_PLAIN) && strncasecmp(target, SCHEME_PLAIN, strlen(SCHEME_PLAIN)) == 0)
        skip = (uint32_t)strlen(SCHEME_PLAIN);
    else if (len > strlen(SCHEME_SECURE) &&
             strncasecmp(target, SCHEME_SECURE, strlen(SCHEME_SECURE)) == 0)
        skip = (uint32_t)strlen(SCHEME_SECURE);
    else
        return bad(head, 400, "the target is no path");
    authority->at = head->target.at + skip;
    authority->len_bytes = 0;
    while (skip + authority->len_bytes < len &&
           strchr("/?", target[skip + authority->len_bytes]) == NULL)
        authority->len_bytes++;
    rest.at = authority->at + authority->len_bytes;
    rest.len_bytes = len - skip - authority->len_bytes;
    split_query(bytes, rest, head);
    if (head->path.len_bytes == 0) { /* no path is "/": the scheme's last one stands for it */
        head->path.at = authority->at - 1;
        head->path.len_bytes = 1;
    }
    return PARSE_OK;
}

static enum parse_result take_target(const char *bytes, struct parse_span *authority,
                                     struct parse_head *head)
{
    const char *target = bytes + head->target.at;

    for (uint32_t i = 0; i < head->target.len_bytes; i++)
        if ((signed char)target[i] <= 0x20 || target[i] == '#') /* bytes beyond ASCII too */
            return bad(head, 400, "the target holds what no target may");
    authority->len_bytes = 0;
    if (target[0] == '/') {
        split_query(bytes, head->target, head);
        return PARSE_OK;
    }
    if (head->target.len_bytes == 1 && target[0] == '*' && head->method == HTTP_OPTIONS) {
        head->path = head->target;
        return PARSE_OK;
    }
    return take_absolute(bytes, authority, head);
}

/* "HTTP/1.1". */
static enum parse_result take_version(const char *at, size_t n, struct parse_head *head)
{
    if (n != VERSION_BYTES || memcmp(at, "HTTP/", 5) != 0 || !is_digit(at[5]) || at[6] != '.' ||
        !is_digit(at[7]))
        return bad(head, 400, "the request line has no version");
    if (at[5] != '1' || at[7] > '1')
        return bad(head, 505, "only HTTP/1.1 and HTTP/1.0 are spoken here");
    head->http_1_0 = at[7] == '0';
    return PARSE_OK;
}

/* method SP target SP version, from start to end (without CR LF). */
static enum parse_result take_request_line(const char *bytes, uint32_t start, uint32_t end,
                                           const struct parse_limits *limits,
                                           struct parse_head *head)
{
    uint32_t method_bytes = 0, at;
    const char *blank;

    while (start + method_bytes < end && parse_token_char(bytes[start + method_bytes]))
        method_bytes++;
    at = start + method_bytes + 1;
    if (method_bytes == 0 || method_bytes > METHOD_MAX || at >= end || bytes[at - 1] != ' ')
        return bad(head, 400, "no request line");
    blank = memchr(bytes + at, ' ', end - at);
    if (!blank || blank == bytes + at)
        return bad(head, 400, "the request line has no version");
    head->target.at = at;
    head->target.len_bytes = (uint32_t)(blank - bytes) - at;
    if (take_version(blank + 1, (size_t)(bytes + end - blank) - 1, head) == PARSE_BAD)
        return PARSE_BAD;
    if (head->target.len_bytes > limits->target_bytes)
        return bad(head, 414, "the target is too long");
    head->method = http_method_find(bytes + start, method_bytes);
    if (head->method == HTTP_METHODS)
        return bad(head, 501, "no such method is known here");
    return PARSE_OK;
}

/* Remember a header that the parser knows. */
static enum parse_result note_known(const char *bytes, struct parse_head *head)
{
    const struct parse_span *name = &head->headers[head->headers_n - 1].name;

    for (unsigned known = 0; known < PARSE_KNOWN_N; known++) {
        if (strlen(knowns[known].name) != name->len_bytes ||
            strncasecmp(knowns[known].name, bytes + name->at, name->len_bytes) != 0)
            continue;
        if (head->known[known] == 0)
            head->known[known] = (uint8_t)head->headers_n;
        else if (!knowns[known].many)
            return bad(head, 400, "a header came twice that may come once");
        break;
    }
    return PARSE_OK;
}

/* name ":" blanks value blanks, from start to end (without CR LF). */
static enum parse_result take_header(const char *bytes, uint32_t start, uint32_t end,
                                     struct parse_head *head)
{
    struct parse_header *header = &head->headers[head->headers_n];
    uint32_t at = start;

    if (head->headers_n == PARSE_HEADERS_MAX)
        return bad(head, 431, "too many headers");
    while (at < end && parse_token_char(bytes[at]))
        at++;
    if (at == start || at == end || bytes[at] != ':') /* a folded line, or a blank before ':' */
        return bad(head, 400, "a line that is no header");
    header->name.at = start;
    header->name.len_bytes = at - start;
    at++;
    while (at < end && is_blank(bytes[at]))
        at++;
    while (end > at && is_blank(bytes[end - 1]))
        end--;
    header->value.at = at;
    header->value.len_bytes = end - at;
    head->headers_n++;
    return note_known(bytes, head);
}

static enum parse_result check_host(const char *bytes, struct parse_span authority,
                                    struct parse_head *head)
{
    struct parse_span host = parse_known(head, PARSE_HOST);

    if (head->known[PARSE_HOST] == 0 && !head->http_1_0)
        return bad(head, 400, "there is no Host");
    if (head->known[PARSE_HOST] != 0 && !is_authority(bytes + host.at, host.len_bytes))
        return bad(head, 400, "the Host is none");
    if (authority.len_bytes == 0)
        return head->target.len_bytes > 0 && bytes[head->target.at] != '/' &&
                       bytes[head->target.at] != '*'
                   ? bad(head, 400, "the target has no host")
                   : PARSE_OK;
    if (!is_authority(bytes + authority.at, authority.len_bytes))
        return bad(head, 400, "the target's host is none");
    if (head->known[PARSE_HOST] != 0 &&
        (host.len_bytes != authority.len_bytes ||
         strncasecmp(bytes + host.at, bytes + authority.at, host.len_bytes) != 0))
        return bad(head, 400, "the target's host and the Host differ");
    return PARSE_OK;
}

/* Of what says where a request ends nothing is taken that another might read in another way: one
 * blank behind the colon or none, and none behind the value. */
static bool is_plain(const char *bytes, struct parse_span value)
{
    const char *at = bytes + value.at;
    return (at[-1] == ':' || (at[-1] == ' ' && at[-2] == ':')) && at[value.len_bytes] == '\r';
}

static enum parse_result check_length(const char *bytes, const struct parse_limits *limits,
                                      struct parse_head *head)
{
    struct parse_span value = parse_known(head, PARSE_CONTENT_LENGTH);
    uint64_t length = 0;

    if (value.len_bytes == 0 || !is_plain(bytes, value))
        return bad(head, 400, "Content-Length is no number");
    for (uint32_t i = 0; i < value.len_bytes; i++) {
        char c = bytes[value.at + i];
        if (!is_digit(c))
            return bad(head, 400, "Content-Length is no number");
        if (i < LENGTH_DIGITS)
            length = length * 10 + (uint64_t)(c - '0');
    }
    if (value.len_bytes > LENGTH_DIGITS || length > limits->body_bytes)
        return bad(head, 413, "the body is too large");
    head->length = length;
    head->body = length > 0 ? PARSE_LENGTH : PARSE_NO_BODY;
    return PARSE_OK;
}

static enum parse_result check_body(const char *bytes, const struct parse_limits *limits,
                                    struct parse_head *head)
{
    struct parse_span coding = parse_known(head, PARSE_TRANSFER_ENCODING);

    head->body = PARSE_NO_BODY;
    if (head->known[PARSE_TRANSFER_ENCODING] == 0)
        return head->known[PARSE_CONTENT_LENGTH] ? check_length(bytes, limits, head) : PARSE_OK;
    if (head->http_1_0)
        return bad(head, 400, "Transfer-Encoding is not of HTTP/1.0");
    if (head->known[PARSE_CONTENT_LENGTH] != 0)
        return bad(head, 400, "both Content-Length and Transfer-Encoding");
    if (!is_plain(bytes, coding))
        return bad(head, 400, "blanks around Transfer-Encoding");
    if (coding.len_bytes != strlen("chunked") ||
        strncasecmp(bytes + coding.at, "chunked", coding.len_bytes) != 0)
        return bad(head, 501, "no other transfer coding than chunked is taken");
    head->body = PARSE_CHUNKED;
    return PARSE_OK;
}

static enum parse_result check_expect(const char *bytes, struct parse_head *head)
{
    struct parse_span expect = parse_known(head, PARSE_EXPECT);

    if (head->known[PARSE_EXPECT] == 0)
        return PARSE_OK;
    if (expect.len_bytes != strlen("100-continue") ||
        strncasecmp(bytes + expect.at, "100-continue", expect.len_bytes) != 0)
        return bad(head, 417, "nothing but 100-continue can be expected");
    head->expects_continue = !head->http_1_0 && head->body != PARSE_NO_BODY;
    return PARSE_OK;
}

static void check_connection(const char *bytes, struct parse_head *head)
{
    bool closes = false, keeps = false, upgrades = false;

    for (unsigned i = 0; i < head->headers_n && head->known[PARSE_CONNECTION] != 0; i++) {
        const struct parse_header *header = &head->headers[i];
        const char *value = bytes + header->value.at;
        if (header->name.len_bytes != strlen("connection") ||
            strncasecmp(bytes + header->name.at, "connection", header->name.len_bytes) != 0)
            continue;
        closes = closes || parse_list_has(value, header->value.len_bytes, "close");
        keeps = keeps || parse_list_has(value, header->value.len_bytes, "keep-alive");
        upgrades = upgrades || parse_list_has(value, header->value.len_bytes, "upgrade");
    }
    head->keep_alive = !closes && (keeps || !head->http_1_0);
    head->wants_upgrade = upgrades && head->known[PARSE_UPGRADE] != 0 && !head->http_1_0;
}

/* The second pass: the lines of a head that is whole. */
static enum parse_result take_lines(const char *bytes, const struct parse_limits *limits,
                                    const struct parse_progress *progress, struct parse_head *head)
{
    uint32_t at = progress->first, end = head->head_bytes - 2;
    uint32_t start = bytes[0] == '\r' ? 2 : 0;
    struct parse_span authority = {0, 0};

    if (take_request_line(bytes, start, at - 2, limits, head) == PARSE_BAD ||
        take_target(bytes, &authority, head) == PARSE_BAD)
        return PARSE_BAD;
    while (at < end) {
        const char *stop = memchr(bytes + at, '\r', end - at); /* none is bare: scan() saw to it */
        if (take_header(bytes, at, (uint32_t)(stop - bytes), head) == PARSE_BAD)
            return PARSE_BAD;
        at = (uint32_t)(stop - bytes) + 2;
    }
    if (check_host(bytes, authority, head) == PARSE_BAD ||
        check_body(bytes, limits, head) == PARSE_BAD || check_expect(bytes, head) == PARSE_BAD)
        return PARSE_BAD;
    check_connection(bytes, head);
    return PARSE_OK;
}

enum parse_result parse_head(const char *bytes, size_t len_bytes, const struct parse_limits *limits,
                             struct parse_progress *progress, struct parse_head *head)
{
    size_t n = len_bytes < limits->head_bytes ? len_bytes : limits->head_bytes;
    enum parse_result result;

    memset(head, 0, offsetof(struct parse_head, headers));
    memset(head->known, 0, sizeof(head->known));
    result = scan(bytes, n, progress, head);
    if (result == PARSE_OK)
        return take_lines(bytes, limits, progress, head);
    if (result == PARSE_MORE &&
        (progress->first ? progress->first : progress->scanned) > limits->target_bytes + LINE_SLACK)
        return bad(head, 414, "the request line is too long");
    if (result == PARSE_MORE && n == limits->head_bytes)
        return bad(head, 431, "the head is too large");
    return result;
}

const struct parse_header *parse_find(const struct parse_head *head, const char *bytes,
                                      const char *name)
{
    size_t len_bytes = strlen(name);

    for (unsigned i = 0; i < head->headers_n; i++) {
        const struct parse_span *found = &head->headers[i].name;
        if (found->len_bytes == len_bytes && strncasecmp(bytes + found->at, name, len_bytes) == 0)
            return &head->headers[i];
    }
    return NULL;
}

struct parse_span parse_known(const struct parse_head *head, enum parse_known known)
{
    return head->known[known] ? head->headers[head->known[known] - 1].value
                              : (struct parse_span){0, 0};
}

static void terminate(struct parse_span span, char *bytes)
{
    bytes[span.at + span.len_bytes] = '\0';
}

void parse_terminate(const struct parse_head *head, char *bytes)
{
    terminate(head->path, bytes);
    if (head->query.at > 0)
        terminate(head->query, bytes);
    for (unsigned i = 0; i < head->headers_n; i++) {
        terminate(head->headers[i].name, bytes);
        terminate(head->headers[i].value, bytes);
    }
}

bool parse_token_char(char c)
{
    return is_letter_or_digit(c) || (c != '\0' && strchr(TOKEN_CHARS, c) != NULL);
}

bool parse_list_has(const char *list, size_t len_bytes, const char *token)
{
    size_t want = strlen(token), at = 0;

    while (at < len_bytes) {
        const char *comma = memchr(list + at, ',', len_bytes - at);
        size_t next = comma ? (size_t)(comma - list) : len_bytes, end = next;
        while (at < end && is_blank(list[at]))
            at++;
        while (end > at && is_blank(list[end - 1]))
            end--;
        if (end - at == want && strncasecmp(list + at, token, want) == 0)
            return true;
        at = next + 1;
    }
    return false;
}
