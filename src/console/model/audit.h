/* audit.h -- part of the model: what operators did (audit.list, page by page; topic audit, which
 * says that there is something new). */
#ifndef OPENMMO_CONSOLE_MODEL_AUDIT_H
#define OPENMMO_CONSOLE_MODEL_AUDIT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

#define MODEL_AUDIT_ROWS 1000

struct model_audit {
    bool known;
    json_t *rows[MODEL_AUDIT_ROWS]; /* as the daemon sends them, owned; the newest first */
    size_t n;
    bool all;        /* there are no older ones */
    char asked[512]; /* what they were searched by: another search begins anew */
    uint64_t news;   /* rises with what the topic says */
    uint64_t taken;  /* rises with each answer */
};

void model_audit_fini(struct model_audit *audit); /* frees; a zeroed one is fine */
/* Takes audit.list. */
void model_audit_take(struct model *model, const json_t *params, const json_t *data);
/* Takes topic audit. */
void model_audit_news(struct model *model, const json_t *params, const json_t *data);

#endif
