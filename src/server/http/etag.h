/* etag.h -- what names a version of an answer, and whether the client has it already (RFC 9110,
 * 8.8.3, 13.1). Pure. */
#ifndef OPENMMO_HTTP_ETAG_H
#define OPENMMO_HTTP_ETAG_H

#include <stdbool.h>
#include <stddef.h>

#define ETAG_HASH_BYTES 16
#define ETAG_BYTES      32 /* with its NUL: W/"22 characters" */

/* By the content (BLAKE2b). weak: the same for the plain bytes and for gzip's. */
void etag_make(const void *bytes, size_t len_bytes, bool weak, char etag[ETAG_BYTES]);

/* By a hash that is known. */
void etag_text(const unsigned char hash[ETAG_HASH_BYTES], bool weak, char etag[ETAG_BYTES]);

/* A value of If-None-Match names it, or is "*": weak comparison, for 304. NULL: there was none. */
bool etag_listed(const char *list, const char *etag);
/* A value of If-Range or If-Match is it: strong comparison, so a weak one never is. */
bool etag_same(const char *given, const char *etag);

#endif
