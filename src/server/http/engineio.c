/* engineio.c -- see engineio.h. */
#include "http/engineio.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "http/call_inside.h"
#include "http/eio_packet.h"
#include "http/eio_socket.h"
#include "http/gate.h"
#include "http/socketio.h"
#include "ops/metrics.h"
#include "ops/traffic.h"

#define SECRET_BYTES  14
#define SID_RAW_BYTES (1 + 3 + SECRET_BYTES) /* thread, place, secret */
#define SLOTS_FIRST   64
#define NO_SLOT       UINT32_MAX
#define UPGRADE_MS    10000
#define GOODBYE_MS    10000
#define CODE_RESTART  1012

/* A client: an Engine.IO session and what it says. */
struct client {
    struct engineio *engine;
    struct eio_session *session;
    struct socketio *socketio;
    struct http_call *poll; /* the GET that waits, or is just asked; NULL: none */
    uint32_t slot;
    uint8_t secret[SECRET_BYTES];
};

struct slot {
    struct client *client; /* NULL: free */
    uint32_t next_free;
};

struct engineio {
    struct engineio_config config;
    struct eio_timing timing;
    struct socketio_config socketio;
    struct slot *slots;
    uint32_t slots_n, free_first, clients_n;
    bool draining;
};

/* ---- sids ---- */

static void sid_write(const struct client *c, char sid[EIO_SID_BYTES])
{
    uint8_t raw[SID_RAW_BYTES] = {(uint8_t)c->engine->config.thread, (uint8_t)(c->slot >> 16),
                                  (uint8_t)(c->slot >> 8), (uint8_t)c->slot};

    memcpy(raw + 4, c->secret, SECRET_BYTES);
    sodium_bin2base64(sid, EIO_SID_BYTES, raw, sizeof(raw),
                      sodium_base64_VARIANT_URLSAFE_NO_PADDING);
}

/* -1: none of ours. */
static int sid_read(const char *sid, uint8_t raw[SID_RAW_BYTES])
{
    size_t n;

    if (sodium_base642bin(raw, SID_RAW_BYTES, sid, strlen(sid), NULL, &n, NULL,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING) != 0)
        return -1;
    return n == SID_RAW_BYTES ? 0 : -1;
}

/* The client of a sid of this thread; NULL: there is none. */
static struct client *find(const struct engineio *engine, const uint8_t raw[SID_RAW_BYTES])
{
    uint32_t slot = (uint32_t)raw[1] << 16 | (uint32_t)raw[2] << 8 | raw[3];
    struct client *c = slot < engine->slots_n ? engine->slots[slot].client : NULL;

    return c != NULL && sodium_memcmp(c->secret, raw + 4, SECRET_BYTES) == 0 ? c : NULL;
}

/* ---- clients ---- */

static int slot_take(struct engineio *engine, struct client *c)
{
    uint32_t n = engine->slots_n > 0 ? 2 * engine->slots_n : SLOTS_FIRST;

    if (engine->free_first == NO_SLOT) {
        struct slot *slots = realloc(engine->slots, n * sizeof(*slots));

        if (slots == NULL)
            return -1;
        for (uint32_t i = engine->slots_n; i < n; i++)
            slots[i] = (struct slot){NULL, i + 1 < n ? i + 1 : NO_SLOT};
        engine->free_first = engine->slots_n;
        engine->slots = slots;
        engine->slots_n = n;
    }
    c->slot = engine->free_first;
    engine->free_first = engine->slots[c->slot].next_free;
    engine->slots[c->slot].client = c;
    engine->clients_n++;
    return 0;
}

static void slot_give(struct engineio *engine, struct client *c)
{
    engine->slots[c->slot] = (struct slot){NULL, engine->free_first};
    engine->free_first = c->slot;
    engine->clients_n--;
}

static void on_message(void *context, const char *text, size_t len_bytes)
{
    socketio_message(((struct client *)context)->socketio, text, len_bytes);
}

static void on_binary(void *context)
{
    socketio_binary(((struct client *)context)->socketio);
}

static void on_closed(void *context, const char *reason)
{
    struct client *c = context;

    (void)reason;
    slot_give(c->engine, c);
    socketio_gone(c->socketio);
}

static void on_freed(void *context)
{
    struct client *c = context;

    socketio_free(c->socketio);
    free(c);
}

static const struct eio_session_handlers session_handlers = {on_message, on_binary, on_closed,
                                                             on_freed};

/* wire: NULL for polling. NULL: too many, or out of memory. */
static struct client *client_new(struct engineio *engine, const struct sockaddr_storage *address,
                                 const struct eio_wire *wire)
{
    struct client *c = NULL;
    char sid[EIO_SID_BYTES];

    if (engine->draining || engine->clients_n >= engine->config.sessions_max ||
        (c = calloc(1, sizeof(*c))) == NULL)
        return NULL;
    c->engine = engine;
    randombytes_buf(c->secret, sizeof(c->secret));
    c->socketio = socketio_new(&engine->socketio, address);
    if (c->socketio == NULL || slot_take(engine, c) != 0) {
        on_freed(c);
        return NULL;
    }
    sid_write(c, sid);
    c->session =
        eio_session_new(engine->config.io, &engine->timing, sid, wire, &session_handlers, c);
    if (c->session == NULL) {
        slot_give(engine, c);
        on_freed(c);
        return NULL;
    }
    socketio_begin(c->socketio, c->session);
    return c;
}

/* ---- answers ---- */

static void refuse(struct http_call *call, enum eio_error error)
{
    const char *body = eio_error_body(error);

    metrics_add(METRIC_WEB_REFUSED, 1);
    traffic_count(TRAFFIC_WEBSOCKET, TRAFFIC_REFUSED);
    call_add_header(call, "Cache-Control", "no-store");
    call_answer_bytes(call, eio_error_status(error), "application/json", body, strlen(body));
}

static void on_answer(void *context, const char *payload, size_t len_bytes)
{
    struct client *c = context;
    struct http_call *call = c->poll;

    c->poll = NULL;
    call_add_header(call, "Cache-Control", "no-store");
    call_answer_bytes(call, 200, "text/plain; charset=UTF-8", payload, len_bytes);
}

static void on_poll_gone(void *context)
{
    struct client *c = context;

    c->poll = NULL;
    eio_session_poll_gone(c->session);
}

static void run_poll(struct client *c, struct http_call *call)
{
    struct eio_poll poll = {on_answer, c};

    if (c->poll == NULL) {
        c->poll = call;
        if (eio_session_poll(c->session, &poll) == 0) {
            if (c->poll == call)
                call_defer(call, on_poll_gone, c);
            return;
        }
    } else if (eio_session_poll(c->session, &poll) == 0) {
        return; /* cannot be: one waits */
    }
    refuse(call, EIO_REQUEST_BAD);
}

/* What the client says by polling. The media type is not looked at, but for the one that means
 * bytes: browsers send text/plain. */
static void run_post(struct client *c, struct http_call *call)
{
    const char *type = call_header(call, "content-type");
    size_t n;
    const char *body = call_bytes(call, &n);

    if (n > EIO_PAYLOAD_MAX) {
        call_problem(call, 413, "the payload is too large");
        return;
    }
    if ((type != NULL && strcasecmp(type, "application/octet-stream") == 0) ||
        !text_utf8_valid(body != NULL ? body : "", n))
        n = 0; /* malformed */
    if (eio_session_payload(c->session, body != NULL ? body : "", n) != 0) {
        refuse(call, EIO_REQUEST_BAD);
        return;
    }
    call_add_header(call, "Cache-Control", "no-store");
    call_answer_bytes(call, 200, "text/html", "ok", 2);
}

/* ---- WebSockets ---- */

static void on_first_wire(void *context, struct eio_socket *socket,
                          const struct sockaddr_storage *address)
{
    struct eio_wire wire = eio_socket_wire(socket);
    struct client *c = client_new(context, address, &wire);

    if (c != NULL)
        eio_socket_attach(socket, c->session);
    else
        eio_socket_close(socket, CODE_RESTART, "no room");
}

/* The session was found a moment ago, in this turn. */
static void on_second_wire(void *context, struct eio_socket *socket,
                           const struct sockaddr_storage *address)
{
    struct client *c = context;
    struct eio_wire wire = eio_socket_wire(socket);

    (void)address;
    if (eio_session_probe(c->session, &wire) == 0)
        eio_socket_attach(socket, c->session);
    else
        eio_socket_close(socket, 1000, "");
}

/* ---- requests ---- */

/* What the query says. */
struct asked {
    char transport[16], sid[EIO_SID_BYTES];
    bool websocket, upgrade, with_sid, version_4;
};

/* False: it is answered. */
static bool read_query(struct http_call *call, struct asked *asked)
{
    const char *upgrade = call_header(call, "upgrade");
    char version[4];
    int sid = call_query(call, "sid", asked->sid, sizeof(asked->sid));

    asked->upgrade = upgrade != NULL && strcasecmp(upgrade, "websocket") == 0;
    asked->with_sid = sid != -1 && (sid != 0 || asked->sid[0] != '\0');
    asked->version_4 =
        call_query(call, "EIO", version, sizeof(version)) == 0 && strcmp(version, "4") == 0;
    if (call_query(call, "transport", asked->transport, sizeof(asked->transport)) != 0 ||
        (strcmp(asked->transport, "polling") != 0 && strcmp(asked->transport, "websocket") != 0)) {
        refuse(call, EIO_TRANSPORT_UNKNOWN);
        return false;
    }
    asked->websocket = asked->transport[0] == 'w';
    if (sid == -2) {
        refuse(call, EIO_SID_UNKNOWN);
        return false;
    }
    return true;
}

static void run_upgrade(struct http_call *call,
                        void (*opened)(void *context, struct eio_socket *socket,
                                       const struct sockaddr_storage *address),
                        void *context)
{
    if (call_method(call) != HTTP_GET || eio_socket_open(call, opened, context) != 0)
        refuse(call, EIO_REQUEST_BAD);
}

static void run_begin(struct engineio *engine, struct http_call *call, const struct asked *asked)
{
    struct client *c;

    if (gate_limited(call, ROUTE_RATE_READ)) /* polls are cheap, a new session is not */
        return;
    if (call_method(call) != HTTP_GET) {
        refuse(call, EIO_METHOD_BAD);
    } else if (asked->websocket != asked->upgrade) {
        refuse(call, EIO_REQUEST_BAD);
    } else if (!asked->version_4) {
        refuse(call, EIO_VERSION_UNSUPPORTED);
    } else if (asked->websocket) {
        run_upgrade(call, on_first_wire, engine);
    } else {
        c = client_new(engine, call_address(call), NULL);
        if (c != NULL)
            run_poll(c, call);
        else
            call_problem(call, 503, "there is no room for another session");
    }
}

static void run_with(struct client *c, struct http_call *call, const struct asked *asked)
{
    bool upgrades = asked->websocket && asked->upgrade;

    if (!asked->version_4 || (!upgrades && (asked->websocket || asked->upgrade ||
                                            eio_session_transport(c->session) == EIO_SOCKET)))
        refuse(call, EIO_REQUEST_BAD);
    else if (upgrades)
        run_upgrade(call, on_second_wire, c);
    else if (call_method(call) == HTTP_GET)
        run_poll(c, call);
    else if (call_method(call) == HTTP_POST)
        run_post(c, call);
    else
        refuse(call, EIO_METHOD_BAD);
}

void engineio_run(struct http_call *call)
{
    struct engineio *engine = call->worker->engine;
    uint8_t raw[SID_RAW_BYTES];
    struct asked asked;
    struct client *c;

    if (!read_query(call, &asked))
        return;
    if (!asked.with_sid) {
        run_begin(engine, call, &asked);
        return;
    }
    if (sid_read(asked.sid, raw) != 0) {
        refuse(call, EIO_SID_UNKNOWN);
        return;
    }
    if (raw[0] != engine->config.thread && call_carry(call, raw[0]) == 0)
        return; /* it runs there */
    c = raw[0] == engine->config.thread ? find(engine, raw) : NULL;
    if (c == NULL)
        refuse(call, EIO_SID_UNKNOWN);
    else
        run_with(c, call, &asked);
}

/* ---- life ---- */

struct engineio *engineio_new(const struct engineio_config *config)
{
    struct engineio *engine = calloc(1, sizeof(*engine));

    if (engine == NULL)
        return NULL;
    engine->config = *config;
    engine->free_first = NO_SLOT;
    engine->timing = (struct eio_timing){.ping_interval_ms = config->ping_interval_ms,
                                         .ping_timeout_ms = config->ping_timeout_ms,
                                         .upgrade_ms = UPGRADE_MS,
                                         .goodbye_ms = GOODBYE_MS,
                                         .class_first = config->class_first};
    engine->socketio =
        (struct socketio_config){.io = config->io,
                                 .host = config->host,
                                 .connect_ms = config->connect_ms,
                                 .deadline_class = config->class_first + EIO_DEADLINES};
    return engine;
}

void engineio_retime(struct engineio *engine, uint32_t ping_interval_ms, uint32_t ping_timeout_ms,
                     uint32_t connect_ms)
{
    engine->socketio.connect_ms = connect_ms;
    engine->timing.ping_interval_ms = ping_interval_ms;
    engine->timing.ping_timeout_ms = ping_timeout_ms;
}

void engineio_drain(struct engineio *engine)
{
    engine->draining = true;
    for (uint32_t i = 0; i < engine->slots_n; i++)
        if (engine->slots[i].client != NULL)
            eio_session_close(engine->slots[i].client->session, CODE_RESTART, "the server restarts",
                              "server stop");
}

void engineio_end(struct engineio *engine)
{
    engineio_drain(engine);
    for (uint32_t i = 0; i < engine->slots_n; i++) {
        struct client *c = engine->slots[i].client;

        if (c != NULL) { /* a poll never came for its last words */
            slot_give(engine, c);
            socketio_gone(c->socketio);
            eio_session_free(c->session);
        }
    }
}

void engineio_free(struct engineio *engine)
{
    if (engine == NULL)
        return;
    free(engine->slots);
    free(engine);
}
