/* blocks.h -- which cells one player is told of now: VIEW and the blocks of a snapshot.
 *
 * Each cell in view has its tier (tiers.h) by its distance, the player's shift and the floor, and
 * is told of when its turn comes: by the shortest block that reaches back to what the receiver has,
 * so a turn that was missed costs a longer block, and only beyond 32 ticks a full one. Cells of
 * tier 0 and 1 first, nearest first; then the others, from where the last turn had to stop. Full
 * blocks go by the same order and by what is left of the byte budget. Owner: the session's io
 * thread. */
#ifndef OPENMMO_PLAY_BLOCKS_H
#define OPENMMO_PLAY_BLOCKS_H

#include "play/record.h"

/* Into the record, as far as socket and budget allow. self: the session's own entity. */
void blocks_gather(struct record *record, struct snapshot *snapshot,
                   const struct snapshot_entity *self);

/* What the session would be sent at another shift: for pace_growth, context: the session. */
uint32_t blocks_growth(const void *context, unsigned from, unsigned to);

#endif
