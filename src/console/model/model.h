/* model.h -- what the console knows of the server: the last answers, as screens draw them.
 *
 * Fed only by answers and notifications of the operator's socket (doc/admin.md), so recorded ones
 * test all that is drawn. One file a part; which part takes what is a row of model.c's table. What
 * an answer lacks reads as zero or empty. One thread. */
#ifndef OPENMMO_CONSOLE_MODEL_H
#define OPENMMO_CONSOLE_MODEL_H

#include <jansson.h>

#include "alerts.h"
#include "audit.h"
#include "chat.h"
#include "config.h"
#include "database.h"
#include "dossier.h"
#include "log.h"
#include "network.h"
#include "players.h"
#include "profile.h"
#include "reports.h"
#include "rpc.h"
#include "status.h"
#include "world.h"
#include "worst.h"

struct model {
    struct model_rpc rpc;
    struct model_status status;
    struct model_history history;
    struct model_worst worst;
    struct model_profile profile;
    struct model_players players;
    struct model_dossier dossier;
    struct model_database database;
    struct model_network network;
    struct model_log log;
    struct model_alerts alerts;
    struct model_chat chat;
    struct model_reports reports;
    struct model_audit audit;
    struct model_config config;
    struct model_world world;
};

/* In place. -1: out of memory. */
int model_init(struct model *model);
/* Frees; a zeroed model is fine. */
void model_fini(struct model *model);

/* An answer: method and params are what was asked (params may be NULL), data the result; all
 * borrowed. A method that no part takes is ignored. */
void model_answer(struct model *model, const char *method, const json_t *params,
                  const json_t *data);
/* A notification's params: subscription, lost, data. */
void model_notify(struct model *model, const char *topic, const json_t *params);

#endif
