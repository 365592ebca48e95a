/* test_allocations.c -- what the tick takes from the heap: nothing, once it is warm; and what it
 * does when the heap is empty. malloc and its kin are wrapped by the linker in this program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "sim_room.h"

#define FIGURES   400
#define DIVIDE    32 /* members above which cells are divided here */
#define PERIOD    240
#define WARM      (8 * PERIOD)
#define STEADY    1000
#define HAVES     4096
#define PARTS_MAX 4

static unsigned allocations; /* since it was last set to 0 */
static bool heap_is_empty;

void *__real_malloc(size_t n);
void *__real_calloc(size_t n, size_t each);
void *__real_realloc(void *old, size_t n);
void *__real_aligned_alloc(size_t alignment, size_t n);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t n, size_t each);
void *__wrap_realloc(void *old, size_t n);
void *__wrap_aligned_alloc(size_t alignment, size_t n);

void *__wrap_malloc(size_t n)
{
    allocations++;
    return heap_is_empty ? NULL : __real_malloc(n);
}

void *__wrap_calloc(size_t n, size_t each)
{
    allocations++;
    return heap_is_empty ? NULL : __real_calloc(n, each);
}

void *__wrap_realloc(void *old, size_t n)
{
    allocations++;
    return heap_is_empty ? NULL : __real_realloc(old, n);
}

void *__wrap_aligned_alloc(size_t alignment, size_t n)
{
    allocations++;
    return heap_is_empty ? NULL : __real_aligned_alloc(alignment, n);
}

static int make(void **state)
{
    return room_make_divided(state, FIGURES + 10, 2, DIVIDE);
}

/* Towards the corner of four cells and away from it, again and again. */
static void herd(struct room *room, struct snapshot *before, uint32_t tick)
{
    for (uint32_t slot = 0; slot < FIGURES; slot++) {
        const struct snapshot_entity *entity = snapshot_slot(before, slot);
        bool left = entity->state.pos.x < 0;
        bool up = entity->state.pos.z < 0;
        uint16_t heading = (uint16_t)((left ? (up ? 5 : 7) : (up ? 3 : 1)) * 8192 +
                                      (draw(&room->seed) % 12288) - 6144);

        if (tick / (PERIOD / 2) % 2 == 1)
            heading = (uint16_t)(heading + 32768);
        batch_intent(&room->batch, entity->session, tick, heading, 3);
    }
}

/* All blocks of all cells around, by each tier: whoever sends takes from here. */
static unsigned encode_all(struct snapshot *snapshot)
{
    const struct snapshot_cell *leaves[SPACE_LEAVES_MAX];
    struct snapshot_block block;
    uint32_t now = snapshot_tick(snapshot);
    unsigned leaves_n = 0;

    for (int i = 0; i < 144; i++) {
        struct space_cell level0 = {.x = i % 12 - 6, .z = i / 12 - 6};
        size_t n = snapshot_leaves(snapshot, level0, 0, leaves);

        leaves_n += n > 1 ? (unsigned)n : 0;
        for (size_t k = 0; k < n; k++) {
            for (uint16_t part = 0; part < snapshot_cell_parts(leaves[k]); part++) {
                for (unsigned tier = 0; tier < 5 && now > 32; tier++)
                    assert_true(snapshot_block(snapshot, leaves[k], part, now - (1u << tier), tier,
                                               tier % 2, &block) >= 0);
                assert_true(
                    snapshot_block(snapshot, leaves[k], part, CELLBLOCK_NONE, 0, 0, &block) >= 0);
            }
        }
    }
    return leaves_n;
}

/* 1,000 ticks of a crowd that walks, gathers and scatters, cells dividing and coming together. */
static void test_steady(void **state)
{
    struct room *room = *state;
    unsigned least = UINT32_MAX, most = 0, in_all = 0;

    for (unsigned i = 1; i <= FIGURES; i++)
        batch_join(&room->batch, i, i, (int)(draw(&room->seed) % 120) - 60,
                   (int)(draw(&room->seed) % 120) - 60);
    batch_step(&room->batch, room->sim);
    for (uint32_t tick = 2; tick <= WARM + STEADY; tick++) {
        struct snapshot *before = sim_snapshot(room->sim);
        struct snapshot *snapshot;
        unsigned leaves_n;

        herd(room, before, tick);
        snapshot_unref(before);
        allocations = 0;
        qsort(room->batch.commands, room->batch.n, sizeof(room->batch.commands[0]),
              command_compare);
        allocations = 0; /* qsort's own; the ticker sorts otherwise */
        room->batch.events_n = sim_step(room->sim, room->batch.commands, room->batch.n,
                                        room->batch.events, &room->batch.counts);
        room->batch.n = 0;
        snapshot = sim_snapshot(room->sim);
        leaves_n = encode_all(snapshot);
        snapshot_unref(snapshot);
        if (tick <= WARM)
            continue;
        in_all += allocations;
        least = leaves_n < least ? leaves_n : least;
        most = leaves_n > most ? leaves_n : most;
    }
    print_message("%u to %u leaves of divided cells, %u allocations\n", least, most, in_all);
    assert_int_equal(in_all, 0);
    assert_true(most > least + 6);
}

/* A tick without memory: nothing is published, the world goes on, and is shown again later. */
static void test_no_memory(void **state)
{
    struct room *room = *state;
    struct snapshot *snapshot = sim_snapshot(room->sim);

    snapshot_unref(snapshot);
    for (unsigned i = 1; i <= FIGURES; i++)
        batch_join(&room->batch, i, i, (int)i % 60, (int)i / 10);
    batch_step(&room->batch, room->sim); /* more than any snapshot had room for */
    heap_is_empty = true;
    assert_null(sim_snapshot(room->sim));
    assert_null(sim_snapshot(room->sim));
    for (unsigned i = 0; i < 50; i++) {
        batch_step(&room->batch, room->sim);
        assert_null(sim_snapshot(room->sim));
    }
    heap_is_empty = false;
    snapshot = sim_snapshot(room->sim);
    assert_non_null(snapshot);
    assert_int_equal(snapshot_entities_n(snapshot), FIGURES);
    assert_int_equal(snapshot_tick(snapshot), sim_tick(room->sim));
    snapshot_unref(snapshot);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_steady, make, room_unmake),
        cmocka_unit_test_setup_teardown(test_no_memory, make, room_unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
