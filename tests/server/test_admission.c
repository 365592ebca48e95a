/* test_admission.c -- the line before the door: order, places, who comes back, leaving, full. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "play/admission.h"

/* What was told, as "session:place/of ..." */
static char told[4096];

static void on_tell(void *context, uint64_t session, uint32_t place, uint32_t of)
{
    size_t n = strlen(told);

    (void)context;
    snprintf(told + n, sizeof(told) - n, "%s%u:%u/%u", n > 0 ? " " : "", (unsigned)session, place,
             of);
}

static const char *tell(struct admission *admission, uint64_t now_ms)
{
    told[0] = '\0';
    admission_tell(admission, now_ms, on_tell, NULL);
    return told;
}

static int make(void **state)
{
    struct error error;

    *state = admission_new(4, 3, &error);
    return *state == NULL ? -1 : 0;
}

static int unmake(void **state)
{
    admission_free(*state);
    return 0;
}

static void test_order(void **state)
{
    struct admission *line = *state;

    assert_int_equal(admission_next(line, false), 0);
    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(admission_wait(line, 10 + i, 100 + i, false, 0), 0);
    assert_int_equal(admission_wait(line, 15, 105, false, 0), -1); /* full */
    assert_int_equal(admission_n(line), 4);
    assert_string_equal(tell(line, 0), "11:1/4 12:2/4 13:3/4 14:4/4");
    assert_int_equal(admission_next(line, false), 11);
    assert_int_equal(admission_next(line, true), 0);
    admission_leave(line, 11);
    admission_leave(line, 13);
    admission_leave(line, 13);
    admission_leave(line, 99);
    assert_int_equal(admission_next(line, false), 12);
    assert_int_equal(admission_wait(line, 15, 105, false, 0), 0);
    assert_string_equal(tell(line, 1000), "12:1/3 14:2/3 15:3/3");
}

/* News at most once a second, and a word every 20 s without any. */
static void test_told(void **state)
{
    struct admission *line = *state;

    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(admission_wait(line, i, i, false, 0), 0);
    assert_string_equal(tell(line, 5000), "1:1/3 2:2/3 3:3/3");
    assert_string_equal(tell(line, 7000), "");
    admission_leave(line, 1);
    assert_string_equal(tell(line, 7000), "2:1/2 3:2/2");
    admission_leave(line, 2);
    assert_string_equal(tell(line, 7500), "");
    assert_string_equal(tell(line, 8000), "3:1/1");
    assert_string_equal(tell(line, 27999), "");
    assert_string_equal(tell(line, 28000), "3:1/1");
}

/* Who was here a minute ago comes before all newcomers, also where the line is full for them. */
static void test_returning(void **state)
{
    struct admission *line = *state;

    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(admission_wait(line, i, 100 + i, false, 0), 0);
    admission_remember(line, 7, 1000);
    admission_remember(line, 8, 2000);
    assert_true(admission_returns(line, 7, 60999));
    assert_false(admission_returns(line, 7, 61000));
    assert_false(admission_returns(line, 9, 2000));
    assert_int_equal(admission_wait(line, 70, 7, false, 60999), 0);
    assert_int_equal(admission_wait(line, 80, 8, false, 60999), 0);
    assert_int_equal(admission_wait(line, 90, 9, false, 60999), -1);
    assert_string_equal(tell(line, 61000), "70:1/6 80:2/6 1:3/6 2:4/6 3:5/6 4:6/6");
    assert_int_equal(admission_next(line, true), 70);
    /* Only so many are remembered: the oldest is forgotten first; one who left again is not new. */
    admission_remember(line, 7, 62000);
    for (uint64_t player = 20; player < 22; player++)
        admission_remember(line, player, 62000);
    assert_false(admission_returns(line, 7, 62000));
    assert_true(admission_returns(line, 8, 61000) && admission_returns(line, 21, 62000));
}

/* Whatever the line: staff comes first, also where newcomers wait on, and where it is full. */
static void test_staff(void **state)
{
    struct admission *line = *state;

    for (uint64_t i = 1; i <= 4; i++)
        assert_int_equal(admission_wait(line, i, 100 + i, false, 0), 0);
    admission_remember(line, 7, 1000);
    assert_int_equal(admission_wait(line, 70, 7, false, 2000), 0);
    assert_int_equal(admission_wait(line, 90, 9, true, 2000), 0);
    assert_int_equal(admission_wait(line, 91, 10, true, 2000), 0);
    assert_string_equal(tell(line, 2000), "90:1/7 91:2/7 70:3/7 1:4/7 2:5/7 3:6/7 4:7/7");
    assert_int_equal(admission_next(line, true), 90);
    admission_leave(line, 90);
    admission_leave(line, 91);
    assert_int_equal(admission_next(line, true), 70);
    assert_int_equal(admission_n(line), 5);
    /* Who is made staff while he waits moves up, and his place is another's. */
    admission_promote(line, 3);
    admission_promote(line, 70);
    admission_promote(line, 3);
    admission_promote(line, 999);
    assert_string_equal(tell(line, 4000), "3:1/5 70:2/5 1:3/5 2:4/5 4:5/5");
    assert_int_equal(admission_wait(line, 5, 105, false, 0), 0);
    assert_int_equal(admission_wait(line, 6, 106, false, 0), -1);
    assert_int_equal(admission_next(line, true), 3);
}

static void test_replace(void **state)
{
    struct admission *line = *state;

    assert_int_equal(admission_wait(line, 1, 101, false, 0), 0);
    assert_int_equal(admission_wait(line, 2, 102, false, 0), 0);
    tell(line, 0);
    assert_int_equal(admission_replace(line, 1, 9), 0);
    assert_string_equal(tell(line, 1), "9:1/2");
    admission_leave(line, 1);
    assert_int_equal(admission_next(line, false), 9);
}

static void test_reconfigure(void **state)
{
    struct admission *line = *state;

    for (uint64_t i = 1; i <= 3; i++)
        assert_int_equal(admission_wait(line, i, i, false, 0), 0);
    admission_reconfigure(line, 1);
    assert_int_equal(admission_n(line), 3);
    assert_int_equal(admission_wait(line, 4, 4, false, 0), -1);
    admission_reconfigure(line, 100);
    assert_int_equal(admission_wait(line, 4, 4, false, 0), 0);
}

int main(void)
{
#define ROOM(test) cmocka_unit_test_setup_teardown(test, make, unmake)
    const struct CMUnitTest tests[] = {
        ROOM(test_order), ROOM(test_told),    ROOM(test_returning),
        ROOM(test_staff), ROOM(test_replace), ROOM(test_reconfigure),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
