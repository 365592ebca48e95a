/* rows.c -- see rows.h. */
#include "bots/rows.h"

#include <stdlib.h>
#include <string.h>

#define GROW_AT_LEAST 64

void *rows_grow(void *rows, uint32_t *n, uint32_t number, size_t size)
{
    if (number < *n)
        return rows;
    uint32_t more = number + number / 2 + GROW_AT_LEAST;
    char *bigger = realloc(rows, more * size);
    if (!bigger)
        return NULL;
    memset(bigger + *n * size, 0, (more - *n) * size);
    *n = more;
    return bigger;
}
