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
#include <jansson.h>

#include "ops/exposition.h"
#include "ops/process.h"
#include "ops/scrape.h"

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

/* -- what ships beside it -----------------------------------------------------------------------
 */

static char *source_file(const char *name)
{
    const char *source = getenv("srcdir");
    char path[500], *bytes = calloc(1, 1 << 20);
    FILE *file;

    snprintf(path, sizeof(path), "%s/%s", source != NULL ? source : ".", name);
    file = fopen(path, "r");
    if (file == NULL)
        fail_msg("%s cannot be read", path);
    assert_non_null(bytes);
    assert_true(fread(bytes, 1, (1 << 20) - 1, file) > 0);
    fclose(file);
    return bytes;
}

static bool exported(const char *all, const char *name, size_t n)
{
    static const char *const tails[] = {"", "_bucket", "_sum", "_count"};
    char line[200];

    for (unsigned i = 0; i < 4; i++) {
        size_t tail = strlen(tails[i]);

        if (n <= tail || strncmp(name + n - tail, tails[i], tail) != 0)
            continue;
        snprintf(line, sizeof(line), "\n# TYPE %.*s ", (int)(n - tail), name);
        if (strstr(all, line) != NULL)
            return true;
    }
    return false;
}

/* Every word that looks like a metric's name is one. Returns how many there were. */
static unsigned check_names(const char *file, const char *all, const char *begin)
{
    char *bytes = source_file(file);
    unsigned n = 0;

    for (const char *at = bytes; (at = strstr(at, begin)) != NULL;) {
        size_t len = strspn(at, "abcdefghijklmnopqrstuvwxyz_0123456789");

        if (at[len - 1] != '_' && !exported(all, at, len)) /* "process_*" names none */
            fail_msg("%s: %.*s is not exported", file, (int)len, at);
        n++;
        at += len;
    }
    free(bytes);
    return n;
}

static void test_who_watches_asks_for_what_there_is(void **state)
{
    static const struct scrape scrape = {.version = "1", .compiler = "2", .store = "3"};
    struct exposition *mine = written;
    const char *all;

    (void)state;
    exposition_free(mine);
    written = scrape_write(&scrape);
    assert_non_null(written);
    has("openmmo_build_info{version=\"1\",compiler=\"2\",store=\"3\"} 1\n");
    all = text();
    assert_true(check_names("data/grafana/openmmo.json", all, "openmmo_") >= 50);
    assert_true(check_names("data/grafana/openmmo.json", all, "process_") >= 4);
    assert_true(check_names("data/prometheus/openmmo-rules.yml", all, "openmmo_") >= 19);
    assert_true(check_names("data/prometheus/openmmo-rules.yml", all, "process_") >= 3);
    assert_true(check_names("doc/monitoring.md", all, "openmmo_") >= FAMILIES_LEAST);
}

static int run_in(const char *directory, const char *command)
{
    const char *source = getenv("srcdir");
    char line[600];
    int status;

    snprintf(line, sizeof(line), "cd %s/%s && %s", source != NULL ? source : ".", directory,
             command);
    status = system(line);
    assert_true(WIFEXITED(status));
    return WEXITSTATUS(status);
}

static void test_alert_rules(void **state)
{
    (void)state;
    if (system("command -v promtool >/dev/null") != 0)
        skip();
    assert_int_equal(run_in("data/prometheus", "promtool check rules openmmo-rules.yml >&2"), 0);
    assert_int_equal(run_in("data/prometheus", "promtool test rules openmmo-rules-test.yml >&2"),
                     0);
}

static void test_dashboard(void **state)
{
    char *bytes = source_file("data/grafana/openmmo.json");
    json_error_t error;
    json_t *dashboard = json_loads(bytes, 0, &error), *panel;
    size_t i, targets_n = 0;

    (void)state;
    free(bytes);
    assert_non_null(dashboard);
    assert_string_equal(json_string_value(json_object_get(dashboard, "title")), "OpenMMO");
    json_array_foreach(json_object_get(dashboard, "panels"), i, panel)
    {
        targets_n += json_array_size(json_object_get(panel, "targets"));
    }
    assert_true(targets_n >= 50);
    json_decref(dashboard);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_samples, make, unmake),
        cmocka_unit_test_setup_teardown(test_histogram, make, unmake),
        cmocka_unit_test_setup_teardown(test_labels, make, unmake),
        cmocka_unit_test_setup_teardown(test_it_grows, make, unmake),
        cmocka_unit_test_setup_teardown(test_promtool_likes_it, make, unmake),
        cmocka_unit_test_setup_teardown(test_who_watches_asks_for_what_there_is, make, unmake),
        cmocka_unit_test(test_alert_rules),
        cmocka_unit_test(test_dashboard),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
