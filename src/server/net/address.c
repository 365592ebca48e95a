/* address.c -- see address.h. A fixed array of entries, chained by index from a fixed array of
 * heads; the idle ones are also on a list, the longest idle first. */
#include "net/address.h"

#include <arpa/inet.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "common/log.h"
#include "net/network.h"

#define REFUSED_LOGGED 10 /* a second */
#define NOBODY         UINT32_MAX

struct address_key {
    uint8_t bytes[9]; /* family (4 or 6), then 4 or 8 bytes of the address, then zeroes */
};

struct entry {
    struct address_key key;
    struct bucket opening;
    uint32_t open;         /* connections */
    uint32_t before_login; /* of these */
    uint32_t chain;        /* next with the same hash */
    uint32_t older, newer; /* among the idle ones (open == 0) */
};

struct address_table {
    struct address_limits limits;
    struct network_list *exempt;
    size_t capacity, n;
    size_t heads_n; /* a power of two */
    uint32_t *heads;
    struct entry *entries; /* 0..n-1 are in use */
    uint32_t oldest, newest;
    uint8_t secret[crypto_shorthash_KEYBYTES];
};

static struct address_key address_key(const struct sockaddr *address)
{
    struct address_key key = {{0}};
    uint8_t bytes[NETWORK_BYTES];

    network_bytes(address, bytes);
    if (network_is_v4(bytes)) {
        key.bytes[0] = 4;
        memcpy(key.bytes + 1, bytes + 12, 4);
    } else {
        key.bytes[0] = 6;
        memcpy(key.bytes + 1, bytes, 8);
    }
    return key;
}

static size_t address_head(const struct address_table *table, const struct address_key *key)
{
    uint64_t hash;

    crypto_shorthash((uint8_t *)&hash, key->bytes, sizeof(key->bytes), table->secret);
    return (size_t)hash & (table->heads_n - 1);
}

static void idle_remove(struct address_table *table, uint32_t i)
{
    struct entry *e = &table->entries[i];

    if (e->older != NOBODY)
        table->entries[e->older].newer = e->newer;
    else
        table->oldest = e->newer;
    if (e->newer != NOBODY)
        table->entries[e->newer].older = e->older;
    else
        table->newest = e->older;
}

static void idle_append(struct address_table *table, uint32_t i)
{
    struct entry *e = &table->entries[i];

    e->older = table->newest;
    e->newer = NOBODY;
    if (table->newest != NOBODY)
        table->entries[table->newest].newer = i;
    else
        table->oldest = i;
    table->newest = i;
}

static uint32_t address_find(const struct address_table *table, const struct address_key *key)
{
    uint32_t i = table->heads[address_head(table, key)];

    while (i != NOBODY && memcmp(&table->entries[i].key, key, sizeof(*key)) != 0)
        i = table->entries[i].chain;
    return i;
}

static void address_unchain(struct address_table *table, uint32_t i)
{
    uint32_t *at = &table->heads[address_head(table, &table->entries[i].key)];

    while (*at != i)
        at = &table->entries[*at].chain;
    *at = table->entries[i].chain;
}

/* A new, idle entry for the key; NOBODY if all others have open connections. */
static uint32_t address_add(struct address_table *table, const struct address_key *key,
                            uint64_t now_ms)
{
    uint32_t *head = &table->heads[address_head(table, key)];
    uint32_t i;
    struct entry *e;

    if (table->n < table->capacity) {
        i = (uint32_t)table->n++;
    } else if (table->oldest != NOBODY) {
        i = table->oldest;
        idle_remove(table, i);
        address_unchain(table, i);
    } else {
        return NOBODY;
    }
    e = &table->entries[i];
    *e = (struct entry){.key = *key, .chain = *head};
    *head = i;
    bucket_init(&e->opening, &table->limits.opening, now_ms);
    idle_append(table, i);
    return i;
}

struct address_table *address_table_new(size_t capacity, const struct address_limits *limits)
{
    struct address_table *table = calloc(1, sizeof(*table));

    if (table == NULL)
        return NULL;
    table->limits = *limits;
    table->capacity = capacity;
    table->heads_n = 64;
    while (table->heads_n < capacity)
        table->heads_n *= 2;
    table->heads = malloc(table->heads_n * sizeof(*table->heads));
    table->entries = malloc(capacity * sizeof(*table->entries));
    if (table->heads == NULL || table->entries == NULL) {
        address_table_free(table);
        return NULL;
    }
    for (size_t i = 0; i < table->heads_n; i++)
        table->heads[i] = NOBODY;
    table->oldest = table->newest = NOBODY;
    randombytes_buf(table->secret, sizeof(table->secret));
    return table;
}

void address_table_free(struct address_table *table)
{
    if (table == NULL)
        return;
    network_list_free(table->exempt);
    free(table->heads);
    free(table->entries);
    free(table);
}

void address_table_set_limits(struct address_table *table, const struct address_limits *limits)
{
    table->limits = *limits;
}

int address_table_exempt(struct address_table *table, const char *const *cidrs, unsigned cidrs_n,
                         struct error *error)
{
    struct network_list *exempt = network_list_new(cidrs, cidrs_n, error);

    if (exempt == NULL)
        return -1;
    network_list_free(table->exempt);
    table->exempt = exempt;
    return 0;
}

bool address_is_exempt(const struct address_table *table, const struct sockaddr *address)
{
    return network_list_holds(table->exempt, address);
}

enum address_verdict address_opened(struct address_table *table, const struct sockaddr *address,
                                    uint64_t now_ms)
{
    struct address_key key = address_key(address);
    uint32_t i = address_find(table, &key);
    bool exempt = address_is_exempt(table, address);
    struct entry *e;

    if (i == NOBODY)
        i = address_add(table, &key, now_ms);
    if (i == NOBODY)
        return ADDRESS_TOO_MANY;
    e = &table->entries[i];
    if (e->open == 0) { /* heard of just now: the last to be forgotten */
        idle_remove(table, i);
        idle_append(table, i);
    }
    if (!exempt && e->before_login >= table->limits.before_login)
        return ADDRESS_TOO_MANY;
    if (!bucket_take(&e->opening, &table->limits.opening, now_ms) && !exempt)
        return ADDRESS_TOO_FAST;
    if (e->open == 0)
        idle_remove(table, i);
    e->open++;
    e->before_login++;
    return ADDRESS_OK;
}

void address_logged_in(struct address_table *table, const struct sockaddr *address)
{
    struct address_key key = address_key(address);
    uint32_t i = address_find(table, &key);

    if (i != NOBODY && table->entries[i].before_login > 0)
        table->entries[i].before_login--;
}

void address_closed(struct address_table *table, const struct sockaddr *address, bool logged_in)
{
    struct address_key key = address_key(address);
    uint32_t i = address_find(table, &key);
    struct entry *e;

    if (i == NOBODY || table->entries[i].open == 0)
        return;
    e = &table->entries[i];
    if (!logged_in && e->before_login > 0)
        e->before_login--;
    if (--e->open == 0)
        idle_append(table, i);
}

size_t address_table_n(const struct address_table *table)
{
    return table->n;
}

size_t address_table_bytes(const struct address_table *table)
{
    return sizeof(*table) + table->heads_n * sizeof(*table->heads) +
           table->capacity * sizeof(*table->entries);
}

void address_refused(struct log_limit *limit, const char *event, const struct sockaddr *address,
                     const char *why)
{
    uint64_t swallowed;
    char text[ADDRESS_TEXT_MAX];

    if (!log_limit_pass(limit, REFUSED_LOGGED, &swallowed))
        return;
    address_text(address, text);
    log_event(LOG_LEVEL_INFO, event, why, LOG_TEXT("address", text),
              LOG_U64("swallowed", swallowed));
}

void address_text(const struct sockaddr *address, char text[ADDRESS_TEXT_MAX])
{
    char host[INET6_ADDRSTRLEN];
    uint8_t bytes[NETWORK_BYTES];
    unsigned port = 0;
    bool v4;

    network_bytes(address, bytes);
    if (address->sa_family == AF_INET)
        port = ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port);
    else if (address->sa_family == AF_INET6)
        port = ntohs(((const struct sockaddr_in6 *)(const void *)address)->sin6_port);
    v4 = network_is_v4(bytes);
    if (inet_ntop(v4 ? AF_INET : AF_INET6, v4 ? bytes + 12 : bytes, host, sizeof(host)) == NULL)
        snprintf(host, sizeof(host), "?");
    snprintf(text, ADDRESS_TEXT_MAX, v4 ? "%s:%u" : "[%s]:%u", host, port);
}

int address_parse(const char *text, struct sockaddr_storage *address, socklen_t *len_bytes,
                  struct error *error)
{
    const char *colon = strrchr(text, ':');
    bool bracket = text[0] == '[';
    char host[INET6_ADDRSTRLEN + 1];
    size_t host_n;
    unsigned long port;
    char *end = NULL;

    if (colon == NULL || colon[1] < '0' || colon[1] > '9')
        return error_set(error, "\"%s\" is no address with a port: write it as 0.0.0.0:7777", text);
    port = strtoul(colon + 1, &end, 10);
    if (*end != '\0' || port > 65535)
        return error_set(error, "\"%s\": the port must be 0 to 65535", text);
    host_n = (size_t)(colon - text);
    if (bracket && (host_n < 2 || text[host_n - 1] != ']'))
        return error_set(error, "\"%s\" lacks a ]", text);
    if (bracket)
        host_n -= 2;
    if (host_n >= sizeof(host))
        return error_set(error, "\"%s\" is no address", text);
    memcpy(host, text + (bracket ? 1 : 0), host_n);
    host[host_n] = '\0';
    memset(address, 0, sizeof(*address));
    if (bracket) {
        struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)address;
        v6->sin6_family = AF_INET6;
        v6->sin6_port = htons((uint16_t)port);
        *len_bytes = sizeof(*v6);
        if (inet_pton(AF_INET6, host, &v6->sin6_addr) == 1)
            return 0;
    } else {
        struct sockaddr_in *v4 = (struct sockaddr_in *)address;
        v4->sin_family = AF_INET;
        v4->sin_port = htons((uint16_t)port);
        *len_bytes = sizeof(*v4);
        if (inet_pton(AF_INET, host, &v4->sin_addr) == 1)
            return 0;
    }
    return error_set(error, "\"%s\" is no address: write 192.0.2.1:7777 or [2001:db8::1]:7777",
                     text);
}
