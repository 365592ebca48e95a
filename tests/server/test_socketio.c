/* A client's Socket.IO side on a session whose WebSocket is the test's, with a player that is the
 * test's too: what he is told to do, what the client hears. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "frames_text.h"
#include "http/eio_session.h"
#include "http/socketio.h"
#include "http/webplayer.h"

#define SAID_BYTES 8192

/* ---- the player ---- */

struct webplayer {
    const struct webplayer_handlers *handlers;
    void *context;
    char token[64];
};

static struct {
    struct webplayer *player; /* the newest; NULL: left */
    unsigned players_n;
    char told[SAID_BYTES]; /* what he was told to do, with ';' behind each */
} stage;

static void tell(const char *format, ...)
{
    size_t n = strlen(stage.told);
    va_list list;

    va_start(list, format);
    vsnprintf(stage.told + n, sizeof(stage.told) - n, format, list);
    va_end(list);
    strcat(stage.told, ";");
}

struct webplayer *webplayer_new(struct host *host, const struct sockaddr_storage *address,
                                const char *token, const struct webplayer_handlers *handlers,
                                void *context)
{
    struct webplayer *player = calloc(1, sizeof(*player));

    assert_null(host);
    assert_int_equal(address->ss_family, AF_INET);
    assert_null(stage.player);
    player->handlers = handlers;
    player->context = context;
    snprintf(player->token, sizeof(player->token), "%s", token != NULL ? token : "(none)");
    stage.player = player;
    stage.players_n++;
    return player;
}

void webplayer_leave(struct webplayer *player)
{
    if (player == NULL)
        return;
    assert_ptr_equal(player, stage.player);
    stage.player = NULL;
    free(player);
}

void webplayer_join(struct webplayer *player, const char *username, const double position[3],
                    uint32_t ack)
{
    (void)player;
    if (position != NULL)
        tell("join %s %g,%g,%g %u", username, position[0], position[1], position[2], ack);
    else
        tell("join %s %u", username != NULL ? username : "(none)", ack);
}

void webplayer_move(struct webplayer *player, double x, double y, double z, uint32_t ack)
{
    (void)player;
    tell("move %g,%g,%g %u", x, y, z, ack);
}

void webplayer_chat(struct webplayer *player, const char *message, size_t len_bytes, uint32_t ack)
{
    char shown[64] = "";

    (void)player;
    for (size_t i = 0; i < len_bytes && i < 30; i++)
        strcat(shown, message[i] != '\0' ? (char[]){message[i], '\0'} : "\\0");
    tell("chat %s %u", shown, ack);
}

void webplayer_state(struct webplayer *player, uint32_t ack)
{
    (void)player;
    tell("state %u", ack);
}

void webplayer_malformed(struct webplayer *player, const char *error, uint32_t ack)
{
    assert_non_null(error);
    tell("malformed %u", ack);
    if (ack != WEBPLAYER_NO_ACK)
        player->handlers->acked(player->context, ack, error);
}

/* ---- the client ---- */

struct world {
    struct event_base *base;
    struct io *io;
    struct eio_session *session;
    struct eio_timing timing;
    struct socketio_config config;
    struct socketio *socketio;
    struct eio_wire wire;
    uint8_t said[SAID_BYTES];
    size_t said_n;
    bool closed;
    uint16_t code;
    char why[128];
};

static void on_message(void *context, const char *text, size_t len_bytes)
{
    socketio_message(((struct world *)context)->socketio, text, len_bytes);
}

static void on_binary(void *context)
{
    socketio_binary(((struct world *)context)->socketio);
}

static void on_closed(void *context, const char *reason)
{
    (void)reason;
    socketio_gone(((struct world *)context)->socketio);
}

static void on_freed(void *context)
{
    struct world *w = context;

    socketio_free(w->socketio);
    w->session = NULL;
}

static const struct eio_session_handlers handlers = {on_message, on_binary, on_closed, on_freed};

static bool wire_idle(void *context)
{
    (void)context;
    return true;
}

static void wire_write(void *context, const struct iovec *parts, unsigned parts_n)
{
    struct world *w = context;

    for (unsigned i = 0; i < parts_n; i++) {
        memcpy(w->said + w->said_n, parts[i].iov_base, parts[i].iov_len);
        w->said_n += parts[i].iov_len;
    }
}

static void wire_close(void *context, uint16_t code, const char *reason)
{
    struct world *w = context;

    w->closed = true;
    w->code = code;
    snprintf(w->why, sizeof(w->why), "%s", reason);
}

/* What the client heard since, as packets with ';' behind each. */
static const char *heard(struct world *w)
{
    const char *text = frames_text(w->said, w->said_n);

    w->said_n = 0;
    return text;
}

static void says(struct world *w, const char *message)
{
    char text[1024];
    int n = snprintf(text, sizeof(text), "4%s", message);

    eio_session_text(w->session, w, text, (size_t)n);
}

static bool pass(void *context)
{
    (void)context;
    return false;
}

static void world_begin(struct world *w)
{
    struct sockaddr_storage address = {.ss_family = AF_INET};
    struct error error = {0};

    memset(&stage, 0, sizeof(stage));
    *w = (struct world){.timing = {60000, 60000, 60000, 60000, 1}};
    w->base = event_base_new();
    w->io = io_new(&(struct io_config){.base = w->base, .pass = pass}, &error);
    assert_non_null(w->io);
    assert_int_equal(io_start(w->io, &error), 0);
    w->config = (struct socketio_config){.io = w->io, .connect_ms = 60000, .deadline_class = 7};
    w->wire = (struct eio_wire){wire_idle, wire_write, wire_close, w};
    w->socketio = socketio_new(&w->config, &address);
    w->session = eio_session_new(w->io, &w->timing, "sid", &w->wire, &handlers, w);
    socketio_begin(w->socketio, w->session);
    w->said_n = 0; /* OPEN */
}

static void world_end(struct world *w)
{
    if (w->session != NULL) {
        socketio_gone(w->socketio);
        eio_session_free(w->session);
    }
    assert_null(stage.player);
    io_stop(w->io);
    io_free(w->io);
    event_base_free(w->base);
}

static void connect_as(struct world *w, const char *packet)
{
    says(w, packet);
    assert_non_null(stage.player);
    stage.player->handlers->connected(stage.player->context, "w1");
    assert_string_equal(heard(w), "40{\"sid\":\"w1\"};");
}

/* ---- tests ---- */

static void test_connect(void **state)
{
    static const struct {
        const char *packet, *token;
    } rows[] = {
        {"0", "(none)"},
        {"0{}", "(none)"},
        {"0{\"token\":\"abc\"}", "abc"},
        {"0{\"token\":null}", "(none)"},
        {"0{\"token\":5}", ""},
        {"0{\"token\":{\"a\":1}}", ""},
        {"0{\"token\":\"abc\\u0000d\"}", ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;

        world_begin(&w);
        says(&w, rows[i].packet);
        assert_string_equal(stage.player->token, rows[i].token);
        assert_string_equal(heard(&w), ""); /* control is asked */
        stage.player->handlers->refused(stage.player->context, "invalid token");
        assert_string_equal(heard(&w), "44{\"message\":\"invalid token\"};");
        assert_null(stage.player);
        connect_as(&w, rows[i].packet); /* he may try again */
        assert_false(w.closed);
        world_end(&w);
    }
}

static void test_events(void **state)
{
    static const struct {
        const char *packet, *told;
    } rows[] = {
        {"2[\"player:join\",{\"username\":\"anna\",\"position\":{\"x\":1,\"y\":2.5,\"z\":-3}}]",
         "join anna 1,2.5,-3 4294967295;"},
        {"27[\"player:join\",{\"username\":\"anna\"}]", "join anna 7;"},
        {"27[\"player:join\",{\"username\":\"anna\",\"position\":null}]", "join anna 7;"},
        {"27[\"player:join\",{}]", "join (none) 7;"},
        {"27[\"player:join\"]", "malformed 7;"},
        {"27[\"player:join\",[]]", "malformed 7;"},
        {"27[\"player:join\",{\"username\":5}]", "malformed 7;"},
        {"27[\"player:join\",{\"username\":\"a\",\"position\":5}]", "malformed 7;"},
        {"27[\"player:join\",{\"username\":\"a\",\"position\":{\"x\":1,\"y\":2}}]", "malformed 7;"},
        {"2[\"player:move\",{\"x\":1,\"y\":0,\"z\":-0.5}]", "move 1,0,-0.5 4294967295;"},
        {"20[\"player:move\",{\"x\":1,\"y\":0,\"z\":2,\"more\":[]}]", "move 1,0,2 0;"},
        {"20[\"player:move\",{\"x\":\"1\",\"y\":0,\"z\":2}]", "malformed 0;"},
        {"20[\"player:move\",{\"x\":null,\"y\":0,\"z\":2}]", "malformed 0;"},
        {"20[\"player:move\",[1,2,3]]", "malformed 0;"},
        {"20[\"player:move\",1,2,3]", "malformed 0;"},
        {"20[\"player:move\"]", "malformed 0;"},
        {"25[\"chat:send\",{\"message\":\"hi\"}]", "chat hi 5;"},
        {"25[\"chat:message\",{\"message\":\"hi\"}]", "chat hi 5;"},
        {"25[\"chat:send\",{\"message\":5}]", "malformed 5;"},
        {"25[\"chat:send\",\"hi\"]", "malformed 5;"},
        {"25[\"chat:send\",{\"message\":\"a\\u0000b\"}]", "chat a\\0b 5;"},
        /* an emoji that was cut in half, as JSON.stringify writes it */
        {"25[\"chat:send\",{\"message\":\"hi \\ud83d\"}]", "chat hi \xef\xbf\xbd 5;"},
        {"25[\"chat:send\\u0000\",{\"message\":\"hi\"}]", "malformed 5;"},
        {"27[\"player:join\",{\"username\":\"anna\\u0000\"}]", "malformed 7;"},
        /* as JSON.stringify writes 1e20: more than 64 bits hold */
        {"27[\"player:move\",{\"x\":100000000000000000000,\"y\":0,\"z\":0}]", "move 1e+20,0,0 7;"},
        {"2[\"game:state\"]", "state 4294967295;"},
        {"29[\"game:state\",{}]", "state 9;"},
        {"29[\"no:such\"]", "malformed 9;"},
        {"29[5,6]", "malformed 9;"},
        {"39[]", "malformed 4294967295;"},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;

        world_begin(&w);
        connect_as(&w, "0");
        says(&w, rows[i].packet);
        assert_false(w.closed);
        assert_string_equal(stage.told, rows[i].told);
        world_end(&w);
    }
}

static void test_acks_and_frames(void **state)
{
    struct world w;
    struct iovec part = {(char[]){"\x81\x05"
                                  "42[1]"},
                         7};

    (void)state;
    world_begin(&w);
    connect_as(&w, "0");
    stage.player->handlers->acked(stage.player->context, 3, NULL);
    stage.player->handlers->acked(stage.player->context, 4, "not \"now\"");
    assert_string_equal(heard(&w), "433[{\"ok\":true}];434[{\"ok\":false,\"error\":\"not "
                                   "\\\"now\\\"\"}];");
    assert_true(stage.player->handlers->writable(stage.player->context));
    stage.player->handlers->frames(stage.player->context, &part, 1);
    assert_string_equal(heard(&w), "42[1];");
    world_end(&w);
}

static void test_binary(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w);
    connect_as(&w, "0");
    says(&w, "52-7[\"chat:send\",{\"message\":{\"_placeholder\":true,\"num\":0}}]");
    assert_string_equal(stage.told, "malformed 7;");
    assert_non_null(strstr(heard(&w), "437[{\"ok\":false"));
    eio_session_bytes(w.session, &w);
    eio_session_bytes(w.session, &w);
    says(&w, "2[\"game:state\"]");
    assert_false(w.closed);
    eio_session_bytes(w.session, &w); /* one more than was announced */
    assert_true(w.closed);
    world_end(&w);
    world_begin(&w);
    connect_as(&w, "0");
    says(&w, "51-[\"chat:send\"]");
    says(&w, "2[\"game:state\"]"); /* instead of the attachment */
    assert_true(w.closed);
    world_end(&w);
}

static void test_closes(void **state)
{
    static const char *const early[] = {"2[\"game:state\"]", "1", "3[]", "4{}", "abc", "0[]"};
    static const char *const late[] = {"0", "4{}", "abc", "2{}", "2/other,[\"x\"]", "1/other,"};

    (void)state;
    for (size_t i = 0; i < sizeof(early) / sizeof(early[0]); i++) {
        struct world w;

        world_begin(&w);
        says(&w, early[i]);
        assert_true(w.closed);
        world_end(&w);
    }
    for (size_t i = 0; i < sizeof(late) / sizeof(late[0]); i++) {
        struct world w;

        world_begin(&w);
        connect_as(&w, "0");
        says(&w, late[i]);
        assert_true(w.closed);
        assert_null(stage.player); /* he left */
        world_end(&w);
    }
}

static void test_spaces(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w);
    says(&w, "0/admin,{\"token\":\"x\"}");
    assert_string_equal(heard(&w), "44/admin,{\"message\":\"Invalid namespace\"};");
    assert_int_equal(stage.players_n, 0);
    connect_as(&w, "0");
    says(&w, "1");
    assert_null(stage.player);
    assert_false(w.closed);
    connect_as(&w, "0");
    for (unsigned i = 0; i < 30 && !w.closed; i++) /* each is a question */
        says(&w, "0/admin,");
    assert_true(w.closed);
    world_end(&w);
}

static void test_ended(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w);
    connect_as(&w, "0");
    stage.player->handlers->ended(stage.player->context, "kicked: be nice");
    assert_string_equal(heard(&w),
                        "42[\"server:disconnect\",{\"reason\":\"kicked: be nice\"}];41;");
    assert_true(w.closed);
    assert_int_equal(w.code, 1008);
    assert_string_equal(w.why, "kicked: be nice");
    world_end(&w);
}

static void test_late(void **state)
{
    struct world w;
    struct timespec now, begin;

    (void)state;
    world_begin(&w);
    w.config.connect_ms = 30;
    connect_as(&w, "0");
    says(&w, "1"); /* in no namespace any more */
    clock_gettime(CLOCK_MONOTONIC, &begin);
    while (!w.closed) {
        event_base_loop(w.base, EVLOOP_ONCE);
        clock_gettime(CLOCK_MONOTONIC, &now);
        assert_true(now.tv_sec < begin.tv_sec + 5);
    }
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_connect),         cmocka_unit_test(test_events),
        cmocka_unit_test(test_acks_and_frames), cmocka_unit_test(test_binary),
        cmocka_unit_test(test_closes),          cmocka_unit_test(test_spaces),
        cmocka_unit_test(test_ended),           cmocka_unit_test(test_late),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
