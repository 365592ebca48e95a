/* terrain.c -- see terrain.h. */
#include "world/terrain.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define BUCKETS 4096 /* a power of two */
#define NO_SLOT UINT32_MAX
/* What is coarser than a stitch can bridge to the finest is always cut: whatever the budget holds
 * back, neighbours differ by no more than the stitches know, and nothing gapes. */
#define LEVEL_ALWAYS    (TERRAIN_COARSER - 1)
#define ROOT_EDGE_SHARE 0.75f /* a root's edge is at least this share of the view */

struct slot {
    struct terrain_place place;
    int32_t low, high; /* 1/64 m */
    uint64_t used;     /* the last selection that wanted it; 0: empty */
    uint64_t chosen;   /* the last selection that it is part of, seen or not */
    uint32_t next;     /* in its bucket */
};

struct terrain {
    struct slot slots[TERRAIN_SLOTS];
    uint32_t buckets[BUCKETS];
    struct terrain_draw draws[TERRAIN_SLOTS];
    uint32_t draws_n;
    uint64_t now;
    uint32_t budget_left;
    const struct terrain_look *look; /* during a selection */
};

struct terrain *terrain_new(void)
{
    struct terrain *terrain = calloc(1, sizeof(*terrain));

    if (terrain)
        terrain_clear(terrain);
    return terrain;
}

void terrain_free(struct terrain *terrain)
{
    free(terrain);
}

void terrain_clear(struct terrain *terrain)
{
    memset(terrain->slots, 0, sizeof(terrain->slots));
    memset(terrain->buckets, 0xff, sizeof(terrain->buckets));
    terrain->draws_n = 0;
}

static uint32_t *bucket_of(struct terrain *terrain, struct terrain_place place)
{
    uint32_t hash = (uint32_t)place.x_m * 0x9e3779b1u ^ (uint32_t)place.z_m * 0x85ebca6bu ^
                    place.level * 0xc2b2ae35u;

    return &terrain->buckets[(hash ^ hash >> 15) & (BUCKETS - 1)];
}

static uint32_t find(struct terrain *terrain, struct terrain_place place)
{
    uint32_t at = *bucket_of(terrain, place);

    while (at != NO_SLOT) {
        const struct terrain_place *other = &terrain->slots[at].place;

        if (other->x_m == place.x_m && other->z_m == place.z_m && other->level == place.level)
            break;
        at = terrain->slots[at].next;
    }
    return at;
}

static void forget(struct terrain *terrain, uint32_t slot)
{
    uint32_t *link = bucket_of(terrain, terrain->slots[slot].place);

    while (*link != slot)
        link = &terrain->slots[*link].next;
    *link = terrain->slots[slot].next;
    terrain->slots[slot].used = 0;
}

/* The slot that was wanted longest ago, emptied; NO_SLOT if all are wanted now. */
static uint32_t take_slot(struct terrain *terrain)
{
    uint32_t oldest = 0;

    for (uint32_t i = 1; i < TERRAIN_SLOTS && terrain->slots[oldest].used; i++) {
        if (terrain->slots[i].used < terrain->slots[oldest].used)
            oldest = i;
    }
    if (terrain->slots[oldest].used == terrain->now)
        return NO_SLOT;
    if (terrain->slots[oldest].used)
        forget(terrain, oldest);
    return oldest;
}

/* The chunk's slot, cut now if it is not there and the budget (or `always`) allows; else NO_SLOT.
 */
static uint32_t ensure(struct terrain *terrain, struct terrain_place place, bool always)
{
    const struct terrain_look *look = terrain->look;
    uint32_t at = find(terrain, place);
    uint32_t *bucket = bucket_of(terrain, place);
    struct slot *slot;

    if (at != NO_SLOT) {
        terrain->slots[at].used = terrain->now;
        return at;
    }
    if (!always && !terrain->budget_left)
        return NO_SLOT;
    at = take_slot(terrain);
    if (at == NO_SLOT)
        return NO_SLOT;
    slot = &terrain->slots[at];
    if (look->load(look->context, at, place, &slot->low, &slot->high))
        return NO_SLOT;
    if (!always)
        terrain->budget_left--;
    slot->place = place;
    slot->used = terrain->now;
    slot->chosen = 0;
    slot->next = *bucket;
    *bucket = at;
    return at;
}

/* From the eye to the node's nearest edge in plan, the larger of the two axes. */
static float distance_to(const struct terrain *terrain, struct terrain_place place)
{
    const float unit = 1.0f / SPACE_UNITS_PER_M;
    float x = (float)terrain->look->eye.x * unit - (float)place.x_m;
    float z = (float)terrain->look->eye.z * unit - (float)place.z_m;
    float edge = (float)terrain_edge_m(place.level);
    float dx = x < 0 ? -x : x > edge ? x - edge : 0;
    float dz = z < 0 ? -z : z > edge ? z - edge : 0;

    return dx > dz ? dx : dz;
}

static bool sees(const struct terrain *terrain, const struct slot *slot)
{
    const struct terrain_look *look = terrain->look;
    int32_t edge = terrain_edge_m(slot->place.level);
    struct space_pos low = {slot->place.x_m * SPACE_UNITS_PER_M, slot->low * 64,
                            slot->place.z_m * SPACE_UNITS_PER_M};
    struct space_pos high = {(slot->place.x_m + edge) * SPACE_UNITS_PER_M, slot->high * 64,
                             (slot->place.z_m + edge) * SPACE_UNITS_PER_M};

    return look->sees(look->context, low, high);
}

static struct terrain_place child_of(struct terrain_place place, unsigned i)
{
    int32_t half = terrain_edge_m(place.level - 1);

    return (struct terrain_place){place.x_m + (i & 1 ? half : 0), place.z_m + (i & 2 ? half : 0),
                                  place.level - 1};
}

static void visit(struct terrain *terrain, struct terrain_place place, bool is_root)
{
    float distance = distance_to(terrain, place);
    uint32_t slot;
    bool whole = true;

    if (distance > terrain->look->view_m)
        return;
    slot = ensure(terrain, place, is_root || place.level >= LEVEL_ALWAYS);
    if (place.level && distance < terrain->look->detail * (float)terrain_edge_m(place.level)) {
        for (unsigned i = 0; i < 4; i++)
            whole =
                ensure(terrain, child_of(place, i), place.level > LEVEL_ALWAYS) != NO_SLOT && whole;
        if (whole) {
            for (unsigned i = 0; i < 4; i++)
                visit(terrain, child_of(place, i), false);
            return;
        }
    }
    if (slot == NO_SLOT)
        return;
    terrain->slots[slot].chosen = terrain->now;
    if (terrain->draws_n < TERRAIN_SLOTS && sees(terrain, &terrain->slots[slot]))
        terrain->draws[terrain->draws_n++] =
            (struct terrain_draw){.place = place, .slot = slot, .distance_m = distance};
}

static int by_distance(const void *a, const void *b)
{
    const struct terrain_draw *first = a, *second = b;

    if (first->distance_m != second->distance_m)
        return first->distance_m < second->distance_m ? -1 : 1;
    return first->slot < second->slot ? -1 : first->slot > second->slot;
}

static int32_t floor_to(int64_t value, int32_t edge)
{
    int64_t rest = value % edge;

    return (int32_t)(value - rest - (rest < 0 ? edge : 0));
}

/* By how many levels the chosen chunk at that point is coarser than `level`; 0 where it is not. */
static uint8_t coarser_at(struct terrain *terrain, unsigned level, int32_t x_m, int32_t z_m)
{
    for (unsigned more = 1; level + more < TERRAIN_LEVELS_MAX; more++) {
        int32_t edge = terrain_edge_m(level + more);
        struct terrain_place place = {floor_to(x_m, edge), floor_to(z_m, edge), level + more};
        uint32_t at = find(terrain, place);

        if (at != NO_SLOT && terrain->slots[at].chosen == terrain->now)
            return more < TERRAIN_COARSER ? (uint8_t)more : TERRAIN_COARSER - 1;
    }
    return 0;
}

static struct terrain_stitch stitch_of(struct terrain *terrain, struct terrain_place place)
{
    int32_t edge = terrain_edge_m(place.level);

    return (struct terrain_stitch){
        .north = coarser_at(terrain, place.level, place.x_m, place.z_m - 1),
        .south = coarser_at(terrain, place.level, place.x_m, place.z_m + edge),
        .west = coarser_at(terrain, place.level, place.x_m - 1, place.z_m),
        .east = coarser_at(terrain, place.level, place.x_m + edge, place.z_m),
    };
}

const struct terrain_draw *terrain_select(struct terrain *terrain, const struct terrain_look *look,
                                          uint32_t *n)
{
    int32_t view_m = (int32_t)look->view_m;
    int32_t x_m = look->eye.x >> SPACE_UNITS_SHIFT, z_m = look->eye.z >> SPACE_UNITS_SHIFT;
    unsigned level = 0;
    int32_t edge;

    assert(look->detail >= 1.0f);
    while (level + 1 < TERRAIN_LEVELS_MAX &&
           (float)terrain_edge_m(level) < ROOT_EDGE_SHARE * look->view_m)
        level++;
    edge = terrain_edge_m(level);
    terrain->look = look;
    terrain->budget_left = look->budget;
    terrain->draws_n = 0;
    terrain->now++;
    for (int32_t z = floor_to((int64_t)z_m - view_m, edge); z <= z_m + view_m; z += edge) {
        for (int32_t x = floor_to((int64_t)x_m - view_m, edge); x <= x_m + view_m; x += edge)
            visit(terrain, (struct terrain_place){x, z, level}, true);
    }
    terrain->look = NULL;
    for (uint32_t i = 0; i < terrain->draws_n; i++)
        terrain->draws[i].stitch = stitch_of(terrain, terrain->draws[i].place);
    qsort(terrain->draws, terrain->draws_n, sizeof(terrain->draws[0]), by_distance);
    *n = terrain->draws_n;
    return terrain->draws;
}
