/* access.h -- whether an access token still opens what it names: its signature and times (token.h),
 * bans, and what became of its player since it was made.
 *
 * A token lives for TOKEN_ACCESS_S and is looked up nowhere. When a password is set anew, a role
 * changes or an account is erased, those made before are to end at once, and when a login is logged
 * out those of that login: that is remembered here for as long as one of them could live, in
 * bounded memory. After a restart it is read from what the database keeps of the same deeds.
 * Control thread only. */
#ifndef OPENMMO_ACCOUNTS_ACCESS_H
#define OPENMMO_ACCOUNTS_ACCESS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "accounts/bans.h"
#include "accounts/keys.h"
#include "accounts/token.h"
#include "common/compiler.h"
#include "common/error.h"
#include "store/store.h"

#define ACCESS_ENDED_MAX 16384 /* players and logins that are remembered; the oldest give way */

struct access; /* opaque */

/* Both are borrowed; bans may be NULL: nobody is banned. NULL when out of memory. */
struct access *access_new(const struct keys *keys, const struct bans *bans);
void access_free(struct access *access); /* NULL is fine */
/* What ended before this start: revoked logins, and accounts that operators changed. Turns the loop
 * of the base until the store has answered. -1 + error. */
int access_load(struct access *access, struct event_base *base, struct store *store,
                struct error *error) MUST_CHECK;

enum access_verdict {
    ACCESS_GOOD,
    ACCESS_REFUSED, /* cause: for a log */
    ACCESS_BANNED,  /* cause: for the player */
};

/* Of a token (any text) that came from that address. claims: filled where it is good. now_ms: Unix
 * time. */
enum access_verdict access_check(const struct access *access, const char *token,
                                 const struct sockaddr_storage *address, uint64_t now_ms,
                                 struct token_claims *claims, struct error *cause) MUST_CHECK;

/* What that player's tokens of before say is true no longer. access may be NULL. Where more
 * than ACCESS_ENDED_MAX are to be remembered, everybody's tokens as old as the oldest's end too. */
void access_end(struct access *access, uint64_t player, uint64_t now_ms);
/* The tokens of one login, a family of refresh tokens, are over. "": nothing. access may be NULL.
 */
void access_end_family(struct access *access, const char *family, uint64_t now_ms);
/* A moment, to ask later whether that player's tokens have ended since: then what was read of the
 * account meanwhile may be what it was before. access may be NULL. */
uint64_t access_moment(const struct access *access);
/* See access_moment. */
bool access_ended_since(const struct access *access, uint64_t player, uint64_t moment);
/* When a token that is made now for that player must say it was made, in Unix seconds: not within
 * the second in which others ended. access may be NULL. */
uint64_t access_issue_s(const struct access *access, uint64_t player, uint64_t now_ms);

#endif
