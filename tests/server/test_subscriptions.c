/* test_subscriptions.c -- topics of the operator's socket against a make-believe server: what is
 * told when, and slow readers, who lose samples and hold up nobody. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "admin/audittail.h"
#include "admin/client.h"
#include "admin/method.h"
#include "admin/subscription.h"
#include "common/compiler.h"
#include "peer.h"

static json_t *notified(struct peer *peer, const char *topic)
{
    for (;;) {
        json_t *line = peer_hear(peer);
        const char *method = json_string_value(json_object_get(line, "method"));

        assert_non_null(line);
        if (method != NULL && strcmp(method, topic) == 0) {
            json_t *params = json_incref(json_object_get(line, "params"));

            json_decref(line);
            return params;
        }
        json_decref(line);
    }
}

static void topics_are_heard_again_and_again(void **state)
{
    struct peer *peer = peer_new();
    json_t *params;
    json_int_t id;

    (void)state;
    json_decref(result(peer, "subscribe", "{\"topic\":\"metrics\",\"interval_ms\":100}"));
    params = result(peer, "subscribe",
                    "{\"topic\":\"players\",\"interval_ms\":100,\"params\":{\"limit\":1}}");
    id = json_integer_value(json_object_get(params, "subscription"));
    json_decref(params);
    json_decref(result(peer, "subscribe", "{\"topic\":\"log\",\"interval_ms\":100}"));
    for (int i = 0; i < 3; i++) {
        json_decref(notified(peer, "metrics"));
        params = notified(peer, "players");
        assert_int_equal(json_integer_value(json_object_get(params, "subscription")), id);
        assert_int_equal(
            json_array_size(json_object_get(json_object_get(params, "data"), "players")), 1);
        json_decref(params);
    }
    json_decref(result(peer, "announce", "{\"text\":\"psst\"}"));
    params = notified(peer, "log");
    assert_int_equal(json_integer_value(json_object_get(params, "lost")), 0);
    json_decref(params);
    json_decref(result(peer, "unsubscribe", "{\"subscription\":1}"));
    peer_free(peer);
}

/* What changes something is seen by who looks on, nothing else; what is no row any more is counted.
 */
static void the_audit_is_told_as_it_is_written(void **state)
{
    struct peer *peer = peer_new();
    json_t *params, *row;

    (void)state;
    json_decref(result(peer, "subscribe", "{\"topic\":\"audit\",\"interval_ms\":100}"));
    json_decref(result(peer, "server.status", "{}"));
    json_decref(result(peer, "announce", "{\"text\":\"psst\"}"));
    json_decref(ask(peer, "players.kick", "{\"name\":\"nobody\"}"));
    params = notified(peer, "audit");
    assert_int_equal(json_array_size(json_object_get(json_object_get(params, "data"), "rows")), 2);
    row = json_array_get(json_object_get(json_object_get(params, "data"), "rows"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "method")), "announce");
    assert_true(json_is_null(json_object_get(row, "id"))); /* there is no database here */
    row = json_array_get(json_object_get(json_object_get(params, "data"), "rows"), 1);
    assert_memory_equal(json_string_value(json_object_get(row, "outcome")), "failed: ", 8);
    json_decref(params);
    peer_free(peer);
}

/* So many characters of three bytes each. */
static void put_euros(char *room, unsigned n)
{
    for (; n > 0; n--, room += 3)
        memcpy(room, "\xe2\x82\xac", 3);
    *room = '\0';
}

/* That the newest row of the audit has an outcome, and that it failed. */
static void failed_on_record(struct peer *peer)
{
    json_t *params = notified(peer, "audit");
    const json_t *rows = json_object_get(json_object_get(params, "data"), "rows");

    assert_int_equal(json_array_size(rows), 1);
    assert_memory_equal(json_string_value(json_object_get(json_array_get(rows, 0), "outcome")),
                        "failed: ", 8);
    json_decref(params);
}

/* A sentence that ends within a character is answered and on record all the same: one that was cut
 * itself, and one that is cut for the row. */
static void what_is_cut_within_a_character_is_told(void **state)
{
    struct peer *peer = peer_new();
    char euros[80 * 3 + 1], params[400];
    json_t *answer;

    (void)state;
    json_decref(result(peer, "subscribe", "{\"topic\":\"audit\",\"interval_ms\":100}"));
    put_euros(euros, 70);
    snprintf(params, sizeof(params), "{\"name\":\"log.level\",\"value\":\"%s\"}", euros);
    answer = ask(peer, "config.set", params);
    assert_int_equal(code_of(answer), JSONRPC_FAILED);
    assert_memory_equal(message_of(answer), "log.level: \"\xe2\x82\xac", 15);
    json_decref(answer);
    failed_on_record(peer);
    put_euros(euros, 80);
    fake_host.reload_fault = euros;
    answer = ask(peer, "server.reload", "{}");
    assert_string_equal(message_of(answer), euros);
    json_decref(answer);
    failed_on_record(peer);
    fake_host.reload_fault = NULL;
    peer_free(peer);
}

static void audit_rows_go_round(void **state)
{
    static struct audittail tail;
    json_t *rows[10];
    uint64_t after = 0, lost = 0;

    (void)state;
    for (int i = 1; i <= AUDITTAIL_ROWS + 44; i++)
        audittail_add(&tail, json_integer(i));
    audittail_add(&tail, NULL);
    assert_int_equal(audittail_read(&tail, &after, rows, ARRAY_N(rows), &lost), ARRAY_N(rows));
    assert_int_equal(lost, 44);
    assert_int_equal(after, 54);
    assert_int_equal(json_integer_value(rows[0]), 45);
    after = AUDITTAIL_ROWS + 43;
    assert_int_equal(audittail_read(&tail, &after, rows, ARRAY_N(rows), &lost), 1);
    assert_int_equal(json_integer_value(rows[0]), AUDITTAIL_ROWS + 44);
    assert_int_equal(audittail_read(&tail, &after, rows, ARRAY_N(rows), &lost), 0);
    audittail_clear(&tail);
}

/* At first, then only when something changed or while something is wrong. */
static void alerts_are_told_when_they_change(void **state)
{
    struct alerts_facts facts = {.now_ms = 1000,
                                 .wall_ms = 1700000000000,
                                 .tempo_permille = 1000,
                                 .certificate_s = INT64_MAX};
    struct peer *peer = peer_new();
    json_t *params;
    unsigned metrics_heard = 0;

    (void)state;
    json_decref(result(peer, "subscribe", "{\"topic\":\"alerts\",\"interval_ms\":100}"));
    params = notified(peer, "alerts");
    assert_int_equal(json_array_size(json_object_get(json_object_get(params, "data"), "active")),
                     0);
    json_decref(params);
    json_decref(result(peer, "subscribe", "{\"topic\":\"metrics\",\"interval_ms\":100}"));
    while (metrics_heard < 4) {
        json_t *line = peer_hear(peer);
        const char *method = json_string_value(json_object_get(line, "method"));

        assert_true(method == NULL || strcmp(method, "alerts") != 0);
        metrics_heard += method != NULL && strcmp(method, "metrics") == 0;
        json_decref(line);
    }
    facts.journal_stopped = true;
    alerts_look(&fake_host.alerts, &facts);
    for (unsigned i = 0; i < 3; i++) { /* as long as it is so */
        params = notified(peer, "alerts");
        assert_int_equal(
            json_array_size(json_object_get(json_object_get(params, "data"), "active")), 1);
        json_decref(params);
    }
    peer_free(peer);
}

/* One who does not read: his samples are lost and counted, his output stays bounded, another client
 * is answered at once meanwhile, and when he reads again he is told how many he lost. */
static void a_slow_subscriber_loses_samples_and_nobody_waits(void **state)
{
    struct peer *slow = peer_new(), *other = peer_new();
    int64_t dropped = metrics_value(METRIC_ADMIN_DROPPED);
    uint64_t end_ms = now_ms() + 2 * DEADLINE_MS;
    json_int_t lost = 0;

    (void)state;
    fake_host_players(500);
    json_decref(result(slow, "subscribe",
                       "{\"topic\":\"players\",\"interval_ms\":100,\"params\":{\"limit\":1000}}"));
    while (metrics_value(METRIC_ADMIN_DROPPED) < dropped + 3) {
        uint64_t asked_ms = now_ms();

        json_decref(result(other, "players.list", "{\"limit\":1}"));
        assert_true(now_ms() - asked_ms < 1000);
        assert_true(now_ms() < end_ms);
    }
    while (lost < 3) {
        json_t *params = notified(slow, "players");

        lost += json_integer_value(json_object_get(params, "lost"));
        json_decref(params);
        assert_true(now_ms() < end_ms);
    }
    peer_free(slow);
    peer_free(other);
}

static const char ASK_ALL[] =
    "{\"jsonrpc\":\"2.0\",\"method\":\"players.list\",\"params\":{\"limit\":1000},\"id\":1}\n";

/* He asks and does not read, until samples of his find no room. */
static void fill(struct peer *peer)
{
    fake_host_players(700);
    for (unsigned i = 0; i < 8; i++)
        peer_tell(peer, ASK_ALL);
}

static void until_dropped(int64_t more)
{
    uint64_t end_ms = now_ms() + 2 * DEADLINE_MS;
    int64_t dropped = metrics_value(METRIC_ADMIN_DROPPED);

    while (metrics_value(METRIC_ADMIN_DROPPED) < dropped + more) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
}

/* Who takes nothing while an alert ends is told so when he does: it would be said once. */
static void what_changed_unheard_is_told_later(void **state)
{
    struct alerts_facts facts = {.now_ms = 1000,
                                 .wall_ms = 1700000000000,
                                 .tempo_permille = 1000,
                                 .certificate_s = INT64_MAX,
                                 .journal_stopped = true};
    struct peer *slow = peer_new();
    uint64_t end_ms = now_ms() + 4 * DEADLINE_MS;
    bool over = false;

    (void)state;
    alerts_look(&fake_host.alerts, &facts);
    json_decref(result(slow, "subscribe", "{\"topic\":\"alerts\",\"interval_ms\":100}"));
    json_decref(notified(slow, "alerts"));
    json_decref(result(slow, "subscribe", "{\"topic\":\"metrics\",\"interval_ms\":100}"));
    fill(slow);
    until_dropped(2);
    facts.now_ms += 1000;
    facts.journal_stopped = false;
    alerts_look(&fake_host.alerts, &facts);
    until_dropped(3);
    while (!over) {
        json_t *params = notified(slow, "alerts");
        const json_t *data = json_object_get(params, "data");

        over = json_array_size(json_object_get(data, "active")) == 0;
        assert_true(!over || json_array_size(json_object_get(data, "recent")) == 1);
        json_decref(params);
        assert_true(now_ms() < end_ms);
    }
    peer_free(slow);
}

/* For who would not take it nothing is put together. */
static void no_time_goes_into_what_is_lost(void **state)
{
    struct peer *slow = peer_new();
    unsigned lists;

    (void)state;
    json_decref(result(slow, "subscribe",
                       "{\"topic\":\"players\",\"interval_ms\":100,\"params\":{\"limit\":1000}}"));
    json_decref(notified(slow, "players"));
    fill(slow);
    until_dropped(2);
    lists = fake_host.lists;
    until_dropped(5);
    assert_int_equal(fake_host.lists, lists);
    peer_free(slow);
}

/* One who listens: what he has room for, and whether he takes it then. */
struct ear {
    size_t room_bytes;
    bool deaf;
    unsigned tried, heard;
};

static int ear_say(void *context, const char *line, size_t len_bytes)
{
    struct ear *ear = context;

    assert_int_equal(line[len_bytes - 1], '\n');
    ear->tried++;
    ear->heard += !ear->deaf;
    return ear->deaf ? -1 : 0;
}

static size_t ear_room(const void *context)
{
    return ((const struct ear *)context)->room_bytes;
}

static void hear_until(struct event_base *base, const unsigned *count, unsigned n)
{
    uint64_t end_ms = now_ms() + DEADLINE_MS;

    while (*count < n) {
        assert_true(now_ms() < end_ms);
        event_base_loop(base, EVLOOP_ONCE);
    }
}

/* There seemed to be room, and it was too little: what is said once a change is tried again, then
 * said once. */
static void a_change_that_found_no_room_is_said_again(void **state)
{
    static struct alerts alerts;
    static struct audittail tail;
    struct event_base *base = event_base_new();
    struct logtail *logtail = logtail_new();
    struct admin_config config = {.base = base, .alerts = &alerts};
    struct method_desk desk = {.config = &config, .logtail = logtail, .audittail = &tail};
    struct ear ear = {SIZE_MAX, true, 0, 0};
    struct subscription_config asked = {.desk = &desk,
                                        .topic = topic_find("alerts"),
                                        .interval_ms = 100,
                                        .params = json_object(),
                                        .role = ROLE_VIEWER,
                                        .say = ear_say,
                                        .room = ear_room,
                                        .context = &ear};
    struct subscription *subscription = subscription_new(&asked);

    (void)state;
    hear_until(base, &ear.tried, 3);
    ear.deaf = false;
    hear_until(base, &ear.heard, 1);
    for (uint64_t end_ms = now_ms() + 500; now_ms() < end_ms;)
        event_base_loop(base, EVLOOP_ONCE);
    assert_int_equal(ear.heard, 1);
    subscription_free(subscription);
    json_decref(asked.params);
    logtail_free(logtail);
    event_base_free(base);
}

/* A sample that is longer than what may wait comes to who reads. */
static void a_long_sample_comes_to_who_reads(void **state)
{
    struct peer *peer = peer_new();

    (void)state;
    fake_host_players(1000);
    json_decref(result(peer, "subscribe",
                       "{\"topic\":\"players\",\"interval_ms\":100,\"params\":{\"limit\":1000}}"));
    for (int i = 0; i < 3; i++) {
        json_t *params = notified(peer, "players");

        assert_int_equal(
            json_array_size(json_object_get(json_object_get(params, "data"), "players")), 1000);
        json_decref(params);
    }
    peer_free(peer);
}

/* One who asks and asks and never reads is not read either, and harms nobody. */
static void who_never_reads_is_not_read(void **state)
{
    struct peer *deaf = peer_new(), *other = peer_new();
    unsigned sent = 0, refused = 0;

    (void)state;
    fake_host_players(700);
    while (refused < 200) {
        if (send(deaf->fd, ASK_ALL, sizeof(ASK_ALL) - 1, MSG_NOSIGNAL) == sizeof(ASK_ALL) - 1)
            sent++;
        else
            refused++;
        fake_host_turn();
        assert_true(sent < 20000);
    }
    json_decref(result(other, "server.status", "{}"));
    peer_free(deaf);
    peer_free(other);
}

static void many_come_and_go(void **state)
{
    (void)state;
    for (int round = 0; round < 20; round++) {
        struct peer *peers[10];

        for (size_t i = 0; i < ARRAY_N(peers); i++) {
            peers[i] = peer_new();
            peer_tell(peers[i],
                      "{\"jsonrpc\":\"2.0\",\"method\":\"subscribe\",\"params\":{\"topic\":"
                      "\"metrics\"},\"id\":1}\n");
        }
        for (size_t i = 0; i < ARRAY_N(peers); i++) {
            close(peers[i]->fd);
            free(peers[i]);
        }
    }
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; metrics_value(METRIC_ADMIN_CLIENTS) > 0;) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HOST(topics_are_heard_again_and_again),
        WITH_HOST(alerts_are_told_when_they_change),
        WITH_HOST(the_audit_is_told_as_it_is_written),
        WITH_HOST(what_is_cut_within_a_character_is_told),
        cmocka_unit_test(audit_rows_go_round),
        WITH_HOST(a_slow_subscriber_loses_samples_and_nobody_waits),
        WITH_HOST(what_changed_unheard_is_told_later),
        WITH_HOST(no_time_goes_into_what_is_lost),
        cmocka_unit_test(a_change_that_found_no_room_is_said_again),
        WITH_HOST(a_long_sample_comes_to_who_reads),
        WITH_HOST(who_never_reads_is_not_read),
        WITH_HOST(many_come_and_go),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
