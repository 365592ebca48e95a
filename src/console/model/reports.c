/* reports.c -- see reports.h. */
#include "reports.h"

#include <string.h>

#include "chat.h"
#include "fields.h"
#include "model.h"

static void read_report(struct model_report *report, const json_t *row)
{
    memset(report, 0, sizeof(*report));
    fields_text(report->id, sizeof(report->id), row, "report");
    report->at_ms = fields_integer(row, "at_ms");
    report->closed_ms = fields_integer(row, "closed_ms");
    report->earlier = fields_integer(row, "earlier");
    fields_text(report->name, sizeof(report->name), row, "player");
    fields_text(report->account, sizeof(report->account), row, "id");
    if (report->account[0] == '\0')
        memcpy(report->account, "0", 2);
    fields_text(report->reporter, sizeof(report->reporter), row, "reporter");
    fields_text(report->words, sizeof(report->words), row, "words");
    fields_text(report->closed_by, sizeof(report->closed_by), row, "closed_by");
    fields_text(report->verdict, sizeof(report->verdict), row, "verdict");
}

static size_t read_reports(struct model_report *reports, size_t most, const json_t *rows)
{
    const json_t *row;
    size_t i;

    json_array_foreach((json_t *)rows, i, row)
    {
        if (i >= most)
            return most;
        read_report(&reports[i], row);
    }
    return json_array_size(rows);
}

void model_reports_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_reports *reports = &model->reports;

    (void)params;
    reports->n = read_reports(reports->rows, MODEL_REPORTS, json_object_get(data, "rows"));
    reports->open = fields_integer(data, "open");
    reports->known = true;
}

static void read_line(struct model_reports *reports, const json_t *row)
{
    struct model_report_line *line = &reports->lines[reports->lines_n++];
    char account[24];

    memset(line, 0, sizeof(*line));
    line->at_ms = fields_integer(row, "at_ms");
    line->channel = model_channel_of(json_string_value(json_object_get(row, "channel")));
    fields_text(line->name, sizeof(line->name), row, "name");
    fields_text(line->text, sizeof(line->text), row, "text");
    fields_text(account, sizeof(account), row, "player");
    /* Of a guest, whose name is his alone while he is here. */
    line->about = strcmp(reports->shown.account, "0") != 0
                      ? strcmp(account, reports->shown.account) == 0
                      : account[0] == '\0' && strcmp(line->name, reports->shown.name) == 0;
}

void model_reports_show(struct model *model, const json_t *params, const json_t *data)
{
    struct model_reports *reports = &model->reports;
    const json_t *row;
    size_t i;

    (void)params;
    read_report(&reports->shown, data);
    fields_text(reports->session, sizeof(reports->session), data, "session");
    reports->before_n =
        read_reports(reports->before, MODEL_REPORTS_MORE, json_object_get(data, "before"));
    reports->lines_n = 0;
    json_array_foreach(json_object_get(data, "chat"), i, row)
    {
        if (i < MODEL_REPORT_LINES)
            read_line(reports, row);
    }
}
