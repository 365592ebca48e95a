/* audit.c -- see audit.h. Pages are put together: a newer one before what is there, an older one
 * behind it. */
#include "audit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "model.h"

static uint64_t id_of(const json_t *row)
{
    const char *digits = json_string_value(json_object_get(row, "id"));

    return digits != NULL ? strtoull(digits, NULL, 10) : 0;
}

void model_audit_fini(struct model_audit *audit)
{
    for (size_t i = 0; i < audit->n; i++)
        json_decref(audit->rows[i]);
    audit->n = 0;
}

/* Before the i-th; the oldest goes where there is no room. */
static void insert(struct model_audit *audit, size_t i, const json_t *row)
{
    if (i >= MODEL_AUDIT_ROWS)
        return;
    if (audit->n == MODEL_AUDIT_ROWS) {
        json_decref(audit->rows[--audit->n]);
        audit->all = false;
    }
    memmove(&audit->rows[i + 1], &audit->rows[i], (audit->n - i) * sizeof(audit->rows[0]));
    audit->rows[i] = json_incref((json_t *)row);
    audit->n++;
}

/* The search alone, without the page. */
static void search_of(const json_t *params, char text[512])
{
    json_t *search = json_object();
    size_t n;

    json_object_update(search, (json_t *)params);
    json_object_del(search, "before");
    json_object_del(search, "limit");
    n = json_dumpb(search, text, 511, JSON_COMPACT | JSON_SORT_KEYS);
    text[n < 511 ? n : 0] = '\0';
    json_decref(search);
}

static void take_older(struct model_audit *audit, const json_t *rows)
{
    const json_t *row;
    size_t i;

    json_array_foreach((json_t *)rows, i, row)
    {
        if (audit->n < MODEL_AUDIT_ROWS &&
            (audit->n == 0 || id_of(row) < id_of(audit->rows[audit->n - 1])))
            insert(audit, audit->n, row);
    }
}

/* Where the page does not reach down to what is there, there is a hole: it begins anew. */
static void take_newest(struct model_audit *audit, const json_t *rows)
{
    uint64_t newest = audit->n > 0 ? id_of(audit->rows[0]) : 0;
    size_t fresh = 0, rows_n = json_array_size(rows);

    while (fresh < rows_n && id_of(json_array_get(rows, fresh)) > newest)
        fresh++;
    if (fresh == rows_n && rows_n > 0) {
        model_audit_fini(audit);
        audit->all = false;
    }
    for (size_t i = 0; i < fresh; i++)
        insert(audit, i, json_array_get(rows, i));
}

void model_audit_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_audit *audit = &model->audit;
    const json_t *rows = json_object_get(data, "rows");
    int64_t limit = json_integer_value(json_object_get(params, "limit"));
    bool older = json_object_get(params, "before") != NULL;
    char search[512];

    search_of(params, search);
    if (strcmp(search, audit->asked) != 0) {
        if (older)
            return; /* of a search that is over */
        model_audit_fini(audit);
        audit->all = false;
        snprintf(audit->asked, sizeof(audit->asked), "%s", search);
    }
    if (older)
        take_older(audit, rows);
    else
        take_newest(audit, rows);
    if ((older || audit->n == json_array_size(rows)) && (int64_t)json_array_size(rows) < limit)
        audit->all = true;
    audit->known = true;
    audit->taken++;
}

void model_audit_news(struct model *model, const json_t *params, const json_t *data)
{
    (void)params, (void)data;
    model->audit.news++;
}
