/* connection.c -- see connection.h. */
#include "http/connection.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "http/call_inside.h"
#include "http/gate.h"
#include "ops/metrics.h"

#define WAIT_MS     120000 /* for our own answer */
#define TAKING_RATE 8      /* bytes a millisecond: what the peer takes is given more time by it */
#define LINGER_MS   2000
#define LEFT_MAX    8192 /* bytes of later requests that are read while one is answered */

/* ---- state ---- */

static void arm(struct connection *c, enum http_deadline class_of, uint64_t at_ms)
{
    io_deadline_arm(c->worker->io, &c->stage, class_of, at_ms);
}

static void connection_move(struct connection *c, enum connection_state state)
{
    const struct http_settings *settings = c->worker->settings;
    uint64_t now_ms = io_now_ms(c->worker->io);

    c->state = state;
    switch (state) {
    case CONNECTION_OPENING:
        c->since_ms = now_ms;
        arm(c, HTTP_DEADLINE_OPENING, now_ms + settings->head_ms);
        break;
    case CONNECTION_IDLE:
        if (c->fresh)
            arm(c, HTTP_DEADLINE_OPENING, c->since_ms + settings->head_ms);
        else
            arm(c, HTTP_DEADLINE_IDLE, now_ms + settings->idle_ms);
        break;
    case CONNECTION_HEAD:
        if (!c->fresh)
            c->since_ms = now_ms;
        arm(c, HTTP_DEADLINE_HEAD, c->since_ms + settings->head_ms);
        break;
    case CONNECTION_BODY:
        arm(c, HTTP_DEADLINE_BODY, now_ms + settings->body_ms);
        break;
    case CONNECTION_RUNNING:
        arm(c, HTTP_DEADLINE_WAIT, now_ms + WAIT_MS);
        break;
    case CONNECTION_CARRIED: /* from the loop: its stream may be under our feet */
        arm(c, HTTP_DEADLINE_FREE, now_ms);
        io_turn_soon(c->worker->io);
        break;
    case CONNECTION_UPGRADED:
        io_deadline_disarm(c->worker->io, &c->stage);
        break;
    case CONNECTION_LINGERING:
        arm(c, HTTP_DEADLINE_LINGER, now_ms + LINGER_MS);
        break;
    case CONNECTION_CLOSED:
        io_deadline_disarm(c->worker->io, &c->taking);
        arm(c, HTTP_DEADLINE_FREE, now_ms);
        io_turn_soon(c->worker->io);
        break;
    }
}

/* ---- out ---- */

static void segment_free(struct segment *segment)
{
    if (segment->release != NULL)
        segment->release(segment->context);
    if (segment->fd >= 0)
        close(segment->fd);
    free(segment);
}

static size_t queued_bytes(const struct connection *c)
{
    size_t n = stream_kept_bytes(c->stream);

    for (const struct segment *s = c->out_first; s != NULL; s = s->next)
        n += s->n - s->at;
    return n;
}

/* The socket refused a part. */
static void taking_begin(struct connection *c)
{
    uint64_t most_ms = c->worker->settings->taking_ms + queued_bytes(c) / TAKING_RATE;

    if (c->state == CONNECTION_IDLE) /* it is not, until this is taken */
        io_deadline_disarm(c->worker->io, &c->stage);
    if (!c->taking.armed && c->state != CONNECTION_UPGRADED)
        io_deadline_arm(c->worker->io, &c->taking, HTTP_DEADLINE_TAKING,
                        io_now_ms(c->worker->io) + most_ms);
}

static void queue(struct connection *c, struct segment *segment)
{
    segment->next = NULL;
    *(c->out_last != NULL ? &c->out_last->next : &c->out_first) = segment;
    c->out_last = segment;
}

static void queue_copy(struct connection *c, const uint8_t *bytes, size_t n)
{
    struct segment *segment = malloc(sizeof(*segment) + n);

    if (segment == NULL) {
        connection_close(c);
        return;
    }
    *segment = (struct segment){.bytes = (const uint8_t *)(segment + 1), .fd = -1, .n = n};
    memcpy(segment + 1, bytes, n);
    queue(c, segment);
    taking_begin(c);
}

/* As much as the socket takes. Returns how much that was (with what the stream keeps); the
 * connection may be closed then. */
static size_t put(struct connection *c, const uint8_t *bytes, size_t n)
{
    size_t at = 0;

    while (at < n && stream_writable(c->stream)) {
        size_t part = n - at < IO_RECORD_MAX ? n - at : IO_RECORD_MAX;
        enum stream_written written = stream_write(c->stream, bytes + at, part);

        if (written == STREAM_DEAD) {
            connection_close(c);
            return n;
        }
        at += part;
        if (written == STREAM_KEPT)
            taking_begin(c);
    }
    return at;
}

static void flush(struct connection *c)
{
    struct worker *worker = c->worker;
    size_t n = worker->out_n, at;

    worker->out_n = 0;
    if (n == 0 || c->state == CONNECTION_CLOSED)
        return;
    at = put(c, worker->out, n);
    if (at < n)
        queue_copy(c, worker->out + at, n - at);
}

void connection_write(struct connection *c, const void *bytes, size_t len_bytes)
{
    struct worker *worker = c->worker;
    const uint8_t *from = bytes;

    while (len_bytes > 0 && c->state != CONNECTION_CLOSED) {
        size_t room = sizeof(worker->out) - worker->out_n;
        size_t part = len_bytes < room ? len_bytes : room;

        if (c->out_first != NULL) {
            queue_copy(c, from, len_bytes);
            return;
        }
        memcpy(worker->out + worker->out_n, from, part);
        worker->out_n += part;
        from += part;
        len_bytes -= part;
        if (worker->out_n == sizeof(worker->out))
            flush(c);
    }
}

void connection_lend(struct connection *c, const void *bytes, size_t len_bytes,
                     void (*release)(void *context), void *context)
{
    struct segment *segment = malloc(sizeof(*segment));
    size_t at = 0;

    flush(c);
    if (segment == NULL)
        connection_close(c);
    if (c->state != CONNECTION_CLOSED && c->out_first == NULL)
        at = put(c, bytes, len_bytes);
    if (c->state == CONNECTION_CLOSED || at == len_bytes) {
        free(segment);
        if (release != NULL)
            release(context);
        return;
    }
    *segment = (struct segment){
        .bytes = bytes, .fd = -1, .at = at, .n = len_bytes, .release = release, .context = context};
    queue(c, segment);
    taking_begin(c);
}

/* Go on with the first in the queue. True: it is written, as far as we are concerned. */
static bool put_segment(struct connection *c, struct segment *segment)
{
    uint64_t at = segment->file_at + segment->at;

    if (segment->bytes != NULL) {
        segment->at += put(c, segment->bytes + segment->at, segment->n - segment->at);
        return segment->at == segment->n;
    }
    if (stream_write_file(c->stream, segment->fd, &at, segment->n - segment->at) == STREAM_DEAD) {
        connection_close(c);
        return false;
    }
    segment->at = (size_t)(at - segment->file_at);
    return segment->at == segment->n;
}

void connection_send_file(struct connection *c, int fd, uint64_t at, size_t len_bytes)
{
    struct segment *segment = malloc(sizeof(*segment));

    if (segment == NULL) {
        close(fd);
        connection_close(c);
        return;
    }
    *segment = (struct segment){.fd = fd, .file_at = at, .n = len_bytes};
    flush(c);
    if (c->state == CONNECTION_CLOSED ||
        (c->out_first == NULL && stream_writable(c->stream) && put_segment(c, segment)) ||
        c->state == CONNECTION_CLOSED) {
        segment_free(segment);
        return;
    }
    queue(c, segment);
    taking_begin(c);
}

/* What is written to it from here on goes in one piece. Returns what uncork is to be told: who was
 * corked before; c itself: it was already, and stays so. */
static struct connection *cork(struct connection *c)
{
    struct connection *before = c->worker->corked;

    if (before != c && before != NULL) /* its request has c answered: each gets its own */
        flush(before);
    c->worker->corked = c;
    return before;
}

static void uncork(struct connection *c, struct connection *before)
{
    if (before == c)
        return;
    flush(c);
    c->worker->corked = before;
}

/* ---- the end ---- */

/* Everything is written that will be: say so, and let the peer take it. */
static void finish(struct connection *c)
{
    if (c->state != CONNECTION_LINGERING)
        connection_move(c, CONNECTION_LINGERING);
    if (c->out_first != NULL || !stream_writable(c->stream)) {
        io_deadline_disarm(c->worker->io, &c->stage); /* taking has its own */
        return;
    }
    connection_move(c, CONNECTION_LINGERING);
    stream_finish(c->stream);
}

void connection_close(struct connection *c)
{
    struct http_call *call = c->call;
    const struct http_upgrade_handlers *upgraded = c->upgraded;

    if (c->state == CONNECTION_CLOSED)
        return;
    connection_move(c, CONNECTION_CLOSED);
    stream_close(c->stream);
    worker_slot_give(c->worker, c->slot);
    if (c->worker->corked == c)
        c->worker->out_n = 0;
    c->call = NULL;
    c->upgraded = NULL;
    if (call != NULL && call->state == CALL_WAITING)
        call_forget(call);
    else if (call != NULL && call->state == CALL_READING)
        call_give(c->worker, call);
    if (upgraded != NULL)
        upgraded->ended(c->upgraded_context);
}

static void connection_free(struct connection *c)
{
    struct segment *next;

    io_deadline_disarm(c->worker->io, &c->stage);
    io_deadline_disarm(c->worker->io, &c->taking);
    for (struct segment *s = c->out_first; s != NULL; s = next) {
        next = s->next;
        segment_free(s);
    }
    stream_free(c->stream);
    http_closed(c->worker->http, c->ticket);
    free(c);
}

/* ---- answers ---- */

/* Not all that was answered is taken yet. */
static bool is_writing(const struct connection *c)
{
    return c->out_first != NULL || stream_kept_bytes(c->stream) > 0;
}

static void go_on(struct connection *c)
{
    if ((c->state == CONNECTION_HEAD || c->state == CONNECTION_IDLE) && !c->stage.armed)
        connection_move(c, c->state);
    if (c->more)
        stream_pause(c->stream);
    c->more = false;
    stream_resume(c->stream);
}

void connection_answer(struct connection *c, struct http_call *call)
{
    struct connection *before = cork(c);
    bool alone = before != c;

    if (c->worker->draining)
        c->keep = false;
    answer_write(c, call);
    c->call = NULL;
    c->fresh = false;
    call_give(c->worker, call);
    uncork(c, before);
    if (c->state == CONNECTION_CLOSED)
        return;
    if (c->keep) {
        connection_move(c, CONNECTION_IDLE);
        if (is_writing(c))
            taking_begin(c);
        else if (alone)
            go_on(c);
        return;
    }
    flush(c);
    if (c->state != CONNECTION_CLOSED)
        finish(c);
}

/* Before, or instead of, an answer by a handler: and then the end. */
static void refuse(struct connection *c, int status, const char *detail)
{
    struct http_call *call = call_take(c);

    c->keep = false;
    if (call == NULL)
        connection_close(c);
    else
        call_problem(call, status, detail);
}

/* ---- in ---- */

/* The body is whole. */
static void whole(struct connection *c, struct http_call *call)
{
    c->state = CONNECTION_RUNNING;
    call_begin(call);
    if (c->state == CONNECTION_RUNNING)
        connection_move(c, CONNECTION_RUNNING); /* it takes longer: a deadline */
}

void connection_run(struct connection *c, struct http_call *call)
{
    call->connection = c;
    c->call = call;
    call_run(call);
    if (c->state == CONNECTION_RUNNING)
        connection_move(c, CONNECTION_RUNNING);
}

/* Bytes of the next head, from its first. Returns how many are used: 0, or all of a request. */
static size_t take_head(struct connection *c, char *bytes, size_t n)
{
    struct http_call *call = call_take(c);
    enum parse_result result;
    size_t used;

    if (call == NULL) {
        connection_close(c);
        return n;
    }
    result = parse_head(bytes, n, &c->worker->settings->limits, &c->progress, &call->head);
    if (result == PARSE_MORE) {
        call_give(c->worker, call);
        if (c->state == CONNECTION_IDLE)
            connection_move(c, CONNECTION_HEAD);
        return 0;
    }
    c->progress = (struct parse_progress){0};
    c->call = call;
    io_asked(c->worker->io);
    if (result == PARSE_BAD) {
        metrics_add(METRIC_HTTP_MALFORMED, 1);
        c->keep = false;
        call->head.method = HTTP_GET;
        call_problem(call, call->head.status, call->head.reason);
        return n;
    }
    used = call->head.head_bytes;
    parse_terminate(&call->head, bytes);
    call->text = bytes;
    c->keep = call->head.keep_alive;
    if (call->head.body == PARSE_LENGTH && call->head.length <= n - used) {
        call->body = (uint8_t *)bytes + used;
        call->body_borrowed = true;
        call->body_n = (size_t)call->head.length;
        used += call->body_n;
    } else {
        call->body_late = call->head.body != PARSE_NO_BODY;
    }
    if (!gate_passed(c, call))
        return c->keep ? used : n;
    if (!call->body_late) {
        whole(c, call);
        return used;
    }
    if (call_own(call) != 0) {
        connection_close(c);
        return n;
    }
    if (call->head.body == PARSE_CHUNKED)
        chunks_init(&call->chunks, c->worker->settings->limits.body_bytes);
    if (call->head.expects_continue && used == n)
        connection_write(c, "HTTP/1.1 100 Continue\r\n\r\n", 25);
    connection_move(c, CONNECTION_BODY);
    return used;
}

static int body_add(struct http_call *call, const char *bytes, size_t n)
{
    size_t room = call->body_room > 0 ? call->body_room : 1024;
    uint8_t *body;

    while (room < call->body_n + n)
        room *= 2;
    if (room > call->body_room) {
        body = realloc(call->body, room);
        if (body == NULL)
            return -1;
        call->body = body;
        call->body_room = room;
    }
    if (n > 0)
        memcpy(call->body + call->body_n, bytes, n);
    call->body_n += n;
    return 0;
}

static size_t take_body(struct connection *c, char *bytes, size_t n)
{
    struct http_call *call = c->call;
    enum parse_result result = PARSE_MORE;
    size_t used = n, body_n = n;

    if (call->head.body == PARSE_CHUNKED) {
        result = chunks_take(&call->chunks, bytes, n, &body_n, &used);
    } else {
        if (body_n >= call->head.length - call->body_n) {
            used = body_n = (size_t)call->head.length - call->body_n;
            result = PARSE_OK;
        }
    }
    if (result == PARSE_BAD) {
        metrics_add(METRIC_HTTP_MALFORMED, 1);
        c->keep = false;
        call_problem(call, call->chunks.status, "the body is malformed or too large");
        return n;
    }
    if (body_add(call, bytes, body_n) != 0) {
        connection_close(c);
        return n;
    }
    if (result == PARSE_OK)
        whole(c, call);
    return used;
}

static bool takes_input(const struct connection *c)
{
    return (c->state == CONNECTION_IDLE || c->state == CONNECTION_HEAD ||
            c->state == CONNECTION_BODY) &&
           c->out_first == NULL && stream_writable(c->stream);
}

/* Until its answers are taken, which has a deadline of its own: while we do not read, the rest of a
 * head is not late. */
static void leave_unread(struct connection *c)
{
    stream_pause(c->stream);
    if (c->state == CONNECTION_HEAD)
        io_deadline_disarm(c->worker->io, &c->stage);
}

static size_t on_input(void *context, uint8_t *bytes, size_t len_bytes)
{
    struct connection *c = context;
    size_t at = 0, used = 1;
    struct connection *before;

    if (c->state == CONNECTION_UPGRADED)
        return c->upgraded->input(c->upgraded_context, bytes, len_bytes);
    before = cork(c);
    while (at < len_bytes && used > 0 && takes_input(c)) {
        if (c->state == CONNECTION_BODY)
            used = take_body(c, (char *)bytes + at, len_bytes - at);
        else
            used = take_head(c, (char *)bytes + at, len_bytes - at);
        at += used;
    }
    uncork(c, before);
    if (c->state == CONNECTION_UPGRADED && at < len_bytes)
        at += c->upgraded->input(c->upgraded_context, bytes + at, len_bytes - at);
    if (c->state == CONNECTION_CLOSED || c->state == CONNECTION_UPGRADED)
        return at;
    c->more = at < len_bytes && used > 0;
    if (c->more && (c->state != CONNECTION_RUNNING || len_bytes - at > LEFT_MAX))
        leave_unread(c);
    return at;
}

/* ---- what the stream says ---- */

static void on_opened(void *context)
{
    struct connection *c = context;

    connection_move(c, CONNECTION_IDLE);
}

static void on_settled(void *context, bool begun)
{
    struct connection *c = context;

    if (c->state == CONNECTION_UPGRADED && c->upgraded->settled != NULL)
        c->upgraded->settled(c->upgraded_context, begun);
}

/* It asks no more; whether it still listens is not known. What control or the socket has of it is
 * finished; what waits unread behind that too, for this is said again whenever we read on. */
static bool on_half_closed(void *context)
{
    struct connection *c = context;

    return c->state != CONNECTION_UPGRADED &&
           (is_writing(c) || (c->state == CONNECTION_RUNNING && c->call == NULL));
}

static void on_refused(void *context)
{
    struct connection *c = context;

    if (c->state != CONNECTION_UPGRADED)
        taking_begin(c);
    else if (c->upgraded->refused != NULL)
        c->upgraded->refused(c->upgraded_context);
}

static void on_drained(void *context)
{
    struct connection *c = context;

    while (c->out_first != NULL) {
        struct segment *segment = c->out_first;

        if (!put_segment(c, segment) || c->state == CONNECTION_CLOSED)
            return;
        c->out_first = segment->next;
        if (c->out_first == NULL)
            c->out_last = NULL;
        segment_free(segment);
    }
    if (!stream_writable(c->stream))
        return;
    io_deadline_disarm(c->worker->io, &c->taking);
    if (c->state == CONNECTION_UPGRADED)
        c->upgraded->drained(c->upgraded_context);
    else if (c->state == CONNECTION_LINGERING)
        finish(c);
    else if (c->state != CONNECTION_CLOSED)
        go_on(c);
}

static void on_ended(void *context, enum stream_end end)
{
    (void)end;
    connection_close(context);
}

static const struct stream_handlers handlers = {.opened = on_opened,
                                                .input = on_input,
                                                .settled = on_settled,
                                                .half_closed = on_half_closed,
                                                .refused = on_refused,
                                                .drained = on_drained,
                                                .ended = on_ended};

/* ---- to another thread ---- */

void connection_carry(struct connection *c, struct worker *to)
{
    c->to = to;
    connection_move(c, CONNECTION_CARRIED);
}

/* The other thread. */
static void run_arrived(struct postbox_item *item)
{
    struct http_call *call = (struct http_call *)(void *)item;
    struct connection *c = call->connection;
    int entered;

    c->state = CONNECTION_RUNNING;
    if (worker_slot_take(c->worker, c, &c->slot) != 0) {
        c->state = CONNECTION_CLOSED;
        stream_close(c->stream);
        call_give(c->worker, call);
        connection_free(c);
        return;
    }
    c->generation = c->worker->slots[c->slot].generation;
    call->worker = c->worker;
    call->slot = c->slot;
    call->generation = c->generation;
    entered = stream_enter(c->stream, c->worker->io);
    if (entered != 0) {
        connection_close(c);
        return;
    }
    if (c->out_first != NULL)
        taking_begin(c);
    call_run(call);
    if (c->state == CONNECTION_RUNNING)
        connection_move(c, CONNECTION_RUNNING);
}

/* This thread's last touch. */
static void carry(struct connection *c)
{
    struct http_call *call = c->call;

    io_deadline_disarm(c->worker->io, &c->stage);
    io_deadline_disarm(c->worker->io, &c->taking);
    worker_slot_give(c->worker, c->slot);
    stream_leave(c->stream);
    http_carried(c->worker->http, c->ticket, c->to);
    c->worker = c->to;
    call->item.run = run_arrived;
    io_post(c->to->io, &call->item);
}

/* ---- deadlines ---- */

static void on_stage(struct io_deadline *deadline)
{
    struct connection *c =
        (struct connection *)(void *)((char *)deadline - offsetof(struct connection, stage));
    struct http_call *call = c->call;

    switch (c->state) {
    case CONNECTION_OPENING:
    case CONNECTION_IDLE:
        if (c->fresh)
            metrics_add(METRIC_HTTP_DEADLINES, 1);
        connection_close(c);
        return;
    case CONNECTION_HEAD:
    case CONNECTION_BODY:
        metrics_add(METRIC_HTTP_DEADLINES, 1);
        c->call = NULL;
        call_give(c->worker, call);
        refuse(c, 408, "the request did not come whole in time");
        return;
    case CONNECTION_RUNNING:
        c->call = NULL;
        if (call != NULL)
            call_forget(call);
        c->generation++; /* what control still says goes nowhere */
        c->worker->slots[c->slot].generation = c->generation;
        refuse(c, 503, "the answer took too long");
        return;
    case CONNECTION_LINGERING:
        connection_close(c);
        return;
    case CONNECTION_CARRIED:
        carry(c);
        return;
    case CONNECTION_UPGRADED:
        return;
    case CONNECTION_CLOSED:
        connection_free(c);
        return;
    }
}

static void on_taking(struct io_deadline *deadline)
{
    struct connection *c =
        (struct connection *)(void *)((char *)deadline - offsetof(struct connection, taking));

    metrics_add(METRIC_HTTP_DEADLINES, 1);
    connection_close(c);
}

/* ---- upgraded ---- */

void connection_upgrade(struct connection *c, struct http_call *call,
                        const struct http_upgrade_handlers *upgraded, void *context)
{
    struct connection *before = cork(c);

    answer_write(c, call);
    c->call = NULL;
    call_give(c->worker, call);
    flush(c);
    uncork(c, before);
    c->upgraded_context = context;
    if (c->state == CONNECTION_CLOSED) {
        upgraded->ended(context);
        return;
    }
    io_deadline_disarm(c->worker->io, &c->taking);
    c->upgraded = upgraded;
    connection_move(c, CONNECTION_UPGRADED);
    stream_count_as(c->stream, IO_WEBSOCKET);
    stream_can_wait(c->stream, false);
    upgraded->opened(context, (struct http_upgrade *)(void *)c, c->stream);
    if (before != c && c->state == CONNECTION_UPGRADED)
        go_on(c);
}

void upgrade_close(struct http_upgrade *upgrade)
{
    connection_close((struct connection *)(void *)upgrade);
}

void upgrade_finish(struct http_upgrade *upgrade)
{
    struct connection *c = (struct connection *)(void *)upgrade;
    const struct http_upgrade_handlers *upgraded = c->upgraded;

    if (c->state != CONNECTION_UPGRADED)
        return;
    c->upgraded = NULL;
    finish(c);
    if (c->state == CONNECTION_LINGERING && !c->stage.armed)
        arm(c, HTTP_DEADLINE_LINGER, io_now_ms(c->worker->io) + LINGER_MS);
    upgraded->ended(c->upgraded_context);
}

const struct sockaddr_storage *upgrade_address(const struct http_upgrade *upgrade)
{
    return &((const struct connection *)(const void *)upgrade)->ticket->address;
}

/* ---- life ---- */

void connection_drain(struct connection *c)
{
    c->keep = false;
    if (c->state == CONNECTION_IDLE)
        finish(c);
}

void connection_new(struct worker *worker, struct http_ticket *ticket)
{
    struct connection *c = calloc(1, sizeof(*c));

    if (c == NULL || worker_slot_take(worker, c, &c->slot) != 0) {
        close(ticket->fd);
        free(c);
        http_closed(worker->http, ticket);
        return;
    }
    c->worker = worker;
    c->ticket = ticket;
    c->generation = worker->slots[c->slot].generation;
    c->fresh = true;
    c->stage.expired = on_stage;
    c->taking.expired = on_taking;
    c->stream = stream_new(worker->io, ticket->fd, ticket->tls ? worker->settings->tls : NULL,
                           &handlers, c);
    if (c->stream == NULL) {
        worker_slot_give(worker, c->slot);
        http_closed(worker->http, ticket);
        free(c);
        return;
    }
    stream_count_as(c->stream, IO_HTTP);
    stream_can_wait(c->stream, true);
    stream_tally(c->stream, http_services(worker->http)->tally, &ticket->address);
    connection_move(c, CONNECTION_OPENING);
}
