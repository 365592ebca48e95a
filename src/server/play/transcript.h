/* transcript.h -- the last lines of every channel, with who said them and where, for those who
 * moderate: what recent.h keeps for players, nearby talk too.
 *
 * A ring a channel, so that a flood in one pushes nothing out of another. In memory alone. Control
 * thread only. */
#ifndef OPENMMO_PLAY_TRANSCRIPT_H
#define OPENMMO_PLAY_TRANSCRIPT_H

#include <stddef.h>
#include <stdint.h>

#include "common/blob.h"
#include "common/space.h"
#include "sim/snapshot.h"

#define TRANSCRIPT_LINES 1024 /* a channel */
#define TRANSCRIPT_ALL   ((1u << PROTOCOL_CHANNELS_N) - 1)

struct transcript; /* opaque */

struct transcript_line {
    uint64_t sequence; /* rises with each line of the world, also over restarts */
    uint64_t said_ms;  /* Unix time */
    uint64_t session;  /* 0: the server, or said before a restart */
    uint64_t player;   /* 0: a guest, or the server */
    struct space_pos pos;
    uint8_t channel;   /* enum protocol_channel */
    uint8_t layer;     /* of the speaker, when it was said */
    struct blob *name; /* NULL: the server */
    struct blob *text;
};

/* How far a reader has come: zeroed, all is new to it. */
struct transcript_place {
    uint64_t said[PROTOCOL_CHANNELS_N]; /* lines of each channel, ever */
    uint64_t missed;                    /* those that nobody could keep */
};

struct transcript *transcript_new(void);             /* NULL when out of memory */
void transcript_free(struct transcript *transcript); /* NULL is fine */

/* The lines of a newer snapshot. now_ms: Unix time, which those get that were said since. */
void transcript_take(struct transcript *transcript, const struct snapshot *snapshot,
                     uint64_t now_ms);
/* Where one begins who wants to hear only what comes. */
struct transcript_place transcript_end(const struct transcript *transcript);
/* Up to max lines of those channels (bits by enum protocol_channel) from a place on, oldest first:
 * borrowed until the next take or forget. The place moves on behind them, and over all that was
 * said in other channels. Adds to *lost how many of those channels were held no longer. Returns how
 * many there are in lines. */
size_t transcript_read(const struct transcript *transcript, struct transcript_place *place,
                       unsigned channels, const struct transcript_line **lines, size_t max,
                       uint64_t *lost);
/* The newest n lines of those channels, oldest first, borrowed as above. */
size_t transcript_newest(const struct transcript *transcript, unsigned channels,
                         const struct transcript_line **lines, size_t n);
/* An account is gone, and what it said too. name: of today, by which alone lines of an earlier run
 * are known. transcript may be NULL. */
void transcript_forget(struct transcript *transcript, uint64_t player, const char *name);

#endif
