/* tickwatch.c -- see tickwatch.h. */
#include "server/tickwatch.h"

#include <stdatomic.h>

#include "common/log.h"
#include "ops/metrics.h"

#define SLOW_LOGGED 5 /* at once, then one a second */

void tickwatch_set_slow(struct tickwatch *tickwatch, uint32_t slow_ms)
{
    /* relaxed: a figure by itself */
    atomic_store_explicit(&tickwatch->slow_us, slow_ms * 1000, memory_order_relaxed);
}

static void say_slow(const struct worst_record *record)
{
    static struct log_limit limit;
    const struct worst_tick *tick = &record->of.tick;
    char cause[WORST_CAUSE_SIZE];
    uint64_t swallowed = 0;

    if (!log_limit_pass(&limit, SLOW_LOGGED, &swallowed))
        return;
    log_event(LOG_LEVEL_WARN, "tick_slow", worst_cause(record, cause),
              LOG_U64("tick", record->tick), LOG_U64("us", record->real_us),
              LOG_U64("late_us", tick->late_us), LOG_U64("cpu_us", record->cpu_us),
              LOG_U64("drain_us", tick->drain_us), LOG_U64("step_us", tick->step_us),
              LOG_U64("journal_us", tick->journal_us), LOG_U64("snapshot_us", tick->snapshot_us),
              LOG_U64("commands", tick->commands), LOG_U64("entities", tick->entities),
              LOG_U64("missed", tick->missed), LOG_U64("swallowed", swallowed));
}

static void tell_span(struct tickwatch *tickwatch, const struct worst_record *record)
{
    const struct worst_tick *tick = &record->of.tick;
    struct span span = {.name = "tick", .ended_ms = record->at_ms, .took_us = record->real_us};

    if (!reports_want_spans(tickwatch->reports))
        return;
    span_number(&span, "openmmo.tick", record->tick);
    span_number(&span, "openmmo.late_us", tick->late_us);
    span_number(&span, "openmmo.cpu_us", record->cpu_us);
    span_number(&span, "openmmo.drain_us", tick->drain_us);
    span_number(&span, "openmmo.step_us", tick->step_us);
    span_number(&span, "openmmo.journal_us", tick->journal_us);
    span_number(&span, "openmmo.snapshot_us", tick->snapshot_us);
    span_number(&span, "openmmo.commands", tick->commands);
    span_number(&span, "openmmo.entities", tick->entities);
    span_number(&span, "openmmo.cells", tick->cells);
    span_number(&span, "openmmo.missed", tick->missed);
    reports_span(tickwatch->reports, &span);
}

void tickwatch_note(struct tickwatch *tickwatch, const struct worst_record *record)
{
    uint32_t slow_us = atomic_load_explicit(&tickwatch->slow_us, memory_order_relaxed);
    bool slow = slow_us > 0 && record->real_us > slow_us;

    if (slow || reports_sampled(tickwatch->reports))
        tell_span(tickwatch, record);
    if (!slow)
        return;
    metrics_add(METRIC_TICKS_SLOW, 1);
    say_slow(record);
}
