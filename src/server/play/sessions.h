/* sessions.h -- control's handle on all sessions: the io threads, each with its connections.
 *
 * A session begins with an accepted socket and ends with its close. Its id (slot + generation) is
 * made here, on control; the connection itself (TLS, frames, interest, outbox) is owned by one io
 * thread and never touched from elsewhere: the two sides talk by messages posted to each other's
 * loops. All functions: control thread, unless said. Handlers are called on the control thread. */
#ifndef OPENMMO_PLAY_SESSIONS_H
#define OPENMMO_PLAY_SESSIONS_H

#include <event2/event.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "common/heightfield.h"
#include "common/protocol.h"
#include "common/queue.h"
#include "common/text.h"
#include "sim/mailbox.h"

struct sessions;
struct balance_load; /* play/balance.h */
struct io;           /* net/io.h */
struct worst;        /* ops/worst.h */
struct network;      /* net/network.h */
struct tally;        /* net/tally.h */
struct host;         /* play/host.h */
struct seat_ask;     /* play/seat.h */

enum login_kind {
    LOGIN_PASSWORD,
    LOGIN_TOKEN,
    LOGIN_REGISTER,
    LOGIN_RESUME,
    LOGIN_GUEST,
    LOGIN_CODE,
    LOGIN_ACCESS, /* a web client whose access token was good when it connected */
    LOGIN_CHANGE, /* no login: who plays sets a new password; the answer's NONE is no welcome */
    LOGIN_REPORT, /* the same: who plays reports the one called username */
};

/* What a stranger asks. Owned by the handler, which wipes and frees it with login_request_free.
 * Texts NUL-terminated, of checked length, content unchecked (may hold any byte but NUL; one with
 * NUL is refused before). */
struct login_request {
    uint64_t session;
    enum login_kind kind;
    struct sockaddr_storage address;
    char username[TEXT_NAME_MAX_BYTES + 1];
    char email[PROTOCOL_EMAIL_MAX + 1];
    char password[TEXT_PASSWORD_MAX_BYTES + 1];
    char token[PROTOCOL_TOKEN_MAX + 1];
    uint64_t chat_sequence; /* RESUME: of the last line heard */
    char code[PROTOCOL_CODE_MAX + 1];
    char fresh[TEXT_PASSWORD_MAX_BYTES + 1]; /* CHANGE: the new one */
    char words[PROTOCOL_TEXT_MAX + 1];       /* REPORT: what he did */
    uint64_t player, issued_s;               /* ACCESS: as the token said, like username */
    bool placed;                             /* a web client says where it begins: */
    int32_t x, z;                            /* units, anywhere */
};
/* What one who logs out is told, with STORE_AWAY, when it is not on record yet. */
#define SESSIONS_LOG_OUT_OWED                                                                      \
    "You are logged out here. The database is away: tokens kept elsewhere end when it is back."

void login_request_free(struct login_request *request); /* any thread; NULL is fine */

/* What is answered. Copied before return. */
struct login_answer {
    enum protocol_reason reason; /* NONE: welcome; else NOTICE, and the client may try again */
    uint32_t retry_after_ms;
    char text[ERROR_TEXT_MAX]; /* for the player; empty: the reason's own. Of a welcome: STORE_AWAY
                                  means this for him */
    uint64_t player, entity;   /* welcome */
    uint32_t joined_tick;      /* the sim knows the entity from this tick on */
    char username[TEXT_NAME_MAX_BYTES + 1];
    char token[PROTOCOL_TOKEN_MAX + 1]; /* resume token; empty for a guest */
    uint64_t muted_until_ms;            /* as sessions_mute takes it */
    bool resumed; /* one who came back: he is told the lines behind chat_sequence, */
    uint64_t chat_sequence, since_ms; /* but none from before since_ms (Unix time) */
    enum protocol_role role;
    bool guest; /* it is let do the least */
};

struct sessions_handlers {
    void (*login)(void *context, struct login_request *request); /* takes it */
    /* The session is over. */
    void (*closed)(void *context, uint64_t session, enum protocol_reason reason);
    /* It logs out, and waits for sessions_disconnect: with LOGGED_OUT once that is durable, so that
     * what he was told stays true. */
    void (*log_out)(void *context, uint64_t session);
    /* Whether nobody may come from there: then why, in words for him. NULL: all may. */
    bool (*barred)(void *context, const struct sockaddr_storage *address,
                   char why[PROTOCOL_TEXT_MAX + 1]);
    /* Whether a web client may connect: fills in player (0: a guest), issued_s, username, or why
     * not. NULL: none may. */
    bool (*seat)(void *context, struct seat_ask *ask);
    void *context;
};

struct sessions_config {
    /* Borrowed, immutable. */
    const struct heightfield *field;
    /* One of each per io thread, made by the owner: commands to the sim (struct command), newest
     * snapshot. With io_threads = 0 one of each, and everything runs on control's base. */
    unsigned io_threads;
    bool single; /* each write by a system call of its own: no io_uring */
    struct queue **commands;
    struct mailbox *mailboxes;
    struct worst *worst; /* borrowed: takes long sweeps; may be NULL */
    struct tally *tally; /* borrowed: by address; NULL: nobody counts */
    /* Identity. */
    char server_name[101], motd[PROTOCOL_TEXT_MAX + 1];
    uint32_t epoch;
    /* Files of the TLS certificate chain and key, PEM. */
    char certificate[512], key[512];
    /* Sockets of listener_bind; each is -1 once it is taken. */
    int *sockets;
    unsigned sockets_n;
    /* Limits. */
    uint32_t players_max, connections_max;
    uint32_t before_login_per_address;            /* 20 */
    uint32_t new_per_second, new_burst;           /* 10, 40 */
    uint32_t first_byte_ms, login_ms, message_ms; /* 5000, 10000, 10000: absolute deadlines */
    uint32_t moves_per_second, chats_per_10s, whos_per_second, pings_per_second,
        logins_per_minute;     /* a session */
    const char *const *exempt; /* CIDRs that no address limit applies to */
    unsigned exempt_n;
    const char *const *trusted_proxies; /* CIDRs whose connections begin with a PROXY header */
    unsigned trusted_proxies_n;
    uint16_t view_m;              /* 64..1024 */
    uint32_t player_budget_bytes; /* a second; >= 1 */
    uint64_t egress_bytes;        /* a second, all players together; 0: no limit */
    uint8_t logins;               /* enum protocol_login: what GREETING says */
};

/* Take the sockets, make the TLS context, start the threads; accepting begins with sessions_open.
 * NULL + error (which names the file). */
struct sessions *sessions_new(struct event_base *control, const struct sessions_config *config,
                              const struct sessions_handlers *handlers, struct error *error);
void sessions_open(struct sessions *sessions); /* accept from now on */
/* How everybody is sent away. */
struct sessions_goodbye {
    enum protocol_reason reason;
    uint32_t retry_after_ms; /* the first may come back then, */
    uint32_t spread_ms;      /* the last so much later, the others evenly in between */
    uint32_t linger_ms;      /* for the last words to be taken */
};
/* Stop accepting; tell every session DISCONNECT, give it its time to take that, close. Calls
 * done(context) on control when the last is gone. */
void sessions_drain(struct sessions *sessions, const struct sessions_goodbye *goodbye,
                    void (*done)(void *context), void *context);
void sessions_free(struct sessions *sessions); /* joins the threads */

/* Answer a login_request. To who plays already it is a NOTICE (NONE: with answer->text). A session
 * that is gone meanwhile is ignored. */
void sessions_answer(struct sessions *sessions, uint64_t session,
                     const struct login_answer *answer);
/* Who asked has proved who he is and must wait for his answer: NOTICE(WAITING, text), and its
 * deadline begins anew. From the first time on it counts as logged in. */
void sessions_wait(struct sessions *sessions, uint64_t session, const char *text);
/* Say DISCONNECT and close. text: NULL for the reason's own. */
void sessions_disconnect(struct sessions *sessions, uint64_t session, enum protocol_reason reason,
                         uint32_t retry_after_ms, const char *text);
/* The same for all who are connected from a network, logged in or not. Returns how many. */
unsigned sessions_disconnect_from(struct sessions *sessions, const struct network *network,
                                  enum protocol_reason reason, const char *text);
/* Take no chat from it until then (Unix ms; UINT64_MAX: ever; 0: take it again), and say text. */
void sessions_mute(struct sessions *sessions, uint64_t session, uint64_t until_ms,
                   const char *text);
/* A word from the server to one who plays (NOTICE, reason NONE). */
void sessions_notice(struct sessions *sessions, uint64_t session, const char *text);
/* A word from the server to all who are logged in (NOTICE, reason NONE). */
void sessions_announce(struct sessions *sessions, const char *text);

/* Change what a running server can change: limits, names, motd, view, exempt, certificate and key
 * for new connections (the files are read again). All or nothing: 0, or -1 + error. */
int sessions_reconfigure(struct sessions *sessions, const struct sessions_config *config,
                         struct error *error) MUST_CHECK;

/* A new snapshot lies in mailbox `thread`. Any thread. */
void sessions_wake(struct sessions *sessions, unsigned thread);
/* The world runs at so many thousandths of real time (100..1000) from the next snapshot on; players
 * are told. Any thread. */
void sessions_tempo(struct sessions *sessions, uint16_t permille);
/* The server stalled: deadlines that ran meanwhile are moved on. Any thread. */
void sessions_stalled(struct sessions *sessions, uint32_t stalled_ms);

/* Figures of one session, a moment's truth (relaxed atomics of its io thread). */
struct session_figures {
    char address[INET6_ADDRSTRLEN + 8]; /* "192.0.2.7:51234" */
    uint64_t bytes_in, bytes_out;
    uint64_t cost_us; /* CPU time of the io thread for it, as sampled: one in 16 turns and reads */
    uint32_t rtt_us;  /* smoothed, from the kernel (TCP_INFO); 0 unknown */
    uint64_t opened_ms; /* Unix time */
    uint32_t shift;     /* tiers that the player's cells are shifted, 0..13 (play/tiers.h) */
    uint32_t cells;     /* keys in view */
    uint32_t withheld;  /* turns that the byte budget or the socket cut short */
    uint32_t dropped;   /* substeps of movement given up: more time was claimed than passed */
    uint32_t thread;    /* io thread */
    /* The same totals a second, lately (rates.h): 0 where sessions_note_rates is never called. */
    uint32_t in_per_s, out_per_s, cost_us_per_s;
};
/* 0; -1: no such session. */
int sessions_figures(const struct sessions *sessions, uint64_t session,
                     struct session_figures *figures) MUST_CHECK;
/* Once a second, for what the figures say of rates. */
void sessions_note_rates(struct sessions *sessions);

/* One connection, or a web client's seat, as an operator looks at it. */
struct sessions_peer {
    uint64_t session;
    bool web, logged_in;
    struct session_figures figures;
};
/* Each from a network, logged in or not. */
void sessions_each_from(const struct sessions *sessions, const struct network *network,
                        void (*visit)(void *context, const struct sessions_peer *peer),
                        void *context);

/* The io thread's side, for its own thread only. */
struct host *sessions_host(const struct sessions *sessions, unsigned thread);
unsigned sessions_threads(const struct sessions *sessions); /* io threads */
/* An io thread's tier floor by the time of its sweeps, 0..PRESSURE_FLOOR_MAX; a moment's truth. */
unsigned sessions_floor(const struct sessions *sessions, unsigned thread);
/* True: an io thread has not turned for a second. */
bool sessions_stuck(const struct sessions *sessions, unsigned thread);

/* True: no limit on addresses applies to this one (sessions_config.exempt). */
bool sessions_exempt(const struct sessions *sessions, const struct sockaddr_storage *address);

/* For others who serve connections on the io threads: the loop of one, */
struct io *sessions_io(const struct sessions *sessions, unsigned thread);
/* how busy it is, with the sessions that it was given, */
void sessions_load(const struct sessions *sessions, unsigned thread, struct balance_load *load);
/* whether one of them has room for newcomers, */
bool sessions_have_room(const struct sessions *sessions);
/* and who is told at the end, thread by thread, when it has stopped and its loop is still there:
 * what else lives on it is closed then. */
void sessions_on_end(struct sessions *sessions, void (*ended)(void *context, unsigned thread),
                     void *context);

/* SHA-256 of our public key, as clients pin it, in lower-case hex. */
const char *sessions_fingerprint(const struct sessions *sessions);
/* Port of socket i (tests listen on port 0). */
uint16_t sessions_port(const struct sessions *sessions, unsigned i);

#endif
