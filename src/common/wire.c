/* wire.c -- see wire.h. Knows bytes, not what they mean. */
#include "common/wire.h"

#include <string.h>

static const uint8_t zeros[8];

void wire_reader_init(struct wire_reader *r, const void *bytes, size_t len_bytes)
{
    r->next = bytes ? bytes : zeros;
    r->end = r->next + (bytes ? len_bytes : 0);
    r->bad = false;
}

size_t wire_left(const struct wire_reader *r)
{
    return r->bad ? 0 : (size_t)(r->end - r->next);
}

bool wire_done(const struct wire_reader *r)
{
    return !r->bad && r->next == r->end;
}

/* n bytes of the reader, or NULL and bad. */
static const uint8_t *take(struct wire_reader *r, size_t n)
{
    if (wire_left(r) < n)
        r->bad = true;
    if (r->bad)
        return NULL;
    const uint8_t *at = r->next;
    r->next += n;
    return at;
}

/* As take, but zeros where there is nothing: n <= 8. */
static const uint8_t *take_or_zeros(struct wire_reader *r, size_t n)
{
    const uint8_t *at = take(r, n);
    return at ? at : zeros;
}

uint8_t wire_get_u8(struct wire_reader *r)
{
    return take_or_zeros(r, 1)[0];
}

uint16_t wire_get_u16(struct wire_reader *r)
{
    const uint8_t *p = take_or_zeros(r, 2);
    return (uint16_t)(p[0] | p[1] << 8);
}

uint32_t wire_get_u32(struct wire_reader *r)
{
    const uint8_t *p = take_or_zeros(r, 4);
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}

uint64_t wire_get_u64(struct wire_reader *r)
{
    uint64_t low = wire_get_u32(r);
    uint64_t high = wire_get_u32(r);
    return r->bad ? 0 : low | high << 32;
}

/* A varint of at most `bits` bits: no longer than it must be, and no bit beyond. */
static uint64_t get_varint(struct wire_reader *r, unsigned bits)
{
    uint64_t value = 0;
    for (unsigned shift = 0; shift < bits; shift += 7) {
        uint8_t byte = wire_get_u8(r);
        unsigned room = bits - shift;
        if (r->bad)
            return 0;
        if (room < 7 && (byte & 0x7f) >> room)
            break; /* bits beyond the type's */
        value |= (uint64_t)(byte & 0x7f) << shift;
        if (byte & 0x80)
            continue;
        if (byte == 0 && shift > 0)
            break; /* overlong: the last byte says nothing */
        return value;
    }
    r->bad = true;
    return 0;
}

uint32_t wire_get_varint(struct wire_reader *r)
{
    return (uint32_t)get_varint(r, 32);
}

uint64_t wire_get_varint64(struct wire_reader *r)
{
    return get_varint(r, 64);
}

int32_t wire_get_zigzag(struct wire_reader *r)
{
    uint32_t v = wire_get_varint(r);
    return (int32_t)((v >> 1) ^ (0u - (v & 1)));
}

struct wire_text wire_get_text(struct wire_reader *r, uint16_t max_bytes)
{
    struct wire_text text = {"", 0};
    uint16_t len = wire_get_u16(r);
    if (len > max_bytes)
        r->bad = true;
    const uint8_t *bytes = take(r, len);
    if (bytes && len) {
        text.bytes = (const char *)bytes;
        text.len = len;
    }
    return text;
}

const uint8_t *wire_get_bytes(struct wire_reader *r, size_t n)
{
    return take(r, n);
}

void wire_writer_init(struct wire_writer *w, void *room, size_t room_bytes)
{
    w->start = w->next = room;
    w->end = w->start + room_bytes;
    w->bad = false;
}

size_t wire_written(const struct wire_writer *w)
{
    return (size_t)(w->next - w->start);
}

void wire_put_bytes(struct wire_writer *w, const void *bytes, size_t n)
{
    if ((size_t)(w->end - w->next) < n)
        w->bad = true;
    if (w->bad || n == 0)
        return;
    memcpy(w->next, bytes, n);
    w->next += n;
}

void wire_put_u8(struct wire_writer *w, uint8_t v)
{
    wire_put_bytes(w, &v, 1);
}

void wire_put_u16(struct wire_writer *w, uint16_t v)
{
    uint8_t b[2] = {(uint8_t)v, (uint8_t)(v >> 8)};
    wire_put_bytes(w, b, sizeof b);
}

void wire_put_u32(struct wire_writer *w, uint32_t v)
{
    uint8_t b[4] = {(uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24)};
    wire_put_bytes(w, b, sizeof b);
}

void wire_put_u64(struct wire_writer *w, uint64_t v)
{
    uint8_t b[8];
    for (unsigned i = 0; i < 8; i++)
        b[i] = (uint8_t)(v >> (8 * i));
    wire_put_bytes(w, b, sizeof b);
}

void wire_put_varint64(struct wire_writer *w, uint64_t v)
{
    uint8_t b[10];
    unsigned n = 0;
    for (; v >= 0x80; v >>= 7)
        b[n++] = (uint8_t)(v | 0x80);
    b[n++] = (uint8_t)v;
    wire_put_bytes(w, b, n);
}

void wire_put_varint(struct wire_writer *w, uint32_t v)
{
    wire_put_varint64(w, v);
}

void wire_put_zigzag(struct wire_writer *w, int32_t v)
{
    wire_put_varint(w, ((uint32_t)v << 1) ^ (v < 0 ? UINT32_MAX : 0));
}

void wire_put_text(struct wire_writer *w, struct wire_text text)
{
    wire_put_u16(w, text.len);
    wire_put_bytes(w, text.bytes, text.len);
}

struct wire_text wire_text_of(const char *string)
{
    size_t len = strlen(string);
    return (struct wire_text){string, (uint16_t)(len < UINT16_MAX ? len : UINT16_MAX)};
}
