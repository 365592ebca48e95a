/* record.c -- see record.h. */
#include "play/record.h"

#include <assert.h>
#include <string.h>

void record_init(struct record *record, struct session *session)
{
    *record =
        (struct record){.session = session, .room = io_scratch(session->seat.host->io)->plain};
}

#define BLOCKS_HEAD (PROTOCOL_FRAME_HEADER + 4) /* and the tick */
#define NUMBER_MAX  2

_Static_assert(PROTOCOL_NUMBERS <= 1 << 7 * NUMBER_MAX, "so many bytes of a varint");
_Static_assert(BLOCKS_HEAD + NUMBER_MAX + CELLBLOCK_MAX_BYTES <= IO_RECORD_MAX, "a block fits");

/* The length of a BLOCKS message is known at its end. */
static void blocks_end(struct record *record)
{
    struct wire_writer w;

    if (record->blocks == 0)
        return;
    wire_writer_init(&w, record->room + record->blocks - 1, 2);
    wire_put_u16(&w, (uint16_t)(record->n - (record->blocks - 1) - 2));
    record->blocks = 0;
}

static void blocks_begin(struct record *record, uint32_t to)
{
    struct wire_writer w;

    wire_writer_init(&w, record->room + record->n, BLOCKS_HEAD);
    wire_put_u16(&w, 0);
    wire_put_u8(&w, PROTOCOL_BLOCKS);
    wire_put_u32(&w, to);
    record->blocks = record->n + 1;
    record_take(record, &w);
}

/* The number by hand, as protocol_put_number would: some dozens of these a player and tick. */
uint32_t record_block(struct record *record, uint16_t number, const struct snapshot_block *block)
{
    uint8_t *begin, *next;

    if (!record_room(record, BLOCKS_HEAD + NUMBER_MAX + block->bytes_n))
        return 0;
    if (record->blocks == 0)
        blocks_begin(record, block->to);
    begin = next = record->room + record->n;
    if (number > 0x7f)
        *next++ = (uint8_t)(number | 0x80);
    *next++ = (uint8_t)(number > 0x7f ? number >> 7 : number);
    memcpy(next, block->bytes, block->bytes_n);
    next += block->bytes_n;
    record->n += (size_t)(next - begin);
    return (uint32_t)(next - begin);
}

bool record_flush(struct record *record)
{
    size_t n = record->n;

    blocks_end(record);
    if (n == 0 || record->over)
        return !record->over;
    pace_sent(&record->session->pace, (uint32_t)n + RECORD_OVERHEAD, record->updates);
    record->n = 0;
    record->updates = 0;
    record->records++;
    if (!session_write(record->session, record->room, n) || record->records >= RECORD_MANY)
        record->over = true;
    return !record->over;
}

bool record_room(struct record *record, size_t need_bytes)
{
    if (record->over)
        return false;
    return need_bytes <= IO_RECORD_MAX - record->n || record_flush(record);
}

void record_writer(struct record *record, struct wire_writer *w)
{
    blocks_end(record);
    wire_writer_init(w, record->room + record->n, IO_RECORD_MAX - record->n);
}

void record_take(struct record *record, const struct wire_writer *w)
{
    assert(!w->bad);
    record->n += wire_written(w);
}

void record_copy(struct record *record, const uint8_t *bytes, size_t len_bytes)
{
    blocks_end(record);
    memcpy(record->room + record->n, bytes, len_bytes);
    record->n += len_bytes;
}
