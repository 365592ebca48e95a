/* record.h -- the TLS record that is being filled for one player.
 *
 * A record ends on a message's end, and every record is encrypted before the next is begun, so what
 * a receiver is said to have may move when its bytes go in. When the socket takes no more, or it
 * has been enough for one snapshot, the record is over: newer state comes. Owner: the session's io
 * thread, within one gather. */
#ifndef OPENMMO_PLAY_RECORD_H
#define OPENMMO_PLAY_RECORD_H

#include "common/wire.h"
#include "play/session.h"

#define RECORD_MANY     4  /* a snapshot and player: 64 KiB */
#define RECORD_OVERHEAD 22 /* what TLS 1.3 adds */

struct record {
    struct session *session;
    uint8_t *room; /* the io thread's */
    size_t n;
    uint32_t updates; /* bytes of it that are blocks, but not first ones */
    unsigned records;
    size_t blocks; /* where a BLOCKS message begins that is not at its end yet, + 1; 0: none */
    bool over;     /* nothing more now */
};

/* An empty one. */
void record_init(struct record *record, struct session *session);
/* End the record. False: it is over. */
bool record_flush(struct record *record);
/* Room for need_bytes in this record or a new one. */
bool record_room(struct record *record, size_t need_bytes);
/* Write a message into it ... */
void record_writer(struct record *record, struct wire_writer *w);
/* ... and keep it. */
void record_take(struct record *record, const struct wire_writer *w);
/* A block of the key that has this number, into the BLOCKS message that was begun last, or into a
 * new one. Returns how many bytes it took; 0: there is no room now. */
uint32_t record_block(struct record *record, uint16_t number, const struct snapshot_block *block);
/* Copy messages in; record_room has said yes. */
void record_copy(struct record *record, const uint8_t *bytes, size_t len_bytes);

#endif
