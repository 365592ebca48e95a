/* What web clients are told, byte by byte. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "http/webtext.h"
#include "sim/command.h"

static void test_numbers(void **state)
{
    static const struct {
        double m;
        const char *text;
    } rows[] = {
        {0, "0"},         {1, "1"},           {-1, "-1"},         {0.5, "0.5"},
        {12.34, "12.34"}, {-12.34, "-12.34"}, {0.001, "0.001"},   {-0.001, "-0.001"},
        {0.25, "0.25"},   {63.995, "63.995"}, {511999, "511999"}, {-512000, "-512000"},
        {0.1, "0.1"},     {-0.0001, "0"},     {0.0001, "0"},      {7.09, "7.09"},
        {0.9999, "1"},    {-0.9999, "-1"},    {5.03, "5.03"},     {100.07, "100.07"},
    };
    char text[WEBTEXT_NUMBER + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(rows); i++) {
        *webtext_number(text, (int32_t)lround(rows[i].m * SPACE_UNITS_PER_M)) = '\0';
        assert_string_equal(text, rows[i].text);
    }
    for (int64_t units = -SPACE_LIMIT_UNITS; units <= SPACE_LIMIT_UNITS; units += 8191 * 97) {
        char *end = webtext_number(text, (int32_t)units);

        *end = '\0';
        assert_true(end - text <= WEBTEXT_NUMBER);
        assert_true(fabs(strtod(text, NULL) - (double)units / SPACE_UNITS_PER_M) <= 0.00051);
        assert_true(strchr(text, '.') == NULL || end[-1] != '0');
    }
}

/* A frame's inside as JSON; its head is looked at. */
static json_t *inside(const char *frame, const char *end)
{
    size_t n = (size_t)(end - frame), head = (uint8_t)frame[1] == 126 ? 4 : 2;
    json_error_t error;
    json_t *packet;

    assert_int_equal((uint8_t)frame[0], 0x81);
    if (head == 2)
        assert_int_equal((uint8_t)frame[1], n - 2);
    else
        assert_int_equal((uint8_t)frame[2] << 8 | (uint8_t)frame[3], n - 4);
    assert_memory_equal(frame + head, "42", 2);
    packet = json_loadb(frame + head + 2, n - head - 2, 0, &error);
    if (packet == NULL)
        fail_msg("%s", error.text);
    return packet;
}

static const struct space_pos far = {-SPACE_LIMIT_UNITS + 1, -SPACE_LIMIT_UNITS + 1,
                                     -SPACE_LIMIT_UNITS + 1};

/* The longest there can be fit, and are short frames. */
static void test_longest(void **state)
{
    char frame[WEBTEXT_JOINED_MAX + WEBTEXT_CHAT_MAX], row[WEBTEXT_ROW_MAX];
    char name[TEXT_NAME_MAX_BYTES], text[PROTOCOL_TEXT_MAX], *end;
    struct webtext_line line = {.key = UINT64_MAX & ~SESSION_WEB_BIT,
                                .name = name,
                                .text = text,
                                .name_n = sizeof(name),
                                .text_n = sizeof(text),
                                .wall_ms = UINT64_C(1763816671123)};

    (void)state;
    memset(name, 1, sizeof(name)); /* each becomes six bytes */
    memset(text, 1, sizeof(text));
    end = webtext_moved(frame, line.key, far);
    assert_true(end - frame <= WEBTEXT_MOVED_MAX);
    json_decref(inside(frame, end));
    end = webtext_left(frame, line.key);
    assert_true(end - frame <= WEBTEXT_LEFT_MAX);
    json_decref(inside(frame, end));
    end = webtext_corrected(frame, far);
    assert_true(end - frame <= WEBTEXT_MOVED_MAX);
    json_decref(inside(frame, end));
    end = webtext_row(row, line.key, name, sizeof(name), far);
    assert_true(end - row <= WEBTEXT_ROW_MAX);
    end = webtext_joined(frame, row, (size_t)(end - row));
    assert_true(end - frame <= WEBTEXT_JOINED_MAX);
    json_decref(inside(frame, end));
    end = webtext_chat(frame, &line);
    assert_true(end - frame <= WEBTEXT_CHAT_MAX);
    json_decref(inside(frame, end));
}

static void test_shapes(void **state)
{
    static const char hostile[] = "\"\\</script>\x7f\xe2\x80\xa8\t{}";
    struct webtext_line line = {.key = SESSION_WEB_BIT | UINT64_C(1) << 32 | 5,
                                .name = "an\"na",
                                .name_n = 5,
                                .text = hostile,
                                .text_n = sizeof(hostile) - 1,
                                .wall_ms = UINT64_C(1795348471123)};
    char frame[WEBTEXT_CHAT_MAX], *end = webtext_chat(frame, &line);
    json_t *packet = inside(frame, end), *what = json_array_get(packet, 1);

    (void)state;
    assert_string_equal(json_string_value(json_array_get(packet, 0)), "chat:message");
    assert_int_equal(json_object_size(what), 4);
    assert_string_equal(json_string_value(json_object_get(what, "username")), "an\"na");
    assert_string_equal(json_string_value(json_object_get(what, "message")), hostile);
    assert_string_equal(json_string_value(json_object_get(what, "timestamp")),
                        "2026-11-22T11:54:31.123Z");
    assert_string_equal(json_string_value(json_object_get(what, "id")), "w400005");
    json_decref(packet);
    end = webtext_moved(frame, 77, (struct space_pos){SPACE_UNITS_PER_M, 2048, -2048});
    *end = '\0';
    assert_string_equal(frame + 2, "42[\"player:moved\",{\"id\":\"n1D\",\"position\":"
                                   "{\"x\":1,\"y\":0.5,\"z\":-0.5}}]");
    end = webtext_corrected(frame, (struct space_pos){0, 0, 0});
    *end = '\0';
    assert_string_equal(frame + 2,
                        "42[\"player:corrected\",{\"position\":{\"x\":0,\"y\":0,\"z\":0}}]");
}

/* No two figures have one id. */
static void test_ids(void **state)
{
    static const uint64_t keys[] = {1,
                                    63,
                                    64,
                                    UINT64_C(1) << 24 | 1,
                                    SESSION_WEB_BIT | 1,
                                    SESSION_WEB_BIT | UINT64_C(1) << 32,
                                    SESSION_SCRIPTED_FIRST | 1,
                                    UINT64_MAX,
                                    0};
    char ids[ARRAY_N(keys)][WEBTEXT_ID_MAX + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(keys); i++) {
        *webtext_id(ids[i], keys[i]) = '\0';
        assert_true(strlen(ids[i]) <= WEBTEXT_ID_MAX);
        for (size_t k = 0; k < i; k++)
            assert_string_not_equal(ids[i], ids[k]);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_longest),
        cmocka_unit_test(test_shapes),
        cmocka_unit_test(test_ids),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
