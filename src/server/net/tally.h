/* tally.h -- what came from each address lately: who connects, who fails, who is refused and why.
 * One table for the whole server, for operators to look at; no limit hangs on it.
 *
 * An address is an IPv4 /32 or an IPv6 /64. Memory is taken once: the table is sets of a few
 * places, found by a keyed hash, so that nobody can aim at one. Who has something open keeps his
 * place; of the others a newcomer takes the place of the one that gave the least trouble, and
 * among equals of the one that was not heard of for the longest time. So a flood of addresses that
 * come once displace one another, and never one that guesses passwords. Where all of a set have
 * something open a newcomer is not counted (tally_untold says how many were not). Who was not
 * heard of for TALLY_FORGET_MS begins anew.
 *
 * Any thread; a set's lock is held for a few instructions. Times: the steady clock, ms. A NULL
 * tally counts nothing. */
#ifndef OPENMMO_NET_TALLY_H
#define OPENMMO_NET_TALLY_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "net/network.h"

#define TALLY_FORGET_MS UINT64_C(3600000)
#define TALLY_RATE_MS   10000 /* over which new connections are averaged */

struct tally; /* opaque */

enum tally_count {
    TALLY_ACCEPTED,      /* connections */
    TALLY_REFUSED,       /* connections, for a limit on their address or because all were taken */
    TALLY_BANNED,        /* connections, for a ban on their address */
    TALLY_UNSHAKEN,      /* TLS handshakes that came to nothing */
    TALLY_LOGIN_FAILED,  /* wrong name, password, token or code */
    TALLY_LOGIN_LIMITED, /* logins refused by a limit */
    TALLY_LIMITED,       /* messages and requests refused by a limit */
    TALLY_BYTES_IN,      /* on sockets; told in lots of TALLY_LOT_BYTES and at the end */
    TALLY_BYTES_OUT,
    TALLY_COUNTS_N
};

#define TALLY_LOT_BYTES (16 * 1024)

/* What there is now. */
enum tally_gauge { TALLY_OPEN, TALLY_BEFORE_LOGIN, TALLY_PLAYERS, TALLY_GAUGES_N };

/* Why something of an address is refused for a while. */
enum tally_block {
    TALLY_CROWDED, /* it has as many connections that are not logged in as it may */
    TALLY_FAST,    /* it opens connections too fast */
    TALLY_ASKING,  /* it sends messages or requests too fast */
    TALLY_BLOCKS_N
};

struct tally_row {
    struct network network; /* canonical */
    uint64_t counts[TALLY_COUNTS_N];
    uint32_t gauges[TALLY_GAUGES_N];
    uint32_t new_milli; /* new connections a second, tried ones too, in thousandths */
    uint64_t first_ms, last_ms;
    uint64_t until_ms[TALLY_BLOCKS_N]; /* refused for that until then; 0: never was */
};

/* places: rounded up to a power of two; about 170 bytes each. NULL: out of memory. */
struct tally *tally_new(size_t places);
void tally_free(struct tally *tally); /* NULL is fine */

/* So many more of it. */
void tally_add(struct tally *tally, const struct sockaddr *address, enum tally_count count,
               uint64_t n, uint64_t now_ms);
/* Its connection was refused for that, and will be until then. */
void tally_block(struct tally *tally, const struct sockaddr *address, enum tally_block why,
                 uint64_t until_ms, uint64_t now_ms);
/* One more there is. False: there was no place, and it is not counted; else tally_drop must
 * follow. */
bool tally_hold(struct tally *tally, const struct sockaddr *address, enum tally_gauge gauge,
                uint64_t now_ms);
/* The end of what tally_hold counted. */
void tally_drop(struct tally *tally, const struct sockaddr *address, enum tally_gauge gauge,
                uint64_t now_ms);

/* Each address that is remembered, in no order. The row is the callee's for the call; no lock is
 * held. */
void tally_each(struct tally *tally, uint64_t now_ms,
                void (*visit)(void *context, const struct tally_row *row), void *context);
/* What was not counted for want of a place. */
uint64_t tally_untold(const struct tally *tally);
/* An address as the table knows it: IPv4 whole, of IPv6 the /64. */
void tally_network(const struct sockaddr *address, struct network *network);
/* What it gave to do besides bytes: the sum of what failed and was refused. */
uint64_t tally_trouble(const struct tally_row *row);

#endif
