/* mailbox.c -- see mailbox.h. */
#include "sim/mailbox.h"

#include <stdatomic.h>
#include <stddef.h>

void mailbox_put(struct mailbox *mailbox, struct snapshot *snapshot)
{
    /* acq_rel: publish the snapshot's bytes; what comes back was ours */
    struct snapshot *old =
        atomic_exchange_explicit(&mailbox->newest, snapshot, memory_order_acq_rel);

    if (old != NULL) {
        /* relaxed: a count */
        atomic_fetch_add_explicit(&mailbox->skipped, 1, memory_order_relaxed);
        snapshot_unref(old);
    }
}

struct snapshot *mailbox_take(struct mailbox *mailbox)
{
    /* acquire: see the snapshot's bytes */
    return atomic_exchange_explicit(&mailbox->newest, NULL, memory_order_acq_rel);
}

bool mailbox_waits(const struct mailbox *mailbox)
{
    /* relaxed: who takes it sees its bytes */
    return atomic_load_explicit(&mailbox->newest, memory_order_relaxed) != NULL;
}

void mailbox_fini(struct mailbox *mailbox)
{
    snapshot_unref(mailbox_take(mailbox));
}
