/* seat.h -- what every player's connection is to its host and to control, of whatever kind: a
 * native session (session.h) or a web client's player (http/webplayer.h), which embed it.
 *
 * A seat is known by its id to control, which posts to it through the host; the host lists those
 * who play and gives each its turn in the sweep. What is done differently is a row of functions,
 * the seat's kind. Owner: the io thread of its host. */
#ifndef OPENMMO_PLAY_SEAT_H
#define OPENMMO_PLAY_SEAT_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/protocol.h"
#include "common/text.h"
#include "net/bucket.h"
#include "ops/postbox.h"
#include "play/host.h"
#include "sim/command.h"

struct seat;

/* A native session's seat is made by control, with the socket. One that comes to be on its io
 * thread, within another connection, asks control for its id, by this: it goes there and comes
 * back. The seat lives until it does. */
struct seat_ask {
    struct postbox_item item;
    struct seat *seat;
    void *context; /* control's */
    struct sockaddr_storage address;
    bool has_token;
    char token[PROTOCOL_TOKEN_MAX + 1]; /* an access token */
    /* The answer. */
    uint64_t id; /* 0: refused, for why */
    struct host_counters *counters;
    char why[PROTOCOL_TEXT_MAX + 1];
    uint64_t player, issued_s; /* whose the token is, and when it was made; 0: a guest */
    char username[TEXT_NAME_MAX_BYTES + 1];
};

/* What a kind does with what control and the host say. None frees the seat within the call; each
 * may close it. text: borrowed; NULL where it is said so: the reason's own. */
struct seat_kind {
    void (*seated)(struct seat *seat, const struct seat_ask *ask); /* of those that ask */
    void (*answer)(struct seat *seat, const struct login_answer *answer);
    void (*wait)(struct seat *seat, const char *text);   /* his turn in the line has not come */
    void (*notice)(struct seat *seat, const char *text); /* a word to one who plays */
    void (*mute)(struct seat *seat, uint64_t until_ms, const char *text);
    /* Say so and close. text may be NULL. Fine if it ends already. */
    void (*end)(struct seat *seat, enum protocol_reason reason, uint32_t retry_after_ms,
                const char *text);
    void (*gather)(struct seat *seat, struct snapshot *snapshot); /* its turn in a sweep */
    void (*close)(struct seat *seat); /* at once, without a word; fine if closed */
};

struct seat {
    const struct seat_kind *kind;
    struct host *host;
    uint64_t id;                    /* 0: it has none yet, and is not listed */
    enum protocol_reason reason;    /* why it ends */
    struct host_counters *counters; /* control's, until closed was told */
    struct sockaddr_storage address;
    bool guest; /* lowest rates */
    struct bucket allow[HOST_LIMITS_N], flood[HOST_LIMITS_N];
    uint64_t muted_until_ms; /* Unix time; it says nothing before */
    /* Playing. */
    struct seat *previous, *next; /* host->playing; before it has an id: host->asking */
    uint64_t entity;
    uint32_t joined_tick;
    uint32_t sequence;      /* of its commands */
    uint64_t chat_sequence; /* of the last line looked at */
    uint64_t gather_us;     /* CPU time of its turns, as sampled */
    uint32_t place;         /* in the sweep's order: order.h */
    uint8_t phase;          /* 0..15, see tiers.h */
};

/* In place, zeroed before: full buckets. */
void seat_init(struct seat *seat, const struct seat_kind *kind, struct host *host);
/* Ask for an id, as one who comes from there. token: copied, or NULL. -1: out of memory, or a token
 * that can be none. */
int seat_ask(struct seat *seat, const struct sockaddr_storage *address,
             const char *token) MUST_CHECK;
void seat_ask_no_more(struct seat *seat); /* the host ends: the answer does not come */
/* Of an ask, posted back to the io thread. */
void seat_answered(struct postbox_item *item);
/* It is the host's under this id, from here to seat_unlist. */
void seat_list(struct seat *seat, uint64_t id, struct host_counters *counters);
/* Control is told that it is over, with seat->reason; its slot and counters are free from here on.
 */
void seat_unlist(struct seat *seat);

/* It has turns in the sweeps from the next one on. */
void seat_play(struct seat *seat);
void seat_play_no_more(struct seat *seat); /* as above; only one that has turns */

/* To the sim, by this thread's queue; kind and as are the caller's. -1: there is no room now. */
int seat_command(struct seat *seat, struct command *command) MUST_CHECK;

enum seat_limit { SEAT_WITHIN, SEAT_OVER, SEAT_FLOODS };
/* Take a token of a kind of messages (HOST_LIMIT_*). OVER: it is to be dropped, and *wait_ms is
 * when there is one again; FLOODS: and the seat is to be ended. */
enum seat_limit seat_take(struct seat *seat, int limit, uint32_t *wait_ms) MUST_CHECK;
/* What floods is logged, not too often. message: what it sent. */
void seat_log_flood(const struct seat *seat, const char *message);

#endif
