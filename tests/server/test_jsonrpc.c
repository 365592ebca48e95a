/* test_jsonrpc.c -- lines in, lines out: the standard's cases, malformed ones, batches, answers
 * that come late. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin/jsonrpc.h"
#include "common/compiler.h"

struct fake {
    struct jsonrpc_port port;
    char out[4096]; /* the last answer, cut */
    char end[256];  /* its last part, where it is longer */
    size_t out_bytes;
    unsigned answers, calls;
    struct jsonrpc_call *later[8]; /* calls of "later" */
    unsigned later_n;
};

static void on_call(void *context, struct jsonrpc_call *call)
{
    struct fake *fake = context;
    const char *method = jsonrpc_method(call);

    fake->calls++;
    if (strcmp(method, "later") == 0)
        fake->later[fake->later_n++] = call;
    else if (strcmp(method, "echo") == 0)
        jsonrpc_result(call, json_incref(jsonrpc_params(call)));
    else if (strcmp(method, "large") == 0)
        jsonrpc_result(call, json_sprintf("%0*d", JSONRPC_ANSWER_MAX, 1));
    else if (strcmp(method, "nearly") == 0) /* all that is for large answers, but for few bytes */
        jsonrpc_result(
            call,
            json_sprintf("%0*d",
                         JSONRPC_ANSWER_MAX - JSONRPC_BATCH_MAX * 256 - JSONRPC_LINE_MAX - 45, 1));
    else if (strcmp(method, "third") == 0)
        jsonrpc_result(call, json_sprintf("%0*d", JSONRPC_ANSWER_MAX / 3, 1));
    else
        jsonrpc_error(call, JSONRPC_NO_METHOD, "no", NULL);
}

static void on_answer(void *context, const char *line, size_t len_bytes)
{
    struct fake *fake = context;

    assert_true(len_bytes > 0 && line[len_bytes - 1] == '\n');
    assert_null(memchr(line, '\n', len_bytes - 1));
    fake->answers++;
    fake->out_bytes = len_bytes;
    memset(fake->out, 0, sizeof(fake->out));
    memcpy(fake->out, line, len_bytes - 1 < sizeof(fake->out) ? len_bytes - 1 : 4095);
    memset(fake->end, 0, sizeof(fake->end));
    if (len_bytes > sizeof(fake->end))
        memcpy(fake->end, line + len_bytes - sizeof(fake->end), sizeof(fake->end) - 1);
}

static void fake_init(struct fake *fake)
{
    memset(fake, 0, sizeof(*fake));
    fake->port = (struct jsonrpc_port){.call = on_call, .answer = on_answer, .context = fake};
}

/* code 0: no answer at all; 1: a result. */
struct line_case {
    const char *line;
    int code;
    unsigned calls;
};

/* clang-format off */
static const struct line_case LINES[] = {
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1}", 1, 1},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":\"x\",\"params\":{}}", 1, 1},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":null,\"params\":[1]}", 1, 1},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1.5}", 1, 1},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}", 0, 1},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"nope\"}", 0, 1},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"nope\",\"id\":1}", -32601, 1},
    {"", -32700, 0},
    {" ", -32700, 0},
    {"{", -32700, 0},
    {"nonsense", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1} x", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1}{}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"method\":\"echo\",\"id\":1}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\",\"id\":1}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"ec\\u0000ho\",\"id\":1}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"\\ud800\",\"id\":1}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1e999}", -32700, 0},
    {"{'jsonrpc':'2.0'}", -32700, 0},
    {"1", -32600, 0},
    {"null", -32600, 0},
    {"\"text\"", -32600, 0},
    {"{}", -32600, 0},
    {"{\"method\":\"echo\",\"id\":1}", -32600, 0},
    {"{\"jsonrpc\":\"1.0\",\"method\":\"echo\",\"id\":1}", -32600, 0},
    {"{\"jsonrpc\":2.0,\"method\":\"echo\",\"id\":1}", -32600, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":1,\"id\":1}", -32600, 0},
    {"{\"jsonrpc\":\"2.0\",\"id\":1}", -32600, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":1,\"id\":1}", -32600, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":null,\"id\":1}", -32600, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":true}", -32600, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":[]}", -32600, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":{}}", -32600, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1,\"extra\":1}", -32600, 0},
    {"[]", -32600, 0},
    {"\xef\xbb\xbf{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1}", -32700, 0},
    /* numbers: what fits into 64 bits or a double is one */
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":9223372036854775807}", 1, 1},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":9223372036854775808}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":{\"n\":-9223372036854775809},\"id\":1}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[1e308],\"id\":1}", 1, 1},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[-1e309],\"id\":1}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[1e-9999],\"id\":1}", 1, 1},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[NaN],\"id\":1}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[01],\"id\":1}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[0x1],\"id\":1}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[1,],\"id\":1}", -32700, 0},
    /* keys that stand twice, however deep */
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":{\"a\":{\"b\":1,\"b\":1}},\"id\":1}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":{\"a\":1,\"\\u0061\":1},\"id\":1}", -32700, 0},
    {"{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":{\"a\\u0000\":1},\"id\":1}", -32700, 0},
};
/* clang-format on */

static int code_of(const struct fake *fake)
{
    json_t *answer = json_loads(fake->out, 0, NULL);
    int code = 1;

    assert_non_null(answer);
    assert_string_equal(json_string_value(json_object_get(answer, "jsonrpc")), "2.0");
    assert_non_null(json_object_get(answer, "id"));
    assert_int_equal(json_object_size(answer), 3);
    if (json_object_get(answer, "result") == NULL)
        code = (int)json_integer_value(json_object_get(json_object_get(answer, "error"), "code"));
    json_decref(answer);
    return code;
}

static void each_line_gets_its_code(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_N(LINES); i++) {
        struct fake fake;

        fake_init(&fake);
        jsonrpc_line(&fake.port, LINES[i].line, strlen(LINES[i].line));
        if (fake.answers != (LINES[i].code != 0) || fake.calls != LINES[i].calls ||
            (LINES[i].code != 0 && code_of(&fake) != LINES[i].code))
            fail_msg("line %zu (%s): answer %s", i, LINES[i].line, fake.out);
        assert_int_equal(fake.port.open_n, 0);
    }
}

static void take(struct fake *fake, const char *line)
{
    fake->answers = 0;
    fake->calls = 0;
    fake->out[0] = '\0';
    jsonrpc_line(&fake->port, line, strlen(line));
}

static void the_id_comes_back_as_it_was(void **state)
{
    struct fake fake;

    (void)state;
    fake_init(&fake);
    take(&fake, "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":[7],\"id\":\"a b\"}");
    assert_string_equal(fake.out, "{\"jsonrpc\":\"2.0\",\"result\":[7],\"id\":\"a b\"}");
    take(&fake, "{\"jsonrpc\":\"1\",\"method\":\"echo\",\"id\":5}");
    assert_non_null(strstr(fake.out, "\"id\":5}"));
}

static void a_batch_answers_in_one_line(void **state)
{
    struct fake fake;

    (void)state;
    fake_init(&fake);
    take(&fake, "[{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1},"
                "{\"jsonrpc\":\"2.0\",\"method\":\"echo\"},1,"
                "{\"jsonrpc\":\"2.0\",\"method\":\"nope\",\"id\":2}]");
    assert_int_equal(fake.answers, 1);
    assert_int_equal(fake.calls, 3);
    assert_string_equal(
        fake.out, "[{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":1},"
                  "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32600,\"message\":\"a request is an "
                  "object\"},\"id\":null},"
                  "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32601,\"message\":\"no\"},\"id\":2}]");
    take(&fake, "[{\"jsonrpc\":\"2.0\",\"method\":\"echo\"}]");
    assert_int_equal(fake.answers, 0);
}

/* As deep as the reader goes, and deeper; never so deep that the stack ends. */
static void depth_has_a_limit(void **state)
{
    static const unsigned DEPTHS[] = {20, 1000, 3000, JSONRPC_LINE_MAX / 2 - 40};
    static char line[JSONRPC_LINE_MAX + 1];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(DEPTHS); i++) {
        struct fake fake;
        size_t n = (size_t)sprintf(line, "{\"jsonrpc\":\"2.0\",\"method\":\"mute\",\"params\":");

        memset(line + n, '[', DEPTHS[i]);
        memset(line + n + DEPTHS[i], ']', DEPTHS[i]);
        strcpy(line + n + 2 * DEPTHS[i], "}");
        fake_init(&fake);
        take(&fake, line);
        if (DEPTHS[i] < 2000) {
            assert_int_equal(fake.calls, 1);
        } else {
            assert_int_equal(fake.calls, 0);
            assert_int_equal(code_of(&fake), JSONRPC_BAD_JSON);
        }
    }
}

/* Ten thousand that are no requests fit into a line. */
static void a_batch_of_ten_thousand_is_refused(void **state)
{
    static char line[JSONRPC_LINE_MAX];
    struct fake fake;
    size_t n = 0;

    (void)state;
    line[n++] = '[';
    for (unsigned i = 0; i < 10000; i++)
        n += (size_t)sprintf(line + n, "{},");
    line[n - 1] = ']';
    fake_init(&fake);
    take(&fake, line);
    assert_int_equal(fake.answers, 1);
    assert_int_equal(fake.calls, 0);
    assert_int_equal(code_of(&fake), JSONRPC_BAD_REQUEST);
}

static void a_batch_has_a_limit(void **state)
{
    static const char ONE[] = "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1},";
    char line[sizeof(ONE) * (JSONRPC_BATCH_MAX + 2)];
    struct fake fake;

    (void)state;
    fake_init(&fake);
    for (unsigned n = JSONRPC_BATCH_MAX; n <= JSONRPC_BATCH_MAX + 1; n++) {
        strcpy(line, "[");
        for (unsigned i = 0; i < n; i++)
            strcat(line, ONE);
        line[strlen(line) - 1] = ']';
        take(&fake, line);
        assert_int_equal(fake.answers, 1);
        assert_int_equal(fake.calls, n == JSONRPC_BATCH_MAX ? n : 0);
    }
    assert_int_equal(code_of(&fake), JSONRPC_BAD_REQUEST);
}

static void an_answer_may_come_late(void **state)
{
    struct fake fake;

    (void)state;
    fake_init(&fake);
    take(&fake, "[{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":1},"
                "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":2}]");
    assert_int_equal(fake.answers, 0);
    assert_int_equal(fake.port.open_n, 1);
    jsonrpc_result(fake.later[0], json_true());
    assert_int_equal(fake.answers, 1);
    assert_int_equal(fake.port.open_n, 0);
    assert_string_equal(fake.out, "[{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":2},"
                                  "{\"jsonrpc\":\"2.0\",\"result\":true,\"id\":1}]");
}

static void a_port_that_ends_hears_nothing_more(void **state)
{
    struct fake fake;

    (void)state;
    fake_init(&fake);
    take(&fake, "{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":1}");
    take(&fake, "{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":2}");
    take(&fake, "{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":3}");
    jsonrpc_result(fake.later[1], NULL); /* from the middle of the list */
    assert_int_equal(fake.answers, 1);
    assert_int_equal(fake.port.open_n, 2);
    jsonrpc_close(&fake.port);
    assert_int_equal(fake.port.open_n, 0);
    jsonrpc_result(fake.later[0], json_true());
    jsonrpc_error(fake.later[2], JSONRPC_FAILED, "late", NULL);
    assert_int_equal(fake.answers, 1);
}

static void too_many_open_lines_are_refused(void **state)
{
    struct jsonrpc_call *calls[JSONRPC_OPEN_MAX];
    struct fake fake;

    (void)state;
    fake_init(&fake);
    for (unsigned i = 0; i < JSONRPC_OPEN_MAX; i++) {
        fake.later_n = 0;
        take(&fake, "{\"jsonrpc\":\"2.0\",\"method\":\"later\",\"id\":1}");
        calls[i] = fake.later[0];
    }
    take(&fake, "{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"id\":1}");
    assert_int_equal(fake.calls, 0);
    assert_int_equal(code_of(&fake), JSONRPC_BUSY);
    for (unsigned i = 0; i < JSONRPC_OPEN_MAX; i++)
        jsonrpc_result(calls[i], NULL);
}

static void a_huge_answer_becomes_an_error(void **state)
{
    struct fake fake;

    (void)state;
    fake_init(&fake);
    take(&fake, "{\"jsonrpc\":\"2.0\",\"method\":\"large\",\"id\":9}");
    assert_int_equal(fake.answers, 1);
    assert_true(fake.out_bytes < 1000);
    assert_int_equal(code_of(&fake), JSONRPC_FAILED);
    assert_non_null(strstr(fake.out, "\"id\":9}"));
}

#define CALL(method, id) "{\"jsonrpc\":\"2.0\",\"method\":\"" method "\",\"id\":" id "}"
#define TOO_LONG                                                                                   \
    "{\"jsonrpc\":\"2.0\",\"error\":{\"code\":-32000,\"message\":\"the answer is larger than 1 "   \
    "MiB: "                                                                                        \
    "ask for less at once\"},\"id\":"
#define DONE(id) "{\"jsonrpc\":\"2.0\",\"result\":null,\"id\":" id "}"

/* What was done beside it is told: of a batch only what does not fit is an error. */
static void a_huge_answer_takes_no_other_with_it(void **state)
{
    struct fake fake;

    (void)state;
    fake_init(&fake);
    take(&fake, "[" CALL("echo", "1") "," CALL("large", "2") "," CALL("echo", "3") "]");
    assert_string_equal(fake.out, "[" DONE("1") "," TOO_LONG "2}," DONE("3") "]");
    take(&fake, "[" CALL("third", "1") "," CALL("third", "2") "," CALL("third", "3") "," CALL(
                    "echo", "4") "]");
    assert_in_range(fake.out_bytes, JSONRPC_ANSWER_MAX * 2 / 3, JSONRPC_ANSWER_MAX);
    assert_non_null(strstr(fake.end, "1\",\"id\":2}," TOO_LONG "3}," DONE("4") "]"));
    take(&fake, "[" CALL("nearly", "1") "," CALL("large", "2") "," CALL("echo", "3") "]");
    assert_in_range(fake.out_bytes, JSONRPC_ANSWER_MAX * 2 / 3, JSONRPC_ANSWER_MAX);
    assert_non_null(strstr(fake.end, "1\",\"id\":1}," TOO_LONG "2}," DONE("3") "]"));
}

/* Cut, changed and repeated: whatever comes, at most one line goes out and nothing stays open. */
static void garbage_is_answered_once(void **state)
{
    static const char GOOD[] =
        "[{\"jsonrpc\":\"2.0\",\"method\":\"echo\",\"params\":{\"a\":[1,2]},\"id\":1}]";
    uint32_t seed = 12345;

    (void)state;
    for (unsigned round = 0; round < 20000; round++) {
        char line[sizeof(GOOD)];
        size_t len_bytes;
        struct fake fake;

        fake_init(&fake);
        memcpy(line, GOOD, sizeof(GOOD));
        for (unsigned i = 0; i < round % 4 + 1; i++) {
            seed = seed * 1664525 + 1013904223;
            line[(seed >> 8) % (sizeof(GOOD) - 1)] = (char)(seed >> 24);
        }
        len_bytes = round % 3 == 0 ? (seed >> 4) % sizeof(GOOD) : sizeof(GOOD) - 1;
        jsonrpc_line(&fake.port, line, len_bytes);
        assert_true(fake.answers <= 1);
        assert_int_equal(fake.port.open_n, fake.later_n);
    }
}

static void depth_is_bounded(void **state)
{
    char *line = malloc(JSONRPC_LINE_MAX);
    struct fake fake;

    (void)state;
    assert_non_null(line);
    fake_init(&fake);
    memset(line, '[', JSONRPC_LINE_MAX);
    jsonrpc_line(&fake.port, line, JSONRPC_LINE_MAX);
    assert_int_equal(code_of(&fake), JSONRPC_BAD_JSON);
    free(line);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_line_gets_its_code),
        cmocka_unit_test(the_id_comes_back_as_it_was),
        cmocka_unit_test(a_batch_answers_in_one_line),
        cmocka_unit_test(depth_has_a_limit),
        cmocka_unit_test(a_batch_of_ten_thousand_is_refused),
        cmocka_unit_test(a_batch_has_a_limit),
        cmocka_unit_test(an_answer_may_come_late),
        cmocka_unit_test(a_port_that_ends_hears_nothing_more),
        cmocka_unit_test(too_many_open_lines_are_refused),
        cmocka_unit_test(a_huge_answer_becomes_an_error),
        cmocka_unit_test(a_huge_answer_takes_no_other_with_it),
        cmocka_unit_test(garbage_is_answered_once),
        cmocka_unit_test(depth_is_bounded),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
