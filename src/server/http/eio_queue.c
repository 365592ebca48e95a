/* eio_queue.c -- see eio_queue.h. */
#include "http/eio_queue.h"

#include <stdlib.h>
#include <string.h>

#include "http/eio_packet.h"
#include "http/websocket.h"

#define HEAD_BYTES  4 /* of a record: the packet's length */
#define ROOM_LEAST  512
#define FRAME_TEXT  0x81 /* FIN, text */
#define LENGTH_16   126
#define LENGTH_MASK 0x80

static uint32_t record_bytes(const struct eio_queue *queue, uint32_t at)
{
    uint32_t n;

    memcpy(&n, queue->bytes + at, sizeof(n));
    return n;
}

/* Room for so many bytes more behind the end. */
static int make_room(struct eio_queue *queue, size_t more_bytes, size_t most_bytes)
{
    size_t held = queue->end - queue->begin, need = held + more_bytes, room;
    uint8_t *bytes;

    if (need > most_bytes)
        return -1;
    if (queue->begin > 0 && queue->end + more_bytes > queue->room) {
        memmove(queue->bytes, queue->bytes + queue->begin, held);
        queue->begin = 0;
        queue->end = (uint32_t)held;
    }
    if (need <= queue->room)
        return 0;
    room = queue->room > 0 ? queue->room : ROOM_LEAST;
    while (room < need)
        room *= 2;
    bytes = realloc(queue->bytes, room);
    if (bytes == NULL)
        return -1;
    queue->bytes = bytes;
    queue->room = (uint32_t)room;
    return 0;
}

/* A record of so many bytes, to be filled in. NULL: as eio_queue_add's -1. */
static uint8_t *add_record(struct eio_queue *queue, size_t len_bytes, size_t most_bytes)
{
    uint32_t n = (uint32_t)len_bytes;
    uint8_t *to;

    if (len_bytes > most_bytes || make_room(queue, HEAD_BYTES + len_bytes, most_bytes) != 0)
        return NULL;
    to = queue->bytes + queue->end;
    memcpy(to, &n, sizeof(n));
    queue->end += HEAD_BYTES + n;
    return to + HEAD_BYTES;
}

int eio_queue_add(struct eio_queue *queue, char type, const char *text, size_t len_bytes,
                  size_t most_bytes)
{
    uint8_t *to = add_record(queue, len_bytes + 1, most_bytes);

    if (to == NULL)
        return -1;
    to[0] = (uint8_t)type;
    if (len_bytes > 0)
        memcpy(to + 1, text, len_bytes);
    return 0;
}

/* ---- frames ---- */

/* Bytes of a run that lies in parts. */
struct reader {
    const struct iovec *parts;
    unsigned parts_n, part;
    size_t at; /* in the part */
};

/* The next so many bytes. -1: there are fewer. */
static int reader_take(struct reader *reader, uint8_t *to, size_t len_bytes)
{
    while (len_bytes > 0) {
        const struct iovec *part = &reader->parts[reader->part];
        size_t n;

        if (reader->part == reader->parts_n)
            return -1;
        n = part->iov_len - reader->at;
        if (n > len_bytes)
            n = len_bytes;
        memcpy(to, (const uint8_t *)part->iov_base + reader->at, n);
        to += n;
        len_bytes -= n;
        reader->at += n;
        if (reader->at == part->iov_len) {
            reader->part++;
            reader->at = 0;
        }
    }
    return 0;
}

static bool reader_over(struct reader *reader)
{
    while (reader->part < reader->parts_n && reader->at == reader->parts[reader->part].iov_len) {
        reader->part++;
        reader->at = 0;
    }
    return reader->part == reader->parts_n;
}

/* The length behind a frame's first byte. -1: no frame of ours. */
static int read_head(struct reader *reader, uint64_t *len_bytes)
{
    uint8_t head[2], wide[8];
    unsigned wide_n;

    if (reader_take(reader, head, sizeof(head)) != 0 || head[0] != FRAME_TEXT)
        return -1;
    if ((head[1] & LENGTH_MASK) != 0)
        return -1;
    *len_bytes = head[1];
    if (head[1] < LENGTH_16)
        return 0;
    wide_n = head[1] == LENGTH_16 ? 2 : 8;
    if (reader_take(reader, wide, wide_n) != 0)
        return -1;
    *len_bytes = 0;
    for (unsigned i = 0; i < wide_n; i++)
        *len_bytes = *len_bytes << 8 | wide[i];
    return 0;
}

int eio_queue_add_frames(struct eio_queue *queue, const struct iovec *parts, unsigned parts_n,
                         size_t most_bytes)
{
    struct reader reader = {.parts = parts, .parts_n = parts_n};

    while (!reader_over(&reader)) {
        uint64_t n;
        uint8_t *to;

        if (read_head(&reader, &n) != 0 || n == 0 || n > most_bytes)
            return -1;
        to = add_record(queue, n, most_bytes);
        if (to == NULL)
            return -1;
        if (reader_take(&reader, to, n) != 0) {
            queue->end -= HEAD_BYTES + (uint32_t)n;
            return -1;
        }
    }
    return 0;
}

/* ---- out ---- */

bool eio_queue_is_empty(const struct eio_queue *queue)
{
    return queue->begin == queue->end;
}

size_t eio_queue_bytes(const struct eio_queue *queue)
{
    return queue->end - queue->begin;
}

void eio_queue_clear(struct eio_queue *queue)
{
    free(queue->bytes);
    *queue = (struct eio_queue){0};
}

size_t eio_queue_next_bytes(const struct eio_queue *queue)
{
    uint8_t head[WEBSOCKET_HEAD_MAX];
    size_t n;

    if (eio_queue_is_empty(queue))
        return 0;
    n = record_bytes(queue, queue->begin);
    return websocket_head(WEBSOCKET_OP_TEXT, n, head) + n;
}

size_t eio_queue_take_frames(struct eio_queue *queue, uint8_t *out, size_t out_bytes)
{
    size_t written = 0, need;

    while ((need = eio_queue_next_bytes(queue)) > 0 && need <= out_bytes - written) {
        size_t n = record_bytes(queue, queue->begin);
        size_t head_n = websocket_head(WEBSOCKET_OP_TEXT, n, out + written);

        memcpy(out + written + head_n, queue->bytes + queue->begin + HEAD_BYTES, n);
        written += need;
        queue->begin += HEAD_BYTES + (uint32_t)n;
    }
    if (eio_queue_is_empty(queue))
        eio_queue_clear(queue);
    return written;
}

char *eio_queue_take_payload(struct eio_queue *queue, size_t *len_bytes)
{
    char *payload = malloc(eio_queue_bytes(queue) + 1); /* a separator is shorter than a head */
    size_t n = 0;

    if (payload == NULL)
        return NULL;
    while (!eio_queue_is_empty(queue)) {
        size_t packet_n = record_bytes(queue, queue->begin);

        if (n > 0)
            payload[n++] = EIO_SEPARATOR;
        memcpy(payload + n, queue->bytes + queue->begin + HEAD_BYTES, packet_n);
        n += packet_n;
        queue->begin += HEAD_BYTES + (uint32_t)packet_n;
    }
    eio_queue_clear(queue);
    *len_bytes = n;
    return payload;
}
