/* test_ending.c -- an end that was ordered: the countdown's words at their marks, one order after
 * another, cancelled at the last moment, and the wait until nobody is here. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "common/clock.h"
#include "ops/ending.h"

#define DEADLINE_MS 10000

static struct scene {
    struct event_base *base;
    struct ending *ending;
    uint32_t here;
    char said[16][ENDING_TEXT_MAX];
    unsigned said_n, ends;
    struct ending_order ended;
} scene;

static uint32_t here(void *context)
{
    (void)context;
    return scene.here;
}

static void say(void *context, const char *sentence)
{
    (void)context;
    assert_true(scene.said_n < 16);
    snprintf(scene.said[scene.said_n++], ENDING_TEXT_MAX, "%s", sentence);
}

static void due(void *context, const struct ending_order *order)
{
    (void)context;
    assert_null(ending_ordered(scene.ending));
    scene.ended = *order;
    scene.ends++;
}

static int setup(void **state)
{
    struct error error = {""};

    (void)state;
    memset(&scene, 0, sizeof(scene));
    scene.base = event_base_new();
    scene.ending = ending_new(
        &(struct ending_config){.base = scene.base, .here = here, .say = say, .due = due}, &error);
    return scene.ending != NULL ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ending_free(scene.ending);
    event_base_free(scene.base);
    return 0;
}

static void turn(void)
{
    const struct timeval wait = {0, 5000};

    event_base_loopexit(scene.base, &wait);
    event_base_dispatch(scene.base);
}

#define TURN_UNTIL(condition)                                                                      \
    do {                                                                                           \
        uint64_t end_ms = clock_steady_ms() + DEADLINE_MS;                                         \
        while (!(condition)) {                                                                     \
            if (clock_steady_ms() > end_ms)                                                        \
                fail_msg("waited in vain for: %s", #condition);                                    \
            turn();                                                                                \
        }                                                                                          \
    } while (0)

static void words_of_times(void **state)
{
    static const struct {
        uint32_t seconds;
        const char *text;
    } TIMES[] = {{1, "1 second"},
                 {0, "0 seconds"},
                 {59, "59 seconds"},
                 {60, "1 minute"},
                 {271, "4 minutes 31 seconds"},
                 {600, "10 minutes"},
                 {3600, "1 hour"},
                 {7261, "2 hours 1 minute 1 second"},
                 {604800, "168 hours"}};
    char text[64];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(TIMES); i++) {
        ending_say_time(TIMES[i].seconds, text, sizeof(text));
        assert_string_equal(text, TIMES[i].text);
    }
}

/* Each mark once, and the order itself takes the place of its own. */
static void a_countdown_is_told_and_ends(void **state)
{
    uint64_t began_ms = clock_steady_ms();

    (void)state;
    assert_false(ending_order(scene.ending, &(struct ending_order){.in_s = 3, .reason = "tea"}));
    assert_in_range(ending_left_ms(scene.ending), 2000, 3000);
    TURN_UNTIL(scene.ends == 1);
    assert_true(clock_steady_ms() - began_ms >= 2990);
    assert_int_equal(scene.said_n, 3);
    assert_string_equal(scene.said[0], "The server stops in 3 seconds: tea");
    assert_string_equal(scene.said[1], "The server stops in 2 seconds: tea");
    assert_string_equal(scene.said[2], "The server stops in 1 second: tea");
    assert_string_equal(scene.ended.reason, "tea");
    assert_false(scene.ended.restart);
    assert_int_equal(ending_left_ms(scene.ending), 0);
}

/* Of two operators the later one counts; what he takes back in the last second is taken back. */
static void cancelled_in_the_last_second(void **state)
{
    (void)state;
    assert_false(ending_order(scene.ending, &(struct ending_order){.in_s = 7200, .by = "ada"}));
    assert_string_equal(scene.said[0], "The server stops in 2 hours.");
    assert_true(ending_order(scene.ending,
                             &(struct ending_order){.in_s = 2, .restart = true, .by = "kim"}));
    assert_string_equal(ending_ordered(scene.ending)->by, "kim");
    assert_string_equal(scene.said[1], "The server restarts in 2 seconds.");
    TURN_UNTIL(scene.said_n == 3);
    assert_string_equal(scene.said[2], "The server restarts in 1 second.");
    assert_true(ending_cancel(scene.ending, true));
    assert_string_equal(scene.said[3], "The server does not restart after all.");
    assert_false(ending_cancel(scene.ending, true));
    for (uint64_t end_ms = clock_steady_ms() + 1500; clock_steady_ms() < end_ms;)
        turn();
    assert_int_equal(scene.ends, 0);
    assert_int_equal(scene.said_n, 4);
}

/* What takes a countdown's place is told where it is one, and else that there is none. */
static void another_end_is_no_countdown(void **state)
{
    const struct ending_order when_empty = {.when_empty = true, .restart = true};

    (void)state;
    scene.here = 1;
    assert_false(ending_order(scene.ending, &(struct ending_order){.in_s = 600}));
    assert_string_equal(scene.said[0], "The server stops in 10 minutes.");
    assert_true(ending_order(scene.ending, &when_empty));
    assert_int_equal(scene.said_n, 2);
    assert_string_equal(scene.said[1], "The server does not stop after all.");
    assert_true(ending_order(scene.ending, &when_empty));
    assert_int_equal(scene.said_n, 2);
    assert_true(ending_order(scene.ending, &(struct ending_order){.in_s = 60, .restart = true}));
    assert_int_equal(scene.said_n, 3);
    assert_true(ending_order(scene.ending, &when_empty));
    assert_string_equal(scene.said[3], "The server does not restart after all.");
}

/* Nobody is told, and whoever comes keeps it from ending. */
static void ends_when_nobody_is_here(void **state)
{
    (void)state;
    scene.here = 1;
    assert_false(
        ending_order(scene.ending, &(struct ending_order){.when_empty = true, .restart = true}));
    for (uint64_t end_ms = clock_steady_ms() + 1200; clock_steady_ms() < end_ms;)
        turn();
    assert_int_equal(scene.ends, 0);
    assert_int_equal(ending_left_ms(scene.ending), 0);
    scene.here = 0;
    TURN_UNTIL(scene.ends == 1);
    assert_true(scene.ended.restart);
    assert_int_equal(scene.said_n, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(words_of_times, setup, teardown),
        cmocka_unit_test_setup_teardown(a_countdown_is_told_and_ends, setup, teardown),
        cmocka_unit_test_setup_teardown(cancelled_in_the_last_second, setup, teardown),
        cmocka_unit_test_setup_teardown(another_end_is_no_countdown, setup, teardown),
        cmocka_unit_test_setup_teardown(ends_when_nobody_is_here, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
