/* model.h -- what the console knows of the server: the last answers, as screens draw them.
 *
 * Fed only by answers and notifications of the operator's socket (doc/admin.md), so recorded ones
 * test all that is drawn. What an answer lacks reads as zero or empty. One thread. */
#ifndef OPENMMO_CONSOLE_MODEL_H
#define OPENMMO_CONSOLE_MODEL_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_SECONDS   600 /* of history, one value a second */
#define MODEL_PLAYERS   300 /* rows of the player list that are held: a screenful */
#define MODEL_LOG_LINES 1000
#define MODEL_RUNGS     5
#define MODEL_WORST     16

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
    int64_t now_ms, started_ms, uptime_s, pid;
    int64_t tick, hz, missed, worst_at_ms, players, players_max;
    double budget_ms, worst_ms;
    struct model_times over_10s, over_60s, step, snapshot, late, sweep, store_times;
    int64_t connections, before_login, connections_max, accepted;
    int64_t logins_ok, logins_failed, logins_limited, refused;
    bool guests; /* are let in */
    int64_t guests_here;
    double in_per_s, out_per_s, messages_per_s;
    int64_t in, out;
    bool store_ok, journal_stopped;
    int64_t store_queue, store_errors, saves_pending, positions_saved, durable_ms, durable_tick;
    int64_t operators, dropped;
    struct model_rung rungs[MODEL_RUNGS];
    int rung; /* the highest that is stepped on; 0: all is well */
    int64_t waiting;
};

/* One of the worst ticks or sweeps. */
struct model_worst {
    int64_t at_ms;
    int thread;
    double real_ms, cpu_ms;
    char cause[160];
};
struct model_worst_list {
    struct model_worst rows[MODEL_WORST]; /* the longest first */
    size_t n;
};

/* A value a second, oldest first. */
struct model_series {
    double values[MODEL_SECONDS];
    size_t n;
};

struct model_player {
    char name[256], session[24], account[24], address[64]; /* account: "0" of a guest */
    char kind[8];                                          /* native, web */
    int64_t joined_ms;
    double rtt_ms, in, out, x, y, z, cost_ms;
    int64_t cells, shift;
};

bool model_guest(const struct model_player *player); /* he has no account */

struct model_log_line {
    uint64_t sequence;
    int64_t time_ms;
    int level; /* 0 error .. 3 debug */
    char line[1024];
};

struct model {
    struct model_status status;
    struct model_series tick_mean, tick_p99, in, out, players_here;
    /* The part of the player list that was asked for. */
    struct model_player players[MODEL_PLAYERS];
    size_t players_n, players_from;
    int64_t players_matched;
    bool players_known;
    /* The log's lines, a ring: model_log counts them from the oldest. */
    struct model_log_line *log;
    uint64_t log_taken, log_lost;
    struct model_worst_list worst_ticks, worst_sweeps;
    bool worst_known;
    char you[80], role[16];
};

/* In place. -1: out of memory. */
int model_init(struct model *model);
/* Frees; a zeroed model is fine. */
void model_fini(struct model *model);

/* An answer: what is the method ("server.status", "metrics.history", "players.list", "log.tail",
 * "server.worst", "rpc.discover"); others are ignored. data: borrowed. */
void model_answer(struct model *model, const char *method, const json_t *data);
/* A notification's params: topic metrics, players, log. A metrics sample also moves the history. */
void model_notify(struct model *model, const char *topic, const json_t *params);

/* The i-th log line that is held, of log_n, oldest first. */
size_t model_log_n(const struct model *model);
/* i < model_log_n; borrowed until the next answer. */
const struct model_log_line *model_log(const struct model *model, size_t i);
const char *model_level_name(int level); /* "warn" */

#endif
