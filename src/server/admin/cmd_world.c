/* cmd_world.c -- the world as an operator looks at it: how it lies, who stands where, what that
 * costs. Numbers of a place are those of the players who stand there (atlas.h). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "admin/atlas.h"
#include "admin/method.h"
#include "admin/relief.h"
#include "common/clock.h"
#include "common/movement.h"
#include "sim/sim.h"

#define SIDE_MAX_M   (SPACE_LIMIT_UNITS / SPACE_UNITS_PER_M)
#define LIST_DEFAULT 50
#define LIST_MAX     500
#define YAW_DEGREES  (360.0 / 65536)
#define HEIGHT_PER_M 64.0

/* To a 64th, as players are told of places: such numbers are short in JSON, which tenths are not.
 */
static double to_64th(double metres)
{
    return floor(metres * 64) / 64;
}

static double metres(int32_t units)
{
    return to_64th((double)units / SPACE_UNITS_PER_M);
}

/* The atlas as of now. NULL: the call is over (failed). */
static struct atlas *looked(struct method_call *call)
{
    if (atlas_look(call->desk->atlas, clock_steady_ms()) == 0)
        return call->desk->atlas;
    method_fail(call, "out of memory");
    return NULL;
}

/* ---- the whole ---- */

struct count {
    json_int_t cells, divided, hidden;
};

/* A divided cell is known besides its leaves, and holds nobody itself. */
static struct count count_cells(const struct snapshot *world)
{
    uint32_t n = world != NULL ? snapshot_cells_n(world) : 0;
    struct count count = {0};

    for (uint32_t i = 0; i < n; i++) {
        const struct snapshot_cell *cell = snapshot_cell_numbered(world, i);
        const struct snapshot_cell *leaves[SPACE_LEAVES_MAX];
        size_t leaves_n;
        uint32_t members_n = 0;

        if (cell == NULL)
            continue;
        if (snapshot_cell_layer(cell) != 0) {
            count.hidden += snapshot_cell_members_n(cell);
            continue;
        }
        if (snapshot_cell_at(cell).level != 0)
            continue;
        leaves_n = snapshot_leaves(world, snapshot_cell_at(cell), 0, leaves);
        for (size_t j = 0; j < leaves_n; j++)
            members_n += snapshot_cell_members_n(leaves[j]);
        count.cells += members_n > 0;
        count.divided += leaves_n > 1;
    }
    return count;
}

static void run_show(struct method_call *call)
{
    const struct admin_config *config = call->desk->config;
    const struct snapshot *world = presence_world(config->presence);
    struct count count = count_cells(world);
    double lowest_m, highest_m;

    relief_range(call->desk->relief, &lowest_m, &highest_m);
    method_done(
        call,
        json_pack("{s:i, s:i, s:i, s:I, s:{s:i, s:i, s:i}, s:f, s:f, s:I, s:I, s:I, s:I, s:I, s:I}",
                  "size_m", (int)heightfield_size_m(config->field), "cell_m", SPACE_CELL_M, "hz",
                  SIM_TICK_HZ, "seed", (json_int_t)heightfield_seed(config->field), "spawn", "x", 0,
                  "z", 0, "radius_m", (int)config->spawn_radius_m, "lowest_m", lowest_m,
                  "highest_m", highest_m, "tick",
                  (json_int_t)(world != NULL ? snapshot_tick(world) : 0), "players",
                  (json_int_t)presence_n(config->presence), "figures",
                  (json_int_t)(world != NULL ? snapshot_entities_n(world) : 0), "hidden",
                  count.hidden, "cells", count.cells, "divided", count.divided));
}

static void run_heights(struct method_call *call)
{
    struct relief_grid grid = {
        (int32_t)method_integer(call, "x", 0), (int32_t)method_integer(call, "z", 0),
        (uint32_t)method_integer(call, "step", 1), (uint32_t)method_integer(call, "columns", 1),
        (uint32_t)method_integer(call, "rows", 1)};
    json_t *heights;

    if (grid.columns * grid.rows > RELIEF_SAMPLES_MAX) {
        method_misused(call, "columns times rows is at most %d", RELIEF_SAMPLES_MAX);
        return;
    }
    heights = relief_heights(call->desk->relief, &grid, clock_steady_ms());
    if (heights == NULL)
        method_fail(call, "too much of the ground was asked for in this second: ask again");
    else
        method_done(call, json_pack("{s:o}", "heights", heights));
}

/* ---- a rectangle ---- */

/* clang-format off */
static const char *const WHATS[] = {"players", "figures", "cost", "out", NULL};
/* clang-format on */
_Static_assert(sizeof(WHATS) / sizeof(WHATS[0]) == ATLAS_WHATS_N + 1, "one word each");

/* Each bin as two numbers: how many empty ones before it, and its value. */
static json_t *bins_json(const struct atlas_bin *bins, size_t n, uint64_t *most)
{
    json_t *list = json_array();
    uint32_t next = 0;

    *most = 0;
    for (size_t i = 0; i < n; i++) {
        json_array_append_new(list, json_integer(bins[i].index - next));
        json_array_append_new(list, json_integer((json_int_t)bins[i].value));
        next = bins[i].index + 1;
        *most = bins[i].value > *most ? bins[i].value : *most;
    }
    return list;
}

static struct atlas_grid grid_of(const struct method_call *call)
{
    return (struct atlas_grid){
        (int32_t)method_integer(call, "x", 0), (int32_t)method_integer(call, "z", 0),
        (uint32_t)method_integer(call, "step", 1), (uint32_t)method_integer(call, "columns", 1),
        (uint32_t)method_integer(call, "rows", 1)};
}

static void run_population(struct method_call *call)
{
    enum atlas_what what = (enum atlas_what)method_word(call, "what", ATLAS_PLAYERS);
    struct atlas *atlas = looked(call);
    struct atlas_grid grid = grid_of(call);
    struct atlas_bin *bins;
    struct atlas_sum total;
    uint64_t most;
    json_t *list;
    size_t n;

    if (atlas == NULL)
        return;
    if (atlas_bins(atlas, &grid, what, &bins, &n, &total) != 0) {
        method_fail(call, "out of memory");
        return;
    }
    list = bins_json(bins, n, &most);
    free(bins);
    method_done(call, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:o}", "tick",
                                (json_int_t)atlas_tick(atlas), "players", (json_int_t)total.players,
                                "figures", (json_int_t)total.figures, "cost_us_per_s",
                                (json_int_t)total.cost_us, "out_per_s", (json_int_t)total.out,
                                "most", (json_int_t)most, "bins", list));
}

struct near {
    const struct atlas_player *player;
    double far;
};

static int by_far(const void *a, const void *b)
{
    const struct near *left = a, *right = b;

    return (left->far > right->far) - (left->far < right->far);
}

/* Those in the rectangle from (x, z), nearest its middle first. Returns how many; the caller frees
 * *list. */
static size_t nearest(const struct atlas *atlas, const struct atlas_grid *grid, struct near **list)
{
    double half_x = (double)grid->columns * grid->step_m / 2;
    double half_z = (double)grid->rows * grid->step_m / 2;
    const struct atlas_player *players;
    size_t n, found = 0;

    players = atlas_players(atlas, &n);
    *list = malloc((n + 1) * sizeof(**list));
    for (size_t i = 0; *list != NULL && i < n; i++) {
        double dx = (double)players[i].x / SPACE_UNITS_PER_M - grid->x_m - half_x;
        double dz = (double)players[i].z / SPACE_UNITS_PER_M - grid->z_m - half_z;

        if (fabs(dx) <= half_x && fabs(dz) <= half_z)
            (*list)[found++] = (struct near){&players[i], dx * dx + dz * dz};
    }
    if (found > 0)
        qsort(*list, found, sizeof(**list), by_far);
    return found;
}

static const char *pose_of(const struct admin_config *config, const struct presence_row *row)
{
    static const char *const POSES[] = {[MOVEMENT_STANDING] = "standing",
                                        [MOVEMENT_WALKING] = "walking",
                                        [MOVEMENT_RUNNING] = "running",
                                        [MOVEMENT_JUMPING] = "jumping"};
    const struct snapshot *world = presence_world(config->presence);
    const struct snapshot_entity *entity =
        world != NULL ? snapshot_entity(world, row->entity) : NULL;

    return row->away        ? "away"
           : entity != NULL ? POSES[entity->state.pose]
                            : POSES[MOVEMENT_STANDING];
}

/* In a few words, for lists of many. */
static json_t *dot_json(const struct admin_config *config, const struct atlas_player *player)
{
    struct presence_row row;

    if (presence_row(config->presence, player->session, &row) != 0)
        return NULL;
    return json_pack("{s:s, s:o, s:o, s:s, s:f, s:f, s:s, s:I, s:I}", "name", row.name, "session",
                     method_id_json(row.session), "player", method_id_json(row.player), "address",
                     row.figures.address, "x", metres(player->x), "z", metres(player->z), "pose",
                     pose_of(config, &row), "cost_us_per_s", (json_int_t)player->cost_us,
                     "out_per_s", (json_int_t)player->out);
}

static void run_players(struct method_call *call)
{
    size_t most = (size_t)method_integer(call, "limit", LIST_DEFAULT), n;
    struct atlas_grid grid = {
        (int32_t)method_integer(call, "x", 0), (int32_t)method_integer(call, "z", 0), 1,
        (uint32_t)method_integer(call, "width", 1), (uint32_t)method_integer(call, "depth", 1)};
    struct atlas *atlas = looked(call);
    struct near *list;
    json_t *players;

    if (atlas == NULL)
        return;
    n = nearest(atlas, &grid, &list);
    if (list == NULL) {
        method_fail(call, "out of memory");
        return;
    }
    players = json_array();
    for (size_t i = 0; i < n && i < most; i++) {
        json_t *dot = dot_json(call->desk->config, list[i].player);

        if (dot != NULL) /* he has not just left */
            json_array_append_new(players, dot);
    }
    free(list);
    method_done(call, json_pack("{s:I, s:I, s:o}", "tick", (json_int_t)atlas_tick(atlas), "matched",
                                (json_int_t)n, "players", players));
}

/* ---- a cell ---- */

/* What a cell's blocks weigh. */
struct weight {
    json_int_t full, update; /* bytes: all of it; what the last tick changed */
    json_int_t leaves, parts;
};

/* Control has an arena of its own behind those of the io threads. */
static struct weight weigh(const struct admin_config *config, struct space_cell level0)
{
    struct snapshot *world = presence_world(config->presence);
    const struct snapshot_cell *leaves[SPACE_LEAVES_MAX];
    unsigned arena = sessions_threads(config->sessions);
    struct weight weight = {0};
    struct snapshot_block block;

    weight.leaves = world != NULL ? (json_int_t)snapshot_leaves(world, level0, 0, leaves) : 0;
    for (json_int_t i = 0; i < weight.leaves; i++) {
        for (uint16_t part = 0; part < snapshot_cell_parts(leaves[i]); part++) {
            if (snapshot_block(world, leaves[i], part, CELLBLOCK_NONE, 0, arena, &block) == 1)
                weight.full += block.bytes_n;
            if (snapshot_block(world, leaves[i], part, snapshot_tick(world) - 1, 0, arena,
                               &block) == 1)
                weight.update += block.bytes_n;
            weight.parts++;
        }
    }
    return weight;
}

static void run_cell(struct method_call *call)
{
    const struct admin_config *config = call->desk->config;
    int32_t x_m = (int32_t)method_integer(call, "x", 0),
            z_m = (int32_t)method_integer(call, "z", 0);
    struct space_cell cell = {x_m >> 6, z_m >> 6, 0}; /* floor, as everywhere */
    struct atlas *atlas = looked(call);
    struct weight weight;
    struct atlas_sum sum;

    _Static_assert(SPACE_CELL_M == 1 << 6, "of a cell's edge");
    if (atlas == NULL)
        return;
    sum = atlas_cell(atlas, cell);
    weight = weigh(config, cell);
    method_done(
        call,
        json_pack("{s:[i,i], s:i, s:i, s:f, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}",
                  "cell", cell.x, cell.z, "x", cell.x * SPACE_CELL_M, "z", cell.z * SPACE_CELL_M,
                  "height", heightfield_sample(config->field, x_m, z_m) / HEIGHT_PER_M, "tick",
                  (json_int_t)atlas_tick(atlas), "players", (json_int_t)sum.players, "figures",
                  (json_int_t)sum.figures, "cost_us_per_s", (json_int_t)sum.cost_us, "out_per_s",
                  (json_int_t)sum.out, "in_per_s", (json_int_t)sum.in, "leaves", weight.leaves,
                  "parts", weight.parts, "block_bytes", weight.full, "update_bytes",
                  weight.update));
}

/* ---- one ---- */

struct wanted {
    char key[TEXT_NAME_KEY_BYTES];
    struct presence_row *row;
};

static bool named(void *context, const struct presence_row *row)
{
    struct wanted *wanted = context;
    char key[TEXT_NAME_KEY_BYTES];

    if (text_fold(row->name, strlen(row->name), key, sizeof(key)) < 0 ||
        strcmp(key, wanted->key) != 0)
        return true;
    *wanted->row = *row;
    return false;
}

/* The row of the one that the parameters name. False: the call is over (failed). */
static bool find(struct method_call *call, struct presence_row *row)
{
    struct presence *presence = call->desk->config->presence;
    const char *name = method_text(call, "name", NULL);
    struct wanted wanted = {.row = row};

    *row = (struct presence_row){0};
    if (method_given(call, "name") == method_given(call, "session")) {
        method_misused(call, "name the player by name or by session");
        return false;
    }
    if (name == NULL) {
        if (presence_row(presence, method_id(call, "session", 0), row) == 0)
            return true;
        method_fail(call, "there is no session %llu",
                    (unsigned long long)method_id(call, "session", 0));
        return false;
    }
    if (text_fold(name, strlen(name), wanted.key, sizeof(wanted.key)) >= 0)
        presence_each(presence, named, &wanted);
    if (row->session == 0)
        method_fail(call, "nobody by that name is here");
    return row->session != 0;
}

/* Small, for it is asked for several times a second by whoever follows somebody. */
static void run_player(struct method_call *call)
{
    const struct admin_config *config = call->desk->config;
    const struct snapshot *world = presence_world(config->presence);
    const struct snapshot_entity *entity;
    const struct atlas_player *player;
    struct atlas *atlas = looked(call);
    struct presence_row row;

    if (atlas == NULL || !find(call, &row))
        return;
    player = atlas_player(atlas, row.session);
    entity = world != NULL ? snapshot_entity(world, row.entity) : NULL;
    method_done(call,
                json_pack("{s:s, s:o, s:I, s:f, s:f, s:f, s:i, s:s, s:I, s:I, s:I, s:I}", "name",
                          row.name, "session", method_id_json(row.session), "tick",
                          (json_int_t)(world != NULL ? snapshot_tick(world) : 0), "x",
                          to_64th(row.x_m), "y", to_64th(row.y_m), "z", to_64th(row.z_m), "yaw",
                          entity != NULL ? (int)(entity->state.yaw * YAW_DEGREES) : 0, "pose",
                          pose_of(config, &row), "rtt_us", (json_int_t)row.figures.rtt_us,
                          "cost_us_per_s",
                          player != NULL ? (json_int_t)player->cost_us : (json_int_t)0, "out_per_s",
                          player != NULL ? (json_int_t)player->out : (json_int_t)0, "cells",
                          (json_int_t)row.figures.cells));
}

/* clang-format off */
static const struct method_param HEIGHTS[] = {
    {"x",       METHOD_INTEGER, true, -SIDE_MAX_M, SIDE_MAX_M,    NULL, "Metres from the world's middle, to the east: the first sample of a row."},
    {"z",       METHOD_INTEGER, true, -SIDE_MAX_M, SIDE_MAX_M,    NULL, "The same, to the south: the first row."},
    {"step",    METHOD_INTEGER, true, 1, RELIEF_STEP_MAX_M,       NULL, "Metres from a sample to the next."},
    {"columns", METHOD_INTEGER, true, 1, RELIEF_SAMPLES_MAX,      NULL, "Samples in a row."},
    {"rows",    METHOD_INTEGER, true, 1, RELIEF_SAMPLES_MAX,      NULL, "Rows; columns times rows is at most 4096."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param POPULATION[] = {
    {"x",       METHOD_INTEGER, true, -SIDE_MAX_M, SIDE_MAX_M,    NULL, "The rectangle's western edge, in metres from the world's middle."},
    {"z",       METHOD_INTEGER, true, -SIDE_MAX_M, SIDE_MAX_M,    NULL, "Its northern edge."},
    {"step",    METHOD_INTEGER, true, 1, RELIEF_STEP_MAX_M,       NULL, "The edge of a bin, in metres."},
    {"columns", METHOD_INTEGER, true, 1, ATLAS_SIDE_MAX,          NULL, "Bins from west to east."},
    {"rows",    METHOD_INTEGER, true, 1, ATLAS_SIDE_MAX,          NULL, "Bins from north to south."},
    {"what",    METHOD_WORD,    false, 0, 0,                      WHATS, "What is counted: players (if not given), all figures, cost (us of CPU time a second), out (bytes a second)."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param PLAYERS[] = {
    {"x",       METHOD_INTEGER, true, -SIDE_MAX_M, SIDE_MAX_M,    NULL, "The rectangle's western edge, in metres from the world's middle."},
    {"z",       METHOD_INTEGER, true, -SIDE_MAX_M, SIDE_MAX_M,    NULL, "Its northern edge."},
    {"width",   METHOD_INTEGER, true, 1, 2 * SIDE_MAX_M,          NULL, "Metres from west to east."},
    {"depth",   METHOD_INTEGER, true, 1, 2 * SIDE_MAX_M,          NULL, "Metres from north to south."},
    {"limit",   METHOD_INTEGER, false, 1, LIST_MAX,               NULL, "At most so many, those nearest the middle; 50 if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param CELL[] = {
    {"x",       METHOD_INTEGER, true, -SIDE_MAX_M, SIDE_MAX_M,    NULL, "A place in the cell: metres from the world's middle, to the east."},
    {"z",       METHOD_INTEGER, true, -SIDE_MAX_M, SIDE_MAX_M,    NULL, "The same, to the south."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};
static const struct method_param PLAYER[] = {
    {"name",    METHOD_TEXT, false, 1, TEXT_NAME_MAX_BYTES, NULL, "The player's name."},
    {"session", METHOD_ID,   false, 0, 0,                   NULL, "Or the session, as players.list says."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_WORLD[] = {
    {"world.show", ROLE_VIEWER, false, run_show, NULL,
     "The world: its size, where newcomers begin, how many are in it and in how many cells."},
    {"world.heights", ROLE_VIEWER, false, run_heights, HEIGHTS,
     "How high the ground is, in a grid of samples. It never changes."},
    {"world.population", ROLE_VIEWER, false, run_population, POPULATION,
     "Where players are in a rectangle, or what they cost, or are sent, counted in square bins."},
    {"world.players", ROLE_VIEWER, false, run_players, PLAYERS,
     "The players in a rectangle, nearest its middle first."},
    {"world.cell", ROLE_VIEWER, false, run_cell, CELL,
     "One cell of the world: how many stand in it, what they cost and are sent, what its blocks weigh."},
    {"world.player", ROLE_VIEWER, false, run_player, PLAYER,
     "Where one player is at this moment, and how he moves: for who follows him."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
