/* status.h -- part of the model: how the server is now (server.status, topic metrics), and its last
 * minutes (metrics.history, then a value with each sample). */
#ifndef OPENMMO_CONSOLE_STATUS_H
#define OPENMMO_CONSOLE_STATUS_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "series.h"

struct model;

#define MODEL_RUNGS 5

struct model_times {
    int64_t n;
    double mean_ms, p50_ms, p99_ms, max_ms;
};

/* A rung of the ladder under overload. */
struct model_rung {
    bool active;
    int64_t since_ms;
    char name[16], words[160];
};

struct model_status {
    bool known;
    char name[112], version[32], state[16], store[16], store_error[256];
    int64_t now_ms, uptime_s, pid;
    int64_t tick, hz, missed, over_budget, worst_at_ms;
    int64_t players, players_max, away, peak;
    double budget_ms, worst_ms;
    struct model_times over_10s, over_60s, store_times;
    int64_t connections, before_login, connections_max;
    int64_t logins_ok, logins_failed, logins_limited, refused;
    bool guests; /* are let in */
    int64_t guests_here;
    double in_per_s, out_per_s, messages_per_s;
    int64_t in, out;
    bool store_ok, journal_stopped;
    int64_t store_queue, store_errors, saves_pending, positions_saved, durable_ms;
    int64_t pool_idle, pool_busy, pool_starting, pool_down; /* PostgreSQL's connections */
    int64_t operators, dropped;
    /* What an operator ordered. */
    bool maintenance, draining, ending, ending_when_empty, ending_restart;
    int64_t ending_left_ms; /* of a countdown */
    struct model_rung rungs[MODEL_RUNGS];
    int rung; /* the highest that is stepped on; 0: all is well */
    int64_t waiting;
};

struct model_history {
    struct series tick_mean, tick_p99, in, out, players_here; /* ms, bytes a second */
    struct series players_hour; /* the most of each minute, without the one that goes on */
};

/* From an object with times in microseconds. */
struct model_times model_times_read(const json_t *object);

/* Takes server.status. */
void model_status_take(struct model *model, const json_t *params, const json_t *data);
/* A sample: also moves the history. */
void model_status_sample(struct model *model, const json_t *params, const json_t *data);
/* The daemon's own memory of the last minute, taken at each connection, so that the graphs have no
 * hole; and of the last hour. */
void model_history_take(struct model *model, const json_t *params, const json_t *data);

#endif
