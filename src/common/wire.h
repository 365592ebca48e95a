/* wire.h -- bytes in and out: little-endian integers, varints, counted strings, with a sticky
 * error.
 *
 * A reader that runs over its end or a writer that runs out of room turns bad and stays so; values
 * read after that are zero. Check once, at the end. Varints are LEB128 (7 bits a byte, low first),
 * at most 5 bytes for 32 bits and 10 for 64; overlong forms are bad. Zigzag maps signed to
 * unsigned. Pure; any thread. */
#ifndef OPENMMO_COMMON_WIRE_H
#define OPENMMO_COMMON_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct wire_reader {
    const uint8_t *next, *end;
    bool bad;
};

struct wire_writer {
    uint8_t *start, *next, *end;
    bool bad;
};

struct wire_text { /* borrowed bytes inside the message, not NUL-terminated */
    const char *bytes;
    uint16_t len;
};

/* Read from borrowed bytes (NULL: none). Each get takes its bytes off the front, or turns the
 * reader bad and gives 0. */
void wire_reader_init(struct wire_reader *r, const void *bytes, size_t len_bytes);
uint8_t wire_get_u8(struct wire_reader *r);        /* 1 byte */
uint16_t wire_get_u16(struct wire_reader *r);      /* 2 bytes, low first */
uint32_t wire_get_u32(struct wire_reader *r);      /* 4 bytes, low first */
uint64_t wire_get_u64(struct wire_reader *r);      /* 8 bytes, low first */
uint32_t wire_get_varint(struct wire_reader *r);   /* 1..5 bytes */
uint64_t wire_get_varint64(struct wire_reader *r); /* 1..10 bytes */
int32_t wire_get_zigzag(struct wire_reader *r);    /* signed, as a varint */
/* u16 length, then bytes; bad if longer than max. Never NULL. */
struct wire_text wire_get_text(struct wire_reader *r, uint16_t max_bytes);
const uint8_t *wire_get_bytes(struct wire_reader *r, size_t n); /* NULL when bad */
size_t wire_left(const struct wire_reader *r);                  /* bytes; 0 when bad */
/* True if nothing was bad and nothing is left. */
bool wire_done(const struct wire_reader *r);

/* Write into borrowed room. Each put appends whole or turns the writer bad and appends nothing. */
void wire_writer_init(struct wire_writer *w, void *room, size_t room_bytes);
void wire_put_u8(struct wire_writer *w, uint8_t v);               /* 1 byte */
void wire_put_u16(struct wire_writer *w, uint16_t v);             /* 2 bytes, low first */
void wire_put_u32(struct wire_writer *w, uint32_t v);             /* 4 bytes, low first */
void wire_put_u64(struct wire_writer *w, uint64_t v);             /* 8 bytes, low first */
void wire_put_varint(struct wire_writer *w, uint32_t v);          /* 1..5 bytes */
void wire_put_varint64(struct wire_writer *w, uint64_t v);        /* 1..10 bytes */
void wire_put_zigzag(struct wire_writer *w, int32_t v);           /* signed, as a varint */
void wire_put_text(struct wire_writer *w, struct wire_text text); /* u16 length, then bytes */
void wire_put_bytes(struct wire_writer *w, const void *bytes, size_t n);
size_t wire_written(const struct wire_writer *w); /* bytes so far */

/* A C string as wire_text. */
struct wire_text wire_text_of(const char *string);

#endif
