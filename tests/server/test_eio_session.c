/* An Engine.IO session with polls and WebSockets that are the test's: what it says to whom, in
 * which order, and when it ends. */
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

#define SAID_BYTES 4096

/* A WebSocket of the test: what was written to it as frames. */
struct socket {
    struct eio_wire wire;
    bool stuck, closed;
    uint16_t code;
    uint8_t said[SAID_BYTES * 64];
    size_t said_n;
};

struct world {
    struct event_base *base;
    struct io *io;
    struct eio_session *session; /* NULL: freed */
    struct eio_timing timing;
    char heard[SAID_BYTES]; /* messages, with ';' behind each */
    unsigned binary_n, closed_n;
    const char *reason;
    char answer[SAID_BYTES * 64]; /* of the last poll */
    unsigned answers_n;
    struct socket first, second;
};

static void on_answer(void *context, const char *payload, size_t len_bytes)
{
    struct world *w = context;

    assert_true(len_bytes < sizeof(w->answer));
    memcpy(w->answer, payload, len_bytes);
    w->answer[len_bytes] = '\0';
    w->answers_n++;
}

static void on_message(void *context, const char *text, size_t len_bytes)
{
    struct world *w = context;

    strncat(w->heard, text, len_bytes);
    strcat(w->heard, ";");
}

static void on_binary(void *context)
{
    ((struct world *)context)->binary_n++;
}

static void on_closed(void *context, const char *reason)
{
    struct world *w = context;

    w->closed_n++;
    w->reason = reason;
}

static void on_freed(void *context)
{
    ((struct world *)context)->session = NULL;
}

static const struct eio_session_handlers handlers = {on_message, on_binary, on_closed, on_freed};

static bool wire_idle(void *context)
{
    return !((struct socket *)context)->stuck;
}

static void wire_write(void *context, const struct iovec *parts, unsigned parts_n)
{
    struct socket *s = context;

    assert_false(s->closed);
    for (unsigned i = 0; i < parts_n; i++) {
        assert_true(s->said_n + parts[i].iov_len <= sizeof(s->said));
        memcpy(s->said + s->said_n, parts[i].iov_base, parts[i].iov_len);
        s->said_n += parts[i].iov_len;
    }
}

static void wire_close(void *context, uint16_t code, const char *reason)
{
    struct socket *s = context;

    (void)reason;
    assert_false(s->closed);
    s->closed = true;
    s->code = code;
}

/* What was written since, as packets with ';' behind each. */
static const char *said(struct socket *s)
{
    const char *text = frames_text(s->said, s->said_n);

    s->said_n = 0;
    return text;
}

static bool pass(void *context)
{
    (void)context;
    return false;
}

/* Pings as told; all else takes its time. */
static void world_begin_timed(struct world *w, bool wired, uint32_t ping_interval_ms,
                              uint32_t ping_timeout_ms)
{
    struct error error = {0};
    struct io_config config = {.pass = pass};

    *w = (struct world){.timing = {ping_interval_ms, ping_timeout_ms, 60000, 60000, 1}};
    w->base = event_base_new();
    config.base = w->base;
    w->io = io_new(&config, &error);
    assert_non_null(w->io);
    assert_int_equal(io_start(w->io, &error), 0);
    w->first.wire = (struct eio_wire){wire_idle, wire_write, wire_close, &w->first};
    w->second.wire = (struct eio_wire){wire_idle, wire_write, wire_close, &w->second};
    w->session =
        eio_session_new(w->io, &w->timing, "sid", wired ? &w->first.wire : NULL, &handlers, w);
    assert_non_null(w->session);
}

static void world_begin(struct world *w, bool wired)
{
    world_begin_timed(w, wired, 60000, 60000);
}

static void world_end(struct world *w)
{
    eio_session_free(w->session);
    io_stop(w->io);
    io_free(w->io);
    event_base_free(w->base);
}

static uint64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* Take turns until it is so. */
#define UNTIL(w, so)                                                                               \
    do {                                                                                           \
        uint64_t until_ = now_ms() + 5000;                                                         \
        while (!(so)) {                                                                            \
            event_base_loop((w)->base, EVLOOP_ONCE);                                               \
            if (now_ms() > until_)                                                                 \
                fail_msg("not within 5 s: %s", #so);                                               \
        }                                                                                          \
    } while (0)

static int poll(struct world *w)
{
    struct eio_poll poll = {on_answer, w};

    w->answer[0] = '\0';
    return eio_session_poll(w->session, &poll);
}

static void send_text(struct world *w, const char *text)
{
    eio_session_send(w->session, text, strlen(text));
}

static int payload(struct world *w, const char *text)
{
    return eio_session_payload(w->session, text, strlen(text));
}

static void socket_text(struct world *w, struct socket *s, const char *text)
{
    eio_session_text(w->session, s, text, strlen(text));
}

static bool starved; /* no payload finds memory */

char *__real_eio_queue_take_payload(struct eio_queue *queue, size_t *len_bytes);
char *__wrap_eio_queue_take_payload(struct eio_queue *queue, size_t *len_bytes);

char *__wrap_eio_queue_take_payload(struct eio_queue *queue, size_t *len_bytes)
{
    return starved ? NULL : __real_eio_queue_take_payload(queue, len_bytes);
}

/* ---- polling ---- */

static void test_polling(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, false);
    assert_int_equal(poll(&w), 0);
    assert_memory_equal(w.answer, "0{\"sid\":\"sid\",\"upgrades\":[\"websocket\"]", 37);
    assert_false(eio_session_writable(w.session));
    assert_int_equal(poll(&w), 0); /* waits */
    assert_int_equal(w.answers_n, 1);
    assert_true(eio_session_writable(w.session));
    send_text(&w, "a");
    assert_string_equal(w.answer, "4a");
    send_text(&w, "b");
    send_text(&w, "c");
    assert_false(eio_session_writable(w.session));
    assert_int_equal(poll(&w), 0);
    assert_string_equal(w.answer, "4b\x1e"
                                  "4c");
    assert_int_equal(payload(&w, "4x\x1e"
                                 "4y\x1e"
                                 "bAQ=="),
                     0);
    assert_string_equal(w.heard, "x;y;");
    assert_int_equal(w.binary_n, 1);
    world_end(&w);
}

static void test_frames_by_poll(void **state)
{
    struct world w;
    char run[] = "\x81\x05"
                 "42[1]\x81\x05"
                 "42[2]";
    struct iovec parts[] = {{run, 3}, {run + 3, 8}, {run + 11, 3}}; /* cut anywhere */

    (void)state;
    world_begin(&w, false);
    assert_int_equal(poll(&w), 0);
    assert_int_equal(poll(&w), 0);
    eio_session_frames(w.session, parts, 3);
    assert_string_equal(w.answer, "42[1]\x1e"
                                  "42[2]");
    world_end(&w);
}

/* The lengths that a state of many players has: of 16 bits, and of 64. */
static void test_long_frames_by_poll(void **state)
{
    static const uint8_t heads[2][10] = {{0x81, 126, 0x01, 0x2c},
                                         {0x81, 127, 0, 0, 0, 0, 0, 1, 0x11, 0x70}};
    static const size_t heads_n[2] = {4, 10}, texts_n[2] = {0x12c, 0x11170};
    static char text[0x11170];
    struct world w;

    (void)state;
    for (size_t i = 0; i < sizeof(text); i++)
        text[i] = (char)(i == 0 ? '4' : 'a' + i % 26);
    for (unsigned i = 0; i < 2; i++) {
        struct iovec parts[] = {{(void *)(uintptr_t)heads[i], 3},
                                {(void *)(uintptr_t)(heads[i] + 3), heads_n[i] - 3},
                                {text, 100},
                                {text + 100, texts_n[i] - 100}};

        world_begin(&w, false);
        assert_int_equal(poll(&w), 0);
        assert_int_equal(poll(&w), 0);
        eio_session_frames(w.session, parts, 4);
        assert_int_equal(strlen(w.answer), texts_n[i]);
        assert_memory_equal(w.answer, text, texts_n[i]);
        world_end(&w);
    }
}

static void test_overlap(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, false);
    assert_int_equal(poll(&w), 0);
    assert_int_equal(poll(&w), 0);
    assert_int_equal(poll(&w), -1);
    assert_string_equal(w.answer, "1"); /* to the first */
    assert_int_equal(w.closed_n, 1);
    assert_false(eio_session_is_open(w.session));
    UNTIL(&w, w.session == NULL);
    assert_int_equal(w.closed_n, 1);
    world_end(&w);
}

static void test_poll_gone(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, false);
    assert_int_equal(poll(&w), 0);
    assert_int_equal(poll(&w), 0);
    eio_session_poll_gone(w.session);
    assert_int_equal(w.closed_n, 1);
    assert_int_equal(w.answers_n, 1);
    UNTIL(&w, w.session == NULL);
    world_end(&w);
}

static void test_close_by_client(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, false);
    assert_int_equal(poll(&w), 0);
    assert_int_equal(poll(&w), 0);
    assert_int_equal(payload(&w, "1\x1e"
                                 "4late"),
                     0);
    assert_string_equal(w.answer, "6");
    assert_string_equal(w.reason, "transport close");
    assert_string_equal(w.heard, "");
    world_end(&w);
}

static void test_close_by_us(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, false);
    assert_int_equal(poll(&w), 0);
    send_text(&w, "last");
    eio_session_close(w.session, 1008, "because", "because");
    assert_int_equal(w.closed_n, 0); /* the last words wait for a poll */
    send_text(&w, "too late");
    assert_int_equal(poll(&w), 0);
    assert_string_equal(w.answer, "4last\x1e"
                                  "1");
    assert_int_equal(w.closed_n, 1);
    UNTIL(&w, w.session == NULL);
    world_end(&w);
    /* nobody comes for them */
    world_begin(&w, false);
    w.timing.goodbye_ms = 20;
    assert_int_equal(poll(&w), 0);
    eio_session_close(w.session, 1008, "because", "because");
    UNTIL(&w, w.session == NULL);
    assert_int_equal(w.closed_n, 1);
    assert_int_equal(w.answers_n, 1);
    world_end(&w);
}

/* No poll is left waiting for last words that there is no memory for. */
static void test_close_starved(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, false);
    assert_int_equal(poll(&w), 0);
    assert_int_equal(poll(&w), 0); /* waits */
    starved = true;
    eio_session_close(w.session, 1008, "because", "because");
    starved = false;
    assert_string_equal(w.answer, "1");
    assert_int_equal(w.closed_n, 1);
    world_end(&w);
}

static void test_malformed(void **state)
{
    static const char *const payloads[] = {"abc", "", "4a\x1e", "0{}", "2", "2probe", "7"};

    (void)state;
    for (size_t i = 0; i < sizeof(payloads) / sizeof(payloads[0]); i++) {
        struct world w;

        world_begin(&w, false);
        assert_int_equal(payload(&w, payloads[i]), -1);
        assert_int_equal(w.closed_n, 1);
        assert_string_equal(w.reason, "parse error");
        world_end(&w);
        if (payloads[i][0] == '\0')
            continue;
        world_begin(&w, true);
        if (strchr(payloads[i], EIO_SEPARATOR) == NULL) {
            socket_text(&w, &w.first, payloads[i]);
            assert_true(w.first.closed);
            assert_int_equal(w.first.code, 1008);
        }
        world_end(&w);
    }
}

static void test_slow(void **state)
{
    static char big[16000];
    struct world w;

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    world_begin(&w, false);
    for (unsigned i = 0; i < EIO_QUEUE_MAX / sizeof(big) - 1; i++)
        send_text(&w, big);
    assert_int_equal(w.closed_n, 0);
    for (unsigned i = 0; i < 3; i++)
        send_text(&w, big);
    assert_int_equal(w.closed_n, 1);
    assert_string_equal(w.reason, "too slow");
    world_end(&w);
    world_begin(&w, true);
    w.first.stuck = true;
    for (unsigned i = 0; i < EIO_QUEUE_MAX / sizeof(big) + 3; i++)
        send_text(&w, big);
    assert_int_equal(w.closed_n, 1);
    assert_true(w.first.closed);
    world_end(&w);
}

/* ---- WebSocket ---- */

static void test_socket(void **state)
{
    static char big[70000];
    struct world w;

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    world_begin(&w, true);
    assert_non_null(strstr(said(&w.first), "\"upgrades\":[]"));
    send_text(&w, "a");
    send_text(&w, "b");
    assert_string_equal(said(&w.first), "4a;4b;");
    socket_text(&w, &w.first, "4hello");
    eio_session_bytes(w.session, &w.first);
    assert_string_equal(w.heard, "hello;");
    assert_int_equal(w.binary_n, 1);
    /* the kernel refuses: what there is to say waits, in order, a long one too */
    w.first.stuck = true;
    assert_false(eio_session_writable(w.session));
    send_text(&w, "c");
    send_text(&w, big);
    send_text(&w, "d");
    assert_int_equal(w.first.said_n, 0);
    w.first.stuck = false;
    eio_session_drained(w.session, &w.first);
    assert_true(eio_session_writable(w.session));
    assert_int_equal(w.first.said_n, 4 + (10 + sizeof(big)) + 4);
    assert_memory_equal(w.first.said,
                        "\x81\x02"
                        "4c\x81\x7f\0\0\0\0\0\1\x11\x70"
                        "4xx",
                        17);
    w.first.said_n = 0;
    socket_text(&w, &w.first, "1");
    assert_true(w.first.closed);
    assert_int_equal(w.closed_n, 1);
    UNTIL(&w, w.session == NULL);
    world_end(&w);
}

static void test_socket_gone(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, true);
    eio_session_wire_gone(w.session, &w.first, "transport close");
    assert_int_equal(w.closed_n, 1);
    assert_false(w.first.closed);
    send_text(&w, "to nobody");
    UNTIL(&w, w.session == NULL);
    world_end(&w);
}

/* ---- the upgrade ---- */

static void test_upgrade(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, false);
    assert_int_equal(poll(&w), 0);
    assert_int_equal(poll(&w), 0); /* hangs */
    assert_int_equal(eio_session_probe(w.session, &w.first.wire), 0);
    assert_int_equal(eio_session_probe(w.session, &w.second.wire), -1);
    assert_int_equal(w.answers_n, 1);
    socket_text(&w, &w.first, "2probe");
    assert_string_equal(said(&w.first), "3probe;");
    assert_string_equal(w.answer, "6"); /* so that the client pauses at once */
    assert_false(eio_session_writable(w.session));
    assert_int_equal(poll(&w), 0);
    assert_string_equal(w.answer, "6");
    send_text(&w, "held"); /* between the last poll and "5" */
    assert_int_equal(payload(&w, "4posted"), 0);
    socket_text(&w, &w.first, "5");
    assert_int_equal(eio_session_transport(w.session), EIO_SOCKET);
    assert_string_equal(said(&w.first), "4held;");
    socket_text(&w, &w.first, "4hello");
    assert_string_equal(w.heard, "posted;hello;");
    assert_int_equal(eio_session_probe(w.session, &w.second.wire), -1);
    world_end(&w);
}

static void test_upgrade_with_poll(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, false);
    assert_int_equal(poll(&w), 0);
    assert_int_equal(eio_session_probe(w.session, &w.first.wire), 0);
    assert_int_equal(poll(&w), 0);
    socket_text(&w, &w.first, "5"); /* without a probe */
    assert_string_equal(w.answer, "6");
    assert_int_equal(w.answers_n, 2);
    eio_session_poll_gone(w.session); /* of a poll that is answered: nothing to it */
    assert_int_equal(w.closed_n, 0);
    world_end(&w);
}

static void test_probe_fails(void **state)
{
    static const char *const texts[] = {"abc", "4hello", "2", "1"};

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct world w;

        world_begin(&w, false);
        assert_int_equal(eio_session_probe(w.session, &w.first.wire), 0);
        socket_text(&w, &w.first, texts[i]);
        assert_true(w.first.closed);
        assert_true(eio_session_is_open(w.session)); /* goes on by polling */
        assert_string_equal(w.heard, "");
        assert_int_equal(eio_session_probe(w.session, &w.second.wire), 0);
        eio_session_wire_gone(w.session, &w.second, "transport close");
        assert_true(eio_session_is_open(w.session));
        world_end(&w);
    }
}

static void test_probe_late(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, false);
    w.timing.upgrade_ms = 20;
    assert_int_equal(eio_session_probe(w.session, &w.first.wire), 0);
    UNTIL(&w, w.first.closed);
    assert_true(eio_session_is_open(w.session));
    world_end(&w);
}

/* ---- pings ---- */

static void test_pings(void **state)
{
    struct world w;

    (void)state;
    world_begin_timed(&w, true, 20, 200);
    said(&w.first); /* OPEN */
    for (unsigned i = 0; i < 3; i++) {
        UNTIL(&w, w.first.said_n > 0);
        assert_string_equal(said(&w.first), "2;");
        socket_text(&w, &w.first, "3");
    }
    UNTIL(&w, w.closed_n > 0);
    assert_string_equal(w.reason, "ping timeout");
    assert_true(w.first.closed);
    UNTIL(&w, w.session == NULL);
    world_end(&w);
}

/* A client is told once how often it is pinged and how long it may take, and goes by that. */
static void test_pings_as_told(void **state)
{
    struct world w;

    (void)state;
    world_begin_timed(&w, true, 20, 200);
    said(&w.first); /* OPEN */
    w.timing.ping_interval_ms = w.timing.ping_timeout_ms = 60000;
    for (unsigned i = 0; i < 2; i++) {
        UNTIL(&w, w.first.said_n > 0);
        assert_string_equal(said(&w.first), "2;");
        socket_text(&w, &w.first, "3");
    }
    UNTIL(&w, w.closed_n > 0);
    assert_string_equal(w.reason, "ping timeout");
    UNTIL(&w, w.session == NULL);
    world_end(&w);
}

/* It goes on with what is no pong, until it is closed. */
static bool closed_meanwhile(struct world *w)
{
    if (w->closed_n == 0)
        eio_session_bytes(w->session, &w->first);
    return w->closed_n > 0;
}

/* What comes instead of a pong is a respite, once. */
static void test_respite(void **state)
{
    struct world w;
    uint64_t pinged_ms;

    (void)state;
    world_begin_timed(&w, true, 20, 300);
    said(&w.first); /* OPEN */
    UNTIL(&w, w.first.said_n > 0);
    pinged_ms = now_ms();
    UNTIL(&w, now_ms() > pinged_ms + 150);
    socket_text(&w, &w.first, "4a");
    UNTIL(&w, now_ms() > pinged_ms + 330 || w.closed_n > 0);
    assert_int_equal(w.closed_n, 0); /* without it the time was up */
    UNTIL(&w, closed_meanwhile(&w));
    assert_string_equal(w.reason, "ping timeout");
    UNTIL(&w, w.session == NULL);
    world_end(&w);
}

/* What says nothing is borne for a while, whichever way it comes. */
static void test_idle_packets(void **state)
{
    static const char *const rows[] = {"3", "5", "6"};

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct world w;

        world_begin(&w, true);
        for (unsigned n = 0; n < 100; n++)
            socket_text(&w, &w.first, rows[i]);
        assert_int_equal(w.closed_n, 0);
        for (unsigned n = 0; n < 100 && w.closed_n == 0; n++)
            socket_text(&w, &w.first, rows[i]);
        assert_int_equal(w.closed_n, 1);
        assert_string_equal(w.reason, "too many packets");
        assert_int_equal(w.first.code, 1008);
        world_end(&w);
    }
}

static void test_idle_by_poll(void **state)
{
    char noops[400] = "6";
    struct world w;

    (void)state;
    for (unsigned n = 1; n < 150; n++)
        strcat(noops, "\x1e"
                      "6");
    world_begin(&w, false);
    assert_int_equal(payload(&w, noops), 0);
    assert_string_equal(w.reason, "too many packets");
    world_end(&w);
}

static void test_idle_probes(void **state)
{
    struct world w;

    (void)state;
    world_begin(&w, false);
    assert_int_equal(eio_session_probe(w.session, &w.first.wire), 0);
    for (unsigned n = 0; n < 200 && w.closed_n == 0; n++)
        socket_text(&w, &w.first, "2probe");
    assert_string_equal(w.reason, "too many packets");
    assert_true(w.first.closed);
    world_end(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_polling),        cmocka_unit_test(test_long_frames_by_poll),
        cmocka_unit_test(test_frames_by_poll), cmocka_unit_test(test_overlap),
        cmocka_unit_test(test_poll_gone),      cmocka_unit_test(test_close_by_client),
        cmocka_unit_test(test_close_by_us),    cmocka_unit_test(test_close_starved),
        cmocka_unit_test(test_malformed),      cmocka_unit_test(test_slow),
        cmocka_unit_test(test_socket),         cmocka_unit_test(test_socket_gone),
        cmocka_unit_test(test_upgrade),        cmocka_unit_test(test_upgrade_with_poll),
        cmocka_unit_test(test_probe_fails),    cmocka_unit_test(test_probe_late),
        cmocka_unit_test(test_pings),          cmocka_unit_test(test_pings_as_told),
        cmocka_unit_test(test_respite),        cmocka_unit_test(test_idle_packets),
        cmocka_unit_test(test_idle_by_poll),   cmocka_unit_test(test_idle_probes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
