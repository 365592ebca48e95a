/* JWS against the vectors of RFC 8037 and RFC 7515; resume tokens that are refused for every way of
 * being wrong; the key file; argon2id. */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>
#include <sodium.h>

#include "accounts/keys.h"
#include "accounts/password.h"
#include "accounts/token.h"

#define NOW UINT64_C(1795349071)

/* RFC 8037, appendix A. */
static const char rfc_seed[] = "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60";
static const char rfc_kid[] = "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k";
static const char rfc_jws[] =
    "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
    "09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg";

static struct jws_key *rfc_key(void)
{
    uint8_t seed[JWS_SEED_BYTES];
    struct jws_key *key;

    assert_int_equal(
        sodium_hex2bin(seed, sizeof(seed), rfc_seed, strlen(rfc_seed), NULL, NULL, NULL), 0);
    key = jws_key_new(seed);
    assert_non_null(key);
    return key;
}

static void test_rfc_8037(void **state)
{
    struct jws_key *key = rfc_key();
    struct jws_parts parts;
    char out[512];

    (void)state;
    assert_string_equal(jws_key_id(key), rfc_kid);
    assert_int_equal(
        jws_sign(key, "{\"alg\":\"EdDSA\"}", "Example of Ed25519 signing", out, sizeof(out)), 0);
    assert_string_equal(out, rfc_jws);
    assert_int_equal(jws_split(rfc_jws, &parts), 0);
    assert_int_equal(jws_verify(key, rfc_jws, &parts), 0);
    assert_string_equal(parts.payload, "Example of Ed25519 signing");
    assert_int_equal(jws_sign(key, "{}", "x", out, 40), -1);
    jws_key_free(key);
}

/* RFC 7515, appendix A: one payload for all but A.4. */
#define RFC_JOE                                                                                    \
    "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0"     \
    "cnVlfQ"

static const struct {
    const char *text, *header,
        *payload; /* header NULL: its signature is of no length that we have */
} rfc_7515[] = {
    {"eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9." RFC_JOE /* A.1, HS256 */
     ".dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk",
     NULL, NULL},
    {"eyJhbGciOiJSUzI1NiJ9." RFC_JOE /* A.2, RS256 */
     ".cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5"
     "jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb"
     "1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QO"
     "YEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw",
     NULL, NULL},
    {"eyJhbGciOiJFUzI1NiJ9." RFC_JOE /* A.3, ES256: of the length of ours */
     ".DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
     "{\"alg\":\"ES256\"}",
     "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"},
    {"eyJhbGciOiJFUzUxMiJ9.UGF5bG9hZA" /* A.4, ES512 */
     ".AdwMgeerwtHoh-l192l60hp9wAHZFVJbLfD_UxMi70cwnZOYaRI1bKPWROc-mZZqwqT2SI-KGDKB34XO0aw_7XdtAG8G"
     "aSwFKdCAPZgoXD2YBJZCPEX3xKpRwcdOO8KpEHwJjyqOgzDO7iKvU8vcnwNrmxYbSW9ERBXukOXolLzeO_Jn",
     NULL, NULL},
    {"eyJhbGciOiJub25lIn0." RFC_JOE ".", NULL, NULL}, /* A.5, unsecured */
};

/* Good signatures, each by an algorithm that is not ours: none opens anything. */
static void test_rfc_7515(void **state)
{
    struct jws_key *key = rfc_key();
    struct keys *keys = keys_new((const uint8_t[JWS_SEED_BYTES]){5});
    struct token_claims back;
    struct error error;

    (void)state;
    for (size_t i = 0; i < sizeof(rfc_7515) / sizeof(rfc_7515[0]); i++) {
        static struct jws_parts parts;

        assert_int_equal(jws_split(rfc_7515[i].text, &parts), rfc_7515[i].header ? 0 : -1);
        assert_int_equal(token_read(keys, TOKEN_RESUME, rfc_7515[i].text, NOW, &back, &error), -1);
        assert_int_equal(token_read(keys, TOKEN_ACCESS, rfc_7515[i].text, NOW, &back, &error), -1);
        if (!rfc_7515[i].header)
            continue;
        assert_string_equal(parts.header, rfc_7515[i].header);
        assert_string_equal(parts.payload, rfc_7515[i].payload);
        assert_int_equal(jws_verify(key, rfc_7515[i].text, &parts), -1);
    }
    keys_free(keys);
    jws_key_free(key);
}

static struct keys *rfc_keys(void)
{
    uint8_t seed[JWS_SEED_BYTES];
    struct keys *keys;

    assert_int_equal(
        sodium_hex2bin(seed, sizeof(seed), rfc_seed, strlen(rfc_seed), NULL, NULL, NULL), 0);
    keys = keys_new(seed);
    assert_non_null(keys);
    return keys;
}

static struct token_claims claims_of(void)
{
    struct token_claims claims = {.player = 42, .issued_s = NOW - 10, .expires_s = NOW + 10};

    strcpy(claims.name, "Zoë \"the\" Brave");
    return claims;
}

static void test_token_round_trip(void **state)
{
    struct keys *keys = rfc_keys();
    struct token_claims claims = claims_of(), back = {0};
    char token[PROTOCOL_TOKEN_MAX + 1], again[PROTOCOL_TOKEN_MAX + 1];
    struct error error = {""};

    (void)state;
    assert_int_equal(token_make(keys, TOKEN_RESUME, &claims, token, &error), 0);
    assert_int_equal(token_make(keys, TOKEN_RESUME, &claims, again, &error), 0);
    assert_string_not_equal(token, again); /* jti */
    assert_int_equal(token_read(keys, TOKEN_RESUME, token, NOW, &back, &error), 0);
    assert_int_equal(back.player, 42);
    assert_string_equal(back.name, claims.name);
    assert_int_equal(back.expires_s, NOW + 10);
    assert_int_equal(token_read(keys, TOKEN_RESUME, token, NOW + 9, &back, &error), 0);
    assert_int_equal(token_read(keys, TOKEN_RESUME, token, NOW + 10, &back, &error), -1);
    assert_non_null(strstr(error.text, "expired"));
    assert_int_equal(
        token_read(keys, TOKEN_RESUME, token, NOW - 10 - TOKEN_LEEWAY_S, &back, &error), 0);
    assert_int_equal(
        token_read(keys, TOKEN_RESUME, token, NOW - 11 - TOKEN_LEEWAY_S, &back, &error), -1);
    assert_non_null(strstr(error.text, "not valid yet"));
    keys_free(keys);
}

static void test_kinds_are_apart(void **state)
{
    struct keys *keys = rfc_keys();
    struct token_claims claims = claims_of(), back = {0};
    char token[PROTOCOL_TOKEN_MAX + 1];
    struct error error = {""};

    (void)state;
    strcpy(claims.role, "moderator");
    strcpy(claims.session, "0123456789abcdef0123456789abcdef");
    claims.since_s = NOW - 500;
    assert_int_equal(token_make(keys, TOKEN_ACCESS, &claims, token, &error), 0);
    assert_int_equal(token_read(keys, TOKEN_RESUME, token, NOW, &back, &error), -1);
    assert_non_null(strstr(error.text, "another audience"));
    assert_int_equal(token_read(keys, TOKEN_ACCESS, token, NOW, &back, &error), 0);
    assert_string_equal(back.role, "moderator");
    assert_string_equal(back.session, "");
    assert_int_equal(token_make(keys, TOKEN_RESUME, &claims, token, &error), 0);
    assert_int_equal(token_read(keys, TOKEN_ACCESS, token, NOW, &back, &error), -1);
    assert_int_equal(token_read(keys, TOKEN_RESUME, token, NOW, &back, &error), 0);
    assert_string_equal(back.session, claims.session);
    assert_string_equal(back.role, "");
    assert_int_equal(back.since_s, NOW - 500);
    claims.role[0] = '\0';
    assert_int_equal(token_make(keys, TOKEN_ACCESS, &claims, token, &error), 0);
    assert_int_equal(token_read(keys, TOKEN_ACCESS, token, NOW, &back, &error), -1);
    keys_free(keys);
}

static void test_longest_name_fits(void **state)
{
    struct keys *keys = rfc_keys();
    struct token_claims claims = claims_of(), back;
    char token[PROTOCOL_TOKEN_MAX + 1];
    struct error error = {""};

    (void)state;
    claims.player = 999999999999999999;
    memset(claims.session, 'a', sizeof(claims.session) - 1);
    memset(claims.login, 'b', sizeof(claims.login) - 1);
    for (unsigned i = 0; i < TEXT_NAME_MAX_BYTES; i += 4)
        memcpy(claims.name + i, "\xf0\x9d\x94\xb8", 4);
    claims.name[TEXT_NAME_MAX_BYTES] = '\0';
    assert_int_equal(token_make(keys, TOKEN_RESUME, &claims, token, &error), 0);
    assert_int_equal(token_read(keys, TOKEN_RESUME, token, NOW, &back, &error), 0);
    assert_string_equal(back.name, claims.name);
    assert_string_equal(back.login, claims.login);
    keys_free(keys);
}

static void test_any_changed_byte_is_refused(void **state)
{
    struct keys *keys = rfc_keys();
    struct token_claims claims = claims_of(), back;
    char token[PROTOCOL_TOKEN_MAX + 1];
    struct error error;

    (void)state;
    assert_int_equal(token_make(keys, TOKEN_RESUME, &claims, token, &error), 0);
    for (size_t i = 0; token[i]; i++) {
        char kept = token[i];

        token[i] = kept == 'A' ? 'B' : 'A';
        assert_int_equal(token_read(keys, TOKEN_RESUME, token, NOW, &back, &error), -1);
        token[i] = kept;
    }
    token[strlen(token) - 1] = '\0'; /* cut */
    assert_int_equal(token_read(keys, TOKEN_RESUME, token, NOW, &back, &error), -1);
    keys_free(keys);
}

#define GOOD_TIMES "\"iat\":1795349061,\"nbf\":1795349061,\"exp\":1795349081"
#define GOOD_WHO                                                                                   \
    "\"iss\":\"openmmo\",\"aud\":\"openmmo-resume\",\"sub\":\"42\",\"name\":\"a\",\"jti\":\"j\""

/* clang-format off */
static const struct {
    const char *header, *payload; /* header NULL: the right one */
} bad[] = {
    {"{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"%s\"}", "{" GOOD_WHO "," GOOD_TIMES "}"},
    {"{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}", "{" GOOD_WHO "," GOOD_TIMES "}"},
    {"{\"alg\":\"eddsa\",\"typ\":\"JWT\",\"kid\":\"%s\"}", "{" GOOD_WHO "," GOOD_TIMES "}"},
    {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\"}", "{" GOOD_WHO "," GOOD_TIMES "}"},
    {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%sx\"}", "{" GOOD_WHO "," GOOD_TIMES "}"},
    {"{\"alg\":\"EdDSA\",\"typ\":\"JOSE\",\"kid\":\"%s\"}", "{" GOOD_WHO "," GOOD_TIMES "}"},
    {"{\"alg\":\"EdDSA\",\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}", "{" GOOD_WHO "," GOOD_TIMES "}"},
    {"{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\",\"crit\":[\"x\"]}", "{" GOOD_WHO "," GOOD_TIMES "}"},
    {"[\"%s\"]", "{" GOOD_WHO "," GOOD_TIMES "}"},
    {"", "{" GOOD_WHO "," GOOD_TIMES "}"},
    {NULL, ""},
    {NULL, "[]"},
    {NULL, "{" GOOD_WHO "}"},
    {NULL, "{" GOOD_WHO "," GOOD_TIMES "} "  "x"},
    {NULL, "{" GOOD_WHO ",\"sub\":\"1\"," GOOD_TIMES "}"},
    {NULL, "{\"iss\":\"other\",\"aud\":\"openmmo-resume\",\"sub\":\"42\",\"name\":\"a\",\"jti\":\"j\"," GOOD_TIMES "}"},
    {NULL, "{\"iss\":\"openmmo\",\"aud\":\"openmmo-access\",\"sub\":\"42\",\"name\":\"a\",\"jti\":\"j\"," GOOD_TIMES "}"},
    {NULL, "{\"iss\":\"openmmo\",\"aud\":[\"openmmo-resume\"],\"sub\":\"42\",\"name\":\"a\",\"jti\":\"j\"," GOOD_TIMES "}"},
    {NULL, "{\"iss\":\"openmmo\",\"aud\":\"openmmo-resume\",\"sub\":42,\"name\":\"a\",\"jti\":\"j\"," GOOD_TIMES "}"},
    {NULL, "{\"iss\":\"openmmo\",\"aud\":\"openmmo-resume\",\"sub\":\"042\",\"name\":\"a\",\"jti\":\"j\"," GOOD_TIMES "}"},
    {NULL, "{\"iss\":\"openmmo\",\"aud\":\"openmmo-resume\",\"sub\":\"-42\",\"name\":\"a\",\"jti\":\"j\"," GOOD_TIMES "}"},
    {NULL, "{\"iss\":\"openmmo\",\"aud\":\"openmmo-resume\",\"sub\":\"9999999999999999999\",\"name\":\"a\",\"jti\":\"j\"," GOOD_TIMES "}"},
    {NULL, "{\"iss\":\"openmmo\",\"aud\":\"openmmo-resume\",\"sub\":\"\",\"name\":\"a\",\"jti\":\"j\"," GOOD_TIMES "}"},
    {NULL, "{\"iss\":\"openmmo\",\"aud\":\"openmmo-resume\",\"sub\":\"42\",\"jti\":\"j\"," GOOD_TIMES "}"},
    {NULL, "{\"iss\":\"openmmo\",\"aud\":\"openmmo-resume\",\"sub\":\"42\",\"name\":\"a\"," GOOD_TIMES "}"},
    {NULL, "{" GOOD_WHO ",\"iat\":1795349061,\"nbf\":1795349061,\"exp\":1795349081.5}"},
    {NULL, "{" GOOD_WHO ",\"iat\":1795349061,\"nbf\":1795349061,\"exp\":\"1795349081\"}"},
    {NULL, "{" GOOD_WHO ",\"iat\":1795349061,\"nbf\":1795349061,\"exp\":-1}"},
    {NULL, "{" GOOD_WHO ",\"iat\":1795349061,\"nbf\":1795349061,\"exp\":1795349070}"},
    {NULL, "{" GOOD_WHO ",\"iat\":1795349061,\"nbf\":1795350061,\"exp\":1795359081}"},
    {NULL, "{" GOOD_WHO ",\"sid\":7," GOOD_TIMES "}"},
    {NULL, "{" GOOD_WHO ",\"sid\":\"a b\"," GOOD_TIMES "}"},
    {NULL, "{" GOOD_WHO ",\"sid\":\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\"," GOOD_TIMES "}"},
    {NULL, "{" GOOD_WHO ",\"since\":\"x\"," GOOD_TIMES "}"},
    {NULL, "{" GOOD_WHO ",\"iat\":1795350061,\"nbf\":1795349061,\"exp\":1795359081}"},
};
/* clang-format on */

static int read_signed(const struct keys *keys, const char *header, const char *payload)
{
    char filled[256], text[PROTOCOL_TOKEN_MAX + 1];
    const char *format = header ? header : "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}";
    const char *at = strstr(format, "%s");
    struct token_claims back;
    struct error error;

    if (at)
        snprintf(filled, sizeof(filled), "%.*s%s%s", (int)(at - format), format,
                 jws_key_id(keys_current(keys)), at + 2);
    else
        snprintf(filled, sizeof(filled), "%s", format);
    assert_int_equal(jws_sign(keys_current(keys), filled, payload, text, sizeof(text)), 0);
    return token_read(keys, TOKEN_RESUME, text, NOW, &back, &error);
}

/* Every one is signed by the right key: only what it says is wrong. */
static void test_wrong_words_are_refused(void **state)
{
    struct keys *keys = rfc_keys();

    (void)state;
    assert_int_equal(read_signed(keys, NULL, "{" GOOD_WHO "," GOOD_TIMES "}"), 0);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        if (read_signed(keys, bad[i].header, bad[i].payload) == 0)
            fail_msg("accepted: %s %s", bad[i].header ? bad[i].header : "", bad[i].payload);
    keys_free(keys);
}

/* What a forger can make who knows our public key: HMAC with it for a secret, a header that brings
 * its own key, another's signature. */
static void test_forged_tokens_are_refused(void **state)
{
    static const char *const headers[] = {
        "{\"alg\":\"HS256\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
        "{\"alg\":\"none\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\",\"jwk\":{\"kty\":\"OKP\",\"crv\":"
        "\"Ed25519\","
        "\"x\":\"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo\"}}",
        "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s/../other\"}",
    };
    struct keys *keys = rfc_keys();
    const char *id = jws_key_id(keys_current(keys));
    uint8_t public[crypto_sign_PUBLICKEYBYTES], secret[crypto_sign_SECRETKEYBYTES],
        seed[JWS_SEED_BYTES], mac[64] = {0};
    struct jws_key *mine = jws_key_new((const uint8_t[JWS_SEED_BYTES]){7});
    struct token_claims back;
    struct error error;

    (void)state;
    jws_key_seed(keys_current(keys), seed);
    crypto_sign_seed_keypair(public, secret, seed);
    for (size_t i = 0; i < sizeof(headers) / sizeof(headers[0]); i++) {
        char header[512], text[PROTOCOL_TOKEN_MAX + 1], *end;
        const char *at = strstr(headers[i], "%s");

        snprintf(header, sizeof(header), "%.*s%s%s", (int)(at - headers[i]), headers[i], id,
                 at + 2);
        assert_int_equal(
            jws_sign(mine, header, "{" GOOD_WHO "," GOOD_TIMES "}", text, sizeof(text)), 0);
        assert_int_equal(token_read(keys, TOKEN_RESUME, text, NOW, &back, &error), -1);
        end = strrchr(text, '.') + 1;
        crypto_auth_hmacsha256(mac, (const uint8_t *)text, (size_t)(end - 1 - text), public);
        sodium_bin2base64(end, sizeof(text) - (size_t)(end - text), mac, 32,
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        assert_int_equal(token_read(keys, TOKEN_RESUME, text, NOW, &back, &error), -1);
        sodium_bin2base64(end, sizeof(text) - (size_t)(end - text), mac, sizeof(mac),
                          sodium_base64_VARIANT_URLSAFE_NO_PADDING);
        assert_int_equal(token_read(keys, TOKEN_RESUME, text, NOW, &back, &error), -1);
        *end = '\0';
        assert_int_equal(token_read(keys, TOKEN_RESUME, text, NOW, &back, &error), -1);
    }
    jws_key_free(mine);
    keys_free(keys);
}

static void test_malformed_texts_are_refused(void **state)
{
    static const char *const texts[] = {
        "",
        ".",
        "..",
        "...",
        "a.b",
        "e30.e30.",
        "e30.e30.AAAA",
        "e30=.e30=.AAAA",
        "e30.e30.!!!!",
        /* alg none, unsigned */
        "eyJhbGciOiJub25lIn0.e30.",
    };
    struct keys *keys = rfc_keys();
    struct token_claims back;
    struct error error;
    char huge[PROTOCOL_TOKEN_MAX + 100];

    (void)state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(token_read(keys, TOKEN_RESUME, texts[i], NOW, &back, &error), -1);
    memset(huge, 'A', sizeof(huge));
    huge[sizeof(huge) - 1] = '\0';
    assert_int_equal(token_read(keys, TOKEN_RESUME, huge, NOW, &back, &error), -1);
    huge[10] = '.';
    huge[PROTOCOL_TOKEN_MAX - 5] = '.'; /* a payload beyond the room for it */
    huge[PROTOCOL_TOKEN_MAX] = '\0';
    assert_int_equal(token_read(keys, TOKEN_RESUME, huge, NOW, &back, &error), -1);
    keys_free(keys);
}

static void test_another_key_is_refused(void **state)
{
    uint8_t seed[JWS_SEED_BYTES] = {1};
    struct keys *keys = rfc_keys(), *other = keys_new(seed);
    struct token_claims claims = claims_of(), back;
    char token[PROTOCOL_TOKEN_MAX + 1];
    struct error error;

    (void)state;
    assert_int_equal(token_make(other, TOKEN_RESUME, &claims, token, &error), 0);
    assert_int_equal(token_read(keys, TOKEN_RESUME, token, NOW, &back, &error), -1);
    keys_free(keys);
    keys_free(other);
}

static void no_key(const char *path, const char *why)
{
    struct error error = {""};

    assert_null(keys_open(path, &error));
    if (!strstr(error.text, why) || !strstr(error.text, path))
        fail_msg("expected \"%s\" in: %s", why, error.text);
}

static void test_key_file(void **state)
{
    char directory[] = "/tmp/openmmo-key-XXXXXX", path[64], missing[80];
    struct error error = {""};
    struct keys *keys;
    struct stat status;
    char id[JWS_KID_BYTES];
    int fd;

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/token.key", directory);
    snprintf(missing, sizeof(missing), "%s.new", path); /* of one who was killed while he made it */
    fd = open(missing, O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    close(fd);
    keys = keys_open(path, &error);
    assert_non_null(keys);
    assert_int_equal(access(missing, F_OK), -1);
    snprintf(missing, sizeof(missing), "%s/no/token.key", directory);
    strcpy(id, jws_key_id(keys_current(keys)));
    keys_free(keys);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, 65);
    keys = keys_open(path, &error); /* the same after a restart */
    assert_non_null(keys);
    assert_string_equal(jws_key_id(keys_current(keys)), id);
    keys_free(keys);
    chmod(path, 0604);
    no_key(path, "is open to others (mode 0604): chmod 600");
    chmod(path, 0600);
    fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "00", 2), 2);
    close(fd);
    no_key(path, "does not hold keys");
    assert_int_equal(truncate(path, 0), 0);
    no_key(path, "does not hold keys");
    no_key(missing, "cannot make key file");
    unlink(path);
    assert_int_equal(mkdir(path, 0700), 0);
    no_key(path, "cannot read key file");
    rmdir(path);
    rmdir(directory);
}

static void test_rotation(void **state)
{
    char directory[] = "/tmp/openmmo-key-XXXXXX", path[64];
    char tokens[KEYS_MAX + 1][PROTOCOL_TOKEN_MAX + 1];
    struct token_claims claims = claims_of(), back;
    struct error error = {""};
    struct keys *keys, *reread;
    struct stat status;

    (void)state;
    assert_non_null(mkdtemp(directory));
    snprintf(path, sizeof(path), "%s/token.key", directory);
    keys = keys_open(path, &error);
    assert_non_null(keys);
    for (unsigned i = 0; i <= KEYS_MAX; i++) {
        assert_int_equal(token_make(keys, TOKEN_RESUME, &claims, tokens[i], &error), 0);
        if (i < KEYS_MAX)
            assert_int_equal(keys_rotate(keys, &error), 0);
    }
    assert_int_equal(keys_n(keys), KEYS_MAX);
    reread = keys_open(path, &error);
    assert_non_null(reread);
    assert_int_equal(keys_n(reread), KEYS_MAX);
    assert_string_equal(jws_key_id(keys_current(reread)), jws_key_id(keys_current(keys)));
    for (unsigned i = 0; i <= KEYS_MAX; i++) { /* the oldest key is gone, all others verify */
        int expected = i == 0 ? -1 : 0;

        assert_int_equal(token_read(keys, TOKEN_RESUME, tokens[i], NOW, &back, &error), expected);
        assert_int_equal(token_read(reread, TOKEN_RESUME, tokens[i], NOW, &back, &error), expected);
    }
    keys_free(reread);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    /* Where the file cannot be written nothing changes. */
    unlink(path);
    rmdir(directory);
    assert_int_equal(keys_rotate(keys, &error), -1);
    assert_int_equal(keys_n(keys), KEYS_MAX);
    assert_int_equal(token_read(keys, TOKEN_RESUME, tokens[1], NOW, &back, &error), 0);
    keys_free(keys);
}

static void test_passwords(void **state)
{
    struct password_cost cost = {1, 8192}, too_much = {1, UINT64_C(1) << 45};
    char hash[PASSWORD_HASH_BYTES], again[PASSWORD_HASH_BYTES];

    (void)state;
    assert_int_equal(password_hash("correct horse", &cost, hash), 0);
    assert_int_equal(password_hash("correct horse", &cost, again), 0);
    assert_string_not_equal(hash, again);
    assert_int_equal(strncmp(hash, "$argon2id$v=19$m=8,t=1,p=1$", 27), 0);
    assert_int_equal(password_check("correct horse", hash), PASSWORD_FITS);
    assert_int_equal(password_check("correct horsf", hash), PASSWORD_WRONG);
    assert_int_equal(password_check("", hash), PASSWORD_WRONG);
    strcpy(again, "not a hash");
    assert_int_equal(password_check("correct horse", again), PASSWORD_WRONG);
    assert_int_equal(password_hash("correct horse", &too_much, hash), -1);
    assert_int_equal(password_decoy(&cost, hash), 0);
    assert_int_equal(password_check("", hash), PASSWORD_WRONG);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rfc_8037),
        cmocka_unit_test(test_rfc_7515),
        cmocka_unit_test(test_token_round_trip),
        cmocka_unit_test(test_kinds_are_apart),
        cmocka_unit_test(test_longest_name_fits),
        cmocka_unit_test(test_any_changed_byte_is_refused),
        cmocka_unit_test(test_wrong_words_are_refused),
        cmocka_unit_test(test_forged_tokens_are_refused),
        cmocka_unit_test(test_malformed_texts_are_refused),
        cmocka_unit_test(test_another_key_is_refused),
        cmocka_unit_test(test_key_file),
        cmocka_unit_test(test_rotation),
        cmocka_unit_test(test_passwords),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
