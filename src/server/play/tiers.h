/* tiers.h -- how often a player is told of a cell: every 2^tier ticks, tier 0..TIERS_MAX.
 *
 * What a player sees of a figure shrinks with its distance, so the interval grows with it: each
 * doubling of the distance is one tier more. A cell's *base* is that tier before anything is
 * reckoned in, and below zero for what is near; a player's *shift* is added to it, and whatever is
 * still below zero is told every tick. So the first shifts take from those far away only, and the
 * nearest are taken from last. A *floor* (of the io thread, of the server) holds for all cells.
 *
 *   tier = max(floor, min(max(base + shift, 0), 4))
 *
 * Within its 2^tier ticks a cell's turn comes at its phase: the session's own, which spreads the
 * sessions over the ticks, and the cell's offset, which spreads a session's cells. Under a floor of
 * f the session has a turn in one of 2^f sweeps: where each tick has its sweep, all turns of its
 * cells fall on those; a thread that is behind and leaves ticks out has as much less to do in each
 * sweep all the same. Pure; any thread. */
#ifndef OPENMMO_PLAY_TIERS_H
#define OPENMMO_PLAY_TIERS_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cellblock.h"
#include "common/space.h"

#define TIERS_MAX        4
#define TIERS_FULL_M     384 /* nearer cells have a base of 0 or less: all in view by default */
#define TIERS_NEAREST    (-7)
#define TIERS_NEAREST_UP 10 /* up to this shift the nearest cells stay at 10 Hz or more */
#define TIERS_SHIFT_MAX  13 /* all cells at TIERS_MAX */

/* Where a player stands, for distances: a square of 4 m. */
#define TIERS_SQUARE_M     4
#define TIERS_SQUARE_SHIFT (SPACE_UNITS_SHIFT + 2)

struct tiers_square {
    int32_t x, z; /* floor(coordinate / 4 m) */
};

static inline struct tiers_square tiers_square_of(struct space_pos p)
{
    return (struct tiers_square){p.x >> TIERS_SQUARE_SHIFT, p.z >> TIERS_SQUARE_SHIFT};
}

/* Between the nearest points of a square and a cell of any level, in m, squared. */
int64_t tiers_gap2(struct tiers_square square, struct space_cell cell);
/* The base for that gap. before: the base so far, or INT8_MAX: none; it goes down at once, and up
 * only when the gap is a third larger than where it began, so that walking to and fro changes
 * nothing. */
int8_t tiers_base(int64_t gap2, int8_t before);

static inline unsigned tiers_of(int8_t base, unsigned shift, unsigned floor)
{
    int tier = base + (int)shift, most = TIERS_MAX;

    if (base == TIERS_NEAREST)
        most = shift <= TIERS_NEAREST_UP ? 1 : (int)(1 + shift - TIERS_NEAREST_UP);
    tier = tier < 0 ? 0 : tier > most ? most : tier;
    return (unsigned)tier > floor ? (unsigned)tier : floor;
}

/* A cell's part of the phase: each of any 4 x 4 neighbours has another. */
static inline uint32_t tiers_offset(struct space_cell cell)
{
    return ((uint32_t)cell.x + 4 * (uint32_t)cell.z) & 15;
}

/* True if the session has a turn in that sweep of its thread. */
static inline bool tiers_has_turn(uint32_t sweep, uint32_t phase, unsigned floor)
{
    return ((sweep + phase) & ((1u << floor) - 1)) == 0;
}

/* True if a cell's turn begins after tick `then`, up to tick `now`. */
static inline bool tiers_turn(uint32_t then, uint32_t now, uint32_t phase, unsigned tier)
{
    return (then + phase) >> tier != (now + phase) >> tier;
}

/* True if one who has a cell as of `have` is to be told of it now. */
static inline bool tiers_due(uint32_t have, uint32_t now, uint32_t phase, unsigned tier)
{
    return tier == 0 || have == CELLBLOCK_NONE || tiers_turn(have, now, phase, tier);
}

#endif
