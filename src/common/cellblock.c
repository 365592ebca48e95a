/* cellblock.c -- see cellblock.h; doc/protocol.md has the bytes. One table-like pair of functions a
 * record kind, one walk for both passes of the parser. */
#include "common/cellblock.h"

#define POSE_BITS    2
#define POSE_MASK    3u
#define AXIS_BITS    12
#define CELLS_HALF   8192 /* level 0 cells from the middle to where int32 positions end */
#define ALTITUDE_MAX INT16_MAX
#define ALTITUDE_MIN INT16_MIN
#define LISTS_N      4

/* ---- what a well-formed block may hold ---- */

static bool header_fine(const struct cellblock_header *h)
{
    bool part = h->first % CELLBLOCK_PART == 0 && h->last == h->first + CELLBLOCK_PART - 1;
    bool ticks = h->to != CELLBLOCK_NONE && (h->from == CELLBLOCK_NONE || h->from < h->to);
    return part && ticks;
}

/* x and z lie in the block's cell (at level 0 every one does). */
static bool place_fine(const struct protocol_key *key, const struct cellblock_state *state)
{
    unsigned shift = AXIS_BITS - key->level;
    uint32_t mask = (1u << key->level) - 1;
    return (unsigned)(state->x >> shift) == ((uint32_t)key->x & mask) &&
           (unsigned)(state->z >> shift) == ((uint32_t)key->z & mask);
}

static bool cell_fine(int64_t cell, unsigned level)
{
    int64_t half = (int64_t)CELLS_HALF << level;
    return cell >= -half && cell < half;
}

static bool state_fine(const struct protocol_key *key, const struct cellblock_state *state)
{
    return state->x < SPACE_CELL_WIRE && state->z < SPACE_CELL_WIRE && state->pose <= POSE_MASK &&
           place_fine(key, state);
}

/* ---- states and destinations ---- */

/* x and z in 3 bytes, heading, then zigzag altitude and pose in one varint: 5 bytes on the ground,
 * 7 at most. */
static void put_state(struct wire_writer *w, const struct protocol_key *key,
                      const struct cellblock_state *state)
{
    if (!state_fine(key, state))
        w->bad = true;
    uint32_t place = (uint32_t)state->x | (uint32_t)state->z << AXIS_BITS;
    uint32_t altitude =
        (uint32_t)(state->altitude < 0 ? -2 * state->altitude - 1 : 2 * state->altitude);
    wire_put_u16(w, (uint16_t)place);
    wire_put_u8(w, (uint8_t)(place >> 16));
    wire_put_u8(w, state->heading);
    wire_put_varint(w, altitude << POSE_BITS | state->pose);
}

static struct cellblock_state get_state(struct wire_reader *r, const struct protocol_key *key)
{
    struct cellblock_state state;
    uint32_t place = wire_get_u16(r);
    place |= (uint32_t)wire_get_u8(r) << 16;
    state.x = (uint16_t)(place & (SPACE_CELL_WIRE - 1));
    state.z = (uint16_t)(place >> AXIS_BITS);
    state.heading = wire_get_u8(r);
    uint32_t v = wire_get_varint(r);
    state.pose = (uint8_t)(v & POSE_MASK);
    uint32_t zigzag = v >> POSE_BITS;
    if (zigzag > UINT16_MAX || !place_fine(key, &state))
        r->bad = true;
    state.altitude = (int16_t)(zigzag >> 1 ^ (0u - (zigzag & 1)));
    return state;
}

/* 0: gone; else 1 + level, then zigzag x and z at that level, relative to where the block's cell
 * begins there: 3 bytes for a neighbour. */
static int32_t begins(int32_t index, unsigned level, unsigned at_level)
{
    return at_level >= level ? index * (1 << (at_level - level)) : index >> (level - at_level);
}

static void put_destination(struct wire_writer *w, const struct protocol_key *key,
                            const struct cellblock_record *record)
{
    const struct space_cell *to = &record->to;
    if (record->gone) {
        wire_put_varint(w, 0);
        return;
    }
    if (to->level > SPACE_LEVEL_MAX || !cell_fine(to->x, to->level) ||
        !cell_fine(to->z, to->level)) {
        w->bad = true;
        return;
    }
    wire_put_varint(w, 1u + to->level);
    wire_put_zigzag(w, to->x - begins(key->x, key->level, to->level));
    wire_put_zigzag(w, to->z - begins(key->z, key->level, to->level));
}

static void get_destination(struct wire_reader *r, const struct protocol_key *key,
                            struct cellblock_record *record)
{
    uint32_t v = wire_get_varint(r);
    record->gone = v == 0;
    if (record->gone)
        return;
    unsigned level = v - 1;
    if (level > SPACE_LEVEL_MAX) {
        r->bad = true;
        return;
    }
    int64_t x = begins(key->x, key->level, level) + (int64_t)wire_get_zigzag(r);
    int64_t z = begins(key->z, key->level, level) + (int64_t)wire_get_zigzag(r);
    if (!cell_fine(x, level) || !cell_fine(z, level)) {
        r->bad = true;
        return;
    }
    record->to = (struct space_cell){(int32_t)x, (int32_t)z, (uint8_t)level};
}

/* ---- records ---- */

static void put_entity(struct wire_writer *w, uint64_t entity)
{
    if (entity == 0)
        w->bad = true;
    wire_put_u64(w, entity);
}

static void put_record(struct wire_writer *w, const struct protocol_key *key,
                       const struct cellblock_record *record)
{
    switch (record->kind) {
    case CELLBLOCK_LEFT:
        put_entity(w, record->entity);
        put_destination(w, key, record);
        break;
    case CELLBLOCK_ENTERED:
        put_entity(w, record->entity);
        wire_put_u8(w, record->version);
        put_state(w, key, &record->state);
        break;
    case CELLBLOCK_MOVED:
        put_state(w, key, &record->state);
        break;
    case CELLBLOCK_CHANGED:
        wire_put_u8(w, record->version);
        break;
    }
}

static uint64_t get_entity(struct wire_reader *r)
{
    uint64_t entity = wire_get_u64(r);
    if (entity == 0)
        r->bad = true;
    return entity;
}

static void get_record(struct wire_reader *r, const struct protocol_key *key,
                       struct cellblock_record *record)
{
    switch (record->kind) {
    case CELLBLOCK_LEFT:
        record->entity = get_entity(r);
        get_destination(r, key, record);
        break;
    case CELLBLOCK_ENTERED:
        record->entity = get_entity(r);
        record->version = wire_get_u8(r);
        record->state = get_state(r, key);
        break;
    case CELLBLOCK_MOVED:
        record->state = get_state(r, key);
        break;
    case CELLBLOCK_CHANGED:
        record->version = wire_get_u8(r);
        break;
    }
}

/* ---- encoding ---- */

static void put_header(struct wire_writer *w, const struct cellblock_header *h)
{
    if (!header_fine(h)) {
        w->bad = true;
        return;
    }
    protocol_put_key(w, &h->key);
    wire_put_varint(w, h->first);
    wire_put_varint(w, h->last);
    wire_put_u32(w, h->to);
    wire_put_varint(w, h->from == CELLBLOCK_NONE ? 0 : h->to - h->from);
}

/* The records of one kind at the front of records; returns how many. */
static size_t put_list(struct wire_writer *w, const struct cellblock_header *h,
                       enum cellblock_kind kind, const struct cellblock_record *records,
                       size_t records_n)
{
    size_t n = 0;
    while (n < records_n && records[n].kind == kind)
        n++;
    if (n && kind != CELLBLOCK_ENTERED && h->from == CELLBLOCK_NONE)
        w->bad = true;
    wire_put_varint(w, (uint32_t)n);
    uint32_t next = h->first; /* the lowest index that may come */
    for (size_t i = 0; i < n && !w->bad; i++) {
        if (records[i].index < next || records[i].index > h->last) {
            w->bad = true;
            break;
        }
        wire_put_varint(w, records[i].index - next);
        put_record(w, &h->key, &records[i]);
        next = records[i].index + 1u;
    }
    return n;
}

size_t cellblock_encode(const struct cellblock_header *header,
                        const struct cellblock_record *records, size_t records_n, uint8_t *room,
                        size_t room_bytes)
{
    struct wire_writer w;
    wire_writer_init(&w, room, room_bytes < CELLBLOCK_MAX_BYTES ? room_bytes : CELLBLOCK_MAX_BYTES);
    put_header(&w, header);
    size_t done = 0;
    for (unsigned kind = 0; kind < LISTS_N && !w.bad; kind++)
        done += put_list(&w, header, (enum cellblock_kind)kind, records + done, records_n - done);
    if (done != records_n) /* not sorted */
        w.bad = true;
    return w.bad ? 0 : wire_written(&w);
}

/* ---- parsing ---- */

static void get_header(struct wire_reader *r, struct cellblock_header *h)
{
    h->key = protocol_view_key(r);
    uint32_t first = wire_get_varint(r);
    uint32_t last = wire_get_varint(r);
    h->to = wire_get_u32(r);
    uint32_t distance = wire_get_varint(r);
    if (first > UINT16_MAX || last > UINT16_MAX || distance > h->to) {
        r->bad = true;
        return;
    }
    h->first = (uint16_t)first;
    h->last = (uint16_t)last;
    h->from = distance ? h->to - distance : CELLBLOCK_NONE;
    if (!header_fine(h))
        r->bad = true;
}

/* One pass over the four lists. */
static void walk(struct wire_reader *r, const struct cellblock_header *h, cellblock_visit_fn *visit,
                 void *context)
{
    for (unsigned kind = 0; kind < LISTS_N && !r->bad; kind++) {
        uint32_t n = wire_get_varint(r);
        if (n > CELLBLOCK_PART || (n && kind != CELLBLOCK_ENTERED && h->from == CELLBLOCK_NONE))
            r->bad = true;
        uint32_t next = h->first;
        for (; n > 0 && !r->bad; n--) {
            struct cellblock_record record = {.kind = (enum cellblock_kind)kind};
            uint32_t delta = wire_get_varint(r);
            if (delta >= CELLBLOCK_PART || next + delta > h->last)
                r->bad = true;
            record.index = (uint16_t)(next + delta);
            get_record(r, &h->key, &record);
            next += delta + 1;
            if (visit && !r->bad)
                visit(context, h, &record);
        }
    }
}

enum protocol_result cellblock_parse(struct wire_reader *reader, struct cellblock_header *header,
                                     cellblock_visit_fn *visit, void *context)
{
    struct wire_reader r = *reader;
    struct cellblock_header h = {.from = 0};
    if (wire_left(&r) > CELLBLOCK_MAX_BYTES)
        r.end = r.next + CELLBLOCK_MAX_BYTES;
    get_header(&r, &h);
    struct wire_reader lists = r;
    if (!r.bad)
        walk(&r, &h, NULL, NULL);
    if (r.bad) {
        reader->bad = true;
        return PROTOCOL_BAD;
    }
    *header = h;
    reader->next = r.next;
    if (visit)
        walk(&lists, &h, visit, context);
    return PROTOCOL_OK;
}

enum protocol_result cellblock_parse_header(struct wire_reader *reader,
                                            struct cellblock_header *header)
{
    struct cellblock_header h = {.from = 0};
    get_header(reader, &h);
    if (reader->bad)
        return PROTOCOL_BAD;
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
