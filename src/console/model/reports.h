/* reports.h -- part of the model: what players reported of each other: a page of the list
 * (reports.list), and one in full (reports.show). */
#ifndef OPENMMO_CONSOLE_MODEL_REPORTS_H
#define OPENMMO_CONSOLE_MODEL_REPORTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

#define MODEL_REPORTS      100 /* a page */
#define MODEL_REPORT_LINES 100
#define MODEL_REPORTS_MORE 20 /* earlier ones about the same account */

struct model_report {
    char id[24];
    int64_t at_ms, closed_ms; /* closed_ms 0: it is open */
    int64_t earlier;          /* reports about the same account before it */
    char name[256];           /* whom it is about */
    char account[24];         /* "0": a guest */
    char reporter[256];       /* empty: erased */
    char words[512], closed_by[64], verdict[256];
};

struct model_report_line {
    int64_t at_ms;
    int channel;    /* as model_channel_name takes it */
    char name[256]; /* empty: the server */
    bool about;     /* he said it whom the report is about */
    char text[512];
};

struct model_reports {
    struct model_report rows[MODEL_REPORTS]; /* newest first */
    size_t n;
    int64_t open;
    bool known;
    /* The one that was looked at last; shown.id empty: none was. */
    struct model_report shown, before[MODEL_REPORTS_MORE];
    size_t before_n, lines_n;
    char session[24]; /* of whom it is about; empty: he is not here */
    struct model_report_line lines[MODEL_REPORT_LINES]; /* the chat around it, oldest first */
};

/* Takes reports.list. */
void model_reports_take(struct model *model, const json_t *params, const json_t *data);
/* Takes reports.show. */
void model_reports_show(struct model *model, const json_t *params, const json_t *data);

#endif
