/* Live and ready: what makes each of them false, and true again. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "ops/health.h"

#define STALL_MS 5000
#define SECOND   1000

static struct health health;
static struct health_facts facts;
static uint64_t now_ms;
static char text[HEALTH_TEXT_MAX];

static int begin(void **state)
{
    (void)state;
    now_ms = 1000000;
    facts = (struct health_facts){.tempo_permille = 1000};
    health_init(&health, STALL_MS, now_ms);
    return 0;
}

/* A second as it should be: 20 ticks, a look. */
static void second(unsigned ticks, unsigned missed)
{
    now_ms += SECOND;
    facts.ticks += ticks;
    facts.missed += missed;
    health_ticked(&health, now_ms);
    health_look(&health, &facts, now_ms);
}

/* What it says is JSON, its status fits its answer, and each check is there by name. */
static bool ask(unsigned checks_n)
{
    size_t n;
    bool well = health_ask(&health, checks_n, now_ms, text, &n);
    json_t *value = json_loads(text, 0, NULL), *checks = json_object_get(value, "checks");

    assert_int_equal(n, strlen(text));
    assert_non_null(value);
    assert_string_equal(json_string_value(json_object_get(value, "status")),
                        well ? "OK" : "failing");
    assert_int_equal(json_object_size(checks), checks_n);
    json_decref(value);
    return well;
}

static bool live(void)
{
    return ask(HEALTH_LIVE_N);
}

static bool ready(void)
{
    return ask(HEALTH_READY_N);
}

static void test_well(void **state)
{
    (void)state;
    assert_true(live());
    assert_true(ready());
    for (unsigned i = 0; i < 30; i++) {
        second(20, 0);
        assert_true(live() && ready());
    }
    assert_string_equal(text, "{\"status\":\"OK\",\"checks\":{\"tick\":\"OK\",\"control\":\"OK\","
                              "\"store\":\"OK\",\"migrations\":\"OK\",\"budget\":\"OK\","
                              "\"serving\":\"OK\"}}");
}

static void test_the_tick_stalls(void **state)
{
    (void)state;
    second(20, 0);
    for (unsigned i = 0; i < 5; i++) { /* control goes on, the world does not */
        now_ms += SECOND;
        health_look(&health, &facts, now_ms);
        assert_true(live());
    }
    now_ms += 1;
    assert_false(live());
    assert_non_null(strstr(text, "\"tick\":\"the world does not tick\",\"control\":\"OK\""));
    assert_false(ready());
    health_ticked(&health, now_ms);
    assert_true(live());
}

static void test_control_stands_still(void **state)
{
    (void)state;
    now_ms += STALL_MS + 1;
    health_ticked(&health, now_ms);
    assert_false(live());
    assert_non_null(strstr(text, "\"control\":\"control stands still\""));
    health_look(&health, &facts, now_ms);
    assert_true(live());
    health_ticked(&health, now_ms + 50); /* it ran ahead of who asks */
    assert_true(live());
    health_set_stall(&health, 100);
    now_ms += 101;
    assert_false(live());
}

static void test_the_store_is_away(void **state)
{
    (void)state;
    facts.store_away = true;
    second(20, 0);
    assert_true(live()); /* a restart would not bring it back */
    assert_false(ready());
    assert_non_null(strstr(text, "\"store\":\"the database does not answer\""));
    facts.store_away = false;
    second(20, 0);
    assert_true(ready());
}

static void test_the_tick_is_over_budget(void **state)
{
    (void)state;
    for (unsigned i = 0; i < HEALTH_WINDOW; i++)
        second(20, 0);
    second(10, 10); /* little of the whole window */
    assert_true(ready());
    for (unsigned i = 0; i < HEALTH_WINDOW / 2; i++)
        second(15, 5);
    assert_false(ready());
    assert_non_null(strstr(text, "\"budget\":\"ticks take too long\""));
    assert_true(live());
    for (unsigned i = 0; i < HEALTH_WINDOW; i++)
        second(20, 0);
    assert_true(ready());
    facts.tempo_permille = 999;
    second(20, 0);
    assert_false(ready());
}

static void test_it_stops(void **state)
{
    (void)state;
    facts.stopping = true;
    health_look(&health, &facts, now_ms);
    assert_false(ready());
    assert_true(live());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup(test_well, begin),
        cmocka_unit_test_setup(test_the_tick_stalls, begin),
        cmocka_unit_test_setup(test_control_stands_still, begin),
        cmocka_unit_test_setup(test_the_store_is_away, begin),
        cmocka_unit_test_setup(test_the_tick_is_over_budget, begin),
        cmocka_unit_test_setup(test_it_stops, begin),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
