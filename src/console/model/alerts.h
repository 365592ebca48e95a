/* alerts.h -- part of the model: what somebody should look at (alerts.list, topic alerts). */
#ifndef OPENMMO_CONSOLE_MODEL_ALERTS_H
#define OPENMMO_CONSOLE_MODEL_ALERTS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

#define MODEL_ALERTS 64 /* of each kind, at most */

struct model_alert {
    char name[32];
    char severity[8]; /* "page", "warn", "info" */
    char words[256], advice[256];
    char id[48];                  /* name and when it began */
    int64_t since_ms, cleared_ms; /* cleared: 0 while it is active */
};

struct model_alerts {
    bool known;
    size_t active_n, page_n;                   /* page: of the active ones */
    struct model_alert rows[2 * MODEL_ALERTS]; /* the active ones first */
    size_t n;
};

/* Takes alerts.list. */
void model_alerts_take(struct model *model, const json_t *params, const json_t *data);

#endif
