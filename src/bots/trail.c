/* trail.c -- see trail.h. The writer voids a row, fills it, and names it last; a reader that meets
 * a row in the making finds another seq and passes on. Rows are not reused before 12.8 s. */
#include "bots/trail.h"

#include <stddef.h>

#define RELAXED memory_order_relaxed /* the row's seq orders all else */

void trail_clear(struct trail *trail)
{
    atomic_store_explicit(&trail->newest, 0, RELAXED);
    for (unsigned i = 0; i < TRAIL_MOVES; i++)
        atomic_store_explicit(&trail->moves[i].seq, 0, RELAXED);
}

void trail_add(struct trail *trail, uint32_t seq, uint64_t due_us, bool still,
               const uint64_t after[TRAIL_SUBSTEPS])
{
    struct trail_move *move = &trail->moves[seq % TRAIL_MOVES];
    atomic_store_explicit(&move->seq, 0, RELAXED);
    atomic_thread_fence(memory_order_release); /* void before anything in it changes */
    atomic_store_explicit(&move->due_us, due_us, RELAXED);
    atomic_store_explicit(&move->still, still, RELAXED);
    for (unsigned i = 0; i < TRAIL_SUBSTEPS; i++)
        atomic_store_explicit(&move->after[i], after[i], RELAXED);
    atomic_store_explicit(&move->seq, seq, memory_order_release); /* filled before it is named */
    atomic_store_explicit(&trail->newest, seq, memory_order_release);
}

void trail_correct(struct trail *trail, uint32_t seq, unsigned substep, uint64_t place)
{
    struct trail_move *move = &trail->moves[seq % TRAIL_MOVES];
    if (atomic_load_explicit(&move->seq, RELAXED) == seq)
        atomic_store_explicit(&move->after[substep], place, RELAXED);
}

static const struct trail_move *move_at(const struct trail *trail, uint32_t seq)
{
    const struct trail_move *move = &trail->moves[seq % TRAIL_MOVES];
    /* acquire: what it holds was written before its name */
    return atomic_load_explicit(&move->seq, memory_order_acquire) == seq ? move : NULL;
}

uint32_t trail_newest(const struct trail *trail)
{
    return atomic_load_explicit(&trail->newest, memory_order_acquire); /* its row is filled */
}

/* After which substep the move was there, the end first: that is where moves are mostly seen. */
static bool was_there(const struct trail_move *move, uint64_t place, uint32_t *substep)
{
    for (unsigned i = TRAIL_SUBSTEPS; move && i-- > 0;) {
        if (atomic_load_explicit(&move->after[i], RELAXED) == place) {
            *substep = i;
            return true;
        }
    }
    return false;
}

bool trail_find(const struct trail *trail, struct trail_mark from, uint64_t place,
                struct trail_mark *found)
{
    uint32_t newest = trail_newest(trail);
    uint32_t oldest = newest > TRAIL_MOVES - 1 ? newest - (TRAIL_MOVES - 1) : 1;
    uint32_t seq = from.seq > oldest ? from.seq : oldest;
    for (; seq <= newest && newest; seq++) {
        if (was_there(move_at(trail, seq), place, &found->substep)) {
            found->seq = seq;
            return true;
        }
    }
    return false;
}

uint64_t trail_due_us(const struct trail *trail, uint32_t seq)
{
    const struct trail_move *move = move_at(trail, seq);
    if (!move || atomic_load_explicit(&move->still, RELAXED))
        return 0;
    return atomic_load_explicit(&move->due_us, RELAXED);
}

uint64_t trail_held_us(const struct trail *trail, uint32_t seq)
{
    const struct trail_move *move = move_at(trail, seq), *next;
    while (move && (next = move_at(trail, ++seq)) && atomic_load_explicit(&next->still, RELAXED))
        move = next;
    return move ? atomic_load_explicit(&move->due_us, RELAXED) : 0;
}
