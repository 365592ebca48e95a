/* body.h -- a request's body as JSON: read with bounds, and held against a route's schema. Pure,
 * any thread. */
#ifndef OPENMMO_HTTP_BODY_H
#define OPENMMO_HTTP_BODY_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "http/route.h"

#define BODY_DEPTH_MAX 16

struct body_fault {
    int status; /* 400, or the schema's */
    char detail[160];
    char field[64]; /* "": no member is named */
    char reason[96];
};

/* A Content-Type that is JSON's; NULL: there was none. */
bool body_is_json(const char *content_type);
/* False: every member may be left out, and so may the body. */
bool body_needed(const struct route_schema *schema);
/* An object that fits: a new reference; NULL and *fault: it does not. */
json_t *body_read(const void *bytes, size_t len_bytes, const struct route_schema *schema,
                  struct body_fault *fault);

#endif
