/* order.h -- in which order a sweep goes through the players: neighbours one after the other, so
 * that the cells both see are still in the processor's cache when the second one's turn comes.
 *
 * By the level 0 cell that each stands in, along the Z curve (Morton, 1966). Who came between two
 * orderings is last; those of one cell stay as they were. Owner: the host's io thread. */
#ifndef OPENMMO_PLAY_ORDER_H
#define OPENMMO_PLAY_ORDER_H

#include <stdint.h>

#include "common/space.h"
#include "play/host.h"

#define ORDER_TICKS 20 /* from one ordering to the next: nobody walks far in between */

/* Where a level 0 cell lies on the curve; the coordinates' low 16 bits count, which is all that a
 * world has. */
uint32_t order_place(struct space_cell cell);
/* Put the list in order by seat.place. No memory is taken; n log n. */
void order_list(struct host_list *list);
/* Put those who play in order, as the snapshot shows them. Who is not there is first. */
void order_seats(struct host_list *list, const struct snapshot *snapshot);

#endif
