/* cellblock.h -- the cell block: what happened in one cell between two ticks, as bytes that any
 * number of receivers get as they are. Encoder (server, fuzz model) and parser (clients, bots); the
 * wire format is in doc/protocol.md.
 *
 *   header   part | from (none: full); key and `to` stand before it in the message, for a receiver
 *            has its own number for a key, and one `to` holds for all blocks of a message
 *   left     index, entity id, destination (gone, or the cell it went to)
 *   entered  index, entity id, identity version, state
 *   moved    index, and of its state what is other than it was: place, turn, or both
 *   changed  index, identity version
 *   state:   place: x, z (wire quanta); turn: heading 8 bits, pose, altitude over the ground
 *
 * Packed to the bit, filled up to whole bytes at the end of the block. Records are absolute and
 * quantised by floor relative to the cell, so overlap is harmless. A
 * receiver applies a block iff from <= have < to, then have = to. In a full block every record is
 * `entered` and it replaces all that its index range held. Indices rise within a list. Pure; any
 * thread. */
#ifndef OPENMMO_COMMON_CELLBLOCK_H
#define OPENMMO_COMMON_CELLBLOCK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/compiler.h"
#include "common/protocol.h"

#define CELLBLOCK_MAX_BYTES 12288 /* no block is larger */
#define CELLBLOCK_PART                                                                             \
    512 /* a part is the indices [512 p, 512 p + 511]; no other range is well-formed */
#define CELLBLOCK_NONE UINT32_MAX /* `from` of a full block; `have` of one who has nothing */

struct cellblock_header {
    struct protocol_key key;
    uint16_t first, last; /* in-cell indices, inclusive: the part */
    uint32_t from;        /* tick < to, or CELLBLOCK_NONE: full */
    uint32_t to;          /* tick < CELLBLOCK_NONE */
};

struct cellblock_state {
    uint16_t x,
        z; /* 0..4095: wire quanta in the level 0 cell, at every level; inside the block's cell */
    /* Wire quanta over the ground at (x, z)'s lower edge; 0 also for those less than 2 from it. */
    int16_t altitude;
    uint8_t heading; /* yaw >> 8 */
    uint8_t pose;    /* enum movement_pose, 2 bits */
};

enum cellblock_kind { CELLBLOCK_LEFT, CELLBLOCK_ENTERED, CELLBLOCK_MOVED, CELLBLOCK_CHANGED };

struct cellblock_record {
    enum cellblock_kind kind;
    uint16_t index;
    uint64_t entity;              /* left, entered */
    uint8_t version;              /* entered, changed: identity version */
    bool gone;                    /* left: nowhere in the world; else `to` */
    struct space_cell to;         /* left: the cell that it went to, of any level */
    bool placed;                  /* moved: x and z of the state are told */
    bool turned;                  /* moved: heading, pose and altitude are told */
    struct cellblock_state state; /* entered, moved */
};

/* Encode one block with its records (sorted by kind, then index, rising; in a full block only
 * `entered`; no index beside the part; no entity 0). 512 records of any kind always fit, and so
 * does a part in which no index is both left and entered. Returns its length in bytes, or 0 if
 * room_bytes (CELLBLOCK_MAX_BYTES is enough) does not hold it or a receiver would find it
 * malformed. */
size_t cellblock_encode(const struct cellblock_header *header,
                        const struct cellblock_record *records, size_t records_n, uint8_t *room,
                        size_t room_bytes) MUST_CHECK;

/* Parse one block from the reader. visit is called for each record, in order, only after the whole
 * block has been found well-formed (two passes). NULL visit: check only. OK or BAD. */
typedef void cellblock_visit_fn(void *context, const struct cellblock_header *header,
                                const struct cellblock_record *record);
/* header->key and header->to say which cell it is of and up to when it tells (well-formed
 * themselves, or the answer is BAD); the rest of *header is filled in where the answer is OK. */
enum protocol_result cellblock_parse(struct wire_reader *reader, struct cellblock_header *header,
                                     cellblock_visit_fn *visit, void *context) MUST_CHECK;

/* Parse only the header at the front of a block and check it by itself, as above; the reader stays
 * where it is. For who only asks which block this is. OK or BAD. */
enum protocol_result cellblock_parse_header(struct wire_reader *reader,
                                            struct cellblock_header *header) MUST_CHECK;

/* The state of a figure at pos in its cell. ground: heightfield_at() at the quantised place (the
 * lower edge of the wire quantum), in units: cellblock_quantise_place gives that place. */
void cellblock_quantise_place(struct space_pos pos, int32_t *x_units, int32_t *z_units);
/* ground in units, at that place. */
struct cellblock_state cellblock_state_of(struct space_pos pos, uint16_t yaw, uint8_t pose,
                                          int32_t ground);
/* Back to a position (the quantum's lower edge). ground as above. */
struct space_pos cellblock_pos(const struct protocol_key *key, const struct cellblock_state *state,
                               int32_t ground);

#endif
