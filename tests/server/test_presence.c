/* Who is here: real accounts, store and simulation, and sessions that only write down what they are
 * told. */
#include "presence_world.h"

/* -- tests -- */

static void test_come_and_go(void **state)
{
    struct world *world = *state;
    struct place place;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    assert_true(told[1].answer.entity != 0 && told[1].answer.player != 0);
    assert_true(told[1].answer.token[0]);
    assert_string_equal(told[1].answer.username, "alice");
    assert_int_equal(presence_n(world->presence), 1);
    walk(world, 1, 40);
    place = place_of(world, "alice");
    UNTIL(world,
          sql(world, "SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL") == 1);
    UNTIL(world, sql(world, "SELECT count(*) FROM players WHERE last_login IS NOT NULL") == 1);
    leave(world, 1);
    UNTIL(world, presence_n(world->presence) == 0);
    UNTIL(world,
          sql(world, "SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL") == 0);
    /* At once, not at the next flush, and to the unit. */
    UNTIL(world, sql(world, "SELECT count(*) FROM player_positions") == 1);
    assert_int_equal(sql(world, "SELECT x * 4096 FROM player_positions"),
                     (int64_t)(place.x_m * 4096));
    assert_int_equal(sql(world, "SELECT z * 4096 FROM player_positions"),
                     (int64_t)(place.z_m * 4096));
    assert_int_equal(sql(world, "SELECT yaw FROM player_positions"), 100);
    assert_int_equal(login(world, 2, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    assert_true(place_of(world, "alice").x_m == place.x_m);
    assert_true(place_of(world, "alice").z_m == place.z_m);
}

static void test_restart_remembers(void **state)
{
    struct world *world = *state;
    struct place place;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    walk(world, 1, 30);
    place = place_of(world, "alice");
    /* No goodbye: the flush alone must have it (as before a kill -9). */
    UNTIL(world, sql(world, "SELECT count(*) FROM player_positions WHERE yaw = 100") == 1);
    stop(world);
    start(world);
    assert_int_equal(login(world, 1, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    assert_true(place_of(world, "alice").x_m == place.x_m);
    assert_true(place_of(world, "alice").z_m == place.z_m);
}

static void test_newer_login_wins(void **state)
{
    struct world *world = *state;
    struct place place;
    uint64_t entity;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    walk(world, 1, 20);
    place = place_of(world, "alice");
    entity = told[1].answer.entity;
    assert_int_equal(login(world, 2, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(told[2].answer.entity, entity); /* the figure stays */
    assert_int_equal(told[1].disconnects_n, 1);
    assert_int_equal(told[1].disconnect, PROTOCOL_REASON_REPLACED);
    assert_true(place_of(world, "alice").x_m == place.x_m);
    leave(world, 1); /* what its connection says at last */
    for (unsigned i = 0; i < 5; i++)
        turn(world);
    assert_int_equal(presence_n(world->presence), 1);
    leave(world, 2);
    UNTIL(world, presence_n(world->presence) == 0);
}

/* A stampede of one account, while the simulation stands still: the newest is let in, the others
 * are told. Session numbers fall, so that the order in which a tick sorts them is not that in which
 * they came. */
static void test_many_at_once(void **state)
{
    struct world *world = *state;
    const uint32_t first = 9, newest = 5;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    leave(world, 1);
    UNTIL(world, presence_n(world->presence) == 0);
    world->sim_waits = true;
    for (uint32_t slot = first; slot >= newest; slot--) /* as many as the throttle takes at once */
        begin(world, slot, LOGIN_PASSWORD, "alice");
    for (unsigned i = 0; i < 60; i++)
        turn(world);
    world->sim_waits = false;
    UNTIL(world, told[newest].answers_n == 1);
    for (unsigned i = 0; i < 10; i++)
        turn(world);
    assert_int_equal(told[newest].answer.reason, PROTOCOL_REASON_NONE);
    assert_int_equal(told[newest].disconnects_n, 0);
    for (uint32_t slot = newest + 1; slot <= first; slot++) {
        assert_int_equal(told[slot].disconnects_n, 1);
        assert_int_equal(told[slot].disconnect, PROTOCOL_REASON_REPLACED);
    }
    assert_int_equal(presence_n(world->presence), 1);
    assert_true(place_of(world, "alice").found);
}

/* The same tick holds the goodbye of one session and the hello of the next of that account. */
static void test_quick_return(void **state)
{
    struct world *world = *state;
    struct place place;

    assert_int_equal(login(world, 9, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    walk(world, 9, 25);
    place = place_of(world, "alice");
    world->sim_waits = true;
    leave(world, 9);
    begin(world, 2, LOGIN_PASSWORD, "alice"); /* a lower session number: it would be sorted first */
    for (unsigned i = 0; i < 20; i++)
        turn(world);
    world->sim_waits = false;
    UNTIL(world, told[2].answers_n == 1);
    assert_int_equal(told[2].answer.reason, PROTOCOL_REASON_NONE);
    assert_true(place_of(world, "alice").x_m == place.x_m);
    assert_true(place_of(world, "alice").z_m == place.z_m);
    assert_int_equal(presence_n(world->presence), 1);
}

static void test_gone_while_asking(void **state)
{
    struct world *world = *state;

    begin(world, 1, LOGIN_REGISTER, "alice"); /* gone before accounts answered */
    leave(world, 1);
    for (unsigned i = 0; i < 20; i++)
        turn(world);
    assert_int_equal(told[1].answers_n, 0);
    assert_int_equal(presence_n(world->presence), 0);
    world->sim_waits = true;
    begin(world, 2, LOGIN_PASSWORD, "alice");
    for (unsigned i = 0; i < 20; i++)
        turn(world);
    leave(world, 2); /* gone before the simulation knew */
    world->sim_waits = false;
    for (unsigned i = 0; i < 20; i++)
        turn(world);
    assert_int_equal(told[2].answers_n, 0);
    assert_int_equal(presence_n(world->presence), 0);
    assert_int_equal(login(world, 3, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
}

static void fill(struct world *world)
{
    static const char *const names[PLAYERS_MAX] = {"alice", "bob", "carol"};

    for (uint32_t i = 0; i < PLAYERS_MAX; i++)
        assert_int_equal(login(world, i + 1, LOGIN_REGISTER, names[i]), PROTOCOL_REASON_NONE);
}

static void expect_place(struct world *world, uint32_t slot, const char *text)
{
    UNTIL(world, strcmp(told[slot].waiting, text) == 0);
    assert_int_equal(told[slot].answers_n, 0);
}

/* Full, and two wait. */
static void line_up(struct world *world)
{
    fill(world);
    begin(world, 4, LOGIN_REGISTER, "dave");
    expect_place(world, 4, "You are number 1 of 1 waiting.");
    begin(world, 5, LOGIN_REGISTER, "erin");
    expect_place(world, 5, "You are number 2 of 2 waiting.");
}

/* Newcomers wait in order, are told where they are, and come in one by one. */
static void test_line(void **state)
{
    struct world *world = *state;

    line_up(world);
    assert_int_equal(login(world, 6, LOGIN_REGISTER, "frank"), PROTOCOL_REASON_FULL);
    assert_true(told[6].answer.retry_after_ms >= 1000);
    assert_int_equal(presence_n(world->presence), 3);
    leave(world, 2);
    UNTIL(world, told[4].answers_n == 1);
    assert_int_equal(told[4].answer.reason, PROTOCOL_REASON_NONE);
    assert_string_equal(told[4].answer.username, "dave");
    expect_place(world, 5, "You are number 1 of 1 waiting.");
    leave(world, 4); /* one who left is not waited for */
    UNTIL(world, told[5].answers_n == 1);
    assert_int_equal(presence_n(world->presence), 3);
}

/* Giving up: the others move on; who waits a second time by another connection keeps his place. */
static void test_line_left(void **state)
{
    struct world *world = *state;

    line_up(world);
    begin(world, 7, LOGIN_PASSWORD, "dave");
    expect_place(world, 7, "You are number 1 of 2 waiting.");
    assert_int_equal(told[4].disconnect, PROTOCOL_REASON_REPLACED);
    leave(world, 4);
    leave(world, 7);
    expect_place(world, 5, "You are number 1 of 1 waiting.");
    leave(world, 1);
    UNTIL(world, told[5].answers_n == 1);
    assert_int_equal(told[5].answer.reason, PROTOCOL_REASON_NONE);
}

/* Who is made staff while he waits is next, and says so when he is in. */
static void test_line_promoted(void **state)
{
    struct world *world = *state;

    line_up(world);
    presence_role(world->presence,
                  (uint64_t)sql(world, "SELECT id FROM players"
                                       " WHERE username = 'erin'"),
                  PROTOCOL_ROLE_MODERATOR);
    expect_place(world, 5, "You are number 1 of 2 waiting.");
    leave(world, 1);
    UNTIL(world, told[5].answers_n == 1);
    assert_int_equal(told[5].answer.role, PROTOCOL_ROLE_MODERATOR);
    assert_int_equal(told[4].answers_n, 0);
}

/* Who waits behind another session of his account comes in as what he was made meanwhile. */
static void test_changed_behind_another(void **state)
{
    struct world *world = *state;
    uint64_t alice;

    assert_int_equal(login(world, 9, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    alice = told[9].answer.player;
    world->sim_waits = true;
    leave(world, 9);
    begin(world, 2, LOGIN_PASSWORD, "alice");
    for (unsigned i = 0; i < 20; i++)
        turn(world);
    assert_int_equal(told[2].answers_n, 0);
    presence_role(world->presence, alice, PROTOCOL_ROLE_ADMIN);
    presence_renamed(world->presence, alice, "Alina");
    world->sim_waits = false;
    UNTIL(world, told[2].answers_n == 1);
    assert_int_equal(told[2].answer.role, PROTOCOL_ROLE_ADMIN);
    assert_string_equal(told[2].answer.username, "Alina");
    assert_true(place_of(world, "Alina").found);
}

/* Who was here a minute ago goes before newcomers, also where the line is full; who is still in the
 * world does not wait at all; who was dismissed is a newcomer. */
static void test_line_returning(void **state)
{
    struct world *world = *state;

    fill(world);
    begin(world, 4, LOGIN_REGISTER, "dave");
    expect_place(world, 4, "You are number 1 of 1 waiting.");
    leave(world, 2); /* bob goes, dave comes in his stead */
    UNTIL(world, told[4].answers_n == 1);
    begin(world, 5, LOGIN_REGISTER, "erin");
    expect_place(world, 5, "You are number 1 of 1 waiting.");
    begin(world, 6, LOGIN_REGISTER, "frank");
    expect_place(world, 6, "You are number 2 of 2 waiting.");
    begin(world, 7, LOGIN_PASSWORD, "bob");
    expect_place(world, 7, "You are number 1 of 3 waiting.");
    assert_int_equal(login(world, 8, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    world->handlers.closed(world->handlers.context, id_of(3), PROTOCOL_REASON_KICKED);
    UNTIL(world, told[7].answers_n == 1);
    assert_int_equal(told[7].answer.reason, PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 9, LOGIN_PASSWORD, "carol"), PROTOCOL_REASON_FULL);
    assert_int_equal(told[5].answers_n + told[6].answers_n, 0);
}

/* The ladder shuts the door: newcomers wait although there is room, who comes back does not. */
static void test_closed_door(void **state)
{
    struct world *world = *state;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    leave(world, 1);
    UNTIL(world, presence_n(world->presence) == 0);
    presence_close_door(world->presence, true);
    begin(world, 2, LOGIN_REGISTER, "bob");
    expect_place(world, 2, "You are number 1 of 1 waiting.");
    assert_int_equal(login(world, 3, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(told[2].answers_n, 0);
    presence_close_door(world->presence, false);
    UNTIL(world, told[2].answers_n == 1);
    assert_int_equal(told[2].answer.reason, PROTOCOL_REASON_NONE);
}

/* The line does not outlive the server: it is told by the sessions, and begins anew. */
static void test_line_and_restart(void **state)
{
    struct world *world = *state;

    fill(world);
    begin(world, 4, LOGIN_REGISTER, "dave");
    expect_place(world, 4, "You are number 1 of 1 waiting.");
    stop(world);
    memset(told, 0, sizeof(told));
    start(world);
    assert_int_equal(login(world, 4, LOGIN_PASSWORD, "dave"), PROTOCOL_REASON_NONE);
    assert_int_equal(told[4].waits_n, 0);
}

static void test_full_and_kick(void **state)
{
    struct world *world = *state;

    fill(world);
    presence_reconfigure(
        world->presence,
        &(struct presence_config){.players_max = PLAYERS_MAX, .queue_max = 0, .flush_ms = 50});
    assert_int_equal(login(world, 4, LOGIN_REGISTER, "dave"), PROTOCOL_REASON_FULL);
    assert_int_equal(login(world, 5, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(presence_kick(world->presence, "nobody", 0, "why"), -1);
    assert_int_equal(presence_kick(world->presence, "BOB", 0, "why"), 0);
    assert_int_equal(told[2].disconnect, PROTOCOL_REASON_KICKED);
    leave(world, 2);
    tick(world); /* the figure leaves the world, and its place in it is free */
    assert_int_equal(presence_n(world->presence), 2);
    assert_int_equal(login(world, 4, LOGIN_PASSWORD, "dave"), PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 4, LOGIN_PASSWORD, "dave"), PROTOCOL_REASON_ALREADY_LOGGED_IN);
    assert_int_equal(presence_kick(world->presence, NULL, id_of(4), "why"), 0);
    assert_int_equal(told[4].disconnect, PROTOCOL_REASON_KICKED);
}

struct saved {
    int done;
    uint32_t lost;
};

static void saved(void *context, uint32_t lost)
{
    struct saved *saved = context;

    saved->done++;
    saved->lost = lost;
}

static void test_save_all_waits_for_leavers(void **state)
{
    struct world *world = *state;
    struct saved all = {0, 0};

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 2, LOGIN_REGISTER, "bob"), PROTOCOL_REASON_NONE);
    walk(world, 1, 10);
    world->sim_waits = true;
    leave(world, 2);
    presence_save_all(world->presence, saved, &all);
    for (unsigned i = 0; i < 30; i++)
        turn(world);
    assert_int_equal(all.done, 0);
    world->sim_waits = false;
    UNTIL(world, all.done == 1);
    assert_int_equal(all.lost, 0);
    assert_int_equal(sql(world, "SELECT count(*) FROM player_positions"), 2);
    assert_true(presence_watermark(world->presence).tick > 0);
}

/* The database goes away while they play: nobody notices but those who come, and nothing is lost.
 */
static void test_store_away(void **state)
{
    struct world *world = *state;
    struct place place;
    sqlite3 *db = NULL;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(sqlite3_open(world->scratch.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 1000);
    assert_int_equal(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    walk(world, 1, 30);
    place = place_of(world, "alice");
    assert_int_equal(login(world, 2, LOGIN_REGISTER, "bob"), PROTOCOL_REASON_STORE_AWAY);
    assert_int_equal(told[1].disconnects_n, 0);
    leave(world, 1);
    UNTIL(world, presence_n(world->presence) == 0);
    /* Back while her save still waits: memory knows better than the database. */
    assert_int_equal(login(world, 3, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    assert_true(place_of(world, "alice").x_m == place.x_m);
    sqlite3_close(db);
    UNTIL(world, sql(world, "SELECT count(*) FROM player_positions WHERE yaw = 100") == 1);
}

/* Where somebody is, and where he is put: in the world, on his way to the database, and behind a
 * save that is not there yet. */
static void test_places(void **state)
{
    struct world *world = *state;
    struct store_position place = {0};
    uint64_t player;

    assert_int_equal(login(world, 0, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    player = (uint64_t)sql(world, "SELECT id FROM players");
    UNTIL(world, presence_place(world->presence, player, &place) == PRESENCE_LIVE);
    assert_int_equal(presence_put(world->presence, player, 40.5, 3, -20.25), PRESENCE_PUT_DONE);
    UNTIL(world, presence_place(world->presence, player, &place) == PRESENCE_LIVE &&
                     place.x_m == 40.5 && place.z_m == -20.25);
    assert_int_equal(presence_put(world->presence, player, 0.0 / 0.0, 0, 0), PRESENCE_PUT_NOWHERE);
    assert_int_equal(presence_put(world->presence, player, 0, 1e300, 0), PRESENCE_PUT_NOWHERE);
    assert_int_equal(presence_put(world->presence, player, 0, 0, 513), PRESENCE_PUT_NOWHERE);
    assert_int_equal(presence_put(world->presence, player, 1.0 / 0.0, 0, 0), PRESENCE_PUT_NOWHERE);
    /* While he leaves nobody can say which is newer. */
    world->sim_waits = true;
    leave(world, 0);
    turn(world);
    assert_int_equal(presence_put(world->presence, player, 1, 2, 3), PRESENCE_PUT_LATER);
    world->sim_waits = false;
    UNTIL(world, !presence_has(world->presence, player));
    assert_int_equal(presence_put(world->presence, player, 1.5, 2, -3), PRESENCE_PUT_DONE);
    assert_int_equal(presence_place(world->presence, player, &place), PRESENCE_SAVING);
    assert_true(place.x_m == 1.5 && place.y_m == 2 && place.z_m == -3);
    assert_int_equal(presence_put(world->presence, player, 2.5, 2, -3), PRESENCE_PUT_DONE);
    UNTIL(world, presence_place(world->presence, player, &place) == PRESENCE_UNKNOWN);
    assert_int_equal(sql(world, "SELECT CAST(x * 10 AS INTEGER) FROM player_positions"), 25);
    presence_bar(world->presence, player);
    assert_int_equal(presence_put(world->presence, player, 1, 2, 3), PRESENCE_PUT_LATER);
    presence_bar(world->presence, 0);
    /* There he begins. */
    assert_int_equal(login(world, 1, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    UNTIL(world, presence_place(world->presence, player, &place) == PRESENCE_LIVE);
    assert_true(place.x_m == 2.5 && place.z_m == -3);
}

static void begin_maintenance(struct world *world)
{
    struct error error;

    /* its file cannot be written, but it holds */
    assert_int_equal(policy_begin_maintenance(world->policy, "We mend the world.", "kim", &error),
                     -1);
}

static void expect_turned_out(uint32_t slot)
{
    assert_int_equal(told[slot].disconnects_n, 1);
    assert_int_equal(told[slot].disconnect, PROTOCOL_REASON_MAINTENANCE);
}

/* Maintenance begins while one waits for the simulation, one behind her, and one takes over his own
 * figure: only he is here. */
static void test_maintenance_on_the_way(void **state)
{
    struct world *world = *state;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 2, LOGIN_REGISTER, "bob"), PROTOCOL_REASON_NONE);
    leave(world, 1);
    UNTIL(world, presence_n(world->presence) == 1);
    UNTIL(world, sql(world, "SELECT count(*) FROM player_positions") == 2);
    world->sim_waits = true;
    begin(world, 3, LOGIN_PASSWORD, "alice");
    begin(world, 4, LOGIN_PASSWORD, "alice"); /* behind her */
    begin(world, 5, LOGIN_PASSWORD, "bob");   /* takes over */
    for (unsigned i = 0; i < 60; i++)
        turn(world);
    begin_maintenance(world);
    assert_int_equal(presence_turn_out(world->presence, false), 2);
    expect_turned_out(3);
    expect_turned_out(4);
    assert_int_equal(told[2].disconnects_n + told[5].disconnects_n, 0);
    leave(world, 4);
    leave(world, 3);
    world->sim_waits = false;
    UNTIL(world, told[5].answers_n == 1);
    assert_int_equal(told[5].answer.reason, PROTOCOL_REASON_NONE);
    UNTIL(world, presence_n(world->presence) == 1);
    assert_int_equal(told[3].answers_n + told[4].answers_n, 0);
    assert_int_equal(login(world, 6, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_MAINTENANCE);
    assert_int_equal(presence_turn_out(world->presence, true), 1);
    expect_turned_out(5);
}

/* A drain sends nobody away who was let in. */
static void test_drain_on_the_way(void **state)
{
    struct world *world = *state;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    world->sim_waits = true;
    begin(world, 2, LOGIN_REGISTER, "bob");
    for (unsigned i = 0; i < 60; i++)
        turn(world);
    policy_drain(world->policy, 60, "kim");
    assert_int_equal(presence_turn_out(world->presence, false), 0);
    assert_int_equal(presence_turn_out(world->presence, true), 0);
    world->sim_waits = false;
    UNTIL(world, told[2].answers_n == 1);
    assert_int_equal(told[2].answer.reason, PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 3, LOGIN_REGISTER, "carol"), PROTOCOL_REASON_BUSY);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_places, setup, teardown),
        cmocka_unit_test_setup_teardown(test_come_and_go, setup, teardown),
        cmocka_unit_test_setup_teardown(test_restart_remembers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_newer_login_wins, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_quick_return, setup, teardown),
        cmocka_unit_test_setup_teardown(test_gone_while_asking, setup, teardown),
        cmocka_unit_test_setup_teardown(test_line, setup, teardown),
        cmocka_unit_test_setup_teardown(test_line_left, setup, teardown),
        cmocka_unit_test_setup_teardown(test_line_promoted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_changed_behind_another, setup, teardown),
        cmocka_unit_test_setup_teardown(test_line_returning, setup, teardown),
        cmocka_unit_test_setup_teardown(test_closed_door, setup, teardown),
        cmocka_unit_test_setup_teardown(test_line_and_restart, setup, teardown),
        cmocka_unit_test_setup_teardown(test_full_and_kick, setup, teardown),
        cmocka_unit_test_setup_teardown(test_save_all_waits_for_leavers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_store_away, setup, teardown),
        cmocka_unit_test_setup_teardown(test_maintenance_on_the_way, setup, teardown),
        cmocka_unit_test_setup_teardown(test_drain_on_the_way, setup, teardown),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
