/* reconnect.h -- when to try again after a session ended, and when not to.
 *
 * A lost connection and a restart are tried again after 1, 2, 4 ... 30 s with up to a quarter of
 * jitter; what a person decided (a kick, a wrong password, another login) never by itself. Pure;
 * any thread. */
#ifndef OPENMMO_CLIENT_RECONNECT_H
#define OPENMMO_CLIENT_RECONNECT_H

#include <stdbool.h>
#include <stdint.h>

#define RECONNECT_DELAY_MAX_MS 30000

/* May a client come back by itself after this reason (enum protocol_reason)? lost: no DISCONNECT
 * came, the connection broke. */
bool reconnect_allowed(unsigned reason, bool lost);

/* How long to wait before try number `attempt` (0: the first). retry_after_ms: the server's wish, a
 * lower bound, and where it decides it is kept to exactly. random: any 32 random bits. */
uint32_t reconnect_delay_ms(unsigned attempt, uint32_t retry_after_ms, uint32_t random);

#endif
