/* tally.c -- see tally.h. */
#include "net/tally.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#define WAYS    8 /* places of a set */
#define LOCKS   64
#define V6_BITS 64

/* A row whose network has no bits is free. */
struct place {
    struct tally_row row;
    uint64_t window_ms;           /* when the window began in which new_now came */
    uint32_t new_now, new_before; /* in this window and the one before it */
};

struct tally {
    unsigned char secret[crypto_shorthash_KEYBYTES];
    size_t sets_n; /* a power of two */
    struct place (*sets)[WAYS];
    atomic_uint_fast64_t untold;
    pthread_mutex_t locks[LOCKS];
};

struct tally *tally_new(size_t places)
{
    struct tally *tally = calloc(1, sizeof(*tally));
    size_t sets_n = 1;

    while (sets_n * WAYS < places)
        sets_n *= 2;
    if (tally)
        tally->sets = calloc(sets_n, sizeof(*tally->sets));
    if (!tally || !tally->sets) {
        free(tally);
        return NULL;
    }
    tally->sets_n = sets_n;
    randombytes_buf(tally->secret, sizeof(tally->secret));
    for (unsigned i = 0; i < LOCKS; i++)
        pthread_mutex_init(&tally->locks[i], NULL);
    return tally;
}

void tally_free(struct tally *tally)
{
    if (!tally)
        return;
    for (unsigned i = 0; i < LOCKS; i++)
        pthread_mutex_destroy(&tally->locks[i]);
    free(tally->sets);
    free(tally);
}

void tally_network(const struct sockaddr *address, struct network *network)
{
    memset(network, 0, sizeof(*network));
    network_bytes(address, network->address);
    network->bits = network_is_v4(network->address) ? NETWORK_BITS : V6_BITS;
    network_mask(network);
}

uint64_t tally_trouble(const struct tally_row *row)
{
    const uint64_t *counts = row->counts;

    return counts[TALLY_REFUSED] + counts[TALLY_BANNED] + counts[TALLY_UNSHAKEN] +
           counts[TALLY_LOGIN_FAILED] + counts[TALLY_LOGIN_LIMITED] + counts[TALLY_LIMITED];
}

/* -- places ------------------------------------------------------------------------------------ */

static bool is_free(const struct place *place, uint64_t now_ms)
{
    const struct tally_row *row = &place->row;

    if (row->network.bits == 0)
        return true;
    for (unsigned i = 0; i < TALLY_GAUGES_N; i++)
        if (row->gauges[i] > 0)
            return false;
    return row->last_ms + TALLY_FORGET_MS < now_ms;
}

static bool is_held(const struct place *place)
{
    for (unsigned i = 0; i < TALLY_GAUGES_N; i++)
        if (place->row.gauges[i] > 0)
            return true;
    return false;
}

/* True: a has to go before b. */
static bool goes_before(const struct place *a, const struct place *b)
{
    uint64_t trouble_a = tally_trouble(&a->row), trouble_b = tally_trouble(&b->row);

    return trouble_a != trouble_b ? trouble_a < trouble_b : a->row.last_ms < b->row.last_ms;
}

/* Its own place or, if make, the one that it takes. NULL: it has none. */
static struct place *find(struct place set[WAYS], const struct network *network, bool make,
                          uint64_t now_ms)
{
    struct place *best = NULL;

    for (unsigned i = 0; i < WAYS; i++) {
        struct place *place = &set[i];

        if (is_free(place, now_ms)) {
            if (!best || best->row.network.bits != 0)
                best = place;
            place->row.network.bits = 0;
        } else if (memcmp(&place->row.network, network, sizeof(*network)) == 0) {
            return place;
        } else if (!is_held(place) &&
                   (!best || (best->row.network.bits != 0 && goes_before(place, best)))) {
            best = place;
        }
    }
    if (!best || !make)
        return NULL;
    *best = (struct place){.row.network = *network, .row.first_ms = now_ms, .window_ms = now_ms};
    return best;
}

/* Locks the set; *lock is to be given back, also where there is no place. */
static struct place *take(struct tally *tally, const struct sockaddr *address, bool make,
                          uint64_t now_ms, pthread_mutex_t **lock)
{
    struct network network;
    struct place *place;
    uint64_t hash;
    size_t at;

    tally_network(address, &network);
    crypto_shorthash((uint8_t *)&hash, network.address, sizeof(network.address), tally->secret);
    at = (size_t)hash & (tally->sets_n - 1);
    *lock = &tally->locks[at % LOCKS];
    pthread_mutex_lock(*lock);
    place = find(tally->sets[at], &network, make, now_ms);
    if (place)
        place->row.last_ms = now_ms;
    else if (make)
        atomic_fetch_add_explicit(&tally->untold, 1, memory_order_relaxed);
    return place;
}

/* -- counting ---------------------------------------------------------------------------------- */

/* Two windows: this one, and of the one before it the part that is not yet over. */
static void turn_window(struct place *place, uint64_t now_ms)
{
    uint64_t passed;

    if (now_ms < place->window_ms + TALLY_RATE_MS) /* another thread's clock may be behind */
        return;
    passed = (now_ms - place->window_ms) / TALLY_RATE_MS;
    place->new_before = passed == 1 ? place->new_now : 0;
    place->new_now = 0;
    place->window_ms += passed * TALLY_RATE_MS;
}

static uint32_t new_milli(const struct place *place, uint64_t now_ms)
{
    struct place now = *place;
    uint64_t rest_ms;

    turn_window(&now, now_ms);
    rest_ms = now_ms > now.window_ms ? TALLY_RATE_MS - (now_ms - now.window_ms) : TALLY_RATE_MS;
    return (uint32_t)(((uint64_t)now.new_now * TALLY_RATE_MS + now.new_before * rest_ms) * 1000 /
                      TALLY_RATE_MS / (TALLY_RATE_MS / 1000));
}

void tally_add(struct tally *tally, const struct sockaddr *address, enum tally_count count,
               uint64_t n, uint64_t now_ms)
{
    pthread_mutex_t *lock;
    struct place *place;

    if (!tally || n == 0)
        return;
    place = take(tally, address, true, now_ms, &lock);
    if (place) {
        place->row.counts[count] += n;
        if (count == TALLY_ACCEPTED || count == TALLY_REFUSED) {
            turn_window(place, now_ms);
            place->new_now++;
        }
    }
    pthread_mutex_unlock(lock);
}

void tally_block(struct tally *tally, const struct sockaddr *address, enum tally_block why,
                 uint64_t until_ms, uint64_t now_ms)
{
    pthread_mutex_t *lock;
    struct place *place;

    if (!tally)
        return;
    place = take(tally, address, true, now_ms, &lock);
    if (place)
        place->row.until_ms[why] = until_ms;
    pthread_mutex_unlock(lock);
}

bool tally_hold(struct tally *tally, const struct sockaddr *address, enum tally_gauge gauge,
                uint64_t now_ms)
{
    pthread_mutex_t *lock;
    struct place *place;

    if (!tally)
        return false;
    place = take(tally, address, true, now_ms, &lock);
    if (place)
        place->row.gauges[gauge]++;
    pthread_mutex_unlock(lock);
    return place != NULL;
}

void tally_drop(struct tally *tally, const struct sockaddr *address, enum tally_gauge gauge,
                uint64_t now_ms)
{
    pthread_mutex_t *lock;
    struct place *place;

    if (!tally)
        return;
    place = take(tally, address, false, now_ms, &lock);
    if (place && place->row.gauges[gauge] > 0)
        place->row.gauges[gauge]--;
    pthread_mutex_unlock(lock);
}

/* -- looking ----------------------------------------------------------------------------------- */

/* Most are empty where a server is quiet: these are passed over under the lock. */
static unsigned copy_set(struct tally *tally, size_t at, uint64_t now_ms,
                         struct tally_row rows[WAYS])
{
    pthread_mutex_t *lock = &tally->locks[at % LOCKS];
    unsigned n = 0;

    pthread_mutex_lock(lock);
    for (unsigned i = 0; i < WAYS; i++) {
        const struct place *place = &tally->sets[at][i];

        if (is_free(place, now_ms))
            continue;
        rows[n] = place->row;
        rows[n].new_milli = new_milli(place, now_ms);
        n++;
    }
    pthread_mutex_unlock(lock);
    return n;
}

void tally_each(struct tally *tally, uint64_t now_ms,
                void (*visit)(void *context, const struct tally_row *row), void *context)
{
    struct tally_row rows[WAYS];

    for (size_t at = 0; tally && at < tally->sets_n; at++) {
        unsigned n = copy_set(tally, at, now_ms, rows);

        for (unsigned i = 0; i < n; i++)
            visit(context, &rows[i]);
    }
}

uint64_t tally_untold(const struct tally *tally)
{
    return tally ? atomic_load_explicit(&tally->untold, memory_order_relaxed) : 0;
}
