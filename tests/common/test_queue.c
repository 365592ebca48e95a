/* test_queue.c -- the ring between two threads. */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "common/queue.h"

struct item {
    uint64_t number;
    uint8_t filling[37];
};

static struct item item_of(uint64_t number)
{
    struct item item = {.number = number};

    memset(item.filling, (int)(number % 251), sizeof(item.filling));
    return item;
}

static void test_order_and_capacity(void **state)
{
    struct queue *queue = queue_new(sizeof(uint32_t), 5, 0); /* rounded up to 8 */
    uint32_t value;

    (void)state;
    assert_non_null(queue);
    assert_int_equal(queue_capacity(queue), 8);
    assert_false(queue_pop(queue, &value));
    for (uint32_t round = 0; round < 1000; round++) {
        for (uint32_t i = 0; i < 8; i++) {
            value = round * 8 + i;
            assert_int_equal(queue_push(queue, &value), 0);
            assert_int_equal(queue_length(queue), i + 1);
        }
        assert_int_equal(queue_push(queue, &value), -1);
        assert_int_equal(queue_push_reserved(queue, &value), -1);
        for (uint32_t i = 0; i < 8; i++) {
            assert_true(queue_pop(queue, &value));
            assert_int_equal(value, round * 8 + i);
        }
        assert_false(queue_pop(queue, &value));
    }
    queue_free(queue);
}

static void test_reserved(void **state)
{
    struct queue *queue = queue_new(1, 8, 3);
    uint8_t byte = 0;

    (void)state;
    assert_non_null(queue);
    for (; byte < 5; byte++)
        assert_int_equal(queue_push(queue, &byte), 0);
    assert_int_equal(queue_push(queue, &byte), -1);
    for (; byte < 8; byte++)
        assert_int_equal(queue_push_reserved(queue, &byte), 0);
    assert_int_equal(queue_push_reserved(queue, &byte), -1);
    for (uint8_t want = 0; want < 8; want++) {
        assert_true(queue_pop(queue, &byte));
        assert_int_equal(byte, want);
    }
    queue_free(queue);
}

static void test_refuses_what_cannot_be(void **state)
{
    (void)state;
    assert_null(queue_new(0, 8, 0));
    assert_null(queue_new(SIZE_MAX / 8, 64, 0));
    assert_null(queue_new(1, SIZE_MAX, 0));
    queue_free(NULL);
}

#define ITEMS_N 200000

static void *produce(void *argument)
{
    struct queue *queue = argument;

    for (uint64_t i = 0; i < ITEMS_N; i++) {
        struct item item = item_of(i);
        while (queue_push(queue, &item) < 0)
            sched_yield();
    }
    return NULL;
}

static void test_two_threads(void **state)
{
    struct queue *queue = queue_new(sizeof(struct item), 64, 4);
    pthread_t producer;

    (void)state;
    assert_non_null(queue);
    assert_int_equal(pthread_create(&producer, NULL, produce, queue), 0);
    for (uint64_t i = 0; i < ITEMS_N; i++) {
        struct item got, want = item_of(i);
        while (!queue_pop(queue, &got))
            sched_yield();
        assert_true(queue_length(queue) <= queue_capacity(queue));
        assert_int_equal(got.number, want.number);
        assert_memory_equal(got.filling, want.filling, sizeof(want.filling));
    }
    pthread_join(producer, NULL);
    assert_int_equal(queue_length(queue), 0);
    queue_free(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_order_and_capacity),
        cmocka_unit_test(test_reserved),
        cmocka_unit_test(test_refuses_what_cannot_be),
        cmocka_unit_test(test_two_threads),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
