/* arrivals.c -- see arrivals.h. */
#include "play/arrivals.h"

#include <stdlib.h>
#include <string.h>

/* Room for so many cells, those that are new unknown. */
static int reserve(struct arrivals *arrivals, uint32_t n)
{
    if (n > arrivals->known_room) {
        uint32_t room = n + n / 2 + 64;
        struct arrival *known = realloc(arrivals->known, room * sizeof(*known));
        if (known == NULL)
            return -1;
        memset(known + arrivals->known_room, 0, (room - arrivals->known_room) * sizeof(*known));
        arrivals->known = known;
        arrivals->known_room = room;
    }
    return 0;
}

static void add(struct arrivals *arrivals, const struct arrival *arrival)
{
    if (arrivals->lately_n == ARRIVALS_MAX) {
        uint32_t half = ARRIVALS_MAX / 2;
        arrivals->complete = arrivals->lately[half - 1].tick;
        memmove(arrivals->lately, arrivals->lately + half, half * sizeof(*arrival));
        arrivals->lately_n = half;
    }
    arrivals->lately[arrivals->lately_n++] = *arrival;
}

void arrivals_look(struct arrivals *arrivals, const struct snapshot *snapshot)
{
    uint32_t n = snapshot_cells_n(snapshot);

    if (reserve(arrivals, n) != 0) {
        arrivals->complete = snapshot_tick(snapshot); /* everybody looks for himself */
        arrivals->lately_n = 0;
        return;
    }
    for (uint32_t i = 0; i < n || i < arrivals->known_n; i++) {
        const struct snapshot_cell *cell = i < n ? snapshot_cell_numbered(snapshot, i) : NULL;
        struct arrival *known = &arrivals->known[i];
        if (cell == NULL) {
            known->tick = 0;
            continue;
        }
        if (known->tick != 0 && known->layer == snapshot_cell_layer(cell) &&
            space_cell_same(known->cell, snapshot_cell_at(cell)))
            continue;
        *known = (struct arrival){snapshot_cell_at(cell), snapshot_tick(snapshot),
                                  snapshot_cell_layer(cell)};
        add(arrivals, known);
    }
    arrivals->known_n = n;
}

bool arrivals_since(const struct arrivals *arrivals, uint32_t tick, const struct arrival **first,
                    uint32_t *n)
{
    uint32_t at = arrivals->lately_n;

    while (at > 0 && arrivals->lately[at - 1].tick > tick)
        at--;
    *first = arrivals->lately + at;
    *n = arrivals->lately_n - at;
    return tick >= arrivals->complete;
}

void arrivals_fini(struct arrivals *arrivals)
{
    free(arrivals->known);
    arrivals->known = NULL;
}
