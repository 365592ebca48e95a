/* channels.h -- the ways into the sim and out of it: for each thread that speaks with it (control,
 * then each io thread) a queue of commands in and a mailbox for snapshots out; for control alone, a
 * queue of what must not be lost.
 *
 * Made and given up by control while nobody uses them; who pushes and pops in between, and on which
 * thread, is said by ticker.h and sessions.h. */
#ifndef OPENMMO_SERVER_CHANNELS_H
#define OPENMMO_SERVER_CHANNELS_H

#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/queue.h"
#include "sim/mailbox.h"

struct channels {
    unsigned readers_n;        /* control, and each io thread */
    struct queue **commands;   /* [0] control's, then one an io thread */
    struct mailbox *mailboxes; /* the same */
    struct queue *events;      /* sim -> control */
};

/* io_threads: at least 1. 0; -1 + error: channels_fini is still due. */
int channels_init(struct channels *channels, uint32_t players_max, unsigned io_threads,
                  struct error *error) MUST_CHECK;
/* What still waits is dropped. Zeroed ones are fine. */
void channels_fini(struct channels *channels);

#endif
