/* bans.h -- who is banned and who is muted: the database's word, kept in memory.
 *
 * Loaded at start, judged from memory, so that neither an accept nor a login costs a query, and an
 * absent database lets nobody in. A change is written through: it holds from the moment that its
 * commit is known, not before; then who is here is told by the handlers. Where the database is away
 * nothing changes and the answer says so. Where it is not known whether a change was made (the
 * connection broke in the commit), all is read again once the database answers.
 * Control thread only. */
#ifndef OPENMMO_ACCOUNTS_BANS_H
#define OPENMMO_ACCOUNTS_BANS_H

#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "accounts/ban_table.h"
#include "common/compiler.h"
#include "common/error.h"
#include "store/store.h"

#define BANS_TEXT_MAX    320 /* what a player is told, with its NUL */
#define BANS_V4_BITS_MIN 8   /* no network is wider: a slip must not ban the world */
#define BANS_V6_BITS_MIN 16

struct bans; /* opaque */

struct bans_handlers {
    /* Whom it judges and who is here must go; text: how long and why. */
    void (*banned)(void *context, const struct ban *ban, const char *text);
    /* An account may not speak until then (Unix ms; UINT64_MAX: for good; 0: it may again). text: a
     * sentence for the player. */
    void (*muted)(void *context, uint64_t player, uint64_t until_ms, const char *text);
    void *context;
};

/* Reads all that is in force: turns base until that is here. store: borrowed, closed before
 * bans_free. NULL + error. */
struct bans *bans_new(struct event_base *base, struct store *store, struct error *error);
void bans_free(struct bans *bans); /* NULL is fine */
/* Copied; before that nobody is told. */
void bans_set_handlers(struct bans *bans, const struct bans_handlers *handlers);

/* Of an account; 0 is none. NULL: not banned, here and below; else valid until control's next turn.
 * now_ms: Unix time. */
const struct ban *bans_account(const struct bans *bans, uint64_t player, uint64_t now_ms);
/* Of an address: the longest prefix. */
const struct ban *bans_address(const struct bans *bans, const struct sockaddr_storage *address,
                               uint64_t now_ms);
/* Exactly that network. */
const struct ban *bans_network(const struct bans *bans, const struct network *network,
                               uint64_t now_ms);
/* The mute of an account. */
const struct ban *bans_mute(const struct bans *bans, uint64_t player, uint64_t now_ms);
/* Until when, as handlers.muted says it; 0: it may speak. */
uint64_t bans_muted_until(const struct bans *bans, uint64_t player, uint64_t now_ms);
size_t bans_n(const struct bans *bans);       /* those whose time was over lately count */
size_t bans_mutes_n(const struct bans *bans); /* the same */

/* What an operator may ban: a network without host bits, not too wide (one of IPv6 that holds all
 * of IPv4 is); masked is canonical. 0; -1 + error, a sentence for him. Pure. */
int bans_network_parse(const char *text, struct network *network, struct error *error) MUST_CHECK;
/* "until 2026-12-01 10:00 UTC: spamming"; "for good: spamming". Pure. */
void bans_text(const struct ban *ban, char text[BANS_TEXT_MAX]);
/* "you are banned until ...": the whole sentence, where no reason of the protocol goes with it. */
void bans_sentence(const struct ban *ban, char text[BANS_TEXT_MAX]);
/* "You are muted until 2026-12-01 10:00 UTC" and, if there is a reason, ": ...". Pure. */
void bans_mute_text(uint64_t until_ms, const char *reason, char text[BANS_TEXT_MAX]);

enum bans_kind { BANS_BAN, BANS_MUTE };

struct bans_order {
    enum bans_kind kind;
    struct ban_target target; /* of an account, or, for a ban, a network (canonical) */
    const char *reason;       /* 1..BAN_REASON_MAX bytes; borrowed, as the next */
    uint64_t expires_ms;      /* Unix time; 0: never */
    const char *by;
};

/* On the control thread, once, perhaps before the function returns. id: of the row that was made or
 * lifted. NONE: no such player, or it is not in force. AWAY: error. */
typedef void bans_done_fn(void *context, uint64_t tag, enum store_status status, uint64_t id,
                          const struct error *error);

/* context: outlives the store. Takes the place of what is in force against that target. */
void bans_add(struct bans *bans, const struct bans_order *order, bans_done_fn *done, void *context,
              uint64_t tag);
/* The same for the end of one that is in force. */
void bans_lift(struct bans *bans, enum bans_kind kind, uint64_t id, const char *by,
               bans_done_fn *done, void *context, uint64_t tag);

/* The account is gone. */
void bans_forget(struct bans *bans, uint64_t player);

#endif
