/* stream.c -- see stream.h. */
#include "net/stream.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/thread.h"
#include "net/batch.h"
#include "net/stream_transport.h"
#include "net/tally.h"
#include "ops/metrics.h"

#define STREAM_READS    4 /* a turn; then the others */
#define STREAM_HELD_MAX (IO_INPUT_MAX - IO_RECORD_MAX)
/* Two writes (the second may come before the refusal of a gathered first one is heard of), with
 * what TLS adds to each, in small records too, and says by itself. */
#define STREAM_KEPT_MAX (2 * (IO_RECORD_MAX + 1024))
#define STREAM_LOWAT    (16 * 1024) /* unsent bytes in the kernel, over which it takes no more */
#define STREAM_AGAIN    0           /* deadline class: at once */

/* In lots: a lock for each packet would cost more than the packet. Who is only written to says
 * something now and then, too. */
static void stream_tell(struct stream *stream, uint64_t lot_bytes)
{
    uint64_t in = stream->bytes_in - stream->told_in, out = stream->bytes_out - stream->told_out;
    const struct sockaddr *whose = (const struct sockaddr *)&stream->whose;
    uint64_t now_ms;

    if (stream->tally == NULL || in + out < lot_bytes)
        return;
    now_ms = clock_steady_ms();
    tally_add(stream->tally, whose, TALLY_BYTES_IN, in, now_ms);
    tally_add(stream->tally, whose, TALLY_BYTES_OUT, out, now_ms);
    stream->told_in += in;
    stream->told_out += out;
}

ssize_t stream_recv(struct stream *stream, void *room, size_t room_bytes)
{
    ssize_t n;

    do
        n = recv(stream->fd, room, room_bytes, 0);
    while (n < 0 && errno == EINTR);
    if (n > 0) {
        stream->bytes_in += (uint64_t)n;
        io_count_in(stream->io, stream->protocol, (size_t)n);
        stream_tell(stream, TALLY_LOT_BYTES);
    }
    stream->eof = n == 0;
    stream->empty =
        n < 0 || (n > 0 && (size_t)n < room_bytes); /* not so at the end of all: it is read again */
    return n;
}

/* ---- plain ---- */

static enum transport_result plain_handshake(struct stream *stream)
{
    (void)stream;
    return TRANSPORT_OK;
}

static enum transport_result plain_read(struct stream *stream, uint8_t *room, size_t room_bytes,
                                        size_t *got)
{
    ssize_t n;

    if (stream->empty)
        return TRANSPORT_AGAIN;
    n = stream_recv(stream, room, room_bytes);
    if (n < 0)
        return errno == EAGAIN ? TRANSPORT_AGAIN : TRANSPORT_ERROR;
    *got = (size_t)n;
    return n > 0 ? TRANSPORT_OK : TRANSPORT_CLOSED;
}

static enum transport_result plain_write(struct stream *stream, const uint8_t *bytes,
                                         size_t len_bytes)
{
    return stream_put(stream, bytes, len_bytes) == 0 ? TRANSPORT_OK : TRANSPORT_ERROR;
}

static void plain_finish(struct stream *stream)
{
    (void)stream;
}

const struct stream_transport stream_plain = {plain_handshake, plain_read, plain_write,
                                              plain_finish};

/* ---- out ---- */

/* How many of the bytes the socket took; -1: it failed. */
static ssize_t stream_send(struct stream *stream, const uint8_t *bytes, size_t len_bytes)
{
    ssize_t n;

    do
        n = send(stream->fd, bytes, len_bytes, MSG_NOSIGNAL);
    while (n < 0 && errno == EINTR);
    if (n < 0)
        return errno == EAGAIN ? 0 : -1;
    stream->bytes_out += (uint64_t)n;
    io_count_out(stream->io, stream->protocol, (size_t)n);
    return n;
}

static void stream_on_writable(evutil_socket_t fd, short what, void *context);

/* Tell us when the socket takes more. Most streams never need it, so it is made when one does. */
static int stream_watch_writable(struct stream *stream)
{
    if (stream->writable == NULL)
        stream->writable = event_new(io_base(stream->io), stream->fd, EV_WRITE | EV_PERSIST,
                                     stream_on_writable, stream);
    return stream->writable != NULL ? event_add(stream->writable, NULL) : -1;
}

/* Keep what the socket refused, behind what is kept already. */
static int stream_keep(struct stream *stream, const uint8_t *bytes, size_t len_bytes)
{
    size_t old_n = stream->kept_n - stream->kept_at;
    uint8_t *kept;

    if (old_n + len_bytes > STREAM_KEPT_MAX || stream_watch_writable(stream) != 0)
        return -1;
    kept = malloc(old_n + len_bytes);
    if (kept == NULL)
        return -1;
    if (old_n > 0)
        memcpy(kept, stream->kept + stream->kept_at, old_n);
    memcpy(kept + old_n, bytes, len_bytes);
    free(stream->kept);
    stream->kept = kept;
    stream->kept_at = 0;
    stream->kept_n = old_n + len_bytes;
    return 0;
}

static void stream_end(struct stream *stream, enum stream_end end);

/* What is gathered for it goes now, before what comes next. */
static void stream_settle_added(struct stream *stream)
{
    if (stream->added)
        io_batch_send(stream->io);
}

static void stream_written(struct batch_write *writes, unsigned n, uint64_t share_us)
{
    for (unsigned i = 0; i < n; i++) {
        struct stream *stream = writes[i].owner;
        ssize_t sent = writes[i].result == -EAGAIN ? 0 : writes[i].result;

        stream->added = false;
        stream->cost_us += share_us;
        if (sent > 0) {
            stream->bytes_out += (uint64_t)sent;
            io_count_out(stream->io, stream->protocol, (size_t)sent);
        }
        if (sent >= 0 && (size_t)sent < writes[i].len_bytes &&
            stream_keep(stream, writes[i].bytes + sent, writes[i].len_bytes - (size_t)sent) != 0)
            writes[i].result = -ENOMEM;
    }
    /* Their owners hear of it when all is in order: they may close others. */
    for (unsigned i = 0; i < n; i++) {
        struct stream *stream = writes[i].owner;

        if (stream->fd < 0)
            continue;
        if (writes[i].result < 0 && writes[i].result != -EAGAIN)
            stream_end(stream, STREAM_END_ERROR);
        else if (stream->kept_n > 0)
            stream->handlers->refused(stream->context);
    }
}

void stream_gather(struct io *io)
{
    io_batch_begin(io, stream_written);
}

void stream_gather_end(struct io *io)
{
    io_batch_end(io);
}

int stream_put(struct stream *stream, const uint8_t *bytes, size_t len_bytes)
{
    ssize_t sent = 0;

    stream_settle_added(stream);
    if (stream->fd < 0)
        return -1;
    if (io_gathering(stream->io) && stream->kept_n == 0) {
        io_batch_add(stream->io, stream->fd, bytes, len_bytes, stream);
        stream->added = true;
        return 0;
    }
    if (stream->kept_n == 0)
        sent = stream_send(stream, bytes, len_bytes);
    if (sent < 0)
        return -1;
    if ((size_t)sent == len_bytes)
        return 0;
    return stream_keep(stream, bytes + sent, len_bytes - (size_t)sent);
}

/* Send what a transport put into the scratch buffer. 0; -1: the connection is over. */
static int stream_flush(struct stream *stream)
{
    struct io_scratch *scratch = io_scratch(stream->io);
    size_t n = scratch->cipher_n;

    scratch->cipher_n = 0;
    return n > 0 ? stream_put(stream, scratch->cipher, n) : 0;
}

enum stream_written stream_write(struct stream *stream, const void *bytes, size_t len_bytes)
{
    if (!stream_writable(stream))
        return STREAM_DEAD;
    if (stream->transport->write(stream, bytes, len_bytes) != TRANSPORT_OK) {
        io_scratch(stream->io)->cipher_n = 0;
        return STREAM_DEAD;
    }
    if (stream_flush(stream) != 0)
        return STREAM_DEAD;
    return stream->kept_n == 0 ? STREAM_SENT : STREAM_KEPT;
}

/* No more than n bytes, n <= STREAM_FILE_MAX. How many went; -1: it is over. */
static int64_t stream_sendfile(struct stream *stream, int fd, uint64_t at, size_t n)
{
    off_t offset = (off_t)at;
    ssize_t sent;

    stream_settle_added(stream);
    if (stream->fd < 0)
        return -1;
    do
        sent = sendfile(stream->fd, fd, &offset, n);
    while (sent < 0 && errno == EINTR);
    if (sent < 0)
        return errno == EAGAIN ? 0 : -1;
    if (sent == 0)
        return -1; /* the file is shorter than it was */
    stream->bytes_out += (uint64_t)sent;
    io_count_out(stream->io, stream->protocol, (size_t)sent);
    return sent;
}

/* A record of it, by way of our memory. As above. */
static int64_t stream_copy_file(struct stream *stream, int fd, uint64_t at, size_t n)
{
    uint8_t bytes[IO_RECORD_MAX];
    ssize_t got = pread(fd, bytes, n < sizeof(bytes) ? n : sizeof(bytes), (off_t)at);

    if (got <= 0 || stream_write(stream, bytes, (size_t)got) == STREAM_DEAD)
        return -1;
    return got;
}

enum stream_written stream_write_file(struct stream *stream, int fd, uint64_t *at,
                                      uint64_t len_bytes)
{
    size_t most = STREAM_FILE_MAX; /* a turn; then the others */
    int64_t went = 1;

    while (len_bytes > 0 && most > 0 && went > 0 && stream->kept_n == 0) {
        size_t n = len_bytes < most ? (size_t)len_bytes : most;
        went = stream->ssl != NULL ? stream_copy_file(stream, fd, *at, n)
                                   : stream_sendfile(stream, fd, *at, n);
        if (went < 0)
            return STREAM_DEAD;
        *at += (uint64_t)went;
        len_bytes -= (uint64_t)went;
        most -= (size_t)went;
    }
    if (len_bytes == 0 && stream->kept_n == 0)
        return STREAM_SENT;
    return stream_watch_writable(stream) == 0 ? STREAM_KEPT : STREAM_DEAD;
}

static void stream_end(struct stream *stream, enum stream_end end)
{
    if (stream->ended)
        return;
    stream_close(stream);
    stream->handlers->ended(stream->context, end);
}

static void stream_on_writable(evutil_socket_t fd, short what, void *context)
{
    struct stream *stream = context;
    ssize_t sent =
        stream_send(stream, stream->kept + stream->kept_at, stream->kept_n - stream->kept_at);

    (void)fd;
    (void)what;
    if (sent < 0) {
        stream_end(stream, STREAM_END_ERROR);
        return;
    }
    stream->kept_at += (size_t)sent;
    if (stream->kept_at < stream->kept_n)
        return;
    event_del(stream->writable);
    free(stream->kept);
    stream->kept = NULL;
    stream->kept_at = stream->kept_n = 0;
    if (stream->finished)
        shutdown(stream->fd, SHUT_WR);
    else if (stream->open)
        stream->handlers->drained(stream->context);
}

void stream_finish(struct stream *stream)
{
    stream->finished = true;
    stream->transport->finish(stream);
    if (stream_flush(stream) == 0)
        stream_settle_added(stream);
    if (stream->fd >= 0 && stream->kept_n == 0)
        shutdown(stream->fd, SHUT_WR);
    stream_resume(stream);
}

/* ---- in ---- */

static void stream_drop_held(struct stream *stream)
{
    if (stream->held != NULL)
        explicit_bzero(stream->held, stream->held_n); /* it may be a part of a password */
    free(stream->held);
    stream->held = NULL;
    stream->held_n = 0;
}

/* Give the protocol what is there; keep in place what it leaves. Returns how much is left. */
static size_t stream_give(struct stream *stream, uint8_t *bytes, size_t len_bytes)
{
    size_t taken;

    if (stream->finished)
        return 0;
    taken = stream->handlers->input(stream->context, bytes, len_bytes);
    if (taken > 0 && taken < len_bytes)
        memmove(bytes, bytes + taken, len_bytes - taken);
    return len_bytes - taken;
}

static int stream_hold(struct stream *stream, const uint8_t *bytes, size_t len_bytes)
{
    if (len_bytes == 0)
        return 0;
    stream->held = malloc(len_bytes);
    if (stream->held == NULL)
        return -1;
    memcpy(stream->held, bytes, len_bytes);
    stream->held_n = len_bytes;
    return 0;
}

/* True when it is done. */
static bool stream_shake(struct stream *stream)
{
    enum transport_result result = stream->transport->handshake(stream);

    if (stream_flush(stream) != 0 && result != TRANSPORT_BAD)
        result = TRANSPORT_ERROR;
    if (result == TRANSPORT_AGAIN)
        return false;
    if (result != TRANSPORT_OK) {
        if (stream->ssl != NULL)
            metrics_add(METRIC_TLS_FAILED, 1);
        stream_end(stream, STREAM_END_HANDSHAKE);
        return false;
    }
    if (stream->ssl != NULL)
        metrics_add(METRIC_TLS_HANDSHAKES, 1);
    stream->open = true;
    stream->handlers->opened(stream->context);
    return stream->fd >= 0;
}

static enum stream_end stream_end_of(enum transport_result result)
{
    switch (result) {
    case TRANSPORT_CLOSED:
        return STREAM_END_PEER;
    case TRANSPORT_BAD:
        return STREAM_END_INPUT;
    case TRANSPORT_ERROR:
    case TRANSPORT_OK:
    case TRANSPORT_AGAIN:
        break;
    }
    return STREAM_END_ERROR;
}

/* Read some, give it, again, a few times. What is left stays in the scratch buffer: returns how
 * much. */
static size_t stream_read_on(struct stream *stream, uint8_t *input, size_t n,
                             enum transport_result *result)
{
    for (unsigned i = 0; i < STREAM_READS; i++) {
        size_t got = 0;

        if (stream->paused || (i > 0 && stream->can_wait && !stream->empty))
            return n;
        if (n > STREAM_HELD_MAX) {
            *result = TRANSPORT_BAD;
            return n;
        }
        *result = stream->transport->read(stream, input + n, IO_RECORD_MAX, &got);
        if (stream_flush(stream) != 0) /* a key update's answer */
            *result = TRANSPORT_ERROR;
        if (*result != TRANSPORT_OK)
            return n;
        n = stream_give(stream, input, n + got);
        if (stream->fd < 0)
            return n;
    }
    return n;
}

/* Read on in the next turn, without a sign from the socket. */
static void stream_read_soon(struct stream *stream)
{
    io_deadline_arm(stream->io, &stream->again, STREAM_AGAIN, io_now_ms(stream->io));
    io_turn_soon(stream->io);
}

static void stream_read(struct stream *stream)
{
    uint8_t *input = io_scratch(stream->io)->input;
    enum transport_result result = TRANSPORT_OK;
    size_t n = stream->held_n;

    if (!stream->open && !stream_shake(stream))
        return;
    if (n > 0) {
        memcpy(input, stream->held, n);
        stream_drop_held(stream);
        if (!stream->paused)
            n = stream_give(stream, input, n);
    }
    if (stream->fd >= 0)
        n = stream_read_on(stream, input, n, &result);
    if (stream->fd < 0)
        return;
    if (stream_hold(stream, input, n) != 0)
        result = TRANSPORT_ERROR;
    if (result == TRANSPORT_CLOSED && stream->handlers->half_closed != NULL &&
        stream->handlers->half_closed(stream->context)) {
        stream->empty = false; /* read on, it is to find the end again */
        stream_pause(stream);
        return;
    }
    if (result != TRANSPORT_OK && result != TRANSPORT_AGAIN) {
        stream_end(stream, stream_end_of(result));
        return;
    }
    if (result == TRANSPORT_OK && !stream->paused) /* more may be there, in TLS's own buffer too */
        stream_read_soon(stream);
    if (!stream->finished)
        stream->handlers->settled(stream->context,
                                  n > 0 || (stream->ssl != NULL && stream_tls_holds(stream)));
}

/* One stream_read in so many is timed, and stands for all; the handshake is no more than a few. */
static void stream_read_counted(struct stream *stream)
{
    bool opening = !stream->open, timed = opening || io_sampled(stream->io);
    uint64_t begin_us = timed ? thread_cpu_us() : 0;

    stream_read(stream);
    if (timed)
        stream->cost_us += (thread_cpu_us() - begin_us) * (opening ? 1 : IO_SAMPLE);
}

static void stream_wait(struct stream *stream, enum io_later_kind kind)
{
    event_del(stream->readable);
    io_later(stream->io, &stream->share, kind);
}

/* Something is there for one that is not paused: it is read now, or, of who can wait, with the
 * thread's share for strangers. */
static void stream_read_fairly(struct stream *stream)
{
    struct io *io = stream->io;

    if (!stream->open && stream->ssl != NULL) {
        stream_wait(stream, IO_LATER_HANDSHAKE);
    } else if (!stream->can_wait) {
        stream_read_counted(stream);
    } else if (io_share_begin(io, IO_LATER_REQUEST)) {
        stream_read_counted(stream);
        io_share_end(io);
    } else {
        stream_wait(stream, IO_LATER_REQUEST);
    }
}

static void stream_on_readable(evutil_socket_t fd, short what, void *context)
{
    struct stream *stream = context;

    (void)fd;
    (void)what;
    stream->empty = false;
    if (!stream->paused)
        stream_read_fairly(stream);
}

static void stream_on_share(struct io_job *job)
{
    struct stream *stream = (struct stream *)(void *)((char *)job - offsetof(struct stream, share));

    if (stream->paused) /* meanwhile; resumed, it comes again */
        return;
    event_add(stream->readable, NULL);
    stream_read_counted(stream);
}

static void stream_on_again(struct io_deadline *deadline)
{
    struct stream *stream =
        (struct stream *)(void *)((char *)deadline - offsetof(struct stream, again));

    if (stream->fd >= 0 && !stream->paused)
        stream_read_fairly(stream);
}

void stream_pause(struct stream *stream)
{
    if (stream->paused || stream->fd < 0)
        return;
    stream->paused = true;
    event_del(stream->readable);
}

void stream_resume(struct stream *stream)
{
    if (!stream->paused || stream->fd < 0)
        return;
    stream->paused = false;
    event_add(stream->readable, NULL);
    stream_read_soon(stream);
}

/* ---- life ---- */

struct stream *stream_new(struct io *io, int fd, SSL_CTX *tls,
                          const struct stream_handlers *handlers, void *context)
{
    static const int lowat = STREAM_LOWAT;
    struct stream *stream = calloc(1, sizeof(*stream));

    if (stream == NULL) {
        close(fd);
        return NULL;
    }
    stream->io = io;
    stream->fd = fd;
    stream->handlers = handlers;
    stream->context = context;
    stream->transport = tls != NULL ? &stream_tls : &stream_plain;
    stream->again.expired = stream_on_again;
    stream->share.run = stream_on_share;
    setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &lowat,
               sizeof(lowat)); /* not for every kind of socket */
    stream->readable = event_new(io_base(io), fd, EV_READ | EV_PERSIST, stream_on_readable, stream);
    if (stream->readable == NULL || (tls != NULL && stream_tls_init(stream, tls) != 0) ||
        event_add(stream->readable, NULL) != 0) {
        stream_free(stream);
        return NULL;
    }
    if (tls == NULL) /* a plain one is open at once, but says so from the loop */
        stream_read_soon(stream);
    return stream;
}

void stream_can_wait(struct stream *stream, bool can_wait)
{
    stream->can_wait = can_wait;
}

void stream_tally(struct stream *stream, struct tally *tally,
                  const struct sockaddr_storage *address)
{
    stream->tally = tally;
    memcpy(&stream->whose, address, sizeof(stream->whose));
}

void stream_close(struct stream *stream)
{
    if (stream->fd < 0)
        return;
    if (stream->ssl != NULL && !stream->open)
        tally_add(stream->tally, (const struct sockaddr *)&stream->whose, TALLY_UNSHAKEN, 1,
                  clock_steady_ms());
    stream->ended = true;
    stream->open = false;
    stream_settle_added(stream); /* its last words */
    stream_tell(stream, 1);
    io_deadline_disarm(stream->io, &stream->again);
    io_later_cancel(stream->io, &stream->share);
    if (stream->readable != NULL)
        event_del(stream->readable);
    if (stream->writable != NULL)
        event_del(stream->writable);
    close(stream->fd);
    stream->fd = -1;
}

void stream_leave(struct stream *stream)
{
    stream_settle_added(stream);
    io_deadline_disarm(stream->io, &stream->again);
    io_later_cancel(stream->io, &stream->share);
    if (stream->readable != NULL)
        event_free(stream->readable);
    if (stream->writable != NULL)
        event_free(stream->writable);
    stream->readable = stream->writable = NULL;
}

int stream_enter(struct stream *stream, struct io *io)
{
    stream->io = io;
    stream->readable =
        event_new(io_base(io), stream->fd, EV_READ | EV_PERSIST, stream_on_readable, stream);
    if (stream->readable == NULL || (stream->kept_n > 0 && stream_watch_writable(stream) != 0))
        return -1;
    if (stream->paused)
        return 0;
    stream_read_soon(stream);
    return event_add(stream->readable, NULL);
}

void stream_free(struct stream *stream)
{
    if (stream == NULL)
        return;
    stream_close(stream);
    if (stream->readable != NULL)
        event_free(stream->readable);
    if (stream->writable != NULL)
        event_free(stream->writable);
    SSL_free(stream->ssl);
    stream_drop_held(stream);
    free(stream->kept);
    free(stream);
}

bool stream_writable(const struct stream *stream)
{
    return stream->open && !stream->finished && stream->kept_n == 0;
}

bool stream_paused(const struct stream *stream)
{
    return stream->paused;
}

bool stream_is_open(const struct stream *stream)
{
    return stream->open;
}

size_t stream_kept_bytes(const struct stream *stream)
{
    return stream->kept_n - stream->kept_at;
}

uint64_t stream_cost_us(const struct stream *stream)
{
    return stream->cost_us;
}

void stream_count_as(struct stream *stream, enum io_protocol protocol)
{
    stream->protocol = protocol;
}

uint64_t stream_bytes_in(const struct stream *stream)
{
    return stream->bytes_in;
}

uint64_t stream_bytes_out(const struct stream *stream)
{
    return stream->bytes_out;
}

uint32_t stream_rtt_us(const struct stream *stream)
{
    struct tcp_info info = {0};
    socklen_t info_bytes = sizeof(info);

    if (stream->fd < 0 || getsockopt(stream->fd, IPPROTO_TCP, TCP_INFO, &info, &info_bytes) != 0)
        return 0;
    return info.tcpi_rtt;
}
