/* world.h -- part of the model: the world as the map shows it (world.show, heights, population,
 * players, cell, player). */
#ifndef OPENMMO_CONSOLE_WORLD_H
#define OPENMMO_CONSOLE_WORLD_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "ground.h"

struct model;

#define MODEL_WORLD_BINS    16384
#define MODEL_WORLD_PLAYERS 200
#define MODEL_WORLD_TRAIL   12 /* places of the one who is followed */

struct model_world_player {
    char name[256], session[24], account[24], address[64], pose[12];
    double x, z; /* metres */
    int64_t cost_us, out;
};

/* The nearest of a rectangle. */
struct model_world_list {
    struct model_world_player rows[MODEL_WORLD_PLAYERS];
    size_t n;
    int64_t matched;     /* all in the rectangle */
    int32_t x, z, width; /* the rectangle that was asked for */
};

/* Square bins of a rectangle, those that hold anything. */
struct model_world_population {
    bool known;
    int32_t x, z, step, columns, rows; /* as was asked */
    char what[12];
    struct model_world_bin {
        uint32_t index;
        float value;
    } bins[MODEL_WORLD_BINS];
    size_t n;
    int64_t players, figures, cost_us, out, most;
};

struct model_world_cell {
    bool known;
    int32_t i, j, x, z;
    double height;
    int64_t players, figures, cost_us, out, in, leaves, block_bytes, update_bytes;
};

struct model_world_trail {
    int64_t tick;
    double x, z;
};

/* The one who is followed. */
struct model_world_one {
    bool known;
    char name[256], session[24], pose[12];
    double x, y, z, speed_m_s;
    int64_t tick, yaw, rtt_us, cost_us, out, cells;
    struct model_world_trail trail[MODEL_WORLD_TRAIL]; /* the newest last */
    size_t trail_n;
};

struct model_world {
    bool known;
    int32_t size_m, cell_m, spawn_radius_m;
    double lowest_m, highest_m;
    int64_t hz, players, figures, hidden, cells, divided;
    struct ground ground;
    struct model_world_population population;
    struct model_world_list near, there; /* of the view; of the cell */
    struct model_world_cell cell;
    struct model_world_one one;
};

void model_world_fini(struct model_world *world); /* frees; a zeroed one is fine */

/* Takes world.show. */
void model_world_take(struct model *model, const json_t *params, const json_t *data);
/* Takes world.heights. */
void model_world_take_heights(struct model *model, const json_t *params, const json_t *data);
/* Takes world.population. */
void model_world_take_population(struct model *model, const json_t *params, const json_t *data);
/* Of a rectangle of one cell's size: those who are there; else those who are near. */
void model_world_take_players(struct model *model, const json_t *params, const json_t *data);
/* Takes world.cell. */
void model_world_take_cell(struct model *model, const json_t *params, const json_t *data);
/* Takes world.player. */
void model_world_take_one(struct model *model, const json_t *params, const json_t *data);

#endif
