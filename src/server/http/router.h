/* router.h -- from a method and a path to a route. Pure, any thread. */
#ifndef OPENMMO_HTTP_ROUTER_H
#define OPENMMO_HTTP_ROUTER_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "http/route.h"

#define ROUTER_PARAMS_MAX   4
#define ROUTER_PARAMS_BYTES 512 /* all of them, decoded, each with its NUL */

struct router_match {
    const struct route *route; /* NULL: status says why */
    int status;                /* 400, 404, 405; 204 of OPTIONS */
    uint32_t methods;          /* 1 << enum http_method: what the path takes, for Allow */
    unsigned params_n;
    uint16_t params[ROUTER_PARAMS_MAX]; /* where each begins in text */
    char text[ROUTER_PARAMS_BYTES];
};

/* path: as sent, from its '/', not decoded. */
void router_find(enum http_method method, const char *path, size_t len_bytes,
                 struct router_match *match);
/* "GET, HEAD, OPTIONS". */
void router_allow(uint32_t methods, char *out, size_t out_bytes);

#endif
