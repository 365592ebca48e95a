/* security.h -- the headers that tell browsers to be careful: the defaults of Helmet 8, which the
 * old stack used. Constant. */
#ifndef OPENMMO_HTTP_SECURITY_H
#define OPENMMO_HTTP_SECURITY_H

#include <stdbool.h>
#include <stddef.h>

struct security_header {
    const char *name, *value;
    bool only_secure; /* only where it came by TLS */
};

extern const struct security_header security_headers[];
extern const unsigned security_headers_n;

/* All of them as lines that end in CR LF. */
const char *security_lines(bool secure, size_t *len_bytes);

#endif
