/* snapshot.h -- the world as of one tick, immutable, for any thread: entities, the cells with their
 * members and who left them in the last 32 ticks, the last chat lines. And the blocks of its cells,
 * encoded once on first demand.
 *
 * There is no log of moves: each figure carries the ticks in which it entered, moved and changed
 * last, and records are absolute. Made by the sim thread from a pool (sim_snapshot), handed over
 * through mailboxes (mailbox.h), given back by its last reader. At most readers + 2 live at once:
 * the pool's size, asserted. */
#ifndef OPENMMO_SIM_SNAPSHOT_H
#define OPENMMO_SIM_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/blob.h"
#include "common/cellblock.h"
#include "common/movement.h"
#include "common/protocol.h"
#include "common/space.h"

#define SNAPSHOT_CHAT_LINES 256 /* a channel */

struct snapshot; /* opaque */

/* One entity as of the tick; arrays of these are indexed by slot. id 0: the slot is free. */
struct snapshot_entity {
    uint64_t id;       /* server 16 | slot 24 | generation 24 (low bits) */
    uint64_t session;  /* 0: nobody's */
    uint64_t player;   /* account id */
    struct blob *name; /* borrowed: lives as long as the snapshot */
    uint32_t looks;
    struct movement_state state;
    struct space_cell cell; /* the leaf it is in */
    uint32_t seq;           /* last MOVE wholly applied */
    uint32_t dropped;       /* substeps given up since its session has it */
    uint16_t index;         /* in its cell */
    uint8_t layer;
    uint8_t version;   /* of name and looks */
    uint8_t ahead;     /* substeps of the MOVE after seq that are applied already */
    uint8_t teleports; /* how often it was put elsewhere, modulo 256 */
};

struct snapshot_chat_line {
    uint64_t sequence; /* rises with each line */
    uint32_t tick;     /* in which it was said; of an earlier run: 0, */
    uint64_t said_ms;  /* and when that was, Unix time; of this run: 0 */
    uint8_t channel;
    uint64_t entity;
    uint64_t session;         /* 0: the server, or of an earlier run */
    uint64_t player;          /* account id; 0: the server */
    struct space_pos pos;     /* where it was said: nearby reaches SNAPSHOT_NEARBY_M */
    struct blob *name, *text; /* borrowed */
};
#define SNAPSHOT_NEARBY_M 50

/* References. A reference never outlives one sweep over the connections. Any thread. */
struct snapshot *snapshot_ref(struct snapshot *snapshot);
void snapshot_unref(struct snapshot *snapshot); /* NULL is fine */

uint32_t snapshot_tick(const struct snapshot *snapshot);       /* the tick it shows */
uint32_t snapshot_entities_n(const struct snapshot *snapshot); /* present */
uint32_t snapshot_players_n(const struct snapshot *snapshot);  /* of these, those no script moves */
uint32_t snapshot_slots_n(const struct snapshot *snapshot);    /* slots 0..n-1 may be in use */
/* NULL: the slot is free. */
const struct snapshot_entity *snapshot_slot(const struct snapshot *snapshot, uint32_t slot);
/* NULL: gone. */
const struct snapshot_entity *snapshot_entity(const struct snapshot *snapshot, uint64_t id);

/* Chat lines with sequence > after that are still held, oldest first: fills lines[] with up to max
 * pointers; returns how many. */
size_t snapshot_chat(const struct snapshot *snapshot, uint64_t after,
                     const struct snapshot_chat_line **lines, size_t max);
/* Of the newest line; 0: none yet. */
uint64_t snapshot_chat_sequence(const struct snapshot *snapshot);

/* Cells and levels. A level 0 cell of a layer is either itself, or, when a crowd stands in it,
 * divided into leaves of levels 1..3 that cover it. Every entity is in exactly one leaf
 * (snapshot_entity.cell) and only leaves have members; who holds a key that is no leaf any more
 * holds nothing alive in it.
 *
 * What a receiver must be sent when the division of a level 0 cell in its view changes (another
 * snapshot_divided than when it was looked at last; compare for inequality, it may go back to 0):
 *   1. VIEW gains the new leaves (snapshot_leaves; none known: the level 0 key itself);
 *   2. their blocks, which are full since nothing is had of them;
 *   3. the last blocks of the keys that are leaves no more, as of any cell: snapshot_cell knows
 *      those for 64 ticks yet, without members, and their `left` records name the new leaves, so
 *      that nobody blinks who went on to where another, later block tells of him;
 *   4. VIEW loses those keys.
 * A record run may end in between: gained keys may be without a block, but 4 comes after 2 and 3.
 * tests/server/receiver.h does all this in little. Cells are only divided in a world whose
 * sim_config.divide_above is not 0.
 *
 * Layers. A receiver gets layer 0 and, if its own entity is in another one, that one too:
 * snapshot_entity.layer says which. Each layer is divided for itself. */
struct snapshot_cell; /* a cell with members or lately with members, of any level */
/* By the whole key. NULL: nothing known of it (empty for more than 64 ticks). Valid while the
 * snapshot is. */
const struct snapshot_cell *snapshot_cell(const struct snapshot *snapshot, struct space_cell cell,
                                          uint8_t layer);
/* The same, without a search where *hint is right: a cell's number as it was found last, by its low
 * 16 bits. Any value is fine; it is set where it was wrong. */
const struct snapshot_cell *snapshot_cell_again(const struct snapshot *snapshot,
                                                struct space_cell cell, uint8_t layer,
                                                uint16_t *hint);
/* That will be asked for in a moment: let the processor fetch it. Any value is fine. */
void snapshot_cell_soon(const struct snapshot *snapshot, uint16_t hint);
/* The leaves of a level 0 cell, in Morton order (x is the low bit): fills leaves[], returns how
 * many. 0: nothing is known; 1: the cell itself; else they cover it, those without members too. */
size_t snapshot_leaves(const struct snapshot *snapshot, struct space_cell level0, uint8_t layer,
                       const struct snapshot_cell *leaves[SPACE_LEAVES_MAX]);
struct space_cell snapshot_cell_at(const struct snapshot_cell *cell); /* its key */
/* As above. */
uint8_t snapshot_cell_layer(const struct snapshot_cell *cell);
/* All cells that are known, numbered 0..n-1 with holes: NULL. A cell keeps its number while it is
 * known. */
uint32_t snapshot_cells_n(const struct snapshot *snapshot);
/* As above. */
const struct snapshot_cell *snapshot_cell_numbered(const struct snapshot *snapshot,
                                                   uint32_t number);
/* Tick in which the division of that level 0 cell changed last; 0: never, or it is whole for so
 * long that nobody knows. */
uint32_t snapshot_divided(const struct snapshot *snapshot, struct space_cell level0, uint8_t layer);
/* The newest of all those ticks, of any cell and layer: another than last time is the sign to look.
 */
uint32_t snapshot_divided_last(const struct snapshot *snapshot);
uint32_t snapshot_cell_members_n(const struct snapshot_cell *cell); /* present */
/* Tick of the last change of any kind. */
uint32_t snapshot_cell_changed(const struct snapshot_cell *cell);
/* Parts that have or lately had members, at least 1. */
uint16_t snapshot_cell_parts(const struct snapshot_cell *cell);

/* A cell block as it stands in a BLOCKS message, after the receiver's own number of its key: shared
 * bytes, valid while the snapshot is. */
struct snapshot_block {
    const uint8_t *bytes;
    uint32_t bytes_n;
    uint32_t from, to; /* as in its header; from CELLBLOCK_NONE: full */
    bool empty;        /* the part has no members as of `to` */
};

/* The block that brings a receiver with `have` (CELLBLOCK_NONE: nothing) up to this tick, by the
 * lowest tier k (last 2^k ticks, k = min_tier..5) with from <= have; a full one if none reaches
 * back. `from` reaches back over ticks in which the cell did not change. Encoded on first demand
 * into the arena of thread (0..threads-1: the caller's own number), published by one
 * compare-and-swap; the loser of a race uses the winner's.
 * Returns 1: *block is to be sent; 0: nothing to send (have is up to date); -1: out of memory (send
 * nothing). */
int snapshot_block(struct snapshot *snapshot, const struct snapshot_cell *cell, uint16_t part,
                   uint32_t have, unsigned min_tier, unsigned thread,
                   struct snapshot_block *block) MUST_CHECK;

/* An empty full block for a cell that is no longer known, in the caller's arena. As above. */
int snapshot_block_gone(struct snapshot *snapshot, struct space_cell cell, uint8_t layer,
                        uint16_t part, unsigned thread, struct snapshot_block *block) MUST_CHECK;

#endif
