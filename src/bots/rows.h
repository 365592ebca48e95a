/* rows.h -- arrays that are looked up by small numbers, and grow as numbers come. One thread. */
#ifndef OPENMMO_BOTS_ROWS_H
#define OPENMMO_BOTS_ROWS_H

#include <stddef.h>
#include <stdint.h>

/* Room for the row of that number among *n of `size` bytes each; new rows are zero, and may be more
 * than are asked for. Returns the rows, perhaps moved; NULL when out of memory: they are as before.
 */
void *rows_grow(void *rows, uint32_t *n, uint32_t number, size_t size);

#endif
