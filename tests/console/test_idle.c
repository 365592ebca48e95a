/* test_idle.c -- the console without terminal and daemon, left alone: what only moves is drawn less
 * often, what an operator must see is drawn at once, and so is all when he comes back. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "common/compiler.h"
#include "console/screens/chat.h"
#include "console/screens/log.h"
#include "console/screens/map.h"
#include "fixture.h"

#define BEAT_MS 1100 /* until the map has asked again and was answered */

/* Time passes, and the daemon speaks all the while. */
static void pass(struct fixture *fixture, unsigned ms)
{
    fixture->ui.now_ms += ms;
    fixture->ui.heard_ms = fixture->ui.now_ms;
    draw(fixture);
}

static void notify(struct fixture *fixture, const char *topic, json_t *lines)
{
    json_t *params = json_pack("{s:i, s:{s:o}}", "lost", 0, "data", "lines", lines);

    ui_notify(&fixture->ui, topic, params);
    json_decref(params);
}

/* The n-th thing that is new on that screen; text: how it reads there. A line of the chat is said
 * by account n. */
static void news(struct fixture *fixture, const struct screen *screen, int n, char text[32])
{
    snprintf(text, 32, screen == &SCREEN_MAP ? "%d of 24" : "news %d", 100 + n);
    if (screen == &SCREEN_CHAT) {
        notify(fixture, "chat",
               json_pack("[{s:o, s:I, s:s, s:s, s:s, s:o, s:s}]", "sequence",
                         json_sprintf("8589935%03d", n), "at_ms", (json_int_t)WALL_MS, "channel",
                         "global", "name", "Late", "text", text, "player", json_sprintf("%d", n),
                         "session", "6"));
    } else if (screen == &SCREEN_LOG) {
        notify(fixture, "log",
               json_pack("[{s:i, s:I, s:s, s:o}]", "sequence", 1000000 + n, "time_ms",
                         (json_int_t)WALL_MS, "level", "info", "line",
                         json_sprintf("event=x msg=\"%s\"", text)));
    } else {
        json_t *population = json_copy(json_object_get(fixture->replies, "world.population"));

        json_object_set_new(population, "players", json_integer(100 + n));
        json_object_set_new(fixture->replies, "world.population", population);
    }
}

/* On that screen for long enough, with all that it asks for. */
static void left_alone(struct fixture *fixture, const struct screen *screen)
{
    char key[] = {screen->key, '\0'};

    fixture_init(fixture, 24, 80, false);
    press(fixture, key);
    for (int i = 0; i < 20; i++)
        pass(fixture, 100);
    pass(fixture, UI_IDLE_MS);
    assert_true(ui_idle(&fixture->ui));
}

static void what_moves_is_drawn_less_often(void **state)
{
    static const struct screen *const MOVING[] = {&SCREEN_MAP, &SCREEN_CHAT, &SCREEN_LOG};
    static const struct mouse NOWHERE = {MOUSE_CLICK, 0, 0};
    char text[32];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(MOVING); i++) {
        struct fixture fixture;
        int n = 1;

        left_alone(&fixture, MOVING[i]);
        news(&fixture, MOVING[i], n++, text);
        pass(&fixture, BEAT_MS);
        if (shows(&fixture, text))
            fail_msg("%s: drawn as often as ever", MOVING[i]->name);
        pass(&fixture, MOVING[i]->idle_ms);
        if (!shows(&fixture, text))
            fail_msg("%s: not drawn any more", MOVING[i]->name);
        /* Whoever comes back sees all at once, and as it goes on. */
        for (int mouse = 0; mouse < 2; mouse++) {
            news(&fixture, MOVING[i], n++, text);
            pass(&fixture, BEAT_MS);
            assert_false(shows(&fixture, text));
            if (mouse)
                ui_mouse(&fixture.ui, &NOWHERE);
            else
                ui_key(&fixture.ui, 'x'); /* no key of any screen */
            ui_draw(&fixture.ui, &fixture.canvas);
            if (!shows(&fixture, text))
                fail_msg("%s: %s is not enough", MOVING[i]->name, mouse ? "a click" : "a key");
            for (int times = 0; times < 5; times++) {
                news(&fixture, MOVING[i], n++, text);
                pass(&fixture, BEAT_MS);
                assert_true(shows(&fixture, text));
            }
            pass(&fixture, UI_IDLE_MS);
        }
        fixture_fini(&fixture);
    }
}

/* The frame is as ever: its clock goes on. */
static void the_clock_goes_on(void **state)
{
    struct fixture fixture;
    char text[32];

    (void)state;
    left_alone(&fixture, &SCREEN_CHAT);
    news(&fixture, &SCREEN_CHAT, 1, text);
    ui_time(&fixture.ui, fixture.ui.now_ms + 1000, WALL_MS + 61000);
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_true(shows(&fixture, "12:05:33Z"));
    assert_true(shows(&fixture, "M F9 Mute"));
    assert_false(shows(&fixture, text));
    fixture_fini(&fixture);
}

enum event { ALERT, TROUBLE, LOST, SILENT, DEED, RESIZED, OPENED, EVENTS_N };

static void happen(struct fixture *fixture, enum event event)
{
    json_t *params;

    switch (event) {
    case ALERT:
        params = json_pack("{s:i, s:{s:[{s:s, s:s}], s:[]}}", "lost", 0, "data", "active", "alert",
                           "A", "severity", "info", "recent");
        ui_notify(&fixture->ui, "alerts", params);
        json_decref(params);
        break;
    case TROUBLE:
        fixture->ui.model.status.store_ok = false;
        break;
    case LOST:
        ui_lost(&fixture->ui, false, "the daemon closed the connection");
        break;
    case SILENT:
        fixture->ui.heard_ms -= 5000;
        break;
    case DEED:
        ui_say(&fixture->ui, false, "kicked Aria");
        break;
    case RESIZED:
        canvas_fini(&fixture->canvas);
        assert_int_equal(canvas_init(&fixture->canvas, 30, 100, false), 0);
        break;
    case OPENED:
        ui_open(&fixture->ui, &SCREEN_LOG);
        ui_open(&fixture->ui, &SCREEN_CHAT);
        break;
    case EVENTS_N:
        break;
    }
}

/* With all of the picture: what is new in it may be why. */
static void what_must_be_seen_does_not_wait(void **state)
{
    static const char *const SHOWN[EVENTS_N] = {
        [ALERT] = "[1 ALERT]",    [TROUBLE] = "[STORE AWAY]", [LOST] = "[LOST",
        [SILENT] = "[SILENT",     [DEED] = "kicked Aria",     [RESIZED] = "channel all",
        [OPENED] = "channel all",
    };
    char text[32];

    (void)state;
    for (int event = 0; event < EVENTS_N; event++) {
        struct fixture fixture;

        left_alone(&fixture, &SCREEN_CHAT);
        news(&fixture, &SCREEN_CHAT, 1, text);
        pass(&fixture, 1);
        assert_false(shows(&fixture, text));
        happen(&fixture, (enum event)event);
        ui_draw(&fixture.ui, &fixture.canvas);
        if (!shows(&fixture, SHOWN[event]) || !shows(&fixture, text))
            fail_msg("%s waits", SHOWN[event]);
        fixture_fini(&fixture);
    }
}

/* The picture of a daemon that is away or stands still is grey, and does not fade further. */
static void what_is_old_is_grey_once(void **state)
{
    static const enum event OLD[] = {LOST, SILENT};

    (void)state;
    for (size_t i = 0; i < ARRAY_N(OLD); i++) {
        struct fixture fixture;
        char *first, *second;

        left_alone(&fixture, &SCREEN_MAP);
        happen(&fixture, OLD[i]);
        ui_draw(&fixture.ui, &fixture.canvas);
        first = printed(&fixture, true);
        ui_draw(&fixture.ui, &fixture.canvas);
        second = printed(&fixture, true);
        assert_string_equal(first, second);
        free(first);
        free(second);
        fixture_fini(&fixture);
    }
}

/* What was away is there again: it is seen at once, and for a while as if somebody were there. */
static void a_daemon_that_comes_back_is_seen(void **state)
{
    struct fixture fixture;
    char text[32];

    (void)state;
    left_alone(&fixture, &SCREEN_CHAT);
    ui_lost(&fixture.ui, false, "the daemon closed the connection");
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_int_equal(fixture.canvas.cells[2 * 80 + 1].style, STYLE_DIM);
    ui_time(&fixture.ui, fixture.ui.now_ms + 100, WALL_MS);
    ui_opened(&fixture.ui);
    ui_draw(&fixture.ui, &fixture.canvas);
    assert_int_equal(fixture.canvas.cells[2 * 80 + 1].style, STYLE_BOLD);
    for (int i = 1; i < 5; i++) {
        news(&fixture, &SCREEN_CHAT, i, text);
        ui_draw(&fixture.ui, &fixture.canvas);
        assert_true(shows(&fixture, text));
    }
    fixture_fini(&fixture);
}

/* What is done to the newest line is done to the newest that was seen; f stands still there. */
static void a_deed_is_about_what_was_seen(void **state)
{
    static const char *const KEYS[] = {"U", "fU"};
    char text[32];

    (void)state;
    for (size_t i = 0; i < ARRAY_N(KEYS); i++) {
        struct fixture fixture;

        left_alone(&fixture, &SCREEN_CHAT);
        news(&fixture, &SCREEN_CHAT, 1, text);
        pass(&fixture, SCREEN_CHAT.idle_ms);
        assert_true(shows(&fixture, text));
        news(&fixture, &SCREEN_CHAT, 2, text);
        pass(&fixture, 1);
        assert_false(shows(&fixture, text));
        press(&fixture, KEYS[i]);
        assert_string_equal(params_of(&fixture, "players.unmute"), "{\"id\": \"1\"}");
        fixture_fini(&fixture);
    }
}

static void following_is_watching(void **state)
{
    struct fixture fixture;
    char text[32];

    (void)state;
    left_alone(&fixture, &SCREEN_MAP);
    press(&fixture, "f");
    assert_true(shows(&fixture, "Following"));
    pass(&fixture, 2 * UI_IDLE_MS);
    assert_false(ui_idle(&fixture.ui));
    for (int i = 1; i < 5; i++) {
        news(&fixture, &SCREEN_MAP, i, text);
        pass(&fixture, BEAT_MS);
        assert_true(shows(&fixture, text));
    }
    fixture_fini(&fixture);
}

static void a_recording_is_played_as_it_was(void **state)
{
    struct fixture fixture;
    char text[32];

    (void)state;
    left_alone(&fixture, &SCREEN_CHAT);
    strcpy(fixture.ui.replay, "REPLAY 1x");
    for (int i = 1; i < 5; i++) {
        news(&fixture, &SCREEN_CHAT, i, text);
        pass(&fixture, 1);
        assert_true(shows(&fixture, text));
    }
    fixture_fini(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_moves_is_drawn_less_often),
        cmocka_unit_test(the_clock_goes_on),
        cmocka_unit_test(what_must_be_seen_does_not_wait),
        cmocka_unit_test(what_is_old_is_grey_once),
        cmocka_unit_test(a_daemon_that_comes_back_is_seen),
        cmocka_unit_test(a_deed_is_about_what_was_seen),
        cmocka_unit_test(following_is_watching),
        cmocka_unit_test(a_recording_is_played_as_it_was),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
