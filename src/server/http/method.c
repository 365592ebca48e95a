/* method.c -- see method.h. */
#include "http/method.h"

#include <string.h>

static const char *const names[HTTP_METHODS] = {
    [HTTP_GET] = "GET",         [HTTP_HEAD] = "HEAD",   [HTTP_POST] = "POST",
    [HTTP_PUT] = "PUT",         [HTTP_PATCH] = "PATCH", [HTTP_DELETE] = "DELETE",
    [HTTP_OPTIONS] = "OPTIONS",
};

const char *http_method_name(enum http_method method)
{
    return names[method];
}

enum http_method http_method_find(const char *name, size_t len_bytes)
{
    enum http_method method;

    for (method = 0; method < HTTP_METHODS; method++)
        if (strlen(names[method]) == len_bytes && memcmp(names[method], name, len_bytes) == 0)
            break;
    return method;
}
