/* idmap.c -- open addressing, linear probing, removal by shifting back; at most half full. */
#include "sim/idmap.h"

#include <stdlib.h>

struct idmap_row {
    uint64_t key; /* 0: free */
    uint32_t value;
};

#define FIRST_ROWS 64

static size_t home(const struct idmap *map, uint64_t key)
{
    return (size_t)((key * UINT64_C(0x9E3779B97F4A7C15)) >> 32) & map->mask;
}

/* The row of key, or the free row where it would go. */
static size_t find(const struct idmap *map, uint64_t key)
{
    size_t i = home(map, key);

    while (map->rows[i].key != 0 && map->rows[i].key != key)
        i = (i + 1) & map->mask;
    return i;
}

int idmap_reserve(struct idmap *map)
{
    struct idmap bigger = {0};
    size_t rows_n;

    if (map->rows != NULL && (map->n + 1) * 2 <= map->mask + 1)
        return 0;
    rows_n = map->rows == NULL ? FIRST_ROWS : (map->mask + 1) * 2;
    bigger.rows = calloc(rows_n, sizeof(*bigger.rows));
    if (bigger.rows == NULL)
        return -1;
    bigger.mask = rows_n - 1;
    for (size_t i = 0; map->rows != NULL && i <= map->mask; i++) {
        if (map->rows[i].key != 0)
            idmap_put(&bigger, map->rows[i].key, map->rows[i].value);
    }
    free(map->rows);
    *map = bigger;
    return 0;
}

void idmap_put(struct idmap *map, uint64_t key, uint32_t value)
{
    size_t i = find(map, key);

    if (map->rows[i].key == 0)
        map->n++;
    map->rows[i] = (struct idmap_row){key, value};
}

uint32_t idmap_get(const struct idmap *map, uint64_t key)
{
    size_t i;

    if (map->rows == NULL || key == 0)
        return IDMAP_NONE;
    i = find(map, key);
    return map->rows[i].key == 0 ? IDMAP_NONE : map->rows[i].value;
}

void idmap_remove(struct idmap *map, uint64_t key)
{
    size_t hole;

    if (map->rows == NULL || key == 0)
        return;
    hole = find(map, key);
    if (map->rows[hole].key == 0)
        return;
    map->n--;
    for (size_t i = (hole + 1) & map->mask; map->rows[i].key != 0; i = (i + 1) & map->mask) {
        /* A row may fill the hole if the hole lies between its home and where it is. */
        if (((i - home(map, map->rows[i].key)) & map->mask) >= ((i - hole) & map->mask)) {
            map->rows[hole] = map->rows[i];
            hole = i;
        }
    }
    map->rows[hole].key = 0;
}

void idmap_fini(struct idmap *map)
{
    free(map->rows);
    *map = (struct idmap){0};
}
