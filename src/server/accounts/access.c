/* access.c -- see access.h. One row a player whose older tokens ended, the oldest row first. */
#include "accounts/access.h"

#include <stdlib.h>

#include "common/hash.h"

struct ended {
    uint64_t player; /* key */
    uint64_t from_s; /* tokens made before are over; Unix time */
    uint64_t moment; /* as ends are counted */
    UT_hash_handle hh;
};

struct access {
    const struct keys *keys;
    const struct bans *bans;
    struct ended *ended;
    uint64_t floor_s; /* everybody's made before are over */
    uint64_t floor_moment;
    uint64_t moment; /* ends so far */
};

static uint64_t good_from(const struct access *access, uint64_t player)
{
    struct ended *row;

    HASH_FIND(hh, access->ended, &player, sizeof(player), row);
    return row && row->from_s > access->floor_s ? row->from_s : access->floor_s;
}

static bool judge_bans(const struct access *access, const struct token_claims *claims,
                       const struct sockaddr_storage *address, uint64_t now_ms, struct error *cause)
{
    const struct ban *ban = NULL;
    char text[BANS_TEXT_MAX];

    if (access->bans)
        ban = bans_account(access->bans, claims->player, now_ms);
    if (access->bans && !ban)
        ban = bans_address(access->bans, address, now_ms);
    if (!ban)
        return true;
    bans_sentence(ban, text);
    error_set(cause, "%s", text);
    return false;
}

enum access_verdict access_check(const struct access *access, const char *token,
                                 const struct sockaddr_storage *address, uint64_t now_ms,
                                 struct token_claims *claims, struct error *cause)
{
    struct token_claims read;

    if (token_read(access->keys, TOKEN_ACCESS, token, now_ms / 1000, &read, cause) < 0)
        return ACCESS_REFUSED;
    if (read.issued_s < good_from(access, read.player)) {
        error_set(cause, "it was made before the account changed");
        return ACCESS_REFUSED;
    }
    if (!judge_bans(access, &read, address, now_ms, cause))
        return ACCESS_BANNED;
    *claims = read;
    return ACCESS_GOOD;
}

static void forget(struct access *access, struct ended *row)
{
    HASH_DEL(access->ended, row);
    free(row);
}

/* Rows whose tokens have all expired; then, if there are still too many, the oldest. */
static void make_room(struct access *access, uint64_t now_s)
{
    while (access->ended && access->ended->from_s + TOKEN_ACCESS_S <= now_s)
        forget(access, access->ended);
    while (HASH_COUNT(access->ended) >= ACCESS_ENDED_MAX) {
        if (access->ended->from_s > access->floor_s)
            access->floor_s = access->ended->from_s;
        access->floor_moment = access->ended->moment;
        forget(access, access->ended);
    }
}

void access_end(struct access *access, uint64_t player, uint64_t now_ms)
{
    uint64_t from_s = now_ms / 1000 + 1; /* those of this second too */
    struct ended *row;

    if (!access)
        return;
    HASH_FIND(hh, access->ended, &player, sizeof(player), row);
    if (row && row->from_s >= from_s) /* what was made since is dated then (access_issue_s) */
        from_s = row->from_s + 1;
    if (row) /* it is the newest now */
        forget(access, row);
    make_room(access, now_ms / 1000);
    access->moment++;
    row = calloc(1, sizeof(*row));
    if (row) {
        row->player = player;
        row->from_s = from_s;
        row->moment = access->moment;
        HASH_TRY_ADD(hh, access->ended, player, row);
        if (HASH_ADDED(hh, row))
            return;
        free(row);
    }
    access->floor_s = from_s; /* rather everybody's than one too many */
    access->floor_moment = access->moment;
}

uint64_t access_moment(const struct access *access)
{
    return access ? access->moment : 0;
}

bool access_ended_since(const struct access *access, uint64_t player, uint64_t moment)
{
    struct ended *row = NULL;

    if (!access)
        return false;
    HASH_FIND(hh, access->ended, &player, sizeof(player), row);
    return access->floor_moment > moment || (row && row->moment > moment);
}

uint64_t access_issue_s(const struct access *access, uint64_t player, uint64_t now_ms)
{
    uint64_t from_s = access ? good_from(access, player) : 0, now_s = now_ms / 1000;

    return from_s > now_s && from_s <= now_s + TOKEN_LEEWAY_S ? from_s : now_s;
}

struct access *access_new(const struct keys *keys, const struct bans *bans)
{
    struct access *access = calloc(1, sizeof(*access));

    if (access) {
        access->keys = keys;
        access->bans = bans;
    }
    return access;
}

void access_free(struct access *access)
{
    if (!access)
        return;
    while (access->ended)
        forget(access, access->ended);
    free(access);
}
