/* test_address.c -- the address table: limits an address, networks without limits, bounded memory
 * under a flood. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "net/address.h"

static const struct address_limits limits = {
    .before_login = 3,
    .opening = {.tokens = 10, .period_ms = 1000, .burst = 5},
};

static const struct sockaddr *at(const char *text)
{
    static struct sockaddr_storage rooms[4];
    static unsigned next;
    struct sockaddr_storage *room = &rooms[next++ % 4];
    socklen_t len_bytes;

    assert_int_equal(address_parse(text, room, &len_bytes, NULL), 0);
    return (const struct sockaddr *)room;
}

static void test_limits(void **state)
{
    struct address_table *table = address_table_new(16, &limits);

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(address_opened(table, at("192.0.2.1:1"), 0), ADDRESS_OK);
    assert_int_equal(address_opened(table, at("192.0.2.1:2"), 0), ADDRESS_TOO_MANY);
    assert_int_equal(address_opened(table, at("192.0.2.2:1"), 0), ADDRESS_OK);
    /* who has logged in makes room, once */
    address_logged_in(table, at("192.0.2.1:1"));
    assert_int_equal(address_opened(table, at("192.0.2.1:2"), 0), ADDRESS_OK);
    assert_int_equal(address_opened(table, at("192.0.2.1:3"), 0), ADDRESS_TOO_MANY);
    address_closed(table, at("192.0.2.1:1"), true);
    assert_int_equal(address_opened(table, at("192.0.2.1:3"), 0), ADDRESS_TOO_MANY);
    address_closed(table, at("192.0.2.1:2"), false);
    assert_int_equal(address_opened(table, at("192.0.2.1:3"), 0), ADDRESS_OK);
    address_closed(table, at("192.0.2.1:3"), false);
    assert_int_equal(address_opened(table, at("192.0.2.1:4"), 0), ADDRESS_TOO_FAST);
    assert_int_equal(address_opened(table, at("192.0.2.1:4"), 100), ADDRESS_OK);
    address_table_free(table);
}

static void test_what_is_one_address(void **state)
{
    struct address_table *table = address_table_new(16, &limits);

    (void)state;
    assert_int_equal(address_opened(table, at("[2001:db8:0:1::1]:1"), 0), ADDRESS_OK);
    assert_int_equal(address_opened(table, at("[2001:db8:0:1:ffff::2]:1"), 0), ADDRESS_OK);
    assert_int_equal(address_table_n(table), 1); /* one /64 */
    assert_int_equal(address_opened(table, at("[2001:db8:0:2::1]:1"), 0), ADDRESS_OK);
    assert_int_equal(address_table_n(table), 2);
    assert_int_equal(address_opened(table, at("192.0.2.1:1"), 0), ADDRESS_OK);
    assert_int_equal(address_opened(table, at("[::ffff:192.0.2.1]:1"), 0), ADDRESS_OK);
    assert_int_equal(address_table_n(table), 3);
    address_table_free(table);
}

static void test_exempt(void **state)
{
    static const char *const good[] = {"10.0.0.0/8", "2001:db8::/33", "192.0.2.7"};
    static const char *const bad[] = {"10.0.0.0/33", "10.0.0/8",  "2001:db8::/129", "",
                                      "/8",          "10.0.0.0/", "10.0.0.0/8x",    "10.0.0.0/-1",
                                      "localhost"};
    struct address_table *table = address_table_new(16, &limits);
    struct error error = {{0}};

    (void)state;
    assert_int_equal(address_table_exempt(table, good, 3, &error), 0);
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(address_table_exempt(table, &bad[i], 1, &error), -1);
        assert_true(strlen(error.text) > 0);
    }
    for (unsigned i = 0; i < 100; i++) {
        assert_int_equal(address_opened(table, at("10.255.0.1:1"), 0), ADDRESS_OK);
        assert_int_equal(address_opened(table, at("[2001:db8:7fff::1]:1"), 0), ADDRESS_OK);
        assert_int_equal(address_opened(table, at("192.0.2.7:1"), 0), ADDRESS_OK);
    }
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(address_opened(table, at("11.0.0.1:1"), 0), ADDRESS_OK);
        assert_int_equal(address_opened(table, at("[2001:db8:8000::1]:1"), 0), ADDRESS_OK);
        assert_int_equal(address_opened(table, at("192.0.2.8:1"), 0), ADDRESS_OK);
    }
    assert_int_equal(address_opened(table, at("11.0.0.1:1"), 0), ADDRESS_TOO_MANY);
    assert_int_equal(address_opened(table, at("[2001:db8:8000::1]:1"), 0), ADDRESS_TOO_MANY);
    assert_int_equal(address_opened(table, at("192.0.2.8:1"), 0), ADDRESS_TOO_MANY);
    address_table_free(table);
}

/* A million addresses must not grow it, nor push out one that has connections. */
static void test_flood(void **state)
{
    struct address_table *table = address_table_new(1000, &limits);
    size_t bytes = address_table_bytes(table);
    struct sockaddr_in address = {.sin_family = AF_INET};

    (void)state;
    for (unsigned i = 0; i < 3; i++)
        assert_int_equal(address_opened(table, at("192.0.2.1:1"), 0), ADDRESS_OK);
    for (uint32_t i = 0; i < 1000000; i++) {
        address.sin_addr.s_addr = htonl(0x0b000000u + i);
        assert_int_equal(address_opened(table, (struct sockaddr *)&address, i / 1000), ADDRESS_OK);
        address_closed(table, (struct sockaddr *)&address, false);
    }
    assert_int_equal(address_table_n(table), 1000);
    assert_int_equal(address_table_bytes(table), bytes);
    assert_int_equal(address_opened(table, at("192.0.2.1:1"), 1000), ADDRESS_TOO_MANY);
    address_table_free(table);
}

/* All held addresses have connections: the next one is refused, and let in when one has gone. */
static void test_full(void **state)
{
    struct address_table *table = address_table_new(2, &limits);

    (void)state;
    assert_int_equal(address_opened(table, at("192.0.2.1:1"), 0), ADDRESS_OK);
    assert_int_equal(address_opened(table, at("192.0.2.2:1"), 0), ADDRESS_OK);
    assert_int_equal(address_opened(table, at("192.0.2.3:1"), 0), ADDRESS_TOO_MANY);
    address_closed(table, at("192.0.2.1:1"), false);
    assert_int_equal(address_opened(table, at("192.0.2.3:1"), 0), ADDRESS_OK);
    address_table_free(table);
}

static void test_parse(void **state)
{
    static const char *const bad[] = {"",      "127.0.0.1",      "127.0.0.1:",  "127.0.0.1:65536",
                                      ":7777", "[::1:7777",      "::1:7777",    "127.0.0.1:77x",
                                      "[]:1",  "localhost:7777", "[::1]x:7777", "1.2.3:7777"};
    struct sockaddr_storage address;
    socklen_t len_bytes;
    char text[ADDRESS_TEXT_MAX];
    struct error error;

    (void)state;
    for (unsigned i = 0; i < 12; i++) {
        error.text[0] = '\0';
        assert_int_equal(address_parse(bad[i], &address, &len_bytes, &error), -1);
        assert_true(strlen(error.text) > 0);
    }
    address_text(at("127.0.0.1:7777"), text);
    assert_string_equal(text, "127.0.0.1:7777");
    address_text(at("[2001:db8::1]:1"), text);
    assert_string_equal(text, "[2001:db8::1]:1");
    address_text(at("[::ffff:192.0.2.1]:80"), text);
    assert_string_equal(text, "192.0.2.1:80");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_limits), cmocka_unit_test(test_what_is_one_address),
        cmocka_unit_test(test_exempt), cmocka_unit_test(test_flood),
        cmocka_unit_test(test_full),   cmocka_unit_test(test_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
