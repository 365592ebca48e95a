/* test_stream.c -- streams over socket pairs against a plain OpenSSL client: echo, single bytes, a
 * peer that does not read, garbage, a missing protocol name; and the making of certificates, and
 * listening. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "net/io.h"
#include "net/listener.h"
#include "net/stream.h"
#include "net/tls.h"
#include "net/tls_pool.h"
#include "ops/metrics.h"

#define DEADLINE_MS 20000

/* The world of one test: an io on our own base, one stream that echoes, and its peer. */
struct scene {
    char folder[64], certificate[128], key[128];
    SSL_CTX *server, *client;
    struct event_base *base;
    struct io *io;
    struct stream *stream;
    int fd; /* the peer's */
    SSL *ssl;
    unsigned opened, refused, drained, ended;
    enum stream_end end;
    bool begun, pause_at_input;
    size_t take; /* bytes that input takes at most; 0: all */
    int sndbuf;  /* of the stream's socket */
    uint8_t *got;
    size_t got_n;
};

static uint64_t now_ms(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static void on_opened(void *context)
{
    ((struct scene *)context)->opened++;
}

static size_t on_input(void *context, uint8_t *bytes, size_t len_bytes)
{
    struct scene *s = context;
    size_t n = s->take == 0 || s->take > len_bytes ? len_bytes : s->take;

    s->got = realloc(s->got, s->got_n + n + 1);
    assert_non_null(s->got);
    memcpy(s->got + s->got_n, bytes, n);
    s->got_n += n;
    if (s->pause_at_input)
        stream_pause(s->stream);
    return n;
}

static void on_settled(void *context, bool begun)
{
    ((struct scene *)context)->begun = begun;
}

static void on_refused(void *context)
{
    ((struct scene *)context)->refused++;
}

static void on_drained(void *context)
{
    ((struct scene *)context)->drained++;
}

static void on_ended(void *context, enum stream_end end)
{
    struct scene *s = context;

    s->ended++;
    s->end = end;
}

static const struct stream_handlers handlers = {.opened = on_opened,
                                                .input = on_input,
                                                .settled = on_settled,
                                                .refused = on_refused,
                                                .drained = on_drained,
                                                .ended = on_ended};

static void turn(struct scene *s)
{
    event_base_loop(s->base, EVLOOP_NONBLOCK);
}

/* Turn the loop until condition holds, at most DEADLINE_MS. */
#define UNTIL(s, condition)                                                                        \
    do {                                                                                           \
        uint64_t limit_ms = now_ms() + DEADLINE_MS;                                                \
        while (!(condition) && now_ms() < limit_ms)                                                \
            turn(s);                                                                               \
        assert_true(condition);                                                                    \
    } while (0)

static int setup(void **state)
{
    struct scene *s = calloc(1, sizeof(*s));
    struct error error = {{0}};
    bool made;

    snprintf(s->folder, sizeof(s->folder), "/tmp/test_stream.XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->certificate, sizeof(s->certificate), "%s/certificate.pem", s->folder);
    snprintf(s->key, sizeof(s->key), "%s/key.pem", s->folder);
    assert_int_equal(tls_ensure_certificate(s->certificate, s->key, &made, &error), 0);
    assert_true(made);
    s->server = tls_context_new(s->certificate, s->key, "test/1", &error);
    assert_non_null(s->server);
    s->client = SSL_CTX_new(TLS_client_method());
    SSL_CTX_set_alpn_protos(s->client, (const uint8_t *)"\6test/1", 7);
    s->base = event_base_new();
    s->io = io_new(&(struct io_config){.base = s->base}, &error);
    assert_non_null(s->io);
    s->fd = -1;
    s->sndbuf = 4096;
    *state = s;
    return 0;
}

static int teardown(void **state)
{
    struct scene *s = *state;

    stream_free(s->stream);
    SSL_free(s->ssl);
    if (s->fd >= 0)
        close(s->fd);
    io_stop(s->io);
    io_free(s->io);
    event_base_free(s->base);
    SSL_CTX_free(s->server);
    SSL_CTX_free(s->client);
    unlink(s->certificate);
    unlink(s->key);
    rmdir(s->folder);
    free(s->got);
    free(s);
    return 0;
}

static void connect_pair(struct scene *s, SSL_CTX *tls)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &s->sndbuf, sizeof(s->sndbuf));
    s->fd = fds[1];
    s->stream = stream_new(s->io, fds[0], tls, &handlers, s);
    assert_non_null(s->stream);
}

static void connect_tls(struct scene *s)
{
    connect_pair(s, s->server);
    s->ssl = SSL_new(s->client);
    SSL_set_fd(s->ssl, s->fd);
    SSL_set_connect_state(s->ssl);
    UNTIL(s, SSL_do_handshake(s->ssl) == 1);
    UNTIL(s, s->opened == 1);
}

/* What the peer reads, until n bytes came. */
static void peer_read(struct scene *s, uint8_t *room, size_t n)
{
    size_t have = 0;
    uint64_t until_ms = now_ms() + DEADLINE_MS;

    while (have < n && now_ms() < until_ms) {
        int got = s->ssl != NULL ? SSL_read(s->ssl, room + have, (int)(n - have))
                                 : (int)recv(s->fd, room + have, n - have, 0);
        if (got > 0)
            have += (size_t)got;
        else
            turn(s);
    }
    assert_int_equal(have, n);
}

static void test_plain_echo(void **state)
{
    struct scene *s = *state;
    uint8_t room[16];

    connect_pair(s, NULL);
    UNTIL(s, s->opened == 1);
    assert_int_equal(send(s->fd, "hello", 5, 0), 5);
    UNTIL(s, s->got_n == 5);
    assert_memory_equal(s->got, "hello", 5);
    assert_false(s->begun);
    assert_int_equal(stream_write(s->stream, "world", 5), STREAM_SENT);
    peer_read(s, room, 5);
    assert_memory_equal(room, "world", 5);
    assert_int_equal(stream_bytes_in(s->stream), 5);
    assert_int_equal(stream_bytes_out(s->stream), 5);
    shutdown(s->fd, SHUT_WR);
    UNTIL(s, s->ended == 1);
    assert_int_equal(s->end, STREAM_END_PEER);
}

static void test_tls_echo(void **state)
{
    struct scene *s = *state;
    uint8_t room[16];

    connect_tls(s);
    assert_int_equal(SSL_version(s->ssl), TLS1_3_VERSION);
    assert_int_equal(SSL_write(s->ssl, "hello", 5), 5);
    UNTIL(s, s->got_n == 5);
    assert_memory_equal(s->got, "hello", 5);
    assert_int_equal(stream_write(s->stream, "world", 5), STREAM_SENT);
    peer_read(s, room, 5);
    assert_memory_equal(room, "world", 5);
    SSL_shutdown(s->ssl);
    UNTIL(s, s->ended == 1);
    assert_int_equal(s->end, STREAM_END_PEER);
}

/* The peer's TLS bytes come one at a time: in the handshake and in the records. */
static void test_single_bytes(void **state)
{
    struct scene *s = *state;
    BIO *in = BIO_new(BIO_s_mem()), *out = BIO_new(BIO_s_mem());
    uint64_t until_ms = now_ms() + DEADLINE_MS;
    bool written = false;

    connect_pair(s, s->server);
    s->ssl = SSL_new(s->client);
    SSL_set_bio(s->ssl, in, out);
    SSL_set_connect_state(s->ssl);
    while (s->got_n < 5 && now_ms() < until_ms) {
        uint8_t byte, many[4096];
        ssize_t n = recv(s->fd, many, sizeof(many), 0);
        if (n > 0)
            BIO_write(in, many, (int)n);
        if (SSL_do_handshake(s->ssl) == 1 && !written)
            written = SSL_write(s->ssl, "hello", 5) == 5;
        if (BIO_read(out, &byte, 1) == 1)
            assert_int_equal(send(s->fd, &byte, 1, 0), 1);
        turn(s);
    }
    assert_int_equal(s->got_n, 5);
    assert_int_equal(s->opened, 1);
    /* half a record: begun */
    assert_int_equal(SSL_write(s->ssl, "again", 5), 5);
    uint8_t half[8];
    assert_int_equal(BIO_read(out, half, 8), 8);
    assert_int_equal(send(s->fd, half, 8, 0), 8);
    UNTIL(s, s->begun);
}

/* The peer does not read: the socket refuses, at most one record is kept, nothing more can be
 * written; then it reads and everything comes in order. */
static void test_short_writes(void **state)
{
    struct scene *s = *state;
    uint8_t record[IO_RECORD_MAX], *room;
    enum stream_written written = STREAM_SENT;
    size_t records = 0;

    connect_tls(s);
    while (written == STREAM_SENT && records < 1000) {
        memset(record, (int)('a' + records), sizeof(record));
        written = stream_write(s->stream, record, sizeof(record));
        records++;
    }
    assert_int_equal(written, STREAM_KEPT);
    assert_in_range(stream_kept_bytes(s->stream), 1, IO_RECORD_MAX + 256);
    assert_false(stream_writable(s->stream));
    room = malloc(records * IO_RECORD_MAX);
    peer_read(s, room, records * IO_RECORD_MAX);
    for (size_t i = 0; i < records; i++) {
        assert_int_equal(room[i * IO_RECORD_MAX], 'a' + i);
        assert_int_equal(room[(i + 1) * IO_RECORD_MAX - 1], 'a' + i);
    }
    free(room);
    UNTIL(s, s->drained == 1);
    assert_true(stream_writable(s->stream));
    assert_int_equal(stream_write(s->stream, "x", 1), STREAM_SENT);
}

/* A peer that asked for small records gets the whole of a write, in several. */
static void test_small_records(void **state)
{
    struct scene *s = *state;
    uint8_t bytes[5000], room[5000];

    SSL_CTX_set_tlsext_max_fragment_length(s->client, TLSEXT_max_fragment_length_512);
    connect_tls(s);
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 7 / 5);
    assert_int_not_equal(stream_write(s->stream, bytes, sizeof(bytes)), STREAM_DEAD);
    peer_read(s, room, sizeof(room));
    assert_memory_equal(room, bytes, sizeof(bytes));
}

/* Gathered writes: nothing is sent before the end; of two records the first goes before the second;
 * what the socket refuses is heard of, kept, and comes in order when the peer reads. */
static void test_gathered(void **state)
{
    struct scene *s = *state;
    uint8_t record[IO_RECORD_MAX], room[16], *all;
    size_t records = 0;

    connect_tls(s);
    stream_gather(s->io);
    assert_int_equal(stream_write(s->stream, "hello", 5), STREAM_SENT);
    if (!io_gathering(s->io)) {
        print_message("SKIPPED: this kernel has no io_uring for us\n");
        skip();
    }
    assert_int_equal(recv(s->fd, room, 1, MSG_PEEK), -1);
    assert_int_equal(stream_write(s->stream, " world", 6), STREAM_SENT);
    stream_gather_end(s->io);
    peer_read(s, room, 11);
    assert_memory_equal(room, "hello world", 11);
    while (s->refused == 0 && records < 1000) {
        assert_true(stream_writable(s->stream));
        memset(record, (int)('a' + records++), sizeof(record));
        stream_gather(s->io);
        assert_int_equal(stream_write(s->stream, record, sizeof(record)), STREAM_SENT);
        stream_gather_end(s->io);
    }
    assert_int_equal(s->refused, 1);
    assert_false(stream_writable(s->stream));
    assert_in_range(stream_kept_bytes(s->stream), 1, IO_RECORD_MAX + 256);
    all = malloc(records * IO_RECORD_MAX);
    peer_read(s, all, records * IO_RECORD_MAX);
    for (size_t i = 0; i < records * IO_RECORD_MAX; i++)
        assert_int_equal(all[i], 'a' + i / IO_RECORD_MAX);
    free(all);
    UNTIL(s, s->drained == 1);
    /* a peer that is gone: the owner hears of it at the end */
    close(s->fd);
    s->fd = -1;
    stream_gather(s->io);
    assert_int_equal(stream_write(s->stream, "x", 1), STREAM_SENT);
    assert_int_equal(s->ended, 0);
    stream_gather_end(s->io);
    assert_int_equal(s->ended, 1);
    assert_int_equal(s->end, STREAM_END_ERROR);
}

/* A second record is written before the refusal of the first is heard of: both are kept whole. */
static void test_gathered_two_kept(void **state)
{
    struct scene *s = *state;
    uint8_t record[IO_RECORD_MAX], *all;
    enum stream_written written = STREAM_SENT;
    size_t records = 0;

    s->sndbuf = 65536; /* it takes a record or refuses all of it */
    connect_tls(s);
    stream_gather(s->io);
    while (written == STREAM_SENT && records < 1000) {
        memset(record, (int)('a' + records++), sizeof(record));
        written = stream_write(s->stream, record, sizeof(record));
    }
    if (!io_gathering(s->io)) {
        stream_gather_end(s->io);
        print_message("SKIPPED: this kernel has no io_uring for us\n");
        skip();
    }
    stream_gather_end(s->io);
    assert_int_equal(written, STREAM_KEPT);
    assert_int_equal(s->ended, 0);
    assert_in_range(stream_kept_bytes(s->stream), 2 * IO_RECORD_MAX, 2 * IO_RECORD_MAX + 512);
    all = malloc(records * IO_RECORD_MAX);
    peer_read(s, all, records * IO_RECORD_MAX);
    for (size_t i = 0; i < records * IO_RECORD_MAX; i++)
        assert_int_equal(all[i], 'a' + i / IO_RECORD_MAX);
    free(all);
}

#define SHARERS 16
#define ROUNDS  3000

/* The cost of a batch is divided among all who are in it, and is not that of the one who happens to
 * send it. */
static void test_gathered_cost(void **state)
{
    struct scene *s = *state;
    struct stream *streams[SHARERS + 1]; /* the last one writes nothing */
    int peers[SHARERS + 1];
    uint64_t watched_us = 0, cost_us[SHARERS + 1];
    char room[64];
    bool gathering = false;

    for (unsigned i = 0; i <= SHARERS; i++) {
        int pair[2];

        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        peers[i] = pair[1];
        streams[i] = stream_new(s->io, pair[0], NULL, &handlers, s);
        UNTIL(s, stream_is_open(streams[i]));
    }
    for (unsigned i = 0; i < 3; i++)
        turn(s); /* what opening costs is over */
    for (unsigned i = 0; i <= SHARERS; i++)
        cost_us[i] = stream_cost_us(streams[i]);
    for (unsigned round = 0; round < ROUNDS; round++) {
        uint64_t begin_us;

        stream_gather(s->io);
        gathering = io_gathering(s->io);
        for (unsigned i = 0; i < SHARERS; i++)
            assert_int_equal(stream_write(streams[i], "twenty bytes of text", 20), STREAM_SENT);
        begin_us = io_watch_begin(s->io);
        io_batch_send(s->io);
        watched_us += io_watch_end(s->io, begin_us);
        stream_gather_end(s->io);
        for (unsigned i = 0; i < SHARERS; i++)
            assert_int_equal(recv(peers[i], room, sizeof(room), 0), 20);
    }
    for (unsigned i = 0; i <= SHARERS; i++)
        cost_us[i] = stream_cost_us(streams[i]) - cost_us[i];
    for (unsigned i = 1; i < SHARERS; i++)
        assert_int_equal(cost_us[i], cost_us[0]);
    assert_int_equal(cost_us[SHARERS], 0);
    if (gathering) {
        assert_true(cost_us[0] > 0);
        assert_true(watched_us < SHARERS * cost_us[0] / 4);
    }
    for (unsigned i = 0; i <= SHARERS; i++) {
        stream_free(streams[i]);
        close(peers[i]);
    }
    if (!gathering) {
        print_message("SKIPPED: this kernel has no io_uring for us\n");
        skip();
    }
}

/* What was gathered goes before the goodbye. */
static void test_gathered_finish(void **state)
{
    struct scene *s = *state;
    uint8_t room[16];

    connect_tls(s);
    stream_gather(s->io);
    assert_int_equal(stream_write(s->stream, "bye", 3), STREAM_SENT);
    stream_finish(s->stream);
    stream_close(s->stream);
    stream_gather_end(s->io);
    peer_read(s, room, 3);
    assert_memory_equal(room, "bye", 3);
    assert_int_equal(SSL_read(s->ssl, room, 1), 0);
    assert_int_equal(SSL_get_error(s->ssl, 0), SSL_ERROR_ZERO_RETURN);
}

/* Many who can wait, each with a millisecond of work, and one who cannot and comes last. */
struct worker {
    struct stream *stream;
    unsigned reads;
    size_t bytes_n;
    unsigned before;       /* reads of all, when it was read last */
    struct stream *pauses; /* when it is read */
    bool works;
};

static unsigned worked;

static size_t on_work(void *context, uint8_t *bytes, size_t len_bytes)
{
    struct worker *worker = context;
    struct timespec begin, now;

    (void)bytes;
    worker->before = worked++;
    if (worker->pauses != NULL)
        stream_pause(worker->pauses);
    worker->reads++;
    worker->bytes_n += len_bytes;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &begin);
    do
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    while (worker->works &&
           (now.tv_sec - begin.tv_sec) * 1000000000 + now.tv_nsec - begin.tv_nsec < 1000000);
    return len_bytes;
}

static void on_nothing(void *context)
{
    (void)context;
}

static void on_work_settled(void *context, bool begun)
{
    (void)context;
    (void)begun;
}

static void on_work_ended(void *context, enum stream_end end)
{
    (void)context;
    (void)end;
}

static const struct stream_handlers working = {.opened = on_nothing,
                                               .input = on_work,
                                               .settled = on_work_settled,
                                               .refused = on_nothing,
                                               .drained = on_nothing,
                                               .ended = on_work_ended};

static void worker_open(struct scene *s, struct worker *worker, int *peer)
{
    int pair[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
    worker->stream = stream_new(s->io, pair[0], NULL, &working, worker);
    assert_non_null(worker->stream);
    *peer = pair[1];
}

/* It is read before they are through, a slice of them a turn; then each is read to the end, one
 * read at a time, and not while paused. */
static void test_can_wait(void **state)
{
    enum { WAITING = 100, MANY = 3 * IO_RECORD_MAX };
    struct scene *s = *state;
    struct worker workers[WAITING] = {0}, player = {0};
    int peers[WAITING], peer;
    static uint8_t many[MANY];

    for (unsigned i = 0; i < WAITING; i++) {
        worker_open(s, &workers[i], &peers[i]);
        stream_can_wait(workers[i].stream, true);
        UNTIL(s, stream_is_open(workers[i].stream));
    }
    worker_open(s, &player, &peer);
    UNTIL(s, stream_is_open(player.stream));
    for (unsigned i = 0; i < WAITING; i++) {
        workers[i].works = true;
        assert_int_equal(send(peers[i], "request", 7, 0), 7);
    }
    stream_pause(workers[0].stream);
    player.pauses = workers[WAITING - 1].stream; /* which waits */
    assert_int_equal(send(peer, "move", 4, 0), 4);
    worked = 0;
    UNTIL(s, player.reads == 1);
    assert_in_range(player.before, 0, 20);
    for (unsigned i = 1; i < WAITING - 1; i++)
        UNTIL(s, workers[i].reads == 1);
    UNTIL(s, metrics_value(METRIC_HTTP_WAITING) == 0);
    assert_int_equal(workers[0].reads + workers[WAITING - 1].reads, 0);
    stream_resume(workers[0].stream);
    stream_resume(workers[WAITING - 1].stream);
    UNTIL(s, workers[0].reads == 1 && workers[WAITING - 1].reads == 1);
    /* of who has much to say one read, then the others */
    assert_int_equal(send(peers[1], many, sizeof(many), 0), sizeof(many));
    assert_int_equal(send(peers[2], "short", 5, 0), 5);
    UNTIL(s, workers[1].bytes_n == 7 + sizeof(many) && workers[2].reads == 2);
    assert_true(workers[2].before < workers[1].before);
    for (unsigned i = 0; i < WAITING; i++)
        assert_int_equal(send(peers[i], "again", 5, 0), 5);
    event_base_loop(s->base, EVLOOP_ONCE | EVLOOP_NONBLOCK);
    assert_in_range(metrics_value(METRIC_HTTP_WAITING), 1, WAITING); /* some are closed waiting */
    for (unsigned i = 0; i < WAITING; i++) {
        stream_free(workers[i].stream);
        close(peers[i]);
    }
    stream_free(player.stream);
    close(peer);
    assert_int_equal(metrics_value(METRIC_HTTP_WAITING), 0);
}

/* After the first records, writing and reading takes no memory anew: what OpenSSL asks for and
 * gives back with each lies in its pool. */
static void test_warm(void **state)
{
    struct scene *s = *state;
    int64_t held = 0, allocations = 0;
    uint8_t bytes[4000] = {0};

    connect_tls(s);
    for (unsigned i = 0; i < 1100; i++) {
        if (i == 100) {
            held = metrics_value(METRIC_TLS_MEMORY);
            allocations = metrics_value(METRIC_TLS_ALLOCATIONS);
        }
        assert_int_equal(stream_write(s->stream, bytes, sizeof(bytes)), STREAM_SENT);
        peer_read(s, bytes, sizeof(bytes));
        assert_int_equal(SSL_write(s->ssl, "x", 1), 1);
        UNTIL(s, s->got_n == i + 1);
    }
    io_stop(s->io); /* counts to the end */
    assert_int_equal(metrics_value(METRIC_TLS_MEMORY), held);
    assert_true(metrics_value(METRIC_TLS_ALLOCATIONS) > allocations);
}

/* What the protocol leaves is given again with more behind it; a paused stream is not read, and
 * goes on with what it held, also where all of it lies in TLS's own buffer. */
static void test_leave_and_pause(void **state)
{
    struct scene *s = *state;

    connect_tls(s);
    s->take = 3;
    s->pause_at_input = true;
    for (unsigned i = 0; i < 4; i++)
        assert_int_equal(SSL_write(s->ssl, "abcdef", 6), 6);
    UNTIL(s, s->got_n == 3);
    assert_true(stream_paused(s->stream));
    for (unsigned i = 0; i < 10; i++)
        turn(s);
    assert_int_equal(s->got_n, 3);
    stream_resume(s->stream);
    UNTIL(s, s->got_n == 6);
    s->pause_at_input = false;
    s->take = 0;
    stream_resume(s->stream);
    UNTIL(s, s->got_n == 24);
    assert_memory_equal(s->got, "abcdefabcdefabcdefabcdef", 24);
    assert_int_equal(s->ended, 0);
}

static void test_finish(void **state)
{
    struct scene *s = *state;
    uint8_t room[4];

    connect_tls(s);
    assert_int_equal(stream_write(s->stream, "bye", 3), STREAM_SENT);
    stream_finish(s->stream);
    assert_false(stream_writable(s->stream));
    assert_int_equal(SSL_write(s->ssl, "late", 4), 4); /* thrown away */
    peer_read(s, room, 3);
    assert_int_equal(SSL_read(s->ssl, room, 1), 0);
    assert_int_equal(SSL_get_error(s->ssl, 0), SSL_ERROR_ZERO_RETURN);
    close(s->fd);
    s->fd = -1;
    UNTIL(s, s->ended == 1);
    assert_int_equal(s->got_n, 0);
}

static void test_garbage(void **state)
{
    struct scene *s = *state;

    connect_pair(s, s->server);
    assert_int_equal(send(s->fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    UNTIL(s, s->ended == 1);
    assert_int_equal(s->end, STREAM_END_HANDSHAKE);
    assert_int_equal(s->opened, 0);
}

static void test_garbage_after_handshake(void **state)
{
    struct scene *s = *state;

    connect_tls(s);
    assert_int_equal(send(s->fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 18);
    UNTIL(s, s->ended == 1);
    assert_int_equal(s->end, STREAM_END_INPUT);
}

/* New keys are TLS's own business, and dearer to us than to who wants them. Now and then they are
 * fine; one after the other they would hold the thread for as long as they come. */
static void test_new_keys(void **state)
{
    struct scene *s = *state;
    BIO *out = BIO_new(BIO_s_mem());
    uint64_t before, until_ms = now_ms() + DEADLINE_MS;
    char *bytes;
    size_t n, at = 0;

    connect_tls(s);
    for (unsigned i = 0; i < 20; i++) {
        assert_int_equal(SSL_key_update(s->ssl, i % 2 == 0 ? SSL_KEY_UPDATE_REQUESTED
                                                           : SSL_KEY_UPDATE_NOT_REQUESTED),
                         1);
        assert_int_equal(SSL_write(s->ssl, "hello", 5), 5);
        UNTIL(s, s->got_n == 5 * (i + 1));
    }
    SSL_set0_wbio(s->ssl, out);
    for (unsigned i = 0; i < 4000; i++) {
        assert_int_equal(SSL_key_update(s->ssl, SSL_KEY_UPDATE_NOT_REQUESTED), 1);
        assert_int_equal(SSL_do_handshake(s->ssl), 1);
    }
    n = (size_t)BIO_get_mem_data(out, &bytes);
    before = stream_bytes_in(s->stream);
    while (s->ended == 0 && at < n && now_ms() < until_ms) {
        ssize_t sent = send(s->fd, bytes + at, n - at, MSG_NOSIGNAL);
        at += sent > 0 ? (size_t)sent : 0;
        turn(s);
    }
    UNTIL(s, s->ended == 1);
    assert_int_equal(s->end, STREAM_END_INPUT);
    assert_true(stream_bytes_in(s->stream) - before < n / 2);
}

static void refused_client(struct scene *s, SSL_CTX *client)
{
    connect_pair(s, s->server);
    s->ssl = SSL_new(client);
    SSL_set_fd(s->ssl, s->fd);
    SSL_set_connect_state(s->ssl);
    uint64_t until_ms = now_ms() + DEADLINE_MS;
    while (s->ended == 0 && now_ms() < until_ms) {
        ERR_clear_error();
        (void)SSL_do_handshake(s->ssl);
        turn(s);
    }
    assert_int_equal(s->ended, 1);
    assert_int_equal(s->end, STREAM_END_HANDSHAKE);
    assert_int_equal(s->opened, 0);
}

static void test_no_alpn(void **state)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());

    refused_client(*state, client);
    SSL_CTX_free(client);
}

static void test_wrong_alpn(void **state)
{
    SSL_CTX *client = SSL_CTX_new(TLS_client_method());

    SSL_CTX_set_alpn_protos(client, (const uint8_t *)"\2h2\10http/1.1", 12);
    refused_client(*state, client);
    SSL_CTX_free(client);
}

static void test_old_tls(void **state)
{
    struct scene *s = *state;

    SSL_CTX_set_max_proto_version(s->client, TLS1_2_VERSION);
    refused_client(s, s->client);
}

/* The protocol takes nothing: it is not held without bound. */
static void test_input_bound(void **state)
{
    struct scene *s = *state;
    static uint8_t many[IO_INPUT_MAX];
    size_t sent = 0;

    connect_pair(s, NULL);
    UNTIL(s, s->opened == 1);
    uint64_t until_ms = now_ms() + DEADLINE_MS;
    s->take = 1;
    while (s->ended == 0 && now_ms() < until_ms) {
        ssize_t n = send(s->fd, many, sizeof(many), MSG_NOSIGNAL);
        sent += n > 0 ? (size_t)n : 0;
        turn(s);
    }
    assert_int_equal(s->ended, 1);
    assert_int_equal(s->end, STREAM_END_INPUT);
    assert_true(sent >= IO_INPUT_MAX - IO_RECORD_MAX);
}

static void test_certificate(void **state)
{
    struct scene *s = *state;
    struct error error = {{0}};
    struct stat status;
    char one[TLS_FINGERPRINT_BYTES], two[TLS_FINGERPRINT_BYTES], other[160];
    bool made;
    SSL_CTX *again;

    assert_int_equal(stat(s->key, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(tls_ensure_certificate(s->certificate, s->key, &made, &error), 0);
    assert_false(made); /* never made anew over an old one */
    assert_int_equal(tls_fingerprint(s->server, one, &error), 0);
    assert_int_equal(strlen(one), 64);
    again = tls_context_new(s->certificate, s->key, NULL, &error);
    assert_int_equal(tls_fingerprint(again, two, &error), 0);
    assert_string_equal(one, two);
    X509 *x = SSL_CTX_get0_certificate(again);
    int days = 0, seconds = 0;
    assert_int_equal(ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(x)), 1);
    assert_in_range(days, 3648, 3651);
    assert_int_equal(EVP_PKEY_get_bits(X509_get0_pubkey(x)), 256);
    SSL_CTX_free(again);

    snprintf(other, sizeof(other), "%s/absent.pem", s->folder);
    assert_int_equal(tls_ensure_certificate(s->certificate, other, &made, &error), -1);
    assert_non_null(strstr(error.text, other));
    assert_int_equal(unlink(s->certificate), 0); /* killed between the two: the same key goes on */
    assert_int_equal(tls_ensure_certificate(s->certificate, s->key, &made, &error), 0);
    assert_true(made);
    again = tls_context_new(s->certificate, s->key, NULL, &error);
    assert_int_equal(tls_fingerprint(again, two, &error), 0);
    assert_string_equal(one, two);
    SSL_CTX_free(again);
    assert_null(tls_context_new(other, s->key, NULL, &error));
    assert_string_equal(strrchr(error.text, ':'), ": No such file or directory");
    assert_null(tls_context_new(s->key, s->key, NULL, &error)); /* no certificate in it */
    assert_non_null(strstr(error.text, s->key));
    snprintf(other, sizeof(other), "%s/absent/key.pem", s->folder);
    assert_int_equal(tls_ensure_certificate(other, other, &made, &error), -1);
    assert_non_null(strstr(error.text, "No such file"));
}

static unsigned accepted_n;
static void on_accepted(void *context, int fd, const struct sockaddr_storage *address)
{
    (void)context;
    (void)address;
    accepted_n++;
    close(fd);
}

static bool always(void *context)
{
    (void)context;
    return true;
}

static const struct listener_handlers taking = {always, on_accepted};

static void test_listener(void **state)
{
    struct scene *s = *state;
    struct error error = {{0}};
    char address[32];
    int fd = listener_bind("127.0.0.1:0", &error);
    struct listener *one = listener_new(s->base, fd, &taking, s, &error), *two;
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};

    assert_non_null(one);
    listener_open(one);
    snprintf(address, sizeof(address), "127.0.0.1:%u", listener_port(one));
    assert_int_equal(listener_bind(address, &error), -1);
    char wanted[96];
    snprintf(wanted, sizeof(wanted), "cannot listen on %s: Address already in use", address);
    assert_string_equal(error.text, wanted);
    to.sin_port = htons(listener_port(one));
    s->fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(s->fd, (struct sockaddr *)&to, sizeof(to)), 0);
    UNTIL(s, accepted_n == 1);
    listener_close(one);
    two = listener_new(s->base, listener_bind(address, &error), &taking, s, &error);
    assert_non_null(two);
    listener_free(two);
    listener_free(one);
}

static int kept[2];
static void on_accepted_keep(void *context, int fd, const struct sockaddr_storage *address)
{
    (void)context;
    (void)address;
    kept[accepted_n++] = fd;
}

static const struct listener_handlers keeping = {always, on_accepted_keep};

/* No file descriptor is left: the second connection waits, nothing turns in circles, and it is
 * taken when there is room. */
static void test_no_descriptors(void **state)
{
    struct scene *s = *state;
    struct error error = {{0}};
    int fd = listener_bind("127.0.0.1:0", &error);
    struct listener *listener = listener_new(s->base, fd, &keeping, s, &error);
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
    struct rlimit before, low;
    int clients[2];
    unsigned turns = 0;

    accepted_n = 0;
    listener_open(listener);
    to.sin_port = htons(listener_port(listener));
    for (unsigned i = 0; i < 2; i++)
        clients[i] = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    low = before;
    s->fd = dup(0);
    low.rlim_cur = (rlim_t)s->fd + 1; /* room for one, where s->fd is */
    close(s->fd);
    s->fd = -1;
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &low), 0);
    for (unsigned i = 0; i < 2; i++)
        assert_int_equal(connect(clients[i], (struct sockaddr *)&to, sizeof(to)), 0);
    UNTIL(s, accepted_n == 1);
    for (uint64_t until_ms = now_ms() + 500; now_ms() < until_ms; turns++)
        event_base_loop(s->base, EVLOOP_ONCE);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
    assert_int_equal(accepted_n, 1);
    assert_in_range(turns, 1, 40);
    UNTIL(s, accepted_n == 2);
    for (unsigned i = 0; i < 2; i++) {
        close(clients[i]);
        close(kept[i]);
    }
    listener_free(listener);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_plain_echo),      TEST(test_tls_echo),
        TEST(test_single_bytes),    TEST(test_short_writes),
        TEST(test_leave_and_pause), TEST(test_finish),
        TEST(test_garbage),         TEST(test_garbage_after_handshake),
        TEST(test_new_keys),        TEST(test_no_alpn),
        TEST(test_wrong_alpn),      TEST(test_old_tls),
        TEST(test_input_bound),     TEST(test_certificate),
        TEST(test_listener),        TEST(test_no_descriptors),
        TEST(test_small_records),   TEST(test_warm),
        TEST(test_gathered),        TEST(test_gathered_two_kept),
        TEST(test_gathered_cost),   TEST(test_gathered_finish),
        TEST(test_can_wait),
    };

    if (tls_pool_install() != 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
