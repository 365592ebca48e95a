/* subscription.c -- see subscription.h. */
#include "admin/subscription.h"

#include <stdlib.h>
#include <string.h>

#include "admin/audit.h"
#include "ops/alerts.h"
#include "play/reporting.h"
#include "play/transcript.h"

#define LOG_LINES_A_SAMPLE  100
#define CHAT_LINES_A_SAMPLE 100
#define AUDIT_ROWS_A_SAMPLE 50
#define ALERTS_SAID         20 /* of those that are over */

struct subscription {
    struct subscription_config config;
    struct event *timer;
    uint64_t lost;
    size_t said_bytes;               /* the last line, whether it found room or not */
    uint64_t log_after;              /* the log topic: the last line that was said */
    struct transcript_place chat_at; /* the chat topic: as far as it was said */
    uint64_t changes;                /* the alerts and reports topics: as of what was said last */
    uint64_t audit_after;            /* the audit topic: the last row that was said */
    bool said;                       /* the same: it was, and nothing of it was lost */
};

static json_t *sample_metrics(struct subscription *subscription)
{
    return cmd_server_status(subscription->config.desk);
}

static json_t *sample_players(struct subscription *subscription)
{
    return cmd_players_list(subscription->config.desk, subscription->config.params);
}

/* What changed at once, and how an alert goes on while there is one. */
static json_t *sample_alerts(struct subscription *subscription)
{
    const struct alerts *alerts = subscription->config.desk->config->alerts;

    if (subscription->said && subscription->changes == alerts->changes &&
        alerts_active_n(alerts, ALERTS_INFO) == 0)
        return NULL;
    subscription->said = true;
    subscription->changes = alerts->changes;
    return cmd_alerts_list(subscription->config.desk, ALERTS_SAID);
}

static struct logtail_filter filter_of(const json_t *params, enum role role)
{
    const char *word = json_string_value(json_object_get(params, "level"));
    struct logtail_filter filter = {LOG_LEVEL_DEBUG, "", 0, audit_hidden(role)};

    if (word == NULL || log_level_parse(word, &filter.level) != 0)
        filter.level = LOG_LEVEL_DEBUG;
    if (json_object_get(params, "event") != NULL)
        filter.event = json_string_value(json_object_get(params, "event"));
    return filter;
}

/* Lines that the ring let go of before they could be said are lost too. */
static json_t *sample_log(struct subscription *subscription)
{
    struct logtail_line *lines = malloc(LOG_LINES_A_SAMPLE * sizeof(*lines));
    struct logtail_filter filter =
        filter_of(subscription->config.params, subscription->config.role);
    json_t *list;
    size_t n;

    if (lines == NULL)
        return NULL;
    n = logtail_read(subscription->config.desk->logtail, &filter, &subscription->log_after, lines,
                     LOG_LINES_A_SAMPLE, &subscription->lost);
    list = n > 0 ? json_array() : NULL;
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, cmd_log_line(&lines[i]));
    free(lines);
    return list != NULL ? json_pack("{s:o}", "lines", list) : NULL;
}

/* As the log; what is said faster than it is asked for goes the same way. */
static json_t *sample_chat(struct subscription *subscription)
{
    const struct method_desk *desk = subscription->config.desk;
    const struct transcript_line *lines[CHAT_LINES_A_SAMPLE];
    json_t *list;
    size_t n;

    if (desk->config->transcript == NULL)
        return NULL;
    n = transcript_read(desk->config->transcript, &subscription->chat_at,
                        cmd_chat_channels(subscription->config.params), lines, ARRAY_N(lines),
                        &subscription->lost);
    list = n > 0 ? json_array() : NULL;
    for (size_t i = 0; i < n; i++)
        json_array_append_new(list, cmd_chat_line(desk, lines[i]));
    return list != NULL ? json_pack("{s:o}", "lines", list) : NULL;
}

/* At first, and when it changed. */
static json_t *sample_reports(struct subscription *subscription)
{
    const struct reporting *reporting = subscription->config.desk->config->reporting;
    uint64_t changes = reporting != NULL ? reporting_state(reporting).changes : 0;

    if (subscription->said && subscription->changes == changes)
        return NULL;
    subscription->said = true;
    subscription->changes = changes;
    return cmd_reports_state(subscription->config.desk);
}

static json_t *sample_audit(struct subscription *subscription)
{
    json_t *rows[AUDIT_ROWS_A_SAMPLE], *list;
    size_t n = audittail_read(subscription->config.desk->audittail, &subscription->audit_after,
                              rows, AUDIT_ROWS_A_SAMPLE, &subscription->lost);

    if (n == 0)
        return NULL;
    list = json_array();
    for (size_t i = 0; i < n; i++)
        json_array_append(list, rows[i]);
    return json_pack("{s:o}", "rows", list);
}

/* clang-format off */
static const char *const LEVELS[] = {"error", "warn", "info", "debug", NULL};
static const struct method_param LOG_PARAMS[] = {
    {"level", METHOD_WORD, false, 0, 0, LEVELS, "Only lines at least as grave."},
    {"event", METHOD_TEXT, false, 1, 47, NULL, "Only events whose name begins so: \"store_\""},
    {NULL, METHOD_TEXT, false, 0, 0, NULL, NULL},
};

const struct topic TOPICS[] = {
    {"metrics", ROLE_VIEWER, sample_metrics, false, NULL, "What server.status says."},
    {"players", ROLE_VIEWER, sample_players, false, CMD_PLAYERS_LIST_PARAMS, "What players.list says."},
    {"log",     ROLE_VIEWER, sample_log, true, LOG_PARAMS, "The lines of the log that came since the last time."},
    {"chat",    ROLE_MODERATOR, sample_chat, true, CMD_CHAT_PARAMS, "The lines of chat that came since the last time, as chat.recent says them."},
    {"alerts",  ROLE_VIEWER, sample_alerts, true, NULL, "What alerts.list says: at first, when something changed, and while an alert is active."},
    {"reports", ROLE_MODERATOR, sample_reports, true, NULL, "How many reports are open, and the newest, when that changes."},
    {"audit",   ROLE_ADMIN,  sample_audit, true, NULL, "The rows of the audit that were written since the last time, oldest first."},
    {NULL, ROLE_NONE, NULL, false, NULL, NULL},
};
/* clang-format on */

const struct topic *topic_find(const char *name)
{
    for (const struct topic *topic = TOPICS; topic->name != NULL; topic++) {
        if (strcmp(topic->name, name) == 0)
            return topic;
    }
    return NULL;
}

/* 0, or -1: no room. */
static int say(struct subscription *subscription, json_t *data)
{
    json_t *object = json_pack("{s:s, s:s, s:{s:i, s:I, s:o}}", "jsonrpc", "2.0", "method",
                               subscription->config.topic->name, "params", "subscription",
                               (int)subscription->config.id, "lost", (json_int_t)subscription->lost,
                               "data", data);
    char *text = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    char *line = text != NULL ? realloc(text, strlen(text) + 2) : NULL;
    int result = -1;

    json_decref(object);
    if (line != NULL) {
        size_t len_bytes = strlen(line);

        line[len_bytes++] = '\n';
        subscription->said_bytes = len_bytes;
        result = subscription->config.say(subscription->config.context, line, len_bytes);
        free(line);
    } else {
        free(text);
    }
    return result;
}

/* What is said once a change, and was not heard, is said again. */
static void lose(struct subscription *subscription, uint64_t n)
{
    subscription->lost += n;
    subscription->said = false;
    metrics_add(METRIC_ADMIN_DROPPED, n);
}

static void look(struct subscription *subscription)
{
    uint64_t lost_before = subscription->lost;
    json_t *data = subscription->config.topic->sample(subscription);
    size_t n;

    if (subscription->lost > lost_before)
        metrics_add(METRIC_ADMIN_DROPPED, subscription->lost - lost_before);
    if (data == NULL)
        return;
    n = json_array_size(json_object_get(data, "lines")) + /* of the log: each line counts */
        json_array_size(json_object_get(data, "rows"));
    if (say(subscription, data) != 0)
        lose(subscription, n > 0 ? n : 1);
    else
        subscription->lost = 0;
}

static void tick(evutil_socket_t fd, short what, void *context)
{
    struct subscription *subscription = context;

    (void)fd;
    (void)what;
    if (subscription->said_bytes < subscription->config.room(subscription->config.context))
        look(subscription);
    else if (!subscription->config.topic->held)
        lose(subscription, 1);
}

struct subscription *subscription_new(const struct subscription_config *config)
{
    struct subscription *subscription = calloc(1, sizeof(*subscription));
    struct timeval every = {config->interval_ms / 1000,
                            (suseconds_t)(config->interval_ms % 1000) * 1000};

    if (subscription == NULL)
        return NULL;
    subscription->config = *config;
    json_incref(config->params);
    subscription->log_after = logtail_sequence(config->desk->logtail);
    subscription->audit_after = config->desk->audittail->sequence;
    if (config->desk->config->transcript != NULL)
        subscription->chat_at = transcript_end(config->desk->config->transcript);
    subscription->timer = event_new(config->desk->config->base, -1, EV_PERSIST, tick, subscription);
    if (subscription->timer == NULL || event_add(subscription->timer, &every) != 0) {
        subscription_free(subscription);
        return NULL;
    }
    return subscription;
}

void subscription_free(struct subscription *subscription)
{
    if (subscription == NULL)
        return;
    if (subscription->timer != NULL)
        event_free(subscription->timer);
    json_decref(subscription->config.params);
    free(subscription);
}

unsigned subscription_id(const struct subscription *subscription)
{
    return subscription->config.id;
}
