/* test_wire.c -- bytes in and out: every width, every edge, and that errors stick. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "common/wire.h"

static void little_endian(void **state)
{
    (void)state;
    uint8_t room[64];
    struct wire_writer w;
    wire_writer_init(&w, room, sizeof room);
    wire_put_u8(&w, 0xab);
    wire_put_u16(&w, 0x1234);
    wire_put_u32(&w, 0x89abcdef);
    wire_put_u64(&w, 0x0123456789abcdefULL);
    wire_put_text(&w, wire_text_of("hey"));
    static const uint8_t expected[] = {0xab, 0x34, 0x12, 0xef, 0xcd, 0xab, 0x89, 0xef, 0xcd, 0xab,
                                       0x89, 0x67, 0x45, 0x23, 0x01, 3,    0,    'h',  'e',  'y'};
    assert_false(w.bad);
    assert_int_equal(wire_written(&w), sizeof expected);
    assert_memory_equal(room, expected, sizeof expected);

    struct wire_reader r;
    wire_reader_init(&r, room, wire_written(&w));
    assert_int_equal(wire_get_u8(&r), 0xab);
    assert_int_equal(wire_get_u16(&r), 0x1234);
    assert_int_equal(wire_get_u32(&r), 0x89abcdef);
    assert_true(wire_get_u64(&r) == 0x0123456789abcdefULL);
    struct wire_text text = wire_get_text(&r, 3);
    assert_int_equal(text.len, 3);
    assert_memory_equal(text.bytes, "hey", 3);
    assert_true(wire_done(&r));
}

static const struct {
    const char *bytes;
    size_t len;
    uint64_t value;
    bool ok32, ok64;
} varints[] = {
    {"\x00", 1, 0, true, true},
    {"\x01", 1, 1, true, true},
    {"\x7f", 1, 127, true, true},
    {"\x80\x01", 2, 128, true, true},
    {"\xff\x7f", 2, 16383, true, true},
    {"\x80\x80\x01", 3, 16384, true, true},
    {"\xff\xff\xff\xff\x0f", 5, UINT32_MAX, true, true},
    {"\x80\x80\x80\x80\x10", 5, 1ULL << 32, false, true},
    {"\xff\xff\xff\xff\x7f", 5, (1ULL << 35) - 1, false, true},
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, UINT64_MAX, false, true},
    /* bits beyond 64, six and eleven bytes, overlong, cut */
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, 0, false, false},
    {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\x81\x00", 11, 0, false, false},
    {"\x80\x00", 2, 0, false, false},
    {"\xff\x80\x00", 3, 0, false, false},
    {"\xff\xff\xff\xff\x80\x00", 6, 0, false, false},
    {"\x80", 1, 0, false, false},
    {"", 0, 0, false, false},
};

static void varint_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_N(varints); i++) {
        struct wire_reader r;
        wire_reader_init(&r, varints[i].bytes, varints[i].len);
        uint32_t v32 = wire_get_varint(&r);
        if (wire_done(&r) != varints[i].ok32 || v32 != (varints[i].ok32 ? varints[i].value : 0))
            fail_msg("row %zu as 32 bits", i);
        wire_reader_init(&r, varints[i].bytes, varints[i].len);
        uint64_t v64 = wire_get_varint64(&r);
        if (wire_done(&r) != varints[i].ok64 || v64 != varints[i].value)
            fail_msg("row %zu as 64 bits", i);
        if (!varints[i].ok64)
            continue;
        uint8_t room[10];
        struct wire_writer w;
        wire_writer_init(&w, room, sizeof room);
        wire_put_varint64(&w, varints[i].value);
        assert_int_equal(wire_written(&w), varints[i].len);
        assert_memory_equal(room, varints[i].bytes, varints[i].len);
    }
}

static void zigzag(void **state)
{
    (void)state;
    static const int32_t values[] = {0,  -1,  1,    -2,    63,        -64,
                                     64, -65, 8191, -8192, INT32_MAX, INT32_MIN};
    static const size_t bytes[] = {1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 5, 5};
    for (size_t i = 0; i < ARRAY_N(values); i++) {
        uint8_t room[8];
        struct wire_writer w;
        struct wire_reader r;
        wire_writer_init(&w, room, sizeof room);
        wire_put_zigzag(&w, values[i]);
        assert_int_equal(wire_written(&w), bytes[i]);
        wire_reader_init(&r, room, wire_written(&w));
        assert_int_equal(wire_get_zigzag(&r), values[i]);
        assert_true(wire_done(&r));
    }
}

static void reader_errors_stick(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {1, 2, 3};
    struct wire_reader r;
    wire_reader_init(&r, bytes, sizeof bytes);
    assert_int_equal(wire_get_u32(&r), 0);
    assert_true(r.bad);
    assert_int_equal(wire_left(&r), 0);
    assert_int_equal(wire_get_u8(&r), 0); /* there were bytes, but not for one who is bad */
    assert_int_equal(wire_get_u16(&r), 0);
    assert_true(wire_get_u64(&r) == 0);
    assert_null(wire_get_bytes(&r, 1));
    assert_int_equal(wire_get_text(&r, 10).len, 0);
    assert_false(wire_done(&r));

    /* Half of a u64 gives nothing, not the half. */
    static const uint8_t half[] = {1, 2, 3, 4, 5, 6, 7};
    wire_reader_init(&r, half, sizeof half);
    assert_true(wire_get_u64(&r) == 0 && r.bad);

    wire_reader_init(&r, NULL, 0);
    assert_true(wire_done(&r));
    assert_int_equal(wire_get_u8(&r), 0);
    assert_true(r.bad);
}

static void text_limits(void **state)
{
    (void)state;
    static const uint8_t five[] = {5, 0, 'a', 'b', 'c', 'd', 'e'};
    struct wire_reader r;
    wire_reader_init(&r, five, sizeof five);
    assert_int_equal(wire_get_text(&r, 5).len, 5);
    assert_true(wire_done(&r));
    wire_reader_init(&r, five, sizeof five);
    assert_int_equal(wire_get_text(&r, 4).len, 0); /* over the limit */
    assert_true(r.bad);
    wire_reader_init(&r, five, sizeof five - 1);
    assert_int_equal(wire_get_text(&r, 5).len, 0); /* cut */
    assert_true(r.bad);
    static const uint8_t empty[] = {0, 0};
    wire_reader_init(&r, empty, sizeof empty);
    struct wire_text text = wire_get_text(&r, 0);
    assert_true(wire_done(&r) && text.len == 0 && text.bytes != NULL);
}

static void writer_errors_stick(void **state)
{
    (void)state;
    uint8_t room[5];
    struct wire_writer w;
    wire_writer_init(&w, room, sizeof room);
    wire_put_u32(&w, 1);
    wire_put_u16(&w, 2); /* one byte too many */
    assert_true(w.bad);
    wire_put_u8(&w, 3); /* would fit, but the error sticks */
    assert_int_equal(wire_written(&w), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(little_endian), cmocka_unit_test(varint_table),
        cmocka_unit_test(zigzag),        cmocka_unit_test(reader_errors_stick),
        cmocka_unit_test(text_limits),   cmocka_unit_test(writer_errors_stick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
