/* test_logtail.c -- the last lines of the log, as they are looked back at: long and short ones,
 * more than are held. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "admin/logtail.h"

#define LONG_BYTES 900
#define MANY       5000

static const struct logtail_filter ALL = {.level = LOG_LEVEL_DEBUG, .event = ""};
static const struct logtail_filter GRAVE = {.level = LOG_LEVEL_WARN, .event = ""};
static struct logtail_line lines[LOGTAIL_LINES];

/* Line number i: its text names it, and is long or short. */
static void say(unsigned i, bool any_length)
{
    char text[LONG_BYTES + 1];
    size_t n = any_length ? 20 + i * 7919u % (LONG_BYTES - 20) : 20;

    snprintf(text, sizeof(text), "number-%06u-", i);
    memset(text + strlen(text), 'x', n - strlen(text));
    text[n] = '\0';
    log_event(i % 4 == 0 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "said", text, LOG_NONE);
}

/* Up to that number. The log's own way out is not to be seen here. */
static void say_hundred(unsigned last, bool any_length)
{
    int nowhere = open("/dev/null", O_WRONLY), kept = dup(STDERR_FILENO);

    dup2(nowhere, STDERR_FILENO);
    for (unsigned i = last - 99; i <= last; i++)
        say(i, any_length);
    dup2(kept, STDERR_FILENO);
    close(nowhere);
    close(kept);
}

static void expect(const struct logtail_line *line, unsigned i)
{
    char text[32];

    snprintf(text, sizeof(text), "number-%06u-x", i);
    assert_string_equal(line->event, "said");
    assert_non_null(strstr(line->line, text));
    assert_int_equal(line->level, i % 4 == 0 ? LOG_LEVEL_WARN : LOG_LEVEL_INFO);
}

/* Say many lines, and look at all that are held now and then. */
static void run(bool any_length, size_t least, size_t most)
{
    struct logtail *tail = logtail_new();
    uint64_t after = 0, lost = 0;
    size_t n;

    assert_non_null(tail);
    for (unsigned i = 100; i <= MANY; i += 100) {
        say_hundred(i, any_length);
        after = lost = 0;
        n = logtail_read(tail, &ALL, &after, lines, LOGTAIL_LINES, &lost);
        assert_int_equal(after, i);
        assert_int_equal(lost + n, i);
        assert_in_range(n, i < least ? i : least, most);
        for (size_t k = 0; k < n; k++) {
            assert_int_equal(lines[k].sequence, lost + k + 1);
            expect(&lines[k], (unsigned)(lost + k + 1));
        }
    }
    after = logtail_back(tail, &GRAVE, 10);
    lost = 0;
    n = logtail_read(tail, &GRAVE, &after, lines, LOGTAIL_LINES, &lost);
    assert_int_equal(n, 10);
    assert_int_equal(lost, 0);
    for (size_t k = 0; k < n; k++)
        expect(&lines[k], (unsigned)(MANY - 4 * (9 - k)));
    logtail_free(tail);
}

static void test_short_lines(void **state)
{
    (void)state;
    run(false, LOGTAIL_LINES, LOGTAIL_LINES);
}

/* Then their bytes are what is full first. */
static void test_any_length(void **state)
{
    (void)state;
    run(true, LOGTAIL_BYTES / LOGTAIL_LINE_BYTES, LOGTAIL_LINES - 1);
}

/* By how the event begins, and from a time on. */
static void test_filter(void **state)
{
    struct logtail *tail = logtail_new();
    struct logtail_filter filter = ALL;
    uint64_t after = 0, lost = 0;

    (void)state;
    log_event(LOG_LEVEL_INFO, "store_away", "one", LOG_NONE);
    log_event(LOG_LEVEL_INFO, "storm", "two", LOG_NONE);
    log_event(LOG_LEVEL_INFO, "store_back", "three", LOG_NONE);
    filter.event = "store_";
    assert_int_equal(logtail_read(tail, &filter, &after, lines, LOGTAIL_LINES, &lost), 2);
    assert_string_equal(lines[1].event, "store_back");
    assert_int_equal(logtail_back(tail, &filter, 1), 2);
    filter.event = "store_back_and_more";
    after = 0;
    assert_int_equal(logtail_read(tail, &filter, &after, lines, LOGTAIL_LINES, &lost), 0);
    filter.event = "";
    filter.without = "storm";
    after = 0;
    assert_int_equal(logtail_read(tail, &filter, &after, lines, LOGTAIL_LINES, &lost), 2);
    assert_string_equal(lines[1].event, "store_back");
    filter.without = "sto"; /* a whole name, not how it begins */
    after = 0;
    assert_int_equal(logtail_read(tail, &filter, &after, lines, LOGTAIL_LINES, &lost), 3);
    filter.without = NULL;
    filter.from_ms = lines[0].time_ms;
    after = 0;
    assert_int_equal(logtail_read(tail, &filter, &after, lines, LOGTAIL_LINES, &lost), 3);
    filter.from_ms = lines[2].time_ms + 1;
    after = 0;
    assert_int_equal(logtail_read(tail, &filter, &after, lines, LOGTAIL_LINES, &lost), 0);
    assert_int_equal(lost, 0);
    logtail_free(tail);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_short_lines),
        cmocka_unit_test(test_any_length),
        cmocka_unit_test(test_filter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
