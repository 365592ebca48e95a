/* sio_packet.c -- see sio_packet.h. */
#include "http/sio_packet.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ESCAPE_CHARS 6 /* of \u0000 */

static const char hex_digits[] = "0123456789abcdef0123456789ABCDEF";

/* ---- reading ---- */

static bool is_binary(enum sio_type type)
{
    return type == SIO_BINARY_EVENT || type == SIO_BINARY_ACK;
}

/* Digits at *at, which moves behind them. 0; -1: more than most. */
static int read_number(const char **at, const char *end, uint32_t most, uint32_t *number)
{
    uint64_t sum = 0;

    for (; *at < end && **at >= '0' && **at <= '9'; (*at)++) {
        sum = sum * 10 + (uint64_t)(**at - '0');
        if (sum > most)
            return -1;
    }
    *number = (uint32_t)sum;
    return 0;
}

static int read_attachments(const char **at, const char *end, struct sio_packet *packet)
{
    uint32_t n;

    packet->attachments = 0;
    if (!is_binary(packet->type))
        return 0;
    if (read_number(at, end, SIO_ATTACHMENTS_MAX, &n) != 0 || n == 0 || *at == end || **at != '-')
        return -1;
    (*at)++;
    packet->attachments = n;
    return 0;
}

static int read_space(const char **at, const char *end, struct sio_packet *packet)
{
    const char *comma;

    packet->space = "/";
    packet->space_bytes = 1;
    if (*at == end || **at != '/')
        return 0;
    comma = memchr(*at, ',', (size_t)(end - *at));
    packet->space = *at;
    packet->space_bytes = (size_t)((comma != NULL ? comma : end) - *at);
    *at = comma != NULL ? comma + 1 : end;
    return packet->space_bytes <= SIO_SPACE_MAX ? 0 : -1;
}

/* Names that mean something to Socket.IO itself. */
static bool is_reserved(const char *name)
{
    static const char *const names[] = {"connect",       "connect_error", "disconnect",
                                        "disconnecting", "newListener",   "removeListener"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(name, names[i]) == 0)
            return true;
    return false;
}

static bool fits(const struct sio_packet *packet)
{
    const json_t *name;

    switch (packet->type) {
    case SIO_CONNECT:
        return packet->data == NULL || json_is_object(packet->data);
    case SIO_DISCONNECT:
        return packet->data == NULL;
    case SIO_CONNECT_ERROR:
        return json_is_object(packet->data) || json_is_string(packet->data);
    case SIO_ACK:
    case SIO_BINARY_ACK:
        return json_is_array(packet->data);
    case SIO_EVENT:
    case SIO_BINARY_EVENT:
        name = json_array_get(packet->data, 0);
        return json_is_number(name) ||
               (json_is_string(name) && !is_reserved(json_string_value(name)));
    }
    return false;
}

/* Of "\uD83D" and what follows; -1: it is no such escape. */
static int32_t utf16_unit(const char *at, const char *end)
{
    int32_t unit = 0;

    if (end - at < ESCAPE_CHARS || at[0] != '\\' || at[1] != 'u')
        return -1;
    for (unsigned i = 2; i < ESCAPE_CHARS; i++) {
        const char *digit = memchr(hex_digits, at[i], sizeof(hex_digits) - 1);

        if (digit == NULL)
            return -1;
        unit = unit << 4 | (int32_t)((digit - hex_digits) % 16);
    }
    return unit;
}

/* Half a surrogate pair becomes U+FFFD. False: there is none. */
static bool mend_halves(char *text, size_t len_bytes)
{
    char *at = text, *end = text + len_bytes;
    bool mended = false;

    while ((at = memchr(at, '\\', (size_t)(end - at))) != NULL) {
        int32_t unit = utf16_unit(at, end);
        int32_t next = unit >= 0xd800 && unit < 0xdc00 ? utf16_unit(at + ESCAPE_CHARS, end) : -1;

        if (next >= 0xdc00 && next < 0xe000) {
            at += ESCAPE_CHARS;
        } else if (unit >= 0xd800 && unit < 0xe000) {
            memcpy(at + 2, "fffd", 4);
            mended = true;
        }
        at += unit >= 0 ? ESCAPE_CHARS : end - at < 2 ? 1 : 2;
    }
    return mended;
}

/* As JavaScript reads it: integers of any size, and in strings NULs, and halves of a pair where a
 * text was cut. NULL: malformed, or out of memory. */
static json_t *read_json(const char *text, size_t len_bytes)
{
    const size_t flags = JSON_DECODE_INT_AS_REAL | JSON_ALLOW_NUL;
    json_t *json = json_loadb(text, len_bytes, flags, NULL);
    char *copy = json == NULL ? malloc(len_bytes) : NULL;

    if (copy != NULL) {
        memcpy(copy, text, len_bytes);
        if (mend_halves(copy, len_bytes))
            json = json_loadb(copy, len_bytes, flags, NULL);
    }
    free(copy);
    return json;
}

int sio_packet_read(const char *text, size_t len_bytes, struct sio_packet *packet)
{
    const char *at = text + 1, *end = text + len_bytes;

    if (len_bytes == 0 || text[0] < '0' || text[0] > '0' + SIO_BINARY_ACK)
        return -1;
    packet->type = (enum sio_type)(text[0] - '0');
    packet->ack = SIO_NO_ACK;
    packet->data = NULL;
    if (read_attachments(&at, end, packet) != 0 || read_space(&at, end, packet) != 0)
        return -1;
    if (at < end && *at >= '0' && *at <= '9' &&
        read_number(&at, end, SIO_NO_ACK - 1, &packet->ack) != 0)
        return -1;
    if (at < end) {
        packet->data = read_json(at, (size_t)(end - at));
        if (packet->data == NULL)
            return -1;
    }
    if (fits(packet))
        return 0;
    sio_packet_clear(packet);
    return -1;
}

void sio_packet_clear(struct sio_packet *packet)
{
    json_decref(packet->data);
    packet->data = NULL;
}

bool sio_packet_is_of(const struct sio_packet *packet, const char *space)
{
    return packet->space_bytes == strlen(space) &&
           memcmp(packet->space, space, packet->space_bytes) == 0;
}

/* ---- writing ---- */

static size_t printed(int n, size_t out_bytes)
{
    return n > 0 && (size_t)n < out_bytes ? (size_t)n : 0;
}

/* head, the text as a JSON string, tail. */
static size_t print_text(char *out, size_t out_bytes, const char *head, const char *text,
                         const char *tail)
{
    json_t *string = json_string(text);
    char *quoted = string != NULL ? json_dumps(string, JSON_ENCODE_ANY) : NULL;
    size_t n = 0;

    if (quoted != NULL)
        n = printed(snprintf(out, out_bytes, "%s%s%s", head, quoted, tail), out_bytes);
    free(quoted);
    json_decref(string);
    return n;
}

size_t sio_packet_connect(char *out, size_t out_bytes, const char *sid)
{
    return print_text(out, out_bytes, "0{\"sid\":", sid, "}");
}

size_t sio_packet_connect_error(char *out, size_t out_bytes, const char *space, size_t space_bytes,
                                const char *text)
{
    char head[SIO_SPACE_MAX + 16];
    bool root = space_bytes == 1 && space[0] == '/';

    snprintf(head, sizeof(head), "4%.*s%s{\"message\":", root ? 0 : (int)space_bytes, space,
             root ? "" : ",");
    return print_text(out, out_bytes, head, text, "}");
}

size_t sio_packet_ack(char *out, size_t out_bytes, uint32_t ack, const char *error)
{
    char head[48];

    if (error == NULL)
        return printed(snprintf(out, out_bytes, "3%" PRIu32 "[{\"ok\":true}]", ack), out_bytes);
    snprintf(head, sizeof(head), "3%" PRIu32 "[{\"ok\":false,\"error\":", ack);
    return print_text(out, out_bytes, head, error, "}]");
}

size_t sio_packet_event(char *out, size_t out_bytes, const char *name, const char *member,
                        const char *text)
{
    char head[96];

    snprintf(head, sizeof(head), "2[\"%s\",{\"%s\":", name, member);
    return print_text(out, out_bytes, head, text, "}]");
}
