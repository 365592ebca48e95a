/* smallworld.c -- see smallworld.h. Its figures wander, turn, cross cells, come, go and change
 * their names. */
#include "smallworld.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#define GRID    SMALLWORLD_GRID
#define CELLS   SMALLWORLD_CELLS
#define FIGURES SMALLWORLD_FIGURES
#define TICKS   SMALLWORLD_TICKS
#define HEAD    4  /* before a block, for its number */
#define INDICES 96 /* in-cell indices that are handed out: some in part 0, some in part 1 */

static struct smallworld_figure world[TICKS][FIGURES];
static bool cell_changed[TICKS][CELLS];
static int free_since[CELLS]
                     [INDICES]; /* tick from which an index may be handed out; INT32_MAX: in use */
static const struct heightfield *field;
static unsigned seed;
static uint64_t next_id;

unsigned smallworld_draw(unsigned n)
{
    return (unsigned)rand_r(&seed) % n;
}

struct protocol_key smallworld_key(int cell)
{
    return (struct protocol_key){0, 0, 0, cell % GRID - GRID / 2, cell / GRID - GRID / 2};
}

static int cell_at(struct space_pos pos)
{
    struct space_cell c = space_cell_of(pos);
    return (c.z + GRID / 2) * GRID + c.x + GRID / 2;
}

static uint16_t index_of_place(unsigned place)
{
    return (uint16_t)(place < INDICES / 2 ? place : CELLBLOCK_PART - 8 + place);
}

static uint16_t take_index(int cell, int tick)
{
    for (;;) {
        unsigned place = smallworld_draw(INDICES);
        if (free_since[cell][place] > tick)
            continue;
        free_since[cell][place] = INT32_MAX;
        return index_of_place(place);
    }
}

static void give_index(int cell, uint16_t index, int tick)
{
    for (unsigned place = 0; place < INDICES; place++) {
        if (index_of_place(place) == index)
            free_since[cell][place] = tick + 33;
    }
}

static int32_t in_world(int64_t units)
{
    const int32_t half = GRID / 2 * (1 << SPACE_CELL_SHIFT);
    return (int32_t)(units < -half ? -half : units > half - 1 ? half - 1 : units);
}

static void step_figure(struct smallworld_figure *f, int tick)
{
    if (f->id == 0) {
        if (smallworld_draw(20))
            return;
        *f = (struct smallworld_figure){.id = ++next_id, .version = (uint8_t)smallworld_draw(256)};
        f->pos.x = in_world((int64_t)smallworld_draw(1u << 20) - (1 << 19));
        f->pos.z = in_world((int64_t)smallworld_draw(1u << 20) - (1 << 19));
        f->cell = cell_at(f->pos);
        f->index = take_index(f->cell, tick);
    } else if (smallworld_draw(150) == 0) {
        give_index(f->cell, f->index, tick);
        f->id = 0;
        return;
    }
    if (smallworld_draw(40) == 0)
        f->version++;
    if (smallworld_draw(3) == 0)
        return;                                                 /* stands */
    unsigned reach = smallworld_draw(30) ? 1u << 14 : 1u << 20; /* a stride, or far away at once */
    f->pos.x = in_world((int64_t)f->pos.x + smallworld_draw(2 * reach) - reach);
    f->pos.z = in_world((int64_t)f->pos.z + smallworld_draw(2 * reach) - reach);
    f->pos.y = heightfield_at(field, f->pos.x, f->pos.z) + (int32_t)smallworld_draw(8192);
    f->yaw = (uint16_t)smallworld_draw(65536);
    f->pose = (uint8_t)smallworld_draw(4);
    int cell = cell_at(f->pos);
    /* Also those who leave and come back within a tick, to another index. */
    if (cell == f->cell && smallworld_draw(60))
        return;
    give_index(f->cell, f->index, tick);
    f->cell = cell;
    f->index = take_index(cell, tick);
}

void smallworld_step(int tick, bool quiet)
{
    memcpy(world[tick], world[tick - 1], sizeof world[tick]);
    memset(cell_changed[tick], 0, sizeof cell_changed[tick]);
    for (unsigned i = 0; i < FIGURES && !quiet; i++) {
        struct smallworld_figure before = world[tick][i];
        step_figure(&world[tick][i], tick);
        if (memcmp(&before, &world[tick][i], sizeof before) == 0)
            continue;
        if (before.id)
            cell_changed[tick][before.cell] = true;
        if (world[tick][i].id)
            cell_changed[tick][world[tick][i].cell] = true;
    }
}

void smallworld_begin(unsigned with_seed, const struct heightfield *on_field)
{
    field = on_field;
    seed = with_seed;
    next_id = with_seed * 1000;
    memset(free_since, 0, sizeof free_since);
    memset(world[0], 0, sizeof world[0]);
}

const struct smallworld_figure *smallworld_figures(int tick)
{
    return world[tick];
}

bool smallworld_changed(int tick, int cell)
{
    return cell_changed[tick][cell];
}

/* ---- its server ---- */

static bool in_part(const struct smallworld_figure *f, int cell, unsigned part)
{
    return f->id && f->cell == cell && f->index / CELLBLOCK_PART == part;
}

static bool same_membership(const struct smallworld_figure *a, const struct smallworld_figure *b)
{
    return a->id == b->id && a->cell == b->cell && a->index == b->index;
}

static struct cellblock_record record_of(enum cellblock_kind kind,
                                         const struct smallworld_figure *f)
{
    int32_t x, z;
    cellblock_quantise_place(f->pos, &x, &z);
    return (struct cellblock_record){
        .kind = kind,
        .index = f->index,
        .entity = f->id,
        .version = f->version,
        .placed = true,
        .turned = true,
        .state = cellblock_state_of(f->pos, f->yaw, f->pose, heightfield_at(field, x, z))};
}

static int by_kind_and_index(const void *a, const void *b)
{
    const struct cellblock_record *x = a, *y = b;
    return x->kind != y->kind ? (int)x->kind - (int)y->kind : (int)x->index - (int)y->index;
}

static struct cellblock_record left_of(const struct smallworld_figure *f,
                                       const struct smallworld_figure *now)
{
    struct cellblock_record r = {.kind = CELLBLOCK_LEFT, .index = f->index, .entity = f->id};
    r.gone = now->id != f->id;
    if (!r.gone) {
        r.to = (struct space_cell){smallworld_key(now->cell).x, smallworld_key(now->cell).z, 0};
    }
    return r;
}

/* Where the figure was next after it was last so at tick: servers may name that, or where it is
 * now. */
static const struct smallworld_figure *next_place(unsigned i, const struct smallworld_figure *f,
                                                  int tick, int to)
{
    if (smallworld_draw(2))
        return &world[to][i];
    while (tick < to && same_membership(f, &world[tick][i]))
        tick++;
    return &world[tick][i];
}

/* The records of one figure over (from, to]: its memberships of the cell's part at the two ends and
 * between. */
static size_t records_of(unsigned i, int cell, unsigned part, int from, int to,
                         struct cellblock_record *records)
{
    size_t n = 0;
    const struct smallworld_figure *a = &world[from][i], *b = &world[to][i];
    bool in_a = in_part(a, cell, part), in_b = in_part(b, cell, part);
    if (in_a && in_b && same_membership(a, b)) {
        bool placed = false, turned = false, changed = false;
        for (int t = from + 1; t <= to; t++) {
            placed |= world[t][i].pos.x != world[t - 1][i].pos.x ||
                      world[t][i].pos.z != world[t - 1][i].pos.z;
            turned |= memcmp(&world[t][i].pos, &world[t - 1][i].pos, sizeof a->pos) != 0 ||
                      world[t][i].yaw != world[t - 1][i].yaw ||
                      world[t][i].pose != world[t - 1][i].pose;
            changed |= world[t][i].version != world[t - 1][i].version;
        }
        if (placed || turned) {
            records[n] = record_of(CELLBLOCK_MOVED, b);
            records[n].placed = placed;
            records[n++].turned = turned;
        }
        if (changed)
            records[n++] = record_of(CELLBLOCK_CHANGED, b);
        return n;
    }
    if (in_a)
        records[n++] = left_of(a, next_place(i, a, from, to));
    if (in_b)
        records[n++] = record_of(CELLBLOCK_ENTERED, b);
    for (int t = from + 1; t < to; t++) { /* came and went */
        const struct smallworld_figure *f = &world[t][i];
        if (!in_part(f, cell, part) || same_membership(f, &world[t - 1][i]) ||
            same_membership(f, b))
            continue;
        if (!(in_a && same_membership(f, a)))
            records[n++] = left_of(f, next_place(i, f, t, to));
    }
    return n;
}

static uint8_t room[CELLBLOCK_MAX_BYTES + 16];

struct protocol_blocks smallworld_said(uint16_t number, const struct cellblock_header *header,
                                       const struct cellblock_record *records, size_t records_n)
{
    uint8_t head[HEAD];
    struct wire_writer w;
    size_t bytes = cellblock_encode(header, records, records_n, room + HEAD, sizeof room - HEAD);
    assert_true(bytes > 0);
    wire_writer_init(&w, head, sizeof head);
    protocol_put_number(&w, number);
    size_t n = wire_written(&w);
    memcpy(room + HEAD - n, head, n);
    return (struct protocol_blocks){header->to, room + HEAD - n, n + bytes};
}

struct protocol_blocks smallworld_block(uint16_t number, int cell, unsigned part, uint32_t from,
                                        uint32_t to)
{
    static struct cellblock_record records[FIGURES * 40];
    struct cellblock_header header = {smallworld_key(cell), (uint16_t)(part * CELLBLOCK_PART),
                                      (uint16_t)(part * CELLBLOCK_PART + CELLBLOCK_PART - 1), from,
                                      to};
    size_t n = 0;
    for (unsigned i = 0; i < FIGURES; i++) {
        if (from != CELLBLOCK_NONE)
            n += records_of(i, cell, part, (int)from, (int)to, records + n);
        else if (in_part(&world[to][i], cell, part))
            records[n++] = record_of(CELLBLOCK_ENTERED, &world[to][i]);
    }
    qsort(records, n, sizeof *records, by_kind_and_index);
    return smallworld_said(number, &header, records, n);
}
