/* Codes that are handed out once: as they are made, as people type them, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "accounts/code.h"

static void test_made(void **state)
{
    char text[CODE_TEXT_BYTES], hash[CODE_HASH_BYTES], other[CODE_TEXT_BYTES],
        read[CODE_HASH_BYTES];

    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        code_make(text, hash);
        assert_int_equal(strlen(text), CODE_TEXT_BYTES - 1);
        assert_int_equal(strlen(hash), CODE_HASH_BYTES - 1);
        assert_int_equal(code_hash(text, read), 0);
        assert_string_equal(read, hash);
        code_make(other, read);
        assert_string_not_equal(other, text);
        assert_string_not_equal(read, hash);
    }
}

static void test_typed(void **state)
{
    static const char *const same[] = {
        "01AB0-CDEFG-HJKMN-PQRST",  "01ab0cdefghjkmnpqrst",      "oiabO cdefg hjkmn pqrst",
        "0-1-A-B-0CDEFGHJKMNPQRST", "  OLAB0CDEFG-HJKMNPQRST  ", "0lAB0-CDEFG-HJKMN-PQRST-",
    };
    char first[CODE_HASH_BYTES], hash[CODE_HASH_BYTES];

    (void)state;
    assert_int_equal(code_hash(same[0], first), 0);
    for (size_t i = 0; i < sizeof(same) / sizeof(same[0]); i++) {
        assert_int_equal(code_hash(same[i], hash), 0);
        assert_string_equal(hash, first);
    }
    assert_int_equal(code_hash("01AB0-CDEFG-HJKMN-PQRSV", hash), 0);
    assert_string_not_equal(hash, first);
}

static void test_malformed(void **state)
{
    static const char *const wrong[] = {
        "",
        "-",
        " ",
        "0",
        "01AB0-CDEFG-HJKMN-PQRS",
        "01AB0-CDEFG-HJKMN-PQRST0",
        "U1AB0-CDEFG-HJKMN-PQRST",
        "01AB0-CDEFG-HJKMN-PQRS!",
        "01AB0_CDEFG_HJKMN_PQRST",
        "01AB0-CDEFG-HJKMN-PQRS\n",
        "\xff\xfe",
        "\xd0\xb0"
        "1AB0-CDEFG-HJKMN-PQRST",
        "'; DROP TABLE invites; --",
        "%s%s%s%s%s%s%s%s%s%s",
    };
    char hash[CODE_HASH_BYTES];

    (void)state;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
        strcpy(hash, "left over");
        assert_int_equal(code_hash(wrong[i], hash), -1);
        assert_string_equal(hash, ""); /* no code's */
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_made), cmocka_unit_test(test_typed),
                                       cmocka_unit_test(test_malformed)};

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
