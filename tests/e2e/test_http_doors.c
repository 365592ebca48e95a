/* test_http_doors.c -- who is let in by HTTP and as whom: behind proxies, by TLS, from banned
 * networks, too often, from other origins; what a reload changes, and the stop. Each test has a
 * daemon of its own. */
#include "stage_store.h"
#include "wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define STATS "/api/stats" /* control answers */

/* This machine is no exception. */
static const char *const limited[] = {"--limits.exempt=192.0.2.0/24", NULL};

static void begin(const char *const *extra)
{
    daemon_start(&server, extra);
}

static void reload_with(const char *more_ini)
{
    daemon_configure(&server, more_ini);
    daemon_signal(&server, SIGHUP);
}

/* One request on a connection of its own: its status. */
static int once(bool tls, const char *path, const char *lines, struct wire **kept)
{
    struct wire *wire = wire_new(wire_port(&server, tls), tls);
    int status = wire_get(wire, path, lines);

    if (kept != NULL)
        *kept = wire;
    else
        wire_free(wire);
    return status;
}

/* ---- behind proxies ---- */

static void test_forwarded(void **state)
{
    static const struct {
        const char *lines;
        int status;
    } rows[] = {
        {NULL, 200},
        {"X-Forwarded-For: 203.0.113.7\r\n", 403},
        {"X-Forwarded-For: 203.0.113.7:5123\r\n", 403},
        {"x-forwarded-for:   203.0.113.7  \r\n", 403},
        {"X-Forwarded-For: 203.0.113.7, 198.51.100.1\r\n", 200}, /* the left one is his own word */
        {"X-Forwarded-For: 198.51.100.1,203.0.113.7\r\n", 403},
        {"X-Forwarded-For: 198.51.100.1, 203.0.113.7, 127.0.0.9\r\n", 403},
        {"X-Forwarded-For: 198.51.100.1\r\nX-Forwarded-For: 203.0.113.7\r\n", 403},
        {"X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-For: 198.51.100.1\r\n", 200},
        {"X-Forwarded-For: 203.0.113.7, nonsense\r\n", 200},
        {"X-Forwarded-For: 203.0.113.7, nonsense, 127.0.0.9\r\n", 200},
        {"X-Forwarded-For: ,\r\n", 200},
        {"X-Forwarded-For: 127.0.0.3, 127.0.0.2\r\n", 200},
        {"X-Forwarded-For: [2001:db8::66]:443\r\n", 403},
        {"X-Forwarded-For: 2001:db8::66\r\n", 403},
        {"Forwarded: for=203.0.113.7\r\n", 200},
    };
    static const char *const paths[] = {"/health", "/api/openapi.json",
                                        "/socket.io/?EIO=4&transport=polling",
                                        "/socket.io/?EIO=4&transport=polling&sid="};
    struct wire *wire;
    long long refused;

    (void)state;
    begin(NULL);
    good("bans.add", "{\"network\":\"203.0.113.7\",\"reason\":\"be kind\"}");
    good("bans.add", "{\"network\":\"2001:db8::66\",\"reason\":\"be kind\"}");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        if (once(false, STATS, rows[i].lines, NULL) != rows[i].status)
            fail_msg("%s", rows[i].lines);
    /* What the io threads answer by themselves too, but for what balancers ask. */
    for (size_t i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        assert_int_equal(once(false, paths[i], rows[1].lines, NULL), i == 0 ? 200 : 403);
        assert_int_equal(once(false, paths[i], rows[4].lines, NULL), 200);
    }
    refused = daemon_metric(&server, "openmmo_banned_refused_total");
    assert_int_equal(once(false, STATS, rows[1].lines, &wire), 403);
    assert_non_null(strstr(wire->body, "\"error\":\"you are banned for good: be kind\""));
    wire_free(wire);
    assert_int_equal(daemon_metric(&server, "openmmo_banned_refused_total"), refused + 1);
    assert_int_equal(once(false, STATS, "X-Forwarded-Proto: https\r\n", &wire), 200);
    assert_non_null(wire_header(wire, "strict-transport-security"));
    wire_free(wire);
    assert_int_equal(once(false, STATS, "X-Forwarded-Proto: https, http\r\n", &wire), 200);
    assert_null(wire_header(wire, "strict-transport-security"));
    wire_free(wire);
}

/* From whom nobody trusts these headers mean nothing. */
static void test_not_forwarded(void **state)
{
    struct wire *wire;

    (void)state;
    begin(NULL);
    good("bans.add", "{\"network\":\"203.0.113.7\",\"reason\":\"be kind\"}");
    assert_int_equal(
        once(false, STATS, "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: https\r\n", &wire),
        200);
    assert_null(wire_header(wire, "strict-transport-security"));
    wire_free(wire);
}

static struct wire *proxied(const char *address)
{
    struct wire *wire = wire_new(wire_port(&server, false), false);
    unsigned char header[28] = "\r\n\r\n\0\r\nQUIT\n\x21\x11\x00\x0c";

    assert_int_equal(inet_pton(AF_INET, address, header + 16), 1);
    assert_int_equal(inet_pton(AF_INET, "127.0.0.1", header + 20), 1);
    assert_true(wire_write(wire, header, sizeof(header)));
    return wire;
}

static void test_proxy_header(void **state)
{
    struct wire *wire;

    (void)state;
    begin(NULL);
    good("bans.add", "{\"network\":\"203.0.113.7\",\"reason\":\"be kind\"}");
    wire = proxied("203.0.113.7");
    assert_int_equal(wire_get(wire, "/health", NULL), 403);
    assert_non_null(strstr(wire->body, "be kind"));
    assert_true(wire_closes(wire, DEADLINE_MS));
    wire_free(wire);
    wire = proxied("198.51.100.1");
    assert_int_equal(wire_get(wire, "/health", NULL), 200);
    /* Whom a client names is his own word, also behind such a proxy. */
    assert_int_equal(wire_get(wire, STATS, "X-Forwarded-For: 203.0.113.7\r\n"), 200);
    wire_free(wire);
    wire = wire_new(wire_port(&server, false), false);
    wire_send(wire, "GET /health HTTP/1.1\r\nHost: t\r\n\r\n");
    assert_int_equal(wire_answer(wire, false), 0);
    wire_free(wire);
}

/* ---- a real HAProxy, which speaks TLS with the clients ---- */

static struct {
    pid_t pid; /* 0: not running */
    uint16_t port;
} proxy;

/* The daemon's own certificate and key, in one file as HAProxy wants them. */
static void copy_into(FILE *out, const char *name)
{
    char path[128], line[512];
    FILE *in;

    snprintf(path, sizeof(path), "%s/state/%s", server.dir, name);
    in = fopen(path, "r");
    assert_non_null(in);
    while (fgets(line, sizeof(line), in) != NULL)
        fputs(line, out);
    fclose(in);
}

static void configure_proxy(const char *config_path, const char *pem_path)
{
    FILE *file = fopen(pem_path, "w");

    assert_non_null(file);
    copy_into(file, "tls-certificate.pem");
    copy_into(file, "tls-key.pem");
    assert_int_equal(fclose(file), 0);
    file = fopen(config_path, "w");
    assert_non_null(file);
    proxy.port = port_free();
    fprintf(
        file,
        "global\n  maxconn 100\n"
        "defaults\n  mode http\n  timeout connect 5s\n  timeout client 1m\n  timeout server 1m\n"
        "frontend web\n  bind 127.0.0.1:%u ssl crt %s\n  option forwardfor\n"
        "  http-request set-header X-Forwarded-Proto https\n  default_backend one\n"
        "backend one\n  server one 127.0.0.1:%u\n",
        proxy.port, pem_path, wire_port(&server, false));
    assert_int_equal(fclose(file), 0);
}

static bool proxy_listens(void)
{
    int fd = wire_from("127.0.0.1", proxy.port), status;

    if (waitpid(proxy.pid, &status, WNOHANG) == proxy.pid) {
        proxy.pid = 0;
        fail_msg("haproxy ended with status %d", status);
    }
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void start_proxy(void)
{
    char config_path[100], pem_path[100];

    snprintf(config_path, sizeof(config_path), "%s/haproxy.cfg", server.dir);
    snprintf(pem_path, sizeof(pem_path), "%s/haproxy.pem", server.dir);
    configure_proxy(config_path, pem_path);
    fflush(NULL);
    proxy.pid = fork();
    assert_true(proxy.pid >= 0);
    if (proxy.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execlp("haproxy", "haproxy", "-q", "-db", "-f", config_path, (char *)NULL);
        execl("/usr/sbin/haproxy", "haproxy", "-q", "-db", "-f", config_path, (char *)NULL);
        _exit(127);
    }
    UNTIL(NULL, DEADLINE_MS, proxy_listens());
}

static int clear_with_proxy(void **state)
{
    if (proxy.pid > 0) {
        kill(proxy.pid, SIGKILL);
        waitpid(proxy.pid, NULL, 0);
        proxy.pid = 0;
    }
    return stage_clear(state);
}

static void test_haproxy(void **state)
{
    struct wire *banned, *other;

    (void)state;
    begin(NULL);
    good("bans.add", "{\"network\":\"127.0.0.66\",\"reason\":\"be kind\"}");
    start_proxy();
    banned = wire_on(wire_from("127.0.0.66", proxy.port), true);
    other = wire_on(wire_from("127.0.0.67", proxy.port), true);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(wire_get(banned, STATS, "X-Forwarded-For: 127.0.0.67\r\n"), 403);
        assert_int_equal(wire_get(other, STATS, "X-Forwarded-For: 127.0.0.66\r\n"), 200);
        assert_non_null(wire_header(other, "strict-transport-security"));
        assert_int_equal(wire_get(other, "/api/health", NULL), 200);
    }
    wire_free(banned);
    wire_free(other);
}

/* ---- TLS ---- */

static void test_redirect(void **state)
{
    static const char *const extra[] = {"--limits.exempt=192.0.2.0/24",
                                        "--http.reads_per_minute=10", NULL};
    struct wire *wire;
    char wanted[64], text[2048];

    (void)state;
    begin(extra);
    snprintf(wanted, sizeof(wanted), "https://test:%u/api/stats?a=%%20b", wire_port(&server, true));
    assert_int_equal(once(false, "/api/stats?a=%20b", NULL, &wire), 308);
    assert_string_equal(wire_header(wire, "location"), wanted);
    assert_int_equal(wire_get(wire, "/health", NULL), 200); /* balancers look here */
    assert_int_equal(wire_ask(wire, "POST /api/auth/login HTTP/1.1\r\nHost: [::1]:80\r\n"
                                    "Content-Length: 2\r\n\r\n{}"),
                     308);
    assert_int_equal(strncmp(wire_header(wire, "location"), "https://[::1]:", 14), 0);
    /* Where the way there cannot be said it is not answered in plain either. */
    snprintf(text, sizeof(text), STATS "?a=%01500u", 0);
    assert_int_equal(wire_get(wire, text, NULL), 414);
    wire_free(wire);
    assert_int_equal(once(true, STATS, NULL, &wire), 200);
    assert_non_null(wire_header(wire, "strict-transport-security"));
    wire_free(wire);
    assert_int_equal(once(false, "/health", NULL, &wire), 200);
    for (unsigned i = 0; i < 200 && wire_get(wire, STATS, NULL) == 308; i++)
        continue;
    assert_int_equal(wire->status, 429); /* being sent away counts */
    wire_free(wire);
}

/* ---- bans, limits ---- */

static void test_banned(void **state)
{
    struct wire *wire, *other;

    (void)state;
    begin(NULL);
    assert_int_equal(once(false, "/health", NULL, &wire), 200);
    good("bans.add", "{\"network\":\"127.0.0.0/8\",\"reason\":\"be kind\"}");
    assert_true(wire_closes(wire, DEADLINE_MS));
    wire_free(wire);
    assert_int_equal(once(false, "/health", NULL, &other), 403);
    assert_non_null(strstr(other->body, "\"error\":\"you are banned for good: be kind\""));
    assert_true(wire_closes(other, DEADLINE_MS));
    wire_free(other);
    good("bans.lift", "{\"network\":\"127.0.0.0/8\"}");
    assert_int_equal(once(false, "/health", NULL, NULL), 200);
}

static void test_per_address(void **state)
{
    static const char *const extra[] = {"--limits.exempt=192.0.2.0/24", "--http.per_address=5",
                                        NULL};
    struct wire *wires[6];
    uint16_t port;

    (void)state;
    begin(extra);
    port = wire_port(&server, false);
    for (unsigned i = 0; i < 5; i++) {
        wires[i] = wire_new(port, false);
        assert_int_equal(wire_get(wires[i], "/health", NULL), 200);
    }
    wires[5] = wire_new(port, false);
    assert_true(wire_closes(wires[5], DEADLINE_MS));
    wire_free(wires[0]);
    wires[0] = NULL;
    UNTIL(NULL, DEADLINE_MS, daemon_metric(&server, "openmmo_http_connections") == 4);
    assert_int_equal(once(false, "/health", NULL, NULL), 200);
    for (unsigned i = 0; i < 6; i++)
        wire_free(wires[i]);
}

static void test_rates(void **state)
{
    static const char login[] = "POST /api/auth/login HTTP/1.1\r\nHost: t\r\n"
                                "Content-Type: application/json\r\nContent-Length: 40\r\n\r\n"
                                "{\"username\":\"nobody\",\"password\":\"12345\"}";
    struct wire *wire;
    unsigned asked = 0;

    (void)state;
    begin(limited);
    wire = wire_new(wire_port(&server, false), false);
    do /* the throttle of logins answers 429 before */
        wire_ask(wire, login);
    while (daemon_metric(&server, "openmmo_http_rate_limited_total") == 0 && ++asked < 100);
    assert_in_range(asked, 3, 99);
    assert_int_equal(wire->status, 429);
    assert_non_null(wire_header(wire, "retry-after"));
    assert_string_equal(wire_header(wire, "ratelimit-remaining"), "0");
    assert_int_equal(wire_get(wire, STATS, NULL), 200); /* another class */
    assert_non_null(wire_header(wire, "ratelimit-remaining"));
    wire_free(wire);
}

/* Paths that there are not count as well. */
static void test_rates_of_nothing(void **state)
{
    static const char *const extra[] = {"--limits.exempt=192.0.2.0/24",
                                        "--http.reads_per_minute=60", NULL};
    struct wire *wire;
    unsigned asked = 0;

    (void)state;
    begin(extra);
    wire = wire_new(wire_port(&server, false), false);
    while (wire_get(wire, "/nothing", NULL) == 404 && ++asked < 100)
        ;
    assert_int_equal(wire->status, 429);
    assert_in_range(asked, 15, 99); /* a quarter of a minute's, and what came back meanwhile */
    assert_int_equal(wire_get(wire, "/health", NULL), 200);
    wire_free(wire);
}

/* What a reload says of limits holds for connections that are there, and for who is limited. */
static void test_rates_of_a_reload(void **state)
{
    struct wire *wire;
    unsigned asked = 0;

    (void)state;
    begin(limited);
    wire = wire_new(wire_port(&server, false), false);
    while (wire_get(wire, STATS, NULL) == 200 && ++asked < 100)
        ;
    assert_int_equal(wire->status, 429);
    assert_string_equal(wire_header(wire, "ratelimit-limit"), "15");
    reload_with("[http]\nreads_per_minute = 0\n");
    UNTIL(NULL, DEADLINE_MS,
          wire_get(wire, STATS, NULL) == 200 && wire_header(wire, "ratelimit-limit") == NULL);
    for (asked = 0; asked < 100; asked++)
        assert_int_equal(wire_get(wire, STATS, NULL), 200);
    reload_with("[http]\nreads_per_minute = 40\n");
    UNTIL(NULL, DEADLINE_MS, wire_get(wire, STATS, NULL) == 429);
    assert_string_equal(wire_header(wire, "ratelimit-limit"), "10");
    wire_free(wire);
}

/* From another address each time: the account is what they have in common. */
static void test_rates_of_accounts(void **state)
{
    static const char *const extra[] = {"--http.trusted_proxies=127.0.0.0/8",
                                        "--http.reads_per_minute=60", NULL};
    static const char body[] = "{\"username\":\"anna\",\"password\":\"correct horse battery\","
                               "\"email\":\"anna@example.org\"}";
    char text[2048], token[1024] = "";
    struct wire *wire;
    unsigned asked = 0;

    (void)state;
    begin(extra);
    wire = wire_new(wire_port(&server, false), false);
    snprintf(text, sizeof(text),
             "POST /api/auth/register HTTP/1.1\r\nHost: t\r\nContent-Type: application/json\r\n"
             "Content-Length: %zu\r\n\r\n%s",
             strlen(body), body);
    assert_int_equal(wire_ask(wire, text), 201);
    assert_int_equal(
        sscanf(strstr(wire->body, "\"access_token\":\""), "\"access_token\":\"%1000[^\"]", token),
        1);
    do {
        snprintf(text, sizeof(text), "Authorization: Bearer %s\r\nX-Forwarded-For: 10.1.0.%u\r\n",
                 token, asked + 1);
    } while (wire_get(wire, "/api/sessions", text) == 200 && ++asked < 100);
    assert_int_equal(wire->status, 429);
    assert_in_range(asked, 15, 99);
    assert_true(atoi(wire_header(wire, "Retry-After")) >= 1);
    assert_string_equal(wire_header(wire, "RateLimit-Remaining"), "0");
    assert_int_equal(wire_get(wire, STATS, "X-Forwarded-For: 10.1.0.1\r\n"), 200); /* without it */
    wire_free(wire);
}

/* ---- origins ---- */

static void test_cors(void **state)
{
    static const char origin[] = "Origin: https://play.example\r\n";
    struct wire *wire;

    (void)state;
    begin(NULL);
    assert_int_equal(once(false, STATS, origin, &wire), 200);
    assert_string_equal(wire_header(wire, "access-control-allow-origin"), "https://play.example");
    assert_string_equal(wire_header(wire, "access-control-allow-credentials"), "true");
    assert_int_equal(wire_get(wire, STATS, "Origin: https://evil.example\r\n"), 200);
    assert_null(wire_header(wire, "access-control-allow-origin"));
    assert_non_null(strstr(wire_header(wire, "vary"), "Origin"));
    assert_int_equal(wire_ask(wire, "OPTIONS /api/players/1/position HTTP/1.1\r\nHost: t\r\n"
                                    "Origin: https://play.example\r\n"
                                    "Access-Control-Request-Headers: authorization,baggage\r\n"
                                    "Access-Control-Request-Method: POST\r\n\r\n"),
                     204);
    assert_non_null(strstr(wire_header(wire, "access-control-allow-methods"), "POST"));
    assert_string_equal(wire_header(wire, "access-control-allow-headers"), "authorization,baggage");
    /* A reload is in force for connections that are there. */
    reload_with("[http]\ncors_origins = https://other.example\n");
    UNTIL(NULL, DEADLINE_MS, daemon_said(&server, "event=reloaded"));
    assert_int_equal(wire_get(wire, STATS, origin), 200);
    assert_null(wire_header(wire, "access-control-allow-origin"));
    wire_free(wire);
}

static void test_reload(void **state)
{
    static const char post[] = "POST /health HTTP/1.1\r\nHost: t\r\nContent-Length: 3000\r\n\r\n";
    struct wire *wire;

    (void)state;
    begin(NULL);
    wire = wire_new(wire_port(&server, false), false);
    assert_int_equal(wire_ask(wire, post), 405);
    wire_free(wire);
    reload_with("[http]\nbody_bytes = 2KiB\n");
    UNTIL(NULL, DEADLINE_MS, daemon_said(&server, "event=reloaded"));
    wire = wire_new(wire_port(&server, false), false);
    assert_int_equal(wire_ask(wire, post), 413);
    wire_free(wire);
}

/* What the HTTP port cannot have, the game port does not get either. */
static void test_reload_refused(void **state)
{
    int fds[2];

    (void)state;
    begin(limited);
    reload_with("[http]\nassets = /nowhere\n[limits]\nbefore_login_per_address = 1\n");
    UNTIL(NULL, DEADLINE_MS, daemon_said(&server, "nothing was changed: /nowhere"));
    for (unsigned i = 0; i < 2; i++)
        fds[i] = raw_connect(&server);
    UNTIL(NULL, DEADLINE_MS, daemon_metric(&server, "openmmo_connections") == 2);
    for (unsigned i = 0; i < 2; i++)
        close(fds[i]);
    reload_with("[http]\nconnections_max = 4097\n");
    UNTIL(NULL, DEADLINE_MS, daemon_said(&server, "connections_max cannot grow beyond 4096"));
}

/* ---- threads ---- */

/* With none of their own, and with several. */
static void test_threads(void **state)
{
    struct wire *wires[12];

    (void)state;
    begin(NULL);
    for (unsigned i = 0; i < 12; i++)
        wires[i] = wire_new(wire_port(&server, i % 2), i % 2);
    for (unsigned turn = 0; turn < 20; turn++) {
        for (unsigned i = 0; i < 12; i++)
            wire_send(wires[i], "GET " STATS " HTTP/1.1\r\nHost: t\r\n\r\n"
                                "GET /api/health HTTP/1.1\r\nHost: t\r\n\r\n");
        for (unsigned i = 0; i < 12; i++) {
            assert_int_equal(wire_answer(wires[i], false), 200);
            assert_non_null(strstr(wires[i]->body, "totalPlayers"));
            assert_int_equal(wire_answer(wires[i], false), 200);
        }
    }
    daemon_signal(&server, SIGTERM);
    for (unsigned i = 0; i < 12; i++) {
        assert_true(wire_closes(wires[i], DEADLINE_MS));
        wire_free(wires[i]);
    }
    assert_int_equal(daemon_wait_exit(&server), 0);
}

/* ---- one beside another ---- */

#define POLLING "/socket.io/?EIO=4&transport=polling"

/* What is said to one connection while another is answered goes to each its own. */
static void test_apart(void **state)
{
    struct wire *polling, *asking;
    char sid[64], text[512];

    (void)state;
    begin(NULL);
    assert_int_equal(once(false, POLLING, NULL, &polling), 200);
    assert_int_equal(sscanf(polling->body, "0{\"sid\":\"%63[^\"]\"", sid), 1);
    snprintf(text, sizeof(text), "GET " POLLING "&sid=%s HTTP/1.1\r\nHost: t\r\n\r\n", sid);
    wire_send(polling, text);
    asking = wire_new(wire_port(&server, false), false);
    assert_int_equal(wire_get(asking, "/health", NULL), 200); /* the poll is there by now */
    snprintf(text, sizeof(text),
             "GET /api/health HTTP/1.1\r\nHost: t\r\n\r\n"
             "POST " POLLING "&sid=%s HTTP/1.1\r\nHost: t\r\nContent-Length: 1\r\n\r\n1",
             sid);
    wire_send(asking, text);
    assert_int_equal(wire_answer(asking, false), 200);
    assert_non_null(strstr(asking->body, "uptime"));
    assert_int_equal(wire_answer(asking, false), 200);
    assert_string_equal(asking->body, "ok");
    assert_int_equal(wire_answer(polling, false), 200);
    assert_string_equal(polling->body, "6");
    wire_free(asking);
    wire_free(polling);
}

/* Pings that come together are answered together: each costs six bytes, not a write. */
static void test_pings(void **state)
{
    static const char begin_text[] =
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    static const char ping[6] = "\x89\x80", last[7] = "\x89\x81\0\0\0\0!";
    char many[2000 * sizeof(ping)], got[16 * 1024];
    struct wire *wire;
    size_t n = 0;

    (void)state;
    begin(NULL);
    wire = wire_new(wire_port(&server, false), false);
    assert_int_equal(wire_ask(wire, begin_text), 101);
    for (size_t i = 0; i < sizeof(many); i += sizeof(ping))
        memcpy(many + i, ping, sizeof(ping));
    assert_true(wire_write(wire, many, sizeof(many)));
    assert_true(wire_write(wire, last, sizeof(last)));
    while (n == 0 || got[n - 1] != '!') {
        ssize_t more = recv(wire->fd, got + n, sizeof(got) - n, 0);

        assert_true(more > 0);
        n += (size_t)more;
    }
    assert_memory_equal(got + n - 3, "\x8a\x01!", 3);
    assert_in_range(n, 3, 1000); /* the session's first word is among them */
    wire_free(wire);
}

#define BIG_BYTES (24u << 20)

/* Read it all. Returns how many bytes came. */
static size_t drink(struct wire *wire)
{
    static char bytes[64 * 1024];
    size_t all = 0;
    ssize_t n;

    while ((n = recv(wire->fd, bytes, sizeof(bytes), 0)) > 0) {
        all += (size_t)n;
        if (all >= BIG_BYTES && memcmp(bytes + n - 4, "end.", 4) == 0)
            break;
    }
    return all;
}

/* A long answer takes longer than a connection may be idle; and who takes it may have closed his
 * side. */
static void test_long_answer(void **state)
{
    static const char request[] = "GET /big.txt HTTP/1.1\r\nHost: t\r\n\r\n";
    static const int small = 16 * 1024;
    char folder[192], text[256];
    const char *extra[] = {text, "--http.idle=300ms", "--http.taking=60s", NULL};
    struct wire *wire;
    FILE *file;

    (void)state;
    snprintf(folder, sizeof(folder), "%s/www", server.dir);
    snprintf(text, sizeof(text), "--http.assets=%s/www", server.dir);
    assert_int_equal(mkdir(folder, 0755), 0);
    strcat(folder, "/big.txt");
    file = fopen(folder, "w");
    assert_non_null(file);
    for (unsigned i = 0; i < BIG_BYTES / 16; i++)
        fputs("0123456789abcdef", file);
    fputs("end.", file);
    fclose(file);
    begin(extra);
    for (unsigned half = 0; half < 2; half++) {
        wire = wire_new(wire_port(&server, false), false);
        setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
        wire_send(wire, request);
        if (half)
            shutdown(wire->fd, SHUT_WR);
        poll(NULL, 0, 1000); /* beyond http.idle */
        assert_true(drink(wire) > BIG_BYTES);
        if (!half) { /* nor does being idle count from before its end */
            assert_int_equal(wire_get(wire, "/health", NULL), 200);
        }
        assert_true(wire_closes(wire, DEADLINE_MS));
        wire_free(wire);
    }
}

/* ---- the stop ---- */

static void test_stop(void **state)
{
    static const char login[] = "POST /api/auth/login HTTP/1.1\r\nHost: t\r\n"
                                "Content-Type: application/json\r\nContent-Length: 40\r\n\r\n"
                                "{\"username\":\"nobody\",\"password\":\"12345\"}";
    static const char *const extra[] = {"--accounts.argon2_ops=20",
                                        "--accounts.argon2_memory=64MiB", NULL};
    struct wire *asking, *idle, *half;
    uint16_t port;

    (void)state;
    begin(extra);
    port = wire_port(&server, false);
    asking = wire_new(port, false);
    half = wire_new(port, false);
    assert_int_equal(once(false, "/health", NULL, &idle), 200);
    wire_send(half, "GET /health HTTP/1.1\r\nHo");
    wire_send(asking, login); /* a hash of a second or so */
    UNTIL(NULL, DEADLINE_MS, daemon_metric(&server, "openmmo_http_connections") == 3);
    daemon_signal(&server, SIGTERM);
    assert_true(wire_closes(idle, DEADLINE_MS));
    wire_send(half, "st: t\r\n\r\n");
    assert_int_equal(wire_answer(half, false), 503);
    assert_non_null(wire_header(half, "retry-after"));
    assert_true(wire_answer(asking, false) != 0);
    assert_string_equal(wire_header(asking, "connection"), "close");
    assert_int_equal(daemon_wait_exit(&server), 0);
    wire_free(asking);
    wire_free(idle);
    wire_free(half);
}

#define ASK_DESCRIPTION "GET /api/openapi.json HTTP/1.1\r\nHost: t\r\n\r\n"

/* A WebSocket that reads nothing is told why it ends, behind what is on its way: however much of
 * earlier answers the kernel still has. */
static void test_last_word(void **state)
{
    static const char ask[] =
        "GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: t\r\nUpgrade: websocket\r\n"
        "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    static const uint8_t unmasked[] = {0x81, 0x01, 'x'};
    static const int small = 4096, one = 1;
    uint8_t ping[131] = {0x89, 0x80 | 125};

    (void)state;
    daemon_start(&server, NULL);
    for (unsigned answers = 0; answers < 4; answers++) {
        struct wire *wire = wire_new(wire_port(&server, false), false);
        const uint8_t *at;

        setsockopt(wire->fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof(small));
        setsockopt(wire->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
        for (unsigned i = 0; i < answers; i++)
            wire_send(wire, ASK_DESCRIPTION);
        wire_send(wire, ask);
        for (unsigned i = 0; i < 1000; i++) { /* each its own, or one is answered for many */
            assert_true(wire_write(wire, ping, sizeof(ping)));
            usleep(200);
        }
        assert_true(wire_write(wire, unmasked, sizeof(unmasked)));
        while (wire_more(wire))
            continue;
        for (at = (const uint8_t *)wire->bytes + wire->n - 4; *at != 0x88; at--)
            assert_true(at > (const uint8_t *)wire->bytes + wire->n - 127);
        assert_memory_equal(at + 2, "\x03\xea", 2); /* 1002 */
        assert_int_equal(at[1], (const uint8_t *)wire->bytes + wire->n - at - 2);
        wire_free(wire);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_forwarded, "[http]\ntrusted_proxies = 127.0.0.0/8\n"),
        STAGED(test_not_forwarded, NULL),
        STAGED(test_proxy_header, "[http]\ntrusted_proxies = 127.0.0.0/8\nproxy_header = yes\n"),
        cmocka_unit_test_prestate_setup_teardown(
            test_haproxy, stage_set, clear_with_proxy,
            (void *)(uintptr_t) "[http]\ntrusted_proxies = 127.0.0.1\n"),
        STAGED(test_redirect, "[http]\ntls_listen = 127.0.0.1:0\n"),
        STAGED(test_banned, NULL),
        STAGED(test_per_address, NULL),
        STAGED(test_rates, NULL),
        STAGED(test_rates_of_nothing, NULL),
        STAGED(test_rates_of_a_reload, "[http]\nreads_per_minute = 60\n"),
        STAGED(test_rates_of_accounts, NULL),
        STAGED(test_cors, "[http]\ncors_origins = https://play.example\ncors_credentials = yes\n"),
        STAGED(test_reload, NULL),
        STAGED(test_reload_refused, NULL),
        STAGED(test_threads, "[http]\ntls_listen = 127.0.0.1:0\nredirect = no\n"
                             "[net]\nio_threads = 0\n"),
        STAGED(test_threads, "[http]\ntls_listen = 127.0.0.1:0\nredirect = no\n"
                             "[net]\nio_threads = 3\n"),
        STAGED(test_apart, "[net]\nio_threads = 1\n"),
        STAGED(test_pings, NULL),
        STAGED(test_long_answer, NULL),
        STAGED(test_last_word, NULL),
        STAGED(test_stop, NULL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
