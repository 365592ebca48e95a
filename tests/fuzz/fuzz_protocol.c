/* fuzz_protocol.c -- frames and messages. The encoding has one form only: what decodes must encode
 * to the same bytes. */
#include <string.h>

#include "common/protocol.h"
#include "fuzz.h"

#define KEYS_MAX 65535

static uint8_t room[PROTOCOL_FRAME_MAX];

static void encode_view_again(struct wire_writer *w, const struct protocol_view *m)
{
    static struct protocol_gain gained[KEYS_MAX];
    static uint16_t lost[KEYS_MAX];
    struct wire_reader r = m->keys;
    for (unsigned i = 0; i < m->gained_n; i++)
        gained[i] = protocol_view_gain(&r);
    for (unsigned i = 0; i < m->lost_n; i++)
        lost[i] = protocol_number(&r);
    MUST(wire_done(&r));
    protocol_encode_view(w, gained, m->gained_n, lost, m->lost_n);
}

/* VIEW's encoder takes other arguments than the rest. */
static void protocol_encode_again_view(struct wire_writer *w, const struct protocol_view *m)
{
    encode_view_again(w, m);
}
#define ROW(number, NAME, word, from)                                                              \
    static bool again_##word(const struct protocol_frame *frame, struct wire_writer *w)            \
    {                                                                                              \
        static struct protocol_##word m;                                                           \
        enum protocol_result result = protocol_decode_##word(frame->body, frame->body_bytes, &m);  \
        MUST(result == PROTOCOL_OK || result == PROTOCOL_BAD);                                     \
        if (result == PROTOCOL_OK)                                                                 \
            protocol_encode_##word(w, &m);                                                         \
        return result == PROTOCOL_OK;                                                              \
    }
#define protocol_encode_view protocol_encode_again_view
PROTOCOL_MESSAGES(ROW)
#undef protocol_encode_view
#undef ROW

/* Decode by type and encode again; false: malformed, or no message. */
static bool again(const struct protocol_frame *frame, struct wire_writer *w)
{
    switch (frame->type) {
#define ROW(number, NAME, word, from)                                                              \
    case number:                                                                                   \
        return again_##word(frame, w);
        PROTOCOL_MESSAGES(ROW)
#undef ROW
    }
    MUST(protocol_type_name(frame->type) == NULL);
    return false;
}

static enum protocol_result take_frames(const uint8_t *bytes, size_t len_bytes, size_t max_bytes)
{
    for (;;) {
        struct protocol_frame frame;
        struct wire_writer w;
        enum protocol_result result = protocol_frame_parse(bytes, len_bytes, max_bytes, &frame);
        if (result != PROTOCOL_OK)
            return result;
        MUST(frame.frame_bytes <= len_bytes && frame.frame_bytes <= max_bytes &&
             frame.frame_bytes >= 3);
        MUST(frame.body + frame.body_bytes == bytes + frame.frame_bytes);
        wire_writer_init(&w, room, sizeof room);
        if (again(&frame, &w)) {
            MUST(!w.bad && wire_written(&w) == frame.frame_bytes);
            MUST(memcmp(room, bytes, frame.frame_bytes) == 0);
        }
        bytes += frame.frame_bytes;
        len_bytes -= frame.frame_bytes;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t len_bytes)
{
    (void)take_frames(bytes, len_bytes, PROTOCOL_FRAME_MAX_BEFORE_LOGIN);
    (void)take_frames(bytes, len_bytes, PROTOCOL_FRAME_MAX);
    return 0;
}
