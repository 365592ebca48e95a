/* test_interest.c -- which cells a player gets, against a plain model over random walks and views;
 * and the outbox. */
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

static bool told[SIDE][SIDE]; /* what the receiver thinks that it has */

static void apply(const struct interest_change *change)
{
    for (uint32_t i = 0; i < change->lost_n; i++) {
        bool *at = &told[change->lost[i].z + SIDE / 2][change->lost[i].x + SIDE / 2];
        assert_true(*at);
        *at = false;
    }
    for (uint32_t i = 0; i < change->gained_n; i++) {
        bool *at = &told[change->gained[i].z + SIDE / 2][change->gained[i].x + SIDE / 2];
        assert_false(*at);
        *at = true;
    }
    assert_true(change->gained_n + change->lost_n <= change->changes_max);
}

static void check(const struct interest *interest, const struct interest_shape *shape,
                  struct space_cell own, int64_t view_m)
{
    uint32_t held = 0, before = 0;

    for (int32_t z = -SIDE / 2; z < SIDE / 2; z++) {
        for (int32_t x = -SIDE / 2; x < SIDE / 2; x++) {
            struct space_cell cell = {.x = x, .z = z};
            bool has = told[z + SIDE / 2][x + SIDE / 2];
            held += has;
            assert_int_equal(interest_has(interest, shape, cell), has);
            if (gap2(cell, own) < view_m * view_m)
                assert_true(has);
            if (gap2(cell, own) >= (view_m + 64) * (view_m + 64))
                assert_false(has);
        }
    }
    assert_int_equal(held, interest->cells_n);
    for (uint32_t i = 0; i < interest->cells_n; i++) {
        assert_true(interest->cells[i].distance2 >= before); /* nearest first */
        before = interest->cells[i].distance2;
        assert_int_equal(interest->cells[i].first.have, CELLBLOCK_NONE);
    }
    assert_true(interest->cells[0].cell.x == own.x && interest->cells[0].cell.z == own.z);
}

static void test_walks(void **state)
{
    static const uint16_t views[] = {64, 100, 256, 640, 1024};
    struct interest interest = {.cells = NULL};
    struct space_cell own = {.x = 0, .z = 0};
    struct space_cell gained[2048], lost[2048];

    (void)state;
    srand(1);
    memset(told, 0, sizeof(told));
    for (uint32_t round = 1; round <= 20; round++) {
        uint16_t view_m = views[rand() % 5];
        struct interest_shape *shape = interest_shape_new(round, view_m, SIDE * 64);
        for (unsigned step = 0; step < 30; step++) {
            struct interest_change change = {gained, lost, 0, 0, 0};
            unsigned calls = 0;
            own.x += rand() % 3 - 1;
            own.z += rand() % 3 - 1;
            if (rand() % 10 == 0) { /* a teleport */
                own.x = rand() % SIDE - SIDE / 2;
                own.z = rand() % SIDE - SIDE / 2;
            }
            own.x = own.x < -SIDE / 2 ? -SIDE / 2 : own.x >= SIDE / 2 ? SIDE / 2 - 1 : own.x;
            own.z = own.z < -SIDE / 2 ? -SIDE / 2 : own.z >= SIDE / 2 ? SIDE / 2 - 1 : own.z;
            change.changes_max = 1 + (uint32_t)rand() % 300;
            while (interest_stale(&interest, shape, own)) {
                assert_int_equal(interest_update(&interest, shape, own, &change), 0);
                apply(&change);
                assert_true(++calls < 5000);
            }
            check(&interest, shape, own, view_m);
        }
        interest_shape_free(shape);
    }
    interest_fini(&interest);
}

/* To and fro over a cell's edge: the view changes at the first crossing and then no more. */
static void test_edge(void **state)
{
    struct interest_shape *shape = interest_shape_new(1, 192, 4096);
    struct interest interest = {.cells = NULL};
    struct space_cell gained[2048], lost[2048];
    struct interest_change change = {gained, lost, 0, 0, 2048};

    (void)state;
    assert_int_equal(interest_update(&interest, shape, (struct space_cell){.x = 0}, &change), 0);
    assert_true(change.gained_n > 40 && change.lost_n == 0);
    assert_int_equal(interest_update(&interest, shape, (struct space_cell){.x = 1}, &change), 0);
    assert_true(change.gained_n > 0);
    assert_int_equal(change.lost_n, 0);
    for (int32_t i = 0; i < 10; i++) {
        assert_int_equal(
            interest_update(&interest, shape, (struct space_cell){.x = i % 2}, &change), 0);
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
    assert_int_equal(cell.more_n, 3);
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
        cmocka_unit_test(test_walks),
        cmocka_unit_test(test_edge),
        cmocka_unit_test(test_parts),
        cmocka_unit_test(test_outbox),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
