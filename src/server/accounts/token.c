/* token.c -- claims as JSON, inside a JWS. */
#include "accounts/token.h"

#include <jansson.h>
#include <sodium.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ID_BYTES 16 /* of jti */

static const char *const audiences[] = {
    [TOKEN_RESUME] = "openmmo-resume",
    [TOKEN_ACCESS] = "openmmo-api",
};

/* What only one kind says. */
static int add_own_claims(json_t *json, enum token_kind kind, const struct token_claims *claims)
{
    switch (kind) {
    case TOKEN_RESUME:
        return json_object_set_new(json, "sid", json_string(claims->session)) |
               json_object_set_new(json, "login", json_string(claims->login)) |
               json_object_set_new(json, "since", json_integer((json_int_t)claims->since_s));
    case TOKEN_ACCESS:
        return json_object_set_new(json, "role", json_string(claims->role)) |
               json_object_set_new(json, "family", json_string(claims->family));
    }
    return -1;
}

static char *claims_json(enum token_kind kind, const struct token_claims *claims)
{
    uint8_t random[ID_BYTES];
    char id[ID_BYTES * 2 + 1], subject[24];
    json_t *json;
    char *text = NULL;

    randombytes_buf(random, sizeof(random));
    sodium_bin2hex(id, sizeof(id), random, sizeof(random));
    snprintf(subject, sizeof(subject), "%llu", (unsigned long long)claims->player);
    json = json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "iss", TOKEN_ISSUER, "aud",
                     audiences[kind], "sub", subject, "name", claims->name, "iat",
                     (json_int_t)claims->issued_s, "nbf", (json_int_t)claims->issued_s, "exp",
                     (json_int_t)claims->expires_s, "jti", id);
    if (json && add_own_claims(json, kind, claims) == 0)
        text = json_dumps(json, JSON_COMPACT);
    json_decref(json);
    return text;
}

int token_make(const struct keys *keys, enum token_kind kind, const struct token_claims *claims,
               char out[PROTOCOL_TOKEN_MAX + 1], struct error *error)
{
    const struct jws_key *key = keys_current(keys);
    char header[128];
    char *payload = claims_json(kind, claims);
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

/* The key that the header names, if it is that of a token of ours; NULL otherwise. Which algorithm
 * verifies is never the header's choice: it must say ours. */
static const struct jws_key *key_of(const struct keys *keys, const struct jws_parts *parts)
{
    json_t *header = parse(parts->header, parts->header_bytes);
    const char *id = json_string_value(json_object_get(header, "kid"));
    const struct jws_key *key = NULL;

    if (id && says(header, "alg", "EdDSA") && says(header, "typ", "JWT") &&
        !json_object_get(header, "crit"))
        key = keys_named(keys, id);
    json_decref(header);
    return key;
}

/* Copy a claim made of small letters, digits and '-'. False: it is none, or too long. */
static bool get_word(const json_t *object, const char *member, char *room, size_t room_bytes)
{
    const char *text = json_string_value(json_object_get(object, member));

    if (!text || strlen(text) >= room_bytes ||
        text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-")] != '\0')
        return false;
    strcpy(room, text);
    return true;
}

static int check_own_claims(const json_t *object, enum token_kind kind, struct token_claims *claims,
                            struct error *error)
{
    switch (kind) {
    case TOKEN_RESUME: /* an older server's lacks them */
        claims->since_s = claims->issued_s;
        if ((json_object_get(object, "sid") &&
             !get_word(object, "sid", claims->session, sizeof(claims->session))) ||
            (json_object_get(object, "login") &&
             !get_word(object, "login", claims->login, sizeof(claims->login))) ||
            (json_object_get(object, "since") && !get_time(object, "since", &claims->since_s)))
            return error_set(error, "its session is malformed");
        if (!claims->login[0])
            memcpy(claims->login, claims->session, sizeof(claims->login));
        return 0;
    case TOKEN_ACCESS:
        if (!get_word(object, "role", claims->role, sizeof(claims->role)) || !claims->role[0])
            return error_set(error, "its role is missing or malformed");
        if (json_object_get(object, "family") &&
            !get_word(object, "family", claims->family, sizeof(claims->family)))
            return error_set(error, "its family is malformed");
        return 0;
    }
    return -1;
}

static int check_claims(const json_t *object, enum token_kind kind, uint64_t now_s,
                        struct token_claims *claims, struct error *error)
{
    const char *name = json_string_value(json_object_get(object, "name"));
    uint64_t not_before_s;

    if (!says(object, "iss", TOKEN_ISSUER) || !says(object, "aud", audiences[kind]))
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
    return check_own_claims(object, kind, claims, error);
}

int token_read(const struct keys *keys, enum token_kind kind, const char *text, uint64_t now_s,
               struct token_claims *claims, struct error *error)
{
    struct token_claims read = {0};
    const struct jws_key *key;
    struct jws_parts parts;
    json_t *object;
    int rc;

    if (strlen(text) > PROTOCOL_TOKEN_MAX)
        return error_set(error, "it is too long");
    if (jws_split(text, &parts) < 0)
        return error_set(error, "it is malformed");
    key = key_of(keys, &parts);
    if (!key)
        return error_set(error, "its header is not that of a token of ours");
    if (jws_verify(key, text, &parts) < 0)
        return error_set(error, "it is not signed by this server");
    object = parse(parts.payload, parts.payload_bytes);
    if (!object)
        return error_set(error, "its claims are no JSON object");
    rc = check_claims(object, kind, now_s, &read, error);
    json_decref(object);
    if (rc == 0)
        *claims = read;
    return rc;
}
