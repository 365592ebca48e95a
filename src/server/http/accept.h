/* accept.h -- what a client says that it takes: Accept-Encoding with its q-values (RFC 9110,
 * 12.5.3). Pure. */
#ifndef OPENMMO_HTTP_ACCEPT_H
#define OPENMMO_HTTP_ACCEPT_H

#include <stdbool.h>

/* True: gzip is taken, and not liked less than the plain bytes. header: Accept-Encoding's value,
 * NULL: there is none. What is malformed in it is passed over. */
bool accept_gzip(const char *header);

#endif
