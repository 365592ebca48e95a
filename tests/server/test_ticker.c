/* test_ticker.c -- the clock of the world: steady, without a burst after a stall, and it gives the
 * lost time back. */
#include <poll.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include <cmocka.h>

#include "ops/metrics.h"
#include "sim_world.h"
#include "ticker.h"

#define STALL_MS    400
#define DEADLINE_MS 10000
#define MOMENTS_MAX 400

struct room {
    struct heightfield *field;
    struct sim *sim;
    struct queue *queues[2];
    struct queue *events;
    struct mailbox mailboxes[2];
    struct ticker *ticker;
    struct event_base *base;
    /* Written on the sim thread, read when `published` says so. */
    int64_t moments_ms[MOMENTS_MAX];
    uint32_t seqs[MOMENTS_MAX];
    _Atomic unsigned published;
    _Atomic bool stall; /* the next publication takes STALL_MS */
    _Atomic uint32_t burden_us;
    _Atomic unsigned told; /* the tempo, as last told */
    _Atomic unsigned stalled_at, stalls, stalled_ms;
};

static int64_t now_ms(void)
{
    struct timespec now;

    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* On the sim thread, for each of the two mailboxes. */
static void on_published(void *context, unsigned reader)
{
    struct room *room = context;
    struct snapshot *snapshot;
    const struct snapshot_entity *entity;
    unsigned n = atomic_load(&room->published);

    if (reader != 0 || n >= MOMENTS_MAX)
        return;
    snapshot = mailbox_take(&room->mailboxes[0]);
    assert_non_null(snapshot);
    entity = snapshot_slot(snapshot, 0);
    room->moments_ms[n] = now_ms();
    room->seqs[n] = entity == NULL ? 0 : entity->seq;
    snapshot_unref(snapshot);
    if (atomic_exchange(&room->stall, false)) {
        atomic_store(&room->stalled_at, n);
        (void)poll(NULL, 0, STALL_MS);
    }
    atomic_store(&room->published, n + 1);
    if (room->base != NULL && n >= 5)
        event_base_loopbreak(room->base);
}

static void on_stalled(void *context, uint32_t stalled_ms)
{
    struct room *room = context;

    atomic_fetch_add(&room->stalls, 1);
    atomic_store(&room->stalled_ms, stalled_ms);
}

static void on_tempo(void *context, uint16_t permille, uint32_t step_us)
{
    struct room *room = context;

    assert_true(step_us > 0);
    atomic_store(&room->told, permille);
}

static uint32_t on_burden(void *context)
{
    return atomic_load(&((struct room *)context)->burden_us);
}

static int make(void **state)
{
    struct room *room = calloc(1, sizeof(*room));
    struct sim_config config = {.entities_max = 10, .readers = 2};
    struct error error;

    room->field = heightfield_new(WORLD_SEED, WORLD_SIZE_M);
    config.field = room->field;
    room->sim = sim_new(&config, &error);
    for (unsigned i = 0; i < 2; i++)
        room->queues[i] = queue_new(sizeof(struct command), 64, 4);
    room->events = queue_new(sizeof(struct sim_event), 64, 64);
    *state = room;
    return 0;
}

static void start(struct room *room)
{
    struct ticker_config config = {
        .sim = room->sim,
        .commands = room->queues,
        .commands_n = 2,
        .mailboxes = room->mailboxes,
        .mailboxes_n = 2,
        .events = room->events,
        .base = room->base,
        .published = on_published,
        .stalled = on_stalled,
        .tempo = on_tempo,
        .burden_us = on_burden,
        .context = room,
    };
    struct error error;

    room->ticker = ticker_start(&config, &error);
    assert_non_null(room->ticker);
}

static int unmake(void **state)
{
    struct room *room = *state;

    ticker_stop(room->ticker);
    for (unsigned i = 0; i < 2; i++) {
        queue_free(room->queues[i]);
        mailbox_fini(&room->mailboxes[i]);
    }
    queue_free(room->events);
    sim_free(room->sim);
    heightfield_free(room->field);
    if (room->base != NULL)
        event_base_free(room->base);
    free(room);
    return 0;
}

static void push_join(struct room *room)
{
    struct batch *batch = calloc(1, sizeof(*batch));

    batch_join(batch, 11, 5, 0, 0);
    assert_int_equal(queue_push_reserved(room->queues[0], &batch->commands[0]), 0);
    free(batch);
}

static void wait_published(struct room *room, unsigned n)
{
    int64_t deadline = now_ms() + DEADLINE_MS;

    while (atomic_load(&room->published) < n) {
        assert_true(now_ms() < deadline);
        (void)poll(NULL, 0, 5);
    }
}

static void test_ticks(void **state)
{
    struct room *room = *state;
    struct sim_event event;
    uint64_t wall;
    uint32_t tick;

    push_join(room);
    start(room);
    wait_published(room, 10);
    assert_true(queue_pop(room->events, &event));
    assert_int_equal(event.kind, SIM_JOINED);
    assert_int_equal(event.session, 11);
    ticker_clock(room->ticker, &tick, &wall);
    assert_true(tick >= 10);
    assert_true(llabs((int64_t)wall - (int64_t)time(NULL) * 1000) < 5000);
    assert_true(ticker_last_tick_ms(room->ticker) >= wall);
    assert_true(ticker_tick(room->ticker) >= tick);
    /* Nobody took from the second mailbox. */
    assert_true(atomic_load(&room->mailboxes[1].skipped) >= 8);
}

/* 400 ms are lost: no two ticks follow each other in a burst, the lost ones are counted, and what
 * players did meanwhile is taken at once. */
static void test_stall(void **state)
{
    struct room *room = *state;
    int64_t missed = metrics_value(METRIC_TICKS_MISSED);
    struct command intent;
    unsigned at;

    push_join(room);
    start(room);
    wait_published(room, 10);
    atomic_store(&room->stall, true);
    while (atomic_load(&room->stall))
        (void)poll(NULL, 0, 1);
    for (uint32_t seq = 1; seq <= 2; seq++) {
        memset(&intent, 0, sizeof(intent));
        intent.session = 11;
        intent.sequence = seq;
        intent.producer = COMMAND_FROM_IO;
        intent.kind = COMMAND_INTENT;
        intent.as.intent.seq = seq;
        intent.as.intent.intent.flags = MOVEMENT_WALK;
        intent.as.intent.substeps = 15;
        assert_int_equal(queue_push(room->queues[1], &intent), 0);
    }
    at = atomic_load(&room->stalled_at);
    wait_published(room, at + 12);
    assert_true(atomic_load(&room->stalls) >= 1);
    assert_true(metrics_value(METRIC_TICKS_MISSED) >= missed + 6);
    assert_true(room->moments_ms[at + 1] - room->moments_ms[at] >= STALL_MS);
    assert_int_equal(room->seqs[at], 0);
    assert_int_equal(room->seqs[at + 1], 2); /* 30 substeps: 15 saved up, the rest given back */
    /* Absolute deadlines: a tick that began late may be followed a little early, never by a burst.
     */
    for (unsigned i = at + 1; i + 4 < at + 12; i++)
        assert_true(room->moments_ms[i + 4] - room->moments_ms[i] >= 2 * SIM_TICK_MS);
}

/* Steps of 100 ms: two seconds later ticks come every 125 ms, which is no stall; when the steps are
 * short again, so are the ticks. */
static void test_dilation(void **state)
{
    struct room *room = *state;
    int64_t deadline = now_ms() + 4 * DEADLINE_MS, missed, period_ms, elapsed_ms;
    uint64_t wall;
    uint32_t tick;
    unsigned at;

    start(room);
    assert_int_equal(ticker_tempo(room->ticker), 1000);
    atomic_store(&room->burden_us, 100000);
    while (ticker_tempo(room->ticker) == 1000 && now_ms() < deadline)
        (void)poll(NULL, 0, 5);
    assert_in_range(ticker_tempo(room->ticker), 300, 450);
    at = atomic_load(&room->published);
    wait_published(room, at + 4); /* what was late before is caught up with */
    missed = metrics_value(METRIC_TICKS_MISSED);
    wait_published(room, at + 24);
    missed = metrics_value(METRIC_TICKS_MISSED) - missed;
    period_ms = 50000 / ticker_tempo(room->ticker);
    elapsed_ms = room->moments_ms[at + 23] - room->moments_ms[at + 3];
    assert_true(elapsed_ms >= 19 * period_ms);
    /* Only what this machine took from the thread was missed. */
    assert_true(missed <= elapsed_ms / period_ms - 20 + 2);
    ticker_clock(room->ticker, &tick, &wall);
    assert_true(llabs((int64_t)wall - (int64_t)time(NULL) * 1000) < 5000);
    atomic_store(&room->burden_us, 0);
    while (ticker_tempo(room->ticker) < 1000 && now_ms() < deadline)
        (void)poll(NULL, 0, 5);
    assert_int_equal(ticker_tempo(room->ticker), 1000);
    assert_int_equal(atomic_load(&room->told), 1000);
}

/* On the owner's loop, without a thread. */
static void test_on_a_loop(void **state)
{
    struct room *room = *state;

    room->base = event_base_new();
    start(room);
    event_base_dispatch(room->base);
    assert_int_equal(atomic_load(&room->published), 6);
    assert_int_equal(ticker_tick(room->ticker), 6);
    assert_true(room->moments_ms[5] - room->moments_ms[0] >= 3 * SIM_TICK_MS);
}

/* What was not taken when the clock stopped is given up, not leaked. */
static void test_stop_with_work(void **state)
{
    struct room *room = *state;

    start(room);
    wait_published(room, 1);
    push_join(room);
    ticker_stop(room->ticker);
    room->ticker = NULL;
    assert_int_equal(queue_length(room->queues[0]), 0);
}

/* There is no memory for what is shown: the world goes on, unseen, and once there is some again
 * everybody sees what came of it. cell_renew, by which snapshots get their room, is wrapped by the
 * linker in this program. */
static _Atomic bool nothing_grows;

int __real_cell_renew(void **array, uint32_t *room, size_t n, size_t item_bytes);
int __wrap_cell_renew(void **array, uint32_t *room, size_t n, size_t item_bytes);

int __wrap_cell_renew(void **array, uint32_t *room, size_t n, size_t item_bytes)
{
    return atomic_load(&nothing_grows) ? -1 : __real_cell_renew(array, room, n, item_bytes);
}

static void test_no_memory_to_show(void **state)
{
    struct room *room = *state;
    int64_t failed = metrics_value(METRIC_SNAPSHOTS_FAILED);
    int64_t deadline = now_ms() + DEADLINE_MS;
    struct command intent = {
        .session = 11,
        .sequence = 1,
        .producer = COMMAND_FROM_IO,
        .kind = COMMAND_INTENT,
        .as.intent = {.seq = 7, .intent = {0, 0, MOVEMENT_WALK}, .substeps = 3}};
    uint32_t tick;
    unsigned shown;

    push_join(room);
    start(room);
    wait_published(room, 5);
    atomic_store(&nothing_grows, true);
    while (metrics_value(METRIC_SNAPSHOTS_FAILED) < failed + 2) {
        assert_true(now_ms() < deadline);
        (void)poll(NULL, 0, 5);
    }
    shown = atomic_load(&room->published);
    tick = ticker_tick(room->ticker);
    assert_int_equal(queue_push(room->queues[1], &intent), 0);
    while (metrics_value(METRIC_SNAPSHOTS_FAILED) < failed + 8) {
        assert_true(now_ms() < deadline);
        (void)poll(NULL, 0, 5);
    }
    assert_true(ticker_tick(room->ticker) >= tick + 5);
    assert_int_equal(atomic_load(&room->published), shown);
    atomic_store(&nothing_grows, false);
    wait_published(room, shown + 2);
    assert_int_equal(room->seqs[shown - 1], 0);
    assert_int_equal(room->seqs[shown], 7);
    failed = metrics_value(METRIC_SNAPSHOTS_FAILED);
    wait_published(room, shown + 4);
    assert_int_equal(metrics_value(METRIC_SNAPSHOTS_FAILED), failed);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_ticks, make, unmake),
        cmocka_unit_test_setup_teardown(test_stall, make, unmake),
        cmocka_unit_test_setup_teardown(test_dilation, make, unmake),
        cmocka_unit_test_setup_teardown(test_on_a_loop, make, unmake),
        cmocka_unit_test_setup_teardown(test_stop_with_work, make, unmake),
        cmocka_unit_test_setup_teardown(test_no_memory_to_show, make, unmake),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
