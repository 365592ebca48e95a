/* Web clients at control's door, with real accounts: who may connect, where they come into the
 * world and who gives way to whom. */
#include "presence_world.h"

#include "play/seat.h"
#include "store/timestamp.h"

#define WEB(slot) (SESSION_WEB_BIT | id_of(slot))

static void token_of(struct world *world, enum token_kind kind, uint64_t player, uint64_t issued_s,
                     char token[PROTOCOL_TOKEN_MAX + 1])
{
    struct token_claims claims = {.player = player,
                                  .name = "alice",
                                  .role = "player",
                                  .issued_s = issued_s,
                                  .expires_s = issued_s + 900,
                                  .since_s = issued_s};
    struct error error;

    assert_int_equal(token_make(world->keys, kind, &claims, token, &error), 0);
}

static uint64_t now_s(void)
{
    return timestamp_now_ms() / 1000;
}

static bool may(struct world *world, const char *token, struct seat_ask *ask)
{
    *ask = (struct seat_ask){.has_token = token != NULL, .address = {.ss_family = AF_INET}};
    if (token != NULL)
        snprintf(ask->token, sizeof(ask->token), "%s", token);
    return world->handlers.seat(world->handlers.context, ask);
}

static void test_connect(void **state)
{
    struct world *world = *state;
    char token[PROTOCOL_TOKEN_MAX + 1];
    struct seat_ask ask;
    struct error error;

    assert_true(may(world, NULL, &ask));
    assert_int_equal(ask.player, 0);
    token_of(world, TOKEN_ACCESS, 7, now_s(), token);
    assert_true(may(world, token, &ask));
    assert_int_equal(ask.player, 7);
    assert_string_equal(ask.username, "alice");
    token[strlen(token) - 2] ^= 1;
    assert_false(may(world, token, &ask));
    assert_string_equal(ask.why, "invalid token");
    assert_false(may(world, "", &ask));
    token_of(world, TOKEN_RESUME, 7, now_s(), token); /* of the other kind */
    assert_false(may(world, token, &ask));
    token_of(world, TOKEN_ACCESS, 7, now_s() - 1000, token); /* expired */
    assert_false(may(world, token, &ask));
    token_of(world, TOKEN_ACCESS, 7, now_s(), token);
    access_end(world->access, 7, timestamp_now_ms()); /* another password since */
    assert_false(may(world, token, &ask));
    assert_string_equal(ask.why, "invalid token");
    assert_int_equal(
        accounts_reconfigure(world->accounts,
                             &(struct accounts_config){.cost = {1, 8192}, .token_lifetime_s = 3600},
                             &error),
        0);
    assert_false(may(world, NULL, &ask));
    assert_string_equal(ask.why, "authentication required");
}

/* Of a web client: its slot, the account by its token (0: a guest), where it says that it begins.
 */
static enum protocol_reason join(struct world *world, uint32_t slot, uint64_t player,
                                 const char *name, double x_m)
{
    struct login_request *request = calloc(1, sizeof(*request));
    int before = told[slot].answers_n;

    request->address.ss_family = AF_INET;
    request->session = WEB(slot);
    request->kind = player != 0 ? LOGIN_ACCESS : LOGIN_GUEST;
    request->player = player;
    request->issued_s = now_s() + 1;
    snprintf(request->username, sizeof(request->username), "%s", name);
    request->placed = true;
    request->x = (int32_t)(x_m * SPACE_UNITS_PER_M);
    request->z = SPACE_UNITS_PER_M;
    world->handlers.login(world->handlers.context, request);
    UNTIL(world, told[slot].answers_n > before);
    return told[slot].answer.reason;
}

static void gone(struct world *world, uint32_t slot, const char *name)
{
    struct place place = {.found = true};

    world->handlers.closed(world->handlers.context, WEB(slot), PROTOCOL_REASON_NONE);
    for (unsigned i = 0; i < DEADLINE_STEPS && place.found; i++) {
        turn(world);
        place = (struct place){.found = false};
        snprintf(place.name, sizeof(place.name), "%s", name);
        presence_each(world->presence, find_place, &place);
    }
    assert_false(place.found);
}

static uint64_t account(struct world *world, const char *name)
{
    uint64_t player;

    assert_int_equal(login(world, 9, LOGIN_REGISTER, name), PROTOCOL_REASON_NONE);
    player = told[9].answer.player;
    world->handlers.closed(world->handlers.context, id_of(9), PROTOCOL_REASON_LEFT);
    UNTIL(world, presence_gone(world->presence, player));
    return player;
}

/* Its own place is believed where newcomers begin, and of one who has none saved. */
static void test_places(void **state)
{
    struct world *world = *state;
    struct place place;
    uint64_t player;

    assert_int_equal(join(world, 1, 0, "bob", 20.5), PROTOCOL_REASON_NONE);
    assert_true(told[1].answer.guest);
    place = place_of(world, "bob");
    assert_true(place.x_m == 20.5 && place.z_m == 1);
    gone(world, 1, "bob");
    assert_int_equal(join(world, 1, 0, "bob", 300), PROTOCOL_REASON_NONE);
    place = place_of(world, "bob");
    assert_true(place.x_m * place.x_m + place.z_m * place.z_m <= 24 * 24);
    gone(world, 1, "bob");
    player = account(world, "alice");
    sql(world, "UPDATE player_positions SET x = 100, z = -200");
    assert_int_equal(join(world, 2, player, "other", 5), PROTOCOL_REASON_NONE);
    place = place_of(world, "alice"); /* the account's name */
    assert_true(place.x_m == 100 && place.z_m == -200);
    assert_string_equal(told[2].answer.username, "alice");
    assert_string_equal(told[2].answer.token, ""); /* it has its own */
    gone(world, 2, "alice");
}

/* The newer login of an account wins, of whatever kind. */
static void test_takeover(void **state)
{
    struct world *world = *state;
    uint64_t player = account(world, "alice"), entity;

    assert_int_equal(login(world, 1, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    entity = told[1].answer.entity;
    assert_int_equal(join(world, 2, player, "", 5), PROTOCOL_REASON_NONE);
    assert_int_equal(told[2].answer.entity, entity);
    assert_int_equal(told[1].disconnect, PROTOCOL_REASON_REPLACED);
    assert_int_equal(join(world, 3, player, "", 5), PROTOCOL_REASON_NONE);
    UNTIL(world, told[2].disconnects_n == 1);
    assert_int_equal(told[2].disconnect, PROTOCOL_REASON_REPLACED);
    assert_int_equal(login(world, 4, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(told[4].answer.entity, entity);
    UNTIL(world, told[3].disconnects_n == 1);
    assert_int_equal(presence_n(world->presence), 1);
}

static void test_refused(void **state)
{
    struct world *world = *state;
    uint64_t player = account(world, "alice");

    assert_int_equal(join(world, 1, 0, "Alice", 1), PROTOCOL_REASON_NAME_TAKEN);
    assert_int_equal(join(world, 1, 0, "x", 1), PROTOCOL_REASON_BAD_NAME);
    assert_int_equal(join(world, 1, 0, "bob", 1), PROTOCOL_REASON_NONE); /* the same seat */
    assert_int_equal(join(world, 1, 0, "rob", 1), PROTOCOL_REASON_ALREADY_LOGGED_IN);
    assert_int_equal(join(world, 2, 0, "bob", 1), PROTOCOL_REASON_NAME_TAKEN);
    assert_int_equal(join(world, 3, player + 100, "erased", 1), PROTOCOL_REASON_TOKEN_REFUSED);
}

/* It drops, and is gone: nobody is waited for, though others would be. */
static void test_no_lingering(void **state)
{
    struct world *world = *state;
    uint64_t player;

    stop(world);
    world->linger_ms = 60000;
    start(world);
    player = account(world, "alice");
    assert_int_equal(join(world, 1, player, "", 1), PROTOCOL_REASON_NONE);
    gone(world, 1, "alice");
    UNTIL(world, presence_gone(world->presence, player));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_connect, setup, teardown),
        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_takeover, setup, teardown),
        cmocka_unit_test_setup_teardown(test_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_lingering, setup, teardown),
    };

    assert_int_equal(sodium_init() < 0, 0);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
