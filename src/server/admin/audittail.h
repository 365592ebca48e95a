/* audittail.h -- the last rows of the audit, kept for operators who look on as they are written.
 *
 * A ring of AUDITTAIL_ROWS rows as JSON. Nobody is woken: readers come by at their own interval,
 * and rows that the ring let go of meanwhile are counted. Control thread. */
#ifndef OPENMMO_ADMIN_AUDITTAIL_H
#define OPENMMO_ADMIN_AUDITTAIL_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

#define AUDITTAIL_ROWS 256

/* A zeroed one is empty. */
struct audittail {
    json_t *rows[AUDITTAIL_ROWS];
    uint64_t sequence; /* of the newest; the first is 1 */
};

/* row is taken; NULL (out of memory) is passed over. */
void audittail_add(struct audittail *tail, json_t *row);
/* Rows after that sequence, oldest first, borrowed: up to max of them. Moves *after on and adds to
 * *lost how many are held no longer. Returns how many were filled in. */
size_t audittail_read(const struct audittail *tail, uint64_t *after, json_t **rows, size_t max,
                      uint64_t *lost);
void audittail_clear(struct audittail *tail); /* lets go of all rows */

#endif
