/* pool.c -- see pool.h. */
#include "sim/pool.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define LEAST_BYTES ((size_t)64)
#define CHUNK_BYTES ((size_t)16 * 1024) /* small arrays come so many bytes at once */

struct pool_chunk {
    struct pool_chunk *next;
    _Alignas(16) uint8_t bytes[];
};

/* The smallest size that holds so many bytes; POOL_SIZES: none does. */
static unsigned size_of(size_t bytes)
{
    unsigned size = 0;

    while (size < POOL_SIZES && LEAST_BYTES << size < bytes)
        size++;
    return size;
}

static void put_free(struct pool *pool, unsigned size, void *array)
{
    *(void **)array = pool->free[size];
    pool->free[size] = array;
}

static int refill(struct pool *pool, unsigned size)
{
    size_t each = LEAST_BYTES << size;
    size_t n = each < CHUNK_BYTES ? CHUNK_BYTES / each : 1;
    struct pool_chunk *chunk = malloc(sizeof(*chunk) + n * each);

    if (chunk == NULL)
        return -1;
    chunk->next = pool->chunks;
    pool->chunks = chunk;
    while (n-- > 0)
        put_free(pool, size, chunk->bytes + n * each);
    return 0;
}

int pool_grow(struct pool *pool, void **array, uint32_t *room, size_t n, size_t item_bytes)
{
    unsigned size = size_of(n * item_bytes);
    size_t old_bytes = *room * item_bytes;
    void *bigger;

    assert(item_bytes <= POOL_ITEM_BYTES); /* so that a room tells its size */
    if (n <= *room)
        return 0;
    if (size == POOL_SIZES || (pool->free[size] == NULL && refill(pool, size) != 0))
        return -1;
    bigger = pool->free[size];
    pool->free[size] = *(void **)bigger;
    if (old_bytes > 0)
        memcpy(bigger, *array, old_bytes);
    memset((uint8_t *)bigger + old_bytes, 0, (LEAST_BYTES << size) - old_bytes);
    pool_give(pool, array, room, item_bytes);
    *array = bigger;
    *room = (uint32_t)((LEAST_BYTES << size) / item_bytes);
    return 0;
}

void pool_give(struct pool *pool, void **array, uint32_t *room, size_t item_bytes)
{
    if (*room > 0)
        put_free(pool, size_of(*room * item_bytes), *array);
    *array = NULL;
    *room = 0;
}

void pool_fini(struct pool *pool)
{
    while (pool->chunks != NULL) {
        struct pool_chunk *next = pool->chunks->next;

        free(pool->chunks);
        pool->chunks = next;
    }
    *pool = (struct pool){.chunks = NULL};
}
