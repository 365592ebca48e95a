/* presence.h -- who is here: from a login that succeeded to the last save.
 *
 * Owns the directory of players present (by session, by account), and their way: login (accounts)
 * -> saved place (store, but first the saves still in memory) -> JOIN (sim) -> welcome (sessions)
 * ... -> LEAVE -> save. Who finds no room waits in a line (admission.h). The newer login of an
 * account wins, the older is told. Flushes the positions of all who are present every flush_ms.
 * Control thread only. */
#ifndef OPENMMO_PLAY_PRESENCE_H
#define OPENMMO_PLAY_PRESENCE_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/protocol.h"
#include "common/queue.h"
#include "common/text.h"
#include "play/sessions.h"
#include "sim/mailbox.h"
#include "sim/sim.h"
#include "store/writeback.h"

struct presence;
struct accounts; /* accounts/accounts.h */
struct bans;     /* accounts/bans.h */
struct policy;   /* accounts/policy.h */
struct bans_handlers;
struct reporting; /* play/reporting.h */

struct presence_config {
    struct event_base *base;
    struct accounts *accounts;
    struct bans *bans;           /* borrowed; NULL: nobody is banned */
    struct policy *policy;       /* borrowed; NULL: everybody may come in */
    struct reporting *reporting; /* borrowed; NULL: no reports are taken */
    struct store *store;
    struct queue *commands; /* control's own queue to the sim */
    uint32_t players_max;
    uint32_t queue_max; /* newcomers who may wait for a place */
    uint32_t flush_ms;  /* how often positions are saved */
    uint32_t epoch;
    uint32_t spawn_radius_m; /* where newcomers begin; 0: where the sim puts them */
    uint32_t size_m;         /* the world's edge; 0: no place is out of it */
    uint32_t left_open_ms;   /* how long one may go on with a session that a crash left open */
    uint32_t linger_ms;      /* how long a figure waits for one who dropped */
};

/* NULL + error. */
struct presence *presence_new(const struct presence_config *config, struct error *error);
/* After sessions_free, accounts_free and store_close, whose last words come here. NULL is fine. */
void presence_free(struct presence *presence);
/* What a running server can change: players_max, queue_max, flush_ms, linger_ms; the rest is not
 * looked at. */
void presence_reconfigure(struct presence *presence, const struct presence_config *config);
/* The ladder's fourth rung: newcomers wait in the line, even where there is room; those who were
 * here a minute ago do not. */
void presence_close_door(struct presence *presence, bool closed);

/* The handlers to give to sessions_new; sessions is told later because the two need each other. */
struct sessions_handlers presence_handlers(struct presence *presence);
/* What who comes in is told besides, if anything: false, nothing. */
typedef bool presence_word_fn(void *context, char text[PROTOCOL_TEXT_MAX + 1]);
/* See presence_word_fn; NULL: nothing. */
void presence_set_word(struct presence *presence, presence_word_fn *word, void *context);
/* NULL: they are going, say nothing more to them (before sessions_free). */
void presence_set_sessions(struct presence *presence, struct sessions *sessions);

/* What the sim said (taken from its event queue by the server's loop). */
void presence_sim_event(struct presence *presence, const struct sim_event *event);
/* The newest snapshot, for flushes and listings; takes the reference. */
void presence_snapshot(struct presence *presence, struct snapshot *snapshot);

struct presence_row {
    uint64_t session, player, entity;
    bool away;  /* the connection dropped, the figure stands: the figures are 0 */
    bool guest; /* player is 0 */
    char name[TEXT_NAME_MAX_BYTES + 1];
    uint64_t joined_ms; /* Unix time */
    double x_m, y_m, z_m;
    struct session_figures figures;
};
/* Each player present or away, in no order; stops when visit returns false. */
typedef bool presence_visit_fn(void *context, const struct presence_row *row);
/* The row is valid during visit only. */
void presence_each(struct presence *presence, presence_visit_fn *visit, void *context);
/* The one of that session, present or away. -1: there is none. */
int presence_row(const struct presence *presence, uint64_t session,
                 struct presence_row *row) MUST_CHECK;
/* The newest snapshot, as rows' places are of; borrowed until control's next turn. NULL: none yet.
 */
struct snapshot *presence_world(const struct presence *presence);
uint32_t presence_n(const struct presence *presence);        /* players present, none away */
uint32_t presence_guests_n(const struct presence *presence); /* guests, also on their way */
/* Whether the account is in the world, or on its way into it or out of it. */
bool presence_has(const struct presence *presence, uint64_t player);
/* Whether its figure stands in the world, with its player or waiting for him. */
bool presence_stands(const struct presence *presence, uint64_t player);
/* Every position as of then is durable. */
struct writeback_watermark presence_watermark(const struct presence *presence);

/* End the session of the player of that name (or, if name is NULL, that session). Returns 0, -1:
 * nobody by that name. */
int presence_kick(struct presence *presence, const char *name, uint64_t session,
                  const char *reason) MUST_CHECK;

/* Put the figure of that session elsewhere, onto the ground, with the next tick. x, z: units, are
 * clamped into the world. Returns 0; -1: nobody by that session is present, or the simulation has
 * not taken yet what it was told before. */
int presence_teleport(struct presence *presence, uint64_t session, int32_t x, int32_t z) MUST_CHECK;

/* Where an account is, as far as memory knows it. */
enum presence_place {
    PRESENCE_LIVE,    /* its figure stands in the world: as of the newest snapshot */
    PRESENCE_SAVING,  /* it is not here: as it was saved, newer than what the database has */
    PRESENCE_UNKNOWN, /* the database knows, if anybody; *place is left alone */
};
/* Metres, as of the newest snapshot, or of a save that waits. */
enum presence_place presence_place(const struct presence *presence, uint64_t player,
                                   struct store_position *place);

enum presence_put {
    PRESENCE_PUT_DONE,
    PRESENCE_PUT_NOWHERE, /* that is no place in this world */
    PRESENCE_PUT_LATER,   /* it is just coming or leaving, or all queues are full: try again */
};
/* Put an account, which there is, elsewhere (metres): its figure, onto the ground, with the next
 * tick; if it is not here, where it will begin: that goes to the database behind every save of
 * before. */
enum presence_put presence_put(struct presence *presence, uint64_t player, double x_m, double y_m,
                               double z_m) MUST_CHECK;

/* An operator gave the account another role, or another name: who is here is told, at once. Nobody
 * by that account: nothing. */
void presence_role(struct presence *presence, uint64_t player, enum protocol_role role);
/* His name is another now: all who see him are told. Nobody by that account: nothing. */
void presence_renamed(struct presence *presence, uint64_t player, const char *name);
/* The server's own line of chat, to all who hear that channel (not nearby). -1: out of memory, or
 * the simulation has not taken yet what it was told before. */
int presence_say(struct presence *presence, enum protocol_channel channel,
                 const char *text) MUST_CHECK;
/* The session by which an account is in the world now, its connection there. 0: it is not. */
uint64_t presence_session(const struct presence *presence, uint64_t player);
/* What whoever plays with that session may do. -1: nobody does. */
int presence_role_of(const struct presence *presence, uint64_t session,
                     enum protocol_role *role) MUST_CHECK;
/* A guest of that name who is here: his session. 0: there is none. */
uint64_t presence_guest(const struct presence *presence, const char *name);
/* Take no chat from that guest until then (as sessions_mute), and tell him. It is over when he
 * goes.
 */
void presence_mute_guest(struct presence *presence, uint64_t session, uint64_t until_ms,
                         const char *text);

/* End all that an account has here, on its way in too. Returns how many sessions were told. */
unsigned presence_end(struct presence *presence, uint64_t player, enum protocol_reason reason,
                      const char *text);
/* True: nothing of that account is here any more, nor on its way to the database. */
bool presence_gone(const struct presence *presence, uint64_t player);
/* Let nobody in by that account (it is being erased); 0: everybody again. */
void presence_bar(struct presence *presence, uint64_t player);
/* Whether that account left a minute ago, or has not quite left. */
bool presence_returns(const struct presence *presence, uint64_t player);
/* Whom the policy does not let in (any more), they go: those in the line and on their way in;
 * everyone: those too who are here, or away. Returns how many. */
unsigned presence_turn_out(struct presence *presence, bool everyone);
/* What bans and mutes do to those who are here: to give to bans_set_handlers. */
struct bans_handlers presence_bans_handlers(struct presence *presence);

/* The server stops: nobody is waited for any more, those who are lose their figures now. */
void presence_stop(struct presence *presence);
/* Save everyone now, those too who are just leaving (the sim must go on for them), and call done
 * when all is durable, or after 10 s without that (then lost > 0). For stop and `save.now`. One at
 * a time: a second call takes the place of the first, which is told what holds then. */
void presence_save_all(struct presence *presence, void (*done)(void *context, uint32_t lost),
                       void *context);
/* Why places could not be saved when it was last tried; empty: they were. Valid until control's
 * next turn. */
const char *presence_save_trouble(const struct presence *presence);

#endif
