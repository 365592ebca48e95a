/* http_oracle.h -- what libhttp_parser makes of a request, to compare ours with: what we take it
 * must take too, with the same fields. */
#ifndef OPENMMO_TESTS_HTTP_ORACLE_H
#define OPENMMO_TESTS_HTTP_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

#define ORACLE_TEXT_MAX    16384
#define ORACLE_HEADERS_MAX 64

struct oracle_text {
    char bytes[ORACLE_TEXT_MAX];
    size_t n;
};

struct oracle {
    bool headers_done, done; /* it took the head; and the body */
    const char *error, *method;
    int minor; /* of version 1; -1: another */
    bool chunked;
    struct oracle_text target, body;
    struct oracle_text names[ORACLE_HEADERS_MAX + 1], values[ORACLE_HEADERS_MAX + 1];
    unsigned headers_n;
    bool in_value;
};

/* All of bytes, as one request and what follows it. Returns how many it read. */
size_t oracle_read(struct oracle *oracle, const char *bytes, size_t n);

#endif
