/* profile.h -- part of the model: where the time goes (server.profile). */
#ifndef OPENMMO_CONSOLE_PROFILE_H
#define OPENMMO_CONSOLE_PROFILE_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"
#include "worst.h"

struct model;

#define MODEL_BUCKETS 24
#define MODEL_PHASES  16
#define MODEL_THREADS 64

/* A histogram. */
struct model_phase {
    char name[16]; /* of a thread's: empty */
    struct model_times times;
    int64_t permille; /* of a core; -1: it is no thread's CPU time */
    int64_t buckets[MODEL_BUCKETS];
};

struct model_thread {
    int64_t sessions, busy_permille, floor;
    bool stuck;
    struct model_phase sweeps;
};

struct model_profile {
    bool known;
    int64_t ticks, missed, over_budget;
    double bounds_ms[MODEL_BUCKETS]; /* upper bounds of the buckets; the last has none */
    size_t bounds_n;
    struct model_worst_row worst; /* at_ms 0: none */
    struct model_phase phases[MODEL_PHASES];
    size_t phases_n;
    struct model_thread threads[MODEL_THREADS];
    size_t threads_n;
};

/* Takes server.profile. */
void model_profile_take(struct model *model, const json_t *params, const json_t *data);
/* One of them by name; NULL: it is not known. */
const struct model_phase *model_phase(const struct model_profile *profile, const char *name);

#endif
