/* limits.h -- how often one address, or one account, may ask, by class of route: one table for the
 * whole HTTP face, in memory that is taken once.
 *
 * Each (who, class) that asks has a token bucket, kept as the time at which it will be full again.
 * The table is sets of a few places, found by a keyed hash, so that nobody can aim at one. A
 * newcomer takes the place of the bucket in its set that misses the least: a flood of addresses
 * that ask once each displaces one another, and never one that is being limited. Where all places
 * of a set are being limited newcomers of their class share one bucket that is LIMITS_SHARED times
 * as large: they are neither all let through nor all shut out. Any thread; a set's lock is held for
 * a few instructions. */
#ifndef OPENMMO_HTTP_LIMITS_H
#define OPENMMO_HTTP_LIMITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "common/compiler.h"
#include "http/route.h"
#include "net/bucket.h"

#define LIMITS_SHARED 64

struct limits; /* opaque */

struct limits_answer {
    bool allowed;
    uint32_t limit;     /* at once, after a quiet time; 0: this class is not limited */
    uint32_t remaining; /* now */
    uint32_t full_s;    /* until all are there again, rounded up */
    uint32_t retry_s;   /* not allowed: until one is, rounded up, at least 1 */
};

/* places: rounded up to a power of two; 16 bytes each. Each class as rates has it; tokens 0: not
 * limited. NULL: out of memory. */
struct limits *limits_new(size_t places, const struct bucket_rate rates[ROUTE_RATES_N]);
void limits_free(struct limits *limits); /* NULL is fine */
/* New rates; what was taken stays taken. */
void limits_set_rates(struct limits *limits, const struct bucket_rate rates[ROUTE_RATES_N]);

/* One request. An address is an IPv4 /32 or an IPv6 /64. now_us: a clock that does not step back,
 * the same for all threads. */
struct limits_answer limits_take_address(struct limits *limits, enum route_class class_of,
                                         const struct sockaddr *address, uint64_t now_us);
/* As above, of an account. */
struct limits_answer limits_take_account(struct limits *limits, enum route_class class_of,
                                         uint64_t account, uint64_t now_us);

#endif
