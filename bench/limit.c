/* limit.c -- what one core of this machine can send and receive, through plain sockets and through
 * TLS: the bar that the server's figures are held against.
 *
 *   bench/limit [--connections N] [--sizes BYTES,...] [--only plain|tls] [--server-cpu C]
 *               [--load-cpu C]
 *
 * This process stands for the server and sits on one core; its child holds the other ends of N
 * loopback connections on another. They go in rounds, as ticks do: one message to each connection,
 * then a wait until the other end has taken all of it. What counts is this process's CPU time
 * inside the sends (or receives) alone; it holds what the kernel does for them, the receiver's TCP
 * on loopback included. Five slices of each; the median is the figure, lowest and highest stand
 * beside it. Prints one JSON object. Exit status: 0, 1 with a sentence, 2 wrong usage.
 */
#include <config.h> /* first: it opens up the system headers */

#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "common/compiler.h"

#define SLICES          5
#define SLICE_CPU_NS    60000000ull /* CPU time that a slice takes, about */
#define STALL_NS        10000000000ull
#define SIZES_MAX       16
#define SIZE_MAX_BYTES  65536
#define CONNECTIONS_MAX 10000
#define EVENTS_MAX      512

enum what { SEND, RECEIVE };

/* One end of a connection; ssl is NULL where it is plain. */
struct lane {
    int fd;
    SSL *ssl;
};

/* What both processes see. */
struct shared {
    _Atomic uint64_t taken; /* payload bytes that the child has received */
    _Atomic bool broken;
};

struct end {
    struct lane *lanes;
    unsigned lanes_n;
    struct shared *shared;
    int order[2], done[2]; /* pipes: the size of a round that the child shall send; a byte back */
    int epoll;
    unsigned char *room; /* SIZE_MAX_BYTES */
};

struct options {
    unsigned connections;
    size_t sizes[SIZES_MAX];
    unsigned sizes_n;
    bool plain, tls;
    int server_cpu, load_cpu;
};

struct figure {
    double median_ns, lowest_ns, highest_ns; /* of one message */
};

static void die(const char *what)
{
    fprintf(stderr, "bench/limit: %s: %s\n", what, errno ? strerror(errno) : "TLS failed");
    exit(1);
}

static uint64_t clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return (uint64_t)t.tv_sec * 1000000000ull + (uint64_t)t.tv_nsec;
}

static void pin_to(int cpu)
{
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    if (cpu >= 0 && sched_setaffinity(0, sizeof set, &set) != 0)
        die("cannot be on the core that was asked for");
}

/* ---- lanes ---- */

static void lane_set(struct lane *lane)
{
    int one = 1, room = 4 * SIZE_MAX_BYTES;
    setsockopt(lane->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    setsockopt(lane->fd, SOL_SOCKET, SO_SNDBUF, &room, sizeof room);
}

/* A message out. False if it does not go out whole at once: a round is too small to fill a socket.
 */
static bool lane_send(struct lane *lane, const unsigned char *bytes, size_t n)
{
    if (!lane->ssl)
        return send(lane->fd, bytes, n, MSG_NOSIGNAL) == (ssize_t)n;
    while (n > 0) { /* a record at a time */
        int sent = SSL_write(lane->ssl, bytes, (int)n);
        if (sent <= 0)
            return false;
        bytes += sent;
        n -= (size_t)sent;
    }
    return true;
}

/* All that waits at the lane; -1 if it is broken. */
static ssize_t lane_drain(struct lane *lane, unsigned char *room)
{
    ssize_t total = 0, n;
    for (;;) {
        if (lane->ssl)
            n = SSL_read(lane->ssl, room, SIZE_MAX_BYTES);
        else
            n = recv(lane->fd, room, SIZE_MAX_BYTES, 0);
        if (n > 0)
            total += n;
        if (n > 0 && !lane->ssl && n < SIZE_MAX_BYTES)
            return total;
        if (n > 0)
            continue;
        if (lane->ssl)
            return SSL_get_error(lane->ssl, (int)n) == SSL_ERROR_WANT_READ ? total : -1;
        return n < 0 && errno == EAGAIN ? total : -1;
    }
}

static void lanes_watch(struct end *end)
{
    end->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (end->epoll < 0)
        die("epoll");
    for (unsigned i = 0; i < end->lanes_n; i++) {
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = i};
        fcntl(end->lanes[i].fd, F_SETFL, fcntl(end->lanes[i].fd, F_GETFL) | O_NONBLOCK);
        if (epoll_ctl(end->epoll, EPOLL_CTL_ADD, end->lanes[i].fd, &event) != 0)
            die("epoll");
    }
}

/* ---- TLS ---- */

static EVP_PKEY *make_key(X509 **certificate)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    if (!key || !x)
        die("cannot make a key");
    X509_set_version(x, X509_VERSION_3);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 24L * 3600);
    X509_set_pubkey(x, key);
    if (X509_sign(x, key, EVP_sha256()) == 0)
        die("cannot make a certificate");
    *certificate = x;
    return key;
}

static SSL_CTX *make_context(bool server)
{
    SSL_CTX *context = SSL_CTX_new(server ? TLS_server_method() : TLS_client_method());
    if (!context || SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION) != 1 ||
        SSL_CTX_set_ciphersuites(context, "TLS_AES_128_GCM_SHA256") != 1)
        die("cannot set up TLS");
    SSL_CTX_set_num_tickets(context, 0);
    SSL_CTX_set_read_ahead(context, 1);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    if (server) {
        X509 *certificate;
        EVP_PKEY *key = make_key(&certificate);
        if (SSL_CTX_use_certificate(context, certificate) != 1 ||
            SSL_CTX_use_PrivateKey(context, key) != 1)
            die("cannot set up TLS");
        X509_free(certificate);
        EVP_PKEY_free(key);
    }
    return context;
}

static void lane_secure(struct lane *lane, SSL_CTX *context, bool server)
{
    errno = 0;
    lane->ssl = SSL_new(context);
    if (!lane->ssl || SSL_set_fd(lane->ssl, lane->fd) != 1 ||
        (server ? SSL_accept(lane->ssl) : SSL_connect(lane->ssl)) != 1)
        die("handshake");
}

/* ---- the child: the other ends ---- */

static void child_take(struct end *end, unsigned lane)
{
    ssize_t n = lane_drain(&end->lanes[lane], end->room);
    if (n < 0)
        atomic_store(&end->shared->broken, true);
    else
        atomic_fetch_add(&end->shared->taken, (uint64_t)n);
}

static void child_send_round(struct end *end)
{
    uint32_t bytes;
    ssize_t n = read(end->order[0], &bytes, sizeof bytes);
    if (n != sizeof bytes || bytes > SIZE_MAX_BYTES)
        _exit(0); /* the parent is gone */
    for (unsigned i = 0; i < end->lanes_n; i++) {
        if (!lane_send(&end->lanes[i], end->room, bytes))
            atomic_store(&end->shared->broken, true);
    }
    if (write(end->done[1], "", 1) != 1)
        _exit(0);
}

static void child_run(struct end *end)
{
    struct epoll_event events[EVENTS_MAX], order = {.events = EPOLLIN, .data.u32 = UINT32_MAX};
    lanes_watch(end);
    if (epoll_ctl(end->epoll, EPOLL_CTL_ADD, end->order[0], &order) != 0)
        die("epoll");
    for (;;) {
        int n = epoll_wait(end->epoll, events, EVENTS_MAX, -1);
        for (int i = 0; i < n; i++) {
            if (events[i].data.u32 == UINT32_MAX)
                child_send_round(end);
            else
                child_take(end, events[i].data.u32);
        }
    }
}

static int connect_to(const struct sockaddr_in *address)
{
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || connect(fd, (const struct sockaddr *)address, sizeof *address) != 0)
        die("connect");
    return fd;
}

static _Noreturn void child_main(struct end *end, const struct sockaddr_in *address, bool tls,
                                 int cpu)
{
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    pin_to(cpu);
    SSL_CTX *context = tls ? make_context(false) : NULL;
    close(end->order[1]);
    for (unsigned i = 0; i < end->lanes_n; i++) {
        end->lanes[i].fd = connect_to(address);
        lane_set(&end->lanes[i]);
        if (tls)
            lane_secure(&end->lanes[i], context, false);
    }
    child_run(end);
    _exit(0);
}

/* ---- the parent: the server's side ---- */

static int listen_anywhere(struct sockaddr_in *address)
{
    socklen_t len = sizeof *address;
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    *address =
        (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    if (fd < 0 || bind(fd, (struct sockaddr *)address, len) != 0 || listen(fd, 1024) != 0 ||
        getsockname(fd, (struct sockaddr *)address, &len) != 0)
        die("listen");
    return fd;
}

static void accept_all(struct end *end, int listener, SSL_CTX *context)
{
    for (unsigned i = 0; i < end->lanes_n; i++) {
        end->lanes[i].fd = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (end->lanes[i].fd < 0)
            die("accept");
        lane_set(&end->lanes[i]);
        if (context)
            lane_secure(&end->lanes[i], context, true);
    }
}

/* One message to each; what it cost in CPU time, not counting the wait until all were taken. */
static uint64_t round_send(struct end *end, size_t bytes)
{
    uint64_t goal = atomic_load(&end->shared->taken) + (uint64_t)bytes * end->lanes_n;
    uint64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    for (unsigned i = 0; i < end->lanes_n; i++) {
        if (!lane_send(&end->lanes[i], end->room, bytes))
            atomic_store(&end->shared->broken, true);
    }
    uint64_t cost = clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
    uint64_t patience = clock_ns(CLOCK_MONOTONIC) + STALL_NS;
    while (atomic_load(&end->shared->taken) < goal && !atomic_load(&end->shared->broken) &&
           clock_ns(CLOCK_MONOTONIC) < patience)
        usleep(100);
    if (atomic_load(&end->shared->taken) < goal)
        atomic_store(&end->shared->broken, true);
    return cost;
}

/* The other end sends one message to each of ours; what taking them all cost. */
static uint64_t round_receive(struct end *end, size_t bytes)
{
    struct epoll_event events[EVENTS_MAX];
    uint32_t order = (uint32_t)bytes;
    uint64_t left = (uint64_t)bytes * end->lanes_n;
    char done;
    if (write(end->order[1], &order, sizeof order) != sizeof order ||
        read(end->done[0], &done, 1) != 1)
        die("the other process is gone");
    uint64_t began = clock_ns(CLOCK_THREAD_CPUTIME_ID);
    while (left > 0 && !atomic_load(&end->shared->broken)) {
        int n = epoll_wait(end->epoll, events, EVENTS_MAX, 1000);
        if (n == 0)
            atomic_store(&end->shared->broken, true);
        for (int i = 0; i < n; i++) {
            ssize_t got = lane_drain(&end->lanes[events[i].data.u32], end->room);
            if (got < 0 || (uint64_t)got > left)
                atomic_store(&end->shared->broken, true);
            else
                left -= (uint64_t)got;
        }
    }
    return clock_ns(CLOCK_THREAD_CPUTIME_ID) - began;
}

static int compare(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct figure measure(struct end *end, enum what what, size_t bytes)
{
    uint64_t (*go)(struct end *, size_t) = what == SEND ? round_send : round_receive;
    double slices[SLICES];
    go(end, bytes); /* warm */
    for (unsigned i = 0; i < SLICES; i++) {
        uint64_t cost = 0, messages = 0;
        while (cost < SLICE_CPU_NS && !atomic_load(&end->shared->broken)) {
            cost += go(end, bytes);
            messages += end->lanes_n;
        }
        slices[i] = messages ? (double)cost / (double)messages : 0;
    }
    if (atomic_load(&end->shared->broken)) {
        errno = 0;
        fprintf(stderr, "bench/limit: a round of %zu B did not go through\n", bytes);
        exit(1);
    }
    qsort(slices, SLICES, sizeof slices[0], compare);
    return (struct figure){slices[SLICES / 2], slices[0], slices[SLICES - 1]};
}

static void print_row(bool tls, enum what what, size_t bytes, struct figure figure)
{
    static bool printed;
    printf("%s\n    {\"what\": \"%s\", \"how\": \"%s\", \"bytes\": %zu, \"per_cpu_second\": %.0f, "
           "\"us\": %.2f, \"us_lowest\": %.2f, \"us_highest\": %.2f}",
           printed ? "," : "", what == SEND ? "send" : "receive", tls ? "tls" : "plain", bytes,
           1e9 / figure.median_ns, figure.median_ns / 1e3, figure.lowest_ns / 1e3,
           figure.highest_ns / 1e3);
    printed = true;
}

static void end_open(struct end *end, unsigned connections)
{
    *end = (struct end){.lanes_n = connections, .epoll = -1};
    end->lanes = calloc(connections, sizeof *end->lanes);
    end->room = calloc(1, SIZE_MAX_BYTES);
    end->shared =
        mmap(NULL, sizeof *end->shared, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (!end->lanes || !end->room || end->shared == MAP_FAILED ||
        pipe2(end->order, O_CLOEXEC) != 0 || pipe2(end->done, O_CLOEXEC) != 0)
        die("set up");
}

static void end_close(struct end *end)
{
    for (unsigned i = 0; i < end->lanes_n; i++) {
        SSL_free(end->lanes[i].ssl);
        close(end->lanes[i].fd);
    }
    for (unsigned i = 0; i < 2; i++) {
        close(end->order[i]);
        close(end->done[i]);
    }
    close(end->epoll);
    munmap(end->shared, sizeof *end->shared);
    free(end->lanes);
    free(end->room);
}

/* All sizes, both ways, over fresh connections of one kind. */
static void measure_kind(const struct options *options, bool tls)
{
    struct end end;
    struct sockaddr_in address;
    SSL_CTX *context = tls ? make_context(true) : NULL;
    int listener = listen_anywhere(&address);
    end_open(&end, options->connections);
    fflush(stdout);
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child == 0)
        child_main(&end, &address, tls, options->load_cpu);
    accept_all(&end, listener, context);
    lanes_watch(&end);
    for (unsigned i = 0; i < options->sizes_n; i++)
        print_row(tls, SEND, options->sizes[i], measure(&end, SEND, options->sizes[i]));
    for (unsigned i = 0; i < options->sizes_n; i++)
        print_row(tls, RECEIVE, options->sizes[i], measure(&end, RECEIVE, options->sizes[i]));
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    close(listener);
    end_close(&end);
    SSL_CTX_free(context);
}

/* ---- usage ---- */

static _Noreturn void usage(void)
{
    fputs("usage: bench/limit [--connections N] [--sizes BYTES,...] [--only plain|tls] "
          "[--server-cpu C] [--load-cpu C]\n",
          stderr);
    exit(2);
}

static unsigned long number(const char *text, unsigned long min, unsigned long max)
{
    char *end;
    errno = 0;
    unsigned long n = strtoul(text, &end, 10);
    if (errno || end == text || *end || text[0] == '-' || n < min || n > max)
        usage();
    return n;
}

static void take_sizes(struct options *options, char *text)
{
    options->sizes_n = 0;
    for (char *at = strtok(text, ","); at; at = strtok(NULL, ",")) {
        if (options->sizes_n == SIZES_MAX)
            usage();
        options->sizes[options->sizes_n++] = number(at, 1, SIZE_MAX_BYTES);
    }
}

static void take_options(struct options *options, int argc, char **argv)
{
    static const struct option longopts[] = {
        {"connections", required_argument, NULL, 'n'}, {"sizes", required_argument, NULL, 's'},
        {"only", required_argument, NULL, 'o'},        {"server-cpu", required_argument, NULL, 'a'},
        {"load-cpu", required_argument, NULL, 'b'},    {NULL, 0, NULL, 0},
    };
    int c;
    while ((c = getopt_long(argc, argv, "", longopts, NULL)) != -1) {
        if (c == 'n') {
            options->connections = (unsigned)number(optarg, 1, CONNECTIONS_MAX);
        } else if (c == 's') {
            take_sizes(options, optarg);
        } else if (c == 'o' && (strcmp(optarg, "plain") == 0 || strcmp(optarg, "tls") == 0)) {
            options->plain = optarg[0] == 'p';
            options->tls = !options->plain;
        } else if (c == 'a') {
            options->server_cpu = (int)number(optarg, 0, CPU_SETSIZE - 1);
        } else if (c == 'b') {
            options->load_cpu = (int)number(optarg, 0, CPU_SETSIZE - 1);
        } else {
            usage();
        }
    }
    if (optind < argc || options->sizes_n == 0)
        usage();
}

int main(int argc, char **argv)
{
    struct options options = {.connections = 400,
                              .sizes = {200, 16384},
                              .sizes_n = 2,
                              .plain = true,
                              .tls = true,
                              .server_cpu = -1,
                              .load_cpu = -1};
    struct rlimit files;
    take_options(&options, argc, argv);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    signal(SIGPIPE, SIG_IGN);
    pin_to(options.server_cpu);
    printf("{\"connections\": %u, \"rows\": [", options.connections);
    if (options.plain)
        measure_kind(&options, false);
    if (options.tls)
        measure_kind(&options, true);
    printf("\n]}\n");
    return 0;
}
