/* keys.c -- see keys.h. F-keys are aliases, never the only way; F9 and F10 act only behind a
 * dialog, and quitting needs none: it changes nothing on the server. */
#include "keys.h"

/* clang-format off */
const struct keys_row KEYS[] = {
    {KEYS_EVERYWHERE, {'q'},                          KEYS_DO_QUIT,            "q",            "Quit",   "q",   "leave the console; the server goes on"},
    {KEYS_EVERYWHERE, {'?', 'h', KEYS_F1},            KEYS_DO_HELP,            "?, h, F1",     "Help",   "F1",  "this page; any other key leaves it"},
    {KEYS_EVERYWHERE, {'1'},                          KEYS_DO_OVERVIEW,        "1, 2, 3, 4",   NULL,     NULL,  "overview, players, log, load"},
    {KEYS_EVERYWHERE, {'2'},                          KEYS_DO_PLAYERS,         "1, 2, 3, 4",   NULL,     NULL,  NULL},
    {KEYS_EVERYWHERE, {'3'},                          KEYS_DO_LOG,             "1, 2, 3, 4",   NULL,     NULL,  NULL},
    {KEYS_EVERYWHERE, {'4'},                          KEYS_DO_LOAD,            "1, 2, 3, 4",   NULL,     NULL,  NULL},
    {KEYS_EVERYWHERE, {KEYS_TAB, KEYS_RIGHT},         KEYS_DO_NEXT_SCREEN,     "Tab, Right",   "Next",   "Tab", "next screen"},
    {KEYS_EVERYWHERE, {KEYS_BACK_TAB, KEYS_LEFT},     KEYS_DO_PREVIOUS_SCREEN, "S-Tab, Left",  NULL,     NULL,  "previous screen"},
    {KEYS_EVERYWHERE, {KEYS_ESCAPE},                  KEYS_DO_BACK,            "Esc",          NULL,     NULL,  "leave help, dialog or prompt; clear the filter"},
    {KEYS_EVERYWHERE, {KEYS_CTRL_L},                  KEYS_DO_REDRAW,          "Ctrl-L",       NULL,     NULL,  "draw everything anew"},
    {KEYS_IN_PLAYERS, {KEYS_UP, 'p'},                 KEYS_DO_LINE_UP,         "Up, p",        NULL,     NULL,  "one player up"},
    {KEYS_IN_PLAYERS, {KEYS_DOWN, 'j', 'n'},          KEYS_DO_LINE_DOWN,       "Down, j, n",   NULL,     NULL,  "one player down"},
    {KEYS_IN_PLAYERS, {KEYS_PAGE_UP},                 KEYS_DO_PAGE_UP,         "PgUp",         NULL,     NULL,  "a page up"},
    {KEYS_IN_PLAYERS, {KEYS_PAGE_DOWN, ' '},          KEYS_DO_PAGE_DOWN,       "PgDn, Space",  NULL,     NULL,  "a page down"},
    {KEYS_IN_PLAYERS, {KEYS_HOME, 'g'},               KEYS_DO_FIRST,           "Home, g",      NULL,     NULL,  "the first player"},
    {KEYS_IN_PLAYERS, {KEYS_END, 'G'},                KEYS_DO_LAST,            "End, G",       NULL,     NULL,  "the last player"},
    {KEYS_IN_PLAYERS, {'<', ','},                     KEYS_DO_SORT_LEFT,       "<, comma",     NULL,     NULL,  "sort by the column to the left"},
    {KEYS_IN_PLAYERS, {'>', '.', KEYS_F1 + 5},        KEYS_DO_SORT_RIGHT,      ">, dot, F6",   "Sort",   "F6",  "sort by the column to the right"},
    {KEYS_IN_PLAYERS, {'/', KEYS_F1 + 2, KEYS_F1 + 3},KEYS_DO_FILTER,          "/, F3, F4",    "Filter", "/",   "only names or addresses that contain what you type"},
    {KEYS_IN_PLAYERS, {'k', KEYS_F1 + 8},             KEYS_DO_KICK,            "k, F9",        "Kick",   "k",   "end this player's session; asks first"},
    {KEYS_IN_PLAYERS, {'b'},                          KEYS_DO_BAN,             "b",            NULL,     NULL,  "ban this player's account for a day; asks first"},
    {KEYS_IN_PLAYERS, {'m'},                          KEYS_DO_MUTE,            "m",            NULL,     NULL,  "take no chat from this player for an hour; asks first"},
    {KEYS_IN_PLAYERS, {'I'},                          KEYS_DO_INVERT,          "I",            "Invert", "I",   "turn the order round"},
    {KEYS_IN_LOG,     {KEYS_UP, 'k', 'p'},            KEYS_DO_LINE_UP,         "Up, k, p",     NULL,     NULL,  "one line back; stops following"},
    {KEYS_IN_LOG,     {KEYS_DOWN, 'j', 'n'},          KEYS_DO_LINE_DOWN,       "Down, j, n",   NULL,     NULL,  "one line on"},
    {KEYS_IN_LOG,     {KEYS_PAGE_UP},                 KEYS_DO_PAGE_UP,         "PgUp",         NULL,     NULL,  "a page back"},
    {KEYS_IN_LOG,     {KEYS_PAGE_DOWN, ' '},          KEYS_DO_PAGE_DOWN,       "PgDn, Space",  NULL,     NULL,  "a page on"},
    {KEYS_IN_LOG,     {KEYS_HOME, 'g'},               KEYS_DO_FIRST,           "Home, g",      NULL,     NULL,  "the oldest line"},
    {KEYS_IN_LOG,     {KEYS_END, 'G'},                KEYS_DO_LAST,            "End, G",       NULL,     NULL,  "the newest line, and follow"},
    {KEYS_IN_LOG,     {'l'},                          KEYS_DO_LEVEL,           "l",            "Level",  "l",   "least level that is shown: debug, info, warn, error"},
    {KEYS_IN_LOG,     {'f'},                          KEYS_DO_FOLLOW,          "f",            "Follow", "f",   "follow new lines, or stand still"},
    {KEYS_IN_LOG,     {'/', KEYS_F1 + 2, KEYS_F1 + 3},KEYS_DO_FILTER,          "/, F3, F4",    "Filter", "/",   "only lines that contain what you type"},
};
/* clang-format on */
const size_t KEYS_N = sizeof(KEYS) / sizeof(KEYS[0]);

static const struct keys_row *find(enum keys_scope scope, int key)
{
    for (size_t i = 0; i < KEYS_N; i++) {
        for (int j = 0; j < 4; j++) {
            if (KEYS[i].scope == scope && KEYS[i].keys[j] == key)
                return &KEYS[i];
        }
    }
    return NULL;
}

enum keys_action keys_action(enum keys_scope scope, int key)
{
    const struct keys_row *row = key != 0 ? find(scope, key) : NULL;

    if (row == NULL && key != 0)
        row = find(KEYS_EVERYWHERE, key);
    return row != NULL ? row->action : KEYS_DO_NOTHING;
}

long keys_step(enum keys_action action, long page)
{
    if (action == KEYS_DO_LINE_UP)
        return -1;
    if (action == KEYS_DO_LINE_DOWN)
        return 1;
    if (action == KEYS_DO_PAGE_UP)
        return -page;
    return action == KEYS_DO_PAGE_DOWN ? page : 0;
}
