/* terminal.c -- see terminal.h. */
#define _GNU_SOURCE
#include "terminal.h"

#include <curses.h>
#include <langinfo.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>
#include <wchar.h>

#include "colour.h"
#include "console/ui/keys.h"
#include "terminfo.h"

/* What a handler needs to put the terminal right, made ready beforehand. */
static struct {
    SCREEN *screen;
    bool coloured;
    bool full;            /* nearly all of curses' colour pairs were given away */
    struct canvas shown;  /* what curses has */
    bool anew;            /* it may have lost some of that */
    struct mouse clicked; /* where the last click was, and when */
    uint64_t clicked_ms;
    struct termios before;
    char reset[320];
    int kept_kind, kept;      /* a key that was read too early; ERR: none */
    int left, least, point;   /* of a character that is being read: bytes to come */
    sigset_t outside, inside; /* of signals held back: outside of terminal_wait, and in it */
    volatile sig_atomic_t armed, continued;
} terminal;

/* What a process lives on after, and what curses sees to. All others end it: those that nobody
 * knows by heart, too (a timer's, the limits' of CPU time and files, real-time ones). */
static bool ends_process(int signal_number)
{
    static const int HARMLESS[] = {SIGCHLD, SIGCONT, SIGURG,  SIGWINCH,
                                   SIGTSTP, SIGTTIN, SIGTTOU, SIGSTOP};

    for (size_t i = 0; i < ARRAY_N(HARMLESS); i++) {
        if (HARMLESS[i] == signal_number)
            return false;
    }
    return signal_number != SIGKILL;
}

/* Async-signal-safe: write and tcsetattr only. SA_RESETHAND has put the default action back, which
 * comes when this returns: no other signal cuts it short, or stops it. In the background the
 * terminal is the shell's, and was given back when we stopped. */
static void on_fatal(int signal_number)
{
    pid_t foreground = tcgetpgrp(STDIN_FILENO);

    if (terminal.armed && (foreground == -1 || foreground == getpgrp())) {
        terminal.armed = 0;
        (void)!write(STDOUT_FILENO, terminal.reset, strlen(terminal.reset));
        tcsetattr(STDIN_FILENO, TCSANOW, &terminal.before);
    }
    raise(signal_number);
}

static void on_continued(int signal_number)
{
    (void)signal_number;
    terminal.continued = 1;
}

static bool has_capability(char *name)
{
    const char *text = tigetstr(name);

    return text != NULL && text != (char *)-1;
}

/* A capability's text without its padding marks ("$<2>"), behind what is there. */
static void add_text(const char *text)
{
    size_t n = strlen(terminal.reset);

    for (; *text != '\0' && n < sizeof(terminal.reset) - 4; text++) {
        const char *end = text[0] == '$' && text[1] == '<' ? strchr(text, '>') : NULL;

        if (end != NULL)
            text = end;
        else
            terminal.reset[n++] = *text;
    }
    terminal.reset[n] = '\0';
}

static void add_capability(char *name)
{
    if (has_capability(name))
        add_text(tigetstr(name));
}

/* What is ignored (by nohup, say) still is. */
static void catch_signals(void)
{
    struct sigaction fatal = {.sa_handler = on_fatal,
                              .sa_flags = SA_RESETHAND | SA_NODEFER | SA_ONSTACK};
    struct sigaction continued = {.sa_handler = on_continued, .sa_flags = SA_RESTART};
    static char stack_room[65536];
    stack_t stack = {.ss_sp = stack_room, .ss_size = sizeof(stack_room)};

    sigaltstack(&stack, NULL); /* so that a stack that ran over can still be told of */
    sigfillset(&fatal.sa_mask);
    sigemptyset(&continued.sa_mask);
    for (int i = 1; i <= SIGRTMAX; i++) {
        struct sigaction before;

        if (ends_process(i) && sigaction(i, NULL, &before) == 0 && before.sa_handler != SIG_IGN)
            sigaction(i, &fatal, NULL);
    }
    sigaction(SIGCONT, &continued, NULL);
}

/* A change of size that came while something is drawn would be slept through: it comes in
 * terminal_wait alone. */
static void hold_back_signals(void)
{
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGWINCH);
    sigaddset(&ours, SIGCONT);
    sigprocmask(SIG_BLOCK, &ours, &terminal.outside);
    terminal.inside = terminal.outside;
    sigdelset(&terminal.inside, SIGWINCH);
    sigdelset(&terminal.inside, SIGCONT);
}

static void arm(void)
{
    char names[][6] = {"sgr0", "op", "rmkx", "cnorm", "rmcup"};
    char to[] = "cup", clear[] = "el";

    terminal.reset[0] = '\0';
    for (size_t i = 0; i < ARRAY_N(names); i++)
        add_capability(names[i]);
    /* Without a screen of its own to leave, the shell goes on in our last line. */
    if (!has_capability(names[4])) {
        const char *text = tparm(tigetstr(to), LINES - 1, 0);

        if (text != NULL)
            add_text(text);
        add_capability(clear);
    }
    terminal.armed = 1;
    catch_signals();
    hold_back_signals();
}

static bool wants_colour(enum terminal_colour colour)
{
    const char *no_colour = getenv("NO_COLOR");

    return colour != TERMINAL_NEVER &&
           (colour != TERMINAL_AUTO || no_colour == NULL || no_colour[0] == '\0');
}

/* A pair for each style. */
static void start_pairs(void)
{
    /* clang-format off */
    static const struct { enum style style; short front, back; } PAIRS[] = {
        {STYLE_PLAIN,    -1,            -1},
        {STYLE_BOLD,     -1,            -1},
        {STYLE_DIM,      -1,            -1},
        {STYLE_TITLE,    COLOR_BLACK,   COLOR_CYAN},
        {STYLE_BORDER,   -1,            -1},
        {STYLE_GOOD,     COLOR_GREEN,   -1},
        {STYLE_WARN,     COLOR_YELLOW,  -1},
        {STYLE_BAD,      COLOR_RED,     -1},
        {STYLE_ACCENT,   COLOR_CYAN,    -1},
        {STYLE_SELECTED, COLOR_BLACK,   COLOR_GREEN},
        {STYLE_KEY,      COLOR_WHITE,   -1},
        {STYLE_BAR,      COLOR_BLACK,   COLOR_CYAN},
    };
    /* clang-format on */

    for (size_t i = 0; i < ARRAY_N(PAIRS); i++)
        init_pair((short)(PAIRS[i].style + 1), PAIRS[i].front, PAIRS[i].back);
}

static void start_colours(enum terminal_colour colour)
{
    terminal.coloured = false;
    if (!has_colors() || !wants_colour(colour))
        return;
    start_color();
    use_default_colors();
    start_pairs();
    terminal.coloured = true;
}

/* Where the terminal says that it has true colours and terminfo knows how to speak of them, that
 * entry; else its own. */
static SCREEN *new_screen(enum terminal_colour colour)
{
    char name[64];
    SCREEN *screen = NULL;

    if (wants_colour(colour) && colour != TERMINAL_256 &&
        colour_direct_name(getenv("TERM"), getenv("COLORTERM"), name, sizeof(name)) &&
        terminfo_knows(name))
        screen = newterm(name, stdout, stdin);
    return screen != NULL ? screen : newterm(NULL, stdout, stdin);
}

/* Curses sends what turns the mouse on; a handler must know how it is turned off. */
static void start_mouse(void)
{
    char name[] = "kmous";

    if (!has_capability(name))
        return;
    if (mousemask(BUTTON1_PRESSED | BUTTON4_PRESSED | BUTTON5_PRESSED, NULL) == 0)
        return;
    mouseinterval(0); /* a click is told at once, not when it might have become a double one */
    add_text("\033[?1006l\033[?1002l\033[?1000l");
}

int terminal_open(enum terminal_colour colour, bool mouse, struct error *error)
{
    const char *name = getenv("TERM");
    char to[] = "cup";

    if (!isatty(STDIN_FILENO) || !isatty(STDOUT_FILENO))
        return error_set(error, "this is not a terminal; for scripts there is "
                                "\"openmmo-console exec\"");
    if (tcgetattr(STDIN_FILENO, &terminal.before) != 0)
        return error_set(error, "the terminal does not say how it is set");
    set_escdelay(50);
    terminal.kept_kind = ERR;
    terminal.screen = new_screen(colour);
    if (terminal.screen == NULL)
        return error_set(error, "the terminal %s is not known here, or cannot move its cursor",
                         name != NULL && name[0] != '\0' ? name : "(TERM is not set)");
    if (!has_capability(to)) {
        terminal_close();
        return error_set(error, "the terminal %s cannot move its cursor", name);
    }
    arm();
    cbreak();
    noecho();
    nonl();
    keypad(stdscr, TRUE);
    nodelay(stdscr, TRUE);
    curs_set(0);
    start_colours(colour);
    if (mouse)
        start_mouse();
    return 0;
}

void terminal_close(void)
{
    char leave[] = "rmcup";

    if (terminal.screen == NULL)
        return;
    if (terminal.armed && !has_capability(leave)) { /* the shell goes on in our last line */
        move(LINES - 1, 0);
        clrtoeol();
        refresh();
    }
    endwin();
    if (terminal.armed)
        sigprocmask(SIG_SETMASK, &terminal.outside, NULL);
    terminal.armed = 0;
    canvas_fini(&terminal.shown);
    delscreen(terminal.screen);
    terminal.screen = NULL;
}

int terminal_wait(struct pollfd *fds, int n, int timeout_ms)
{
    const struct timespec timeout = {timeout_ms / 1000, timeout_ms % 1000 * 1000000L};

    return ppoll(fds, (nfds_t)n, timeout_ms >= 0 ? &timeout : NULL, &terminal.inside);
}

void terminal_size(int *rows, int *columns)
{
    getmaxyx(stdscr, *rows, *columns);
}

bool terminal_utf8(void)
{
    return strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
}

/* The next key of curses, or character: ERR none, KEY_CODE_YES or OK. Characters are put together
 * here, as curses throws away what follows a byte that begins none; such a byte itself is no key.
 */
static int read_key(int *key)
{
    static const int LEAST[] = {0, 0x80, 0x800, 0x10000};
    int kind = terminal.kept_kind, byte;

    terminal.kept_kind = ERR;
    *key = terminal.kept;
    while (kind == ERR) {
        byte = getch();
        if (byte == ERR)
            return ERR;
        *key = byte;
        if (byte > 0xff || byte < 0x80) {
            terminal.left = 0;
            kind = byte > 0xff ? KEY_CODE_YES : OK;
        } else if (byte < 0xc0 && terminal.left > 0) {
            terminal.point = terminal.point << 6 | (byte & 0x3f);
            *key = terminal.point;
            if (--terminal.left == 0 && *key >= terminal.least && *key <= 0x10ffff)
                kind = OK;
        } else {
            bool begins = byte >= 0xc2 && byte <= 0xf4 && terminal_utf8();

            terminal.left = !begins ? 0 : byte < 0xe0 ? 1 : byte < 0xf0 ? 2 : 3;
            terminal.least = LEAST[terminal.left];
            terminal.point = byte & (0x3f >> terminal.left);
        }
    }
    return kind;
}

/* A key that was read too early. */
static void keep_key(int kind, int key)
{
    terminal.kept_kind = kind;
    terminal.kept = key;
}

/* Behind an Esc: the rest of a sequence that terminfo does not know (a report, a key of another
 * terminal) is no typing and is thrown away. False: it was the key. */
static bool eats_sequence(void)
{
    int key, kind = read_key(&key);

    if (kind != OK || (key != '[' && key != 'O')) {
        keep_key(kind, key);
        return false;
    }
    do {
        kind = read_key(&key);
    } while (kind == OK && (key < 0x40 || key > 0x7e));
    if (kind == KEY_CODE_YES)
        keep_key(kind, key);
    return true;
}

int terminal_colours(void)
{
    return terminal.coloured ? COLORS : 0;
}

int terminal_key(void)
{
    /* clang-format off */
    static const struct { int curses, key; } MAP[] = {
        {KEY_UP, KEYS_UP}, {KEY_DOWN, KEYS_DOWN}, {KEY_LEFT, KEYS_LEFT}, {KEY_RIGHT, KEYS_RIGHT},
        {KEY_PPAGE, KEYS_PAGE_UP}, {KEY_NPAGE, KEYS_PAGE_DOWN}, {KEY_HOME, KEYS_HOME}, {KEY_END, KEYS_END},
        {KEY_DC, KEYS_DELETE}, {KEY_BTAB, KEYS_BACK_TAB}, {KEY_BACKSPACE, KEYS_BACKSPACE}, {KEY_ENTER, KEYS_ENTER},
    };
    /* clang-format on */
    for (;;) {
        int key, kind = read_key(&key);

        if (kind == ERR)
            return 0;
        if (kind == KEY_CODE_YES && key == KEY_MOUSE)
            return KEYS_MOUSE;
        terminal.anew |= kind == KEY_CODE_YES && key == KEY_RESIZE;
        if (kind == OK && key == KEYS_ESCAPE && eats_sequence())
            continue;
        if (kind == OK)
            return key == '\r' ? KEYS_ENTER : key == 8 ? KEYS_BACKSPACE : key;
        for (size_t i = 0; i < ARRAY_N(MAP); i++) {
            if (MAP[i].curses == key)
                return MAP[i].key;
        }
        if (key >= KEY_F(1) && key <= KEY_F(12))
            return KEYS_F1 + key - KEY_F(1);
    }
}

#define DOUBLE_CLICK_MS 400

struct mouse terminal_mouse(uint64_t now_ms)
{
    struct mouse mouse = {.what = MOUSE_NOTHING};
    MEVENT event;

    if (getmouse(&event) != OK)
        return mouse;
    mouse.row = event.y;
    mouse.column = event.x;
    if (event.bstate & BUTTON4_PRESSED)
        mouse.what = MOUSE_WHEEL_UP;
    else if (event.bstate & BUTTON5_PRESSED)
        mouse.what = MOUSE_WHEEL_DOWN;
    else if (event.bstate & BUTTON1_PRESSED)
        mouse.what = MOUSE_CLICK;
    if (mouse.what != MOUSE_CLICK)
        return mouse;
    if (terminal.clicked.what == MOUSE_CLICK && terminal.clicked.row == mouse.row &&
        terminal.clicked.column == mouse.column && now_ms - terminal.clicked_ms <= DOUBLE_CLICK_MS)
        mouse.what = MOUSE_DOUBLE_CLICK;
    terminal.clicked = mouse; /* behind a double one the counting begins anew */
    terminal.clicked_ms = now_ms;
    return mouse;
}

static attr_t attributes_of(enum style style)
{
    /* clang-format off */
    static const attr_t COLOURED[STYLES_N] = {
        [STYLE_BOLD] = A_BOLD, [STYLE_DIM] = A_DIM, [STYLE_BORDER] = A_DIM, [STYLE_BAD] = A_BOLD, [STYLE_WARN] = A_BOLD, [STYLE_KEY] = A_BOLD,
    };
    static const attr_t MONO[STYLES_N] = {
        [STYLE_TITLE] = A_REVERSE, [STYLE_BOLD] = A_BOLD, [STYLE_DIM] = A_DIM, [STYLE_WARN] = A_BOLD,
        [STYLE_BAD] = A_BOLD | A_UNDERLINE, [STYLE_SELECTED] = A_REVERSE, [STYLE_KEY] = A_BOLD, [STYLE_BAR] = A_REVERSE,
    };
    /* clang-format on */
    return terminal.coloured ? COLOURED[style] : MONO[style];
}

/* The cell's text for curses. What the C library does not know, or takes for another width than the
 * canvas does, would stay away or push the line along: that becomes "?". */
static void text_of(const struct canvas_cell *cell, int width, wchar_t wide[CCHARW_MAX + 1])
{
    size_t n = mbstowcs(wide, cell->text, CCHARW_MAX);

    if (n == (size_t)-1 || n == 0 || wcwidth(wide[0]) != width)
        wcscpy(wide, L"?");
    wide[CCHARW_MAX] = L'\0';
}

#define MANY_PAIRS 256

/* The pair of curses for a cell: its style's, or one for the colours of its own. */
static int pair_of(const struct canvas_cell *cell)
{
    int front = cell->front != 0 ? colour_nearest(cell->front, COLORS) : -1;
    int back = cell->back != 0 ? colour_nearest(cell->back, COLORS) : -1;
    int pair;

    if (!terminal.coloured)
        return 0;
    if (front < 0 && back < 0)
        return cell->style + 1;
    if (COLOR_PAIRS < MANY_PAIRS && front >= 0) /* else the styles' pairs would be forgotten */
        back = -1;
    pair = alloc_pair(front, back);
    terminal.full |= COLOR_PAIRS >= MANY_PAIRS * 4 && pair > COLOR_PAIRS / 4 * 3;
    return pair > 0 ? pair : 0;
}

/* Curses takes pairs back that are still seen when it has given all away: so all are forgotten
 * before, and what is shown is drawn anew. Maps have thousands of pairs, all else a dozen. */
static void forget_pairs(void)
{
    terminal.full = false;
    terminal.anew = true;
    reset_color_pairs();
    start_pairs();
    clearok(curscr, TRUE);
}

/* After a stop that could not be caught the shell has used the screen, and set the line as it likes
 * it: curses leaves once more, and comes again with the next refresh. */
static void come_again(void)
{
    terminal.continued = 0;
    endwin();
    clearok(curscr, TRUE);
}

/* Has curses that cell, and with the same width? */
static bool is_shown(const struct canvas *canvas, int i, bool last)
{
    const struct canvas_cell *cell = &canvas->cells[i], *shown = &terminal.shown.cells[i];

    return strcmp(cell->text, shown->text) == 0 && cell->style == shown->style &&
           cell->front == shown->front && cell->back == shown->back &&
           (last || (cell[1].text[0] == '\0') == (shown[1].text[0] == '\0'));
}

/* Room for what will be shown. -1: curses is to be given all of it, each time. */
static int fit_shown(const struct canvas *canvas)
{
    struct canvas *shown = &terminal.shown;

    if (shown->rows == canvas->rows && shown->columns == canvas->columns)
        return 0;
    terminal.anew = true;
    canvas_fini(shown);
    return canvas_init(shown, canvas->rows, canvas->columns, canvas->ascii);
}

static void show_cell(const struct canvas *canvas, int row, int column)
{
    const struct canvas_cell *cell = &canvas->cells[row * canvas->columns + column];
    int pair = pair_of(cell);
    bool is_wide = column + 1 < canvas->columns && cell[1].text[0] == '\0';
    wchar_t wide[CCHARW_MAX + 1];
    cchar_t shown;

    if (cell->text[0] == '\0')
        return;
    text_of(cell, is_wide ? 2 : 1, wide);
    if (setcchar(&shown, wide, attributes_of(cell->style), 0, &pair) != OK)
        return;
    mvadd_wch(row, column, &shown);
    if (is_wide && wide[0] == L'?')
        mvadd_wch(row, column + 1, &shown);
}

/* Curses is given what changed, keeps what is on the screen and sends the difference. */
static void show_cells(const struct canvas *canvas)
{
    bool kept = fit_shown(canvas) == 0;
    bool all = terminal.anew || !kept;

    for (int row = 0; row < canvas->rows; row++) {
        for (int column = 0; column < canvas->columns; column++) {
            int i = row * canvas->columns + column;

            if (all || !is_shown(canvas, i, column + 1 == canvas->columns))
                show_cell(canvas, row, column);
        }
    }
    terminal.anew = false;
    if (kept)
        memcpy(terminal.shown.cells, canvas->cells,
               (size_t)canvas->rows * (size_t)canvas->columns * sizeof(canvas->cells[0]));
}

void terminal_show(const struct canvas *canvas, bool whole)
{
    if (terminal.continued)
        come_again();
    if (terminal.full)
        forget_pairs();
    if (whole) {
        clearok(curscr, TRUE);
        terminal.anew = true;
    }
    show_cells(canvas);
    if (canvas->cursor_row >= 0) {
        move(canvas->cursor_row, canvas->cursor_column);
        curs_set(1);
    } else {
        curs_set(0);
    }
    refresh();
}
