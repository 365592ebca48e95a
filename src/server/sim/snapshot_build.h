/* snapshot_build.h -- the inside of a snapshot: what the sim thread fills and the block encoder
 * reads. Inside sim/ only.
 *
 * Immutable once handed out, but for the reference count, the blocks' slots (one compare-and-swap
 * each) and the arenas (each its thread's own). All arrays keep their room when the snapshot is
 * used again. */
#ifndef OPENMMO_SIM_SNAPSHOT_BUILD_H
#define OPENMMO_SIM_SNAPSHOT_BUILD_H

#include <stdatomic.h>

#include "sim/cell.h"
#include "sim/chat.h"
#include "sim/figure.h"
#include "sim/sim.h"

#define SNAPSHOT_TIERS     6                    /* tier k covers the last 2^k ticks */
#define SNAPSHOT_ENCODINGS (SNAPSHOT_TIERS + 1) /* and the full block */

struct snapshot_encoded {
    uint32_t bytes_n, from;
    bool empty;
    uint8_t bytes[];
};

struct snapshot_part {
    struct cell_part history; /* advanced to the snapshot's tick */
    uint32_t members_n;
    struct snapshot_encoded *_Atomic blocks[SNAPSHOT_ENCODINGS];
    const struct cell_member *members; /* this part's, by index */
};

/* Each player in sight looks at a cell 20 times a second, and at its first part, nearly always the
 * only one: both lie together, what is looked at in two cache lines. */
struct snapshot_cell {
    _Alignas(CELL_CACHE_LINE) struct space_cell at;
    uint8_t layer;
    bool used;
    uint32_t changed;
    uint32_t members_n, lefts_n, parts_n;
    const struct cell_member *members; /* these three point into the snapshot's arrays */
    const struct cell_left *lefts;
    struct snapshot_part *more; /* parts 1.. */
    uint32_t nodes, divided;    /* level 0 */
    struct snapshot_part first; /* part 0 */
};
_Static_assert(offsetof(struct snapshot_cell, first) == CELL_CACHE_LINE,
               "the history and the blocks but the full one share a cache line");

/* One of its parts_n parts. Not constant: its blocks come on demand. */
static inline struct snapshot_part *snapshot_cell_part(const struct snapshot_cell *cell,
                                                       uint32_t part)
{
    return part == 0 ? (struct snapshot_part *)(uintptr_t)&cell->first : &cell->more[part - 1];
}

/* Bump allocation for one thread: chunks that are kept. */
struct snapshot_arena {
    _Alignas(CELL_CACHE_LINE) struct snapshot_chunk *chunks; /* first one in use first */
    struct snapshot_chunk *current;
    size_t used_bytes; /* of current */
    uint64_t blocks_n; /* encoded into it since the snapshot was built */
};

struct snapshot {
    _Atomic uint32_t references;
    uint32_t tick, entities_n, scripted_n, slots_n, divided_last;
    uint16_t source;
    unsigned threads;
    struct snapshot_arena *arenas;
    struct snapshot_entity *entities;
    struct figure *figures;
    uint32_t entities_room, figures_room;
    struct snapshot_cell *cells; /* numbered as in the sim, with holes */
    uint32_t cells_n, cells_room;
    uint32_t *table; /* copy of the sim's */
    uint32_t table_mask, table_room;
    struct cell_member *members;
    uint32_t members_n, members_room;
    struct cell_left *lefts;
    uint32_t lefts_n, lefts_room;
    struct snapshot_part *parts; /* those that are no cell's first */
    uint32_t parts_n, parts_room;
    uint64_t chat_sequence;
    struct chat_ring chat[PROTOCOL_CHANNELS_N];
};

/* One for the pool; NULL: out of memory. */
struct snapshot *snapshot_new(const struct sim_config *config);
/* Nobody may hold it. NULL is fine. */
void snapshot_delete(struct snapshot *snapshot);
/* Room in the arena of a thread; NULL: out of memory. Valid until the snapshot is used again. */
void *snapshot_arena_take(struct snapshot *snapshot, unsigned thread, size_t len_bytes);
/* Give the latest taking back (only that, and only at once). */
void snapshot_arena_undo(struct snapshot *snapshot, unsigned thread, size_t len_bytes);

#endif
