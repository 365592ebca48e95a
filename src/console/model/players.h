/* players.h -- part of the model: the rows of the player list that were asked for (players.list).
 */
#ifndef OPENMMO_CONSOLE_PLAYERS_H
#define OPENMMO_CONSOLE_PLAYERS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

#define MODEL_PLAYERS 300 /* rows that are held: a screenful and its surroundings */

struct model_player {
    char name[256], session[24], account[24], address[64]; /* account: "0" of a guest */
    char kind[8];                                          /* native, web */
    bool guest, away;                                      /* away: the connection dropped */
    int64_t joined_ms;
    double rtt_ms, in, out, x, y, z, cost_ms;
    double in_per_s, out_per_s, cpu_ms_per_s; /* lately */
    int64_t cells, shift, withheld, dropped;
};

struct model_players {
    struct model_player rows[MODEL_PLAYERS];
    size_t n, from;  /* from: the first row's place in the whole list */
    int64_t matched; /* rows of the whole list */
    bool known;
};

bool model_guest(const struct model_player *player); /* he has no account */

/* From a player as the daemon's methods say him. */
void model_player_read(struct model_player *player, const json_t *row);

/* Takes players.list. */
void model_players_take(struct model *model, const json_t *params, const json_t *data);

#endif
