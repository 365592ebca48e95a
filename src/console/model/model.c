/* model.c -- see model.h. Which part takes what. */
#include "model.h"

#include <string.h>

#include "common/compiler.h"

/* clang-format off */
static const struct {
    const char *method, *topic; /* NULL: none */
    /* params: of an answer what was asked, of a notification subscription and lost. */
    void (*take)(struct model *model, const json_t *params, const json_t *data);
} TAKES[] = {
    {"rpc.discover",    NULL,      model_rpc_take},
    {"server.status",   NULL,      model_status_take},
    {NULL,              "metrics", model_status_sample},
    {"metrics.history", NULL,      model_history_take},
    {"server.worst",    NULL,      model_worst_take},
    {"server.profile",  NULL,      model_profile_take},
    {"world.show",       NULL,     model_world_take},
    {"world.heights",    NULL,     model_world_take_heights},
    {"world.population", NULL,     model_world_take_population},
    {"world.players",    NULL,     model_world_take_players},
    {"world.cell",       NULL,     model_world_take_cell},
    {"world.player",     NULL,     model_world_take_one},
    {"players.list",    "players", model_players_take},
    {"players.show",    NULL,      model_dossier_take},
    {"players.history", NULL,      model_dossier_history},
    {"store.show",      NULL,      model_database_take},
    {"store.statements", NULL,     model_database_statements},
    {"store.migrations", NULL,     model_database_migrations},
    {"network.addresses", NULL,    model_network_addresses},
    {"network.blocked", NULL,      model_network_blocked},
    {"network.traffic", NULL,      model_network_traffic},
    {"network.show",    NULL,      model_network_show},
    {"network.accounts", NULL,     model_network_accounts},
    {"log.tail",        NULL,      model_log_tail},
    {NULL,              "log",     model_log_take},
    {"alerts.list",     "alerts",  model_alerts_take},
    {"chat.recent",     NULL,      model_chat_recent},
    {NULL,              "chat",    model_chat_take},
    {"reports.list",    NULL,      model_reports_take},
    {"reports.show",    NULL,      model_reports_show},
    {"audit.list",      NULL,      model_audit_take},
    {NULL,              "audit",   model_audit_news},
    {"config.list",     NULL,      model_config_take},
};
/* clang-format on */

int model_init(struct model *model)
{
    memset(model, 0, sizeof(*model));
    return model_log_init(&model->log) == 0 && model_chat_init(&model->chat) == 0 ? 0 : -1;
}

void model_fini(struct model *model)
{
    model_rpc_fini(&model->rpc);
    model_log_fini(&model->log);
    model_chat_fini(&model->chat);
    model_audit_fini(&model->audit);
    model_config_fini(&model->config);
    model_world_fini(&model->world);
    memset(model, 0, sizeof(*model));
}

void model_answer(struct model *model, const char *method, const json_t *params, const json_t *data)
{
    for (size_t i = 0; i < ARRAY_N(TAKES); i++) {
        if (TAKES[i].method != NULL && strcmp(TAKES[i].method, method) == 0)
            TAKES[i].take(model, params, data);
    }
}

void model_notify(struct model *model, const char *topic, const json_t *params)
{
    for (size_t i = 0; i < ARRAY_N(TAKES); i++) {
        if (TAKES[i].topic != NULL && strcmp(TAKES[i].topic, topic) == 0)
            TAKES[i].take(model, params, json_object_get(params, "data"));
    }
}
