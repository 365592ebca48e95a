/* hosting.c -- see hosting.h. */
#include "server/hosting.h"

#include <stdio.h>

#include "accounts/keys.h"
#include "admin/admin.h"
#include "common/log.h"
#include "http/http.h"
#include "ops/ending.h"
#include "play/presence.h"
#include "play/sessions.h"
#include "server/lookout.h"
#include "server/monitor.h"
#include "server/reload.h"
#include "server/server_inside.h"
#include "server/ticker.h"
#include "server/wiring.h"
#include "store/store.h"

/* -- the configuration ------------------------------------------------------------------------- */

int hosting_reload(struct server *server, struct error *outcome)
{
    return reload_config(&server->config, wiring_apply, server, outcome);
}

static int reload(void *context, struct error *outcome)
{
    return hosting_reload(context, outcome);
}

static int set_option(void *context, const char *name, const char *value, const char *by,
                      struct error *outcome)
{
    struct server *server = context;

    return reload_set(&server->config, name, value, by, wiring_apply, server, outcome);
}

/* -- the end ------------------------------------------------------------------------------------
 */

void hosting_end(struct server *server, const char *cause, const char *reason, bool restart)
{
    (void)ending_cancel(server->ending, false);
    stop_ask(&server->stop, cause, reason, restart);
}

static void shutdown_asked(void *context, const char *reason, bool restart)
{
    struct server *server = context;

    hosting_end(server, "operator", reason, restart);
    monitor_look(server->monitor);
}

static uint32_t here(void *context)
{
    const struct server *server = context;

    return presence_n(server->presence);
}

static void say(void *context, const char *sentence)
{
    struct server *server = context;

    sessions_announce(server->sessions, sentence);
}

static void time_is_up(void *context, const struct ending_order *order)
{
    shutdown_asked(context, order->reason, order->restart);
}

/* Who comes in during a countdown is told of it at once. */
static bool word(void *context, char text[PROTOCOL_TEXT_MAX + 1])
{
    const struct server *server = context;

    _Static_assert(ENDING_TEXT_MAX <= PROTOCOL_TEXT_MAX, "it fits");
    return ending_words(server->ending, text);
}

int hosting_start_ending(struct server *server, struct error *error)
{
    const struct ending_config config = {
        .base = server->base, .here = here, .say = say, .due = time_is_up, .context = server};

    server->ending = ending_new(&config, error);
    if (!server->ending)
        return -1;
    presence_set_word(server->presence, word, server);
    return 0;
}

/* -- what an operator asks ----------------------------------------------------------------------
 */

static void describe(void *context, struct admin_status *status)
{
    struct server *server = context;
    struct writeback_watermark durable = presence_watermark(server->presence);

    snprintf(status->name, sizeof(status->name), "%s", server->config->name);
    status->stopping = server->stop.asked_n > 0;
    status->started_ms = server->started_ms;
    status->tick = ticker_tick(server->ticker);
    status->last_tick_ms = ticker_last_tick_ms(server->ticker);
    status->guests = server->config->guests;
    status->players_max = server->config->players_max;
    status->connections_max = server->config->connections_max;
    for (unsigned i = 0; i < ARRAY_N(status->http_ports); i++)
        status->http_ports[i] = http_port(server->http, false, i);
    for (unsigned i = 0; i < ARRAY_N(status->https_ports); i++)
        status->https_ports[i] = http_port(server->http, true, i);
    status->store = store_driver_name(server->store);
    status->store_place = store_place(server->store);
    snprintf(status->store_error, sizeof(status->store_error), "%s", store_trouble(server->store));
    status->durable_epoch = durable.epoch;
    status->durable_tick = durable.tick;
    status->durable_ms = durable.wall_ms;
}

static int rotate_key(void *context, struct error *outcome)
{
    struct server *server = context;

    if (keys_rotate(server->keys, outcome) < 0)
        return -1;
    log_event(LOG_LEVEL_INFO, "key_rotated", "tokens are signed with a new key",
              LOG_TEXT("key", jws_key_id(keys_current(server->keys))));
    error_set(outcome, "tokens are signed with a new key: %s",
              jws_key_id(keys_current(server->keys)));
    return 0;
}

static const struct options *options_now(void *context)
{
    struct server *server = context;

    return server->config->options;
}

int hosting_start_admin(struct server *server, struct error *error)
{
    struct admin_config admin = {.base = server->base,
                                 .path = server->config->admin_socket,
                                 .socket = &server->doors.admin,
                                 .options_table = &config_table,
                                 .presence = server->presence,
                                 .sessions = server->sessions,
                                 .ladder = lookout_ladder(server->lookout),
                                 .worst = server->worst,
                                 .alerts = monitor_alerts(server->monitor),
                                 .store = server->store,
                                 .bans = server->bans,
                                 .access = server->access,
                                 .recent = server->recent,
                                 .ending = server->ending,
                                 .transcript = server->transcript,
                                 .scrollback = server->scrollback,
                                 .field = server->field,
                                 .spawn_radius_m = server->config->spawn_radius_m,
                                 .policy = server->policy,
                                 .allowlist = server->allowlist,
                                 .backups = server->backups,
                                 .reporting = server->reporting,
                                 .accounts = server->accounts,
                                 .tally = server->tally,
                                 .host = {.status = describe,
                                          .reload = reload,
                                          .shutdown = shutdown_asked,
                                          .rotate_key = rotate_key,
                                          .options = options_now,
                                          .set = set_option,
                                          .context = server}};

    server->admin = admin_new(&admin, error);
    return server->admin ? 0 : -1;
}
