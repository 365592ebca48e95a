/* test_body.c -- JSON bodies against a schema: depth, size, types, ranges; what is wrong is named
 * by member and reason. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "http/body.h"

static const struct route_field fields[] = {
    {"name", ROUTE_STRING, false, 1, 8, "a name"},
    {"x", ROUTE_NUMBER, false, -1000, 1000, "a place"},
    {"n", ROUTE_INTEGER, true, 1, 10, "a number"},
    {"on", ROUTE_BOOL, true, 0, 0, "a switch"},
};
static const struct route_schema schema = {fields, ARRAY_N(fields), 422, NULL};
static const struct route_schema named = {fields, ARRAY_N(fields), 400, "Invalid position data"};

#define NAME "{\"name\":\"a\","

/* clang-format off */
static const struct {
    const char *name, *body;
    int status; /* 0: it fits */
    const char *field, *reason; /* where one is named */
} cases[] = {
    {"the least", NAME "\"x\":1}", 0, NULL, NULL},
    {"all", NAME "\"x\":-1.5e2,\"n\":10,\"on\":false}", 0, NULL, NULL},
    {"one of others is beyond doubles", NAME "\"x\":1,\"n\":7,\"on\":true,\"y\":[-1e999,1E+400,0.1]}", 0, NULL, NULL},
    {"one of others is beyond 64 bits", NAME "\"x\":1,\"n\":7,\"y\":99999999999999999999}", 0, NULL, NULL},
    {"others are passed over", NAME "\"x\":1,\"y\":[{}]}", 0, NULL, NULL},
    {"blanks around", " \t\r\n{\"name\" : \"a\" , \"x\" : 1 } \n", 0, NULL, NULL},
    {"escapes", "{\"name\":\"\\u00e4\\n\",\"x\":1}", 0, NULL, NULL},
    {"the longest name", "{\"name\":\"12345678\",\"x\":1}", 0, NULL, NULL},
    {"the edges", NAME "\"x\":1000,\"n\":1}", 0, NULL, NULL},
    {"less than nothing", NAME "\"x\":-0.0}", 0, NULL, NULL},
    {"brackets in a string", "{\"name\":\"[[[[\",\"x\":1,\"y\":\"[[[[[[[[[[[[[[[[[[[[\\\"{{{\"}", 0, NULL, NULL},
    {"nothing", "", 400, NULL, NULL},
    {"blanks", "  ", 400, NULL, NULL},
    {"a list", "[]", 400, NULL, NULL},
    {"a word", "null", 400, NULL, NULL},
    {"a string", "\"a\"", 400, NULL, NULL},
    {"a number", "1", 400, NULL, NULL},
    {"half", NAME "\"x\":1", 400, NULL, NULL},
    {"more behind", NAME "\"x\":1}}", 400, NULL, NULL},
    {"another behind", NAME "\"x\":1}{}", 400, NULL, NULL},
    {"a comma too many", NAME "\"x\":1,}", 400, NULL, NULL},
    {"no quotes", "{name:\"a\",\"x\":1}", 400, NULL, NULL},
    {"single quotes", "{'name':'a','x':1}", 400, NULL, NULL},
    {"a remark", NAME "\"x\":1/*a*/}", 400, NULL, NULL},
    {"NaN", NAME "\"x\":NaN}", 400, NULL, NULL},
    {"Infinity", NAME "\"x\":Infinity}", 400, NULL, NULL},
    {"-Infinity", NAME "\"x\":-Infinity}", 400, NULL, NULL},
    {"beyond doubles and a comma too many", NAME "\"x\":1e999,}", 400, NULL, NULL},
    {"beyond doubles and a leading zero", NAME "\"x\":1e999,\"y\":01e999}", 400, NULL, NULL},
    {"beyond doubles and no digit", NAME "\"x\":1e999,\"y\":1.e999}", 400, NULL, NULL},
    {"beyond doubles and more behind", NAME "\"x\":1e999-}", 400, NULL, NULL},
    {"beyond doubles and in hex", NAME "\"x\":1e999,\"y\":0x1p99999}", 400, NULL, NULL},
    {"beyond doubles, twice", NAME "\"x\":1e999,\"x\":2}", 400, NULL, NULL},
    {"beyond doubles and a NUL", "{\"x\":1e999,\"name\":\"a\\u0000b\"}", 400, NULL, NULL},
    {"a leading zero", NAME "\"x\":01}", 400, NULL, NULL},
    {"a plus", NAME "\"x\":+1}", 400, NULL, NULL},
    {"a point and nothing", NAME "\"x\":1.}", 400, NULL, NULL},
    {"hex", NAME "\"x\":0x1}", 400, NULL, NULL},
    {"twice", NAME "\"x\":1,\"x\":2}", 400, NULL, NULL},
    {"a NUL in a string", "{\"name\":\"a\\u0000b\",\"x\":1}", 400, NULL, NULL},
    {"a NUL in a name", "{\"na\\u0000me\":\"a\",\"x\":1}", 400, NULL, NULL},
    {"a control character", "{\"name\":\"a\nb\",\"x\":1}", 400, NULL, NULL},
    {"no UTF-8", "{\"name\":\"\xff\",\"x\":1}", 400, NULL, NULL},
    {"half a pair", "{\"name\":\"\\ud800\",\"x\":1}", 400, NULL, NULL},
    {"a byte order mark", "\xef\xbb\xbf" NAME "\"x\":1}", 400, NULL, NULL},
    {"no name", "{\"x\":1}", 422, "name", "is missing"},
    {"name is null", "{\"name\":null,\"x\":1}", 422, "name", "must be a string"},
    {"name is a number", "{\"name\":1,\"x\":1}", 422, "name", "must be a string"},
    {"name is an object", "{\"name\":{},\"x\":1}", 422, "name", "must be a string"},
    {"name is empty", "{\"name\":\"\",\"x\":1}", 422, "name", "must be of 1 to 8 bytes"},
    {"name is too long", "{\"name\":\"123456789\",\"x\":1}", 422, "name", "must be of 1 to 8 bytes"},
    {"too long in bytes", "{\"name\":\"\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\",\"x\":1}", 422, "name", "must be of 1 to 8 bytes"},
    {"no x", "{\"name\":\"a\"}", 422, "x", "is missing"},
    {"x is a string", NAME "\"x\":\"1\"}", 422, "x", "must be a number"},
    {"x is true", NAME "\"x\":true}", 422, "x", "must be a number"},
    {"x is a list", NAME "\"x\":[1]}", 422, "x", "must be a number"},
    {"x is too little", NAME "\"x\":-1000.001}", 422, "x", "must be from -1000 to 1000"},
    {"x is too much", NAME "\"x\":1e300}", 422, "x", "must be from -1000 to 1000"},
    {"n is no whole number", NAME "\"x\":1,\"n\":1.0}", 422, "n", "must be a whole number"},
    {"n is 0", NAME "\"x\":1,\"n\":0}", 422, "n", "must be from 1 to 10"},
    {"x is beyond 64 bits", NAME "\"x\":99999999999999999999999999}", 422, "x", "must be from -1000 to 1000"},
    {"n is beyond 64 bits", NAME "\"x\":1,\"n\":-99999999999999999999999999}", 422, "n", "must be from 1 to 10"},
    {"x is beyond doubles", NAME "\"x\":1e999}", 422, "x", "must be from -1000 to 1000"},
    {"x is beyond doubles, below", NAME "\"x\":-12.5E+0999 }", 422, "x", "must be from -1000 to 1000"},
    {"n is beyond doubles", NAME "\"x\":1,\"n\":1e309}", 422, "n", "must be from 1 to 10"},
    {"name is beyond doubles", "{\"name\":1e999,\"x\":1}", 422, "name", "must be a string"},
    {"n too, the other way round", "{\"n\":18446744073709551616,\"x\":1,\"name\":\"a\"}", 422, "n", "must be from 1 to 10"},
    {"n fits, x is beyond 64 bits", NAME "\"n\":10,\"x\":99999999999999999999}", 422, "x", "must be from -1000 to 1000"},
    {"n is null", NAME "\"x\":1,\"n\":null}", 422, "n", "must be a whole number"},
    {"on is a number", NAME "\"x\":1,\"on\":1}", 422, "on", "must be true or false"},
};
/* clang-format on */

static void test_cases(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_N(cases); i++) {
        size_t n = strlen(cases[i].body);
        char *exact = malloc(n + 1); /* so that a sanitizer sees a read beyond */
        struct body_fault fault;
        json_t *body;
        memcpy(exact, cases[i].body, n);
        body = body_read(exact, n, &schema, &fault);
        free(exact);
        if ((body == NULL) != (cases[i].status != 0) ||
            (body == NULL && fault.status != cases[i].status))
            fail_msg("%s: %d %s", cases[i].name, fault.status, fault.detail);
        if (strcmp(fault.field, cases[i].field ? cases[i].field : "") != 0 ||
            (cases[i].field && strcmp(fault.reason, cases[i].reason) != 0))
            fail_msg("%s: %s %s", cases[i].name, fault.field, fault.reason);
        if (body == NULL)
            assert_true(fault.detail[0] != '\0');
        json_decref(body);
    }
}

/* A NUL in the bytes themselves, which no string shows. */
static void test_nul(void **state)
{
    static const char bytes[] = "{\"name\":\"a\",\"x\":1}\0";
    struct body_fault fault;
    json_t *body = body_read(bytes, sizeof(bytes) - 2, &schema, &fault);

    (void)state;
    assert_non_null(body);
    json_decref(body);
    assert_null(body_read(bytes, sizeof(bytes) - 1, &schema, &fault));
}

/* What is beyond doubles is put right in numbers alone. */
static void test_number_in_a_name(void **state)
{
    static const char bytes[] = "{\"name\":\"\\\"1e999\",\"x\":1,\"y\":1e999}";
    struct body_fault fault;
    json_t *body = body_read(bytes, sizeof(bytes) - 1, &schema, &fault);

    (void)state;
    assert_string_equal(json_string_value(json_object_get(body, "name")), "\"1e999");
    json_decref(body);
}

static void test_sentence(void **state)
{
    struct body_fault fault;

    (void)state;
    assert_null(body_read("{}", 2, &named, &fault));
    assert_int_equal(fault.status, 400);
    assert_string_equal(fault.detail, "Invalid position data");
    assert_string_equal(fault.field, "name");
    assert_null(body_read("{}", 2, &schema, &fault));
    assert_string_equal(fault.detail, "name is missing");
}

/* So deep and no deeper, of lists, of objects, and of both in turn; and very deep. */
static void test_depth(void **state)
{
    static char bytes[400000];
    struct body_fault fault;

    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        for (unsigned depth = BODY_DEPTH_MAX - 1; depth <= BODY_DEPTH_MAX; depth++) {
            size_t n = (size_t)snprintf(bytes, sizeof(bytes), NAME "\"x\":1,\"y\":");
            json_t *body;
            for (unsigned i = 0; i < depth; i++)
                n += (size_t)snprintf(bytes + n, 8, "%s", kind ? "{\"a\":" : "[");
            n += (size_t)snprintf(bytes + n, 8, "1");
            for (unsigned i = 0; i < depth + kind; i++)
                bytes[n++] = i == depth ? ' ' : kind ? '}' : ']';
            bytes[n++] = '}';
            body = body_read(bytes, n, &schema, &fault);
            assert_int_equal(body != NULL, depth < BODY_DEPTH_MAX);
            if (body == NULL)
                assert_string_equal(fault.detail, "the body is nested too deeply");
            json_decref(body);
        }
    }
    memset(bytes, '[', sizeof(bytes));
    assert_null(body_read(bytes, sizeof(bytes), &schema, &fault));
    assert_int_equal(fault.status, 400);
}

static void test_type(void **state)
{
    static const char *const good[] = {"application/json", "Application/JSON",
                                       "application/json; charset=utf-8", "application/json;x"};
    static const char *const bad[] = {"",
                                      "text/plain",
                                      "application/jsonp",
                                      "text/json",
                                      "application/x-www-form-urlencoded",
                                      "json",
                                      " application/json",
                                      "application/json,text/html"};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(good); i++)
        assert_true(body_is_json(good[i]));
    for (size_t i = 0; i < ARRAY_N(bad); i++)
        if (body_is_json(bad[i]))
            fail_msg("%s", bad[i]);
    assert_false(body_is_json(NULL));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),
        cmocka_unit_test(test_nul),
        cmocka_unit_test(test_number_in_a_name),
        cmocka_unit_test(test_sentence),
        cmocka_unit_test(test_depth),
        cmocka_unit_test(test_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
