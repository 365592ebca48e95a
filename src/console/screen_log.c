/* screen_log.c -- the daemon's log: the newest lines, by level and by what they contain, followed
 * or standing still. */
#define _GNU_SOURCE
#include "screen.h"

#include <string.h>

static bool matches(const struct ui *ui, const struct model_log_line *line)
{
    const char *filter = ui->log.filter.text;

    return line->level <= ui->log.level &&
           (filter[0] == '\0' || strcasestr(line->line, filter) != NULL);
}

/* Index of the lowest line in view, -1: none. */
static long bottom_index(const struct ui *ui)
{
    for (long i = (long)model_log_n(&ui->model) - 1; i >= 0; i--) {
        const struct model_log_line *line = model_log(&ui->model, (size_t)i);

        if (matches(ui, line) && (ui->log.follow || line->sequence <= ui->log.bottom))
            return i;
    }
    return -1;
}

/* The index `n` matching lines before (n < 0) or after index; stops at the ends. */
static long moved(const struct ui *ui, long index, long n)
{
    long held = (long)model_log_n(&ui->model), way = n < 0 ? -1 : 1, best = index;

    for (long i = index + way; n != 0 && i >= 0 && i < held; i += way) {
        if (!matches(ui, model_log(&ui->model, (size_t)i)))
            continue;
        best = i;
        n -= way;
    }
    return best;
}

static void draw_head(struct ui *ui, struct canvas *canvas, int row)
{
    struct ui_log_view *view = &ui->log;
    int used = 1;

    used += canvas_printf(canvas, row, used, canvas->columns - 2, STYLE_BOLD, "level %s",
                          model_level_name(view->level));
    used += canvas_text(canvas, row, used, canvas->columns, STYLE_PLAIN,
                        view->follow ? "   following" : "   standing still (f follows)");
    if (ui->prompt == &view->filter || view->filter.text[0] != '\0') {
        used += canvas_text(canvas, row, used, canvas->columns, STYLE_DIM, "   filter: ");
        used +=
            canvas_tail(canvas, row, used, canvas->columns - used, STYLE_PLAIN, view->filter.text);
    }
    if (ui->prompt == &view->filter) {
        canvas->cursor_row = row;
        canvas->cursor_column = used;
    }
    if (ui->model.log_lost > 0)
        canvas_printf(canvas, row, used + 3, canvas->columns, STYLE_WARN, "%llu lines were lost",
                      (unsigned long long)ui->model.log_lost);
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
    canvas_text(canvas, first, 1, 8, STYLE_DIM, screen_clock(line->time_ms, clock));
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
        needed += line_rows(canvas, model_log(&ui->model, (size_t)i));
        next = moved(ui, i, -1);
        if (next == i || needed >= rows - 1)
            break;
    }
    at = top + (needed < rows - 1 ? needed : rows - 1) - 1;
    for (long i = bottom; at >= top; i = next) {
        const struct model_log_line *line = model_log(&ui->model, (size_t)i);

        draw_line(canvas, at, top, line);
        at -= line_rows(canvas, line);
        next = moved(ui, i, -1);
        if (next == i)
            break;
    }
}

static void move(struct ui *ui, long n)
{
    long index = bottom_index(ui), to;

    if (index < 0)
        return;
    to = moved(ui, index, n);
    ui->log.bottom = model_log(&ui->model, (size_t)to)->sequence;
    /* Going on beyond the newest line is following it. */
    ui->log.follow = n > 0 && moved(ui, to, 1) == to;
}

static void act(struct ui *ui, enum keys_action action)
{
    long page = ui->body_rows > 2 ? ui->body_rows - 2 : 1;
    long step = keys_step(action, page);

    if (step != 0)
        move(ui, step);
    else if (action == KEYS_DO_FIRST) {
        move(ui, -MODEL_LOG_LINES);
        move(ui, page); /* a whole page, the oldest line at its top */
        ui->log.follow = false;
    } else if (action == KEYS_DO_LAST)
        ui->log.follow = true;
    else if (action == KEYS_DO_LEVEL)
        ui->log.level = (ui->log.level + 3) % 4;
    else if (action == KEYS_DO_FOLLOW) {
        long index = bottom_index(ui);

        if (index >= 0)
            ui->log.bottom = model_log(&ui->model, (size_t)index)->sequence;
        ui->log.follow = !ui->log.follow;
    } else if (action == KEYS_DO_FILTER) {
        ui->prompt = &ui->log.filter;
        ui->prompt_before = ui->log.filter;
    } else if (action == KEYS_DO_BACK)
        ui->log.filter.text[0] = '\0';
}

const struct screen SCREEN_LOG = {"Log", KEYS_IN_LOG, draw, act, NULL, NULL};
