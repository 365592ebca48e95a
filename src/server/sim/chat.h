/* chat.h -- the last lines that were said, and the blobs that snapshots may still show. Inside sim/
 * only. Sim thread. */
#ifndef OPENMMO_SIM_CHAT_H
#define OPENMMO_SIM_CHAT_H

#include "sim/snapshot.h"

/* A channel's, so that much talk in one takes nothing from another. */
struct chat_ring {
    struct snapshot_chat_line
        lines[SNAPSHOT_CHAT_LINES]; /* the n-th ever said lies at n % SNAPSHOT_CHAT_LINES */
    uint64_t said;                  /* so many, ever */
};

struct chat {
    struct chat_ring rings[PROTOCOL_CHANNELS_N]; /* own their lines' blobs */
    uint64_t sequence;                           /* of the newest; 0: none yet */
};

/* Blobs that were replaced in a tick: older snapshots may still borrow them. */
struct graveyard {
    struct grave {
        struct blob *blob;
        uint32_t tick;
    } * graves; /* oldest first */
    uint32_t n, room;
};

/* Add a line of a channel that there is (its sequence is set here); takes the line's blobs. What it
 * pushes out goes to the graveyard. */
void chat_add(struct chat *chat, const struct snapshot_chat_line *line, struct graveyard *graveyard,
              uint32_t tick);
/* Add a line of an earlier run, with the sequence that it had, which must be higher than any here.
 */
void chat_restore(struct chat *chat, const struct snapshot_chat_line *line);
/* Lines with sequence > after, oldest first, as snapshot_chat. Any thread may have a copy. */
size_t chat_find(const struct chat_ring rings[PROTOCOL_CHANNELS_N], uint64_t after,
                 const struct snapshot_chat_line **lines, size_t max);
void chat_fini(struct chat *chat); /* gives its blobs up */

/* Takes the reference; NULL is fine. Out of memory: the blob is leaked, which is the lesser evil.
 */
void graveyard_put(struct graveyard *graveyard, struct blob *blob, uint32_t tick);
/* Free what no snapshot of `oldest` or later shows. */
void graveyard_collect(struct graveyard *graveyard, uint32_t oldest);
void graveyard_fini(struct graveyard *graveyard); /* no snapshot is held any more */

#endif
