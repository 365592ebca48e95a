/* hash.h -- uthash with our settings, instead of <uthash.h>: where there is no memory an add fails,
 * and ends nothing.
 *
 * HASH_TRY_ADD(hh, head, field, element): as HASH_ADD, keyed by that field of the element. Only the
 * first of a table can fail, for the table itself is made with it: one that cannot grow takes more
 * in its old size, and tries again with the next. Ask HASH_ADDED(hh, element); if it was not, the
 * table is as before and the element is the caller's. To put one element in the place of another
 * add it first: then that cannot fail. */
#ifndef OPENMMO_COMMON_HASH_H
#define OPENMMO_COMMON_HASH_H

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

#define HASH_ADDED(hh, element) ((element)->hh.tbl != NULL)

#define HASH_TRY_ADD(hh, head, field, element)                                                     \
    do {                                                                                           \
        HASH_ADD(hh, head, field, sizeof((element)->field), element);                              \
        if (!HASH_ADDED(hh, element) && (head) != NULL) {                                          \
            (head)->hh.tbl->noexpand = 1;                                                          \
            HASH_ADD(hh, head, field, sizeof((element)->field), element);                          \
            (head)->hh.tbl->noexpand = 0;                                                          \
        }                                                                                          \
    } while (0)

#endif
