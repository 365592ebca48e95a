/* players.c -- see players.h. */
#include "players.h"

#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "model.h"

bool model_guest(const struct model_player *player)
{
    return strcmp(player->account, "0") == 0;
}

void model_player_read(struct model_player *player, const json_t *row)
{
    fields_text(player->name, sizeof(player->name), row, "name");
    fields_text(player->session, sizeof(player->session), row, "session");
    fields_text(player->account, sizeof(player->account), row, "player");
    fields_text(player->address, sizeof(player->address), row, "address");
    fields_text(player->kind, sizeof(player->kind), row, "kind");
    player->guest = fields_true(row, "guest");
    player->away = fields_true(row, "away");
    if (player->away)
        snprintf(player->address, sizeof(player->address), "(dropped)");
    player->joined_ms = fields_integer(row, "joined_ms");
    player->rtt_ms = fields_number(row, "rtt_us") / 1000;
    player->in = fields_number(row, "in");
    player->out = fields_number(row, "out");
    player->x = fields_number(row, "x");
    player->y = fields_number(row, "y");
    player->z = fields_number(row, "z");
    player->cost_ms = fields_number(row, "cost_us") / 1000;
    player->in_per_s = fields_number(row, "in_per_s");
    player->out_per_s = fields_number(row, "out_per_s");
    player->cpu_ms_per_s = fields_number(row, "cost_us_per_s") / 1000;
    player->cells = fields_integer(row, "cells");
    player->shift = fields_integer(row, "shift");
    player->withheld = fields_integer(row, "withheld");
    player->dropped = fields_integer(row, "dropped");
}

void model_players_take(struct model *model, const json_t *params, const json_t *data)
{
    struct model_players *players = &model->players;
    const json_t *row;
    size_t i;

    (void)params;
    players->known = true;
    players->matched = fields_integer(data, "matched");
    players->from = (size_t)fields_integer(data, "offset");
    players->n = 0;
    json_array_foreach(json_object_get(data, "players"), i, row)
    {
        if (i == MODEL_PLAYERS)
            break;
        model_player_read(&players->rows[players->n++], row);
    }
}
