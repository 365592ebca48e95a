/* test_respond.c -- what an answer is made of: head, Date, Helmet's headers, CORS, gzip, ETag,
 * problem+json. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <zlib.h>

#include "common/compiler.h"
#include "http/accept.h"
#include "http/cors.h"
#include "http/etag.h"
#include "http/gzip.h"
#include "http/problem.h"
#include "http/respond.h"
#include "http/security.h"

static void test_head(void **state)
{
    char bytes[256];
    struct respond respond;
    int n;

    (void)state;
    respond_begin(&respond, bytes, sizeof(bytes), 404);
    respond_header(&respond, "A", "b c\td");
    respond_header(&respond, "Bad", "x\r\nSet-Cookie: y");
    respond_header(&respond, "Bad", "x\ny");
    respond_header(&respond, "Bad", "x\x7f");
    respond_number(&respond, "Content-Length", 18446744073709551615u);
    respond_lines(&respond, "X: y\r\n", 6);
    n = respond_end(&respond);
    assert_int_equal(n, strlen("HTTP/1.1 404 Not Found\r\nA: b c\td\r\n"
                               "Content-Length: 18446744073709551615\r\nX: y\r\n\r\n"));
    assert_memory_equal(bytes,
                        "HTTP/1.1 404 Not Found\r\nA: b c\td\r\n"
                        "Content-Length: 18446744073709551615\r\nX: y\r\n\r\n",
                        n);
    assert_string_equal(respond_reason(429), "Too Many Requests");
    assert_string_equal(respond_reason(299), "Status");
}

/* Of any room: whole or said so, and not a byte beyond. */
static void test_room(void **state)
{
    (void)state;
    for (size_t room = 0; room < 60; room++) {
        char *bytes = malloc(room + 1);
        struct respond respond;
        int n;
        bytes[room] = '#';
        respond_begin(&respond, bytes, room, 200);
        respond_header(&respond, "Name", "value");
        respond_lines(&respond, "X: y\r\n", 6);
        n = respond_end(&respond);
        assert_int_equal(n, room < 17 + 13 + 6 + 2 ? -1 : 38);
        assert_true(bytes[room] == '#');
        free(bytes);
    }
}

static void test_date(void **state)
{
    static const char *const none[] = {"",
                                       "Sun, 06 Nov 1994 08:49:37",
                                       "Mon, 06 Nov 1994 08:49:37 GMT",
                                       "Sun, 06 Nov 1994 08:49:37 UTC",
                                       "Sunday, 06-Nov-94 08:49:37 GMT",
                                       "Sun Nov  6 08:49:37 1994",
                                       "Sun, 31 Feb 1994 08:49:37 GMT",
                                       "Sun, 06 Nov 1994 24:49:37 GMT",
                                       "Sun, 06 Foo 1994 08:49:37 GMT",
                                       "Sun, 6  Nov 1994 08:49:37 GMT",
                                       "Sun, 06 Nov 19940 8:49:37 GMT"};
    char text[RESPOND_DATE_BYTES];
    struct respond_clock clock = {0};
    const char *now;

    (void)state;
    respond_date(784111777, text);
    assert_string_equal(text, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_int_equal(respond_date_parse(text), 784111777);
    respond_date(0, text);
    assert_string_equal(text, "Thu, 01 Jan 1970 00:00:00 GMT");
    assert_int_equal(respond_date_parse("Tue, 29 Feb 2028 23:59:59 GMT"), 1835481599);
    for (size_t i = 0; i < ARRAY_N(none); i++)
        if (respond_date_parse(none[i]) != -1)
            fail_msg("%s", none[i]);
    assert_string_equal(respond_now(&clock, 0), text); /* a zeroed clock knows no second yet */
    now = respond_now(&clock, 784111777);
    assert_string_equal(now, "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_ptr_equal(respond_now(&clock, 784111777), now);
    assert_string_equal(respond_now(&clock, 784111778), "Sun, 06 Nov 1994 08:49:38 GMT");
}

#define POLICY                                                                                     \
    "default-src 'self';base-uri 'self';font-src 'self' https: data:;form-action 'self';"          \
    "frame-ancestors 'self';img-src 'self' data:;object-src 'none';script-src 'self';"             \
    "script-src-attr 'none';style-src 'self' https: 'unsafe-inline'"

/* What Helmet 8.3 sends for helmet(), word for word; and without TLS. */
static const struct security_header {
    const char *name, *value, *plain; /* NULL: not at all */
} helmet[] = {
    {"Content-Security-Policy", POLICY ";upgrade-insecure-requests", POLICY},
    {"Cross-Origin-Opener-Policy", "same-origin", "same-origin"},
    {"Cross-Origin-Resource-Policy", "same-origin", "same-origin"},
    {"Origin-Agent-Cluster", "?1", "?1"},
    {"Referrer-Policy", "no-referrer", "no-referrer"},
    {"Strict-Transport-Security", "max-age=31536000; includeSubDomains", NULL},
    {"X-Content-Type-Options", "nosniff", "nosniff"},
    {"X-DNS-Prefetch-Control", "off", "off"},
    {"X-Download-Options", "noopen", "noopen"},
    {"X-Frame-Options", "SAMEORIGIN", "SAMEORIGIN"},
    {"X-Permitted-Cross-Domain-Policies", "none", "none"},
    {"X-XSS-Protection", "0", "0"},
};

/* The line's bytes; 0: it is not there. */
static size_t line_bytes(const char *lines, size_t n, const char *name, const char *value)
{
    char line[512], all[2048];

    assert_true(n < sizeof(all));
    memcpy(all, lines, n);
    all[n] = '\0';
    snprintf(line, sizeof(line), "%s: %s\r\n", name, value);
    return strstr(all, line) != NULL ? strlen(line) : 0;
}

static void test_helmet(void **state)
{
    size_t plain_n, secure_n, plain_sum = 0, secure_sum = 0;
    const char *plain = security_lines(false, &plain_n);
    const char *secure = security_lines(true, &secure_n);

    (void)state;
    for (size_t i = 0; i < ARRAY_N(helmet); i++) {
        const struct security_header *header = &helmet[i];
        size_t n = line_bytes(secure, secure_n, header->name, header->value);

        if (n == 0)
            fail_msg("%s", header->name);
        secure_sum += n;
        n = header->plain ? line_bytes(plain, plain_n, header->name, header->plain) : 0;
        if (n == 0 && header->plain)
            fail_msg("%s, without TLS", header->name);
        plain_sum += n;
    }
    assert_int_equal(secure_n, secure_sum); /* and nothing else */
    assert_int_equal(plain_n, plain_sum);
}

static void test_cors(void **state)
{
    static const char *const named[] = {"https://a.example", "http://localhost:5173"};
    static const char *const all[] = {"*"};
    static const char *const both[] = {"*", "https://a.example"};
    static const struct cors_policy none = {NULL, 0, true, 600}, two = {named, 2, true, 600},
                                    plain = {named, 2, false, 600}, any = {all, 1, true, 600},
                                    mixed = {both, 2, true, 600};
    static const struct {
        const char *name;
        const struct cors_policy *policy;
        const char *origin, *answer;
        bool credentials, varies;
    } cases[] = {
        {"none, and none asked", &none, NULL, NULL, false, false},
        {"none", &none, "https://a.example", NULL, false, false},
        {"a named one", &two, "https://a.example", "https://a.example", true, true},
        {"the other", &two, "http://localhost:5173", "http://localhost:5173", true, true},
        {"without credentials", &plain, "https://a.example", "https://a.example", false, true},
        {"not named", &two, "https://b.example", NULL, false, true},
        {"no Origin", &two, NULL, NULL, false, true},
        {"another scheme", &two, "http://a.example", NULL, false, true},
        {"another port", &two, "http://localhost:5174", NULL, false, true},
        {"a longer one", &two, "https://a.example.evil", NULL, false, true},
        {"a shorter one", &two, "https://a.exampl", NULL, false, true},
        {"in capitals", &two, "https://A.example", NULL, false, true},
        {"null", &two, "null", NULL, false, true},
        {"an empty one", &two, "", NULL, false, true},
        {"any, never with credentials", &any, "https://b.example", "*", false, false},
        {"any, null", &any, "null", "*", false, false},
        {"any and a named one", &mixed, "https://a.example", "https://a.example", true, true},
        {"any and not named", &mixed, "https://b.example", "*", false, true},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_N(cases); i++) {
        struct cors_answer answer = cors_decide(cases[i].policy, cases[i].origin);
        bool same = answer.origin && cases[i].answer ? strcmp(answer.origin, cases[i].answer) == 0
                                                     : answer.origin == cases[i].answer;
        if (!same || answer.credentials != cases[i].credentials || answer.varies != cases[i].varies)
            fail_msg("%s: %s", cases[i].name, answer.origin ? answer.origin : "none");
    }
}

static void test_cors_origins(void **state)
{
    static const char *const good[] = {"*", "https://a.example", "http://localhost:5173",
                                       "http://[::1]:80"};
    static const char *const bad[] = {"",           "a.example",          "https://",
                                      "**",         "https://a.example/", "https://*.example",
                                      "https://A",  "https://u@a",        "null",
                                      "ftp://host", "https://a\r\nX: y"};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(good); i++)
        assert_true(cors_origin_valid(good[i]));
    for (size_t i = 0; i < ARRAY_N(bad); i++)
        if (cors_origin_valid(bad[i]))
            fail_msg("%s", bad[i]);
}

static const char *preflight(const char *origin, const char *asked)
{
    static const char *const named[] = {"https://a.example"};
    static const struct cors_policy policy = {named, 1, true, 600};
    static char bytes[2048];
    struct respond respond;

    respond_begin(&respond, bytes, sizeof(bytes) - 1, 204);
    cors_write_preflight(&policy, origin, "GET, POST", asked, &respond);
    bytes[respond.n] = '\0';
    return bytes;
}

static void test_preflight(void **state)
{
    static const char usual[] =
        "Access-Control-Allow-Headers: Authorization, Content-Type, If-None-Match\r\n";
    static const char *const odd[] = {"", "a: b", "a\r\nX: y", "a;b", "\"a\"", "\xc3\xa9"};
    char many[600];

    (void)state;
    assert_string_equal(
        preflight("https://a.example", NULL),
        "HTTP/1.1 204 No Content\r\nVary: Origin\r\n"
        "Access-Control-Allow-Origin: https://a.example\r\n"
        "Access-Control-Allow-Credentials: true\r\n"
        "Access-Control-Allow-Methods: GET, POST\r\n"
        "Access-Control-Allow-Headers: Authorization, Content-Type, If-None-Match\r\n"
        "Access-Control-Max-Age: 600\r\n");
    assert_string_equal(preflight("https://b.example", "x-a"),
                        "HTTP/1.1 204 No Content\r\nVary: Origin\r\n");
    assert_non_null(strstr(preflight("https://a.example", "baggage,sentry-trace, x-a"),
                           "\r\nAccess-Control-Allow-Headers: baggage,sentry-trace, x-a\r\n"));
    for (size_t i = 0; i < ARRAY_N(odd); i++)
        if (strstr(preflight("https://a.example", odd[i]), usual) == NULL)
            fail_msg("%s", odd[i]);
    memset(many, 'a', sizeof(many) - 1);
    many[sizeof(many) - 1] = '\0';
    assert_non_null(strstr(preflight("https://a.example", many), usual));
}

static void test_accept(void **state)
{
    static const struct {
        const char *header;
        bool gzip;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"gzip", true},
        {"GZIP", true},
        {"x-gzip", true},
        {"gzip, deflate, br", true},
        {"deflate, gzip;q=1.0, *;q=0.5", true},
        {"br", false},
        {"gzip;q=0", false},
        {"gzip;q=0.000", false},
        {"gzip;q=0.001", true},
        {"gzip; q=0", false},
        {"gzip ;q=0", false},
        {"gzip;Q=0", false},
        {"*", true},
        {"*;q=0", false},
        {"gzip;q=0, *", false},
        {"*;q=0, gzip", true},
        {"gzip;q=0.5, identity", false},
        {"gzip;q=0.5, identity;q=0.5", true},
        {"gzip;q=0.5, identity;q=0.4", true},
        {"identity", false},
        {"identity;q=0, gzip;q=0.1", true},
        {"gzip;q=2", false},
        {"gzip;q=1.5", false},
        {"gzip;q=-1", false},
        {"gzip;q=", false},
        {"gzip;q=a", false},
        {"gzip;q=0.0001", false},
        {"gzip;level=1", false},
        {"gzipped", false},
        {",,gzip,,", true},
        {"  gzip\t", true},
        {";q=1", false},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_N(cases); i++)
        if (accept_gzip(cases[i].header) != cases[i].gzip)
            fail_msg("%s", cases[i].header);
}

static void test_gzip(void **state)
{
    static char text[100000], packed[101000], back[100000];
    struct gzip *gzip = gzip_new();

    (void)state;
    assert_non_null(gzip);
    for (size_t i = 0; i + 32 < sizeof(text); i += 18)
        snprintf(text + i, 32, "{\"player\":%06zu},", i);
    for (unsigned round = 0; round < 3; round++) { /* used again */
        z_stream stream = {0};
        size_t n = gzip_pack(gzip, text, sizeof(text), packed, sizeof(packed));
        assert_in_range(n, 1, sizeof(text) / 3);
        assert_int_equal(inflateInit2(&stream, 15 + 16), Z_OK);
        stream.next_in = (Bytef *)packed;
        stream.avail_in = (uInt)n;
        stream.next_out = (Bytef *)back;
        stream.avail_out = sizeof(back);
        assert_int_equal(inflate(&stream, Z_FINISH), Z_STREAM_END);
        inflateEnd(&stream);
        assert_memory_equal(text, back, sizeof(text));
    }
    assert_int_equal(gzip_pack(gzip, text, sizeof(text), packed, 64), 0); /* no room */
    srand(7);
    for (size_t i = 0; i < 1000; i++)
        text[i] = (char)rand();
    assert_int_equal(gzip_pack(gzip, text, 1000, packed, sizeof(packed)), 0); /* not smaller */
    assert_true(gzip_bound(1000) > 1000);
    gzip_free(gzip);
    gzip_free(NULL);
}

static void test_etag(void **state)
{
    static const struct {
        const char *list;
        bool listed;
    } cases[] = {
        {NULL, false},
        {"", false},
        {"*", true},
        {" *", true},
        {"\"abc\"", true},
        {"W/\"abc\"", true},
        {"\"x\", \"abc\"", true},
        {"\"x\",W/\"abc\" ", true},
        {"\"x\" , \"y\"", false},
        {"\"ab\"", false},
        {"\"abcd\"", false},
        {"abc", false},
        {"\"abc", false},
        {"\"x\"\"abc\"", false},
        {"w/\"abc\"", false},
        {"\"x,\"abc\"", false},
        {"\"a,b\", \"abc\"", true},
        {",,\"abc\"", true},
    };
    char one[ETAG_BYTES], two[ETAG_BYTES], weak[ETAG_BYTES];

    (void)state;
    etag_make("a", 1, false, one);
    etag_make("b", 1, false, two);
    etag_make("a", 1, true, weak);
    assert_string_not_equal(one, two);
    assert_int_equal(strlen(one), 24);
    assert_string_equal(weak + 2, one);
    assert_true(etag_listed(one, weak) && etag_listed(weak, one) && !etag_listed(two, one));
    assert_true(etag_same(one, one));
    assert_false(etag_same(weak, weak) || etag_same(weak, one) || etag_same(two, one));
    for (size_t i = 0; i < ARRAY_N(cases); i++)
        if (etag_listed(cases[i].list, "W/\"abc\"") != cases[i].listed ||
            etag_listed(cases[i].list, "\"abc\"") != cases[i].listed)
            fail_msg("%s", cases[i].list);
}

static void test_problem(void **state)
{
    char out[PROBLEM_MAX_BYTES], detail[2000];
    struct problem problem = {404, "Player not found", NULL, NULL};
    size_t n = problem_write(&problem, out);

    (void)state;
    assert_int_equal(n, strlen("{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                               "\"detail\":\"Player not found\",\"error\":\"Player not found\"}"));
    assert_memory_equal(out,
                        "{\"type\":\"about:blank\",\"title\":\"Not Found\",\"status\":404,"
                        "\"detail\":\"Player not found\",\"error\":\"Player not found\"}",
                        n);
    problem = (struct problem){422, "A \"quoted\"\nline", "x", "must be a number"};
    n = problem_write(&problem, out);
    out[n] = '\0';
    assert_non_null(strstr(out, "\"error\":\"A \\\"quoted\\\"\\nline\""));
    assert_non_null(strstr(out, "\"errors\":[{\"field\":\"x\",\"reason\":\"must be a number\"}]"));
    memset(detail, 'x', sizeof(detail) - 1); /* too long for the room, or no UTF-8: a bare one */
    detail[sizeof(detail) - 1] = '\0';
    for (unsigned round = 0; round < 2; round++) {
        problem = (struct problem){500, round ? "\xff" : detail, NULL, NULL};
        n = problem_write(&problem, out);
        out[n] = '\0';
        assert_non_null(strstr(out, "\"error\":\"Internal Server Error\""));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_head),      cmocka_unit_test(test_room),
        cmocka_unit_test(test_date),      cmocka_unit_test(test_helmet),
        cmocka_unit_test(test_cors),      cmocka_unit_test(test_cors_origins),
        cmocka_unit_test(test_preflight), cmocka_unit_test(test_accept),
        cmocka_unit_test(test_gzip),      cmocka_unit_test(test_etag),
        cmocka_unit_test(test_problem),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
