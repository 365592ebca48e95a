/* webtext.c -- see webtext.h. */
#include "http/webtext.h"

#include <assert.h>
#include <string.h>

#include "http/websocket.h"
#include "sim/command.h"
#include "store/timestamp.h"

#define LITERAL(to, text) ((char *)memcpy(to, text, sizeof(text) - 1) + sizeof(text) - 1)

#define FRAME_TEXT 0x81 /* whole */
#define SHORT_MAX  125

/* A frame whose length comes out below SHORT_MAX, or one that is moved to make room for more. */
static char *frame_begin(char *to)
{
    return to + 2;
}

static char *frame_end(char *to, char *end)
{
    size_t n = (size_t)(end - to - 2);

    assert(n <= UINT16_MAX);
    to[0] = (char)FRAME_TEXT;
    if (n <= SHORT_MAX) {
        to[1] = (char)n;
        return end;
    }
    memmove(to + 4, to + 2, n);
    to[1] = 126;
    to[2] = (char)(n >> 8);
    to[3] = (char)n;
    return end + 2;
}

char *webtext_id(char *to, uint64_t key)
{
    static const char digits[] = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz-_";
    char reversed[WEBTEXT_ID_MAX];
    size_t n = 0;

    if (key == 0)
        return LITERAL(to, "server");
    *to++ = SESSION_WEB(key) ? 'w' : 'n';
    if (SESSION_WEB(key))
        key &= ~SESSION_WEB_BIT;
    for (; key != 0; key >>= 6)
        reversed[n++] = digits[key & 63];
    while (n > 0)
        *to++ = reversed[--n];
    return to;
}

static char *put_decimal(char *to, uint32_t value)
{
    char reversed[10];
    size_t n = 0;

    do {
        reversed[n++] = (char)('0' + value % 10);
        value /= 10;
    } while (value != 0);
    while (n > 0)
        *to++ = reversed[--n];
    return to;
}

char *webtext_number(char *to, int32_t units)
{
    int64_t thousandths = ((int64_t)units * 1000 + SPACE_UNITS_PER_M / 2) >> SPACE_UNITS_SHIFT;
    uint32_t rest;

    if (thousandths < 0) {
        *to++ = '-';
        thousandths = -thousandths;
    }
    to = put_decimal(to, (uint32_t)(thousandths / 1000));
    rest = (uint32_t)(thousandths % 1000);
    if (rest == 0)
        return to;
    *to++ = '.';
    *to++ = (char)('0' + rest / 100);
    if (rest % 100 != 0)
        *to++ = (char)('0' + rest / 10 % 10);
    if (rest % 10 != 0)
        *to++ = (char)('0' + rest % 10);
    return to;
}

char *webtext_escaped(char *to, const char *bytes, size_t n)
{
    static const char hex[] = "0123456789abcdef";

    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)bytes[i];

        if (c == '"' || c == '\\') {
            *to++ = '\\';
            *to++ = (char)c;
        } else if (c < 0x20 || c == 0x7f) {
            to = LITERAL(to, "\\u00");
            *to++ = hex[c >> 4];
            *to++ = hex[c & 15];
        } else {
            *to++ = (char)c;
        }
    }
    return to;
}

static char *put_place(char *to, struct space_pos pos)
{
    to = LITERAL(to, "\"position\":{\"x\":");
    to = webtext_number(to, pos.x);
    to = LITERAL(to, ",\"y\":");
    to = webtext_number(to, pos.y);
    to = LITERAL(to, ",\"z\":");
    to = webtext_number(to, pos.z);
    *to++ = '}';
    return to;
}

char *webtext_moved(char *to, uint64_t key, struct space_pos pos)
{
    char *at = frame_begin(to);

    at = LITERAL(at, "42[\"player:moved\",{\"id\":\"");
    at = webtext_id(at, key);
    at = LITERAL(at, "\",");
    at = put_place(at, pos);
    at = LITERAL(at, "}]");
    return frame_end(to, at);
}

char *webtext_left(char *to, uint64_t key)
{
    char *at = frame_begin(to);

    at = LITERAL(at, "42[\"player:left\",{\"id\":\"");
    at = webtext_id(at, key);
    at = LITERAL(at, "\"}]");
    return frame_end(to, at);
}

char *webtext_corrected(char *to, struct space_pos pos)
{
    char *at = frame_begin(to);

    at = LITERAL(at, "42[\"player:corrected\",{");
    at = put_place(at, pos);
    at = LITERAL(at, "}]");
    return frame_end(to, at);
}

char *webtext_row(char *to, uint64_t key, const char *name, size_t n, struct space_pos pos)
{
    to = LITERAL(to, "{\"id\":\"");
    to = webtext_id(to, key);
    to = LITERAL(to, "\",\"username\":\"");
    to = webtext_escaped(to, name, n);
    to = LITERAL(to, "\",");
    to = put_place(to, pos);
    *to++ = '}';
    return to;
}

char *webtext_joined(char *to, const char *row, size_t row_n)
{
    char *at = frame_begin(to);

    at = LITERAL(at, "42[\"player:joined\",");
    at = (char *)memcpy(at, row, row_n) + row_n;
    *at++ = ']';
    return frame_end(to, at);
}

#define STATE_BEGIN "42[\"game:state\",{\"players\":["

char *webtext_state(char *to, size_t rows_n)
{
    uint64_t n = sizeof(STATE_BEGIN) - 1 + rows_n + sizeof(WEBTEXT_STATE_END) - 1;

    to += websocket_head(WEBSOCKET_OP_TEXT, n, (uint8_t *)to);
    return LITERAL(to, STATE_BEGIN);
}

char *webtext_chat(char *to, const struct webtext_line *line)
{
    char *at = frame_begin(to);
    char time[TIMESTAMP_BYTES];

    timestamp_format(line->wall_ms, time);
    at = LITERAL(at, "42[\"chat:message\",{\"id\":\"");
    at = webtext_id(at, line->key);
    at = LITERAL(at, "\",\"username\":\"");
    at = webtext_escaped(at, line->name, line->name_n);
    at = LITERAL(at, "\",\"message\":\"");
    at = webtext_escaped(at, line->text, line->text_n);
    at = LITERAL(at, "\",\"timestamp\":\"");
    at = (char *)memcpy(at, time, TIMESTAMP_BYTES - 1) + TIMESTAMP_BYTES - 1;
    at = LITERAL(at, "\"}]");
    return frame_end(to, at);
}
