/* pressure.h -- how much is taken back when there is too much of it: a player's shift, an io
 * thread's floor, the server's floor. Functions of measured values only; no clock, nothing hidden.
 *
 * Each rung goes up at once when its limit is passed, and down only when what would be used then is
 * still well within it. So none flaps. What a shift or floor means for a cell is said in tiers.h.
 *
 * Owner: the session's (pace), the host's (sweeps) io thread; pressure_server is shared. */
#ifndef OPENMMO_PLAY_PRESSURE_H
#define OPENMMO_PLAY_PRESSURE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* ---- one player: what may be sent, and how far the cells are shifted ---- */

/* A bucket of bytes that fills at the budget, up to half a second of it. Blocks are withheld where
 * it is empty (those near, where it is well below): full blocks after a stall are paced so. When it
 * is updates that fill the budget, or the socket keeps refusing, the player is shifted. */
struct pace {
    int64_t level;   /* bytes in the bucket; may fall below 0 */
    uint32_t budget; /* bytes a second */
    uint32_t tick;   /* reckoned up to */
    /* Since `up_tick`, looked at every few turns: whether to go up. */
    uint32_t up_tick, up_bytes; /* of blocks that are not first ones */
    uint8_t up_turns, up_withheld, up_refused;
    /* Since `down_tick`: whether to go down. */
    uint32_t down_tick, down_bytes; /* of everything */
    bool down_never;                /* something was withheld or refused meanwhile */
    uint8_t shift;                  /* 0..TIERS_SHIFT_MAX */
    uint32_t shifted_tick;          /* since when there is a shift; 0: there is none */
    uint32_t told_tick;             /* when the player was told so last; 0: never */
};

/* What he is told. */
#define PACE_WORDS                                                                                 \
    "More happens around you than you can be sent: those far away are shown less often for now."

/* What would be sent at the shift `to`, in percent of what is sent at `from`, at most. */
struct pace_growth {
    uint32_t (*percent)(const void *context, unsigned from, unsigned to);
    const void *context;
};

/* A full bucket, no shift. */
void pace_init(struct pace *pace, uint32_t budget, uint32_t tick);
/* A turn of the session begins at that tick. budget: bytes a second, > 0. */
void pace_turn(struct pace *pace, uint32_t budget, uint32_t tick, const struct pace_growth *growth);
/* The same, but the socket has not taken the last record: nothing can be sent. */
void pace_refused(struct pace *pace, uint32_t budget, uint32_t tick);
/* May a block go, after so many bytes that are on their way? near: of a cell that is told of at 10
 * Hz or more. */
bool pace_open(const struct pace *pace, bool near, size_t bytes);
/* A record went out. updates: bytes of it that were blocks, but not first ones. */
void pace_sent(struct pace *pace, uint32_t bytes, uint32_t updates);
/* Something due was not sent in this turn, because pace_open said no. At most once a turn. */
void pace_withheld(struct pace *pace);
/* True while the player is to be told that he is shifted: he has been for 5 s, was not told since
 * it began, nor in the last 5 minutes, as of the last turn. */
bool pace_untold(const struct pace *pace);
/* PACE_WORDS go to him with this turn: whoever found pace_untold true calls this, and it is false
 * from now on. */
void pace_told(struct pace *pace);

/* ---- a floor: one tier for all cells, by a measured load ---- */

#define PRESSURE_FLOOR_MAX 4

/* A floor halves how many records are sent, but not what they hold: of what is used now one floor
 * lower uses between as much and twice as much. How much it was is measured at each move; before
 * the first it counts as twice. So a floor falls where the load that is foretold fits; and what was
 * measured is believed less and less, or a floor that once bought much would never be left. A fall
 * that had to be taken back makes the next one wait twice as long, unless twice the load fits. */

/* How a floor follows a load; constant. */
struct floor_rule {
    uint64_t high;   /* above this the floor rises ... */
    uint32_t high_n; /* ... when the mean of so many measurements is */
    uint64_t low;    /* where less than this is foretold it falls (below high) ... */
    uint32_t low_n;  /* ... by the mean of so many */
};

struct floor {
    uint64_t high_sum, low_sum;
    uint32_t high_n, low_n;
    uint64_t before; /* mean before the last move; 0: compared already */
    uint32_t stood;  /* windows of low_n since that */
    uint8_t floor;   /* 0..PRESSURE_FLOOR_MAX */
    bool fell;       /* the last move was down */
    uint8_t hasty;   /* falls that were taken back: the next waits 2^hasty windows */
    uint8_t waited;  /* windows in which the next could have come, or belief waned */
    uint8_t kept[PRESSURE_FLOOR_MAX]; /* floor i + 1 uses (50 + kept[i]) % of what i does */
};

/* One more measurement. Returns the floor. */
unsigned floor_measure(struct floor *floor, const struct floor_rule *rule, uint64_t load);

/* An io thread's: CPU time of a sweep, in us; over 80 % of a tick for a second is too much, and
 * 70 % is enough room to fall into. */
extern const struct floor_rule floor_of_sweeps;

/* ---- the server: bytes a second over all io threads ---- */

#define PRESSURE_EGRESS_TICKS 10 /* one measurement */

/* Shared by all io threads: counts go in with relaxed adds, the floor is read relaxed; nothing else
 * is ordered by them, and a value that is a moment old does as well. */
struct pressure_server {
    atomic_uint_fast64_t bytes;
    atomic_uint_fast8_t floor;
    /* Of the one thread that measures. */
    struct floor egress;
    uint64_t bytes_then;
    uint32_t tick_then;
};

/* The measuring thread, once a sweep. limit: bytes a second; 0: none. */
void pressure_server_measure(struct pressure_server *server, uint64_t limit, uint32_t tick);

static inline void pressure_server_sent(struct pressure_server *server, uint64_t bytes)
{
    atomic_fetch_add_explicit(&server->bytes, bytes, memory_order_relaxed);
}

static inline unsigned pressure_server_floor(const struct pressure_server *server)
{
    return (unsigned)atomic_load_explicit(&server->floor, memory_order_relaxed);
}

#endif
