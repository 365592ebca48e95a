/* query.h -- percent-encoded text of a request's target: path segments and "a=1&b=2". Pure. */
#ifndef OPENMMO_HTTP_QUERY_H
#define OPENMMO_HTTP_QUERY_H

#include <stdbool.h>
#include <stddef.h>

#include "common/compiler.h"

/* Percent-decode once; plus: '+' is a blank (in queries). out ends in NUL. Returns the length; -1:
 * a '%' without two hex digits, a control character (NUL too), not UTF-8, or longer than out_bytes
 * with its NUL. */
int query_decode(const char *text, size_t len_bytes, bool plus, char *out,
                 size_t out_bytes) MUST_CHECK;

struct query_text {
    const char *at; /* behind the '?' */
    size_t len_bytes;
};

/* One parameter, decoded: the first of its name (which is compared as decoded). Its length; -1: it
 * is absent; -2: malformed, or longer than out_bytes with its NUL. */
int query_find(struct query_text query, const char *name, char *out, size_t out_bytes) MUST_CHECK;

#endif
