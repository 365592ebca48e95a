/* screen_players.c -- who is here: sorted, filtered as you type, one under the cursor, kick.
 *
 * The daemon sorts, filters and cuts; this asks for the rows that are in view, once a second and
 * whenever the view changes. The cursor stays on its player when the order changes under it. */
#include "screen.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"

#define REFRESH_MS 1000
#define HEAD_ROWS  2 /* the line of figures and the columns' names */

/* clang-format off */
static const struct {
    const char *sort;  /* as players.list names it; NULL: cannot be sorted by */
    const char *title;
    int columns;       /* negative: to the right */
    int from_columns;  /* only in terminals at least so wide */
} COLUMNS[] = {
    {"name",    "NAME",    20, 0},
    {"address", "ADDRESS", 21, 70},
    {"rtt",     "RTT",     -7, 0},
    {"in",      "IN",      -8, 60},
    {"out",     "OUT",     -8, 60},
    {"joined",  "HERE",    -7, 0},
    {NULL,      "X",       -9, 110},
    {NULL,      "Z",       -9, 110},
    {NULL,      "Y",       -7, 110},
    {"session", "SESSION", -14, 110},
    {"cost",    "CPU",     -7, 90},
    {NULL,      "CELLS",   -6, 150},
    {NULL,      "SHIFT",   -6, 150},
    {NULL,      "KIND",     6, 150},
};
/* clang-format on */
#define COLUMNS_N ((int)ARRAY_N(COLUMNS))

/* CPU time since he came: "412ms", "31.2s". */
static const char *cpu_time(double ms, char out[16])
{
    if (ms < 999.5)
        snprintf(out, 16, "%.0fms", ms);
    else
        snprintf(out, 16, "%.1fs", ms / 1000);
    return out;
}

static void cell_text(const struct ui *ui, int column, const struct model_player *player,
                      char *text, size_t room_bytes)
{
    char short_text[16];

    switch (column) {
    case 0:
        snprintf(text, room_bytes, "%s", player->name);
        break;
    case 1:
        snprintf(text, room_bytes, "%s", player->address);
        break;
    case 2:
        snprintf(text, room_bytes, "%sms", screen_ms(player->rtt_ms, short_text));
        break;
    case 3:
        snprintf(text, room_bytes, "%s", screen_bytes(player->in, short_text));
        break;
    case 4:
        snprintf(text, room_bytes, "%s", screen_bytes(player->out, short_text));
        break;
    case 5:
        snprintf(text, room_bytes, "%s",
                 screen_span((ui->model.status.now_ms - player->joined_ms) / 1000, short_text));
        break;
    case 9:
        snprintf(text, room_bytes, "%s", player->session);
        break;
    case 10:
        snprintf(text, room_bytes, "%s", cpu_time(player->cost_ms, short_text));
        break;
    case 11:
        snprintf(text, room_bytes, "%lld", (long long)player->cells);
        break;
    case 12:
        snprintf(text, room_bytes, "%lld", (long long)player->shift);
        break;
    case 13:
        snprintf(text, room_bytes, "%s", player->kind);
        break;
    default:
        snprintf(text, room_bytes, "%.1f",
                 column == 6   ? player->x
                 : column == 7 ? player->z
                               : player->y);
        break;
    }
}

/* The name takes what the other columns leave. */
static int column_width(const struct canvas *canvas, int column)
{
    int width = COLUMNS[column].columns, used = 1;

    if (column > 0)
        return width < 0 ? -width : width;
    for (int i = 1; i < COLUMNS_N; i++) {
        if (canvas->columns >= COLUMNS[i].from_columns)
            used += column_width(canvas, i) + 1;
    }
    return canvas->columns - used - 1;
}

static void draw_heads(const struct ui *ui, struct canvas *canvas, int row)
{
    int column = 1;

    canvas_fill(canvas, row, 0, canvas->columns, STYLE_TITLE);
    for (int i = 0; i < COLUMNS_N; i++) {
        int width = column_width(canvas, i);
        bool sorted = i == ui->players.sort;
        char title[32];

        if (canvas->columns < COLUMNS[i].from_columns)
            continue;
        snprintf(title, sizeof(title), "%s%s", COLUMNS[i].title,
                 !sorted                  ? ""
                 : canvas->ascii          ? ui->players.descending ? "v" : "^"
                 : ui->players.descending ? "\u25bc"
                                          : "\u25b2");
        if (COLUMNS[i].columns < 0)
            canvas_right(canvas, row, column + width, width, STYLE_TITLE, title);
        else
            canvas_text(canvas, row, column, width, STYLE_TITLE, title);
        column += width + 1;
    }
}

static void draw_player(const struct ui *ui, struct canvas *canvas, int row,
                        const struct model_player *player, bool selected)
{
    enum style style = selected ? STYLE_SELECTED : STYLE_PLAIN;
    int column = 1;

    if (selected)
        canvas_fill(canvas, row, 0, canvas->columns, style);
    for (int i = 0; i < COLUMNS_N; i++) {
        int width = column_width(canvas, i);
        char text[256];

        if (canvas->columns < COLUMNS[i].from_columns)
            continue;
        cell_text(ui, i, player, text, sizeof(text));
        if (COLUMNS[i].columns < 0)
            canvas_right(canvas, row, column + width, width, style, text);
        else
            canvas_text(canvas, row, column, width, style, text);
        column += width + 1;
    }
}

static void draw_figures(struct ui *ui, struct canvas *canvas, int row)
{
    struct ui_players_view *view = &ui->players;
    const struct model *model = &ui->model;
    int used =
        canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BOLD, "%lld of %lld players",
                      (long long)model->status.players, (long long)model->status.players_max);

    if (ui->prompt != &view->filter && view->filter.text[0] == '\0')
        return;
    used += canvas_text(canvas, row, 1 + used, canvas->columns, STYLE_DIM, "   filter: ");
    used +=
        canvas_tail(canvas, row, 1 + used, canvas->columns / 2 - 4, STYLE_PLAIN, view->filter.text);
    if (ui->prompt == &view->filter) {
        canvas->cursor_row = row;
        canvas->cursor_column = 1 + used;
    }
    canvas_printf(canvas, row, 3 + used, canvas->columns, STYLE_DIM, "(%lld match)",
                  (long long)model->players_matched);
}

static const struct model_player *at_cursor(const struct ui *ui)
{
    long index = ui->players.cursor - (long)ui->model.players_from;

    if (index < 0 || index >= (long)ui->model.players_n)
        return NULL;
    return &ui->model.players[index];
}

static long list_rows(const struct ui *ui)
{
    return ui->body_rows > HEAD_ROWS ? ui->body_rows - HEAD_ROWS : 1;
}

/* Keep the cursor in the list and in view. */
static void settle(struct ui *ui)
{
    struct ui_players_view *view = &ui->players;
    long rows = list_rows(ui), last = (long)ui->model.players_matched - 1;

    if (view->cursor > last)
        view->cursor = last;
    if (view->cursor < 0)
        view->cursor = 0;
    if (view->top > view->cursor)
        view->top = view->cursor;
    if (view->top < view->cursor - rows + 1)
        view->top = view->cursor - rows + 1;
    if (view->top > last - rows + 1)
        view->top = last - rows + 1;
    if (view->top < 0)
        view->top = 0;
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    const struct model *model = &ui->model;

    draw_figures(ui, canvas, row);
    draw_heads(ui, canvas, row + 1);
    for (long i = 0; i < rows - HEAD_ROWS; i++) {
        long index = ui->players.top + i - (long)model->players_from;

        if (index < 0 || index >= (long)model->players_n)
            continue;
        draw_player(ui, canvas, row + HEAD_ROWS + (int)i, &model->players[index],
                    ui->players.top + i == ui->players.cursor);
    }
    if (model->players_known && model->players_matched == 0)
        canvas_text(canvas, row + 3, 1, canvas->columns - 2, STYLE_DIM,
                    ui->players.filter.text[0] != '\0' ? "Nobody matches the filter."
                                                       : "Nobody is here.");
}

/* Half a screenful more on both sides, so that moving shows rows at once. */
static void ask(struct ui *ui)
{
    struct ui_players_view *view = &ui->players;
    long rows = list_rows(ui), from = view->top - rows / 2, limit = rows * 2;

    from = from < 0 ? 0 : from;
    limit = limit > MODEL_PLAYERS ? MODEL_PLAYERS : limit;
    view->asked_ms = ui->now_ms;
    view->waiting =
        ui->config.ask(ui->config.context, UI_ASK_PLAYERS, "players.list",
                       json_pack("{s:s, s:b, s:s, s:I, s:I}", "sort", COLUMNS[view->sort].sort,
                                 "descending", view->descending, "filter", view->filter.text,
                                 "offset", (json_int_t)from, "limit", (json_int_t)limit)) == 0;
}

/* The answer is here: find the player under the cursor again, wherever he is now. */
static void follow_player(struct ui *ui)
{
    struct ui_players_view *view = &ui->players;
    const struct model *model = &ui->model;
    const struct model_player *player;

    for (size_t i = 0; view->session[0] != '\0' && i < model->players_n; i++) {
        if (strcmp(model->players[i].session, view->session) == 0)
            view->cursor = (long)(model->players_from + i);
    }
    settle(ui);
    player = at_cursor(ui);
    snprintf(view->session, sizeof(view->session), "%s", player != NULL ? player->session : "");
}

static void on_time(struct ui *ui)
{
    struct ui_players_view *view = &ui->players;

    if (!view->waiting && (view->asked_ms == 0 || ui->now_ms - view->asked_ms >= REFRESH_MS))
        ask(ui);
}

static void move(struct ui *ui, long by)
{
    const struct model_player *player;

    ui->players.cursor += by;
    settle(ui);
    player = at_cursor(ui);
    snprintf(ui->players.session, sizeof(ui->players.session), "%s",
             player != NULL ? player->session : "");
    ui->players.asked_ms = 0;
}

/* The next column in view's direction that can be sorted by. */
static void sort_by(struct ui *ui, int way)
{
    do {
        ui->players.sort = (ui->players.sort + way + COLUMNS_N) % COLUMNS_N;
    } while (COLUMNS[ui->players.sort].sort == NULL ||
             COLUMNS[ui->players.sort].from_columns > ui->columns);
    ui->players.asked_ms = 0;
}

static void begin(struct ui *ui, enum ui_deed deed)
{
    const struct model_player *player = at_cursor(ui);

    if (player == NULL) {
        ui_say(ui, true, "nobody is under the cursor");
        return;
    }
    if (deed == UI_DEED_BAN && model_guest(player)) {
        ui_say(ui, true, "%s is a guest: there is no account to ban", player->name);
        return;
    }
    memset(&ui->dialog, 0, sizeof(ui->dialog));
    ui->dialog.open = true;
    ui->dialog.deed = deed;
    ui->dialog.player = *player;
    ui->dialog.focus = UI_FOCUS_NO;
}

static void act(struct ui *ui, enum keys_action action)
{
    long step = keys_step(action, list_rows(ui));

    if (step != 0)
        move(ui, step);
    else if (action == KEYS_DO_FIRST)
        move(ui, -ui->players.cursor);
    else if (action == KEYS_DO_LAST)
        move(ui, (long)ui->model.players_matched);
    else if (action == KEYS_DO_SORT_LEFT || action == KEYS_DO_SORT_RIGHT)
        sort_by(ui, action == KEYS_DO_SORT_RIGHT ? 1 : -1);
    else if (action == KEYS_DO_KICK)
        begin(ui, UI_DEED_KICK);
    else if (action == KEYS_DO_BAN)
        begin(ui, UI_DEED_BAN);
    else if (action == KEYS_DO_MUTE)
        begin(ui, UI_DEED_MUTE);
    else if (action == KEYS_DO_INVERT) {
        ui->players.descending = !ui->players.descending;
        ui->players.asked_ms = 0;
    } else if (action == KEYS_DO_FILTER) {
        ui->prompt = &ui->players.filter;
        ui->prompt_before = ui->players.filter;
    } else if (action == KEYS_DO_BACK) {
        ui->players.filter.text[0] = '\0';
        ui->players.asked_ms = 0;
    }
}

static void answered(struct ui *ui)
{
    ui->players.waiting = false;
    follow_player(ui);
}

const struct screen SCREEN_PLAYERS = {"Players", KEYS_IN_PLAYERS, draw, act, on_time, answered};
