/* One question for all who ask at a time; the number of then for a while; an old one while the
 * database is away; and no answer is lost. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "http/census.h"

static struct store_question asked;
static unsigned asked_n, told_n;
static int64_t told;
static bool full;

/* In place of the store's. */
int store_ask(struct store *store, const struct store_question *question)
{
    (void)store;
    if (full)
        return -1;
    asked = *question;
    asked_n++;
    return 0;
}

/* In place of the machine's clock: it stands until a test says otherwise. */
static uint64_t now_ms = 1000;

int __wrap_clock_gettime(clockid_t clock, struct timespec *now);

int __wrap_clock_gettime(clockid_t clock, struct timespec *now)
{
    (void)clock;
    *now = (struct timespec){(time_t)(now_ms / 1000), (long)(now_ms % 1000) * 1000000};
    return 0;
}

static void answer(enum store_status status, uint64_t players)
{
    const struct store_answer one = {.status = status, .out.id = players};

    asked.answer(asked.context, asked.tag, &one);
}

static void tell(void *context, int64_t players)
{
    (void)context;
    told = players;
    told_n++;
}

static void test_census(void **state)
{
    struct census *census = census_new(NULL);

    (void)state;
    for (unsigned i = 0; i < 100; i++)
        census_ask(census, tell, NULL);
    assert_int_equal(asked_n, 1);
    assert_int_equal(asked.statement, STORE_PLAYERS_COUNT);
    assert_int_equal(told_n, 0);
    answer(STORE_OK, 7);
    assert_int_equal(told_n, 100);
    assert_int_equal(told, 7);
    now_ms += CENSUS_MS - 1;
    census_ask(census, tell, NULL); /* so soon after it is the same */
    assert_int_equal(asked_n, 1);
    assert_int_equal(told_n, 101);
    now_ms++;
    census_ask(census, tell, NULL);
    assert_int_equal(asked_n, 2);
    answer(STORE_AWAY, 0); /* the old number is better than none */
    assert_int_equal(told_n, 102);
    assert_int_equal(told, 7);
    full = true;
    census_ask(census, tell, NULL);
    assert_int_equal(told_n, 103);
    assert_int_equal(told, 7);
    full = false;
    census_free(census);
}

static void test_never_told(void **state)
{
    struct census *census = census_new(NULL);

    (void)state;
    asked_n = told_n = 0;
    census_ask(census, tell, NULL);
    answer(STORE_AWAY, 0);
    assert_int_equal(told, -1);
    for (unsigned i = 0; i < CENSUS_WAITING + 10; i++)
        census_ask(census, tell, NULL);
    assert_int_equal(told_n, 1 + 10); /* who is too many is told at once */
    answer(STORE_OK, 3);
    assert_int_equal(told_n, 1 + 10 + CENSUS_WAITING);
    assert_int_equal(told, 3);
    assert_int_equal(asked_n, 2);
    census_free(census);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_census),
                                       cmocka_unit_test(test_never_told)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
