/* test_keys.c -- every row of every help page, pressed in a real terminal. The console plays the
 * recorded replies to their end, so that nothing but the key moves the picture. */
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
#include "console/screens/address.h"
#include "console/screens/alerts.h"
#include "console/screens/audit.h"
#include "console/screens/database.h"
#include "console/screens/load.h"
#include "console/screens/map.h"
#include "console/screens/player.h"
#include "console/screens/report.h"
#include "console/ui/help.h"
#include "console/ui/result.h"
#include "fixture.h"
#include "tmux.h"

#define CHANGE_MS 400 /* within which a key must show; the aim is 100 */

static int setup(void **state)
{
    char path[108];

    *state = (void *)tmux_missing();
    if (*state != NULL)
        return 0;
    strcpy(tmux_directory, "/tmp/openmmo-keys-XXXXXX");
    assert_non_null(mkdtemp(tmux_directory));
    snprintf(path, sizeof(path), "%s/recording", tmux_directory);
    fixture_record(path);
    tmux_shell("/nonexistent/x");
    tmux_run(TMUX "resize-window -t t -x 80 -y 12", tmux_directory); /* so that lists are longer */
    /* A key may end the console; with the last pane tmux itself would end. */
    tmux_run(TMUX "set-option -w -t t remain-on-exit on 2>&1", tmux_directory);
    return 0;
}

static int teardown(void **state)
{
    if (*state != NULL)
        return 0;
    tmux_end();
    return 0;
}

/* As tmux calls a key. */
static const char *name_of(int key)
{
    /* clang-format off */
    static const struct { int key; const char *name; } NAMES[] = {
        {KEYS_UP, "Up"}, {KEYS_DOWN, "Down"}, {KEYS_LEFT, "Left"}, {KEYS_RIGHT, "Right"}, {KEYS_PAGE_UP, "PPage"},
        {KEYS_PAGE_DOWN, "NPage"}, {KEYS_HOME, "Home"}, {KEYS_END, "End"}, {KEYS_BACK_TAB, "BTab"}, {KEYS_TAB, "Tab"},
        {KEYS_ENTER, "Enter"}, {KEYS_ESCAPE, "Escape"}, {' ', "Space"}, {KEYS_DELETE, "DC"}, {KEYS_BACKSPACE, "BSpace"},
    };
    /* clang-format on */
    static char name[16];

    for (size_t i = 0; i < ARRAY_N(NAMES); i++) {
        if (NAMES[i].key == key)
            return NAMES[i].name;
    }
    if (key >= KEYS_F1 && key <= KEYS_F12)
        snprintf(name, sizeof(name), "F%d", key - KEYS_F1 + 1);
    else if (key < ' ')
        snprintf(name, sizeof(name), "C-%c", key + 'a' - 1);
    else
        snprintf(name, sizeof(name), "-l '%c'", key);
    return name;
}

/* The screen with its attributes, copied. */
static void picture(char *out, size_t room_bytes)
{
    snprintf(out, room_bytes, "%s", tmux_screen("-e"));
}

static char before[65536];

/* Wait until the picture is another than before; false: it stays. */
static bool changes(unsigned for_ms)
{
    uint64_t end_ms = tmux_now_ms() + for_ms;

    do {
        if (strcmp(tmux_screen("-e"), before) != 0)
            return true;
        tmux_rest();
    } while (tmux_now_ms() < end_ms);
    return false;
}

/* In the place of whatever the pane runs: what a key did before must not help the next. */
static void start(void)
{
    tmux_run(TMUX "respawn-pane -k -t t 'env NO_COLOR= %s --replay %s/recording'", tmux_directory,
             tmux_console_path, tmux_directory);
    tmux_see("[REPLAY end]");
}

/* Two looks alike, a moment apart: all that was typed has been drawn. */
static void settle(void)
{
    picture(before, sizeof(before));
    while (changes(60))
        picture(before, sizeof(before));
}

/* Ways to where a key has something to do. */
static const char *const WAYS[] = {
    "", "NPage Down Down", "Down Down", "End", "PPage PPage", "Right Right", "'/' a Enter", ":"};

/* Pages that no number opens: the keys that do. */
static const struct {
    const struct screen *screen;
    const char *keys;
} PAGES[] = {
    {&SCREEN_LOAD, "1 Enter"},
    {&SCREEN_ALERTS, "1 a"},
    {&SCREEN_PLAYER, "2 Down Enter"},
    {&SCREEN_CELL, "3 Enter"},
    {&SCREEN_DATABASE_MORE, "6 Enter"},
    {&SCREEN_ADDRESS, "7 Enter"},
    {&SCREEN_REPORT, "8 Enter"},
    {&SCREEN_AUDIT_ROW, "9 Enter"},
    {&SCREEN_RESULT, ": players.list Enter"},
};

static void go_to(const struct screen *screen)
{
    char keys[64];

    snprintf(keys, sizeof(keys), "%c", screen->key);
    for (size_t i = 0; i < ARRAY_N(PAGES); i++) {
        if (PAGES[i].screen == screen)
            snprintf(keys, sizeof(keys), "%s", PAGES[i].keys);
    }
    tmux_type(keys);
}

static bool row_does_something(const struct screen *screen, const struct keys_row *row)
{
    for (size_t way = 0; way < ARRAY_N(WAYS); way++) {
        if (strchr(WAYS[way], ':') != NULL && row->action != KEYS_DO_BACK)
            continue; /* others would be written there */
        start();
        go_to(screen);
        settle();
        if (WAYS[way][0] != '\0') {
            tmux_type(WAYS[way]);
            settle();
        }
        tmux_type(name_of(row->keys[0]));
        if (changes(CHANGE_MS))
            return true;
    }
    return false;
}

/* What no picture shows: drawing anew; and holding, which the player takes for itself. The number
 * of the screen that is shown, and of those that there are not. */
static bool shows_nothing(const struct keys_row *row)
{
    return row->action == KEYS_DO_REDRAW || row->action == KEYS_DO_PAUSE ||
           row->action == KEYS_DO_SCREEN;
}

static void walk(const struct screen *screen, const struct keys *keys)
{
    for (size_t i = 0; i < keys->n; i++) {
        const struct keys_row *row = &keys->rows[i];

        if (help_row(screen, row->keys[0]) != row || shows_nothing(row))
            continue;
        if (!row_does_something(screen, row))
            fail_msg("%s: %s: %s: nothing is seen of it", screen->name, row->shown, row->help);
    }
}

static void every_row_of_the_help_does_something(void **state)
{
    tmux_need(state);
    for (int i = 0; i < SCREENS_N; i++) {
        walk(SCREENS[i], &SCREENS[i]->keys);
        if (SCREENS[i]->key == '2') /* the lists' keys and everybody's once */
            walk(SCREENS[i], &KEYS_IN_LISTS);
        if (SCREENS[i]->key == '2')
            walk(SCREENS[i], &KEYS_EVERYWHERE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_row_of_the_help_does_something, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
