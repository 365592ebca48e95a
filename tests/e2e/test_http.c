/* test_http.c -- the HTTP face on the wire: what is refused and how, what is kept in order, and
 * clients that take all the time in the world. A player who walks through it all is not disturbed.
 */
#include "wire.h"
#include "witness.h"

#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>
#include <zlib.h>

#define HEAD_MS   1500
#define BODY_MS   1500
#define TAKING_MS 2000
#define SLACK_MS  6000

static uint16_t port, tls_port;
static unsigned files_max;

static const char ini[] = "[store]\nflush = 1s\n"
                          "[http]\ntls_listen = 127.0.0.1:0\nredirect = no\n"
                          "head = 1500ms\nbody = 1500ms\ntaking = 2s\nidle = 60s\n"
                          "connections_max = 20000\nhead_bytes = 4KiB\nbody_bytes = 8KiB\n";

static int start_daemon(void **state)
{
    (void)state;
    files_max = witness_stage(ini, NULL, 1000000);
    port = wire_port(&server, false);
    tls_port = wire_port(&server, true);
    return 0;
}

/* ---- what is refused ---- */

#define G "GET /health HTTP/1.1\r\n"
#define H "Host: test\r\n"

#define LOGIN   "POST /api/auth/login HTTP/1.1\r\nHost: test\r\nContent-Type: application/json\r\n"
#define CHUNKED "Transfer-Encoding: chunked\r\n\r\n"
#define CHUNK   "{\"username\":\"nobody\"}" /* 15 bytes, in hex */
#define BODY    "{\"username\":\"nobody\",\"password\":\"12345678\"}"

/* clang-format off */
static const struct {
    const char *name, *text;
    int status; /* and then it is closed */
} refused[] = {
    {"both lengths", "POST /health HTTP/1.1\r\n" H "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"two lengths", "POST /health HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 6\r\n\r\nhello", 400},
    {"two equal lengths", "POST /health HTTP/1.1\r\n" H "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", 400},
    {"a list of lengths", "POST /health HTTP/1.1\r\n" H "Content-Length: 5, 5\r\n\r\nhello", 400},
    {"a length with a sign", "POST /health HTTP/1.1\r\n" H "Content-Length: +5\r\n\r\nhello", 400},
    {"a negative length", "POST /health HTTP/1.1\r\n" H "Content-Length: -1\r\n\r\n", 400},
    {"a length in hex", "POST /health HTTP/1.1\r\n" H "Content-Length: 0x5\r\n\r\nhello", 400},
    {"bare LF", "GET /health HTTP/1.1\nHost: test\n\n", 400},
    {"a bare LF between headers", G "Host: test\nA: b\r\n\r\n", 400},
    {"a bare CR in a value", G H "A: b\rc: d\r\n\r\n", 400},
    {"a blank before the colon", G "Host : test\r\n\r\n", 400},
    {"a folded line", G H "A: b\r\n c\r\n\r\n", 400},
    {"no Host", G "\r\n", 400},
    {"two Hosts", G "Host: a\r\nHost: b\r\n\r\n", 400},
    {"no name", G H ": b\r\n\r\n", 400},
    {"a control character", G H "A: \x01\r\n\r\n", 400},
    {"no version", "GET /health\r\n\r\n", 400},
    {"version 2", "GET /health HTTP/2.0\r\n" H "\r\n", 505},
    {"HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 0},
    {"another method", "BREW /health HTTP/1.1\r\n" H "\r\n", 501},
    {"two blanks", "GET  /health HTTP/1.1\r\n" H "\r\n", 400},
    {"an unknown coding", "POST /health HTTP/1.1\r\n" H "Transfer-Encoding: gzip, chunked\r\n\r\n", 0},
    {"chunked twice", "POST /health HTTP/1.1\r\n" H "Transfer-Encoding: chunked, chunked\r\n\r\n", 0},
    {"chunked with a trick", "POST /health HTTP/1.1\r\n" H "Transfer-Encoding: \x0b" "chunked\r\n\r\n", 0},
    {"an expectation unknown", "POST /health HTTP/1.1\r\n" H "Expect: 200-ok\r\nContent-Length: 1\r\n\r\nx", 417},
    {"no length", "POST /api/auth/login HTTP/1.1\r\n" H "Content-Type: application/json\r\nConnection: close\r\n\r\n", 411},
    {"a body too long", "POST /health HTTP/1.1\r\n" H "Content-Length: 9000\r\n\r\n", 413},
    {"TLS on the plain port", "\x16\x03\x01\x02\x01\x01\x01\xfc\x03\x03", 0},
};
/* clang-format on */

static void test_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        struct wire *wire = wire_new(port, false);
        /* What is hidden behind it must never be answered. */
        static const char hidden[] = "GET /api/health HTTP/1.1\r\nHost: hidden\r\n\r\n";
        int status;

        assert_true(wire_write(wire, refused[i].text, strlen(refused[i].text)));
        wire_write(wire, hidden, sizeof(hidden) - 1);
        status = wire_answer(wire, false);
        if (refused[i].status != 0 ? status != refused[i].status
                                   : status != 0 && (status < 400 || status > 505))
            fail_msg("%s: %d\n%s%s", refused[i].name, status, wire->head, wire->body);
        if (status != 0 && strstr(wire->body, "\"error\":") == NULL)
            fail_msg("%s: no problem: %s", refused[i].name, wire->body);
        if (status != 0 && wire_answer(wire, false) != 0)
            fail_msg("%s: there was a second answer: %s", refused[i].name, wire->head);
        wire_free(wire);
    }
    party_pump(party, 10);
}

/* What is no chunk is refused where a body is read; where none is taken, none is read. */
static void test_chunks(void **state)
{
    static const struct {
        const char *text;
        int status;
    } rows[] = {
        {"+15\r\n" CHUNK "\r\n0\r\n\r\n", 400},
        {"0x15\r\n" CHUNK "\r\n0\r\n\r\n", 400},
        {"15\n" CHUNK "\r\n0\r\n\r\n", 400},
        {"14\r\n" CHUNK "\r\n0\r\n\r\n", 400}, /* it is longer than it says */
        {"15 \r\n" CHUNK "\r\n0\r\n\r\n", 400},
        {"10000000000000015\r\n" CHUNK "\r\n0\r\n\r\n", 413},
        {"2001\r\n", 413}, /* a byte more than body_bytes */
    };
    struct wire *wire;

    (void)state;
    wire = wire_new(port, false);
    wire_send(wire, LOGIN CHUNKED "15\r\n" CHUNK "\r\n0\r\n\r\n");
    assert_int_equal(wire_answer(wire, false), 422); /* what follows differs by the chunks alone */
    wire_free(wire);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        wire = wire_new(port, false);
        wire_send(wire, LOGIN CHUNKED);
        wire_send(wire, rows[i].text);
        if (wire_answer(wire, false) != rows[i].status)
            fail_msg("%s: %d, not %d", rows[i].text, wire->status, rows[i].status);
        assert_int_equal(wire_answer(wire, false), 0); /* where the next begins nobody can say */
        wire_free(wire);
    }
    wire = wire_new(port, false);
    wire_send(wire, "POST /health HTTP/1.1\r\n" H CHUNKED "5\r\nhello\r\n0\r\n\r\n");
    assert_int_equal(wire_answer(wire, false), 405);
    assert_int_equal(wire_answer(wire, false), 0); /* the body was not read: closed */
    wire_free(wire);
}

static void test_too_long(void **state)
{
    struct wire *wire = wire_new(port, false);
    char line[3000];

    (void)state;
    memset(line, 'a', sizeof(line) - 1);
    line[sizeof(line) - 1] = '\0';
    wire_send(wire, "GET /");
    wire_send(wire, line);
    wire_send(wire, " HTTP/1.1\r\nHost: test\r\n\r\n");
    assert_int_equal(wire_answer(wire, false), 414);
    assert_true(wire_closes(wire, SLACK_MS));
    wire_free(wire);
    wire = wire_new(port, false);
    wire_send(wire, "GET /health HTTP/1.1\r\nHost: test\r\nA: ");
    wire_send(wire, line);
    wire_send(wire, "\r\nB: ");
    wire_send(wire, line);
    wire_send(wire, "\r\n\r\n");
    assert_int_equal(wire_answer(wire, false), 431);
    assert_true(wire_closes(wire, SLACK_MS));
    wire_free(wire);
}

/* ---- what is answered ---- */

static void test_methods(void **state)
{
    struct wire *wire = wire_new(port, false);
    char length[32];

    (void)state;
    assert_int_equal(wire_get(wire, "/health", NULL), 200);
    snprintf(length, sizeof(length), "%s", wire_header(wire, "content-length"));
    assert_non_null(strstr(wire->body, "\"status\":\"OK\""));
    assert_non_null(wire_header(wire, "date"));
    assert_int_equal(wire_ask(wire, "HEAD /health HTTP/1.1\r\n" H "\r\n"), 200);
    assert_string_equal(wire_header(wire, "content-length"), length);
    assert_int_equal(wire_ask(wire, "OPTIONS /health HTTP/1.1\r\n" H "\r\n"), 204);
    assert_string_equal(wire_header(wire, "allow"), "GET, HEAD, OPTIONS");
    assert_int_equal(wire_ask(wire, "OPTIONS * HTTP/1.1\r\n" H "\r\n"), 204); /* the server */
    assert_string_equal(wire_header(wire, "allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
    assert_int_equal(wire_ask(wire, "OPTIONS / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n"), 204);
    assert_int_equal(wire_ask(wire, "OPTIONS /nowhere HTTP/1.1\r\n" H "\r\n"), 404);
    assert_int_equal(wire_ask(wire, "DELETE /health HTTP/1.1\r\n" H "\r\n"), 405);
    assert_string_equal(wire_header(wire, "allow"), "GET, HEAD, OPTIONS");
    assert_int_equal(wire_get(wire, "/nowhere", NULL), 404);
    assert_string_equal(wire_header(wire, "content-type"), "application/problem+json");
    assert_int_equal(wire_get(wire, "/health/", NULL), 200); /* as Express has it */
    assert_int_equal(wire_ask(wire, "POST /health HTTP/1.1\r\n" H "Content-Length: 5\r\n\r\nhello"),
                     405);
    assert_int_equal(wire_ask(wire, "GET http://test/health HTTP/1.1\r\n" H "\r\n"), 200);
    assert_int_equal(wire_ask(wire, "GET /health HTTP/1.0\r\n" H "\r\n"), 200);
    assert_string_equal(wire_header(wire, "connection"), "close");
    assert_true(wire_closes(wire, SLACK_MS));
    wire_free(wire);
}

static void test_security_headers(void **state)
{
    static const char *const names[] = {"content-security-policy",
                                        "cross-origin-opener-policy",
                                        "cross-origin-resource-policy",
                                        "origin-agent-cluster",
                                        "referrer-policy",
                                        "x-content-type-options",
                                        "x-dns-prefetch-control",
                                        "x-download-options",
                                        "x-frame-options",
                                        "x-permitted-cross-domain-policies",
                                        "x-xss-protection"};
    struct wire *wire = wire_new(port, false), *tls = wire_new(tls_port, true);

    (void)state;
    assert_int_equal(wire_get(wire, "/health", NULL), 200);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (wire_header(wire, names[i]) == NULL)
            fail_msg("%s is missing", names[i]);
    assert_null(wire_header(wire, "strict-transport-security"));
    assert_null(strstr(wire_header(wire, "content-security-policy"), "upgrade-insecure"));
    assert_null(wire_header(wire, "x-powered-by"));
    assert_int_equal(wire_get(tls, "/health", NULL), 200);
    assert_non_null(wire_header(tls, "strict-transport-security"));
    assert_non_null(strstr(wire_header(tls, "content-security-policy"), "upgrade-insecure"));
    assert_int_equal(wire_get(tls, "/readyz", NULL), 200);
    wire_free(wire);
    wire_free(tls);
}

/* JSON goes packed to who takes it, and not at all to who has it. */
static void test_packed_and_known(void **state)
{
    static const char path[] = "/api/openapi.json";
    struct wire *wire = wire_new(port, false);
    char *plain, *length, lines[200], *open;
    z_stream stream = {0};

    (void)state;
    assert_int_equal(wire_get(wire, path, NULL), 200);
    assert_null(wire_header(wire, "content-encoding"));
    assert_string_equal(wire_header(wire, "vary"), "Accept-Encoding");
    snprintf(lines, sizeof(lines), "Accept-Encoding: gzip\r\nIf-None-Match: %s\r\n",
             wire_header(wire, "etag"));
    plain = strdup(wire->body);
    open = calloc(1, strlen(plain) + 1);
    assert_int_equal(wire_get(wire, path, "Accept-Encoding: gzip\r\n"), 200);
    assert_string_equal(wire_header(wire, "content-encoding"), "gzip");
    assert_string_equal(wire_header(wire, "vary"), "Accept-Encoding");
    length = strdup(wire_header(wire, "content-length"));
    stream.next_in = (Bytef *)wire->body;
    stream.avail_in = (uInt)wire->body_n;
    stream.next_out = (Bytef *)open;
    stream.avail_out = (uInt)strlen(plain);
    assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
    assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
    assert_int_equal(inflateEnd(&stream), Z_OK);
    assert_string_equal(open, plain);
    assert_int_equal(
        wire_ask(wire, "HEAD /api/openapi.json HTTP/1.1\r\n" H "Accept-Encoding: gzip\r\n\r\n"),
        200);
    assert_string_equal(wire_header(wire, "content-length"), length);
    assert_int_equal(wire_get(wire, path, lines), 304);
    assert_non_null(wire_header(wire, "etag"));
    assert_string_equal(wire_header(wire, "vary"), "Accept-Encoding");
    assert_null(wire_header(wire, "content-length"));
    assert_null(wire_header(wire, "content-encoding"));
    assert_int_equal(wire_get(wire, path, "If-None-Match: W/\"another\"\r\n"), 200);
    assert_string_equal(wire->body, plain);
    wire_free(wire);
    free(plain);
    free(open);
    free(length);
}

/* Answers keep their order, also where control answers one in the middle. */
static void test_pipelining(void **state)
{
    struct wire *wire = wire_new(port, false);
    static const char *const paths[] = {"/health", "/api/stats", "/nowhere", "/api/health"};
    static const int statuses[] = {200, 200, 404, 200}; /* stats: by control */
    char text[64 * 1024];
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < 400; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "GET %s HTTP/1.1\r\nHost: t\r\n\r\n",
                              paths[i % 4]);
    assert_true(wire_write(wire, text, n));
    for (unsigned i = 0; i < 400; i++) {
        assert_int_equal(wire_answer(wire, false), statuses[i % 4]);
        if (i % 4 == 3)
            assert_non_null(strstr(wire->body, "uptime"));
        if (i % 50 == 0)
            party_pump(party, 0);
    }
    wire_free(wire);
}

/* Who says that he will ask no more is answered all the same, and then it ends: `nc -N`. */
static void test_half_closed(void **state)
{
    static const char stats[] = "GET /api/stats HTTP/1.1\r\nHost: t\r\n\r\n";
    static const char health[] = "GET /health HTTP/1.1\r\nHost: t\r\n\r\n";
    static const char *const asked[] = {stats, health, stats, stats, health};
    struct wire *wire;

    (void)state;
    for (unsigned tls = 0; tls < 2; tls++) {
        wire = wire_new(tls ? tls_port : port, tls);
        for (unsigned i = 0; i < 5; i++)
            wire_send(wire, asked[i]);
        if (tls)
            SSL_shutdown(wire->ssl);
        else
            shutdown(wire->fd, SHUT_WR);
        for (unsigned i = 0; i < 5; i++)
            assert_int_equal(wire_answer(wire, false), 200);
        assert_true(wire_closes(wire, SLACK_MS));
        wire_free(wire);
    }
    /* Who has asked for nothing, or for half of something, is let go. */
    wire = wire_new(port, false);
    wire_send(wire, "GET /health HT");
    shutdown(wire->fd, SHUT_WR);
    assert_true(wire_closes(wire, HEAD_MS / 2));
    wire_free(wire);
}

/* The same bytes in any pieces. */
static void test_pieces(void **state)
{
    struct wire *wire = wire_new(port, false);
    static const char text[] = "\r\nGET /health HTTP/1.1\r\nHost: t\r\n\r\n"
                               "GET /readyz?a=b HTTP/1.1\r\nHost: t\r\n\r\n";

    (void)state;
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        assert_true(wire_write(wire, text + i, 1));
        party_pump(party, 1);
    }
    assert_int_equal(wire_answer(wire, false), 200);
    assert_int_equal(wire_answer(wire, false), 200);
    wire_free(wire);
}

/* A body in one piece, byte by byte, in chunks, and only after it was asked for. */
static void test_bodies(void **state)
{
    struct wire *wire = wire_new(port, false);
    char text[256];

    (void)state;
    snprintf(text, sizeof(text), LOGIN "Content-Length: %zu\r\n\r\n" BODY, strlen(BODY));
    assert_int_equal(wire_ask(wire, text), 401);
    for (size_t i = 0; i < strlen(text); i++) {
        assert_true(wire_write(wire, text + i, 1));
        party_pump(party, 1);
    }
    assert_int_equal(wire_answer(wire, false), 401);
    wire_send(wire, LOGIN "Transfer-Encoding: chunked\r\n\r\n");
    snprintf(text, sizeof(text), "5\r\n%.5s\r\n%zx;a=b\r\n%s\r\n0\r\nX: y\r\n\r\n", BODY,
             strlen(BODY) - 5, BODY + 5);
    assert_int_equal(wire_ask(wire, text), 401);
    snprintf(text, sizeof(text), LOGIN "Expect: 100-continue\r\nContent-Length: %zu\r\n\r\n",
             strlen(BODY));
    assert_int_equal(wire_ask(wire, text), 100);
    assert_int_equal(wire_ask(wire, BODY), 401);
    assert_int_equal(wire_ask(wire, "POST /api/auth/login HTTP/1.1\r\n" H
                                    "Content-Type: text/plain\r\nContent-Length: 2\r\n\r\n{}"),
                     415);
    assert_int_equal(wire_ask(wire, LOGIN "Content-Length: 2\r\n\r\n{}"), 422);
    assert_non_null(strstr(wire->body, "\"errors\":[{\"field\":"));
    assert_int_equal(wire_ask(wire, LOGIN "Content-Length: 2\r\n\r\n[}"), 400);
    assert_int_equal(wire_get(wire, "/health", NULL), 200); /* it is the same connection still */
    /* Where it is refused in any case nobody is asked to send it. */
    assert_int_equal(wire_ask(wire, "POST /nowhere HTTP/1.1\r\n" H
                                    "Expect: 100-continue\r\nContent-Length: 10\r\n\r\n"),
                     404);
    assert_true(wire_closes(wire, SLACK_MS));
    wire_free(wire);
}

/* ---- time ---- */

/* Send a byte now and then, until it is closed or the time is over. Returns how long that took. */
static int drip(struct wire *wire, const char *byte, int ms)
{
    uint64_t begun_ms = now_ms();

    while (now_ms() < begun_ms + (uint64_t)ms) {
        struct pollfd pollfd = {wire->fd, POLLIN, 0};

        if (!wire_write(wire, byte, 1))
            break;
        party_pump(party, 20);
        if (poll(&pollfd, 1, 20) > 0)
            break;
    }
    return (int)(now_ms() - begun_ms);
}

static void test_slow_heads(void **state)
{
    struct wire *wire = wire_new(port, false);
    int ms;

    (void)state;
    wire_send(wire, "GET /health HTTP/1.1\r\nHost: t\r\nA: ");
    ms = drip(wire, "x", HEAD_MS + SLACK_MS);
    assert_in_range(ms, HEAD_MS / 2, HEAD_MS + SLACK_MS - 100);
    assert_int_equal(wire_answer(wire, false), 408);
    assert_true(wire_closes(wire, SLACK_MS));
    wire_free(wire);
    /* Blank lines before a request are no way to stay: of one the time runs, two are too many. */
    for (unsigned lines = 1; lines <= 2; lines++) {
        wire = wire_new(port, false);
        assert_int_equal(wire_get(wire, "/health", NULL), 200);
        for (unsigned i = 0; i < lines; i++)
            wire_send(wire, "\r\n");
        assert_int_equal(wire_answer(wire, false), lines == 1 ? 408 : 400);
        assert_true(wire_closes(wire, SLACK_MS));
        wire_free(wire);
    }
    /* And who says nothing at all goes too. */
    wire = wire_new(port, false);
    assert_true(wire_closes(wire, HEAD_MS + SLACK_MS));
    wire_free(wire);
}

static void test_slow_body(void **state)
{
    struct wire *wire = wire_new(port, false);
    int ms;

    (void)state;
    wire_send(wire, LOGIN "Content-Length: 4000\r\n\r\n{");
    ms = drip(wire, " ", BODY_MS + SLACK_MS);
    assert_in_range(ms, BODY_MS / 2, BODY_MS + SLACK_MS - 100);
    assert_int_equal(wire_answer(wire, false), 408);
    assert_true(wire_closes(wire, SLACK_MS));
    wire_free(wire);
    wire = wire_new(port, false);
    wire_send(wire, LOGIN "Transfer-Encoding: chunked\r\n\r\n");
    drip(wire, "0", BODY_MS + SLACK_MS);
    assert_in_range(wire_answer(wire, false), 400, 413);
    wire_free(wire);
}

/* Whole requests in one piece, whose answers nobody reads: what ends it is the time to take them.
 */
static void test_slow_reader(void **state)
{
    struct wire *wire = wire_new(port, false);
    static const char request[] = "GET /api/openapi.json HTTP/1.1\r\nHost: t\r\n\r\n";
    long long before = daemon_metric(&server, "openmmo_http_deadlines_total");
    static const int small = 4096;
    char text[sizeof(request) * 40];
    size_t n = 0;

    (void)state;
    setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
    for (unsigned i = 0; i < 40; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", request);
    assert_true(wire_write(wire, text, n));
    UNTIL(party, 2 * DEADLINE_MS, daemon_metric(&server, "openmmo_http_deadlines_total") > before);
    wire_free(wire);
}

/* ---- many ---- */

/* The witness walks a metre further. */
static void expect_walking_on(void)
{
    struct space_pos from = witness->self.pos;

    UNTIL(party, DEADLINE_MS, distance_m(witness->self.pos, from) > 1 || witness->gone);
    assert_false(witness->gone);
}

static bool raw_over(int fd)
{
    char bytes[256];
    ssize_t n;

    while ((n = recv(fd, bytes, sizeof(bytes), MSG_DONTWAIT)) > 0)
        continue;
    return n == 0 || (errno != EAGAIN && errno != EINTR);
}

static unsigned open_many(int *fds, unsigned n, uint16_t to, const char *first)
{
    struct sockaddr_in address = {
        .sin_family = AF_INET, .sin_port = htons(to), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    unsigned opened = 0;

    for (unsigned i = 0; i < n; i++) {
        int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

        if (fd < 0)
            break;
        if (connect(fd, (struct sockaddr *)&address, sizeof(address)) != 0 ||
            (first != NULL && send(fd, first, strlen(first), MSG_NOSIGNAL) < 0)) {
            close(fd);
            break;
        }
        fds[opened++] = fd;
        if (i % 64 == 0)
            party_pump(party, 1);
    }
    return opened;
}

static bool readable(int fd)
{
    struct pollfd pollfd = {fd, POLLIN, 0};

    return poll(&pollfd, 1, 0) > 0;
}

static void close_many(const int *fds, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        close(fds[i]);
}

static long resident_kib(pid_t pid)
{
    char path[64], line[256];
    long kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)pid);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file) != NULL)
        if (sscanf(line, "VmRSS: %ld kB", &kib) == 1)
            break;
    fclose(file);
    return kib;
}

/* Who reads nothing of what is the same for all is given no copy of it. */
static void test_many_who_read_nothing(void **state)
{
    enum { READERS = 500, REQUESTS = 40 };
    static const char request[] = "GET /api/openapi.json HTTP/1.1\r\nHost: t\r\n\r\n";
    char text[sizeof(request) * REQUESTS];
    long before = resident_kib(server.pid), bytes;
    int fds[READERS];
    size_t n = 0;

    (void)state;
    for (unsigned i = 0; i < REQUESTS; i++)
        n += (size_t)snprintf(text + n, sizeof(text) - n, "%s", request);
    assert_int_equal(open_many(fds, READERS, port, text), READERS);
    for (unsigned i = 0; i < READERS; i++)
        UNTIL(party, DEADLINE_MS, readable(fds[i]));
    bytes = (resident_kib(server.pid) - before) * 1024 / READERS;
    print_message("%d who read nothing: %ld bytes each\n", READERS, bytes);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_true(bytes < 24000); /* a record that the kernel refused, and what asks */
#endif
    expect_walking_on();
    close_many(fds, READERS);
}

static void test_many_idle(void **state)
{
    unsigned n = files_max > 10600 ? 10000 : files_max - 600;
    int *fds = calloc(n, sizeof(int));
    struct wire *wire;
    long before = resident_kib(server.pid), after;
    unsigned opened;

    (void)state;
    assert_non_null(fds);
    opened = open_many(fds, n, port, "GET /health HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_int_equal(opened, n);
    UNTIL(party, 3 * DEADLINE_MS,
          daemon_metric(&server, "openmmo_http_connections") >= (long long)n);
    for (unsigned i = 0; i < n; i++) /* each is answered */
        UNTIL(party, DEADLINE_MS, readable(fds[i]));
    after = resident_kib(server.pid);
    print_message("%u idle connections: %ld bytes each\n", n, (after - before) * 1024 / (long)n);
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__)
    assert_in_range((after - before) * 1024 / (long)n, 0, 4096);
#endif
    wire = wire_new(port, false);
    assert_int_equal(wire_get(wire, "/api/health", NULL), 200);
    expect_walking_on();
    close_many(fds, opened);
    free(fds);
    wire_free(wire);
    UNTIL(party, 3 * DEADLINE_MS, daemon_metric(&server, "openmmo_http_connections") < 100);
}

static void test_half_open_tls(void **state)
{
    unsigned n = files_max > 1600 ? 1000 : files_max - 600;
    int *fds = calloc(n, sizeof(int));
    struct wire *wire;

    (void)state;
    assert_non_null(fds);
    assert_int_equal(open_many(fds, n, tls_port, "\x16\x03\x01"), n);
    wire = wire_new(tls_port, true);
    assert_int_equal(wire_get(wire, "/health", NULL), 200);
    for (unsigned i = 0; i < n; i++)
        UNTIL(party, HEAD_MS + SLACK_MS + DEADLINE_MS, raw_over(fds[i]));
    close_many(fds, n);
    free(fds);
    wire_free(wire);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITNESSED(test_refused),
        WITNESSED(test_chunks),
        WITNESSED(test_too_long),
        WITNESSED(test_methods),
        WITNESSED(test_pieces),
        WITNESSED(test_security_headers),
        WITNESSED(test_packed_and_known),
        WITNESSED(test_pipelining),
        WITNESSED(test_slow_heads),
        WITNESSED(test_slow_reader),
        WITNESSED(test_bodies),
        WITNESSED(test_slow_body),
        WITNESSED(test_many_who_read_nothing),
        WITNESSED(test_many_idle),
        WITNESSED(test_half_open_tls),
        WITNESSED(test_half_closed),
    };

    return cmocka_run_group_tests(tests, start_daemon, witness_unstage);
}
