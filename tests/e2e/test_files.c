/* test_files.c -- http.assets as browsers, CDNs and curl see it: caching, ranges, packed twins,
 * what is not served, files of many megabytes by way of little memory. */
#include "wire.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#define GROWTH_KIB  4096 /* of the daemon, while eight clients load it at once */
#define SCRIPT_LINE "console.log('hello');\n"
#define SCRIPT_N    2000

static struct daemon server;
static char www[80];
static uint16_t port, tls_port;

static void path_of(const char *name, char path[192])
{
    snprintf(path, 192, "%s/%s", www, name);
}

static void put(const char *name, const char *text, unsigned times)
{
    char path[192];
    FILE *file;

    path_of(name, path);
    file = fopen(path, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < times; i++)
        fputs(text, file);
    assert_int_equal(fclose(file), 0);
}

/* A shell's line, with $W the folder, $P and $T the ports. Its exit code. */
static int shell(const char *line)
{
    char text[1024];
    int status;

    snprintf(text, sizeof(text), "W=%s P=http://127.0.0.1:%u T=https://127.0.0.1:%u; %s", www, port,
             tls_port, line);
    status = system(text);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static int start(void **state)
{
    static const char ini[] = "[http]\ntls_listen = 127.0.0.1:0\nredirect = no\nassets_immutable = "
                              "assets\nassets = %s/www\ntaking = 60s\n"
                              "cors_origins = *\n";
    char text[512];

    (void)state;
    daemon_make(&server, "");
    snprintf(www, sizeof(www), "%s/www", server.dir);
    snprintf(text, sizeof(text), ini, server.dir);
    daemon_configure(&server, text);
    assert_int_equal(shell("mkdir -p $W/sub $W/assets $W/socket.io; echo secret > $W/.secret; "
                           "ln -s /etc/passwd $W/link; ln -s /etc $W/etc; : > $W/empty.txt"),
                     0);
    put("index.html", "<h1>hello</h1>\n", 1);
    put("sub/index.html", "<h1>sub</h1>\n", 1);
    put("app.js", SCRIPT_LINE, SCRIPT_N);
    put("assets/app-Bq1.js", SCRIPT_LINE, SCRIPT_N);
    put("socket.io/socket.io.js", SCRIPT_LINE, 1);
    put("digits.txt", "0123456789", 10000);
    assert_int_equal(shell("gzip -k $W/app.js; head -c 25165824 /dev/urandom > $W/big.bin"), 0);
    daemon_start(&server, NULL);
    port = wire_port(&server, false);
    tls_port = wire_port(&server, true);
    return 0;
}

static int stop(void **state)
{
    (void)state;
    if (daemon_running(&server))
        assert_int_equal(daemon_terminate(&server), 0);
    daemon_remove(&server);
    return 0;
}

static struct wire *wire;

static int connect_one(void **state)
{
    (void)state;
    wire = wire_new(port, false);
    return 0;
}

static int hang_up(void **state)
{
    (void)state;
    wire_free(wire);
    return 0;
}

static void assert_header(const char *name, const char *value)
{
    const char *found = wire_header(wire, name);

    if (value == NULL ? found != NULL : found == NULL || strcmp(found, value) != 0)
        fail_msg("%s: %s, not %s", name, found ? found : "absent", value ? value : "absent");
}

static void test_what_is_served(void **state)
{
    static const struct {
        const char *path;
        int status;
        const char *type, *cache;
    } cases[] = {
        {"/", 200, "text/html; charset=utf-8", "public, no-cache"},
        {"/index.html", 200, "text/html; charset=utf-8", "public, no-cache"},
        {"/sub/", 200, "text/html; charset=utf-8", "public, no-cache"},
        {"/sub/index.html", 200, "text/html; charset=utf-8", "public, no-cache"},
        {"/sub", 301, NULL, NULL},
        {"/app.js", 200, "text/javascript; charset=utf-8", "public, no-cache"},
        {"/%61pp.js", 200, "text/javascript; charset=utf-8", "public, no-cache"},
        {"/app.js?x=y", 200, "text/javascript; charset=utf-8", "public, no-cache"},
        {"/assets/app-Bq1.js", 200, "text/javascript; charset=utf-8",
         "public, max-age=31536000, immutable"},
        {"/socket.io/socket.io.js", 200, "text/javascript; charset=utf-8", "public, no-cache"},
        {"/empty.txt", 200, "text/plain; charset=utf-8", "public, no-cache"},
        {"/big.bin", 200, "application/octet-stream", "public, no-cache"},
        {"/health", 200, "application/json; charset=utf-8", NULL}, /* routes go before */
    };
    char longer[1200];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        char text[256];
        snprintf(text, sizeof(text), "HEAD %s HTTP/1.1\r\nHost: test\r\n\r\n", cases[i].path);
        wire_send(wire, text);
        if (wire_answer(wire, true) != cases[i].status)
            fail_msg("%s: %d", cases[i].path, wire->status);
        assert_header("Content-Type", cases[i].type);
        assert_header("Cache-Control", cases[i].cache);
        assert_header("X-Content-Type-Options", "nosniff");
    }
    wire_get(wire, "/sub", NULL);
    assert_header("Location", "/sub/");
    wire_get(wire, "/sub?room=%35&x", NULL);
    assert_header("Location", "/sub/?room=%35&x");
    memset(longer, 'x', sizeof(longer));
    memcpy(longer, "/sub?", 5);
    longer[sizeof(longer) - 1] = '\0';
    assert_int_equal(wire_get(wire, longer, NULL), 200); /* no header holds where to */
    assert_string_equal(wire->body, "<h1>sub</h1>\n");
    wire_get(wire, "/", NULL);
    assert_string_equal(wire->body, "<h1>hello</h1>\n");
    wire_get(wire, "/empty.txt", NULL);
    assert_int_equal(wire->body_n, 0);
    assert_header("Content-Length", "0");
}

static void test_what_is_not(void **state)
{
    static const char *const paths[] = {"/.secret",
                                        "/sub/../.secret",
                                        "/link",
                                        "/etc/passwd",
                                        "/../etc/passwd",
                                        "/../../../../../../etc/passwd",
                                        "/%2e%2e/etc/passwd",
                                        "/%2e%2e%2fetc/passwd",
                                        "/..%2fetc%2fpasswd",
                                        "/sub/..%2f.secret",
                                        "/%252e%252e/etc/passwd",
                                        "/..%5cetc",
                                        "/sub\\..\\app.js",
                                        "/app.js%00",
                                        "/app.js%00.html",
                                        "/app.js/",
                                        "/app.js/index.html",
                                        "//app.js",
                                        "/./app.js",
                                        "/sub/./index.html",
                                        "/app.j%73%",
                                        "/app.js%ff",
                                        "//etc/passwd",
                                        "/nothing",
                                        "/nothing/"};

    (void)state;
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        int status = wire_get(wire, paths[i], NULL);
        if (status != 404 && status != 400)
            fail_msg("%s: %d", paths[i], status);
        assert_header("Content-Type", "application/problem+json");
    }
    assert_int_equal(wire_ask(wire, "POST /nothing HTTP/1.1\r\nHost: test\r\n"
                                    "Content-Length: 0\r\n\r\n"),
                     404);
}

/* A file is there for who may not change it, and for the preflight of another origin's page. */
static void test_other_methods(void **state)
{
    (void)state;
    assert_int_equal(wire_ask(wire, "POST /app.js HTTP/1.1\r\nHost: test\r\n"
                                    "Content-Length: 0\r\n\r\n"),
                     405);
    assert_header("Allow", "GET, HEAD, OPTIONS");
    assert_int_equal(wire_ask(wire, "OPTIONS /app.js HTTP/1.1\r\nHost: test\r\n"
                                    "Origin: https://play.example\r\n"
                                    "Access-Control-Request-Headers: range\r\n"
                                    "Access-Control-Request-Method: GET\r\n\r\n"),
                     204);
    assert_header("Access-Control-Allow-Origin", "*");
    assert_header("Access-Control-Allow-Methods", "GET, HEAD, OPTIONS");
    assert_header("Access-Control-Allow-Headers", "range");
}

static void test_conditions(void **state)
{
    char etag[64], modified[64], lines[256];

    (void)state;
    assert_int_equal(wire_get(wire, "/digits.txt", NULL), 200);
    snprintf(etag, sizeof(etag), "%s", wire_header(wire, "ETag"));
    snprintf(modified, sizeof(modified), "%s", wire_header(wire, "Last-Modified"));
    snprintf(lines, sizeof(lines), "If-None-Match: %s\r\n", etag);
    assert_int_equal(wire_get(wire, "/digits.txt", lines), 304);
    assert_header("ETag", etag);
    assert_header("Cache-Control", "public, no-cache");
    assert_int_equal(wire->body_n, 0);
    snprintf(lines, sizeof(lines), "If-None-Match: \"x\", W/%s\r\n", etag);
    assert_int_equal(wire_get(wire, "/digits.txt", lines), 304);
    snprintf(lines, sizeof(lines), "If-Modified-Since: %s\r\n", modified);
    assert_int_equal(wire_get(wire, "/digits.txt", lines), 304);
    snprintf(lines, sizeof(lines), "If-None-Match: \"x\"\r\nIf-Modified-Since: %s\r\n", modified);
    assert_int_equal(wire_get(wire, "/digits.txt", lines), 200);
    assert_int_equal(
        wire_get(wire, "/digits.txt", "If-Modified-Since: Sun, 06 Nov 1994 08:49:37 GMT\r\n"), 200);
    assert_int_equal(wire_get(wire, "/digits.txt", "If-Modified-Since: yesterday\r\n"), 200);
    /* A hash of the content in the URL: it may be kept, where it is that one. */
    snprintf(lines, sizeof(lines), "/digits.txt?v=%.12s", etag + 1);
    assert_int_equal(wire_get(wire, lines, NULL), 200);
    assert_header("Cache-Control", "public, max-age=31536000, immutable");
    assert_int_equal(wire_get(wire, "/digits.txt?v=0123456789ab", NULL), 200);
    assert_header("Cache-Control", "public, no-cache");
}

static void test_ranges(void **state)
{
    static const struct {
        const char *range;
        int status;
        const char *says;
        size_t n;
        const char *begins;
    } cases[] = {
        {"bytes=0-9", 206, "bytes 0-9/100000", 10, "0123456789"},
        {"bytes=5-6", 206, "bytes 5-6/100000", 2, "56"},
        {"bytes=99999-", 206, "bytes 99999-99999/100000", 1, "9"},
        {"bytes=-3", 206, "bytes 99997-99999/100000", 3, "789"},
        {"bytes=1-80000", 206, "bytes 1-80000/100000", 80000, "123"},
        {"bytes=100000-", 416, "bytes */100000", 0, ""},
        {"bytes=5-4", 200, NULL, 100000, "0"},
        {"bytes=0-1,4-5", 200, NULL, 100000, "0"},
        {"lines=0-1", 200, NULL, 100000, "0"},
    };
    char lines[256], etag[64];

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        snprintf(lines, sizeof(lines), "Range: %s\r\n", cases[i].range);
        if (wire_get(wire, "/digits.txt", lines) != cases[i].status)
            fail_msg("%s: %d", cases[i].range, wire->status);
        assert_header("Content-Range", cases[i].says);
        if (wire->status == 416)
            continue;
        assert_int_equal(wire->body_n, cases[i].n);
        assert_memory_equal(wire->body, cases[i].begins, strlen(cases[i].begins));
    }
    /* HEAD asks for no part of anything. */
    for (size_t i = 0; i < 2; i++) {
        snprintf(lines, sizeof(lines), "HEAD /digits.txt HTTP/1.1\r\nHost: t\r\nRange: %s\r\n\r\n",
                 i == 0 ? "bytes=0-1" : "bytes=100000-");
        assert_int_equal(wire_ask(wire, lines), 200);
        assert_header("Content-Range", NULL);
        assert_header("Content-Length", "100000");
        assert_header("Accept-Ranges", "bytes");
    }
    assert_int_equal(wire_get(wire, "/digits.txt", ""), 200);
    snprintf(etag, sizeof(etag), "%s", wire_header(wire, "ETag"));
    snprintf(lines, sizeof(lines), "Range: bytes=0-1\r\nIf-Range: %s\r\n", etag);
    assert_int_equal(wire_get(wire, "/digits.txt", lines), 206);
    snprintf(lines, sizeof(lines), "Range: bytes=0-1\r\nIf-Range: W/%s\r\n", etag);
    assert_int_equal(wire_get(wire, "/digits.txt", lines), 200);
    assert_int_equal(wire_get(wire, "/digits.txt", "Range: bytes=0-1\r\nIf-Range: \"another\"\r\n"),
                     200);
    snprintf(lines, sizeof(lines), "Range: bytes=0-1\r\nIf-Range: %s\r\n",
             wire_header(wire, "Last-Modified"));
    assert_int_equal(wire_get(wire, "/digits.txt", lines), 206);
}

static void test_packed(void **state)
{
    char plain[64], packed[64];

    (void)state;
    assert_int_equal(wire_get(wire, "/app.js", NULL), 200);
    assert_header("Content-Encoding", NULL);
    assert_header("Vary", "Accept-Encoding");
    snprintf(plain, sizeof(plain), "%s", wire_header(wire, "ETag"));
    assert_int_equal(wire_get(wire, "/app.js", "Accept-Encoding: gzip\r\n"), 200);
    assert_header("Content-Encoding", "gzip");
    assert_header("Content-Type", "text/javascript; charset=utf-8");
    snprintf(packed, sizeof(packed), "%s", wire_header(wire, "ETag"));
    assert_string_not_equal(plain, packed);
    assert_true(wire->body_n < SCRIPT_N * strlen(SCRIPT_LINE) / 10);
    assert_int_equal(wire_get(wire, "/app.js", "Accept-Encoding: gzip;q=0\r\n"), 200);
    assert_header("Content-Encoding", NULL);
    /* An error is JSON as it stands, and nothing to keep. */
    assert_int_equal(
        wire_get(wire, "/app.js", "Accept-Encoding: gzip\r\nRange: bytes=999999999-\r\n"), 416);
    assert_header("Content-Encoding", NULL);
    assert_header("Cache-Control", NULL);
    assert_header("ETag", NULL);
    assert_int_equal(wire->body[0], '{');
    /* One that has no packed twin stays as it is: its ETag is of those bytes. */
    assert_int_equal(wire_get(wire, "/digits.txt", "Accept-Encoding: gzip\r\n"), 200);
    assert_header("Content-Encoding", NULL);
    assert_int_equal(shell("curl -sS --compressed $P/app.js | cmp - $W/app.js"), 0);
}

/* A file, then other requests behind it, all sent at once: answered in order. */
static void test_order(void **state)
{
    (void)state;
    wire_send(wire, "GET /digits.txt HTTP/1.1\r\nHost: a\r\n\r\n"
                    "GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
                    "HEAD /big.bin HTTP/1.1\r\nHost: a\r\n\r\n"
                    "GET /index.html HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_int_equal(wire_answer(wire, false), 200);
    assert_int_equal(wire->body_n, 100000);
    assert_int_equal(wire_answer(wire, false), 200);
    assert_non_null(strstr(wire->body, "OK"));
    assert_int_equal(wire_answer(wire, true), 200);
    assert_header("Content-Length", "25165824");
    assert_int_equal(wire_answer(wire, false), 200);
    assert_string_equal(wire->body, "<h1>hello</h1>\n");
}

static long peak_kib(void)
{
    char path[64], line[256];
    long kib = 0;
    FILE *file;

    snprintf(path, sizeof(path), "/proc/%d/status", (int)server.pid);
    file = fopen(path, "r");
    assert_non_null(file);
    while (fgets(line, sizeof(line), file))
        (void)sscanf(line, "VmHWM: %ld", &kib);
    fclose(file);
    return kib;
}

static void test_big(void **state)
{
    long before, after;

    (void)state;
    assert_int_equal(shell("curl -sS $P/big.bin | cmp - $W/big.bin"), 0);
    assert_int_equal(shell("curl -sSk $T/big.bin | cmp - $W/big.bin"), 0);
    before = peak_kib();
    assert_int_equal(
        shell("for i in 1 2 3 4 5 6 7 8; do (curl -sSk $([ $((i % 2)) = 0 ] && echo $P "
              "|| echo $T)/big.bin | cmp - $W/big.bin || echo bad > $W/../bad) & done; "
              "wait; [ ! -e $W/../bad ]"),
        0);
    after = peak_kib();
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
    after = before; /* what is freed is kept for a while */
#endif
    assert_in_range(after - before, 0, GROWTH_KIB);
    /* Broken off, and taken up again. */
    assert_int_equal(shell("curl -sS -r 0-9999999 -o $W/../part $P/big.bin && "
                           "curl -sS -C - -o $W/../part $P/big.bin && cmp $W/../part $W/big.bin"),
                     0);
    assert_int_equal(shell("curl -sSk -r 20000000- $T/big.bin > $W/../tail && "
                           "tail -c +20000001 $W/big.bin | cmp - $W/../tail"),
                     0);
}

/* The answer cannot be kept to: the connection ends, and nothing else does. */
static void test_cut_short(void **state)
{
    char path[192];

    (void)state;
    assert_int_equal(shell("cp $W/big.bin $W/short.bin"), 0);
    daemon_signal(&server, SIGHUP);
    UNTIL(NULL, DEADLINE_MS, shell("curl -sfI -o /dev/null $P/short.bin") == 0);
    wire_send(wire, "GET /short.bin HTTP/1.1\r\nHost: a\r\n\r\n");
    assert_true(recv(wire->fd, path, 1, MSG_PEEK) == 1); /* it has begun */
    path_of("short.bin", path);
    assert_int_equal(truncate(path, 1000), 0);
    assert_true(wire_closes(wire, DEADLINE_MS));
    assert_int_equal(shell("curl -sf -o /dev/null $P/health"), 0);
}

static void test_reload(void **state)
{
    char etag[64];

    (void)state;
    assert_int_equal(wire_get(wire, "/new.txt", NULL), 404);
    put("new.txt", "new\n", 1);
    assert_int_equal(wire_get(wire, "/new.txt", NULL), 404);
    daemon_signal(&server, SIGHUP);
    UNTIL(NULL, DEADLINE_MS, wire_get(wire, "/new.txt", NULL) == 200);
    assert_string_equal(wire->body, "new\n");
    snprintf(etag, sizeof(etag), "%s", wire_header(wire, "ETag"));
    put("new.txt", "newer\n", 1); /* is served, but nobody may keep it */
    assert_int_equal(wire_get(wire, "/new.txt", NULL), 200);
    assert_string_equal(wire->body, "newer\n");
    assert_header("ETag", NULL);
    assert_header("Cache-Control", "no-store");
    daemon_signal(&server, SIGHUP);
    UNTIL(NULL, DEADLINE_MS,
          wire_get(wire, "/new.txt", NULL) == 200 && wire_header(wire, "ETag") != NULL);
    assert_string_not_equal(wire_header(wire, "ETag"), etag);
    assert_int_equal(shell("rm $W/new.txt"), 0);
    assert_int_equal(wire_get(wire, "/new.txt", NULL), 404);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_what_is_served, connect_one, hang_up),
        cmocka_unit_test_setup_teardown(test_what_is_not, connect_one, hang_up),
        cmocka_unit_test_setup_teardown(test_other_methods, connect_one, hang_up),
        cmocka_unit_test_setup_teardown(test_conditions, connect_one, hang_up),
        cmocka_unit_test_setup_teardown(test_ranges, connect_one, hang_up),
        cmocka_unit_test_setup_teardown(test_packed, connect_one, hang_up),
        cmocka_unit_test_setup_teardown(test_order, connect_one, hang_up),
        cmocka_unit_test_setup_teardown(test_cut_short, connect_one, hang_up),
        cmocka_unit_test_setup_teardown(test_reload, connect_one, hang_up),
        cmocka_unit_test(test_big),
    };

    return cmocka_run_group_tests(tests, start, stop);
}
