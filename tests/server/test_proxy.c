/* test_proxy.c -- the PROXY header's parser by a table of good and malformed ones, each also cut at
 * every byte; lists of networks; and which io thread is chosen. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "net/address.h"
#include "net/network.h"
#include "net/proxy.h"
#include "play/balance.h"

#define SIGNATURE "\r\n\r\n\0\r\nQUIT\n"
#define V4        "\xc0\x00\x02\x07\x0a\x00\x00\x01\xc8\x39\x1e\x61"
#define V6                                                                                         \
    "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x01"                             \
    "\x20\x01\x0d\xb8\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\xc8\x39\x1e\x61"
#define ROW(text) text, sizeof(text) - 1

struct row {
    const char *name, *bytes;
    size_t n;
    enum proxy_result result;
    const char *source; /* NULL: unspecified */
    size_t header_bytes;
};

/* clang-format off */
static const struct row rows[] = {
    {"TCP4", ROW(SIGNATURE "\x21\x11\x00\x0c" V4), PROXY_OK, "192.0.2.7:51257", 28},
    {"TCP6", ROW(SIGNATURE "\x21\x21\x00\x24" V6), PROXY_OK, "[2001:db8::1]:51257", 52},
    {"more behind it", ROW(SIGNATURE "\x21\x11\x00\x0c" V4 "\x16\x03\x01"), PROXY_OK, "192.0.2.7:51257", 28},
    {"TLVs", ROW(SIGNATURE "\x21\x11\x00\x14" V4 "\x03\x00\x04" "abcd" "\x04"), PROXY_OK, "192.0.2.7:51257", 36},
    {"LOCAL", ROW(SIGNATURE "\x20\x00\x00\x00"), PROXY_OK, NULL, 16},
    {"LOCAL with addresses", ROW(SIGNATURE "\x20\x11\x00\x0c" V4), PROXY_OK, NULL, 28},
    {"LOCAL of a strange family", ROW(SIGNATURE "\x20\x99\x00\x02" "xy"), PROXY_OK, NULL, 18},
    {"PROXY, unspecified", ROW(SIGNATURE "\x21\x00\x00\x02" "xy"), PROXY_OK, NULL, 18},
    {"nothing", ROW(""), PROXY_MORE, NULL, 16},
    {"half a signature", ROW("\r\n\r\n\0\r"), PROXY_MORE, NULL, 16},
    {"no body yet", ROW(SIGNATURE "\x21\x11\x00\x0c"), PROXY_MORE, NULL, 28},
    {"the longest, to come", ROW(SIGNATURE "\x21\x11\x08\x00"), PROXY_MORE, NULL, 16 + 2048},
    {"too long", ROW(SIGNATURE "\x21\x11\x08\x01"), PROXY_BAD, NULL, 0},
    {"far too long", ROW(SIGNATURE "\x21\x11\xff\xff"), PROXY_BAD, NULL, 0},
    {"version 1, in text", ROW("PROXY TCP4 192.0.2.7 10.0.0.1 51257 7777\r\n"), PROXY_BAD, NULL, 0},
    {"version 1 in binary", ROW(SIGNATURE "\x11\x11\x00\x0c" V4), PROXY_BAD, NULL, 0},
    {"version 3", ROW(SIGNATURE "\x31\x11\x00\x0c" V4), PROXY_BAD, NULL, 0},
    {"command 2", ROW(SIGNATURE "\x22\x11\x00\x0c" V4), PROXY_BAD, NULL, 0},
    {"UDP", ROW(SIGNATURE "\x21\x12\x00\x0c" V4), PROXY_BAD, NULL, 0},
    {"a Unix socket", ROW(SIGNATURE "\x21\x31\x00\xd8"), PROXY_BAD, NULL, 0},
    {"TCP4, too short", ROW(SIGNATURE "\x21\x11\x00\x0b" V4), PROXY_BAD, NULL, 0},
    {"TCP6, as short as TCP4", ROW(SIGNATURE "\x21\x21\x00\x0c" V4), PROXY_BAD, NULL, 0},
    {"TLS", ROW("\x16\x03\x01\x02\x00\x01"), PROXY_BAD, NULL, 0},
    {"a wrong last byte of the signature", ROW("\r\n\r\n\0\r\nQUIT\r\x21\x11\x00\x0c" V4), PROXY_BAD, NULL, 0},
};
/* clang-format on */

static void test_table(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        struct proxy_header header;
        char text[ADDRESS_TEXT_MAX] = "";
        if (proxy_parse((const uint8_t *)row->bytes, row->n, &header) != row->result)
            fail_msg("%s", row->name);
        if (row->result == PROXY_BAD)
            continue;
        if (header.header_bytes != row->header_bytes)
            fail_msg("%s: %zu bytes", row->name, header.header_bytes);
        assert_int_equal(header.source.ss_family == AF_UNSPEC, row->source == NULL);
        if (row->source == NULL)
            continue;
        address_text((const struct sockaddr *)&header.source, text);
        assert_string_equal(text, row->source);
    }
}

/* Cut anywhere, a good one wants more, and says so much that reading that far goes nowhere beyond.
 */
static void test_cut(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const struct row *row = &rows[i];
        for (size_t n = 0; row->result == PROXY_OK && n < row->header_bytes; n++) {
            uint8_t *exact = malloc(n + 1);
            struct proxy_header header;
            memcpy(exact, row->bytes, n);
            exact[n] = 0xee;
            if (proxy_parse(exact, n, &header) != PROXY_MORE)
                fail_msg("%s, cut at %zu", row->name, n);
            assert_in_range(header.header_bytes, n + 1, row->header_bytes);
            free(exact);
        }
    }
}

static bool holds(const struct network_list *list, const char *text)
{
    struct sockaddr_storage address;
    socklen_t len_bytes;
    struct error error;

    assert_int_equal(address_parse(text, &address, &len_bytes, &error), 0);
    return network_list_holds(list, (const struct sockaddr *)&address);
}

static void test_networks(void **state)
{
    static const char *const cidrs[] = {"10.1.0.0/16", "2001:db8::/33", "192.0.2.7"};
    static const char *const bad[] = {"10.0.0.0/8", "10.0.0/8"};
    struct error error = {""};
    struct network_list *list = network_list_new(cidrs, 3, &error);

    (void)state;
    assert_true(holds(list, "10.1.255.255:1") && holds(list, "192.0.2.7:1"));
    assert_true(holds(list, "[2001:db8:7fff::1]:1") && holds(list, "[::ffff:10.1.2.3]:1"));
    assert_false(holds(list, "10.2.0.0:1") || holds(list, "192.0.2.6:1"));
    assert_false(holds(list, "[2001:db8:8000::1]:1") || holds(NULL, "10.1.0.0:1"));
    network_list_free(list);
    list = network_list_new(NULL, 0, &error);
    assert_false(holds(list, "10.1.0.0:1"));
    network_list_free(list);
    assert_null(network_list_new(bad, 2, &error));
    assert_non_null(strstr(error.text, "10.0.0/8"));
    assert_int_equal(network_check("::/129", &error), -1);
}

/* ---- which thread ---- */

static void test_balance(void **state)
{
    /* clang-format off */
    static const struct {
        const char *name;
        struct balance_load loads[4];
        unsigned n, chosen;
    } cases[] = {
        {"one", {{5, 900000, 5, false}}, 1, 0},
        {"nobody yet: the first", {{0}, {0}}, 2, 0},
        {"the fewest", {{3, 0, 3, false}, {2, 0, 2, false}}, 2, 1},
        {"a little busier does not count", {{9, 210000, 9, false}, {10, 200000, 10, false}}, 2, 0},
        {"much busier does", {{9, 500000, 9, false}, {10, 200000, 10, false}}, 2, 1},
        {"not yet busy, but about to be", {{10, 200000, 10, false}, {30, 200000, 10, false}}, 2, 0},
        {"the dear ones' thread until the others caught up", {{10, 900000, 10, false}, {40, 100000, 40, false}, {41, 100000, 41, false}}, 3, 1},
        {"those who left do not count", {{20, 300000, 20, false}, {1, 600000, 100, false}}, 2, 1},
        {"never one that is stuck", {{0, 0, 0, true}, {50, 900000, 50, false}}, 2, 1},
        {"unless all are", {{9, 0, 0, true}, {5, 0, 0, true}}, 2, 0},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        unsigned chosen = balance_choose(cases[i].loads, cases[i].n);
        if (chosen != cases[i].chosen)
            fail_msg("%s: %u", cases[i].name, chosen);
    }
}

/* A hundred at once, on threads of unlike load: given out so that all expect the same, not by turns
 * to the one that was the least busy when last looked at. */
static void test_balance_burst(void **state)
{
    struct balance_load loads[2] = {{50, 500000, 50, false}, {50, 100000, 50, false}};

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        loads[balance_choose(loads, 2)].sessions_n++;
    assert_in_range(loads[1].sessions_n, 100, 150);
    assert_in_range(loads[0].sessions_n, 50, 100);
    assert_true(loads[0].sessions_n > 50); /* the other one became as loaded */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_table),         cmocka_unit_test(test_cut),
        cmocka_unit_test(test_networks),      cmocka_unit_test(test_balance),
        cmocka_unit_test(test_balance_burst),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
