/* cell.c -- a page over the map: who stands in the cell under the cursor, and what can be done to
 * him. */
#include <stdio.h>
#include <string.h>

#include "common/compiler.h"
#include "map_inside.h"
#include "player.h"
#include "player_deeds.h"

#define REFRESH_MS 1000

enum { DO_FOLLOW = PLAYER_DEEDS };

struct cell_state {
    struct list list;
    struct requests_poll poll;
};

/* clang-format off */
enum { NAME, POSE, AT_X, AT_Z, CPU, OUT, SESSION, COLUMNS_N };
static const struct list_column COLUMNS[COLUMNS_N] = {
    [NAME] =    {"NAME",    NULL, 0,   0},
    [POSE] =    {"POSE",    NULL, 10,  0},
    [AT_X] =    {"X",       NULL, -9,  70},
    [AT_Z] =    {"Z",       NULL, -9,  70},
    [CPU] =     {"CPU us/s", NULL, -9, 0},
    [OUT] =     {"OUT/s",   NULL, -9,  0},
    [SESSION] = {"SESSION", NULL, -14, 110},
};
/* clang-format on */

static struct cell_state *state_of(struct ui *ui)
{
    return ui_state(ui, &SCREEN_CELL);
}

/* Those that were told are the cell's. */
static bool is_known(struct ui *ui)
{
    const struct model_world_list *there = &ui->model.world.there;
    int32_t x_m, z_m;

    map_cell(&ui->model.world, map_state(ui), &x_m, &z_m);
    return there->width > 0 && there->x == x_m && there->z == z_m;
}

static const struct model_world_player *player_at(struct ui *ui, long row)
{
    const struct model_world_list *there = &ui->model.world.there;

    return is_known(ui) && row >= 0 && row < (long)there->n ? &there->rows[row] : NULL;
}

static long rows_n(struct ui *ui)
{
    return is_known(ui) ? (long)ui->model.world.there.n : -1;
}

static bool cell_text(struct ui *ui, long row, int column, char *text, size_t room_bytes)
{
    const struct model_world_player *player = player_at(ui, row);
    char bytes[16];

    if (player == NULL)
        return false;
    switch (column) {
    case NAME:
        snprintf(text, room_bytes, "%s", player->name);
        break;
    case POSE:
        snprintf(text, room_bytes, "%s", player->pose);
        break;
    case AT_X:
        snprintf(text, room_bytes, "%.1f", player->x);
        break;
    case AT_Z:
        snprintf(text, room_bytes, "%.1f", player->z);
        break;
    case CPU:
        snprintf(text, room_bytes, "%lld", (long long)player->cost_us);
        break;
    case OUT:
        snprintf(text, room_bytes, "%s", figures_bytes((double)player->out, bytes));
        break;
    case SESSION:
        snprintf(text, room_bytes, "%s", player->session);
        break;
    }
    return true;
}

static const char *id_of(struct ui *ui, long row)
{
    const struct model_world_player *player = player_at(ui, row);

    return player != NULL ? player->session : NULL;
}

static const struct list_table TABLE = {
    .columns = COLUMNS,
    .columns_n = COLUMNS_N,
    .nothing = "Nobody is in this cell.",
    .n = rows_n,
    .cell = cell_text,
    .id = id_of,
};

static void on_time(struct ui *ui)
{
    struct cell_state *state = state_of(ui);
    int32_t x_m, z_m, cell_m = ui->model.world.cell_m;

    if (!ui->model.world.known || !ui_due(ui, &state->poll, REFRESH_MS))
        return;
    map_cell(&ui->model.world, map_state(ui), &x_m, &z_m);
    ui_poll(ui, &state->poll, "world.players",
            json_pack("{s:i, s:i, s:i, s:i, s:i}", "x", x_m, "z", z_m, "width", cell_m, "depth",
                      cell_m, "limit", MODEL_WORLD_PLAYERS));
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    (void)reply;
    list_settle(&state_of(ui)->list, &TABLE, ui);
}

static void follow(struct ui *ui)
{
    const struct model_world_player *player = player_at(ui, state_of(ui)->list.cursor);

    if (player != NULL)
        map_follow(ui, player->session, player->name);
}

static struct model_player as_player(const struct model_world_player *there)
{
    struct model_player player = {.x = there->x, .z = there->z};

    strcpy(player.name, there->name);
    strcpy(player.session, there->session);
    strcpy(player.account, there->account);
    strcpy(player.address, there->address);
    player.guest = strcmp(there->account, "0") == 0;
    return player;
}

static void act(struct ui *ui, int action)
{
    const struct model_world_player *there = player_at(ui, state_of(ui)->list.cursor);
    struct player_target target;
    struct model_player player;

    if (list_act(&state_of(ui)->list, &TABLE, ui, action))
        return;
    if (there == NULL && !is_known(ui)) {
        ui_say(ui, true, "who is in the cell has not come yet");
        return;
    }
    if (there == NULL) {
        (void)player_deeds_act(ui, action, NULL, 0);
        return;
    }
    player = as_player(there);
    player_target_of(&target, &player);
    if (action == DO_FOLLOW)
        follow(ui);
    else if (action == KEYS_DO_ENTER)
        player_open(ui, &player);
    else
        (void)player_deeds_act(ui, action, &target, 1);
}

static bool mouse(struct ui *ui, const struct mouse *mouse)
{
    return list_mouse(&state_of(ui)->list, &TABLE, ui, mouse);
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    const struct model_world *world = &ui->model.world;
    int32_t x_m, z_m;

    if (!world->known || world->cell_m == 0)
        return;
    map_cell(world, map_state(ui), &x_m, &z_m);
    canvas_printf(canvas, row, 1, canvas->columns - 2, STYLE_BOLD,
                  "Cell %d, %d: %lld players, x %d to %d, z %d to %d", x_m / world->cell_m,
                  z_m / world->cell_m, is_known(ui) ? (long long)world->there.matched : 0, x_m,
                  x_m + world->cell_m, z_m, z_m + world->cell_m);
    list_draw(&state_of(ui)->list, &TABLE, ui, canvas, row + 1, rows - 1);
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{KEYS_ENTER}, KEYS_DO_ENTER, "Enter", "Show",   "all about him"},
    {{'f'},        DO_FOLLOW,     "f",     "Follow", "follow him on the map"},
    PLAYER_DEEDS_ROWS,
    {{KEYS_UP, 'k'},   KEYS_DO_LINE_UP,   "Up, k",   NULL, "one row up"},
    {{KEYS_DOWN, 'j'}, KEYS_DO_LINE_DOWN, "Down, j", NULL, "one row down"},
    {{KEYS_PAGE_UP},   KEYS_DO_PAGE_UP,   "PgUp",    NULL, "a page up"},
    {{KEYS_PAGE_DOWN}, KEYS_DO_PAGE_DOWN, "PgDn",    NULL, "a page down"},
    {{KEYS_HOME, 'g'}, KEYS_DO_FIRST,     "Home, g", NULL, "the nearest"},
    {{KEYS_END, 'G'},  KEYS_DO_LAST,      "End, G",  NULL, "the farthest"},
};
/* clang-format on */

const struct screen SCREEN_CELL = {
    .name = "Cell",
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct cell_state),
    .draw = draw,
    .act = act,
    .time = on_time,
    .answered = answered,
    .mouse = mouse,
};
