/* tls_pool.c -- see tls_pool.h. */
#include "net/tls_pool.h"

#include <openssl/crypto.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "ops/metrics.h"

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define POOLED false
#else
#define POOLED true
#endif

#define RANGE_BYTES  (UINT64_C(16) << 30) /* of addresses: room for half a million connections */
#define CHUNK_BYTES  (UINT64_C(2) << 20)  /* made usable at once; the size of a huge page */
#define SLAB_HEADER  64
#define SHIFT_LEAST  4 /* classes are 16 bytes apart up to 256, then eight to each doubling */
#define CLASSES_N    72
#define SPARE_SLABS  4 /* empty ones that a pool keeps */
#define REMOTE_EVERY 256

struct block {
    struct block *next;
};

struct slab {
    struct pool *pool;            /* whose it is; never changes while it is in use */
    struct slab *previous, *next; /* among those of its class with room; or empty ones (next) */
    struct block *free;
    uint32_t block_bytes, class_of;
    uint32_t used_n, blocks_n;
    uint32_t fresh_n; /* blocks at the end that were never used */
};
_Static_assert(sizeof(struct slab) <= SLAB_HEADER, "a slab's header has its room");

struct pool {
    struct slab *with_room[CLASSES_N];
    struct slab *empty;
    unsigned empty_n;
    uint64_t asked_n;              /* blocks, ever */
    uint64_t allocations, counted; /* of them OpenSSL's; told to the metric */
    struct pool *orphan_next;
    _Alignas(64) struct block *_Atomic remote; /* freed by others */
};

/* The range, and what no pool has. Behind the lock: slabs change hands seldom. */
static struct {
    pthread_mutex_t lock;
    pthread_key_t key; /* its destructor tells that a thread ends */
    uint8_t *base;
    uint64_t usable_bytes, given_bytes;
    struct slab *free;
    struct pool *orphans;
} range = {.lock = PTHREAD_MUTEX_INITIALIZER};

static __thread struct pool *mine;

static unsigned class_of(size_t n_bytes)
{
    unsigned top = 63u - (unsigned)__builtin_clzll((n_bytes - 1) | 1);
    unsigned shift = top > SHIFT_LEAST + 3 ? top - 3 : SHIFT_LEAST;

    return 8 * (shift - SHIFT_LEAST) + (unsigned)((n_bytes - 1) >> shift);
}

static size_t class_bytes(unsigned class)
{
    return class < 16 ? (class + 1) * 16 : (size_t)(class % 8 + 9) << (class / 8 + 3);
}

static bool pooled(const void *block)
{
    return range.base != NULL && (uintptr_t)block - (uintptr_t)range.base < RANGE_BYTES;
}

static struct slab *slab_of(void *block)
{
    return (struct slab *)((uintptr_t)block & ~(uintptr_t)(TLS_POOL_SLAB_BYTES - 1));
}

/* ---- slabs ---- */

/* One from the range; NULL: it is used up, or the kernel has no memory. */
static struct slab *range_take(void)
{
    struct slab *slab;

    pthread_mutex_lock(&range.lock);
    slab = range.free;
    if (slab != NULL) {
        range.free = slab->next;
    } else {
        if (range.given_bytes == range.usable_bytes && range.usable_bytes < RANGE_BYTES &&
            mprotect(range.base + range.usable_bytes, CHUNK_BYTES, PROT_READ | PROT_WRITE) == 0)
            range.usable_bytes += CHUNK_BYTES;
        if (range.given_bytes < range.usable_bytes) {
            slab = (struct slab *)(void *)(range.base + range.given_bytes);
            range.given_bytes += TLS_POOL_SLAB_BYTES;
        }
    }
    pthread_mutex_unlock(&range.lock);
    if (slab != NULL)
        metrics_gauge(METRIC_TLS_MEMORY, TLS_POOL_SLAB_BYTES);
    return slab;
}

static void range_give(struct slab *slab)
{
    madvise(slab, TLS_POOL_SLAB_BYTES, MADV_DONTNEED);
    metrics_gauge(METRIC_TLS_MEMORY, -TLS_POOL_SLAB_BYTES);
    pthread_mutex_lock(&range.lock);
    slab->next = range.free;
    range.free = slab;
    pthread_mutex_unlock(&range.lock);
}

static void room_add(struct pool *pool, struct slab *slab)
{
    struct slab **first = &pool->with_room[slab->class_of];

    slab->previous = NULL;
    slab->next = *first;
    if (slab->next != NULL)
        slab->next->previous = slab;
    *first = slab;
}

static void room_remove(struct pool *pool, struct slab *slab)
{
    if (slab->previous != NULL)
        slab->previous->next = slab->next;
    else
        pool->with_room[slab->class_of] = slab->next;
    if (slab->next != NULL)
        slab->next->previous = slab->previous;
}

static struct slab *slab_new(struct pool *pool, unsigned class)
{
    struct slab *slab = pool->empty;

    if (slab != NULL) {
        pool->empty = slab->next;
        pool->empty_n--;
    } else {
        slab = range_take();
    }
    if (slab == NULL)
        return NULL;
    slab->pool = pool;
    slab->free = NULL;
    slab->class_of = class;
    slab->block_bytes = (uint32_t)class_bytes(class);
    slab->used_n = 0;
    slab->blocks_n = slab->fresh_n = (TLS_POOL_SLAB_BYTES - SLAB_HEADER) / slab->block_bytes;
    room_add(pool, slab);
    return slab;
}

/* ---- pools ---- */

static void pool_leave(void *context)
{
    struct pool *pool = context;

    mine = NULL;
    pthread_mutex_lock(&range.lock);
    pool->orphan_next = range.orphans;
    range.orphans = pool;
    pthread_mutex_unlock(&range.lock);
}

static struct pool *pool_mine(void)
{
    struct pool *pool;

    pthread_mutex_lock(&range.lock);
    pool = range.orphans;
    if (pool != NULL)
        range.orphans = pool->orphan_next;
    pthread_mutex_unlock(&range.lock);
    if (pool == NULL) {
        pool = aligned_alloc(64, (sizeof(*pool) + 63) / 64 * 64);
        if (pool == NULL)
            return NULL;
        memset(pool, 0, sizeof(*pool));
    }
    pthread_setspecific(range.key, pool);
    mine = pool;
    return pool;
}

static void give_back(struct pool *pool, struct slab *slab, struct block *block)
{
    bool was_full = slab->used_n == slab->blocks_n;

    block->next = slab->free;
    slab->free = block;
    slab->used_n--;
    if (was_full)
        room_add(pool, slab);
    /* One empty slab stays with its class: else a lone buffer would come and go with each record.
     */
    if (slab->used_n > 0 || (slab->previous == NULL && slab->next == NULL))
        return;
    room_remove(pool, slab);
    if (pool->empty_n >= SPARE_SLABS) {
        range_give(slab);
        return;
    }
    slab->next = pool->empty;
    pool->empty = slab;
    pool->empty_n++;
}

static void take_remote(struct pool *pool)
{
    /* acquire: pairs with the release of who freed them */
    struct block *block = atomic_exchange_explicit(&pool->remote, NULL, memory_order_acquire);

    while (block != NULL) {
        struct block *next = block->next;

        give_back(pool, slab_of(block), block);
        block = next;
    }
}

static struct block *slab_take(struct pool *pool, struct slab *slab)
{
    struct block *block = slab->free;

    if (block != NULL)
        slab->free = block->next;
    else
        block = (struct block *)(void *)((uint8_t *)slab + SLAB_HEADER +
                                         (size_t)(slab->blocks_n - slab->fresh_n--) *
                                             slab->block_bytes);
    if (++slab->used_n == slab->blocks_n)
        room_remove(pool, slab);
    return block;
}

/* ---- the faces of malloc ---- */

static void *pool_alloc(size_t n_bytes, bool own)
{
    struct pool *pool = mine;
    struct slab *slab;
    unsigned class;

    if (range.base == NULL || (pool == NULL && (pool = pool_mine()) == NULL))
        return malloc(n_bytes);
    pool->asked_n++;
    pool->allocations += !own;
    if (!POOLED || n_bytes > TLS_POOL_BLOCK_MAX)
        return malloc(n_bytes);
    class = class_of(n_bytes > 0 ? n_bytes : 1);
    slab = pool->with_room[class];
    if (slab == NULL || pool->asked_n % REMOTE_EVERY == 0) {
        take_remote(pool);
        slab = pool->with_room[class];
    }
    if (slab == NULL)
        slab = slab_new(pool, class);
    return slab != NULL ? slab_take(pool, slab) : malloc(n_bytes);
}

void tls_pool_free(void *block)
{
    struct block *freed = block;
    struct pool *owner;

    if (!pooled(block)) {
        free(block);
        return;
    }
    owner = slab_of(block)->pool;
    if (owner == mine) {
        give_back(owner, slab_of(block), freed);
        return;
    }
    freed->next = atomic_load_explicit(&owner->remote, memory_order_relaxed);
    /* release: what was done with the block happens before its owner gives it away again */
    while (!atomic_compare_exchange_weak_explicit(&owner->remote, &freed->next, freed,
                                                  memory_order_release, memory_order_relaxed))
        ;
}

static void *pool_realloc(void *block, size_t n_bytes, bool own)
{
    size_t old_bytes;
    void *moved;

    if (block == NULL)
        return pool_alloc(n_bytes, own);
    if (!pooled(block))
        return realloc(block, n_bytes);
    if (n_bytes == 0) {
        tls_pool_free(block);
        return NULL;
    }
    old_bytes = slab_of(block)->block_bytes;
    if (n_bytes <= old_bytes && n_bytes > old_bytes / 2)
        return block;
    moved = pool_alloc(n_bytes, own);
    if (moved == NULL)
        return NULL;
    memcpy(moved, block, n_bytes < old_bytes ? n_bytes : old_bytes);
    tls_pool_free(block);
    return moved;
}

void *tls_pool_alloc(size_t n_bytes)
{
    return pool_alloc(n_bytes, false);
}

void *tls_pool_realloc(void *block, size_t n_bytes)
{
    return pool_realloc(block, n_bytes, false);
}

void *tls_pool_own(void *block, size_t n_bytes)
{
    return pool_realloc(block, n_bytes, true);
}

void tls_pool_count(void)
{
    struct pool *pool = mine;

    if (pool == NULL || pool->allocations == pool->counted)
        return;
    metrics_add(METRIC_TLS_ALLOCATIONS, pool->allocations - pool->counted);
    pool->counted = pool->allocations;
}

/* ---- OpenSSL ---- */

static void *crypto_alloc(size_t n_bytes, const char *file, int line)
{
    (void)file, (void)line;
    return tls_pool_alloc(n_bytes);
}

static void *crypto_realloc(void *block, size_t n_bytes, const char *file, int line)
{
    (void)file, (void)line;
    return tls_pool_realloc(block, n_bytes);
}

static void crypto_free(void *block, const char *file, int line)
{
    (void)file, (void)line;
    tls_pool_free(block);
}

static int range_reserve(void)
{
    uint8_t *room;

    if (range.base != NULL)
        return 0;
    room = mmap(NULL, RANGE_BYTES + CHUNK_BYTES, PROT_NONE,
                MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (room == MAP_FAILED)
        return -1;
    if (pthread_key_create(&range.key, pool_leave) != 0) {
        munmap(room, RANGE_BYTES + CHUNK_BYTES);
        return -1;
    }
    range.base = (uint8_t *)(((uintptr_t)room + CHUNK_BYTES - 1) & ~(uintptr_t)(CHUNK_BYTES - 1));
    return 0;
}

int tls_pool_install(void)
{
    if (range_reserve() != 0)
        return -1;
    return CRYPTO_set_mem_functions(crypto_alloc, crypto_realloc, crypto_free) == 1 ? 0 : -1;
}
