/* swarm.c -- see swarm.h. */
#include "bots/swarm.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "bots/apart.h"
#include "bots/bot.h"
#include "bots/walker.h"

#define EVENTS_MAX 64      /* taken from epoll at once: between them it is somebody's turn */
#define TURNS_MAX  64      /* at once: between them sockets are read */
#define BREATH_US  500     /* after a look at the sockets: what comes meanwhile is read together */
#define WATCH_US   20000   /* how often the whole is looked at */
#define SETTLE_US  1000000 /* from all being in to the measuring */
#define ON_THE_WAY_US                                                                              \
    900000000              /* who is not where it lives by then, after all were in, need not be */
#define LATE_US    1000000 /* moves that are later are left out */
#define STORM_US   5000000 /* from the measuring's begin, where that has no end */
#define FDS_BESIDE 32

struct swarm {
    const struct swarm_options *options;
    struct board *board;
    struct bot_shared shared;
    struct report *report;
    struct bot **bots;
    unsigned bots_n, process;
    unsigned players_n; /* of the bots: who is measured */
    /* Whose turn is next, and when his round of turns began. */
    unsigned turn;
    uint64_t round_us;
    double may_start; /* logins that may begin by now, paced by the rate */
    uint64_t started_us, begun_us, watch_us;
    unsigned settled, in; /* as told to the board */
    uint64_t all_in_us;   /* 0: not yet */
    double cpu_at_begin;
    bool begun; /* it is measured */
    bool over, failed;
};

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static int raise_files(unsigned players, struct error *error)
{
    struct rlimit limit;
    rlim_t wanted = (rlim_t)players + FDS_BESIDE;
    getrlimit(RLIMIT_NOFILE, &limit);
    if (limit.rlim_cur >= wanted)
        return 0;
    if (limit.rlim_max < wanted)
        return error_set(error,
                         "%u players in a process need %llu files, but the hard limit is %llu",
                         players, (unsigned long long)wanted, (unsigned long long)limit.rlim_max);
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return error_set(error, "cannot raise the limit of open files: %s", strerror(errno));
    return 0;
}

/* ---- turns ---- */

static uint32_t player_of(const struct swarm *swarm, unsigned i)
{
    return swarm->process + i * swarm->options->processes;
}

static uint64_t due_us(const struct swarm *swarm)
{
    uint64_t phase = (uint64_t)player_of(swarm, swarm->turn) * WALKER_MOVE_US;
    return swarm->round_us + phase / swarm_bots_n(swarm->options);
}

static void start_if_idle(struct swarm *swarm, struct bot *bot, uint64_t now_us)
{
    const struct swarm_options *options = swarm->options;
    if (bot_state(bot) != BOT_IDLE || bot_start_at_us(bot) > now_us)
        return;
    bool odd = bot_kind(bot) != SCENARIO_PLAYER;
    if ((odd && swarm->shared.measured) || bot_returns(bot)) { /* they have times of their own */
        bot_start(bot, now_us);
        return;
    }
    if (odd && bot_kind(bot) != SCENARIO_STORM)
        return;
    swarm->may_start +=
        (double)(now_us - swarm->started_us) / 1e6 * options->rate / options->processes;
    swarm->started_us = now_us;
    if (swarm->may_start > 1)
        swarm->may_start = 1; /* no burst after a pause */
    unsigned at_once = (options->at_once + options->processes - 1) / options->processes;
    if (swarm->may_start < 1 || swarm->shared.states[BOT_ENTERING] >= at_once)
        return;
    bot_start(bot, now_us);
    swarm->may_start -= 1;
}

/* Those whose turn has come, but not too many. Returns how long until the next, in us. */
static uint64_t take_turns(struct swarm *swarm)
{
    uint64_t now_us = bot_now_us();
    for (unsigned n = 0; n < TURNS_MAX; n++, now_us = bot_now_us()) {
        uint64_t due = due_us(swarm);
        if (due > now_us)
            return due - now_us;
        if (now_us - due > LATE_US) { /* the bots themselves were held up, for long */
            uint64_t rounds = (now_us - due) / WALKER_MOVE_US;
            swarm->round_us += rounds * WALKER_MOVE_US;
            swarm->report->left_out += rounds * swarm->shared.states[BOT_JOINED];
            continue;
        }
        struct bot *bot = swarm->bots[swarm->turn];
        bot_turn(bot, due, now_us);
        start_if_idle(swarm, bot, now_us);
        if (++swarm->turn == swarm->bots_n) {
            swarm->turn = 0;
            swarm->round_us += WALKER_MOVE_US;
        }
    }
    return 0;
}

/* ---- the whole, now and then ---- */

static void begin_measuring(struct swarm *swarm, uint64_t now_us)
{
    for (unsigned i = 0; i < swarm->bots_n; i++)
        bot_count(swarm->bots[i]);
    report_begin(swarm->report, now_us);
    swarm->begun = swarm->shared.measured = true;
    const struct swarm_options *options = swarm->options;
    uint64_t storm_us = now_us + (options->seconds ? options->seconds * 1000000ull / 4 : STORM_US);
    for (unsigned i = 0; i < swarm->bots_n; i++) {
        uint64_t later = player_of(swarm, i) - options->run.players; /* of those who come later */
        bot_begin(swarm->bots[i], storm_us + later * 1000000 / options->more_rate,
                  options->by_password);
    }
    swarm->begun_us = now_us;
    swarm->cpu_at_begin = cpu_seconds();
}

/* Whoever names them was told a second ago that it begins. */
static void set_apart(struct swarm *swarm)
{
    const char *path = swarm->options->apart;
    if (path &&
        apart_read(path, swarm->shared.accounts, swarm->board, &swarm->report->trouble) == -1)
        swarm->over = swarm->failed = true;
}

/* Tell the others how many of ours are in. Who finds all settled says when it begins. */
static void settle(struct swarm *swarm, uint64_t now_us)
{
    struct board *board = swarm->board;
    unsigned in = 0, settled = 0;
    for (unsigned i = 0; i < swarm->bots_n; i++) {
        const struct bot *bot = swarm->bots[i];
        in += bot_kind(bot) == SCENARIO_PLAYER && bot_state(bot) == BOT_JOINED;
        settled += bot_settled(bot);
    }
    /* relaxed: these are only numbers */
    uint32_t all_in = atomic_fetch_add_explicit(&board->in, in - swarm->in, memory_order_relaxed);
    uint32_t all =
        atomic_fetch_add_explicit(&board->settled, settled - swarm->settled, memory_order_relaxed);
    all_in += in - swarm->in;
    all += settled - swarm->settled;
    swarm->in = in;
    swarm->settled = settled;
    uint64_t none = 0;
    uint32_t told = 0, awaited = board->awaited;
    if (all_in == awaited && !swarm->all_in_us)
        swarm->all_in_us = now_us;
    bool late = swarm->all_in_us && now_us - swarm->all_in_us > ON_THE_WAY_US;
    if (all_in == awaited && atomic_compare_exchange_strong(&board->told, &told, 1))
        fprintf(stderr, "openmmo-bots: %u of %u are in\n", all_in, awaited);
    if ((all == board->players || late) &&
        atomic_compare_exchange_strong(&board->begin_us, &none, now_us + SETTLE_US))
        fprintf(stderr, "openmmo-bots: it is measured from now on, with %u of %u\n", all_in,
                awaited);
}

static void watch(struct swarm *swarm, uint64_t now_us)
{
    uint64_t begin_us = atomic_load(&swarm->board->begin_us);
    if (begin_us == 0)
        settle(swarm, now_us);
    if (!swarm->begun && begin_us && now_us >= begin_us) {
        begin_measuring(swarm, now_us);
        set_apart(swarm);
    }
    bool done = swarm->begun && swarm->options->seconds &&
                now_us - swarm->begun_us >= swarm->options->seconds * 1000000ull;
    bool nobody = begin_us && swarm->shared.states[BOT_OVER] == swarm->players_n;
    if (done || nobody || atomic_load(&swarm->board->stop))
        swarm->over = true;
    swarm->watch_us = now_us + WATCH_US;
}

/* Wait for something to read, and read it. Returns how many sockets had something. */
static int read_sockets(struct swarm *swarm, uint64_t wait_us)
{
    struct epoll_event events[EVENTS_MAX];
    const struct timespec wait = {0, (long)wait_us * 1000};
    int n = epoll_pwait2(swarm->shared.epoll, events, EVENTS_MAX, &wait, NULL);
    for (int i = 0; i < n; i++)
        bot_ready(events[i].data.ptr, events[i].events, bot_now_us());
    return n;
}

/* To be woken for each socket, and for each turn, would cost more than to read it. */
static void breathe(uint64_t from_us)
{
    uint64_t until_us = from_us + BREATH_US;
    const struct timespec until = {(time_t)(until_us / 1000000), (long)(until_us % 1000000) * 1000};
    clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &until, NULL);
}

static void loop(struct swarm *swarm)
{
    while (!swarm->over) {
        uint64_t from_us = bot_now_us();
        uint64_t wait_us = take_turns(swarm);
        if (wait_us)
            wait_us = wait_us < BREATH_US ? BREATH_US : wait_us > WATCH_US ? WATCH_US : wait_us;
        int n = read_sockets(swarm, wait_us);
        if (bot_now_us() >= swarm->watch_us)
            watch(swarm, bot_now_us());
        if (wait_us && n > 0 && n < EVENTS_MAX) /* else there are more */
            breathe(from_us);
    }
}

/* ---- from beginning to end ---- */

static int make_bots(struct swarm *swarm, struct error *error)
{
    const struct swarm_options *options = swarm->options;
    unsigned n =
        (swarm_bots_n(options) - swarm->process + options->processes - 1) / options->processes;
    struct report *report = swarm->report;
    swarm->bots = calloc(n, sizeof(struct bot *));
    if (!swarm->bots)
        return error_set(error, "out of memory");
    for (unsigned i = 0; i < n; i++) {
        uint32_t player = player_of(swarm, i);
        struct bot_part part = {.player = player,
                                .kind = scenario_kind(&options->run, player),
                                .seed = options->seed * 7919 + player};
        part.decodes = part.kind == SCENARIO_PLAYER && report->players % options->decode == 0;
        struct account *account = accounts_at(swarm->shared.accounts, player);
        swarm->bots[i] = bot_new(&swarm->shared, account, &part);
        if (!swarm->bots[i])
            return error_set(error, "out of memory");
        swarm->bots_n++;
        if (part.kind == SCENARIO_PLAYER)
            report->players++;
        else if (part.kind == SCENARIO_STORM)
            report->storm_players++;
        else
            report->odd++;
    }
    swarm->players_n = report->players;
    return 0;
}

static int set_up(struct swarm *swarm, struct error *error)
{
    const struct swarm_options *options = swarm->options;
    struct bot_shared *shared = &swarm->shared;
    if (raise_files(swarm_bots_n(options) / options->processes + 1, error) == -1)
        return -1;
    shared->run = &options->run;
    shared->host = options->host;
    shared->port = options->port;
    shared->talk_per_minute = options->talk_per_minute;
    shared->report = swarm->report;
    shared->board = swarm->board;
    shared->epoll = epoll_create1(EPOLL_CLOEXEC);
    if (shared->epoll == -1)
        return error_set(error, "no epoll: %s", strerror(errno));
    shared->tls = link_tls_new(error);
    if (!shared->tls)
        return -1;
    shared->receivers = (struct receiver_shared){book_new(), swarm->board, swarm->report};
    if (!shared->receivers.book)
        return error_set(error, "out of memory");
    return make_bots(swarm, error);
}

static void finish(struct swarm *swarm)
{
    struct report *report = swarm->report;
    uint64_t now_us = bot_now_us();
    report->checks.distinct = book_counts(swarm->shared.receivers.book).distinct;
    if (!swarm->begun) { /* stopped on the way in: those who were not in yet did not fail */
        begin_measuring(swarm, now_us);
        return;
    }
    for (unsigned i = 0; i < swarm->bots_n; i++) {
        bot_count(swarm->bots[i]);
        bot_finish(swarm->bots[i], now_us);
    }
    report->seconds = (double)(now_us - swarm->begun_us) / 1e6;
    report->cpu_seconds = report->cpu_most = cpu_seconds() - swarm->cpu_at_begin;
}

static void tear_down(struct swarm *swarm)
{
    for (unsigned i = 0; i < swarm->bots_n; i++)
        bot_free(swarm->bots[i]);
    free(swarm->bots);
    if (swarm->shared.epoll != -1)
        close(swarm->shared.epoll);
    book_free(swarm->shared.receivers.book);
    heightfield_free(swarm->shared.field);
    link_tls_free(swarm->shared.tls);
}

int swarm_run(const struct swarm_options *options, struct board *board, unsigned process,
              struct accounts *accounts, struct error *error)
{
    struct swarm swarm = {.options = options,
                          .board = board,
                          .process = process,
                          .report = &board->reports[process],
                          .shared = {.epoll = -1, .accounts = accounts}};
    int rc = set_up(&swarm, error);
    if (rc == 0) {
        swarm.round_us = swarm.started_us = bot_now_us();
        loop(&swarm);
        finish(&swarm);
        rc = swarm.failed ? -1 : 0;
    }
    tear_down(&swarm);
    return rc;
}
