/* Password hashes: argon2id of ours, bcrypt of the program before us, and what is none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "accounts/password.h"

static const struct password_cost cheap = {1, 8192}, dearer = {2, 16384};

/* clang-format off */
static const char *const bcrypt[] = { /* of "correct horse", made by another's crypt(3) */
    "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
    "$2a$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
    "$2y$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
};
static const char *const malformed[] = {
    "", "!", "*0", "$", "$2b$", "$2b$05$", "plain text", "$2b$05$abcdefghijklmnopqrstuu",
    "$2x$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",  /* the broken variant */
    "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2x", /* too long */
    "$2b$05$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy",   /* too short */
    "$2b$31$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",  /* hours */
    "$2b$-5$abcdefghijklmnopqrstuuHNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
    "$2b$05$!!!!!!!!!!!!!!!!!!!!!!HNbAKRhpaujgo33bRWs.NLUTJO3lOy2",
    "$argon2id$v=19$m=8,t=1,p=1$", "$argon2i$v=19$m=8,t=1,p=1$c2FsdA$aGFzaA", "$1$salt$hash", "$6$salt$hash",
};
/* clang-format on */

static enum password_verdict check(const char *password, const char *hash)
{
    char room[PASSWORD_HASH_BYTES] = "";

    snprintf(room, sizeof(room), "%s", hash);
    return password_check(password, room);
}

static void test_argon2id(void **state)
{
    char hash[PASSWORD_HASH_BYTES], again[PASSWORD_HASH_BYTES];

    (void)state;
    assert_int_equal(password_hash("correct horse", &cheap, hash), 0);
    assert_int_equal(password_hash("correct horse", &cheap, again), 0);
    assert_string_not_equal(hash, again); /* salted */
    assert_int_equal(check("correct horse", hash), PASSWORD_FITS);
    assert_int_equal(check("correct horsE", hash), PASSWORD_WRONG);
    assert_int_equal(check("", hash), PASSWORD_WRONG);
    assert_true(password_usable(hash));
}

static void test_outdated(void **state)
{
    char hash[PASSWORD_HASH_BYTES];

    (void)state;
    assert_int_equal(password_hash("correct horse", &cheap, hash), 0);
    assert_false(password_outdated(hash, &cheap));
    assert_true(password_outdated(hash, &dearer));
    assert_int_equal(password_hash("correct horse", &dearer, hash), 0);
    assert_false(password_outdated(hash, &cheap)); /* what costs more stays */
    assert_true(password_outdated(bcrypt[0], &cheap));
    assert_true(password_outdated("", &cheap));
}

static void test_bcrypt(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(bcrypt) / sizeof(bcrypt[0]); i++) {
        assert_int_equal(check("correct horse", bcrypt[i]), PASSWORD_FITS);
        assert_int_equal(check("correct horsE", bcrypt[i]), PASSWORD_WRONG);
        assert_int_equal(check("", bcrypt[i]), PASSWORD_WRONG);
        assert_true(password_usable(bcrypt[i]));
    }
}

static void test_malformed(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(malformed) / sizeof(malformed[0]); i++) {
        if (check("correct horse", malformed[i]) != PASSWORD_WRONG ||
            check("", malformed[i]) != PASSWORD_WRONG)
            fail_msg("%s", malformed[i]);
    }
    assert_false(password_usable("!"));
    assert_false(password_usable(""));
}

static void test_decoy(void **state)
{
    char hash[PASSWORD_HASH_BYTES];

    (void)state;
    assert_int_equal(password_decoy(&cheap, hash), 0);
    assert_int_equal(check("", hash), PASSWORD_WRONG);
    assert_false(password_outdated(hash, &cheap)); /* it costs what a known name's costs */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_argon2id), cmocka_unit_test(test_outdated),
        cmocka_unit_test(test_bcrypt),   cmocka_unit_test(test_malformed),
        cmocka_unit_test(test_decoy),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
