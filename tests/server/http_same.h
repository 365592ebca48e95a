/* http_same.h -- compares what parse.h made of a head with what the oracle made of it. */
#ifndef OPENMMO_TESTS_HTTP_SAME_H
#define OPENMMO_TESTS_HTTP_SAME_H

#include <string.h>
#include <strings.h>

#include "http/parse.h"
#include "http_oracle.h"

static inline bool oracle_same_text(const struct oracle_text *text, const char *at, size_t n)
{
    size_t end = text->n;

    while (end > 0 && (text->bytes[end - 1] == ' ' || text->bytes[end - 1] == '\t'))
        end--; /* it leaves the blanks behind a value */
    return end == n && memcmp(text->bytes, at, n) == 0;
}

static inline bool oracle_same_body(const struct oracle *oracle, const char *at, size_t n)
{
    return oracle->body.n == n && memcmp(oracle->body.bytes, at, n) == 0;
}

/* Its known slip: a name that goes on behind "Transfer-Encoding" counts as that one. */
static inline bool oracle_slips(const char *bytes, const struct parse_head *head)
{
    static const char name[] = "transfer-encoding";

    for (unsigned i = 0; i < head->headers_n; i++)
        if (head->headers[i].name.len_bytes > strlen(name) &&
            strncasecmp(bytes + head->headers[i].name.at, name, strlen(name)) == 0)
            return true;
    return false;
}

/* NULL: it took the same head that we did; else what differs. */
static inline const char *oracle_differs(const struct oracle *oracle, const char *bytes,
                                         const struct parse_head *head)
{
    if (oracle_slips(bytes, head))
        return NULL;
    if (!oracle->headers_done)
        return oracle->error;
    if (strcmp(oracle->method, http_method_name(head->method)) != 0)
        return "method";
    if (!oracle_same_text(&oracle->target, bytes + head->target.at, head->target.len_bytes))
        return "target";
    if (oracle->minor != (head->http_1_0 ? 0 : 1))
        return "version";
    if (oracle->headers_n != head->headers_n)
        return "number of headers";
    for (unsigned i = 0; i < head->headers_n; i++) {
        const struct parse_header *header = &head->headers[i];
        if (!oracle_same_text(&oracle->names[i], bytes + header->name.at, header->name.len_bytes) ||
            !oracle_same_text(&oracle->values[i], bytes + header->value.at,
                              header->value.len_bytes))
            return "a header";
    }
    if (oracle->chunked != (head->body == PARSE_CHUNKED))
        return "chunked or not";
    return NULL;
}

#endif
