/* overview.c -- how the server is, at a glance: is the tick in its budget, who is here, what
 * flows, does the store keep up.
 *
 *   full     80x24 and more: boxes; what is left below them shows the newest log lines
 *   reduced  smaller: the same figures as lines, the most important first */
#include "overview.h"

#include <stdio.h>
#include <string.h>

#include "alerts.h"
#include "chat.h"
#include "common/compiler.h"
#include "histogram.h"
#include "load.h"

enum { DO_ALERTS = KEYS_OWN, DO_ANNOUNCE };

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

    canvas_text(canvas, row, column, 5, STYLE_DIM, label);
    canvas_printf(canvas, row, column + 5, 9, STYLE_PLAIN, "p50 %4s",
                  figures_ms(times->p50_ms, p50));
    canvas_printf(canvas, row, column + 15, 9, tick_style(status, times->p99_ms), "p99 %4s",
                  figures_ms(times->p99_ms, p99));
    canvas_printf(canvas, row, column + 25, 12, tick_style(status, times->max_ms), "max %4s ms",
                  figures_ms(times->max_ms, max));
}

/* The mean of each phase, and of the others who work for the tick. */
static void draw_phases(const struct ui *ui, struct canvas *canvas, int row, int columns)
{
    static const char *const NAMES[] = {"drain", "step", "journal", "snapshot", "late", "sweep"};
    int used = 2;

    used += canvas_text(canvas, row, used, 5, STYLE_DIM, "mean ");
    for (size_t i = 0; i < ARRAY_N(NAMES); i++) {
        const struct model_phase *phase = model_phase(&ui->model.profile, NAMES[i]);
        char ms[16];

        if (phase == NULL)
            continue;
        used += canvas_printf(canvas, row, used, columns - used - 2, STYLE_DIM, "%s ", NAMES[i]);
        used += canvas_printf(canvas, row, used, columns - used - 2, STYLE_PLAIN, "%s ",
                              figures_ms(phase->times.mean_ms, ms));
    }
}

/* Of the last ten minutes with its cause; else since the start. */
static void draw_worst(const struct ui *ui, struct canvas *canvas, int row, int columns)
{
    const struct model_status *status = &ui->model.status;
    const struct model_worst_row *worst = &ui->model.profile.worst;
    char ms[16], clock[16];
    int used = 2;

    used += canvas_text(canvas, row, used, 12, STYLE_DIM, "worst tick  ");
    if (worst->at_ms != 0) {
        used += canvas_printf(
            canvas, row, used, columns - used - 2, tick_style(status, worst->real_ms),
            "%s ms at %sZ: ", figures_ms(worst->real_ms, ms), figures_clock(worst->at_ms, clock));
        canvas_cut(canvas, row, used, columns - used - 2, STYLE_PLAIN, worst->cause);
    } else if (status->worst_ms > 0) {
        canvas_printf(canvas, row, used, columns - used - 2, tick_style(status, status->worst_ms),
                      "%s ms at %sZ", figures_ms(status->worst_ms, ms),
                      figures_clock(status->worst_at_ms, clock));
    } else {
        canvas_text(canvas, row, used, columns - used - 2, STYLE_PLAIN, "none yet");
    }
}

/* Always up to the budget at least: how far the bars are from the line is what is looked for. */
static void draw_tick_graph(const struct ui *ui, struct canvas *canvas, int row, int rows,
                            int column, int columns)
{
    const struct model_history *history = &ui->model.history;
    double budget_ms = ui->model.status.budget_ms;
    double top = scale_top(&history->tick_mean, &history->tick_p99, values_shown(canvas, columns),
                           budget_ms > 0 ? budget_ms : 1);
    struct canvas_graph graph = {.values = history->tick_mean.values,
                                 .n = history->tick_mean.n,
                                 .top = top,
                                 .line = budget_ms,
                                 .style = STYLE_ACCENT};
    char label[16];

    if (history->tick_p99.n == history->tick_mean.n)
        graph.marks = history->tick_p99.values;
    canvas_right(canvas, row, column + 6, 6, STYLE_DIM, figures_ms(top, label));
    canvas_text(canvas, row + rows - 1, column + 5, 1, STYLE_DIM, "0");
    for (int i = 0; i < rows; i++)
        canvas_glyph(canvas, row + i, column + 7, STYLE_BORDER, "\u2502", '|');
    canvas_graph(canvas, row, column + 8, rows, columns - 8, &graph);
}

#define TICK_LEFT 38 /* columns of its figures */

static void draw_tick(const struct ui *ui, struct canvas *canvas, int row, int rows)
{
    const struct model_status *status = &ui->model.status;
    const struct model_phase *tick = model_phase(&ui->model.profile, "tick");
    int columns = canvas->columns, inside = rows - 4; /* of figures and graph */
    char title[96], budget[16];

    snprintf(title, sizeof(title), "Tick %lld, %lld a second, budget %s ms: mean and p99",
             (long long)status->tick, (long long)status->hz, figures_ms(status->budget_ms, budget));
    canvas_box(canvas, row, 0, rows, columns, title);
    draw_times(canvas, row + 1, 2, "10 s", status, &status->over_10s);
    draw_times(canvas, row + 2, 2, "60 s", status, &status->over_60s);
    canvas_printf(canvas, row + 3, 2, TICK_LEFT,
                  status->over_budget + status->missed > 0 ? STYLE_WARN : STYLE_PLAIN,
                  "over budget %lld, missed %lld", (long long)status->over_budget,
                  (long long)status->missed);
    if (tick != NULL)
        histogram_draw(canvas, row + 4, 2, inside - 3, TICK_LEFT - 1, &ui->model.profile, tick,
                       status->budget_ms);
    draw_tick_graph(ui, canvas, row + 1, inside, TICK_LEFT + 2, columns - TICK_LEFT - 4);
    draw_phases(ui, canvas, row + rows - 3, columns);
    draw_worst(ui, canvas, row + rows - 2, columns);
}

static void draw_label_graph(struct canvas *canvas, int row, int column, int columns,
                             const char *label, const struct series *series)
{
    struct canvas_graph graph = {.values = series->values, .n = series->n, .style = STYLE_ACCENT};
    int used = canvas_text(canvas, row, column, columns, STYLE_DIM, label), width = columns - used;

    graph.top = scale_top(series, NULL, values_shown(canvas, width), 1);
    canvas_graph(canvas, row, column + used, 1, width, &graph);
}

/* As much as there is room for. */
static void players_title(const struct model_status *status, char *title, int room)
{
    char more[2][32] = {"", ""};
    int n =
        snprintf(title, (size_t)room, "Players %lld of %lld, peak %lld", (long long)status->players,
                 (long long)status->players_max, (long long)status->peak);

    if (status->guests)
        snprintf(more[0], sizeof(more[0]), ", guests %lld", (long long)status->guests_here);
    if (status->away > 0)
        snprintf(more[1], sizeof(more[1]), ", away %lld", (long long)status->away);
    for (int i = 0; i < 2; i++) {
        if (n + (int)strlen(more[i]) < room)
            n += snprintf(title + n, (size_t)(room - n), "%s", more[i]);
    }
}

static void draw_players(const struct ui *ui, struct canvas *canvas, int row, int rows, int column,
                         int columns)
{
    const struct model_status *status = &ui->model.status;
    const struct model_history *history = &ui->model.history;
    int inside = columns - 4, last = row + rows - 2;
    char title[96];

    players_title(status, title,
                  columns - 5 < (int)sizeof(title) ? columns - 5 : (int)sizeof(title));
    canvas_box(canvas, row, column, rows, columns, title);
    draw_label_graph(canvas, row + 1, column + 2, inside, "now  ", &history->players_here);
    if (rows >= 6) {
        draw_label_graph(canvas, row + 2, column + 2, inside, "hour ", &history->players_hour);
        canvas_printf(canvas, row + 3, column + 2, inside, STYLE_PLAIN,
                      "logins %lld, %lld failed, %lld limited", (long long)status->logins_ok,
                      (long long)status->logins_failed, (long long)status->logins_limited);
    }
    if (rows >= 6)
        canvas_printf(canvas, last, column + 2, inside, STYLE_PLAIN,
                      "connections %lld of %lld, %lld not logged in",
                      (long long)status->connections, (long long)status->connections_max,
                      (long long)status->before_login);
    else
        canvas_printf(canvas, last, column + 2, inside, STYLE_PLAIN,
                      "connections %lld, logins failed %lld", (long long)status->connections,
                      (long long)status->logins_failed);
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

static void draw_traffic(const struct ui *ui, struct canvas *canvas, int row, int rows, int column,
                         int columns)
{
    const struct model_status *status = &ui->model.status;
    char in[16], out[16];

    canvas_box(canvas, row, column, rows, columns, "Traffic");
    draw_flow(canvas, row + 1, column, columns, "in", status->in_per_s, &ui->model.history.in);
    draw_flow(canvas, row + 2, column, columns, "out", status->out_per_s, &ui->model.history.out);
    if (rows < 6)
        return;
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

static void draw_pool(const struct model_status *status, struct canvas *canvas, int row, int column,
                      int columns)
{
    if (status->pool_idle + status->pool_busy + status->pool_starting + status->pool_down == 0)
        canvas_text(canvas, row, column, columns, STYLE_DIM, "one thread, no pool");
    else
        canvas_printf(canvas, row, column, columns,
                      status->pool_down > 0 ? STYLE_WARN : STYLE_PLAIN,
                      "pool: %lld busy, %lld idle, %lld starting, %lld down",
                      (long long)status->pool_busy, (long long)status->pool_idle,
                      (long long)status->pool_starting, (long long)status->pool_down);
}

static void draw_store(const struct ui *ui, struct canvas *canvas, int row, int rows, int column,
                       int columns)
{
    const struct model_status *status = &ui->model.status;
    char title[64], durable[64], p50[16], p99[16];
    int inside = columns - 4;

    snprintf(title, sizeof(title), "Store %s", status->store);
    canvas_box(canvas, row, column, rows, columns, title);
    if (status->store_ok)
        canvas_printf(canvas, row + 1, column + 2, inside, STYLE_PLAIN,
                      "ok, %lld waiting, %lld errors, p99 %s ms", (long long)status->store_queue,
                      (long long)status->store_errors, figures_ms(status->store_times.p99_ms, p99));
    else
        canvas_printf(canvas, row + 1, column + 2, inside, STYLE_BAD, "away: %s",
                      status->store_error);
    durable_text(status, durable, sizeof(durable));
    canvas_printf(canvas, row + 2, column + 2, inside, STYLE_PLAIN,
                  "%lld saves pending, durable %s", (long long)status->saves_pending, durable);
    if (rows < 6)
        return;
    draw_pool(status, canvas, row + 3, column + 2, inside);
    canvas_printf(canvas, row + 4, column + 2, inside, STYLE_PLAIN,
                  "answers p50 %s p99 %s ms, %lld a minute",
                  figures_ms(status->store_times.p50_ms, p50),
                  figures_ms(status->store_times.p99_ms, p99), (long long)status->store_times.n);
}

static void draw_alerts(const struct ui *ui, struct canvas *canvas, int row, int rows, int column,
                        int columns)
{
    const struct model_status *status = &ui->model.status;
    const struct model_alerts *alerts = &ui->model.alerts;
    int process_rows = rows >= 6 ? 1 : 0;
    char title[48];

    snprintf(title, sizeof(title), alerts->active_n > 0 ? "Alerts %zu" : "Alerts",
             alerts->active_n);
    canvas_box(canvas, row, column, rows, columns, title);
    alerts_draw(ui, canvas, row + 1, column + 2, rows - 2 - process_rows, columns - 4);
    if (process_rows > 0)
        canvas_printf(canvas, row + rows - 2, column + 2, columns - 4, STYLE_DIM,
                      "pid %lld, operators %lld, samples lost %lld", (long long)status->pid,
                      (long long)status->operators, (long long)status->dropped);
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
        canvas_cut(canvas, row + 1 + i, 11, canvas->columns - 13,
                   line->level == 0   ? STYLE_BAD
                   : line->level == 1 ? STYLE_WARN
                                      : STYLE_PLAIN,
                   line->line);
    }
}

/* One line: is all well? Else the highest rung of the ladder, or the gravest alert. */
static void draw_ladder(const struct ui *ui, struct canvas *canvas, int row)
{
    const struct model_alerts *alerts = &ui->model.alerts;
    const struct model_status *status = &ui->model.status;
    const struct model_rung *rung = &status->rungs[status->rung > 0 ? status->rung - 1 : 0];
    char span[16];

    if (status->rung == 0 && alerts->active_n > 0)
        canvas_printf(canvas, row, 1, canvas->columns - 2,
                      alerts->page_n > 0 ? STYLE_BAD : STYLE_WARN, "%zu %s: %s", alerts->active_n,
                      alerts->active_n == 1 ? "alert" : "alerts", alerts->rows[0].words);
    else if (status->rung == 0)
        canvas_text(canvas, row, 1, canvas->columns - 2, STYLE_GOOD, "All is well.");
    else
        canvas_printf(canvas, row, 1, canvas->columns - 2,
                      status->rung >= 4 ? STYLE_BAD : STYLE_WARN, "Rung %d for %s: %s",
                      status->rung, figures_span((status->now_ms - rung->since_ms) / 1000, span),
                      rung->words);
    if (status->journal_stopped)
        canvas_right(canvas, row, canvas->columns - 1, 30, STYLE_BAD, "  the tick journal gave up");
}

#define LEAST_ROWS 21 /* the ladder's, 12 of the tick, twice 4 */

/* What there is more than that goes to the boxes, then to the tick, then to the log. */
static void draw_full(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    int spare = rows - LEAST_ROWS, box_rows = spare >= 4 ? 6 : 4;
    int more = spare - 2 * (box_rows - 4), tick_rows = 12 + (more > 6 ? 6 : more);
    int left = canvas->columns / 2, right = canvas->columns - left;
    int rest = rows - 1 - tick_rows - 2 * box_rows;

    if (rest > 0 && rest < 3) {
        tick_rows += rest;
        rest = 0;
    }
    draw_ladder(ui, canvas, row++);
    draw_tick(ui, canvas, row, tick_rows);
    row += tick_rows;
    draw_players(ui, canvas, row, box_rows, 0, left);
    draw_traffic(ui, canvas, row, box_rows, left, right);
    row += box_rows;
    draw_store(ui, canvas, row, box_rows, 0, left);
    draw_alerts(ui, canvas, row, box_rows, left, right);
    if (rest > 0)
        draw_newest_lines(ui, canvas, row + box_rows, rest);
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
    snprintf(lines[0], sizeof(lines[0]), "players %lld of %lld%s, peak %lld, connections %lld",
             (long long)status->players, (long long)status->players_max,
             status->guests ? ", guests too" : "", (long long)status->peak,
             (long long)status->connections);
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
    snprintf(lines[6], sizeof(lines[6]), "durable %s, alerts %zu", durable,
             ui->model.alerts.active_n);
    if (status->rung > 0)
        snprintf(lines[7], sizeof(lines[7]), "rung %d: %s", status->rung,
                 status->rungs[status->rung - 1].words);
    else
        snprintf(lines[7], sizeof(lines[7]), "all is well");
    for (; shown < (int)ARRAY_N(lines) && shown < rows; shown++)
        canvas_cut(canvas, row + shown, 1, canvas->columns - 2, STYLE_PLAIN, lines[shown]);
    graph.top =
        scale_top(&ui->model.history.tick_mean, NULL, values_shown(canvas, canvas->columns), 1);
    if (rows > shown)
        canvas_graph(canvas, row + shown, 1, rows - shown, canvas->columns - 2, &graph);
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    if (!ui->model.status.known)
        return;
    if (rows >= LEAST_ROWS && canvas->columns >= 80)
        draw_full(ui, canvas, row, rows);
    else
        draw_reduced(ui, canvas, row, rows);
}

#define REFRESH_MS      2000
#define REFRESH_HOUR_MS 60000

struct overview_state {
    struct requests_poll profile, hour;
};

static void on_time(struct ui *ui)
{
    struct overview_state *state = ui_state(ui, &SCREEN_OVERVIEW);

    if (ui_due(ui, &state->profile, REFRESH_MS))
        ui_poll(ui, &state->profile, "server.profile", NULL);
    if (ui_due(ui, &state->hour, REFRESH_HOUR_MS))
        ui_poll(ui, &state->hour, "metrics.history", json_pack("{s:s}", "span", "hour"));
}

static void act(struct ui *ui, int action)
{
    if (action == KEYS_DO_ENTER)
        ui_open(ui, &SCREEN_LOAD);
    else if (action == DO_ALERTS)
        ui_open(ui, &SCREEN_ALERTS);
    else if (action == DO_ANNOUNCE)
        chat_announce(ui);
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    (void)ui;
    return mouse->what == MOUSE_DOUBLE_CLICK;
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{KEYS_ENTER}, KEYS_DO_ENTER, "Enter", "Load", "the ladder, the worst ticks and sweeps, the profile"},
    {{'a'},        DO_ALERTS,     "a",     "Alerts", "what somebody should look at, and what to do"},
    {{'A'},        DO_ANNOUNCE,   "A",     "Announce", "say something to everybody in the world"},
};
/* clang-format on */

const struct screen SCREEN_OVERVIEW = {
    .name = "Overview",
    .short_name = "Over",
    .key = '1',
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct overview_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .mouse = on_mouse,
};
