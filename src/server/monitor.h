/* monitor.h -- how the daemon is seen from outside: health, metrics and their door, and what is
 * said of long ticks, put together.
 *
 * monitor_ticked: the world's thread. monitor_health: any. The rest: control. */
#ifndef OPENMMO_SERVER_MONITOR_H
#define OPENMMO_SERVER_MONITOR_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/queue.h"
#include "ops/alerts.h"
#include "ops/health.h"
#include "ops/reports.h"
#include "ops/scrape.h"
#include "ops/worst.h"
#include "server/config.h"
#include "store/store.h"

struct monitor; /* opaque */

struct monitor_config {
    struct event_base *base;
    struct store *store;
    struct queue **commands; /* as the ticker's */
    unsigned commands_n;
    struct queue *events;
    struct reports *reports;         /* may be NULL */
    uint64_t started_ms;             /* Unix time */
    bool (*stopping)(void *context); /* the end was asked for */
    void *context;
};

/* What config says of spans and error reports, started. NULL + error. Before all other threads. */
struct reports *monitor_reports(const struct config *config, struct error *error);

/* Before the world ticks. NULL + error. */
struct monitor *monitor_new(const struct monitor_config *config, struct error *error);
void monitor_set(struct monitor *monitor, const struct config *config); /* and at each reload */
/* Open the metrics' door. *fd: of listener_bind; it is taken. 0, -1 + error. */
int monitor_open(struct monitor *monitor, int *fd, struct error *error) MUST_CHECK;
/* A tick is over. The world's thread; never blocks. */
void monitor_ticked(struct monitor *monitor, const struct worst_record *record);
/* Something changed that who asks should see at once (the end is asked for). */
void monitor_look(struct monitor *monitor);
/* For who is asked on another door; valid until monitor_free. */
const struct health *monitor_health(const struct monitor *monitor);
/* The same of the metrics. */
const struct scrape *monitor_scrape(const struct monitor *monitor);
/* What somebody should look at, judged once a second; valid until monitor_free. */
const struct alerts *monitor_alerts(const struct monitor *monitor);
/* Nobody ticks or asks any more. NULL is fine. */
void monitor_free(struct monitor *monitor);

#endif
