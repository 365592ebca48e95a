/* session.c -- see session.h. */
#include "play/session.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "net/address.h"
#include "ops/metrics.h"
#include "play/gather.h"
#include "play/native.h"
#include "sim/sim.h"

#define FRAME_ROOM      2048  /* the longest frame that is queued: WELCOME */
#define LOGIN_WAIT_MS   60000 /* for our own answer to a login */
#define LOG_OUT_WAIT_MS 2000  /* for a log-out to be on record */
#define LOGIN_TRIES     10    /* refused ones, each of which brings a new deadline */
#define NOTICE_EVERY_MS 1000

/* Classes of deadlines; 0 is the streams'. */
enum {
    DEADLINE_FIRST = 1,
    DEADLINE_LOGIN,
    DEADLINE_WAIT,
    DEADLINE_LOG_OUT,
    DEADLINE_MESSAGE,
    DEADLINE_TAKING,
    DEADLINE_LINGER,
    DEADLINE_FREE,
    DEADLINES_END
};
_Static_assert(DEADLINES_END == SESSION_DEADLINES_END, "others begin behind these");

/* ---- lists ---- */

static void waiting_remove(struct session *s)
{
    struct host *host = s->seat.host;

    if (!s->waiting)
        return;
    s->waiting = false;
    *(s->waiting_previous != NULL ? &s->waiting_previous->waiting_next : &host->waiting_first) =
        s->waiting_next;
    *(s->waiting_next != NULL ? &s->waiting_next->waiting_previous : &host->waiting_last) =
        s->waiting_previous;
    s->waiting_previous = s->waiting_next = NULL;
}

void session_wait(struct session *s)
{
    struct host *host = s->seat.host;

    stream_pause(s->stream);
    io_deadline_disarm(s->seat.host->io, &s->message); /* our own waiting does not count */
    if (s->waiting)
        return;
    s->waiting = true;
    s->waiting_previous = host->waiting_last;
    s->waiting_next = NULL;
    *(host->waiting_last != NULL ? &host->waiting_last->waiting_next : &host->waiting_first) = s;
    host->waiting_last = s;
}

void session_go_on(struct session *s)
{
    waiting_remove(s);
    stream_resume(s->stream);
}

/* ---- state ---- */

static void arm(struct session *s, struct io_deadline *deadline, unsigned class_of, uint64_t at_ms)
{
    io_deadline_arm(s->seat.host->io, deadline, class_of, at_ms);
}

/* The first byte is due, but a whole login may be due before that. */
static uint64_t first_due_ms(const struct session *s)
{
    const struct host_settings *settings = s->seat.host->settings;

    return s->accepted_ms + (settings->login_ms < settings->first_byte_ms
                                 ? settings->login_ms
                                 : settings->first_byte_ms);
}

static void session_move(struct session *s, enum session_state state)
{
    struct io *io = s->seat.host->io;
    uint64_t now_ms = io_now_ms(io);

    if (s->state == SESSION_PLAYING) {
        seat_play_no_more(&s->seat);
        metrics_gauge(METRIC_PLAYERS_SHIFTED, -(s->pace.shift > 0));
    }
    s->state = state;
    switch (state) {
    case SESSION_GREETING:
        arm(s, &s->stage, DEADLINE_FIRST, first_due_ms(s));
        break;
    case SESSION_LOGIN: /* the stage runs on from the accept */
        break;
    case SESSION_PLAYING:
        io_deadline_disarm(io, &s->stage);
        seat_play(&s->seat);
        break;
    case SESSION_LEAVING:
        waiting_remove(s);
        io_deadline_disarm(io, &s->message);
        arm(s, &s->stage, DEADLINE_LOG_OUT, now_ms + LOG_OUT_WAIT_MS);
        break;
    case SESSION_CLOSING:
        waiting_remove(s);
        io_deadline_disarm(io, &s->message);
        arm(s, &s->stage, DEADLINE_LINGER, now_ms + s->seat.host->linger_ms);
        break;
    case SESSION_CLOSED:
        waiting_remove(s);
        io_deadline_disarm(io, &s->message);
        io_deadline_disarm(io, &s->taking);
        arm(s, &s->stage, DEADLINE_FREE, now_ms);
        io_turn_soon(io);
        break;
    }
}

void session_close(struct session *s)
{
    if (s->state == SESSION_CLOSED)
        return;
    session_count(s, false);
    stream_close(s->stream);
    session_move(s, SESSION_CLOSED);
    seat_unlist(&s->seat);
}

void session_free(struct session *s)
{
    io_deadline_disarm(s->seat.host->io, &s->stage);
    stream_free(s->stream);
    outbox_clear(&s->outbox);
    interest_fini(&s->interest);
    interest_fini(&s->hidden);
    free(s->who);
    free(s->barred);
    free(s);
}

void session_end(struct session *s, enum protocol_reason reason, uint32_t retry_after_ms,
                 const char *text)
{
    uint8_t room[FRAME_ROOM];
    struct wire_writer w;

    if (s->state == SESSION_CLOSING || s->state == SESSION_CLOSED)
        return;
    s->seat.reason = reason;
    if (!stream_is_open(s->stream)) {
        session_close(s);
        return;
    }
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_disconnect(
        &w, &(struct protocol_disconnect){
                .reason = (uint8_t)reason,
                .retry_after_ms = retry_after_ms,
                .text = wire_text_of(text != NULL ? text : protocol_reason_text(reason))});
    session_move(s, SESSION_CLOSING);
    if (outbox_append(&s->outbox, room, wire_written(&w)) != 0) {
        outbox_clear(&s->outbox);
        if (outbox_append(&s->outbox, room, wire_written(&w)) != 0) {
            session_close(s);
            return;
        }
    }
    session_flush(s);
}

void session_log_out(struct session *s)
{
    session_move(s, SESSION_LEAVING);
    s->seat.host->config.log_out(s->seat.host->config.context, s->seat.id);
}

static void session_misbehaved(struct session *s, enum protocol_reason reason)
{
    static struct log_limit limit;
    uint64_t swallowed;
    char text[ADDRESS_TEXT_MAX];

    metrics_add(reason == PROTOCOL_REASON_MALFORMED ? METRIC_MALFORMED : METRIC_DEADLINES, 1);
    if (log_limit_pass(&limit, 20, &swallowed)) {
        address_text((const struct sockaddr *)&s->seat.address, text);
        log_event(LOG_LEVEL_INFO, "connection_ended", protocol_reason_text(reason),
                  LOG_TEXT("address", text), LOG_U64("session", s->seat.id),
                  LOG_TEXT("reason", protocol_reason_name(reason)),
                  LOG_U64("swallowed", swallowed));
    }
}

/* ---- out ---- */

void session_count(struct session *s, bool with_rtt)
{
    uint64_t bytes_out = stream_bytes_out(s->stream);

    s->seat.host->bytes_sent += bytes_out - s->bytes_told;
    s->bytes_told = bytes_out;
    if (s->seat.counters == NULL)
        return;
    /* figures for people: no order is needed */
    atomic_store_explicit(&s->seat.counters->bytes_in, stream_bytes_in(s->stream),
                          memory_order_relaxed);
    atomic_store_explicit(&s->seat.counters->bytes_out, bytes_out, memory_order_relaxed);
    atomic_store_explicit(&s->seat.counters->cost_us, s->seat.gather_us + stream_cost_us(s->stream),
                          memory_order_relaxed);
    atomic_store_explicit(&s->seat.counters->shift, s->pace.shift, memory_order_relaxed);
    atomic_store_explicit(&s->seat.counters->cells, s->interest.cells_n + s->hidden.cells_n,
                          memory_order_relaxed);
    atomic_store_explicit(&s->seat.counters->withheld, s->withheld, memory_order_relaxed);
    atomic_store_explicit(&s->seat.counters->dropped, s->dropped_ever, memory_order_relaxed);
    if (with_rtt)
        atomic_store_explicit(&s->seat.counters->rtt_us, stream_rtt_us(s->stream),
                              memory_order_relaxed);
}

bool session_sees(const struct session *s, const struct snapshot_entity *entity)
{
    const struct interest_shape *shape = s->seat.host->settings->shape;
    struct space_cell level0 = space_cell_up(entity->cell, 0);

    if (entity->layer == 0)
        return interest_has(&s->interest, shape, level0);
    return entity->layer == s->layer && interest_has(&s->hidden, shape, level0);
}

static void session_kept(struct session *s)
{
    if (!s->taking.armed)
        arm(s, &s->taking, DEADLINE_TAKING,
            io_now_ms(s->seat.host->io) + s->seat.host->settings->message_ms);
}

bool session_write(struct session *s, const uint8_t *bytes, size_t len_bytes)
{
    switch (stream_write(s->stream, bytes, len_bytes)) {
    case STREAM_SENT:
        return true;
    case STREAM_KEPT:
        session_kept(s);
        return false;
    case STREAM_DEAD:
        break;
    }
    session_close(s);
    return false;
}

void session_flush(struct session *s)
{
    size_t n;
    const uint8_t *front;

    s->urgent = false;
    while (stream_writable(s->stream) &&
           (front = outbox_front(&s->outbox, IO_RECORD_MAX, &n)) != NULL) {
        bool more = session_write(s, front, n);
        if (s->state == SESSION_CLOSED)
            return;
        outbox_consume(&s->outbox, n); /* encrypted, wherever it lies now */
        if (!more)
            break;
    }
    session_count(s, false);
    if (s->state == SESSION_CLOSING && !s->finished && stream_writable(s->stream)) {
        s->finished = true;
        stream_finish(s->stream);
    }
}

void session_queue(struct session *s, const struct wire_writer *frame)
{
    if (s->state == SESSION_CLOSING || s->state == SESSION_CLOSED || frame->bad)
        return;
    if (outbox_append(&s->outbox, frame->start, wire_written(frame)) == 0)
        return;
    metrics_add(METRIC_OUTBOX_OVERFLOWS, 1);
    session_end(s, PROTOCOL_REASON_NOT_READING, 0, NULL);
}

void session_notice(struct session *s, enum protocol_reason reason, uint32_t retry_after_ms,
                    const char *text)
{
    uint8_t room[FRAME_ROOM];
    struct wire_writer w;

    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_notice(
        &w, &(struct protocol_notice){
                .reason = (uint8_t)reason,
                .retry_after_ms = retry_after_ms,
                .text = wire_text_of(text != NULL ? text : protocol_reason_text(reason))});
    session_queue(s, &w);
}

void session_notice_limited(struct session *s, enum protocol_reason reason, uint32_t retry_after_ms)
{
    uint64_t now_ms = io_now_ms(s->seat.host->io);

    if (s->noticed_ms != 0 && now_ms - s->noticed_ms < NOTICE_EVERY_MS)
        return;
    s->noticed_ms = now_ms;
    session_notice(s, reason, retry_after_ms, NULL);
}

/* ---- login ---- */

void session_greeted(struct session *s)
{
    session_move(s, SESSION_LOGIN);
}

void session_login_asked(struct session *s)
{
    s->login_pending = true;
    if (s->state == SESSION_LOGIN)
        arm(s, &s->stage, DEADLINE_WAIT, io_now_ms(s->seat.host->io) + LOGIN_WAIT_MS);
}

static void session_welcome(struct session *s, const struct login_answer *answer)
{
    struct host *host = s->seat.host;
    uint8_t room[FRAME_ROOM];
    struct wire_writer w;
    bool known = host->tick >= answer->joined_tick && host->tick != 0;

    s->seat.guest = answer->guest;
    s->seat.entity = answer->entity;
    s->seat.joined_tick = answer->joined_tick;
    s->seat.muted_until_ms = answer->muted_until_ms;
    s->resumed = answer->resumed;
    s->seat.chat_sequence = answer->chat_sequence;
    s->since_ms = answer->since_ms;
    s->clock_ms = host->wall_ms;
    s->tempo = PROTOCOL_TEMPO_MAX; /* what WELCOME means; another is told with the first blocks */
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_welcome(
        &w, &(struct protocol_welcome){.entity = answer->entity,
                                       .tick = known ? host->tick : answer->joined_tick,
                                       .wall_ms = known ? host->wall_ms : clock_wall_ms(),
                                       .tick_hz = SIM_TICK_HZ,
                                       .view_m = host->settings->view_m,
                                       .world_seed = heightfield_seed(host->config.world->field),
                                       .world_size_m =
                                           (uint32_t)heightfield_size_m(host->config.world->field),
                                       .world_hash = host->config.world->hash,
                                       .epoch = host->config.world->epoch,
                                       .username = wire_text_of(answer->username),
                                       .token = wire_text_of(answer->token),
                                       .role = (uint8_t)answer->role});
    session_queue(s, &w);
    pace_init(&s->pace, host->settings->player_budget_bytes, host->tick);
    session_move(s, SESSION_PLAYING);
    if (answer->text[0] != '\0')
        session_notice(s, PROTOCOL_REASON_STORE_AWAY, 0, answer->text);
}

void session_keep_waiting(struct session *s, const char *text)
{
    if (s->state != SESSION_LOGIN || !s->login_pending)
        return;
    arm(s, &s->stage, DEADLINE_WAIT, io_now_ms(s->seat.host->io) + LOGIN_WAIT_MS);
    session_notice(s, PROTOCOL_REASON_WAITING, 0, text);
    session_flush(s);
}

void session_answer(struct session *s, const struct login_answer *answer)
{
    if ((s->state != SESSION_LOGIN && s->state != SESSION_PLAYING) || !s->login_pending)
        return;
    s->login_pending = false;
    if (s->state == SESSION_PLAYING) {
        session_notice(s, answer->reason, answer->retry_after_ms,
                       answer->text[0] != '\0' ? answer->text : NULL);
    } else if (answer->reason == PROTOCOL_REASON_NONE) {
        session_welcome(s, answer);
    } else {
        const char *text = answer->text[0] != '\0' ? answer->text : NULL;

        if (++s->logins_refused < LOGIN_TRIES)
            session_notice(s, answer->reason, answer->retry_after_ms, text);
        else
            session_end(s, answer->reason, answer->retry_after_ms, text);
        if (s->state == SESSION_LOGIN)
            arm(s, &s->stage, DEADLINE_LOGIN,
                io_now_ms(s->seat.host->io) + s->seat.host->settings->login_ms);
    }
    session_flush(s);
}

/* ---- in ---- */

static void on_opened(void *context)
{
    struct session *s = context;

    s->seat.host->handshakes_n++;
    session_count(s, true);
}

static size_t on_input(void *context, uint8_t *bytes, size_t len_bytes)
{
    struct session *s = context;
    size_t used = 0;

    while (s->state < SESSION_LEAVING) {
        struct protocol_frame frame;
        size_t max_bytes =
            s->state == SESSION_PLAYING ? PROTOCOL_FRAME_MAX : PROTOCOL_FRAME_MAX_BEFORE_LOGIN;
        enum protocol_result result =
            protocol_frame_parse(bytes + used, len_bytes - used, max_bytes, &frame);
        enum native_result taken = NATIVE_BAD;

        if (result == PROTOCOL_MORE)
            break;
        if (result == PROTOCOL_OK)
            taken = native_take(s, &frame);
        if (taken == NATIVE_WAIT) {
            session_wait(s);
            break;
        }
        if (taken == NATIVE_BAD) {
            session_misbehaved(s, PROTOCOL_REASON_MALFORMED);
            session_end(s, PROTOCOL_REASON_MALFORMED, 0, NULL);
            break;
        }
        if (s->state == SESSION_LOGIN || s->state == SESSION_GREETING || s->login_pending)
            explicit_bzero(bytes + used, frame.frame_bytes); /* it may hold a password */
        used += frame.frame_bytes;
        s->frames++;
    }
    if (s->state >= SESSION_LEAVING)
        return len_bytes;
    if (s->state != SESSION_PLAYING || s->urgent)
        session_flush(s);
    session_count(s, false);
    return used;
}

static void on_settled(void *context, bool begun)
{
    struct session *s = context;
    struct io *io = s->seat.host->io;

    if (s->frames > 0 || !begun)
        io_deadline_disarm(io, &s->message);
    s->frames = 0;
    if (s->state >= SESSION_LEAVING || s->waiting)
        return;
    if (begun && !s->message.armed)
        arm(s, &s->message, DEADLINE_MESSAGE, io_now_ms(io) + s->seat.host->settings->message_ms);
}

static void on_refused(void *context)
{
    session_kept(context);
}

static void on_drained(void *context)
{
    struct session *s = context;

    io_deadline_disarm(s->seat.host->io, &s->taking);
    session_flush(s);
}

static void on_ended(void *context, enum stream_end end)
{
    struct session *s = context;

    if (end == STREAM_END_INPUT && s->seat.reason == PROTOCOL_REASON_NONE) {
        s->seat.reason = PROTOCOL_REASON_MALFORMED;
        session_misbehaved(s, PROTOCOL_REASON_MALFORMED);
    }
    session_close(s);
}

static const struct stream_handlers stream_handlers = {.opened = on_opened,
                                                       .input = on_input,
                                                       .settled = on_settled,
                                                       .refused = on_refused,
                                                       .drained = on_drained,
                                                       .ended = on_ended};

/* ---- deadlines ---- */

#define SESSION_OF(deadline, member)                                                               \
    ((struct session *)(void *)((char *)(deadline)-offsetof(struct session, member)))

static void on_stage(struct io_deadline *deadline)
{
    struct session *s = SESSION_OF(deadline, stage);

    if (s->state == SESSION_CLOSED) {
        session_free(s);
        return;
    }
    if (s->state == SESSION_CLOSING) {
        session_close(s);
        return;
    }
    if (deadline->class_of == DEADLINE_FIRST && stream_bytes_in(s->stream) > 0) {
        arm(s, &s->stage, DEADLINE_LOGIN, s->accepted_ms + s->seat.host->settings->login_ms);
        return;
    }
    if (deadline->class_of == DEADLINE_WAIT) {
        session_end(s, PROTOCOL_REASON_BUSY, LOGIN_WAIT_MS / 4, NULL);
        return;
    }
    if (deadline->class_of == DEADLINE_LOG_OUT) {
        session_end(s, PROTOCOL_REASON_STORE_AWAY, 0, SESSIONS_LOG_OUT_OWED);
        return;
    }
    session_misbehaved(s, PROTOCOL_REASON_TOO_SLOW);
    session_end(s, PROTOCOL_REASON_TOO_SLOW, 0, NULL);
}

static void on_message(struct io_deadline *deadline)
{
    struct session *s = SESSION_OF(deadline, message);

    session_misbehaved(s, PROTOCOL_REASON_TOO_SLOW);
    session_end(s, PROTOCOL_REASON_TOO_SLOW, 0, NULL);
}

/* What was sent is not taken: there is no way to say so. */
static void on_taking(struct io_deadline *deadline)
{
    struct session *s = SESSION_OF(deadline, taking);

    if (s->state < SESSION_CLOSING) {
        s->seat.reason = PROTOCOL_REASON_NOT_READING;
        session_misbehaved(s, PROTOCOL_REASON_NOT_READING);
    }
    session_close(s);
}

/* ---- as a seat ---- */

static struct session *session_of(struct seat *seat)
{
    return (struct session *)(void *)((char *)seat - offsetof(struct session, seat));
}

static void on_answer(struct seat *seat, const struct login_answer *answer)
{
    session_answer(session_of(seat), answer);
}

static void on_wait(struct seat *seat, const char *text)
{
    session_keep_waiting(session_of(seat), text);
}

static void on_notice(struct seat *seat, const char *text)
{
    session_notice(session_of(seat), PROTOCOL_REASON_NONE, 0, text);
}

static void on_mute(struct seat *seat, uint64_t until_ms, const char *text)
{
    seat->muted_until_ms = until_ms;
    session_notice(session_of(seat), until_ms != 0 ? PROTOCOL_REASON_MUTED : PROTOCOL_REASON_NONE,
                   0, text);
}

static void on_end(struct seat *seat, enum protocol_reason reason, uint32_t retry_after_ms,
                   const char *text)
{
    session_end(session_of(seat), reason, retry_after_ms, text);
}

static void on_gather(struct seat *seat, struct snapshot *snapshot)
{
    gather(session_of(seat), snapshot);
}

static void on_close(struct seat *seat)
{
    session_close(session_of(seat));
}

static const struct seat_kind native_kind = {
    .answer = on_answer,
    .wait = on_wait,
    .notice = on_notice,
    .mute = on_mute,
    .end = on_end,
    .gather = on_gather,
    .close = on_close,
};

/* ---- life ---- */

struct session *session_new(struct host *host, int fd, uint64_t id,
                            const struct sockaddr_storage *address, struct host_counters *counters)
{
    struct session *s = calloc(1, sizeof(*s));
    uint64_t now_ms = io_now_ms(host->io);

    if (s == NULL) {
        close(fd);
        return NULL;
    }
    seat_init(&s->seat, &native_kind, host);
    s->seat.address = *address;
    s->accepted_ms = now_ms;
    s->stage.expired = on_stage;
    s->message.expired = on_message;
    s->taking.expired = on_taking;
    s->stream = stream_new(host->io, fd, host->settings->tls, &stream_handlers, s);
    if (s->stream == NULL) {
        free(s);
        return NULL;
    }
    stream_tally(s->stream, host->config.tally, address);
    seat_list(&s->seat, id, counters);
    session_move(s, SESSION_GREETING);
    return s;
}
