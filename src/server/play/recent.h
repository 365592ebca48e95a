/* recent.h -- the last lines that all could hear, global chat and the server's words, with the time
 * that each was said: for who asks later. Lines of an earlier run count too. In memory alone, so
 * that it answers whatever the database does. Control thread only. */
#ifndef OPENMMO_PLAY_RECENT_H
#define OPENMMO_PLAY_RECENT_H

#include <stddef.h>
#include <stdint.h>

#include "common/blob.h"
#include "sim/snapshot.h"

#define RECENT_LINES 256

struct recent; /* opaque */

struct recent_line {
    uint64_t sequence; /* rises with each line, also over restarts */
    uint64_t said_ms;  /* Unix time */
    uint64_t player;   /* 0: a guest, or the server */
    uint8_t channel;   /* enum protocol_channel */
    struct blob *name; /* NULL: the server */
    struct blob *text;
};

struct recent *recent_new(void);         /* NULL when out of memory */
void recent_free(struct recent *recent); /* NULL is fine */

/* The lines of a newer snapshot. now_ms: Unix time, which those get that were said since. */
void recent_take(struct recent *recent, const struct snapshot *snapshot, uint64_t now_ms);
/* Up to max lines, the newest of those with a sequence below `before` (0: of all), oldest first:
 * borrowed until the next take or forget. Returns how many. */
size_t recent_find(const struct recent *recent, uint64_t before, const struct recent_line **lines,
                   size_t max);
/* An account is gone, and what it said too. name: of today, by which alone lines of an earlier run
 * are known (a guest's of that name go too). recent may be NULL. */
void recent_forget(struct recent *recent, uint64_t player, const char *name);

#endif
