/* token.h -- the resume token: who a player is, signed by this server (JWT, EdDSA), so that coming
 * back needs no password and no hash. Good for nothing else: it has an audience of its own. Any
 * thread. */
#ifndef OPENMMO_ACCOUNTS_TOKEN_H
#define OPENMMO_ACCOUNTS_TOKEN_H

#include <stddef.h>
#include <stdint.h>

#include "accounts/jws.h"
#include "common/compiler.h"
#include "common/error.h"
#include "common/protocol.h"
#include "common/text.h"

#define TOKEN_ISSUER   "openmmo"
#define TOKEN_AUDIENCE "openmmo-resume"
#define TOKEN_LEEWAY_S 60 /* how far another clock of ours may be ahead */

struct token_claims {
    uint64_t player;
    char name[TEXT_NAME_MAX_BYTES + 1];
    uint64_t issued_s, expires_s; /* Unix time; not good before issued_s */
};

/* 0, or -1 (error). */
int token_make(const struct jws_key *key, const struct token_claims *claims,
               char out[PROTOCOL_TOKEN_MAX + 1], struct error *error) MUST_CHECK;
/* Check all of it: signature, key id, algorithm, issuer, audience, times as of now_s. 0, or -1 with
 * the reason for a log (never the token). */
int token_read(const struct jws_key *key, const char *text, uint64_t now_s,
               struct token_claims *claims, struct error *error) MUST_CHECK;

#endif
