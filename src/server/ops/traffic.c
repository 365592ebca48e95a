/* traffic.c -- see traffic.h. */
#include "ops/traffic.h"

#include "ops/metrics.h"

#define OUTCOMES_OF(class)                                                                         \
    {                                                                                              \
        "class=\"" class "\",outcome=\"accepted\"", "class=\"" class "\",outcome=\"refused\"",     \
            "class=\"" class "\",outcome=\"limited\""                                              \
    }
static const char *const LABELS[TRAFFIC_CLASSES_N][TRAFFIC_OUTCOMES_N] = {
    [TRAFFIC_GAME] = OUTCOMES_OF("game"),           [TRAFFIC_HTTP] = OUTCOMES_OF("http"),
    [TRAFFIC_WEBSOCKET] = OUTCOMES_OF("websocket"), [TRAFFIC_METRICS] = OUTCOMES_OF("metrics"),
    [TRAFFIC_ADMIN] = OUTCOMES_OF("admin"),
};

static unsigned member_of(enum traffic_class class_of, enum traffic_outcome outcome)
{
    return (unsigned)class_of * TRAFFIC_OUTCOMES_N + (unsigned)outcome;
}

void traffic_count(enum traffic_class class_of, enum traffic_outcome outcome)
{
    unsigned at = member_of(class_of, outcome);

    if (metrics_member_labels(METRIC_GROUP_TRAFFIC, at) == NULL) /* the first of its kind */
        metrics_member(METRIC_GROUP_TRAFFIC, at, LABELS[class_of][outcome]);
    metrics_member_add(METRIC_GROUP_TRAFFIC, at, 1);
}

uint64_t traffic_counted(enum traffic_class class_of, enum traffic_outcome outcome)
{
    return (uint64_t)metrics_member_value(METRIC_GROUP_TRAFFIC, member_of(class_of, outcome));
}

const char *traffic_word(enum traffic_class class_of)
{
    static const char *const WORDS[TRAFFIC_CLASSES_N] = {
        [TRAFFIC_GAME] = "game",       [TRAFFIC_HTTP] = "http",   [TRAFFIC_WEBSOCKET] = "websocket",
        [TRAFFIC_METRICS] = "metrics", [TRAFFIC_ADMIN] = "admin",
    };

    return WORDS[class_of];
}
