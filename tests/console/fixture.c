/* fixture.c -- see fixture.h. */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <glob.h>

#include "console/record.h"
#include "fixture.h"

static int on_ask(void *context, int token, const char *method, json_t *params)
{
    struct fixture *fixture = context;
    char *text =
        json_dumps(params != NULL ? params : json_null(), JSON_SORT_KEYS | JSON_ENCODE_ANY);
    int i = fixture->asks++ % FIXTURE_ASKS;
    json_t *kind = json_sprintf("%s %s", method, text);

    json_object_set_new(fixture->kinds, json_string_value(kind), json_null());
    json_decref(kind);
    fixture->asked[i].token = token;
    snprintf(fixture->asked[i].method, sizeof(fixture->asked[i].method), "%s", method);
    snprintf(fixture->asked[i].params, sizeof(fixture->asked[i].params), "%s", text);
    free(text);
    json_decref(params);
    return 0;
}

/* Where the newest request of that method is noted; -1: none was made. */
static int newest(const struct fixture *fixture, const char *method)
{
    for (int back = 1; back <= FIXTURE_ASKS && back <= fixture->asks; back++) {
        int i = (fixture->asks - back) % FIXTURE_ASKS;

        if (strcmp(fixture->asked[i].method, method) == 0)
            return i;
    }
    return -1;
}

/* What it was asked with; "": it was not. */
const char *params_of(const struct fixture *fixture, const char *method)
{
    int i = newest(fixture, method);

    return i >= 0 ? fixture->asked[i].params : "";
}

/* The answer to the newest request of that method. */
void answer(struct fixture *fixture, const char *method, json_t *result, int code,
            const char *sentence)
{
    int i = newest(fixture, method);

    assert_true(i >= 0);
    ui_answer(&fixture->ui, fixture->asked[i].token, result, code, sentence);
}

/* The daemon of the recording answers what it knows. */
static void answer_recorded(struct fixture *fixture)
{
    while (fixture->answered < fixture->asks) {
        int i = fixture->answered++ % FIXTURE_ASKS;
        json_t *reply = json_object_get(fixture->replies, fixture->asked[i].method);

        if (reply != NULL)
            ui_answer(&fixture->ui, fixture->asked[i].token, reply, 0, "");
    }
}

/* A moment later. */
void draw(struct fixture *fixture)
{
    ui_time(&fixture->ui, fixture->ui.now_ms + 1, WALL_MS);
    answer_recorded(fixture);
    ui_draw(&fixture->ui, &fixture->canvas);
}

/* The recordings, read once for all fixtures and never changed: their lines in order, and the last
 * answer of each method. */
static json_t *heard_lines, *heard_answers;

/* By the reader of recordings: a file of replies is one without a head. */
static void read_recording(const char *path)
{
    FILE *replies = fopen(path, "r");
    struct error error;
    json_t *line;

    assert_non_null(replies);
    while ((line = record_next(replies, &error)) != NULL) {
        const char *method = json_string_value(json_object_get(line, "answer"));

        if (method != NULL)
            json_object_set(heard_answers, method, json_object_get(line, "data"));
        json_array_append_new(heard_lines, line);
    }
    if (error.text[0] != '\0')
        fail_msg("%s: %s", path, error.text);
    fclose(replies);
}

static void read_recordings(void)
{
    glob_t recordings;

    heard_lines = json_array();
    heard_answers = json_object();
    assert_int_equal(glob(SOURCE_DIR "/replies/*.jsonl", 0, NULL, &recordings), 0);
    for (size_t i = 0; i < recordings.gl_pathc; i++)
        read_recording(recordings.gl_pathv[i]);
    globfree(&recordings);
}

/* A console that has heard the recordings: all of replies/, by name. */
void fixture_init(struct fixture *fixture, int rows, int columns, bool ascii)
{
    struct ui_config config = {.ask = on_ask, .context = fixture};
    json_t *line;
    size_t i;

    if (heard_lines == NULL)
        read_recordings();
    memset(fixture, 0, sizeof(*fixture));
    fixture->replies = json_copy(heard_answers);
    fixture->kinds = json_object();
    assert_int_equal(ui_init(&fixture->ui, &config), 0);
    assert_int_equal(canvas_init(&fixture->canvas, rows, columns, ascii), 0);
    ui_opened(&fixture->ui);
    ui_time(&fixture->ui, 1000, WALL_MS);
    ui_draw(&fixture->ui, &fixture->canvas); /* so that it knows its size */
    json_array_foreach(heard_lines, i, line) ui_recorded(&fixture->ui, line);
    fixture->answered = fixture->asks; /* it has been heard already */
    draw(fixture);
}

void fixture_fini(struct fixture *fixture)
{
    ui_fini(&fixture->ui);
    json_decref(fixture->replies);
    json_decref(fixture->kinds);
    canvas_fini(&fixture->canvas);
}

/* A recording of all that the golden screens are drawn from. */
void fixture_record(const char *path)
{
    FILE *out = fopen(path, "w");
    glob_t replies;

    assert_non_null(out);
    fputs("{\"record\":\"openmmo-console/1\",\"wall_ms\":1795349072000}\n", out);
    assert_int_equal(glob(SOURCE_DIR "/replies/*.jsonl", 0, NULL, &replies), 0);
    for (size_t i = 0; i < replies.gl_pathc; i++) {
        FILE *in = fopen(replies.gl_pathv[i], "r");
        int byte;

        assert_non_null(in);
        while ((byte = fgetc(in)) != EOF)
            fputc(byte, out);
        fclose(in);
    }
    globfree(&replies);
    assert_int_equal(fclose(out), 0);
}

void press(struct fixture *fixture, const char *keys)
{
    for (; *keys != '\0'; keys++)
        ui_key(&fixture->ui, (unsigned char)*keys);
    draw(fixture);
}

char *printed(const struct fixture *fixture, bool styles)
{
    char *text = NULL;
    size_t room = 0;
    FILE *out = open_memstream(&text, &room);

    assert_non_null(out);
    canvas_print(&fixture->canvas, out, styles);
    fclose(out);
    return text;
}

bool shows(const struct fixture *fixture, const char *what)
{
    char *text = printed(fixture, false);
    bool found = strstr(text, what) != NULL;

    free(text);
    return found;
}
