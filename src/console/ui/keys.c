/* keys.c -- see keys.h. F-keys are aliases, never the only way; F9 and F10 act only behind a
 * dialog. */
#include "keys.h"

#include "common/compiler.h"

/* clang-format off */
static const struct keys_row EVERYWHERE[] = {
    {{'?', 'h', KEYS_F(1)},              KEYS_DO_HELP,            "?, h, F1",    "Help",  "this page; any other key leaves it"},
    {{'q'},                              KEYS_DO_QUIT,            "q",           "Quit",  "leave the console; the server goes on"},
    {{KEYS_F(10)},                       KEYS_DO_ASK_QUIT,        "F10",         NULL,    "leave the console; asks first"},
    {{'1', '2', '3', '4'},               KEYS_DO_SCREEN,          "1 to 9, 0",   NULL,    "the screen of that number"},
    {{'5', '6', '7', '8'},               KEYS_DO_SCREEN,          "1 to 9, 0",   NULL,    NULL},
    {{'9', '0'},                         KEYS_DO_SCREEN,          "1 to 9, 0",   NULL,    NULL},
    {{KEYS_TAB, ']', KEYS_RIGHT},        KEYS_DO_NEXT_SCREEN,     "Tab, ], Right",  "Next", "next screen"},
    {{KEYS_BACK_TAB, '[', KEYS_LEFT},    KEYS_DO_PREVIOUS_SCREEN, "S-Tab, [, Left", NULL, "previous screen"},
    {{KEYS_ESCAPE},                      KEYS_DO_BACK,            "Esc",         NULL,    "leave page, help, dialog or prompt; clear the filter"},
    {{':', KEYS_F(8)},                   KEYS_DO_COMMAND,         ":, F8",       "Cmd", "type a command; Tab completes, Up and Ctrl-R find older ones"},
    {{'Z'},                              KEYS_DO_PAUSE,           "Z",           NULL,    "hold the picture, or let it go on"},
    {{KEYS_CTRL('L')},                   KEYS_DO_REDRAW,          "Ctrl-L",      NULL,    "draw everything anew"},
};
static const struct keys_row IN_LISTS[] = {
    {{KEYS_UP, 'k'},                     KEYS_DO_LINE_UP,         "Up, k",       NULL,     "one row up"},
    {{KEYS_DOWN, 'j'},                   KEYS_DO_LINE_DOWN,       "Down, j",     NULL,     "one row down"},
    {{KEYS_PAGE_UP, KEYS_CTRL('B')},     KEYS_DO_PAGE_UP,         "PgUp, Ctrl-B", NULL,    "a page up"},
    {{KEYS_PAGE_DOWN, KEYS_CTRL('F')},   KEYS_DO_PAGE_DOWN,       "PgDn, Ctrl-F", NULL,    "a page down"},
    {{KEYS_HOME, 'g'},                   KEYS_DO_FIRST,           "Home, g",     NULL,     "the first row"},
    {{KEYS_END, 'G'},                    KEYS_DO_LAST,            "End, G",      NULL,     "the last row"},
    {{' '},                              KEYS_DO_TAG,             "Space",       "Tag",    "tag the row, or take the tag away, and go on to the next"},
    {{'<', ','},                         KEYS_DO_SORT_LEFT,       "<, comma",    NULL,     "sort by the column to the left"},
    {{'>', '.', KEYS_F(6)},              KEYS_DO_SORT_RIGHT,      ">, dot, F6",  "Sort",   "sort by the column to the right"},
    {{'I'},                              KEYS_DO_INVERT,          "I",           NULL,     "turn the order round"},
    {{'/', KEYS_F(3), KEYS_F(4)},        KEYS_DO_FILTER,          "/, F3, F4",   "Filter", "only rows that contain what you type"},
};
/* clang-format on */
const struct keys KEYS_EVERYWHERE = KEYS_OF(EVERYWHERE), KEYS_IN_LISTS = KEYS_OF(IN_LISTS);

const struct keys_row *keys_find(const struct keys *keys, int key)
{
    for (size_t i = 0; i < keys->n && key != 0; i++) {
        for (int j = 0; j < KEYS_A_ROW; j++) {
            if (keys->rows[i].keys[j] == key)
                return &keys->rows[i];
        }
    }
    return NULL;
}

long keys_step(int action, long page)
{
    if (action == KEYS_DO_LINE_UP)
        return -1;
    if (action == KEYS_DO_LINE_DOWN)
        return 1;
    if (action == KEYS_DO_PAGE_UP)
        return -page;
    return action == KEYS_DO_PAGE_DOWN ? page : 0;
}
