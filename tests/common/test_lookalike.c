/* Names that could be taken for another, and names of all the world that could not. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/lookalike.h"
#include "common/text.h"

/* clang-format off */
static const char *const fine[] = {
    "alice", "Zoë", "Łukasz", "Işıl", "Dương Quá", "x_x-1.2", "123", "...", "Müller 007",
    "Мария", "Вова", "Иван-3", "Ярослав", "Ђорђе", "Євген", "Ελένη", "Νίκος", "Ωmega",
    "東京都", "ひらがな", "カタカナー", "東京Tower", "ラーメン大好き", "김철수", "김X철수", "注音ㄅㄆㄇ",
    "नमस्ते", "สวัสดี", "עברית", "مرحبا", "مرحبا٣", "ქართული", "Հայաստան", "አማርኛ", "தமிழ்", "ᏣᎳᎩ", "नाम१२",
    "ⲙⲁⲣⲓⲁ", "ꓡꓲꓢꓴꓸꓞꓳ",
};
static const char *const taken_for_another[] = {
    "pаypal",        /* a Cyrillic a in the middle */
    "Аlice", "adminо", "ѕtaff", "Αdmin", "moderatοr",
    "сосо", "ТОМ", "Сара", "аррӏе", "ΝΙΚΟ", "ΤΟΜ 2", "ѕсоре", "օօօ",
    "ꓮꓓꓟꓲꓠ", "ꓮꓓꓟꓲꓠꓸ", "ꓖꓟ ꓐꓳꓐ 1", "ᎪᎡᎪ", "ᎷᎪᎡ-7", "ⲤⲞⲢ", "ꮪꮯꭵ",
    "Иван東", "Ελлада", "김ひ철", "カタㄅ", "नमaste", "שaלom", "Xאבג",
    "ɑlice", "ɡames", "ᴄool", "bobǀ",
    "abc1२", "٣3three",
};
/* clang-format on */

static int check(const char *name)
{
    struct error error = {""};
    int rc;

    assert_int_equal(text_name_check(name, strlen(name), &error), 0);
    rc = lookalike_check(name, strlen(name), &error);
    assert_true(rc == 0 || error.text[0]);
    return rc;
}

static void test_fine(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++)
        if (strcmp(fine[i], "Ωmega") != 0 && check(fine[i]) != 0)
            fail_msg("%s is refused", fine[i]);
    assert_int_equal(check("Ωmega"), -1); /* Greek and Latin */
}

static void test_taken_for_another(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(taken_for_another) / sizeof(taken_for_another[0]); i++)
        if (check(taken_for_another[i]) == 0)
            fail_msg("%s is taken", taken_for_another[i]);
}

/* Whatever bytes come, it ends and reads no further. */
static void test_any_bytes(void **state)
{
    (void)state;
    srand(4);
    for (unsigned round = 0; round < 20000; round++) {
        size_t n = (size_t)rand() % 20;
        char *bytes = malloc(n ? n : 1);
        struct error error;

        for (size_t i = 0; i < n; i++)
            bytes[i] = (char)rand();
        if (lookalike_check(bytes, n, &error) < -1)
            fail();
        free(bytes);
    }
}

/* The key of a name that is stored stays what it was; what is no name any more has one too. */
static void test_fold(void **state)
{
    char key[TEXT_NAME_KEY_BYTES], fold[TEXT_NAME_KEY_BYTES];
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(fine) / sizeof(fine[0]); i++) {
        assert_true(text_name_key(fine[i], strlen(fine[i]), key, &error) > 0);
        assert_true(text_fold(fine[i], strlen(fine[i]), fold, sizeof(fold)) > 0);
        assert_string_equal(key, fold);
    }
    assert_int_equal(text_fold("A!", 2, fold, sizeof(fold)), 2);
    assert_string_equal(fold, "a!");
    assert_int_equal(text_fold("", 0, fold, sizeof(fold)), 0);
    assert_int_equal(text_fold("A!", 2, fold, 2), -1);
    assert_int_equal(text_fold("a\0b", 3, fold, sizeof(fold)), -1);
    assert_int_equal(text_fold("\xFF", 1, fold, sizeof(fold)), -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fine), cmocka_unit_test(test_taken_for_another),
        cmocka_unit_test(test_any_bytes), cmocka_unit_test(test_fold)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
