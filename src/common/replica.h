/* replica.h -- what one receiver knows of the world: the client's side of cell blocks.
 *
 * Owns `have` per (key, part), the index tables of those parts and the entities; applies BLOCKS,
 * VIEW and IDENTITY by the rules of doc/protocol.md (have rule, owners of entities, left/entered
 * across cells). Knows no socket, clock or picture. Used by client, bots and tests. Bounded:
 * REPLICA_ENTITIES_MAX entities, REPLICA_KEYS_MAX keys; more is BAD. One thread. */
#ifndef OPENMMO_COMMON_REPLICA_H
#define OPENMMO_COMMON_REPLICA_H

#include <stdbool.h>
#include <stdint.h>

#include "common/cellblock.h"
#include "common/heightfield.h"
#include "common/text.h"

#define REPLICA_ENTITIES_MAX 65536
#define REPLICA_KEYS_MAX     4096

struct replica;

struct replica_entity {
    /* What moves comes first, together: crowds are walked through by the thousand. */
    struct space_pos pos; /* the wire quantum's lower edge */
    uint32_t tick;        /* tick of its last record (`to` of the block) */
    uint32_t before_tick; /* as of then it was still where the record before said; == tick: new */
    uint8_t interval;     /* ticks from one telling of its cell to the next; 0: not known yet */
    void *user; /* the owner's of the replica, e.g. the interpolation track; NULL at first */
    uint64_t id;
    uint16_t yaw;
    uint8_t pose;
    uint8_t version; /* identity version as blocks say */
    /* Not 0: its owner let it go for another cell at that tick, and it was not heard of there. */
    uint32_t orphan_tick;
    struct protocol_key owner; /* the cell that last said so */
    bool named;                /* name and looks are known (for some version) */
    uint8_t named_version;
    uint32_t looks;
    char name[TEXT_NAME_MAX_BYTES + 1];
};

/* Called on what happens to entities; may be NULL. entity is valid during the call. */
enum replica_event { REPLICA_APPEARED, REPLICA_MOVED, REPLICA_NAMED, REPLICA_VANISHED };
typedef void replica_event_fn(void *context, enum replica_event event,
                              struct replica_entity *entity);

/* field: borrowed, for heights; NULL: every y is over the ground, for who needs none. NULL when out
 * of memory. */
struct replica *replica_new(const struct heightfield *field, replica_event_fn *on_event,
                            void *context);
/* REPLICA_VANISHED for each that is left; NULL is fine. */
void replica_free(struct replica *replica);

/* Apply messages. OK or BAD (malformed, over the bounds, a gap that the server may not make, or a
 * block of a number that no VIEW has given). After BAD the replica is only good for replica_free.
 */
enum protocol_result replica_blocks(struct replica *replica,
                                    const struct protocol_blocks *message) MUST_CHECK;
/* Apply one block that has been parsed already: its records as cellblock_parse visits them. As
 * replica_blocks answers. */
enum protocol_result replica_block(struct replica *replica, const struct cellblock_header *header,
                                   const struct cellblock_record *records,
                                   size_t records_n) MUST_CHECK;
/* Keys gained, then keys lost: what those own goes. BAD also where a key is gained that is in view,
 * or with a number that is in use, or a number lost that is not. */
enum protocol_result replica_view(struct replica *replica,
                                  const struct protocol_view *message) MUST_CHECK;
/* Names and looks; rows of entities that went meanwhile are passed over. */
enum protocol_result replica_identity(struct replica *replica,
                                      const struct protocol_identity *message) MUST_CHECK;

/* Let go of orphans (see orphan_tick) not heard of for 40 ticks. Call once a tick or frame. */
void replica_expire(struct replica *replica, uint32_t tick_now);

/* Ids whose name is missing or outdated and was not asked for in the last 20 ticks. Fills who (up
 * to 64); returns how many. */
unsigned replica_wanted(struct replica *replica, uint32_t tick_now, struct protocol_who *who);

struct replica_entity *replica_find(struct replica *replica, uint64_t id); /* NULL: not known */
/* Each entity, in no order; stops if visit returns false. visit must not change the replica. */
typedef bool replica_visit_fn(void *context, struct replica_entity *entity);
/* Orphans too. */
void replica_each(struct replica *replica, replica_visit_fn *visit, void *context);
uint32_t replica_entities_n(const struct replica *replica); /* orphans too */
/* The highest `to` applied so far; 0 at first. */
uint32_t replica_tick(const struct replica *replica);

struct replica_counts {
    uint64_t blocks, blocks_full, blocks_ignored /* have >= to */, records, gaps;
};
struct replica_counts replica_counts(const struct replica *replica); /* since replica_new */

#endif
