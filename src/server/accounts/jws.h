/* jws.h -- signed bytes in three base64url parts (RFC 7515), with one algorithm: EdDSA over Ed25519
 * (RFC 8037). What the parts say is token.h's business. Any thread. */
#ifndef OPENMMO_ACCOUNTS_JWS_H
#define OPENMMO_ACCOUNTS_JWS_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"

#define JWS_SEED_BYTES 32
#define JWS_KID_BYTES  44  /* a thumbprint in base64url, with its NUL */
#define JWS_PART_MAX   768 /* bytes of a header or a payload */

struct jws_key; /* opaque; the secret lies in locked memory */

/* NULL when out of memory. seed is not wiped here. */
struct jws_key *jws_key_new(const uint8_t seed[JWS_SEED_BYTES]);
void jws_key_free(struct jws_key *key); /* wipes; NULL is fine */

/* What it was made from: as secret as the key; the caller wipes it. */
void jws_key_seed(const struct jws_key *key, uint8_t seed[JWS_SEED_BYTES]);
/* Its name: the JWK thumbprint (RFC 7638). */
const char *jws_key_id(const struct jws_key *key);

/* Sign; out is NUL-terminated. 0, or -1 if out_bytes is too small. */
int jws_sign(const struct jws_key *key, const char *header, const char *payload, char *out,
             size_t out_bytes) MUST_CHECK;

struct jws_parts { /* NUL-terminated, may hold any byte; the lengths count */
    char header[JWS_PART_MAX + 1], payload[JWS_PART_MAX + 1];
    size_t header_bytes, payload_bytes;
    uint8_t signature[64];
    size_t signed_bytes; /* of the text: header, dot, payload */
};
/* Take a text apart; nothing is verified yet. 0, or -1: malformed. */
int jws_split(const char *text, struct jws_parts *parts) MUST_CHECK;
/* The signature over a text that was split. 0, or -1: key did not sign it. The algorithm is the
 * key's, whatever the header says. */
int jws_verify(const struct jws_key *key, const char *text,
               const struct jws_parts *parts) MUST_CHECK;

#endif
