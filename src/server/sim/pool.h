/* pool.h -- arrays that grow and are given back, without the heap: sizes double, and each size has
 * a list of free ones. So the cells' arrays take no more than was once in use at the same time,
 * whichever cells use them. Inside sim/ only. Sim thread. */
#ifndef OPENMMO_SIM_POOL_H
#define OPENMMO_SIM_POOL_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

#define POOL_SIZES      18 /* 64 bytes << size */
#define POOL_ITEM_BYTES 32 /* no item of an array is larger */

struct pool {
    void *free[POOL_SIZES]; /* each begins with the next one's address */
    struct pool_chunk *chunks;
};

/* Make *array, of *room items (NULL, 0: none yet), at least n items long; what is new is zero. -1:
 * out of memory, nothing changed. */
int pool_grow(struct pool *pool, void **array, uint32_t *room, size_t n,
              size_t item_bytes) MUST_CHECK;
/* Give an array back; it is then none. */
void pool_give(struct pool *pool, void **array, uint32_t *room, size_t item_bytes);
void pool_fini(struct pool *pool); /* frees all, whoever has it */

#endif
