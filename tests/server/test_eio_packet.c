/* Engine.IO packets and payloads, Socket.IO packets: what is read, what is refused, what we write.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "http/eio_packet.h"
#include "http/sio_move.h"
#include "http/sio_packet.h"

/* ---- Engine.IO ---- */

static void test_packets(void **state)
{
    static const struct {
        const char *text;
        char type; /* 0: malformed */
        const char *data;
    } rows[] = {
        {"0{}", '0', "{}"},
        {"1", '1', ""},
        {"2probe", '2', "probe"},
        {"3", '3', ""},
        {"4hello", '4', "hello"},
        {"5", '5', ""},
        {"6", '6', ""},
        {"bAQID", 'b', "AQID"},
        {"", 0, ""},
        {"7", 0, ""},
        {"a", 0, ""},
        {" 4", 0, ""},
        {"\x1e", 0, ""},
        {"/", 0, ""},
        {"\xff", 0, ""},
        {":", 0, ""},
        {"B", 0, ""},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct eio_packet packet;
        int rc = eio_packet_read(rows[i].text, strlen(rows[i].text), &packet);

        assert_int_equal(rc, rows[i].type != 0 ? 0 : -1);
        if (rc != 0)
            continue;
        assert_int_equal(packet.type, rows[i].type);
        assert_true(eio_packet_says(&packet, rows[i].data));
        assert_false(eio_packet_says(&packet, "other"));
    }
}

static void test_payloads(void **state)
{
    static const struct {
        const char *text;
        size_t len_bytes; /* 0: strlen */
        unsigned packets_n;
        enum eio_next last;
    } rows[] = {
        {"4hello", 0, 1, EIO_OVER},
        {"4a\x1e"
         "4b\x1e"
         "4c",
         0, 3, EIO_OVER},
        {"4hello\x1e"
         "bAQIDBA==",
         0, 2, EIO_OVER},
        {"", 0, 0, EIO_BAD},
        {"\x1e", 0, 0, EIO_BAD},
        {"4a\x1e", 0, 1, EIO_BAD},
        {"\x1e"
         "4a",
         0, 0, EIO_BAD},
        {"4a\x1e\x1e"
         "4b",
         0, 1, EIO_BAD},
        {"abc", 0, 0, EIO_BAD},
        {"4a\x1exyz\x1e"
         "4b",
         0, 1, EIO_BAD},
        {"5:4hello", 0, 1, EIO_OVER}, /* what version 3 wrote: a packet, but of no meaning here */
        {"4\0\x1e"
         "4",
         4, 2, EIO_OVER},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct eio_payload payload;
        struct eio_packet packet;
        enum eio_next next;
        unsigned n = 0;

        eio_payload_init(&payload, rows[i].text,
                         rows[i].len_bytes > 0 ? rows[i].len_bytes : strlen(rows[i].text));
        while ((next = eio_payload_next(&payload, &packet)) == EIO_NEXT)
            n++;
        assert_int_equal(next, rows[i].last);
        assert_int_equal(n, rows[i].packets_n);
        assert_int_equal(eio_payload_next(&payload, &packet), EIO_OVER);
    }
}

static void test_open_and_errors(void **state)
{
    struct eio_handshake handshake = {"abc", true, 25000, 20000, 65536};
    char open[EIO_OPEN_BYTES], longest[80];
    size_t n;
    json_t *json;

    (void)state;
    n = eio_packet_open(&handshake, open);
    assert_int_equal(n, strlen(open));
    assert_string_equal(open,
                        "0{\"sid\":\"abc\",\"upgrades\":[\"websocket\"],\"pingInterval\":25000,"
                        "\"pingTimeout\":20000,\"maxPayload\":65536}");
    memset(longest, 'x', sizeof(longest) - 1);
    longest[sizeof(longest) - 1] = '\0';
    handshake = (struct eio_handshake){longest, true, UINT32_MAX, UINT32_MAX, UINT32_MAX};
    assert_true(eio_packet_open(&handshake, open) < EIO_OPEN_BYTES);
    json = json_loads(open + 1, 0, NULL);
    assert_non_null(json);
    json_decref(json);
    for (int error = EIO_TRANSPORT_UNKNOWN; error <= EIO_VERSION_UNSUPPORTED; error++) {
        json = json_loads(eio_error_body((enum eio_error)error), 0, NULL);
        assert_int_equal(json_integer_value(json_object_get(json, "code")), error);
        assert_true(json_is_string(json_object_get(json, "message")));
        assert_int_equal(eio_error_status((enum eio_error)error),
                         error == EIO_FORBIDDEN ? 403 : 400);
        json_decref(json);
    }
    assert_string_equal(eio_error_body(EIO_SID_UNKNOWN),
                        "{\"code\":1,\"message\":\"Session ID unknown\"}");
}

/* ---- Socket.IO ---- */

static void test_socketio_packets(void **state)
{
    static const struct {
        const char *text;
        int type; /* -1: malformed */
        const char *space;
        uint32_t ack;
        const char *data; /* NULL: none */
        unsigned attachments;
    } rows[] = {
        {"0", SIO_CONNECT, "/", SIO_NO_ACK, NULL, 0},
        {"0{\"token\":\"123\"}", SIO_CONNECT, "/", SIO_NO_ACK, "{\"token\":\"123\"}", 0},
        {"0/custom,", SIO_CONNECT, "/custom", SIO_NO_ACK, NULL, 0},
        {"0/custom", SIO_CONNECT, "/custom", SIO_NO_ACK, NULL, 0},
        {"0/custom,{\"token\":\"abc\"}", SIO_CONNECT, "/custom", SIO_NO_ACK, "{\"token\":\"abc\"}",
         0},
        {"1", SIO_DISCONNECT, "/", SIO_NO_ACK, NULL, 0},
        {"1/custom,", SIO_DISCONNECT, "/custom", SIO_NO_ACK, NULL, 0},
        {"2[\"a\"]", SIO_EVENT, "/", SIO_NO_ACK, "[\"a\"]", 0},
        {"2456[\"a\",1]", SIO_EVENT, "/", 456, "[\"a\",1]", 0},
        {"20[\"a\"]", SIO_EVENT, "/", 0, "[\"a\"]", 0},
        {"2/x,7[\"a\"]", SIO_EVENT, "/x", 7, "[\"a\"]", 0},
        {"2[5,1]", SIO_EVENT, "/", SIO_NO_ACK, "[5,1]", 0},
        {"24294967294[\"a\"]", SIO_EVENT, "/", SIO_NO_ACK - 1, "[\"a\"]", 0},
        {"2[\"a \\ud83d\\ude00 \\\\ud83d\"]", SIO_EVENT, "/", SIO_NO_ACK,
         "[\"a \xf0\x9f\x98\x80 \\\\ud83d\"]", 0},
        /* half a pair */
        {"2[\"a\",\"\\ud83d\"]", SIO_EVENT, "/", SIO_NO_ACK, "[\"a\",\"\xef\xbf\xbd\"]", 0},
        {"2[\"a\",\"\\uDE00\\uD83D\\u0041\"]", SIO_EVENT, "/", SIO_NO_ACK,
         "[\"a\",\"\xef\xbf\xbd\xef\xbf\xbd\x41\"]", 0},
        {"2[\"a\",\"\\ud83d\\ud83d\\ude00\"]", SIO_EVENT, "/", SIO_NO_ACK,
         "[\"a\",\"\xef\xbf\xbd\xf0\x9f\x98\x80\"]", 0},
        {"312[]", SIO_ACK, "/", 12, "[]", 0},
        {"4{\"message\":\"no\"}", SIO_CONNECT_ERROR, "/", SIO_NO_ACK, "{\"message\":\"no\"}", 0},
        {"52-[\"a\",{}]", SIO_BINARY_EVENT, "/", SIO_NO_ACK, "[\"a\",{}]", 2},
        {"510-/x,3[\"a\"]", SIO_BINARY_EVENT, "/x", 3, "[\"a\"]", 10},
        {"61-9[]", SIO_BINARY_ACK, "/", 9, "[]", 1},
        /* refused */
        {"", -1, "", 0, NULL, 0},
        {"7[\"a\"]", -1, "", 0, NULL, 0},
        {"abc", -1, "", 0, NULL, 0},
        {"/", -1, "", 0, NULL, 0},
        {"2", -1, "", 0, NULL, 0},
        {"2{}", -1, "", 0, NULL, 0},
        {"2[]", -1, "", 0, NULL, 0},
        {"2[null]", -1, "", 0, NULL, 0},
        {"2[{}]", -1, "", 0, NULL, 0},
        {"2[\"connect\"]", -1, "", 0, NULL, 0},
        {"2[\"disconnect\"]", -1, "", 0, NULL, 0},
        {"2[\"newListener\"]", -1, "", 0, NULL, 0},
        {"2[\"a\"", -1, "", 0, NULL, 0},
        {"2[\"a\"]x", -1, "", 0, NULL, 0},
        {"2abc[\"a\"]", -1, "", 0, NULL, 0},
        {"2-1[\"a\"]", -1, "", 0, NULL, 0},
        {"24294967295[\"a\"]", -1, "", 0, NULL, 0},
        {"299999999999999999999999[\"a\"]", -1, "", 0, NULL, 0},
        {"2[\"a\",1e999]", -1, "", 0, NULL, 0},
        {"2[\"a\",\"\xff\"]", -1, "", 0, NULL, 0},
        {"2[\"a\",\"\\ud83\"]", -1, "", 0, NULL, 0},
        {"2[\"a\",\"\\ud83d\\ude0", -1, "", 0, NULL, 0},
        {"2[\"a\",\\ud83d]", -1, "", 0, NULL, 0},
        {"0[]", -1, "", 0, NULL, 0},
        {"0\"x\"", -1, "", 0, NULL, 0},
        {"0/custom,[]", -1, "", 0, NULL, 0},
        {"1{}", -1, "", 0, NULL, 0},
        {"3", -1, "", 0, NULL, 0},
        {"31{}", -1, "", 0, NULL, 0},
        {"4", -1, "", 0, NULL, 0},
        {"5[\"a\"]", -1, "", 0, NULL, 0},
        {"50-[\"a\"]", -1, "", 0, NULL, 0},
        {"511-[\"a\"]", -1, "", 0, NULL, 0},
        {"51[\"a\"]", -1, "", 0, NULL, 0},
        {"51", -1, "", 0, NULL, 0},
        {"5-[\"a\"]", -1, "", 0, NULL, 0},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct sio_packet packet;
        int rc = sio_packet_read(rows[i].text, strlen(rows[i].text), &packet);

        if (rc != (rows[i].type >= 0 ? 0 : -1))
            fail_msg("\"%s\": %d", rows[i].text, rc);
        if (rc != 0)
            continue;
        assert_int_equal(packet.type, rows[i].type);
        assert_true(sio_packet_is_of(&packet, rows[i].space));
        assert_int_equal(packet.ack, rows[i].ack);
        assert_int_equal(packet.attachments, rows[i].attachments);
        if (rows[i].data != NULL) {
            json_t *expected = json_loads(rows[i].data, JSON_DECODE_INT_AS_REAL, NULL);

            assert_true(json_equal(expected, packet.data));
            json_decref(expected);
        } else {
            assert_null(packet.data);
        }
        sio_packet_clear(&packet);
    }
}

/* ---- the move, read at once ---- */

/* As the general reader reads it. */
static void assert_same_move(const struct sio_move *move, const char *text, size_t n)
{
    static const char *const names[] = {"x", "y", "z"};
    struct sio_packet packet;

    assert_int_equal(sio_packet_read(text, n, &packet), 0);
    assert_int_equal(packet.type, SIO_EVENT);
    assert_true(sio_packet_is_of(&packet, "/"));
    assert_int_equal(packet.ack, move->ack);
    assert_int_equal(json_array_size(packet.data), 2);
    assert_string_equal(json_string_value(json_array_get(packet.data, 0)), "player:move");
    for (unsigned i = 0; i < 3; i++) {
        const json_t *number = json_object_get(json_array_get(packet.data, 1), names[i]);

        assert_true(json_is_number(number));
        assert_true(json_number_value(number) == move->to[i]); /* to the bit */
    }
    sio_packet_clear(&packet);
}

/* On the heap, so that nothing is read behind it. True: it was taken. */
static bool takes_move(const char *text, size_t n)
{
    char *exact = malloc(n + (n == 0));
    struct sio_move move;
    bool taken;

    memcpy(exact, text, n);
    taken = sio_move_read(exact, n, &move);
    if (taken)
        assert_same_move(&move, text, n);
    free(exact);
    return taken;
}

static void test_moves(void **state)
{
    static const struct {
        const char *text;
        bool taken;
    } rows[] = {
        {"2[\"player:move\",{\"x\":1,\"y\":0,\"z\":-0.5}]", true},
        {"20[\"player:move\",{\"x\":-0,\"y\":0.0,\"z\":-0.0}]", true},
        {"2007[\"player:move\",{\"x\":1,\"y\":2,\"z\":3}]", true},
        {"2999999999[\"player:move\",{\"x\":1,\"y\":2,\"z\":3}]", true},
        {"24294967294[\"player:move\",{\"x\":1,\"y\":2,\"z\":3}]", false},
        {"24294967296[\"player:move\",{\"x\":1,\"y\":2,\"z\":3}]", false},
        {"2[\"player:move\",{\"x\":123.45678901234567,\"y\":0.1,\"z\":-9007.1992547409937}]", true},
        {"2[\"player:move\",{\"x\":999999999999999,\"y\":0.000001,\"z\":0}]", true},
        {"2[\"player:move\",{\"x\":99999999999999999999,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":0.1234567890123456789012345678901234567,\"y\":0,\"z\":0}]",
         true},
        {"2[\"player:move\",{\"x\":0.1234567890123456789012345678901234567890,\"y\":0,\"z\":0}]",
         false},
        {"2[\"player:move\",{\"x\":1e3,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":1.5E3,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":01,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":1.,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":.5,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":-,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":+1,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":--1,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":0x10,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":1.2345678901234567p1,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":NaN,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":null,\"y\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"y\":1,\"x\":0,\"z\":0}]", false},
        {"2[\"player:move\",{\"x\":1,\"y\":0,\"z\":0,\"more\":1}]", false},
        {"2[\"player:move\",{\"x\":1,\"y\":0,\"z\":0}]]", false},
        {"2[\"player:move\",{\"x\":1,\"y\":0,\"z\":0}] ", false},
        {"2[\"player:move\",{\"x\":1,\"y\":0,\"z\":0},1]", false},
        {"2/,[\"player:move\",{\"x\":1,\"y\":0,\"z\":0}]", false},
        {"3[\"player:move\",{\"x\":1,\"y\":0,\"z\":0}]", false},
        {"5[\"player:move\",{\"x\":1,\"y\":0,\"z\":0}]", false},
        {"2[\"player:movE\",{\"x\":1,\"y\":0,\"z\":0}]", false},
        {"2", false},
        {"", false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        if (takes_move(rows[i].text, strlen(rows[i].text)) != rows[i].taken)
            fail_msg("%s", rows[i].text);
        for (size_t n = 0; n < strlen(rows[i].text); n++) /* cut off anywhere it is none */
            takes_move(rows[i].text, n);
    }
    for (size_t n = 0; n < strlen(rows[0].text); n++)
        assert_false(takes_move(rows[0].text, n));
}

/* Numbers of every length, as a client would write them, and with a character changed. */
static void test_moves_by_chance(void **state)
{
    (void)state;
    srandom(7);
    for (unsigned i = 0; i < 20000; i++) {
        char text[256];
        double at[3];
        int n;

        for (unsigned k = 0; k < 3; k++)
            at[k] = (double)(random() - (1 << 30)) / (double)(1 + random() % (1 << random() % 30));
        n = snprintf(text, sizeof(text), "2[\"player:move\",{\"x\":%.*f,\"y\":%.*f,\"z\":%.*f}]",
                     (int)(random() % 18), at[0], (int)(random() % 18), at[1], (int)(random() % 18),
                     at[2]);
        assert_true(takes_move(text, (size_t)n));
        text[random() % n] = "0123456789.-eE+, \"{}[]x"[random() % 23];
        takes_move(text, (size_t)n);
    }
}

static void test_long_namespace(void **state)
{
    char text[SIO_SPACE_MAX + 8];
    struct sio_packet packet;

    (void)state;
    memset(text, 'n', sizeof(text));
    text[0] = '0';
    text[1] = '/';
    assert_int_equal(sio_packet_read(text, 1 + SIO_SPACE_MAX, &packet), 0);
    assert_int_equal(packet.space_bytes, SIO_SPACE_MAX);
    assert_int_equal(sio_packet_read(text, 2 + SIO_SPACE_MAX, &packet), -1);
}

static void test_deep_json(void **state)
{
    char text[8192];
    struct sio_packet packet;

    (void)state;
    memset(text, '[', sizeof(text));
    text[0] = '2';
    assert_int_equal(sio_packet_read(text, sizeof(text), &packet), -1);
}

static void test_written(void **state)
{
    char out[128];

    (void)state;
    assert_int_equal(sio_packet_connect(out, sizeof(out), "w1"), strlen("0{\"sid\":\"w1\"}"));
    assert_string_equal(out, "0{\"sid\":\"w1\"}");
    assert_true(sio_packet_connect_error(out, sizeof(out), "/random", 7, "Invalid namespace") > 0);
    assert_string_equal(out, "4/random,{\"message\":\"Invalid namespace\"}");
    assert_true(sio_packet_connect_error(out, sizeof(out), "/", 1, "say \"please\"") > 0);
    assert_string_equal(out, "4{\"message\":\"say \\\"please\\\"\"}");
    assert_true(sio_packet_ack(out, sizeof(out), 456, NULL) > 0);
    assert_string_equal(out, "3456[{\"ok\":true}]");
    assert_true(sio_packet_ack(out, sizeof(out), 0, "no") > 0);
    assert_string_equal(out, "30[{\"ok\":false,\"error\":\"no\"}]");
    assert_true(sio_packet_event(out, sizeof(out), "server:disconnect", "reason", "kicked") > 0);
    assert_string_equal(out, "2[\"server:disconnect\",{\"reason\":\"kicked\"}]");
    assert_int_equal(sio_packet_connect(out, 5, "w1"), 0); /* no room */
    assert_int_equal(sio_packet_ack(out, 5, 456, NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_packets),         cmocka_unit_test(test_payloads),
        cmocka_unit_test(test_open_and_errors), cmocka_unit_test(test_socketio_packets),
        cmocka_unit_test(test_long_namespace),  cmocka_unit_test(test_deep_json),
        cmocka_unit_test(test_written),         cmocka_unit_test(test_moves),
        cmocka_unit_test(test_moves_by_chance),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
