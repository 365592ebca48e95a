/* test_command.c -- the command line without terminal and daemon: what a line becomes, how it is
 * completed, what is remembered. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <sys/stat.h>
#include <unistd.h>

#include "common/compiler.h"
#include "console/request.h"
#include "console/ui/history.h"
#include "console/ui/result.h"
#include "fixture.h"

/* A part of what rpc.discover lists. */
static const char METHODS[] =
    "{\"you\":{\"name\":\"kim\",\"role\":\"admin\"},\"methods\":["
    "{\"name\":\"bans.add\",\"changes\":true,\"help\":\"Ban an account.\",\"params\":["
    "{\"name\":\"player\",\"type\":\"text\"},{\"name\":\"duration\",\"type\":\"text\"},"
    "{\"name\":\"reason\",\"type\":\"text\"}]},"
    "{\"name\":\"bans.list\",\"changes\":false,\"help\":\"The bans.\",\"params\":["
    "{\"name\":\"limit\",\"type\":\"integer\"}]},"
    "{\"name\":\"announce\",\"changes\":true,\"help\":\"Say it.\",\"params\":["
    "{\"name\":\"text\",\"type\":\"text\"}]},"
    "{\"name\":\"players.list\",\"changes\":false,\"help\":\"Who is here.\",\"params\":["
    "{\"name\":\"sort\",\"type\":\"word\",\"words\":[\"name\",\"rtt\"]},"
    "{\"name\":\"descending\",\"type\":\"boolean\"},{\"name\":\"filter\",\"type\":\"text\"}]},"
    "{\"name\":\"players.show\",\"changes\":false,\"help\":\"One.\",\"params\":["
    "{\"name\":\"name\",\"type\":\"text\"}]},"
    "{\"name\":\"accounts.set-password\",\"changes\":true,\"help\":\"Set it.\",\"params\":["
    "{\"name\":\"player\",\"type\":\"text\"},{\"name\":\"password\",\"type\":\"secret\"}]},"
    "{\"name\":\"server.shutdown\",\"changes\":true,\"help\":\"Stop.\",\"params\":["
    "{\"name\":\"in\",\"type\":\"text\"},{\"name\":\"reason\",\"type\":\"text\"},"
    "{\"name\":\"restart\",\"type\":\"boolean\"}]},"
    "{\"name\":\"server.cancel\",\"changes\":true,\"help\":\"Forget it.\",\"params\":[]},"
    "{\"name\":\"server.maintenance\",\"changes\":true,\"help\":\"Staff.\",\"params\":["
    "{\"name\":\"on\",\"type\":\"boolean\"},{\"name\":\"text\",\"type\":\"text\"}]},"
    "{\"name\":\"server.status\",\"changes\":false,\"help\":\"How it is.\",\"params\":[]}]}";

static void begin(struct fixture *fixture)
{
    json_t *line;

    fixture_init(fixture, 24, 80, false);
    line = json_pack("{s:s, s:o}", "answer", "rpc.discover", "data", json_loads(METHODS, 0, NULL));
    assert_non_null(line);
    ui_recorded(&fixture->ui, line);
    json_decref(line);
}

static void lines_are_split_as_a_shell_does(void **state)
{
    /* clang-format off */
    static const struct { const char *line, *words; } CASES[] = {
        {"", ""}, {"  ", ""}, {"a", "a|"}, {" a  b ", "a|b|"}, {"a 'b c' \"d e\"", "a|b c|d e|"},
        {"text='it is'", "text=it is|"}, {"a\\ b", "a b|"}, {"\"a\\\"b\"", "a\"b|"}, {"'a\\b'", "a\\b|"}, {"''", "|"}, {"\ta\t'b\tc' d\t", "a|b\tc|d|"},
        {"'a", NULL}, {"\"", NULL},
        {"1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33", NULL},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        char line[512], joined[512] = "", *words[REQUEST_WORDS];
        struct error error = {""};
        int n;

        snprintf(line, sizeof(line), "%s", CASES[i].line);
        n = request_split(line, words, &error);
        assert_int_equal(n < 0, CASES[i].words == NULL);
        assert_int_equal(n < 0, error.text[0] != '\0');
        for (int word = 0; word < n; word++)
            snprintf(joined + strlen(joined), sizeof(joined) - strlen(joined), "%s|", words[word]);
        if (n >= 0)
            assert_string_equal(joined, CASES[i].words);
    }
}

/* A copy of a large database takes its time, and an erasure waits 20 s for the last save. */
static void long_work_is_waited_for(void **state)
{
    (void)state;
    assert_int_equal(request_patience_ms("server.status", 5000), 5000);
    assert_true(request_patience_ms("server.backup", 5000) >= 3600000);
    assert_true(request_patience_ms("players.erase", 5000) > 40000);
    assert_true(request_patience_ms("server.save", 5000) > 10000);
    assert_int_equal(request_patience_ms("server.save", 30000), 30000);
}

static void a_line_becomes_a_request(void **state)
{
    /* clang-format off */
    static const struct { const char *keys, *method, *params; } CASES[] = {
        {":players.list sort=rtt descending=yes\n", "players.list", "{\"descending\": true, \"sort\": \"rtt\"}"},
        {":bans.list limit=3\n",                    "bans.list",    "{\"limit\": 3}"},
        {":show Aria\n",                            "players.show", "{\"name\": \"Aria\"}"},
        {":announce tea at five\n",                 "announce",     "{\"text\": \"tea at five\"}"},
        {":announce text='tea at  five'\n",         "announce",     "{\"text\": \"tea at  five\"}"},
        {":ban Aria 7d speed hack\n",               "bans.add",     ""}, /* asks first */
        {":ban Aria 7d speed hack\n\n",             "bans.add",     ""}, /* No */
        {":ban Aria 7d speed hack\ny",              "bans.add",     "{\"duration\": \"7d\", \"player\": \"Aria\", \"reason\": \"speed hack\"}"},
        {":bans.add player=Aria reason=x\n\t\n",    "bans.add",     "{\"player\": \"Aria\", \"reason\": \"x\"}"},
        {":shutdown 10m new disks\n",               "server.shutdown", ""}, /* asks first */
        {":shutdown 10m new disks restart=yes\ny",  "server.shutdown", "{\"in\": \"10m\", \"reason\": \"new disks\", \"restart\": true}"},
        {":cancel\n",                               "server.cancel", "{}"},
        {":maintenance on back at noon\ny",         "server.maintenance", "{\"on\": true, \"text\": \"back at noon\"}"},
        {":maintenance off\ny",                     "server.maintenance", "{\"on\": false}"},
        {":bans.list limit=three\n",                "bans.list",    ""},
        {":bans.list limit\n",                      "bans.list",    ""},
        {":bans.list limit=1 limit=2\n",            "bans.list",    ""},
        {":bans.list 'limit=1\n",                   "bans.list",    ""},
        {":bans.lost\n",                            "bans.lost",    ""},
        {":bans.list limit=1\033",                  "bans.list",    ""},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;

        begin(&fixture);
        press(&fixture, CASES[i].keys);
        if (strcmp(params_of(&fixture, CASES[i].method), CASES[i].params) != 0)
            fail_msg("%s: %s", CASES[i].keys, params_of(&fixture, CASES[i].method));
        assert_false(fixture.ui.command.open);
        fixture_fini(&fixture);
    }
}

static void what_is_asked_for_is_named_before(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    press(&fixture, ":ban Aria 7d speed hack\n");
    assert_true(shows(&fixture, "Do it?"));
    assert_true(shows(&fixture, "bans.add {\"player\":\"Aria\",\"duration\":\"7d\""));
    assert_true(shows(&fixture, "Ban an account."));
    press(&fixture, "\033:accounts.set-password player=Aria password=hunter2\n");
    assert_true(shows(&fixture, "Do it?"));
    assert_false(shows(&fixture, "hunter2"));
    fixture_fini(&fixture);
}

static void a_short_answer_is_said_a_long_one_has_a_page(void **state)
{
    struct fixture fixture;
    json_t *rows, *object = json_pack("{s:i}", "players", 12);

    (void)state;
    begin(&fixture);
    press(&fixture, ":announce tea\n");
    answer(&fixture, "announce", object, 0, "");
    draw(&fixture);
    assert_true(shows(&fixture, "announce: players 12"));
    press(&fixture, ":announce tea\n");
    answer(&fixture, "announce", NULL, -32001, "announce takes the role moderator");
    draw(&fixture);
    assert_true(shows(&fixture, "announce: announce takes the role moderator"));
    press(&fixture, ":bans.list\n");
    rows = json_pack("{s:[{s:i, s:s}, {s:i, s:s}]}", "bans", "ban", 1, "player", "Aria", "ban", 2,
                     "player", "Borin\033[2J");
    answer(&fixture, "bans.list", rows, 0, "");
    draw(&fixture);
    assert_true(ui_shows(&fixture.ui, &SCREEN_RESULT));
    assert_true(shows(&fixture, ":bans.list"));
    assert_true(shows(&fixture, "Borin\\u{001B}[2J"));
    press(&fixture, "\033");
    assert_false(ui_shows(&fixture.ui, &SCREEN_RESULT));
    json_decref(rows);
    json_decref(object);
    fixture_fini(&fixture);
}

/* 63 bytes. */
#define LONG "a23456789b123456789c123456789d123456789e123456789f123456789g123"

static void tab_completes(void **state)
{
    /* clang-format off */
    static const struct { const char *typed, *line, *shown; } CASES[] = {
        {"bans.l\t",                 "bans.list ",             NULL},
        {"ban\t",                    "ban",                    "ban  bans.add  bans.list"},
        {"players.list so\t",        "players.list sort=",     NULL},
        {"players.list sort=r\t",    "players.list sort=rtt ", NULL},
        {"players.list sort=\t",     "players.list sort=",     "sort=name  sort=rtt"},
        {"players.list descending=y\t", "players.list descending=yes ", NULL},
        {"players.list sort=rtt s\t", "players.list sort=rtt s", NULL}, /* it is given already */
        {"show Ar\t",                "show Aria ",             NULL},
        {"show ar\t",                "show Aria ",             NULL},
        {"players.show name=Cas\t",  "players.show name=Cass ", NULL},
        {"ban walker01\t",           "ban walker01",           "walker010  walker011"},
        {"nonsense x\t",             "nonsense x",             NULL},
        {"bans.list " LONG "=\t",    "bans.list " LONG "=",    NULL}, /* as long as no parameter's name */
        {"'ban\t",                   "'ban",                   NULL},
        {"\t",                       "",                       "allow  announce  backup  ban  "},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;

        begin(&fixture);
        press(&fixture, ":");
        press(&fixture, CASES[i].typed);
        draw(&fixture);
        assert_string_equal(fixture.ui.command.line.text, CASES[i].line);
        assert_int_equal(fixture.ui.command.choices[0] != '\0', CASES[i].shown != NULL);
        if (CASES[i].shown != NULL && !shows(&fixture, CASES[i].shown))
            fail_msg("%s: %s", CASES[i].typed, fixture.ui.command.choices);
        fixture_fini(&fixture);
    }
}

static void older_lines_are_found(void **state)
{
    struct fixture fixture;

    (void)state;
    begin(&fixture);
    press(&fixture, ":show Aria\n:bans.list\n:show Cass\n");
    press(&fixture, ":");
    ui_key(&fixture.ui, KEYS_UP);
    assert_string_equal(fixture.ui.command.line.text, "show Cass");
    ui_key(&fixture.ui, KEYS_UP);
    assert_string_equal(fixture.ui.command.line.text, "bans.list");
    ui_key(&fixture.ui, KEYS_DOWN);
    ui_key(&fixture.ui, KEYS_DOWN);
    assert_string_equal(fixture.ui.command.line.text, "");
    press(&fixture, "show");
    ui_key(&fixture.ui, KEYS_CTRL('R'));
    assert_string_equal(fixture.ui.command.line.text, "show Cass");
    ui_key(&fixture.ui, KEYS_CTRL('R'));
    assert_string_equal(fixture.ui.command.line.text, "show Aria");
    ui_key(&fixture.ui, KEYS_CTRL('R')); /* there is none older */
    assert_string_equal(fixture.ui.command.line.text, "show Aria");
    press(&fixture, "\n");
    assert_string_equal(params_of(&fixture, "players.show"), "{\"name\": \"Aria\"}");
    fixture_fini(&fixture);
}

static void history_is_kept_without_secrets(void **state)
{
    char directory[] = "/tmp/openmmo-history-XXXXXX", path[128], command[160];
    struct history history;
    struct stat status;
    char line[32];

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/openmmo/console-history", directory);
    assert_int_equal(history_init(&history, path), 0);
    history_add(&history, "bans.list", 1);
    history_add(&history, "bans.list", 1);
    history_add(&history, "accounts.set-password password=hunter2", 0);
    assert_string_equal(history_line(&history, 0), "accounts.set-password password=hunter2");
    history_fini(&history);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(history_init(&history, path), 0);
    assert_string_equal(history_line(&history, 0), "bans.list");
    assert_null(history_line(&history, 1));
    for (int i = 0; i < 3 * HISTORY_LINES; i++) {
        snprintf(line, sizeof(line), "line %d", i);
        history_add(&history, line, 1);
    }
    history_fini(&history);
    assert_int_equal(history_init(&history, path), 0); /* cuts the file */
    history_fini(&history);
    assert_int_equal(history_init(&history, path), 0);
    assert_int_equal(history.taken, HISTORY_LINES);
    assert_string_equal(history_line(&history, 0), "line 1499");
    history_fini(&history);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    snprintf(command, sizeof(command), "rm -rf %s", directory);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lines_are_split_as_a_shell_does),
        cmocka_unit_test(long_work_is_waited_for),
        cmocka_unit_test(a_line_becomes_a_request),
        cmocka_unit_test(what_is_asked_for_is_named_before),
        cmocka_unit_test(a_short_answer_is_said_a_long_one_has_a_page),
        cmocka_unit_test(tab_completes),
        cmocka_unit_test(older_lines_are_found),
        cmocka_unit_test(history_is_kept_without_secrets),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
