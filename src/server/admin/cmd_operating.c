/* cmd_operating.c -- keeping the server: its end, now, by a countdown or when nobody is here; who
 * may log in meanwhile. */
#include <stdio.h>
#include <string.h>

#include "accounts/allowlist.h"
#include "accounts/policy.h"
#include "admin/duration.h"
#include "admin/method.h"
#include "common/clock.h"
#include "ops/ending.h"
#include "store/backups.h"

#define IN_MIN_MS     1000
#define RETRY_AFTER_S 60
#define IN_MAX_MS     (UINT64_C(7) * 24 * 3600 * 1000)

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

static json_t *ending_json(const struct method_desk *desk)
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
    result = ending_json(call->desk);
    json_object_set_new(result, "replaced", json_boolean(replaced));
    method_done(call, result);
}

/* What players are told by the parameter of that name: none is fine. False: the call is over. */
static bool words_good(struct method_call *call, const char *name)
{
    const char *text = method_text(call, name, "");
    struct error error = {""};

    if (text[0] == '\0' || text_chat_check(text, strlen(text), &error) == 0)
        return true;
    method_misused(call, "%s: %s", name, error.text);
    return false;
}

static void run_shutdown(struct method_call *call)
{
    const struct admin_host *host = &call->desk->config->host;
    const char *in = method_text(call, "in", NULL);
    bool restart = method_boolean(call, "restart", false);
    uint64_t ms;

    if (!words_good(call, "reason"))
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
    result = json_pack("{s:o}", "cancelled", ending_json(call->desk));
    (void)ending_cancel(ending, true);
    method_done(call, result);
}

/* -- who may log in ---------------------------------------------------------------------------- */

static json_t *maintenance_json(const struct policy *policy)
{
    const struct policy_mode *mode = policy_maintenance(policy);

    return !mode->on ? json_null()
                     : json_pack("{s:s, s:o, s:s}", "text", mode->text, "since_ms",
                                 method_time_json(mode->since_ms), "by", mode->by);
}

static json_t *drain_json(const struct policy *policy)
{
    const struct policy_mode *mode = policy_draining(policy);

    return !mode->on
               ? json_null()
               : json_pack("{s:I, s:o, s:s}", "retry_after_s", (json_int_t)mode->retry_after_s,
                           "since_ms", method_time_json(mode->since_ms), "by", mode->by);
}

json_t *cmd_operating_json(const struct method_desk *desk)
{
    const struct policy *policy = desk->config->policy;

    return json_pack(
        "{s:o, s:o, s:o, s:{s:b, s:I}}", "ending", ending_json(desk), "maintenance",
        maintenance_json(policy), "drain", drain_json(policy), "allowlist", "only",
        policy_listed_only(policy), "accounts",
        (json_int_t)(desk->config->allowlist != NULL ? allowlist_n(desk->config->allowlist) : 0));
}

static void run_maintenance(struct method_call *call)
{
    const struct admin_config *config = call->desk->config;
    const char *text = method_text(call, "text", "The server is under maintenance.");
    bool on = method_boolean(call, "on", false);
    struct error error = {""};
    unsigned gone = 0;
    json_t *result;
    int rc;

    if (!words_good(call, "text"))
        return;
    rc = on ? policy_begin_maintenance(config->policy, text, call->peer.name, &error)
            : policy_end_maintenance(config->policy, &error);
    if (on)
        gone = presence_turn_out(config->presence, method_boolean(call, "kick", false));
    result = json_pack("{s:o, s:I}", "maintenance", maintenance_json(config->policy), "gone",
                       (json_int_t)gone);
    if (rc < 0)
        json_object_set_new(result, "unkept", json_string(error.text));
    method_done(call, result);
}

static void run_drain(struct method_call *call)
{
    const struct admin_config *config = call->desk->config;
    bool on = method_boolean(call, "on", false);
    unsigned gone = 0;

    policy_drain(config->policy,
                 on ? (uint32_t)method_integer(call, "retry_after", RETRY_AFTER_S) : 0,
                 call->peer.name);
    if (on)
        gone = presence_turn_out(config->presence, false);
    method_done(call, json_pack("{s:o, s:I}", "drain", drain_json(config->policy), "gone",
                                (json_int_t)gone));
}

/* -- backup ------------------------------------------------------------------------------------ */

static void copied(void *context, uint64_t tag, const struct backups_answer *answer)
{
    struct method_call *call = method_unpark(context, tag);

    if (call == NULL)
        return;
    if (answer->made)
        method_done(call,
                    json_pack("{s:s, s:I, s:s}", "file", answer->file, "bytes",
                              (json_int_t)answer->size_bytes, "outcome", answer->report.text));
    else
        method_fail(call, "%s", answer->report.text);
}

static void run_backup(struct method_call *call)
{
    const struct method_desk *desk = call->desk;
    const char *name = method_text(call, "name", NULL);
    struct error error = {""};
    uint64_t tag;

    if (desk->config->backups == NULL) {
        method_fail(call, "the database is PostgreSQL's: pg_dump and pg_restore copy it "
                          "(doc/operations.md, Backup)");
        return;
    }
    tag = method_park(call);
    if (tag != 0 &&
        backups_begin(desk->config->backups, name, copied, (void *)desk, tag, &error) < 0)
        method_fail(method_unpark(desk, tag), "%s", error.text);
}

/* clang-format off */
#define END {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL}

static const struct method_param SHUTDOWN[] = {
    {"reason",  METHOD_TEXT,    false, 0, ENDING_REASON_MAX, NULL, "What the players are told."},
    {"restart", METHOD_BOOLEAN, false, 0, 0, NULL, "Begin again at once: the players are told so, the service manager is asked for it."},
    {"in",      METHOD_TEXT,    false, 2, 8, NULL, "When: 90s, 10m, 2h from now on; at once if not given."},
    END};

static const struct method_param MAINTENANCE[] = {
    {"on",   METHOD_BOOLEAN, true,  0, 0, NULL, "Whether it begins (or has another text), or ends."},
    {"text", METHOD_TEXT,    false, 1, TEXT_CHAT_MAX_BYTES, NULL, "What those are told who may not log in."},
    {"kick", METHOD_BOOLEAN, false, 0, 0, NULL, "Send away who is here and may not log in; else they stay."},
    END};
static const struct method_param DRAIN[] = {
    {"on",          METHOD_BOOLEAN, true,  0, 0, NULL, "Whether it begins, or ends."},
    {"retry_after", METHOD_INTEGER, false, 1, 3600, NULL, "In how many seconds they may try again, as they are told; 60 if not given."},
    END};

static const struct method_param BACKUP[] = {
    {"name", METHOD_TEXT, false, 1, BACKUPS_NAME_MAX, NULL, "Of the file, without its .db; the time if not given."},
    END};

const struct method CMD_OPERATING[] = {
    {"server.shutdown", ROLE_ADMIN, true, run_shutdown, SHUTDOWN,
     "Stop the server: players are told, positions are saved. With `in`, by a countdown that players are told; it takes the place of one that is under way."},
    {"server.restart-when-empty", ROLE_ADMIN, true, run_when_empty, NULL,
     "Stop and begin again as soon as nobody is here."},
    {"server.cancel", ROLE_ADMIN, true, run_cancel, NULL,
     "Forget a countdown, or that the server was to restart when nobody is here."},
    {"server.maintenance", ROLE_ADMIN, true, run_maintenance, MAINTENANCE,
     "Let only staff log in; who is here stays unless asked to go. It outlasts a restart."},
    {"server.drain", ROLE_ADMIN, true, run_drain, DRAIN,
     "Let nobody new log in; staff and those who come back within a minute may."},
    {"server.backup", ROLE_ADMIN, true, run_backup, BACKUP,
     "Copy the database file while it is in use, into the folder backups of the state directory, and check the copy."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
