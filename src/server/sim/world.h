/* world.h -- the state of a simulation. Inside sim/ only. Sim thread.
 *
 * Three parallel arrays by slot: what snapshots show (entities), what blocks need (figures), what
 * only the sim knows (movers). A slot is free where entities[slot].id is 0; the lowest free one is
 * taken first. Whoever goes through the world goes by `live`: free slots cost nothing. */
#ifndef OPENMMO_SIM_WORLD_H
#define OPENMMO_SIM_WORLD_H

#include <stdbool.h>

#include "sim/cell.h"
#include "sim/chat.h"
#include "sim/figure.h"
#include "sim/idmap.h"
#include "sim/sim.h"

#define WORLD_ALLOWANCE_MAX 15  /* substeps saved up: 250 ms */
#define WORLD_CREDIT_MAX    120 /* on top, after a stall of ours: 2 s */
#define WORLD_WAITING       32  /* intents that may wait for their turn */
#define WORLD_WAITING_TIME  15  /* substeps of them for which there is no time yet: 250 ms */
#define WORLD_LAG_TICKS     20  /* what waited in each of so many ticks is a lag that would stay */
#define WORLD_LAG_TIME      3   /* substeps of it that are jitter: 50 ms */
#define WORLD_LATE_TICKS    8   /* of so many ticks that end late, one substep is given up */
#define WORLD_WISH_TICKS                                                                           \
    4 /* one who was walked to where he wished looks so much longer walking                        \
       */
#define WORLD_WISH_WALK      4 /* substeps: who needed no more for his way is seen to walk, not run */
#define WORLD_GENERATION_MAX 0xFFFFFFu

struct world_waiting {
    uint32_t ack; /* seq to acknowledge when it is wholly applied */
    struct movement_intent intent;
    uint8_t substeps; /* still to go */
};

struct world_mover {
    struct world_waiting waiting[WORLD_WAITING]; /* [0] is the oldest */
    uint32_t cell;                               /* number in sim->cells */
    uint32_t generation;                         /* of the slot; outlives the entity */
    uint8_t waiting_n;
    uint8_t allowance, credit;
    uint8_t lag_ticks, lag_least; /* ticks in a row at whose end substeps waited, the fewest */
    uint8_t late_ticks;           /* at whose end substeps waited and nothing was saved up */
    bool catching_up;             /* spent more than a tick's time in the last tick */
    bool resting;                 /* its connection is gone: intents come too late */
    uint8_t wishing;              /* WORLD_WISH_TICKS: it goes to wish; fewer, > 0: it was there */
    int32_t wish_x, wish_z;
};

struct sim {
    struct sim_config config;
    uint32_t tick;
    uint32_t slots_n; /* slots 0..n-1 were in use at some time */
    uint32_t slots_room, entities_n, lowest_free;
    uint32_t scripted_n;        /* of the entities: with a scripted session */
    uint64_t *live;             /* bit: the slot is in use */
    uint32_t live_n, live_room; /* words; none beyond live_n has a bit */
    struct snapshot_entity *entities;
    struct figure *figures;
    struct world_mover *movers;
    struct idmap by_session, by_player;
    struct cells cells;
    struct chat chat;
    struct graveyard graveyard;
    uint64_t blocks_encoded;
    struct snapshot **pool;
    unsigned pool_n;
    struct snapshot *current; /* of this tick, one reference; NULL: not built yet */
};

/* The first slot in use from `slot` on; IDMAP_NONE: there is none. */
uint32_t world_next(const struct sim *sim, uint32_t slot);
/* Note that a slot, for which there is room, is in use. */
void world_set_live(struct sim *sim, uint32_t slot);
/* Put a new entity into the world. name: taken if it succeeds. Returns its slot; IDMAP_NONE: the
 * world is full or memory is out (nothing changed). */
uint32_t world_add(struct sim *sim, const struct command *join);
/* The entity is gone. */
void world_remove(struct sim *sim, uint32_t slot);
/* Give the entity to another session. name: taken. */
void world_hand_over(struct sim *sim, uint32_t slot, const struct command *join);
/* Its figure has that name from here on; takes the blob. */
void world_rename(struct sim *sim, uint32_t slot, struct blob *name);
/* The entity's movement state became `state` in this tick: cell, block state. If the new cell
 * cannot take it, it stays where it was. */
void world_move(struct sim *sim, uint32_t slot, const struct movement_state *state);
/* The entity goes to another layer: it left its cell for nowhere, as far as those know who stay. If
 * there is no room for it there, it stays. */
void world_change_layer(struct sim *sim, uint32_t slot, uint8_t layer);
/* Divide the cells that are dense, put those together that are not (divide.c). */
void world_divide(struct sim *sim);
/* Room for slots up to n-1. -1: out of memory. */
int world_reserve(struct sim *sim, uint32_t n) MUST_CHECK;
/* Block state of a figure. */
struct cellblock_state world_wire(const struct sim *sim, const struct movement_state *state);

#endif
