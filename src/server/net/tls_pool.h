/* tls_pool.h -- where OpenSSL's memory comes from, and our own that a connection takes in few sizes
 * and changes as others do: each thread's own pool of size classes.
 *
 *   64 KiB slabs, each of one class and one thread, in one reserved range of addresses
 *   alloc   the thread's newest slab with room       free by the owner    back into its slab
 *                                                    free by another      onto the owner's stack,
 *                                                                         taken when it needs more
 *
 * So a connection's record costs no lock and no call of malloc, the buffers that OpenSSL takes and
 * gives back with each record are the same warm ones, and what TLS holds is known apart. A slab
 * that is empty goes back to the kernel but for a few. What is larger than a class, and everything
 * where the range cannot be reserved, is malloc's. A thread that ends leaves its pool to the next
 * one.
 *
 * Built with a sanitizer nothing is pooled, so that it sees each block: only counted. Any thread.
 */
#ifndef OPENMMO_NET_TLS_POOL_H
#define OPENMMO_NET_TLS_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

#define TLS_POOL_BLOCK_MAX 20480 /* larger ones are malloc's */
#define TLS_POOL_SLAB_BYTES                                                                        \
    (64 * 1024) /* what is taken from the kernel at once, and given back                           \
                 */

/* Let OpenSSL use the pool. First of all, before anything of OpenSSL has run. 0; -1: it is too late
 * or there is no room to reserve: OpenSSL goes on with malloc, uncounted. */
int tls_pool_install(void) MUST_CHECK;

/* As malloc, realloc and free. For OpenSSL and for tests; blocks of one are not the other's. */
void *tls_pool_alloc(size_t n_bytes);
/* As above. */
void *tls_pool_realloc(void *block, size_t n_bytes);
/* Any thread; NULL is fine. */
void tls_pool_free(void *block);

/* As tls_pool_realloc, for ourselves: not counted as OpenSSL's. When a crowd's arrays grow, all to
 * the next size, what they leave is whole slabs and not holes. Given back by tls_pool_free. */
void *tls_pool_own(void *block, size_t n_bytes);

/* Add what this thread has counted to METRIC_TLS_ALLOCATIONS. Its loop calls it, once a turn. */
void tls_pool_count(void);

#endif
