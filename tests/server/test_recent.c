/* What was said lately to all: the newest lines, oldest first, a page at a time, bounded; nothing
 * of those who only stood near, nothing of who is gone for good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "play/recent.h"
#include "sim_room.h"

#define NOW UINT64_C(1795349071000)

struct world {
    struct room *room;
    struct recent *recent;
    uint32_t sequence;
    uint64_t now_ms;
};

static int setup(void **state)
{
    static struct world world;
    void *room;

    assert_int_equal(room_make(&room, 8, 1), 0);
    world = (struct world){.room = room, .recent = recent_new(), .now_ms = NOW};
    batch_join(&world.room->batch, 11, 1, 8, 8);
    batch_join(&world.room->batch, 12, 2, 8, 8);
    batch_step(&world.room->batch, world.room->sim);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    void *room = world->room;

    recent_free(world->recent);
    return room_unmake(&room);
}

/* One line, and a look at it a second later. */
static void say(struct world *world, uint64_t session, enum protocol_channel channel,
                const char *text)
{
    struct command *chat = batch_add(&world->room->batch, session, COMMAND_CHAT, ++world->sequence);
    struct snapshot *snapshot;

    chat->as.chat.channel = (uint8_t)channel;
    chat->as.chat.text = blob_new(text, strlen(text));
    batch_step(&world->room->batch, world->room->sim);
    snapshot = sim_snapshot(world->room->sim);
    recent_take(world->recent, snapshot, world->now_ms);
    recent_take(world->recent, snapshot, world->now_ms + 1);
    snapshot_unref(snapshot);
    world->now_ms += 1000;
}

static void test_lines(void **state)
{
    const struct recent_line *lines[RECENT_LINES];
    struct world *world = *state;

    assert_int_equal(recent_find(world->recent, 0, lines, RECENT_LINES), 0);
    say(world, 11, PROTOCOL_CHANNEL_GLOBAL, "one");
    say(world, 12, PROTOCOL_CHANNEL_NEARBY, "whispered");
    say(world, 12, PROTOCOL_CHANNEL_GLOBAL, "two");
    say(world, 0, PROTOCOL_CHANNEL_SERVER, "three");
    assert_int_equal(recent_find(world->recent, 0, lines, RECENT_LINES), 3);
    assert_string_equal(lines[0]->text->bytes, "one");
    assert_string_equal(lines[0]->name->bytes, "player1");
    assert_int_equal(lines[0]->player, 1);
    assert_int_equal(lines[0]->said_ms, NOW);
    assert_string_equal(lines[1]->text->bytes, "two");
    assert_int_equal(lines[1]->said_ms, NOW + 2000);
    assert_string_equal(lines[2]->text->bytes, "three");
    assert_null(lines[2]->name);
    /* Pages, back in time. */
    assert_int_equal(recent_find(world->recent, 0, lines, 2), 2);
    assert_string_equal(lines[0]->text->bytes, "two");
    assert_int_equal(recent_find(world->recent, lines[0]->sequence, lines, 2), 1);
    assert_string_equal(lines[0]->text->bytes, "one");
    assert_int_equal(recent_find(world->recent, lines[0]->sequence, lines, 2), 0);
    recent_forget(world->recent, 1, "player9");
    recent_forget(world->recent, 0, "player2"); /* nobody in particular */
    recent_forget(NULL, 1, "player1");
    assert_int_equal(recent_find(world->recent, 0, lines, RECENT_LINES), 2);
    assert_string_equal(lines[0]->text->bytes, "two");
}

/* Whose lines of an earlier run are is known by his name alone. */
static void test_forgotten_after_a_restart(void **state)
{
    const struct recent_line *lines[RECENT_LINES];
    struct recent *recent = recent_new();
    struct snapshot *snapshot;
    struct room *room;
    void *made;

    (void)state;
    assert_int_equal(room_make(&made, 8, 1), 0);
    room = made;
    room_said_before(room, NOW - 9000);
    batch_step(&room->batch, room->sim);
    snapshot = sim_snapshot(room->sim);
    recent_take(recent, snapshot, NOW);
    snapshot_unref(snapshot);
    assert_int_equal(recent_find(recent, 0, lines, RECENT_LINES), 2);
    recent_forget(recent, 1, "player1");
    assert_int_equal(recent_find(recent, 0, lines, RECENT_LINES), 1);
    assert_string_equal(lines[0]->text->bytes, "theirs");
    recent_free(recent);
    assert_int_equal(room_unmake(&made), 0);
}

static void test_bounded(void **state)
{
    const struct recent_line *lines[RECENT_LINES + 1];
    struct world *world = *state;
    char text[32];

    for (unsigned i = 0; i < RECENT_LINES + 44; i++) {
        snprintf(text, sizeof(text), "line %u", i);
        say(world, 11, PROTOCOL_CHANNEL_GLOBAL, text);
    }
    assert_int_equal(recent_find(world->recent, 0, lines, RECENT_LINES + 1), RECENT_LINES);
    assert_string_equal(lines[0]->text->bytes, "line 44");
    assert_string_equal(lines[RECENT_LINES - 1]->text->bytes, "line 299");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_lines, setup, teardown),
        cmocka_unit_test(test_forgotten_after_a_restart),
        cmocka_unit_test_setup_teardown(test_bounded, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
