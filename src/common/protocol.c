/* protocol.c -- see protocol.h. Each message is one encoder and one decoder, side by side; each
 * decoder reads fields in statements, checks once and publishes at the end. */
#include "common/protocol.h"

#include <string.h>

#include "common/heightfield.h"
#include "common/movement.h"
#include "common/text.h"

#define PROGRAM_MAX     64
#define SERVER_NAME_MAX 100
#define WORLD_MIN_M     128
#define WORLD_MAX_M     524288
#define CELLS_HALF      8192 /* level 0 cells from the middle to where int32 positions end */

/* ---- frames ---- */

enum protocol_result protocol_frame_parse(const uint8_t *bytes, size_t len_bytes, size_t max_bytes,
                                          struct protocol_frame *frame)
{
    if (len_bytes < 2)
        return PROTOCOL_MORE;
    size_t follows = (size_t)(bytes[0] | bytes[1] << 8);
    if (follows == 0 || follows + 2 > max_bytes)
        return PROTOCOL_BAD;
    if (len_bytes < follows + 2)
        return PROTOCOL_MORE;
    frame->type = bytes[2];
    frame->body = bytes + PROTOCOL_FRAME_HEADER;
    frame->body_bytes = follows - 1;
    frame->frame_bytes = follows + 2;
    return PROTOCOL_OK;
}

/* A frame begins: its length is filled in by frame_end. */
static uint8_t *frame_begin(struct wire_writer *w, enum protocol_type type)
{
    uint8_t *start = w->next;
    wire_put_u16(w, 0);
    wire_put_u8(w, (uint8_t)type);
    return start;
}

/* A frame that did not fit, or that no peer would take, is taken back whole. */
static void frame_end(struct wire_writer *w, uint8_t *start)
{
    size_t frame_bytes = (size_t)(w->next - start);
    if (w->bad || frame_bytes > PROTOCOL_FRAME_MAX) {
        w->bad = true;
        w->next = start;
        return;
    }
    start[0] = (uint8_t)(frame_bytes - 2);
    start[1] = (uint8_t)((frame_bytes - 2) >> 8);
}

static void put_text(struct wire_writer *w, struct wire_text text, uint16_t max_bytes)
{
    if (text.len > max_bytes)
        w->bad = true;
    wire_put_text(w, text);
}

/* Publish the message if the whole body was read and its values are in range. */
static enum protocol_result publish(const struct wire_reader *r, bool fine, void *message,
                                    const void *local, size_t bytes)
{
    if (!wire_done(r) || !fine)
        return PROTOCOL_BAD;
    memcpy(message, local, bytes);
    return PROTOCOL_OK;
}

#define PUBLISH(fine) publish(&r, (fine), message, &m, sizeof m)

/* Every decoder begins so. */
#define DECODER(word)                                                                              \
    enum protocol_result protocol_decode_##word(const uint8_t *body, size_t body_bytes,            \
                                                struct protocol_##word *message)

/* ---- from the client ---- */

void protocol_encode_hello(struct wire_writer *w, const struct protocol_hello *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_HELLO);
    wire_put_u16(w, m->lowest);
    wire_put_u16(w, m->highest);
    wire_put_u32(w, m->features);
    put_text(w, m->program, PROGRAM_MAX);
    frame_end(w, start);
}

DECODER(hello)
{
    struct wire_reader r;
    struct protocol_hello m;
    wire_reader_init(&r, body, body_bytes);
    m.lowest = wire_get_u16(&r);
    m.highest = wire_get_u16(&r);
    m.features = wire_get_u32(&r);
    m.program = wire_get_text(&r, PROGRAM_MAX);
    return PUBLISH(m.lowest <= m.highest);
}

void protocol_encode_register(struct wire_writer *w, const struct protocol_register *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_REGISTER);
    put_text(w, m->username, TEXT_NAME_MAX_BYTES);
    put_text(w, m->email, PROTOCOL_EMAIL_MAX);
    put_text(w, m->password, TEXT_PASSWORD_MAX_BYTES);
    put_text(w, m->code, PROTOCOL_CODE_MAX);
    frame_end(w, start);
}

DECODER(register)
{
    struct wire_reader r;
    struct protocol_register m;
    wire_reader_init(&r, body, body_bytes);
    m.username = wire_get_text(&r, TEXT_NAME_MAX_BYTES);
    m.email = wire_get_text(&r, PROTOCOL_EMAIL_MAX);
    m.password = wire_get_text(&r, TEXT_PASSWORD_MAX_BYTES);
    m.code = wire_get_text(&r, PROTOCOL_CODE_MAX);
    return PUBLISH(true);
}

void protocol_encode_auth(struct wire_writer *w, const struct protocol_auth *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_AUTH);
    wire_put_u8(w, m->kind);
    switch (m->kind) {
    case PROTOCOL_AUTH_PASSWORD:
        put_text(w, m->username, TEXT_NAME_MAX_BYTES);
        put_text(w, m->password, TEXT_PASSWORD_MAX_BYTES);
        break;
    case PROTOCOL_AUTH_TOKEN:
        put_text(w, m->token, PROTOCOL_TOKEN_MAX);
        break;
    case PROTOCOL_AUTH_GUEST:
        put_text(w, m->username, TEXT_NAME_MAX_BYTES);
        break;
    case PROTOCOL_AUTH_CODE:
        put_text(w, m->username, TEXT_NAME_MAX_BYTES);
        put_text(w, m->code, PROTOCOL_CODE_MAX);
        put_text(w, m->password, TEXT_PASSWORD_MAX_BYTES);
        break;
    default: /* a byte, not our enum */
        w->bad = true;
    }
    frame_end(w, start);
}

DECODER(auth)
{
    struct wire_reader r;
    struct protocol_auth m = {.username = {"", 0}, .password = {"", 0}, .token = {"", 0}};
    m.code = (struct wire_text){"", 0};
    wire_reader_init(&r, body, body_bytes);
    m.kind = wire_get_u8(&r);
    switch (m.kind) {
    case PROTOCOL_AUTH_PASSWORD:
        m.username = wire_get_text(&r, TEXT_NAME_MAX_BYTES);
        m.password = wire_get_text(&r, TEXT_PASSWORD_MAX_BYTES);
        break;
    case PROTOCOL_AUTH_TOKEN:
        m.token = wire_get_text(&r, PROTOCOL_TOKEN_MAX);
        break;
    case PROTOCOL_AUTH_GUEST:
        m.username = wire_get_text(&r, TEXT_NAME_MAX_BYTES);
        break;
    case PROTOCOL_AUTH_CODE:
        m.username = wire_get_text(&r, TEXT_NAME_MAX_BYTES);
        m.code = wire_get_text(&r, PROTOCOL_CODE_MAX);
        m.password = wire_get_text(&r, TEXT_PASSWORD_MAX_BYTES);
        break;
    default: /* a byte, not our enum */
        return PROTOCOL_BAD;
    }
    return PUBLISH(true);
}

void protocol_encode_resume(struct wire_writer *w, const struct protocol_resume *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_RESUME);
    put_text(w, m->token, PROTOCOL_TOKEN_MAX);
    wire_put_u64(w, m->chat_sequence);
    frame_end(w, start);
}

DECODER(resume)
{
    struct wire_reader r;
    struct protocol_resume m;
    wire_reader_init(&r, body, body_bytes);
    m.token = wire_get_text(&r, PROTOCOL_TOKEN_MAX);
    m.chat_sequence = wire_get_u64(&r);
    return PUBLISH(true);
}

void protocol_encode_leave(struct wire_writer *w, const struct protocol_leave *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_LEAVE);
    wire_put_u8(w, m->log_out);
    frame_end(w, start);
}

DECODER(leave)
{
    struct wire_reader r;
    struct protocol_leave m;
    wire_reader_init(&r, body, body_bytes);
    uint8_t how = wire_get_u8(&r);
    m.log_out = how != 0;
    return PUBLISH(how <= 1);
}

void protocol_encode_move(struct wire_writer *w, const struct protocol_move *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_MOVE);
    wire_put_u32(w, m->seq);
    wire_put_u16(w, m->heading);
    wire_put_u16(w, m->yaw);
    wire_put_u8(w, m->flags);
    wire_put_u8(w, m->substeps);
    frame_end(w, start);
}

DECODER(move)
{
    struct wire_reader r;
    struct protocol_move m;
    wire_reader_init(&r, body, body_bytes);
    m.seq = wire_get_u32(&r);
    m.heading = wire_get_u16(&r);
    m.yaw = wire_get_u16(&r);
    m.flags = wire_get_u8(&r);
    m.substeps = wire_get_u8(&r);
    return PUBLISH(m.seq >= 1 && !(m.flags & ~MOVEMENT_FLAGS_MASK) && m.substeps >= 1 &&
                   m.substeps <= PROTOCOL_SUBSTEPS_MAX);
}

void protocol_encode_chat(struct wire_writer *w, const struct protocol_chat *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_CHAT);
    wire_put_u8(w, m->channel);
    put_text(w, m->text, PROTOCOL_TEXT_MAX);
    frame_end(w, start);
}

DECODER(chat)
{
    struct wire_reader r;
    struct protocol_chat m;
    wire_reader_init(&r, body, body_bytes);
    m.channel = wire_get_u8(&r);
    m.text = wire_get_text(&r, PROTOCOL_TEXT_MAX);
    return PUBLISH(m.channel <= PROTOCOL_CHANNEL_GLOBAL);
}

void protocol_encode_ping(struct wire_writer *w, const struct protocol_ping *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_PING);
    wire_put_u64(w, m->cookie);
    frame_end(w, start);
}

DECODER(ping)
{
    struct wire_reader r;
    struct protocol_ping m;
    wire_reader_init(&r, body, body_bytes);
    m.cookie = wire_get_u64(&r);
    return PUBLISH(true);
}

void protocol_encode_who(struct wire_writer *w, const struct protocol_who *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_WHO);
    if (m->ids_n < 1 || m->ids_n > PROTOCOL_WHO_MAX)
        w->bad = true;
    wire_put_u8(w, m->ids_n);
    for (unsigned i = 0; i < m->ids_n && !w->bad; i++)
        wire_put_u64(w, m->ids[i]);
    frame_end(w, start);
}

DECODER(who)
{
    struct wire_reader r;
    struct protocol_who m;
    wire_reader_init(&r, body, body_bytes);
    m.ids_n = wire_get_u8(&r);
    if (m.ids_n < 1 || m.ids_n > PROTOCOL_WHO_MAX)
        return PROTOCOL_BAD;
    for (unsigned i = 0; i < PROTOCOL_WHO_MAX; i++)
        m.ids[i] = i < m.ids_n ? wire_get_u64(&r) : 0;
    return PUBLISH(true);
}

void protocol_encode_password(struct wire_writer *w, const struct protocol_password *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_PASSWORD);
    put_text(w, m->password, TEXT_PASSWORD_MAX_BYTES);
    put_text(w, m->now, TEXT_PASSWORD_MAX_BYTES);
    frame_end(w, start);
}

DECODER(password)
{
    struct wire_reader r;
    struct protocol_password m;
    wire_reader_init(&r, body, body_bytes);
    m.password = wire_get_text(&r, TEXT_PASSWORD_MAX_BYTES);
    m.now = wire_get_text(&r, TEXT_PASSWORD_MAX_BYTES);
    return PUBLISH(true);
}

void protocol_encode_report(struct wire_writer *w, const struct protocol_report *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_REPORT);
    put_text(w, m->name, TEXT_NAME_MAX_BYTES);
    put_text(w, m->words, PROTOCOL_TEXT_MAX);
    frame_end(w, start);
}

DECODER(report)
{
    struct wire_reader r;
    struct protocol_report m;
    wire_reader_init(&r, body, body_bytes);
    m.name = wire_get_text(&r, TEXT_NAME_MAX_BYTES);
    m.words = wire_get_text(&r, PROTOCOL_TEXT_MAX);
    return PUBLISH(true);
}

/* ---- from the server ---- */

void protocol_encode_greeting(struct wire_writer *w, const struct protocol_greeting *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_GREETING);
    wire_put_u16(w, m->version);
    wire_put_u32(w, m->features);
    wire_put_u32(w, m->players);
    wire_put_u32(w, m->players_max);
    wire_put_u8(w, m->logins);
    put_text(w, m->name, SERVER_NAME_MAX);
    put_text(w, m->motd, PROTOCOL_TEXT_MAX);
    frame_end(w, start);
}

DECODER(greeting)
{
    struct wire_reader r;
    struct protocol_greeting m;
    wire_reader_init(&r, body, body_bytes);
    m.version = wire_get_u16(&r);
    m.features = wire_get_u32(&r);
    m.players = wire_get_u32(&r);
    m.players_max = wire_get_u32(&r);
    m.logins = wire_get_u8(&r);
    m.name = wire_get_text(&r, SERVER_NAME_MAX);
    m.motd = wire_get_text(&r, PROTOCOL_TEXT_MAX);
    return PUBLISH(true);
}

void protocol_encode_welcome(struct wire_writer *w, const struct protocol_welcome *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_WELCOME);
    wire_put_u64(w, m->entity);
    wire_put_u32(w, m->tick);
    wire_put_u64(w, m->wall_ms);
    wire_put_u8(w, m->tick_hz);
    wire_put_u16(w, m->view_m);
    wire_put_u32(w, m->world_seed);
    wire_put_u32(w, m->world_size_m);
    wire_put_bytes(w, m->world_hash, HEIGHTFIELD_HASH_BYTES);
    wire_put_u32(w, m->epoch);
    put_text(w, m->username, TEXT_NAME_MAX_BYTES);
    put_text(w, m->token, PROTOCOL_TOKEN_MAX);
    wire_put_u8(w, m->role);
    frame_end(w, start);
}

DECODER(welcome)
{
    struct wire_reader r;
    struct protocol_welcome m;
    wire_reader_init(&r, body, body_bytes);
    m.entity = wire_get_u64(&r);
    m.tick = wire_get_u32(&r);
    m.wall_ms = wire_get_u64(&r);
    m.tick_hz = wire_get_u8(&r);
    m.view_m = wire_get_u16(&r);
    m.world_seed = wire_get_u32(&r);
    m.world_size_m = wire_get_u32(&r);
    m.world_hash = wire_get_bytes(&r, HEIGHTFIELD_HASH_BYTES);
    m.epoch = wire_get_u32(&r);
    m.username = wire_get_text(&r, TEXT_NAME_MAX_BYTES);
    m.token = wire_get_text(&r, PROTOCOL_TOKEN_MAX);
    m.role = wire_get_u8(&r);
    return PUBLISH(m.tick_hz >= 1 && m.world_size_m >= WORLD_MIN_M &&
                   m.world_size_m <= WORLD_MAX_M && m.world_size_m % WORLD_MIN_M == 0);
}

void protocol_encode_blocks(struct wire_writer *w, const struct protocol_blocks *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_BLOCKS);
    if (m->len_bytes == 0 || m->to == UINT32_MAX)
        w->bad = true;
    wire_put_u32(w, m->to);
    wire_put_bytes(w, m->bytes, m->len_bytes);
    frame_end(w, start);
}

DECODER(blocks)
{
    struct wire_reader r;
    struct protocol_blocks m;
    wire_reader_init(&r, body, body_bytes);
    m.to = wire_get_u32(&r);
    m.len_bytes = wire_left(&r);
    m.bytes = wire_get_bytes(&r, m.len_bytes);
    return PUBLISH(m.len_bytes > 0 && m.to != UINT32_MAX);
}

static void put_key(struct wire_writer *w, const struct protocol_key *key)
{
    wire_put_u16(w, key->source);
    wire_put_u8(w, key->layer);
    wire_put_u8(w, key->level);
    wire_put_zigzag(w, key->x);
    wire_put_zigzag(w, key->z);
}

static struct protocol_key get_key(struct wire_reader *keys)
{
    struct protocol_key key;
    key.source = wire_get_u16(keys);
    key.layer = wire_get_u8(keys);
    key.level = wire_get_u8(keys);
    key.x = wire_get_zigzag(keys);
    key.z = wire_get_zigzag(keys);
    if (key.level > PROTOCOL_LEVEL_MAX) {
        keys->bad = true;
        key.level = 0;
    }
    int32_t half = CELLS_HALF << key.level;
    if (key.x < -half || key.x >= half || key.z < -half || key.z >= half)
        keys->bad = true;
    return key;
}

struct protocol_gain protocol_view_gain(struct wire_reader *keys)
{
    struct protocol_gain gain;
    gain.number = protocol_number(keys);
    gain.key = get_key(keys);
    return gain;
}

uint16_t protocol_number(struct wire_reader *reader)
{
    uint32_t number = wire_get_varint(reader);
    if (number >= PROTOCOL_NUMBERS) {
        reader->bad = true;
        number = 0;
    }
    return (uint16_t)number;
}

void protocol_put_number(struct wire_writer *w, uint16_t number)
{
    if (number >= PROTOCOL_NUMBERS)
        w->bad = true;
    wire_put_varint(w, number);
}

void protocol_encode_view(struct wire_writer *w, const struct protocol_gain *gained,
                          uint16_t gained_n, const uint16_t *lost, uint16_t lost_n)
{
    uint8_t *start = frame_begin(w, PROTOCOL_VIEW);
    wire_put_u16(w, gained_n);
    wire_put_u16(w, lost_n);
    for (unsigned i = 0; i < gained_n && !w->bad; i++) {
        protocol_put_number(w, gained[i].number);
        put_key(w, &gained[i].key);
    }
    for (unsigned i = 0; i < lost_n && !w->bad; i++)
        protocol_put_number(w, lost[i]);
    frame_end(w, start);
}

DECODER(view)
{
    struct wire_reader r;
    struct protocol_view m;
    wire_reader_init(&r, body, body_bytes);
    m.gained_n = wire_get_u16(&r);
    m.lost_n = wire_get_u16(&r);
    m.keys = r;
    for (unsigned i = m.gained_n; i > 0 && !r.bad; i--)
        (void)protocol_view_gain(&r);
    for (unsigned i = m.lost_n; i > 0 && !r.bad; i--)
        (void)protocol_number(&r);
    return PUBLISH(true);
}

static int32_t get_coordinate(struct wire_reader *r)
{
    int32_t units = (int32_t)wire_get_u32(r);
    if (units < -SPACE_LIMIT_UNITS || units > SPACE_LIMIT_UNITS)
        r->bad = true;
    return units;
}

void protocol_encode_self(struct wire_writer *w, const struct protocol_self *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_SELF);
    wire_put_u32(w, m->tick);
    wire_put_u32(w, m->seq);
    wire_put_u32(w, (uint32_t)m->pos.x);
    wire_put_u32(w, (uint32_t)m->pos.y);
    wire_put_u32(w, (uint32_t)m->pos.z);
    wire_put_u32(w, (uint32_t)m->velocity_y);
    wire_put_u16(w, m->yaw);
    wire_put_u8(w, m->airborne);
    wire_put_u8(w, m->dropped);
    wire_put_u8(w, m->ahead);
    wire_put_u8(w, m->teleports);
    frame_end(w, start);
}

DECODER(self)
{
    struct wire_reader r;
    struct protocol_self m;
    wire_reader_init(&r, body, body_bytes);
    m.tick = wire_get_u32(&r);
    m.seq = wire_get_u32(&r);
    m.pos.x = get_coordinate(&r);
    m.pos.y = get_coordinate(&r);
    m.pos.z = get_coordinate(&r);
    m.velocity_y = (int32_t)wire_get_u32(&r);
    m.yaw = wire_get_u16(&r);
    m.airborne = wire_get_u8(&r);
    m.dropped = wire_get_u8(&r);
    m.ahead = wire_get_u8(&r);
    m.teleports = wire_get_u8(&r);
    return PUBLISH(m.airborne <= 1 && m.ahead < PROTOCOL_SUBSTEPS_MAX);
}

void protocol_encode_chat_line(struct wire_writer *w, const struct protocol_chat_line *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_CHAT_LINE);
    wire_put_u64(w, m->sequence);
    wire_put_u64(w, m->wall_ms);
    wire_put_u64(w, m->entity);
    wire_put_u8(w, m->channel);
    put_text(w, m->name, TEXT_NAME_MAX_BYTES);
    put_text(w, m->text, PROTOCOL_TEXT_MAX);
    frame_end(w, start);
}

DECODER(chat_line)
{
    struct wire_reader r;
    struct protocol_chat_line m;
    wire_reader_init(&r, body, body_bytes);
    m.sequence = wire_get_u64(&r);
    m.wall_ms = wire_get_u64(&r);
    m.entity = wire_get_u64(&r);
    m.channel = wire_get_u8(&r);
    m.name = wire_get_text(&r, TEXT_NAME_MAX_BYTES);
    m.text = wire_get_text(&r, PROTOCOL_TEXT_MAX);
    return PUBLISH(m.channel <= PROTOCOL_CHANNEL_SERVER);
}

void protocol_encode_notice(struct wire_writer *w, const struct protocol_notice *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_NOTICE);
    wire_put_u8(w, m->reason);
    wire_put_u32(w, m->retry_after_ms);
    put_text(w, m->text, PROTOCOL_TEXT_MAX);
    frame_end(w, start);
}

DECODER(notice)
{
    struct wire_reader r;
    struct protocol_notice m;
    wire_reader_init(&r, body, body_bytes);
    m.reason = wire_get_u8(&r);
    m.retry_after_ms = wire_get_u32(&r);
    m.text = wire_get_text(&r, PROTOCOL_TEXT_MAX);
    return PUBLISH(true);
}

void protocol_encode_disconnect(struct wire_writer *w, const struct protocol_disconnect *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_DISCONNECT);
    wire_put_u8(w, m->reason);
    wire_put_u32(w, m->retry_after_ms);
    put_text(w, m->text, PROTOCOL_TEXT_MAX);
    frame_end(w, start);
}

DECODER(disconnect)
{
    struct wire_reader r;
    struct protocol_disconnect m;
    wire_reader_init(&r, body, body_bytes);
    m.reason = wire_get_u8(&r);
    m.retry_after_ms = wire_get_u32(&r);
    m.text = wire_get_text(&r, PROTOCOL_TEXT_MAX);
    return PUBLISH(true);
}

void protocol_encode_pong(struct wire_writer *w, const struct protocol_pong *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_PONG);
    wire_put_u64(w, m->cookie);
    wire_put_u32(w, m->tick);
    wire_put_u64(w, m->wall_ms);
    frame_end(w, start);
}

DECODER(pong)
{
    struct wire_reader r;
    struct protocol_pong m;
    wire_reader_init(&r, body, body_bytes);
    m.cookie = wire_get_u64(&r);
    m.tick = wire_get_u32(&r);
    m.wall_ms = wire_get_u64(&r);
    return PUBLISH(true);
}

void protocol_encode_identity(struct wire_writer *w, const struct protocol_identity *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_IDENTITY);
    if (m->rows_n > PROTOCOL_WHO_MAX)
        w->bad = true;
    wire_put_u8(w, m->rows_n);
    for (unsigned i = 0; i < m->rows_n && !w->bad; i++) {
        wire_put_u64(w, m->rows[i].id);
        wire_put_u8(w, m->rows[i].version);
        wire_put_u32(w, m->rows[i].looks);
        put_text(w, m->rows[i].name, TEXT_NAME_MAX_BYTES);
    }
    frame_end(w, start);
}

DECODER(identity)
{
    struct wire_reader r;
    struct protocol_identity m;
    wire_reader_init(&r, body, body_bytes);
    m.rows_n = wire_get_u8(&r);
    if (m.rows_n > PROTOCOL_WHO_MAX)
        return PROTOCOL_BAD;
    memset(m.rows, 0, sizeof m.rows);
    for (unsigned i = 0; i < m.rows_n; i++) {
        m.rows[i].id = wire_get_u64(&r);
        m.rows[i].version = wire_get_u8(&r);
        m.rows[i].looks = wire_get_u32(&r);
        m.rows[i].name = wire_get_text(&r, TEXT_NAME_MAX_BYTES);
    }
    return PUBLISH(true);
}

void protocol_encode_clock(struct wire_writer *w, const struct protocol_clock *m)
{
    uint8_t *start = frame_begin(w, PROTOCOL_CLOCK);
    wire_put_u32(w, m->tick);
    wire_put_u64(w, m->wall_ms);
    wire_put_u16(w, m->tempo);
    frame_end(w, start);
}

DECODER(clock)
{
    struct wire_reader r;
    struct protocol_clock m;
    wire_reader_init(&r, body, body_bytes);
    m.tick = wire_get_u32(&r);
    m.wall_ms = wire_get_u64(&r);
    m.tempo = wire_get_u16(&r);
    return PUBLISH(m.tempo >= PROTOCOL_TEMPO_MIN && m.tempo <= PROTOCOL_TEMPO_MAX);
}

/* ---- names ---- */

const char *protocol_type_name(unsigned type)
{
    switch (type) {
#define ROW(number, NAME, word, from)                                                              \
    case number:                                                                                   \
        return #NAME;
        PROTOCOL_MESSAGES(ROW)
#undef ROW
    }
    return NULL;
}

const char *protocol_reason_name(unsigned reason)
{
    switch (reason) {
#define ROW(number, NAME, text)                                                                    \
    case number:                                                                                   \
        return #NAME;
        PROTOCOL_REASONS(ROW)
#undef ROW
    }
    return NULL;
}

const char *protocol_reason_text(unsigned reason)
{
    switch (reason) {
#define ROW(number, NAME, text)                                                                    \
    case number:                                                                                   \
        return text;
        PROTOCOL_REASONS(ROW)
#undef ROW
    }
    return NULL;
}

const char *protocol_role_name(unsigned role)
{
    switch (role) {
#define ROW(number, NAME, name)                                                                    \
    case PROTOCOL_ROLE_##NAME:                                                                     \
        return name;
        PROTOCOL_ROLES(ROW)
#undef ROW
    }
    return NULL;
}

enum protocol_role protocol_role_of(const char *name)
{
#define ROW(number, NAME, word)                                                                    \
    if (strcmp(name, word) == 0)                                                                   \
        return PROTOCOL_ROLE_##NAME;
    PROTOCOL_ROLES(ROW)
#undef ROW
    return PROTOCOL_ROLE_PLAYER;
}
