/* postbox.c -- a stack that posters push to by compare-and-swap and the loop takes whole, turned
 * round; an eventfd wakes the loop. */
#include "ops/postbox.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

struct postbox {
    struct postbox_item *_Atomic newest;
    int fd;
    struct event *event;
};

static void wake(struct postbox *postbox)
{
    const uint64_t one = 1;

    /* It can fail only when the counter is full, and then the loop is awake already. */
    if (write(postbox->fd, &one, sizeof(one)) < 0)
        return;
}

static void woken(evutil_socket_t fd, short what, void *context)
{
    uint64_t count;

    (void)what;
    if (read(fd, &count, sizeof(count)) < 0 && errno != EAGAIN)
        return;
    postbox_drain(context);
}

struct postbox *postbox_new(struct event_base *base, struct error *error)
{
    struct postbox *postbox = calloc(1, sizeof(*postbox));

    if (!postbox) {
        error_set(error, "out of memory");
        return NULL;
    }
    postbox->fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (postbox->fd < 0) {
        error_set(error, "cannot make an eventfd: %s", strerror(errno));
        goto fail;
    }
    postbox->event = event_new(base, postbox->fd, EV_READ | EV_PERSIST, woken, postbox);
    if (!postbox->event || event_add(postbox->event, NULL) < 0) {
        error_set(error, "cannot watch an eventfd");
        goto fail;
    }
    return postbox;
fail:
    postbox_free(postbox);
    return NULL;
}

void postbox_free(struct postbox *postbox)
{
    if (!postbox)
        return;
    postbox_drain(postbox);
    if (postbox->event)
        event_free(postbox->event);
    if (postbox->fd >= 0)
        close(postbox->fd);
    free(postbox);
}

int postbox_fd(const struct postbox *postbox)
{
    return postbox->fd;
}

void postbox_post(struct postbox *postbox, struct postbox_item *item)
{
    struct postbox_item *newest = atomic_load_explicit(&postbox->newest, memory_order_relaxed);

    /* Release: what the item holds is seen by who takes the stack. */
    do {
        item->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&postbox->newest, &newest, item,
                                                    memory_order_release, memory_order_relaxed));
    if (!newest) /* the first since the last drain: nobody has woken the loop yet */
        wake(postbox);
}

void postbox_drain(struct postbox *postbox)
{
    /* Acquire: pairs with the posters' release. */
    struct postbox_item *item =
        atomic_exchange_explicit(&postbox->newest, NULL, memory_order_acquire);
    struct postbox_item *oldest = NULL;

    while (item) { /* newest first: turn round */
        struct postbox_item *next = item->next;

        item->next = oldest;
        oldest = item;
        item = next;
    }
    while (oldest) {
        struct postbox_item *next = oldest->next; /* run may free it */

        oldest->run(oldest);
        oldest = next;
    }
}
