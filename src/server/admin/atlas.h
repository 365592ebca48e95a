/* atlas.h -- the world by place, as operators look at it: where everybody stands, and what each
 * costs and is sent.
 *
 * One walk over those present at most every ATLAS_LOOK_MS serves all who ask, and none is made
 * while nobody does. What a place costs is what those who stand there cost: the io threads' CPU
 * time for their sessions and the bytes that they are sent, a second. Nothing of it touches the
 * simulation: places are those of the newest snapshot. Owner: the admin room. Control thread only.
 */
#ifndef OPENMMO_ADMIN_ATLAS_H
#define OPENMMO_ADMIN_ATLAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/space.h"
#include "play/presence.h"

#define ATLAS_LOOK_MS  250  /* a look is good for so long */
#define ATLAS_SIDE_MAX 2048 /* bins along a side of a rectangle */

struct atlas;

/* One who stands in the world. */
struct atlas_player {
    uint64_t session;
    int32_t x, z;              /* units */
    uint32_t cost_us, out, in; /* a second, lately (session_figures) */
};

/* What there is to be counted. */
enum atlas_what {
    ATLAS_PLAYERS,
    ATLAS_FIGURES, /* players, and the wanderers that no connection holds */
    ATLAS_COST,    /* us of CPU time a second */
    ATLAS_OUT,     /* bytes a second */
    ATLAS_WHATS_N
};

/* A rectangle of the world in square bins. Bin (i, j) covers step_m metres each way from
 * (x_m + i step_m, z_m + j step_m). */
struct atlas_grid {
    int32_t x_m, z_m;       /* its north-west corner */
    uint32_t step_m;        /* >= 1 */
    uint32_t columns, rows; /* 1..ATLAS_SIDE_MAX */
};

struct atlas_bin {
    uint32_t index; /* j * columns + i */
    uint64_t value; /* > 0 */
};

struct atlas_sum {
    uint32_t players, figures;
    uint64_t cost_us, out, in; /* a second */
};

/* NULL: out of memory. presence: borrowed. */
struct atlas *atlas_new(struct presence *presence);
void atlas_free(struct atlas *atlas); /* NULL is fine */

/* Look anew where the last look is older than ATLAS_LOOK_MS. now_ms: monotonic. -1: out of memory,
 * then the old look holds. */
int atlas_look(struct atlas *atlas, uint64_t now_ms) MUST_CHECK;
uint32_t atlas_tick(const struct atlas *atlas); /* of the last look; 0: none yet */
/* Those who stood there, by session; valid until the next look. */
const struct atlas_player *atlas_players(const struct atlas *atlas, size_t *n);
/* One of them; NULL: he came later, or is gone. */
const struct atlas_player *atlas_player(const struct atlas *atlas, uint64_t session);

/* The bins of a rectangle that hold anything, by index; the caller frees *bins. *total: what all of
 * them hold. -1: out of memory. */
int atlas_bins(const struct atlas *atlas, const struct atlas_grid *grid, enum atlas_what what,
               struct atlas_bin **bins, size_t *n, struct atlas_sum *total) MUST_CHECK;

/* All that stands in a level 0 cell. */
struct atlas_sum atlas_cell(const struct atlas *atlas, struct space_cell level0);

#endif
