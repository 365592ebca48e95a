/* receiver.c -- see receiver.h. */
#include "bots/receiver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RETRIES_MAX   64      /* looks for a figure that is no player of ours: an operator's, say */
#define UNDELIVERED   1000000 /* us: a move that is newer may still be on its way */
#define GROW_AT_LEAST 64

/* What one has of a part: only while the key's stay in view is the same. */
struct have {
    uint32_t tick;
    uint16_t stay;
};

struct receiver {
    const struct receiver_shared *shared;
    uint32_t player;
    struct replica *replica; /* NULL: checks only */
    uint64_t now_us;
    uint16_t *stays; /* by the key's number: 0 not in view, else which of its stays */
    struct have *haves;
    uint32_t stays_n, haves_n;
    uint16_t last_stay;
    struct replica_counts counted;
};

/* What is kept with a replica's entity (its `user`): who it is, and the mark shown last. */
struct shown {
    uint32_t who;           /* player + 1; 0: not known yet */
    struct trail_mark mark; /* while who is 0, seq counts the looks */
};

#define WHO_BITS     29
#define SUBSTEP_BITS 3
_Static_assert(sizeof(uintptr_t) == 8, "a mark is packed into a pointer");

static struct shown unpack(const void *user)
{
    uint64_t word = (uintptr_t)user;
    return (struct shown){(uint32_t)(word >> (32 + SUBSTEP_BITS)),
                          {(uint32_t)word, (uint32_t)(word >> 32) & ((1u << SUBSTEP_BITS) - 1)}};
}

static void *pack(struct shown shown)
{
    return (void *)(uintptr_t)((uint64_t)shown.who << (32 + SUBSTEP_BITS) |
                               (uint64_t)shown.mark.substep << 32 | shown.mark.seq);
}

/* ---- matching what is shown with the senders' trails ---- */

static void deliver(struct receiver *receiver, uint64_t due_us, bool exact)
{
    struct report *report = receiver->shared->report;
    if (due_us == 0 || due_us < report->begin_us || due_us > receiver->now_us)
        return;
    histogram_add(&report->delivery, receiver->now_us - due_us);
    if (exact)
        report->exact++;
    else
        report->replaced++;
}

/* All moves after the mark that is shown, up to the one that is seen now, are delivered. */
static void delivered(struct receiver *receiver, const struct trail *trail,
                      struct trail_mark before, const struct receiver_sight *sight)
{
    /* Of the move where it was before, only the end was still to come. */
    uint32_t seq = before.seq + (before.substep == TRAIL_SUBSTEPS - 1);
    bool exact = sight->mark.substep == TRAIL_SUBSTEPS - 1;
    if (sight->mark.seq - before.seq >= TRAIL_MOVES)
        seq = sight->mark.seq - (TRAIL_MOVES - 1);
    for (; seq < sight->mark.seq; seq++)
        deliver(receiver, trail_due_us(trail, seq), false);
    if (exact && seq == sight->mark.seq)
        deliver(receiver, sight->due_us, true);
}

/* Look for the place on the player's trail, from the mark on. NULL: it is not there. */
static const struct receiver_sight *look(struct receiver *receiver, uint32_t player,
                                         struct trail_mark from, uint64_t place)
{
    const struct trail *trail = &receiver->shared->board->trails[player];
    struct receiver_sight *sight = &receiver->shared->sights[player];
    if (sight->place == place && sight->mark.seq && sight->mark.seq >= from.seq &&
        sight->mark.seq - from.seq < TRAIL_UNIQUE)
        return sight;
    if (!trail_find(trail, from, place, &sight->mark)) {
        sight->mark.seq = 0;
        return NULL;
    }
    sight->place = place;
    sight->due_us = trail_due_us(trail, sight->mark.seq);
    return sight;
}

/* Whose figure it is; false: of nobody that we play, or one's own. */
static bool recognise(struct receiver *receiver, struct replica_entity *entity, struct shown *shown)
{
    uint32_t player = shown->mark.seq < RETRIES_MAX
                          ? board_player(receiver->shared->board, entity->id)
                          : BOARD_NOBODY;
    if (player == BOARD_NOBODY) {
        shown->mark.seq += shown->mark.seq < RETRIES_MAX;
        entity->user = pack(*shown);
        return false;
    }
    shown->who = player + 1;
    shown->mark = (struct trail_mark){0, 0};
    return true;
}

static void on_replica(void *context, enum replica_event event, struct replica_entity *entity)
{
    struct receiver *receiver = context;
    if (event != REPLICA_APPEARED && event != REPLICA_MOVED)
        return;
    struct shown shown = unpack(entity->user);
    if (!shown.who && !recognise(receiver, entity, &shown))
        return;
    if (shown.who == receiver->player + 1) {
        entity->user = pack(shown);
        return;
    }
    const struct receiver_sight *sight =
        look(receiver, shown.who - 1, shown.mark, trail_place(entity->pos));
    if (!sight) {
        if (shown.mark.seq != 0) /* else it came in, and has not moved since */
            receiver->shared->report->unmatched++;
        entity->user = pack(shown);
        return;
    }
    if (shown.mark.seq != 0)
        delivered(receiver, &receiver->shared->board->trails[shown.who - 1], shown.mark, sight);
    shown.mark = sight->mark;
    entity->user = pack(shown);
}

/* ---- checks ---- */

/* Room for one more number; what is new is zero. */
static void *grow(void *rows, uint32_t *n, uint32_t number, size_t size)
{
    if (number < *n)
        return rows;
    uint32_t more = number + number / 2 + GROW_AT_LEAST;
    char *bigger = realloc(rows, more * size);
    if (!bigger)
        return NULL;
    memset(bigger + *n * size, 0, (more - *n) * size);
    *n = more;
    return bigger;
}

static bool broken(struct receiver *receiver, uint64_t *count, const char *what,
                   const struct cellblock_header *header)
{
    struct report_checks *checks = &receiver->shared->report->checks;
    (*count)++;
    if (!checks->first.text[0] && header)
        error_set(&checks->first,
                  "player %u: %s: cell (%d, %d), level %u, part %u, from %lld to %u",
                  receiver->player, what, (int)header->key.x, (int)header->key.z, header->key.level,
                  header->first / CELLBLOCK_PART,
                  header->from == CELLBLOCK_NONE ? -1ll : (long long)header->from, header->to);
    else if (!checks->first.text[0])
        error_set(&checks->first, "player %u: %s", receiver->player, what);
    return false;
}

/* The have rule. */
static bool check_ticks(struct receiver *receiver, const struct book_block *block)
{
    struct report_checks *checks = &receiver->shared->report->checks;
    const struct cellblock_header *header = &block->header;
    uint16_t stay = block->key < receiver->stays_n ? receiver->stays[block->key] : 0;
    if (stay == 0)
        return broken(receiver, &checks->strangers, "a cell that is not in view", header);
    struct have *haves =
        grow(receiver->haves, &receiver->haves_n, block->part, sizeof receiver->haves[0]);
    if (!haves)
        return false;
    receiver->haves = haves;
    struct have *have = &haves[block->part];
    bool none = have->stay != stay, full = header->from == CELLBLOCK_NONE;
    if (!none && have->tick >= header->to)
        return true;
    if (!full && (none || have->tick < header->from))
        return broken(receiver, &checks->gaps, "a gap", header);
    *have = (struct have){header->to, stay};
    return true;
}

static bool check_blocks(struct receiver *receiver, const struct protocol_blocks *message)
{
    struct report_checks *checks = &receiver->shared->report->checks;
    struct wire_reader reader;
    wire_reader_init(&reader, message->bytes, message->len_bytes);
    while (wire_left(&reader) > 0) {
        const struct book_block *block;
        struct cellblock_header header;
        struct wire_reader head = reader;
        switch (book_take(receiver->shared->book, &reader, &block)) {
        case BOOK_OK:
            break;
        case BOOK_MALFORMED:
            return broken(receiver, &checks->malformed, "a malformed block", NULL);
        case BOOK_DIFFERS:
            return broken(receiver, &checks->differing, "two contents under one header",
                          cellblock_parse_header(&head, &header) == PROTOCOL_OK ? &header : NULL);
        case BOOK_NO_MEMORY:
            return false;
        }
        checks->blocks++;
        if (!check_ticks(receiver, block))
            return false;
        if (receiver->replica && replica_block(receiver->replica, &block->header, block->records,
                                               block->records_n) != PROTOCOL_OK)
            return broken(receiver, &checks->refused, "a block that a replica refuses",
                          &block->header);
    }
    return true;
}

bool receiver_blocks(struct receiver *receiver, const struct protocol_frame *frame, uint64_t now_us)
{
    struct report_checks *checks = &receiver->shared->report->checks;
    struct protocol_blocks m;
    receiver->now_us = now_us;
    if (protocol_decode_blocks(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return broken(receiver, &checks->malformed, "a malformed BLOCKS", NULL);
    return check_blocks(receiver, &m);
}

bool receiver_view(struct receiver *receiver, const struct protocol_frame *frame)
{
    struct report_checks *checks = &receiver->shared->report->checks;
    struct protocol_view m;
    if (protocol_decode_view(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return broken(receiver, &checks->malformed, "a malformed VIEW", NULL);
    struct wire_reader keys = m.keys;
    for (unsigned i = 0; i < (unsigned)m.gained_n + m.lost_n; i++) {
        struct protocol_key key = protocol_view_key(&keys);
        uint32_t number = book_key(receiver->shared->book, &key);
        uint16_t *stays = number == BOOK_NONE ? NULL
                                              : grow(receiver->stays, &receiver->stays_n, number,
                                                     sizeof receiver->stays[0]);
        if (!stays)
            return false;
        receiver->stays = stays;
        if (i >= m.gained_n)
            stays[number] = 0;
        else if (stays[number] == 0)
            stays[number] = ++receiver->last_stay ? receiver->last_stay : ++receiver->last_stay;
    }
    if (receiver->replica && replica_view(receiver->replica, &m) != PROTOCOL_OK)
        return broken(receiver, &checks->refused, "a VIEW that a replica refuses", NULL);
    return true;
}

bool receiver_identity(struct receiver *receiver, const struct protocol_frame *frame)
{
    struct report_checks *checks = &receiver->shared->report->checks;
    struct protocol_identity m;
    if (protocol_decode_identity(frame->body, frame->body_bytes, &m) != PROTOCOL_OK ||
        (receiver->replica && replica_identity(receiver->replica, &m) != PROTOCOL_OK))
        return broken(receiver, &checks->malformed, "a malformed IDENTITY", NULL);
    return true;
}

/* ---- samples ---- */

struct sample {
    struct receiver *receiver;
    struct space_pos here;
    uint32_t neighbours;
};

static unsigned class_of(struct space_pos here, struct space_pos there)
{
    int64_t x = (int64_t)there.x - here.x, z = (int64_t)there.z - here.z;
    double m = sqrt((double)(x * x + z * z)) / SPACE_UNITS_PER_M;
    unsigned i = 0;
    while (i < REPORT_CLASSES - 1 && m > report_class_m[i])
        i++;
    return i;
}

static bool sample_one(void *context, struct replica_entity *entity)
{
    struct sample *sample = context;
    struct receiver *receiver = sample->receiver;
    struct shown shown = unpack(entity->user);
    if (shown.who == receiver->player + 1)
        return true;
    sample->neighbours++;
    if (!shown.who || !shown.mark.seq)
        return true;
    uint64_t due_us = trail_due_us(&receiver->shared->board->trails[shown.who - 1], shown.mark.seq);
    if (due_us && due_us < receiver->now_us)
        histogram_add(&receiver->shared->report->stale[class_of(sample->here, entity->pos)],
                      receiver->now_us - due_us);
    return true;
}

void receiver_sample(struct receiver *receiver, struct space_pos here, uint64_t now_us)
{
    struct sample sample = {receiver, here, 0};
    if (!receiver->replica)
        return;
    receiver->now_us = now_us;
    replica_each(receiver->replica, sample_one, &sample);
    receiver->shared->report->samples++;
    receiver->shared->report->neighbours += sample.neighbours;
}

static bool finish_one(void *context, struct replica_entity *entity)
{
    struct receiver *receiver = context;
    struct report *report = receiver->shared->report;
    struct shown shown = unpack(entity->user);
    if (!shown.who || !shown.mark.seq || shown.who == receiver->player + 1)
        return true;
    const struct trail *trail = &receiver->shared->board->trails[shown.who - 1];
    uint32_t newest = trail_newest(trail);
    uint32_t seq = shown.mark.seq + (shown.mark.substep == TRAIL_SUBSTEPS - 1);
    if (newest >= TRAIL_MOVES && seq < newest - (TRAIL_MOVES - 1))
        seq = newest - (TRAIL_MOVES - 1);
    for (; seq <= newest; seq++) {
        uint64_t due_us = trail_due_us(trail, seq);
        if (due_us < report->begin_us || due_us + UNDELIVERED > receiver->now_us)
            continue;
        histogram_add(&report->delivery, receiver->now_us - due_us); /* at least so long */
        report->undelivered++;
    }
    return true;
}

void receiver_finish(struct receiver *receiver, uint64_t now_us)
{
    receiver->now_us = now_us;
    if (receiver->replica)
        replica_each(receiver->replica, finish_one, receiver);
}

/* ---- the rest ---- */

struct receiver *receiver_new(const struct receiver_shared *shared, uint32_t player, bool decodes)
{
    struct receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver)
        return NULL;
    receiver->shared = shared;
    receiver->player = player;
    if (decodes)
        receiver->replica = replica_new(NULL, on_replica, receiver);
    if (decodes && !receiver->replica) {
        free(receiver);
        return NULL;
    }
    return receiver;
}

void receiver_free(struct receiver *receiver)
{
    if (!receiver)
        return;
    replica_free(receiver->replica);
    free(receiver->stays);
    free(receiver->haves);
    free(receiver);
}

bool receiver_decodes(const struct receiver *receiver)
{
    return receiver->replica != NULL;
}

unsigned receiver_wanted(struct receiver *receiver, struct protocol_who *who)
{
    return receiver->replica
               ? replica_wanted(receiver->replica, replica_tick(receiver->replica), who)
               : 0;
}

void receiver_expire(struct receiver *receiver)
{
    if (receiver->replica)
        replica_expire(receiver->replica, replica_tick(receiver->replica));
}

void receiver_count(struct receiver *receiver)
{
    struct report *report = receiver->shared->report;
    if (!receiver->replica)
        return;
    struct replica_counts now = replica_counts(receiver->replica);
    report->records += now.records - receiver->counted.records;
    report->blocks += now.blocks - receiver->counted.blocks;
    report->blocks_full += now.blocks_full - receiver->counted.blocks_full;
    receiver->counted = now;
}
