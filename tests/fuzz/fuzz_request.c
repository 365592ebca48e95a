/* fuzz_request.c -- what is made of a request before its handler: whose it is, its route, its body.
 * What is taken holds what its header promises. */
#include <string.h>

#include "common/compiler.h"
#include "fuzz.h"
#include "http/body.h"
#include "http/forwarded.h"
#include "http/router.h"

static const struct route_field fields[] = {{"name", ROUTE_STRING, false, 1, 8, NULL},
                                            {"x", ROUTE_NUMBER, true, -10, 10, NULL},
                                            {"n", ROUTE_INTEGER, true, 1, 5, NULL}};
static const struct route_schema schema = {fields, ARRAY_N(fields), 422, NULL};

static void try_body(const char *bytes, size_t n)
{
    struct body_fault fault;
    json_t *body = body_read(bytes, n, &schema, &fault), *name;

    if (body == NULL) {
        MUST(fault.status == 400 || fault.status == 422);
        MUST(fault.detail[0] != '\0' && strlen(fault.detail) < sizeof(fault.detail));
        return;
    }
    name = json_object_get(body, "name");
    MUST(json_is_string(name) && json_string_length(name) >= 1 && json_string_length(name) <= 8);
    json_decref(body);
}

static void try_route(const char *bytes, size_t n)
{
    struct router_match match;

    for (unsigned method = 0; method < HTTP_METHODS; method++) {
        router_find((enum http_method)method, bytes, n, &match);
        MUST(match.route != NULL || match.status >= 204);
        for (unsigned i = 0; match.route != NULL && i < match.params_n; i++)
            MUST(memchr(match.text + match.params[i], '\0', sizeof(match.text) - match.params[i]) !=
                 NULL);
    }
}

static void try_head(const char *bytes, size_t n)
{
    static const struct parse_limits limits = {4096, 1024, 4096};
    struct parse_progress progress = {0};
    struct parse_head head;
    struct sockaddr_storage address = {.ss_family = AF_UNSPEC}, one;

    (void)!forwarded_parse(bytes, n, &one);
    if (parse_head(bytes, n, &limits, &progress, &head) != PARSE_OK)
        return;
    if (forwarded_for(&head, bytes, NULL, &address))
        MUST(address.ss_family == AF_INET || address.ss_family == AF_INET6);
    else
        MUST(address.ss_family == AF_UNSPEC);
    (void)forwarded_https(&head, bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    const char *text = (const char *)bytes + 1;

    if (len_bytes == 0)
        return 0;
    switch (bytes[0]) {
    case 'b':
        try_body(text, len_bytes - 1);
        break;
    case 'r':
        try_route(text, len_bytes - 1);
        break;
    default: /* any other byte */
        try_head(text, len_bytes - 1);
    }
    return 0;
}
