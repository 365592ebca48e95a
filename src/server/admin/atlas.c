/* atlas.c -- see atlas.h. */
#include "admin/atlas.h"

#include <stdlib.h>
#include <string.h>

#include "sim/command.h"
#include "sim/snapshot.h"

#define WANDERERS_MS 1000 /* how often the figures that no connection holds are looked at */

struct place {
    int32_t x, z; /* units */
};

struct atlas {
    struct presence *presence;
    struct atlas_player *players; /* by session */
    size_t n, room;
    struct place *wanderers;
    size_t wanderers_n, wanderers_room;
    uint32_t tick;
    uint64_t looked_ms, wandered_ms; /* 0: never */
    bool whole;                      /* the walk had room for all */
};

struct atlas *atlas_new(struct presence *presence)
{
    struct atlas *atlas = calloc(1, sizeof(*atlas));

    if (atlas != NULL)
        atlas->presence = presence;
    return atlas;
}

void atlas_free(struct atlas *atlas)
{
    if (atlas == NULL)
        return;
    free(atlas->players);
    free(atlas->wanderers);
    free(atlas);
}

/* Room for one more. -1: out of memory. */
static int grow(void **list, size_t *room, size_t n, size_t bytes)
{
    size_t more = *room > 0 ? *room * 2 : 256;
    void *grown;

    if (n < *room)
        return 0;
    grown = realloc(*list, more * bytes);
    if (grown == NULL)
        return -1;
    *list = grown;
    *room = more;
    return 0;
}

static int by_session(const void *a, const void *b)
{
    const struct atlas_player *left = a, *right = b;

    return (left->session > right->session) - (left->session < right->session);
}

static bool take(void *context, const struct presence_row *row)
{
    struct atlas *atlas = context;

    atlas->whole =
        grow((void **)&atlas->players, &atlas->room, atlas->n, sizeof(*atlas->players)) == 0;
    if (atlas->whole)
        atlas->players[atlas->n++] =
            (struct atlas_player){.session = row->session,
                                  .x = (int32_t)(row->x_m * SPACE_UNITS_PER_M),
                                  .z = (int32_t)(row->z_m * SPACE_UNITS_PER_M),
                                  .cost_us = row->figures.cost_us_per_s,
                                  .out = row->figures.out_per_s,
                                  .in = row->figures.in_per_s};
    return atlas->whole;
}

static int take_wanderers(struct atlas *atlas, const struct snapshot *snapshot)
{
    uint32_t slots_n = snapshot_slots_n(snapshot);

    atlas->wanderers_n = 0;
    if (snapshot_entities_n(snapshot) == snapshot_players_n(snapshot))
        return 0;
    for (uint32_t i = 0; i < slots_n; i++) {
        const struct snapshot_entity *entity = snapshot_slot(snapshot, i);

        if (entity == NULL || !SESSION_SCRIPTED(entity->session))
            continue;
        if (grow((void **)&atlas->wanderers, &atlas->wanderers_room, atlas->wanderers_n,
                 sizeof(struct place)) != 0)
            return -1;
        atlas->wanderers[atlas->wanderers_n++] =
            (struct place){entity->state.pos.x, entity->state.pos.z};
    }
    return 0;
}

int atlas_look(struct atlas *atlas, uint64_t now_ms)
{
    const struct snapshot *snapshot = presence_world(atlas->presence);

    if (atlas->looked_ms > 0 && now_ms < atlas->looked_ms + ATLAS_LOOK_MS)
        return 0;
    atlas->n = 0;
    atlas->whole = true;
    presence_each(atlas->presence, take, atlas);
    if (atlas->n > 0)
        qsort(atlas->players, atlas->n, sizeof(atlas->players[0]), by_session);
    atlas->tick = snapshot != NULL ? snapshot_tick(snapshot) : 0;
    atlas->looked_ms = now_ms;
    if (snapshot != NULL &&
        (atlas->wandered_ms == 0 || now_ms >= atlas->wandered_ms + WANDERERS_MS)) {
        atlas->wandered_ms = now_ms;
        if (take_wanderers(atlas, snapshot) != 0)
            return -1;
    }
    return atlas->whole ? 0 : -1;
}

uint32_t atlas_tick(const struct atlas *atlas)
{
    return atlas->tick;
}

const struct atlas_player *atlas_players(const struct atlas *atlas, size_t *n)
{
    *n = atlas->n;
    return atlas->players;
}

const struct atlas_player *atlas_player(const struct atlas *atlas, uint64_t session)
{
    const struct atlas_player key = {.session = session};

    return atlas->n > 0 ? bsearch(&key, atlas->players, atlas->n, sizeof(key), by_session) : NULL;
}

/* ---- a rectangle ---- */

/* Which bin a place lies in. False: in none. */
static bool bin_of(const struct atlas_grid *grid, int32_t x, int32_t z, uint32_t *index)
{
    int64_t step = (int64_t)grid->step_m * SPACE_UNITS_PER_M;
    int64_t dx = x - (int64_t)grid->x_m * SPACE_UNITS_PER_M;
    int64_t dz = z - (int64_t)grid->z_m * SPACE_UNITS_PER_M;

    if (dx < 0 || dz < 0 || dx >= step * grid->columns || dz >= step * grid->rows)
        return false;
    *index = (uint32_t)(dz / step) * grid->columns + (uint32_t)(dx / step);
    return true;
}

static uint64_t value_of(const struct atlas_player *player, enum atlas_what what)
{
    switch (what) {
    case ATLAS_PLAYERS:
    case ATLAS_FIGURES:
        return 1;
    case ATLAS_COST:
        return player->cost_us;
    case ATLAS_OUT:
        return player->out;
    case ATLAS_WHATS_N:
        break;
    }
    return 0;
}

static void add(struct atlas_sum *sum, const struct atlas_player *player)
{
    sum->players++;
    sum->figures++;
    sum->cost_us += player->cost_us;
    sum->out += player->out;
    sum->in += player->in;
}

static int by_index(const void *a, const void *b)
{
    const struct atlas_bin *left = a, *right = b;

    return (left->index > right->index) - (left->index < right->index);
}

/* Bins of the same index become one. Returns how many there are then. */
static size_t merge(struct atlas_bin *bins, size_t n)
{
    size_t merged = 0;

    for (size_t i = 0; i < n; i++) {
        if (merged > 0 && bins[merged - 1].index == bins[i].index)
            bins[merged - 1].value += bins[i].value;
        else
            bins[merged++] = bins[i];
    }
    return merged;
}

int atlas_bins(const struct atlas *atlas, const struct atlas_grid *grid, enum atlas_what what,
               struct atlas_bin **bins, size_t *n, struct atlas_sum *total)
{
    size_t most = atlas->n + atlas->wanderers_n, found = 0;
    struct atlas_bin *list = malloc((most + 1) * sizeof(*list));
    uint32_t index;

    *total = (struct atlas_sum){0};
    if (list == NULL)
        return -1;
    for (size_t i = 0; i < atlas->n; i++) {
        const struct atlas_player *player = &atlas->players[i];

        if (!bin_of(grid, player->x, player->z, &index))
            continue;
        add(total, player);
        if (value_of(player, what) > 0)
            list[found++] = (struct atlas_bin){index, value_of(player, what)};
    }
    for (size_t i = 0; i < atlas->wanderers_n; i++) {
        if (!bin_of(grid, atlas->wanderers[i].x, atlas->wanderers[i].z, &index))
            continue;
        total->figures++;
        if (what == ATLAS_FIGURES)
            list[found++] = (struct atlas_bin){index, 1};
    }
    qsort(list, found, sizeof(*list), by_index);
    *bins = list;
    *n = merge(list, found);
    return 0;
}

/* ---- a cell ---- */

static bool lies_in(int32_t x, int32_t z, struct space_cell level0)
{
    return x >> SPACE_CELL_SHIFT == level0.x && z >> SPACE_CELL_SHIFT == level0.z;
}

struct atlas_sum atlas_cell(const struct atlas *atlas, struct space_cell level0)
{
    struct atlas_sum sum = {0};

    for (size_t i = 0; i < atlas->n; i++) {
        if (lies_in(atlas->players[i].x, atlas->players[i].z, level0))
            add(&sum, &atlas->players[i]);
    }
    for (size_t i = 0; i < atlas->wanderers_n; i++)
        sum.figures += lies_in(atlas->wanderers[i].x, atlas->wanderers[i].z, level0);
    return sum;
}
