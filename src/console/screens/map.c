/* map.c -- the world from above: what it asks for, keys and mouse.
 *
 * The ground is asked for tile by tile and kept; where players are once a second, the one who is
 * followed five times a second. The cursor walks over cells, and the view goes along. */
#include "map.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/compiler.h"
#include "console/model/fields.h"
#include "map_inside.h"

#define REFRESH_MS    1000
#define FOLLOW_MS     200
#define IDLE_MS       10000 /* a picture of thousands who walk is 10 KB in 80x24 */
#define CELL_MS       1000
#define WORLD_MS      5000
#define TILE_MS       3000 /* then its answer is not coming any more */
#define REFUSED_MS    250  /* a tile that was refused is not asked for again before */
#define NAMED_MAX     60   /* players that are asked for with their names, a frame */
#define PANEL_COLUMNS 28
#define PANEL_FROM    76 /* columns of the terminal, for a panel beside the map */
#define LOW_ROWS      2  /* else lines below it */
#define FOLLOW_STEP_M 2  /* the scale at which following begins */
#define FIT_STEP_M    2

enum {
    DO_WEST = KEYS_OWN,
    DO_EAST,
    DO_NORTH,
    DO_SOUTH,
    DO_IN,
    DO_OUT,
    DO_ALL,
    DO_WHOLE,
    DO_LAYER,
    DO_GO,
    DO_FOLLOW
};

/* clang-format off */
const struct map_layer_row MAP_LAYERS[MAP_LAYERS_N] = {
    [MAP_POPULATION] = {"Players",   "players"},
    [MAP_COST] =       {"CPU time",  "cost"},
    [MAP_OUT] =        {"Bandwidth", "out"},
};
/* clang-format on */

struct map_state *map_state(struct ui *ui)
{
    return ui_state(ui, &SCREEN_MAP);
}

void map_cell(const struct model_world *world, const struct map_state *state, int32_t *x_m,
              int32_t *z_m)
{
    *x_m = (int32_t)floor(state->x_m / world->cell_m) * world->cell_m;
    *z_m = (int32_t)floor(state->z_m / world->cell_m) * world->cell_m;
}

/* ---- what is shown ---- */

/* Whatever moves the view or the cursor: what was known of them is old. */
static void moved(struct map_state *state)
{
    ui_again(&state->population);
    ui_again(&state->near);
}

static void point(struct map_state *state, double x_m, double z_m)
{
    double half = state->view.size_m / 2.0 - 1;

    state->x_m = x_m < -half ? -half : x_m > half ? half : x_m;
    state->z_m = z_m < -half ? -half : z_m > half ? half : z_m;
    ui_again(&state->cell);
    ui_again(&state->there);
}

static void look_at(struct map_state *state, double x_m, double z_m)
{
    map_view_centre(&state->view, x_m, z_m);
    point(state, x_m, z_m);
    moved(state);
}

static void let_go(struct map_state *state)
{
    state->follow[0] = '\0';
}

static void show_whole(struct map_state *state)
{
    double half = state->view.size_m / 2.0;

    map_view_fit(&state->view, -half, -half, 2 * half, 2 * half, 1);
    moved(state);
}

/* The rectangle that holds all bins of the whole world, and some room about it. False: there are
 * none. */
static bool fit_bins(struct map_state *state, const struct model_world_population *population)
{
    double left = 1e9, top = 1e9, right = -1e9, bottom = -1e9, margin;

    for (size_t i = 0; i < population->n; i++) {
        double x =
            population->x +
            (double)(population->bins[i].index % (uint32_t)population->columns) * population->step;
        double z =
            population->z +
            (double)(population->bins[i].index / (uint32_t)population->columns) * population->step;

        left = fmin(left, x);
        top = fmin(top, z);
        right = fmax(right, x + population->step);
        bottom = fmax(bottom, z + population->step);
    }
    if (population->n == 0)
        return false;
    margin = fmax(right - left, bottom - top) / 10;
    map_view_fit(&state->view, left - margin, top - margin, right - left + 2 * margin,
                 bottom - top + 2 * margin, FIT_STEP_M);
    return true;
}

/* All who are here are in view: at the beginning and when it is asked for. */
static void fit(struct ui *ui)
{
    struct map_state *state = map_state(ui);
    const struct model_world *world = &ui->model.world;
    double radius = world->spawn_radius_m > 0 ? world->spawn_radius_m * 4 : 200;

    if (!fit_bins(state, &world->population))
        map_view_fit(&state->view, -radius, -radius, 2 * radius, 2 * radius, FIT_STEP_M);
    state->begun = true;
    point(state, state->view.x_m, state->view.z_m);
    moved(state);
}

/* ---- asking ---- */

static void ask_ground(struct ui *ui)
{
    struct map_state *state = map_state(ui);
    const struct map_view *view = &state->view;
    struct ground_key missing[4 * MAP_TILES_FLYING];
    int32_t step = map_view_step(view), left = map_view_left(view), top = map_view_top(view);
    const int32_t rectangle[4] = {left, top, left + view->columns * step, top + view->rows * step};
    size_t n = ground_missing(&ui->model.world.ground, ground_step((uint32_t)step), rectangle,
                              view->size_m, missing, ARRAY_N(missing));

    for (size_t i = 0; i < n; i++) {
        struct map_flying *place = NULL;
        bool flies = false;

        for (size_t j = 0; j < MAP_TILES_FLYING; j++) {
            struct map_flying *flying = &state->flying[j];

            if (flying->until_ms <= ui->now_ms)
                place = flying;
            else
                flies |= memcmp(&flying->key, &missing[i], sizeof(flying->key)) == 0;
        }
        if (flies)
            continue;
        if (place == NULL)
            return;
        *place = (struct map_flying){missing[i], ui->now_ms + TILE_MS};
        ui_ask(ui, "world.heights", ground_params(&missing[i]));
    }
}

/* Heat is counted by cells, dots by pixels. */
static void ask_population(struct ui *ui)
{
    struct map_state *state = map_state(ui);
    const struct map_view *view = &state->view;
    int32_t step = map_view_step(view), left = map_view_left(view), top = map_view_top(view);
    int32_t bin = step, cell_m = ui->model.world.cell_m;
    int32_t columns = view->columns, rows = view->rows;

    if (state->layer != MAP_POPULATION && step < cell_m) {
        int32_t right = left + columns * step, bottom = top + rows * step;

        bin = cell_m;
        left = (int32_t)floor((double)left / bin) * bin;
        top = (int32_t)floor((double)top / bin) * bin;
        columns = (right - left + bin - 1) / bin;
        rows = (bottom - top + bin - 1) / bin;
    }
    ui_poll(ui, &state->population, "world.population",
            json_pack("{s:i, s:i, s:i, s:i, s:i, s:s}", "x", left, "z", top, "step", bin, "columns",
                      columns, "rows", rows, "what", MAP_LAYERS[state->layer].what));
}

/* Before the first picture: where in the world is anybody? */
static void ask_everywhere(struct ui *ui)
{
    struct map_state *state = map_state(ui);
    int32_t size_m = state->view.size_m, bins = 256;

    ui_poll(ui, &state->population, "world.population",
            json_pack("{s:i, s:i, s:i, s:i, s:i, s:s}", "x", -size_m / 2, "z", -size_m / 2, "step",
                      (size_m + bins - 1) / bins, "columns", bins, "rows", bins, "what",
                      "players"));
}

static void ask_cell(struct ui *ui)
{
    struct map_state *state = map_state(ui);
    int32_t x_m, z_m, cell_m = ui->model.world.cell_m;

    map_cell(&ui->model.world, state, &x_m, &z_m);
    if (ui_due(ui, &state->cell, CELL_MS))
        ui_poll(ui, &state->cell, "world.cell",
                json_pack("{s:i, s:i}", "x", (int)state->x_m, "z", (int)state->z_m));
    if (ui_due(ui, &state->there, CELL_MS))
        ui_poll(ui, &state->there, "world.players",
                json_pack("{s:i, s:i, s:i, s:i, s:i}", "x", x_m, "z", z_m, "width", cell_m, "depth",
                          cell_m, "limit", NAMED_MAX));
}

static void ask_near(struct ui *ui)
{
    struct map_state *state = map_state(ui);
    const struct map_view *view = &state->view;
    int32_t step = map_view_step(view);

    ui_poll(ui, &state->near, "world.players",
            json_pack("{s:i, s:i, s:i, s:i, s:i}", "x", map_view_left(view), "z",
                      map_view_top(view), "width", view->columns * step, "depth", view->rows * step,
                      "limit", NAMED_MAX));
}

static void ask_one(struct ui *ui)
{
    struct map_state *state = map_state(ui);

    ui_poll(ui, &state->one, "world.player", json_pack("{s:s}", "session", state->follow));
}

static void on_time(struct ui *ui)
{
    struct map_state *state = map_state(ui);
    const struct model_world *world = &ui->model.world;

    if (ui_due(ui, &state->world, WORLD_MS))
        ui_poll(ui, &state->world, "world.show", NULL);
    if (!world->known || state->view.columns == 0)
        return;
    state->view.size_m = world->size_m;
    if (!state->begun) {
        if (ui_due(ui, &state->population, REFRESH_MS))
            ask_everywhere(ui);
        return;
    }
    ask_ground(ui);
    if (ui_due(ui, &state->population, REFRESH_MS))
        ask_population(ui);
    if (map_view_step(&state->view) <= MAP_DOTS_STEP_M && ui_due(ui, &state->near, REFRESH_MS))
        ask_near(ui);
    ask_cell(ui);
    if (state->follow[0] != '\0') {
        if (ui_due(ui, &state->one, FOLLOW_MS))
            ask_one(ui);
        ui_wake(ui, FOLLOW_MS);
        ui_watched(ui);
    }
}

/* ---- answers ---- */

/* Its place is free from then on; 0: at once. */
static void heights_answered(struct map_state *state, const json_t *params, uint64_t from_ms)
{
    for (size_t i = 0; i < MAP_TILES_FLYING; i++) {
        struct map_flying *flying = &state->flying[i];
        json_t *asked;

        if (flying->until_ms == 0)
            continue;
        asked = ground_params(&flying->key);
        if (json_equal(asked, params))
            flying->until_ms = from_ms;
        json_decref(asked);
    }
}

static void one_answered(struct ui *ui, const struct screen_reply *reply)
{
    struct map_state *state = map_state(ui);
    const struct model_world_one *one = &ui->model.world.one;

    if (strcmp(fields_string(reply->params, "session"), state->follow) != 0)
        return; /* of one who was followed before */
    if (reply->code != 0) {
        ui_say(ui, true, "%s has left", state->follow_name);
        let_go(state);
        return;
    }
    map_view_centre(&state->view, one->x, one->z);
    state->x_m = one->x;
    state->z_m = one->z;
}

/* A name that was gone to: he is where it says. */
static void named_answered(struct ui *ui, const struct screen_reply *reply)
{
    if (reply->code == 0)
        map_follow(ui, ui->model.world.one.session, ui->model.world.one.name);
}

static void answered(struct ui *ui, const struct screen_reply *reply)
{
    struct map_state *state = map_state(ui);

    /* What comes next is asked for now, not with the next second; but who is refused waits. */
    if (reply->code == 0 && (!state->begun || strcmp(reply->method, "world.heights") == 0))
        ui_wake(ui, 0);
    if (strcmp(reply->method, "world.heights") == 0)
        heights_answered(state, reply->params, reply->code == 0 ? 0 : ui->now_ms + REFUSED_MS);
    else if (strcmp(reply->method, "world.population") == 0 && !state->begun && reply->code == 0)
        fit(ui);
    else if (strcmp(reply->method, "world.player") == 0 &&
             json_object_get(reply->params, "name") != NULL)
        named_answered(ui, reply);
    else if (strcmp(reply->method, "world.player") == 0)
        one_answered(ui, reply);
}

/* ---- keys ---- */

static void layer_next(struct map_state *state)
{
    state->layer = (enum map_layer)((state->layer + 1) % MAP_LAYERS_N);
    ui_again(&state->population);
}

/* The cursor goes a cell, or, where cells are small, two pixels; the view keeps it well inside. */
static void walk(struct ui *ui, int east, int south)
{
    struct map_state *state = map_state(ui);
    struct map_view *view = &state->view;
    int32_t step = map_view_step(view), cell_m = ui->model.world.cell_m;
    int32_t far_m = cell_m > 2 * step ? cell_m : 2 * step;
    int column, row, margin_x = view->columns / 6, margin_z = view->rows / 6;

    let_go(state);
    point(state, state->x_m + (double)east * far_m, state->z_m + (double)south * far_m);
    map_view_pixel(view, state->x_m, state->z_m, &column, &row);
    if (column < margin_x || row < margin_z || column >= view->columns - margin_x ||
        row >= view->rows - margin_z) {
        double over_x = column < margin_x ? column - margin_x
                        : column >= view->columns - margin_x
                            ? column - (view->columns - margin_x - 1)
                            : 0;
        double over_z = row < margin_z                 ? row - margin_z
                        : row >= view->rows - margin_z ? row - (view->rows - margin_z - 1)
                                                       : 0;

        map_view_pan(view, (int)over_x, (int)over_z);
        moved(state);
    }
}

/* About the cursor, if it is in view. */
static void zoom(struct map_state *state, int way, double x_m, double z_m)
{
    map_view_zoom(&state->view, way, x_m, z_m);
    moved(state);
}

static void zoom_at_cursor(struct map_state *state, int way)
{
    int column, row;

    map_view_pixel(&state->view, state->x_m, state->z_m, &column, &row);
    if (column >= 0 && row >= 0 && column < state->view.columns && row < state->view.rows)
        zoom(state, way, state->x_m, state->z_m);
    else
        zoom(state, way, state->view.x_m, state->view.z_m);
}

/* Follow the one nearest the cursor, of those who are in view or in the cell. */
static const struct model_world_player *nearest(const struct map_state *state,
                                                const struct model_world *world)
{
    const struct model_world_list *lists[] = {&world->there, &world->near};
    const struct model_world_player *best = NULL;
    double least = 1e18;

    for (size_t i = 0; i < ARRAY_N(lists); i++) {
        for (size_t j = 0; j < lists[i]->n; j++) {
            const struct model_world_player *player = &lists[i]->rows[j];
            double far = hypot(player->x - state->x_m, player->z - state->z_m);

            if (far < least) {
                least = far;
                best = player;
            }
        }
    }
    return best;
}

static void follow_nearest(struct ui *ui)
{
    const struct model_world_player *player = nearest(map_state(ui), &ui->model.world);

    if (player == NULL)
        ui_say(ui, true, "nobody is in this cell: go to one, or g and a name");
    else
        map_follow(ui, player->session, player->name);
}

void map_follow(struct ui *ui, const char *session, const char *name)
{
    struct map_state *state = map_state(ui);

    if (strcmp(state->follow, session) == 0 && ui_shows(ui, &SCREEN_MAP))
        return;
    snprintf(state->follow, sizeof(state->follow), "%s", session);
    snprintf(state->follow_name, sizeof(state->follow_name), "%s", name);
    if (!state->begun || map_view_step(&state->view) > FOLLOW_STEP_M)
        map_view_fit(&state->view, state->view.x_m, state->view.z_m, 0, 0, FOLLOW_STEP_M);
    state->begun = true;
    ui_again(&state->one);
    moved(state);
    if (!ui_shows(ui, &SCREEN_MAP))
        ui_open(ui, &SCREEN_MAP);
}

/* "x,z", "x z", or a name. */
static void go(struct ui *ui, const char *text)
{
    struct map_state *state = map_state(ui);
    double x_m, z_m;
    char *end;

    x_m = strtod(text, &end);
    if (end != text) {
        const char *next = end + strspn(end, ", ");

        z_m = strtod(next, &end);
        if (end != next && *end == '\0') {
            let_go(state);
            look_at(state, x_m, z_m);
            return;
        }
    }
    ui_ask(ui, "world.player", json_pack("{s:s}", "name", text));
}

/* Entered, or taken back: then it is empty. */
static void typed(struct ui *ui)
{
    struct map_state *state = map_state(ui);
    char text[LINE_BYTES];

    if (ui->prompt != NULL || state->go.text[0] == '\0')
        return;
    strcpy(text, state->go.text);
    line_set(&state->go, "");
    go(ui, text);
}

static void enter(struct ui *ui)
{
    ui_open(ui, &SCREEN_CELL);
}

static void act(struct ui *ui, int action)
{
    struct map_state *state = map_state(ui);

    if (!ui->model.world.known)
        return;
    switch (action) {
    case DO_WEST:
        walk(ui, -1, 0);
        break;
    case DO_EAST:
        walk(ui, 1, 0);
        break;
    case DO_NORTH:
        walk(ui, 0, -1);
        break;
    case DO_SOUTH:
        walk(ui, 0, 1);
        break;
    case DO_IN:
        zoom_at_cursor(state, 1);
        break;
    case DO_OUT:
        zoom_at_cursor(state, -1);
        break;
    case DO_ALL:
        let_go(state);
        state->begun = false;
        ui_again(&state->population);
        break;
    case DO_WHOLE:
        let_go(state);
        show_whole(state);
        break;
    case DO_LAYER:
        layer_next(state);
        break;
    case DO_GO:
        ui_prompt(ui, &state->go);
        break;
    case DO_FOLLOW:
        follow_nearest(ui);
        break;
    case KEYS_DO_ENTER:
        enter(ui);
        break;
    case KEYS_DO_BACK:
        let_go(state);
        break;
    }
}

static bool mouse(struct ui *ui, const struct mouse *mouse)
{
    struct map_state *state = map_state(ui);
    double x_m, z_m;

    if (mouse->row < state->row || mouse->row >= state->row + state->rows ||
        mouse->column >= state->columns || !ui->model.world.known)
        return false;
    map_view_place(&state->view, mouse->column, 2 * (mouse->row - state->row) + 0.5, &x_m, &z_m);
    if (mouse->what == MOUSE_WHEEL_UP || mouse->what == MOUSE_WHEEL_DOWN) {
        zoom(state, mouse->what == MOUSE_WHEEL_UP ? 1 : -1, x_m, z_m);
    } else if (mouse->what == MOUSE_CLICK) {
        let_go(state);
        point(state, x_m, z_m);
    }
    return mouse->what == MOUSE_DOUBLE_CLICK;
}

/* ---- drawing ---- */

static void draw_prompt(struct ui *ui, struct canvas *canvas, int row, int columns)
{
    struct map_state *state = map_state(ui);
    int used;

    if (ui->prompt != &state->go)
        return;
    canvas_fill(canvas, row, 0, columns, STYLE_TITLE);
    used = canvas_text(canvas, row, 0, columns, STYLE_TITLE, " go to x,z or a name: ");
    line_draw(&state->go, canvas, row, used, columns - used - 1, true);
}

static void draw(struct ui *ui, struct canvas *canvas, int row, int rows)
{
    struct map_state *state = map_state(ui);
    bool beside = canvas->columns >= PANEL_FROM;
    int columns = canvas->columns - (beside ? PANEL_COLUMNS : 0);
    int map_rows = rows - (beside ? 0 : LOW_ROWS);

    columns = columns < MAP_COLUMNS_MAX ? columns : MAP_COLUMNS_MAX;
    map_rows = map_rows < MAP_ROWS_MAX ? map_rows : MAP_ROWS_MAX;
    state->row = row;
    state->rows = map_rows;
    state->columns = columns;
    map_view_size(&state->view, columns, 2 * map_rows);
    if (!ui->model.world.known || !state->begun) {
        canvas_text(canvas, row + 1, 2, columns, STYLE_DIM, "looking at the world...");
    } else {
        map_draw(ui, canvas, row, map_rows, columns);
        if (beside)
            map_panel(ui, canvas, row, columns + 1, rows, PANEL_COLUMNS - 2);
        else
            map_panel_low(ui, canvas, row + map_rows, columns);
    }
    draw_prompt(ui, canvas, row, columns);
}

/* clang-format off */
static const struct keys_row ROWS[] = {
    {{KEYS_LEFT, 'h'},          DO_WEST,       "arrows, hjkl", NULL,     "the cursor goes a cell, the map along; h is west, ? the help"},
    {{KEYS_RIGHT, 'l'},         DO_EAST,       "arrows, hjkl", NULL,     NULL},
    {{KEYS_UP, 'k'},            DO_NORTH,      "arrows, hjkl", NULL,     NULL},
    {{KEYS_DOWN, 'j'},          DO_SOUTH,      "arrows, hjkl", NULL,     NULL},
    {{'+', '=', KEYS_PAGE_UP},  DO_IN,         "+, PgUp",      "Closer", "closer, about the cursor; so does the mouse's wheel"},
    {{'-', '_', KEYS_PAGE_DOWN}, DO_OUT,       "-, PgDn",      "Wider",  "wider"},
    {{'a', KEYS_HOME},          DO_ALL,        "a, Home",      "All",    "all who are here in view"},
    {{'w', KEYS_END},           DO_WHOLE,      "w, End",       "World",  "the whole world"},
    {{'v'},                     DO_LAYER,      "v",            "Layer",  "players, what they cost in CPU time, what they are sent"},
    {{'g'},                     DO_GO,         "g",            "Go",     "go to a place, x,z in metres, or to a player, by name"},
    {{'f'},                     DO_FOLLOW,     "f",            "Follow", "follow the player nearest the cursor; Esc lets go"},
    {{KEYS_ENTER},              KEYS_DO_ENTER, "Enter",        "Who",    "who is in the cell under the cursor"},
};
/* clang-format on */

const struct screen SCREEN_MAP = {
    .name = "Map",
    .short_name = "Map",
    .key = '3',
    .keys = KEYS_OF(ROWS),
    .state_bytes = sizeof(struct map_state),
    .idle_ms = IDLE_MS,
    .draw = draw,
    .act = act,
    .time = on_time,
    .answered = answered,
    .typed = typed,
    .mouse = mouse,
};
