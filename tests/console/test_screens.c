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

#include "common/compiler.h"
#include "common/text.h"
#include "console/screens/audit.h"
#include "console/screens/chat.h"
#include "console/screens/map.h"
#include "console/screens/player.h"
#include "console/screens/players.h"
#include "console/screens/report.h"
#include "console/terminal/colour.h"
#include "console/ui/frame.h"
#include "console/ui/help.h"
#include "console/ui/list.h"
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

/* --- What is done to players. --- */

static void deeds_ask_first_and_the_default_is_no(void **state)
{
    /* clang-format off */
    static const struct { const char *keys, *method, *params; } CASES[] = {
        {"2K\n",               NULL, NULL},
        {"2K\033",             NULL, NULL},
        {"2Kn",                NULL, NULL},
        {"2Kq",                NULL, NULL},
        {"2K\t\n",             "players.kick", "{\"session\": \"12884901888\"}"},
        {"2jK\t\n",            "players.kick", "{\"session\": \"12884901889\"}"},
        {"2Ky",                "players.kick", "{\"session\": \"12884901888\"}"},
        {"2Kryes\n",           NULL, NULL}, /* letters are the reason's; Enter goes to No */
        {"2Kryes\n\n",         NULL, NULL},
        {"2Krbye now\n\t\n",   "players.kick", "{\"reason\": \"bye now\", \"session\": \"12884901888\"}"},
        {"2Krab\177c\n\t\n",   "players.kick", "{\"reason\": \"ac\", \"session\": \"12884901888\"}"},
        {"2Kra b\027c\n\t\n",  "players.kick", "{\"reason\": \"a c\", \"session\": \"12884901888\"}"},
        {"2B\n",               NULL, NULL},
        {"2M\033",             NULL, NULL},
        {"2By",                "bans.add", "{\"duration\": \"1d\", \"id\": \"1000\", \"reason\": \"no reason was given\"}"},
        {"2Brspam\n\n\t\n",      "bans.add", "{\"duration\": \"1d\", \"id\": \"1000\", \"reason\": \"spam\"}"},
        {"2Mrloud\n\n\t\n",      "players.mute", "{\"duration\": \"1h\", \"id\": \"1000\", \"reason\": \"loud\"}"},
        {"2U",                 "players.unmute", "{\"id\": \"1000\"}"},
        {"2Wmind the gap\n\t\n", "players.message", "{\"session\": \"12884901888\", \"text\": \"mind the gap\"}"},
        {"2W\n\t\n",           NULL, NULL}, /* nothing to say: it goes back to the text */
        {"2jTy",               NULL, NULL}, /* letters are the field's */
        {"2jT\n\n\t\n",        "players.teleport", "{\"session\": \"12884901889\", \"x\": -88, \"z\": -4}"},
        {"2T\02512\n\025-7\n\t\n", "players.teleport", "{\"session\": \"12884901888\", \"x\": 12, \"z\": -7}"},
        {"2T\025abc\n\025\n\t\n", "players.teleport", "{\"session\": \"12884901888\", \"x\": \"abc\", \"z\": 0}"},
        {"2SCass\n\t\n",        "players.summon", "{\"session\": \"12884901888\", \"to\": \"Cass\"}"},
        {"2LBorin\n\t\n",       "bans.lift", "{\"player\": \"Borin\"}"},
        {"2LBorin\n\n",         NULL, NULL},
        {"2\nKy",              "players.kick", "{\"session\": \"12884901888\"}"}, /* the same on his page */
        {"2j\nBrspam\n\n\t\n",  "bans.add", "{\"duration\": \"1d\", \"id\": \"1001\", \"reason\": \"spam\"}"},
        {"2j\nLy",             "bans.lift", "{\"id\": \"1001\"}"},
        {"2j\nU",              "players.unmute", "{\"id\": \"1001\"}"},
        /* who said the line under the cursor */
        {"4kkkkM\n",           NULL, NULL},
        {"4kkkkMy",            "players.mute", "{\"duration\": \"1h\", \"id\": \"4711\", \"reason\": \"no reason was given\"}"},
        {"4My",                "players.mute", "{\"duration\": \"1h\", \"player\": \"guest-17\", \"reason\": \"no reason was given\"}"},
        {"4B",                 NULL, NULL}, /* a guest */
        {"4kkkkKrspam\n\t\n",  "players.kick", "{\"reason\": \"spam\", \"session\": \"12884901891\"}"},
        {"4/gold\nkBy",        "bans.add", "{\"duration\": \"1d\", \"id\": \"4711\", \"reason\": \"no reason was given\"}"},
        {"4kkkkWenough\n\t\n", "players.message", "{\"session\": \"12884901891\", \"text\": \"enough\"}"},
        {"4kkkkU",             "players.unmute", "{\"id\": \"4711\"}"},
        {"4cccM",              NULL, NULL}, /* the server's */
        {"4Sbe kind\n\t\n",   "chat.say", "{\"text\": \"be kind\"}"},
        {"4Atea\n\t\n",       "announce", "{\"text\": \"tea\"}"},
        {"4S\n\t\n",          NULL, NULL},
        /* whom a report is about */
        {"8My",                "players.mute", "{\"duration\": \"1h\", \"id\": \"4711\", \"reason\": \"no reason was given\"}"},
        {"8By",                "bans.add", "{\"duration\": \"1d\", \"id\": \"4711\", \"reason\": \"no reason was given\"}"},
        {"8jjjB",              NULL, NULL}, /* a guest */
        {"8jU",                "players.unmute", "{\"id\": \"4712\"}"},
        {"8C\n\t\n",          NULL, NULL}, /* no verdict */
        {"8Cspam, banned\n\n", NULL, NULL},
        {"8Cspam, banned\n\t\n", "reports.close", "{\"report\": \"23\", \"verdict\": \"spam, banned\"}"},
        {"8j  Cno\n\t\n",     "reports.close", "{\"report\": \"19\", \"verdict\": \"no\"}"}, /* the last of the tagged */
        {"8\nCwarned\n\t\n",  "reports.close", "{\"report\": \"23\", \"verdict\": \"warned\"}"},
        {"8\nKy",              "players.kick", "{\"session\": \"12884901891\"}"},
        {"8\nWbe nice\n\t\n", "players.message", "{\"session\": \"12884901891\", \"text\": \"be nice\"}"},
    };
    /* clang-format on */
    static const char *const DEEDS[] = {"players.kick",   "bans.add",        "players.mute",
                                        "players.unmute", "players.message", "players.teleport",
                                        "players.summon", "bans.lift",       "chat.say",
                                        "announce",       "reports.close"};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;

        fixture_init(&fixture, 24, 80, false);
        press(&fixture, CASES[i].keys);
        for (size_t deed = 0; deed < ARRAY_N(DEEDS); deed++)
            assert_string_equal(params_of(&fixture, DEEDS[deed]),
                                CASES[i].method != NULL && strcmp(CASES[i].method, DEEDS[deed]) == 0
                                    ? CASES[i].params
                                    : "");
        assert_false(fixture.ui.quit);
        fixture_fini(&fixture);
    }
}

/* How often a method was asked for, with that in its parameters. */
static unsigned asked_with(const struct fixture *fixture, const char *method, const char *what)
{
    unsigned n = 0;

    for (int i = 0; i < fixture->asks && i < FIXTURE_ASKS; i++)
        n += strcmp(fixture->asked[i].method, method) == 0 &&
             strstr(fixture->asked[i].params, what) != NULL;
    return n;
}

/* Those who were tagged, wherever they stand now; who is gone is tagged no more. */
static void deeds_are_done_to_all_who_are_tagged(void **state)
{
    json_t *nobody =
        json_pack("{s:i, s:i, s:i, s:[]}", "here", 0, "matched", 0, "offset", 0, "players");
    json_t *line = json_pack("{s:s, s:O}", "answer", "players.list", "data", nobody);
    json_t *done = json_pack("{s:s}", "kicked", "Aria");
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2 j jj ");
    assert_true(shows(&fixture, "3 tagged"));
    json_object_set(fixture.replies, "players.list", nobody);
    ui_recorded(&fixture.ui, line); /* none of them is in view any more */
    press(&fixture, "K");
    assert_true(shows(&fixture, "Kick 3 players?"));
    assert_true(shows(&fixture, "Aria, Cass"));
    press(&fixture, "y");
    assert_int_equal(asked_with(&fixture, "players.kick", "12884901888"), 1);
    assert_int_equal(asked_with(&fixture, "players.kick", "12884901890"), 1);
    assert_int_equal(asked_with(&fixture, "players.kick", "session"), 3);
    answer(&fixture, "players.kick", done, 0, "");
    draw(&fixture);
    assert_true(shows(&fixture, "2 tagged"));
    press(&fixture, "\033");
    assert_false(shows(&fixture, "tagged"));
    press(&fixture, "K");
    assert_null(fixture.ui.dialog.kind);
    json_decref(done);
    json_decref(line);
    json_decref(nobody);
    fixture_fini(&fixture);
}

/* Of more than ten the number is typed. */
static void many_are_confirmed_by_their_number(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2           "); /* eleven */
    press(&fixture, "Mrflood\n\n");
    assert_true(shows(&fixture, "Mute 11 players?"));
    assert_true(shows(&fixture, "and 4 more"));
    press(&fixture, "12\n\t\n"); /* not their number */
    assert_non_null(fixture.ui.dialog.kind);
    assert_int_equal(asked_with(&fixture, "players.mute", "flood"), 0);
    press(&fixture, "\02511\n\t\n");
    assert_null(fixture.ui.dialog.kind);
    for (int i = 0; i < 11; i++) { /* eight at a time are on their way */
        json_t *done = json_pack("{s:s}", "player", "x");

        answer(&fixture, "players.mute", done, 0, "");
        json_decref(done);
    }
    assert_int_equal(asked_with(&fixture, "players.mute", "flood"), 11);
    fixture_fini(&fixture);
}

/* His page: what is known of him goes on being shown when he has left, and it is said. */
static void a_page_is_about_one(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2j\n");
    assert_string_equal(params_of(&fixture, "players.show"), "{\"session\": \"12884901889\"}");
    assert_string_equal(params_of(&fixture, "players.history"),
                        "{\"id\": \"1001\", \"limit\": 50}");
    assert_true(shows(&fixture, "account 1001"));
    assert_true(shows(&fixture, "by kim: loud")); /* his mute */
    press(&fixture, "f");
    assert_true(shows(&fixture, "speed hack"));
    assert_false(shows(&fixture, "lag?"));
    ui_time(&fixture.ui, fixture.ui.now_ms + 2000, WALL_MS);
    answer(&fixture, "players.show", NULL, -32000, "there is no session 12884901889");
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_true(shows(&fixture, "has left"));
    assert_true(shows(&fixture, "account 1001"));
    press(&fixture, "\033");
    assert_true(shows(&fixture, "812 of 2000 players"));
    fixture_fini(&fixture);
}

/* The answer about another, who was looked at before, comes late. */
static void a_page_minds_its_own_answers(void **state)
{
    struct fixture fixture;
    int late;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    json_object_del(fixture.replies, "players.show");
    json_object_del(fixture.replies, "players.history");
    press(&fixture, "2j\n");
    late = fixture.asks;
    press(&fixture, "\033j\n");
    assert_null(strstr(params_of(&fixture, "players.show"), "12884901889"));
    for (int i = 0; i < late; i++) {
        if (strncmp(fixture.asked[i].method, "players.", 8) == 0)
            ui_answer(&fixture.ui, fixture.asked[i].token, NULL, -32000, "there is none");
    }
    draw(&fixture);
    assert_false(shows(&fixture, "has left"));
    assert_false(shows(&fixture, "moderators' to read"));
    fixture_fini(&fixture);
}

/* The record is not for all roles. */
static void a_viewer_sees_no_record(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    json_object_del(fixture.replies, "players.history");
    press(&fixture, "2jj\n");
    answer(&fixture, "players.history", NULL, -32001, "players.history takes the role moderator");
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_true(shows(&fixture, "moderators' to read"));
    fixture_fini(&fixture);
}

static void a_guest_has_no_account_to_ban(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2");
    strcpy(fixture.ui.model.players.rows[0].account, "0");
    press(&fixture, "B");
    draw(&fixture);
    assert_null(fixture.ui.dialog.kind);
    assert_true(shows(&fixture, "is a guest"));
    press(&fixture, "K");
    assert_non_null(fixture.ui.dialog.kind);
    fixture_fini(&fixture);
}

static void a_guest_is_muted_by_name(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2");
    strcpy(fixture.ui.model.players.rows[0].account, "0");
    strcpy(fixture.ui.model.players.rows[0].name, "Aria");
    press(&fixture, "Mrloud\n\n\t\n");
    assert_string_equal(params_of(&fixture, "players.mute"),
                        "{\"duration\": \"1h\", \"player\": \"Aria\", \"reason\": \"loud\"}");
    fixture_fini(&fixture);
}

static void what_became_of_a_kick_is_said(void **state)
{
    json_t *result = json_pack("{s:s}", "kicked", "Aria");
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2Ky");
    answer(&fixture, "players.kick", result, 0, "");
    draw(&fixture);
    assert_true(shows(&fixture, "kicked Aria"));
    press(&fixture, "2Ky");
    answer(&fixture, "players.kick", NULL, -32001, "players.kick takes the role moderator");
    draw(&fixture);
    assert_true(shows(&fixture, "not kicked: players.kick takes the role moderator (Aria)"));
    assert_true(shows(&fixture, "takes the role moderator"));
    ui_time(&fixture.ui, fixture.ui.now_ms + 60000, WALL_MS);
    draw(&fixture);
    assert_false(shows(&fixture, "takes the role moderator"));
    press(&fixture, "2ByjKy"); /* the ban takes longer than the kick of another */
    answer(&fixture, "bans.add", NULL, -32000, "the database is away");
    draw(&fixture);
    assert_true(shows(&fixture, "not banned: the database is away (Aria)"));
    json_decref(result);
    fixture_fini(&fixture);
}

/* --- Lists. --- */

/* How each screen with one list begins its state. */
struct list_of_players {
    struct list list;
};

static void the_cursor_stays_on_its_player(void **state)
{
    struct fixture fixture;
    json_t *rows = json_array(), *list, *line;
    const struct list *view;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2j"); /* on the second: session ...889 */
    json_array_append_new(rows, json_pack("{s:s, s:s}", "name", "x", "session", "7"));
    json_array_append_new(rows, json_pack("{s:s, s:s}", "name", "y", "session", "8"));
    json_array_append_new(rows, json_pack("{s:s, s:s}", "name", "B", "session", "12884901889"));
    list = json_pack("{s:i, s:i, s:i, s:o}", "here", 3, "matched", 3, "offset", 0, "players", rows);
    line = json_pack("{s:s, s:o}", "answer", "players.list", "data", list);
    view = &((const struct list_of_players *)ui_state(&fixture.ui, &SCREEN_PLAYERS))->list;
    ui_recorded(&fixture.ui, line);
    assert_int_equal(view->cursor, 2);
    /* He is gone: the cursor stays in the list. */
    json_array_remove(rows, 2);
    json_object_set_new(list, "matched", json_integer(2));
    ui_recorded(&fixture.ui, line);
    assert_int_equal(view->cursor, 1);
    json_array_clear(rows);
    json_object_set_new(list, "matched", json_integer(0));
    ui_recorded(&fixture.ui, line);
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_true(shows(&fixture, "Nobody is here."));
    press(&fixture, "K");
    assert_null(fixture.ui.dialog.kind);
    json_decref(line);
    fixture_fini(&fixture);
}

static void sorting_and_filtering_ask_the_daemon(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "2");
    press(&fixture, ">>I");
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"sort\": \"rtt\""));
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"descending\": true"));
    press(&fixture, "/Bo");
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"filter\": \"Bo\""));
    press(&fixture, "\033"); /* takes back what was typed */
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"filter\": \"\""));
    assert_null(fixture.ui.prompt);
    fixture_fini(&fixture);
}

static void the_log_is_filtered_by_level_and_text(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 43, 132, false);
    press(&fixture, "5");
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

/* A line that comes moves the picture while it is followed, and nothing while it stands still; what
 * is asked then is about the line that was seen. */
static void chat_is_followed_or_stands_still(void **state)
{
    static const char LINE[] =
        "{\"subscription\": 3, \"lost\": 0, \"data\": {\"lines\": [{\"sequence\":"
        " \"8589934999\", \"at_ms\": 1795349072000, \"channel\": \"global\","
        " \"name\": \"Late\", \"text\": \"too late\", \"player\": \"5\","
        " \"session\": \"6\"}]}}";
    json_t *params = json_loads(LINE, 0, NULL);

    (void)state;
    for (int standing = 0; standing < 2; standing++) {
        struct fixture fixture;

        fixture_init(&fixture, 24, 80, false);
        press(&fixture, standing ? "4f" : "4");
        ui_notify(&fixture.ui, "chat", params);
        ui_notify(&fixture.ui, "chat", params); /* the same again is not a second line */
        draw(&fixture);
        assert_true(shows(&fixture, "too late") == !standing);
        press(&fixture, "U");
        assert_string_equal(params_of(&fixture, "players.unmute"),
                            standing ? "{\"player\": \"guest-17\"}" : "{\"id\": \"5\"}");
        press(&fixture, "j");
        assert_true(shows(&fixture, "too late"));
        assert_int_equal(model_chat_n(&fixture.ui.model), 10);
        fixture_fini(&fixture);
    }
    json_decref(params);
}

/* From a line to who said it: his page, and what is on record of him. */
static void a_line_leads_to_its_speaker(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "4kkkk\n");
    assert_true(ui_shows(&fixture.ui, &SCREEN_PLAYER));
    assert_string_equal(params_of(&fixture, "players.history"),
                        "{\"id\": \"4711\", \"limit\": 50}");
    press(&fixture, "\033");
    assert_true(ui_shows(&fixture.ui, &SCREEN_CHAT));
    assert_true(shows(&fixture, "cheap gold"));
    fixture_fini(&fixture);
}

/* Which reports, and which page of them. */
static void reports_are_asked_for_by_state_and_page(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "8");
    assert_string_equal(params_of(&fixture, "reports.list"),
                        "{\"limit\": 100, \"state\": \"open\"}");
    press(&fixture, "s");
    assert_string_equal(params_of(&fixture, "reports.list"),
                        "{\"limit\": 100, \"state\": \"closed\"}");
    press(&fixture, "so");
    assert_string_equal(params_of(&fixture, "reports.list"),
                        "{\"before\": \"12\", \"limit\": 100, \"state\": \"all\"}");
    press(&fixture, "n");
    assert_string_equal(params_of(&fixture, "reports.list"),
                        "{\"limit\": 100, \"state\": \"all\"}");
    press(&fixture, "j\n");
    assert_true(ui_shows(&fixture.ui, &SCREEN_REPORT));
    assert_string_equal(params_of(&fixture, "reports.show"), "{\"report\": \"22\"}");
    assert_false(shows(&fixture, "goldseller")); /* another's answer is not this one's */
    press(&fixture, "\033k\n");
    press(&fixture, "\n");
    assert_true(ui_shows(&fixture.ui, &SCREEN_PLAYER));
    assert_string_equal(params_of(&fixture, "players.history"),
                        "{\"id\": \"4711\", \"limit\": 50}");
    fixture_fini(&fixture);
}

/* Only it is tagged no more: the others' closing may fail. */
static void a_report_that_is_closed_is_not_tagged(void **state)
{
    struct fixture fixture;
    json_t *closed = json_object();

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "8  ");
    assert_true(shows(&fixture, "2 tagged"));
    press(&fixture, "Cno\n\t\n");
    answer(&fixture, "reports.close", closed, 0, "");
    draw(&fixture);
    assert_true(shows(&fixture, "1 tagged"));
    json_decref(closed);
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

/* --- The log. --- */

/* The lines of the recording begin at 12:02:31. */
static void the_log_jumps_to_a_time(void **state)
{
    static const struct {
        const char *typed, *shown, *not_shown;
    } CASES[] = {
        {"12:03\n", " 12:03:01", " 12:02:5"},
        {"12:03:30\n", " 12:03:31", " 12:03:29"},
        {"1m\n", " 12:03:32", " 12:03:29"},
        {"1m ago\n", " 12:03:32", " 12:03:29"}, /* as the hint has it */
        {"3:00\n", " 12:02:31", " 12:04:2"},    /* before all that is here */
        {"12:0x\n", "12:0x is no time", NULL},
        {"25:00\n", "25:00 is no time", NULL},
        {"7y\n", "7y is no time", NULL},
    };

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;

        fixture_init(&fixture, 24, 80, false);
        press(&fixture, "5t");
        press(&fixture, CASES[i].typed);
        if (!shows(&fixture, CASES[i].shown) ||
            (CASES[i].not_shown != NULL && shows(&fixture, CASES[i].not_shown)))
            fail_msg("%s leads elsewhere:\n%s", CASES[i].typed, printed(&fixture, false));
        assert_true(CASES[i].not_shown == NULL || shows(&fixture, "standing still"));
        assert_true((CASES[i].not_shown == NULL) == shows(&fixture, "is no time"));
        fixture_fini(&fixture);
    }
}

/* --- Roles. --- */

static int subscriptions_to(const struct fixture *fixture, const char *topic)
{
    char mark[40];
    int n = 0;

    snprintf(mark, sizeof(mark), "\"topic\": \"%s\"", topic);
    for (int i = 0; i < fixture->asks && i < FIXTURE_ASKS; i++)
        n += strstr(fixture->asked[i].params, mark) != NULL;
    return n;
}

/* Each role asks for what it may have, once it knows which one it is; a viewer is denied nothing.
 */
static void nobody_asks_for_what_he_may_not_have(void **state)
{
    static const struct {
        const char *role;
        int chat, audit;
    } CASES[] = {{"viewer", 0, 0}, {"moderator", 1, 0}, {"admin", 1, 1}};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;
        json_t *who = json_pack("{s:{s:s, s:s}}", "you", "name", "kim", "role", CASES[i].role);

        fixture_init(&fixture, 24, 80, false);
        ui_lost(&fixture.ui, false, "gone");
        fixture.asks = 0;
        ui_opened(&fixture.ui);
        assert_int_equal(subscriptions_to(&fixture, "metrics"), 1);
        assert_int_equal(subscriptions_to(&fixture, "chat"), 0);
        answer(&fixture, "rpc.discover", who, 0, "");
        assert_int_equal(subscriptions_to(&fixture, "metrics"), 1);
        assert_int_equal(subscriptions_to(&fixture, "chat"), CASES[i].chat);
        assert_int_equal(subscriptions_to(&fixture, "audit"), CASES[i].audit);
        ui_key(&fixture.ui, 'Z'); /* held, and going on: the same again */
        ui_key(&fixture.ui, 'Z');
        assert_int_equal(params_of(&fixture, "chat.recent")[0] != '\0', CASES[i].chat);
        json_decref(who);
        fixture_fini(&fixture);
    }
}

/* --- From a player to the map. --- */

/* The map needs not have been seen before: it is close to him then, too. */
static void a_player_is_followed_on_the_map(void **state)
{
    /* clang-format off */
    static const struct { const char *keys, *params; } CASES[] = {
        {"2jo",       "{\"session\": \"12884901889\"}"},
        {"2j\no",     "{\"session\": \"12884901889\"}"},
        {"4kkkko",    "{\"session\": \"12884901891\"}"},
    };
    /* clang-format on */

    (void)state;
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        struct fixture fixture;

        fixture_init(&fixture, 24, 80, false);
        press(&fixture, CASES[i].keys);
        assert_true(ui_shows(&fixture.ui, &SCREEN_MAP));
        draw(&fixture);
        assert_string_equal(params_of(&fixture, "world.player"), CASES[i].params);
        assert_true(shows(&fixture, "\u2524 20 m")); /* the scale */
        fixture_fini(&fixture);
    }
}

/* That the one before has left says nothing of this one. */
static void another_may_be_followed(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    json_object_del(fixture.replies, "world.player");
    press(&fixture, "2jo");
    draw(&fixture);
    assert_string_equal(params_of(&fixture, "world.player"), "{\"session\": \"12884901889\"}");
    press(&fixture, "2jo");
    answer(&fixture, "world.player", NULL, -32000, "there is no session 12884901889");
    ui_time(&fixture.ui, fixture.ui.now_ms + 300, WALL_MS);
    draw(&fixture);
    assert_string_equal(params_of(&fixture, "world.player"), "{\"session\": \"12884901890\"}");
    assert_false(shows(&fixture, "has left"));
    fixture_fini(&fixture);
}

/* A key can be faster than the first answer. */
static void who_has_not_come_yet_is_not_called_nobody(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    fixture.ui.model.players.known = false;
    fixture.ui.model.players.n = 0;
    json_object_del(fixture.replies, "players.list");
    press(&fixture, "2K");
    assert_null(fixture.ui.dialog.kind);
    assert_true(shows(&fixture, "the list has not come yet"));
    fixture_fini(&fixture);
}

/* --- The audit. --- */

/* by=, method= and target= go to the daemon, other words stay here; a viewer is told that he may
 * not, once; what the topic says makes it ask at once. */
static void the_audit_is_searched(void **state)
{
    struct fixture fixture;
    json_t *news;
    int asks;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "9");
    assert_string_equal(params_of(&fixture, "audit.list"), "{\"limit\": 100}");
    assert_true(shows(&fixture, "67 rows"));
    press(&fixture, "/denied");
    assert_string_equal(params_of(&fixture, "audit.list"), "{\"limit\": 100}");
    assert_true(shows(&fixture, "1 row "));
    assert_true(shows(&fixture, "vera"));
    press(&fixture, "\x15"
                    "by=kim method=bans. target=#17 x");
    assert_string_equal(
        params_of(&fixture, "audit.list"),
        "{\"by\": \"kim\", \"limit\": 100, \"method\": \"bans.\", \"target\": \"#17\"}");
    ui_key(&fixture.ui, KEYS_ESCAPE);
    draw(&fixture);
    draw(&fixture);
    asks = fixture.asks;
    draw(&fixture);
    assert_int_equal(fixture.asks, asks);
    news = json_pack("{s:i, s:{s:[]}}", "lost", 0, "data", "rows");
    ui_notify(&fixture.ui, "audit", news);
    json_decref(news);
    draw(&fixture);
    assert_int_equal(fixture.asks, asks + 1);
    json_object_del(fixture.replies, "audit.list");
    ui_time(&fixture.ui, fixture.ui.now_ms + 5001, WALL_MS);
    answer(&fixture, "audit.list", NULL, -32001, "audit.list takes the role admin");
    asks = fixture.asks;
    ui_time(&fixture.ui, fixture.ui.now_ms + 60000, WALL_MS);
    assert_int_equal(fixture.asks, asks);
    draw(&fixture);
    assert_true(shows(&fixture, "your role may not read it"));
    fixture_fini(&fixture);
}

/* However far was scrolled, its end is as far as it goes. */
static void a_row_of_the_audit_ends_at_its_end(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "9\nG");
    assert_true(shows(&fixture, "outcome"));
    press(&fixture, "j");
    assert_true(shows(&fixture, "outcome"));
    fixture_fini(&fixture);
}

/* A page of audit rows with these ids, as it was asked for. */
static void audit_page(struct model *model, json_t *params, int newest, int n)
{
    json_t *rows = json_array(), *data;

    for (int id = newest; id > newest - n; id--)
        json_array_append_new(rows, json_pack("{s:o}", "id", json_sprintf("%d", id)));
    data = json_pack("{s:o}", "rows", rows);
    model_answer(model, "audit.list", params, data);
    json_decref(data);
    json_decref(params);
}

static const char *audit_id(const struct model *model, size_t i)
{
    return json_string_value(json_object_get(model->audit.rows[i], "id"));
}

static void pages_of_the_audit_are_put_together(void **state)
{
    struct model model;

    (void)state;
    assert_int_equal(model_init(&model), 0);
    audit_page(&model, json_pack("{s:i}", "limit", 3), 100, 3);
    assert_false(model.audit.all);
    audit_page(&model, json_pack("{s:i, s:s}", "limit", 3, "before", "98"), 97, 2);
    assert_int_equal(model.audit.n, 5);
    assert_true(model.audit.all);
    audit_page(&model, json_pack("{s:i}", "limit", 3), 102, 3); /* two new ones */
    assert_int_equal(model.audit.n, 7);
    assert_string_equal(audit_id(&model, 0), "102");
    assert_string_equal(audit_id(&model, 2), "100");
    assert_string_equal(audit_id(&model, 6), "96");
    audit_page(&model, json_pack("{s:i}", "limit", 3), 200, 3); /* a hole before it */
    assert_int_equal(model.audit.n, 3);
    assert_false(model.audit.all);
    audit_page(&model, json_pack("{s:i, s:s}", "limit", 3, "by", "kim"), 150, 1);
    assert_int_equal(model.audit.n, 1); /* another search */
    assert_true(model.audit.all);
    audit_page(&model, json_pack("{s:i, s:s}", "limit", 3, "before", "198"), 197, 3);
    assert_int_equal(model.audit.n, 1); /* late */
    for (int i = 1; i < 40; i++)
        audit_page(&model, json_pack("{s:i}", "limit", 100), 1000 + i * 50, 100);
    assert_int_equal(model.audit.n, MODEL_AUDIT_ROWS);
    assert_string_equal(audit_id(&model, 0), "2950");
    assert_string_equal(audit_id(&model, MODEL_AUDIT_ROWS - 1), "1951");
    model_fini(&model);
}

/* --- The configuration. --- */

static void options_are_set_after_a_question(void **state)
{
    struct fixture fixture;
    int asks;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    press(&fixture, "0/chats_per\n");
    assert_true(shows(&fixture, "1 option "));
    press(&fixture, "S");
    assert_true(shows(&fixture, "Set limits.chats_per_10s?"));
    assert_true(shows(&fixture, "until the next reload or restart"));
    press(&fixture, "\x15"
                    "12 a\n");
    assert_string_equal(params_of(&fixture, "config.set"), "");
    press(&fixture, "y");
    assert_string_equal(params_of(&fixture, "config.set"),
                        "{\"name\": \"limits.chats_per_10s\", \"value\": \"12 a\"}");
    answer(&fixture, "config.set", NULL, -32000, "\"12 a\" is no whole number");
    draw(&fixture);
    assert_true(shows(&fixture, "not set: \"12 a\" is no whole number"));
    press(&fixture, "Uy");
    assert_string_equal(params_of(&fixture, "config.reset"),
                        "{\"name\": \"limits.chats_per_10s\"}");
    press(&fixture, "Ry");
    assert_string_equal(params_of(&fixture, "server.reload"), "{}");
    press(&fixture, "/\x15net.listen\nS");
    assert_true(shows(&fixture, "net.listen is told by the file only, and changes by restart"));
    press(&fixture, "U");
    assert_true(shows(&fixture, "net.listen was not set by an operator"));
    assert_null(fixture.ui.dialog.kind);
    json_object_del(fixture.replies, "config.list");
    ui_time(&fixture.ui, fixture.ui.now_ms + 5001, WALL_MS);
    answer(&fixture, "config.list", NULL, -32001, "config.list takes the role admin");
    asks = fixture.asks;
    ui_time(&fixture.ui, fixture.ui.now_ms + 60000, WALL_MS);
    assert_int_equal(fixture.asks, asks);
    draw(&fixture);
    assert_true(shows(&fixture, "your role may not read it"));
    fixture_fini(&fixture);
}

/* What is given at its default is not changed, but what an operator set is shown. */
static void changed_options_are_those_not_at_their_default(void **state)
{
    struct fixture fixture;
    json_t *data, *row;
    size_t i;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    data = json_deep_copy(json_object_get(fixture.replies, "config.list"));
    press(&fixture, "0c");
    assert_true(shows(&fixture, "8 changed options"));
    json_array_foreach(json_object_get(data, "options"), i, row)
        json_object_set_new(row, "changed", json_false());
    json_object_set(fixture.replies, "config.list", data);
    model_answer(&fixture.ui.model, "config.list", NULL, data);
    draw(&fixture);
    json_decref(data);
    assert_true(shows(&fixture, "1 changed option "));
    assert_true(shows(&fixture, "limits.chats_per_10s"));
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

/* --- Mouse and colours. --- */

static void mouse_at(struct fixture *fixture, enum mouse_what what, int row, int column)
{
    struct mouse mouse = {what, row, column};

    ui_mouse(&fixture->ui, &mouse);
    draw(fixture);
}

static const struct list *players_list(struct fixture *fixture)
{
    return &((const struct list_of_players *)ui_state(&fixture->ui, &SCREEN_PLAYERS))->list;
}

static void the_mouse_does_what_keys_do(void **state)
{
    struct fixture fixture;

    (void)state;
    fixture_init(&fixture, 24, 80, false);
    mouse_at(&fixture, MOUSE_CLICK, 1, 9); /* the tab of Players */
    assert_true(ui_shows(&fixture.ui, &SCREEN_PLAYERS));
    mouse_at(&fixture, MOUSE_CLICK, 7, 20);
    assert_int_equal(players_list(&fixture)->cursor, 3);
    mouse_at(&fixture, MOUSE_WHEEL_DOWN, 7, 20);
    assert_int_equal(players_list(&fixture)->cursor, 6);
    mouse_at(&fixture, MOUSE_WHEEL_UP, 7, 20);
    mouse_at(&fixture, MOUSE_WHEEL_UP, 7, 20);
    assert_int_equal(players_list(&fixture)->cursor, 0);
    mouse_at(&fixture, MOUSE_CLICK, 3, 25); /* a column's name */
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"sort\": \"address\""));
    mouse_at(&fixture, MOUSE_CLICK, 3, 25);
    assert_non_null(strstr(params_of(&fixture, "players.list"), "\"descending\": true"));
    mouse_at(&fixture, MOUSE_CLICK, 23, 1); /* the bottom bar: help */
    assert_true(shows(&fixture, "Keys: Players"));
    press(&fixture, "x");
    mouse_at(&fixture, MOUSE_CLICK, 1, 2);
    mouse_at(&fixture, MOUSE_DOUBLE_CLICK, 8, 8);
    assert_true(shows(&fixture, "LADDER"));
    mouse_at(&fixture, MOUSE_CLICK, 1, 9);
    press(&fixture, "K");
    mouse_at(&fixture, MOUSE_CLICK, fixture.ui.dialog.buttons_row, fixture.ui.dialog.column + 2);
    assert_null(fixture.ui.dialog.kind);
    assert_string_equal(params_of(&fixture, "players.kick"), "");
    press(&fixture, "K");
    mouse_at(&fixture, MOUSE_CLICK, fixture.ui.dialog.buttons_row, fixture.ui.dialog.column + 12);
    assert_string_not_equal(params_of(&fixture, "players.kick"), "");
    fixture_fini(&fixture);
}

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
        cmocka_unit_test(deeds_ask_first_and_the_default_is_no),
        cmocka_unit_test(deeds_are_done_to_all_who_are_tagged),
        cmocka_unit_test(many_are_confirmed_by_their_number),
        cmocka_unit_test(a_page_is_about_one),
        cmocka_unit_test(a_page_minds_its_own_answers),
        cmocka_unit_test(a_viewer_sees_no_record),
        cmocka_unit_test(a_guest_has_no_account_to_ban),
        cmocka_unit_test(a_guest_is_muted_by_name),
        cmocka_unit_test(what_became_of_a_kick_is_said),
        cmocka_unit_test(the_cursor_stays_on_its_player),
        cmocka_unit_test(sorting_and_filtering_ask_the_daemon),
        cmocka_unit_test(the_log_is_filtered_by_level_and_text),
        cmocka_unit_test(chat_is_followed_or_stands_still),
        cmocka_unit_test(a_line_leads_to_its_speaker),
        cmocka_unit_test(reports_are_asked_for_by_state_and_page),
        cmocka_unit_test(a_report_that_is_closed_is_not_tagged),
        cmocka_unit_test(a_lost_connection_greys_the_picture),
        cmocka_unit_test(troubles_are_named_at_the_top),
        cmocka_unit_test(orders_are_seen),
        cmocka_unit_test(alerts_are_counted_at_the_top),
        cmocka_unit_test(options_are_set_after_a_question),
        cmocka_unit_test(the_log_jumps_to_a_time),
        cmocka_unit_test(nobody_asks_for_what_he_may_not_have),
        cmocka_unit_test(a_player_is_followed_on_the_map),
        cmocka_unit_test(another_may_be_followed),
        cmocka_unit_test(who_has_not_come_yet_is_not_called_nobody),
        cmocka_unit_test(the_audit_is_searched),
        cmocka_unit_test(pages_of_the_audit_are_put_together),
        cmocka_unit_test(a_row_of_the_audit_ends_at_its_end),
        cmocka_unit_test(changed_options_are_those_not_at_their_default),
        cmocka_unit_test(figures_are_short_and_exact),
        cmocka_unit_test(the_mouse_does_what_keys_do),
        cmocka_unit_test(colours_are_the_nearest_there_are),
        cmocka_unit_test(a_cells_own_colours_are_printed_and_greyed),
        cmocka_unit_test(wide_and_combining_characters_keep_their_cells),
        cmocka_unit_test(what_is_cut_shows_it),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
