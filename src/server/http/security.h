/* security.h -- the headers that tell browsers to be careful: the defaults of Helmet 8, which the
 * old stack used. Constant.
 *
 * What speaks of HTTPS goes only where it came by TLS: Strict-Transport-Security, and of the policy
 * upgrade-insecure-requests, by which a browser would ask a plain port for a page's own scripts by
 * HTTPS, and get none. */
#ifndef OPENMMO_HTTP_SECURITY_H
#define OPENMMO_HTTP_SECURITY_H

#include <stdbool.h>
#include <stddef.h>

/* All of them as lines that end in CR LF. */
const char *security_lines(bool secure, size_t *len_bytes);

#endif
