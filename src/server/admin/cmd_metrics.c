/* cmd_metrics.c -- what the daemon counts: all rows, and the last minute. */
#include <string.h>

#include "admin/method.h"

static const char *const KINDS[] = {[METRIC_COUNTER] = "counter",
                                    [METRIC_GAUGE] = "gauge",
                                    [METRIC_MILLI] = "gauge",
                                    [METRIC_HISTOGRAM] = "histogram"};

/* histogram: NULL where it is none. */
static json_t *metric_json(const struct metrics_row *row, const char *labels, int64_t value,
                           const struct metrics_histogram *histogram)
{
    json_t *number = row->kind == METRIC_MILLI ? json_real((double)value / 1000)
                                               : json_integer((json_int_t)value);
    json_t *object = json_pack("{s:o, s:s, s:s, s:o}", "name",
                               labels ? json_sprintf("%s{%s}", row->exported, labels)
                                      : json_string(row->exported),
                               "kind", KINDS[row->kind], "help", row->help, "value", number);

    if (histogram == NULL || object == NULL)
        return object;
    json_object_update_new(
        object, json_pack("{s:I, s:I, s:I, s:I}", "sum_us", (json_int_t)histogram->sum_us, "max_us",
                          (json_int_t)histogram->max_us, "p50_us",
                          (json_int_t)metrics_quantile(histogram, NULL, 0.5), "p99_us",
                          (json_int_t)metrics_quantile(histogram, NULL, 0.99)));
    return object;
}

static bool wanted(const struct metrics_row *row, const char *name)
{
    return name == NULL || strncmp(row->exported, name, strlen(name)) == 0;
}

static void add_row(json_t *list, enum metric metric)
{
    const struct metrics_row *row = metrics_row(metric);
    struct metrics_histogram histogram;

    if (row->kind == METRIC_HISTOGRAM)
        metrics_histogram(metric, &histogram);
    json_array_append_new(list, metric_json(row, NULL, metrics_value(metric),
                                            row->kind == METRIC_HISTOGRAM ? &histogram : NULL));
}

/* The name may go on into the labels: openmmo_alert_active{alert="StoreAway"}. */
static bool member_wanted(const struct metrics_row *row, const char *labels, const char *name)
{
    size_t n = strlen(row->exported);

    if (name == NULL || strlen(name) <= n)
        return wanted(row, name);
    if (strncmp(name, row->exported, n) != 0 || name[n] != '{')
        return false;
    name += n + 1;
    n = strlen(labels);
    return strncmp(labels, name, strlen(name)) == 0 ||
           (strncmp(labels, name, n) == 0 && strcmp(name + n, "}") == 0);
}

static void add_group(json_t *list, enum metric_group group, const char *name)
{
    const struct metrics_row *row = metrics_group_row(group);
    struct metrics_histogram histogram;

    for (unsigned at = 0; at < metrics_group_room(group); at++) {
        const char *labels = metrics_member_labels(group, at);

        if (labels == NULL || !member_wanted(row, labels, name))
            continue;
        metrics_member_histogram(group, at, &histogram);
        json_array_append_new(list, metric_json(row, labels, metrics_member_value(group, at),
                                                row->kind == METRIC_HISTOGRAM ? &histogram : NULL));
    }
}

static void run_get(struct method_call *call)
{
    const char *name = method_text(call, "name", NULL);
    json_t *list = json_array();

    for (int i = 0; i < METRICS_N; i++)
        if (wanted(metrics_row((enum metric)i), name))
            add_row(list, (enum metric)i);
    for (int i = 0; i < METRIC_GROUPS_N; i++)
        add_group(list, (enum metric_group)i, name);
    if (json_array_size(list) > 0) {
        method_done(call, json_pack("{s:o}", "metrics", list));
    } else {
        json_decref(list);
        method_fail(call, "no metric's name begins so");
    }
}

static int64_t counted(const struct samples *samples, enum samples_counter counter, unsigned back)
{
    return samples_back(samples, back)->counters[counter] -
           samples_back(samples, back + 1)->counters[counter];
}

/* One array a figure, oldest second first: what a console draws before its own samples come in. */
static void run_history(struct method_call *call)
{
    const struct samples *samples = call->desk->samples;
    json_t *mean = json_array(), *p99 = json_array(), *in = json_array(), *out = json_array();
    json_t *players = json_array();

    for (unsigned back = samples_held(samples); back-- > 1;) {
        struct samples_times times = samples_second(samples, SAMPLES_TICK, back - 1);

        json_array_append_new(mean, json_integer((json_int_t)times.mean_us));
        json_array_append_new(p99, json_integer((json_int_t)times.p99_us));
        json_array_append_new(in, json_integer(counted(samples, SAMPLES_BYTES_IN, back - 1)));
        json_array_append_new(out, json_integer(counted(samples, SAMPLES_BYTES_OUT, back - 1)));
        json_array_append_new(players, json_integer(samples_back(samples, back - 1)->players));
    }
    method_done(call,
                json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "interval_ms", 1000, "tick_mean_us",
                          mean, "tick_p99_us", p99, "in", in, "out", out, "players", players));
}

/* clang-format off */
static const struct method_param GET[] = {
    {"name", METHOD_TEXT, false, 1, 100, NULL, "Only those whose name begins so."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_METRICS[] = {
    {"metrics.get", ROLE_VIEWER, false, run_get, GET, "All that the daemon counts."},
    {"metrics.history", ROLE_VIEWER, false, run_history, NULL,
     "The last minute, second by second: tick times, bytes, players."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
