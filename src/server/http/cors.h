/* cors.h -- whether another origin's page may read an answer, and which headers say so. Pure.
 *
 * Origins are compared whole and exactly, as browsers send them ("https://play.example.org"). "*"
 * admits all, but never with credentials, as the Fetch standard has it: then the answer names no
 * origin but "*", and browsers send and show nothing of the user's. */
#ifndef OPENMMO_HTTP_CORS_H
#define OPENMMO_HTTP_CORS_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"
#include "http/respond.h"

struct cors_policy {
    const char *const *origins; /* borrowed; "*" among them: all */
    unsigned origins_n;         /* 0: no other origin's page may read anything */
    bool credentials;           /* cookies and the like, for the origins that are named */
    unsigned max_age_s;         /* how long a preflight's answer counts */
};

struct cors_answer {
    const char *origin; /* for Access-Control-Allow-Origin: "*", or the one given; NULL: not sent */
    bool credentials;   /* Access-Control-Allow-Credentials: true */
    bool varies;        /* Vary: Origin */
};

/* origin: the request's Origin, NULL: none. The answer borrows it. */
struct cors_answer cors_decide(const struct cors_policy *policy, const char *origin);
/* An option's word is an origin, or "*". */
bool cors_origin_valid(const char *origin);

/* Of an answer: what lets the page read it, and our own headers in it. */
void cors_write(const struct cors_policy *policy, const char *origin, struct respond *respond);
/* Of a preflight's (OPTIONS with Access-Control-Request-Method): methods, "GET, POST"; asked: its
 * Access-Control-Request-Headers, or NULL. Whom the policy lets read answers may send what headers
 * he likes, as the old stack had it: tracing adds some to each request of a page. */
void cors_write_preflight(const struct cors_policy *policy, const char *origin, const char *methods,
                          const char *asked, struct respond *respond);

#endif
