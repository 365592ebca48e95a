/* post.c -- see post.h. */
#include "net/post.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "common/queue.h"

struct call {
    post_fn *fn;
    void *argument;
};

struct post {
    struct queue *calls;
    void *context;
    int fd;
    atomic_bool woken; /* the eventfd was written and post_run has not looked yet */
};

struct post *post_new(size_t capacity, size_t reserved, void *context, struct error *error)
{
    struct post *post = calloc(1, sizeof(*post));

    if (post == NULL) {
        error_set(error, "out of memory");
        return NULL;
    }
    post->context = context;
    post->calls = queue_new(sizeof(struct call), capacity, reserved);
    post->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (post->calls == NULL || post->fd < 0) {
        error_set(error, "cannot make an eventfd: %s", strerror(errno));
        post_free(post);
        return NULL;
    }
    return post;
}

void post_free(struct post *post)
{
    if (post == NULL)
        return;
    queue_free(post->calls);
    if (post->fd >= 0)
        close(post->fd);
    free(post);
}

int post_fd(const struct post *post)
{
    return post->fd;
}

void post_wake(struct post *post)
{
    uint64_t one = 1;

    /* acq_rel: what we queued happens before the consumer's exchange in post_run, or we see its
     * `false` and write */
    if (!atomic_exchange_explicit(&post->woken, true, memory_order_acq_rel)) {
        ssize_t written = write(post->fd, &one, sizeof(one));
        (void)written; /* the counter cannot be full: it is written once between two reads */
    }
}

int post_call(struct post *post, post_fn *fn, void *argument)
{
    if (queue_push(post->calls, &(struct call){fn, argument}) != 0)
        return -1;
    post_wake(post);
    return 0;
}

int post_call_reserved(struct post *post, post_fn *fn, void *argument)
{
    if (queue_push_reserved(post->calls, &(struct call){fn, argument}) != 0)
        return -1;
    post_wake(post);
    return 0;
}

void post_run(struct post *post)
{
    uint64_t count;
    struct call call;
    ssize_t taken = read(post->fd, &count, sizeof(count));

    (void)taken; /* empty: somebody runs us without having been woken */
    /* acq_rel: see post_wake; what is queued from here on writes the eventfd again */
    atomic_exchange_explicit(&post->woken, false, memory_order_acq_rel);
    while (queue_pop(post->calls, &call))
        call.fn(post->context, call.argument);
}
