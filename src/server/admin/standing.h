/* standing.h -- how an address stands at this moment: banned, locked out of logins, held back by a
 * limit, or well. Put together from who judges it: bans, throttle, and what the doors told the
 * tally. Control thread. */
#ifndef OPENMMO_ADMIN_STANDING_H
#define OPENMMO_ADMIN_STANDING_H

#include <stdint.h>

#include "accounts/ban_table.h"
#include "admin/method.h"
#include "net/tally.h"

/* The gravest first. */
enum standing_state {
    STANDING_BANNED,
    STANDING_AUTH_LOCKED,  /* no login from there: too many were wrong */
    STANDING_CONN_CAPPED,  /* too many connections that are not logged in */
    STANDING_CONN_PACED,   /* opens connections too fast */
    STANDING_RATE_LIMITED, /* sends messages or requests too fast */
    STANDING_EXEMPT,       /* no limit applies to it */
    STANDING_OK,
};

struct standing {
    enum standing_state state;
    uint64_t until_ms;            /* Unix time; 0: no end, or none is known */
    uint64_t ban;                 /* BANNED: its number */
    char why[BAN_REASON_MAX + 1]; /* for an operator; "": OK, EXEMPT */
};

/* now_ms: the steady clock, as the tally's times. */
void standing_of(const struct method_desk *desk, const struct tally_row *row, uint64_t now_ms,
                 struct standing *standing);
const char *standing_word(enum standing_state state); /* "auth-locked"; constant */

#endif
