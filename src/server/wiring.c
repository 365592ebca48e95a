/* wiring.c -- see wiring.h. */
#include "server/wiring.h"

#include <string.h>

#include "accounts/policy.h"
#include "accounts/refresh.h"
#include "common/log.h"
#include "play/chatlog.h"
#include "play/presence.h"
#include "play/reporting.h"
#include "server/monitor.h"
#include "server/rooms.h"
#include "server/server_inside.h"
#include "store/retention.h"
#include "store/store.h"

struct accounts_config wiring_accounts(const struct server *server, const struct config *config)
{
    struct accounts_config accounts = {.base = server->base,
                                       .store = server->store,
                                       .workers = server->workers,
                                       .keys = server->keys,
                                       .reports = server->reports,
                                       .access = server->access,
                                       .tally = server->tally};

    rooms_accounts(config, &accounts);
    return accounts;
}

void wiring_sessions(const struct server *server, const struct config *config,
                     struct sessions_config *sessions)
{
    memset(sessions, 0, sizeof(*sessions));
    rooms_sessions(config, sessions);
    sessions->field = server->field;
    sessions->commands = server->channels.commands + 1;
    sessions->mailboxes = server->channels.mailboxes + 1;
    sessions->worst = server->worst;
    sessions->tally = server->tally;
    sessions->epoch = store_epoch(server->store);
}

struct http_config wiring_http(const struct server *server, const struct config *config)
{
    struct http_config http = {.services = {.store = server->store,
                                            .accounts = server->accounts,
                                            .access = server->access,
                                            .bans = server->bans,
                                            .census = server->census,
                                            .keys = server->keys,
                                            .policy = server->policy,
                                            .presence = server->presence,
                                            .recent = server->recent,
                                            .reporting = server->reporting,
                                            .refresh = server->refresh,
                                            .sessions = server->sessions,
                                            .tally = server->tally,
                                            .health = monitor_health(server->monitor),
                                            .scrape = server->config->public_metrics
                                                          ? monitor_scrape(server->monitor)
                                                          : NULL,
                                            .own_positions = config->own_positions,
                                            .started_ms = server->started_ms}};

    rooms_http(config, server->https_port, &http);
    return http;
}

int wiring_apply(void *context, const struct config *config, struct error *error)
{
    struct server *server = context;
    struct accounts_config accounts = wiring_accounts(server, config);
    struct http_config http = wiring_http(server, config);
    struct http_change *change;
    struct sessions_config sessions;
    struct retention_days days;

    wiring_sessions(server, config, &sessions);
    change = http_prepare(server->http, &http, error);
    if (!change)
        return -1;
    /* What costs the most goes first; what accounts take anew cannot fail (the cost of a hash needs
     * a restart). */
    if (sessions_reconfigure(server->sessions, &sessions, error) < 0 ||
        accounts_reconfigure(server->accounts, &accounts, error) < 0) {
        http_change_free(change);
        return -1;
    }
    http_reconfigure(server->http, &http, change);
    presence_reconfigure(server->presence,
                         &(struct presence_config){.players_max = config->players_max,
                                                   .queue_max = config->queue_max,
                                                   .flush_ms = config->flush_ms,
                                                   .linger_ms = config->linger_ms});
    policy_set_listed_only(server->policy, config->allowlist);
    (void)presence_turn_out(server->presence, false);
    refresh_set_lifetime(server->refresh, config->refresh_lifetime_ms / 1000);
    rooms_days(config, &days);
    chatlog_keep(server->chatlog, days.chat > 0);
    retention_set(server->retention, &days);
    reporting_set_rate(server->reporting, config->reports_per_hour);
    log_set_level((enum log_level)config->log_level);
    monitor_set(server->monitor, config);
    return 0;
}
