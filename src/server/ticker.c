/* ticker.c -- the clock of the world. See ticker.h.
 *
 * One tick is one call of tick_once, whoever calls it: a thread that sleeps until absolute
 * deadlines, or a timer on the owner's loop. A deadline that is missed by more than a tick is a
 * stall: the missed deadlines are passed over, and the first command of the next tick gives the
 * players their time back. */
#ifdef HAVE_CONFIG_H
#include <config.h> /* GNU extensions */
#endif

#include "ticker.h"

#include <assert.h>
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "common/log.h"
#include "common/thread.h"
#include "intake.h"
#include "ops/metrics.h"
#include "tempo.h"

#define CREDIT_MAX (2 * MOVEMENT_SUBSTEPS_PER_S)
#define WALL_DRIFT (INT64_C(1) << 31)

struct ticker {
    struct ticker_config config;
    pthread_t thread;
    struct event *timer; /* with a base */
    _Atomic bool stop;
    struct worst_record now; /* what is known of this tick */
    uint32_t before_us;      /* real time that the tick before took */
    struct tempo tempo;
    _Atomic uint16_t permille;   /* its copy for other threads */
    int64_t deadline_ns;         /* CLOCK_MONOTONIC: when the next tick is due */
    int64_t began_ns, before_ns; /* the same: when this tick and the one before began */
    uint32_t credit;             /* substeps to give back in the next tick */
    bool hidden;                 /* the last tick could not be shown */
    struct intake *intake;
    struct sim_event *events;
    uint64_t base_wall_ms; /* Unix time at which tick 0 would have been */
    /* tick << 32 | (wall ms - base - tick * 50) + WALL_DRIFT: both in one word, never torn. What
     * stalls and a slower tempo cost adds up in the drift: room for 24 days of it. */
    _Atomic uint64_t clock;
};

static int64_t clock_ns(clockid_t id)
{
    struct timespec now;

    clock_gettime(id, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

static uint64_t wall_ms(void)
{
    return (uint64_t)(clock_ns(CLOCK_REALTIME) / 1000000);
}

static void set_clock(struct ticker *ticker, uint32_t tick)
{
    int64_t drift =
        (int64_t)(wall_ms() - ticker->base_wall_ms) - (int64_t)tick * SIM_TICK_MS + WALL_DRIFT;

    /* relaxed: one word, nothing else hangs on it */
    atomic_store_explicit(&ticker->clock, (uint64_t)tick << 32 | (uint32_t)drift,
                          memory_order_relaxed);
}

/* ---- one tick ---- */

static void publish(struct ticker *ticker)
{
    uint64_t encoded = sim_blocks_encoded(ticker->config.sim);
    struct snapshot *snapshot = sim_snapshot(ticker->config.sim);

    if (snapshot == NULL) {
        metrics_add(METRIC_SNAPSHOTS_FAILED, 1);
        if (!ticker->hidden)
            log_event(LOG_LEVEL_ERROR, "snapshot_failed",
                      "out of memory: players are not shown what happens until there is some",
                      LOG_U64("tick", sim_tick(ticker->config.sim)));
        ticker->hidden = true;
        return;
    }
    ticker->hidden = false;
    metrics_add(METRIC_BLOCKS_ENCODED, sim_blocks_encoded(ticker->config.sim) - encoded);
    for (unsigned i = 0; i < ticker->config.mailboxes_n; i++) {
        struct mailbox *mailbox = &ticker->config.mailboxes[i];
        /* relaxed: a count of ours */
        uint64_t before = atomic_load_explicit(&mailbox->skipped, memory_order_relaxed);

        mailbox_put(mailbox, snapshot_ref(snapshot));
        metrics_add(METRIC_SNAPSHOTS_SKIPPED,
                    atomic_load_explicit(&mailbox->skipped, memory_order_relaxed) - before);
        if (ticker->config.published != NULL)
            ticker->config.published(ticker->config.context, i);
    }
    snapshot_unref(snapshot);
}

static void tell_events(struct ticker *ticker, size_t events_n)
{
    for (size_t i = 0; i < events_n; i++) {
        if (SESSION_SCRIPTED(ticker->events[i].session))
            continue; /* nobody waits for them */
        if (queue_push_reserved(ticker->config.events, &ticker->events[i]) == 0)
            continue;
        /* The queue was made for all sessions' events: that it is full is our own bug. */
        log_event(LOG_LEVEL_ERROR, "sim_event_lost", "the queue of world events is full",
                  LOG_U64("session", ticker->events[i].session));
        assert(false && "sim event queue full");
    }
}

static void count(const struct sim_step_counts *counts)
{
    metrics_add(METRIC_TICKS, 1);
    metrics_add(METRIC_COMMANDS, counts->commands);
    metrics_add(METRIC_INTENTS_REFUSED, counts->intents_refused);
    metrics_add(METRIC_SUBSTEPS_DROPPED, counts->substeps_dropped);
    metrics_add(METRIC_CHAT_LINES, counts->chat_lines);
    metrics_set(METRIC_CELLS, counts->cells);
}

/* Microseconds of CPU time since *then_ns, which moves on to now. */
static uint32_t cpu_since(int64_t *then_ns)
{
    int64_t now_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), spent_ns = now_ns - *then_ns;

    *then_ns = now_ns;
    return (uint32_t)(spent_ns < 0 ? 0 : spent_ns / 1000);
}

/* How long the step took decides when the next ticks come. */
static void keep_tempo(struct ticker *ticker, uint64_t step_us)
{
    int64_t elapsed_ns = ticker->began_ns - ticker->before_ns;

    if (!tempo_note(&ticker->tempo, step_us, (uint64_t)elapsed_ns / 1000))
        return;
    /* relaxed: a figure by itself */
    atomic_store_explicit(&ticker->permille, ticker->tempo.permille, memory_order_relaxed);
    metrics_set(METRIC_TEMPO, ticker->tempo.permille);
    metrics_add(METRIC_TEMPO_CHANGES, 1);
    if (ticker->config.tempo != NULL)
        ticker->config.tempo(ticker->config.context, ticker->tempo.permille, ticker->tempo.step_us);
}

/* A planted fault. */
static void burn(struct ticker *ticker, int64_t start_ns)
{
    uint32_t burden_us =
        ticker->config.burden_us != NULL ? ticker->config.burden_us(ticker->config.context) : 0;

    while (clock_ns(CLOCK_THREAD_CPUTIME_ID) - start_ns < (int64_t)burden_us * 1000)
        continue;
}

/* The tick is over: if it was long, it is kept with what it was made of. */
static void note_worst(struct ticker *ticker, const struct sim_step_counts *counts)
{
    struct worst_record *now = &ticker->now;
    int64_t ran_ns = clock_ns(CLOCK_MONOTONIC) - ticker->began_ns;

    now->tick = sim_tick(ticker->config.sim);
    now->at_ms = wall_ms();
    now->of.tick.commands = counts->commands;
    now->of.tick.entities = counts->entities;
    now->of.tick.cells = counts->cells;
    now->of.tick.before_us = ticker->before_us;
    ticker->before_us = (uint32_t)(ran_ns / 1000);
    now->real_us = now->of.tick.late_us + ticker->before_us;
    metrics_observe(METRIC_TICK_REAL_US, now->real_us);
    if (ticker->before_us > SIM_TICK_MS * 1000)
        metrics_add(METRIC_TICKS_OVER_BUDGET, 1);
    if (ticker->config.worst != NULL)
        worst_note(ticker->config.worst, 0, now);
    if (ticker->config.ticked != NULL)
        ticker->config.ticked(ticker->config.context, now);
}

static void tick_once(struct ticker *ticker)
{
    struct sim *sim = ticker->config.sim;
    struct worst_tick *made_of = &ticker->now.of.tick;
    int64_t start_ns = clock_ns(CLOCK_THREAD_CPUTIME_ID), phase_ns = start_ns;
    struct sim_step_counts counts;
    struct command *commands;
    size_t commands_n, events_n;

    commands = intake_take(ticker->intake, sim_tick(sim) + 1, ticker->credit, &commands_n);
    ticker->credit = 0;
    made_of->drain_us = cpu_since(&phase_ns);
    if (ticker->config.journal != NULL)
        journal_tick(ticker->config.journal, sim_tick(sim) + 1, commands, commands_n);
    made_of->journal_us = cpu_since(&phase_ns);
    events_n = sim_step(sim, commands, commands_n, ticker->events, &counts);
    burn(ticker, phase_ns);
    made_of->step_us = cpu_since(&phase_ns);
    keep_tempo(ticker, made_of->step_us);
    if (ticker->config.journal != NULL) {
        journal_hash(ticker->config.journal, sim);
        metrics_set(METRIC_JOURNAL_STOPPED, journal_stopped(ticker->config.journal));
    }
    made_of->journal_us += cpu_since(&phase_ns);
    set_clock(ticker, sim_tick(sim));
    /* First what control must know, then what it shows. */
    tell_events(ticker, events_n);
    publish(ticker);
    made_of->snapshot_us = cpu_since(&phase_ns);
    ticker->now.cpu_us = (uint32_t)((phase_ns - start_ns) / 1000);
    metrics_observe(METRIC_TICK_DRAIN_US, made_of->drain_us);
    metrics_observe(METRIC_TICK_STEP_US, made_of->step_us);
    metrics_observe(METRIC_TICK_JOURNAL_US, made_of->journal_us);
    metrics_observe(METRIC_TICK_SNAPSHOT_US, made_of->snapshot_us);
    metrics_observe(METRIC_TICK_US, ticker->now.cpu_us);
    count(&counts);
    note_worst(ticker, &counts);
}

/* The deadline has come: see how late we are, tick, set the next one. */
static void on_deadline(struct ticker *ticker)
{
    int64_t now_ns = clock_ns(CLOCK_MONOTONIC), late_ns = now_ns - ticker->deadline_ns;
    int64_t period_ns = (int64_t)tempo_period_us(&ticker->tempo) * 1000;
    int64_t missed;

    ticker->before_ns = ticker->began_ns;
    ticker->began_ns = now_ns;
    if (late_ns < 0)
        late_ns = 0;
    missed = late_ns / period_ns;
    metrics_observe(METRIC_TICK_LATE_US, (uint64_t)(late_ns / 1000));
    ticker->now = (struct worst_record){.kind = WORST_TICK,
                                        .of.tick = {.late_us = (uint32_t)(late_ns / 1000),
                                                    .missed = (uint32_t)missed,
                                                    .tempo = ticker->tempo.permille}};
    if (missed > 0) {
        int64_t credit = missed * MOVEMENT_SUBSTEPS_PER_TICK;

        ticker->deadline_ns += missed * period_ns;
        ticker->credit = (uint32_t)(credit < CREDIT_MAX ? credit : CREDIT_MAX);
        ticker->now.of.tick.credit = ticker->credit;
        metrics_add(METRIC_TICKS_MISSED, (uint64_t)missed);
        if (ticker->config.stalled != NULL)
            ticker->config.stalled(ticker->config.context, (uint32_t)(late_ns / 1000000));
    }
    ticker->deadline_ns += period_ns;
    tick_once(ticker);
}

/* ---- who calls ---- */

static bool stopping(const struct ticker *ticker)
{
    /* relaxed: only a flag; the join orders the rest */
    return atomic_load_explicit(&ticker->stop, memory_order_relaxed);
}

static void *run(void *context)
{
    struct ticker *ticker = context;

    while (!stopping(ticker)) {
        struct timespec until = {
            .tv_sec = ticker->deadline_ns / 1000000000,
            .tv_nsec = ticker->deadline_ns % 1000000000,
        };

        if (clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL) == EINTR)
            continue;
        on_deadline(ticker);
    }
    return NULL;
}

static void arm(struct ticker *ticker)
{
    int64_t left_ns = ticker->deadline_ns - clock_ns(CLOCK_MONOTONIC);
    struct timeval left = {0, 0};

    if (left_ns > 0) {
        left.tv_sec = left_ns / 1000000000;
        left.tv_usec = left_ns % 1000000000 / 1000;
    }
    event_add(ticker->timer, &left);
}

static void on_timer(evutil_socket_t fd, short what, void *context)
{
    struct ticker *ticker = context;

    (void)fd;
    (void)what;
    on_deadline(ticker);
    arm(ticker);
}

static int allocate(struct ticker *ticker)
{
    ticker->intake =
        intake_new(ticker->config.commands, ticker->config.commands_n, &ticker->config.script);
    if (ticker->intake == NULL)
        return -1;
    ticker->events = calloc(2 * intake_room(ticker->intake), sizeof(*ticker->events));
    return ticker->events == NULL ? -1 : 0;
}

static void release(struct ticker *ticker)
{
    intake_free(ticker->intake); /* what was not taken any more is given up whole */
    free(ticker->events);
    free(ticker);
}

struct ticker *ticker_start(const struct ticker_config *config, struct error *error)
{
    struct ticker *ticker = calloc(1, sizeof(*ticker));
    int failed = 0;

    if (ticker == NULL) {
        error_set(error, "out of memory for the world's clock");
        return NULL;
    }
    ticker->config = *config;
    if (allocate(ticker) != 0) {
        error_set(error, "out of memory for the world's clock");
        release(ticker);
        return NULL;
    }
    tempo_init(&ticker->tempo);
    ticker->permille = TEMPO_MAX;
    metrics_set(METRIC_TEMPO, TEMPO_MAX);
    ticker->base_wall_ms = wall_ms() - (uint64_t)sim_tick(config->sim) * SIM_TICK_MS;
    set_clock(ticker, sim_tick(config->sim));
    ticker->began_ns = clock_ns(CLOCK_MONOTONIC);
    ticker->deadline_ns = ticker->began_ns + (int64_t)tempo_period_us(&ticker->tempo) * 1000;
    if (config->base != NULL) {
        ticker->timer = evtimer_new(config->base, on_timer, ticker);
        if (ticker->timer == NULL)
            failed = ENOMEM;
        else
            arm(ticker);
    } else {
        failed = thread_start(&ticker->thread, "sim", run, ticker);
    }
    if (failed != 0) {
        error_set(error, "cannot start the world's clock: %s", strerror(failed));
        release(ticker);
        return NULL;
    }
    return ticker;
}

void ticker_stop(struct ticker *ticker)
{
    if (ticker == NULL)
        return;
    if (ticker->timer != NULL) {
        event_free(ticker->timer);
    } else {
        atomic_store_explicit(&ticker->stop, true, memory_order_relaxed);
        pthread_join(ticker->thread, NULL);
    }
    release(ticker);
}

void ticker_clock(const struct ticker *ticker, uint32_t *tick, uint64_t *ms)
{
    uint64_t clock = atomic_load_explicit(&ticker->clock, memory_order_relaxed);

    *tick = (uint32_t)(clock >> 32);
    *ms = ticker->base_wall_ms + (uint64_t)*tick * SIM_TICK_MS +
          (uint64_t)((int64_t)(uint32_t)clock - WALL_DRIFT);
}

uint32_t ticker_tick(const struct ticker *ticker)
{
    uint64_t ms;
    uint32_t tick;

    ticker_clock(ticker, &tick, &ms);
    return tick;
}

uint64_t ticker_last_tick_ms(const struct ticker *ticker)
{
    uint64_t ms;
    uint32_t tick;

    ticker_clock(ticker, &tick, &ms);
    return ms;
}

uint16_t ticker_tempo(const struct ticker *ticker)
{
    return atomic_load_explicit(&ticker->permille, memory_order_relaxed);
}
