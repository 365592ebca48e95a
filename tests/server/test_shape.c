/* Times, numbers and ids as web clients know them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "http/shape.h"

static void expect(json_t *value, const char *text)
{
    char *dumped = json_dumps(value, JSON_ENCODE_ANY);

    assert_string_equal(dumped, text);
    free(dumped);
    json_decref(value);
}

static void test_values(void **state)
{
    (void)state;
    expect(shape_time(0), "null");
    expect(shape_time(UINT64_C(1795349071123)), "\"2026-11-22T12:04:31.123Z\"");
    expect(shape_time(UINT64_C(1795349071000)), "\"2026-11-22T12:04:31.000Z\"");
    expect(shape_number(0), "0");
    expect(shape_number(-0.0), "0");
    expect(shape_number(-3), "-3");
    expect(shape_number(1.5), "1.5");
    expect(shape_number(-7.25), "-7.25");
    expect(shape_number(1.0 / 4096), "0.000244140625");
    expect(shape_number(524288), "524288");
}

static void test_ids(void **state)
{
    static const char *const none[] = {"",
                                       "0",
                                       "01",
                                       "-1",
                                       "+1",
                                       " 1",
                                       "1 ",
                                       "1.0",
                                       "1e3",
                                       "0x1",
                                       "x",
                                       "1;",
                                       "'",
                                       "9223372036854775808",
                                       "18446744073709551617",
                                       "99999999999999999999999"};

    (void)state;
    for (unsigned i = 0; i < sizeof(none) / sizeof(none[0]); i++)
        assert_int_equal(shape_id(none[i]), 0);
    assert_int_equal(shape_id("1"), 1);
    assert_int_equal(shape_id("4711"), 4711);
    assert_int_equal(shape_id("9223372036854775807"), INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_values), cmocka_unit_test(test_ids)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
