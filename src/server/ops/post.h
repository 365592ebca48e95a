/* post.h -- one POST at a time to somewhere else, with libcurl. Blocks: for a thread of its own. */
#ifndef OPENMMO_OPS_POST_H
#define OPENMMO_OPS_POST_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct post; /* opaque */

struct post_answer {
    long status;            /* 0: nobody answered, *why says it */
    uint32_t retry_after_s; /* as the answer asks for, an hour at most; 0: it does not */
    char why[256];
};

/* Once, before any thread: libcurl's own. */
void post_init(void);
/* stop: given up as soon as it is set. NULL: out of memory. */
struct post *post_new(const _Atomic bool *stop);
void post_free(struct post *post); /* NULL is fine */
/* http and https only, redirects are not followed, at most 5 s. header: one more line; NULL: none.
 */
void post_send(struct post *post, const char *url, const char *type, const char *header,
               const char *body, struct post_answer *answer);

#endif
