/* native.c -- see native.h. */
#include "play/native.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/bans.h"
#include "common/clock.h"
#include "common/log.h"
#include "common/text.h"
#include "net/address.h"
#include "ops/metrics.h"
#include "sim/command.h"

/* ---- before the world ---- */

static enum native_result take_hello(struct session *s, const struct protocol_frame *frame)
{
    const struct host_settings *settings = s->seat.host->settings;
    struct protocol_hello hello;
    uint8_t room[1024];
    struct wire_writer w;

    if (protocol_decode_hello(frame->body, frame->body_bytes, &hello) != PROTOCOL_OK ||
        s->state == SESSION_LOGIN)
        return NATIVE_BAD;
    if (s->state == SESSION_PLAYING) {
        session_notice_limited(s, PROTOCOL_REASON_ALREADY_LOGGED_IN, 0);
        return NATIVE_DONE;
    }
    if (s->barred != NULL) {
        session_end(s, PROTOCOL_REASON_BANNED, 0, s->barred);
        return NATIVE_DONE;
    }
    if (hello.lowest > PROTOCOL_VERSION_HIGHEST || hello.highest < PROTOCOL_VERSION_LOWEST) {
        char text[128];
        snprintf(text, sizeof(text), "no common protocol version: this server speaks %d to %d",
                 PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST);
        session_end(s, PROTOCOL_REASON_VERSION, 0, text);
        return NATIVE_DONE;
    }
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_greeting(
        &w, &(struct protocol_greeting){.version = hello.highest < PROTOCOL_VERSION_HIGHEST
                                                       ? hello.highest
                                                       : PROTOCOL_VERSION_HIGHEST,
                                        .features = PROTOCOL_FEATURE_REPORT,
                                        .players = s->seat.host->players,
                                        .players_max = settings->players_max,
                                        .logins = settings->logins,
                                        .name = wire_text_of(settings->server_name),
                                        .motd = wire_text_of(settings->motd)});
    session_queue(s, &w);
    session_greeted(s);
    return NATIVE_DONE;
}

/* As a C string; false if it holds a NUL or is too long for room. */
static bool take_text(struct wire_text text, char *room, size_t room_bytes)
{
    if (text.len >= room_bytes || memchr(text.bytes, '\0', text.len) != NULL)
        return false;
    memcpy(room, text.bytes, text.len);
    room[text.len] = '\0';
    return true;
}

/* NONE, or the reason for which control need not be asked. */
static enum protocol_reason login_hindrance(const struct session *s)
{
    if (s->state == SESSION_PLAYING)
        return PROTOCOL_REASON_ALREADY_LOGGED_IN;
    return s->login_pending ? PROTOCOL_REASON_BUSY : PROTOCOL_REASON_NONE;
}

static struct login_request *login_request_new(struct session *s, enum login_kind kind)
{
    struct login_request *request = calloc(1, sizeof(*request));

    if (request == NULL) {
        session_notice(s, PROTOCOL_REASON_INTERNAL, 1000, NULL);
        return NULL;
    }
    request->session = s->seat.id;
    request->kind = kind;
    request->address = s->seat.address;
    return request;
}

/* Hand it to control, or say why not. */
static enum native_result login_ask(struct session *s, struct login_request *request,
                                    enum protocol_reason reason)
{
    if (reason != PROTOCOL_REASON_NONE) {
        login_request_free(request);
        session_notice(s, reason, 0, NULL);
        return NATIVE_DONE;
    }
    session_login_asked(s);
    s->seat.host->config.login(s->seat.host->config.context, request);
    return NATIVE_DONE;
}

static enum native_result take_register(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_register message;
    struct login_request *request;
    enum protocol_reason reason = login_hindrance(s);

    if (protocol_decode_register(frame->body, frame->body_bytes, &message) != PROTOCOL_OK)
        return NATIVE_BAD;
    if (reason == PROTOCOL_REASON_NONE &&
        !(s->seat.host->settings->logins & PROTOCOL_LOGIN_REGISTER))
        reason = PROTOCOL_REASON_REGISTRATION_CLOSED;
    if (reason != PROTOCOL_REASON_NONE) {
        session_notice(s, reason, 0, NULL);
        return NATIVE_DONE;
    }
    request = login_request_new(s, LOGIN_REGISTER);
    if (request == NULL)
        return NATIVE_DONE;
    if (!take_text(message.username, request->username, sizeof(request->username)))
        reason = PROTOCOL_REASON_BAD_NAME;
    else if (!take_text(message.email, request->email, sizeof(request->email)))
        reason = PROTOCOL_REASON_BAD_EMAIL;
    else if (!take_text(message.password, request->password, sizeof(request->password)))
        reason = PROTOCOL_REASON_BAD_PASSWORD;
    else if (!take_text(message.code, request->code, sizeof(request->code)))
        reason = PROTOCOL_REASON_BAD_CODE;
    return login_ask(s, request, reason);
}

static const enum login_kind AUTH_KINDS[] = {
    [PROTOCOL_AUTH_PASSWORD] = LOGIN_PASSWORD,
    [PROTOCOL_AUTH_TOKEN] = LOGIN_TOKEN,
    [PROTOCOL_AUTH_GUEST] = LOGIN_GUEST,
    [PROTOCOL_AUTH_CODE] = LOGIN_CODE,
};

static enum native_result take_auth(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_auth message;
    struct login_request *request;
    enum protocol_reason reason = login_hindrance(s);

    if (protocol_decode_auth(frame->body, frame->body_bytes, &message) != PROTOCOL_OK)
        return NATIVE_BAD;
    if (reason != PROTOCOL_REASON_NONE) {
        session_notice(s, reason, 0, NULL);
        return NATIVE_DONE;
    }
    request = login_request_new(s, AUTH_KINDS[message.kind]);
    if (request == NULL)
        return NATIVE_DONE;
    if (!take_text(message.token, request->token, sizeof(request->token)))
        reason = PROTOCOL_REASON_TOKEN_REFUSED;
    else if (!take_text(message.code, request->code, sizeof(request->code)))
        reason = PROTOCOL_REASON_BAD_CODE;
    else if (!take_text(message.username, request->username, sizeof(request->username)) ||
             !take_text(message.password, request->password, sizeof(request->password)))
        reason = PROTOCOL_REASON_LOGIN_FAILED;
    return login_ask(s, request, reason);
}

/* Of who plays. */
static enum native_result take_password(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_password message;
    struct login_request *request;
    enum protocol_reason reason = PROTOCOL_REASON_NONE;

    if (protocol_decode_password(frame->body, frame->body_bytes, &message) != PROTOCOL_OK)
        return NATIVE_BAD;
    if (s->login_pending || s->seat.guest) {
        session_notice(s, s->seat.guest ? PROTOCOL_REASON_UNSUPPORTED : PROTOCOL_REASON_BUSY, 0,
                       NULL);
        return NATIVE_DONE;
    }
    request = login_request_new(s, LOGIN_CHANGE);
    if (request == NULL)
        return NATIVE_DONE;
    if (!take_text(message.password, request->password, sizeof(request->password)))
        reason = PROTOCOL_REASON_LOGIN_FAILED;
    else if (!take_text(message.now, request->fresh, sizeof(request->fresh)))
        reason = PROTOCOL_REASON_BAD_PASSWORD;
    return login_ask(s, request, reason);
}

/* Of who plays. */
static enum native_result take_report(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_report message;
    struct login_request *request;
    enum protocol_reason reason = PROTOCOL_REASON_NONE;

    if (protocol_decode_report(frame->body, frame->body_bytes, &message) != PROTOCOL_OK)
        return NATIVE_BAD;
    if (s->seat.guest) {
        session_notice(s, PROTOCOL_REASON_UNSUPPORTED, 0, "Guests cannot report: log in first.");
        return NATIVE_DONE;
    }
    if (s->login_pending) {
        session_notice(s, PROTOCOL_REASON_BUSY, 0, NULL);
        return NATIVE_DONE;
    }
    request = login_request_new(s, LOGIN_REPORT);
    if (request == NULL)
        return NATIVE_DONE;
    if (!take_text(message.name, request->username, sizeof(request->username)))
        reason = PROTOCOL_REASON_BAD_NAME;
    else if (!take_text(message.words, request->words, sizeof(request->words)))
        reason = PROTOCOL_REASON_CHAT_REFUSED;
    return login_ask(s, request, reason);
}

static enum native_result take_resume(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_resume message;
    struct login_request *request;
    enum protocol_reason reason = login_hindrance(s);

    if (protocol_decode_resume(frame->body, frame->body_bytes, &message) != PROTOCOL_OK)
        return NATIVE_BAD;
    if (reason != PROTOCOL_REASON_NONE) {
        session_notice(s, reason, 0, NULL);
        return NATIVE_DONE;
    }
    request = login_request_new(s, LOGIN_RESUME);
    if (request == NULL)
        return NATIVE_DONE;
    request->chat_sequence = message.chat_sequence;
    if (!take_text(message.token, request->token, sizeof(request->token)))
        reason = PROTOCOL_REASON_TOKEN_REFUSED;
    return login_ask(s, request, reason);
}

static enum native_result take_leave(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_leave message;

    if (protocol_decode_leave(frame->body, frame->body_bytes, &message) != PROTOCOL_OK)
        return NATIVE_BAD;
    if (message.log_out)
        session_log_out(s);
    else
        session_end(s, PROTOCOL_REASON_LEFT, 0, NULL);
    return NATIVE_DONE;
}

/* ---- in the world ---- */

/* To the sim, by this thread's queue. */
static enum native_result command_push(struct session *s, struct command *command)
{
    if (seat_command(&s->seat, command) != 0) {
        metrics_add(METRIC_READING_PAUSED, 1);
        return NATIVE_WAIT;
    }
    return NATIVE_DONE;
}

/* A player's share of a tick lies in the queue: the sim would give up what comes on top. */
static bool share_used(const struct session *s)
{
    uint64_t taken = s->seat.host->pushed - queue_length(s->seat.host->config.commands);

    return s->intents >= SIM_INTENTS_TICK && s->intent_at[s->intents % SIM_INTENTS_TICK] > taken;
}

static enum native_result take_move(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_move move;
    struct command command = {.kind = COMMAND_INTENT};
    enum native_result result;

    if (protocol_decode_move(frame->body, frame->body_bytes, &move) != PROTOCOL_OK)
        return NATIVE_BAD;
    if (share_used(s)) {
        metrics_add(METRIC_READING_PAUSED, 1);
        return NATIVE_WAIT;
    }
    command.as.intent.seq = move.seq;
    command.as.intent.intent =
        (struct movement_intent){.heading = move.heading, .yaw = move.yaw, .flags = move.flags};
    command.as.intent.substeps = move.substeps;
    result = command_push(s, &command);
    if (result == NATIVE_DONE)
        s->intent_at[s->intents++ % SIM_INTENTS_TICK] = s->seat.host->pushed;
    return result;
}

static enum native_result take_chat(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_chat chat;
    struct command command = {.kind = COMMAND_CHAT};
    enum native_result result;
    struct error error;

    if (protocol_decode_chat(frame->body, frame->body_bytes, &chat) != PROTOCOL_OK)
        return NATIVE_BAD;
    if (text_chat_check(chat.text.bytes, chat.text.len, &error) != 0) {
        session_notice(s, PROTOCOL_REASON_CHAT_REFUSED, 0, error.text);
        s->urgent = true;
        return NATIVE_DONE;
    }
    if (s->seat.muted_until_ms > clock_wall_ms()) {
        char why[BANS_TEXT_MAX];

        bans_mute_text(s->seat.muted_until_ms, "", why);
        metrics_add(METRIC_MUTED_LINES, 1);
        session_notice(s, PROTOCOL_REASON_MUTED, 0, why);
        s->urgent = true;
        return NATIVE_DONE;
    }
    command.as.chat.channel = chat.channel;
    command.as.chat.text = blob_new(chat.text.bytes, chat.text.len);
    if (command.as.chat.text == NULL)
        return NATIVE_WAIT;
    result = command_push(s, &command);
    if (result != NATIVE_DONE)
        blob_unref(command.as.chat.text);
    return result;
}

static enum native_result take_ping(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_ping ping;
    uint8_t room[64];
    struct wire_writer w;

    if (protocol_decode_ping(frame->body, frame->body_bytes, &ping) != PROTOCOL_OK)
        return NATIVE_BAD;
    wire_writer_init(&w, room, sizeof(room));
    protocol_encode_pong(&w, &(struct protocol_pong){.cookie = ping.cookie,
                                                     .tick = s->seat.host->tick,
                                                     .wall_ms = clock_wall_ms()});
    session_queue(s, &w);
    s->urgent = true; /* it measures the way, not the tick */
    return NATIVE_DONE;
}

/* Kept until the next sweep, where names and places are at hand. */
static enum native_result take_who(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_who who;

    if (protocol_decode_who(frame->body, frame->body_bytes, &who) != PROTOCOL_OK)
        return NATIVE_BAD;
    if (s->who == NULL)
        s->who = malloc(PROTOCOL_WHO_MAX * sizeof(*s->who));
    if (s->who == NULL || s->who_n + who.ids_n > PROTOCOL_WHO_MAX)
        return NATIVE_WAIT;
    memcpy(s->who + s->who_n, who.ids, who.ids_n * sizeof(*s->who));
    s->who_n = (uint8_t)(s->who_n + who.ids_n);
    return NATIVE_DONE;
}

/* ---- the table ---- */

struct native_row {
    enum native_result (*take)(struct session *session, const struct protocol_frame *frame);
    enum session_state from; /* the first state in which it is heard */
    int limit;               /* HOST_LIMIT_* */
};

/* clang-format off */
static const struct native_row rows[] = {
    [PROTOCOL_HELLO]    = {take_hello,    SESSION_GREETING, HOST_LIMIT_PING},
    [PROTOCOL_REGISTER] = {take_register, SESSION_LOGIN,    HOST_LIMIT_LOGIN},
    [PROTOCOL_AUTH]     = {take_auth,     SESSION_LOGIN,    HOST_LIMIT_LOGIN},
    [PROTOCOL_RESUME]   = {take_resume,   SESSION_LOGIN,    HOST_LIMIT_LOGIN},
    [PROTOCOL_MOVE]     = {take_move,     SESSION_PLAYING,  HOST_LIMIT_MOVE},
    [PROTOCOL_CHAT]     = {take_chat,     SESSION_PLAYING,  HOST_LIMIT_CHAT},
    [PROTOCOL_PING]     = {take_ping,     SESSION_LOGIN,    HOST_LIMIT_PING},
    [PROTOCOL_WHO]      = {take_who,      SESSION_PLAYING,  HOST_LIMIT_WHO},
    [PROTOCOL_LEAVE]    = {take_leave,    SESSION_LOGIN,    HOST_LIMIT_PING},
    [PROTOCOL_PASSWORD] = {take_password, SESSION_PLAYING,  HOST_LIMIT_LOGIN},
    [PROTOCOL_REPORT]   = {take_report,   SESSION_PLAYING,  HOST_LIMIT_LOGIN},
};
/* clang-format on */

/* Take a token. False: the message is dropped, and all is said. Who asks to be let in, or for a new
 * password, waits for an answer: each gets one, as many as the flood's bucket bears. */
static bool within_limit(struct session *s, int limit, const char *message)
{
    uint32_t wait_ms;

    switch (seat_take(&s->seat, limit, &wait_ms)) {
    case SEAT_WITHIN:
        return true;
    case SEAT_FLOODS:
        seat_log_flood(&s->seat, message);
        session_end(s, PROTOCOL_REASON_RATE_LIMITED, 10000, NULL);
        break;
    case SEAT_OVER:
        if (limit == HOST_LIMIT_LOGIN)
            session_notice(s, PROTOCOL_REASON_RATE_LIMITED, wait_ms, NULL);
        else
            session_notice_limited(s, PROTOCOL_REASON_RATE_LIMITED, wait_ms);
        break;
    }
    return false;
}

enum native_result native_take(struct session *s, const struct protocol_frame *frame)
{
    const struct native_row *row = frame->type < ARRAY_N(rows) ? &rows[frame->type] : NULL;
    enum native_result result;

    if (row == NULL || row->take == NULL)
        return NATIVE_BAD;
    if (!s->again) {
        metrics_add(METRIC_MESSAGES_IN, 1);
        if (!within_limit(s, row->limit, protocol_type_name(frame->type)))
            return NATIVE_DONE;
    }
    if (s->state < row->from) {
        if (s->state == SESSION_GREETING)
            return NATIVE_BAD; /* HELLO comes first */
        session_notice_limited(s, PROTOCOL_REASON_NOT_LOGGED_IN, 0);
        return NATIVE_DONE;
    }
    result = row->take(s, frame);
    s->again = result == NATIVE_WAIT;
    return result;
}
