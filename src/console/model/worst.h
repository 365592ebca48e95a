/* worst.h -- part of the model: the worst ticks and sweeps of the last minutes (server.worst). */
#ifndef OPENMMO_CONSOLE_WORST_H
#define OPENMMO_CONSOLE_WORST_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

#define MODEL_WORST 16

struct model_worst_row {
    int64_t at_ms;
    int thread;
    double real_ms, cpu_ms;
    char cause[160];
};
struct model_worst_list {
    struct model_worst_row rows[MODEL_WORST]; /* the longest first */
    size_t n;
};
struct model_worst {
    struct model_worst_list ticks, sweeps;
    bool known;
};

/* From a record as the daemon says it; NULL: all zero. */
void model_worst_read(struct model_worst_row *worst, const json_t *row);

/* Takes server.worst. */
void model_worst_take(struct model *model, const json_t *params, const json_t *data);

#endif
