/* ban_table.c -- see ban_table.h. A hash by target, another by id, and how many bans each prefix
 * length has: an address is looked up once for each length that has any, the longest first. */
#include "accounts/ban_table.h"

#include <stdlib.h>
#include <string.h>

struct ban_table {
    struct ban *by_target, *by_id;
    uint32_t lengths[NETWORK_BITS + 1]; /* bans of networks with that prefix */
};

struct ban_table *ban_table_new(void)
{
    return calloc(1, sizeof(struct ban_table));
}

static void drop(struct ban_table *table, struct ban *ban)
{
    if (ban->target.player == 0)
        table->lengths[ban->target.network.bits]--;
    HASH_DELETE(hh, table->by_target, ban);
    HASH_DELETE(by_id, table->by_id, ban);
    free(ban);
}

void ban_table_free(struct ban_table *table)
{
    struct ban *ban, *next;

    if (table == NULL)
        return;
    HASH_ITER(hh, table->by_target, ban, next)
    {
        drop(table, ban);
    }
    free(table);
}

static void key_of(const struct ban_target *target, uint8_t key[BAN_KEY_BYTES])
{
    struct network network = target->network;

    memset(key, 0, BAN_KEY_BYTES);
    memcpy(key, &target->player, sizeof(target->player));
    if (target->player != 0)
        return;
    (void)network_mask(&network);
    memcpy(key + 8, network.address, NETWORK_BYTES);
    key[8 + NETWORK_BYTES] = network.bits;
}

static struct ban *look_up(const struct ban_table *table, const struct ban_target *target)
{
    uint8_t key[BAN_KEY_BYTES];
    struct ban *ban;

    key_of(target, key);
    HASH_FIND(hh, table->by_target, key, sizeof(key), ban);
    return ban;
}

static struct ban *look_up_id(const struct ban_table *table, uint64_t id)
{
    struct ban *ban;

    HASH_FIND(by_id, table->by_id, &id, sizeof(id), ban);
    return ban;
}

int ban_table_put(struct ban_table *table, struct ban *ban)
{
    struct ban *before = look_up(table, &ban->target);

    if (ban->target.player == 0)
        (void)network_mask(&ban->target.network);
    key_of(&ban->target, ban->key);
    if (before != NULL)
        drop(table, before);
    before = look_up_id(table, ban->id);
    if (before != NULL)
        drop(table, before);
    HASH_TRY_ADD(hh, table->by_target, key, ban);
    if (HASH_ADDED(hh, ban))
        HASH_TRY_ADD(by_id, table->by_id, id, ban);
    if (HASH_ADDED(hh, ban) && !HASH_ADDED(by_id, ban))
        HASH_DELETE(hh, table->by_target, ban);
    if (!HASH_ADDED(by_id, ban)) {
        free(ban);
        return -1;
    }
    if (ban->target.player == 0)
        table->lengths[ban->target.network.bits]++;
    return 0;
}

bool ban_table_remove(struct ban_table *table, uint64_t id)
{
    struct ban *ban = look_up_id(table, id);

    if (ban == NULL)
        return false;
    drop(table, ban);
    return true;
}

void ban_table_remove_player(struct ban_table *table, uint64_t player)
{
    struct ban *ban = player != 0 ? look_up(table, &(struct ban_target){.player = player}) : NULL;

    if (ban != NULL)
        drop(table, ban);
}

static bool over(const struct ban *ban, uint64_t now_ms)
{
    return ban->expires_ms != 0 && ban->expires_ms <= now_ms;
}

const struct ban *ban_table_find(const struct ban_table *table, const struct ban_target *target,
                                 uint64_t now_ms)
{
    const struct ban *ban = look_up(table, target);

    return ban != NULL && !over(ban, now_ms) ? ban : NULL;
}

const struct ban *ban_table_account(const struct ban_table *table, uint64_t player, uint64_t now_ms)
{
    /* 0 is no account, but what a network's ban says. */
    return player == 0 ? NULL
                       : ban_table_find(table, &(struct ban_target){.player = player}, now_ms);
}

const struct ban *ban_table_address(const struct ban_table *table, const struct sockaddr *address,
                                    uint64_t now_ms)
{
    struct ban_target target = {.player = 0};

    if (address->sa_family != AF_INET && address->sa_family != AF_INET6)
        return NULL;
    for (unsigned bits = NETWORK_BITS + 1; bits-- > 0;) {
        const struct ban *ban;

        if (table->lengths[bits] == 0)
            continue;
        network_bytes(address, target.network.address);
        target.network.bits = (uint8_t)bits;
        ban = ban_table_find(table, &target, now_ms);
        if (ban != NULL)
            return ban;
    }
    return NULL;
}

bool ban_table_has(const struct ban_table *table, uint64_t id)
{
    return look_up_id(table, id) != NULL;
}

uint64_t ban_table_player_of(const struct ban_table *table, uint64_t id)
{
    const struct ban *ban = look_up_id(table, id);

    return ban != NULL ? ban->target.player : 0;
}

void ban_table_each(const struct ban_table *table,
                    void (*visit)(void *context, const struct ban *ban), void *context)
{
    const struct ban *ban, *next;

    for (ban = table->by_target; ban != NULL; ban = next) {
        next = ban->hh.next;
        visit(context, ban);
    }
}

void ban_table_expire(struct ban_table *table, uint64_t now_ms)
{
    struct ban *ban, *next;

    HASH_ITER(hh, table->by_target, ban, next)
    {
        if (over(ban, now_ms))
            drop(table, ban);
    }
}

size_t ban_table_n(const struct ban_table *table)
{
    return HASH_CNT(hh, table->by_target);
}
