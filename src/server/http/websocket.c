/* websocket.c -- see websocket.h. */
#include "http/websocket.h"

#include <openssl/sha.h>
#include <sodium.h>
#include <stdlib.h>
#include <string.h>

#include "common/text.h"

#define GUID       "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
#define KEY_CHARS  24 /* 16 bytes in base64 */
#define KEY_BYTES  16
#define FIN        0x80
#define RSV        0x70
#define OPCODE     0x0f
#define MASKED     0x80
#define LENGTH     0x7f
#define LENGTH_16  126
#define LENGTH_64  127
#define CONTROL    0x08
#define FIRST_ROOM 1024 /* of what is gathered */
#define MASK_BYTES 4u

int websocket_accept(const char *version, const char *key, char accept[WEBSOCKET_ACCEPT_BYTES])
{
    unsigned char raw[KEY_BYTES], hash[SHA_DIGEST_LENGTH];
    char text[KEY_CHARS + sizeof(GUID)];
    size_t raw_n = 0;

    if (!version || strcmp(version, "13") != 0)
        return version && version[0] != '\0' ? 426 : 400;
    if (!key || strlen(key) != KEY_CHARS ||
        sodium_base642bin(raw, sizeof(raw), key, KEY_CHARS, NULL, &raw_n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) != 0 ||
        raw_n != KEY_BYTES)
        return 400;
    memcpy(text, key, KEY_CHARS);
    memcpy(text + KEY_CHARS, GUID, sizeof(GUID));
    SHA1((const unsigned char *)text, strlen(text), hash);
    sodium_bin2base64(accept, WEBSOCKET_ACCEPT_BYTES, hash, sizeof(hash),
                      sodium_base64_VARIANT_ORIGINAL);
    return 0;
}

bool websocket_code_valid(unsigned code)
{
    return (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
           (code >= 3000 && code <= 4999);
}

void websocket_init(struct websocket *websocket, uint32_t most_bytes)
{
    memset(websocket, 0, sizeof(*websocket));
    websocket->most_bytes = most_bytes;
}

void websocket_fini(struct websocket *websocket)
{
    free(websocket->message);
    websocket->message = NULL;
    websocket->message_n = websocket->message_room = 0;
}

static struct websocket_event bad(struct websocket *websocket, uint16_t code, const char *reason)
{
    websocket->ended = true;
    websocket_fini(websocket);
    return (struct websocket_event){.kind = WEBSOCKET_BAD, .code = code, .reason = reason};
}

static struct websocket_event more(void)
{
    return (struct websocket_event){.kind = WEBSOCKET_MORE};
}

/* The lead byte of a code point beyond ASCII. False: it leads none. */
static bool utf8_begin(struct websocket *ws, uint8_t c)
{
    ws->utf8_least = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    ws->utf8_most = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    ws->utf8_left = c < 0xe0 ? 1 : c < 0xf0 ? 2 : 3;
    return c >= 0xc2 && c <= 0xf4;
}

/* Wherever it is cut; at a message's end utf8_left must be 0. */
static bool utf8_take(struct websocket *ws, const uint8_t *bytes, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        uint64_t eight;
        while (ws->utf8_left == 0 && n - i > sizeof(eight)) {
            memcpy(&eight, bytes + i, sizeof(eight));
            if (eight & 0x8080808080808080u)
                break;
            i += sizeof(eight);
        }
        if (ws->utf8_left == 0 && bytes[i] < 0x80)
            continue;
        if (ws->utf8_left == 0) {
            if (!utf8_begin(ws, bytes[i]))
                return false;
            continue;
        }
        if (bytes[i] < ws->utf8_least || bytes[i] > ws->utf8_most)
            return false;
        ws->utf8_least = 0x80;
        ws->utf8_most = 0xbf;
        ws->utf8_left--;
    }
    return true;
}

static void unmask(struct websocket *ws, uint8_t *bytes, size_t n)
{
    uint8_t mask[8];
    uint64_t eight, mask_eight;
    size_t i = 0;

    for (unsigned k = 0; k < sizeof(mask); k++)
        mask[k] = ws->mask[(ws->mask_at + k) & 3];
    memcpy(&mask_eight, mask, sizeof(mask_eight));
    for (; i + sizeof(eight) <= n; i += sizeof(eight)) {
        memcpy(&eight, bytes + i, sizeof(eight));
        eight ^= mask_eight;
        memcpy(bytes + i, &eight, sizeof(eight));
    }
    for (; i < n; i++)
        bytes[i] ^= mask[i & 7];
    ws->mask_at = (uint8_t)((ws->mask_at + n) & 3);
}

/* How long the head is by what is known of it. */
static unsigned head_bytes(const struct websocket *ws)
{
    unsigned length = ws->head_n < 2 ? 0 : ws->head[1] & LENGTH;
    unsigned more_n = length == LENGTH_16 ? 2 : length == LENGTH_64 ? 8 : 0;

    return 2 + more_n + (ws->head_n >= 2 && (ws->head[1] & MASKED) ? MASK_BYTES : 0);
}

/* Its first two bytes. NULL: fine so far. */
static const char *head_fault(const struct websocket *ws)
{
    uint8_t opcode = ws->head[0] & OPCODE;

    if (ws->head[0] & RSV)
        return "a reserved bit is set, and no extension was agreed on";
    if ((opcode > WEBSOCKET_OP_BINARY && opcode < WEBSOCKET_OP_CLOSE) || opcode > WEBSOCKET_OP_PONG)
        return "an opcode that means nothing";
    if (!(ws->head[1] & MASKED))
        return "a frame that is not masked";
    if ((opcode & CONTROL) && !(ws->head[0] & FIN))
        return "a control frame in fragments";
    if ((opcode & CONTROL) && (ws->head[1] & LENGTH) > WEBSOCKET_CONTROL_MAX)
        return "a control frame that is too long";
    if (opcode == WEBSOCKET_OP_MORE && ws->kind == 0)
        return "a continuation of nothing";
    if ((opcode == WEBSOCKET_OP_TEXT || opcode == WEBSOCKET_OP_BINARY) && ws->kind != 0)
        return "a message within a message";
    return NULL;
}

/* The head is whole: what its frame is. */
static struct websocket_event begin_frame(struct websocket *ws)
{
    unsigned n = head_bytes(ws);
    uint64_t length = 0;

    for (unsigned i = 2; i < n - MASK_BYTES; i++)
        length = length << 8 | ws->head[i];
    if (n == 2 + MASK_BYTES)
        length = ws->head[1] & LENGTH;
    else if (length < (n == 4 + MASK_BYTES ? LENGTH_16 : 1u << 16) || length >> 63 != 0)
        return bad(ws, WEBSOCKET_PROTOCOL, "a length that is not written the shortest way");
    ws->opcode = ws->head[0] & OPCODE;
    ws->last = (ws->head[0] & FIN) != 0;
    if (!(ws->opcode & CONTROL) && length > ws->most_bytes - ws->message_n)
        return bad(ws, WEBSOCKET_TOO_BIG, "a message that is too long");
    if (ws->opcode == WEBSOCKET_OP_TEXT || ws->opcode == WEBSOCKET_OP_BINARY)
        ws->kind = ws->opcode;
    memcpy(ws->mask, ws->head + n - MASK_BYTES, MASK_BYTES);
    ws->mask_at = 0;
    ws->left = length;
    ws->head_n = 0;
    ws->masking = true;
    ws->control_n = 0;
    return more();
}

/* At the end of a message, or of what is gathered of one. -1: out of memory. */
static int gather(struct websocket *ws, const uint8_t *bytes, size_t n)
{
    size_t need = ws->message_n + n, room = ws->message_room ? ws->message_room : FIRST_ROOM;
    uint8_t *grown;

    if (n == 0)
        return 0;
    while (room < need)
        room *= 2;
    if (room > ws->most_bytes)
        room = ws->most_bytes;
    if (room > ws->message_room) {
        grown = realloc(ws->message, room);
        if (!grown)
            return -1;
        ws->message = grown;
        ws->message_room = (uint32_t)room;
    }
    memcpy(ws->message + ws->message_n, bytes, n);
    ws->message_n += (uint32_t)n;
    return 0;
}

static struct websocket_event take_close(struct websocket *ws)
{
    struct websocket_event event = {.kind = WEBSOCKET_CLOSE, .code = WEBSOCKET_NONE};

    if (ws->control_n == 1)
        return bad(ws, WEBSOCKET_PROTOCOL, "half a close code");
    if (ws->control_n >= 2) {
        event.code = (uint16_t)(ws->control[0] << 8 | ws->control[1]);
        event.bytes = ws->control + 2;
        event.len_bytes = ws->control_n - 2u;
        if (!websocket_code_valid(event.code))
            return bad(ws, WEBSOCKET_PROTOCOL, "a close code that may not be sent");
        ws->utf8_left = 0;
        if (!utf8_take(ws, event.bytes, event.len_bytes) || ws->utf8_left != 0)
            return bad(ws, WEBSOCKET_NOT_UTF8, "a close reason that is not UTF-8");
    }
    ws->ended = true;
    websocket_fini(ws);
    return event;
}

/* A piece of a control frame: it may come between the fragments of a message, so it is kept
 * apart. */
static struct websocket_event take_control(struct websocket *ws, const uint8_t *bytes, size_t n)
{
    struct websocket_event event;

    memcpy(ws->control + ws->control_n, bytes, n);
    ws->control_n = (uint8_t)(ws->control_n + n);
    if (ws->left > 0)
        return more();
    ws->masking = false;
    if (ws->opcode == WEBSOCKET_OP_CLOSE)
        return take_close(ws);
    event = (struct websocket_event){
        .kind = ws->opcode == WEBSOCKET_OP_PING ? WEBSOCKET_PING : WEBSOCKET_PONG,
        .bytes = ws->control,
        .len_bytes = ws->control_n,
    };
    return event;
}

/* A piece of a message. */
static struct websocket_event take_message(struct websocket *ws, const uint8_t *bytes, size_t n)
{
    bool whole = ws->left == 0 && ws->last;
    struct websocket_event event = {.bytes = bytes, .len_bytes = n};

    if (ws->kind == WEBSOCKET_OP_TEXT &&
        (!utf8_take(ws, bytes, n) || (whole && ws->utf8_left != 0)))
        return bad(ws, WEBSOCKET_NOT_UTF8, "a text that is not UTF-8");
    if (ws->left == 0)
        ws->masking = false;
    if (!whole || ws->message_n > 0) {
        if (gather(ws, bytes, n) == -1)
            return bad(ws, WEBSOCKET_OURS, "out of memory");
        event.bytes = ws->message;
        event.len_bytes = ws->message_n;
    }
    if (!whole)
        return more();
    event.kind = ws->kind == WEBSOCKET_OP_TEXT ? WEBSOCKET_TEXT : WEBSOCKET_BINARY;
    ws->kind = 0;
    ws->handed = true;
    return event;
}

static struct websocket_event take_head(struct websocket *ws, uint8_t c)
{
    const char *fault = NULL;

    ws->head[ws->head_n++] = c;
    if (ws->head_n == 2)
        fault = head_fault(ws);
    if (fault)
        return bad(ws, WEBSOCKET_PROTOCOL, fault);
    if (ws->head_n < 2 || ws->head_n < head_bytes(ws))
        return more();
    return begin_frame(ws);
}

struct websocket_event websocket_read(struct websocket *ws, uint8_t *bytes, size_t len_bytes,
                                      size_t *used_bytes)
{
    struct websocket_event event = more();
    size_t at = 0;

    if (ws->handed) { /* the last message was the caller's until now */
        ws->handed = false;
        websocket_fini(ws);
    }
    while (event.kind == WEBSOCKET_MORE && !ws->ended && (at < len_bytes || ws->masking)) {
        size_t n = len_bytes - at;
        if (!ws->masking) {
            event = take_head(ws, bytes[at++]);
            continue;
        }
        if (n > ws->left)
            n = (size_t)ws->left;
        if (n == 0 && ws->left > 0)
            break;
        unmask(ws, bytes + at, n);
        ws->left -= n;
        event = ws->opcode & CONTROL ? take_control(ws, bytes + at, n)
                                     : take_message(ws, bytes + at, n);
        at += n;
    }
    *used_bytes = ws->ended && event.kind == WEBSOCKET_MORE ? len_bytes : at;
    return event;
}

size_t websocket_head(enum websocket_opcode opcode, uint64_t len_bytes,
                      uint8_t head[WEBSOCKET_HEAD_MAX])
{
    unsigned more_n = len_bytes < LENGTH_16 ? 0 : len_bytes < 1u << 16 ? 2 : 8;

    head[0] = (uint8_t)(FIN | opcode);
    head[1] = (uint8_t)(more_n == 0 ? len_bytes : more_n == 2 ? LENGTH_16 : LENGTH_64);
    for (unsigned i = 0; i < more_n; i++)
        head[2 + i] = (uint8_t)(len_bytes >> 8 * (more_n - 1 - i));
    return 2 + more_n;
}

size_t websocket_close(uint16_t code, const char *reason, uint8_t frame[WEBSOCKET_CLOSE_BYTES])
{
    size_t n = reason && code != WEBSOCKET_NONE ? strlen(reason) : 0;
    size_t head_n;

    if (n > WEBSOCKET_REASON_MAX)
        n = text_cut(reason, n, WEBSOCKET_REASON_MAX);
    if (code == WEBSOCKET_NONE)
        return websocket_head(WEBSOCKET_OP_CLOSE, 0, frame);
    head_n = websocket_head(WEBSOCKET_OP_CLOSE, 2 + n, frame);
    frame[head_n] = (uint8_t)(code >> 8);
    frame[head_n + 1] = (uint8_t)code;
    if (n > 0)
        memcpy(frame + head_n + 2, reason, n);
    return head_n + 2 + n;
}
