/* people.h -- the directory of presence: one `struct person` a session that asks to be somebody, by
 * session and by account. Owner: presence; control thread. */
#ifndef OPENMMO_PLAY_PEOPLE_H
#define OPENMMO_PLAY_PEOPLE_H

#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/hash.h"
#include "common/queue.h"
#include "common/space.h"
#include "common/text.h"
#include "net/network.h"
#include "play/sessions.h"
#include "sim/command.h"
#include "store/store.h"

enum person_state {
    PERSON_LOGIN,   /* accounts were asked */
    PERSON_WAITING, /* behind the holder of its account */
    PERSON_IN_LINE, /* holds its account; in the line for a place in the world */
    PERSON_PLACE,   /* the store was asked */
    PERSON_JOINING, /* JOIN is on its way */
    PERSON_PRESENT,
    PERSON_AWAY,    /* the session dropped; its figure stands until it is back or given up */
    PERSON_LEAVING, /* the session is over, LEAVE is on its way */
};

struct person {
    uint64_t session; /* key */
    enum person_state state;
    uint64_t player, entity;
    char name[TEXT_NAME_MAX_BYTES + 1];
    struct login_answer *welcome; /* kept until it is given */
    bool guest; /* it has no account: `player` is GUESTS_PLAYER, nothing of it is kept */
    enum protocol_role role; /* any but a player's is staff: first in the line */
    bool store_away; /* the account could not be looked up: only a place in memory will do */
    bool unplaced;   /* its saved place is not known yet: it is not saved (unplaced.h) */
    bool opened;     /* it has a row in game_sessions */
    bool logged_out; /* it said so */
    bool takes_over; /* a figure that stands: it is here already, however far it is on its way */
    bool dismissed;  /* an operator ended it: if he comes back, he is a newcomer */
    char
        row_id[STORE_SESSION_ID_MAX]; /* of its row in game_sessions, which a return goes on with */
    char login[STORE_SESSION_ID_MAX]; /* of the session that its password began; empty: a guest */
    bool placed; /* a web client said where it begins, if nobody knows better: */
    int32_t x, z;
    bool resumes;           /* it says that it comes back, */
    uint64_t chat_sequence; /* and which line it heard last */
    uint32_t sequence;      /* of control's commands for this session */
    uint64_t joined_ms;
    struct space_pos saved; /* as last given to the writeback */
    uint16_t saved_yaw;
    bool saved_once;
    struct person *waiting;         /* of a holder: who comes next */
    uint8_t address[NETWORK_BYTES]; /* from where it came */
    bool exempt;                    /* no limit on addresses applies to it */
    uint64_t away_until_ms;         /* AWAY; monotonic */
    struct person *prev, *next;
    UT_hash_handle hh;
    UT_hash_handle by_player; /* holders only */
};

struct people {
    struct person *persons; /* by session */
    struct person *holders; /* by account */
    struct person *away;    /* in AWAY, who was lost first */
    uint32_t present_n, leaving_n, in_line_n, away_n;
    uint32_t unplaced_n;
};

/* One who just came: PERSON_LOGIN. NULL: out of memory. */
struct person *people_add(struct people *people, uint64_t session);
void people_remove(struct people *people, struct person *person);           /* and free it */
void people_fini(struct people *people);                                    /* and free all */
struct person *people_find(const struct people *people, uint64_t session);  /* NULL: none */
struct person *people_holder(const struct people *people, uint64_t player); /* NULL: nobody */
/* By name, as at a login, of those present and those away. NULL: none. */
struct person *people_present(const struct people *people, const char *name);
/* The one place that moves a state. */
void people_enter(struct people *people, struct person *person, enum person_state state);
/* The account, which nobody else holds, is this one's from here on. -1: out of memory. */
int people_hold(struct people *people, struct person *person) MUST_CHECK;
/* The account passes from the one that holds it to this one. */
void people_hold_after(struct people *people, struct person *person, struct person *holder);
/* How many are in the world, on their way into it or out of it. */
uint32_t people_inside(const struct people *people);
/* To the simulation, by control's queue; takes what the command owns. -1: it is full (a fault of
 * ours, and logged). */
int people_command(struct person *person, struct queue *commands,
                   struct command *command) MUST_CHECK;
void people_drop_welcome(struct person *person); /* it holds a token */

#endif
