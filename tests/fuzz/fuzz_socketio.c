/* fuzz_socketio.c -- Engine.IO payloads, Socket.IO packets and ready frames: any bytes in. What is
 * taken for a packet lies within what was given; what is queued comes out as it went in, as a
 * payload and as frames; what we write is valid JSON behind its digits; a move that is read at once
 * is one for the general reader too. */
#include <string.h>
#include <sys/uio.h>

#include "fuzz.h"
#include "http/eio_packet.h"
#include "http/eio_queue.h"
#include "http/sio_move.h"
#include "http/sio_packet.h"

#define QUEUE_MAX 65536

static void read_packet(const char *text, size_t len_bytes)
{
    struct sio_packet packet;
    struct sio_move move;
    char out[512];
    bool moves = sio_move_read(text, len_bytes, &move);

    if (sio_packet_read(text, len_bytes, &packet) != 0) {
        MUST(!moves);
        return;
    }
    MUST(!moves ||
         (packet.type == SIO_EVENT && packet.ack == move.ack &&
          json_number_value(json_object_get(json_array_get(packet.data, 1), "z")) == move.to[2]));
    MUST(packet.space_bytes <= SIO_SPACE_MAX);
    MUST(packet.attachments <= SIO_ATTACHMENTS_MAX);
    size_t n = sio_packet_connect_error(out, sizeof(out), packet.space, packet.space_bytes, "no");
    MUST(n > 0 && n == strlen(out) && out[0] == '4');
    sio_packet_clear(&packet);
}

/* The packets of a payload, through a queue, are the same payload. */
static void read_payload(const char *text, size_t len_bytes)
{
    struct eio_queue queue = {0}, again = {0};
    struct eio_payload payload;
    struct eio_packet packet;
    enum eio_next next;
    size_t n, room = QUEUE_MAX;
    char *out;
    uint8_t *frames = malloc(room);

    eio_payload_init(&payload, text, len_bytes);
    while ((next = eio_payload_next(&payload, &packet)) == EIO_NEXT) {
        MUST(packet.data > text && packet.data + packet.data_bytes <= text + len_bytes);
        read_packet(packet.data, packet.data_bytes);
        MUST(eio_queue_add(&queue, (char)packet.type, packet.data, packet.data_bytes,
                           5 * len_bytes + 5) == 0);
    }
    n = eio_queue_take_frames(&queue, frames, room);
    if (next == EIO_OVER && eio_queue_is_empty(&queue)) {
        struct iovec parts[2] = {{frames, n / 3}, {frames + n / 3, n - n / 3}};

        MUST(eio_queue_add_frames(&again, parts, 2, 5 * len_bytes + 5) == 0);
        out = eio_queue_take_payload(&again, &n);
        MUST(out && n == len_bytes && memcmp(out, text, n) == 0);
        MUST(eio_queue_is_empty(&again));
        free(out);
    }
    eio_queue_clear(&queue);
    eio_queue_clear(&again);
    free(frames);
}

/* The first byte says what follows is. */
int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    struct eio_queue queue = {0};
    struct iovec parts[3];

    if (len_bytes == 0)
        return 0;
    char *text = malloc(len_bytes); /* of its exact size, so that a sanitizer sees one too far */
    memcpy(text, bytes + 1, len_bytes - 1);
    len_bytes--;
    switch (bytes[0] % 3) {
    case 0:
        read_payload(text, len_bytes);
        break;
    case 1:
        read_packet(text, len_bytes);
        break;
    case 2:
        for (size_t i = 0; i < 3; i++)
            parts[i] = (struct iovec){text + len_bytes * i / 3,
                                      len_bytes * (i + 1) / 3 - len_bytes * i / 3};
        if (eio_queue_add_frames(&queue, parts, 3, QUEUE_MAX) == 0 && len_bytes > 0)
            MUST(eio_queue_bytes(&queue) > 0);
        MUST(eio_queue_bytes(&queue) <= QUEUE_MAX);
        eio_queue_clear(&queue);
        break;
    }
    free(text);
    return 0;
}
