/* test_ladder.c -- beyond the limit: the world slows down, newcomers wait, and all of it is said.
 */
#include <config.h> /* TEST_FAULTS */

#include "stage.h"

#include <string.h>

#define STEP_US 70000
#define DOWN_MS 30000
#define UP_MS   60000
#define SOON_MS 8000 /* chat and logins on every rung; a tick may take half a second */

#if TEST_FAULTS
static char burden_path[100];

/* Each step of the daemon burns so much CPU time from now on. */
static void burden(unsigned us)
{
    FILE *file = fopen(burden_path, "w");

    assert_non_null(file);
    fprintf(file, "%u\n", us);
    fclose(file);
}

/* Down when steps of 70 ms come, up when they are gone; who plays is told, not corrected, not
 * dropped, may talk, and others may come. */
static void test_tempo(void **state)
{
    const char *const extra[] = {"--burden", burden_path, NULL};
    struct player *alice, *bob, *carol;
    uint64_t until_ms;

    (void)state;
    snprintf(burden_path, sizeof(burden_path), "%s/burden", server.dir);
    burden(0);
    daemon_start(&server, extra);
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    player_walk(alice, 0x4000, MOVEMENT_WALK);
    UNTIL(party, DEADLINE_MS, player_sees(bob, alice) != NULL);
    burden(STEP_US);
    UNTIL(party, DOWN_MS, alice->tempo < 1000 && bob->tempo == alice->tempo);
    assert_in_range(alice->tempo, 400, 650);
    assert_true(daemon_said(&server, "event=tempo"));
    for (until_ms = now_ms() + 3000; now_ms() < until_ms;)
        party_pump(party, 10);
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "is it slow here?");
    UNTIL(party, SOON_MS, player_heard(alice, "is it slow here?"));
    until_ms = now_ms() + SOON_MS;
    carol = player_new_account(party, &server, "carol");
    assert_true(now_ms() < until_ms);
    UNTIL(party, SOON_MS, carol->tempo < 1000); /* told at once, not a second later */
    burden(0);
    UNTIL(party, UP_MS, alice->tempo == 1000 && carol->tempo == 1000);
    player_stand(alice);
    UNTIL(party, DEADLINE_MS, player_is_still(alice));
    assert_true(player_predicted_rightly(alice));
    assert_int_equal(alice->dropped, 0);
    assert_false(alice->gone || bob->gone || carol->gone);
    UNTIL(party, DEADLINE_MS, player_sees_truly(bob, alice));
    assert_int_equal(daemon_terminate(&server), 0);
}
#else
static void test_tempo(void **state)
{
    (void)state;
    print_message("SKIPPED: built without --enable-test-faults\n");
    skip();
}
#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_tempo, NULL),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
