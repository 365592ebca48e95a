/* scene.h -- the sessions of a server with a real simulation, stepped by the test, a control that
 * knows one password, and players that come over TLS: what test_sessions plays with. All on the
 * test's thread (but for the io threads). */
#ifndef OPENMMO_TEST_SCENE_H
#define OPENMMO_TEST_SCENE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <event2/event.h>
#include <stdbool.h>

#include "common/link.h"
#include "common/replica.h"
#include "play/sessions.h"
#include "sim/sim.h"

#define SCENE_PLAYERS 64
#define SCENE_PENDING 12288

struct scene;

/* One client. */
struct player {
    struct scene *scene;
    struct link *link;
    struct replica *replica;
    struct error error;   /* why the link closed */
    unsigned counts[256]; /* frames by type */
    uint64_t entity;      /* after WELCOME */
    uint32_t tick, epoch, clock_tick, players, players_max;
    uint8_t logins;
    char name[128], motd[512];
    struct protocol_self self;
    uint8_t notice, disconnect; /* last reason */
    uint32_t retry_after_ms;
    char text[512]; /* of NOTICE, DISCONNECT or CHAT_LINE */
    char speaker[256];
    char token[PROTOCOL_TOKEN_MAX + 1];
    uint64_t cookie;
    uint32_t seq;
    bool malformed; /* something from the server was BAD */
    bool still;     /* not pumped: it reads nothing */
    /* Who vanished while the server had it in view: see scene->judged. */
    unsigned blinks;
    uint64_t bytes_in; /* of frames */
};

struct scene {
    struct event_base *base;
    struct heightfield *field;
    struct sim *sim;
    struct queue *queues[4];
    struct mailbox mailboxes[4];
    struct sessions_config config;
    int socket; /* that listens, until the sessions take it */
    struct sessions_handlers handlers;
    struct sessions *sessions;
    struct link_tls *tls;
    char folder[64];
    struct player *players[SCENE_PLAYERS];
    unsigned players_n;
    /* control */
    struct command pending[SCENE_PENDING];
    size_t pending_n;
    uint64_t next_player; /* account ids, by order of login */
    unsigned logins, log_outs, closed, done;
    unsigned intents_refused; /* by the simulation */
    enum protocol_reason closed_reason;
    struct login_request last; /* copied */
    bool no_guests;            /* of web clients */
    bool silent;               /* logins and log-outs are not answered */
    bool stopped;              /* no ticks */
    bool hidden;               /* ticks, but no snapshot is handed out */
    bool serving;              /* the loop runs: control, and with io_threads 0 the io side, too */
    bool judged;               /* blinks are counted */
    int32_t spot_x, spot_z;    /* m: where the next player comes in */
    uint64_t tick_ms;          /* real time of the last tick */
    unsigned every_ms;         /* between ticks */
    char token[PROTOCOL_TOKEN_MAX + 1];
};

/* io_threads 0..3; what a test wants otherwise it changes in scene->config before scene_start. */
struct scene *scene_new(unsigned io_threads);
/* The same with another world: so many entities, cells divided above so many members. */
struct scene *scene_new_world(unsigned io_threads, uint32_t entities_max, uint32_t divide_above);
void scene_start(struct scene *scene);
void scene_free(struct scene *scene);

/* To the simulation with the next tick, from control. */
void scene_command(struct scene *scene, struct command command);
void scene_tick(struct scene *scene);
/* One round of everything: control's loop, the clients, a tick if it is time. */
void scene_turn(struct scene *scene);
uint64_t scene_now_ms(void);
/* With io_threads 0 and stopped: one tick, and all of it sent and read, but by those who are still.
 */
void scene_step(struct scene *scene);

/* Turn until the condition holds; the test fails after 20 s. */
#define SCENE_UNTIL(scene, condition)                                                              \
    do {                                                                                           \
        uint64_t limit_ms_ = scene_now_ms() + 20000;                                               \
        while (!(condition) && scene_now_ms() < limit_ms_)                                         \
            scene_turn(scene);                                                                     \
        assert_true(condition);                                                                    \
    } while (0)
/* Turn for so long. */
void scene_run_ms(struct scene *scene, unsigned ms);

/* A connection that is open (TLS made). */
struct player *scene_connect(struct scene *scene);
void player_hello(struct player *player, uint16_t lowest, uint16_t highest);
void player_auth(struct player *player, const char *name, const char *password);
/* Connect, greet, log in, see oneself. */
struct player *scene_join(struct scene *scene, const char *name);
void player_move(struct player *player, uint16_t heading, uint8_t flags, uint8_t substeps);
void player_chat(struct player *player, uint8_t channel, const char *text);
void player_log_out(struct player *player);
void player_ping(struct player *player, uint64_t cookie);
void player_who(struct player *player, const uint64_t *ids, uint8_t ids_n);
bool player_closed(const struct player *player);
/* A figure without a connection, in the world at (x, z) m. Returns its session. */
uint64_t scene_figure(struct scene *scene, int32_t x_m, int32_t z_m);
void scene_figure_leave(struct scene *scene, uint64_t session);
void scene_figure_move(struct scene *scene, uint64_t session, uint32_t sequence, uint16_t heading);
/* A raw TCP connection to the port. */
int scene_raw(struct scene *scene);
/* What the server would say of the entity; NULL: not there. */
bool scene_entity(struct scene *scene, uint64_t id, struct snapshot_entity *entity);
/* Fails unless the player's replica equals the server's state of all it should see. */
void scene_compare(struct scene *scene, struct player *player);

#endif
