/* report.c -- see report.h. A text that is longer than the screen and moves under it; asked for
 * again now and then, for whom it is about may come and go. */
#include "report.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "player.h"
#include "player_deeds.h"

#define REFRESH_MS 5000

enum { DO_CLOSE = PLAYER_DEEDS };

struct report_state {
    char id[24];
    struct requests_poll poll;
    int scroll; /* rows of the text above the screen, if there are so many */
};

static struct report_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_REPORT);
}

void report_open(struct ui *ui, const char *id)
{
    struct report_state *state = state_of(ui);

    memset(state, 0, sizeof(*state));
    snprintf(state->id, sizeof(state->id), "%s", id);
    ui_open(ui, &SCREEN_REPORT);
}

/* --- Closing. --- */

/* clang-format off */
static const struct dialog_kind CLOSE = {
    .verb = "Close", .done = "closed", .many = "reports", .method = "reports.close",
    .what = "It is kept, with the verdict, for those who look later; players are not told. This goes to the audit log.",
    .fields = {{.label = "verdict", .param = "verdict"}},
    .write_first = true,
};
/* clang-format on */

void report_close_begin(struct ui *ui)
{
    dialog_open(ui, &CLOSE);
}

void report_close_add(struct ui *ui, const char *id, const char *about)
{
    char name[64], who[128] = "";

    snprintf(name, sizeof(name), "report %s", id);
    if (about[0] != '\0')
        snprintf(who, sizeof(who), "about %.100s", about);
    dialog_add(ui, json_pack("{s:s}", "report", id), name, who);
}

/* --- Drawing. --- */

/* The text, from its top down; what is above or below the screen is only reckoned. */
struct flow {
    struct canvas *canvas;
    int top, rows; /* of the canvas */
    int at;        /* the next row: top - scroll is the text's first */
};

static bool in_view(const struct flow *flow)
{
    return flow->at >= flow->top && flow->at < flow->top + flow->rows;
}

static void heading(struct flow *flow, const char *text)
{
    flow->at++;
    if (in_view(flow))
        canvas_heading(flow->canvas, flow->at, text);
    flow->at++;
}

/* Broken into rows from that column on. Below the screen is only the bottom line, drawn later. */
static void words(struct flow *flow, int column, const char *text)
{
    int columns = flow->canvas->columns - column - 1;
    int rows = canvas_wrap(NULL, 0, 0, 0, columns, text);

    if (flow->at + rows > flow->top && flow->at < flow->top + flow->rows)
        canvas_wrap(flow->canvas, flow->at + rows - 1, flow->top, column, columns, text);
    flow->at += rows;
}

static void label(const struct flow *flow, enum style style, const char *text)
{
    if (in_view(flow))
        canvas_text(flow->canvas, flow->at, 1, 9, style, text);
}

static void draw_head(const struct ui *ui, struct flow *flow)
{
    const struct model_reports *reports = &ui->model.reports;
    const struct model_report *report = &reports->shown;
    bool guest = strcmp(report->account, "0") == 0;
    char text[640], date[24];

    if (in_view(flow))
        canvas_printf(flow->canvas, flow->at, 1, flow->canvas->columns - 2, STYLE_BOLD,
                      "Report %s, %s", report->id, report->closed_ms != 0 ? "closed" : "open");
    flow->at++;
    label(flow, STYLE_DIM, "about");
    snprintf(text, sizeof(text), "%s   (%s%s, %s; reported %lld times before)", report->name,
             guest ? "a guest" : "account ", guest ? "" : report->account,
             reports->session[0] != '\0' ? "here now" : "not here", (long long)report->earlier);
    words(flow, 11, text);
    label(flow, STYLE_DIM, "by");
    snprintf(text, sizeof(text), "%s, %s UTC",
             report->reporter[0] != '\0' ? report->reporter : "(an erased account)",
             figures_date(report->at_ms, date));
    words(flow, 11, text);
    label(flow, STYLE_DIM, "what");
    words(flow, 11, report->words[0] != '\0' ? report->words : "(erased)");
    if (report->closed_ms == 0)
        return;
    label(flow, STYLE_DIM, "verdict");
    snprintf(text, sizeof(text), "%s   (%s, %s UTC)", report->verdict, report->closed_by,
             figures_date(report->closed_ms, date));
    words(flow, 11, text);
}

static void draw_line(struct flow *flow, const struct model_report_line *line)
{
    bool narrow = flow->canvas->columns < 70;
    int name_at = narrow ? 13 : 18, text_at = name_at + (narrow ? 14 : 17);
    char clock[16];

    if (in_view(flow)) {
        canvas_text(flow->canvas, flow->at, 1, 8, STYLE_DIM, figures_clock(line->at_ms, clock));
        canvas_text(flow->canvas, flow->at, 10, narrow ? 1 : 6, STYLE_DIM,
                    model_channel_name(line->channel));
        if (line->about)
            canvas_text(flow->canvas, flow->at, name_at - 1, 1, STYLE_BAD, ">");
        canvas_cut(flow->canvas, flow->at, name_at, text_at - name_at - 1,
                   line->about             ? STYLE_BAD
                   : line->name[0] == '\0' ? STYLE_DIM
                                           : STYLE_BOLD,
                   line->name[0] != '\0' ? line->name : "(the server)");
    }
    words(flow, text_at, line->text);
}

static void draw_earlier(struct flow *flow, const struct model_report *report)
{
    char text[1200], date[24];

    if (in_view(flow)) {
        canvas_printf(flow->canvas, flow->at, 1, 8, STYLE_DIM, "%s", report->id);
        canvas_text(flow->canvas, flow->at, 10, 16, STYLE_DIM, figures_date(report->at_ms, date));
    }
    snprintf(text, sizeof(text), "%s%s%s%s%s", report->reporter,
             report->reporter[0] != '\0' ? ": " : "(erased)", report->words,
             report->closed_ms != 0 ? " -- closed: " : " -- open", report->verdict);
    words(flow, 27, text);
}

static void draw_text(const struct ui *ui, struct flow *flow)
{
    const struct model_reports *reports = &ui->model.reports;

    draw_head(ui, flow);
    heading(flow, "THE CHAT AROUND IT");
    for (size_t i = 0; i < reports->lines_n; i++)
        draw_line(flow, &reports->lines[i]);
    if (reports->lines_n == 0)
        words(flow, 1, "Nothing was said.");
    if (reports->before_n == 0)
        return;
    heading(flow, "REPORTED BEFORE");
    for (size_t i = 0; i < reports->before_n; i++)
        draw_earlier(flow, &reports->before[i]);
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct report_state *state = state_of(ui);
    struct flow reckoned = {.canvas = canvas}, flow = {.canvas = canvas, .top = row, .rows = rows};

    if (strcmp(ui->model.reports.shown.id, state->id) != 0)
        return;               /* it is asked for */
    draw_text(ui, &reckoned); /* in no rows: how high it is */
    if (state->scroll > reckoned.at - rows)
        state->scroll = reckoned.at > rows ? reckoned.at - rows : 0;
    flow.at = row - state->scroll;
    draw_text(ui, &flow);
}

/* --- Asking and doing. --- */

static void on_time(struct ui *ui)
{
    struct report_state *state = state_of(ui);

    if (ui_due(ui, &state->poll, REFRESH_MS))
        ui_poll(ui, &state->poll, "reports.show", json_pack("{s:s}", "report", state->id));
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    if (strcmp(reply->method, "reports.show") != 0)
        ui_again(&state_of(ui)->poll);
}

static void open_player(struct ui *ui)
{
    const struct model_reports *reports = &ui->model.reports;
    struct model_player player;

    memset(&player, 0, sizeof(player));
    snprintf(player.session, sizeof(player.session), "%s", reports->session);
    snprintf(player.account, sizeof(player.account), "%s", reports->shown.account);
    snprintf(player.name, sizeof(player.name), "%s", reports->shown.name);
    player_open(ui, &player);
}

/* To whom it is about. */
static void deal(struct ui *ui, int action)
{
    const struct model_reports *reports = &ui->model.reports;
    struct player_target target;

    if (reports->session[0] == '\0' && (action == PLAYER_KICK || action == PLAYER_MESSAGE)) {
        ui_say(ui, true, "%s is not here", reports->shown.name);
        return;
    }
    memset(&target, 0, sizeof(target));
    snprintf(target.session, sizeof(target.session), "%s", reports->session);
    snprintf(target.account, sizeof(target.account), "%s", reports->shown.account);
    snprintf(target.name, sizeof(target.name), "%s", reports->shown.name);
    (void)player_deeds_act(ui, action, &target, 1);
}

#define HEIGHT_MOST 100000 /* more rows than a text has; drawing knows how many */

static void scroll(struct report_state *state, int n)
{
    state->scroll += n;
    if (state->scroll > HEIGHT_MOST)
        state->scroll = HEIGHT_MOST;
    if (state->scroll < 0)
        state->scroll = 0;
}

static void act(struct ui *ui, int action)
{
    struct report_state *state = state_of(ui);
    long step = keys_step(action, ui->body_rows > 1 ? ui->body_rows - 1 : 1);

    if (step != 0)
        scroll(state, (int)step);
    else if (action == KEYS_DO_FIRST || action == KEYS_DO_LAST)
        scroll(state, action == KEYS_DO_FIRST ? -HEIGHT_MOST : HEIGHT_MOST);
    else if (strcmp(ui->model.reports.shown.id, state->id) != 0)
        ui_say(ui, true, "the report has not come yet");
    else if (action == KEYS_DO_ENTER)
        open_player(ui);
    else if (action == DO_CLOSE && ui->model.reports.shown.closed_ms != 0)
        ui_say(ui, true, "it is closed already");
    else if (action == DO_CLOSE) {
        report_close_begin(ui);
        report_close_add(ui, state->id, ui->model.reports.shown.name);
    } else {
        deal(ui, action);
    }
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    if (mouse->what == MOUSE_WHEEL_UP || mouse->what == MOUSE_WHEEL_DOWN)
        scroll(state_of(ui), mouse->what == MOUSE_WHEEL_UP ? -3 : 3);
    return false;
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{'C', KEYS_F(9)},      DO_CLOSE,          "C, F9",   "Close", "close it; asks for the verdict"},
    {{'M'},                 PLAYER_MUTE,       "M",       "Mute",  "take no more chat from whom it is about; asks first"},
    {{'W'},                 PLAYER_MESSAGE,    "W",       "Warn",  "write a word that only he is told whom it is about"},
    {{'K'},                 PLAYER_KICK,       "K",       "Kick",  "end the session of whom it is about; asks first"},
    {{'B'},                 PLAYER_BAN,        "B",       "Ban",   "ban the account of whom it is about; asks first"},
    {{'U'},                 PLAYER_UNMUTE,     "U",       NULL,    "take chat again from whom it is about"},
    {{KEYS_ENTER},          KEYS_DO_ENTER,     "Enter",   "Who",   "whom it is about: how he is, what is on record of him"},
    {{KEYS_UP, 'k'},        KEYS_DO_LINE_UP,   "Up, k",   NULL,    "a row up"},
    {{KEYS_DOWN, 'j'},      KEYS_DO_LINE_DOWN, "Down, j", NULL,    "a row down"},
    {{KEYS_PAGE_UP},        KEYS_DO_PAGE_UP,   "PgUp",    NULL,    "a page up"},
    {{KEYS_PAGE_DOWN, ' '}, KEYS_DO_PAGE_DOWN, "PgDn, Space", NULL, "a page down"},
    {{KEYS_HOME, 'g'},      KEYS_DO_FIRST,     "Home, g", NULL,    "the beginning"},
    {{KEYS_END, 'G'},       KEYS_DO_LAST,      "End, G",  NULL,    "the end"},
};
/* clang-format on */

const struct screen SCREEN_REPORT = {
    .name = "Report",
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct report_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .answered = answered,
    .mouse = on_mouse,
};
