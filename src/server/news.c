/* news.c -- see news.h. */
#include <config.h> /* of the build: TEST_FAULTS */

#include "server/news.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/log.h"
#include "play/chatlog.h"
#include "play/presence.h"
#include "play/recent.h"
#include "play/scrollback.h"
#include "play/sessions.h"
#include "play/transcript.h"
#include "server/monitor.h"
#include "server/server_inside.h"
#include "server/tempo.h"
#include "server/ticker.h"
#include "sim/mailbox.h"
#include "sim/sim.h"
#include "store/timestamp.h"

#define STALLS_LOGGED 5 /* at once, then one a second */
#define TEMPOS_LOGGED 5

/* Sim thread. */
static void published(void *context, unsigned reader)
{
    struct server *server = context;
    const uint64_t one = 1;

    if (reader > 0)
        sessions_wake(server->sessions, reader - 1);
    else if (write(server->news_fd, &one, sizeof(one)) < 0)
        return; /* the counter is full: control is awake */
}

/* Sim thread. */
static void stalled(void *context, uint32_t stalled_ms)
{
    static struct log_limit limit; /* a machine that is too slow is late every tick */
    struct server *server = context;
    uint64_t swallowed;

    sessions_stalled(server->sessions, stalled_ms);
    if (log_limit_pass(&limit, STALLS_LOGGED, &swallowed))
        log_event(LOG_LEVEL_WARN, "stalled", "the server stood still: players get their time back",
                  LOG_U64("ms", stalled_ms), LOG_U64("swallowed", swallowed));
}

/* Sim thread. */
static void tempo_changed(void *context, uint16_t permille, uint32_t step_us)
{
    static struct log_limit limit;
    struct server *server = context;
    uint64_t swallowed;

    sessions_tempo(server->sessions, permille);
    if (log_limit_pass(&limit, TEMPOS_LOGGED, &swallowed))
        log_event(permille < TEMPO_MAX ? LOG_LEVEL_WARN : LOG_LEVEL_INFO, "tempo",
                  permille < TEMPO_MAX ? "the simulation's step does not fit: the world runs slower"
                                       : "the world runs in real time again",
                  LOG_U64("permille", permille), LOG_U64("step_us", step_us),
                  LOG_U64("swallowed", swallowed));
}

/* Sim thread. */
static void ticked(void *context, const struct worst_record *record)
{
    struct server *server = context;

    monitor_ticked(server->monitor, record);
}

#if TEST_FAULTS
/* A planted fault: the file says how many microseconds each step shall burn. Sim thread. */
static uint32_t burden_us(void *context)
{
    const struct server *server = context;
    unsigned us = 0;
    FILE *file = fopen(server->config->burden, "r");

    if (!file)
        return 0;
    if (fscanf(file, "%u", &us) != 1)
        us = 0;
    fclose(file);
    return us;
}
#endif

static void take_news(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    struct mailbox *mailbox = &server->channels.mailboxes[0];
    struct snapshot *snapshot;
    struct sim_event event;
    uint64_t count;

    (void)what;
    if (fd >= 0 && read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        return;
    while (queue_pop(server->channels.events, &event))
        presence_sim_event(server->presence, &event);
    /* The old snapshot goes back before the new one is taken: a reader holds one at most. Only
     * control takes from this mailbox, so what is there stays (relaxed: the take acquires). */
    if (!atomic_load_explicit(&mailbox->newest, memory_order_relaxed))
        return;
    presence_snapshot(server->presence, NULL);
    snapshot = mailbox_take(mailbox);
    chatlog_take(server->chatlog, snapshot, timestamp_now_ms());
    scrollback_take(server->scrollback, snapshot, timestamp_now_ms());
    recent_take(server->recent, snapshot, timestamp_now_ms());
    transcript_take(server->transcript, snapshot, timestamp_now_ms());
    presence_snapshot(server->presence, snapshot);
}

int news_start(struct server *server, struct error *error)
{
    struct ticker_config ticker = {.sim = server->sim,
                                   .journal = server->journal,
                                   .script = {.figures_n = server->config->wanderers,
                                              .radius_m = server->config->wanderers_radius_m,
                                              .seed = server->config->seed,
                                              .first_tick = sim_tick(server->sim) + 1},
                                   .commands = server->channels.commands,
                                   .commands_n = server->channels.readers_n,
                                   .mailboxes = server->channels.mailboxes,
                                   .mailboxes_n = server->channels.readers_n,
                                   .worst = server->worst,
                                   .events = server->channels.events,
                                   .published = published,
                                   .stalled = stalled,
                                   .tempo = tempo_changed,
                                   .ticked = ticked,
                                   .context = server};

    server->news_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (server->news_fd < 0)
        return error_set(error, "cannot make an eventfd: %s", strerror(errno));
    server->news =
        event_new(server->base, server->news_fd, EV_READ | EV_PERSIST, take_news, server);
    if (!server->news || event_add(server->news, NULL) < 0)
        return error_set(error, "cannot watch an eventfd");
#if TEST_FAULTS
    if (server->config->burden)
        ticker.burden_us = burden_us;
#endif
    if (server->config->io_threads == 0)
        ticker.base = server->base;
    server->ticker = ticker_start(&ticker, error);
    return server->ticker ? 0 : -1;
}

void news_free(struct server *server)
{
    if (server->news)
        event_free(server->news);
    if (server->news_fd >= 0)
        close(server->news_fd);
}
