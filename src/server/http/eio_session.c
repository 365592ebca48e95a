/* eio_session.c -- see eio_session.h. */
#include "http/eio_session.h"

#include <stdlib.h>
#include <string.h>

#include "http/eio_packet.h"
#include "http/eio_queue.h"
#include "net/bucket.h"
#include "ops/metrics.h"
#include "ops/traffic.h"

#define SEND_BYTES 4096 /* of queued packets, taken together */

/* Classes of deadlines, behind class_first. */
enum { DEADLINE_BEAT, DEADLINE_PONG, DEADLINE_PROBE, DEADLINE_GOODBYE, DEADLINE_FREE };
_Static_assert(DEADLINE_FREE + 1 == EIO_DEADLINES, "each has its class");

/* Packets that say nothing, which no limit of what they say holds back. */
static const struct bucket_rate idle_rate = {10, 1000, 100};

enum session_state { SESSION_OPEN, SESSION_CLOSING, SESSION_CLOSED };

/* RFC 6455's numbers */
#define CODE_NORMAL 1000
#define CODE_POLICY 1008

struct eio_session {
    struct io *io;
    const struct eio_timing *timing;
    uint32_t ping_interval_ms, ping_timeout_ms; /* as the client was told: it gives up by them */
    const struct eio_session_handlers *handlers;
    void *context;
    enum session_state state;
    enum eio_transport transport;
    bool pinged, respited; /* a pong is owed; its time was lengthened */
    bool polled;           /* poll is there */
    bool probing, probed;  /* probe is there, and was answered */
    struct bucket idle;
    struct eio_poll poll;
    struct eio_wire wire, probe;
    struct eio_queue queue;
    struct io_deadline beat, upgrade, grave;
    char sid[EIO_SID_BYTES];
};

static void closed(struct eio_session *s, uint16_t code, const char *why, const char *reason);
static void flush(struct eio_session *s);

static void arm(struct eio_session *s, struct io_deadline *deadline, unsigned class_of,
                uint32_t in_ms)
{
    io_deadline_arm(s->io, deadline, s->timing->class_first + class_of, io_now_ms(s->io) + in_ms);
}

/* ---- what goes ---- */

static void poll_answer(struct eio_session *s, const char *payload, size_t len_bytes)
{
    struct eio_poll poll = s->poll;

    s->polled = false;
    poll.answer(poll.context, payload, len_bytes);
}

static void poll_answer_noop(struct eio_session *s)
{
    static const char noop[] = {EIO_NOOP};

    if (s->polled)
        poll_answer(s, noop, sizeof(noop));
}

static void flush_poll(struct eio_session *s)
{
    char *payload;
    size_t n;

    if (!s->polled || eio_queue_is_empty(&s->queue))
        return;
    payload = eio_queue_take_payload(&s->queue, &n);
    if (payload == NULL)
        return; /* the next packet, or the ping timeout, sees to it */
    poll_answer(s, payload, n);
    free(payload);
}

/* One that is longer than the common buffer. False: out of memory. */
static bool flush_long(struct eio_session *s)
{
    size_t room = eio_queue_next_bytes(&s->queue);
    uint8_t *frame = malloc(room);
    struct iovec part = {.iov_base = frame};

    if (frame == NULL)
        return false;
    part.iov_len = eio_queue_take_frames(&s->queue, frame, room);
    s->wire.write(s->wire.context, &part, 1);
    free(frame);
    return true;
}

static void flush_wire(struct eio_session *s)
{
    uint8_t frames[SEND_BYTES];

    while (!eio_queue_is_empty(&s->queue) && s->wire.idle(s->wire.context)) {
        struct iovec part = {frames, eio_queue_take_frames(&s->queue, frames, sizeof(frames))};

        if (part.iov_len > 0)
            s->wire.write(s->wire.context, &part, 1);
        else if (!flush_long(s))
            return;
    }
}

static void flush(struct eio_session *s)
{
    if (s->state == SESSION_CLOSED)
        return;
    if (s->transport == EIO_SOCKET)
        flush_wire(s);
    else
        flush_poll(s);
}

static void too_slow(struct eio_session *s)
{
    metrics_add(METRIC_WEB_SLOW, 1);
    closed(s, CODE_POLICY, "too slow", "too slow");
}

static void push(struct eio_session *s, char type, const char *text, size_t len_bytes)
{
    if (s->state != SESSION_OPEN)
        return;
    if (eio_queue_add(&s->queue, type, text, len_bytes, EIO_QUEUE_MAX) != 0)
        too_slow(s);
    else
        flush(s);
}

void eio_session_send(struct eio_session *s, const char *text, size_t len_bytes)
{
    push(s, EIO_MESSAGE, text, len_bytes);
}

bool eio_session_writable(const struct eio_session *s)
{
    if (s->state != SESSION_OPEN || !eio_queue_is_empty(&s->queue))
        return false;
    return s->transport == EIO_SOCKET ? s->wire.idle(s->wire.context) : s->polled && !s->probed;
}

void eio_session_frames(struct eio_session *s, const struct iovec *parts, unsigned parts_n)
{
    size_t n = 0;

    if (s->state != SESSION_OPEN)
        return;
    flush(s);
    if (s->transport == EIO_SOCKET && eio_queue_is_empty(&s->queue)) {
        s->wire.write(s->wire.context, parts, parts_n);
        return;
    }
    for (unsigned i = 0; i < parts_n; i++)
        n += parts[i].iov_len;
    /* what is said at once is bounded by who says it */
    if (eio_queue_add_frames(&s->queue, parts, parts_n, EIO_QUEUE_MAX + 2 * n) != 0)
        too_slow(s);
    else
        flush(s);
}

/* ---- the end ---- */

static void on_grave(struct io_deadline *deadline)
{
    struct eio_session *s =
        (struct eio_session *)(void *)((char *)deadline - offsetof(struct eio_session, grave));

    if (s->state == SESSION_CLOSING) /* nobody came for the last words */
        closed(s, CODE_NORMAL, "", "server close");
    else
        eio_session_free(s);
}

/* The candidate goes; the session stays what it is. */
static void probe_end(struct eio_session *s)
{
    struct eio_wire probe = s->probe;

    if (!s->probing)
        return;
    s->probing = s->probed = false;
    io_deadline_disarm(s->io, &s->upgrade);
    probe.close(probe.context, CODE_NORMAL, "");
}

/* It is over, now: polls and sockets are told. */
static void closed(struct eio_session *s, uint16_t code, const char *why, const char *reason)
{
    static const char goodbye[] = {EIO_CLOSE};
    bool wired = s->transport == EIO_SOCKET;

    if (s->state == SESSION_CLOSED)
        return;
    s->state = SESSION_CLOSED;
    probe_end(s);
    io_deadline_disarm(s->io, &s->beat);
    arm(s, &s->grave, DEADLINE_FREE, 0);
    io_turn_soon(s->io);
    if (s->polled)
        poll_answer(s, goodbye, sizeof(goodbye));
    s->transport = EIO_POLLING; /* the wire is no more */
    if (wired)
        s->wire.close(s->wire.context, code, why);
    eio_queue_clear(&s->queue);
    metrics_gauge(METRIC_WEB_SESSIONS, -1);
    if (wired)
        metrics_gauge(METRIC_WEB_SOCKETS, -1);
    s->handlers->closed(s->context, reason);
}

void eio_session_close(struct eio_session *s, uint16_t code, const char *why, const char *reason)
{
    static const char goodbye[] = "";

    if (s->state != SESSION_OPEN)
        return;
    if (s->transport == EIO_SOCKET) {
        /* What waits goes before the close frame, as far as the kernel takes it: who has more to
         * come than that hears neither. */
        while (!eio_queue_is_empty(&s->queue) && flush_long(s))
            continue;
        closed(s, code, why, reason);
        return;
    }
    if (eio_queue_add(&s->queue, EIO_CLOSE, goodbye, 0, EIO_QUEUE_MAX) != 0) {
        closed(s, code, why, reason);
        return;
    }
    s->state = SESSION_CLOSING;
    probe_end(s);
    io_deadline_disarm(s->io, &s->beat);
    arm(s, &s->grave, DEADLINE_GOODBYE, s->timing->goodbye_ms);
    flush(s);
    if (eio_queue_is_empty(&s->queue) || s->polled) /* said, or there is no memory to say it */
        closed(s, code, why, reason);
}

/* ---- pings ---- */

static void on_beat(struct io_deadline *deadline)
{
    struct eio_session *s =
        (struct eio_session *)(void *)((char *)deadline - offsetof(struct eio_session, beat));

    if (s->pinged) {
        metrics_add(METRIC_WEB_PING_TIMEOUTS, 1);
        closed(s, CODE_NORMAL, "", "ping timeout");
        return;
    }
    s->pinged = true;
    s->respited = false;
    arm(s, &s->beat, DEADLINE_PONG, s->ping_timeout_ms);
    push(s, EIO_PING, "", 0);
}

static void on_pong(struct eio_session *s)
{
    s->pinged = false;
    arm(s, &s->beat, DEADLINE_BEAT, s->ping_interval_ms);
}

/* ---- what comes ---- */

/* A packet that says nothing. False: there were too many, and it is closed. */
static bool within_limit(struct eio_session *s)
{
    if (bucket_take(&s->idle, &idle_rate, io_now_ms(s->io)))
        return true;
    metrics_add(METRIC_RATE_LIMITED, 1);
    traffic_count(TRAFFIC_WEBSOCKET, TRAFFIC_LIMITED);
    closed(s, CODE_POLICY, "too many packets", "too many packets");
    return false;
}

/* From the transport. 0; -1: it should not have come. */
static int take_packet(struct eio_session *s, const struct eio_packet *packet)
{
    if (s->pinged && !s->respited && packet->type != EIO_PONG) {
        s->respited = true;
        arm(s, &s->beat, DEADLINE_PONG, s->ping_timeout_ms);
    }
    switch (packet->type) {
    case EIO_MESSAGE:
        metrics_add(METRIC_WEB_MESSAGES_IN, 1);
        s->handlers->message(s->context, packet->data, packet->data_bytes);
        return 0;
    case EIO_BINARY:
        metrics_add(METRIC_WEB_MESSAGES_IN, 1);
        s->handlers->binary(s->context);
        return 0;
    case EIO_PONG:
        if (within_limit(s))
            on_pong(s);
        return 0;
    case EIO_CLOSE:
        if (s->transport == EIO_POLLING)
            poll_answer_noop(s);
        closed(s, CODE_NORMAL, "", "transport close");
        return 0;
    case EIO_NOOP:
    case EIO_UPGRADE:
        (void)within_limit(s);
        return 0;
    case EIO_OPEN:
    case EIO_PING: /* from the server only */
        break;
    }
    return -1;
}

static void parse_error(struct eio_session *s)
{
    metrics_add(METRIC_WEB_PARSE_ERRORS, 1);
    closed(s, CODE_POLICY, "parse error", "parse error");
}

int eio_session_poll(struct eio_session *s, const struct eio_poll *poll)
{
    if (s->polled) {
        closed(s, CODE_NORMAL, "", "overlap from client");
        return -1;
    }
    s->poll = *poll;
    s->polled = true;
    flush_poll(s);
    if (s->state == SESSION_CLOSING)
        closed(s, CODE_NORMAL, "", "server close");
    else if (s->probed)
        poll_answer_noop(s);
    return 0;
}

void eio_session_poll_gone(struct eio_session *s)
{
    s->polled = false;
    if (s->transport == EIO_POLLING)
        closed(s, CODE_NORMAL, "", "poll connection closed");
}

int eio_session_payload(struct eio_session *s, const char *text, size_t len_bytes)
{
    struct eio_payload payload;
    struct eio_packet packet;
    enum eio_next next = EIO_NEXT;

    eio_payload_init(&payload, text, len_bytes);
    while (s->state == SESSION_OPEN && next == EIO_NEXT) {
        next = eio_payload_next(&payload, &packet);
        if (next == EIO_NEXT && take_packet(s, &packet) != 0)
            next = EIO_BAD;
    }
    if (next != EIO_BAD)
        return 0;
    parse_error(s);
    return -1;
}

int eio_session_probe(struct eio_session *s, const struct eio_wire *wire)
{
    if (s->state != SESSION_OPEN || s->transport == EIO_SOCKET || s->probing)
        return -1;
    s->probe = *wire;
    s->probing = true;
    arm(s, &s->upgrade, DEADLINE_PROBE, s->timing->upgrade_ms);
    return 0;
}

static void on_upgrade_late(struct io_deadline *deadline)
{
    probe_end(
        (struct eio_session *)(void *)((char *)deadline - offsetof(struct eio_session, upgrade)));
}

/* The candidate is the transport from now on. */
static void upgrade(struct eio_session *s)
{
    s->wire = s->probe;
    s->transport = EIO_SOCKET;
    s->probing = s->probed = false;
    io_deadline_disarm(s->io, &s->upgrade);
    metrics_add(METRIC_WEB_UPGRADES, 1);
    metrics_gauge(METRIC_WEB_SOCKETS, 1);
    traffic_count(TRAFFIC_WEBSOCKET, TRAFFIC_ACCEPTED);
    poll_answer_noop(s);
    flush(s);
}

static void take_probe(struct eio_session *s, const struct eio_packet *packet)
{
    static const char pong[] = {(char)0x81, 6, '3', 'p', 'r', 'o', 'b', 'e'}; /* as a frame */
    struct iovec part = {(void *)(uintptr_t)pong, sizeof(pong)};

    if (!within_limit(s))
        return;
    if (packet->type == EIO_PING && eio_packet_says(packet, "probe")) {
        s->probed = true;
        s->probe.write(s->probe.context, &part, 1);
        if (eio_queue_is_empty(&s->queue))
            poll_answer_noop(s);
    } else if (packet->type == EIO_UPGRADE) {
        upgrade(s);
    } else {
        probe_end(s);
    }
}

static bool is_transport(const struct eio_session *s, const void *wire_context)
{
    return s->state != SESSION_CLOSED && s->transport == EIO_SOCKET &&
           s->wire.context == wire_context;
}

void eio_session_text(struct eio_session *s, void *wire_context, const char *text, size_t len_bytes)
{
    struct eio_packet packet;
    int malformed = eio_packet_read(text, len_bytes, &packet);

    if (s->probing && s->probe.context == wire_context) {
        if (malformed != 0)
            probe_end(s);
        else
            take_probe(s, &packet);
        return;
    }
    if (!is_transport(s, wire_context))
        return;
    if (malformed != 0 || take_packet(s, &packet) != 0)
        parse_error(s);
}

void eio_session_bytes(struct eio_session *s, void *wire_context)
{
    static const struct eio_packet bytes = {.type = EIO_BINARY};

    if (s->probing && s->probe.context == wire_context)
        probe_end(s);
    else if (is_transport(s, wire_context))
        take_packet(s, &bytes);
}

void eio_session_drained(struct eio_session *s, void *wire_context)
{
    if (is_transport(s, wire_context))
        flush(s);
}

void eio_session_wire_gone(struct eio_session *s, void *wire_context, const char *reason)
{
    if (s->probing && s->probe.context == wire_context) {
        s->probing = s->probed = false;
        io_deadline_disarm(s->io, &s->upgrade);
    } else if (is_transport(s, wire_context)) {
        s->transport = EIO_POLLING; /* so that nothing is said to it */
        metrics_gauge(METRIC_WEB_SOCKETS, -1);
        closed(s, CODE_NORMAL, "", reason);
    }
}

/* ---- life ---- */

struct eio_session *eio_session_new(struct io *io, const struct eio_timing *timing, const char *sid,
                                    const struct eio_wire *wire,
                                    const struct eio_session_handlers *handlers, void *context)
{
    struct eio_handshake handshake = {sid, wire == NULL, timing->ping_interval_ms,
                                      timing->ping_timeout_ms, EIO_PAYLOAD_MAX};
    struct eio_session *s = calloc(1, sizeof(*s));
    char open[EIO_OPEN_BYTES];
    size_t n = eio_packet_open(&handshake, open);

    if (s == NULL || eio_queue_add(&s->queue, open[0], open + 1, n - 1, EIO_QUEUE_MAX) != 0) {
        free(s);
        return NULL;
    }
    s->io = io;
    s->timing = timing;
    s->ping_interval_ms = timing->ping_interval_ms;
    s->ping_timeout_ms = timing->ping_timeout_ms;
    s->handlers = handlers;
    s->context = context;
    bucket_init(&s->idle, &idle_rate, io_now_ms(io));
    s->beat.expired = on_beat;
    s->upgrade.expired = on_upgrade_late;
    s->grave.expired = on_grave;
    memcpy(s->sid, sid, strnlen(sid, sizeof(s->sid) - 1));
    if (wire != NULL) {
        s->wire = *wire;
        s->transport = EIO_SOCKET;
        metrics_gauge(METRIC_WEB_SOCKETS, 1);
        traffic_count(TRAFFIC_WEBSOCKET, TRAFFIC_ACCEPTED);
    }
    metrics_gauge(METRIC_WEB_SESSIONS, 1);
    arm(s, &s->beat, DEADLINE_BEAT, s->ping_interval_ms);
    flush(s);
    return s;
}

void eio_session_free(struct eio_session *s)
{
    if (s == NULL)
        return;
    io_deadline_disarm(s->io, &s->beat);
    io_deadline_disarm(s->io, &s->upgrade);
    io_deadline_disarm(s->io, &s->grave);
    eio_queue_clear(&s->queue);
    if (s->state != SESSION_CLOSED) {
        metrics_gauge(METRIC_WEB_SESSIONS, -1);
        if (s->transport == EIO_SOCKET)
            metrics_gauge(METRIC_WEB_SOCKETS, -1);
    }
    if (s->handlers->freed != NULL)
        s->handlers->freed(s->context);
    free(s);
}

const char *eio_session_sid(const struct eio_session *s)
{
    return s->sid;
}

enum eio_transport eio_session_transport(const struct eio_session *s)
{
    return s->transport;
}

bool eio_session_is_open(const struct eio_session *s)
{
    return s->state == SESSION_OPEN;
}
