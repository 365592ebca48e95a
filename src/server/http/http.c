/* http.c -- see http.h: life, settings, the stop. */
#include <config.h> /* of the build: PACKAGE_VERSION */

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "http/http_inside.h"
#include "http/limits.h"
#include "http/openapi.h"
#include "http/route.h"
#include "http/settings.h"
#include "net/tls.h"
#include "ops/metrics.h"
#include "play/sessions.h"

#define LIMITS_N 131072 /* addresses and accounts, by class: 2 MiB */
#define DRAIN_MS 3000   /* for what is under way to be answered, and taken */

static void settings_free_all(struct http_settings *settings[METRICS_THREADS_MAX])
{
    for (unsigned i = 0; i < METRICS_THREADS_MAX; i++) {
        http_settings_free(settings[i]);
        settings[i] = NULL;
    }
}

/* One copy for each io thread. -1 + error: none. */
static int settings_make(unsigned n, const struct http_config *config, struct assets *assets,
                         struct http_settings *settings[METRICS_THREADS_MAX], struct error *error)
{
    SSL_CTX *tls = NULL;
    unsigned i;

    memset(settings, 0, METRICS_THREADS_MAX * sizeof(struct http_settings *));
    if (config->certificate != NULL) {
        tls = tls_context_new(config->certificate, config->key, "http/1.1", error);
        if (tls == NULL)
            return -1;
        tls_context_web(tls);
    }
    for (i = 0; i < n; i++)
        if ((settings[i] = http_settings_new(config, tls, assets, error)) == NULL)
            break;
    SSL_CTX_free(tls);
    if (i == n)
        return 0;
    settings_free_all(settings);
    return -1;
}

/* The folder's files as they are now, or NULL where none are served. -1 + error. */
static int look_at_assets(const struct http *http, const struct http_config *config,
                          struct assets **assets, struct error *error)
{
    *assets = NULL;
    if (config->assets == NULL)
        return 0;
    *assets = assets_new(config->assets, config->assets_immutable, http->assets, error);
    if (*assets == NULL)
        return -1;
    log_event(LOG_LEVEL_INFO, "assets", "files are served over HTTP",
              LOG_TEXT("folder", config->assets), LOG_U64("files", assets_n(*assets)));
    return 0;
}

static int workers_new(struct http *http, const struct http_config *config, struct error *error)
{
    struct http_settings *settings[METRICS_THREADS_MAX];
    unsigned n = sessions_threads(http->services.sessions);
    int result = 0;

    http->workers = calloc(n, sizeof(struct worker *));
    if (http->workers == NULL)
        return error_set(error, "out of memory");
    if (look_at_assets(http, config, &http->assets, error) != 0 ||
        settings_make(n, config, http->assets, settings, error) != 0)
        return -1;
    for (unsigned i = 0; i < n && result == 0; i++) {
        http->workers[i] =
            worker_new(http, sessions_io(http->services.sessions, i), i, settings[i]);
        settings[i] = NULL;
        http->workers_n++;
        if (http->workers[i] == NULL)
            result = error_set(error, "out of memory");
        else
            http->workers[i]->limits = http->limits;
    }
    settings_free_all(settings);
    return result;
}

struct http_change {
    struct http_settings *settings[METRICS_THREADS_MAX];
    struct network_list *proxies[2];
    struct assets *assets;
};

struct http_change *http_prepare(struct http *http, const struct http_config *config,
                                 struct error *error)
{
    struct http_change *change;

    if (config->connections_max > http->connections_most) {
        error_set(error, "http.connections_max cannot grow beyond %u while running: restart",
                  http->connections_most);
        return NULL;
    }
    change = calloc(1, sizeof(*change));
    if (change == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    if (look_at_assets(http, config, &change->assets, error) == 0 &&
        settings_make(http->workers_n, config, change->assets, change->settings, error) == 0 &&
        entry_proxies(config, change->proxies, error) == 0)
        return change;
    http_change_free(change);
    return NULL;
}

void http_reconfigure(struct http *http, const struct http_config *config,
                      struct http_change *change)
{
    assets_unref(http->assets);
    http->assets = change->assets;
    entry_apply(http, config, change->proxies);
    limits_set_rates(http->limits, config->rates);
    for (unsigned i = 0; i < http->workers_n; i++)
        if (worker_apply(http->workers[i], change->settings[i]) != 0)
            log_event(LOG_LEVEL_ERROR, "reload_incomplete",
                      "out of memory: an io thread keeps its old HTTP settings",
                      LOG_U64("thread", i));
    free(change);
}

void http_change_free(struct http_change *change)
{
    if (change == NULL)
        return;
    settings_free_all(change->settings);
    for (unsigned i = 0; i < 2; i++)
        network_list_free(change->proxies[i]);
    assets_unref(change->assets);
    free(change);
}

/* ---- the stop ---- */

static void tell_drained(struct http *http)
{
    void (*done)(void *context) = http->done;

    http->done = NULL;
    if (http->drained != NULL)
        event_del(http->drained);
    if (done != NULL)
        done(http->done_context);
}

static void on_drained(evutil_socket_t fd, short what, void *context)
{
    (void)fd, (void)what;
    tell_drained(context);
}

void http_drain_check(struct http *http)
{
    static const struct timeval now = {0, 0};

    if (http->draining && !http->ended && http->connections_n == 0 && http->done != NULL)
        event_add(http->drained, &now);
}

void http_drain(struct http *http, void (*done)(void *context), void *context)
{
    static const struct timeval most = {DRAIN_MS / 1000, DRAIN_MS % 1000 * 1000};

    acceptor_close(http->plain.acceptor);
    acceptor_close(http->tls.acceptor);
    http->draining = true;
    http->done = done;
    http->done_context = context;
    event_add(http->drained, &most);
    for (unsigned i = 0; i < http->workers_n; i++)
        if (worker_drain(http->workers[i]) != 0)
            log_event(LOG_LEVEL_WARN, "drain_failed", "out of memory: HTTP clients are not told",
                      LOG_U64("thread", i));
    http_drain_check(http);
}

void http_end_from(struct http *http, const struct network *network)
{
    for (unsigned i = 0; i < http->workers_n; i++)
        if (worker_end_from(http->workers[i], network) != 0)
            log_event(LOG_LEVEL_WARN, "ban_incomplete",
                      "out of memory: HTTP connections of a banned network go on",
                      LOG_U64("thread", i));
}

/* ---- life ---- */

/* Control; the thread has ended. */
static void thread_ended(void *context, unsigned thread)
{
    struct http *http = context;

    http->ended = true;
    worker_end(http->workers[thread]);
}

/* The routes do not change while we run: once is enough. NULL: out of memory. */
static char *describe(void)
{
    json_t *json = openapi_make(routes, routes_n, PACKAGE_VERSION);
    char *text = json != NULL ? json_dumps(json, JSON_COMPACT) : NULL;

    json_decref(json);
    return text;
}

struct http *http_new(struct event_base *control, const struct http_config *config,
                      struct error *error)
{
    struct http *http = calloc(1, sizeof(*http));

    if (http == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    http->base = control;
    http->services = config->services;
    http->description = describe();
    http->connections_most = config->connections_max;
    http->limits = limits_new(LIMITS_N, config->rates);
    http->drained = event_new(control, -1, 0, on_drained, http);
    http->postbox = postbox_new(control, error);
    if (http->limits == NULL || http->description == NULL || http->drained == NULL ||
        http->postbox == NULL || workers_new(http, config, error) != 0 ||
        entry_new(http, config, error) != 0) {
        http_free(http);
        return NULL;
    }
    sessions_on_end(http->services.sessions, thread_ended, http);
    return http;
}

void http_open(struct http *http)
{
    acceptor_open(http->plain.acceptor);
    acceptor_open(http->tls.acceptor);
}

void http_free(struct http *http)
{
    if (http == NULL)
        return;
    http->ended = true;
    entry_free(http);
    postbox_free(http->postbox); /* runs what the io threads said last */
    desk_free(http);
    address_table_free(http->addresses);
    for (unsigned i = 0; i < http->workers_n; i++)
        worker_free(http->workers[i]);
    if (http->drained != NULL)
        event_free(http->drained);
    limits_free(http->limits);
    assets_unref(http->assets);
    free(http->description);
    free(http->workers);
    free(http->load);
    free(http);
}

/* ---- small things ---- */

const char *http_description(const struct http *http)
{
    return http->description;
}

const struct http_services *http_services(const struct http *http)
{
    return &http->services;
}

uint16_t http_port(const struct http *http, bool tls, unsigned i)
{
    return acceptor_port(tls ? http->tls.acceptor : http->plain.acceptor, i);
}
