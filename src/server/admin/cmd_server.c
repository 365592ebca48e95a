/* cmd_server.c -- the server as a whole: how it is, announce, reload, save. */
#include <config.h> /* the build's: PACKAGE_VERSION */

#include <string.h>
#include <time.h>
#include <unistd.h>

#include "admin/method.h"
#include "common/clock.h"
#include "common/protocol.h"
#include "ops/alerts.h"
#include "sim/sim.h"

static json_t *times_json(struct samples_times times)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "n", (json_int_t)times.n, "mean_us",
                     (json_int_t)times.mean_us, "p50_us", (json_int_t)times.p50_us, "p99_us",
                     (json_int_t)times.p99_us, "max_us", (json_int_t)times.max_us);
}

static json_t *tick_json(const struct samples *samples, const struct admin_status *status)
{
    return json_pack("{s:I, s:i, s:i, s:I, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:o}",
                     "number", (json_int_t)status->tick, "hz", SIM_TICK_HZ, "budget_us",
                     SIM_TICK_MS * 1000, "last_ms", (json_int_t)status->last_tick_ms, "missed",
                     (json_int_t)metrics_value(METRIC_TICKS_MISSED), "worst_us",
                     (json_int_t)samples->worst_us, "worst_at_ms", (json_int_t)samples->worst_at_ms,
                     "over_budget", (json_int_t)metrics_value(METRIC_TICKS_OVER_BUDGET), "over_1s",
                     times_json(samples_times(samples, SAMPLES_TICK, 1)), "over_10s",
                     times_json(samples_times(samples, SAMPLES_TICK, 10)), "over_60s",
                     times_json(samples_times(samples, SAMPLES_TICK, 60)), "step_60s",
                     times_json(samples_times(samples, SAMPLES_STEP, 60)), "snapshot_60s",
                     times_json(samples_times(samples, SAMPLES_SNAPSHOT, 60)), "late_60s",
                     times_json(samples_times(samples, SAMPLES_LATE, 60)), "sweep_60s",
                     times_json(samples_times(samples, SAMPLES_SWEEP, 60)));
}

static json_t *counts_json(const struct samples *samples, const struct admin_status *status,
                           uint32_t here)
{
    return json_pack(
        "{s:{s:I, s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I}, s:{s:I, s:I, s:I, s:I}}", "players",
        "here", (json_int_t)here, "max", (json_int_t)status->players_max, "away",
        (json_int_t)metrics_value(METRIC_AWAY), "peak",
        (json_int_t)(samples->peak > here ? samples->peak : here), "peak_at_ms",
        (json_int_t)samples->peak_at_ms, "connections", "open",
        (json_int_t)metrics_value(METRIC_CONNECTIONS), "before_login",
        (json_int_t)metrics_value(METRIC_CONNECTIONS_BEFORE_LOGIN), "max",
        (json_int_t)status->connections_max, "accepted", (json_int_t)metrics_value(METRIC_ACCEPTED),
        "logins", "ok", (json_int_t)metrics_value(METRIC_LOGINS_OK), "failed",
        (json_int_t)metrics_value(METRIC_LOGINS_FAILED), "limited",
        (json_int_t)metrics_value(METRIC_LOGINS_LIMITED), "refused",
        (json_int_t)(metrics_value(METRIC_REFUSED_ADDRESS) + metrics_value(METRIC_REFUSED_FULL)));
}

static json_t *traffic_json(const struct samples *samples)
{
    return json_pack("{s:I, s:I, s:I, s:I, s:I}", "in_per_s",
                     (json_int_t)samples_rate(samples, SAMPLES_BYTES_IN, 10), "out_per_s",
                     (json_int_t)samples_rate(samples, SAMPLES_BYTES_OUT, 10), "messages_in_per_s",
                     (json_int_t)samples_rate(samples, SAMPLES_MESSAGES_IN, 10), "in",
                     (json_int_t)metrics_sum(METRIC_BYTES_IN), "out",
                     (json_int_t)metrics_sum(METRIC_BYTES_OUT));
}

static json_t *store_json(const struct samples *samples, const struct admin_status *status)
{
    return json_pack("{s:s, s:s, s:I, s:b, s:s, s:I, s:I, s:I, s:I, s:o, s:{s:I, s:I, s:I}, "
                     "s:{s:I, s:I, s:I, s:I}}",
                     "driver", status->store != NULL ? status->store : "none", "place",
                     status->store_place != NULL ? status->store_place : "", "connections",
                     (json_int_t)metrics_value(METRIC_STORE_CONNECTIONS), "ok",
                     status->store_error[0] == '\0', "error", status->store_error, "queue",
                     (json_int_t)metrics_value(METRIC_STORE_QUEUE), "errors",
                     (json_int_t)metrics_value(METRIC_STORE_ERRORS), "saves_pending",
                     (json_int_t)metrics_value(METRIC_SAVES_PENDING), "positions_saved",
                     (json_int_t)metrics_value(METRIC_POSITIONS_SAVED), "over_60s",
                     times_json(samples_times(samples, SAMPLES_STORE, 60)), "durable", "epoch",
                     (json_int_t)status->durable_epoch, "tick", (json_int_t)status->durable_tick,
                     "ms", (json_int_t)status->durable_ms, "pool", "idle",
                     (json_int_t)metrics_value(METRIC_STORE_POOL_IDLE), "busy",
                     (json_int_t)metrics_value(METRIC_STORE_POOL_BUSY), "starting",
                     (json_int_t)metrics_value(METRIC_STORE_POOL_STARTING), "down",
                     (json_int_t)metrics_value(METRIC_STORE_POOL_DOWN));
}

static json_t *ports_json(const uint16_t *ports, unsigned most)
{
    json_t *json = json_array();

    for (unsigned i = 0; i < most && ports[i] != 0; i++)
        json_array_append_new(json, json_integer(ports[i]));
    return json;
}

json_t *cmd_server_status(const struct method_desk *desk)
{
    const struct admin_config *config = desk->config;
    struct admin_status status;
    uint64_t now_ms = clock_wall_ms();
    json_t *answer;

    memset(&status, 0, sizeof(status));
    config->host.status(config->host.context, &status);
    answer = json_pack(
        "{s:s, s:s, s:s, s:I, s:I, s:I, s:I, s:o, s:o, s:o, s:b, s:{s:I, s:I}}", "name",
        status.name, "version", PACKAGE_VERSION, "state", status.stopping ? "stopping" : "serving",
        "pid", (json_int_t)getpid(), "now_ms", (json_int_t)now_ms, "started_ms",
        (json_int_t)status.started_ms, "uptime_s",
        (json_int_t)(now_ms > status.started_ms ? (now_ms - status.started_ms) / 1000 : 0), "tick",
        tick_json(desk->samples, &status), "traffic", traffic_json(desk->samples), "store",
        store_json(desk->samples, &status), "journal_stopped",
        metrics_value(METRIC_JOURNAL_STOPPED) != 0, "admin", "clients",
        (json_int_t)metrics_value(METRIC_ADMIN_CLIENTS), "dropped",
        (json_int_t)metrics_value(METRIC_ADMIN_DROPPED));
    if (answer != NULL)
        json_object_set_new(answer, "ladder", cmd_load_ladder(desk));
    if (answer != NULL)
        json_object_set_new(answer, "alerts",
                            json_pack("{s:I, s:I}", "active",
                                      (json_int_t)alerts_active_n(config->alerts, ALERTS_INFO),
                                      "page",
                                      (json_int_t)alerts_active_n(config->alerts, ALERTS_PAGE)));
    if (answer != NULL)
        json_object_set_new(answer, "reports", cmd_reports_state(desk));
    if (answer != NULL)
        json_object_set_new(answer, "guests",
                            json_pack("{s:b, s:I}", "allowed", status.guests, "here",
                                      (json_int_t)presence_guests_n(config->presence)));
    if (answer != NULL)
        json_object_set_new(answer, "http",
                            json_pack("{s:o, s:o}", "ports",
                                      ports_json(status.http_ports, ARRAY_N(status.http_ports)),
                                      "tls_ports",
                                      ports_json(status.https_ports, ARRAY_N(status.https_ports))));
    if (answer != NULL)
        json_object_update_new(answer, cmd_operating_json(desk));
    if (answer != NULL)
        json_object_update_new(answer,
                               counts_json(desk->samples, &status, presence_n(config->presence)));
    return answer;
}

static void run_status(struct method_call *call)
{
    method_done(call, cmd_server_status(call->desk));
}

static void run_reload(struct method_call *call)
{
    const struct admin_host *host = &call->desk->config->host;
    struct error outcome = {""};

    if (host->reload(host->context, &outcome) != 0)
        method_fail(call, "%s", outcome.text);
    else
        method_done(call, json_pack("{s:s}", "outcome", outcome.text));
}

/* The answer of a save is owed until the store is done with it. */
static void saved(void *context, uint32_t lost)
{
    struct method_call *call = context;

    *call->desk->saving = false;
    if (lost > 0)
        method_fail(call, "%u positions are not durable", (unsigned)lost);
    else
        method_done(call, json_pack("{s:s}", "outcome", "all positions are saved"));
}

/* Presence serves one who waits at a time, and the stop of the server must be that one. */
static void run_save(struct method_call *call)
{
    const struct admin_config *config = call->desk->config;
    struct admin_status status;

    memset(&status, 0, sizeof(status));
    config->host.status(config->host.context, &status);
    if (status.stopping) {
        method_fail(call, "the server stops, and saves all positions by itself");
    } else if (*call->desk->saving) {
        method_fail(call, "a save is under way already");
    } else {
        *call->desk->saving = true;
        presence_save_all(config->presence, saved, call);
    }
}

static void run_announce(struct method_call *call)
{
    const struct admin_config *config = call->desk->config;
    const char *text = method_text(call, "text", "");
    struct error error = {""};

    if (text_chat_check(text, strlen(text), &error) != 0) {
        method_misused(call, "text: %s", error.text);
        return;
    }
    sessions_announce(config->sessions, text);
    method_done(call, json_pack("{s:I}", "players", (json_int_t)presence_n(config->presence)));
}

/* clang-format off */
static const struct method_param ANNOUNCE[] = {
    {"text", METHOD_TEXT, true, 1, TEXT_CHAT_MAX_BYTES, NULL, "What everybody is told."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_SERVER[] = {
    {"server.status", ROLE_VIEWER, false, run_status, NULL,
     "How the server is: version, uptime, tick, players, limits, tick times over 10 s and 60 s, traffic, store."},
    {"server.reload", ROLE_ADMIN, true, run_reload, NULL,
     "Load the configuration anew, as SIGHUP does: all of it or, if anything is wrong, nothing."},
    {"server.save", ROLE_MODERATOR, true, run_save, NULL,
     "Save every position now; answered when all are durable."},
    {"announce", ROLE_MODERATOR, true, run_announce, ANNOUNCE,
     "Say something to everybody in the world."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
