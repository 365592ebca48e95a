/* network.c -- see network.h. */
#include "network.h"

#include <stdio.h>
#include <string.h>

#include "fields.h"
#include "model.h"

static void read_address(struct model_address *address, const json_t *row)
{
    memset(address, 0, sizeof(*address));
    fields_text(address->network, sizeof(address->network), row, "network");
    fields_text(address->state, sizeof(address->state), row, "state");
    fields_text(address->why, sizeof(address->why), row, "why");
    fields_text(address->ban, sizeof(address->ban), row, "ban");
    address->connections = fields_integer(row, "connections");
    address->before_login = fields_integer(row, "before_login");
    address->players = fields_integer(row, "players");
    address->hits = fields_integer(row, "hits");
    address->accepted = fields_integer(row, "accepted");
    address->refused = fields_integer(row, "refused");
    address->banned = fields_integer(row, "banned");
    address->unshaken = fields_integer(row, "handshakes_failed");
    address->login_failures = fields_integer(row, "login_failures");
    address->logins_limited = fields_integer(row, "logins_limited");
    address->limited = fields_integer(row, "limited");
    address->new_per_s = fields_number(row, "new_per_s");
    address->in = fields_number(row, "in");
    address->out = fields_number(row, "out");
    address->until_ms = fields_integer(row, "until_ms");
    address->first_ms = fields_integer(row, "first_ms");
    address->seen_ms = fields_integer(row, "seen_ms");
}

static void take_addresses(struct model_network *network, const json_t *rows)
{
    const json_t *row;
    size_t i;

    network->known = true;
    network->n = 0;
    json_array_foreach((json_t *)rows, i, row)
    {
        if (network->n == MODEL_ADDRESSES)
            break;
        read_address(&network->addresses[network->n++], row);
    }
}

void model_network_addresses(struct model *model, const json_t *params, const json_t *data)
{
    struct model_network *network = &model->network;

    (void)params;
    network->blocked = false;
    network->remembered = fields_integer(data, "known");
    network->matched = fields_integer(data, "matched");
    network->untold = fields_integer(data, "untold");
    take_addresses(network, json_object_get(data, "addresses"));
}

/* A locked account stands among the addresses, so that all who are held back are one list. */
static void read_account(struct model_address *address, const json_t *row)
{
    memset(address, 0, sizeof(*address));
    fields_text(address->account, sizeof(address->account), row, "id");
    fields_text(address->network, sizeof(address->network), row, "player");
    if (address->account[0] == '\0') {
        snprintf(address->account, sizeof(address->account), "0");
        snprintf(address->network, sizeof(address->network), "(nobody's)");
    }
    snprintf(address->state, sizeof(address->state), "auth-locked");
    snprintf(address->why, sizeof(address->why), "account: wrong passwords%s",
             fields_true(row, "at_home") ? ", from its own network" : "");
    address->login_failures = address->hits = fields_integer(row, "failures");
    address->until_ms = fields_integer(row, "until_ms");
}

void model_network_blocked(struct model *model, const json_t *params, const json_t *data)
{
    struct model_network *network = &model->network;
    const json_t *row;
    size_t i;

    (void)params;
    network->blocked = true;
    network->bans = fields_integer(data, "bans");
    take_addresses(network, json_object_get(data, "addresses"));
    json_array_foreach(json_object_get(data, "accounts"), i, row)
    {
        if (network->n == MODEL_ADDRESSES)
            break;
        read_account(&network->addresses[network->n++], row);
    }
    network->matched = fields_integer(data, "matched") +
                       (int64_t)json_array_size(json_object_get(data, "accounts"));
}

void model_network_traffic(struct model *model, const json_t *params, const json_t *data)
{
    struct model_network *network = &model->network;
    const json_t *logins = json_object_get(data, "logins");
    const json_t *handshakes = json_object_get(data, "handshakes");
    const json_t *row;
    size_t i;

    (void)params;
    network->logins_ok = fields_integer(logins, "ok");
    network->logins_failed = fields_integer(logins, "failed");
    network->logins_limited = fields_integer(logins, "limited");
    network->turned_away = fields_integer(data, "banned");
    network->handshakes_ok = fields_integer(handshakes, "ok");
    network->handshakes_failed = fields_integer(handshakes, "failed");
    network->classes_n = 0;
    json_array_foreach(json_object_get(data, "classes"), i, row)
    {
        struct model_class *class_of = &network->classes[network->classes_n];

        if (i == MODEL_CLASSES)
            break;
        fields_text(class_of->name, sizeof(class_of->name), row, "class");
        class_of->open = fields_integer(row, "open");
        class_of->accepted = fields_integer(row, "accepted");
        class_of->refused = fields_integer(row, "refused");
        class_of->limited = fields_integer(row, "limited");
        class_of->in = fields_number(row, "in");
        class_of->out = fields_number(row, "out");
        network->classes_n++;
    }
}

void model_network_show(struct model *model, const json_t *params, const json_t *data)
{
    struct model_network *network = &model->network;
    const json_t *row;
    size_t i;

    fields_text(network->shown, sizeof(network->shown), params, "network");
    network->shown_sessions = fields_integer(data, "matched");
    network->peers_n = 0;
    json_array_foreach(json_object_get(data, "sessions"), i, row)
    {
        struct model_peer *peer = &network->peers[network->peers_n];

        if (i == MODEL_PEERS)
            break;
        fields_text(peer->name, sizeof(peer->name), row, "name");
        fields_text(peer->address, sizeof(peer->address), row, "address");
        fields_text(peer->kind, sizeof(peer->kind), row, "kind");
        peer->logged_in = fields_true(row, "logged_in");
        peer->opened_ms = fields_integer(row, "opened_ms");
        peer->in = fields_number(row, "in");
        peer->out = fields_number(row, "out");
        peer->rtt_ms = fields_number(row, "rtt_us") / 1000;
        network->peers_n++;
    }
}

void model_network_accounts(struct model *model, const json_t *params, const json_t *data)
{
    struct model_network *network = &model->network;
    const json_t *row;
    size_t i;

    fields_text(network->seen_at, sizeof(network->seen_at), params, "network");
    network->seen_n = 0;
    json_array_foreach(json_object_get(data, "accounts"), i, row)
    {
        struct model_seen *seen = &network->seen[network->seen_n];

        if (i == MODEL_SEEN)
            break;
        fields_text(seen->name, sizeof(seen->name), row, "player");
        fields_text(seen->id, sizeof(seen->id), row, "id");
        seen->seen_ms = fields_integer(row, "seen_ms");
        seen->here = fields_true(row, "here");
        network->seen_n++;
    }
}
