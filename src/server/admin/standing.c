/* standing.c -- see standing.h. */
#include "admin/standing.h"

#include <stdio.h>
#include <string.h>

#include "accounts/accounts.h"
#include "accounts/bans.h"
#include "accounts/throttle.h"
#include "accounts/whence.h"
#include "common/clock.h"

/* As everybody who judges an address takes it: IPv4 as mapped into IPv6. */
static struct sockaddr_storage storage_of(const struct network *network)
{
    struct sockaddr_storage storage = {.ss_family = AF_INET6};

    memcpy(&((struct sockaddr_in6 *)(void *)&storage)->sin6_addr, network->address, NETWORK_BYTES);
    return storage;
}

static bool banned(const struct method_desk *desk, const struct sockaddr_storage *address,
                   struct standing *standing)
{
    const struct bans *bans = desk->config->bans;
    const struct ban *ban = bans != NULL ? bans_address(bans, address, clock_wall_ms()) : NULL;

    if (ban == NULL)
        return false;
    standing->state = STANDING_BANNED;
    standing->until_ms = ban->expires_ms;
    standing->ban = ban->id;
    snprintf(standing->why, sizeof(standing->why), "%s", ban->reason);
    return true;
}

static void set(struct standing *standing, enum standing_state state, uint64_t left_ms,
                const char *why)
{
    standing->state = state;
    standing->until_ms = clock_wall_ms() + left_ms;
    snprintf(standing->why, sizeof(standing->why), "%s", why);
}

static bool locked(const struct method_desk *desk, const struct sockaddr_storage *address,
                   uint64_t now_ms, struct standing *standing)
{
    char network[WHENCE_MAX];
    uint64_t until_ms = 0;

    whence_text(address, network);
    if (desk->config->accounts != NULL && network[0] != '\0')
        until_ms =
            throttle_locked_until(accounts_throttle(desk->config->accounts), network, now_ms);
    if (until_ms <= now_ms)
        return false;
    set(standing, STANDING_AUTH_LOCKED, until_ms - now_ms, "too many wrong logins");
    return true;
}

static bool held_back(const struct tally_row *row, uint64_t now_ms, struct standing *standing)
{
    static const struct {
        enum standing_state state;
        const char *why;
    } BLOCKS[TALLY_BLOCKS_N] = {
        [TALLY_CROWDED] = {STANDING_CONN_CAPPED, "too many connections that are not logged in"},
        [TALLY_FAST] = {STANDING_CONN_PACED, "opens connections too fast"},
        [TALLY_ASKING] = {STANDING_RATE_LIMITED, "sends messages or requests too fast"},
    };

    for (unsigned i = 0; i < TALLY_BLOCKS_N; i++) {
        if (row->until_ms[i] > now_ms) {
            set(standing, BLOCKS[i].state, row->until_ms[i] - now_ms, BLOCKS[i].why);
            return true;
        }
    }
    return false;
}

void standing_of(const struct method_desk *desk, const struct tally_row *row, uint64_t now_ms,
                 struct standing *standing)
{
    struct sockaddr_storage address = storage_of(&row->network);

    memset(standing, 0, sizeof(*standing));
    if (banned(desk, &address, standing) || locked(desk, &address, now_ms, standing) ||
        held_back(row, now_ms, standing))
        return;
    standing->state =
        sessions_exempt(desk->config->sessions, &address) ? STANDING_EXEMPT : STANDING_OK;
}

const char *standing_word(enum standing_state state)
{
    static const char *const WORDS[] = {
        [STANDING_BANNED] = "banned",
        [STANDING_AUTH_LOCKED] = "auth-locked",
        [STANDING_CONN_CAPPED] = "conn-capped",
        [STANDING_CONN_PACED] = "conn-paced",
        [STANDING_RATE_LIMITED] = "rate-limited",
        [STANDING_EXEMPT] = "exempt",
        [STANDING_OK] = "ok",
    };

    return WORDS[state];
}
