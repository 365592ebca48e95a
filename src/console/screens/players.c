/* players.c -- who is here: sorted, filtered as you type, tagged; kick, ban, mute.
 *
 * The daemon sorts, filters and cuts; this asks for the rows that are in view, once a second and
 * whenever the view changes. */
#include "players.h"

#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "console/ui/list.h"

#define REFRESH_MS 1000

enum { DO_KICK = KEYS_OWN, DO_BAN, DO_MUTE };

struct players_state {
    struct list list;
    struct line filter;
    struct requests_poll poll;
};

static struct players_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_PLAYERS);
}

/* clang-format off */
enum { NAME, ADDRESS, RTT, IN, OUT, HERE, AT_X, AT_Z, AT_Y, SESSION, CPU, CELLS, SHIFT, KIND, COLUMNS_N };
static const struct list_column COLUMNS[COLUMNS_N] = {
    [NAME] =    {"NAME",    "name",    0,   0},
    [ADDRESS] = {"ADDRESS", "address", 21,  70},
    [RTT] =     {"RTT",     "rtt",     -7,  0},
    [IN] =      {"IN",      "in",      -8,  60},
    [OUT] =     {"OUT",     "out",     -8,  60},
    [HERE] =    {"HERE",    "joined",  -7,  0},
    [AT_X] =    {"X",       NULL,      -9,  110},
    [AT_Z] =    {"Z",       NULL,      -9,  110},
    [AT_Y] =    {"Y",       NULL,      -7,  110},
    [SESSION] = {"SESSION", "session", -14, 110},
    [CPU] =     {"CPU",     "cost",    -7,  90},
    [CELLS] =   {"CELLS",   NULL,      -6,  150},
    [SHIFT] =   {"SHIFT",   NULL,      -6,  150},
    [KIND] =    {"KIND",    NULL,      6,   150},
};
/* clang-format on */

/* CPU time since he came: "412ms", "31.2s". */
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
    case IN:
        shown = figures_bytes(player->in, figure);
        break;
    case OUT:
        shown = figures_bytes(player->out, figure);
        break;
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
        snprintf(text, room_bytes, "%lld",
                 (long long)(column == CELLS ? player->cells : player->shift));
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
static const struct list_table FILTERED = {
    .columns = COLUMNS,
    .columns_n = COLUMNS_N,
    .nothing = "Nobody matches the filter.",
    .n = players_n,
    .cell = player_cell,
    .id = player_id,
};

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct players_state *state = state_of(ui);
    const struct model_status *status = &ui->model.status;
    bool filtered = ui->prompt == &state->filter || state->filter.text[0] != '\0';
    int used =
        1 + canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BOLD, "%lld of %lld players",
                          (long long)status->players, (long long)status->players_max);

    used += ui_draw_filter(ui, canvas, row, used, &state->filter);
    if (filtered)
        used += 2 + canvas_printf(canvas, row, used + 2, canvas->columns, STYLE_DIM, "(%lld match)",
                                  (long long)ui->model.players.matched);
    if (state->list.tags_n > 0)
        canvas_printf(canvas, row, used + 3, canvas->columns, STYLE_WARN, "%d tagged",
                      state->list.tags_n);
    list_draw(&state->list, filtered ? &FILTERED : &TABLE, ui, canvas, row + 1, rows - 1);
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

/* clang-format off */
static const struct dialog_kind KICK = {
    .verb = "Kick", .done = "kicked", .many = "players", .method = "players.kick",
    .what = "The session ends at once; the place is saved. The player is told why and may come back. This goes to the audit log.",
    .fields = {{"reason", "reason", NULL, NULL}},
};
static const struct dialog_kind BAN = {
    .verb = "Ban", .done = "banned", .many = "accounts", .method = "bans.add",
    .what = "The account is here no more at once, and cannot log in for that time. The player is told why and until when. "
            "This goes to the audit log; bans.lift ends it.",
    .fields = {{"reason", "reason", NULL, "no reason was given"}, {"for (30m, 12h, 7d, 2w; empty: for good)", "duration", "1d", NULL}},
};
static const struct dialog_kind MUTE = {
    .verb = "Mute", .done = "muted", .many = "players", .method = "players.mute",
    .what = "No chat is taken from the player for that time. He is told why, nobody else. This goes to the audit log; players.unmute ends it.",
    .fields = {{"reason", "reason", NULL, "no reason was given"}, {"for (30m, 12h, 7d, 2w; empty: for good)", "duration", "1h", NULL}},
};
/* clang-format on */

/* Whom. An account by number: a name that is seen may be another's since its owner was renamed; a
 * guest has no number. */
static json_t *target_of(const struct dialog_kind *kind, const struct model_player *player)
{
    if (kind == &KICK)
        return json_pack("{s:s}", "session", player->session);
    return model_guest(player) ? json_pack("{s:s}", "player", player->name)
                               : json_pack("{s:s}", "id", player->account);
}

static void add(struct ui *ui, const struct dialog_kind *kind, const struct model_player *player)
{
    char about[128];

    snprintf(about, sizeof(about), "from %s", player->address);
    dialog_add(ui, target_of(kind, player), player->name, about);
}

/* All that are tagged and in view of the model, else the one under the cursor. */
static void begin(struct ui *ui, const struct dialog_kind *kind)
{
    struct players_state *state = state_of(ui);
    const struct model_player *player = player_at(ui, state->list.cursor);

    if (player == NULL) {
        ui_say(ui, true, "nobody is under the cursor");
        return;
    }
    if (kind == &BAN && model_guest(player)) {
        ui_say(ui, true, "%s is a guest: there is no account to ban", player->name);
        return;
    }
    dialog_open(ui, kind);
    add(ui, kind, player);
}

static void act(struct ui *ui, int action)
{
    struct players_state *state = state_of(ui);

    if (list_act(&state->list, &TABLE, ui, action)) {
        ui_again(&state->poll);
    } else if (action == DO_KICK) {
        begin(ui, &KICK);
    } else if (action == DO_BAN) {
        begin(ui, &BAN);
    } else if (action == DO_MUTE) {
        begin(ui, &MUTE);
    } else if (action == KEYS_DO_FILTER) {
        ui_prompt(ui, &state->filter);
    } else if (action == KEYS_DO_BACK) {
        line_set(&state->filter, "");
        list_untag(&state->list);
        ui_again(&state->poll);
    }
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    struct players_state *state = state_of(ui);

    if (strcmp(reply->method, "players.list") == 0)
        list_settle(&state->list, &TABLE, ui);
    else
        ui_again(&state->poll); /* what was done may show */
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
    {{'K', KEYS_F(9)}, DO_KICK, "K, F9", "Kick", "end this player's session; asks first"},
    {{'B'},            DO_BAN,  "B",     "Ban",  "ban this player's account; asks first"},
    {{'M'},            DO_MUTE, "M",     "Mute", "take no chat from this player; asks first"},
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
