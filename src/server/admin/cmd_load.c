/* cmd_load.c -- what the load does to the server: the ladder's rungs, the worst ticks and sweeps,
 * where the time goes. */
#include "admin/method.h"
#include "ops/ladder.h"
#include "ops/worst.h"
#include "play/balance.h"
#include "sim/sim.h"

json_t *cmd_load_ladder(const struct method_desk *desk)
{
    const struct ladder *ladder = desk->config->ladder;
    unsigned highest = ladder_highest(ladder);
    json_t *rungs = json_array();

    for (unsigned i = 0; i < LADDER_RUNGS; i++)
        json_array_append_new(rungs, json_pack("{s:i, s:s, s:b, s:I, s:s}", "rung", (int)i + 1,
                                               "name", ladder_name((enum ladder_rung_number)i),
                                               "active", (int)ladder->rungs[i].active, "since_ms",
                                               (json_int_t)ladder->rungs[i].since_ms, "words",
                                               ladder->rungs[i].words));
    return json_pack("{s:i, s:s, s:I, s:b, s:I, s:o}", "rung", (int)highest, "words",
                     highest > 0 ? ladder->rungs[highest - 1].words : "all is well", "since_ms",
                     (json_int_t)(highest > 0 ? ladder->rungs[highest - 1].since_ms : 0),
                     "door_shut", (int)ladder->door_shut, "waiting",
                     (json_int_t)metrics_value(METRIC_WAITING), "rungs", rungs);
}

static void run_ladder(struct method_call *call)
{
    method_done(call, cmd_load_ladder(call->desk));
}

/* -- the worst --------------------------------------------------------------------------------- */

static json_t *made_of(const struct worst_record *record)
{
    const struct worst_tick *tick = &record->of.tick;
    const struct worst_sweep *sweep = &record->of.sweep;

    if (record->kind == WORST_SWEEP)
        return json_pack("{s:i, s:I, s:I, s:I, s:I, s:I, s:I}", "thread", (int)record->thread,
                         "sessions", (json_int_t)sweep->sessions, "blocks",
                         (json_int_t)sweep->blocks, "blocks_full", (json_int_t)sweep->blocks_full,
                         "bytes", (json_int_t)sweep->bytes, "slices", (json_int_t)sweep->slices,
                         "handshakes", (json_int_t)sweep->handshakes);
    return json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "late_us",
                     (json_int_t)tick->late_us, "drain_us", (json_int_t)tick->drain_us, "step_us",
                     (json_int_t)tick->step_us, "journal_us", (json_int_t)tick->journal_us,
                     "snapshot_us", (json_int_t)tick->snapshot_us, "commands",
                     (json_int_t)tick->commands, "entities", (json_int_t)tick->entities, "cells",
                     (json_int_t)tick->cells, "missed", (json_int_t)tick->missed, "credit",
                     (json_int_t)tick->credit, "tempo", (json_int_t)tick->tempo);
}

static json_t *record_json(const struct worst_record *record)
{
    char cause[WORST_CAUSE_SIZE];

    return json_pack("{s:I, s:I, s:I, s:I, s:s}", "at_ms", (json_int_t)record->at_ms, "tick",
                     (json_int_t)record->tick, "real_us", (json_int_t)record->real_us, "cpu_us",
                     (json_int_t)record->cpu_us, "cause", worst_cause(record, cause));
}

static json_t *records_json(const struct worst *worst, enum worst_kind kind)
{
    const struct worst_record *record;
    json_t *list = json_array();

    for (unsigned i = 0; (record = worst_at(worst, kind, i)) != NULL; i++) {
        json_t *row = record_json(record);

        json_object_update_new(row, made_of(record));
        json_array_append_new(list, row);
    }
    return list;
}

static void run_worst(struct method_call *call)
{
    const struct worst *worst = call->desk->config->worst;

    method_done(call,
                json_pack("{s:i, s:I, s:o, s:o}", "minutes", WORST_MINUTES, "lost",
                          (json_int_t)worst_lost(worst), "ticks", records_json(worst, WORST_TICK),
                          "sweeps", records_json(worst, WORST_SWEEP)));
}

/* -- the profile ------------------------------------------------------------------------------- */

/* clang-format off */
static const struct time_row {
    const char *name;
    enum samples_histogram histogram;
    bool cpu; /* of one thread: it has a share of a core */
} TIMES[] = {
    {"tick",     SAMPLES_TICK,     true},
    {"drain",    SAMPLES_DRAIN,    true},
    {"step",     SAMPLES_STEP,     true},
    {"journal",  SAMPLES_JOURNAL,  true},
    {"snapshot", SAMPLES_SNAPSHOT, true},
    {"late",     SAMPLES_LATE,     false},
    {"real",     SAMPLES_REAL,     false},
    {"sweep",    SAMPLES_SWEEP,    true},
    {"turn",     SAMPLES_TURN,     true},
    {"store",    SAMPLES_STORE,    false},
};
/* clang-format on */

static json_t *buckets_json(const struct metrics_histogram *window)
{
    json_t *list = json_array();
    unsigned last = METRICS_BUCKETS;

    while (last > 0 && window->buckets[last - 1] == 0)
        last--;
    for (unsigned i = 0; i < last; i++)
        json_array_append_new(list, json_integer((json_int_t)window->buckets[i]));
    return list;
}

/* covers_ms: how long the window is; 0: no share is told. */
static json_t *window_json(const struct metrics_histogram *window, uint64_t covers_ms)
{
    struct samples_times times = samples_times_of(window);
    json_t *json = json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "n", (json_int_t)times.n, "mean_us",
                             (json_int_t)times.mean_us, "p50_us", (json_int_t)times.p50_us,
                             "p99_us", (json_int_t)times.p99_us, "max_us", (json_int_t)times.max_us,
                             "buckets", buckets_json(window));

    if (json != NULL && covers_ms > 0)
        json_object_set_new(json, "permille",
                            json_integer((json_int_t)(window->sum_us / covers_ms)));
    return json;
}

static json_t *times_json(const struct samples *samples, unsigned seconds)
{
    json_t *list = json_array();
    struct metrics_histogram window;

    for (size_t i = 0; i < ARRAY_N(TIMES); i++) {
        uint64_t covers_ms = samples_window(samples, TIMES[i].histogram, seconds, &window);
        json_t *row = window_json(&window, TIMES[i].cpu ? covers_ms : 0);

        json_object_set_new(row, "name", json_string(TIMES[i].name));
        json_array_append_new(list, row);
    }
    return list;
}

static json_t *threads_json(const struct method_desk *desk, unsigned seconds)
{
    const struct sessions *sessions = desk->config->sessions;
    json_t *list = json_array();

    for (unsigned i = 0; i < desk->samples->threads_n; i++) {
        struct metrics_histogram window;
        uint64_t covers_ms = samples_window_of_thread(desk->samples, i, seconds, &window);
        struct balance_load load = {0};

        sessions_load(sessions, i, &load);
        json_array_append_new(list, json_pack("{s:i, s:I, s:I, s:I, s:b, s:o}", "thread", (int)i,
                                              "sessions", (json_int_t)load.sessions_n,
                                              "busy_permille", (json_int_t)(load.busy_us / 1000),
                                              "floor", (json_int_t)sessions_floor(sessions, i),
                                              "stuck", (int)load.stuck, "sweeps",
                                              window_json(&window, covers_ms)));
    }
    return list;
}

static void run_profile(struct method_call *call)
{
    const struct samples *samples = call->desk->samples;
    const struct worst_record *worst = worst_at(call->desk->config->worst, WORST_TICK, 0);
    unsigned seconds = (unsigned)method_integer(call, "seconds", 60);
    struct metrics_histogram window;
    json_t *bounds = json_array();

    for (unsigned i = 0; i + 1 < METRICS_BUCKETS; i++)
        json_array_append_new(bounds, json_integer((json_int_t)metrics_bucket_us(i)));
    method_done(
        call,
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o}", "covers_ms",
                  (json_int_t)samples_window(samples, SAMPLES_TICK, seconds, &window), "budget_us",
                  (json_int_t)SIM_TICK_MS * 1000, "ticks",
                  (json_int_t)samples_counted(samples, SAMPLES_TICKS, seconds), "missed",
                  (json_int_t)samples_counted(samples, SAMPLES_MISSED, seconds), "over_budget",
                  (json_int_t)samples_counted(samples, SAMPLES_OVER_BUDGET, seconds), "bounds_us",
                  bounds, "worst", worst != NULL ? record_json(worst) : json_null(), "times",
                  times_json(samples, seconds), "threads", threads_json(call->desk, seconds)));
}

/* clang-format off */
static const struct method_param PROFILE[] = {
    {"seconds", METHOD_INTEGER, false, 1, 60, NULL, "Over the last so many; 60 if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_LOAD[] = {
    {"server.profile", ROLE_VIEWER, false, run_profile, PROFILE,
     "Where the time goes: histograms of the tick, its phases, and each io thread's sweeps, with their shares of a core."},
    {"server.ladder", ROLE_VIEWER, false, run_ladder, NULL,
     "The rungs of the ladder under overload: which are stepped on, since when, and what that means."},
    {"server.worst", ROLE_VIEWER, false, run_worst, NULL,
     "The 16 worst ticks and sweeps of the last ten minutes, with what they were made of and why they were long."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
