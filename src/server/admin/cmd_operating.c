/* cmd_operating.c -- the server's comings and goings: its end, now, by a countdown or when nobody
 * is here. */
#include <stdio.h>
#include <string.h>

#include "admin/duration.h"
#include "admin/method.h"
#include "common/clock.h"
#include "ops/ending.h"

#define IN_MIN_MS 1000
#define IN_MAX_MS (UINT64_C(7) * 24 * 3600 * 1000)

/* True: a stop is under way already, and the call has failed. */
static bool stopping(struct method_call *call)
{
    const struct admin_host *host = &call->desk->config->host;
    struct admin_status status;

    memset(&status, 0, sizeof(status));
    host->status(host->context, &status);
    if (status.stopping)
        method_fail(call, "the server is stopping already");
    return status.stopping;
}

json_t *cmd_operating_ending(const struct method_desk *desk)
{
    const struct ending *ending = desk->config->ending;
    const struct ending_order *order = ending_ordered(ending);
    uint64_t left_ms = ending_left_ms(ending);

    if (order == NULL)
        return json_null();
    return json_pack("{s:o, s:o, s:b, s:b, s:s, s:s}", "at_ms",
                     method_time_json(order->when_empty ? 0 : clock_wall_ms() + left_ms), "left_ms",
                     order->when_empty ? json_null() : json_integer((json_int_t)left_ms),
                     "when_empty", order->when_empty, "restart", order->restart, "reason",
                     order->reason, "by", order->by);
}

static void order(struct method_call *call, struct ending_order *order)
{
    struct ending *ending = call->desk->config->ending;
    json_t *result;
    bool replaced;

    if (stopping(call))
        return;
    snprintf(order->reason, sizeof(order->reason), "%s", method_text(call, "reason", ""));
    snprintf(order->by, sizeof(order->by), "%s", call->peer.name);
    replaced = ending_order(ending, order);
    result = cmd_operating_ending(call->desk);
    json_object_set_new(result, "replaced", json_boolean(replaced));
    method_done(call, result);
}

/* Players are told of it, perhaps in words. False: the call is over. */
static bool reason_good(struct method_call *call)
{
    const char *reason = method_text(call, "reason", "");
    struct error error = {""};

    if (reason[0] == '\0' || text_chat_check(reason, strlen(reason), &error) == 0)
        return true;
    method_misused(call, "reason: %s", error.text);
    return false;
}

static void run_shutdown(struct method_call *call)
{
    const struct admin_host *host = &call->desk->config->host;
    const char *in = method_text(call, "in", NULL);
    bool restart = method_boolean(call, "restart", false);
    uint64_t ms;

    if (!reason_good(call))
        return;
    if (in == NULL) {
        host->shutdown(host->context, method_text(call, "reason", ""), restart);
        method_done(call, json_pack("{s:s}", "outcome", "the server stops"));
    } else if (duration_parse(in, "smhd", IN_MIN_MS, IN_MAX_MS, &ms) != 0) {
        method_misused(call, "in must be a time such as 90s, 10m or 2h, from 1s to 7d");
    } else {
        order(call, &(struct ending_order){.in_s = (uint32_t)(ms / 1000), .restart = restart});
    }
}

static void run_when_empty(struct method_call *call)
{
    order(call, &(struct ending_order){.when_empty = true, .restart = true});
}

static void run_cancel(struct method_call *call)
{
    struct ending *ending = call->desk->config->ending;
    json_t *result;

    if (stopping(call))
        return;
    if (ending_ordered(ending) == NULL) {
        method_fail(call, "there is nothing to cancel");
        return;
    }
    result = json_pack("{s:o}", "cancelled", cmd_operating_ending(call->desk));
    (void)ending_cancel(ending, true);
    method_done(call, result);
}

/* clang-format off */
#define END {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL}

static const struct method_param SHUTDOWN[] = {
    {"reason",  METHOD_TEXT,    false, 0, ENDING_REASON_MAX, NULL, "What the players are told."},
    {"restart", METHOD_BOOLEAN, false, 0, 0, NULL, "Begin again at once: the players are told so, the service manager is asked for it."},
    {"in",      METHOD_TEXT,    false, 2, 8, NULL, "When: 90s, 10m, 2h from now on; at once if not given."},
    END};

const struct method CMD_OPERATING[] = {
    {"server.shutdown", ROLE_ADMIN, true, run_shutdown, SHUTDOWN,
     "Stop the server: players are told, positions are saved. With `in`, by a countdown that players are told; it takes the place of one that is under way."},
    {"server.restart-when-empty", ROLE_ADMIN, true, run_when_empty, NULL,
     "Stop and begin again as soon as nobody is here."},
    {"server.cancel", ROLE_ADMIN, true, run_cancel, NULL,
     "Forget a countdown, or that the server was to restart when nobody is here."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
