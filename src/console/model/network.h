/* network.h -- part of the model: addresses and how they stand (network.addresses,
 * network.blocked), one of them closely (network.show, network.accounts), traffic by class
 * (network.traffic). */
#ifndef OPENMMO_CONSOLE_NETWORK_H
#define OPENMMO_CONSOLE_NETWORK_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct model;

#define MODEL_ADDRESSES 500
#define MODEL_CLASSES   8
#define MODEL_PEERS     100
#define MODEL_SEEN      100

/* An address or, among those that are held back, an account whose password was guessed at. */
struct model_address {
    char network[56], state[16], why[208], ban[24]; /* ban: "" none */
    char account[24]; /* an account's number; then network is its name. "": an address */
    int64_t connections, before_login, players, hits;
    int64_t accepted, refused, banned, unshaken, login_failures, logins_limited, limited;
    double new_per_s, in, out;
    int64_t until_ms, first_ms, seen_ms; /* until_ms 0: no end is known */
};

struct model_class {
    char name[16];
    int64_t open, accepted, refused, limited;
    double in, out;
};

/* A connection from the address that is looked at, and an account that logged in from there. */
struct model_peer {
    char name[256], address[56], kind[8]; /* name: "" not in the world */
    bool logged_in;
    int64_t opened_ms;
    double in, out, rtt_ms;
};
struct model_seen {
    char name[256], id[24];
    int64_t seen_ms;
    bool here;
};

struct model_network {
    bool known, blocked; /* blocked: only those that are held back */
    int64_t remembered, matched, untold, bans;
    struct model_address addresses[MODEL_ADDRESSES];
    size_t n;
    struct model_class classes[MODEL_CLASSES];
    size_t classes_n;
    int64_t logins_ok, logins_failed, logins_limited, turned_away;
    int64_t handshakes_ok, handshakes_failed;
    /* One closely. */
    char shown[56]; /* which; "": none */
    int64_t shown_sessions;
    struct model_peer peers[MODEL_PEERS];
    size_t peers_n;
    char seen_at[56]; /* of which seen tells; "": none */
    struct model_seen seen[MODEL_SEEN];
    size_t seen_n;
};

/* Takes network.addresses. */
void model_network_addresses(struct model *model, const json_t *params, const json_t *data);
/* Takes network.blocked. */
void model_network_blocked(struct model *model, const json_t *params, const json_t *data);
/* Takes network.traffic. */
void model_network_traffic(struct model *model, const json_t *params, const json_t *data);
/* Takes network.show. */
void model_network_show(struct model *model, const json_t *params, const json_t *data);
/* Takes network.accounts. */
void model_network_accounts(struct model *model, const json_t *params, const json_t *data);

#endif
