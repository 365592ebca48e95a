/* test_turning.c -- what operators turn while the server runs, and how it is seen: options for a
 * while, the audit as it is written and searched, on both databases. */
#include "stage.h"

#include <stdlib.h>
#include <string.h>

#include "common/clock.h"
#include "stage_store.h"

static bool listed(const char *name, const char *what)
{
    char params[120];

    snprintf(params, sizeof(params), "{\"name\":\"%s\"}", name);
    return strstr(daemon_ask(&server, "config.list", params), what) != NULL;
}

/* A limit is turned while somebody plays, and holds for him at once; the reload takes it back. */
static void test_a_limit_is_turned(void **state)
{
    struct player *player;
    long long limited;

    (void)state;
    daemon_start(&server, NULL);
    player = player_new_account(party, &server, "alice");
    good("config.set", "{\"name\":\"limits.chats_per_10s\",\"value\":\"1\"}");
    assert_true(listed("limits.chats_per_10s", "\"source\":\"operator\""));
    assert_true(listed("limits.chats_per_10s", " UTC\""));
    assert_true(daemon_said(&server, "event=option_changed option=limits.chats_per_10s value=1"));
    limited = daemon_metric(&server, "openmmo_rate_limited_total");
    for (unsigned i = 0; i < 4; i++)
        player_chat(player, PROTOCOL_CHANNEL_GLOBAL, "hello");
    UNTIL(party, DEADLINE_MS, daemon_metric(&server, "openmmo_rate_limited_total") > limited);
    bad("config.set", "{\"name\":\"limits.chats_per_10s\",\"value\":\"0\"}", "out of range");
    bad("config.set", "{\"name\":\"http.proxy_header\",\"value\":\"yes\"}",
        "needs http.trusted_proxies");
    bad("config.set", "{\"name\":\"http.assets\",\"value\":\"/\"}", "told by the file only");
    bad("config.set", "{\"name\":\"net.listen\",\"value\":\"127.0.0.1:1\"}", "takes a restart");
    bad("config.set", "{\"name\":\"errors.dsn\",\"value\":\"tuna42\"}", "is a secret");
    assert_true(listed("limits.chats_per_10s", "\"value\":\"1\""));
    good("log.level", "{\"level\":\"debug\"}");
    assert_true(listed("log.level", "\"value\":\"debug\""));
    good("config.reset", "{\"name\":\"limits.chats_per_10s\"}");
    assert_true(listed("limits.chats_per_10s", "\"source\":\"default\""));
    assert_true(listed("log.level", "\"value\":\"debug\""));
    good("server.reload", "{}");
    assert_true(listed("log.level", "\"value\":\"info\""));
    bad("config.reset", "{}", "no option is set by an operator");
    assert_false(daemon_said(&server, "tuna42"));
    assert_int_equal(sql("SELECT count(*) FROM audit WHERE detail LIKE '%tuna42%'"), 0);
    assert_int_equal(sql("SELECT count(*) FROM audit WHERE method = 'config.set'"), 6);
    stage_expect_walking(player, DEADLINE_MS);
}

/* How many rows a search finds. */
static size_t found(const char *params)
{
    json_t *result = result_of("audit.list", params);
    size_t n = json_array_size(json_object_get(result, "rows"));

    json_decref(result);
    return n;
}

static void test_the_audit_is_searched(void **state)
{
    char params[120];
    json_t *result, *row;
    long long between_ms;

    (void)state;
    daemon_start(&server, NULL);
    good("announce", "{\"text\":\"one\"}");
    good("server.save", "{}");
    result = result_of("audit.list", "{\"limit\":1}");
    row = json_array_get(json_object_get(result, "rows"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "method")), "server.save");
    between_ms = json_integer_value(json_object_get(row, "at_ms")) + 1;
    json_decref(result);
    UNTIL(NULL, DEADLINE_MS, (long long)clock_wall_ms() > between_ms);
    good("announce", "{\"text\":\"two\"}");
    bad("players.kick", "{\"name\":\"nobody\"}", "nobody");
    assert_int_equal(found("{}"), 4);
    assert_int_equal(found("{\"method\":\"announce\"}"), 2);
    assert_int_equal(found("{\"method\":\"players.\"}"), 1);
    assert_int_equal(found("{\"by\":\"nobody at all\"}"), 0);
    snprintf(params, sizeof(params), "{\"since_ms\":%lld}", between_ms);
    assert_int_equal(found(params), 2);
    snprintf(params, sizeof(params), "{\"until_ms\":%lld,\"method\":\"announce\"}", between_ms);
    assert_int_equal(found(params), 1);
}

/* Who ended it is on record, though the database is let go of. */
static void test_the_end_is_on_record(void **state)
{
    (void)state;
    daemon_start(&server, NULL);
    stage_expect_walking(player_new_account(party, &server, "alice"), DEADLINE_MS);
    good("server.shutdown", "{\"reason\":\"new disks\"}");
    assert_int_equal(daemon_wait_exit(&server), 0);
    assert_int_equal(
        sql("SELECT count(*) FROM audit WHERE method = 'server.shutdown' AND outcome = "
            "'ok' AND detail LIKE '%new disks%' AND actor <> ''"),
        1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED_BOTH(test_a_limit_is_turned, NULL),
        STAGED_BOTH(test_the_audit_is_searched, NULL),
        STAGED_BOTH(test_the_end_is_on_record, NULL),
    };

    return cmocka_run_group_tests(tests, pg_cluster_begin, pg_cluster_end);
}
