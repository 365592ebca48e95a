/* fixture.h -- the console without terminal and daemon: recorded replies in, requests and screens
 * out. Failures end the test through cmocka. One thread. */
#ifndef OPENMMO_TESTS_FIXTURE_H
#define OPENMMO_TESTS_FIXTURE_H

#include <stdbool.h>

#include "console/ui/screen.h"
#include "console/ui/ui.h"

#define WALL_MS      INT64_C(1795349072000) /* the moment of the recordings */
#define FIXTURE_ASKS 64

struct fixture {
    struct ui ui;
    struct canvas canvas;
    json_t *replies; /* by method: the recorded answers; shared, but for the object itself */
    json_t *kinds;   /* of requests so far, "method params": asking the same again adds none */
    int asks, answered;
    struct {
        int token;
        char method[64], params[512];
    } asked[FIXTURE_ASKS]; /* a ring of the newest */
};

/* A console that has heard the recordings: all of replies/, by name. */
void fixture_init(struct fixture *fixture, int rows, int columns, bool ascii);
void fixture_fini(struct fixture *fixture);

/* Write all of it as one recording, which the console can play. */
void fixture_record(const char *path);

/* A moment later: what was asked is answered where the recordings know it, and all is drawn. */
void draw(struct fixture *fixture);
/* Keys one by one, then draw. */
void press(struct fixture *fixture, const char *keys);
/* The answer to the newest request of that method. */
void answer(struct fixture *fixture, const char *method, json_t *result, int code,
            const char *sentence);
/* What the newest request of that method was asked with; "": it was not asked. */
const char *params_of(const struct fixture *fixture, const char *method);
/* The picture as text, to be freed. */
char *printed(const struct fixture *fixture, bool styles);
bool shows(const struct fixture *fixture, const char *what);

#endif
