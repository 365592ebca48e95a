/* world.c -- see world.h. */
#include "world.h"

#include <math.h>
#include <string.h>

#include "fields.h"
#include "model.h"

#define TRAIL_TICKS 25 /* a speed is measured over so many at most */
#define LEAP_M_S    40 /* who is faster was put elsewhere */

void model_world_fini(struct model_world *world)
{
    ground_fini(&world->ground);
}

void model_world_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_world *world = &model->world;
    const json_t *spawn = json_object_get(data, "spawn");

    (void)params;
    world->size_m = (int32_t)fields_integer(data, "size_m");
    world->cell_m = (int32_t)fields_integer(data, "cell_m");
    world->known = world->size_m > 0 && world->cell_m > 0;
    world->spawn_radius_m = (int32_t)fields_integer(spawn, "radius_m");
    world->lowest_m = fields_number(data, "lowest_m");
    world->highest_m = fields_number(data, "highest_m");
    world->hz = fields_integer(data, "hz");
    world->players = fields_integer(data, "players");
    world->figures = fields_integer(data, "figures");
    world->hidden = fields_integer(data, "hidden");
    world->cells = fields_integer(data, "cells");
    world->divided = fields_integer(data, "divided");
}

void model_world_take_heights(struct model *model, const json_t *params, const json_t *data)
{
    ground_take(&model->world.ground, params, data);
}

/* ---- population ---- */

/* Pairs: how many empty bins before it, and its value. */
static void take_bins(struct model_world_population *population, const json_t *list)
{
    uint64_t next = 0, all = (uint64_t)population->columns * (uint64_t)population->rows;

    population->n = 0;
    for (size_t i = 0; i + 1 < json_array_size(list) && population->n < MODEL_WORLD_BINS; i += 2) {
        json_int_t skip = json_integer_value(json_array_get(list, i));
        json_int_t value = json_integer_value(json_array_get(list, i + 1));

        if (skip < 0 || (uint64_t)skip >= all || next + (uint64_t)skip >= all)
            return;
        next += (uint64_t)skip;
        population->bins[population->n++] = (struct model_world_bin){(uint32_t)next, (float)value};
        next++;
    }
}

void model_world_take_population(struct model *model, const json_t *params, const json_t *data)
{
    struct model_world_population *population = &model->world.population;

    population->x = (int32_t)fields_integer(params, "x");
    population->z = (int32_t)fields_integer(params, "z");
    population->step = (int32_t)fields_integer(params, "step");
    population->columns = (int32_t)fields_integer(params, "columns");
    population->rows = (int32_t)fields_integer(params, "rows");
    population->known = population->step > 0 && population->columns > 0 && population->rows > 0;
    fields_text(population->what, sizeof(population->what), params, "what");
    population->players = fields_integer(data, "players");
    population->figures = fields_integer(data, "figures");
    population->cost_us = fields_integer(data, "cost_us_per_s");
    population->out = fields_integer(data, "out_per_s");
    population->most = fields_integer(data, "most");
    population->n = 0;
    if (population->known)
        take_bins(population, json_object_get(data, "bins"));
}

/* ---- players ---- */

void model_world_take_players(struct model *model, const json_t *params, const json_t *data)
{
    struct model_world *world = &model->world;
    int32_t width = (int32_t)fields_integer(params, "width");
    int32_t depth = (int32_t)fields_integer(params, "depth");
    struct model_world_list *list =
        width == world->cell_m && depth == world->cell_m ? &world->there : &world->near;
    const json_t *row;
    size_t i;

    list->n = 0;
    list->x = (int32_t)fields_integer(params, "x");
    list->z = (int32_t)fields_integer(params, "z");
    list->width = width;
    list->matched = fields_integer(data, "matched");
    json_array_foreach(json_object_get(data, "players"), i, row)
    {
        struct model_world_player *player = &list->rows[list->n];

        if (i == MODEL_WORLD_PLAYERS)
            break;
        fields_text(player->name, sizeof(player->name), row, "name");
        fields_text(player->session, sizeof(player->session), row, "session");
        fields_text(player->account, sizeof(player->account), row, "player");
        fields_text(player->address, sizeof(player->address), row, "address");
        fields_text(player->pose, sizeof(player->pose), row, "pose");
        player->x = fields_number(row, "x");
        player->z = fields_number(row, "z");
        player->cost_us = fields_integer(row, "cost_us_per_s");
        player->out = fields_integer(row, "out_per_s");
        list->n++;
    }
}

void model_world_take_cell(struct model *model, const json_t *params, const json_t *data)
{
    struct model_world_cell *cell = &model->world.cell;
    const json_t *indices = json_object_get(data, "cell");

    (void)params;
    cell->known = json_array_size(indices) == 2;
    cell->i = (int32_t)json_integer_value(json_array_get(indices, 0));
    cell->j = (int32_t)json_integer_value(json_array_get(indices, 1));
    cell->x = (int32_t)fields_integer(data, "x");
    cell->z = (int32_t)fields_integer(data, "z");
    cell->height = fields_number(data, "height");
    cell->players = fields_integer(data, "players");
    cell->figures = fields_integer(data, "figures");
    cell->cost_us = fields_integer(data, "cost_us_per_s");
    cell->out = fields_integer(data, "out_per_s");
    cell->in = fields_integer(data, "in_per_s");
    cell->leaves = fields_integer(data, "leaves");
    cell->block_bytes = fields_integer(data, "block_bytes");
    cell->update_bytes = fields_integer(data, "update_bytes");
}

/* ---- who is followed ---- */

static double speed_of(const struct model_world_trail *from, const struct model_world_trail *to,
                       int64_t hz)
{
    int64_t ticks = to->tick - from->tick;

    return ticks > 0 && hz > 0
               ? hypot(to->x - from->x, to->z - from->z) * (double)hz / (double)ticks
               : 0;
}

/* One more place; the speed is that of the last second. */
static void move_on(struct model_world_one *one, int64_t hz)
{
    const struct model_world_trail now = {one->tick, one->x, one->z};
    const struct model_world_trail *last =
        one->trail_n > 0 ? &one->trail[one->trail_n - 1] : &now; /* now: looked at by nobody */
    size_t first = 0;

    if (one->trail_n > 0 && (now.tick < last->tick || speed_of(last, &now, hz) > LEAP_M_S))
        one->trail_n = 0;
    if (one->trail_n > 0 && now.tick == last->tick)
        return;
    if (one->trail_n == MODEL_WORLD_TRAIL) {
        memmove(one->trail, one->trail + 1, (MODEL_WORLD_TRAIL - 1) * sizeof(one->trail[0]));
        one->trail_n--;
    }
    one->trail[one->trail_n++] = now;
    while (first + 1 < one->trail_n && now.tick - one->trail[first].tick > TRAIL_TICKS)
        first++;
    one->speed_m_s = speed_of(&one->trail[first], &now, hz);
}

void model_world_take_one(struct model *model, const json_t *params, const json_t *data)
{
    struct model_world_one *one = &model->world.one;
    char session[sizeof(one->session)];

    (void)params;
    fields_text(session, sizeof(session), data, "session");
    if (strcmp(session, one->session) != 0)
        *one = (struct model_world_one){0};
    one->known = session[0] != '\0';
    strcpy(one->session, session);
    fields_text(one->name, sizeof(one->name), data, "name");
    fields_text(one->pose, sizeof(one->pose), data, "pose");
    one->tick = fields_integer(data, "tick");
    one->x = fields_number(data, "x");
    one->y = fields_number(data, "y");
    one->z = fields_number(data, "z");
    one->yaw = fields_integer(data, "yaw");
    one->rtt_us = fields_integer(data, "rtt_us");
    one->cost_us = fields_integer(data, "cost_us_per_s");
    one->out = fields_integer(data, "out_per_s");
    one->cells = fields_integer(data, "cells");
    move_on(one, model->world.hz);
}
