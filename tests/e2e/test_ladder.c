/* test_ladder.c -- beyond the limit: the world slows down, newcomers wait, and all of it is said.
 */
#include <config.h> /* TEST_FAULTS */

#include "stage.h"

#include <signal.h>
#include <stdlib.h>
#include <string.h>

#define STEP_US        70000
#define LONGER_STEP_US 100000
#define DOWN_MS        30000
#define UP_MS          60000
#define DOOR_MS        60000
#define SOON_MS        8000 /* chat and logins on every rung; a tick may take half a second */
#define PATIENCE_MS    350  /* four MOVEs at the tempo in which the walk begins */
#define PATIENCE_TICKS 5    /* what a player saves up */

#define SUBSTEP (MOVEMENT_WALK_M_S * SPACE_UNITS_PER_M / MOVEMENT_SUBSTEPS_PER_S) /* walking */

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

static bool ladder_rests(void)
{
    return strstr(daemon_ask(&server, "server.ladder", "{}"), "\"words\":\"all is well\"") != NULL;
}

/* What this machine withheld from the world and its players: the real time of the longest tick. */
static long longest_tick_ms(void)
{
    const char *const name = "\"real_us\":";
    const char *answer = daemon_ask(&server, "server.worst", "{}");
    const char *at = strstr(answer, "\"ticks\":");

    at = at != NULL ? strstr(at, name) : NULL;
    assert_non_null(at);
    return atol(at + strlen(name)) / 1000;
}

/* What the server gave up of the one who walks, west, is all that he is behind. His last MOVE is to
 * stand: no way is lost with it. The server counts after it has shown. */
static bool walked_truly(const struct player *player)
{
    long long given_up = daemon_metric(&server, "openmmo_substeps_dropped_total");
    long long behind = player->self.pos.x - player->predicted.pos.x;

    return player->self.pos.z == player->predicted.pos.z && player->dropped <= given_up &&
           behind <= given_up * SUBSTEP &&
           behind >= (given_up - MOVEMENT_SUBSTEPS_PER_TICK) * SUBSTEP && behind >= 0;
}

/* Nobody loses a step by a slow world, only by a tick that waits for a core for longer than the
 * MOVEs last that a tick takes, or by an io thread that does while ticks go by. */
static void lost_nothing(const struct player *player)
{
    long tick_ms = longest_tick_ms();
    long long skipped = daemon_metric(&server, "openmmo_snapshots_skipped_total");

    if (player_predicted_rightly(player) && player->dropped == 0)
        return;
    print_message("%u substeps given up; longest tick %ld ms, %lld snapshots skipped\n",
                  player->dropped, tick_ms, skipped);
    assert_true(tick_ms > PATIENCE_MS || skipped >= PATIENCE_TICKS);
}

/* Down when steps of 70 ms come, up when they are gone; who plays is told, not corrected, not
 * dropped, may talk, and others may come. */
static void test_tempo(void **state)
{
    char journal[100];
    const char *const extra[] = {"--burden", burden_path, "--journal", journal, NULL};
    const char *const replay[] = {"--replay", journal, NULL};
    struct player *alice, *bob, *carol;
    const char *answer;
    uint64_t until_ms;

    (void)state;
    snprintf(burden_path, sizeof(burden_path), "%s/burden", server.dir);
    snprintf(journal, sizeof(journal), "%s/world.journal", server.dir);
    burden(0);
    daemon_start(&server, extra);
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    UNTIL(party, DEADLINE_MS, player_sees(bob, alice) != NULL);
    burden(STEP_US);
    UNTIL(party, DOWN_MS, alice->tempo < 1000 && bob->tempo == alice->tempo);
    assert_in_range(alice->tempo, 400, 650);
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "event=tempo"));
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "event=tick_slow"));
    assert_true(daemon_said(&server, "step_us=7")); /* 70 ms of it, and the log says so */
    assert_true(daemon_metric(&server, "openmmo_ticks_slow_total") > 0);
    assert_true(daemon_metric(&server, "openmmo_ticks_over_budget_total") > 0);
    assert_true(daemon_metric(&server, "openmmo_sweep_thread_seconds") > 0);
    UNTIL(party, DEADLINE_MS, bob->notices_n > 0); /* in plain words, too */
    assert_non_null(strstr(bob->notice_text, "the world runs at "));
    answer = daemon_ask(&server, "server.ladder", "{}");
    assert_non_null(strstr(answer, "\"rung\":5"));
    assert_non_null(strstr(answer, "for the simulation's step"));
    answer = daemon_ask(&server, "server.worst", "{}");
    /* What it was made of; the words depend on what else this machine was doing. */
    assert_non_null(strstr(answer, "\"step_us\":70"));
    assert_non_null(strstr(answer, "\"cause\":\""));
    /* Walking from here on: what comes before is a stall each tick, which takes away time beyond
     * what is given back where this machine has no core for a tick in 200 ms. */
    player_walk(alice, 0x4000, MOVEMENT_WALK);
    burden(LONGER_STEP_US);
    UNTIL(party, DOWN_MS, alice->tempo < 450);
    player_chat(bob, PROTOCOL_CHANNEL_GLOBAL, "is it slow here?");
    UNTIL(party, SOON_MS, player_heard(alice, "is it slow here?"));
    until_ms = now_ms() + SOON_MS;
    carol = player_new_account(party, &server, "carol");
    assert_true(now_ms() < until_ms);
    UNTIL(party, SOON_MS, carol->tempo < 1000); /* told at once, not a second later */
    burden(0);
    UNTIL(party, UP_MS, alice->tempo == 1000 && carol->tempo == 1000);
    UNTIL(party, DEADLINE_MS, ladder_rests());
    UNTIL(party, DEADLINE_MS, daemon_said(&server, "event=ladder rung=5 name=tempo state=rest"));
    player_stand(alice);
    UNTIL(party, DEADLINE_MS, player_is_still(alice));
    UNTIL(party, DEADLINE_MS, walked_truly(alice));
    lost_nothing(alice);
    assert_false(alice->gone || bob->gone || carol->gone);
    UNTIL(party, DEADLINE_MS, player_sees_truly(bob, alice));
    assert_int_equal(daemon_terminate(&server), 0);
    /* When a tick came is no part of the world: it runs again to the same hashes. */
    if (openmmod_run(replay, &answer) != 0)
        fail_msg("the journal does not replay: %s", answer);
}
#else
static void test_tempo(void **state)
{
    (void)state;
    print_message("SKIPPED: built without --enable-test-faults\n");
    skip();
}
#endif

static struct player *ask_in(const char *name)
{
    struct player *player = player_connect(party, &server);

    UNTIL(party, DEADLINE_MS, player->greeted);
    player_register(player, name, PASSWORD);
    return player;
}

static bool is_told(const struct player *player, const char *text)
{
    return player->notice == PROTOCOL_REASON_WAITING && strcmp(player->notice_text, text) == 0;
}

/* Microseconds of CPU time, as the ledger has it. */
static long cost_of(const char *name)
{
    char params[64];
    const char *answer, *cost;

    snprintf(params, sizeof(params), "{\"name\":\"%s\"}", name);
    answer = daemon_ask(&server, "players.show", params);
    cost = answer != NULL ? strstr(answer, "\"cost_us\":") : NULL;
    assert_non_null(cost);
    return atol(cost + strlen("\"cost_us\":"));
}

/* Two places: the others wait, are told where they are, come in in order or give up; those who play
 * notice nothing. */
static void test_line(void **state)
{
    struct player *alice, *bob, *carol, *dave, *erin;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    carol = ask_in("carol");
    UNTIL(party, DEADLINE_MS, is_told(carol, "You are number 1 of 1 waiting."));
    dave = ask_in("dave");
    UNTIL(party, DEADLINE_MS, is_told(dave, "You are number 2 of 2 waiting."));
    erin = ask_in("erin");
    UNTIL(party, DEADLINE_MS, erin->notice == PROTOCOL_REASON_FULL); /* queue_max = 2 */
    assert_non_null(strstr(daemon_ask(&server, "metrics.get", "{\"name\":\"openmmo_waiting\"}"),
                           "\"value\":2"));
    UNTIL(party, DEADLINE_MS,
          strstr(daemon_ask(&server, "server.ladder", "{}"),
                 "the world is full: 2 wait for a place") != NULL);
    assert_true(cost_of("alice") > 0); /* her handshake alone took its time */
    player_leave(carol);               /* gives up */
    UNTIL(party, DEADLINE_MS, is_told(dave, "You are number 1 of 1 waiting."));
    assert_false(dave->welcomed);
    player_leave(bob);
    UNTIL(party, DEADLINE_MS, dave->welcomed && dave->selves_n > 0);
    /* Bob's line was cut; he is back before those who never were in. */
    player_login(erin, "erin", PASSWORD);
    UNTIL(party, DEADLINE_MS, erin->notice == PROTOCOL_REASON_WAITING);
    bob = player_connect(party, &server);
    UNTIL(party, DEADLINE_MS, bob->greeted);
    player_login(bob, "bob", PASSWORD);
    UNTIL(party, DEADLINE_MS, is_told(bob, "You are number 1 of 2 waiting."));
    UNTIL(party, DEADLINE_MS, is_told(erin, "You are number 2 of 2 waiting."));
    player_leave(dave);
    UNTIL(party, DEADLINE_MS, bob->welcomed);
    assert_false(alice->gone || erin->welcomed || erin->gone);
    /* A stop is told to those who wait, too. */
    daemon_signal(&server, SIGTERM);
    UNTIL(party, DEADLINE_MS, erin->farewell == PROTOCOL_REASON_SHUTTING_DOWN);
    assert_int_equal(daemon_wait_exit(&server), 0);
}

/* Rung 3 at its top shuts the door to newcomers, and opens it when there is room again; who was
 * here comes in all the same. */
static void test_door(void **state)
{
    struct player *alice, *bob, *carol;

    (void)state;
    daemon_start(&server, NULL);
    alice = player_new_account(party, &server, "alice");
    bob = player_new_account(party, &server, "bob");
    player_walk(alice, 0x4000, MOVEMENT_WALK);
    player_walk(bob, 0xc000, MOVEMENT_WALK);
    UNTIL(party, DOOR_MS, daemon_said(&server, "event=ladder rung=3 name=egress state=active"));
    UNTIL(party, DOOR_MS, daemon_said(&server, "event=ladder rung=4 name=line state=active"));
    carol = ask_in("carol");
    UNTIL(party, DEADLINE_MS, is_told(carol, "You are number 1 of 1 waiting."));
    UNTIL(party, DEADLINE_MS,
          strstr(daemon_ask(&server, "server.ladder", "{}"), "\"door_shut\":true") != NULL);
    player_leave(bob);
    bob = player_returns(party, &server, "bob");
    assert_false(carol->welcomed);
    daemon_configure(&server, NULL); /* no limit on egress any more */
    daemon_signal(&server, SIGHUP);
    UNTIL(party, DOOR_MS, carol->welcomed);
    assert_false(alice->gone || bob->gone);
    assert_int_equal(daemon_terminate(&server), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        STAGED(test_tempo, NULL),
        STAGED(test_door, "[net]\negress_bytes = 100\n"),
        STAGED(test_line, "[net]\nplayers_max = 2\nqueue_max = 2\n"),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
