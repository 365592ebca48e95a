/* test_haproxy.c -- a real HAProxy before a real daemon (TCP mode, PROXY protocol v2): players are
 * known, and limited, by their own addresses; who comes past the proxy without its header is not
 * let in; the proxy dies and comes back. */
#include "config.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crowd.h"
#include "stage.h"

#define LIMIT 3 /* before login, per address */

static struct {
    pid_t pid; /* 0: not running */
    uint16_t port;
    char config_path[100];
    struct daemon line; /* what a player's harness connects to */
} proxy;
static struct crowd_relay *relays[8];
static unsigned relays_n;

/* ---- the proxy ---- */

static int bound_socket(const char *from)
{
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_addr.s_addr = inet_addr(from)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    assert_true(fd >= 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&here, sizeof(here)), 0);
    return fd;
}

/* A raw connection to a port of this machine. */
static int connect_from(const char *from, uint16_t port)
{
    struct sockaddr_in to = {
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = bound_socket(from);

    if (connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0) {
        close(fd);
        return -1;
    }
    assert_int_equal(fcntl(fd, F_SETFL, O_NONBLOCK), 0);
    return fd;
}

/* Its look whether the daemon is there (check) is one more who connects and goes. */
static void configure_proxy(void)
{
    struct sockaddr_in address;
    socklen_t len = sizeof(address);
    int fd = bound_socket("127.0.0.1");
    FILE *file;

    assert_int_equal(getsockname(fd, (struct sockaddr *)&address, &len), 0);
    close(fd);
    proxy.port = ntohs(address.sin_port);
    snprintf(proxy.config_path, sizeof(proxy.config_path), "%s/haproxy.cfg", server.dir);
    file = fopen(proxy.config_path, "w");
    assert_non_null(file);
    fprintf(file,
            "global\n  maxconn 100\n"
            "defaults\n  mode tcp\n  timeout connect 5s\n  timeout client 1m\n  timeout server 1m\n"
            "listen game\n  bind 127.0.0.1:%u\n"
            "  server world 127.0.0.1:%u send-proxy-v2 check inter 200ms\n",
            proxy.port, server.port);
    assert_int_equal(fclose(file), 0);
}

static bool proxy_listens(void)
{
    int fd = connect_from("127.0.0.1", proxy.port), status;

    if (waitpid(proxy.pid, &status, WNOHANG) == proxy.pid)
        fail_msg("haproxy ended with status %d: see %s/haproxy.log", status, server.dir);
    if (fd >= 0)
        close(fd);
    return fd >= 0;
}

static void start_proxy(void)
{
    char log_path[100];

    snprintf(log_path, sizeof(log_path), "%s/haproxy.log", server.dir);
    fflush(NULL);
    proxy.pid = fork();
    assert_true(proxy.pid >= 0);
    if (proxy.pid == 0) {
        int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);

        prctl(PR_SET_PDEATHSIG, SIGKILL);
        dup2(log, STDOUT_FILENO);
        dup2(log, STDERR_FILENO);
        execlp("haproxy", "haproxy", "-db", "-f", proxy.config_path, (char *)NULL);
        execl("/usr/sbin/haproxy", "haproxy", "-db", "-f", proxy.config_path, (char *)NULL);
        _exit(127);
    }
    UNTIL(party, DEADLINE_MS, proxy_listens());
}

static void kill_proxy(void)
{
    if (proxy.pid == 0)
        return;
    kill(proxy.pid, SIGKILL);
    waitpid(proxy.pid, NULL, 0);
    proxy.pid = 0;
}

/* ---- the scene ---- */

/* 127.0.0.1 is the proxy's; nobody else here is trusted, and nobody is exempt from limits. */
static int begin(void **state)
{
    static const char *const extra[] = {"--limits.exempt=192.0.2.1", NULL};

    if (stage_set(state) != 0)
        return -1;
    daemon_configure(&server,
                     "[net]\ntrusted_proxies = 127.0.0.1\n"
                     "[limits]\nbefore_login_per_address = 3\nfirst_byte = 60s\nlogin = 60s\n");
    daemon_start(&server, extra);
    configure_proxy();
    start_proxy();
    return 0;
}

static int end(void **state)
{
    kill_proxy();
    while (relays_n > 0)
        crowd_relay_free(relays[--relays_n]);
    return stage_clear(state);
}

/* A player from that address, by a line of his own to the port. */
static struct player *come(const char *from, uint16_t port, const char *name, bool known)
{
    struct daemon line = {.port = 0};

    assert_true(relays_n < 8);
    relays[relays_n] = crowd_relay_new(port, from);
    line.port = crowd_relay_port(relays[relays_n++]);
    return known ? player_returns(party, &line, name) : player_new_account(party, &line, name);
}

/* The list of players has this name with this address. */
static bool is_listed(const char *name, const char *address)
{
    char wanted[64];
    const char *list = daemon_ask(&server, "players.list", NULL), *row, *last;

    assert_non_null(list);
    snprintf(wanted, sizeof(wanted), "\"name\":\"%s\"", name);
    row = strstr(list, wanted);
    if (row == NULL)
        return false;
    last = strchr(row, '}');
    snprintf(wanted, sizeof(wanted), "\"address\":\"%s:", address);
    row = strstr(row, wanted);
    return row != NULL && row < last;
}

static unsigned said(const char *text)
{
    unsigned n = 0;

    for (const char *at = daemon_log(&server); (at = strstr(at, text)) != NULL; at++)
        n++;
    return n;
}

/* ---- tests ---- */

static void test_own_addresses(void **state)
{
    (void)state;
    come("127.0.0.7", proxy.port, "alice", false);
    come("127.0.0.8", proxy.port, "bob", false);
    come("127.0.0.9", server.port, "carol", false); /* past the proxy, and not trusted */
    assert_true(is_listed("alice", "127.0.0.7"));
    assert_true(is_listed("bob", "127.0.0.8"));
    assert_true(is_listed("carol", "127.0.0.9"));
    UNTIL(party, DEADLINE_MS, player_sees(party->players, party->players->next) != NULL);
    assert_int_equal(daemon_metric(&server, "openmmo_proxy_refused_total"),
                     0); /* nor the proxy's own looks */
}

static unsigned closed_n(const int *fds, unsigned n)
{
    unsigned closed = 0;

    for (unsigned i = 0; i < n; i++)
        closed += raw_closed(fds[i]);
    return closed;
}

/* Each address has its share, however many come by the one proxy: of one more than that one is
 * refused, whichever comes last. */
static void test_limits(void **state)
{
    int seven[LIMIT + 1], eight[LIMIT + 1];

    (void)state;
    for (unsigned i = 0; i < LIMIT + 1; i++)
        seven[i] = connect_from("127.0.0.7", proxy.port);
    UNTIL(party, DEADLINE_MS, closed_n(seven, LIMIT + 1) == 1);
    assert_int_equal(daemon_metric(&server, "openmmo_refused_address_total"), 1);
    for (unsigned i = 0; i < LIMIT + 1; i++)
        eight[i] = connect_from("127.0.0.8", proxy.port);
    UNTIL(party, DEADLINE_MS, closed_n(eight, LIMIT + 1) == 1);
    assert_int_equal(daemon_metric(&server, "openmmo_refused_address_total"), 2);
    come("127.0.0.9", proxy.port, "carol", false);
    assert_int_equal(closed_n(seven, LIMIT + 1) + closed_n(eight, LIMIT + 1), 2);
    for (unsigned i = 0; i < LIMIT + 1; i++)
        close(seven[i]), close(eight[i]);
}

/* The proxy's address alone opens nothing: one line says why. */
static void test_no_header(void **state)
{
    static const uint8_t hello[] = {0x16, 3, 1, 2, 0, 1, 0, 1, 0xfc, 3, 3};
    int fd = connect_from("127.0.0.1", server.port);

    (void)state;
    assert_int_equal(send(fd, hello, sizeof(hello), MSG_NOSIGNAL), sizeof(hello));
    UNTIL(party, DEADLINE_MS, raw_closed(fd));
    close(fd);
    UNTIL(party, DEADLINE_MS, said("event=proxy_refused") > 0);
    assert_int_equal(said("event=proxy_refused"), 1);
    assert_true(daemon_said(&server, "address=127.0.0.1:"));
    assert_int_equal(daemon_metric(&server, "openmmo_proxy_refused_total"), 1);
    come("127.0.0.7", proxy.port, "alice", false);
}

/* Who came by it is gone with it, who did not plays on; then all is as it was. */
static void test_proxy_dies(void **state)
{
    struct player *alice = come("127.0.0.7", proxy.port, "alice", false), *carol;

    (void)state;
    carol = come("127.0.0.9", server.port, "carol", false);
    kill_proxy();
    UNTIL(party, DEADLINE_MS, alice->gone);
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_connections") == 1);
    stage_expect_walking(carol, DEADLINE_MS);
    start_proxy();
    come("127.0.0.7", proxy.port, "alice", true);
    assert_true(is_listed("alice", "127.0.0.7"));
    assert_true(is_listed("carol", "127.0.0.9"));
    assert_false(carol->gone);
    assert_int_equal(daemon_metric(&server, "openmmo_proxy_refused_total"), 0);
}

#define PROXIED(test) cmocka_unit_test_setup_teardown(test, begin, end)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        PROXIED(test_own_addresses),
        PROXIED(test_limits),
        PROXIED(test_no_header),
        PROXIED(test_proxy_dies),
    };

    signal(SIGPIPE, SIG_IGN);
    if (argc == 2)
        cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
