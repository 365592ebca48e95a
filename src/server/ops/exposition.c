/* exposition.c -- see exposition.h. */
#include "ops/exposition.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_BYTES 65536
#define SAMPLE_MAX  512 /* of one sample: names and labels are ours */
#define LABELS_MAX  256

struct exposition {
    char *text;
    size_t n, room;
    bool failed; /* memory was out */
};

struct exposition *exposition_new(void)
{
    struct exposition *exposition = calloc(1, sizeof(*exposition));

    if (exposition == NULL)
        return NULL;
    exposition->text = malloc(FIRST_BYTES);
    exposition->room = FIRST_BYTES;
    exposition->failed = exposition->text == NULL;
    return exposition;
}

void exposition_free(struct exposition *exposition)
{
    if (exposition == NULL)
        return;
    free(exposition->text);
    free(exposition);
}

const char *exposition_text(const struct exposition *exposition, size_t *n)
{
    *n = exposition->n;
    return exposition->failed ? NULL : exposition->text;
}

/* Room for n more bytes; NULL: there is none. */
static char *room_for(struct exposition *exposition, size_t n)
{
    if (exposition->failed)
        return NULL;
    if (n > exposition->room - exposition->n) {
        size_t room = exposition->room * 2 + n;
        char *text = realloc(exposition->text, room);

        if (text == NULL) {
            exposition->failed = true;
            return NULL;
        }
        exposition->text = text;
        exposition->room = room;
    }
    return exposition->text + exposition->n;
}

PRINTF_LIKE(2, 3)
static void print(struct exposition *exposition, const char *format, ...)
{
    char *room = room_for(exposition, SAMPLE_MAX);
    va_list arguments;
    int n;

    if (room == NULL)
        return;
    va_start(arguments, format);
    n = vsnprintf(room, SAMPLE_MAX, format, arguments);
    va_end(arguments);
    if (n > 0 && n < SAMPLE_MAX) /* a line that is too long is our own bug: better none than half */
        exposition->n += (size_t)n;
}

/* A help's backslashes and line ends. */
static void add_help(struct exposition *exposition, const char *help)
{
    char *room = room_for(exposition, 2 * strlen(help) + 1);

    if (room == NULL)
        return;
    for (; *help != '\0'; help++) {
        if (*help == '\\' || *help == '\n')
            *room++ = '\\';
        *room++ = *help == '\n' ? 'n' : *help;
    }
    *room++ = '\n';
    exposition->n = (size_t)(room - exposition->text);
}

void exposition_family(struct exposition *exposition, const char *name, enum metric_kind kind,
                       const char *help)
{
    static const char *const TYPES[] = {[METRIC_COUNTER] = "counter",
                                        [METRIC_GAUGE] = "gauge",
                                        [METRIC_MILLI] = "gauge",
                                        [METRIC_HISTOGRAM] = "histogram"};

    print(exposition, "# HELP %s ", name);
    add_help(exposition, help);
    print(exposition, "# TYPE %s %s\n", name, TYPES[kind]);
}

/* name{labels}, without braces where there are none. */
static void add_name(struct exposition *exposition, const char *name, const char *tail,
                     const char *labels)
{
    if (labels[0] == '\0')
        print(exposition, "%s%s ", name, tail);
    else
        print(exposition, "%s%s{%s} ", name, tail, labels);
}

void exposition_integer(struct exposition *exposition, const char *name, const char *labels,
                        int64_t value)
{
    add_name(exposition, name, "", labels);
    print(exposition, "%" PRId64 "\n", value);
}

void exposition_thousandths(struct exposition *exposition, const char *name, const char *labels,
                            int64_t value)
{
    uint64_t amount = value < 0 ? -(uint64_t)value : (uint64_t)value;

    add_name(exposition, name, "", labels);
    print(exposition, "%s%" PRIu64 ".%03" PRIu64 "\n", value < 0 ? "-" : "", amount / 1000,
          amount % 1000);
}

/* Buckets are cumulative; the last is all. */
void exposition_histogram(struct exposition *exposition, const char *name, const char *labels,
                          const struct metrics_histogram *histogram, bool finest)
{
    const char *comma = labels[0] != '\0' ? "," : "";
    uint64_t count = 0;

    for (unsigned i = 0; i < METRICS_BUCKETS - 1; i++) {
        count += histogram->buckets[i];
        if (finest || i % 2 == 1)
            print(exposition, "%s_bucket{%s%sle=\"%.9g\"} %" PRIu64 "\n", name, labels, comma,
                  (double)metrics_bucket_us(i) / 1e6, count);
    }
    print(exposition, "%s_bucket{%s%sle=\"+Inf\"} %" PRIu64 "\n", name, labels, comma,
          histogram->count);
    add_name(exposition, name, "_sum", labels);
    print(exposition, "%" PRIu64 ".%06" PRIu64 "\n", histogram->sum_us / 1000000,
          histogram->sum_us % 1000000);
    add_name(exposition, name, "_count", labels);
    print(exposition, "%" PRIu64 "\n", histogram->count);
}

const char *exposition_label(char *room, size_t room_bytes, const char *name, const char *value)
{
    size_t n = (size_t)snprintf(room, room_bytes, "%s=\"", name);

    for (; *value != '\0' && n + 4 <= room_bytes; value++) {
        if (*value == '\\' || *value == '"' || *value == '\n')
            room[n++] = '\\';
        room[n++] = *value == '\n' ? 'n' : *value;
    }
    snprintf(room + n, room_bytes - n, "\"");
    return room;
}

/* -- all that is counted ----------------------------------------------------------------------- */

/* A row's exported name in two: the family's, and its labels. */
static void split(const char *exported, char name[LABELS_MAX], char labels[LABELS_MAX])
{
    size_t n = strcspn(exported, "{"), all = strlen(exported);

    snprintf(name, LABELS_MAX, "%.*s", (int)n, exported);
    labels[0] = '\0';
    if (n < all)
        snprintf(labels, LABELS_MAX, "%.*s", (int)(all - n - 2), exported + n + 1);
}

static void add_row(struct exposition *exposition, enum metric metric, const char *name,
                    const char *labels)
{
    struct metrics_histogram histogram;

    switch (metrics_row(metric)->kind) {
    case METRIC_COUNTER:
    case METRIC_GAUGE:
        exposition_integer(exposition, name, labels, metrics_value(metric));
        return;
    case METRIC_MILLI:
        exposition_thousandths(exposition, name, labels, metrics_value(metric));
        return;
    case METRIC_HISTOGRAM:
        metrics_histogram(metric, &histogram);
        exposition_histogram(exposition, name, labels, &histogram, true);
        return;
    }
}

static void add_group(struct exposition *exposition, enum metric_group group)
{
    const struct metrics_row *row = metrics_group_row(group);
    struct metrics_histogram histogram;

    exposition_family(exposition, row->exported, row->kind, row->help);
    for (unsigned at = 0; at < metrics_group_room(group); at++) {
        const char *labels = metrics_member_labels(group, at);

        if (labels == NULL)
            continue;
        metrics_member_histogram(group, at, &histogram);
        if (row->kind == METRIC_HISTOGRAM)
            exposition_histogram(exposition, row->exported, labels, &histogram, false);
        else
            exposition_integer(exposition, row->exported, labels, metrics_member_value(group, at));
    }
}

void exposition_metrics(struct exposition *exposition)
{
    char name[LABELS_MAX], labels[LABELS_MAX], above[LABELS_MAX] = "";

    for (int i = 0; i < METRICS_N; i++) {
        const struct metrics_row *row = metrics_row((enum metric)i);

        split(row->exported, name, labels);
        if (strcmp(name, above) != 0)
            exposition_family(exposition, name, row->kind, row->help);
        memcpy(above, name, sizeof(above));
        add_row(exposition, (enum metric)i, name, labels);
    }
    for (int i = 0; i < METRIC_GROUPS_N; i++)
        add_group(exposition, (enum metric_group)i);
}
