/* journal_format.c -- see journal_format.h. */
#include "sim/journal_format.h"

#include <sodium.h>
#include <string.h>

#define COMMAND_BYTES_MAX 64 /* without the name */
#define NAME_MAX_BYTES    1024
#define CHAT_MAX_BYTES    4096

void journal_put_header(struct wire_writer *w, const struct journal_header *header)
{
    wire_put_bytes(w, JOURNAL_MAGIC, JOURNAL_MAGIC_BYTES);
    wire_put_u16(w, JOURNAL_VERSION);
    wire_put_text(w, header->build);
    wire_put_bytes(w, header->world_hash, sizeof(header->world_hash));
    wire_put_u32(w, header->seed);
    wire_put_u32(w, (uint32_t)header->size_m);
    wire_put_u16(w, header->server);
    wire_put_u32(w, header->entities_max);
    wire_put_u32(w, header->state_bytes);
    wire_put_bytes(w, header->state, header->state_bytes);
}

int journal_get_header(struct wire_reader *r, struct journal_header *header)
{
    const uint8_t *bytes = wire_get_bytes(r, JOURNAL_MAGIC_BYTES);

    if (bytes == NULL || memcmp(bytes, JOURNAL_MAGIC, JOURNAL_MAGIC_BYTES) != 0)
        return -1;
    if (wire_get_u16(r) != JOURNAL_VERSION)
        return -1;
    header->build = wire_get_text(r, JOURNAL_BUILD_MAX);
    bytes = wire_get_bytes(r, sizeof(header->world_hash));
    if (bytes == NULL)
        return -1;
    memcpy(header->world_hash, bytes, sizeof(header->world_hash));
    header->seed = wire_get_u32(r);
    header->size_m = (int32_t)wire_get_u32(r);
    header->server = wire_get_u16(r);
    header->entities_max = wire_get_u32(r);
    header->state_bytes = wire_get_u32(r);
    header->state = wire_get_bytes(r, header->state_bytes);
    return wire_done(r) ? 0 : -1;
}

size_t journal_command_bytes(const struct command *command)
{
    if (command->kind == COMMAND_JOIN && command->as.join.name != NULL)
        return COMMAND_BYTES_MAX + command->as.join.name->len_bytes;
    if (command->kind == COMMAND_RENAME && command->as.rename.name != NULL)
        return COMMAND_BYTES_MAX + command->as.rename.name->len_bytes;
    return COMMAND_BYTES_MAX;
}

static void put_name(struct wire_writer *w, const struct blob *name)
{
    wire_put_text(w, name == NULL ? (struct wire_text){"", 0}
                                  : (struct wire_text){name->bytes, (uint16_t)name->len_bytes});
}

static void put_join(struct wire_writer *w, const struct command *command)
{
    wire_put_u64(w, command->as.join.player);
    put_name(w, command->as.join.name);
    wire_put_u32(w, (uint32_t)command->as.join.x);
    wire_put_u32(w, (uint32_t)command->as.join.z);
    wire_put_u16(w, command->as.join.yaw);
    wire_put_u8(w, command->as.join.spawn);
    wire_put_u32(w, command->as.join.looks);
}

void journal_put_command(struct wire_writer *w, const struct command *command)
{
    wire_put_u64(w, command->session);
    wire_put_u32(w, command->sequence);
    wire_put_u8(w, command->producer);
    wire_put_u8(w, command->kind);
    switch ((enum command_kind)command->kind) {
    case COMMAND_CREDIT:
        wire_put_u32(w, command->as.credit.substeps);
        break;
    case COMMAND_JOIN:
        put_join(w, command);
        break;
    case COMMAND_LEAVE:
    case COMMAND_REST:
        break;
    case COMMAND_INTENT:
        wire_put_u32(w, command->as.intent.seq);
        wire_put_u16(w, command->as.intent.intent.heading);
        wire_put_u16(w, command->as.intent.intent.yaw);
        wire_put_u8(w, command->as.intent.intent.flags);
        wire_put_u8(w, command->as.intent.substeps);
        break;
    case COMMAND_CHAT:
        wire_put_u8(w, command->as.chat.channel);
        wire_put_u16(w, command->as.chat.text == NULL ? 0
                                                      : (uint16_t)command->as.chat.text->len_bytes);
        break;
    case COMMAND_LAYER:
        wire_put_u8(w, command->as.layer.layer);
        break;
    case COMMAND_TELEPORT:
        wire_put_u32(w, (uint32_t)command->as.teleport.x);
        wire_put_u32(w, (uint32_t)command->as.teleport.z);
        break;
    case COMMAND_WISH:
        wire_put_u32(w, (uint32_t)command->as.wish.x);
        wire_put_u32(w, (uint32_t)command->as.wish.z);
        break;
    case COMMAND_RENAME:
        put_name(w, command->as.rename.name);
        break;
    }
}

static int get_join(struct wire_reader *r, struct command *command)
{
    struct wire_text name;

    command->as.join.player = wire_get_u64(r);
    name = wire_get_text(r, NAME_MAX_BYTES);
    command->as.join.x = (int32_t)wire_get_u32(r);
    command->as.join.z = (int32_t)wire_get_u32(r);
    command->as.join.yaw = wire_get_u16(r);
    command->as.join.spawn = wire_get_u8(r) != 0;
    command->as.join.looks = wire_get_u32(r);
    if (r->bad)
        return -1;
    command->as.join.name = blob_new(name.bytes, name.len);
    return command->as.join.name == NULL ? -1 : 0;
}

static int get_rename(struct wire_reader *r, struct command *command)
{
    struct wire_text name = wire_get_text(r, NAME_MAX_BYTES);

    if (r->bad)
        return -1;
    command->as.rename.name = blob_new(name.bytes, name.len);
    return command->as.rename.name == NULL ? -1 : 0;
}

/* The text is not in the journal: as many zero bytes stand for it. */
static int get_chat(struct wire_reader *r, struct command *command)
{
    static const char ZEROS[CHAT_MAX_BYTES];
    uint16_t len;

    command->as.chat.channel = wire_get_u8(r);
    len = wire_get_u16(r);
    if (r->bad || len > sizeof(ZEROS))
        return -1;
    command->as.chat.text = blob_new(ZEROS, len);
    return command->as.chat.text == NULL ? -1 : 0;
}

int journal_get_command(struct wire_reader *r, struct command *command)
{
    memset(command, 0, sizeof(*command));
    command->session = wire_get_u64(r);
    command->sequence = wire_get_u32(r);
    command->producer = wire_get_u8(r);
    command->kind = wire_get_u8(r);
    switch ((enum command_kind)command->kind) {
    case COMMAND_CREDIT:
        command->as.credit.substeps = wire_get_u32(r);
        return r->bad ? -1 : 0;
    case COMMAND_JOIN:
        return get_join(r, command);
    case COMMAND_LEAVE:
    case COMMAND_REST:
        return r->bad ? -1 : 0;
    case COMMAND_INTENT:
        command->as.intent.seq = wire_get_u32(r);
        command->as.intent.intent.heading = wire_get_u16(r);
        command->as.intent.intent.yaw = wire_get_u16(r);
        command->as.intent.intent.flags = wire_get_u8(r);
        command->as.intent.substeps = wire_get_u8(r);
        return r->bad ? -1 : 0;
    case COMMAND_CHAT:
        return get_chat(r, command);
    case COMMAND_LAYER:
        command->as.layer.layer = wire_get_u8(r);
        return r->bad ? -1 : 0;
    case COMMAND_TELEPORT:
        command->as.teleport.x = (int32_t)wire_get_u32(r);
        command->as.teleport.z = (int32_t)wire_get_u32(r);
        return r->bad ? -1 : 0;
    case COMMAND_WISH:
        command->as.wish.x = (int32_t)wire_get_u32(r);
        command->as.wish.z = (int32_t)wire_get_u32(r);
        return r->bad ? -1 : 0;
    case COMMAND_RENAME:
        return get_rename(r, command);
    }
    return -1; /* a kind that is none */
}

void journal_checksum(const uint8_t *body, size_t len_bytes, uint8_t sum[JOURNAL_CHECKSUM_BYTES])
{
    crypto_generichash(sum, JOURNAL_CHECKSUM_BYTES, body, len_bytes, NULL, 0);
}

void journal_next_hash(const uint8_t last[SIM_HASH_BYTES], const uint8_t *tick_body,
                       size_t len_bytes, const uint8_t state[SIM_HASH_BYTES],
                       uint8_t next[SIM_HASH_BYTES])
{
    crypto_generichash_state hash;

    crypto_generichash_init(&hash, NULL, 0, SIM_HASH_BYTES);
    crypto_generichash_update(&hash, last, SIM_HASH_BYTES);
    crypto_generichash_update(&hash, tick_body, len_bytes);
    crypto_generichash_update(&hash, state, SIM_HASH_BYTES);
    crypto_generichash_final(&hash, next, SIM_HASH_BYTES);
}

void journal_first_hash(const uint8_t *body, size_t len_bytes, uint8_t hash[SIM_HASH_BYTES])
{
    crypto_generichash(hash, SIM_HASH_BYTES, body, len_bytes, NULL, 0);
}
