/* test_smoke.c -- the whole path in a few seconds: start, register, see each other walk, talk,
 * stop. */
#include "stage.h"

#include <signal.h>
#include <string.h>

static int setup(void **state)
{
    stage_set(state);
    daemon_start(&server, NULL);
    return 0;
}

static void test_two_see_each_other_walk(void **state)
{
    struct player *alice, *bob;
    struct space_pos from;

    (void)state;
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    UNTIL(party, DEADLINE_MS, player_sees(alice, bob) != NULL && player_sees(bob, alice) != NULL);
    UNTIL(party, DEADLINE_MS, strcmp(player_sees(bob, alice)->name, "alice") == 0);
    from = alice->self.pos;
    player_walk(alice, 0x2000, MOVEMENT_WALK);
    player_walk(bob, 0xA000, MOVEMENT_WALK | MOVEMENT_RUN);
    UNTIL(party, DEADLINE_MS, distance_m(alice->self.pos, from) > 4);
    player_stand(alice);
    player_stand(bob);
    UNTIL(party, DEADLINE_MS, player_is_still(alice) && player_is_still(bob));
    UNTIL(party, DEADLINE_MS, player_sees_truly(bob, alice) && player_sees_truly(alice, bob));
    assert_true(player_predicted_rightly(alice));
    assert_true(player_predicted_rightly(bob));
    assert_int_equal(alice->dropped + bob->dropped, 0);
}

static void test_one_who_leaves_vanishes(void **state)
{
    struct player *alice = player_new_account(party, &server, "carol"),
                  *bob = player_new_account(party, &server, "dave");
    uint64_t entity = bob->entity;

    (void)state;
    UNTIL(party, DEADLINE_MS, replica_find(alice->replica, entity) != NULL);
    player_leave(bob);
    UNTIL(party, DEADLINE_MS, replica_find(alice->replica, entity) == NULL);
}

static void test_chat(void **state)
{
    struct player *alice = player_new_account(party, &server, "erin"),
                  *bob = player_new_account(party, &server, "frank");
    unsigned heard;

    (void)state;
    player_chat(alice, PROTOCOL_CHANNEL_NEARBY, "good morning");
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "h\xC3\xA9llo, \xE4\xB8\x96\xE7\x95\x8C");
    UNTIL(party, DEADLINE_MS,
          player_heard(bob, "good morning") &&
              player_heard(alice, "h\xC3\xA9llo, \xE4\xB8\x96\xE7\x95\x8C"));
    heard =
        strcmp(bob->lines[0].text, "good morning") == 0 ? 0 : 1; /* his own line may come first */
    assert_string_equal(bob->lines[heard].name, "erin");
    assert_int_equal(bob->lines[heard].entity, alice->entity);
    player_chat(alice, PROTOCOL_CHANNEL_NEARBY, "red \x1b[31m text");
    UNTIL(party, DEADLINE_MS, alice->notice == PROTOCOL_REASON_CHAT_REFUSED);
    player_chat(alice, PROTOCOL_CHANNEL_NEARBY, "\xE2\x80\xAEtxet");
    UNTIL(party, DEADLINE_MS, alice->notices_n == 2);
    player_chat(alice, PROTOCOL_CHANNEL_GLOBAL, "last");
    UNTIL(party, DEADLINE_MS, player_heard(bob, "last"));
    assert_int_equal(bob->lines_n, 3);
}

static void test_stop(void **state)
{
    struct player *alice = player_returns(party, &server, "alice");

    (void)state;
    daemon_signal(&server, SIGTERM);
    UNTIL(party, DEADLINE_MS, alice->gone);
    assert_int_equal(alice->farewell, PROTOCOL_REASON_SHUTTING_DOWN);
    assert_int_equal(daemon_wait_exit(&server), 0);
    assert_null(strstr(daemon_log(&server), PASSWORD));
    assert_null(strstr(daemon_log(&server), alice->token));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_two_see_each_other_walk),
        cmocka_unit_test(test_one_who_leaves_vanishes),
        cmocka_unit_test(test_chat),
        cmocka_unit_test(test_stop),
    };

    return cmocka_run_group_tests(tests, setup, stage_clear);
}
