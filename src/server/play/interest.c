/* interest.c -- see interest.h. */
#include "play/interest.h"

#include <stdlib.h>
#include <string.h>

#include "common/cellblock.h"

/* Between the nearest points of two cells, in m, squared. */
static int64_t gap2(struct space_cell a, struct space_cell b)
{
    int64_t dx = llabs((int64_t)a.x - b.x), dz = llabs((int64_t)a.z - b.z);

    dx = dx > 0 ? (dx - 1) * SPACE_CELL_M : 0;
    dz = dz > 0 ? (dz - 1) * SPACE_CELL_M : 0;
    return dx * dx + dz * dz;
}

static uint32_t distance2(struct space_cell a, struct space_cell b)
{
    int64_t dx = (int64_t)a.x - b.x, dz = (int64_t)a.z - b.z;

    return (uint32_t)(dx * dx + dz * dz);
}

static int compare_offsets(const void *a, const void *b)
{
    const struct space_cell *p = a, *q = b, zero = {.x = 0, .z = 0};
    uint32_t dp = distance2(*p, zero), dq = distance2(*q, zero);

    if (dp != dq)
        return dp < dq ? -1 : 1;
    if (p->x != q->x)
        return p->x < q->x ? -1 : 1;
    return p->z < q->z ? -1 : p->z > q->z;
}

struct interest_shape *interest_shape_new(uint32_t serial, uint16_t view_m, int32_t world_size_m)
{
    struct interest_shape *shape = calloc(1, sizeof(*shape));
    int32_t radius = view_m / SPACE_CELL_M + 2;
    size_t side = 2 * (size_t)radius + 1;

    if (shape == NULL)
        return NULL;
    shape->serial = serial;
    shape->view2 = (int64_t)view_m * view_m;
    shape->keep2 = (int64_t)(view_m + SPACE_CELL_M) * (view_m + SPACE_CELL_M);
    shape->world_half = world_size_m / 2 / SPACE_CELL_M;
    shape->radius = radius;
    shape->near = calloc(side * side, sizeof(*shape->near));
    shape->held = calloc(side * side, sizeof(*shape->held));
    if (shape->near == NULL || shape->held == NULL) {
        interest_shape_free(shape);
        return NULL;
    }
    for (int32_t z = -radius; z <= radius; z++) {
        for (int32_t x = -radius; x <= radius; x++) {
            int64_t gap =
                gap2((struct space_cell){.x = x, .z = z}, (struct space_cell){.x = 0, .z = 0});
            shape->keep_n += gap < shape->keep2;
            if (gap < shape->view2)
                shape->near[shape->near_n++] = (struct space_cell){.x = x, .z = z};
        }
    }
    qsort(shape->near, shape->near_n, sizeof(*shape->near), compare_offsets);
    return shape;
}

void interest_shape_free(struct interest_shape *shape)
{
    if (shape == NULL)
        return;
    free(shape->near);
    free(shape->held);
    free(shape);
}

void interest_fini(struct interest *interest)
{
    for (uint32_t i = 0; i < interest->cells_n; i++)
        free(interest->cells[i].more);
    free(interest->cells);
    *interest = (struct interest){.cells = NULL};
}

bool interest_stale(const struct interest *interest, const struct interest_shape *shape,
                    struct space_cell own)
{
    return !interest->whole || interest->serial != shape->serial || interest->own.x != own.x ||
           interest->own.z != own.z;
}

/* Let go of what is too far. True if nothing too far is left. */
static bool interest_lose(struct interest *interest, const struct interest_shape *shape,
                          struct interest_change *change)
{
    uint32_t kept_n = 0;
    bool all = true;

    for (uint32_t i = 0; i < interest->cells_n; i++) {
        struct interest_cell *cell = &interest->cells[i];
        bool far = gap2(cell->cell, interest->own) >= shape->keep2;
        if (far && change->lost_n < change->changes_max) {
            change->lost[change->lost_n++] = cell->cell;
            free(cell->more);
        } else {
            all = all && !far;
            cell->distance2 = distance2(cell->cell, interest->own);
            interest->cells[kept_n++] = *cell;
        }
    }
    interest->cells_n = kept_n;
    return all;
}

static bool *shape_held(struct interest_shape *shape, struct space_cell offset)
{
    return &shape->held[(offset.z + shape->radius) * (2 * shape->radius + 1) + offset.x +
                        shape->radius];
}

static bool shape_in_world(const struct interest_shape *shape, struct space_cell cell)
{
    return cell.x >= -shape->world_half && cell.x < shape->world_half &&
           cell.z >= -shape->world_half && cell.z < shape->world_half;
}

/* Take up what is near. True if all of it is held now. */
static bool interest_gain(struct interest *interest, struct interest_shape *shape,
                          struct interest_change *change)
{
    size_t side = 2 * (size_t)shape->radius + 1;

    memset(shape->held, 0, side * side * sizeof(*shape->held));
    for (uint32_t i = 0; i < interest->cells_n; i++) {
        struct space_cell cell = interest->cells[i].cell;
        *shape_held(shape, (struct space_cell){.x = cell.x - interest->own.x,
                                               .z = cell.z - interest->own.z}) = true;
    }
    for (uint32_t i = 0; i < shape->near_n; i++) {
        struct space_cell cell = {.x = interest->own.x + shape->near[i].x,
                                  .z = interest->own.z + shape->near[i].z};
        if (*shape_held(shape, shape->near[i]) || !shape_in_world(shape, cell))
            continue;
        if (change->lost_n + change->gained_n >= change->changes_max)
            return false;
        change->gained[change->gained_n++] = cell;
        interest->cells[interest->cells_n++] =
            (struct interest_cell){.cell = cell,
                                   .distance2 = distance2(cell, interest->own),
                                   .first = {.have = CELLBLOCK_NONE}};
    }
    return true;
}

static int compare_cells(const void *a, const void *b)
{
    const struct interest_cell *p = a, *q = b;

    if (p->distance2 != q->distance2)
        return p->distance2 < q->distance2 ? -1 : 1;
    if (p->cell.x != q->cell.x)
        return p->cell.x < q->cell.x ? -1 : 1;
    return p->cell.z < q->cell.z ? -1 : p->cell.z > q->cell.z;
}

int interest_update(struct interest *interest, struct interest_shape *shape, struct space_cell own,
                    struct interest_change *change)
{
    /* Gains come only when no loss is left over: then at most keep_n cells are held. */
    if (interest->room < shape->keep_n) {
        struct interest_cell *cells =
            realloc(interest->cells, shape->keep_n * sizeof(*interest->cells));
        if (cells == NULL)
            return -1;
        interest->cells = cells;
        interest->room = shape->keep_n;
    }
    change->gained_n = change->lost_n = 0;
    interest->own = own;
    interest->serial = shape->serial;
    interest->whole =
        interest_lose(interest, shape, change) && interest_gain(interest, shape, change);
    qsort(interest->cells, interest->cells_n, sizeof(*interest->cells), compare_cells);
    return 0;
}

bool interest_has(const struct interest *interest, const struct interest_shape *shape,
                  struct space_cell cell)
{
    if (gap2(cell, interest->own) >= shape->keep2)
        return false;
    for (uint32_t i = 0; i < interest->cells_n; i++) {
        if (interest->cells[i].cell.x == cell.x && interest->cells[i].cell.z == cell.z)
            return true;
    }
    return false;
}

struct interest_part *interest_part(struct interest_cell *cell, uint16_t part)
{
    if (part == 0)
        return &cell->first;
    if (part > cell->more_n) {
        struct interest_part *more = realloc(cell->more, part * sizeof(*more));
        if (more == NULL)
            return NULL;
        for (uint16_t i = cell->more_n; i < part; i++)
            more[i] = (struct interest_part){.have = CELLBLOCK_NONE};
        cell->more = more;
        cell->more_n = part;
    }
    return &cell->more[part - 1];
}
