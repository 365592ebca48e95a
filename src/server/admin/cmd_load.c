/* cmd_load.c -- what the load does to the server: the ladder's rungs, the worst ticks and sweeps.
 */
#include "admin/method.h"
#include "ops/ladder.h"
#include "ops/worst.h"

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

static json_t *records_json(const struct worst *worst, enum worst_kind kind)
{
    const struct worst_record *record;
    char cause[WORST_CAUSE_SIZE];
    json_t *list = json_array();

    for (unsigned i = 0; (record = worst_at(worst, kind, i)) != NULL; i++) {
        json_t *row =
            json_pack("{s:I, s:I, s:I, s:I, s:s}", "at_ms", (json_int_t)record->at_ms, "tick",
                      (json_int_t)record->tick, "real_us", (json_int_t)record->real_us, "cpu_us",
                      (json_int_t)record->cpu_us, "cause", worst_cause(record, cause));

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

/* clang-format off */
const struct method CMD_LOAD[] = {
    {"server.ladder", ROLE_VIEWER, false, run_ladder, NULL,
     "The rungs of the ladder under overload: which are stepped on, since when, and what that means."},
    {"server.worst", ROLE_VIEWER, false, run_worst, NULL,
     "The 16 worst ticks and sweeps of the last ten minutes, with what they were made of and why they were long."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
