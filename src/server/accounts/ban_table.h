/* ban_table.h -- the bans that hold, in memory: by account in one look, by address in at most one a
 * prefix length that occurs. Mutes are kept in another such table, by account only.
 *
 * One ban a target (an account, or exactly that network) at most. A ban whose time is over judges
 * nobody from that moment on, whether it was dropped already or not. Times are passed in (Unix ms).
 * Knows no store. Owner: bans (bans.h); control thread. */
#ifndef OPENMMO_ACCOUNTS_BAN_TABLE_H
#define OPENMMO_ACCOUNTS_BAN_TABLE_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/hash.h"
#include "net/network.h"

#define BAN_REASON_MAX 200 /* bytes */

struct ban_target {
    uint64_t player;        /* 0: a network */
    struct network network; /* masked; all zero for a player */
};

#define BAN_KEY_BYTES (8 + NETWORK_BYTES + 1)

struct ban {
    struct ban_target target;
    uint8_t key[BAN_KEY_BYTES]; /* the table's: the target without padding */
    uint64_t id;                /* of its row; key of by_id */
    uint64_t expires_ms;        /* Unix time; 0: never */
    char reason[BAN_REASON_MAX + 1];
    UT_hash_handle hh, by_id;
};

struct ban_table; /* opaque */

/* NULL when out of memory. */
struct ban_table *ban_table_new(void);
void ban_table_free(struct ban_table *table); /* NULL is fine */

/* ban: from the heap (calloc, zeroed but for what is named), taken. It takes the place of one of
 * the same target. -1: out of memory, which can only be where the table was empty. */
int ban_table_put(struct ban_table *table, struct ban *ban) MUST_CHECK;
/* False: there was none of that id. */
bool ban_table_remove(struct ban_table *table, uint64_t id);
/* All of one account (it is gone). */
void ban_table_remove_player(struct ban_table *table, uint64_t player);

/* The ban of exactly that target. NULL: none holds now, here and below; else valid until the table
 * changes. */
const struct ban *ban_table_find(const struct ban_table *table, const struct ban_target *target,
                                 uint64_t now_ms);
/* Of an account; 0 is none. */
const struct ban *ban_table_account(const struct ban_table *table, uint64_t player,
                                    uint64_t now_ms);
/* Of an address: the longest prefix. Another family than IP has none. */
const struct ban *ban_table_address(const struct ban_table *table, const struct sockaddr *address,
                                    uint64_t now_ms);

/* By the row's id, expired or not. */
bool ban_table_has(const struct ban_table *table, uint64_t id);
/* 0: a network's, or there is none of that id. */
uint64_t ban_table_player_of(const struct ban_table *table, uint64_t id);
/* Each, expired or not; visit must not change the table. */
void ban_table_each(const struct ban_table *table,
                    void (*visit)(void *context, const struct ban *ban), void *context);

/* Drop those whose time is over: memory, not judgement. */
void ban_table_expire(struct ban_table *table, uint64_t now_ms);
/* Expired ones that were not dropped yet count. */
size_t ban_table_n(const struct ban_table *table);

#endif
