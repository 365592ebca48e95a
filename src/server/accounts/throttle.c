/* throttle.c -- two tables of rows, oldest first, keyed by a hash of what they are about. */
#include "accounts/throttle.h"

#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include <utlist.h>

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
    /* Of one that was locked since somebody last looked: for throttle_locks. */
    bool locked, address;
    bool known;
    uint64_t player;
    char *about; /* the network, or the account's name; NULL: nobody has it */
    struct row *prev, *next;
    UT_hash_handle hh;
};

struct throttle {
    struct row *accounts, *addresses;
    struct row *locked; /* the newest first */
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

static void unlist(struct throttle *throttle, struct row *row)
{
    if (!row->locked)
        return;
    DL_DELETE(throttle->locked, row);
    row->locked = false;
    free(row->about);
    row->about = NULL;
}

static void forget(struct throttle *throttle, struct row **rows, struct row *row)
{
    unlist(throttle, row);
    HASH_DEL(*rows, row);
    free(row);
}

static void free_rows(struct throttle *throttle, struct row **rows)
{
    struct row *row, *next;

    HASH_ITER(hh, *rows, row, next)
    forget(throttle, rows, row);
}

void throttle_free(struct throttle *throttle)
{
    if (!throttle)
        return;
    free_rows(throttle, &throttle->accounts);
    free_rows(throttle, &throttle->addresses);
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
static struct row *touch(struct throttle *throttle, struct row **rows, const uint8_t key[KEY_BYTES])
{
    struct row *row = find(*rows, key);

    if (row) {
        HASH_DEL(*rows, row);
    } else {
        if (HASH_COUNT(*rows) >= throttle->rows_max)
            forget(throttle, rows, *rows); /* the oldest: uthash keeps the order of adding */
        row = calloc(1, sizeof(*row));
        if (!row)
            return NULL;
        memcpy(row->key, key, KEY_BYTES);
    }
    HASH_TRY_ADD(hh, *rows, key, row);
    if (!HASH_ADDED(hh, row)) {
        unlist(throttle, row);
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

/* It is locked now: put it on the list, first, under the name that operators read. */
static void list(struct throttle *throttle, struct row *row, const char *about, bool address)
{
    unlist(throttle, row);
    row->about = about ? strdup(about) : NULL;
    row->address = address;
    row->locked = true;
    DL_PREPEND(throttle->locked, row);
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

uint32_t throttle_address(struct throttle *throttle, const struct throttle_try *attempt)
{
    uint8_t key[KEY_BYTES];
    struct row *row;
    uint32_t failures;

    if (!attempt->network)
        return 0;
    address_key(throttle, attempt->network, key);
    row = touch(throttle, &throttle->addresses, key);
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
    row = touch(throttle, &throttle->accounts, key);
    if (!row)
        return NO_MEMORY_MS;
    charge_account(row, attempt->now_ms);
    if (row->until_ms > attempt->now_ms) {
        row->player = attempt->player;
        row->known = attempt->known != NULL;
        list(throttle, row, attempt->username, false);
    }
    return 0;
}

static void settle_address(struct throttle *throttle, const struct throttle_try *attempt,
                           enum throttle_verdict verdict)
{
    uint8_t key[KEY_BYTES];
    struct row *row;

    address_key(throttle, attempt->network, key);
    row = verdict == THROTTLE_WRONG ? touch(throttle, &throttle->addresses, key)
                                    : find(throttle->addresses, key);
    if (!row)
        return;
    if (row->under_way > 0) /* else it was forgotten meanwhile */
        row->under_way--;
    if (verdict == THROTTLE_WRONG)
        charge_address(row, attempt->now_ms);
    if (failures_of(row, attempt->now_ms) >= THROTTLE_ADDRESS)
        list(throttle, row, attempt->network, true);
    if (row->under_way == 0 && failures_of(row, attempt->now_ms) == 0)
        forget(throttle, &throttle->addresses, row);
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
        forget(throttle, &throttle->accounts, row);
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

/* -- looking at locks, and taking them off ------------------------------------------------------
 */

static uint64_t address_until_ms(const struct row *row, uint64_t now_ms)
{
    if (failures_of(row, now_ms) < THROTTLE_ADDRESS)
        return 0;
    return now_ms + counts_ms(row->failed_ms[row->oldest], now_ms);
}

/* Of one on the list. 0: it is over. */
static uint64_t until_ms(const struct row *row, uint64_t now_ms)
{
    if (row->address)
        return address_until_ms(row, now_ms);
    return row->until_ms > now_ms ? row->until_ms : 0;
}

static struct throttle_lock lock_of(const struct row *row, uint64_t now_ms)
{
    return (struct throttle_lock){.network = row->address ? row->about : NULL,
                                  .username = row->address ? NULL : row->about,
                                  .player = row->player,
                                  .known = row->known,
                                  .failures =
                                      row->address ? failures_of(row, now_ms) : row->failures,
                                  .until_ms = until_ms(row, now_ms)};
}

void throttle_locks(struct throttle *throttle, uint64_t now_ms,
                    bool (*visit)(void *context, const struct throttle_lock *lock), void *context)
{
    struct row *row, *next;

    DL_FOREACH_SAFE(throttle->locked, row, next)
    {
        struct throttle_lock lock = lock_of(row, now_ms);

        if (lock.until_ms == 0 || (row->address && !row->about)) /* over; or there was no memory */
            unlist(throttle, row);
        else if (!visit(context, &lock))
            return;
    }
}

uint64_t throttle_locked_until(const struct throttle *throttle, const char *network,
                               uint64_t now_ms)
{
    uint8_t key[KEY_BYTES];
    const struct row *row;

    address_key(throttle, network, key);
    row = find(throttle->addresses, key);
    return row ? address_until_ms(row, now_ms) : 0;
}

bool throttle_unlock_address(struct throttle *throttle, const char *network, uint64_t now_ms)
{
    bool locked = throttle_locked_until(throttle, network, now_ms) > 0;
    uint8_t key[KEY_BYTES];

    if (!locked)
        return false;
    address_key(throttle, network, key);
    forget(throttle, &throttle->addresses, find(throttle->addresses, key));
    return true;
}

bool throttle_unlock_account(struct throttle *throttle, uint64_t player, uint64_t now_ms)
{
    struct row *row, *next;
    bool locked = false;

    DL_FOREACH_SAFE(throttle->locked, row, next)
    {
        if (row->address || row->player != player || player == 0)
            continue;
        locked = locked || until_ms(row, now_ms) > 0;
        forget(throttle, &throttle->accounts, row);
    }
    return locked;
}
