/* fuzz_cellblock.c -- cell blocks, and the replica on top of them.
 *
 * The bytes are frames: the body of each BLOCKS is parsed block by block, as if the number of its
 * key said where it is (what parses must encode to the same bytes), and VIEW, BLOCKS and IDENTITY
 * go to a replica, whose tables must agree with each other after each. */
#include <string.h>

#include "common/cellblock.h"
#include "common/replica.h"
#include "fuzz.h"

struct block {
    struct cellblock_record records[4 * CELLBLOCK_PART];
    size_t n;
};

static void keep(void *context, const struct cellblock_header *header,
                 const struct cellblock_record *record)
{
    struct block *block = context;
    MUST(block->n < 4 * CELLBLOCK_PART);
    MUST(record->index >= header->first && record->index <= header->last);
    block->records[block->n++] = *record;
}

static void check_blocks(const struct protocol_blocks *message)
{
    static struct block block;
    static uint8_t room[CELLBLOCK_MAX_BYTES];
    struct wire_reader r;
    wire_reader_init(&r, message->bytes, message->len_bytes);
    while (wire_left(&r) > 0) {
        uint16_t number = protocol_number(&r);
        struct cellblock_header header = {
            .key = {(uint16_t)(number & 3), 0, (uint8_t)(number >> 2 & 3), number >> 4, number},
            .to = message->to};
        const uint8_t *start = r.next;
        if (r.bad)
            return;
        block.n = 0;
        if (cellblock_parse(&r, &header, keep, &block) != PROTOCOL_OK) {
            MUST(block.n == 0 && r.bad);
            return;
        }
        size_t n = cellblock_encode(&header, block.records, block.n, room, sizeof room);
        MUST(n == (size_t)(r.next - start));
        MUST(memcmp(room, start, n) == 0);
    }
}

struct tally {
    struct replica *replica;
    uint32_t appeared, vanished, seen;
};

static void on_event(void *context, enum replica_event event, struct replica_entity *entity)
{
    struct tally *tally = context;
    if (event == REPLICA_APPEARED) {
        MUST(entity->user == NULL);
        tally->appeared++;
    }
    entity->user = tally;
    if (event == REPLICA_VANISHED)
        tally->vanished++;
}

static bool on_entity(void *context, struct replica_entity *entity)
{
    struct tally *tally = context;
    MUST(replica_find(tally->replica, entity->id) == entity);
    MUST(entity->user == tally);
    MUST(entity->owner.level <= PROTOCOL_LEVEL_MAX);
    tally->seen++;
    return true;
}

static enum protocol_result apply(struct tally *tally, const struct protocol_frame *frame)
{
    static union {
        struct protocol_blocks blocks;
        struct protocol_view view;
        struct protocol_identity identity;
    } m;
    switch (frame->type) {
    case PROTOCOL_BLOCKS:
        if (protocol_decode_blocks(frame->body, frame->body_bytes, &m.blocks) != PROTOCOL_OK)
            return PROTOCOL_BAD;
        check_blocks(&m.blocks);
        return replica_blocks(tally->replica, &m.blocks);
    case PROTOCOL_VIEW:
        if (protocol_decode_view(frame->body, frame->body_bytes, &m.view) != PROTOCOL_OK)
            return PROTOCOL_BAD;
        return replica_view(tally->replica, &m.view);
    case PROTOCOL_IDENTITY:
        if (protocol_decode_identity(frame->body, frame->body_bytes, &m.identity) != PROTOCOL_OK)
            return PROTOCOL_BAD;
        return replica_identity(tally->replica, &m.identity);
    }
    return PROTOCOL_OK;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    static struct heightfield *field;
    struct tally tally = {0};
    if (!field)
        field = heightfield_new(1, 1024);
    tally.replica = replica_new(field, on_event, &tally);
    MUST(field && tally.replica);
    struct protocol_frame frame;
    while (protocol_frame_parse(bytes, len_bytes, PROTOCOL_FRAME_MAX, &frame) == PROTOCOL_OK) {
        struct protocol_who who;
        if (apply(&tally, &frame) != PROTOCOL_OK)
            break;
        replica_expire(tally.replica, replica_tick(tally.replica));
        MUST(replica_wanted(tally.replica, replica_tick(tally.replica), &who) <= PROTOCOL_WHO_MAX);
        tally.seen = 0;
        replica_each(tally.replica, on_entity, &tally);
        MUST(tally.seen == replica_entities_n(tally.replica));
        MUST(tally.seen == tally.appeared - tally.vanished);
        bytes += frame.frame_bytes;
        len_bytes -= frame.frame_bytes;
    }
    replica_free(tally.replica);
    MUST(tally.appeared == tally.vanished);
    return 0;
}
