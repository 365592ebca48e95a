/* keys.h -- which key does what: one row each, for the key handling, the help page, the bottom bar
 * and the tests that walk all of them. */
#ifndef OPENMMO_CONSOLE_KEYS_H
#define OPENMMO_CONSOLE_KEYS_H

#include <stddef.h>

/* Keys that are no character: above Unicode. */
enum {
    KEYS_UP = 0x110000,
    KEYS_DOWN,
    KEYS_LEFT,
    KEYS_RIGHT,
    KEYS_PAGE_UP,
    KEYS_PAGE_DOWN,
    KEYS_HOME,
    KEYS_END,
    KEYS_DELETE,
    KEYS_BACK_TAB,
    KEYS_F1,
    KEYS_F12 = KEYS_F1 + 11,
};
#define KEYS_TAB       9
#define KEYS_ENTER     10
#define KEYS_ESCAPE    27
#define KEYS_BACKSPACE 127
#define KEYS_CTRL_L    12
#define KEYS_CTRL_U    21
#define KEYS_CTRL_W    23

enum keys_scope { KEYS_EVERYWHERE, KEYS_IN_PLAYERS, KEYS_IN_LOG };

enum keys_action {
    KEYS_DO_NOTHING,
    KEYS_DO_QUIT,
    KEYS_DO_HELP,
    KEYS_DO_OVERVIEW,
    KEYS_DO_PLAYERS,
    KEYS_DO_LOG,
    KEYS_DO_LOAD,
    KEYS_DO_NEXT_SCREEN,
    KEYS_DO_PREVIOUS_SCREEN,
    KEYS_DO_BACK,
    KEYS_DO_REDRAW,
    KEYS_DO_LINE_UP,
    KEYS_DO_LINE_DOWN,
    KEYS_DO_PAGE_UP,
    KEYS_DO_PAGE_DOWN,
    KEYS_DO_FIRST,
    KEYS_DO_LAST,
    KEYS_DO_SORT_LEFT,
    KEYS_DO_SORT_RIGHT,
    KEYS_DO_INVERT,
    KEYS_DO_FILTER,
    KEYS_DO_KICK,
    KEYS_DO_BAN,
    KEYS_DO_MUTE,
    KEYS_DO_LEVEL,
    KEYS_DO_FOLLOW,
};

struct keys_row {
    enum keys_scope scope;
    int keys[4]; /* 0: none */
    enum keys_action action;
    const char *shown; /* as the help names the keys: "q, F10" */
    const char *bar;   /* "F10Quit"'s word; NULL: not in the bottom bar */
    const char *bar_key;
    const char *help; /* NULL: another row's help says it */
};

extern const struct keys_row KEYS[];
extern const size_t KEYS_N;

/* What a key does in that scope; a row of the scope goes before one of everywhere. */
enum keys_action keys_action(enum keys_scope scope, int key);

/* By how many lines an action moves in a list that shows page of them: -page, -1, 1 or page; 0: it
 * is no such action. */
long keys_step(enum keys_action action, long page);

#endif
