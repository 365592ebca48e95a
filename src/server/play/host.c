/* host.c -- see host.h. */
#include "play/host.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/clock.h"
#include "common/thread.h"
#include "net/stream.h"
#include "ops/metrics.h"
#include "play/order.h"
#include "play/session.h"
#include "sim/command.h"

#define SLICE_US           2000 /* of a sweep, then sockets are read */
#define LOOK_EVERY         8    /* players, at the time that the slice has taken */
#define HOST_LINGER_MS     2000
#define LOAD_EVERY_US      200000
#define LOAD_SMOOTH        4
#define STUCK_MS           1000 /* without a turn */
#define HANDSHAKES_WAITING 64   /* more wait in the kernel's backlog */

void host_settings_free(struct host_settings *settings)
{
    if (settings == NULL)
        return;
    SSL_CTX_free(settings->tls);
    interest_shape_free(settings->shape);
    free(settings);
}

/* ---- the sweep ---- */

/* Take the newest snapshot, if there is one. */
static bool sweep_begin(struct host *host)
{
    host->snapshot = mailbox_take(host->config.mailbox);
    if (host->snapshot == NULL)
        return false;
    host->tick = snapshot_tick(host->snapshot);
    host->players = snapshot_players_n(host->snapshot);
    host->wall_ms = clock_wall_ms();
    /* relaxed: the mailbox has ordered it before the snapshot */
    host->tempo = (uint16_t)atomic_load_explicit(&host->tempo_newest, memory_order_relaxed);
    if (host->tick - host->ordered_tick >= ORDER_TICKS) {
        order_seats(&host->playing, host->snapshot);
        host->ordered_tick = host->tick;
    }
    host->cursor = host->playing.first;
    host->sweep++;
    host->sweep_us = 0;
    host->sweep_began_us = clock_steady_us();
    host->gathers_n = host->slices_n = host->handshakes_n = 0;
    host->blocks_n = host->blocks_full_n = host->blocks_withheld_n = 0;
    arrivals_look(&host->arrivals, host->snapshot);
    host->floor = pressure_server_floor(host->config.pressure);
    if (host->floor < host->sweeps.floor)
        host->floor = host->sweeps.floor;
    return true;
}

/* If it was a long one it is kept, with what it was made of. */
static void sweep_note(struct host *host)
{
    struct worst_record record = {.kind = WORST_SWEEP,
                                  .thread = host->config.number,
                                  .tick = host->tick,
                                  .at_ms = clock_wall_ms(),
                                  .real_us = (uint32_t)(clock_steady_us() - host->sweep_began_us),
                                  .cpu_us = (uint32_t)host->sweep_us,
                                  .of.sweep = {.sessions = host->gathers_n,
                                               .blocks = (uint32_t)host->blocks_n,
                                               .blocks_full = (uint32_t)host->blocks_full_n,
                                               .slices = host->slices_n,
                                               .bytes = host->bytes_sent,
                                               .handshakes = host->handshakes_n}};

    if (host->config.worst != NULL)
        worst_note(host->config.worst, 1 + host->config.number, &record);
}

/* What the sweep has cost says how much the next ones may do. */
static void sweep_measure(struct host *host)
{
    struct pressure_server *server = host->config.pressure;
    int before = host->sweeps.floor;

    metrics_observe(METRIC_SWEEP_US, host->sweep_us);
    metrics_member_observe(METRIC_GROUP_SWEEP_THREAD_US, host->config.number, host->sweep_us);
    floor_measure(&host->sweeps, &floor_of_sweeps, host->sweep_us);
    metrics_gauge(METRIC_FLOOR_SWEEPS, (int)host->sweeps.floor - before);
    atomic_store_explicit(&host->floor_shown, host->sweeps.floor, memory_order_relaxed);
    pressure_server_sent(server, host->bytes_sent);
    host->bytes_sent = 0;
    if (host->config.number != 0)
        return;
    pressure_server_measure(server, host->settings->egress_bytes, host->tick);
    metrics_set(METRIC_FLOOR_EGRESS, pressure_server_floor(server));
}

/* What the thread did since the last sweep's end, sockets, TLS and all, as CPU time a second. */
static void load_measure(struct host *host)
{
    uint64_t cpu_us = thread_cpu_us(), now_us = clock_steady_us();
    uint64_t passed_us = now_us - host->measured_us;
    uint32_t busy_us = (uint32_t)atomic_load_explicit(&host->busy_us, memory_order_relaxed);

    if (passed_us < LOAD_EVERY_US)
        return;
    if (host->measured_us != 0)
        busy_us +=
            (uint32_t)((int64_t)((cpu_us - host->measured_cpu_us) * 1000000 / passed_us - busy_us) /
                       LOAD_SMOOTH);
    host->measured_us = now_us;
    host->measured_cpu_us = cpu_us;
    /* relaxed: two figures for a choice, each a moment's truth */
    atomic_store_explicit(&host->busy_us, busy_us, memory_order_relaxed);
    atomic_store_explicit(&host->settled_n, host->seats_n, memory_order_relaxed);
}

void host_load(const struct host *host, struct balance_load *load)
{
    load->busy_us = (uint32_t)atomic_load_explicit(&host->busy_us, memory_order_relaxed);
    load->settled_n = (uint32_t)atomic_load_explicit(&host->settled_n, memory_order_relaxed);
    load->stuck = io_turned_ms(host->io) + STUCK_MS < clock_steady_us() / 1000;
}

bool host_has_room(const struct host *host)
{
    return io_later_n(host->io, IO_LATER_HANDSHAKE) < HANDSHAKES_WAITING;
}

static void sweep_end(struct host *host)
{
    snapshot_unref(host->snapshot);
    host->snapshot = NULL;
    load_measure(host);
    sweep_note(host);
    sweep_measure(host);
    if (host->blocks_n > 0)
        metrics_add(METRIC_BLOCKS_SENT, host->blocks_n);
    if (host->blocks_full_n > 0)
        metrics_add(METRIC_BLOCKS_FULL_SENT, host->blocks_full_n);
    if (host->blocks_withheld_n > 0)
        metrics_add(METRIC_BLOCKS_WITHHELD, host->blocks_withheld_n);
    while (host->waiting_first != NULL) /* the sim has taken a tick's commands since */
        session_go_on(host->waiting_first);
}

/* One player's turn; one in so many is timed for the cost ledger. */
static void host_gather(struct host *host, struct seat *seat)
{
    bool timed = io_sampled(host->io);
    uint64_t begin_us = timed ? io_watch_begin(host->io) : 0;

    seat->kind->gather(seat, host->snapshot);
    host->gathers_n++;
    if (timed)
        seat->gather_us += io_watch_end(host->io, begin_us) * IO_SAMPLE;
}

/* One slice of the sweep. True: there is more. */
static bool host_pass(void *context)
{
    struct host *host = context;
    uint64_t begin_us, spent_us = 0;

    if (host->snapshot == NULL && !sweep_begin(host))
        return false;
    begin_us = thread_cpu_us();
    host->slices_n++;
    stream_gather(host->io);
    while (host->cursor != NULL && spent_us < SLICE_US) {
        struct seat *seat = host->cursor;
        host->cursor = seat->next; /* seat_play_no_more moves it on if that one closes meanwhile */
        host_gather(host, seat);
        if (host->gathers_n % LOOK_EVERY == 0) /* reading that clock is a system call */
            spent_us = thread_cpu_us() - begin_us;
    }
    stream_gather_end(host->io);
    host->sweep_us += thread_cpu_us() - begin_us;
    if (host->cursor != NULL)
        return true;
    sweep_end(host);
    /* One that came during the sweep has woken us then, and would wait for the timer. */
    if (mailbox_waits(host->config.mailbox))
        io_turn_soon(host->io);
    return false;
}

/* ---- posts ---- */

struct host_post {
    struct postbox_item item;
    struct host *host;
    uint64_t session;
    union {
        struct {
            int fd;
            struct sockaddr_storage address;
            struct host_counters *counters;
            char *barred; /* NULL: it may come */
        } accept;
        struct {
            uint64_t until_ms;
            char text[PROTOCOL_TEXT_MAX + 1];
        } mute;
        struct login_answer answer;
        struct {
            enum protocol_reason reason;
            uint32_t retry_after_ms;
            bool has_text;
            char text[PROTOCOL_TEXT_MAX + 1];
        } disconnect;
        struct sessions_goodbye goodbye;
        char wait[64];
        char announce[PROTOCOL_TEXT_MAX + 1];
        struct host_settings *settings;
    } as;
};

static struct host_post *host_post_new(struct host *host, uint64_t session,
                                       void (*run)(struct postbox_item *item))
{
    struct host_post *post = calloc(1, sizeof(*post));

    if (post != NULL) {
        post->item.run = run;
        post->host = host;
        post->session = session;
    }
    return post;
}

static struct seat *host_find(const struct host *host, uint64_t session)
{
    uint32_t slot = SESSION_SLOT(session);
    struct seat *seat = slot < host->config.slots_n ? host->by_slot[slot] : NULL;

    return seat != NULL && seat->id == session ? seat : NULL;
}

static void run_accept(struct postbox_item *item)
{
    struct host_post *post = (struct host_post *)(void *)item;
    struct host *host = post->host;

    struct session *s = session_new(host, post->as.accept.fd, post->session,
                                    &post->as.accept.address, post->as.accept.counters);

    if (s == NULL) {
        free(post->as.accept.barred);
        host->config.closed(host->config.context, post->session, PROTOCOL_REASON_INTERNAL);
    } else {
        s->barred = post->as.accept.barred;
    }
    free(post);
}

int host_accept(struct host *host, int fd, uint64_t session, const struct sockaddr_storage *address,
                struct host_counters *counters, const char *barred)
{
    struct host_post *post = host_post_new(host, session, run_accept);

    if (post == NULL)
        return -1;
    if (barred[0] != '\0' && (post->as.accept.barred = strdup(barred)) == NULL) {
        free(post);
        return -1;
    }
    post->as.accept.fd = fd;
    post->as.accept.address = *address;
    post->as.accept.counters = counters;
    io_post(host->io, &post->item);
    return 0;
}

static void run_answer(struct postbox_item *item)
{
    struct host_post *post = (struct host_post *)(void *)item;
    struct seat *seat = host_find(post->host, post->session);

    if (seat != NULL)
        seat->kind->answer(seat, &post->as.answer);
    explicit_bzero(&post->as.answer, sizeof(post->as.answer)); /* a token */
    free(post);
}

int host_answer(struct host *host, uint64_t session, const struct login_answer *answer)
{
    struct host_post *post = host_post_new(host, session, run_answer);

    if (post == NULL)
        return -1;
    post->as.answer = *answer;
    io_post(host->io, &post->item);
    return 0;
}

static void run_wait(struct postbox_item *item)
{
    struct host_post *post = (struct host_post *)(void *)item;
    struct seat *seat = host_find(post->host, post->session);

    if (seat != NULL)
        seat->kind->wait(seat, post->as.wait);
    free(post);
}

int host_wait(struct host *host, uint64_t session, const char *text)
{
    struct host_post *post = host_post_new(host, session, run_wait);

    if (post == NULL)
        return -1;
    snprintf(post->as.wait, sizeof(post->as.wait), "%s", text);
    io_post(host->io, &post->item);
    return 0;
}

static void run_disconnect(struct postbox_item *item)
{
    struct host_post *post = (struct host_post *)(void *)item;
    const char *text = post->as.disconnect.has_text ? post->as.disconnect.text : NULL;
    struct seat *seat = host_find(post->host, post->session);

    if (seat != NULL)
        seat->kind->end(seat, post->as.disconnect.reason, post->as.disconnect.retry_after_ms, text);
    free(post);
}

int host_disconnect(struct host *host, uint64_t session, enum protocol_reason reason,
                    uint32_t retry_after_ms, const char *text)
{
    struct host_post *post = host_post_new(host, session, run_disconnect);

    if (post == NULL)
        return -1;
    post->as.disconnect.reason = reason;
    post->as.disconnect.retry_after_ms = retry_after_ms;
    if (text != NULL) {
        post->as.disconnect.has_text = true;
        snprintf(post->as.disconnect.text, sizeof(post->as.disconnect.text), "%s", text);
    }
    io_post(host->io, &post->item);
    return 0;
}

static void run_mute(struct postbox_item *item)
{
    struct host_post *post = (struct host_post *)(void *)item;
    struct seat *seat = host_find(post->host, post->session);

    if (seat != NULL)
        seat->kind->mute(seat, post->as.mute.until_ms, post->as.mute.text);
    free(post);
}

int host_mute(struct host *host, uint64_t session, uint64_t until_ms, const char *text)
{
    struct host_post *post = host_post_new(host, session, run_mute);

    if (post == NULL)
        return -1;
    post->as.mute.until_ms = until_ms;
    snprintf(post->as.mute.text, sizeof(post->as.mute.text), "%s", text);
    io_post(host->io, &post->item);
    return 0;
}

void host_seated(struct host *host, struct seat_ask *ask)
{
    ask->item.run = seat_answered;
    io_post(host->io, &ask->item);
}

/* They are told to come back one after the other: evenly, which is smoother than chance. */
static void run_drain(struct postbox_item *item)
{
    struct host_post *post = (struct host_post *)(void *)item;
    const struct sessions_goodbye *goodbye = &post->as.goodbye;
    struct host *host = post->host;
    uint64_t n = host->seats_n, told = 0;

    host->linger_ms = goodbye->linger_ms;
    for (uint32_t slot = 0; slot < host->config.slots_n; slot++) {
        uint32_t after_ms = goodbye->retry_after_ms;

        struct seat *seat = host->by_slot[slot];

        if (seat == NULL)
            continue;
        after_ms += (uint32_t)(n > 0 ? goodbye->spread_ms * told++ / n : 0);
        seat->kind->end(seat, goodbye->reason, after_ms, NULL);
    }
    free(post);
}

int host_drain(struct host *host, const struct sessions_goodbye *goodbye)
{
    struct host_post *post = host_post_new(host, 0, run_drain);

    if (post == NULL)
        return -1;
    post->as.goodbye = *goodbye;
    io_post(host->io, &post->item);
    return 0;
}

static void run_announce(struct postbox_item *item)
{
    struct host_post *post = (struct host_post *)(void *)item;
    struct seat *one = host_find(post->host, post->session), *next;

    if (one != NULL)
        one->kind->notice(one, post->as.announce);
    for (struct seat *seat = post->session == 0 ? post->host->playing.first : NULL; seat != NULL;
         seat = next) {
        next = seat->next; /* a full outbox ends it */
        seat->kind->notice(seat, post->as.announce);
    }
    free(post);
}

int host_announce(struct host *host, uint64_t session, const char *text)
{
    struct host_post *post = host_post_new(host, session, run_announce);

    if (post == NULL)
        return -1;
    snprintf(post->as.announce, sizeof(post->as.announce), "%s", text);
    io_post(host->io, &post->item);
    return 0;
}

static void run_apply(struct postbox_item *item)
{
    struct host_post *post = (struct host_post *)(void *)item;

    host_settings_free(post->host->settings);
    post->host->settings = post->as.settings;
    free(post);
}

int host_apply(struct host *host, struct host_settings *settings)
{
    struct host_post *post = host_post_new(host, 0, run_apply);

    if (post == NULL) {
        host_settings_free(settings);
        return -1;
    }
    post->as.settings = settings;
    io_post(host->io, &post->item);
    return 0;
}

void host_wake(struct host *host)
{
    io_wake(host->io);
}

void host_tempo(struct host *host, uint16_t permille)
{
    atomic_store_explicit(&host->tempo_newest, permille, memory_order_relaxed);
}

unsigned host_floor(const struct host *host)
{
    return atomic_load_explicit(&host->floor_shown, memory_order_relaxed);
}

void host_stalled(struct host *host, uint32_t stalled_ms)
{
    io_stalled(host->io, stalled_ms);
}

/* ---- life ---- */

/* clang-format off */
#define T(number) "thread=\"" #number "\""
static const char *const THREAD_LABELS[] = {
    T(0), T(1), T(2), T(3), T(4), T(5), T(6), T(7),
    T(8), T(9), T(10), T(11), T(12), T(13), T(14), T(15),
    T(16), T(17), T(18), T(19), T(20), T(21), T(22), T(23),
    T(24), T(25), T(26), T(27), T(28), T(29), T(30), T(31),
    T(32), T(33), T(34), T(35), T(36), T(37), T(38), T(39),
    T(40), T(41), T(42), T(43), T(44), T(45), T(46), T(47),
    T(48), T(49), T(50), T(51), T(52), T(53), T(54), T(55),
    T(56), T(57), T(58), T(59), T(60), T(61), T(62), T(63),
};
#undef T
/* clang-format on */

struct host *host_new(const struct host_config *config, struct host_settings *settings,
                      struct error *error)
{
    struct host *host = calloc(1, sizeof(*host));

    if (host == NULL) {
        host_settings_free(settings);
        error_set(error, "out of memory");
        return NULL;
    }
    host->config = *config;
    host->settings = settings;
    assert(config->number < ARRAY_N(THREAD_LABELS));
    metrics_member(METRIC_GROUP_SWEEP_THREAD_US, config->number, THREAD_LABELS[config->number]);
    host->linger_ms = HOST_LINGER_MS;
    host->tempo = PROTOCOL_TEMPO_MAX;
    atomic_init(&host->tempo_newest, PROTOCOL_TEMPO_MAX);
    host->by_slot = calloc(config->slots_n, sizeof(struct seat *));
    if (host->by_slot == NULL)
        error_set(error, "out of memory");
    else
        host->io = io_new(&(struct io_config){.base = config->base,
                                              .single = config->single,
                                              .number = config->number,
                                              .pass = host_pass,
                                              .context = host},
                          error);
    if (host->io == NULL) {
        host_free(host);
        return NULL;
    }
    return host;
}

int host_start(struct host *host, struct error *error)
{
    return io_start(host->io, error);
}

void host_stop(struct host *host)
{
    io_stop(host->io);
}

void host_free(struct host *host)
{
    if (host == NULL)
        return;
    if (host->io != NULL) {
        io_stop(host->io);
        for (uint32_t slot = 0; slot < host->config.slots_n; slot++) {
            struct seat *seat = host->by_slot[slot];

            if (seat != NULL)
                seat->kind->close(seat);
        }
        if (host->config.ended != NULL)
            host->config.ended(host->config.context, host->config.number);
        while (host->asking.first != NULL) /* control answers them no more */
            host->asking.first->kind->close(host->asking.first);
        io_expire_all(host->io); /* frees the closed sessions */
        if (host->web_free != NULL)
            host->web_free(host->web);
        snapshot_unref(host->snapshot);
        io_free(host->io);
    }
    metrics_gauge(METRIC_FLOOR_SWEEPS, -(int)host->sweeps.floor);
    arrivals_fini(&host->arrivals);
    host_settings_free(host->settings);
    free(host->by_slot);
    free(host);
}
