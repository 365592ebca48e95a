/* board.h -- what the processes of one run share: trails, who is which entity, and their reports.
 *
 * One anonymous shared mapping, made before the processes part. A trail and the fields of a player
 * are written by the process that plays it; a report by its process; anybody reads. Nothing here
 * goes over the wire: it is how receivers know what senders did. */
#ifndef OPENMMO_BOTS_BOARD_H
#define OPENMMO_BOTS_BOARD_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "bots/report.h"
#include "bots/trail.h"

#define BOARD_NOBODY UINT32_MAX

struct board {
    uint32_t players, processes;
    uint32_t awaited; /* measured players: when they are in, it begins */
    /* Of all processes: bots that need not be waited for; measured players that are in. */
    _Atomic uint32_t settled, in;
    _Atomic uint32_t told;     /* 1: that all are in */
    _Atomic uint64_t begin_us; /* measured from here on; 0: not yet */
    _Atomic uint32_t stop;     /* 1: all shall end */
    _Atomic uint32_t apart_n;  /* players who are not measured though they play */
    _Atomic uint8_t *apart;    /* by player: 1: one of them */
    struct trail *trails;      /* by player */
    struct report *reports;    /* by process */
    struct board_row *rows;    /* by entity: a hash with open addressing */
    uint32_t rows_n;           /* a power of two */
    size_t bytes;              /* of the whole mapping */
};

/* NULL when there is no memory. */
struct board *board_new(uint32_t players, uint32_t processes);
void board_free(struct board *board); /* this process's view of it; NULL is fine */

/* From now on that entity is this player's; and no longer. */
void board_enter(struct board *board, uint64_t entity, uint32_t player);
/* As above; fine if it was nobody's. */
void board_leave(struct board *board, uint64_t entity);
/* Whose it is, or BOARD_NOBODY. */
uint32_t board_player(const struct board *board, uint64_t entity);

/* From now on neither the player's moves nor what he is shown are measured. Fine twice. */
void board_set_apart(struct board *board, uint32_t player);

static inline bool board_is_apart(const struct board *board, uint32_t player)
{
    /* relaxed: a mark that nothing else hangs on */
    return atomic_load_explicit(&board->apart_n, memory_order_relaxed) > 0 &&
           atomic_load_explicit(&board->apart[player], memory_order_relaxed) != 0;
}

#endif
