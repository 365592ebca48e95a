/* test_admin_changes.c -- what operators change of a make-believe server, and that it is on record:
 * players, the server itself, options. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "peer.h"

static void a_player_is_shown_and_kicked(void **state)
{
    struct peer *peer = peer_new();
    json_t *value = result(peer, "players.show", "{\"session\":\"4294967298\"}");

    (void)state;
    assert_string_equal(json_string_value(json_object_get(value, "name")), "Bjorn");
    assert_int_equal(json_integer_value(json_object_get(value, "shift")), 1);
    assert_int_equal(json_integer_value(json_object_get(value, "withheld")), 4);
    assert_int_equal(json_integer_value(json_object_get(value, "dropped")), 6);
    assert_int_equal(json_integer_value(json_object_get(value, "cells")), 37);
    assert_int_equal(json_integer_value(json_object_get(value, "in_per_s")), 40);
    assert_int_equal(json_integer_value(json_object_get(value, "out_per_s")), 14900);
    assert_int_equal(json_integer_value(json_object_get(value, "cost_us_per_s")), 1650);
    assert_true(json_is_false(json_object_get(value, "muted")));
    assert_string_equal(json_string_value(json_object_get(value, "entity")),
                        "18446462598732840961");
    json_decref(value);
    json_decref(result(peer, "players.kick", "{\"name\":\"BJORN\",\"reason\":\"enough\"}"));
    assert_string_equal(fake_host.kicked, "Bjorn");
    assert_string_equal(fake_host.kick_reason, "enough");
    json_decref(result(peer, "players.kick", "{\"session\":4294967297}"));
    assert_string_equal(fake_host.kicked, "anna");
    strcpy(fake_host.players[0].name, "x!"); /* of an older server: today's rule takes it not */
    json_decref(result(peer, "players.kick", "{\"name\":\"X!\"}"));
    assert_string_equal(fake_host.kicked, "x!");
    peer_free(peer);
}

static void a_player_is_told_something(void **state)
{
    struct peer *peer = peer_new();
    json_t *value =
               result(peer, "players.message", "{\"name\":\"BJORN\",\"text\":\"mind the gap\"}"),
           *answer;

    (void)state;
    assert_string_equal(json_string_value(json_object_get(value, "told")), "Bjorn");
    json_decref(value);
    assert_string_equal(fake_host.notice, "mind the gap");
    assert_int_equal(fake_host.told, (UINT64_C(1) << 32) + 2);
    fake_host.players[0].away = true;
    answer = ask(peer, "players.message", "{\"name\":\"anna\",\"text\":\"are you there\"}");
    assert_int_equal(code_of(answer), JSONRPC_FAILED);
    assert_non_null(strstr(message_of(answer), "anna is away"));
    json_decref(answer);
    assert_string_equal(fake_host.notice, "mind the gap");
    peer_free(peer);
}

static const struct presence_row *row_named(const char *name)
{
    for (unsigned i = 0; i < fake_host.players_n; i++) {
        if (strcmp(fake_host.players[i].name, name) == 0)
            return &fake_host.players[i];
    }
    fail_msg("there is no %s", name);
    return NULL;
}

static void players_are_put_elsewhere(void **state)
{
    struct peer *peer = peer_new();
    json_t *value = result(peer, "players.teleport", "{\"name\":\"ANNA\",\"x\":-120,\"z\":7}");

    (void)state;
    assert_string_equal(json_string_value(json_object_get(value, "teleported")), "anna");
    json_decref(value);
    assert_true(row_named("anna")->x_m == -120 && row_named("anna")->z_m == 7);
    json_decref(result(peer, "players.summon", "{\"name\":\"Bjorn\",\"to\":\"anna\"}"));
    assert_true(row_named("Bjorn")->x_m == -120 && row_named("Bjorn")->z_m == 7);
    assert_int_equal(fake_host.teleports, 2);
    value = result(peer, "players.teleport",
                   "{\"everyone\":true,\"x\":1000,\"z\":-1000,\"spread\":50}");
    assert_int_equal(json_integer_value(json_object_get(value, "teleported")), fake_host.players_n);
    json_decref(value);
    assert_int_equal(fake_host.teleports, 2 + fake_host.players_n);
    for (unsigned i = 0; i < fake_host.players_n; i++) {
        const struct presence_row *row = &fake_host.players[i], *first = &fake_host.players[0];

        assert_true(row->x_m >= 950 && row->x_m <= 1050 && row->z_m >= -1050 && row->z_m <= -950);
        assert_true(i == 0 || row->x_m != first->x_m || row->z_m != first->z_m);
    }
    peer_free(peer);
}

static void changes_are_audited(void **state)
{
    struct peer *peer = peer_new();
    json_t *tail, *line;
    const char *text;

    (void)state;
    json_decref(result(peer, "announce", "{\"text\":\"hello\"}"));
    assert_string_equal(fake_host.announced, "hello");
    json_decref(ask(peer, "players.kick", "{\"name\":\"nobody\"}"));
    tail = result(peer, "log.tail", "{\"lines\":2}");
    line = json_array_get(json_object_get(tail, "lines"), 0);
    assert_string_equal(json_string_value(json_object_get(line, "event")), "admin");
    text = json_string_value(json_object_get(line, "line"));
    assert_non_null(strstr(text, "method=announce"));
    assert_non_null(strstr(text, "outcome=ok"));
    assert_non_null(strstr(text, "uid="));
    text = json_string_value(
        json_object_get(json_array_get(json_object_get(tail, "lines"), 1), "line"));
    assert_non_null(strstr(text, "method=players.kick"));
    assert_non_null(strstr(text, "outcome=failed"));
    json_decref(tail);
    peer_free(peer);
}

static void the_server_is_reloaded_and_stopped(void **state)
{
    struct peer *peer = peer_new();
    json_t *answer;

    (void)state;
    json_decref(result(peer, "server.reload", "{}"));
    fake_host.reload_fault = "openmmo.ini:3: nonsense";
    answer = ask(peer, "server.reload", "{}");
    assert_string_equal(message_of(answer), "openmmo.ini:3: nonsense");
    json_decref(answer);
    json_decref(result(peer, "auth.rotate-key", "{}"));
    assert_int_equal(fake_host.rotations, 1);
    json_decref(result(peer, "server.shutdown", "{\"reason\":\"tea\",\"restart\":true}"));
    assert_true(fake_host.restart);
    assert_int_equal(fake_host.shutdowns, 1);
    assert_string_equal(fake_host.shutdown_reason, "tea");
    peer_free(peer);
}

/* Presence serves one who waits; a second one must not take his place, nor that of a stop. */
static void one_save_at_a_time_and_none_at_the_end(void **state)
{
    struct peer *first = peer_new(), *second = peer_new();
    json_t *answer;

    (void)state;
    peer_tell(first, "{\"jsonrpc\":\"2.0\",\"method\":\"server.save\",\"id\":1}\n");
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; fake_host.saves == 0;) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
    answer = ask(second, "server.save", "{}");
    assert_non_null(strstr(message_of(answer), "under way already"));
    json_decref(answer);
    fake_host.saved(fake_host.saved_context, 0);
    answer = peer_hear(first);
    assert_non_null(json_object_get(answer, "result"));
    json_decref(answer);
    fake_host.stopping = true;
    answer = ask(second, "server.save", "{}");
    assert_non_null(strstr(message_of(answer), "the server stops"));
    json_decref(answer);
    assert_int_equal(fake_host.saves, 1);
    fake_host.stopping = false;
    peer_tell(first, "{\"jsonrpc\":\"2.0\",\"method\":\"server.save\",\"id\":1}\n");
    for (uint64_t end_ms = now_ms() + DEADLINE_MS; fake_host.saves == 1;) {
        assert_true(now_ms() < end_ms);
        fake_host_turn();
    }
    fake_host.saved(fake_host.saved_context, 3);
    answer = peer_hear(first);
    assert_string_equal(message_of(answer), "3 positions are not durable");
    json_decref(answer);
    peer_free(first);
    peer_free(second);
}

static void configuration_is_listed_without_secrets(void **state)
{
    struct peer *peer = peer_new();
    json_t *list = result(peer, "config.list", "{}"), *row;
    char *text = json_dumps(list, 0);

    (void)state;
    assert_int_equal(json_array_size(json_object_get(list, "options")), 4);
    assert_null(strstr(text, "swordfish"));
    assert_non_null(strstr(text, "fake.ini:2"));
    free(text);
    json_decref(list);
    list =
        result(peer, "config.list", "{\"changed\":true}"); /* not log.level, though it is given */
    assert_int_equal(json_array_size(json_object_get(list, "options")), 2);
    json_decref(list);
    list = result(peer, "config.list", "{\"name\":\"log.level\"}");
    row = json_array_get(json_object_get(list, "options"), 0);
    assert_string_equal(json_string_value(json_object_get(row, "source")), "file");
    assert_true(json_is_false(json_object_get(row, "changed")));
    json_decref(list);
    peer_free(peer);
}

/* The origin of an option, or its value; valid until the next call. */
static const char *option_says(struct peer *peer, const char *name, const char *member)
{
    static char text[200];
    char params[100];
    json_t *list;

    snprintf(params, sizeof(params), "{\"name\":\"%s\"}", name);
    list = result(peer, "config.list", params);
    snprintf(text, sizeof(text), "%s",
             json_string_value(
                 json_object_get(json_array_get(json_object_get(list, "options"), 0), member)));
    json_decref(list);
    return text;
}

static void refused(struct peer *peer, const char *method, const char *params, const char *words)
{
    json_t *answer = ask(peer, method, params);

    assert_int_equal(code_of(answer), JSONRPC_FAILED);
    if (strstr(message_of(answer), words) == NULL)
        fail_msg("%s %s: %s", method, params, message_of(answer));
    json_decref(answer);
}

/* An option is set, says by whom, and is taken back; a secret is refused and written nowhere. */
static void options_are_set_for_a_while(void **state)
{
    struct peer *peer = peer_new();
    json_t *value;

    (void)state;
    value = result(peer, "config.set", "{\"name\":\"server.name\",\"value\":\"Other\"}");
    assert_string_equal(json_string_value(json_object_get(value, "was")), "Fake");
    assert_string_equal(json_string_value(json_object_get(value, "value")), "Other");
    assert_string_equal(json_string_value(json_object_get(value, "until")),
                        "the next reload or restart");
    json_decref(value);
    assert_string_equal(option_says(peer, "server.name", "source"), "operator");
    assert_string_equal(option_says(peer, "server.name", "kind"), "a text of 1 to 100 bytes");
    refused(peer, "config.set", "{\"name\":\"net.listen\",\"value\":\"x\"}", "cannot be set");
    refused(peer, "config.set", "{\"name\":\"net.none\",\"value\":\"x\"}", "cannot be set");
    refused(peer, "config.reset", "{\"name\":\"log.level\"}", "was not set");
    value = result(peer, "log.level", "{\"level\":\"debug\"}");
    assert_string_equal(json_string_value(json_object_get(value, "level")), "debug");
    json_decref(value);
    assert_string_equal(option_says(peer, "log.level", "value"), "debug");
    json_decref(result(peer, "log.level", "{\"level\":\"info\"}"));
    assert_string_equal(option_says(peer, "log.level", "default"), "info");
    value = result(peer, "config.list", "{\"changed\":true}"); /* what operators set stands in it */
    assert_int_equal(json_array_size(json_object_get(value, "options")), 3);
    json_decref(value);
    value = result(peer, "config.reset", "{}");
    assert_int_equal(json_array_size(json_object_get(value, "options")), 2);
    json_decref(value);
    assert_string_equal(option_says(peer, "server.name", "value"), "Fake");
    refused(peer, "config.reset", "{}", "no option is set");
    json_decref(ask(peer, "config.set", "{\"name\":\"auth.secret\",\"value\":\"tuna42\"}"));
    value = result(peer, "log.tail", "{\"lines\":1000}");
    {
        char *text = json_dumps(value, 0);

        assert_null(strstr(text, "tuna42"));
        assert_non_null(strstr(text, "(not shown)"));
        free(text);
    }
    json_decref(value);
    peer_free(peer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WITH_HOST(a_player_is_shown_and_kicked),
        WITH_HOST(a_player_is_told_something),
        WITH_HOST(players_are_put_elsewhere),
        WITH_HOST(changes_are_audited),
        WITH_HOST(the_server_is_reloaded_and_stopped),
        WITH_HOST(one_save_at_a_time_and_none_at_the_end),
        WITH_HOST(configuration_is_listed_without_secrets),
        WITH_HOST(options_are_set_for_a_while),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
