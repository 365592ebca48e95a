/* log.c -- see log.h. */
#include "log.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fields.h"
#include "model.h"

static const char *const LEVELS[] = {"error", "warn", "info", "debug"};

int model_log_init(struct model_log *log)
{
    log->lines = calloc(MODEL_LOG_LINES, sizeof(log->lines[0]));
    return log->lines != NULL ? 0 : -1;
}

void model_log_fini(struct model_log *log)
{
    free(log->lines);
}

static int level_of(const char *word)
{
    for (int i = 0; word != NULL && i < 4; i++) {
        if (strcmp(LEVELS[i], word) == 0)
            return i;
    }
    return 2;
}

const char *model_level_name(int level)
{
    return LEVELS[level];
}

/* The log's own order is for machines; a person reads the sentence first:
 *   event=player_left id=7 msg="a player left"  ->  a player left  event=player_left id=7 */
static void sentence_first(char *line, size_t room_bytes)
{
    char copy[sizeof(((struct model_log_line *)0)->line)];
    char *sentence = strstr(line, " msg=\"");
    size_t n = strlen(line), out = 0;

    if (sentence == NULL || n == 0 || line[n - 1] != '"' || n >= sizeof(copy))
        return;
    memcpy(copy, line, n + 1);
    for (const char *next = copy + (sentence - line) + 6; next < copy + n - 1; next++) {
        if (next[0] == '\\' && (next[1] == '"' || next[1] == '\\'))
            next++;
        line[out++] = *next;
    }
    snprintf(line + out, room_bytes - out, "  %.*s", (int)(sentence - line), copy);
}

static void take_lines(struct model_log *log, const json_t *lines)
{
    const json_t *row;
    size_t i;

    json_array_foreach((json_t *)lines, i, row)
    {
        const struct model_log_line *newest =
            log->taken > 0 ? &log->lines[(log->taken - 1) % MODEL_LOG_LINES] : NULL;
        uint64_t sequence = (uint64_t)fields_integer(row, "sequence");
        struct model_log_line *line;

        /* The tail and the first notification may overlap. */
        if (newest != NULL && sequence <= newest->sequence)
            continue;
        line = &log->lines[log->taken++ % MODEL_LOG_LINES];
        line->sequence = sequence;
        line->time_ms = fields_integer(row, "time_ms");
        line->level = level_of(json_string_value(json_object_get(row, "level")));
        fields_text(line->line, sizeof(line->line), row, "line");
        sentence_first(line->line, sizeof(line->line));
    }
}

size_t model_log_n(const struct model *model)
{
    const struct model_log *log = &model->log;

    return log->taken < MODEL_LOG_LINES ? (size_t)log->taken : MODEL_LOG_LINES;
}

const struct model_log_line *model_log_line(const struct model *model, size_t i)
{
    return &model->log.lines[(model->log.taken - model_log_n(model) + i) % MODEL_LOG_LINES];
}

/* A tail comes at each connection; a daemon that was started anew counts its lines anew. */
void model_log_tail(struct model *model, const json_t *params, const json_t *data)
{
    struct model_log *log = &model->log;
    const json_t *lines = json_object_get(data, "lines");
    const json_t *last = json_array_get(lines, json_array_size(lines) - 1);
    const struct model_log_line *newest =
        log->taken > 0 ? &log->lines[(log->taken - 1) % MODEL_LOG_LINES] : NULL;

    (void)params;
    if (newest != NULL && last != NULL &&
        ((uint64_t)fields_integer(last, "sequence") < newest->sequence ||
         fields_integer(json_array_get(lines, 0), "time_ms") > newest->time_ms))
        log->taken = 0;
    take_lines(log, lines);
}

void model_log_take(struct model *model, const json_t *params, const json_t *data)
{
    model->log.lost += (uint64_t)fields_integer(params, "lost");
    take_lines(&model->log, json_object_get(data, "lines"));
}
