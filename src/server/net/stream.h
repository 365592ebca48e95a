/* stream.h -- one connection's bytes, plain or TLS, between a socket and the protocol that reads
 * it.
 *
 *   socket -> recv -> [TLS] -> io scratch -> handlers.input(bytes)
 *   stream_write(bytes) -> [TLS: one record] -> io scratch -> one send
 *
 * What input leaves is kept for the next time. What the socket refuses is kept too: at most what
 * one write made (two, where writes are gathered: the second comes before the refusal is heard of),
 * and nothing more can be written until it is gone. Knows bytes, not what they mean. Owner: its io
 * thread. */
#ifndef OPENMMO_NET_STREAM_H
#define OPENMMO_NET_STREAM_H

#include <netinet/in.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "net/io.h"

struct stream; /* opaque */
struct tally;  /* net/tally.h */

enum stream_end {
    STREAM_END_PEER,      /* the peer closed */
    STREAM_END_ERROR,     /* the socket failed */
    STREAM_END_HANDSHAKE, /* no TLS, not ours, or broken off while it was made */
    STREAM_END_INPUT,     /* the protocol left more unread than it may, TLS was malformed, or its
                           * keys were changed without end */
};

/* The protocol above. None may free the stream; all may close it. */
struct stream_handlers {
    void (*opened)(void *context); /* the handshake is done: it can be written to */
    /* Bytes not taken so far. Returns how many are taken now. May call stream_pause. May write over
     * the bytes. */
    size_t (*input)(void *context, uint8_t *bytes, size_t len_bytes);
    /* What could be read now was read. begun: a part of a message or of a TLS record waits for its
     * rest. */
    void (*settled)(void *context, bool begun);
    /* The peer sends no more. True: it is to be written to yet, so the stream pauses (resumed, it
     * says so again); false, or NULL: it ends. */
    bool (*half_closed)(void *context);
    /* A write that was said to be sent was gathered (stream_gather), and the socket refused a part:
     * as STREAM_KEPT. */
    void (*refused)(void *context);
    void (*drained)(void *context);                    /* all that a socket had refused is sent */
    void (*ended)(void *context, enum stream_end end); /* once; the stream is closed already */
};

/* Takes fd (non-blocking). tls: NULL for plain; not owned. The handshake begins at once, the first
 * callbacks come from the loop. NULL when out of memory (fd is closed). */
struct stream *stream_new(struct io *io, int fd, SSL_CTX *tls,
                          const struct stream_handlers *handlers, void *context);
/* What comes of it, and how many bytes, is told of that address from now on. tally: borrowed,
 * outlives the stream; NULL: nobody counts. Once, before anything was read. */
void stream_tally(struct stream *stream, struct tally *tally,
                  const struct sockaddr_storage *address);
/* Close the socket now; no callback comes any more. Memory stays until stream_free. */
void stream_close(struct stream *stream);
void stream_free(struct stream *stream); /* closes; never from its own callbacks. NULL is fine */

enum stream_written {
    STREAM_SENT,
    STREAM_KEPT /* the socket refused a part; drained will come */,
    STREAM_DEAD
};
/* One record: 1..IO_RECORD_MAX bytes. Only when stream_writable. STREAM_DEAD: close it (ended does
 * not come). */
enum stream_written stream_write(struct stream *stream, const void *bytes,
                                 size_t len_bytes) MUST_CHECK;
#define STREAM_FILE_MAX (256 * 1024)
/* A part of a file, from *at on: as much as the socket takes, len_bytes and STREAM_FILE_MAX at
 * most; *at moves on by what went. By sendfile where it is plain. Only when writable. STREAM_SENT:
 * all len_bytes; STREAM_KEPT: drained will come, go on then; STREAM_DEAD: close it, for the file
 * too may have ended before. */
enum stream_written stream_write_file(struct stream *stream, int fd, uint64_t *at,
                                      uint64_t len_bytes) MUST_CHECK;
/* From here to the end, what is written to the io thread's streams is gathered and handed to the
 * kernel together; their handlers hear what became of it (refused, ended). Without effect where the
 * kernel has no io_uring or io_config forbids it. */
void stream_gather(struct io *io);
/* Hand over what is left. */
void stream_gather_end(struct io *io);
bool stream_writable(const struct stream *stream); /* open, and nothing kept */
/* Say that nothing more will be written (TLS close_notify, FIN) and throw away what comes. Only
 * when writable. */
void stream_finish(struct stream *stream);

/* What comes in can wait (true; at first it cannot): it is read as it comes for as long as the io
 * thread's share for strangers lasts (io_share_begin), then behind those who play (io_later). */
void stream_can_wait(struct stream *stream, bool can_wait);

/* To another io thread: take it off its loop, from no callback of its own (no callback comes until
 * stream_enter) ... */
void stream_leave(struct stream *stream);
/* ... and put it on that thread's, there. What was left unread is given again. -1: out of memory;
 * it can only be closed. */
int stream_enter(struct stream *stream, struct io *io) MUST_CHECK;

/* Leave the socket unread (the peer feels it), and read on, kept bytes first. */
void stream_pause(struct stream *stream);
/* As above: paused or not, no effect if it is so already. */
void stream_resume(struct stream *stream);
/* As of now. */
bool stream_paused(const struct stream *stream);

bool stream_is_open(const struct stream *stream);      /* handshake done, not closed */
size_t stream_kept_bytes(const struct stream *stream); /* encrypted, refused by the socket */
/* CPU time of what came in: receiving, decrypting, the input handler; and its share of what was
 * gathered and written with others'. Sampled, the handshake exactly. */
uint64_t stream_cost_us(const struct stream *stream);
/* What its bytes are from now on, in the metrics; at first native. */
void stream_count_as(struct stream *stream, enum io_protocol protocol);
uint64_t stream_bytes_in(const struct stream *stream); /* on the socket */
/* As above. */
uint64_t stream_bytes_out(const struct stream *stream);
uint32_t stream_rtt_us(const struct stream *stream); /* asks the kernel; 0 unknown */

#endif
