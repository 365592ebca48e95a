/* test_bans.c -- bans in memory: how networks are written, and who is judged, against a model that
 * looks at each ban in turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "accounts/ban_table.h"
#include "accounts/bans.h"
#include "common/compiler.h"
#include "net/address.h"

#define NOW 1700000000000u

/* ---- networks ---- */

static void test_how_a_network_is_written(void **state)
{
    static const struct {
        const char *text, *canonical;
        bool exact; /* no host bits */
    } good[] = {
        {"192.0.2.7", "192.0.2.7", true},
        {"192.0.2.7/32", "192.0.2.7", true},
        {"192.0.2.7/24", "192.0.2.0/24", false},
        {"192.0.2.128/25", "192.0.2.128/25", true},
        {"192.0.2.192/25", "192.0.2.128/25", false},
        {"0.0.0.0/0", "0.0.0.0/0", true},
        {"255.255.255.255/1", "128.0.0.0/1", false},
        {"::ffff:192.0.2.7", "192.0.2.7", true},
        {"::ffff:192.0.2.0/120", "192.0.2.0/24", true},
        {"::ffff:0:0/96", "0.0.0.0/0", true},
        {"::/0", "::/0", true},
        {"2001:DB8::1/128", "2001:db8::1", true},
        {"2001:db8:0:0:1::/48", "2001:db8::/48", false},
        {"2001:db8:8000::/33", "2001:db8:8000::/33", true},
        {"2001:db8:c000::/33", "2001:db8:8000::/33", false},
    };
    static const char *const bad[] = {
        "",
        "/",
        "/24",
        "192.0.2",
        "192.0.2.7/",
        "192.0.2.7/33",
        "192.0.2.7/-1",
        "192.0.2.7/+8",
        "192.0.2.7/ 8",
        "192.0.2.7/8 ",
        " 192.0.2.7",
        "192.0.2.256",
        "192.0.2.7/8/8",
        "::1/129",
        ":::",
        "2001:db8::g",
        "::1%eth0",
        "[::1]",
        "anna",
        "1.2.3.4'; DROP TABLE bans; --",
        "2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:2001:db8:1",
        "192.0.2.7/99999999999999999999",
        "0x7f.1",
        "127.1",
    };
    (void)state;
    for (size_t i = 0; i < ARRAY_N(good); i++) {
        struct network network, again;
        char text[NETWORK_TEXT_MAX];

        assert_int_equal(network_parse(good[i].text, &network, NULL), 0);
        assert_int_equal(network_mask(&network), good[i].exact);
        network_text(&network, text);
        assert_string_equal(text, good[i].canonical);
        assert_int_equal(network_parse(text, &again, NULL), 0);
        assert_memory_equal(again.address, network.address, NETWORK_BYTES);
        assert_int_equal(again.bits, network.bits);
        assert_true(network_mask(&again));
    }
    for (size_t i = 0; i < ARRAY_N(bad); i++) {
        struct network network;
        struct error error = {""};

        assert_int_equal(network_parse(bad[i], &network, &error), -1);
        assert_true(error.text[0] != '\0');
    }
}

static void test_what_may_be_banned(void **state)
{
    static const char *const good[] = {"10.0.0.0/8",    "192.0.2.7",     "2001::/16",
                                       "::1",           "2001:db8::/64", "::ffff:10.0.0.0/104",
                                       "::fffe:0:0/96", "64:ff9b::/96",  "::/96"};
    static const char *const too_wide[] = {"0.0.0.0/0", "128.0.0.0/7",   "::/0",
                                           "::/15",     "::/16",         "::/64",
                                           "::/80",     "::ffff:0:0/96", "::ff00:0:0/88"};
    struct network network;
    struct error error = {""};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(good); i++)
        if (bans_network_parse(good[i], &network, &error) != 0)
            fail_msg("%s", error.text);
    for (size_t i = 0; i < ARRAY_N(too_wide); i++) {
        error.text[0] = '\0';
        if (bans_network_parse(too_wide[i], &network, &error) == 0)
            fail_msg("%s may be banned", too_wide[i]);
        assert_non_null(strstr(error.text, "too wide"));
    }
}

/* ---- the table ---- */

static struct ban *ban_of(uint64_t id, uint64_t player, const char *network, uint64_t expires_ms)
{
    struct ban *ban = calloc(1, sizeof(*ban));

    assert_non_null(ban);
    ban->id = id;
    ban->target.player = player;
    if (network != NULL)
        assert_int_equal(network_parse(network, &ban->target.network, NULL), 0);
    ban->expires_ms = expires_ms;
    snprintf(ban->reason, sizeof(ban->reason), "reason %u", (unsigned)id);
    return ban;
}

/* The id of the ban that judges an address, 0: none. */
static uint64_t judge(const struct ban_table *table, const char *address, uint64_t now_ms)
{
    struct sockaddr_storage at;
    socklen_t len_bytes;
    const struct ban *ban;

    assert_int_equal(address_parse(address, &at, &len_bytes, NULL), 0);
    ban = ban_table_address(table, (const struct sockaddr *)&at, now_ms);
    return ban != NULL ? ban->id : 0;
}

static void test_accounts(void **state)
{
    struct ban_table *table = ban_table_new();

    (void)state;
    assert_null(ban_table_account(table, 7, NOW));
    assert_int_equal(ban_table_put(table, ban_of(1, 7, NULL, 0)), 0);
    assert_int_equal(ban_table_put(table, ban_of(2, 8, NULL, NOW + 1000)), 0);
    assert_int_equal(ban_table_account(table, 7, NOW)->id, 1);
    assert_string_equal(ban_table_account(table, 7, NOW)->reason, "reason 1");
    assert_int_equal(ban_table_account(table, 8, NOW + 999)->id, 2);
    assert_null(ban_table_account(table, 8, NOW + 1000)); /* over, and nobody had to say so */
    assert_null(ban_table_account(table, 9, NOW));
    assert_null(ban_table_account(table, 0, NOW));
    /* a newer one of the same target takes its place; the id is not known any more */
    assert_int_equal(ban_table_put(table, ban_of(3, 7, NULL, NOW + 5)), 0);
    assert_int_equal(ban_table_n(table), 2);
    assert_int_equal(ban_table_account(table, 7, NOW)->id, 3);
    assert_false(ban_table_remove(table, 1));
    assert_true(ban_table_remove(table, 3));
    assert_false(ban_table_remove(table, 3));
    assert_null(ban_table_account(table, 7, NOW));
    ban_table_expire(table, NOW + 999);
    assert_int_equal(ban_table_n(table), 1);
    ban_table_expire(table, NOW + 1000);
    assert_int_equal(ban_table_n(table), 0);
    assert_int_equal(ban_table_put(table, ban_of(4, 7, NULL, 0)), 0);
    ban_table_remove_player(table, 0);
    ban_table_remove_player(table, 8);
    ban_table_remove_player(table, 7);
    assert_int_equal(ban_table_n(table), 0);
    ban_table_free(table);
}

static void test_addresses(void **state)
{
    struct ban_table *table = ban_table_new();

    (void)state;
    assert_int_equal(ban_table_put(table, ban_of(1, 0, "192.0.2.0/24", 0)), 0);
    assert_int_equal(ban_table_put(table, ban_of(2, 0, "192.0.2.7", NOW + 1000)), 0);
    assert_int_equal(ban_table_put(table, ban_of(3, 0, "2001:db8::/32", 0)), 0);
    assert_int_equal(ban_table_put(table, ban_of(4, 7, NULL, 0)), 0); /* an account is no network */
    assert_int_equal(judge(table, "192.0.2.7:1", NOW), 2);
    assert_int_equal(judge(table, "192.0.2.7:1", NOW + 1000), 1); /* the shorter one holds on */
    assert_int_equal(judge(table, "192.0.2.8:9", NOW), 1);
    assert_int_equal(judge(table, "[::ffff:192.0.2.7]:1", NOW), 2); /* mapped is IPv4 */
    assert_int_equal(judge(table, "192.0.3.7:1", NOW), 0);
    assert_int_equal(judge(table, "[::192.0.2.7]:1", NOW), 0); /* compatible is not mapped */
    assert_int_equal(judge(table, "[2001:db8:ffff::1]:1", NOW), 3);
    assert_int_equal(judge(table, "[2001:db9::1]:1", NOW), 0);
    /* host bits do not make another network */
    assert_int_equal(ban_table_put(table, ban_of(5, 0, "192.0.2.99/24", 0)), 0);
    assert_int_equal(ban_table_n(table), 4);
    assert_int_equal(judge(table, "192.0.2.8:9", NOW), 5);
    assert_true(ban_table_remove(table, 5));
    assert_int_equal(judge(table, "192.0.2.8:9", NOW), 0);
    /* one that is no address of the internet */
    assert_null(ban_table_address(table, &(struct sockaddr){.sa_family = AF_UNIX}, NOW));
    assert_int_equal(ban_table_put(table, ban_of(6, 0, "::/0", 0)), 0);
    assert_int_equal(judge(table, "203.0.113.1:1", NOW), 6);
    assert_null(ban_table_address(table, &(struct sockaddr){.sa_family = AF_UNIX}, NOW));
    ban_table_free(table);
}

/* ---- the model ---- */

#define MODEL_MAX 400

struct model_row {
    uint64_t id, player, expires_ms;
    struct network network;
};
static struct model_row model[MODEL_MAX];
static unsigned model_n;
static uint64_t seed = 20261123;

static uint32_t random_below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + 1442695040888963407u;
    return (uint32_t)(seed >> 33) % n;
}

/* Few different bytes, so that networks lie in one another. */
static void random_address(struct sockaddr_storage *address)
{
    memset(address, 0, sizeof(*address));
    if (random_below(2) == 0) {
        struct sockaddr_in *v4 = (struct sockaddr_in *)address;
        uint8_t bytes[4] = {10, (uint8_t)random_below(2), (uint8_t)random_below(4),
                            (uint8_t)random_below(256)};

        v4->sin_family = AF_INET;
        memcpy(&v4->sin_addr, bytes, 4);
    } else {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;

        v6->sin6_family = AF_INET6;
        if (random_below(4) == 0) { /* mapped */
            memset(v6->sin6_addr.s6_addr + 10, 0xff, 2);
            v6->sin6_addr.s6_addr[12] = 10;
            v6->sin6_addr.s6_addr[14] = (uint8_t)random_below(4);
        } else {
            v6->sin6_addr.s6_addr[0] = 0x20;
            v6->sin6_addr.s6_addr[7] = (uint8_t)random_below(4);
        }
        v6->sin6_addr.s6_addr[15] = (uint8_t)random_below(256);
    }
}

static bool same_bits(const uint8_t *a, const uint8_t *b, unsigned bits)
{
    for (unsigned i = 0; i < bits; i++) {
        if (((a[i / 8] ^ b[i / 8]) >> (7 - i % 8) & 1) != 0)
            return false;
    }
    return true;
}

static bool model_same(const struct model_row *row, const struct ban_target *target)
{
    if (target->player != 0 || row->player != 0)
        return row->player == target->player;
    return row->network.bits == target->network.bits &&
           same_bits(row->network.address, target->network.address, row->network.bits);
}

static void model_drop(unsigned i)
{
    model[i] = model[--model_n];
}

static void model_put(const struct ban *ban)
{
    for (unsigned i = 0; i < model_n; i++) {
        if (model_same(&model[i], &ban->target))
            model_drop(i--);
    }
    model[model_n++] =
        (struct model_row){ban->id, ban->target.player, ban->expires_ms, ban->target.network};
}

static uint64_t model_address(const struct sockaddr_storage *address, uint64_t now_ms)
{
    const struct model_row *best = NULL;
    uint8_t bytes[NETWORK_BYTES];

    network_bytes((const struct sockaddr *)address, bytes);
    for (unsigned i = 0; i < model_n; i++) {
        const struct model_row *row = &model[i];

        if (row->player != 0 || (row->expires_ms != 0 && row->expires_ms <= now_ms))
            continue;
        if (same_bits(row->network.address, bytes, row->network.bits) &&
            (best == NULL || row->network.bits > best->network.bits))
            best = row;
    }
    return best != NULL ? best->id : 0;
}

static uint64_t model_account(uint64_t player, uint64_t now_ms)
{
    for (unsigned i = 0; i < model_n; i++) {
        if (model[i].player == player && (model[i].expires_ms == 0 || model[i].expires_ms > now_ms))
            return model[i].id;
    }
    return 0;
}

static struct ban *random_ban(uint64_t id, uint64_t now_ms)
{
    struct sockaddr_storage address;
    struct ban *ban;

    if (random_below(3) == 0) {
        ban = ban_of(id, 1 + random_below(40), NULL, 0);
    } else {
        random_address(&address);
        ban = ban_of(id, 0, NULL, 0);
        network_bytes((const struct sockaddr *)&address, ban->target.network.address);
        ban->target.network.bits =
            (uint8_t)(random_below(6) == 0 ? random_below(129) : 96 + random_below(33));
    }
    if (random_below(2) == 0)
        ban->expires_ms = now_ms + random_below(400);
    return ban;
}

static void test_against_a_model(void **state)
{
    struct ban_table *table = ban_table_new();
    uint64_t now_ms = NOW, id = 0;
    unsigned banned = 0, looked = 0;

    (void)state;
    for (unsigned step = 0; step < 20000; step++) {
        unsigned what = random_below(10);

        now_ms += random_below(3);
        if (what < 4 && model_n < MODEL_MAX) {
            struct ban *ban = random_ban(++id, now_ms);

            model_put(ban);
            assert_int_equal(ban_table_put(table, ban), 0);
        } else if (what < 5 && model_n > 0) {
            unsigned i = random_below(model_n);

            assert_true(ban_table_remove(table, model[i].id));
            model_drop(i);
        } else if (what < 6) {
            ban_table_expire(table, now_ms);
            for (unsigned i = 0; i < model_n; i++) {
                if (model[i].expires_ms != 0 && model[i].expires_ms <= now_ms)
                    model_drop(i--);
            }
            assert_int_equal(ban_table_n(table), model_n);
        } else {
            uint64_t player = random_below(42);
            struct sockaddr_storage address;
            const struct ban *ban = ban_table_account(table, player, now_ms);

            assert_int_equal(ban != NULL ? ban->id : 0,
                             player != 0 ? model_account(player, now_ms) : 0);
            random_address(&address);
            ban = ban_table_address(table, (const struct sockaddr *)&address, now_ms);
            assert_int_equal(ban != NULL ? ban->id : 0, model_address(&address, now_ms));
            banned += ban != NULL;
            looked++;
        }
    }
    assert_true(banned > looked / 10 && banned < looked); /* both were seen */
    ban_table_free(table);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_how_a_network_is_written),
        cmocka_unit_test(test_what_may_be_banned),
        cmocka_unit_test(test_accounts),
        cmocka_unit_test(test_addresses),
        cmocka_unit_test(test_against_a_model),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
