/* fuzz_token.c -- the reader of tokens: as a stranger's whole text, which is never accepted, and as
 * claims that the right key signed, which are accepted only with all that a token must say. */
#include <sodium.h>
#include <string.h>

#include "accounts/token.h"
#include "fuzz.h"

#define NOW UINT64_C(1795349071)

static struct keys *ring(void)
{
    static const uint8_t seed[JWS_SEED_BYTES] = {1};
    static struct keys *keys;

    if (!keys) {
        MUST(sodium_init() >= 0);
        keys = keys_new(seed);
        MUST(keys);
    }
    return keys;
}

static void check(const char *text, enum token_kind kind)
{
    struct token_claims claims;
    struct error error;

    if (token_read(ring(), kind, text, NOW, &claims, &error) < 0)
        return;
    MUST(claims.player > 0 && claims.expires_s > NOW);
    MUST(claims.issued_s <= NOW + TOKEN_LEEWAY_S);
    MUST(memchr(claims.name, '\0', sizeof claims.name));
    MUST(memchr(claims.session, '\0', sizeof claims.session));
    MUST(kind != TOKEN_ACCESS || claims.role[0]);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    char text[4096], token[4096], header[256];
    struct token_claims claims;
    struct error error;

    if (len_bytes >= sizeof text)
        return 0;
    memcpy(text, bytes, len_bytes);
    text[len_bytes] = '\0';
    MUST(token_read(ring(), TOKEN_RESUME, text, NOW, &claims, &error) == -1);
    MUST(token_read(ring(), TOKEN_ACCESS, text, NOW, &claims, &error) == -1);
    snprintf(header, sizeof header, "{\"alg\":\"EdDSA\",\"typ\":\"JWT\",\"kid\":\"%s\"}",
             jws_key_id(keys_current(ring())));
    if (jws_sign(keys_current(ring()), header, text, token, sizeof token) == 0) {
        check(token, TOKEN_RESUME);
        check(token, TOKEN_ACCESS);
    }
    if (jws_sign(keys_current(ring()), text, "{}", token, sizeof token) == 0)
        MUST(token_read(ring(), TOKEN_RESUME, token, NOW, &claims, &error) == -1);
    return 0;
}
