/* limits.c -- see limits.h. The bucket is GCRA's: one number, the time at which it is full. */
#include "http/limits.h"

#include <pthread.h>
#include <sodium.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "net/network.h"

#define WAYS      8 /* places of a set: two cache lines */
#define LOCKS     64
#define CLASS_OF  3u /* the lowest bits of a tag */
#define KEY_BYTES 17 /* kind, then an address or a number */

_Static_assert(ROUTE_RATES_N <= CLASS_OF + 1, "classes fit into a tag");

enum { KIND_ADDRESS, KIND_ACCOUNT };

struct place {
    uint64_t tag;     /* of the hash, with the class; 0: free */
    uint64_t full_us; /* when nothing is missing */
};

/* A class: a token comes back each interval; at most so much time may be missing. */
struct pace {
    _Atomic uint64_t interval_us, most_us; /* interval 0: not limited */
    _Atomic uint32_t burst;
};

struct limits {
    unsigned char secret[crypto_shorthash_KEYBYTES];
    struct pace paces[ROUTE_RATES_N];
    size_t sets_n; /* a power of two */
    struct place (*sets)[WAYS];
    struct place shared[ROUTE_RATES_N]; /* under the last lock */
    pthread_mutex_t locks[LOCKS + 1];
};

struct limits *limits_new(size_t places, const struct bucket_rate rates[ROUTE_RATES_N])
{
    struct limits *limits = calloc(1, sizeof(*limits));
    size_t sets_n = 1;

    while (sets_n * WAYS < places)
        sets_n *= 2;
    if (limits)
        limits->sets = calloc(sets_n, sizeof(*limits->sets));
    if (!limits || !limits->sets) {
        free(limits);
        return NULL;
    }
    limits->sets_n = sets_n;
    randombytes_buf(limits->secret, sizeof(limits->secret));
    for (unsigned i = 0; i <= LOCKS; i++)
        pthread_mutex_init(&limits->locks[i], NULL);
    limits_set_rates(limits, rates);
    return limits;
}

void limits_free(struct limits *limits)
{
    if (!limits)
        return;
    for (unsigned i = 0; i <= LOCKS; i++)
        pthread_mutex_destroy(&limits->locks[i]);
    free(limits->sets);
    free(limits);
}

/* Another thread may see half of a change for one request, which does no harm: relaxed. */
void limits_set_rates(struct limits *limits, const struct bucket_rate rates[ROUTE_RATES_N])
{
    for (unsigned i = 0; i < ROUTE_RATES_N; i++) {
        const struct bucket_rate *rate = &rates[i];
        uint64_t interval_us =
            rate->tokens ? ((uint64_t)rate->period_ms * 1000 + rate->tokens - 1) / rate->tokens : 0;
        atomic_store_explicit(&limits->paces[i].interval_us, interval_us, memory_order_relaxed);
        atomic_store_explicit(&limits->paces[i].most_us, interval_us * rate->burst,
                              memory_order_relaxed);
        atomic_store_explicit(&limits->paces[i].burst, rate->burst, memory_order_relaxed);
    }
}

static uint64_t interval_of(const struct limits *limits, unsigned class_of)
{
    return atomic_load_explicit(&limits->paces[class_of].interval_us, memory_order_relaxed);
}

static uint64_t most_of(const struct limits *limits, unsigned class_of)
{
    return atomic_load_explicit(&limits->paces[class_of].most_us, memory_order_relaxed);
}

static uint64_t missing_us(const struct place *place, uint64_t now_us)
{
    return place->full_us > now_us ? place->full_us - now_us : 0;
}

static uint32_t seconds_up(uint64_t us)
{
    uint64_t seconds = (us + 999999) / 1000000;
    return seconds < UINT32_MAX ? (uint32_t)seconds : UINT32_MAX;
}

/* One token from a place that holds so many times the class' bucket. */
static struct limits_answer take(const struct limits *limits, struct place *place,
                                 unsigned class_of, unsigned times, uint64_t now_us)
{
    uint64_t interval_us = interval_of(limits, class_of) / times,
             most_us = most_of(limits, class_of);
    uint64_t missing = missing_us(place, now_us);
    struct limits_answer answer = {.allowed = true};

    if (interval_us == 0)
        interval_us = 1;
    answer.limit =
        atomic_load_explicit(&limits->paces[class_of].burst, memory_order_relaxed) * times;
    if (missing + interval_us > most_us) {
        answer.allowed = false;
        answer.retry_s = seconds_up(missing + interval_us - most_us);
    } else {
        missing += interval_us;
        place->full_us = now_us + missing;
        answer.remaining = (uint32_t)((most_us - missing) / interval_us);
    }
    answer.full_s = seconds_up(missing);
    return answer;
}

/* How much of its bucket is missing, in 1/65536; more than that: it has no token now. */
static uint64_t share_missing(const struct limits *limits, const struct place *place,
                              uint64_t now_us)
{
    unsigned class_of = (unsigned)(place->tag & CLASS_OF);
    uint64_t most_us = most_of(limits, class_of);
    uint64_t missing = missing_us(place, now_us);

    if (place->tag == 0 || most_us == 0 || missing == 0)
        return 0;
    if (missing + interval_of(limits, class_of) > most_us)
        return UINT64_MAX;
    return (missing << 16) / most_us; /* most is an hour's: no overflow */
}

/* Its own place, or the one that it takes. NULL: all of the set are being limited. */
static struct place *find(const struct limits *limits, struct place set[WAYS], uint64_t tag,
                          uint64_t now_us)
{
    struct place *best = NULL;
    uint64_t least = UINT64_MAX;

    for (unsigned i = 0; i < WAYS; i++) {
        uint64_t share;
        if (set[i].tag == tag)
            return &set[i];
        share = share_missing(limits, &set[i], now_us);
        if (share < least) {
            least = share;
            best = &set[i];
        }
    }
    if (best) {
        best->tag = tag;
        best->full_us = 0;
    }
    return best;
}

static struct limits_answer take_key(struct limits *limits, unsigned class_of,
                                     const uint8_t key[KEY_BYTES], uint64_t now_us)
{
    struct limits_answer answer = {.allowed = true};
    uint64_t hash, tag;
    struct place *place;
    size_t at;

    if (interval_of(limits, class_of) == 0)
        return answer;
    crypto_shorthash((uint8_t *)&hash, key, KEY_BYTES, limits->secret);
    at = (size_t)(hash >> 2) & (limits->sets_n - 1);
    tag = (hash & ~(uint64_t)CLASS_OF) | class_of;
    if (tag <= CLASS_OF)
        tag += CLASS_OF + 1;
    pthread_mutex_lock(&limits->locks[at % LOCKS]);
    place = find(limits, limits->sets[at], tag, now_us);
    if (place)
        answer = take(limits, place, class_of, 1, now_us);
    pthread_mutex_unlock(&limits->locks[at % LOCKS]);
    if (place)
        return answer;
    pthread_mutex_lock(&limits->locks[LOCKS]);
    answer = take(limits, &limits->shared[class_of], class_of, LIMITS_SHARED, now_us);
    pthread_mutex_unlock(&limits->locks[LOCKS]);
    return answer;
}

struct limits_answer limits_take_address(struct limits *limits, enum route_class class_of,
                                         const struct sockaddr *address, uint64_t now_us)
{
    uint8_t key[KEY_BYTES] = {KIND_ADDRESS}, bytes[NETWORK_BYTES];

    network_bytes(address, bytes);
    memcpy(key + 1, bytes, network_is_v4(bytes) ? NETWORK_BYTES : NETWORK_BYTES / 2);
    return take_key(limits, class_of, key, now_us);
}

struct limits_answer limits_take_account(struct limits *limits, enum route_class class_of,
                                         uint64_t account, uint64_t now_us)
{
    uint8_t key[KEY_BYTES] = {KIND_ACCOUNT};

    memcpy(key + 1, &account, sizeof(account));
    return take_key(limits, class_of, key, now_us);
}
