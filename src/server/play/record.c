/* record.c -- see record.h. */
#include "play/record.h"

#include <assert.h>
#include <string.h>

void record_init(struct record *record, struct session *session)
{
    *record = (struct record){.session = session, .room = io_scratch(session->host->io)->plain};
}

bool record_flush(struct record *record)
{
    size_t n = record->n;

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
    wire_writer_init(w, record->room + record->n, IO_RECORD_MAX - record->n);
}

void record_take(struct record *record, const struct wire_writer *w)
{
    assert(!w->bad);
    record->n += wire_written(w);
}

void record_copy(struct record *record, const uint8_t *bytes, size_t len_bytes)
{
    memcpy(record->room + record->n, bytes, len_bytes);
    record->n += len_bytes;
}
