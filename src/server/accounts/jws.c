/* jws.c -- compact JWS with Ed25519. */
#include "accounts/jws.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define BASE64         sodium_base64_VARIANT_URLSAFE_NO_PADDING
#define SIGNATURE_TEXT 87 /* 64 bytes in base64url, with its NUL */
#define PUBLIC_TEXT    44 /* 32 bytes */

struct jws_key {
    uint8_t secret[crypto_sign_SECRETKEYBYTES];
    uint8_t public[crypto_sign_PUBLICKEYBYTES];
    char id[JWS_KID_BYTES];
};

static void name_key(struct jws_key *key)
{
    char public[PUBLIC_TEXT], jwk[128];
    uint8_t hash[crypto_hash_sha256_BYTES];
    int length;

    sodium_bin2base64(public, sizeof(public), key->public, sizeof(key->public), BASE64);
    length =
        snprintf(jwk, sizeof(jwk), "{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", public);
    crypto_hash_sha256(hash, (const uint8_t *)jwk, (unsigned long long)length);
    sodium_bin2base64(key->id, sizeof(key->id), hash, sizeof(hash), BASE64);
}

struct jws_key *jws_key_new(const uint8_t seed[JWS_SEED_BYTES])
{
    struct jws_key *key = sodium_malloc(sizeof(*key));

    if (!key)
        return NULL;
    crypto_sign_seed_keypair(key->public, key->secret, seed);
    name_key(key);
    return key;
}

void jws_key_free(struct jws_key *key)
{
    sodium_free(key);
}

const char *jws_key_id(const struct jws_key *key)
{
    return key->id;
}

void jws_key_seed(const struct jws_key *key, uint8_t seed[JWS_SEED_BYTES])
{
    crypto_sign_ed25519_sk_to_seed(seed, key->secret);
}

int jws_sign(const struct jws_key *key, const char *header, const char *payload, char *out,
             size_t out_bytes)
{
    size_t header_bytes = strlen(header), payload_bytes = strlen(payload);
    uint8_t signature[crypto_sign_BYTES];
    size_t at;

    /* The lengths that sodium reckons count a NUL, of which two become dots. */
    if (out_bytes < sodium_base64_ENCODED_LEN(header_bytes, BASE64) +
                        sodium_base64_ENCODED_LEN(payload_bytes, BASE64) + SIGNATURE_TEXT)
        return -1;
    sodium_bin2base64(out, out_bytes, (const uint8_t *)header, header_bytes, BASE64);
    at = strlen(out);
    out[at++] = '.';
    sodium_bin2base64(out + at, out_bytes - at, (const uint8_t *)payload, payload_bytes, BASE64);
    at += strlen(out + at);
    crypto_sign_detached(signature, NULL, (const uint8_t *)out, at, key->secret);
    out[at++] = '.';
    sodium_bin2base64(out + at, out_bytes - at, signature, sizeof(signature), BASE64);
    return 0;
}

static int decode(const char *text, size_t len_bytes, void *room, size_t room_bytes, size_t *bytes)
{
    return sodium_base642bin(room, room_bytes, text, len_bytes, NULL, bytes, NULL, BASE64);
}

int jws_split(const char *text, struct jws_parts *parts)
{
    const char *payload = strchr(text, '.');
    const char *signature = payload ? strchr(payload + 1, '.') : NULL;
    size_t bytes;

    if (!signature)
        return -1;
    payload++;
    if (decode(text, (size_t)(payload - 1 - text), parts->header, JWS_PART_MAX,
               &parts->header_bytes) < 0 ||
        decode(payload, (size_t)(signature - payload), parts->payload, JWS_PART_MAX,
               &parts->payload_bytes) < 0 ||
        decode(signature + 1, strlen(signature + 1), parts->signature, sizeof(parts->signature),
               &bytes) < 0 ||
        bytes != sizeof(parts->signature))
        return -1;
    parts->header[parts->header_bytes] = '\0';
    parts->payload[parts->payload_bytes] = '\0';
    parts->signed_bytes = (size_t)(signature - text);
    return 0;
}

int jws_verify(const struct jws_key *key, const char *text, const struct jws_parts *parts)
{
    return crypto_sign_verify_detached(parts->signature, (const uint8_t *)text, parts->signed_bytes,
                                       key->public);
}
