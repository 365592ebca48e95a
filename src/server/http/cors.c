/* cors.c -- see cors.h. */
#include "http/cors.h"

#include <string.h>

#include "http/parse.h"

/* What a page may send and read beside what every page may. */
#define REQUEST_HEADERS     "Authorization, Content-Type, If-None-Match"
#define REQUEST_HEADERS_MAX 512 /* bytes of those that it asks for */
#define RESPONSE_HEADERS                                                                           \
    "ETag, Link, Retry-After, RateLimit-Limit, RateLimit-Remaining, RateLimit-Reset"

struct cors_answer cors_decide(const struct cors_policy *policy, const char *origin)
{
    struct cors_answer answer = {NULL, false, false};
    bool all = false;

    for (unsigned i = 0; i < policy->origins_n; i++) {
        if (strcmp(policy->origins[i], "*") == 0) {
            all = true;
            continue;
        }
        answer.varies = true; /* the answer is another for another origin */
        if (origin && strcmp(policy->origins[i], origin) == 0) {
            answer.origin = origin;
            answer.credentials = policy->credentials;
        }
    }
    if (all && !answer.origin)
        answer.origin = "*";
    return answer;
}

bool cors_origin_valid(const char *origin)
{
    static const char *const schemes[] = {"https://", "http://"};

    if (strcmp(origin, "*") == 0)
        return true;
    for (size_t i = 0; i < ARRAY_N(schemes); i++) {
        size_t n = strlen(schemes[i]);
        if (strncmp(origin, schemes[i], n) != 0)
            continue;
        /* Browsers write hosts small, and nothing behind host and port. */
        return origin[n] != '\0' &&
               origin[n + strspn(origin + n, "abcdefghijklmnopqrstuvwxyz0123456789-._:[]")] == '\0';
    }
    return false;
}

static void write_origin(const struct cors_answer *answer, struct respond *respond)
{
    if (answer->varies)
        respond_header(respond, "Vary", "Origin");
    if (!answer->origin)
        return;
    respond_header(respond, "Access-Control-Allow-Origin", answer->origin);
    if (answer->credentials)
        respond_header(respond, "Access-Control-Allow-Credentials", "true");
}

void cors_write(const struct cors_policy *policy, const char *origin, struct respond *respond)
{
    struct cors_answer answer = cors_decide(policy, origin);

    write_origin(&answer, respond);
    if (answer.origin && origin)
        respond_header(respond, "Access-Control-Expose-Headers", RESPONSE_HEADERS);
}

/* Names with commas between them, not too long to be said back. */
static bool are_headers(const char *asked)
{
    size_t n = 0;

    while (parse_token_char(asked[n]) || (asked[n] != '\0' && strchr(", \t", asked[n]) != NULL))
        n++;
    return n > 0 && n <= REQUEST_HEADERS_MAX && asked[n] == '\0';
}

void cors_write_preflight(const struct cors_policy *policy, const char *origin, const char *methods,
                          const char *asked, struct respond *respond)
{
    struct cors_answer answer = cors_decide(policy, origin);

    write_origin(&answer, respond);
    if (!answer.origin || !origin)
        return;
    respond_header(respond, "Access-Control-Allow-Methods", methods);
    respond_header(respond, "Access-Control-Allow-Headers",
                   asked != NULL && are_headers(asked) ? asked : REQUEST_HEADERS);
    respond_number(respond, "Access-Control-Max-Age", policy->max_age_s);
}
