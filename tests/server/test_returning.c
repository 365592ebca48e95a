/* Who comes back: a figure that waits for the one who dropped, a session that goes on, over a
 * restart and while the database is away. */
#include "ops/metrics.h"
#include "play/returning.h"
#include "presence_world.h"

static int setup_lingering(void **state)
{
    struct world *world = calloc(1, sizeof(*world));

    memset(told, 0, sizeof(told));
    scratch_make(&world->scratch);
    world->base = event_base_new();
    world->linger_ms = LINGER_MS;
    start(world);
    *state = world;
    return 0;
}

static void end(struct world *world, uint32_t slot, enum protocol_reason reason)
{
    world->handlers.closed(world->handlers.context, id_of(slot), reason);
}

static void log_out(struct world *world, uint32_t slot)
{
    world->handlers.log_out(world->handlers.context, id_of(slot));
}

static bool count(void *context, const struct presence_row *row)
{
    unsigned *n = context;

    n[row->away]++;
    return true;
}

/* How many are away; all others are present. */
static unsigned away_n(struct world *world)
{
    unsigned n[2] = {0, 0};

    presence_each(world->presence, count, n);
    assert_int_equal(n[0], presence_n(world->presence));
    return n[1];
}

static uint32_t figures_n(struct world *world)
{
    struct snapshot *snapshot = sim_snapshot(world->sim);
    uint32_t n = snapshot_entities_n(snapshot);

    snapshot_unref(snapshot);
    return n;
}

/* Come back by another connection, with the token that the first was given. */
static enum protocol_reason resume(struct world *world, uint32_t from, uint32_t slot)
{
    memcpy(told[slot].token, told[from].answer.token, sizeof(told[slot].token));
    return login(world, slot, LOGIN_RESUME, "");
}

#define OPEN_ROWS  "SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL"
#define ALL_ROWS   "SELECT count(*) FROM game_sessions"
#define LOGGED_OUT ALL_ROWS " WHERE logged_out_at IS NOT NULL"

/* Nobody is in the world, and the database knows it. The rows alone do not say so: before the
 * first is there none is open either. */
static void until_gone(struct world *world)
{
    UNTIL(world, figures_n(world) == 0 && sql(world, OPEN_ROWS) == 0 &&
                     metrics_value(METRIC_SAVES_PENDING) == 0);
}

static void test_dropped_and_back(void **state)
{
    struct world *world = *state;
    struct place place;
    uint64_t entity;
    int64_t hashes;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    assert_false(told[1].answer.resumed);
    entity = told[1].answer.entity;
    walk(world, 1, 40);
    end(world, 1, PROTOCOL_REASON_NONE);
    tick(world);
    assert_int_equal(presence_n(world->presence), 0);
    assert_int_equal(away_n(world), 1);
    assert_int_equal(figures_n(world), 1);
    assert_int_equal(metrics_value(METRIC_AWAY), 1);
    place = place_of(world, "alice");
    hashes = metrics_value(METRIC_HASHES);
    told[2].heard = 77;
    assert_int_equal(resume(world, 1, 2), PROTOCOL_REASON_NONE);
    assert_int_equal(metrics_value(METRIC_HASHES), hashes);
    assert_true(told[2].answer.resumed);
    assert_int_equal(told[2].answer.chat_sequence, 77);
    assert_true(told[2].answer.since_ms > 0);
    assert_int_equal(told[2].answer.entity, entity);
    assert_string_not_equal(told[2].answer.token, told[1].answer.token);
    assert_int_equal(presence_n(world->presence), 1);
    assert_int_equal(away_n(world), 0);
    assert_true(place_of(world, "alice").z_m == place.z_m);
    assert_int_equal(told[1].disconnects_n, 0);
    /* Nobody's time is up any more. */
    for (unsigned i = 0; i < 2 * LINGER_MS / 5; i++)
        turn(world);
    assert_int_equal(presence_n(world->presence), 1);
    /* It was one stay, and it ends once. */
    UNTIL(world, sql(world, OPEN_ROWS) == 1);
    assert_int_equal(sql(world, ALL_ROWS), 1);
    end(world, 2, PROTOCOL_REASON_LEFT);
    UNTIL(world, sql(world, OPEN_ROWS) == 0);
    assert_int_equal(sql(world, ALL_ROWS), 1);
    assert_int_equal(figures_n(world), 0);
}

/* The second token of a stay is as good as the first, and both go on with it. */
static void test_again_and_again(void **state)
{
    struct world *world = *state;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    for (uint32_t slot = 2; slot < 6; slot++) {
        end(world, slot - 1, PROTOCOL_REASON_TOO_SLOW);
        assert_int_equal(resume(world, slot - 1, slot), PROTOCOL_REASON_NONE);
        assert_int_equal(told[slot].answer.entity, told[1].answer.entity);
        assert_int_equal(told[slot].answer.since_ms, told[2].answer.since_ms);
    }
    UNTIL(world, sql(world, OPEN_ROWS) == 1);
    assert_int_equal(sql(world, ALL_ROWS), 1);
}

static void test_given_up(void **state)
{
    struct world *world = *state;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 2, LOGIN_REGISTER, "bob"), PROTOCOL_REASON_NONE);
    end(world, 1, PROTOCOL_REASON_NONE);
    end(world, 2, PROTOCOL_REASON_NOT_READING);
    assert_int_equal(away_n(world), 2);
    UNTIL(world, figures_n(world) == 0);
    assert_int_equal(away_n(world), 0);
    UNTIL(world, sql(world, OPEN_ROWS) == 0);
    /* Then the stay is over: another one begins, with another figure. */
    assert_int_equal(resume(world, 1, 3), PROTOCOL_REASON_NONE);
    UNTIL(world, sql(world, OPEN_ROWS) == 1);
}

/* A reload that shortens the wait holds for those who wait already, and for who comes behind them.
 */
static void test_shorter_wait(void **state)
{
    struct world *world = *state;

    world->linger_ms = 600000;
    stop(world);
    start(world);
    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 2, LOGIN_REGISTER, "bob"), PROTOCOL_REASON_NONE);
    end(world, 1, PROTOCOL_REASON_NONE);
    presence_reconfigure(world->presence, &(struct presence_config){.players_max = PLAYERS_MAX,
                                                                    .queue_max = QUEUE_MAX,
                                                                    .flush_ms = 50,
                                                                    .linger_ms = LINGER_MS});
    end(world, 2, PROTOCOL_REASON_NONE);
    assert_int_equal(away_n(world), 2);
    UNTIL(world, figures_n(world) == 0);
    assert_int_equal(away_n(world), 0);
}

static void test_on_purpose(void **state)
{
    static const enum protocol_reason reasons[] = {
        PROTOCOL_REASON_LEFT, PROTOCOL_REASON_KICKED, PROTOCOL_REASON_MALFORMED,
        PROTOCOL_REASON_RATE_LIMITED, PROTOCOL_REASON_SHUTTING_DOWN};
    struct world *world = *state;

    for (uint32_t i = 0; i < 5; i++) {
        assert_int_equal(login(world, 1 + i, i == 0 ? LOGIN_REGISTER : LOGIN_PASSWORD, "alice"),
                         PROTOCOL_REASON_NONE);
        end(world, 1 + i, reasons[i]);
        assert_int_equal(away_n(world), 0);
        UNTIL(world, figures_n(world) == 0);
    }
}

static void test_kick_ends_it(void **state)
{
    struct world *world = *state;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    end(world, 1, PROTOCOL_REASON_NONE);
    assert_int_equal(away_n(world), 1);
    assert_int_equal(presence_kick(world->presence, "Alice", 0, "enough"), 0);
    assert_int_equal(away_n(world), 0);
    UNTIL(world, figures_n(world) == 0);
    assert_int_equal(presence_kick(world->presence, "alice", 0, "enough"), -1);
}

/* A figure that waits takes a place, and he whose it is comes in though the house is full. */
static void test_it_takes_a_place(void **state)
{
    struct world *world = *state;

    world->linger_ms = 60000;
    stop(world);
    start(world);
    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 2, LOGIN_REGISTER, "bob"), PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 3, LOGIN_REGISTER, "carol"), PROTOCOL_REASON_NONE);
    end(world, 1, PROTOCOL_REASON_NONE);
    begin(world, 4, LOGIN_REGISTER, "dave");
    UNTIL(world, told[4].waits_n == 1);
    assert_int_equal(resume(world, 1, 5), PROTOCOL_REASON_NONE);
    assert_int_equal(told[5].answer.entity, told[1].answer.entity);
    assert_int_equal(told[4].answers_n, 0);
    /* The server stops: who is waited for goes now. */
    end(world, 2, PROTOCOL_REASON_NONE);
    assert_int_equal(away_n(world), 1);
    presence_stop(world->presence);
    assert_int_equal(away_n(world), 0);
    end(world, 5, PROTOCOL_REASON_NONE);
    UNTIL(world, told[4].answers_n == 1);
}

/* The same account by its password: the figure is his, the stay is another. */
static void test_a_new_login_takes_it(void **state)
{
    struct world *world = *state;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    end(world, 1, PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 2, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    assert_false(told[2].answer.resumed);
    assert_int_equal(told[2].answer.entity, told[1].answer.entity);
    UNTIL(world, sql(world, ALL_ROWS) == 2);
    UNTIL(world, sql(world, OPEN_ROWS) == 1);
    /* And a resume takes over one who is present; both go on with the second stay. */
    assert_int_equal(resume(world, 2, 3), PROTOCOL_REASON_NONE);
    assert_int_equal(told[3].answer.entity, told[1].answer.entity);
    assert_int_equal(told[2].disconnect, PROTOCOL_REASON_REPLACED);
    UNTIL(world, sql(world, OPEN_ROWS) == 1);
    assert_int_equal(sql(world, ALL_ROWS), 2);
}

static void test_over_a_restart(void **state)
{
    struct world *world = *state;
    struct place place;
    int64_t hashes;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    walk(world, 1, 100);
    place = place_of(world, "alice");
    presence_stop(world->presence);
    end(world, 1, PROTOCOL_REASON_RESTARTING);
    until_gone(world);
    stop(world);
    start(world);
    hashes = metrics_value(METRIC_HASHES);
    assert_int_equal(resume(world, 1, 2), PROTOCOL_REASON_NONE);
    assert_int_equal(metrics_value(METRIC_HASHES), hashes);
    assert_true(told[2].answer.resumed);
    tick(world);
    assert_true(place_of(world, "alice").z_m == place.z_m);
    UNTIL(world, sql(world, OPEN_ROWS) == 1);
    assert_int_equal(sql(world, ALL_ROWS), 1);
}

/* After a crash a session goes on for who comes back; the others' end when the server lived last.
 */
static void test_over_a_crash(void **state)
{
    struct world *world = *state;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 2, LOGIN_REGISTER, "bob"), PROTOCOL_REASON_NONE);
    UNTIL(world, sql(world, OPEN_ROWS) == 2 &&
                     sql(world, "SELECT count(*) FROM server_state WHERE alive_at >= "
                                "(SELECT max(connected_at) FROM game_sessions)") == 1);
    stop(world); /* nobody left */
    start(world);
    assert_int_equal(sql(world, OPEN_ROWS), 2);
    assert_int_equal(resume(world, 1, 3), PROTOCOL_REASON_NONE);
    UNTIL(world, sql(world, OPEN_ROWS) == 1);
    assert_int_equal(sql(world, ALL_ROWS), 2);
    assert_int_equal(sql(world,
                         "SELECT count(*) FROM game_sessions WHERE disconnected_at IS NULL"
                         " AND player_id = (SELECT id FROM players WHERE username = 'alice')"),
                     1);
    /* Before this start, whose signs of life are later. */
    UNTIL(world, sql(world, "SELECT count(*) FROM game_sessions, server_state"
                            " WHERE disconnected_at >= connected_at AND"
                            " disconnected_at < alive_at") == 1);
}

#define ALIVE "SELECT CAST(julianday(alive_at) * 86400000 AS INTEGER) FROM server_state"
#define ALICE_ENDS                                                                                 \
    "SELECT CAST(julianday(disconnected_at) * 86400000 AS INTEGER) FROM game_sessions"             \
    " WHERE player_id = (SELECT id FROM players WHERE username = 'alice')"

/* A run that leaves a session open as one that crashed does, and another that ends (as the test
 * likes it) before it would have closed it. When the first lived last. */
static int64_t two_runs(struct world *world)
{
    int64_t alive;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    UNTIL(world, sql(world, "SELECT count(*) FROM server_state, game_sessions"
                            " WHERE alive_at > connected_at") == 1);
    stop(world);
    alive = sql(world, ALIVE);
    world->left_open_ms = 60000;
    start(world);
    assert_int_equal(login(world, 2, LOGIN_REGISTER, "bob"), PROTOCOL_REASON_NONE);
    for (unsigned i = 0; i < 40; i++) /* some flushes */
        turn(world);
    assert_int_equal(sql(world, OPEN_ROWS), 2);
    return alive;
}

/* Two crashes: what the first left open ends with it, however long it was down before the next. */
static void test_over_two_crashes(void **state)
{
    struct world *world = *state;
    int64_t alive = two_runs(world);

    stop(world);
    world->left_open_ms = 0;
    start(world);
    UNTIL(world, sql(world, OPEN_ROWS) == 0);
    assert_int_equal(sql(world, ALICE_ENDS), alive);
    assert_int_equal(
        sql(world, "SELECT count(*) FROM game_sessions WHERE disconnected_at = connected_at"), 1);
    UNTIL(world, sql(world, ALIVE) > alive); /* and from now on it says that it lives */
}

static void all_saved(void *context, uint32_t lost)
{
    bool *saved = context;

    assert_int_equal(lost, 0);
    *saved = true;
}

/* A crash, and a stop soon after the next start: that closes it, and as of the crash. */
static void test_a_crash_and_a_stop(void **state)
{
    struct world *world = *state;
    int64_t alive = two_runs(world);
    bool saved = false;

    presence_stop(world->presence);
    end(world, 2, PROTOCOL_REASON_SHUTTING_DOWN);
    presence_save_all(world->presence, all_saved, &saved);
    UNTIL(world, saved);
    stop(world);
    assert_int_equal(sql(world, OPEN_ROWS), 0);
    assert_int_equal(sql(world, ALICE_ENDS), alive);
    start(world);
}

/* Just after a start those who resume go before those who are new, for they were here. */
static void test_resumers_go_first(void **state)
{
    struct world *world = *state;
    static const char *const others[] = {"bob", "carol", "dave"};

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    end(world, 1, PROTOCOL_REASON_LEFT);
    UNTIL(world, figures_n(world) == 0);
    stop(world);
    start(world);
    for (uint32_t i = 0; i < 3; i++)
        assert_int_equal(login(world, 2 + i, LOGIN_REGISTER, others[i]), PROTOCOL_REASON_NONE);
    begin(world, 5, LOGIN_REGISTER, "erin");
    UNTIL(world, told[5].waits_n == 1);
    memcpy(told[6].token, told[1].answer.token, sizeof(told[6].token));
    begin(world, 6, LOGIN_RESUME, "");
    UNTIL(world, told[6].waits_n == 1);
    assert_non_null(strstr(told[6].waiting, "number 1 of 2"));
    end(world, 2, PROTOCOL_REASON_LEFT);
    UNTIL(world, told[6].answers_n == 1);
    assert_int_equal(told[6].answer.reason, PROTOCOL_REASON_NONE);
    assert_int_equal(told[5].answers_n, 0);
}

static void test_while_the_database_is_away(void **state)
{
    struct world *world = *state;
    sqlite3 *db = NULL;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    end(world, 1, PROTOCOL_REASON_NONE);
    assert_int_equal(sqlite3_open(world->scratch.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, "ALTER TABLE players RENAME TO gone", NULL, NULL, NULL),
                     SQLITE_OK);
    assert_int_equal(resume(world, 1, 2), PROTOCOL_REASON_NONE);
    assert_int_equal(told[2].answer.entity, told[1].answer.entity);
    assert_string_equal(told[2].answer.username, "alice");
    assert_int_equal(login(world, 3, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_STORE_AWAY);
    assert_true(told[3].answer.retry_after_ms > 0);
    assert_int_equal(sqlite3_exec(db, "ALTER TABLE gone RENAME TO players", NULL, NULL, NULL),
                     SQLITE_OK);
    sqlite3_close(db);
}

static void change(struct world *world, const char *query)
{
    sqlite3 *db = NULL;

    assert_int_equal(sqlite3_open(world->scratch.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000);
    assert_int_equal(sqlite3_exec(db, query, NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
}

static void rename_table(struct world *world, const char *from, const char *to)
{
    char query[128];

    snprintf(query, sizeof(query), "ALTER TABLE %s RENAME TO %s", from, to);
    change(world, query);
}

/* After a restart nothing here knows his place, and the database does not say: he waits inside, is
 * saved nowhere, and is put there later. */
static void test_unplaced(void **state)
{
    struct world *world = *state;
    struct place place;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    walk(world, 1, 200);
    place = place_of(world, "alice");
    end(world, 1, PROTOCOL_REASON_RESTARTING);
    until_gone(world);
    stop(world);
    start(world);
    rename_table(world, "player_positions", "away");
    assert_int_equal(login(world, 2, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_STORE_AWAY);
    assert_int_equal(resume(world, 1, 3), PROTOCOL_REASON_NONE);
    assert_true(told[3].answer.text[0]);
    tick(world);
    assert_true(place_of(world, "alice").z_m != place.z_m);
    end(world, 3, PROTOCOL_REASON_NONE); /* and it lasts over a drop */
    assert_int_equal(resume(world, 3, 4), PROTOCOL_REASON_NONE);
    for (unsigned i = 0; i < 40; i++)
        turn(world);
    assert_int_equal(metrics_value(METRIC_SAVES_PENDING), 0);
    rename_table(world, "away", "player_positions");
    UNTIL(world, place_of(world, "alice").z_m == place.z_m);
    assert_true(place_of(world, "alice").x_m == place.x_m);
    walk(world, 4, 40);
    place = place_of(world, "alice");
    end(world, 4, PROTOCOL_REASON_LEFT);
    until_gone(world);
    assert_int_equal(login(world, 5, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    assert_true(place_of(world, "alice").z_m == place.z_m);
}

/* Who comes and goes while the database is away leaves his row there when it is back. */
static void test_stays_wait_for_the_database(void **state)
{
    struct world *world = *state;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 2, LOGIN_REGISTER, "bob"), PROTOCOL_REASON_NONE);
    UNTIL(world, sql(world, OPEN_ROWS) == 2);
    rename_table(world, "game_sessions", "away");
    end(world, 1, PROTOCOL_REASON_LEFT); /* closed */
    UNTIL(world, figures_n(world) == 1);
    assert_int_equal(login(world, 3, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE); /* opened */
    end(world, 3, PROTOCOL_REASON_LEFT); /* and closed */
    UNTIL(world, figures_n(world) == 1);
    assert_int_equal(login(world, 4, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE); /* opened */
    for (unsigned i = 0; i < 40; i++)
        turn(world);
    rename_table(world, "away", "game_sessions");
    UNTIL(world, sql(world, ALL_ROWS) == 4);
    UNTIL(world, sql(world, OPEN_ROWS) == 2);
    for (unsigned i = 0; i < 40; i++)
        turn(world);
    assert_int_equal(sql(world, OPEN_ROWS), 2);
}

/* The database takes the end of a stay but not its beginning: once it takes both, the end counts.
 */
static void test_an_end_before_its_beginning(void **state)
{
    struct world *world = *state;

    change(world, "CREATE TRIGGER no BEFORE INSERT ON game_sessions"
                  " BEGIN SELECT RAISE(ABORT, 'no'); END");
    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    end(world, 1, PROTOCOL_REASON_LEFT);
    UNTIL(world, figures_n(world) == 0);
    for (unsigned i = 0; i < 40; i++) /* both are asked again, and again */
        turn(world);
    change(world, "DROP TRIGGER no");
    UNTIL(world, sql(world, ALL_ROWS) == 1);
    UNTIL(world, sql(world, OPEN_ROWS) == 0);
}

/* Who comes back drops again before the world took him: his stay is over with him. */
static void test_back_and_gone_at_once(void **state)
{
    struct world *world = *state;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    UNTIL(world, sql(world, OPEN_ROWS) == 1);
    end(world, 1, PROTOCOL_REASON_NONE);
    tick(world);
    world->sim_waits = true;
    memcpy(told[2].token, told[1].answer.token, sizeof(told[2].token));
    begin(world, 2, LOGIN_RESUME, "");
    UNTIL(world, queue_length(world->commands) == 1); /* JOIN */
    end(world, 2, PROTOCOL_REASON_NONE);
    assert_int_equal(queue_length(world->commands), 2);
    world->sim_waits = false;
    UNTIL(world, figures_n(world) == 0);
    UNTIL(world, sql(world, OPEN_ROWS) == 0);
    assert_int_equal(sql(world, ALL_ROWS), 1);
}

/* One who cannot be told of to the simulation is refused; the figure that waits for him waits on.
 */
static void test_no_room_for_a_return(void **state)
{
    struct command other = {.kind = COMMAND_REST, .session = id_of(15)};
    struct world *world = *state;

    world->linger_ms = 60000;
    stop(world);
    start(world);
    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    end(world, 1, PROTOCOL_REASON_NONE);
    tick(world);
    world->sim_waits = true;
    while (queue_push_reserved(world->commands, &other) == 0)
        ;
    assert_int_equal(resume(world, 1, 2), PROTOCOL_REASON_INTERNAL);
    assert_int_equal(away_n(world), 1);
    world->sim_waits = false;
    tick(world);
    assert_int_equal(resume(world, 1, 3), PROTOCOL_REASON_NONE);
    assert_int_equal(told[3].answer.entity, told[1].answer.entity);
    assert_int_equal(away_n(world), 0);
}

/* One network has no more than its share of figures that wait; who is exempt counts for nobody. */
static void test_a_share_for_each_network(void **state)
{
    static const struct {
        uint8_t address[NETWORK_BYTES];
        bool exempt, room;
    } cases[] = {
        {{[10] = 0xff, [11] = 0xff, [12] = 192, [15] = 1}, false, false},
        {{[10] = 0xff, [11] = 0xff, [12] = 192, [15] = 1}, true, true},
        {{[10] = 0xff, [11] = 0xff, [12] = 192, [15] = 2}, false, true},
        {{0x20, 1, [7] = 1, [15] = 77}, false, false}, /* the same /64 */
        {{0x20, 1, [7] = 2}, false, true},
    };
    struct world *world = *state;
    struct people people = {.persons = NULL};
    struct returning returning;
    struct error error;

    assert_int_equal(returning_init(&returning, world->base, &people, NULL, NULL, &error), 0);
    for (uint64_t i = 0; i < 2 * RETURNING_PER_NETWORK; i++) {
        struct person *person = people_add(&people, i + 1);

        memcpy(person->address, cases[i % 2 ? 3 : 0].address, NETWORK_BYTES);
        person->address[NETWORK_BYTES - 1] = i % 2 ? (uint8_t)i : 1;
        assert_true(returning_room(&returning, person));
        returning_wait(&returning, person);
    }
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct person *person = people_add(&people, 1000 + i);

        memcpy(person->address, cases[i].address, NETWORK_BYTES);
        person->exempt = cases[i].exempt;
        assert_int_equal(returning_room(&returning, person), cases[i].room);
    }
    returning_fini(&returning);
    people_fini(&people);
    metrics_set(METRIC_AWAY, 0);
}

static void test_bad_tokens(void **state)
{
    struct world *world = *state;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    end(world, 1, PROTOCOL_REASON_NONE);
    assert_int_equal(login(world, 2, LOGIN_RESUME, ""), PROTOCOL_REASON_TOKEN_REFUSED);
    strcpy(told[3].token, "eyJhbGciOiJub25lIn0.e30.");
    assert_int_equal(login(world, 3, LOGIN_RESUME, "alice"), PROTOCOL_REASON_TOKEN_REFUSED);
    assert_int_equal(away_n(world), 1);
}

/* What a login began ends with the log-out, on every way from token to token; another login does
 * not. */
static void test_logged_out(void **state)
{
    struct world *world = *state;
    char text[128];
    int64_t row;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    end(world, 1, PROTOCOL_REASON_LEFT);
    UNTIL(world, sql(world, ALL_ROWS " WHERE disconnected_at IS NOT NULL") == 1);
    assert_int_equal(login(world, 2, LOGIN_PASSWORD, "alice"), PROTOCOL_REASON_NONE);
    end(world, 2, PROTOCOL_REASON_NONE);
    assert_int_equal(resume(world, 2, 3), PROTOCOL_REASON_NONE);
    memcpy(told[4].token, told[3].answer.token, sizeof(told[4].token));
    end(world, 3, PROTOCOL_REASON_LEFT); /* no log-out: the token stays good */
    assert_int_equal(login(world, 4, LOGIN_TOKEN, ""), PROTOCOL_REASON_NONE);
    log_out(world, 4);
    UNTIL(world, told[4].disconnects_n == 1);
    assert_int_equal(told[4].disconnect, PROTOCOL_REASON_LOGGED_OUT);
    assert_int_equal(sql(world, LOGGED_OUT), 1); /* before he is told */
    assert_int_equal(presence_n(world->presence), 1);
    end(world, 4, PROTOCOL_REASON_LOGGED_OUT);
    for (unsigned after = 0; after < 2; after++) {
        for (uint32_t from = 2; from <= 4; from++) {
            assert_int_equal(resume(world, from, 5), PROTOCOL_REASON_TOKEN_REFUSED);
            assert_int_equal(login(world, 5, LOGIN_TOKEN, ""), PROTOCOL_REASON_TOKEN_REFUSED);
        }
        if (after == 0) { /* one that asked before is answered after: he is not let in either */
            row = sql(world, "SELECT id FROM game_sessions WHERE logged_out_at IS NOT NULL");
            sql(world, "UPDATE game_sessions SET logged_out_at = NULL");
            assert_int_equal(resume(world, 4, 5), PROTOCOL_REASON_TOKEN_REFUSED);
            snprintf(text, sizeof(text),
                     "UPDATE game_sessions SET logged_out_at = '2026-01-01T00:00:00.000Z'"
                     " WHERE id = %lld",
                     (long long)row);
            sql(world, text);
            stop(world);
            start(world);
        }
    }
    assert_int_equal(resume(world, 1, 6), PROTOCOL_REASON_NONE); /* the other login's */
    UNTIL(world, sql(world, OPEN_ROWS) == 1);
}

/* While nothing can be written it counts too, and is written later. */
static void test_logged_out_without_a_database(void **state)
{
    struct world *world = *state;
    sqlite3 *db;

    assert_int_equal(login(world, 1, LOGIN_REGISTER, "alice"), PROTOCOL_REASON_NONE);
    UNTIL(world, sql(world, OPEN_ROWS) == 1);
    assert_int_equal(sqlite3_open(world->scratch.path, &db), SQLITE_OK);
    sqlite3_busy_timeout(db, 5000); /* the login is written down behind its answer */
    assert_int_equal(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    log_out(world, 1);
    UNTIL(world, told[1].disconnects_n == 1);
    assert_int_equal(told[1].disconnect, PROTOCOL_REASON_STORE_AWAY);
    end(world, 1, PROTOCOL_REASON_NONE); /* he hung up: he does not drop */
    for (unsigned i = 0; i < 40; i++)    /* the store gave it up, more than once */
        turn(world);
    assert_int_equal(away_n(world), 0);
    assert_int_equal(told[1].disconnects_n, 1);
    assert_int_equal(resume(world, 1, 2), PROTOCOL_REASON_TOKEN_REFUSED);
    assert_int_equal(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(db);
    UNTIL(world, sql(world, LOGGED_OUT) == 1);
    assert_int_equal(resume(world, 1, 2), PROTOCOL_REASON_TOKEN_REFUSED);
    /* Who was given nothing waits for nothing. */
    assert_int_equal(login(world, 3, LOGIN_GUEST, "gus"), PROTOCOL_REASON_NONE);
    log_out(world, 3);
    assert_int_equal(told[3].disconnect, PROTOCOL_REASON_LOGGED_OUT);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup_lingering, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_dropped_and_back),
        TEST(test_again_and_again),
        TEST(test_given_up),
        TEST(test_shorter_wait),
        TEST(test_on_purpose),
        TEST(test_kick_ends_it),
        TEST(test_it_takes_a_place),
        TEST(test_a_new_login_takes_it),
        TEST(test_over_a_restart),
        TEST(test_over_a_crash),
        TEST(test_over_two_crashes),
        TEST(test_a_crash_and_a_stop),
        TEST(test_resumers_go_first),
        TEST(test_while_the_database_is_away),
        TEST(test_unplaced),
        TEST(test_stays_wait_for_the_database),
        TEST(test_an_end_before_its_beginning),
        TEST(test_back_and_gone_at_once),
        TEST(test_no_room_for_a_return),
        TEST(test_a_share_for_each_network),
        TEST(test_bad_tokens),
        TEST(test_logged_out),
        TEST(test_logged_out_without_a_database),
    };

    if (sodium_init() < 0)
        return 1;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
