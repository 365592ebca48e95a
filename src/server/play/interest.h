/* interest.h -- which cells one player gets of one layer, how far the player is in each, and how
 * often each is told of.
 *
 * In view are the level 0 cells of which some point is nearer than view_m to the player's own one;
 * one is let go when it is a cell's diagonal farther than that, so that walking along an edge, or
 * about the corner of four, changes nothing. Of each the keys are held that it is divided into
 * (sim/snapshot.h). When the division changes, the new keys are taken up, and those that are leaves
 * no more are *old*: held until the receiver has been told all of both.
 *
 * Nearest first, by the 4 m square that the player stands in. Reckoned anew only when the own cell,
 * the square, the view or a division changes. Owner: the session's io thread.
 *
 * Memory: 32 bytes a key and 8 a level 0 cell; at 192 m 2 KiB where nothing is divided. At most
 * INTEREST_KEYS_MAX keys (96 KiB): in a crowd that has more the view ends there. */
#ifndef OPENMMO_PLAY_INTEREST_H
#define OPENMMO_PLAY_INTEREST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/space.h"
#include "play/tiers.h"

#define INTEREST_KEYS_MAX      3072
#define INTEREST_NUMBERS       8192 /* more than twice as many: of keys going and coming at once */
#define INTEREST_CHANGES_LEAST 85   /* all keys, old ones too, that one level 0 cell can have */

/* What a view distance means in cells; one an io thread and setting. */
struct interest_shape {
    uint32_t serial;      /* differs for each: interests notice a change */
    int64_t view2, keep2; /* squared, in m */
    int32_t world_half;   /* cells -half..half-1 are the world */
    int32_t radius;       /* no cell in view is farther along an axis */
    uint32_t near_n;      /* offsets in view, nearest first */
    struct space_cell *near;
    uint32_t keep_n;                       /* level 0 cells that one can hold at most */
    bool *held;                            /* scratch: (2 radius + 1)^2 */
    uint64_t taken[INTEREST_NUMBERS / 64]; /* scratch: numbers that are in use */
};

/* view_m: 64..1024. NULL when out of memory. */
struct interest_shape *interest_shape_new(uint32_t serial, uint16_t view_m, int32_t world_size_m);
void interest_shape_free(struct interest_shape *shape); /* NULL is fine */

/* How far a receiver is in one part of a cell. Packed, as a view holds a hundred of them. */
struct interest_part {
    uint32_t have;  /* tick; CELLBLOCK_NONE: nothing */
    bool populated; /* the receiver holds members of it */
} __attribute__((packed));

/* A cell's parts 1..n. */
struct interest_more {
    uint16_t n;
    struct interest_part parts[];
};

struct interest_cell {
    int16_t x, z;               /* its key, with level: see interest_key */
    uint16_t number;            /* by which the player is told of it */
    uint16_t root;              /* the level 0 cell that it is of, among the roots */
    uint32_t gap2;              /* from the player's square, in m, squared */
    struct interest_part first; /* part 0: nearly always the only one */
    uint8_t level;
    int8_t base;    /* tiers.h */
    bool old : 1;   /* a leaf no more */
    bool live : 1;  /* something is held or known of it: to be looked at */
    bool waits : 1; /* old, and what took its place is not all told: see interest_settle */
    bool going : 1; /* within interest_update */
    uint16_t bytes; /* of the last blocks that were not the first */
    uint16_t hint;  /* snapshot_cell_again's */
    struct interest_more *more; /* NULL: no parts but 0 */
};
_Static_assert(sizeof(struct interest_cell) == 32, "most of what a player takes, but for TLS");

static inline struct space_cell interest_key(const struct interest_cell *cell)
{
    return (struct space_cell){cell->x, cell->z, cell->level};
}

/* A level 0 cell in view. */
struct interest_root {
    int16_t x, z;
    uint32_t divided; /* the tick of the division that its keys are of */
};

struct interest {
    struct interest_cell *cells; /* nearest first */
    struct interest_root *roots; /* in no order */
    uint32_t cells_n, cells_room, roots_n, roots_room;
    struct tiers_square square;
    uint32_t serial;  /* of the shape of the last reckoning; 0: none yet */
    uint32_t divided; /* newest division that was looked at */
    uint32_t old_n;
    bool whole; /* the last reckoning came to its end */
};

/* What the world says of divisions, and the caller of what was sent. */
struct interest_world {
    const void *context;
    uint32_t divided; /* tick of the last change of division anywhere */
    /* The keys of a level 0 cell: fills leaves[], returns how many; 0: nothing is known of it. */
    size_t (*leaves)(const void *context, struct space_cell level0,
                     struct space_cell leaves[SPACE_LEAVES_MAX]);
    /* Tick of that cell's last change of division. */
    uint32_t (*division)(const void *context, struct space_cell level0);
    /* True if the receiver knows the key's first state; of an old key: its last. */
    bool (*told)(const void *context, const struct interest_cell *cell);
};

/* Give up what it holds; it is then as at first. */
void interest_fini(struct interest *interest);

/* True if interest_update has something to do. */
bool interest_stale(const struct interest *interest, const struct interest_shape *shape,
                    struct tiers_square square, const struct interest_world *world);
struct interest_named {
    struct space_cell cell;
    uint16_t number; /* below INTEREST_NUMBERS; the lowest ones that are free, so small */
};
struct interest_change {
    struct interest_named *gained, *lost; /* room for changes_max each */
    uint32_t gained_n, lost_n, changes_max;
    uint64_t *taken; /* within interest_update: the shape's */
};
/* Let go of what is too far or old and told, and take up what is near, at most changes_max
 * (>= INTEREST_CHANGES_LEAST) in all; what is left over is done by the next call (interest_stale
 * stays true). 0; -1 out of memory (some is left over). */
int interest_update(struct interest *interest, struct interest_shape *shape,
                    struct tiers_square square, const struct interest_world *world,
                    struct interest_change *change) MUST_CHECK;
/* Let go of everything, as far as there is room in change. */
void interest_drop(struct interest *interest, struct interest_change *change);
/* Reckon distances anew, if the square is another one. */
void interest_move(struct interest *interest, struct tiers_square square);
/* True if the level 0 cell is among those that the player gets. */
bool interest_has(const struct interest *interest, const struct interest_shape *shape,
                  struct space_cell level0);

/* The world has come to know a cell: look at it again. */
void interest_wake(struct interest *interest, struct space_cell cell);
/* Any of them may have come. */
void interest_wake_all(struct interest *interest);
/* Look at what was told of the keys that took old ones' places. */
void interest_settle(struct interest *interest, const struct interest_world *world);
/* True if nothing was left to be sent of the keys that took an old one's place, as of the last
 * interest_settle. */
static inline bool interest_replaced(const struct interest_cell *old)
{
    return !old->waits;
}

/* How many parts it has besides part 0. */
static inline uint16_t interest_more_n(const struct interest_cell *cell)
{
    return cell->more != NULL ? cell->more->n : 0;
}
/* Part number part of a cell; made when it is asked for the first time. NULL: out of memory. */
struct interest_part *interest_part(struct interest_cell *cell, uint16_t part);

#endif
