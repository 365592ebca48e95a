/* session.h -- one player's connection, from the accepted socket to its close.
 *
 *   GREETING --HELLO--> LOGIN --welcome--> PLAYING
 *       \_________________\_______________/ \--logs out--> LEAVING
 *                          v session_end: DISCONNECT is on  /
 *                       CLOSING <-- its way ---------------/
 *                          \--taken, or lingered--> CLOSED (freed at the next turn)
 *
 * session_move alone changes the state, arms the deadlines that go with it and moves the session
 * between its host's lists. Owner: the io thread of its host.
 *
 * Memory a player, our own and OpenSSL's: 23 KiB of resident memory where a thousand stand in one
 * crowd (bench/run memory), the kernel's apart. It is this struct, the stream with OpenSSL's state,
 * and interest (interest.h). At worst besides: the outbox (16 KiB), two encrypted records that the
 * socket refused (33 KiB), input held while reading waits (112 KiB), and a view full of divided
 * cells (96 KiB). Nothing else is kept for a player: what is newer takes the place of what is old.
 */
#ifndef OPENMMO_PLAY_SESSION_H
#define OPENMMO_PLAY_SESSION_H

#include "net/stream.h"
#include "play/host.h"
#include "play/interest.h"
#include "play/outbox.h"
#include "play/pressure.h"
#include "play/seat.h"
#include "sim/sim.h"

enum session_state {
    SESSION_GREETING,
    SESSION_LOGIN,
    SESSION_PLAYING,
    SESSION_LEAVING, /* control writes down that he logged out; nothing is heard any more */
    SESSION_CLOSING,
    SESSION_CLOSED
};

/* The first class of an io thread's deadlines that is free for others. */
#define SESSION_DEADLINES_END 9

struct session {
    struct seat seat;
    enum session_state state;
    struct stream *stream;
    uint64_t accepted_ms;       /* io clock */
    struct io_deadline stage;   /* what the state waits for */
    struct io_deadline message; /* a message that has begun */
    struct io_deadline taking;  /* what the socket refused */
    unsigned frames;            /* whole ones since the last settled */
    bool login_pending;         /* control was asked */
    uint8_t logins_refused;     /* by control */
    bool again;                 /* the frame in front was looked at before: no token for it */
    bool waiting;               /* in host->waiting */
    bool urgent;                /* the outbox does not wait for the next sweep */
    bool finished;              /* the last words are written */
    char *barred;               /* why it may not come, owned; NULL: it may */
    uint64_t noticed_ms;        /* last NOTICE about limits or order; io clock */
    struct outbox outbox;
    struct session *waiting_previous, *waiting_next; /* host->waiting */
    /* Playing. */
    uint32_t intents;                     /* told to the sim, ever */
    uint64_t intent_at[SIM_INTENTS_TICK]; /* the last ones' places in host->pushed */
    uint64_t clock_ms;                    /* of the last CLOCK, Unix time */
    uint16_t tempo;                       /* as told last */
    uint64_t since_ms;                    /* resumed: lines said since then are his */
    bool resumed;              /* he came back, and has heard lines up to seat.chat_sequence */
    struct protocol_self self; /* as sent last */
    bool self_sent;
    uint32_t dropped;         /* substeps given up since */
    uint32_t dropped_ever;    /* and in all, as of the newest snapshot */
    struct interest interest; /* of layer 0 */
    struct interest hidden;   /* of one's own layer, */
    uint8_t layer;            /* this one; 0: none */
    struct pace pace;
    uint32_t turn_tick;  /* of the last turn of blocks */
    uint32_t resume;     /* the cell where the last turn's far ones had to stop */
    uint32_t withheld;   /* turns that came to nothing, or not to their end, ever */
    uint64_t bytes_told; /* of stream_bytes_out, to host->bytes_sent */
    uint8_t who_n;       /* asked for, not yet answered */
    uint64_t *who;       /* PROTOCOL_WHO_MAX; NULL until first used */
};

/* Begin with an accepted socket (taken). NULL when out of memory; fd is closed. */
struct session *session_new(struct host *host, int fd, uint64_t id,
                            const struct sockaddr_storage *address, struct host_counters *counters);
/* Close at once, without a word. Fine if closed. Its memory lives until a later turn. */
void session_close(struct session *session);
void session_free(struct session *session); /* only a closed one, and never from its callbacks */
/* DISCONNECT, and close when it is taken. text: NULL for the reason's own. Fine if ending. */
void session_end(struct session *session, enum protocol_reason reason, uint32_t retry_after_ms,
                 const char *text);

/* He logs out: control is asked to write that down, and ends the session when it is; if that takes
 * too long he is told so. */
void session_log_out(struct session *session);

/* Queue one whole frame; it goes with the next record. When there is no room the session ends. */
void session_queue(struct session *session, const struct wire_writer *frame);
/* NOTICE. text: NULL for the reason's own. */
void session_notice(struct session *session, enum protocol_reason reason, uint32_t retry_after_ms,
                    const char *text);
/* The same, at most once a second: for what a client could cause without end. */
void session_notice_limited(struct session *session, enum protocol_reason reason,
                            uint32_t retry_after_ms);
/* Write what is queued, as far as the socket takes it. */
void session_flush(struct session *session);
/* One record. False: nothing more can be written now (or the session is over). */
bool session_write(struct session *session, const uint8_t *bytes, size_t len_bytes);

/* HELLO is answered: go on to LOGIN. */
void session_greeted(struct session *session);
/* A login was asked of control / control's answer. */
void session_login_asked(struct session *session);
/* Control's answer; no effect if none is pending. */
void session_answer(struct session *session, const struct login_answer *answer);

/* The answer takes longer: tell why (NOTICE WAITING), and give it its time anew. */
void session_keep_waiting(struct session *session, const char *text);

/* Read no more until the next sweep is over. */
void session_wait(struct session *session);
/* Read on: the wait is over. */
void session_go_on(struct session *session);

/* True if the entity is in view, in a layer that the session gets. */
bool session_sees(const struct session *session, const struct snapshot_entity *entity);

/* Figures for control. */
void session_count(struct session *session, bool with_rtt);

#endif
