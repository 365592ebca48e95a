/* harness.h -- end-to-end tests: the real daemon in a directory of its own, and players who speak
 * the real protocol.
 *
 * A test makes a daemon (daemon_start), a party of players (party_new) and waits by UNTIL, which
 * pumps the party: no sleeping for luck. Everything ends by pid. One thread. Failures end the test
 * through cmocka. */
#ifndef OPENMMO_TESTS_HARNESS_H
#define OPENMMO_TESTS_HARNESS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

#include <cmocka.h>

#include "common/heightfield.h"
#include "common/link.h"
#include "common/movement.h"
#include "common/protocol.h"
#include "common/replica.h"

#define DEADLINE_MS                                                                                \
    20000 /* far more than anything takes, also under a sanitizer on a busy machine */

/* Wait until the condition holds, pumping the party (may be NULL); the test fails after the
 * milliseconds. */
#define UNTIL(party, ms, condition)                                                                \
    do {                                                                                           \
        uint64_t until_ms_ = now_ms() + (ms);                                                      \
        while (!(condition)) {                                                                     \
            if (now_ms() > until_ms_)                                                              \
                fail_msg("%s:%d: waited %d ms in vain for: %s", __FILE__, __LINE__, (int)(ms),     \
                         #condition);                                                              \
            party_pump(party, 10);                                                                 \
        }                                                                                          \
    } while (0)

uint64_t now_ms(void); /* monotonic */
/* A port of 127.0.0.1 that nobody listens on now. */
uint16_t port_free(void);

/* ---- the daemon ---- */

struct daemon {
    pid_t pid;     /* 0: not running */
    int status;    /* of waitpid, once it has ended */
    int notify_fd; /* what it tells the service manager */
    uint16_t port;
    char dir[64];      /* its directory; removed by daemon_remove */
    char log_path[96]; /* stderr of all its runs */
    char ini_path[96], admin_path[96], store_path[96];
};

/* Make a directory with a configuration on a free port: every address exempt from limits, cheap
 * password hashes, then the given lines. Nothing is started. */
void daemon_make(struct daemon *daemon, const char *more_ini);
/* Write the configuration anew (same port). */
void daemon_configure(struct daemon *daemon, const char *more_ini);
/* Start it and wait until it is ready. extra: more arguments, NULL at the end; may be NULL. */
void daemon_start(struct daemon *daemon, const char *const *extra);
/* Start it without waiting (it may refuse). file_bytes_max: limit on files it writes, 0: none. */
void daemon_spawn(struct daemon *daemon, const char *const *extra, uint64_t file_bytes_max);
void daemon_wait_ready(struct daemon *daemon);
void daemon_signal(struct daemon *daemon, int signal);
#define DAEMON_AGAIN 75 /* the exit code of one that is to be started again: the unit's */
/* Wait for its end; returns the exit code, or 128 + signal. */
int daemon_wait_exit(struct daemon *daemon);
int daemon_terminate(struct daemon *daemon); /* SIGTERM and wait */
void daemon_kill(struct daemon *daemon);     /* SIGKILL and wait */
bool daemon_running(struct daemon *daemon);
/* Kill what runs, remove the directory (kept, and named, where E2E_KEEP is set). For teardowns;
 * fine twice. */
void daemon_remove(struct daemon *daemon);
/* The log of all runs so far; valid until the next call. */
const char *daemon_log(struct daemon *daemon);
bool daemon_said(struct daemon *daemon, const char *text);
/* One request to the admin socket; the answer's line, valid until the next call; NULL if there is
 * none in time. */
const char *daemon_ask(struct daemon *daemon, const char *method, const char *params_json);
/* The same of a whole line, with its line feed: a batch. */
const char *daemon_ask_line(struct daemon *daemon, const char *line);
/* A metric's value, by the name that metrics.get takes; none fails the test. */
long long daemon_metric(struct daemon *daemon, const char *name);
/* The port of HTTP (any that was free), by asking the running daemon. */
uint16_t daemon_http_port(struct daemon *daemon);
/* Run another openmmod with these arguments to its end; returns its exit code, *out: stdout and
 * stderr, until the next. */
int openmmod_run(const char *const *arguments, const char **out);

/* ---- players ---- */

struct player {
    struct party *party;
    struct link *link;
    struct replica *replica; /* NULL before WELCOME */
    struct heightfield *field;
    enum link_state state;
    struct error closed; /* why the link ended */
    bool deaf;           /* never pumped: a client that does not read */
    bool mute;           /* says nothing by itself: no HELLO, no WHO */
    bool greeted, welcomed, gone;
    uint8_t notice, farewell; /* last NOTICE's and DISCONNECT's reason; 0xff: none came */
    uint32_t notices_n;
    char notice_text[PROTOCOL_TEXT_MAX + 1];
    char farewell_text[PROTOCOL_TEXT_MAX + 1];
    struct protocol_greeting greeting;
    uint64_t entity;
    uint32_t epoch;
    uint8_t role;
    char name[TEXT_NAME_MAX_BYTES + 1], token[PROTOCOL_TOKEN_MAX + 1];
    uint32_t seq; /* last MOVE sent */
    struct protocol_self self;
    uint32_t selves_n, dropped;      /* SELFs that came, substeps given up in all */
    struct movement_state predicted; /* where all MOVEs sent lead, from the first SELF on */
    struct movement_intent intent;
    bool walking;
    uint64_t next_move_ms;
    uint16_t tempo; /* as CLOCK says; MOVEs are sent accordingly */
    struct {
        uint64_t entity;
        uint8_t channel;
        char name[TEXT_NAME_MAX_BYTES + 1], text[PROTOCOL_TEXT_MAX + 1];
    } lines[64];
    unsigned lines_n;
    uint64_t heard;          /* sequence of the last line: each comes once, in order */
    uint32_t retry_after_ms; /* DISCONNECT's */
    uint64_t frames_n;
    struct player *next;
};

struct party {
    struct link_tls *tls;
    struct player *players;
};

struct party *party_new(void);
void party_free(struct party *party); /* closes all its players; NULL is fine */
/* Up to wait_ms: let everyone read, write, walk and ask for names. party may be NULL: only wait. */
void party_pump(struct party *party, int wait_ms);

/* Connect; HELLO goes out by itself when the link is open. */
struct player *player_connect(struct party *party, const struct daemon *daemon);
void player_leave(struct player *player);   /* say LEAVE, close and forget */
void player_log_out(struct player *player); /* say it, and that all tokens end; nothing else */
void player_drop(struct player *player);    /* close without a word, and forget */

/* Send one message (fails the test if there is no room). */
void player_register(struct player *player, const char *name, const char *password);
void player_login(struct player *player, const char *name, const char *password);
void player_by_token(struct player *player, const char *token);
void player_resume(struct player *player, const char *token, uint64_t heard);
void player_chat(struct player *player, enum protocol_channel channel, const char *text);
void player_report(struct player *player, const char *name, const char *words);
void player_move(struct player *player, uint16_t heading, uint8_t flags, uint8_t substeps);
void player_raw(struct player *player, const void *bytes, size_t n);

/* Connect, register (or log in), wait for WELCOME and the first SELF. */
struct player *player_new_account(struct party *party, const struct daemon *daemon,
                                  const char *name);
struct player *player_returns(struct party *party, const struct daemon *daemon, const char *name);
#define PASSWORD "correct horse"

/* Walk by honest intents from now on, or stand. */
void player_walk(struct player *player, uint16_t heading, uint8_t flags);
void player_stand(struct player *player);
/* True once everything sent is applied and the figure stands on the ground. */
bool player_is_still(const struct player *player);
/* True if the server's truth is exactly what the player predicted: nothing was dropped, nothing
 * pulled back. */
bool player_predicted_rightly(const struct player *player);
/* Metres between two places, on the plane. */
double distance_m(struct space_pos a, struct space_pos b);

/* What one sees of the other, NULL if not. */
struct replica_entity *player_sees(const struct player *viewer, const struct player *other);
/* True if the viewer's picture of the other is right to the wire quantum in x and z. */
bool player_sees_truly(const struct player *viewer, const struct player *other);
bool player_heard(const struct player *player, const char *text);

/* A plain TCP socket to the game port; fails the test if it is not accepted. Non-blocking. */
int raw_connect(const struct daemon *daemon);
/* True once the other side has closed it (what it sends is thrown away). */
bool raw_closed(int fd);

#endif
