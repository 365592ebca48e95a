/* config.c -- see config.h. */
#include "config.h"

#include "model.h"

void model_config_fini(struct model_config *config)
{
    json_decref(config->options);
    config->options = NULL;
    config->n = 0;
}

/* Part of them, asked for by name, is none of ours. */
void model_config_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_config *config = &model->config;
    json_t *options = json_object_get(data, "options");

    if (json_object_get(params, "name") != NULL || json_object_get(params, "changed") != NULL)
        return;
    model_config_fini(config);
    config->options = json_incref(options);
    while (config->n < json_array_size(options) && config->n < MODEL_CONFIG_OPTIONS) {
        config->rows[config->n] = json_array_get(options, config->n);
        config->n++;
    }
    config->taken++;
}
