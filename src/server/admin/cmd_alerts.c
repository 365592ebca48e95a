/* cmd_alerts.c -- what somebody should look at: now, lately, and by which rules. */
#include <math.h>

#include "admin/method.h"
#include "ops/alerts.h"

#define RECENT_DEFAULT 20

/* New reference; null where it is not known. */
static json_t *number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

/* What both lists say of an alert. */
static json_t *alert_json(const struct alerts_rule *rule, double shown, const char *member,
                          double peak)
{
    char words[ALERTS_WORDS];

    return json_pack("{s:s, s:s, s:s, s:s, s:o, s:o, s:f, s:s}", "alert", rule->name, "severity",
                     alerts_severity_name(rule->severity), "words",
                     alerts_words(rule, shown, words), "advice", rule->advice, member,
                     number(shown), "peak", number(peak), "threshold", rule->raise, "unit",
                     alerts_unit_name(rule->unit));
}

/* The gravest first, among them the newest. */
static bool goes_before(const struct alerts *alerts, unsigned a, unsigned b)
{
    enum alerts_severity one = alerts_rule(a)->severity, other = alerts_rule(b)->severity;

    return one != other ? one > other : alerts->states[a].since_ms > alerts->states[b].since_ms;
}

static unsigned sorted(const struct alerts *alerts, unsigned order[ALERTS_MAX])
{
    unsigned n = 0;

    for (unsigned i = 0; alerts_rule(i) != NULL; i++) {
        unsigned at = n;

        if (!alerts->states[i].active)
            continue;
        for (; at > 0 && goes_before(alerts, i, order[at - 1]); at--)
            order[at] = order[at - 1];
        order[at] = i;
        n++;
    }
    return n;
}

json_t *cmd_alerts_list(const struct method_desk *desk, unsigned recent)
{
    const struct alerts *alerts = desk->config->alerts;
    json_t *active = json_array(), *over = json_array();
    const struct alerts_episode *episode;
    unsigned order[ALERTS_MAX], n = sorted(alerts, order);

    for (unsigned i = 0; i < n; i++) {
        const struct alerts_state *state = &alerts->states[order[i]];
        json_t *row = alert_json(alerts_rule(order[i]), state->value, "value", state->peak);

        json_object_set_new(row, "since_ms", json_integer((json_int_t)state->since_ms));
        json_array_append_new(active, row);
    }
    for (unsigned i = 0; i < recent && (episode = alerts_recent(alerts, i)) != NULL; i++) {
        json_t *row = alert_json(alerts_rule(episode->rule), episode->peak, "value", episode->peak);

        json_object_set_new(row, "since_ms", json_integer((json_int_t)episode->raised_ms));
        json_object_set_new(row, "cleared_ms", json_integer((json_int_t)episode->cleared_ms));
        json_array_append_new(over, row);
    }
    return json_pack("{s:o, s:o}", "active", active, "recent", over);
}

static void run_list(struct method_call *call)
{
    method_done(call, cmd_alerts_list(call->desk,
                                      (unsigned)method_integer(call, "recent", RECENT_DEFAULT)));
}

static void run_rules(struct method_call *call)
{
    const struct alerts *alerts = call->desk->config->alerts;
    const struct alerts_rule *rule;
    json_t *list = json_array();

    for (unsigned i = 0; (rule = alerts_rule(i)) != NULL; i++) {
        const struct alerts_state *state = &alerts->states[i];

        json_array_append_new(
            list,
            json_pack("{s:s, s:s, s:s, s:b, s:f, s:i, s:f, s:i, s:o, s:b, s:o, s:s, s:s}", "alert",
                      rule->name, "severity", alerts_severity_name(rule->severity), "unit",
                      alerts_unit_name(rule->unit), "below", (int)rule->below, "raise", rule->raise,
                      "raise_s", (int)rule->raise_s, "clear", rule->clear, "clear_s",
                      (int)rule->clear_s, "value", number(state->value), "active",
                      (int)state->active, "since_ms", method_time_json(state->since_ms), "says",
                      rule->says, "advice", rule->advice));
    }
    method_done(call, json_pack("{s:o}", "rules", list));
}

/* clang-format off */
static const struct method_param LIST[] = {
    {"recent", METHOD_INTEGER, false, 0, ALERTS_RECENT, NULL, "At most so many that are over; 20 if not given."},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct method CMD_ALERTS[] = {
    {"alerts.list", ROLE_VIEWER, false, run_list, LIST,
     "What somebody should look at now, the gravest first, with what to do; and what is over, the newest first."},
    {"alerts.rules", ROLE_VIEWER, false, run_rules, NULL,
     "Each rule: from which value on, and for how long, it is an alert and is over; what is measured now."},
    {NULL, ROLE_NONE, false, NULL, NULL, NULL},
};
/* clang-format on */
