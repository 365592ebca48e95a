/* config.h -- part of the model: the server's options as they hold (config.list). */
#ifndef OPENMMO_CONSOLE_MODEL_CONFIG_H
#define OPENMMO_CONSOLE_MODEL_CONFIG_H

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>

struct model;

#define MODEL_CONFIG_OPTIONS 512

struct model_config {
    json_t *options;                    /* as the daemon sends them, owned; NULL: not known yet */
    json_t *rows[MODEL_CONFIG_OPTIONS]; /* of these; borrowed */
    size_t n;
    uint64_t taken; /* rises with each answer */
};

void model_config_fini(struct model_config *config); /* frees; a zeroed one is fine */
/* Takes config.list. */
void model_config_take(struct model *model, const json_t *params, const json_t *data);

#endif
