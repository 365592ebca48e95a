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

/* One array a figure, the oldest first. */
struct history {
    json_t *mean, *p99, *in, *out, *players;
};

static void history_add(const struct history *history, const struct samples_minute *of)
{
    json_array_append_new(history->mean, json_integer((json_int_t)of->tick_mean_us));
    json_array_append_new(history->p99, json_integer((json_int_t)of->tick_p99_us));
    json_array_append_new(history->in, json_integer((json_int_t)of->in_per_s));
    json_array_append_new(history->out, json_integer((json_int_t)of->out_per_s));
    json_array_append_new(history->players, json_integer((json_int_t)of->players_max));
}

static void add_seconds(const struct history *history, const struct samples *samples)
{
    for (unsigned back = samples_held(samples); back-- > 1;) {
        struct samples_times times = samples_second(samples, SAMPLES_TICK, back - 1);

        history_add(history,
                    &(struct samples_minute){
                        .players_max = samples_back(samples, back - 1)->players,
                        .in_per_s = (uint64_t)counted(samples, SAMPLES_BYTES_IN, back - 1),
                        .out_per_s = (uint64_t)counted(samples, SAMPLES_BYTES_OUT, back - 1),
                        .tick_mean_us = times.mean_us,
                        .tick_p99_us = times.p99_us,
                    });
    }
}

static void add_minutes(const struct history *history, const struct samples *samples)
{
    for (unsigned back = SAMPLES_MINUTES_N; back-- > 0;) {
        const struct samples_minute *minute = samples_minute(samples, back);

        if (minute != NULL)
            history_add(history, minute);
    }
}

/* What a console draws before its own samples come in. */
static void run_history(struct method_call *call)
{
    struct history history = {json_array(), json_array(), json_array(), json_array(), json_array()};
    bool hour = method_word(call, "span", 0) == 1;

    if (hour)
        add_minutes(&history, call->desk->samples);
    else
        add_seconds(&history, call->desk->samples);
    method_done(call,
                json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "interval_ms", hour ? 60000 : 1000,
                          "tick_mean_us", history.mean, "tick_p99_us", history.p99, "in",
                          history.in, "out", history.out, "players", history.players));
}

/* clang-format off */
static const struct method_param GET[] = {
    {"name", METHOD_TEXT, false, 1, 100, NULL, "Only those whose name begins so."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

static const char *const SPANS[] = {"minute", "hour", NULL};
static const struct method_param HISTORY[] = {
    {"span", METHOD_WORD, false, 0, 0, SPANS, "The last minute, a value a second, or the last hour, a value a minute; minute if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_METRICS[] = {
    {"metrics.get", ROLE_VIEWER, false, run_get, GET, "All that the daemon counts."},
    {"metrics.history", ROLE_VIEWER, false, run_history, HISTORY,
     "The last minute, second by second, or the last hour, minute by minute: tick times, bytes, players."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
