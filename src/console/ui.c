/* ui.c -- see ui.h. The frame around the screens: header, tabs, bottom line; where keys go. */
#include "ui.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "dialog.h"
#include "screen.h"

#define FRAME_ROWS 3 /* header, tabs, bottom line */
/* Samples come every second; a daemon that is silent so long stands still. */
#define STILL_MS      3000
#define LEAST_ROWS    8
#define LEAST_COLUMNS 36

static const struct screen *const SCREENS[] = {&SCREEN_OVERVIEW, &SCREEN_PLAYERS, &SCREEN_LOG,
                                               &SCREEN_LOAD};
#define SCREENS_N ((int)ARRAY_N(SCREENS))

int ui_init(struct ui *ui, const struct ui_config *config)
{
    memset(ui, 0, sizeof(*ui));
    ui->config = *config;
    ui->log.level = 3;
    ui->log.follow = true;
    return model_init(&ui->model);
}

void ui_fini(struct ui *ui)
{
    model_fini(&ui->model);
}

void ui_say(struct ui *ui, bool bad, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(ui->message, sizeof(ui->message), format, arguments);
    va_end(arguments);
    ui->message_bad = bad;
    ui->message_until_ms = ui->now_ms + 6000;
}

void ui_time(struct ui *ui, uint64_t now_ms, int64_t wall_ms)
{
    ui->now_ms = now_ms;
    ui->wall_ms = wall_ms;
    if (now_ms >= ui->message_until_ms)
        ui->message[0] = '\0';
    if (ui->link == UI_LIVE && SCREENS[ui->screen]->time != NULL)
        SCREENS[ui->screen]->time(ui);
}

static void ask(struct ui *ui, enum ui_ask what, const char *method, json_t *params)
{
    /* What cannot be asked is asked again when the connection is back. */
    (void)ui->config.ask(ui->config.context, what, method, params);
}

void ui_opened(struct ui *ui)
{
    ui->link = UI_LIVE;
    ui->heard_ms = ui->now_ms;
    ui->players.waiting = ui->load.waiting = false;
    ui->players.asked_ms = 0;
    ask(ui, UI_ASK_DISCOVER, "rpc.discover", NULL);
    ask(ui, UI_ASK_HISTORY, "metrics.history", NULL);
    ask(ui, UI_ASK_STATUS, "server.status", NULL);
    ask(ui, UI_ASK_LOG, "log.tail", json_pack("{s:i}", "lines", MODEL_LOG_LINES / 2));
    ask(ui, UI_ASK_SUBSCRIBE, "subscribe",
        json_pack("{s:s, s:i}", "topic", "metrics", "interval_ms", 1000));
    ask(ui, UI_ASK_SUBSCRIBE, "subscribe",
        json_pack("{s:s, s:i}", "topic", "log", "interval_ms", 250));
}

void ui_lost(struct ui *ui, bool denied, const char *sentence)
{
    if (ui->link != UI_LOST && ui->link != UI_DENIED)
        ui->lost_ms = ui->now_ms;
    ui->link = denied ? UI_DENIED : UI_LOST;
    snprintf(ui->link_sentence, sizeof(ui->link_sentence), "%s", sentence);
    ui->players.waiting = ui->load.waiting = false;
    ui->dialog.open = false;
}

void ui_answer(struct ui *ui, enum ui_ask what, json_t *result, int code, const char *sentence)
{
    static const char *const METHODS[] = {
        [UI_ASK_DISCOVER] = "rpc.discover", [UI_ASK_HISTORY] = "metrics.history",
        [UI_ASK_STATUS] = "server.status",  [UI_ASK_LOG] = "log.tail",
        [UI_ASK_SUBSCRIBE] = "subscribe",   [UI_ASK_PLAYERS] = "players.list",
        [UI_ASK_KICK] = "players.kick",     [UI_ASK_WORST] = "server.worst",
        [UI_ASK_BAN] = "bans.add",          [UI_ASK_MUTE] = "players.mute",
    };
    bool acted = what >= UI_ASK_KICK;
    enum ui_deed deed = acted ? (enum ui_deed)(what - UI_ASK_KICK) : UI_DEED_KICK;
    const char *whom =
        json_string_value(json_object_get(result, deed == UI_DEED_KICK ? "kicked" : "player"));

    if (code != 0 && acted)
        ui_say(ui, true, "not %s: %s (%s)", dialog_done(deed), sentence, ui->meant[deed]);
    else if (code != 0)
        ui_say(ui, true, "%s: %s", METHODS[what], sentence);
    else
        model_answer(&ui->model, METHODS[what], result);
    if (what == UI_ASK_PLAYERS && SCREEN_PLAYERS.answered != NULL)
        SCREEN_PLAYERS.answered(ui);
    if (what == UI_ASK_WORST && SCREEN_LOAD.answered != NULL)
        SCREEN_LOAD.answered(ui);
    if (acted && code == 0) {
        ui_say(ui, false, "%s was %s", whom != NULL ? whom : "the player", dialog_done(deed));
        ui->players.asked_ms = 0;
    }
}

void ui_notify(struct ui *ui, const char *topic, json_t *params)
{
    if (strcmp(topic, "metrics") == 0)
        ui->heard_ms = ui->now_ms;
    model_notify(&ui->model, topic, params);
}

static void show(struct ui *ui, int screen)
{
    ui->screen = (screen + SCREENS_N) % SCREENS_N;
    ui->players.asked_ms = ui->load.asked_ms = 0;
}

/* Filter as you type: each change shows at once; Esc takes back, Enter keeps. */
static void prompt_key(struct ui *ui, int key)
{
    if (key == KEYS_ENTER) {
        ui->prompt = NULL;
    } else if (key == KEYS_ESCAPE) {
        *ui->prompt = ui->prompt_before;
        ui->prompt = NULL;
    } else if (!dialog_edit(ui->prompt, key)) {
        return;
    }
    ui->players.asked_ms = 0;
}

void ui_key(struct ui *ui, int key)
{
    const struct screen *screen = SCREENS[ui->screen];
    enum keys_action action = keys_action(screen->scope, key);

    if (action == KEYS_DO_REDRAW)
        ui->redraw = true;
    else if (ui->dialog.open)
        dialog_key(ui, key);
    else if (ui->prompt != NULL)
        prompt_key(ui, key);
    else if (ui->help > 0 && action == KEYS_DO_HELP && ui->help < ui->help_pages)
        ui->help++;
    else if (ui->help > 0 && action != KEYS_DO_QUIT)
        ui->help = 0;
    else if (action == KEYS_DO_QUIT)
        ui->quit = true;
    else if (action == KEYS_DO_HELP)
        ui->help = 1;
    else if (action == KEYS_DO_OVERVIEW || action == KEYS_DO_PLAYERS || action == KEYS_DO_LOG ||
             action == KEYS_DO_LOAD)
        show(ui, (int)(action - KEYS_DO_OVERVIEW));
    else if (action == KEYS_DO_NEXT_SCREEN)
        show(ui, ui->screen + 1);
    else if (action == KEYS_DO_PREVIOUS_SCREEN)
        show(ui, ui->screen - 1);
    else if (action != KEYS_DO_NOTHING && screen->act != NULL)
        screen->act(ui, action);
}

static void draw_header(const struct ui *ui, struct canvas *canvas)
{
    const struct model *model = &ui->model;
    const struct model_status *status = &model->status;
    char clock[16], span[16], right[128];
    int used = 1;

    canvas_fill(canvas, 0, 0, canvas->columns, STYLE_TITLE);
    used += canvas_text(canvas, 0, used, canvas->columns / 3, STYLE_TITLE,
                        status->known ? status->name : "OpenMMO");
    if (status->known)
        used += canvas_printf(canvas, 0, used + 2, canvas->columns - used, STYLE_TITLE,
                              "openmmod %s, up %s", status->version,
                              screen_span(status->uptime_s, span)) +
                2;
    snprintf(right, sizeof(right), "%s (%s)  %sZ", model->you[0] != '\0' ? model->you : "-",
             model->role[0] != '\0' ? model->role : "-", screen_clock(ui->wall_ms, clock));
    if (canvas->columns - used > (int)strlen(right) + 2)
        canvas_right(canvas, 0, canvas->columns - 1, canvas->columns - used - 2, STYLE_TITLE,
                     right);
}

/* Connected, but nothing comes: what is shown is old. */
static bool stands_still(const struct ui *ui)
{
    return ui->link == UI_LIVE && ui->now_ms > ui->heard_ms + STILL_MS;
}

/* What an operator must see first, in a word: behind the tabs. */
static void draw_state(const struct ui *ui, struct canvas *canvas)
{
    const struct model_status *status = &ui->model.status;
    enum style style = STYLE_GOOD;
    char text[300] = "OK", span[16];

    if (ui->link == UI_LOST || ui->link == UI_DENIED) {
        snprintf(text, sizeof(text), "%s %s", ui->link == UI_LOST ? "LOST" : "DENIED",
                 screen_span((int64_t)(ui->now_ms - ui->lost_ms) / 1000, span));
        style = STYLE_BAD;
    } else if (!status->known) {
        snprintf(text, sizeof(text), "connecting");
        style = STYLE_WARN;
    } else if (stands_still(ui)) {
        snprintf(text, sizeof(text), "SILENT %s",
                 screen_span((int64_t)(ui->now_ms - ui->heard_ms) / 1000, span));
        style = STYLE_BAD;
    } else if (strcmp(status->state, "serving") != 0) {
        snprintf(text, sizeof(text), "%s", status->state);
        style = STYLE_WARN;
    } else if (!status->store_ok) {
        snprintf(text, sizeof(text), "STORE AWAY");
        style = STYLE_BAD;
    } else if (status->budget_ms > 0 && status->over_10s.p99_ms >= status->budget_ms) {
        snprintf(text, sizeof(text), "TICK OVER BUDGET");
        style = STYLE_BAD;
    }
    canvas_printf(canvas, 1, canvas->columns - (int)strlen(text) - 3, (int)strlen(text) + 2, style,
                  "[%s]", text);
}

static void draw_tabs(const struct ui *ui, struct canvas *canvas)
{
    int column = 1;

    for (int i = 0; i < SCREENS_N; i++) {
        enum style style = i == ui->screen ? STYLE_SELECTED : STYLE_PLAIN;

        column += canvas_printf(canvas, 1, column, canvas->columns - column, style, " %d %s ",
                                i + 1, SCREENS[i]->name);
    }
    draw_state(ui, canvas);
}

static void draw_keys(const struct ui *ui, struct canvas *canvas, int row)
{
    enum keys_scope scope = SCREENS[ui->screen]->scope;
    int column = 0;

    canvas_fill(canvas, row, 0, canvas->columns, STYLE_BAR);
    for (size_t i = 0; i < KEYS_N; i++) {
        const struct keys_row *key = &KEYS[i];

        if (key->bar == NULL || (key->scope != KEYS_EVERYWHERE && key->scope != scope))
            continue;
        if (column + (int)strlen(key->bar_key) + (int)strlen(key->bar) + 2 > canvas->columns)
            break;
        column += canvas_printf(canvas, row, column, 8, STYLE_KEY, " %s", key->bar_key);
        column += canvas_printf(canvas, row, column, 16, STYLE_BAR, " %s ", key->bar);
    }
}

/* The connection's trouble stays; a word about what was done goes by; else the keys. */
static void draw_bottom(const struct ui *ui, struct canvas *canvas)
{
    int row = canvas->rows - 1;

    if (ui->link == UI_LOST || ui->link == UI_DENIED) {
        canvas_fill(canvas, row, 0, canvas->columns, STYLE_BAD);
        canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BAD, "trying again, q quits: %s",
                      ui->link_sentence);
    } else if (ui->message[0] != '\0') {
        canvas_fill(canvas, row, 0, canvas->columns, ui->message_bad ? STYLE_BAD : STYLE_GOOD);
        canvas_text(canvas, row, 1, canvas->columns - 2, ui->message_bad ? STYLE_BAD : STYLE_GOOD,
                    ui->message);
    } else {
        draw_keys(ui, canvas, row);
    }
}

void ui_draw(struct ui *ui, struct canvas *canvas)
{
    const struct screen *screen = SCREENS[ui->screen];

    canvas_clear(canvas);
    ui->columns = canvas->columns;
    if (canvas->rows < LEAST_ROWS || canvas->columns < LEAST_COLUMNS) {
        canvas_printf(canvas, canvas->rows / 2, 0, canvas->columns, STYLE_PLAIN,
                      "needs %dx%d, q quits", LEAST_COLUMNS, LEAST_ROWS);
        return;
    }
    ui->body_rows = canvas->rows - FRAME_ROWS;
    if (ui->help > 0)
        dialog_draw_help(ui, screen, canvas, 2);
    else
        screen->draw(ui, canvas, 2, ui->body_rows);
    draw_header(ui, canvas);
    if (ui->link == UI_LOST || ui->link == UI_DENIED || stands_still(ui))
        canvas_grey(canvas, 0);
    draw_tabs(ui, canvas);
    draw_bottom(ui, canvas);
    if (ui->dialog.open)
        dialog_draw(ui, canvas);
}
