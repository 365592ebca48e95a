/* token.h -- who a player is, signed by this server (JWT, EdDSA and nothing else), of two kinds,
 * each with an audience of its own and good for nothing else:
 *
 *   resume  comes back to the game port without a password and a hash; lives for days
 *   access  is shown with each request over HTTP; lives for minutes, for it cannot be revoked
 *
 * Same thread as the ring of keys. */
#ifndef OPENMMO_ACCOUNTS_TOKEN_H
#define OPENMMO_ACCOUNTS_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "accounts/keys.h"
#include "common/compiler.h"
#include "common/error.h"
#include "common/protocol.h"
#include "common/text.h"

#define TOKEN_ISSUER        "openmmo"
#define TOKEN_LEEWAY_S      60 /* how far another clock of ours may be ahead */
#define TOKEN_ACCESS_S      900
#define TOKEN_ROLE_BYTES    16 /* with its NUL */
#define TOKEN_SESSION_BYTES 40 /* with its NUL */

enum token_kind { TOKEN_RESUME, TOKEN_ACCESS };

struct token_claims {
    uint64_t player;
    char name[TEXT_NAME_MAX_BYTES + 1];
    char role[TOKEN_ROLE_BYTES];       /* ACCESS: small letters, not empty */
    char family[TOKEN_SESSION_BYTES];  /* ACCESS: of refresh tokens; empty: of an older server */
    char session[TOKEN_SESSION_BYTES]; /* RESUME: of game_sessions; empty: of an older server */
    char login[TOKEN_SESSION_BYTES];   /* RESUME: the session that a password began; as session */
    uint64_t since_s;                  /* RESUME: when that session began, Unix time */
    uint64_t issued_s, expires_s;      /* Unix time; not good before issued_s */
};

/* Signed by the current key. 0, or -1 (error). */
int token_make(const struct keys *keys, enum token_kind kind, const struct token_claims *claims,
               char out[PROTOCOL_TOKEN_MAX + 1], struct error *error) MUST_CHECK;
/* Check all of it: algorithm, key id, signature, issuer, audience, times as of now_s. 0, or -1 with
 * the reason for a log (never the token). */
int token_read(const struct keys *keys, enum token_kind kind, const char *text, uint64_t now_s,
               struct token_claims *claims, struct error *error) MUST_CHECK;

#endif
