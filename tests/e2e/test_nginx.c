/* test_nginx.c -- a real nginx before a real daemon, as doc/operations.md says it: it speaks TLS
 * with the web clients, REST, polling and WebSockets go through it, and everybody is known by his
 * own address. */
#define _GNU_SOURCE /* memmem */
#include "stage_store.h"
#include "wire.h"

#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#define NGINX "/usr/sbin/nginx"
#define STATS "/api/stats"

static struct {
    pid_t pid; /* 0: not running */
    uint16_t port;
    char config_path[100];
} proxy;

/* ---- the proxy ---- */

/* The page's example, with our ports for its own, and the daemon's certificate. */
static void copy_example(FILE *out)
{
    FILE *page = fopen(SOURCE_DIR "/doc/operations.md", "r");
    char line[1024], *at;
    bool inside = false;
    unsigned replaced = 0;

    assert_non_null(page);
    while (fgets(line, sizeof(line), page) != NULL) {
        if (strcmp(line, "# nginx\n") == 0)
            inside = true;
        else if (inside && strncmp(line, "```", 3) == 0)
            break;
        if (!inside)
            continue;
        if (strstr(line, "listen 443 ssl;") != NULL) {
            fprintf(out, "listen 127.0.0.1:%u ssl;\n", proxy.port);
            fprintf(out, "ssl_certificate %s/state/tls-certificate.pem;\n", server.dir);
            fprintf(out, "ssl_certificate_key %s/state/tls-key.pem;\n", server.dir);
            replaced++;
        } else if ((at = strstr(line, "10.0.0.5:3000")) != NULL) {
            fprintf(out, "%.*s127.0.0.1:%u%s", (int)(at - line), line, wire_port(&server, false),
                    at + strlen("10.0.0.5:3000"));
            replaced++;
        } else {
            fputs(line, out);
        }
    }
    fclose(page);
    assert_int_equal(replaced, 2);
}

/* One process, which writes nowhere but in the daemon's directory. */
static void configure_proxy(void)
{
    static const char *const folders[] = {"client_body", "proxy", "fastcgi", "uwsgi", "scgi"};
    FILE *file;

    proxy.port = port_free();
    snprintf(proxy.config_path, sizeof(proxy.config_path), "%s/nginx.conf", server.dir);
    file = fopen(proxy.config_path, "w");
    assert_non_null(file);
    fprintf(file,
            "daemon off;\nmaster_process off;\npid %s/nginx.pid;\nerror_log %s/nginx.log;\n"
            "events {}\nhttp {\naccess_log off;\n",
            server.dir, server.dir);
    for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++)
        fprintf(file, "%s_temp_path %s/nginx-%s;\n", folders[i], server.dir, folders[i]);
    copy_example(file);
    fputs("}\n", file);
    assert_int_equal(fclose(file), 0);
}

static bool proxy_listens(void)
{
    int fd = wire_from("127.0.0.1", proxy.port), status;

    if (waitpid(proxy.pid, &status, WNOHANG) == proxy.pid) {
        proxy.pid = 0;
        fail_msg("nginx ended with status %d", status);
    }
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void start_proxy(void)
{
    fflush(NULL);
    proxy.pid = fork();
    assert_true(proxy.pid >= 0);
    if (proxy.pid == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        execl(NGINX, "nginx", "-p", server.dir, "-e", "stderr", "-c", proxy.config_path,
              (char *)NULL);
        _exit(127);
    }
    UNTIL(NULL, DEADLINE_MS, proxy_listens());
}

static void kill_proxy(void)
{
    if (proxy.pid <= 0)
        return;
    kill(proxy.pid, SIGKILL);
    waitpid(proxy.pid, NULL, 0);
    proxy.pid = 0;
}

static void begin(void)
{
    if (access(NGINX, X_OK) != 0)
        skip();
    daemon_start(&server, NULL);
    configure_proxy();
    start_proxy();
}

static int clear_with_proxy(void **state)
{
    kill_proxy();
    return stage_clear(state);
}

/* ---- web clients ---- */

static struct wire *come(const char *from)
{
    int fd = wire_from(from, proxy.port);

    assert_true(fd >= 0);
    return wire_on(fd, true);
}

/* A text frame, masked with zeros. */
static void say(struct wire *wire, const char *text)
{
    unsigned char frame[200] = {0x81};
    size_t n = strlen(text);

    assert_true(n < 126);
    frame[1] = (unsigned char)(0x80 | n);
    memcpy(frame + 6, text, n);
    assert_true(wire_write(wire, frame, 6 + n));
}

/* Waits for these words; what came up to them is forgotten. */
static void hear(struct wire *wire, const char *text)
{
    const char *at;
    size_t used;

    while ((at = memmem(wire->bytes, wire->n, text, strlen(text))) == NULL)
        if (!wire_more(wire))
            fail_msg("closed before %s", text);
    used = (size_t)(at - wire->bytes) + strlen(text);
    memmove(wire->bytes, wire->bytes + used, wire->n -= used);
}

/* A WebSocket; sid: of the session that goes over to it, or empty. */
static struct wire *upgraded(const char *from, const char *sid)
{
    struct wire *wire = come(from);
    char path[200];

    snprintf(path, sizeof(path), "/socket.io/?EIO=4&transport=websocket%s%s",
             *sid != '\0' ? "&sid=" : "", sid);
    assert_int_equal(wire_get(wire, path,
                              "Connection: Upgrade\r\nUpgrade: websocket\r\n"
                              "Sec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
                     101);
    assert_string_equal(wire_header(wire, "sec-websocket-accept"), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    return wire;
}

/* A guest in the world, on a WebSocket from its beginning. */
static struct wire *enter(const char *from, const char *name)
{
    struct wire *wire = upgraded(from, "");
    char join[100];

    hear(wire, "0{\"sid\":");
    say(wire, "40");
    hear(wire, "40{\"sid\":");
    snprintf(join, sizeof(join), "421[\"player:join\",{\"username\":\"%s\"}]", name);
    say(wire, join);
    hear(wire, "431[{\"ok\":true}]");
    return wire;
}

/* ---- tests ---- */

static void test_rest(void **state)
{
    struct wire *banned, *other;

    (void)state;
    begin();
    good("bans.add", "{\"network\":\"127.0.0.66\",\"reason\":\"be kind\"}");
    banned = come("127.0.0.66");
    other = come("127.0.0.67");
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(wire_get(banned, STATS, "X-Forwarded-For: 127.0.0.67\r\n"), 403);
        assert_int_equal(wire_get(other, STATS, "X-Forwarded-For: 127.0.0.66\r\n"), 200);
        assert_non_null(wire_header(other, "strict-transport-security"));
        assert_int_equal(wire_get(other, "/api/health", NULL), 200);
    }
    wire_free(banned);
    wire_free(other);
}

static bool is_listed(const char *name, const char *address)
{
    const char *list = daemon_ask(&server, "players.list", "{}"), *row, *last, *at;
    char wanted[64];

    assert_non_null(list);
    snprintf(wanted, sizeof(wanted), "\"name\":\"%s\"", name);
    if ((row = strstr(list, wanted)) == NULL)
        return false;
    last = strchr(row, '}');
    at = strstr(row, address);
    return at != NULL && at < last;
}

static void test_websockets(void **state)
{
    struct wire *walter, *wanda;

    (void)state;
    begin();
    walter = enter("127.0.0.67", "walter");
    wanda = enter("127.0.0.68", "wanda");
    assert_true(is_listed("walter", "127.0.0.67"));
    assert_true(is_listed("wanda", "127.0.0.68"));
    hear(walter, "\"username\":\"wanda\"");
    say(wanda, "42[\"chat:send\",{\"message\":\"by nginx\"}]");
    hear(walter, "\"username\":\"wanda\",\"message\":\"by nginx\"");
    good("players.kick", "{\"name\":\"walter\",\"reason\":\"be nice\"}");
    hear(walter, "be nice");
    assert_true(wire_closes(walter, DEADLINE_MS));
    /* Who came by the proxy is gone with it. */
    kill_proxy();
    UNTIL(NULL, DEADLINE_MS, daemon_metric(&server, "openmmo_players") == 0);
    wire_free(walter);
    wire_free(wanda);
}

/* As socket.io-client comes by default: it begins by polling, then goes over to a WebSocket. */
static void test_upgrade(void **state)
{
    struct wire *polling, *socket;
    char sid[64], path[160], post[400];
    const char *at;

    (void)state;
    begin();
    polling = come("127.0.0.67");
    assert_int_equal(wire_get(polling, "/socket.io/?EIO=4&transport=polling", NULL), 200);
    at = strstr(polling->body, "\"sid\":\"");
    assert_non_null(at);
    snprintf(sid, sizeof(sid), "%.*s", (int)strcspn(at + 7, "\""), at + 7);
    snprintf(path, sizeof(path), "/socket.io/?EIO=4&transport=polling&sid=%s", sid);
    snprintf(post, sizeof(post),
             "POST %s HTTP/1.1\r\nHost: test\r\nContent-Type: text/plain;charset=UTF-8\r\n"
             "Content-Length: 2\r\n\r\n40",
             path);
    assert_int_equal(wire_ask(polling, post), 200);
    assert_int_equal(wire_get(polling, path, NULL), 200);
    assert_non_null(strstr(polling->body, "40{\"sid\":"));
    socket = upgraded("127.0.0.67", sid);
    say(socket, "2probe");
    hear(socket, "3probe");
    say(socket, "5");
    say(socket, "421[\"player:join\",{\"username\":\"walter\"}]");
    hear(socket, "431[{\"ok\":true}]");
    assert_true(is_listed("walter", "127.0.0.67"));
    wire_free(polling);
    wire_free(socket);
}

#define PROXIED(test)                                                                              \
    cmocka_unit_test_prestate_setup_teardown(                                                      \
        test, stage_set, clear_with_proxy,                                                         \
        (void *)(uintptr_t) "[auth]\nguests = yes\n[http]\ntrusted_proxies = 127.0.0.1\n")

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PROXIED(test_rest),
        PROXIED(test_websockets),
        PROXIED(test_upgrade),
    };

    signal(SIGPIPE, SIG_IGN);
    if (argc == 2)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
