/* test_screens.c -- the console without terminal and daemon: recorded replies in, screens out.
 *
 * Golden screens lie in golden/, text and styles; with OPENMMO_GOLDEN_UPDATE=1 in the environment
 * they are written anew (look at the difference before it is committed). */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "canvas.h"
#include "common/compiler.h"
#include "keys.h"
#include "screen.h"
#include "ui.h"

#define WALL_MS INT64_C(1795349072000) /* the moment of the recording */

#define LEAST_HELP_ROWS 8

struct fixture {
    struct ui ui;
    struct canvas canvas;
    unsigned asks;
    enum ui_ask last_ask;
    char last_method[64], last_params[512];
};

static int on_ask(void *context, enum ui_ask ask, const char *method, json_t *params)
{
    struct fixture *fixture = context;
    char *text =
        json_dumps(params != NULL ? params : json_null(), JSON_SORT_KEYS | JSON_ENCODE_ANY);

    fixture->asks++;
    fixture->last_ask = ask;
    snprintf(fixture->last_method, sizeof(fixture->last_method), "%s", method);
    snprintf(fixture->last_params, sizeof(fixture->last_params), "%s", text);
    free(text);
    json_decref(params);
    return 0;
}

static enum ui_ask ask_of(const char *method)
{
    static const struct {
        const char *method;
        enum ui_ask ask;
    } ASKS[] = {{"rpc.discover", UI_ASK_DISCOVER}, {"metrics.history", UI_ASK_HISTORY},
                {"server.status", UI_ASK_STATUS},  {"players.list", UI_ASK_PLAYERS},
                {"log.tail", UI_ASK_LOG},          {"server.worst", UI_ASK_WORST}};

    for (size_t i = 0; i < ARRAY_N(ASKS); i++) {
        if (strcmp(ASKS[i].method, method) == 0)
            return ASKS[i].ask;
    }
    fail_msg("%s is not in the table", method);
    return UI_ASK_STATUS;
}

static void draw(struct fixture *fixture)
{
    ui_time(&fixture->ui, fixture->ui.now_ms + 1, WALL_MS);
    ui_draw(&fixture->ui, &fixture->canvas);
}

/* A console that has heard the recording. */
static void fixture_init(struct fixture *fixture, int rows, int columns, bool ascii)
{
    struct ui_config config = {.ascii = ascii, .ask = on_ask, .context = fixture};
    FILE *replies = fopen(SOURCE_DIR "/replies.jsonl", "r");
    char *line = NULL;
    size_t room = 0;

    memset(fixture, 0, sizeof(*fixture));
    assert_non_null(replies);
    assert_int_equal(ui_init(&fixture->ui, &config), 0);
    assert_int_equal(canvas_init(&fixture->canvas, rows, columns, ascii), 0);
    ui_opened(&fixture->ui);
    ui_time(&fixture->ui, 1000, WALL_MS);
    ui_draw(&fixture->ui, &fixture->canvas); /* so that it knows its size */
    while (getline(&line, &room, replies) > 0) {
        json_t *value = json_loads(line, 0, NULL);
        const char *answer = json_string_value(json_object_get(value, "answer"));

        assert_non_null(value);
        if (answer != NULL)
            ui_answer(&fixture->ui, ask_of(answer), json_object_get(value, "data"), 0, "");
        else
            ui_notify(&fixture->ui, json_string_value(json_object_get(value, "notify")),
                      json_object_get(value, "params"));
        json_decref(value);
    }
    free(line);
    fclose(replies);
    draw(fixture);
}

static void fixture_fini(struct fixture *fixture)
{
    ui_fini(&fixture->ui);
    canvas_fini(&fixture->canvas);
}

static void press(struct fixture *fixture, const char *keys)
{
    for (; *keys != '\0'; keys++)
        ui_key(&fixture->ui, (unsigned char)*keys);
    draw(fixture);
}

static char *printed(const struct fixture *fixture, bool styles)
{
    char *text = NULL;
    size_t room = 0;
    FILE *out = open_memstream(&text, &room);

    assert_non_null(out);
    canvas_print(&fixture->canvas, out, styles);
    fclose(out);
    return text;
}

static bool shows(const struct fixture *fixture, const char *what)
{
    char *text = printed(fixture, false);
    bool found = strstr(text, what) != NULL;

    free(text);
    return found;
}

static char *contents(const char *path)
{
    char *text = NULL;
    size_t room = 0;
    FILE *in = fopen(path, "r");

    if (in == NULL)
        return NULL;
    if (getdelim(&text, &room, '\0', in) < 0) {
        free(text);
        text = NULL;
    }
    fclose(in);
    return text;
}

/* --- Golden screens. --- */

static void screens_are_as_recorded(void **state)
{
    /* clang-format off */
    static const struct { const char *name, *keys; int rows, columns; bool ascii; } CASES[] = {
        {"overview-80x24",       "",                  24, 80,  false},
        {"load-80x24",           "4",                 24, 80,  false},
        {"load-132x43",          "4",                 43, 132, false},
        {"load-60x15",           "4",                 15, 60,  false},
        {"players-160x30",       "2",                 30, 160, false},
        {"overview-132x43",      "",                  43, 132, false},
        {"overview-80x24-ascii", "",                  24, 80,  true},
        {"overview-60x15",       "",                  15, 60,  false},
        {"players-80x24",        "2",                 24, 80,  false},
        {"players-132x43",       "2>>Ijj",            43, 132, false},
        {"players-80x24-ascii",  "2",                 24, 80,  true},
        {"players-60x15",        "2nnn",              15, 60,  false},
        {"players-filter-80x24", "2/walk",            24, 80,  false},
        {"kick-80x24",           "2jkrtoo loud",      24, 80,  false},
        {"kick-60x15",           "2jkrthe end of a reason that is longer than the line is seen while it is typed", 15, 60, false},
        {"ban-80x24",        "2jbrspam",          24, 80,  false},
        {"mute-80x24",       "2jm",               24, 80,  false},
        {"kick-36x8",            "2jk",               8,  36,  false},
        {"help-60x15",           "2?",                15, 60,  false},
        {"log-80x24",            "3",                 24, 80,  false},
        {"log-132x43",           "3ll",               43, 132, false},
        {"help-80x24",           "2?",                24, 80,  false},
        {"tiny-30x6",            "",                  6,  30,  false},
    };
    /* clang-format on */
    bool update = getenv("OPENMMO_GOLDEN_UPDATE") != NULL;
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        char path[512], *golden, *text;
        struct fixture fixture;

        fixture_init(&fixture, CASES[i].rows, CASES[i].columns, CASES[i].ascii);
        press(&fixture, CASES[i].keys);
        text = printed(&fixture, true);
        snprintf(path, sizeof(path), SOURCE_DIR "/golden/%s.txt", CASES[i].name);
        if (update) {
            FILE *out = fopen(path, "w");

            assert_non_null(out);
            fputs(text, out);
            fclose(out);
        }
        golden = contents(path);
        if (golden == NULL || strcmp(golden, text) != 0) {
            print_error("%s differs; drawn now:\n%s\n", CASES[i].name, text);
            wrong++;
        }
        free(golden);
        free(text);
        fixture_fini(&fixture);
    }
    assert_int_equal(wrong, 0);
}

/* No size, no screen, no state draws outside or crashes (sanitizers look on), and nothing raw is
 * ever in a cell. */
static void no_size_and_no_hostile_text_hurts(void **state)
{
    static const char *const KEYS_TYPED[] = {"", "2", "3", "2?", "2k", "2/x", "3/y"};

    (void)state;
    for (int rows = 1; rows < 60; rows += 7) {
        for (int columns = 1; columns < 170; columns += 13) {
            for (size_t i = 0; i < ARRAY_N(KEYS_TYPED); i++) {
                struct fixture fixture;
                char *text;

                fixture_init(&fixture, rows, columns, i % 2 == 1);
                press(&fixture, KEYS_TYPED[i]);
                text = printed(&fixture, false);
                for (const unsigned char *at = (unsigned char *)text; *at != '\0'; at++)
                    assert_true(*at == '\n' || (*at >= 0x20 && *at != 0x7f));
                assert_null(strstr(text, "\u202e"));
                free(text);
                fixture_fini(&fixture);
            }
        }
    }
}

/* --- Keys. --- */

struct seen {
    char *text;
    unsigned asks;
    bool quit, redraw;
};

static bool differs(const struct seen *before, const struct fixture *fixture)
{
    char *now = printed(fixture, true);
    bool changed = strcmp(before->text, now) != 0 || before->asks != fixture->asks ||
                   before->quit != fixture->ui.quit || before->redraw != fixture->ui.redraw;

    free(now);
    return changed;
}

/* Press one key on a screen where there is something above and below; true if anything came of it.
 */
static bool key_does_something(int screen, int key, bool in_help)
{
    static const char *const WAYS[] = {"1", "2", "3"};
    struct fixture fixture;
    struct seen before;
    bool changed;

    fixture_init(&fixture, 24, 80, false);
    press(&fixture, WAYS[screen]);
    if (screen == 1)
        press(&fixture, "          nnnnnnnnnn"); /* ten pages, ten lines: far down */
    fixture.ui.players.cursor = fixture.ui.players.cursor > 30 ? 30 : fixture.ui.players.cursor;
    draw(&fixture);
    if (screen == 2) {
        ui_key(&fixture.ui, KEYS_PAGE_UP);
        ui_key(&fixture.ui, KEYS_PAGE_UP);
    }
    if (in_help)
        ui_key(&fixture.ui, '?');
    fixture.ui.players.waiting = false;
    fixture.ui.players.asked_ms = fixture.ui.now_ms;
    draw(&fixture);
    before = (struct seen){printed(&fixture, true), fixture.asks, false, false};
    ui_key(&fixture.ui, key);
    draw(&fixture);
    changed = differs(&before, &fixture);
    free(before.text);
    fixture_fini(&fixture);
    return changed;
}

static void every_key_of_the_table_does_what_it_says(void **state)
{
    (void)state;
    for (size_t i = 0; i < KEYS_N; i++) {
        for (int j = 0; j < 4 && KEYS[i].keys[j] != 0; j++) {
            int key = KEYS[i].keys[j];
            bool in_help = KEYS[i].action == KEYS_DO_BACK, done;

            assert_int_equal(keys_action(KEYS[i].scope, key), KEYS[i].action);
            if (KEYS[i].scope == KEYS_EVERYWHERE)
                done = key_does_something(0, key, in_help) || key_does_something(1, key, in_help);
            else
                done = key_does_something(KEYS[i].scope == KEYS_IN_PLAYERS ? 1 : 2, key, in_help);
            if (!done)
                fail_msg("%s (key %d): nothing happens", KEYS[i].shown, key);
        }
    }
}

/* Where a page is too low for all keys, ? turns it. */
static void the_help_has_pages(void **state)
{
    struct fixture fixture;

    (void)state;
    for (int rows = LEAST_HELP_ROWS; rows < 24; rows++) {
        bool seen[64] = {false};

        fixture_init(&fixture, rows, 80, false);
        press(&fixture, "2?");
        for (int page = 1; page <= fixture.ui.help_pages; page++) {
            assert_int_equal(fixture.ui.help, page);
            for (size_t i = 0; i < KEYS_N; i++)
                seen[i] |= KEYS[i].help == NULL || shows(&fixture, KEYS[i].help);
            press(&fixture, "?");
        }
        assert_int_equal(fixture.ui.help, 0);
        for (size_t i = 0; i < KEYS_N; i++)
            assert_true(seen[i] || KEYS[i].scope == KEYS_IN_LOG);
        press(&fixture, "?x");
        assert_int_equal(fixture.ui.help, 0);
        fixture_fini(&fixture);
    }
}

static void the_help_names_every_key(void **state)
{
    static const char *const WAYS[] = {"1?", "2?", "3?"};
    static const enum keys_scope SCOPES[] = {KEYS_EVERYWHERE, KEYS_IN_PLAYERS, KEYS_IN_LOG};

    (void)state;
    for (size_t way = 0; way < ARRAY_N(WAYS); way++) {
        for (int wide = 0; wide < 2; wide++) {
            struct fixture fixture;

            fixture_init(&fixture, 24, wide ? 132 : 80, false);
            press(&fixture, WAYS[way]);
            for (size_t i = 0; i < KEYS_N; i++) {
                if (KEYS[i].scope != KEYS_EVERYWHERE && KEYS[i].scope != SCOPES[way])
                    continue;
                if (!shows(&fixture, KEYS[i].shown) ||
                    (KEYS[i].help != NULL && !shows(&fixture, KEYS[i].help)))
                    fail_msg("%s: %s is not on the help page", WAYS[way], KEYS[i].shown);
            }
            fixture_fini(&fixture);
        }
    }
}

/* --- Kicking. --- */

static void kicking_asks_first_and_the_default_is_no(void **state)
{
    /* clang-format off */
    static const struct { const char *keys; bool kicks; const char *params; } CASES[] = {
        {"2k\n",               false, NULL},
        {"2k\033",             false, NULL},
        {"2kn",                false, NULL},
        {"2kq",                false, NULL},
        {"2k\t\n",             true,  "{\"session\": \"12884901888\"}"},
        {"2jk\t\n",            true,  "{\"session\": \"12884901889\"}"},
        {"2ky",                true,  "{\"session\": \"12884901888\"}"},
        {"2kryes\n",           false, NULL}, /* letters are the reason's; Enter goes to No */
        {"2kryes\n\n",         false, NULL},
        {"2krbye now\n\t\n",   true,  "{\"reason\": \"bye now\", \"session\": \"12884901888\"}"},
        {"2krab\177c\n\t\n",   true,  "{\"reason\": \"ac\", \"session\": \"12884901888\"}"},
        {"2kra b\027c\n\t\n",  true,  "{\"reason\": \"a c\", \"session\": \"12884901888\"}"},
        {"2b\n",               false, NULL},
        {"2m\033",             false, NULL},
        {"2by",                true,  "{\"duration\": \"1d\", \"id\": \"1000\", \"reason\": \"no reason was given\"}"},
        {"2brspam\n\t\n",      true,  "{\"duration\": \"1d\", \"id\": \"1000\", \"reason\": \"spam\"}"},
        {"2mrloud\n\t\n",      true,  "{\"duration\": \"1h\", \"id\": \"1000\", \"reason\": \"loud\"}"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;

        fixture_init(&fixture, 24, 80, false);
        press(&fixture, "2");
        fixture.ui.players.waiting = true; /* no other question in between */
        press(&fixture, CASES[i].keys);
        if ((fixture.last_ask >= UI_ASK_KICK) != CASES[i].kicks)
            fail_msg("case %zu: %s", i, fixture.last_method);
        if (CASES[i].kicks)
            assert_string_equal(fixture.last_params, CASES[i].params);
        assert_false(fixture.ui.quit);
        fixture_fini(&fixture);
    }
}

static void a_guest_has_no_account_to_ban(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2");
    strcpy(fixture.ui.model.players[0].account, "0");
    press(&fixture, "b");
    draw(&fixture);
    assert_false(fixture.ui.dialog.open);
    assert_true(shows(&fixture, "is a guest"));
    press(&fixture, "k");
    assert_true(fixture.ui.dialog.open);
    fixture_fini(&fixture);
}

static void a_guest_is_muted_by_name(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2");
    fixture.ui.players.waiting = true;
    strcpy(fixture.ui.model.players[0].account, "0");
    strcpy(fixture.ui.model.players[0].name, "Aria");
    press(&fixture, "mrloud\n\t\n");
    assert_int_equal(fixture.last_ask, UI_ASK_MUTE);
    assert_string_equal(fixture.last_params,
                        "{\"duration\": \"1h\", \"player\": \"Aria\", \"reason\": \"loud\"}");
    fixture_fini(&fixture);
}

static void what_became_of_a_kick_is_said(void **state)
{
    json_t *result = json_pack("{s:s}", "kicked", "Aria");
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    ui_answer(&fixture.ui, UI_ASK_KICK, result, 0, "");
    draw(&fixture);
    assert_true(shows(&fixture, "Aria was kicked"));
    press(&fixture, "2ky");
    ui_answer(&fixture.ui, UI_ASK_KICK, NULL, -32001, "players.kick takes the role moderator");
    draw(&fixture);
    assert_true(shows(&fixture, "not kicked: players.kick takes the role moderator (Aria)"));
    assert_true(shows(&fixture, "takes the role moderator"));
    ui_time(&fixture.ui, fixture.ui.now_ms + 60000, WALL_MS);
    draw(&fixture);
    assert_false(shows(&fixture, "takes the role moderator"));
    press(&fixture, "2byjky"); /* the ban takes longer than the kick of another */
    ui_answer(&fixture.ui, UI_ASK_BAN, NULL, -32000, "the database is away");
    draw(&fixture);
    assert_true(shows(&fixture, "not banned: the database is away (Aria)"));
    json_decref(result);
    fixture_fini(&fixture);
}

/* --- Lists. --- */

static void the_cursor_stays_on_its_player(void **state)
{
    struct fixture fixture;
    json_t *rows = json_array(), *list;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2j"); /* on the second: session ...889 */
    json_array_append_new(rows, json_pack("{s:s, s:s}", "name", "x", "session", "7"));
    json_array_append_new(rows, json_pack("{s:s, s:s}", "name", "y", "session", "8"));
    json_array_append_new(rows, json_pack("{s:s, s:s}", "name", "B", "session", "12884901889"));
    list = json_pack("{s:i, s:i, s:i, s:o}", "here", 3, "matched", 3, "offset", 0, "players", rows);
    ui_answer(&fixture.ui, UI_ASK_PLAYERS, list, 0, "");
    assert_int_equal(fixture.ui.players.cursor, 2);
    /* He is gone: the cursor stays in the list. */
    json_array_remove(rows, 2);
    json_object_set_new(list, "matched", json_integer(2));
    ui_answer(&fixture.ui, UI_ASK_PLAYERS, list, 0, "");
    assert_int_equal(fixture.ui.players.cursor, 1);
    json_array_clear(rows);
    json_object_set_new(list, "matched", json_integer(0));
    ui_answer(&fixture.ui, UI_ASK_PLAYERS, list, 0, "");
    draw(&fixture);
    assert_true(shows(&fixture, "Nobody is here."));
    press(&fixture, "k");
    assert_false(fixture.ui.dialog.open);
    json_decref(list);
    fixture_fini(&fixture);
}

static void sorting_and_filtering_ask_the_daemon(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2");
    fixture.ui.players.waiting = false;
    press(&fixture, ">>I");
    assert_non_null(strstr(fixture.last_params, "\"sort\": \"rtt\""));
    assert_non_null(strstr(fixture.last_params, "\"descending\": true"));
    fixture.ui.players.waiting = false;
    press(&fixture, "/Bo");
    assert_non_null(strstr(fixture.last_params, "\"filter\": \"Bo\""));
    fixture.ui.players.waiting = false;
    press(&fixture, "\033"); /* takes back what was typed */
    assert_non_null(strstr(fixture.last_params, "\"filter\": \"\""));
    assert_null(fixture.ui.prompt);
    fixture_fini(&fixture);
}

static void the_log_is_filtered_by_level_and_text(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 43, 132, false);
    press(&fixture, "3");
    assert_true(shows(&fixture, "swept"));
    press(&fixture, "ll"); /* debug -> info -> warn */
    assert_true(shows(&fixture, "level warn"));
    assert_false(shows(&fixture, "joined the world"));
    assert_true(shows(&fixture, "wrong password"));
    assert_true(shows(&fixture, "disk is full"));
    press(&fixture, "/DISK\n");
    assert_false(shows(&fixture, "wrong password"));
    assert_true(shows(&fixture, "disk is full"));
    press(&fixture, "/nowhere\n");
    assert_true(shows(&fixture, "No lines."));
    fixture_fini(&fixture);
}

static void a_lost_connection_greys_the_picture(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    ui_lost(&fixture.ui, false, "the daemon closed the connection");
    ui_time(&fixture.ui, fixture.ui.now_ms + 65000, WALL_MS);
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_true(shows(&fixture, "[LOST 1m05s]"));
    assert_true(shows(&fixture, "trying again, q quits: the daemon closed the connection"));
    assert_true(shows(&fixture, "Players 812 of 2000"));
    for (int column = 0; column < 80; column++)
        assert_int_equal(fixture.canvas.cells[10 * 80 + column].style, STYLE_DIM);
    ui_opened(&fixture.ui);
    draw(&fixture);
    assert_true(shows(&fixture, "[OK]"));
    /* Connected, but the daemon stands still. */
    ui_time(&fixture.ui, fixture.ui.now_ms + 5000, WALL_MS);
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_true(shows(&fixture, "[SILENT 5s]"));
    assert_int_equal(fixture.canvas.cells[10 * 80 + 3].style, STYLE_DIM);
    fixture_fini(&fixture);
}

static void troubles_are_named_at_the_top(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    fixture.ui.model.status.over_10s.p99_ms = 50;
    draw(&fixture);
    assert_true(shows(&fixture, "[TICK OVER BUDGET]"));
    fixture.ui.model.status.store_ok = false;
    draw(&fixture);
    assert_true(shows(&fixture, "[STORE AWAY]"));
    strcpy(fixture.ui.model.status.state, "stopping");
    draw(&fixture);
    assert_true(shows(&fixture, "[stopping]"));
    fixture_fini(&fixture);
}

/* --- Figures and canvas. --- */

static void figures_are_short_and_exact(void **state)
{
    /* clang-format off */
    static const struct { double bytes; const char *text; } BYTES[] = {
        {0, "0 B"}, {999, "999 B"}, {1000, "1.0 kB"}, {9949, "9.9 kB"}, {9951, "10 kB"}, {999499, "999 kB"},
        {999501, "1.0 MB"}, {7.4e6, "7.4 MB"}, {3.5e12, "3.5 TB"},
    };
    static const struct { int64_t seconds; const char *text; } SPANS[] = {
        {-5, "0s"}, {59, "59s"}, {60, "1m00s"}, {3599, "59m59s"}, {3600, "1h00m"}, {86399, "23h59m"}, {86400, "1d00h"},
    };
    /* clang-format on */
    char out[16];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(BYTES); i++)
        assert_string_equal(screen_bytes(BYTES[i].bytes, out), BYTES[i].text);
    for (size_t i = 0; i < ARRAY_N(SPANS); i++)
        assert_string_equal(screen_span(SPANS[i].seconds, out), SPANS[i].text);
    assert_string_equal(screen_ms(0.25, out), "0.25");
    assert_string_equal(screen_ms(14.84, out), "14.8");
    assert_string_equal(screen_ms(123.4, out), "123");
    assert_string_equal(screen_clock(WALL_MS, out), "12:04:32");
}

static void wide_and_combining_characters_keep_their_cells(void **state)
{
    struct fixture fixture = {0};
    char *text;

    (void)state;
    assert_int_equal(canvas_init(&fixture.canvas, 3, 10, false), 0);
    assert_int_equal(canvas_text(&fixture.canvas, 0, 0, 5, STYLE_PLAIN, "\u674e\u5c0f\u9f99"), 4);
    canvas_text(&fixture.canvas, 0, 1, 1, STYLE_PLAIN, "x"); /* over the right half */
    canvas_text(&fixture.canvas, 1, 0, 10, STYLE_PLAIN, "e\u0301a\x1b");
    canvas_text(&fixture.canvas, 2, 8, 10, STYLE_PLAIN,
                "a\u674e"); /* half of it would be outside */
    text = printed(&fixture, false);
    assert_string_equal(text, " x\u5c0f\ne\u0301a\\u{001B}\n        a\n");
    free(text);
    canvas_fini(&fixture.canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_are_as_recorded),
        cmocka_unit_test(no_size_and_no_hostile_text_hurts),
        cmocka_unit_test(every_key_of_the_table_does_what_it_says),
        cmocka_unit_test(the_help_names_every_key),
        cmocka_unit_test(the_help_has_pages),
        cmocka_unit_test(kicking_asks_first_and_the_default_is_no),
        cmocka_unit_test(a_guest_has_no_account_to_ban),
        cmocka_unit_test(a_guest_is_muted_by_name),
        cmocka_unit_test(what_became_of_a_kick_is_said),
        cmocka_unit_test(the_cursor_stays_on_its_player),
        cmocka_unit_test(sorting_and_filtering_ask_the_daemon),
        cmocka_unit_test(the_log_is_filtered_by_level_and_text),
        cmocka_unit_test(a_lost_connection_greys_the_picture),
        cmocka_unit_test(troubles_are_named_at_the_top),
        cmocka_unit_test(figures_are_short_and_exact),
        cmocka_unit_test(wide_and_combining_characters_keep_their_cells),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
