/* test_screens.c -- the console without terminal and daemon: recorded replies in, screens out;
 * every key of every screen; the frame, and the canvas below it.
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

#include "common/compiler.h"
#include "common/text.h"
#include "console/screens/audit.h"
#include "console/screens/player.h"
#include "console/screens/report.h"
#include "console/terminal/colour.h"
#include "console/ui/frame.h"
#include "console/ui/help.h"
#include "console/ui/result.h"
#include "console/ui/screen.h"
#include "console/ui/ui.h"
#include "fixture.h"

#define LEAST_HELP_ROWS 8

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

/* With text and styles. The tabs are in the frame's pictures alone (and where all is so low that a
 * dialog covers them), so that a new screen changes only these. */
static char *pictured(struct fixture *fixture, bool tabs)
{
    if (!tabs && fixture->canvas.rows >= 15)
        canvas_fill(&fixture->canvas, FRAME_TABS_ROW, 0, fixture->canvas.columns, STYLE_PLAIN);
    return printed(fixture, true);
}

/* clang-format off */
static const struct { const char *name, *keys; int rows, columns; bool ascii; } PICTURES[] = {
    {"frame-80x24",          "",                  24, 80,  false},
    {"frame-132x43",         "",                  43, 132, false},
    {"frame-60x15",          "",                  15, 60,  false},
    {"overview-80x24",       "",                  24, 80,  false},
    {"overview-132x43",      "",                  43, 132, false},
    {"overview-200x60",      "",                  60, 200, false},
    {"announce-80x24",       "ARestart in ten minutes", 24, 80, false},
    {"overview-80x24-ascii", "",                  24, 80,  true},
    {"overview-60x15",       "",                  15, 60,  false},
    {"load-80x24",           "\n",                24, 80,  false},
    {"load-profile-80x24",   "\np",               24, 80,  false},
    {"load-200x60",          "\n",                60, 200, false},
    {"load-132x43",          "\n",                43, 132, false},
    {"load-60x15",           "\n",                15, 60,  false},
    {"players-160x30",       "2",                 30, 160, false},
    {"players-80x24",        "2",                 24, 80,  false},
    {"players-132x43",       "2>>Ijj",            43, 132, false},
    {"players-80x24-ascii",  "2",                 24, 80,  true},
    {"players-60x15",        "2jjj",              15, 60,  false},
    {"players-filter-80x24", "2/walk",            24, 80,  false},
    {"players-tags-80x24",   "2j  j ",            24, 80,  false},
    {"kick-80x24",           "2jKrtoo loud",      24, 80,  false},
    {"kick-60x15",           "2jKrthe end of a reason that is longer than the line is seen while it is typed", 15, 60, false},
    {"kick-36x8",            "2jK",               8,  36,  false},
    {"ban-80x24",            "2jBrspam",          24, 80,  false},
    {"mute-80x24",           "2jM",               24, 80,  false},
    {"message-80x24",        "2jW",               24, 80,  false},
    {"teleport-80x24",       "2jT",               24, 80,  false},
    {"mute-11-80x24",        "2           Mrflood\n\n", 24, 80, false},
    {"lift-80x24",           "2LBorin",           24, 80,  false},
    {"players-200x60",       "2>>>>>I",           60, 200, false},
    {"player-80x24",         "2j\n",              24, 80,  false},
    {"player-bans-80x24",    "2j\nf",             24, 80,  false},
    {"player-132x43",        "2j\njj",            43, 132, false},
    {"player-200x60",        "2j\n",              60, 200, false},
    {"player-60x15",         "2j\n",              15, 60,  false},
    {"alerts-80x24",         "1a",                24, 80,  false},
    {"alerts-132x43",        "1ajjj",             43, 132, false},
    {"alerts-200x60",        "1a",                60, 200, false},
    {"alerts-60x15",         "1a",                15, 60,  false},
    {"chat-80x24",           "4",                 24, 80,  false},
    {"chat-132x43",          "4kkkk",             43, 132, false},
    {"chat-200x60",          "4c",                60, 200, false},
    {"chat-60x15",           "4kkk",              15, 60,  true},
    {"chat-filter-80x24",    "4/gold",            24, 80,  false},
    {"chat-mute-80x24",      "4kkkkMrspam",       24, 80,  false},
    {"chat-say-80x24",       "4Sbe kind",         24, 80,  false},
    {"audit-80x24",          "9j",                24, 80,  false},
    {"audit-132x43",         "9jj",               43, 132, false},
    {"audit-200x60",         "9",                 60, 200, false},
    {"audit-60x15",          "9",                 15, 60,  false},
    {"audit-filter-80x24",   "9/by=kim ban",      24, 80,  false},
    {"audit-row-80x24",      "9\n",               24, 80,  false},
    {"audit-row-132x43",     "9j\n",              43, 132, false},
    {"config-80x24",         "0jj",               24, 80,  false},
    {"config-132x43",        "0jjj",              43, 132, false},
    {"config-200x60",        "0",                 60, 200, false},
    {"config-60x15",         "0",                 15, 60,  false},
    {"config-changed-80x24", "0cG",               24, 80,  false},
    {"config-filter-80x24",  "0/chat",            24, 80,  false},
    {"config-set-80x24",     "0/chats_per\nS",    24, 80,  false},
    {"reports-80x24",        "8",                 24, 80,  false},
    {"reports-132x43",       "8j j ",             43, 132, false},
    {"reports-200x60",       "8ss",               60, 200, false},
    {"reports-60x15",        "8jj",               15, 60,  true},
    {"reports-filter-80x24", "8>I/gold",          24, 80,  false},
    {"report-80x24",         "8\n",               24, 80,  false},
    {"report-132x43",        "8\n",               43, 132, false},
    {"report-200x60",        "8\n",               60, 200, false},
    {"report-60x15",         "8\njjj",            15, 60,  false},
    {"report-end-80x24",     "8\nG",              24, 80,  false},
    {"report-close-80x24",   "8\nCwarned him",    24, 80,  false},
    {"log-80x24",            "5",                 24, 80,  false},
    {"log-132x43",           "5ll",               43, 132, false},
    {"database-80x24",       "6",                 24, 80,  false},
    {"database-80x24-ascii", "6",                 24, 80,  true},
    {"database-132x43",      "6>jj",              43, 132, false},
    {"database-200x60",      "6",                 60, 200, false},
    {"database-filter-80x24", "6/session",        24, 80,  false},
    {"database-60x15",       "6",                 15, 60,  false},
    {"database-more-80x24",  "6\n",               24, 80,  false},
    {"database-more-132x43", "6\n",               43, 132, false},
    {"network-80x24",        "7",                 24, 80,  false},
    {"network-132x43",       "7jj",               43, 132, false},
    {"network-200x60",       "7>>",               60, 200, false},
    {"network-60x15",        "7",                 15, 60,  false},
    {"network-only-80x24",   "7o",                24, 80,  false},
    {"network-only-132x43",  "7o",                43, 132, false},
    {"network-filter-80x24", "7/51.100.2",        24, 80,  false},
    {"network-ban-80x24",    "7Brguesses passwords", 24, 80, false},
    {"network-ban-2-80x24",  "7j  B",             24, 80,  false},
    {"network-lift-80x24",   "7jjjjL",            24, 80,  false},
    {"address-80x24",        "7\n",               24, 80,  false},
    {"address-132x43",       "7\n",               43, 132, false},
    {"address-200x60",       "7\n",               60, 200, false},
    {"log-time-80x24",       "5t12:03",           24, 80,  false},
    {"help-80x24",           "2?",                24, 80,  false},
    {"frame-200x60",         "",                  60, 200, false},
    {"log-200x60",           "5",                 60, 200, false},
    {"help-132x43",          "2?",                43, 132, false},
    {"help-200x60",          "2?",                60, 200, false},
    {"command-80x24",        "2:bans.\t",         24, 80,  false},
    {"command-ask-80x24",    "2:ban Aria 7d speed hack\n", 24, 80, false},
    {"answer-80x24",         ":players.list limit=3\n", 24, 80, false},
    {"answer-132x43",        ":players.list limit=3\n", 43, 132, false},
    {"answer-200x60",        ":players.list limit=3\n", 60, 200, false},
    {"help-60x15",           "2?",                15, 60,  false},
    {"tiny-30x6",            "",                  6,  30,  false},
};
/* clang-format on */

static void screens_are_as_recorded(void **state)
{
    bool update = getenv("OPENMMO_GOLDEN_UPDATE") != NULL;
    unsigned wrong = 0;

    (void)state;
    for (size_t i = 0; i < ARRAY_N(PICTURES); i++) {
        char path[512], *golden, *text;
        struct fixture fixture;

        fixture_init(&fixture, PICTURES[i].rows, PICTURES[i].columns, PICTURES[i].ascii);
        press(&fixture, PICTURES[i].keys);
        text = pictured(&fixture, strncmp(PICTURES[i].name, "frame", 5) == 0);
        snprintf(path, sizeof(path), SOURCE_DIR "/golden/%s.txt", PICTURES[i].name);
        if (update) {
            FILE *out = fopen(path, "w");

            assert_non_null(out);
            fputs(text, out);
            fclose(out);
        }
        golden = contents(path);
        if (golden == NULL || strcmp(golden, text) != 0) {
            print_error("%s differs; drawn now:\n%s\n", PICTURES[i].name, text);
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
    static const char *const KEYS_TYPED[] = {"",  "2",    "5", "2?",  "2K", "2/x", "5/y", "2j\n",
                                             "4", "4kkk", "6", "6\n", "7",  "7o",  "7B",  "7\n"};

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

/* What is seen from outside. What is polled is asked again and again in the same words, with a key
 * or without one. */
struct seen {
    char *text;
    size_t kinds;
    bool quit, redraw;
};

static struct seen see(const struct fixture *fixture)
{
    return (struct seen){printed(fixture, true), json_object_size(fixture->kinds), fixture->ui.quit,
                         fixture->ui.redraw};
}

/* Frees the first of them. */
static bool differs(struct seen *before, const struct seen *now)
{
    bool changed = strcmp(before->text, now->text) != 0 || before->kinds != now->kinds ||
                   before->quit != now->quit || before->redraw != now->redraw;

    free(before->text);
    return changed;
}

/* Time passes until it brings nothing more by itself. */
static struct seen settle(struct fixture *fixture)
{
    struct seen before, now = see(fixture);
    int tries = 0;

    do {
        assert_true(tries++ < 100);
        before = now;
        draw(fixture);
        now = see(fixture);
    } while (differs(&before, &now));
    return now;
}

/* Ways to come to where a key has something to do: keys pressed before. */
static const int WAYS[][6] = {
    {0},
    {KEYS_PAGE_DOWN, KEYS_DOWN, KEYS_DOWN},
    {KEYS_PAGE_DOWN, KEYS_PAGE_DOWN, KEYS_UP, KEYS_UP},
    {KEYS_PAGE_UP, KEYS_PAGE_UP},
    {KEYS_DOWN, KEYS_DOWN},
    {KEYS_END},
    {KEYS_RIGHT, KEYS_RIGHT},
    {'/', 'a', KEYS_ENTER},
    {':'},
};

/* Pages that are about something: the keys that open them. */
static void enter(struct fixture *fixture, const struct screen *screen)
{
    if (screen == &SCREEN_PLAYER)
        press(fixture, "2j\n"); /* the one whose record was recorded */
    else if (screen == &SCREEN_AUDIT_ROW)
        press(fixture, "9\n");
    else if (screen == &SCREEN_REPORT)
        press(fixture, "8\n");
    else if (screen == &SCREEN_RESULT)
        press(fixture, ":players.list\n");
    else
        ui_open(&fixture->ui, screen);
    draw(fixture);
    assert_true(ui_shows(&fixture->ui, screen));
}

/* Press one key on a screen of so many rows after such a way; true if anything came of it. */
static bool key_does_something(const struct screen *screen, int rows, const int way[6], int key)
{
    struct fixture fixture;
    struct seen before, now;
    bool changed;

    fixture_init(&fixture, rows, 80, false);
    enter(&fixture, screen);
    for (int i = 0; i < 6 && way[i] != 0; i++) {
        ui_key(&fixture.ui, way[i]);
        draw(&fixture);
    }
    before = settle(&fixture);
    ui_key(&fixture.ui, key);
    draw(&fixture);
    now = see(&fixture);
    changed = differs(&before, &now);
    free(now.text);
    fixture_fini(&fixture);
    return changed;
}

/* Numbers of screens that there are none of yet. */
static bool is_nobodys(const struct keys_row *row, int key)
{
    for (int i = 0; i < SCREENS_N; i++) {
        if (SCREENS[i]->key == key)
            return false;
    }
    return row->action == KEYS_DO_SCREEN;
}

static void walk(const struct screen *screen, const struct keys *keys)
{
    for (size_t i = 0; i < keys->n; i++) {
        const struct keys_row *row = &keys->rows[i];

        for (int j = 0; j < KEYS_A_ROW && row->keys[j] != 0; j++) {
            bool done = is_nobodys(row, row->keys[j]);

            /* Its own key goes before; and the number of the screen that is shown does nothing. */
            if (help_row(screen, row->keys[j]) != row || row->keys[j] == screen->key)
                continue;
            for (size_t way = 0; way < ARRAY_N(WAYS) && !done; way++) {
                if (WAYS[way][0] == ':' && row->action != KEYS_DO_BACK)
                    continue; /* others would be written there */
                done = key_does_something(screen, 24, WAYS[way], row->keys[j]) ||
                       key_does_something(screen, 9, WAYS[way], row->keys[j]);
            }
            if (!done)
                fail_msg("%s: %s (key %d): nothing happens", screen->name, row->shown,
                         row->keys[j]);
        }
    }
}

static void every_key_of_the_tables_does_what_it_says(void **state)
{
    (void)state;
    for (int i = 0; i < SCREENS_N; i++) {
        walk(SCREENS[i], &SCREENS[i]->keys);
        if (SCREENS[i]->list)
            walk(SCREENS[i], &KEYS_IN_LISTS);
        walk(SCREENS[i], &KEYS_EVERYWHERE);
    }
}

/* The keys on which other programs quit or kill: here they do nothing but ask. */
static void f9_and_f10_only_ask(void **state)
{
    static const int KEYS[] = {KEYS_F(9), KEYS_F(10)};

    (void)state;
    for (int i = 0; i < SCREENS_N; i++) {
        for (size_t j = 0; j < ARRAY_N(KEYS); j++) {
            struct fixture fixture;
            struct seen before, now;

            fixture_init(&fixture, 24, 80, false);
            enter(&fixture, SCREENS[i]);
            before = settle(&fixture);
            ui_key(&fixture.ui, KEYS[j]);
            draw(&fixture);
            now = see(&fixture);
            if (now.kinds != before.kinds || now.quit)
                fail_msg("%s: F%d acts", SCREENS[i]->name, 9 + (int)j);
            if (help_row(SCREENS[i], KEYS[j]) != NULL && fixture.ui.dialog.kind == NULL &&
                fixture.ui.message[0] == '\0')
                fail_msg("%s: F%d neither asks nor says why not", SCREENS[i]->name, 9 + (int)j);
            free(before.text);
            free(now.text);
            fixture_fini(&fixture);
        }
    }
}

/* An F-key stands beside the key that it is another name of, wherever that one has a word in the
 * bottom line. */
static void f_keys_stand_in_the_bottom_line(void **state)
{
    static const char *const EVERYWHERE[] = {"? F1 Help", "q F10 Quit", ": F8 Cmd"};
    static const struct {
        const char *keys, *word;
    } CASES[] = {{"2", "K F9 Kick"}, {"2", "/ F3 Filter"}, {"2", "> F6 Sort"}, {"5", "/ F3 Filter"},
                 {"7", "B F9 Ban"},  {"8", "C F9 Close"},  {"0", "S F9 Set"},  {"4", "M F9 Mute"}};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;

        fixture_init(&fixture, 24, 80, false);
        press(&fixture, CASES[i].keys);
        for (size_t j = 0; j < ARRAY_N(EVERYWHERE); j++)
            assert_true(shows(&fixture, EVERYWHERE[j]));
        fixture_fini(&fixture);
        fixture_init(&fixture, 43, 200, false);
        press(&fixture, CASES[i].keys);
        if (!shows(&fixture, CASES[i].word))
            fail_msg("%s: %s is not in the bottom line", CASES[i].keys, CASES[i].word);
        fixture_fini(&fixture);
    }
}

/* Is a row of a block seen on this page, or nothing to be seen of it? */
static bool in_help(struct fixture *fixture, const struct screen *screen,
                    const struct keys_row *row)
{
    if (row->help == NULL || help_row(screen, row->keys[0]) != row)
        return true;
    return shows(fixture, row->shown) && shows(fixture, row->help);
}

static void look(struct fixture *fixture, const struct screen *screen, const struct keys *keys,
                 bool *seen)
{
    for (size_t i = 0; i < keys->n; i++)
        seen[i] |= in_help(fixture, screen, &keys->rows[i]);
}

static void all_seen(const struct screen *screen, const struct keys *keys, const bool *seen)
{
    for (size_t i = 0; i < keys->n; i++) {
        if (!seen[i])
            fail_msg("%s: %s is not on its help pages", screen->name, keys->rows[i].shown);
    }
}

/* Where a page is too low for all keys, ? turns it. */
static void the_help_names_every_key(void **state)
{
    static const struct keys NONE = {NULL, 0};

    (void)state;
    for (int screen = 0; screen < SCREENS_N; screen++) {
        const struct keys *blocks[] = {&SCREENS[screen]->keys,
                                       SCREENS[screen]->list ? &KEYS_IN_LISTS : &NONE,
                                       &KEYS_EVERYWHERE};

        for (int rows = LEAST_HELP_ROWS; rows < 34; rows += 5) {
            bool seen[3][64] = {{false}};
            struct fixture fixture;

            fixture_init(&fixture, rows, 80, false);
            ui_open(&fixture.ui, SCREENS[screen]);
            press(&fixture, "?");
            for (int page = 1; page <= fixture.ui.help_pages; page++) {
                assert_int_equal(fixture.ui.help, page);
                for (int block = 0; block < 3; block++)
                    look(&fixture, SCREENS[screen], blocks[block], seen[block]);
                press(&fixture, "?");
            }
            assert_int_equal(fixture.ui.help, 0);
            for (int block = 0; block < 3; block++)
                all_seen(SCREENS[screen], blocks[block], seen[block]);
            press(&fixture, "?x");
            assert_int_equal(fixture.ui.help, 0);
            fixture_fini(&fixture);
        }
    }
}

/* --- The frame. --- */

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
    assert_true(shows(&fixture, "[3 ALERTS]"));
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
    assert_true(shows(&fixture, "[OVER BUDGET]"));
    fixture.ui.model.status.store_ok = false;
    draw(&fixture);
    assert_true(shows(&fixture, "[STORE AWAY]"));
    strcpy(fixture.ui.model.status.state, "stopping");
    draw(&fixture);
    assert_true(shows(&fixture, "[stopping]"));
    fixture_fini(&fixture);
}

/* What was ordered is told as the daemon says it, and is seen from every screen. */
static void orders_are_seen(void **state)
{
    static const struct {
        const char *status, *shown;
    } ORDERS[] = {
        {"{\"maintenance\":{\"text\":\"x\"}}", "[MAINTENANCE]"},
        {"{\"drain\":{\"retry_after_s\":60}}", "[DRAINING]"},
        {"{\"ending\":{\"left_ms\":270500,\"restart\":false}}", "[STOPPING IN 4:31]"},
        {"{\"ending\":{\"left_ms\":7261000,\"restart\":true}}", "[RESTARTING IN 2:01:01]"},
        {"{\"ending\":{\"when_empty\":true,\"left_ms\":null,\"restart\":true}}",
         "[RESTARTING WHEN EMPTY]"},
        {"{\"maintenance\":{},\"drain\":{},\"ending\":{\"left_ms\":900}}",
         "[MAINTENANCE, STOPPING IN 0:01]"},
        {"{\"maintenance\":null,\"drain\":null,\"ending\":null}", "[3 ALERTS]"},
    };
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    for (size_t i = 0; i < ARRAY_N(ORDERS); i++) {
        json_t *status = json_deep_copy(json_object_get(fixture.replies, "server.status"));
        json_t *orders = json_loads(ORDERS[i].status, 0, NULL);

        assert_int_equal(json_object_update(status, orders), 0);
        model_answer(&fixture.ui.model, "server.status", NULL, status);
        draw(&fixture);
        if (!shows(&fixture, ORDERS[i].shown))
            fail_msg("%s is not shown as %s", ORDERS[i].status, ORDERS[i].shown);
        json_decref(orders);
        json_decref(status);
    }
    fixture_fini(&fixture);
}

/* How many there are is seen from every screen, and whether one is grave. */
static void alerts_are_counted_at_the_top(void **state)
{
    static const struct {
        const char *active, *shown;
        enum style style;
    } CASES[] = {
        {"[]", "[OK]", STYLE_GOOD},
        {"[{\"alert\":\"A\",\"severity\":\"info\"}]", "[1 ALERT]", STYLE_WARN},
        {"[{\"alert\":\"A\",\"severity\":\"page\"},{\"alert\":\"B\",\"severity\":\"warn\"}]",
         "[2 ALERTS]", STYLE_BAD},
    };
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        json_t *params = json_pack("{s:i, s:{s:o, s:[]}}", "lost", 0, "data", "active",
                                   json_loads(CASES[i].active, 0, NULL), "recent");

        ui_notify(&fixture.ui, "alerts", params);
        json_decref(params);
        draw(&fixture);
        assert_true(shows(&fixture, CASES[i].shown));
        assert_int_equal(fixture.canvas.cells[80 + 77].style, CASES[i].style);
    }
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
        assert_string_equal(figures_bytes(BYTES[i].bytes, out), BYTES[i].text);
    for (size_t i = 0; i < ARRAY_N(SPANS); i++)
        assert_string_equal(figures_span(SPANS[i].seconds, out), SPANS[i].text);
    assert_string_equal(figures_ms(0.25, out), "0.25");
    assert_string_equal(figures_ms(14.84, out), "14.8");
    assert_string_equal(figures_ms(123.4, out), "123");
    assert_string_equal(figures_clock(WALL_MS, out), "12:04:32");
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

/* A part of a name could be another name: it never stands alone. */
static void what_is_cut_shows_it(void **state)
{
    /* clang-format off */
    static const struct { const char *text; int columns; bool ascii; const char *shown; } CASES[] = {
        {"settler-20", 10, false, "settler-20"},
        {"settler-20", 9,  false, "settler-\u2026"},
        {"settler-20", 9,  true,  "settler-~"},
        {"settler-20", 1,  false, "\u2026"},
        {"settler-20", 0,  false, ""},
        {"settler-20", 40, false, "settler-20"},
        {"\u674e\u5c0f\u9f99", 6, false, "\u674e\u5c0f\u9f99"},
        {"\u674e\u5c0f\u9f99", 5, false, "\u674e\u5c0f\u2026"},
        {"\u674e\u5c0f\u9f99", 4, false, "\u674e\u2026"}, /* half of one would remain */
        {"ae\u0301i", 2, false, "a\u2026"},
        {"ae\u0301", 2, false, "ae\u0301"}, /* a mark takes no room */
        {"a\x1b", 8, false, "a\\u{001\u2026"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture = {0};
        char expected[64], *text;
        int used;

        assert_int_equal(canvas_init(&fixture.canvas, 1, 10, CASES[i].ascii), 0);
        used = canvas_cut(&fixture.canvas, 0, 0, CASES[i].columns, STYLE_PLAIN, CASES[i].text);
        assert_int_equal(used, text_columns(CASES[i].shown));
        text = printed(&fixture, false);
        snprintf(expected, sizeof(expected), "%s\n", CASES[i].shown);
        assert_string_equal(text, expected);
        free(text);
        canvas_clear(&fixture.canvas);
        used = canvas_right(&fixture.canvas, 0, 10, CASES[i].columns, STYLE_PLAIN, CASES[i].text);
        assert_int_equal(used, text_columns(CASES[i].shown));
        canvas_fini(&fixture.canvas);
    }
}

/* From the first row on, as many as there are; the last of them tells that there is more. */
static void a_paragraph_shows_where_it_is_cut(void **state)
{
    static const struct {
        const char *text;
        int last, below;
        const char *shown;
    } CASES[] = {
        {"one two three four", 2, 3, "one two\nthree\nfour\n"},
        {"one two three four", 1, 3, "one two\nthree fo\u2026\n\n"},
        {"one two three four", 0, 3, "one two \u2026\n\n\n"},
        {"one two three four", -1, 3, "\n\n\n"},
        {"one", 0, 1, "one\n\n\n"},
        {"", 2, 1, "\n\n\n"},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture = {0};
        char *text;

        assert_int_equal(canvas_init(&fixture.canvas, 3, 12, false), 0);
        assert_int_equal(canvas_paragraph(&fixture.canvas, 0, CASES[i].last, 0, 9, CASES[i].text),
                         CASES[i].below);
        text = printed(&fixture, false);
        assert_string_equal(text, CASES[i].shown);
        free(text);
        canvas_fini(&fixture.canvas);
    }
}

/* --- Colours. --- */

static void colours_are_the_nearest_there_are(void **state)
{
    /* clang-format off */
    static const struct { uint32_t rgb; int colours, nearest; } CASES[] = {
        {CANVAS_RGB(255, 0, 0), 256, 196}, {CANVAS_RGB(0, 0, 0), 256, 16}, {CANVAS_RGB(128, 128, 128), 256, 244},
        {CANVAS_RGB(95, 135, 175), 256, 67}, {CANVAS_RGB(255, 0, 0), 16, 9}, {CANVAS_RGB(200, 0, 0), 16, 1},
        {CANVAS_RGB(255, 0, 0), 8, 1}, {CANVAS_RGB(255, 255, 255), 8, 7}, {CANVAS_RGB(0, 0, 255), 16, 4},
        {CANVAS_RGB(18, 52, 86), 1 << 24, 0x123456}, {CANVAS_RGB(0, 0, 5), 1 << 24, 0},
    };
    static const struct { const char *term, *colorterm, *direct; } NAMES[] = {
        {"xterm-256color", "truecolor", "xterm-direct"}, {"tmux-256color", "24bit", "tmux-direct"},
        {"foot", "truecolor", "foot-direct"},
        {"xterm-256color", "yes", NULL}, {"xterm-256color", NULL, NULL}, {"", "truecolor", NULL}, {NULL, "24bit", NULL},
    };
    /* clang-format on */
    char name[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++)
        assert_int_equal(colour_nearest(CASES[i].rgb, CASES[i].colours), CASES[i].nearest);
    for (size_t i = 0; i < ARRAY_N(NAMES); i++) {
        bool found = colour_direct_name(NAMES[i].term, NAMES[i].colorterm, name, sizeof(name));

        assert_int_equal(found, NAMES[i].direct != NULL);
        if (found)
            assert_string_equal(name, NAMES[i].direct);
    }
}

static void a_cells_own_colours_are_printed_and_greyed(void **state)
{
    struct fixture fixture = {0};
    char *text;

    (void)state;
    assert_int_equal(canvas_init(&fixture.canvas, 2, 6, false), 0);
    canvas_paint(&fixture.canvas, 0, 1, "\u2580", '#', CANVAS_RGB(1, 2, 3), 0);
    canvas_paint(&fixture.canvas, 0, 2, "\u2580", '#', CANVAS_RGB(1, 2, 3), 0);
    canvas_paint(&fixture.canvas, 0, 4, "x", 'x', 0, CANVAS_RGB(255, 0, 16));
    text = printed(&fixture, true);
    assert_string_equal(text, " \u2580\u2580 x\n\n~ 1+2 010203/-, 4+1 -/ff0010\n\n\n");
    free(text);
    canvas_text(&fixture.canvas, 0, 1, 1, STYLE_PLAIN, "y"); /* what is over it has none */
    assert_int_equal(fixture.canvas.cells[1].front, 0);
    canvas_grey(&fixture.canvas, 0);
    assert_int_equal(fixture.canvas.cells[4].back, CANVAS_RGB(46, 46, 46));
    assert_int_equal(fixture.canvas.cells[3].back, 0);
    canvas_fini(&fixture.canvas);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(screens_are_as_recorded),
        cmocka_unit_test(no_size_and_no_hostile_text_hurts),
        cmocka_unit_test(every_key_of_the_tables_does_what_it_says),
        cmocka_unit_test(f9_and_f10_only_ask),
        cmocka_unit_test(f_keys_stand_in_the_bottom_line),
        cmocka_unit_test(the_help_names_every_key),
        cmocka_unit_test(a_lost_connection_greys_the_picture),
        cmocka_unit_test(troubles_are_named_at_the_top),
        cmocka_unit_test(orders_are_seen),
        cmocka_unit_test(alerts_are_counted_at_the_top),
        cmocka_unit_test(figures_are_short_and_exact),
        cmocka_unit_test(colours_are_the_nearest_there_are),
        cmocka_unit_test(a_cells_own_colours_are_printed_and_greyed),
        cmocka_unit_test(wide_and_combining_characters_keep_their_cells),
        cmocka_unit_test(what_is_cut_shows_it),
        cmocka_unit_test(a_paragraph_shows_where_it_is_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
