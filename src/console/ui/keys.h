/* keys.h -- which key does what: one row each, for the key handling, the help page, the bottom bar
 * and the tests that walk all of them.
 *
 * Rows lie in blocks: each screen has its own beside its code, the lists share one, one holds
 * everywhere. A key is looked for in that order. Small letters look and move; what changes
 * something on the server is a capital letter, so that no slip among j, k, g opens a dialog. */
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
    KEYS_MOUSE, /* no key: the mouse did something */
    KEYS_F1,
    KEYS_F12 = KEYS_F1 + 11,
};
#define KEYS_F(n)      (KEYS_F1 + (n)-1)
#define KEYS_CTRL(c)   ((c)&0x1f)
#define KEYS_TAB       9
#define KEYS_ENTER     10
#define KEYS_ESCAPE    27
#define KEYS_BACKSPACE 127

/* What a key does. Those from KEYS_OWN on are a screen's own, named in its file. */
enum keys_action {
    KEYS_DO_NOTHING,
    KEYS_DO_QUIT,
    KEYS_DO_ASK_QUIT, /* with a dialog before */
    KEYS_DO_HELP,
    KEYS_DO_SCREEN, /* the one that has this key */
    KEYS_DO_NEXT_SCREEN,
    KEYS_DO_PREVIOUS_SCREEN,
    KEYS_DO_BACK,
    KEYS_DO_REDRAW,
    KEYS_DO_PAUSE,
    KEYS_DO_COMMAND,
    /* What lists and some other screens share. */
    KEYS_DO_LINE_UP,
    KEYS_DO_LINE_DOWN,
    KEYS_DO_PAGE_UP,
    KEYS_DO_PAGE_DOWN,
    KEYS_DO_FIRST,
    KEYS_DO_LAST,
    KEYS_DO_ENTER,
    KEYS_DO_TAG,
    KEYS_DO_SORT_LEFT,
    KEYS_DO_SORT_RIGHT,
    KEYS_DO_INVERT,
    KEYS_DO_FILTER,
    KEYS_OWN = 100
};

#define KEYS_A_ROW 4

struct keys_row {
    int keys[KEYS_A_ROW]; /* 0: none */
    int action;           /* enum keys_action, or a screen's own */
    const char *shown;    /* as the help names the keys: "?, h, F1" */
    const char *bar;      /* the bottom bar's word: "Quit"; NULL: not in the bar */
    const char *help;     /* NULL: another row's help says it */
};

/* A block of rows. */
struct keys {
    const struct keys_row *rows;
    size_t n;
};
#define KEYS_OF(array)                                                                             \
    {                                                                                              \
        array, ARRAY_N(array)                                                                      \
    }

extern const struct keys KEYS_EVERYWHERE, KEYS_IN_LISTS;

/* The row of a key in a block; NULL: none. */
const struct keys_row *keys_find(const struct keys *keys, int key);

/* By how many lines an action moves in a list that shows page of them: -page, -1, 1 or page; 0: it
 * is no such action. */
long keys_step(int action, long page);

#endif
