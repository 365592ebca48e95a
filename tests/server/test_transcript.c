/* What moderators hear: every channel, with who and where; a reader's place, what he lost; nothing
 * of who is gone for good. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "play/transcript.h"
#include "sim_room.h"

#define NOW UINT64_C(1795349071000)

struct world {
    struct room *room;
    struct transcript *transcript;
    uint32_t sequence;
    uint64_t now_ms;
};

static int setup(void **state)
{
    static struct world world;
    void *room;

    assert_int_equal(room_make(&room, 8, 1), 0);
    world = (struct world){.room = room, .transcript = transcript_new(), .now_ms = NOW};
    batch_join(&world.room->batch, 11, 1, 8, 8);
    batch_join(&world.room->batch, 12, 2, -8, 8);
    batch_step(&world.room->batch, world.room->sim);
    *state = &world;
    return 0;
}

static int teardown(void **state)
{
    struct world *world = *state;
    void *room = world->room;

    transcript_free(world->transcript);
    return room_unmake(&room);
}

static void look(struct world *world)
{
    struct snapshot *snapshot;

    batch_step(&world->room->batch, world->room->sim);
    snapshot = sim_snapshot(world->room->sim);
    transcript_take(world->transcript, snapshot, world->now_ms);
    transcript_take(world->transcript, snapshot, world->now_ms + 1);
    snapshot_unref(snapshot);
    world->now_ms += 1000;
}

static void speak(struct world *world, uint64_t session, enum protocol_channel channel,
                  const char *text)
{
    struct command *chat = batch_add(&world->room->batch, session, COMMAND_CHAT, ++world->sequence);

    chat->as.chat.channel = (uint8_t)channel;
    chat->as.chat.text = blob_new(text, strlen(text));
}

/* One line, and a look at it a second later. */
static void say(struct world *world, uint64_t session, enum protocol_channel channel,
                const char *text)
{
    speak(world, session, channel, text);
    look(world);
}

static void assert_lines(const struct transcript_line **lines, size_t n, const char *texts)
{
    char all[512] = "";

    for (size_t i = 0; i < n; i++) {
        strcat(all, i > 0 ? " " : "");
        strncat(all, (const char *)lines[i]->text->bytes, lines[i]->text->len_bytes);
    }
    assert_string_equal(all, texts);
}

static void test_who_said_what_and_where(void **state)
{
    const struct transcript_line *lines[8];
    struct world *world = *state;

    assert_int_equal(transcript_newest(world->transcript, TRANSCRIPT_ALL, lines, 8), 0);
    say(world, 11, PROTOCOL_CHANNEL_GLOBAL, "one");
    say(world, 12, PROTOCOL_CHANNEL_NEARBY, "two");
    say(world, 0, PROTOCOL_CHANNEL_SERVER, "three");
    assert_lines(lines, transcript_newest(world->transcript, TRANSCRIPT_ALL, lines, 8),
                 "one two three");
    assert_int_equal(lines[0]->session, 11);
    assert_int_equal(lines[0]->player, 1);
    assert_int_equal(lines[0]->said_ms, NOW);
    assert_int_equal(lines[0]->pos.x, 8 * SPACE_UNITS_PER_M);
    assert_int_equal(lines[1]->pos.x, -8 * SPACE_UNITS_PER_M);
    assert_int_equal(lines[1]->channel, PROTOCOL_CHANNEL_NEARBY);
    assert_int_equal(lines[1]->said_ms, NOW + 1000);
    assert_null(lines[2]->name);
    assert_int_equal(lines[2]->session, 0);
    assert_lines(lines, transcript_newest(world->transcript, TRANSCRIPT_ALL, lines, 2),
                 "two three");
    assert_lines(lines,
                 transcript_newest(world->transcript, 1u << PROTOCOL_CHANNEL_NEARBY, lines, 8),
                 "two");
}

static void test_a_reader_goes_on_where_he_was(void **state)
{
    const struct transcript_line *lines[8];
    struct world *world = *state;
    struct transcript_place place = {{0}, 0}, end;
    uint64_t lost = 0;

    say(world, 11, PROTOCOL_CHANNEL_GLOBAL, "one");
    say(world, 12, PROTOCOL_CHANNEL_NEARBY, "two");
    say(world, 11, PROTOCOL_CHANNEL_GLOBAL, "three");
    end = transcript_end(world->transcript);
    assert_lines(lines, transcript_read(world->transcript, &place, TRANSCRIPT_ALL, lines, 2, &lost),
                 "one two");
    assert_lines(lines, transcript_read(world->transcript, &place, TRANSCRIPT_ALL, lines, 8, &lost),
                 "three");
    assert_int_equal(transcript_read(world->transcript, &place, TRANSCRIPT_ALL, lines, 8, &lost),
                     0);
    say(world, 12, PROTOCOL_CHANNEL_NEARBY, "four");
    say(world, 11, PROTOCOL_CHANNEL_GLOBAL, "five");
    assert_lines(
        lines,
        transcript_read(world->transcript, &end, 1u << PROTOCOL_CHANNEL_GLOBAL, lines, 8, &lost),
        "five");
    /* What was said elsewhere meanwhile is not told when he turns to it. */
    assert_int_equal(transcript_read(world->transcript, &end, TRANSCRIPT_ALL, lines, 8, &lost), 0);
    assert_int_equal(lost, 0);
}

/* A flood of one channel pushes nothing out of another, and who slept is told how much he lost. */
static void test_bounded_and_counted(void **state)
{
    const struct transcript_line *lines[TRANSCRIPT_LINES + 1];
    struct world *world = *state;
    struct transcript_place place = {{0}, 0};
    uint64_t lost = 0;

    say(world, 11, PROTOCOL_CHANNEL_GLOBAL, "kept");
    for (unsigned i = 0; i < TRANSCRIPT_LINES + 44; i++)
        say(world, 12, PROTOCOL_CHANNEL_NEARBY, "noise");
    assert_int_equal(
        transcript_newest(world->transcript, TRANSCRIPT_ALL, lines, TRANSCRIPT_LINES + 1),
        TRANSCRIPT_LINES + 1);
    assert_lines(lines, 1, "kept");
    assert_int_equal(transcript_read(world->transcript, &place, TRANSCRIPT_ALL, lines,
                                     TRANSCRIPT_LINES + 1, &lost),
                     TRANSCRIPT_LINES + 1);
    assert_int_equal(lost, 44);
    /* More in one tick than the world shows: counted too. */
    for (unsigned i = 0; i < SNAPSHOT_CHAT_LINES + 7; i++)
        speak(world, 11, PROTOCOL_CHANNEL_GLOBAL, "burst");
    look(world);
    lost = 0;
    assert_int_equal(
        transcript_read(world->transcript, &place, TRANSCRIPT_ALL, lines, TRANSCRIPT_LINES, &lost),
        SNAPSHOT_CHAT_LINES);
    assert_int_equal(lost, 7);
}

static void test_who_is_gone_said_nothing(void **state)
{
    const struct transcript_line *lines[8];
    struct world *world = *state;
    struct transcript_place place = {{0}, 0};
    uint64_t lost = 0;

    say(world, 11, PROTOCOL_CHANNEL_GLOBAL, "one");
    say(world, 12, PROTOCOL_CHANNEL_NEARBY, "two");
    say(world, 11, PROTOCOL_CHANNEL_NEARBY, "three");
    transcript_forget(world->transcript, 1, "player2"); /* of this run it is the number */
    transcript_forget(world->transcript, 0, "player2"); /* nobody in particular */
    transcript_forget(NULL, 1, "player1");
    assert_lines(lines, transcript_newest(world->transcript, TRANSCRIPT_ALL, lines, 8), "two");
    assert_lines(lines, transcript_read(world->transcript, &place, TRANSCRIPT_ALL, lines, 8, &lost),
                 "two");
    assert_int_equal(lost, 0);
}

/* Whose lines of an earlier run are is known by his name alone. */
static void test_forgotten_after_a_restart(void **state)
{
    const struct transcript_line *lines[8];
    struct transcript *transcript = transcript_new();
    struct snapshot *snapshot;
    struct room *room;
    void *made;

    (void)state;
    assert_int_equal(room_make(&made, 8, 1), 0);
    room = made;
    room_said_before(room, NOW - 9000);
    batch_step(&room->batch, room->sim);
    snapshot = sim_snapshot(room->sim);
    transcript_take(transcript, snapshot, NOW);
    snapshot_unref(snapshot);
    assert_lines(lines, transcript_newest(transcript, TRANSCRIPT_ALL, lines, 8), "mine theirs");
    transcript_forget(transcript, 1, "player1");
    assert_lines(lines, transcript_newest(transcript, TRANSCRIPT_ALL, lines, 8), "theirs");
    transcript_free(transcript);
    assert_int_equal(room_unmake(&made), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_who_said_what_and_where, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_reader_goes_on_where_he_was, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bounded_and_counted, setup, teardown),
        cmocka_unit_test_setup_teardown(test_who_is_gone_said_nothing, setup, teardown),
        cmocka_unit_test(test_forgotten_after_a_restart),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
