/* openapi.h -- the HTTP face described for programs: OpenAPI 3.1, made from the table of routes.
 * Any thread. */
#ifndef OPENMMO_HTTP_OPENAPI_H
#define OPENMMO_HTTP_OPENAPI_H

#include <jansson.h>

#include "http/route.h"

/* Of these routes, those with a summary. version: of the server. NULL when out of memory. */
json_t *openapi_make(const struct route *rows, unsigned rows_n, const char *version);

#endif
