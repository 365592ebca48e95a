/* host.h -- an io thread's side of the sessions: those that it owns, what control posts to it, the
 * sweep.
 *
 * The sweep: when a snapshot comes, each playing session is given what it lacks of it, in slices of
 * at most 2 ms with reading between; the snapshot is given back at the end. Owner: the io thread,
 * unless said. */
#ifndef OPENMMO_PLAY_HOST_H
#define OPENMMO_PLAY_HOST_H

#include <openssl/ssl.h>
#include <stdatomic.h>

#include "net/bucket.h"
#include "net/io.h"
#include "ops/worst.h"
#include "play/arrivals.h"
#include "play/balance.h"
#include "play/interest.h"
#include "play/pressure.h"
#include "play/sessions.h"
#include "sim/snapshot.h"

struct seat;
struct seat_ask;
struct session;

/* What a running server can change; immutable, one copy an io thread. */
struct host_settings {
    SSL_CTX *tls; /* a reference */
    char server_name[101], motd[PROTOCOL_TEXT_MAX + 1];
    uint32_t players_max;
    uint32_t first_byte_ms, login_ms, message_ms;
    uint32_t player_budget_bytes; /* a second */
    uint64_t egress_bytes;        /* a second, over all io threads; 0: no limit */
    uint16_t view_m;
    uint8_t logins;               /* enum protocol_login */
    struct interest_shape *shape; /* owned */
#define HOST_LIMITS(ROW) ROW(MOVE) ROW(CHAT) ROW(WHO) ROW(PING) ROW(LOGIN)
#define ROW(NAME)        HOST_LIMIT_##NAME,
    enum { HOST_LIMITS(ROW) HOST_LIMITS_N } limits_;
#undef ROW
    struct bucket_rate allow[HOST_LIMITS_N]; /* messages of a kind, a session */
    struct bucket_rate guest[HOST_LIMITS_N]; /* the same, of a guest */
    struct bucket_rate flood[HOST_LIMITS_N]; /* refused ones: more, and the session ends */
};
void host_settings_free(struct host_settings *settings); /* any thread; NULL is fine */

/* What never changes; borrowed by all. */
struct host_world {
    const struct heightfield *field;
    uint8_t hash[HEIGHTFIELD_HASH_BYTES];
    uint32_t epoch;
};

/* What control may read of a session while its io thread writes. */
struct host_counters {
    atomic_uint_fast64_t bytes_in, bytes_out, cost_us;
    atomic_uint_fast32_t rtt_us, shift, cells, withheld, dropped;
};

/* A list of seats, linked by a member of each. */
struct host_list {
    struct seat *first, *last;
};

struct host_config {
    struct event_base *base; /* NULL: a thread of its own */
    unsigned number;
    bool single; /* see io_config */
    const struct host_world *world;
    struct worst *worst; /* borrowed; takes long sweeps as producer 1 + number; may be NULL */
    struct tally *tally; /* borrowed: by address; NULL: nobody counts */
    struct pressure_server *pressure; /* borrowed, shared; measured by number 0 */
    struct queue *commands;
    struct mailbox *mailbox;
    uint32_t slots_n;
    /* Called on the io thread. login takes the request; closed is the last word of a session. */
    void (*login)(void *context, struct login_request *request);
    void (*closed)(void *context, uint64_t session, enum protocol_reason reason);
    void (*log_out)(void *context, uint64_t session); /* at most once a session */
    /* Control thread: the io thread has ended, its loop is still there. May be NULL. */
    void (*ended)(void *context, unsigned number);
    void (*ask)(void *context,
                struct seat_ask *ask); /* takes it, and gives it back (host_seated) */
    void *context;
};

struct host {
    struct host_config config;
    struct io *io;
    struct host_settings *settings;
    struct seat **by_slot;
    struct host_list playing;
    /* Native ones that are not read: until the queue has room or the snapshot is there. */
    struct session *waiting_first, *waiting_last;
    struct host_list asking; /* for an id */
    uint32_t seats_n;
    uint64_t pushed;    /* commands to the sim, ever: 32 bits of them come round within days */
    uint32_t linger_ms; /* how long one that ends has to take the last words */
    /* The world as of the newest snapshot. */
    uint32_t tick, players;
    uint64_t wall_ms;         /* when it came, Unix time */
    uint16_t tempo;           /* thousandths of real time */
    atomic_uint tempo_newest; /* as the sim thread says it */
    /* How busy the thread is: for who hands out connections. */
    atomic_uint_fast32_t busy_us, settled_n;
    uint64_t measured_us, measured_cpu_us;
    /* The sweep that is going on. */
    struct snapshot *snapshot; /* NULL: none */
    uint32_t sweep;            /* its number: which players have a turn in it (tiers.h) */
    struct seat *cursor;       /* next */
    uint32_t ordered_tick;     /* when the players were put in order */
    uint64_t sweep_us;         /* CPU time of it so far */
    uint64_t sweep_began_us;   /* monotonic */
    uint32_t gathers_n, slices_n;
    uint32_t handshakes_n; /* TLS, since it began */
    uint64_t blocks_n, blocks_full_n, blocks_withheld_n;
    struct arrivals arrivals;
    void *web; /* of those who make text for web clients; what frees it */
    void (*web_free)(void *web);
    uint64_t bytes_sent;                    /* not yet told to pressure */
    atomic_uint floor_shown;                /* its floor, for control */
    struct floor sweeps;                    /* this thread's */
    unsigned floor;                         /* for all cells, in this sweep */
    uint32_t phases;                        /* given to seats */
    struct interest_named changes[2][2048]; /* scratch for a view's gains and losses */
};

/* NULL + error; settings is taken in any case. Control thread. */
struct host *host_new(const struct host_config *config, struct host_settings *settings,
                      struct error *error);
int host_start(struct host *host, struct error *error) MUST_CHECK; /* control thread */
/* Ends the thread: then nothing is posted from it any more. Control thread. */
void host_stop(struct host *host);
/* Ends the thread, closes what is left (closed is called for each). Control thread; NULL is fine.
 */
void host_free(struct host *host);

/* Posted by control. Each copies or takes what it is given. -1: out of memory, fd not taken.
 * barred:
 * "", or why it may not come: it is told so when it says HELLO. */
int host_accept(struct host *host, int fd, uint64_t session, const struct sockaddr_storage *address,
                struct host_counters *counters, const char *barred) MUST_CHECK;
/* The session may be gone: then nothing happens. -1: out of memory. */
int host_answer(struct host *host, uint64_t session, const struct login_answer *answer) MUST_CHECK;
/* NOTICE(WAITING) to one who waits for an answer. -1: out of memory. */
int host_wait(struct host *host, uint64_t session, const char *text) MUST_CHECK;
/* DISCONNECT to one. -1: out of memory. */
int host_disconnect(struct host *host, uint64_t session, enum protocol_reason reason,
                    uint32_t retry_after_ms, const char *text) MUST_CHECK;
/* DISCONNECT to everybody. -1: out of memory. */
int host_drain(struct host *host, const struct sessions_goodbye *goodbye) MUST_CHECK;
/* What a seat asked is answered. Takes it. */
void host_seated(struct host *host, struct seat_ask *ask);
/* sessions_mute. -1: out of memory. */
int host_mute(struct host *host, uint64_t session, uint64_t until_ms, const char *text) MUST_CHECK;
/* NOTICE to one who plays, or (session 0) to all. -1: out of memory. */
int host_announce(struct host *host, uint64_t session, const char *text) MUST_CHECK;
/* Takes settings, also on failure. */
int host_apply(struct host *host, struct host_settings *settings) MUST_CHECK;

/* Any thread: all of load but sessions_n. */
void host_load(const struct host *host, struct balance_load *load);
bool host_has_room(const struct host *host); /* any thread: few handshakes wait for their share */
void host_wake(struct host *host);           /* any thread: a snapshot is there */
void host_tempo(struct host *host, uint16_t permille);     /* any thread: sessions_tempo */
void host_stalled(struct host *host, uint32_t stalled_ms); /* any thread */

unsigned host_floor(const struct host *host); /* any thread: sessions_floor */

#endif
