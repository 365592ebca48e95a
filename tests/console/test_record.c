/* test_record.c -- what the console heard, written and played again: the same picture, at the same
 * moment, faster, held, step by step. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/compiler.h"
#include "console/record.h"
#include "fixture.h"

static char path[] = "/tmp/openmmo-record-XXXXXX";

struct recorder {
    struct record *record;
    uint64_t now_ms;
};

static void on_heard(void *context, json_t *line)
{
    struct recorder *recorder = context;
    struct error error;

    assert_int_equal(record_write(recorder->record, recorder->now_ms, line, &error), 0);
}

static int on_ask(void *context, int token, const char *method, json_t *params)
{
    (void)context;
    (void)token;
    (void)method;
    json_decref(params);
    return 0;
}

/* A sample as the daemon says it: so many players. */
static json_t *sample(int players)
{
    return json_pack("{s:i, s:i, s:{s:s, s:s, s:{s:i, s:i}}}", "subscription", 1, "lost", 0, "data",
                     "name", "Fake", "state", "serving", "players", "here", players, "max", 100);
}

/* An answer at 0 s, samples at 1, 2, ... s. */
static void make(int samples)
{
    struct recorder recorder = {.now_ms = 5000};
    struct ui_config config = {.ask = on_ask, .heard = on_heard, .context = &recorder};
    json_t *status = json_pack("{s:s}", "name", "Fake");
    struct error error;
    struct ui ui;

    recorder.record = record_new(path, recorder.now_ms, WALL_MS, &error);
    assert_non_null(recorder.record);
    assert_int_equal(ui_init(&ui, &config), 0);
    ui_opened(&ui);
    ui_answer(&ui, 2, status, 0, ""); /* server.status: the third that is asked for */
    for (int i = 1; i <= samples; i++) {
        json_t *params = sample(i);

        recorder.now_ms += 1000;
        ui_notify(&ui, "metrics", params);
        json_decref(params);
    }
    json_decref(status);
    ui_fini(&ui);
    record_free(recorder.record);
}

static int setup(void **state)
{
    int fd = mkstemp(path);

    (void)state;
    assert_true(fd >= 0);
    close(fd);
    unlink(path); /* the recording makes its own */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    unlink(path);
    strcpy(path, "/tmp/openmmo-record-XXXXXX");
    return 0;
}

/* How many players the newest line that was due says; 0: none was due. */
static long take_all(struct player *player)
{
    long players = 0;
    json_t *line;

    while ((line = player_take(player)) != NULL) {
        const json_t *data = json_object_get(json_object_get(line, "params"), "data");

        players =
            (long)json_integer_value(json_object_get(json_object_get(data, "players"), "here"));
        json_decref(line);
    }
    return players;
}

static void a_recording_plays_as_it_was(void **state)
{
    struct player player;
    struct error error;
    struct stat status;
    char label[24];

    (void)state;
    close(open(path, O_WRONLY | O_CREAT, 0644)); /* there already, and anybody's to read */
    assert_int_equal(chmod(path, 0644), 0);
    make(40);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(player_init(&player, path, 100000, &error), 0);
    assert_int_equal(player.wall_ms, WALL_MS);
    assert_int_equal(take_all(&player), 0); /* the answer alone */
    player_time(&player, 100999);
    assert_null(player_take(&player));
    player_time(&player, 101000);
    assert_int_equal(take_all(&player), 1);
    player_time(&player, 103500);
    assert_int_equal(take_all(&player), 3);
    player_faster(&player, true);
    player_label(&player, label);
    assert_string_equal(label, "REPLAY 2x");
    player_time(&player, 104500); /* 3.5 + 2 */
    assert_int_equal(take_all(&player), 5);
    player.held = true;
    player_time(&player, 164500);
    assert_null(player_take(&player));
    player_label(&player, label);
    assert_string_equal(label, "REPLAY held");
    player_step(&player);
    assert_int_equal(take_all(&player), 6);
    player_step(&player);
    assert_int_equal(take_all(&player), 7);
    player.held = false;
    for (int i = 0; i < 20; i++)
        player_faster(&player, false);
    assert_true(player.speed == PLAYER_SLOWEST);
    for (int i = 0; i < 20; i++)
        player_faster(&player, true);
    player_time(&player, 166500);
    assert_int_equal(take_all(&player), 40);
    player_label(&player, label);
    assert_string_equal(label, "REPLAY end");
    player_fini(&player);
}

/* The picture of a console that plays it is that of the one that heard it. */
static void the_picture_is_the_same(void **state)
{
    struct ui_config config = {.ask = on_ask};
    struct player player;
    struct error error;
    struct canvas canvas;
    struct ui ui;
    json_t *line;
    char *text = NULL;
    size_t bytes;
    FILE *out;

    (void)state;
    make(3);
    assert_int_equal(player_init(&player, path, 0, &error), 0);
    assert_int_equal(ui_init(&ui, &config), 0);
    assert_int_equal(canvas_init(&canvas, 24, 80, false), 0);
    ui_opened(&ui);
    player_time(&player, 60000);
    while ((line = player_take(&player)) != NULL) {
        ui_recorded(&ui, line);
        json_decref(line);
    }
    player_label(&player, ui.replay);
    ui_time(&ui, 60000, WALL_MS);
    ui_draw(&ui, &canvas);
    out = open_memstream(&text, &bytes);
    canvas_print(&canvas, out, false);
    fclose(out);
    assert_non_null(strstr(text, "Players 3 of 100"));
    assert_non_null(strstr(text, "[REPLAY end]"));
    free(text);
    canvas_fini(&canvas);
    ui_fini(&ui);
    player_fini(&player);
}

static void what_is_no_recording_is_refused(void **state)
{
    /* clang-format off */
    static const struct { const char *text, *says; } CASES[] = {
        {"", "no recording"}, {"\n", "no recording"}, {"{}\n", "no recording"}, {"[1]\n", "no recording"},
        {"{\"record\":\"other/1\"}\n", "no recording"}, {"\x01\x02\n", "no recording"},
    };
    /* clang-format on */
    struct player player;
    struct error error;
    FILE *out;

    (void)state;
    assert_int_equal(player_init(&player, "/nonexistent/x", 0, &error), -1);
    assert_non_null(strstr(error.text, "cannot read /nonexistent/x"));
    for (size_t i = 0; i < ARRAY_N(CASES); i++) {
        out = fopen(path, "w");
        fputs(CASES[i].text, out);
        fclose(out);
        assert_int_equal(player_init(&player, path, 0, &error), -1);
        assert_non_null(strstr(error.text, CASES[i].says));
    }
    /* One that was cut off plays to there. */
    make(2);
    out = fopen(path, "a");
    fputs("{\"at_ms\": 3000, \"noti", out);
    fclose(out);
    assert_int_equal(player_init(&player, path, 0, &error), 0);
    player_time(&player, 60000);
    assert_int_equal(take_all(&player), 2);
    assert_null(player.next);
    player_fini(&player);
}

/* A disk that is full is said once, and at once where nothing can be written. */
static void a_full_disk_ends_it(void **state)
{
    struct rlimit whole, little;
    struct record *record;
    struct error error = {""};
    json_t *line = sample(1);
    int failures = 0;

    (void)state;
    assert_null(record_new("/dev/full", 0, WALL_MS, &error));
    assert_non_null(strstr(error.text, "No space left"));
    record = record_new(path, 0, WALL_MS, &error);
    assert_non_null(record);
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &whole), 0);
    little = (struct rlimit){4096, whole.rlim_max};
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &little), 0);
    for (unsigned i = 0; i < 1000; i++)
        failures += record_write(record, i, line, &error) != 0;
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &whole), 0);
    assert_int_equal(failures, 1);
    assert_non_null(strstr(error.text, "the recording cannot be written: File too large"));
    json_decref(line);
    record_free(record);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(a_recording_plays_as_it_was, setup, teardown),
        cmocka_unit_test_setup_teardown(the_picture_is_the_same, setup, teardown),
        cmocka_unit_test_setup_teardown(what_is_no_recording_is_refused, setup, teardown),
        cmocka_unit_test_setup_teardown(a_full_disk_ends_it, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
