/* test_order.c -- the order of a sweep: everybody once, neighbours together. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "play/order.h"
#include "play/seat.h"

#define MANY 1000

/* A list of the first n. */
static struct host_list list_of(struct seat *seats, uint32_t n)
{
    struct host_list list = {NULL, NULL};

    for (uint32_t i = 0; i < n; i++) {
        seats[i].previous = list.last;
        seats[i].next = NULL;
        *(list.last != NULL ? &list.last->next : &list.first) = &seats[i];
        list.last = &seats[i];
    }
    return list;
}

static void assert_ordered(const struct host_list *list, uint32_t n)
{
    const struct seat *previous = NULL;
    uint32_t counted = 0;

    for (const struct seat *seat = list->first; seat != NULL; seat = seat->next) {
        assert_ptr_equal(seat->previous, previous);
        if (previous != NULL) {
            assert_true(previous->place <= seat->place);
            if (previous->place == seat->place)
                assert_true(previous < seat); /* as they were */
        }
        previous = seat;
        counted++;
    }
    assert_ptr_equal(list->last, previous);
    assert_int_equal(counted, n);
}

static void test_any_number(void **state)
{
    static struct seat seats[MANY];
    uint32_t sizes[] = {0, 1, 2, 3, 4, 5, 7, 8, 9, 63, 64, 65, MANY};

    (void)state;
    for (unsigned i = 0; i < ARRAY_N(sizes); i++) {
        struct host_list list = list_of(seats, sizes[i]);

        for (uint32_t k = 0; k < sizes[i]; k++)
            seats[k].place = (uint32_t)(k * 2654435761u) % (1 + sizes[i] / 2); /* many twice */
        order_list(&list);
        assert_ordered(&list, sizes[i]);
    }
}

/* The four of an aligned square lie one after the other, and so do the squares of one. */
static void test_neighbours(void **state)
{
    (void)state;
    for (int32_t z = -8; z < 8; z += 4) {
        for (int32_t x = -8; x < 8; x += 4) {
            uint32_t first = order_place((struct space_cell){.x = x, .z = z});

            assert_int_equal(first % 16, 0);
            for (int32_t i = 0; i < 16; i++) {
                struct space_cell cell = {.x = x + i % 4, .z = z + i / 4};
                assert_int_equal(order_place(cell) / 16, first / 16);
            }
        }
    }
    assert_true(order_place((struct space_cell){.x = -1, .z = -1}) <
                order_place((struct space_cell){.x = 0, .z = 0}));
    assert_int_equal(order_place((struct space_cell){.x = -32768, .z = -32768}), 0);
    assert_int_equal(order_place((struct space_cell){.x = 32767, .z = 32767}), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_any_number),
        cmocka_unit_test(test_neighbours),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
