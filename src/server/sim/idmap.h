/* idmap.h -- ids to slots: a hash table of u64 keys (not 0) and u32 values. Inside sim/ only. One
 * thread. */
#ifndef OPENMMO_SIM_IDMAP_H
#define OPENMMO_SIM_IDMAP_H

#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"

#define IDMAP_NONE UINT32_MAX

struct idmap {
    struct idmap_row *rows; /* NULL while empty and fresh */
    size_t mask, n;
};

/* Make sure that one more fits. -1: out of memory (nothing changed). */
int idmap_reserve(struct idmap *map) MUST_CHECK;
/* After idmap_reserve. An old value is replaced. */
void idmap_put(struct idmap *map, uint64_t key, uint32_t value);
uint32_t idmap_get(const struct idmap *map, uint64_t key); /* IDMAP_NONE: not in it */
void idmap_remove(struct idmap *map, uint64_t key);        /* may be absent */
void idmap_fini(struct idmap *map);                        /* frees the rows */

#endif
