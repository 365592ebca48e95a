/* screen_log.c -- the daemon's log: the newest lines, by level and by what they contain, followed
 * or standing still. */
#define _GNU_SOURCE
#include "log.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"

#define DAY_MS  86400000
#define IDLE_MS 2000 /* where lines come several times a second */

enum { DO_LEVEL = KEYS_OWN, DO_FOLLOW, DO_TIME };

struct log_state {
    int hidden;      /* levels that are not shown: 0 none, 3 all but errors */
    bool standing;   /* new lines do not move it */
    uint64_t bottom; /* then: sequence of the lowest line shown */
    struct line filter;
    struct line time; /* to jump to: "12:03", "12:03:30", "10m" ago */
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
    if (ui->prompt == &state_of(ui)->time) {
        used += canvas_text(canvas, row, used, canvas->columns, STYLE_DIM, "   to the time: ");
        used += line_draw(&state->time, canvas, row, used, 20, true);
        used += canvas_text(canvas, row, used + 2, canvas->columns, STYLE_DIM,
                            "12:03, 12:03:30, or 10m ago");
    }
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

/* Unix time in milliseconds of what was typed; -1: it is none. A time of day is the last one that
 * was, in UTC as the lines have it. */
static int64_t time_typed(const char *text, int64_t now_ms)
{
    static const struct {
        char letter;
        int64_t ms;
    } UNITS[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', DAY_MS}};
    unsigned hours, minutes, seconds = 0;
    int64_t at_ms;
    char unit, more;
    int end = 0;

    if (sscanf(text, "%5u%c%n", &hours, &unit, &end) == 2 &&
        (text[end] == '\0' || strcmp(text + end, " ago") == 0)) {
        for (size_t i = 0; i < ARRAY_N(UNITS); i++) {
            if (UNITS[i].letter == unit)
                return now_ms - (int64_t)hours * UNITS[i].ms;
        }
    }
    if ((sscanf(text, "%2u:%2u%c", &hours, &minutes, &more) != 2 &&
         sscanf(text, "%2u:%2u:%2u%c", &hours, &minutes, &seconds, &more) != 3) ||
        hours > 23 || minutes > 59 || seconds > 59)
        return -1;
    at_ms = now_ms / DAY_MS * DAY_MS + (int64_t)(hours * 3600 + minutes * 60 + seconds) * 1000;
    return at_ms > now_ms ? at_ms - DAY_MS : at_ms;
}

/* The first line from then on at the top. */
static void jump(struct ui *ui)
{
    int64_t at_ms = time_typed(state_of(ui)->time.text, ui->wall_ms);
    long page = ui->body_rows > 2 ? ui->body_rows - 2 : 1;

    for (long i = 0; at_ms >= 0 && i < (long)model_log_n(&ui->model); i++) {
        const struct model_log_line *line = model_log_line(&ui->model, (size_t)i);

        if (line->time_ms < at_ms || !matches(ui, line))
            continue;
        stand(ui, moved(ui, i, page));
        return;
    }
}

/* Each change shows at once; what was typed to its end and leads nowhere is said. */
static void typed(struct ui *ui)
{
    struct log_state *state = state_of(ui);

    if (state->time.text[0] == '\0')
        return;
    jump(ui);
    if (ui->prompt == NULL) {
        if (time_typed(state->time.text, ui->wall_ms) < 0)
            ui_say(ui, true, "%s is no time: 12:03, 12:03:30, or 10m ago", state->time.text);
        line_set(&state->time, "");
    }
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
    } else if (action == DO_TIME) {
        ui_prompt(ui, &state->time);
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
    {{'t'},                              DO_TIME,           "t",            "Time",   "jump to a time: 12:03, 12:03:30, or 10m ago"},
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
    .idle_ms = IDLE_MS,
    .draw = draw,
    .act = act,
    .typed = typed,
    .mouse = on_mouse,
};
