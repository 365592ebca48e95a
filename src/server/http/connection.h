/* connection.h -- one HTTP connection: bytes in, requests one after the other, answers out in
 * order.
 *
 *   OPENING -> IDLE -> HEAD -> [BODY] -> RUNNING -> (answer) -> IDLE ...      UPGRADED
 *                                         |   ^
 *                                       CARRIED, to another io thread
 *                 \_______\________\________\_____________> LINGERING -> CLOSED
 *
 * One request at a time: what follows it waits unread until its answer is written, which is all
 * that pipelining needs. connection_move alone changes the state and arms what it waits for; every
 * deadline is absolute. Owner: its io thread. For the rooms of http/ only. */
#ifndef OPENMMO_HTTP_CONNECTION_H
#define OPENMMO_HTTP_CONNECTION_H

#include "http/call.h"
#include "http/parse.h"
#include "http/worker.h"
#include "net/stream.h"

enum connection_state {
    CONNECTION_OPENING, /* TLS */
    CONNECTION_IDLE,    /* not a byte of the next request */
    CONNECTION_HEAD,
    CONNECTION_BODY,
    CONNECTION_RUNNING,
    CONNECTION_CARRIED, /* on its way to another io thread, with its call */
    CONNECTION_UPGRADED,
    CONNECTION_LINGERING, /* the last words are written: what comes is thrown away */
    CONNECTION_CLOSED
};

/* Bytes to write that the socket did not take yet. */
struct segment {
    struct segment *next;
    const uint8_t *bytes; /* of the segment itself, or borrowed; NULL: of a file */
    int fd;               /* the file, owned; -1: none */
    uint64_t file_at;     /* in it */
    size_t at, n;
    void (*release)(void *context);
    void *context;
};

struct connection {
    struct worker *worker;
    struct http_ticket *ticket;
    struct stream *stream;
    uint32_t slot, generation;
    enum connection_state state;
    bool keep;  /* after the answer under way another request may come */
    bool fresh; /* no request has come yet */
    bool more;  /* the stream holds bytes that were left */
    struct parse_progress progress;
    uint64_t since_ms; /* of what the deadline of HEAD and OPENING counts from; io clock */
    struct io_deadline stage, taking;
    struct http_call *call; /* NULL: none is read, run or answered */
    struct worker *to;      /* CARRIED: where to */
    struct segment *out_first, *out_last;
    const struct http_upgrade_handlers *upgraded;
    void *upgraded_context;
};

/* Takes the ticket with its socket. Out of memory: it is given back at once. */
void connection_new(struct worker *worker, struct http_ticket *ticket);
/* Close at once. Fine if closed; its memory stays until a later turn. */
void connection_close(struct connection *connection);
/* The server stops: close when nothing is asked, else after the answer. */
void connection_drain(struct connection *connection);

/* The answer of its call is there: write it, and go on. Takes the call. */
void connection_answer(struct connection *connection, struct http_call *call);
/* The handlers that follow 101, whose head is in the call. Takes the call. */
void connection_upgrade(struct connection *connection, struct http_call *call,
                        const struct http_upgrade_handlers *handlers, void *context);

/* Control has nothing against its call, whose route is of this thread: run it. */
void connection_run(struct connection *connection, struct http_call *call);
/* Go to another io thread with the call that is run, and run its route there. */
void connection_carry(struct connection *connection, struct worker *to);

/* Write behind what is queued: copied. */
void connection_write(struct connection *connection, const void *bytes, size_t len_bytes);
/* A part of a file, as the peer takes it. Takes fd. */
void connection_send_file(struct connection *connection, int fd, uint64_t at, size_t len_bytes);
/* As connection_write, borrowed until release (may be NULL). */
void connection_lend(struct connection *connection, const void *bytes, size_t len_bytes,
                     void (*release)(void *context), void *context);

#endif
