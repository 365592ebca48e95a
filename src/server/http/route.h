/* route.h -- what the HTTP face answers: one row each. The rows are in routes.c, the functions in
 * api_*.c and their like; a path is matched by router.h. Constant. */
#ifndef OPENMMO_HTTP_ROUTE_H
#define OPENMMO_HTTP_ROUTE_H

#include <stdbool.h>

#include "http/method.h"

struct http_call; /* call.h */

/* Where run is called. What asks the store, accounts or presence is on control. */
enum route_thread { ROUTE_ON_IO, ROUTE_ON_CONTROL };

/* Who may ask. A token is looked at on control: a route on an io thread is public. */
enum route_auth {
    ROUTE_PUBLIC,
    ROUTE_OPTIONAL, /* with a token, which must be good, or without */
    ROUTE_PLAYER,   /* only with one */
    ROUTE_ADMIN     /* only with an administrator's */
};

/* How often one address, and one account, may ask. */
enum route_class {
    ROUTE_RATE_READ,
    ROUTE_RATE_WRITE,
    ROUTE_RATE_LOGIN,
    ROUTE_RATE_CHEAP,
    ROUTE_RATES_N
};

enum route_type { ROUTE_STRING, ROUTE_NUMBER, ROUTE_INTEGER, ROUTE_BOOL };

/* A member of a body. */
struct route_field {
    const char *name;
    enum route_type type;
    bool optional;
    double least, most; /* of a number; of a string its bytes */
    const char *summary;
};

/* A body is one JSON object of these members; others are passed over. Of a query, they are what may
 * stand behind '?': each is checked where it is read. */
struct route_schema {
    const struct route_field *fields;
    unsigned fields_n;
    int status;         /* of a body that does not fit: 400 or 422 */
    const char *detail; /* the sentence then; NULL: one that names the member */
};

/* One kind of answer, for OpenAPI. */
struct route_reply {
    int status; /* 0: the end of an array of these */
    const char *summary;
    const char
        *shape; /* of openapi_shapes.c, "[Player]": an array of them; NULL: no body, or a problem */
};

struct route {
    enum http_method method; /* GET answers HEAD too; OPTIONS is the router's */
    /* "/api/players/:id/position"; a last part "*" takes all that follows, also nothing. */
    const char *path;
    enum route_thread thread;
    enum route_auth auth;
    enum route_class rate;
    void (*run)(struct http_call *call);
    const char *summary;               /* for OpenAPI; NULL: not shown there */
    const struct route_schema *schema; /* NULL: the body, if any, is not looked at */
    const struct route_schema *query;  /* NULL: none is looked at */
    const struct route_reply *replies; /* those that others of its kind do not give; may be NULL */
};

/* All of them. */
extern const struct route routes[];
extern const unsigned routes_n;

#endif
