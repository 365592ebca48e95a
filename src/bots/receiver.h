/* receiver.h -- what a bot makes of the blocks that it is sent.
 *
 * Every receiver checks that each block is well-formed (by the book: the same bytes have been
 * decoded, or are decoded now), that its key is in view, and that its ticks follow by the have
 * rule. A decoding one also applies all to a replica of its own (bots/sketch), matches the places
 * that it shows with the senders' trails, and so measures how long moves take and how old is what
 * is shown. One thread. */
#ifndef OPENMMO_BOTS_RECEIVER_H
#define OPENMMO_BOTS_RECEIVER_H

#include <stdbool.h>
#include <stdint.h>

#include "bots/board.h"
#include "bots/book.h"
#include "bots/report.h"
#include "common/protocol.h"

struct receiver;

/* What all receivers of a process share. */
struct receiver_shared {
    struct book *book;
    struct board *board;
    struct report *report;
};

/* player: one's own number, which is not measured. NULL when out of memory. */
struct receiver *receiver_new(const struct receiver_shared *shared, uint32_t player, bool decodes);
void receiver_free(struct receiver *receiver); /* NULL is fine */

/* Messages as they come, at now_us. False: the server broke the protocol, and the report says how.
 */
bool receiver_blocks(struct receiver *receiver, const struct protocol_frame *frame,
                     uint64_t now_us) MUST_CHECK;
/* As above. */
bool receiver_view(struct receiver *receiver, const struct protocol_frame *frame) MUST_CHECK;
/* As above. */
bool receiver_identity(struct receiver *receiver, const struct protocol_frame *frame) MUST_CHECK;

bool receiver_decodes(const struct receiver *receiver); /* everything; else it checks only */
/* Ids to ask for; none of one that does not decode. Returns how many. */
unsigned receiver_wanted(struct receiver *receiver, struct protocol_who *who);
/* Decoding ones, now and then: let go of who is not heard of. */
void receiver_expire(struct receiver *receiver);
/* Note how old is what is shown of each neighbour, by its distance from here. */
void receiver_sample(struct receiver *receiver, struct space_pos here, uint64_t now_us);
/* The end of the measuring: what was due over a second before and was never shown. */
void receiver_finish(struct receiver *receiver, uint64_t now_us);

#endif
