/* gather.h -- what one player lacks of a snapshot, as few records as possible.
 *
 * In this order: queued frames | chat | CLOCK | SELF | IDENTITY | VIEW | blocks, nearest cell
 * first. A record ends on a message's end; what a receiver is said to have moves when its bytes go
 * into a record, and every record is encrypted before the next is begun. When the socket takes no
 * more, the rest is left: newer state comes with the next snapshot. Owner: the session's io thread.
 */
#ifndef OPENMMO_PLAY_GATHER_H
#define OPENMMO_PLAY_GATHER_H

#include "play/session.h"

/* Send to a playing session. It may be closed afterwards. */
void gather(struct session *session, struct snapshot *snapshot);

#endif
