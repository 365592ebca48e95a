/* chat.h -- part of the model: the newest lines of the world's chat, all channels (chat.recent,
 * topic chat). */
#ifndef OPENMMO_CONSOLE_MODEL_CHAT_H
#define OPENMMO_CONSOLE_MODEL_CHAT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

#define MODEL_CHAT_LINES    1000
#define MODEL_CHAT_CHANNELS 3

struct model_chat_line {
    uint64_t sequence;
    int64_t at_ms;
    int channel;      /* 0 nearby, 1 global, 2 server */
    bool staff;       /* a moderator or an admin of the world said it */
    bool placed;      /* it is known where: */
    double x, z;      /* metres */
    int64_t layer;    /* 0: public */
    char name[256];   /* empty: the server */
    char session[24]; /* empty: the server, or said before a restart */
    char account[24]; /* "0": a guest, or the server */
    char text[512];
};

/* A ring: model_chat_line counts its lines from the oldest. */
struct model_chat {
    struct model_chat_line *lines;
    uint64_t taken, lost;
};

/* -1: out of memory. */
int model_chat_init(struct model_chat *chat);
void model_chat_fini(struct model_chat *chat); /* frees; a zeroed one is fine */

/* Takes chat.recent. */
void model_chat_recent(struct model *model, const json_t *params, const json_t *data);
/* Takes topic chat. */
void model_chat_take(struct model *model, const json_t *params, const json_t *data);

/* How many lines are held. */
size_t model_chat_n(const struct model *model);
/* The i-th, oldest first; i < model_chat_n; borrowed until the next answer. */
const struct model_chat_line *model_chat_line(const struct model *model, size_t i);
const char *model_channel_name(int channel); /* "nearby" */
int model_channel_of(const char *word);      /* its number; one not known: global's. May be NULL */

#endif
