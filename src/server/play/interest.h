/* interest.h -- which cells one player gets, and how far the player is in each.
 *
 * In view are the cells of which some point is nearer than view_m to the player's own cell; a cell
 * is let go when it is a cell's edge farther than that, so that walking along an edge changes
 * nothing. Nearest first. Reckoned anew only when the own cell or the view changes. Owner: the
 * session's io thread. */
#ifndef OPENMMO_PLAY_INTEREST_H
#define OPENMMO_PLAY_INTEREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/space.h"

/* What a view distance means in cells; one an io thread and setting. */
struct interest_shape {
    uint32_t serial;      /* differs for each: interests notice a change */
    int64_t view2, keep2; /* squared, in m */
    int32_t world_half;   /* cells -half..half-1 are the world */
    int32_t radius;       /* no cell in view is farther along an axis */
    uint32_t near_n;      /* offsets in view, nearest first */
    struct space_cell *near;
    uint32_t keep_n; /* cells that one can hold at most */
    bool *held;      /* scratch: (2 radius + 1)^2 */
};

/* view_m: 64..1024. NULL when out of memory. */
struct interest_shape *interest_shape_new(uint32_t serial, uint16_t view_m, int32_t world_size_m);
void interest_shape_free(struct interest_shape *shape); /* NULL is fine */

/* How far a receiver is in one part of a cell. */
struct interest_part {
    uint32_t have;  /* tick; CELLBLOCK_NONE: nothing */
    bool populated; /* the receiver holds members of it */
};

struct interest_cell {
    struct space_cell cell;
    uint32_t distance2; /* from the own cell, in cells, squared */
    uint16_t more_n;
    struct interest_part first; /* part 0: nearly always the only one */
    struct interest_part *more; /* parts 1..more_n */
};

struct interest {
    struct interest_cell *cells; /* nearest first */
    uint32_t cells_n, room;
    struct space_cell own;
    uint32_t serial; /* of the shape of the last reckoning; 0: none yet */
    bool whole;      /* that reckoning came to its end */
};

/* Give up what it holds; it is then as at first. */
void interest_fini(struct interest *interest);

/* True if interest_update has something to do. */
bool interest_stale(const struct interest *interest, const struct interest_shape *shape,
                    struct space_cell own);
struct interest_change {
    struct space_cell *gained, *lost; /* room for changes_max each */
    uint32_t gained_n, lost_n, changes_max;
};
/* Let go of what is too far and take up what is near, at most changes_max (>= 1) in all; what is
 * left over is done by the next call (interest_stale stays true). 0; -1 out of memory (nothing
 * changed). */
int interest_update(struct interest *interest, struct interest_shape *shape, struct space_cell own,
                    struct interest_change *change) MUST_CHECK;
/* True if the cell is among those that the player gets. */
bool interest_has(const struct interest *interest, const struct interest_shape *shape,
                  struct space_cell cell);

/* Part number part of a cell; made when it is asked for the first time. NULL: out of memory. */
struct interest_part *interest_part(struct interest_cell *cell, uint16_t part);

#endif
