/* What Prometheus scrapes: the text to the letter, and to promtool's liking. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "ops/exposition.h"
#include "ops/process.h"

#define FAMILIES_LEAST 40

static struct exposition *written;

static int make(void **state)
{
    (void)state;
    written = exposition_new();
    return written == NULL ? -1 : 0;
}

static int unmake(void **state)
{
    (void)state;
    exposition_free(written);
    return 0;
}

/* The text so far, ended by a NUL, until the next call. */
static const char *text(void)
{
    static char *copy;
    size_t n;
    const char *all = exposition_text(written, &n);

    assert_non_null(all);
    free(copy);
    copy = malloc(n + 1);
    assert_non_null(copy);
    memcpy(copy, all, n);
    copy[n] = '\0';
    return copy;
}

static void has(const char *line)
{
    if (strstr(text(), line) == NULL)
        fail_msg("no \"%s\" in:\n%s", line, text());
}

static void test_samples(void **state)
{
    (void)state;
    exposition_family(written, "a_total", METRIC_COUNTER, "All\nof \\ it");
    exposition_integer(written, "a_total", "", 17);
    exposition_family(written, "b_ratio", METRIC_MILLI, "B");
    exposition_thousandths(written, "b_ratio", "x=\"1\"", 1050);
    exposition_thousandths(written, "b_ratio", "x=\"2\"", -7);
    assert_string_equal(text(),
                        "# HELP a_total All\\nof \\\\ it\n# TYPE a_total counter\na_total 17\n"
                        "# HELP b_ratio B\n# TYPE b_ratio gauge\n"
                        "b_ratio{x=\"1\"} 1.050\nb_ratio{x=\"2\"} -0.007\n");
}

static void test_histogram(void **state)
{
    struct metrics_histogram histogram = {.count = 4, .sum_us = 20000049};

    (void)state;
    histogram.buckets[0] = 2;
    histogram.buckets[2] = 1;
    histogram.buckets[METRICS_BUCKETS - 1] = 1;
    exposition_family(written, "t_seconds", METRIC_HISTOGRAM, "T");
    exposition_histogram(written, "t_seconds", "", &histogram, true);
    has("# TYPE t_seconds histogram\nt_seconds_bucket{le=\"1.6e-05\"} 2\n"
        "t_seconds_bucket{le=\"3.2e-05\"} 2\nt_seconds_bucket{le=\"6.4e-05\"} 3\n");
    has("t_seconds_bucket{le=\"8.388608\"} 3\nt_seconds_bucket{le=\"+Inf\"} 4\n"
        "t_seconds_sum 20.000049\nt_seconds_count 4\n");
    exposition_histogram(written, "u_seconds", "p=\"q\"", &histogram, false);
    has("t_seconds_count 4\nu_seconds_bucket{p=\"q\",le=\"3.2e-05\"} 2\n"
        "u_seconds_bucket{p=\"q\",le=\"0.000128\"} 3\n");
    has("u_seconds_bucket{p=\"q\",le=\"+Inf\"} 4\nu_seconds_sum{p=\"q\"} 20.000049\n"
        "u_seconds_count{p=\"q\"} 4\n");
}

static void test_labels(void **state)
{
    char room[32];

    (void)state;
    assert_string_equal(exposition_label(room, sizeof(room), "a", "b\"c\\d\ne"),
                        "a=\"b\\\"c\\\\d\\ne\"");
    /* However long it is, it ends with its quote, and no escape is cut in two. */
    for (size_t n = 5; n < 12; n++) {
        exposition_label(room, n, "a", "\"\"\"\"\"\"\"\"");
        assert_int_equal(room[strlen(room) - 1], '"');
        assert_int_equal(strlen(room) % 2, 0);
        assert_true(strlen(room) < n);
    }
}

static void test_it_grows(void **state)
{
    char label[64];
    const char *at;
    unsigned lines_n = 0;

    (void)state;
    for (unsigned i = 0; i < 20000; i++) {
        snprintf(label, sizeof(label), "i=\"%u\"", i);
        exposition_integer(written, "openmmo_many", label, i);
    }
    for (at = text(); (at = strchr(at, '\n')) != NULL; at++)
        lines_n++;
    assert_int_equal(lines_n, 20000);
    has("openmmo_many{i=\"19999\"} 19999\n");
}

/* Runs promtool on the text; what it says goes to stderr. Its exit status. */
static int promtool(const char *what, const char *bytes)
{
    char path[] = "/tmp/openmmo-exposition-XXXXXX", command[200];
    int fd = mkstemp(path), status;
    size_t n = strlen(bytes);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, bytes, n), n);
    close(fd);
    snprintf(command, sizeof(command), "promtool check %s <%s >&2", what, path);
    status = system(command);
    unlink(path);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static unsigned families_n(void)
{
    unsigned n = 0;

    for (const char *at = text(); (at = strstr(at, "# TYPE ")) != NULL; at++)
        n++;
    return n;
}

static void test_promtool_likes_it(void **state)
{
    (void)state;
    if (system("command -v promtool >/dev/null") != 0) {
        print_message("promtool is not installed\n");
        skip();
    }
    metrics_member(METRIC_GROUP_STATEMENT_US, 0, "statement=\"zero\"");
    metrics_member(METRIC_GROUP_STATEMENT_US, 5, "statement=\"five\"");
    metrics_member_observe(METRIC_GROUP_STATEMENT_US, 5, 1234);
    metrics_observe(METRIC_TICK_US, 900);
    metrics_set(METRIC_TEMPO, 950);
    exposition_metrics(written);
    process_write(written, 1700000000123);
    has("\nopenmmo_tempo_ratio 0.950\n");
    has("openmmo_store_statement_seconds_count{statement=\"five\"} 1\n");
    assert_null(strstr(text(), "zero"));
    has("\nprocess_start_time_seconds 1700000000.123\n");
    has("\nprocess_open_fds ");
    has("\nprocess_resident_memory_bytes ");
    has("\nprocess_cpu_seconds_total ");
    assert_true(families_n() >= FAMILIES_LEAST);
    assert_int_equal(promtool("metrics", text()), 0);
    /* ... and it would have said so: */
    assert_int_not_equal(promtool("metrics", "# HELP a_ms A\n# TYPE a_ms counter\na_ms 1\n"), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_samples, make, unmake),
        cmocka_unit_test_setup_teardown(test_histogram, make, unmake),
        cmocka_unit_test_setup_teardown(test_labels, make, unmake),
        cmocka_unit_test_setup_teardown(test_it_grows, make, unmake),
        cmocka_unit_test_setup_teardown(test_promtool_likes_it, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
