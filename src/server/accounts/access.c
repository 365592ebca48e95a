/* access.c -- see access.h. One row a player or login whose older tokens ended, the oldest first.
 */
#include "accounts/access.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"
#include "store/timestamp.h"

struct ended {
    uint64_t whose;  /* key: a player, or key_of a family */
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

/* 63 bits of the random ones; the top bit tells it from a player's id. 0: there is none. */
static uint64_t key_of(const char *family)
{
    uint64_t bits = 0;

    for (unsigned i = 0; i < 16 && family[i] != '\0'; i++)
        bits = bits << 4 | (uint64_t)(family[i] <= '9' ? family[i] - '0' : family[i] - 'a' + 10);
    return family[0] != '\0' ? bits | UINT64_C(1) << 63 : 0;
}

static uint64_t good_from(const struct access *access, uint64_t whose)
{
    struct ended *row;

    HASH_FIND(hh, access->ended, &whose, sizeof(whose), row);
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
    if (read.issued_s < good_from(access, read.player) ||
        (read.family[0] && read.issued_s < good_from(access, key_of(read.family)))) {
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

static void end(struct access *access, uint64_t whose, uint64_t now_ms)
{
    uint64_t from_s = now_ms / 1000 + 1; /* those of this second too */
    struct ended *row;

    HASH_FIND(hh, access->ended, &whose, sizeof(whose), row);
    if (row && row->from_s >= from_s) /* what was made since is dated then (access_issue_s) */
        from_s = row->from_s + 1;
    if (row) /* it is the newest now */
        forget(access, row);
    make_room(access, now_ms / 1000);
    access->moment++;
    row = calloc(1, sizeof(*row));
    if (row) {
        row->whose = whose;
        row->from_s = from_s;
        row->moment = access->moment;
        HASH_TRY_ADD(hh, access->ended, whose, row);
        if (HASH_ADDED(hh, row))
            return;
        free(row);
    }
    access->floor_s = from_s; /* rather everybody's than one too many */
    access->floor_moment = access->moment;
}

void access_end(struct access *access, uint64_t player, uint64_t now_ms)
{
    if (access)
        end(access, player, now_ms);
}

void access_end_family(struct access *access, const char *family, uint64_t now_ms)
{
    if (access && family[0])
        end(access, key_of(family), now_ms);
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

/* -- after a restart --------------------------------------------------------------------------- */

struct load {
    struct access *access;
    bool answered;
    struct error error;
};

static void loaded(void *context, uint64_t tag, const struct store_answer *answer)
{
    const struct store_access_end *rows = answer->rows;
    struct load *load = context;

    (void)tag;
    load->answered = true;
    if (answer->status != STORE_OK)
        error_set(&load->error, "what ended of access tokens cannot be read: %s",
                  answer->error.text);
    for (size_t i = answer->status == STORE_OK ? answer->rows_n : 0; i-- > 0;) { /* oldest first */
        if (rows[i].family[0])
            access_end_family(load->access, rows[i].family, rows[i].at_ms);
        else if (rows[i].target[0] == '#')
            access_end(load->access, strtoull(rows[i].target + 1, NULL, 10), rows[i].at_ms);
    }
    if (answer->rows_n > ACCESS_ENDED_MAX) /* there may be more: everybody's of before */
        load->access->floor_s = rows[answer->rows_n - 1].at_ms / 1000 + 1;
}

int access_load(struct access *access, struct event_base *base, struct store *store,
                struct error *error)
{
    struct load load = {.access = access};
    struct store_question question = {
        .statement = STORE_ACCESS_ENDS, .answer = loaded, .context = &load};

    question.in.page.now_ms = timestamp_now_ms() - TOKEN_ACCESS_S * 1000;
    question.in.page.limit = ACCESS_ENDED_MAX + 1;
    if (store_ask(store, &question) < 0)
        return error_set(error, "the database has too much to do");
    while (!load.answered && event_base_loop(base, EVLOOP_ONCE) == 0)
        continue;
    if (load.answered && load.error.text[0] == '\0')
        return 0;
    return error_set(error, "%s", load.answered ? load.error.text : "the store does not answer");
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
