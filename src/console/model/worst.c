/* worst.c -- see worst.h. */
#include "worst.h"

#include "fields.h"
#include "model.h"

void model_worst_read(struct model_worst_row *worst, const json_t *row)
{
    worst->at_ms = fields_integer(row, "at_ms");
    worst->thread = (int)fields_integer(row, "thread");
    worst->real_ms = fields_number(row, "real_us") / 1000;
    worst->cpu_ms = fields_number(row, "cpu_us") / 1000;
    fields_text(worst->cause, sizeof(worst->cause), row, "cause");
}

static void take_list(struct model_worst_list *list, const json_t *rows)
{
    const json_t *row;
    size_t i;

    list->n = 0;
    json_array_foreach((json_t *)rows, i, row)
    {
        if (i < MODEL_WORST)
            model_worst_read(&list->rows[list->n++], row);
    }
}

void model_worst_take(struct model *model, const json_t *params, const json_t *data)
{
    (void)params;
    model->worst.known = true;
    take_list(&model->worst.ticks, json_object_get(data, "ticks"));
    take_list(&model->worst.sweeps, json_object_get(data, "sweeps"));
}
