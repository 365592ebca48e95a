/* bits.h -- bits in and out: little-endian, the low bit first, through a word of 64 bits, with a
 * sticky error.
 *
 * A reader that runs over its end or a writer that runs out of room turns bad and stays so; values
 * read after that are zero. Inline: a block has a few of these for each of its records. Pure; any
 * thread. */
#ifndef OPENMMO_COMMON_BITS_H
#define OPENMMO_COMMON_BITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bit_writer {
    uint8_t *next, *end;
    uint64_t hold; /* not yet written; bits above `held` are 0 */
    unsigned held; /* below 32 between calls */
    bool bad;
};

struct bit_reader {
    const uint8_t *next, *end;
    uint64_t hold; /* read, not yet taken */
    unsigned held;
    bool bad;
};

static inline void bits_write_init(struct bit_writer *w, uint8_t *room, size_t room_bytes)
{
    *w = (struct bit_writer){room, room + room_bytes, 0, 0, false};
}

/* Move n whole bytes from hold to the room. */
static inline void bits_spill(struct bit_writer *w, unsigned n)
{
    if ((size_t)(w->end - w->next) < n) {
        w->bad = true;
        n = 0;
        w->held = 0;
        w->hold = 0;
    }
    for (unsigned i = 0; i < n; i++)
        w->next[i] = (uint8_t)(w->hold >> (8 * i));
    w->next += n;
    w->hold >>= 8 * n;
    w->held -= w->held < 8 * n ? w->held : 8 * n;
}

/* The low n (0..32) bits of value, which has no others. */
static inline void bits_put(struct bit_writer *w, uint32_t value, unsigned n)
{
    w->hold |= (uint64_t)value << w->held;
    w->held += n;
    if (w->held >= 32)
        bits_spill(w, 4);
}

/* Fill up with zero bits to a whole byte. */
static inline void bits_flush(struct bit_writer *w)
{
    bits_spill(w, (w->held + 7) / 8);
}

/* Unsigned in groups of so many bits, the low ones first, each followed by a bit that says whether
 * another comes; never longer than it must be. */
static inline void bits_put_groups(struct bit_writer *w, uint32_t value, unsigned group)
{
    uint32_t mask = (UINT32_C(1) << group) - 1;

    for (; value > mask; value >>= group)
        bits_put(w, (value & mask) | UINT32_C(1) << group, group + 1);
    bits_put(w, value, group + 1);
}

/* value >> low as so many 0 bits and a 1, then the low bits. */
static inline void bits_put_rice(struct bit_writer *w, uint32_t value, unsigned low)
{
    uint32_t zeros = value >> low;

    for (; zeros >= 31; zeros -= 31)
        bits_put(w, 0, 31);
    bits_put(w, UINT32_C(1) << zeros, zeros + 1);
    bits_put(w, value & ((UINT32_C(1) << low) - 1), low);
}

static inline void bits_read_init(struct bit_reader *r, const uint8_t *bytes, size_t len_bytes)
{
    *r = (struct bit_reader){bytes, bytes + len_bytes, 0, 0, false};
}

static inline void bits_fill(struct bit_reader *r)
{
    if (r->end - r->next >= 8) {
        uint64_t word = 0;
        unsigned n = (63 - r->held) / 8;

        for (unsigned i = 0; i < 8; i++)
            word |= (uint64_t)r->next[i] << (8 * i);
        r->hold |= word << r->held; /* what does not fit comes again: the same bits */
        r->next += n;
        r->held += 8 * n;
        return;
    }
    while (r->held <= 55 && r->next < r->end) {
        /* Near the end: nothing is left in hold above `held` by the above that is not the same. */
        r->hold |= (uint64_t)*r->next++ << r->held;
        r->held += 8;
    }
}

/* The next n (0..32) bits. */
static inline uint32_t bits_get(struct bit_reader *r, unsigned n)
{
    uint32_t value;

    if (r->held < n) {
        bits_fill(r);
        if (r->held < n) {
            r->bad = true;
            r->held = 0;
            r->hold = 0;
            r->next = r->end;
            return 0;
        }
    }
    value = (uint32_t)(r->hold & ((UINT64_C(1) << n) - 1));
    r->hold >>= n;
    r->held -= n;
    return value;
}

/* As bits_put_groups wrote it: bad beyond 32 bits, or longer than it must be. */
static inline uint32_t bits_get_groups(struct bit_reader *r, unsigned group)
{
    uint64_t value = 0;

    for (unsigned shift = 0; shift < 32; shift += group) {
        uint32_t bits = bits_get(r, group + 1);

        value |= (uint64_t)(bits & ((UINT32_C(1) << group) - 1)) << shift;
        if (bits >> group == 0) {
            if ((bits == 0 && shift > 0) || value > UINT32_MAX)
                break;
            return (uint32_t)value;
        }
    }
    r->bad = true;
    return 0;
}

/* As bits_put_rice wrote it: bad if it is beyond max. */
static inline uint32_t bits_get_rice(struct bit_reader *r, unsigned low, uint32_t max)
{
    uint32_t zeros = 0;

    for (;;) {
        unsigned run;

        if (r->held == 0)
            bits_fill(r);
        run = (unsigned)__builtin_ctzll(r->hold | UINT64_C(1) << 63);
        if (run < r->held) {
            zeros += run;
            r->hold >>= run + 1;
            r->held -= run + 1;
            break;
        }
        zeros += r->held;
        r->hold = 0; /* all zeros; bits above come again */
        if (r->held == 0 || zeros > max) {
            r->bad = true;
            return 0;
        }
        r->held = 0;
    }
    if (zeros > max >> low) {
        r->bad = true;
        return 0;
    }
    zeros = zeros << low | bits_get(r, low);
    if (zeros > max)
        r->bad = true;
    return zeros;
}

/* The rest of the byte, which must be zero bits; returns where the next byte begins. */
static inline const uint8_t *bits_read_end(struct bit_reader *r)
{
    unsigned rest = r->held % 8;

    if (bits_get(r, rest) != 0)
        r->bad = true;
    return r->next - r->held / 8;
}

#endif
