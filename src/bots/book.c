/* book.c -- see book.h.
 *
 * Two shelves: new blocks go on the younger; when it is full, the older is cleared and becomes the
 * younger. Receivers get the same blocks, often in the same order, so what followed a block last
 * time is tried first, then what began with the same byte: one comparison of bytes is mostly all.
 */
#include "bots/book.h"

#include <stdlib.h>
#include <string.h>

#include "common/hash.h"

#define SHELF_BYTES   (4u << 20)
#define RECORDS_MAX   (4 * CELLBLOCK_PART) /* of a block: four lists */
#define SHELF_ROWS    16384u
#define SHELF_SLOTS   (4 * SHELF_ROWS) /* of the table, a power of two */
#define SHELF_RECORDS (128u << 10)
#define KEYS_FIRST    256
#define COMPARE_STEP  64 /* a guess that is wrong mostly differs in its header */

struct number {
    struct {
        struct protocol_key key;
        uint32_t part; /* BOOK_NONE: the key itself */
    } of;
    uint32_t number;
    UT_hash_handle hh;
};

struct key_row {
    struct protocol_key key;
    uint32_t part; /* number of its part 0, which nearly all blocks are of, + 1; 0: none yet */
};

struct shelf {
    size_t used, records_n;
    uint32_t rows_n;
    struct book_block rows[SHELF_ROWS];
    uint32_t table[SHELF_SLOTS]; /* by header: row + 1; 0: none */
    uint32_t quick[SHELF_SLOTS]; /* by key, tick, first byte: row + 1 of the last with this place */
    struct book_record records[SHELF_RECORDS];
    uint8_t bytes[SHELF_BYTES];
};

struct book {
    struct shelf *younger, *older;
    struct book_block *last; /* the one that was taken last */
    struct roll *roll;
    struct number *numbers;
    struct key_row *keys; /* by number */
    uint32_t keys_n, keys_room, parts_n;
    struct book_counts counts;
};

struct book *book_new(void)
{
    struct book *book = calloc(1, sizeof *book);
    if (!book)
        return NULL;
    book->younger = calloc(1, sizeof *book->younger);
    book->older = calloc(1, sizeof *book->older);
    book->roll = roll_new();
    if (!book->younger || !book->older || !book->roll) {
        book_free(book);
        return NULL;
    }
    book->last = &book->younger->rows[0];
    book->last->next = book->last;
    return book;
}

void book_free(struct book *book)
{
    struct number *number, *next;
    if (!book)
        return;
    HASH_ITER(hh, book->numbers, number, next)
    {
        HASH_DEL(book->numbers, number);
        free(number);
    }
    roll_free(book->roll);
    free(book->keys);
    free(book->younger);
    free(book->older);
    free(book);
}

struct roll *book_roll(struct book *book)
{
    return book->roll;
}

/* ---- numbers ---- */

static struct number *number_find(const struct book *book, const struct number *wanted)
{
    struct number *number = NULL;
    HASH_FIND(hh, book->numbers, &wanted->of, sizeof wanted->of, number);
    return number;
}

/* Room for one more key. */
static int keys_grow(struct book *book)
{
    if (book->keys_n < book->keys_room)
        return 0;
    uint32_t room = book->keys_room ? 2 * book->keys_room : KEYS_FIRST;
    struct key_row *keys = realloc(book->keys, room * sizeof *keys);
    if (!keys)
        return -1;
    book->keys = keys;
    book->keys_room = room;
    return 0;
}

static uint32_t number_of(struct book *book, const struct protocol_key *key, uint32_t part)
{
    const struct number wanted = {.of = {*key, part}};
    uint32_t *n = part == BOOK_NONE ? &book->keys_n : &book->parts_n;
    struct number *number = number_find(book, &wanted);
    if (number)
        return number->number;
    if (*n == BOOK_NUMBERS_MAX || (part == BOOK_NONE && keys_grow(book) == -1))
        return BOOK_NONE;
    number = calloc(1, sizeof *number);
    if (!number)
        return BOOK_NONE;
    number->of = wanted.of;
    number->number = *n;
    HASH_TRY_ADD(hh, book->numbers, of, number);
    if (!HASH_ADDED(hh, number)) {
        free(number);
        return BOOK_NONE;
    }
    if (part == BOOK_NONE)
        book->keys[*n] = (struct key_row){.key = *key};
    return (*n)++;
}

uint32_t book_key(struct book *book, const struct protocol_key *key)
{
    return number_of(book, key, BOOK_NONE);
}

uint32_t book_find_key(const struct book *book, const struct protocol_key *key)
{
    const struct number wanted = {.of = {*key, BOOK_NONE}}, *number = number_find(book, &wanted);
    return number ? number->number : BOOK_NONE;
}

const struct protocol_key *book_key_of(const struct book *book, uint32_t number)
{
    return &book->keys[number].key;
}

static uint32_t part_number(struct book *book, uint32_t key, uint16_t first)
{
    if (first == 0 && book->keys[key].part)
        return book->keys[key].part - 1;
    const struct protocol_key of = book->keys[key].key;
    uint32_t part = number_of(book, &of, first);
    if (first == 0 && part != BOOK_NONE)
        book->keys[key].part = part + 1;
    return part;
}

/* ---- shelves ---- */

static bool same_header(const struct cellblock_header *a, const struct cellblock_header *b)
{
    return memcmp(&a->key, &b->key, sizeof a->key) == 0 && a->first == b->first &&
           a->last == b->last && a->from == b->from && a->to == b->to;
}

static uint32_t slot_of(const struct cellblock_header *h)
{
    uint64_t v = (uint32_t)h->key.x * UINT64_C(0x9E3779B97F4A7C15) ^
                 (uint32_t)h->key.z * UINT64_C(0xC2B2AE3D27D4EB4F) ^
                 ((uint64_t)h->from << 32 | h->to) * UINT64_C(0x165667B19E3779F9) ^
                 ((uint64_t)h->first << 32 | (uint64_t)h->key.source << 16 |
                  (uint64_t)h->key.layer << 8 | h->key.level) *
                     UINT64_C(0x27D4EB2F165667C5);
    return (uint32_t)((v ^ v >> 29) * UINT64_C(0xBF58476D1CE4E5B9) >> 40) % SHELF_SLOTS;
}

static struct book_block *shelf_find(struct shelf *shelf, const struct cellblock_header *header)
{
    for (uint32_t at = slot_of(header); shelf->table[at]; at = (at + 1) % SHELF_SLOTS) {
        struct book_block *row = &shelf->rows[shelf->table[at] - 1];
        if (same_header(&row->header, header))
            return row;
    }
    return NULL;
}

/* The first byte tells blocks of other parts or another `from` apart, mostly. */
static uint32_t quick_slot(uint32_t key, uint32_t to, uint8_t first)
{
    return (uint32_t)((((uint64_t)key << 32 | to) * UINT64_C(0x9E3779B97F4A7C15) ^
                       first * UINT64_C(0xC2B2AE3D27D4EB4F)) >>
                      40) %
           SHELF_SLOTS;
}

static void shelf_clear(struct shelf *shelf)
{
    shelf->used = shelf->records_n = 0;
    shelf->rows_n = 0;
    memset(shelf->rows, 0, sizeof shelf->rows); /* guesses may still point here */
    memset(shelf->table, 0, sizeof shelf->table);
    memset(shelf->quick, 0, sizeof shelf->quick);
}

void book_forget(struct book *book)
{
    shelf_clear(book->younger);
    shelf_clear(book->older);
    roll_forget(book->roll);
    book->last = &book->younger->rows[0];
    book->last->next = book->last;
}

/* The younger shelf, with room for one more block of any size. */
static struct shelf *make_room(struct book *book)
{
    struct shelf *shelf = book->younger;
    if (shelf->rows_n == SHELF_ROWS || shelf->used + CELLBLOCK_MAX_BYTES > SHELF_BYTES ||
        shelf->records_n + RECORDS_MAX > SHELF_RECORDS) {
        book->younger = book->older;
        book->older = shelf;
        shelf_clear(book->younger);
    }
    return book->younger;
}

/* A row of its own for a block that has just been decoded. */
static struct book_block *keep(struct book *book, uint32_t key,
                               const struct cellblock_header *header, const uint8_t *bytes,
                               size_t n)
{
    struct shelf *shelf = book->younger;
    uint32_t part = part_number(book, key, header->first);
    if (part == BOOK_NONE)
        return NULL;
    struct book_block *row = &shelf->rows[shelf->rows_n++];
    uint8_t *room = shelf->bytes + shelf->used;
    memcpy(room, bytes, n);
    shelf->used += n;
    *row = (struct book_block){.header = *header,
                               .key = key,
                               .part = part,
                               .bytes_n = (uint32_t)n,
                               .bytes = room,
                               .next = &shelf->rows[0]};
    uint32_t at = slot_of(header);
    while (shelf->table[at])
        at = (at + 1) % SHELF_SLOTS;
    shelf->table[at] = shelf->rows_n; /* row + 1 */
    shelf->quick[quick_slot(key, header->to, bytes[0])] = shelf->rows_n;
    return row;
}

/* ---- taking ---- */

static bool begins_with(const struct wire_reader *reader, const struct book_block *block)
{
    size_t n = block ? block->bytes_n : 0, first = n < COMPARE_STEP ? n : COMPARE_STEP;
    return n > 0 && n <= wire_left(reader) && memcmp(reader->next, block->bytes, first) == 0 &&
           memcmp(reader->next + first, block->bytes + first, n - first) == 0;
}

/* By key, tick and its bytes, unparsed. NULL: perhaps it is known all the same. */
static struct book_block *recognise(struct book *book, const struct wire_reader *reader,
                                    uint32_t key, uint32_t to)
{
    struct shelf *shelves[2] = {book->younger, book->older};
    struct book_block *next = book->last->next;
    if (next->key == key && next->header.to == to && begins_with(reader, next))
        return next;
    for (unsigned i = 0; i < 2 && wire_left(reader) > 0; i++) {
        uint32_t row = shelves[i]->quick[quick_slot(key, to, *reader->next)];
        next = row ? &shelves[i]->rows[row - 1] : NULL;
        if (next && next->key == key && next->header.to == to && begins_with(reader, next))
            return next;
    }
    return NULL;
}

/* What a block's records become. */
struct keeping {
    struct book *book;
    struct shelf *shelf;
    bool failed;
};

static uint32_t destination(struct book *book, const struct cellblock_header *header,
                            const struct cellblock_record *record)
{
    struct protocol_key key = header->key;
    key.level = record->to.level;
    key.x = record->to.x;
    key.z = record->to.z;
    return book_key(book, &key);
}

static void keep_record(void *context, const struct cellblock_header *header,
                        const struct cellblock_record *record)
{
    struct keeping *keeping = context;
    struct book *book = keeping->book;
    struct book_record *kept = &keeping->shelf->records[keeping->shelf->records_n];
    if (keeping->shelf->records_n == SHELF_RECORDS) {
        keeping->failed = true;
        return;
    }
    *kept = (struct book_record){.kind = (uint8_t)record->kind,
                                 .placed = record->placed || record->kind == CELLBLOCK_ENTERED,
                                 .version = record->version,
                                 .index = record->index % CELLBLOCK_PART,
                                 .figure = ROLL_NONE,
                                 .at = BOOK_AT(record->state.x, record->state.z)};
    if (record->kind == CELLBLOCK_LEFT) {
        kept->to = record->gone ? BOOK_NONE : destination(book, header, record);
        keeping->failed |= !record->gone && kept->to == BOOK_NONE;
    }
    if (record->kind == CELLBLOCK_LEFT || record->kind == CELLBLOCK_ENTERED) {
        kept->figure = roll_number(book->roll, record->entity);
        keeping->failed |= kept->figure == ROLL_NONE;
    }
    keeping->shelf->records_n++;
}

/* Decode what the book does not hold yet. */
static enum book_answer enter(struct book *book, struct wire_reader *reader, uint32_t key,
                              struct cellblock_header header, struct book_block **block)
{
    const uint8_t *start = reader->next;
    struct shelf *shelf = make_room(book);
    struct keeping keeping = {book, shelf, false};
    size_t first = shelf->records_n;
    if (cellblock_parse(reader, &header, keep_record, &keeping) != PROTOCOL_OK)
        return BOOK_MALFORMED;
    book->counts.distinct++;
    struct book_block *row =
        keeping.failed ? NULL : keep(book, key, &header, start, (size_t)(reader->next - start));
    if (!row)
        return BOOK_NO_MEMORY;
    row->records = shelf->records + first;
    row->records_n = (uint32_t)(shelf->records_n - first);
    *block = row;
    return BOOK_OK;
}

enum book_answer book_take(struct book *book, struct wire_reader *reader, uint32_t key, uint32_t to,
                           const struct book_block **block)
{
    struct book_block *found = recognise(book, reader, key, to);
    struct cellblock_header header = {.key = *book_key_of(book, key), .to = to};
    book->counts.blocks++;
    if (!found) {
        struct wire_reader head = *reader;
        if (cellblock_parse_header(&head, &header) != PROTOCOL_OK)
            return BOOK_MALFORMED;
        found = shelf_find(book->younger, &header);
        if (!found)
            found = shelf_find(book->older, &header);
        if (found && !begins_with(reader, found))
            return BOOK_DIFFERS;
    }
    if (found) {
        reader->next += found->bytes_n;
    } else {
        enum book_answer answer = enter(book, reader, key, header, &found);
        if (answer != BOOK_OK)
            return answer;
    }
    book->last->next = found;
    book->last = found;
    *block = found;
    return BOOK_OK;
}

struct book_counts book_counts(const struct book *book)
{
    return book->counts;
}
