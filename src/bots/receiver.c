/* receiver.c -- see receiver.h. */
#include "bots/receiver.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bots/rows.h"
#include "bots/sketch.h"
#include "common/text.h"

#define LOOKS_MAX     64 /* for the player of a figure that may be none of ours: an operator's, say */
#define LOOK_AGAIN_US 20000
#define UNDELIVERED   1000000 /* us: a move that is newer may still be on its way */

/* A key in view, by the server's number: together, in few cache lines, since a process has
 * thousands of receivers, each with some dozen keys. */
struct held {
    uint32_t key;   /* the book's number + 1; 0: not in view */
    uint32_t have;  /* of part 0 */
    uint32_t *more; /* of the parts from 1 on, behind how many they are; NULL: none yet */
};

struct receiver {
    const struct receiver_shared *shared;
    struct roll *roll; /* the book's */
    uint32_t player;
    struct sketch *sketch; /* NULL: checks only */
    uint64_t now_us;
    struct held *helds;
    uint32_t helds_n;
};

/* What a sketch keeps for us with each figure: the mark on its player's trail that is shown. */
#define SUBSTEP_BITS 3
_Static_assert(TRAIL_SUBSTEPS <= 1 << SUBSTEP_BITS, "a mark is packed into a word");

static struct trail_mark unpack(uint32_t mark)
{
    return (struct trail_mark){mark >> SUBSTEP_BITS, mark & ((1u << SUBSTEP_BITS) - 1)};
}

static uint32_t pack(uint32_t seq, uint32_t substep)
{
    return seq << SUBSTEP_BITS | substep;
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
static void delivered(struct receiver *receiver, struct trail_mark before,
                      const struct roll_row *row)
{
    const struct trail *trail = &receiver->shared->board->trails[row->player - 1];
    /* Of the move where it was before, only the end was still to come. */
    uint32_t seq = before.seq + (before.substep == TRAIL_SUBSTEPS - 1);
    bool exact = row->substep == TRAIL_SUBSTEPS - 1;
    if (row->seq - before.seq >= TRAIL_MOVES)
        seq = row->seq - (TRAIL_MOVES - 1);
    for (; seq < row->seq; seq++)
        deliver(receiver, trail_due_us(trail, seq), false);
    if (exact && seq == row->seq)
        deliver(receiver, row->due_us, true);
}

/* Look for the place on the player's trail, from the mark on. False: it is not there. */
static bool look(const struct receiver *receiver, struct roll_row *row, struct trail_mark from,
                 uint64_t place)
{
    const struct trail *trail = &receiver->shared->board->trails[row->player - 1];
    struct trail_mark found;
    if (row->place == place && row->seq && row->seq >= from.seq &&
        row->seq - from.seq < TRAIL_UNIQUE)
        return true;
    if (!trail_find(trail, from, place, &found)) {
        row->seq = 0;
        return false;
    }
    row->seq = found.seq;
    row->substep = found.substep;
    row->place = place;
    row->due_us = trail_due_us(trail, found.seq);
    return true;
}

/* Whose figure it is; false: of nobody that we play, or that is known yet. */
static bool recognise(const struct receiver *receiver, struct roll_row *row)
{
    if (row->player)
        return true;
    if (row->looks == LOOKS_MAX || receiver->now_us < row->look_us)
        return false;
    uint32_t player = board_player(receiver->shared->board, row->id);
    row->looks++;
    row->look_us = receiver->now_us + LOOK_AGAIN_US;
    row->player = player == BOARD_NOBODY ? 0 : player + 1;
    return row->player;
}

/* Whether what the receiver is shown of the player (+ 1) says how fast the server is. */
static bool counts(const struct receiver *receiver, uint32_t player)
{
    const struct board *board = receiver->shared->board;
    return player != receiver->player + 1 && !board_is_apart(board, player - 1) &&
           !board_is_apart(board, receiver->player);
}

static void on_seen(void *context, uint32_t figure, uint64_t place, uint32_t *mark)
{
    struct receiver *receiver = context;
    struct roll_row *row = roll_row(receiver->roll, figure);
    if (!recognise(receiver, row) || !counts(receiver, row->player))
        return;
    struct trail_mark before = unpack(*mark);
    if (!look(receiver, row, before, place)) {
        if (before.seq != 0) /* else it came in, and has not moved since */
            receiver->shared->report->unmatched++;
        return;
    }
    if (before.seq != 0)
        delivered(receiver, before, row);
    *mark = pack(row->seq, row->substep);
}

/* ---- checks ---- */

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

enum news { NEWS, OLD_NEWS, NEWS_BROKEN };

/* What is had of a part of the key; NULL: out of memory. */
static uint32_t *have_of(struct held *held, unsigned part)
{
    if (part == 0)
        return &held->have;
    uint32_t n = held->more ? held->more[0] : 0;
    if (part > n) {
        uint32_t *more = realloc(held->more, (part + 1) * sizeof *more);
        if (!more)
            return NULL;
        while (n < part)
            more[++n] = CELLBLOCK_NONE;
        more[0] = n;
        held->more = more;
    }
    return &held->more[part];
}

/* The have rule. */
static enum news check_ticks(struct receiver *receiver, struct held *held,
                             const struct book_block *block)
{
    const struct cellblock_header *header = &block->header;
    uint32_t *have = have_of(held, header->first / CELLBLOCK_PART);
    if (!have)
        return NEWS_BROKEN;
    if (*have != CELLBLOCK_NONE && *have >= header->to)
        return OLD_NEWS;
    if (header->from != CELLBLOCK_NONE && (*have == CELLBLOCK_NONE || *have < header->from)) {
        broken(receiver, &receiver->shared->report->checks.gaps, "a gap", header);
        return NEWS_BROKEN;
    }
    *have = header->to;
    return NEWS;
}

/* What decodes everything takes it over. */
static bool apply(struct receiver *receiver, const struct book_block *block)
{
    struct report *report = receiver->shared->report;
    report->blocks++;
    report->blocks_full += block->header.from == CELLBLOCK_NONE;
    report->records += block->records_n;
    if (sketch_block(receiver->sketch, block) == PROTOCOL_OK)
        return true;
    return broken(receiver, &report->checks.refused, "a block that a replica refuses",
                  &block->header);
}

/* A key in view by its number; NULL: it is none. */
static struct held *held_of(const struct receiver *receiver, uint16_t number)
{
    return number < receiver->helds_n && receiver->helds[number].key ? &receiver->helds[number]
                                                                     : NULL;
}

static bool check_blocks(struct receiver *receiver, const struct protocol_blocks *message)
{
    struct report_checks *checks = &receiver->shared->report->checks;
    struct wire_reader reader;
    wire_reader_init(&reader, message->bytes, message->len_bytes);
    while (wire_left(&reader) > 0) {
        const struct book_block *block;
        struct held *held = held_of(receiver, protocol_number(&reader));
        if (!held)
            return broken(receiver, &checks->strangers, "a number that is not in view", NULL);
        uint32_t key = held->key - 1;
        struct cellblock_header header = {.key = *book_key_of(receiver->shared->book, key),
                                          .to = message->to};
        struct wire_reader head = reader;
        switch (book_take(receiver->shared->book, &reader, key, message->to, &block)) {
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
        switch (check_ticks(receiver, held, block)) {
        case NEWS:
            if (receiver->sketch && !apply(receiver, block))
                return false;
            break;
        case OLD_NEWS:
            break;
        case NEWS_BROKEN:
            return false;
        }
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
    if (!check_blocks(receiver, &m))
        return false;
    if (receiver->sketch)
        sketch_settle(receiver->sketch);
    return true;
}

static bool is_held(const struct receiver *receiver, uint32_t key)
{
    for (uint32_t i = 0; i < receiver->helds_n; i++) {
        if (receiver->helds[i].key == key + 1)
            return true;
    }
    return false;
}

static bool gain(struct receiver *receiver, const struct protocol_gain *gained)
{
    uint32_t key = book_key(receiver->shared->book, &gained->key);
    struct held *helds =
        rows_grow(receiver->helds, &receiver->helds_n, gained->number, sizeof receiver->helds[0]);
    if (!helds || key == BOOK_NONE)
        return false;
    receiver->helds = helds;
    if (helds[gained->number].key || is_held(receiver, key))
        return broken(receiver, &receiver->shared->report->checks.malformed,
                      "a key or number gained that is in view", NULL);
    helds[gained->number] = (struct held){key + 1, CELLBLOCK_NONE, NULL};
    return !receiver->sketch || sketch_gain(receiver->sketch, key) == 0;
}

static bool lose(struct receiver *receiver, uint16_t number)
{
    struct held *held = held_of(receiver, number);
    if (!held)
        return broken(receiver, &receiver->shared->report->checks.malformed,
                      "a number lost that is not in view", NULL);
    if (receiver->sketch)
        sketch_lose(receiver->sketch, held->key - 1);
    free(held->more);
    *held = (struct held){0, 0, NULL};
    return true;
}

bool receiver_view(struct receiver *receiver, const struct protocol_frame *frame)
{
    struct report_checks *checks = &receiver->shared->report->checks;
    struct protocol_view m;
    if (protocol_decode_view(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return broken(receiver, &checks->malformed, "a malformed VIEW", NULL);
    struct wire_reader keys = m.keys;
    for (unsigned i = 0; i < m.gained_n; i++) {
        struct protocol_gain gained = protocol_view_gain(&keys);
        if (!gain(receiver, &gained))
            return false;
    }
    for (unsigned i = 0; i < m.lost_n; i++) {
        if (!lose(receiver, protocol_number(&keys)))
            return false;
    }
    return true;
}

bool receiver_identity(struct receiver *receiver, const struct protocol_frame *frame)
{
    struct report_checks *checks = &receiver->shared->report->checks;
    struct protocol_identity m;
    if (protocol_decode_identity(frame->body, frame->body_bytes, &m) != PROTOCOL_OK)
        return broken(receiver, &checks->malformed, "a malformed IDENTITY", NULL);
    for (unsigned i = 0; i < m.rows_n; i++) {
        if (m.rows[i].name.len > TEXT_NAME_MAX_BYTES)
            return broken(receiver, &checks->malformed, "an IDENTITY of too long a name", NULL);
        if (receiver->sketch)
            sketch_named(receiver->sketch, m.rows[i].id, m.rows[i].version);
    }
    return true;
}

/* ---- samples ---- */

struct sample {
    struct receiver *receiver;
    struct space_pos here;
    uint32_t neighbours;
};

static unsigned class_of(struct space_pos here, uint64_t place)
{
    double x = (int32_t)(place >> 32) - (double)here.x / (1 << SPACE_WIRE_SHIFT),
           z = (int32_t)(uint32_t)place - (double)here.z / (1 << SPACE_WIRE_SHIFT);
    double m = sqrt(x * x + z * z) / SPACE_WIRE_PER_M;
    unsigned i = 0;
    while (i < REPORT_CLASSES - 1 && m > report_class_m[i])
        i++;
    return i;
}

static void sample_one(void *context, uint32_t figure, uint64_t place, uint32_t mark)
{
    struct sample *sample = context;
    struct receiver *receiver = sample->receiver;
    uint32_t player = roll_row(receiver->roll, figure)->player;
    struct trail_mark shown = unpack(mark);
    if (player == receiver->player + 1)
        return;
    sample->neighbours++;
    if (!player || !shown.seq || !counts(receiver, player))
        return;
    uint64_t due_us = trail_due_us(&receiver->shared->board->trails[player - 1], shown.seq);
    if (due_us && due_us < receiver->now_us)
        histogram_add(&receiver->shared->report->stale[class_of(sample->here, place)],
                      receiver->now_us - due_us);
}

void receiver_sample(struct receiver *receiver, struct space_pos here, uint64_t now_us)
{
    struct sample sample = {receiver, here, 0};
    if (!receiver->sketch)
        return;
    receiver->now_us = now_us;
    sketch_each(receiver->sketch, sample_one, &sample);
    receiver->shared->report->samples++;
    receiver->shared->report->neighbours += sample.neighbours;
}

static void finish_one(void *context, uint32_t figure, uint64_t place, uint32_t mark)
{
    struct receiver *receiver = context;
    struct report *report = receiver->shared->report;
    uint32_t player = roll_row(receiver->roll, figure)->player;
    struct trail_mark shown = unpack(mark);
    (void)place;
    if (!player || !shown.seq || !counts(receiver, player))
        return;
    const struct trail *trail = &receiver->shared->board->trails[player - 1];
    uint32_t newest = trail_newest(trail);
    uint32_t seq = shown.seq + (shown.substep == TRAIL_SUBSTEPS - 1);
    if (newest >= TRAIL_MOVES && seq < newest - (TRAIL_MOVES - 1))
        seq = newest - (TRAIL_MOVES - 1);
    for (; seq <= newest; seq++) {
        uint64_t due_us = trail_due_us(trail, seq);
        if (due_us < report->begin_us || due_us + UNDELIVERED > receiver->now_us)
            continue;
        histogram_add(&report->delivery, receiver->now_us - due_us); /* at least so long */
        report->undelivered++;
    }
}

void receiver_finish(struct receiver *receiver, uint64_t now_us)
{
    receiver->now_us = now_us;
    if (receiver->sketch)
        sketch_each(receiver->sketch, finish_one, receiver);
}

/* ---- the rest ---- */

struct receiver *receiver_new(const struct receiver_shared *shared, uint32_t player, bool decodes)
{
    struct receiver *receiver = calloc(1, sizeof *receiver);
    if (!receiver)
        return NULL;
    receiver->shared = shared;
    receiver->roll = book_roll(shared->book);
    receiver->player = player;
    if (decodes)
        receiver->sketch = sketch_new(shared->book, on_seen, receiver);
    if (decodes && !receiver->sketch) {
        free(receiver);
        return NULL;
    }
    return receiver;
}

void receiver_free(struct receiver *receiver)
{
    if (!receiver)
        return;
    sketch_free(receiver->sketch);
    for (uint32_t i = 0; i < receiver->helds_n; i++)
        free(receiver->helds[i].more);
    free(receiver->helds);
    free(receiver);
}

bool receiver_decodes(const struct receiver *receiver)
{
    return receiver->sketch != NULL;
}

unsigned receiver_wanted(struct receiver *receiver, struct protocol_who *who)
{
    return receiver->sketch ? sketch_wanted(receiver->sketch, who) : 0;
}

void receiver_expire(struct receiver *receiver)
{
    if (receiver->sketch)
        sketch_expire(receiver->sketch);
}
