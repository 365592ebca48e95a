/* test_text.c -- hostile and honest names, chat and bytes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/text.h"

/* clang-format off */
static const struct {
    const char *name;
    const char *key; /* NULL: refused */
} names[] = {
    {"alice", "alice"},
    {"Alice", "alice"},
    {"ALICE_2", "alice_2"},
    {"a.b-c_d", "a.b-c_d"},
    {"two words", "two words"},
    {"\xC3\x89lise", "\xC3\xA9lise"},
    {"Stra\xC3\x9F" "e", "strasse"},
    {"\xD0\x9C\xD0\xB8\xD1\x80", "\xD0\xBC\xD0\xB8\xD1\x80"},
    {"\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x83\xBD", "\xE6\x9D\xB1\xE4\xBA\xAC\xE9\x83\xBD"},
    {"\xE0\xA4\xA8\xE0\xA4\xAE\xE0\xA4\xB8\xE0\xA5\x8D\xE0\xA4\xA4\xE0\xA5\x87",
     "\xE0\xA4\xA8\xE0\xA4\xAE\xE0\xA4\xB8\xE0\xA5\x8D\xE0\xA4\xA4\xE0\xA5\x87"},
    {"", NULL}, {"ab", NULL},                    /* too short */
    {" alice", NULL}, {"alice ", NULL}, {"a  lice", NULL}, {"   ", NULL},
    {"al\tice", NULL}, {"al\nice", NULL}, {"al\x1b[31mice", NULL}, {"al\x7fice", NULL},
    {"al\xC2\x85ice", NULL},                     /* C1 */
    {"ali\xFF" "ce", NULL}, {"ali\xC0\xAF", NULL}, {"ali\xED\xA0\x80", NULL}, {"ali\xF4\x90\x80\x80", NULL}, {"ali\xC3", NULL},
    {"al\xE2\x80\xAEice", NULL},                 /* right-to-left override */
    {"al\xE2\x81\xA6ice", NULL},                 /* isolate */
    {"al\xE2\x80\x8Bice", NULL},                 /* zero width space */
    {"al\xE2\x80\x8Dice", NULL},                 /* zero width joiner */
    {"al\xC2\xADice", NULL},                     /* soft hyphen */
    {"al\xE3\x85\xA4ice", NULL},                 /* Hangul filler: a letter that shows nothing */
    {"al\xCD\x8Fice", NULL},                     /* combining grapheme joiner */
    {"ali\xEF\xB8\x8F" "ce", NULL},              /* variation selector */
    {"al\xEE\x80\x80ice", NULL},                 /* private use */
    {"al\xCD\xB8ice", NULL},                     /* unassigned */
    {"al\xC2\xA0ice", NULL},                     /* no-break space */
    {"\xEF\xBC\xA1lice", NULL},                  /* full-width A: not NFKC */
    {"e\xCC\x81lise", NULL},                     /* e + acute: not composed */
    {"\xEF\xAC\x81sh", NULL},                    /* the ligature fi */
    {"\xCC\x81lice", NULL},                      /* begins with a mark */
    {"z\xCC\xB4\xCC\xB5\xCC\xB6\xCC\xB7\xCC\xB8lgo", NULL}, /* a tower of marks */
    {"al$ice", NULL}, {"al/ice", NULL}, {"<b>alice", NULL}, {"al'ice", NULL}, {"al\"ice", NULL}, {"al\\ice", NULL},
    {"\xF0\x9F\x98\x80\xF0\x9F\x98\x80\xF0\x9F\x98\x80", NULL}, /* emoji */
};

static const struct {
    const char *bytes, *shown;
} dirty[] = {
    {"plain", "plain"},
    {"", ""},
    {"caf\xC3\xA9 \xE6\x9D\xB1", "caf\xC3\xA9 \xE6\x9D\xB1"},
    {"a\nb", "a\\u{000A}b"},
    {"a\r\tb", "a\\u{000D}\\u{0009}b"},
    {"\x1b]0;title\x07", "\\u{001B}]0;title\\u{0007}"},
    {"\xC2\x9B" "31m", "\\u{009B}31m"},
    {"\x7f", "\\u{007F}"},
    {"\xE2\x80\xAEgnp.exe", "\\u{202E}gnp.exe"},
    {"\xE2\x81\xA9\xE2\x80\x8F", "\\u{2069}\\u{200F}"},
    {"\xE2\x80\x8B\xEF\xBB\xBF", "\\u{200B}\\u{FEFF}"},
    {"\xE2\x80\xA8", "\\u{2028}"},
    {"\xF3\xA0\x81\x81", "\\u{E0041}"},
    {"\xEE\x80\x80", "\\u{E000}"},
    {"\xFF\xFE", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xC0\xAF", "\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"},
    {"a\xE6\x9D", "a\xEF\xBF\xBD\xEF\xBF\xBD"},
};

static const struct {
    const char *text;
    int fine;
} lines[] = {
    {"hello", 1}, {"h\xC3\xA9llo \xF0\x9F\x98\x80", 1}, {" x ", 1}, {"\xD7\xA9\xD7\x9C\xD7\x95\xD7\x9D", 1},
    {"\xF0\x9F\x91\xA9\xE2\x80\x8D\xF0\x9F\x9A\x80", 1}, /* an emoji joined by a joiner */
    {"", 0}, {" ", 0}, {"\xC2\xA0\xE3\x80\x80 ", 0}, {"\xE2\x80\x8B\xE2\x80\x8B", 0},
    {"a\nb", 0}, {"a\x1b[2J", 0}, {"a\x7f", 0}, {"a\xC2\x9B", 0}, {"a\xE2\x80\xA8" "b", 0},
    {"a\xE2\x80\xAE" "b", 0}, {"a\xE2\x80\x8E" "b", 0}, {"a\xD8\x9C" "b", 0}, {"a\xE2\x81\xA7" "b", 0},
    {"a\xFF", 0}, {"\xC3", 0},
};
/* clang-format on */

static void test_names(void **state)
{
    char key[TEXT_NAME_KEY_BYTES];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(names); i++) {
        struct error error = {""};
        const char *name = names[i].name;
        int checked = text_name_check(name, strlen(name), &error);
        int n = text_name_key(name, strlen(name), key, &error);

        if ((checked == 0) != (names[i].key != NULL))
            fail_msg("name %zu: check gave %d (%s)", i, checked, error.text);
        if (names[i].key == NULL) {
            assert_int_equal(n, -1);
            assert_true(error.text[0] != '\0');
        } else {
            assert_string_equal(key, names[i].key);
            assert_int_equal(n, strlen(key));
        }
    }
}

static void test_name_lengths(void **state)
{
    char name[TEXT_NAME_MAX_BYTES * 2], key[TEXT_NAME_KEY_BYTES];
    struct error error;

    (void)state;
    memset(name, 'a', sizeof(name));
    assert_int_equal(text_name_check(name, TEXT_NAME_MAX_CHARS, &error), 0);
    assert_int_equal(text_name_check(name, TEXT_NAME_MAX_CHARS + 1, &error), -1);
    assert_int_equal(text_name_check(name, sizeof(name), &error), -1);
    assert_int_equal(text_name_check("al\0ce", 5, &error), -1);
    for (size_t i = 0; i < TEXT_NAME_MAX_CHARS;
         i++) /* U+1F82, which folds to two letters and three bytes more */
        memcpy(name + 3 * i, "\xE1\xBE\x82", 3);
    assert_true(text_name_key(name, 3 * TEXT_NAME_MAX_CHARS, key, &error) > 0);
}

static void test_cut(void **state)
{
    (void)state;
    assert_int_equal(text_cut("ab\303\244", 4, 4), 4);
    assert_int_equal(text_cut("ab\303\244", 4, 3), 2); /* no half a letter */
    assert_int_equal(text_cut("\303\244", 2, 1), 0);
    assert_int_equal(text_cut("abc", 3, 2), 2);
    assert_int_equal(text_cut("", 0, 2), 0);
}

static void test_chat(void **state)
{
    char text[TEXT_CHAT_MAX_BYTES + 1];
    struct error error;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(lines); i++) {
        if ((text_chat_check(lines[i].text, strlen(lines[i].text), &error) == 0) != lines[i].fine)
            fail_msg("line %zu", i);
    }
    memset(text, 'x', sizeof(text));
    assert_int_equal(text_chat_check(text, TEXT_CHAT_MAX_BYTES, &error), 0);
    assert_int_equal(text_chat_check(text, TEXT_CHAT_MAX_BYTES + 1, &error), -1);
    assert_int_equal(text_chat_check("a\0b", 3, &error), -1);
}

static void test_sanitise(void **state)
{
    char out[256];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(dirty); i++) {
        size_t n = text_sanitise(dirty[i].bytes, strlen(dirty[i].bytes), out, sizeof(out));

        assert_string_equal(out, dirty[i].shown);
        assert_int_equal(n, strlen(out));
    }
    assert_int_equal(text_sanitise("a\0b", 3, out, sizeof(out)), 10);
    assert_string_equal(out, "a\\u{0000}b");
}

/* Whatever the bytes and the room: valid UTF-8, within the room, no control character. */
static void test_sanitise_random(void **state)
{
    (void)state;
    srand(7);
    for (int round = 0; round < 20000; round++) {
        char bytes[48], out[64];
        size_t n = (size_t)rand() % sizeof(bytes), room = 1 + (size_t)rand() % sizeof(out), written;

        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)rand();
        memset(out, 0x55, sizeof(out));
        written = text_sanitise(bytes, n, out, room);
        assert_true(written < room);
        assert_int_equal(strlen(out), written);
        assert_true(text_utf8_valid(out, written));
        for (size_t i = 0; i < written; i++)
            assert_true((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
    }
}

static void test_sanitise_cuts_between_characters(void **state)
{
    char out[8];

    (void)state;
    assert_int_equal(text_sanitise("abcd\xE6\x9D\xB1", 7, out, 7), 4);
    assert_int_equal(text_sanitise("abcd\xE6\x9D\xB1", 7, out, 8), 7);
    assert_int_equal(text_sanitise("a\nb", 3, out, 8), 1);
    assert_int_equal(text_sanitise("abc", 3, out, 1), 0);
}

static void test_utf8_valid(void **state)
{
    (void)state;
    assert_true(text_utf8_valid("", 0));
    assert_true(text_utf8_valid("a\xC3\xA9", 3));
    assert_false(text_utf8_valid("a\0b", 3));
    assert_false(text_utf8_valid("a\xC3", 2));
    assert_false(text_utf8_valid("\xC0\x80", 2));
}

static void test_columns(void **state)
{
    (void)state;
    assert_int_equal(text_columns(""), 0);
    assert_int_equal(text_columns("abc"), 3);
    assert_int_equal(text_columns("\xC3\xA9"), 1);
    assert_int_equal(text_columns("e\xCC\x81"), 1);
    assert_int_equal(text_columns("\xE6\x9D\xB1\xE4\xBA\xAC"), 4);
    assert_int_equal(text_columns("\xE0\xA4\xB9\xE0\xA4\xBF"), 2);             /* a spacing mark */
    assert_int_equal(text_columns("\xE1\x84\x80\xE1\x85\xA1\xE1\x86\xA8"), 2); /* one syllable */
}

static void test_nearest(void **state)
{
    static const char *const words[] = {"listen", "players_max", "port", "motd", "io_threads"};

    (void)state;
    assert_string_equal(text_nearest("lissten", words, ARRAY_N(words)), "listen");
    assert_string_equal(text_nearest("prot", words, ARRAY_N(words)), "port");
    assert_string_equal(text_nearest("player_max", words, ARRAY_N(words)), "players_max");
    assert_string_equal(text_nearest("iothreads", words, ARRAY_N(words)), "io_threads");
    assert_null(text_nearest("wind", words, ARRAY_N(words)));
    assert_null(text_nearest("xy", words, ARRAY_N(words)));
    assert_null(text_nearest("", words, ARRAY_N(words)));
    assert_null(text_nearest(
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", words,
        ARRAY_N(words)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_name_lengths),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_chat),
        cmocka_unit_test(test_sanitise),
        cmocka_unit_test(test_sanitise_random),
        cmocka_unit_test(test_sanitise_cuts_between_characters),
        cmocka_unit_test(test_utf8_valid),
        cmocka_unit_test(test_columns),
        cmocka_unit_test(test_nearest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
