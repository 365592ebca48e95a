/* screen_overview.c -- how the server is, at a glance: is the tick in its budget, who is here, what
 * flows, does the store keep up.
 *
 *   full     80x24 and more: boxes; what is left below them shows the newest log lines
 *   reduced  smaller: the same figures as lines, the most important first */
#include "overview.h"

#include <stdio.h>

#include "alerts.h"
#include "common/compiler.h"
#include "load.h"

enum { DO_ALERTS = KEYS_OWN };

/* The top of a graph's scale: 1, 2 or 5 times a power of ten above the values. */
static double scale_top(const struct series *a, const struct series *b, size_t shown, double least)
{
    double most = least, top = 0.001;
    static const double STEPS[] = {2, 2.5, 2};

    for (size_t i = 0; i < shown; i++) {
        if (i < a->n && a->values[a->n - 1 - i] > most)
            most = a->values[a->n - 1 - i];
        if (b != NULL && i < b->n && b->values[b->n - 1 - i] > most)
            most = b->values[b->n - 1 - i];
    }
    for (int i = 0; top < most; i = (i + 1) % 3)
        top *= STEPS[i];
    return top;
}

static size_t values_shown(const struct canvas *canvas, int columns)
{
    return (size_t)columns * (canvas->ascii ? 1 : 2);
}

static enum style tick_style(const struct model_status *status, double ms)
{
    if (ms >= status->budget_ms && status->budget_ms > 0)
        return STYLE_BAD;
    return ms >= status->budget_ms / 2 && status->budget_ms > 0 ? STYLE_WARN : STYLE_GOOD;
}

static void draw_times(struct canvas *canvas, int row, int column, const char *label,
                       const struct model_status *status, const struct model_times *times)
{
    char p50[16], p99[16], max[16];

    canvas_printf(canvas, row, column, 10, STYLE_DIM, "%s", label);
    canvas_printf(canvas, row, column + 11, 10, STYLE_PLAIN, "p50 %6s",
                  figures_ms(times->p50_ms, p50));
    canvas_printf(canvas, row, column + 22, 10, tick_style(status, times->p99_ms), "p99 %6s",
                  figures_ms(times->p99_ms, p99));
    canvas_printf(canvas, row, column + 33, 13, tick_style(status, times->max_ms), "max %6s ms",
                  figures_ms(times->max_ms, max));
}

static void draw_phase(struct canvas *canvas, int row, int column, const char *label,
                       const struct model_times *times)
{
    char p99[16];

    canvas_printf(canvas, row, column, 12, STYLE_DIM, "%s p99", label);
    canvas_printf(canvas, row, column + 13, 12, STYLE_PLAIN, "%6s ms",
                  figures_ms(times->p99_ms, p99));
}

static void draw_worst(const struct model_status *status, struct canvas *canvas, int row,
                       int column)
{
    char ms[16], clock[16];

    canvas_text(canvas, row, column, 10, STYLE_DIM, "worst tick");
    if (status->worst_ms <= 0) {
        canvas_text(canvas, row, column + 11, 20, STYLE_PLAIN, "none yet");
        return;
    }
    canvas_printf(canvas, row, column + 11, 34, tick_style(status, status->worst_ms),
                  "%s ms at %sZ", figures_ms(status->worst_ms, ms),
                  figures_clock(status->worst_at_ms, clock));
}

static void draw_tick_graph(const struct ui *ui, struct canvas *canvas, int row, int rows,
                            int columns)
{
    const struct model_history *history = &ui->model.history;
    int width = columns - 14;
    double top =
        scale_top(&history->tick_mean, &history->tick_p99, values_shown(canvas, width), 0.2);
    struct canvas_graph graph = {.values = history->tick_mean.values,
                                 .n = history->tick_mean.n,
                                 .top = top,
                                 .line = ui->model.status.budget_ms,
                                 .style = STYLE_ACCENT};
    char label[16];

    if (history->tick_p99.n == history->tick_mean.n)
        graph.marks = history->tick_p99.values;
    canvas_printf(canvas, row, 2, 9, STYLE_DIM, "%6s ms", figures_ms(top, label));
    for (int i = 0; i < rows; i++)
        canvas_glyph(canvas, row + i, 11, STYLE_BORDER, "\u2502", '|');
    canvas_text(canvas, row + rows - 1, 2, 9, STYLE_DIM, "     0 ms");
    canvas_graph(canvas, row, 12, rows, width, &graph);
}

static void draw_tick(const struct ui *ui, struct canvas *canvas, int row, int rows)
{
    const struct model_status *status = &ui->model.status;
    char title[96], budget[16];

    snprintf(title, sizeof(title), "Tick %lld, %lld a second, budget %s ms: mean and p99",
             (long long)status->tick, (long long)status->hz, figures_ms(status->budget_ms, budget));
    canvas_box(canvas, row, 0, rows, canvas->columns, title);
    draw_times(canvas, row + 1, 2, "last 10 s", status, &status->over_10s);
    draw_times(canvas, row + 2, 2, "last 60 s", status, &status->over_60s);
    draw_worst(status, canvas, row + 3, 2);
    draw_phase(canvas, row + 1, 53, "step", &status->step);
    draw_phase(canvas, row + 2, 53, "snapshot", &status->snapshot);
    draw_phase(canvas, row + 3, 53, "late", &status->late);
    if (canvas->columns >= 110) {
        draw_phase(canvas, row + 1, 84, "sweep", &status->sweep);
        canvas_printf(canvas, row + 2, 84, 25, STYLE_DIM, "missed ticks %lld",
                      (long long)status->missed);
    }
    draw_tick_graph(ui, canvas, row + 4, rows - 5, canvas->columns);
}

/* A gauge of `columns` cells, filled by part of whole. */
static void draw_gauge(struct canvas *canvas, int row, int column, int columns, double part,
                       double whole)
{
    int full = whole > 0 ? (int)(part / whole * columns + 0.5) : 0;

    for (int i = 0; i < columns && i < full; i++)
        canvas_glyph(canvas, row, column + i, part >= whole * 0.95 ? STYLE_WARN : STYLE_ACCENT,
                     "\u2588", '#');
    for (int i = full; i < columns; i++)
        canvas_glyph(canvas, row, column + i, STYLE_BORDER, "\u2591", '.');
}

static void draw_players(const struct ui *ui, struct canvas *canvas, int row, int column,
                         int columns)
{
    const struct model_status *status = &ui->model.status;
    const struct series *series = &ui->model.history.players_here;
    struct canvas_graph graph = {.values = series->values, .n = series->n, .style = STYLE_ACCENT};
    char title[64];
    int inside = columns - 4;

    snprintf(title, sizeof(title), "Players %lld of %lld", (long long)status->players,
             (long long)status->players_max);
    if (status->guests)
        snprintf(title, sizeof(title), "Players %lld of %lld, guests %lld",
                 (long long)status->players, (long long)status->players_max,
                 (long long)status->guests_here);
    canvas_box(canvas, row, column, 6, columns, title);
    draw_gauge(canvas, row + 1, column + 2, inside, (double)status->players,
               (double)status->players_max);
    graph.top = scale_top(series, NULL, values_shown(canvas, inside), 1);
    canvas_graph(canvas, row + 2, column + 2, 1, inside, &graph);
    canvas_printf(canvas, row + 3, column + 2, inside, STYLE_PLAIN,
                  "connections %lld, %lld not logged in", (long long)status->connections,
                  (long long)status->before_login);
    canvas_printf(canvas, row + 4, column + 2, inside, STYLE_PLAIN,
                  "logins %lld, %lld failed, %lld limited", (long long)status->logins_ok,
                  (long long)status->logins_failed, (long long)status->logins_limited);
}

static void draw_flow(struct canvas *canvas, int row, int column, int columns, const char *label,
                      double rate, const struct series *series)
{
    struct canvas_graph graph = {.values = series->values, .n = series->n, .style = STYLE_ACCENT};
    int width = columns - 20;
    char bytes[16];

    canvas_printf(canvas, row, column + 2, 17, STYLE_PLAIN, "%-3s %9s/s", label,
                  figures_bytes(rate, bytes));
    graph.top = scale_top(series, NULL, values_shown(canvas, width), 1000);
    canvas_graph(canvas, row, column + 18, 1, width, &graph);
}

static void draw_traffic(const struct ui *ui, struct canvas *canvas, int row, int column,
                         int columns)
{
    const struct model_status *status = &ui->model.status;
    char in[16], out[16];

    canvas_box(canvas, row, column, 6, columns, "Traffic");
    draw_flow(canvas, row + 1, column, columns, "in", status->in_per_s, &ui->model.history.in);
    draw_flow(canvas, row + 2, column, columns, "out", status->out_per_s, &ui->model.history.out);
    canvas_printf(canvas, row + 3, column + 2, columns - 4, STYLE_PLAIN,
                  "messages in %.0f/s, refused %lld", status->messages_per_s,
                  (long long)status->refused);
    canvas_printf(canvas, row + 4, column + 2, columns - 4, STYLE_PLAIN,
                  "since start %s in, %s out", figures_bytes((double)status->in, in),
                  figures_bytes((double)status->out, out));
}

static void durable_text(const struct model_status *status, char *text, size_t room_bytes)
{
    char span[16];

    if (status->durable_ms == 0)
        snprintf(text, room_bytes, "none yet");
    else
        snprintf(text, room_bytes, "%s ago",
                 figures_span((status->now_ms - status->durable_ms) / 1000, span));
}

static void draw_store(const struct ui *ui, struct canvas *canvas, int row, int column, int columns)
{
    const struct model_status *status = &ui->model.status;
    char title[64], durable[64], p50[16], p99[16];

    snprintf(title, sizeof(title), "Store %s", status->store);
    canvas_box(canvas, row, column, 5, columns, title);
    if (status->store_ok)
        canvas_printf(canvas, row + 1, column + 2, columns - 4, STYLE_PLAIN,
                      "ok, %lld waiting, %lld errors", (long long)status->store_queue,
                      (long long)status->store_errors);
    else
        canvas_printf(canvas, row + 1, column + 2, columns - 4, STYLE_BAD, "away: %s",
                      status->store_error);
    canvas_printf(canvas, row + 2, column + 2, columns - 4, STYLE_PLAIN, "answers p50 %s p99 %s ms",
                  figures_ms(status->store_times.p50_ms, p50),
                  figures_ms(status->store_times.p99_ms, p99));
    durable_text(status, durable, sizeof(durable));
    canvas_printf(canvas, row + 3, column + 2, columns - 4, STYLE_PLAIN,
                  "%lld saves pending, durable %s", (long long)status->saves_pending, durable);
}

static void draw_process(const struct ui *ui, struct canvas *canvas, int row, int column,
                         int columns)
{
    const struct model_status *status = &ui->model.status;

    canvas_box(canvas, row, column, 5, columns, "Server");
    canvas_printf(canvas, row + 1, column + 2, columns - 4,
                  status->journal_stopped ? STYLE_BAD : STYLE_PLAIN, "pid %lld%s",
                  (long long)status->pid, status->journal_stopped ? ", tick journal gave up" : "");
    canvas_printf(canvas, row + 2, column + 2, columns - 4,
                  status->missed > 0 ? STYLE_WARN : STYLE_PLAIN, "%lld ticks missed since start",
                  (long long)status->missed);
    canvas_printf(canvas, row + 3, column + 2, columns - 4, STYLE_PLAIN,
                  "operators %lld, samples lost %lld", (long long)status->operators,
                  (long long)status->dropped);
}

static void draw_newest_lines(const struct ui *ui, struct canvas *canvas, int row, int rows)
{
    size_t held = model_log_n(&ui->model);
    int inside = rows - 2;

    canvas_box(canvas, row, 0, rows, canvas->columns, "Log");
    for (int i = 0; i < inside && (size_t)i < held; i++) {
        size_t shown = held < (size_t)inside ? held : (size_t)inside;
        const struct model_log_line *line = model_log_line(&ui->model, held - shown + (size_t)i);
        char clock[16];

        canvas_text(canvas, row + 1 + i, 2, 8, STYLE_DIM, figures_clock(line->time_ms, clock));
        canvas_text(canvas, row + 1 + i, 11, canvas->columns - 13,
                    line->level == 0   ? STYLE_BAD
                    : line->level == 1 ? STYLE_WARN
                                       : STYLE_PLAIN,
                    line->line);
    }
}

/* One line: is all well? */
static void draw_ladder(const struct ui *ui, struct canvas *canvas, int row)
{
    const struct model_status *status = &ui->model.status;
    const struct model_rung *rung = &status->rungs[status->rung > 0 ? status->rung - 1 : 0];
    char span[16];

    if (status->rung == 0)
        canvas_text(canvas, row, 1, canvas->columns - 2, STYLE_GOOD, "All is well.");
    else
        canvas_printf(canvas, row, 1, canvas->columns - 2,
                      status->rung >= 4 ? STYLE_BAD : STYLE_WARN, "Rung %d for %s: %s",
                      status->rung, figures_span((status->now_ms - rung->since_ms) / 1000, span),
                      rung->words);
}

static void draw_full(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    int spare = rows - 21, tick_rows = 9 + (spare > 6 ? 6 : spare > 0 ? spare : 0);
    int left = canvas->columns / 2, right = canvas->columns - left;
    int rest = rows - tick_rows - 12;

    draw_ladder(ui, canvas, row++);
    draw_tick(ui, canvas, row, tick_rows);
    row += tick_rows;
    draw_players(ui, canvas, row, 0, left);
    draw_traffic(ui, canvas, row, left, right);
    draw_store(ui, canvas, row + 6, 0, left);
    draw_process(ui, canvas, row + 6, left, right);
    if (rest >= 3)
        draw_newest_lines(ui, canvas, row + 11, rest);
}

static void draw_reduced(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    const struct model_status *status = &ui->model.status;
    char a[16], b[16], c[16], durable[64], lines[8][192];
    struct canvas_graph graph = {.values = ui->model.history.tick_mean.values,
                                 .n = ui->model.history.tick_mean.n,
                                 .style = STYLE_ACCENT};
    int shown = 0;

    durable_text(status, durable, sizeof(durable));
    snprintf(lines[0], sizeof(lines[0]), "players %lld of %lld%s, connections %lld",
             (long long)status->players, (long long)status->players_max,
             status->guests ? ", guests too" : "", (long long)status->connections);
    snprintf(lines[1], sizeof(lines[1]), "tick p50 %s p99 %s of %s ms",
             figures_ms(status->over_10s.p50_ms, a), figures_ms(status->over_10s.p99_ms, b),
             figures_ms(status->budget_ms, c));
    snprintf(lines[2], sizeof(lines[2]), "worst %s ms at %sZ, missed %lld",
             figures_ms(status->worst_ms, a), figures_clock(status->worst_at_ms, b),
             (long long)status->missed);
    snprintf(lines[3], sizeof(lines[3]), "in %s/s out %s/s", figures_bytes(status->in_per_s, a),
             figures_bytes(status->out_per_s, b));
    snprintf(lines[4], sizeof(lines[4]), "logins %lld ok %lld failed", (long long)status->logins_ok,
             (long long)status->logins_failed);
    snprintf(lines[5], sizeof(lines[5]), "store %s %s, %lld pending", status->store,
             status->store_ok ? "ok" : "AWAY", (long long)status->saves_pending);
    snprintf(lines[6], sizeof(lines[6]), "durable %s", durable);
    if (status->rung > 0)
        snprintf(lines[7], sizeof(lines[7]), "rung %d: %s", status->rung,
                 status->rungs[status->rung - 1].words);
    else
        snprintf(lines[7], sizeof(lines[7]), "all is well");
    for (; shown < (int)ARRAY_N(lines) && shown < rows; shown++)
        canvas_text(canvas, row + shown, 1, canvas->columns - 2, STYLE_PLAIN, lines[shown]);
    graph.top =
        scale_top(&ui->model.history.tick_mean, NULL, values_shown(canvas, canvas->columns), 1);
    if (rows > shown)
        canvas_graph(canvas, row + shown, 1, rows - shown, canvas->columns - 2, &graph);
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    if (!ui->model.status.known)
        return;
    if (rows >= 21 && canvas->columns >= 80)
        draw_full(ui, canvas, row, rows);
    else
        draw_reduced(ui, canvas, row, rows);
}

static void act(struct ui *ui, int action)
{
    if (action == KEYS_DO_ENTER)
        ui_open(ui, &SCREEN_LOAD);
    else if (action == DO_ALERTS)
        ui_open(ui, &SCREEN_ALERTS);
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    (void)ui;
    return mouse->what == MOUSE_DOUBLE_CLICK;
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{'a'}, DO_ALERTS, "a", "Alerts", "what somebody should look at, and what to do"},
    {{KEYS_ENTER}, KEYS_DO_ENTER, "Enter", "Load", "the ladder under overload, the worst ticks and sweeps"},
};
/* clang-format on */

const struct screen SCREEN_OVERVIEW = {
    .name = "Overview",
    .short_name = "Over",
    .key = '1',
    .keys = KEYS_OF(ROWS),
    .draw = draw,
    .act = act,
    .mouse = on_mouse,
};
