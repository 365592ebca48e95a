/* test_websocket.c -- RFC 6455: what comes is the same however it is cut, faults have their codes,
 * and nothing is taken that wslay does not take with the same messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "http/websocket.h"
#include "wslay_oracle.h"

#define MOST      300 /* bytes of a message */
#define TEXT_MAX  4096
#define WIRE_MAX  2048
#define MUTATIONS 200000

/* What came, one word an event: "T hello", "C 1000 bye", "! 1002". */
struct told {
    char text[TEXT_MAX];
    size_t n;
    enum websocket_kind last;
    uint16_t code;
};

static void tell(struct told *told, const struct websocket_event *event)
{
    static const char letters[] = {
        [WEBSOCKET_TEXT] = 'T', [WEBSOCKET_BINARY] = 'B', [WEBSOCKET_PING] = '?',
        [WEBSOCKET_PONG] = '=', [WEBSOCKET_CLOSE] = 'C',  [WEBSOCKET_BAD] = '!',
    };

    told->last = event->kind;
    told->code = event->code;
    told->n += (size_t)snprintf(told->text + told->n, TEXT_MAX - told->n, "%s%c",
                                told->n ? "|" : "", letters[event->kind]);
    if (event->kind == WEBSOCKET_CLOSE || event->kind == WEBSOCKET_BAD)
        told->n += (size_t)snprintf(told->text + told->n, TEXT_MAX - told->n, " %u", event->code);
    if (event->kind != WEBSOCKET_BAD && event->len_bytes > 0) {
        assert_true(told->n + event->len_bytes + 2 < TEXT_MAX);
        told->text[told->n++] = ' ';
        memcpy(told->text + told->n, event->bytes, event->len_bytes);
        told->n += event->len_bytes;
    }
    told->text[told->n] = '\0';
}

/* In pieces of so many bytes, each in memory of exactly its size. */
static void read_all(const uint8_t *wire, size_t n, size_t piece, uint32_t most, struct told *told)
{
    struct websocket websocket;

    memset(told, 0, sizeof(*told));
    websocket_init(&websocket, most);
    for (size_t at = 0; at < n; at += piece) {
        size_t now = n - at < piece ? n - at : piece, done = 0, used = 0;
        uint8_t *exact = malloc(now);
        memcpy(exact, wire + at, now);
        for (;;) {
            struct websocket_event event =
                websocket_read(&websocket, exact + done, now - done, &used);
            done += used;
            assert_true(done <= now);
            if (event.kind == WEBSOCKET_MORE) {
                assert_int_equal(done, now);
                break;
            }
            tell(told, &event);
        }
        free(exact);
    }
    websocket_fini(&websocket);
}

/* A masked frame. Its length. */
static size_t frame(uint8_t *out, unsigned first, const void *bytes, size_t n)
{
    static const uint8_t mask[4] = {0x37, 0xfa, 0x21, 0x3d};
    uint8_t head[WEBSOCKET_HEAD_MAX];
    size_t head_n = websocket_head(WEBSOCKET_OP_TEXT, n, head);

    head[0] = (uint8_t)first;
    head[1] |= 0x80;
    memcpy(out, head, head_n);
    memcpy(out + head_n, mask, sizeof(mask));
    for (size_t i = 0; i < n; i++)
        out[head_n + 4 + i] = ((const uint8_t *)bytes)[i] ^ mask[i & 3];
    return head_n + 4 + n;
}

#define TEXT   0x81
#define BINARY 0x82
#define CLOSE  0x88
#define PING   0x89
#define PONG   0x8a
#define PART   0x01 /* of a text; what follows is MORE or END */
#define MORE   0x00
#define END    0x80
#define RAW    0x100 /* bytes as they are */

struct row {
    const char *name;
    struct {
        unsigned first;
        const char *bytes;
        size_t n; /* 0: as a string */
    } frames[5];
    const char *told;
};

/* clang-format off */
static const struct row rows[] = {
    {"a text", {{TEXT, "hello", 0}}, "T hello"},
    {"two", {{TEXT, "a", 0}, {TEXT, "b", 0}}, "T a|T b"},
    {"an empty one", {{TEXT, "", 0}, {TEXT, "b", 0}}, "T|T b"},
    {"bytes", {{BINARY, "\xff\xfe", 0}}, "B \xff\xfe"},
    {"umlauts", {{TEXT, "\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80", 0}}, "T \xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"},
    {"fragments", {{PART, "he", 0}, {MORE, "l", 0}, {END, "lo", 0}}, "T hello"},
    {"empty fragments", {{PART, "", 0}, {MORE, "", 0}, {END, "", 0}, {TEXT, "a", 0}}, "T|T a"},
    {"an empty first one", {{PART, "", 0}, {END, "a", 0}}, "T a"},
    {"a ping between", {{PART, "he", 0}, {PING, "x", 0}, {END, "llo", 0}}, "? x|T hello"},
    {"a pong between", {{PART, "he", 0}, {PONG, "", 0}, {END, "llo", 0}}, "=|T hello"},
    {"a ping within a letter", {{PART, "\xe2\x82", 0}, {PING, "\xff", 0}, {END, "\xac", 0}}, "? \xff|T \xe2\x82\xac"},
    {"a close between", {{PART, "he", 0}, {CLOSE, "\x03\xe8", 0}, {END, "llo", 0}}, "C 1000"},
    {"a letter over three frames", {{PART, "\xf0\x9f", 0}, {MORE, "\x98", 0}, {END, "\x80", 0}}, "T \xf0\x9f\x98\x80"},
    {"half a letter", {{TEXT, "\xe2\x82", 0}}, "! 1007"},
    {"half a letter at the end", {{PART, "a", 0}, {END, "\xe2\x82", 0}}, "! 1007"},
    {"half a letter, then another", {{PART, "\xe2\x82", 0}, {END, "a", 0}}, "! 1007"},
    {"told before its end", {{PART, "\xff", 0}, {PING, "", 0}}, "! 1007"},
    {"a surrogate", {{TEXT, "\xed\xa0\x80", 0}}, "! 1007"},
    {"the last before it", {{TEXT, "\xed\x9f\xbf", 0}}, "T \xed\x9f\xbf"},
    {"an overlong slash", {{TEXT, "\xc0\xaf", 0}}, "! 1007"},
    {"overlong in three", {{TEXT, "\xe0\x9f\xbf", 0}}, "! 1007"},
    {"overlong in four", {{TEXT, "\xf0\x8f\xbf\xbf", 0}}, "! 1007"},
    {"the last code point", {{TEXT, "\xf4\x8f\xbf\xbf", 0}}, "T \xf4\x8f\xbf\xbf"},
    {"beyond it", {{TEXT, "\xf4\x90\x80\x80", 0}}, "! 1007"},
    {"a tail without head", {{TEXT, "\x80", 0}}, "! 1007"},
    {"behind eight letters", {{TEXT, "abcdefgh\xff", 0}}, "! 1007"},
    {"within eight letters", {{TEXT, "abcd\xff" "efghijklmn", 0}}, "! 1007"},
    {"ping", {{PING, "", 0}}, "?"},
    {"pong unasked", {{PONG, "x", 0}}, "= x"},
    {"close without code", {{CLOSE, "", 0}}, "C 1005"},
    {"close", {{CLOSE, "\x03\xe8" "bye", 0}}, "C 1000 bye"},
    {"nothing behind close", {{CLOSE, "\x03\xe9", 0}, {TEXT, "a", 0}, {CLOSE, "", 0}}, "C 1001"},
    {"close 3000", {{CLOSE, "\x0b\xb8", 0}}, "C 3000"},
    {"close 4999", {{CLOSE, "\x13\x87", 0}}, "C 4999"},
    {"close 999", {{CLOSE, "\x03\xe7", 0}}, "! 1002"},
    {"close 0", {{CLOSE, "\0\0", 2}}, "! 1002"},
    {"close 1004", {{CLOSE, "\x03\xec", 0}}, "! 1002"},
    {"close 1005", {{CLOSE, "\x03\xed", 0}}, "! 1002"},
    {"close 1006", {{CLOSE, "\x03\xee", 0}}, "! 1002"},
    {"close 1015", {{CLOSE, "\x03\xf7", 0}}, "! 1002"},
    {"close 1016", {{CLOSE, "\x03\xf8", 0}}, "! 1002"},
    {"close 2999", {{CLOSE, "\x0b\xb7", 0}}, "! 1002"},
    {"close 5000", {{CLOSE, "\x13\x88", 0}}, "! 1002"},
    {"half a code", {{CLOSE, "\x03", 0}}, "! 1002"},
    {"a reason that is no UTF-8", {{CLOSE, "\x03\xe8\xff", 0}}, "! 1007"},
    {"a reason that is half a letter", {{CLOSE, "\x03\xe8\xe2\x82", 0}}, "! 1007"},
    {"a continuation of nothing", {{END, "a", 0}}, "! 1002"},
    {"a continuation of what is whole", {{TEXT, "a", 0}, {END, "b", 0}}, "T a|! 1002"},
    {"more of nothing", {{MORE, "a", 0}}, "! 1002"},
    {"a message within one", {{PART, "a", 0}, {TEXT, "b", 0}}, "! 1002"},
    {"a part within one", {{PART, "a", 0}, {PART, "b", 0}}, "! 1002"},
    {"a ping in fragments", {{0x09, "a", 0}}, "! 1002"},
    {"RSV1: deflate was not agreed on", {{0xc1, "a", 0}}, "! 1002"},
    {"RSV2", {{0xa1, "a", 0}}, "! 1002"},
    {"RSV3", {{0x91, "a", 0}}, "! 1002"},
    {"RSV1 of a ping", {{0xc9, "a", 0}}, "! 1002"},
    {"opcode 3", {{0x83, "a", 0}}, "! 1002"},
    {"opcode 7", {{0x87, "a", 0}}, "! 1002"},
    {"opcode 11", {{0x8b, "a", 0}}, "! 1002"},
    {"opcode 15", {{0x8f, "a", 0}}, "! 1002"},
    {"not masked", {{RAW, "\x81\x01" "a", 0}}, "! 1002"},
    {"nothing, not masked", {{RAW, "\x81\x00", 2}}, "! 1002"},
    {"a ping of 126", {{RAW, "\x89\xfe\x00\x7e", 4}}, "! 1002"},
    {"5 in 16 bits", {{RAW, "\x81\xfe\x00\x05\0\0\0\0hello", 13}}, "! 1002"},
    {"125 in 16 bits", {{RAW, "\x81\xfe\x00\x7d\0\0\0\0", 8}}, "! 1002"},
    {"5 in 64 bits", {{RAW, "\x81\xff\0\0\0\0\0\0\0\x05\0\0\0\0hello", 19}}, "! 1002"},
    {"65535 in 64 bits", {{RAW, "\x81\xff\0\0\0\0\0\0\xff\xff\0\0\0\0", 14}}, "! 1002"},
    {"the highest bit", {{RAW, "\x81\xff\x80\0\0\0\0\x01\0\0\0\0\0\0", 14}}, "! 1002"},
    {"65536", {{RAW, "\x81\xff\0\0\0\0\0\x01\0\0\0\0\0\0", 14}}, "! 1009"},
    {"all that fits into 63 bits", {{RAW, "\x81\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 14}}, "! 1009"},
    {"301", {{RAW, "\x81\xfe\x01\x2d\0\0\0\0", 8}}, "! 1009"},
    {"half a frame", {{RAW, "\x81\x85\0\0\0\0hel", 9}}, ""},
    {"half a head", {{RAW, "\x81\xfe\x01", 3}}, ""},
    {"HTTP", {{RAW, "GET / HTTP/1.1\r\n\r\n", 0}}, "! 1002"},
};
/* clang-format on */

static size_t build(const struct row *row, uint8_t wire[WIRE_MAX])
{
    size_t n = 0;

    for (unsigned i = 0; i < ARRAY_N(row->frames) && row->frames[i].bytes; i++) {
        const char *bytes = row->frames[i].bytes;
        size_t len = row->frames[i].n ? row->frames[i].n : strlen(bytes);
        if (row->frames[i].first == RAW)
            memcpy(wire + n, bytes, len);
        n += row->frames[i].first == RAW ? len : frame(wire + n, row->frames[i].first, bytes, len);
    }
    return n;
}

static void test_rows(void **state)
{
    uint8_t wire[WIRE_MAX];
    struct told told;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(rows); i++) {
        size_t n = build(&rows[i], wire);
        for (size_t piece = 1; piece <= n; piece++) {
            read_all(wire, n, piece, MOST, &told);
            if (strcmp(told.text, rows[i].told) != 0)
                fail_msg("%s, in pieces of %zu: \"%s\"", rows[i].name, piece, told.text);
        }
    }
}

/* Lengths about each change of the head's form, and about the limit. */
static void test_lengths(void **state)
{
    static const size_t lengths[] = {0,   1,    7,    8,    9,     125,   126,
                                     127, 1023, 1024, 1025, 65535, 65536, 70000};
    static uint8_t bytes[70000], wire[70000 + 14];
    static struct websocket websocket;

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)('a' + i % 23);
    for (size_t i = 0; i < ARRAY_N(lengths); i++) {
        for (size_t cut = 0; cut < 20; cut++) { /* where the first read ends */
            size_t n = frame(wire, TEXT, bytes, lengths[i]), used, first = cut < n ? cut : n;
            struct websocket_event event;
            websocket_init(&websocket, (uint32_t)lengths[i]);
            event = websocket_read(&websocket, wire, first, &used);
            if (event.kind == WEBSOCKET_MORE)
                event = websocket_read(&websocket, wire + first, n - first, &used);
            assert_int_equal(event.kind, WEBSOCKET_TEXT);
            assert_int_equal(event.len_bytes, lengths[i]);
            assert_memory_equal(event.bytes, bytes, lengths[i]);
            websocket_fini(&websocket);
            if (lengths[i] == 0)
                continue;
            n = frame(wire, TEXT, bytes, lengths[i]);
            websocket_init(&websocket, (uint32_t)lengths[i] - 1);
            event = websocket_read(&websocket, wire, n, &used);
            assert_int_equal(event.kind, WEBSOCKET_BAD);
            assert_int_equal(event.code, WEBSOCKET_TOO_BIG);
        }
    }
}

/* The limit counts all fragments. */
static void test_fragments_limit(void **state)
{
    uint8_t wire[WIRE_MAX];
    char text[MOST + 1];
    struct told told;

    (void)state;
    memset(text, 'x', sizeof(text));
    for (size_t last = MOST - 200; last <= MOST - 199; last++) {
        size_t n = frame(wire, PART, text, 100);
        n += frame(wire + n, MORE, text, 100);
        n += frame(wire + n, END, text, last);
        read_all(wire, n, n, MOST, &told);
        assert_int_equal(told.last, last == MOST - 200 ? WEBSOCKET_TEXT : WEBSOCKET_BAD);
        assert_int_equal(told.code, last == MOST - 200 ? 0 : WEBSOCKET_TOO_BIG);
    }
}

/* What is announced takes no memory; what was handed on is given back at the next read. */
static void test_memory(void **state)
{
    uint8_t head[] = {0x81, 0xff, 0, 0, 0, 0, 0x3f, 0xff, 0xff, 0xff, 0, 0, 0, 0, 'a'};
    uint8_t wire[WIRE_MAX];
    struct websocket websocket;
    struct websocket_event event;
    size_t used, n;

    (void)state;
    assert_true(sizeof(websocket) <= 256);
    websocket_init(&websocket, UINT32_MAX);
    event = websocket_read(&websocket, head, sizeof(head), &used);
    assert_int_equal(event.kind, WEBSOCKET_MORE);
    assert_true(websocket.message_room <= 1024);
    websocket_fini(&websocket);
    websocket_init(&websocket, MOST);
    n = frame(wire, PART, "he", 2);
    n += frame(wire + n, END, "llo", 3);
    event = websocket_read(&websocket, wire, n, &used);
    assert_int_equal(event.kind, WEBSOCKET_TEXT);
    assert_non_null(websocket.message);
    event = websocket_read(&websocket, wire, 0, &used);
    assert_int_equal(event.kind, WEBSOCKET_MORE);
    assert_null(websocket.message);
    websocket_fini(&websocket);
}

static void test_accept(void **state)
{
    static const struct {
        const char *version, *key;
        int result;
    } cases[] = {
        {"13", "dGhlIHNhbXBsZSBub25jZQ==", 0},
        {"13", NULL, 400},
        {NULL, "dGhlIHNhbXBsZSBub25jZQ==", 400},
        {"8", "dGhlIHNhbXBsZSBub25jZQ==", 426},
        {"013", "dGhlIHNhbXBsZSBub25jZQ==", 426},
        {"13, 8", "dGhlIHNhbXBsZSBub25jZQ==", 426},
        {"", "dGhlIHNhbXBsZSBub25jZQ==", 400},
        {"13", "", 400},
        {"13", "dGhlIHNhbXBsZSBub25jZQ", 400},
        {"13", "dGhlIHNhbXBsZSBub25jZQ=a", 400},
        {"13", "dGhlIHNhbXBsZSBub25j!Q==", 400},
        {"13", "dGhlIHNhbXBsZSBub25jZSE=", 400}, /* 17 bytes */
        {"13", "dGhlIHNhbXBsZSBub25jZQ==dGhlIHNhbXBsZSBub25jZQ==", 400},
    };
    char accept[WEBSOCKET_ACCEPT_BYTES];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(cases); i++)
        if (websocket_accept(cases[i].version, cases[i].key, accept) != cases[i].result)
            fail_msg("%s %s", cases[i].version, cases[i].key);
    assert_int_equal(websocket_accept("13", "dGhlIHNhbXBsZSBub25jZQ==", accept), 0);
    assert_string_equal(accept, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="); /* RFC 6455, 1.3 */
}

/* RFC 6455, 5.7, and the edges of lengths. */
static void test_heads(void **state)
{
    static const struct {
        uint64_t n;
        size_t head_n;
        uint8_t head[WEBSOCKET_HEAD_MAX];
    } cases[] = {
        {5, 2, {0x81, 5}},
        {125, 2, {0x81, 125}},
        {126, 4, {0x81, 126, 0, 126}},
        {256, 4, {0x81, 126, 1, 0}},
        {65535, 4, {0x81, 126, 255, 255}},
        {65536, 10, {0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0}},
    };
    uint8_t head[WEBSOCKET_HEAD_MAX];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(cases); i++) {
        assert_int_equal(websocket_head(WEBSOCKET_OP_TEXT, cases[i].n, head), cases[i].head_n);
        assert_memory_equal(head, cases[i].head, cases[i].head_n);
    }
}

static void test_close(void **state)
{
    uint8_t bytes[WEBSOCKET_CLOSE_BYTES];
    char reason[200] = "";

    (void)state;
    assert_int_equal(websocket_close(1000, "bye", bytes), 7);
    assert_memory_equal(bytes,
                        "\x88\x05\x03\xe8"
                        "bye",
                        7);
    assert_int_equal(websocket_close(1001, NULL, bytes), 4);
    assert_memory_equal(bytes, "\x88\x02\x03\xe9", 4);
    assert_int_equal(websocket_close(WEBSOCKET_NONE, "x", bytes), 2);
    for (unsigned i = 0; i < 60; i++)
        strcat(reason, "\xe2\x82\xac");
    assert_int_equal(websocket_close(1000, reason, bytes), 4 + 123);
    memmove(reason + 1, reason, 150); /* now 123 lies within a letter */
    reason[0] = 'x';
    assert_int_equal(websocket_close(1000, reason, bytes), 4 + 121);
    assert_int_equal(bytes[1], 2 + 121);
}

/* Of the oracle's messages ours, as words. */
static void tell_oracle(const struct wslay_oracle *oracle, struct told *told)
{
    memset(told, 0, sizeof(*told));
    for (unsigned i = 0; i < oracle->messages_n; i++) {
        const struct wslay_oracle_message *m = &oracle->messages[i];
        struct websocket_event event = {.bytes = oracle->bytes + m->at, .len_bytes = m->n};
        event.kind = m->opcode == WEBSOCKET_OP_TEXT     ? WEBSOCKET_TEXT
                     : m->opcode == WEBSOCKET_OP_BINARY ? WEBSOCKET_BINARY
                     : m->opcode == WEBSOCKET_OP_PING   ? WEBSOCKET_PING
                     : m->opcode == WEBSOCKET_OP_PONG   ? WEBSOCKET_PONG
                                                        : WEBSOCKET_CLOSE;
        if (event.kind == WEBSOCKET_CLOSE) {
            if (m->n >= 2)
                event.code = (uint16_t)(event.bytes[0] << 8 | event.bytes[1]);
            else
                event.code = WEBSOCKET_NONE;
            event.bytes += m->n >= 2 ? 2 : 0;
            event.len_bytes -= m->n >= 2 ? 2 : 0;
        }
        tell(told, &event);
    }
}

static uint32_t next_random(uint64_t *seed)
{
    *seed = *seed * 6364136223846793005u + 1442695040888963407u;
    return (uint32_t)(*seed >> 33);
}

/* Rows of the table, one behind the other, with some bits changed. */
static size_t mutate(uint64_t *seed, uint8_t wire[2 * WIRE_MAX])
{
    size_t n = build(&rows[next_random(seed) % ARRAY_N(rows)], wire);

    n += build(&rows[next_random(seed) % ARRAY_N(rows)], wire + n);
    for (unsigned i = next_random(seed) % 3; i > 0 && n > 0; i--)
        wire[next_random(seed) % n] ^= (uint8_t)(1u << next_random(seed) % 8);
    return n;
}

/* wslay's list of close codes ends at 1011; the registry's goes on to 1014. */
static bool of_another_list(const struct told *told)
{
    return told->last == WEBSOCKET_CLOSE && told->code >= 1012 && told->code <= 1014;
}

static void test_oracle(void **state)
{
    static struct wslay_oracle oracle;
    static struct told ours, theirs;
    uint64_t seed = 20261123;
    unsigned taken = 0, refused = 0;

    (void)state;
    for (unsigned i = 0; i < MUTATIONS; i++) {
        uint8_t wire[2 * WIRE_MAX];
        size_t n = mutate(&seed, wire);
        read_all(wire, n, 1 + next_random(&seed) % 64, MOST, &ours);
        assert_true(wslay_oracle_read(&oracle, wire, n, MOST));
        tell_oracle(&oracle, &theirs);
        if (of_another_list(&ours))
            continue;
        if (ours.last != WEBSOCKET_BAD) {
            taken++;
            if (ours.n != theirs.n || memcmp(ours.text, theirs.text, ours.n) != 0)
                fail_msg("\"%s\", not \"%s\"", ours.text, theirs.text);
        } else {
            refused += !oracle.open && oracle.code == ours.code;
        }
    }
    assert_true(taken > MUTATIONS / 10);
    assert_true(refused > MUTATIONS / 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows),   cmocka_unit_test(test_lengths),
        cmocka_unit_test(test_memory), cmocka_unit_test(test_fragments_limit),
        cmocka_unit_test(test_accept), cmocka_unit_test(test_heads),
        cmocka_unit_test(test_close),  cmocka_unit_test(test_oracle),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
