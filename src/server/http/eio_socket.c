/* eio_socket.c -- see eio_socket.h. */
#include "http/eio_socket.h"

#include <stdlib.h>
#include <string.h>

#include "http/call.h"
#include "http/websocket.h"
#include "http/worker.h"
#include "net/stream.h"
#include "ops/metrics.h"

struct eio_socket {
    struct io *io;
    struct eio_session *session; /* NULL: none yet, or no more */
    struct http_upgrade *upgrade;
    struct stream *stream; /* NULL: not open yet, or ended */
    void (*opened)(void *context, struct eio_socket *socket,
                   const struct sockaddr_storage *address);
    void *opened_context;
    const struct sockaddr_storage *address; /* until it is open */
    struct io_deadline grave;               /* it ends under many feet: freed in a later turn */
    bool closing;                           /* the last frame is in out: the end follows it */
    struct io_deadline linger;              /* for that */
    struct websocket reader;
    uint8_t *out; /* what the kernel did not take: out_at..out_n */
    size_t out_at, out_n, out_room;
};

/* ---- out ---- */

/* As much of it as the stream takes, in records. Returns how much. */
static size_t put(struct eio_socket *s, const uint8_t *bytes, size_t len_bytes)
{
    size_t at = 0;

    while (at < len_bytes && stream_writable(s->stream)) {
        size_t part = len_bytes - at < IO_RECORD_MAX ? len_bytes - at : IO_RECORD_MAX;

        if (stream_write(s->stream, bytes + at, part) == STREAM_DEAD) {
            upgrade_close(s->upgrade);
            return len_bytes;
        }
        at += part;
    }
    return at;
}

/* Behind what is kept. -1: too much, or out of memory. */
static int keep(struct eio_socket *s, const uint8_t *bytes, size_t len_bytes)
{
    size_t held = s->out_n - s->out_at, room = s->out_room > 0 ? s->out_room : 4096;
    uint8_t *out;

    if (held + len_bytes > EIO_SOCKET_OUT_MAX)
        return -1;
    if (s->out_at > 0) {
        memmove(s->out, s->out + s->out_at, held);
        s->out_at = 0;
        s->out_n = held;
    }
    while (room < held + len_bytes)
        room *= 2;
    if (room > s->out_room) {
        out = realloc(s->out, room);
        if (out == NULL)
            return -1;
        s->out = out;
        s->out_room = room;
    }
    memcpy(s->out + s->out_n, bytes, len_bytes);
    s->out_n += len_bytes;
    return 0;
}

static void out_clear(struct eio_socket *s)
{
    free(s->out);
    s->out = NULL;
    s->out_at = s->out_n = s->out_room = 0;
}

static void write_bytes(struct eio_socket *s, const uint8_t *bytes, size_t len_bytes)
{
    size_t at = 0;

    if (s->stream == NULL)
        return;
    if (s->out_n == 0)
        at = put(s, bytes, len_bytes);
    if (s->stream != NULL && at < len_bytes && keep(s, bytes + at, len_bytes - at) != 0) {
        metrics_add(METRIC_WEB_SLOW, 1);
        upgrade_close(s->upgrade);
    }
}

/* Parts are gathered, so that a record, and a call of the kernel, is not for one of them. */
static void wire_write(void *context, const struct iovec *parts, unsigned parts_n)
{
    struct eio_socket *s = context;
    uint8_t *record = io_scratch(s->io)->plain;
    size_t n = 0;

    for (unsigned i = 0; i < parts_n; i++) {
        const uint8_t *bytes = parts[i].iov_base;
        size_t left = parts[i].iov_len;

        while (left > 0) {
            size_t part = left < IO_RECORD_MAX - n ? left : IO_RECORD_MAX - n;

            memcpy(record + n, bytes, part);
            n += part;
            bytes += part;
            left -= part;
            if (n == IO_RECORD_MAX) {
                write_bytes(s, record, n);
                n = 0;
            }
        }
    }
    if (n > 0)
        write_bytes(s, record, n);
}

static bool wire_idle(void *context)
{
    const struct eio_socket *s = context;

    return s->stream != NULL && s->out_n == 0 && stream_writable(s->stream);
}

void eio_socket_close(struct eio_socket *s, uint16_t code, const char *reason)
{
    uint8_t frame[WEBSOCKET_CLOSE_BYTES];

    s->session = NULL;
    if (s->stream == NULL || s->closing)
        return;
    write_bytes(s, frame, websocket_close(code, reason[0] != '\0' ? reason : NULL, frame));
    if (s->stream == NULL)
        return;
    if (s->out_n == 0) {
        upgrade_finish(s->upgrade);
        return;
    }
    s->closing = true;
    io_deadline_arm(s->io, &s->linger, HTTP_DEADLINE_LINGER,
                    io_now_ms(s->io) + EIO_SOCKET_LINGER_MS);
}

static void on_linger(struct io_deadline *deadline)
{
    struct eio_socket *s =
        (struct eio_socket *)(void *)((char *)deadline - offsetof(struct eio_socket, linger));

    upgrade_close(s->upgrade);
}

static void wire_close(void *context, uint16_t code, const char *reason)
{
    eio_socket_close(context, code, reason);
}

struct eio_wire eio_socket_wire(struct eio_socket *s)
{
    return (struct eio_wire){wire_idle, wire_write, wire_close, s};
}

void eio_socket_attach(struct eio_socket *s, struct eio_session *session)
{
    if (s->stream != NULL)
        s->session = session;
    else
        eio_session_wire_gone(session, s, "transport close");
}

/* ---- in ---- */

/* Its session hears of it first. */
static void fail(struct eio_socket *s, uint16_t code, const char *why, const char *reason)
{
    struct eio_session *session = s->session;

    s->session = NULL;
    if (session != NULL)
        eio_session_wire_gone(session, s, reason);
    eio_socket_close(s, code, why);
}

/* The answer to a ping. Of those that came together the last one's counts (RFC 6455, 5.5.3), or a
 * few bytes of them would each cost a write. */
struct pong {
    size_t n; /* 0: none is owed */
    uint8_t frame[WEBSOCKET_HEAD_MAX + WEBSOCKET_CONTROL_MAX];
};

static void pong_make(struct pong *pong, const struct websocket_event *ping)
{
    pong->n = websocket_head(WEBSOCKET_OP_PONG, ping->len_bytes, pong->frame);
    if (ping->len_bytes > 0)
        memcpy(pong->frame + pong->n, ping->bytes, ping->len_bytes);
    pong->n += ping->len_bytes;
}

static void take(struct eio_socket *s, const struct websocket_event *event, struct pong *pong)
{
    switch (event->kind) {
    case WEBSOCKET_MORE:
    case WEBSOCKET_PONG:
        break;
    case WEBSOCKET_TEXT:
        if (s->session != NULL)
            eio_session_text(s->session, s, (const char *)event->bytes, event->len_bytes);
        break;
    case WEBSOCKET_BINARY:
        if (s->session != NULL)
            eio_session_bytes(s->session, s);
        break;
    case WEBSOCKET_PING:
        pong_make(pong, event);
        break;
    case WEBSOCKET_CLOSE:
        fail(s, event->code, "", "transport close");
        break;
    case WEBSOCKET_BAD:
        metrics_add(METRIC_WEB_PARSE_ERRORS, 1);
        fail(s, event->code, event->reason, "transport error");
        break;
    }
}

static size_t on_input(void *context, uint8_t *bytes, size_t len_bytes)
{
    struct eio_socket *s = context;
    struct pong pong = {.n = 0};
    size_t at = 0, used;

    while (at < len_bytes && s->stream != NULL && !s->closing) {
        struct websocket_event event =
            websocket_read(&s->reader, bytes + at, len_bytes - at, &used);

        at += used;
        take(s, &event, &pong);
        if (event.kind == WEBSOCKET_MORE)
            break;
    }
    if (pong.n > 0 && s->stream != NULL && !s->closing)
        write_bytes(s, pong.frame, pong.n);
    return len_bytes;
}

static void on_drained(void *context)
{
    struct eio_socket *s = context;

    if (s->out_n > 0) {
        s->out_at += put(s, s->out + s->out_at, s->out_n - s->out_at);
        if (s->stream == NULL || s->out_at < s->out_n)
            return;
        out_clear(s);
    }
    if (s->closing)
        upgrade_finish(s->upgrade);
    if (s->session != NULL)
        eio_session_drained(s->session, s);
}

static void on_ended(void *context)
{
    struct eio_socket *s = context;
    struct eio_session *session = s->session;

    s->stream = NULL;
    s->session = NULL;
    io_deadline_disarm(s->io, &s->linger);
    if (session != NULL)
        eio_session_wire_gone(session, s, "transport close");
    io_deadline_arm(s->io, &s->grave, HTTP_DEADLINE_FREE, io_now_ms(s->io));
    io_turn_soon(s->io);
}

/* ---- life ---- */

static void socket_free(struct eio_socket *s)
{
    websocket_fini(&s->reader);
    out_clear(s);
    free(s);
}

static void on_grave(struct io_deadline *deadline)
{
    socket_free(
        (struct eio_socket *)(void *)((char *)deadline - offsetof(struct eio_socket, grave)));
}

static void on_opened(void *context, struct http_upgrade *upgrade, struct stream *stream)
{
    struct eio_socket *s = context;

    s->upgrade = upgrade;
    s->stream = stream;
    s->opened(s->opened_context, s, s->address);
}

static const struct http_upgrade_handlers upgrade_handlers = {
    .opened = on_opened, .input = on_input, .drained = on_drained, .ended = on_ended};

int eio_socket_open(struct http_call *call,
                    void (*opened)(void *context, struct eio_socket *socket,
                                   const struct sockaddr_storage *address),
                    void *context)
{
    struct sockaddr_storage address = *call_address(call); /* the client's, not a proxy's */
    char accept[WEBSOCKET_ACCEPT_BYTES];
    struct eio_socket *s;

    if (websocket_accept(call_header(call, "sec-websocket-version"),
                         call_header(call, "sec-websocket-key"), accept) != 0) {
        call_add_header(call, "Sec-WebSocket-Version", "13");
        return -1;
    }
    s = calloc(1, sizeof(*s));
    if (s == NULL)
        return -1;
    s->io = call_io(call);
    s->grave.expired = on_grave;
    s->linger.expired = on_linger;
    s->opened = opened;
    s->opened_context = context;
    s->address = &address;
    websocket_init(&s->reader, EIO_PAYLOAD_MAX);
    call_add_header(call, "Connection", "Upgrade");
    call_add_header(call, "Upgrade", "websocket");
    call_add_header(call, "Sec-WebSocket-Accept", accept);
    if (call_upgrade(call, &upgrade_handlers, s) == 0)
        return 0;
    socket_free(s);
    return -1;
}
