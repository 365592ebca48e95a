/* throttle.c -- two tables of rows, oldest first, keyed by a hash of what they are about. */
#include "accounts/throttle.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

#define KEY_BYTES    16
#define NO_MEMORY_MS 1000

struct row {
    uint8_t key[KEY_BYTES];
    uint32_t failures;                    /* account */
    uint64_t until_ms;                    /* account: refused until then */
    uint64_t last_ms;                     /* account: the last charge */
    uint32_t under_way;                   /* address: not judged yet */
    uint32_t oldest;                      /* address: where the next failure goes */
    uint64_t failed_ms[THROTTLE_ADDRESS]; /* address: a ring; 0: none */
    UT_hash_handle hh;
};

struct throttle {
    struct row *accounts, *addresses;
    unsigned rows_max;
    uint8_t secret[crypto_generichash_KEYBYTES]; /* so that nobody can aim at another's row */
};

struct throttle *throttle_new(unsigned rows_max)
{
    struct throttle *throttle = calloc(1, sizeof(*throttle));

    if (!throttle)
        return NULL;
    throttle->rows_max = rows_max;
    randombytes_buf(throttle->secret, sizeof(throttle->secret));
    return throttle;
}

static void free_rows(struct row **rows)
{
    struct row *row, *next;

    HASH_ITER(hh, *rows, row, next)
    {
        HASH_DEL(*rows, row);
        free(row);
    }
}

void throttle_free(struct throttle *throttle)
{
    if (!throttle)
        return;
    free_rows(&throttle->accounts);
    free_rows(&throttle->addresses);
    free(throttle);
}

static void hash_key(const struct throttle *throttle, const void *bytes, size_t len_bytes,
                     uint8_t key[KEY_BYTES])
{
    crypto_generichash(key, KEY_BYTES, bytes, len_bytes, throttle->secret,
                       sizeof(throttle->secret));
}

static void address_key(const struct throttle *throttle, const char *network,
                        uint8_t key[KEY_BYTES])
{
    hash_key(throttle, network, strlen(network), key);
}

/* Of an account as a whole or, where it is guessed at from a known network, as seen from there. */
static void account_key(const struct throttle *throttle, const struct throttle_try *attempt,
                        uint8_t key[KEY_BYTES])
{
    crypto_generichash_state state;

    crypto_generichash_init(&state, throttle->secret, sizeof(throttle->secret), KEY_BYTES);
    crypto_generichash_update(&state, (const uint8_t *)attempt->name_key,
                              strlen(attempt->name_key) + 1);
    if (attempt->known)
        crypto_generichash_update(&state, (const uint8_t *)attempt->known, strlen(attempt->known));
    crypto_generichash_final(&state, key, KEY_BYTES);
}

static struct row *find(struct row *rows, const uint8_t key[KEY_BYTES])
{
    struct row *row;

    HASH_FIND(hh, rows, key, KEY_BYTES, row);
    return row;
}

/* The row, now the youngest of its table; NULL when out of memory. */
static struct row *touch(struct row **rows, const uint8_t key[KEY_BYTES], unsigned rows_max)
{
    struct row *row = find(*rows, key);

    if (row) {
        HASH_DEL(*rows, row);
    } else {
        if (HASH_COUNT(*rows) >= rows_max) {
            struct row *oldest = *rows; /* uthash keeps the order of adding */

            HASH_DEL(*rows, oldest);
            free(oldest);
        }
        row = calloc(1, sizeof(*row));
        if (!row)
            return NULL;
        memcpy(row->key, key, KEY_BYTES);
    }
    HASH_TRY_ADD(hh, *rows, key, row);
    if (!HASH_ADDED(hh, row)) {
        free(row);
        return NULL;
    }
    return row;
}

static uint32_t account_wait_ms(const struct row *row, uint64_t now_ms)
{
    return row && row->until_ms > now_ms ? (uint32_t)(row->until_ms - now_ms) : 0;
}

/* How long a failure still counts. */
static uint32_t counts_ms(uint64_t failed_ms, uint64_t now_ms)
{
    uint64_t end_ms = failed_ms + THROTTLE_WINDOW_S * 1000;

    return failed_ms > 0 && end_ms > now_ms ? (uint32_t)(end_ms - now_ms) : 0;
}

static uint32_t failures_of(const struct row *row, uint64_t now_ms)
{
    uint32_t n = 0;

    for (unsigned i = 0; i < THROTTLE_ADDRESS; i++)
        n += counts_ms(row->failed_ms[i], now_ms) > 0;
    return n;
}

static void charge_account(struct row *row, uint64_t now_ms)
{
    uint32_t beyond, wait_s;

    if (row->last_ms + THROTTLE_FORGET_S * UINT64_C(1000) < now_ms)
        row->failures = 0;
    row->failures++;
    row->last_ms = now_ms;
    if (row->failures < THROTTLE_FREE)
        return;
    beyond = row->failures - THROTTLE_FREE;
    wait_s = beyond < 9 ? UINT32_C(1) << beyond : THROTTLE_WAIT_MAX_S;
    if (wait_s > THROTTLE_WAIT_MAX_S)
        wait_s = THROTTLE_WAIT_MAX_S;
    row->until_ms = now_ms + wait_s * UINT64_C(1000);
}

static void charge_address(struct row *row, uint64_t now_ms)
{
    row->failed_ms[row->oldest] = now_ms;
    row->oldest = (row->oldest + 1) % THROTTLE_ADDRESS;
}

static void forget(struct row **rows, struct row *row)
{
    HASH_DEL(*rows, row);
    free(row);
}

uint32_t throttle_address(struct throttle *throttle, const struct throttle_try *attempt)
{
    uint8_t key[KEY_BYTES];
    struct row *row;
    uint32_t failures;

    if (!attempt->network)
        return 0;
    address_key(throttle, attempt->network, key);
    row = touch(&throttle->addresses, key, throttle->rows_max);
    if (!row)
        return NO_MEMORY_MS; /* a guess that is not counted is not made */
    failures = failures_of(row, attempt->now_ms);
    if (failures >= THROTTLE_ADDRESS)
        return counts_ms(row->failed_ms[row->oldest], attempt->now_ms);
    if (failures + row->under_way >= THROTTLE_ADDRESS)
        return THROTTLE_LATER;
    row->under_way++;
    return 0;
}

uint32_t throttle_account(struct throttle *throttle, const struct throttle_try *attempt)
{
    uint8_t key[KEY_BYTES];
    struct row *row;
    uint32_t wait_ms;

    if (!attempt->name_key)
        return 0;
    account_key(throttle, attempt, key);
    wait_ms = account_wait_ms(find(throttle->accounts, key), attempt->now_ms);
    if (wait_ms)
        return wait_ms;
    row = touch(&throttle->accounts, key, throttle->rows_max);
    if (!row)
        return NO_MEMORY_MS;
    charge_account(row, attempt->now_ms);
    return 0;
}

static void settle_address(struct throttle *throttle, const struct throttle_try *attempt,
                           enum throttle_verdict verdict)
{
    uint8_t key[KEY_BYTES];
    struct row *row;

    address_key(throttle, attempt->network, key);
    row = verdict == THROTTLE_WRONG ? touch(&throttle->addresses, key, throttle->rows_max)
                                    : find(throttle->addresses, key);
    if (!row)
        return;
    if (row->under_way > 0) /* else it was forgotten meanwhile */
        row->under_way--;
    if (verdict == THROTTLE_WRONG)
        charge_address(row, attempt->now_ms);
    if (row->under_way == 0 && failures_of(row, attempt->now_ms) == 0)
        forget(&throttle->addresses, row);
}

static void settle_account(struct throttle *throttle, const struct throttle_try *attempt,
                           enum throttle_verdict verdict)
{
    uint8_t key[KEY_BYTES];
    struct row *row;

    account_key(throttle, attempt, key);
    row = find(throttle->accounts, key);
    if (!row)
        return;
    switch (verdict) {
    case THROTTLE_WRONG:
        break;
    case THROTTLE_RIGHT:
        forget(&throttle->accounts, row);
        break;
    case THROTTLE_UNJUDGED: /* it was charged, so there was no wait before it */
        if (row->failures > 0)
            row->failures--;
        row->until_ms = 0;
        break;
    }
}

void throttle_judged(struct throttle *throttle, const struct throttle_try *attempt, bool charged,
                     enum throttle_verdict verdict)
{
    if (attempt->network)
        settle_address(throttle, attempt, verdict);
    if (attempt->name_key && charged)
        settle_account(throttle, attempt, verdict);
}
