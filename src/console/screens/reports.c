/* reports.c -- what players report of each other: the open ones, the closed ones or all, a page of
 * the newest at a time, which is filtered and put in order here; closed from here, one or all that
 * are tagged. */
#define _GNU_SOURCE
#include "reports.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "console/model/fields.h"
#include "console/ui/list.h"
#include "player_deeds.h"
#include "report.h"

#define REFRESH_MS 3000
#define WHOLE_FROM 26 /* rows, from which on the report under the cursor is told in full below */
#define WHOLE_ROWS 9

enum { DO_STATE = PLAYER_DEEDS, DO_OLDER, DO_NEWEST, DO_CLOSE };

struct reports_state {
    struct list list;
    struct requests_poll poll;
    struct line filter;
    int what;                       /* index into STATES */
    char before[24];                /* only those older than this one; empty: the newest */
    size_t n, shown[MODEL_REPORTS]; /* what matches, in order, of the last look: the model's rows */
};

static struct reports_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_REPORTS);
}

static const char *const STATES[] = {"open", "closed", "all"};

/* clang-format off */
enum { NUMBER, WHEN, ABOUT, EARLIER, BY, STATE, WORDS, COLUMNS_N };
static const struct list_column COLUMNS[COLUMNS_N] = {
    [NUMBER] =  {"NR",     "report", -6, 0},
    [WHEN] =    {"WHEN",   NULL, 16, 70},
    [ABOUT] =   {"ABOUT",  "player", 16, 0},
    [EARLIER] = {"BEFORE", "earlier", -7, 0},
    [BY] =      {"BY",     NULL, 14, 100},
    [STATE] =   {"STATE",  NULL, 6,  90},
    [WORDS] =   {"WHAT",   NULL, 0,  0},
};
/* clang-format on */

static bool matches(const struct model_report *report, const char *filter)
{
    return filter[0] == '\0' || strcasestr(report->name, filter) != NULL ||
           strcasestr(report->reporter, filter) != NULL ||
           strcasestr(report->words, filter) != NULL;
}

/* Above 0: b comes first. Those that are equal stay newest first. */
static int order(const struct list *list, const struct model_report *a,
                 const struct model_report *b)
{
    int more = 0;

    if (list->sort == ABOUT)
        more = strcasecmp(a->name, b->name);
    else if (list->sort == EARLIER)
        more = a->earlier < b->earlier ? 1 : a->earlier > b->earlier ? -1 : 0;
    else
        more = a->at_ms < b->at_ms ? 1 : a->at_ms > b->at_ms ? -1 : 0;
    return list->descending ? -more : more;
}

/* A page is small: each is put in its place among those before it. */
static void look(struct ui *ui)
{
    const struct model_reports *reports = &ui->model.reports;
    struct reports_state *state = state_of(ui);

    state->n = 0;
    for (size_t i = 0; i < reports->n; i++) {
        size_t at = state->n;

        if (!matches(&reports->rows[i], state->filter.text))
            continue;
        for (; at > 0 &&
               order(&state->list, &reports->rows[state->shown[at - 1]], &reports->rows[i]) > 0;
             at--)
            state->shown[at] = state->shown[at - 1];
        state->shown[at] = i;
        state->n++;
    }
}

static const struct model_report *report_at(struct ui *ui, long row)
{
    const struct reports_state *state = state_of(ui);

    return row >= 0 && row < (long)state->n && state->shown[row] < ui->model.reports.n
               ? &ui->model.reports.rows[state->shown[row]]
               : NULL;
}

static long reports_n(struct ui *ui)
{
    return ui->model.reports.known ? (long)state_of(ui)->n : -1;
}

static const char *report_id(struct ui *ui, long row)
{
    const struct model_report *report = report_at(ui, row);

    return report != NULL ? report->id : NULL;
}

static bool report_cell(struct ui *ui, long row, int column, char *text, size_t room_bytes)
{
    const struct model_report *report = report_at(ui, row);
    const char *shown = "";
    char date[24];

    if (report == NULL)
        return false;
    switch (column) {
    case NUMBER:
        shown = report->id;
        break;
    case WHEN:
        shown = figures_date(report->at_ms, date);
        break;
    case ABOUT:
        shown = report->name;
        break;
    case EARLIER:
        if (report->earlier > 0)
            snprintf(text, room_bytes, "%lld", (long long)report->earlier);
        return true;
    case BY:
        shown = report->reporter[0] != '\0' ? report->reporter : "(erased)";
        break;
    case STATE:
        shown = report->closed_ms != 0 ? "closed" : "open";
        break;
    default:
        shown = report->words;
        break;
    }
    snprintf(text, room_bytes, "%s", shown);
    return true;
}

static enum style report_style(struct ui *ui, long row, int column)
{
    const struct model_report *report = report_at(ui, row);

    if (report == NULL || report->closed_ms != 0)
        return STYLE_DIM;
    if (column == EARLIER)
        return report->earlier >= 3 ? STYLE_BAD : STYLE_WARN;
    return column == ABOUT ? STYLE_BOLD : STYLE_PLAIN;
}

static const struct list_table TABLE = {
    .columns = COLUMNS,
    .columns_n = COLUMNS_N,
    .nothing = "There are none.",
    .n = reports_n,
    .cell = report_cell,
    .id = report_id,
    .style = report_style,
};

/* As much as there is room for. */
static void draw_whole(struct canvas *canvas, int row, int rows, const struct model_report *report)
{
    int last = row + rows - 1, columns = canvas->columns - 2, at = row + 1;
    char text[1024], date[24];

    if (report != NULL) {
        snprintf(text, sizeof(text), "%s about %s, by %s, %s; %lld before about the same account",
                 report->id, report->name,
                 report->reporter[0] != '\0' ? report->reporter : "(erased)",
                 figures_date(report->at_ms, date), (long long)report->earlier);
        at = canvas_paragraph(canvas, at, last, 1, columns, text) + 1;
        at = canvas_paragraph(canvas, at, last, 1, columns, report->words);
    }
    if (report != NULL && report->closed_ms != 0) {
        snprintf(text, sizeof(text), "closed by %s, %s: %s", report->closed_by,
                 figures_date(report->closed_ms, date), report->verdict);
        at = canvas_paragraph(canvas, at + 1, last, 1, columns, text);
    }
    canvas_heading(canvas, row,
                   at <= last + 1
                       ? "THE REPORT UNDER THE CURSOR"
                       : "THE REPORT UNDER THE CURSOR, its beginning (Enter: all of it)");
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct reports_state *state = state_of(ui);
    int used = 1, whole = rows >= WHOLE_FROM && state->n > 0 ? WHOLE_ROWS : 0;

    look(ui);
    if (strcmp(ui->model.rpc.role, "viewer") == 0) {
        canvas_text(canvas, row + 2, 1, canvas->columns - 2, STYLE_DIM,
                    "Reports are moderators' to read.");
        return;
    }
    used += canvas_printf(canvas, row, used, canvas->columns - 2, STYLE_BOLD, "%lld open reports",
                          (long long)ui->model.reports.open);
    used += canvas_printf(canvas, row, used, canvas->columns, STYLE_PLAIN, "   shown: %s",
                          STATES[state->what]);
    if (state->before[0] != '\0')
        used += canvas_printf(canvas, row, used, canvas->columns, STYLE_WARN,
                              ", older than %s (n: the newest)", state->before);
    used += ui_draw_filter(ui, canvas, row, used, &state->filter);
    if (state->list.tags_n > 0)
        canvas_printf(canvas, row, used, canvas->columns, STYLE_WARN, "   %d tagged",
                      state->list.tags_n);
    list_draw(&state->list, &TABLE, ui, canvas, row + 1, rows - 1 - whole);
    if (whole > 0)
        draw_whole(canvas, row + rows - whole, whole, report_at(ui, state->list.cursor));
}

static void on_time(struct ui *ui)
{
    struct reports_state *state = state_of(ui);
    json_t *params;

    if (strcmp(ui->model.rpc.role, "viewer") == 0 || !ui_due(ui, &state->poll, REFRESH_MS))
        return;
    params = json_pack("{s:s, s:i}", "state", STATES[state->what], "limit", MODEL_REPORTS);
    if (state->before[0] != '\0')
        json_object_set_new(params, "before", json_string(state->before));
    ui_poll(ui, &state->poll, "reports.list", params);
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    struct reports_state *state = state_of(ui);

    look(ui);
    if (strcmp(reply->method, "reports.list") == 0)
        list_settle(&state->list, &TABLE, ui);
    else
        ui_again(&state->poll);
    if (strcmp(reply->method, "reports.close") == 0 && reply->code == 0)
        list_untag_one(&state->list, fields_string(reply->params, "report"));
}

/* --- What is done. --- */

static void turn_to(struct ui *ui, const char *before)
{
    struct reports_state *state = state_of(ui);

    snprintf(state->before, sizeof(state->before), "%s", before);
    state->list.cursor = state->list.top = 0;
    state->list.id[0] = '\0';
    ui_again(&state->poll);
}

/* All that are tagged, else the one under the cursor. */
static void close_them(struct ui *ui, const struct model_report *report)
{
    const struct list *list = &state_of(ui)->list;

    report_close_begin(ui);
    for (int i = 0; i < list->tags_n; i++)
        report_close_add(ui, list->tags[i], "");
    if (list->tags_n == 0)
        report_close_add(ui, report->id, report->name);
}

static void deal(struct ui *ui, int action)
{
    const struct model_report *report = report_at(ui, state_of(ui)->list.cursor);
    struct player_target target;

    if (report == NULL) {
        ui_say(ui, true, "no report is under the cursor");
    } else if (action == KEYS_DO_ENTER) {
        report_open(ui, report->id);
    } else if (action == DO_CLOSE) {
        close_them(ui, report);
    } else {
        memset(&target, 0, sizeof(target));
        snprintf(target.account, sizeof(target.account), "%s", report->account);
        snprintf(target.name, sizeof(target.name), "%s", report->name);
        (void)player_deeds_act(ui, action, &target, 1);
    }
}

static void act(struct ui *ui, int action)
{
    struct reports_state *state = state_of(ui);
    const struct model_reports *reports = &ui->model.reports;

    look(ui);
    if (list_act(&state->list, &TABLE, ui, action)) {
        look(ui);
        return;
    }
    if (action == DO_STATE) {
        state->what = (state->what + 1) % (int)ARRAY_N(STATES);
        turn_to(ui, "");
    } else if (action == DO_OLDER && reports->n > 0) {
        turn_to(ui, reports->rows[reports->n - 1].id);
    } else if (action == DO_OLDER) {
        ui_say(ui, true, "there are none older");
    } else if (action == DO_NEWEST) {
        turn_to(ui, "");
    } else if (action == KEYS_DO_FILTER) {
        ui_prompt(ui, &state->filter);
    } else if (action == KEYS_DO_BACK) {
        line_set(&state->filter, "");
        list_untag(&state->list);
    } else {
        deal(ui, action);
    }
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    look(ui);
    return list_mouse(&state_of(ui)->list, &TABLE, ui, mouse);
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{KEYS_ENTER},      KEYS_DO_ENTER, "Enter", "Look",   "the report with the chat around it, and earlier ones"},
    {{'C', KEYS_F(9)},  DO_CLOSE,      "C, F9", "Close",  "close it, or all that are tagged; asks for the verdict"},
    {{'M'},             PLAYER_MUTE,   "M",     "Mute",   "take no more chat from whom it is about; asks first"},
    {{'B'},             PLAYER_BAN,    "B",     "Ban",    "ban the account of whom it is about; asks first"},
    {{'U'},             PLAYER_UNMUTE, "U",     NULL,     "take chat again from whom it is about"},
    {{'s'},             DO_STATE,      "s",     "State",  "those that are open, closed, or all"},
    {{'o'},             DO_OLDER,      "o",     "Older",  "the next page: those older than these"},
    {{'n'},             DO_NEWEST,     "n",     NULL,     "the first page: the newest"},
};
/* clang-format on */

const struct screen SCREEN_REPORTS = {
    .name = "Reports",
    .short_name = "Reports",
    .key = '8',
    .keys = KEYS_OF(ROWS),
    .list = true,
    .state_bytes = sizeof(struct reports_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .answered = answered,
    .mouse = on_mouse,
};
