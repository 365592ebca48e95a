/* worst.c -- see worst.h. */
#include "ops/worst.h"

#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "common/compiler.h"
#include "common/queue.h"

#define QUEUE_ROOM 64 /* more than two seconds of ticks */
#define KEPT_MS    (UINT64_C(60000) * WORST_MINUTES)

struct worst {
    struct queue **queues; /* one a producer */
    unsigned queues_n;
    _Atomic uint32_t least_us[WORST_KINDS]; /* shorter ones are not worth a record */
    _Atomic uint64_t lost;
    struct worst_record kept[WORST_KINDS][WORST_KEPT]; /* the longest first */
    unsigned kept_n[WORST_KINDS];
};

struct worst *worst_new(unsigned producers_n, struct error *error)
{
    struct worst *worst = calloc(1, sizeof(*worst));

    if (worst != NULL)
        worst->queues = calloc(producers_n, sizeof(struct queue *));
    if (worst == NULL || worst->queues == NULL)
        goto failed;
    for (worst->queues_n = 0; worst->queues_n < producers_n; worst->queues_n++) {
        struct queue *queue = queue_new(sizeof(struct worst_record), QUEUE_ROOM, 0);

        if (queue == NULL)
            goto failed;
        worst->queues[worst->queues_n] = queue;
    }
    return worst;
failed:
    error_set(error, "out of memory");
    worst_free(worst);
    return NULL;
}

void worst_free(struct worst *worst)
{
    if (worst == NULL)
        return;
    for (unsigned i = 0; i < worst->queues_n; i++)
        queue_free(worst->queues[i]);
    free(worst->queues);
    free(worst);
}

void worst_note(struct worst *worst, unsigned producer, const struct worst_record *record)
{
    /* relaxed: a hint; one record more or less does no harm */
    if (record->real_us <
        atomic_load_explicit(&worst->least_us[record->kind], memory_order_relaxed))
        return;
    if (queue_push(worst->queues[producer], record) != 0)
        atomic_fetch_add_explicit(&worst->lost, 1, memory_order_relaxed);
}

static void keep(struct worst *worst, const struct worst_record *record)
{
    struct worst_record *kept = worst->kept[record->kind];
    unsigned *n = &worst->kept_n[record->kind], at;

    if (*n == WORST_KEPT && kept[*n - 1].real_us >= record->real_us)
        return;
    at = *n < WORST_KEPT ? (*n)++ : *n - 1;
    for (; at > 0 && kept[at - 1].real_us < record->real_us; at--)
        kept[at] = kept[at - 1];
    kept[at] = *record;
}

static void forget_old(struct worst *worst, enum worst_kind kind, uint64_t now_ms)
{
    struct worst_record *kept = worst->kept[kind];
    unsigned n = 0;

    for (unsigned i = 0; i < worst->kept_n[kind]; i++) {
        if (kept[i].at_ms + KEPT_MS > now_ms)
            kept[n++] = kept[i];
    }
    worst->kept_n[kind] = n;
    atomic_store_explicit(&worst->least_us[kind], n == WORST_KEPT ? kept[n - 1].real_us + 1 : 0,
                          memory_order_relaxed);
}

void worst_take(struct worst *worst, uint64_t now_ms)
{
    struct worst_record record;

    for (unsigned i = 0; i < worst->queues_n; i++) {
        while (queue_pop(worst->queues[i], &record))
            keep(worst, &record);
    }
    for (int kind = 0; kind < WORST_KINDS; kind++)
        forget_old(worst, (enum worst_kind)kind, now_ms);
}

const struct worst_record *worst_at(const struct worst *worst, enum worst_kind kind, unsigned i)
{
    return i < worst->kept_n[kind] ? &worst->kept[kind][i] : NULL;
}

uint64_t worst_lost(const struct worst *worst)
{
    return atomic_load_explicit(&worst->lost, memory_order_relaxed);
}

/* -- why --------------------------------------------------------------------------------------- */

static double ms(uint32_t us)
{
    return us / 1000.0;
}

/* Without the CPU time the thread stood in a queue for a core (or the machine stood still). */
static bool waited(uint32_t real_us, uint32_t cpu_us)
{
    return real_us > cpu_us && real_us - cpu_us > real_us / 2;
}

static void tick_cause(const struct worst_record *record, char cause[WORST_CAUSE_SIZE])
{
    const struct worst_tick *tick = &record->of.tick;
    uint32_t ran_us = record->real_us > tick->late_us ? record->real_us - tick->late_us : 0;
    const struct {
        uint32_t us;
        const char *what;
    } phases[] = {{tick->step_us, "the step"},
                  {tick->snapshot_us, "building the snapshot"},
                  {tick->drain_us, "taking and sorting commands"},
                  {tick->journal_us, "the journal's hash"}};
    bool late = tick->late_us > ran_us; /* then what it did itself is the lesser part */
    unsigned longest = 0;

    for (unsigned i = 1; i < ARRAY_N(phases); i++) {
        if (phases[i].us > phases[longest].us)
            longest = i;
    }
    if (late && tick->before_us > tick->late_us / 2)
        snprintf(cause, WORST_CAUSE_SIZE,
                 "after a tick of %.1f ms: began %.1f ms late, missed %u ticks",
                 ms(tick->before_us), ms(tick->late_us), tick->missed);
    else if (late && tick->missed > 0)
        snprintf(cause, WORST_CAUSE_SIZE,
                 "stood still: began %.0f ms late, %u ticks missed, %u substeps given back",
                 ms(tick->late_us), tick->missed, tick->credit);
    else if (late)
        snprintf(cause, WORST_CAUSE_SIZE, "began %.1f ms late: the thread got no core in time",
                 ms(tick->late_us));
    else if (waited(ran_us, record->cpu_us))
        snprintf(cause, WORST_CAUSE_SIZE, "ran %.1f of %.1f ms: the thread got no core",
                 ms(record->cpu_us), ms(ran_us));
    else
        snprintf(cause, WORST_CAUSE_SIZE,
                 "%s took %.1f of %.1f ms: %u commands, %u figures in %u cells",
                 phases[longest].what, ms(phases[longest].us), ms(record->cpu_us), tick->commands,
                 tick->entities, tick->cells);
}

static void sweep_cause(const struct worst_record *record, char cause[WORST_CAUSE_SIZE])
{
    const struct worst_sweep *sweep = &record->of.sweep;

    if (sweep->handshakes > 0 && waited(record->real_us, record->cpu_us))
        snprintf(cause, WORST_CAUSE_SIZE, "%u TLS handshakes came between, gathering took %.1f ms",
                 sweep->handshakes, ms(record->cpu_us));
    else if (waited(record->real_us, record->cpu_us))
        snprintf(cause, WORST_CAUSE_SIZE,
                 "gathering took %.1f ms: the rest went to reading, or the thread got no core",
                 ms(record->cpu_us));
    else
        snprintf(cause, WORST_CAUSE_SIZE, "%u players, %u blocks (%u full), %.0f kB",
                 sweep->sessions, sweep->blocks, sweep->blocks_full, (double)sweep->bytes / 1000);
}

const char *worst_cause(const struct worst_record *record, char cause[WORST_CAUSE_SIZE])
{
    switch (record->kind) {
    case WORST_TICK:
        tick_cause(record, cause);
        return cause;
    case WORST_SWEEP:
        sweep_cause(record, cause);
        return cause;
    case WORST_KINDS:
        break;
    }
    cause[0] = '\0';
    return cause;
}
