/* alerts.c -- what somebody should look at now, the gravest first, then what is over; and what to
 * do about the one under the cursor. The topic alerts keeps the model up to date. */
#include "alerts.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "console/ui/list.h"

#define ADVICE_ROWS 5 /* below the list */

struct alerts_state {
    struct list list;
};

static struct alerts_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_ALERTS);
}

/* clang-format off */
enum { SEVERITY, NAME, FOR, SINCE, WORDS, COLUMNS_N };
static const struct list_column COLUMNS[COLUMNS_N] = {
    [SEVERITY] = {"",      NULL, 4,  0},
    [NAME] =     {"ALERT", NULL, 19, 0},
    [FOR] =      {"FOR",   NULL, -6, 0},
    [SINCE] =    {"SINCE", NULL, 9,  100},
    [WORDS] =    {"WHAT",  NULL, 0,  0},
};
/* clang-format on */

static enum style style_of(const struct model_alert *alert)
{
    if (alert->cleared_ms != 0)
        return STYLE_DIM;
    if (strcmp(alert->severity, "page") == 0)
        return STYLE_BAD;
    return strcmp(alert->severity, "warn") == 0 ? STYLE_WARN : STYLE_ACCENT;
}

static const struct model_alert *alert_at(const struct ui *ui, long row)
{
    const struct model_alerts *alerts = &ui->model.alerts;

    return row >= 0 && row < (long)alerts->n ? &alerts->rows[row] : NULL;
}

static long alerts_n(struct ui *ui)
{
    return ui->model.alerts.known ? (long)ui->model.alerts.n : -1;
}

static const char *alert_id(struct ui *ui, long row)
{
    const struct model_alert *alert = alert_at(ui, row);

    return alert != NULL ? alert->id : NULL;
}

static const char *lasted(const struct ui *ui, const struct model_alert *alert, char span[16])
{
    int64_t until_ms = alert->cleared_ms != 0 ? alert->cleared_ms : ui->model.status.now_ms;
    int64_t seconds = (until_ms - alert->since_ms) / 1000;

    return figures_span(seconds > 0 ? seconds : 0, span);
}

static bool alert_cell(struct ui *ui, long row, int column, char *text, size_t room_bytes)
{
    const struct model_alert *alert = alert_at(ui, row);
    char figure[16];

    if (alert == NULL)
        return false;
    if (column == SEVERITY)
        snprintf(text, room_bytes, "%s", alert->cleared_ms != 0 ? "over" : alert->severity);
    else if (column == NAME)
        snprintf(text, room_bytes, "%s", alert->name);
    else if (column == FOR)
        snprintf(text, room_bytes, "%s", lasted(ui, alert, figure));
    else if (column == SINCE)
        snprintf(text, room_bytes, "%sZ", figures_clock(alert->since_ms, figure));
    else
        snprintf(text, room_bytes, "%s", alert->words);
    return true;
}

static enum style alert_style(struct ui *ui, long row, int column)
{
    const struct model_alert *alert = alert_at(ui, row);

    if (alert == NULL || (column != SEVERITY && column != NAME && alert->cleared_ms == 0))
        return STYLE_PLAIN;
    return style_of(alert);
}

static const struct list_table TABLE = {
    .columns = COLUMNS,
    .columns_n = COLUMNS_N,
    .nothing = "Nothing is wrong, and nothing was since the start.",
    .n = alerts_n,
    .cell = alert_cell,
    .id = alert_id,
    .style = alert_style,
};

static void draw_head(const struct ui *ui, struct canvas *canvas, int row)
{
    const struct model_alerts *alerts = &ui->model.alerts;

    if (alerts->active_n == 0)
        canvas_text(canvas, row, 1, canvas->columns - 2, STYLE_GOOD, "no alert is active");
    else
        canvas_printf(canvas, row, 1, canvas->columns - 2,
                      alerts->page_n > 0 ? STYLE_BAD : STYLE_WARN,
                      alerts->page_n > 0 ? "%zu active, %zu of them grave" : "%zu active",
                      alerts->active_n, alerts->page_n);
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct alerts_state *state = state_of(ui);
    int advice = rows > 2 * ADVICE_ROWS ? ADVICE_ROWS : 0;
    const struct model_alert *alert;

    draw_head(ui, canvas, row);
    list_draw(&state->list, &TABLE, ui, canvas, row + 1, rows - 1 - advice);
    alert = alert_at(ui, state->list.cursor);
    if (advice == 0 || alert == NULL)
        return;
    row += rows - advice;
    canvas_box(canvas, row, 0, advice, canvas->columns, alert->name);
    canvas_cut(canvas, row + 1, 2, canvas->columns - 4, style_of(alert), alert->words);
    (void)canvas_paragraph(canvas, row + 2, row + ADVICE_ROWS - 2, 2, canvas->columns - 4,
                           alert->advice);
}

static void act(struct ui *ui, int action)
{
    (void)list_act(&state_of(ui)->list, &TABLE, ui, action);
}

static void on_time(struct ui *ui)
{
    list_settle(&state_of(ui)->list, &TABLE, ui); /* rows come and go by themselves */
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    (void)list_mouse(&state_of(ui)->list, &TABLE, ui, mouse);
    return false;
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{KEYS_UP, 'k'},                        KEYS_DO_LINE_UP,   "Up, k",        NULL, "the alert above: what to do about it stands below"},
    {{KEYS_DOWN, 'j'},                      KEYS_DO_LINE_DOWN, "Down, j",      NULL, "the alert below"},
    {{KEYS_PAGE_UP, KEYS_CTRL('B')},        KEYS_DO_PAGE_UP,   "PgUp, Ctrl-B", NULL, "a page back"},
    {{KEYS_PAGE_DOWN, KEYS_CTRL('F'), ' '}, KEYS_DO_PAGE_DOWN, "PgDn, Space",  NULL, "a page on"},
    {{KEYS_HOME, 'g'},                      KEYS_DO_FIRST,     "Home, g",      NULL, "the gravest"},
    {{KEYS_END, 'G'},                       KEYS_DO_LAST,      "End, G",       NULL, "the oldest that is over"},
};
/* clang-format on */

const struct screen SCREEN_ALERTS = {
    .name = "Alerts",
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct alerts_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .mouse = on_mouse,
};

/* -- in another screen's box ------------------------------------------------------------------- */

static void draw_line(const struct ui *ui, struct canvas *canvas, int row, int column, int columns,
                      const struct model_alert *alert)
{
    char span[16];
    int used = canvas_cut(canvas, row, column, columns, style_of(alert), alert->name);

    used += canvas_printf(canvas, row, column + used, columns - used, STYLE_DIM, " %s%s ",
                          alert->cleared_ms != 0 ? "over, lasted " : "", lasted(ui, alert, span));
    if (alert->cleared_ms == 0)
        canvas_cut(canvas, row, column + used, columns - used, STYLE_PLAIN, alert->words);
}

void alerts_draw(const struct ui *ui, struct canvas *canvas, int row, int column, int rows,
                 int columns)
{
    const struct model_alerts *alerts = &ui->model.alerts;
    int shown = 0;

    if (!alerts->known || rows < 1)
        return;
    if (alerts->active_n == 0)
        canvas_text(canvas, row + shown++, column, columns, STYLE_GOOD, "none");
    for (size_t i = 0; i < alerts->n && shown < rows; i++) {
        if (shown == rows - 1 && i + 1 < alerts->active_n) {
            canvas_printf(canvas, row + shown, column, columns, STYLE_WARN, "and %zu more",
                          alerts->active_n - i);
            return;
        }
        draw_line(ui, canvas, row + shown++, column, columns, &alerts->rows[i]);
    }
}
