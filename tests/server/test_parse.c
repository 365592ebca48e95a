/* test_parse.c -- HTTP requests from the wire: what is taken, what is refused and with which
 * status, the same however the bytes are cut; and nothing is taken that libhttp_parser does not
 * take with the same fields. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "http/chunks.h"
#include "http/parse.h"
#include "http/query.h"
#include "http_same.h"

#define HEAD_MAX   4096
#define TARGET_MAX 1024
#define BODY_MAX   65536
#define MUTATIONS  200000

static const struct parse_limits limits = {HEAD_MAX, TARGET_MAX, BODY_MAX};
static struct oracle oracle;

static enum parse_result parse(const char *bytes, size_t n, struct parse_head *head)
{
    struct parse_progress progress = {0};
    return parse_head(bytes, n, &limits, &progress, head);
}

/* As it comes in pieces of so many bytes. */
static enum parse_result parse_in_pieces(const char *bytes, size_t n, size_t piece,
                                         struct parse_head *head)
{
    struct parse_progress progress = {0};
    enum parse_result result = PARSE_MORE;

    for (size_t have = 0; result == PARSE_MORE && have < n;) {
        char *exact;
        have = have + piece < n ? have + piece : n;
        exact = malloc(have);
        memcpy(exact, bytes, have);
        result = parse_head(exact, have, &limits, &progress, head);
        free(exact);
    }
    return result;
}

#define HOST "Host: a\r\n"
#define GET  "GET / HTTP/1.1\r\n" HOST
#define POST "POST /x HTTP/1.1\r\n" HOST

/* clang-format off */
static const struct {
    const char *name, *bytes;
    int status; /* 0: it is fine; 1: more is needed */
} heads[] = {
    {"the least", GET "\r\n", 0},
    {"nothing", "", 1},
    {"no end", GET, 1},
    {"CR, its LF to come", GET "\r", 1},
    {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0},
    {"HTTP/1.0 with Host", "GET / HTTP/1.0\r\n" HOST "\r\n", 0},
    {"one empty line before", "\r\n" GET "\r\n", 0},
    {"two empty lines before", "\r\n\r\n" GET "\r\n", 400},
    {"two empty lines and nothing", "\r\n\r\n", 400},
    {"an LF before", "\n" GET "\r\n", 400},
    {"a blank before", " " GET "\r\n", 400},
    {"each method", "PATCH /a HTTP/1.1\r\n" HOST "\r\n", 0},
    {"OPTIONS *", "OPTIONS * HTTP/1.1\r\n" HOST "\r\n", 0},
    {"GET *", "GET * HTTP/1.1\r\n" HOST "\r\n", 400},
    {"OPTIONS **", "OPTIONS ** HTTP/1.1\r\n" HOST "\r\n", 400},
    {"a small method", "get / HTTP/1.1\r\n" HOST "\r\n", 501},
    {"an unknown method", "BREW / HTTP/1.1\r\n" HOST "\r\n", 501},
    {"CONNECT", "CONNECT a:443 HTTP/1.1\r\n" HOST "\r\n", 501},
    {"TRACE", "TRACE / HTTP/1.1\r\n" HOST "\r\n", 501},
    {"a method that is no token", "G(T / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"a long method", "ABCDEFGHIJKLMNOPQRSTUVWXYZ / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"no method", " / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"a word", "GET\r\n\r\n", 400},
    {"HTTP/0.9", "GET /\r\n\r\n", 400},
    {"TLS's hello", "\x16\x03\x01\x02\x05\x01", 400},
    {"the next version", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505},
    {"HTTP/1.2", "GET / HTTP/1.2\r\n" HOST "\r\n", 505},
    {"HTTP/3.1", "GET / HTTP/3.1\r\n" HOST "\r\n", 505},
    {"http/1.1", "GET / http/1.1\r\n" HOST "\r\n", 400},
    {"HTTP/1.10", "GET / HTTP/1.10\r\n" HOST "\r\n", 400},
    {"HTTP/1", "GET / HTTP/1\r\n" HOST "\r\n", 400},
    {"HTTP/x.y", "GET / HTTP/x.y\r\n" HOST "\r\n", 400},
    {"a blank behind the version", "GET / HTTP/1.1 \r\n" HOST "\r\n", 400},
    {"two blanks", "GET  / HTTP/1.1\r\n" HOST "\r\n", 400},
    {"two blanks later", "GET /  HTTP/1.1\r\n" HOST "\r\n", 400},
    {"a tab for a blank", "GET\t/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"a blank in the target", "GET /a b HTTP/1.1\r\n" HOST "\r\n", 400},
    {"a tab in the target", "GET /a\tb HTTP/1.1\r\n" HOST "\r\n", 400},
    {"a fragment", "GET /a#b HTTP/1.1\r\n" HOST "\r\n", 400},
    {"a target beyond ASCII", "GET /\xc3\xa4 HTTP/1.1\r\n" HOST "\r\n", 400},
    {"no slash", "GET a HTTP/1.1\r\n" HOST "\r\n", 400},
    {"a query", "GET /a?b=c&d HTTP/1.1\r\n" HOST "\r\n", 0},
    {"only a query", "GET ?a HTTP/1.1\r\n" HOST "\r\n", 400},
    {"absolute", "GET http://a/b?c HTTP/1.1\r\n" HOST "\r\n", 0},
    {"absolute, in capitals", "GET HTTP://A/b HTTP/1.1\r\n" HOST "\r\n", 0},
    {"absolute without path", "GET http://a HTTP/1.1\r\n" HOST "\r\n", 0},
    {"absolute, secure", "GET https://a/ HTTP/1.1\r\n" HOST "\r\n", 0},
    {"absolute, another host", "GET http://b/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"absolute, a user", "GET http://u@a/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"absolute, no host", "GET http:/// HTTP/1.1\r\n" HOST "\r\n", 400},
    {"absolute, a query for a host", "GET http://?a HTTP/1.1\r\n" HOST "\r\n", 400},
    {"absolute, another scheme", "GET ftp://a/ HTTP/1.1\r\n" HOST "\r\n", 400},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", GET HOST "\r\n", 400},
    {"two unlike Hosts", GET "host: b\r\n\r\n", 400},
    {"an empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400},
    {"a Host with a port", "GET / HTTP/1.1\r\nHost: a.b:3000\r\n\r\n", 0},
    {"a Host of version 6", "GET / HTTP/1.1\r\nHost: [::1]:3000\r\n\r\n", 0},
    {"half of one", "GET / HTTP/1.1\r\nHost: [::1\r\n\r\n", 400},
    {"a Host with a path", "GET / HTTP/1.1\r\nHost: a/b\r\n\r\n", 400},
    {"a Host with a user", "GET / HTTP/1.1\r\nHost: u@a\r\n\r\n", 400},
    {"a list of Hosts", "GET / HTTP/1.1\r\nHost: a, b\r\n\r\n", 400},
    {"a long port", "GET / HTTP/1.1\r\nHost: a:123456\r\n\r\n", 400},
    {"a port of letters", "GET / HTTP/1.1\r\nHost: a:http\r\n\r\n", 400},
    {"a bare LF behind the request line", "GET / HTTP/1.1\n" HOST "\r\n", 400},
    {"a bare LF behind a header", "GET / HTTP/1.1\r\nHost: a\n\r\n", 400},
    {"a bare LF at the end", GET "\n", 400},
    {"a bare CR in a value", GET "X: a\rb\r\n\r\n", 400},
    {"CR CR LF", GET "X: a\r\r\n\r\n", 400},
    {"a NUL in a value", GET "X: a\x01\r\n\r\n", 400},
    {"DEL in a value", GET "X: a\x7f\r\n\r\n", 400},
    {"a tab in a value", GET "X: a\tb\r\n\r\n", 0},
    {"old bytes in a value", GET "X: \xe4\xff\r\n\r\n", 0},
    {"an empty value", GET "X:\r\n\r\n", 0},
    {"only blanks", GET "X: \t \r\n\r\n", 0},
    {"blanks around", GET "X:  a b \t\r\n\r\n", 0},
    {"a blank before the colon", GET "X : a\r\n\r\n", 400},
    {"a tab before the colon", "GET / HTTP/1.1\r\nHost\t: a\r\n\r\n", 400},
    {"a folded line", GET "X: a\r\n b\r\n\r\n", 400},
    {"a line that is folded by a tab", GET "X: a\r\n\tb\r\n\r\n", 400},
    {"a folded first line", "GET / HTTP/1.1\r\n " HOST "\r\n", 400},
    {"no colon", GET "X\r\n\r\n", 400},
    {"no name", GET ": a\r\n\r\n", 400},
    {"a name that is no token", GET "X(: a\r\n\r\n", 400},
    {"a name beyond ASCII", GET "X\xe4: a\r\n\r\n", 400},
    {"a length", POST "Content-Length: 5\r\n\r\nhello", 0},
    {"a length of 0", POST "Content-Length: 0\r\n\r\n", 0},
    {"a length with zeros before", POST "Content-Length: 0005\r\n\r\nhello", 0},
    {"an empty length", POST "Content-Length:\r\n\r\n", 400},
    {"a length below 0", POST "Content-Length: -1\r\n\r\n", 400},
    {"a length with a plus", POST "Content-Length: +5\r\n\r\nhello", 400},
    {"a hex length", POST "Content-Length: 0x5\r\n\r\nhello", 400},
    {"a length of two words", POST "Content-Length: 5 5\r\n\r\nhello", 400},
    {"a list of lengths", POST "Content-Length: 5, 5\r\n\r\nhello", 400},
    {"two lengths alike", POST "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
    {"two lengths unlike", POST "Content-Length: 5\r\ncontent-length: 6\r\n\r\nhello", 400},
    {"a length with a fraction", POST "Content-Length: 5.0\r\n\r\nhello", 400},
    {"as much as may come", POST "Content-Length: 65536\r\n\r\n", 0},
    {"more than may come", POST "Content-Length: 65537\r\n\r\n", 413},
    {"a length beyond 64 bits", POST "Content-Length: 18446744073709551621\r\n\r\nhello", 413},
    {"a length of many digits", POST "Content-Length: 00000000000000000000000000000000000000005\r\n\r\nhello", 413},
    {"chunks", POST "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0},
    {"chunks in capitals", POST "TRANSFER-ENCODING: CHUNKED\r\n\r\n0\r\n\r\n", 0},
    {"length and chunks", POST "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunks and length", POST "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n", 400},
    {"chunks and a length of 0", POST "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n0\r\n\r\n", 400},
    {"chunks twice", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunks and another coding, twice", POST "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n", 400},
    {"gzip, then chunks", POST "Transfer-Encoding: gzip, chunked\r\n\r\n", 501},
    {"chunks, then identity", POST "Transfer-Encoding: chunked, identity\r\n\r\n", 501},
    {"identity", POST "Transfer-Encoding: identity\r\n\r\n", 501},
    {"xchunked", POST "Transfer-Encoding: xchunked\r\n\r\n", 501},
    {"chunked with a quirk", POST "Transfer-Encoding: \x0b" "chunked\r\n\r\n", 400},
    {"chunked behind a comma", POST "Transfer-Encoding: , chunked\r\n\r\n", 501},
    {"\"chunked\"", POST "Transfer-Encoding: \"chunked\"\r\n\r\n", 501},
    {"chunked and a tab", POST "Transfer-Encoding: chunked\t\r\n\r\n", 400},
    {"a tab and chunked", POST "Transfer-Encoding:\tchunked\r\n\r\n", 400},
    {"a length and a blank", POST "Content-Length: 5 \r\n\r\nhello", 400},
    {"a length without blank", POST "Content-Length:5\r\n\r\nhello", 0},
    {"an empty coding", POST "Transfer-Encoding:\r\n\r\n", 501},
    {"Transfer Encoding", POST "Transfer Encoding: chunked\r\n\r\n", 400},
    {"a blank before chunked's colon", POST "Transfer-Encoding : chunked\r\n\r\n", 400},
    {"chunks in HTTP/1.0", "POST / HTTP/1.0\r\n" HOST "Transfer-Encoding: chunked\r\n\r\n", 400},
    {"100-continue", POST "Content-Length: 5\r\nExpect: 100-continue\r\n\r\n", 0},
    {"100-Continue", POST "Content-Length: 5\r\nExpect: 100-Continue\r\n\r\n", 0},
    {"another expectation", POST "Content-Length: 5\r\nExpect: tea\r\n\r\n", 417},
    {"two expectations", POST "Expect: 100-continue\r\nExpect: 100-continue\r\n\r\n", 400},
    {"two authorities", GET "Authorization: a\r\nAuthorization: b\r\n\r\n", 400},
    {"two types", GET "Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n", 400},
    {"two keys", GET "Sec-WebSocket-Key: a\r\nSec-WebSocket-Key: b\r\n\r\n", 400},
    {"two others", GET "X: a\r\nX: b\r\n\r\n", 0},
    {"two Connections", GET "Connection: close\r\nConnection: upgrade\r\n\r\n", 0},
};
/* clang-format on */

static int status_of(enum parse_result result, const struct parse_head *head)
{
    switch (result) {
    case PARSE_OK:
        return 0;
    case PARSE_MORE:
        return 1;
    case PARSE_BAD:
        break;
    }
    return head->status;
}

static void test_heads(void **state)
{
    struct parse_head head;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(heads); i++) {
        size_t n = strlen(heads[i].bytes);
        int status = status_of(parse(heads[i].bytes, n, &head), &head);
        if (status != heads[i].status)
            fail_msg("%s: %d (%s)", heads[i].name, status, status > 1 ? head.reason : "");
        for (size_t piece = 1; piece < 7; piece++) {
            enum parse_result result = parse_in_pieces(heads[i].bytes, n, piece, &head);
            if (n > 0 && status_of(result, &head) != heads[i].status)
                fail_msg("%s, in pieces of %zu: %d", heads[i].name, piece,
                         status_of(result, &head));
        }
        if (status > 0)
            continue;
        oracle_read(&oracle, heads[i].bytes, n);
        if (oracle_differs(&oracle, heads[i].bytes, &head))
            fail_msg("%s: the oracle differs: %s", heads[i].name,
                     oracle_differs(&oracle, heads[i].bytes, &head));
    }
}

static void assert_span(const char *bytes, struct parse_span span, const char *text)
{
    if (span.len_bytes != strlen(text) || memcmp(bytes + span.at, text, span.len_bytes) != 0)
        fail_msg("\"%.*s\", not \"%s\"", (int)span.len_bytes, bytes + span.at, text);
}

static void test_fields(void **state)
{
    char bytes[] = "POST /a/%62?c=d HTTP/1.1\r\nHost: Example.org:3000\r\n"
                   "Content-Length: 5\r\nEXPECT: 100-continue\r\nX-Empty:\r\nx-a:  b c \r\n"
                   "Connection: x, Upgrade\r\nUpgrade: websocket\r\n\r\nhello";
    struct parse_head head;

    (void)state;
    assert_int_equal(parse(bytes, strlen(bytes), &head), PARSE_OK);
    assert_int_equal(head.method, HTTP_POST);
    assert_span(bytes, head.path, "/a/%62");
    assert_span(bytes, head.query, "c=d");
    assert_span(bytes, head.target, "/a/%62?c=d");
    assert_string_equal(bytes + head.head_bytes, "hello");
    assert_int_equal(head.body, PARSE_LENGTH);
    assert_int_equal(head.length, 5);
    assert_true(head.expects_continue && head.keep_alive && head.wants_upgrade && !head.http_1_0);
    assert_span(bytes, parse_known(&head, PARSE_HOST), "Example.org:3000");
    assert_int_equal(parse_known(&head, PARSE_ORIGIN).len_bytes, 0);
    assert_span(bytes, parse_find(&head, bytes, "X-A")->value, "b c");
    assert_null(parse_find(&head, bytes, "x-b"));
    parse_terminate(&head, bytes);
    assert_string_equal(bytes + head.path.at, "/a/%62");
    assert_string_equal(bytes + head.query.at, "c=d");
    assert_string_equal(bytes + parse_find(&head, bytes, "x-empty")->value.at, "");
    assert_string_equal(bytes + parse_find(&head, bytes, "x-a")->value.at, "b c");
    assert_string_equal(bytes + head.head_bytes, "hello");
}

static void test_absolute_paths(void **state)
{
    static const struct {
        const char *target, *path, *query;
    } cases[] = {
        {"http://a", "/", ""},     {"http://a/", "/", ""},       {"http://a?b", "/", "b"},
        {"http://a/b?", "/b", ""}, {"https://A/b?c", "/b", "c"},
    };
    struct parse_head head;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(cases); i++) {
        char bytes[256];
        snprintf(bytes, sizeof(bytes), "GET %s HTTP/1.1\r\n" HOST "\r\n", cases[i].target);
        assert_int_equal(parse(bytes, strlen(bytes), &head), PARSE_OK);
        assert_span(bytes, head.path, cases[i].path);
        assert_span(bytes, head.query, cases[i].query);
        parse_terminate(&head, bytes);
        assert_string_equal(bytes + head.path.at, cases[i].path);
        assert_string_equal(bytes + parse_known(&head, PARSE_HOST).at, "a");
    }
}

static void test_connection(void **state)
{
    static const struct {
        const char *head;
        bool keeps, upgrades;
    } cases[] = {
        {GET "\r\n", true, false},
        {GET "Connection: close\r\n\r\n", false, false},
        {GET "Connection: Close , x\r\n\r\n", false, false},
        {GET "Connection: closed\r\n\r\n", true, false},
        {GET "Connection: keep-alive\r\n\r\n", true, false},
        {GET "Connection: keep-alive, close\r\n\r\n", false, false},
        {GET "Connection: x\r\nConnection: close\r\n\r\n", false, false},
        {GET "Connection: upgrade\r\nUpgrade: websocket\r\n\r\n", true, true},
        {GET "Connection: upgrade\r\n\r\n", true, false},
        {GET "Upgrade: websocket\r\n\r\n", true, false},
        {"GET / HTTP/1.0\r\n\r\n", false, false},
        {"GET / HTTP/1.0\r\nConnection: Keep-Alive\r\n\r\n", true, false},
        {"GET / HTTP/1.0\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", false, false},
    };
    struct parse_head head;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(cases); i++) {
        assert_int_equal(parse(cases[i].head, strlen(cases[i].head), &head), PARSE_OK);
        if (head.keep_alive != cases[i].keeps || head.wants_upgrade != cases[i].upgrades)
            fail_msg("%s: %d %d", cases[i].head, head.keep_alive, head.wants_upgrade);
    }
}

/* Limits: to the byte, and at once where no end has come. */
static void test_limits(void **state)
{
    static char bytes[3 * HEAD_MAX];
    struct parse_head head;
    size_t n;

    (void)state;
    n = (size_t)snprintf(bytes, sizeof(bytes), "GET /%0*d HTTP/1.1\r\n" HOST "\r\n", TARGET_MAX - 1,
                         7);
    assert_int_equal(parse(bytes, n, &head), PARSE_OK);
    n = (size_t)snprintf(bytes, sizeof(bytes), "GET /%0*d HTTP/1.1\r\n" HOST "\r\n", TARGET_MAX, 7);
    assert_int_equal(parse(bytes, n, &head), PARSE_BAD);
    assert_int_equal(head.status, 414);
    assert_int_equal(parse(bytes, n - 2, &head), PARSE_MORE); /* by one: told at the end */
    n = (size_t)snprintf(bytes, sizeof(bytes), "GET /%0*d HTTP/1.1\r\nX", 2 * TARGET_MAX, 7);
    assert_int_equal(parse(bytes, n, &head), PARSE_BAD);
    assert_int_equal(head.status, 414);
    n = (size_t)snprintf(bytes, sizeof(bytes), "GET /%0*d", 2 * TARGET_MAX, 7);
    assert_int_equal(parse(bytes, n, &head), PARSE_BAD);
    assert_int_equal(head.status, 414);

    n = (size_t)snprintf(bytes, sizeof(bytes), GET "X: ");
    memset(bytes + n, 'x', HEAD_MAX);
    memcpy(bytes + HEAD_MAX - 4, "\r\n\r\n", 4);
    assert_int_equal(parse(bytes, HEAD_MAX, &head), PARSE_OK);
    assert_int_equal(head.head_bytes, HEAD_MAX);
    memcpy(bytes + HEAD_MAX - 4, "x\r\n\r\n", 5);
    assert_int_equal(parse(bytes, HEAD_MAX + 1, &head), PARSE_BAD);
    assert_int_equal(head.status, 431);
    assert_int_equal(parse(bytes, HEAD_MAX - 1, &head), PARSE_MORE);

    for (unsigned most = PARSE_HEADERS_MAX - 1; most <= PARSE_HEADERS_MAX; most++) {
        n = (size_t)snprintf(bytes, sizeof(bytes), "%s", GET);
        for (unsigned i = 0; i < most; i++)
            n += (size_t)snprintf(bytes + n, sizeof(bytes) - n, "X: a\r\n");
        n += (size_t)snprintf(bytes + n, sizeof(bytes) - n, "\r\n");
        assert_int_equal(status_of(parse(bytes, n, &head), &head),
                         most < PARSE_HEADERS_MAX ? 0 : 431);
    }
}

/* clang-format off */
static const struct {
    const char *name, *bytes, *body, *rest;
    int status; /* as for heads */
} bodies[] = {
    {"empty", "0\r\n\r\n", "", "", 0},
    {"one", "5\r\nhello\r\n0\r\n\r\n", "hello", "", 0},
    {"two", "3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n", "hello", "", 0},
    {"and a request behind", "5\r\nhello\r\n0\r\n\r\nGET /", "hello", "GET /", 0},
    {"hex", "A\r\n0123456789\r\n0b\r\nabcdefghijk\r\n0\r\n\r\n", "0123456789abcdefghijk", "", 0},
    {"zeros before", "00000005\r\nhello\r\n00\r\n\r\n", "hello", "", 0},
    {"line ends as data", "4\r\n\r\n\r\n\r\n0\r\n\r\n", "\r\n\r\n", "", 0},
    {"an extension", "5;a=b\r\nhello\r\n0;c\r\n\r\n", "hello", "", 0},
    {"a trailer", "0\r\nX: a\r\nY:\r\n\r\n", "", "", 0},
    {"the end is missing", "5\r\nhello\r\n0\r\n", "hello", "", 1},
    {"half", "5\r\nhe", "he", "", 1},
    {"no size", "\r\nhello\r\n", "", "", 400},
    {"only an extension", ";a\r\n", "", "", 400},
    {"a size below 0", "-1\r\n", "", "", 400},
    {"0x5", "0x5\r\nhello\r\n", "", "", 400},
    {"a size with a plus", "+5\r\nhello\r\n", "", "", 400},
    {"no hex", "g\r\n", "", "", 400},
    {"a blank before", " 5\r\nhello\r\n", "", "", 400},
    {"a blank behind", "5 \r\nhello\r\n", "", "", 400},
    {"a bare LF behind the size", "5\nhello\r\n", "", "", 400},
    {"a bare CR", "5\rhello\r\n", "", "", 400},
    {"a bare LF in an extension", "5;a\nhello\r\n", "", "", 400},
    {"a control character in an extension", "5;a\x01\r\nhello\r\n", "", "", 400},
    {"too little is said", "4\r\nhello\r\n0\r\n\r\n", "hell", "", 400},
    {"too much is said", "6\r\nhello\r\n0\r\n\r\n", "hello\r", "", 400},
    {"a bare LF behind data", "5\r\nhello\n0\r\n\r\n", "hello", "", 400},
    {"a bare LF at the end", "0\r\n\n", "", "", 400},
    {"CR CR", "0\r\n\r\r\n", "", "", 400},
    {"a folded trailer", "0\r\n X: a\r\n\r\n", "", "", 400},
    {"a trailer without colon", "0\r\nX\r\n\r\n", "", "", 400},
    {"a trailer without name", "0\r\n: a\r\n\r\n", "", "", 400},
    {"a bare LF in a trailer", "0\r\nX: a\n\r\n", "", "", 400},
    {"more than may come", "10001\r\n", "", "", 413},
    {"more digits than there are", "000000005\r\nhello\r\n", "", "", 413},
    {"all of them", "ffffffffffffffff\r\n", "", "", 413},
    {"that wraps round", "10000000000000005\r\nhello\r\n", "", "", 413},
};
/* clang-format on */

/* In pieces; what is body is appended to out. Returns how many were used. */
static enum parse_result take_all(const char *bytes, size_t n, size_t piece, struct chunks *chunks,
                                  char *out, size_t *used)
{
    enum parse_result result = PARSE_MORE;

    chunks_init(chunks, BODY_MAX);
    *used = 0;
    out[0] = '\0';
    while (result == PARSE_MORE && *used < n) {
        size_t now = n - *used < piece ? n - *used : piece, body_n, used_n;
        char *exact = malloc(now + 1);
        memcpy(exact, bytes + *used, now);
        result = chunks_take(chunks, exact, now, &body_n, &used_n);
        *used += used_n;
        strncat(out, exact, body_n);
        free(exact);
    }
    return result;
}

static void test_bodies(void **state)
{
    static char request[1024], out[1024];
    struct chunks chunks;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(bodies); i++) {
        size_t n = strlen(bodies[i].bytes), used;
        for (size_t piece = 1; piece < 12; piece++) {
            enum parse_result result = take_all(bodies[i].bytes, n, piece, &chunks, out, &used);
            int status = result == PARSE_BAD ? chunks.status : (int)result;
            if (status != bodies[i].status || strcmp(out, bodies[i].body) != 0)
                fail_msg("%s, pieces of %zu: %d \"%s\"", bodies[i].name, piece, status, out);
            if (result == PARSE_OK)
                assert_string_equal(bodies[i].bytes + used, bodies[i].rest);
        }
        if (bodies[i].status != 0)
            continue;
        snprintf(request, sizeof(request), "%s", POST "Transfer-Encoding: chunked\r\n\r\n");
        strcat(request, bodies[i].bytes);
        oracle_read(&oracle, request, strlen(request));
        if (!oracle.done || !oracle_same_body(&oracle, out, strlen(out)))
            fail_msg("%s: the oracle differs: %s", bodies[i].name, oracle.error);
    }
}

/* What is skipped is bounded: by line, by body, by trailers. */
static void test_chunk_bounds(void **state)
{
    char bytes[CHUNKS_TRAILERS_MAX + 64];
    size_t body_n, used;
    struct chunks chunks;
    enum parse_result result = PARSE_MORE;
    unsigned rounds = 0;

    (void)state;
    for (unsigned n = CHUNKS_EXTENSION_MAX; n <= CHUNKS_EXTENSION_MAX + 1; n++) {
        chunks_init(&chunks, BODY_MAX);
        snprintf(bytes, sizeof(bytes), "1;%0*d\r\n", n, 0);
        assert_int_equal(chunks_take(&chunks, bytes, strlen(bytes), &body_n, &used),
                         n == CHUNKS_EXTENSION_MAX ? PARSE_MORE : PARSE_BAD);
    }
    chunks_init(&chunks, BODY_MAX);
    for (; result == PARSE_MORE; rounds++) {
        snprintf(bytes, sizeof(bytes), "1;%0*d\r\nx\r\n", 100, 0);
        result = chunks_take(&chunks, bytes, strlen(bytes), &body_n, &used);
    }
    assert_int_equal(result, PARSE_BAD);
    assert_int_equal(chunks.status, 400);
    assert_int_equal(rounds, CHUNKS_EXTENSIONS / 100 + 1);
    chunks_init(&chunks, BODY_MAX);
    snprintf(bytes, sizeof(bytes), "0\r\nX: %0*d\r\n\r\n", CHUNKS_TRAILERS_MAX, 0);
    assert_int_equal(chunks_take(&chunks, bytes, strlen(bytes), &body_n, &used), PARSE_BAD);
    assert_int_equal(chunks.status, 431);
}

static void test_query(void **state)
{
    static const struct {
        const char *query, *name, *value;
        int result;
    } cases[] = {
        {"a=1&b=2", "a", "1", 1},
        {"a=1&b=2", "b", "2", 1},
        {"a=1&b=2", "c", "", -1},
        {"", "a", "", -1},
        {"a", "a", "", 0},
        {"a=", "a", "", 0},
        {"a=1&a=2", "a", "1", 1},
        {"&&a=b=c&", "a", "b=c", 3},
        {"a=%41+b%2B", "a", "A b+", 4},
        {"%61=x", "a", "x", 1},
        {"a=%", "a", "", -2},
        {"a=%4", "a", "", -2},
        {"a=%4g", "a", "", -2},
        {"a=%00", "a", "", -2},
        {"a=%0a", "a", "", -2},
        {"a=%ff", "a", "", -2},
        {"a=%C3%A4", "a", "\xc3\xa4", 2},
        {"a=0123456789abcdef", "a", "", -2},
        {"%=x&a=1", "a", "1", 1},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_N(cases); i++) {
        char out[16] = "";
        struct query_text query = {cases[i].query, strlen(cases[i].query)};
        int result = query_find(query, cases[i].name, out, sizeof(out));
        if (result != cases[i].result || (result >= 0 && strcmp(out, cases[i].value) != 0))
            fail_msg("%s: %d \"%s\"", cases[i].query, result, out);
    }
}

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* Heads of the table, with a few bytes changed, left out or doubled. */
static size_t mutate(uint64_t *seed, char *bytes)
{
    static const char odd[] = "\r\n\t :;,/?#%0a\x01\x7f\x80\xff-+_HThc1\"";
    const char *from = heads[next_random(seed) % ARRAY_N(heads)].bytes;
    size_t n = strlen(from);

    memcpy(bytes, from, n);
    for (unsigned i = next_random(seed) % 4; i > 0 && n > 1; i--) {
        size_t at = next_random(seed) % n;
        switch (next_random(seed) % 3) {
        case 0:
            bytes[at] = odd[next_random(seed) % (sizeof(odd) - 1)];
            break;
        case 1:
            memmove(bytes + at, bytes + at + 1, --n - at);
            break;
        default:
            memmove(bytes + at + 1, bytes + at, n++ - at);
            bytes[at] = odd[next_random(seed) % (sizeof(odd) - 1)];
        }
    }
    return n;
}

static void test_oracle(void **state)
{
    uint64_t seed = 20261123;
    unsigned taken = 0, refused_by_both = 0;

    (void)state;
    for (unsigned i = 0; i < MUTATIONS; i++) {
        char bytes[1024];
        size_t n = mutate(&seed, bytes);
        struct parse_head head;
        const char *differs;
        if (parse(bytes, n, &head) != PARSE_OK) {
            refused_by_both += oracle_read(&oracle, bytes, n) != n && !oracle.done;
            continue;
        }
        taken++;
        oracle_read(&oracle, bytes, n);
        differs = oracle_differs(&oracle, bytes, &head);
        if (differs)
            fail_msg("%s: \"%.*s\"", differs, (int)n, bytes);
    }
    assert_true(taken > MUTATIONS / 20); /* else the test tests little */
    assert_true(refused_by_both > MUTATIONS / 20);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_heads),      cmocka_unit_test(test_fields),
        cmocka_unit_test(test_connection), cmocka_unit_test(test_absolute_paths),
        cmocka_unit_test(test_limits),     cmocka_unit_test(test_bodies),
        cmocka_unit_test(test_query),      cmocka_unit_test(test_chunk_bounds),
        cmocka_unit_test(test_oracle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
