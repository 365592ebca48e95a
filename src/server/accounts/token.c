/* token.c -- claims as JSON, inside a JWS. */
#include "accounts/token.h"

#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_BYTES 16 /* of jti */

static char *claims_json(const struct token_claims *claims)
{
    uint8_t random[ID_BYTES];
    char id[ID_BYTES * 2 + 1], subject[24];
    json_t *json;
    char *text;

    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(id, sizeof(id), random, sizeof(random));
    snprintf(subject, sizeof(subject), "%llu", (unsigned long long)claims->player);
    json = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "iss", TOKEN_ISSUER, "aud",
                     TOKEN_AUDIENCE, "sub", subject, "name", claims->name, "iat",
                     (json_int_t)claims->issued_s, "nbf", (json_int_t)claims->issued_s, "exp",
                     (json_int_t)claims->expires_s, "jti", id);
    text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

int token_make(const struct jws_key *key, const struct token_claims *claims,
               char out[PROTOCOL_TOKEN_MAX + 1], struct error *error)
{
    char header[128];
    char *payload = claims_json(claims);
    int rc;

    if (!payload)
        return error_set(error, "cannot write a token's claims");
    snprintf(header, sizeof(header), "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
             jws_key_id(key));
    rc = jws_sign(key, header, payload, out, PROTOCOL_TOKEN_MAX + 1);
    free(payload);
    return rc == 0 ? 0 : error_set(error, "the token is too long");
}

static bool says(const json_t *object, const char *member, const char *value)
{
    const char *text = json_string_value(json_object_get(object, member));

    return text && strcmp(text, value) == 0;
}

/* A time: a whole number of seconds, not negative. */
static bool get_time(const json_t *object, const char *member, uint64_t *seconds)
{
    const json_t *value = json_object_get(object, member);

    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *seconds = (uint64_t)json_integer_value(value);
    return true;
}

/* Digits only, no zero before others, in range; 0 otherwise. */
static uint64_t get_subject(const json_t *object)
{
    const char *text = json_string_value(json_object_get(object, "sub"));
    uint64_t id = 0;

    if (!text || text[0] == '0' || strlen(text) > 18)
        return 0;
    for (; *text; text++) {
        if (*text < '0' || *text > '9')
            return 0;
        id = id * 10 + (uint64_t)(*text - '0');
    }
    return id;
}

static json_t *parse(const char *text, size_t len_bytes)
{
    json_t *json = json_loadb(text, len_bytes, JSON_REJECT_DUPLICATES, NULL);

    if (json && !json_is_object(json)) {
        json_decref(json);
        json = NULL;
    }
    return json;
}

/* The signature was good; the algorithm is ours and never the header's choice, so this only keeps
 * others' kinds of token out. */
static int check_header(const struct jws_key *key, const struct jws_parts *parts,
                        struct error *error)
{
    json_t *header = parse(parts->header, parts->header_bytes);
    bool good = header && says(header, "alg", "EdDSA") && says(header, "typ", "JWT") &&
                says(header, "kid", jws_key_id(key)) && !json_object_get(header, "crit");

    json_decref(header);
    return good ? 0 : error_set(error, "its header is not that of a token of ours");
}

static int check_claims(const json_t *object, uint64_t now_s, struct token_claims *claims,
                        struct error *error)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    uint64_t not_before_s;

    if (!says(object, "iss", TOKEN_ISSUER) || !says(object, "aud", TOKEN_AUDIENCE))
        return error_set(error, "it is of another issuer or for another audience");
    claims->player = get_subject(object);
    if (claims->player == 0 || !name || strlen(name) >= sizeof(claims->name) ||
        !json_is_string(json_object_get(object, "jti")))
        return error_set(error, "a claim is missing or malformed");
    strcpy(claims->name, name);
    if (!get_time(object, "iat", &claims->issued_s) || !get_time(object, "nbf", &not_before_s) ||
        !get_time(object, "exp", &claims->expires_s))
        return error_set(error, "a time is missing or malformed");
    if (claims->issued_s > now_s + TOKEN_LEEWAY_S || not_before_s > now_s + TOKEN_LEEWAY_S)
        return error_set(error, "it is not valid yet");
    if (claims->expires_s <= now_s)
        return error_set(error, "it has expired");
    return 0;
}

int token_read(const struct jws_key *key, const char *text, uint64_t now_s,
               struct token_claims *claims, struct error *error)
{
    struct token_claims read = {0};
    struct jws_parts parts;
    json_t *object;
    int rc;

    if (strlen(text) > PROTOCOL_TOKEN_MAX)
        return error_set(error, "it is too long");
    if (jws_open(key, text, &parts) < 0)
        return error_set(error, "it is malformed or not signed by this server");
    if (check_header(key, &parts, error) < 0)
        return -1;
    object = parse(parts.payload, parts.payload_bytes);
    if (!object)
        return error_set(error, "its claims are no JSON object");
    rc = check_claims(object, now_s, &read, error);
    json_decref(object);
    if (rc == 0)
        *claims = read;
    return rc;
}
