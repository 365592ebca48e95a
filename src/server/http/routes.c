/* routes.c -- what the HTTP face answers, row by row. */
#include "common/compiler.h"
#include "http/api.h"
#include "http/route.h"

/* clang-format off */
const struct route routes[] = {
    {HTTP_GET, "/health", ROUTE_ON_IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, api_health,
     "Whether the server answers", NULL},
    {HTTP_GET, "/api/health", ROUTE_ON_IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, api_health_uptime,
     "Whether the server answers, and since when it runs", NULL},
    {HTTP_GET, "/livez", ROUTE_ON_IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, api_live,
     "Whether the world ticks: 503 asks for a restart", NULL},
    {HTTP_GET, "/readyz", ROUTE_ON_IO, ROUTE_PUBLIC, ROUTE_RATE_CHEAP, api_ready,
     "Whether players can come: 503 says not now", NULL},
    {HTTP_GET, "/metrics", ROUTE_ON_CONTROL, ROUTE_PUBLIC, ROUTE_RATE_READ, api_metrics, NULL, NULL},
};
/* clang-format on */

const unsigned routes_n = ARRAY_N(routes);
