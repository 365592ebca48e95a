/* socketio.c -- see socketio.h. */
#include "http/socketio.h"

#include <stdlib.h>
#include <string.h>

#include "http/eio_session.h"
#include "http/sio_move.h"
#include "http/sio_packet.h"
#include "http/webplayer.h"
#include "ops/metrics.h"

#define CONNECTS_MAX 20  /* of one session: each is a question to control */
#define REPLY_BYTES  640 /* of a packet of ours */
#define CODE_POLICY  1008

struct socketio {
    const struct socketio_config *config;
    struct eio_session *session; /* NULL: closed */
    struct webplayer *player;    /* NULL: in no namespace */
    bool connected;              /* the namespace was answered */
    unsigned attachments;        /* of an event passed over, still to come */
    unsigned connects_n;
    struct io_deadline joining;
    struct sockaddr_storage address;
};

static void say(struct socketio *c, const char *packet, size_t len_bytes)
{
    if (len_bytes > 0 && c->session != NULL)
        eio_session_send(c->session, packet, len_bytes);
}

static void close_session(struct socketio *c, const char *reason)
{
    if (c->session != NULL)
        eio_session_close(c->session, CODE_POLICY, reason, reason);
}

/* ---- the namespace ---- */

static void on_joining_late(struct io_deadline *deadline)
{
    struct socketio *c =
        (struct socketio *)(void *)((char *)deadline - offsetof(struct socketio, joining));

    close_session(c, "no namespace joined");
}

static void await_namespace(struct socketio *c)
{
    io_deadline_arm(c->config->io, &c->joining, c->config->deadline_class,
                    io_now_ms(c->config->io) + c->config->connect_ms);
}

static void leave(struct socketio *c)
{
    struct webplayer *player = c->player;

    c->player = NULL;
    c->connected = false;
    webplayer_leave(player);
}

static void on_connected(void *context, const char *sid)
{
    struct socketio *c = context;
    char packet[REPLY_BYTES];

    c->connected = true;
    io_deadline_disarm(c->config->io, &c->joining);
    say(c, packet, sio_packet_connect(packet, sizeof(packet), sid));
}

static void on_refused(void *context, const char *text)
{
    struct socketio *c = context;
    char packet[REPLY_BYTES];

    leave(c);
    say(c, packet, sio_packet_connect_error(packet, sizeof(packet), "/", 1, text));
}

static bool on_writable(void *context)
{
    struct socketio *c = context;

    return c->session != NULL && eio_session_writable(c->session);
}

static void on_frames(void *context, const struct iovec *parts, unsigned parts_n)
{
    struct socketio *c = context;

    if (c->session != NULL)
        eio_session_frames(c->session, parts, parts_n);
}

static void on_acked(void *context, uint32_t ack, const char *error)
{
    struct socketio *c = context;
    char packet[REPLY_BYTES];

    say(c, packet, sio_packet_ack(packet, sizeof(packet), ack, error));
}

static void on_ended(void *context, const char *reason)
{
    struct socketio *c = context;
    char packet[REPLY_BYTES];

    leave(c);
    say(c, packet, sio_packet_event(packet, sizeof(packet), "server:disconnect", "reason", reason));
    say(c, "1", 1);
    if (c->session != NULL)
        eio_session_close(c->session, CODE_POLICY, reason, "ended by the server");
}

static const struct webplayer_handlers player_handlers = {on_connected, on_refused, on_writable,
                                                          on_frames,    on_acked,   on_ended};

/* A string's, NUL-terminated; NULL: it is none, or has a NUL within. */
static const char *text_of(const json_t *string)
{
    const char *text = json_string_value(string);

    return text != NULL && strlen(text) == json_string_length(string) ? text : NULL;
}

/* auth: the client's, an object, or NULL. A token of another kind is a bad one. */
static const char *token_of(const json_t *auth)
{
    const json_t *token = json_object_get(auth, "token");
    const char *text = text_of(token);

    if (token == NULL || json_is_null(token))
        return NULL;
    return text != NULL ? text : "";
}

static void take_connect(struct socketio *c, const struct sio_packet *packet)
{
    char reply[REPLY_BYTES + SIO_SPACE_MAX];

    if (++c->connects_n > CONNECTS_MAX) {
        close_session(c, "too many connects");
        return;
    }
    if (!sio_packet_is_of(packet, "/")) {
        say(c, reply,
            sio_packet_connect_error(reply, sizeof(reply), packet->space, packet->space_bytes,
                                     "Invalid namespace"));
        return;
    }
    if (c->player != NULL) {
        close_session(c, "invalid state");
        return;
    }
    io_asked(c->config->io);
    c->player =
        webplayer_new(c->config->host, &c->address, token_of(packet->data), &player_handlers, c);
    if (c->player == NULL)
        close_session(c, "out of memory");
}

/* ---- events ---- */

/* The members x, y, z. False: not all are there, or one is no number. */
static bool read_position(const json_t *object, double position[3])
{
    static const char *const names[] = {"x", "y", "z"};

    for (unsigned i = 0; i < 3; i++) {
        const json_t *number = json_object_get(object, names[i]);

        if (!json_is_number(number))
            return false;
        position[i] = json_number_value(number);
    }
    return true;
}

/* A member that may be absent, or null. False: it is of another kind. */
static bool read_optional(const json_t *object, const char *name, json_type type,
                          const json_t **member)
{
    *member = json_object_get(object, name);
    if (json_is_null(*member))
        *member = NULL;
    return *member == NULL || json_typeof(*member) == type;
}

static const char *take_join(struct socketio *c, const json_t *body, uint32_t ack)
{
    const json_t *name, *place;
    double position[3];

    if (!json_is_object(body) || !read_optional(body, "username", JSON_STRING, &name) ||
        (name != NULL && text_of(name) == NULL) ||
        !read_optional(body, "position", JSON_OBJECT, &place) ||
        (place != NULL && !read_position(place, position)))
        return "player:join takes {username, position: {x, y, z}}";
    io_asked(c->config->io);
    webplayer_join(c->player, json_string_value(name), place != NULL ? position : NULL, ack);
    return NULL;
}

static const char *take_move(struct socketio *c, const json_t *body, uint32_t ack)
{
    double to[3];

    if (!read_position(body, to))
        return "player:move takes {x, y, z}";
    webplayer_move(c->player, to[0], to[1], to[2], ack);
    return NULL;
}

static const char *take_chat(struct socketio *c, const json_t *body, uint32_t ack)
{
    const json_t *message = json_object_get(body, "message");

    if (!json_is_string(message))
        return "chat:send takes {message}";
    webplayer_chat(c->player, json_string_value(message), json_string_length(message), ack);
    return NULL;
}

static const char *take_state(struct socketio *c, const json_t *body, uint32_t ack)
{
    (void)body;
    webplayer_state(c->player, ack);
    return NULL;
}

static const struct event_row {
    const char *name;
    /* NULL, or what is wrong with its payload: a constant. */
    const char *(*take)(struct socketio *c, const json_t *body, uint32_t ack);
} event_rows[] = {
    {"player:move", take_move}, {"chat:send", take_chat},   {"chat:message", take_chat},
    {"player:join", take_join}, {"game:state", take_state},
};

static void take_event(struct socketio *c, const struct sio_packet *packet)
{
    const char *name = text_of(json_array_get(packet->data, 0)), *wrong;

    if (packet->type == SIO_BINARY_EVENT) {
        c->attachments = packet->attachments;
        webplayer_malformed(c->player, "binary is not taken", packet->ack);
        return;
    }
    for (size_t i = 0; name != NULL && i < sizeof(event_rows) / sizeof(event_rows[0]); i++)
        if (strcmp(name, event_rows[i].name) == 0) {
            wrong = event_rows[i].take(c, json_array_get(packet->data, 1), packet->ack);
            if (wrong != NULL && c->player != NULL)
                webplayer_malformed(c->player, wrong, packet->ack);
            return;
        }
    webplayer_malformed(c->player, "unknown event", packet->ack);
}

/* ---- what comes ---- */

static void take_packet(struct socketio *c, const struct sio_packet *packet)
{
    if (packet->type == SIO_CONNECT) {
        take_connect(c, packet);
        return;
    }
    if (!c->connected || packet->type == SIO_CONNECT_ERROR || !sio_packet_is_of(packet, "/")) {
        close_session(c, "invalid state");
        return;
    }
    switch (packet->type) {
    case SIO_DISCONNECT:
        leave(c);
        await_namespace(c);
        break;
    case SIO_EVENT:
    case SIO_BINARY_EVENT:
        take_event(c, packet);
        break;
    case SIO_ACK:
    case SIO_BINARY_ACK: /* none was asked for */
        c->attachments = packet->attachments;
        webplayer_malformed(c->player, "unknown ack", SIO_NO_ACK);
        break;
    case SIO_CONNECT:
    case SIO_CONNECT_ERROR:
        break;
    }
}

static void parse_error(struct socketio *c)
{
    metrics_add(METRIC_WEB_PARSE_ERRORS, 1);
    close_session(c, "parse error");
}

void socketio_message(struct socketio *c, const char *text, size_t len_bytes)
{
    struct sio_packet packet;
    struct sio_move move;

    if (c->connected && c->attachments == 0 && sio_move_read(text, len_bytes, &move)) {
        webplayer_move(c->player, move.to[0], move.to[1], move.to[2], move.ack);
        return;
    }
    if (c->attachments > 0 || sio_packet_read(text, len_bytes, &packet) != 0) {
        parse_error(c);
        return;
    }
    take_packet(c, &packet);
    sio_packet_clear(&packet);
}

void socketio_binary(struct socketio *c)
{
    if (c->attachments == 0)
        parse_error(c);
    else
        c->attachments--;
}

/* ---- life ---- */

struct socketio *socketio_new(const struct socketio_config *config,
                              const struct sockaddr_storage *address)
{
    struct socketio *c = calloc(1, sizeof(*c));

    _Static_assert(SIO_NO_ACK == WEBPLAYER_NO_ACK, "one number for both");
    if (c == NULL)
        return NULL;
    c->config = config;
    c->address = *address;
    c->joining.expired = on_joining_late;
    return c;
}

void socketio_begin(struct socketio *c, struct eio_session *session)
{
    c->session = session;
    await_namespace(c);
}

void socketio_gone(struct socketio *c)
{
    c->session = NULL;
    io_deadline_disarm(c->config->io, &c->joining);
    leave(c);
}

void socketio_free(struct socketio *c)
{
    if (c == NULL)
        return;
    io_deadline_disarm(c->config->io, &c->joining);
    webplayer_leave(c->player);
    free(c);
}
