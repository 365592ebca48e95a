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
    struct wire_reader r; /* the header's key and `to` are the caller's */
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
        bool in = a->kind == CELLBLOCK_ENTERED;
        assert_int_equal(a->placed || in, b->placed);
        assert_int_equal(a->turned || in, b->turned);
    }
    if (state && b->placed) {
        assert_int_equal(a->state.x, b->state.x);
        assert_int_equal(a->state.z, b->state.z);
    }
    if (state && b->turned) {
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

/* The example of doc/protocol.md, bit by bit: each field's low bit first. It is of the cell (-1, 2)
 * and up to 1000. */
static const struct cellblock_header example_place = {.key = {0, 0, 0, -1, 2}, .to = 1000};
/* clang-format off */
static const struct field {
    const char *bits, *what;
} example[] = {
    {"0", "part 0"}, {"0", "not full"}, {"1 0", "from 2 before"},
    {"1 1110", "left, entered, moved"},
    {"0 0", "one left"}, {"1 0", "gaps with 1 low bit"}, {"01 1", "index 3"},
    {"0", "of the source"}, {"0000000 0", "slot 0"}, {"1110 0", "generation 7"},
    {"0", "not gone"}, {"00", "to level 0"}, {"0", "near"}, {"10001", "dx 1"}, {"00001", "dz 0"},
    {"0 0", "one entered"}, {"1 1 1 0", "gaps with 3 low bits"}, {"01 100", "index 9"},
    {"0", "of the source"}, {"0000000 0", "slot 0"}, {"0001 0", "generation 8"}, {"1000 0000", "version 1"},
    {"1111 1111 1111", "x 4095"}, {"1000 0000 0000", "z 1"},
    {"0000 0010", "heading 0x40"}, {"1 00", "standing"}, {"0", "on the ground"},
    {"1 0", "two moved"}, {"0 0", "gaps without low bits"},
    {"1", "index 0"}, {"0", "placed"}, {"0000 0000 0000", "x 0"}, {"1000 0000 0000", "z 1"},
    {"01", "index 2"}, {"1", "turned"}, {"0", "not placed"},
    {"0000 0001", "heading 0x80"}, {"1 11", "jumping"}, {"1 0100 0", "altitude -2"},
};
/* clang-format on */

/* The same as doc/protocol.md gives it in bytes. */
static const uint8_t example_bytes[] = {0xf4, 0xc8, 0x00, 0x0e, 0x44, 0xc8, 0x19,
                                        0x00, 0x28, 0xe0, 0xff, 0x03, 0x00, 0x28,
                                        0x22, 0x00, 0x08, 0x00, 0x03, 0x7c, 0x01};

/* Bits to bytes, the rest of the last one zero; `what`'s bits are others'. */
static size_t bytes_of(const struct field *fields, size_t fields_n, const char *what,
                       const char *others, uint8_t *bytes)
{
    size_t n = 0;
    for (size_t i = 0; i < fields_n; i++) {
        const char *bits = what && strcmp(fields[i].what, what) == 0 ? others : fields[i].bits;
        for (; *bits; bits++) {
            if (*bits == ' ')
                continue;
            if (n % 8 == 0)
                bytes[n / 8] = 0;
            bytes[n / 8] |= (uint8_t)((*bits == '1') << n % 8);
            n++;
        }
    }
    return (n + 7) / 8;
}

static void bytes_of_the_example(void **state)
{
    (void)state;
    uint8_t bytes[128];
    size_t bytes_n = bytes_of(example, ARRAY_N(example), NULL, NULL, bytes);
    struct cellblock_header header = example_place;
    header.last = 511;
    header.from = 998;
    const struct cellblock_record records[] = {
        {.kind = CELLBLOCK_LEFT, .index = 3, .entity = 7, .to = {0, 2, 0}},
        {.kind = CELLBLOCK_ENTERED,
         .index = 9,
         .entity = 8,
         .version = 1,
         .state = {4095, 1, 0, 0x40, 0}},
        {.kind = CELLBLOCK_MOVED, .index = 0, .placed = true, .state = {.x = 0, .z = 1}},
        {.kind = CELLBLOCK_MOVED, .index = 2, .turned = true, .state = {0, 0, -2, 0x80, 3}},
    };
    size_t n = cellblock_encode(&header, records, ARRAY_N(records), room, sizeof room);
    assert_int_equal(n, bytes_n);
    assert_memory_equal(room, bytes, bytes_n);
    assert_int_equal(n, sizeof example_bytes);
    assert_memory_equal(room, example_bytes, n);
    struct cellblock_header parsed = example_place;
    assert_int_equal(parse(bytes, bytes_n, &parsed), PROTOCOL_OK);
    assert_int_equal(seen.n, 4);
    for (size_t i = 0; i < 4; i++)
        assert_same_record(&records[i], &seen.records[i]);
    assert_int_equal(parsed.from, 998);
    assert_int_equal(parsed.to, 1000);
    for (size_t cut = 0; cut < bytes_n; cut++) {
        assert_int_equal(parse(bytes, cut, &parsed), PROTOCOL_BAD);
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
            r->entity = (uint64_t)(rand_r(seed) % 3 ? header->key.source : rand_r(seed) % 65536)
                            << 48 |
                        (1 + (uint64_t)rand_r(seed) * 65539) % (UINT64_C(1) << 48);
            r->version = (uint8_t)rand_r(seed);
            r->gone = rand_r(seed) & 1;
            r->to.level = (uint8_t)(rand_r(seed) & 3);
            int32_t half = 8192 << r->to.level;
            r->to.x = rand_r(seed) % (2 * half) - half;
            r->to.z = rand_r(seed) % (2 * half) - half;
            unsigned what = (unsigned)rand_r(seed) % 4;
            r->placed = what != 1;
            r->turned = what < 2;
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
        struct cellblock_header header = random_header(&seed);
        struct cellblock_header parsed = {.key = header.key, .to = header.to};
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
        struct cellblock_header alone = {.key = header.key, .to = header.to};
        struct wire_reader head;
        wire_reader_init(&head, room, bytes);
        assert_int_equal(cellblock_parse_header(&head, &alone), PROTOCOL_OK);
        assert_true(same_key(&alone.key, &header.key) && alone.first == header.first &&
                    alone.last == header.last && alone.from == header.from &&
                    alone.to == header.to);
        assert_ptr_equal(head.next, room);
        wire_reader_init(&head, room, 0);
        assert_int_equal(cellblock_parse_header(&head, &alone), PROTOCOL_BAD);
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
                                     .placed = true,
                                     .turned = true,
                                     .state = worst_state};
}

/* The promise of the header: a part fits, whatever its figures do. */
static void largest(void **state)
{
    (void)state;
    static struct cellblock_record records[RECORDS_MAX];
    struct cellblock_header header = {
        {65535, 255, 0, 8191, 8191}, 65024, 65535, CELLBLOCK_NONE, UINT32_MAX - 1};
    struct cellblock_header parsed = header;
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
}

/* What a move costs in a crowd: half of a part walks, a quarter of those turns. */
static void costs(void **state)
{
    (void)state;
    static struct cellblock_record records[CELLBLOCK_PART];
    unsigned seed = 3;
    for (uint8_t level = 0; level <= SPACE_LEVEL_MAX; level++) {
        struct cellblock_header header = {{0, 0, level, 0, 0}, 0, 511, 998, 1000};
        size_t n = 0;
        for (unsigned i = 0; i < CELLBLOCK_PART; i++) {
            if (rand_r(&seed) % 2)
                continue;
            records[n] = (struct cellblock_record){.kind = CELLBLOCK_MOVED,
                                                   .index = (uint16_t)i,
                                                   .placed = true,
                                                   .turned = rand_r(&seed) % 4 == 0};
            records[n].state = random_state(&seed, &header.key);
            records[n].state.altitude = 0;
            records[n++].state.pose = 1;
        }
        size_t bytes = cellblock_encode(&header, records, n, room, sizeof room);
        double each = (double)bytes / (double)n;
        print_message("level %u: %.2f bytes a move\n", level, each);
        assert_true(bytes > 0 && each < 4.0 - 0.25 * level);
    }
}

/* What is put in the place of a field of the example. */
static const struct {
    const char *what, *bits, *why;
} malformed[] = {
    {"part 0", "1 0000000", "part 0, told"},
    {"from 2 before", "0 1 0 1 0 1 1 1 0 1 1 1 1 1 1 1 1 1 1 0", "1001 before tick 1000"},
    {"from 2 before", "1 1 0 0", "longer than it must be"},
    {"left, entered, moved", "1 0010", "moved alone, told at length"},
    {"one left", "1 1 1 0", "four left: a generation that is too long"},
    {"one left", "0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 0 1 1 0", "513 left"},
    {"one left", "0 1 0 0", "longer than it must be"},
    {"gaps with 1 low bit", "0 0", "not the gaps' own number of low bits"},
    {"gaps with 1 low bit", "0 1 1 0", "nor this"},
    {"gaps with 3 low bits", "0 1 1 1 0 1 1 0", "more low bits than an index has"},
    {"index 9",
     "0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 0000 01 111",
     "an index after the part"},
    {"generation 7", "0000 0", "entity 0"},
    {"generation 7", "0000 1 0000 1 0000 1 0000 1 0000 1 0000 1 1000 0",
     "a generation beyond 24 bits"},
    {"slot 0", "0000000 1 0000000 1 0000000 1 0001000 0", "a slot beyond 24 bits"},
    {"of the source", "1 0000 0000 0000 0000", "the source's, told"},
    {"near", "1", "far, though it is near (and what follows)"},
    {"standing", "1 10", "the pose of before, told"},
    {"altitude -2", "1 0100 1 0000 0", "longer than it must be"},
    {"altitude -2", "1 1111 1 1111 1 1111 1 1111 0", "beyond 16 bits"},
};

static void malformed_table(void **state)
{
    (void)state;
    uint8_t bytes[128];
    for (size_t i = 0; i < ARRAY_N(malformed); i++) {
        struct cellblock_header header = example_place;
        size_t n = bytes_of(example, ARRAY_N(example), malformed[i].what, malformed[i].bits, bytes);
        struct wire_reader r;
        wire_reader_init(&r, bytes, n);
        if (cellblock_parse(&r, &header, NULL, NULL) == PROTOCOL_OK && wire_done(&r))
            fail_msg("taken: %s", malformed[i].why);
    }
    size_t n = bytes_of(example, ARRAY_N(example), NULL, NULL, bytes);
    struct cellblock_header header = example_place;
    bytes[n - 1] |= 0x80; /* a bit after the last field */
    assert_int_equal(parse(bytes, n, &header), PROTOCOL_BAD);
    /* What it is said to be of: no level, no cell, no tick, one before which there is no `from`. */
    n = bytes_of(example, ARRAY_N(example), NULL, NULL, bytes);
    for (unsigned wrong = 0; wrong < 5; wrong++) {
        header = example_place;
        header.key.level = wrong == 1 ? SPACE_LEVEL_MAX + 1 : 0;
        header.key.x = wrong == 2 ? 8192 : -1;
        header.to = wrong == 3 ? CELLBLOCK_NONE : wrong == 4 ? 1 : 1000;
        assert_int_equal(parse(bytes, n, &header), wrong == 0 ? PROTOCOL_OK : PROTOCOL_BAD);
    }
}

/* clang-format off */
static const struct field empty[] = {
    {"0", "part"}, {"1", "full"}, {"0", "lists"}, {"", "rest"},
};
/* clang-format on */

/* Nothing but a header is fine; the bounds of its fields; only `entered` in a full block. */
static void headers(void **state)
{
    (void)state;
    static const struct {
        const char *what, *bits;
        enum protocol_result result;
    } cases[] = {
        {"part", "0", PROTOCOL_OK},
        {"part", "1 1111111", PROTOCOL_OK},                 /* 127 */
        {"full", "0 0 1 0 1 0 1 1 0 1 0000", PROTOCOL_OK},  /* from 0, and no list */
        {"full", "0 1 1 0 1 0 1 1 0 1 0000", PROTOCOL_BAD}, /* from -1 */
        {"full", "0 0 1 0 1 0 1 0 0 1 0000", PROTOCOL_BAD}, /* longer than it must be */
        {"lists", "1 00 0 0 1", PROTOCOL_BAD},              /* an entered without an entity */
        {"rest", "01", PROTOCOL_BAD},
    };
    uint8_t bytes[64];
    for (size_t i = 0; i < ARRAY_N(cases); i++) {
        struct cellblock_header header = {.to = 9};
        size_t n = bytes_of(empty, ARRAY_N(empty), cases[i].what, cases[i].bits, bytes);
        struct wire_reader r;
        wire_reader_init(&r, bytes, n);
        if (cellblock_parse(&r, &header, NULL, NULL) != cases[i].result)
            fail_msg("%s %s", cases[i].what, cases[i].bits);
    }
}

/* What the encoder will not write, since a receiver would close the connection over it. */
static void encoder_refuses(void **state)
{
    (void)state;
    const struct cellblock_header fine = {{0, 0, 1, -1, 2}, 0, 511, 998, 1000};
    const struct cellblock_record in = {
        .kind = CELLBLOCK_MOVED, .index = 3, .placed = true, .state = {.x = 2048, .z = 2047}};
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
    two[1].index = 0;
    assert_int_equal(cellblock_encode(&h, two, 2, room, sizeof room), 0); /* too few for two */
    h.first = 512;
    h.last = 1023;
    assert_int_equal(cellblock_encode(&h, two, 1, room, sizeof room), 0); /* below the part */
    h = fine;
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
                int32_t over = pos.y - back.y; /* the ground, near it */
                assert_true(over >= (back.y == 1000 ? -128 : 0) &&
                            over < (back.y == 1000 ? 128 : 64));
                assert_true(space_cell_of(back).x == cell.x && space_cell_of(back).z == cell.z);
                struct cellblock_header h = {key, 0, 511, 1, 2};
                struct cellblock_record r = {
                    .kind = CELLBLOCK_MOVED, .placed = true, .turned = true, .state = s};
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
    s = cellblock_state_of((struct space_pos){0, -129, 0}, 0, 0, 0);
    assert_int_equal(s.altitude, -3);
    s = cellblock_state_of((struct space_pos){0, -128, 0}, 0, 0, 0);
    assert_int_equal(s.altitude, 0);
    s = cellblock_state_of((struct space_pos){0, 127, 0}, 0, 0, 0);
    assert_int_equal(s.altitude, 0);
    s = cellblock_state_of((struct space_pos){0, 128, 0}, 0, 0, 0);
    assert_int_equal(s.altitude, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(bytes_of_the_example),
        cmocka_unit_test(random_round_trips),
        cmocka_unit_test(largest),
        cmocka_unit_test(costs),
        cmocka_unit_test(malformed_table),
        cmocka_unit_test(headers),
        cmocka_unit_test(encoder_refuses),
        cmocka_unit_test(quantising),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
