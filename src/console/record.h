/* record.h -- what the console heard, as lines of JSON: written while it runs, played again later.
 *
 *   {"record": "openmmo-console/1", "wall_ms": when it began}
 *   {"at_ms": since then, "answer": method, "params": what was asked, "data": the result}
 *   {"at_ms": ..., "notify": topic, "params": {"subscription", "lost", "data"}}
 *
 * A recording holds what the operator saw: names, addresses, chat. It is written for its owner
 * alone. One thread. */
#ifndef OPENMMO_CONSOLE_RECORD_H
#define OPENMMO_CONSOLE_RECORD_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "common/compiler.h"
#include "common/error.h"

/* --- Writing. --- */

struct record;

/* NULL + error. A file that is there is written anew, and its owner's alone from then on. */
struct record *record_new(const char *path, uint64_t now_ms, int64_t wall_ms, struct error *error);
void record_free(struct record *record); /* NULL is fine */
/* line: borrowed; it is given its at_ms. -1 + error: that could not be written, and ends the
 * recording; what comes then is dropped, and that is 0. */
int record_write(struct record *record, uint64_t now_ms, json_t *line,
                 struct error *error) MUST_CHECK;

/* --- Playing. --- */

/* Reads the next line of a recording; the caller owns it. NULL: there are no more; error->text is
 * set where that line was none. */
json_t *record_next(FILE *in, struct error *error);

#define PLAYER_FASTEST 64.0
#define PLAYER_SLOWEST 0.125

struct player {
    FILE *in;
    json_t *known; /* owned; the newest answer of each method that was played */
    json_t *next;  /* owned; NULL: at the end */
    int64_t next_ms;
    double now_ms; /* of the recording */
    uint64_t real_ms;
    int64_t wall_ms; /* when it began */
    double speed;    /* 1: as it was */
    bool held;
};

/* In place. -1 + error: no such file, or no recording. */
int player_init(struct player *player, const char *path, uint64_t now_ms,
                struct error *error) MUST_CHECK;
void player_fini(struct player *player); /* closes and frees */
/* Real time passes. */
void player_time(struct player *player, uint64_t now_ms);
/* The next line that is due; the caller owns it; NULL: none yet. */
json_t *player_take(struct player *player);
/* What that method answered last, as far as it was played; borrowed; NULL: it did not yet. A screen
 * that was not shown while it was recorded has something to show so. */
json_t *player_known(const struct player *player, const char *method);
/* Go on to the next line at once, also while held. */
void player_step(struct player *player);
/* Twice or half as fast. */
void player_faster(struct player *player, bool faster);
/* "REPLAY 2x", "REPLAY held", "REPLAY end". */
void player_label(const struct player *player, char out[24]);

#endif
