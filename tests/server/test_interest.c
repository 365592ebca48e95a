/* test_interest.c -- which cells a player gets, against a plain model over random walks, views and
 * divisions; and the outbox. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "common/cellblock.h"
#include "common/protocol.h"
#include "play/interest.h"
#include "play/outbox.h"

#define SIDE 64 /* cells of the world along an edge */

/* Metres between the nearest points of two cells, squared. */
static int64_t gap2(struct space_cell a, struct space_cell b)
{
    int64_t dx = llabs((int64_t)a.x - b.x), dz = llabs((int64_t)a.z - b.z);

    dx = dx > 0 ? (dx - 1) * 64 : 0;
    dz = dz > 0 ? (dz - 1) * 64 : 0;
    return dx * dx + dz * dz;
}

/* ---- a world whose cells are divided somehow ---- */

static struct fake {
    uint32_t version[SIDE][SIDE]; /* of the division; 0: never divided */
    uint32_t newest;
    bool told, olds_untold;
    int32_t untold_x; /* of level 0 cells there new leaves are not told */
} fake;

static uint32_t *version_of(struct space_cell level0)
{
    return &fake.version[level0.z + SIDE / 2][level0.x + SIDE / 2];
}

/* The cell, or its quarters, and theirs: as the version's bits say. */
static size_t divide(struct space_cell cell, uint32_t bits, struct space_cell *leaves)
{
    size_t n = 0;

    if (cell.level == SPACE_LEVEL_MAX || bits % 3 == 0) {
        leaves[0] = cell;
        return 1;
    }
    for (int i = 0; i < 4; i++)
        n += divide((struct space_cell){.x = cell.x * 2 + i % 2,
                                        .z = cell.z * 2 + i / 2,
                                        .level = (uint8_t)(cell.level + 1)},
                    (bits >> 2) * 7 + (uint32_t)i, leaves + n);
    return n;
}

static size_t fake_leaves(const void *context, struct space_cell level0,
                          struct space_cell leaves[SPACE_LEAVES_MAX])
{
    (void)context;
    return *version_of(level0) == 0 ? 0 : divide(level0, *version_of(level0), leaves);
}

static uint32_t fake_division(const void *context, struct space_cell level0)
{
    (void)context;
    return *version_of(level0);
}

static bool fake_told(const void *context, const struct interest_cell *cell)
{
    (void)context;
    if (cell->old)
        return fake.told && !fake.olds_untold;
    return fake.told &&
           (fake.untold_x == 0 || space_cell_up(interest_key(cell), 0).x != fake.untold_x);
}

static struct interest_world world(void)
{
    return (struct interest_world){.divided = fake.newest,
                                   .leaves = fake_leaves,
                                   .division = fake_division,
                                   .told = fake_told};
}

/* ---- what the receiver thinks that it has ---- */

static struct interest_named told[8192];
static size_t told_n;
static uint16_t number_most;

static size_t told_at(struct space_cell cell)
{
    size_t i = 0;

    while (i < told_n && !space_cell_same(told[i].cell, cell))
        i++;
    return i;
}

static bool number_in_use(uint16_t number)
{
    for (size_t i = 0; i < told_n; i++) {
        if (told[i].number == number)
            return true;
    }
    return false;
}

/* As a receiver does: first what is gained, by numbers that nobody has yet, then what is lost. */
static void apply(const struct interest_change *change)
{
    for (uint32_t i = 0; i < change->gained_n; i++) {
        assert_int_equal(told_at(change->gained[i].cell), told_n);
        assert_false(number_in_use(change->gained[i].number));
        assert_true(change->gained[i].number < INTEREST_NUMBERS);
        told[told_n++] = change->gained[i];
        if (change->gained[i].number > number_most)
            number_most = change->gained[i].number;
    }
    for (uint32_t i = 0; i < change->lost_n; i++) {
        size_t at = told_at(change->lost[i].cell);
        assert_true(at < told_n);
        assert_int_equal(told[at].number, change->lost[i].number);
        told[at] = told[--told_n];
    }
    assert_true(change->gained_n + change->lost_n <= change->changes_max);
}

static struct tiers_square square_in(struct space_cell own)
{
    return (struct tiers_square){own.x * 16 + 5, own.z * 16 + 11};
}

/* Each key knows which level 0 cell it is of, however those were moved about. */
static void check_roots(const struct interest *interest)
{
    for (uint32_t i = 0; i < interest->cells_n; i++) {
        const struct interest_cell *cell = &interest->cells[i];
        struct space_cell level0 = space_cell_up(interest_key(cell), 0);

        assert_true(cell->root < interest->roots_n);
        assert_int_equal(interest->roots[cell->root].x, level0.x);
        assert_int_equal(interest->roots[cell->root].z, level0.z);
    }
}

/* What is held is what should be: the leaves of all in view, of none beyond, and of nothing twice.
 */
static void check(const struct interest *interest, const struct interest_shape *shape,
                  struct space_cell own, int64_t view_m)
{
    uint32_t keys = 0, before = 0;

    for (int32_t z = -SIDE / 2; z < SIDE / 2; z++) {
        for (int32_t x = -SIDE / 2; x < SIDE / 2; x++) {
            struct space_cell cell = {.x = x, .z = z}, leaves[SPACE_LEAVES_MAX] = {cell};
            bool has = interest_has(interest, shape, cell);
            size_t n = fake_leaves(NULL, cell, leaves);
            if (gap2(cell, own) < view_m * view_m)
                assert_true(has);
            if (gap2(cell, own) >= (view_m + 91) * (view_m + 91))
                assert_false(has);
            if (!has)
                continue;
            assert_in_range(llabs((int64_t)x - own.x), 0, shape->radius);
            assert_in_range(llabs((int64_t)z - own.z), 0, shape->radius);
            n = n == 0 ? 1 : n;
            keys += (uint32_t)n;
            for (size_t i = 0; i < n; i++)
                assert_true(told_at(leaves[i]) < told_n);
        }
    }
    assert_int_equal(keys, interest->cells_n);
    assert_int_equal(keys, told_n);
    assert_int_equal(interest->old_n, 0);
    for (uint32_t i = 0; i < interest->cells_n; i++) {
        const struct interest_cell *cell = &interest->cells[i];
        assert_true(cell->gap2 >= before); /* nearest first */
        before = cell->gap2;
        assert_int_equal(cell->gap2, tiers_gap2(interest->square, interest_key(cell)));
        assert_true(tiers_base(cell->gap2, INT8_MAX) >= cell->base);
        assert_int_equal(cell->first.have, CELLBLOCK_NONE);
    }
    assert_int_equal(interest->cells[0].gap2, 0);
    check_roots(interest);
}

/* Another division here and there near the player. */
static void stir(struct space_cell own)
{
    for (unsigned i = 0; i < 3; i++) {
        int32_t x = own.x + rand() % 7 - 3, z = own.z + rand() % 7 - 3;
        if (x < -SIDE / 2 || x >= SIDE / 2 || z < -SIDE / 2 || z >= SIDE / 2)
            continue;
        fake.newest++;
        *version_of((struct space_cell){.x = x, .z = z}) = rand() % 4 == 0 ? 0 : fake.newest * 977;
    }
}

static int32_t inside(int32_t x)
{
    return x < -SIDE / 2 ? -SIDE / 2 : x >= SIDE / 2 ? SIDE / 2 - 1 : x;
}

/* Random walks and teleports, views and divisions. */
static void walk(bool divides)
{
    static const uint16_t views[] = {64, 100, 102, 256, 640, 1000, 1023, 1024};
    struct interest interest = {.cells = NULL};
    struct space_cell own = {.x = 0, .z = 0};
    struct interest_named gained[2048], lost[2048];

    srand(1);
    told_n = 0;
    memset(&fake, 0, sizeof(fake));
    for (uint32_t round = 1; round <= 20; round++) {
        uint16_t view_m = views[rand() % (divides ? 4 : 8)];
        struct interest_shape *shape = interest_shape_new(round, view_m, SIDE * 64);
        for (unsigned step = 0; step < 30; step++) {
            struct interest_change change = {gained, lost, 0, 0, 0, NULL};
            unsigned calls = 0;
            bool jump = rand() % 10 == 0;
            own.x = jump ? rand() % SIDE - SIDE / 2 : inside(own.x + rand() % 3 - 1);
            own.z = jump ? rand() % SIDE - SIDE / 2 : inside(own.z + rand() % 3 - 1);
            if (divides)
                stir(own);
            change.changes_max = INTEREST_CHANGES_LEAST + (uint32_t)rand() % 300;
            for (;;) {
                struct interest_world now = world();
                fake.told = calls > 5;
                if (!interest_stale(&interest, shape, square_in(own), &now))
                    break;
                assert_int_equal(interest_update(&interest, shape, square_in(own), &now, &change),
                                 0);
                apply(&change);
                assert_true(++calls < 5000);
            }
            check(&interest, shape, own, view_m);
        }
        interest_shape_free(shape);
    }
    interest_fini(&interest);
}

static void test_walks(void **state)
{
    (void)state;
    walk(false);
}

static void test_divisions(void **state)
{
    (void)state;
    walk(true);
}

/* The old key is let go only when all of its successors and itself are told. */
static void test_old(void **state)
{
    struct interest_shape *shape = interest_shape_new(1, 192, 4096);
    struct interest interest = {.cells = NULL};
    struct interest_named gained[2048], lost[2048];
    struct space_cell own = {.x = 0}, beside = {.x = 1};
    struct interest_change change = {gained, lost, 0, 0, 2048, NULL};
    struct interest_world now;
    uint32_t keys_n;

    (void)state;
    memset(&fake, 0, sizeof(fake));
    now = world();
    assert_int_equal(interest_update(&interest, shape, square_in(own), &now, &change), 0);
    keys_n = interest.cells_n;
    fake.newest = *version_of(beside) = 1; /* quarters */
    now = world();
    assert_true(interest_stale(&interest, shape, square_in(own), &now));
    assert_int_equal(interest_update(&interest, shape, square_in(own), &now, &change), 0);
    assert_true(change.gained_n >= 4);
    assert_int_equal(change.lost_n, 0);
    assert_int_equal(interest.old_n, 1);
    assert_int_equal(interest_update(&interest, shape, square_in(own), &now, &change), 0);
    assert_int_equal(change.gained_n + change.lost_n, 0);
    fake.told = true;
    now = world();
    assert_true(interest_stale(&interest, shape, square_in(own), &now));
    assert_int_equal(interest_update(&interest, shape, square_in(own), &now, &change), 0);
    assert_int_equal(change.lost_n, 1);
    assert_true(space_cell_same(change.lost[0].cell, beside));
    assert_false(interest_stale(&interest, shape, square_in(own), &now));
    /* and together again, before the others are told: it is taken up anew */
    fake.newest++;
    *version_of(beside) = 0;
    now = world();
    assert_int_equal(interest_update(&interest, shape, square_in(own), &now, &change), 0);
    assert_int_equal(change.gained_n, 1);
    assert_int_equal(interest_update(&interest, shape, square_in(own), &now, &change), 0);
    assert_int_equal(interest.cells_n, keys_n);
    interest_fini(&interest);
    interest_shape_free(shape);
}

/* Everything is put together at once: an old key waits for what took its own place, not for others.
 */
static void test_settle(void **state)
{
    struct interest_shape *shape = interest_shape_new(1, 128, 4096);
    struct interest interest = {.cells = NULL};
    struct interest_named gained[4096], lost[4096];
    struct interest_change change = {gained, lost, 0, 0, 4096, NULL};
    struct interest_world now;
    uint32_t waiting = 0;

    (void)state;
    memset(&fake, 0, sizeof(fake));
    fake.told = true;
    for (unsigned round = 0; round < 2; round++) {
        for (int32_t i = 0; i < SIDE * SIDE; i++)
            fake.version[i / SIDE][i % SIDE] = round == 0 ? 0x55555555 : 0;
        fake.newest++;
        now = world();
        assert_int_equal(
            interest_update(&interest, shape, (struct tiers_square){5, 5}, &now, &change), 0);
    }
    print_message("%u old\n", interest.old_n);
    assert_true(interest.old_n > 300);
    interest_settle(&interest, &now);
    for (uint32_t i = 0; i < interest.cells_n; i++)
        assert_true(interest_replaced(&interest.cells[i]));
    /* their last blocks come once they are replaced: they do not wait for themselves */
    fake.olds_untold = true;
    interest_settle(&interest, &now);
    for (uint32_t i = 0; i < interest.cells_n; i++)
        assert_true(interest_replaced(&interest.cells[i]));
    fake.olds_untold = false;
    fake.untold_x = 1;
    interest_settle(&interest, &now);
    for (uint32_t i = 0; i < interest.cells_n; i++) {
        const struct interest_cell *cell = &interest.cells[i];
        bool there = space_cell_up(interest_key(cell), 0).x == 1;

        assert_true(interest_replaced(cell) == !(cell->old && there));
        waiting += cell->old && there;
    }
    assert_true(waiting > 50);
    assert_int_equal(interest_update(&interest, shape, (struct tiers_square){5, 5}, &now, &change),
                     0);
    assert_int_equal(interest.old_n, waiting);
    check_roots(&interest);
    interest_fini(&interest);
    interest_shape_free(shape);
}

static bool holds(const struct interest *interest, struct space_cell key)
{
    for (uint32_t i = 0; i < interest->cells_n; i++) {
        if (space_cell_same(interest_key(&interest->cells[i]), key))
            return true;
    }
    return false;
}

/* Of a level 0 cell that is held all leaves are, and of one that is not, none. */
static void check_whole(const struct interest *interest)
{
    uint32_t keys = 0;

    for (uint32_t i = 0; i < interest->roots_n; i++) {
        struct space_cell cell = {.x = interest->roots[i].x, .z = interest->roots[i].z};
        struct space_cell leaves[SPACE_LEAVES_MAX] = {cell};
        size_t n = fake_leaves(NULL, cell, leaves);

        n = n == 0 ? 1 : n;
        keys += (uint32_t)n;
        for (size_t k = 0; k < n; k++)
            assert_true(holds(interest, leaves[k]));
    }
    assert_int_equal(keys, interest->cells_n);
    check_roots(interest);
}

/* More divided cells than a connection may hold keys: the view ends, and all stays in bounds. */
static void too_many(uint32_t changes_max)
{
    struct interest_shape *shape = interest_shape_new(1, 640, 4096);
    struct interest interest = {.cells = NULL};
    struct interest_named gained[2048], lost[2048];
    struct space_cell own = {.x = 0};
    struct interest_change change = {gained, lost, 0, 0, changes_max, NULL};

    memset(&fake, 0, sizeof(fake));
    fake.told = true;
    for (unsigned round = 0; round < 4; round++) {
        unsigned calls = 0;
        struct interest_world now;
        for (int32_t i = 0; i < SIDE * SIDE && round % 2 == 1; i++) /* all to the finest */
            fake.version[i / SIDE][i % SIDE] = 0x55555555;
        fake.newest++;
        now = world();
        while (interest_stale(&interest, shape, square_in(own), &now)) {
            assert_int_equal(interest_update(&interest, shape, square_in(own), &now, &change), 0);
            assert_true(++calls < 2000);
            assert_true(interest.cells_n <= INTEREST_KEYS_MAX);
        }
        check_whole(&interest);
        assert_true(interest_has(&interest, shape, own));
        own.x += round;
    }
    assert_true(interest.cells_n > INTEREST_KEYS_MAX / 2);
    change.changes_max = 100;
    while (interest.cells_n > 0)
        interest_drop(&interest, &change);
    interest_fini(&interest);
    interest_shape_free(shape);
}

static void test_too_many(void **state)
{
    (void)state;
    for (uint32_t changes_max = 2048; changes_max >= INTEREST_CHANGES_LEAST;
         changes_max = changes_max * 3 / 4)
        too_many(changes_max);
    for (uint32_t changes_max = INTEREST_CHANGES_LEAST; changes_max < 150; changes_max += 7)
        too_many(changes_max);
}

/* To and fro over a cell's edge, or a corner of four: the view changes at the first crossings and
 * then no more. */
static void test_edge(void **state)
{
    static const struct space_cell corner[] = {{.x = 0, .z = 0}, {.x = 1, .z = 1},
                                               {.x = 0, .z = 1}, {.x = 1, .z = 0},
                                               {.x = 1, .z = 1}, {.x = 0, .z = 0}};
    struct interest_shape *shape = interest_shape_new(1, 192, 4096);
    struct interest interest = {.cells = NULL};
    struct interest_named gained[2048], lost[2048];
    struct interest_change change = {gained, lost, 0, 0, 2048, NULL};
    struct interest_world now;

    (void)state;
    memset(&fake, 0, sizeof(fake));
    now = world();
    assert_int_equal(interest_update(&interest, shape, square_in(corner[0]), &now, &change), 0);
    assert_true(change.gained_n > 40 && change.lost_n == 0);
    assert_int_equal(interest_update(&interest, shape, square_in(corner[1]), &now, &change), 0);
    assert_true(change.gained_n > 0);
    for (unsigned i = 2; i < 4; i++)
        assert_int_equal(interest_update(&interest, shape, square_in(corner[i]), &now, &change), 0);
    for (unsigned i = 0; i < 30; i++) {
        assert_int_equal(interest_update(&interest, shape, square_in(corner[i % 6]), &now, &change),
                         0);
        assert_int_equal(change.gained_n + change.lost_n, 0);
    }
    interest_fini(&interest);
    interest_shape_free(shape);
}

static void test_parts(void **state)
{
    struct interest_cell cell = {.first = {.have = 7}};

    (void)state;
    assert_int_equal(interest_part(&cell, 0)->have, 7);
    assert_int_equal(interest_part(&cell, 3)->have, CELLBLOCK_NONE);
    interest_part(&cell, 2)->have = 9;
    assert_int_equal(interest_more_n(&cell), 3);
    assert_int_equal(interest_part(&cell, 2)->have, 9);
    assert_int_equal(interest_part(&cell, 1)->have, CELLBLOCK_NONE);
    free(cell.more);
}

static void test_outbox(void **state)
{
    struct outbox outbox = {NULL, 0, 0, 0};
    uint8_t frame[128];
    struct wire_writer w;
    const uint8_t *front;
    size_t n, frames = 0, frame_bytes;

    (void)state;
    wire_writer_init(&w, frame, sizeof(frame));
    protocol_encode_notice(&w, &(struct protocol_notice){.text = wire_text_of("some words")});
    frame_bytes = wire_written(&w);
    assert_null(outbox_front(&outbox, 1000, &n));
    while (outbox_append(&outbox, frame, frame_bytes) == 0)
        frames++;
    assert_int_equal(frames, OUTBOX_MAX_BYTES / frame_bytes);
    assert_null(outbox_front(&outbox, frame_bytes - 1, &n));
    front = outbox_front(&outbox, 3 * frame_bytes - 1, &n); /* whole frames only */
    assert_int_equal(n, 2 * frame_bytes);
    assert_memory_equal(front, frame, frame_bytes);
    outbox_consume(&outbox, n);
    assert_int_equal(outbox_append(&outbox, frame, frame_bytes), 0); /* there is room again */
    assert_non_null(outbox_front(&outbox, SIZE_MAX, &n));
    assert_int_equal(n, (frames - 1) * frame_bytes);
    outbox_consume(&outbox, n);
    assert_null(outbox.bytes); /* nothing is held for nothing */
    outbox_clear(&outbox);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_walks),    cmocka_unit_test(test_divisions),
        cmocka_unit_test(test_old),      cmocka_unit_test(test_settle),
        cmocka_unit_test(test_too_many), cmocka_unit_test(test_edge),
        cmocka_unit_test(test_parts),    cmocka_unit_test(test_outbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
