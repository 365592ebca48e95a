/* interest.c -- see interest.h. */
#include "play/interest.h"

#include <stdlib.h>
#include <string.h>

#include "common/cellblock.h"
#include "net/tls_pool.h"

#define DIAGONAL_M 91 /* of a level 0 cell, rounded up */

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
    /* Of the farthest cell that may be held, the near edge is less than that away. */
    int32_t radius = (view_m + DIAGONAL_M + SPACE_CELL_M - 1) / SPACE_CELL_M;
    size_t side = 2 * (size_t)radius + 1;

    if (shape == NULL)
        return NULL;
    shape->serial = serial;
    shape->view2 = (int64_t)view_m * view_m;
    shape->keep2 = (int64_t)(view_m + DIAGONAL_M) * (view_m + DIAGONAL_M);
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
    tls_pool_free(interest->cells);
    tls_pool_free(interest->roots);
    *interest = (struct interest){.cells = NULL};
}

static struct space_cell root_of(struct tiers_square square)
{
    int32_t squares = SPACE_CELL_M / TIERS_SQUARE_M;

    return (struct space_cell){.x = (square.x - (square.x & (squares - 1))) / squares,
                               .z = (square.z - (square.z & (squares - 1))) / squares};
}

bool interest_stale(const struct interest *interest, const struct interest_shape *shape,
                    struct tiers_square square, const struct interest_world *world)
{
    return !interest->whole || interest->serial != shape->serial || interest->old_n > 0 ||
           interest->divided != world->divided ||
           !space_cell_same(root_of(interest->square), root_of(square));
}

/* ---- order ---- */

static bool before(const struct interest_cell *a, const struct interest_cell *b)
{
    if (a->gap2 != b->gap2)
        return a->gap2 < b->gap2;
    if (a->level != b->level)
        return a->level < b->level;
    if (a->x != b->x)
        return a->x < b->x;
    return a->z < b->z;
}

/* By insertion: they are nearly sorted, and nothing is allocated. */
static void sort(struct interest *interest)
{
    for (uint32_t i = 1; i < interest->cells_n; i++) {
        struct interest_cell cell = interest->cells[i];
        uint32_t at = i;

        while (at > 0 && before(&cell, &interest->cells[at - 1])) {
            interest->cells[at] = interest->cells[at - 1];
            at--;
        }
        interest->cells[at] = cell;
    }
}

static void place(struct interest_cell *cell, struct tiers_square square)
{
    int64_t gap2_m = tiers_gap2(square, interest_key(cell));

    cell->gap2 = (uint32_t)(gap2_m < UINT32_MAX ? gap2_m : UINT32_MAX);
    cell->base = tiers_base(gap2_m, cell->base);
}

static void place_all(struct interest *interest)
{
    for (uint32_t i = 0; i < interest->cells_n; i++)
        place(&interest->cells[i], interest->square);
    sort(interest);
}

void interest_move(struct interest *interest, struct tiers_square square)
{
    if (interest->square.x == square.x && interest->square.z == square.z)
        return;
    interest->square = square;
    place_all(interest);
}

static struct space_cell root_cell(const struct interest_root *root)
{
    return (struct space_cell){.x = root->x, .z = root->z};
}

/* ---- keys ---- */

/* Room for need, and an eighth: as much again would be most of what a player takes. */
static uint32_t grown(uint32_t room, uint32_t need)
{
    if (need <= room)
        return room;
    return (need + room / 8 + 7) & ~7u;
}

/* Room for n more of both. */
static int reserve(struct interest *interest, uint32_t cells_n, uint32_t roots_n)
{
    uint32_t cells_room = grown(interest->cells_room, interest->cells_n + cells_n);
    uint32_t roots_room = grown(interest->roots_room, interest->roots_n + roots_n);

    if (cells_room > interest->cells_room) {
        struct interest_cell *cells = tls_pool_own(interest->cells, cells_room * sizeof(*cells));
        if (cells == NULL)
            return -1;
        interest->cells = cells;
        interest->cells_room = cells_room;
    }
    if (roots_room > interest->roots_room) {
        struct interest_root *roots = tls_pool_own(interest->roots, roots_room * sizeof(*roots));
        if (roots == NULL)
            return -1;
        interest->roots = roots;
        interest->roots_room = roots_room;
    }
    return 0;
}

/* Those that were in use when this update began are not given away in it: a receiver hears of what
 * is gained before it hears of what is lost. */
static void numbers_take(const struct interest *interest, struct interest_change *change)
{
    memset(change->taken, 0, INTEREST_NUMBERS / 8);
    for (uint32_t i = 0; i < interest->cells_n; i++)
        change->taken[interest->cells[i].number / 64] |= UINT64_C(1)
                                                         << interest->cells[i].number % 64;
}

static uint16_t number_take(struct interest_change *change)
{
    unsigned word = 0, bit;

    while (change->taken[word] == UINT64_MAX)
        word++;
    bit = (unsigned)__builtin_ctzll(~change->taken[word]);
    change->taken[word] |= UINT64_C(1) << bit;
    return (uint16_t)(64 * word + bit);
}

_Static_assert(2 * INTEREST_KEYS_MAX < INTEREST_NUMBERS, "there is always a free one");

static void key_gain(struct interest *interest, struct space_cell cell, uint32_t root,
                     struct interest_change *change)
{
    struct interest_cell *new = &interest->cells[interest->cells_n++];

    *new = (struct interest_cell){.x = (int16_t)cell.x,
                                  .z = (int16_t)cell.z,
                                  .number = number_take(change),
                                  .root = (uint16_t)root,
                                  .level = cell.level,
                                  .base = INT8_MAX,
                                  .live = true,
                                  .first = {.have = CELLBLOCK_NONE}};
    place(new, interest->square);
    change->gained[change->gained_n++] = (struct interest_named){cell, new->number};
}

static uint32_t room(const struct interest_change *change)
{
    return change->changes_max - change->gained_n - change->lost_n;
}

/* Let go of all keys that judge names, as far as there is room. True: of all of them. */
typedef bool judge_fn(const struct interest *interest, const struct interest_cell *cell,
                      const void *context);
static bool keys_lose(struct interest *interest, judge_fn *judge, const void *context,
                      struct interest_change *change)
{
    uint32_t kept_n = 0;
    bool all = true;

    for (uint32_t i = 0; i < interest->cells_n; i++) /* a judge looks at others too */
        interest->cells[i].going = judge(interest, &interest->cells[i], context);
    for (uint32_t i = 0; i < interest->cells_n; i++) {
        struct interest_cell *cell = &interest->cells[i];
        if (cell->going && room(change) > 0) {
            change->lost[change->lost_n++] =
                (struct interest_named){interest_key(cell), cell->number};
            interest->old_n -= cell->old;
            free(cell->more);
        } else {
            all = all && !cell->going;
            if (kept_n != i)
                interest->cells[kept_n] = *cell;
            kept_n++;
        }
    }
    interest->cells_n = kept_n;
    return all;
}

static bool is_in_root(const struct interest *interest, const struct interest_cell *cell,
                       const void *context)
{
    (void)interest;
    return cell->root == *(const uint32_t *)context;
}

/* Let go of a level 0 cell with all of its keys; false: of none, for there is no room now. With a
 * part of them gone it would count as held, and the rest be missing for good. */
static bool root_lose(struct interest *interest, uint32_t number, struct interest_change *change)
{
    uint32_t n = 0, last = interest->roots_n - 1;

    for (uint32_t i = 0; i < interest->cells_n; i++)
        n += interest->cells[i].root == number;
    if (n > room(change))
        return false;
    keys_lose(interest, is_in_root, &number, change);
    interest->roots[number] = interest->roots[last];
    for (uint32_t i = 0; i < interest->cells_n; i++) {
        if (interest->cells[i].root == last)
            interest->cells[i].root = (uint16_t)number;
    }
    interest->roots_n = last;
    return true;
}

/* ---- what is too far ---- */

static bool interest_lose(struct interest *interest, const struct interest_shape *shape,
                          struct interest_change *change)
{
    struct space_cell own = root_of(interest->square);

    for (uint32_t i = 0; i < interest->roots_n;) {
        if (gap2(root_cell(&interest->roots[i]), own) < shape->keep2)
            i++;
        else if (!root_lose(interest, i, change))
            return false;
    }
    return true;
}

/* ---- what is near ---- */

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

static size_t leaves_of(const struct interest_world *world, struct space_cell level0,
                        struct space_cell leaves[SPACE_LEAVES_MAX])
{
    size_t n = world->leaves(world->context, level0, leaves);

    if (n > 0)
        return n;
    leaves[0] = level0;
    return 1;
}

/* Take up one level 0 cell. 1; 0: no room now, or ever (then *cut); -1: out of memory. */
static int root_gain(struct interest *interest, struct space_cell cell,
                     const struct interest_world *world, struct interest_change *change, bool *cut)
{
    struct space_cell leaves[SPACE_LEAVES_MAX];
    uint32_t n = (uint32_t)leaves_of(world, cell, leaves);

    *cut = interest->cells_n + n > INTEREST_KEYS_MAX;
    if (*cut || n > room(change))
        return 0;
    if (reserve(interest, n, 1) != 0)
        return -1;
    interest->roots[interest->roots_n] =
        (struct interest_root){.x = (int16_t)cell.x,
                               .z = (int16_t)cell.z,
                               .divided = world->division(world->context, cell)};
    for (uint32_t i = 0; i < n; i++)
        key_gain(interest, leaves[i], interest->roots_n, change);
    interest->roots_n++;
    return 1;
}

/* Take up what is near. 1: all of it is held now; 0: some is left over; -1: out of memory. */
static int interest_gain(struct interest *interest, struct interest_shape *shape,
                         const struct interest_world *world, struct interest_change *change)
{
    size_t side = 2 * (size_t)shape->radius + 1;
    struct space_cell own = root_of(interest->square);

    if (interest->cells_room == 0 && reserve(interest, shape->near_n, shape->near_n) != 0)
        return -1;
    memset(shape->held, 0, side * side * sizeof(*shape->held));
    for (uint32_t i = 0; i < interest->roots_n; i++) {
        struct space_cell cell = root_cell(&interest->roots[i]);
        *shape_held(shape, (struct space_cell){.x = cell.x - own.x, .z = cell.z - own.z}) = true;
    }
    for (uint32_t i = 0; i < shape->near_n; i++) {
        struct space_cell cell = {.x = own.x + shape->near[i].x, .z = own.z + shape->near[i].z};
        bool cut;
        int result;
        if (*shape_held(shape, shape->near[i]) || !shape_in_world(shape, cell))
            continue;
        result = root_gain(interest, cell, world, change, &cut);
        if (result != 1)
            return cut ? 1 : result;
    }
    return 1;
}

/* ---- divisions ---- */

static bool is_among(struct space_cell cell, const struct space_cell *cells, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (space_cell_same(cell, cells[i]))
            return true;
    }
    return false;
}

/* Give up the farthest level 0 cells until there is room for n more keys. */
static void shed(struct interest *interest, uint32_t n, uint32_t spare,
                 struct interest_change *change)
{
    for (uint32_t i = interest->cells_n; i-- > 0 && interest->cells_n + n > INTEREST_KEYS_MAX;) {
        uint32_t root = interest->cells[i].root;
        if (root == spare)
            continue;
        if (!root_lose(interest, root, change))
            return;
        if (spare == interest->roots_n) /* it was the last */
            spare = root;
        i = interest->cells_n;
    }
}

/* Take up the keys that a level 0 cell is divided into now; the others are old. As interest_gain.
 */
static int root_divide(struct interest *interest, uint32_t number,
                       const struct interest_world *world, struct interest_change *change)
{
    struct interest_root *root = &interest->roots[number];
    struct space_cell leaves[SPACE_LEAVES_MAX], held[2 * SPACE_LEAVES_MAX];
    struct space_cell level0 = root_cell(root);
    uint32_t n = (uint32_t)leaves_of(world, level0, leaves);
    size_t held_n = 0;

    if (n > room(change) || interest->cells_n + n > INTEREST_KEYS_MAX)
        return 0;
    if (reserve(interest, n, 0) != 0)
        return -1;
    for (uint32_t i = 0; i < interest->cells_n; i++) {
        struct interest_cell *cell = &interest->cells[i];
        if (cell->root != number)
            continue;
        interest->old_n -= cell->old;
        cell->old = !is_among(interest_key(cell), leaves, n);
        interest->old_n += cell->old;
        if (!cell->old && held_n < ARRAY_N(held))
            held[held_n++] = interest_key(cell);
    }
    for (uint32_t i = 0; i < n; i++) {
        if (!is_among(leaves[i], held, held_n))
            key_gain(interest, leaves[i], number, change);
    }
    root->divided = world->division(world->context, level0);
    return 1;
}

static int interest_divide(struct interest *interest, const struct interest_world *world,
                           struct interest_change *change)
{
    for (uint32_t i = 0; i < interest->roots_n;) {
        struct space_cell cell = root_cell(&interest->roots[i]);
        uint32_t roots_n = interest->roots_n;
        int result;
        if (interest->roots[i].divided == world->division(world->context, cell)) {
            i++;
            continue;
        }
        shed(interest, SPACE_LEAVES_MAX, i, change);
        if (interest->roots_n < roots_n) { /* they have moved, some to places that were passed */
            i = 0;
            continue;
        }
        result = root_divide(interest, i, world, change);
        if (result != 1)
            return result;
    }
    interest->divided = world->divided;
    return 1;
}

void interest_wake(struct interest *interest, struct space_cell cell)
{
    if (interest->cells_n == 0 ||
        tiers_gap2(interest->square, cell) > interest->cells[interest->cells_n - 1].gap2)
        return; /* farther than anything held, as most are */
    for (uint32_t i = 0; i < interest->cells_n; i++) {
        if (space_cell_same(interest_key(&interest->cells[i]), cell)) {
            interest->cells[i].live = true;
            return;
        }
    }
}

void interest_wake_all(struct interest *interest)
{
    for (uint32_t i = 0; i < interest->cells_n; i++)
        interest->cells[i].live = true;
}

void interest_settle(struct interest *interest, const struct interest_world *world)
{
    bool old[INTEREST_KEYS_MAX] = {false}, waits[INTEREST_KEYS_MAX] = {false}; /* by root */

    for (uint32_t i = 0; i < interest->cells_n; i++)
        old[interest->cells[i].root] |= interest->cells[i].old;
    for (uint32_t i = 0; i < interest->cells_n; i++) {
        const struct interest_cell *cell = &interest->cells[i];
        if (old[cell->root] && !waits[cell->root] && !cell->old)
            waits[cell->root] = !world->told(world->context, cell);
    }
    for (uint32_t i = 0; i < interest->cells_n; i++)
        interest->cells[i].waits = interest->cells[i].old && waits[interest->cells[i].root];
}

/* An old key goes when all keys in its place are told, and then itself. */
static bool is_settled(const struct interest *interest, const struct interest_cell *cell,
                       const void *context)
{
    const struct interest_world *world = context;

    (void)interest;
    return cell->old && world->told(world->context, cell) && interest_replaced(cell);
}

/* ---- the whole ---- */

int interest_update(struct interest *interest, struct interest_shape *shape,
                    struct tiers_square square, const struct interest_world *world,
                    struct interest_change *change)
{
    int divided = 1, gained = 0;

    change->gained_n = change->lost_n = 0;
    change->taken = shape->taken;
    numbers_take(interest, change);
    interest->square = square;
    interest->serial = shape->serial;
    interest->whole = false;
    if (interest->old_n > 0) {
        interest_settle(interest, world);
        keys_lose(interest, is_settled, world, change);
    }
    if (interest_lose(interest, shape, change)) {
        if (interest->divided != world->divided)
            divided = interest_divide(interest, world, change);
        if (divided == 1)
            gained = interest_gain(interest, shape, world, change);
        interest->whole = divided == 1 && gained == 1;
    }
    place_all(interest);
    return divided == -1 || gained == -1 ? -1 : 0;
}

void interest_drop(struct interest *interest, struct interest_change *change)
{
    change->gained_n = change->lost_n = 0;
    interest->whole = false;
    while (interest->roots_n > 0 && root_lose(interest, interest->roots_n - 1, change))
        ;
}

bool interest_has(const struct interest *interest, const struct interest_shape *shape,
                  struct space_cell level0)
{
    if (gap2(level0, root_of(interest->square)) >= shape->keep2)
        return false;
    for (uint32_t i = 0; i < interest->roots_n; i++) {
        if (space_cell_same(root_cell(&interest->roots[i]), level0))
            return true;
    }
    return false;
}

struct interest_part *interest_part(struct interest_cell *cell, uint16_t part)
{
    if (part == 0)
        return &cell->first;
    if (part > interest_more_n(cell)) {
        uint16_t n = interest_more_n(cell);
        struct interest_more *more =
            realloc(cell->more, sizeof(*more) + part * sizeof(more->parts[0]));
        if (more == NULL)
            return NULL;
        for (uint16_t i = n; i < part; i++)
            more->parts[i] = (struct interest_part){.have = CELLBLOCK_NONE};
        more->n = part;
        cell->more = more;
    }
    return &cell->more->parts[part - 1];
}
