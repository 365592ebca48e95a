/* rpc.c -- see rpc.h. */
#include "rpc.h"

#include "fields.h"
#include "model.h"

void model_rpc_fini(struct model_rpc *rpc)
{
    json_decref(rpc->methods);
}

void model_rpc_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_rpc *rpc = &model->rpc;
    const json_t *you = json_object_get(data, "you");

    (void)params;
    fields_text(rpc->you, sizeof(rpc->you), you, "name");
    fields_text(rpc->role, sizeof(rpc->role), you, "role");
    json_decref(rpc->methods);
    rpc->methods = json_incref(json_object_get(data, "methods"));
}
