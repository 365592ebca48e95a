/* postbox.h -- the way back to a thread with an event loop: any thread posts, the loop's thread
 * runs.
 *
 * Items are intrusive, so that posting never allocates and never fails; they run in the order in
 * which each poster posted them. What bounds the number of items is what bounds the work that they
 * answer. */
#ifndef OPENMMO_OPS_POSTBOX_H
#define OPENMMO_OPS_POSTBOX_H

#include <event2/event.h>

#include "common/compiler.h"
#include "common/error.h"

struct postbox; /* opaque */

/* First member of what is posted. From post to run it belongs to the postbox. */
struct postbox_item {
    struct postbox_item *next;
    void (*run)(struct postbox_item *item); /* on the loop's thread; may free the item */
};

/* base: the loop to run on; borrowed. NULL + error. */
struct postbox *postbox_new(struct event_base *base, struct error *error);
/* Runs what was posted and is not yet run, then frees. No thread may post any more. NULL is fine.
 * Loop's thread (or after its loop ended). */
void postbox_free(struct postbox *postbox);

/* Readable from when something was posted until the loop looks. For polling by the loop's thread.
 */
int postbox_fd(const struct postbox *postbox);
void postbox_post(struct postbox *postbox, struct postbox_item *item); /* any thread */
/* Run what lies there now, without waiting for the loop. Loop's thread. */
void postbox_drain(struct postbox *postbox);

#endif
