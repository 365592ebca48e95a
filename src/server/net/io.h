/* io.h -- an io thread: one libevent loop with its connections, deadlines and scratch buffers.
 *
 * The loop's order, each turn: what sockets brought (streams call their protocols) | time | calls
 * posted from control | deadlines | the owner's pass (a slice of the sweep) | if the pass is whole,
 * a slice of what can wait (handshakes, HTTP requests). A turn happens at least every 50 ms. Where
 * packets come one by one, more than 500 times a second, a thread of its own rests for 1 to 4 ms
 * after each look, so that some come together (about 8, where 4 ms are enough); io_wake and io_post
 * end a rest. Not so where most of what comes is asked, and waits for its answer (io_asked).
 *
 * The io clock counts milliseconds since io_new and stands still while the thread itself stood
 * still for more than a quarter of a second: deadlines do not punish anybody for our hiccup. Owner:
 * its thread, unless said. */
#ifndef OPENMMO_NET_IO_H
#define OPENMMO_NET_IO_H

#include <event2/event.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/error.h"
#include "ops/postbox.h"

#define IO_RECORD_MAX 16384        /* plain bytes in one TLS record */
#define IO_CIPHER_MAX (64 * 1024)  /* what one TLS operation may produce */
#define IO_INPUT_MAX  (128 * 1024) /* unconsumed input of one connection, and one read more */
#define IO_TURN_MS    50
#define IO_LATER_US   2000 /* of a turn for what can wait; as much of it may be done at once */
#define IO_STALL_MS   250  /* a longer turn is a stall: the io clock counts this much of it */

struct io; /* opaque */
struct batch_write;

/* Buffers that every connection of the thread uses in turn; empty between callbacks. */
struct io_scratch {
    uint8_t plain[IO_RECORD_MAX];
    uint8_t cipher[IO_CIPHER_MAX];
    size_t cipher_n;
    uint8_t input[IO_INPUT_MAX];
};

struct io_config {
    struct event_base *base; /* not NULL: run on this loop (control's), without an own thread */
    unsigned number;         /* of the thread, for its name */
    bool single;             /* each write by a system call of its own (no io_uring) */
    /* A slice of the owner's work. True: call again on the next turn, which comes at once. */
    bool (*pass)(void *context);
    void *context;
};

/* Everything but the thread. NULL + error. Control thread. */
struct io *io_new(const struct io_config *config, struct error *error);
/* Start the thread (nothing to do on control's loop). 0; -1 + error. Control thread. */
int io_start(struct io *io, struct error *error) MUST_CHECK;
/* End the loop and join the thread, then run what was posted: afterwards the caller owns all of it.
 * Control thread. */
void io_stop(struct io *io);
/* Stopped: let every deadline expire now that had been reached by the last turn, or is armed
 * meanwhile for now. Control thread. */
void io_expire_all(struct io *io);
void io_free(struct io *io); /* stopped; NULL is fine */

void io_post(struct io *io, struct postbox_item *item); /* any thread: run it on this thread */
void io_wake(struct io *io);                            /* any thread: take a turn */
/* Deadlines move on by this, less what the io clock left out of a stall of its own within the last
 * second. Any thread. */
void io_stalled(struct io *io, uint32_t stalled_ms);

/* For streams (stream_gather). done: what became of those that were written by one call, and how
 * much of its CPU time is each one's share, in us, as sampled (IO_SAMPLE): the same for all, as the
 * bytes matter little. */
typedef void io_written_fn(struct batch_write *writes, unsigned n, uint64_t share_us);
/* Writes are gathered from here on, where the kernel can. */
void io_batch_begin(struct io *io, io_written_fn *done);
void io_batch_end(struct io *io);       /* all is written */
void io_batch_send(struct io *io);      /* what was added so far is written */
bool io_gathering(const struct io *io); /* false: write it yourself */
/* At most BATCH_BYTES; where there is no room, what was added goes first. */
void io_batch_add(struct io *io, int fd, const uint8_t *bytes, size_t len_bytes, void *owner);

/* What its streams need: the loop, the buffers. */
struct event_base *io_base(const struct io *io);
/* As said there: empty between callbacks. */
struct io_scratch *io_scratch(struct io *io);
enum io_protocol { IO_NATIVE, IO_HTTP, IO_WEBSOCKET, IO_PROTOCOLS }; /* what bytes are counted as */
/* Bytes read: to the metrics, once a turn. */
void io_count_in(struct io *io, enum io_protocol protocol, size_t n);
/* Bytes written: likewise. */
void io_count_out(struct io *io, enum io_protocol protocol, size_t n);
void io_asked(struct io *io); /* what was read just now is waited for by who sent it */
/* CPU time of a few pieces of work is taken to stand for all: one in IO_SAMPLE, drawn by dice, so
 * that no rhythm of theirs shows in it. */
#ifndef IO_SAMPLE /* bench/README.md measures without it */
#define IO_SAMPLE 16
#endif
/* True for one in IO_SAMPLE calls. */
bool io_sampled(struct io *io);

/* To take the CPU time of what is done for one alone. Returns what io_watch_end is to be given. */
uint64_t io_watch_begin(struct io *io);
/* In us, without the batches that he happened to be the one to send. */
uint64_t io_watch_end(struct io *io, uint64_t begin_us);

uint64_t io_now_ms(const struct io *io); /* the io clock, as of this turn */
void io_turn_soon(struct io *io);        /* take another turn without waiting */

/* Work that strangers cause, a slice of it a turn, behind the owner's pass: so that many of them at
 * once cost those who play nothing but this slice. Of each kind in order, the kinds by turns. */
enum io_later_kind { IO_LATER_HANDSHAKE, IO_LATER_REQUEST, IO_LATER_KINDS };
struct io_job {
    struct io_job *older, *newer;
    void (*run)(struct io_job *job); /* it is off the list; set by the owner */
    enum io_later_kind kind;         /* of the list that it waits on */
    bool waits;
};
/* No effect if it waits. */
void io_later(struct io *io, struct io_job *job, enum io_later_kind kind);
void io_later_cancel(struct io *io, struct io_job *job); /* fine if it does not wait */
/* Such work may be done at once, up to io_share_end: none of its kind waits, and less than a slice
 * of it was done at once since the last whole pass. */
bool io_share_begin(struct io *io, enum io_later_kind kind);
void io_share_end(struct io *io); /* it is done, and counted */

/* For who hands out connections; any thread. */
uint32_t io_later_n(const struct io *io, enum io_later_kind kind); /* jobs that wait */
uint64_t io_turned_ms(const struct io *io); /* monotonic clock of the last turn */

/* Deadlines, absolute, each on the sorted list of its class (deadlines of a class mostly have one
 * length, so that the place of a new one is the end). */
#define IO_DEADLINE_CLASSES 24
struct io_deadline {
    struct io_deadline *older, *newer;
    uint64_t at_ms;                                /* io clock */
    void (*expired)(struct io_deadline *deadline); /* it is disarmed; may arm and disarm any */
    uint32_t turn;                                 /* in which it was armed */
    uint8_t class_of;
    bool armed;
};
/* (Re)arm. One armed during a turn expires in a later one. deadline->expired is set by the owner.
 */
void io_deadline_arm(struct io *io, struct io_deadline *deadline, unsigned class_of,
                     uint64_t at_ms);
void io_deadline_disarm(struct io *io, struct io_deadline *deadline); /* fine if not armed */

#endif
