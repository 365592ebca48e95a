/* io.c -- see io.h. */
#include "net/io.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/log.h"
#include "common/thread.h"
#include "net/batch.h"
#include "net/tls_pool.h"
#include "ops/metrics.h"

#define IO_REST_MS    1    /* then packets are looked for again, */
#define IO_REST_MAX   4    /* or up to so long, where they are few, */
#define IO_REST_READS 8    /* until about so many have come */
#define IO_TOLD_MS    1000 /* by then others have told of a stall that we had with them */
#define IO_LOOKS_MANY 500  /* at the sockets, a second: it begins to rest */
#define IO_LOOKS_FEW  100  /* with the rests: there is nothing that would gather, it ends */

struct deadline_list {
    struct io_deadline *oldest, *newest; /* at_ms rises */
};

struct job_list {
    struct io_job *oldest, *newest;
    atomic_uint_fast32_t n; /* written here, read by control */
};

struct io {
    struct io_config config;
    struct event_base *base;
    struct postbox *postbox;
    int wake_fd;       /* eventfd */
    atomic_bool woken; /* it was written, and no turn has looked yet */
    struct event *wake;
    struct event *timer; /* every IO_TURN_MS */
    struct event *soon;  /* a turn at once */
    pthread_t thread;
    bool own_base, started;
    atomic_bool quit;
    uint64_t real_ms; /* monotonic clock of the last turn */
    uint64_t now_ms;  /* the io clock */
    uint64_t left_ms; /* of our own last stall, not counted by the io clock */
    uint64_t left_at; /* when it ended, monotonic */
    uint32_t dice;    /* io_sampled */
    uint32_t turn;
    atomic_uint_fast32_t credit; /* told by io_stalled, not yet taken off the clock */
    struct job_list jobs[IO_LATER_KINDS];
    unsigned job_kind;              /* of the last one that ran */
    uint64_t share_us, share_at_us; /* done at once of what can wait; since when, monotonic */
    atomic_uint_fast64_t turned_ms; /* written here, read by control: monotonic clock */
    uint64_t cpu_us;                /* of the thread, at the end of the last turn */
    uint64_t looks, looks_ms;       /* how often the sockets were looked at, since when */
    uint64_t reads, asked; /* since then: all that was read, and of it what is waited for */
    bool resting;
    int rest_ms;
    struct batch *batch; /* NULL: none, or none yet */
    io_written_fn *written;
    bool batch_tried, gathering;
    bool watched;        /* between io_watch_begin and its end, */
    uint64_t watched_us; /* so much of it was for batches */
    uint64_t bytes_in[IO_PROTOCOLS], bytes_out[IO_PROTOCOLS]; /* not yet in the metrics */
    struct deadline_list deadlines[IO_DEADLINE_CLASSES];
    struct io_scratch scratch;
};

/* ---- the turn ---- */

/* Before anything that others wake us for is looked at, so that no wake is lost. */
static void pass_wake(struct io *io)
{
    uint64_t count;

    if (read(io->wake_fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        return;
    /* acq_rel: what the waker did before is seen from here on, or its next wake writes again */
    atomic_exchange_explicit(&io->woken, false, memory_order_acq_rel);
}

/* Of the stall that others told of, what is to be given back: not what the io clock has just left
 * out of one of our own, for then it was the same. */
static uint64_t credit_due(struct io *io, uint64_t elapsed)
{
    uint64_t credit = atomic_exchange_explicit(&io->credit, 0, memory_order_relaxed);
    uint64_t given;

    if (elapsed > IO_STALL_MS) {
        io->left_ms = elapsed - IO_STALL_MS;
        io->left_at = io->real_ms;
    } else if (io->real_ms - io->left_at > IO_TOLD_MS) {
        io->left_ms = 0;
    }
    given = credit < io->left_ms ? credit : io->left_ms;
    io->left_ms -= given;
    return credit - given;
}

static void pass_time(struct io *io)
{
    uint64_t real_ms = clock_steady_ms();
    uint64_t elapsed = real_ms - io->real_ms;
    uint64_t before_ms = io->now_ms, credit;

    io->real_ms = real_ms;
    io->now_ms += elapsed < IO_STALL_MS ? elapsed : IO_STALL_MS;
    credit = credit_due(io, elapsed);
    if (credit == 0)
        return;
    /* The clock never steps back (buckets and orders depend on it): move the deadlines on instead;
     * but not what is to happen at once, as reading on. */
    for (unsigned i = 0; i < IO_DEADLINE_CLASSES; i++) {
        for (struct io_deadline *d = io->deadlines[i].oldest; d != NULL; d = d->newer) {
            if (d->at_ms > before_ms)
                d->at_ms += credit;
        }
    }
}

static void pass_deadlines(struct io *io)
{
    for (unsigned i = 0; i < IO_DEADLINE_CLASSES; i++) {
        struct deadline_list *list = &io->deadlines[i];
        while (list->oldest != NULL && list->oldest->at_ms <= io->now_ms) {
            struct io_deadline *deadline = list->oldest;
            if (deadline->turn == io->turn)
                break;
            io_deadline_disarm(io, deadline);
            deadline->expired(deadline);
        }
    }
}

/* The oldest of the kind whose turn it is. NULL: none waits. */
static struct io_job *next_job(const struct io *io)
{
    struct io_job *job = NULL;

    for (unsigned i = 1; i <= IO_LATER_KINDS && job == NULL; i++)
        job = io->jobs[(io->job_kind + i) % IO_LATER_KINDS].oldest;
    return job;
}

/* At least one, so that it goes on however long the passes are. */
static void pass_later(struct io *io)
{
    struct io_job *job = next_job(io);
    uint64_t end_us = job != NULL ? thread_cpu_us() + IO_LATER_US : 0;

    io->share_us = 0;
    while (job != NULL) {
        io->job_kind = job->kind;
        io_later_cancel(io, job);
        job->run(job);
        job = next_job(io);
        if (job != NULL && thread_cpu_us() >= end_us) {
            io_turn_soon(io);
            return;
        }
    }
}

static void pass_metrics(struct io *io)
{
    static const enum metric IN[IO_PROTOCOLS] = {METRIC_BYTES_IN, METRIC_HTTP_BYTES_IN,
                                                 METRIC_WEBSOCKET_BYTES_IN};
    static const enum metric OUT[IO_PROTOCOLS] = {METRIC_BYTES_OUT, METRIC_HTTP_BYTES_OUT,
                                                  METRIC_WEBSOCKET_BYTES_OUT};
    uint64_t cpu_us = thread_cpu_us();

    metrics_observe(METRIC_TURN_US, cpu_us - io->cpu_us);
    io->cpu_us = cpu_us;
    /* relaxed: a moment's truth is enough */
    atomic_store_explicit(&io->turned_ms, io->real_ms, memory_order_relaxed);
    for (unsigned i = 0; i < IO_PROTOCOLS; i++) {
        if (io->bytes_in[i] > 0)
            metrics_add(IN[i], io->bytes_in[i]);
        if (io->bytes_out[i] > 0)
            metrics_add(OUT[i], io->bytes_out[i]);
        io->bytes_in[i] = io->bytes_out[i] = 0;
    }
    tls_pool_count();
}

/* A thread that looks at its sockets often, often for little, rests between. */
static void pass_rest(struct io *io)
{
    uint64_t passed_ms = io->real_ms - io->looks_ms, rest_ms;

    if (passed_ms < IO_TURN_MS)
        return;
    io->resting = io->looks * 1000 > (io->resting ? IO_LOOKS_FEW : IO_LOOKS_MANY) * passed_ms &&
                  io->asked * 2 <= io->reads;
    rest_ms = io->reads > 0 ? IO_REST_READS * passed_ms / io->reads : 0;
    io->rest_ms = rest_ms < IO_REST_MS    ? IO_REST_MS
                  : rest_ms < IO_REST_MAX ? (int)rest_ms
                                          : IO_REST_MAX;
    io->looks = io->reads = io->asked = 0;
    io->looks_ms = io->real_ms;
}

static void io_turn(evutil_socket_t fd, short what, void *context)
{
    struct io *io = context;

    (void)what;
    io->turn++;
    if (fd == io->wake_fd)
        pass_wake(io);
    pass_time(io);
    postbox_drain(io->postbox);
    pass_deadlines(io);
    if (io->config.pass != NULL && io->config.pass(io->config.context))
        io_turn_soon(io);
    else
        pass_later(io);
    pass_metrics(io);
    pass_rest(io);
    if (atomic_load_explicit(&io->quit, memory_order_relaxed)) /* the join orders all else */
        event_base_loopbreak(io->base);
}

void io_turn_soon(struct io *io)
{
    static const struct timeval now = {0, 0};

    /* A timer, not event_active: it fires after the next look at the sockets, so that reading goes
     * on between. */
    event_add(io->soon, &now);
}

void io_expire_all(struct io *io)
{
    io->turn++;
    pass_deadlines(io);
}

/* ---- writing ---- */

void io_batch_begin(struct io *io, io_written_fn *done)
{
    if (!io->batch_tried && !io->config.single) /* by the thread that will use it */
        io->batch = batch_new();
    if (!io->batch_tried && !io->config.single && io->batch == NULL)
        log_event(LOG_LEVEL_INFO, "io_uring_absent",
                  "this kernel lets us use no io_uring: each write is a system call of its own",
                  LOG_U64("thread", io->config.number));
    io->batch_tried = true;
    io->written = done;
    io->gathering = io->batch != NULL;
}

/* What the streams' owners write when they hear of it goes by itself. */
void io_batch_send(struct io *io)
{
    struct batch_write writes[BATCH_WRITES];
    bool gathering = io->gathering, sampled = io_sampled(io), timed = sampled || io->watched;
    uint64_t begin_us = timed ? thread_cpu_us() : 0, cost_us;
    unsigned n = io->batch != NULL ? batch_send(io->batch, writes) : 0;

    if (n == 0)
        return;
    cost_us = timed ? thread_cpu_us() - begin_us : 0;
    io->watched_us += cost_us;
    io->gathering = false;
    io->written(writes, n, sampled ? cost_us * IO_SAMPLE / n : 0);
    io->gathering = gathering;
}

void io_batch_add(struct io *io, int fd, const uint8_t *bytes, size_t len_bytes, void *owner)
{
    if (!batch_has_room(io->batch, len_bytes))
        io_batch_send(io);
    batch_add(io->batch, fd, bytes, len_bytes, owner);
}

void io_batch_end(struct io *io)
{
    io_batch_send(io);
    io->gathering = false;
}

bool io_gathering(const struct io *io)
{
    return io->gathering;
}

/* ---- what can wait ---- */

static void jobs_count(struct job_list *list, enum io_later_kind kind, int delta)
{
    static const enum metric WAITING[IO_LATER_KINDS] = {METRIC_HANDSHAKES_WAITING,
                                                        METRIC_HTTP_WAITING};
    uint32_t n = (uint32_t)atomic_load_explicit(&list->n, memory_order_relaxed);

    atomic_store_explicit(&list->n, n + (uint32_t)delta, memory_order_relaxed);
    metrics_gauge(WAITING[kind], delta);
}

void io_later(struct io *io, struct io_job *job, enum io_later_kind kind)
{
    struct job_list *list = &io->jobs[kind];

    if (job->waits)
        return;
    job->waits = true;
    job->kind = kind;
    job->newer = NULL;
    job->older = list->newest;
    *(job->older != NULL ? &job->older->newer : &list->oldest) = job;
    list->newest = job;
    jobs_count(list, kind, 1);
    io_turn_soon(io);
}

void io_later_cancel(struct io *io, struct io_job *job)
{
    struct job_list *list = &io->jobs[job->kind];

    if (!job->waits)
        return;
    job->waits = false;
    *(job->older != NULL ? &job->older->newer : &list->oldest) = job->newer;
    *(job->newer != NULL ? &job->newer->older : &list->newest) = job->older;
    job->older = job->newer = NULL;
    jobs_count(list, job->kind, -1);
}

/* By the clock, which is cheaper to read than CPU time: if we stood still, some wait in vain. */
bool io_share_begin(struct io *io, enum io_later_kind kind)
{
    if (io->jobs[kind].oldest != NULL || io->share_us >= IO_LATER_US)
        return false;
    io->share_at_us = clock_steady_us();
    return true;
}

void io_share_end(struct io *io)
{
    io->share_us += clock_steady_us() - io->share_at_us;
}

uint32_t io_later_n(const struct io *io, enum io_later_kind kind)
{
    return (uint32_t)atomic_load_explicit(&io->jobs[kind].n, memory_order_relaxed);
}

uint64_t io_turned_ms(const struct io *io)
{
    return atomic_load_explicit(&io->turned_ms, memory_order_relaxed);
}

/* ---- deadlines ---- */

void io_deadline_arm(struct io *io, struct io_deadline *deadline, unsigned class_of, uint64_t at_ms)
{
    struct deadline_list *list = &io->deadlines[class_of];
    struct io_deadline *after;

    io_deadline_disarm(io, deadline);
    after = list->newest;
    while (after != NULL && after->at_ms > at_ms)
        after = after->older;
    deadline->at_ms = at_ms;
    deadline->class_of = (uint8_t)class_of;
    deadline->turn = io->turn;
    deadline->armed = true;
    deadline->older = after;
    deadline->newer = after != NULL ? after->newer : list->oldest;
    if (deadline->newer != NULL)
        deadline->newer->older = deadline;
    else
        list->newest = deadline;
    if (after != NULL)
        after->newer = deadline;
    else
        list->oldest = deadline;
}

void io_deadline_disarm(struct io *io, struct io_deadline *deadline)
{
    struct deadline_list *list = &io->deadlines[deadline->class_of];

    if (!deadline->armed)
        return;
    if (deadline->older != NULL)
        deadline->older->newer = deadline->newer;
    else
        list->oldest = deadline->newer;
    if (deadline->newer != NULL)
        deadline->newer->older = deadline->older;
    else
        list->newest = deadline->older;
    deadline->older = deadline->newer = NULL;
    deadline->armed = false;
}

/* ---- life ---- */

struct io *io_new(const struct io_config *config, struct error *error)
{
    static const struct timeval turn = {0, IO_TURN_MS * 1000};
    struct io *io = calloc(1, sizeof(*io));

    if (io == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    io->config = *config;
    io->real_ms = clock_steady_ms();
    atomic_init(&io->turned_ms, io->real_ms);
    io->now_ms = 1;
    io->dice = 2463534242u + config->number;
    io->own_base = config->base == NULL;
    io->base = io->own_base ? event_base_new() : config->base;
    io->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (io->base == NULL || io->wake_fd < 0) {
        error_set(error, "cannot make an io loop: %s", strerror(errno));
        goto failed;
    }
    io->postbox = postbox_new(io->base, error);
    if (io->postbox == NULL)
        goto failed;
    io->cpu_us = thread_cpu_us(); /* of control: right where it is on control's loop */
    io->wake = event_new(io->base, io->wake_fd, EV_READ | EV_PERSIST, io_turn, io);
    io->timer = event_new(io->base, -1, EV_PERSIST, io_turn, io);
    io->soon = event_new(io->base, -1, 0, io_turn, io);
    if (io->wake == NULL || io->timer == NULL || io->soon == NULL ||
        event_add(io->wake, NULL) != 0 || event_add(io->timer, &turn) != 0) {
        error_set(error, "out of memory");
        goto failed;
    }
    return io;
failed:
    io_free(io);
    return NULL;
}

/* Many players' packets come one by one, and to be woken for each costs more than to read it: let
 * some gather. What is for the owner ends the rest at once, and so does what is posted. */
static void io_rest(struct io *io)
{
    struct pollfd woken[2] = {{.fd = io->wake_fd, .events = POLLIN},
                              {.fd = postbox_fd(io->postbox), .events = POLLIN}};

    if (!event_pending(io->soon, EV_TIMEOUT, NULL))
        poll(woken, 2, io->rest_ms);
}

static void *io_main(void *context)
{
    struct io *io = context;

    io->cpu_us = thread_cpu_us();
    /* relaxed: the join orders all else */
    while (!atomic_load_explicit(&io->quit, memory_order_relaxed)) {
        event_base_loop(io->base, EVLOOP_ONCE);
        io->looks++;
        if (io->resting)
            io_rest(io);
    }
    return NULL;
}

int io_start(struct io *io, struct error *error)
{
    char name[16];
    int failed;

    if (!io->own_base)
        return 0;
    snprintf(name, sizeof(name), "io-%u", io->config.number);
    failed = thread_start(&io->thread, name, io_main, io);
    if (failed != 0)
        return error_set(error, "cannot start an io thread: %s", strerror(failed));
    io->started = true;
    return 0;
}

void io_stop(struct io *io)
{
    if (io->started) {
        atomic_store_explicit(&io->quit, true, memory_order_relaxed);
        io_wake(io);
        pthread_join(io->thread, NULL);
        io->started = false;
    }
    postbox_drain(io->postbox);
    pass_metrics(io);
}

void io_free(struct io *io)
{
    if (io == NULL)
        return;
    if (io->wake != NULL)
        event_free(io->wake);
    if (io->wake_fd >= 0)
        close(io->wake_fd);
    if (io->timer != NULL)
        event_free(io->timer);
    if (io->soon != NULL)
        event_free(io->soon);
    postbox_free(io->postbox);
    batch_free(io->batch);
    if (io->own_base && io->base != NULL)
        event_base_free(io->base);
    free(io);
}

void io_post(struct io *io, struct postbox_item *item)
{
    postbox_post(io->postbox, item);
}

void io_wake(struct io *io)
{
    const uint64_t one = 1;

    /* acq_rel: what we did before happens before the turn that takes the flag down */
    if (!atomic_exchange_explicit(&io->woken, true, memory_order_acq_rel) &&
        write(io->wake_fd, &one, sizeof(one)) < 0)
        return; /* the counter is full: it is readable */
}

void io_stalled(struct io *io, uint32_t stalled_ms)
{
    atomic_fetch_add_explicit(&io->credit, stalled_ms, memory_order_relaxed); /* a count, no more */
    io_wake(io);
}

struct event_base *io_base(const struct io *io)
{
    return io->base;
}

struct io_scratch *io_scratch(struct io *io)
{
    return &io->scratch;
}

void io_count_in(struct io *io, enum io_protocol protocol, size_t n)
{
    io->bytes_in[protocol] += n;
    io->reads++;
}

void io_asked(struct io *io)
{
    io->asked++;
}

void io_count_out(struct io *io, enum io_protocol protocol, size_t n)
{
    io->bytes_out[protocol] += n;
}

bool io_sampled(struct io *io)
{
    io->dice ^= io->dice << 13; /* xorshift: never 0 */
    io->dice ^= io->dice >> 17;
    io->dice ^= io->dice << 5;
    return io->dice % IO_SAMPLE == 0;
}

uint64_t io_watch_begin(struct io *io)
{
    io->watched = true;
    io->watched_us = 0;
    return thread_cpu_us();
}

uint64_t io_watch_end(struct io *io, uint64_t begin_us)
{
    uint64_t passed_us = thread_cpu_us() - begin_us;

    io->watched = false;
    return passed_us > io->watched_us ? passed_us - io->watched_us : 0;
}

uint64_t io_now_ms(const struct io *io)
{
    return io->now_ms;
}
