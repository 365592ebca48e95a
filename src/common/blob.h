/* blob.h -- immutable bytes with a reference count, for what several threads hand round (chat
 * lines, names). Any thread. */
#ifndef OPENMMO_COMMON_BLOB_H
#define OPENMMO_COMMON_BLOB_H

#include <stddef.h>
#include <stdint.h>

struct blob {
    _Atomic uint32_t references;
    uint32_t len_bytes;
    char bytes[]; /* len_bytes, then a NUL that does not count */
};

/* Copies bytes (a NUL follows). One reference, the caller's. NULL when out of memory. */
struct blob *blob_new(const void *bytes, size_t len_bytes);
struct blob *blob_ref(struct blob *blob); /* returns blob; NULL stays NULL */
void blob_unref(struct blob *blob);       /* the last one frees; NULL is fine */

#endif
