/* outbox.c -- see outbox.h. */
#include "play/outbox.h"

#include <stdlib.h>
#include <string.h>

#include "common/protocol.h"

#define OUTBOX_STEP 1024

int outbox_append(struct outbox *outbox, const uint8_t *frame, size_t frame_bytes)
{
    size_t used = outbox->n - outbox->at;

    if (used + frame_bytes > OUTBOX_MAX_BYTES)
        return -1;
    if (outbox->at > 0) {
        memmove(outbox->bytes, outbox->bytes + outbox->at, used);
        outbox->at = 0;
        outbox->n = used;
    }
    if (used + frame_bytes > outbox->room) {
        size_t room = (used + frame_bytes + OUTBOX_STEP - 1) / OUTBOX_STEP * OUTBOX_STEP;
        uint8_t *bytes = realloc(outbox->bytes, room);
        if (bytes == NULL)
            return -1;
        outbox->bytes = bytes;
        outbox->room = room;
    }
    memcpy(outbox->bytes + used, frame, frame_bytes);
    outbox->n = used + frame_bytes;
    return 0;
}

size_t outbox_bytes(const struct outbox *outbox)
{
    return outbox->n - outbox->at;
}

const uint8_t *outbox_front(const struct outbox *outbox, size_t max_bytes, size_t *len_bytes)
{
    size_t n = 0, have = outbox->n - outbox->at;
    struct protocol_frame frame;

    while (n < have && protocol_frame_parse(outbox->bytes + outbox->at + n, have - n,
                                            PROTOCOL_FRAME_MAX, &frame) == PROTOCOL_OK) {
        if (n + frame.frame_bytes > max_bytes)
            break;
        n += frame.frame_bytes;
    }
    *len_bytes = n;
    return n > 0 ? outbox->bytes + outbox->at : NULL;
}

void outbox_consume(struct outbox *outbox, size_t len_bytes)
{
    outbox->at += len_bytes;
    if (outbox->at == outbox->n)
        outbox_clear(outbox);
}

void outbox_clear(struct outbox *outbox)
{
    free(outbox->bytes);
    *outbox = (struct outbox){NULL, 0, 0, 0};
}
