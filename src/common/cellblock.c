/* cellblock.c -- see cellblock.h; doc/protocol.md has the bits. A pair of functions for each thing
 * that is told, one walk for both passes of the parser. What parses is what the encoder would have
 * written, bit for bit. */
#include "common/cellblock.h"

#include "common/bits.h"
#include "common/movement.h"

#define POSE_BITS     2
#define POSE_MASK     3u
#define AXIS_BITS     12
#define CELLS_HALF    8192 /* level 0 cells from the middle to where int32 positions end */
#define ALTITUDE_MAX  INT16_MAX
#define ALTITUDE_MIN  INT16_MIN
#define ALTITUDE_FLAT 2 /* wire quanta that count as on the ground */
#define LISTS_N       4
#define MOVED_ALONE   (1u << CELLBLOCK_MOVED) /* of the lists */
#define GAP_MOST      9                       /* low bits: no gap has more */

/* Widths; doc/protocol.md names them. */
#define CELL_BITS        14 /* of a level 0 cell's index from the world's corner */
#define NEAR_BITS        5  /* of a destination near by, an axis */
#define NEAR_HALF        (1 << (NEAR_BITS - 1))
#define GAP_GROUP        1
#define PART_BITS        7
#define DISTANCE_GROUP   1
#define COUNT_GROUP      1
#define SLOT_GROUP       7
#define GENERATION_GROUP 4
#define ALTITUDE_GROUP   4
#define ID_MASK          0xFFFFFFu

/* ---- what a well-formed block may hold ---- */

static bool cell_fine(int64_t cell, unsigned level)
{
    int64_t half = (int64_t)CELLS_HALF << level;
    return cell >= -half && cell < half;
}

static bool header_fine(const struct cellblock_header *h)
{
    bool cell = h->key.level <= SPACE_LEVEL_MAX && cell_fine(h->key.x, h->key.level) &&
                cell_fine(h->key.z, h->key.level);
    bool part = h->first % CELLBLOCK_PART == 0 && h->last == h->first + CELLBLOCK_PART - 1;
    bool ticks = h->to != CELLBLOCK_NONE && (h->from == CELLBLOCK_NONE || h->from < h->to);
    return cell && part && ticks;
}

/* x and z lie in the block's cell (at level 0 every one does). */
static bool place_fine(const struct protocol_key *key, const struct cellblock_state *state)
{
    if (state->x >= SPACE_CELL_WIRE || state->z >= SPACE_CELL_WIRE)
        return false;
    unsigned shift = AXIS_BITS - key->level;
    uint32_t mask = (1u << key->level) - 1;
    return (unsigned)(state->x >> shift) == ((uint32_t)key->x & mask) &&
           (unsigned)(state->z >> shift) == ((uint32_t)key->z & mask);
}

/* ---- states ---- */

/* What a list's walk remembers: the pose that was told last. */
struct context {
    const struct protocol_key *key;
    unsigned axis_bits; /* what the level leaves of a place */
    uint8_t pose;
};

static struct context context_of(const struct cellblock_header *h)
{
    return (struct context){&h->key, (unsigned)AXIS_BITS - h->key.level, MOVEMENT_WALKING};
}

static void put_place(struct bit_writer *w, const struct context *context,
                      const struct cellblock_state *state)
{
    uint32_t mask = (UINT32_C(1) << context->axis_bits) - 1;
    if (!place_fine(context->key, state))
        w->bad = true;
    bits_put(w, (state->x & mask) | (state->z & mask) << context->axis_bits,
             2 * context->axis_bits);
}

static void get_place(struct bit_reader *r, const struct context *context,
                      struct cellblock_state *state)
{
    uint32_t place = bits_get(r, 2 * context->axis_bits);
    uint32_t inner = (UINT32_C(1) << context->key->level) - 1;
    state->x = (uint16_t)((place & ((UINT32_C(1) << context->axis_bits) - 1)) |
                          ((uint32_t)context->key->x & inner) << context->axis_bits);
    state->z = (uint16_t)(place >> context->axis_bits | ((uint32_t)context->key->z & inner)
                                                            << context->axis_bits);
}

/* Heading, pose, altitude: 10 bits where the last two are as usual. */
static void put_turn(struct bit_writer *w, struct context *context,
                     const struct cellblock_state *state)
{
    bool same = state->pose == context->pose;
    if (state->pose > POSE_MASK) {
        w->bad = true;
        return;
    }
    bits_put(w, (uint32_t)(state->heading | (same ? 0 : 1u << 8)), 9);
    if (!same)
        bits_put(w, state->pose, POSE_BITS);
    context->pose = state->pose;
    bits_put(w, state->altitude != 0, 1);
    if (state->altitude != 0) {
        int32_t altitude = state->altitude;
        bits_put_groups(w, (uint32_t)(altitude < 0 ? -2 * altitude - 1 : 2 * altitude) - 1,
                        ALTITUDE_GROUP);
    }
}

static void get_turn(struct bit_reader *r, struct context *context, struct cellblock_state *state)
{
    uint32_t bits = bits_get(r, 9);
    state->heading = (uint8_t)bits;
    state->pose = context->pose;
    if (bits >> 8) {
        state->pose = (uint8_t)bits_get(r, POSE_BITS);
        if (state->pose == context->pose)
            r->bad = true;
        context->pose = state->pose;
    }
    state->altitude = 0;
    if (bits_get(r, 1)) {
        uint32_t zigzag = bits_get_groups(r, ALTITUDE_GROUP) + 1;
        if (zigzag > UINT16_MAX || zigzag == 0)
            r->bad = true;
        state->altitude = (int16_t)(zigzag >> 1 ^ (0u - (zigzag & 1)));
    }
}

/* ---- entities and destinations ---- */

/* server 16 | slot 24 | generation 24: the server is nearly always the block's source. */
static void put_entity(struct bit_writer *w, const struct context *context, uint64_t entity)
{
    uint32_t server = (uint32_t)(entity >> 48);
    bool foreign = server != context->key->source;
    if (entity == 0)
        w->bad = true;
    bits_put(w, foreign, 1);
    if (foreign)
        bits_put(w, server, 16);
    bits_put_groups(w, (uint32_t)(entity >> 24) & ID_MASK, SLOT_GROUP);
    bits_put_groups(w, (uint32_t)entity & ID_MASK, GENERATION_GROUP);
}

static uint64_t get_entity(struct bit_reader *r, const struct context *context)
{
    bool foreign = bits_get(r, 1);
    uint32_t server = foreign ? bits_get(r, 16) : context->key->source;
    uint32_t slot = bits_get_groups(r, SLOT_GROUP);
    uint32_t generation = bits_get_groups(r, GENERATION_GROUP);
    uint64_t entity = (uint64_t)server << 48 | (uint64_t)slot << 24 | generation;
    if (slot > ID_MASK || generation > ID_MASK || entity == 0 ||
        (foreign && server == context->key->source))
        r->bad = true;
    return entity;
}

/* Where an index begins at another level. */
static int32_t begins(int32_t index, unsigned level, unsigned at_level)
{
    return at_level >= level ? index * (1 << (at_level - level)) : index >> (level - at_level);
}

static bool near(int64_t d)
{
    return d >= -NEAR_HALF && d < NEAR_HALF;
}

static void put_destination(struct bit_writer *w, const struct context *context,
                            const struct cellblock_record *record)
{
    const struct protocol_key *key = context->key;
    const struct space_cell *to = &record->to;
    bits_put(w, record->gone, 1);
    if (record->gone)
        return;
    if (to->level > SPACE_LEVEL_MAX || !cell_fine(to->x, to->level) ||
        !cell_fine(to->z, to->level)) {
        w->bad = true;
        return;
    }
    int32_t dx = to->x - begins(key->x, key->level, to->level);
    int32_t dz = to->z - begins(key->z, key->level, to->level);
    bool far = !near(dx) || !near(dz);
    bits_put(w, to->level | (far ? 4u : 0), 3);
    if (far) {
        unsigned n = CELL_BITS + to->level;
        int32_t half = CELLS_HALF * (1 << to->level);
        bits_put(w, (uint32_t)(to->x + half), n);
        bits_put(w, (uint32_t)(to->z + half), n);
    } else {
        bits_put(w, (uint32_t)(dx + NEAR_HALF) | (uint32_t)(dz + NEAR_HALF) << NEAR_BITS,
                 2 * NEAR_BITS);
    }
}

static void get_destination(struct bit_reader *r, const struct context *context,
                            struct cellblock_record *record)
{
    const struct protocol_key *key = context->key;
    record->gone = bits_get(r, 1);
    if (record->gone)
        return;
    uint32_t bits = bits_get(r, 3);
    uint8_t level = bits & 3;
    int64_t dx, dz;
    int32_t x0 = begins(key->x, key->level, level), z0 = begins(key->z, key->level, level);
    if (bits >> 2) {
        unsigned n = (unsigned)CELL_BITS + level;
        int32_t half = CELLS_HALF * (1 << level);
        dx = (int64_t)bits_get(r, n) - half - x0;
        dz = (int64_t)bits_get(r, n) - half - z0;
        if (near(dx) && near(dz))
            r->bad = true;
    } else {
        dx = (int64_t)bits_get(r, NEAR_BITS) - NEAR_HALF;
        dz = (int64_t)bits_get(r, NEAR_BITS) - NEAR_HALF;
    }
    if (!cell_fine(x0 + dx, level) || !cell_fine(z0 + dz, level)) {
        r->bad = true;
        return;
    }
    record->to = (struct space_cell){(int32_t)(x0 + dx), (int32_t)(z0 + dz), level};
}

/* ---- records ---- */

/* Of one that moved: 0: it is elsewhere; 1 and a bit: it is turned, and the bit: elsewhere too. */
static void put_moved(struct bit_writer *w, struct context *context,
                      const struct cellblock_record *record)
{
    if (!record->placed && !record->turned)
        w->bad = true;
    if (record->turned)
        bits_put(w, record->placed ? 3 : 1, 2);
    else
        bits_put(w, 0, 1);
    if (record->placed)
        put_place(w, context, &record->state);
    if (record->turned)
        put_turn(w, context, &record->state);
}

static void get_moved(struct bit_reader *r, struct context *context,
                      struct cellblock_record *record)
{
    record->turned = bits_get(r, 1);
    record->placed = !record->turned || bits_get(r, 1);
    if (record->placed)
        get_place(r, context, &record->state);
    if (record->turned)
        get_turn(r, context, &record->state);
}

static void put_record(struct bit_writer *w, struct context *context,
                       const struct cellblock_record *record)
{
    switch (record->kind) {
    case CELLBLOCK_LEFT:
        put_entity(w, context, record->entity);
        put_destination(w, context, record);
        break;
    case CELLBLOCK_ENTERED:
        put_entity(w, context, record->entity);
        bits_put(w, record->version, 8);
        put_place(w, context, &record->state);
        put_turn(w, context, &record->state);
        break;
    case CELLBLOCK_MOVED:
        put_moved(w, context, record);
        break;
    case CELLBLOCK_CHANGED:
        bits_put(w, record->version, 8);
        break;
    }
}

static void get_record(struct bit_reader *r, struct context *context,
                       struct cellblock_record *record)
{
    switch (record->kind) {
    case CELLBLOCK_LEFT:
        record->entity = get_entity(r, context);
        get_destination(r, context, record);
        break;
    case CELLBLOCK_ENTERED:
        record->entity = get_entity(r, context);
        record->version = (uint8_t)bits_get(r, 8);
        record->placed = record->turned = true;
        get_place(r, context, &record->state);
        get_turn(r, context, &record->state);
        break;
    case CELLBLOCK_MOVED:
        get_moved(r, context, record);
        break;
    case CELLBLOCK_CHANGED:
        record->version = (uint8_t)bits_get(r, 8);
        break;
    }
}

/* How many low bits of a gap are told as they are, when n gaps sum up to so much: it follows from
 * them, so that there is one encoding of a list only. */
static unsigned gap_bits(uint32_t n, uint32_t sum)
{
    unsigned bits = 0;
    while (n << (bits + 1) <= sum)
        bits++;
    return bits;
}

/* ---- encoding ---- */

/* 0, or a bit and the value. */
static void put_unless_zero(struct bit_writer *w, uint32_t value, unsigned n)
{
    bits_put(w, value != 0, 1);
    if (value != 0)
        bits_put(w, value, n);
}

static void put_header(struct bit_writer *w, const struct cellblock_header *h)
{
    if (!header_fine(h)) {
        w->bad = true;
        return;
    }
    put_unless_zero(w, h->first / CELLBLOCK_PART, PART_BITS);
    bits_put(w, h->from == CELLBLOCK_NONE, 1);
    if (h->from != CELLBLOCK_NONE)
        bits_put_groups(w, h->to - h->from - 1, DISTANCE_GROUP);
}

/* The n records of one kind at the front of records. */
static void put_list(struct bit_writer *w, const struct cellblock_header *h,
                     struct context *context, const struct cellblock_record *records, size_t n)
{
    uint32_t next = h->first; /* the lowest index that may come */
    uint32_t sum = records[n - 1].index + 1u - h->first - (uint32_t)n;
    unsigned low;
    if (n > CELLBLOCK_PART || sum >= CELLBLOCK_PART ||
        (records[0].kind != CELLBLOCK_ENTERED && h->from == CELLBLOCK_NONE)) {
        w->bad = true;
        return;
    }
    low = gap_bits((uint32_t)n, sum);
    bits_put_groups(w, (uint32_t)n - 1, COUNT_GROUP);
    bits_put_groups(w, low, GAP_GROUP);
    for (size_t i = 0; i < n && !w->bad; i++) {
        if (records[i].index < next || records[i].index > h->last) {
            w->bad = true;
            return;
        }
        bits_put_rice(w, records[i].index - next, low);
        put_record(w, context, &records[i]);
        next = records[i].index + 1u;
    }
}

/* Which lists there are: nearly always moved alone; of a full block entered, or none. */
static void put_lists(struct bit_writer *w, const struct cellblock_header *h, uint32_t there)
{
    if (h->from == CELLBLOCK_NONE) {
        bits_put(w, there != 0, 1);
        return;
    }
    bits_put(w, there != MOVED_ALONE, 1);
    if (there != MOVED_ALONE)
        bits_put(w, there, LISTS_N);
}

size_t cellblock_encode(const struct cellblock_header *header,
                        const struct cellblock_record *records, size_t records_n, uint8_t *room,
                        size_t room_bytes)
{
    struct context context = context_of(header);
    size_t ends[LISTS_N], done = 0;
    uint32_t there = 0;
    struct bit_writer w;
    bits_write_init(&w, room, room_bytes < CELLBLOCK_MAX_BYTES ? room_bytes : CELLBLOCK_MAX_BYTES);
    put_header(&w, header);
    for (unsigned kind = 0; kind < LISTS_N; kind++) {
        ends[kind] = done;
        while (ends[kind] < records_n && records[ends[kind]].kind == (enum cellblock_kind)kind)
            ends[kind]++;
        there |= (uint32_t)(ends[kind] > done) << kind;
        done = ends[kind];
    }
    put_lists(&w, header, there);
    if (done != records_n) /* not sorted */
        w.bad = true;
    done = 0;
    for (unsigned kind = 0; kind < LISTS_N && !w.bad; kind++) {
        if (ends[kind] > done)
            put_list(&w, header, &context, records + done, ends[kind] - done);
        done = ends[kind];
    }
    bits_flush(&w);
    return w.bad ? 0 : (size_t)(w.next - room);
}

/* ---- parsing ---- */

static uint32_t get_unless_zero(struct bit_reader *r, unsigned n)
{
    uint32_t value = 0;
    if (bits_get(r, 1)) {
        value = bits_get(r, n);
        if (value == 0)
            r->bad = true;
    }
    return value;
}

/* Key and `to` are there already. */
static void get_header(struct bit_reader *r, struct cellblock_header *h)
{
    uint32_t part = get_unless_zero(r, PART_BITS);
    bool full = bits_get(r, 1);
    uint32_t distance = full ? 0 : bits_get_groups(r, DISTANCE_GROUP);
    if (!full && distance >= h->to) {
        r->bad = true;
        return;
    }
    h->first = (uint16_t)(part * CELLBLOCK_PART);
    h->last = (uint16_t)(h->first + CELLBLOCK_PART - 1);
    h->from = full ? CELLBLOCK_NONE : h->to - 1 - distance;
    if (!header_fine(h))
        r->bad = true;
}

static void walk_list(struct bit_reader *r, const struct cellblock_header *h,
                      struct context *context, enum cellblock_kind kind, cellblock_visit_fn *visit,
                      void *visitor)
{
    uint32_t n = bits_get_groups(r, COUNT_GROUP) + 1;
    uint32_t low = bits_get_groups(r, GAP_GROUP), sum = 0;
    if (n == 0 || n > CELLBLOCK_PART || low > GAP_MOST) {
        r->bad = true;
        return;
    }
    for (uint32_t i = 0; i < n; i++) {
        struct cellblock_record record = {.kind = kind};
        sum += bits_get_rice(r, low, CELLBLOCK_PART - n - sum); /* the others fit, too */
        record.index = (uint16_t)(h->first + sum + i);
        get_record(r, context, &record);
        if (r->bad)
            return;
        if (visit)
            visit(visitor, h, &record);
    }
    if (low != gap_bits(n, sum))
        r->bad = true;
}

static uint32_t get_lists(struct bit_reader *r, const struct cellblock_header *h)
{
    bool told = bits_get(r, 1);
    if (h->from == CELLBLOCK_NONE)
        return told ? 1u << CELLBLOCK_ENTERED : 0;
    if (!told)
        return MOVED_ALONE;
    uint32_t there = bits_get(r, LISTS_N);
    if (there == MOVED_ALONE)
        r->bad = true;
    return there;
}

/* One pass over the lists. */
static void walk(struct bit_reader *r, const struct cellblock_header *h, cellblock_visit_fn *visit,
                 void *visitor)
{
    struct context context = context_of(h);
    uint32_t there = get_lists(r, h);
    for (unsigned kind = 0; kind < LISTS_N && !r->bad; kind++) {
        if (there >> kind & 1)
            walk_list(r, h, &context, (enum cellblock_kind)kind, visit, visitor);
    }
}

enum protocol_result cellblock_parse(struct wire_reader *reader, struct cellblock_header *header,
                                     cellblock_visit_fn *visit, void *context)
{
    struct cellblock_header h = *header;
    size_t n = wire_left(reader);
    const uint8_t *end;
    struct bit_reader r;
    bits_read_init(&r, reader->next, n < CELLBLOCK_MAX_BYTES ? n : CELLBLOCK_MAX_BYTES);
    get_header(&r, &h);
    struct bit_reader lists = r;
    if (!r.bad)
        walk(&r, &h, NULL, NULL);
    end = bits_read_end(&r);
    if (r.bad) {
        reader->bad = true;
        return PROTOCOL_BAD;
    }
    *header = h;
    reader->next = end;
    if (visit)
        walk(&lists, &h, visit, context);
    return PROTOCOL_OK;
}

enum protocol_result cellblock_parse_header(struct wire_reader *reader,
                                            struct cellblock_header *header)
{
    struct cellblock_header h = *header;
    struct bit_reader r;
    bits_read_init(&r, reader->next, wire_left(reader));
    get_header(&r, &h);
    if (r.bad) {
        reader->bad = true;
        return PROTOCOL_BAD;
    }
    *header = h;
    return PROTOCOL_OK;
}

/* ---- quantising ---- */

static int32_t floor_to_wire(int32_t units)
{
    return units & ~(SPACE_UNITS_PER_M / SPACE_WIRE_PER_M - 1);
}

void cellblock_quantise_place(struct space_pos pos, int32_t *x_units, int32_t *z_units)
{
    *x_units = floor_to_wire(pos.x);
    *z_units = floor_to_wire(pos.z);
}

struct cellblock_state cellblock_state_of(struct space_pos pos, uint16_t yaw, uint8_t pose,
                                          int32_t ground)
{
    int64_t altitude = ((int64_t)pos.y - ground) >> SPACE_WIRE_SHIFT;
    /* The ground is that of the quantum's corner: on a slope one stands a little beside it. */
    if (altitude >= -ALTITUDE_FLAT && altitude < ALTITUDE_FLAT)
        altitude = 0;
    if (altitude < ALTITUDE_MIN)
        altitude = ALTITUDE_MIN;
    if (altitude > ALTITUDE_MAX)
        altitude = ALTITUDE_MAX;
    return (struct cellblock_state){
        .x = space_wire_in_cell(pos.x),
        .z = space_wire_in_cell(pos.z),
        .altitude = (int16_t)altitude,
        .heading = (uint8_t)(yaw >> 8),
        .pose = pose & POSE_MASK,
    };
}

struct space_pos cellblock_pos(const struct protocol_key *key, const struct cellblock_state *state,
                               int32_t ground)
{
    struct space_pos pos;
    pos.x = space_from_wire(key->x >> key->level, state->x);
    pos.z = space_from_wire(key->z >> key->level, state->z);
    pos.y = ground + state->altitude * (1 << SPACE_WIRE_SHIFT);
    return pos;
}
