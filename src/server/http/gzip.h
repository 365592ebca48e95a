/* gzip.h -- bodies made smaller for who takes it so. One a thread: its memory (some 260 KiB) stays
 * from one use to the next. */
#ifndef OPENMMO_HTTP_GZIP_H
#define OPENMMO_HTTP_GZIP_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

#define GZIP_LEAST_BYTES 1024 /* what is shorter is not worth it */

struct gzip; /* opaque; owned by one thread */

/* NULL: out of memory. */
struct gzip *gzip_new(void);
void gzip_free(struct gzip *gzip); /* NULL is fine */

/* The most that len_bytes can become. */
size_t gzip_bound(size_t len_bytes);
/* bytes -> out, whole. Returns its length; 0: it did not fit into room, or would not have become
 * smaller. */
size_t gzip_pack(struct gzip *gzip, const void *bytes, size_t len_bytes, void *out,
                 size_t room) MUST_CHECK;

#endif
