/* requests.h -- what the console has asked and is not answered yet, and deeds that wait for their
 * turn.
 *
 * A token stands for each, so that an answer comes back with its method and what was asked. Part
 * of the ui; one thread. */
#ifndef OPENMMO_CONSOLE_REQUESTS_H
#define OPENMMO_CONSOLE_REQUESTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

struct ui;
struct screen_reply;

#define REQUESTS_MAX   24 /* in flight; less than the client's 32 */
#define REQUESTS_DEEDS 8  /* of them deeds */

/* When something that is asked again and again was asked last. */
struct requests_poll {
    uint64_t asked_ms; /* 0: ask now */
    bool waiting;
};

struct request {
    char method[64];            /* empty: free */
    json_t *params;             /* owned; may be NULL */
    struct requests_poll *poll; /* NULL: none */
    bool quiet;                 /* a refusal is not said */
    /* Hears the answer instead of the model; NULL: none. */
    void (*then)(struct ui *ui, const struct screen_reply *reply);
    const char *done; /* of a deed: "kicked"; NULL: it is none */
    char target[256];
};

struct requests {
    struct request flying[REQUESTS_MAX];
    struct request *deeds; /* those that wait for their turn, in order */
    size_t deeds_n, deeds_room;
    size_t done, failed; /* of the deeds since none was left */
};

/* A free place; -1: none. Fill it, then it is taken. */
int requests_place(const struct requests *requests);
/* Forget what is in flight, and the deeds that wait: the connection has ended. */
void requests_lost(struct requests *requests);
/* Take out; the caller owns its params. token: of one in flight. False: there is none. */
bool requests_take(struct requests *requests, int token, struct request *out);
/* Behind the others. deed->params: taken. -1: out of memory. */
int requests_wait(struct requests *requests, const struct request *deed) MUST_CHECK;
/* May the first deed that waits be asked now? Then it is taken out. */
bool requests_next(struct requests *requests, struct request *out);
/* Are deeds in flight or waiting? */
bool requests_busy(const struct requests *requests);

#endif
