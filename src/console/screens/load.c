/* load.c -- what the load does: the rungs of the ladder, the worst ticks and sweeps of the last ten
 * minutes with their causes, and where the time goes. Asks once a second while it is shown. */
#include "load.h"

#include <stdio.h>

#include "common/compiler.h"
#include "histogram.h"

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
    canvas_cut(canvas, row, 22, canvas->columns - 23,
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
    canvas_cut(canvas, row, CAUSE_AT, canvas->columns - CAUSE_AT - 1, STYLE_PLAIN, worst->cause);
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

/* --- The profile. --- */

static void draw_profile_head(struct canvas *canvas, int row, const char *title)
{
    static const char *const HEADS[] = {"N", "MEAN", "P50", "P99", "MAX", "CORE"};

    canvas_fill(canvas, row, 0, canvas->columns, STYLE_TITLE);
    canvas_text(canvas, row, 1, 12, STYLE_TITLE, title);
    for (int i = 0; i < 6; i++)
        canvas_right(canvas, row, 21 + 8 * i, 7, STYLE_TITLE, HEADS[i]);
}

/* One row; ms, and the share of a core. */
static void draw_phase(struct canvas *canvas, int row, const char *name,
                       const struct model_phase *phase, double budget_ms)
{
    const struct model_times *times = &phase->times;
    const double ms[] = {times->mean_ms, times->p50_ms, times->p99_ms, times->max_ms};
    char text[16];

    canvas_text(canvas, row, 1, 12, STYLE_PLAIN, name);
    snprintf(text, sizeof(text), "%lld", (long long)times->n);
    canvas_right(canvas, row, 21, 7, STYLE_PLAIN, text);
    for (int i = 0; i < 4; i++)
        canvas_right(canvas, row, 29 + 8 * i, 7,
                     ms[i] >= budget_ms && budget_ms > 0 ? STYLE_BAD : STYLE_PLAIN,
                     figures_ms(ms[i], text));
    if (phase->permille >= 0) {
        snprintf(text, sizeof(text), "%.1f%%", (double)phase->permille / 10);
        canvas_right(canvas, row, 61, 7, STYLE_PLAIN, text);
    }
}

static int draw_phases(const struct ui *ui, struct canvas *canvas, int row, int last)
{
    const struct model_profile *profile = &ui->model.profile;

    draw_profile_head(canvas, row++, "PROFILE 60 s");
    for (size_t i = 0; i < profile->phases_n && row < last; i++)
        draw_phase(canvas, row++, profile->phases[i].name, &profile->phases[i],
                   ui->model.status.budget_ms);
    return row;
}

static void draw_threads(const struct ui *ui, struct canvas *canvas, int row, int last)
{
    const struct model_profile *profile = &ui->model.profile;

    draw_profile_head(canvas, row, "SWEEPS OF");
    canvas_text(canvas, row++, 63, canvas->columns - 64, STYLE_TITLE, "PLAYER   BUSY FL");
    for (size_t i = 0; i < profile->threads_n && row < last; i++) {
        const struct model_thread *thread = &profile->threads[i];
        char name[24];

        snprintf(name, sizeof(name), "io-%zu", i);
        draw_phase(canvas, row, name, &thread->sweeps, ui->model.status.budget_ms);
        canvas_printf(canvas, row++, 63, canvas->columns - 64,
                      thread->stuck       ? STYLE_BAD
                      : thread->floor > 0 ? STYLE_WARN
                                          : STYLE_PLAIN,
                      "%6lld %5.1f%% %2lld%s", (long long)thread->sessions,
                      (double)thread->busy_permille / 10, (long long)thread->floor,
                      thread->stuck ? " STUCK" : "");
    }
}

/* A histogram of whole ticks beside, where it has room. */
static void draw_profile(const struct ui *ui, struct canvas *canvas, int row, int last)
{
    const struct model_phase *tick = model_phase(&ui->model.profile, "tick");
    int below = draw_phases(ui, canvas, row, last);

    if (tick != NULL && canvas->columns >= 110)
        histogram_draw(canvas, row + 1, 66, below - row - 1, canvas->columns - 68,
                       &ui->model.profile, tick, ui->model.status.budget_ms);
    if (last - below >= 3)
        draw_threads(ui, canvas, below + 1, last);
}

/* What it takes: two heads, a blank line, and as many threads as most machines have. */
static int profile_rows(const struct model_profile *profile)
{
    return 3 + (int)profile->phases_n + (profile->threads_n < 8 ? (int)profile->threads_n : 8);
}

/* --- The page. --- */

enum { DO_PROFILE = KEYS_OWN };

struct load_state {
    struct requests_poll worst, profiled;
    bool profile; /* is shown where there is no room for both */
};

#define BOTH_ROWS 34 /* from which on the profile has room below the worst */

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    const struct load_state *state = ui_state(ui, &SCREEN_LOAD);
    int last = row + rows, lists;

    if (!ui->model.status.known)
        return;
    if (state->profile) {
        draw_profile(ui, canvas, row, last);
        return;
    }
    canvas_fill(canvas, row, 0, canvas->columns, STYLE_TITLE);
    canvas_text(canvas, row, 1, 12, STYLE_TITLE, "LADDER");
    canvas_right(canvas, row, 20, 7, STYLE_TITLE, "SINCE");
    canvas_text(canvas, row++, 22, canvas->columns - 23, STYLE_TITLE, "WHAT IT MEANS");
    for (int i = 0; i < MODEL_RUNGS && row < last; i++)
        draw_rung(ui, canvas, row++, i);
    if (rows >= BOTH_ROWS) {
        int profile = profile_rows(&ui->model.profile);

        draw_profile(ui, canvas, last - profile, last);
        last -= profile + 1;
    }
    lists = last - row - 2; /* a blank line before each */
    if (lists < 4)
        return;
    row =
        draw_list(ui, canvas, row + 1, (lists + 1) * 3 / 5, &ui->model.worst.ticks, "WORST TICKS");
    draw_list(ui, canvas, row + 1, last - row - 1, &ui->model.worst.sweeps, "SWEEPS");
}

static void on_time(struct ui *ui)
{
    struct load_state *state = ui_state(ui, &SCREEN_LOAD);

    if (ui_due(ui, &state->worst, REFRESH_MS))
        ui_poll(ui, &state->worst, "server.worst", NULL);
    if (ui_due(ui, &state->profiled, REFRESH_MS))
        ui_poll(ui, &state->profiled, "server.profile", NULL);
}

static void act(struct ui *ui, int action)
{
    struct load_state *state = ui_state(ui, &SCREEN_LOAD);

    if (action == DO_PROFILE)
        state->profile = !state->profile;
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{'p'}, DO_PROFILE, "p", "Profile", "where the time goes, or the worst ticks and sweeps again"},
};
/* clang-format on */

const struct screen SCREEN_LOAD = {
    .name = "Load",
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct load_state),
    .draw = draw,
    .act = act,
    .time = on_time,
};
