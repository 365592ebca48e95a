/* screen_log.c -- the daemon's log: the newest lines, by level and by what they contain, followed
 * or standing still. */
#define _GNU_SOURCE
#include "log.h"

#include <string.h>

#include "common/compiler.h"

enum { DO_LEVEL = KEYS_OWN, DO_FOLLOW };

struct log_state {
    int hidden;      /* levels that are not shown: 0 none, 3 all but errors */
    bool standing;   /* new lines do not move it */
    uint64_t bottom; /* then: sequence of the lowest line shown */
    struct line filter;
};

static struct log_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_LOG);
}

static bool matches(struct ui *ui, const struct model_log_line *line)
{
    const struct log_state *state = state_of(ui);
    const char *filter = state->filter.text;

    return line->level <= 3 - state->hidden &&
           (filter[0] == '\0' || strcasestr(line->line, filter) != NULL);
}

/* Index of the lowest line in view, -1: none. */
static long bottom_index(struct ui *ui)
{
    for (long i = (long)model_log_n(&ui->model) - 1; i >= 0; i--) {
        const struct model_log_line *line = model_log_line(&ui->model, (size_t)i);

        if (matches(ui, line) &&
            (!state_of(ui)->standing || line->sequence <= state_of(ui)->bottom))
            return i;
    }
    return -1;
}

/* The index `n` matching lines before (n < 0) or after index; stops at the ends. */
static long moved(struct ui *ui, long index, long n)
{
    long held = (long)model_log_n(&ui->model), way = n < 0 ? -1 : 1, best = index;

    for (long i = index + way; n != 0 && i >= 0 && i < held; i += way) {
        if (!matches(ui, model_log_line(&ui->model, (size_t)i)))
            continue;
        best = i;
        n -= way;
    }
    return best;
}

static void draw_head(struct ui *ui, struct canvas *canvas, int row)
{
    const struct log_state *state = state_of(ui);
    int used = 1;

    used += canvas_printf(canvas, row, used, canvas->columns - 2, STYLE_BOLD, "level %s",
                          model_level_name(3 - state->hidden));
    used += canvas_text(canvas, row, used, canvas->columns, STYLE_PLAIN,
                        state->standing ? "   standing still (f follows)" : "   following");
    used += ui_draw_filter(ui, canvas, row, used, &state->filter);
    if (ui->model.log.lost > 0)
        canvas_printf(canvas, row, used + 3, canvas->columns, STYLE_WARN, "%llu lines were lost",
                      (unsigned long long)ui->model.log.lost);
}

#define TEXT_AT 16 /* column where a line's text begins */

static int line_rows(const struct canvas *canvas, const struct model_log_line *line)
{
    return canvas_wrap(NULL, 0, 0, 0, canvas->columns - TEXT_AT - 1, line->line);
}

/* Its last row stands at `row`; rows above `top` are left out. */
static void draw_line(struct canvas *canvas, int row, int top, const struct model_log_line *line)
{
    static const enum style STYLES[] = {STYLE_BAD, STYLE_WARN, STYLE_GOOD, STYLE_DIM};
    int first =
        row - canvas_wrap(canvas, row, top, TEXT_AT, canvas->columns - TEXT_AT - 1, line->line) + 1;
    char clock[16];

    if (first < top)
        return;
    canvas_text(canvas, first, 1, 8, STYLE_DIM, figures_clock(line->time_ms, clock));
    canvas_text(canvas, first, 10, 5, STYLES[line->level], model_level_name(line->level));
}

/* From the bottom up; a log that does not fill the screen yet begins at the top. */
static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    long bottom = bottom_index(ui), next;
    int top = row + 1, needed = 0, at;

    draw_head(ui, canvas, row);
    if (bottom < 0) {
        canvas_text(canvas, top + 1, 1, canvas->columns - 2, STYLE_DIM, "No lines.");
        return;
    }
    for (long i = bottom;; i = next) {
        needed += line_rows(canvas, model_log_line(&ui->model, (size_t)i));
        next = moved(ui, i, -1);
        if (next == i || needed >= rows - 1)
            break;
    }
    at = top + (needed < rows - 1 ? needed : rows - 1) - 1;
    for (long i = bottom; at >= top; i = next) {
        const struct model_log_line *line = model_log_line(&ui->model, (size_t)i);

        draw_line(canvas, at, top, line);
        at -= line_rows(canvas, line);
        next = moved(ui, i, -1);
        if (next == i)
            break;
    }
}

static void stand(struct ui *ui, long index)
{
    struct log_state *state = state_of(ui);

    if (index >= 0)
        state->bottom = model_log_line(&ui->model, (size_t)index)->sequence;
    state->standing = true;
}

static void move(struct ui *ui, long n)
{
    long index = bottom_index(ui), to;

    if (index < 0)
        return;
    to = moved(ui, index, n);
    stand(ui, to);
    /* Going on beyond the newest line is following it. */
    state_of(ui)->standing = n < 0 || moved(ui, to, 1) != to;
}

static void act(struct ui *ui, int action)
{
    struct log_state *state = state_of(ui);
    long page = ui->body_rows > 2 ? ui->body_rows - 2 : 1;
    long step = keys_step(action, page);

    if (step != 0) {
        move(ui, step);
    } else if (action == KEYS_DO_FIRST) {
        move(ui, -MODEL_LOG_LINES);
        move(ui, page); /* a whole page, the oldest line at its top */
        state->standing = true;
    } else if (action == KEYS_DO_LAST) {
        state->standing = false;
    } else if (action == DO_LEVEL) {
        state->hidden = (state->hidden + 1) % 4;
    } else if (action == DO_FOLLOW && state->standing) {
        state->standing = false;
    } else if (action == DO_FOLLOW) {
        stand(ui, bottom_index(ui));
    } else if (action == KEYS_DO_FILTER) {
        ui_prompt(ui, &state->filter);
    } else if (action == KEYS_DO_BACK) {
        line_set(&state->filter, "");
    }
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    if (mouse->what == MOUSE_WHEEL_UP || mouse->what == MOUSE_WHEEL_DOWN)
        move(ui, mouse->what == MOUSE_WHEEL_UP ? -3 : 3);
    return false;
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{'l'},                              DO_LEVEL,          "l",            "Level",  "least level that is shown: debug, info, warn, error"},
    {{'f'},                              DO_FOLLOW,         "f",            "Follow", "follow new lines, or stand still"},
    {{'/', KEYS_F(3), KEYS_F(4)},        KEYS_DO_FILTER,    "/, F3, F4",    "Filter", "only lines that contain what you type"},
    {{KEYS_UP, 'k'},                     KEYS_DO_LINE_UP,   "Up, k",        NULL,     "one line back; stops following"},
    {{KEYS_DOWN, 'j'},                   KEYS_DO_LINE_DOWN, "Down, j",      NULL,     "one line on"},
    {{KEYS_PAGE_UP, KEYS_CTRL('B')},     KEYS_DO_PAGE_UP,   "PgUp, Ctrl-B", NULL,     "a page back"},
    {{KEYS_PAGE_DOWN, KEYS_CTRL('F'), ' '}, KEYS_DO_PAGE_DOWN, "PgDn, Space", NULL,   "a page on"},
    {{KEYS_HOME, 'g'},                   KEYS_DO_FIRST,     "Home, g",      NULL,     "the oldest line"},
    {{KEYS_END, 'G'},                    KEYS_DO_LAST,      "End, G",       NULL,     "the newest line, and follow"},
};
/* clang-format on */

const struct screen SCREEN_LOG = {
    .name = "Log",
    .short_name = "Log",
    .key = '5',
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct log_state),
    .draw = draw,
    .act = act,
    .mouse = on_mouse,
};
