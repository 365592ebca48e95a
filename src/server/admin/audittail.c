/* audittail.c -- see audittail.h. */
#include "admin/audittail.h"

void audittail_add(struct audittail *tail, json_t *row)
{
    json_t **place = &tail->rows[(tail->sequence + 1) % AUDITTAIL_ROWS];

    if (row == NULL)
        return;
    json_decref(*place);
    *place = row;
    tail->sequence++;
}

size_t audittail_read(const struct audittail *tail, uint64_t *after, json_t **rows, size_t max,
                      uint64_t *lost)
{
    uint64_t gone = tail->sequence > AUDITTAIL_ROWS ? tail->sequence - AUDITTAIL_ROWS : 0;
    size_t n = 0;

    if (*after < gone) {
        *lost += gone - *after;
        *after = gone;
    }
    while (n < max && *after < tail->sequence)
        rows[n++] = tail->rows[++*after % AUDITTAIL_ROWS];
    return n;
}

void audittail_clear(struct audittail *tail)
{
    for (size_t i = 0; i < AUDITTAIL_ROWS; i++) {
        json_decref(tail->rows[i]);
        tail->rows[i] = NULL;
    }
}
