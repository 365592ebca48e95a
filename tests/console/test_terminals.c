/* test_terminals.c -- what is drawn and what is seen: the console in a real terminal (tmux), as
 * each of the terminals that terminfo tells it it has, in each size. The picture that the screens
 * drew is made here once more, and what stands in the terminal must be that: each character, and
 * the map in colours of the kind that such a terminal has, the nearest to its own.
 *
 * The console plays the recorded replies to their end, so that nothing moves. */
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
#include "console/terminal/colour.h"
#include "fixture.h"
#include "tmux.h"

#define DEADLINE_MS 15000
#define BODY_ROW    2 /* above it are the clock and the state */

/* How rich a colour is. */
enum kind { NONE, EIGHT, SIXTEEN, CUBE, DIRECT };

struct terminal {
    const char *environment, *flags;
    enum kind kind;
    bool ascii, all; /* all: every screen is looked at, else some */
};

/* clang-format off */
static const struct terminal TERMINALS[] = {
    {"TERM=xterm-256color",                              "",               CUBE,    false, true},
    {"TERM=xterm-256color COLORTERM=truecolor",          "",               DIRECT,  false, true},
    {"TERM=xterm-256color COLORTERM=truecolor",          "--color=256",    CUBE,    false, false},
    {"TERM=xterm-256color COLORTERM=truecolor NO_COLOR=1", "",             NONE,    false, false},
    {"TERM=xterm-256color COLORTERM=truecolor NO_COLOR=1", "--color=always", DIRECT, false, false},
    {"TERM=xterm-256color",                              "--color=never",  NONE,    false, false},
    {"TERM=xterm-256color",                              "--ascii",        CUBE,    true,  true},
    {"TERM=xterm-256color LC_ALL=C",                     "",               CUBE,    true,  false},
    {"TERM=xterm-256color LC_ALL= LC_CTYPE=POSIX LANG=C.UTF-8", "",        CUBE,    true,  false},
    {"TERM=tmux-256color COLORTERM=24bit",               "",               DIRECT,  false, false},
    {"TERM=tmux-256color",                               "",               CUBE,    false, false},
    {"TERM=tmux",                                        "",               EIGHT,   false, false},
    {"TERM=screen",                                      "",               EIGHT,   false, true},
    {"TERM=screen-256color COLORTERM=truecolor",         "",               CUBE,    false, false}, /* no entry by value */
    {"TERM=xterm-16color",                               "",               SIXTEEN, false, false},
    {"TERM=linux",                                       "",               EIGHT,   false, true},
    {"TERM=linux",                                       "--ascii",        EIGHT,   true,  false},
    {"TERM=vt100",                                       "",               NONE,    false, false},
    {"TERM=vt100 LC_ALL=C",                              "",               NONE,    true,  true},
    {"TERM=xterm-mono",                                  "",               NONE,    false, false},
    {"TERM=alacritty COLORTERM=truecolor",               "",               DIRECT,  false, false},
};
/* clang-format on */

static const int COLOURS[] = {
    [NONE] = 0, [EIGHT] = 8, [SIXTEEN] = 16, [CUBE] = 256, [DIRECT] = 1 << 24};

/* --- What stands in the terminal. --- */

#define CELLS_MAX   (300 * 100)
#define BY_VALUE    0x1000000L /* a colour that is told by its value */
#define NO_COLOUR_N (-1L)

/* Of each cell the colours: a number, BY_VALUE and one, or none. */
static struct shade {
    long front, back;
} shades[CELLS_MAX];

static enum kind kind_of(long colour)
{
    return colour < 0     ? NONE
           : colour < 8   ? EIGHT
           : colour < 16  ? SIXTEEN
           : colour < 256 ? CUBE
                          : DIRECT;
}

/* Behind 38 or 48: the colour, and how many numbers it took. */
static int extended(const long *numbers, int n, long *colour)
{
    if (n >= 2 && numbers[0] == 5) {
        *colour = numbers[1];
        return 2;
    }
    assert_true(n >= 4 && numbers[0] == 2);
    *colour = BY_VALUE | numbers[1] << 16 | numbers[2] << 8 | numbers[3];
    return 4;
}

/* One "\033[...m", from behind its bracket. */
static void take_shade(const char *at, struct shade *shade)
{
    long numbers[32] = {0};
    int n = 0;

    for (; *at != 'm'; at++) {
        if (*at == ';' || *at == ':')
            n++;
        else
            numbers[n] = numbers[n] * 10 + *at - '0';
        assert_true(n < (int)ARRAY_N(numbers) && strchr("0123456789;:", *at) != NULL);
    }
    for (int i = 0; i <= n; i++) {
        long number = numbers[i];

        if (number == 0)
            *shade = (struct shade){NO_COLOUR_N, NO_COLOUR_N};
        else if (number == 39)
            shade->front = NO_COLOUR_N;
        else if (number == 49)
            shade->back = NO_COLOUR_N;
        else if (number == 38)
            i += extended(numbers + i + 1, n - i, &shade->front);
        else if (number == 48)
            i += extended(numbers + i + 1, n - i, &shade->back);
        else if (number >= 30 && number <= 37)
            shade->front = number - 30;
        else if (number >= 40 && number <= 47)
            shade->back = number - 40;
        else if (number >= 90 && number <= 97)
            shade->front = number - 90 + 8;
        else if (number >= 100 && number <= 107)
            shade->back = number - 100 + 8;
    }
}

/* The colours of every cell of the screen. The canvas tells how wide its characters are. */
static void read_shades(const struct canvas *canvas)
{
    struct shade shade = {NO_COLOUR_N, NO_COLOUR_N};
    const char *at = tmux_screen("-e -N");
    int row = 0, column = 0;

    for (int i = 0; i < CELLS_MAX; i++)
        shades[i] = (struct shade){NO_COLOUR_N, NO_COLOUR_N};
    for (; *at != '\0' && row < canvas->rows; at++) {
        if (*at == '\n') {
            row++;
            column = 0;
        } else if (*at == '\033') {
            assert_int_equal(at[1], '[');
            take_shade(at + 2, &shade);
            at = strchr(at, 'm');
        } else if ((*at & 0xc0) != 0x80 && column < canvas->columns) {
            shades[row * canvas->columns + column++] = shade;
            while (column < canvas->columns &&
                   canvas->cells[row * canvas->columns + column].text[0] == '\0')
                shades[row * canvas->columns + column++] = shade;
        }
    }
}

/* --- What should stand there. --- */

/* The same screen, drawn here. */
static void draw_here(struct fixture *fixture, const struct terminal *terminal, int rows,
                      int columns, const char *keys)
{
    fixture_init(fixture, rows, columns, terminal->ascii);
    fixture->canvas.mono = terminal->kind == NONE;
    fixture->canvas.few = terminal->kind < CUBE;
    press(fixture, keys);
    for (int i = 0; i < 20; i++) /* an answer leads to the next question */
        draw(fixture);
}

/* A graph that grows by a value each time that is asked, and so with time. */
static bool grows(const char *line, size_t n)
{
    static const char *const BESIDE[] = {"unanswered", "most "};
    char text[2048];

    snprintf(text, sizeof(text), "%.*s", (int)n, line);
    for (size_t i = 0; i < ARRAY_N(BESIDE); i++) {
        if (strstr(text, BESIDE[i]) != NULL)
            return true;
    }
    return false;
}

/* Are they the same but for the clock and the state? Else the first line that is not is told. */
static bool same(const char *screen, const char *drawn, int rows, char *why, size_t room_bytes)
{
    for (int row = 0; row < rows; row++) {
        size_t a = strcspn(screen, "\n"), b = strcspn(drawn, "\n");

        if (row >= BODY_ROW && !grows(drawn, b) && (a != b || strncmp(screen, drawn, a) != 0)) {
            snprintf(why, room_bytes, "row %d\nseen:  %.*s\ndrawn: %.*s", row, (int)a, screen,
                     (int)b, drawn);
            return false;
        }
        screen += a + (screen[a] != '\0');
        drawn += b + (drawn[b] != '\0');
    }
    return true;
}

static void wait_until_same(const struct fixture *fixture, const struct terminal *terminal,
                            const char *keys)
{
    uint64_t end_ms = tmux_now_ms() + DEADLINE_MS;
    char *drawn = printed(fixture, false), why[8192];

    while (!same(tmux_screen(""), drawn, fixture->canvas.rows, why, sizeof(why))) {
        if (tmux_now_ms() > end_ms)
            fail_msg("%s %s, %dx%d, %s: %s", terminal->environment, terminal->flags,
                     fixture->canvas.columns, fixture->canvas.rows, keys, why);
        tmux_rest();
    }
    free(drawn);
}

/* In the place of whatever the pane runs. */
static void start(const struct terminal *terminal, int rows, int columns)
{
    tmux_run(TMUX "resize-window -t t -x %d -y %d", tmux_directory, columns, rows);
    tmux_run(TMUX "respawn-pane -k -t t 'env -u NO_COLOR -u COLORTERM LC_ALL=C.UTF-8 %s %s %s "
                  "--replay %s/recording'",
             tmux_directory, terminal->environment, tmux_console_path, terminal->flags,
             tmux_directory);
    tmux_see("[REPLAY end]");
}

/* --- Tests. --- */

static int setup(void **state)
{
    char path[108];

    *state = (void *)tmux_missing();
    if (*state == NULL && system("infocmp xterm-direct >/dev/null 2>&1") != 0)
        *state = (void *)"xterm-direct is not known here (Debian: ncurses-term)";
    if (*state != NULL)
        return 0;
    strcpy(tmux_directory, "/tmp/openmmo-terms-XXXXXX");
    assert_non_null(mkdtemp(tmux_directory));
    snprintf(path, sizeof(path), "%s/recording", tmux_directory);
    fixture_record(path);
    tmux_shell("/nonexistent/x");
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

/* The nearest to a colour of the canvas's that such a terminal has. */
static long nearest(uint32_t colour, enum kind kind)
{
    int found = colour_nearest(colour, COLOURS[kind]);

    return kind == DIRECT && found >= 8 ? BY_VALUE | found : found; /* the eight have names */
}

/* Each cell that has colours of its own is seen in the nearest to them; no cell in a richer one
 * than the terminal has. Returns how many have such colours. */
static unsigned colours_are_right(const struct fixture *fixture, const struct terminal *terminal,
                                  const char *keys)
{
    const struct canvas *canvas = &fixture->canvas;
    unsigned painted = 0, wrong = 0;

    read_shades(canvas);
    for (int i = BODY_ROW * canvas->columns; i < canvas->rows * canvas->columns; i++) {
        const struct canvas_cell *cell = &canvas->cells[i];
        const struct shade *shade = &shades[i];
        bool has = cell->front != 0 || cell->back != 0;

        wrong += kind_of(shade->front) > terminal->kind || kind_of(shade->back) > terminal->kind;
        if (!has || terminal->kind == NONE || cell->text[0] == ' ') /* a blank has no front */
            continue;
        painted++;
        wrong += cell->front != 0 && shade->front != nearest(cell->front, terminal->kind);
        wrong += cell->back != 0 && shade->back != nearest(cell->back, terminal->kind);
        if (wrong == 1)
            print_error("%s %s, %s: row %d, column %d: \"%s\" %06x/%06x is seen as %lx/%lx\n",
                        terminal->environment, terminal->flags, keys, i / canvas->columns,
                        i % canvas->columns, cell->text, cell->front, cell->back,
                        (unsigned long)shade->front, (unsigned long)shade->back);
    }
    assert_int_equal(wrong, 0);
    return painted;
}

static bool only_ascii(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((*text & 0x80) != 0)
            return false;
    }
    return true;
}

static void what_is_seen_is_what_was_drawn(void **state)
{
    static const char *const ALL[] = {"1", "2", "3", "4", "5", "6", "7", "8", "9", "0"};
    static const char *const SOME[] = {"1", "2", "3"};

    tmux_need(state);
    for (size_t i = 0; i < ARRAY_N(TERMINALS); i++) {
        const struct terminal *terminal = &TERMINALS[i];
        const char *const *screens = terminal->all ? ALL : SOME;

        start(terminal, 24, 80);
        for (size_t j = 0; j < (terminal->all ? ARRAY_N(ALL) : ARRAY_N(SOME)); j++) {
            struct fixture fixture;
            unsigned painted;

            draw_here(&fixture, terminal, 24, 80, screens[j]);
            tmux_type(screens[j]);
            wait_until_same(&fixture, terminal, screens[j]);
            if (terminal->ascii)
                assert_true(only_ascii(tmux_screen("")));
            painted = colours_are_right(&fixture, terminal, screens[j]);
            if (screens[j][0] == '3' && terminal->kind != NONE && painted < 100)
                fail_msg("%s %s: only %u cells of the map are coloured", terminal->environment,
                         terminal->flags, painted);
            fixture_fini(&fixture);
        }
    }
}

/* From the smallest that shows everything to the largest that is promised; and one that is less. */
static void every_size_shows_what_was_drawn(void **state)
{
    /* clang-format off */
    static const struct { int rows, columns; } SIZES[] = {{100, 300}, {60, 200}, {43, 132}, {24, 80}, {15, 60}};
    static const char *const PAGES[] = {"1", "1\n", "1a", "2", "2j\n", "2?", "3a", "4", "5", "6", "6\n", "7", "7\n", "8", "8\n", "9", "9\n", "0"};
    /* clang-format on */
    const struct terminal *terminal = &TERMINALS[0];

    tmux_need(state);
    start(terminal, 24, 80);
    for (size_t i = 0; i < ARRAY_N(SIZES); i++) {
        tmux_run(TMUX "resize-window -t t -x %d -y %d", tmux_directory, SIZES[i].columns,
                 SIZES[i].rows);
        for (size_t j = 0; j < ARRAY_N(PAGES); j++) {
            struct fixture fixture;

            draw_here(&fixture, terminal, SIZES[i].rows, SIZES[i].columns, PAGES[j]);
            tmux_type("Escape Escape");
            for (const char *key = PAGES[j]; *key != '\0'; key++) {
                char keys[16];

                snprintf(keys, sizeof(keys), *key == '\n' ? "Enter" : "-l '%c'", *key);
                tmux_type(keys);
            }
            wait_until_same(&fixture, terminal, PAGES[j]);
            fixture_fini(&fixture);
            tmux_type("Escape"); /* from the page; a list's cursor is where it was */
            if (strchr(PAGES[j], 'j') != NULL)
                tmux_type("g");
        }
    }
}

/* What was typed in another character set than UTF-8 is no harm: it is not taken. */
static void bytes_of_no_character_are_not_taken(void **state)
{
    static const struct terminal POSIX = {"TERM=vt100 LC_ALL=C", "", NONE, true, false};
    uint64_t end_ms = tmux_now_ms() + DEADLINE_MS;

    tmux_need(state);
    start(&POSIX, 24, 80);
    tmux_type("2/");
    tmux_see("filter:");
    tmux_type("-l 'w\xc3\xbc\xe6\x9d\x8e"
              "alk'"); /* at once: what is behind them counts */
    tmux_see("filter: walk");
    tmux_type("Escape");
    tmux_see_no_more("filter:");
    assert_true(only_ascii(tmux_screen("")));
    tmux_type("q");
    while (strcmp(tmux_run(TMUX "display -p -t t '#{pane_dead}'", tmux_directory), "1\n") != 0) {
        assert_true(tmux_now_ms() < end_ms);
        tmux_rest();
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_is_seen_is_what_was_drawn, setup, teardown),
        cmocka_unit_test_setup_teardown(every_size_shows_what_was_drawn, setup, teardown),
        cmocka_unit_test_setup_teardown(bytes_of_no_character_are_not_taken, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
