/* dossier.h -- part of the model: one player in full, as he is now (players.show), and what is on
 * record of his account (players.history): bans, mutes, sessions and chat in one line of time. */
#ifndef OPENMMO_CONSOLE_DOSSIER_H
#define OPENMMO_CONSOLE_DOSSIER_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "players.h"

struct model;

#define MODEL_EVENTS 200

/* Something that happened. */
struct model_event {
    int64_t at_ms;
    enum { MODEL_EVENT_BAN, MODEL_EVENT_MUTE, MODEL_EVENT_STAY, MODEL_EVENT_CHAT } what;
    bool holds;     /* a ban or a mute that is in force, a session that goes on */
    int64_t end_ms; /* when it ended or will; 0: never, or not yet */
    char by[64], lifted_by[64], text[512]; /* text: the reason; what was said */
};

struct model_dossier {
    struct model_player player; /* as of the last answer; session: whose it is */
    bool muted;
    int64_t muted_until_ms, opened_ms, thread;
    char account[24];                        /* whose events these are; empty: of nobody yet */
    int64_t created_ms;                      /* the account */
    struct model_event events[MODEL_EVENTS]; /* the newest first */
    size_t n;
};

/* Takes players.show. */
void model_dossier_take(struct model *model, const json_t *params, const json_t *data);
/* Takes players.history. */
void model_dossier_history(struct model *model, const json_t *params, const json_t *data);

#endif
