/* server.c -- the house put together.
 *
 *   start  process, state directory, sockets, a look at the certificate (up to here nothing is
 *          changed), store, accounts, sim, presence, sessions, ticker, admin
 *   serve  one loop: signals, what the sim says (events, snapshot), answers of store and workers
 *   stop   players told -> all left -> positions durable -> the loop ends -> everything freed */
#include <config.h> /* of the build: PACKAGE_VERSION */

#include "server/server.h"

#include <event2/event.h>
#include <limits.h>
#include <signal.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "accounts/access.h"
#include "accounts/accounts.h"
#include "accounts/allowlist.h"
#include "accounts/policy.h"
#include "accounts/refresh.h"
#include "admin/admin.h"
#include "common/heightfield.h"
#include "common/log.h"
#include "http/census.h"
#include "http/http.h"
#include "net/listener.h"
#include "net/tally.h"
#include "net/tls.h"
#include "net/tls_pool.h"
#include "ops/ending.h"
#include "ops/libevent_log.h"
#include "ops/metrics.h"
#include "ops/notify.h"
#include "ops/workers.h"
#include "play/chatlog.h"
#include "play/presence.h"
#include "play/recent.h"
#include "play/reporting.h"
#include "play/scrollback.h"
#include "play/sessions.h"
#include "play/transcript.h"
#include "server/hosting.h"
#include "server/lookout.h"
#include "server/monitor.h"
#include "server/news.h"
#include "server/rooms.h"
#include "server/server_inside.h"
#include "server/state.h"
#include "server/ticker.h"
#include "server/wiring.h"
#include "sim/journal.h"
#include "sim/sim.h"
#include "store/backups.h"
#include "store/retention.h"
#include "store/store.h"
#include "store/timestamp.h"

#define OTHER_FDS    64
#define STATUS_S     5
#define TALLY_PLACES 32768   /* addresses that are remembered: 6 MiB when they all come */
#define LEFT_OPEN_MS 60000   /* a session after a crash */
#define CHAT_KEPT_MS 3600000 /* of a run before: nobody comes back to older lines */

/* -- start ------------------------------------------------------------------------------------- */

static void raise_files(const struct config *config)
{
    uint64_t needed = (uint64_t)config->connections_max + OTHER_FDS;
    struct rlimit limit;

    if (config->http_listen.items_n + config->https_listen.items_n > 0)
        needed += config->http_connections_max;

    if (getrlimit(RLIMIT_NOFILE, &limit) < 0)
        return;
    limit.rlim_cur = limit.rlim_max;
    if (setrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur < needed)
        log_event(LOG_LEVEL_WARN, "files_limited",
                  "this process may have fewer open files than net.connections_max needs",
                  LOG_U64("limit", limit.rlim_cur), LOG_U64("needed", needed));
}

static int start_process(struct server *server, struct error *error)
{
    sigset_t ours;

    if (tls_pool_install() != 0) /* before anything of OpenSSL */
        log_event(LOG_LEVEL_INFO, "tls_pool_absent", "TLS takes its memory from malloc, uncounted",
                  LOG_NONE);
    if (sodium_init() < 0)
        return error_set(error, "libsodium cannot be initialised");
    signal(SIGPIPE, SIG_IGN);
    signal(SIGXFSZ, SIG_IGN); /* a file that may not grow is a full disk, not the end */
    sigemptyset(&ours);       /* no thread but control takes these; before the loop they wait */
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGUSR1);
    pthread_sigmask(SIG_BLOCK, &ours, NULL);
    raise_files(server->config);
    libevent_log_install();
    server->base = event_base_new();
    return server->base ? 0 : error_set(error, "cannot make an event loop");
}

static int take_state(struct server *server, struct error *error)
{
    server->lock_fd = state_take(server->config, error);
    return server->lock_fd < 0 ? -1 : 0;
}

static int open_doors(struct server *server, struct error *error)
{
    return doors_open(&server->doors, server->config, error);
}

/* Files that are refused are refused before the store is brought up to date. */
static int check_certificate(struct server *server, struct error *error)
{
    const struct config *config = server->config;

    if (config->https_certificate[0] != '\0' &&
        tls_check(config->https_certificate, config->https_key, error) < 0)
        return -1;
    return tls_check(config->certificate, config->key, error);
}

static int start_reports(struct server *server, struct error *error)
{
    server->reports = monitor_reports(server->config, error);
    return server->reports ? 0 : -1;
}

static int start_store(struct server *server, struct error *error)
{
    struct store_config store = {.base = server->base};
    char folder[PATH_MAX];

    rooms_store(server->config, &store);
    server->store = store_open(&store, error);
    if (!server->store)
        return -1;
    if (server->config->store_driver != STORE_SQLITE)
        return 0;
    snprintf(folder, sizeof(folder), "%s/backups", server->config->state);
    server->backups = backups_new(server->base, server->config->store_path, folder);
    return server->backups ? 0 : error_set(error, "out of memory");
}

/* What HTTP clients stay logged in with. */
static int start_tokens(struct server *server, struct error *error)
{
    struct refresh_config refresh = {.base = server->base,
                                     .store = server->store,
                                     .keys = server->keys,
                                     .lifetime_s = server->config->refresh_lifetime_ms / 1000};

    server->access = access_new(server->keys, server->bans);
    if (!server->access)
        return error_set(error, "out of memory");
    if (access_load(server->access, server->base, server->store, error) < 0)
        return -1;
    refresh.access = server->access;
    server->refresh = refresh_new(&refresh, error);
    return server->refresh ? 0 : -1;
}

/* Under maintenance too, where there is its file. */
static int start_policy(struct server *server, struct error *error)
{
    char path[PATH_MAX];

    snprintf(path, sizeof(path), "%s/maintenance", server->config->state);
    server->policy = policy_new(path);
    if (!server->policy)
        return error_set(error, "out of memory");
    server->allowlist = allowlist_new(server->base, server->store, error);
    policy_set_allowlist(server->policy, server->allowlist);
    policy_set_listed_only(server->policy, server->config->allowlist);
    return server->allowlist ? 0 : -1;
}

static int start_accounts(struct server *server, struct error *error)
{
    struct accounts_config accounts;

    server->tally = tally_new(TALLY_PLACES);
    if (!server->tally)
        return error_set(error, "out of memory");
    server->workers =
        workers_new(server->base, server->config->workers, server->config->worker_queue, error);
    if (!server->workers)
        return -1;
    server->keys = keys_open(server->config->auth_key, error);
    if (!server->keys)
        return -1;
    server->bans = bans_new(server->base, server->store, error);
    if (!server->bans || start_tokens(server, error) < 0)
        return -1;
    accounts = wiring_accounts(server, server->config);
    server->accounts = accounts_new(&accounts, error);
    return server->accounts ? 0 : -1;
}

static int start_channels(struct server *server, struct error *error)
{
    const struct config *config = server->config;

    if (channels_init(&server->channels, config->players_max,
                      config->io_threads ? config->io_threads : 1, error) < 0)
        return -1;
    server->worst = worst_new(server->channels.readers_n, error);
    return server->worst ? 0 : -1;
}

static void chat_file(const struct server *server, char path[PATH_MAX])
{
    snprintf(path, PATH_MAX, "%s/chat", server->config->state);
}

/* What was said before a restart, and sequences behind those of every earlier run. */
static void take_chat(struct server *server)
{
    char path[PATH_MAX];
    struct error error;

    chat_file(server, path);
    if (scrollback_load(path, server->sim, server->started_ms - CHAT_KEPT_MS, &error) < 0)
        log_event(LOG_LEVEL_WARN, "chat_lost", error.text, LOG_NONE);
    sim_chat_begin(server->sim, (uint64_t)store_epoch(server->store) << 32);
}

static void keep_chat(struct server *server)
{
    char path[PATH_MAX];
    struct error error;

    chat_file(server, path);
    if (scrollback_save(path, server->sim, timestamp_now_ms(), server->scrollback, &error) < 0)
        log_event(LOG_LEVEL_WARN, "chat_lost", error.text, LOG_NONE);
}

static int start_world(struct server *server, struct error *error)
{
    const struct config *config = server->config;
    struct sim_config sim = {.entities_max = config->players_max + config->wanderers,
                             .readers = server->channels.readers_n,
                             .divide_above = SIM_DIVIDE_ABOVE};

    server->field = heightfield_new(config->seed, (int32_t)config->size_m);
    if (!server->field)
        return error_set(error, "out of memory");
    sim.field = server->field;
    server->sim = sim_new(&sim, error);
    if (!server->sim)
        return -1;
    take_chat(server);
    if (config->journal)
        server->journal = journal_open(config->journal, server->sim, server->field, error);
    return config->journal && !server->journal ? -1 : 0;
}

static int start_records(struct server *server, struct error *error)
{
    struct reporting_config reporting = {
        .base = server->base, .store = server->store, .per_hour = server->config->reports_per_hour};
    struct retention_days days;
    char path[PATH_MAX];

    rooms_days(server->config, &days);
    chat_file(server, path);
    server->scrollback = scrollback_new(server->base, path, error);
    if (!server->scrollback)
        return -1;
    server->chatlog = chatlog_new(server->base, server->store, error);
    if (!server->chatlog)
        return -1;
    chatlog_keep(server->chatlog, days.chat > 0);
    server->recent = recent_new();
    server->transcript = transcript_new();
    if (!server->recent || !server->transcript)
        return error_set(error, "out of memory");
    reporting.transcript = server->transcript;
    server->reporting = reporting_new(&reporting, error);
    if (!server->reporting)
        return -1;
    server->retention = retention_new(server->base, server->store, &days, error);
    return server->retention ? 0 : -1;
}

static int start_presence(struct server *server, struct error *error)
{
    struct presence_config presence = {.base = server->base,
                                       .accounts = server->accounts,
                                       .bans = server->bans,
                                       .policy = server->policy,
                                       .reporting = server->reporting,
                                       .store = server->store,
                                       .commands = server->channels.commands[0],
                                       .players_max = server->config->players_max,
                                       .queue_max = server->config->queue_max,
                                       .flush_ms = server->config->flush_ms,
                                       .spawn_radius_m = server->config->spawn_radius_m,
                                       .size_m = server->config->size_m,
                                       .left_open_ms = LEFT_OPEN_MS,
                                       .linger_ms = server->config->linger_ms,
                                       .epoch = store_epoch(server->store)};

    server->presence = presence_new(&presence, error);
    return server->presence ? 0 : -1;
}

/* Who is here by the game port, and who by HTTP. */
static void banned(void *context, const struct ban *ban, const char *text)
{
    struct server *server = context;

    server->presence_bans.banned(server->presence_bans.context, ban, text);
    if (ban->target.player == 0 && server->http)
        http_end_from(server->http, &ban->target.network);
}

static void muted(void *context, uint64_t player, uint64_t until_ms, const char *text)
{
    struct server *server = context;

    server->presence_bans.muted(server->presence_bans.context, player, until_ms, text);
}

static int start_sessions(struct server *server, struct error *error)
{
    struct sessions_handlers handlers = presence_handlers(server->presence);
    struct bans_handlers bans;
    struct sessions_config sessions;

    wiring_sessions(server, server->config, &sessions);
    sessions.sockets = server->doors.ports;
    sessions.sockets_n = server->doors.ports_n;
    server->sessions = sessions_new(server->base, &sessions, &handlers, error);
    if (!server->sessions)
        return -1;
    presence_set_sessions(server->presence, server->sessions);
    server->presence_bans = presence_bans_handlers(server->presence);
    bans = (struct bans_handlers){.banned = banned, .muted = muted, .context = server};
    bans_set_handlers(server->bans, &bans);
    return 0;
}

static bool stopping(void *context)
{
    const struct server *server = context;

    return server->stop.asked_n > 0;
}

static int start_monitor(struct server *server, struct error *error)
{
    struct monitor_config monitor = {.base = server->base,
                                     .store = server->store,
                                     .commands = server->channels.commands,
                                     .commands_n = server->channels.readers_n,
                                     .events = server->channels.events,
                                     .reports = server->reports,
                                     .started_ms = server->started_ms,
                                     .stopping = stopping,
                                     .context = server};

    server->monitor = monitor_new(&monitor, error);
    if (!server->monitor)
        return -1;
    monitor_set(server->monitor, server->config);
    return 0;
}

static int start_http(struct server *server, struct error *error)
{
    struct http_config http;

    server->census = census_new(server->store);
    if (!server->census)
        return error_set(error, "out of memory");
    if (server->doors.https_n > 0)
        server->https_port = listener_bound(server->doors.https[0]);
    http = wiring_http(server, server->config);
    http.sockets = server->doors.http;
    http.sockets_n = server->doors.http_n;
    http.tls_sockets = server->doors.https;
    http.tls_sockets_n = server->doors.https_n;
    server->http = http_new(server->base, &http, error);
    return server->http ? 0 : -1;
}

/* -- signals ----------------------------------------------------------------------------------- */

static void on_signal(evutil_socket_t number, short what, void *context)
{
    struct server *server = context;
    struct error outcome;

    (void)what;
    if (number == SIGHUP)
        (void)hosting_reload(server, &outcome); /* it was logged */
    else if (number == SIGUSR1)
        hosting_end(server, "SIGUSR1", "", true);
    else
        hosting_end(server, number == SIGTERM ? "SIGTERM" : "SIGINT", "", false);
    monitor_look(server->monitor);
}

static int start_lookout(struct server *server, struct error *error)
{
    server->lookout =
        lookout_new(server->base, server->presence, server->sessions, server->worst, error);
    return server->lookout ? 0 : -1;
}

/* -- the loop ---------------------------------------------------------------------------------- */

static void tell_status(evutil_socket_t fd, short what, void *context)
{
    struct server *server = context;
    struct metrics_histogram ticks;

    (void)fd, (void)what;
    metrics_histogram(METRIC_TICK_US, &ticks);
    notify_status("%u players, tick p99 %.1f ms", presence_n(server->presence),
                  (double)metrics_quantile(&ticks, &server->ticks, 0.99) / 1000);
    server->ticks = ticks;
}

static uint64_t progress(void *context)
{
    struct server *server = context;

    return ticker_tick(server->ticker);
}

static int start_watching(struct server *server, struct error *error)
{
    static const int numbers[SERVER_SIGNALS_N] = {SIGTERM, SIGINT, SIGHUP, SIGUSR1};
    const struct timeval period = {STATUS_S, 0};

    server->stop = (struct stop){.base = server->base,
                                 .sessions = server->sessions,
                                 .http = server->http,
                                 .presence = server->presence};
    for (unsigned i = 0; i < SERVER_SIGNALS_N; i++) {
        server->signals[i] = evsignal_new(server->base, numbers[i], on_signal, server);
        if (!server->signals[i] || event_add(server->signals[i], NULL) < 0)
            return error_set(error, "cannot watch signals");
    }
    server->status = event_new(server->base, -1, EV_PERSIST, tell_status, server);
    server->notify = notify_new(server->base, progress, server);
    if (!server->status || !server->notify || event_add(server->status, &period) < 0)
        return error_set(error, "out of memory");
    return 0;
}

static void say_http(const struct option_list *listen, const struct http *http, bool tls)
{
    char address[128];

    for (unsigned i = 0; i < listen->items_n; i++) {
        const char *colon = strrchr(listen->items[i], ':');

        snprintf(address, sizeof(address), "%.*s:%u", (int)(colon - listen->items[i]),
                 listen->items[i], http_port(http, tls, i));
        log_event(LOG_LEVEL_INFO, "http_listening",
                  tls ? "the HTTPS port is open" : "the HTTP port is open",
                  LOG_TEXT("address", address));
    }
}

static int open_metrics(struct server *server, struct error *error)
{
    return server->doors.metrics_n > 0
               ? monitor_open(server->monitor, &server->doors.metrics[0], error)
               : 0;
}

static void open_port(struct server *server)
{
    char address[128];

    sessions_open(server->sessions);
    for (unsigned i = 0; i < server->config->listen.items_n; i++) {
        const char *text = server->config->listen.items[i];
        const char *colon = strrchr(text, ':');

        snprintf(address, sizeof(address), "%.*s:%u", (int)(colon - text), text,
                 sessions_port(server->sessions, i)); /* port 0 was any: say which */
        log_event(LOG_LEVEL_INFO, "listening", "the game port is open",
                  LOG_TEXT("address", address),
                  LOG_TEXT("fingerprint", sessions_fingerprint(server->sessions)));
    }
    http_open(server->http);
    say_http(&server->config->http_listen, server->http, false);
    say_http(&server->config->https_listen, server->http, true);
    log_event(LOG_LEVEL_INFO, "ready", "OpenMMO serves", LOG_TEXT("version", PACKAGE_VERSION),
              LOG_TEXT("name", server->config->name), LOG_TEXT("state", server->config->state),
              LOG_TEXT("admin", server->config->admin_socket),
              LOG_U64("epoch", store_epoch(server->store)),
              LOG_U64("io_threads", server->config->io_threads),
              LOG_U64("players_max", server->config->players_max));
}

static int (*const steps[])(struct server *server, struct error *error) = {
    start_process, take_state,           open_doors,     check_certificate,   start_reports,
    start_store,   start_policy,         start_accounts, start_channels,      start_world,
    start_records, start_presence,       start_sessions, start_monitor,       start_http,
    news_start,    hosting_start_ending, start_lookout,  hosting_start_admin, start_watching,
    open_metrics,
};

struct server *server_start(struct config *config, struct error *error)
{
    struct server *server = calloc(1, sizeof(*server));

    if (!server) {
        config_free(config);
        error_set(error, "out of memory");
        return NULL;
    }
    server->config = config;
    server->lock_fd = server->news_fd = -1;
    server->started_ms = timestamp_now_ms();
    for (size_t i = 0; i < ARRAY_N(steps); i++)
        if (steps[i](server, error) < 0) {
            server_free(server);
            return NULL;
        }
    open_port(server);
    return server;
}

int server_run(struct server *server)
{
    sigset_t ours;

    sigemptyset(&ours);
    sigaddset(&ours, SIGTERM);
    sigaddset(&ours, SIGINT);
    sigaddset(&ours, SIGHUP);
    sigaddset(&ours, SIGUSR1);
    pthread_sigmask(SIG_UNBLOCK, &ours, NULL); /* what came during the start is dealt with now */
    tell_status(-1, 0, server);
    notify_ready();
    if (event_base_dispatch(server->base) < 0)
        log_event(LOG_LEVEL_ERROR, "loop_failed", "the control loop failed", LOG_NONE);
    log_event(LOG_LEVEL_INFO, "stopped", "the server has stopped",
              LOG_U64("lost", server->stop.lost));
    if (server->stop.lost)
        return 1;
    return server->stop.restart ? SERVER_RESTART : 0;
}

/* -- end --------------------------------------------------------------------------------------- */

static void free_events(struct server *server)
{
    for (unsigned i = 0; i < SERVER_SIGNALS_N; i++)
        if (server->signals[i])
            event_free(server->signals[i]);
    if (server->status)
        event_free(server->status);
    notify_free(server->notify);
}

static void let_go(void *context, uint32_t lost)
{
    (void)context, (void)lost;
}

/* Who asks goes before whom it asks: the sim stops, then nobody asks accounts, workers or the store
 * any more, then the sessions go, and presence, to which all of them answer, comes last. */
void server_free(struct server *server)
{
    if (!server)
        return;
    /* An operator who still waits for a save or a copy is told while it can be said. */
    if (server->presence)
        presence_save_all(server->presence, let_go, NULL);
    backups_free(server->backups);
    admin_stop(server->admin);
    if (server->presence)
        presence_set_word(server->presence, NULL, NULL);
    ending_free(server->ending);
    lookout_free(server->lookout);
    ticker_stop(server->ticker);
    scrollback_close(server->scrollback);
    if (server->stop.asked_n > 0)
        keep_chat(server);
    scrollback_free(server->scrollback);
    journal_close(server->journal);
    if (server->accounts)
        accounts_stop(server->accounts);
    workers_free(server->workers);
    chatlog_stop(server->chatlog);
    store_close(server->store);
    admin_free(server->admin);
    if (server->presence)
        presence_set_sessions(server->presence, NULL);
    sessions_free(server->sessions);
    http_free(server->http);
    monitor_free(server->monitor);
    census_free(server->census);
    accounts_free(server->accounts);
    refresh_free(server->refresh);
    access_free(server->access);
    bans_free(server->bans);
    policy_free(server->policy);
    allowlist_free(server->allowlist);
    chatlog_free(server->chatlog);
    recent_free(server->recent);
    transcript_free(server->transcript);
    reporting_free(server->reporting);
    retention_free(server->retention);
    keys_free(server->keys);
    presence_free(server->presence);
    free_events(server);
    news_free(server);
    channels_fini(&server->channels);
    worst_free(server->worst);
    tally_free(server->tally);
    sim_free(server->sim);
    heightfield_free(server->field);
    reports_free(server->reports);
    if (server->base)
        event_base_free(server->base);
    doors_close(&server->doors);
    if (server->lock_fd >= 0)
        close(server->lock_fd);
    config_free(server->config);
    free(server);
}
