/* book.h -- the blocks that a process of bots has been sent.
 *
 * Thousands of bots get the same bytes. The first of them to be sent a block has it decoded whole;
 * the book then keeps its bytes for a while, so that everybody else's need only be compared: the
 * same bytes of the same key and tick are well-formed and as long. Other bytes under the same
 * header are a fault of the server. Keys, parts and entities (bots/roll) get small numbers, by
 * which receivers keep what they have; they are the same for all, unlike those that the server
 * gives. One thread. */
#ifndef OPENMMO_BOTS_BOOK_H
#define OPENMMO_BOTS_BOOK_H

#include <stdint.h>

#include "bots/roll.h"
#include "common/cellblock.h"

#define BOOK_NUMBERS_MAX 1000000 /* keys, and parts */
#define BOOK_NONE        UINT32_MAX

struct book;

/* What a record tells of one figure, in as few bytes as a crowd of readers wants to fetch. */
struct book_record {
    uint8_t kind;    /* enum cellblock_kind */
    bool placed;     /* entered, moved: `at` is told */
    uint8_t version; /* entered, changed */
    uint16_t index;  /* within the part */
    uint32_t figure; /* left, entered: its row of the roll */
    union {
        uint32_t at; /* BOOK_AT of the place in the cell of level 0 */
        uint32_t to; /* left: number of the key that it went to; BOOK_NONE: gone */
    };
};
#define BOOK_AT(x, z) ((uint32_t)(x) << 16 | (uint32_t)(z))

struct book_block {
    struct cellblock_header header;
    uint32_t key, part; /* numbers from 0 on */
    uint32_t bytes_n;   /* 0: an empty row of the book */
    const uint8_t *bytes;
    const struct book_record *records; /* what was decoded */
    uint32_t records_n;
    struct book_block *next; /* what came after it last time; may be any row */
};

enum book_answer {
    BOOK_OK,
    BOOK_MALFORMED,
    BOOK_DIFFERS, /* one header, two contents */
    BOOK_NO_MEMORY
};

struct book_counts {
    uint64_t blocks;   /* looked at */
    uint64_t distinct; /* of them decoded here: each once */
};

struct book *book_new(void); /* NULL when out of memory */
void book_free(struct book *book);
struct roll *book_roll(struct book *book); /* the book's own */

/* The server was restarted: its ticks and its entities' ids begin again, and what is kept says
 * nothing any more. */
void book_forget(struct book *book);

/* The block at the front of the reader, which then stands behind it: of the key with that number,
 * up to that tick. *block holds until the next call. */
enum book_answer book_take(struct book *book, struct wire_reader *reader, uint32_t key, uint32_t to,
                           const struct book_block **block) MUST_CHECK;
/* The number of a key; BOOK_NONE when out of memory or over the bound. */
uint32_t book_key(struct book *book, const struct protocol_key *key);
/* The same, but BOOK_NONE where it has none. */
uint32_t book_find_key(const struct book *book, const struct protocol_key *key);
/* The key of a number that was given. */
const struct protocol_key *book_key_of(const struct book *book, uint32_t number);
struct book_counts book_counts(const struct book *book); /* since book_new */

#endif
