/* test_admin_shown.c -- what operators are shown of a make-believe server: its state, who plays,
 * alerts, times and addresses. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <arpa/inet.h>

#include "admin/roster.h"
#include "admin/samples.h"
#include "common/clock.h"
#include "common/compiler.h"
#include "peer.h"

static void status_says_all(void **state)
{
    struct peer *peer = peer_new();
    json_t *status;
    const char *name, *driver;
    json_int_t here, uptime_s, budget_us, clients;

    (void)state;
    metrics_observe(METRIC_TICK_US, 3000);
    status = result(peer, "server.status", "{}");
    assert_int_equal(json_unpack(status, "{s:s, s:I, s:{s:I}, s:{s:I}, s:{s:s}, s:{s:I}}", "name",
                                 &name, "uptime_s", &uptime_s, "players", "here", &here, "tick",
                                 "budget_us", &budget_us, "store", "driver", &driver, "admin",
                                 "clients", &clients),
                     0);
    assert_string_equal(name, "Fake");
    assert_string_equal(driver, "sqlite");
    assert_int_equal(here, 5);
    assert_in_range(uptime_s, 3660, 3670);
    assert_int_equal(budget_us, 50000);
    assert_int_equal(clients, 1);
    json_decref(status);
    peer_free(peer);
}

static void players_are_sorted_filtered_and_cut(void **state)
{
    /* clang-format off */
    static const struct { const char *params, *names; json_int_t matched; } CASES[] = {
        {"{}", "anna Bjorn walker0003 walker0004 \xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99 ", 5},
        {"{\"sort\":\"in\",\"descending\":true,\"limit\":2}", "walker0004 walker0003 ", 5},
        {"{\"sort\":\"in\",\"limit\":2,\"offset\":1}", "Bjorn \xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99 ", 5},
        {"{\"sort\":\"cost\",\"descending\":true,\"limit\":2}", "walker0003 Bjorn ", 5},
        {"{\"filter\":\"WALK\"}", "walker0003 walker0004 ", 2},
        {"{\"filter\":\"192.0.2.1:\"}", "Bjorn ", 1},
        {"{\"filter\":\"x\"}", "", 0},
        {"{\"filter\":\"walk 0004\"}", "walker0004 ", 1},
        {"{\"filter\":\"walk rtt>110\"}", "walker0003 walker0004 ", 2},
        {"{\"filter\":\"rtt>111.5 rtt<150\"}", "walker0004 ", 1},
        {"{\"filter\":\"RTT<1\"}", "anna ", 1},
        {"{\"filter\":\"shift=2\"}", "\xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99 ", 1},
        {"{\"filter\":\"cpu>1.6 out>14\"}", "Bjorn walker0003 \xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99 ", 3},
        {"{\"filter\":\"kind=web\"}", "", 0},
        {"{\"filter\":\"kind=native is=gues\", \"limit\":1}", "anna ", 5}, /* not finished: no condition yet */
        {"{\"filter\":\"rtt> in<\", \"limit\":1}", "anna ", 5},
        {"{\"filter\":\"is=away\"}", "", 0},
        {"{\"filter\":\"size>3\"}", "", 0}, /* no figure: a part of no name */
        {"{\"sort\":\"cost_us_per_s\",\"descending\":true,\"limit\":2}", "walker0003 \xe6\x9d\x8e\xe5\xb0\x8f\xe9\xbe\x99 ", 5},
        {"{\"sort\":\"out_per_s\",\"limit\":1}", "anna ", 5},
        {"{\"offset\":5}", "", 5},
    };
    /* clang-format on */
    struct peer *peer = peer_new();

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        json_t *list = result(peer, "players.list", CASES[i].params), *player;
        char names[256] = "";
        size_t at;

        json_array_foreach(json_object_get(list, "players"), at, player)
        {
            strcat(names, json_string_value(json_object_get(player, "name")));
            strcat(names, " ");
        }
        assert_string_equal(names, CASES[i].names);
        assert_int_equal(json_integer_value(json_object_get(list, "matched")), CASES[i].matched);
        json_decref(list);
    }
    peer_free(peer);
}

/* Who asks for the same a moment later is given the same; who asks for another list, later, or
 * after something was changed is not. */
static void a_list_is_made_once_for_all_who_look(void **state)
{
    struct roster roster = {0};
    struct roster_order order = {NULL, "in", false};
    size_t n;

    (void)state;
    assert_int_equal(roster_rows(&roster, NULL, &order, 1000, &n)[0].figures.bytes_in, 0);
    assert_int_equal(n, 5);
    fake_host_players(6);
    roster_rows(&roster, NULL, &order, 1000 + ROSTER_KEPT_MS - 1, &n);
    assert_int_equal(n, 5);
    roster_rows(&roster, NULL, &order, 1000 + ROSTER_KEPT_MS, &n);
    assert_int_equal(n, 6);
    fake_host_players(5);
    roster_expire(&roster);
    roster_rows(&roster, NULL, &order, 1000 + ROSTER_KEPT_MS, &n);
    assert_int_equal(n, 5);
    order.descending = true;
    assert_int_equal(
        roster_rows(&roster, NULL, &order, 1001 + ROSTER_KEPT_MS, &n)[0].figures.bytes_in, 4000);
    order.filter = "walk";
    roster_rows(&roster, NULL, &order, 1001 + ROSTER_KEPT_MS, &n);
    assert_int_equal(n, 2);
    roster_fini(&roster);
}

/* What an operator just did, he sees. */
static void what_was_done_is_seen_at_once(void **state)
{
    struct peer *peer = peer_new();

    (void)state;
    for (json_int_t left = 5; left > 3; left--) {
        json_t *list = result(peer, "players.list", "{}");

        assert_int_equal(json_integer_value(json_object_get(list, "matched")), left);
        json_decref(list);
        json_decref(result(peer, "players.kick",
                           left == 5 ? "{\"name\":\"anna\"}" : "{\"name\":\"Bjorn\"}"));
    }
    peer_free(peer);
}

/* The rungs as they are, and the overview of them in server.status. */
static void the_ladder_is_shown(void **state)
{
    struct ladder_facts facts = {.threads_n = 1, .floor_max = 4, .tempo_permille = 400};
    struct ladder_acts acts;
    struct peer *peer = peer_new();
    json_t *value = result(peer, "server.ladder", "{}"), *rungs, *status;

    (void)state;
    assert_int_equal(json_integer_value(json_object_get(value, "rung")), 0);
    assert_string_equal(json_string_value(json_object_get(value, "words")), "all is well");
    json_decref(value);
    ladder_look(&fake_host.ladder, &facts, 1700000000000, &acts);
    value = result(peer, "server.ladder", "{}");
    rungs = json_object_get(value, "rungs");
    assert_int_equal(json_array_size(rungs), 5);
    assert_true(json_is_true(json_object_get(json_array_get(rungs, 4), "active")));
    assert_false(json_is_true(json_object_get(json_array_get(rungs, 3), "active")));
    assert_int_equal(json_integer_value(json_object_get(value, "rung")), 5);
    assert_int_equal(json_integer_value(json_object_get(value, "since_ms")), 1700000000000);
    assert_string_equal(json_string_value(json_object_get(value, "words")),
                        "the world runs at 40 %, for the simulation's step");
    json_decref(value);
    status = result(peer, "server.status", "{}");
    assert_int_equal(json_integer_value(json_object_get(json_object_get(status, "ladder"), "rung")),
                     5);
    json_decref(status);
    peer_free(peer);
}

/* Active ones, the gravest first, then what is over; all rules; how many in server.status. */
static void the_alerts_are_shown(void **state)
{
    struct alerts_facts facts = {.tempo_permille = 1000,
                                 .certificate_s = 5 * 86400,
                                 .memory_free_permille = 500,
                                 .disk_free_permille = 7,
                                 .journal_stopped = true};
    struct peer *peer = peer_new();
    json_t *value, *row, *status;

    (void)state;
    for (unsigned i = 1; i <= 30; i++) {
        facts.now_ms = i * UINT64_C(1000);
        facts.wall_ms = 1700000000000 + facts.now_ms;
        facts.ticks += 20;
        facts.journal_stopped = i < 20;
        alerts_look(&fake_host.alerts, &facts);
    }
    value = result(peer, "alerts.list", "{\"recent\":5}");
    assert_int_equal(json_array_size(json_object_get(value, "active")), 2);
    row = json_array_get(json_object_get(value, "active"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "alert")), "DiskShort");
    assert_string_equal(json_string_value(json_object_get(row, "severity")), "page");
    assert_string_equal(json_string_value(json_object_get(row, "words")),
                        "0.7 % of the state directory's disk is free");
    assert_string_equal(json_string_value(json_object_get(row, "advice")),
                        "make room before nothing can be saved");
    assert_true(json_real_value(json_object_get(row, "value")) == 0.7);
    assert_true(json_real_value(json_object_get(row, "threshold")) == 5);
    assert_int_equal(json_integer_value(json_object_get(row, "since_ms")), 1700000011000);
    row = json_array_get(json_object_get(value, "active"), 1);
    assert_string_equal(json_string_value(json_object_get(row, "alert")), "CertificateExpiring");
    row = json_array_get(json_object_get(value, "recent"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "alert")), "JournalStopped");
    assert_int_equal(json_integer_value(json_object_get(row, "since_ms")), 1700000001000);
    assert_int_equal(json_integer_value(json_object_get(row, "cleared_ms")), 1700000020000);
    json_decref(value);
    value = result(peer, "alerts.list", "{\"recent\":0}");
    assert_int_equal(json_array_size(json_object_get(value, "recent")), 0);
    json_decref(value);
    value = result(peer, "alerts.rules", "{}");
    row = json_array_get(json_object_get(value, "rules"), 8);
    assert_string_equal(json_string_value(json_object_get(row, "alert")), "StoreAway");
    assert_int_equal(json_integer_value(json_object_get(row, "raise_s")), 5);
    json_decref(value);
    status = result(peer, "server.status", "{}");
    row = json_object_get(status, "alerts");
    assert_int_equal(json_integer_value(json_object_get(row, "active")), 2);
    assert_int_equal(json_integer_value(json_object_get(row, "page")), 1);
    json_decref(status);
    peer_free(peer);
}

static void the_worst_are_shown(void **state)
{
    static const struct worst_record tick = {.kind = WORST_TICK,
                                             .tick = 77,
                                             .at_ms = 1000,
                                             .real_us = 36000,
                                             .cpu_us = 35000,
                                             .of.tick = {.step_us = 31000, .commands = 812}};
    static const struct worst_record sweep = {.kind = WORST_SWEEP,
                                              .thread = 0,
                                              .at_ms = 1000,
                                              .real_us = 9000,
                                              .cpu_us = 8500,
                                              .of.sweep = {.sessions = 700, .blocks = 5000}};
    struct peer *peer = peer_new();
    json_t *value, *row;

    (void)state;
    worst_note(fake_host.worst, 0, &tick);
    worst_note(fake_host.worst, 1, &sweep);
    worst_take(fake_host.worst, 1000);
    value = result(peer, "server.worst", "{}");
    row = json_array_get(json_object_get(value, "ticks"), 0);
    assert_int_equal(json_integer_value(json_object_get(row, "tick")), 77);
    assert_int_equal(json_integer_value(json_object_get(row, "step_us")), 31000);
    assert_non_null(strstr(json_string_value(json_object_get(row, "cause")), "the step took 31.0"));
    row = json_array_get(json_object_get(value, "sweeps"), 0);
    assert_int_equal(json_integer_value(json_object_get(row, "sessions")), 700);
    assert_non_null(strstr(json_string_value(json_object_get(row, "cause")), "700 players"));
    json_decref(value);
    value = result(peer, "server.profile", "{}");
    assert_non_null(
        strstr(json_string_value(json_object_get(json_object_get(value, "worst"), "cause")),
               "the step took 31.0"));
    json_decref(value);
    peer_free(peer);
}

static json_t *named(json_t *list, const char *name)
{
    json_t *row;
    size_t i;

    json_array_foreach(list, i, row)
    {
        if (strcmp(json_string_value(json_object_get(row, "name")), name) == 0)
            return row;
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static json_int_t number_of(json_t *object, const char *member)
{
    return json_integer_value(json_object_get(object, member));
}

/* Two seconds pass as the desk's clock sees them; in the later one ticks and sweeps are long. */
static void the_profile_is_of_its_window(void **state)
{
    static struct samples samples;
    struct metrics_histogram window;

    (void)state;
    memset(&samples, 0, sizeof(samples));
    assert_int_equal(samples_init(&samples, 2), 0);
    metrics_member(METRIC_GROUP_SWEEP_THREAD_US, 1, "thread=\"1\"");
    metrics_member_observe(METRIC_GROUP_SWEEP_THREAD_US, 1, 900000);
    metrics_observe(METRIC_TICK_STEP_US, 900000);
    samples_take(&samples, 1000, 5000);
    metrics_set(METRIC_PLAYERS, 7);
    for (int i = 0; i < 20; i++) {
        metrics_observe(METRIC_TICK_STEP_US, 3000);
        metrics_member_observe(METRIC_GROUP_SWEEP_THREAD_US, 1, 100);
    }
    samples_take(&samples, 2000, 6000);
    metrics_set(METRIC_PLAYERS, 3);
    metrics_observe(METRIC_TICK_STEP_US, 40000);
    metrics_add(METRIC_TICKS_OVER_BUDGET, 2);
    samples_take(&samples, 3000, 7000);
    assert_int_equal(samples_window(&samples, SAMPLES_STEP, 60, &window), 2000);
    assert_int_equal(window.count, 21); /* and not what was before the first sample */
    assert_int_equal(window.sum_us, 100000);
    assert_int_equal(samples_times_of(&window).max_us, 65536);
    assert_int_equal(samples_window(&samples, SAMPLES_STEP, 1, &window), 1000);
    assert_int_equal(window.count, 1);
    assert_int_equal(samples_window_of_thread(&samples, 1, 10, &window), 2000);
    assert_int_equal(window.count, 20);
    assert_int_equal(samples_times_of(&window).max_us, 128);
    samples_window_of_thread(&samples, 0, 10, &window);
    assert_int_equal(window.count, 0);
    assert_int_equal(samples_counted(&samples, SAMPLES_OVER_BUDGET, 10), 2);
    assert_int_equal(samples.peak, 7);
    assert_int_equal(samples.peak_at_ms, 6000);
    assert_null(samples_minute(&samples, 0));
    for (uint64_t ms = 4000; ms <= 121000; ms += 1000)
        samples_take(&samples, ms, ms + 4000);
    assert_int_equal(samples_minute(&samples, 1)->players_max, 7);
    assert_int_equal(samples_minute(&samples, 0)->players_max, 3);
    assert_null(samples_minute(&samples, 2));
    metrics_set(METRIC_PLAYERS, 0);
    samples_fini(&samples);
}

static void the_profile_is_shown(void **state)
{
    struct peer *peer = peer_new();
    json_t *value, *step, *thread;

    (void)state;
    metrics_observe(METRIC_TICK_STEP_US, 20000);
    value = result(peer, "server.profile", "{\"seconds\":10}");
    assert_int_equal(number_of(value, "budget_us"), 50000);
    assert_int_equal(json_array_size(json_object_get(value, "bounds_us")), METRICS_BUCKETS - 1);
    step = named(json_object_get(value, "times"), "step");
    assert_non_null(json_object_get(step, "buckets"));
    assert_non_null(named(json_object_get(value, "times"), "real"));
    assert_int_equal(json_array_size(json_object_get(value, "threads")), 2);
    assert_true(json_is_null(json_object_get(value, "worst")));
    thread = json_array_get(json_object_get(value, "threads"), 1);
    assert_int_equal(number_of(thread, "sessions"), 4);
    assert_int_equal(number_of(thread, "busy_permille"), 120);
    assert_int_equal(number_of(thread, "floor"), 1);
    json_decref(value);
    value = result(peer, "metrics.history", "{\"span\":\"hour\"}");
    assert_int_equal(number_of(value, "interval_ms"), 60000);
    assert_int_equal(json_array_size(json_object_get(value, "players")), 0); /* none is over */
    json_decref(value);
    peer_free(peer);
}

/* -- addresses -- */

static void tally_of(uint32_t host, enum tally_count count, uint64_t n)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(host)};

    tally_add(fake_host.tally, (struct sockaddr *)&in, count, n, clock_steady_ms());
}

/* The networks of an answer, one behind the other. */
static const char *networks(struct peer *peer, const char *params)
{
    static char text[1024];
    json_t *value = result(peer, "network.addresses", params), *row;
    size_t i;

    text[0] = '\0';
    json_array_foreach(json_object_get(value, "addresses"), i, row)
    {
        strcat(text, json_string_value(json_object_get(row, "network")));
        strcat(text, " ");
    }
    json_decref(value);
    return text;
}

static void addresses_are_sorted_filtered_and_cut(void **state)
{
    struct peer *peer = peer_new();
    json_t *value, *row;

    (void)state;
    tally_of(0xc0000201, TALLY_LOGIN_FAILED, 3);
    tally_of(0xc0000202, TALLY_LOGIN_FAILED, 61);
    tally_of(0xc0000203, TALLY_BYTES_IN, 5000);
    tally_of(0xc6336401, TALLY_REFUSED, 40);
    assert_string_equal(networks(peer, "{}"), "192.0.2.2 198.51.100.1 192.0.2.1 192.0.2.3 ");
    assert_string_equal(networks(peer, "{\"sort\":\"failures\",\"limit\":1}"), "192.0.2.2 ");
    assert_string_equal(networks(peer, "{\"sort\":\"in\",\"limit\":1}"), "192.0.2.3 ");
    assert_string_equal(networks(peer, "{\"filter\":\"192.0\",\"descending\":false}"),
                        "192.0.2.3 192.0.2.1 192.0.2.2 ");
    assert_string_equal(networks(peer, "{\"filter\":\"203\"}"), "");
    for (uint32_t i = 0; i < 600; i++)
        tally_of(0x0a000000 + i, TALLY_LIMITED, 100 + i);
    value = result(peer, "network.addresses", "{\"sort\":\"limited\",\"limit\":500}");
    assert_int_equal(json_array_size(json_object_get(value, "addresses")), 500);
    assert_int_equal(json_integer_value(json_object_get(value, "known")), 604);
    for (size_t i = 0; i < 500; i++) {
        row = json_array_get(json_object_get(value, "addresses"), i);
        assert_int_equal(json_integer_value(json_object_get(row, "limited")), 699 - i);
        assert_string_equal(json_string_value(json_object_get(row, "state")), "ok");
    }
    json_decref(value);
    peer_free(peer);
}

/* Who looks at the same at once is told the same, until a moment is over or something was changed.
 */
static void what_was_told_is_told_again_for_a_moment(void **state)
{
    struct peer *peer = peer_new();
    uint64_t end_ms = now_ms() + DEADLINE_MS;

    (void)state;
    tally_of(0xc0000201, TALLY_LOGIN_FAILED, 3);
    assert_string_equal(networks(peer, "{}"), "192.0.2.1 ");
    tally_of(0xc0000202, TALLY_LOGIN_FAILED, 1);
    assert_string_equal(networks(peer, "{\"limit\":7}"), "192.0.2.1 192.0.2.2 "); /* another */
    while (strcmp(networks(peer, "{}"), "192.0.2.1 192.0.2.2 ") != 0)
        assert_true(now_ms() < end_ms);
    tally_of(0xc0000203, TALLY_LOGIN_FAILED, 2);
    json_decref(ask(peer, "announce", "{\"text\":\"a change\"}"));
    assert_string_equal(networks(peer, "{}"), "192.0.2.1 192.0.2.3 192.0.2.2 ");
    peer_free(peer);
}

static void who_is_held_back_is_shown_with_the_reason(void **state)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(0xc0000207)};
    struct peer *peer = peer_new();
    uint64_t now = clock_steady_ms();
    json_t *value, *row;

    (void)state;
    tally_of(0xc0000201, TALLY_LOGIN_FAILED, 3); /* that is no lock yet */
    tally_of(0xc0000207, TALLY_REFUSED, 12);
    tally_block(fake_host.tally, (struct sockaddr *)&in, TALLY_CROWDED, now + 60000, now);
    value = result(peer, "network.blocked", "{}");
    assert_int_equal(json_integer_value(json_object_get(value, "matched")), 1);
    row = json_array_get(json_object_get(value, "addresses"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "network")), "192.0.2.7");
    assert_string_equal(json_string_value(json_object_get(row, "state")), "conn-capped");
    assert_true(json_integer_value(json_object_get(row, "until_ms")) > 0);
    assert_int_equal(json_integer_value(json_object_get(row, "hits")), 12);
    json_decref(value);
    value = result(peer, "network.show", "{\"network\":\"192.0.2.0/24\"}");
    assert_int_equal(json_integer_value(json_object_get(value, "addresses")), 2);
    assert_int_equal(json_integer_value(json_object_get(value, "hits")), 15);
    assert_int_equal(json_array_size(json_object_get(value, "sessions")), 5);
    row = json_array_get(json_object_get(value, "sessions"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "name")), "anna");
    json_decref(value);
    value = ask(peer, "network.unlock", "{\"network\":\"192.0.2.7\"}");
    assert_string_equal(message_of(value), "192.0.2.7 is not locked");
    json_decref(value);
    value = ask(peer, "network.unlock", "{\"network\":\"192.0.2.0/24\"}");
    assert_int_equal(code_of(value), JSONRPC_BAD_PARAMS);
    json_decref(value);
    value = ask(peer, "network.show", "{\"network\":\"nonsense\"}");
    assert_int_equal(code_of(value), JSONRPC_BAD_PARAMS);
    json_decref(value);
    peer_free(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HOST(status_says_all),
        WITH_HOST(players_are_sorted_filtered_and_cut),
        WITH_HOST(a_list_is_made_once_for_all_who_look),
        WITH_HOST(what_was_done_is_seen_at_once),
        WITH_HOST(the_ladder_is_shown),
        WITH_HOST(the_alerts_are_shown),
        WITH_HOST(the_worst_are_shown),
        cmocka_unit_test(the_profile_is_of_its_window),
        WITH_HOST(the_profile_is_shown),
        WITH_HOST(addresses_are_sorted_filtered_and_cut),
        WITH_HOST(what_was_told_is_told_again_for_a_moment),
        WITH_HOST(who_is_held_back_is_shown_with_the_reason),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
