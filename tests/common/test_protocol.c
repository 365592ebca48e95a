/* test_protocol.c -- frames and messages: round trips, the bytes themselves where they are a
 * promise, every limit from both sides, and that each message cut short or made longer is refused.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/protocol.h"
#include "common/text.h"

static uint8_t room[PROTOCOL_FRAME_MAX];
static char letters[2048];

static struct wire_text text_n(unsigned n)
{
    memset(letters, 'x', sizeof letters);
    return (struct wire_text){letters, (uint16_t)n};
}

static bool text_is(struct wire_text text, const char *expected)
{
    return text.len == strlen(expected) && memcmp(text.bytes, expected, text.len) == 0;
}

static struct wire_writer writer(void)
{
    struct wire_writer w;
    wire_writer_init(&w, room, sizeof room);
    return w;
}

static struct protocol_frame frame_of(const struct wire_writer *w, enum protocol_type type)
{
    struct protocol_frame frame = {0};
    assert_false(w->bad);
    assert_int_equal(protocol_frame_parse(room, wire_written(w), sizeof room, &frame), PROTOCOL_OK);
    assert_int_equal(frame.type, type);
    assert_int_equal(frame.frame_bytes, wire_written(w));
    return frame;
}

/* Encode m, decode it into out, and see that no shorter or longer body passes. */
#define ROUND_TRIP(word, NAME, m, out)                                                             \
    do {                                                                                           \
        struct wire_writer w_ = writer();                                                          \
        protocol_encode_##word(&w_, (m));                                                          \
        struct protocol_frame f_ = frame_of(&w_, PROTOCOL_##NAME);                                 \
        struct protocol_##word ignored_;                                                           \
        for (size_t n_ = 0; n_ < f_.body_bytes; n_++)                                              \
            assert_int_equal(protocol_decode_##word(f_.body, n_, &ignored_), PROTOCOL_BAD);        \
        room[f_.frame_bytes] = 0;                                                                  \
        assert_int_equal(protocol_decode_##word(f_.body, f_.body_bytes + 1, &ignored_),            \
                         PROTOCOL_BAD);                                                            \
        assert_int_equal(protocol_decode_##word(f_.body, f_.body_bytes, (out)), PROTOCOL_OK);      \
    } while (0)

/* The encoder refuses m, and leaves nothing behind. */
#define REFUSED_TO_ENCODE(word, m)                                                                 \
    do {                                                                                           \
        struct wire_writer w_ = writer();                                                          \
        protocol_encode_##word(&w_, (m));                                                          \
        assert_true(w_.bad);                                                                       \
        assert_int_equal(wire_written(&w_), 0);                                                    \
    } while (0)

/* m goes out (encoders trust their caller's numbers), and is refused by the decoder; *out stays as
 * it was. */
#define REFUSED_TO_DECODE(word, m)                                                                 \
    do {                                                                                           \
        struct wire_writer w_ = writer();                                                          \
        protocol_encode_##word(&w_, (m));                                                          \
        assert_false(w_.bad);                                                                      \
        struct protocol_##word out_, before_;                                                      \
        memset(&out_, 0x5a, sizeof out_);                                                          \
        memset(&before_, 0x5a, sizeof before_);                                                    \
        assert_int_equal(protocol_decode_##word(room + 3, wire_written(&w_) - 3, &out_),           \
                         PROTOCOL_BAD);                                                            \
        assert_memory_equal(&out_, &before_, sizeof out_);                                         \
    } while (0)

static void frames(void **state)
{
    (void)state;
    struct protocol_frame frame;
    static const uint8_t ping[] = {9, 0, 7, 1, 2, 3, 4, 5, 6, 7, 8, 99};
    for (size_t n = 0; n < 11; n++)
        assert_int_equal(protocol_frame_parse(ping, n, 4096, &frame), PROTOCOL_MORE);
    assert_int_equal(protocol_frame_parse(ping, 12, 4096, &frame), PROTOCOL_OK);
    assert_int_equal(frame.type, PROTOCOL_PING);
    assert_int_equal(frame.body_bytes, 8);
    assert_int_equal(frame.frame_bytes, 11);
    assert_ptr_equal(frame.body, ping + 3);
    assert_int_equal(protocol_frame_parse(ping, 12, 11, &frame), PROTOCOL_OK);
    assert_int_equal(protocol_frame_parse(ping, 12, 10, &frame), PROTOCOL_BAD);
    assert_int_equal(protocol_frame_parse(ping, 2, 10, &frame),
                     PROTOCOL_BAD); /* before its bytes came */

    static const uint8_t nothing[] = {0, 0, 7};
    assert_int_equal(protocol_frame_parse(nothing, 2, 4096, &frame), PROTOCOL_BAD);
    static const uint8_t only_type[] = {1, 0, 7};
    assert_int_equal(protocol_frame_parse(only_type, 3, 4096, &frame), PROTOCOL_OK);
    assert_int_equal(frame.body_bytes, 0);
    static const uint8_t longest[] = {0xff, 0xff};
    assert_int_equal(protocol_frame_parse(longest, 2, PROTOCOL_FRAME_MAX, &frame), PROTOCOL_MORE);
    assert_int_equal(protocol_frame_parse(longest, 2, PROTOCOL_FRAME_MAX - 1, &frame),
                     PROTOCOL_BAD);
}

static void hello(void **state)
{
    (void)state;
    struct protocol_hello m = {1, 1, 0, wire_text_of("t 1")}, out;
    ROUND_TRIP(hello, HELLO, &m, &out);
    /* The bytes are a promise: every version must be able to read this message. */
    static const uint8_t expected[] = {14, 0, 1, 1, 0, 1, 0, 0, 0, 0, 0, 3, 0, 't', ' ', '1'};
    assert_memory_equal(room, expected, sizeof expected);
    assert_int_equal(out.lowest, 1);
    assert_true(text_is(out.program, "t 1"));

    m = (struct protocol_hello){0, UINT16_MAX, UINT32_MAX, text_n(64)};
    ROUND_TRIP(hello, HELLO, &m, &out);
    assert_int_equal(out.highest, UINT16_MAX);
    assert_int_equal(out.program.len, 64);
    m.program.len = 65;
    REFUSED_TO_ENCODE(hello, &m);
    m = (struct protocol_hello){2, 1, 0, wire_text_of("")};
    REFUSED_TO_DECODE(hello, &m);
}

static void logins(void **state)
{
    (void)state;
    struct protocol_register reg = {wire_text_of("alice"), wire_text_of(""),
                                    wire_text_of("correct horse"), wire_text_of("7QK3M")};
    struct protocol_register reg_out;
    ROUND_TRIP(register, REGISTER, &reg, &reg_out);
    assert_true(text_is(reg_out.username, "alice") && text_is(reg_out.email, ""));
    assert_true(text_is(reg_out.password, "correct horse") && text_is(reg_out.code, "7QK3M"));
    reg = (struct protocol_register){text_n(200), text_n(254), text_n(256), text_n(64)};
    ROUND_TRIP(register, REGISTER, &reg, &reg_out);
    reg.username.len = 201;
    REFUSED_TO_ENCODE(register, &reg);
    reg = (struct protocol_register){text_n(200), text_n(255), text_n(256), text_n(64)};
    REFUSED_TO_ENCODE(register, &reg);
    reg = (struct protocol_register){text_n(200), text_n(254), text_n(257), text_n(64)};
    REFUSED_TO_ENCODE(register, &reg);
    reg = (struct protocol_register){text_n(200), text_n(254), text_n(256), text_n(65)};
    REFUSED_TO_ENCODE(register, &reg);

    struct protocol_auth out;
    struct protocol_auth auth = {
        PROTOCOL_AUTH_PASSWORD, wire_text_of("bob"), wire_text_of("secret99"), {"", 0}, {"", 0}};
    ROUND_TRIP(auth, AUTH, &auth, &out);
    assert_true(text_is(out.username, "bob") && text_is(out.password, "secret99") &&
                out.token.len == 0);
    auth = (struct protocol_auth){.kind = PROTOCOL_AUTH_TOKEN, .token = text_n(1024)};
    ROUND_TRIP(auth, AUTH, &auth, &out);
    assert_int_equal(out.token.len, 1024);
    assert_int_equal(out.username.len, 0);
    auth.token.len = 1025;
    REFUSED_TO_ENCODE(auth, &auth);
    for (unsigned kind = 0; kind < 256; kind++) {
        uint8_t body[] = {(uint8_t)kind, 0, 0, 0, 0, 0, 0};
        bool fine = protocol_decode_auth(body, 3, &out) == PROTOCOL_OK; /* one empty text */
        assert_int_equal(fine, kind == PROTOCOL_AUTH_TOKEN || kind == PROTOCOL_AUTH_GUEST);
        fine = protocol_decode_auth(body, 5, &out) == PROTOCOL_OK; /* two: name and password */
        assert_int_equal(fine, kind == PROTOCOL_AUTH_PASSWORD);
        fine = protocol_decode_auth(body, 7, &out) == PROTOCOL_OK; /* and a code */
        assert_int_equal(fine, kind == PROTOCOL_AUTH_CODE);
    }

    auth = (struct protocol_auth){.kind = PROTOCOL_AUTH_GUEST, .username = text_n(200)};
    ROUND_TRIP(auth, AUTH, &auth, &out);
    assert_int_equal(out.username.len, 200);
    auth.username.len = 201;
    REFUSED_TO_ENCODE(auth, &auth);
    auth = (struct protocol_auth){.kind = PROTOCOL_AUTH_CODE,
                                  .username = wire_text_of("bob"),
                                  .password = wire_text_of("secret99"),
                                  .code = text_n(64)};
    ROUND_TRIP(auth, AUTH, &auth, &out);
    assert_true(text_is(out.username, "bob") && text_is(out.password, "secret99"));
    assert_int_equal(out.code.len, 64);
    auth.code.len = 65;
    REFUSED_TO_ENCODE(auth, &auth);
    struct protocol_password change = {text_n(256), wire_text_of("new")}, change_out;
    ROUND_TRIP(password, PASSWORD, &change, &change_out);
    assert_true(change_out.password.len == 256 && text_is(change_out.now, "new"));
    change.now = text_n(257);
    REFUSED_TO_ENCODE(password, &change);

    struct protocol_report report = {text_n(200), text_n(500)}, report_out;
    ROUND_TRIP(report, REPORT, &report, &report_out);
    assert_true(report_out.name.len == 200 && report_out.words.len == 500);
    report.name = text_n(201);
    REFUSED_TO_ENCODE(report, &report);
    report = (struct protocol_report){text_n(1), text_n(501)};
    REFUSED_TO_ENCODE(report, &report);

    struct protocol_resume resume = {wire_text_of("a.b.c"), 0x0102030405060708}, resume_out;
    ROUND_TRIP(resume, RESUME, &resume, &resume_out);
    assert_true(text_is(resume_out.token, "a.b.c"));
    assert_true(resume_out.chat_sequence == resume.chat_sequence);

    struct protocol_leave leave = {0}, leave_out;
    ROUND_TRIP(leave, LEAVE, &leave, &leave_out);
    leave.log_out = true;
    ROUND_TRIP(leave, LEAVE, &leave, &leave_out);
    assert_true(leave_out.log_out);
}

static void move(void **state)
{
    (void)state;
    struct protocol_move m = {0x01020304, 0x1122, 0x3344, 7, 15}, out;
    ROUND_TRIP(move, MOVE, &m, &out);
    static const uint8_t expected[] = {11, 0, 5, 4, 3, 2, 1, 0x22, 0x11, 0x44, 0x33, 7, 15};
    assert_memory_equal(room, expected, sizeof expected);
    assert_true(out.seq == m.seq && out.heading == m.heading && out.yaw == m.yaw);
    assert_true(out.flags == 7 && out.substeps == 15);
    for (unsigned v = 0; v < 256; v++) {
        m = (struct protocol_move){1, 0, 0, (uint8_t)v, 1};
        if (v < 8)
            ROUND_TRIP(move, MOVE, &m, &out);
        else
            REFUSED_TO_DECODE(move, &m);
        m = (struct protocol_move){1, 0, 0, 0, (uint8_t)v};
        if (v >= 1 && v <= 15)
            ROUND_TRIP(move, MOVE, &m, &out);
        else
            REFUSED_TO_DECODE(move, &m);
    }
    m = (struct protocol_move){0, 0, 0, 0, 1};
    REFUSED_TO_DECODE(move, &m);
}

static void small_requests(void **state)
{
    (void)state;
    struct protocol_chat chat = {PROTOCOL_CHANNEL_GLOBAL, text_n(500)}, chat_out;
    ROUND_TRIP(chat, CHAT, &chat, &chat_out);
    assert_int_equal(chat_out.text.len, 500);
    chat.text.len = 501;
    REFUSED_TO_ENCODE(chat, &chat);
    for (unsigned channel = 0; channel < 256; channel++) {
        chat = (struct protocol_chat){(uint8_t)channel, wire_text_of("")};
        if (channel <= 1)
            ROUND_TRIP(chat, CHAT, &chat, &chat_out);
        else
            REFUSED_TO_DECODE(chat, &chat);
    }

    struct protocol_ping ping = {UINT64_MAX - 1}, ping_out;
    ROUND_TRIP(ping, PING, &ping, &ping_out);
    assert_true(ping_out.cookie == ping.cookie);

    struct protocol_who who = {.ids_n = 64}, who_out;
    for (unsigned i = 0; i < 64; i++)
        who.ids[i] = (uint64_t)i << 40 | 7;
    ROUND_TRIP(who, WHO, &who, &who_out);
    assert_int_equal(who_out.ids_n, 64);
    assert_memory_equal(who.ids, who_out.ids, sizeof who.ids);
    who.ids_n = 0;
    REFUSED_TO_ENCODE(who, &who);
    who.ids_n = 65;
    REFUSED_TO_ENCODE(who, &who);
    uint8_t body[1 + 8 * 65] = {65};
    assert_int_equal(protocol_decode_who(body, sizeof body, &who_out), PROTOCOL_BAD);
    body[0] = 0;
    assert_int_equal(protocol_decode_who(body, 1, &who_out), PROTOCOL_BAD);
}

static void welcome(void **state)
{
    (void)state;
    struct protocol_greeting greeting = {1, 0, 17, 1000, 7, text_n(100), text_n(500)}, greeting_out;
    ROUND_TRIP(greeting, GREETING, &greeting, &greeting_out);
    assert_int_equal(greeting_out.players_max, 1000);
    greeting.name.len = 101;
    REFUSED_TO_ENCODE(greeting, &greeting);

    uint8_t hash[32];
    memset(hash, 0xc3, sizeof hash);
    const struct protocol_welcome fine = {.entity = 77,
                                          .tick = 5,
                                          .wall_ms = 1700000000123,
                                          .tick_hz = 20,
                                          .view_m = 256,
                                          .world_seed = 42,
                                          .world_size_m = 524288,
                                          .world_hash = hash,
                                          .epoch = 3,
                                          .username = wire_text_of("alice"),
                                          .token = wire_text_of("t"),
                                          .role = PROTOCOL_ROLE_ADMIN};
    struct protocol_welcome m = fine, out;
    ROUND_TRIP(welcome, WELCOME, &m, &out);
    assert_int_equal(out.role, PROTOCOL_ROLE_ADMIN);
    assert_memory_equal(out.world_hash, hash, 32);
    assert_int_equal(out.view_m, 256);
    assert_true(out.wall_ms == fine.wall_ms && text_is(out.username, "alice") &&
                text_is(out.token, "t"));
    m.world_size_m = 128;
    ROUND_TRIP(welcome, WELCOME, &m, &out);
    static const uint32_t wrong_sizes[] = {0, 1, 127, 129, 524288 + 128, UINT32_MAX};
    for (unsigned i = 0; i < ARRAY_N(wrong_sizes); i++) {
        m.world_size_m = wrong_sizes[i];
        REFUSED_TO_DECODE(welcome, &m);
    }
    m = fine;
    m.tick_hz = 0;
    REFUSED_TO_DECODE(welcome, &m);
}

static void view(void **state)
{
    (void)state;
    const struct protocol_gain gained[] = {{{0, 0, 0, -8192, 8191}, 0},
                                           {{65535, 255, 3, 65535, -65536}, 16383}};
    const uint16_t lost[] = {128};
    struct wire_writer w = writer();
    protocol_encode_view(&w, gained, 2, lost, 1);
    struct protocol_frame frame = frame_of(&w, PROTOCOL_VIEW);
    struct protocol_view m;
    for (size_t n = 0; n < frame.body_bytes; n++)
        assert_int_equal(protocol_decode_view(frame.body, n, &m), PROTOCOL_BAD);
    assert_int_equal(protocol_decode_view(frame.body, frame.body_bytes, &m), PROTOCOL_OK);
    assert_int_equal(m.gained_n, 2);
    assert_int_equal(m.lost_n, 1);
    for (unsigned i = 0; i < 2; i++) {
        struct protocol_gain gain = protocol_view_gain(&m.keys);
        const struct protocol_key *key = &gain.key, *expected = &gained[i].key;
        assert_true(key->source == expected->source && key->layer == expected->layer);
        assert_true(key->level == expected->level && key->x == expected->x &&
                    key->z == expected->z);
        assert_int_equal(gain.number, gained[i].number);
    }
    assert_int_equal(protocol_number(&m.keys), 128);
    assert_true(wire_done(&m.keys));

    static const struct protocol_gain wrong[] = {
        {{0, 0, 4, 0, 0}, 0},     {{0, 0, 255, 0, 0}, 0},   {{0, 0, 0, 8192, 0}, 0},
        {{0, 0, 0, 0, -8193}, 0}, {{0, 0, 3, 65536, 0}, 0}, {{0, 0, 0, INT32_MIN, 0}, 0},
    };
    for (unsigned i = 0; i < ARRAY_N(wrong); i++) {
        w = writer();
        protocol_encode_view(&w, &wrong[i], 1, NULL, 0);
        assert_int_equal(protocol_decode_view(room + 3, wire_written(&w) - 3, &m), PROTOCOL_BAD);
    }
    static const uint8_t losses[][7] = {{0, 0, 1, 0, 0x80, 0x80, 0x01}, /* 16384 */
                                        {0, 0, 1, 0, 0x80, 0x00}};      /* 0, too long */
    assert_int_equal(protocol_decode_view(losses[0], 7, &m), PROTOCOL_BAD);
    assert_int_equal(protocol_decode_view(losses[1], 6, &m), PROTOCOL_BAD);
    w = writer();
    protocol_put_number(&w, PROTOCOL_NUMBERS);
    assert_true(w.bad);
    w = writer();
    protocol_encode_view(&w, NULL, 0, NULL, 0);
    assert_int_equal(protocol_decode_view(room + 3, wire_written(&w) - 3, &m), PROTOCOL_OK);
    static const uint8_t many[] = {0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0, 0};
    assert_int_equal(protocol_decode_view(many, sizeof many, &m), PROTOCOL_BAD);
}

static void self(void **state)
{
    (void)state;
    const struct protocol_self fine = {
        9, 8, {-1, SPACE_LIMIT_UNITS, -SPACE_LIMIT_UNITS}, -20480, 65535, 1, 255, 14, 200};
    struct protocol_self m = fine, out;
    ROUND_TRIP(self, SELF, &m, &out);
    assert_true(out.tick == 9 && out.seq == 8 && out.pos.x == -1 && out.pos.y == SPACE_LIMIT_UNITS);
    assert_true(out.pos.z == -SPACE_LIMIT_UNITS && out.velocity_y == -20480 && out.yaw == 65535);
    assert_true(out.airborne == 1 && out.dropped == 255 && out.ahead == 14 && out.teleports == 200);
    assert_memory_equal(room + 3 + 8, "\xff\xff\xff\xff", 4); /* two's complement */
    m.airborne = 2;
    REFUSED_TO_DECODE(self, &m);
    m = fine;
    m.ahead = 15;
    REFUSED_TO_DECODE(self, &m);
    m = fine;
    m.pos.z--;
    REFUSED_TO_DECODE(self, &m);
    m = fine;
    m.pos.y++;
    REFUSED_TO_DECODE(self, &m);
    m = fine;
    m.pos.x = INT32_MIN;
    REFUSED_TO_DECODE(self, &m);
}

static void words(void **state)
{
    (void)state;
    struct protocol_chat_line line = {1, 2, 3, PROTOCOL_CHANNEL_SERVER, text_n(200), text_n(500)},
                              line_out;
    ROUND_TRIP(chat_line, CHAT_LINE, &line, &line_out);
    line.channel = 3;
    REFUSED_TO_DECODE(chat_line, &line);
    line.channel = 0;
    line.name.len = 201;
    REFUSED_TO_ENCODE(chat_line, &line);

    struct protocol_notice notice = {PROTOCOL_REASON_BUSY, 1500, text_n(500)}, notice_out;
    ROUND_TRIP(notice, NOTICE, &notice, &notice_out);
    assert_int_equal(notice_out.retry_after_ms, 1500);
    notice.reason = 255; /* a later server's: taken, to be shown by its text */
    ROUND_TRIP(notice, NOTICE, &notice, &notice_out);
    notice.text.len = 501;
    REFUSED_TO_ENCODE(notice, &notice);
    struct protocol_disconnect bye = {PROTOCOL_REASON_KICKED, 0, wire_text_of("go")}, bye_out;
    ROUND_TRIP(disconnect, DISCONNECT, &bye, &bye_out);
    assert_int_equal(bye_out.reason, PROTOCOL_REASON_KICKED);

    struct protocol_pong pong = {1, 2, 3}, pong_out;
    ROUND_TRIP(pong, PONG, &pong, &pong_out);
    assert_true(pong_out.cookie == 1 && pong_out.tick == 2 && pong_out.wall_ms == 3);
    struct protocol_clock clock = {7, 1ULL << 40, 400}, clock_out;
    ROUND_TRIP(clock, CLOCK, &clock, &clock_out);
    assert_true(clock_out.tick == 7 && clock_out.wall_ms == 1ULL << 40 && clock_out.tempo == 400);
    static const uint16_t wrong_tempos[] = {0, 99, 1001, 65535};
    for (unsigned i = 0; i < ARRAY_N(wrong_tempos); i++) {
        clock.tempo = wrong_tempos[i];
        REFUSED_TO_DECODE(clock, &clock);
    }
}

static void identity(void **state)
{
    (void)state;
    static struct protocol_identity m, out;
    m.rows_n = 64;
    for (unsigned i = 0; i < 64; i++)
        m.rows[i] = (struct protocol_identity_row){i + 1, (uint8_t)i, i * 3, text_n(i)};
    ROUND_TRIP(identity, IDENTITY, &m, &out);
    assert_int_equal(out.rows[63].name.len, 63);
    assert_int_equal(out.rows[63].looks, 189);
    m.rows_n = 0;
    ROUND_TRIP(identity, IDENTITY, &m, &out);
    m.rows_n = 65;
    REFUSED_TO_ENCODE(identity, &m);
    static uint8_t body[1 + 65 * 15] = {65};
    assert_int_equal(protocol_decode_identity(body, sizeof body, &out), PROTOCOL_BAD);
}

static void blocks(void **state)
{
    (void)state;
    static uint8_t bytes[65535];
    struct protocol_blocks m = {77, bytes, 65530}, out;
    struct wire_writer w = writer();
    protocol_encode_blocks(&w, &m);
    struct protocol_frame frame = frame_of(&w, PROTOCOL_BLOCKS);
    assert_int_equal(protocol_decode_blocks(frame.body, frame.body_bytes, &out), PROTOCOL_OK);
    assert_int_equal(out.len_bytes, 65530);
    assert_int_equal(out.to, 77);
    for (size_t n = 0; n < 5; n++) /* no block at all */
        assert_int_equal(protocol_decode_blocks(frame.body, n, &out), PROTOCOL_BAD);
    m.len_bytes = 65531;
    REFUSED_TO_ENCODE(blocks, &m);
    m.len_bytes = 0;
    REFUSED_TO_ENCODE(blocks, &m);
    m = (struct protocol_blocks){UINT32_MAX, bytes, 1};
    REFUSED_TO_ENCODE(blocks, &m);
    static const uint8_t last[] = {0xff, 0xff, 0xff, 0xff, 0};
    assert_int_equal(protocol_decode_blocks(last, sizeof last, &out), PROTOCOL_BAD);
}

/* A frame that does not fit is taken back whole, and those before it stay. */
static void no_half_frames(void **state)
{
    (void)state;
    struct protocol_clock clock = {7, 8, 1000};
    struct wire_writer w;
    for (size_t size = 0; size < 34; size++) {
        wire_writer_init(&w, room, size);
        protocol_encode_clock(&w, &clock);
        protocol_encode_clock(&w, &clock);
        assert_true(w.bad);
        assert_int_equal(wire_written(&w), size < 17 ? 0 : 17);
    }
    wire_writer_init(&w, room, 34);
    protocol_encode_clock(&w, &clock);
    protocol_encode_clock(&w, &clock);
    assert_false(w.bad);
}

static void names(void **state)
{
    (void)state;
    assert_string_equal(protocol_type_name(5), "MOVE");
    assert_string_equal(protocol_type_name(75), "CLOCK");
    assert_null(protocol_type_name(0));
    assert_null(protocol_type_name(76));
    assert_string_equal(protocol_reason_name(14), "KICKED");
    assert_string_equal(protocol_reason_text(0), "");
    assert_string_equal(protocol_reason_text(24), "that e-mail address is not allowed");
    assert_string_equal(protocol_reason_text(25), "waiting for a place in the world");
    assert_string_equal(protocol_reason_text(26), "you are banned");
    assert_null(protocol_reason_name(200));
    assert_null(protocol_reason_text(200));
}

/* Random bodies into every decoder: nothing but OK or BAD, and no read beyond (under a sanitizer).
 */
static void random_bodies(void **state)
{
    (void)state;
    unsigned seed = 1;
    for (unsigned round = 0; round < 20000; round++) {
        size_t n = (size_t)rand_r(&seed) % 64;
        uint8_t *body = malloc(n ? n : 1);
        for (size_t i = 0; i < n; i++)
            body[i] = (uint8_t)((unsigned)rand_r(&seed) % (round & 1 ? 256 : 4));
        static union {
#define ROW(number, NAME, word, from) struct protocol_##word word##_;
            PROTOCOL_MESSAGES(ROW)
#undef ROW
        } out;
#define ROW(number, NAME, word, from)                                                              \
    assert_int_not_equal(protocol_decode_##word(body, n, &out.word##_), PROTOCOL_MORE);
        PROTOCOL_MESSAGES(ROW)
#undef ROW
        free(body);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(frames),         cmocka_unit_test(hello),
        cmocka_unit_test(logins),         cmocka_unit_test(move),
        cmocka_unit_test(small_requests), cmocka_unit_test(welcome),
        cmocka_unit_test(view),           cmocka_unit_test(self),
        cmocka_unit_test(words),          cmocka_unit_test(identity),
        cmocka_unit_test(blocks),         cmocka_unit_test(no_half_frames),
        cmocka_unit_test(names),          cmocka_unit_test(random_bodies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
