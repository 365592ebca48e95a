/* test_cellblock.c -- the cell block: its bytes, round trips of random blocks, what is malformed,
 * the largest ones, and quantising at every edge and sign. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/cellblock.h"

#define RECORDS_MAX 2048

static uint8_t room[CELLBLOCK_MAX_BYTES + 64];

struct seen {
    struct cellblock_header header;
    struct cellblock_record records[RECORDS_MAX];
    size_t n;
};
static struct seen seen;

static void note(void *context, const struct cellblock_header *header,
                 const struct cellblock_record *record)
{
    struct seen *s = context;
    assert_true(s->n < RECORDS_MAX);
    s->header = *header;
    s->records[s->n++] = *record;
}

static enum protocol_result parse(const void *bytes, size_t n, struct cellblock_header *header)
{
    struct wire_reader r;
    wire_reader_init(&r, bytes, n);
    seen.n = 0;
    enum protocol_result result = cellblock_parse(&r, header, note, &seen);
    if (result == PROTOCOL_OK)
        assert_true(wire_done(&r));
    else
        assert_true(r.bad && seen.n == 0); /* nothing was visited of a block that is malformed */
    return result;
}

static bool same_key(const struct protocol_key *a, const struct protocol_key *b)
{
    return a->source == b->source && a->layer == b->layer && a->level == b->level && a->x == b->x &&
           a->z == b->z;
}

static void assert_same_record(const struct cellblock_record *a, const struct cellblock_record *b)
{
    assert_int_equal(a->kind, b->kind);
    assert_int_equal(a->index, b->index);
    bool entity = a->kind == CELLBLOCK_LEFT || a->kind == CELLBLOCK_ENTERED;
    bool state = a->kind == CELLBLOCK_MOVED || a->kind == CELLBLOCK_ENTERED;
    bool version = a->kind == CELLBLOCK_CHANGED || a->kind == CELLBLOCK_ENTERED;
    if (entity)
        assert_true(a->entity == b->entity);
    if (version)
        assert_int_equal(a->version, b->version);
    if (state) {
        assert_int_equal(a->state.x, b->state.x);
        assert_int_equal(a->state.z, b->state.z);
        assert_int_equal(a->state.altitude, b->state.altitude);
        assert_int_equal(a->state.heading, b->state.heading);
        assert_int_equal(a->state.pose, b->state.pose);
    }
    if (a->kind == CELLBLOCK_LEFT) {
        assert_int_equal(a->gone, b->gone);
        if (!a->gone)
            assert_true(space_cell_same(a->to, b->to));
    }
}

/* The example of doc/protocol.md, byte by byte. */
/* clang-format off */
static const uint8_t example[] = {
    0, 0, 0, 0, 1, 4,       /* source 0, layer 0, level 0, cell (-1, 2) */
    0, 0xff, 0x03,          /* indices 0..511 */
    0xe8, 3, 0, 0, 2,       /* to 1000, from 998 */
    1,                      /* one left: */
    3, 7, 0, 0, 0, 0, 0, 0, 0, 1, 2, 0, /* index 3, entity 7, to the cell (0, 2) */
    1,                      /* one entered: */
    9, 8, 0, 0, 0, 0, 0, 0, 0, 1, 0xff, 0x1f, 0, 0x40, 0, /* index 9, entity 8, version 1, (4095, 1), 90 degrees */
    2,                      /* two moved: */
    0, 0, 0x10, 0, 0x80, 2, /* index 0: (0, 1), 180 degrees, altitude 0, running */
    1, 1, 0, 0, 0, 0x0f,    /* index 2: (1, 0), altitude -2, jumping */
    0,                      /* none changed */
};
/* clang-format on */

static void bytes_of_the_example(void **state)
{
    (void)state;
    const struct cellblock_header header = {{0, 0, 0, -1, 2}, 0, 511, 998, 1000};
    const struct cellblock_record records[] = {
        {.kind = CELLBLOCK_LEFT, .index = 3, .entity = 7, .to = {0, 2, 0}},
        {.kind = CELLBLOCK_ENTERED,
         .index = 9,
         .entity = 8,
         .version = 1,
         .state = {4095, 1, 0, 0x40, 0}},
        {.kind = CELLBLOCK_MOVED, .index = 0, .state = {0, 1, 0, 0x80, 2}},
        {.kind = CELLBLOCK_MOVED, .index = 2, .state = {1, 0, -2, 0, 3}},
    };
    size_t n = cellblock_encode(&header, records, ARRAY_N(records), room, sizeof room);
    assert_int_equal(n, sizeof example);
    assert_memory_equal(room, example, sizeof example);
    struct cellblock_header parsed;
    assert_int_equal(parse(example, sizeof example, &parsed), PROTOCOL_OK);
    assert_int_equal(seen.n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_same_record(&records[i], &seen.records[i]);
    assert_int_equal(parsed.from, 998);
    assert_int_equal(parsed.to, 1000);
    for (size_t cut = 0; cut < sizeof example; cut++) {
        assert_int_equal(parse(example, cut, &parsed), PROTOCOL_BAD);
        assert_int_equal(cellblock_encode(&header, records, ARRAY_N(records), room, cut), 0);
    }
}

static struct cellblock_state random_state(unsigned *seed, const struct protocol_key *key)
{
    struct cellblock_state s = {
        .x = (uint16_t)(rand_r(seed) & 4095),
        .z = (uint16_t)(rand_r(seed) & 4095),
        .altitude = (int16_t)(rand_r(seed) % 4 ? 0 : rand_r(seed)),
        .heading = (uint8_t)rand_r(seed),
        .pose = (uint8_t)(rand_r(seed) & 3),
    };
    unsigned shift = 12 - key->level;
    uint32_t low = (1u << shift) - 1, mask = (1u << key->level) - 1;
    s.x = (uint16_t)((s.x & low) | ((uint32_t)key->x & mask) << shift);
    s.z = (uint16_t)((s.z & low) | ((uint32_t)key->z & mask) << shift);
    return s;
}

static size_t random_records(unsigned *seed, const struct cellblock_header *header,
                             struct cellblock_record *records)
{
    size_t n = 0;
    for (unsigned kind = 0; kind < 4; kind++) {
        if (header->from == CELLBLOCK_NONE && kind != CELLBLOCK_ENTERED)
            continue;
        unsigned step = 1u + (unsigned)rand_r(seed) % 200;
        for (unsigned i = header->first + (unsigned)rand_r(seed) % step; i <= header->last;
             i += 1 + (unsigned)rand_r(seed) % step) {
            struct cellblock_record *r = &records[n++];
            *r = (struct cellblock_record){.kind = (enum cellblock_kind)kind, .index = (uint16_t)i};
            r->entity = 1 + (uint64_t)rand_r(seed);
            r->version = (uint8_t)rand_r(seed);
            r->gone = rand_r(seed) & 1;
            r->to.level = (uint8_t)(rand_r(seed) & 3);
            int32_t half = 8192 << r->to.level;
            r->to.x = rand_r(seed) % (2 * half) - half;
            r->to.z = rand_r(seed) % (2 * half) - half;
            r->state = random_state(seed, &header->key);
        }
    }
    return n;
}

static struct cellblock_header random_header(unsigned *seed)
{
    struct cellblock_header h;
    h.key.source = (uint16_t)rand_r(seed);
    h.key.layer = (uint8_t)rand_r(seed);
    h.key.level = (uint8_t)(rand_r(seed) & 3);
    int32_t half = 8192 << h.key.level;
    h.key.x = rand_r(seed) % (2 * half) - half;
    h.key.z = rand_r(seed) % (2 * half) - half;
    h.first = (uint16_t)(rand_r(seed) % 128 * CELLBLOCK_PART);
    h.last = (uint16_t)(h.first + CELLBLOCK_PART - 1);
    h.to = 1 + (uint32_t)rand_r(seed);
    h.from = rand_r(seed) % 3 ? h.to - 1 - (uint32_t)rand_r(seed) % h.to : CELLBLOCK_NONE;
    return h;
}

static void random_round_trips(void **state)
{
    (void)state;
    static struct cellblock_record records[RECORDS_MAX];
    unsigned seed = 7, fitted = 0;
    for (unsigned round = 0; round < 2000; round++) {
        struct cellblock_header header = random_header(&seed), parsed;
        size_t n = random_records(&seed, &header, records);
        size_t bytes = cellblock_encode(&header, records, n, room, sizeof room);
        assert_true(bytes <= CELLBLOCK_MAX_BYTES);
        if (bytes == 0)
            continue; /* left, entered and moved of everyone: too much */
        fitted++;
        assert_int_equal(parse(room, bytes, &parsed), PROTOCOL_OK);
        assert_true(same_key(&parsed.key, &header.key));
        assert_true(parsed.first == header.first && parsed.last == header.last);
        assert_true(parsed.from == header.from && parsed.to == header.to);
        assert_int_equal(seen.n, n);
        struct cellblock_header alone;
        struct wire_reader head;
        wire_reader_init(&head, room, bytes);
        assert_int_equal(cellblock_parse_header(&head, &alone), PROTOCOL_OK);
        assert_true(same_key(&alone.key, &header.key) && alone.first == header.first &&
                    alone.last == header.last && alone.from == header.from &&
                    alone.to == header.to);
        for (size_t cut = 0; cut < (size_t)(head.next - room); cut++) {
            wire_reader_init(&head, room, cut);
            assert_int_equal(cellblock_parse_header(&head, &alone), PROTOCOL_BAD);
        }
        for (size_t i = 0; i < n; i++)
            assert_same_record(&records[i], &seen.records[i]);
        /* One byte wrong: refused or another block, never a crash. */
        room[(unsigned)rand_r(&seed) % bytes] ^= (uint8_t)(1u << (rand_r(&seed) & 7));
        struct wire_reader r;
        wire_reader_init(&r, room, bytes);
        assert_int_not_equal(cellblock_parse(&r, &parsed, NULL, NULL), PROTOCOL_MORE);
    }
    assert_true(fitted > 1500);
}

static const struct cellblock_state worst_state = {4095, 4095, INT16_MIN, 255, 3};

static struct cellblock_record worst(enum cellblock_kind kind, unsigned index)
{
    return (struct cellblock_record){.kind = kind,
                                     .index = (uint16_t)index,
                                     .entity = UINT64_MAX,
                                     .version = 255,
                                     .to = {-65536, -65536, 3},
                                     .state = worst_state};
}

/* The promise of the header: a part fits, whatever its figures do. */
static void largest(void **state)
{
    (void)state;
    static struct cellblock_record records[RECORDS_MAX];
    struct cellblock_header header = {
        {65535, 255, 0, 8191, 8191}, 65024, 65535, CELLBLOCK_NONE, UINT32_MAX - 1};
    struct cellblock_header parsed;
    for (unsigned i = 0; i < 512; i++)
        records[i] = worst(CELLBLOCK_ENTERED, header.first + i);
    size_t full = cellblock_encode(&header, records, 512, room, sizeof room);
    assert_true(full > 8000 && full <= CELLBLOCK_MAX_BYTES);
    assert_int_equal(parse(room, full, &parsed), PROTOCOL_OK);
    assert_int_equal(seen.n, 512);

    /* Half left and half entered, all of the entered changed too; then all moved and all changed.
     */
    header.from = 0;
    size_t n = 0;
    for (unsigned i = 0; i < 512; i += 2)
        records[n++] = worst(CELLBLOCK_LEFT, header.first + i);
    for (unsigned i = 1; i < 512; i += 2)
        records[n++] = worst(CELLBLOCK_ENTERED, header.first + i);
    assert_true(cellblock_encode(&header, records, n, room, sizeof room) > 0);
    n = 0;
    for (unsigned i = 0; i < 512; i++)
        records[n++] = worst(CELLBLOCK_MOVED, header.first + i);
    for (unsigned i = 0; i < 512; i++)
        records[n++] = worst(CELLBLOCK_CHANGED, header.first + i);
    assert_true(cellblock_encode(&header, records, n, room, sizeof room) > 0);
    /* A walking figure costs six bytes. */
    struct cellblock_record walks = {
        .kind = CELLBLOCK_MOVED, .index = header.first, .state = {4095, 4095, 0, 255, 1}};
    size_t none = cellblock_encode(&header, NULL, 0, room, sizeof room);
    assert_int_equal(cellblock_encode(&header, &walks, 1, room, sizeof room), none + 6);
}

/* Places in the example, and what to put there. */
static const struct {
    const char *what;
    size_t at;
    uint8_t byte;
} malformed[] = {
    {"a level that is none", 3, 4},
    {"a place outside a smaller cell", 3, 1},
    {"first is no part's", 6, 1},
    {"last is no part's", 7, 0xfe},
    {"last is beyond 16 bits", 8, 0x83},
    {"from before tick 0", 13, 0x7f},
    {"a full block with a left", 13, 0},
    {"more records than there are", 14, 2},
    {"fewer records than there are", 14, 0},
    {"entity 0 left", 16, 0},
    {"entity 0 entered", 29, 0},
    {"overlong varint", 24, 0x80},
};

static void malformed_table(void **state)
{
    (void)state;
    struct cellblock_header header;
    for (size_t i = 0; i < ARRAY_N(malformed); i++) {
        uint8_t bytes[sizeof example];
        memcpy(bytes, example, sizeof bytes);
        bytes[malformed[i].at] = malformed[i].byte;
        if (malformed[i].at == 13 && malformed[i].byte == 0x7f)
            memset(bytes + 9, 0, 4);
        struct wire_reader r;
        wire_reader_init(&r, bytes, sizeof bytes);
        if (cellblock_parse(&r, &header, NULL, NULL) == PROTOCOL_OK && wire_done(&r))
            fail_msg("taken: %s", malformed[i].what);
    }
    /* The index after the last of the part, and the last. */
    static const uint8_t far[] = {0, 0, 0, 0, 1, 4, 0, 0xff, 3, 9, 0,
                                  0, 0, 1, 0, 0, 0, 1, 0x80, 4, 7};
    assert_int_equal(parse(far, sizeof far, &header), PROTOCOL_BAD);
    static const uint8_t near[] = {0, 0, 0, 0, 1, 4, 0, 0xff, 3, 9, 0,
                                   0, 0, 1, 0, 0, 0, 1, 0xff, 3, 7};
    assert_int_equal(parse(near, sizeof near, &header), PROTOCOL_OK);
    /* Nothing but a header and four empty lists: fine, full or not. */
    static const uint8_t empty[] = {0, 0, 0, 0, 1, 4, 0, 0xff, 3, 9, 0, 0, 0, 0, 0, 0, 0, 0};
    assert_int_equal(parse(empty, sizeof empty, &header), PROTOCOL_OK);
    assert_int_equal(header.from, CELLBLOCK_NONE);
    /* The last tick is none. */
    static const uint8_t none[] = {0,    0,    0,    0,    1, 4, 0, 0xff, 3,
                                   0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0,    0};
    assert_int_equal(parse(none, sizeof none, &header), PROTOCOL_BAD);
    /* A neighbour beyond the last cell; an altitude beyond 16 bits. */
    static const uint8_t beyond[] = {0, 0, 0, 0, 0xfe, 0x7f, 0, 0, 0xff, 3, 9, 0, 0, 0, 1, 1,
                                     0, 7, 0, 0, 0,    0,    0, 0, 0,    1, 2, 0, 0, 0, 0};
    assert_int_equal(parse(beyond, sizeof beyond, &header), PROTOCOL_BAD);
    static const uint8_t high[] = {0, 0, 0, 0, 1, 4, 0, 0xff, 3, 9,    0,    0,    0,
                                   1, 0, 0, 1, 0, 0, 0, 0,    0, 0x80, 0x80, 0x10, 0};
    assert_int_equal(parse(high, sizeof high, &header), PROTOCOL_BAD);
    static const uint8_t highest[] = {0, 0, 0, 0, 1, 4, 0, 0xff, 3, 9,    0,    0,    0,
                                      1, 0, 0, 1, 0, 0, 0, 0,    0, 0xff, 0xff, 0x0f, 0};
    assert_int_equal(parse(highest, sizeof highest, &header), PROTOCOL_OK);
    assert_int_equal(seen.records[0].state.altitude, INT16_MIN);
}

/* What the encoder will not write, since a receiver would close the connection over it. */
static void encoder_refuses(void **state)
{
    (void)state;
    const struct cellblock_header fine = {{0, 0, 1, -1, 2}, 0, 511, 998, 1000};
    const struct cellblock_record in = {
        .kind = CELLBLOCK_MOVED, .index = 3, .state = {2048, 2047, 0, 0, 0}};
    struct cellblock_header h = fine;
    assert_true(cellblock_encode(&h, &in, 1, room, sizeof room) > 0);
    h.from = h.to;
    assert_int_equal(cellblock_encode(&h, &in, 1, room, sizeof room), 0);
    h.from = CELLBLOCK_NONE; /* full: nothing but entered */
    assert_int_equal(cellblock_encode(&h, &in, 1, room, sizeof room), 0);
    h = fine;
    h.last = 510;
    assert_int_equal(cellblock_encode(&h, &in, 1, room, sizeof room), 0);
    h = fine;
    struct cellblock_record two[2] = {in, in};
    assert_int_equal(cellblock_encode(&h, two, 2, room, sizeof room), 0); /* the same index twice */
    two[1].index = 2;
    assert_int_equal(cellblock_encode(&h, two, 2, room, sizeof room), 0); /* falling */
    two[1].index = 512;
    assert_int_equal(cellblock_encode(&h, two, 2, room, sizeof room), 0); /* beside the part */
    two[1] = in;
    two[1].kind = CELLBLOCK_LEFT;
    two[1].entity = 1;
    assert_int_equal(cellblock_encode(&h, two, 2, room, sizeof room), 0); /* kinds not sorted */
    two[0] = in;
    two[0].state.x = 2047; /* in the neighbour */
    assert_int_equal(cellblock_encode(&h, two, 1, room, sizeof room), 0);
    two[0].state.x = 4096;
    assert_int_equal(cellblock_encode(&h, two, 1, room, sizeof room), 0);
    two[0] = in;
    two[0].kind = CELLBLOCK_ENTERED; /* entity 0 */
    assert_int_equal(cellblock_encode(&h, two, 1, room, sizeof room), 0);
}

/* Quantising is floor, at every edge and sign: what is read back lies less than one quantum below,
 * in the same cell. */
static void quantising(void **state)
{
    (void)state;
    static const int32_t edges_m[] = {-512000, -4096, -128, -64, -1,   0,
                                      1,       63,    64,   128, 4096, 511936};
    for (size_t i = 0; i < ARRAY_N(edges_m); i++) {
        for (int32_t off = -130; off <= 130; off++) {
            int64_t units = (int64_t)edges_m[i] * SPACE_UNITS_PER_M + off;
            if (units < -SPACE_LIMIT_UNITS || units > SPACE_LIMIT_UNITS)
                continue;
            struct space_pos pos = {(int32_t)units, (int32_t)(off * 7), -(int32_t)units};
            struct space_cell cell = space_cell_of(pos);
            for (uint8_t level = 0; level <= PROTOCOL_LEVEL_MAX; level++) {
                struct protocol_key key = {0, 0, level, pos.x >> (SPACE_CELL_SHIFT - level),
                                           pos.z >> (SPACE_CELL_SHIFT - level)};
                struct cellblock_state s = cellblock_state_of(pos, 0xffff, 2, 1000);
                struct space_pos back = cellblock_pos(&key, &s, 1000);
                int32_t qx, qz;
                cellblock_quantise_place(pos, &qx, &qz);
                assert_true(back.x == qx && back.z == qz);
                assert_true(pos.x - back.x >= 0 && pos.x - back.x < 64);
                assert_true(pos.z - back.z >= 0 && pos.z - back.z < 64);
                assert_true(pos.y - back.y >= 0 && pos.y - back.y < 64);
                assert_true(space_cell_of(back).x == cell.x && space_cell_of(back).z == cell.z);
                struct cellblock_header h = {key, 0, 511, 1, 2};
                struct cellblock_record r = {.kind = CELLBLOCK_MOVED, .state = s};
                assert_true(cellblock_encode(&h, &r, 1, room, sizeof room) > 0);
            }
        }
    }
    /* 63.995 m must not wrap to 0, nor -0.005 m to 0. */
    struct cellblock_state s = cellblock_state_of((struct space_pos){262123, 0, -20}, 0, 0, 0);
    assert_int_equal(s.x, 4095);
    assert_int_equal(s.z, 4095);
    s = cellblock_state_of((struct space_pos){0, INT32_MAX, 0}, 0x1ff, 0, 0);
    assert_int_equal(s.altitude, INT16_MAX);
    assert_int_equal(s.heading, 1);
    s = cellblock_state_of((struct space_pos){0, INT32_MIN, 0}, 0, 0, 4000000);
    assert_int_equal(s.altitude, INT16_MIN);
    s = cellblock_state_of((struct space_pos){0, -1, 0}, 0, 0, 0);
    assert_int_equal(s.altitude, -1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_the_example),
        cmocka_unit_test(random_round_trips),
        cmocka_unit_test(largest),
        cmocka_unit_test(malformed_table),
        cmocka_unit_test(encoder_refuses),
        cmocka_unit_test(quantising),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
