/* test_request.c -- what is made of a request before its handler: whose it is behind proxies, its
 * route, its body. By tables of good and malformed ones. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "http/body.h"
#include "http/forwarded.h"
#include "http/router.h"
#include "net/address.h"

/* ---- whose ---- */

/* clang-format off */
static const struct { const char *text, *address; } addresses[] = {
    {"192.0.2.7", "192.0.2.7:0"},
    {"192.0.2.7:51234", "192.0.2.7:51234"},
    {"2001:db8::1", "[2001:db8::1]:0"},
    {"[2001:db8::1]", "[2001:db8::1]:0"},
    {"[2001:db8::1]:443", "[2001:db8::1]:443"},
    {"::ffff:192.0.2.7", "192.0.2.7:0"},
    {"::", "[::]:0"},
    {"", NULL}, {":", NULL}, {"[", NULL}, {"[]", NULL}, {"[]:1", NULL}, {"]", NULL},
    {"192.0.2", NULL}, {"192.0.2.256", NULL}, {"192.0.2.7:", NULL}, {"192.0.2.7:65536", NULL},
    {"192.0.2.7:-1", NULL}, {"192.0.2.7:1a", NULL}, {"192.0.2.7 ", NULL}, {" 192.0.2.7", NULL},
    {"192.0.2.07", NULL}, {"0x7f.1", NULL}, {"[192.0.2.7]:80", NULL}, {"[2001:db8::1]443", NULL},
    {"[2001:db8::1]:", NULL}, {"2001:db8::1%eth0", NULL}, {"2001:db8:::1", NULL}, {"unknown", NULL},
    {"_hidden", NULL}, {"\"[2001:db8::1]\"", NULL}, {"192.0.2.7:000000001", NULL},
    {"1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa:bbbb:cccc", NULL},
};

static const struct { const char *name, *lines, *address; bool https; } heads[] = {
    {"none", "", "10.0.0.1:80", false},
    {"one", "X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7:0", false},
    {"the rightmost", "X-Forwarded-For: 192.0.2.1, 192.0.2.7\r\n", "192.0.2.7:0", false},
    {"behind a proxy of ours", "X-Forwarded-For: 192.0.2.1, 192.0.2.7, 10.1.1.1\r\n", "192.0.2.7:0", false},
    {"all are ours", "X-Forwarded-For: 10.3.3.3, 10.2.2.2\r\n", "10.3.3.3:0", false},
    {"two headers", "X-Forwarded-For: 192.0.2.1\r\nx-forwarded-FOR: 192.0.2.7\r\n", "192.0.2.7:0", false},
    {"the second is ours", "X-Forwarded-For: 192.0.2.1\r\nX-Forwarded-For: 10.2.2.2\r\n", "192.0.2.1:0", false},
    {"no address", "X-Forwarded-For: me\r\n", "10.0.0.1:80", false},
    {"no address behind ours", "X-Forwarded-For: me, 10.2.2.2\r\n", "10.2.2.2:0", false},
    {"empty", "X-Forwarded-For:\r\n", "10.0.0.1:80", false},
    {"commas", "X-Forwarded-For: ,,\r\n", "10.0.0.1:80", false},
    {"https", "X-Forwarded-Proto: https\r\n", "10.0.0.1:80", true},
    {"HTTPS", "X-Forwarded-Proto: HTTPS\r\n", "10.0.0.1:80", true},
    {"the nearest", "X-Forwarded-Proto: http, https\r\n", "10.0.0.1:80", true},
    {"not the nearest", "X-Forwarded-Proto: https,http\r\n", "10.0.0.1:80", false},
    {"something else", "X-Forwarded-Proto: httpss\r\n", "10.0.0.1:80", false},
    {"the last header", "X-Forwarded-Proto: https\r\nX-Forwarded-Proto: http\r\n", "10.0.0.1:80", false},
};
/* clang-format on */

static void test_addresses(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_N(addresses); i++) {
        struct sockaddr_storage address;
        char text[ADDRESS_TEXT_MAX] = "";
        int result = forwarded_parse(addresses[i].text, strlen(addresses[i].text), &address);

        if ((result == 0) != (addresses[i].address != NULL))
            fail_msg("%s: %d", addresses[i].text, result);
        if (result != 0)
            continue;
        address_text((const struct sockaddr *)&address, text);
        assert_string_equal(text, addresses[i].address);
    }
}

static void test_forwarded(void **state)
{
    static const char *const ours[] = {"10.0.0.0/8"};
    static const struct parse_limits limits = {4096, 1024, 4096};
    struct error error;
    struct network_list *trusted = network_list_new(ours, 1, &error);

    (void)state;
    assert_non_null(trusted);
    for (size_t i = 0; i < ARRAY_N(heads); i++) {
        struct parse_progress progress = {0};
        struct parse_head head;
        struct sockaddr_storage address;
        socklen_t len;
        char bytes[1024], text[ADDRESS_TEXT_MAX];
        int n =
            snprintf(bytes, sizeof(bytes), "GET / HTTP/1.1\r\nHost: t\r\n%s\r\n", heads[i].lines);

        assert_int_equal(address_parse("10.0.0.1:80", &address, &len, &error), 0);
        assert_int_equal(parse_head(bytes, (size_t)n, &limits, &progress, &head), PARSE_OK);
        forwarded_for(&head, bytes, trusted, &address);
        address_text((const struct sockaddr *)&address, text);
        if (strcmp(text, heads[i].address) != 0)
            fail_msg("%s: %s", heads[i].name, text);
        if (forwarded_https(&head, bytes) != heads[i].https)
            fail_msg("%s: https %d", heads[i].name, !heads[i].https);
    }
    network_list_free(trusted);
}

/* ---- its route ---- */

static void test_routes(void **state)
{
    static const struct {
        enum http_method method;
        const char *path;
        int status; /* 200: a route is found */
        const char *first;
    } rows[] = {
        {HTTP_GET, "/health", 200, ""},
        {HTTP_HEAD, "/health", 200, ""},
        {HTTP_GET, "/health/", 200, ""},
        {HTTP_GET, "/health//", 404, NULL},
        {HTTP_GET, "/Health", 404, NULL},
        {HTTP_GET, "//health", 404, NULL},
        {HTTP_GET, "/healt", 404, NULL},
        {HTTP_GET, "/healthy", 404, NULL},
        {HTTP_GET, "/", 404, NULL},
        {HTTP_GET, "*", 404, NULL},
        {HTTP_POST, "/health", 405, NULL},
        {HTTP_OPTIONS, "/health", 204, NULL},
        {HTTP_GET, "/api/players/17", 200, "17"},
        {HTTP_GET, "/api/players/17/", 200, "17"},
        {HTTP_GET, "/api/players/17/position", 200, "17"},
        {HTTP_POST, "/api/players/17/position", 200, "17"},
        {HTTP_DELETE, "/api/players/17/position", 405, NULL},
        {HTTP_GET, "/api/players/%31%37", 200, "17"},
        {HTTP_GET, "/api/players/a%2Fb", 200, "a/b"},
        {HTTP_GET, "/api/players//position", 404, NULL},
        {HTTP_GET, "/api/players/%zz", 400, NULL},
        {HTTP_GET, "/api/players/%00", 400, NULL},
        {HTTP_GET, "/api/players/%ff", 400, NULL},
        {HTTP_GET, "/api/players/%", 400, NULL},
    };
    static char lengthy[ROUTER_PARAMS_BYTES + 64] = "/api/players/";
    struct router_match match;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(rows); i++) {
        router_find(rows[i].method, rows[i].path, strlen(rows[i].path), &match);
        if ((match.route != NULL) != (rows[i].status == 200) ||
            (match.route == NULL && match.status != rows[i].status))
            fail_msg("%s %s: %d", http_method_name(rows[i].method), rows[i].path, match.status);
        if (rows[i].first != NULL && rows[i].first[0] != '\0')
            assert_string_equal(match.text + match.params[0], rows[i].first);
    }
    memset(lengthy + strlen(lengthy), '1', ROUTER_PARAMS_BYTES + 10);
    router_find(HTTP_GET, lengthy, strlen(lengthy), &match);
    assert_null(match.route);
    assert_int_equal(match.status, 400);
}

/* No row hides another: what each path says leads to it. */
static void test_each_route(void **state)
{
    (void)state;
    for (unsigned i = 0; i < routes_n; i++) {
        struct router_match match;
        char path[256];
        size_t n = 0;

        for (const char *p = routes[i].path; *p != '\0' && n < sizeof(path) - 2; p++)
            if (*p == ':' || *p == '*') {
                path[n++] = '7';
                while (p[1] != '\0' && p[1] != '/')
                    p++;
            } else {
                path[n++] = *p;
            }
        router_find(routes[i].method, path, n, &match);
        if (match.route != &routes[i])
            fail_msg("%s %s is hidden", http_method_name(routes[i].method), routes[i].path);
        assert_non_null(routes[i].run);
        if (routes[i].auth != ROUTE_PUBLIC)
            assert_int_equal(routes[i].thread, ROUTE_ON_CONTROL);
    }
}

/* ---- its body ---- */

static const struct route_field fields[] = {
    {"name", ROUTE_STRING, false, 1, 8, NULL},
    {"x", ROUTE_NUMBER, true, -10, 10, NULL},
    {"n", ROUTE_INTEGER, true, 1, 5, NULL},
    {"on", ROUTE_BOOL, true, 0, 0, NULL},
};
static const struct route_schema schema = {fields, ARRAY_N(fields), 422, NULL};

/* clang-format off */
static const struct { const char *text; int status; const char *field; } bodies[] = {
    {"{\"name\":\"anna\"}", 0, NULL},
    {"{\"name\":\"anna\",\"x\":1.5,\"n\":3,\"on\":true,\"more\":[1,{}]}", 0, NULL},
    {" {\"name\" : \"a\"} \n", 0, NULL},
    {"{\"name\":\"\\u0041\"}", 0, NULL},
    {"", 400, ""}, {"null", 400, ""}, {"[]", 400, ""}, {"1", 400, ""}, {"\"name\"", 400, ""},
    {"{", 400, ""}, {"{\"name\":\"anna\"", 400, ""}, {"{\"name\":\"anna\"}x", 400, ""},
    {"{\"name\":\"anna\",}", 400, ""}, {"{name:\"anna\"}", 400, ""}, {"{'name':'anna'}", 400, ""},
    {"{\"name\":\"anna\",\"name\":\"bob\"}", 400, ""},
    {"{\"name\":\"a\\u0000b\"}", 400, ""},
    {"{\"name\":\"\xff\"}", 400, ""},
    {"{\"name\":\"anna\",\"x\":NaN}", 400, ""},
    {"{\"name\":\"anna\",\"x\":1e999}", 422, "x"},
    {"{\"name\":\"anna\",\"n\":99999999999999999999}", 422, "n"},
    {"{\"a\":[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]],\"name\":\"anna\"}", 400, ""},
    {"{}", 422, "name"}, {"{\"name\":null}", 422, "name"}, {"{\"name\":1}", 422, "name"},
    {"{\"name\":\"\"}", 422, "name"}, {"{\"name\":\"123456789\"}", 422, "name"},
    {"{\"name\":\"anna\",\"x\":\"1\"}", 422, "x"}, {"{\"name\":\"anna\",\"x\":10.5}", 422, "x"},
    {"{\"name\":\"anna\",\"n\":1.0}", 422, "n"}, {"{\"name\":\"anna\",\"n\":6}", 422, "n"},
    {"{\"name\":\"anna\",\"on\":1}", 422, "on"},
};
/* clang-format on */

static void test_bodies(void **state)
{
    (void)state;
    for (size_t i = 0; i < ARRAY_N(bodies); i++) {
        struct body_fault fault;
        json_t *body = body_read(bodies[i].text, strlen(bodies[i].text), &schema, &fault);

        if ((body != NULL) != (bodies[i].status == 0))
            fail_msg("%s: %s", bodies[i].text, fault.detail);
        if (body != NULL) {
            json_decref(body);
            continue;
        }
        if (fault.status != bodies[i].status || strcmp(fault.field, bodies[i].field) != 0)
            fail_msg("%s: %d, %s, %s", bodies[i].text, fault.status, fault.field, fault.detail);
        assert_true(fault.detail[0] != '\0');
    }
    assert_true(body_is_json("application/json"));
    assert_true(body_is_json("Application/JSON; charset=utf-8"));
    assert_false(body_is_json(NULL));
    assert_false(body_is_json("text/plain"));
    assert_false(body_is_json("application/jsonx"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_addresses), cmocka_unit_test(test_forwarded),
        cmocka_unit_test(test_routes),    cmocka_unit_test(test_each_route),
        cmocka_unit_test(test_bodies),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
