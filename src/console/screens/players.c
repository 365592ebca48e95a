/* players.c -- who is here: sorted, filtered as you type, tagged; what is done to them is in
 * player_deeds.c.
 *
 * The daemon sorts, filters and cuts; this asks for the rows that are in view, once a second and
 * whenever the view changes. Who is tagged is kept here, since his row may be in view no more. */
#include "players.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "console/ui/list.h"
#include "map.h"
#include "player.h"
#include "player_deeds.h"

#define REFRESH_MS 1000

enum { DO_MAP = PLAYER_DEEDS };

struct players_state {
    struct list list;
    struct line filter;
    struct requests_poll poll;
    struct player_target tagged[LIST_TAGS];
    size_t tagged_n;
    char banned[256]; /* whom this console banned last */
};

static struct players_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_PLAYERS);
}

/* clang-format off */
enum { NAME, ADDRESS, RTT, IN_RATE, OUT_RATE, CPU_RATE, HERE, AT_X, AT_Z, AT_Y, SESSION, CELLS, SHIFT, WITHHELD, KIND, IN, OUT, CPU, COLUMNS_N };
static const struct list_column COLUMNS[COLUMNS_N] = {
    [NAME] =     {"NAME",     "name",          0,   0},
    [ADDRESS] =  {"ADDRESS",  "address",       21,  70},
    [RTT] =      {"RTT",      "rtt",           -7,  0},
    [IN_RATE] =  {"IN/S",     "in_per_s",      -7,  60},
    [OUT_RATE] = {"OUT/S",    "out_per_s",     -7,  60},
    [CPU_RATE] = {"CPU/S",    "cost_us_per_s", -7,  80},
    [HERE] =     {"HERE",     "joined",        -7,  0},
    [AT_X] =     {"X",        NULL,            -9,  110},
    [AT_Z] =     {"Z",        NULL,            -9,  110},
    [AT_Y] =     {"Y",        NULL,            -7,  180},
    [SESSION] =  {"SESSION",  "session",       -14, 120},
    [CELLS] =    {"CELLS",    "cells",         -6,  140},
    [SHIFT] =    {"SHIFT",    "shift",         -6,  110},
    [WITHHELD] = {"WITHHELD", "withheld",      -9,  180},
    [KIND] =     {"KIND",     "kind",          6,   100},
    [IN] =       {"IN",       "in",            -8,  160},
    [OUT] =      {"OUT",      "out",           -8,  160},
    [CPU] =      {"CPU",      "cost",          -7,  160},
};
/* clang-format on */

/* CPU time: "412ms", "31.2s". */
static const char *cpu_time(double ms, char out[16])
{
    if (ms < 999.5)
        snprintf(out, 16, "%.0fms", ms);
    else
        snprintf(out, 16, "%.1fs", ms / 1000);
    return out;
}

static const struct model_player *player_at(struct ui *ui, long row)
{
    const struct model_players *players = &ui->model.players;
    long index = row - (long)players->from;

    return index >= 0 && index < (long)players->n ? &players->rows[index] : NULL;
}

static long players_n(struct ui *ui)
{
    return ui->model.players.known ? (long)ui->model.players.matched : -1;
}

static const char *player_id(struct ui *ui, long row)
{
    const struct model_player *player = player_at(ui, row);

    return player != NULL ? player->session : NULL;
}

static bool player_cell(struct ui *ui, long row, int column, char *text, size_t room_bytes)
{
    const struct model_player *player = player_at(ui, row);
    const char *shown = "";
    char figure[32];

    if (player == NULL)
        return false;
    switch (column) {
    case NAME:
        shown = player->name;
        break;
    case ADDRESS:
        shown = player->address;
        break;
    case RTT:
        snprintf(text, room_bytes, "%sms", figures_ms(player->rtt_ms, figure));
        return true;
    case IN_RATE:
    case OUT_RATE:
        shown = figures_bytes(column == IN_RATE ? player->in_per_s : player->out_per_s, figure);
        break;
    case IN:
    case OUT:
        shown = figures_bytes(column == IN ? player->in : player->out, figure);
        break;
    case CPU_RATE:
        snprintf(text, room_bytes, "%sms", figures_ms(player->cpu_ms_per_s, figure));
        return true;
    case HERE:
        shown = figures_span((ui->model.status.now_ms - player->joined_ms) / 1000, figure);
        break;
    case SESSION:
        shown = player->session;
        break;
    case CPU:
        shown = cpu_time(player->cost_ms, figure);
        break;
    case KIND:
        shown = player->kind;
        break;
    case CELLS:
    case SHIFT:
    case WITHHELD:
        snprintf(text, room_bytes, "%lld",
                 (long long)(column == CELLS   ? player->cells
                             : column == SHIFT ? player->shift
                                               : player->withheld));
        return true;
    default:
        snprintf(text, room_bytes, "%.1f",
                 column == AT_X   ? player->x
                 : column == AT_Z ? player->z
                                  : player->y);
        return true;
    }
    snprintf(text, room_bytes, "%s", shown);
    return true;
}

static const struct list_table TABLE = {
    .columns = COLUMNS,
    .columns_n = COLUMNS_N,
    .nothing = "Nobody is here.",
    .n = players_n,
    .cell = player_cell,
    .id = player_id,
};

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct players_state *state = state_of(ui);
    const struct model_status *status = &ui->model.status;
    struct list_table table = TABLE;
    bool filtered = ui->prompt == &state->filter || state->filter.text[0] != '\0';
    int used =
        1 + canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BOLD, "%lld of %lld players",
                          (long long)status->players, (long long)status->players_max);

    used += ui_draw_filter(ui, canvas, row, used, &state->filter);
    if (filtered)
        used += 2 + canvas_printf(canvas, row, used + 2, canvas->columns, STYLE_DIM, "(%lld match)",
                                  (long long)ui->model.players.matched);
    if (ui->prompt == &state->filter && state->filter.text[0] == '\0')
        canvas_text(canvas, row, used + 2, canvas->columns, STYLE_DIM,
                    "a part of the name or address, rtt>100, cpu>5, kind=web ...");
    else if (state->list.tags_n > 0)
        canvas_printf(canvas, row, used + 3, canvas->columns, STYLE_WARN, "%d tagged",
                      state->list.tags_n);
    if (filtered)
        table.nothing = "Nobody matches the filter.";
    list_draw(&state->list, &table, ui, canvas, row + 1, rows - 1);
}

/* Half a screenful more on both sides, so that moving shows rows at once. */
static void on_time(struct ui *ui)
{
    struct players_state *state = state_of(ui);
    long rows = state->list.rows > 0 ? state->list.rows : 1;
    long from = state->list.top - rows / 2, limit = rows * 2;

    if (!ui_due(ui, &state->poll, REFRESH_MS))
        return;
    from = from < 0 ? 0 : from;
    limit = limit > MODEL_PLAYERS ? MODEL_PLAYERS : limit;
    ui_poll(ui, &state->poll, "players.list",
            json_pack("{s:s, s:b, s:s, s:I, s:I}", "sort", list_sort(&state->list, &TABLE),
                      "descending", state->list.descending, "filter", state->filter.text, "offset",
                      (json_int_t)from, "limit", (json_int_t)limit));
}

/* --- Whom. --- */

static void drop_tagged(struct players_state *state, size_t i)
{
    state->tagged[i] = state->tagged[--state->tagged_n];
}

static bool is_kept(const struct players_state *state, const char *session)
{
    for (size_t i = 0; i < state->tagged_n; i++) {
        if (strcmp(state->tagged[i].session, session) == 0)
            return true;
    }
    return false;
}

/* The list has tagged or untagged a row, which is in view. */
static void keep_tagged(struct players_state *state, const struct model_players *players)
{
    for (size_t i = state->tagged_n; i-- > 0;) {
        if (!list_tagged(&state->list, state->tagged[i].session))
            drop_tagged(state, i);
    }
    for (size_t i = 0; i < players->n && state->tagged_n < LIST_TAGS; i++) {
        const struct model_player *player = &players->rows[i];

        if (list_tagged(&state->list, player->session) && !is_kept(state, player->session))
            player_target_of(&state->tagged[state->tagged_n++], player);
    }
}

/* Who is gone for what was done to him is tagged no more; who is not, for it failed, still is. */
static void forget(struct players_state *state, const json_t *params)
{
    const char *session = json_string_value(json_object_get(params, "session"));
    const char *account = json_string_value(json_object_get(params, "id"));

    for (size_t i = state->tagged_n; i-- > 0;) {
        if ((session == NULL || strcmp(state->tagged[i].session, session) != 0) &&
            (account == NULL || strcmp(state->tagged[i].account, account) != 0))
            continue;
        list_untag_one(&state->list, state->tagged[i].session);
        drop_tagged(state, i);
    }
}

/* Why nobody is under the cursor: a key can be faster than the list. */
static void say_nobody(struct ui *ui)
{
    ui_say(ui, true,
           players_n(ui) == 0 ? "nobody is under the cursor" : "the list has not come yet");
}

/* All that are tagged, else the one under the cursor. */
static bool deed(struct ui *ui, int action)
{
    struct players_state *state = state_of(ui);
    const struct model_player *player = player_at(ui, state->list.cursor);
    struct player_target one;

    if (action == PLAYER_LIFT) {
        player_deeds_lift(ui, state->banned);
        return true;
    }
    if (state->tagged_n > 0)
        return player_deeds_act(ui, action, state->tagged, state->tagged_n);
    if (player == NULL) {
        say_nobody(ui);
        return true;
    }
    player_target_of(&one, player);
    return player_deeds_act(ui, action, &one, 1);
}

/* His page, or him on the map. */
static void show_one(struct ui *ui, int action)
{
    const struct model_player *player = player_at(ui, state_of(ui)->list.cursor);

    if (player == NULL)
        say_nobody(ui);
    else if (action == DO_MAP)
        map_follow(ui, player->session, player->name);
    else
        player_open(ui, player);
}

static void act(struct ui *ui, int action)
{
    struct players_state *state = state_of(ui);

    if (list_act(&state->list, &TABLE, ui, action)) {
        keep_tagged(state, &ui->model.players);
        ui_again(&state->poll);
    } else if (action == KEYS_DO_ENTER || action == DO_MAP) {
        show_one(ui, action);
    } else if (action == KEYS_DO_FILTER) {
        ui_prompt(ui, &state->filter);
    } else if (action == KEYS_DO_BACK) {
        line_set(&state->filter, "");
        list_untag(&state->list);
        state->tagged_n = 0;
        ui_again(&state->poll);
    } else {
        (void)deed(ui, action);
    }
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    struct players_state *state = state_of(ui);
    const char *banned = json_string_value(json_object_get(reply->data, "player"));

    if (strcmp(reply->method, "players.list") == 0) {
        list_settle(&state->list, &TABLE, ui);
        return;
    }
    ui_again(&state->poll); /* what was done may show */
    if (reply->data == NULL)
        return;
    if (strcmp(reply->method, "bans.add") == 0 && banned != NULL)
        snprintf(state->banned, sizeof(state->banned), "%s", banned);
    if (strcmp(reply->method, "bans.add") == 0 || strcmp(reply->method, "players.kick") == 0)
        forget(state, reply->params);
}

static void typed(struct ui *ui)
{
    ui_again(&state_of(ui)->poll);
}

static bool on_mouse(struct ui *ui, const struct mouse *mouse)
{
    struct players_state *state = state_of(ui);

    ui_again(&state->poll);
    return list_mouse(&state->list, &TABLE, ui, mouse);
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{KEYS_ENTER}, KEYS_DO_ENTER, "Enter", "Show", "all about this player"},
    PLAYER_DEEDS_ROWS,
    {{'o'},        DO_MAP,        "o",     "Map",  "follow this player on the map"},
};
/* clang-format on */

const struct screen SCREEN_PLAYERS = {
    .name = "Players",
    .short_name = "Players",
    .key = '2',
    .keys = KEYS_OF(ROWS),
    .list = true,
    .state_bytes = sizeof(struct players_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .answered = answered,
    .typed = typed,
    .mouse = on_mouse,
};
