/* journal_format.h -- the bytes of a journal, for its writer and its reader; doc/journal.md says
 * the same. Inside sim/ only. Pure. */
#ifndef OPENMMO_SIM_JOURNAL_FORMAT_H
#define OPENMMO_SIM_JOURNAL_FORMAT_H

#include "common/protocol.h"
#include "sim/sim.h"

#define JOURNAL_MAGIC          "OMMOJRNL"
#define JOURNAL_MAGIC_BYTES    8
#define JOURNAL_VERSION        5
#define JOURNAL_BUILD_MAX      128
#define JOURNAL_FRAME_BYTES    8                            /* u32 length, u32 its complement */
#define JOURNAL_CHECKSUM_BYTES 16                           /* after the body */
#define JOURNAL_BODY_MAX       (UINT32_C(64) * 1024 * 1024) /* no tick or header is longer */

struct journal_header {
    struct wire_text build; /* borrowed */
    uint8_t world_hash[HEIGHTFIELD_HASH_BYTES];
    uint32_t seed;
    int32_t size_m;
    uint16_t server;
    uint32_t entities_max;
    const uint8_t *state; /* borrowed */
    uint32_t state_bytes;
};

#define JOURNAL_HEADER_BYTES 512 /* without the state, at most */
/* The body of a header. w must have room for JOURNAL_HEADER_BYTES + state_bytes. */
void journal_put_header(struct wire_writer *w, const struct journal_header *header);
/* -1: malformed. */
int journal_get_header(struct wire_reader *r, struct journal_header *header) MUST_CHECK;

/* Bytes that a command takes at most. */
size_t journal_command_bytes(const struct command *command);
void journal_put_command(struct wire_writer *w, const struct command *command); /* into that many */
/* What the command then owns is the caller's (command_drop). -1: malformed or out of memory. */
int journal_get_command(struct wire_reader *r, struct command *command) MUST_CHECK;

/* Of a record's body: against damage, not against forgery. */
void journal_checksum(const uint8_t *body, size_t len_bytes, uint8_t sum[JOURNAL_CHECKSUM_BYTES]);
/* next = BLAKE2b(last, commands as journaled, state). tick_body: tick, count and commands. last may
 * be next. */
void journal_next_hash(const uint8_t last[SIM_HASH_BYTES], const uint8_t *tick_body,
                       size_t len_bytes, const uint8_t state[SIM_HASH_BYTES],
                       uint8_t next[SIM_HASH_BYTES]);
/* The hash before the first tick: of the header's body. */
void journal_first_hash(const uint8_t *body, size_t len_bytes, uint8_t hash[SIM_HASH_BYTES]);

#endif
