/* router.c -- see router.h. A few dozen rows, told apart by their first bytes: a list is fast
 * enough. */
#include "http/router.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "http/query.h"

/* The path against one row: part by part. 1: it is that; 0: it is not; -1: a part that cannot be
 * decoded. */
static int match_path(const char *pattern, const char *path, size_t n, struct router_match *match)
{
    const char *end = path + n;
    size_t used = 0;

    match->params_n = 0;
    while (*pattern != '\0') {
        const char *part = path;
        int got;

        if (*pattern != ':' && *pattern != '*') {
            if (path == end || *path != *pattern)
                return 0;
            path++, pattern++;
            continue;
        }
        while (path < end && (*pattern == '*' || *path != '/'))
            path++;
        if (path == part && *pattern == ':')
            return 0;
        got = query_decode(part, (size_t)(path - part), false, match->text + used,
                           sizeof(match->text) - used);
        if (got < 0)
            return -1;
        match->params[match->params_n++] = (uint16_t)used;
        used += (size_t)got + 1;
        while (*pattern != '\0' && *pattern != '/')
            pattern++;
    }
    if (path + 1 == end && *path == '/' && path[-1] != '/')
        path++; /* as the stack before us did */
    return path == end;
}

void router_find(enum http_method method, const char *path, size_t len_bytes,
                 struct router_match *match)
{
    enum http_method wanted = method == HTTP_HEAD ? HTTP_GET : method;

    match->route = NULL;
    match->methods = 0;
    match->status = 404;
    for (unsigned i = 0; i < routes_n; i++) {
        const struct route *route = &routes[i];
        int matched = match_path(route->path, path, len_bytes, match);

        if (matched < 0)
            match->status = 400;
        if (matched <= 0)
            continue;
        match->methods |= 1u << route->method;
        if (route->method != wanted)
            continue;
        match->route = route;
        return;
    }
    match->params_n = 0;
    if (match->methods == 0)
        return;
    match->status = method == HTTP_OPTIONS ? 204 : 405;
    if (match->methods & 1u << HTTP_GET)
        match->methods |= 1u << HTTP_HEAD;
    match->methods |= 1u << HTTP_OPTIONS;
}

void router_allow(uint32_t methods, char *out, size_t out_bytes)
{
    size_t n = 0;

    out[0] = '\0';
    for (unsigned i = 0; i < HTTP_METHODS; i++)
        if (methods & 1u << i && n < out_bytes)
            n += (size_t)snprintf(out + n, out_bytes - n, "%s%s", n > 0 ? ", " : "",
                                  http_method_name((enum http_method)i));
}
