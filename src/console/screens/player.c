/* player.c -- see player.h.
 *
 * Above his figures, asked for once a second until he has left; below them what was done to him, by
 * him and about him, the newest first. The record is moderators' to read. */
#include "player.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "console/model/fields.h"
#include "console/ui/list.h"
#include "map.h"
#include "player_deeds.h"

#define REFRESH_MS         1000
#define REFRESH_HISTORY_MS 5000
#define HISTORY_ROWS       50 /* of a part */
#define DENIED             (-32001)
#define FAILED             (-32000) /* there is no such session */

enum { DO_ONLY = PLAYER_DEEDS, DO_MAP };

struct player_state {
    struct list list;
    struct requests_poll poll, history;
    struct model_player player; /* as he was last */
    int only;                   /* what of the record is shown: index into ONLY */
    bool gone;                  /* his session is over */
    bool denied;                /* the record is not ours to read */
};

static struct player_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_PLAYER);
}

void player_open(struct ui *ui, const struct model_player *player)
{
    struct player_state *state = state_of(ui);

    memset(state, 0, sizeof(*state));
    state->player = *player;
    state->gone = player->session[0] == '\0';
    ui_open(ui, &SCREEN_PLAYER);
}

/* --- The record. --- */

static const char *const WHAT[] = {"ban", "mute", "session", "chat"};

enum { WHEN, KIND, TEXT, COLUMNS_N };
/* clang-format off */
static const struct list_column COLUMNS[COLUMNS_N] = {
    [WHEN] = {"WHEN",   NULL, 16, 0},
    [KIND] = {"WHAT",   NULL, 8,  0},
    [TEXT] = {"RECORD", NULL, 0,  0},
};
/* clang-format on */

/* What of it is shown. */
/* clang-format off */
static const struct {
    const char *title;
    unsigned what; /* a bit for each */
} ONLY[] = {
    {"RECORD: all",             ~0u},
    {"RECORD: bans and mutes",  1u << MODEL_EVENT_BAN | 1u << MODEL_EVENT_MUTE},
    {"RECORD: sessions",        1u << MODEL_EVENT_STAY},
    {"RECORD: chat",            1u << MODEL_EVENT_CHAT},
};
/* clang-format on */

/* That row of what is shown; NULL: there are fewer. */
static const struct model_event *event_at(struct ui *ui, long row)
{
    const struct model_dossier *dossier = &ui->model.dossier;
    unsigned shown = ONLY[state_of(ui)->only].what;

    for (size_t i = 0; i < dossier->n && row >= 0; i++) {
        if ((shown & 1u << dossier->events[i].what) != 0 && row-- == 0)
            return &dossier->events[i];
    }
    return NULL;
}

static bool has_record(const struct ui *ui, const struct player_state *state)
{
    return strcmp(ui->model.dossier.account, state->player.account) == 0;
}

static long events_n(struct ui *ui)
{
    const struct model_dossier *dossier = &ui->model.dossier;
    unsigned shown = ONLY[state_of(ui)->only].what;
    long n = 0;

    if (!has_record(ui, state_of(ui)))
        return -1;
    for (size_t i = 0; i < dossier->n; i++)
        n += (shown & 1u << dossier->events[i].what) != 0;
    return n;
}

/* "until 2026-12-01 10:00, by kim: spam"; "over since ..., lifted by ada: spam". */
static void ban_text(const struct ui *ui, const struct model_event *event, char *text,
                     size_t room_bytes)
{
    char end[24];

    if (event->lifted_by[0] != '\0')
        snprintf(text, room_bytes, "lifted by %s at %s, by %s: %s", event->lifted_by,
                 figures_date(event->end_ms, end), event->by, event->text);
    else if (event->end_ms == 0)
        snprintf(text, room_bytes, "for good, by %s: %s", event->by, event->text);
    else
        snprintf(text, room_bytes, "%s %s, by %s: %s",
                 event->end_ms > ui->model.status.now_ms ? "until" : "was until",
                 figures_date(event->end_ms, end), event->by, event->text);
}

static void stay_text(const struct model_event *event, char *text, size_t room_bytes)
{
    char span[16];

    if (event->holds)
        snprintf(text, room_bytes, "goes on");
    else
        snprintf(text, room_bytes, "for %s",
                 figures_span((event->end_ms - event->at_ms) / 1000, span));
}

static bool event_cell(struct ui *ui, long row, int column, char *text, size_t room_bytes)
{
    const struct model_event *event = event_at(ui, row);
    char when[24];

    if (event == NULL)
        return false;
    if (column == WHEN)
        snprintf(text, room_bytes, "%s", figures_date(event->at_ms, when));
    else if (column == KIND)
        snprintf(text, room_bytes, "%s", WHAT[event->what]);
    else if (event->what == MODEL_EVENT_CHAT)
        snprintf(text, room_bytes, "%s", event->text);
    else if (event->what == MODEL_EVENT_STAY)
        stay_text(event, text, room_bytes);
    else
        ban_text(ui, event, text, room_bytes);
    return true;
}

static enum style event_style(struct ui *ui, long row, int column)
{
    const struct model_event *event = event_at(ui, row);
    bool in_force = event != NULL && event->holds &&
                    (event->end_ms == 0 || event->end_ms > ui->model.status.now_ms);

    if (event == NULL || column == WHEN || event->what == MODEL_EVENT_STAY)
        return STYLE_DIM;
    if (event->what == MODEL_EVENT_CHAT)
        return STYLE_PLAIN;
    return in_force ? STYLE_BAD : STYLE_WARN;
}

static const struct list_table TABLE = {
    .columns = COLUMNS,
    .columns_n = COLUMNS_N,
    .nothing = "Nothing is on record.",
    .n = events_n,
    .cell = event_cell,
    .style = event_style,
};

/* --- Drawing. --- */

static void draw_name(const struct ui *ui, const struct player_state *state, struct canvas *canvas,
                      int row)
{
    const struct model_player *player = &state->player;
    const struct model_dossier *dossier = &ui->model.dossier;
    char until[24];
    int used = 1 + canvas_cut(canvas, row, 1, canvas->columns - 2, STYLE_BOLD, player->name);

    if (model_guest(player))
        used += canvas_printf(canvas, row, used, canvas->columns, STYLE_DIM, "   guest, %s",
                              player->kind);
    else
        used += canvas_printf(canvas, row, used, canvas->columns, STYLE_DIM, "   account %s, %s",
                              player->account, player->kind);
    if (dossier->created_ms != 0 && strcmp(dossier->account, player->account) == 0)
        used += canvas_printf(canvas, row, used, canvas->columns, STYLE_DIM, ", since %.10s",
                              figures_date(dossier->created_ms, until));
    if (state->gone)
        used += canvas_text(canvas, row, used, canvas->columns, STYLE_BAD, "   has left");
    else if (player->away)
        used += canvas_text(canvas, row, used, canvas->columns, STYLE_WARN,
                            "   away: the connection dropped");
    if (!state->gone && dossier->muted)
        canvas_printf(canvas, row, used, canvas->columns, STYLE_WARN, "   muted %s%s",
                      dossier->muted_until_ms != 0 ? "until " : "for good",
                      dossier->muted_until_ms != 0 ? figures_date(dossier->muted_until_ms, until)
                                                   : "");
}

struct figure {
    const char *label;
    char text[96];
};

/* What is said of him, two to a row. */
static void figures_of(const struct ui *ui, const struct player_state *state,
                       struct figure figures[8])
{
    const struct model_player *player = &state->player;
    char a[16], b[16];

    figures[0].label = "address";
    snprintf(figures[0].text, sizeof(figures[0].text), "%s", player->address);
    figures[1].label = "round trip";
    snprintf(figures[1].text, sizeof(figures[1].text), "%s ms, served by io-%lld",
             figures_ms(player->rtt_ms, a), (long long)ui->model.dossier.thread);
    figures[2].label = "here for";
    snprintf(figures[2].text, sizeof(figures[2].text), "%s",
             player->joined_ms != 0
                 ? figures_span((ui->model.status.now_ms - player->joined_ms) / 1000, a)
                 : "");
    figures[3].label = "place";
    snprintf(figures[3].text, sizeof(figures[3].text), "x %.1f  z %.1f  y %.1f", player->x,
             player->z, player->y);
    figures[4].label = "in";
    snprintf(figures[4].text, sizeof(figures[4].text), "%s/s, %s in all",
             figures_bytes(player->in_per_s, a), figures_bytes(player->in, b));
    figures[5].label = "out";
    snprintf(figures[5].text, sizeof(figures[5].text), "%s/s, %s in all",
             figures_bytes(player->out_per_s, a), figures_bytes(player->out, b));
    figures[6].label = "CPU";
    snprintf(figures[6].text, sizeof(figures[6].text), "%s ms/s, %.1f s in all",
             figures_ms(player->cpu_ms_per_s, a), player->cost_ms / 1000);
    figures[7].label = "sees";
    snprintf(figures[7].text, sizeof(figures[7].text), "%lld cells, shift %lld, held %lld",
             (long long)player->cells, (long long)player->shift, (long long)player->withheld);
}

/* Returns the rows it took. */
static int draw_figures(const struct ui *ui, const struct player_state *state,
                        struct canvas *canvas, int row, int rows)
{
    struct figure figures[8];
    int across = canvas->columns >= 76 ? 2 : 1, width = (canvas->columns - 2) / across;
    int shown = 8 / across < rows ? 8 / across : rows;

    figures_of(ui, state, figures);
    for (int i = 0; i < shown * across; i++) {
        int at = 1 + i % across * width;

        canvas_printf(canvas, row + i / across, at, 10, STYLE_DIM, "%s", figures[i].label);
        canvas_cut(canvas, row + i / across, at + 11, width - 12, STYLE_PLAIN, figures[i].text);
    }
    return shown;
}

static void draw_record(struct ui *ui, struct player_state *state, struct canvas *canvas, int row,
                        int rows)
{
    list_draw(&state->list, &TABLE, ui, canvas, row, rows);
    canvas_text(canvas, row, 27, canvas->columns - 28, STYLE_TITLE, ONLY[state->only].title);
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct player_state *state = state_of(ui);
    int last = row + rows;

    draw_name(ui, state, canvas, row++);
    row += draw_figures(ui, state, canvas, row, last - row) + 1;
    if (last - row < 2)
        return;
    if (model_guest(&state->player))
        canvas_text(canvas, row, 1, canvas->columns - 2, STYLE_DIM,
                    "A guest: nothing is on record.");
    else if (state->denied)
        canvas_text(canvas, row, 1, canvas->columns - 2, STYLE_DIM,
                    "What is on record is moderators' to read.");
    else
        draw_record(ui, state, canvas, row, last - row);
}

/* --- Asking. --- */

static void on_time(struct ui *ui)
{
    struct player_state *state = state_of(ui);

    if (!state->gone && ui_due(ui, &state->poll, REFRESH_MS))
        ui_poll(ui, &state->poll, "players.show",
                json_pack("{s:s}", "session", state->player.session));
    if (!model_guest(&state->player) && !state->denied &&
        ui_due(ui, &state->history, REFRESH_HISTORY_MS))
        ui_poll(ui, &state->history, "players.history",
                json_pack("{s:s, s:i}", "id", state->player.account, "limit", HISTORY_ROWS));
}

/* What was asked about one whose page was open before may be answered late. */
static bool is_of(const struct screen_reply *reply, const char *param, const char *of)
{
    return strcmp(fields_string(reply->params, param), of) == 0;
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    struct player_state *state = state_of(ui);

    if (strcmp(reply->method, "players.show") == 0) {
        if (!is_of(reply, "session", state->player.session))
            return;
        if (reply->code == 0 || reply->code == FAILED) /* else it is not known */
            state->gone = reply->code != 0;
        if (strcmp(ui->model.dossier.player.session, state->player.session) == 0 && !state->gone)
            state->player = ui->model.dossier.player;
    } else if (strcmp(reply->method, "players.history") == 0) {
        if (is_of(reply, "id", state->player.account))
            state->denied = reply->code == DENIED;
    } else {
        ui_again(&state->history); /* what was done is on record */
        ui_again(&state->poll);
    }
}

static void act(struct ui *ui, int action)
{
    struct player_state *state = state_of(ui);
    struct player_target target;

    player_target_of(&target, &state->player);
    if (action == DO_ONLY) {
        state->only = (state->only + 1) % (int)ARRAY_N(ONLY);
        state->list.cursor = state->list.top = 0;
    } else if (action == DO_MAP && state->gone) {
        ui_say(ui, true, "%s has left", state->player.name);
    } else if (action == DO_MAP) {
        map_follow(ui, state->player.session, state->player.name);
    } else if (!list_act(&state->list, &TABLE, ui, action)) {
        (void)player_deeds_act(ui, action, &target, 1);
    }
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    return list_mouse(&state_of(ui)->list, &TABLE, ui, mouse);
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    PLAYER_DEEDS_ROWS,
    {{'f'},            DO_ONLY,           "f",       "Only", "all of the record, or only bans and mutes, sessions, chat"},
    {{'o'},            DO_MAP,            "o",       "Map",  "follow him on the map"},
    {{KEYS_UP, 'k'},        KEYS_DO_LINE_UP,   "Up, k",   NULL, "one row up in the record"},
    {{KEYS_DOWN, 'j'},      KEYS_DO_LINE_DOWN, "Down, j", NULL, "one row down"},
    {{KEYS_PAGE_UP},        KEYS_DO_PAGE_UP,   "PgUp",    NULL, "a page up"},
    {{KEYS_PAGE_DOWN},      KEYS_DO_PAGE_DOWN, "PgDn",    NULL, "a page down"},
    {{KEYS_HOME, 'g'},      KEYS_DO_FIRST,     "Home, g", NULL, "the newest"},
    {{KEYS_END, 'G'},       KEYS_DO_LAST,      "End, G",  NULL, "the oldest"},
};
/* clang-format on */

const struct screen SCREEN_PLAYER = {
    .name = "Player",
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct player_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .answered = answered,
    .mouse = on_mouse,
};
