/* pick.c -- see pick.h. A heap, the least on top. */
#include "admin/pick.h"

#include <stdlib.h>
#include <string.h>

int pick_init(struct pick *pick, size_t most)
{
    *pick = (struct pick){.rows = calloc(most, sizeof(*pick->rows)), .most = most};
    return pick->rows != NULL ? 0 : -1;
}

/* Equal keys are kept in the order of addresses, so that rows do not jump about. */
static bool is_less(const struct picked *a, const struct picked *b)
{
    return a->key != b->key ? a->key < b->key
                            : memcmp(&a->row.network, &b->row.network, sizeof(a->row.network)) > 0;
}

static void swap(struct picked *a, struct picked *b)
{
    struct picked c = *a;

    *a = *b;
    *b = c;
}

static void sift_down(struct pick *pick)
{
    for (size_t at = 0;;) {
        size_t least = at;

        for (size_t child = 2 * at + 1; child <= 2 * at + 2 && child < pick->n; child++)
            if (is_less(&pick->rows[child], &pick->rows[least]))
                least = child;
        if (least == at)
            return;
        swap(&pick->rows[at], &pick->rows[least]);
        at = least;
    }
}

void pick_add(struct pick *pick, uint64_t key, const struct tally_row *row)
{
    struct picked picked = {key, *row};
    size_t at = pick->n;

    if (pick->n == pick->most) {
        if (is_less(&pick->rows[0], &picked)) {
            pick->rows[0] = picked;
            sift_down(pick);
        }
        return;
    }
    pick->rows[pick->n++] = picked;
    for (; at > 0 && is_less(&pick->rows[at], &pick->rows[(at - 1) / 2]); at = (at - 1) / 2)
        swap(&pick->rows[at], &pick->rows[(at - 1) / 2]);
}

static int falling(const void *a, const void *b)
{
    return is_less(a, b) ? 1 : -1;
}

void pick_sort(struct pick *pick)
{
    qsort(pick->rows, pick->n, sizeof(*pick->rows), falling);
}
