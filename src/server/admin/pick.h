/* pick.h -- of many rows of the tally, so many with the highest keys: in the memory of these, and
 * without sorting the others. Owner: who asks. */
#ifndef OPENMMO_ADMIN_PICK_H
#define OPENMMO_ADMIN_PICK_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "net/tally.h"

struct picked {
    uint64_t key;
    struct tally_row row;
};

struct pick {
    struct picked *rows; /* free()d by the owner */
    size_t n, most;
};

/* most: 1.. -1: out of memory. */
int pick_init(struct pick *pick, size_t most) MUST_CHECK;
/* Of rows with equal keys the one with the lower address goes first, so that they do not jump about
 * from one look to the next. */
void pick_add(struct pick *pick, uint64_t key, const struct tally_row *row);
void pick_sort(struct pick *pick); /* the highest first; then nothing may be added */

#endif
