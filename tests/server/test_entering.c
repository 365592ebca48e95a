/* test_entering.c -- how strangers come in, and that those who play do not feel it: proxies in
 * front, a storm of handshakes, an io thread that stands still. */
#include "scene.h"

#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "net/listener.h"
#include "net/tls_pool.h"
#include "ops/metrics.h"
#include "play/acceptor.h"
#include "standstill.h"

#define STORM   300
#define HELD_MS 10000
/* A turn's slice of handshakes is 2 ms of CPU time, one handshake about 1; the bounds of buckets.
 */
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define TURN_BOUND_US 65536
#else
#define TURN_BOUND_US 16384
#endif
#define WAIT_BOUND_MS 1000

static const char *const loopback[] = {"127.0.0.0/8"};

/* ---- behind a proxy ---- */

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"

/* A header with the client's address 198.51.100.n. */
static void send_header(int fd, uint8_t n)
{
    uint8_t bytes[28] =
        SIGNATURE "\x21\x11\x00\x0c\xc6\x33\x64\x00\x0a\x00\x00\x01\x01\x02\x1e\x61";

    bytes[19] = n;
    assert_int_equal(send(fd, bytes, sizeof(bytes), MSG_NOSIGNAL), sizeof(bytes));
}

static void turn_until_ready(struct scene *scene, int fd, short events)
{
    uint64_t limit_ms = scene_now_ms() + 10000;
    struct pollfd ready = {.fd = fd, .events = events};

    while (poll(&ready, 1, 0) == 0 && scene_now_ms() < limit_ms)
        scene_turn(scene);
    assert_true(ready.revents != 0);
}

static bool closed_by_peer(struct scene *scene, int fd)
{
    char byte;

    turn_until_ready(scene, fd, POLLIN);
    return recv(fd, &byte, 1, 0) <= 0;
}

/* TLS behind what was sent on fd; true when the handshake is done. */
static SSL *shake(struct scene *scene, SSL_CTX *context, int fd)
{
    SSL *ssl = SSL_new(context);
    uint64_t limit_ms = scene_now_ms() + 10000;
    int done = 0;

    SSL_set_fd(ssl, fd);
    SSL_set_connect_state(ssl);
    while (scene_now_ms() < limit_ms && (done = SSL_do_handshake(ssl)) != 1) {
        if (SSL_get_error(ssl, done) != SSL_ERROR_WANT_READ)
            break;
        scene_turn(scene);
    }
    if (done == 1)
        return ssl;
    SSL_free(ssl);
    return NULL;
}

static SSL_CTX *client_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    SSL_CTX_set_alpn_protos(context, (const uint8_t *)"\x09" PROTOCOL_ALPN, 10);
    return context;
}

static struct scene *proxied(void)
{
    struct scene *scene = scene_new(1);

    scene->config.trusted_proxies = loopback;
    scene->config.trusted_proxies_n = 1;
    scene->config.first_byte_ms = 600;
    return scene;
}

static int connected(struct scene *scene)
{
    int fd = scene_raw(scene);

    turn_until_ready(scene, fd, POLLOUT);
    return fd;
}

/* The header in single bytes, then TLS; the session is the client's, by address. */
static void test_proxied(void **state)
{
    struct scene *scene = proxied();
    SSL_CTX *context = client_context();
    uint8_t header[] = SIGNATURE "\x21\x11\x00\x10\xc6\x33\x64\x07\x0a\x00\x00\x01\x01\x02\x1e\x61"
                                 "\x04\x00\x01x";
    struct session_figures figures = {.address = ""};
    SSL *ssl;
    int fd;

    (void)state;
    scene_start(scene);
    fd = connected(scene);
    for (size_t i = 0; i < sizeof(header) - 1; i++) {
        assert_int_equal(send(fd, header + i, 1, MSG_NOSIGNAL), 1);
        scene_turn(scene);
    }
    ssl = shake(scene, context, fd);
    assert_non_null(ssl);
    /* the first slot, the first generation */
    assert_int_equal(sessions_figures(scene->sessions, UINT64_C(1) << 32, &figures), 0);
    assert_string_equal(figures.address, "198.51.100.7:258");
    SSL_free(ssl);
    close(fd);
    SSL_CTX_free(context);
    scene_free(scene);
}

/* Addresses are counted as the header says: the proxy's own is not. */
static void test_proxied_limits(void **state)
{
    struct scene *scene = proxied();
    SSL_CTX *context = client_context();
    int fds[6];
    SSL *ssls[6] = {NULL};

    (void)state;
    scene->config.before_login_per_address = 2;
    scene->config.first_byte_ms = 5000;
    scene_start(scene);
    for (unsigned i = 0; i < 6; i++) {
        fds[i] = connected(scene);
        send_header(fds[i], (uint8_t)(1 + i % 3 / 2)); /* 1 1 2 1 1 2 */
        ssls[i] = shake(scene, context, fds[i]);
    }
    assert_true(ssls[0] && ssls[1] && ssls[2] && ssls[5]);
    assert_true(!ssls[3] && !ssls[4]);
    for (unsigned i = 0; i < 6; i++) {
        SSL_free(ssls[i]);
        close(fds[i]);
    }
    SSL_CTX_free(context);
    scene_free(scene);
}

/* A trusted proxy that sends none, one that sends half of it, one that only looks. */
static void test_proxied_badly(void **state)
{
    struct scene *scene = proxied();
    int64_t refused = metrics_value(METRIC_PROXY_REFUSED);
    uint64_t began_ms;
    int none, half, look;

    (void)state;
    scene_start(scene);
    none = connected(scene), half = connected(scene), look = connected(scene);
    began_ms = scene_now_ms();
    assert_int_equal(send(none, "\x16\x03\x01", 3, MSG_NOSIGNAL), 3);
    assert_int_equal(send(half, SIGNATURE, 12, MSG_NOSIGNAL), 12);
    close(look);
    assert_true(closed_by_peer(scene, none));
    assert_true(scene_now_ms() - began_ms < 500);
    assert_true(closed_by_peer(scene, half)); /* by the deadline */
    assert_int_equal(metrics_value(METRIC_PROXY_REFUSED) - refused, 2);
    close(none), close(half);
    scene_free(scene);
}

/* From elsewhere a header is no TLS: closed, and nobody is known by what it says. */
static void test_not_trusted(void **state)
{
    struct scene *scene = scene_new(1);
    SSL_CTX *context = client_context();
    struct error error;
    SSL *ssl;
    int fd;

    (void)state;
    scene_start(scene);
    fd = connected(scene);
    send_header(fd, 1);
    assert_true(closed_by_peer(scene, fd));
    close(fd);
    /* a reload takes the list anew, all or nothing */
    scene->config.trusted_proxies = loopback;
    scene->config.trusted_proxies_n = 1;
    assert_int_equal(sessions_reconfigure(scene->sessions, &scene->config, &error), 0);
    fd = connected(scene);
    send_header(fd, 1);
    ssl = shake(scene, context, fd);
    assert_non_null(ssl);
    SSL_free(ssl);
    SSL_CTX_free(context);
    close(fd);
    scene_free(scene);
}

/* ---- a storm ---- */

/* A TLS client hello, as its record. */
static size_t client_hello(SSL_CTX *context, uint8_t *room, size_t room_bytes)
{
    SSL *ssl = SSL_new(context);
    BIO *out = BIO_new(BIO_s_mem());
    int n;

    SSL_set_bio(ssl, BIO_new(BIO_s_mem()), out);
    SSL_set_connect_state(ssl);
    SSL_do_handshake(ssl);
    n = BIO_read(out, room, (int)room_bytes);
    SSL_free(ssl);
    assert_true(n > 100);
    return (size_t)n;
}

static uint64_t longest_turn_us(const struct metrics_histogram *before)
{
    struct metrics_histogram after;

    metrics_histogram(METRIC_TURN_US, &after);
    return metrics_quantile(&after, before, 1.0);
}

/* Three hundred strangers who all say hello at once, each of whom costs the io thread a handshake;
 * meanwhile one plays on: no turn of the thread takes long, and the player hears of each tick. */
static void test_storm(void **state)
{
    struct scene *scene = scene_new(1);
    SSL_CTX *context = client_context();
    struct player *player;
    struct metrics_histogram before;
    int64_t accepted = metrics_value(METRIC_ACCEPTED);
    uint8_t hello[4096];
    size_t hello_n = client_hello(context, hello, sizeof(hello));
    uint64_t last_ms, worst_ms = 0, limit_ms;
    int fds[STORM];
    unsigned answered = 0, heard, first_rounds = 0;

    (void)state;
    scene->config.connections_max = STORM + 10;
    scene->config.before_login_per_address = STORM + 10;
    scene->every_ms = 50;
    scene_start(scene);
    player = scene_join(scene, "alice");
    /* All at once: this thread, which is control too, lets nobody in meanwhile. */
    for (unsigned i = 0; i < STORM; i++) {
        fds[i] = scene_raw(scene);
        for (ssize_t n = -1; n < 0;)
            n = send(fds[i], hello, hello_n, MSG_NOSIGNAL);
    }
    metrics_histogram(METRIC_TURN_US, &before);
    heard = player->counts[PROTOCOL_PONG];
    last_ms = scene_now_ms();
    limit_ms = last_ms + 20000;
    while (answered < STORM && scene_now_ms() < limit_ms) {
        uint64_t now_ms;
        player_move(player, 0, MOVEMENT_WALK, 3);
        if (player->counts[PROTOCOL_SELF] != heard) {
            heard = player->counts[PROTOCOL_SELF];
            now_ms = scene_now_ms();
            worst_ms = now_ms - last_ms > worst_ms ? now_ms - last_ms : worst_ms;
            last_ms = now_ms;
        }
        scene_turn(scene);
        first_rounds += metrics_value(METRIC_ACCEPTED) - accepted < STORM / 2;
        answered = 0;
        for (unsigned i = 0; i < STORM; i++) {
            struct pollfd ready = {.fd = fds[i], .events = POLLIN};
            answered += poll(&ready, 1, 0) == 1;
        }
    }
    print_message("longest turn %llu us CPU, longest wait for one's place %llu ms\n",
                  (unsigned long long)longest_turn_us(&before), (unsigned long long)worst_ms);
    assert_int_equal(answered, STORM);
    assert_true(longest_turn_us(&before) <= TURN_BOUND_US);
    assert_true(worst_ms < WAIT_BOUND_MS);
    assert_true(first_rounds > 1); /* they were let in by and by */
    assert_false(player_closed(player));
    for (unsigned i = 0; i < STORM; i++)
        close(fds[i]);
    SSL_CTX_free(context);
    scene_free(scene);
}

/* ---- several addresses ---- */

#define DOOR_WAITING 16 /* at each of two doors, before one of them is opened */

struct doors {
    uint16_t ports[2];
    unsigned arrived[2], asked;
    bool refuses;
};

static bool door_room(void *context)
{
    ((struct doors *)context)->asked++;
    return true;
}

static bool door_arrived(void *context, int fd, const struct sockaddr_storage *address)
{
    struct doors *doors = context;

    (void)address;
    doors->arrived[listener_bound(fd) == doors->ports[1]]++;
    close(fd);
    return !doors->refuses;
}

static int knock(uint16_t port)
{
    struct sockaddr_in where = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);

    where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&where, sizeof(where)), 0);
    return fd;
}

/* So many knock at each door in use; then all doors are opened, and so many are let in. */
static void open_doors(struct doors *doors, unsigned doors_n)
{
    const struct acceptor_handlers handlers = {door_room, door_arrived, doors};
    struct event_base *base = event_base_new();
    int sockets[2], fds[2 * DOOR_WAITING];
    uint64_t limit_ms = scene_now_ms() + 10000;
    struct acceptor *acceptor;
    struct error error;

    for (unsigned i = 0; i < doors_n; i++) {
        sockets[i] = listener_bind("127.0.0.1:0", &error);
        assert_true(sockets[i] >= 0);
        doors->ports[i] = listener_bound(sockets[i]);
    }
    for (unsigned i = 0; i < doors_n * DOOR_WAITING; i++)
        fds[i] = knock(doors->ports[i % doors_n]);
    acceptor = acceptor_new(base, sockets, doors_n, &handlers, &error);
    assert_non_null(acceptor);
    acceptor_pace(acceptor, 4);
    acceptor_open(acceptor);
    while (doors->arrived[0] + doors->arrived[1] < DOOR_WAITING && scene_now_ms() < limit_ms)
        event_base_loop(base, EVLOOP_ONCE);
    print_message("%u and %u came in, %u times asked\n", doors->arrived[0], doors->arrived[1],
                  doors->asked);
    acceptor_free(acceptor);
    event_base_free(base);
    for (unsigned i = 0; i < doors_n * DOOR_WAITING; i++)
        close(fds[i]);
}

/* More come by each of two addresses than are let in: neither waits for the other. */
static void test_two_doors(void **state)
{
    struct doors doors = {.refuses = false};

    (void)state;
    open_doors(&doors, 2);
    assert_in_range(doors.arrived[0], DOOR_WAITING / 4, DOOR_WAITING);
    assert_in_range(doors.arrived[1], DOOR_WAITING / 4, DOOR_WAITING);
}

/* Those who are refused at once take nothing of the pace: who stands behind them does not wait. */
static void test_refused_do_not_count(void **state)
{
    struct doors doors = {.refuses = true};

    (void)state;
    open_doors(&doors, 1);
    assert_int_equal(doors.arrived[0], DOOR_WAITING);
    assert_in_range(doors.asked, DOOR_WAITING, DOOR_WAITING + 2); /* at one go */
}

/* ---- an io thread that stands still ---- */

/* What holds a thread: a process of ours that attaches to it as a debugger does. */
struct debugger {
    pid_t process;
    int say, hear; /* pipes */
};

/* In the child: hold the thread until the other end of the pipe closes. Never returns. */
static void debug(pid_t thread, int say, int hear)
{
    char byte = standstill_begin(thread) ? 'y' : 'n';

    if (write(say, &byte, 1) == 1 && byte == 'y') {
        while (read(hear, &byte, 1) > 0)
            ;
        standstill_end(thread);
    }
    _exit(0);
}

/* False: the machine does not let us. */
static bool debugger_attach(struct debugger *debugger, pid_t thread)
{
    int down[2], up[2];
    char answer = 'n';

    assert_int_equal(pipe(down) + pipe(up), 0);
    debugger->process = fork();
    if (debugger->process == 0) {
        close(down[1]);
        debug(thread, up[1], down[0]);
    }
    prctl(PR_SET_PTRACER, debugger->process, 0, 0, 0);
    close(down[0]);
    close(up[1]);
    debugger->say = down[1];
    debugger->hear = up[0];
    return read(debugger->hear, &answer, 1) == 1 && answer == 'y';
}

static void debugger_detach(struct debugger *debugger)
{
    close(debugger->say);
    waitpid(debugger->process, NULL, 0);
    close(debugger->hear);
}

static size_t memory_bytes(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd + (size_t)metrics_value(METRIC_TLS_MEMORY);
}

/* All move and talk; returns how many hear of the world. */
static unsigned play_ms(struct scene *scene, struct player **players, unsigned n, unsigned ms)
{
    uint64_t until_ms = scene_now_ms() + ms;
    unsigned before[16], heard = 0;

    for (unsigned i = 0; i < n; i++)
        before[i] = players[i]->counts[PROTOCOL_SELF];
    for (unsigned turn = 0; scene_now_ms() < until_ms; turn++) {
        for (unsigned i = 0; i < n && turn % 32 == 0; i++)
            player_move(players[i], (uint16_t)(turn * 100), MOVEMENT_WALK, 6);
        scene_turn(scene);
    }
    for (unsigned i = 0; i < n; i++)
        heard += players[i]->counts[PROTOCOL_SELF] > before[i] + ms / 400;
    return heard;
}

/* Of those players, all in the order of their slots, so many are thread 0's. */
static unsigned on_first_thread(struct scene *scene, unsigned n)
{
    struct session_figures figures;
    unsigned found = 0;

    for (unsigned i = 0; i < n; i++) {
        assert_int_equal(sessions_figures(scene->sessions, UINT64_C(1) << 32 | i, &figures), 0);
        found += figures.thread == 0;
    }
    return found;
}

/* Turn until nobody has gone a step for a second: what was sent is walked, and shown. */
static void come_to_rest(struct scene *scene, struct player **players, unsigned n)
{
    uint64_t limit_ms = scene_now_ms() + 20000, still_ms = scene_now_ms();
    struct snapshot_entity was[16], is;

    memset(was, 0, sizeof(was));
    while (scene_now_ms() - still_ms < 1000) {
        assert_true(scene_now_ms() < limit_ms);
        scene_turn(scene);
        for (unsigned i = 0; i < n; i++) {
            assert_true(scene_entity(scene, players[i]->entity, &is));
            if (is.state.pos.x != was[i].state.pos.x || is.state.pos.z != was[i].state.pos.z ||
                is.state.yaw != was[i].state.yaw)
                still_ms = scene_now_ms();
            was[i] = is;
        }
    }
}

/* One of two io threads is held as a debugger would hold it, for ten seconds: its players wait, the
 * others play on, newcomers go to the other thread, memory stays bounded; then all go on. Who is on
 * which thread is by load, so not always four and four. */
static void test_held_thread(void **state)
{
    struct scene *scene = scene_new(2);
    struct player *players[8], *late;
    struct debugger debugger;
    struct session_figures figures;
    size_t before, held, after;
    unsigned others;

    (void)state;
    scene->config.moves_per_second = 80;
    scene->every_ms = 50;
    scene_start(scene);
    for (unsigned i = 0; i < 8; i++) {
        char name[16];
        snprintf(name, sizeof(name), "player%u", i);
        players[i] = scene_join(scene, name);
    }
    assert_int_equal(play_ms(scene, players, 8, 1500), 8);
    others = 8 - on_first_thread(scene, 8);
    assert_in_range(others, 1, 7);
    before = memory_bytes();
    if (!debugger_attach(&debugger, standstill_thread(getpid(), "io-0"))) {
        debugger_detach(&debugger);
        scene_free(scene);
        print_message("SKIPPED: this machine lets no process attach to another (ptrace)\n");
        skip();
    }
    assert_int_equal(play_ms(scene, players, 8, 2000), others);
    late = scene_join(scene, "latecomer");
    assert_int_equal(sessions_figures(scene->sessions, UINT64_C(1) << 32 | 8, &figures), 0);
    assert_int_equal(figures.thread, 1);
    assert_int_equal(play_ms(scene, players, 8, HELD_MS - 2000), others);
    held = memory_bytes();
    debugger_detach(&debugger);
    SCENE_UNTIL(scene, play_ms(scene, players, 8, 1000) == 8);
    for (unsigned i = 0; i < 8; i++)
        assert_false(player_closed(players[i]));
    assert_false(player_closed(late));
    come_to_rest(scene, players, 8);
    for (unsigned i = 0; i < 8; i++)
        scene_compare(scene, players[i]);
    after = memory_bytes();
    print_message("memory before %zu, held %zu, after %zu bytes\n", before, held, after);
    assert_in_range(held, 0, before + (2 << 20));
    assert_in_range(after, 0, before + (1 << 20));
    scene_free(scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_proxied),
        cmocka_unit_test(test_proxied_limits),
        cmocka_unit_test(test_proxied_badly),
        cmocka_unit_test(test_not_trusted),
        cmocka_unit_test(test_storm),
        cmocka_unit_test(test_two_doors),
        cmocka_unit_test(test_refused_do_not_count),
        cmocka_unit_test(test_held_thread),
    };

    if (tls_pool_install() != 0)
        return 1;
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
