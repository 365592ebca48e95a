/* screen_load.c -- what the load does: the rungs of the ladder, and the worst ticks and sweeps of
 * the last ten minutes with their causes. Asks for the worst once a second while it is shown. */
#include "load.h"

#include <stdio.h>

#include "common/compiler.h"

#define REFRESH_MS 1000
#define CAUSE_AT   33 /* column of the cause */

static void draw_rung(const struct ui *ui, struct canvas *canvas, int row, int number)
{
    const struct model_rung *rung = &ui->model.status.rungs[number];
    char since[24] = "", span[16];

    if (rung->active)
        snprintf(since, sizeof(since), "%s",
                 figures_span((ui->model.status.now_ms - rung->since_ms) / 1000, span));
    canvas_printf(canvas, row, 1, 12, STYLE_PLAIN, "%d %s", number + 1, rung->name);
    canvas_right(canvas, row, 20, 7, STYLE_PLAIN, since);
    canvas_text(canvas, row, 22, canvas->columns - 23,
                !rung->active     ? STYLE_DIM
                : number + 1 >= 4 ? STYLE_BAD
                                  : STYLE_WARN,
                rung->words);
}

static void draw_head(struct canvas *canvas, int row, const char *title)
{
    canvas_fill(canvas, row, 0, canvas->columns, STYLE_TITLE);
    canvas_text(canvas, row, 1, 12, STYLE_TITLE, title);
    canvas_right(canvas, row, 23, 8, STYLE_TITLE, "MS");
    canvas_right(canvas, row, 31, 7, STYLE_TITLE, "CPU");
    canvas_text(canvas, row, CAUSE_AT, canvas->columns - CAUSE_AT, STYLE_TITLE, "WHY");
}

static void draw_worst(struct canvas *canvas, int row, const struct model_worst_row *worst,
                       bool sweep, double budget_ms)
{
    char text[16];

    canvas_text(canvas, row, 1, 9, STYLE_DIM, figures_clock(worst->at_ms, text));
    if (sweep)
        canvas_printf(canvas, row, 10, 6, STYLE_PLAIN, "io-%d", worst->thread);
    canvas_right(canvas, row, 23, 7,
                 worst->real_ms >= budget_ms && budget_ms > 0 ? STYLE_BAD : STYLE_PLAIN,
                 figures_ms(worst->real_ms, text));
    canvas_right(canvas, row, 31, 7, STYLE_PLAIN, figures_ms(worst->cpu_ms, text));
    canvas_text(canvas, row, CAUSE_AT, canvas->columns - CAUSE_AT - 1, STYLE_PLAIN, worst->cause);
}

/* As many as there is room for; returns the row below. */
static int draw_list(const struct ui *ui, struct canvas *canvas, int row, int rows,
                     const struct model_worst_list *list, const char *title)
{
    bool sweeps = list == &ui->model.worst.sweeps;
    size_t shown = 0;

    if (rows < 2)
        return row;
    draw_head(canvas, row++, title);
    for (; shown < list->n && (int)shown < rows - 1; shown++)
        draw_worst(canvas, row++, &list->rows[shown], sweeps, ui->model.status.budget_ms);
    if (list->n == 0 && ui->model.worst.known)
        canvas_text(canvas, row++, 1, canvas->columns - 2, STYLE_DIM, "none yet");
    return row;
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    int last = row + rows, lists;

    if (!ui->model.status.known)
        return;
    canvas_fill(canvas, row, 0, canvas->columns, STYLE_TITLE);
    canvas_text(canvas, row, 1, 12, STYLE_TITLE, "LADDER");
    canvas_right(canvas, row, 20, 7, STYLE_TITLE, "SINCE");
    canvas_text(canvas, row++, 22, canvas->columns - 23, STYLE_TITLE, "WHAT IT MEANS");
    for (int i = 0; i < MODEL_RUNGS && row < last; i++)
        draw_rung(ui, canvas, row++, i);
    lists = last - row - 2; /* a blank line before each */
    if (lists < 4)
        return;
    row =
        draw_list(ui, canvas, row + 1, (lists + 1) * 3 / 5, &ui->model.worst.ticks, "WORST TICKS");
    draw_list(ui, canvas, row + 1, last - row - 1, &ui->model.worst.sweeps, "SWEEPS");
}

struct load_state {
    struct requests_poll poll;
};

static void on_time(struct ui *ui)
{
    struct load_state *state = ui_state(ui, &SCREEN_LOAD);

    if (ui_due(ui, &state->poll, REFRESH_MS))
        ui_poll(ui, &state->poll, "server.worst", NULL);
}

const struct screen SCREEN_LOAD = {
    .name = "Load",
    .state_bytes = sizeof(struct load_state),
    .draw = draw,
    .time = on_time,
};
