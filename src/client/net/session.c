#include "net/session.h"

#include <config.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/crypto.h>

#include "common/log.h"
#include "net/pins.h"

#define PROGRAM "openmmo-client " PACKAGE_VERSION

/* Absolute deadlines of the stages; a login may wait in the server's queue of password hashes. */
#define CONNECT_MS   15000
#define GREETING_MS  10000
#define LOGIN_MS     60000
#define SILENCE_MS   15000 /* CLOCK comes every second */
#define PING_EACH_MS 1000
#define MS           UINT64_C(1000)

#define WAITING_BYTES 256

struct session {
    struct session_handlers handlers;
    char *pins_path;
    struct link_tls *tls;
    struct link *link;
    enum session_state state;
    struct session_login login;
    struct session_end end;
    bool ending; /* a handler ended the session: the link is closed after its pump */
    bool secured;
    char server[SETTINGS_SERVER_MAX + 1];
    uint32_t features; /* enum protocol_feature, as GREETING said */
    char server_name[128];
    uint64_t now_us, deadline_us, heard_us, ping_us;
    uint32_t rtt_us;
    uint8_t tick_hz;
    double tick_zero_us; /* local time of tick 0 */
    bool clock_known;
    uint16_t tempo;              /* world time per real time, in thousandths */
    char waiting[WAITING_BYTES]; /* the server's words, while it lets us wait for a place */
    uint64_t bytes_in;
};

struct session *session_new(const struct session_handlers *handlers, const char *pins_path,
                            struct error *error)
{
    struct session *s = calloc(1, sizeof(*s));
    if (!s) {
        error_set(error, "out of memory");
        return NULL;
    }
    s->handlers = *handlers;
    s->tls = link_tls_new(error);
    if (pins_path)
        s->pins_path = strdup(pins_path);
    if (!s->tls || (pins_path && !s->pins_path)) {
        session_free(s);
        return NULL;
    }
    return s;
}

void session_free(struct session *s)
{
    if (!s)
        return;
    session_stop(s);
    link_tls_free(s->tls);
    free(s->pins_path);
    free(s);
}

static void close_link(struct session *s)
{
    if (s->link)
        s->bytes_in = link_bytes_in(s->link);
    link_free(s->link);
    s->link = NULL;
    OPENSSL_cleanse(s->login.password, sizeof(s->login.password));
    OPENSSL_cleanse(s->login.token, sizeof(s->login.token));
}

/* The one place that moves the state: deadlines go with it. */
static void change_state(struct session *s, enum session_state state)
{
    static const uint32_t deadline_ms[] = {
        [SESSION_IDLE] = 0,
        [SESSION_CONNECTING] = CONNECT_MS,
        [SESSION_SECURING] = CONNECT_MS,
        [SESSION_GREETING] = GREETING_MS,
        [SESSION_LOGGING_IN] = LOGIN_MS,
        [SESSION_PLAYING] = 0,
        [SESSION_ENDED] = 0,
    };
    s->state = state;
    s->deadline_us = deadline_ms[state] ? s->now_us + deadline_ms[state] * MS : 0;
    s->heard_us = s->now_us;
}

/* Record the end; the first cause counts. The link goes when its pump has returned. */
static void end(struct session *s, enum session_end_kind kind, unsigned reason, const char *text)
{
    if (s->end.kind != SESSION_END_NONE)
        return;
    s->end.kind = kind;
    s->end.reason = (uint8_t)reason;
    s->end.was_playing = s->state == SESSION_PLAYING;
    text_sanitise(text, strlen(text), s->end.text, sizeof(s->end.text));
    s->ending = true;
}

/* "the default sentence of the reason: the server's own words" */
static void end_reason(struct session *s, enum session_end_kind kind, unsigned reason,
                       struct wire_text words)
{
    char text[640];
    const char *sentence = protocol_reason_text(reason);
    if (!sentence)
        sentence = "the server gave a reason that this client does not know";
    bool same = words.len == strlen(sentence) && memcmp(words.bytes, sentence, words.len) == 0;
    if (words.len == 0 || same)
        snprintf(text, sizeof(text), "%s", sentence);
    else if (!sentence[0])
        snprintf(text, sizeof(text), "%.*s", (int)words.len, words.bytes);
    else
        snprintf(text, sizeof(text), "%s: %.*s", sentence, (int)words.len, words.bytes);
    end(s, kind, reason, text[0] ? text : "the server ended the session");
}

static bool on_pin(void *context, const uint8_t pin[LINK_PIN_BYTES])
{
    struct session *s = context;
    struct error error = {{0}};
    if (!s->pins_path)
        return true;
    memcpy(s->end.pin_offered, pin, LINK_PIN_BYTES);
    switch (pins_check(s->pins_path, s->server, pin, s->end.pin_known, &error)) {
    case PINS_SAME:
        return true;
    case PINS_NEW: {
        char text[PINS_TEXT_BYTES];
        pins_text(pin, text);
        if (pins_keep(s->pins_path, s->server, pin, &error) != 0)
            log_event(LOG_LEVEL_WARN, "pin_not_kept", error.text, LOG_TEXT("server", s->server));
        else
            log_event(LOG_LEVEL_INFO, "pin_new", "first meeting: the server's key is kept",
                      LOG_TEXT("server", s->server), LOG_TEXT("key", text));
        return true;
    }
    case PINS_CHANGED:
        end(s, SESSION_END_KEY_CHANGED, 0,
            "THE SERVER'S KEY HAS CHANGED. Either it was installed anew, or somebody stands "
            "between you and it.");
        return false;
    case PINS_UNREADABLE:
        end(s, SESSION_END_LOST, 0, error.text);
        return false;
    }
    return false;
}

/* Room for one frame, or the end of the session. */
static int begin(struct session *s, size_t bytes, struct wire_writer *w)
{
    if (!s->link || s->ending)
        return -1;
    if (link_send_begin(s->link, bytes + PROTOCOL_FRAME_HEADER + 64, w) == 0)
        return 0;
    end(s, SESSION_END_LOST, 0, "the connection takes nothing any more");
    return -1;
}

static void send_login(struct session *s)
{
    struct wire_writer w;
    const struct session_login *l = &s->login;
    if (begin(s,
              PROTOCOL_TOKEN_MAX + TEXT_NAME_MAX_BYTES + TEXT_PASSWORD_MAX_BYTES +
                  PROTOCOL_EMAIL_MAX + PROTOCOL_CODE_MAX,
              &w) != 0)
        return;
    if (l->kind == SESSION_LOGIN_REGISTER) {
        struct protocol_register m = {wire_text_of(l->user), wire_text_of(l->email),
                                      wire_text_of(l->password), wire_text_of(l->invite)};
        protocol_encode_register(&w, &m);
    } else if (l->kind == SESSION_LOGIN_RESUME) {
        struct protocol_resume m = {wire_text_of(l->token), l->chat_sequence};
        protocol_encode_resume(&w, &m);
    } else {
        bool token = l->kind == SESSION_LOGIN_TOKEN;
        struct protocol_auth m = {.kind = token ? PROTOCOL_AUTH_TOKEN : PROTOCOL_AUTH_PASSWORD};
        if (l->kind == SESSION_LOGIN_CODE)
            m.kind = PROTOCOL_AUTH_CODE;
        if (l->kind == SESSION_LOGIN_GUEST)
            m.kind = PROTOCOL_AUTH_GUEST;
        m.code = wire_text_of(l->invite);
        m.username = wire_text_of(l->user);
        m.password = wire_text_of(token ? "" : l->password);
        m.token = wire_text_of(token ? l->token : "");
        protocol_encode_auth(&w, &m);
    }
    link_send_commit(s->link, &w);
    OPENSSL_cleanse(s->login.password, sizeof(s->login.password));
    change_state(s, SESSION_LOGGING_IN);
}

static bool on_greeting(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_greeting m;
    if (s->state != SESSION_GREETING ||
        protocol_decode_greeting(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    s->features = m.features;
    text_sanitise(m.name.bytes, m.name.len, s->server_name, sizeof(s->server_name));
    if (s->login.kind == SESSION_LOGIN_REGISTER && !(m.logins & PROTOCOL_LOGIN_REGISTER))
        end_reason(s, SESSION_END_REFUSED, PROTOCOL_REASON_REGISTRATION_CLOSED,
                   (struct wire_text){"", 0});
    else
        send_login(s);
    return true;
}

/* How long a tick takes now. */
static double tick_us(const struct session *s)
{
    return 1e6 / s->tick_hz * PROTOCOL_TEMPO_MAX / s->tempo;
}

/* Ticks and the local clock: keep the earliest tick-zero, and let it drift forward slowly, so that
 * queueing in between does not shift the clock. */
static void note_clock(struct session *s, uint32_t tick, uint32_t one_way_us)
{
    double zero = (double)s->now_us - one_way_us - (double)tick * tick_us(s);
    if (!s->clock_known || zero < s->tick_zero_us)
        s->tick_zero_us = zero;
    else
        s->tick_zero_us += (zero - s->tick_zero_us) * 0.1;
    s->clock_known = true;
}

static bool on_welcome(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_welcome m;
    struct error error = {{0}};
    if (s->state != SESSION_LOGGING_IN ||
        protocol_decode_welcome(frame->body, frame->body_bytes, &m) != PROTOCOL_OK ||
        m.tick_hz == 0)
        return false;
    s->tick_hz = m.tick_hz;
    s->tempo = PROTOCOL_TEMPO_MAX;
    s->waiting[0] = '\0';
    note_clock(s, m.tick, 0);
    change_state(s, SESSION_PLAYING);
    s->ping_us = s->now_us;
    if (s->handlers.welcome && !s->handlers.welcome(s->handlers.context, &m, &error))
        end(s, SESSION_END_LOST, 0, error.text);
    return true;
}

static bool on_pong(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_pong m;
    if (protocol_decode_pong(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    if (m.cookie > s->now_us || s->now_us - m.cookie > 60 * 1000 * MS)
        return true; /* not one of ours */
    uint32_t rtt = (uint32_t)(s->now_us - m.cookie);
    s->rtt_us = s->rtt_us ? (s->rtt_us * 7 + rtt) / 8 : rtt;
    if (s->tick_hz)
        note_clock(s, m.tick, rtt / 2);
    return true;
}

static bool on_notice(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_notice m;
    if (protocol_decode_notice(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    if (s->state == SESSION_PLAYING) {
        if (s->handlers.notice)
            s->handlers.notice(s->handlers.context, &m);
    } else if (m.reason == PROTOCOL_REASON_WAITING && s->state == SESSION_LOGGING_IN) {
        text_sanitise(m.text.bytes, m.text.len, s->waiting, sizeof(s->waiting));
        s->deadline_us = s->now_us + LOGIN_MS * MS; /* it says so again and again */
    } else if (m.reason != PROTOCOL_REASON_NONE) {
        s->end.retry_after_ms = m.retry_after_ms;
        end_reason(s, SESSION_END_REFUSED, m.reason, m.text);
    }
    return true;
}

static bool on_disconnect(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_disconnect m;
    if (protocol_decode_disconnect(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    s->end.retry_after_ms = m.retry_after_ms;
    end_reason(s, s->state == SESSION_PLAYING ? SESSION_END_SERVER : SESSION_END_REFUSED, m.reason,
               m.text);
    return true;
}

static bool on_chat_line(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_chat_line m;
    if (protocol_decode_chat_line(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    if (s->handlers.chat)
        s->handlers.chat(s->handlers.context, &m);
    return true;
}

static bool on_clock(struct session *s, const struct protocol_frame *frame)
{
    struct protocol_clock m;
    if (protocol_decode_clock(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return false;
    if (m.tempo != s->tempo)
        s->clock_known = false; /* at another pace the old zero says nothing */
    s->tempo = m.tempo;
    note_clock(s, m.tick, s->rtt_us / 2);
    return !s->handlers.world || s->handlers.world(s->handlers.context, frame, s->now_us);
}

static bool on_frame(void *context, const struct protocol_frame *frame)
{
    struct session *s = context;
    if (s->ending)
        return true;
    s->heard_us = s->now_us;
    bool playing = s->state == SESSION_PLAYING;
    switch (frame->type) {
    case PROTOCOL_GREETING:
        return on_greeting(s, frame);
    case PROTOCOL_WELCOME:
        return on_welcome(s, frame);
    case PROTOCOL_NOTICE:
        return on_notice(s, frame);
    case PROTOCOL_DISCONNECT:
        return on_disconnect(s, frame);
    case PROTOCOL_PONG:
        return on_pong(s, frame);
    case PROTOCOL_CLOCK:
        return playing && on_clock(s, frame);
    case PROTOCOL_CHAT_LINE:
        return on_chat_line(s, frame);
    case PROTOCOL_BLOCKS:
    case PROTOCOL_VIEW:
    case PROTOCOL_SELF:
    case PROTOCOL_IDENTITY:
        return playing &&
               (!s->handlers.world || s->handlers.world(s->handlers.context, frame, s->now_us));
    }
    return false; /* a type that this version does not know */
}

void session_start(struct session *s, const struct session_login *login, uint64_t now_us)
{
    struct error error = {{0}};
    session_stop(s);
    s->now_us = now_us;
    s->login = *login;
    memset(&s->end, 0, sizeof(s->end));
    s->ending = s->secured = s->clock_known = false;
    s->rtt_us = 0;
    s->tick_hz = 0;
    s->waiting[0] = '\0';
    s->bytes_in = 0;
    s->server_name[0] = '\0';
    settings_join_server(login->host, login->port, s->server);
    change_state(s, SESSION_CONNECTING);
    struct link_handlers handlers = {.pin = on_pin, .frame = on_frame, .context = s};
    s->link = link_new(s->tls, login->host, login->port, &handlers, &error);
    if (!s->link) {
        end(s, SESSION_END_LOST, 0, error.text);
        change_state(s, SESSION_ENDED);
    }
}

/* The last word, as far as the connection takes it. */
static void send_leave(struct session *s, bool log_out)
{
    struct wire_writer w;
    struct error error = {{0}};
    if (begin(s, 1, &w) != 0)
        return;
    protocol_encode_leave(&w, &(struct protocol_leave){log_out});
    link_send_commit(s->link, &w);
    (void)link_flush(s->link, &error);
}

static void stop(struct session *s, bool log_out)
{
    if (s->state == SESSION_PLAYING)
        send_leave(s, log_out);
    close_link(s);
    memset(&s->end, 0, sizeof(s->end));
    s->ending = false;
    change_state(s, SESSION_IDLE);
}

void session_stop(struct session *s)
{
    stop(s, false);
}

void session_log_out(struct session *s)
{
    stop(s, true);
}

static void send_hello(struct session *s)
{
    struct wire_writer w;
    if (begin(s, sizeof(PROGRAM) + 16, &w) != 0)
        return;
    struct protocol_hello m = {PROTOCOL_VERSION_LOWEST, PROTOCOL_VERSION_HIGHEST, 0,
                               wire_text_of(PROGRAM)};
    protocol_encode_hello(&w, &m);
    link_send_commit(s->link, &w);
    change_state(s, SESSION_GREETING);
}

static void send_ping(struct session *s)
{
    struct wire_writer w;
    s->ping_us = s->now_us + PING_EACH_MS * MS;
    if (begin(s, 8, &w) != 0)
        return;
    protocol_encode_ping(&w, &(struct protocol_ping){s->now_us});
    link_send_commit(s->link, &w);
}

static void on_link_state(struct session *s, enum link_state state, const struct error *error)
{
    switch (state) {
    case LINK_CONNECTING:
        break;
    case LINK_HANDSHAKE:
        if (s->state == SESSION_CONNECTING)
            change_state(s, SESSION_SECURING);
        break;
    case LINK_OPEN:
        if (s->state == SESSION_CONNECTING || s->state == SESSION_SECURING)
            send_hello(s);
        break;
    case LINK_CLOSED:
        end(s, SESSION_END_LOST, 0, error->text[0] ? error->text : "the connection was lost");
        break;
    }
}

static void check_deadlines(struct session *s)
{
    if (s->deadline_us && s->now_us > s->deadline_us) {
        char text[128];
        snprintf(text, sizeof(text), "the server did not answer in time (while %s)",
                 session_stage(s));
        end(s, SESSION_END_LOST, 0, text);
    }
    if (s->state == SESSION_PLAYING && s->now_us > s->heard_us + SILENCE_MS * MS)
        end(s, SESSION_END_LOST, 0, "the server fell silent");
    if (s->state == SESSION_PLAYING && !s->ending && s->now_us >= s->ping_us)
        send_ping(s);
}

enum session_state session_pump(struct session *s, uint64_t now_us)
{
    struct error error = {{0}};
    s->now_us = now_us;
    if (!s->link)
        return s->state;
    on_link_state(s, link_pump(s->link, &error), &error);
    check_deadlines(s);
    if (s->ending) {
        close_link(s);
        change_state(s, SESSION_ENDED);
        s->ending = false;
    }
    return s->state;
}

enum session_state session_state(const struct session *s)
{
    return s->state;
}

const struct session_end *session_end(const struct session *s)
{
    return &s->end;
}

const char *session_stage(const struct session *s)
{
    switch (s->state) {
    case SESSION_IDLE:
        return "not connected";
    case SESSION_CONNECTING:
        return "connecting";
    case SESSION_SECURING:
        return "checking the certificate";
    case SESSION_GREETING:
        return "greeting the server";
    case SESSION_LOGGING_IN:
        if (session_waits(s))
            return s->waiting;
        if (s->login.kind == SESSION_LOGIN_RESUME)
            return "coming back";
        return s->login.kind == SESSION_LOGIN_REGISTER ? "registering" : "logging in";
    case SESSION_PLAYING:
        return "entering the world";
    case SESSION_ENDED:
        return "disconnected";
    }
    return "";
}

bool session_waits(const struct session *s)
{
    return s->state == SESSION_LOGGING_IN && s->waiting[0];
}

int session_fd(const struct session *s, short *events)
{
    *events = 0;
    if (!s->link)
        return -1;
    *events = link_events(s->link);
    return link_fd(s->link);
}

static int begin_playing(struct session *s, size_t bytes, struct wire_writer *w)
{
    return s->state == SESSION_PLAYING ? begin(s, bytes, w) : -1;
}

int session_move(struct session *s, const struct protocol_move *move)
{
    struct wire_writer w;
    if (begin_playing(s, 16, &w) != 0)
        return -1;
    protocol_encode_move(&w, move);
    link_send_commit(s->link, &w);
    return 0;
}

int session_password(struct session *s, const char *now, const char *fresh)
{
    struct wire_writer w;
    if (begin_playing(s, 2 * TEXT_PASSWORD_MAX_BYTES + 8, &w) != 0)
        return -1;
    protocol_encode_password(&w,
                             &(struct protocol_password){wire_text_of(now), wire_text_of(fresh)});
    link_send_commit(s->link, &w);
    return 0;
}

int session_chat(struct session *s, enum protocol_channel channel, const char *text)
{
    struct wire_writer w;
    size_t len = strlen(text);
    if (len == 0 || len > PROTOCOL_TEXT_MAX || begin_playing(s, len + 8, &w) != 0)
        return -1;
    protocol_encode_chat(&w, &(struct protocol_chat){(uint8_t)channel, wire_text_of(text)});
    link_send_commit(s->link, &w);
    return 0;
}

bool session_takes_reports(const struct session *s)
{
    return (s->features & PROTOCOL_FEATURE_REPORT) != 0;
}

int session_report(struct session *s, const char *name, const char *words)
{
    struct wire_writer w;
    size_t name_len = strlen(name), words_len = strlen(words);
    if (name_len > TEXT_NAME_MAX_BYTES || words_len > PROTOCOL_TEXT_MAX ||
        begin_playing(s, name_len + words_len + 8, &w) != 0)
        return -1;
    protocol_encode_report(&w, &(struct protocol_report){wire_text_of(name), wire_text_of(words)});
    link_send_commit(s->link, &w);
    return 0;
}

int session_who(struct session *s, const struct protocol_who *who)
{
    struct wire_writer w;
    if (begin_playing(s, 8 + 8 * (size_t)who->ids_n, &w) != 0)
        return -1;
    protocol_encode_who(&w, who);
    link_send_commit(s->link, &w);
    return 0;
}

const char *session_server(const struct session *s)
{
    return s->server;
}

const char *session_server_name(const struct session *s)
{
    return s->server_name;
}

int session_accept_key(struct session *s, struct error *error)
{
    if (s->end.kind != SESSION_END_KEY_CHANGED || !s->pins_path)
        return error_set(error, "no changed key is waiting to be accepted");
    return pins_keep(s->pins_path, s->server, s->end.pin_offered, error);
}

uint32_t session_rtt_us(const struct session *s)
{
    return s->rtt_us;
}

double session_tick(const struct session *s, uint64_t now_us)
{
    if (!s->clock_known || !s->tick_hz)
        return 0;
    return ((double)now_us - s->tick_zero_us) / tick_us(s);
}

uint64_t session_bytes_in(const struct session *s)
{
    return s->link ? link_bytes_in(s->link) : s->bytes_in;
}
