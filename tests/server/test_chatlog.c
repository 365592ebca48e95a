/* test_chatlog.c -- what a real world's figures say, on its way into a real database: each line
 * once, whoever has left meanwhile; and bounded, with what was lost counted, while the database is
 * away. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <sqlite3.h>

#include "ops/metrics.h"
#include "play/chatlog.h"
#include "scratch.h"
#include "sim/snapshot.h"
#include "sim_room.h"
#include "store/store.h"
#include "store/timestamp.h"

#define DEADLINE_STEPS 2000 /* of 10 ms */

struct world {
    struct room *room;
    struct scratch scratch;
    struct event_base *base;
    struct store *store;
    struct chatlog *chatlog;
    sqlite3 *db; /* another's */
    uint32_t sequence;
};

static void turn(struct world *world)
{
    struct timeval step = {0, 10000};

    event_base_loopexit(world->base, &step);
    event_base_dispatch(world->base);
}

static int number(struct world *world, const char *sql)
{
    sqlite3_stmt *statement;
    int n;

    assert_int_equal(sqlite3_prepare_v2(world->db, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    n = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return n;
}

static void run(struct world *world, const char *sql)
{
    assert_int_equal(sqlite3_exec(world->db, sql, NULL, NULL, NULL), SQLITE_OK);
}

/* Two figures: player 1 in session 11, player 2 in session 12. */
static int setup(void **state)
{
    struct world *world = calloc(1, sizeof(*world));
    struct store_config config = {.queue_max = 64, .busy_ms = 50, .migrate = true};
    struct error error = {""};
    void *room;

    assert_int_equal(room_make(&room, 8, 1), 0);
    world->room = room;
    scratch_make(&world->scratch);
    world->base = event_base_new();
    config.base = world->base;
    config.path = world->scratch.path;
    world->store = store_open(&config, &error);
    if (world->store == NULL)
        fail_msg("%s", error.text);
    world->chatlog = chatlog_new(world->base, world->store, &error);
    assert_non_null(world->chatlog);
    assert_int_equal(sqlite3_open(world->scratch.path, &world->db), SQLITE_OK);
    sqlite3_busy_timeout(world->db, 2000);
    run(world, "PRAGMA foreign_keys = ON");
    run(world, "INSERT INTO players (username, username_key, password_hash, created_at) VALUES"
               " ('anna', 'anna', '', '2026-01-01T00:00:00.000Z'),"
               " ('bob', 'bob', '', '2026-01-01T00:00:00.000Z')");
    batch_join(&world->room->batch, 11, 1, 8, 8);
    batch_join(&world->room->batch, 12, 2, 8, 8);
    batch_step(&world->room->batch, world->room->sim);
    *state = world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    void *room = world->room;

    store_close(world->store);
    chatlog_free(world->chatlog);
    sqlite3_close(world->db);
    event_base_free(world->base);
    scratch_remove(&world->scratch);
    room_unmake(&room);
    free(world);
    return 0;
}

/* So many lines in one tick; then the log sees them. */
static void say(struct world *world, uint64_t session, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        char text[32];

        snprintf(text, sizeof(text), "line %u", world->sequence);
        batch_chat(&world->room->batch, session, text, ++world->sequence);
    }
    batch_step(&world->room->batch, world->room->sim);
}

static void look(struct world *world)
{
    struct snapshot *snapshot = sim_snapshot(world->room->sim);

    chatlog_take(world->chatlog, snapshot, timestamp_now_ms());
    snapshot_unref(snapshot);
}

static void until(struct world *world, const char *sql, int n)
{
    unsigned steps = 0;

    while (number(world, sql) != n && steps++ < DEADLINE_STEPS)
        turn(world);
    assert_int_equal(number(world, sql), n);
}

static void test_each_once(void **state)
{
    struct world *world = *state;
    int64_t lost = metrics_value(METRIC_CHAT_LOG_LOST);

    for (unsigned i = 0; i < 20; i++) {
        say(world, 11, 30);
        if (i == 10) /* gone before anybody looked: the line is hers all the same */
            batch_add(&world->room->batch, 11, COMMAND_LEAVE, 2);
        if (i == 10)
            batch_step(&world->room->batch, world->room->sim);
        look(world);
        look(world);
        turn(world);
        if (i == 10)
            break;
    }
    until(world, "SELECT count(*) FROM chat_log WHERE player_id = 1 AND name = 'player1'", 11 * 30);
    assert_int_equal(number(world, "SELECT count(DISTINCT text) FROM chat_log"), 11 * 30);
    assert_int_equal(metrics_value(METRIC_CHAT_LOG_LOST), lost);
    /* lines of an account that is gone are not brought back */
    run(world, "DELETE FROM players WHERE id = 1");
    assert_int_equal(number(world, "SELECT count(*) FROM chat_log"), 0);
    say(world, 12, 5);
    run(world, "DELETE FROM players WHERE id = 2");
    look(world);
    for (unsigned i = 0; i < 150; i++)
        turn(world);
    assert_int_equal(number(world, "SELECT count(*) FROM chat_log"), 0);
}

static void test_bounded(void **state)
{
    struct world *world = *state;
    int64_t lost = metrics_value(METRIC_CHAT_LOG_LOST);
    unsigned said = 0;

    run(world, "BEGIN IMMEDIATE");
    for (; said < CHATLOG_LINES + 1000; said += 200) {
        say(world, 11, 200);
        look(world);
        turn(world);
    }
    lost = metrics_value(METRIC_CHAT_LOG_LOST) - lost;
    assert_int_equal(lost, said - CHATLOG_LINES);
    run(world, "ROLLBACK");
    until(world, "SELECT count(*) FROM chat_log", CHATLOG_LINES);
    /* what nobody looked at in time is counted too: a channel holds 256 lines */
    lost = metrics_value(METRIC_CHAT_LOG_LOST);
    say(world, 11, 300);
    look(world);
    assert_int_equal(metrics_value(METRIC_CHAT_LOG_LOST) - lost, 300 - SNAPSHOT_CHAT_LINES);
    until(world, "SELECT count(*) FROM chat_log", CHATLOG_LINES + SNAPSHOT_CHAT_LINES);
}

/* The stop writes what waits; nothing is taken where nothing is to be kept. */
static void test_stop(void **state)
{
    struct world *world = *state;

    for (unsigned i = 0; i < 4; i++) {
        say(world, 11, 200);
        look(world);
    }
    chatlog_keep(world->chatlog, true);
    chatlog_stop(world->chatlog);
    store_close(world->store);
    world->store = NULL;
    assert_int_equal(number(world, "SELECT count(*) FROM chat_log"), 800);
}

static void test_nothing_kept(void **state)
{
    struct world *world = *state;

    chatlog_keep(world->chatlog, false);
    say(world, 11, 20);
    look(world);
    chatlog_keep(world->chatlog, true); /* what was said before stays unwritten */
    say(world, 11, 3);
    look(world);
    until(world, "SELECT count(*) FROM chat_log", 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_each_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
        cmocka_unit_test_setup_teardown(test_stop, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nothing_kept, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
