/* log.h -- part of the model: the newest lines of the daemon's log (log.tail, topic log). */
#ifndef OPENMMO_CONSOLE_LOG_H
#define OPENMMO_CONSOLE_LOG_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct model;

#define MODEL_LOG_LINES 1000

struct model_log_line {
    uint64_t sequence;
    int64_t time_ms;
    int level; /* 0 error .. 3 debug */
    char line[1024];
};

/* A ring: model_log counts its lines from the oldest. */
struct model_log {
    struct model_log_line *lines;
    uint64_t taken, lost;
};

/* -1: out of memory. */
int model_log_init(struct model_log *log);
void model_log_fini(struct model_log *log); /* frees; a zeroed one is fine */

/* Takes log.tail. */
void model_log_tail(struct model *model, const json_t *params, const json_t *data);
/* Takes topic log. */
void model_log_take(struct model *model, const json_t *params, const json_t *data);

/* How many lines are held. */
size_t model_log_n(const struct model *model);
/* The i-th, oldest first; i < model_log_n; borrowed until the next answer. */
const struct model_log_line *model_log_line(const struct model *model, size_t i);
const char *model_level_name(int level); /* "warn" */

#endif
