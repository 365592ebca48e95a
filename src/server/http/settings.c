/* settings.c -- see settings.h. */
#include "http/settings.h"

#include <stdlib.h>
#include <string.h>

#define TARGET_MAX  4096
#define PREFLIGHT_S 600 /* how long a browser may remember it */

static int copy_origins(struct http_settings *settings, const struct http_config *config)
{
    char **origins = calloc(config->cors_origins_n + 1, sizeof(char *));

    settings->cors.origins = (const char *const *)origins;
    if (origins == NULL)
        return -1;
    for (unsigned i = 0; i < config->cors_origins_n; i++) {
        origins[i] = strdup(config->cors_origins[i]);
        if (origins[i] == NULL)
            return -1;
        settings->cors.origins_n++;
    }
    settings->cors.credentials = config->cors_credentials;
    settings->cors.max_age_s = PREFLIGHT_S;
    return 0;
}

struct http_settings *http_settings_new(const struct http_config *config, SSL_CTX *tls,
                                        struct assets *assets, struct error *error)
{
    struct http_settings *settings = calloc(1, sizeof(*settings));

    if (settings == NULL || copy_origins(settings, config) != 0) {
        http_settings_free(settings);
        error_set(error, "out of memory");
        return NULL;
    }
    settings->limits.head_bytes = config->head_bytes;
    settings->limits.target_bytes =
        config->head_bytes > 2 * TARGET_MAX ? TARGET_MAX : config->head_bytes / 2;
    settings->limits.body_bytes = config->body_bytes;
    settings->head_ms = config->head_ms;
    settings->body_ms = config->body_ms;
    settings->idle_ms = config->idle_ms;
    settings->taking_ms = config->taking_ms;
    settings->ping_interval_ms = config->ping_interval_ms;
    settings->ping_timeout_ms = config->ping_timeout_ms;
    settings->connect_ms = config->connect_ms;
    settings->redirect_port = config->redirect_port;
    settings->proxies = network_list_new(config->trusted_proxies, config->trusted_proxies_n, error);
    if (settings->proxies != NULL)
        settings->exempt = network_list_new(config->exempt, config->exempt_n, error);
    if (settings->exempt == NULL) {
        http_settings_free(settings);
        return NULL;
    }
    if (tls != NULL)
        SSL_CTX_up_ref(tls);
    settings->tls = tls;
    settings->assets = assets_ref(assets);
    return settings;
}

void http_settings_free(struct http_settings *settings)
{
    if (settings == NULL)
        return;
    SSL_CTX_free(settings->tls);
    assets_unref(settings->assets);
    network_list_free(settings->proxies);
    network_list_free(settings->exempt);
    for (unsigned i = 0; i < settings->cors.origins_n; i++)
        free((void *)(uintptr_t)settings->cors.origins[i]);
    free((void *)(uintptr_t)settings->cors.origins);
    free(settings);
}
