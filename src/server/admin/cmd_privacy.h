/* cmd_privacy.h -- what the erasure of an account needs between two calls. Control thread. */
#ifndef OPENMMO_ADMIN_CMD_PRIVACY_H
#define OPENMMO_ADMIN_CMD_PRIVACY_H

#include "admin/method.h"

/* One at a time. */
struct erasure {
    uint64_t player; /* 0: none is under way */
    uint64_t tag;    /* of the call that waits */
    bool asked;      /* the database was */
    unsigned waited_s;
    char quoted[TEXT_NAME_MAX_BYTES * 6]; /* the name as a JSON string */
};

/* Once a second: goes on where the player has gone. */
void cmd_privacy_second(const struct method_desk *desk);

#endif
