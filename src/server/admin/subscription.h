/* subscription.h -- what a client wants to hear of again and again: topics, one const row each.
 *
 * A subscription samples its topic every interval and says it as a notification
 *   {"jsonrpc":"2.0","method":TOPIC,"params":{"subscription":ID,"lost":N,"data":...}}
 * A client whose output is full loses the sample; it is counted, and the next one that goes through
 * says how many were lost. Nobody waits for a slow reader, and no time goes into what he would not
 * take: there must be room for as much as was said last.
 * Control thread only. */
#ifndef OPENMMO_ADMIN_SUBSCRIPTION_H
#define OPENMMO_ADMIN_SUBSCRIPTION_H

#include <event2/event.h>

#include "admin/method.h"

#define SUBSCRIPTION_MIN_MS 100
#define SUBSCRIPTION_MAX_MS 60000
#define SUBSCRIPTIONS_MAX   16 /* of one client */

struct subscription;

struct topic {
    const char *name;
    enum role role;
    /* What there is to say now; a new reference; NULL: nothing. */
    json_t *(*sample)(struct subscription *subscription);
    bool held; /* what is not said now is there to be said later: nothing is lost yet */
    const struct method_param *params; /* beyond topic and interval_ms; NULL: none */
    const char *help;
};

/* All topics; ends with a NULL name. */
extern const struct topic TOPICS[];
/* NULL: there is none of that name. */
const struct topic *topic_find(const char *name);

/* Begin one. say: takes the line to the client, returns -1 where there is no room; room: how many
 * bytes it takes just now. params: an object, checked against the topic's rows, kept. NULL when out
 * of memory. */
struct subscription_config {
    const struct method_desk *desk;
    const struct topic *topic;
    unsigned id;
    unsigned interval_ms;
    json_t *params; /* borrowed */
    enum role role; /* of who subscribes */
    int (*say)(void *context, const char *line, size_t len_bytes);
    size_t (*room)(const void *context);
    void *context;
};
/* config is copied; its params are kept by a reference of their own. */
struct subscription *subscription_new(const struct subscription_config *config);
void subscription_free(struct subscription *subscription); /* NULL is fine */
unsigned subscription_id(const struct subscription *subscription);

#endif
