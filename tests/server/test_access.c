/* Access tokens: good, of nobody, of before the account changed; in bounded memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>
#include <sodium.h>

#include "accounts/access.h"

#define NOW_S UINT64_C(1795349071)
#define NOW   (NOW_S * 1000 + 250)

static struct sockaddr_storage nowhere;

struct world {
    struct keys *keys;
    struct access *access;
};

static int setup(void **state)
{
    static struct world world;
    const uint8_t seed[JWS_SEED_BYTES] = {3};

    world.keys = keys_new(seed);
    world.access = access_new(world.keys, NULL);
    *state = &world;
    return world.keys && world.access ? 0 : -1;
}

static int teardown(void **state)
{
    struct world *world = *state;

    access_free(world->access);
    keys_free(world->keys);
    return 0;
}

/* What becomes of a token that was made then. */
static enum access_verdict judge(struct world *world, uint64_t player, uint64_t issued_s,
                                 uint64_t now_ms)
{
    struct token_claims claims = {.player = player,
                                  .name = "alice",
                                  .role = "player",
                                  .issued_s = issued_s,
                                  .expires_s = issued_s + TOKEN_ACCESS_S};
    char token[PROTOCOL_TOKEN_MAX + 1];
    struct error error;

    assert_int_equal(token_make(world->keys, TOKEN_ACCESS, &claims, token, &error), 0);
    memset(&claims, 0, sizeof(claims));
    if (access_check(world->access, token, &nowhere, now_ms, &claims, &error) != ACCESS_GOOD)
        return ACCESS_REFUSED;
    assert_int_equal(claims.player, player);
    assert_string_equal(claims.role, "player");
    return ACCESS_GOOD;
}

static void test_good_for_its_time(void **state)
{
    struct world *world = *state;

    assert_int_equal(judge(world, 7, NOW_S, NOW), ACCESS_GOOD);
    assert_int_equal(judge(world, 7, NOW_S - TOKEN_ACCESS_S + 1, NOW), ACCESS_GOOD);
    assert_int_equal(judge(world, 7, NOW_S - TOKEN_ACCESS_S, NOW), ACCESS_REFUSED);
    assert_int_equal(judge(world, 7, NOW_S + TOKEN_LEEWAY_S + 1, NOW), ACCESS_REFUSED);
}

static void test_garbage(void **state)
{
    static const char *const texts[] = {
        "", ".", "..", "a.b.c", "Bearer x", "eyJhbGciOiJub25lIn0.e30.", "' OR 1=1 --", "\xff\xfe"};
    struct world *world = *state;
    struct token_claims claims;
    struct error error;

    for (unsigned i = 0; i < sizeof(texts) / sizeof(texts[0]); i++)
        assert_int_equal(access_check(world->access, texts[i], &nowhere, NOW, &claims, &error),
                         ACCESS_REFUSED);
}

/* A resume token opens nothing here. */
static void test_of_another_kind(void **state)
{
    struct world *world = *state;
    struct token_claims claims = {
        .player = 7, .name = "alice", .issued_s = NOW_S, .expires_s = NOW_S + 60};
    char token[PROTOCOL_TOKEN_MAX + 1];
    struct error error;

    assert_int_equal(token_make(world->keys, TOKEN_RESUME, &claims, token, &error), 0);
    assert_int_equal(access_check(world->access, token, &nowhere, NOW, &claims, &error),
                     ACCESS_REFUSED);
}

static void test_ends_with_a_change(void **state)
{
    struct world *world = *state;
    uint64_t issued_s, moment;

    access_end(world->access, 7, NOW);
    assert_int_equal(judge(world, 7, NOW_S, NOW), ACCESS_REFUSED);
    assert_int_equal(judge(world, 7, NOW_S - 100, NOW), ACCESS_REFUSED);
    assert_int_equal(judge(world, 8, NOW_S, NOW), ACCESS_GOOD);
    /* One that is made in the same second, for who logged in anew. */
    issued_s = access_issue_s(world->access, 7, NOW);
    assert_int_equal(issued_s, NOW_S + 1);
    assert_int_equal(judge(world, 7, issued_s, NOW), ACCESS_GOOD);
    assert_int_equal(access_issue_s(world->access, 8, NOW), NOW_S);
    assert_int_equal(access_issue_s(NULL, 7, NOW), NOW_S);
    access_end(world->access, 7, NOW); /* once more, in the same second */
    assert_int_equal(judge(world, 7, issued_s, NOW), ACCESS_REFUSED);
    issued_s = access_issue_s(world->access, 7, NOW);
    assert_int_equal(judge(world, 7, issued_s, NOW), ACCESS_GOOD);
    access_end(NULL, 7, NOW);
    assert_false(access_ended_since(NULL, 7, access_moment(NULL)));
    moment = access_moment(world->access);
    assert_false(access_ended_since(world->access, 7, moment));
    assert_true(access_ended_since(world->access, 7, moment - 1));
    access_end(world->access, 8, NOW);
    assert_false(access_ended_since(world->access, 7, moment));
    access_end(world->access, 7, NOW + 5000);
    assert_int_equal(judge(world, 7, issued_s, NOW + 5000), ACCESS_REFUSED);
}

/* What one login was given ends with it, and nothing of another's. */
static void test_ends_with_a_login(void **state)
{
    static const char *const families[] = {"00112233445566778899aabbccddeeff",
                                           "ff112233445566778899aabbccddeeff"};
    struct world *world = *state;
    struct token_claims claims = {
        .player = 7, .name = "alice", .role = "player", .issued_s = NOW_S, .expires_s = NOW_S + 60};
    char tokens[2][PROTOCOL_TOKEN_MAX + 1];
    struct error error;

    for (unsigned i = 0; i < 2; i++) {
        strcpy(claims.family, families[i]);
        assert_int_equal(token_make(world->keys, TOKEN_ACCESS, &claims, tokens[i], &error), 0);
    }
    access_end_family(world->access, families[0], NOW);
    access_end_family(world->access, "", NOW);
    access_end_family(NULL, families[1], NOW);
    assert_int_equal(access_check(world->access, tokens[0], &nowhere, NOW, &claims, &error),
                     ACCESS_REFUSED);
    assert_int_equal(access_check(world->access, tokens[1], &nowhere, NOW, &claims, &error),
                     ACCESS_GOOD);
    assert_string_equal(claims.family, families[1]);
    assert_int_equal(judge(world, 7, NOW_S, NOW), ACCESS_GOOD); /* an older server's */
}

/* However many change, none of their tokens comes back; who does not fit has everybody log on anew.
 */
static void test_bounded(void **state)
{
    struct world *world = *state;

    for (uint64_t i = 0; i < ACCESS_ENDED_MAX; i++)
        access_end(world->access, 100 + i, NOW);
    assert_int_equal(judge(world, 7, NOW_S, NOW), ACCESS_GOOD);
    assert_false(access_ended_since(world->access, 7, 0));
    access_end(world->access, 99, NOW + 1000);
    assert_true(access_ended_since(world->access, 7, 0)); /* for all that is known */
    assert_int_equal(judge(world, 100, NOW_S, NOW + 1000), ACCESS_REFUSED);
    assert_int_equal(judge(world, 99, NOW_S, NOW + 1000), ACCESS_REFUSED);
    assert_int_equal(judge(world, 7, NOW_S, NOW + 1000), ACCESS_REFUSED);
    assert_int_equal(judge(world, 7, NOW_S + 1, NOW + 1000), ACCESS_GOOD);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_good_for_its_time, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage, setup, teardown),
        cmocka_unit_test_setup_teardown(test_of_another_kind, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ends_with_a_change, setup, teardown),
        cmocka_unit_test_setup_teardown(test_ends_with_a_login, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
