/* native.h -- what each message of the game port does: one row and one function each.
 * Owner: the session's io thread. */
#ifndef OPENMMO_PLAY_NATIVE_H
#define OPENMMO_PLAY_NATIVE_H

#include "common/protocol.h"
#include "play/session.h"

enum native_result {
    NATIVE_DONE, /* taken */
    NATIVE_WAIT, /* not taken: there is no room now; offer it again after the next sweep */
    NATIVE_BAD,  /* malformed, or not a client's at this point: close */
};

/* One frame from a client. The session may be ending or closed afterwards. */
enum native_result native_take(struct session *session,
                               const struct protocol_frame *frame) MUST_CHECK;

#endif
