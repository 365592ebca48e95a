/* method.h -- the methods of HTTP that we know; another one is answered with 501. */
#ifndef OPENMMO_HTTP_METHOD_H
#define OPENMMO_HTTP_METHOD_H

#include <stddef.h>

enum http_method {
    HTTP_GET,
    HTTP_HEAD,
    HTTP_POST,
    HTTP_PUT,
    HTTP_PATCH,
    HTTP_DELETE,
    HTTP_OPTIONS,
    HTTP_METHODS /* how many */
};

/* "GET". */
const char *http_method_name(enum http_method method);
/* Case counts, as RFC 9110 has it. HTTP_METHODS: none of ours. */
enum http_method http_method_find(const char *name, size_t len_bytes);

#endif
