/* rpc.h -- part of the model: who we are to the daemon and what can be asked (rpc.discover). */
#ifndef OPENMMO_CONSOLE_RPC_H
#define OPENMMO_CONSOLE_RPC_H

#include <jansson.h>

struct model;

struct model_rpc {
    char you[80], role[16];
    json_t *methods; /* as rpc.discover lists them; NULL: not known yet */
};

void model_rpc_fini(struct model_rpc *rpc); /* frees; a zeroed one is fine */
/* Takes rpc.discover. */
void model_rpc_take(struct model *model, const json_t *params, const json_t *data);

#endif
