/* post.h -- calls handed from one thread to another's loop.
 *
 * A bounded queue of (function, argument) from one producer thread to one consumer thread, and an
 * eventfd that makes the consumer's loop look. Anybody may also just wake the consumer. */
#ifndef OPENMMO_NET_POST_H
#define OPENMMO_NET_POST_H

#include <stddef.h>

#include "common/compiler.h"
#include "common/error.h"

struct post;

typedef void post_fn(void *context, void *argument);

/* capacity, reserved: as in queue_new. context goes to each call. NULL + error. */
struct post *post_new(size_t capacity, size_t reserved, void *context, struct error *error);
/* No thread may use it any more. Calls still inside are forgotten. NULL is fine. */
void post_free(struct post *post);

int post_fd(const struct post *post); /* readable when post_run has something to do */

/* Producer thread. 0; -1 when full (but for the reserved room). */
int post_call(struct post *post, post_fn *fn, void *argument) MUST_CHECK;
int post_call_reserved(struct post *post, post_fn *fn, void *argument) MUST_CHECK;
/* Any thread: make the consumer's loop turn. */
void post_wake(struct post *post);
/* Consumer thread: make all calls that are there. */
void post_run(struct post *post);

#endif
