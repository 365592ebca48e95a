/* mailbox.h -- the newest snapshot for one reader: a slot of one, latest wins.
 *
 * put: the sim thread, by atomic exchange; what was not taken is given back and counted as skipped.
 * take: the reader's thread; it owns the reference. */
#ifndef OPENMMO_SIM_MAILBOX_H
#define OPENMMO_SIM_MAILBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "sim/snapshot.h"

struct mailbox {
    struct snapshot *_Atomic newest;
    _Atomic uint64_t skipped;
};

void mailbox_put(struct mailbox *mailbox, struct snapshot *snapshot); /* takes one reference */
struct snapshot *mailbox_take(struct mailbox *mailbox);               /* NULL: nothing new */
bool mailbox_waits(const struct mailbox *mailbox);                    /* is something new there? */
void mailbox_fini(struct mailbox *mailbox);

#endif
