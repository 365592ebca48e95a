/* result.c -- see result.h. */
#include "result.h"

#include <string.h>

#include "common/compiler.h"

#define LINE_ROOM 1024

struct result_state {
    long top;    /* the first line in view */
    long column; /* how far it is pushed to the left */
    int rows;    /* of the last drawing */
};

enum { DO_LEFT = KEYS_OWN, DO_RIGHT };

static struct result_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_RESULT);
}

void result_show(struct ui *ui)
{
    memset(state_of(ui), 0, sizeof(struct result_state));
    ui_open(ui, &SCREEN_RESULT);
}

static long lines_of(const char *text)
{
    long n = 0;

    for (; text != NULL && *text != '\0'; text++)
        n += *text == '\n';
    return n;
}

/* The text is clean already (answer_print), so a byte past the ASCII ones begins or goes on with a
 * character. */
static const char *pushed(const char *line, long columns)
{
    while (columns-- > 0 && *line != '\0' && *line != '\n') {
        line++;
        while (((unsigned char)*line & 0xc0) == 0x80)
            line++;
    }
    return line;
}

static void draw_lines(const struct result_state *state, struct canvas *canvas, int row, int rows,
                       const char *text)
{
    for (long i = 0; i < state->top && *text != '\0'; text++)
        i += *text == '\n';
    for (int i = 0; i < rows && *text != '\0'; i++) {
        size_t bytes = strcspn(text, "\n");
        const char *from = pushed(text, state->column);
        char line[LINE_ROOM];

        snprintf(line, sizeof(line), "%.*s", (int)(bytes - (size_t)(from - text)), from);
        canvas_cut(canvas, row + i, 1, canvas->columns - 2, STYLE_PLAIN, line);
        text += bytes + (text[bytes] == '\n');
    }
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct result_state *state = state_of(ui);
    const char *text = ui->command.answer;
    long n = lines_of(text);

    state->rows = rows > 1 ? rows - 1 : 1;
    if (state->top > n - state->rows)
        state->top = n - state->rows;
    if (state->top < 0)
        state->top = 0;
    canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BOLD, ":%s", ui->command.answer_of);
    if (text != NULL)
        draw_lines(state, canvas, row + 1, rows - 1, text);
}

static void act(struct ui *ui, int action)
{
    struct result_state *state = state_of(ui);

    if (action == KEYS_DO_FIRST)
        state->top = 0;
    else if (action == KEYS_DO_LAST)
        state->top = lines_of(ui->command.answer);
    else if (action == DO_RIGHT)
        state->column += 20;
    else if (action == DO_LEFT)
        state->column = state->column > 20 ? state->column - 20 : 0;
    else
        state->top += keys_step(action, state->rows);
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    if (mouse->what == MOUSE_WHEEL_UP || mouse->what == MOUSE_WHEEL_DOWN)
        state_of(ui)->top += mouse->what == MOUSE_WHEEL_UP ? -3 : 3;
    return false;
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{KEYS_UP, 'k'},                        KEYS_DO_LINE_UP,   "Up, k",       NULL,    "a line back"},
    {{KEYS_DOWN, 'j'},                      KEYS_DO_LINE_DOWN, "Down, j",     NULL,    "a line on"},
    {{KEYS_PAGE_UP, KEYS_CTRL('B')},        KEYS_DO_PAGE_UP,   "PgUp, Ctrl-B", NULL,   "a page back"},
    {{KEYS_PAGE_DOWN, KEYS_CTRL('F'), ' '}, KEYS_DO_PAGE_DOWN, "PgDn, Space", NULL,    "a page on"},
    {{KEYS_HOME, 'g'},                      KEYS_DO_FIRST,     "Home, g",     NULL,    "the first line"},
    {{KEYS_END, 'G'},                       KEYS_DO_LAST,      "End, G",      NULL,    "the last line"},
    {{KEYS_RIGHT, 'l'},                     DO_RIGHT,          "Right, l",    "Right", "what is further to the right"},
    {{KEYS_LEFT},                           DO_LEFT,           "Left",        NULL,    "back to the left"},
};
/* clang-format on */

const struct screen SCREEN_RESULT = {
    .name = "Answer",
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct result_state),
    .draw = draw,
    .act = act,
    .mouse = on_mouse,
};
