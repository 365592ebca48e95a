/* swarm.c -- see swarm.h. */
#include "bots/swarm.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "bots/bot.h"

#define TURN_MS      5
#define ENTERING_MAX 12 /* at once: below what a server allows an address before login */
#define SAVE_US      10000000
#define FDS_BESIDE   32

struct swarm {
    struct swarm_options options;
    struct bot_shared shared;
    struct report *report;
    struct bot **bots;
    struct event *turn, *signals[2];
    double may_start; /* logins that may begin by now, paced by the rate */
    uint64_t last_turn_us, begun_us, last_save_us;
    double cpu_at_begin;
    unsigned saved_joined;
    bool begun; /* all are in, or have given up: it is measured */
    struct error save_error;
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
        return error_set(error, "%u players need %llu files, but the hard limit is %llu", players,
                         (unsigned long long)wanted, (unsigned long long)limit.rlim_max);
    limit.rlim_cur = wanted;
    if (setrlimit(RLIMIT_NOFILE, &limit) != 0)
        return error_set(error, "cannot raise the limit of open files: %s", strerror(errno));
    return 0;
}

static void save(struct swarm *swarm)
{
    struct error error;
    if (accounts_save(swarm->shared.accounts, &error) == -1)
        swarm->save_error = error;
}

/* ---- a turn ---- */

static void start_some(struct swarm *swarm, uint64_t now_us, unsigned entering)
{
    swarm->may_start += (double)(now_us - swarm->last_turn_us) / 1e6 * swarm->options.rate;
    if (swarm->may_start > 1)
        swarm->may_start = 1; /* no burst after a pause */
    for (unsigned i = 0; i < swarm->options.players; i++) {
        struct bot *bot = swarm->bots[i];
        if (swarm->may_start < 1 || entering >= ENTERING_MAX)
            return;
        if (bot_state(bot) != BOT_IDLE || bot_start_at_us(bot) > now_us)
            continue;
        bot_start(bot, now_us);
        swarm->may_start -= 1;
        entering++;
    }
}

static void begin_measuring(struct swarm *swarm, uint64_t now_us)
{
    for (unsigned i = 0; i < swarm->options.players; i++)
        bot_count(swarm->bots[i]);
    report_begin(swarm->report);
    swarm->begun = true;
    swarm->begun_us = now_us;
    swarm->cpu_at_begin = cpu_seconds();
}

static void on_turn(evutil_socket_t fd, short what, void *context)
{
    struct swarm *swarm = context;
    unsigned counts[BOT_OVER + 1] = {0};
    uint64_t now_us = bot_now_us();
    (void)fd;
    (void)what;
    for (unsigned i = 0; i < swarm->options.players; i++) {
        bot_turn(swarm->bots[i], bot_now_us());
        counts[bot_state(swarm->bots[i])]++;
    }
    if (counts[BOT_IDLE])
        start_some(swarm, now_us, counts[BOT_ENTERING]);
    swarm->last_turn_us = now_us;
    if (!swarm->begun && counts[BOT_IDLE] + counts[BOT_ENTERING] == 0) {
        begin_measuring(swarm, now_us);
        fprintf(stderr, "openmmo-bots: %u of %u are in\n", counts[BOT_JOINED],
                swarm->options.players);
    }
    if (now_us - swarm->last_save_us > SAVE_US && swarm->saved_joined != swarm->report->joined) {
        swarm->saved_joined = swarm->report->joined;
        swarm->last_save_us = now_us;
        save(swarm);
    }
    bool over = swarm->begun && swarm->options.seconds &&
                now_us - swarm->begun_us >= swarm->options.seconds * 1000000ull;
    if (over || counts[BOT_OVER] == swarm->options.players)
        event_base_loopbreak(swarm->shared.base);
}

static void on_signal(evutil_socket_t number, short what, void *context)
{
    struct swarm *swarm = context;
    (void)number;
    (void)what;
    event_base_loopbreak(swarm->shared.base);
}

/* ---- from beginning to end ---- */

static int add_events(struct swarm *swarm)
{
    static const int numbers[2] = {SIGINT, SIGTERM};
    const struct timeval interval = {0, TURN_MS * 1000};
    for (unsigned i = 0; i < 2; i++) {
        swarm->signals[i] = evsignal_new(swarm->shared.base, numbers[i], on_signal, swarm);
        if (!swarm->signals[i] || event_add(swarm->signals[i], NULL) == -1)
            return -1;
    }
    swarm->turn = event_new(swarm->shared.base, -1, EV_PERSIST, on_turn, swarm);
    return swarm->turn && event_add(swarm->turn, &interval) == 0 ? 0 : -1;
}

static int set_up(struct swarm *swarm, struct error *error)
{
    const struct swarm_options *options = &swarm->options;
    struct bot_shared *shared = &swarm->shared;
    if (raise_files(options->players, error) == -1)
        return -1;
    shared->host = options->host;
    shared->port = options->port;
    shared->players = options->players;
    shared->talk_per_minute = options->talk_per_minute;
    shared->report = swarm->report;
    shared->accounts = accounts_load(options->accounts, options->prefix, options->players, error);
    if (!shared->accounts)
        return -1;
    shared->tls = link_tls_new(error);
    if (!shared->tls)
        return -1;
    shared->base = event_base_new();
    swarm->bots = calloc(options->players, sizeof(struct bot *));
    if (!shared->base || !swarm->bots || add_events(swarm) == -1)
        return error_set(error, "out of memory");
    for (unsigned i = 0; i < options->players; i++) {
        swarm->bots[i] =
            bot_new(shared, accounts_at(shared->accounts, i), options->seed * 7919 + i);
        if (!swarm->bots[i])
            return error_set(error, "out of memory");
    }
    return 0;
}

static void finish(struct swarm *swarm)
{
    struct report *report = swarm->report;
    if (!swarm->begun) { /* stopped on the way in: those who were not in yet did not fail */
        begin_measuring(swarm, bot_now_us());
        return;
    }
    for (unsigned i = 0; i < swarm->options.players; i++)
        bot_count(swarm->bots[i]);
    report->seconds = (double)(bot_now_us() - swarm->begun_us) / 1e6;
    report->cpu_seconds = cpu_seconds() - swarm->cpu_at_begin;
}

static void tear_down(struct swarm *swarm)
{
    for (unsigned i = 0; swarm->bots && i < swarm->options.players; i++)
        bot_free(swarm->bots[i]);
    free(swarm->bots);
    if (swarm->turn)
        event_free(swarm->turn);
    for (unsigned i = 0; i < 2; i++) {
        if (swarm->signals[i])
            event_free(swarm->signals[i]);
    }
    if (swarm->shared.base)
        event_base_free(swarm->shared.base);
    heightfield_free(swarm->shared.field);
    link_tls_free(swarm->shared.tls);
    accounts_free(swarm->shared.accounts);
}

int swarm_run(const struct swarm_options *options, struct report *report, struct error *error)
{
    struct swarm swarm = {.options = *options, .report = report};
    memset(report, 0, sizeof *report);
    report->players = options->players;
    signal(SIGPIPE, SIG_IGN);
    int rc = set_up(&swarm, error);
    if (rc == 0) {
        swarm.last_turn_us = swarm.last_save_us = bot_now_us();
        event_base_dispatch(swarm.shared.base);
        finish(&swarm);
        save(&swarm);
        if (swarm.save_error.text[0])
            rc = error_set(error, "%s", swarm.save_error.text);
    }
    tear_down(&swarm);
    return rc;
}
