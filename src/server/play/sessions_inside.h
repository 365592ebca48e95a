/* sessions_inside.h -- what the files of sessions share, and nobody else includes.
 *
 *   sessions.c           the handle: life, settings, what control answers and tells
 *   sessions_arriving.c  who comes and goes: slots, the limits at the door, what the io threads say
 *   sessions_figures.c   what operators see of them
 *
 * Control thread only, but for what an io thread posts (sessions_arriving.c). */
#ifndef OPENMMO_PLAY_SESSIONS_INSIDE_H
#define OPENMMO_PLAY_SESSIONS_INSIDE_H

#include "net/address.h"
#include "net/bucket.h"
#include "net/tls.h"
#include "ops/postbox.h"
#include "play/acceptor.h"
#include "play/host.h"
#include "play/rates.h"
#include "play/sessions.h"

#define SESSIONS_NO_SLOT UINT32_MAX

/* What an io thread says about a slot's session. */
struct slot_post {
    struct postbox_item item;
    struct sessions *sessions;
    uint64_t session;
    enum protocol_reason reason;   /* closed */
    struct login_request *request; /* login */
};

struct slot {
    uint32_t generation;
    uint32_t next_free;
    bool used, logged_in, ending;
    bool web;        /* a seat within a connection that is not ours to count */
    uint8_t tallied; /* by bits of enum tally_gauge: what the tally holds of it */
    unsigned thread;
    uint64_t opened_ms;
    struct sockaddr_storage address;
    struct host_counters counters;
    struct rates rates;
    struct slot_post closed, login, log_out;
};

struct sessions {
    struct event_base *base;
    struct sessions_handlers handlers;
    struct host_world world;
    struct pressure_server pressure;
    struct postbox *postbox;
    struct host **hosts;
    uint32_t *hosts_load; /* sessions on each */
    unsigned hosts_n;
    struct acceptor *acceptor;
    struct address_table *addresses;
    struct tally *tally;
    struct slot *slots;
    uint32_t slots_n, free_first, used_n, connections_max;
    uint32_t strangers_n; /* web clients with a slot that have not joined */
    uint32_t serial;      /* of settings */
    char fingerprint[TLS_FINGERPRINT_BYTES];
    bool draining, freeing;
    struct bucket barred;
    struct event *drained;
    void (*done)(void *context);
    void *done_context;
    void (*ended)(void *context, unsigned thread); /* sessions_on_end */
    void *ended_context;
};

/* The session of a slot that is used. */
uint64_t sessions_slot_id(const struct sessions *sessions, const struct slot *slot);
/* NULL: it is gone. */
struct slot *sessions_slot_find(const struct sessions *sessions, uint64_t session);
/* Used, and connected from there. */
bool sessions_is_from(const struct slot *slot, const struct network *network);

/* What does not change in a slot; once, before it is used. */
void sessions_slot_init(struct sessions *sessions, struct slot *slot);
/* The door is empty: nobody was turned away for a ban lately. */
void sessions_arriving_init(struct sessions *sessions);
/* A connection is here: placed on an io thread; false: closed. Takes fd. context: the sessions. */
bool sessions_arrived(void *context, int fd, const struct sockaddr_storage *address);
/* What an io thread says comes to these sessions from now on. */
void sessions_hear(struct sessions *sessions, struct host_config *host);
/* It is a stranger no more; twice is fine. */
void sessions_logged_in(struct sessions *sessions, struct slot *slot);
/* When all are gone of a drain: say so, in the loop's next turn. */
void sessions_drain_check(struct sessions *sessions);

#endif
