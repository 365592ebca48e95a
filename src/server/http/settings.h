/* settings.h -- what a running server can change of the HTTP face: immutable once made, one copy an
 * io thread. Made by control, freed by whoever has it. */
#ifndef OPENMMO_HTTP_SETTINGS_H
#define OPENMMO_HTTP_SETTINGS_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "http/assets.h"
#include "http/cors.h"
#include "http/http.h"
#include "http/parse.h"
#include "net/network.h"

struct http_settings {
    struct parse_limits limits;
    uint32_t head_ms, body_ms, idle_ms, taking_ms;
    uint32_t ping_interval_ms, ping_timeout_ms, connect_ms; /* of Engine.IO's sessions */
    SSL_CTX *tls;                                           /* a reference; NULL: no TLS */
    uint16_t redirect_port;       /* of https; 0: plain requests are answered */
    struct network_list *proxies; /* believed when they say whom they speak for */
    struct network_list *exempt;  /* of limits on addresses */
    struct assets *assets;        /* a reference; NULL: none are served */
    struct cors_policy cors;      /* its origins are owned */
};

/* tls, assets: NULL, or a reference is taken. NULL + error. */
struct http_settings *http_settings_new(const struct http_config *config, SSL_CTX *tls,
                                        struct assets *assets, struct error *error);
void http_settings_free(struct http_settings *settings); /* NULL is fine */

#endif
