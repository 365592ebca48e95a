/* monitor.c -- see monitor.h. */
#include <config.h> /* of the build: PACKAGE_VERSION */

#include "server/monitor.h"

#include <stdlib.h>
#include <time.h>

#include "common/clock.h"
#include "common/log.h"
#include "http/exporter.h"
#include "ops/metrics.h"
#include "ops/post.h"
#include "server/tickwatch.h"
#include "server/vitals.h"

struct monitor {
    struct monitor_config config;
    struct tickwatch tickwatch;
    struct health health;
    struct scrape scrape;
    struct exporter *exporter;
    struct vitals *vitals;
    struct event *look;
};

/* What nobody sets as it changes. */
static void measure(const struct monitor *monitor)
{
    size_t io = 0;

    for (unsigned i = 1; i < monitor->config.commands_n; i++)
        io += queue_length(monitor->config.commands[i]);
    metrics_set(METRIC_QUEUE_CONTROL, (int64_t)queue_length(monitor->config.commands[0]));
    metrics_set(METRIC_QUEUE_IO, (int64_t)io);
    metrics_set(METRIC_QUEUE_EVENTS, (int64_t)queue_length(monitor->config.events));
    metrics_add(METRIC_LOG_LOST, log_lost() - (uint64_t)metrics_value(METRIC_LOG_LOST));
}

void monitor_look(struct monitor *monitor)
{
    struct health_facts facts = {
        .ticks = (uint64_t)metrics_value(METRIC_TICKS),
        .missed = (uint64_t)metrics_value(METRIC_TICKS_MISSED),
        .tempo_permille = (uint16_t)metrics_value(METRIC_TEMPO),
        .store_away = store_trouble(monitor->config.store)[0] != '\0',
        .stopping = monitor->config.stopping(monitor->config.context),
    };

    measure(monitor);
    health_look(&monitor->health, &facts, clock_steady_ms());
}

static void on_look(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    monitor_look(context);
}

struct reports *monitor_reports(const struct config *config, struct error *error)
{
    struct reports_config reports = {.endpoint = config->trace_endpoint,
                                     .one_in = config->trace_one_in,
                                     .dsn = config->errors_dsn,
                                     .environment = config->errors_environment,
                                     .server = config->name,
                                     .version = PACKAGE_VERSION};

    post_init();
    return reports_new(&reports, error);
}

struct monitor *monitor_new(const struct monitor_config *config, struct error *error)
{
    static const struct timeval period = {0, HEALTH_LOOK_MS * 1000};
    struct monitor *monitor = calloc(1, sizeof(*monitor));

    if (monitor != NULL)
        monitor->look = event_new(config->base, -1, EV_PERSIST, on_look, monitor);
    if (monitor == NULL || monitor->look == NULL || event_add(monitor->look, &period) < 0) {
        error_set(error, "out of memory");
        monitor_free(monitor);
        return NULL;
    }
    monitor->vitals = vitals_new(config->base, config->store, error);
    if (monitor->vitals == NULL) {
        monitor_free(monitor);
        return NULL;
    }
    monitor->config = *config;
    monitor->tickwatch.reports = config->reports;
    store_set_reports(config->store, config->reports);
    health_init(&monitor->health, 0, clock_steady_ms());
    monitor->scrape = (struct scrape){.started_ms = config->started_ms,
                                      .version = PACKAGE_VERSION,
                                      .compiler = __VERSION__,
                                      .store = store_driver_name(config->store)};
    return monitor;
}

void monitor_set(struct monitor *monitor, const struct config *config)
{
    health_set_stall(&monitor->health, config->stall_ms);
    tickwatch_set_slow(&monitor->tickwatch, config->slow_tick_ms);
    store_set_slow(monitor->config.store, config->slow_statement_ms);
    vitals_set(monitor->vitals, config);
}

int monitor_open(struct monitor *monitor, int *fd, struct error *error)
{
    int taken = *fd;

    *fd = -1;
    monitor->exporter =
        exporter_new(monitor->config.base, taken, &monitor->health, &monitor->scrape, error);
    if (monitor->exporter == NULL)
        return -1;
    log_event(LOG_LEVEL_INFO, "metrics_listening", "metrics are served",
              LOG_U64("port", exporter_port(monitor->exporter)));
    return 0;
}

void monitor_ticked(struct monitor *monitor, const struct worst_record *record)
{
    health_ticked(&monitor->health, clock_steady_ms());
    tickwatch_note(&monitor->tickwatch, record);
}

const struct health *monitor_health(const struct monitor *monitor)
{
    return &monitor->health;
}

const struct scrape *monitor_scrape(const struct monitor *monitor)
{
    return &monitor->scrape;
}

const struct alerts *monitor_alerts(const struct monitor *monitor)
{
    return vitals_alerts(monitor->vitals);
}

void monitor_free(struct monitor *monitor)
{
    if (monitor == NULL)
        return;
    exporter_free(monitor->exporter);
    vitals_free(monitor->vitals);
    if (monitor->look != NULL)
        event_free(monitor->look);
    free(monitor);
}
