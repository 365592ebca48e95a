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
    uint32_t failures;
    uint64_t since_ms, until_ms,
        last_ms; /* window's begin (address); refused until (account); last charge */
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

/* An IPv4 address whole (also where it is mapped into IPv6), of an IPv6 address the /64. */
static void address_key(const struct throttle *throttle, const struct sockaddr_storage *address,
                        uint8_t key[KEY_BYTES])
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

    if (address->ss_family == AF_INET)
        hash_key(throttle, &v4->sin_addr, sizeof(v4->sin_addr), key);
    else if (address->ss_family == AF_INET6 && IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr))
        hash_key(throttle, &v6->sin6_addr.s6_addr[12], 4, key);
    else if (address->ss_family == AF_INET6)
        hash_key(throttle, &v6->sin6_addr, 8, key);
    else
        hash_key(throttle, "", 0, key);
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

static uint32_t address_wait_ms(const struct row *row, uint64_t now_ms)
{
    uint64_t end_ms;

    if (!row || row->failures < THROTTLE_ADDRESS)
        return 0;
    end_ms = row->since_ms + THROTTLE_WINDOW_S * 1000;
    return end_ms > now_ms ? (uint32_t)(end_ms - now_ms) : 0;
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
    if (row->failures == 0 || row->since_ms + THROTTLE_WINDOW_S * 1000 <= now_ms) {
        row->since_ms = now_ms;
        row->failures = 0;
    }
    row->failures++;
}

uint32_t throttle_charge(struct throttle *throttle, const struct throttle_try *attempt)
{
    uint8_t name[KEY_BYTES], address[KEY_BYTES];
    uint32_t wait_ms = 0, account_ms = 0;
    struct row *row;

    if (attempt->address) {
        address_key(throttle, attempt->address, address);
        wait_ms = address_wait_ms(find(throttle->addresses, address), attempt->now_ms);
    }
    if (attempt->name_key) {
        hash_key(throttle, attempt->name_key, strlen(attempt->name_key), name);
        account_ms = account_wait_ms(find(throttle->accounts, name), attempt->now_ms);
    }
    if (wait_ms < account_ms)
        wait_ms = account_ms;
    if (wait_ms)
        return wait_ms;
    if (attempt->name_key) {
        row = touch(&throttle->accounts, name, throttle->rows_max);
        if (!row)
            return NO_MEMORY_MS; /* a guess that is not counted is not made */
        charge_account(row, attempt->now_ms);
    }
    return 0;
}

void throttle_failed(struct throttle *throttle, const struct throttle_try *attempt)
{
    uint8_t key[KEY_BYTES];
    struct row *row;

    if (!attempt->address)
        return;
    address_key(throttle, attempt->address, key);
    row = touch(&throttle->addresses, key, throttle->rows_max);
    if (row)
        charge_address(row, attempt->now_ms);
}

static struct row *account_of(struct throttle *throttle, const struct throttle_try *attempt)
{
    uint8_t key[KEY_BYTES];

    if (!attempt->name_key)
        return NULL;
    hash_key(throttle, attempt->name_key, strlen(attempt->name_key), key);
    return find(throttle->accounts, key);
}

void throttle_succeeded(struct throttle *throttle, const struct throttle_try *attempt)
{
    struct row *row = account_of(throttle, attempt);

    if (!row)
        return;
    HASH_DEL(throttle->accounts, row);
    free(row);
}

void throttle_refund(struct throttle *throttle, const struct throttle_try *attempt)
{
    struct row *row = account_of(throttle, attempt);

    if (!row || row->failures == 0)
        return;
    row->failures--;
    row->until_ms = 0;
}
