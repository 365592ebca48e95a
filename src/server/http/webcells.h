/* webcells.h -- the world as web clients are told of it: one an io thread, taken over from each
 * snapshot once, and the text of each cell's moves, made once on first demand and handed to every
 * receiver as shared bytes.
 *
 *   snapshot --look--> figures, in cells of 64 m of a layer; who was put elsewhere or is gone
 * (changes)
 *                        |
 *                        +--run(cell, from)--> "player:moved" frames of those who moved since
 * `from`, back to back, and who came since
 *
 * Divisions do not matter here: a run is of all leaves of a level 0 cell. Ticks are those of the
 * snapshots that were looked at, so that a skipped one costs nothing. Runs are kept for `from` of
 * the last 1, 2, 4 .. 32 ticks; who has less is told of each figure by itself.
 *
 * Bytes and pointers hold until the next look. Arrays and text keep their room: in a steady world
 * nothing is taken from the heap. Owner: the io thread. */
#ifndef OPENMMO_HTTP_WEBCELLS_H
#define OPENMMO_HTTP_WEBCELLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/space.h"
#include "sim/snapshot.h"

#define WEBCELLS_RUNS 6 /* run k is of the last 2^k ticks */
#define WEBCELLS_NONE UINT32_MAX

/* One entity, by its slot. */
struct webfigure {
    uint64_t entity, key; /* key: webtext.h; entity 0: nobody */
    struct space_pos pos;
    const struct blob *name; /* the snapshot's */
    uint32_t cell;           /* number */
    uint32_t previous, next; /* slots in that cell; WEBCELLS_NONE: none */
    uint32_t since;          /* tick in which it was first seen in that cell, or under that key */
    uint32_t moved;          /* in which it was first seen at that place */
    uint8_t version;
    /* Text of this tick. */
    const char *frame, *row; /* valid where made_frame, made_row are the tick */
    uint32_t made_frame, made_row;
    uint16_t frame_n, row_n;
    uint32_t at[WEBCELLS_RUNS]; /* where frame lies in the cell's run; NONE: it does not */
};

struct webrun {
    const char *bytes; /* NULL: not made yet */
    uint32_t bytes_n;
    uint32_t came_n;
    const uint32_t *came; /* slots: since later than the run's from; not among bytes */
};

/* A level 0 cell of a layer, with somebody in it. */
struct webcell {
    struct space_cell at;
    uint8_t layer;
    bool used;
    uint32_t first, members_n; /* by figure.next */
    uint32_t changed;          /* tick of the newest since or moved in it */
    uint32_t chain;            /* in the table, or among free ones */
    uint32_t made;             /* the tick that runs and rows are of */
    struct webrun runs[WEBCELLS_RUNS];
    const char *rows; /* "{...},{...}," of all members; NULL: not made yet */
    uint32_t rows_n;
};

/* A slot's figure was taken away from where it was, in this look. */
struct webchange {
    uint32_t slot;
    bool gone;    /* from the world, or it is somebody else from here on */
    uint64_t key; /* it was */
};

struct webcells; /* opaque */

struct webcells *webcells_new(void);        /* NULL: out of memory */
void webcells_free(struct webcells *cells); /* NULL is fine */

/* Take a snapshot over, unless it is the one that was looked at last. -1: out of memory: it is to
 * be tried again with the next. */
int webcells_look(struct webcells *cells, const struct snapshot *snapshot) MUST_CHECK;
uint32_t webcells_tick(const struct webcells *cells);      /* of the last look; 0: none */
uint32_t webcells_before(const struct webcells *cells);    /* of the look before it */
uint32_t webcells_figures_n(const struct webcells *cells); /* slots 0..n-1 */
/* Slot < figures_n. */
const struct webfigure *webcells_figure(const struct webcells *cells, uint32_t slot);
/* Of the last look; *n of them, a slot at most once. */
const struct webchange *webcells_changes(const struct webcells *cells, uint32_t *n);
/* NULL: nobody is in it. */
struct webcell *webcells_find(struct webcells *cells, struct space_cell level0, uint8_t layer);
/* By figure.cell; one that is used. */
const struct webcell *webcells_numbered(const struct webcells *cells, uint32_t number);

/* The smallest run that reaches back to a tick; WEBCELLS_RUNS: none does. */
unsigned webcells_reach(const struct webcells *cells, uint32_t have);
/* These make text where it is not made yet. NULL: out of memory. */
/* Run k of a cell, k < WEBCELLS_RUNS. */
const struct webrun *webcells_run(struct webcells *cells, struct webcell *cell, unsigned k);
/* .frame, .frame_n of one who is there. */
const struct webfigure *webcells_frame(struct webcells *cells, uint32_t slot);
/* .row, .row_n of one who is there. */
const struct webfigure *webcells_row(struct webcells *cells, uint32_t slot);
/* Rows of all members; each member's .row lies within. -1: out of memory. */
int webcells_rows(struct webcells *cells, struct webcell *cell) MUST_CHECK;
/* A chat line as a frame of *n bytes, kept for the others. wall_ms: when it was said. NULL also for
 * one that is too long. */
const char *webcells_line(struct webcells *cells, const struct snapshot_chat_line *line,
                          uint64_t wall_ms, size_t *n);
#define WEBCELLS_SCRATCH ((size_t)256 * 1024)
/* WEBCELLS_SCRATCH bytes of room for text that is one receiver's; valid until the next call. */
char *webcells_scratch(struct webcells *cells);

#endif
