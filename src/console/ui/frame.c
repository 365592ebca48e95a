/* frame.c -- see frame.h. */
#include "frame.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "common/text.h"
#include "help.h"

#define FRAME_ROWS 3 /* header, tabs, bottom line */
/* Samples come every second; a daemon that is silent so long stands still. */
#define STILL_MS      3000
#define LEAST_ROWS    8
#define LEAST_COLUMNS 36
/* From here on the tabs have their whole names, their short ones, their numbers only. */
#define WHOLE_COLUMNS 120
#define SHORT_COLUMNS 80

static void draw_header(const struct ui *ui, struct canvas *canvas)
{
    const struct model_rpc *rpc = &ui->model.rpc;
    const struct model_status *status = &ui->model.status;
    char clock[16], span[16], right[128];
    int used = 1;

    canvas_fill(canvas, 0, 0, canvas->columns, STYLE_TITLE);
    used += canvas_cut(canvas, 0, used, canvas->columns / 3, STYLE_TITLE,
                       status->known ? status->name : "OpenMMO");
    if (status->known)
        used += canvas_printf(canvas, 0, used + 2, canvas->columns - used, STYLE_TITLE,
                              "openmmod %s, up %s", status->version,
                              figures_span(status->uptime_s, span)) +
                2;
    snprintf(right, sizeof(right), "%s (%s)  %sZ", rpc->you[0] != '\0' ? rpc->you : "-",
             rpc->role[0] != '\0' ? rpc->role : "-", figures_clock(ui->wall_ms, clock));
    if (canvas->columns - used > (int)strlen(right) + 2)
        canvas_right(canvas, 0, canvas->columns - 1, canvas->columns - used - 2, STYLE_TITLE,
                     right);
}

/* Connected, but nothing comes: what is shown is old. */
static bool stands_still(const struct ui *ui)
{
    return ui->link == UI_LIVE && ui->replay[0] == '\0' && ui->now_ms > ui->heard_ms + STILL_MS;
}

static bool is_lost(const struct ui *ui)
{
    return ui->link == UI_LOST || ui->link == UI_DENIED;
}

/* What operators ordered, "MAINTENANCE, STOPPING IN 4:31"; false: nothing. */
static bool orders_of(const struct model_status *status, char text[64])
{
    const char *ends = status->ending_restart ? "RESTARTING" : "STOPPING";
    int64_t left_s = (status->ending_left_ms + 999) / 1000;
    char ending[40] = "";

    if (status->ending && status->ending_when_empty)
        snprintf(ending, sizeof(ending), "%s WHEN EMPTY", ends);
    else if (status->ending && left_s >= 3600)
        snprintf(ending, sizeof(ending), "%s IN %lld:%02lld:%02lld", ends,
                 (long long)(left_s / 3600), (long long)(left_s / 60 % 60),
                 (long long)(left_s % 60));
    else if (status->ending)
        snprintf(ending, sizeof(ending), "%s IN %lld:%02lld", ends, (long long)(left_s / 60),
                 (long long)(left_s % 60));
    snprintf(text, 64, "[%s%s%s]",
             status->maintenance ? "MAINTENANCE"
             : status->draining  ? "DRAINING"
                                 : "",
             (status->maintenance || status->draining) && status->ending ? ", " : "", ending);
    return status->maintenance || status->draining || status->ending;
}

static void alerts_word(const struct model_alerts *alerts, char text[64])
{
    snprintf(text, 64, "[%zu %s]", alerts->active_n, alerts->active_n == 1 ? "ALERT" : "ALERTS");
}

/* What an operator must see first, in a word. */
static enum style state_of(const struct ui *ui, char text[64])
{
    const struct model_alerts *alerts = &ui->model.alerts;
    const struct model_status *status = &ui->model.status;
    char span[16];

    if (ui->replay[0] != '\0') {
        snprintf(text, 64, "[%s]", ui->replay);
        return STYLE_WARN;
    }
    if (is_lost(ui)) {
        snprintf(text, 64, "[%s %s]", ui->link == UI_LOST ? "LOST" : "DENIED",
                 figures_span((int64_t)(ui->now_ms - ui->lost_ms) / 1000, span));
        return STYLE_BAD;
    }
    if (!status->known) {
        snprintf(text, 64, "[connecting]");
        return STYLE_WARN;
    }
    if (stands_still(ui)) {
        snprintf(text, 64, "[SILENT %s]",
                 figures_span((int64_t)(ui->now_ms - ui->heard_ms) / 1000, span));
        return STYLE_BAD;
    }
    if (ui->paused) {
        snprintf(text, 64, "[HELD, Z]");
        return STYLE_WARN;
    }
    if (strcmp(status->state, "serving") != 0) {
        snprintf(text, 64, "[%s]", status->state);
        return STYLE_WARN;
    }
    if (!status->store_ok) {
        snprintf(text, 64, "[STORE AWAY]");
        return STYLE_BAD;
    }
    if (status->budget_ms > 0 && status->over_10s.p99_ms >= status->budget_ms) {
        snprintf(text, 64, "[OVER BUDGET]");
        return STYLE_BAD;
    }
    if (alerts->page_n > 0) {
        alerts_word(alerts, text);
        return STYLE_BAD;
    }
    if (orders_of(status, text))
        return STYLE_WARN;
    if (alerts->active_n > 0) {
        alerts_word(alerts, text);
        return STYLE_WARN;
    }
    snprintf(text, 64, "[OK]");
    return STYLE_GOOD;
}

static void tab_text(const struct ui *ui, int columns, int i, char out[48])
{
    const struct screen *screen = SCREENS[i];

    if (columns >= WHOLE_COLUMNS)
        snprintf(out, 48, " %c %.40s ", screen->key, screen->name);
    else if (columns >= SHORT_COLUMNS)
        snprintf(out, 48, "%c%.40s ", screen->key, screen->short_name);
    else if (i == ui->screen)
        snprintf(out, 48, "%c %.40s ", screen->key, screen->short_name);
    else
        snprintf(out, 48, "%c ", screen->key);
}

static void draw_tabs(const struct ui *ui, struct canvas *canvas)
{
    char state[64], text[48];
    enum style style = state_of(ui, state);
    int state_at = canvas->columns - (int)text_columns(state) - 1, column = 1;

    for (int i = 0; i < SCREENS_N; i++) {
        if (SCREENS[i]->key == '\0')
            continue;
        tab_text(ui, canvas->columns, i, text);
        column += canvas_text(canvas, FRAME_TABS_ROW, column, state_at - column - 1,
                              i == ui->screen ? STYLE_SELECTED : STYLE_PLAIN, text);
    }
    canvas_text(canvas, FRAME_TABS_ROW, state_at, canvas->columns - state_at, style, state);
}

const struct screen *frame_tab(const struct ui *ui, int columns, int column)
{
    int at = 1;
    char text[48];

    for (int i = 0; i < SCREENS_N; i++) {
        if (SCREENS[i]->key == '\0')
            continue;
        tab_text(ui, columns, i, text);
        if (column >= at && column < at + (int)text_columns(text))
            return SCREENS[i];
        at += (int)text_columns(text);
    }
    return NULL;
}

bool frame_has_bar(const struct ui *ui)
{
    return !is_lost(ui) && ui->message[0] == '\0';
}

/* The connection's trouble stays; a word about what was done goes by; else the keys. */
static void draw_bottom(const struct ui *ui, const struct screen *screen, struct canvas *canvas)
{
    int row = canvas->rows - 1;

    if (ui->command.open) {
        command_draw(&ui->command, canvas, row);
    } else if (is_lost(ui)) {
        canvas_fill(canvas, row, 0, canvas->columns, STYLE_BAD);
        canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BAD, "trying again, q quits: %s",
                      ui->link_sentence);
    } else if (ui->message[0] != '\0') {
        enum style style = ui->message_bad ? STYLE_BAD : STYLE_GOOD;

        canvas_fill(canvas, row, 0, canvas->columns, style);
        canvas_cut(canvas, row, 1, canvas->columns - 2, style, ui->message);
    } else {
        help_draw_bar(screen, canvas, row);
    }
}

int ui_draw_filter(struct ui *ui, struct canvas *canvas, int row, int column,
                   const struct line *line)
{
    bool typing = ui->prompt == line;
    int used;

    if (!typing && line->text[0] == '\0')
        return 0;
    used = canvas_text(canvas, row, column, canvas->columns - column, STYLE_DIM, "   filter: ");
    return used + line_draw(line, canvas, row, column + used, canvas->columns / 2 - 4, typing);
}

/* May the screen stay as it was drawn? Where nobody touches the console, it need not follow all
 * that moves; but a new trouble, what became of a deed, and another size do not wait. */
static bool may_stay(struct ui *ui, const struct screen *screen, const struct canvas *canvas)
{
    char state[64], words[sizeof(ui->drawn_words)];
    enum style style = state_of(ui, state);
    bool same = canvas->columns == ui->columns && canvas->rows == ui->rows;

    snprintf(words, sizeof(words), "%d %s %s", (int)style, state, ui->message);
    same = same && strcmp(words, ui->drawn_words) == 0;
    strcpy(ui->drawn_words, words);
    return same && ui_idle(ui) && !stands_still(ui) && ui->drawn_ms != 0 &&
           ui->now_ms - ui->drawn_ms < screen->idle_ms;
}

/* The rows of the frame alone. */
static void clear_around(struct canvas *canvas)
{
    canvas_fill(canvas, 0, 0, canvas->columns, STYLE_PLAIN);
    canvas_fill(canvas, FRAME_TABS_ROW, 0, canvas->columns, STYLE_PLAIN);
    canvas_fill(canvas, canvas->rows - 1, 0, canvas->columns, STYLE_PLAIN);
}

void frame_draw(struct ui *ui, const struct screen *screen, struct canvas *canvas)
{
    ui->behind = may_stay(ui, screen, canvas);
    if (ui->behind) {
        clear_around(canvas);
    } else {
        canvas_clear(canvas);
        ui->drawn_ms = ui->now_ms;
    }
    ui->columns = canvas->columns;
    ui->rows = canvas->rows;
    if (canvas->rows < LEAST_ROWS || canvas->columns < LEAST_COLUMNS) {
        canvas_printf(canvas, canvas->rows / 2, 0, canvas->columns, STYLE_PLAIN,
                      "needs %dx%d, q quits", LEAST_COLUMNS, LEAST_ROWS);
        return;
    }
    ui->body_rows = canvas->rows - FRAME_ROWS;
    if (ui->help > 0 && !ui->behind)
        help_draw(ui, screen, canvas, 2);
    else if (!ui->behind)
        screen->draw(ui, canvas, 2, ui->body_rows);
    draw_header(ui, canvas);
    if (is_lost(ui) || stands_still(ui))
        canvas_grey(canvas, 0);
    draw_tabs(ui, canvas);
    draw_bottom(ui, screen, canvas);
    if (ui->dialog.kind != NULL)
        dialog_draw(ui, canvas);
}
