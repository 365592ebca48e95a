/* tls_path.c -- what a write and a receive of our TLS stream cost, beside the bare system calls.
 *
 * N connections on loopback, accepted by our own listener. A thread of its own drains what comes
 * out of them, undecrypted; the measured thread writes one record to each connection a round and
 * counts its own CPU time. Rounds of all modes are interleaved, so that a busy machine disturbs
 * them alike; each figure is the median of its rounds.
 *
 *   send     send() of the bytes
 *   plain    stream_write of a plain stream
 *   openssl  SSL_write over OpenSSL's own socket BIO, OpenSSL's defaults
 *   tls      stream_write of a TLS stream
 *   gathered the same between stream_gather and its end, as the sweep does
 *   recv     epoll_wait and recv() of a small packet
 *   tls-in   the loop's turn: a MOVE's record, until the protocol above has its bytes
 *
 * Not installed. --only MODE runs one alone, for callgrind, perf and strace. */
#include <arpa/inet.h>
#include <errno.h>
#include <malloc.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "net/io.h"
#include "net/listener.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/tls_pool.h"
#include "ops/metrics.h"

#define SIZES_N    5
#define FILES_MAX  19000 /* of a process, on some machines */
#define ROUNDS_MAX 1000
#define MOVE_BYTES 13

enum mode {
    MODE_SEND,
    MODE_PLAIN,
    MODE_OPENSSL,
    MODE_TLS,
    MODE_GATHERED,
    MODE_RECV,
    MODE_TLS_IN,
    MODES_N
};

static const char *const mode_names[MODES_N] = {"send",     "plain", "openssl", "tls",
                                                "gathered", "recv",  "tls-in"};
static const size_t sizes[SIZES_N] = {60, 200, 1024, 4096, 12288};

struct end {
    int server_fd, client_fd; /* server_fd: where no stream owns it */
    struct stream *stream;
    SSL *server, *client;
};

struct bench {
    unsigned connections, rounds;
    int only; /* a mode, or -1 */
    char folder[64], certificate[128], key[128];
    SSL_CTX *tls, *plain_tls, *client_tls;
    struct event_base *base;
    struct io *io;
    struct listener *listener;
    int accepted; /* the last one */
    struct end *ends[MODES_N];
    unsigned opened;
    uint64_t input_bytes;
    int drain_epoll;
    atomic_uint_fast64_t drained;
    atomic_bool quit;
    pthread_t drainer;
    double figures[MODES_N][SIZES_N][ROUNDS_MAX]; /* us an operation */
};

static void fail(const char *what)
{
    fprintf(stderr, "tls_path: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double cpu_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e6 + (double)t.tv_nsec / 1e3;
}

/* ---- the peers ---- */

static void *drain(void *context)
{
    struct bench *b = context;
    struct epoll_event events[64];
    static char room[65536];

    while (!atomic_load(&b->quit)) {
        int n = epoll_wait(b->drain_epoll, events, 64, 20);
        for (int i = 0; i < n; i++) {
            ssize_t got;
            while ((got = recv(events[i].data.fd, room, sizeof(room), MSG_TRUNC)) > 0)
                atomic_fetch_add(&b->drained, (uint64_t)got);
        }
    }
    return NULL;
}

/* Until nothing more comes out: writes are synchronous on loopback. */
static void drain_wait(struct bench *b, uint64_t target)
{
    const struct timespec moment = {0, 200000};
    unsigned idle = 0;

    while (atomic_load(&b->drained) < target && idle++ < 50000)
        nanosleep(&moment, NULL);
    if (atomic_load(&b->drained) < target)
        fail("not all came out");
}

static size_t on_input(void *context, uint8_t *bytes, size_t len_bytes)
{
    (void)bytes;
    ((struct bench *)context)->input_bytes += len_bytes;
    return len_bytes;
}

static void on_opened(void *context)
{
    ((struct bench *)context)->opened++;
}

static void on_settled(void *context, bool begun)
{
    (void)context;
    (void)begun;
}

static void on_refused(void *context)
{
    (void)context;
    fail("a write was refused");
}

static void on_drained(void *context)
{
    (void)context;
}

static void on_ended(void *context, enum stream_end end)
{
    (void)context;
    (void)end;
    fail("a connection ended");
}

static const struct stream_handlers handlers = {.opened = on_opened,
                                                .input = on_input,
                                                .settled = on_settled,
                                                .refused = on_refused,
                                                .drained = on_drained,
                                                .ended = on_ended};

static void on_accepted(void *context, int fd, const struct sockaddr_storage *address)
{
    (void)address;
    ((struct bench *)context)->accepted = fd;
}

static bool always(void *context)
{
    (void)context;
    return true;
}

static const struct listener_handlers listening = {always, on_accepted};

static void turn(struct bench *b)
{
    event_base_loop(b->base, EVLOOP_NONBLOCK);
}

static void connect_one(struct bench *b, struct end *end)
{
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

    to.sin_port = htons(listener_port(b->listener));
    if (fd < 0 || connect(fd, (struct sockaddr *)&to, sizeof(to)) != 0)
        fail("connect");
    b->accepted = -1;
    while (b->accepted < 0)
        turn(b);
    end->client_fd = fd;
    end->server_fd = b->accepted;
}

static void handshake(struct bench *b, struct end *end)
{
    bool client = false, server = end->server == NULL;

    end->client = SSL_new(b->client_tls);
    SSL_set_fd(end->client, end->client_fd);
    SSL_set_connect_state(end->client);
    while (!client || !server) {
        client = client || SSL_do_handshake(end->client) == 1;
        server = server || SSL_do_handshake(end->server) == 1;
        turn(b);
    }
}

static void open_one(struct bench *b, enum mode mode, struct end *end)
{
    unsigned before = b->opened;

    connect_one(b, end);
    evutil_make_socket_nonblocking(end->client_fd);
    if (mode == MODE_OPENSSL) {
        end->server = SSL_new(b->plain_tls);
        SSL_set_fd(end->server, end->server_fd);
        SSL_set_accept_state(end->server);
        handshake(b, end);
    } else if (mode == MODE_TLS || mode == MODE_GATHERED || mode == MODE_TLS_IN ||
               mode == MODE_PLAIN) {
        end->stream =
            stream_new(b->io, end->server_fd, mode == MODE_PLAIN ? NULL : b->tls, &handlers, b);
        if (end->stream == NULL)
            fail("stream_new");
        if (mode != MODE_PLAIN)
            handshake(b, end);
        while (b->opened == before)
            turn(b);
    }
    if (mode != MODE_TLS_IN) { /* what comes out is not decrypted */
        SSL_free(end->client);
        end->client = NULL;
    }
}

static void watch(struct bench *b, enum mode mode)
{
    for (unsigned i = 0; i < b->connections; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.fd = b->ends[mode][i].client_fd};
        if (epoll_ctl(b->drain_epoll, EPOLL_CTL_ADD, event.data.fd, &event) != 0)
            fail("epoll_ctl");
    }
}

/* ---- out ---- */

static uint64_t record_bytes(enum mode mode, size_t n)
{
    return mode == MODE_OPENSSL || mode == MODE_TLS || mode == MODE_GATHERED
               ? n + 22
               : n; /* header, type, tag */
}

static double round_out(struct bench *b, enum mode mode, size_t n)
{
    static uint8_t bytes[16384];
    uint64_t target = atomic_load(&b->drained) + b->connections * record_bytes(mode, n);
    double began = cpu_us(), spent;
    bool ok = true;

    if (mode == MODE_GATHERED)
        stream_gather(b->io);
    for (unsigned i = 0; i < b->connections; i++) {
        struct end *end = &b->ends[mode][i];
        bytes[0] = (uint8_t)i;
        if (mode == MODE_SEND)
            ok &= send(end->server_fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
        else if (mode == MODE_OPENSSL)
            ok &= SSL_write(end->server, bytes, (int)n) == (int)n;
        else
            ok &= stream_write(end->stream, bytes, n) == STREAM_SENT;
    }
    if (mode == MODE_GATHERED)
        stream_gather_end(b->io);
    spent = cpu_us() - began;
    if (!ok)
        fail("a write was refused");
    drain_wait(b, target);
    return spent / b->connections;
}

/* ---- in ---- */

static double round_recv(struct bench *b, int epoll)
{
    struct epoll_event events[64];
    uint8_t room[MOVE_BYTES + 22];
    unsigned got = 0;
    double began, spent;

    for (unsigned i = 0; i < b->connections; i++) {
        if (send(b->ends[MODE_RECV][i].client_fd, room, sizeof(room), 0) != sizeof(room))
            fail("send");
    }
    began = cpu_us();
    while (got < b->connections) {
        int n = epoll_wait(epoll, events, 64, -1);
        for (int i = 0; i < n; i++)
            got += recv(events[i].data.fd, room, sizeof(room), 0) == sizeof(room);
    }
    spent = cpu_us() - began;
    return spent / b->connections;
}

static double round_tls_in(struct bench *b)
{
    uint64_t target = b->input_bytes + (uint64_t)b->connections * MOVE_BYTES;
    uint8_t move[MOVE_BYTES] = {0};
    double began, spent;

    for (unsigned i = 0; i < b->connections; i++) {
        if (SSL_write(b->ends[MODE_TLS_IN][i].client, move, MOVE_BYTES) != MOVE_BYTES)
            fail("SSL_write");
    }
    began = cpu_us();
    while (b->input_bytes < target)
        turn(b);
    spent = cpu_us() - began;
    return spent / b->connections;
}

/* ---- the whole ---- */

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;

    return x < y ? -1 : x > y;
}

static size_t heap_bytes(void)
{
    struct mallinfo2 info = mallinfo2();

    return info.uordblks + info.hblkhd + (size_t)metrics_value(METRIC_TLS_MEMORY);
}

static void begin(struct bench *b)
{
    struct error error = {""};
    struct rlimit limit;
    bool made;

    if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
        limit.rlim_cur = limit.rlim_max;
        setrlimit(RLIMIT_NOFILE, &limit);
    }
    snprintf(b->folder, sizeof(b->folder), "/tmp/tls_path.XXXXXX");
    if (mkdtemp(b->folder) == NULL)
        fail("mkdtemp");
    snprintf(b->certificate, sizeof(b->certificate), "%s/certificate.pem", b->folder);
    snprintf(b->key, sizeof(b->key), "%s/key.pem", b->folder);
    if (tls_ensure_certificate(b->certificate, b->key, &made, &error) != 0)
        fail(error.text);
    b->tls = tls_context_new(b->certificate, b->key, "bench/1", &error);
    b->plain_tls = SSL_CTX_new(TLS_server_method());
    b->client_tls = SSL_CTX_new(TLS_client_method());
    b->base = event_base_new();
    b->io = io_new(&(struct io_config){.base = b->base}, &error);
    b->listener =
        listener_new(b->base, listener_bind("127.0.0.1:0", &error), &listening, b, &error);
    b->drain_epoll = epoll_create1(EPOLL_CLOEXEC);
    if (b->tls == NULL || b->plain_tls == NULL || b->client_tls == NULL || b->io == NULL ||
        b->listener == NULL || b->drain_epoll < 0)
        fail("begin");
    SSL_CTX_use_certificate_chain_file(b->plain_tls, b->certificate);
    SSL_CTX_use_PrivateKey_file(b->plain_tls, b->key, SSL_FILETYPE_PEM);
    SSL_CTX_set_num_tickets(b->plain_tls, 0);
    SSL_CTX_set_alpn_protos(b->client_tls, (const uint8_t *)"\7bench/1", 8);
    listener_open(b->listener);
    unlink(b->certificate);
    unlink(b->key);
    rmdir(b->folder);
}

static bool wanted(const struct bench *b, enum mode mode)
{
    return b->only < 0 || b->only == (int)mode;
}

static int open_all(struct bench *b)
{
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    for (enum mode mode = 0; mode < MODES_N; mode++) {
        if (!wanted(b, mode))
            continue;
        b->ends[mode] = calloc(b->connections, sizeof(struct end));
        for (unsigned i = 0; i < b->connections; i++)
            open_one(b, mode, &b->ends[mode][i]);
        if (mode <= MODE_GATHERED)
            watch(b, mode);
        for (unsigned i = 0; mode == MODE_RECV && i < b->connections; i++) {
            struct epoll_event event = {.events = EPOLLIN, .data.fd = b->ends[mode][i].server_fd};
            epoll_ctl(epoll, EPOLL_CTL_ADD, event.data.fd, &event);
        }
    }
    return epoll;
}

static void measure(struct bench *b, int epoll)
{
    for (unsigned r = 0; r < b->rounds; r++) {
        for (unsigned s = 0; s < SIZES_N; s++) {
            for (enum mode mode = 0; mode <= MODE_GATHERED; mode++) {
                if (wanted(b, mode))
                    b->figures[mode][s][r] = round_out(b, mode, sizes[s]);
            }
        }
        if (wanted(b, MODE_RECV))
            b->figures[MODE_RECV][0][r] = round_recv(b, epoll);
        if (wanted(b, MODE_TLS_IN))
            b->figures[MODE_TLS_IN][0][r] = round_tls_in(b);
    }
}

static void report(struct bench *b)
{
    printf("%-8s", "us each");
    for (unsigned s = 0; s < SIZES_N; s++)
        printf(" %7zu B", sizes[s]);
    printf("\n");
    for (enum mode mode = 0; mode < MODES_N; mode++) {
        if (!wanted(b, mode))
            continue;
        printf("%-8s", mode_names[mode]);
        for (unsigned s = 0; s < (mode <= MODE_GATHERED ? SIZES_N : 1); s++) {
            qsort(b->figures[mode][s], b->rounds, sizeof(double), by_value);
            printf(" %9.2f", b->figures[mode][s][b->rounds / 2]);
        }
        printf("\n");
    }
}

int main(int argc, char **argv)
{
    static struct bench bench = {.connections = 400, .rounds = 30, .only = -1};
    struct bench *b = &bench;
    size_t heap;
    bool pool = true;
    int epoll;

    for (int i = 1; i + 1 < argc; i += 2) {
        if (strcmp(argv[i], "--connections") == 0)
            b->connections = (unsigned)atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--rounds") == 0)
            b->rounds = (unsigned)atoi(argv[i + 1]);
        else if (strcmp(argv[i], "--pool") == 0)
            pool = strcmp(argv[i + 1], "no") != 0;
        for (int mode = 0; strcmp(argv[i], "--only") == 0 && mode < MODES_N; mode++) {
            if (strcmp(argv[i + 1], mode_names[mode]) == 0)
                b->only = mode;
        }
    }
    if (b->rounds == 0 || b->rounds > ROUNDS_MAX || b->connections == 0) {
        fprintf(stderr,
                "usage: tls_path [--connections N] [--rounds 1..1000] [--only MODE] [--pool no]\n");
        return 2;
    }
    if (pool && tls_pool_install() != 0)
        fail("tls_pool_install");
    if (b->connections > FILES_MAX / (2 * MODES_N)) {
        fprintf(stderr, "tls_path: at most %d connections of each mode\n",
                FILES_MAX / (2 * MODES_N));
        return 2;
    }
    begin(b);
    heap = heap_bytes();
    epoll = open_all(b);
    if (b->only >= 0)
        printf("heap bytes a connection: %zu\n", (heap_bytes() - heap) / b->connections);
    if (pthread_create(&b->drainer, NULL, drain, b) != 0)
        fail("pthread_create");
    measure(b, epoll);
    report(b);
    atomic_store(&b->quit, true);
    pthread_join(b->drainer, NULL);
    return 0;
}
