/* alerts.c -- see alerts.h. */
#include "alerts.h"

#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "model.h"

static void take_rows(struct model_alerts *alerts, const json_t *rows)
{
    const json_t *row;
    size_t i;

    json_array_foreach((json_t *)rows, i, row)
    {
        struct model_alert *alert = &alerts->rows[alerts->n];

        if (i >= MODEL_ALERTS)
            return;
        fields_text(alert->name, sizeof(alert->name), row, "alert");
        fields_text(alert->severity, sizeof(alert->severity), row, "severity");
        fields_text(alert->words, sizeof(alert->words), row, "words");
        fields_text(alert->advice, sizeof(alert->advice), row, "advice");
        alert->since_ms = fields_integer(row, "since_ms");
        alert->cleared_ms = fields_integer(row, "cleared_ms");
        snprintf(alert->id, sizeof(alert->id), "%.20s %lld", fields_string(row, "alert"),
                 (long long)alert->since_ms);
        alerts->n++;
    }
}

void model_alerts_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_alerts *alerts = &model->alerts;

    (void)params;
    memset(alerts, 0, sizeof(*alerts));
    alerts->known = true;
    take_rows(alerts, json_object_get(data, "active"));
    alerts->active_n = alerts->n;
    for (size_t i = 0; i < alerts->active_n; i++)
        alerts->page_n += strcmp(alerts->rows[i].severity, "page") == 0;
    take_rows(alerts, json_object_get(data, "recent"));
}
