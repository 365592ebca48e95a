/* stream_transport.h -- what stands between a stream and its socket: plain or TLS, behind four
 * functions. Only for stream.c and stream_tls.c. Owner: the stream's io thread. */
#ifndef OPENMMO_NET_STREAM_TRANSPORT_H
#define OPENMMO_NET_STREAM_TRANSPORT_H

#include "net/bucket.h"
#include "net/stream.h"

enum transport_result {
    TRANSPORT_OK,
    TRANSPORT_AGAIN,
    TRANSPORT_CLOSED,
    TRANSPORT_ERROR,
    TRANSPORT_BAD
};

/* What a transport writes it either puts to the socket (stream_put) or adds to the end of
 * io_scratch()->cipher, which the stream sends after each call. */
struct stream_transport {
    enum transport_result (*handshake)(struct stream *stream);
    /* Fill up to room_bytes. OK: *got > 0. */
    enum transport_result (*read)(struct stream *stream, uint8_t *room, size_t room_bytes,
                                  size_t *got);
    enum transport_result (*write)(struct stream *stream, const uint8_t *bytes, size_t len_bytes);
    /* Say goodbye. */
    void (*finish)(struct stream *stream);
};

struct stream {
    struct io *io;
    const struct stream_transport *transport;
    const struct stream_handlers *handlers;
    void *context;
    SSL *ssl; /* NULL: plain */
    struct event *readable, *writable;
    struct io_deadline again; /* read on in the next turn, without a sign from the socket */
    struct io_job share;      /* the handshake's next step, or the next read, waits for its share */
    int fd;                   /* -1: closed */
    bool open;                /* handshake done */
    bool paused, finished, ended;
    bool can_wait; /* with what comes in */
    bool added;    /* a write lies in the io thread's batch: it is as good as sent */
    bool eof;      /* the peer sends no more */
    bool restless; /* TLS is kept busy with itself: it is over */
    bool empty;    /* the socket gave less than was asked for: no need to ask again in this round */
    uint8_t *held; /* input that the protocol left */
    size_t held_n;
    uint8_t *kept; /* output that the socket refused: kept_at..kept_n */
    size_t kept_at, kept_n;
    uint64_t bytes_in, bytes_out;
    struct tally *tally;
    struct sockaddr_in6 whose;  /* or a sockaddr_in: what tally is told of */
    uint64_t told_in, told_out; /* of the bytes, to tally */
    enum io_protocol protocol;  /* that they are counted as */
    struct bucket asides;       /* what TLS may yet do for itself */
    uint64_t cost_us;           /* CPU time of reading, and of gathered writes, as sampled */
};

extern const struct stream_transport stream_plain, stream_tls;

/* Make stream->ssl and tie it to the stream. 0; -1 out of memory. */
int stream_tls_init(struct stream *stream, SSL_CTX *context) MUST_CHECK;
/* True if a part of a TLS record, or a whole one not yet read, is held. */
bool stream_tls_holds(const struct stream *stream);
/* recv, once, counted. -1 with errno. */
ssize_t stream_recv(struct stream *stream, void *room, size_t room_bytes);
/* send, once, counted; what the socket refuses is kept, behind what is kept already. 0; -1: the
 * connection is over. */
int stream_put(struct stream *stream, const uint8_t *bytes, size_t len_bytes) MUST_CHECK;

#endif
